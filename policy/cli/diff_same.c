/*
 * diff_same.c: sums over what an image means, whatever its indices are.
 *
 * Two programs with one sum are the same instructions on the same constants,
 * patterns and addresses; two rules with one sum say the same of a request;
 * two routes with one match sum take the same requests, each among the other
 * routes of its policy.  Names of variables and lists, places in the source
 * and the order in which an image happens to keep its records are left out.
 */

#include <stdlib.h>

#include "cli/diff.h"

/* How deep the tree of paths is; see bounds.h. */
#define MOST_DEPTH  (WEIR_MAX_SEGMENTS + 1)

/* Bytes to make a sum of; blobs of one diff_bytes_t are not nested. */
typedef struct {
    diff_t        *diff;
    diff_bytes_t   bytes;
} blob_t;

/* what an operand refers to, by op */
typedef enum {
    REF_NONE, REF_CONST, REF_ATTR, REF_PROG, REF_PARAM, REF_LOCAL, REF_FN,
    REF_NAME, REF_KIND, REF_JUMP, REF_LOOP, REF_ITER, REF_NEXT, REF_BUILD,
    REF_COUNT, REF_FUSED
} ref_t;


static void
put(blob_t *b, const void *data, size_t n)
{
    char    *grown;
    size_t   size;

    if (b->diff->nomem) {
        return;
    }

    if (n > b->bytes.cap - b->bytes.len) {
        size = 2 * (b->bytes.len + n) + 256;
        grown = weir_diff_alloc(b->diff, size);

        if (grown == NULL) {
            return;
        }

        if (b->bytes.len) {
            memcpy(grown, b->bytes.items, b->bytes.len);
        }

        b->bytes.items = grown;
        b->bytes.cap = size;
    }

    if (n) {
        memcpy(b->bytes.items + b->bytes.len, data, n);
        b->bytes.len += n;
    }
}


static void
put_n(blob_t *b, uint64_t n)
{
    put(b, &n, sizeof(n));
}


static void
put_str(blob_t *b, weir_str_t s)
{
    put_n(b, s.len);
    put(b, s.data, s.len);
}


static void
put_sum(blob_t *b, const diff_sum_t *sum)
{
    put(b, sum, sizeof(diff_sum_t));
}


/* The blob is empty again. */
static diff_sum_t
sum_of(blob_t *b)
{
    uint8_t     hash[WEIR_SHA256_LEN];
    diff_sum_t  sum;

    memset(&sum, 0, sizeof(sum));

    if (!b->diff->nomem
        && weir_sha256(weir_str(b->bytes.items, b->bytes.len), hash)
           == WEIR_OK)
    {
        memcpy(&sum, hash, sizeof(sum));

    } else {
        b->diff->nomem = true;
    }

    b->bytes.len = 0;

    return sum;
}


/* With the memory of the diff: begin() to end(), and none other between. */
static blob_t
begin(diff_t *d)
{
    return (blob_t) { d, d->scratch };
}


static diff_sum_t
end(blob_t *b)
{
    diff_sum_t  sum;

    sum = sum_of(b);
    b->diff->scratch = b->bytes;

    return sum;
}


static void
sum_cidrs(blob_t *b, diff_side_t *s)
{
    uint32_t                 i, k;
    const weir_img_v4_t     *v4;
    const weir_img_cidrs_t  *c;

    for (i = 0; i < s->img->n[WEIR_S_CIDRS]; i++) {
        c = &WEIR_REC(s->img, CIDRS)[i];
        v4 = WEIR_REC(s->img, V4) + c->v4.first;
        put_n(b, c->v4.count);

        for (k = 0; k < c->v4.count; k++) {
            put_n(b, (uint64_t) v4[k].lo << 32 | v4[k].hi);
        }

        put(b, WEIR_REC(s->img, V6) + c->v6.first,
            c->v6.count * sizeof(weir_img_v6_t));
        s->cidrs[i] = sum_of(b);
    }
}


/* Elements come before what holds them. */
static void
sum_consts(blob_t *b, diff_side_t *s)
{
    uint32_t                 i, k, n;
    const uint8_t           *bytes;
    const weir_img_const_t  *c;
    const weir_img_regex_t  *re;

    bytes = WEIR_REC(s->img, BYTES);

    for (i = 0; i < s->img->n[WEIR_S_CONSTS]; i++) {
        c = &WEIR_REC(s->img, CONSTS)[i];
        put_n(b, c->kind);

        switch (c->kind) {

        case WEIR_T_STRING:
        case WEIR_T_BYTES:
            put(b, bytes + c->v, c->n);
            break;

        case WEIR_T_LIST:
        case WEIR_T_MAP:
        case WEIR_T_OPTIONAL:
            n = c->kind == WEIR_T_MAP ? 2 * c->n : c->n;

            for (k = 0; k < n; k++) {
                put_sum(b, &s->consts[c->v + k]);
            }

            break;

        case WEIR_T_IP:
        case WEIR_T_CIDR:
            put_n(b, c->n);
            put(b, bytes + c->v, sizeof(weir_ip_t));
            break;

        case WEIR_T_CIDRS:
            put_sum(b, &s->cidrs[c->v]);
            break;

        case WEIR_T_REGEX:
            re = &WEIR_REC(s->img, REGEXES)[c->v];
            put_n(b, re->flags);
            put_str(b, weir_img_str(s->img, re->pattern));
            break;

        default:
            put_n(b, c->n);
            put_n(b, c->v);
        }

        s->consts[i] = sum_of(b);
    }
}


static void
put_zone(blob_t *b, const weir_image_t *img, const weir_img_zone_t *z)
{
    put_str(b, weir_img_str(img, z->name));
    put_n(b, z->shifts.count);
    put(b, WEIR_REC(img, SHIFTS) + z->shifts.first,
        z->shifts.count * sizeof(weir_img_shift_t));
}


/* Zones are asked for by their names, where a program has any text. */
static void
put_zones(blob_t *b, const diff_side_t *s, const weir_img_const_t *name)
{
    uint32_t                i;
    const weir_img_zone_t  *z;

    for (i = 0; i < s->img->n[WEIR_S_ZONES]; i++) {
        z = &WEIR_REC(s->img, ZONES)[i];

        if (name == NULL
            || (name->kind == WEIR_T_STRING
                && weir_str_eq(weir_img_str(s->img, z->name),
                               weir_const_text(s->img, name))))
        {
            put_zone(b, s->img, z);
        }
    }
}


/* A zone whose name is not next to its use may be any. */
static bool
asks_any_zone(const weir_insn_t *in)
{
    unsigned  name, nargs;

    if (in->op == WEIR_OP_CALL) {
        name = weir_fns[in->b].name;
        nargs = weir_fns[in->b].nargs;

    } else if (in->op == WEIR_OP_CALLD) {
        name = in->b;
        nargs = in->a;

    } else {
        return false;
    }

    return nargs == 2 && name >= WEIR_N_FULL_YEAR
           && name <= WEIR_N_MILLISECONDS && in[-1].op != WEIR_OP_CONST;
}


static void
put_insn(blob_t *b, const diff_side_t *s, const weir_insn_t *in)
{
    static const uint8_t  refs[WEIR_OP_COUNT] = {
#define OP(name, operand, pops, pushes, cost)                                 \
        [WEIR_OP_##name] = REF_##operand,
        WEIR_OPS(OP)
#undef OP
    };

    put_n(b, (uint64_t) in->op << 32 | (uint64_t) in->a << 16 | in->b);

    if (asks_any_zone(in)) {
        put_zones(b, s, NULL);
    }

    switch (refs[in->op]) {

    case REF_CONST:
        put_zones(b, s, &WEIR_REC(s->img, CONSTS)[in->c]);
        put_sum(b, &s->consts[in->c]);
        break;

    case REF_FUSED:
        put_sum(b, &s->consts[in->c]);
        break;

    case REF_PROG:
        put_sum(b, &s->progs[in->c]);
        break;

    case REF_PARAM:
        put_str(b, weir_img_str(s->img, in->c));
        break;

    default:
        put_n(b, in->c);
    }
}


/* A program refers to programs before it. */
static void
sum_progs(blob_t *b, diff_side_t *s)
{
    uint32_t                i, k;
    const weir_img_prog_t  *p;

    for (i = 0; i < s->img->n[WEIR_S_PROGS]; i++) {
        p = &WEIR_REC(s->img, PROGS)[i];
        put_n(b, p->kind);

        for (k = 0; k < p->code.count; k++) {
            put_insn(b, s, &WEIR_REC(s->img, CODE)[p->code.first + k]);
        }

        s->progs[i] = sum_of(b);
    }
}


static void
sum_rules(blob_t *b, diff_side_t *s)
{
    uint32_t                i;
    const weir_img_rule_t  *r;

    for (i = 0; i < s->img->n[WEIR_S_RULES]; i++) {
        r = &WEIR_REC(s->img, RULES)[i];
        put_str(b, weir_img_str(s->img, r->id));
        put_str(b, weir_img_str(s->img, r->message));
        put_n(b, (uint64_t) r->status << 32 | (uint32_t) r->phase << 8
                 | r->dry_run);

        if (r->when != WEIR_NONE) {
            put_sum(b, &s->progs[r->when]);
        }

        s->rules[i] = sum_of(b);
    }
}


void
weir_diff_sums(diff_t *d, diff_side_t *s)
{
    blob_t           b;
    const uint32_t  *n;

    memset(&b, 0, sizeof(b));
    b.diff = d;
    n = s->img->n;

    s->consts = weir_diff_alloc(d, n[WEIR_S_CONSTS] * sizeof(diff_sum_t));
    s->cidrs = weir_diff_alloc(d, n[WEIR_S_CIDRS] * sizeof(diff_sum_t));
    s->progs = weir_diff_alloc(d, n[WEIR_S_PROGS] * sizeof(diff_sum_t));
    s->rules = weir_diff_alloc(d, n[WEIR_S_RULES] * sizeof(diff_sum_t));

    if (!d->nomem) {
        sum_cidrs(&b, s);
        sum_consts(&b, s);
        sum_progs(&b, s);
    }
}


void
weir_diff_rules(diff_t *d, diff_side_t *s)
{
    blob_t  b;

    memset(&b, 0, sizeof(b));
    b.diff = d;

    sum_rules(&b, s);
}


diff_sum_t
weir_diff_zone(diff_t *d, const diff_side_t *s, weir_str_t name)
{
    blob_t    b;
    uint32_t  i;

    b = begin(d);

    for (i = 0; i < s->img->n[WEIR_S_ZONES]; i++) {
        if (weir_str_eq(weir_img_str(s->img, WEIR_REC(s->img, ZONES)[i].name),
                        name))
        {
            put_zone(&b, s->img, &WEIR_REC(s->img, ZONES)[i]);
        }
    }

    return end(&b);
}


/* The sum of the value of a key of attributes; NULL: there is none. */
const diff_sum_t *
weir_diff_attr(const diff_side_t *s, uint32_t map, weir_str_t key)
{
    uint32_t                 i;
    const weir_img_const_t  *c, *k;

    if (map == WEIR_NONE) {
        return NULL;
    }

    c = &WEIR_REC(s->img, CONSTS)[map];
    k = &WEIR_REC(s->img, CONSTS)[c->v];

    for (i = 0; i < c->n; i++) {
        if (k[2 * i].kind == WEIR_T_STRING
            && weir_str_eq(weir_const_text(s->img, &k[2 * i]), key))
        {
            return &s->consts[c->v + 2 * i + 1];
        }
    }

    return NULL;
}


/* Its rules; and its plan and attributes, or what is read of them. */
diff_sum_t
weir_diff_tenant(diff_t *d, const diff_side_t *s, uint32_t tenant,
    const diff_read_t *read)
{
    blob_t                    b;
    size_t                    i;
    diff_sum_t                deny, allow;
    const diff_sum_t         *value;
    const weir_img_tenant_t  *t;

    t = &WEIR_REC(s->img, TENANTS)[tenant];
    deny = weir_diff_layer(d, s, &t->deny, false);
    allow = weir_diff_layer(d, s, &t->allow, false);

    b = begin(d);
    put_sum(&b, &deny);
    put_sum(&b, &allow);

    if (read == NULL || read->plan) {
        put_str(&b, weir_img_str(s->img, t->plan));
    }

    if (t->attrs != WEIR_NONE && (read == NULL || read->all)) {
        put_sum(&b, &s->consts[t->attrs]);
    }

    for (i = 0; read != NULL && !read->all && i < read->keys.len; i++) {
        value = weir_diff_attr(s, t->attrs, read->keys.items[i]);
        put_n(&b, value != NULL);

        if (value != NULL) {
            put_sum(&b, value);
        }
    }

    return end(&b);
}


diff_sum_t
weir_diff_layer(diff_t *d, const diff_side_t *s, const weir_range_t *rules,
    bool connect)
{
    blob_t    b;
    uint32_t  i;

    b = begin(d);

    for (i = rules->first; i < rules->first + rules->count; i++) {
        if (!connect
            || WEIR_REC(s->img, RULES)[i].phase == WEIR_PHASE_CONNECT)
        {
            put_sum(&b, &s->rules[i]);
        }
    }

    return b.bytes.len ? end(&b) : (diff_sum_t) { .bytes = { 0 } };
}


diff_sum_t
weir_diff_resolves(diff_t *d, const diff_side_t *s)
{
    blob_t                     b;
    uint32_t                   i, k, ref;
    const uint32_t            *refs;
    const weir_range_t        *all;
    const weir_img_resolve_t  *r;

    b = begin(d);
    all = &s->img->policy->resolve;
    refs = WEIR_REC(s->img, REFS);

    for (i = 0; i < all->count; i++) {
        r = &WEIR_REC(s->img, RESOLVES)[all->first + i];
        put_n(&b, (uint64_t) r->kind << 8 | r->rest);
        put_str(&b, weir_img_str(s->img, r->prefix));
        put_str(&b, weir_img_str(s->img, r->suffix));
        put_str(&b, weir_img_str(s->img, r->header));
        put_n(&b, r->segments.count);

        for (k = 0; k < r->segments.count; k++) {
            ref = refs[r->segments.first + k];
            put_n(&b, ref == WEIR_NONE);
            put_str(&b, weir_img_str(s->img, ref));
        }

        for (k = 0; k < r->trust.count; k++) {
            put_sum(&b, &s->cidrs[refs[r->trust.first + k]]);
        }
    }

    return end(&b);
}


/* The tree of paths */

typedef struct {
    diff_t       *diff;
    diff_side_t  *side;
    weir_str_t    host;
    diff_elem_t   elems[MOST_DEPTH];
} tree_t;


static void
add_places(tree_t *t, const weir_range_t *routes, bool rest, uint32_t depth)
{
    uint32_t       i;
    diff_elem_t   *elems;
    diff_place_t  *p;

    for (i = 0; i < routes->count; i++) {
        p = diff_push(t->diff, &t->side->routes[WEIR_REC(t->side->img, REFS)
                                [routes->first + i]].places);
        elems = weir_diff_alloc(t->diff, depth * sizeof(diff_elem_t));

        if (p == NULL || elems == NULL) {
            return;
        }

        memcpy(elems, t->elems, depth * sizeof(diff_elem_t));
        p->host = t->host;
        p->elems = elems;
        p->n = depth;
        p->rest = rest;
    }
}


/* As deep as the tree. */
static void
visit(tree_t *t, uint32_t at, uint32_t depth)
{
    uint32_t                i, k;
    const weir_range_t     *edges;
    const weir_img_node_t  *node;
    const weir_img_edge_t  *e;

    node = &WEIR_REC(t->side->img, NODES)[at];

    add_places(t, &node->routes, false, depth);
    add_places(t, &node->rest, true, depth);

    if (depth == MOST_DEPTH) {
        return;
    }

    for (k = 0; k < 2; k++) {
        edges = k == 0 ? &node->literals : &node->params;

        for (i = 0; i < edges->count && !t->diff->nomem; i++) {
            e = &WEIR_REC(t->side->img, EDGES)[edges->first + i];
            t->elems[depth].literal = weir_img_str(t->side->img, e->segment);
            t->elems[depth].regex = e->regex;

            if (e->segment == WEIR_NONE) {
                t->elems[depth].literal.data = NULL;
            }

            visit(t, e->node, depth + 1);
        }
    }
}


static void
put_place(blob_t *b, const diff_side_t *s, const diff_place_t *p)
{
    uint32_t            i;
    const diff_elem_t  *e;

    put_str(b, p->host);
    put_n(b, (uint64_t) p->n << 1 | p->rest);

    for (i = 0; i < p->n; i++) {
        e = &p->elems[i];
        put_n(b, e->literal.data != NULL ? 0 : e->regex == WEIR_NONE ? 1 : 2);

        if (e->literal.data != NULL) {
            put_str(b, e->literal);

        } else if (e->regex != WEIR_NONE) {
            put_str(b, weir_img_str(s->img, WEIR_REC(s->img, REGEXES)
                                            [e->regex].pattern));
        }
    }
}


static int
by_sum(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(diff_sum_t));
}


/* Sums that come in any order. */
static void
put_set(blob_t *b, diff_sum_t *sums, size_t n)
{
    qsort(sums, n, sizeof(diff_sum_t), by_sum);
    put_n(b, n);
    put(b, sums, n * sizeof(diff_sum_t));
}


static void
sum_match(blob_t *b, const diff_side_t *s, diff_route_t *route)
{
    size_t                         i, n;
    diff_sum_t                    *sums;
    const uint32_t                *refs;
    const weir_img_route_t        *r;
    const weir_img_header_test_t  *t;

    r = &WEIR_REC(s->img, ROUTES)[route->index];
    refs = WEIR_REC(s->img, REFS);
    n = route->places.len + r->headers.count + r->other.count;
    sums = weir_diff_alloc(b->diff, n * sizeof(diff_sum_t));

    if (sums == NULL) {
        return;
    }

    for (i = 0; i < route->places.len; i++) {
        put_place(b, s, &route->places.items[i]);
        sums[i] = sum_of(b);
    }

    for (i = 0; i < r->headers.count; i++) {
        t = &WEIR_REC(s->img, HEADER_TESTS)[r->headers.first + i];
        put_n(b, t->test);
        put_str(b, weir_img_str(s->img, t->name));
        put_str(b, weir_img_str(s->img, t->value));
        sums[route->places.len + i] = sum_of(b);
    }

    for (i = 0; i < r->other.count; i++) {
        put_str(b, weir_img_str(s->img, refs[r->other.first + i]));
        sums[n - r->other.count + i] = sum_of(b);
    }

    put_set(b, sums, route->places.len);
    put_set(b, sums + route->places.len, r->headers.count);
    put_set(b, sums + n - r->other.count, r->other.count);
    put_str(b, route->id);
    put_n(b, r->methods);

    for (i = 0; i < r->params.count; i++) {
        put_str(b, weir_img_str(s->img, refs[r->params.first + i]));
    }

    route->match = sum_of(b);
}


static void
sum_route(blob_t *b, const diff_side_t *s, diff_route_t *route)
{
    diff_sum_t               deny, allow;
    const weir_img_route_t  *r;

    r = &WEIR_REC(s->img, ROUTES)[route->index];
    deny = weir_diff_layer(b->diff, s, &r->deny, false);
    allow = weir_diff_layer(b->diff, s, &r->allow, false);

    put_sum(b, &deny);
    put_sum(b, &allow);
    put_str(b, weir_img_str(s->img, r->upstream));
    put_n(b, r->public);
    route->rules = sum_of(b);
}


void
weir_diff_routes(diff_t *d, diff_side_t *s)
{
    tree_t                  *t;
    blob_t                   b;
    uint32_t                 i, n;
    const weir_img_host_t   *h;

    n = s->img->n[WEIR_S_ROUTES];
    memset(&b, 0, sizeof(b));
    b.diff = d;
    t = weir_diff_alloc(d, sizeof(tree_t));
    s->routes = weir_diff_alloc(d, n * sizeof(diff_route_t));

    if (d->nomem) {
        return;
    }

    t->diff = d;
    t->side = s;

    for (i = 0; i < n; i++) {
        s->routes[i].index = i;
        s->routes[i].id = weir_img_str(s->img,
                                       WEIR_REC(s->img, ROUTES)[i].id);
    }

    for (i = 0; i < s->img->n[WEIR_S_HOSTS]; i++) {
        h = &WEIR_REC(s->img, HOSTS)[i];
        t->host = weir_img_str(s->img, h->key);
        visit(t, h->root, 0);
    }

    if (s->img->policy->any_host != WEIR_NONE) {
        t->host = weir_str("", 0);
        visit(t, s->img->policy->any_host, 0);
    }

    for (i = 0; i < n && !d->nomem; i++) {
        sum_match(&b, s, &s->routes[i]);
        sum_route(&b, s, &s->routes[i]);
    }
}
