/*
 * reader.h: text that is read from its front, a character at a time.
 */

#ifndef WEIR_BASE_READER_H
#define WEIR_BASE_READER_H

#include "base/str.h"

typedef struct {
    const char  *p;
    const char  *end;
} weir_reader_t;


static inline weir_reader_t
weir_reader(weir_str_t s)
{
    /* empty text may be NULL */
    return (weir_reader_t) { s.data, s.len ? s.data + s.len : s.data };
}


/* Whether a digit is next. */
static inline bool
weir_digit(const weir_reader_t *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}


/* Steps over c, if it is next. */
static inline bool
weir_skip(weir_reader_t *r, char c)
{
    if (r->p < r->end && *r->p == c) {
        r->p++;
        return true;
    }

    return false;
}

#endif
