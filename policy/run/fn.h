/*
 * fn.h: the functions of image/functions.h, by concern in fn_*.c.
 *
 * A function gets arguments of the kinds of its row, none of them an error.
 * It takes memory from the request's scratch alone, and counts steps that
 * grow with its input (weir_work).
 */

#ifndef WEIR_RUN_FN_H
#define WEIR_RUN_FN_H

#include "run/eval.h"

typedef weir_value_t (*weir_fn_impl_t)(weir_eval_t *e, const weir_value_t *a);

#define F(id, name, result, args, cost, sig)                                  \
    weir_value_t weir_fn_##id(weir_eval_t *e, const weir_value_t *a);
WEIR_FUNCTIONS(F)
#undef F

/* by weir_fn_t */
extern const weir_fn_impl_t  weir_fn_impls[WEIR_FN_COUNT];

/* The first overload of a name for these arguments; WEIR_FN_COUNT: none. */
unsigned weir_fn_choose(unsigned name, const weir_value_t *a, unsigned nargs);

#define WEIR_UNORDERED  2        /* one of the two is not a number */

/*
 * INT UINT DOUBLE: -1, 0, 1 or WEIR_UNORDERED.  Integers compare exactly,
 * with a double as doubles: what that cannot hold is rounded.
 */
int weir_compare_numbers(const weir_value_t *a, const weir_value_t *b);

/* Whether a text is among n constants, without making values of them. */
weir_value_t weir_text_among(weir_eval_t *e, const weir_img_const_t *c,
    uint32_t n, weir_str_t text);

/* What an OPTIONAL with a value holds. */
void weir_optional_get(weir_eval_t *e, const weir_value_t *v,
    weir_value_t *out);

#define WEIR_DOUBLE_STRLEN  352     /* of any double without an exponent */

/*
 * The fewest digits that tell a finite number; plain: never with an exponent.
 * Returns the length.
 */
size_t weir_double_print(double d, bool plain, char out[WEIR_DOUBLE_STRLEN]);

bool weir_cidrs_contain(const weir_image_t *img, uint32_t cidrs,
    const weir_ip_t *ip);

/* LIST, MAP, BUILD, APPEND, INSERT; a: their operands on the stack. */
weir_value_t weir_eval_list(weir_eval_t *e, const weir_insn_t *in,
    const weir_value_t *a);
weir_value_t weir_eval_map(weir_eval_t *e, const weir_insn_t *in,
    const weir_value_t *a);
weir_value_t weir_eval_build(weir_eval_t *e, unsigned kind,
    const weir_value_t *range);
weir_value_t weir_eval_append(const weir_value_t *list,
    const weir_value_t *v);
weir_value_t weir_eval_insert(weir_eval_t *e, const weir_value_t *a);

/* For functions that do nothing with the request: F(a) { return ...; } */
#define WEIR_FN(id)                                                           \
    weir_value_t                                                              \
    weir_fn_##id(weir_eval_t *e, const weir_value_t *a)

#define WEIR_UNUSED(x)  (void) (x)


static inline weir_value_t
weir_v_uint(uint64_t u)
{
    return (weir_value_t) { .kind = WEIR_T_UINT, .u.u = u };
}


static inline weir_value_t
weir_v_double(double d)
{
    return (weir_value_t) { .kind = WEIR_T_DOUBLE, .u.d = d };
}

#endif
