/*
 * test_verify_faults.c: the verifier where memory or OpenSSL fail it.
 *
 * Linked with --wrap for the two functions below.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "test/kit.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
weir_rc_t __real_weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN]);
weir_rc_t __wrap_weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN]);

/* the call that fails, from 1; 0 = none */
static unsigned  fail_malloc;
static unsigned  fail_digest;


void *
__wrap_malloc(size_t size)
{
    return fail_malloc != 0 && --fail_malloc == 0 ? NULL
                                                  : __real_malloc(size);
}


weir_rc_t
__wrap_weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN])
{
    return fail_digest != 0 && --fail_digest == 0
               ? WEIR_ERROR : __real_weir_sha256(data, out);
}


static void
without_memory_it_is_refused(void **state)
{
    kit_t           k;
    weir_str_t      image;
    weir_refusal_t  why;

    (void) state;
    kit_open(&k);
    image = kit_write(&k);

    fail_malloc = 1;
    assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                       image.len, NULL, &why), WEIR_ERROR);
    assert_int_equal(fail_malloc, 0);
    assert_int_equal(why.reason, WEIR_REJECT_MEMORY);
    assert_non_null(strstr(why.text, "no memory to verify it"));

    kit_close(&k);
}


/* Of the header, of the key, of each section. */
static void
without_a_digest_it_is_refused(void **state)
{
    kit_t                k;
    uint8_t             *bytes;
    unsigned             n;
    weir_str_t           image;
    weir_reject_t        want;
    weir_refusal_t       why;
    weir_secret_key_t    secret;
    weir_public_key_t    key;

    (void) state;
    kit_open(&k);
    image = kit_write(&k);
    bytes = weir_arena_alloc(k.arena, image.len);
    memcpy(bytes, image.data, image.len);
    assert_int_equal(weir_key_generate(&secret), WEIR_OK);
    assert_int_equal(weir_key_public(&secret, &key), WEIR_OK);
    assert_int_equal(weir_image_sign(bytes, &secret), WEIR_OK);

    for (n = 1; n <= 2 + WEIR_S_ALWAYS; n++) {
        fail_digest = n;
        want = n == 2 ? WEIR_REJECT_SIGNATURE : WEIR_REJECT_DIGEST;
        assert_int_equal(weir_image_verify(bytes, image.len, &key, &why),
                         WEIR_ERROR);
        assert_int_equal(fail_digest, 0);
        assert_int_equal(why.reason, want);
    }

    fail_digest = n;
    assert_int_equal(weir_image_verify(bytes, image.len, &key, &why),
                     WEIR_OK);
    assert_int_equal(fail_digest, 1);
    fail_digest = 0;

    kit_close(&k);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(without_memory_it_is_refused),
        cmocka_unit_test(without_a_digest_it_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
