/*
 * emit_op.c: instructions one by one, and the account of what they need.
 *
 * After a failure everything here does nothing, so that callers need not
 * look: the program is dropped.
 */

#include "front/emit_code.h"


void
weir_code_refuse(weir_code_t *p, const char *what, unsigned found,
    unsigned most)
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


void
weir_code_nomem(weir_code_t *p)
{
    p->m->nomem = true;
    p->rc = WEIR_NOMEM;
}


/* Appends an instruction that belongs to ex; its index. */
uint32_t
weir_code_put(weir_code_t *p, const weir_ex_t *ex, unsigned op, unsigned a,
    uint32_t b, uint32_t c)
{
    weir_insn_t       *in;
    weir_span_t        span;
    weir_img_pos_t    *pos;
    const weir_ex_t  **origin;

    if (p->code.len >= WEIR_MAX_PROG_LEN) {
        weir_code_refuse(p, "instructions", WEIR_MAX_PROG_LEN + 1,
                         WEIR_MAX_PROG_LEN);
    }

    if (p->rc != WEIR_OK) {
        return 0;
    }

    in = weir_vec_push(p->m->arena, &p->code);
    pos = weir_vec_push(p->m->arena, &p->pos);
    origin = weir_vec_push(p->m->arena, &p->origins);

    if (in == NULL || pos == NULL || origin == NULL) {
        weir_code_nomem(p);
        return 0;
    }

    *origin = ex;
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


void
weir_code_leaves(weir_code_t *p, const weir_ex_t *ex)
{
    if (p->rc == WEIR_OK) {
        p->origins.items[p->origins.len - 1] = ex;
    }
}


void
weir_code_push(weir_code_t *p)
{
    p->depth++;

    if (p->depth > p->most) {
        p->most = p->depth;
    }

    if (p->nlocals + p->most > WEIR_MAX_STACK) {
        weir_code_refuse(p, "values of stack", p->nlocals + p->most,
                         WEIR_MAX_STACK);
    }
}


/* Bytes that the evaluator will build here, in each round. */
void
weir_code_builds(weir_code_t *p, uint64_t bytes)
{
    p->scratch = weir_sat_add(p->scratch,
                              weir_sat_mul(p->rounds, (bytes + 7) & ~7ull));
}


uint32_t
weir_code_here(const weir_code_t *p)
{
    return (uint32_t) p->code.len;
}


/* A jump to a label; jumps to it are chained until it is placed. */
void
weir_code_jump(weir_code_t *p, const weir_ex_t *ex, unsigned op,
    weir_label_t *label)
{
    uint32_t  at;

    at = weir_code_put(p, ex, op, 0, 0, *label);
    *label = at + 1;
}


void
weir_code_place(weir_code_t *p, weir_label_t label)
{
    uint32_t  next;

    for ( /* void */ ; label != 0 && p->rc == WEIR_OK; label = next) {
        next = p->code.items[label - 1].c;
        p->code.items[label - 1].c = weir_code_here(p);
    }
}


/* Values of locals from here on; SIZE of them. */
uint32_t
weir_code_bind(weir_code_t *p, const weir_ex_t *ex, uint32_t n)
{
    uint32_t        slot;
    weir_binder_t  *b;

    slot = p->locals;
    b = weir_vec_push(p->m->arena, &p->binders);

    if (b == NULL) {
        weir_code_nomem(p);
        return 0;
    }

    b->ex = ex;
    b->slot = slot;
    p->locals += n;

    if (p->locals > p->nlocals) {
        p->nlocals = p->locals;
    }

    if (p->nlocals > WEIR_MAX_LOCALS) {
        weir_code_refuse(p, "places for variables", p->nlocals,
                         WEIR_MAX_LOCALS);
    }

    return slot;
}


void
weir_code_unbind(weir_code_t *p, uint32_t n)
{
    if (p->rc == WEIR_OK) {
        p->binders.len--;

        /* a loop's are unset behind it */
        if (p->binders.items[p->binders.len].ex->x == WEIR_X_BIND
            && p->locals > p->held)
        {
            p->held = p->locals;
        }

        p->locals -= n;
    }
}


void
weir_code_as(weir_code_t *p, const weir_ex_t *ex, unsigned kind, unsigned want)
{
    if (want != WEIR_T_DYN && kind != want) {
        weir_code_put(p, ex, WEIR_OP_AS, want, 0, 0);
    }
}


void
weir_code_const(weir_code_t *p, const weir_ex_t *ex, const weir_cval_t *v)
{
    weir_code_put(p, ex, WEIR_OP_CONST, 0, 0, weir_emit_const(p->m, v));
    weir_code_push(p);
}


void
weir_code_small(weir_code_t *p, const weir_ex_t *ex, weir_kind_t kind,
    int64_t i)
{
    weir_cval_t  v;

    memset(&v, 0, sizeof(v));
    v.kind = (uint8_t) kind;

    if (kind == WEIR_T_BOOL) {
        v.u.b = i != 0;
    } else {
        v.u.i = i;
    }

    weir_code_const(p, ex, &v);
}
