/*
 * test_lease.c: what a node asks a store for, and makes of its answers.
 */

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "image/bounds.h"
#include "run/lease.h"
#include "shared.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

#define MS       ((int64_t) 1000000)
#define SEC      (1000 * MS)
#define SIZE     (64u << 10)
#define NODES    3
#define BEGIN    (1700000000 * SEC)     /* of a window of a minute, about */
#define SPAN     (60 * SEC)

typedef struct {
    weir_limits_t     *t;
    weir_img_limit_t   limit;
    weir_take_t        take;
    weir_left_t        left;
    weir_ask_t         ask;
} fixture_t;


static weir_limits_t *
table(void)
{
    return weir_limits_init(shared(SIZE), SIZE);
}


/* So long after the begin of a window, so many windows on. */
static void
at(fixture_t *f, unsigned window, int64_t since)
{
    int64_t  now;

    now = BEGIN / SPAN * SPAN + (int64_t) window * SPAN + since;
    weir_window_of(now, (uint64_t) SPAN, &f->take.window);
    f->take.clock = now - BEGIN + 1000 * SEC;
}


static int
setup(void **state)
{
    fixture_t  *f;

    f = calloc(1, sizeof(fixture_t));
    f->t = table();
    f->limit.kind = WEIR_LIMIT_FIXED;
    f->limit.limit = 1000;
    f->limit.budget = 1000;
    f->limit.window = SPAN;
    f->limit.span = SPAN;
    f->limit.cluster = 1;
    f->take.limit = &f->limit;
    f->take.key.w[0] = 1;
    f->take.cost = 1;
    at(f, 0, SEC);
    *state = f;

    return 0;
}


static int
teardown(void **state)
{
    fixture_t  *f;

    f = *state;
    munmap(f->t, SIZE);
    free(f);

    return 0;
}


static weir_take_rc_t
take(fixture_t *f, uint64_t cost)
{
    f->take.cost = cost;

    return weir_lease_take(f->t, &f->take, NODES, &f->left, &f->ask);
}


/* The store says this of the last ask. */
static uint64_t
answer(fixture_t *f, int64_t total)
{
    return weir_lease_answer(f->t, &f->ask, total, 0, f->take.window.now);
}


/* Units are here, as a store granted them, and it has more or has not. */
static void
lease(fixture_t *f, uint64_t units, bool more)
{
    f->limit.lease = (uint32_t) units + !more;
    assert_int_equal(take(f, f->limit.budget), WEIR_TAKE_ASK);
    f->ask.units = units + !more;
    assert_int_equal(answer(f, (int64_t) (more ? units : f->limit.budget + 1)),
                     !more);
    f->limit.lease = 0;
}


/* How many units can be taken one by one. */
static uint64_t
here(fixture_t *f)
{
    uint64_t  n;

    for (n = 0; take(f, 1) == WEIR_TAKE_OK; n++) {
        if (f->ask.units != 0) {
            weir_lease_failed(f->t, &f->ask);
        }
    }

    return n;
}


static void
a_request_passes_once_the_store_has_answered(void **state)
{
    fixture_t  *f;

    f = *state;

    assert_int_equal(weir_lease_check(f->t, &f->take, &f->left),
                     WEIR_TAKE_ASK);
    assert_int_equal(f->left.left, 1000);

    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 1);
    assert_int_equal(f->ask.nodes, NODES);
    assert_false(f->ask.previous);
    assert_int_equal(f->ask.take.window.number, f->take.window.number);

    assert_int_equal(answer(f, 1), 0);
    assert_int_equal(weir_lease_check(f->t, &f->take, &f->left),
                     WEIR_TAKE_OK);
    assert_int_equal(take(f, 1), WEIR_TAKE_OK);
    assert_int_equal(f->left.left, 999);
    assert_true(f->left.reset == 59 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
}


static void
the_store_grants_what_is_left(void **state)
{
    size_t      i;
    fixture_t  *f;

    static const struct {
        uint64_t  n;
        int64_t   total;
        uint64_t  granted;
    } rows[] = {
        { 100, 100, 100 },
        { 100, 1000, 100 },
        { 100, 1001, 99 },
        { 100, 1099, 1 },
        { 100, 1100, 0 },
        { 100, 5000, 0 },
        { 100, INT64_MAX, 0 },
        { 1, 1001, 0 },
        /* of a store that lost what it had counted, or of a hostile one */
        { 100, 99, 100 },
        { 100, 0, 100 },
        { 100, -1, 100 },
        { 100, INT64_MIN, 100 },
        { 5000, 10, 1000 },
        { 5000, INT64_MIN, 1000 },
        { UINT64_MAX, INT64_MAX, 1000 }
    };

    f = *state;

    for (i = 0; i < N_OF(rows); i++) {
        at(f, (unsigned) i * 2, SEC);
        assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
        f->ask.units = rows[i].n;
        assert_int_equal(answer(f, rows[i].total),
                         rows[i].n - rows[i].granted);
        assert_int_equal(here(f), rows[i].granted);
        assert_int_equal(f->take.window.number, f->ask.take.window.number);
    }
}


/* However often a store grants, a node never has more than there is. */
static void
a_node_has_at_most_the_budget(void **state)
{
    unsigned    i;
    fixture_t  *f;

    f = *state;

    for (i = 0; i < 3; i++) {
        assert_int_equal(take(f, 1000), i < 2 ? WEIR_TAKE_ASK : WEIR_TAKE_OK);
        f->ask.units = 600;
        assert_int_equal(answer(f, 600), i == 0 ? 0 : i == 1 ? 200 : 0);
    }

    assert_int_equal(here(f), 600);
}


static void
what_the_store_has_not_is_not_asked_for_again(void **state)
{
    fixture_t  *f;

    f = *state;
    lease(f, 5, false);

    /* a partial lease is kept, and serves what is cheap enough */
    assert_int_equal(take(f, 6), WEIR_TAKE_NO);
    assert_true(f->left.retry == 59 * SEC);
    assert_int_equal(f->left.left, 5);
    assert_int_equal(weir_lease_check(f->t, &f->take, &f->left),
                     WEIR_TAKE_NO);
    assert_int_equal(here(f), 5);
    assert_int_equal(f->ask.units, 0);
    assert_int_equal(f->left.left, 0);

    at(f, 0, SPAN - 1);
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);
    assert_true(f->left.retry == 1);

    at(f, 1, 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
}


/* A window of a month, so much later than the fixture's. */
static void
later(fixture_t *f, int64_t since)
{
    at(f, 0, SEC);
    f->take.window.end = f->take.window.begin + 30 * 86400 * SEC;
    f->take.window.now += since;
    f->take.clock += since;
}


/*
 * Somebody gave units back, lost them, or allows more: who is refused is not
 * refused for the rest of a month.
 */
static void
what_the_store_had_not_is_asked_for_each_minute(void **state)
{
    int64_t      left;
    fixture_t   *f;
    weir_ask_t   again;

    f = *state;
    later(f, 0);
    lease(f, 1, false);
    assert_int_equal(here(f), 1);

    later(f, 59 * SEC);
    left = f->take.window.end - f->take.window.now;
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);
    assert_true(f->left.retry == left);

    /* one of them asks, the others are told what was known */
    later(f, 61 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    again = f->ask;
    later(f, 61 * SEC + 50 * MS);
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);
    assert_int_equal(weir_lease_answer(f->t, &again, 1001, 0,
                                       f->take.window.now), 1);
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);
    later(f, 110 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);

    /* another policy, another budget */
    f->limit.limit = f->limit.budget = 2000;
    later(f, 122 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(answer(f, 1001), 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_OK);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
}


/* Nor is it forgotten because the store did not answer. */
static void
what_the_store_had_not_is_asked_for_again_when_that_failed(void **state)
{
    fixture_t  *f;

    f = *state;
    later(f, 0);
    lease(f, 1, false);
    assert_int_equal(here(f), 1);

    later(f, 61 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    weir_lease_failed(f->t, &f->ask);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(answer(f, 1001), 1);
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);
}


static void
a_lease_ends_with_its_window(void **state)
{
    fixture_t  *f;

    f = *state;
    lease(f, 100, true);
    at(f, 1, 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.take.window.number, f->take.window.number);
}


static void
a_late_answer_is_worth_nothing(void **state)
{
    int64_t      end;
    fixture_t   *f;
    weir_ask_t   late;

    f = *state;
    end = f->take.window.end;
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    late = f->ask;

    /* nothing comes of it, and nothing is given back */
    assert_int_equal(weir_lease_answer(f->t, &f->ask, 1, 0, end), 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(weir_lease_answer(f->t, &f->ask, 5000, 0, end), 0);

    at(f, 1, 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(answer(f, 1), 0);

    /* the cell has gone on, though the clock of the answer says it has not */
    assert_int_equal(weir_lease_answer(f->t, &late, 1, 0,
                                       end - 1), 1);
    assert_int_equal(here(f), 1);
}


static void
an_answer_counts_once(void **state)
{
    fixture_t  *f;

    f = *state;
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    f->ask.units = 10;
    assert_int_equal(answer(f, 10), 0);
    assert_int_equal(answer(f, 10), 0);
    assert_int_equal(here(f), 10);

    weir_lease_failed(f->t, &f->ask);
    assert_int_equal(answer(f, 1), 0);
    assert_int_equal(here(f), 0);
}


/* As after a table that was full: all of it goes back. */
static void
an_answer_for_a_key_that_is_gone_is_given_back(void **state)
{
    fixture_t   *f;
    weir_ask_t   ask;

    f = *state;
    assert_int_equal(take(f, 7), WEIR_TAKE_ASK);
    ask = f->ask;
    ask.take.key.w[0] = 99;
    assert_int_equal(weir_lease_answer(f->t, &ask, 7, 0, ask.take.window.now),
                     7);
}


static void
what_can_never_pass_is_never_asked_for(void **state)
{
    fixture_t  *f;

    f = *state;
    assert_int_equal(take(f, 1001), WEIR_TAKE_NEVER);
    assert_int_equal(f->ask.units, 0);
    assert_true(f->left.retry == 0);
    assert_int_equal(take(f, UINT64_MAX), WEIR_TAKE_NEVER);
    assert_int_equal(weir_lease_check(f->t, &f->take, &f->left),
                     WEIR_TAKE_NEVER);
    assert_int_equal(weir_lease_alone(f->t, &f->take, 1, &f->left),
                     WEIR_TAKE_NEVER);
    assert_int_equal(take(f, 1000), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 1000);
}


static void
a_cost_of_nothing_needs_something_left(void **state)
{
    fixture_t  *f;

    f = *state;
    assert_int_equal(take(f, 0), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 1);
    assert_int_equal(answer(f, 1), 0);
    assert_int_equal(take(f, 0), WEIR_TAKE_OK);
    assert_int_equal(take(f, 0), WEIR_TAKE_OK);
    assert_int_equal(take(f, 1), WEIR_TAKE_OK);
    assert_int_equal(take(f, 0), WEIR_TAKE_ASK);
    f->ask.units = 1;
    assert_int_equal(answer(f, 1001), 1);
    assert_int_equal(take(f, 0), WEIR_TAKE_NO);
}


static void
what_is_here_is_not_asked_for(void **state)
{
    fixture_t  *f;

    f = *state;
    lease(f, 30, true);
    at(f, 0, 2 * SEC);
    f->limit.lease = 1;
    assert_int_equal(take(f, 50), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 20);
    assert_int_equal(answer(f, 50), 0);
    assert_int_equal(take(f, 50), WEIR_TAKE_OK);
}


/* Ten seconds of so many requests each, all granted as they are asked for. */
static uint64_t
drive(fixture_t *f, unsigned requests)
{
    int64_t   total;
    unsigned  i;
    uint64_t  most;

    total = 0;
    most = 0;

    for (i = 0; i < requests; i++) {
        at(f, 0, SEC + i * 10 * SEC / requests);

        while (take(f, 1) == WEIR_TAKE_ASK) {
            total += (int64_t) f->ask.units;
            most = f->ask.units > most ? f->ask.units : most;
            assert_int_equal(answer(f, total), 0);
        }

        if (f->ask.units != 0) {
            total += (int64_t) f->ask.units;
            most = f->ask.units > most ? f->ask.units : most;
            assert_int_equal(answer(f, total), 0);
        }
    }

    return most;
}


static void
a_lease_follows_demand_and_what_is_left(void **state)
{
    uint64_t    few, many;
    fixture_t  *f;

    f = *state;
    f->limit.limit = 1000000;
    f->limit.budget = 1000000;

    few = drive(f, 10);
    f->take.key.w[0]++;
    many = drive(f, 10000);
    assert_in_range(few, 1, 15);
    assert_in_range(many, 4000, 15000);

    /* a share of what is left, whoever wants it */
    f->take.key.w[0]++;
    f->limit.limit = 12000;
    f->limit.budget = 12000;
    assert_in_range(drive(f, 10000), 500, 2000);

    /* and no more than what can be spent until the window ends */
    at(f, 0, SPAN - 1);
    f->take.window.end++;
    weir_window_of(f->take.window.now, (uint64_t) SPAN, &f->take.window);
    take(f, 1);
    assert_true(f->ask.units < 5);
}


static void
a_lease_may_be_of_a_size(void **state)
{
    fixture_t  *f;

    f = *state;
    f->limit.lease = 50;
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 50);
    assert_int_equal(answer(f, 50), 0);
    f->limit.lease = 0;
    assert_int_equal(here(f), 50);

    /* the store is asked for every request, never ahead */
    f->limit.lease = 1;
    f->take.key.w[0]++;
    assert_int_equal(drive(f, 900), 1);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
}


static void
one_worker_asks_ahead(void **state)
{
    unsigned    i, asked;
    fixture_t  *f;

    f = *state;
    f->limit.limit = 100000000;
    f->limit.budget = 100000000;
    drive(f, 50000);
    lease(f, 120, true);

    for (i = 0, asked = 0; i < 100; i++) {
        assert_int_equal(take(f, 1), WEIR_TAKE_OK);
        asked += f->ask.units != 0;
    }

    assert_int_equal(asked, 1);

    /* who asked is dead: another one asks, after a while */
    at(f, 0, 12 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_OK);
    assert_true(f->ask.units != 0);

    /* who asked failed: another one asks at once */
    weir_lease_failed(f->t, &f->ask);
    assert_int_equal(f->ask.units, 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_OK);
    assert_true(f->ask.units != 0);
}


static void
what_was_not_asked_after_all_is_still_there(void **state)
{
    unsigned    i;
    fixture_t  *f;

    f = *state;
    f->limit.lease = 100;

    for (i = 0; i < 20; i++) {
        assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
        assert_int_equal(f->ask.units, 100);
        weir_lease_failed(f->t, &f->ask);
        weir_lease_failed(f->t, &f->ask);
    }

    (void) weir_lease_check(f->t, &f->take, &f->left);
    assert_int_equal(f->left.left, 1000);
}


/* The sum of several asks must not be several leases. */
static void
who_asks_beside_another_asks_for_itself(void **state)
{
    uint64_t    first;
    fixture_t  *f;

    f = *state;
    f->limit.limit = 1000000;
    f->limit.budget = 1000000;
    drive(f, 10000);
    assert_true(here(f) > 0);

    at(f, 0, 12 * SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    first = f->ask.units;
    assert_true(first > 1000);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 1);
    assert_int_equal(take(f, 7), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, 7);
}


static void
the_newer_window_is_the_current_one(void **state)
{
    fixture_t      *f;
    weir_window_t   w;

    f = *state;
    at(f, 1, 0);
    lease(f, 10, true);
    w = f->take.window;

    /* a clock that is a bit behind */
    at(f, 0, SPAN - 1);
    assert_int_equal(take(f, 4), WEIR_TAKE_OK);
    assert_int_equal(take(f, 7), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.take.window.number, w.number);
    assert_true(f->ask.take.window.begin == w.begin);
    assert_true(f->ask.take.window.end == w.end);
    f->ask.units = 1;
    assert_int_equal(answer(f, 11), 0);
    assert_int_equal(take(f, 7), WEIR_TAKE_OK);

    /* what was taken there does not come back to another window */
    weir_lease_give(f->t, &f->take);
    at(f, 1, 0);
    assert_int_equal(here(f), 0);

    /* a clock that was set */
    lease(f, 10, true);
    at(f, 0, 0);
    f->take.window.number -= 1000;
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.take.window.number, f->take.window.number);
}


/* Of a month that is not known, an end that is not too early. */
static void
the_next_month_is_long_enough(void **state)
{
    fixture_t  *f;

    f = *state;
    f->limit.kind = WEIR_LIMIT_QUOTA;
    f->take.window = (weir_window_t) { 5, 0, 28 * 86400 * SEC,
                                       86400 * SEC };
    f->take.window.number++;
    lease(f, 10, true);
    f->take.window.number--;
    assert_int_equal(take(f, 20), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.take.window.number, 6);
    assert_true(f->ask.take.window.begin == 28 * 86400 * SEC);
    assert_true(f->ask.take.window.end >= (28 + 31) * 86400 * SEC);
}


static void
what_is_given_can_be_taken_again(void **state)
{
    fixture_t  *f;

    f = *state;
    lease(f, 10, false);
    assert_int_equal(take(f, 10), WEIR_TAKE_OK);
    weir_lease_give(f->t, &f->take);
    assert_int_equal(here(f), 10);

    /* not in another window, not for a key that has no cell */
    f->take.cost = 10;
    at(f, 1, 0);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    assert_int_equal(answer(f, 1), 0);
    at(f, 0, 0);
    f->take.cost = 10;
    weir_lease_give(f->t, &f->take);
    at(f, 1, 0);
    assert_int_equal(here(f), 1);

    f->take.key.w[0]++;
    weir_lease_give(f->t, &f->take);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
}


static void
a_charge_takes_what_is_here_and_owes_the_rest(void **state)
{
    uint64_t    owed;
    fixture_t  *f;

    f = *state;
    f->take.cost = 70;
    weir_lease_charge(f->t, &f->take, &owed);
    assert_int_equal(owed, 70);

    lease(f, 100, false);
    f->take.cost = 70;
    weir_lease_charge(f->t, &f->take, &owed);
    assert_int_equal(owed, 0);
    f->take.cost = 70;
    weir_lease_charge(f->t, &f->take, &owed);
    assert_int_equal(owed, 40);
    assert_int_equal(take(f, 0), WEIR_TAKE_NO);

    f->take.cost = 0;
    weir_lease_charge(f->t, &f->take, &owed);
    assert_int_equal(owed, 0);
}


static void
alone_a_node_has_its_share(void **state)
{
    uint64_t     n;
    fixture_t   *f;
    weir_take_t  old;

    f = *state;
    f->limit.limit = 100;
    f->limit.budget = 100;
    lease(f, 5, true);
    f->take.cost = 1;

    for (n = 0; weir_lease_alone(f->t, &f->take, 3, &f->left)
                == WEIR_TAKE_OK; n++)
    {
        assert_int_equal(f->left.left, 32 - n);
    }

    assert_int_equal(n, 33);
    assert_true(f->left.retry == 59 * SEC);
    f->take.cost = 0;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 3, &f->left),
                     WEIR_TAKE_NO);
    assert_int_equal(here(f), 5);           /* is beside it */

    f->take.cost = 3;
    weir_lease_alone_give(f->t, &f->take);
    f->take.cost = 0;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 3, &f->left),
                     WEIR_TAKE_OK);
    assert_int_equal(f->left.left, 3);
    f->take.cost = 90;
    weir_lease_alone_charge(f->t, &f->take);
    f->take.cost = 1;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 1, &f->left),
                     WEIR_TAKE_NO);
    assert_int_equal(weir_lease_alone(f->t, &f->take, 3, &f->left),
                     WEIR_TAKE_NO);

    /* a new window; what the old one gives back is not of it */
    old = f->take;
    at(f, 1, 0);
    assert_int_equal(weir_lease_alone(f->t, &f->take, 1000, &f->left),
                     WEIR_TAKE_OK);
    weir_lease_alone_give(f->t, &old);
    assert_int_equal(weir_lease_alone(f->t, &f->take, 1000, &f->left),
                     WEIR_TAKE_NO);
    assert_int_equal(weir_lease_alone(f->t, &f->take, 0, &f->left),
                     WEIR_TAKE_OK);
}


/* Who waits as long as it is told to gets it, where nobody else asks. */
static void
a_sliding_window_says_when_it_has_enough(void **state)
{
    int64_t     wait;
    fixture_t  *f;

    f = *state;
    f->limit.kind = WEIR_LIMIT_SLIDING;
    f->limit.limit = f->limit.budget = 100;

    /* 99 of the window before weigh still; one is spent of this one */
    at(f, 1, SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    f->ask.units = 31;
    assert_int_equal(weir_lease_answer(f->t, &f->ask, 31, 100,
                                       f->take.window.now), 30);
    assert_int_equal(take(f, 1), WEIR_TAKE_OK);
    assert_int_equal(take(f, 31), WEIR_TAKE_NO);
    wait = f->left.retry;
    assert_true(wait == 18200 * MS);
    assert_int_equal(weir_lease_check(f->t, &f->take, &f->left),
                     WEIR_TAKE_NO);
    assert_true(f->left.retry == wait);

    at(f, 1, SEC + wait);
    assert_int_equal(take(f, 31), WEIR_TAKE_ASK);
    f->ask.units = 31;
    assert_int_equal(weir_lease_answer(f->t, &f->ask, 32, 100,
                                       f->take.window.now), 0);
    assert_int_equal(take(f, 31), WEIR_TAKE_OK);

    /* 32 of this window are too many for 90 until 22 of them weigh no more */
    assert_int_equal(take(f, 90), WEIR_TAKE_NO);
    assert_true(f->left.retry == 59 * SEC - wait + 41250 * MS);
}


/* Alone, what costs more than the share never passes: no time would help. */
static void
alone_nobody_waits_for_more_than_the_share(void **state)
{
    fixture_t  *f;

    f = *state;
    f->take.cost = 333;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 3, &f->left),
                     WEIR_TAKE_OK);
    f->take.cost = 334;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 3, &f->left),
                     WEIR_TAKE_NEVER);
    assert_true(f->left.retry == 0);
}


/* A client is told of the quota, and not of what passes beyond. */
static void
an_overage_is_not_left(void **state)
{
    fixture_t  *f;

    f = *state;
    f->limit.kind = WEIR_LIMIT_QUOTA;
    f->limit.limit = 800;
    f->limit.burst = 200;
    assert_int_equal(weir_lease_check(f->t, &f->take, &f->left),
                     WEIR_TAKE_ASK);
    assert_int_equal(f->left.left, 800);

    lease(f, 250, true);
    assert_int_equal(take(f, 50), WEIR_TAKE_OK);
    assert_int_equal(f->left.left, 750);
    assert_int_equal(take(f, 250), WEIR_TAKE_ASK);
    f->ask.units = 100;
    assert_int_equal(answer(f, 950), 0);
    assert_int_equal(take(f, 250), WEIR_TAKE_OK);
    assert_int_equal(f->left.left, 0);

    f->take.cost = 200;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 2, &f->left),
                     WEIR_TAKE_OK);
    assert_int_equal(f->left.left, 200);
    assert_int_equal(weir_lease_alone(f->t, &f->take, 2, &f->left),
                     WEIR_TAKE_OK);
    assert_int_equal(f->left.left, 0);
    f->take.cost = 501;
    assert_int_equal(weir_lease_alone(f->t, &f->take, 2, &f->left),
                     WEIR_TAKE_NEVER);
    assert_int_equal(f->left.left, 400);
}


/* The window before weighs as much as there is left of this one. */
static void
a_sliding_window_grants_what_the_last_one_leaves(void **state)
{
    size_t      i;
    int64_t     now;
    fixture_t  *f;

    static const struct {
        int64_t   since;        /* seconds of 60 */
        int64_t   previous;
        uint64_t  n;
        int64_t   total;
        uint64_t  granted;
    } rows[] = {
        { 0, 0, 1000, 1000, 1000 },
        { 0, 1000, 10, 10, 0 },
        { 30, 1000, 1000, 1000, 500 },
        { 30, 1000, 100, 600, 0 },
        { 30, 1000, 100, 550, 50 },
        { 30, 500, 1000, 1000, 750 },
        { 45, 1000, 1000, 1000, 750 },
        { 59, 1, 1000, 1000, 999 },             /* rounded up */
        /* clamped: it may have been asked for more than it granted */
        { 30, 5000, 1000, 1000, 500 },
        { 30, INT64_MAX, 1000, 1000, 500 },
        { 30, -1, 1000, 1000, 1000 },
        { 30, INT64_MIN, 1000, 1000, 1000 }
    };

    f = *state;
    f->limit.kind = WEIR_LIMIT_SLIDING;

    for (i = 0; i < N_OF(rows); i++) {
        at(f, (unsigned) i * 3, rows[i].since * SEC);
        now = f->take.window.now;
        assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
        assert_true(f->ask.previous);
        f->ask.units = rows[i].n;
        assert_int_equal(weir_lease_answer(f->t, &f->ask, rows[i].total,
                                           rows[i].previous, now),
                         rows[i].n - rows[i].granted);
        assert_int_equal(here(f), rows[i].granted);
    }
}


static void
a_sliding_window_has_more_soon(void **state)
{
    size_t      i;
    int64_t     wait;
    fixture_t  *f;

    static const struct {
        int64_t   previous;
        int64_t   total;        /* as many as there may be, and one */
        int64_t   least;        /* ms */
        int64_t   most;
    } rows[] = {
        { 1000, 17, 60, 500 },      /* one unit in 60 ms */
        { 60, 942, 1000, 1010 },
        { 2, 999, 30000, 30010 },
        { 1, 1000, 59000, 59001 }   /* not before it ends */
    };

    f = *state;
    f->limit.kind = WEIR_LIMIT_SLIDING;

    for (i = 0; i < N_OF(rows); i++) {
        at(f, (unsigned) i * 3, SEC);
        assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
        (void) weir_lease_answer(f->t, &f->ask, rows[i].total,
                                 rows[i].previous, f->take.window.now);
        assert_int_equal(take(f, 1), WEIR_TAKE_NO);
        wait = f->left.retry;
        assert_in_range(wait, rows[i].least * MS, rows[i].most * MS);
        assert_int_equal(f->left.left, 0);
        assert_true(f->left.reset == 119 * SEC);

        at(f, (unsigned) i * 3, SEC + wait - 1);
        assert_int_equal(take(f, 1), WEIR_TAKE_NO);
        at(f, (unsigned) i * 3, SEC + wait);
        assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
        weir_lease_failed(f->t, &f->ask);
    }

    /* nor then, where this window took all */
    at(f, (unsigned) i * 3, SEC);
    assert_int_equal(take(f, 1), WEIR_TAKE_ASK);
    (void) weir_lease_answer(f->t, &f->ask, 1001, 0, f->take.window.now);
    assert_int_equal(take(f, 1), WEIR_TAKE_NO);
    assert_true(f->left.retry == 59060 * MS);
}


static void
large_budgets_are_counted_exactly(void **state)
{
    uint64_t    budget;
    fixture_t  *f;

    f = *state;
    budget = 2 * (uint64_t) WEIR_MAX_UNITS;
    f->limit.limit = budget;
    f->limit.budget = budget;

    assert_int_equal(take(f, budget - 7), WEIR_TAKE_ASK);
    assert_int_equal(f->ask.units, budget - 7);
    assert_int_equal(answer(f, (int64_t) budget - 7), 0);
    assert_true(f->left.left <= budget);
    assert_int_equal(take(f, budget - 9), WEIR_TAKE_OK);
    assert_int_equal(take(f, 2), WEIR_TAKE_OK);
    f->ask.units = 100;
    assert_int_equal(answer(f, (int64_t) budget + 93), 93);
    assert_int_equal(here(f), 7);
}


/* A new policy, the same key: what was counted stays. */
static void
a_budget_may_change(void **state)
{
    size_t      i;
    fixture_t  *f;

    static const uint64_t  budgets[] = {
        1000000000000, 10, 5000000, 1, 2000000000000, 3, 40000000
    };

    f = *state;

    for (i = 0; i < 3 * N_OF(budgets); i++) {
        f->limit.kind = i % 2 ? WEIR_LIMIT_SLIDING : WEIR_LIMIT_FIXED;
        f->limit.limit = budgets[i % N_OF(budgets)];
        f->limit.budget = f->limit.limit;

        if (take(f, 1) == WEIR_TAKE_ASK) {
            assert_in_range(f->ask.units, 1, f->limit.budget);
            assert_int_equal(answer(f, (int64_t) f->ask.units), 0);
            assert_int_equal(take(f, 1), WEIR_TAKE_OK);
        }

        assert_true(f->left.left <= f->limit.budget);
        weir_lease_failed(f->t, &f->ask);
        assert_int_not_equal(weir_lease_check(f->t, &f->take, &f->left),
                             WEIR_TAKE_NO);
        assert_true(f->left.left <= f->limit.budget);
    }
}


/* Processes take and give at once; what is here is neither more nor less. */
static void
many_processes_spend_a_lease_exactly(void **state)
{
    int         status;
    pid_t       pids[4];
    unsigned    i, n;
    uint64_t   *passed;         /* and how many have begun */
    fixture_t  *f;

    f = *state;
    f->limit.limit = 2000000;
    f->limit.budget = 2000000;
    lease(f, 1000000, false);
    passed = shared(4096);

    for (i = 0; i < N_OF(pids); i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            __atomic_add_fetch(&passed[1], 1, __ATOMIC_SEQ_CST);

            while (__atomic_load_n(&passed[1], __ATOMIC_SEQ_CST)
                   < N_OF(pids))
            {
                sched_yield();
            }

            for (n = 0; take(f, 3) == WEIR_TAKE_OK; n++) {
                if (n % 3 == 0) {
                    weir_lease_give(f->t, &f->take);

                } else {
                    __atomic_add_fetch(passed, 3, __ATOMIC_RELAXED);
                }
            }

            _exit(f->ask.units != 0);
        }
    }

    for (i = 0; i < N_OF(pids); i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }

    assert_int_equal(*passed + here(f), 1000000);
    munmap(passed, 4096);
}


/* What processes of two nodes share, and what a store counts. */
typedef struct {
    weir_limits_t  *nodes[2];
    int64_t         total;
    uint64_t        passed;
} cluster_t;


/* Asks and spends until the store has no more. */
static void
work(fixture_t *f, cluster_t *c, unsigned node)
{
    int64_t         total;
    uint64_t        back;
    weir_take_rc_t  rc;

    f->t = c->nodes[node];

    while ((rc = take(f, 1)) != WEIR_TAKE_NO) {

        if (rc == WEIR_TAKE_OK) {
            __atomic_add_fetch(&c->passed, 1, __ATOMIC_SEQ_CST);
        }

        if (f->ask.units != 0) {
            total = __atomic_add_fetch(&c->total, (int64_t) f->ask.units,
                                       __ATOMIC_SEQ_CST);
            back = answer(f, total);
            __atomic_sub_fetch(&c->total, (int64_t) back, __ATOMIC_SEQ_CST);
        }
    }
}


/* Half of them are killed at work, at some moment or other. */
static void
processes_that_die_leave_the_others_what_is_left(void **state)
{
    int         status;
    pid_t       pids[4];
    unsigned    i, round;
    cluster_t  *c;
    fixture_t  *f;

    f = *state;
    f->limit.limit = 300000;
    f->limit.budget = 300000;
    c = shared(sizeof(cluster_t));
    c->nodes[0] = table();
    c->nodes[1] = table();

    for (round = 0; round < 10; round++) {
        at(f, round, SEC);
        c->total = 0;
        c->passed = 0;

        for (i = 0; i < N_OF(pids); i++) {
            pids[i] = fork();

            if (pids[i] == 0) {
                work(f, c, i % 2);
                _exit(0);
            }
        }

        usleep(1000 * round);
        kill(pids[2], SIGKILL);
        usleep(1000 * round);
        kill(pids[3], SIGKILL);

        for (i = 0; i < N_OF(pids); i++) {
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(i >= 2 || WIFEXITED(status));
        }

        assert_true(c->passed <= 300000);
        assert_true(c->passed > 150000);
        assert_true(c->total >= (int64_t) c->passed);
    }

    munmap(c->nodes[0], SIZE);
    munmap(c->nodes[1], SIZE);
    munmap(c, sizeof(cluster_t));
}


#define T(test)  cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        T(a_request_passes_once_the_store_has_answered),
        T(the_store_grants_what_is_left),
        T(a_node_has_at_most_the_budget),
        T(what_the_store_has_not_is_not_asked_for_again),
        T(what_the_store_had_not_is_asked_for_each_minute),
        T(what_the_store_had_not_is_asked_for_again_when_that_failed),
        T(a_lease_ends_with_its_window),
        T(a_late_answer_is_worth_nothing),
        T(an_answer_counts_once),
        T(an_answer_for_a_key_that_is_gone_is_given_back),
        T(what_can_never_pass_is_never_asked_for),
        T(a_cost_of_nothing_needs_something_left),
        T(what_is_here_is_not_asked_for),
        T(a_lease_follows_demand_and_what_is_left),
        T(a_lease_may_be_of_a_size),
        T(one_worker_asks_ahead),
        T(what_was_not_asked_after_all_is_still_there),
        T(who_asks_beside_another_asks_for_itself),
        T(the_newer_window_is_the_current_one),
        T(the_next_month_is_long_enough),
        T(what_is_given_can_be_taken_again),
        T(a_charge_takes_what_is_here_and_owes_the_rest),
        T(alone_a_node_has_its_share),
        T(a_sliding_window_says_when_it_has_enough),
        T(alone_nobody_waits_for_more_than_the_share),
        T(an_overage_is_not_left),
        T(a_sliding_window_grants_what_the_last_one_leaves),
        T(a_sliding_window_has_more_soon),
        T(large_budgets_are_counted_exactly),
        T(a_budget_may_change),
        T(many_processes_spend_a_lease_exactly),
        T(processes_that_die_leave_the_others_what_is_left)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
