/*
 * eval_quick.h: the functions that rules call most, inside the evaluator.
 *
 * A call, values in memory for its arguments and a look at every one of them
 * cost more than what these do.  The result takes the place of the first.
 * Where they say false, nothing has changed but steps: it is none of these,
 * or it ends in an error, and the function has to say what it comes to.  What
 * is counted, and comes out, is what the function would have.
 */

#ifndef WEIR_RUN_EVAL_QUICK_H
#define WEIR_RUN_EVAL_QUICK_H

#include "base/num.h"
#include "run/fn.h"


/* Functions of two integers. */
static inline bool
weir_quick_ints(unsigned fn, int64_t a, int64_t b, weir_value_t *out)
{
    int64_t  i;

    switch (fn) {

    case WEIR_FN_EQ_INT:
        *out = weir_v_bool(a == b);
        return true;

    case WEIR_FN_LT_INT:
        *out = weir_v_bool(a < b);
        return true;

    case WEIR_FN_LE_INT:
        *out = weir_v_bool(a <= b);
        return true;

    case WEIR_FN_GT_INT:
        *out = weir_v_bool(a > b);
        return true;

    case WEIR_FN_GE_INT:
        *out = weir_v_bool(a >= b);
        return true;

    case WEIR_FN_ADD_INT:
        if (!weir_add(a, b, &i)) {
            return false;
        }

        break;

    case WEIR_FN_SUB_INT:
        if (!weir_sub(a, b, &i)) {
            return false;
        }

        break;

    case WEIR_FN_MUL_INT:
        if (!weir_mul(a, b, &i)) {
            return false;
        }

        break;

    default:
        return false;
    }

    *out = weir_v_int(i);

    return true;
}


/* The same of a text and a constant one. */
static inline __attribute__((always_inline)) bool
weir_quick_texts(weir_eval_t *e, unsigned fn, const weir_img_const_t *c,
    weir_value_t *x)
{
    bool         fits;
    size_t       n;
    weir_str_t   b;
    const char  *a;

    a = x->u.s;
    b = weir_const_text(e->image, c);
    n = b.len;

    switch (fn) {

    case WEIR_FN_EQ_STRING:
        fits = x->len == b.len;
        n = x->len;
        break;

    case WEIR_FN_STARTS_WITH_S:
        fits = x->len >= b.len;
        break;

    case WEIR_FN_ENDS_WITH_S:
        fits = x->len >= b.len;

        /* empty text may be NULL */
        if (x->len > b.len) {
            a += x->len - b.len;
        }

        break;

    default:
        return false;
    }

    if (!weir_work(e, n)) {
        return false;
    }

    *x = weir_v_bool(fits && weir_same_bytes(a, b.data, b.len));

    return true;
}


/*
 * A function of x and the constant behind it, of which no value is made.  The
 * function may have one argument alone: then x is whatever lies there, and
 * looked at in vain.
 */
static inline __attribute__((always_inline)) bool
weir_quick(weir_eval_t *e, unsigned fn, const weir_img_const_t *c,
    weir_value_t *x)
{
    weir_value_t  found;

    if (c->kind == WEIR_T_STRING) {
        return x->kind == WEIR_T_STRING && weir_quick_texts(e, fn, c, x);
    }

    if (c->kind == WEIR_T_INT) {
        return x->kind == WEIR_T_INT
               && weir_quick_ints(fn, x->u.i, (int64_t) c->v, x);
    }

    if (fn != WEIR_FN_IN_LIST || x->kind != WEIR_T_STRING
        || !weir_work(e, (size_t) c->n * 16))
    {
        return false;
    }

    found = weir_text_among(e, &WEIR_REC(e->image, CONSTS)[c->v], c->n,
                            weir_v_text(x));

    if (found.kind == WEIR_T_ERR) {
        return false;
    }

    *x = found;

    return true;
}


/* EQ_ANY of two texts. */
static inline bool
weir_quick_equal(weir_eval_t *e, weir_value_t *a, const weir_value_t *b)
{
    if (a->kind != WEIR_T_STRING || b->kind != WEIR_T_STRING
        || !weir_work(e, a->len))
    {
        return false;
    }

    *a = weir_v_bool(weir_str_eq(weir_v_text(a), weir_v_text(b)));

    return true;
}


/* The overloads for integers of names that weir_quick_ints() knows; or 0. */
static const uint16_t  weir_of_ints[WEIR_N_COUNT] = {
    [WEIR_N_LT] = WEIR_FN_LT_INT,
    [WEIR_N_LE] = WEIR_FN_LE_INT,
    [WEIR_N_GT] = WEIR_FN_GT_INT,
    [WEIR_N_GE] = WEIR_FN_GE_INT,
    [WEIR_N_ADD] = WEIR_FN_ADD_INT,
    [WEIR_N_SUB] = WEIR_FN_SUB_INT,
    [WEIR_N_MUL] = WEIR_FN_MUL_INT
};

#endif
