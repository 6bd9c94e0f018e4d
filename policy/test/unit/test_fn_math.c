/*
 * test_fn_math.c: the extension library math.
 */

#include "fn_cases.h"

#define WHOLE  4503599627370496.0       /* 2^52 */
#define JUST   0.49999999999999994      /* the double before a half */

static const weir_value_t  ints[] = { I(3), I(-7), I(5) };
static const weir_value_t  uints[] = { U(3), U(1), U(5) };
static const weir_value_t  doubles[] = { D(1.5), D(-2.5) };
static const weir_value_t  numbers[] = { D(5.4), I(10), U(3), D(-5) };
static const weir_value_t  texts[] = { I(1), S("2") };
static const weir_value_t  text_first[] = { S("2") };
static const weir_value_t  no_number[] = { D(1), D(NAN_) };

static const fn_case_t  cases[] = {
    C(GREATEST_INT, "-5", I(-5))
    C(GREATEST_UINT, "5u", U(5))
    C(GREATEST_DOUBLE, "-5d", D(-5))
    C(GREATEST_INTS, "5", L(ints))
    C(GREATEST_UINTS, "5u", L(uints))
    C(GREATEST_DOUBLES, "1.5d", L(doubles))
    C(GREATEST_INTS, "10", L(numbers))
    C(GREATEST_INTS, "!invalid_argument", V(LIST, 0, items, NULL))
    C(GREATEST_INTS, "!no_such_overload", L(texts))
    C(GREATEST_INTS, "!no_such_overload", L(text_first))
    C(GREATEST_DOUBLES, "!invalid_argument", L(no_number))
    C(GREATEST_INT_INT, "9223372036854775807", I(1), I(INT64_MAX))
    C(GREATEST_UINT_UINT, "18446744073709551615u", U(UINT64_MAX), U(1))
    C(GREATEST_DOUBLE_DOUBLE, "5d", D(5), D(-7))
    C(GREATEST_DOUBLE_DOUBLE, "!invalid_argument", D(1), D(NAN_))
    C(GREATEST_INT_UINT, "3u", I(-3), U(3))
    /* of equal ones the first */
    C(GREATEST_INT_UINT, "1", I(1), U(1))
    C(GREATEST_INT_DOUBLE, "1.5d", I(1), D(1.5))
    C(GREATEST_UINT_INT, "1u", U(1), I(1))
    C(GREATEST_UINT_INT, "1u", U(1), I(-1))
    C(GREATEST_UINT_DOUBLE, "2u", U(2), D(1.5))
    C(GREATEST_DOUBLE_INT, "1d", D(1), I(1))
    C(GREATEST_DOUBLE_UINT, "2u", D(1.5), U(2))
    /* they compare as doubles, and so are equal */
    C(GREATEST_INT_DOUBLE, "9223372036854775807", I(INT64_MAX),
      D(9223372036854775808.0))

    C(LEAST_INT, "-5", I(-5))
    C(LEAST_UINT, "5u", U(5))
    C(LEAST_DOUBLE, "-5d", D(-5))
    C(LEAST_INTS, "-7", L(ints))
    C(LEAST_UINTS, "1u", L(uints))
    C(LEAST_DOUBLES, "-2.5d", L(doubles))
    C(LEAST_UINTS, "-5d", L(numbers))
    C(LEAST_INTS, "!invalid_argument", V(LIST, 0, items, NULL))
    C(LEAST_INTS, "!no_such_overload", L(texts))
    C(LEAST_INT_INT, "-9223372036854775808", I(INT64_MIN), I(0))
    C(LEAST_UINT_UINT, "1u", U(UINT64_MAX), U(1))
    C(LEAST_DOUBLE_DOUBLE, "-7d", D(5), D(-7))
    C(LEAST_DOUBLE_DOUBLE, "!invalid_argument", D(NAN_), D(1))
    C(LEAST_INT_UINT, "-3", I(-3), U(3))
    C(LEAST_INT_DOUBLE, "1", I(1), D(1.5))
    C(LEAST_UINT_INT, "-1", U(1), I(-1))
    C(LEAST_UINT_DOUBLE, "1.5d", U(2), D(1.5))
    C(LEAST_DOUBLE_INT, "1d", D(1), I(1))
    C(LEAST_DOUBLE_UINT, "1.5d", D(1.5), U(2))

    C(CEIL_DOUBLE, "2d", D(1.2))
    C(CEIL_DOUBLE, "-1d", D(-1.2))
    C(CEIL_DOUBLE, "-0d", D(-0.5))
    C(CEIL_DOUBLE, "3d", D(3))
    C(CEIL_DOUBLE, "infd", D(INF_))
    C(FLOOR_DOUBLE, "1d", D(1.2))
    C(FLOOR_DOUBLE, "-2d", D(-1.2))
    C(FLOOR_DOUBLE, "-0d", D(-0.0))
    C(FLOOR_DOUBLE, "-infd", D(-INF_))
    C(ROUND_DOUBLE, "2d", D(1.5))
    C(ROUND_DOUBLE, "3d", D(2.5))
    C(ROUND_DOUBLE, "-2d", D(-1.5))
    C(ROUND_DOUBLE, "-1d", D(-1.4))
    C(ROUND_DOUBLE, "0d", D(JUST))
    C(ROUND_DOUBLE, "-0d", D(-JUST))
    C(ROUND_DOUBLE, "4503599627370495d", D(WHOLE - 1))
    C(ROUND_DOUBLE, "4503599627370497d", D(WHOLE + 1))
    C(ROUND_DOUBLE, "infd", D(INF_))
    C(TRUNC_DOUBLE, "1d", D(1.9))
    C(TRUNC_DOUBLE, "-1d", D(-1.9))
    C(TRUNC_DOUBLE, "18014398509481984d", D(4 * WHOLE))

    C(ABS_INT, "11", I(-11))
    C(ABS_INT, "1", I(1))
    C(ABS_INT, "!overflow", I(INT64_MIN))
    C(ABS_UINT, "18446744073709551615u", U(UINT64_MAX))
    C(ABS_DOUBLE, "11.5d", D(-11.5))
    C(ABS_DOUBLE, "0d", D(-0.0))
    C(SIGN_INT, "-1", I(INT64_MIN))
    C(SIGN_INT, "0", I(0))
    C(SIGN_INT, "1", I(100))
    C(SIGN_UINT, "1u", U(UINT64_MAX))
    C(SIGN_UINT, "0u", U(0))
    C(SIGN_DOUBLE, "-1d", D(-32))
    C(SIGN_DOUBLE, "0d", D(-0.0))
    C(SIGN_DOUBLE, "1d", D(1e-300))
    C(SQRT_INT, "9d", I(81))
    C(SQRT_UINT, "4294967296d", U(UINT64_MAX))
    C(SQRT_DOUBLE, "1.5d", D(2.25))

    C(IS_NAN_DOUBLE, "true", D(NAN_))
    C(IS_NAN_DOUBLE, "false", D(INF_))
    C(IS_INF_DOUBLE, "true", D(-INF_))
    C(IS_INF_DOUBLE, "false", D(NAN_))
    C(IS_FINITE_DOUBLE, "true", D(1e308))
    C(IS_FINITE_DOUBLE, "false", D(NAN_))
    C(IS_FINITE_DOUBLE, "false", D(INF_))

    C(BIT_AND_INT, "1", I(1), I(-1))
    C(BIT_AND_UINT, "1u", U(1), U(3))
    C(BIT_OR_INT, "-2", I(4), I(-2))
    C(BIT_OR_UINT, "5u", U(1), U(4))
    C(BIT_XOR_INT, "-6", I(4), I(-2))
    C(BIT_XOR_UINT, "2u", U(1), U(3))
    C(BIT_NOT_INT, "-2", I(1))
    C(BIT_NOT_UINT, "18446744073709551614u", U(1))

    C(SHIFT_LEFT_INT, "4", I(1), I(2))
    C(SHIFT_LEFT_INT, "-9223372036854775808", I(1), I(63))
    C(SHIFT_LEFT_INT, "0", I(-1), I(64))
    C(SHIFT_LEFT_INT, "0", I(-1), I(INT64_MAX))
    C(SHIFT_LEFT_INT, "!invalid_argument", I(1), I(-1))
    C(SHIFT_LEFT_UINT, "4u", U(1), I(2))
    C(SHIFT_LEFT_UINT, "0u", U(1), I(200))
    C(SHIFT_LEFT_UINT, "!invalid_argument", U(1), I(INT64_MIN))
    /* no sign comes in from the left */
    C(SHIFT_RIGHT_INT, "2305843009213693824", I(-1024), I(3))
    C(SHIFT_RIGHT_INT, "0", I(-1024), I(64))
    C(SHIFT_RIGHT_INT, "!invalid_argument", I(1), I(-1))
    C(SHIFT_RIGHT_UINT, "256u", U(1024), I(2))
    C(SHIFT_RIGHT_UINT, "0u", U(1024), I(64))
    C(SHIFT_RIGHT_UINT, "!invalid_argument", U(1), I(-1))
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
    fn_cases_no_scratch(&table);
    assert_true(fn_cases_no_work(&table) >= 9);
}


static void
every_function_has_a_case(void **state)
{
    (void) state;
    fn_cases_cover(&table, WEIR_FN_GREATEST_INT, WEIR_FN_SHIFT_RIGHT_UINT);
}


static void
what_is_no_number_stays_so(void **state)
{
    size_t        i;
    weir_value_t  a, v;

    static const unsigned  fns[] = {
        WEIR_FN_CEIL_DOUBLE, WEIR_FN_FLOOR_DOUBLE, WEIR_FN_ROUND_DOUBLE,
        WEIR_FN_TRUNC_DOUBLE, WEIR_FN_ABS_DOUBLE, WEIR_FN_SIGN_DOUBLE,
        WEIR_FN_SQRT_DOUBLE
    };

    (void) state;

    for (i = 0; i < N_OF(fns); i++) {
        a = weir_v_double(NAN_);
        v = weir_fn_impls[fns[i]](&eval, &a);
        assert_int_equal(v.kind, WEIR_T_DOUBLE);
        assert_true(v.u.d != v.u.d);
    }

    a = weir_v_double(-1);
    v = weir_fn_SQRT_DOUBLE(&eval, &a);
    assert_true(v.u.d != v.u.d);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(functions_do_as_cel_says),
        cmocka_unit_test(every_function_has_a_case),
        cmocka_unit_test(what_is_no_number_stays_so)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
