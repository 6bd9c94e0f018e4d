/*
 * hash.h: hashes of bytes.
 *
 * weir_hash() places keys in tables that were built from trusted names; it
 * is stable, since images carry its results.  It does not resist chosen
 * keys: no table that a client can fill may rest on it alone.
 */

#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include "base/str.h"

uint64_t weir_hash(weir_str_t key, uint64_t seed);

/* A bijection that spreads every bit; for a second hash from a first. */
static inline uint64_t
weir_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15u;
    x ^= x >> 29;
    x *= 0xbb67ae8584caa73bu;
    x ^= x >> 32;

    return x;
}

#endif
