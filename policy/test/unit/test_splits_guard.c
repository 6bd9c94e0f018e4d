/*
 * test_splits_guard.c: what is worse is rolled back soon, what is alike never;
 * ramps advance only while all is well.  What is counted for it, and by whom,
 * is in test_splits_slices.c.
 */

#include "guard_fixture.h"


static void
arms_that_are_alike_are_left_alone(void **state)
{
    size_t                 i;
    unsigned               k, suspect;
    static const manner_t  manners[][2] = {
        { { 34, 0.01, 20e6, 1.5 }, { 2, 0.01, 20e6, 1.5 } },
        { { 34, 0.10, 20e6, 2.5 }, { 2, 0.10, 20e6, 2.5 } },
        { { 2, 0.02, 20e6, 1.0 }, { 34, 0.02, 20e6, 1.0 } },
        { { 2, 0.05, 20e6, 1.0 }, { 2, 0.05, 20e6, 1.0 } },
        { { 2, 0.001, 5e6, 3.0 }, { 2, 0.001, 5e6, 3.0 } }
    };

    (void) state;

    watch_latency(1100, 1200, 1200);
    w.guards[0].error_rate = 0;

    for (i = 0; i < N_OF(manners); i++) {
        suspect = 0;

        for (k = 0; k < 20000; k++) {
            suspect += slice(&manners[i][0], &manners[i][1])
                       == WEIR_GUARD_SUSPECT;
        }

        printf("        suspect at %u looks of %u\n", suspect, k);
        assert_true(suspect < 200);
        assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 0);
    }
}


static void
more_errors_are_rolled_back_within_two_windows(void **state)
{
    unsigned           n;
    weir_split_view_t  v;

    (void) state;

    for (n = 0; n < 30; n++) {
        assert_int_not_equal(slice(&well, &(manner_t) { .requests = 50,
                                                        .errors = 0.01 }),
                             WEIR_GUARD_FAILED);
    }

    n = slices_until(WEIR_NEWS_ROLLED_BACK, 20, &well,
                     &(manner_t) { .requests = 50, .errors = 0.21 });
    printf("        after %u slices\n", n);
    assert_in_range(n, 2, 5);

    assert_int_equal(w.news.look.finding, WEIR_GUARD_FAILED);
    assert_int_equal(w.news.look.about, -1);
    assert_int_equal(w.news.look.requests[0], 3000);
    assert_int_equal(w.news.look.requests[1], 57000);
    assert_true(w.news.split == &w.splits[0]);
    assert_int_equal(w.news.word, word());
    assert_int_equal(WEIR_SPLIT_ROLLED(word()), 1);
    assert_int_equal(WEIR_SPLIT_HAND(word()), 0);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 0);
    assert_int_equal(WEIR_SPLIT_SINCE(word()), w.now.now);

    /* it says why, and has nothing on record */
    v = view();
    assert_weights(v.weights, 9600, 0, 400);
    assert_int_equal(v.look.finding, WEIR_GUARD_FAILED);
    assert_int_equal(v.look.about, -1);
    assert_int_equal(v.look.requests[0], 0);

    n = slices_until(WEIR_NEWS_ROLLED_BACK, 20, &well, &well);
    assert_int_equal(n, 0);
    assert_int_equal(w.told[WEIR_NEWS_RESUMED], 0);
}


static void
slower_answers_are_rolled_back(void **state)
{
    unsigned         q, n;
    const manner_t   base = { 950, 0.01, 20e6, 1 };
    const manner_t   slow = { 50, 0.01, 60e6, 1 };

    for (q = 0; q < WEIR_QUANTILE_COUNT; q++) {
        end(state);
        begin(state);
        w.guards[0].error_rate = WEIR_NONE;
        w.guards[0].ratio[q] = 1500;

        for (n = 0; n < 12; n++) {
            assert_int_not_equal(slice(&base, &(manner_t) { 50, 0.5, 20e6,
                                                            1 }),
                                 WEIR_GUARD_FAILED);
        }

        n = slices_until(WEIR_NEWS_ROLLED_BACK, 20, &base, &slow);
        printf("        p%u after %u slices\n", below[q] / 100, n);
        assert_in_range(n, 2, 10);
        assert_int_equal(w.news.look.about, (int) q);
        assert_true(w.news.look.quantiles[0][q]
                    > w.news.look.quantiles[1][q] * 14 / 10);
    }
}


/* Nobody waits for its answers, so there are none. */
static void
who_hangs_is_slow(void **state)
{
    unsigned  i, k;

    (void) state;

    for (i = 0; i < 12; i++) {
        behave(BASE, &well, SLICE);

        for (k = 0; k < 100; k++) {
            count_took(NEXT, WEIR_END_GONE, 5 * SEC);
        }

        if (i == 6) {
            assert_int_equal(view().look.finding, WEIR_GUARD_WAITS);
            watch_latency(0, 1500, 0);
        }

        pass(SLICE);
        tick();
    }

    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 1);
    assert_int_equal(w.news.look.about, WEIR_QUANTILE_P95);
    assert_int_equal(w.news.look.requests[0], 0);
    assert_true(w.news.look.quantiles[0][WEIR_QUANTILE_P95] > 4000000);
}


/* Times alone are no reason to go on. */
static void
who_leaves_is_no_answer(void **state)
{
    unsigned  i, k;

    (void) state;

    watch_latency(0, 1500, 0);

    for (i = 0; i < 12; i++) {
        behave(BASE, &well, SLICE);

        for (k = 0; k < 100; k++) {
            count_took(NEXT, WEIR_END_GONE, 1 * MSEC);
        }

        pass(SLICE);
        tick();
        assert_int_equal(view().look.finding, WEIR_GUARD_WAITS);
    }
}


static void
who_is_better_is_content(void **state)
{
    unsigned         i;
    const manner_t   bad = { 500, 0.5, 500e6, 1 };
    const manner_t   good = { 500, 0, 5e6, 1 };

    (void) state;

    watch_latency(1001, 1001, 1001);
    w.guards[0].error_rate = 0;

    for (i = 0; i < 40; i++) {
        assert_int_equal(slice(&bad, &good), WEIR_GUARD_CONTENT);
    }
}


static void
no_errors_and_no_time_are_content(void **state)
{
    unsigned         i;
    const manner_t   none = { 100, 0, 0, 0 };
    const manner_t   all = { 100, 1, 0, 0 };

    watch_latency(1001, 1001, 1001);

    for (i = 0; i < 15; i++) {
        assert_int_equal(slice(&none, &none), WEIR_GUARD_CONTENT);
    }

    /* everything fails everywhere: it is not the arm */
    end(state);
    begin(state);

    for (i = 0; i < 15; i++) {
        assert_int_equal(slice(&all, &all), WEIR_GUARD_CONTENT);
    }

    assert_in_range(slices_until(WEIR_NEWS_ROLLED_BACK, 20, &none, &all), 1,
                    3);
}


static void
too_few_requests_say_nothing(void **state)
{
    unsigned           i;
    const manner_t     none = { .requests = 0 };
    const manner_t     all = { .requests = 100, .errors = 1 };
    weir_split_view_t  v;

    (void) state;

    for (i = 0; i < 30; i++) {
        assert_int_equal(i < 15 ? slice(&none, &all) : slice(&well, &none),
                         WEIR_GUARD_WAITS);
        pass(i == 14 ? 70 * SEC : 0);
    }

    /* 99 of 100 */
    pass(70 * SEC);
    count_many(99, NEXT, WEIR_END_ERROR);
    count_many(1000, BASE, WEIR_END_OK);
    pass(SLICE);
    tick();
    v = view();
    assert_int_equal(v.look.finding, WEIR_GUARD_WAITS);
    assert_int_equal(v.look.requests[0], 99);
    count_one(NEXT, WEIR_END_ERROR);
    pass(SLICE);
    tick();
    v = view();
    assert_int_equal(v.look.finding, WEIR_GUARD_SUSPECT);

    /* nothing came after it that would say so again */
    for (i = 0; i < 8; i++) {
        pass(SLICE);
        tick();
        v = view();
        assert_int_equal(v.look.finding, WEIR_GUARD_SUSPECT);
    }

    pass(SLICE);
    tick();
    v = view();
    assert_int_equal(v.look.finding, WEIR_GUARD_WAITS);
    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 0);
}


/* A burst of errors that is over is no failure. */
static void
what_does_not_come_again_is_no_failure(void **state)
{
    unsigned         i, suspect;
    const manner_t   good = { .requests = 50, .errors = 0.01 };
    const manner_t   bad = { .requests = 50, .errors = 1 };

    (void) state;

    suspect = 0;

    for (i = 0; i < 100; i++) {
        suspect += slice(&well, i % 20 == 5 ? &bad : &good)
                   == WEIR_GUARD_SUSPECT;
    }

    assert_in_range(suspect, 40, 60);
    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 0);

    (void) slice(&well, &bad);
    (void) slice(&well, &bad);
    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 1);
}


static void
what_is_tolerated_is_tolerated(void **state)
{
    unsigned         i;
    const manner_t   base = { 9000, 0.01, 20e6, 0 };
    const manner_t   next = { 1000, 0.028, 30e6, 0 };

    (void) state;

    watch_latency(1500, 1500, 1500);
    w.guards[0].window = 10000;

    for (i = 0; i < 30; i++) {
        assert_int_not_equal(slice(&base, &next), WEIR_GUARD_FAILED);
    }

    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 0);
}


static void
count_many_took(unsigned n, uint32_t arm, int64_t took)
{
    while (n-- != 0) {
        count_took(arm, WEIR_END_OK, took);
    }
}


/* Half a ms is 0 or 1 to servers that count them, as it happens. */
static void
what_is_shorter_than_clocks_tell_is_not_told(void **state)
{
    unsigned  i, k;

    (void) state;

    watch_latency(1500, 1500, 1500);

    for (i = 0; i < 30; i++) {
        for (k = 0; k < 3000; k++) {
            count_took(BASE, WEIR_END_OK, chance(0.45) ? MSEC : 0);
            count_took(NEXT, WEIR_END_OK, chance(0.60) ? MSEC : 0);
        }

        pass(SLICE);
        tick();
        assert_int_equal(view().look.finding, WEIR_GUARD_CONTENT);
    }

    /* one that has hardly any time, and some answers of a ms */
    pass(70 * SEC);

    for (i = 0; i < 30; i++) {
        count_many_took(1000, BASE, 0);
        count_many_took(970, NEXT, 0);
        count_many_took(30, NEXT, 1 * MSEC);
        pass(SLICE);
        tick();
        assert_int_equal(view().look.finding, WEIR_GUARD_CONTENT);
    }

    /* but what is longer is */
    pass(70 * SEC);
    assert_in_range(slices_until(WEIR_NEWS_ROLLED_BACK, 20,
                                 &(manner_t) { 500, 0, 1e6, 0 },
                                 &(manner_t) { 500, 0, 6e6, 0 }), 2, 12);
}


static void
a_report_is_told_once_a_turn(void **state)
{
    unsigned           i;
    const manner_t     bad = { .requests = 50, .errors = 0.3 };
    weir_split_view_t  v;

    (void) state;

    w.guards[0].report = 1;

    for (i = 1; i <= 2; i++) {
        (void) slices_until(WEIR_NEWS_COUNT - 1, 30, &well, &bad);
        v = view();
        assert_int_equal(v.look.finding, WEIR_GUARD_FAILED);
        assert_int_equal(w.told[WEIR_NEWS_REPORTED], i);
        assert_int_equal(w.news.look.about, -1);

        (void) slices_until(WEIR_NEWS_COUNT - 1, 30, &well, &well);
        v = view();
        assert_int_equal(v.look.finding, WEIR_GUARD_CONTENT);
        assert_int_equal(w.told[WEIR_NEWS_REPORTED], i);
    }

    assert_int_equal(word(), 0);
    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 0);
}


static void
only_what_was_drawn_by_weight_is_compared(void **state)
{
    weir_split_view_t  v;
    weir_arm_result_t  r;

    (void) state;

    r = (weir_arm_result_t) {
        .split = &w.splits[0], .arm = NEXT, .end = WEIR_END_ERROR,
        .took = 5 * MSEC
    };
    weir_splits_count(w.table, &w.img, &r, w.now.clock);
    count_one(THIRD, WEIR_END_ERROR);
    v = view();
    assert_int_equal(v.look.requests[0], 0);
    assert_int_equal(v.look.requests[1], 0);
    assert_int_equal(v.arms[NEXT].errors, 1);
    assert_int_equal(v.arms[THIRD].errors, 1);

    /* who left is no request; how long it waited is known */
    count_took(NEXT, WEIR_END_GONE, 7 * SEC);
    count_took(NEXT, WEIR_END_ERROR, -1);
    count_took(BASE, WEIR_END_OK, 20 * MSEC);
    v = view();
    assert_int_equal(v.look.requests[0], 1);
    assert_int_equal(v.look.errors[0], 1);
    assert_in_range(v.look.quantiles[0][0], 6000000, 8000000);
    assert_int_equal(v.look.requests[1], 1);
    assert_int_equal(v.look.errors[1], 0);
    assert_in_range(v.look.quantiles[1][2], 18000, 22000);
    assert_int_equal(v.arms[NEXT].gone, 1);
    assert_int_equal(v.arms[NEXT].requests, 2);
}


static void
an_order_begins_with_empty_windows(void **state)
{
    unsigned           i;
    const manner_t     bad = { .requests = 50, .errors = 1 };
    weir_split_view_t  v;

    (void) state;

    assert_int_not_equal(slices_until(WEIR_NEWS_ROLLED_BACK, 20, &well, &bad),
                         0);
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);

    for (i = 0; i < 3; i++) {
        v = view();
        assert_int_equal(v.look.finding, WEIR_GUARD_WAITS);
        assert_int_equal(v.look.requests[0], 0);
        assert_int_equal(v.look.requests[1], 0);
        tick();
    }

    /* a request that went before it is not among them */
    count_one(NEXT, WEIR_END_ERROR);
    v = view();
    assert_int_equal(v.look.requests[0], 1);
    w.now.clock -= SLICE;
    count_one(NEXT, WEIR_END_ERROR);
    w.now.clock += SLICE;
    v = view();
    assert_in_range(v.look.requests[0], 1, 2);

    for (i = 0; i < 20; i++) {
        assert_int_equal(slice(&well, &(manner_t) { .requests = 50 }),
                         WEIR_GUARD_CONTENT);
    }

    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 1);
}


static void
a_rollback_holds_as_long_as_it_should(void **state)
{
    const manner_t  bad = { .requests = 50, .errors = 1 };
    const uint32_t  hold = 1800;

    (void) state;

    w.guards[0].hold = hold;
    assert_int_not_equal(slices_until(WEIR_NEWS_ROLLED_BACK, 20, &well, &bad),
                         0);
    pass((hold - 1) * SEC);
    tick();
    assert_int_equal(w.told[WEIR_NEWS_RESUMED], 0);

    /* what the others know is not known; then it is */
    pass(10 * SEC);
    w.now.agreed = false;
    tick();
    assert_int_equal(w.told[WEIR_NEWS_RESUMED], 0);
    w.now.agreed = true;
    tick();
    tick();
    assert_int_equal(w.told[WEIR_NEWS_RESUMED], 1);
    assert_int_equal(w.news.word, word());
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 1);
    assert_int_equal(WEIR_SPLIT_ROLLED(word()), 0);
    assert_int_equal(WEIR_SPLIT_SINCE(word()), w.now.now);

    /* it is watched as before */
    assert_in_range(slices_until(WEIR_NEWS_ROLLED_BACK, 20, &well, &bad), 2,
                    3);

    /* what somebody ordered does not end by itself */
    assert_int_equal(order(WEIR_SPLIT_ROLLBACK, 0), WEIR_OK);
    pass(10 * hold * SEC);
    tick();
    assert_int_equal(w.told[WEIR_NEWS_RESUMED], 1);

    /* nor does a clock that goes back end it */
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);
    (void) weir_splits_merge(w.table, &w.splits[0].uid,
                             word() | WEIR_SPLIT_ROLLED_BIT);
    w.now.now -= 5;
    tick();
    assert_int_equal(w.told[WEIR_NEWS_RESUMED], 1);
}


static void
a_ramp_advances_while_all_is_well(void **state)
{
    unsigned           n;
    const manner_t     good = { .requests = 50, .errors = 0.01 };
    weir_split_view_t  v;

    (void) state;

    have_ramp();
    v = view();
    assert_weights(v.weights, 9100, 500, 400);

    /* before others are known it does not begin */
    w.now.agreed = false;
    tick();
    assert_int_equal(word(), 0);
    w.now.agreed = true;
    tick();
    assert_int_equal(word(), DATE);

    n = slices_until(WEIR_NEWS_ADVANCED, 40, &well, &good);
    assert_int_equal(n, 20);
    assert_int_equal(w.news.look.finding, WEIR_GUARD_CONTENT);
    assert_true(w.news.look.requests[0] > 2000);
    assert_int_equal(WEIR_SPLIT_STEP(word()), 1);
    assert_int_equal(WEIR_SPLIT_SINCE(word()), w.now.now);
    v = view();
    assert_weights(v.weights, 4600, 5000, 400);

    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 40, &well, &well), 20);
    v = view();
    assert_weights(v.weights, 0, 9600, 400);
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 40, &well, &well), 0);
    assert_int_equal(WEIR_SPLIT_STEP(word()), 2);

    /* and goes back to its first step after a rollback */
    assert_in_range(slices_until(WEIR_NEWS_ROLLED_BACK, 20, &well,
                                 &(manner_t) { 50, 1, 0, 0 }), 2, 4);
    assert_int_equal(WEIR_SPLIT_STEP(word()), 2);
    v = view();
    assert_weights(v.weights, 9600, 0, 400);
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);
    v = view();
    assert_weights(v.weights, 9100, 500, 400);
}


static void
a_ramp_waits_for_what_it_does_not_know(void **state)
{
    unsigned        i;
    const manner_t  few = { .requests = 1 };
    const manner_t  good = { .requests = 50, .errors = 0.01 };

    (void) state;

    have_ramp();
    tick();

    /* too few requests */
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 60, &well, &few), 0);

    /* others are out of reach */
    w.now.agreed = false;
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 60, &well, &good), 0);

    /* the last look is too old */
    pass(2 * SLICE);
    w.now.agreed = true;
    w.splits[0].guard = WEIR_NONE;
    tick();
    w.splits[0].guard = 0;
    assert_false(tick_ramp(weir_splits_find(w.table, &w.splits[0].uid), &w.img,
                           &w.splits[0], word(), &w.now, &w.news));

    /* the clock of all was put back */
    w.now.now = DATE - 100;
    (void) behave(BASE, &well, SLICE);
    (void) behave(NEXT, &good, SLICE);
    w.now.clock += SLICE;
    tick();
    tick();
    assert_int_equal(w.told[WEIR_NEWS_ADVANCED], 0);

    /* it is pinned */
    assert_int_equal(order(WEIR_SPLIT_PIN, NEXT), WEIR_OK);
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 60, &well, &good), 0);
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 60, &well, &good), 20);

    /* it is rolled back */
    assert_int_equal(order(WEIR_SPLIT_ROLLBACK, 0), WEIR_OK);
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 60, &well, &good), 0);

    /* what is told of a guard that only reports is as good as failed */
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);
    w.guards[0].report = 1;
    i = slices_until(WEIR_NEWS_ADVANCED, 60, &well,
                     &(manner_t) { 50, 0.5, 0, 0 });
    assert_int_equal(i, 0);
    assert_int_equal(w.told[WEIR_NEWS_REPORTED], 1);
}


/* Both fail more just when the arm gets a greater share. */
static void
a_bad_time_of_both_is_not_the_arms(void **state)
{
    unsigned        i;
    const manner_t  base = { 500, 0.1, 20e6, 0 };
    const manner_t  next = { 500, 0.1, 20e6, 0 };

    (void) state;

    have_ramp();
    assert_int_equal(slices_until(WEIR_NEWS_ADVANCED, 40, &well,
                                  &(manner_t) { 50, 0.01, 20e6, 0 }), 21);
    w.splits[0].steps.count = 2;

    for (i = 0; i < 30; i++) {
        assert_int_equal(slice(&base, &next), WEIR_GUARD_CONTENT);
    }
}


int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest  tests[] = {
        T(arms_that_are_alike_are_left_alone),
        T(more_errors_are_rolled_back_within_two_windows),
        T(slower_answers_are_rolled_back),
        T(who_hangs_is_slow),
        T(who_leaves_is_no_answer),
        T(who_is_better_is_content),
        T(no_errors_and_no_time_are_content),
        T(too_few_requests_say_nothing),
        T(what_does_not_come_again_is_no_failure),
        T(what_is_tolerated_is_tolerated),
        T(what_is_shorter_than_clocks_tell_is_not_told),
        T(a_report_is_told_once_a_turn),
        T(only_what_was_drawn_by_weight_is_compared),
        T(an_order_begins_with_empty_windows),
        T(a_rollback_holds_as_long_as_it_should),
        T(a_ramp_advances_while_all_is_well),
        T(a_ramp_waits_for_what_it_does_not_know),
        T(a_bad_time_of_both_is_not_the_arms)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
