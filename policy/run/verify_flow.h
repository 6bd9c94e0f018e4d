/*
 * verify_flow.h: a program's state while the verifier runs it over kinds.
 *
 * Jumps lead forward, so one pass sees every path: what an instruction may
 * find is known when the pass comes to it.  A loop's body is seen once: what
 * it must find again is what it found at first.
 *
 * Kinds: a value of static kind ERR is an error for certain; in a local UNSET
 * says that some path did not set it.
 */

#ifndef WEIR_RUN_VERIFY_FLOW_H
#define WEIR_RUN_VERIFY_FLOW_H

#include "image/cost.h"
#include "image/types.h"
#include "run/verify.h"

#define LOOP_LOCALS  4
#define MAX_LOOPS    (WEIR_MAX_LOCALS / LOOP_LOCALS)    /* one in another */
#define MAX_ROUNDS   10         /* binary logarithm of WEIR_MAX_LIST */
#define MAX_FN_ARGS  4
#define NO_LOOP      UINT32_MAX

typedef struct {
    uint32_t  cost;
    uint32_t  need;             /* values of stack, programs inside included */
    uint32_t  depth;            /* programs inside programs */
    uint32_t  used_by;          /* the last program that named it, plus 1 */
} weir_prog_t;

typedef struct {
    uint64_t  cost;
    uint32_t  depth;            /* values on the stack */
    uint32_t  loop;             /* innermost, by its number in the program */
    uint32_t  left;             /* a loop that the path here left, or NO_LOOP */
    uint8_t   stack[WEIR_MAX_STACK];
    uint8_t   locals[WEIR_MAX_LOCALS];
} weir_state_t;

typedef struct {
    uint32_t      number;
    uint32_t      local;        /* the first of its locals */
    uint32_t      iter;         /* 0: between LOOP and ITER */
    uint32_t      out;
    uint32_t      rounds;
    uint64_t      from;         /* cost when it begins */
    uint64_t      peak;         /* highest cost in its body */
    uint8_t       range;        /* kind */
    weir_state_t  state;        /* at ITER */
} weir_loop_t;

typedef struct {
    weir_verify_t          *v;
    const weir_insn_t      *code;
    const weir_img_prog_t  *prog;
    uint32_t                index;
    uint32_t                n;          /* instructions */
    uint32_t                pc;
    weir_prog_t            *progs;
    uint64_t                memos;      /* cost of the programs it names */

    bool                    live;       /* whether control comes here */
    weir_state_t            now;
    weir_state_t           *states;     /* at targets of jumps, by pc */
    uint8_t                *target;     /* whether states[pc] is filled */
    uint64_t               *total;      /* cost at the end, by loop number */
    uint32_t                nloops;
    uint32_t                open;       /* loops around pc */
    weir_loop_t            *loops;
    uint64_t                slots[WEIR_MAX_MEMO / 64];  /* memos taken */
    uint8_t                *sorted;     /* by constant: SORTED_* */
    uint16_t                names[WEIR_N_COUNT][MAX_FN_ARGS + 1];
} weir_flow_t;

/* Always WEIR_ERROR; says which program and instruction. */
weir_rc_t weir_flow_bad(const weir_flow_t *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Control arrives at pc: from the instruction before it, by jumps, or both. */
weir_rc_t weir_flow_arrive(weir_flow_t *s);
/* A jump from here; it may leave loops. */
weir_rc_t weir_flow_jump(weir_flow_t *s, uint32_t target);

/* LOOP, ITER, NEXT. */
weir_rc_t weir_flow_loop(weir_flow_t *s, const weir_insn_t *in);
weir_rc_t weir_flow_iter(weir_flow_t *s, const weir_insn_t *in);
weir_rc_t weir_flow_next(weir_flow_t *s, const weir_insn_t *in);

#define bad  weir_flow_bad


static inline weir_rc_t
push(weir_flow_t *s, unsigned kind)
{
    if (s->now.depth == WEIR_MAX_STACK) {
        return bad(s, "more than %u values on the stack", WEIR_MAX_STACK);
    }

    s->now.stack[s->now.depth++] = (uint8_t) kind;

    if (s->prog->locals + s->now.depth > s->progs[s->index].need) {
        s->progs[s->index].need = s->prog->locals + s->now.depth;
    }

    return WEIR_OK;
}


/* Pops a value of that kind; DYN: of any. */
static inline weir_rc_t
pop(weir_flow_t *s, unsigned kind)
{
    unsigned  top;

    if (s->now.depth == 0) {
        return bad(s, "the stack is empty");
    }

    top = s->now.stack[--s->now.depth];

    if (top != kind && kind != WEIR_T_DYN && top != WEIR_T_ERR) {
        return bad(s, "finds %s where %s must be", weir_kind_name(top),
                   weir_kind_name(kind));
    }

    return WEIR_OK;
}


static inline weir_rc_t
pop_n(weir_flow_t *s, uint32_t n)
{
    if (n > s->now.depth) {
        return bad(s, "takes %u values of %u", n, s->now.depth);
    }

    s->now.depth -= n;

    return WEIR_OK;
}


static inline weir_rc_t
replace(weir_flow_t *s, unsigned pops, unsigned kind)
{
    return pop(s, pops) == WEIR_OK ? push(s, kind) : WEIR_ERROR;
}


static inline void
spend(weir_flow_t *s, uint64_t cost)
{
    uint32_t  i;

    s->now.cost = weir_sat_add(s->now.cost, cost);

    for (i = 0; i < s->open; i++) {
        if (s->now.cost > s->loops[i].peak) {
            s->loops[i].peak = s->now.cost;
        }
    }
}


static inline weir_rc_t
use_local(const weir_flow_t *s, uint32_t local, uint32_t n)
{
    if (!weir_fits(local, n, s->prog->locals)) {
        return bad(s, "local %u of %u", local + n - 1, s->prog->locals);
    }

    return WEIR_OK;
}


static inline weir_rc_t
own_local(const weir_flow_t *s, uint32_t local, uint32_t n)
{
    uint32_t  i;

    if (use_local(s, local, n) != WEIR_OK) {
        return WEIR_ERROR;
    }

    for (i = 0; i < s->open; i++) {
        if (local < s->loops[i].local + LOOP_LOCALS
            && s->loops[i].local < local + n)
        {
            return bad(s, "local %u belongs to a loop", local);
        }
    }

    return WEIR_OK;
}

#endif
