/*
 * lookup.c: tenants and routes, by the image's indexes.
 *
 * Relies on what verify.c promises: nodes are trees of at most
 * WEIR_MAX_SEGMENTS levels under their root, so that a walk ends and sees a
 * node once.
 */

#include "base/hash.h"
#include "run/fn.h"
#include "run/lookup.h"
#include "run/regex.h"

/* So many literals are looked at in turn. */
#define FEW  8

/* What a segment of the path was taken by; a rest takes none. */
typedef enum {
    BY_REST,
    BY_PARAM,
    BY_PATTERN,
    BY_LITERAL
} taken_t;

/* Of a route that fits: the greater one is the more specific. */
typedef struct {
    uint64_t              segments[2];  /* taken_t, two bits each, from the */
    uint32_t              last;         /* highest; then what follows them */
} rank_t;

/* A way into a tree. */
typedef struct {
    rank_t                rank;
    uint32_t              depth;
    uint32_t              params;       /* that many of the walk's are filled */
} way_t;

typedef struct {
    const weir_lookup_t  *q;
    weir_match_t         *match;        /* the best so far */
    rank_t                best;
    bool                  found;
    uint32_t              method;       /* WEIR_METHOD_* bit, or 0 */
    uint32_t              work;         /* steps that patterns may take */
    way_t                 way;          /* to where the walk is */
    weir_str_t            params[WEIR_MAX_PARAMS];
} walk_t;


static weir_str_t
ref_str(const weir_image_t *img, uint32_t ref)
{
    return weir_img_str(img, WEIR_REC(img, REFS)[ref]);
}


/* data NULL: there is none. */
static weir_str_t
header(const weir_lookup_t *q, uint32_t name)
{
    weir_str_t    s;
    weir_value_t  v;

    if (q->ops->get(q->data, WEIR_A_REQUEST_HEADERS,
                    weir_img_str(q->image, name), &v) != WEIR_OK
        || v.kind != WEIR_T_STRING)
    {
        return weir_str(NULL, 0);
    }

    s = weir_v_text(&v);

    return s.len ? s : weir_str("", 0);
}


/* The segment that begins at *pos; *pos moves behind the slash after it. */
static weir_str_t
next_segment(weir_str_t path, size_t *pos)
{
    size_t       n, rest;
    const char  *p, *slash;

    p = path.data + *pos;
    rest = path.len - *pos;
    slash = rest ? memchr(p, '/', rest) : NULL;
    n = slash ? (size_t) (slash - p) : rest;
    *pos += n + 1;

    return weir_str(p, n);
}


/* Tenants */

uint32_t
weir_lookup_tenant(const weir_image_t *img, weir_str_t id)
{
    uint32_t  i;

    i = weir_phash_find(&img->hash[WEIR_HASH_TENANTS], id);

    if (i == WEIR_NONE
        || !weir_str_eq(weir_img_str(img, WEIR_REC(img, TENANTS)[i].id), id))
    {
        return WEIR_NONE;
    }

    return i;
}


uint32_t
weir_lookup_tenant_host(const weir_image_t *img, weir_str_t host)
{
    uint32_t                       i;
    const weir_img_tenant_host_t  *h;

    i = weir_phash_find(&img->hash[WEIR_HASH_TENANT_HOSTS], host);

    if (i == WEIR_NONE) {
        return WEIR_NONE;
    }

    h = &WEIR_REC(img, TENANT_HOSTS)[i];

    return weir_str_eq(weir_img_str(img, h->host), host) ? h->tenant
                                                         : WEIR_NONE;
}


bool
weir_lookup_trusts(const weir_image_t *img, const weir_img_resolve_t *r,
    const weir_ip_t *peer)
{
    uint32_t         i;
    const uint32_t  *lists;

    lists = WEIR_REC(img, REFS) + r->trust.first;

    for (i = 0; i < r->trust.count; i++) {
        if (weir_cidrs_contain(img, lists[i], peer)) {
            return true;
        }
    }

    return false;
}


/* The label between prefix and suffix. */
static bool
resolve_host(const weir_lookup_t *q, const weir_img_resolve_t *r,
    weir_str_t *id)
{
    weir_str_t  prefix, suffix;

    prefix = weir_img_str(q->image, r->prefix);
    suffix = weir_img_str(q->image, r->suffix);

    if (!weir_str_starts(q->host, prefix) || !weir_str_ends(q->host, suffix)
        || q->host.len <= prefix.len + suffix.len)
    {
        return false;
    }

    *id = weir_str(q->host.data + prefix.len,
                   q->host.len - prefix.len - suffix.len);

    return memchr(id->data, '.', id->len) == NULL;
}


/* From a peer that is not trusted the header counts as absent. */
static bool
resolve_header(const weir_lookup_t *q, const weir_img_resolve_t *r,
    weir_str_t *id)
{
    if (!weir_lookup_trusts(q->image, r, q->peer)) {
        return false;
    }

    *id = header(q, r->header);

    return id->len != 0;
}


static bool
resolve_path(const weir_lookup_t *q, const weir_img_resolve_t *r,
    weir_str_t *id)
{
    size_t           pos;
    uint32_t         i;
    weir_str_t       segment;
    const uint32_t  *refs;

    refs = WEIR_REC(q->image, REFS) + r->segments.first;
    *id = weir_str("", 0);

    for (i = 0, pos = 1; i < r->segments.count; i++) {

        if (pos > q->path.len) {
            return false;
        }

        segment = next_segment(q->path, &pos);

        if (refs[i] == WEIR_NONE) {
            *id = segment;

        } else if (!weir_str_eq(segment, weir_img_str(q->image, refs[i]))) {
            return false;
        }
    }

    return id->len != 0 && (r->rest || pos > q->path.len);
}


/* A header that came twice is joined by a comma: that is no id. */
static bool
is_tenant_id(const weir_img_resolve_t *r, weir_str_t id)
{
    return id.len <= WEIR_MAX_TENANT_ID
           && (r->kind != WEIR_RESOLVE_HEADER
               || memchr(id.data, ',', id.len) == NULL);
}


weir_rc_t
weir_lookup_candidate(const weir_lookup_t *q, uint32_t *tenant)
{
    bool                       hit;
    uint32_t                   i, found;
    weir_str_t                 id;
    const weir_range_t        *rules;
    const weir_img_resolve_t  *r;

    found = weir_lookup_tenant_host(q->image, q->host);

    if (found != WEIR_NONE) {
        *tenant = found;
        return WEIR_OK;
    }

    rules = &q->image->policy->resolve;

    for (i = 0; i < rules->count; i++) {

        r = &WEIR_REC(q->image, RESOLVES)[rules->first + i];

        switch (r->kind) {

        case WEIR_RESOLVE_HOST:
            hit = resolve_host(q, r, &id);
            break;

        case WEIR_RESOLVE_HEADER:
            hit = resolve_header(q, r, &id);
            break;

        default:
            hit = resolve_path(q, r, &id);
            break;
        }

        if (!hit) {
            continue;
        }

        found = is_tenant_id(r, id) ? weir_lookup_tenant(q->image, id)
                                    : WEIR_NONE;

        if (found == WEIR_NONE) {
            return WEIR_ERROR;
        }

        *tenant = found;
        return WEIR_OK;
    }

    return WEIR_DECLINED;
}


/* Routes */

uint32_t
weir_method_bit(weir_str_t method)
{
#define M(name, text)                                                         \
    if (weir_str_eq(method, weir_string(text))) {                             \
        return (uint32_t) 1 << WEIR_METHOD_BIT_##name;                        \
    }

    WEIR_METHODS(M)
#undef M

    return 0;
}


static WEIR_SELDOM bool
is_other_method(const walk_t *w, const weir_img_route_t *r)
{
    uint32_t  i;

    for (i = 0; i < r->other.count; i++) {
        if (weir_str_eq(w->q->method,
                        ref_str(w->q->image, r->other.first + i)))
        {
            return true;
        }
    }

    return false;
}


static inline bool
method_fits(const walk_t *w, const weir_img_route_t *r)
{
    return (r->methods & w->method) != 0
           || (r->methods == 0 && r->other.count == 0)
           || is_other_method(w, r);
}


static WEIR_SELDOM bool
headers_fit(const walk_t *w, const weir_img_route_t *r)
{
    uint32_t                       i;
    weir_str_t                     value, want;
    const weir_img_header_test_t  *t;

    for (i = 0; i < r->headers.count; i++) {

        t = &WEIR_REC(w->q->image, HEADER_TESTS)[r->headers.first + i];
        value = header(w->q, t->name);
        want = weir_img_str(w->q->image, t->value);

        switch (t->test) {

        case WEIR_TEST_PRESENT:
            if (value.data == NULL) {
                return false;
            }

            break;

        case WEIR_TEST_EXACT:
            if (value.data == NULL || !weir_str_eq(value, want)) {
                return false;
            }

            break;

        default:
            if (value.data == NULL || !weir_str_starts(value, want)) {
                return false;
            }

            break;
        }
    }

    return true;
}


static void
step(way_t *way, taken_t by)
{
    way->rank.segments[way->depth / 32] |= (uint64_t) by
                                           << (62 - 2 * (way->depth % 32));
    way->depth++;
}


static WEIR_SELDOM bool
is_better(const rank_t *a, const rank_t *b)
{
    size_t  i;

    for (i = 0; i < 2; i++) {
        if (a->segments[i] != b->segments[i]) {
            return a->segments[i] > b->segments[i];
        }
    }

    return a->last > b->last;
}


/*
 * The first of the routes of a place that takes method and headers; it is the
 * best of them.
 */
static weir_rc_t
pick(walk_t *w, const weir_range_t *routes, bool rest)
{
    bool                     listed;
    rank_t                   rank;
    uint32_t                 i, n, route;
    const weir_img_route_t  *r;

    for (i = 0; i < routes->count; i++) {

        route = WEIR_REC(w->q->image, REFS)[routes->first + i];
        r = &WEIR_REC(w->q->image, ROUTES)[route];

        if (!method_fits(w, r)
            || (r->headers.count != 0 && !headers_fit(w, r)))
        {
            continue;
        }

        listed = r->methods != 0 || r->other.count != 0;
        rank = w->way.rank;
        rank.last = (uint32_t) !rest << 31 | (uint32_t) listed << 30
                    | (r->headers.count & 0x3fffffff);

        if (!w->found || is_better(&rank, &w->best)) {
            w->found = true;
            w->best = rank;
            w->match->route = route;
            n = w->way.params < r->params.count ? w->way.params
                                                : r->params.count;
            w->match->nparams = n;
            memcpy(w->match->params, w->params, n * sizeof(weir_str_t));
        }

        return WEIR_OK;
    }

    return WEIR_DECLINED;
}


/*
 * The first of n edges, sorted by hash, whose hash is not lower.  Hashes are
 * even, so the search starts where it would be were they perfectly so, and
 * stays near.
 */
static WEIR_SELDOM uint32_t
lower_bound(const weir_img_edge_t *edges, uint32_t n, uint32_t hash)
{
    uint32_t  lo, hi, mid, step;

    lo = (uint32_t) ((uint64_t) hash * n >> 32);
    hi = lo;

    if (edges[lo].hash < hash) {

        for (step = 1; hi < n && edges[hi].hash < hash; step *= 2) {
            lo = hi + 1;
            hi = step < n - hi ? hi + step : n;
        }

    } else {

        for (step = 1; lo > 0 && edges[lo].hash >= hash; step *= 2) {
            hi = lo;
            lo = step < lo ? lo - step : 0;
        }
    }

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (edges[mid].hash < hash) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return lo;
}


static const weir_img_edge_t *
find_literal(const weir_image_t *img, const weir_range_t *literals,
    weir_str_t segment)
{
    uint32_t                i, hash;
    const weir_img_edge_t  *edges;

    if (literals->count == 0) {
        return NULL;
    }

    edges = WEIR_REC(img, EDGES) + literals->first;
    hash = (uint32_t) weir_hash(segment, 0);
    i = literals->count > FEW ? lower_bound(edges, literals->count, hash) : 0;

    for ( /* void */ ; i < literals->count && edges[i].hash <= hash; i++) {
        if (edges[i].hash == hash
            && weir_str_eq(weir_img_str(img, edges[i].segment), segment))
        {
            return &edges[i];
        }
    }

    return NULL;
}


static weir_rc_t walk(walk_t *w, uint32_t at, size_t pos);


/*
 * By the parameters of a node that take the segment; pos is behind it.  Of
 * those with a pattern all have their turn: what follows tells which way is
 * the more specific one.  The one without is the last.
 */
static weir_rc_t
walk_params(walk_t *w, const weir_img_node_t *node, weir_str_t segment,
    size_t pos)
{
    way_t                   way;
    taken_t                 by;
    uint32_t                i;
    weir_rc_t               rc, result;
    const weir_img_edge_t  *edge;

    if (segment.len == 0 || w->way.params == WEIR_MAX_PARAMS) {
        return WEIR_DECLINED;
    }

    way = w->way;
    result = WEIR_DECLINED;

    for (i = 0; i < node->params.count; i++) {

        edge = &WEIR_REC(w->q->image, EDGES)[node->params.first + i];
        by = BY_PATTERN;

        if (edge->regex == WEIR_NONE) {

            if (result == WEIR_OK) {
                continue;
            }

            by = BY_PARAM;

        } else {
            rc = weir_regex_match_within(w->q->image->regex[edge->regex],
                                         segment, &w->work);

            if (rc == WEIR_DECLINED) {
                continue;
            }

            if (rc != WEIR_OK) {
                return WEIR_ERROR;
            }
        }

        w->params[w->way.params++] = segment;
        step(&w->way, by);
        rc = walk(w, edge->node, pos);
        w->way = way;

        if (rc == WEIR_ERROR) {
            return rc;
        }

        if (rc == WEIR_OK) {
            result = rc;
        }
    }

    return result;
}


/*
 * Looks below a node for the best route for the path from pos on (behind its
 * end: the path ends here).  WEIR_OK: one fits.  As deep as the tree.
 */
static weir_rc_t
walk(walk_t *w, uint32_t at, size_t pos)
{
    way_t                   way;
    weir_rc_t               rc;
    weir_str_t              segment;
    const weir_img_node_t  *node;
    const weir_img_edge_t  *edge;

    for ( ;; ) {
        node = &WEIR_REC(w->q->image, NODES)[at];

        if (pos > w->q->path.len) {
            rc = pick(w, &node->routes, false);
            return rc == WEIR_DECLINED ? pick(w, &node->rest, true) : rc;
        }

        segment = next_segment(w->q->path, &pos);
        edge = find_literal(w->q->image, &node->literals, segment);

        if (edge == NULL) {
            break;
        }

        way = w->way;
        step(&w->way, BY_LITERAL);

        if (node->params.count != 0 || node->rest.count != 0) {
            rc = walk(w, edge->node, pos);
            w->way = way;

            if (rc != WEIR_DECLINED) {
                return rc;
            }

            break;
        }

        /* there is nothing else to come back to */

        at = edge->node;
    }

    rc = walk_params(w, node, segment, pos);

    return rc == WEIR_DECLINED ? pick(w, &node->rest, true) : rc;
}


static weir_rc_t
walk_host(walk_t *w, weir_str_t key)
{
    uint32_t                i;
    const weir_image_t     *img;
    const weir_img_host_t  *host;

    img = w->q->image;
    i = weir_phash_find(&img->hash[WEIR_HASH_HOSTS], key);

    if (i == WEIR_NONE) {
        return WEIR_DECLINED;
    }

    host = &WEIR_REC(img, HOSTS)[i];

    if (!weir_str_eq(weir_img_str(img, host->key), key)) {
        return WEIR_DECLINED;
    }

    return walk(w, host->root, 1);
}


weir_rc_t
weir_lookup_route(const weir_lookup_t *q, weir_match_t *m)
{
    size_t               i;
    walk_t               w;
    weir_rc_t            rc;
    const weir_image_t  *img;

    img = q->image;
    w.q = q;
    w.match = m;
    w.found = false;
    memset(&w.way, 0, sizeof(way_t));
    w.method = weir_method_bit(q->method);
    w.work = WEIR_MAX_WORK;

    if (img->exact_hosts && q->host.len != 0) {

        rc = walk_host(&w, q->host);

        if (rc != WEIR_DECLINED) {
            return rc;
        }
    }

    /* the key of "*.shop.example" is ".shop.example" */

    for (i = 1; img->wildcard_hosts && i < q->host.len; i++) {

        if (q->host.data[i] != '.') {
            continue;
        }

        rc = walk_host(&w, weir_str(q->host.data + i, q->host.len - i));

        if (rc != WEIR_DECLINED) {
            return rc;
        }
    }

    if (img->policy->any_host == WEIR_NONE) {
        return WEIR_DECLINED;
    }

    return walk(&w, img->policy->any_host, 1);
}
