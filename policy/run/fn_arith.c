/*
 * fn_arith.c: arithmetic on numbers.  Integers overflow into errors, doubles
 * into infinities (IEEE 754).
 */

#include "base/num.h"
#include "run/fn.h"


static weir_value_t
checked_int(bool ok, int64_t i)
{
    return ok ? weir_v_int(i) : weir_v_err(WEIR_E_OVERFLOW);
}


static weir_value_t
checked_uint(bool ok, uint64_t u)
{
    return ok ? weir_v_uint(u) : weir_v_err(WEIR_E_OVERFLOW);
}


WEIR_FN(NEG_INT)
{
    int64_t  r;
    bool     ok;

    WEIR_UNUSED(e);
    ok = weir_sub(INT64_C(0), a[0].u.i, &r);

    return checked_int(ok, r);
}


WEIR_FN(NEG_DOUBLE)
{
    WEIR_UNUSED(e);
    return weir_v_double(-a[0].u.d);
}


#define INT(id, op)                                                           \
    WEIR_FN(id)                                                               \
    {                                                                         \
        bool     ok;                                                          \
        int64_t  r;                                                           \
                                                                              \
        WEIR_UNUSED(e);                                                       \
        ok = op(a[0].u.i, a[1].u.i, &r);                                      \
                                                                              \
        return checked_int(ok, r);                                            \
    }

#define UINT(id, op)                                                          \
    WEIR_FN(id)                                                               \
    {                                                                         \
        bool      ok;                                                         \
        uint64_t  r;                                                          \
                                                                              \
        WEIR_UNUSED(e);                                                       \
        ok = op(a[0].u.u, a[1].u.u, &r);                                      \
                                                                              \
        return checked_uint(ok, r);                                           \
    }

#define DOUBLE(id, op)                                                        \
    WEIR_FN(id)                                                               \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return weir_v_double(a[0].u.d op a[1].u.d);                           \
    }

INT(ADD_INT, weir_add)
INT(SUB_INT, weir_sub)
INT(MUL_INT, weir_mul)

UINT(ADD_UINT, weir_add)
UINT(SUB_UINT, weir_sub)
UINT(MUL_UINT, weir_mul)

DOUBLE(ADD_DOUBLE, +)
DOUBLE(SUB_DOUBLE, -)
DOUBLE(MUL_DOUBLE, *)


/* Division by zero is IEEE's: an infinity, or not a number. */
WEIR_FN(DIV_DOUBLE)
{
    double  x, y;

    WEIR_UNUSED(e);
    x = a[0].u.d;
    y = a[1].u.d;

    if (y != 0) {
        return weir_v_double(x / y);
    }

    if (x == 0 || x != x) {
        return weir_v_double(__builtin_nan(""));
    }

    return weir_v_double(__builtin_signbit(x) == __builtin_signbit(y)
                             ? __builtin_inf() : -__builtin_inf());
}


/* What integer division of a by b fails with. */
static weir_eval_error_t
int_division(const weir_value_t *a)
{
    if (a[1].u.i == 0) {
        return WEIR_E_DIVIDE_BY_ZERO;
    }

    return a[0].u.i == INT64_MIN && a[1].u.i == -1 ? WEIR_E_OVERFLOW
                                                   : WEIR_E_NONE;
}


WEIR_FN(DIV_INT)
{
    weir_eval_error_t  error;

    WEIR_UNUSED(e);
    error = int_division(a);

    return error ? weir_v_err(error) : weir_v_int(a[0].u.i / a[1].u.i);
}


WEIR_FN(MOD_INT)
{
    weir_eval_error_t  error;

    WEIR_UNUSED(e);
    error = int_division(a);

    return error ? weir_v_err(error) : weir_v_int(a[0].u.i % a[1].u.i);
}


WEIR_FN(DIV_UINT)
{
    WEIR_UNUSED(e);

    return a[1].u.u ? weir_v_uint(a[0].u.u / a[1].u.u)
                    : weir_v_err(WEIR_E_DIVIDE_BY_ZERO);
}


WEIR_FN(MOD_UINT)
{
    WEIR_UNUSED(e);

    return a[1].u.u ? weir_v_uint(a[0].u.u % a[1].u.u)
                    : weir_v_err(WEIR_E_DIVIDE_BY_ZERO);
}
