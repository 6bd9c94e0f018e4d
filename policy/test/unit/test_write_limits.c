/*
 * test_write_limits.c: how much callers may use, from a policy's text to the
 * records of its image.
 */

#include "ask.h"
#include "image/limit.h"


#define STR(p, i)     weir_img_str(&(p)->image, (i))
#define REC(p, s, i)  (&WEIR_REC(&(p)->image, s)[i])

#define ROUTE                                                                 \
    "routes:\n"                                                               \
    "  - {id: a, match: {path: /}, public: true, limits: [x]}\n"


/* The only limit of a policy that has one, of these keys. */
static const weir_img_limit_t *
open_limit(policy_t *p, const char *keys)
{
    char  text[512];

    snprintf(text, sizeof(text), "weir: 1\nlimits:\n  x: {key: [source.ip], "
             "%s}\n" ROUTE, keys);
    policy_open(p, text);
    assert_int_equal(p->image.n[WEIR_S_LIMITS], 1);

    return REC(p, LIMITS, 0);
}


static void
a_limit_says_everything(void **state)
{
    policy_t                 p;
    const uint32_t          *key;
    const weir_img_limit_t  *l;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "limits:\n"
        "  x:\n"
        "    phase: preauth\n"
        "    key: [tenant.id, source.port]\n"
        "    rate: 600/m\n"
        "    burst: 7\n"
        "    scope: cluster\n"
        "    on_store_failure: deny\n"
        "    lease: 3\n"
        "    on_full: allow\n"
        "    charge: response\n"
        "    cost: response.size\n"
        "    default_cost: 4\n"
        "    status: 503\n"
        "    message: slow down\n"
        "    dry_run: true\n" ROUTE);

    assert_int_equal(p.image.n[WEIR_S_LIMITS], 1);
    l = REC(&p, LIMITS, 0);
    assert_true(weir_str_eq(STR(&p, l->id), weir_string("x")));
    assert_true(weir_str_eq(STR(&p, l->message), weir_string("slow down")));
    assert_true(weir_str_eq(STR(&p, l->file), weir_string("t.yaml")));
    assert_int_equal(l->line, 3);
    assert_int_equal(l->kind, WEIR_LIMIT_GCRA);
    assert_int_equal(l->phase, WEIR_PHASE_PREAUTH);
    assert_int_equal(l->limit, 600);
    assert_int_equal(l->window, 60 * WEIR_SEC_NS);
    assert_int_equal(l->burst, 7);
    assert_int_equal(l->cluster, 1);
    assert_int_equal(l->on_failure, WEIR_STORE_DENY);
    assert_int_equal(l->lease, 3);
    assert_int_equal(l->on_full, 1);
    assert_int_equal(l->response, 1);
    assert_int_equal(l->cost, 4);
    assert_int_equal(l->status, 503);
    assert_int_equal(l->dry_run, 1);
    assert_int_equal(l->plan, 0);
    assert_int_equal(l->zone, WEIR_NONE);
    assert_int_equal(REC(&p, PROGS, l->cost_prog)->phase, WEIR_PHASE_LOG);

    assert_int_equal(l->key.count, 2);
    key = REC(&p, REFS, l->key.first);
    assert_int_equal(REC(&p, PROGS, key[0])->kind, WEIR_T_STRING);
    assert_int_equal(REC(&p, PROGS, key[1])->kind, WEIR_T_INT);

    assert_int_equal(REC(&p, POLICY, 0)->limit_headers, WEIR_HEADERS_IETF);
    policy_close(&p);
}


/* What a rate means: limit, window in seconds, burst, budget, span in ns. */
static void
numbers_follow_from_the_rate(void **state)
{
    size_t                   i;
    policy_t                 p;
    const weir_img_limit_t  *l;

    static const struct {
        const char  *keys;
        uint64_t     limit;
        uint64_t     sec;
        uint64_t     burst;
        uint64_t     budget;
        uint64_t     span;
    } cases[] = {
        { "rate: 50/s", 50, 1, 50, 0, 0 },
        { "rate: 100/10s", 100, 10, 10, 0, 0 },
        { "rate: 1/h", 1, 3600, 1, 0, 0 },
        { "rate: 100/m", 100, 60, 1, 0, 0 },
        { "rate: 5/1d", 5, 86400, 1, 0, 0 },
        { "rate: 1000000000/s", 1000000000, 1, 1000000000, 0, 0 },

        /* a window of the cluster is a second or more */
        { "rate: 600/m, scope: cluster", 600, 60, 10, 10, WEIR_SEC_NS },
        { "rate: 600/m, scope: cluster, burst: 60", 600, 60, 60, 60,
          6 * WEIR_SEC_NS },
        { "rate: 600/m, scope: cluster, burst: 1", 600, 60, 1, 10,
          WEIR_SEC_NS },
        { "rate: 100/m, scope: cluster", 100, 60, 1, 2,
          UINT64_C(1200000000) },
        { "rate: 7/3s, scope: cluster", 7, 3, 2, 3, UINT64_C(1285714286) },
        { "rate: 100/10s, algorithm: fixed_window, scope: cluster", 100, 10,
          0, 100, 10 * WEIR_SEC_NS },
        { "rate: 100/10s, algorithm: sliding_window", 100, 10, 0, 0, 0 },
        { "quota: {day: 7}, overage: 20%", 7, 0, 1, 0, 0 },
        { "quota: {day: 1000, overage: 12.5%}, scope: cluster", 1000, 0, 125,
          1125, 0 },
        { "concurrency: 9", 9, 0, 0, 0, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        l = open_limit(&p, cases[i].keys);

        if (l->limit != cases[i].limit || l->burst != cases[i].burst
            || l->window != cases[i].sec * WEIR_SEC_NS
            || l->budget != cases[i].budget || l->span != cases[i].span)
        {
            fail_msg("%s: limit %llu, burst %llu, window %llu, budget %llu, "
                     "span %llu", cases[i].keys,
                     (unsigned long long) l->limit,
                     (unsigned long long) l->burst,
                     (unsigned long long) l->window,
                     (unsigned long long) l->budget,
                     (unsigned long long) l->span);
        }

        policy_close(&p);
    }
}


static void
a_constant_cost_needs_no_program(void **state)
{
    policy_t                 p;
    const weir_img_limit_t  *l;

    (void) state;

    l = open_limit(&p, "rate: 50/s, cost: 2 + 3");
    assert_int_equal(l->cost, 5);
    assert_int_equal(l->cost_prog, WEIR_NONE);
    policy_close(&p);

    l = open_limit(&p, "rate: 50/s, cost: source.port");
    assert_int_equal(l->cost, 1);
    assert_int_not_equal(l->cost_prog, WEIR_NONE);
    policy_close(&p);
}


/* What was counted is kept while it means the same, whatever else changes. */
static void
what_counts_keeps_its_uid(void **state)
{
    size_t                   i;
    policy_t                 a, b;
    const weir_img_limit_t  *x, *y;

    static const struct {
        const char  *before;
        const char  *after;
        bool         same;
    } cases[] = {
        { "rate: 50/s", "rate: 50/s", true },
        { "rate: 50/s", "rate: 60/s, burst: 7, status: 503", true },
        { "rate: 50/s", "rate: 50/2s", false },
        { "rate: 50/s", "rate: 50/s, scope: cluster", false },
        { "rate: 50/s", "rate: 50/s, algorithm: fixed_window", false },
        { "rate: 50/s, scope: cluster, burst: 100",
          "rate: 50/s, scope: cluster, burst: 200", false },
        { "quota: {day: 5}", "quota: {day: 6}, overage: 50%", true },
        { "quota: {day: 5}", "quota: {week: 5}", false },
        { "quota: {day: 5}", "quota: {day: 5}, time_zone: UTC", true },
        { "quota: {day: 5}", "quota: {day: 5}, time_zone: Europe/Dublin",
          false },
        { "concurrency: 5", "concurrency: 50", true }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        x = open_limit(&a, cases[i].before);
        y = open_limit(&b, cases[i].after);

        if ((memcmp(&x->uid, &y->uid, sizeof(x->uid)) == 0) != cases[i].same)
        {
            fail_msg("%s, then %s", cases[i].before, cases[i].after);
        }

        policy_close(&a);
        policy_close(&b);
    }
}


/* Zones are there once, sorted, also those that expressions need. */
static void
periods_have_their_zone(void **state)
{
    size_t                   i;
    policy_t                 p;
    const weir_img_limit_t  *l;

    static const struct {
        const char  *id;
        unsigned     period;
        const char  *zone;
    } limits[] = {
        { "x.day", WEIR_PERIOD_DAY, "Europe/Dublin" },
        { "x.week", WEIR_PERIOD_WEEK, "Europe/Dublin" },
        { "x.month", WEIR_PERIOD_MONTH, "Europe/Dublin" },
        { "w.day", WEIR_PERIOD_DAY, "America/New_York" },
        { "v.day", WEIR_PERIOD_DAY, NULL }
    };

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "deny:\n"
        "  - {id: night,\n"
        "     when: 'request.time.getHours(\"Asia/Tokyo\") < 5 ||\n"
        "            request.time.getHours(\"Europe/Dublin\") < 5'}\n"
        "limits:\n"
        "  x: {key: [source.ip], quota: {month: 9, week: 5, day: 1},\n"
        "      time_zone: Europe/Dublin}\n"
        "  w: {key: [source.ip], quota: {day: 1},\n"
        "      time_zone: America/New_York}\n"
        "  v: {key: [source.ip], quota: {day: 1}, time_zone: UTC}\n" ROUTE);

    assert_int_equal(p.image.n[WEIR_S_ZONES], 3);
    assert_int_equal(p.image.n[WEIR_S_LIMITS], 5);

    for (i = 0; i < 5; i++) {
        l = REC(&p, LIMITS, i);
        assert_int_equal(l->kind, WEIR_LIMIT_QUOTA);
        assert_int_equal(l->period, limits[i].period);
        assert_true(weir_str_eq(STR(&p, l->id), weir_cstr(limits[i].id)));

        if (limits[i].zone == NULL) {
            assert_int_equal(l->zone, WEIR_NONE);

        } else {
            assert_true(weir_str_eq(STR(&p, REC(&p, ZONES, l->zone)->name),
                                    weir_cstr(limits[i].zone)));
        }
    }

    assert_int_equal(REC(&p, ROUTES, 0)->limits.count, 3);
    policy_close(&p);
}


static void
a_route_asks_preauth_limits_first(void **state)
{
    policy_t         p;
    weir_range_t     r;
    const uint32_t  *ref;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "limits:\n"
        "  a: {key: [source.ip], rate: 5/s}\n"
        "  b: {key: [source.ip], rate: 5/s, phase: preauth}\n"
        "  c: {key: [source.ip], quota: {day: 5, week: 9}, phase: preauth}\n"
        "  d: {key: [source.ip], concurrency: 5}\n"
        "routes:\n"
        "  - {id: a, match: {path: /}, public: true, limits: [d, c, a, b]}\n"
        "  - {id: b, match: {path: /b}, public: true, limits: []}\n");

    r = REC(&p, ROUTES, 0)->limits;
    ref = REC(&p, REFS, r.first);
    assert_int_equal(r.count, 5);
    assert_int_equal(ref[0], 2);
    assert_int_equal(ref[1], 3);
    assert_int_equal(ref[2], 1);
    assert_int_equal(ref[3], 4);
    assert_int_equal(ref[4], 0);
    assert_int_equal(REC(&p, ROUTES, 1)->limits.count, 0);
    policy_close(&p);
}


static void
a_tenant_has_the_limits_of_its_plan(void **state)
{
    policy_t                 p;
    const weir_img_plan_t   *pro;
    const weir_img_limit_t  *l;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "settings: {limit_headers: both}\n"
        "plans:\n"
        "  free: {quota: {day: 10}}\n"
        "  pro: {quota: {month: 50, overage: 20%}, concurrency: 2,\n"
        "        scope: cluster, on_store_failure: allow}\n"
        "tenants:\n"
        "  list:\n"
        "    acme: {plan: pro}\n"
        "    globex: {plan: free}\n"
        "    initech: {}\n");

    assert_int_equal(p.image.n[WEIR_S_PLANS], 2);
    assert_int_equal(REC(&p, TENANTS, 0)->limits, 1);
    assert_int_equal(REC(&p, TENANTS, 1)->limits, 0);
    assert_int_equal(REC(&p, TENANTS, 2)->limits, WEIR_NONE);
    assert_int_equal(REC(&p, POLICY, 0)->limit_headers,
                     WEIR_HEADERS_IETF | WEIR_HEADERS_LEGACY);

    pro = REC(&p, PLANS, 1);
    assert_int_equal(pro->limits.count, 2);
    l = REC(&p, LIMITS, pro->limits.first);
    assert_int_equal(l[0].plan, 1);
    assert_int_equal(l[0].kind, WEIR_LIMIT_QUOTA);
    assert_int_equal(l[0].budget, 60);
    assert_int_equal(l[0].on_failure, WEIR_STORE_ALLOW);
    assert_int_equal(l[0].key.count, 0);
    assert_int_equal(l[1].kind, WEIR_LIMIT_CONCURRENCY);
    assert_int_equal(l[1].cluster, 0);
    assert_int_equal(l[1].on_failure, 0);
    policy_close(&p);

    policy_open(&p, "weir: 1\nsettings: {limit_headers: none}\n"
                    "tenants: {list: {acme: {plan: anything}}}\n");
    assert_int_equal(REC(&p, TENANTS, 0)->limits, WEIR_NONE);
    assert_int_equal(REC(&p, POLICY, 0)->limit_headers, 0);
    policy_close(&p);
}


static void
limits_are_counted(void **state)
{
    char            *text;
    FILE            *out;
    size_t           i, len;
    front_policy_t   f;

    (void) state;

    out = open_memstream(&text, &len);
    fputs("weir: 1\nplans: {p: {quota: {day: 1}}}\nlimits:\n", out);

    for (i = 0; i < WEIR_MAX_LIMITS / 3; i++) {
        fprintf(out, "  q%zu: {key: [source.ip], quota: {day: 1, week: 1, "
                "month: 1}}\n", i);
    }

    fputs("  r: {key: [source.ip], rate: 5/s}\n", out);
    fclose(out);

    front_load(&f, text);
    front_expect("plan", f.said, "t.yaml:2:9+1: E0210: more than 4096 "
                 "limits, those of plans and the periods of quotas counted\n");
    front_free(&f);
    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_limit_says_everything),
        cmocka_unit_test(numbers_follow_from_the_rate),
        cmocka_unit_test(a_constant_cost_needs_no_program),
        cmocka_unit_test(what_counts_keeps_its_uid),
        cmocka_unit_test(periods_have_their_zone),
        cmocka_unit_test(a_route_asks_preauth_limits_first),
        cmocka_unit_test(a_tenant_has_the_limits_of_its_plan),
        cmocka_unit_test(limits_are_counted)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
