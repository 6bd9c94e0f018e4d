/*
 * jwk.h: one JSON Web Key (RFC 7517, 7518, 8037, 8812) on its way from JSON
 * to a key that verifies: jwk.c reads it and checks what needs no arithmetic,
 * keys.c makes the key, keyset.c looks at the set.
 */

#ifndef WEIR_RUN_JWK_H
#define WEIR_RUN_JWK_H

#include "base/digest.h"
#include "image/algs.h"
#include "run/json.h"
#include "run/keys.h"

/* "crv", which OpenSSL knows by the same name; kty; bytes of a coordinate;
   its algorithm */
#define WEIR_CURVES(C)                                                        \
    C("P-256",     EC,  32, ES256)                                            \
    C("P-384",     EC,  48, ES384)                                            \
    C("P-521",     EC,  66, ES512)                                            \
    C("secp256k1", EC,  32, ES256K)                                           \
    C("Ed25519",   OKP, 32, EDDSA)                                            \
    C("Ed448",     OKP, 57, EDDSA)

typedef struct {
    const char  *name;
    weir_kty_t   kty;
    size_t       size;
    weir_alg_t   alg;
} weir_curve_t;

#define WEIR_MIN_RSA          2048          /* bits of a modulus */
#define WEIR_MAX_RSA          8192
#define WEIR_MIN_EXPONENT     65537         /* as FIPS 186-5 asks */
#define WEIR_MAX_KEY_BYTES    1024          /* of a modulus, of a secret */

typedef struct {
    weir_kty_t           kty;               /* COUNT: one we do not know */
    uint32_t             algs;              /* never 0 after WEIR_OK */
    weir_str_t           kid;               /* in the JSON; data NULL: none */
    const weir_curve_t  *curve;             /* NULL: neither EC nor OKP */
    uint8_t              thumbprint[WEIR_SHA256_LEN];
    size_t               len;
    size_t               second_len;
    uint8_t              bytes[WEIR_MAX_KEY_BYTES + 3];     /* k, n, x */
    uint8_t              second[WEIR_MAX_KEY_BYTES + 3];    /* e, y */
    char                 why[120];          /* "lacks ...", "has ..." */
} weir_jwk_t;

/* Bytes of the digest of an algorithm; 0: it has its own. */
size_t weir_alg_digest(weir_alg_t alg);

/*
 * algs: what the issuer allows.  WEIR_DECLINED: a key that is not for us, to
 * be left out; WEIR_ERROR: one for which the set is refused.  In both cases
 * why says so.  kty and kid are set, if they are known, whatever comes of it.
 * The caller wipes a secret.
 */
weir_rc_t weir_jwk_read(const weir_json_value_t *v, uint32_t algs,
    weir_jwk_t *out);

/*
 * WEIR_ERROR: its point is not on its curve.  WEIR_NOMEM: there is no memory,
 * or OpenSSL has no such algorithm.
 */
weir_rc_t weir_key_make(const weir_jwk_t *jwk, weir_vkey_t **out);
void weir_key_free(weir_vkey_t *key);

#endif
