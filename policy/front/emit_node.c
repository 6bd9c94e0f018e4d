/*
 * emit_node.c: code of one program, as ops.h has it.
 *
 * Each function leaves one value on the stack, an error among them.  What a
 * place needs to be of a kind, and the verifier cannot know to be, gets AS.
 */

#include "front/emit_code.h"

#define VALUE        16u        /* bytes of a value in scratch */
#define SCALAR       64u        /* bytes of the text of a number or a time */


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

    weir_code_put(p, ex, WEIR_OP_LOAD, 0,
                  p->binders.items[i - 1].slot
                  + (ex->u.binder->x == WEIR_X_LOOP ? 2u + ex->var : 0), 0);
    weir_code_push(p);
}


static void
fused(weir_code_t *p, const weir_ex_t *ex, const weir_fused_t *f)
{
    uint32_t  c;

    c = f->op == WEIR_OP_ATTR_IN && f->value->kind == WEIR_T_LIST
        ? weir_emit_set(p->m, f->value) : weir_emit_const(p->m, f->value);

    weir_code_put(p, ex, f->op, 0, f->attr, c);
    weir_code_push(p);

    if (f->negate) {
        weir_code_leaves(p, NULL);
        weir_code_put(p, ex, WEIR_OP_CALL, 0, WEIR_FN_NOT_BOOL, 0);
    }
}


/* Bytes that a call may build. */
static uint64_t
built(const weir_ex_t *ex)
{
    switch (ex->fn) {

    case WEIR_N_ADD:
        if (ex->type->kind == WEIR_T_LIST) {
            return (uint64_t) ex->size * VALUE;
        }

        if (ex->type->kind == WEIR_T_DYN) {
            /* its size may be bytes, or entries */
            return weir_at_least(ex->size, VALUE * weir_at_most(ex->size,
                                                                WEIR_MAX_LIST));
        }

        return ex->type->kind == WEIR_T_STRING
               || ex->type->kind == WEIR_T_BYTES ? ex->size : 0;

    case WEIR_N_LOWER_ASCII:
    case WEIR_N_UPPER_ASCII:
    case WEIR_N_JOIN:
    case WEIR_N_REPLACE:
    case WEIR_N_REVERSE:
    case WEIR_N_QUOTE:
    case WEIR_N_BASE64_ENCODE:
    case WEIR_N_BASE64_DECODE:
        return ex->size;

    case WEIR_N_FORMAT:
        return (uint64_t) ex->size + SCALAR;

    case WEIR_N_SPLIT:
        return (uint64_t) ex->size * VALUE;

    case WEIR_N_STRING:
        return SCALAR;

    case WEIR_N_IP:
    case WEIR_N_CIDR:
    case WEIR_N_MASKED:
        return sizeof(weir_ip_t);

    case WEIR_N_INDEX:
    case WEIR_N_VALUE:
    case WEIR_N_OR_VALUE:
    case WEIR_N_BYTES:
    case WEIR_N_CHAR_AT:
    case WEIR_N_SUBSTRING:
    case WEIR_N_TRIM:
        return VALUE;           /* part of what was there */

    default:
        break;
    }

    switch (ex->type->kind) {

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return ex->size;

    case WEIR_T_LIST:
        return (uint64_t) ex->size * VALUE;

    default:
        return ex->kind == WEIR_T_OPTIONAL || ex->kind == WEIR_T_DYN
               ? VALUE : 0;
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
        weir_emit_as(p, ex->args[1], WEIR_T_MAP);
        weir_code_put(p, ex, WEIR_OP_HAS, 0, 0,
                      weir_emit_const(p->m, ex->args[0]->value));
        return;
    }

    if (ex->row == WEIR_FN_DYN_ANY) {
        weir_emit_node(p, ex->args[0]);
        return;
    }

    for (i = 0; i < ex->n; i++) {
        weir_emit_as(p, ex->args[i], ex->row == WEIR_FN_COUNT
                     ? WEIR_T_DYN : weir_fns[ex->row].args[i]);
    }

    if (ex->row == WEIR_FN_COUNT) {
        weir_code_put(p, ex, WEIR_OP_CALLD, ex->n, ex->fn, 0);
    } else {
        weir_code_put(p, ex, WEIR_OP_CALL, 0, ex->row, 0);
    }

    p->depth -= ex->n;
    weir_code_push(p);
    weir_code_builds(p, built(ex));
    weir_emit_zone(p, ex);
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
            weir_code_jump(p, ex->args[i - 1],
                           is_or ? WEIR_OP_JTRUE : WEIR_OP_JNOT, &end);
        }

        weir_emit_as(p, ex->args[i], WEIR_T_BOOL);

        if (i > 0) {
            weir_code_put(p, ex->args[i], is_or ? WEIR_OP_OR : WEIR_OP_AND,
                          0, 0, 0);
            weir_code_leaves(p, ex);
            p->depth--;
        }
    }

    weir_code_place(p, end);
}


static void
cond(weir_code_t *p, const weir_ex_t *ex)
{
    weir_label_t  end, other;

    end = 0;
    other = 0;

    weir_emit_as(p, ex->args[0], WEIR_T_BOOL);
    weir_code_jump(p, ex->args[0], WEIR_OP_JERR, &end);
    weir_code_jump(p, ex->args[0], WEIR_OP_JFALSE, &other);
    p->depth--;

    weir_emit_node(p, ex->args[1]);
    weir_code_jump(p, ex, WEIR_OP_JMP, &end);
    p->depth--;

    weir_code_place(p, other);
    weir_emit_node(p, ex->args[2]);
    weir_code_place(p, end);
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
            weir_emit_as(p, arg, WEIR_T_OPTIONAL);
            continue;
        }

        weir_emit_node(p, arg);

        if (optional && !(map && i % 2 == 0)) {
            weir_code_put(p, arg, WEIR_OP_CALL, 0, WEIR_FN_OPT_OF_ANY, 0);
            weir_code_leaves(p, NULL);
            weir_code_builds(p, VALUE);
        }
    }

    n = map ? ex->n / 2 : ex->n;

    if (map && n > WEIR_MAX_LIST) {
        weir_code_refuse(p, "entries of a map", n, WEIR_MAX_LIST);
    }

    weir_code_put(p, ex, map ? WEIR_OP_MAP : WEIR_OP_LIST, optional, 0, n);
    p->depth -= ex->n;
    weir_code_push(p);
    weir_code_builds(p, (uint64_t) ex->n * VALUE);
}


static void
has(weir_code_t *p, const weir_ex_t *ex)
{
    uint8_t      kind;
    weir_cval_t  name;

    kind = ex->args[0]->kind;
    weir_emit_node(p, ex->args[0]);

    if (kind != WEIR_T_OPTIONAL && kind != WEIR_T_DYN) {
        weir_code_as(p, ex, kind, WEIR_T_MAP);
    }

    memset(&name, 0, sizeof(name));
    name.kind = WEIR_T_STRING;
    name.s = ex->name;

    weir_code_put(p, ex, WEIR_OP_HAS, 0, 0, weir_emit_const(p->m, &name));
}


static void
bind(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t  slot;

    weir_emit_node(p, ex->args[0]);
    slot = weir_code_bind(p, ex, 1);
    weir_code_put(p, ex, WEIR_OP_STORE, 0, slot, 0);
    p->depth--;
    weir_emit_node(p, ex->args[1]);
    weir_code_unbind(p, 1);
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
            weir_code_nomem(p);
            return;
        }

        *called = prog;
    }

    weir_code_put(p, ex, WEIR_OP_MEMO, 0, 0, prog);
    weir_code_push(p);
}


static void
emit(weir_code_t *p, const weir_ex_t *ex)
{
    switch (ex->x) {

    case WEIR_X_CONST:
        weir_code_const(p, ex, ex->value);
        return;

    case WEIR_X_ATTR:
        weir_code_put(p, ex, WEIR_OP_ATTR, 0, ex->u.attr, 0);
        weir_code_push(p);
        return;

    case WEIR_X_PARAM:
        weir_code_put(p, ex, WEIR_OP_PARAM, 0, 0,
                      weir_build_str(p->m->b, ex->name));
        weir_code_push(p);
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
        weir_emit_loop(p, ex);
        return;

    case WEIR_X_BIND:
        bind(p, ex);
        return;

    default:
        /* AS: the kind that the place of the whole wants */
        weir_emit_as(p, ex->args[0], ex->u.kind);
    }
}


void
weir_emit_as(weir_code_t *p, const weir_ex_t *ex, unsigned want)
{
    weir_emit_node(p, ex);
    weir_code_as(p, ex, ex->kind, want);
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
    weir_code_put(p, ex, WEIR_OP_RET, 0, 0, 0);
}
