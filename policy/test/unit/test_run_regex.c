/*
 * test_run_regex.c: patterns on PCRE2: options, bounds, bad input.
 */

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "run/regex.c"

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

        /* no text may be at no place */
        if (t->subject[0] == '\0') {
            assert_int_equal(weir_regex_match(re, weir_str(NULL, 0)), t->rc);
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
        "(?:(?:(?:a*)*)*)*[cd]",
        /* what the limit of PCRE2 does not see */
        "[a-z]*9", "[a-z]*[a-z]*9", "a*?a*?9", "(?:a|b)*9", "a{1,900}9"
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


/* What needs no counting is counted before. */
static void
alternatives_are_paid_for(void **state)
{
    char           err[80], text[1000];
    uint32_t       left;
    weir_regex_t  *re;

    (void) state;

    memset(text, 'b', sizeof(text));
    assert_int_equal(weir_regex_compile(weir_string("(?i)bot|crawl|spider"),
                                        false, &re, err, sizeof(err)),
                     WEIR_OK);

    left = 20000;
    assert_int_equal(weir_regex_match_within(re, weir_str(text, 1000), &left),
                     WEIR_DECLINED);
    assert_int_equal(left, 10000);

    text[997] = 'B';
    text[998] = 'o';
    text[999] = 'T';
    assert_int_equal(weir_regex_match_within(re, weir_str(text, 1000), &left),
                     WEIR_OK);
    assert_int_equal(left, 0);

    assert_int_equal(weir_regex_match_within(re, weir_string("bot"), &left),
                     WEIR_ERROR);
    weir_regex_free(re);
}


/* What PCRE2 says of a subject, and what is said without it. */
static void
same_answer(weir_regex_t *re, const char *pattern, weir_str_t subject)
{
    weir_rc_t      rc;
    weir_plain_t  *plain;

    rc = weir_regex_match(re, subject);
    plain = re->plain;
    re->plain = NULL;

    if (weir_regex_match(re, subject) != rc) {
        fail_msg("/%s/ on \"%.*s\"", pattern, WEIR_STR(subject));
    }

    re->plain = plain;
}


static void
some_patterns_are_plain(void **state)
{
    size_t         i;
    char           err[80];
    weir_regex_t  *re;

    static const struct {
        const char  *pattern;
        bool         anchored;
        bool         plain;
    } t[] = {
        { "\\A/v[0-9]+/reports", false, true },
        { "/v[0-9]+/reports", false, false },
        { "[\\-0-9a-z]{1,32}", true, true },
        { "[^/]+", true, true },
        { "[^/]+\\z", false, false },
        { "\\A[^/]*\\z", false, true },
        { "\\A\\x{9}(?s:.)*", false, true },
        { "\\Aab?b", false, false },            /* b may be either's */
        { "\\Aa*b*c", false, true },
        { "\\Aa*b*a", false, false },
        { "\\Aa{3}b?a{3}", false, true },
        { "\\Aa{3,}a{3}", false, false },
        { "\\Aa+?b", false, false },
        { "\\Aa++b", false, false },
        { "\\Aa|b", false, false },
        { "\\A(?i:a)", false, false },
        { "\\Aa\\b", false, false },
        { "\\A[\\p{L}]", false, false },
        { "\\A[\\x{e0}-\\x{ff}]", false, false },
        { "\\Aa\\zb", false, false },
        { "a\\A", true, false },
        { "", true, true },
        { "0123456789012345678901234567890123456789012345678901234567890123",
          true, true },
        { "01234567890123456789012345678901234567890123456789012345678901234",
          true, false },
        { "[a][b][a][b][a][b][a][b][a][b][a][b][a][b][a][b]", true, true },
        { "[a][b][a][b][a][b][a][b][a][b][a][b][a][b][a][b]c", true, false },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_int_equal(weir_regex_compile(weir_cstr(t[i].pattern),
                                            t[i].anchored, &re, err,
                                            sizeof(err)), WEIR_OK);

        if ((re->plain != NULL) != t[i].plain) {
            fail_msg("/%s/ is%s plain", t[i].pattern, t[i].plain ? " not" : "");
        }

        same_answer(re, t[i].pattern, weir_string(""));
        same_answer(re, t[i].pattern, weir_string("/v12/reports/a"));
        same_answer(re, t[i].pattern, weir_string("aaabbbccc"));
        same_answer(re, t[i].pattern, weir_string("aaa\n"));
        same_answer(re, t[i].pattern, weir_string("aa\xc3\xa9" "bbb"));
        same_answer(re, t[i].pattern, weir_string("/v12/reports/\xff"));
        weir_regex_free(re);
    }
}


static unsigned
dice(uint32_t *seed, unsigned n)
{
    *seed = *seed * 1664525 + 1013904223;

    return (*seed >> 16) % n;
}


/* A few letters that meet often. */
static size_t
random_subject(uint32_t *seed, char out[16])
{
    size_t  i, n;

    n = dice(seed, 16);

    for (i = 0; i < n; i++) {
        out[i] = dice(seed, 60) ? "aaabbc/-\n"[dice(seed, 9)] : '\xe9';
    }

    return n;
}


static void
random_pattern(uint32_t *seed, char out[128])
{
    unsigned  n;

    static const char *const  atoms[] = {
        "a", "b", "c", "/", "\\-", "[ab]", "[a-c]", "[^a]", "[^/]", "[\\-b]",
        "\\x{a}", "(?s:.)", "[^\\x{a}]", "bc", "[^a-c]"
    };
    static const char *const  counts[] = {
        "", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{2,3}"
    };

    out[0] = '\0';

    if (dice(seed, 4)) {
        strcat(out, "\\A");
    }

    for (n = 1 + dice(seed, 5); n > 0; n--) {
        strcat(out, atoms[dice(seed, sizeof(atoms) / sizeof(atoms[0]))]);
        strcat(out, counts[dice(seed, sizeof(counts) / sizeof(counts[0]))]);
    }

    if (dice(seed, 2)) {
        strcat(out, "\\z");
    }
}


static void
plain_patterns_mean_what_pcre2_means(void **state)
{
    char           pattern[128], subject[16], err[80];
    size_t         len;
    unsigned       i, k, plain;
    uint32_t       seed;
    weir_regex_t  *re;

    (void) state;

    seed = 1;
    plain = 0;

    for (i = 0; i < 3000; i++) {
        random_pattern(&seed, pattern);

        assert_int_equal(weir_regex_compile(weir_cstr(pattern),
                                            dice(&seed, 2), &re, err,
                                            sizeof(err)), WEIR_OK);

        for (k = 0; re->plain != NULL && k < 30; k++) {
            len = random_subject(&seed, subject);
            same_answer(re, pattern, weir_str(subject, len));
        }

        plain += re->plain != NULL;
        weir_regex_free(re);
    }

    assert_true(plain > 500);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(bad_patterns),
        cmocka_unit_test(bounded),
        cmocka_unit_test(alternatives_are_paid_for),
        cmocka_unit_test(some_patterns_are_plain),
        cmocka_unit_test(plain_patterns_mean_what_pcre2_means),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
