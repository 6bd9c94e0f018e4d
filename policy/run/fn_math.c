/*
 * fn_math.c: the extension library math.
 *
 * Rounding needs no library: what is at least 2^52 has no fraction, and what
 * is less is exact as an integer.
 */

#include <math.h>

#include "run/fn.h"

#define WHOLE  4503599627370496.0       /* 2^52 */


/* Of numbers of any kinds, the one that compares with the other as want. */
static weir_value_t
extreme(const weir_value_t *a, const weir_value_t *b, int want)
{
    int  order;

    order = weir_compare_numbers(b, a);

    if (order == WEIR_UNORDERED) {
        return weir_v_err(WEIR_E_INVALID_ARGUMENT);
    }

    return order == want ? *b : *a;
}


static bool
is_number(const weir_value_t *v)
{
    return v->kind == WEIR_T_INT || v->kind == WEIR_T_UINT
           || v->kind == WEIR_T_DOUBLE;
}


static weir_value_t
extreme_of(weir_eval_t *e, const weir_value_t *list, int want)
{
    uint32_t      i;
    weir_value_t  v, best;

    if (list->len == 0) {
        return weir_v_err(WEIR_E_INVALID_ARGUMENT);
    }

    if (!weir_work(e, (size_t) list->len * 16)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    weir_list_at(e, list, 0, &best);

    for (i = 0; i < list->len; i++) {
        weir_list_at(e, list, i, &v);

        if (!is_number(&v)) {
            return weir_v_err(WEIR_E_NO_SUCH_OVERLOAD);
        }

        if (i != 0) {
            best = extreme(&best, &v, want);
        }

        if (best.kind == WEIR_T_ERR) {
            return best;
        }
    }

    return best;
}


#define ONE(id)                                                               \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return a[0];                                                          \
    }

#define PAIR(id, want)                                                        \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return extreme(&a[0], &a[1], want);                                   \
    }

#define LIST(id, want)                                                        \
    WEIR_FN(id)                                                               \
    {                                                                         \
        return extreme_of(e, &a[0], want);                                    \
    }

#define EXTREME(name, want)                                                   \
    ONE(name##_INT)                                                           \
    ONE(name##_UINT)                                                          \
    ONE(name##_DOUBLE)                                                        \
    LIST(name##_INTS, want)                                                   \
    LIST(name##_UINTS, want)                                                  \
    LIST(name##_DOUBLES, want)                                                \
    PAIR(name##_INT_INT, want)                                                \
    PAIR(name##_UINT_UINT, want)                                              \
    PAIR(name##_DOUBLE_DOUBLE, want)                                          \
    PAIR(name##_INT_UINT, want)                                               \
    PAIR(name##_INT_DOUBLE, want)                                             \
    PAIR(name##_UINT_INT, want)                                               \
    PAIR(name##_UINT_DOUBLE, want)                                            \
    PAIR(name##_DOUBLE_INT, want)                                             \
    PAIR(name##_DOUBLE_UINT, want)

EXTREME(GREATEST, 1)
EXTREME(LEAST, -1)


/* Towards zero; zero keeps its sign. */
static double
truncated(double d)
{
    if (!(d > -WHOLE && d < WHOLE)) {
        return d;
    }

    return __builtin_copysign((double) (int64_t) d, d);
}


/* To the nearest, halves away from zero. */
static double
rounded(double d)
{
    double  t;

    t = truncated(d);

    if (d - t >= 0.5) {
        return t + 1;
    }

    return d - t <= -0.5 ? t - 1 : t;
}


static double
lower(double d)
{
    double  t;

    t = truncated(d);

    return t > d ? t - 1 : t;
}


static double
upper(double d)
{
    double  t;

    t = truncated(d);

    return t < d ? t + 1 : t;
}


/* What is not a number stays so. */
static double
sign_of(double d)
{
    if (d > 0) {
        return 1;
    }

    return d < 0 ? -1 : d == 0 ? 0 : d;
}


#define DOUBLE(id, value)                                                     \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_double(value);                                          \
    }

#define BOOL(id, value)                                                       \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_bool(value);                                            \
    }

#define INT(id, value)                                                        \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_int(value);                                             \
    }

#define UINT(id, value)                                                       \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_uint(value);                                            \
    }

DOUBLE(CEIL_DOUBLE, upper(a[0].u.d))
DOUBLE(FLOOR_DOUBLE, lower(a[0].u.d))
DOUBLE(ROUND_DOUBLE, rounded(a[0].u.d))
DOUBLE(TRUNC_DOUBLE, truncated(a[0].u.d))
DOUBLE(ABS_DOUBLE, __builtin_fabs(a[0].u.d))
DOUBLE(SIGN_DOUBLE, sign_of(a[0].u.d))
DOUBLE(SQRT_INT, sqrt((double) a[0].u.i))
DOUBLE(SQRT_UINT, sqrt((double) a[0].u.u))
DOUBLE(SQRT_DOUBLE, sqrt(a[0].u.d))

BOOL(IS_NAN_DOUBLE, isnan(a[0].u.d))
BOOL(IS_INF_DOUBLE, isinf(a[0].u.d))
BOOL(IS_FINITE_DOUBLE, isfinite(a[0].u.d))

INT(SIGN_INT, (a[0].u.i > 0) - (a[0].u.i < 0))
INT(BIT_AND_INT, a[0].u.i & a[1].u.i)
INT(BIT_OR_INT, a[0].u.i | a[1].u.i)
INT(BIT_XOR_INT, a[0].u.i ^ a[1].u.i)
INT(BIT_NOT_INT, ~a[0].u.i)

ONE(ABS_UINT)
UINT(SIGN_UINT, a[0].u.u != 0)
UINT(BIT_AND_UINT, a[0].u.u & a[1].u.u)
UINT(BIT_OR_UINT, a[0].u.u | a[1].u.u)
UINT(BIT_XOR_UINT, a[0].u.u ^ a[1].u.u)
UINT(BIT_NOT_UINT, ~a[0].u.u)


WEIR_FN(ABS_INT)
{
    WEIR_UNUSED(e);

    if (a[0].u.i == INT64_MIN) {
        return weir_v_err(WEIR_E_OVERFLOW);
    }

    return weir_v_int(a[0].u.i < 0 ? -a[0].u.i : a[0].u.i);
}


/* By 64 and more nothing is left; to the right, zeros come in. */
static weir_value_t
shifted(const weir_value_t *a, bool left)
{
    weir_value_t  v;

    if (a[1].u.i < 0) {
        return weir_v_err(WEIR_E_INVALID_ARGUMENT);
    }

    v = a[0];

    if (a[1].u.i > 63) {
        v.u.u = 0;

    } else {
        v.u.u = left ? v.u.u << a[1].u.i : v.u.u >> a[1].u.i;
    }

    return v;
}


#define SHIFT(id, left)                                                       \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return shifted(a, left);                                              \
    }

SHIFT(SHIFT_LEFT_INT, true)
SHIFT(SHIFT_LEFT_UINT, true)
SHIFT(SHIFT_RIGHT_INT, false)
SHIFT(SHIFT_RIGHT_UINT, false)
