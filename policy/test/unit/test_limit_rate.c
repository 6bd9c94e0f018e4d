/*
 * test_limit_rate.c: what rates and quotas let pass: by the clock, at the
 * edges of windows, and to processes that come at once.
 */

#include "table_fixture.h"
#include "run/limit_rate.c"

#define TRIES    3000               /* of a process in a race */
#define RACERS   4
#define KILLS    200
#define BIG      1000000000000u     /* WEIR_MAX_UNITS */

typedef enum { T, C, G, D } verb_t;

/* Something that is done, and how it stands then. */
typedef struct {
    int64_t   at;                   /* after NOW, or in the window */
    verb_t    verb;                 /* take, check, give, debt */
    uint64_t  cost;
    int       rc;
    uint64_t  left;
    int64_t   reset;
    int64_t   retry;
} line_t;


/* The take of key 1 at a time of a clock on which NOW is window 100's begin. */
static weir_take_t
take_at(const weir_img_limit_t *l, int64_t at, uint64_t cost)
{
    int64_t      length, number;
    weir_take_t  take;

    length = l->window != 0 ? (int64_t) l->window : 86400 * S;
    number = at < 0 ? -1 - (-at - 1) / length : at / length;

    take = take_of(l, 1);
    take.cost = cost;
    take.clock = NOW + at;
    take.window.number = (uint64_t) (100 + number);
    take.window.begin = 7 * S + number * length;
    take.window.end = take.window.begin + length;
    take.window.now = 7 * S + at;

    return take;
}


static void
play(weir_limits_t *t, const weir_img_limit_t *l, const line_t *lines,
    size_t n)
{
    int          rc;
    size_t       i;
    weir_take_t  take;
    weir_left_t  left;

    for (i = 0; i < n; i++) {
        take = take_at(l, lines[i].at, lines[i].cost);
        memset(&left, 0, sizeof(left));
        rc = WEIR_TAKE_OK;

        switch (lines[i].verb) {

        case T:
            rc = weir_limit_take(t, &take, &left);
            break;

        case C:
            rc = weir_limit_check(t, &take, &left);
            break;

        case G:
            weir_limit_give(t, &take);
            break;

        case D:
            weir_limit_charge(t, &take);
        }

        if (rc != lines[i].rc
            || (lines[i].verb <= C
                && (left.left != lines[i].left
                    || left.reset != lines[i].reset
                    || left.retry != lines[i].retry)))
        {
            fail_msg("line %zu: %d left %llu reset %lld retry %lld", i, rc,
                     (unsigned long long) left.left, (long long) left.reset,
                     (long long) left.retry);
        }
    }
}


/* On a new table. */
static void
play_new(const weir_img_limit_t *l, const line_t *lines, size_t n)
{
    weir_limits_t  *t;

    t = table(SIZE);
    play(t, l, lines, n);
    munmap(t, SIZE);
}


enum { OK = WEIR_TAKE_OK, NO = WEIR_TAKE_NO, NEVER = WEIR_TAKE_NEVER };


/* Ten a second, five at once. */
static void
gcra_by_the_clock(void **state)
{
    static const weir_img_limit_t  l = {
        .limit = 600, .burst = 5, .window = 60 * S, .kind = WEIR_LIMIT_GCRA
    };

    static const line_t  lines[] = {
        /* nothing is known: all is there */
        { 0,         C, 1,  OK,    5, 0,        0 },
        { 0,         C, 0,  OK,    5, 0,        0 },
        /* a burst */
        { 0,         T, 1,  OK,    4, 100 * MS, 0 },
        { 0,         T, 1,  OK,    3, 200 * MS, 0 },
        { 0,         T, 1,  OK,    2, 300 * MS, 0 },
        { 0,         C, 1,  OK,    2, 300 * MS, 0 },
        { 0,         T, 1,  OK,    1, 400 * MS, 0 },
        { 0,         T, 1,  OK,    0, 500 * MS, 0 },
        { 0,         T, 1,  NO,    0, 500 * MS, 100 * MS },
        { 0,         T, 0,  NO,    0, 500 * MS, 100 * MS },
        { 0,         T, 3,  NO,    0, 500 * MS, 300 * MS },
        { 40 * MS,   C, 1,  NO,    0, 460 * MS, 60 * MS },
        /* what was refused cost nothing; a nanosecond too early */
        { 100 * MS - 1, T, 1, NO,  0, 400 * MS + 1, 1 },
        { 100 * MS,  T, 0,  OK,    1, 400 * MS, 0 },
        { 100 * MS,  T, 1,  OK,    0, 500 * MS, 0 },
        /* steady */
        { 200 * MS,  T, 1,  OK,    0, 500 * MS, 0 },
        { 300 * MS,  T, 1,  OK,    0, 500 * MS, 0 },
        { 399 * MS,  T, 1,  NO,    0, 401 * MS, 1 * MS },
        /* idle: two of them are back, and half a one */
        { 550 * MS,  C, 2,  OK,    2, 250 * MS, 0 },
        { 550 * MS,  T, 2,  OK,    0, 450 * MS, 0 },
        { 550 * MS,  T, 1,  NO,    0, 450 * MS, 50 * MS },
        /* idle for long: a whole burst, no more */
        { 10 * S,    T, 6,  NEVER, 5, 0,        0 },
        { 10 * S,    T, 5,  OK,    0, 500 * MS, 0 },
        { 10 * S,    T, 1,  NO,    0, 500 * MS, 100 * MS },
        /* given back */
        { 10 * S,    G, 5,  OK,    0, 0,        0 },
        { 10 * S,    C, 1,  OK,    5, 0,        0 },
        { 10 * S,    T, 4,  OK,    1, 400 * MS, 0 },
        { 10 * S,    G, 1,  OK,    0, 0,        0 },
        { 10 * S,    C, 0,  OK,    2, 300 * MS, 0 },
        { 10 * S,    G, 0,  OK,    0, 0,        0 },
        { 10 * S,    G, 99, OK,    0, 0,        0 },
        { 10 * S,    T, 5,  OK,    0, 500 * MS, 0 },
        /* debt: paid before anything passes */
        { 20 * S,    D, 25, OK,    0, 0,        0 },
        { 20 * S,    T, 1,  NO,    0, 2500 * MS, 2100 * MS },
        { 20 * S,    D, 0,  OK,    0, 0,        0 },
        { 22 * S,    T, 1,  NO,    0, 500 * MS, 100 * MS },
        { 22100 * MS, T, 1, OK,    0, 500 * MS, 0 },
        /* clocks of workers differ */
        { 21900 * MS, T, 1, NO,    0, 700 * MS, 300 * MS },
        { 22200 * MS, T, 1, OK,    0, 500 * MS, 0 }
    };

    (void) state;

    play_new(&l, lines, N_OF(lines));
}


/* Whatever a policy may say. */
static void
gcra_at_its_bounds(void **state)
{
    /* a billion a second, and what is no whole number of ns */
    static const weir_img_limit_t  fast = {
        .limit = 1000000000, .burst = BIG, .window = S,
        .kind = WEIR_LIMIT_GCRA
    };
    static const line_t  fast_lines[] = {
        { 0, T, BIG,     OK,    0, 1000 * S, 0 },
        { 0, T, 1,       NO,    0, 1000 * S, 1 },
        { 1, T, 1,       OK,    0, 1000 * S, 0 },
        { 1, T, BIG + 1, NEVER, 0, 1000 * S, 0 },
        { 1, T, UINT64_MAX, NEVER, 0, 1000 * S, 0 },
        { 2, G, UINT64_MAX, OK, 0, 0, 0 },
        { 2, C, 1,       OK,    BIG, 0, 0 }
    };
    static const weir_img_limit_t  odd = {
        .limit = 3, .burst = 3, .window = S, .kind = WEIR_LIMIT_GCRA
    };
    static const line_t  odd_lines[] = {
        { 0, T, 1, OK, 2, 333333334, 0 },
        { 0, T, 1, OK, 1, 666666667, 0 },
        { 0, T, 1, OK, 0, 1000000001, 0 },
        { 333333333, T, 1, NO, 0, 666666668, 1 },
        { 333333334, T, 1, OK, 0, 1000000000, 0 }
    };

    /* a burst of WEIR_MAX_SPAN */
    static const weir_img_limit_t  long_one = {
        .limit = 4, .burst = 1261440000, .window = S, .kind = WEIR_LIMIT_GCRA
    };
    static const line_t  long_lines[] = {
        { 0, T, 0,          OK, 1261440000, 0, 0 },
        { 0, T, 1,          OK, 1261439999, S / 4, 0 },
        { 0, T, 1261439999, OK, 0, 315360000 * S, 0 },
        { 0, T, 1,          NO, 0, 315360000 * S, S / 4 }
    };

    /* one a day, a burst of more than there ever was time for */
    static const weir_img_limit_t  slow = {
        .limit = 1, .burst = BIG, .window = 86400 * S,
        .kind = WEIR_LIMIT_GCRA
    };
    static const weir_img_limit_t  none = {
        .limit = 0, .burst = 0, .window = S, .kind = WEIR_LIMIT_GCRA
    };
    static const line_t  none_lines[] = {
        { 0, T, 0, NEVER, 0, 0, 0 },
        { 0, T, 1, NEVER, 0, 0, 0 }
    };

    unsigned        i;
    weir_take_t     take;
    weir_left_t     left;
    weir_limits_t  *t;

    (void) state;

    play_new(&fast, fast_lines, N_OF(fast_lines));
    play_new(&odd, odd_lines, N_OF(odd_lines));
    play_new(&long_one, long_lines, N_OF(long_lines));
    play_new(&none, none_lines, N_OF(none_lines));

    t = table(SIZE);
    take = take_at(&slow, 0, BIG);
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_OK);
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_NO);
    assert_true(left.retry > 0 && left.reset > 0);

    /* a debt is a day after the burst, however often, and never runs over */
    for (i = 0; i < 100; i++) {
        take.cost = UINT64_MAX;
        weir_limit_charge(t, &take);
    }

    take.cost = 1;
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_NO);
    assert_int_equal(left.reset, ticks_to_ns(TICKS_MAX) + DEBT);
    munmap(t, SIZE);

    t = table(SIZE);
    take = take_at(&odd, 0, BIG);
    weir_limit_charge(t, &take);
    take.cost = 1;
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_NO);
    assert_int_equal(left.retry, DEBT + 333333334);
    munmap(t, SIZE);
}


/* Never more than the rate, and not much less. */
static void
gcra_holds_its_rate(void **state)
{
    unsigned          i, k;
    uint64_t          got, want;
    weir_take_t       take;
    weir_left_t       left;
    weir_limits_t    *t;
    weir_img_limit_t  l;

    static const uint64_t  limits[] = {
        7, 1000, 123457, 1000003, 700000000, 999999999
    };

    (void) state;

    for (i = 0; i < N_OF(limits); i++) {
        memset(&l, 0, sizeof(l));
        l.limit = limits[i];
        l.burst = limits[i] / 100 + 1;
        l.window = S;
        t = table(ONE_SET);
        got = 0;

        /* ten seconds; each time half, a quarter of what is left, and so on */
        for (k = 0; k < 2000; k++) {
            take = take_at(&l, k * 5 * MS, 1);
            (void) weir_limit_check(t, &take, &left);

            while (left.left > 0) {
                take.cost = left.left / 2 + 1;
                assert_int_equal(weir_limit_take(t, &take, &left),
                                 WEIR_TAKE_OK);
                got += take.cost;
            }
        }

        want = limits[i] * 9995 / 1000 + l.burst;
        assert_true(got <= want + 1);
        assert_true(got + got / 16 + 8 >= want);
        munmap(t, ONE_SET);
    }
}


static void
fixed_windows(void **state)
{
    static const weir_img_limit_t  l = {
        .limit = 10, .window = 60 * S, .kind = WEIR_LIMIT_FIXED
    };

    static const line_t  lines[] = {
        { 20 * S,     C, 1,  OK,    10, 40 * S, 0 },
        { 20 * S,     T, 4,  OK,    6,  40 * S, 0 },
        { 21 * S,     T, 7,  NO,    6,  39 * S, 39 * S },
        { 21 * S,     T, 11, NEVER, 6,  39 * S, 0 },
        { 21 * S,     T, 6,  OK,    0,  39 * S, 0 },
        { 21 * S,     T, 0,  NO,    0,  39 * S, 39 * S },
        { 60 * S - 1, T, 1,  NO,    0,  1,      1 },
        { 60 * S - 1, C, 1,  NO,    0,  1,      1 },
        { 60 * S,     C, 1,  OK,    10, 60 * S, 0 },
        { 60 * S,     T, 10, OK,    0,  60 * S, 0 },
        /* what the last window took is not given back in this one */
        { 59 * S,     G, 10, OK,    0,  0,      0 },
        { 61 * S,     T, 1,  NO,    0,  59 * S, 59 * S },
        /* who is behind counts in the window that has begun */
        { 59 * S,     T, 1,  NO,    0,  61 * S, 61 * S },
        { 61 * S,     G, 3,  OK,    0,  0,      0 },
        { 59 * S,     T, 1,  OK,    2,  61 * S, 0 },
        { 62 * S,     T, 2,  OK,    0,  58 * S, 0 },
        { 62 * S,     G, 99, OK,    0,  0,      0 },
        { 62 * S,     T, 1,  OK,    9,  58 * S, 0 },
        /* debt */
        { 62 * S,     D, 50, OK,    0,  0,      0 },
        { 62 * S,     T, 1,  NO,    0,  58 * S, 58 * S },
        { 62 * S,     G, 45, OK,    0,  0,      0 },
        { 62 * S,     T, 1,  OK,    3,  58 * S, 0 },
        { 119 * S,    D, 50, OK,    0,  0,      0 },
        { 120 * S,    T, 1,  OK,    9,  60 * S, 0 },
        /* after a pause, and with a clock that was set back an hour */
        { 3600 * S,   T, 3,  OK,    7,  60 * S, 0 },
        { 0,          T, 1,  OK,    9,  60 * S, 0 }
    };

    /* a window of which a worker's clock may be many behind */
    static const weir_img_limit_t  brief = {
        .limit = 3, .window = 100 * MS, .kind = WEIR_LIMIT_FIXED
    };

    static const line_t  brief_lines[] = {
        { 2050 * MS, T, 3, OK, 0, 50 * MS,   0 },
        { 50 * MS,   T, 1, NO, 0, 2050 * MS, 2050 * MS },
        { 2100 * MS, T, 1, OK, 2, 100 * MS,  0 }
    };

    /* number 0 is no new word, and a new word is of no window */
    static const line_t  about_zero[] = {
        { -6001 * S, T, 9,  OK, 1,  1 * S,  0 },
        { -6000 * S, T, 9,  OK, 1,  60 * S, 0 },
        { -6001 * S, T, 1,  OK, 0,  61 * S, 0 },
        { -6000 * S, G, 10, OK, 0,  0,      0 },
        { -6000 * S, T, 10, OK, 0,  60 * S, 0 }
    };

    (void) state;

    play_new(&l, lines, N_OF(lines));
    play_new(&l, about_zero, N_OF(about_zero));
    play_new(&brief, brief_lines, N_OF(brief_lines));
}


static void
quotas(void **state)
{
    static const weir_img_limit_t  l = {
        .limit = 10, .burst = 2, .kind = WEIR_LIMIT_QUOTA
    };

    static const line_t  lines[] = {
        { 400 * S,   T, 9,  OK,    1,  86000 * S, 0 },
        { 401 * S,   T, 2,  OK,    0,  85999 * S, 0 },
        { 401 * S,   C, 1,  OK,    0,  85999 * S, 0 },
        { 401 * S,   T, 2,  NO,    0,  85999 * S, 85999 * S },
        { 401 * S,   T, 1,  OK,    0,  85999 * S, 0 },
        { 401 * S,   T, 1,  NO,    0,  85999 * S, 85999 * S },
        { 401 * S,   T, 12, NO,    0,  85999 * S, 85999 * S },
        { 401 * S,   T, 13, NEVER, 0,  85999 * S, 0 },
        { 401 * S,   G, 4,  OK,    0,  0,         0 },
        { 401 * S,   C, 1,  OK,    2,  85999 * S, 0 },
        { 86400 * S, T, 12, OK,    0,  86400 * S, 0 },
        { 86399 * S, T, 1,  NO,    0,  86401 * S, 86401 * S }
    };

    weir_take_t     take;
    weir_left_t     left;
    weir_limits_t  *t;

    (void) state;

    play_new(&l, lines, N_OF(lines));

    /* a month is not lost, however full the table is */
    t = table(ONE_SET);
    take = take_at(&l, 0, 7);
    take.window.end = take.window.now + 31 * 86400 * S;
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_OK);
    play(t, &l, lines, 0);
    take.clock += 31 * 86400 * S - 1;
    take.window.now += 31 * 86400 * S - 1;
    take.cost = 1;

    for (take.key.w[1] = 0; take.key.w[1] < 100000; take.key.w[1] += 256) {
        (void) weir_limit_take(t, &take, &left);
    }

    take.key = take_of(&l, 1).key;
    assert_int_equal(weir_limit_check(t, &take, &left), WEIR_TAKE_OK);
    assert_int_equal(left.left, 3);
    munmap(t, ONE_SET);
}


static void
sliding_windows(void **state)
{
    static const weir_img_limit_t  l = {
        .limit = 10, .window = 60 * S, .kind = WEIR_LIMIT_SLIDING
    };

    static const line_t  lines[] = {
        { 0,          C, 1,  OK,    10, 0,       0 },
        { 0,          T, 4,  OK,    6,  120 * S, 0 },
        { 30 * S,     T, 6,  OK,    0,  90 * S,  0 },
        /* nothing until the window is over and one of them has gone */
        { 30 * S,     T, 1,  NO,    0,  90 * S,  36 * S },
        { 30 * S,     T, 5,  NO,    0,  90 * S,  60 * S },
        { 60 * S,     T, 1,  NO,    0,  60 * S,  6 * S },
        { 66 * S - 1, T, 1,  NO,    0,  54 * S + 1, 1 },
        { 66 * S,     T, 1,  OK,    0,  114 * S, 0 },
        { 66 * S,     T, 1,  NO,    0,  114 * S, 6 * S },
        { 90 * S,     T, 0,  OK,    4,  90 * S,  0 },
        { 90 * S,     T, 5,  NO,    4,  90 * S,  6 * S },
        { 90 * S,     T, 11, NEVER, 4,  90 * S,  0 },
        { 90 * S,     T, 4,  OK,    0,  90 * S,  0 },
        { 90 * S,     G, 4,  OK,    0,  0,       0 },
        { 90 * S,     T, 1,  OK,    3,  90 * S,  0 },
        /* who is behind counts in the window that has begun, all of it */
        { 59 * S,     T, 1,  NO,    0,  121 * S, 19 * S },
        { 59 * S,     G, 9,  OK,    0,  0,       0 },
        { 120 * S - 1, C, 1, OK,    7,  60 * S + 1, 0 },
        { 120 * S,    C, 1,  OK,    8,  60 * S,  0 },
        /* a debt weighs no more than a whole window in the next one */
        { 120 * S,    D, 99, OK,    0,  0,       0 },
        { 120 * S,    T, 1,  NO,    0,  120 * S, 66 * S },
        { 180 * S,    T, 1,  NO,    0,  60 * S,  6 * S },
        { 186 * S,    T, 1,  OK,    0,  114 * S, 0 },
        /* after two windows nothing is left of it */
        { 300 * S,    C, 1,  OK,    10, 0,       0 },
        { 300 * S,    T, 10, OK,    0,  120 * S, 0 }
    };

    static const weir_img_limit_t  big = {
        .limit = BIG, .window = 86400 * S, .kind = WEIR_LIMIT_SLIDING
    };

    static const line_t  big_lines[] = {
        { 0,         T, BIG,     OK, 0, 2 * 86400 * S, 0 },
        { 86400 * S, T, 1,       NO, 0, 86400 * S, 87 },
        { 129600 * S, T, BIG / 2, OK, 0, 129600 * S, 0 },
        { 129600 * S, T, BIG,    NO, 0, 129600 * S, 129600 * S }
    };

    (void) state;

    play_new(&l, lines, N_OF(lines));
    play_new(&big, big_lines, N_OF(big_lines));
}


/* 44 bits of units, 20 of a window's number. */
static void
counts_at_their_bounds(void **state)
{
    uint64_t        word;
    weir_take_t     take;
    weir_left_t     left;
    weir_limits_t  *t;

    static const weir_img_limit_t  l = {
        .limit = BIG, .burst = BIG, .kind = WEIR_LIMIT_QUOTA
    };

    (void) state;

    word = weir_count_make(UINT64_MAX, WEIR_COUNT_MAX);
    assert_int_equal(word, UINT64_MAX);
    assert_int_equal(weir_count_of(word, UINT64_MAX), WEIR_COUNT_MAX);
    assert_int_equal(weir_count_of(word, NUMBERS - 1), WEIR_COUNT_MAX);
    assert_int_equal(weir_count_of(word, NUMBERS - 2), 0);
    assert_int_equal(weir_count_of(word, 0), 0);
    assert_int_equal(weir_count_of(weir_count_make(5, 7), 5 + NUMBERS), 7);

    t = table(ONE_SET);
    take = take_at(&l, 0, UINT64_MAX);
    weir_limit_charge(t, &take);
    weir_limit_charge(t, &take);
    take.cost = 1;
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_NO);
    take.cost = WEIR_COUNT_MAX - 2 * (uint64_t) BIG + 1;
    weir_limit_give(t, &take);
    take.cost = 1;
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_OK);
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_NO);
    munmap(t, ONE_SET);
}


static void
who_checks_writes_nothing(void **state)
{
    unsigned          kind;
    weir_take_t       take;
    weir_left_t       left;
    weir_limits_t    *t;
    weir_img_limit_t  l;

    (void) state;

    for (kind = WEIR_LIMIT_GCRA; kind < WEIR_LIMIT_CONCURRENCY; kind++) {
        memset(&l, 0, sizeof(l));
        l.kind = (uint8_t) kind;
        l.limit = 2;
        l.burst = kind == WEIR_LIMIT_GCRA ? 2 : 0;
        l.window = 60 * S;
        t = table(ONE_SET);
        take = take_at(&l, 0, 2);
        assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_OK);
        assert_int_equal(mprotect(t, ONE_SET, PROT_READ), 0);

        /* nor who is refused, or takes nothing, or gives nothing */
        take.cost = 0;
        assert_int_equal(weir_limit_check(t, &take, &left), WEIR_TAKE_NO);
        assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_NO);
        weir_limit_give(t, &take);
        weir_limit_charge(t, &take);
        take = take_at(&l, 200 * S, 1);
        assert_int_equal(weir_limit_check(t, &take, &left), WEIR_TAKE_OK);
        take.key.w[0] ^= 1;
        assert_int_equal(weir_limit_check(t, &take, &left), WEIR_TAKE_OK);
        weir_limit_give(t, &take);
        munmap(t, ONE_SET);
    }
}


static void
a_full_table_says_so(void **state)
{
    unsigned        i;
    weir_take_t     take;
    weir_left_t     left;
    weir_limits_t  *t;

    static const weir_img_limit_t  l = {
        .limit = 10, .window = 60 * S, .kind = WEIR_LIMIT_FIXED
    };

    (void) state;

    t = table(ONE_SET);

    for (i = 0; i < 40; i++) {
        take = take_at(&l, 0, 1);
        take.key.w[0] += i;
        assert_int_equal(weir_limit_take(t, &take, &left),
                         i < 32 ? WEIR_TAKE_OK : WEIR_TAKE_FULL);
        assert_int_equal(left.left, i < 32 ? 9 : 0);
    }

    weir_limit_charge(t, &take);
    weir_limit_give(t, &take);
    assert_int_equal(weir_limit_check(t, &take, &left), WEIR_TAKE_OK);

    /* when those windows are over there is room */
    take = take_at(&l, 63 * S, 1);
    take.key.w[0] += 39;
    assert_int_equal(weir_limit_take(t, &take, &left), WEIR_TAKE_OK);
    munmap(t, ONE_SET);
}


/* What a process does in a race, on keys from 0 on. */
typedef struct {
    weir_img_limit_t  limit;
    weir_limits_t    *table;
    uint64_t         *got;          /* units of each key */
    uint64_t          keys;
    uint32_t         *go;
    uint32_t          racers;
    bool              gives;        /* some of what it took */
} race_t;


static void
run(const race_t *r, uint64_t seed)
{
    uint64_t     i, n, cost;
    weir_take_t  take, at;
    weir_left_t  left;

    at = take_at(&r->limit, 0, 1);

    for (i = 0; i < TRIES; i++) {
        n = weir_mix(seed * TRIES + i + 1) % r->keys;
        take = take_of(&r->limit, n);
        take.window = at.window;
        cost = r->keys == 1 ? 1 + i % 3 : 1;
        take.cost = cost;

        if (weir_limit_take(r->table, &take, &left) != WEIR_TAKE_OK) {
            continue;
        }

        if (r->gives && i % 2 == 0) {
            weir_limit_give(r->table, &take);

        } else {
            __atomic_add_fetch(&r->got[n], cost, __ATOMIC_SEQ_CST);
        }
    }
}


static void
race(race_t *r)
{
    pid_t     pids[RACERS];
    unsigned  i;

    *r->go = 0;

    for (i = 0; i < r->racers; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] == 0) {
            meet(r->go, r->racers);
            run(r, i);
            _exit(0);
        }
    }

    join(pids, r->racers);
}


/* What is left of each key and what was had add up to the limit. */
static void
all_adds_up(const race_t *r, uint64_t whole, bool all)
{
    uint64_t     n;
    weir_take_t  take;
    weir_left_t  left;

    for (n = 0; n < r->keys; n++) {
        take = take_of(&r->limit, n);
        take.window = take_at(&r->limit, 0, 1).window;
        take.cost = 0;
        (void) weir_limit_check(r->table, &take, &left);
        assert_int_equal(left.left + r->got[n], whole);

        if (all) {
            assert_int_equal(r->got[n], whole);
        }
    }
}


static void
processes_get_what_there_is_together(void **state)
{
    race_t    r;
    unsigned  kind, i;
    uint64_t  whole;

    static const struct {
        uint32_t  racers;
        uint64_t  keys;
        uint64_t  limit;
        bool      gives;
        bool      all;              /* they want more than there is */
    } cases[] = {
        { 2, 1,    1500, false, true },
        { 4, 1,    1500, false, true },
        { 2, 1000, 4,    false, false },
        { 4, 1000, 4,    false, false },
        { 2, 50,   20,   false, true },
        { 4, 1,    BIG,  true,  false },
        { 4, 1,    300,  true,  false },
        { 4, 1000, BIG,  true,  false }
    };

    (void) state;

    memset(&r, 0, sizeof(r));
    r.go = shared(4096);
    r.got = shared(1000 * sizeof(*r.got));

    for (kind = WEIR_LIMIT_GCRA; kind < WEIR_LIMIT_CONCURRENCY; kind++) {

        for (i = 0; i < N_OF(cases); i++) {
            r.table = table(SIZE);
            memset(r.got, 0, 1000 * sizeof(*r.got));
            r.racers = cases[i].racers;
            r.keys = cases[i].keys;
            r.gives = cases[i].gives;
            r.limit.kind = (uint8_t) kind;
            r.limit.limit = cases[i].limit;
            r.limit.burst = kind == WEIR_LIMIT_QUOTA ? 0 : cases[i].limit;
            r.limit.window = 1000 * S;
            whole = cases[i].limit;
            race(&r);
            all_adds_up(&r, whole, cases[i].all);
            munmap(r.table, SIZE);
        }
    }

    munmap(r.got, 1000 * sizeof(*r.got));
    munmap(r.go, 4096);
}


/* Who is killed has taken a unit that nobody used, at most. */
static void
processes_may_be_killed_while_they_take(void **state)
{
    pid_t        pid, stays;
    race_t       r;
    uint64_t     n, had;
    unsigned     i;
    weir_take_t  take;
    weir_left_t  left;

    (void) state;

    memset(&r, 0, sizeof(r));
    r.table = table(SIZE);
    r.got = shared(100 * sizeof(*r.got));
    r.keys = 100;
    r.limit.kind = WEIR_LIMIT_FIXED;
    r.limit.limit = BIG;
    r.limit.window = 1000 * S;
    stays = 0;

    for (i = 0; i <= KILLS; i++) {
        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            do {
                run(&r, i);
            } while (i > 0);

            _exit(0);
        }

        if (i == 0) {
            stays = pid;

        } else {
            kill_after(pid, 200 + weir_mix(i) % 3000);
        }
    }

    join(&stays, 1);
    had = 0;

    for (n = 0; n < r.keys; n++) {
        take = take_of(&r.limit, n);
        take.window = take_at(&r.limit, 0, 1).window;
        take.cost = 1;
        assert_int_equal(weir_limit_take(r.table, &take, &left),
                         WEIR_TAKE_OK);
        assert_true(BIG - left.left - 1 >= r.got[n]);
        had += BIG - left.left - 1 - r.got[n];
    }

    assert_true(had <= KILLS);
    munmap(r.got, 100 * sizeof(*r.got));
    munmap(r.table, SIZE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(gcra_by_the_clock),
        cmocka_unit_test(gcra_at_its_bounds),
        cmocka_unit_test(gcra_holds_its_rate),
        cmocka_unit_test(fixed_windows),
        cmocka_unit_test(quotas),
        cmocka_unit_test(sliding_windows),
        cmocka_unit_test(counts_at_their_bounds),
        cmocka_unit_test(who_checks_writes_nothing),
        cmocka_unit_test(a_full_table_says_so),
        cmocka_unit_test(processes_get_what_there_is_together),
        cmocka_unit_test(processes_may_be_killed_while_they_take)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
