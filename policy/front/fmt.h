/*
 * fmt.h: the canonical form of a policy's source.
 *
 * What is written stays: keys, values, their order, comments, and where lines
 * end.  What changes is indentation, blanks, empty lines and quotes.
 */

#ifndef WEIR_FRONT_FMT_H
#define WEIR_FRONT_FMT_H

#include "base/diag.h"

/*
 * The canonical text of the file that was registered under this index.
 * WEIR_ERROR: its YAML is invalid, and was reported.  WEIR_DECLINED: its form
 * is not one that is formatted, or the result would mean something else;
 * *why is one phrase.
 */
weir_rc_t weir_fmt(weir_arena_t *a, weir_diags_t *diags, uint32_t file,
    weir_str_t *out, const char **why);

#endif
