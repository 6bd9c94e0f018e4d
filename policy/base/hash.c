/*
 * hash.c: multiply-and-fold over 8-byte words.
 *
 * A 64x64 product spreads both factors; its halves are folded together, and
 * the factors are folded in once more so that a zero factor loses nothing.
 */

#include "base/hash.h"

/* fractions of the golden ratio and of the roots of 2, 3 and 5: no design */
#define PHI    0x9e3779b97f4a7c15u
#define ROOT2  0x6a09e667f3bcc909u
#define ROOT3  0xbb67ae8584caa73bu
#define ROOT5  0x3c6ef372fe94f82bu


static inline uint64_t
rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}


static inline uint64_t
word(const char *p)
{
    uint64_t  w;

    memcpy(&w, p, sizeof(w));

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif

    return w;
}


static inline uint64_t
half(const char *p)
{
    uint32_t  w;

    memcpy(&w, p, sizeof(w));

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap32(w);
#endif

    return w;
}


static inline uint64_t
fold(uint64_t a, uint64_t b)
{
    __uint128_t  m;

    m = (__uint128_t) a * b;

    return (uint64_t) m ^ (uint64_t) (m >> 64) ^ rotate(a, 23)
           ^ rotate(b, 41);
}


uint64_t
weir_hash(weir_str_t key, uint64_t seed)
{
    size_t       n;
    uint64_t     h, a, b;
    const char  *p;

    p = key.data;
    n = key.len;
    h = (seed ^ PHI) + n * ROOT5;

    while (n > 16) {
        h = fold(word(p) ^ ROOT2, word(p + 8) ^ h) + ROOT3;
        p += 16;
        n -= 16;
    }

    /* the last 16 bytes or fewer; the two words may overlap */
    if (n >= 8) {
        a = word(p);
        b = word(p + n - 8);

    } else if (n >= 4) {
        a = half(p);
        b = half(p + n - 4);

    } else if (n > 0) {
        a = (uint64_t) (uint8_t) p[0] << 16
            | (uint64_t) (uint8_t) p[n / 2] << 8
            | (uint8_t) p[n - 1];
        b = 0;

    } else {
        a = 0;
        b = 0;
    }

    h = fold(a ^ ROOT2, b ^ h);

    return fold(h ^ ROOT3, PHI);
}
