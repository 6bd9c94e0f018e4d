/*
 * test_fn_text.c: the extension library strings, and base64.
 */

#include "fn_cases.h"
#include "base/utf8.h"

static const weir_value_t  texts[] = { S("x"), S("y"), S("") };
static const weir_value_t  mixed[] = { S("x"), I(1) };
static const weir_value_t  one[] = { S("only") };

/* an e with two bytes, a sign with three, a smile with four */
#define E2     "\303\251"
#define E3     "\342\202\254"
#define E4     "\360\237\230\200"

static const fn_case_t  cases[] = {
    C(CHAR_AT_INT, "\"o\"", S("tacocat"), I(3))
    C(CHAR_AT_INT, "\"\"", S("tacocat"), I(7))
    C(CHAR_AT_INT, "!index_out_of_range", S("tacocat"), I(8))
    C(CHAR_AT_INT, "!index_out_of_range", S("tacocat"), I(-1))
    C(CHAR_AT_INT, "!index_out_of_range", S("tacocat"), I(INT64_MAX))
    C(CHAR_AT_INT, "!index_out_of_range", S("tacocat"), I(INT64_MIN))
    C(CHAR_AT_INT, "\"" E3 "\"", S("a" E2 E3 E4), I(2))
    C(CHAR_AT_INT, "\"" E4 "\"", S("a" E2 E3 E4), I(3))
    C(CHAR_AT_INT, "\"\"", S(""), I(0))

    C(INDEX_OF_S, "0", S("tacocat"), S(""))
    C(INDEX_OF_S, "1", S("tacocat"), S("ac"))
    C(INDEX_OF_S, "-1", S("tacocat"), S("none"))
    C(INDEX_OF_S, "-1", S("a"), S("longer"))
    C(INDEX_OF_S, "-1", S(""), S("a"))
    C(INDEX_OF_S, "0", S(""), S(""))
    C(INDEX_OF_S, "3", S(E2 E3 E4 "x"), S("x"))
    /* what continues a character is no place to begin */
    C(INDEX_OF_S, "-1", S("a" E2), S("\251"))
    C(INDEX_OF_S, "0", S("\251" "a"), S("\251"))
    C(INDEX_OF_FROM, "3", S("tacocat"), S(""), I(3))
    C(INDEX_OF_FROM, "5", S("tacocat"), S("a"), I(3))
    C(INDEX_OF_FROM, "4", S("ta" E2 "o" E2 E3 "T"), S(E2), I(3))
    C(INDEX_OF_FROM, "-1", S("tacocat"), S("t"), I(7))
    C(INDEX_OF_FROM, "7", S("tacocat"), S(""), I(7))
    C(INDEX_OF_FROM, "!index_out_of_range", S("tacocat"), S("a"), I(8))
    C(INDEX_OF_FROM, "!index_out_of_range", S("tacocat"), S(""), I(-1))

    C(LAST_INDEX_OF_S, "7", S("tacocat"), S(""))
    C(LAST_INDEX_OF_S, "5", S("tacocat"), S("at"))
    C(LAST_INDEX_OF_S, "-1", S(""), S("@@"))
    C(LAST_INDEX_OF_S, "0", S("same"), S("same"))
    C(LAST_INDEX_OF_S, "2", S("aaaa"), S("aa"))
    C(LAST_INDEX_OF_S, "3", S(E2 E3 E4 "x"), S("x"))
    C(LAST_INDEX_OF_S, "-1", S("a" E2), S("\251"))
    C(LAST_INDEX_OF_FROM, "3", S("tacocat"), S(""), I(3))
    C(LAST_INDEX_OF_FROM, "1", S("tacocat"), S("a"), I(3))
    C(LAST_INDEX_OF_FROM, "6", S("bananananana"), S("nana"), I(7))
    C(LAST_INDEX_OF_FROM, "2", S("ta" E2 "o" E2 E3 "T"), S(E2), I(3))
    C(LAST_INDEX_OF_FROM, "!index_out_of_range", S("abc"), S("a"), I(4))
    C(LAST_INDEX_OF_FROM, "!index_out_of_range", S("abc"), S("a"), I(-1))

    C(SUBSTRING_FROM, "\"cat\"", S("tacocat"), I(4))
    C(SUBSTRING_FROM, "\"\"", S("tacocat"), I(7))
    C(SUBSTRING_FROM, "\"" E4 "\"", S(E2 E3 E4), I(2))
    C(SUBSTRING_FROM, "!index_out_of_range", S("tacocat"), I(8))
    C(SUBSTRING_FROM, "!index_out_of_range", S("tacocat"), I(-1))
    C(SUBSTRING_RANGE, "\"taco\"", S("tacocat"), I(0), I(4))
    C(SUBSTRING_RANGE, "\"" E2 E3 "\"", S("t" E2 E3 E4), I(1), I(3))
    C(SUBSTRING_RANGE, "\"\"", S("tacocat"), I(7), I(7))
    C(SUBSTRING_RANGE, "!index_out_of_range", S("tacocat"), I(4), I(3))
    C(SUBSTRING_RANGE, "!index_out_of_range", S("tacocat"), I(1), I(50))
    C(SUBSTRING_RANGE, "!index_out_of_range", S("tacocat"), I(-1), I(1))

    C(JOIN_LIST, "\"xy\"", L(texts))
    C(JOIN_LIST, "\"\"", V(LIST, 0, items, NULL))
    C(JOIN_LIST, "!no_such_overload", L(mixed))
    C(JOIN_SEP, "\"x, y, \"", L(texts), S(", "))
    C(JOIN_SEP, "\"only\"", L(one), S(", "))
    C(JOIN_SEP, "\"xy\"", L(texts), S(""))
    C(JOIN_SEP, "!no_such_overload", L(mixed), S(", "))

    C(REPLACE_ALL, "\"2 days 2 hours\"", S("{0} days {0} hours"), S("{0}"),
      S("2"))
    C(REPLACE_ALL, "\"same\"", S("same"), S("no"), S("x"))
    C(REPLACE_ALL, "\"\"", S("aaaa"), S("aa"), S(""))
    C(REPLACE_ALL, "\"-a-" E2 "-\"", S("a" E2), S(""), S("-"))
    C(REPLACE_ALL, "\"-\"", S(""), S(""), S("-"))
    C(REPLACE_ALL, "\"\"", S(""), S("a"), S("-"))
    C(REPLACE_N, "\"2 days {0} hours\"", S("{0} days {0} hours"), S("{0}"),
      S("2"), I(1))
    C(REPLACE_N, "\"aaa\"", S("aaa"), S("a"), S("b"), I(0))
    C(REPLACE_N, "\"bbb\"", S("aaa"), S("a"), S("b"), I(-1))
    C(REPLACE_N, "\"bba\"", S("aaa"), S("a"), S("b"), I(2))
    C(REPLACE_N, "\"bbb\"", S("aaa"), S("a"), S("b"), I(INT64_MAX))
    C(REPLACE_N, "\"-a-" E2 "b\"", S("a" E2 "b"), S(""), S("-"), I(2))

    C(SPLIT_ALL, "[\"hello\", \"world\"]", S("hello world"), S(" "))
    C(SPLIT_ALL, "[\"\", \"\"]", S(","), S(","))
    C(SPLIT_ALL, "[\"a\"]", S("a"), S(","))
    C(SPLIT_ALL, "[\"\"]", S(""), S(","))
    C(SPLIT_ALL, "[]", S(""), S(""))
    C(SPLIT_ALL, "[\"a\", \"" E2 "\", \"b\"]", S("a" E2 "b"), S(""))
    C(SPLIT_ALL, "[\"a\", \"b\"]", S("a--b"), S("--"))
    C(SPLIT_N, "[]", S("a b c"), S(" "), I(0))
    C(SPLIT_N, "[\"a b c\"]", S("a b c"), S(" "), I(1))
    C(SPLIT_N, "[\"a\", \"b c\"]", S("a b c"), S(" "), I(2))
    C(SPLIT_N, "[\"a\", \"b\", \"c\"]", S("a b c"), S(" "), I(-1))
    C(SPLIT_N, "[\"a\", \"b\", \"c\"]", S("a b c"), S(" "), I(INT64_MAX))
    C(SPLIT_N, "[\"a\", \"bc\"]", S("abc"), S(""), I(2))

    C(TRIM_S, "\"text\"", S(" \f\n\r\t\vtext  "))
    C(TRIM_S, "\"text\"", S("\302\205\302\240\341\232\200text\343\200\200"))
    C(TRIM_S, "\"\"", S(" \t "))
    C(TRIM_S, "\"\"", S(""))
    C(TRIM_S, "\"a b\"", S("a b"))
    /* a zero-width space is none */
    C(TRIM_S, "\"\342\200\213a\"", S("\342\200\213a"))
    C(TRIM_S, "\"\240a\205\"", S(" \240a\205 "))

    C(REVERSE_S, "\"" E4 E3 E2 "a\"", S("a" E2 E3 E4))
    C(REVERSE_S, "\"\"", S(""))
    C(REVERSE_S, "\"b\251a\"", S("ab\251"))

    C(QUOTE_S, "\"\"\"\"", S(""))

    C(FORMAT_LIST, "\"only!\"", S("%s!"), L(one))

    C(BASE64_ENCODE_BYTES, "\"\"", X(""))
    C(BASE64_ENCODE_BYTES, "\"Zg==\"", X("f"))
    C(BASE64_ENCODE_BYTES, "\"Zm8=\"", X("fo"))
    C(BASE64_ENCODE_BYTES, "\"Zm9v\"", X("foo"))
    C(BASE64_ENCODE_BYTES, "\"+/+/\"", X("\373\377\277"))
    C(BASE64_DECODE_S, "b\"\"", S(""))
    C(BASE64_DECODE_S, "b\"f\"", S("Zg=="))
    C(BASE64_DECODE_S, "b\"f\"", S("Zg"))
    C(BASE64_DECODE_S, "b\"fo\"", S("Zm8="))
    C(BASE64_DECODE_S, "b\"fo\"", S("Zm8"))
    C(BASE64_DECODE_S, "b\"foobar\"", S("Zm9vYmFy"))
    C(BASE64_DECODE_S, "!bad_conversion", S("Z"))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zg="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zg==="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zm8=="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zm9v===="))
    C(BASE64_DECODE_S, "!bad_conversion", S("===="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Z=g="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zm9v\n"))
    C(BASE64_DECODE_S, "!bad_conversion", S("-_-_"))
    /* bits that say nothing are zero */
    C(BASE64_DECODE_S, "!bad_conversion", S("Zh=="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zo=="))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zm9"))
    C(BASE64_DECODE_S, "!bad_conversion", S("Zm+"))
};

static kit_t         kit;
static weir_image_t  image;
static weir_eval_t   eval;

static fn_cases_t  table = { &eval, cases, N_OF(cases), NULL, { NULL } };


static int
open_image(void **state)
{
    (void) state;
    fn_cases_open(&kit, &image, &eval);

    return 0;
}


static int
close_image(void **state)
{
    (void) state;
    weir_image_close(&image);
    kit_close(&kit);

    return 0;
}


static void
functions_do_as_cel_says(void **state)
{
    (void) state;
    fn_cases_run(&table);
}


static void
every_function_has_a_case(void **state)
{
    (void) state;
    fn_cases_cover(&table, WEIR_FN_CHAR_AT_INT, WEIR_FN_FORMAT_LIST);
    fn_cases_cover(&table, WEIR_FN_BASE64_ENCODE_BYTES,
                   WEIR_FN_BASE64_DECODE_S);
}


static void
no_function_takes_more_than_there_is(void **state)
{
    (void) state;
    fn_cases_no_scratch(&table);
}


/* All but those that had nothing to do. */
static void
no_function_works_on_for_ever(void **state)
{
    (void) state;
    assert_true(fn_cases_no_work(&table) > 80);
}


static weir_value_t
call(unsigned fn, weir_value_t a, weir_value_t b, weir_value_t c)
{
    weir_value_t  args[4] = { a, b, c, I(0) };

    eval.work = 0;

    return weir_fn_impls[fn](&eval, args);
}


#define NOTHING  ((weir_value_t) NUL)


static void
assert_same(weir_value_t a, weir_value_t b)
{
    weir_value_t  same;

    same = weir_value_equal(&eval, &a, &b);
    assert_int_equal(same.kind, WEIR_T_BOOL);
    assert_true(same.u.b);
}


/* What holds of any text and any other one, be they UTF-8 or not. */
static void
check_text(weir_value_t s, weir_value_t t)
{
    int64_t       i, n;
    weir_value_t  index, list, v, w;

    n = call(WEIR_FN_SIZE_STRING, s, NOTHING, NOTHING).u.i;

    for (i = -1; i <= n + 1; i++) {
        eval.used = 0;
        index = weir_v_int(i);
        v = call(WEIR_FN_SUBSTRING_FROM, s, index, NOTHING);
        assert_int_equal(v.kind == WEIR_T_ERR, i < 0 || i > n);

        if (v.kind == WEIR_T_ERR) {
            continue;
        }

        w = call(WEIR_FN_SUBSTRING_RANGE, s, weir_v_int(0), index);
        assert_same(call(WEIR_FN_ADD_STRING, w, v, NOTHING), s);

        v = call(WEIR_FN_INDEX_OF_FROM, s, t, index);
        assert_in_range(v.u.i + 1, 0, n + 1);
        v = call(WEIR_FN_LAST_INDEX_OF_FROM, s, t, index);
        assert_in_range(v.u.i + 1, 0, i + 1);
        call(WEIR_FN_CHAR_AT_INT, s, index, NOTHING);
    }

    eval.used = 0;
    list = call(WEIR_FN_SPLIT_ALL, s, t, NOTHING);
    assert_same(call(WEIR_FN_JOIN_SEP, list, t, NOTHING), s);

    if (t.len > 0) {
        assert_same(call(WEIR_FN_REPLACE_ALL, s, t, t), s);
    }

    v = call(WEIR_FN_REVERSE_S, s, NOTHING, NOTHING);
    assert_int_equal(v.len, s.len);
    v = call(WEIR_FN_TRIM_S, s, NOTHING, NOTHING);
    assert_true(v.len <= s.len);
    v = call(WEIR_FN_QUOTE_S, s, NOTHING, NOTHING);
    assert_true(weir_utf8_valid(weir_v_text(&v)));
}


/* Every text of up to four of these bytes, with every one of up to two. */
static void
bytes_that_are_no_text_do_no_harm(void **state)
{
    char          *s, *t;
    size_t         i, k, n, m, x, y;
    weir_value_t   a, b;

    static const char  bytes[] = { 'a', ' ', '\200', '\303', '\360', '\205' };

    (void) state;

    for (n = 0; n <= 4; n++) {
        for (x = 1, i = 0; i < n; i++) {
            x *= sizeof(bytes);
        }

        for (i = 0; i < x; i++) {
            s = malloc(n);

            for (k = 0, y = i; k < n; k++, y /= sizeof(bytes)) {
                s[k] = bytes[y % sizeof(bytes)];
            }

            for (m = 0; m < 1 + sizeof(bytes) * 3; m++) {
                k = m == 0 ? 0 : m <= sizeof(bytes) ? 1 : 2;
                t = malloc(k);

                if (k > 0) {
                    t[0] = bytes[m % sizeof(bytes)];
                }

                if (k > 1) {
                    t[1] = bytes[m / sizeof(bytes)];
                }

                a = weir_v_str(weir_str(n > 0 ? s : NULL, n));
                b = weir_v_str(weir_str(k > 0 ? t : NULL, k));
                check_text(a, b);
                free(t);
            }

            free(s);
        }
    }
}


/* What would not fit is an error: as long as scratch, as many as a list. */
static void
results_are_bounded(void **state)
{
    char          *text;
    weir_value_t   s, v;

    (void) state;

    text = malloc(40000);
    memset(text, 'a', 40000);
    s = weir_v_str(weir_str(text, 40000));
    eval.used = 0;

    v = call(WEIR_FN_REPLACE_ALL, s, (weir_value_t) S("a"),
             (weir_value_t) S("bb"));
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
    v = call(WEIR_FN_REPLACE_ALL, s, (weir_value_t) S(""), s);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
    v = call(WEIR_FN_SPLIT_ALL, s, (weir_value_t) S("a"), NOTHING);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
    v = call(WEIR_FN_SPLIT_ALL, s, (weir_value_t) S(""), NOTHING);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);

    s.len = WEIR_MAX_LIST;
    eval.used = 0;
    v = call(WEIR_FN_SPLIT_ALL, s, (weir_value_t) S(""), NOTHING);
    assert_int_equal(v.kind, WEIR_T_LIST);
    assert_int_equal(v.len, WEIR_MAX_LIST);

    s.len = WEIR_MAX_LIST + 1;
    eval.used = 0;
    v = call(WEIR_FN_SPLIT_ALL, s, (weir_value_t) S(""), NOTHING);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);

    free(text);
}


static const struct {
    weir_value_t  in;
    const char   *out;
} quotes[] = {
    { S("first\nsecond"),         "\"first\\nsecond\"" },
    { S("\a\b\f\r\t\v"),          "\"\\a\\b\\f\\r\\t\\v\"" },
    { S("a \\ and \"b\""),        "\"a \\\\ and \\\"b\\\"\"" },
    { S("size('" E2 E3 E4 "')"),  "\"size('" E2 E3 E4 "')\"" },
    { S("a\377b\303"),            "\"a\357\277\275b\357\277\275\"" },
    { S("\0a"),                   "\"\0a\"" }
};


static void
quoted_text_is_a_literal(void **state)
{
    size_t        i;
    weir_value_t  v;

    (void) state;

    for (i = 0; i < N_OF(quotes); i++) {
        eval.used = 0;
        v = call(WEIR_FN_QUOTE_S, quotes[i].in, NOTHING, NOTHING);
        assert_int_equal(v.kind, WEIR_T_STRING);
        assert_memory_equal(v.u.s, quotes[i].out, v.len);
        assert_int_equal(v.u.s[v.len - 1], '"');
    }
}


/* Bytes are looked at by the four and by the eight: none is left out. */
static void
texts_differ_wherever_they_do(void **state)
{
    char    a[40], b[40];
    size_t  i, n;

    (void) state;
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));

    for (n = 0; n <= sizeof(a); n++) {
        assert_true(weir_same_bytes(a, b, n));

        for (i = 0; i < sizeof(a); i++) {
            b[i] = 'y';
            assert_int_equal(weir_same_bytes(a, b, n), i >= n);
            b[i] = 'x';
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(functions_do_as_cel_says),
        cmocka_unit_test(every_function_has_a_case),
        cmocka_unit_test(no_function_takes_more_than_there_is),
        cmocka_unit_test(no_function_works_on_for_ever),
        cmocka_unit_test(bytes_that_are_no_text_do_no_harm),
        cmocka_unit_test(results_are_bounded),
        cmocka_unit_test(quoted_text_is_a_literal),
        cmocka_unit_test(texts_differ_wherever_they_do)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
