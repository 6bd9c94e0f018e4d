/*
 * test_fn_flags.c: whether a flag is on, for any numbers, as verified code may
 * bring them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "run/fn.h"
#include "run/split.h"
#include "test/kit.h"

static kit_t         kit;
static weir_image_t  image;
static weir_eval_t   eval;
static void         *memory;


static int
open_image(void **state)
{
    weir_str_t       bytes;
    weir_refusal_t   why;

    (void) state;

    kit_open(&kit);
    bytes = kit_write(&kit);
    assert_int_equal(weir_image_verify((const uint8_t *) bytes.data,
                                       bytes.len, NULL, &why), WEIR_OK);
    assert_int_equal(weir_image_open(&image, (const uint8_t *) bytes.data,
                                     kit.arena, &why), WEIR_OK);

    memory = aligned_alloc(16, (weir_eval_size(&image) + 15) & ~(size_t) 15);
    assert_non_null(memory);

    return 0;
}


static int
close_image(void **state)
{
    (void) state;

    free(memory);
    weir_image_close(&image);
    kit_close(&kit);

    return 0;
}


static weir_value_t
rollout(weir_str_t key, int64_t lo, int64_t hi, int64_t share)
{
    weir_value_t  a[4];

    a[0] = weir_v_str(key);
    a[1] = weir_v_int(lo);
    a[2] = weir_v_int(hi);
    a[3] = weir_v_int(share);

    return weir_fn_ROLLOUT_OF(&eval, a);
}


static bool
is_on(const char *key, int64_t lo, int64_t hi, int64_t share)
{
    weir_value_t  v;

    weir_eval_init(&eval, &image, memory);
    v = rollout(weir_cstr(key), lo, hi, share);
    assert_int_equal(v.kind, WEIR_T_BOOL);

    return v.u.b;
}


/* The two numbers are the salt's bytes, the lowest first. */
static void
a_key_has_its_bucket(void **state)
{
    int64_t    bucket;
    weir_id_t  salt;

    (void) state;

    salt = (weir_id_t) { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                           0xff } };
    bucket = weir_split_bucket(&salt, weir_string("ann"));

    assert_true(is_on("ann", 0x0807060504030201,
                      (int64_t) 0xff0f0e0d0c0b0a09, bucket + 1));
    assert_false(is_on("ann", 0x0807060504030201,
                       (int64_t) 0xff0f0e0d0c0b0a09, bucket));
}


static void
any_share_is_a_share(void **state)
{
    (void) state;

    assert_true(is_on("ann", 0, 0, WEIR_BUCKETS));
    assert_true(is_on("ann", -1, INT64_MIN, INT64_MAX));
    assert_false(is_on("ann", 0, 0, 0));
    assert_false(is_on("ann", INT64_MAX, INT64_MIN, INT64_MIN));
    assert_false(is_on("", 0, 0, INT64_MAX));
}


/* What it hashes is counted: a request cannot have it done without end. */
static void
keys_are_work(void **state)
{
    size_t        i;
    weir_value_t  v;

    static const char  key[65536];

    (void) state;

    weir_eval_init(&eval, &image, memory);
    v = rollout(weir_str(key, sizeof(key)), 0, 0, WEIR_BUCKETS);
    assert_int_equal(v.kind, WEIR_T_BOOL);

    for (i = 0; i <= WEIR_MAX_WORK * 16 / sizeof(key); i++) {
        v = rollout(weir_str(key, sizeof(key)), 0, 0, WEIR_BUCKETS);
    }

    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_key_has_its_bucket),
        cmocka_unit_test(any_share_is_a_share),
        cmocka_unit_test(keys_are_work)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
