/*
 * test_arena.c: alignment, zeroes, overflow, vectors.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/arena.h"


static bool
all_zero(const uint8_t *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }

    return true;
}


static void
memory_is_zeroed_aligned_and_apart(void **state)
{
    size_t                i, n;
    uint8_t              *p, *seen[64];
    weir_arena_t         *a;
    static const size_t   sizes[] = {
        0, 1, 15, 16, 17, 4000, 4096, 4097, 16384, 100000, 8u << 20
    };

    (void) state;
    a = weir_arena_create();

    for (i = 0; i < 55; i++) {
        n = sizes[i % 11];
        p = weir_arena_alloc(a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t) p % 16, 0);
        assert_true(all_zero(p, n));
        memset(p, (int) i + 1, n);
        seen[i] = p;
    }

    for (i = 0; i < 55; i++) {
        n = sizes[i % 11];
        assert_true(n == 0 || seen[i][0] == i + 1);
        assert_true(n == 0 || seen[i][n - 1] == i + 1);
        assert_true(i == 0 || seen[i] != seen[i - 1]);
    }

    weir_arena_destroy(a);
}


static void
what_cannot_be_had_is_null(void **state)
{
    weir_arena_t  *a;

    (void) state;
    a = weir_arena_create();

    assert_null(weir_arena_alloc(a, SIZE_MAX));
    assert_null(weir_arena_alloc(a, SIZE_MAX - 16));
    assert_null(weir_arena_array(a, SIZE_MAX / 2, 3));
    assert_null(weir_arena_array(a, SIZE_MAX, SIZE_MAX));
    assert_null(weir_arena_str(a, weir_str("", SIZE_MAX)).data);
    assert_non_null(weir_arena_array(a, 0, SIZE_MAX));
    assert_non_null(weir_arena_alloc(a, 1));

    weir_arena_destroy(a);
    weir_arena_destroy(NULL);
}


static void
strings_end_with_an_uncounted_nul(void **state)
{
    weir_str_t     s;
    weir_arena_t  *a;

    (void) state;
    a = weir_arena_create();

    s = weir_arena_str(a, weir_str("abcd", 3));
    assert_int_equal(s.len, 3);
    assert_string_equal(s.data, "abc");

    s = weir_arena_str(a, weir_str(NULL, 0));
    assert_int_equal(s.len, 0);
    assert_string_equal(s.data, "");

    s = weir_arena_printf(a, "%s-%05d", "x", 42);
    assert_int_equal(s.len, 7);
    assert_string_equal(s.data, "x-00042");

    s = weir_arena_printf(a, "%*d", 50000, 1);
    assert_int_equal(s.len, 50000);
    assert_int_equal(s.data[49999], '1');

    weir_arena_destroy(a);
}


static void
vectors_keep_and_zero_elements(void **state)
{
    int              i, *p;
    weir_arena_t    *a;
    weir_vec_t(int)  v = { 0 };

    (void) state;
    a = weir_arena_create();

    for (i = 0; i < 1000; i++) {
        p = weir_vec_push(a, &v);
        assert_non_null(p);
        assert_int_equal(*p, 0);
        *p = i;
    }

    for (i = 0; i < 1000; i++) {
        assert_int_equal(v.items[i], i);
    }

    /* what was taken off comes back as zero */
    v.len = 10;
    assert_int_equal(*(int *) weir_vec_push(a, &v), 0);
    assert_int_equal(v.len, 11);
    assert_int_equal(v.items[9], 9);

    /* a full vector that cannot grow stays as it is */
    v.len = v.cap = SIZE_MAX / 2 + 1;
    assert_null(weir_vec_push(a, &v));
    assert_int_equal(v.len, SIZE_MAX / 2 + 1);

    weir_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(what_cannot_be_had_is_null),
        cmocka_unit_test(strings_end_with_an_uncounted_nul),
        cmocka_unit_test(vectors_keep_and_zero_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
