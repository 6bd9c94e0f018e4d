/*
 * test_splits_breaker.c: what fails is cut off, what recovers comes back, and
 * nothing that does not report keeps it away.
 */

#include "splits_fixture.h"
#include "run/splits_breaker.c"

#define BREAKER_OPEN  30000             /* ms */


static int
begin_one(void **state)
{
    begin(state);
    w.arms[NEXT].breaker = 0;
    w.breaker = (weir_img_breaker_t) {
        .failures = 5, .open = BREAKER_OPEN, .probes = 3, .fallback = WEIR_NONE
    };

    return 0;
}


/* 0: it takes a request; else the seconds that are told. */
static uint32_t
ask(void)
{
    uint32_t   retry;
    weir_rc_t  rc;

    retry = 0;
    rc = weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT, w.now.clock,
                          &retry);
    assert_true((rc == WEIR_OK) == (retry == 0));
    assert_true(rc == WEIR_OK || rc == WEIR_DECLINED);

    return retry;
}


static weir_arm_view_t
arm(void)
{
    return view().arms[NEXT];
}


#define assert_state(state)  assert_int_equal(arm().breaker, state)


static void
trip(void)
{
    count_many(5, NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_OPEN);
}


static void
failures_in_a_row_open_it(void **state)
{
    uint32_t  retry;

    (void) state;

    assert_int_equal(ask(), 0);
    assert_false(weir_splits_view(w.table, &w.img, &w.splits[0], CLOCK,
                                  &(weir_split_view_t) { 0 }));

    /* a success between them begins anew, a client that left does not */
    count_many(4, NEXT, WEIR_END_ERROR);
    count_one(NEXT, WEIR_END_OK);
    count_many(4, NEXT, WEIR_END_ERROR);
    count_one(NEXT, WEIR_END_GONE);
    assert_int_equal(ask(), 0);
    assert_state(WEIR_BREAKER_CLOSED);
    count_one(NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_OPEN);
    assert_int_equal(arm().opened, 1);
    assert_int_equal(ask(), 30);

    pass(100 * MSEC);
    assert_int_equal(ask(), 30);
    pass(29 * SEC);
    assert_int_equal(ask(), 1);
    pass(899 * MSEC);
    assert_int_equal(ask(), 1);
    assert_int_equal(arm().refused, 4);

    /* other arms have none */
    count_many(100, BASE, WEIR_END_ERROR);
    assert_int_equal(weir_breaker_ask(w.table, &w.img, &w.splits[0], BASE,
                                      w.now.clock, &retry), WEIR_OK);
    assert_int_equal(view().arms[BASE].breaker, WEIR_BREAKER_CLOSED);

    /* what comes late changes nothing */
    count_many(10, NEXT, WEIR_END_ERROR);
    count_many(10, NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_OPEN);
    assert_int_equal(arm().opened, 1);
}


static void
probes_close_it(void **state)
{
    unsigned  i;

    (void) state;

    trip();
    pass(BREAKER_OPEN * MSEC);
    assert_state(WEIR_BREAKER_HALF_OPEN);

    for (i = 0; i < 3; i++) {
        assert_int_equal(ask(), 0);
    }

    assert_int_equal(ask(), 30);
    pass(5 * SEC);
    count_many(2, NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_HALF_OPEN);
    assert_int_equal(ask(), 25);
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_CLOSED);
    assert_int_equal(ask(), 0);

    /* it begins anew */
    count_many(4, NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_CLOSED);
    count_one(NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_OPEN);
    assert_int_equal(arm().opened, 2);
}


static void
a_probe_that_fails_opens_it_again(void **state)
{
    (void) state;

    trip();
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    assert_int_equal(ask(), 0);
    count_one(NEXT, WEIR_END_OK);
    pass(2 * SEC);
    count_one(NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_OPEN);
    assert_int_equal(arm().opened, 2);
    assert_int_equal(ask(), 30);

    /* nothing is left of what succeeded before */
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    count_many(2, NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_HALF_OPEN);
}


static void
who_never_reports_is_replaced(void **state)
{
    unsigned  i, round;

    (void) state;

    trip();

    for (round = 0; round < 5; round++) {
        pass(BREAKER_OPEN * MSEC);

        for (i = 0; i < 3; i++) {
            assert_int_equal(ask(), 0);
        }

        assert_int_not_equal(ask(), 0);
    }

    /* who succeeded need not do so again, however slowly they come */
    count_one(NEXT, WEIR_END_OK);
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    assert_int_equal(ask(), 0);
    assert_int_not_equal(ask(), 0);
    count_one(NEXT, WEIR_END_OK);
    pass(10 * BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    assert_int_not_equal(ask(), 0);
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_CLOSED);
}


static void
slow_traffic_closes_it_too(void **state)
{
    unsigned  i;

    (void) state;

    trip();

    for (i = 0; i < 3; i++) {
        pass(2 * BREAKER_OPEN * MSEC);
        assert_state(WEIR_BREAKER_HALF_OPEN);
        assert_int_equal(ask(), 0);
        count_one(NEXT, WEIR_END_OK);
    }

    assert_state(WEIR_BREAKER_CLOSED);
}


static void
who_left_lets_another_one_try(void **state)
{
    (void) state;

    w.breaker.probes = 1;
    trip();
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    assert_int_not_equal(ask(), 0);
    count_one(NEXT, WEIR_END_GONE);
    assert_state(WEIR_BREAKER_HALF_OPEN);
    assert_int_equal(ask(), 0);
    assert_int_not_equal(ask(), 0);

    /* but not more than there were */
    count_one(NEXT, WEIR_END_GONE);
    count_one(NEXT, WEIR_END_GONE);
    count_one(NEXT, WEIR_END_GONE);
    assert_state(WEIR_BREAKER_HALF_OPEN);
    assert_int_equal(ask(), 0);
    assert_int_not_equal(ask(), 0);
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_CLOSED);
}


static void
failures_from_before_are_known(void **state)
{
    (void) state;

    trip();
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    pass(SEC);
    count_took(NEXT, WEIR_END_ERROR, 40 * SEC);
    assert_state(WEIR_BREAKER_HALF_OPEN);

    /* that one answers now */
    count_took(NEXT, WEIR_END_OK, 40 * SEC);
    assert_state(WEIR_BREAKER_HALF_OPEN);
    count_took(NEXT, WEIR_END_ERROR, 999 * MSEC);
    assert_state(WEIR_BREAKER_OPEN);
}


static void
a_share_of_failures_opens_it(void **state)
{
    unsigned  i;

    (void) state;

    w.breaker = (weir_img_breaker_t) {
        .error_rate = 5000, .window = 10000, .min_requests = 20,
        .open = BREAKER_OPEN, .probes = 1, .fallback = WEIR_NONE
    };

    /* too few, though all fail */
    count_many(19, NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_CLOSED);
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_CLOSED);
    count_one(NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_OPEN);

    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_CLOSED);

    /* below the share, for long */
    for (i = 0; i < 1000; i++) {
        count_many(11, NEXT, WEIR_END_OK);
        count_many(10, NEXT, WEIR_END_ERROR);
        pass(100 * MSEC);
    }

    assert_state(WEIR_BREAKER_CLOSED);

    /* what was ten seconds ago does not count */
    pass(10 * SEC);
    count_many(19, NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_CLOSED);
    pass(10 * SEC);
    count_many(19, NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_CLOSED);
    count_one(NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_OPEN);

    /* nor what was before it opened, however lately */
    w.breaker.open = 100;
    pass(100 * MSEC);
    assert_int_equal(ask(), 0);
    count_one(NEXT, WEIR_END_OK);
    count_many(19, NEXT, WEIR_END_ERROR);
    assert_state(WEIR_BREAKER_CLOSED);
}


static void
half_a_window_holds_any_number(void **state)
{
    unsigned           i;
    uint64_t           requests, failures;
    weir_split_arm_t   a = { 0 };

    (void) state;

    for (i = 0; i < 3000000; i++) {
        count(&a, 7, i % 4 == 0, &requests, &failures);
        assert_true(requests <= HALF_MASK);
    }

    assert_true(requests > HALF_MASK / 2 && requests < HALF_MASK);
    assert_true(failures * 4 / requests == 1 || failures * 4 + 9 > requests);

    /* the next half sees it, the one after that does not */
    count(&a, 8, false, &requests, &failures);
    assert_true(requests > HALF_MASK / 2);
    count(&a, 10, false, &requests, &failures);
    assert_int_equal(requests, 1);
    assert_int_equal(failures, 0);
    count(&a, 7 + ((uint64_t) 1 << 23), false, &requests, &failures);
    assert_int_equal(requests, 1);
}


/* At any time of any clock it opens for as long as it should. */
static void
the_clock_may_come_round(void **state)
{
    unsigned  i;

    for (i = 0; i < 200; i++) {
        end(state);
        begin_one(state);
        w.now.clock = (int64_t) (any() % ((uint64_t) 1 << 62));

        if (i % 2) {
            /* just before it does */
            w.now.clock = (int64_t) (TIME_MASK * TICK * MS * (1 + i))
                          - 31 * SEC;
        }

        trip();
        pass((BREAKER_OPEN - 1) * MSEC);
        assert_int_equal(ask(), 1);
        pass(MSEC);
        assert_int_equal(ask(), 0);
        assert_int_equal(ask(), 0);
        assert_int_equal(ask(), 0);
        assert_in_range(ask(), 30, 31);
        pass(BREAKER_OPEN * MSEC + TICK * MSEC);
        assert_int_equal(ask(), 0);

        /* another process is behind */
        pass(-50 * MSEC);
        assert_int_equal(ask(), 0);
        assert_int_equal(ask(), 0);
        assert_int_equal(ask(), 30);
    }
}


static void
without_a_place_nothing_is_cut_off(void **state)
{
    weir_splits_t  *t;

    (void) state;

    t = w.table;
    w.table = NULL;
    count_many(10, NEXT, WEIR_END_ERROR);
    assert_int_equal(ask(), 0);
    w.table = t;
    trip();
    assert_int_equal(weir_breaker_ask(w.table, &w.img, &w.splits[0], ARMS,
                                      CLOCK, &(uint32_t) { 0 }), WEIR_OK);
}


static void
somebody_asks(void)
{
    assert_int_equal(ask(), 0);
}


static void
somebody_fails(void)
{
    count_one(NEXT, WEIR_END_ERROR);
}


static void
somebody_succeeds(void)
{
    count_one(NEXT, WEIR_END_OK);
}


static void
who_was_slower_gives_way(void **state)
{
    (void) state;

    /* it opens once */
    count_many(4, NEXT, WEIR_END_ERROR);
    meanwhile = somebody_fails;
    count_one(NEXT, WEIR_END_ERROR);
    assert_null(meanwhile);
    assert_int_equal(arm().opened, 1);

    /* somebody else is the only one that is let through */
    w.breaker.probes = 1;
    pass(BREAKER_OPEN * MSEC);
    meanwhile = somebody_asks;
    assert_int_not_equal(ask(), 0);
    assert_null(meanwhile);

    /* a failure comes before a success */
    meanwhile = somebody_fails;
    count_one(NEXT, WEIR_END_OK);
    assert_null(meanwhile);
    assert_state(WEIR_BREAKER_OPEN);
    assert_int_equal(arm().opened, 2);

    /* a failure counts whoever is let through meanwhile */
    w.breaker.probes = 3;
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    meanwhile = somebody_asks;
    count_one(NEXT, WEIR_END_ERROR);
    assert_null(meanwhile);
    assert_state(WEIR_BREAKER_OPEN);
    assert_int_equal(arm().opened, 3);

    /* both successes count */
    pass(BREAKER_OPEN * MSEC);
    assert_int_equal(ask(), 0);
    assert_int_equal(ask(), 0);
    meanwhile = somebody_succeeds;
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_HALF_OPEN);
    meanwhile = somebody_succeeds;
    count_one(NEXT, WEIR_END_OK);
    assert_state(WEIR_BREAKER_CLOSED);
}


static uint32_t  let;


static void
ask_many(unsigned id)
{
    unsigned  i;

    (void) id;

    for (i = 0; i < 2000; i++) {
        if (weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT, w.now.clock,
                             &(uint32_t) { 0 }) == WEIR_OK)
        {
            __atomic_fetch_add(&let, 1, __ATOMIC_SEQ_CST);
        }
    }
}


static void
fail_many(unsigned id)
{
    (void) id;

    count_many(1000, NEXT, WEIR_END_ERROR);
}


static void
succeed_many(unsigned id)
{
    unsigned  i;

    (void) id;

    for (i = 0; i < 500; i++) {
        if (weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT, w.now.clock,
                             &(uint32_t) { 0 }) == WEIR_OK)
        {
            count_one(NEXT, WEIR_END_OK);
        }
    }
}


static void
many_at_once_are_as_one(void **state)
{
    unsigned  i;

    (void) state;

    w.breaker.probes = 50;

    for (i = 1; i <= 200; i++) {
        together(fail_many);
        assert_state(WEIR_BREAKER_OPEN);
        assert_int_equal(arm().opened, i);
        pass(BREAKER_OPEN * MSEC);
        let = 0;
        together(ask_many);
        assert_int_equal(let, 50);
        pass(BREAKER_OPEN * MSEC + TICK * MSEC);
        together(succeed_many);
        assert_state(WEIR_BREAKER_CLOSED);
    }
}


int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(name, begin_one, end)
    const struct CMUnitTest  tests[] = {
        T(failures_in_a_row_open_it),
        T(probes_close_it),
        T(a_probe_that_fails_opens_it_again),
        T(who_never_reports_is_replaced),
        T(slow_traffic_closes_it_too),
        T(who_left_lets_another_one_try),
        T(failures_from_before_are_known),
        T(a_share_of_failures_opens_it),
        T(half_a_window_holds_any_number),
        T(the_clock_may_come_round),
        T(without_a_place_nothing_is_cut_off),
        T(who_was_slower_gives_way),
        T(many_at_once_are_as_one)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
