/*
 * limit_key.c: the digest of a limit's key, under the uid of the limit.
 */

#include "run/limiter.h"


void
weir_key_begin(weir_key_hash_t *h, const weir_id_t *uid)
{
    weir_siphash_begin(h, uid);
}


void
weir_key_part(weir_key_hash_t *h, unsigned kind, weir_str_t bytes)
{
    weir_siphash_word(h, kind & 0xff, 1);
    weir_siphash_word(h, bytes.len, 8);
    weir_siphash_bytes(h, bytes);
}


void
weir_key_end(weir_key_hash_t *h, weir_limit_key_t *key)
{
    weir_siphash_end(h, key->w);
}
