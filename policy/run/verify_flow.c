/*
 * verify_flow.c: where the paths of a program part and join, and its loops.
 */

#include <stdarg.h>
#include <stdio.h>

#include "run/verify_flow.h"


weir_rc_t
weir_flow_bad(const weir_flow_t *s, const char *fmt, ...)
{
    char     text[100];
    va_list  args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    return weir_refuse(s->v->why, WEIR_REJECT_PROGRAM,
                       "progs[%u], instruction %u, %s: %s", s->index, s->pc,
                       s->pc < s->n ? weir_op_name(s->code[s->pc].op) : "end",
                       text);
}


static unsigned
join_kind(unsigned a, unsigned b)
{
    if (a == b || b == WEIR_T_ERR) {
        return a;
    }

    return a == WEIR_T_ERR ? b : WEIR_T_DYN;
}


static void
join_locals(const weir_flow_t *s, weir_state_t *a, const weir_state_t *b)
{
    uint32_t  i;

    for (i = 0; i < s->prog->locals; i++) {

        if (a->locals[i] == WEIR_T_UNSET || b->locals[i] == WEIR_T_UNSET) {
            a->locals[i] = WEIR_T_UNSET;

        } else {
            a->locals[i] = (uint8_t) join_kind(a->locals[i], b->locals[i]);
        }
    }
}


/* A path that left one loop cannot leave another before the first ended. */
static void
join_costs(const weir_flow_t *s, weir_state_t *a, const weir_state_t *b)
{
    if (a->left != b->left && a->left != NO_LOOP && b->left != NO_LOOP) {

        if (s->total[a->left] > a->cost) {
            a->cost = s->total[a->left];
        }

        a->left = b->left;

    } else if (a->left == NO_LOOP) {
        a->left = b->left;
    }

    if (b->cost > a->cost) {
        a->cost = b->cost;
    }
}


static void
copy_state(const weir_flow_t *s, weir_state_t *to, const weir_state_t *from)
{
    memcpy(to, from, offsetof(weir_state_t, stack));
    memcpy(to->stack, from->stack, from->depth);
    memcpy(to->locals, from->locals, s->prog->locals);
}


/* Adds what is now to what may be found at the target. */
static weir_rc_t
flow(weir_flow_t *s, const weir_state_t *now, uint32_t target)
{
    uint32_t  i;
    weir_state_t  *at;

    at = &s->states[target];

    if (!s->target[target]) {
        s->target[target] = 1;
        copy_state(s, at, now);
        return WEIR_OK;
    }

    if (at->depth != now->depth) {
        return bad(s, "%u values and %u on the stack of instruction %u",
                   at->depth, now->depth, target);
    }

    if (at->loop != now->loop) {
        return bad(s, "two ways to instruction %u cross a loop", target);
    }

    for (i = 0; i < at->depth; i++) {
        at->stack[i] = (uint8_t) join_kind(at->stack[i], now->stack[i]);
    }

    join_locals(s, at, now);
    join_costs(s, at, now);

    return WEIR_OK;
}


weir_rc_t
weir_flow_jump(weir_flow_t *s, uint32_t target)
{
    uint32_t  open;
    weir_state_t   then;
    weir_loop_t   *loop;

    if (target <= s->pc || target >= s->n) {
        return bad(s, "jumps to %u, not forward within %u instructions",
                   target, s->n);
    }

    copy_state(s, &then, &s->now);

    for (open = s->open; open > 0; open--) {
        loop = &s->loops[open - 1];

        if (loop->iter == 0) {
            return bad(s, "jumps between LOOP and ITER");
        }

        if (target < loop->out) {
            break;
        }

        memset(then.locals + loop->local, WEIR_T_UNSET, LOOP_LOCALS);
        then.left = loop->number;
    }

    then.loop = open ? s->loops[open - 1].number : NO_LOOP;

    return flow(s, &then, target);
}


weir_rc_t
weir_flow_arrive(weir_flow_t *s)
{
    if (s->target[s->pc]) {

        if (s->live && flow(s, &s->now, s->pc) != WEIR_OK) {
            return WEIR_ERROR;
        }

        copy_state(s, &s->now, &s->states[s->pc]);
        s->live = true;

        if (s->now.loop != (s->open ? s->loops[s->open - 1].number : NO_LOOP))
        {
            return bad(s, "a jump leads into a loop");
        }

        if (s->now.left != NO_LOOP) {

            if (s->total[s->now.left] > s->now.cost) {
                s->now.cost = s->total[s->now.left];
            }

            s->now.left = NO_LOOP;
        }
    }

    if (!s->live) {
        return bad(s, "nothing leads here");
    }

    return WEIR_OK;
}


weir_rc_t
weir_flow_loop(weir_flow_t *s, const weir_insn_t *in)
{
    unsigned  kind;
    weir_loop_t   *loop;

    if (own_local(s, in->b, LOOP_LOCALS) != WEIR_OK
        || pop(s, WEIR_T_DYN) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    kind = s->now.stack[s->now.depth];

    if (kind != WEIR_T_LIST && kind != WEIR_T_MAP && kind != WEIR_T_DYN
        && kind != WEIR_T_ERR)
    {
        return bad(s, "goes over %s", weir_kind_name(kind));
    }

    (void) push(s, WEIR_T_ERR);     /* there is room: one was popped */

    if (weir_flow_jump(s, in->c) != WEIR_OK) {
        return WEIR_ERROR;
    }

    s->now.depth--;
    memset(s->now.locals + in->b, WEIR_T_UNSET, LOOP_LOCALS);

    /* their locals are apart, so there is room */
    loop = &s->loops[s->open++];
    loop->number = s->nloops++;
    loop->local = in->b;
    loop->iter = 0;
    loop->peak = 0;
    loop->rounds = (uint32_t) weir_loop_rounds(in);
    loop->range = (uint8_t) kind;
    s->now.loop = loop->number;

    return WEIR_OK;
}


weir_rc_t
weir_flow_iter(weir_flow_t *s, const weir_insn_t *in)
{
    weir_loop_t  *loop;

    loop = s->open ? &s->loops[s->open - 1] : NULL;

    if (loop == NULL || loop->iter != 0 || loop->local != in->b) {
        return bad(s, "is not the ITER of the LOOP before it");
    }

    loop->iter = s->pc;
    loop->out = in->c;
    loop->from = s->now.cost - weir_insn_cost(in);  /* ITER goes round too */
    loop->peak = s->now.cost;
    copy_state(s, &loop->state, &s->now);

    if (weir_flow_jump(s, in->c) != WEIR_OK) {
        return WEIR_ERROR;
    }

    s->now.locals[in->b + 2] = WEIR_T_DYN;
    s->now.locals[in->b + 3] = WEIR_T_DYN;

    if (loop->range == WEIR_T_LIST) {
        s->now.locals[in->b + 3 - in->a] = WEIR_T_INT;
    }

    return WEIR_OK;
}


static bool
same_again(unsigned before, unsigned now)
{
    return before == now || before == WEIR_T_DYN || now == WEIR_T_ERR;
}


static weir_rc_t
check_again(const weir_flow_t *s, const weir_loop_t *loop)
{
    unsigned  was, is;
    uint32_t  i;

    if (s->now.depth != loop->state.depth) {
        return bad(s, "%u values on the stack, %u at ITER", s->now.depth,
                   loop->state.depth);
    }

    for (i = 0; i < s->now.depth; i++) {
        if (!same_again(loop->state.stack[i], s->now.stack[i])) {
            return bad(s, "value %u on the stack is another than at ITER", i);
        }
    }

    for (i = 0; i < s->prog->locals; i++) {
        was = loop->state.locals[i];
        is = s->now.locals[i];

        if (was != WEIR_T_UNSET && !same_again(was, is)) {
            return bad(s, "local %u is %s, at ITER %s", i, weir_kind_name(is),
                       weir_kind_name(was));
        }
    }

    return WEIR_OK;
}


weir_rc_t
weir_flow_next(weir_flow_t *s, const weir_insn_t *in)
{
    uint32_t  i;
    uint64_t  total;
    weir_loop_t   *loop;

    loop = s->open ? &s->loops[s->open - 1] : NULL;

    if (loop == NULL || loop->iter == 0 || loop->local != in->b
        || loop->iter != in->c || loop->out != s->pc + 1)
    {
        return bad(s, "is not the NEXT of the loop around it");
    }

    if (check_again(s, loop) != WEIR_OK) {
        return WEIR_ERROR;
    }

    total = weir_sat_add(loop->from,
                         weir_sat_mul(loop->rounds,
                                      loop->peak - loop->from));
    s->total[loop->number] = total;
    s->open--;

    for (i = 0; i < s->open; i++) {
        if (total > s->loops[i].peak) {
            s->loops[i].peak = total;
        }
    }

    s->live = false;

    return WEIR_OK;
}
