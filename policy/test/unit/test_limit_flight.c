/*
 * test_limit_flight.c: requests in flight: never more than the limit, each
 * given back once, those of the dead as well.
 */

#include "table_fixture.h"
#include "image/bounds.h"
#include "run/limit_flight.c"

#define ROUNDS   30000              /* of a process in a race */
#define RACERS   4
#define KILLS    200
#define MEETINGS 5000               /* of two */
#define HELD     16                 /* flights of a process at once */


static weir_img_limit_t
limit_of(uint64_t most)
{
    weir_img_limit_t  l;

    memset(&l, 0, sizeof(l));
    l.limit = most;
    l.kind = WEIR_LIMIT_CONCURRENCY;

    return l;
}


static weir_take_t
take_by(const weir_img_limit_t *l, uint64_t n, uint32_t worker)
{
    weir_take_t  take;

    take = take_of(l, n);
    take.worker = worker;

    return take;
}


/* How many of a key are in flight. */
static uint64_t
flying(weir_limits_t *t, uint64_t n)
{
    weir_take_t       take;
    weir_left_t       left;
    weir_img_limit_t  l;

    l = limit_of(WEIR_MAX_CONCURRENCY);
    take = take_of(&l, n);
    assert_int_equal(weir_flight_check(t, &take, &left), WEIR_TAKE_OK);

    return WEIR_MAX_CONCURRENCY - left.left;
}


static void
so_many_fly_at_once(void **state)
{
    unsigned          i;
    weir_take_t       take;
    weir_left_t       left;
    weir_flight_t     flights[3], none, copy;
    weir_limits_t    *t;
    weir_img_limit_t  l;

    (void) state;

    t = table(SIZE);
    l = limit_of(3);
    take = take_by(&l, 1, 0);
    none.cell = 0;

    assert_int_equal(weir_flight_check(t, &take, &left), WEIR_TAKE_OK);
    assert_int_equal(left.left, 3);

    for (i = 0; i < 3; i++) {
        take.worker = i;
        assert_int_equal(weir_flight_take(t, &take, &left, &flights[i]),
                         WEIR_TAKE_OK);
        assert_int_equal(left.left, 2 - i);
        assert_int_equal(left.reset, 0);
        assert_int_equal(left.retry, 0);
        assert_int_not_equal(flights[i].cell, 0);
    }

    assert_int_equal(weir_flight_take(t, &take, &left, &none), WEIR_TAKE_NO);
    assert_int_equal(none.cell, 0);
    assert_int_equal(left.left, 0);
    assert_int_equal(left.retry, S);
    assert_int_equal(weir_flight_check(t, &take, &left), WEIR_TAKE_NO);

    /* another key is another count */
    take = take_by(&l, 2, 0);
    assert_int_equal(weir_flight_check(t, &take, &left), WEIR_TAKE_OK);
    take = take_by(&l, 1, 0);

    /* given once, however often */
    weir_flight_give(t, &flights[1], 1);
    assert_int_equal(flights[1].cell, 0);
    assert_int_equal(flying(t, 1), 2);
    weir_flight_give(t, &flights[1], 1);
    weir_flight_give(t, &none, 0);
    assert_int_equal(flying(t, 1), 2);
    assert_int_equal(weir_flight_take(t, &take, &left, &flights[1]),
                     WEIR_TAKE_OK);
    assert_int_equal(weir_flight_take(t, &take, &left, &none), WEIR_TAKE_NO);

    /* a limit that a reload lowered */
    l.limit = 1;
    assert_int_equal(weir_flight_take(t, &take, &left, &none), WEIR_TAKE_NO);
    assert_int_equal(left.left, 0);
    l.limit = 0;
    assert_int_equal(weir_flight_take(t, &take, &left, &none),
                     WEIR_TAKE_NEVER);

    weir_flight_give(t, &flights[0], 0);
    weir_flight_give(t, &flights[1], 0);
    copy = flights[2];
    weir_flight_give(t, &flights[2], 2);
    assert_int_equal(flying(t, 1), 0);

    /* nothing is below zero */
    weir_flight_give(t, &copy, 2);
    assert_int_equal(flying(t, 1), 0);

    /* numbers that are no cell */
    copy.cell = UINT64_MAX;
    weir_flight_give(t, &copy, 2);
    copy.cell = 1;
    weir_flight_give(t, &copy, 2);
    assert_int_equal(copy.cell, 0);
    munmap(t, SIZE);
}


/* Workers of many pages, each with some flights of a few keys. */
static void
every_worker_counts(void **state)
{
    uint32_t          w, k;
    uint64_t          n, left_over;
    weir_take_t       take;
    weir_left_t       left;
    weir_flight_t     f[64][3];
    weir_limits_t    *t;
    weir_img_limit_t  l;

    (void) state;

    t = table(SIZE);
    l = limit_of(3 * 64 - 1);

    for (n = 0; n < 5; n++) {
        for (w = 0; w < 64; w++) {
            for (k = 0; k < 3; k++) {
                take = take_by(&l, n, w);
                assert_int_equal(weir_flight_take(t, &take, &left, &f[w][k]),
                                 w * 3 + k < l.limit ? WEIR_TAKE_OK
                                                     : WEIR_TAKE_NO);
                assert_int_equal(left.left,
                                 w * 3 + k < l.limit
                                 ? l.limit - w * 3 - k - 1 : 0);
            }
        }
    }

    /* of the last key some are given, the worker of others dies */
    left_over = l.limit;

    for (w = 0; w < 63; w += 2) {
        weir_flight_give(t, &f[w][1], w);
        assert_int_equal(flying(t, 4), --left_over);
        weir_flight_reap(t, w);
        left_over -= 2;
        assert_int_equal(flying(t, 4), left_over);

        /* those are gone: another request of the slot has what it takes */
        take = take_by(&l, 4, w);
        assert_int_equal(weir_flight_take(t, &take, &left, &f[w][1]),
                         WEIR_TAKE_OK);
        left_over++;
        assert_int_equal(flying(t, 4), left_over);
    }

    for (w = 0; w < 64; w++) {
        weir_flight_reap(t, w);
    }

    for (n = 0; n < 5; n++) {
        assert_int_equal(flying(t, n), 0);
    }

    /* slots that nobody ever had, and that there cannot be */
    weir_flight_reap(t, 1000000);
    take = take_by(&l, 1, PAGES * LANES);
    assert_int_equal(weir_flight_take(t, &take, &left, &f[0][0]),
                     WEIR_TAKE_FULL);
    assert_int_equal(left.left, 0);
    take.worker = PAGES * LANES - 1;
    assert_int_equal(weir_flight_take(t, &take, &left, &f[0][0]),
                     WEIR_TAKE_OK);
    assert_int_equal(flying(t, 1), 1);
    weir_flight_give(t, &f[0][0], PAGES * LANES - 1);
    assert_int_equal(flying(t, 1), 0);
    munmap(t, SIZE);
}


/* Which keys have a cell changes, which requests fly does not. */
static void
cells_without_flights_give_way(void **state)
{
    unsigned          i;
    weir_take_t       take;
    weir_left_t       left;
    weir_flight_t     f[32], old, other;
    weir_limits_t    *t;
    weir_img_limit_t  l;

    (void) state;

    t = table(ONE_SET);
    l = limit_of(1);

    for (i = 0; i < 32; i++) {
        take = take_by(&l, i, 0);
        assert_int_equal(weir_flight_take(t, &take, &left, &f[i]),
                         WEIR_TAKE_OK);
    }

    /* long requests keep theirs */
    take = take_by(&l, 100, 0);
    take.clock = NOW + 86400 * S;
    assert_int_equal(weir_flight_take(t, &take, &left, &other),
                     WEIR_TAKE_FULL);
    take.key = take_of(&l, 7).key;
    assert_int_equal(weir_flight_take(t, &take, &left, &other),
                     WEIR_TAKE_NO);

    old = f[7];
    weir_flight_give(t, &f[7], 0);
    take.key = take_of(&l, 100).key;
    assert_int_equal(weir_flight_take(t, &take, &left, &other),
                     WEIR_TAKE_OK);

    /* what is given late is not another key's */
    weir_flight_give(t, &old, 0);
    assert_int_equal(flying(t, 100), 1);
    weir_flight_give(t, &other, 0);

    /* a key keeps its cell for some seconds after its last request */
    take.clock += S;
    take.key = take_of(&l, 101).key;
    assert_int_equal(weir_flight_take(t, &take, &left, &other),
                     WEIR_TAKE_FULL);
    take.clock += 20 * S;
    assert_int_equal(weir_flight_take(t, &take, &left, &other),
                     WEIR_TAKE_OK);
    munmap(t, ONE_SET);
}


/* The cell is taken away after it was found and before it was counted in. */
static void
a_cell_that_goes_meanwhile_is_noticed(void **state)
{
    uint64_t         *words, held;
    weir_take_t       take;
    weir_cell_t      *c;
    weir_limits_t    *t;
    weir_img_limit_t  l;

    (void) state;

    t = table(ONE_SET);
    l = limit_of(1);
    take = take_by(&l, 1, 3);
    take = begin(&take);
    weir_limits_slots_grow(t, 4);
    words = weir_limits_cell(t, &take, NOW, true);
    assert_non_null(words);
    c = (weir_cell_t *) (words - 3);
    assert_ptr_equal(c->words, words);

    c->meta = (c->meta & ~(uint64_t) 3) | WEIR_CELL_ASKED;
    assert_false(count(t, &take, words, &c, &held));
    assert_int_equal(flying(t, 1), 0);

    c->meta = (c->meta & ~(uint64_t) 3) | WEIR_CELL_MADE;
    assert_false(count(t, &take, words, &c, &held));

    c->meta = (c->meta & ~(uint64_t) 3) | WEIR_CELL_LIVE;
    assert_true(count(t, &take, words, &c, &held));
    assert_int_equal(flying(t, 1), 1);

    /* while somebody looks at it, it counts and can be given */
    c->meta = (c->meta & ~(uint64_t) 3) | WEIR_CELL_ASKED;
    assert_int_equal(flying(t, 1), 1);
    weir_flight_give(t, &(weir_flight_t) { held }, 3);
    assert_int_equal(flying(t, 1), 0);

    /* another key's by now */
    c->meta = (c->meta & ~(uint64_t) 3) | WEIR_CELL_LIVE;
    c->key[0] ^= 1u << 20;
    assert_false(count(t, &take, words, &c, &held));
    assert_int_equal(words[1], 0);
    munmap(t, ONE_SET);
}


/* What some processes fly, and how much of it they say is in the air. */
typedef struct {
    weir_img_limit_t  limit;
    weir_limits_t    *table;
    int64_t          *flying;       /* of each key: less than that are */
    uint64_t          keys;
    int64_t          *clock;
    uint32_t         *go;
    uint32_t         *taken;
    uint32_t         *over;         /* more than the limit were */
    uint32_t          apart;        /* slots of the workers are apart */
} race_t;


/* After it is up: counted.  Before it goes down: not any more. */
static void
up(const race_t *r, uint64_t n)
{
    if (__atomic_add_fetch(&r->flying[n], 1, __ATOMIC_SEQ_CST)
        > (int64_t) r->limit.limit)
    {
        __atomic_store_n(r->over, 1, __ATOMIC_SEQ_CST);
    }

    __atomic_add_fetch(r->taken, 1, __ATOMIC_SEQ_CST);
}


static void
fly(const race_t *r, uint32_t worker, uint64_t seed, uint64_t rounds)
{
    uint64_t       i, k, n[HELD];
    weir_take_t    take;
    weir_left_t    left;
    weir_flight_t  f[HELD];

    memset(f, 0, sizeof(f));
    memset(n, 0, sizeof(n));

    for (i = 0; i < rounds; i++) {
        k = i % HELD;

        if (f[k].cell != 0) {
            __atomic_sub_fetch(&r->flying[n[k]], 1, __ATOMIC_SEQ_CST);
            weir_flight_give(r->table, &f[k], worker);
        }

        n[k] = weir_mix(seed * 1000000 + i + 1) % r->keys;
        take = take_by(&r->limit, n[k], worker);
        take.clock = r->clock == NULL ? NOW
                     : __atomic_add_fetch(r->clock, S, __ATOMIC_SEQ_CST);

        if (weir_flight_take(r->table, &take, &left, &f[k]) == WEIR_TAKE_OK) {
            up(r, n[k]);
        }
    }

    for (k = 0; k < HELD; k++) {
        if (f[k].cell != 0) {
            __atomic_sub_fetch(&r->flying[n[k]], 1, __ATOMIC_SEQ_CST);
            weir_flight_give(r->table, &f[k], worker);
        }
    }
}


static void
race(race_t *r)
{
    pid_t     pids[RACERS];
    uint32_t  i;

    *r->go = 0;

    for (i = 0; i < RACERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] == 0) {
            meet(r->go, RACERS);
            fly(r, i * r->apart, i, ROUNDS);
            _exit(0);
        }
    }

    join(pids, RACERS);
}


static void
race_begin(race_t *r, size_t size)
{
    char  *mem;

    memset(r, 0, sizeof(*r));
    r->table = table(size);
    mem = shared(1u << 16);
    r->go = (uint32_t *) mem;
    r->taken = (uint32_t *) (mem + 64);
    r->over = (uint32_t *) (mem + 128);
    r->clock = (int64_t *) (mem + 192);
    r->flying = (int64_t *) (mem + 256);
    *r->clock = NOW;
}


static void
race_end(race_t *r, size_t size)
{
    uint64_t  n;

    assert_int_equal(*r->over, 0);
    assert_true(*r->taken > 0);

    for (n = 0; n < r->keys; n++) {
        assert_int_equal(r->flying[n], 0);
        assert_int_equal(flying(r->table, n), 0);
    }

    munmap(r->go, 1u << 16);
    munmap(r->table, size);
}


static void
processes_never_fly_more_than_the_limit(void **state)
{
    race_t    r;
    size_t    i;
    unsigned  runs;

    static const struct {
        uint64_t  keys;
        uint64_t  limit;
        uint32_t  apart;            /* 7: some share a page, some do not */
        bool      clock;            /* runs: cells come and go */
        size_t    size;
    } cases[] = {
        { 1,    1,  1, false, SIZE },
        { 1,    20, 1, false, SIZE },
        { 1,    5,  7, false, SIZE },
        { 500,  1,  1, false, SIZE },
        { 3,    10, 7, false, SIZE },
        { 25,   1,  1, true,  ONE_SET },
        { 100,  1,  1, true,  ONE_SET },
        { 100,  2,  7, true,  ONE_SET },
        { 1000, 1,  1, true,  ONE_SET }
    };

    (void) state;

    for (i = 0; i < N_OF(cases); i++) {
        race_begin(&r, cases[i].size);
        r.limit = limit_of(cases[i].limit);
        r.keys = cases[i].keys;
        r.apart = cases[i].apart;
        r.clock = cases[i].clock ? r.clock : NULL;

        for (runs = 0; runs < 2; runs++) {
            race(&r);
        }

        race_end(&r, cases[i].size);
    }
}


static void
who_has_room_is_not_refused(void **state)
{
    race_t  r;

    (void) state;

    race_begin(&r, SIZE);
    r.clock = NULL;
    r.keys = 1;
    r.apart = 1;
    r.limit = limit_of(RACERS * HELD);
    race(&r);
    assert_int_equal(*r.taken, RACERS * ROUNDS);
    race_end(&r, SIZE);
}


/* Two come at once for the one place, again and again: each time one has it. */
static void
one_gets_the_last_place(void **state)
{
    pid_t          pids[2];
    race_t         r;
    uint32_t       i, n, *went;
    weir_take_t    take;
    weir_left_t    left;
    weir_flight_t  f;

    (void) state;

    race_begin(&r, SIZE);
    r.keys = 1;
    r.limit = limit_of(1);
    went = r.go + 1;

    for (i = 0; i < 2; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] > 0) {
            continue;
        }

        take = take_by(&r.limit, 0, i);

        for (n = 1; n <= MEETINGS; n++) {
            f.cell = 0;
            meet(r.go, n * 2);

            if (weir_flight_take(r.table, &take, &left, &f)
                == WEIR_TAKE_OK)
            {
                __atomic_add_fetch(r.taken, 1, __ATOMIC_SEQ_CST);
            }

            meet(went, n * 2);
            weir_flight_give(r.table, &f, i);
        }

        _exit(0);
    }

    join(pids, 2);
    assert_in_range(*r.taken, MEETINGS - MEETINGS / 500, MEETINGS);
    race_end(&r, SIZE);
}


/*
 * One slot's processes are killed and reaped, one after the other, beside one
 * that stays: what it holds stays, what they held is gone.
 */
static void
what_the_dead_held_comes_back(void **state)
{
    pid_t     pid, stays;
    race_t    r;
    size_t    size;
    int64_t  *theirs, *ours;
    unsigned  i, k;

    static const struct {
        uint64_t  keys;
        uint32_t  slot;
        bool      clock;
        size_t    size;
    } cases[] = {
        { 3, 1, false, SIZE }, { 40, 1, true, ONE_SET }
    };

    (void) state;

    for (k = 0; k < N_OF(cases); k++) {
        size = cases[k].size;
        race_begin(&r, size);
        r.keys = cases[k].keys;
        r.limit = limit_of(4);
        r.clock = cases[k].clock ? r.clock : NULL;
        ours = r.flying;
        theirs = r.flying + 1000;
        stays = fork();
        assert_true(stays >= 0);

        if (stays == 0) {
            fly(&r, 0, 99, ROUNDS * 3);
            _exit(0);
        }

        for (i = 0; i < KILLS; i++) {
            pid = fork();
            assert_true(pid >= 0);

            if (pid == 0) {
                r.flying = theirs;
                fly(&r, cases[k].slot, i, UINT64_MAX);
            }

            kill_after(pid, 200 + weir_mix(i) % 3000);
            weir_flight_reap(r.table, cases[k].slot);
            memset(theirs, 0, r.keys * sizeof(*theirs));
        }

        join(&stays, 1);

        r.flying = ours;
        race_end(&r, size);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(so_many_fly_at_once),
        cmocka_unit_test(every_worker_counts),
        cmocka_unit_test(cells_without_flights_give_way),
        cmocka_unit_test(a_cell_that_goes_meanwhile_is_noticed),
        cmocka_unit_test(processes_never_fly_more_than_the_limit),
        cmocka_unit_test(who_has_room_is_not_refused),
        cmocka_unit_test(one_gets_the_last_place),
        cmocka_unit_test(what_the_dead_held_comes_back)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
