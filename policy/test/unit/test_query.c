/*
 * test_query.c: cookies and query parameters.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "run/query.h"

typedef weir_rc_t (*next_pt)(weir_str_t, size_t *, weir_str_t *, weir_str_t *);


/* All entries as "name=value|...". */
static const char *
entries(next_pt next, const char *text, char *out, size_t size)
{
    int         n;
    size_t      pos, used;
    weir_str_t  name, value;

    used = 0;
    out[0] = '\0';

    for (pos = 0; next(weir_cstr(text), &pos, &name, &value) == WEIR_OK;) {
        n = snprintf(out + used, size - used, "%.*s=%.*s|", WEIR_STR(name),
                     WEIR_STR(value));
        assert_true(n > 0 && (size_t) n < size - used);
        used += (size_t) n;
    }

    return out;
}


static void
cookies(void **state)
{
    char    buf[256];
    size_t  i;

    static const char *const  cases[][2] = {
        { "", "" },
        { "a=1", "a=1|" },
        { "a=1; b=2", "a=1|b=2|" },
        { "a=1;b=2;", "a=1|b=2|" },
        { " a = 1 ; b=", "a=1|b=|" },
        { "a=\"x y\"; b=\"", "a=x y|b=\"|" },
        { "lonely; a=1; =2", "a=1|" },
        { "a=b=c", "a=b=c|" },
        { ";;;", "" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(entries(weir_cookie_next, cases[i][0], buf,
                                    sizeof(buf)), cases[i][1]);
    }
}


static void
queries(void **state)
{
    char    buf[256];
    size_t  i;

    static const char *const  cases[][2] = {
        { "", "" },
        { "a=1&b=2", "a=1|b=2|" },
        { "&&a=1&", "a=1|" },
        { "flag", "flag=|" },
        { "flag&a", "flag=|a=|" },
        { "=x", "=x|" },
        { "a=b=c", "a=b=c|" },
        { "a=1;b=2", "a=1;b=2|" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(entries(weir_query_next, cases[i][0], buf,
                                    sizeof(buf)), cases[i][1]);
    }
}


static void
decoding(void **state)
{
    char    out[64];
    size_t  i, len;

    static const char *const  good[][2] = {
        { "", "" },
        { "plain", "plain" },
        { "a+b%20c", "a b c" },
        { "%2B%25", "+%" },
        { "%c3%A9", "\303\251" },
    };

    static const char *const  bad[] = {
        "%", "%2", "%zz", "%00", "%ff", "%c3", "a%", "%ed%a0%80",
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(weir_query_decode(weir_cstr(good[i][0]), out, &len),
                         WEIR_OK);
        assert_int_equal(len, strlen(good[i][1]));
        assert_memory_equal(out, good[i][1], len);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        len = 77;
        assert_int_equal(weir_query_decode(weir_cstr(bad[i]), out, &len),
                         WEIR_ERROR);
        assert_int_equal(len, 77);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(cookies),
        cmocka_unit_test(queries),
        cmocka_unit_test(decoding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
