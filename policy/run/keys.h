/*
 * keys.h: keys that signatures of tokens are verified with (RFC 7517, 7518),
 * parsed once.
 *
 * A set belongs to one process, and is used by one thread at a time.  Every
 * check of a key is made when the set is read: what is in a set may be used.
 */

#ifndef WEIR_RUN_KEYS_H
#define WEIR_RUN_KEYS_H

#include "base/digest.h"
#include "base/rc.h"
#include "base/str.h"
#include "image/algs.h"

typedef struct weir_keys_s  weir_keys_t;
typedef struct weir_key_s   weir_vkey_t;

/* What is wrong with a set, or with one of its keys; for logs, no secret. */
typedef struct {
    char  text[200];            /* one sentence, NUL at the end */
} weir_keys_error_t;

/*
 * Reads a JWK Set, or one JWK.  algs: what the issuer allows; a key for none
 * of them is left out, as is one of another use, key_ops, kty or crv: a set
 * that rotates may hold what we do not know.  WEIR_ERROR, and *out untouched:
 * malformed, a secret beside public keys or where the issuer has none, a
 * private key, the same kid twice, RSA of other than 2048 to 8192 bits or with
 * e below 65537, a secret shorter than its digest, a point off its curve,
 * nothing usable.  note, if not NULL, is called with a sentence for each key
 * left out.
 */
weir_rc_t weir_keys_read(weir_str_t text, uint32_t algs, weir_keys_t **out,
    weir_keys_error_t *why, void (*note)(void *data, const char *text),
    void *data);
void weir_keys_free(weir_keys_t *keys);

size_t weir_keys_count(const weir_keys_t *keys);
const weir_vkey_t *weir_keys_at(const weir_keys_t *keys, size_t i);

/*
 * The key with that thumbprint (RFC 7638, SHA-256); NULL: it is gone.  Says
 * whether what it signed is still good.
 */
const weir_vkey_t *weir_keys_find(const weir_keys_t *keys,
    const uint8_t thumbprint[WEIR_SHA256_LEN]);

weir_str_t weir_key_kid(const weir_vkey_t *key);    /* data NULL: none */
const uint8_t *weir_key_thumbprint(const weir_vkey_t *key);
/* WEIR_ALG_BIT() of the algorithms it may be used with; never empty */
uint32_t weir_key_algs(const weir_vkey_t *key);

/*
 * One public JWK, of a DPoP proof (RFC 9449): WEIR_ERROR also for a private
 * or a symmetric one.  algs is best the one that the proof is signed with: a
 * key is made ready for each.  Free with weir_keys_free(); it is key 0 of the
 * set.
 */
weir_rc_t weir_keys_read_public(weir_str_t text, uint32_t algs,
    weir_keys_t **out, weir_keys_error_t *why);

/*
 * Verifies a signature over data.  alg is one of weir_key_algs(key).  WEIR_OK
 * or WEIR_DECLINED; secrets are compared in constant time.
 */
weir_rc_t weir_key_verify(const weir_vkey_t *key, weir_alg_t alg,
    weir_str_t data, weir_str_t signature);

/* Whether n bytes are the same, in a time that does not depend on them. */
bool weir_same_secret(const void *a, const void *b, size_t n);

#endif
