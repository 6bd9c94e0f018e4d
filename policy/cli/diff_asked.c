/*
 * diff_asked.c: the programs that decide about the requests of a class, and
 * what else is asked of them.
 */

#include <stdlib.h>

#include "cli/diff_make.h"


static int
by_sum(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(diff_sum_t));
}


bool
weir_diff_sort_sums(diff_make_t *m)
{
    size_t    i;
    uint32_t  n;

    for (i = 0; i < DIFF_SIDES; i++) {
        n = m->d->side[i].img->n[WEIR_S_PROGS];
        m->sums[i] = weir_diff_alloc(m->d, (n + 1) * sizeof(diff_sum_t));

        if (m->sums[i] == NULL) {
            return false;
        }

        memcpy(m->sums[i], m->d->side[i].progs, n * sizeof(diff_sum_t));
        qsort(m->sums[i], n, sizeof(diff_sum_t), by_sum);
    }

    return true;
}


static void
add_asked(diff_make_t *m, unsigned side, uint32_t prog)
{
    diff_asked_t       *a;
    const diff_side_t  *other;

    a = prog != WEIR_NONE ? diff_push(m->d, &m->asked) : NULL;

    if (a == NULL) {
        return;
    }

    other = &m->d->side[!side];
    a->side = side;
    a->prog = prog;
    a->differs = bsearch(&m->d->side[side].progs[prog], m->sums[!side],
                         other->img->n[WEIR_S_PROGS], sizeof(diff_sum_t),
                         by_sum) == NULL;
}


static void
add_layer(diff_make_t *m, unsigned side, const weir_range_t *rules)
{
    uint32_t                i;
    const weir_img_rule_t  *r;

    r = WEIR_REC(m->d->side[side].img, RULES) + rules->first;

    for (i = 0; i < rules->count; i++) {
        add_asked(m, side, r[i].when);
    }
}


/* A key may fail, and a cost be more than there ever is. */
static void
add_limits(diff_make_t *m, unsigned side, const weir_range_t *limits)
{
    uint32_t                 i, k;
    const uint32_t          *refs;
    const weir_img_limit_t  *l;

    refs = WEIR_REC(m->d->side[side].img, REFS);

    for (i = 0; i < limits->count; i++) {
        l = &WEIR_REC(m->d->side[side].img, LIMITS)[refs[limits->first + i]];

        for (k = 0; k < l->key.count; k++) {
            add_asked(m, side, refs[l->key.first + k]);
        }

        if (!l->response) {
            add_asked(m, side, l->cost_prog);
        }
    }
}


static int
by_difference(const void *a, const void *b)
{
    const diff_asked_t  *x, *y;

    x = a;
    y = b;

    if (x->differs != y->differs) {
        return y->differs - x->differs;
    }

    if (x->prog != y->prog) {
        return x->prog < y->prog ? -1 : 1;
    }

    return (int) x->side - (int) y->side;
}


/* Values on both sides of what an override asks. */
static void
add_override(diff_make_t *m, const weir_image_t *img,
    const weir_img_override_t *o)
{
    diff_dim_t  *dim;

    if (o->source == WEIR_OVERRIDE_ANY) {
        return;
    }

    dim = weir_diff_dim(m, o->source == WEIR_OVERRIDE_HEADER
                           ? DIFF_DIM_HEADER : DIFF_DIM_COOKIE,
                        weir_img_str(img, o->name));
    weir_diff_add(m, dim, weir_str(NULL, 0));
    weir_diff_add(m, dim, weir_img_str(img, o->value));
}


static void
add_split(diff_make_t *m, unsigned side, uint32_t split)
{
    uint32_t                    i;
    const weir_image_t         *img;
    const weir_img_split_t     *s;
    const weir_img_override_t  *o;

    if (split == WEIR_NONE) {
        return;
    }

    img = m->d->side[side].img;
    s = &WEIR_REC(img, SPLITS)[split];
    add_asked(m, side, s->sticky);

    for (i = 0; i < s->overrides.count; i++) {
        o = &WEIR_REC(img, OVERRIDES)[s->overrides.first + i];
        add_override(m, img, o);
        add_asked(m, side, o->when);
    }
}


/* A value may fail, or be none of a header. */
static void
add_ops(diff_make_t *m, unsigned side, const weir_range_t *ops)
{
    uint32_t  i;

    for (i = 0; i < ops->count; i++) {
        add_asked(m, side, WEIR_REC(m->d->side[side].img, HEADER_OPS)
                           [ops->first + i].prog);
    }
}


static void
add_pauses(diff_make_t *m, unsigned side)
{
    uint32_t             i;
    const weir_image_t  *img;
    const weir_range_t  *all;

    img = m->d->side[side].img;
    all = &img->policy->maintenance;

    for (i = 0; i < all->count; i++) {
        add_asked(m, side, WEIR_REC(img, MAINTENANCE)[all->first + i].when);
    }
}


/* Preflights, where the pair of the class is not the same at the edge. */
static void
add_preflight(diff_make_t *m, unsigned side, const weir_img_route_t *r)
{
    diff_dim_t  *dim;

    if (r->cors == WEIR_NONE || m->pair == NULL || m->pair->same_edge
        || m->pair->route[side] == NULL
        || r != &WEIR_REC(m->d->side[side].img, ROUTES)
                [m->pair->route[side]->index])
    {
        return;
    }

    dim = weir_diff_dim(m, DIFF_DIM_HEADER, weir_string("origin"));
    weir_diff_add(m, dim, weir_str(NULL, 0));
    weir_diff_add(m, dim, weir_string("https://" DIFF_FRESH ".example"));
    dim = weir_diff_dim(m, DIFF_DIM_HEADER,
                        weir_string("access-control-request-method"));
    weir_diff_add(m, dim, weir_str(NULL, 0));

#define M(name, text)                                                         \
    if (r->methods & 1u << WEIR_METHOD_BIT_##name) {                          \
        weir_diff_add(m, dim, weir_string(text));                             \
    }

    WEIR_METHODS(M)
#undef M

    weir_diff_add(m, dim, weir_string("GET"));
    weir_diff_add(m, &m->c->dims[DIFF_DIM_METHOD], weir_string("OPTIONS"));
}


static void
add_route(diff_make_t *m, unsigned side, const diff_pair_t *pair)
{
    const weir_img_route_t  *r;

    if (pair != NULL && pair->route[side] != NULL) {
        r = &WEIR_REC(m->d->side[side].img, ROUTES)[pair->route[side]->index];
        add_layer(m, side, &r->deny);
        add_layer(m, side, &r->allow);
        add_limits(m, side, &r->limits);
        add_split(m, side, r->split);
        add_asked(m, side, r->path);
        add_ops(m, side, &r->request_ops);
        add_preflight(m, side, r);
    }
}


void
weir_diff_asked(diff_make_t *m)
{
    size_t                     i, side;
    const weir_image_t        *img;
    const diff_kind_t         *kind;
    const weir_img_tenant_t   *t;

    for (side = 0; side < DIFF_SIDES; side++) {
        img = m->d->side[side].img;
        add_layer(m, (unsigned) side, &img->policy->deny);
        add_layer(m, (unsigned) side, &img->policy->allow);
        add_pauses(m, (unsigned) side);

        for (i = 0; i < m->ntenants; i++) {
            kind = &m->d->kinds.items[i];

            if (kind->tenant[side] != WEIR_NONE) {
                t = &WEIR_REC(img, TENANTS)[kind->tenant[side]];
                add_layer(m, (unsigned) side, &t->deny);
                add_layer(m, (unsigned) side, &t->allow);
            }
        }

        add_route(m, (unsigned) side, m->pair);

        for (i = 0; i < m->nlanded; i++) {
            add_route(m, (unsigned) side, m->landed[i]);
        }
    }

    if (m->asked.len) {
        qsort(m->asked.items, m->asked.len, sizeof(diff_asked_t),
              by_difference);
    }
}
