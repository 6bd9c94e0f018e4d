/*
 * test_verify_limits.c: one image with a limit of every kind, counted here
 * and in a cluster, and a plan; then all that may be wrong with it.
 */

#include "image/limit.h"
#include "test/unit/verify_fixture.h"

#define MINUTE  (60 * WEIR_SEC_NS)

/* programs; those of a key first */
enum {
    P_STRING, P_IP, P_INT, P_UINT, P_BOOL, P_SUB, P_LIST, P_SIZE, P_RESPONSE,
    P_COUNT
};

enum {
    L_GCRA, L_PREAUTH, L_CLUSTER, L_SLIDING, L_FIXED, L_QUOTA, L_FLIGHT,
    L_MONTH, L_PLAN_FLIGHT, L_COUNT
};


static void
add_program(unsigned kind, weir_phase_t phase, weir_insn_t value)
{
    uint32_t     p;
    weir_insn_t  code[] = { value, RET };

    p = kit_prog(&kit, kind, 0, WEIR_NONE, code, N_OF(code));
    weir_build_records(kit.b, WEIR_S_POS, NULL, N_OF(code));
    ((weir_img_prog_t *) weir_build_at(kit.b, WEIR_S_PROGS, p))->phase
        = (uint8_t) phase;
}


static void
add_programs(void)
{
    uint32_t  one;

    one = kit_const(&kit, WEIR_T_UINT, 0, 1);

    add_program(WEIR_T_STRING, WEIR_PHASE_PREAUTH,
                (weir_insn_t) OP_B(ATTR, WEIR_A_TENANT_ID));
    add_program(WEIR_T_IP, WEIR_PHASE_CONNECT,
                (weir_insn_t) OP_B(ATTR, WEIR_A_SOURCE_IP));
    add_program(WEIR_T_INT, WEIR_PHASE_CONNECT,
                (weir_insn_t) OP_B(ATTR, WEIR_A_SOURCE_PORT));
    add_program(WEIR_T_UINT, WEIR_PHASE_CONNECT,
                (weir_insn_t) OP_C(CONST, one));
    add_program(WEIR_T_BOOL, WEIR_PHASE_CONNECT,
                (weir_insn_t) OP_B(ATTR, WEIR_A_CONNECTION_MTLS));
    add_program(WEIR_T_STRING, WEIR_PHASE_ACCESS,
                (weir_insn_t) OP_B(ATTR, WEIR_A_PRINCIPAL_SUB));
    add_program(WEIR_T_LIST, WEIR_PHASE_ACCESS,
                (weir_insn_t) OP_B(ATTR, WEIR_A_PRINCIPAL_ROLES));
    add_program(WEIR_T_INT, WEIR_PHASE_PREAUTH,
                (weir_insn_t) OP_B(ATTR, WEIR_A_REQUEST_CONTENT_LENGTH));
    add_program(WEIR_T_INT, WEIR_PHASE_LOG,
                (weir_insn_t) OP_B(ATTR, WEIR_A_RESPONSE_SIZE));

    assert_int_equal(weir_build_count(kit.b, WEIR_S_PROGS), P_COUNT);
}


static weir_range_t
key_of(uint32_t a, uint32_t b)
{
    uint32_t  refs[2] = { a, b };

    return weir_build_refs(kit.b, refs, 2);
}


static void
set(weir_img_limit_t *l, unsigned kind, uint64_t limit, uint64_t burst,
    uint64_t window)
{
    l->kind = (uint8_t) kind;
    l->limit = limit;
    l->burst = burst;
    l->window = window;
}


static void
add_limits(void)
{
    uint32_t           i;
    weir_img_plan_t    plan = { kit.name, 0, { L_MONTH, 2 } };
    weir_img_limit_t   l[L_COUNT];
    weir_img_zone_t    zone = { kit.name, { 0, 1 } };
    weir_img_shift_t   shift = { INT64_MIN, 0, 0 };

    memset(l, 0, sizeof(l));

    for (i = 0; i < L_COUNT; i++) {
        l[i].id = l[i].file = kit.name;
        l[i].message = l[i].cost_prog = l[i].zone = WEIR_NONE;
        l[i].cost = 1;
        l[i].status = 429;
        l[i].phase = WEIR_PHASE_ACCESS;
        l[i].plan = i >= L_MONTH;

        if (!l[i].plan) {
            l[i].key = key_of(P_STRING, P_IP);
        }
    }

    set(&l[L_GCRA], WEIR_LIMIT_GCRA, 600, 60, MINUTE);
    l[L_GCRA].key = key_of(P_SUB, P_BOOL);
    l[L_GCRA].cost_prog = P_SIZE;
    set(&l[L_PREAUTH], WEIR_LIMIT_GCRA, WEIR_SEC_NS, WEIR_MAX_UNITS,
        WEIR_SEC_NS);
    l[L_PREAUTH].phase = WEIR_PHASE_PREAUTH;
    l[L_PREAUTH].key = key_of(P_INT, P_UINT);
    set(&l[L_CLUSTER], WEIR_LIMIT_GCRA, 100, 1, WEIR_SEC_NS);
    l[L_CLUSTER].cluster = 1;
    l[L_CLUSTER].lease = WEIR_MAX_LEASE;
    l[L_CLUSTER].on_failure = WEIR_STORE_DENY;
    set(&l[L_SLIDING], WEIR_LIMIT_SLIDING, 100, 0,
        WEIR_MAX_WINDOW * WEIR_SEC_NS);
    l[L_SLIDING].cluster = 1;
    l[L_SLIDING].response = 1;
    l[L_SLIDING].cost_prog = P_RESPONSE;
    set(&l[L_FIXED], WEIR_LIMIT_FIXED, 100, 0, MINUTE);
    set(&l[L_QUOTA], WEIR_LIMIT_QUOTA, 100, 100, 0);
    l[L_QUOTA].zone = 0;
    l[L_QUOTA].period = WEIR_PERIOD_WEEK;
    set(&l[L_FLIGHT], WEIR_LIMIT_CONCURRENCY, WEIR_MAX_CONCURRENCY, 0, 0);
    set(&l[L_MONTH], WEIR_LIMIT_QUOTA, WEIR_MAX_UNITS, 0, 0);
    l[L_MONTH].cluster = 1;
    set(&l[L_PLAN_FLIGHT], WEIR_LIMIT_CONCURRENCY, 5, 0, 0);

    for (i = 0; i < L_COUNT; i++) {
        weir_limit_spread(&l[i], &l[i].budget, &l[i].span);
    }

    weir_build_records(kit.b, WEIR_S_LIMITS, l, L_COUNT);
    weir_build_records(kit.b, WEIR_S_PLANS, &plan, 1);
    weir_build_records(kit.b, WEIR_S_SHIFTS, &shift, 1);
    weir_build_records(kit.b, WEIR_S_ZONES, &zone, 1);
}


static void
add_users(void)
{
    weir_img_route_t   r;
    weir_img_tenant_t  t;

    static const uint32_t  refs[] = {
        L_PREAUTH, L_PREAUTH, L_GCRA, L_QUOTA, L_FLIGHT
    };

    r = kit_route(&kit);
    r.limits = weir_build_refs(kit.b, refs, N_OF(refs));
    weir_build_records(kit.b, WEIR_S_ROUTES, &r, 1);

    memset(&t, 0, sizeof(t));
    t.id = kit.name;
    t.plan = t.attrs = WEIR_NONE;
    weir_build_records(kit.b, WEIR_S_TENANTS, &t, 1);
}


static int
make_image(void **state)
{
    (void) state;

    kit_open(&kit);
    add_programs();
    add_limits();
    add_users();

    return finish_image();
}


static weir_img_limit_t *
limit(uint32_t i)
{
    return kit_record(fresh(), WEIR_S_LIMITS, i);
}


#define BEYOND  ((uint64_t) WEIR_MAX_UNITS + 1)

static const spoil_t  records[] = {
    REC(LIMITS, 0, limit, id, 99, "limits[0].id is 99"),
    REC(LIMITS, 0, limit, message, 99, "limits[0].message is 99"),
    REC(LIMITS, 0, limit, cost_prog, P_STRING, "limits[0].cost_prog is 0"),
    REC(LIMITS, 0, limit, cost_prog, 99, "limits[0].cost_prog is 99"),
    REC(LIMITS, L_QUOTA, limit, zone, 1, "limits[5].zone is 1"),
    REC(LIMITS, 0, limit, key.count, 999, "limits[0].key is"),
    REC(LIMITS, L_CLUSTER, limit, lease, WEIR_MAX_LEASE + 1,
        "limits[2].lease is 1000000001"),
    REC(LIMITS, 0, limit, status, 200, "limits[0].status is 200"),
    REC(LIMITS, 0, limit, kind, WEIR_LIMIT_COUNT, "limits[0].kind is 5"),
    REC(LIMITS, 0, limit, period, WEIR_PERIOD_COUNT, "limits[0].period is 3"),
    REC(LIMITS, 0, limit, phase, WEIR_PHASE_LOG, "limits[0].phase is 4"),
    REC(LIMITS, 0, limit, cluster, 2, "limits[0].cluster is 2"),
    REC(LIMITS, 0, limit, on_failure, WEIR_STORE_FAILURE_COUNT,
        "limits[0].on_failure is 3"),
    REC(LIMITS, 0, limit, on_full, 2, "limits[0].on_full is 2"),
    REC(LIMITS, 0, limit, response, 2, "limits[0].response is 2"),
    REC(LIMITS, 0, limit, dry_run, 2, "limits[0].dry_run is 2"),
    REC(LIMITS, 0, limit, plan, 2, "limits[0].plan is 2"),
    REC(LIMITS, 0, limit, reserved, 1, "limits[0].reserved is 1"),
    REC(LIMITS, 0, limit, file, 99, "limits[0].file is 99"),
    REC(PLANS, 0, plan, name, 99, "plans[0].name is 99"),
    REC(PLANS, 0, plan, reserved, 1, "plans[0].reserved is 1"),
    REC(PLANS, 0, plan, limits.count, 9, "plans[0].limits is 7, 9 more"),
    REC(ROUTES, 0, route, limits.count, 999, "routes[0].limits is"),
    REC(TENANTS, 0, tenant, limits, 1, "tenants[0].limits is 1"),
    REC(POLICY, 0, policy, limit_headers, 4, "policy[0].limit_headers is 4"),

    REC(LIMITS, L_GCRA, limit, limit, 0,
        "limits[0] of kind gcra lets pass 0"),
    REC(LIMITS, L_MONTH, limit, limit, BEYOND, "lets pass 1000000000001"),
    REC(LIMITS, L_FLIGHT, limit, limit, WEIR_MAX_CONCURRENCY + 1,
        "limits[6] of kind concurrency lets pass 1000001"),
    REC(LIMITS, L_GCRA, limit, window, WEIR_SEC_NS - 1,
        "limits[0] of kind gcra has a window of nanoseconds: 999999999"),
    REC(LIMITS, L_SLIDING, limit, window, WEIR_MAX_WINDOW * WEIR_SEC_NS + 1,
        "limits[3] of kind sliding_window has a window"),
    REC(LIMITS, L_PREAUTH, limit, limit, WEIR_SEC_NS + 1,
        "limits[1] of kind gcra has a window of nanoseconds: 1000000000"),
    REC(LIMITS, L_QUOTA, limit, window, 1,
        "limits[5] of kind quota has a window of nanoseconds: 1"),
    REC(LIMITS, L_FLIGHT, limit, window, 1,
        "limits[6] of kind concurrency has a window of nanoseconds: 1"),
    REC(LIMITS, L_GCRA, limit, burst, 0,
        "limits[0] of kind gcra has a burst of 0"),
    REC(LIMITS, L_PREAUTH, limit, burst, BEYOND,
        "limits[1] of kind gcra has a burst of 1000000000001"),
    REC(LIMITS, L_GCRA, limit, burst, WEIR_MAX_SPAN * UINT64_C(10) + 1,
        "limits[0] of kind gcra has a burst of 3153600001"),
    REC(LIMITS, L_GCRA, limit, burst, UINT64_MAX, "has a burst of"),
    REC(LIMITS, L_FIXED, limit, burst, 1,
        "limits[4] of kind fixed_window has a burst of 1"),
    REC(LIMITS, L_SLIDING, limit, burst, 1, "has a burst of 1"),
    REC(LIMITS, L_FLIGHT, limit, burst, 1, "has a burst of 1"),
    REC(LIMITS, L_QUOTA, limit, burst, 101,
        "limits[5] of kind quota has a burst of 101"),
    REC(LIMITS, L_GCRA, limit, cost, 0, "has a cost of 0"),
    REC(LIMITS, L_GCRA, limit, cost, BEYOND, "has a cost of 1000000000001"),
    REC(LIMITS, L_GCRA, limit, period, WEIR_PERIOD_DAY + 1,
        "limits[0] of kind gcra has a period: 1"),
    REC(LIMITS, L_FLIGHT, limit, zone, 0,
        "limits[6] of kind concurrency has a time zone: 0"),

    REC(LIMITS, L_GCRA, limit, budget, 60, "has a budget of 60"),
    REC(LIMITS, L_CLUSTER, limit, budget, 99, "has a budget of 99"),
    REC(LIMITS, L_MONTH, limit, budget, 1, "has a budget of 1"),
    REC(LIMITS, L_CLUSTER, limit, span, 1,
        "has a span of nanoseconds: 1"),
    REC(LIMITS, L_GCRA, limit, lease, 5, "is local and has leases of 5"),
    REC(LIMITS, L_GCRA, limit, on_failure, WEIR_STORE_ALLOW,
        "is local and has an answer without a store: 1"),
    REC(LIMITS, L_FLIGHT, limit, cluster, 1, "requests of this node"),
    REC(LIMITS, L_FLIGHT, limit, response, 1, "requests of this node"),
    REC(LIMITS, L_FLIGHT, limit, cost_prog, P_SIZE, "requests of this node"),
    REC(LIMITS, L_FLIGHT, limit, cost, 2,
        "limits[6] of kind concurrency counts more than requests of this "
        "node, each as 2"),

    REC(LIMITS, L_GCRA, limit, phase, WEIR_PHASE_CONNECT,
        "is asked in phase 0"),
    REC(LIMITS, L_GCRA, limit, key, UINT64_C(0),
        "limits[0] of kind gcra has parts of its key: 0"),
    REC(LIMITS, L_GCRA, limit, key, UINT64_C(9) << 32,
        "limits[0] of kind gcra has parts of its key: 9"),
    REC(LIMITS, L_MONTH, limit, key, UINT64_C(1) << 32,
        "limits[7] of kind quota is of a plan; parts of its key: 1"),
    REC(PROGS, P_IP, prog, kind, WEIR_T_LIST, "key of a value of kind 10"),
    REC(PROGS, P_BOOL, prog, kind, WEIR_T_DOUBLE, "key of a value of kind 7"),
    REC(LIMITS, L_GCRA, limit, phase, WEIR_PHASE_PREAUTH,
        "limits[0] of kind gcra has a key that needs phase 2"),
    REC(PROGS, P_SIZE, prog, phase, WEIR_PHASE_LOG,
        "limits[0] of kind gcra has a cost that needs phase 4"),
    REC(LIMITS, L_SLIDING, limit, response, 0,
        "limits[3] of kind sliding_window has a cost that needs phase 4"),

    REC(PLANS, 0, plan, limits.count, 1,
        "limits[8] of kind concurrency is of a plan, or of none, and says 1"),
    REC(PLANS, 0, plan, limits.first, L_FLIGHT,
        "limits[6] of kind concurrency is of a plan, or of none, and says 0"),
    REC(PLANS, 0, plan, limits, UINT64_C(5) << 32 | 4,
        "plans[0] has 5 limits, at most 4"),
    REC(LIMITS, L_MONTH, limit, phase, WEIR_PHASE_PREAUTH,
        "limits[7] of kind quota is of a plan and asked in phase 1")
};


static void
a_bad_record_is_refused(void **state)
{
    (void) state;

    refuse_each(records, N_OF(records));
}


static void
no_row_of_the_table_is_forgotten(void **state)
{
    (void) state;

    spoil_none_forgotten(records, N_OF(records), SPOIL_LIMITS);
}


/* A plan is of what a tenant uses in a month or at once: rates are not. */
static void
a_rate_is_of_no_plan(void **state)
{
    weir_img_limit_t  *l;

    (void) state;

    l = limit(L_MONTH);
    set(l, WEIR_LIMIT_FIXED, 100, 0, MINUTE);
    weir_limit_spread(l, &l->budget, &l->span);
    refuse("limits[7] of kind fixed_window is of a plan and asked in phase 2");
}


/* Of the limits of the route, the one at that place becomes another. */
static void
put(uint32_t place, uint32_t other)
{
    uint32_t          *refs;
    weir_img_route_t  *r;

    r = kit_record(fresh(), WEIR_S_ROUTES, 0);
    refs = kit_record(work, WEIR_S_REFS, r->limits.first);
    refs[place] = other;
}


static void
a_route_has_its_preauth_limits_first(void **state)
{
    (void) state;

    put(0, L_QUOTA);
    refuse("routes[0] has limits[1], which is of a plan, or of phase preauth "
           "behind one of access");

    put(4, L_MONTH);
    refuse("routes[0] has limits[7], which is of a plan");

    put(1, L_COUNT);
    refuse("routes[0].limits is");
}


static void
numbers_are_bounded(void **state)
{
    kit_t             k;
    uint32_t          i, refs[WEIR_MAX_ROUTE_LIMITS + 1];
    weir_img_limit_t  l;
    weir_img_route_t  r;

    (void) state;

    memset(&l, 0, sizeof(l));
    l.message = l.cost_prog = l.zone = WEIR_NONE;
    l.status = 429;

    kit_open(&k);

    for (i = 0; i <= WEIR_MAX_LIMITS; i++) {
        weir_build_records(k.b, WEIR_S_LIMITS, &l, 1);
    }

    refuse_own(&k, "4097 limits, at most 4096");

    kit_open(&k);
    memset(refs, 0, sizeof(refs));
    r = kit_route(&k);
    r.limits = weir_build_refs(k.b, refs, N_OF(refs));
    weir_build_records(k.b, WEIR_S_ROUTES, &r, 1);
    l = *(weir_img_limit_t *) kit_record(fresh(), WEIR_S_LIMITS, L_PLAN_FLIGHT);
    l.id = l.file = 0;
    weir_build_records(k.b, WEIR_S_LIMITS, &l, 1);
    weir_build_records(k.b, WEIR_S_PLANS, &(weir_img_plan_t) {
                           0, 0, { 0, 1 } }, 1);
    refuse_own(&k, "routes[0] has 17 limits, at most 16");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_good_image_is_taken),
        cmocka_unit_test(a_bad_record_is_refused),
        cmocka_unit_test(no_row_of_the_table_is_forgotten),
        cmocka_unit_test(a_rate_is_of_no_plan),
        cmocka_unit_test(a_route_has_its_preauth_limits_first),
        cmocka_unit_test(numbers_are_bounded)
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
