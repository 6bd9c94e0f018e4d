/*
 * diff_explore.c: requests of a class, decided by both policies.
 *
 * A small product is tried in full.  Of a large one, each dimension, each pair
 * and what one program asks together is varied around one request; and again
 * around each request that got decisions which none had before, so that what
 * lies behind a rule is come to.
 */

#include "base/hash.h"
#include "cli/diff.h"

#define MOST_CHANGES   32768
#define TABLE          (4 * MOST_CHANGES)
#define MOST_SEEN      512
#define MOST_AROUND    48           /* requests that others are varied around */
#define BATCH          256          /* requests that share memory */

typedef struct {
    uint16_t  at[DIFF_MAX_DIMS];
} point_t;

typedef struct {
    diff_t             *d;
    diff_cell_t        *c;
    weir_arena_t       *arena;
    size_t              left;       /* requests */
    size_t              batch;
    size_t              nseen;
    uint64_t            seen[MOST_SEEN];
    size_t              naround;
    point_t             around[MOST_AROUND];
} walk_t;


uint64_t
weir_diff_hash(const weir_decision_t *d, uint64_t h, bool tenant)
{
    h = weir_mix(h ^ ((uint64_t) d->verdict << 32 | d->status << 8
                      | d->reason));
    h = weir_hash(d->route, h);
    h = weir_hash(d->rule, h);
    h = weir_hash(d->upstream, h);
    h = weir_hash(d->split, h);
    h = weir_hash(d->arm, h);
    h = weir_hash(d->message, h);
    h = d->verdict == WEIR_DENY ? weir_hash(d->limit, h) : h;

    return tenant ? weir_hash(d->tenant, h) : h;
}


/* The words of a tenant in changes. */
static weir_str_t
tenant_text(diff_t *d, weir_str_t id)
{
    size_t              i;
    const diff_kind_t  *k;

    for (i = 0; i < d->kinds.len && i < DIFF_MAX_TENANTS; i++) {
        k = &d->kinds.items[i];

        if (weir_str_eq(k->id, id) && k->count > 1) {
            return weir_arena_printf(d->keep, "%.*s and %zu more like it",
                                     WEIR_STR(id), k->count - 1);
        }
    }

    return id;
}


static void
mark_tenant(diff_t *d, weir_str_t id)
{
    size_t  i;

    for (i = 0; i < d->kinds.len && i < DIFF_MAX_TENANTS; i++) {

        if (weir_str_eq(d->kinds.items[i].id, id)) {
            d->kinds.items[i].reached = true;
        }
    }
}


static diff_pair_t *
find_pair(diff_t *d, weir_str_t id)
{
    int     c;
    size_t  lo, hi, mid;

    for (lo = 0, hi = d->pairs.len; lo < hi; ) {
        mid = lo + (hi - lo) / 2;
        c = weir_str_cmp(d->pairs.items[mid].id, id);

        if (c == 0) {
            return &d->pairs.items[mid];
        }

        lo = c < 0 ? mid + 1 : lo;
        hi = c < 0 ? hi : mid;
    }

    return NULL;
}


static weir_str_t
text_of(diff_t *d, weir_str_t a, weir_str_t b, const char *none)
{
    a = a.len ? a : weir_cstr(none);
    b = b.len ? b : weir_cstr(none);

    return weir_str_eq(a, b)
           ? a : weir_arena_printf(d->keep, "%.*s -> %.*s", WEIR_STR(a),
                                   WEIR_STR(b));
}


/* The place of a change in the table; the slot may be empty. */
static uint32_t *
slot_of(diff_t *d, const weir_decision_t x[DIFF_SIDES])
{
    size_t                  i;
    uint64_t                h;
    const weir_decision_t  *y;

    h = weir_diff_hash(&x[DIFF_NEW], weir_diff_hash(&x[DIFF_OLD], 0, true),
                      true);

    for (i = h % TABLE; d->table[i] != 0; i = (i + 1) % TABLE) {
        y = d->changes.items[d->table[i] - 1].d;

        if (weir_diff_hash(&y[DIFF_NEW],
                          weir_diff_hash(&y[DIFF_OLD], 0, true), true) == h)
        {
            break;
        }
    }

    return &d->table[i];
}


static size_t
weight_of(const diff_request_t *r)
{
    size_t  i, w;

    w = r->path.len + r->query.len + 20 * (r->nheaders + r->ncookies
                                           + r->nparams)
        + (r->raw ? 500 : 0)
        + (weir_str_eq(r->method, weir_string("GET")) ? 0 : 5);

    for (i = 0; i < r->nsets; i++) {
        w += weir_str_eq(r->sets[i].name, weir_string("content_length"))
             ? 50 : 1000;
    }

    return w;
}


static weir_str_t
kept(diff_t *d, weir_str_t s)
{
    return s.data ? weir_arena_str(d->keep, s) : s;
}


static void
keep_texts(diff_t *d, diff_text_t *t, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        t[i].name = kept(d, t[i].name);
        t[i].value = kept(d, t[i].value);
    }
}


static void
keep_witness(diff_t *d, diff_change_t *c, const diff_request_t *r)
{
    diff_request_t  *w;

    if (c->witness == NULL) {
        c->witness = weir_arena_alloc(d->keep, sizeof(diff_request_t));
    }

    w = c->witness;

    if (w == NULL) {
        d->nomem = true;
        return;
    }

    *w = *r;
    w->method = kept(d, r->method);
    w->host = kept(d, r->host);
    w->path = kept(d, r->path);
    w->query = kept(d, r->query);
    keep_texts(d, w->headers, w->nheaders);
    keep_texts(d, w->cookies, w->ncookies);
    keep_texts(d, w->params, w->nparams);
    keep_texts(d, w->sets, w->nsets);
    c->weight = weight_of(r);
}


/* A change is shown for its route and its tenant. */
static void
mark(diff_t *d, const weir_decision_t *x)
{
    diff_pair_t  *p;

    mark_tenant(d, x->tenant);
    p = find_pair(d, x->route);

    if (p != NULL) {
        p->reached = true;
    }
}


/* Decided by a rule before there was a route. */
static bool
is_early(const weir_decision_t *d)
{
    return d->route.len == 0 && d->rule.len != 0;
}


static void
record(diff_t *d, const weir_decision_t x[DIFF_SIDES],
    const diff_request_t *r)
{
    size_t          i;
    uint32_t       *slot;
    diff_change_t  *c;

    slot = slot_of(d, x);

    if (*slot == 0) {

        for (i = 0; i < DIFF_SIDES; i++) {
            mark(d, &x[i]);
        }

        if (d->changes.len == MOST_CHANGES) {
            d->capped = true;
            return;
        }

        c = weir_diff_pushed(d, weir_vec_push(d->keep, &d->changes));

        if (c == NULL) {
            return;
        }

        *slot = (uint32_t) d->changes.len;
        memcpy(c->d, x, sizeof(c->d));
        c->route = text_of(d, x[DIFF_OLD].route, x[DIFF_NEW].route, "none");
        c->tenant = text_of(d, tenant_text(d, x[DIFF_OLD].tenant),
                            tenant_text(d, x[DIFF_NEW].tenant), "none");

        d->none.reached |= is_early(&x[DIFF_OLD]) || is_early(&x[DIFF_NEW])
                           || (x[DIFF_OLD].route.len == 0
                               && x[DIFF_NEW].route.len == 0);
    }

    c = &d->changes.items[*slot - 1];

    if (c->witness == NULL || weight_of(r) < c->weight) {
        keep_witness(d, c, r);
    }
}


void
weir_diff_put(diff_text_t *texts, size_t *n, weir_str_t name, weir_str_t value)
{
    if (value.data != NULL && *n < DIFF_MAX_DIMS) {
        texts[(*n)++] = (diff_text_t) { name, value };
    }
}


static bool
is_raw(weir_str_t path)
{
    size_t  i;

    for (i = 0; i + 1 < path.len; i++) {

        if (path.data[i] == '/'
            && (path.data[i + 1] == '/'
                || (path.data[i + 1] == '.'
                    && (i + 2 == path.len || path.data[i + 2] == '/'
                        || path.data[i + 2] == '.'))))
        {
            return true;
        }
    }

    return false;
}


static void
build(const diff_cell_t *c, const point_t *p, diff_request_t *r)
{
    size_t             i;
    weir_str_t         v;
    const diff_dim_t  *dim;

    memset(r, 0, sizeof(diff_request_t));

    for (i = 0; i < c->ndims; i++) {
        dim = &c->dims[i];
        v = dim->n ? dim->values[p->at[i]] : weir_str(NULL, 0);

        switch (dim->kind) {

        case DIFF_DIM_HOST:
            r->host = v;
            break;

        case DIFF_DIM_PATH:
            r->path = v;
            r->raw = is_raw(v);
            break;

        case DIFF_DIM_METHOD:
            r->method = v;
            break;

        case DIFF_DIM_QUERY:
            r->query = v;
            break;

        case DIFF_DIM_HEADER:
            weir_diff_put(r->headers, &r->nheaders, dim->name, v);
            break;

        case DIFF_DIM_COOKIE:
            weir_diff_put(r->cookies, &r->ncookies, dim->name, v);
            break;

        case DIFF_DIM_PARAM:
            weir_diff_put(r->params, &r->nparams, dim->name, v);
            break;

        default:
            weir_diff_put(r->sets, &r->nsets, dim->name, v);
        }
    }
}


/* Its programs matter to the class as well. */
static void
land(diff_cell_t *c, const diff_pair_t *p)
{
    size_t  i;

    for (i = 0; i < c->nlanded && c->landed[i] != p; i++) { /* void */ }

    if (p != NULL && i == c->nlanded && i < DIFF_MAX_LANDED) {
        c->landed[c->nlanded++] = p;
    }
}


/* A request with decisions that none had before is varied in its turn. */
static void
look(walk_t *w, const point_t *p, const weir_decision_t x[DIFF_SIDES])
{
    size_t    i;
    uint64_t  h;

    h = weir_diff_hash(&x[DIFF_NEW], weir_diff_hash(&x[DIFF_OLD], 0, false),
                      false);

    for (i = 0; i < w->nseen; i++) {

        if (w->seen[i] == h) {
            return;
        }
    }

    for (i = 0; i < DIFF_SIDES; i++) {
        land(w->c, find_pair(w->d, x[i].route));
    }

    if (w->nseen < MOST_SEEN) {
        w->seen[w->nseen++] = h;
    }

    if (w->naround < MOST_AROUND) {
        w->around[w->naround++] = *p;
    }
}


/* false: there is nothing left to spend. */
static bool
try(walk_t *w, const point_t *p)
{
    diff_request_t   r;
    weir_decision_t  x[DIFF_SIDES];

    if (w->left == 0 || w->d->nomem) {
        return false;
    }

    w->left--;

    if (w->batch++ == BATCH) {
        weir_arena_destroy(w->arena);
        w->arena = weir_arena_create();
        w->batch = 0;

        if (w->arena == NULL) {
            w->d->nomem = true;
            return false;
        }
    }

    build(w->c, p, &r);

    if (weir_diff_decide(w->d, w->arena, &r, x)) {
        record(w->d, x, &r);
    }

    look(w, p, x);

    return true;
}


/* Combinations of n dimensions; more than most: most. */
static size_t
product(const diff_cell_t *c, const uint16_t *dims, size_t n, size_t most)
{
    size_t  i, total;

    for (i = 0, total = 1; i < n; i++) {

        if (c->dims[dims[i]].n > most / total) {
            return most + 1;
        }

        total *= c->dims[dims[i]].n;
    }

    return total;
}


static bool
vary(walk_t *w, const point_t *around, const uint16_t *dims, size_t n)
{
    size_t   i;
    point_t  p;

    p = *around;

    for (i = 0; i < n; i++) {
        p.at[dims[i]] = 0;
    }

    for ( ;; ) {

        if (!try(w, &p)) {
            return false;
        }

        for (i = 0; i < n; i++) {

            if (++p.at[dims[i]] < w->c->dims[dims[i]].n) {
                break;
            }

            p.at[dims[i]] = 0;
        }

        if (i == n) {
            return true;
        }
    }
}


static bool
vary_pairs(walk_t *w, const point_t *around, const uint16_t *dims, size_t n)
{
    size_t    i, k;
    uint16_t  pair[2];

    for (i = 0; i < n; i++) {
        for (k = i + 1; k < n; k++) {
            pair[0] = dims[i];
            pair[1] = dims[k];

            if (!vary(w, around, pair, 2)) {
                return false;
            }
        }
    }

    return n != 1 || vary(w, around, dims, 1);
}


static bool
vary_all(walk_t *w, const point_t *around, const uint16_t *dims)
{
    size_t             i;
    const diff_set_t  *s;

    for (i = 0; i < w->c->ndims; i++) {
        if (!vary(w, around, &dims[i], 1)) {
            return false;
        }
    }

    for (i = 0; i < w->c->sets.len; i++) {
        s = &w->c->sets.items[i];

        if (product(w->c, s->dims, s->n, 1024) <= 1024) {
            if (!vary(w, around, s->dims, s->n)) {
                return false;
            }

        } else if (!vary_pairs(w, around, s->dims, s->n)) {
            return false;
        }
    }

    return vary_pairs(w, around, dims, w->c->ndims);
}


void
weir_diff_explore(diff_t *d, diff_cell_t *c)
{
    size_t     i, total;
    walk_t    *w;
    uint16_t   dims[DIFF_MAX_DIMS];

    w = weir_diff_alloc(d, sizeof(walk_t));

    if (d->table == NULL) {
        d->table = weir_arena_alloc(d->keep, TABLE * sizeof(uint32_t));
    }

    if (w == NULL || d->table == NULL) {
        d->nomem = true;
        return;
    }

    w->d = d;
    w->c = c;
    w->left = c->budget;
    w->arena = weir_arena_create();
    d->nomem |= w->arena == NULL;

    for (i = 0; i < c->ndims; i++) {
        dims[i] = (uint16_t) i;
    }

    total = product(c, dims, c->ndims, DIFF_MAX_PRODUCT);

    if (total <= DIFF_MAX_PRODUCT && total <= c->budget) {
        (void) vary(w, &w->around[0], dims, c->ndims);

    } else {
        (void) try(w, &w->around[0]);

        for (i = 0; i < w->naround; i++) {
            if (!vary_all(w, &w->around[i], dims)) {
                d->capped = true;
                break;
            }
        }
    }

    if (w->arena != NULL) {
        weir_arena_destroy(w->arena);
    }
}
