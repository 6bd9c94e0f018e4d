/*
 * fn.c: the table of functions, and the choice of an overload by the kinds of
 * values.
 */

#include "run/fn.h"

const weir_fn_impl_t  weir_fn_impls[WEIR_FN_COUNT] = {
#define F(id, name, result, args, cost, sig)  weir_fn_##id,
    WEIR_FUNCTIONS(F)
#undef F
};


/*
 * Rows stand in the order of their names; this is the place behind each
 * name's last.  An initializer that comes later wins.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

static const uint16_t  ends[WEIR_N_COUNT] = {
#define F(id, name, result, args, cost, sig)                                  \
    [WEIR_N_##name] = WEIR_FN_##id + 1,
    WEIR_FUNCTIONS(F)
#undef F
};

#pragma GCC diagnostic pop


static bool
takes(const weir_fn_info_t *fn, const weir_value_t *a, unsigned nargs)
{
    unsigned  i;

    if (fn->nargs != nargs) {
        return false;
    }

    for (i = 0; i < nargs; i++) {
        if (fn->args[i] != WEIR_T_DYN && fn->args[i] != a[i].kind) {
            return false;
        }
    }

    return true;
}


unsigned
weir_fn_choose(unsigned name, const weir_value_t *a, unsigned nargs)
{
    unsigned  i;

    for (i = name == 0 ? 0 : ends[name - 1]; i < ends[name]; i++) {
        if (takes(&weir_fns[i], a, nargs)) {
            return i;
        }
    }

    return WEIR_FN_COUNT;
}
