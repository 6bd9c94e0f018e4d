/*
 * test_base64url.c: vectors of RFC 4648 and RFC 7515, and every way to write
 * something else.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "run/base64url.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char  *bytes;
    const char  *text;
} same[] = {
    { "", "" },
    { "f", "Zg" },
    { "fo", "Zm8" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg" },
    { "fooba", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy" },
    { "\x03\xec\xff\xe0\xc1", "A-z_4ME" }       /* RFC 7515, appendix C */
};

static const char  *const refused[] = {
    "A", "AAAAA",                       /* 6 bits are no byte */
    "Zh", "Zn", "Zm9", "Zm-", "AB",     /* bits left over that are set */
    "Zg==", "Zg=", "Zm8=", "Zm9v=",
    "Zm 9", " Zg", "Zg ", "Zm9v\n", "Zm9v\r\n", "\tZg",
    "Zm+v", "Zm/v", "Zm.v", "Zm9v,Zg", "Zm9v.", "Zm9\xc3", "\xff\xff\xff\xff",
    "====", "A===", "Zg%3D"
};


static void
vectors_decode_and_encode(void **state)
{
    char    text[16];
    size_t  i, n, len;
    uint8_t out[weir_base64url_room(8)];

    (void) state;

    for (i = 0; i < N_OF(same); i++) {
        len = strlen(same[i].text);
        n = 99;
        assert_true(weir_base64url_room(len) >= strlen(same[i].bytes));
        assert_int_equal(weir_base64url_decode(weir_cstr(same[i].text), out,
                                               &n), WEIR_OK);
        assert_int_equal(n, strlen(same[i].bytes));
        assert_memory_equal(out, same[i].bytes, n);

        assert_int_equal(weir_base64url_len(n), len);
        memset(text, '!', sizeof(text));
        weir_base64url_encode(same[i].bytes, n, text);
        assert_memory_equal(text, same[i].text, len);
        assert_int_equal(text[len], '!');
    }
}


static void
anything_else_is_refused(void **state)
{
    size_t   i, n;
    uint8_t  out[weir_base64url_room(16)];

    (void) state;

    for (i = 0; i < N_OF(refused); i++) {
        n = 99;

        if (weir_base64url_decode(weir_cstr(refused[i]), out, &n)
            != WEIR_ERROR || n != 99)
        {
            fail_msg("\"%s\" is taken", refused[i]);
        }
    }

    assert_int_equal(weir_base64url_decode(weir_str("Z\0g", 3), out, &n),
                     WEIR_ERROR);
}


/* Every text of up to three bytes has one way to be written. */
static void
each_text_stands_for_one_value(void **state)
{
    char      text[4], back[4];
    size_t    n, got;
    uint8_t   out[weir_base64url_room(4)];
    uint32_t  i, taken;

    (void) state;

    for (n = 1; n <= 2; n++) {
        taken = 0;

        for (i = 0; i < 1u << (8 * (n + 1)); i++) {
            text[0] = (char) i;
            text[1] = (char) (i >> 8);
            text[2] = (char) (i >> 16);

            if (weir_base64url_decode(weir_str(text, n + 1), out, &got)
                != WEIR_OK)
            {
                continue;
            }

            taken++;
            assert_int_equal(got, n);
            weir_base64url_encode(out, n, back);

            if (memcmp(back, text, n + 1) != 0) {
                fail_msg("\"%.*s\" is another way", (int) n + 1, text);
            }
        }

        assert_int_equal(taken, 1u << (8 * n));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(vectors_decode_and_encode),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(each_text_stands_for_one_value)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
