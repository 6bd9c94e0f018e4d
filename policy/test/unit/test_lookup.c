/*
 * test_lookup.c: which tenant and which route a request names.
 */

#include "ask.h"
#include "run/lookup.c"

static const char  tenants_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "lists:\n"
    "  lb: {cidr: [10.0.0.0/8, \"fd00::/8\"]}\n"
    "  cdn: {cidr: [203.0.113.7]}\n"
    "tenants:\n"
    "  resolve:\n"
    "    - {host: \"{tenant}.shop.example\"}\n"
    "    - {host: \"shop.{tenant}.example\"}\n"
    "    - {header: X-Tenant, trust: [lists.lb, lists.cdn]}\n"
    "    - {path: \"/t/{tenant}/**\"}\n"
    "    - {path: \"/x/{tenant}/end\"}\n"
    "  list:\n"
    "    acme:   {hosts: [api.acme.example, 127.0.0.1]}\n"
    "    globex: {}\n"
    "    Upper:  {}\n"
    "    www:    {hosts: [shop.example]}\n"
    "routes:\n"
    "  - {id: r, match: {path: \"/**\"}, public: true}\n";

static const char  no_tenants_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "routes:\n"
    "  - {id: r, match: {host: a.example, path: \"/**\"}, public: true}\n";

typedef struct {
    ask_t        ask;
    const char  *tenant;        /* NULL: none; "?": one that there is not */
} tenant_row_t;

static const tenant_row_t  tenants[] = {
    /* a host of its own, before any rule */
    { { .host = "api.acme.example" }, "acme" },
    { { .host = "127.0.0.1" }, "acme" },
    { { .host = "[::1]" }, NULL },
    { { .host = "api.acme.example", .source = "10.1.2.3",
        .headers = "x-tenant=globex" }, "acme" },
    { { .host = "shop.example" }, "www" },
    { { .host = "api.acme.exampl" }, NULL },
    { { .host = "x.api.acme.example" }, NULL },
    { { .host = "" }, NULL },

    /* one label of a host */
    { { .host = "globex.shop.example" }, "globex" },
    { { .host = "shop.acme.example" }, "acme" },
    { { .host = "upper.shop.example" }, "?" },
    { { .host = "nobody.shop.example" }, "?" },
    { { .host = "a.globex.shop.example" }, NULL },
    { { .host = ".shop.example" }, NULL },
    { { .host = "shop..example" }, NULL },
    { { .host = "globexshop.example" }, NULL },
    { { .host = "globex.shop.example.org" }, NULL },
    { { .host = "globex.shop.example", .source = "10.1.2.3",
        .headers = "x-tenant=acme", .path = "/t/acme/a" }, "globex" },

    /* a header, from a trusted peer alone */
    { { .source = "10.1.2.3", .headers = "x-tenant=acme" }, "acme" },
    { { .source = "fd00::5", .headers = "x-tenant=acme" }, "acme" },
    { { .source = "203.0.113.7", .headers = "x-tenant=acme" }, "acme" },
    { { .source = "203.0.113.8", .headers = "x-tenant=acme" }, NULL },
    { { .source = "192.0.2.1", .headers = "x-tenant=acme" }, NULL },
    { { .peer = "", .headers = "x-tenant=acme" }, NULL },
    /* the peer counts, not what realip made of it */
    { { .source = "10.1.2.3", .peer = "192.0.2.9",
        .headers = "x-tenant=acme" }, NULL },
    { { .source = "192.0.2.9", .peer = "10.1.2.3",
        .headers = "x-tenant=acme" }, "acme" },
    { { .source = "10.1.2.3", .headers = "x-tenant=Upper" }, "Upper" },
    { { .source = "10.1.2.3", .headers = "x-tenant=upper" }, "?" },
    { { .source = "10.1.2.3", .headers = "x-tenant=ACME" }, "?" },
    { { .source = "10.1.2.3", .headers = "x-tenant=acme, globex" }, "?" },
    { { .source = "10.1.2.3", .headers = "x-tenant=acme,acme" }, "?" },
    { { .source = "10.1.2.3", .headers = "x-tenant= acme" }, "?" },
    { { .source = "10.1.2.3", .headers = "x-tenant=nobody" }, "?" },
    { { .source = "10.1.2.3", .headers = "x-tenant=" }, NULL },
    { { .source = "10.1.2.3", .headers = "x_tenant=acme" }, NULL },
    { { .source = "10.1.2.3", .headers = "x-tenant=acme",
        .path = "/t/globex/a" }, "acme" },
    /* as if absent: the next rule has its turn */
    { { .headers = "x-tenant=acme", .path = "/t/globex/a" }, "globex" },

    /* a segment of the path */
    { { .path = "/t/acme" }, "acme" },
    { { .path = "/t/acme/" }, "acme" },
    { { .path = "/t/acme/a/b" }, "acme" },
    { { .path = "/t/nobody/a" }, "?" },
    { { .path = "/t/" }, NULL },
    { { .path = "/t" }, NULL },
    { { .path = "/tt/acme" }, NULL },
    { { .path = "/T/acme" }, NULL },
    { { .path = "/x/acme/end" }, "acme" },
    { { .path = "/x/acme/end/" }, NULL },
    { { .path = "/x/acme" }, NULL },
    { { .path = "/x//end" }, NULL },
    { { .path = "/" }, NULL },
};


static void
query(const policy_t *p, const ask_t *a, weir_request_t *req,
    weir_lookup_t *q)
{
    ask_request(a, req);

    q->image = &p->image;
    q->host = req->host;
    q->path = req->path;
    q->method = req->method;
    q->peer = &req->peer;
    q->ops = req->host_ops;
    q->data = req->host_data;
}


static void
candidates(void **state)
{
    size_t          i;
    uint32_t        found;
    policy_t        p;
    weir_rc_t       rc;
    weir_str_t      id;
    weir_lookup_t   q;
    weir_request_t  req;
    const char     *want;

    (void) state;

    policy_open(&p, tenants_yaml);

    for (i = 0; i < sizeof(tenants) / sizeof(tenants[0]); i++) {
        want = tenants[i].tenant;
        query(&p, &tenants[i].ask, &req, &q);

        rc = weir_lookup_candidate(&q, &found);

        if (rc == WEIR_OK) {
            id = weir_img_str(&p.image, WEIR_REC(&p.image, TENANTS)[found].id);

            if (want == NULL || !weir_str_eq(id, weir_cstr(want))) {
                fail_msg("row %zu: %.*s", i, WEIR_STR(id));
            }

        } else if (rc != (want == NULL ? WEIR_DECLINED : WEIR_ERROR)
                   || (want != NULL && want[0] != '?'))
        {
            fail_msg("row %zu: %d", i, rc);
        }
    }

    policy_close(&p);

    policy_open(&p, no_tenants_yaml);
    query(&p, &tenants[0].ask, &req, &q);
    assert_int_equal(weir_lookup_candidate(&q, &found), WEIR_DECLINED);
    policy_close(&p);
}


/* A value longer than an id can be, with an id in front. */
static void
long_ids(void **state)
{
    char            header[400];
    ask_t           a = { .source = "10.0.0.1", .headers = header };
    uint32_t        found;
    policy_t        p;
    weir_lookup_t   q;
    weir_request_t  req;

    (void) state;

    policy_open(&p, tenants_yaml);
    memset(header, 'a', sizeof(header));
    memcpy(header, "x-tenant=", 9);
    header[sizeof(header) - 1] = '\0';
    query(&p, &a, &req, &q);
    assert_int_equal(weir_lookup_candidate(&q, &found), WEIR_ERROR);
    policy_close(&p);
}


static const char  routes_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "routes:\n"
    "  - {id: root, match: {path: /}, public: true}\n"
    "  - {id: lit, match: {path: /v1/a}, public: true}\n"
    "  - {id: slash, match: {path: /v1/a/}, public: true}\n"
    "  - {id: num, match: {path: \"/v1/{n:[0-9]+}\"}, public: true}\n"
    "  - {id: word, match: {path: \"/v1/{w:[a-z]+}\"}, public: true}\n"
    "  - {id: param, match: {path: \"/v1/{p}\"}, public: true}\n"
    "  - {id: rest, match: {path: \"/v1/**\"}, public: true}\n"
    "  - {id: deep, match: {path: \"/v1/{a}/x/{b}/y\"}, public: true}\n"
    "  - {id: back, match: {path: \"/v1/{n:[0-9]+}/x/{b}/z\"},"
    " public: true}\n"
    "  - {id: lits, match: {path: \"/v1/q/x/{b}/w/{c}\"}, public: true}\n"
    "  - {id: get, match: {path: /m, methods: [GET, HEAD]}, public: true}\n"
    "  - {id: post, match: {path: /m, methods: [POST]}, public: true}\n"
    "  - {id: purge, match: {path: /m, methods: [PURGE]}, public: true}\n"
    "  - {id: m-any, match: {path: \"/{any}\", headers:"
    " [{name: x-any, present: true}]}, public: true}\n"
    "  - {id: h1, match: {path: /h, headers:"
    " [{name: Content-Type, prefix: application/json}]}, public: true}\n"
    "  - {id: h2, match: {path: /h, headers:"
    " [{name: content-type, prefix: application/}, {name: x-v, equals: \"2\"}"
    "]}, public: true}\n"
    "  - {id: h0, match: {path: /h}, public: true}\n"
    "  - {id: host, match: {host: api.shop.example, path: /h},"
    " public: true}\n"
    "  - {id: wild, match: {host: \"*.shop.example\", path: \"/h/**\"},"
    " public: true}\n"
    "  - {id: wider, match: {host: \"*.example\", path: /h}, public: true}\n"
    "  - {id: wild-v1, match: {host: \"*.eu.shop.example\","
    " path: \"/v1/{p}\"}, public: true}\n";

typedef struct {
    ask_t        ask;
    const char  *route;         /* NULL: none */
    const char  *params;        /* joined by | */
} route_row_t;

static const route_row_t  routes[] = {
    { { .path = "/" }, "root", "" },
    { { .path = "/none" }, NULL, NULL },
    { { .path = "/V1/a" }, NULL, NULL },

    /* literal > parameter with pattern > parameter > rest */
    { { .path = "/v1/a" }, "lit", "" },
    { { .path = "/v1/a/" }, "slash", "" },
    { { .path = "/v1/17" }, "num", "17" },
    { { .path = "/v1/abc" }, "word", "abc" },
    { { .path = "/v1/A1" }, "param", "A1" },
    { { .path = "/v1/17/" }, "rest", "" },
    { { .path = "/v1/abc\n" }, "param", "abc\n" },
    { { .path = "/v1" }, "rest", "" },
    { { .path = "/v1/" }, "rest", "" },
    { { .path = "/v1/a/b/c/d/e/f/g" }, "rest", "" },
    { { .path = "/v1/\xc3\xa9" }, "param", "\xc3\xa9" },

    /* with backtracking, and parameters of the winner alone */
    { { .path = "/v1/q/x/2/y" }, "deep", "q|2" },
    { { .path = "/v1/7/x/2/y" }, "deep", "7|2" },
    { { .path = "/v1/7/x/2/z" }, "back", "7|2" },
    { { .path = "/v1/q/x/2/w/3" }, "lits", "2|3" },
    { { .path = "/v1/q/x/2/w/" }, "rest", "" },
    { { .path = "/v1/q/x/2/w" }, "rest", "" },
    { { .path = "/v1//x/2/y" }, "rest", "" },
    { { .path = "/v1/q/x//y" }, "rest", "" },

    /* methods: no exemption, no guess, case counts */
    { { .path = "/m" }, "get", "" },
    { { .path = "/m", .method = "HEAD" }, "get", "" },
    { { .path = "/m", .method = "POST" }, "post", "" },
    { { .path = "/m", .method = "PURGE" }, "purge", "" },
    { { .path = "/m", .method = "OPTIONS" }, NULL, NULL },
    { { .path = "/m", .method = "TRACE" }, NULL, NULL },
    { { .path = "/m", .method = "get" }, NULL, NULL },
    { { .path = "/m", .method = "PURG" }, NULL, NULL },
    { { .path = "/m", .method = "" }, NULL, NULL },
    { { .path = "/m", .method = "PUT",
        .headers = "x-http-method-override=GET" }, NULL, NULL },
    { { .path = "/m", .method = "PUT", .headers = "x-any=1" }, "m-any", "m" },
    { { .path = "/m", .headers = "x-any=1" }, "get", "" },
    { { .path = "/", .method = "ANY" }, "root", "" },

    /* headers: more tests first */
    { { .path = "/h" }, "h0", "" },
    { { .path = "/h", .headers = "content-type=application/json; x" },
      "h1", "" },
    { { .path = "/h", .headers = "content-type=application/json\nx-v=2" },
      "h2", "" },
    { { .path = "/h", .headers = "content-type=application/json\nx-v=2, 2" },
      "h1", "" },
    { { .path = "/h", .headers = "content-type=application/xml\nx-v=2" },
      "h2", "" },
    { { .path = "/h", .headers = "content-type=text/plain\nx-v=2" },
      "h0", "" },
    { { .path = "/h", .headers = "content-type=application/JSON" },
      "h0", "" },
    { { .path = "/other", .headers = "x-any=" }, "m-any", "other" },

    /* hosts: exact > longest wildcard > any; no match falls through */
    { { .host = "api.shop.example", .path = "/h" }, "host", "" },
    { { .host = "www.shop.example", .path = "/h" }, "wild", "" },
    { { .host = "a.b.shop.example", .path = "/h/x" }, "wild", "" },
    { { .host = "api.shop.example", .path = "/h/x" }, "wild", "" },
    { { .host = "shop.example", .path = "/h" }, "wider", "" },
    { { .host = "x.y.example", .path = "/h" }, "wider", "" },
    { { .host = "x.y.example", .path = "/h/x" }, NULL, NULL },
    { { .host = "example", .path = "/h" }, "h0", "" },
    { { .host = "notshop.example.org", .path = "/h" }, "h0", "" },
    { { .host = "api.shop.example", .path = "/v1/a" }, "lit", "" },
    { { .host = "w.eu.shop.example", .path = "/v1/a" }, "wild-v1", "a" },
    { { .host = "eu.shop.example", .path = "/v1/a" }, "lit", "" },
    { { .host = "[::1]" }, "root", "" },
    { { .host = ".shop.example", .path = "/h" }, "wild", "" },
};


static void
check_route(const policy_t *p, const route_row_t *t)
{
    char            params[200];
    size_t          n;
    uint32_t        i;
    weir_rc_t       rc;
    weir_str_t      id;
    weir_str_t      values[WEIR_MAX_PARAMS];
    weir_match_t    m = { .params = values };
    weir_lookup_t   q;
    weir_request_t  req;

    query(p, &t->ask, &req, &q);
    rc = weir_lookup_route(&q, &m);

    if (t->route == NULL) {
        if (rc != WEIR_DECLINED) {
            fail_msg("%s%s: %d", req.host.data, req.path.data, rc);
        }

        return;
    }

    if (rc != WEIR_OK) {
        fail_msg("%s%s: %d, not %s", req.host.data, req.path.data, rc,
                 t->route);
    }

    id = weir_img_str(&p->image, WEIR_REC(&p->image, ROUTES)[m.route].id);

    if (!weir_str_eq(id, weir_cstr(t->route))) {
        fail_msg("%s%s: %.*s, not %s", req.host.data, req.path.data,
                 WEIR_STR(id), t->route);
    }

    for (i = 0, n = 0; i < m.nparams; i++) {
        n += (size_t) snprintf(params + n, sizeof(params) - n, "%s%.*s",
                               i ? "|" : "", WEIR_STR(m.params[i]));

        /* slices of the path, not copies */
        assert_true(m.params[i].data > req.path.data
                    && m.params[i].data < req.path.data + req.path.len);
    }

    if (!weir_str_eq(weir_str(params, n), weir_cstr(t->params))) {
        fail_msg("%s: %.*s", req.path.data, (int) n, params);
    }
}


static void
matches(void **state)
{
    size_t    i;
    policy_t  p;

    (void) state;

    policy_open(&p, routes_yaml);

    for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        check_route(&p, &routes[i]);
    }

    policy_close(&p);

    /* no routes for every host */
    policy_open(&p, no_tenants_yaml);
    check_route(&p, &(route_row_t) { { .host = "b.example" }, NULL, NULL });
    check_route(&p, &(route_row_t) { { .host = "a.example" }, "r", "" });
    policy_close(&p);
}


/* Every place in rows of every length, evenly spread and not at all. */
static void
bound_of_hashes(void **state)
{
    int               even;
    uint32_t          n, i, hash, at;
    weir_img_edge_t   edges[40];

    (void) state;

    for (even = 0; even < 2; even++) {
        for (n = 1; n <= 40; n++) {

            for (i = 0; i < n; i++) {
                edges[i].hash = even ? i * (UINT32_MAX / n) : 2 * (i / 3) + 1;
            }

            for (i = 0; i < 3 * n; i++) {
                hash = edges[i / 3].hash + i % 3 - 1;

                for (at = 0; at < n && edges[at].hash < hash; at++) {
                    /* void */
                }

                assert_int_equal(lower_bound(edges, n, hash), at);
            }

            for (at = 0; at < n && edges[at].hash < UINT32_MAX; at++) {
                /* void */
            }

            assert_int_equal(lower_bound(edges, n, UINT32_MAX), at);
            assert_int_equal(lower_bound(edges, n, 0), 0);
        }
    }
}


/* Long hosts and deep paths cost, but end. */
static void
bounds(void **state)
{
    int             i;
    char           *path, host[256];
    ask_t           a = { 0 };
    policy_t        p;
    weir_str_t      values[WEIR_MAX_PARAMS];
    weir_match_t    m = { .params = values };
    weir_lookup_t   q;
    weir_request_t  req;

    (void) state;

    policy_open(&p, routes_yaml);

    path = malloc(WEIR_MAX_PATH + 1);
    assert_non_null(path);
    path[WEIR_MAX_PATH] = '\0';
    memset(path, '/', WEIR_MAX_PATH);
    memcpy(path, "/v1/", 4);

    for (i = 0; i < 254; i += 2) {
        memcpy(host + i, "a.", 2);
    }

    memcpy(host + 254, "a", 2);

    a.path = path;
    a.host = host;
    query(&p, &a, &req, &q);
    assert_int_equal(weir_lookup_route(&q, &m), WEIR_OK);
    assert_int_equal(m.nparams, 0);

    free(path);
    policy_close(&p);
}


/* A pattern that passes its limit is no answer, and least of all a yes. */
static void
match_limit(void **state)
{
    char            path[2000];
    ask_t           a = { .path = path };
    policy_t        p;
    weir_str_t      values[WEIR_MAX_PARAMS];
    weir_match_t    m = { .params = values };
    weir_lookup_t   q;
    weir_request_t  req;

    (void) state;

    policy_open(&p,
                "weir: 1\n"
                "policy: {name: t}\n"
                "routes:\n"
                "  - {id: r, match: {path: \"/{p:(a+)+b}\"}, public: true}\n"
                "  - {id: s, match: {path: \"/**\"}, public: true}\n");

    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    query(&p, &a, &req, &q);
    assert_int_equal(weir_lookup_route(&q, &m), WEIR_ERROR);

    path[sizeof(path) - 2] = 'b';
    query(&p, &a, &req, &q);
    assert_int_equal(weir_lookup_route(&q, &m), WEIR_OK);
    assert_int_equal(m.nparams, 1);

    policy_close(&p);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(candidates),
        cmocka_unit_test(long_ids),
        cmocka_unit_test(matches),
        cmocka_unit_test(bound_of_hashes),
        cmocka_unit_test(bounds),
        cmocka_unit_test(match_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
