/*
 * test_decide_store.c: requests whose limits are counted in a store, which
 * may answer late, or not; and what responses cost.
 */

#include "limit_fixture.h"


/* The store */

static void
store_answers(void **state)
{
    run_t     r;
    unsigned  i;

    (void) state;

    server.mode = STORE_NOW;

    for (i = 0; i < 4; i++) {
        begin(&r, &(ask_t) { .path = "/cl" });
        expect(&r, "allowed");
        assert_int_equal(hold(&r, 0)->state, WEIR_HOLD_OK);
        assert_false(hold(&r, 0)->alone);
        end(&r);
    }

    once(&(ask_t) { .path = "/cl" }, "429 limit cl 2800");
    assert_true(server.asked >= 4);
    assert_true(server.counts[0].total <= 5);
}


/* Requests at 100 a second. */
static void
steadily(unsigned n, const char *path)
{
    while (n-- != 0) {
        server.clock += SECOND / 100;
        server.wall += SECOND / 100;
        once(&(ask_t) { .path = path }, "allowed");
    }
}


/*
 * By demand, somebody asks before all is spent; where that cannot be asked,
 * another one asks again.
 */
static void
asks_ahead(void **state)
{
    unsigned  before;

    (void) state;

    server.mode = STORE_NOW;
    steadily(3000, "/cl-many");
    assert_true(server.ahead > 0);
    assert_true(server.asked < 300);

    server.mode = STORE_REFUSES;
    before = server.asked;
    server.ahead = 0;
    steadily(100, "/cl-many");
    steadily(1000, "/cl-many");
    assert_true(server.asked > before + 10);
    assert_true(server.ahead > 1);
}


/* No room for the key of a lease: that is said at once, and not asked for. */
static void
no_room(void **state)
{
    (void) state;

    server.mode = STORE_NOW;
    once(&(ask_t) { .path = "/a" }, "allowed");
    crowd();
    once(&(ask_t) { .path = "/cls", .source = "192.0.2.77" },
         "503 limit_table_full cl 1");
    once(&(ask_t) { .path = "/cl", .source = "192.0.2.77" },
         "503 limit_table_full cl 1");
    once(&(ask_t) { .path = "/cl-pair", .source = "192.0.2.77" },
         "503 limit_table_full cl 1");
    assert_int_equal(server.asked, 0);
}


/* A request that waits has nothing; it goes on when all answers are in. */
static void
waits(void **state)
{
    run_t  r, other;
    ask_t  x = { .path = "/cls" };

    (void) state;

    server.mode = STORE_LATE;
    begin(&r, &x);
    expect(&r, "waits");
    assert_int_equal(server.ncalls, 2);
    assert_int_equal(nholds(&r), 4);
    assert_int_equal(left(&r, 0), 10);
    assert_int_equal(left(&r, 3), 1);
    assert_int_equal(hold(&r, 0)->state, WEIR_HOLD_NONE);
    expect(&r, "waits");

    /* one of two */
    answer(&server.calls[0].ask, server.calls[0].hold, false);
    expect(&r, "waits");
    assert_int_equal(server.asked, 2);

    /* meanwhile somebody takes what the limits of this node have */
    begin(&other, &(ask_t) { .path = "/a" });
    expect(&other, "allowed");
    assert_int_equal(left(&other, 0), 9);
    end(&other);

    answer(&server.calls[1].ask, server.calls[1].hold, false);
    server.ncalls = 0;
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 8);
    assert_int_equal(left(&r, 3), 0);
    assert_int_equal(hold(&r, 1)->asks, 1);
    end(&r);
    assert_int_equal(server.asked, 2);
}


/* Who would be refused anyway does not bother the store. */
static void
asks_no_more_than_it_must(void **state)
{
    run_t  r;

    (void) state;

    server.mode = STORE_LATE;
    times(2, &(ask_t) { .path = "/c", .headers = "x-k=x" }, "allowed");
    begin(&r, &(ask_t) { .path = "/cl-c", .headers = "x-k=x" });
    expect(&r, "420 limit c 2600");
    assert_int_equal(server.asked, 0);
    end(&r);

    /* refused after it waited: the lease stays with the node */
    begin(&r, &(ask_t) { .path = "/cl-c", .headers = "x-k=y" });
    expect(&r, "waits");
    times(2, &(ask_t) { .path = "/c", .headers = "x-k=y" }, "allowed");
    answer_calls(false);
    expect(&r, "420 limit c 2600");
    end(&r);
    begin(&r, &(ask_t) { .path = "/cl" });
    expect(&r, "allowed");
    end(&r);
}


/* Others take what was granted, every time. */
/* The worker that waited lost the table meanwhile, as when it is to end. */
static void
no_table_later(void **state)
{
    run_t           r;
    weir_limits_t  *table;

    (void) state;

    server.mode = STORE_LATE;
    begin(&r, &(ask_t) { .path = "/cls" });
    expect(&r, "waits");
    answer_calls(false);
    table = server.table;
    server.table = NULL;
    expect(&r, "503 limit_table_full a 1");
    server.table = table;
    end(&r);
}


static void
starves(void **state)
{
    run_t     r, thief;
    unsigned  i;

    (void) state;

    server.mode = STORE_LATE;
    begin(&r, &(ask_t) { .path = "/cl" });
    expect(&r, "waits");

    for (i = 0; i < WEIR_MAX_ASKS - 1; i++) {
        server.counts[0].total = 0;
        answer_calls(false);
        begin(&thief, &(ask_t) { .path = "/cl" });
        expect(&thief, "allowed");
        expect(&r, "waits");
        assert_int_equal(hold(&r, 0)->asks, i + 2);
        end(&thief);
    }

    /* what is left of 4 is what it asked for last: another one of it */
    server.counts[0].total = 0;
    answer_calls(false);
    begin(&thief, &(ask_t) { .path = "/cl" });
    expect(&thief, "allowed");
    expect(&r, "429 limit cl 1");
    end(&thief);
    end(&r);
}


static void
interleaved_asks(void **state)
{
    int    at;
    bool   done;
    run_t  r;
    ask_t  x = { .path = "/cls" };

    (void) state;

    done = false;

    for (at = 0; !done; at++) {
        drop(NULL);
        reset(NULL);
        server.mode = STORE_NOW;

        begin(&r, &x);
        begin(&rival, &x);
        meanwhile = run_rival;
        steps = at;
        (void) came(&r);
        done = meanwhile != NULL;
        meanwhile = NULL;
        (void) came(&rival);

        /* one flies at a time */
        assert_int_equal((r.d.verdict == WEIR_ALLOW)
                         + (rival.d.verdict == WEIR_ALLOW), 1);
        assert_int_equal(left(&r, 0), 9);
        end(&r);
        end(&rival);

        once(&x, "allowed");
        once(&x, "allowed");
        once(&x, "allowed");
        once(&x, "429 limit cl 2800");
        assert_int_equal(server.ncounts, 2);
        assert_true(server.counts[0].total <= 10);
        assert_true(server.counts[1].total <= 10);
    }
}


/* What somebody else's answer left is not taken twice. */
static void
other_answers(void **state)
{
    int    at;
    bool   done;
    run_t  r;

    (void) state;

    done = false;

    for (at = 0; !done; at++) {
        drop(NULL);
        reset(NULL);
        server.mode = STORE_NOW;

        begin(&r, &(ask_t) { .path = "/cl-pair" });
        begin(&rival, &(ask_t) { .path = "/cl-two" });
        meanwhile = run_rival;
        steps = at;
        expect(&r, "allowed");
        done = meanwhile != NULL;
        meanwhile = NULL;
        expect(&rival, "allowed");
        end(&r);
        end(&rival);

        times(8, &(ask_t) { .path = "/cl-two" }, "allowed");
        once(&(ask_t) { .path = "/cl-two" }, "429 limit cl-two 2800");
    }
}


static void
fails(store_mode_t mode, bool late)
{
    run_t     r;
    unsigned  i;

    drop(NULL);
    reset(NULL);
    server.mode = mode;
    server.nodes = 2;

    /* local: the node's share, 4 / 2 (or all of it where nobody knows) */
    for (i = 0; i < (mode == STORE_NONE ? 4 : 2); i++) {
        begin(&r, &(ask_t) { .path = "/cl" });

        if (late) {
            expect(&r, "waits");
            answer_calls(true);
        }

        expect(&r, "allowed");
        assert_true(hold(&r, 0)->alone);
        assert_false(hold(&r, 0)->free);
        end(&r);
    }

    begin(&r, &(ask_t) { .path = "/cl" });

    if (late) {
        expect(&r, "waits");
        answer_calls(true);
    }

    expect(&r, "429 limit cl 2800");
    end(&r);

    for (i = 0; i < 6; i++) {
        begin(&r, &(ask_t) { .path = "/cl-allow" });

        if (late) {
            expect(&r, "waits");
            answer_calls(true);
        }

        expect(&r, "allowed");
        assert_true(hold(&r, 1)->free);
        assert_int_equal(hold(&r, 1)->state, WEIR_HOLD_STORE);
        assert_int_equal(left(&r, 0), 9 - i);
        assert_true(is_limit(&r, "a"));
        end(&r);
    }

    begin(&r, &(ask_t) { .path = "/cl-deny" });

    if (late) {
        expect(&r, "waits");
        answer_calls(true);
    }

    expect(&r, "503 store_unavailable cl-deny 1");
    assert_int_equal(hold(&r, 1)->state, WEIR_HOLD_STORE);
    assert_int_equal(left(&r, 0), 4);
    end(&r);

    begin(&r, &(ask_t) { .path = "/cl-dry" });

    if (late) {
        expect(&r, "waits");
        answer_calls(true);
    }

    expect(&r, "allowed");
    assert_int_equal(r.d.dry_limited, 1);
    assert_true(hold(&r, 0)->dry);
    end(&r);
}


/* Of shares of a node, too, a request takes all or nothing. */
static void
all_shares(void **state)
{
    (void) state;

    server.mode = STORE_REFUSES;
    times(10, &(ask_t) { .path = "/cl-two" }, "allowed");
    times(5, &(ask_t) { .path = "/cl-pair" }, "429 limit cl-two 2800");
    times(4, &(ask_t) { .path = "/cl" }, "allowed");
    once(&(ask_t) { .path = "/cl" }, "429 limit cl 2800");
}


static void
store_fails(void **state)
{
    (void) state;

    fails(STORE_NONE, false);
    fails(STORE_REFUSES, false);
    fails(STORE_TIMELESS, false);
    fails(STORE_LATE, true);
}


/* Responses */

static void
response_costs(void **state)
{
    run_t  r;
    ask_t  x = { .path = "/size" };

    (void) state;

    begin(&r, &x);
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 100);
    assert_true(weir_txn_charges(r.txn));
    server.size = 130;
    weir_txn_charge(r.txn);
    assert_false(weir_txn_charges(r.txn));
    assert_int_equal(left(&r, 0), 0);
    assert_int_equal(left(&r, 1), 91);  /* its cost fails: the default */
    weir_txn_charge(r.txn);             /* once */
    assert_int_equal(left(&r, 1), 91);
    end(&r);

    /* the next one pays */
    begin(&r, &x);
    expect(&r, "429 limit size 2600");
    assert_false(weir_txn_charges(r.txn));
    weir_txn_charge(r.txn);
    assert_int_equal(left(&r, 0), 0);
    end(&r);

    /* negative: the default */
    server.clock += HOUR;
    begin(&r, &x);
    expect(&r, "allowed");
    server.size = -1;
    weir_txn_charge(r.txn);
    assert_int_equal(left(&r, 0), 93);
    end(&r);

    /* no end of it, and nothing */
    server.size = INT64_MAX;
    once(&x, "allowed");
    once(&x, "429 limit size 2600");
    server.clock += HOUR;
    server.size = 0;
    times(2, &x, "allowed");
    begin(&r, &x);
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 100);

    /* that ends in the next hour */
    server.size = 40;
    server.clock += HOUR;
    end(&r);
    server.size = 0;
    begin(&r, &x);
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 60);
    end(&r);

    /* what passed dry is not charged */
    times(10, &x, "allowed");
    begin(&r, &x);
    expect(&r, "allowed");
    assert_true(hold(&r, 1)->dry);
    assert_true(weir_txn_charges(r.txn));
    weir_txn_charge(r.txn);
    assert_int_equal(hold(&r, 1)->take.cost, 0);
    end(&r);
}


/* Of a request that is refused the response costs nothing. */
static void
refused_responses(void **state)
{
    run_t  r;
    ask_t  x = { .path = "/size-c", .headers = "x-k=x" };

    (void) state;

    server.size = 10;
    times(2, &x, "allowed");
    begin(&r, &x);
    expect(&r, "420 limit c 2600");
    assert_false(weir_txn_charges(r.txn));
    end(&r);
    assert_int_equal(server.owed, 0);

    begin(&r, &(ask_t) { .path = "/size-c", .headers = "x-k=y" });
    expect(&r, "allowed");
    assert_int_equal(left(&r, 0), 80);  /* size-pre */
    assert_int_equal(left(&r, 1), 80);
    end(&r);
}


static void
store_is_owed(void **state)
{
    run_t  r;
    ask_t  x = { .path = "/size-cl" };

    (void) state;

    server.mode = STORE_NOW;
    server.size = 30;
    begin(&r, &x);
    expect(&r, "allowed");
    weir_txn_charge(r.txn);
    assert_int_equal(server.counts[0].total, 30);
    end(&r);

    server.size = 70;
    once(&x, "allowed");
    assert_true(server.counts[0].total >= 100);
    once(&x, "429 limit size-cl 2800");
}


/* While the store is away the share of this node is charged. */
static void
alone_is_charged(void **state)
{
    run_t  r;
    ask_t  x = { .path = "/size-cl" };

    (void) state;

    server.mode = STORE_REFUSES;
    server.nodes = 2;
    server.size = 49;
    once(&x, "allowed");
    begin(&r, &x);
    expect(&r, "allowed");
    assert_true(hold(&r, 0)->alone);
    end(&r);
    once(&x, "429 limit size-cl 2800");
    assert_int_equal(server.owed, 0);
}


#define on(t)  cmocka_unit_test_setup_teardown(t, reset, drop)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        on(store_answers), on(asks_ahead), on(no_room), on(waits),
        on(asks_no_more_than_it_must), on(starves), on(no_table_later),
        on(interleaved_asks),
        on(other_answers), on(store_fails), on(all_shares),
        on(response_costs), on(refused_responses), on(store_is_owed),
        on(alone_is_charged),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
