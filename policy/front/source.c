/*
 * source.c: places in a source, and the bytes that a source may hold.
 */

#include "front/source.h"
#include "base/utf8.h"
#include "front/codes.h"


/* The last piece that begins at or before offset. */
static uint32_t
find_piece(const weir_text_t *t, size_t offset)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = t->npieces;

    while (hi - lo > 1) {
        mid = lo + (hi - lo) / 2;

        if (t->pieces[mid].offset <= offset) {
            lo = mid;
        } else {
            hi = mid;
        }
    }

    return lo;
}


/* The column behind byte last, which stands in piece i. */
static uint32_t
end_col(const weir_text_t *t, uint32_t i, size_t last)
{
    const weir_piece_t  *p;

    p = &t->pieces[i];

    if (i + 1 < t->npieces && p[1].offset == last + 1
        && p[1].line == p->line)
    {
        return p[1].col;
    }

    return p->col + (uint32_t) (last - p->offset) + 1;
}


/* What is refused, or NULL; cp at *p < end was just decoded up to next. */
static const char *
refused(int32_t cp, const char *next, const char *end)
{
    if (cp < 0x20) {
        if (cp == '\n' || cp == '\t'
            || (cp == '\r' && next < end && *next == '\n'))
        {
            return NULL;
        }

        return cp == '\r' ? "a carriage return without a line feed"
                          : "a control character";
    }

    if (cp < 0x7f) {
        return NULL;
    }

    if (cp < 0xa0) {
        return cp == 0x85 ? "a line break that is not LF or CRLF"
                          : "a control character";
    }

    if (cp == 0x2028 || cp == 0x2029) {
        return "a line break that is not LF or CRLF";
    }

    if (cp == 0xfeff) {
        return "a byte order mark";
    }

    if (cp == 0xfffe || cp == 0xffff) {
        return "no character";
    }

    if (cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e)
        || (cp >= 0x2066 && cp <= 0x2069))
    {
        return "a letter that reorders what is read";
    }

    return NULL;
}


weir_span_t
weir_text_span(const weir_text_t *t, size_t offset, size_t len)
{
    size_t               last;
    uint32_t             i, j, end;
    weir_span_t          s;
    const weir_piece_t  *p;

    if (offset >= t->text.len) {
        offset = t->text.len;
        len = 0;

        while (offset > 0 && t->text.data[offset - 1] == '\n') {
            offset--;
        }
    }

    len = len < t->text.len - offset ? len : t->text.len - offset;
    s = t->span;

    if (t->npieces == 0) {
        s.col += (uint32_t) offset;
        s.len = (uint32_t) len;
        return s;
    }

    i = find_piece(t, offset);
    p = &t->pieces[i];
    s.line = p->line;
    s.col = p->col + (uint32_t) (offset - p->offset);
    s.len = 0;

    if (len == 0) {
        return s;
    }

    j = find_piece(t, offset + len - 1);

    if (t->pieces[j].line == s.line) {
        end = end_col(t, j, offset + len - 1);

    } else {
        while (t->pieces[j - 1].line != s.line) {
            j--;
        }

        last = t->pieces[j].offset - 1;
        last -= last > offset && t->text.data[last] == '\n';
        end = end_col(t, j - 1, last);
    }

    s.len = end - s.col;

    return s;
}


weir_rc_t
weir_lines_make(weir_arena_t *a, uint32_t file, weir_str_t text,
    weir_lines_t *lines)
{
    uint32_t     n, *starts;
    const char  *p, *end;

    n = 1;
    end = text.data + text.len;

    for (p = text.data; p < end; p++) {
        p = memchr(p, '\n', (size_t) (end - p));
        if (p == NULL) {
            break;
        }

        n++;
    }

    starts = weir_arena_array(a, n, sizeof(uint32_t));
    if (starts == NULL) {
        return WEIR_NOMEM;
    }

    *lines = (weir_lines_t) { starts, n, file, text };

    n = 1;                      /* starts[0] is 0 */

    for (p = text.data; p < end; p++) {
        p = memchr(p, '\n', (size_t) (end - p));
        if (p == NULL) {
            break;
        }

        starts[n++] = (uint32_t) (p - text.data) + 1;
    }

    return WEIR_OK;
}


weir_span_t
weir_lines_span(const weir_lines_t *lines, size_t offset, size_t len)
{
    size_t       end;
    uint32_t     lo, hi, mid;
    weir_span_t  s;

    lo = 0;
    hi = lines->n;

    while (hi - lo > 1) {
        mid = lo + (hi - lo) / 2;

        if (lines->starts[mid] <= offset) {
            lo = mid;
        } else {
            hi = mid;
        }
    }

    end = hi < lines->n ? lines->starts[hi] - 1 : lines->text.len;

    if (end > lines->starts[lo] && lines->text.data[end - 1] == '\r') {
        end--;
    }

    if (offset >= end) {
        len = 0;

    } else if (len > end - offset) {
        len = end - offset;
    }

    s.file = lines->file;
    s.line = lo + 1;
    s.col = (uint32_t) offset - lines->starts[lo] + 1;
    s.len = (uint32_t) len;

    return s;
}


weir_rc_t
weir_source_check(weir_diags_t *diags, uint32_t file)
{
    int32_t      cp;
    weir_str_t   text;
    const char  *p, *end, *start, *line, *why;
    weir_span_t  span;

    text = diags->files.items[file].text;
    end = text.data + text.len;
    line = text.data;
    span = (weir_span_t) { .file = file, .line = 1 };

    for (p = text.data; p < end; /* void */ ) {

        if ((uint8_t) *p >= 0x20 && (uint8_t) *p < 0x7f) {
            p++;
            continue;
        }

        start = p;
        cp = weir_utf8_next(&p, end);
        why = cp < 0 ? "not UTF-8" : refused(cp, p, end);

        if (why != NULL) {
            span.col = (uint32_t) (start - line) + 1;
            span.len = cp < 0 ? 1 : (uint32_t) (p - start);

            if (cp < 0) {
                return weir_fail(diags, WEIR_EENCODING, span,
                                 "byte 0x%02x is not UTF-8",
                                 (unsigned) (uint8_t) *start);
            }

            return weir_fail(diags, WEIR_EENCODING, span,
                             "U+%04X: %s; write it as an escape or not at all",
                             (unsigned) cp, why);
        }

        if (cp == '\n') {
            line = p;
            span.line++;
        }
    }

    return WEIR_OK;
}


weir_str_t
weir_source_name(const weir_diags_t *diags, uint32_t file)
{
    size_t      n;
    weir_str_t  name, folder;

    if (file >= diags->files.len) {
        return weir_string("");
    }

    name = diags->files.items[file].name;
    folder = diags->files.items[0].name;

    for (n = folder.len; n > 0 && folder.data[n - 1] != '/'; n--) {
        /* void */
    }

    folder.len = n;

    return weir_str_starts(name, folder)
           ? weir_str(name.data + n, name.len - n) : name;
}
