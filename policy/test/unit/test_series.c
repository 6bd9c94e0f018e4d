/*
 * test_series.c: what is counted by tenant is counted once, and never makes
 * more series than there may be.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "meanwhile.h"
#include "shared.h"

#define __atomic_compare_exchange_n(...)                                      \
    (come(), __atomic_compare_exchange_n(__VA_ARGS__))

#include "run/series.c"

#define SIZE   (4 << 20)

#define REQUEST  ((uint64_t) REQUEST_COST)

static weir_series_t  *t;


static void
begin(uint64_t max)
{
    t = weir_series_init(shared(SIZE), SIZE, max);
    assert_non_null(t);
}


static int
teardown(void **state)
{
    (void) state;

    munmap(t, SIZE);

    return 0;
}


static void
request(const char *tenant, const char *route, unsigned status, uint64_t took)
{
    weir_row_name_t        name;
    weir_series_request_t  r;

    r.tenant = weir_cstr(tenant);
    r.route = weir_cstr(route);
    r.arm = weir_string("");
    r.code = weir_code_of(status);
    r.took = took;
    r.received = 100;
    r.sent = 1000;

    weir_series_name_request(t, &r, &name);
    weir_series_request(t, &name, &r);
}


static void
decision(const char *tenant, const char *rule)
{
    weir_row_name_t         name;
    weir_series_decision_t  d;

    d.tenant = weir_cstr(tenant);
    d.route = weir_string("orders");
    d.verdict = weir_string("deny");
    d.reason = weir_string("rule");
    d.rule = weir_cstr(rule);
    d.limit = weir_string("");

    weir_series_name_decision(t, &d, &name);
    weir_series_decision(t, &name);
}


/* capacity: -1 of one that is not whole */
static void
limit(const char *tenant, const char *name, weir_limit_verdict_t verdict,
    uint64_t remaining, int64_t capacity)
{
    weir_row_name_t      row;
    weir_series_limit_t  l;

    l.tenant = weir_cstr(tenant);
    l.limit = weir_cstr(name);
    l.verdict = verdict;
    l.units = 3;
    l.whole = capacity >= 0;
    l.remaining = remaining;
    l.capacity = capacity >= 0 ? (uint64_t) capacity : 0;

    weir_series_name_limit(t, &l, &row);
    weir_series_limit(t, &row, &l);
}


/* The words of the row with these labels, by commas; NULL: there is none. */
static uint64_t *
words_of(unsigned kind, const char *labels)
{
    unsigned     n;
    const char  *end;
    weir_row_t  *row;
    weir_str_t   all[WEIR_ROW_LABELS];

    for (n = 0; /* void */ ; n++) {
        end = strchr(labels, ',');
        all[n] = end ? weir_str(labels, (size_t) (end - labels))
                     : weir_cstr(labels);

        if (end == NULL) {
            break;
        }

        labels = end + 1;
    }

    row = weir_rows_find(weir_series_rows(t), kind, all, n + 1);

    return row ? weir_row_words(row) : NULL;
}


static weir_series_use_t
use(void)
{
    weir_series_use_t  out;

    weir_series_use(t, &out);
    assert_true(out.series <= out.max);

    return out;
}


/* What a word of a kind's rows sums up to. */
static uint64_t
sum_of(unsigned kind, unsigned first, unsigned n)
{
    uint64_t      sum;
    unsigned      i;
    weir_row_t   *row;
    weir_rows_t  *rows;

    sum = 0;
    rows = weir_series_rows(t);

    for (row = weir_rows_first(rows, kind);
         row;
         row = weir_rows_next(rows, row))
    {
        for (i = first; i < first + n; i++) {
            sum += weir_row_words(row)[i];
        }
    }

    return sum;
}


/* What the rows that were counted in make of series. */
static uint64_t
series_of_rows(void)
{
    uint64_t      n;
    unsigned      kind;
    weir_row_t   *row;
    weir_rows_t  *rows;

    n = 0;
    rows = weir_series_rows(t);

    for (kind = 0; kind < WEIR_SERIES_KINDS; kind++) {
        for (row = weir_rows_first(rows, kind);
             row;
             row = weir_rows_next(rows, row))
        {
            n += kinds[kind].cost;

            if (kind == WEIR_SERIES_LIMITS
                && weir_row_words(row)[WEIR_SERIES_CAPACITY] != 0)
            {
                n += GAUGES_COST;
            }
        }
    }

    return n;
}


static void
a_request_is_counted(void **state)
{
    uint64_t  *words;

    (void) state;

    begin(1000);
    assert_int_equal(use().series, 0);

    request("acme", "orders", 200, 0);
    request("acme", "orders", 204, 1);
    request("acme", "orders", 200, 2);
    request("acme", "orders", 200, 10000);
    request("acme", "orders", 200, 10001);
    words = words_of(WEIR_SERIES_REQUESTS, "acme,orders,,2xx");
    assert_true(words[WEIR_SERIES_MS] == 20004);
    assert_true(words[WEIR_SERIES_RECEIVED] == 500);
    assert_true(words[WEIR_SERIES_SENT] == 5000);
    assert_true(words[WEIR_SERIES_TIMES] == 2);
    assert_true(words[WEIR_SERIES_TIMES + 1] == 1);
    assert_true(words[WEIR_SERIES_TIMES + 12] == 1);
    assert_true(words[WEIR_SERIES_TIMES + 13] == 1);
    assert_true(use().series == REQUEST);

    request("acme", "orders", 0, 5);
    request("acme", "orders", 600, 5);
    request("acme", "orders", 101, 5);
    assert_non_null(words_of(WEIR_SERIES_REQUESTS, "acme,orders,,none"));
    assert_non_null(words_of(WEIR_SERIES_REQUESTS, "acme,orders,,1xx"));
    assert_true(use().series == 3 * REQUEST);

    decision("acme", "admins");
    decision("acme", "admins");
    words = words_of(WEIR_SERIES_DECISIONS, "acme,orders,deny,rule,admins,");
    assert_true(words[0] == 2);
    assert_true(use().series == 3 * REQUEST + 1);
    assert_int_equal(use().folded, 0);
}


static void
gauges_come_and_go(void **state)
{
    uint64_t  *words;

    (void) state;

    begin(1000);
    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 0, -1);
    limit("acme", "rate", WEIR_LIMIT_REFUSED_VERDICT, 0, 0);
    words = words_of(WEIR_SERIES_LIMITS, "acme,rate");
    assert_true(words[WEIR_LIMIT_ALLOWED_VERDICT] == 1);
    assert_true(words[WEIR_LIMIT_REFUSED_VERDICT] == 1);
    assert_true(words[WEIR_SERIES_UNITS] == 6);
    assert_int_equal(use().series, LIMIT_COST);

    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 7, 10);
    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 6, 20);
    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 5, -1);
    assert_true(words[WEIR_SERIES_REMAINING] == 6);
    assert_true(words[WEIR_SERIES_CAPACITY] == 20);
    assert_int_equal(use().series, LIMIT_COST + 2);

    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 0, 0);
    assert_true(words[WEIR_SERIES_CAPACITY] == 0);
    assert_int_equal(use().series, LIMIT_COST);
    assert_true(use().series == series_of_rows() - WEIR_SERIES_LEAST);
}


static void
they_begin_gauges(void)
{
    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 5, 10);
}


static void
they_end_gauges(void)
{
    limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 0, 0);
}


static void
two_who_turn_gauges_agree(void **state)
{
    unsigned  i, from, to, they;

    (void) state;

    for (i = 0; i < 16; i++) {
        begin(1000);
        from = i & 1 ? 10 : 0;
        to = i & 2 ? 20 : 0;
        they = i & 4;

        limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 5, from);
        meanwhile = they ? they_begin_gauges : they_end_gauges;
        exchanges = i >> 3;
        limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 5, to);
        meanwhile = NULL;
        assert_true(use().series == series_of_rows() - WEIR_SERIES_LEAST);
        limit("acme", "rate", WEIR_LIMIT_ALLOWED_VERDICT, 5, to);
        assert_true(use().series == LIMIT_COST + (to ? 2 : 0));
        munmap(t, SIZE);
    }

    begin(0);
}


static void
more_than_there_may_be_are_folded(void **state)
{
    char                text[32];
    uint64_t            max, i, *words;
    weir_series_use_t   now;

    (void) state;

    for (max = 0; max < 3000; max += max / 4 + 13) {
        begin(max);

        for (i = 0; i < 500; i++) {
            (void) snprintf(text, sizeof(text), "t%llu",
                            (unsigned long long) i % 250);
            request(text, i % 3 ? "orders" : "bills", 200, i);
            limit(text, "rate", WEIR_LIMIT_ALLOWED_VERDICT, i, 1000);
            decision(text, i % 5 ? "admins" : "");
            now = use();
            assert_true(now.max == (max < WEIR_SERIES_LEAST
                                    ? WEIR_SERIES_LEAST : max));
        }

        /* nothing is lost, and no series is forgotten */
        assert_true(sum_of(WEIR_SERIES_REQUESTS, WEIR_SERIES_TIMES,
                           WEIR_NTIMES) == 500);
        assert_true(sum_of(WEIR_SERIES_DECISIONS, 0, 1) == 500);
        assert_true(sum_of(WEIR_SERIES_LIMITS, 0, 1) == 500);
        assert_true(sum_of(WEIR_SERIES_LIMITS, WEIR_SERIES_UNITS, 1) == 1500);
        assert_true(series_of_rows() - WEIR_SERIES_LEAST == t->series);
        assert_true(now.folded > 0);

        /* they are folded by tenant as far as that goes */
        if (max > 800) {
            words = words_of(WEIR_SERIES_REQUESTS, "_other,orders,,2xx");
            assert_non_null(words);
            words = words_of(WEIR_SERIES_LIMITS, "_other,rate");
            assert_true(words[WEIR_SERIES_CAPACITY] == 0);
            assert_true(words[0] > 0);
            words = words_of(WEIR_SERIES_REQUESTS,
                             "_other,_other,_other,_other");
            assert_true(words[WEIR_SERIES_SENT] == 0);
        }

        if (max < 30) {
            words = words_of(WEIR_SERIES_REQUESTS,
                             "_other,_other,_other,_other");
            assert_true(words[WEIR_SERIES_SENT] > 0);
            assert_true(now.series >= LIMIT_COST);
        }

        munmap(t, SIZE);
    }

    begin(0);
}


static void
another_bound(void **state)
{
    weir_series_use_t  now;

    (void) state;

    begin(0);
    request("acme", "orders", 200, 1);
    assert_int_equal(use().folded, 1);
    assert_true(use().series == REQUEST);

    weir_series_bound(t, 1000);
    request("acme", "orders", 200, 1);
    request("umbrella", "orders", 200, 1);
    assert_int_equal(use().folded, 1);
    assert_true(use().series == 3 * REQUEST);
    assert_int_equal(use().max, 1000);

    /* a lower one: what is there stays */
    weir_series_bound(t, 30);
    request("acme", "orders", 200, 1);
    request("hooli", "orders", 200, 1);
    weir_series_use(t, &now);
    assert_true(now.series == 3 * REQUEST);
    assert_int_equal(now.folded, 2);
    assert_int_equal(now.max, 30);
}


static void
want_of_memory_folds(void **state)
{
    char      *mem, text[32];
    size_t     size, k;
    uint64_t   i;

    (void) state;

    for (size = 0; size < 4096 + 128; size += 64) {
        mem = shared(SIZE);
        assert_null(weir_series_init(mem, size, 1000));
        munmap(mem, SIZE);
    }

    for (size = 6000; size < 200000; size += size / 2) {
        mem = shared(SIZE);
        memset(mem + size, 0x5a, 4096);
        t = weir_series_init(mem, size, UINT64_MAX);
        assert_ptr_equal(t, mem);

        for (i = 0; i < 2000; i++) {
            (void) snprintf(text, sizeof(text), "t%llu",
                            (unsigned long long) i);
            request(text, "orders", 200, i);
            decision(i % 2 ? "" : text, text);
            limit(text, "rate", WEIR_LIMIT_ALLOWED_VERDICT, i, 1000);
        }

        assert_true(use().folded > 0);
        assert_non_null(words_of(WEIR_SERIES_REQUESTS, "_other,orders,,2xx"));
        assert_non_null(words_of(WEIR_SERIES_LIMITS, "_other,rate"));
        assert_true(sum_of(WEIR_SERIES_REQUESTS, WEIR_SERIES_TIMES,
                           WEIR_NTIMES) == 2000);
        assert_true(sum_of(WEIR_SERIES_DECISIONS, 0, 1) == 2000);
        assert_true(sum_of(WEIR_SERIES_LIMITS, 0, 1) == 2000);
        assert_true(series_of_rows() - WEIR_SERIES_LEAST == t->series);

        for (k = size; k < size + 4096; k++) {
            assert_int_equal(mem[k], 0x5a);
        }

        munmap(mem, SIZE);
    }

    begin(0);
}


static void
processes_never_make_too_many(void **state)
{
    int       status;
    char      text[32];
    pid_t     pids[4];
    unsigned  i, k, round;

    (void) state;

    for (round = 0; round < 12; round++) {
        begin(2000);

        for (i = 0; i < 4; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);

            if (pids[i] != 0) {
                continue;
            }

            for (k = 0; k < 3000; k++) {
                (void) snprintf(text, sizeof(text), "t%u",
                                (unsigned) (weir_mix(k + round) % 150));
                request(text, "orders", 200, k);
                decision(text, "admins");
                limit(text, "rate", WEIR_LIMIT_ALLOWED_VERDICT, k,
                      weir_mix(k + i) % 2);

                if (use().series > 2000) {
                    _exit(1);
                }
            }

            _exit(0);
        }

        for (i = 0; i < 4; i++) {
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }

        assert_true(sum_of(WEIR_SERIES_REQUESTS, WEIR_SERIES_TIMES,
                           WEIR_NTIMES) == 12000);
        assert_true(sum_of(WEIR_SERIES_DECISIONS, 0, 1) == 12000);
        assert_true(sum_of(WEIR_SERIES_LIMITS, 0, 1) == 12000);
        assert_true(series_of_rows() - WEIR_SERIES_LEAST == t->series);
        assert_true(use().folded > 0);
        munmap(t, SIZE);
    }

    begin(0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_teardown(a_request_is_counted, teardown),
        cmocka_unit_test_teardown(gauges_come_and_go, teardown),
        cmocka_unit_test_teardown(two_who_turn_gauges_agree, teardown),
        cmocka_unit_test_teardown(more_than_there_may_be_are_folded,
                                  teardown),
        cmocka_unit_test_teardown(another_bound, teardown),
        cmocka_unit_test_teardown(want_of_memory_folds, teardown),
        cmocka_unit_test_teardown(processes_never_make_too_many, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
