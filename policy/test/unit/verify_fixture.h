/*
 * verify_fixture.h: one good image, and copies of it to be spoiled, for tests
 * of what the verifier says of records.
 */

#ifndef WEIR_TEST_UNIT_VERIFY_FIXTURE_H
#define WEIR_TEST_UNIT_VERIFY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "test/unit/spoil.h"

static kit_t            kit;
static weir_str_t       good;           /* in kit's arena */
static uint8_t         *work;           /* a copy to be spoiled */
static weir_refusal_t   why;


/* The image of what is in kit; as a group's setup returns it. */
static inline int
finish_image(void)
{
    good = kit_write(&kit);
    work = aligned_alloc(16, (good.len + 15) & ~(size_t) 15);

    return work == NULL;
}


static inline int
drop_image(void **state)
{
    (void) state;

    free(work);
    kit_close(&kit);

    return 0;
}


static inline uint8_t *
fresh(void)
{
    return memcpy(work, good.data, good.len);
}


static inline weir_rc_t
verify(void)
{
    kit_digest(work, good.len);
    memset(&why, 0, sizeof(why));

    return weir_image_verify(work, good.len, NULL, &why);
}


static inline void
expect(const char *text)
{
    if (why.reason != WEIR_REJECT_RECORD || strstr(why.text, text) == NULL) {
        fail_msg("got %s: %s\nnot ...%s...", weir_reject_name(why.reason),
                 why.text, text);
    }
}


static inline void
refuse(const char *text)
{
    assert_int_equal(verify(), WEIR_ERROR);
    expect(text);
}


/* An image of its own, with one thing beyond a bound; k ends with it. */
static inline void
refuse_own(kit_t *k, const char *text)
{
    weir_str_t  image;

    image = kit_write(k);
    memset(&why, 0, sizeof(why));
    assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                       image.len, NULL, &why), WEIR_ERROR);
    expect(text);
    kit_close(k);
}


static inline void
a_good_image_is_taken(void **state)
{
    (void) state;

    fresh();

    if (verify() != WEIR_OK) {
        fail_msg("%s: %s", weir_reject_name(why.reason), why.text);
    }
}


static inline void
refuse_each(const spoil_t *records, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        spoil(fresh(), good.len, &records[i]);

        (void) verify();
        expect(records[i].text);
    }
}

#endif
