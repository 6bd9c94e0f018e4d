/*
 * scalar.h: what a YAML scalar is, and where each of its bytes stands.
 *
 * libyaml decodes; this file walks the source beside the decoded value and
 * notes the places.
 */

#ifndef WEIR_FRONT_SCALAR_H
#define WEIR_FRONT_SCALAR_H

#include "front/node.h"

/*
 * Sets text, span and pieces of a scalar whose source is bytes [from, to) of
 * the file.  parent is the column, from 0, of the innermost block collection
 * around it, -1 at the top.  value is copied where the source does not hold
 * it as it is.
 */
weir_rc_t weir_scalar_place(weir_arena_t *a, const weir_lines_t *lines,
    weir_style_t style, size_t from, size_t to, int parent, weir_str_t value,
    weir_text_t *out);

/*
 * The kind and value of a number as JSON writes it: INT that fits int64 or
 * finite DOUBLE.  WEIR_DECLINED: no number; WEIR_ERROR: does not fit.
 */
weir_rc_t weir_number_parse(weir_str_t s, weir_node_t *node);

/*
 * The kind of a plain scalar: null, true, false and numbers as in JSON, else
 * a string.  WEIR_ERROR: what other readers of YAML take for *what (a
 * boolean, a number, null), or a number that does not fit (*what = NULL).
 */
weir_rc_t weir_scalar_resolve(weir_node_t *node, const char **what);

#endif
