/*
 * diag.c: collecting, ordering and printing what is wrong with a source.
 *
 * Text and source lines come from whoever wrote the policy: nothing of them
 * reaches a terminal as a control.
 */

#include "base/diag.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>

#define WINDOW        100u      /* columns shown of a long line */
#define CONTEXT       30u       /* of them before the caret, at least */
#define LONGEST_NAME  64u       /* longer ones are near nothing */

#define C_ERROR       "\033[1;31m"
#define C_WARNING     "\033[1;33m"
#define C_BOLD        "\033[1m"
#define C_OFF         "\033[0m"


/* Where the last printed line began: places are visited in order. */
typedef struct {
    uint32_t  file;
    uint32_t  line;
    size_t    offset;
} cursor_t;


/* Letters that steer a terminal or reorder what is read. */
static bool
steers(int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0)
           || cp == 0x200e || cp == 0x200f
           || (cp >= 0x2028 && cp <= 0x202e)
           || (cp >= 0x2066 && cp <= 0x2069);
}


/* One letter at *p; -1 for a byte that is none, which is then skipped. */
static int32_t
letter(const char **p, const char *end)
{
    int32_t  cp;

    cp = weir_utf8_next(p, end);

    if (cp < 0) {
        *p += 1;
    }

    return cp;
}


static void
print_text(FILE *out, weir_str_t s)
{
    int32_t      cp;
    const char  *p, *end, *start;

    end = s.data + s.len;

    for (p = s.data; p < end; /* void */ ) {
        start = p;
        cp = letter(&p, end);

        if (cp < 0) {
            fprintf(out, "\\x%02x", (unsigned) (uint8_t) *start);

        } else if (steers(cp)) {
            fprintf(out, "\\u%04x", (unsigned) cp);

        } else {
            fwrite(start, 1, (size_t) (p - start), out);
        }
    }
}


/* The line without its end; empty when there is none of that number. */
static weir_str_t
source_line(const weir_source_t *src, const weir_span_t *span, cursor_t *cur)
{
    size_t       left;
    const char  *p, *nl;

    if (cur->file != span->file || cur->line > span->line) {
        *cur = (cursor_t) { .file = span->file, .line = 1, .offset = 0 };
    }

    for ( ;; ) {
        left = src->text.len - cur->offset;
        p = src->text.data + cur->offset;
        nl = left ? memchr(p, '\n', left) : NULL;

        if (cur->line == span->line) {
            break;
        }

        if (nl == NULL) {
            return weir_str("", 0);
        }

        cur->offset += (size_t) (nl - p) + 1;
        cur->line++;
    }

    if (left == 0) {
        return weir_str("", 0);
    }

    left = nl ? (size_t) (nl - p) : left;

    if (left > 0 && p[left - 1] == '\r') {
        left--;
    }

    return weir_str(p, left);
}


/* Moves p back over n letters, not before start. */
static const char *
back(const char *p, const char *start, unsigned n)
{
    while (n > 0 && p > start) {
        p--;

        while (p > start && ((uint8_t) *p & 0xc0) == 0x80) {
            p--;
        }

        n--;
    }

    return p;
}


static const char *
forth(const char *p, const char *end, unsigned n)
{
    while (n > 0 && p < end) {
        (void) letter(&p, end);
        n--;
    }

    return p;
}


/* The line itself, a letter a column; what cannot be shown is a '?'. */
static void
print_window(FILE *out, const char *p, const char *end)
{
    int32_t      cp;
    const char  *start;

    while (p < end) {
        start = p;
        cp = letter(&p, end);

        if (cp == '\t' || (cp >= 0 && !steers(cp))) {
            fwrite(start, 1, (size_t) (p - start), out);

        } else {
            fputc('?', out);
        }
    }
}


static void
print_caret(FILE *out, const char *p, const char *mark, const char *end)
{
    int32_t  cp;

    while (p < mark) {
        cp = letter(&p, mark);
        fputc(cp == '\t' ? '\t' : ' ', out);
    }

    do {
        fputc('^', out);
        p = forth(p, end, 1);
    } while (p < end);
}


static void
print_excerpt(FILE *out, weir_str_t line, const weir_span_t *span,
    const char *colour)
{
    int          width;
    size_t       col;
    const char  *from, *to, *mark, *last, *end;

    col = span->col > 0 ? span->col - 1 : 0;
    col = col < line.len ? col : line.len;
    end = line.data + line.len;
    mark = line.data + col;
    last = span->len < line.len - col ? mark + span->len : end;

    from = line.data;
    to = forth(from, end, WINDOW);

    if (to < end) {
        /* a caret inside of the first window leaves the line's start */
        if (mark >= forth(from, end, WINDOW - CONTEXT)) {
            from = back(mark, line.data, CONTEXT);
        }

        to = forth(from, end, WINDOW);
    }

    last = last < to ? last : to;
    width = fprintf(out, "  %" PRIu32, span->line);

    fprintf(out, " | %s", from > line.data ? "..." : "");
    print_window(out, from, to);
    fprintf(out, "%s\n", to < end ? "..." : "");

    fprintf(out, "%*s | %s%s", width, "", from > line.data ? "   " : "",
            colour ? colour : "");
    print_caret(out, from, mark, last);
    fprintf(out, "%s\n", colour ? C_OFF : "");
}


static void
print_diag(const weir_diags_t *d, const weir_diag_t *diag, FILE *out,
    bool colour, cursor_t *cur)
{
    bool                  error;
    const char           *paint;
    const weir_span_t    *span;
    const weir_source_t  *src;

    error = diag->severity == WEIR_SEV_ERROR;
    paint = !colour ? NULL : error ? C_ERROR : C_WARNING;
    span = &diag->span;
    src = NULL;

    if (span->line != 0 && span->file < d->files.len) {
        src = &d->files.items[span->file];
        print_text(out, src->name);
        fprintf(out, ":%" PRIu32 ":%" PRIu32 ": ", span->line, span->col);
    }

    fprintf(out, "%s%s[%c%04u]%s: %s", paint ? paint : "",
            error ? "error" : "warning", error ? 'E' : 'W', diag->code,
            colour ? C_OFF : "", colour ? C_BOLD : "");
    print_text(out, diag->text);
    fprintf(out, "%s\n", colour ? C_OFF : "");

    if (src != NULL && src->text.len != 0) {
        print_excerpt(out, source_line(src, span, cur), span, paint);
    }
}


static void
print_rest(FILE *out, size_t errors, size_t warnings)
{
    if (errors == 0 && warnings == 0) {
        return;
    }

    if (errors != 0) {
        fprintf(out, "%zu more error%s", errors, errors == 1 ? "" : "s");
    }

    if (warnings != 0) {
        fprintf(out, "%s%zu more warning%s", errors != 0 ? " and " : "",
                warnings, warnings == 1 ? "" : "s");
    }

    fprintf(out, " not shown\n");
}


static int
compare(const void *x, const void *y)
{
    const weir_diag_t  *a, *b;

    a = x;
    b = y;

#define ORDER(field)                                                          \
    if (a->field != b->field) {                                               \
        return a->field < b->field ? -1 : 1;                                  \
    }

    ORDER(span.file)
    ORDER(span.line)
    ORDER(span.col)
    ORDER(severity)
    ORDER(code)
    ORDER(span.len)

#undef ORDER

    return weir_str_cmp(a->text, b->text);
}


static void
add(weir_diags_t *d, weir_severity_t severity, unsigned code,
    weir_span_t span, const char *fmt, va_list args)
{
    size_t       *count;
    weir_diag_t  *diag;

    count = severity == WEIR_SEV_ERROR ? &d->errors : &d->warnings;

    if ((*count)++ >= WEIR_KEEP_DIAGS) {
        return;
    }

    diag = weir_vec_push(d->arena, &d->list);
    if (diag == NULL) {
        return;
    }

    diag->span = span;
    diag->severity = severity;
    diag->code = code;
    diag->text = weir_arena_vprintf(d->arena, fmt, args);

    if (diag->text.data == NULL) {
        diag->text = weir_string("out of memory");
    }
}


weir_rc_t
weir_diags_add_file(weir_diags_t *d, weir_str_t name, weir_str_t text,
    uint32_t *file)
{
    weir_source_t  *src;

    src = weir_vec_push(d->arena, &d->files);
    if (src == NULL) {
        return WEIR_NOMEM;
    }

    src->name = name;
    src->text = text;
    *file = (uint32_t) (d->files.len - 1);

    return WEIR_OK;
}


weir_rc_t
weir_fail(weir_diags_t *d, unsigned code, weir_span_t span, const char *fmt,
    ...)
{
    va_list  args;

    va_start(args, fmt);
    add(d, WEIR_SEV_ERROR, code, span, fmt, args);
    va_end(args);

    return WEIR_ERROR;
}


void
weir_warn(weir_diags_t *d, unsigned code, weir_span_t span, const char *fmt,
    ...)
{
    va_list  args;

    va_start(args, fmt);
    add(d, WEIR_SEV_WARNING, code, span, fmt, args);
    va_end(args);
}


void
weir_diags_sort(weir_diags_t *d)
{
    size_t        i, n;
    weir_diag_t  *list;

    if (d->list.len == 0) {
        return;
    }

    list = d->list.items;
    qsort(list, d->list.len, sizeof(weir_diag_t), compare);

    n = 1;

    for (i = 1; i < d->list.len; i++) {

        if (compare(&list[n - 1], &list[i]) != 0) {
            list[n++] = list[i];

        } else if (list[i].severity == WEIR_SEV_ERROR) {
            d->errors--;

        } else {
            d->warnings--;
        }
    }

    d->list.len = n;
}


void
weir_diags_print(const weir_diags_t *d, FILE *out, bool colour)
{
    size_t              i, *n, errors, warnings;
    cursor_t            cur;
    const weir_diag_t  *diag;

    errors = 0;
    warnings = 0;
    cur = (cursor_t) { .file = UINT32_MAX };

    for (i = 0; i < d->list.len; i++) {
        diag = &d->list.items[i];
        n = diag->severity == WEIR_SEV_ERROR ? &errors : &warnings;

        if (*n < WEIR_MAX_DIAGS) {
            *n += 1;
            print_diag(d, diag, out, colour, &cur);
        }
    }

    print_rest(out, d->errors - errors, d->warnings - warnings);
}


static uint8_t
lower(char c)
{
    return (uint8_t) (c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}


static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
    a = a < b ? a : b;

    return a < c ? a : c;
}


/* Insertions, deletions, replacements, and swaps of neighbours. */
static unsigned
distance(weir_str_t a, weir_str_t b)
{
    size_t    i, j;
    unsigned  same, *above, *row, *before, *t, rows[3][LONGEST_NAME + 1];

    before = rows[0];
    above = rows[1];
    row = rows[2];

    for (j = 0; j <= b.len; j++) {
        above[j] = (unsigned) j;
        before[j] = 0;
    }

    for (i = 1; i <= a.len; i++) {
        row[0] = (unsigned) i;

        for (j = 1; j <= b.len; j++) {
            same = lower(a.data[i - 1]) == lower(b.data[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);

            if (i > 1 && j > 1
                && lower(a.data[i - 1]) == lower(b.data[j - 2])
                && lower(a.data[i - 2]) == lower(b.data[j - 1])
                && before[j - 2] + 1 < row[j])
            {
                row[j] = before[j - 2] + 1;
            }
        }

        t = before;
        before = above;
        above = row;
        row = t;
    }

    return above[b.len];
}


weir_str_t
weir_nearest(weir_str_t name, const weir_str_t *cand, size_t n)
{
    size_t      i, len;
    unsigned    d, least;
    weir_str_t  best;

    best = weir_str("", 0);
    least = LONGEST_NAME;

    if (name.len > LONGEST_NAME) {
        return best;
    }

    for (i = 0; i < n; i++) {

        if (cand[i].len > LONGEST_NAME) {
            continue;
        }

        len = name.len > cand[i].len ? name.len : cand[i].len;
        d = distance(name, cand[i]);

        if (d * 3 <= len && d < least) {
            least = d;
            best = cand[i];
        }
    }

    return best;
}
