/*
 * utf8.h: UTF-8 as RFC 3629 has it: no surrogate, nothing over-long.
 */

#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include "base/str.h"

/*
 * Decodes one code point at *p < end and moves *p behind it; -1 and *p
 * unmoved on a malformed sequence.
 */
int32_t weir_utf8_next(const char **p, const char *end);

bool weir_utf8_valid(weir_str_t s);

/* Code points in a valid string. */
size_t weir_utf8_len(weir_str_t s);

/* Writes 1 to 4 bytes; 0 when cp is no scalar value. */
size_t weir_utf8_put(char out[4], uint32_t cp);

#endif
