/*
 * jwt.h: from the text of a token to what it says (RFC 7515, 7519, 8725).
 *
 * Whether a token is good, by its signature and by the rules of its issuer;
 * what its owner may do is decided elsewhere.  The verdict on each bad input
 * is in the table of the tests.
 */

#ifndef WEIR_RUN_JWT_H
#define WEIR_RUN_JWT_H

#include "run/image.h"
#include "run/keys.h"
#include "run/token.h"

/* name in code, name in logs and tests, sentence */
#define WEIR_TOKEN_FAULTS(F)                                                  \
    F(NONE,       "none",           "the token is good")                      \
    F(MALFORMED,  "malformed",      "the token is malformed")                 \
    F(TOO_LARGE,  "too_large",      "the token is too large")                 \
    F(HEADER,     "bad_header",     "the token's header is not acceptable")   \
    F(ALG,        "bad_alg",        "the token's algorithm is not allowed")   \
    F(KEY,        "unknown_key",    "no key of the issuer fits the token")    \
    F(NO_KEYS,    "no_keys",        "the issuer's keys are not known")        \
    F(SIGNATURE,  "bad_signature",  "the token's signature is wrong")         \
    F(CLAIMS,     "bad_claims",     "the token's claims are malformed")       \
    F(ISSUER,     "bad_issuer",     "the token is of another issuer")         \
    F(AUDIENCE,   "bad_audience",   "the token is for another audience")      \
    F(EXPIRED,    "expired",        "the token has expired")                  \
    F(EARLY,      "not_yet_valid",  "the token is not valid yet")             \
    F(OLD,        "too_old",        "the token was issued too long ago")      \
    F(TYP,        "bad_typ",        "the token is of another type")           \
    F(MISSING,    "missing_claim",  "the token lacks a required claim")       \
    F(REVOKED,    "revoked",        "the token is revoked")                   \
    F(STALE,      "stale_revoked",  "what is revoked is not known")           \
    F(BINDING,    "bad_binding",    "the token is bound to another caller")   \
    F(PROOF,      "bad_proof",      "the proof of possession is wrong")       \
    F(REPLAY,     "replayed",       "the proof of possession was used before")\
    F(MEMORY,     "out_of_memory",  "there is no memory for the token")

typedef enum {
#define F(name, text, sentence)  WEIR_TOKEN_##name,
    WEIR_TOKEN_FAULTS(F)
#undef F
    WEIR_TOKEN_COUNT
} weir_token_fault_t;

const char *weir_token_fault_name(unsigned fault);
const char *weir_token_fault_text(unsigned fault);

/* Memory that lives as long as what was verified; NULL: none. */
typedef struct {
    void  *(*alloc)(void *data, size_t n);      /* 16-byte aligned */
    void   *data;
} weir_memory_t;

/*
 * The signature alone: compact serialisation, three parts, an algorithm that
 * is in algs, allowed by the header and by the key.  *payload is decoded, in
 * memory; *key is the one that verified.  The key with the token's kid is
 * tried, or, without a kid, the first four that fit its algorithm.  Header
 * parameters that would change how a token is read (crit, b64, enc, zip) are
 * refused; those that bring a key (jwk, jku, x5u, x5c) are not looked at.
 */
weir_token_fault_t weir_jws_verify(weir_str_t token, uint32_t algs,
    const weir_keys_t *keys, const weir_memory_t *m, weir_str_t *payload,
    const weir_vkey_t **key);

/*
 * A whole token under the rules of an issuer at a time (seconds): signature,
 * header, claims, times, types, revocation.  keys NULL: WEIR_TOKEN_NO_KEYS.
 * WEIR_TOKEN_KEY: newer keys might have the one.
 *
 * Without "exp" a token must be bounded by max_age, else it lacks a claim.
 * Times may have a fraction and lie between 1970 and the year 9999; "iat" and
 * "auth_time" in the future are WEIR_TOKEN_EARLY.  A required claim that is
 * null or "" is not there.  "cnf" holds what token.h has, and nothing else.
 */
weir_token_fault_t weir_jwt_verify(weir_str_t token, const weir_image_t *img,
    uint32_t issuer, const weir_keys_t *keys, int64_t now,
    const weir_memory_t *m, weir_token_t *out);

/*
 * What may have changed for a token that was verified before: the keys, the
 * time, the lists of what is revoked.
 */
weir_token_fault_t weir_jwt_again(const weir_token_t *t,
    const weir_image_t *img, uint32_t issuer, const weir_keys_t *keys,
    int64_t now);

/*
 * "iss" of a token whose signature nobody has looked at: to choose among
 * issuers, never to believe.  data NULL: it says none.  Claims that are not
 * JSON may name one too, and are refused later.
 */
weir_str_t weir_jwt_peek_issuer(weir_str_t token, const weir_memory_t *m);

/*
 * Under what a verified token is remembered: SHA-256 of the issuer's digest
 * and the token.  WEIR_ERROR: it is longer than any that is verified.
 */
weir_rc_t weir_jwt_cache_key(weir_digester_t *d,
    const weir_img_issuer_t *issuer, weir_str_t token,
    uint8_t out[WEIR_SHA256_LEN]);

/*
 * A DPoP proof (RFC 9449, 4.3) for a request: its key must be jkt, where that
 * is not NULL.  url is scheme, host and path, without query.  *id is what
 * must not come twice until *until.
 */
weir_token_fault_t weir_dpop_verify(weir_str_t proof, weir_str_t method,
    weir_str_t url, weir_str_t token, const uint8_t *jkt, uint32_t algs,
    uint32_t skew, int64_t now, const weir_memory_t *m,
    uint8_t id[WEIR_SHA256_LEN], int64_t *until);

#endif
