/*
 * siphash.h: SipHash-2-4 with 128 bits of output: a digest under a key that
 * who does not know it cannot foretell.
 *
 * See "SipHash: a fast short-input PRF" (Aumasson, Bernstein) and what its
 * authors publish for 128 bits.
 */

#ifndef WEIR_RUN_SIPHASH_H
#define WEIR_RUN_SIPHASH_H

#include "base/digest.h"

typedef struct {
    uint64_t  v[4];
    uint64_t  tail;             /* the len % 8 bytes that wait */
    uint64_t  len;
} weir_siphash_t;

void weir_siphash_begin(weir_siphash_t *h, const weir_id_t *key);
/* n <= 8 bytes of w, the lowest first; the others are 0. */
void weir_siphash_word(weir_siphash_t *h, uint64_t w, size_t n);
void weir_siphash_bytes(weir_siphash_t *h, weir_str_t s);
void weir_siphash_end(weir_siphash_t *h, uint64_t w[2]);

#endif
