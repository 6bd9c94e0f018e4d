/*
 * test_decide_limits.c: the limits of a request on one node: what is charged,
 * and what a refused request leaves alone.
 */

#include "limit_fixture.h"


/* Limits of one node */

/* The third refuses: the first two have what they had. */
static void
all_or_nothing(void **state)
{
    run_t  r;
    ask_t  x = { .path = "/abc", .headers = "x-k=x" };
    ask_t  y = { .path = "/abc", .headers = "x-k=y" };

    (void) state;

    times(2, &x, "allowed");

    begin(&r, &x);
    expect(&r, "420 limit c 2600");
    assert_int_equal(nholds(&r), 3);
    assert_int_equal(left(&r, 0), 8);
    assert_int_equal(left(&r, 1), 18);
    assert_int_equal(left(&r, 2), 0);
    assert_int_equal(hold(&r, 0)->state, WEIR_HOLD_NONE);
    assert_int_equal(hold(&r, 2)->state, WEIR_HOLD_REFUSED);
    assert_int_equal(r.d.left, 0);
    assert_int_equal(r.d.rule.len, 0);
    assert_true(weir_str_eq(r.d.message, weir_string("slow down")));
    assert_true(weir_str_eq(r.d.upstream, weir_string("up")));
    assert_true(weir_str_eq(r.d.route, weir_string("abc")));
    end(&r);

    begin(&r, &y);
    expect(&r, "allowed");
    assert_true(is_limit(&r, "c"));
    assert_int_equal(r.d.left, 1);
    assert_int_equal(hold(&r, 0)->left.left, 7);
    assert_true(weir_str_eq(r.d.rule, weir_string("may")));
    end(&r);

    /* begun seconds are whole ones */
    server.clock += SECOND / 2;
    once(&x, "420 limit c 2600");

    /* in the next hour */
    server.clock += 2600 * SECOND;
    begin(&r, &x);
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 9);
    end(&r);
}


static void
kinds(void **state)
{
    run_t  r;
    ask_t  t = { .path = "/time" };
    ask_t  day = { .path = "/day" };

    (void) state;

    times(3, &t, "allowed");
    once(&t, "429 limit drip 1");
    server.clock += SECOND;
    begin(&r, &t);
    expect(&r, "allowed");
    assert_true(is_limit(&r, "drip") || is_limit(&r, "roll"));
    end(&r);
    server.clock += 3 * SECOND;
    begin(&r, &t);
    expect(&r, "429 limit roll 3496");
    assert_int_equal(nholds(&r), 2);
    end(&r);

    times(3, &day, "allowed");
    once(&day, "429 limit day.day 6400");
    server.clock += HOUR;               /* that is not what days go by */
    once(&day, "429 limit day.day 6400");
    server.wall += 6400 * SECOND;
    once(&day, "allowed");
}


/* What is asked before the caller is known, stays spent. */
static void
before_the_caller(void **state)
{
    run_t  r;
    ask_t  get = { .path = "/pre" };
    ask_t  put = { .path = "/pre", .method = "PUT" };
    ask_t  c = { .path = "/pre-c", .headers = "x-k=x" };

    (void) state;

    begin(&r, &get);
    expect(&r, "allowed");
    assert_int_equal(nholds(&r), 3);
    assert_int_equal(hold(&r, 0)->take.limit->phase, WEIR_PHASE_PREAUTH);
    assert_int_equal(hold(&r, 1)->take.limit->phase, WEIR_PHASE_PREAUTH);
    assert_int_equal(hold(&r, 2)->take.limit->phase, WEIR_PHASE_ACCESS);
    assert_int_equal(left(&r, 1), 1);
    end(&r);

    /* refused later by a rule: of access limits nothing was asked */
    begin(&r, &put);
    expect(&r, "403 not_allowed pre 0");
    assert_int_equal(nholds(&r), 2);
    assert_int_equal(left(&r, 0), 0);
    assert_int_equal(left(&r, 1), 1);   /* until the request ends */
    end(&r);

    begin(&r, &get);
    expect(&r, "429 limit pre 2600");
    assert_int_equal(nholds(&r), 1);
    end(&r);

    server.clock += HOUR;
    times(2, &(ask_t) { .path = "/c", .headers = "x-k=x" }, "allowed");
    begin(&r, &c);
    expect(&r, "420 limit c 2600");
    assert_int_equal(left(&r, 0), 1);
    end(&r);
}


static void
flights(void **state)
{
    run_t  r, s;
    ask_t  x = { .path = "/fly", .headers = "x-k=x" };

    (void) state;

    begin(&r, &x);
    begin(&s, &x);
    expect(&r, "allowed");
    assert_true(is_limit(&r, "fly"));
    assert_int_equal(hold(&r, 0)->take.worker, 3);
    expect(&s, "429 limit fly 1");
    end(&s);
    assert_int_equal(left(&r, 0), 0);
    end(&r);

    /* refused by the other one: nothing flies */
    once(&x, "allowed");
    begin(&s, &x);
    expect(&s, "420 limit c 2600");
    assert_int_equal(left(&s, 0), 1);
    end(&s);
}


static void
costs(void **state)
{
    run_t  r;

    (void) state;

    once(&(ask_t) { .path = "/cost", .headers = "x-cost=8" }, "allowed");
    once(&(ask_t) { .path = "/cost", .headers = "x-cost=3" },
         "429 limit cost 2600");
    once(&(ask_t) { .path = "/cost", .headers = "x-cost=0" }, "allowed");

    /* never: there is no use in coming back */
    once(&(ask_t) { .path = "/cost", .headers = "x-cost=11" },
         "429 limit cost 0");
    once(&(ask_t) { .path = "/cost",
                    .headers = "x-cost=9223372036854775807" },
         "429 limit cost 0");
    once(&(ask_t) { .path = "/cost", .headers = "x-cost=2" }, "allowed");
    once(&(ask_t) { .path = "/cost", .headers = "x-cost=0" },
         "429 limit cost 2600");

    begin(&r, &(ask_t) { .path = "/costs", .headers = "x-cost=-1" });
    expect(&r, "500 limit_error cost 0");
    assert_int_equal(r.d.errors, 1);
    assert_int_equal(hold(&r, 1)->state, WEIR_HOLD_ERROR);
    assert_int_equal(left(&r, 0), 10);
    end(&r);

    begin(&r, &(ask_t) { .path = "/costs", .headers = "x-cost=x" });
    expect(&r, "500 limit_error cost 0");
    assert_int_equal(r.d.errors, 1);
    end(&r);

    once(&(ask_t) { .path = "/abc" }, "500 limit_error c 0");
}


static void
dry(void **state)
{
    run_t     r;
    unsigned  i;
    ask_t     x = { .path = "/dry" };

    (void) state;

    for (i = 0; i < 3; i++) {
        begin(&r, &x);
        expect(&r, "allowed");
        assert_int_equal(r.d.errors, 1);
        assert_int_equal(r.d.dry_limited, i == 0 ? 1 : 2);
        assert_int_equal(hold(&r, 0)->dry, i != 0);
        assert_int_equal(hold(&r, 0)->state, i == 0 ? WEIR_HOLD_OK
                                                    : WEIR_HOLD_REFUSED);
        assert_int_equal(left(&r, 0), 0);
        assert_true(hold(&r, 1)->dry);
        assert_int_equal(hold(&r, 1)->state, WEIR_HOLD_ERROR);
        assert_int_equal(left(&r, 2), 9 - i);
        assert_true(is_limit(&r, "a"));     /* nobody is told of trials */
        end(&r);
    }
}


/* Nothing can be counted. */
static void
full(void **state)
{
    run_t           r;
    weir_limits_t  *table;

    (void) state;

    table = server.table;
    server.table = NULL;

    begin(&r, &(ask_t) { .path = "/a" });
    expect(&r, "503 limit_table_full a 1");
    assert_int_equal(hold(&r, 0)->state, WEIR_HOLD_FULL);
    free(r.txn);

    begin(&r, &(ask_t) { .path = "/lax" });
    expect(&r, "allowed");
    assert_true(hold(&r, 0)->free);
    assert_int_equal(r.d.limit.len, 0);
    assert_false(weir_txn_charges(r.txn));
    free(r.txn);

    begin(&r, &(ask_t) { .path = "/dry" });
    expect(&r, "503 limit_table_full a 1");
    assert_int_equal(r.d.dry_limited, 2);
    free(r.txn);

    server.table = table;

    begin(&r, &(ask_t) { .path = "/a" });
    r.req.limiter = NULL;
    expect(&r, "503 limit_table_full a 1");
    end(&r);
}


/* A table whose cells are all taken by others. */
static void
crowded(void **state)
{
    (void) state;

    crowd();
    once(&(ask_t) { .path = "/a", .source = "192.0.2.77" },
         "503 limit_table_full a 1");
    once(&(ask_t) { .path = "/lax" }, "allowed");
    once(&(ask_t) { .path = "/abc", .source = "192.0.2.77",
                    .headers = "x-k=new" }, "503 limit_table_full a 1");
}


/* Plans */

static void
plans(void **state)
{
    run_t  r;
    ask_t  acme = { .path = "/a", .host = "acme.example" };

    (void) state;

    begin(&r, &acme);
    expect(&r, "allowed");
    assert_int_equal(nholds(&r), 3);
    assert_true(is_limit(&r, "pro.day") || is_limit(&r, "pro.concurrency"));
    assert_int_not_equal(hold(&r, 1)->take.tenant, 0);
    assert_true(hold(&r, 1)->take.shared);
    end(&r);

    once(&(ask_t) { .path = "/none", .host = "acme.example" }, "allowed");

    begin(&r, &(ask_t) { .path = "/none", .host = "acme.example" });
    expect(&r, "429 limit pro.day 6400");
    end(&r);

    /* the tenant is only claimed there; a route's own limits count */
    begin(&r, &(ask_t) { .path = "/public", .host = "acme.example" });
    expect(&r, "public");
    assert_int_equal(nholds(&r), 1);
    assert_true(is_limit(&r, "a"));
    assert_int_equal(r.d.left, 8);
    end(&r);

    once(&(ask_t) { .path = "/none", .host = "other.example" }, "allowed");

    begin(&r, &(ask_t) { .path = "/none", .host = "small.example" });
    expect(&r, "allowed");
    assert_int_equal(nholds(&r), 0);
    end(&r);
}


static const char  late_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "mtls: {tenant: \"spiffe://x/{tenant}\"}\n"
    "limits:\n"
    "  each: {key: [tenant.id], rate: 9/h, algorithm: fixed_window}\n"
    "plans:\n"
    "  free: {quota: {day: 2}}\n"
    "tenants: {list: {acme: {plan: free}, other: {plan: free}}}\n"
    "routes:\n"
    "  - {id: known, match: {path: /known}, limits: [each],"
    " allow: [{id: all, when: 'true'}]}\n";


/* Of a tenant that only the credential names. */
static void
late_tenant(void **state)
{
    run_t     r;
    ask_t     x = { .path = "/known" };
    policy_t  late;

    (void) state;

    policy_open(&late, late_yaml);
    asked = &late;

    server.tenant = "other";
    begin(&r, &x);
    expect(&r, "allowed");
    assert_int_equal(nholds(&r), 2);
    assert_true(is_limit(&r, "free.day"));
    assert_int_equal(r.d.left, 1);
    assert_int_not_equal(hold(&r, 0)->take.tenant, 0);
    end(&r);
    once(&x, "allowed");
    begin(&r, &x);
    expect(&r, "429 limit free.day 6400");
    assert_int_equal(left(&r, 0), 7);
    end(&r);

    server.tenant = "acme";
    begin(&r, &x);
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 8);
    end(&r);

    server.tenant = NULL;
    once(&x, "401 unauthenticated  0");

    policy_close(&late);
}


/* Without limits nothing is asked of the server. */
static weir_limits_t *
no_table(void *host)
{
    (void) host;
    fail_msg("a table was asked for");

    return NULL;
}


static void
unlimited(void **state)
{
    run_t  r;

    static const weir_limiter_t  nothing = { .table = no_table };

    (void) state;

    begin(&r, &(ask_t) { .path = "/none" });
    r.req.limiter = &nothing;
    expect(&r, "allowed");
    assert_int_equal(nholds(&r), 0);
    assert_int_equal(r.d.limit.len, 0);
    assert_false(weir_txn_charges(r.txn));
    weir_txn_charge(r.txn);
    free(r.txn);

    begin(&r, &(ask_t) { .path = "/a", .method = "DELETE" });
    r.req.limiter = &nothing;
    expect(&r, "403 deny_rule  0");
    free(r.txn);
}


/* Two at once */

/*
 * Whatever one does between two steps of the other: both pass only where
 * there is room for both, and who is refused has spent nothing.
 */
static void
interleaved(void **state)
{
    int       at;
    bool      done, first, second;
    run_t     r;
    uint64_t  passed;

    static const ask_t  x = { .path = "/abc", .headers = "x-k=x" };
    static const ask_t  c = { .path = "/c", .headers = "x-k=x" };

    (void) state;

    done = false;

    for (at = 0; !done; at++) {
        drop(NULL);
        reset(NULL);
        once(&c, "allowed");            /* room for one more */

        begin(&r, &x);
        begin(&rival, &x);
        meanwhile = run_rival;
        steps = at;
        (void) came(&r);
        done = meanwhile != NULL;
        meanwhile = NULL;
        (void) came(&rival);

        first = r.d.verdict == WEIR_ALLOW;
        second = rival.d.verdict == WEIR_ALLOW;
        passed = (uint64_t) first + second;
        assert_int_equal(passed, 1);
        assert_int_equal(first ? rival.d.reason : r.d.reason,
                         WEIR_REASON_LIMIT);
        assert_int_equal(left(&r, 0), 10 - passed);
        assert_int_equal(left(&r, 1), 20 - passed);
        assert_int_equal(left(first ? &rival : &r, 2), 0);
        assert_true(hold(first ? &rival : &r, 0)->left.left >= 9);

        end(&r);
        end(&rival);
    }

    assert_true(at > 6);                /* three looked at, three taken */
}


/* Explain */

static unsigned  traced;


static void
note(void *data, const struct weir_hold_s *h)
{
    uint32_t      n;
    const run_t  *r;

    r = data;
    assert_ptr_equal(h, weir_txn_limits(r->txn, &n) + traced);
    traced++;
}


static void
no_step(void *data, uint32_t prog, uint32_t pc, const weir_value_t *value)
{
    (void) data;
    (void) prog;
    (void) pc;
    (void) value;
}


static void
tells(void **state)
{
    run_t         r;
    weir_trace_t  to = { .step = no_step, .limit = note, .data = &r };

    (void) state;

    traced = 0;
    begin(&r, &(ask_t) { .path = "/pre" });
    weir_txn_eval(r.txn)->trace = &to;
    expect(&r, "allowed");
    assert_int_equal(traced, 3);
    end(&r);
}


#define on(t)  cmocka_unit_test_setup_teardown(t, reset, drop)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        on(all_or_nothing), on(kinds), on(before_the_caller), on(flights),
        on(costs), on(dry), on(full), on(crowded), on(plans),
        on(late_tenant), on(unlimited),
        on(interleaved), on(tells),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
