/*
 * verify_code.c: programs, by running each once over kinds in the place of
 * values: what every instruction takes and leaves.
 */

#include "image/attrs.h"
#include "run/verify_flow.h"

/* whether a constant is a list of strings that ATTR_IN may search */
enum { SORTED_UNKNOWN, SORTED_YES, SORTED_NO };

typedef enum {
    OPERAND_NONE, OPERAND_CONST, OPERAND_ATTR, OPERAND_PROG, OPERAND_PARAM,
    OPERAND_LOCAL, OPERAND_FN, OPERAND_NAME, OPERAND_KIND, OPERAND_JUMP,
    OPERAND_LOOP, OPERAND_ITER, OPERAND_NEXT, OPERAND_BUILD, OPERAND_COUNT,
    OPERAND_FUSED
} operand_t;

static const uint8_t  operands[WEIR_OP_COUNT] = {
#define OP(name, operand, pops, pushes, cost)  OPERAND_##operand,
    WEIR_OPS(OP)
#undef OP
};


static weir_rc_t
do_load(weir_flow_t *s, const weir_insn_t *in)
{
    unsigned  kind;

    if (use_local(s, in->b, 1) != WEIR_OK) {
        return WEIR_ERROR;
    }

    kind = s->now.locals[in->b];

    if (kind == WEIR_T_UNSET) {
        return bad(s, "local %u is not set on every way here", in->b);
    }

    return push(s, kind);
}


static weir_rc_t
do_store(weir_flow_t *s, const weir_insn_t *in)
{
    if (own_local(s, in->b, 1) != WEIR_OK || pop(s, WEIR_T_DYN) != WEIR_OK) {
        return WEIR_ERROR;
    }

    s->now.locals[in->b] = s->now.stack[s->now.depth];

    return WEIR_OK;
}


static const weir_img_const_t *
constant(const weir_flow_t *s, const weir_insn_t *in)
{
    if (in->c >= s->v->img.n[WEIR_S_CONSTS]) {
        bad(s, "constant %u of %u", in->c, s->v->img.n[WEIR_S_CONSTS]);
        return NULL;
    }

    return &WEIR_REC(&s->v->img, CONSTS)[in->c];
}


static weir_rc_t
use_attr(const weir_flow_t *s, const weir_insn_t *in)
{
    if (in->b >= WEIR_A_COUNT) {
        return bad(s, "unknown attribute %u", in->b);
    }

    if (weir_attrs[in->b].phase > s->prog->phase) {
        return bad(s, "%s does not exist in phase %s", weir_attrs[in->b].name,
                   weir_phase_name(s->prog->phase));
    }

    return WEIR_OK;
}


static weir_rc_t
do_param(weir_flow_t *s, const weir_insn_t *in)
{
    if (in->c >= s->v->img.n[WEIR_S_STRS]) {
        return bad(s, "string %u of %u", in->c, s->v->img.n[WEIR_S_STRS]);
    }

    if (s->prog->phase < WEIR_PHASE_PREAUTH) {
        return bad(s, "there are no path parameters in phase %s",
                   weir_phase_name(s->prog->phase));
    }

    return push(s, WEIR_T_STRING);
}


static weir_rc_t
do_memo(weir_flow_t *s, const weir_insn_t *in)
{
    uint32_t                need;
    weir_prog_t                 *mine, *inner;
    const weir_img_prog_t  *p;

    if (in->c >= s->index) {
        return bad(s, "program %u, not one before this", in->c);
    }

    p = &WEIR_REC(&s->v->img, PROGS)[in->c];
    inner = &s->progs[in->c];
    mine = &s->progs[s->index];

    if (p->memo == WEIR_NONE) {
        return bad(s, "program %u has no memo", in->c);
    }

    if (p->phase > s->prog->phase) {
        return bad(s, "program %u does not run in phase %s", in->c,
                   weir_phase_name(s->prog->phase));
    }

    if (inner->depth + 1 > mine->depth) {
        mine->depth = inner->depth + 1;
    }

    need = s->prog->locals + s->now.depth + inner->need;

    if (mine->depth > WEIR_MAX_CALL_DEPTH || need > WEIR_MAX_STACK) {
        return bad(s, "%u programs inside programs, %u values of stack; at "
                   "most %u, %u", mine->depth, need, WEIR_MAX_CALL_DEPTH,
                   WEIR_MAX_STACK);
    }

    if (need > mine->need) {
        mine->need = need;
    }

    if (inner->used_by != s->index + 1) {
        inner->used_by = s->index + 1;
        s->memos += inner->cost;
    }

    return push(s, p->kind);
}


static weir_rc_t
do_call(weir_flow_t *s, const weir_insn_t *in)
{
    uint32_t               i;
    const weir_fn_info_t  *fn;

    fn = &weir_fns[in->b];

    for (i = fn->nargs; i > 0; i--) {
        if (pop(s, fn->args[i - 1]) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return push(s, fn->result);
}


static weir_rc_t
do_calld(weir_flow_t *s, const weir_insn_t *in)
{
    if (in->b >= WEIR_N_COUNT || in->a > MAX_FN_ARGS
        || s->names[in->b][in->a] == 0)
    {
        return bad(s, "no function has name %u and %u arguments", in->b,
                   in->a);
    }

    return pop_n(s, in->a) == WEIR_OK ? push(s, WEIR_T_DYN) : WEIR_ERROR;
}


static weir_rc_t
do_as(weir_flow_t *s, const weir_insn_t *in)
{
    if (in->a <= WEIR_T_DYN || in->a >= WEIR_T_COUNT) {
        return bad(s, "no value is of kind %u", in->a);
    }

    return replace(s, WEIR_T_DYN, in->a);
}


/* JTRUE and JNOT: both ways find what was there. */
static weir_rc_t
do_peek(weir_flow_t *s, const weir_insn_t *in)
{
    return replace(s, WEIR_T_BOOL, WEIR_T_BOOL) == WEIR_OK
               ? weir_flow_jump(s, in->c) : WEIR_ERROR;
}


static weir_rc_t
do_jerr(weir_flow_t *s, const weir_insn_t *in)
{
    uint8_t    kind;
    weir_rc_t  rc;

    if (s->now.depth == 0) {
        return bad(s, "the stack is empty");
    }

    kind = s->now.stack[s->now.depth - 1];
    s->now.stack[s->now.depth - 1] = WEIR_T_ERR;

    rc = weir_flow_jump(s, in->c);

    s->now.stack[s->now.depth - 1] = kind;

    return rc;
}


static weir_rc_t
do_and(weir_flow_t *s)
{
    return pop(s, WEIR_T_BOOL) == WEIR_OK
               ? replace(s, WEIR_T_BOOL, WEIR_T_BOOL) : WEIR_ERROR;
}


static weir_rc_t
do_has(weir_flow_t *s, const weir_insn_t *in)
{
    unsigned                 kind, top;
    const weir_img_const_t  *c;

    c = constant(s, in);
    if (c == NULL) {
        return WEIR_ERROR;
    }

    if (c->kind != WEIR_T_STRING) {
        return bad(s, "the name is %s", weir_kind_name(c->kind));
    }

    kind = WEIR_T_MAP;

    if (s->now.depth > 0) {
        top = s->now.stack[s->now.depth - 1];
        kind = top == WEIR_T_DYN || top == WEIR_T_OPTIONAL ? top : kind;
    }

    return replace(s, kind, WEIR_T_BOOL);
}


static weir_rc_t
do_build(weir_flow_t *s, const weir_insn_t *in)
{
    uint32_t  i;

    if (in->a != WEIR_T_LIST && in->a != WEIR_T_MAP) {
        return bad(s, "builds a list or a map, not %s",
                   weir_kind_name(in->a));
    }

    for (i = 0; i < s->open; i++) {
        if (s->loops[i].local == in->b) {
            return push(s, in->a);
        }
    }

    return bad(s, "there is no loop at local %u around it", in->b);
}


static weir_rc_t
do_insert(weir_flow_t *s)
{
    return pop_n(s, 2) == WEIR_OK ? replace(s, WEIR_T_MAP, WEIR_T_MAP)
                                  : WEIR_ERROR;
}


static bool
is_sorted(weir_verify_t *v, const weir_img_const_t *list)
{
    uint32_t                 i;
    const weir_img_const_t  *c;

    if (list->kind != WEIR_T_LIST) {
        return false;
    }

    c = &WEIR_REC(&v->img, CONSTS)[list->v];

    for (i = 0; i < list->n; i++) {

        if (c[i].kind != WEIR_T_STRING
            || (i > 0 && !weir_verify_order(v, &c[i - 1], &c[i])))
        {
            return false;
        }
    }

    return true;
}


/* Each list is looked at once, however many instructions name it. */
static bool
may_search(const weir_flow_t *s, uint32_t i)
{
    if (s->sorted[i] == SORTED_UNKNOWN) {
        s->sorted[i] = is_sorted(s->v, &WEIR_REC(&s->v->img, CONSTS)[i])
                           ? SORTED_YES : SORTED_NO;
    }

    return s->sorted[i] == SORTED_YES;
}


static weir_rc_t
do_fused(weir_flow_t *s, const weir_insn_t *in)
{
    bool                     ok;
    unsigned                 kind;
    const weir_img_const_t  *c;

    c = constant(s, in);

    if (c == NULL || use_attr(s, in) != WEIR_OK) {
        return WEIR_ERROR;
    }

    kind = weir_attrs[in->b].kind;

    if (in->op == WEIR_OP_ATTR_GET) {
        ok = kind == WEIR_T_MAP && c->kind == WEIR_T_STRING;

    } else if (in->op == WEIR_OP_ATTR_EQ) {
        ok = kind == WEIR_T_STRING && c->kind == WEIR_T_STRING;

    } else {
        ok = (kind == WEIR_T_IP && c->kind == WEIR_T_CIDRS)
             || (kind == WEIR_T_STRING && may_search(s, in->c));
    }

    if (!ok) {
        return bad(s, "%s is not for a constant %s", weir_attrs[in->b].name,
                   weir_kind_name(c->kind));
    }

    return push(s, in->op == WEIR_OP_ATTR_GET ? WEIR_T_DYN : WEIR_T_BOOL);
}


static weir_rc_t
do_ret(weir_flow_t *s)
{
    if (s->now.depth != 1) {
        return bad(s, "%u values on the stack, not one", s->now.depth);
    }

    s->live = false;

    return pop(s, s->prog->kind);
}


static bool
fields_are_used(const weir_insn_t *in)
{
    switch (operands[in->op]) {

    case OPERAND_NONE:
        return in->a == 0 && in->b == 0 && in->c == 0;

    case OPERAND_CONST:
    case OPERAND_PROG:
    case OPERAND_PARAM:
    case OPERAND_JUMP:
        return in->a == 0 && in->b == 0;

    case OPERAND_COUNT:
        return in->a <= 1 && in->b == 0;

    case OPERAND_LOOP:
        return in->a <= MAX_ROUNDS;

    case OPERAND_ITER:
        return in->a <= 1;

    case OPERAND_ATTR:
    case OPERAND_LOCAL:
    case OPERAND_FN:
        return in->a == 0 && in->c == 0;

    case OPERAND_KIND:
        return in->b == 0 && in->c == 0;

    case OPERAND_NAME:
    case OPERAND_BUILD:
        return in->c == 0;

    default:
        return in->a == 0;
    }
}


static weir_rc_t
step(weir_flow_t *s, const weir_insn_t *in)
{
    const weir_img_const_t  *c;

    switch (in->op) {

    case WEIR_OP_RET:
        return do_ret(s);

    case WEIR_OP_CONST:
        c = constant(s, in);
        return c != NULL ? push(s, c->kind) : WEIR_ERROR;

    case WEIR_OP_ATTR:
        return use_attr(s, in) == WEIR_OK ? push(s, weir_attrs[in->b].kind)
                                          : WEIR_ERROR;

    case WEIR_OP_PARAM:
        return do_param(s, in);

    case WEIR_OP_MEMO:
        return do_memo(s, in);

    case WEIR_OP_LOAD:
        return do_load(s, in);

    case WEIR_OP_STORE:
        return do_store(s, in);

    case WEIR_OP_POP:
        return pop(s, WEIR_T_DYN);

    case WEIR_OP_CALL:
        return do_call(s, in);

    case WEIR_OP_CALLD:
        return do_calld(s, in);

    case WEIR_OP_AS:
        return do_as(s, in);

    case WEIR_OP_JMP:
        s->live = false;
        return weir_flow_jump(s, in->c);

    case WEIR_OP_JFALSE:
        return pop(s, WEIR_T_BOOL) == WEIR_OK ? weir_flow_jump(s, in->c)
                                              : WEIR_ERROR;

    case WEIR_OP_JERR:
        return do_jerr(s, in);

    case WEIR_OP_JTRUE:
    case WEIR_OP_JNOT:
        return do_peek(s, in);

    case WEIR_OP_OR:
    case WEIR_OP_AND:
        return do_and(s);

    case WEIR_OP_LIST:
        return pop_n(s, in->c) == WEIR_OK ? push(s, WEIR_T_LIST) : WEIR_ERROR;

    case WEIR_OP_MAP:
        if (in->c > WEIR_MAX_LIST) {
            return bad(s, "%u entries", in->c);
        }

        return pop_n(s, 2 * in->c) == WEIR_OK ? push(s, WEIR_T_MAP)
                                              : WEIR_ERROR;

    case WEIR_OP_HAS:
        return do_has(s, in);

    case WEIR_OP_LOOP:
        return weir_flow_loop(s, in);

    case WEIR_OP_ITER:
        return weir_flow_iter(s, in);

    case WEIR_OP_NEXT:
        return weir_flow_next(s, in);

    case WEIR_OP_BUILD:
        return do_build(s, in);

    case WEIR_OP_APPEND:
        return pop(s, WEIR_T_DYN) == WEIR_OK
                   ? replace(s, WEIR_T_LIST, WEIR_T_LIST) : WEIR_ERROR;

    case WEIR_OP_INSERT:
        return do_insert(s);

    default:
        return do_fused(s, in);
    }
}


static weir_rc_t
check_insn(weir_flow_t *s, const weir_insn_t *in)
{
    if (weir_flow_arrive(s) != WEIR_OK) {
        return WEIR_ERROR;
    }

    if (in->op >= WEIR_OP_COUNT || !fields_are_used(in)) {
        return bad(s, "op %u, a %u, b %u, c %u is no instruction", in->op,
                   in->a, in->b, in->c);
    }

    if (in->op == WEIR_OP_CALL && in->b >= WEIR_FN_COUNT) {
        return bad(s, "unknown function %u", in->b);
    }

    if (in->op != WEIR_OP_CALLD) {
        spend(s, weir_insn_cost(in));

    } else if (in->b < WEIR_N_COUNT && in->a <= MAX_FN_ARGS) {
        spend(s, s->names[in->b][in->a]);
    }

    return step(s, in);
}


static weir_rc_t
take_memo(weir_flow_t *s)
{
    uint32_t  slot;

    slot = s->prog->memo;

    if (slot == WEIR_NONE) {
        return WEIR_OK;
    }

    if (slot >= s->v->img.header->memo
        || s->slots[slot / 64] >> (slot % 64) & 1)
    {
        return weir_refuse(s->v->why, WEIR_REJECT_PROGRAM,
                           "progs[%u] has memo %u, taken or not one of %u",
                           s->index, slot, s->v->img.header->memo);
    }

    s->slots[slot / 64] |= UINT64_C(1) << (slot % 64);

    return WEIR_OK;
}


static weir_rc_t
check_frame(weir_flow_t *s, uint32_t first)
{
    if (s->prog->code.first != first || s->n == 0
        || s->n > WEIR_MAX_PROG_LEN)
    {
        return weir_refuse(s->v->why, WEIR_REJECT_PROGRAM,
                           "progs[%u] has %u instructions from %u, not 1 to "
                           "%u from %u", s->index, s->n, s->prog->code.first,
                           WEIR_MAX_PROG_LEN, first);
    }

    if (s->prog->kind < WEIR_T_DYN) {
        return weir_refuse(s->v->why, WEIR_REJECT_PROGRAM,
                           "progs[%u] gives %s", s->index,
                           weir_kind_name(s->prog->kind));
    }

    return take_memo(s);
}


static weir_rc_t
check_cost(weir_flow_t *s)
{
    weir_prog_t    *p;
    uint64_t   cost;

    p = &s->progs[s->index];
    cost = weir_sat_add(s->memos, p->cost);

    if (cost > WEIR_MAX_COST) {
        return weir_refuse(s->v->why, WEIR_REJECT_PROGRAM,
                           "progs[%u] costs %llu, at most %u", s->index,
                           (unsigned long long) cost, WEIR_MAX_COST);
    }

    p->cost = (uint32_t) cost;

    if (p->need > s->v->img.header->stack) {
        return weir_refuse(s->v->why, WEIR_REJECT_PROGRAM,
                           "progs[%u] needs %u values of stack, the header "
                           "has %u", s->index, p->need,
                           s->v->img.header->stack);
    }

    return WEIR_OK;
}


static weir_rc_t
check_prog(weir_flow_t *s, uint32_t first)
{
    uint64_t  dearest;

    if (check_frame(s, first) != WEIR_OK) {
        return WEIR_ERROR;
    }

    memset(&s->now, 0, offsetof(weir_state_t, stack));
    memset(s->now.locals, WEIR_T_UNSET, s->prog->locals);
    memset(s->target, 0, s->n);
    memset(&s->progs[s->index], 0, sizeof(weir_prog_t));
    s->now.loop = s->now.left = NO_LOOP;
    s->live = true;
    s->open = s->nloops = 0;
    s->memos = 0;
    dearest = 0;

    for (s->pc = 0; s->pc < s->n; s->pc++) {

        if (check_insn(s, &s->code[s->pc]) != WEIR_OK) {
            return WEIR_ERROR;
        }

        if (s->now.cost > dearest) {
            dearest = s->now.cost;
        }
    }

    if (s->live) {
        return bad(s, "the program goes on behind its end");
    }

    s->progs[s->index].cost = dearest < WEIR_MAX_COST
                                  ? (uint32_t) dearest : WEIR_MAX_COST + 1;

    return check_cost(s);
}


static uint32_t
longest(const weir_image_t *img)
{
    return img->n[WEIR_S_CODE] < WEIR_MAX_PROG_LEN
               ? img->n[WEIR_S_CODE] : WEIR_MAX_PROG_LEN;
}


size_t
weir_verify_code_size(const weir_image_t *img)
{
    return sizeof(weir_flow_t)
           + longest(img) * (sizeof(weir_state_t) + sizeof(uint64_t)
                             + sizeof(uint8_t))
           + MAX_LOOPS * sizeof(weir_loop_t)
           + img->n[WEIR_S_PROGS] * sizeof(weir_prog_t)
           + img->n[WEIR_S_CONSTS];
}


/* What weir_name_cost() says, by name and arguments; 0: there is none. */
static void
price_names(weir_flow_t *s)
{
    uint32_t               i;
    uint64_t               cost;
    uint16_t              *price;
    const weir_fn_info_t  *fn;

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        fn = &weir_fns[i];
        cost = weir_fn_cost(i);
        price = &s->names[fn->name][fn->nargs];
        *price = cost > *price ? (uint16_t) cost : *price;
    }
}


weir_rc_t
weir_verify_code(weir_verify_t *v)
{
    weir_flow_t                 *s;
    uint32_t                i, first;
    const weir_img_prog_t  *p;

    s = v->mem;
    memset(s, 0, sizeof(weir_flow_t));
    s->v = v;
    s->states = (weir_state_t *) (s + 1);
    s->loops = (weir_loop_t *) (s->states + longest(&v->img));
    s->total = (uint64_t *) (s->loops + MAX_LOOPS);
    s->progs = (weir_prog_t *) (s->total + longest(&v->img));
    s->target = (uint8_t *) (s->progs + v->img.n[WEIR_S_PROGS]);
    s->sorted = s->target + longest(&v->img);
    memset(s->sorted, SORTED_UNKNOWN, v->img.n[WEIR_S_CONSTS]);
    price_names(s);

    p = WEIR_REC(&v->img, PROGS);
    first = 0;

    for (i = 0; i < v->img.n[WEIR_S_PROGS]; i++) {
        s->index = i;
        s->prog = &p[i];
        s->code = WEIR_REC(&v->img, CODE) + p[i].code.first;
        s->n = p[i].code.count;

        if (check_prog(s, first) != WEIR_OK) {
            return WEIR_ERROR;
        }

        first += s->n;
    }

    if (first != v->img.n[WEIR_S_CODE]) {
        return weir_refuse(v->why, WEIR_REJECT_PROGRAM,
                           "%u instructions that no program has",
                           v->img.n[WEIR_S_CODE] - first);
    }

    return WEIR_OK;
}
