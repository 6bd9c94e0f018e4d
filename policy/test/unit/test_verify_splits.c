/*
 * test_verify_splits.c: one image with a split that has everything and one
 * that has next to nothing; then all that may be wrong with them.
 */

#include "test/unit/verify_fixture.h"

enum { P_STRING, P_BOOL, P_COUNT };
enum { A_OLD, A_NEW, A_THIRD, A_BLUE, A_GREEN, A_COUNT };
enum { O_HEADER, O_COOKIE, O_ANY, O_COUNT };
enum { S_FULL, S_BARE, S_COUNT };

static uint32_t  odd_name;              /* strs: no token */


static void
add_program(unsigned kind, unsigned attr)
{
    weir_insn_t  code[] = { OP_B(ATTR, attr), RET };

    (void) kit_prog(&kit, kind, 0, WEIR_NONE, code, N_OF(code));
    weir_build_records(kit.b, WEIR_S_POS, NULL, N_OF(code));
}


static void
add_arms(void)
{
    uint32_t        i;
    weir_img_arm_t  a[A_COUNT];

    static const uint32_t  weights[A_COUNT] = { 9499, 500, 1, 0, 10000 };

    for (i = 0; i < A_COUNT; i++) {
        a[i].name = a[i].upstream = kit.name;
        a[i].weight = weights[i];
        a[i].breaker = WEIR_NONE;
    }

    a[A_OLD].breaker = 0;
    a[A_THIRD].breaker = 1;
    weir_build_records(kit.b, WEIR_S_ARMS, a, A_COUNT);
}


static void
add_parts(void)
{
    weir_img_mirror_t  mirror = {
        kit.name, 10000, 1u << WEIR_METHOD_BIT_GET, WEIR_MAX_MIRROR_TIME
    };
    weir_img_override_t  overrides[O_COUNT] = {
        { WEIR_OVERRIDE_HEADER, kit.name, kit.name, P_BOOL, A_NEW, 0 },
        { WEIR_OVERRIDE_COOKIE, kit.name, kit.name, WEIR_NONE, A_THIRD, 0 },
        { WEIR_OVERRIDE_ANY, kit.name, kit.name, P_BOOL, A_OLD, 0 }
    };

    static const weir_img_guard_t  guard = {
        A_NEW, A_OLD, WEIR_MIN_GUARD_WINDOW, 100, 0, { 0, 1001, 100000 },
        WEIR_MAX_HOLD, 0, 0
    };
    static const weir_img_step_t  steps[] = {
        { 1, 1 }, { 500, WEIR_MAX_STEP }, { 9999, 0 }
    };
    static const weir_img_breaker_t  breakers[] = {
        { WEIR_MAX_BREAKER, 0, 100, 1, 100, 1, A_NEW, 0 },
        { 0, 10000, WEIR_MAX_BREAKER_TIME, WEIR_MAX_BREAKER,
          WEIR_MAX_BREAKER_TIME, WEIR_MAX_BREAKER, WEIR_NONE, 0 }
    };

    weir_build_records(kit.b, WEIR_S_OVERRIDES, overrides, O_COUNT);
    weir_build_records(kit.b, WEIR_S_GUARDS, &guard, 1);
    weir_build_records(kit.b, WEIR_S_STEPS, steps, N_OF(steps));
    weir_build_records(kit.b, WEIR_S_BREAKERS, breakers, N_OF(breakers));
    weir_build_records(kit.b, WEIR_S_MIRRORS, &mirror, 1);
}


static void
add_splits(void)
{
    weir_img_route_t  r;
    weir_img_split_t  s[S_COUNT];

    memset(s, 0, sizeof(s));
    s[S_FULL].name = s[S_FULL].file = kit.name;
    s[S_FULL].sticky = P_STRING;
    s[S_FULL].arms = (weir_range_t) { A_OLD, 3 };
    s[S_FULL].overrides = (weir_range_t) { 0, O_COUNT };
    s[S_FULL].cookie = kit.name;
    s[S_FULL].cookie_age = WEIR_MAX_COOKIE_AGE;
    s[S_FULL].steps = (weir_range_t) { 0, 3 };

    s[S_BARE].uid.bytes[15] = 1;
    s[S_BARE].name = s[S_BARE].file = kit.name;
    s[S_BARE].sticky = s[S_BARE].cookie = WEIR_NONE;
    s[S_BARE].guard = s[S_BARE].mirror = WEIR_NONE;
    s[S_BARE].arms = (weir_range_t) { A_BLUE, 2 };
    weir_build_records(kit.b, WEIR_S_SPLITS, s, S_COUNT);

    r = kit_route(&kit);
    r.upstream = kit.name;
    weir_build_records(kit.b, WEIR_S_ROUTES, &r, 1);
    r.upstream = WEIR_NONE;
    r.split = S_BARE;
    weir_build_records(kit.b, WEIR_S_ROUTES, &r, 1);
}


static int
make_image(void **state)
{
    (void) state;

    kit_open(&kit);
    odd_name = weir_build_str(kit.b, weir_string("a b"));
    add_program(WEIR_T_STRING, WEIR_A_PRINCIPAL_SUB);
    add_program(WEIR_T_BOOL, WEIR_A_CONNECTION_MTLS);
    add_arms();
    add_parts();
    add_splits();

    return finish_image();
}


static const spoil_t  records[] = {
    REC(SPLITS, 0, split, name, 99, "splits[0].name is 99"),
    REC(SPLITS, 0, split, sticky, P_BOOL, "splits[0].sticky is 1"),
    REC(SPLITS, 0, split, sticky, 99, "splits[0].sticky is 99"),
    REC(SPLITS, 0, split, arms.count, 99, "splits[0].arms is 0, 99 more"),
    REC(SPLITS, 0, split, overrides.count, 99, "splits[0].overrides is 0, 99"),
    REC(SPLITS, 0, split, cookie, 99, "splits[0].cookie is 99"),
    REC(SPLITS, 0, split, guard, 1, "splits[0].guard is 1"),
    REC(SPLITS, 0, split, mirror, 1, "splits[0].mirror is 1"),
    REC(SPLITS, 0, split, steps.count, 99, "splits[0].steps is 0, 99 more"),
    REC(SPLITS, 0, split, file, 99, "splits[0].file is 99"),
    REC(ARMS, 0, arm, name, 99, "arms[0].name is 99"),
    REC(ARMS, 0, arm, upstream, 99, "arms[0].upstream is 99"),
    REC(ARMS, 0, arm, weight, 10001, "arms[0].weight is 10001"),
    REC(ARMS, 0, arm, breaker, 2, "arms[0].breaker is 2"),
    REC(OVERRIDES, 0, override, source, WEIR_OVERRIDE_COUNT,
        "overrides[0].source is 3"),
    REC(OVERRIDES, 0, override, name, 99, "overrides[0].name is 99"),
    REC(OVERRIDES, 0, override, value, 99, "overrides[0].value is 99"),
    REC(OVERRIDES, 0, override, when, P_STRING, "overrides[0].when is 0"),
    REC(OVERRIDES, 0, override, arm, A_COUNT, "overrides[0].arm is 5"),
    REC(OVERRIDES, 0, override, reserved, 1, "overrides[0].reserved is 1"),
    REC(GUARDS, 0, guard, arm, A_COUNT, "guards[0].arm is 5"),
    REC(GUARDS, 0, guard, versus, A_COUNT, "guards[0].versus is 5"),
    REC(GUARDS, 0, guard, report, 2, "guards[0].report is 2"),
    REC(GUARDS, 0, guard, reserved, 1, "guards[0].reserved is 1"),
    REC(STEPS, 0, step, share, 10001, "steps[0].share is 10001"),
    REC(BREAKERS, 0, breaker, error_rate, 10001,
        "breakers[0].error_rate is 10001"),
    REC(BREAKERS, 0, breaker, fallback, A_COUNT, "breakers[0].fallback is 5"),
    REC(BREAKERS, 0, breaker, reserved, 1, "breakers[0].reserved is 1"),
    REC(MIRRORS, 0, mirror, upstream, 99, "mirrors[0].upstream is 99"),
    REC(MIRRORS, 0, mirror, sample, 10001, "mirrors[0].sample is 10001"),
    REC(MIRRORS, 0, mirror, methods, 1u << WEIR_METHOD_COUNT,
        "mirrors[0].methods is 512"),
    REC(ROUTES, 0, route, split, S_COUNT, "routes[0].split is 2"),

    REC(SPLITS, S_BARE, split, uid.bytes[15], 0,
        "splits[1] has the uid of splits 0"),
    REC(SPLITS, S_BARE, split, arms.count, 1, "splits[1] has arms: 1"),
    REC(ARMS, A_NEW, arm, weight, 501, "splits[0] has weights that make 10001"),
    REC(ARMS, A_GREEN, arm, weight, 9999,
        "splits[1] has weights that make 9999"),
    REC(BREAKERS, 0, breaker, fallback, A_OLD,
        "splits[0] has an arm that falls back to arms 0"),
    REC(BREAKERS, 0, breaker, fallback, A_BLUE,
        "splits[0] has an arm that falls back to arms 3"),
    REC(ARMS, A_GREEN, arm, breaker, 0,
        "splits[1] has an arm that falls back to arms 1"),
    REC(PROGS, P_STRING, prog, phase, WEIR_PHASE_RESPONSE,
        "splits[0] has a key that needs phase 3"),
    REC(SPLITS, S_FULL, split, cookie_age, WEIR_MAX_COOKIE_AGE + 1,
        "splits[0] has a cookie for seconds: 34560001"),
    REC(SPLITS, S_BARE, split, cookie_age, 1,
        "splits[1] has a cookie for seconds: 1"),

    REC(OVERRIDES, O_HEADER, override, arm, A_BLUE,
        "overrides[0] leads to arms 3"),
    REC(OVERRIDES, O_ANY, override, when, WEIR_NONE,
        "overrides[2] always leads to arms 0"),
    REC(PROGS, P_BOOL, prog, phase, WEIR_PHASE_LOG,
        "overrides[0] needs phase 4"),

    REC(GUARDS, 0, guard, arm, A_BLUE,
        "splits[0] has a guard of arms 3 and 0"),
    REC(GUARDS, 0, guard, versus, A_GREEN,
        "splits[0] has a guard of arms 1 and 4"),
    REC(GUARDS, 0, guard, versus, A_NEW,
        "splits[0] has a guard of arms 1 and 1"),
    REC(SPLITS, S_BARE, split, guard, 0,
        "splits[1] has a guard of arms 1 and 0"),
    REC(GUARDS, 0, guard, window, WEIR_MIN_GUARD_WINDOW - 1,
        "guards[0] has a window of ms: 999"),
    REC(GUARDS, 0, guard, window, WEIR_MAX_GUARD_WINDOW + 1,
        "guards[0] has a window of ms: 86400001"),
    REC(GUARDS, 0, guard, min_requests, 0, "guards[0] needs requests: 0"),
    REC(GUARDS, 0, guard, min_requests, WEIR_MAX_GUARD_REQUESTS + 1,
        "guards[0] needs requests: 1000001"),
    REC(GUARDS, 0, guard, hold, WEIR_MAX_HOLD + 1,
        "guards[0] holds for seconds: 31536001"),
    REC(GUARDS, 0, guard, error_rate, 10001,
        "guards[0] has an error rate of 10001"),
    REC(GUARDS, 0, guard, ratio[0], 1000, "guards[0] has a ratio of 1000"),
    REC(GUARDS, 0, guard, ratio[2], WEIR_MAX_RATIO + 1,
        "guards[0] has a ratio of 100001"),

    REC(SPLITS, S_FULL, split, guard, WEIR_NONE,
        "splits[0] has a ramp of steps: 3"),
    REC(STEPS, 0, step, share, 0, "steps[0] has a share of 0"),
    REC(STEPS, 1, step, share, 1, "steps[1] has a share of 1"),
    REC(STEPS, 2, step, share, 10000, "steps[2] has a share of 10000"),
    REC(STEPS, 0, step, seconds, 0, "steps[0] takes seconds: 0"),
    REC(STEPS, 1, step, seconds, WEIR_MAX_STEP + 1,
        "steps[1] takes seconds: 2592001"),
    REC(STEPS, 2, step, seconds, 5, "steps[2] takes seconds: 5"),

    REC(BREAKERS, 0, breaker, failures, 0,
        "breakers[0] opens after failures: 0"),
    REC(BREAKERS, 1, breaker, failures, WEIR_MAX_BREAKER + 1,
        "breakers[1] opens after failures: 100001"),
    REC(BREAKERS, 0, breaker, window, 99, "breakers[0] has a window of ms: 99"),
    REC(BREAKERS, 1, breaker, window, WEIR_MAX_BREAKER_TIME + 1,
        "breakers[1] has a window of ms: 3600001"),
    REC(BREAKERS, 0, breaker, min_requests, 0,
        "breakers[0] needs requests: 0"),
    REC(BREAKERS, 0, breaker, open, 99, "breakers[0] is open for ms: 99"),
    REC(BREAKERS, 0, breaker, probes, 0, "breakers[0] has probes: 0"),

    REC(MIRRORS, 0, mirror, methods, 0, "mirrors[0] copies methods 0"),
    REC(MIRRORS, 0, mirror, methods, 1u << WEIR_METHOD_BIT_TRACE | 1,
        "mirrors[0] copies methods 257"),
    REC(MIRRORS, 0, mirror, timeout, 0, "mirrors[0] waits for ms: 0"),

    REC(ROUTES, 0, route, split, S_FULL,
        "routes[0] has an upstream and splits 0")
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

    spoil_none_forgotten(records, N_OF(records), SPOIL_SPLITS);
}


static void
a_guard_compares_something(void **state)
{
    weir_img_guard_t  *g;

    (void) state;

    g = kit_record(fresh(), WEIR_S_GUARDS, 0);
    g->ratio[WEIR_QUANTILE_P95] = g->ratio[WEIR_QUANTILE_P99] = 0;
    assert_int_equal(verify(), WEIR_OK);

    g->error_rate = WEIR_NONE;
    refuse("guards[0] compares nothing of arms 1");

    g->ratio[WEIR_QUANTILE_P50] = 2000;
    assert_int_equal(verify(), WEIR_OK);
}


/* It goes into a header as it is. */
static void
the_name_of_a_cookie_is_a_token(void **state)
{
    size_t             i;
    weir_img_split_t  *s;
    weir_img_str_t    *str;

    static const char *const  bad[] = {
        "te;t", "te\nt", "te\x7ft", "te\xc3\xa9", "\"tet"
    };

    (void) state;

    s = kit_record(fresh(), WEIR_S_SPLITS, S_FULL);
    s->cookie = odd_name;
    refuse("splits[0] has a cookie without a name");

    str = kit_record(fresh(), WEIR_S_STRS, kit.name);
    str->length = 0;
    refuse("splits[0] has a cookie without a name");

    for (i = 0; i < N_OF(bad); i++) {
        str = kit_record(fresh(), WEIR_S_STRS, kit.name);
        memcpy((char *) kit_record(work, WEIR_S_BYTES, str->offset), bad[i],
               4);
        refuse("splits[0] has a cookie without a name");
    }
}


/* A split of n arms, the first of which has all. */
static void
open_own(kit_t *k, uint32_t n, weir_img_split_t *s)
{
    uint32_t        i;
    weir_img_arm_t  a = { 0, 0, 10000, WEIR_NONE };

    kit_open(k);

    for (i = 0; i < n; i++) {
        weir_build_records(k->b, WEIR_S_ARMS, &a, 1);
        a.weight = 0;
    }

    memset(s, 0, sizeof(*s));
    s->sticky = s->cookie = s->guard = s->mirror = WEIR_NONE;
    s->arms.count = n;
}


static void
numbers_are_bounded(void **state)
{
    kit_t                k;
    uint32_t             i;
    weir_img_split_t     s;
    weir_img_step_t      step = { 1, 1 };
    weir_img_guard_t     guard = { 1, 0, 1000, 1, 0, { 0 }, 0, 0, 0 };
    weir_img_override_t  o = { WEIR_OVERRIDE_HEADER, 0, 0, WEIR_NONE, 0, 0 };

    (void) state;

    open_own(&k, WEIR_MAX_ARMS + 1, &s);
    weir_build_records(k.b, WEIR_S_SPLITS, &s, 1);
    refuse_own(&k, "splits[0] has arms: 9");

    open_own(&k, 2, &s);

    for (i = 0; i <= WEIR_MAX_SPLITS; i++) {
        weir_build_records(k.b, WEIR_S_SPLITS, &s, 1);
    }

    refuse_own(&k, "257 splits, at most 256");

    open_own(&k, 2, &s);
    s.overrides.count = WEIR_MAX_OVERRIDES + 1;
    weir_build_records(k.b, WEIR_S_SPLITS, &s, 1);

    for (i = 0; i <= WEIR_MAX_OVERRIDES; i++) {
        weir_build_records(k.b, WEIR_S_OVERRIDES, &o, 1);
    }

    refuse_own(&k, "splits[0] has overrides: 65");

    open_own(&k, 2, &s);
    s.guard = 0;
    s.steps.count = WEIR_MAX_STEPS + 1;
    weir_build_records(k.b, WEIR_S_SPLITS, &s, 1);
    weir_build_records(k.b, WEIR_S_GUARDS, &guard, 1);

    for (i = 0; i <= WEIR_MAX_STEPS; i++) {
        weir_build_records(k.b, WEIR_S_STEPS, &step, 1);
    }

    refuse_own(&k, "splits[0] has a ramp of steps: 17");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_good_image_is_taken),
        cmocka_unit_test(a_bad_record_is_refused),
        cmocka_unit_test(no_row_of_the_table_is_forgotten),
        cmocka_unit_test(a_guard_compares_something),
        cmocka_unit_test(the_name_of_a_cookie_is_a_token),
        cmocka_unit_test(numbers_are_bounded)
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
