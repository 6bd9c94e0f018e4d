/*
 * emit.c: expressions become programs, those that are equal one program.
 *
 * Every expression of the policy was compiled before the first is emitted,
 * so it is known what occurs twice, or in every round of a loop.  Such a
 * part, and every var, gets a program with a memo slot, unless it is cheaper
 * than the look into the slot.
 */

#include "front/emit_code.h"

/* memo slots that vars need stay free of other parts */
#define MAX_PARTS  (WEIR_MAX_MEMO / 2)


static unsigned depth_of(weir_emit_t *m, const weir_ex_t *ex);


static weir_shared_t *
shared_at(weir_emit_t *m, const weir_uniq_t *u)
{
    while (m->shared.len <= u->id) {
        if (weir_vec_push(m->arena, &m->shared) == NULL) {
            m->nomem = true;
            return NULL;
        }
    }

    return &m->shared.items[u->id];
}


/*
 * Decides once whether a part is a program of its own.  Programs inside
 * programs stay within their bound: vars nest to level 7, and at each level
 * one part that is no var may lie between, which makes 15.
 */
static const weir_shared_t *
decide(weir_emit_t *m, const weir_uniq_t *u)
{
    bool            wanted;
    unsigned        depth;
    weir_shared_t  *s;

    s = shared_at(m, u);

    if (s == NULL || s->known) {
        return s;
    }

    depth = depth_of(m, u->ex);
    wanted = weir_cel_is_worth(u)
             && (u->var || (u->uses > 1 && depth <= 2 * u->level));

    /* the vector may have moved */
    s = shared_at(m, u);

    if (s != NULL) {
        s->known = true;
        s->depth = (uint8_t) depth;
        s->shared = wanted && depth < WEIR_MAX_CALL_DEPTH;
    }

    return s;
}


/* How deep programs lie in the code of ex, itself not counted. */
static unsigned
depth_of(weir_emit_t *m, const weir_ex_t *ex)
{
    uint32_t              i;
    unsigned              depth, part;
    const weir_ex_t      *arg;
    const weir_shared_t  *s;

    depth = 0;

    for (i = 0; i < ex->n; i++) {
        arg = weir_emit_target(ex->args[i]);

        if (weir_cel_is_worth(arg->uniq)) {
            s = decide(m, arg->uniq);

            if (s == NULL) {
                return 0;
            }

            part = s->depth + (unsigned) s->shared;

        } else {
            part = depth_of(m, arg);
        }

        depth = part > depth ? part : depth;
    }

    return depth;
}


static uint32_t
file_of(weir_emit_t *m, const weir_expr_t *e)
{
    return weir_build_str(m->b, weir_source_name(m->diags,
                                                 e->text->span.file));
}


static bool
is_scalar(unsigned kind)
{
    switch (kind) {

    case WEIR_T_NULL:
    case WEIR_T_BOOL:
    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_DOUBLE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
    case WEIR_T_TYPE:
        return true;

    default:
        return false;
    }
}


/* What all programs together need of the request's memory. */
static void
account(weir_emit_t *m, const weir_code_t *p, const weir_img_prog_t *rec,
    uint32_t need)
{
    m->stack = need > m->stack ? need : m->stack;
    m->work = p->scratch > m->work ? p->scratch : m->work;

    if (rec->memo != WEIR_NONE || !is_scalar(rec->kind)) {
        m->kept = weir_sat_add(m->kept, p->scratch);
    }
}


static bool
keep_origins(weir_emit_t *m, const weir_code_t *p)
{
    size_t             i;
    const weir_ex_t  **origin;

    for (i = 0; m->origins != NULL && i < p->origins.len; i++) {
        origin = weir_vec_push(m->arena, m->origins);

        if (origin == NULL) {
            return false;
        }

        *origin = p->origins.items[i];
    }

    return true;
}


/* Checks what was emitted as the verifier will, and adds it. */
static weir_rc_t
add(weir_code_t *p, weir_img_prog_t *rec, uint32_t *prog)
{
    size_t             i;
    uint64_t           cost;
    weir_emit_t       *m;
    weir_emitted_t    *e;
    const weir_text_t *t;

    m = p->m;
    t = p->expr->text;
    cost = p->cost;

    for (i = 0; i < p->called.len; i++) {
        cost = weir_sat_add(cost, m->progs.items[p->called.items[i]].cost);
    }

    if (cost > WEIR_MAX_COST) {
        return weir_fail(m->diags, WEIR_ECOST,
                         weir_text_span(t, 0, t->text.len),
                         "this may take %llu steps; %d are allowed",
                         (unsigned long long) cost, WEIR_MAX_COST);
    }

    if (p->nlocals + p->most > WEIR_MAX_STACK) {
        return weir_fail(m->diags, WEIR_EBIG,
                         weir_text_span(t, 0, t->text.len),
                         "the expression needs %u values of stack; %d are "
                         "allowed", p->nlocals + p->most, WEIR_MAX_STACK);
    }

    e = weir_vec_push(m->arena, &m->progs);

    if (e == NULL || !keep_origins(m, p)) {
        return WEIR_NOMEM;
    }

    e->need = p->nlocals + p->most;
    e->cost = cost;

    rec->locals = (uint16_t) p->nlocals;
    rec->code.count = (uint32_t) p->code.len;
    rec->code.first = weir_build_records(m->b, WEIR_S_CODE, p->code.items,
                                         (uint32_t) p->code.len);
    (void) weir_build_records(m->b, WEIR_S_POS, p->pos.items,
                              (uint32_t) p->pos.len);
    *prog = weir_build_records(m->b, WEIR_S_PROGS, rec, 1);
    account(m, p, rec, e->need);

    return WEIR_OK;
}


/* The program of u, whose record has file, text and memo. */
static weir_rc_t
emit_program(weir_emit_t *m, const weir_uniq_t *u, weir_img_prog_t *rec,
    uint32_t *prog)
{
    weir_code_t  p;

    memset(&p, 0, sizeof(p));
    p.m = m;
    p.expr = u->expr;
    p.root = u;
    p.rounds = 1;

    weir_emit_node(&p, u->ex);
    weir_emit_ret(&p, u->ex);

    if (m->nomem) {
        return WEIR_NOMEM;
    }

    if (p.rc != WEIR_OK) {
        return p.rc;
    }

    rec->kind = u->ex->kind;
    rec->phase = u->phase;

    return add(&p, rec, prog);
}


uint32_t
weir_emit_shared(weir_emit_t *m, const weir_uniq_t *u, weir_rc_t *rc)
{
    uint32_t              prog;
    weir_str_t            text;
    weir_img_prog_t       rec;
    const weir_shared_t  *s;

    if (!weir_cel_is_worth(u)) {
        return WEIR_NONE;
    }

    s = decide(m, u);

    if (s == NULL) {
        *rc = WEIR_NOMEM;
        return WEIR_NONE;
    }

    if (!s->shared) {
        return WEIR_NONE;
    }

    if (s->prog != 0) {
        return s->prog - 1;
    }

    if (m->nmemo >= (u->var ? WEIR_MAX_MEMO : MAX_PARTS)) {
        return WEIR_NONE;
    }

    text = weir_str(u->expr->text->text.data + u->ex->off, u->ex->len);

    memset(&rec, 0, sizeof(rec));
    rec.file = file_of(m, u->expr);
    rec.text = weir_build_str(m->b, text);
    rec.memo = m->nmemo++;

    *rc = emit_program(m, u, &rec, &prog);

    if (*rc != WEIR_OK) {
        return WEIR_NONE;
    }

    m->shared.items[u->id].prog = prog + 1;

    return prog;
}


weir_emit_t *
weir_emit_create(weir_builder_t *b, weir_diags_t *diags)
{
    weir_emit_t  *m;

    m = weir_arena_alloc(diags->arena, sizeof(weir_emit_t));

    if (m != NULL) {
        m->arena = diags->arena;
        m->regexes.arena = diags->arena;
        m->b = b;
        m->diags = diags;
    }

    return m;
}


void
weir_emit_trace(weir_emit_t *m, weir_origins_t *origins)
{
    m->origins = origins;
}


weir_rc_t
weir_emit_expr(weir_emit_t *m, const weir_expr_t *e, uint32_t file,
    uint32_t text, uint32_t *prog)
{
    uint32_t            index;
    weir_rc_t           rc;
    weir_shared_t      *s;
    weir_img_prog_t     rec;
    const weir_uniq_t  *u;

    rc = WEIR_OK;
    u = weir_emit_target(e->root)->uniq;
    s = shared_at(m, u);

    if (s == NULL) {
        return WEIR_NOMEM;
    }

    if (s->prog != 0) {
        *prog = s->prog - 1;
        return WEIR_OK;
    }

    index = weir_emit_shared(m, u, &rc);

    if (rc == WEIR_OK && index == WEIR_NONE) {
        memset(&rec, 0, sizeof(rec));
        rec.file = file;
        rec.text = text;
        rec.memo = WEIR_NONE;
        rc = emit_program(m, u, &rec, &index);
    }

    if (rc != WEIR_OK) {
        return rc;
    }

    m->shared.items[u->id].prog = index + 1;
    *prog = index;

    return WEIR_OK;
}


weir_rc_t
weir_emit_finish(weir_emit_t *m)
{
    uint64_t              scratch;
    weir_image_header_t  *h;

    if (m->nomem) {
        return WEIR_NOMEM;
    }

    weir_emit_zones(m);
    scratch = weir_sat_add(m->kept, m->work);

    h = weir_build_header(m->b);
    h->stack = m->stack;
    h->memo = m->nmemo;
    h->scratch = scratch < WEIR_MAX_SCRATCH ? (uint32_t) scratch
                                            : WEIR_MAX_SCRATCH;

    return WEIR_OK;
}
