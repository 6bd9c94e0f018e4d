/*
 * cel_flag.c: what a flag is once its key is known: a call that no source can
 * write.
 */

#include "front/cel_ast.h"

static const uint16_t  rows[] = { WEIR_FN_ROLLOUT_OF };


static int64_t
half_of(const uint8_t *bytes)
{
    unsigned  i;
    uint64_t  v;

    v = 0;

    for (i = 0; i < 8; i++) {
        v |= (uint64_t) bytes[i] << (8 * i);
    }

    return (int64_t) v;
}


static weir_ex_t *
number(weir_cel_t *c, const weir_ex_t *at, int64_t i)
{
    weir_ex_t    *ex;
    weir_cval_t   v;

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_INT;
    v.u.i = i;

    ex = weir_ex_const(c, &v, at->off, at->len);
    ex->type = &weir_types[WEIR_T_INT];

    return ex;
}


weir_ex_t *
weir_cel_rollout(weir_cel_t *c, weir_ex_t *key)
{
    weir_ex_t  *args[4], *call;

    args[0] = key;
    args[1] = number(c, key, half_of(c->flag->salt.bytes));
    args[2] = number(c, key, half_of(c->flag->salt.bytes + 8));
    args[3] = number(c, key, c->flag->share);

    call = weir_ex_make(c, WEIR_X_CALL, key->off, key->len, args, 4);
    call->op = key->off;
    call->name = weir_string("flags");
    call->fn = WEIR_N_ROLLOUT;
    call->matched = rows;
    call->nmatched = 1;
    call->type = &weir_types[WEIR_T_BOOL];
    weir_cel_plan(call);

    return call;
}
