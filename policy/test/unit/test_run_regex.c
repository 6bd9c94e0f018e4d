/*
 * test_run_regex.c: patterns on PCRE2: options, bounds, bad input.
 */

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "run/regex.h"

typedef struct {
    const char  *pattern;
    bool         anchored;
    const char  *subject;
    weir_rc_t    rc;
} row_t;

static const row_t  rows[] = {
    { "b",               false, "abc",       WEIR_OK },
    { "b",               true,  "abc",       WEIR_DECLINED },
    { "a|ab",            true,  "ab",        WEIR_OK },
    { "a|ab",            true,  "abc",       WEIR_DECLINED },
    { "",                true,  "",          WEIR_OK },
    { "",                true,  "a",         WEIR_DECLINED },
    { "",                false, "",          WEIR_OK },
    /* neither $ nor an anchored end sees past a last newline */
    { "a$",              false, "a\n",       WEIR_DECLINED },
    { "a",               true,  "a\n",       WEIR_DECLINED },
    { "^b",              false, "a\nb",      WEIR_DECLINED },
    { "a.c",             true,  "a\nc",      WEIR_DECLINED },
    { "a.c",             true,  "a\rc",      WEIR_OK },
    /* UTF, but classes of ASCII */
    { "a.c",             true,  "a\xc3\xa9" "c", WEIR_OK },
    { "\\w",             true,  "\xc3\xa9",  WEIR_DECLINED },
    { "\\d",             true,  "\xd9\xa0",  WEIR_DECLINED },
    { "\\p{L}",          true,  "\xc3\xa9",  WEIR_OK },
    { "(?i:\xc3\xa9)",   true,  "\xc3\x89",  WEIR_OK },
    /* what PCRE2's JIT gets wrong when left alone */
    { "(?:k#|)\\w*\\b",  false, "k#",        WEIR_OK },
    /* not UTF-8: no answer */
    { "a",               false, "a\xff",     WEIR_ERROR },
    { ".",               false, "\xc3",      WEIR_ERROR },
    { ".",               false, "\xed\xa0\x80", WEIR_ERROR },
};


static void
matches(void **state)
{
    size_t         i;
    const row_t   *t;
    weir_regex_t  *re;
    char           err[80];

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        t = &rows[i];

        assert_int_equal(weir_regex_compile(weir_cstr(t->pattern), t->anchored,
                                            &re, err, sizeof(err)), WEIR_OK);
        assert_string_equal(err, "");

        if (weir_regex_match(re, weir_cstr(t->subject)) != t->rc) {
            fail_msg("/%s/ on \"%s\"", t->pattern, t->subject);
        }

        weir_regex_free(re);
    }
}


static void
bad_patterns(void **state)
{
    size_t              i;
    weir_regex_t       *re;
    char                err[80], tiny[4];

    static const char  *bad[] = {
        "(", "[a", "a{2,1}", "\\C", "(*UCP)a", "\\x{d800}", "\xff", "*"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        re = NULL;

        if (weir_regex_compile(weir_cstr(bad[i]), false, &re, err, sizeof(err))
            != WEIR_ERROR)
        {
            fail_msg("/%s/ compiles", bad[i]);
        }

        assert_null(re);
        assert_true(strlen(err) > 10);
    }

    /* the sentence is cut to its room, and may be left out */
    assert_int_equal(weir_regex_compile(weir_cstr("("), false, &re, tiny,
                                        sizeof(tiny)), WEIR_ERROR);
    assert_int_equal(strlen(tiny), 3);
    assert_int_equal(weir_regex_compile(weir_cstr("("), false, &re, NULL, 0),
                     WEIR_ERROR);
    weir_regex_free(NULL);
}


/* What explodes ends as an error, in bounded time. */
static void
bounded(void **state)
{
    size_t              i, len;
    weir_regex_t       *re;
    char               *text;
    char                err[80];

    static const char  *evil[] = {
        "(?:a+)+[cd]", "(?:a?){50}a{50}[cd]", ".*.*.*.*[xy]",
        "(?:(?:(?:a*)*)*)*[cd]"
    };

    (void) state;

    len = 60000;
    text = malloc(len);
    assert_non_null(text);
    memset(text, 'a', len);

    for (i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        assert_int_equal(weir_regex_compile(weir_cstr(evil[i]), false, &re, err,
                                            sizeof(err)), WEIR_OK);
        assert_int_equal(weir_regex_match(re, weir_str(text, len)), WEIR_ERROR);

        /* and the handle still works */
        assert_int_equal(weir_regex_match(re, weir_string("zz")),
                         WEIR_DECLINED);
        weir_regex_free(re);
    }

    /* long subjects need more stack than the default, and get it */
    text[7999] = 'c';
    assert_int_equal(weir_regex_compile(weir_string("(?:a|b)*c"), true, &re,
                                        err, sizeof(err)), WEIR_OK);
    assert_int_equal(weir_regex_match(re, weir_str(text, 8000)), WEIR_OK);
    weir_regex_free(re);

    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(bad_patterns),
        cmocka_unit_test(bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
