/*
 * phash.h: perfect hashes of strings: one probe, one compare.
 *
 * The high half of weir_hash(key, seed) chooses a bucket; the bucket's
 * displacement picks, out of that same hash, the slot.  What a slot names must
 * still be compared with the key: other keys land somewhere too.
 */

#ifndef WEIR_IMAGE_PHASH_H
#define WEIR_IMAGE_PHASH_H

#include "base/arena.h"
#include "base/rc.h"

typedef struct {
    uint64_t         seed;
    const uint32_t  *displace;
    uint32_t         buckets;
    const uint32_t  *slots;     /* index of a key, or WEIR_NONE */
    uint32_t         nslots;
} weir_phash_t;

/*
 * Keys are distinct; the tables go to the arena.  Linear time; the same keys
 * in the same order give the same tables.  Zero keys give zero tables.
 * WEIR_ERROR: two keys are equal, or no seed of many tried will do.
 */
weir_rc_t weir_phash_build(weir_arena_t *a, const weir_str_t *keys, uint32_t n,
    weir_phash_t *out);

/* The index of the only key it can be, or WEIR_NONE. */
uint32_t weir_phash_find(const weir_phash_t *h, weir_str_t key);

#endif
