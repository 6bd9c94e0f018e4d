/*
 * parts.h: inputs of two parts: requests, each of as many bytes, behind their
 * number, and what is compiled to be asked; and what was compiled, kept.
 *
 * Most mutations change the requests alone, so that what they are put to is
 * there.  A target says how many requests there are at most, of how many
 * bytes each, and that one mutation of PARTS_RARE changes the other part.
 */

#ifndef WEIR_TEST_FUZZ_PARTS_H
#define WEIR_TEST_FUZZ_PARTS_H

#include <string.h>
#include "run/image.h"
#include "run/verify.h"
#include "test/fuzz/fuzz.h"

#define PARTS_HEAD  (1 + PARTS_ASKS * PARTS_ASK)
#define PARTS_SETS  512         /* of what is kept */
#define PARTS_WAYS  8           /* of them in a set */

/* What was compiled, under the bytes that it is made from. */
typedef struct {
    uint8_t        *bytes;
    size_t          n;
    unsigned long   used;       /* when last, in runs */
    void           *it;
} parts_kept_t;

/* An image in memory of its own size, where it is run from. */
typedef struct {
    void          *bytes;
    weir_image_t   img;
    weir_arena_t  *arena;       /* of img */
} parts_image_t;

static parts_kept_t   parts_kept[PARTS_SETS][PARTS_WAYS];
static unsigned long  parts_runs;

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

    if (seed % PARTS_RARE == 0 && max > n) {
        tail = LLVMFuzzerMutate(data + n, size - n, max - n);
        memcpy(head, data, n);

        return parts_join(head, n, data + n, tail, data, max);
    }

    memcpy(head, data, n);
    tail = size - n;
    size = LLVMFuzzerMutate(head, n, PARTS_HEAD);

    return parts_join(head, size, data + n, tail, data, max);
}


/* What one is asked, put to the other. */
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


/* false: *why says why it is refused */
static inline bool
parts_open(parts_image_t *i, weir_str_t image, weir_refusal_t *why)
{
    i->bytes = aligned_alloc(16, (image.len + 15) & ~(size_t) 15);
    i->arena = weir_arena_create();
    must(i->bytes != NULL && i->arena != NULL);
    memcpy(i->bytes, image.data, image.len);

    return weir_image_verify(i->bytes, image.len, NULL, why) == WEIR_OK
           && weir_image_open(&i->img, i->bytes, i->arena, why) == WEIR_OK;
}


static inline void
parts_close(parts_image_t *i)
{
    if (i->bytes != NULL) {
        weir_image_close(&i->img);
        weir_arena_destroy(i->arena);
        free(i->bytes);
    }
}


/*
 * The place of what is made from some bytes: it is NULL when it is to be made
 * yet, in the place of what was used least, which has been dropped.
 */
static inline void **
parts_find(const uint8_t *bytes, size_t n, void (*drop)(void *it))
{
    unsigned       i;
    parts_kept_t  *set, *k;

    set = parts_kept[weir_hash(weir_str((const char *) bytes, n), 0)
                     % PARTS_SETS];
    k = set;
    parts_runs++;

    for (i = 0; i < PARTS_WAYS; i++) {

        if (set[i].it != NULL && set[i].n == n
            && memcmp(set[i].bytes, bytes, n) == 0)
        {
            set[i].used = parts_runs;
            return &set[i].it;
        }

        k = set[i].used < k->used ? &set[i] : k;
    }

    if (k->it != NULL) {
        drop(k->it);
        free(k->bytes);
    }

    k->it = NULL;
    k->n = n;
    k->used = parts_runs;
    k->bytes = malloc(n + 1);
    must(k->bytes != NULL);
    memcpy(k->bytes, bytes, n);

    return &k->it;
}

#endif
