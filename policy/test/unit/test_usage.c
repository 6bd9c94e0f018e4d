/*
 * test_usage.c: what tenants used, by periods that begin while it is counted,
 * and by a clock that is set.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "run/usage.c"
#include "shared.h"

#define SIZE   (1 << 20)
#define MONTH  (30 * DAY)
#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

static weir_usage_t  *t;


static int
setup(void **state)
{
    (void) state;

    t = weir_usage_init(shared(SIZE), SIZE);
    assert_non_null(t);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    munmap(t, SIZE);

    return 0;
}


static int64_t
at(const char *text)
{
    int64_t   sec;
    uint32_t  nsec;

    if (weir_time_parse(weir_cstr(text), &sec, &nsec) != WEIR_OK) {
        fail_msg("no time: %s", text);
    }

    return sec;
}


static weir_usage_now_t
now_at(int64_t seconds)
{
    weir_usage_now_t  now;

    weir_usage_now(seconds, &now);

    return now;
}


static void
request(int64_t seconds, const char *tenant, const char *route, uint64_t sent)
{
    weir_row_name_t   name;
    weir_usage_now_t  now;

    now = now_at(seconds);
    weir_usage_name(t, WEIR_USAGE_ROUTES, weir_cstr(tenant),
                    weir_cstr(route), &name);
    weir_usage_request(t, &name, &now, 10, sent);
}


static void
units(int64_t seconds, const char *tenant, const char *limit, uint64_t n)
{
    weir_row_name_t   name;
    weir_usage_now_t  now;

    now = now_at(seconds);
    weir_usage_name(t, WEIR_USAGE_LIMITS, weir_cstr(tenant),
                    weir_cstr(limit), &name);
    weir_usage_units(t, &name, &now, n);
}


static weir_row_t *
row(unsigned kind, const char *tenant, const char *name)
{
    weir_str_t  labels[2];

    labels[0] = weir_cstr(tenant);
    labels[1] = weir_cstr(name);

    return weir_rows_find(weir_usage_rows(t), kind, labels,
                          kind == WEIR_USAGE_TENANTS ? 1 : 2);
}


/* Of the period that a moment is in. */
static weir_usage_count_t
used(int64_t seconds, unsigned kind, const char *tenant, const char *name,
    unsigned period)
{
    weir_usage_count_t  c;

    memset(&c, 0xff, sizeof(c));
    weir_usage_read(row(kind, tenant, name), kind, period,
                    now_at(seconds).number[period], &c);

    return c;
}


static uint64_t
day(int64_t seconds)
{
    return used(seconds, WEIR_USAGE_ROUTES, "acme", "orders",
                WEIR_USAGE_DAY).n[WEIR_USE_SENT];
}


static uint64_t
month(int64_t seconds)
{
    return used(seconds, WEIR_USAGE_ROUTES, "acme", "orders",
                WEIR_USAGE_MONTH).n[WEIR_USE_SENT];
}


static void
numbers_of_periods(void **state)
{
    size_t            i;
    int64_t           d, year;
    unsigned          m, of_month;
    weir_usage_now_t  now, last;

    static const struct {
        const char  *time;
        uint32_t     day;
        uint32_t     month;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "1970-01-31T23:59:59Z", 30, 0 },
        { "1970-02-01T00:00:00Z", 31, 1 },
        { "2000-02-29T23:59:59Z", 11016, 361 },
        { "2000-03-01T00:00:00Z", 11017, 362 },
        { "2024-02-29T12:00:00Z", 19782, 649 },
        { "2025-02-28T23:59:59Z", 20147, 661 },
        { "2025-03-01T00:00:00Z", 20148, 662 },
        { "2026-11-21T21:00:00Z", 20778, 682 },
        { "2026-12-31T23:59:59Z", 20818, 683 },
        { "2027-01-01T00:00:00Z", 20819, 684 },
        { "2100-02-28T23:59:59Z", 47540, 1561 },
        { "2100-03-01T00:00:00Z", 47541, 1562 },
        { "9999-12-31T23:59:59Z", 2932896, 96359 }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        weir_usage_now(at(rows[i].time), &now);
        assert_int_equal(now.number[WEIR_USAGE_DAY], rows[i].day);
        assert_int_equal(now.number[WEIR_USAGE_MONTH], rows[i].month);
    }

    weir_usage_now(-1, &now);
    assert_int_equal(now.number[WEIR_USAGE_DAY], 0);
    weir_usage_now(INT64_MIN, &now);
    assert_int_equal(now.number[WEIR_USAGE_MONTH], 0);
    weir_usage_now(INT64_MAX, &now);
    assert_int_equal(now.number[WEIR_USAGE_DAY], 2932896);

    /* a month begins on its first day, and then only */
    weir_usage_now(0, &last);

    for (d = 1; d < 100000; d++) {
        weir_usage_now(d * DAY, &now);
        weir_date(d, &year, &m, &of_month);
        assert_int_equal(now.number[WEIR_USAGE_DAY], d);
        assert_int_equal(now.number[WEIR_USAGE_MONTH],
                         last.number[WEIR_USAGE_MONTH] + (of_month == 1));
        last = now;
    }
}


static void
a_tenant_uses_what_it_uses(void **state)
{
    int64_t              now;
    unsigned             n;
    weir_row_t          *tenant, *child;
    weir_usage_count_t   c;

    (void) state;

    now = at("2026-11-21T21:00:00Z");
    request(now, "acme", "orders", 100);
    request(now, "acme", "orders", 200);
    request(now, "acme", "bills", 1000);
    request(now, "umbrella", "orders", 5);
    units(now, "acme", "quota", 7);
    units(now, "acme", "quota", 3);
    units(now, "acme", "unused", 0);

    c = used(now, WEIR_USAGE_ROUTES, "acme", "orders", WEIR_USAGE_DAY);
    assert_true(c.n[WEIR_USE_REQUESTS] == 2);
    assert_true(c.n[WEIR_USE_RECEIVED] == 20);
    assert_true(c.n[WEIR_USE_SENT] == 300);
    c = used(now, WEIR_USAGE_ROUTES, "acme", "orders", WEIR_USAGE_MONTH);
    assert_true(c.n[WEIR_USE_REQUESTS] == 2);
    assert_true(c.n[WEIR_USE_RECEIVED] == 20);
    assert_true(c.n[WEIR_USE_SENT] == 300);
    c = used(now, WEIR_USAGE_LIMITS, "acme", "quota", WEIR_USAGE_MONTH);
    assert_true(c.n[0] == 10 && c.n[1] == 0 && c.n[2] == 0);
    assert_null(row(WEIR_USAGE_LIMITS, "acme", "unused"));

    /* a tenant has its rows */
    tenant = row(WEIR_USAGE_TENANTS, "acme", "");
    assert_non_null(tenant);
    n = 0;

    for (child = weir_rows_child(weir_usage_rows(t), tenant);
         child;
         child = weir_rows_sibling(weir_usage_rows(t), child))
    {
        n = n * 10 + 1 + weir_row_kind(child);
        assert_true(weir_str_eq(weir_row_label(child, 0),
                                weir_string("acme")));
    }

    assert_int_equal(n, 211);
    weir_usage_read(tenant, WEIR_USAGE_TENANTS, WEIR_USAGE_DAY, 20778, &c);
    assert_true(c.n[0] == 0 && c.n[1] == 0 && c.n[2] == 0);
    assert_true(weir_usage_folded(t) == 0);
}


static void
a_period_follows_another(void **state)
{
    int64_t  now, i;

    (void) state;

    now = at("2026-11-21T21:00:00Z");

    for (i = 0; i < 9000; i++) {
        request(now, "acme", "orders", 100 + (uint64_t) i);
        assert_true(day(now) == 100 + (uint64_t) i);
        assert_true(day(now - DAY) == (i ? 99 + (uint64_t) i : 0));
        assert_true(day(now - 2 * DAY) == 0);
        assert_true(day(now + DAY) == 0);
        now += DAY;
    }

    /* a row that is new on any day */
    for (now = 4000 * DAY; now < 4200 * DAY; now += DAY) {
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
        request(now, "acme", "orders", 7);
        assert_true(day(now) == 7);
        assert_true(day(now - DAY) == 0);
    }

    /* a month is the sum of its days; the last one is there */
    assert_int_equal(teardown(NULL), 0);
    assert_int_equal(setup(NULL), 0);

    for (now = at("2027-12-01T00:00:00Z");
         now < at("2028-03-15T00:00:00Z");
         now += DAY / 2)
    {
        request(now, "acme", "orders", 1);
    }

    now -= DAY;
    assert_true(month(now) == 28);
    assert_true(month(at("2028-02-29T23:59:59Z")) == 58);
    assert_true(month(at("2028-01-31T00:00:00Z")) == 0);
    assert_true(day(now) == 2);
}


static void
a_clock_that_is_set_back_takes_nothing_away(void **state)
{
    int64_t  now;

    (void) state;

    now = at("2026-11-21T21:00:00Z");
    request(now, "acme", "orders", 1);
    request(now + DAY, "acme", "orders", 2);

    /* by a day: it goes on there */
    request(now, "acme", "orders", 4);
    assert_true(day(now) == 5);
    assert_true(day(now + DAY) == 2);

    /* by some: it is counted for the day that is there */
    request(now - DAY, "acme", "orders", 8);
    request(now - 50 * DAY, "acme", "orders", 16);
    assert_true(day(now) == 21);
    assert_true(day(now + DAY) == 10);
    assert_true(day(now - DAY) == 0);

    /* and on */
    request(now + 2 * DAY, "acme", "orders", 32);
    assert_true(day(now + 2 * DAY) == 32);
    assert_true(day(now + DAY) == 10);
    assert_true(month(now) == 47);

    /* a clock that was wrong by years */
    request(at("2031-01-20T00:00:00Z"), "acme", "orders", 64);
    request(at("2031-01-21T00:00:00Z"), "acme", "orders", 64);
    request(now, "acme", "orders", 128);
    request(now + DAY, "acme", "orders", 256);
    assert_true(day(now) == 128);
    assert_true(day(now + DAY) == 256);

    /* from its beginning */
    request(0, "acme", "orders", 64);
    request(now, "acme", "orders", 512);
    assert_true(day(now) >= 512);
}


static void
a_count_does_not_go_beyond_its_bits(void **state)
{
    int64_t  now;

    (void) state;

    now = at("2026-11-21T21:00:00Z");
    request(now, "acme", "orders", COUNT_MAX - 1);
    assert_true(day(now) == COUNT_MAX - 1);
    request(now, "acme", "orders", 1);
    assert_true(day(now) == COUNT_MAX);
    request(now, "acme", "orders", 1);
    request(now, "acme", "orders", UINT64_MAX);
    assert_true(day(now) == COUNT_MAX);
    assert_true(month(now) == COUNT_MAX);
    request(now + DAY, "acme", "orders", UINT64_MAX);
    assert_true(day(now + DAY) == COUNT_MAX);
    assert_true(day(now) == COUNT_MAX);
}


static void
marks_are_beside_counts(void **state)
{
    int64_t    now;
    uint64_t  *marks[16];
    unsigned   kind, period, back, n, i;
    uint32_t   number;

    (void) state;

    now = at("2026-11-21T21:00:00Z");
    n = 0;

    for (back = 0; back < 2; back++) {
        request(now - back * MONTH - back * DAY, "acme", "orders", 100);
        units(now - back * MONTH - back * DAY, "acme", "orders", 200);
    }

    for (kind = 0; kind < WEIR_USAGE_TENANTS; kind++) {
        for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
            for (back = 0; back < 2; back++) {
                number = now_at(now).number[period] - back;
                marks[n] = weir_usage_mark(row(kind, "acme", "orders"), kind,
                                           period, number);
                assert_true(*marks[n] == 0);
                *marks[n] = 1000 + n;

                /* that of the period before the last */
                assert_ptr_equal(weir_usage_mark(row(kind, "acme", "orders"),
                                                 kind, period, number + 2),
                                 marks[n]);
                n++;
            }
        }
    }

    request(now, "acme", "orders", 100);
    units(now, "acme", "orders", 200);

    for (i = 0; i < n; i++) {
        assert_true(*marks[i] == 1000 + i);
    }

    assert_true(month(now) == 200 && month(now - MONTH) == 100);
    assert_true(used(now, WEIR_USAGE_LIMITS, "acme", "orders",
                     WEIR_USAGE_DAY).n[0] == 400);
}


static uint64_t
sum_of(unsigned kind, unsigned use, int64_t seconds)
{
    uint64_t             sum;
    weir_row_t          *r;
    weir_rows_t         *rows;
    weir_usage_count_t   c;

    sum = 0;
    rows = weir_usage_rows(t);

    for (r = weir_rows_first(rows, kind); r; r = weir_rows_next(rows, r)) {
        weir_usage_read(r, kind, WEIR_USAGE_DAY,
                        now_at(seconds).number[WEIR_USAGE_DAY], &c);
        sum += c.n[use];
    }

    return sum;
}


static void
want_of_memory_folds(void **state)
{
    char           text[32], *mem;
    size_t         size, k;
    int64_t        now;
    unsigned       i;
    weir_usage_t  *old;

    (void) state;

    old = t;
    now = at("2026-11-21T21:00:00Z");
    mem = shared(SIZE);

    for (size = 0; size < 4096 + 128; size += 64) {
        assert_null(weir_usage_init(mem, size));
    }

    munmap(mem, SIZE);

    for (size = 6000; size < 200000; size += size / 2) {
        mem = shared(SIZE);
        memset(mem + size, 0x5a, 4096);
        t = weir_usage_init(mem, size);
        assert_ptr_equal(t, mem);

        for (i = 0; i < 2000; i++) {
            (void) snprintf(text, sizeof(text), "t%u", i);
            request(now, text, "orders", 1);
            units(now, text, "quota", 3);
        }

        assert_true(weir_usage_folded(t) > 1000);
        assert_true(sum_of(WEIR_USAGE_ROUTES, WEIR_USE_REQUESTS, now)
                    == 2000);
        assert_true(sum_of(WEIR_USAGE_LIMITS, 0, now) == 6000);
        assert_non_null(row(WEIR_USAGE_ROUTES, WEIR_OTHER, "orders"));

        for (i = 0; i < 2000; i++) {
            (void) snprintf(text, sizeof(text), "r%u", i);
            request(now, "acme", text, 1);
        }

        assert_true(sum_of(WEIR_USAGE_ROUTES, WEIR_USE_REQUESTS, now)
                    == 4000);
        assert_true(used(now, WEIR_USAGE_ROUTES, WEIR_OTHER, WEIR_OTHER,
                         WEIR_USAGE_DAY).n[0] > 0);

        for (k = size; k < size + 4096; k++) {
            assert_int_equal(mem[k], 0x5a);
        }

        munmap(mem, SIZE);
    }

    t = old;
}


static void
processes_count_while_periods_begin(void **state)
{
    int       status;
    pid_t     pids[2];
    int64_t   begin;
    unsigned  i, k, round;

    (void) state;

    begin = at("2026-11-30T12:00:00Z");

    /* each process is in two days, a bit apart from the other */
    for (round = 0; round < 30; round++) {
        for (i = 0; i < 2; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);

            if (pids[i] == 0) {
                for (k = 0; k < 4000; k++) {
                    request(begin + (k >= 2000 - i * 100 ? DAY : 0), "acme",
                            "orders", k);
                    units(begin + (k >= 2000 - i * 100 ? DAY : 0), "acme",
                          "quota", 2);
                }

                _exit(0);
            }
        }

        for (i = 0; i < 2; i++) {
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }

        assert_true(day(begin) + day(begin + DAY) == 2 * 3999 * 2000);
        assert_true(used(begin, WEIR_USAGE_ROUTES, "acme", "orders",
                         WEIR_USAGE_DAY).n[0] == 3900);
        assert_true(used(begin + DAY, WEIR_USAGE_ROUTES, "acme", "orders",
                         WEIR_USAGE_DAY).n[0] == 4100);
        assert_true(used(begin + DAY, WEIR_USAGE_LIMITS, "acme", "quota",
                         WEIR_USAGE_DAY).n[0] == 8200);

        if (round == 0) {
            assert_true(used(begin, WEIR_USAGE_LIMITS, "acme", "quota",
                             WEIR_USAGE_MONTH).n[0] == 7800);
        }

        begin += 2 * DAY;
    }
}


int
main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest  tests[] = {
        TEST(numbers_of_periods),
        TEST(a_tenant_uses_what_it_uses),
        TEST(a_period_follows_another),
        TEST(a_clock_that_is_set_back_takes_nothing_away),
        TEST(a_count_does_not_go_beyond_its_bits),
        TEST(marks_are_beside_counts),
        TEST(want_of_memory_folds),
        TEST(processes_count_while_periods_begin)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
