/*
 * token.h: what a verified token says, and the form in which it is kept.
 *
 * A weir_token_t is read in place: its texts and values point into memory
 * that lives as long as the request.  Packed, it is one block of bytes
 * without addresses; unpacked in place, it parses no JSON and allocates
 * nothing.
 */

#ifndef WEIR_RUN_TOKEN_H
#define WEIR_RUN_TOKEN_H

#include "base/digest.h"
#include "base/rc.h"
#include "image/bounds.h"
#include "run/value.h"

#define WEIR_NO_TIME  INT64_MIN         /* a time that the token lacks */

typedef struct {
    weir_str_t    iss;
    weir_str_t    sub;          /* of the claims as map says; "" = none */
    weir_str_t    tenant;       /* "" = none */
    weir_str_t    acr;
    weir_str_t    jti;
    weir_str_t    kid;          /* of the key, named in the header or not */
    weir_value_t  roles;        /* LIST of STRING, REP_VALUES */
    weir_value_t  amr;          /* the same */
    weir_value_t  scopes;       /* the same: "scope" by blanks, or "scp" */
    weir_value_t  claims;       /* MAP with keys in the order of their bytes */
    int64_t       exp;          /* seconds since 1970, or WEIR_NO_TIME */
    int64_t       nbf;
    int64_t       iat;
    int64_t       auth_time;
    uint8_t       key[WEIR_SHA256_LEN];     /* thumbprint of what verified it */
    uint8_t       x5t[WEIR_SHA256_LEN];     /* cnf: RFC 8705 */
    uint8_t       jkt[WEIR_SHA256_LEN];     /* cnf: RFC 9449 */
    bool          has_x5t;
    bool          has_jkt;
} weir_token_t;

/* Bytes of the packed form; 0: too many to be kept. */
size_t weir_token_packed(const weir_token_t *t);
/* Writes exactly that many. */
void weir_token_pack(const weir_token_t *t, void *out);
/*
 * mem, 16-byte aligned, becomes what *t points into.  WEIR_ERROR: no packed
 * token; whatever the bytes are, nothing outside of them is touched.
 */
weir_rc_t weir_token_unpack(void *mem, size_t len, weir_token_t *t);

#endif
