/*
 * scalar.c: places of the bytes of YAML scalars (YAML 1.2, chapters 7.3, 8.1;
 * libyaml's reading of them).
 *
 * Every byte of the value is accounted for while walking.  Where the walk and
 * the value differ, which would be a fault here, the whole scalar keeps one
 * place, its beginning: a position may then be rough, the value never.
 */

#include "front/scalar.h"


typedef struct {
    weir_arena_t                *arena;
    const weir_lines_t          *lines;
    const char                  *base;      /* of the file */
    const char                  *p;
    const char                  *end;
    weir_str_t                   value;
    size_t                       pos;       /* in the value */
    const char                  *next;      /* a byte here goes on the piece */
    weir_vec_t(weir_piece_t)     pieces;
    bool                         failed;
    bool                         nomem;
} walk_t;


static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}


/* Bytes of the line break at p: 0 when there is none. */
static size_t
break_len(const char *p, const char *end)
{
    if (p < end && *p == '\n') {
        return 1;
    }

    return end - p >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}


static void
mark(walk_t *w, const char *at)
{
    weir_span_t    span;
    weir_piece_t  *piece;

    piece = weir_vec_push(w->arena, &w->pieces);
    if (piece == NULL) {
        w->nomem = true;
        return;
    }

    span = weir_lines_span(w->lines, (size_t) (at - w->base), 0);
    *piece = (weir_piece_t) { (uint32_t) w->pos, span.line, span.col };
}


/* One byte of the value that stands at `at` as it is. */
static void
put(walk_t *w, char c, const char *at)
{
    if (w->pos >= w->value.len || w->value.data[w->pos] != c) {
        w->failed = true;
        return;
    }

    if (at != w->next || w->pieces.len == 0) {
        mark(w, at);
    }

    w->pos++;
    w->next = c == '\n' ? NULL : at + 1;
}


/* n bytes of the value that an escape at `at` stands for. */
static void
put_escape(walk_t *w, size_t n, const char *at)
{
    if (n > w->value.len - w->pos) {
        w->failed = true;
        return;
    }

    mark(w, at);
    w->pos += n;
    w->next = NULL;
}


static void
put_range(walk_t *w, const char *from, const char *to)
{
    while (from < to) {
        put(w, *from, from);
        from++;
    }
}


/*
 * Blanks and line breaks inside of a flow scalar.  Blanks alone stay; a line
 * break takes the blanks around it along, and becomes a space, or as many
 * line feeds as empty lines follow.  escaped: the first break was escaped
 * and is gone already.
 */
static void
fold(walk_t *w, bool escaped)
{
    size_t       n, empty;
    const char  *start, *at;

    start = w->p;
    at = NULL;
    empty = 0;

    while (w->p < w->end) {

        if (is_blank(*w->p)) {
            w->p++;
            continue;
        }

        n = break_len(w->p, w->end);
        if (n == 0) {
            break;
        }

        if (at == NULL && !escaped) {
            at = w->p;

        } else {
            /* the places of empty lines matter to nobody */
            put(w, '\n', at != NULL ? start : w->p);
            empty++;
        }

        w->p += n;
    }

    if (at == NULL && !escaped) {
        put_range(w, start, w->p);

    } else if (at != NULL && empty == 0) {
        put(w, ' ', start);
        w->next = NULL;         /* the next byte stands on another line */
    }
}


static size_t
utf8_size(uint32_t cp)
{
    return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}


static uint32_t
hex(const char *p, size_t n)
{
    char      c;
    uint32_t  v;

    for (v = 0; n > 0; n--) {
        c = *p++;
        v = v << 4 | (uint32_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }

    return v;
}


/* At a backslash of a double-quoted scalar. */
static void
escape(walk_t *w)
{
    size_t       n, digits;
    const char  *at;

    at = w->p++;

    if (w->p == w->end) {
        w->failed = true;
        return;
    }

    n = break_len(w->p, w->end);

    if (n != 0) {
        w->p += n;
        fold(w, true);
        return;
    }

    switch (*w->p++) {

    case 'N':
    case '_':
        put_escape(w, 2, at);
        return;

    case 'L':
    case 'P':
        put_escape(w, 3, at);
        return;

    case 'x':
        digits = 2;
        break;

    case 'u':
        digits = 4;
        break;

    case 'U':
        digits = 8;
        break;

    default:
        put_escape(w, 1, at);
        return;
    }

    if (digits > (size_t) (w->end - w->p)) {
        w->failed = true;
        return;
    }

    put_escape(w, utf8_size(hex(w->p, digits)), at);
    w->p += digits;
}


static void
walk_flow(walk_t *w, weir_style_t style)
{
    while (w->p < w->end && !w->failed) {

        if (is_blank(*w->p) || break_len(w->p, w->end) != 0) {
            fold(w, false);

        } else if (style == WEIR_STYLE_DOUBLE && *w->p == '\\') {
            escape(w);

        } else if (style == WEIR_STYLE_SINGLE && *w->p == '\''
                   && w->end - w->p >= 2)
        {
            put_escape(w, 1, w->p);
            w->p += 2;

        } else {
            put(w, *w->p, w->p);
            w->p++;
        }
    }
}


/* Line feeds for the line breaks of [from, to), which holds blanks beside. */
static void
put_breaks(walk_t *w, const char *from, const char *to)
{
    for ( /* void */ ; from < to; from++) {
        if (*from == '\n') {
            put(w, '\n', from > w->base && from[-1] == '\r' ? from - 1 : from);
        }
    }
}


/*
 * Indentation and empty lines in front of a content line.  *indent 0 is to be
 * found: the deepest of the lines, but deeper than the parent.
 */
static void
skip_indent(walk_t *w, int *indent, int parent)
{
    int     col, deepest;
    size_t  n;

    col = 0;
    deepest = 0;

    for ( ;; ) {

        while (w->p < w->end && *w->p == ' ' && (*indent == 0 || col < *indent))
        {
            w->p++;
            col++;
        }

        deepest = col > deepest ? col : deepest;

        n = break_len(w->p, w->end);
        if (n == 0) {
            break;
        }

        w->p += n;
        col = 0;
    }

    if (*indent == 0) {
        *indent = deepest > parent ? deepest : parent + 1;
        *indent = *indent > 1 ? *indent : 1;
    }

    if (col != *indent) {
        w->end = w->p;          /* a line that is less indented ends it */
    }
}


/* Reads the header; the indentation it gives, or 0. */
static int
block_header(walk_t *w, int parent, char *chomp)
{
    int  indent;

    indent = 0;
    *chomp = ' ';

    for (w->p++; w->p < w->end && *w->p != '\n' && *w->p != '#'; w->p++) {

        if (*w->p == '+' || *w->p == '-') {
            *chomp = *w->p;

        } else if (*w->p >= '1' && *w->p <= '9') {
            indent = *w->p - '0' + (parent >= 0 ? parent : 0);
        }
    }

    while (w->p < w->end && *w->p++ != '\n') {
        /* void: a comment */
    }

    return indent;
}


static void
walk_block(walk_t *w, bool folded, int parent)
{
    int          indent;
    bool         blank, was_blank;
    char         chomp;
    const char  *line, *feed, *empty;

    indent = block_header(w, parent, &chomp);

    feed = NULL;                /* the last content line's break, held back */
    empty = w->p;               /* the empty lines behind it, to w->p */
    was_blank = false;

    skip_indent(w, &indent, parent);

    while (w->p < w->end && !w->failed) {
        line = w->p;
        blank = is_blank(*line);

        if (feed != NULL) {
            if (!folded || was_blank || blank) {
                put_breaks(w, feed, feed + break_len(feed, w->end));

            } else if (memchr(empty, '\n', (size_t) (line - empty)) == NULL) {
                put(w, ' ', feed);
            }
        }

        put_breaks(w, empty, line);
        was_blank = blank;

        while (w->p < w->end && break_len(w->p, w->end) == 0) {
            w->p++;
        }

        put_range(w, line, w->p);

        feed = w->p;
        w->p += break_len(w->p, w->end);
        empty = w->p;
        skip_indent(w, &indent, parent);
    }

    if (chomp != '-' && feed != NULL) {
        put_breaks(w, feed, empty);
    }

    if (chomp == '+') {
        put_breaks(w, empty, w->p);
    }
}


static bool
same_bytes(weir_str_t value, const char *from, const char *to)
{
    return weir_str_eq(value, weir_str(from, (size_t) (to - from)));
}


weir_rc_t
weir_scalar_place(weir_arena_t *a, const weir_lines_t *lines,
    weir_style_t style, size_t from, size_t to, int parent, weir_str_t value,
    weir_text_t *out)
{
    bool         quoted;
    walk_t       w;
    weir_text_t  text;

    w = (walk_t) {
        .arena = a, .lines = lines, .base = lines->text.data, .value = value
    };

    quoted = style == WEIR_STYLE_SINGLE || style == WEIR_STYLE_DOUBLE;
    w.p = w.base + from + quoted;
    w.end = w.base + to - quoted;

    text = (weir_text_t) { .span = weir_lines_span(lines, from, to - from) };

    if (w.p <= w.end && same_bytes(value, w.p, w.end)
        && style <= WEIR_STYLE_DOUBLE)
    {
        text.text = weir_str(w.p, value.len);

        if (quoted) {
            mark(&w, w.p);
        }

    } else {
        text.text = weir_arena_str(a, value);

        if (text.text.data == NULL) {
            return WEIR_NOMEM;
        }

        if (style <= WEIR_STYLE_DOUBLE) {
            walk_flow(&w, style);
        } else {
            walk_block(&w, style == WEIR_STYLE_FOLDED, parent);
        }

        if (w.failed || w.pos != value.len || w.pieces.len == 0) {
            w.pieces.len = 0;
            w.pos = 0;
            mark(&w, w.base + from);

        } else if (w.next == NULL && quoted) {
            mark(&w, w.end);    /* the end of the text: the closing quote */
        }
    }

    if (w.nomem) {
        return WEIR_NOMEM;
    }

    text.pieces = w.pieces.items;
    text.npieces = (uint32_t) w.pieces.len;
    *out = text;

    return WEIR_OK;
}
