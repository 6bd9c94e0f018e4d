/*
 * index_paths.c: routes to trees of path segments, one tree a host pattern.
 *
 * A node is numbered when it is made, after the node that leads to it: edges
 * lead to higher numbers.  Routes that share a segment share its edge; equal
 * parameter patterns (or none) count as the same segment.
 */

#include "front/write.h"
#include "base/hash.h"

#include <stdlib.h>

#define MAP_MIN  256u           /* entries; a power of 2 */


/* A route at a node, with what orders it. */
typedef struct {
    uint32_t  route;
    uint32_t  headers;
    bool      any;              /* takes any method */
} candidate_t;

/* A literal, or a parameter with a pattern (source: as it was written). */
typedef struct {
    weir_str_t  text;
    weir_str_t  source;
    uint32_t    hash;
    uint32_t    node;
} edge_t;

typedef struct {
    weir_vec_t(edge_t)       literals;
    weir_vec_t(edge_t)       patterns;
    uint32_t                 param;     /* node of a parameter without one */
    weir_vec_t(candidate_t)  routes;
    weir_vec_t(candidate_t)  rest;
} node_t;

typedef enum {
    KEY_LITERAL,                /* parent node, text => node */
    KEY_PATTERN,                /* parent node, pattern => node */
    KEY_REGEX,                  /* 0, pattern => record of regexes */
    KEY_HOST,                   /* 0, key of a host => host */
    KEY_COUNT
} key_kind_t;

typedef struct {
    uint64_t    hash;
    weir_str_t  text;
    uint32_t    parent;
    uint32_t    value;
    uint32_t    kind;
    bool        used;
} entry_t;

typedef struct {
    weir_str_t  key;
    uint32_t    root;
} host_t;

typedef struct {
    weir_writer_t       *w;
    weir_vec_t(node_t)   nodes;
    weir_vec_t(host_t)   hosts;
    uint32_t             any;
    entry_t             *map;
    uint32_t             used;
    uint32_t             cap;
} forest_t;


static bool
grow_map(forest_t *f)
{
    entry_t   *map;
    uint32_t   i, j, cap;

    cap = f->cap == 0 ? MAP_MIN : f->cap * 2;

    map = cap ? weir_arena_array(f->w->arena, cap, sizeof(entry_t)) : NULL;
    if (map == NULL) {
        return false;
    }

    for (i = 0; i < f->cap; i++) {

        if (f->map[i].used) {
            j = (uint32_t) f->map[i].hash & (cap - 1);

            while (map[j].used) {
                j = (j + 1) & (cap - 1);
            }

            map[j] = f->map[i];
        }
    }

    f->map = map;
    f->cap = cap;

    return true;
}


/*
 * The value of a key; a new one has WEIR_NONE, for the caller to set.  The
 * pointer is valid until the next call.  NULL: memory is short.
 */
static uint32_t *
look_up(forest_t *f, key_kind_t kind, uint32_t parent, weir_str_t text)
{
    entry_t   *e;
    uint32_t   i;
    uint64_t   hash;

    if (f->used >= f->cap / 2 && !grow_map(f)) {
        return NULL;
    }

    hash = weir_hash(text, (uint64_t) parent * KEY_COUNT + kind);
    i = (uint32_t) hash & (f->cap - 1);

    for (e = &f->map[i]; e->used; e = &f->map[i]) {

        if (e->hash == hash && e->kind == kind && e->parent == parent
            && weir_str_eq(e->text, text))
        {
            return &e->value;
        }

        i = (i + 1) & (f->cap - 1);
    }

    e->used = true;
    e->hash = hash;
    e->text = text;
    e->parent = parent;
    e->kind = kind;
    e->value = WEIR_NONE;
    f->used++;

    return &e->value;
}


/* A node without edges; WEIR_NONE: memory is short. */
static uint32_t
make_node(forest_t *f)
{
    node_t  *n;

    n = weir_vec_push(f->w->arena, &f->nodes);
    if (n == NULL) {
        return WEIR_NONE;
    }

    n->param = WEIR_NONE;

    return (uint32_t) (f->nodes.len - 1);
}


static uint32_t
add_edge(forest_t *f, uint32_t parent, const weir_segment_t *s)
{
    bool       pattern;
    edge_t    *e;
    node_t    *n;
    uint32_t   node;

    node = make_node(f);
    if (node == WEIR_NONE) {
        return WEIR_NONE;
    }

    n = &f->nodes.items[parent];
    pattern = s->param.data != NULL;

    if (pattern && s->pattern.data == NULL) {
        n->param = node;
        return node;
    }

    e = pattern ? weir_vec_push(f->w->arena, &n->patterns)
                : weir_vec_push(f->w->arena, &n->literals);
    if (e == NULL) {
        return WEIR_NONE;
    }

    e->text = pattern ? s->pattern : s->text;
    e->source = s->source;
    e->hash = (uint32_t) weir_hash(e->text, 0);
    e->node = node;

    return node;
}


static uint32_t
child(forest_t *f, uint32_t parent, const weir_segment_t *s)
{
    uint32_t   *value, node;
    weir_str_t  text;
    key_kind_t  kind;

    if (s->param.data != NULL && s->pattern.data == NULL) {
        node = f->nodes.items[parent].param;
        return node != WEIR_NONE ? node : add_edge(f, parent, s);
    }

    kind = s->param.data != NULL ? KEY_PATTERN : KEY_LITERAL;
    text = s->param.data != NULL ? s->pattern : s->text;

    value = look_up(f, kind, parent, text);

    if (value != NULL && *value == WEIR_NONE) {
        *value = add_edge(f, parent, s);
    }

    return value != NULL ? *value : WEIR_NONE;
}


/* The tree that a route's host has, made at its first route. */
static uint32_t
root_of(forest_t *f, const weir_route_t *r)
{
    host_t     *host;
    uint32_t   *value;
    weir_str_t  key;

    key = r->host.text;

    if (key.data == NULL) {

        if (f->any == WEIR_NONE) {
            f->any = make_node(f);
        }

        return f->any;
    }

    if (weir_str_starts(key, weir_string("*."))) {
        key = weir_str(key.data + 1, key.len - 1);
    }

    value = look_up(f, KEY_HOST, 0, key);
    if (value == NULL) {
        return WEIR_NONE;
    }

    if (*value == WEIR_NONE) {

        host = weir_vec_push(f->w->arena, &f->hosts);
        if (host == NULL) {
            return WEIR_NONE;
        }

        host->key = key;
        host->root = make_node(f);
        *value = host->root;
    }

    return *value;
}


static weir_rc_t
add_route(forest_t *f, uint32_t index)
{
    size_t               i;
    node_t              *n;
    uint32_t             node;
    candidate_t         *c;
    const weir_route_t  *r;

    r = &f->w->model->routes.items[index];
    node = root_of(f, r);

    for (i = 0; node != WEIR_NONE && i < r->path.nsegments; i++) {
        node = child(f, node, &r->path.segments[i]);
    }

    if (node == WEIR_NONE) {
        return WEIR_NOMEM;
    }

    n = &f->nodes.items[node];

    c = r->path.rest ? weir_vec_push(f->w->arena, &n->rest)
                     : weir_vec_push(f->w->arena, &n->routes);
    if (c == NULL) {
        return WEIR_NOMEM;
    }

    c->route = index;
    c->headers = (uint32_t) r->headers.len;
    c->any = r->methods == 0 && r->other.len == 0;

    return WEIR_OK;
}


static int
compare_candidates(const void *x, const void *y)
{
    const candidate_t  *a, *b;

    a = x;
    b = y;

    if (a->any != b->any) {
        return a->any ? 1 : -1;
    }

    if (a->headers != b->headers) {
        return a->headers > b->headers ? -1 : 1;
    }

    return a->route < b->route ? -1 : 1;
}


static int
compare_literals(const void *x, const void *y)
{
    const edge_t  *a, *b;

    a = x;
    b = y;

    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }

    return weir_str_cmp(a->text, b->text);
}


static weir_rc_t
write_candidates(forest_t *f, candidate_t *list, size_t n, weir_range_t *out)
{
    size_t     i;
    uint32_t  *refs;

    if (n == 0) {
        return WEIR_OK;
    }

    refs = weir_arena_array(f->w->arena, n, sizeof(uint32_t));
    if (refs == NULL) {
        return WEIR_NOMEM;
    }

    qsort(list, n, sizeof(candidate_t), compare_candidates);

    for (i = 0; i < n; i++) {
        refs[i] = list[i].route;
    }

    *out = weir_build_refs(f->w->b, refs, (uint32_t) n);

    return WEIR_OK;
}


static weir_range_t
write_literals(forest_t *f, node_t *n)
{
    size_t           i;
    edge_t          *e;
    weir_range_t     out;
    weir_img_edge_t  rec;

    out.first = weir_build_count(f->w->b, WEIR_S_EDGES);
    out.count = (uint32_t) n->literals.len;

    if (out.count == 0) {
        return (weir_range_t) { 0, 0 };
    }

    qsort(n->literals.items, out.count, sizeof(edge_t), compare_literals);

    for (i = 0; i < out.count; i++) {
        e = &n->literals.items[i];
        rec.hash = e->hash;
        rec.segment = weir_build_str(f->w->b, e->text);
        rec.regex = WEIR_NONE;
        rec.node = e->node;
        weir_build_records(f->w->b, WEIR_S_EDGES, &rec, 1);
    }

    return out;
}


/* Each pattern once, however many places use it: workers compile them. */
static weir_rc_t
write_regex(forest_t *f, const edge_t *e, uint32_t *index)
{
    uint32_t          *value;
    weir_img_regex_t   rec;

    value = look_up(f, KEY_REGEX, 0, e->text);
    if (value == NULL) {
        return WEIR_NOMEM;
    }

    if (*value == WEIR_NONE) {
        rec.pattern = weir_build_str(f->w->b, e->text);
        rec.source = weir_build_str(f->w->b, e->source);
        rec.flags = WEIR_REGEX_ANCHORED;
        rec.reserved = 0;
        *value = weir_build_records(f->w->b, WEIR_S_REGEXES, &rec, 1);
    }

    *index = *value;

    return WEIR_OK;
}


static weir_rc_t
write_params(forest_t *f, const node_t *n, weir_range_t *out)
{
    size_t           i;
    weir_rc_t        rc;
    weir_img_edge_t  rec;

    out->first = weir_build_count(f->w->b, WEIR_S_EDGES);
    out->count = (uint32_t) n->patterns.len + (n->param != WEIR_NONE);

    if (out->count == 0) {
        out->first = 0;
        return WEIR_OK;
    }

    rec.hash = 0;
    rec.segment = WEIR_NONE;

    for (i = 0; i < n->patterns.len; i++) {
        rec.node = n->patterns.items[i].node;

        rc = write_regex(f, &n->patterns.items[i], &rec.regex);
        if (rc != WEIR_OK) {
            return rc;
        }

        weir_build_records(f->w->b, WEIR_S_EDGES, &rec, 1);
    }

    if (n->param != WEIR_NONE) {
        rec.node = n->param;
        rec.regex = WEIR_NONE;
        weir_build_records(f->w->b, WEIR_S_EDGES, &rec, 1);
    }

    return WEIR_OK;
}


static weir_rc_t
write_node(forest_t *f, node_t *n)
{
    weir_rc_t        rc;
    weir_img_node_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.literals = write_literals(f, n);

    rc = write_params(f, n, &rec.params);

    if (rc == WEIR_OK) {
        rc = write_candidates(f, n->routes.items, n->routes.len, &rec.routes);
    }

    if (rc == WEIR_OK) {
        rc = write_candidates(f, n->rest.items, n->rest.len, &rec.rest);
    }

    weir_build_records(f->w->b, WEIR_S_NODES, &rec, 1);

    return rc;
}


static weir_rc_t
write_hosts(forest_t *f)
{
    size_t            i;
    weir_str_t       *keys;
    weir_img_host_t   rec;

    keys = weir_arena_array(f->w->arena, f->hosts.len, sizeof(weir_str_t));
    if (keys == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < f->hosts.len; i++) {
        keys[i] = f->hosts.items[i].key;
        rec.key = weir_build_str(f->w->b, keys[i]);
        rec.root = f->hosts.items[i].root;
        weir_build_records(f->w->b, WEIR_S_HOSTS, &rec, 1);
    }

    return weir_write_hash(f->w, WEIR_HASH_HOSTS, keys, (uint32_t) i);
}


weir_rc_t
weir_write_paths(weir_writer_t *w, uint32_t *any)
{
    size_t     i;
    forest_t   f;
    weir_rc_t  rc;

    memset(&f, 0, sizeof(f));
    f.w = w;
    f.any = WEIR_NONE;
    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < w->model->routes.len; i++) {
        rc = add_route(&f, (uint32_t) i);
    }

    for (i = 0; rc == WEIR_OK && i < f.nodes.len; i++) {
        rc = write_node(&f, &f.nodes.items[i]);
    }

    if (rc == WEIR_OK) {
        rc = write_hosts(&f);
    }

    if (rc == WEIR_OK) {
        *any = f.any;
    }

    return rc;
}
