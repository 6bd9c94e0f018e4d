/*
 * test_phash.c: perfect hashes of 0 to 100,000 keys.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "image/format.h"
#include "image/phash.h"


static weir_str_t *
make_keys(weir_arena_t *a, uint32_t n)
{
    uint32_t     i;
    weir_str_t  *keys;

    keys = weir_arena_array(a, n + 1, sizeof(weir_str_t));

    for (i = 0; i < n; i++) {
        keys[i] = weir_arena_printf(a, "tenant-%u", i);
    }

    return keys;
}


static void
finds_every_key(void **state)
{
    uint32_t             i, j, n, used;
    weir_str_t          *keys;
    weir_arena_t        *a;
    weir_phash_t         h;
    static const uint32_t  sizes[] = { 0, 1, 2, 3, 4, 10, 1000, 100000 };

    (void) state;

    for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
        a = weir_arena_create();
        n = sizes[j];
        keys = make_keys(a, n);

        assert_int_equal(weir_phash_build(a, keys, n, &h), WEIR_OK);

        for (i = 0; i < n; i++) {
            assert_int_equal(weir_phash_find(&h, keys[i]), i);
        }

        used = 0;

        for (i = 0; i < h.nslots; i++) {
            used += h.slots[i] != WEIR_NONE;
        }

        assert_int_equal(used, n);
        weir_arena_destroy(a);
    }
}


static void
nothing_has_no_tables(void **state)
{
    weir_phash_t   h;
    weir_arena_t  *a;

    (void) state;

    a = weir_arena_create();
    memset(&h, 0xff, sizeof(h));

    assert_int_equal(weir_phash_build(a, NULL, 0, &h), WEIR_OK);
    assert_int_equal(h.nslots, 0);
    assert_int_equal(h.buckets, 0);
    assert_int_equal(weir_phash_find(&h, weir_string("x")), WEIR_NONE);
    assert_int_equal(weir_phash_find(&h, weir_str("", 0)), WEIR_NONE);

    weir_arena_destroy(a);
}


static void
empty_key_is_a_key(void **state)
{
    weir_str_t     keys[2];
    weir_phash_t   h;
    weir_arena_t  *a;

    (void) state;

    a = weir_arena_create();
    keys[0] = weir_str("", 0);
    keys[1] = weir_string("x");

    assert_int_equal(weir_phash_build(a, keys, 2, &h), WEIR_OK);
    assert_int_equal(weir_phash_find(&h, keys[0]), 0);
    assert_int_equal(weir_phash_find(&h, keys[1]), 1);

    weir_arena_destroy(a);
}


static void
same_keys_same_tables(void **state)
{
    weir_str_t    *keys;
    weir_phash_t   x, y;
    weir_arena_t  *a;

    (void) state;

    a = weir_arena_create();
    keys = make_keys(a, 5000);

    assert_int_equal(weir_phash_build(a, keys, 5000, &x), WEIR_OK);
    assert_int_equal(weir_phash_build(a, keys, 5000, &y), WEIR_OK);

    assert_true(x.seed == y.seed);
    assert_int_equal(x.nslots, y.nslots);
    assert_int_equal(x.buckets, y.buckets);
    assert_memory_equal(x.slots, y.slots, x.nslots * sizeof(uint32_t));
    assert_memory_equal(x.displace, y.displace,
                        x.buckets * sizeof(uint32_t));

    weir_arena_destroy(a);
}


static void
equal_keys_are_refused(void **state)
{
    uint32_t       i;
    weir_str_t    *keys;
    weir_phash_t   h;
    weir_arena_t  *a;

    (void) state;

    a = weir_arena_create();
    keys = make_keys(a, 2000);
    memset(&h, 0xff, sizeof(h));

    keys[1999] = keys[3];
    assert_int_equal(weir_phash_build(a, keys, 2000, &h), WEIR_ERROR);
    assert_int_equal(weir_phash_build(a, &keys[3], 1997, &h), WEIR_ERROR);
    assert_int_equal(weir_phash_build(a, &keys[4], 1996, &h), WEIR_OK);

    /* more copies than a bucket may hold */
    for (i = 100; i < 400; i++) {
        keys[i] = keys[3];
    }

    memset(&h, 0xff, sizeof(h));
    assert_int_equal(weir_phash_build(a, keys, 1999, &h), WEIR_ERROR);
    assert_int_equal(h.nslots, UINT32_MAX);

    weir_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(finds_every_key),
        cmocka_unit_test(nothing_has_no_tables),
        cmocka_unit_test(empty_key_is_a_key),
        cmocka_unit_test(same_keys_same_tables),
        cmocka_unit_test(equal_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
