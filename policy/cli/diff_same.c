/*
 * diff_same.c: sums over what an image means, whatever its indices are.
 *
 * Two programs with one sum are the same instructions on the same constants,
 * patterns and addresses; two rules with one sum say the same of a request;
 * two routes with one match sum take the same requests, each among the other
 * routes of its policy.  Names of variables and lists, places in the source
 * and the order in which an image happens to keep its records are left out.
 */

#include "cli/diff_blob.h"

/* How deep the tree of paths is; see bounds.h. */
#define MOST_DEPTH  (WEIR_MAX_SEGMENTS + 1)

/* what an operand refers to, by op */
typedef enum {
    REF_NONE, REF_CONST, REF_ATTR, REF_PROG, REF_PARAM, REF_LOCAL, REF_FN,
    REF_NAME, REF_KIND, REF_JUMP, REF_LOOP, REF_ITER, REF_NEXT, REF_BUILD,
    REF_COUNT, REF_FUSED
} ref_t;


static void
sum_cidrs(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                 i, k;
    const weir_img_v4_t     *v4;
    const weir_img_cidrs_t  *c;

    for (i = 0; i < s->img->n[WEIR_S_CIDRS]; i++) {
        c = &WEIR_REC(s->img, CIDRS)[i];
        v4 = WEIR_REC(s->img, V4) + c->v4.first;
        weir_blob_n(b, c->v4.count);

        for (k = 0; k < c->v4.count; k++) {
            weir_blob_n(b, (uint64_t) v4[k].lo << 32 | v4[k].hi);
        }

        weir_blob_put(b, WEIR_REC(s->img, V6) + c->v6.first,
            c->v6.count * sizeof(weir_img_v6_t));
        s->cidrs[i] = weir_blob_end(b);
    }
}


/* Elements come before what holds them. */
static void
sum_consts(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                 i, k, n;
    const uint8_t           *bytes;
    const weir_img_const_t  *c;
    const weir_img_regex_t  *re;

    bytes = WEIR_REC(s->img, BYTES);

    for (i = 0; i < s->img->n[WEIR_S_CONSTS]; i++) {
        c = &WEIR_REC(s->img, CONSTS)[i];
        weir_blob_n(b, c->kind);

        switch (c->kind) {

        case WEIR_T_STRING:
        case WEIR_T_BYTES:
            weir_blob_put(b, bytes + c->v, c->n);
            break;

        case WEIR_T_LIST:
        case WEIR_T_MAP:
        case WEIR_T_OPTIONAL:
            n = c->kind == WEIR_T_MAP ? 2 * c->n : c->n;

            for (k = 0; k < n; k++) {
                weir_blob_sum(b, &s->consts[c->v + k]);
            }

            break;

        case WEIR_T_IP:
        case WEIR_T_CIDR:
            weir_blob_n(b, c->n);
            weir_blob_put(b, bytes + c->v, sizeof(weir_ip_t));
            break;

        case WEIR_T_CIDRS:
            weir_blob_sum(b, &s->cidrs[c->v]);
            break;

        case WEIR_T_REGEX:
            re = &WEIR_REC(s->img, REGEXES)[c->v];
            weir_blob_n(b, re->flags);
            weir_blob_str(b, weir_img_str(s->img, re->pattern));
            break;

        default:
            weir_blob_n(b, c->n);
            weir_blob_n(b, c->v);
        }

        s->consts[i] = weir_blob_end(b);
    }
}


static void
put_zone(diff_blob_t *b, const weir_image_t *img, const weir_img_zone_t *z)
{
    weir_blob_str(b, weir_img_str(img, z->name));
    weir_blob_n(b, z->shifts.count);
    weir_blob_put(b, WEIR_REC(img, SHIFTS) + z->shifts.first,
        z->shifts.count * sizeof(weir_img_shift_t));
}


/* Zones are asked for by their names, where a program has any text. */
static void
put_zones(diff_blob_t *b, const diff_side_t *s, const weir_img_const_t *name)
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


/* The index of a permission is the image's own: what it stands for counts. */
static const diff_sum_t *
permission(const diff_side_t *s, const weir_insn_t *in)
{
    uint64_t  i;

    if (in[1].op != WEIR_OP_CALL || in[1].b != WEIR_FN_HAS_PERMISSION_OF) {
        return NULL;
    }

    i = WEIR_REC(s->img, CONSTS)[in->c].v;

    return i < s->img->n[WEIR_S_PERMISSIONS] ? &s->permissions[i] : NULL;
}


static void
put_insn(diff_blob_t *b, const diff_side_t *s, const weir_insn_t *in)
{
    static const uint8_t  refs[WEIR_OP_COUNT] = {
#define OP(name, operand, pops, pushes, cost)                                 \
        [WEIR_OP_##name] = REF_##operand,
        WEIR_OPS(OP)
#undef OP
    };

    weir_blob_n(b, (uint64_t) in->op << 32 | (uint64_t) in->a << 16 | in->b);

    if (asks_any_zone(in)) {
        put_zones(b, s, NULL);
    }

    switch (refs[in->op]) {

    case REF_CONST:

        if (permission(s, in) != NULL) {
            weir_blob_sum(b, permission(s, in));
            break;
        }

        put_zones(b, s, &WEIR_REC(s->img, CONSTS)[in->c]);
        weir_blob_sum(b, &s->consts[in->c]);
        break;

    case REF_FUSED:
        weir_blob_sum(b, &s->consts[in->c]);
        break;

    case REF_PROG:
        weir_blob_sum(b, &s->progs[in->c]);
        break;

    case REF_PARAM:
        weir_blob_str(b, weir_img_str(s->img, in->c));
        break;

    default:
        weir_blob_n(b, in->c);
    }
}


/* A program refers to programs before it. */
static void
sum_progs(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                i, k;
    const weir_img_prog_t  *p;

    for (i = 0; i < s->img->n[WEIR_S_PROGS]; i++) {
        p = &WEIR_REC(s->img, PROGS)[i];
        weir_blob_n(b, p->kind);

        for (k = 0; k < p->code.count; k++) {
            put_insn(b, s, &WEIR_REC(s->img, CODE)[p->code.first + k]);
        }

        s->progs[i] = weir_blob_end(b);
    }
}


static void
sum_rules(diff_blob_t *b, diff_side_t *s)
{
    uint32_t                i;
    const weir_img_rule_t  *r;

    for (i = 0; i < s->img->n[WEIR_S_RULES]; i++) {
        r = &WEIR_REC(s->img, RULES)[i];
        weir_blob_str(b, weir_img_str(s->img, r->id));
        weir_blob_str(b, weir_img_str(s->img, r->message));
        weir_blob_n(b, (uint64_t) r->status << 32 | (uint32_t) r->phase << 8
                 | r->dry_run);

        if (r->when != WEIR_NONE) {
            weir_blob_sum(b, &s->progs[r->when]);
        }

        s->rules[i] = weir_blob_end(b);
    }
}


void
weir_diff_sums(diff_t *d, diff_side_t *s)
{
    diff_blob_t           b;
    const uint32_t  *n;

    memset(&b, 0, sizeof(b));
    b.diff = d;
    n = s->img->n;

    s->consts = weir_diff_alloc(d, n[WEIR_S_CONSTS] * sizeof(diff_sum_t));
    s->cidrs = weir_diff_alloc(d, n[WEIR_S_CIDRS] * sizeof(diff_sum_t));
    s->progs = weir_diff_alloc(d, n[WEIR_S_PROGS] * sizeof(diff_sum_t));
    s->rules = weir_diff_alloc(d, n[WEIR_S_RULES] * sizeof(diff_sum_t));

    weir_diff_identity(d, s);

    if (!d->nomem) {
        sum_cidrs(&b, s);
        sum_consts(&b, s);
        sum_progs(&b, s);
    }
}


void
weir_diff_rules(diff_t *d, diff_side_t *s)
{
    diff_blob_t  b;

    memset(&b, 0, sizeof(b));
    b.diff = d;

    sum_rules(&b, s);
}


diff_sum_t
weir_diff_zone(diff_t *d, const diff_side_t *s, weir_str_t name)
{
    diff_blob_t    b;
    uint32_t  i;

    b = weir_blob_begin(d);

    for (i = 0; i < s->img->n[WEIR_S_ZONES]; i++) {
        if (weir_str_eq(weir_img_str(s->img, WEIR_REC(s->img, ZONES)[i].name),
                        name))
        {
            put_zone(&b, s->img, &WEIR_REC(s->img, ZONES)[i]);
        }
    }

    return weir_blob_close(&b);
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
    diff_blob_t                    b;
    size_t                    i;
    diff_sum_t                deny, allow, plan;
    const diff_sum_t         *value;
    const weir_img_tenant_t  *t;

    t = &WEIR_REC(s->img, TENANTS)[tenant];
    deny = weir_diff_layer(d, s, &t->deny, false);
    allow = weir_diff_layer(d, s, &t->allow, false);
    plan = weir_diff_plan(d, s, t->limits);

    b = weir_blob_begin(d);
    weir_blob_sum(&b, &deny);
    weir_blob_sum(&b, &allow);

    weir_blob_sum(&b, &plan);

    if (read == NULL || read->plan) {
        weir_blob_str(&b, weir_img_str(s->img, t->plan));
    }

    if (t->attrs != WEIR_NONE && (read == NULL || read->all)) {
        weir_blob_sum(&b, &s->consts[t->attrs]);
    }

    for (i = 0; read != NULL && !read->all && i < read->keys.len; i++) {
        value = weir_diff_attr(s, t->attrs, read->keys.items[i]);
        weir_blob_n(&b, value != NULL);

        if (value != NULL) {
            weir_blob_sum(&b, value);
        }
    }

    return weir_blob_close(&b);
}


diff_sum_t
weir_diff_layer(diff_t *d, const diff_side_t *s, const weir_range_t *rules,
    bool connect)
{
    diff_blob_t    b;
    uint32_t  i;

    b = weir_blob_begin(d);

    for (i = rules->first; i < rules->first + rules->count; i++) {
        if (!connect
            || WEIR_REC(s->img, RULES)[i].phase == WEIR_PHASE_CONNECT)
        {
            weir_blob_sum(&b, &s->rules[i]);
        }
    }

    return b.bytes.len ? weir_blob_close(&b) : (diff_sum_t) { .bytes = { 0 } };
}


diff_sum_t
weir_diff_resolves(diff_t *d, const diff_side_t *s)
{
    diff_blob_t                     b;
    uint32_t                   i, k, ref;
    const uint32_t            *refs;
    const weir_range_t        *all;
    const weir_img_resolve_t  *r;

    b = weir_blob_begin(d);
    all = &s->img->policy->resolve;
    refs = WEIR_REC(s->img, REFS);

    for (i = 0; i < all->count; i++) {
        r = &WEIR_REC(s->img, RESOLVES)[all->first + i];
        weir_blob_n(&b, (uint64_t) r->kind << 8 | r->rest);
        weir_blob_str(&b, weir_img_str(s->img, r->prefix));
        weir_blob_str(&b, weir_img_str(s->img, r->suffix));
        weir_blob_str(&b, weir_img_str(s->img, r->header));
        weir_blob_n(&b, r->segments.count);

        for (k = 0; k < r->segments.count; k++) {
            ref = refs[r->segments.first + k];
            weir_blob_n(&b, ref == WEIR_NONE);
            weir_blob_str(&b, weir_img_str(s->img, ref));
        }

        for (k = 0; k < r->trust.count; k++) {
            weir_blob_sum(&b, &s->cidrs[refs[r->trust.first + k]]);
        }
    }

    return weir_blob_close(&b);
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
put_place(diff_blob_t *b, const diff_side_t *s, const diff_place_t *p)
{
    uint32_t            i;
    const diff_elem_t  *e;

    weir_blob_str(b, p->host);
    weir_blob_n(b, (uint64_t) p->n << 1 | p->rest);

    for (i = 0; i < p->n; i++) {
        e = &p->elems[i];
        weir_blob_n(b, e->literal.data != NULL ? 0
                       : e->regex == WEIR_NONE ? 1 : 2);

        if (e->literal.data != NULL) {
            weir_blob_str(b, e->literal);

        } else if (e->regex != WEIR_NONE) {
            weir_blob_str(b, weir_img_str(s->img, WEIR_REC(s->img, REGEXES)
                                                  [e->regex].pattern));
        }
    }
}


static void
sum_match(diff_blob_t *b, const diff_side_t *s, diff_route_t *route)
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
        sums[i] = weir_blob_end(b);
    }

    for (i = 0; i < r->headers.count; i++) {
        t = &WEIR_REC(s->img, HEADER_TESTS)[r->headers.first + i];
        weir_blob_n(b, t->test);
        weir_blob_str(b, weir_img_str(s->img, t->name));
        weir_blob_str(b, weir_img_str(s->img, t->value));
        sums[route->places.len + i] = weir_blob_end(b);
    }

    for (i = 0; i < r->other.count; i++) {
        weir_blob_str(b, weir_img_str(s->img, refs[r->other.first + i]));
        sums[n - r->other.count + i] = weir_blob_end(b);
    }

    weir_blob_set(b, sums, route->places.len);
    weir_blob_set(b, sums + route->places.len, r->headers.count);
    weir_blob_set(b, sums + n - r->other.count, r->other.count);
    weir_blob_str(b, route->id);
    weir_blob_n(b, r->methods);

    for (i = 0; i < r->params.count; i++) {
        weir_blob_str(b, weir_img_str(s->img, refs[r->params.first + i]));
    }

    route->match = weir_blob_end(b);
}


static void
sum_route(diff_blob_t *b, const diff_side_t *s, diff_route_t *route)
{
    diff_sum_t               deny, allow, auth;
    const weir_img_route_t  *r;

    r = &WEIR_REC(s->img, ROUTES)[route->index];
    deny = weir_diff_layer(b->diff, s, &r->deny, false);
    allow = weir_diff_layer(b->diff, s, &r->allow, false);
    auth = weir_diff_auth(b->diff, s, r);

    weir_blob_sum(b, &deny);
    weir_blob_sum(b, &allow);
    weir_blob_sum(b, &auth);
    weir_blob_str(b, weir_img_str(s->img, r->upstream));
    weir_blob_n(b, r->public);
    route->rules = weir_blob_end(b);
    route->limits = weir_diff_route_limits(b->diff, s, &r->limits);
    route->split = weir_diff_route_split(s, r);
    route->edge = weir_diff_route_edge(b->diff, s, r);
}


void
weir_diff_routes(diff_t *d, diff_side_t *s)
{
    tree_t                  *t;
    diff_blob_t                   b;
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
