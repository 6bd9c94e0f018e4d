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


/*
 * Whether n bytes are the same.  Most texts are short: two loads that may
 * overlap stand in place of a call.
 */
static inline bool
weir_same_bytes(const char *a, const char *b, size_t n)
{
    uint32_t  w[4];
    uint64_t  v[4];

    if (n > 16) {
        return memcmp(a, b, n) == 0;
    }

    if (n >= 8) {
        memcpy(&v[0], a, 8);
        memcpy(&v[1], b, 8);
        memcpy(&v[2], a + n - 8, 8);
        memcpy(&v[3], b + n - 8, 8);

        return ((v[0] ^ v[1]) | (v[2] ^ v[3])) == 0;
    }

    if (n >= 4) {
        memcpy(&w[0], a, 4);
        memcpy(&w[1], b, 4);
        memcpy(&w[2], a + n - 4, 4);
        memcpy(&w[3], b + n - 4, 4);

        return ((w[0] ^ w[1]) | (w[2] ^ w[3])) == 0;
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
