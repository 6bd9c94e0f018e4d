/*
 * test_run_json.c: JSON from outside: what is taken, and the sentence for
 * everything else.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "image/bounds.h"
#include "run/json.h"

#define N_OF(a)   (sizeof(a) / sizeof((a)[0]))
#define ROW(s)    { s, sizeof(s) - 1 }

static const struct {
    weir_str_t   text;
    const char  *why;           /* NULL: it is taken */
} rows[] = {
    { ROW("{}"), NULL },
    { ROW(" [1, -2.5e3, \"a\", true, false, null] \r\n"), NULL },
    { ROW("\"\\ud83d\\ude00 \\\" [[[[[[[[[[[[[[[[[[[[[[[[\""), NULL },
    { ROW("{\"a\": 1, \"A\": 1}"), NULL },
    { ROW("9223372036854775807"), NULL },
    { ROW("-9223372036854775808"), NULL },
    { ROW("1e308"), NULL },
    { ROW("1e-400"), NULL },
    { ROW(""), "it ends too early" },
    { ROW("{"), "it ends too early" },
    { ROW("\"a"), "it ends too early" },
    { ROW("\"\\"), "it is not JSON" },
    { ROW("{} {}"), "something follows the value" },
    { ROW("1 x"), "something follows the value" },
    { ROW("{}\0"), "there is a NUL" },
    { ROW("\0{}"), "there is a NUL" },
    { ROW("\"\\\0\""), "there is a NUL" },
    { ROW("\"\\u0000\""), "there is a NUL" },
    { ROW("{\"a\\u0000b\": 1}"), "there is a NUL" },
    { ROW("{\"a\": 1, \"a\": 1}"), "a name is given twice" },
    { ROW("{\"a\": 1, \"\\u0061\": 2}"), "a name is given twice" },
    { ROW("[{\"b\": {\"a\": 1, \"a\": 1}}]"), "a name is given twice" },
    { ROW("1e400"), "a number is too large" },
    { ROW("-1e400"), "a number is too large" },
    { ROW("9223372036854775808"), "a number is too large" },
    { ROW("-9223372036854775809"), "a number is too large" },
    { ROW("1e99999999999999999999"), "a number is too large" },
    { ROW("NaN"), "it is not JSON" },
    { ROW("[Infinity]"), "it is not JSON" },
    { ROW("-"), "it is not JSON" },
    { ROW("+1"), "it is not JSON" },
    { ROW("01"), "it is not JSON" },
    { ROW(".5"), "it is not JSON" },
    { ROW("TRUE"), "it is not JSON" },
    { ROW("{'a': 1}"), "it is not JSON" },
    { ROW("[1,]"), "it is not JSON" },
    { ROW("// a\n1"), "it is not JSON" },
    { ROW("\\\"[1]\""), "it is not JSON" },
    { ROW("\"a\nb\""), "it is not JSON" },
    { ROW("\"\\ud800\""), "it is not JSON" },
    { ROW("\"\\udc00\""), "it is not JSON" },
    { ROW("\xef\xbb\xbf{}"), "it is not JSON" },
    { ROW("\"\xff\""), "it is not UTF-8" },
    { ROW("\"\xc0\x80\""), "it is not UTF-8" },
    { ROW("\"\xed\xa0\x80\""), "it is not UTF-8" },
    { ROW("\"\xf4\x90\x80\x80\""), "it is not UTF-8" },
    { ROW("\"\xe2\x82"), "it is not UTF-8" }
};


static void
strict_json_is_taken_and_nothing_else(void **state)
{
    size_t              i;
    weir_rc_t           rc;
    const char         *why;
    weir_json_value_t  *root;

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        why = NULL;
        root = NULL;
        rc = weir_json_read(rows[i].text, &root, &why);

        if (rows[i].why == NULL ? rc != WEIR_OK
            : rc != WEIR_ERROR || why == NULL || root != NULL
              || strcmp(why, rows[i].why) != 0)
        {
            fail_msg("%.*s: %s", WEIR_STR(rows[i].text), why ? why : "taken");
        }

        weir_json_free(root);
    }
}


/* open n times, then close n times; balanced or not. */
static weir_rc_t
read_nested(const char *open, const char *close, size_t n, const char **why)
{
    char               *text;
    size_t              i, k, m;
    weir_rc_t           rc;
    weir_json_value_t  *root;

    k = strlen(open);
    m = strlen(close);
    text = malloc(n * (k + m) + 1);
    assert_non_null(text);

    for (i = 0; i < n; i++) {
        memcpy(text + i * k, open, k);
    }

    for (i = 0; i < n; i++) {
        memcpy(text + n * k + i * m, close, m);
    }

    rc = weir_json_read(weir_str(text, n * (k + m)), &root, why);

    if (rc == WEIR_OK) {
        weir_json_free(root);
    }

    free(text);

    return rc;
}


static void
nesting_ends_at_its_bound(void **state)
{
    const char  *why;

    (void) state;

    assert_int_equal(read_nested("[", "]", WEIR_MAX_JSON_DEPTH, &why),
                     WEIR_OK);
    assert_int_equal(read_nested("[", "]", WEIR_MAX_JSON_DEPTH + 1, &why),
                     WEIR_ERROR);
    assert_string_equal(why, "it is nested too deep");

    assert_int_equal(read_nested("{\"a\":[", "]}", 11, &why), WEIR_ERROR);
    assert_string_equal(why, "it is nested too deep");

    assert_int_equal(read_nested("[", "", 1000000, &why), WEIR_ERROR);
    assert_string_equal(why, "it is nested too deep");

    /* brackets that close nothing do not make room for others */
    assert_int_equal(read_nested("]", "[", 1000000, &why), WEIR_ERROR);

    /* depth, not number */
    assert_int_equal(read_nested("", "", 1, &why), WEIR_ERROR);
    assert_string_equal(why, "it ends too early");
}


static void
values_are_what_was_written(void **state)
{
    void                     *it;
    size_t                    n;
    char                      seen[64];
    const char               *why;
    weir_str_t                name, text;
    weir_json_value_t        *root;
    const weir_json_value_t  *v, *list;

    (void) state;

    text = weir_string("{\"i\": -7, \"r\": 1.5, \"t\": \"\\u00e4\", "
                       "\"b\": true, \"z\": null, \"l\": [1, \"x\"]}");
    assert_int_equal(weir_json_read(text, &root, &why), WEIR_OK);
    assert_int_equal(weir_json_kind(root), WEIR_JSON_OBJECT);
    assert_int_equal(weir_json_size(root), 6);

    v = weir_json_member(root, weir_string("i"));
    assert_int_equal(weir_json_kind(v), WEIR_JSON_INT);
    assert_int_equal(weir_json_int(v), -7);
    assert_true(weir_json_real(v) == -7.0);

    v = weir_json_member(root, weir_string("r"));
    assert_int_equal(weir_json_kind(v), WEIR_JSON_REAL);
    assert_true(weir_json_real(v) == 1.5);
    assert_int_equal(weir_json_int(v), 0);

    v = weir_json_member(root, weir_string("t"));
    assert_int_equal(weir_json_kind(v), WEIR_JSON_TEXT);
    assert_true(weir_str_eq(weir_json_text(v), weir_string("\xc3\xa4")));

    v = weir_json_member(root, weir_string("b"));
    assert_int_equal(weir_json_kind(v), WEIR_JSON_BOOL);
    assert_true(weir_json_bool(v));

    v = weir_json_member(root, weir_string("z"));
    assert_int_equal(weir_json_kind(v), WEIR_JSON_NULL);
    assert_false(weir_json_bool(v));

    /* a name is as long as it is said to be */
    v = weir_json_member(root, weir_str("ix", 1));
    assert_int_equal(weir_json_int(v), -7);
    assert_null(weir_json_member(root, weir_string("")));

    n = 0;

    for (it = NULL; weir_json_step(root, &it, &name) != NULL; /* void */ ) {
        assert_int_equal(name.len, 1);
        seen[n++] = name.data[0];
    }

    seen[n] = '\0';
    assert_string_equal(seen, "irtbzl");

    list = weir_json_member(root, weir_string("l"));
    assert_int_equal(weir_json_kind(list), WEIR_JSON_LIST);
    assert_int_equal(weir_json_size(list), 2);

    it = NULL;
    v = weir_json_step(list, &it, &name);
    assert_int_equal(weir_json_int(v), 1);
    assert_int_equal(name.len, 0);
    v = weir_json_step(list, &it, &name);
    assert_true(weir_str_eq(weir_json_text(v), weir_string("x")));
    assert_null(weir_json_step(list, &it, &name));

    weir_json_free(root);
}


static void
a_value_that_is_not_there_is_nothing(void **state)
{
    void        *it;
    weir_str_t   name;

    (void) state;

    it = NULL;
    assert_int_equal(weir_json_kind(NULL), WEIR_JSON_NONE);
    assert_null(weir_json_member(NULL, weir_string("a")));
    assert_int_equal(weir_json_size(NULL), 0);
    assert_null(weir_json_step(NULL, &it, &name));
    assert_null(weir_json_text(NULL).data);
    assert_int_equal(weir_json_int(NULL), 0);
    assert_true(weir_json_real(NULL) == 0);
    assert_false(weir_json_bool(NULL));
    weir_json_free(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(strict_json_is_taken_and_nothing_else),
        cmocka_unit_test(nesting_ends_at_its_bound),
        cmocka_unit_test(values_are_what_was_written),
        cmocka_unit_test(a_value_that_is_not_there_is_nothing)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
