/*
 * test_utf8.c: every code point, and every way to be malformed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/utf8.h"


static void
every_code_point_comes_back(void **state)
{
    char         buf[4];
    size_t       n;
    uint32_t     cp;
    const char  *p;

    (void) state;

    for (cp = 0; cp < 0x110100; cp++) {
        n = weir_utf8_put(buf, cp);

        if ((cp >= 0xd800 && cp <= 0xdfff) || cp > 0x10ffff) {
            assert_int_equal(n, 0);
            continue;
        }

        p = buf;
        assert_int_equal(weir_utf8_next(&p, buf + n), (int32_t) cp);
        assert_ptr_equal(p, buf + n);
        assert_true(weir_utf8_valid(weir_str(buf, n)));
        assert_int_equal(weir_utf8_len(weir_str(buf, n)), 1);

        /* cut short, it is nothing */
        if (n > 1) {
            p = buf;
            assert_int_equal(weir_utf8_next(&p, buf + n - 1), -1);
            assert_ptr_equal(p, buf);
        }
    }

    assert_int_equal(weir_utf8_put(buf, UINT32_MAX), 0);
}


/* RFC 3629, section 4, row by row: just inside and just outside. */
static void
boundaries(void **state)
{
    size_t                   i;
    const char              *p;
    static const struct {
        const char  *bytes;
        int32_t      cp;
    }  t[] = {
        { "\x7f", 0x7f },              { "\x80", -1 },
        { "\xbf", -1 },                { "\xc0\x80", -1 },
        { "\xc1\xbf", -1 },            { "\xc2\x80", 0x80 },
        { "\xc2\x7f", -1 },            { "\xc2\xc0", -1 },
        { "\xdf\xbf", 0x7ff },         { "\xe0\x80\x80", -1 },
        { "\xe0\x9f\xbf", -1 },        { "\xe0\xa0\x80", 0x800 },
        { "\xe1\x80\x80", 0x1000 },    { "\xe1\x7f\x80", -1 },
        { "\xe1\x80\x7f", -1 },        { "\xe1\x80\xc0", -1 },
        { "\xec\xbf\xbf", 0xcfff },    { "\xed\x9f\xbf", 0xd7ff },
        { "\xed\xa0\x80", -1 },        { "\xed\xbf\xbf", -1 },
        { "\xee\x80\x80", 0xe000 },    { "\xef\xbf\xbf", 0xffff },
        { "\xf0\x80\x80\x80", -1 },    { "\xf0\x8f\xbf\xbf", -1 },
        { "\xf0\x90\x80\x80", 0x10000 },
        { "\xf3\xbf\xbf\xbf", 0xfffff },
        { "\xf4\x8f\xbf\xbf", 0x10ffff },
        { "\xf4\x90\x80\x80", -1 },    { "\xf5\x80\x80\x80", -1 },
        { "\xf0\x90\x80\x7f", -1 },    { "\xf0\x90\xc0\x80", -1 },
        { "\xf8\x88\x80\x80\x80", -1 }, { "\xfe", -1 }, { "\xff", -1 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        p = t[i].bytes;
        assert_int_equal(weir_utf8_next(&p, p + strlen(p)), t[i].cp);
        assert_int_equal(p == t[i].bytes, t[i].cp < 0);
        assert_int_equal(weir_utf8_valid(weir_cstr(t[i].bytes)),
                         t[i].cp >= 0);
    }
}


static void
strings_as_a_whole(void **state)
{
    char    buf[33];
    size_t  i;

    (void) state;

    assert_true(weir_utf8_valid(weir_str("", 0)));
    assert_true(weir_utf8_valid(weir_str(NULL, 0)));
    assert_true(weir_utf8_valid(weir_string("a\0b")));
    assert_int_equal(weir_utf8_len(weir_string("gr\xc3\xbc\xc3\x9f dich")),
                     9);

    /* a bad byte anywhere among words of ASCII */
    for (i = 0; i < 32; i++) {
        memset(buf, 'a', sizeof(buf));
        buf[i] = (char) 0x80;
        assert_false(weir_utf8_valid(weir_str(buf, 32)));
        assert_true(weir_utf8_valid(weir_str(buf, i)));
    }

    /* a letter cut off by the end */
    memset(buf, 'a', sizeof(buf));
    buf[31] = (char) 0xc3;
    buf[32] = (char) 0xbc;
    assert_false(weir_utf8_valid(weir_str(buf, 32)));
    assert_true(weir_utf8_valid(weir_str(buf, 33)));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(boundaries),
        cmocka_unit_test(strings_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
