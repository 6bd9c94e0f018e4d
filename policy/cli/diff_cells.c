/*
 * diff_cells.c: the classes of requests that are tried.
 *
 * A class has the requests around one route: instances of its templates and
 * near misses, methods it lists and one that it does not, its header tests met
 * and missed, tenants of each kind, and for each leaf that a program of either
 * policy asks, values on both sides of what it is tested by.
 */

#include "cli/diff_make.h"
#include "run/lookup.h"

#define MOST_TENANTS  24        /* kinds in one class */
#define DEEP          16        /* classes that are tried well, whatever the
                                   number: others may be alike */
#define FRESH_HOST    "weir-probe.example"


static void
add_text(diff_make_t *m, diff_dim_t *dim, const char *text)
{
    weir_diff_add(m, dim, weir_cstr(text));
}


/* Hosts and tenants */

/* Whether requests to a host can be of the route. */
static bool
host_fits(const diff_make_t *m, weir_str_t host)
{
    size_t               i, side;
    weir_str_t           key;
    const diff_route_t  *route;

    if (m->pair == NULL) {
        return true;
    }

    for (side = 0; side < DIFF_SIDES; side++) {
        route = m->pair->route[side];

        for (i = 0; route != NULL && i < route->places.len; i++) {
            key = route->places.items[i].host;

            if (key.len == 0 || weir_str_eq(key, host)
                || (key.data[0] == '.' && weir_str_ends(host, key)))
            {
                return true;
            }
        }
    }

    return false;
}


static void
add_host(diff_make_t *m, weir_str_t host)
{
    if (host_fits(m, host)) {
        weir_diff_add(m, &m->c->dims[DIFF_DIM_HOST], host);
    }
}


static weir_str_t
trusted(diff_t *d, const weir_image_t *img, const weir_img_resolve_t *r)
{
    uint32_t                 i;
    weir_ip_t                ip;
    const weir_img_cidrs_t  *c;

    (void) weir_ip_parse(weir_string("127.0.0.1"), &ip);

    if (weir_lookup_trusts(img, r, &ip)) {
        return weir_str(NULL, 0);
    }

    for (i = 0; i < r->trust.count; i++) {
        c = &WEIR_REC(img, CIDRS)[WEIR_REC(img, REFS)[r->trust.first + i]];

        if (c->v4.count) {
            ip = weir_diff_v4(WEIR_REC(img, V4)[c->v4.first].lo);
            return weir_diff_ip_text(d, &ip);
        }

        if (c->v6.count) {
            ip.len = 16;
            memcpy(ip.bytes, WEIR_REC(img, V6)[c->v6.first].lo, 16);
            return weir_diff_ip_text(d, &ip);
        }
    }

    return weir_str(NULL, 0);
}


/* A tenant by its id, in all ways that policies find one. */
static void
add_tenant(diff_make_t *m, weir_str_t id)
{
    size_t                     i, side;
    weir_str_t                 peer;
    diff_dim_t                *dim;
    const weir_image_t        *img;
    const weir_img_resolve_t  *r;

    for (side = 0; side < DIFF_SIDES; side++) {
        img = m->d->side[side].img;

        for (i = 0; i < img->policy->resolve.count; i++) {
            r = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first + i];

            if (r->kind == WEIR_RESOLVE_HOST) {
                add_host(m, weir_diff_text(m->d, "%.*s%.*s%.*s",
                    WEIR_STR(weir_img_str(img, r->prefix)), WEIR_STR(id),
                    WEIR_STR(weir_img_str(img, r->suffix))));

            } else if (r->kind == WEIR_RESOLVE_HEADER) {
                dim = weir_diff_dim(m, DIFF_DIM_HEADER,
                             weir_img_str(img, r->header));
                weir_diff_add(m, dim, weir_str(NULL, 0));
                weir_diff_add(m, dim, id);
                peer = trusted(m->d, img, r);

                if (peer.data != NULL) {
                    dim = weir_diff_dim(m, DIFF_DIM_SET, weir_string("peer"));
                    weir_diff_add(m, dim, weir_str(NULL, 0));
                    weir_diff_add(m, dim, peer);
                }
            }
        }
    }
}


static void
add_kinds(diff_make_t *m)
{
    size_t              i, k;
    const diff_kind_t  *kind;

    for (i = 0; i < m->ntenants; i++) {
        kind = &m->d->kinds.items[i];

        for (k = 0; k < kind->hosts.len; k++) {
            add_host(m, kind->hosts.items[k]);
        }

        add_tenant(m, kind->id);
    }

    add_tenant(m, weir_string(DIFF_FRESH "-nobody"));
}


static void
add_hosts(diff_make_t *m)
{
    size_t               i, side;
    weir_str_t           key;
    const diff_route_t  *route;

    for (side = 0; side < DIFF_SIDES; side++) {
        route = m->pair != NULL ? m->pair->route[side] : NULL;

        for (i = 0; route != NULL && i < route->places.len; i++) {
            key = route->places.items[i].host;

            if (key.len == 0) {
                key = weir_string(FRESH_HOST);

            } else if (key.data[0] == '.') {
                key = weir_diff_text(m->d, DIFF_FRESH "%.*s", WEIR_STR(key));
            }

            weir_diff_add(m, &m->c->dims[DIFF_DIM_HOST], key);
        }
    }

    add_kinds(m);
    weir_diff_add(m, &m->c->dims[DIFF_DIM_HOST], weir_string(FRESH_HOST));
}


/* Methods and header tests of the route itself */

static void
add_methods(diff_make_t *m)
{
    size_t                   i, side;
    uint32_t                 listed;
    diff_dim_t              *dim;
    const weir_image_t      *img;
    const weir_img_route_t  *r;

    dim = &m->c->dims[DIFF_DIM_METHOD];
    listed = 0;

    for (side = 0; side < DIFF_SIDES && m->pair != NULL; side++) {

        if (m->pair->route[side] == NULL) {
            continue;
        }

        img = m->d->side[side].img;
        r = &WEIR_REC(img, ROUTES)[m->pair->route[side]->index];
        listed |= r->methods;

        for (i = 0; i < r->other.count; i++) {
            weir_diff_add(m, dim, weir_img_str(img, WEIR_REC(img, REFS)
                                          [r->other.first + i]));
        }
    }

#define M(name, text)                                                         \
    if (listed & 1u << WEIR_METHOD_BIT_##name) {                              \
        add_text(m, dim, text);                                               \
    }

    WEIR_METHODS(M)
#undef M

    add_text(m, dim, "GET");
    add_text(m, dim, listed & 1u << WEIR_METHOD_BIT_PATCH ? "DELETE"
                                                          : "PATCH");
}


static void
add_header_tests(diff_make_t *m, const diff_pair_t *pair)
{
    size_t                         i, side;
    weir_str_t                     value;
    diff_dim_t                    *dim;
    const weir_image_t            *img;
    const weir_img_route_t        *r;
    const weir_img_header_test_t  *t;

    for (side = 0; side < DIFF_SIDES && pair != NULL; side++) {

        if (pair->route[side] == NULL) {
            continue;
        }

        img = m->d->side[side].img;
        r = &WEIR_REC(img, ROUTES)[pair->route[side]->index];

        for (i = 0; i < r->headers.count; i++) {
            t = &WEIR_REC(img, HEADER_TESTS)[r->headers.first + i];
            value = weir_img_str(img, t->value);
            dim = weir_diff_dim(m, DIFF_DIM_HEADER, weir_img_str(img, t->name));

            if (t->test != WEIR_TEST_PRESENT) {
                weir_diff_add(m, dim, value);
            }

            weir_diff_add(m, dim, weir_diff_text(m->d, "%.*s" DIFF_FRESH,
                                                 WEIR_STR(value)));
            weir_diff_add(m, dim, weir_str(NULL, 0));
            weir_diff_add(m, dim, weir_string(DIFF_FRESH));
        }
    }
}


static void
add_set(diff_make_t *m, const diff_code_t *code)
{
    size_t        i, k;
    uint16_t      at;
    diff_dim_t   *dim;
    diff_set_t    set, *out;

    memset(&set, 0, sizeof(set));

    for (i = 0; i < code->atoms.len; i++) {
        dim = weir_diff_leaf_dim(m, &code->atoms.items[i].leaf);

        if (dim == NULL) {
            continue;
        }

        at = (uint16_t) (dim - m->c->dims);

        for (k = 0; k < set.n && set.dims[k] != at; k++) { /* void */ }

        if (k == set.n) {
            set.dims[set.n++] = at;
        }
    }

    for (i = 0; i < m->c->sets.len; i++) {
        if (memcmp(&m->c->sets.items[i], &set, sizeof(set)) == 0) {
            return;
        }
    }

    out = set.n > 1 ? diff_push(m->d, &m->c->sets) : NULL;

    if (out != NULL) {
        *out = set;
    }
}


static void
add_leaves(diff_make_t *m)
{
    size_t              i, k;
    const diff_code_t  *code;

    for (i = 0; i < m->asked.len && !m->d->nomem; i++) {
        code = &m->d->side[m->asked.items[i].side]
                .code[m->asked.items[i].prog];

        for (k = 0; k < code->atoms.len; k++) {
            weir_diff_leaf_values(m, &code->atoms.items[k]);
        }

        add_set(m, code);
    }
}


static void
make_cell(diff_make_t *m, const diff_pair_t *pair)
{
    size_t  i, side, misses;

    memset(m->c, 0, sizeof(diff_cell_t));
    memset(&m->asked, 0, sizeof(m->asked));
    m->pair = pair;

    (void) weir_diff_dim(m, DIFF_DIM_HOST, weir_string("host"));
    (void) weir_diff_dim(m, DIFF_DIM_PATH, weir_string("path"));
    (void) weir_diff_dim(m, DIFF_DIM_METHOD, weir_string("method"));

    weir_diff_asked(m);
    add_hosts(m);
    add_methods(m);
    add_header_tests(m, pair);

    for (i = 0; i < m->nlanded; i++) {
        add_header_tests(m, m->landed[i]);
    }

    for (misses = 0; misses < 2 && pair != NULL; misses++) {
        for (side = 0; side < DIFF_SIDES; side++) {
            if (pair->route[side] != NULL) {
                weir_diff_places(m, (unsigned) side, pair->route[side],
                           misses != 0);
            }
        }
    }

    for (i = 0; i < m->ntenants; i++) {
        weir_diff_tenant_paths(m, m->d->kinds.items[i].id);
    }

    weir_diff_tenant_paths(m, weir_string(DIFF_FRESH "-nobody"));
    add_text(m, &m->c->dims[DIFF_DIM_PATH], "/" DIFF_FRESH "-probe");

    if (!m->d->same_paths) {
        add_text(m, &m->c->dims[DIFF_DIM_PATH], "//" DIFF_FRESH "-probe");
        add_text(m, &m->c->dims[DIFF_DIM_PATH], "/a/../" DIFF_FRESH "-probe");
    }

    add_leaves(m);
}


static size_t
count_kinds(const diff_t *d, bool all)
{
    size_t  n;

    for (n = 0; n < d->kinds.len && (all || d->kinds.items[n].matters); n++)
    {
        /* void */
    }

    return n;
}


/* The other routes that requests of the class came to. */
static bool
has_landed(diff_make_t *m, const diff_pair_t *pair)
{
    size_t  i;

    for (i = 0, m->nlanded = 0; i < m->c->nlanded; i++) {

        if (m->c->landed[i] != pair) {
            m->landed[m->nlanded++] = m->c->landed[i];
        }
    }

    return m->nlanded != 0;
}


/* What a class needs does not outlive it. */
static void
try_cell(diff_make_t *m, const diff_pair_t *pair, size_t budget)
{
    size_t         before;
    weir_arena_t  *arena;

    arena = m->d->arena;
    m->d->arena = weir_arena_create();

    if (m->d->arena == NULL) {
        m->d->nomem = true;

    } else {
        before = m->d->probes;
        m->nlanded = 0;
        make_cell(m, pair);
        m->c->budget = budget / 2;
        weir_diff_explore(m->d, m->c);

        if (has_landed(m, pair) && !m->d->nomem) {
            make_cell(m, pair);
            m->c->budget = budget > m->d->probes - before
                           ? budget - (m->d->probes - before) : 0;
            weir_diff_explore(m->d, m->c);
        }

        m->d->capped |= m->c->capped;
        weir_arena_destroy(m->d->arena);
    }

    m->d->arena = arena;
}


/* Classes of routes that are proved, where tenants differ, or of the others. */
static void
try_cells(diff_make_t *m, bool proved, size_t kinds, size_t budget)
{
    size_t              i, n, left, least, until, tried;
    const diff_pair_t  *p;

    for (i = 0, n = 1; i < m->d->pairs.len; i++) {
        n += (m->d->pairs.items[i].why.len == 0) == proved;
    }

    until = m->d->probes + budget;
    tried = 0;
    m->ntenants = kinds;

    if (m->ntenants > MOST_TENANTS) {
        m->ntenants = MOST_TENANTS;
        m->d->capped = true;
    }

    for (i = 0; i <= m->d->pairs.len && !m->d->nomem; i++) {
        p = i < m->d->pairs.len ? &m->d->pairs.items[i] : NULL;

        if (p != NULL && (p->why.len == 0) != proved) {
            continue;
        }

        /* what the others leave is for those that follow */

        left = until > m->d->probes ? until - m->d->probes : 0;
        least = tried++ < DEEP ? 4000 : 200;
        try_cell(m, p, left / n > least ? left / n : least);
        n -= n > 1;
    }
}


void
weir_diff_cells(diff_t *d)
{
    bool    differ;
    size_t  i, kinds;
    diff_make_t  m;

    memset(&m, 0, sizeof(m));
    m.d = d;
    m.c = weir_diff_alloc(d, sizeof(diff_cell_t));
    kinds = count_kinds(d, false);
    differ = d->none.why.len != 0;

    for (i = 0; i < d->pairs.len; i++) {
        differ |= d->pairs.items[i].why.len != 0;
    }

    if (d->nomem || !weir_diff_sort_sums(&m)) {
        return;
    }

    if (differ) {
        try_cells(&m, false, count_kinds(d, true),
                  kinds ? d->budget / 4 * 3 : d->budget);
    }

    if (kinds) {
        try_cells(&m, true, kinds, differ ? d->budget / 4 : d->budget);
    }
}
