/*
 * fmt_line.c: lines of the canonical form, what stands between its tokens,
 * and comments.
 */

#include "base/utf8.h"
#include "front/fmt_line.h"

#define COMMENT_GAP  2u         /* spaces in front of a comment */
#define MAX_COLUMN   60u        /* up to which comments are aligned */


void
weir_fmt_put(weir_fmt_t *f, weir_str_t s)
{
    char             *c;
    size_t            i;
    weir_fmt_line_t  *line;

    if (f->lines.len == 0) {
        weir_fmt_line(f, 0);
    }

    if (f->nomem) {
        return;
    }

    line = &f->lines.items[f->lines.len - 1];

    for (i = 0; i < s.len; i++) {
        c = weir_vec_push(f->arena, &line->text);

        if (c == NULL) {
            f->nomem = true;
            return;
        }

        *c = s.data[i];
    }
}


void
weir_fmt_line(weir_fmt_t *f, unsigned indent)
{
    unsigned  i;

    if (weir_vec_push(f->arena, &f->lines) == NULL) {
        f->nomem = true;
        return;
    }

    for (i = 0; i < indent; i++) {
        weir_fmt_put(f, weir_string(" "));
    }
}


static void
note(weir_fmt_t *f, weir_str_t comment)
{
    weir_str_t  *slot;

    slot = weir_vec_push(f->arena, &f->comments);

    if (slot == NULL) {
        f->nomem = true;
        return;
    }

    *slot = comment;
}


void
weir_fmt_comment(weir_fmt_t *f, weir_str_t comment)
{
    note(f, comment);

    if (!f->nomem) {
        f->lines.items[f->lines.len - 1].comment = comment;
    }
}


size_t
weir_fmt_ahead(const weir_fmt_t *f)
{
    char    c;
    bool    comment;
    size_t  i;

    comment = false;

    for (i = f->pos; i < f->text.len; i++) {
        c = f->text.data[i];
        comment = (comment || c == '#') && c != '\n';

        if (!comment && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            break;
        }
    }

    return i;
}


/* The column of a byte of the source, from 0. */
static uint32_t
col_of(const weir_fmt_t *f, size_t pos)
{
    uint32_t  col;

    for (col = 0; pos > col && f->text.data[pos - col - 1] != '\n'; col++) {
        /* void */
    }

    return col;
}


/*
 * A comment belongs to what follows, at column next, or, where it stands
 * deeper, to the deepest collection before it that it is not left of.
 */
static unsigned
comment_indent(const weir_fmt_t *f, uint32_t col, uint32_t next,
    unsigned indent)
{
    unsigned  i;

    for (i = 0; i < f->open && col > next; i++) {
        if (f->frames[i].col <= col && f->frames[i].indent > indent) {
            indent = f->frames[i].indent;
        }
    }

    return indent;
}


/* At a '#'. */
static void
comment(weir_fmt_t *f, size_t *breaks, uint32_t next, unsigned indent)
{
    size_t      start, end;
    weir_str_t  s;

    start = f->pos;

    while (f->pos < f->text.len && f->text.data[f->pos] != '\n') {
        f->pos++;
    }

    for (end = f->pos; strchr(" \t\r", f->text.data[end - 1]) != NULL; end--) {
        /* void: '#' is none of them */
    }

    s = weir_str(f->text.data + start, end - start);

    if (*breaks == 0 && f->lines.len != 0) {
        weir_fmt_comment(f, s);
        return;
    }

    if (*breaks > 1 && f->lines.len != 0) {
        weir_fmt_line(f, 0);
    }

    weir_fmt_line(f, comment_indent(f, col_of(f, start), next, indent));
    weir_fmt_put(f, s);
    note(f, s);
    *breaks = 0;
}


void
weir_fmt_gap(weir_fmt_t *f, unsigned indent)
{
    char      c;
    bool      told;
    size_t    breaks;
    uint32_t  next;

    breaks = 0;
    told = false;
    next = 0;

    for ( /* void */ ; f->pos < f->text.len; /* void */ ) {
        c = f->text.data[f->pos];

        if (c == '#') {
            next = told ? next : col_of(f, weir_fmt_ahead(f));
            told = true;
            comment(f, &breaks, next, indent);
            continue;
        }

        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            break;
        }

        breaks += c == '\n';
        f->pos++;
    }

    f->begins = (breaks != 0 || f->lines.len == 0)
                && f->pos < f->text.len;

    if (!f->begins) {
        return;
    }

    if (breaks > 1 && f->lines.len != 0) {
        weir_fmt_line(f, 0);
    }

    weir_fmt_line(f, indent);
}


static size_t
width(const weir_fmt_line_t *line)
{
    return weir_utf8_len(weir_str(line->text.items, line->text.len));
}


/* The column of the comments of the lines from i on. */
static size_t
column(const weir_fmt_t *f, size_t i)
{
    size_t  col, w;

    for (col = 0; i < f->lines.len; i++) {

        if (f->lines.items[i].comment.data == NULL) {
            break;
        }

        w = width(&f->lines.items[i]) + COMMENT_GAP;
        col = w > col && w <= MAX_COLUMN ? w : col;
    }

    return col;
}


weir_str_t
weir_fmt_text(weir_fmt_t *f)
{
    char             *p;
    size_t            i, size, col, w;
    weir_str_t        out;
    weir_fmt_line_t  *line;

    size = 1;

    for (i = 0; i < f->lines.len; i++) {
        line = &f->lines.items[i];
        size += line->text.len + line->comment.len + MAX_COLUMN + 1;
    }

    p = weir_arena_alloc(f->arena, size);

    if (p == NULL) {
        f->nomem = true;
        return weir_str(NULL, 0);
    }

    out = weir_str(p, 0);
    col = 0;

    for (i = 0; i < f->lines.len; i++) {
        line = &f->lines.items[i];

        if (line->text.len != 0) {
            memcpy(p, line->text.items, line->text.len);
            p += line->text.len;
        }

        if (line->comment.data == NULL) {
            col = 0;

        } else {
            col = col != 0 ? col : column(f, i);
            w = width(line);

            do {
                *p++ = ' ';
                w++;
            } while (w < col || p[-2] != ' ');

            memcpy(p, line->comment.data, line->comment.len);
            p += line->comment.len;
        }

        *p++ = '\n';
    }

    out.len = (size_t) (p - out.data);

    return out;
}
