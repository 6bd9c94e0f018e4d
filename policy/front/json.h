/*
 * json.h: JSON lines (NDJSON) to trees of nodes, strictly by RFC 8259.
 *
 * Duplicate keys, text that is no UTF-8, lone surrogates, NUL, numbers that
 * fit neither int64 nor a finite double, and deep nesting are refused.
 */

#ifndef WEIR_FRONT_JSON_H
#define WEIR_FRONT_JSON_H

#include "front/node.h"

typedef struct {
    weir_arena_t  *nodes;       /* of the trees; the caller may change it */
    weir_arena_t  *texts;       /* of strings that had escapes */
    weir_diags_t  *diags;
    const char    *p;
    const char    *end;
    const char    *bol;         /* where the line begins */
    weir_span_t    span;        /* file and line */
} weir_json_t;

/* Checks the registered file's bytes.  WEIR_ERROR was reported. */
weir_rc_t weir_json_open(weir_json_t *j, weir_arena_t *texts,
    weir_diags_t *diags, uint32_t file);

/*
 * The value of the next line that is not blank.  WEIR_DECLINED: there is no
 * more.  WEIR_ERROR: the line was reported and left; reading may go on.
 * Strings without escapes point into the file.
 */
weir_rc_t weir_json_next(weir_json_t *j, weir_node_t *out);

#endif
