/*
 * fn_flags.c: whether a flag is on.
 */

#include "run/fn.h"
#include "run/split.h"


static void
put_half(uint8_t *bytes, uint64_t v)
{
    unsigned  i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (uint8_t) (v >> (8 * i));
    }
}


/* Verified code may bring any numbers. */
WEIR_FN(ROLLOUT_OF)
{
    int64_t    bucket;
    weir_id_t  salt;

    if (a[0].len == 0) {
        return weir_v_bool(false);
    }

    if (!weir_work(e, a[0].len)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    put_half(salt.bytes, a[1].u.u);
    put_half(salt.bytes + 8, a[2].u.u);
    bucket = weir_split_bucket(&salt, weir_str(a[0].u.s, a[0].len));

    return weir_v_bool(bucket < a[3].u.i);
}
