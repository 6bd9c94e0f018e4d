/*
 * phash.c: hash and displace.
 *
 * Buckets are placed from the largest to the smallest.  A bucket tries
 * displacements from 0 on until all its keys fall into free slots, each into
 * another; the first that does is its own.  With some four keys a bucket and
 * four slots of five in use, that takes a handful of tries.
 */

#include "image/phash.h"
#include "base/hash.h"
#include "image/format.h"

#define BUCKET    4u            /* keys in a bucket, on average */
#define TRIES     (1u << 16)    /* displacements of one bucket */
#define SEEDS     64u
#define MAX_KEYS  (1u << 30)
#define MAX_SIZE  64u           /* of a bucket; no honest seed comes near */


/* The keys of bucket b are order[start[b]] to order[start[b + 1]]. */
typedef struct {
    const weir_str_t  *keys;
    uint32_t           n;
    uint64_t           seed;
    uint32_t           buckets;
    uint32_t           nslots;
    uint64_t          *hash;
    uint32_t          *start;
    uint32_t          *order;
    uint32_t          *by_size;
    uint32_t          *displace;
    uint32_t          *slots;
} build_t;


static inline uint32_t
scale(uint64_t h, uint32_t n)
{
    return (uint32_t) ((h >> 32) * n >> 32);
}


static inline uint32_t
slot_of(uint64_t h, uint32_t displace, uint32_t nslots)
{
    return scale(weir_mix(h ^ (uint64_t) displace << 32 ^ displace), nslots);
}


/* Groups the keys by bucket; start has room for one number more. */
static void
group(build_t *b)
{
    uint32_t  i, bucket;

    memset(b->start, 0, sizeof(uint32_t) * ((size_t) b->buckets + 2));

    for (i = 0; i < b->n; i++) {
        b->hash[i] = weir_hash(b->keys[i], b->seed);
        b->start[scale(b->hash[i], b->buckets) + 2]++;
    }

    for (i = 2; i < b->buckets + 2; i++) {
        b->start[i] += b->start[i - 1];
    }

    for (i = 0; i < b->n; i++) {
        bucket = scale(b->hash[i], b->buckets);
        b->order[b->start[bucket + 1]++] = i;
    }
}


/* Counting sort, largest first; WEIR_DECLINED: this seed is a bad one. */
static weir_rc_t
sort_buckets(build_t *b)
{
    uint32_t  i, size, at[MAX_SIZE + 2];

    memset(at, 0, sizeof(at));

    for (i = 0; i < b->buckets; i++) {
        size = b->start[i + 1] - b->start[i];

        if (size > MAX_SIZE) {
            return WEIR_DECLINED;
        }

        at[MAX_SIZE - size + 1]++;
    }

    for (i = 1; i < MAX_SIZE + 2; i++) {
        at[i] += at[i - 1];
    }

    for (i = 0; i < b->buckets; i++) {
        size = b->start[i + 1] - b->start[i];
        b->by_size[at[MAX_SIZE - size]++] = i;
    }

    return WEIR_OK;
}


/* Keys of one hash stay together whatever the displacement. */
static weir_rc_t
check_bucket(const build_t *b, const uint32_t *keys, uint32_t n)
{
    uint32_t  i, j;

    for (i = 1; i < n; i++) {
        for (j = 0; j < i; j++) {

            if (b->hash[keys[i]] == b->hash[keys[j]]) {
                return weir_str_eq(b->keys[keys[i]], b->keys[keys[j]])
                           ? WEIR_ERROR : WEIR_DECLINED;
            }
        }
    }

    return WEIR_OK;
}


/* Puts the keys of a bucket into slots, all or none. */
static bool
try_place(build_t *b, const uint32_t *keys, uint32_t n, uint32_t displace)
{
    uint32_t  i, slot;

    for (i = 0; i < n; i++) {
        slot = slot_of(b->hash[keys[i]], displace, b->nslots);

        if (b->slots[slot] != WEIR_NONE) {
            break;
        }

        b->slots[slot] = keys[i];
    }

    if (i == n) {
        return true;
    }

    while (i-- > 0) {
        slot = slot_of(b->hash[keys[i]], displace, b->nslots);
        b->slots[slot] = WEIR_NONE;
    }

    return false;
}


static weir_rc_t
place_bucket(build_t *b, uint32_t bucket)
{
    uint32_t   n, d, *keys;
    weir_rc_t  rc;

    keys = b->order + b->start[bucket];
    n = b->start[bucket + 1] - b->start[bucket];

    rc = check_bucket(b, keys, n);
    if (rc != WEIR_OK) {
        return rc;
    }

    for (d = 0; d < TRIES; d++) {
        if (try_place(b, keys, n, d)) {
            b->displace[bucket] = d;
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static weir_rc_t
place_all(build_t *b)
{
    uint32_t   i;
    weir_rc_t  rc;

    group(b);

    rc = sort_buckets(b);

    memset(b->slots, 0xff, sizeof(uint32_t) * b->nslots);

    for (i = 0; rc == WEIR_OK && i < b->buckets; i++) {
        rc = place_bucket(b, b->by_size[i]);
    }

    return rc;
}


static bool
make_room(weir_arena_t *a, build_t *b)
{
    b->hash = weir_arena_array(a, b->n, sizeof(uint64_t));
    b->start = weir_arena_array(a, (size_t) b->buckets + 2, sizeof(uint32_t));
    b->order = weir_arena_array(a, b->n, sizeof(uint32_t));
    b->by_size = weir_arena_array(a, b->buckets, sizeof(uint32_t));
    b->displace = weir_arena_array(a, b->buckets, sizeof(uint32_t));
    b->slots = weir_arena_array(a, b->nslots, sizeof(uint32_t));

    return b->hash && b->start && b->order && b->by_size && b->displace
           && b->slots;
}


weir_rc_t
weir_phash_build(weir_arena_t *a, const weir_str_t *keys, uint32_t n,
    weir_phash_t *out)
{
    build_t    b;
    weir_rc_t  rc;

    if (n == 0) {
        memset(out, 0, sizeof(weir_phash_t));
        return WEIR_OK;
    }

    if (n > MAX_KEYS) {
        return WEIR_ERROR;
    }

    memset(&b, 0, sizeof(build_t));
    b.keys = keys;
    b.n = n;
    b.buckets = n / BUCKET + 1;
    b.nslots = n + n / 4 + 1;

    if (!make_room(a, &b)) {
        return WEIR_NOMEM;
    }

    do {
        rc = place_all(&b);
    } while (rc == WEIR_DECLINED && ++b.seed < SEEDS);

    if (rc != WEIR_OK) {
        return WEIR_ERROR;
    }

    out->seed = b.seed;
    out->displace = b.displace;
    out->buckets = b.buckets;
    out->slots = b.slots;
    out->nslots = b.nslots;

    return WEIR_OK;
}


uint32_t
weir_phash_find(const weir_phash_t *h, weir_str_t key)
{
    uint64_t  hash;
    uint32_t  displace;

    if (h->nslots == 0 || h->buckets == 0) {
        return WEIR_NONE;
    }

    hash = weir_hash(key, h->seed);
    displace = h->displace[scale(hash, h->buckets)];

    return h->slots[slot_of(hash, displace, h->nslots)];
}
