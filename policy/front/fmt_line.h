/*
 * fmt_line.h: what the files that format a source share: the source as it is
 * used up, and the lines that come of it.
 */

#ifndef WEIR_FRONT_FMT_LINE_H
#define WEIR_FRONT_FMT_LINE_H

#include "front/node.h"
#include "image/bounds.h"

#define WEIR_FMT_STEP  2u       /* spaces a level */

typedef struct {
    weir_vec_t(char)         text;
    weir_str_t               comment;   /* behind the text; data NULL: none */
} weir_fmt_line_t;

/* A block collection: where it stood, and where it goes. */
typedef struct {
    uint32_t                 col;       /* from 0 */
    unsigned                 indent;
} weir_fmt_frame_t;

typedef struct {
    weir_arena_t            *arena;
    weir_str_t               text;
    size_t                   pos;       /* what is not yet used up */
    bool                     begins;    /* the next token begins a line */
    weir_vec_t(weir_fmt_line_t)  lines;
    weir_vec_t(weir_str_t)   comments;
    weir_fmt_frame_t         frames[WEIR_MAX_YAML_DEPTH];
    unsigned                 depth;
    unsigned                 open;      /* depth at the last token */
    const char              *why;       /* not NULL: it failed */
    bool                     nomem;
} weir_fmt_t;

void weir_fmt_put(weir_fmt_t *f, weir_str_t s);
/* A line that begins with so many spaces. */
void weir_fmt_line(weir_fmt_t *f, unsigned indent);
/* Behind the text of the last line. */
void weir_fmt_comment(weir_fmt_t *f, weir_str_t comment);
/*
 * Uses up blanks, line ends and comments.  Then a new line was begun, with
 * the indentation, and f->begins; or else the last one goes on.
 */
void weir_fmt_gap(weir_fmt_t *f, unsigned indent);
/* Where the next token is; the end of the text: there is none. */
size_t weir_fmt_ahead(const weir_fmt_t *f);
/* All lines, with comments aligned; data NULL: memory is short. */
weir_str_t weir_fmt_text(weir_fmt_t *f);

/*
 * A scalar; further lines of it stand at indent.  sep comes in front where it
 * begins no line; cel: its quotes stay.
 */
void weir_fmt_scalar(weir_fmt_t *f, const weir_node_t *node, const char *sep,
    unsigned indent, bool flow, bool cel);

#endif
