/*
 * re_parse.h: the state of a pattern's parser, and what its files share.
 *
 * A function that yields a node or a bool has reported the error when it
 * yields NULL or false, or has set nomem.
 */

#ifndef WEIR_FRONT_RE_PARSE_H
#define WEIR_FRONT_RE_PARSE_H

#include "front/re.h"

/* flags as RE2 writes them */
#define WEIR_RE_FOLD       1u   /* i */
#define WEIR_RE_LINES      2u   /* m */
#define WEIR_RE_DOT_ALL    4u   /* s */
#define WEIR_RE_SWAP_LAZY  8u   /* U */

typedef struct {
    weir_arena_t            *arena;
    weir_diags_t            *diags;
    const weir_text_t       *text;
    const char              *p;
    const char              *end;
    unsigned                 flags;
    unsigned                 depth;
    bool                     nomem;
    weir_vec_t(weir_str_t)   names;
} weir_re_parser_t;

typedef weir_vec_t(const weir_re_t *)  weir_re_nodes_t;

/* What other dialects have at this place. */
typedef struct {
    char         c;
    const char  *what;
} weir_re_refused_t;

const char *weir_re_find_refused(const weir_re_refused_t *t, size_t n, char c);

/* Both say what is wrong with the text from at to to. */
void weir_re_report(weir_re_parser_t *ps, const char *at, const char *to,
    const char *text);
void weir_re_refuse(weir_re_parser_t *ps, const char *at, const char *to,
    const char *what);
const weir_re_t *weir_re_nomem(weir_re_parser_t *ps);

/* Behind the character at p, for reports. */
const char *weir_re_behind(const weir_re_parser_t *ps, const char *p);

weir_re_t *weir_re_node(weir_re_parser_t *ps, weir_re_kind_t kind);
const weir_re_t *weir_re_class(weir_re_parser_t *ps, weir_re_class_t *cls);
const weir_re_t *weir_re_ranges(weir_re_parser_t *ps, uint32_t lo, uint32_t hi,
    bool negated);
const weir_re_t *weir_re_literal(weir_re_parser_t *ps, uint32_t c);
/* CAT or ALT of nodes, or the only one; at is where they begin. */
const weir_re_t *weir_re_list(weir_re_parser_t *ps, weir_re_kind_t kind,
    const weir_re_nodes_t *nodes, const char *at);
/* at is where the repetition's operator stands, up to here. */
weir_re_t *weir_re_repeat(weir_re_parser_t *ps, const weir_re_t *sub,
    uint32_t min, uint32_t max, bool counted, const char *at);
bool weir_re_push(weir_re_parser_t *ps, weir_re_nodes_t *nodes,
    const weir_re_t *re);

/* One character, or an escape that stands for one. */
bool weir_re_parse_char(weir_re_parser_t *ps, uint32_t *c);
/* p is at the opening bracket. */
const weir_re_t *weir_re_parse_class(weir_re_parser_t *ps);
/*
 * A class that stands for itself, in brackets or out of them: \d \pL
 * [:alpha:].  WEIR_DECLINED: p is at none.
 */
weir_rc_t weir_re_parse_named(weir_re_parser_t *ps, weir_re_class_t *cls,
    bool brackets);


/* The byte at offset i from here; 0 past the end (no pattern has a NUL). */
static inline char
peek(const weir_re_parser_t *ps, size_t i)
{
    return i < (size_t) (ps->end - ps->p) ? ps->p[i] : '\0';
}


static inline bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static inline bool
is_letter(char c)
{
    c |= 0x20;
    return c >= 'a' && c <= 'z';
}

#endif
