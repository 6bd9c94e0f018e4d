/*
 * emit_node.c: code of one program, as ops.h has it.
 *
 * Each function leaves one value on the stack, an error among them.  What a
 * place needs to be of a kind, and the verifier cannot know to be, gets AS.
 */

#include "front/emit_code.h"

#define LOOP_LOCALS  4
#define VALUE        16u        /* bytes of a value in scratch */


static void
refuse(weir_code_t *p, const char *what, unsigned found, unsigned most)
{
    const weir_text_t  *t;

    if (p->rc == WEIR_OK) {
        t = p->expr->text;
        p->rc = weir_fail(p->m->diags, WEIR_EBIG,
                          weir_text_span(t, 0, t->text.len),
                          "the expression needs %u %s; %u are allowed",
                          found, what, most);
    }
}


static void
no_memory(weir_code_t *p)
{
    p->m->nomem = true;
    p->rc = WEIR_NOMEM;
}


/* Appends an instruction that belongs to ex; its index. */
static uint32_t
put(weir_code_t *p, const weir_ex_t *ex, unsigned op, unsigned a, uint32_t b,
    uint32_t c)
{
    weir_insn_t       *in;
    weir_span_t        span;
    weir_img_pos_t    *pos;

    if (p->code.len >= WEIR_MAX_PROG_LEN) {
        refuse(p, "instructions", WEIR_MAX_PROG_LEN + 1, WEIR_MAX_PROG_LEN);
    }

    if (p->rc != WEIR_OK) {
        return 0;
    }

    in = weir_vec_push(p->m->arena, &p->code);
    pos = weir_vec_push(p->m->arena, &p->pos);

    if (in == NULL || pos == NULL) {
        no_memory(p);
        return 0;
    }

    in->op = (uint8_t) op;
    in->a = (uint8_t) a;
    in->b = (uint16_t) b;
    in->c = c;

    ex = p->at ? p->at : ex;
    span = weir_text_span(p->expr->text, ex->op, 1);
    pos->line = span.line;
    pos->col = span.col;

    p->cost = weir_sat_add(p->cost,
                           weir_sat_mul(p->rounds, weir_insn_cost(in)));

    return (uint32_t) p->code.len - 1;
}


static void
push(weir_code_t *p)
{
    p->depth++;

    if (p->depth > p->most) {
        p->most = p->depth;
    }

    if (p->nlocals + p->most > WEIR_MAX_STACK) {
        refuse(p, "values of stack", p->nlocals + p->most, WEIR_MAX_STACK);
    }
}


/* Bytes that the evaluator will build here, in each round. */
static void
builds(weir_code_t *p, uint64_t bytes)
{
    p->scratch = weir_sat_add(p->scratch,
                              weir_sat_mul(p->rounds, (bytes + 7) & ~7ull));
}


static uint32_t
here(const weir_code_t *p)
{
    return (uint32_t) p->code.len;
}


/* A jump to a label; jumps to it are chained until it is placed. */
static void
jump(weir_code_t *p, const weir_ex_t *ex, unsigned op, weir_label_t *label)
{
    uint32_t  at;

    at = put(p, ex, op, 0, 0, *label);
    *label = at + 1;
}


static void
place(weir_code_t *p, weir_label_t label)
{
    uint32_t  next;

    for ( /* void */ ; label != 0 && p->rc == WEIR_OK; label = next) {
        next = p->code.items[label - 1].c;
        p->code.items[label - 1].c = here(p);
    }
}


/* Values of locals from here on; SIZE of them. */
static uint32_t
take_locals(weir_code_t *p, const weir_ex_t *ex, uint32_t n)
{
    uint32_t        slot;
    weir_binder_t  *b;

    slot = p->locals;
    b = weir_vec_push(p->m->arena, &p->binders);

    if (b == NULL) {
        no_memory(p);
        return 0;
    }

    b->ex = ex;
    b->slot = slot;
    p->locals += n;

    if (p->locals > p->nlocals) {
        p->nlocals = p->locals;
    }

    if (p->nlocals > WEIR_MAX_LOCALS) {
        refuse(p, "places for variables", p->nlocals, WEIR_MAX_LOCALS);
    }

    return slot;
}


static void
give_locals(weir_code_t *p, uint32_t n)
{
    if (p->rc == WEIR_OK) {
        p->locals -= n;
        p->binders.len--;
    }
}


static void
as(weir_code_t *p, const weir_ex_t *ex, unsigned kind, unsigned want)
{
    if (want != WEIR_T_DYN && kind != want) {
        put(p, ex, WEIR_OP_AS, want, 0, 0);
    }
}


static void
node_as(weir_code_t *p, const weir_ex_t *ex, unsigned want)
{
    weir_emit_node(p, ex);
    as(p, ex, ex->kind, want);
}


static void
constant(weir_code_t *p, const weir_ex_t *ex, const weir_cval_t *v)
{
    put(p, ex, WEIR_OP_CONST, 0, 0, weir_emit_const(p->m, v));
    push(p);
}


static void
constant_of(weir_code_t *p, const weir_ex_t *ex, weir_kind_t kind, int64_t i)
{
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = (uint8_t) kind;

    if (kind == WEIR_T_BOOL) {
        v.u.b = i != 0;
    } else {
        v.u.i = i;
    }

    constant(p, ex, &v);
}


static void
local(weir_code_t *p, const weir_ex_t *ex)
{
    size_t  i;

    for (i = p->binders.len; i > 0; i--) {
        if (p->binders.items[i - 1].ex == ex->u.binder) {
            break;
        }
    }

    if (i == 0) {
        return;                 /* memory ran out when it was bound */
    }

    put(p, ex, WEIR_OP_LOAD, 0,
        p->binders.items[i - 1].slot
        + (ex->u.binder->x == WEIR_X_LOOP ? 2u + ex->var : 0), 0);
    push(p);
}


static void
fused(weir_code_t *p, const weir_ex_t *ex, const weir_fused_t *f)
{
    uint32_t  c;

    c = f->op == WEIR_OP_ATTR_IN && f->value->kind == WEIR_T_LIST
        ? weir_emit_set(p->m, f->value) : weir_emit_const(p->m, f->value);

    put(p, ex, f->op, 0, f->attr, c);
    push(p);

    if (f->negate) {
        put(p, ex, WEIR_OP_CALL, 0, WEIR_FN_NOT_BOOL, 0);
    }
}


/* What a call may build. */
static void
builds_call(weir_code_t *p, const weir_ex_t *ex)
{
    switch (ex->fn) {

    case WEIR_N_ADD:
        builds(p, ex->type->kind == WEIR_T_LIST
                  ? (uint64_t) ex->size * VALUE
                  : ex->kind == WEIR_T_STRING || ex->kind == WEIR_T_BYTES
                    || ex->kind == WEIR_T_DYN ? ex->size : 0);
        return;

    case WEIR_N_LOWER_ASCII:
    case WEIR_N_UPPER_ASCII:
        builds(p, ex->size);
        return;

    case WEIR_N_STRING:
        builds(p, 64);
        return;

    case WEIR_N_IP:
    case WEIR_N_CIDR:
        builds(p, sizeof(weir_ip_t));
        return;

    default:
        if (ex->kind == WEIR_T_OPTIONAL || ex->kind == WEIR_T_DYN) {
            builds(p, VALUE);
        }
    }
}


static void
call(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t      i;
    weir_fused_t  f;

    if (weir_cel_fused(ex, &f)) {
        fused(p, ex, &f);
        return;
    }

    if (weir_cel_is_has(ex)) {
        node_as(p, ex->args[1], WEIR_T_MAP);
        put(p, ex, WEIR_OP_HAS, 0, 0,
            weir_emit_const(p->m, ex->args[0]->value));
        return;
    }

    if (ex->row == WEIR_FN_DYN_ANY) {
        weir_emit_node(p, ex->args[0]);
        return;
    }

    for (i = 0; i < ex->n; i++) {
        node_as(p, ex->args[i], ex->row == WEIR_FN_COUNT
                                ? WEIR_T_DYN : weir_fns[ex->row].args[i]);
    }

    if (ex->row == WEIR_FN_COUNT) {
        put(p, ex, WEIR_OP_CALLD, ex->n, ex->fn, 0);
    } else {
        put(p, ex, WEIR_OP_CALL, 0, ex->row, 0);
    }

    p->depth -= ex->n;
    push(p);
    builds_call(p, ex);
}


/* a || b || c: the rest is left out once one has decided */
static void
logical(weir_code_t *p, const weir_ex_t *ex)
{
    bool          is_or;
    uint32_t      i;
    weir_label_t  end;

    is_or = ex->x == WEIR_X_OR;
    end = 0;

    for (i = 0; i < ex->n; i++) {

        if (i > 0) {
            jump(p, ex->args[i - 1], is_or ? WEIR_OP_JTRUE : WEIR_OP_JNOT,
                 &end);
        }

        node_as(p, ex->args[i], WEIR_T_BOOL);

        if (i > 0) {
            put(p, ex->args[i], is_or ? WEIR_OP_OR : WEIR_OP_AND, 0, 0, 0);
            p->depth--;
        }
    }

    place(p, end);
}


static void
cond(weir_code_t *p, const weir_ex_t *ex)
{
    weir_label_t  end, other;

    end = 0;
    other = 0;

    node_as(p, ex->args[0], WEIR_T_BOOL);
    jump(p, ex->args[0], WEIR_OP_JERR, &end);
    jump(p, ex->args[0], WEIR_OP_JFALSE, &other);
    p->depth--;

    weir_emit_node(p, ex->args[1]);
    jump(p, ex, WEIR_OP_JMP, &end);
    p->depth--;

    place(p, other);
    weir_emit_node(p, ex->args[2]);
    place(p, end);
}


/* A list, or a map whose keys and values take turns. */
static void
container(weir_code_t *p, const weir_ex_t *ex)
{
    bool              optional, map;
    uint32_t          i, n;
    const weir_ex_t  *arg;

    map = ex->x == WEIR_X_MAP;
    optional = false;

    for (i = 0; i < ex->n; i++) {
        optional |= (ex->args[i]->flags & WEIR_XF_ABSENT) != 0;
    }

    for (i = 0; i < ex->n; i++) {
        arg = ex->args[i];

        if (arg->flags & WEIR_XF_ABSENT) {
            node_as(p, arg, WEIR_T_OPTIONAL);
            continue;
        }

        weir_emit_node(p, arg);

        if (optional && !(map && i % 2 == 0)) {
            put(p, arg, WEIR_OP_CALL, 0, WEIR_FN_OPT_OF_ANY, 0);
            builds(p, VALUE);
        }
    }

    n = map ? ex->n / 2 : ex->n;

    if (map && n > WEIR_MAX_LIST) {
        refuse(p, "entries of a map", n, WEIR_MAX_LIST);
    }

    put(p, ex, map ? WEIR_OP_MAP : WEIR_OP_LIST, optional, 0, n);
    p->depth -= ex->n;
    push(p);
    builds(p, (uint64_t) ex->n * VALUE);
}


static void
has(weir_code_t *p, const weir_ex_t *ex)
{
    uint8_t      kind;
    weir_cval_t  name;

    kind = ex->args[0]->kind;
    weir_emit_node(p, ex->args[0]);

    if (kind != WEIR_T_OPTIONAL && kind != WEIR_T_DYN) {
        as(p, ex, kind, WEIR_T_MAP);
    }

    memset(&name, 0, sizeof(name));
    name.kind = WEIR_T_STRING;
    name.s = ex->name;

    put(p, ex, WEIR_OP_HAS, 0, 0, weir_emit_const(p->m, &name));
}


/* The range into locals; its error goes to end. */
static uint32_t
loop_range(weir_code_t *p, const weir_ex_t *ex, weir_label_t *end)
{
    uint8_t    kind;
    uint32_t   slot, at;

    kind = ex->args[0]->kind;
    weir_emit_node(p, ex->args[0]);

    if (kind != WEIR_T_LIST && kind != WEIR_T_MAP && kind != WEIR_T_DYN) {
        as(p, ex, kind, WEIR_T_LIST);
    }

    slot = take_locals(p, ex, LOOP_LOCALS);
    at = put(p, ex, WEIR_OP_LOOP, weir_cel_rounds(ex), slot, *end);
    *end = at + 1;
    p->depth--;

    return slot;
}


/* From here on a round; *iter is where it begins. */
static void
loop_begin(weir_code_t *p, const weir_ex_t *ex, uint32_t slot, uint32_t *iter)
{
    p->rounds = weir_sat_mul(p->rounds, (uint64_t) 1 << weir_cel_rounds(ex));
    *iter = put(p, ex, WEIR_OP_ITER, ex->nvars == 2, slot, 0);
}


static void
loop_end(weir_code_t *p, const weir_ex_t *ex, uint32_t slot, uint32_t iter)
{
    put(p, ex, WEIR_OP_NEXT, 0, slot, iter);

    if (p->rc == WEIR_OK) {
        p->code.items[iter].c = here(p);
    }

    p->rounds >>= weir_cel_rounds(ex);
    give_locals(p, LOOP_LOCALS);
}


/* all(), exists(): a row of && or || whose length the request has */
static void
loop_bool(weir_code_t *p, const weir_ex_t *ex)
{
    bool          all;
    uint32_t      slot, iter;
    weir_label_t  end;

    all = ex->loop == WEIR_LOOP_ALL;
    end = 0;
    slot = loop_range(p, ex, &end);

    constant_of(p, ex, WEIR_T_BOOL, all);
    loop_begin(p, ex, slot, &iter);
    node_as(p, ex->args[1], WEIR_T_BOOL);
    put(p, ex, all ? WEIR_OP_AND : WEIR_OP_OR, 0, 0, 0);
    p->depth--;
    jump(p, ex, all ? WEIR_OP_JNOT : WEIR_OP_JTRUE, &end);
    loop_end(p, ex, slot, iter);
    place(p, end);
}


/* exists_one(): counts; one error is the result */
static void
loop_one(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t      slot, iter;
    weir_label_t  end, add, next;

    end = 0;
    add = 0;
    next = 0;
    slot = loop_range(p, ex, &end);

    constant_of(p, ex, WEIR_T_INT, 0);
    loop_begin(p, ex, slot, &iter);
    node_as(p, ex->args[1], WEIR_T_BOOL);
    jump(p, ex, WEIR_OP_JERR, &add);
    jump(p, ex, WEIR_OP_JFALSE, &next);
    p->depth--;
    constant_of(p, ex, WEIR_T_INT, 1);
    place(p, add);
    put(p, ex, WEIR_OP_CALL, 0, WEIR_FN_ADD_INT, 0);
    p->depth--;
    jump(p, ex, WEIR_OP_JERR, &end);
    place(p, next);
    loop_end(p, ex, slot, iter);

    constant_of(p, ex, WEIR_T_INT, 1);
    put(p, ex, WEIR_OP_CALL, 0, WEIR_FN_EQ_INT, 0);
    p->depth--;
    place(p, end);
}


/* The variable that the first of a loop's is. */
static void
first_variable(weir_code_t *p, const weir_ex_t *ex, uint32_t slot)
{
    put(p, ex, WEIR_OP_LOAD, 0, slot + 2, 0);
    push(p);
}


/*
 * What a round adds: onto the stack, which has the condition, if there is
 * one, already taken.
 */
static void
addition(weir_code_t *p, const weir_ex_t *ex, uint32_t slot)
{
    uint32_t  next;

    next = 1 + ((ex->flags & WEIR_XF_WHEN) != 0);

    if (ex->loop == WEIR_LOOP_ENTRY) {
        weir_emit_node(p, ex->args[next++]);

    } else if (ex->loop == WEIR_LOOP_MAP || next == ex->n) {
        first_variable(p, ex, slot);
    }

    if (next < ex->n) {
        weir_emit_node(p, ex->args[next]);
    }
}


/* map(), filter(), transformList(), transformMap(), transformMapEntry() */
static void
loop_build(weir_code_t *p, const weir_ex_t *ex)
{
    bool          map;
    uint32_t      slot, iter, parts;
    weir_label_t  end, failed, add, next;

    map = ex->loop != WEIR_LOOP_LIST;
    parts = map ? 2 : 1;
    end = 0;
    failed = 0;
    add = 0;
    next = 0;
    slot = loop_range(p, ex, &end);

    put(p, ex, WEIR_OP_BUILD, map ? WEIR_T_MAP : WEIR_T_LIST, slot, 0);
    push(p);
    builds(p, (uint64_t) parts * VALUE << weir_cel_rounds(ex));
    loop_begin(p, ex, slot, &iter);

    if (ex->flags & WEIR_XF_WHEN) {
        node_as(p, ex->args[1], WEIR_T_BOOL);
        jump(p, ex, WEIR_OP_JERR, map ? &failed : &add);
        jump(p, ex, WEIR_OP_JFALSE, &next);
        p->depth--;
    }

    addition(p, ex, slot);

    if (failed != 0) {
        /* the error in the place of the key, and something for a value */
        jump(p, ex, WEIR_OP_JMP, &add);
        place(p, failed);
        p->depth--;
        constant_of(p, ex, WEIR_T_BOOL, 0);
    }

    place(p, add);
    put(p, ex, map ? WEIR_OP_INSERT : WEIR_OP_APPEND, 0, 0, 0);
    p->depth -= parts;
    jump(p, ex, WEIR_OP_JERR, &end);
    place(p, next);
    loop_end(p, ex, slot, iter);
    place(p, end);
}


static void
loop(weir_code_t *p, const weir_ex_t *ex)
{
    switch (ex->loop) {

    case WEIR_LOOP_ALL:
    case WEIR_LOOP_EXISTS:
        loop_bool(p, ex);
        return;

    case WEIR_LOOP_ONE:
        loop_one(p, ex);
        return;

    default:
        loop_build(p, ex);
    }
}


static void
bind(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t  slot;

    weir_emit_node(p, ex->args[0]);
    slot = take_locals(p, ex, 1);
    put(p, ex, WEIR_OP_STORE, 0, slot, 0);
    p->depth--;
    weir_emit_node(p, ex->args[1]);
    give_locals(p, 1);
}


/* A part that is a program of its own. */
static void
memo(weir_code_t *p, const weir_ex_t *ex, uint32_t prog)
{
    size_t                 i;
    uint32_t              *called;
    const weir_emitted_t  *callee;

    callee = &p->m->progs.items[prog];

    if (p->depth + callee->need > p->most) {
        p->most = p->depth + callee->need;
    }

    for (i = 0; i < p->called.len && p->called.items[i] != prog; i++) { }

    if (i == p->called.len) {
        called = weir_vec_push(p->m->arena, &p->called);

        if (called == NULL) {
            no_memory(p);
            return;
        }

        *called = prog;
    }

    put(p, ex, WEIR_OP_MEMO, 0, 0, prog);
    push(p);
}


static void
emit(weir_code_t *p, const weir_ex_t *ex)
{
    switch (ex->x) {

    case WEIR_X_CONST:
        constant(p, ex, ex->value);
        return;

    case WEIR_X_ATTR:
        put(p, ex, WEIR_OP_ATTR, 0, ex->u.attr, 0);
        push(p);
        return;

    case WEIR_X_PARAM:
        put(p, ex, WEIR_OP_PARAM, 0, 0, weir_build_str(p->m->b, ex->name));
        push(p);
        return;

    case WEIR_X_LOCAL:
        local(p, ex);
        return;

    case WEIR_X_CALL:
        call(p, ex);
        return;

    case WEIR_X_OR:
    case WEIR_X_AND:
        logical(p, ex);
        return;

    case WEIR_X_COND:
        cond(p, ex);
        return;

    case WEIR_X_LIST:
    case WEIR_X_MAP:
        container(p, ex);
        return;

    case WEIR_X_HAS:
        has(p, ex);
        return;

    case WEIR_X_LOOP:
        loop(p, ex);
        return;

    case WEIR_X_BIND:
        bind(p, ex);
        return;

    default:
        /* AS: the kind that the place of the whole wants */
        node_as(p, ex->args[0], ex->u.kind);
    }
}


void
weir_emit_node(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t          prog;
    weir_rc_t         rc;
    const weir_ex_t  *target, *at;

    if (p->rc != WEIR_OK) {
        return;
    }

    target = weir_emit_target(ex);

    if (target->uniq != p->root) {
        rc = WEIR_OK;
        prog = weir_emit_shared(p->m, target->uniq, &rc);

        if (rc != WEIR_OK) {
            p->rc = rc;
            return;
        }

        if (prog != WEIR_NONE) {
            memo(p, ex, prog);
            return;
        }
    }

    at = p->at;

    if (target != ex && at == NULL) {
        p->at = ex;
    }

    emit(p, target);
    p->at = at;
}


void
weir_emit_ret(weir_code_t *p, const weir_ex_t *ex)
{
    put(p, ex, WEIR_OP_RET, 0, 0, 0);
}
