/*
 * parts.h: inputs of two parts: requests, each of as many bytes, behind their
 * number, and the policy that they are put to.
 *
 * Most mutations change the requests alone, so that the policy is one that
 * was compiled before.
 */

#ifndef WEIR_TEST_FUZZ_PARTS_H
#define WEIR_TEST_FUZZ_PARTS_H

#include <string.h>
#include "test/fuzz/fuzz.h"

#define PARTS_ASKS  12
#define PARTS_ASK   9           /* bytes of a request at most */
#define PARTS_HEAD  (1 + PARTS_ASKS * PARTS_ASK)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t alen,
    const uint8_t *b, size_t blen, uint8_t *out, size_t max, unsigned seed);


/* The number of requests, of which the last may be cut short. */
static inline unsigned
parts_asks(const uint8_t *data, size_t size)
{
    return size == 0 ? 0 : 1 + data[0] % PARTS_ASKS;
}


/* Bytes of the first part. */
static inline size_t
parts_head(const uint8_t *data, size_t size)
{
    size_t  n;

    n = size == 0 ? 0 : 1 + parts_asks(data, size) * PARTS_ASK;

    return n < size ? n : size;
}


/* Both parts together, the first filled up to whole requests. */
static inline size_t
parts_join(const uint8_t *head, size_t hlen, const uint8_t *tail, size_t tlen,
    uint8_t *out, size_t max)
{
    size_t   n;
    uint8_t  all[PARTS_HEAD];

    n = hlen < 2 ? 1 : (hlen - 2) / PARTS_ASK + 1;
    n = n < PARTS_ASKS ? n : PARTS_ASKS;

    memset(all, 0, sizeof(all));
    memcpy(all, head, hlen < sizeof(all) ? hlen : sizeof(all));
    all[0] = (uint8_t) (n - 1);
    n = 1 + n * PARTS_ASK;
    n = n < max ? n : max;
    tlen = tlen < max - n ? tlen : max - n;

    if (tlen > 0) {
        memmove(out + n, tail, tlen);
    }

    memcpy(out, all, n);

    return n + tlen;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t   n, tail;
    uint8_t  head[PARTS_HEAD];

    n = parts_head(data, size);

    if (seed % 16 == 0 && max > n) {
        tail = LLVMFuzzerMutate(data + n, size - n, max - n);
        memcpy(head, data, n);

        return parts_join(head, n, data + n, tail, data, max);
    }

    memcpy(head, data, n);
    tail = size - n;
    size = LLVMFuzzerMutate(head, n, PARTS_HEAD);

    return parts_join(head, size, data + n, tail, data, max);
}


/* What one is asked, put to the policy of the other. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t alen, const uint8_t *b,
    size_t blen, uint8_t *out, size_t max, unsigned seed)
{
    size_t  n, k;

    (void) seed;
    n = parts_head(a, alen);
    k = parts_head(b, blen);

    return parts_join(a, n, b + k, blen - k, out, max);
}

#endif
