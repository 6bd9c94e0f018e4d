/*
 * test_fn_format.c: "...".format(list), and the clauses it reads.
 */

#include "fn_cases.h"
#include "image/verbs.h"

static const weir_ip_t  host = { 4, { 10, 1, 2, 3 } };

static const weir_value_t  nothing[] = { NUL };
static const weir_value_t  yes[] = { B(true) };
static const weir_value_t  text[] = { S("Hi!") };
static const weir_value_t  data[] = { X("\001\377") };
static const weir_value_t  ints[] = { I(1), I(2), I(3) };
static const weir_value_t  least[] = { I(INT64_MIN) };
static const weir_value_t  most[] = { U(UINT64_MAX) };
static const weir_value_t  minus[] = { I(-30) };
static const weir_value_t  thirty[] = { U(30) };
static const weir_value_t  pi[] = { D(3.14159) };
static const weir_value_t  big[] = { D(1e21) };
static const weir_value_t  small[] = { D(-1.5e-7) };
static const weir_value_t  odd[] = { D(NAN_), D(INF_), D(-INF_) };
static const weir_value_t  halves[] = { D(1.5), D(2.5), D(-0.0) };
static const weir_value_t  time_[] = { T(1675467080, 500000000) };
static const weir_value_t  span[] = { P(6347, 0) };
static const weir_value_t  type[] = { TY(TIMESTAMP) };
static const weir_value_t  addr[] = { IP(host), CIDR(host, 8) };
static const weir_value_t  some = I(1);
static const weir_value_t  maybe[] = { O(some) };
static const weir_value_t  cidrs[] = { V(CIDRS, 0, index, 0) };
static const weir_value_t  inner[] = { L(ints), L(text), NUL };
static const weir_value_t  list[] = { L(inner) };
static const weir_value_t  pairs[] = {
    S("strKey"), S("x"), I(6), P(422, 0), B(true), I(42), U(50), L(ints)
};
static const weir_value_t  map[] = { M(pairs) };
static const weir_value_t  bad_inside[] = { L(maybe) };

static const fn_case_t  cases[] = {
#define F(want, format, list)  C(FORMAT_LIST, want, S(format), L(list))
#define Q(text)                "\"" text "\""
    F(Q(""), "", nothing)
    F(Q("plain"), "plain", nothing)
    F(Q("100% of %"), "100%% of %%", nothing)
    F(Q("1 2"), "%d %d", ints)

    F(Q("null"), "%s", nothing)
    F(Q("true"), "%s", yes)
    F(Q("Hi!"), "%s", text)
    F(Q("\001\377"), "%s", data)
    F(Q("-9223372036854775808"), "%s", least)
    F(Q("18446744073709551615"), "%s", most)
    F(Q("3.14159"), "%s", pi)
    F(Q("1000000000000000000000"), "%s", big)
    F(Q("-0.00000015"), "%s", small)
    F(Q("NaN Infinity -Infinity"), "%s %s %s", odd)
    F(Q("2023-02-03T23:31:20.5Z"), "%s", time_)
    F(Q("6347s"), "%s", span)
    F(Q("google.protobuf.Timestamp"), "%s", type)
    F(Q("10.1.2.3 in 10.1.2.3/8"), "%s in %s", addr)
    F(Q("[[1, 2, 3], [Hi!], null]"), "%s", list)
    F(Q("{50: [1, 2, 3], 6: 422s, strKey: x, true: 42}"), "%s", map)
    F("!no_such_overload", "%s", maybe)
    F("!no_such_overload", "%s", cidrs)
    F("!no_such_overload", "%s", bad_inside)

    F(Q("-9223372036854775808"), "%d", least)
    F(Q("18446744073709551615"), "%d", most)
    F(Q("1000000000000000000000"), "%d", big)
    F(Q("NaN"), "%d", odd)
    F("!no_such_overload", "%d", yes)
    F("!no_such_overload", "%d", text)

    F(Q("3.141590"), "%f", pi)
    F(Q("3.14"), "%.2f", pi)
    F(Q("2 2 -0"), "%.0f %.0f %.0f", halves)
    F(Q("-30.0"), "%.1f", minus)
    F(Q("30.000000"), "%f", thirty)
    F("!no_such_overload", "%f", text)
    F(Q("3.141590e+00"), "%e", pi)
    F(Q("-1.50e-07"), "%.2e", small)
    F(Q("NaN"), "%e", odd)
    F("!no_such_overload", "%e", nothing)

    F(Q("1"), "%b", yes)
    F(Q("11110"), "%b", thirty)
    F(Q("-11110"), "%b", minus)
    F("!no_such_overload", "%b", pi)
    F(Q("36"), "%o", thirty)
    F(Q("-1000000000000000000000"), "%o", least)
    F("!no_such_overload", "%o", yes)
    F(Q("1e"), "%x", thirty)
    F(Q("-1E"), "%X", minus)
    F(Q("ffffffffffffffff"), "%x", most)
    F(Q("486921"), "%x", text)
    F(Q("01FF"), "%X", data)
    F("!no_such_overload", "%x", pi)

    F("!invalid_argument", "%", ints)
    F("!invalid_argument", "%d%", ints)
    F("!invalid_argument", "%q", ints)
    F("!invalid_argument", "%E", pi)
    F("!invalid_argument", "%.f", pi)
    F("!invalid_argument", "%.2", pi)
    F("!invalid_argument", "%.2%", pi)
    F("!invalid_argument", "%5d", ints)
    F("!invalid_argument", "%.101f", pi)
    F("!invalid_argument", "%.99999999999999999999f", pi)
    F("!index_out_of_range", "%d %d %d %d", ints)
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
values_become_text(void **state)
{
    (void) state;
    fn_cases_run(&table);
    fn_cases_no_scratch(&table);
    assert_true(fn_cases_no_work(&table) > 40);
}


static weir_value_t
format(const char *text_, const weir_value_t *items, uint32_t n)
{
    weir_value_t  a[2];

    a[0] = weir_v_str(weir_cstr(text_));
    a[1] = (weir_value_t) V(LIST, n, items, items);

    return weir_fn_FORMAT_LIST(&eval, a);
}


/* However little is left, it is text as it should be or too large. */
static void
scratch_is_all_there_is(void **state)
{
    uint32_t      left, scratch;
    weir_value_t  v;

    (void) state;
    scratch = image.header->scratch;

    for (left = 0; left < 96; left += 8) {
        eval.work = 0;
        eval.used = scratch - left;
        v = format("%s at %s", (weir_value_t[]) { M(pairs), T(1675467080, 0) },
                   2);

        if (v.kind == WEIR_T_ERR) {
            assert_int_equal(v.len, WEIR_E_TOO_LARGE);
            assert_int_equal(eval.used, scratch - left);
            assert_true(left < 96);

        } else {
            assert_string_equal(weir_arena_printf(kit.arena, "%.*s",
                                                  WEIR_STR(weir_v_text(&v)))
                                    .data,
                                "{50: [1, 2, 3], 6: 422s, strKey: x, "
                                "true: 42} at 2023-02-03T23:31:20Z");
            assert_true(eval.used <= scratch);
        }
    }
}


/* Keys in an order of their own come out sorted by their text. */
static void
large_maps_are_sorted(void **state)
{
    int            last, n;
    char          *s;
    uint32_t       i;
    weir_value_t  *items, v;
    const char    *p, *end;

    (void) state;
    items = malloc(2 * WEIR_MAX_LIST * sizeof(weir_value_t));
    s = malloc(WEIR_MAX_LIST * 5);

    for (i = 0; i < WEIR_MAX_LIST; i++) {
        snprintf(s + i * 5, 5, "%04u", i * 389 % WEIR_MAX_LIST);
        items[2 * i] = weir_v_str(weir_str(s + i * 5, 4));
        items[2 * i + 1] = (weir_value_t) NUL;
    }

    eval.used = eval.work = 0;
    v = format("%s", (weir_value_t[]) { V(MAP, WEIR_MAX_LIST, items, items) },
               1);
    assert_int_equal(v.kind, WEIR_T_STRING);
    assert_int_equal(v.len, WEIR_MAX_LIST * 12);

    p = v.u.s + 1;
    end = v.u.s + v.len;

    for (last = -1; p < end; last = n, p += 12) {
        n = atoi(p);
        assert_int_equal(n, last + 1);
    }

    assert_true(eval.work < WEIR_MAX_WORK / 10);

    eval.used = eval.work = 0;
    v = format("%s",
               (weir_value_t[]) { V(MAP, WEIR_MAX_LIST + 1, items, items) },
               1);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);

    free(items);
    free(s);
}


/* Lists within lists, and one within itself. */
static void
depth_is_bounded(void **state)
{
    unsigned      i;
    weir_value_t  v, a[WEIR_MAX_VALUE_DEPTH + 2];

    (void) state;
    a[0] = (weir_value_t) I(1);

    for (i = 1; i < N_OF(a); i++) {
        a[i] = (weir_value_t) V(LIST, 1, items, &a[i - 1]);
    }

    eval.used = eval.work = 0;
    v = format("%s", &a[WEIR_MAX_VALUE_DEPTH - 1], 1);
    assert_int_equal(v.kind, WEIR_T_STRING);
    v = format("%s", &a[WEIR_MAX_VALUE_DEPTH], 1);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);

    a[0] = (weir_value_t) V(LIST, 1, items, a);
    v = format("%s", a, 1);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
}


/* The longest text that a number has. */
static void
numbers_fit_their_room(void **state)
{
    weir_value_t  v;

    (void) state;
    eval.used = eval.work = 0;

    v = format("%.100f", (weir_value_t[]) { D(-1.7976931348623157e308) }, 1);
    assert_int_equal(v.kind, WEIR_T_STRING);
    assert_int_equal(v.len, 1 + 309 + 1 + 100);

    v = format("%s", (weir_value_t[]) { D(-2.2250738585072014e-308) }, 1);
    assert_int_equal(v.len, 1 + 2 + 307 + 17);
    v = format("%s", (weir_value_t[]) { D(-1.7976931348623157e308) }, 1);
    assert_int_equal(v.len, 1 + 309);
    v = format("%b", (weir_value_t[]) { I(INT64_MIN) }, 1);
    assert_int_equal(v.len, 65);
}


/* However short the text of a double is, its digits had to be found. */
static void
digits_are_work(void **state)
{
    (void) state;
    eval.used = eval.work = 0;

    (void) format("%.0f", (weir_value_t[]) { D(5e-324) }, 1);
    assert_int_equal(eval.used, 8);
    assert_true(eval.work >= 120);

    eval.work = 0;
    (void) format("%s", (weir_value_t[]) { D(5e-324) }, 1);
    assert_true(eval.work >= 120 + 326);

    eval.work = 0;
    (void) format("%s", (weir_value_t[]) { I(5) }, 1);
    assert_true(eval.work < 120);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(values_become_text),
        cmocka_unit_test(scratch_is_all_there_is),
        cmocka_unit_test(large_maps_are_sorted),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(numbers_fit_their_room),
        cmocka_unit_test(digits_are_work)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
