/*
 * test_diff.c: what `weir diff` says to be unchanged, is.
 *
 * Small policies are made at random, then changed at random; thousands of
 * requests are decided by both.  A request that is decided otherwise must be
 * of a route, or name a tenant, that the comparison lists.
 */

#include "ask.h"
#include "base/hash.h"
#include "cli/diff.h"

#define PAIRS      250          /* of policies */
#define REQUESTS   1200         /* decided by each pair */
#define MOST_TEXT  16384

#define PICK(r, list)  (list)[roll((r), sizeof(list) / sizeof((list)[0]))]


/* What the files of the command ask of main.c; no test comes there. */

cli_exit_t
weir_cli_fail(cli_exit_t code, const char *verb, const char *fmt, ...)
{
    fail_msg("%s: %s", verb, fmt);

    return code;
}


void
weir_cli_report(weir_diags_t *d, cli_format_t format)
{
    (void) d;
    (void) format;
}


cli_exit_t
weir_cli_usage(const char *verb)
{
    fail_msg("%s", verb);

    return CLI_USAGE;
}


bool
weir_cli_format(const char *name, unsigned allowed, cli_format_t *out)
{
    fail_msg("%s %u %p", name, allowed, (void *) out);

    return false;
}


int weir_cli_option(int argc, char **argv);

int
weir_cli_option(int argc, char **argv)
{
    fail_msg("%d %p", argc, (void *) argv);

    return -1;
}


/* Chance */

typedef struct {
    uint64_t  state;
} dice_t;


static size_t
roll(dice_t *d, size_t n)
{
    d->state += 0x9e3779b97f4a7c15u;

    return (size_t) (weir_mix(d->state) % n);
}


/* Policies: each field is an index, so that one can be changed */

#define ROUTES   4
#define TENANTS  3
#define RULED    48             /* fields before those of the edge */
#define FIELDS   (RULED + 24)

typedef struct {
    unsigned char  f[FIELDS];
} plan_t;

static const char *const  hosts[] = {
    "", "host: a.example, ", "host: \"*.example\", ", "host: b.test, ",
};

static const char *const  paths[] = {
    "/x", "/x/{p}", "/x/{p:[0-9]+}", "/x/**", "/{p}/y", "/**",
    "/x/{p:[a-c]{1,2}}", "/x/1",
};

static const char *const  matches[] = {
    "", ", methods: [GET]", ", methods: [GET, POST]",
    ", headers: [{name: x-a, equals: \"1\"}]",
    ", headers: [{name: x-a, prefix: \"1\"}]",
    ", headers: [{name: x-b, present: true}]",
    ", methods: [GET, OPTIONS]", ", methods: [PUT]",
};

static const char *const  conds[] = {
    "true", "request.method == \"GET\"", "request.method in [\"GET\", \"PUT\"]",
    "request.headers[\"x-a\"] == \"1\"", "has(request.headers.x)",
    "request.headers[?\"x-a\"].orValue(\"\").startsWith(\"1\")",
    "lists.l.contains(source.ip)", "source.ip == ip(\"10.0.0.1\")",
    "tenant.plan == \"pro\"", "tenant.plan != \"free\"",
    "tenant.plan in [\"pro\", \"free\"]", "tenant.id == \"t1\"",
    "tenant.id != \"\"",
    "tenant.attrs.?k.orValue(\"\") == \"v\"",
    "request.content_length > 10", "request.content_length >= 10",
    "request.url_path.endsWith(\"1\")", "request.url_path == \"/x/1\"",
    "request.url_path.matches(\"^/x/[0-9]+$\")",
    "request.url_path.matches(\"^/x/[0-9a]+$\")",
    "size(request.headers[\"x-a\"]) * 2 == 6",
    "[\"1\", \"2\"].exists(v, v == request.headers[\"x-a\"])",
    "request.host == \"a.example\"", "request.host.endsWith(\".example\")",
    "\"x-b\" in request.headers", "request.headers[\"x-b\"] > \"m\"",
    "route.id == \"r1\"", "request.query.contains(\"q=1\")",
    "request.params[?\"q\"].orValue(\"\") == \"1\"",
    "has(request.params.q)", "request.params[\"q\"] == \"1\"",
    "request.time.getHours() < 12", "int(request.headers[\"x-a\"]) > 1",
    "request.headers[\"x-a\"] == request.headers[\"x-b\"]",
};

static const char *const  forms[] = {
    "%s", "!(%s)", "%s && %s", "%s || %s", "!(%s && %s)", "%s ? %s : false",
    "!(%s) || !(%s)", "(%s) == (%s)",
};

static const char *const  lists[] = {
    "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/8, 192.0.2.0/24", "10.0.0.1/32",
};

static const char *const  tenants[] = {
    "", "{plan: pro}", "{plan: free}", "{plan: pro, attrs: {k: v}}",
    "{plan: free, attrs: {k: w, j: v}}", "{hosts: [b.test]}",
    "{plan: pro, deny: [{id: td, when: 'request.method == \"PUT\"'}]}",
    "{allow: [{id: ta, when: 'request.headers[\"x-a\"] == \"1\"'}]}",
};

static const char *const  settings[] = {
    "unmatched: 404", "unmatched: 410", "unknown_tenant: 421",
    "path: {merge_slashes: false}", "path: {dot_segments: reject}",
};

static const char *const  resolves[] = {
    "- {host: \"{tenant}.example\"}",
    "- {header: x-t, trust: [lists.l]}\n    - {host: \"{tenant}.example\"}",
    "- {path: \"/{tenant}/**\"}",
};


static const char *const  weights[] = {
    "v1: {weight: 50, upstream: a}, v2: {weight: 50, upstream: b}",
    "v1: {weight: 49, upstream: a}, v2: {weight: 51, upstream: b}",
    "v1: {weight: 50, upstream: a}, v2: {weight: 50, upstream: c}",
    "v1: {weight: 100, upstream: a}, v2: {weight: 0, upstream: b}",
    "v2: {weight: 50, upstream: b}, v1: {weight: 50, upstream: a}",
    "v1: {weight: 30, upstream: a}, v2: {weight: 30, upstream: b}, "
    "v3: {weight: 40, upstream: c}",
};

static const char *const  stickies[] = {
    "", ", sticky: 'request.headers[?\"x-a\"].orValue(\"\")'",
    ", sticky: 'request.headers[?\"x-b\"].orValue(\"\")'",
    ", sticky: 'request.host'", ", salt: another",
    ", guard: {arm: v2, versus: v1, window: 60s, error_rate: 2%}",
    ", mirror: {upstream: shadow}",
};

static const char *const  overrides[] = {
    "", ", override: [{header: x-b, equals: \"1\", use: v2}]",
    ", override: [{header: x-b, equals: \"12\", use: v2}]",
    ", override: [{cookie: arm, equals: v2, use: v2}]",
    ", override: [{when: 'request.headers[\"x-a\"] == \"1\"', use: v2}]",
    ", override: [{when: 'tenant.plan == \"pro\"', use: v2}]",
};

static const char *const  pauses[] = {
    "", "", "  - {id: m, when: 'request.headers[\"x-a\"] == \"1\"'}\n",
    "  - {id: m, when: 'tenant.plan == \"pro\"', status: 500}\n",
    "  - {id: m, when: 'request.headers[?\"x-b\"].orValue(\"\") == \"z\"'}\n",
};

static const char *const  ends[] = {
    "", "    upstream: a\n", "    upstream: b\n", "    split: s0\n",
    "    split: s0\n", "    split: s1\n",
};

static const char *const  corses[] = {
    "", "", "    cors: c0\n", "    cors: c1\n",
};

static const char *const  transforms[] = {
    "", "", "    transform: {request: {set: {x-z: "
    "'${request.headers[?\"x-a\"].orValue(\"\")}'}}}\n",
    "    transform: {request: {set: {x-z: '${request.host}'}}}\n",
    "    transform: {request: {set: {x-z: "
    "'${string(request.headers[\"x-b\"])}'}}}\n",
    "    transform: {request: {path: '/n${request.headers[?\"x-a\"]"
    ".orValue(\"\")}'}}\n",
    "    version: {name: v1}\n",
};


static void
random_plan(dice_t *d, plan_t *p)
{
    size_t  i;

    for (i = 0; i < FIELDS; i++) {
        p->f[i] = (unsigned char) roll(d, 240);
    }
}


#define F(list)  (list)[p->f[(*at)++] % (sizeof(list) / sizeof((list)[0]))]


static size_t
put_rule(const plan_t *p, size_t *at, const char *id, char *out)
{
    char         when[512];
    const char  *form, *a, *b;

    form = F(forms);
    a = F(conds);
    b = F(conds);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
    snprintf(when, sizeof(when), form, a, b);
#pragma GCC diagnostic pop

    return (size_t) sprintf(out, "      - {id: %s, when: '%s'}\n", id, when);
}


/* Behind the rules of a route. */
static size_t
put_edge(const plan_t *p, unsigned i, char *o)
{
    size_t       at_, *at;
    const char  *end, *cors, *transform;

    at_ = RULED + 8 + 3 * i;
    at = &at_;
    end = F(ends);
    cors = F(corses);
    transform = F(transforms);

    return (size_t) sprintf(o, "%s%s%s", end, cors, transform);
}


/* Before the routes. */
static size_t
put_traffic(const plan_t *p, char *out)
{
    char        *o;
    size_t       i, at_, *at;
    const char  *pause;

    o = out;
    at_ = RULED;
    at = &at_;
    pause = F(pauses);
    o += sprintf(o, "cors:\n  c0: {origins: [\"https://a.example\"]}\n"
                 "  c1: {origins: [\"*\"], methods: [PUT]}\n");
    o += sprintf(o, "%s%s", *pause ? "maintenance:\n" : "", pause);
    o += sprintf(o, "splits:\n");

    for (i = 0; i < 2; i++) {
        o += sprintf(o, "  s%zu: {arms: {%s}", i, F(weights));
        o += sprintf(o, "%s", F(stickies));
        o += sprintf(o, "%s}\n", F(overrides));
    }

    return (size_t) (o - out);
}


/* kind: public, its own rules, both, or nothing that allows. */
static size_t
put_route(const plan_t *p, size_t *at, unsigned i, char *out)
{
    char        *o;
    unsigned     kind;
    const char  *host, *path, *match;

    o = out;
    host = F(hosts);
    path = F(paths);
    match = F(matches);
    kind = p->f[(*at)++] % 4;
    o += sprintf(o, "  - id: r%u\n    match: {%spath: \"%s\"%s}\n", i, host,
                 path, match);

    if (kind == 0 || kind == 2) {
        o += sprintf(o, "    public: true\n");
    }

    if (kind != 0) {
        o += sprintf(o, kind == 2 ? "    deny:\n" : "    allow:\n");
        o += put_rule(p, at, "one", o);

    } else {
        *at += 3;
    }

    o += put_edge(p, i, o);

    return (size_t) (o - out);
}


/* turned: routes in another order, which says nothing */
static void
write_policy(const plan_t *p, bool turned, char *o)
{
    size_t       i, k, n, at_, *at;
    const char  *t;

    at_ = 0;
    at = &at_;
    o += sprintf(o, "weir: 1\npolicy: {name: t}\nsettings: {%s}\n",
                 F(settings));
    o += sprintf(o, "lists:\n  l: {cidr: [%s]}\n", F(lists));
    o += sprintf(o, "tenants:\n  resolve:\n    %s\n  list:\n    t0: {}\n",
                 F(resolves));

    for (i = 1; i <= TENANTS; i++) {
        t = F(tenants);

        /* one of them has the host */

        if (*t != '\0' && (i == 1 || strstr(t, "hosts") == NULL)) {
            o += sprintf(o, "    t%zu: %s\n", i, t);
        }
    }

    n = p->f[at_++] % 3;
    o += sprintf(o, "%s", n ? "deny:\n" : "");

    for (i = 0; i < 2; i++) {
        k = put_rule(p, at, i ? "g1" : "g0", o);
        o += i < n ? k : 0;
    }

    n = p->f[at_++] % 5 == 0;
    o += sprintf(o, "%s", n ? "allow:\n" : "");
    k = put_rule(p, at, "ga", o);
    o += n ? k : 0;
    o += put_traffic(p, o);
    o += sprintf(o, "routes:\n");
    *o = '\0';
    n = at_;

    for (i = 0; i < ROUTES; i++) {
        k = turned ? ROUTES - 1 - i : i;
        at_ = n + k * 7;
        o += put_route(p, at, (unsigned) k, o);
    }
}


/* Requests that are near what the policies ask */

static void
random_request(dice_t *d, diff_request_t *r)
{
    static const char *const  some_hosts[] = {
        "a.example", "t0.example", "t1.example", "t2.example", "t3.example",
        "no.example", "b.test", "c.test",
    };
    static const char *const  some_paths[] = {
        "/x", "/x/1", "/x/12", "/x/1a", "/x/a", "/x/abc", "/x/ab", "/q/y",
        "/t1/y", "/t2/x", "/x/1/2", "/", "/x//1", "/y/../x/1", "/t9/1",
    };
    static const char *const  methods[] = { "GET", "POST", "PUT", "OPTIONS" };
    static const char *const  values[] = { "1", "12", "2", "abc", "z", "" };
    static const char *const  names[] = { "x-a", "x-b", "x", "x-t" };
    static const char *const  arms[] = { "v1", "v2" };
    static const char *const  ids[] = { "t0", "t1", "t2", "t3", "t8" };
    static const char *const  sources[] = {
        "10.0.0.1", "10.0.0.2", "10.200.0.1", "192.0.2.9", "127.0.0.1",
    };
    static const char *const  times[] = {
        "2026-01-05T03:00:00Z", "2026-01-05T17:00:00Z",
    };
    static const char *const  queries[] = { "", "q=1", "q=%zz", "" };
    static const char *const  lengths[] = { "0", "10", "11", "-1" };

    size_t  i;

    memset(r, 0, sizeof(diff_request_t));
    r->host = weir_cstr(PICK(d, some_hosts));
    r->path = weir_cstr(PICK(d, some_paths));
    r->raw = true;
    r->method = weir_cstr(PICK(d, methods));
    r->query = weir_cstr(PICK(d, queries));

    for (i = 0; i < 4; i++) {
        if (roll(d, 2)) {
            r->headers[r->nheaders].name = weir_cstr(names[i]);
            r->headers[r->nheaders++].value = weir_cstr(i == 3
                                              ? PICK(d, ids)
                                              : PICK(d, values));
        }
    }

    if (roll(d, 3) == 0) {
        weir_diff_put(r->cookies, &r->ncookies, weir_string("arm"),
                      weir_cstr(PICK(d, arms)));
    }

    if (weir_str_eq(r->method, weir_string("OPTIONS")) && roll(d, 4)) {
        weir_diff_put(r->headers, &r->nheaders, weir_string("origin"),
                      weir_string("https://a.example"));
        weir_diff_put(r->headers, &r->nheaders,
                      weir_string("access-control-request-method"),
                      weir_cstr(PICK(d, methods)));
    }

    if (roll(d, 2)) {
        r->sets[r->nsets].name = weir_cstr("id");
        r->sets[r->nsets++].value = weir_cstr(PICK(d, values));
    }

    if (roll(d, 2)) {
        r->sets[r->nsets].name = weir_cstr("source");
        r->sets[r->nsets++].value = weir_cstr(PICK(d, sources));
    }

    if (roll(d, 2)) {
        r->sets[r->nsets].name = weir_cstr("time");
        r->sets[r->nsets++].value = weir_cstr(PICK(d, times));
    }

    if (roll(d, 2)) {
        r->sets[r->nsets].name = weir_cstr("content_length");
        r->sets[r->nsets++].value = weir_cstr(PICK(d, lengths));
    }
}


/* The claim */

static bool
is_listed_route(const diff_t *d, weir_str_t id)
{
    size_t  i;

    for (i = 0; i < d->pairs.len; i++) {

        if (weir_str_eq(d->pairs.items[i].id, id)) {
            return d->pairs.items[i].why.len != 0;
        }
    }

    return false;
}


/* A kind of more than one is named by its first. */
static bool
is_listed_tenant(const diff_t *d, weir_str_t id)
{
    size_t              i;
    const diff_kind_t  *k;

    for (i = 0; i < d->kinds.len; i++) {
        k = &d->kinds.items[i];

        if (k->matters && (k->count > 1 || weir_str_eq(k->id, id))) {
            return true;
        }
    }

    return false;
}


/* Every route that takes the request, or its tenant. */
static bool
is_listed(const diff_t *d, const weir_decision_t x[DIFF_SIDES])
{
    bool    routes;
    size_t  i;

    routes = true;

    for (i = 0; i < DIFF_SIDES; i++) {

        if (x[i].tenant.len && is_listed_tenant(d, x[i].tenant)) {
            return true;
        }

        routes &= x[i].route.len == 0 || is_listed_route(d, x[i].route);
    }

    /* without a route: the rules of phase connect, or the settings */

    return routes && (x[DIFF_OLD].route.len != 0
                      || x[DIFF_NEW].route.len != 0 || d->none.why.len != 0);
}


typedef struct {
    unsigned  pairs;            /* that compiled */
    unsigned  same;             /* nothing was found */
    unsigned  differ;           /* a random request did */
    unsigned  unseen;           /* and no witness was found, "may" alone */
    unsigned  requests;
    unsigned  decided;          /* otherwise by both */
} tally_t;


static void
try_pair(dice_t *dice, diff_t *d, const char *const texts[DIFF_SIDES],
    tally_t *tally)
{
    bool              found;
    size_t            i;
    diff_request_t    r;
    weir_arena_t     *a;
    weir_decision_t   x[DIFF_SIDES];

    found = false;
    tally->pairs++;
    tally->same += !weir_diff_found(d);

    for (i = 0; i < REQUESTS; i++) {
        a = weir_arena_create();
        assert_non_null(a);
        random_request(dice, &r);
        tally->requests++;

        if (weir_diff_decide(d, a, &r, x)) {
            tally->decided++;
            found = true;

            if (!weir_diff_found(d) || !is_listed(d, x)) {
                fail_msg("%.*s http://%.*s%.*s: route %.*s -> %.*s is said "
                         "to be unchanged\n--- old\n%s--- new\n%s",
                         WEIR_STR(r.method), WEIR_STR(r.host),
                         WEIR_STR(r.path), WEIR_STR(x[0].route),
                         WEIR_STR(x[1].route), texts[0], texts[1]);
            }
        }

        weir_arena_destroy(a);
    }

    tally->differ += found;
    tally->unseen += found && d->changes.len == 0;
}


/* The witnesses show what they were kept for. */
static void
check_witnesses(diff_t *d)
{
    size_t                i;
    weir_arena_t         *a;
    weir_decision_t       x[DIFF_SIDES];
    const diff_change_t  *c;

    for (i = 0; i < d->changes.len; i++) {
        c = &d->changes.items[i];

        if (c->merged) {
            continue;
        }

        a = weir_arena_create();
        assert_non_null(a);
        assert_true(weir_diff_decide(d, a, c->witness, x));
        assert_int_equal(x[0].status, c->d[0].status);
        assert_int_equal(x[1].status, c->d[1].status);
        assert_true(weir_str_eq(x[0].rule, c->d[0].rule));
        assert_true(weir_str_eq(x[1].rule, c->d[1].rule));
        weir_arena_destroy(a);
    }
}


/* false: the source is refused, as one whose routes tie is. */
static bool
open_text(policy_t *p, const char *text)
{
    front_file_t  files[] = { { "t.yaml", text }, { NULL, NULL } };

    front_load_files(&p->front, files, false);

    if (p->front.rc != WEIR_OK) {
        front_free(&p->front);
        return false;
    }

    policy_write(p);

    return true;
}


static void
run_pair(dice_t *dice, const char *const texts[DIFF_SIDES], size_t budget,
    tally_t *tally)
{
    size_t     i, opened;
    diff_t     d;
    policy_t   p[DIFF_SIDES];

    memset(&d, 0, sizeof(d));
    memset(p, 0, sizeof(p));

    for (opened = 0; opened < DIFF_SIDES; opened++) {

        if (!open_text(&p[opened], texts[opened])) {
            break;
        }

        d.side[opened].img = &p[opened].image;
        d.side[opened].path = "t.yaml";
    }

    if (opened == DIFF_SIDES) {
        d.arena = weir_arena_create();
        assert_non_null(d.arena);
        d.budget = budget;
        assert_true(weir_diff_run(&d));
        check_witnesses(&d);
        try_pair(dice, &d, texts, tally);
        weir_arena_destroy(d.arena);
    }

    for (i = 0; i < opened; i++) {
        policy_close(&p[i]);
    }
}


/* What is next to each other in a list is often nearly the same. */
static void
change(dice_t *dice, plan_t *plan)
{
    unsigned char  *f;

    f = &plan->f[roll(dice, FIELDS)];
    *f = (unsigned char) (roll(dice, 2) ? roll(dice, 240) : *f + 1u);
}


static void
test_random_changes(void **state)
{
    dice_t       dice;
    plan_t       plan;
    size_t       i, k, n;
    tally_t      tally;
    static char  old[MOST_TEXT], new[MOST_TEXT];
    const char  *texts[DIFF_SIDES] = { old, new };

    (void) state;

    dice.state = getenv("DIFF_SEED") ? strtoull(getenv("DIFF_SEED"), NULL, 10)
                                     : 1;
    n = getenv("DIFF_PAIRS") ? strtoull(getenv("DIFF_PAIRS"), NULL, 10)
                             : PAIRS;
    memset(&tally, 0, sizeof(tally));

    for (i = 0; tally.pairs < n && i < 40 * n; i++) {
        random_plan(&dice, &plan);
        write_policy(&plan, false, old);

        for (k = roll(&dice, 4); k > 0; k--) {
            change(&dice, &plan);
        }

        write_policy(&plan, roll(&dice, 2), new);
        run_pair(&dice, texts, 4000, &tally);
    }

    printf("diff: %u pairs, %u said to be the same; %u requests, %u decided "
           "otherwise; %u pairs differ, %u of them without a witness\n",
           tally.pairs, tally.same, tally.requests, tally.decided,
           tally.differ, tally.unseen);

    assert_true(tally.pairs == n);
    assert_true(tally.same > n / 20);
    assert_true(tally.differ > n / 10);
    assert_true(tally.unseen <= n / 20);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_random_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
