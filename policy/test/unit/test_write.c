/*
 * test_write.c: a model made by hand, written and read back record by record.
 *
 * The emitter is a stand-in here: every expression is `true`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/version.h"
#include "front/compile.h"
#include "front/emit.h"
#include "image/phash.h"
#include "run/image.h"

struct weir_expr_s {
    weir_rc_t  rc;              /* what emitting it comes to */
};

struct weir_emit_s {
    weir_builder_t  *b;
};

static struct weir_emit_s  emitter;
static unsigned            emitted;
static char                last_text[64];

typedef struct {
    weir_arena_t  *arena;
    weir_model_t   model;
    weir_diags_t   diags;
    weir_str_t     image;
} fixture_t;


weir_emit_t *
weir_emit_create(weir_builder_t *b, weir_diags_t *diags)
{
    (void) diags;
    emitter.b = b;
    emitted = 0;

    return &emitter;
}


void
weir_emit_trace(weir_emit_t *m, weir_origins_t *origins)
{
    (void) m;
    (void) origins;
}


weir_rc_t
weir_emit_expr(weir_emit_t *m, const weir_expr_t *e, uint32_t file,
    uint32_t text, uint32_t *prog)
{
    weir_insn_t        code[2];
    weir_img_str_t    *s;
    weir_img_prog_t    p;
    weir_img_const_t   c;

    assert_int_not_equal(file, WEIR_NONE);

    s = weir_build_at(m->b, WEIR_S_STRS, text);
    snprintf(last_text, sizeof(last_text), "%.*s", (int) s->length,
             (char *) weir_build_at(m->b, WEIR_S_BYTES, s->offset));
    emitted++;

    if (e->rc != WEIR_OK) {
        return e->rc;
    }

    memset(&c, 0, sizeof(c));
    c.kind = WEIR_T_BOOL;
    c.v = 1;

    memset(code, 0, sizeof(code));
    code[0].op = WEIR_OP_CONST;
    code[0].c = weir_build_const(m->b, &c);
    code[1].op = WEIR_OP_RET;

    memset(&p, 0, sizeof(p));
    p.code.first = weir_build_records(m->b, WEIR_S_CODE, code, 2);
    p.code.count = 2;
    p.kind = WEIR_T_BOOL;
    p.memo = WEIR_NONE;
    p.file = file;
    p.text = text;

    *prog = weir_build_records(m->b, WEIR_S_PROGS, &p, 1);

    return WEIR_OK;
}


weir_rc_t
weir_emit_finish(weir_emit_t *m)
{
    weir_build_header(m->b)->stack = 1;

    return WEIR_OK;
}


/* Reading */


static const void *
section(const fixture_t *f, weir_section_t id, uint32_t *n)
{
    const weir_image_section_t  *s;

    s = (const weir_image_section_t *)
            (f->image.data + sizeof(weir_image_header_t)) + id;

    if (n != NULL) {
        *n = (uint32_t) (s->length / weir_sections[id].size);
    }

    return f->image.data + s->offset;
}


#define RECORDS(f, type, id)  ((const type *) section(f, WEIR_S_##id, NULL))


static uint32_t
count(const fixture_t *f, weir_section_t id)
{
    uint32_t  n;

    (void) section(f, id, &n);

    return n;
}


static weir_str_t
string(const fixture_t *f, uint32_t i)
{
    const weir_img_str_t  *s;

    assert_true(i < count(f, WEIR_S_STRS));
    s = &RECORDS(f, weir_img_str_t, STRS)[i];

    return weir_str(RECORDS(f, char, BYTES) + s->offset, s->length);
}


static void
assert_str(weir_str_t s, const char *want)
{
    char  got[128];

    snprintf(got, sizeof(got), "%.*s", WEIR_STR(s));
    assert_string_equal(got, want);
}


static uint32_t
find(const fixture_t *f, unsigned which, const char *key)
{
    weir_phash_t            h;
    const uint32_t         *refs;
    const weir_img_hash_t  *rec;

    rec = &RECORDS(f, weir_img_hash_t, HASHES)[which];
    refs = RECORDS(f, uint32_t, REFS);

    h.seed = rec->seed;
    h.displace = refs + rec->displace.first;
    h.buckets = rec->displace.count;
    h.slots = refs + rec->slots.first;
    h.nslots = rec->slots.count;

    return weir_phash_find(&h, weir_cstr(key));
}


static const weir_img_node_t *
node(const fixture_t *f, uint32_t i)
{
    assert_true(i < count(f, WEIR_S_NODES));

    return &RECORDS(f, weir_img_node_t, NODES)[i];
}


/* The node behind a literal; NULL when there is no such edge. */
static const weir_img_node_t *
step(const fixture_t *f, const weir_img_node_t *n, const char *segment)
{
    uint32_t                i;
    const weir_img_edge_t  *e;

    for (i = 0; i < n->literals.count; i++) {
        e = &RECORDS(f, weir_img_edge_t, EDGES)[n->literals.first + i];

        if (weir_str_eq(string(f, e->segment), weir_cstr(segment))) {
            assert_int_equal(e->hash,
                             (uint32_t) weir_hash(weir_cstr(segment), 0));
            assert_int_equal(e->regex, WEIR_NONE);
            return node(f, e->node);
        }
    }

    return NULL;
}


/* Ids of the routes of a range, with commas. */
static const char *
ids(const fixture_t *f, weir_range_t r)
{
    size_t       len;
    uint32_t     i, route;
    weir_str_t   s;
    static char  out[256];

    len = 0;
    out[0] = '\0';

    for (i = 0; i < r.count; i++) {
        route = RECORDS(f, uint32_t, REFS)[r.first + i];
        s = string(f, RECORDS(f, weir_img_route_t, ROUTES)[route].id);
        len += (size_t) snprintf(out + len, sizeof(out) - len, "%s%.*s",
                                 i ? "," : "", WEIR_STR(s));
    }

    return out;
}


/* Writing */


static weir_name_t
name(const char *s)
{
    return (weir_name_t) { .text = weir_cstr(s), .span = { 0, 3, 5, 2 } };
}


/* Segments by '/': {name}, {name:pattern}, a last segment of two stars. */
static weir_template_t
template(weir_arena_t *a, const char *path)
{
    const char                 *p, *q, *colon;
    weir_segment_t             *s;
    weir_template_t             t;
    weir_vec_t(weir_segment_t)  v = { 0 };

    memset(&t, 0, sizeof(t));
    t.text = name(path);

    for (p = path + 1; ; p = q + 1) {
        q = p + strcspn(p, "/");

        if (strcmp(p, "**") == 0) {
            t.rest = true;
            break;
        }

        s = weir_vec_push(a, &v);

        if (*p == '{') {
            colon = memchr(p, ':', (size_t) (q - p));
            s->param = weir_str(p + 1,
                                (size_t) ((colon ? colon : q - 1) - p - 1));

            if (colon != NULL) {
                s->source = weir_str(colon + 1, (size_t) (q - colon - 2));
                s->pattern = weir_arena_printf(a, "(?:%.*s)",
                                               WEIR_STR(s->source));
            }

        } else {
            s->text = weir_str(p, (size_t) (q - p));
        }

        if (*q == '\0') {
            break;
        }
    }

    t.segments = v.items;
    t.nsegments = v.len;

    return t;
}


static weir_route_t *
route(fixture_t *f, const char *id, const char *host, const char *path)
{
    weir_route_t  *r;

    r = weir_vec_push(f->arena, &f->model.routes);
    r->id = name(id);
    r->path = template(f->arena, path);
    r->split = WEIR_NONE;
    r->cors = WEIR_NONE;

    if (host != NULL) {
        r->host = name(host);
    }

    return r;
}


static weir_tenant_t *
tenant(fixture_t *f, const char *id)
{
    weir_tenant_t  *t;

    t = weir_vec_push(f->arena, &f->model.tenants);
    t->id = name(id);

    return t;
}


static weir_rule_t *
rule(fixture_t *f, weir_rules_t *rules, const char *id)
{
    weir_rule_t  *r;

    r = weir_vec_push(f->arena, rules);
    r->id = name(id);
    r->status = 403;
    r->phase = WEIR_PHASE_ACCESS;

    return r;
}


static void
cidr(fixture_t *f, weir_list_t *list, const char *s)
{
    weir_cidr_t  *c;

    c = weir_vec_push(f->arena, &list->cidrs);
    assert_int_equal(weir_cidr_parse(weir_cstr(s), c), WEIR_OK);
}


static weir_list_t *
list(fixture_t *f, const char *id)
{
    weir_list_t  *l;

    l = weir_vec_push(f->arena, &f->model.lists);
    l->name = name(id);

    return l;
}


static int
setup(void **state)
{
    uint32_t           file;
    static fixture_t   f;

    memset(&f, 0, sizeof(f));
    f.arena = weir_arena_create();
    f.diags.arena = f.arena;
    f.model.name = name("edge");
    f.model.unmatched = 404;
    f.model.unknown_tenant = 403;
    memset(f.model.digest, 0xab, sizeof(f.model.digest));
    *state = &f;

    return weir_diags_add_file(&f.diags, weir_string("edge.yaml"),
                               weir_string("weir: 1\n"), &file);
}


static int
teardown(void **state)
{
    weir_arena_destroy(((fixture_t *) *state)->arena);

    return 0;
}


/* The verifier that workers run takes it. */
static void
write_it(fixture_t *f)
{
    weir_refusal_t  why;

    assert_int_equal(weir_model_write(f->arena, &f->model, &f->diags,
                                      &f->image),
                     WEIR_OK);
    assert_int_equal(f->diags.errors, 0);

    if (weir_image_verify((const uint8_t *) f->image.data, f->image.len, NULL,
                          &why)
        != WEIR_OK)
    {
        fail_msg("%s", why.text);
    }
}


/* Tests */


static void
an_empty_policy_is_an_image(void **state)
{
    unsigned                    i;
    fixture_t                  *f;
    const weir_img_policy_t    *p;
    const weir_image_header_t  *h;

    f = *state;
    write_it(f);

    h = (const weir_image_header_t *) f->image.data;
    assert_str(string(f, h->name), "edge");
    assert_str(string(f, h->compiler), "weir " WEIR_VERSION);
    assert_int_equal(h->source[31], 0xab);
    assert_int_equal(h->flags, 0);
    assert_int_equal(h->stack, 1);

    assert_int_equal(count(f, WEIR_S_POLICY), 1);
    p = RECORDS(f, weir_img_policy_t, POLICY);
    assert_int_equal(p->any_host, WEIR_NONE);
    assert_int_equal(p->unmatched, 404);
    assert_int_equal(p->unknown_tenant, 403);

    assert_int_equal(count(f, WEIR_S_HASHES), WEIR_HASH_COUNT);

    for (i = 0; i < WEIR_HASH_COUNT; i++) {
        assert_int_equal(find(f, i, ""), WEIR_NONE);
    }
}


static void
the_serial_is_in_the_header(void **state)
{
    fixture_t                  *f;
    const weir_image_header_t  *h;

    f = *state;
    f->model.has_serial = true;
    f->model.serial = 42;
    write_it(f);

    h = (const weir_image_header_t *) f->image.data;
    assert_int_equal(h->flags, WEIR_IMAGE_HAS_SERIAL);
    assert_int_equal(h->serial, 42);
}


static void
routes_make_trees_by_host(void **state)
{
    uint32_t                 i;
    fixture_t               *f;
    const weir_img_node_t   *n;
    const weir_img_host_t   *hosts;
    const weir_img_policy_t *p;

    f = *state;
    route(f, "any-root", NULL, "/");
    route(f, "exact", "api.shop.example", "/v1/users");
    route(f, "wild", "*.shop.example", "/v1");
    route(f, "exact2", "api.shop.example", "/v1/orders");
    route(f, "any-all", NULL, "/**");
    route(f, "any-a-all", NULL, "/a/**");
    write_it(f);

    hosts = RECORDS(f, weir_img_host_t, HOSTS);
    assert_int_equal(count(f, WEIR_S_HOSTS), 2);

    i = find(f, WEIR_HASH_HOSTS, "api.shop.example");
    assert_str(string(f, hosts[i].key), "api.shop.example");
    n = step(f, node(f, hosts[i].root), "v1");
    assert_non_null(n);
    assert_string_equal(ids(f, n->routes), "");
    assert_string_equal(ids(f, step(f, n, "users")->routes), "exact");
    assert_string_equal(ids(f, step(f, n, "orders")->routes), "exact2");
    assert_null(step(f, n, "nothing"));

    i = find(f, WEIR_HASH_HOSTS, ".shop.example");
    assert_str(string(f, hosts[i].key), ".shop.example");
    n = step(f, node(f, hosts[i].root), "v1");
    assert_string_equal(ids(f, n->routes), "wild");

    p = RECORDS(f, weir_img_policy_t, POLICY);
    n = node(f, p->any_host);
    assert_string_equal(ids(f, n->rest), "any-all");
    assert_string_equal(ids(f, n->routes), "");
    assert_string_equal(ids(f, step(f, n, "")->routes), "any-root");
    assert_string_equal(ids(f, step(f, n, "a")->rest), "any-a-all");
}


static void
parameters_share_edges_by_pattern(void **state)
{
    uint32_t                 i;
    fixture_t               *f;
    const weir_img_node_t   *n;
    const weir_img_edge_t   *e;
    const weir_img_route_t  *r;

    f = *state;
    route(f, "plain", NULL, "/{a}/x");
    route(f, "digits", NULL, "/{b:[0-9]+}/x");
    route(f, "plain2", NULL, "/{c}/y/{d}");
    route(f, "digits2", NULL, "/{e:[0-9]+}/y/{f:[0-9]+}");
    route(f, "letters", NULL, "/{g:[a-z]+}/x");
    write_it(f);

    n = node(f, RECORDS(f, weir_img_policy_t, POLICY)->any_host);
    assert_int_equal(n->literals.count, 0);
    assert_int_equal(n->params.count, 3);

    /* with a pattern before without, else as in the source */
    e = &RECORDS(f, weir_img_edge_t, EDGES)[n->params.first];
    assert_int_equal(e[0].regex, 0);
    assert_int_equal(e[1].regex, 1);
    assert_int_equal(e[2].regex, WEIR_NONE);
    assert_int_equal(e[0].segment, WEIR_NONE);
    assert_string_equal(ids(f, step(f, node(f, e[0].node), "x")->routes),
                        "digits");
    assert_string_equal(ids(f, step(f, node(f, e[1].node), "x")->routes),
                        "letters");
    assert_string_equal(ids(f, step(f, node(f, e[2].node), "x")->routes),
                        "plain");

    /* one regex wherever it stands */
    assert_int_equal(count(f, WEIR_S_REGEXES), 2);
    n = step(f, node(f, e[0].node), "y");
    e = &RECORDS(f, weir_img_edge_t, EDGES)[n->params.first];
    assert_int_equal(e->regex, 0);
    assert_str(string(f, RECORDS(f, weir_img_regex_t, REGEXES)->pattern),
               "(?:[0-9]+)");
    assert_str(string(f, RECORDS(f, weir_img_regex_t, REGEXES)->source),
               "[0-9]+");
    assert_int_equal(RECORDS(f, weir_img_regex_t, REGEXES)->flags,
                     WEIR_REGEX_ANCHORED);

    r = &RECORDS(f, weir_img_route_t, ROUTES)[3];
    assert_int_equal(r->params.count, 2);
    i = RECORDS(f, uint32_t, REFS)[r->params.first];
    assert_str(string(f, i), "e");
    i = RECORDS(f, uint32_t, REFS)[r->params.first + 1];
    assert_str(string(f, i), "f");
}


static void
edges_lead_to_higher_nodes_once(void **state)
{
    char                     path[32];
    uint32_t                 i, j, n, seen[400];
    fixture_t               *f;
    const weir_img_node_t   *nodes;
    const weir_img_edge_t   *edges, *e;

    f = *state;
    memset(seen, 0, sizeof(seen));

    for (i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/s%u/{x}/t%u", i % 50, i);
        route(f, weir_arena_printf(f->arena, "r%u", i).data, NULL,
              weir_arena_str(f->arena, weir_cstr(path)).data);
    }

    write_it(f);
    nodes = section(f, WEIR_S_NODES, &n);
    edges = RECORDS(f, weir_img_edge_t, EDGES);
    assert_int_equal(n, 1 + 50 + 50 + 100);

    for (i = 0; i < n; i++) {
        for (j = 0; j < nodes[i].literals.count; j++) {
            e = &edges[nodes[i].literals.first + j];
            assert_true(e->node > i);
            assert_int_equal(seen[e->node]++, 0);
            assert_true(j == 0 || e[-1].hash < e->hash
                        || (e[-1].hash == e->hash
                            && weir_str_cmp(string(f, e[-1].segment),
                                            string(f, e->segment)) < 0));
        }

        for (j = 0; j < nodes[i].params.count; j++) {
            e = &edges[nodes[i].params.first + j];
            assert_true(e->node > i);
            assert_int_equal(seen[e->node]++, 0);
        }
    }
}


static void
candidates_are_most_specific_first(void **state)
{
    fixture_t              *f;
    weir_route_t           *r;
    const weir_img_node_t  *n;

    f = *state;
    route(f, "any", NULL, "/x");

    r = route(f, "any-header", NULL, "/x");
    weir_vec_push(f->arena, &r->headers)->name = name("x-a");

    r = route(f, "get", NULL, "/x");
    r->methods = 1u << WEIR_METHOD_BIT_GET;

    r = route(f, "purge", NULL, "/x");
    *(weir_name_t *) weir_vec_push(f->arena, &r->other) = name("PURGE");

    r = route(f, "get-2", NULL, "/x");
    r->methods = 1u << WEIR_METHOD_BIT_GET;
    weir_vec_push(f->arena, &r->headers)->name = name("x-a");
    weir_vec_push(f->arena, &r->headers)->name = name("x-b");

    r = route(f, "get-1", NULL, "/x");
    r->methods = 1u << WEIR_METHOD_BIT_GET;
    weir_vec_push(f->arena, &r->headers)->name = name("x-c");

    write_it(f);

    n = node(f, RECORDS(f, weir_img_policy_t, POLICY)->any_host);
    assert_string_equal(ids(f, step(f, n, "x")->routes),
                        "get-2,get-1,get,purge,any-header,any");

    assert_int_equal(RECORDS(f, weir_img_route_t, ROUTES)[3].other.count, 1);
    assert_int_equal(RECORDS(f, weir_img_route_t, ROUTES)[4].headers.count, 2);
    assert_int_equal(RECORDS(f, weir_img_route_t, ROUTES)[2].methods,
                     1u << WEIR_METHOD_BIT_GET);
}


static void
rules_carry_program_place_and_id(void **state)
{
    fixture_t              *f;
    weir_rule_t            *r;
    struct weir_expr_s      e = { .rc = WEIR_OK };
    const weir_img_rule_t  *rules;
    const weir_img_route_t *routes;

    f = *state;
    r = rule(f, &f->model.deny, "blocked");
    r->when = &e;
    r->text.text = weir_string("lists.x.contains(source.ip)");
    r->message = name("no");
    r->status = 451;
    r->phase = WEIR_PHASE_CONNECT;
    r->dry_run = true;

    rule(f, &route(f, "a", NULL, "/a")->allow, "same");
    rule(f, &route(f, "b", NULL, "/b")->allow, "same");
    rule(f, &tenant(f, "a")->allow, "same");
    write_it(f);

    rules = RECORDS(f, weir_img_rule_t, RULES);
    routes = RECORDS(f, weir_img_route_t, ROUTES);
    assert_int_equal(count(f, WEIR_S_RULES), 4);
    assert_int_equal(emitted, 1);
    assert_string_equal(last_text, "lists.x.contains(source.ip)");

    assert_str(string(f, rules[0].id), "blocked");
    assert_str(string(f, rules[0].message), "no");
    assert_str(string(f, rules[0].file), "edge.yaml");
    assert_int_equal(rules[0].when, 0);
    assert_int_equal(rules[0].status, 451);
    assert_int_equal(rules[0].phase, WEIR_PHASE_CONNECT);
    assert_int_equal(rules[0].dry_run, 1);
    assert_int_equal(rules[0].line, 3);
    assert_int_equal(rules[0].col, 5);

    assert_int_equal(rules[1].when, WEIR_NONE);
    assert_int_equal(rules[1].message, WEIR_NONE);

    /* one id, three layers, three uids */
    assert_memory_not_equal(&rules[1].uid, &rules[2].uid, sizeof(weir_id_t));
    assert_memory_not_equal(&rules[2].uid, &rules[3].uid, sizeof(weir_id_t));
    assert_memory_not_equal(&rules[1].uid, &rules[3].uid, sizeof(weir_id_t));

    assert_int_equal(routes[0].allow.count, 1);
    assert_int_equal(routes[1].allow.first, routes[0].allow.first + 1);
    assert_int_equal(routes[0].deny.count, 0);
    assert_memory_not_equal(&routes[0].uid, &routes[1].uid,
                            sizeof(weir_id_t));
}


static void
a_refused_expression_makes_no_image(void **state)
{
    fixture_t           *f;
    weir_rule_t         *r;
    struct weir_expr_s   bad = { .rc = WEIR_ERROR };
    struct weir_expr_s   out = { .rc = WEIR_NOMEM };

    f = *state;
    f->image = weir_string("untouched");

    r = rule(f, &f->model.deny, "one");
    r->when = &bad;
    r = rule(f, &f->model.deny, "two");
    r->when = &bad;

    assert_int_equal(weir_model_write(f->arena, &f->model, &f->diags,
                                      &f->image),
                     WEIR_ERROR);
    assert_int_equal(emitted, 2);

    r->when = &out;
    assert_int_equal(weir_model_write(f->arena, &f->model, &f->diags,
                                      &f->image),
                     WEIR_NOMEM);
    assert_string_equal(f->image.data, "untouched");
}


static void
tenants_are_found_by_id_and_host(void **state)
{
    uint32_t                      i;
    fixture_t                    *f;
    weir_name_t                   hosts[2];
    weir_tenant_t                *t;
    const weir_img_const_t       *c, *map;
    const weir_img_tenant_t      *tenants;
    const weir_img_tenant_host_t *th;
    static const weir_literal_t   tags[] = {
        { .kind = WEIR_T_STRING, .s = { "x", 1 } },
        { .kind = WEIR_T_DOUBLE, .u.d = 1.5 },
    };
    static weir_literal_t         pairs[] = {
        { .kind = WEIR_T_STRING, .s = { "tags", 4 } },
        { .kind = WEIR_T_LIST, .items = tags, .nitems = 2 },
        { .kind = WEIR_T_STRING, .s = { "n", 1 } },
        { .kind = WEIR_T_INT, .u.i = -3 },
        { .kind = WEIR_T_STRING, .s = { "sub", 3 } },
        { .kind = WEIR_T_MAP },
        { .kind = WEIR_T_STRING, .s = { "nil", 3 } },
        { .kind = WEIR_T_NULL },
        { .kind = WEIR_T_STRING, .s = { "on", 2 } },
        { .kind = WEIR_T_BOOL, .u.b = true },
    };
    static weir_literal_t         attrs = {
        .kind = WEIR_T_MAP, .items = pairs, .nitems = 5
    };

    f = *state;
    tenant(f, "globex");
    t = tenant(f, "acme");
    t->plan = name("pro");
    t->attrs = &attrs;
    hosts[0] = name("api.acme.example");
    hosts[1] = name("acme.example");
    t->hosts = hosts;
    t->nhosts = 2;
    write_it(f);

    tenants = RECORDS(f, weir_img_tenant_t, TENANTS);
    i = find(f, WEIR_HASH_TENANTS, "acme");
    assert_int_equal(i, 1);
    assert_str(string(f, tenants[1].plan), "pro");
    assert_int_equal(tenants[0].plan, WEIR_NONE);
    assert_int_equal(tenants[0].attrs, WEIR_NONE);

    th = RECORDS(f, weir_img_tenant_host_t, TENANT_HOSTS);
    i = find(f, WEIR_HASH_TENANT_HOSTS, "acme.example");
    assert_str(string(f, th[i].host), "acme.example");
    assert_int_equal(th[i].tenant, 1);

    /* keys: n nil on sub tags */
    c = RECORDS(f, weir_img_const_t, CONSTS);
    map = &c[tenants[1].attrs];
    assert_int_equal(map->kind, WEIR_T_MAP);
    assert_int_equal(map->n, 5);
    map = &c[map->v];
    assert_int_equal((int64_t) map[1].v, -3);
    assert_int_equal(map[3].kind, WEIR_T_NULL);
    assert_int_equal(map[5].v, 1);
    assert_int_equal(map[7].kind, WEIR_T_MAP);
    assert_int_equal(map[7].n, 0);
    assert_int_equal(map[9].kind, WEIR_T_LIST);
    assert_int_equal(map[9].n, 2);
    assert_true(map[9].v + 2 <= tenants[1].attrs);
    assert_int_equal(c[map[9].v + 1].v, 0x3ff8000000000000);
}


static void
attributes_nest_to_a_bound(void **state)
{
    unsigned        i;
    fixture_t      *f;
    weir_literal_t  deep[WEIR_MAX_VALUE_DEPTH], pair[2], attrs;

    f = *state;
    memset(deep, 0, sizeof(deep));
    memset(pair, 0, sizeof(pair));
    memset(&attrs, 0, sizeof(attrs));

    for (i = 0; i < WEIR_MAX_VALUE_DEPTH; i++) {
        deep[i].kind = WEIR_T_LIST;
        deep[i].items = &deep[i + 1];
        deep[i].nitems = i < WEIR_MAX_VALUE_DEPTH - 1;
    }

    pair[0].kind = WEIR_T_STRING;
    pair[0].s = weir_string("k");
    pair[1] = deep[1];
    attrs.kind = WEIR_T_MAP;
    attrs.items = pair;
    attrs.nitems = 1;

    tenant(f, "a")->attrs = &attrs;
    write_it(f);

    pair[1] = deep[0];
    assert_int_equal(weir_model_write(f->arena, &f->model, &f->diags,
                                      &f->image),
                     WEIR_ERROR);
    assert_int_equal(f->diags.errors, 1);
}


static void
equal_tenants_are_refused(void **state)
{
    fixture_t  *f;

    f = *state;
    tenant(f, "acme");
    tenant(f, "acme");
    assert_int_equal(weir_model_write(f->arena, &f->model, &f->diags,
                                      &f->image),
                     WEIR_ERROR);
    assert_int_equal(f->diags.errors, 1);
}


static void
lists_become_disjoint_ranges(void **state)
{
    fixture_t               *f;
    weir_list_t             *l;
    const weir_img_v4_t     *v4;
    const weir_img_v6_t     *v6;
    const weir_img_cidrs_t  *c;

    f = *state;
    list(f, "empty");

    l = list(f, "lb");
    cidr(f, l, "10.1.0.0/16");
    cidr(f, l, "192.168.1.1");
    cidr(f, l, "10.0.0.0/8");           /* holds the first */
    cidr(f, l, "11.0.0.0/8");           /* touches it */
    cidr(f, l, "255.255.255.255");
    cidr(f, l, "255.255.255.254");
    cidr(f, l, "fd00::/8");
    cidr(f, l, "::/0");
    cidr(f, l, "ffff::");

    l = list(f, "all");
    cidr(f, l, "0.0.0.0/0");
    cidr(f, l, "1.2.3.4");
    write_it(f);

    c = RECORDS(f, weir_img_cidrs_t, CIDRS);
    v4 = RECORDS(f, weir_img_v4_t, V4);
    v6 = RECORDS(f, weir_img_v6_t, V6);

    assert_str(string(f, c[0].name), "empty");
    assert_int_equal(c[0].v4.count, 0);
    assert_int_equal(c[0].v4.first, 0);

    assert_int_equal(c[1].v4.count, 3);
    assert_int_equal(v4[0].lo, 0x0a000000);
    assert_int_equal(v4[0].hi, 0x0bffffff);
    assert_int_equal(v4[1].lo, 0xc0a80101);
    assert_int_equal(v4[1].hi, 0xc0a80101);
    assert_int_equal(v4[2].lo, 0xfffffffe);
    assert_int_equal(v4[2].hi, 0xffffffff);

    assert_int_equal(c[1].v6.count, 1);
    assert_int_equal(v6[0].lo[0], 0);
    assert_int_equal(v6[0].hi[15], 0xff);

    assert_int_equal(c[2].v4.count, 1);
    assert_int_equal(c[2].v4.first, 3);
    assert_int_equal(v4[3].hi, 0xffffffff);
    assert_int_equal(count(f, WEIR_S_V4), 4);
}


static void
tenants_resolve_as_written(void **state)
{
    uint32_t                   trust[1] = { 0 };
    fixture_t                 *f;
    const uint32_t            *refs;
    weir_resolve_t            *r;
    const weir_img_resolve_t  *rec;

    f = *state;
    list(f, "lb");

    r = weir_vec_push(f->arena, &f->model.resolve);
    r->kind = WEIR_RESOLVE_HOST;
    r->prefix = weir_str("", 0);
    r->suffix = weir_string(".shop.example");

    r = weir_vec_push(f->arena, &f->model.resolve);
    r->kind = WEIR_RESOLVE_HEADER;
    r->header = name("x-tenant");
    r->trust = trust;
    r->ntrust = 1;

    r = weir_vec_push(f->arena, &f->model.resolve);
    r->kind = WEIR_RESOLVE_PATH;
    r->path = template(f->arena, "/t/{tenant}/**");
    write_it(f);

    assert_int_equal(RECORDS(f, weir_img_policy_t, POLICY)->resolve.count, 3);
    rec = RECORDS(f, weir_img_resolve_t, RESOLVES);
    refs = RECORDS(f, uint32_t, REFS);

    assert_int_equal(rec[0].kind, WEIR_RESOLVE_HOST);
    assert_str(string(f, rec[0].suffix), ".shop.example");
    assert_str(string(f, rec[0].prefix), "");
    assert_int_equal(rec[0].segments.count, 0);
    assert_int_equal(rec[0].trust.count, 0);

    assert_str(string(f, rec[1].header), "x-tenant");
    assert_int_equal(rec[1].trust.count, 1);
    assert_int_equal(refs[rec[1].trust.first], 0);

    assert_int_equal(rec[2].segments.count, 2);
    assert_str(string(f, refs[rec[2].segments.first]), "t");
    assert_int_equal(refs[rec[2].segments.first + 1], WEIR_NONE);
    assert_int_equal(rec[2].rest, 1);
}


static void
the_same_model_gives_the_same_bytes(void **state)
{
    uint32_t    i;
    fixture_t  *f;
    weir_str_t  first;

    f = *state;

    for (i = 0; i < 300; i++) {
        tenant(f, weir_arena_printf(f->arena, "t%u", i).data);
        route(f, weir_arena_printf(f->arena, "r%u", i).data, NULL,
              weir_arena_printf(f->arena, "/r/{x}/%u", i).data);
    }

    write_it(f);
    first = f->image;
    write_it(f);
    assert_true(weir_str_eq(first, f->image));
}


static void
many_tenants_are_written_fast(void **state)
{
    clock_t          start;
    uint32_t         i, n;
    fixture_t       *f;
    weir_name_t     *host;
    weir_tenant_t   *t;

    f = *state;
    n = 100000;

    for (i = 0; i < n; i++) {
        t = tenant(f, weir_arena_printf(f->arena, "tenant-%u", i).data);
        t->plan = name(i % 2 ? "pro" : "free");
        host = weir_arena_alloc(f->arena, sizeof(*host));
        *host = name(weir_arena_printf(f->arena, "h%u.example", i).data);
        t->hosts = host;
        t->nhosts = 1;
    }

    start = clock();
    write_it(f);

    /* a hang or something quadratic; under sanitizers, on a busy machine */
    assert_true((clock() - start) / CLOCKS_PER_SEC < 20);

    for (i = 0; i < n; i += 997) {
        assert_int_equal(
            find(f, WEIR_HASH_TENANTS, f->model.tenants.items[i].id.text.data),
            i);
    }

    if (getenv("WEIR_TEST_TIMES") != NULL) {
        print_message("%u tenants: %.0f ms, %zu bytes\n", n,
                      (double) (clock() - start) * 1e3 / CLOCKS_PER_SEC,
                      f->image.len);
    }
}


#define test(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(an_empty_policy_is_an_image),
        test(the_serial_is_in_the_header),
        test(routes_make_trees_by_host),
        test(parameters_share_edges_by_pattern),
        test(edges_lead_to_higher_nodes_once),
        test(candidates_are_most_specific_first),
        test(rules_carry_program_place_and_id),
        test(a_refused_expression_makes_no_image),
        test(tenants_are_found_by_id_and_host),
        test(attributes_nest_to_a_bound),
        test(equal_tenants_are_refused),
        test(lists_become_disjoint_ranges),
        test(tenants_resolve_as_written),
        test(the_same_model_gives_the_same_bytes),
        test(many_tenants_are_written_fast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
