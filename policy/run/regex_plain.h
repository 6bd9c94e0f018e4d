/*
 * regex_plain.h: patterns so plain that one look at each byte decides.
 */

#ifndef WEIR_RUN_REGEX_PLAIN_H
#define WEIR_RUN_REGEX_PLAIN_H

#include "base/rc.h"
#include "base/str.h"

typedef struct weir_plain_s  weir_plain_t;

/*
 * NULL: the pattern is not plain, or memory is short; PCRE2 will do.  What is
 * returned is freed with free().
 */
weir_plain_t *weir_plain_compile(weir_str_t pattern, bool anchored);

/*
 * WEIR_OK: matches; WEIR_DECLINED: does not; WEIR_ERROR: the subject is not
 * ASCII, which a plain pattern knows nothing about.
 */
weir_rc_t weir_plain_match(const weir_plain_t *p, weir_str_t subject);

#endif
