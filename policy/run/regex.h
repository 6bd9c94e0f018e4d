/*
 * regex.h: canonical patterns (see front/regex.c) on PCRE2, with JIT and
 * bounded work.
 */

#ifndef WEIR_RUN_REGEX_H
#define WEIR_RUN_REGEX_H

#include "base/rc.h"
#include "base/str.h"

typedef struct weir_regex_s  weir_regex_t;

/* WEIR_ERROR: not a pattern; what PCRE2 says of it goes to err. */
weir_rc_t weir_regex_compile(weir_str_t pattern, bool anchored,
    weir_regex_t **out, char *err, size_t errlen);
void weir_regex_free(weir_regex_t *re);

/*
 * WEIR_OK: matches; WEIR_DECLINED: does not; WEIR_ERROR: the match limit was
 * passed or the subject is not UTF-8.  Does not allocate.  *left: the steps
 * that it may take, of about a nanosecond; those it took are taken off.
 */
weir_rc_t weir_regex_match_within(const weir_regex_t *re, weir_str_t subject,
    uint32_t *left);
/* The same with WEIR_MAX_WORK steps. */
weir_rc_t weir_regex_match(const weir_regex_t *re, weir_str_t subject);

#endif
