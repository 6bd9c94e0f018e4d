/*
 * siphash.c: SipHash-2-4, word by word.
 */

#include <string.h>

#include "run/siphash.h"

/* "somepseudorandomlygeneratedbytes": the initial state of SipHash */
#define INIT_0  0x736f6d6570736575u
#define INIT_1  0x646f72616e646f6du
#define INIT_2  0x6c7967656e657261u
#define INIT_3  0x7465646279746573u

/* what tells 128 bits from 64, and the second half from the first */
#define WIDE    0xee
#define SECOND  0xdd


static inline uint64_t
rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}


/* n <= 8 bytes, the first one lowest. */
static inline uint64_t
word(const void *p, size_t n)
{
    uint64_t  w;

    w = 0;
    memcpy(&w, p, n);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif

    return w;
}


static inline void
rounds(uint64_t *v, unsigned n)
{
    uint64_t  a, b, c, d;

    a = v[0];
    b = v[1];
    c = v[2];
    d = v[3];

    while (n-- != 0) {
        a += b;
        c += d;
        b = rotate(b, 13) ^ a;
        d = rotate(d, 16) ^ c;
        a = rotate(a, 32);
        c += b;
        a += d;
        b = rotate(b, 17) ^ c;
        d = rotate(d, 21) ^ a;
        c = rotate(c, 32);
    }

    v[0] = a;
    v[1] = b;
    v[2] = c;
    v[3] = d;
}


static inline void
absorb(weir_siphash_t *h, uint64_t m)
{
    h->v[3] ^= m;
    rounds(h->v, 2);
    h->v[0] ^= m;
}


void
weir_siphash_begin(weir_siphash_t *h, const weir_id_t *key)
{
    uint64_t  k0, k1;

    k0 = word(key->bytes, 8);
    k1 = word(key->bytes + 8, 8);

    h->v[0] = k0 ^ INIT_0;
    h->v[1] = k1 ^ INIT_1 ^ WIDE;
    h->v[2] = k0 ^ INIT_2;
    h->v[3] = k1 ^ INIT_3;
    h->tail = 0;
    h->len = 0;
}


void
weir_siphash_word(weir_siphash_t *h, uint64_t w, size_t n)
{
    size_t  have;

    have = h->len % 8;
    h->len += n;
    h->tail |= w << 8 * have;

    if (have + n < 8) {
        return;
    }

    absorb(h, h->tail);
    h->tail = have ? w >> 8 * (8 - have) : 0;
}


void
weir_siphash_bytes(weir_siphash_t *h, weir_str_t s)
{
    while (s.len > 8) {
        weir_siphash_word(h, word(s.data, 8), 8);
        s.data += 8;
        s.len -= 8;
    }

    if (s.len != 0) {
        weir_siphash_word(h, word(s.data, s.len), s.len);
    }
}


void
weir_siphash_end(weir_siphash_t *h, uint64_t w[2])
{
    absorb(h, h->tail | h->len << 56);

    h->v[2] ^= WIDE;
    rounds(h->v, 4);
    w[0] = h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];

    h->v[1] ^= SECOND;
    rounds(h->v, 4);
    w[1] = h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}
