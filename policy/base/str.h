/*
 * str.h: text is a pointer and a length; nothing here ends with a NUL.
 */

#ifndef WEIR_BASE_STR_H
#define WEIR_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char  *data;
    size_t       len;
} weir_str_t;

/* of a function that most requests do without: kept out of its caller */
#define WEIR_SELDOM  __attribute__((noinline))
/* of a function that requests need when something is wrong with them */
#define WEIR_COLD    __attribute__((noinline, cold))

#define weir_string(lit)  ((weir_str_t) { (lit), sizeof(lit) - 1 })

/* bytes that are compared without a call */
#define WEIR_SHORT        32

/* the two arguments of "%.*s" */
#define WEIR_STR(s)       (int) (s).len, (s).data


static inline weir_str_t
weir_str(const char *data, size_t len)
{
    return (weir_str_t) { data, len };
}


static inline weir_str_t
weir_cstr(const char *s)
{
    return (weir_str_t) { s, strlen(s) };
}


/* What tells 8 bytes from 8 others; 0: nothing does. */
static inline uint64_t
weir_differ_8(const char *a, const char *b)
{
    uint64_t  x, y;

    memcpy(&x, a, 8);
    memcpy(&y, b, 8);

    return x ^ y;
}


static inline uint32_t
weir_differ_4(const char *a, const char *b)
{
    uint32_t  x, y;

    memcpy(&x, a, 4);
    memcpy(&y, b, 4);

    return x ^ y;
}


/*
 * Whether n bytes are the same.  Most texts are short: loads that may overlap
 * stand in place of a call.
 */
static inline bool
weir_same_bytes(const char *a, const char *b, size_t n)
{
    if (n > WEIR_SHORT) {
        return memcmp(a, b, n) == 0;
    }

    if (n >= 8) {
        return (weir_differ_8(a, b) | weir_differ_8(a + n - 8, b + n - 8)) == 0
               && (n <= 16 || (weir_differ_8(a + 8, b + 8)
                               | weir_differ_8(a + n - 16, b + n - 16)) == 0);
    }

    if (n >= 4) {
        return (weir_differ_4(a, b)
                | weir_differ_4(a + n - 4, b + n - 4)) == 0;
    }

    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2]
                      && a[n - 1] == b[n - 1]);
}


static inline bool
weir_str_eq(weir_str_t a, weir_str_t b)
{
    return a.len == b.len && weir_same_bytes(a.data, b.data, a.len);
}


/* Order by bytes, a prefix before what it begins: -1, 0, 1. */
static inline int
weir_str_cmp(weir_str_t a, weir_str_t b)
{
    size_t  n;
    int     c;

    n = a.len < b.len ? a.len : b.len;
    c = n ? memcmp(a.data, b.data, n) : 0;

    if (c != 0) {
        return c < 0 ? -1 : 1;
    }

    return (a.len > b.len) - (a.len < b.len);
}


static inline bool
weir_str_starts(weir_str_t s, weir_str_t prefix)
{
    return s.len >= prefix.len
           && weir_same_bytes(s.data, prefix.data, prefix.len);
}


static inline bool
weir_str_ends(weir_str_t s, weir_str_t suffix)
{
    return s.len >= suffix.len
           && (suffix.len == 0
               || weir_same_bytes(s.data + s.len - suffix.len, suffix.data,
                                  suffix.len));
}

#endif
