/*
 * cost.h: what an instruction costs.  Emitter and verifier use the same
 * functions, so that what one emits the other accepts (see ops.h).
 */

#ifndef WEIR_IMAGE_COST_H
#define WEIR_IMAGE_COST_H

#include "base/num.h"
#include "image/bounds.h"
#include "image/functions.h"
#include "image/ops.h"

#define WEIR_COST_LEN_STEPS  10     /* what LEN counts as */
#define WEIR_COST_N          0xff   /* "as the operand says" */


static inline uint64_t
weir_fn_cost(unsigned fn)
{
    return weir_fns[fn].cost == WEIR_COST_LEN ? WEIR_COST_LEN_STEPS
                                              : weir_fns[fn].cost;
}


/* The dearest overload of a name that takes that many arguments. */
static inline uint64_t
weir_name_cost(unsigned name, unsigned nargs)
{
    unsigned  i;
    uint64_t  c, most;

    most = 1;

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        if (weir_fns[i].name == name && weir_fns[i].nargs == nargs) {
            c = weir_fn_cost(i);
            most = c > most ? c : most;
        }
    }

    return most;
}


/* Once; the operands are known to be in range. */
static inline uint64_t
weir_insn_cost(const weir_insn_t *in)
{
    enum { N = WEIR_COST_N };

    static const uint8_t  costs[] = {
#define OP(name, operand, pops, pushes, cost)  cost,
        WEIR_OPS(OP)
#undef OP
    };

    if (in->op == WEIR_OP_CALL) {
        return weir_fn_cost(in->b);
    }

    if (in->op == WEIR_OP_CALLD) {
        return weir_name_cost(in->b, in->a);
    }

    return costs[in->op];
}


/* The most rounds of a loop, by its LOOP. */
static inline uint64_t
weir_loop_rounds(const weir_insn_t *loop)
{
    return 1u << loop->a;
}

#endif
