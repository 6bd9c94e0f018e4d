/*
 * algs.h: the algorithms of JWS (RFC 7518, 8037, 8812) that Weir knows, one
 * row each: name in code, name in a token, type of its keys.
 *
 * "none" is not among them, and never will be.
 */

#ifndef WEIR_IMAGE_ALGS_H
#define WEIR_IMAGE_ALGS_H

/* name in code, "kty" of a JWK */
#define WEIR_KEY_TYPES(T)                                                     \
    T(OCT, "oct") T(RSA, "RSA") T(EC, "EC") T(OKP, "OKP")

typedef enum {
#define T(name, text)  WEIR_KTY_##name,
    WEIR_KEY_TYPES(T)
#undef T
    WEIR_KTY_COUNT
} weir_kty_t;

#define WEIR_ALGS(A)                                                          \
    A(HS256,  "HS256",  OCT) A(HS384, "HS384", OCT) A(HS512, "HS512", OCT)    \
    A(RS256,  "RS256",  RSA) A(RS384, "RS384", RSA) A(RS512, "RS512", RSA)    \
    A(PS256,  "PS256",  RSA) A(PS384, "PS384", RSA) A(PS512, "PS512", RSA)    \
    A(ES256,  "ES256",  EC)  A(ES384, "ES384", EC)  A(ES512, "ES512", EC)     \
    A(ES256K, "ES256K", EC)  A(EDDSA, "EdDSA", OKP)

typedef enum {
#define A(name, text, kty)  WEIR_ALG_##name,
    WEIR_ALGS(A)
#undef A
    WEIR_ALG_COUNT
} weir_alg_t;

#define WEIR_ALG_BIT(name)  (1u << WEIR_ALG_##name)

/* those whose key is a shared secret; all others */
#define WEIR_ALGS_SECRET                                                      \
    (WEIR_ALG_BIT(HS256) | WEIR_ALG_BIT(HS384) | WEIR_ALG_BIT(HS512))
#define WEIR_ALGS_PUBLIC  ((1u << WEIR_ALG_COUNT) - 1 - WEIR_ALGS_SECRET)

#endif
