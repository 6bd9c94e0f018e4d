/*
 * claims.h: the claims of a token: from JSON to values of CEL, and from those
 * to what a token says.
 */

#ifndef WEIR_RUN_CLAIMS_H
#define WEIR_RUN_CLAIMS_H

#include "run/jwt.h"

/* the last second of the year 9999: a time beyond it was not in seconds */
#define WEIR_MAX_TIME  INT64_C(253402300799)

/*
 * An object as a MAP, in memory: keys in the order of their bytes, at every
 * depth.  WEIR_TOKEN_CLAIMS: no object, not strictly JSON, more than
 * WEIR_MAX_CLAIMS values, or more members than principal.claims may have.
 */
weir_token_fault_t weir_claims_read(weir_str_t text, const weir_memory_t *m,
    weir_value_t *out);

/* Of a map that was read; NULL: it has none, or is no map. */
const weir_value_t *weir_claims_get(const weir_value_t *map, weir_str_t name);

/*
 * A NumericDate (RFC 7519, section 2), which may have a fraction, as seconds:
 * those that are over, or, up, those that have begun.  NULL is WEIR_NO_TIME.
 * false: no number from 0 to WEIR_MAX_TIME.
 */
bool weir_claims_time(const weir_value_t *v, bool up, int64_t *out);

/* Text as it is, "" for NULL.  false: it is something else. */
bool weir_claims_text(const weir_value_t *v, weir_str_t *out);

/*
 * All that the claims say, as the issuer's paths and token.h want it: all of
 * *t but kid and key.  Nothing is compared with the issuer's rules.
 */
weir_token_fault_t weir_token_read(weir_str_t payload, const weir_image_t *img,
    const weir_img_issuer_t *issuer, const weir_memory_t *m, weir_token_t *t);


/* The string that ref i of a range names. */
static inline weir_str_t
weir_ref_str(const weir_image_t *img, weir_range_t range, uint32_t i)
{
    return weir_img_str(img, WEIR_REC(img, REFS)[range.first + i]);
}

#endif
