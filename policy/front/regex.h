/*
 * regex.h: RE2 syntax (https://github.com/google/re2/wiki/Syntax) to
 * canonical PCRE2, and questions about patterns that ties need.
 */

#ifndef WEIR_FRONT_REGEX_H
#define WEIR_FRONT_REGEX_H

#include "front/source.h"

typedef struct weir_re_s  weir_re_t;

/*
 * Parses text[offset..offset+len) as RE2.  Errors point into the text.  What
 * RE2 does not have (back-references, look-around, possessive quantifiers,
 * \K, \R, verbs) is refused by name, and so is \C.
 */
weir_rc_t weir_re_parse(weir_arena_t *a, weir_diags_t *diags,
    const weir_text_t *text, size_t offset, size_t len, const weir_re_t **out);

/*
 * For PCRE2 with UTF, without UCP, DOLLAR_ENDONLY, NEWLINE_LF.  data NULL:
 * memory is short.
 */
weir_str_t weir_re_emit(weir_arena_t *a, const weir_re_t *re);

/*
 * The shortest segment of a normalised path (not empty, "." or "..", no byte
 * that weir_path_normalise() refuses) that both match as a whole; NULL stands
 * for a parameter without pattern.  WEIR_DECLINED: there is none.  WEIR_ERROR:
 * there may be one; the search passed its bound, or met \p{...} or a case
 * variant outside of ASCII.
 */
weir_rc_t weir_re_common(weir_arena_t *a, const weir_re_t *x,
    const weir_re_t *y, weir_str_t *witness);

#endif
