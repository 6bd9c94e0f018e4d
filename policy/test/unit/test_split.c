/*
 * test_split.c: which arm a key has: shares, what moves, what never changes;
 * pins.
 */

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "run/split.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define KEYS     100000


static weir_id_t
salt(const char *text)
{
    weir_id_t  id;

    assert_int_equal(weir_id_make("salt", weir_cstr(text), &id), WEIR_OK);

    return id;
}


static uint32_t
bucket_of(const weir_id_t *id, unsigned key)
{
    int   n;
    char  text[32];

    n = snprintf(text, sizeof(text), "user-%u", key);

    return weir_split_bucket(id, weir_str(text, (size_t) n));
}


/* Weights of 0 and 100 % are exact, others as good as chance is. */
static void
shares(void **state)
{
    size_t     s, w;
    double     p, sigma;
    uint32_t   weights[2];
    unsigned   i, n;
    weir_id_t  id;

    static const char *const  salts[] = { "checkout", "search", "" };
    static const uint32_t     ws[] = { 0, 100, 500, 5000, 9500, 9900, 10000 };

    (void) state;

    for (s = 0; s < N_OF(salts); s++) {
        id = salt(salts[s]);

        for (w = 0; w < N_OF(ws); w++) {
            weights[0] = WEIR_BUCKETS - ws[w];
            weights[1] = ws[w];

            for (i = 0, n = 0; i < KEYS; i++) {
                n += weir_split_arm(weights, 2, bucket_of(&id, i));
            }

            p = (double) ws[w] / WEIR_BUCKETS;
            sigma = sqrt(KEYS * p * (1 - p));

            if (fabs(n - KEYS * p) > 3 * sigma) {
                fail_msg("salt \"%s\": %u of %u keys at %u", salts[s], n, KEYS,
                         ws[w]);
            }
        }
    }
}


/* Every bucket is as likely: chi-squared of 10000 of them, some 5 sigma. */
static void
buckets(void **state)
{
    double     chi;
    unsigned   i;
    weir_id_t  id;

    static unsigned  seen[WEIR_BUCKETS];

    (void) state;

    id = salt("even");

    for (i = 0; i < 10 * KEYS; i++) {
        seen[bucket_of(&id, i)]++;
    }

    for (i = 0, chi = 0; i < WEIR_BUCKETS; i++) {
        chi += (seen[i] - 100.0) * (seen[i] - 100.0) / 100;
    }

    assert_true(fabs(chi - WEIR_BUCKETS) < 5 * sqrt(2.0 * WEIR_BUCKETS));
}


/* Keys that two salts give the same arm: no more than chance would. */
static void
salts(void **state)
{
    unsigned   i, same;
    weir_id_t  a, b;

    (void) state;

    a = salt("a");
    b = salt("b");

    for (i = 0, same = 0; i < KEYS; i++) {
        same += (bucket_of(&a, i) < 5000) == (bucket_of(&b, i) < 5000);
    }

    assert_true(fabs(same - KEYS / 2.0) < 3 * sqrt(KEYS / 4.0));
}


/* Arms have just as many buckets as they weigh, however many there are. */
static void
exact(void **state)
{
    size_t    i;
    uint32_t  b, n, arm, count[WEIR_MAX_ARMS];

    static const struct {
        uint32_t  n;
        uint32_t  weights[WEIR_MAX_ARMS];
    } rows[] = {
        { 2, { 10000, 0 } },
        { 2, { 0, 10000 } },
        { 2, { 9995, 5 } },
        { 3, { 0, 0, 10000 } },
        { 3, { 0, 10000, 0 } },
        { 3, { 9000, 500, 500 } },
        { 4, { 1, 2, 3, 9994 } },
        { 5, { 0, 2500, 2500, 2500, 2500 } },
        { 8, { 1250, 1250, 1250, 1250, 1250, 1250, 1250, 1250 } },
        { 8, { 0, 0, 0, 0, 0, 0, 0, 10000 } },
        { 8, { 0, 0, 0, 0, 0, 0, 10000, 0 } },
        { 8, { 1, 9993, 1, 1, 1, 1, 1, 1 } },
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        n = rows[i].n;
        memset(count, 0, sizeof(count));

        for (b = 0; b < WEIR_BUCKETS; b++) {
            arm = weir_split_arm(rows[i].weights, n, b);
            assert_true(arm < n);
            count[arm]++;
        }

        assert_memory_equal(count, rows[i].weights, n * sizeof(count[0]));
    }
}


/* How many buckets have another arm; all go from one to the other. */
static uint32_t
moved(const uint32_t *before, const uint32_t *after, uint32_t n, uint32_t from,
    uint32_t to)
{
    uint32_t  a, b, bucket, count;

    count = 0;

    for (bucket = 0; bucket < WEIR_BUCKETS; bucket++) {
        a = weir_split_arm(before, n, bucket);
        b = weir_split_arm(after, n, bucket);

        if (a != b) {
            assert_int_equal(a, from);
            assert_int_equal(b, to);
            count++;
        }
    }

    return count;
}


/* What a weight grows by moves, and nothing else. */
static void
moves(void **state)
{
    uint32_t  arm, from, n, to, before[3], after[3];

    (void) state;

    for (n = 2; n <= 3; n++) {
        for (arm = 1; arm < n; arm++) {
            for (from = 0; from <= 8000; from += 125) {
                for (to = from; to <= 8000; to += 725) {
                    before[1] = before[2] = n == 3 ? 2000 : 0;
                    before[arm] = from;
                    before[0] = WEIR_BUCKETS - before[1] - before[2];
                    memcpy(after, before, sizeof(after));
                    after[arm] = to;
                    after[0] -= to - from;

                    assert_int_equal(moved(before, after, n, 0, arm),
                                     to - from);
                    assert_int_equal(moved(after, before, n, arm, 0),
                                     to - from);
                }
            }
        }
    }
}


/* Whoever has an arm today has it tomorrow: these never change. */
static void
stable(void **state)
{
    size_t     i;
    weir_id_t  id;

    static const struct {
        const char  *salt;
        const char  *key;
        uint32_t     bucket;
    } rows[] = {
        { "checkout", "user-1", 9447 },
        { "search", "user-1", 687 },
        { "checkout", "user-2", 2577 },
        { "checkout", "tenant/acme", 987 },
        { "checkout", "192.0.2.1", 5732 },
        { "checkout", "ann@example.com", 6516 },
        { "checkout", "", 2959 },
        { "checkout", "\xc3\xa9\xe2\x82\xac", 6544 },
        { "checkout", "0123456789abcdef0123456789abcdef", 9945 },
        { "", "user-1", 8000 },
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        id = salt(rows[i].salt);

        if (weir_split_bucket(&id, weir_cstr(rows[i].key)) != rows[i].bucket) {
            fail_msg("\"%s\", \"%s\": %u", rows[i].salt, rows[i].key,
                     weir_split_bucket(&id, weir_cstr(rows[i].key)));
        }
    }
}


static void
pins(void **state)
{
    char        pin[WEIR_PIN_LEN], other[WEIR_PIN_LEN], longer[70];
    size_t      i;
    weir_id_t   a, b;
    weir_str_t  id, none;

    (void) state;

    a = salt("a salt that nobody knows");
    b = salt("a salt that nobody knew");
    none = weir_str("none", 4);

    weir_pin_make(&a, weir_string("seed 1"), pin);
    weir_pin_make(&a, weir_string("seed 2"), other);
    assert_memory_not_equal(pin, other, WEIR_PIN_ID);

    id = none;
    assert_int_equal(weir_pin_check(&a, weir_str(pin, WEIR_PIN_LEN), &id),
                     WEIR_OK);
    assert_int_equal(id.len, WEIR_PIN_ID);
    assert_memory_equal(id.data, pin, WEIR_PIN_ID);

    id = none;
    assert_int_equal(weir_pin_check(&b, weir_str(pin, WEIR_PIN_LEN), &id),
                     WEIR_DECLINED);

    /* each byte counts, in every bit */
    for (i = 0; i < WEIR_PIN_LEN * 8; i++) {
        memcpy(other, pin, WEIR_PIN_LEN);
        other[i / 8] = (char) (other[i / 8] ^ 1 << i % 8);
        assert_int_equal(weir_pin_check(&a, weir_str(other, WEIR_PIN_LEN),
                                        &id), WEIR_DECLINED);
    }

    memcpy(longer, pin, WEIR_PIN_LEN);
    longer[WEIR_PIN_LEN] = 'a';

    for (i = 0; i <= WEIR_PIN_LEN + 1; i++) {
        if (i != WEIR_PIN_LEN) {
            assert_int_equal(weir_pin_check(&a, weir_str(longer, i), &id),
                             WEIR_DECLINED);
        }
    }

    assert_ptr_equal(id.data, none.data);

    /* nor do those change that browsers have */
    weir_pin_make(&a, weir_string(""), pin);
    assert_memory_equal(pin, "4f22a51046e59fa6da0848713aca6920."
                             "f23e912dc92bc6e7abe5eb84d60f5eac", WEIR_PIN_LEN);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(buckets),
        cmocka_unit_test(salts),
        cmocka_unit_test(exact),
        cmocka_unit_test(moves),
        cmocka_unit_test(stable),
        cmocka_unit_test(pins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
