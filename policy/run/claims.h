/*
 * claims.h: JSON of a token's claims as values of CEL.
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

#endif
