/*
 * crypto.h: Ed25519 (RFC 8032) over images.  Workers verify; the tool makes
 * keys and signs.
 */

#ifndef WEIR_RUN_CRYPTO_H
#define WEIR_RUN_CRYPTO_H

#include "base/rc.h"
#include "base/str.h"
#include "run/image.h"

#define WEIR_SIGNATURE_LEN  64

typedef struct {
    uint8_t  bytes[32];         /* the seed; the public key follows from it */
} weir_secret_key_t;

/* WEIR_DECLINED: not its signature.  WEIR_ERROR: OpenSSL failed. */
weir_rc_t weir_signature_verify(const weir_public_key_t *key, weir_str_t text,
    const uint8_t signature[WEIR_SIGNATURE_LEN]);

weir_rc_t weir_signature_make(const weir_secret_key_t *key, weir_str_t text,
    uint8_t signature[WEIR_SIGNATURE_LEN]);

weir_rc_t weir_key_generate(weir_secret_key_t *out);
weir_rc_t weir_key_public(const weir_secret_key_t *key,
    weir_public_key_t *out);

/*
 * Keys in PEM (RFC 7468, RFC 8410), as openssl genpkey writes them.
 * WEIR_ERROR: no Ed25519 key of that sort.
 */
#define WEIR_KEY_PEM_LEN  512       /* room for either key */

weir_rc_t weir_public_key_load(weir_str_t pem, weir_public_key_t *out);
weir_rc_t weir_secret_key_load(weir_str_t pem, weir_secret_key_t *out);
weir_rc_t weir_public_key_print(const weir_public_key_t *key,
    char out[WEIR_KEY_PEM_LEN], size_t *len);
weir_rc_t weir_secret_key_print(const weir_secret_key_t *key,
    char out[WEIR_KEY_PEM_LEN], size_t *len);

/* The first bytes of SHA-256 of the key: says which key signed. */
weir_rc_t weir_key_id(const weir_public_key_t *key, uint8_t out[8]);

/*
 * Signs a verified image in place: flag, key id, digest, signature.  An older
 * signature goes.
 */
weir_rc_t weir_image_sign(uint8_t *base, const weir_secret_key_t *key);

#endif
