/*
 * test_decide_edge.c: preflights, maintenance, and what an upstream is told.
 */

#include <stdio.h>

#include "ask.h"
#include "run/path.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

#define ALLOW(reason)  WEIR_ALLOW, 0, WEIR_REASON_##reason
#define DENY(status, reason)  WEIR_DENY, status, WEIR_REASON_##reason
#define ANSWERED  WEIR_ALLOW, 204, WEIR_REASON_PREFLIGHT

typedef struct {
    ask_t            ask;
    weir_verdict_t   verdict;
    unsigned         status;
    weir_reason_t    reason;
    const char      *rule;
    const char      *route;
} row_t;


/* The transaction in memory of its exact size, full of rubbish. */
static weir_txn_t *
begin(const policy_t *p, const weir_request_t *req, void **mem)
{
    size_t  size;

    size = weir_txn_size(&p->image, req);
    assert_int_equal(posix_memalign(mem, 16, size), 0);
    memset(*mem, 0xa5, size);

    return weir_txn_init(*mem, &p->image, req);
}


static void
check_rows(const policy_t *p, const row_t *row, size_t n)
{
    void             *mem;
    size_t            i;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d;

    for (i = 0; i < n; i++, row++) {
        ask_request(&row->ask, &req);
        txn = begin(p, &req, &mem);
        assert_int_equal(weir_decide(txn, &d), WEIR_OK);

        if (d.verdict != row->verdict || d.status != row->status
            || d.reason != row->reason
            || !weir_str_eq(d.rule, weir_cstr(row->rule))
            || !weir_str_eq(d.route, weir_cstr(row->route)))
        {
            fail_msg("row %zu: %u %u %s, rule \"%.*s\", route \"%.*s\"", i,
                     d.verdict, d.status, weir_reason_name(d.reason),
                     WEIR_STR(d.rule), WEIR_STR(d.route));
        }

        assert_null(weir_txn_routing(txn)->split);
        assert_int_equal(weir_txn_new_path(txn).len, 0);
        free(mem);
    }
}


/* Preflights */

static const char  cors_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "lists:\n"
    "  bad: {cidr: [198.51.100.0/24]}\n"
    "cors:\n"
    "  web: {origins: [\"https://app.example\"], methods: [PUT, PATCH]}\n"
    "limits:\n"
    "  pre: {key: [source.ip], rate: 1/m, phase: preauth}\n"
    "maintenance:\n"
    "  - {id: down, when: 'request.url_path == \"/off\"'}\n"
    "deny:\n"
    "  - {id: blocked, phase: connect, when: 'lists.bad.contains(source.ip)'}\n"
    "routes:\n"
    "  - id: api\n"
    "    match: {path: \"/api/{x}\", methods: [GET, PUT, PURGE]}\n"
    "    cors: web\n"
    "    limits: [pre]\n"
    "    auth: {any: [apikey]}\n"
    "    deny: [{id: never, when: 'true'}]\n"
    "  - id: all\n"
    "    match: {path: /all}\n"
    "    cors: web\n"
    "    public: true\n"
    "  - id: shut\n"
    "    match: {path: /off}\n"
    "    cors: web\n"
    "    public: true\n"
    "  - id: plain\n"
    "    match: {path: /plain, methods: [GET]}\n"
    "    public: true\n"
    "  - id: own\n"
    "    match: {path: /own, methods: [GET]}\n"
    "    public: true\n"
    "  - id: own-options\n"
    "    match: {path: /own, methods: [OPTIONS]}\n"
    "    cors: web\n"
    "    public: true\n"
    "apikeys:\n"
    "  list: {k: {sha256: \"4e738ca5563c06cfd0018299933d58db1dd8bf97f6973dc9"
    "9bf6cdc64b5550bd\"}}\n";

#define FROM  "origin=https://app.example\n"
#define FOR   FROM "access-control-request-method="

static const row_t  preflights[] = {
    /* answered for the route that would get the request, whatever it wants */
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "PUT" },
      ANSWERED, "", "api" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "GET" },
      ANSWERED, "", "api" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "PURGE" },
      ANSWERED, "", "api" },
    { { .method = "OPTIONS", .path = "/all", .headers = FOR "BREW" },
      ANSWERED, "", "all" },
    { { .method = "OPTIONS", .path = "/off", .headers = FOR "GET" },
      ANSWERED, "", "shut" },
    /* whoever asks: the headers of the answer say no */
    { { .method = "OPTIONS", .path = "/api/1",
        .headers = "origin=https://evil.example\n"
                   "access-control-request-method=PUT" },
      ANSWERED, "", "api" },
    { { .method = "OPTIONS", .path = "/api/1",
        .headers = "origin=null\naccess-control-request-method=PUT\n"
                   "access-control-request-headers=x-a,x-b" },
      ANSWERED, "", "api" },

    /* connect comes first */
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "PUT",
        .source = "198.51.100.9" }, DENY(403, DENY_RULE), "blocked", "" },
    { { .method = "OPTIONS", .path = "/api%00", .headers = FOR "PUT" },
      DENY(400, BAD_REQUEST), "", "" },

    /* none: a request like any other */
    { { .method = "OPTIONS", .path = "/api/1" }, DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FROM },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/api/1",
        .headers = "access-control-request-method=PUT" },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "PUT, PUT" },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "PUT,GET" },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/all", .headers = FOR "PUT,GET" },
      ALLOW(PUBLIC), "", "all" },
    { { .method = "OPTIONS", .path = "/all", .headers = FOR "PUT GET" },
      ALLOW(PUBLIC), "", "all" },
    { { .method = "OPTIONS", .path = "/all", .headers = FOR "PUT\t" },
      ALLOW(PUBLIC), "", "all" },
    { { .method = "options", .path = "/all", .headers = FOR "PUT" },
      ALLOW(PUBLIC), "", "all" },
    { { .method = "GET", .path = "/all", .headers = FOR "PUT" },
      ALLOW(PUBLIC), "", "all" },
    { { .method = "OPTIONS", .path = "/off" }, DENY(503, MAINTENANCE), "down",
      "shut" },

    /* no route for the method, or one without "cors": as if it were none */
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "PATCH" },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/api/1", .headers = FOR "put" },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/plain", .headers = FOR "GET" },
      DENY(404, NO_ROUTE), "", "" },
    { { .method = "OPTIONS", .path = "/own", .headers = FOR "GET" },
      ALLOW(PUBLIC), "", "own-options" },
    { { .method = "OPTIONS", .path = "/own", .headers = FOR "OPTIONS" },
      ANSWERED, "", "own-options" },
};


static void
preflight(void **state)
{
    policy_t         p;
    weir_request_t   req;
    weir_decision_t  d;
    weir_txn_t      *txn;
    void            *mem;
    uint32_t         n;

    (void) state;

    policy_open(&p, cors_yaml);
    check_rows(&p, preflights, N_OF(preflights));

    /* no limit was asked, there is no upstream, and nothing to tell one */
    ask_request(&preflights[0].ask, &req);
    txn = begin(&p, &req, &mem);
    assert_int_equal(weir_decide(txn, &d), WEIR_OK);
    (void) weir_txn_limits(txn, &n);
    assert_int_equal(n, 0);
    assert_int_equal(d.upstream.len, 0);
    assert_int_equal(d.errors, 0);
    assert_false(weir_txn_charges(txn));
    assert_ptr_equal(weir_txn_route(txn), WEIR_REC(&p.image, ROUTES));
    free(mem);

    policy_close(&p);
}


/* Maintenance */

static const char  pause_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "tenants:\n"
    "  resolve: [{host: \"{tenant}.example\"}]\n"
    "  list:\n"
    "    acme: {}\n"
    "    other: {}\n"
    "maintenance:\n"
    "  - id: acme\n"
    "    when: 'tenant.id == \"acme\"'\n"
    "    status: 529\n"
    "    retry_after: 5m\n"
    "    message: moving house\n"
    "  - {id: flag, when: 'request.headers[\"x-up\"] != \"1\"'}\n"
    "  - {id: path, when: 'route.id == \"down\" && principal.sub == \"\"',\n"
    "     retry_after: 1s}\n"
    "  - {id: again, when: 'route.id == \"down\"'}\n"
    "deny:\n"
    "  - {id: deny, when: 'request.method == \"DELETE\"'}\n"
    "routes:\n"
    "  - {id: pub, match: {path: /pub}, public: true}\n"
    "  - {id: down, match: {path: /down}, public: true}\n"
    "  - {id: auth, match: {path: /auth}, auth: {any: [apikey]}}\n"
    "apikeys:\n"
    "  list: {k: {sha256: \"4e738ca5563c06cfd0018299933d58db1dd8bf97f6973dc9"
    "9bf6cdc64b5550bd\"}}\n";

#define UP  .headers = "x-up=1"

static const row_t  pauses[] = {
    { { .path = "/pub", UP }, ALLOW(PUBLIC), "", "pub" },
    { { .path = "/pub", .host = "other.example", UP }, ALLOW(PUBLIC), "",
      "pub" },
    { { .path = "/pub", .host = "acme.example", UP }, DENY(529, MAINTENANCE),
      "acme", "pub" },
    { { .path = "/down", .host = "acme.example", UP },
      DENY(529, MAINTENANCE), "acme", "down" },
    { { .path = "/down", UP }, DENY(503, MAINTENANCE), "path", "down" },
    { { .path = "/pub", .headers = "x-up=0" }, DENY(503, MAINTENANCE), "flag",
      "pub" },
    /* who cannot be told whether it holds */
    { { .path = "/pub" }, DENY(503, MAINTENANCE), "flag", "pub" },
    /* before rules, behind routes and the caller */
    { { .path = "/pub", .method = "DELETE", UP }, DENY(403, DENY_RULE), "deny",
      "pub" },
    { { .path = "/down", .method = "DELETE", UP }, DENY(503, MAINTENANCE),
      "path", "down" },
    { { .path = "/none", .host = "acme.example" }, DENY(404, NO_ROUTE), "",
      "" },
    { { .path = "/auth", .host = "acme.example" }, DENY(401, UNAUTHENTICATED),
      "", "auth" },
};


static void
maintenance(void **state)
{
    void             *mem;
    policy_t          p;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d;

    (void) state;

    policy_open(&p, pause_yaml);
    check_rows(&p, pauses, N_OF(pauses));

    ask_request(&pauses[2].ask, &req);
    txn = begin(&p, &req, &mem);
    assert_int_equal(weir_decide(txn, &d), WEIR_OK);
    assert_int_equal(d.retry_after, 300);
    assert_true(weir_str_eq(d.message, weir_string("moving house")));
    assert_int_equal(d.errors, 0);
    free(mem);

    ask_request(&pauses[6].ask, &req);
    txn = begin(&p, &req, &mem);
    assert_int_equal(weir_decide(txn, &d), WEIR_OK);
    assert_int_equal(d.retry_after, 0);
    assert_int_equal(d.message.len, 0);
    assert_int_equal(d.errors, 1);
    free(mem);

    policy_close(&p);
}


static void
maintenance_of_all(void **state)
{
    policy_t  p;

    static const row_t  rows[] = {
        { { .path = "/a" }, DENY(503, MAINTENANCE), "all", "a" },
        { { .path = "/b" }, DENY(404, NO_ROUTE), "", "" },
    };

    (void) state;

    policy_open(&p, "weir: 1\n"
                    "policy: {name: t}\n"
                    "maintenance: [{id: all}]\n"
                    "routes: [{id: a, match: {path: /a}, public: true}]\n");
    check_rows(&p, rows, N_OF(rows));
    policy_close(&p);
}


/* Transforms */

static const char  transform_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "vars:\n"
    "  code: '\"v\" + string(response.code)'\n"
    "routes:\n"
    "  - id: all\n"
    "    match: {path: \"/all/{x}\"}\n"
    "    allow: [{id: get, when: 'request.method == \"GET\"'}]\n"
    "    upstream: u\n"
    "    transform:\n"
    "      request:\n"
    "        remove: [x-gone]\n"
    "        set:\n"
    "          x-text: plain\n"
    "          x-a: '${path.x}-${request.method.size()}'\n"
    "          x-evil: '${request.headers[\"x-evil\"]}'\n"
    "        add:\n"
    "          x-b: 'b${path.x}b'\n"
    "          x-empty: '${request.headers[?\"x-none\"].orValue(\"\")}'\n"
    "      response:\n"
    "        set:\n"
    "          x-code: 'c${response.code}/${path.x}'\n"
    "          x-evil: '${request.headers[\"x-evil\"]}'\n"
    "          x-var: '${vars.code}'\n"
    "        add:\n"
    "          x-var: '${vars.code}+'\n"
    "        remove: [server]\n"
    "  - id: path\n"
    "    match: {path: \"/path/{x}\"}\n"
    "    allow: [{id: p, when: 'true'}]\n"
    "    transform: {request: {path: '/v2/${request.headers[\"x-p\"]}'}}\n"
    "  - id: whole\n"
    "    match: {path: /whole}\n"
    "    public: true\n"
    "    transform: {request: {path: '${request.headers[\"x-evil\"]}'}}\n"
    "  - id: none\n"
    "    match: {path: /none}\n"
    "    public: true\n";

/* Of x-evil: what a string of C and a line of ask_t cannot hold. */
static weir_str_t  evil;


static weir_rc_t
evil_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    if (attr == WEIR_A_REQUEST_HEADERS && evil.data != NULL
        && weir_str_eq(key, weir_string("x-evil")))
    {
        *out = weir_v_str(evil);
        return WEIR_OK;
    }

    return ask_get(host, attr, key, out);
}


static int64_t  code;


static void
evil_attr(void *host, unsigned attr, weir_value_t *out)
{
    if (attr == WEIR_A_RESPONSE_CODE) {
        *out = weir_v_int(code);
        return;
    }

    ask_attr(host, attr, out);
}


static const weir_host_t  evil_ops = { evil_attr, evil_get, ask_at };


static weir_txn_t *
decide(const policy_t *p, const ask_t *a, weir_request_t *req, void **mem,
    weir_decision_t *d)
{
    weir_txn_t  *txn;

    ask_request(a, req);
    req->host_ops = &evil_ops;
    txn = begin(p, req, mem);
    assert_int_equal(weir_decide(txn, d), WEIR_OK);

    return txn;
}


static void
expect_text(weir_str_t s, const char *want)
{
    if (!weir_str_eq(s, weir_cstr(want))) {
        fail_msg("\"%.*s\", not \"%s\"", WEIR_STR(s), want);
    }
}


/* All values, in the order remove, set, add, and all of them at the end. */
static void
values(void **state)
{
    void                        *mem;
    size_t                       i;
    policy_t                     p;
    weir_str_t                   v;
    weir_txn_t                  *txn;
    weir_request_t               req;
    weir_decision_t              d;
    const weir_str_t            *got;
    const weir_img_route_t      *r;
    const weir_img_header_op_t  *op;
    static const ask_t           ask = { .path = "/all/12" };

    static const struct {
        unsigned     op;
        const char  *name;
        const char  *value;
    } want[] = {
        { WEIR_HEADER_REMOVE, "x-gone", "" },
        { WEIR_HEADER_SET, "x-text", "plain" },
        { WEIR_HEADER_SET, "x-a", "12-3" },
        { WEIR_HEADER_SET, "x-evil", "e\t\xff" },
        { WEIR_HEADER_ADD, "x-b", "b12b" },
        { WEIR_HEADER_ADD, "x-empty", "" },
    }, response[] = {
        { WEIR_HEADER_REMOVE, "server", "" },
        { WEIR_HEADER_SET, "x-code", "c418/12" },
        { WEIR_HEADER_SET, "x-evil", "e\t\xff" },
        { WEIR_HEADER_SET, "x-var", "v418" },
        { WEIR_HEADER_ADD, "x-var", "v418+" },
    };

    (void) state;

    policy_open(&p, transform_yaml);
    evil = weir_string("e\t\xff");
    code = 418;
    txn = decide(&p, &ask, &req, &mem, &d);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    expect_text(d.rule, "get");
    expect_text(d.upstream, "u");

    r = weir_txn_route(txn);
    got = weir_txn_request_values(txn);
    op = WEIR_REC(&p.image, HEADER_OPS) + r->request_ops.first;
    assert_int_equal(r->request_ops.count, N_OF(want));

    for (i = 0; i < N_OF(want); i++) {
        assert_int_equal(op[i].op, want[i].op);
        expect_text(weir_img_str(&p.image, op[i].name), want[i].name);
        expect_text(got[i], want[i].value);
    }

    op = WEIR_REC(&p.image, HEADER_OPS) + r->response_ops.first;
    assert_int_equal(r->response_ops.count, N_OF(response));

    for (i = 0; i < N_OF(response); i++) {
        assert_int_equal(op[i].op, response[i].op);
        assert_int_equal(weir_txn_response_value(txn, &op[i], &v), WEIR_OK);
        expect_text(v, response[i].value);
    }

    /* those of the request are still what they were */
    expect_text(got[2], "12-3");
    expect_text(got[4], "b12b");

    /* another answer has values of its own, once it is there */
    code = 304;
    assert_int_equal(weir_txn_response_value(txn, &op[4], &v), WEIR_OK);
    expect_text(v, "v418+");
    weir_txn_answer(txn);
    assert_int_equal(weir_txn_response_value(txn, &op[4], &v), WEIR_OK);
    expect_text(v, "v304+");
    assert_int_equal(weir_txn_response_value(txn, &op[1], &v), WEIR_OK);
    expect_text(v, "c304/12");

    /* what may not be in a header of the answer changes nothing */
    assert_int_equal(weir_txn_response_value(txn, &op[2], &v), WEIR_OK);
    evil = weir_string("a\nb");
    assert_int_equal(weir_txn_response_value(txn, &op[2], &v), WEIR_ERROR);
    expect_text(v, "e\t\xff");
    evil = weir_str(NULL, 0);
    assert_int_equal(weir_txn_response_value(txn, &op[2], &v), WEIR_ERROR);
    expect_text(v, "e\t\xff");

    free(mem);
    policy_close(&p);
}


static void
refused_values(void **state)
{
    char             *longest;
    void             *mem;
    size_t            i;
    policy_t          p;
    weir_request_t    req;
    weir_decision_t   d;
    weir_txn_t       *txn;
    char              detail[100];
    static const ask_t  ask = { .path = "/all/12" };

    static const struct {
        weir_str_t   value;
        unsigned     status;    /* 0: allowed */
        const char  *detail;
    } rows[] = {
        { { "", 0 }, 0, NULL },
        { { " a b ", 5 }, 0, NULL },
        { { "a\tb", 3 }, 0, NULL },
        { { "a\r", 2 }, 400, "has a control character" },
        { { "a\nx-b: 1", 8 }, 400, "has a control character" },
        { { "\r\n", 2 }, 400, "has a control character" },
        { { "a\0b", 3 }, 400, "has a control character" },
        { { "\0", 1 }, 400, "has a control character" },
        { { "\x1f", 1 }, 400, "has a control character" },
        { { "\x7f", 1 }, 400, "has a control character" },
        { { NULL, 0 }, 500, "fails to evaluate" },
        { { NULL, WEIR_MAX_HEADER_VALUE }, 0, NULL },
        { { NULL, WEIR_MAX_HEADER_VALUE + 1 }, 400, "is too long" },
    };

    (void) state;

    policy_open(&p, transform_yaml);
    longest = malloc(WEIR_MAX_HEADER_VALUE + 1);
    assert_non_null(longest);
    memset(longest, 'a', WEIR_MAX_HEADER_VALUE + 1);

    for (i = 0; i < N_OF(rows); i++) {
        evil = rows[i].value;

        if (evil.data == NULL && evil.len != 0) {
            evil.data = longest;
        }

        txn = decide(&p, &ask, &req, &mem, &d);

        if (d.status != rows[i].status) {
            fail_msg("row %zu: %u", i, d.status);
        }

        if (d.status == 0) {
            assert_int_equal(d.verdict, WEIR_ALLOW);
            assert_null(d.detail);

        } else {
            (void) snprintf(detail, sizeof(detail), "what the upstream gets "
                            "as header \"x-evil\" %s", rows[i].detail);
            assert_int_equal(d.verdict, WEIR_DENY);
            assert_int_equal(d.reason, WEIR_REASON_TRANSFORM);
            assert_string_equal(d.detail, detail);
            assert_int_equal(d.rule.len, 0);
            expect_text(d.route, "all");
            assert_int_equal(d.errors, d.status == 500);
            assert_null(weir_txn_routing(txn)->split);
        }

        free(mem);
    }

    free(longest);
    policy_close(&p);
}


/* A path that is built is one that a client could have sent. */
static void
paths(void **state)
{
    char             *longest;
    void             *mem;
    size_t            i;
    policy_t          p;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d;
    static const ask_t  whole = { .path = "/whole" };
    static const ask_t  none = { .path = "/none" };
    static const ask_t  fails = { .path = "/path/a" };
    static const ask_t  part = { .path = "/path/a", .headers = "x-p=a//b" };

    static const struct {
        weir_str_t   text;
        const char  *path;      /* NULL: refused */
        const char  *why;
    } rows[] = {
        { { "/", 1 }, "/", NULL },
        { { "/a", 2 }, "/a", NULL },
        { { "/a/", 3 }, "/a/", NULL },
        { { "//a///b", 7 }, "/a/b", NULL },
        { { "/a b?c#d", 8 }, "/a b?c#d", NULL },
        { { "/%41%2f", 7 }, "/%41%2f", NULL },
        { { "/%", 2 }, "/%", NULL },
        { { "/\xc3\xa9", 3 }, "/\xc3\xa9", NULL },
        { { "/...", 4 }, "/...", NULL },
        { { "/.a", 3 }, "/.a", NULL },
        { { "/a..", 4 }, "/a..", NULL },
        { { "", 0 }, NULL, "does not begin with a slash" },
        { { "a", 1 }, NULL, "does not begin with a slash" },
        { { "http://h/", 9 }, NULL, "does not begin with a slash" },
        { { "/.", 2 }, NULL, "dot segment" },
        { { "/a/.", 4 }, NULL, "dot segment" },
        { { "/a/../b", 7 }, NULL, "dot segment" },
        { { "/..", 3 }, NULL, "dot segment" },
        { { "/a/./b", 6 }, NULL, "dot segment" },
        { { "/a//..", 6 }, NULL, "dot segment" },
        { { "/%2e%2e/a", 9 }, NULL, "dot segment" },
        { { "/a/.%2E", 7 }, NULL, "dot segment" },
        { { "/%252e", 6 }, NULL, "dot segment" },
        { { "/a\0b", 4 }, NULL, "control character" },
        { { "/a\r\nb", 5 }, NULL, "control character" },
        { { "/a\tb", 4 }, NULL, "control character" },
        { { "/\x7f", 2 }, NULL, "control character" },
        { { "/a\\b", 4 }, NULL, "backslash" },
        { { "/a;b", 4 }, NULL, "semicolon" },
        { { "/\xff", 2 }, NULL, "not UTF-8" },
        { { NULL, WEIR_MAX_PATH + 1 }, NULL, "too long" },
    };

    (void) state;

    policy_open(&p, transform_yaml);
    longest = malloc(WEIR_MAX_PATH + 1);
    assert_non_null(longest);
    memset(longest, '/', WEIR_MAX_PATH + 1);

    for (i = 0; i < N_OF(rows); i++) {
        evil = rows[i].text;
        evil.data = evil.data != NULL ? evil.data : longest;
        txn = decide(&p, &whole, &req, &mem, &d);

        if ((d.verdict == WEIR_ALLOW) != (rows[i].path != NULL)) {
            fail_msg("row %zu: %u %s", i, d.status,
                     d.detail ? d.detail : "");
        }

        if (rows[i].path != NULL) {
            expect_text(weir_txn_new_path(txn), rows[i].path);

        } else {
            assert_int_equal(d.status, 400);
            assert_int_equal(d.reason, WEIR_REASON_TRANSFORM);
            assert_int_equal(weir_txn_new_path(txn).len, 0);

            if (strstr(d.detail, "what the upstream gets as path is refused: ")
                != d.detail || strstr(d.detail, rows[i].why) == NULL)
            {
                fail_msg("row %zu: %s", i, d.detail);
            }
        }

        free(mem);
    }

    /* the longest that is taken */
    longest[1] = 'a';
    longest[WEIR_MAX_PATH - 1] = 'z';
    evil = weir_str(longest, WEIR_MAX_PATH);
    txn = decide(&p, &whole, &req, &mem, &d);
    expect_text(weir_txn_new_path(txn), "/a/z");
    free(mem);

    txn = decide(&p, &part, &req, &mem, &d);
    expect_text(weir_txn_new_path(txn), "/v2/a/b");
    expect_text(weir_txn_path(txn), "/path/a");
    expect_text(d.rule, "p");
    free(mem);

    (void) decide(&p, &fails, &req, &mem, &d);
    assert_int_equal(d.status, 500);
    assert_int_equal(d.reason, WEIR_REASON_TRANSFORM);
    assert_int_equal(d.rule.len, 0);
    assert_string_equal(d.detail, "what the upstream gets as path is refused: "
                        "it fails to evaluate");
    free(mem);

    txn = decide(&p, &none, &req, &mem, &d);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    assert_int_equal(weir_txn_new_path(txn).len, 0);
    free(mem);

    free(longest);
    policy_close(&p);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(preflight),
        cmocka_unit_test(maintenance),
        cmocka_unit_test(maintenance_of_all),
        cmocka_unit_test(values),
        cmocka_unit_test(refused_values),
        cmocka_unit_test(paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
