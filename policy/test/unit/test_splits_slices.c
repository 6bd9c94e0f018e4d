/*
 * test_splits_slices.c: what a guard compares is counted in slices, each of
 * which is cleared once and forgotten in time; what is due is done once and
 * told once, whoever comes between.
 */

#include "guard_fixture.h"


static void
buckets_follow_each_other(void **state)
{
    int64_t   ns;
    unsigned  i, last;

    (void) state;

    last = 0;

    for (ns = 0; ns < (int64_t) 1 << 40; ns += 1 + ns / 1000) {
        i = bucket_of(ns);
        assert_true(i == last || i == last + 1);
        assert_true((uint64_t) ns >= bucket_from(i));
        assert_true(i == WEIR_LATENCY_BUCKETS - 1
                    || (uint64_t) ns < bucket_from(i + 1));
        last = i;
    }

    assert_int_equal(last, WEIR_LATENCY_BUCKETS - 1);
    assert_int_equal(bucket_of(INT64_MAX), WEIR_LATENCY_BUCKETS - 1);
}


/* Numbers of a day of a very big server. */
static void
many_requests_are_told_apart(void **state)
{
    unsigned            i, k, side;
    weir_slice_t       *s;
    weir_split_view_t   v;
    weir_split_cell_t  *c;

    (void) state;

    w.guards[0].window = WEIR_MAX_GUARD_WINDOW;
    watch_latency(1500, 1500, 1500);
    tick();
    c = weir_splits_find(w.table, &w.splits[0].uid);
    pass(40 * 24 * 3600 * SEC);

    for (i = 0; i <= WEIR_SLICES; i++) {
        k = (unsigned) (number_of(&w.guards[0], w.now.clock) - i);

        for (side = 0; side < 2; side++) {
            s = &c->slices[side][k % PLACES];
            s->stamp = stamp_make(k, 0);
            s->requests = 4000000000u;
            s->errors = side == 0 ? 40000100 : 40000000;
            s->latency[41] = 4000000000u;
        }
    }

    tick();
    v = view();
    assert_int_equal(v.look.finding, WEIR_GUARD_CONTENT);
    assert_int_equal(v.look.requests[0], 44000000000);

    for (i = 0; i <= WEIR_SLICES; i++) {
        c->slices[0][i].errors = 400000000;
    }

    pass(24 * 360 * SEC);
    tick();
    v = view();
    assert_int_equal(v.look.finding, WEIR_GUARD_SUSPECT);

    /* a slice of which something was lost */
    c->slices[0][0].errors = UINT64_MAX;
    v = view();
    assert_true(v.look.errors[0] <= v.look.requests[0]);
}


static void
what_is_old_is_nothing(void **state)
{
    unsigned           i;
    weir_split_view_t  v;
    static const int   windows[] = { 1000, 1001, 60000, 86400000 };

    for (i = 0; i < N_OF(windows); i++) {
        end(state);
        begin(state);
        w.guards[0].window = (uint32_t) windows[i];
        count_many(10, NEXT, WEIR_END_ERROR);
        pass((int64_t) windows[i] * MSEC);
        v = view();
        assert_int_equal(v.look.requests[0], 10);
        pass((int64_t) windows[i] * MSEC / 10);
        v = view();
        assert_int_equal(v.look.requests[0], 0);

        /* nor where a slice lies in its place */
        pass((int64_t) windows[i] * MSEC * 11);
        v = view();
        assert_int_equal(v.look.requests[0], 0);
        count_many(3, NEXT, WEIR_END_OK);
        v = view();
        assert_int_equal(v.look.requests[0], 3);
        assert_int_equal(v.look.errors[0], 0);
    }
}


static void
who_died_while_clearing_is_relieved(void **state)
{
    uint64_t            number;
    weir_slice_t       *s;
    weir_split_view_t   v;
    weir_split_cell_t  *c;

    (void) state;

    tick();
    c = weir_splits_find(w.table, &w.splits[0].uid);
    number = number_of(&w.guards[0], w.now.clock);
    s = &c->slices[0][number % PLACES];
    s->errors = 77;
    s->requests = 88;
    s->stamp = stamp_make(number, 0) | CLEARING
               | ((uint64_t) w.now.clock >> BEGUN_AT & BEGUN_MASK);

    count_one(NEXT, WEIR_END_OK);
    v = view();
    assert_int_equal(v.look.requests[0], 0);

    /* another one is not */
    count_one(BASE, WEIR_END_OK);
    v = view();
    assert_int_equal(v.look.requests[1], 1);

    pass(100 * MSEC);
    count_one(NEXT, WEIR_END_OK);
    count_one(NEXT, WEIR_END_OK);
    v = view();
    assert_int_equal(v.look.requests[0], 2);
    assert_int_equal(v.look.errors[0], 0);
}


static void
somebody_ticks(void)
{
    tick();
}


static void
somebody_pins(void)
{
    assert_int_equal(order(WEIR_SPLIT_PIN, BASE), WEIR_OK);
}


static void
somebody_advances(void)
{
    (void) weir_splits_merge(w.table, &w.splits[0].uid,
                             word() + WEIR_SPLIT_STEP_ONE);
}


static void
fail_twice(void)
{
    const manner_t  bad = { .requests = 50, .errors = 1 };

    (void) slice(&well, &bad);
    behave(BASE, &well, SLICE);
    behave(NEXT, &bad, SLICE);
    pass(SLICE);
}


static void
what_is_due_is_done_once(void **state)
{
    unsigned  i, report;

    /* whichever exchange it is that somebody else comes before */
    for (report = 0; report < 2; report++) {
        for (i = 0; i < 2; i++) {
            end(state);
            begin(state);
            w.guards[0].report = report;
            w.guards[0].hold = 60;
            fail_twice();
            meanwhile = somebody_ticks;
            exchanges = i;
            tick();
            tick();
            assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], !report);
            assert_int_equal(w.told[WEIR_NEWS_REPORTED], report);

            if (!report) {
                pass(60 * SEC);
                meanwhile = somebody_ticks;
                tick();
                assert_null(meanwhile);
                assert_int_equal(w.told[WEIR_NEWS_RESUMED], 1);
                tick();
                assert_int_equal(w.told[WEIR_NEWS_RESUMED], 1);
                assert_int_equal(WEIR_SPLIT_EPOCH(word()), 1);
            }
        }
    }

    end(state);
    begin(state);
    have_ramp();
    tick();

    for (i = 0; i < 19; i++) {
        (void) slice(&well, &well);
    }

    behave(BASE, &well, SLICE);
    behave(NEXT, &well, SLICE);
    pass(SLICE);
    meanwhile = somebody_ticks;
    exchanges = 1;
    tick();
    assert_null(meanwhile);
    assert_int_equal(w.told[WEIR_NEWS_ADVANCED], 1);
    assert_int_equal(WEIR_SPLIT_STEP(word()), 1);
}


static void
who_was_slower_gives_way(void **state)
{
    /* a step more does not save what failed */
    have_ramp();
    tick();
    fail_twice();
    meanwhile = somebody_advances;
    exchanges = 1;
    tick();
    assert_null(meanwhile);
    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 1);
    assert_int_equal(WEIR_SPLIT_STEP(word()), 1);
    assert_int_equal(WEIR_SPLIT_ROLLED(word()), 1);
    assert_int_equal(w.news.word, word());

    /* what somebody ordered stays */
    end(state);
    begin(state);
    tick();
    fail_twice();
    meanwhile = somebody_pins;
    exchanges = 1;
    tick();
    assert_null(meanwhile);
    assert_int_equal(w.told[WEIR_NEWS_ROLLED_BACK], 0);
    assert_int_equal(WEIR_SPLIT_PINNED(word()), BASE + 1);
    assert_int_equal(WEIR_SPLIT_ROLLED(word()), 0);
}


static void
somebody_counts(void)
{
    count_one(NEXT, WEIR_END_OK);
}


static void
somebody_counts_later(void)
{
    pass(PLACES * SLICE);
    count_one(NEXT, WEIR_END_OK);
}


static void
a_slice_is_cleared_once(void **state)
{
    unsigned  i;

    (void) state;

    tick();

    /* one sample is lost, none is counted twice */
    for (i = 0; i < 2; i++) {
        pass(70 * SEC);
        meanwhile = somebody_counts;
        exchanges = i;
        count_one(NEXT, WEIR_END_ERROR);
        assert_null(meanwhile);
        assert_int_equal(view().look.requests[0], 1);
        assert_int_equal(view().look.errors[0], i);
    }

    /* who slept over it does not bring an old slice back */
    pass(70 * SEC);
    meanwhile = somebody_counts_later;
    exchanges = 1;
    count_one(NEXT, WEIR_END_ERROR);
    assert_null(meanwhile);
    assert_int_equal(view().look.requests[0], 1);
    assert_int_equal(view().look.errors[0], 0);
}


static uint64_t  counted;
static int64_t   racing;        /* the clock of all threads */


/* Counts while slices turn; sometimes asks what there is to tell. */
static void
race(unsigned id)
{
    unsigned           i;
    weir_splits_now_t  now;
    weir_arm_result_t  r;

    (void) id;

    r = (weir_arm_result_t) {
        .split = &w.splits[0], .weighed = true, .took = 3 * MSEC
    };

    for (i = 0; i < 60000; i++) {
        now = w.now;
        now.clock = __atomic_add_fetch(&racing, 20000, __ATOMIC_SEQ_CST);
        r.arm = i % 2 ? NEXT : BASE;
        r.end = r.arm == NEXT ? WEIR_END_ERROR : WEIR_END_OK;
        weir_splits_count(w.table, &w.img, &r, now.clock);
        (void) weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT,
                                now.clock, &(uint32_t) { 0 });
        __atomic_fetch_add(&counted, 1, __ATOMIC_SEQ_CST);
    }
}


static void
nothing_is_counted_twice(void **state)
{
    unsigned           k;
    uint64_t           requests, timed;
    sums_t             sums;
    weir_split_view_t  v;

    (void) state;

    w.guards[0].window = 1000;
    counted = 0;
    racing = CLOCK;
    together(race);
    w.now.clock = racing;
    v = view();
    assert_int_equal(v.arms[BASE].requests + v.arms[NEXT].requests, counted);
    assert_int_equal(v.arms[NEXT].errors, counted / 2);

    /* of the last 1.0 to 1.1 seconds; few were lost at the turns */
    requests = v.look.requests[0] + v.look.requests[1];
    printf("        %u of 50000 to 55000\n", (unsigned) requests);
    assert_in_range(requests, 30000, 55000);

    sum(weir_splits_find(w.table, &w.splits[0].uid),
        number_of(&w.guards[0], racing) + 1, PLACES, 0, &sums);
    timed = sums.timed[0] + sums.timed[1];
    k = bucket_of(3 * MSEC);
    assert_int_equal(timed, sums.latency[0][k] + sums.latency[1][k]);
    assert_true(timed + 10 > requests && timed < requests + 10);
}


static uint32_t  told;


static void
tell_one(void *data, const weir_split_news_t *news)
{
    (void) data;

    assert_int_equal(news->what, w.guards[0].report ? WEIR_NEWS_REPORTED
                                                    : WEIR_NEWS_ROLLED_BACK);
    __atomic_fetch_add(&told, 1, __ATOMIC_SEQ_CST);
}


static void
tick_many(unsigned id)
{
    unsigned           i;
    weir_splits_now_t  now;

    (void) id;

    now = w.now;

    for (i = 0; i < 50; i++) {
        meet();
        weir_splits_tick(w.table, &w.img, &now, tell_one, NULL);
        now.clock += SLICE / 10;
    }
}


static void
news_are_told_by_one(void **state)
{
    unsigned        i;
    const manner_t  bad = { .requests = 50, .errors = 0.5 };

    for (i = 0; i < 60; i++) {
        end(state);
        begin(state);
        w.guards[0].report = i % 2;
        (void) slice(&well, &bad);
        behave(BASE, &well, SLICE);
        behave(NEXT, &bad, SLICE);
        told = 0;
        together(tick_many);
        assert_int_equal(told, 1);
    }
}


int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest  tests[] = {
        T(buckets_follow_each_other),
        T(many_requests_are_told_apart),
        T(what_is_old_is_nothing),
        T(who_died_while_clearing_is_relieved),
        T(what_is_due_is_done_once),
        T(who_was_slower_gives_way),
        T(a_slice_is_cleared_once),
        T(nothing_is_counted_twice),
        T(news_are_told_by_one)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
