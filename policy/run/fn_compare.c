/*
 * fn_compare.c: not, equality, order.
 *
 * Numbers compare by value across kinds.  What is not a number is unequal to
 * all, and neither less nor greater.
 */

#include "run/fn.h"


WEIR_FN(NOT_BOOL)
{
    WEIR_UNUSED(e);
    return weir_v_bool(!a[0].u.b);
}


WEIR_FN(EQ_BOOL)
{
    WEIR_UNUSED(e);
    return weir_v_bool(a[0].u.b == a[1].u.b);
}


WEIR_FN(EQ_INT)
{
    WEIR_UNUSED(e);
    return weir_v_bool(a[0].u.i == a[1].u.i);
}


WEIR_FN(EQ_STRING)
{
    if (!weir_work(e, a[0].len)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    return weir_v_bool(weir_str_eq(weir_v_text(&a[0]), weir_v_text(&a[1])));
}


WEIR_FN(EQ_ANY)
{
    return weir_value_equal(e, &a[0], &a[1]);
}


static weir_value_t
opposite(weir_value_t v)
{
    return v.kind == WEIR_T_BOOL ? weir_v_bool(!v.u.b) : v;
}


WEIR_FN(NE_BOOL)
{
    return opposite(weir_fn_EQ_BOOL(e, a));
}


WEIR_FN(NE_INT)
{
    return opposite(weir_fn_EQ_INT(e, a));
}


WEIR_FN(NE_STRING)
{
    return opposite(weir_fn_EQ_STRING(e, a));
}


WEIR_FN(NE_ANY)
{
    return opposite(weir_fn_EQ_ANY(e, a));
}


/* -1, 0, 1, or WEIR_UNORDERED, for two of one kind or two numbers. */
static int
order(const weir_value_t *a, const weir_value_t *b)
{
    switch (a->kind) {

    case WEIR_T_BOOL:
        return (int) a->u.b - (int) b->u.b;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return weir_str_cmp(weir_v_text(a), weir_v_text(b));

    case WEIR_T_TIMESTAMP:
        if (a->u.i != b->u.i) {
            return a->u.i < b->u.i ? -1 : 1;
        }

        return (a->len > b->len) - (a->len < b->len);

    case WEIR_T_DURATION:
        if (a->u.i != b->u.i) {
            return a->u.i < b->u.i ? -1 : 1;
        }

        return ((int32_t) a->len > (int32_t) b->len)
               - ((int32_t) a->len < (int32_t) b->len);

    default:
        return weir_compare_numbers(a, b);
    }
}


static bool
counts(weir_eval_t *e, const weir_value_t *a)
{
    return a->kind == WEIR_T_STRING || a->kind == WEIR_T_BYTES
               ? weir_work(e, a->len) : true;
}


#define ORDER(id, test)                                                       \
    WEIR_FN(id)                                                               \
    {                                                                         \
        int  o;                                                               \
                                                                              \
        if (!counts(e, a)) {                                                  \
            return weir_v_err(WEIR_E_TOO_LARGE);                              \
        }                                                                     \
                                                                              \
        o = order(&a[0], &a[1]);                                              \
                                                                              \
        return weir_v_bool(o != WEIR_UNORDERED && (test));                    \
    }

#define F(id, name, result, args, cost, sig)  ORDER(id, o < 0)
WEIR_ORDERED(F, LT)
#undef F

#define F(id, name, result, args, cost, sig)  ORDER(id, o <= 0)
WEIR_ORDERED(F, LE)
#undef F

#define F(id, name, result, args, cost, sig)  ORDER(id, o > 0)
WEIR_ORDERED(F, GT)
#undef F

#define F(id, name, result, args, cost, sig)  ORDER(id, o >= 0)
WEIR_ORDERED(F, GE)
#undef F
