/*
 * test_decide.c: from a request to a verdict: the order of the stages, the
 * layers, what fails.
 */

#include "ask.h"
#include "run/path.h"

/*
 * A header that a rule asks for and that is not there is an error: x-e.
 * Every request that is to get past "boom" sends x-boom.
 */
static const char  policy_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "settings: {unmatched: 410, unknown_tenant: 421}\n"
    "lists:\n"
    "  bad: {cidr: [198.51.100.0/24]}\n"
    "  lb: {cidr: [10.0.0.0/8]}\n"
    "tenants:\n"
    "  resolve:\n"
    "    - {host: \"{tenant}.example\"}\n"
    "    - {header: x-tenant, trust: [lists.lb]}\n"
    "  list:\n"
    "    acme: {plan: pro}\n"
    "    shut:\n"
    "      deny:\n"
    "        - {id: closed, when: 'true', status: 402, message: pay first}\n"
    "    picky:\n"
    "      allow:\n"
    "        - {id: t-allow, when: 'request.headers[\"x-t\"] == \"1\"'}\n"
    "deny:\n"
    "  - {id: blocked, phase: connect, when: 'lists.bad.contains(source.ip)',"
    " status: 451}\n"
    "  - {id: trial, when: 'request.method == \"PUT\"', dry_run: true}\n"
    "  - {id: trial-e, when: 'request.headers[\"x-e\"] == \"1\"',"
    " dry_run: true}\n"
    "  - {id: g-deny, when: 'request.method == \"DELETE\"',"
    " message: no deletes}\n"
    "routes:\n"
    "  - id: pub\n"
    "    match: {path: /pub}\n"
    "    public: true\n"
    "    upstream: up\n"
    "  - id: pub-deny\n"
    "    match: {path: /pub/deny}\n"
    "    public: true\n"
    "    deny: [{id: r-deny, when: 'true', status: 409}]\n"
    "  - id: closed\n"
    "    match: {path: /closed}\n"
    "  - id: open\n"
    "    match: {path: \"/open/{n}\"}\n"
    "    allow:\n"
    "      - {id: one, when: 'path.n == \"1\"'}\n"
    "      - {id: fails, when: 'request.headers[\"x-r\"] == \"1\"'}\n"
    "      - {id: two, when: 'path.n == \"2\"'}\n"
    "    upstream: up2\n"
    "  - id: fragile\n"
    "    match: {path: /fragile}\n"
    "    public: true\n"
    "    deny: [{id: boom, when: 'request.headers[\"x-boom\"] == \"1\"',"
    " status: 418, message: secret}]\n"
    "  - id: attrs\n"
    "    match: {path: \"/attrs/**\"}\n"
    "    allow:\n"
    "      - {id: a-path, when: 'request.url_path == \"/attrs/b\"'}\n"
    "      - {id: a-host, when: 'request.host == \"h.test\"'}\n"
    "      - {id: a-tenant, when: 'tenant.id == \"acme\"'}\n"
    "      - {id: a-kind, when: 'principal.kind == \"anonymous\"'}\n"
    "  - id: plan\n"
    "    match: {path: /plan}\n"
    "    allow: [{id: pro, when: 'tenant.plan == \"pro\"'}]\n"
    "  - id: no-tenant\n"
    "    match: {path: /no-tenant}\n"
    "    allow: [{id: none, when: 'tenant.id == \"\"'}]\n";

#define ALLOW(reason, rule)                                                   \
    WEIR_ALLOW, 0, WEIR_REASON_##reason, rule
#define DENY(status, reason, rule)                                            \
    WEIR_DENY, status, WEIR_REASON_##reason, rule

typedef struct {
    ask_t            ask;
    weir_verdict_t   verdict;
    unsigned         status;
    weir_reason_t    reason;
    const char      *rule;
    const char      *route;
    const char      *tenant;
    uint32_t         errors;
    uint32_t         dry_denied;
} row_t;

/* Nearly all requests make trial-e fail: one error, one dry denial. */
static const row_t  rows[] = {
    { { .path = "/pub" }, ALLOW(PUBLIC, ""), "pub", "", 1, 1 },
    { { .path = "/pub", .headers = "x-e=0" }, ALLOW(PUBLIC, ""), "pub", "",
      0, 0 },
    { { .path = "/pub", .headers = "x-e=1" }, ALLOW(PUBLIC, ""), "pub", "",
      0, 1 },
    { { .path = "/pub", .method = "PUT", .headers = "x-e=1" },
      ALLOW(PUBLIC, ""), "pub", "", 0, 2 },

    /* what is ambiguous goes no further */
    { { .path = "/pub%00" }, DENY(400, BAD_REQUEST, ""), "", "", 0, 0 },
    { { .path = "/pub/..;/" }, DENY(400, BAD_REQUEST, ""), "", "", 0, 0 },
    { { .path = "*" }, DENY(400, BAD_REQUEST, ""), "", "", 0, 0 },
    { { .path = "/pub", .host = "a b" }, DENY(400, BAD_REQUEST, ""), "", "",
      0, 0 },
    { { .path = "/pub#x", .source = "198.51.100.9" },
      DENY(400, BAD_REQUEST, ""), "", "", 0, 0 },

    /* connect, before tenant and route */
    { { .path = "/none", .source = "198.51.100.9", .host = "nobody.example" },
      DENY(451, DENY_RULE, "blocked"), "", "", 0, 0 },

    /* tenant, before route */
    { { .path = "/none", .host = "nobody.example" },
      DENY(421, UNKNOWN_TENANT, ""), "", "", 0, 0 },
    { { .path = "/pub", .source = "10.0.0.1", .headers = "x-tenant=x,acme" },
      DENY(421, UNKNOWN_TENANT, ""), "", "", 0, 0 },
    { { .path = "/none", .host = "ACME.example.:80" },
      DENY(410, NO_ROUTE, ""), "", "acme", 0, 0 },

    /* deny: global, then tenant, then route */
    { { .path = "/pub", .host = "shut.example", .method = "DELETE" },
      DENY(403, DENY_RULE, "g-deny"), "pub", "shut", 1, 1 },
    { { .path = "/pub/deny", .host = "shut.example" },
      DENY(402, DENY_RULE, "closed"), "pub-deny", "shut", 1, 1 },
    { { .path = "/pub/deny", .host = "acme.example" },
      DENY(409, DENY_RULE, "r-deny"), "pub-deny", "acme", 1, 1 },
    { { .path = "/pub/%64eny/." }, DENY(410, NO_ROUTE, ""), "", "", 0, 0 },
    { { .path = "/x/../pub//%64eny" },
      DENY(409, DENY_RULE, "r-deny"), "pub-deny", "", 1, 1 },

    /* an error in deny denies, and says nothing to the client */
    { { .path = "/fragile", .headers = "x-boom=0" }, ALLOW(PUBLIC, ""),
      "fragile", "", 1, 1 },
    { { .path = "/fragile", .headers = "x-boom=1" },
      DENY(418, DENY_RULE, "boom"), "fragile", "", 1, 1 },
    { { .path = "/fragile" }, DENY(403, DENY_ERROR, "boom"), "fragile", "",
      2, 1 },

    /* allow: one of a layer, every layer that has any; an error is no yes */
    { { .path = "/closed" }, DENY(403, DEFAULT_DENY, ""), "closed", "", 1, 1 },
    { { .path = "/open/1" }, ALLOW(ALLOWED, "one"), "open", "", 1, 1 },
    { { .path = "/open/2" }, ALLOW(ALLOWED, "two"), "open", "", 2, 1 },
    { { .path = "/open/3" }, DENY(403, NOT_ALLOWED, ""), "open", "", 2, 1 },
    { { .path = "/open/3", .headers = "x-r=1" }, ALLOW(ALLOWED, "fails"),
      "open", "", 1, 1 },
    { { .path = "/open/1", .host = "picky.example" },
      DENY(403, NOT_ALLOWED, ""), "open", "picky", 2, 1 },
    { { .path = "/open/1", .host = "picky.example", .headers = "x-t=1" },
      ALLOW(ALLOWED, "one"), "open", "picky", 1, 1 },
    { { .path = "/open/3", .host = "picky.example", .headers = "x-t=1" },
      DENY(403, NOT_ALLOWED, ""), "open", "picky", 2, 1 },
    { { .path = "/closed", .host = "picky.example", .headers = "x-t=1" },
      ALLOW(ALLOWED, "t-allow"), "closed", "picky", 1, 1 },
    { { .path = "/pub", .host = "picky.example" },
      DENY(403, NOT_ALLOWED, ""), "pub", "picky", 2, 1 },
    { { .path = "/pub", .host = "picky.example", .headers = "x-t=1" },
      ALLOW(PUBLIC, ""), "pub", "picky", 1, 1 },

    /* attributes that the engine sets, and typed empty ones */
    { { .path = "/attrs/a/../b" }, ALLOW(ALLOWED, "a-path"), "attrs", "",
      1, 1 },
    { { .path = "/attrs", .host = "H.test:1" }, ALLOW(ALLOWED, "a-host"),
      "attrs", "", 1, 1 },
    { { .path = "/attrs", .host = "acme.example" },
      ALLOW(ALLOWED, "a-tenant"), "attrs", "acme", 1, 1 },
    { { .path = "/attrs" }, ALLOW(ALLOWED, "a-kind"), "attrs", "", 1, 1 },
    { { .path = "/plan", .host = "acme.example" }, ALLOW(ALLOWED, "pro"),
      "plan", "acme", 1, 1 },
    { { .path = "/plan" }, DENY(403, NOT_ALLOWED, ""), "plan", "", 1, 1 },
    { { .path = "/no-tenant" }, ALLOW(ALLOWED, "none"), "no-tenant", "",
      1, 1 },
};


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
check_row(const policy_t *p, size_t i, const row_t *t)
{
    void             *mem;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d, again;

    ask_request(&t->ask, &req);
    txn = begin(p, &req, &mem);

    assert_int_equal(weir_decide(txn, &d), WEIR_OK);

    if (d.verdict != t->verdict || d.status != t->status
        || d.reason != t->reason
        || !weir_str_eq(d.rule, weir_cstr(t->rule))
        || !weir_str_eq(d.route, weir_cstr(t->route))
        || !weir_str_eq(d.tenant, weir_cstr(t->tenant))
        || d.errors != t->errors || d.dry_denied != t->dry_denied)
    {
        fail_msg("row %zu, %s: %u %s rule \"%.*s\" route \"%.*s\" tenant "
                 "\"%.*s\", %u errors, %u dry", i, t->ask.path, d.status,
                 weir_reason_name(d.reason), WEIR_STR(d.rule),
                 WEIR_STR(d.route), WEIR_STR(d.tenant), d.errors,
                 d.dry_denied);
    }

    assert_int_equal(d.subject.len, 0);
    assert_int_equal(d.detail != NULL, t->reason == WEIR_REASON_BAD_REQUEST);
    assert_int_equal(weir_txn_route(txn) != NULL, t->route[0] != '\0');
    assert_int_equal(weir_txn_tenant(txn) != NULL, t->tenant[0] != '\0');

    /* a decision is made once */
    assert_int_equal(weir_decide(txn, &again), WEIR_OK);
    assert_memory_equal(&d, &again, sizeof(d));

    free(mem);
}


static void
decisions(void **state)
{
    size_t    i;
    policy_t  p;

    (void) state;

    policy_open(&p, policy_yaml);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&p, i, &rows[i]);
    }

    policy_close(&p);
}


static void
decide_one(const policy_t *p, const ask_t *a, weir_decision_t *d,
    weir_str_t *path, weir_str_t *host)
{
    void            *mem;
    weir_txn_t      *t;
    weir_request_t   req;
    static char      paths[100], hosts[100];

    ask_request(a, &req);
    t = begin(p, &req, &mem);
    assert_int_equal(weir_decide(t, d), WEIR_OK);

    *path = weir_txn_path(t);
    *host = weir_txn_host(t);
    memcpy(paths, path->len ? path->data : "", path->len);
    memcpy(hosts, host->len ? host->data : "", host->len);
    path->data = paths;
    host->data = hosts;

    free(mem);
}


/* What the client may see, what the operator sees, what is forwarded. */
static void
words(void **state)
{
    policy_t         p;
    weir_str_t       path, host;
    weir_decision_t  d;

    (void) state;

    policy_open(&p, policy_yaml);

    decide_one(&p, &(ask_t) { .path = "/pub", .method = "DELETE" }, &d, &path,
               &host);
    assert_true(weir_str_eq(d.message, weir_string("no deletes")));
    assert_true(weir_str_eq(d.upstream, weir_string("up")));

    decide_one(&p, &(ask_t) { .path = "/fragile" }, &d, &path, &host);
    assert_int_equal(d.message.len, 0);

    decide_one(&p, &(ask_t) { .path = "/pub%2f" }, &d, &path, &host);
    assert_string_equal(d.detail, "the path has an encoded slash");
    assert_int_equal(path.len, 0);
    assert_int_equal(host.len, 0);

    decide_one(&p, &(ask_t) { .path = "/a/..//pub", .host = "X.test:80" },
               &d, &path, &host);
    assert_true(weir_str_eq(path, weir_string("/pub")));
    assert_true(weir_str_eq(host, weir_string("x.test")));

    decide_one(&p, &(ask_t) { .host = "a..b" }, &d, &path, &host);
    assert_string_equal(d.detail, "the host is malformed");

    policy_close(&p);

    assert_string_equal(weir_reason_name(WEIR_REASON_DENY_ERROR),
                        "deny_error");
    assert_string_equal(weir_reason_name(WEIR_REASON_COUNT), "?");
}


/* Paths at and over the bound need no more room than was asked for. */
static void
long_paths(void **state)
{
    char             *raw;
    void             *mem;
    size_t            len;
    policy_t          p;
    weir_txn_t       *t;
    weir_request_t    req;
    weir_decision_t   d;

    (void) state;

    policy_open(&p, policy_yaml);
    raw = malloc(2 * WEIR_MAX_PATH);
    assert_non_null(raw);
    memset(raw, 'a', 2 * WEIR_MAX_PATH);
    raw[0] = '/';

    for (len = WEIR_MAX_PATH; len <= 2 * WEIR_MAX_PATH; len += WEIR_MAX_PATH) {
        ask_request(&(ask_t) { 0 }, &req);
        req.path = weir_str(raw, len);
        t = begin(&p, &req, &mem);
        assert_int_equal(weir_decide(t, &d), WEIR_OK);
        assert_int_equal(d.reason, len > WEIR_MAX_PATH
                                   ? WEIR_REASON_BAD_REQUEST
                                   : WEIR_REASON_NO_ROUTE);
        free(mem);
    }

    free(raw);
    policy_close(&p);
}


static const char  global_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "settings: {path: {dot_segments: reject, merge_slashes: false}}\n"
    "allow: [{id: g, when: 'request.method == \"GET\"'}]\n"
    "routes:\n"
    "  - {id: plain, match: {path: /a}}\n"
    "  - {id: pub, match: {path: \"/p/**\"}, public: true}\n"
    "  - {id: own, match: {path: /o}, allow: [{id: never, when: 'false'}]}\n"
    "  - {id: limit, match: {path: \"/l/{p:(a+)+b}\"}, public: true}\n";

static const row_t  global_rows[] = {
    { { .path = "/a" }, ALLOW(ALLOWED, "g"), "plain", "", 0, 0 },
    { { .path = "/a", .method = "PUT" }, DENY(403, NOT_ALLOWED, ""), "plain",
      "", 0, 0 },
    { { .path = "/p/x" }, ALLOW(PUBLIC, ""), "pub", "", 0, 0 },
    { { .path = "/p/x", .method = "PUT" }, DENY(403, NOT_ALLOWED, ""), "pub",
      "", 0, 0 },
    { { .path = "/o" }, DENY(403, NOT_ALLOWED, ""), "own", "", 0, 0 },

    /* settings of paths */
    { { .path = "/p/../a" }, DENY(400, BAD_REQUEST, ""), "", "", 0, 0 },
    { { .path = "/p//a" }, ALLOW(PUBLIC, ""), "pub", "", 0, 0 },
    { { .path = "//a" }, DENY(404, NO_ROUTE, ""), "", "", 0, 0 },

    /* a pattern without an answer */
    { { .path = "/l/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac" },
      DENY(400, BAD_REQUEST, ""), "", "", 0, 0 },
    { { .path = "/l/aab" }, ALLOW(PUBLIC, ""), "limit", "", 0, 0 },
};


static void
global_layer(void **state)
{
    size_t    i;
    policy_t  p;

    (void) state;

    front_load(&p.front, global_yaml);
    front_expect(global_yaml, p.front.said, "");
    policy_write(&p);

    for (i = 0; i < sizeof(global_rows) / sizeof(global_rows[0]); i++) {
        check_row(&p, i, &global_rows[i]);
    }

    policy_close(&p);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(words),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(global_layer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
