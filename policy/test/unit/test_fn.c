/*
 * test_fn.c: every function of image/functions.h, arguments to result.
 */

#include "fn_cases.h"

/* the same as constants of the image: see open_image() */
#define CLIST        { .kind = WEIR_T_LIST, .rep = WEIR_REP_IMAGE, .len = 1 }
#define CMAP         { .kind = WEIR_T_MAP, .rep = WEIR_REP_IMAGE, .len = 2 }
#define HMAP         { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,              \
                       .len = KIT_ENTRIES, .u.attr = 0 }

#define LONG   "0123456789012345678901234567890123456789012345678901234567890"

static const weir_ip_t  no_ip;
static const weir_ip_t  ip4 = { 4, { 10, 1, 2, 3 } };
static const weir_ip_t  net4 = { 4, { 10, 0, 0, 0 } };
static const weir_ip_t  ip6 = { 16, { 0x20, 1, 0xd, 0xb8, [15] = 1 } };

static const weir_value_t  ints[] = { I(1), I(2) };
static const weir_value_t  roles[] = { S("dev"), I(3), S("ops") };
static const weir_value_t  uints[] = { U(1), U(2) };
static const weir_value_t  mixed[] = { I(1), S("a") };
static const weir_value_t  nan_list[] = { D(NAN_) };
static const weir_value_t  nested[] = { L(ints), M(mixed) };
static const weir_value_t  nested2[] = { L(uints), M(mixed) };
static const weir_value_t  pairs[] = { S("a"), I(1), U(2), S("two"),
                                       B(true), NUL };
static const weir_value_t  pairs2[] = { I(2), S("two"), B(true), NUL, S("a"),
                                        U(1) };
static const weir_value_t  pairs3[] = { S("a"), I(1), U(3), S("two"),
                                        B(true), NUL };
static const weir_value_t  five = I(5);
static const weir_value_t  some_list = L(ints);
static const weir_value_t  some_map = M(pairs);

static const fn_case_t  cases[] = {
    C(NOT_BOOL, "false", B(true))
    C(NEG_INT, "-5", I(5))
    C(NEG_INT, "!overflow", I(INT64_MIN))
    C(NEG_DOUBLE, "-2.5d", D(2.5))

    C(EQ_BOOL, "true", B(false), B(false))
    C(EQ_INT, "false", I(1), I(2))
    C(EQ_STRING, "true", S("a"), S("a"))
    C(EQ_STRING, "false", S("a"), S("A"))
    C(NE_BOOL, "true", B(false), B(true))
    C(NE_INT, "true", I(1), I(2))
    C(NE_STRING, "false", S(""), S(""))
    C(NE_ANY, "true", I(1), S("1"))
    C(NE_ANY, "false", L(ints), L(uints))

    C(EQ_ANY, "true", NUL, NUL)
    C(EQ_ANY, "false", NUL, I(0))
    C(EQ_ANY, "true", I(1), U(1))
    C(EQ_ANY, "false", I(-1), U(UINT64_MAX))
    C(EQ_ANY, "true", U(3), I(3))
    C(EQ_ANY, "true", D(1), I(1))
    C(EQ_ANY, "true", I(1), D(1))
    C(EQ_ANY, "false", I(1), D(1.5))
    C(EQ_ANY, "false", I(-1), D(-1.5))
    C(EQ_ANY, "true", U(1), D(1))
    C(EQ_ANY, "false", U(1), D(1.5))
    C(EQ_ANY, "true", D(7), U(7))
    C(EQ_ANY, "false", D(NAN_), D(NAN_))
    C(EQ_ANY, "false", I(1), D(NAN_))
    C(EQ_ANY, "false", D(NAN_), U(1))
    C(EQ_ANY, "true", D(0.0), D(-0.0))
    /* numbers of two kinds compare as doubles, which round */
    C(EQ_ANY, "true", I(INT64_MAX), D(9223372036854775808.0))
    C(EQ_ANY, "true", I(INT64_MIN), D(-9223372036854775808.0))
    C(EQ_ANY, "true", I(9007199254740993), D(9007199254740992.0))
    C(EQ_ANY, "true", U(UINT64_MAX), D(18446744073709551616.0))
    C(EQ_ANY, "true", X("a"), X("a"))
    C(EQ_ANY, "false", X("a"), S("a"))
    C(EQ_ANY, "true", T(1, 5), T(1, 5))
    C(EQ_ANY, "false", T(1, 5), T(1, 6))
    C(EQ_ANY, "true", P(-1, -5), P(-1, -5))
    C(EQ_ANY, "false", P(1, 0), T(1, 0))
    C(EQ_ANY, "true", TY(INT), TY(INT))
    C(EQ_ANY, "false", TY(INT), TY(UINT))
    C(EQ_ANY, "true", IP(ip4), IP(ip4))
    C(EQ_ANY, "false", IP(ip4), IP(ip6))
    C(EQ_ANY, "false", IP(ip4), IP(net4))
    C(EQ_ANY, "true", CIDR(net4, 8), CIDR(net4, 8))
    C(EQ_ANY, "false", CIDR(net4, 8), CIDR(net4, 9))
    C(EQ_ANY, "true", V(CIDRS, 0, index, 1), V(CIDRS, 0, index, 1))
    C(EQ_ANY, "false", V(REGEX, 0, index, 1), V(REGEX, 0, index, 0))
    C(EQ_ANY, "true", NONE, NONE)
    C(EQ_ANY, "false", NONE, O(five))
    C(EQ_ANY, "true", O(five), O(five))
    C(EQ_ANY, "false", O(five), O(some_list))
    C(EQ_ANY, "true", L(ints), L(uints))
    C(EQ_ANY, "false", L(ints), L(mixed))
    C(EQ_ANY, "false", L(ints), L(nan_list))
    C(EQ_ANY, "false", L(nan_list), L(nan_list))
    C(EQ_ANY, "true", L(nested), L(nested2))
    C(EQ_ANY, "true", M(pairs), M(pairs2))
    C(EQ_ANY, "false", M(pairs), M(pairs3))
    C(EQ_ANY, "false", M(pairs), M(mixed))
    C(EQ_ANY, "true", CMAP, CMAP)
    C(EQ_ANY, "false", V(ERR, 1, i, 0), V(ERR, 1, i, 0))

    C(LT_BOOL, "true", B(false), B(true))
    C(LE_BOOL, "true", B(true), B(true))
    C(GT_BOOL, "false", B(true), B(true))
    C(GE_BOOL, "false", B(false), B(true))
    C(LT_INT, "true", I(INT64_MIN), I(INT64_MAX))
    C(LE_INT, "false", I(2), I(1))
    C(GT_INT, "true", I(2), I(1))
    C(GE_INT, "true", I(2), I(2))
    C(LT_UINT, "false", U(UINT64_MAX), U(1))
    C(LE_UINT, "true", U(1), U(1))
    C(GT_UINT, "true", U(UINT64_MAX), U(1))
    C(GE_UINT, "false", U(0), U(1))
    C(LT_DOUBLE, "true", D(-INF_), D(0))
    C(LT_DOUBLE, "false", D(NAN_), D(0))
    C(LE_DOUBLE, "false", D(0), D(NAN_))
    C(GT_DOUBLE, "false", D(NAN_), D(NAN_))
    C(GE_DOUBLE, "false", D(NAN_), D(1))
    C(GE_DOUBLE, "true", D(INF_), D(1))
    C(LT_STRING, "true", S("a"), S("ab"))
    C(LT_STRING, "true", S("Z"), S("a"))
    C(GT_STRING, "true", S("10"), S("1.5"))     /* bytes that differ by 2 */
    C(GE_STRING, "true", S("2026"), S("2024"))
    C(LE_STRING, "true", S("2024"), S("2026"))
    C(LE_STRING, "true", S("a"), S("a"))
    C(GT_STRING, "true", S("\xc3\xa9"), S("z"))
    C(GE_STRING, "false", S(""), S("a"))
    C(LT_BYTES, "true", X(""), X("\0"))
    C(LE_BYTES, "false", X("b"), X("a"))
    C(GT_BYTES, "true", X("\xff"), X("a"))
    C(GE_BYTES, "true", X("a"), X("a"))
    C(LT_TIMESTAMP, "true", T(1, 1), T(1, 2))
    C(LE_TIMESTAMP, "true", T(-5, 9), T(1, 2))
    C(GT_TIMESTAMP, "false", T(-5, 9), T(1, 2))
    C(GE_TIMESTAMP, "true", T(1, 2), T(1, 2))
    C(LT_DURATION, "true", P(-1, -5), P(-1, -4))
    C(LE_DURATION, "true", P(-1, -5), P(1, 5))
    C(GT_DURATION, "true", P(1, 6), P(1, 5))
    C(GE_DURATION, "false", P(0, -1), P(0, 1))
    C(LT_INT_UINT, "true", I(-1), U(0))
    C(LE_INT_UINT, "false", I(INT64_MAX), U(0))
    C(GT_INT_UINT, "true", I(INT64_MAX), U(0))
    C(GE_INT_UINT, "false", I(INT64_MAX), U(UINT64_MAX))
    C(LT_INT_DOUBLE, "true", I(9007199254740993), D(9007199254740994.0))
    C(LE_INT_DOUBLE, "true", I(INT64_MAX), D(9223372036854775808.0))
    C(GT_INT_DOUBLE, "false", I(9007199254740993), D(9007199254740992.0))
    C(GT_INT_DOUBLE, "true", I(INT64_MIN), D(-1e300))
    C(GE_INT_DOUBLE, "false", I(1), D(NAN_))
    C(GE_INT_DOUBLE, "true", I(-1), D(-1.5))
    C(LT_UINT_INT, "false", U(0), I(-1))
    C(LE_UINT_INT, "false", U(UINT64_MAX), I(INT64_MAX))
    C(GT_UINT_INT, "true", U(0), I(-1))
    C(GE_UINT_INT, "true", U(5), I(5))
    C(LT_UINT_DOUBLE, "true", U(UINT64_MAX), D(1e300))
    C(LE_UINT_DOUBLE, "false", U(0), D(-1))
    C(GT_UINT_DOUBLE, "false", U(1), D(1.5))
    C(GE_UINT_DOUBLE, "false", U(1), D(NAN_))
    C(LT_DOUBLE_INT, "true", D(0.5), I(1))
    C(LE_DOUBLE_INT, "false", D(NAN_), I(1))
    C(GT_DOUBLE_INT, "true", D(1e300), I(INT64_MAX))
    C(GE_DOUBLE_INT, "true", D(2), I(2))
    C(LT_DOUBLE_UINT, "true", D(-0.5), U(0))
    C(LE_DOUBLE_UINT, "true", D(0), U(0))
    C(GT_DOUBLE_UINT, "true", D(INF_), U(UINT64_MAX))
    C(GE_DOUBLE_UINT, "false", D(0.5), U(1))

    C(ADD_INT, "3", I(1), I(2))
    C(ADD_INT, "!overflow", I(INT64_MAX), I(1))
    C(ADD_UINT, "3u", U(1), U(2))
    C(ADD_UINT, "!overflow", U(UINT64_MAX), U(1))
    C(ADD_DOUBLE, "3.5d", D(1), D(2.5))
    C(ADD_DOUBLE, "infd", D(1e308), D(1e308))
    C(ADD_STRING, "\"ab\"", S("a"), S("b"))
    C(ADD_STRING, "\"a\"", S("a"), S(""))
    C(ADD_STRING, "\"b\"", S(""), S("b"))
    C(ADD_BYTES, "b\"ab\"", X("a"), X("b"))
    C(ADD_LIST, "[1, 2, 1, \"a\"]", L(ints), L(mixed))
    C(ADD_LIST, "[1, 2]", L(ints), V(LIST, 0, items, NULL))
    C(ADD_LIST, "[1, 2]", V(LIST, 0, items, NULL), L(ints))
    C(ADD_LIST, "[1, 2, \"a\"]", L(ints), CLIST)
    C(ADD_LIST, "!too_large", V(LIST, 1024, items, ints), L(ints))
    C(ADD_LIST, "!too_large", V(LIST, 1025, items, ints), L(ints))
    C(ADD_TIME_DUR, "@62.000000001", T(1, 999999999), P(60, 2))
    C(ADD_TIME_DUR, "!overflow", T(253402300799, 999999999), P(0, 1))
    C(ADD_TIME_DUR, "@-62135596800.000000002", T(-62135596799, 1),
      P(0, -999999999))
    C(ADD_DUR_TIME, "@-60.000000000", P(-61, 0), T(1, 0))
    C(ADD_DUR_TIME, "!overflow", P(0, -1), T(-62135596800, 0))
    C(ADD_DURATION, "~2.000000000", P(1, 500000000), P(0, 500000000))
    C(ADD_DURATION, "~-0.500000000", P(-1, 0), P(0, 500000000))
    C(ADD_DURATION, "~0.500000000", P(1, 0), P(0, -500000000))
    C(ADD_DURATION, "!overflow", P(200000000000, 0), P(200000000000, 0))
    C(SUB_INT, "-1", I(1), I(2))
    C(SUB_INT, "!overflow", I(INT64_MIN), I(1))
    C(SUB_UINT, "1u", U(2), U(1))
    C(SUB_UINT, "!overflow", U(1), U(2))
    C(SUB_DOUBLE, "-1.5d", D(1), D(2.5))
    C(SUB_TIME, "~120.000000000", T(121, 0), T(1, 0))
    C(SUB_TIME, "~-0.000000001", T(1, 0), T(1, 1))
    C(SUB_TIME, "!overflow", T(253402300799, 0), T(-62135596800, 0))
    C(SUB_TIME, "!overflow", T(-62135596800, 0), T(253402300799, 0))
    C(SUB_TIME_DUR, "@0.999999999", T(1, 0), P(0, 1))
    C(SUB_DURATION, "~858.000000000", P(900, 0), P(42, 0))
    C(SUB_DURATION, "!overflow", P(-200000000000, 0), P(200000000000, 0))
    C(MUL_INT, "6", I(-2), I(-3))
    C(MUL_INT, "!overflow", I(INT64_MIN), I(-1))
    C(MUL_UINT, "6u", U(2), U(3))
    C(MUL_UINT, "!overflow", U(UINT64_MAX), U(2))
    C(MUL_DOUBLE, "6d", D(1.5), D(4))
    C(DIV_INT, "-3", I(7), I(-2))
    C(DIV_INT, "!divide_by_zero", I(7), I(0))
    C(DIV_INT, "!overflow", I(INT64_MIN), I(-1))
    C(DIV_UINT, "3u", U(7), U(2))
    C(DIV_UINT, "!divide_by_zero", U(7), U(0))
    C(DIV_DOUBLE, "3.5d", D(7), D(2))
    C(DIV_DOUBLE, "infd", D(1), D(0))
    C(DIV_DOUBLE, "-infd", D(1), D(-0.0))
    C(DIV_DOUBLE, "-infd", D(-1), D(0))
    C(DIV_DOUBLE, "nand", D(0), D(0))
    C(DIV_DOUBLE, "nand", D(NAN_), D(0))
    C(MOD_INT, "-1", I(-7), I(2))
    C(MOD_INT, "!divide_by_zero", I(7), I(0))
    C(MOD_INT, "!overflow", I(INT64_MIN), I(-1))
    C(MOD_UINT, "1u", U(7), U(2))
    C(MOD_UINT, "!divide_by_zero", U(7), U(0))

    C(IN_LIST, "true", U(2), L(ints))
    C(IN_LIST, "false", S("1"), L(ints))
    C(IN_LIST, "true", S("ops"), L(roles))
    C(IN_LIST, "false", S("op"), L(roles))
    C(IN_LIST, "false", S("dew"), L(roles))
    C(IN_LIST, "false", S(""), V(LIST, 0, items, NULL))
    C(IN_LIST, "true", S("a"), CLIST)
    C(IN_LIST, "false", S("b"), CLIST)
    C(IN_LIST, "false", I(1), CLIST)
    C(IN_LIST, "false", I(1), V(LIST, 0, items, NULL))
    C(IN_LIST, "!too_large", I(1), V(LIST, 1025, items, ints))
    C(IN_MAP, "true", S("a"), M(pairs))
    C(IN_MAP, "true", D(2), M(pairs))
    C(IN_MAP, "false", I(3), M(pairs))
    C(IN_MAP, "false", L(ints), M(pairs))
    C(IN_MAP, "true", S("b"), CMAP)
    C(IN_MAP, "true", D(5), CMAP)
    C(IN_MAP, "false", S("c"), CMAP)
    C(IN_MAP, "false", B(true), CMAP)
    C(IN_MAP, "false", D(NAN_), CMAP)
    C(IN_MAP, "true", S("x"), HMAP)
    C(IN_MAP, "false", S(""), HMAP)
    C(IN_MAP, "false", I(1), HMAP)
    C(INDEX_LIST, "2", L(ints), I(1))
    C(INDEX_LIST, "!index_out_of_range", L(ints), I(2))
    C(INDEX_LIST, "!index_out_of_range", L(ints), I(-1))
    C(INDEX_LIST_ANY, "2", L(ints), U(1))
    C(INDEX_LIST_ANY, "2", L(ints), D(1))
    C(INDEX_LIST_ANY, "!invalid_argument", L(ints), D(0.5))
    C(INDEX_LIST_ANY, "!invalid_argument", L(ints), D(NAN_))
    C(INDEX_LIST_ANY, "!invalid_argument", L(ints), D(1e300))
    C(INDEX_LIST_ANY, "!index_out_of_range", L(ints), U(UINT64_MAX))
    C(INDEX_LIST_ANY, "!no_such_overload", L(ints), S("0"))
    C(INDEX_MAP, "\"two\"", M(pairs), I(2))
    C(INDEX_MAP, "null", M(pairs), B(true))
    C(INDEX_MAP, "!no_such_key", M(pairs), B(false))
    C(INDEX_MAP, "!no_such_key", M(pairs), NUL)
    C(INDEX_MAP, "null", CMAP, I(5))
    C(INDEX_MAP, "\"q\"", HMAP, S("q"))
    C(INDEX_OPT, "none", NONE, S("a"))
    C(INDEX_OPT, "some(1)", O(some_map), S("a"))
    C(INDEX_OPT, "none", O(some_map), S("b"))
    C(INDEX_OPT, "!no_such_overload", O(five), S("b"))
    C(INDEX_OPT_LIST, "some(1)", O(some_list), I(0))
    C(OPT_INDEX_LIST, "some(2)", L(ints), I(1))
    C(OPT_INDEX_LIST, "none", L(ints), I(2))
    C(OPT_INDEX_MAP, "some(1)", M(pairs), S("a"))
    C(OPT_INDEX_MAP, "none", M(pairs), S("b"))
    C(OPT_INDEX_OPT, "some(1)", O(some_map), S("a"))
    C(OPT_INDEX_OPT, "!no_such_overload", O(some_list), S("a"))
    C(OPT_INDEX_OPT_LIST, "none", O(some_list), I(7))

    C(SIZE_STRING, "4", S("caf\xc3\xa9"))
    C(SIZE_STRING, "0", S(""))
    C(M_SIZE_STRING, "1", S("\xf0\x9f\x8d\xba"))
    C(SIZE_BYTES, "2", X("\xc3\xa9"))
    C(M_SIZE_BYTES, "0", X(""))
    C(SIZE_LIST, "2", L(ints))
    C(M_SIZE_LIST, "1", CLIST)
    C(SIZE_MAP, "3", M(pairs))
    C(M_SIZE_MAP, "40", HMAP)
    C(CONTAINS_STRING, "true", S("/v1/users"), S("v1/"))
    C(CONTAINS_STRING, "true", S(""), S(""))
    C(CONTAINS_STRING, "false", S("a"), S("ab"))
    C(CONTAINS_STRING, "false", S("aXb"), S("x"))
    C(CONTAINS_CIDRS, "true", V(CIDRS, 0, index, 1), IP(ip4))
    C(CONTAINS_CIDRS, "false", V(CIDRS, 0, index, 0), IP(ip4))
    C(CONTAINS_CIDRS, "true", V(CIDRS, 0, index, 1), IP(ip6))
    C(CONTAINS_CIDRS, "false", V(CIDRS, 0, index, 1), IP(no_ip))
    C(CONTAINS_CIDRS_S, "true", V(CIDRS, 0, index, 1), S("10.1.2.4"))
    C(CONTAINS_CIDRS_S, "false", V(CIDRS, 0, index, 1), S("10.1.2.2"))
    C(CONTAINS_CIDRS_S, "false", V(CIDRS, 0, index, 1), S("10.1.2.5"))
    C(CONTAINS_CIDRS_S, "false", V(CIDRS, 0, index, 1), S("2001:db8::3"))
    C(CONTAINS_CIDRS_S, "false", V(CIDRS, 0, index, 1), S("2001:db8::"))
    C(CONTAINS_CIDRS_S, "!bad_conversion", V(CIDRS, 0, index, 1), S("10.1"))
    C(STARTS_WITH_S, "true", S("/v1/x"), S("/v1/"))
    C(STARTS_WITH_S, "false", S("/v"), S("/v1/"))
    C(ENDS_WITH_S, "true", S("a.json"), S(".json"))
    C(ENDS_WITH_S, "false", S("json"), S(".json"))
    C(MATCHES_S, "!invalid_argument", S("a"), S("a"))
    C(M_MATCHES_S, "!invalid_argument", S("a"), S("a"))
    C(MATCHES_RE, "true", S("v12"), V(REGEX, 0, index, 0))
    C(MATCHES_RE, "false", S("v"), V(REGEX, 0, index, 0))
    C(MATCHES_RE, "!match_limit", S("\xff"), V(REGEX, 0, index, 0))
    C(M_MATCHES_RE, "false", S(""), V(REGEX, 0, index, 0))
    C(LOWER_ASCII_S, "\"az@[\xc3\x89\"", S("AZ@[\xc3\x89"))
    C(LOWER_ASCII_S, "\"az\"", S("az"))
    C(UPPER_ASCII_S, "\"AZ`{\"", S("az`{"))

    C(BOOL_BOOL, "true", B(true))
    C(BOOL_STRING, "true", S("TRUE"))
    C(BOOL_STRING, "true", S("1"))
    C(BOOL_STRING, "false", S("f"))
    C(BOOL_STRING, "!bad_conversion", S("TrUe"))
    C(INT_INT, "5", I(5))
    C(INT_UINT, "5", U(5))
    C(INT_UINT, "!overflow", U((uint64_t) INT64_MAX + 1))
    C(INT_DOUBLE, "-7", D(-7.9))
    C(INT_DOUBLE, "!overflow", D(9223372036854775808.0))
    C(INT_DOUBLE, "!overflow", D(-9223372036854775808.0))
    C(INT_DOUBLE, "!overflow", D(NAN_))
    C(INT_STRING, "987", S("987"))
    C(INT_STRING, "5", S("+5"))
    C(INT_STRING, "-9223372036854775808", S("-9223372036854775808"))
    C(INT_STRING, "!overflow", S("-9223372036854775809"))
    C(INT_STRING, "!overflow", S("9223372036854775808"))
    C(INT_STRING, "!overflow", S("99999999999999999999999"))
    C(INT_STRING, "!bad_conversion", S(""))
    C(INT_STRING, "!bad_conversion", S("-"))
    C(INT_STRING, "!bad_conversion", S(" 1"))
    C(INT_STRING, "!bad_conversion", S("1_000"))
    C(INT_TIMESTAMP, "1234567890", T(1234567890, 5))
    C(UINT_UINT, "5u", U(5))
    C(UINT_INT, "5u", I(5))
    C(UINT_INT, "!overflow", I(-1))
    C(UINT_DOUBLE, "10000000000000000000u", D(1e19))
    C(UINT_DOUBLE, "!overflow", D(1e20))
    C(UINT_DOUBLE, "!overflow", D(-0.5))
    C(UINT_DOUBLE, "!overflow", D(NAN_))
    C(UINT_STRING, "18446744073709551615u", S("18446744073709551615"))
    C(UINT_STRING, "!overflow", S("18446744073709551616"))
    C(UINT_STRING, "!bad_conversion", S("+1"))
    C(DOUBLE_DOUBLE, "2.5d", D(2.5))
    C(DOUBLE_INT, "5d", I(5))
    C(DOUBLE_UINT, "1.8446744073709552e+19d", U(UINT64_MAX))
    C(DOUBLE_STRING, "-843200000d", S("-84.32e7"))
    C(DOUBLE_STRING, "0.5d", S(".5"))
    C(DOUBLE_STRING, "5d", S("5."))
    C(DOUBLE_STRING, "infd", S("+Inf"))
    C(DOUBLE_STRING, "-infd", S("-infinity"))
    C(DOUBLE_STRING, "nand", S("NaN"))
    C(DOUBLE_STRING, "!overflow", S("1e999"))
    C(DOUBLE_STRING, "!bad_conversion", S(""))
    C(DOUBLE_STRING, "!bad_conversion", S("."))
    C(DOUBLE_STRING, "!bad_conversion", S("1e"))
    C(DOUBLE_STRING, "!bad_conversion", S("1e+"))
    C(DOUBLE_STRING, "!bad_conversion", S("0x10"))
    C(DOUBLE_STRING, "!bad_conversion", S("1 "))
    C(DOUBLE_STRING, "!bad_conversion", S("1\0"))
    C(DOUBLE_STRING, "!bad_conversion",
      S(LONG LONG LONG LONG LONG LONG LONG))
    C(STRING_STRING, "\"x\"", S("x"))
    C(STRING_BOOL, "\"true\"", B(true))
    C(STRING_BOOL, "\"false\"", B(false))
    C(STRING_INT, "\"-9223372036854775808\"", I(INT64_MIN))
    C(STRING_UINT, "\"18446744073709551615\"", U(UINT64_MAX))
    C(STRING_DOUBLE, "\"123.456\"", D(123.456))
    C(STRING_DOUBLE, "\"-0.0045\"", D(-4.5e-3))
    C(STRING_DOUBLE, "\"6.02214e+23\"", D(6.02214e23))
    C(STRING_DOUBLE, "\"0.0001\"", D(1e-4))
    C(STRING_DOUBLE, "\"1e-05\"", D(1e-5))
    C(STRING_DOUBLE, "\"123456\"", D(123456))
    C(STRING_DOUBLE, "\"100000\"", D(100000))
    C(STRING_DOUBLE, "\"1e+06\"", D(1e6))
    C(STRING_DOUBLE, "\"1.048576e+06\"", D(1048576))
    C(STRING_DOUBLE, "\"0.1\"", D(0.1))
    C(STRING_DOUBLE, "\"0.30000000000000004\"", D(0.1 + 0.2))
    C(STRING_DOUBLE, "\"1.7976931348623157e+308\"", D(1.7976931348623157e308))
    C(STRING_DOUBLE, "\"5e-324\"", D(5e-324))
    C(STRING_DOUBLE, "\"-0\"", D(-0.0))
    C(STRING_DOUBLE, "\"0\"", D(0))
    C(STRING_DOUBLE, "\"NaN\"", D(NAN_))
    C(STRING_DOUBLE, "\"+Inf\"", D(INF_))
    C(STRING_DOUBLE, "\"-Inf\"", D(-INF_))
    C(STRING_BYTES, "\"\xc3\xbf\"", X("\xc3\xbf"))
    C(STRING_BYTES, "!bad_conversion", X("\0\xff"))
    C(STRING_TIMESTAMP, "\"2009-02-13T23:31:30Z\"", T(1234567890, 0))
    C(STRING_TIMESTAMP, "\"9999-12-31T23:59:59.999999999Z\"",
      T(253402300799, 999999999))
    C(STRING_TIMESTAMP, "\"0001-01-01T00:00:00.1Z\"",
      T(-62135596800, 100000000))
    C(STRING_TIMESTAMP, "\"2000-02-29T00:00:00Z\"", T(951782400, 0))
    C(STRING_TIMESTAMP, "\"1969-12-31T23:59:59Z\"", T(-1, 0))
    C(STRING_TIMESTAMP, "\"1900-03-01T00:00:00Z\"", T(-2203891200, 0))
    C(STRING_DURATION, "\"1000000s\"", P(1000000, 0))
    C(STRING_DURATION, "\"-1.5s\"", P(-1, -500000000))
    C(STRING_DURATION, "\"-0.000000001s\"", P(0, -1))
    C(STRING_DURATION, "\"0s\"", P(0, 0))
    C(STRING_IP, "\"10.1.2.3\"", IP(ip4))
    C(STRING_IP, "\"2001:db8::1\"", IP(ip6))
    C(STRING_IP, "\"\"", IP(no_ip))
    C(STRING_CIDR, "\"10.0.0.0/8\"", CIDR(net4, 8))
    C(BYTES_BYTES, "b\"x\"", X("x"))
    C(BYTES_STRING, "b\"x\"", S("x"))
    C(TYPE_ANY, "int", I(5))
    C(TYPE_ANY, "type", TY(INT))
    C(TYPE_ANY, "google.protobuf.Timestamp", T(5, 5))
    C(DYN_ANY, "5", I(5))

    C(TIMESTAMP_TIMESTAMP, "@1.000000002", T(1, 2))
    C(TIMESTAMP_STRING, "@1234567890.000000000", S("2009-02-13T23:31:30Z"))
    C(TIMESTAMP_STRING, "@1234567889.500000000",
      S("2009-02-14T01:31:29.5+02:00"))
    C(TIMESTAMP_STRING, "!bad_conversion", S("10000-01-01T00:00:00Z"))
    C(TIMESTAMP_STRING, "!bad_conversion", S("0000-01-01T00:00:00Z"))
    C(TIMESTAMP_STRING, "!bad_conversion", S("2009-02-30T00:00:00Z"))
    C(TIMESTAMP_STRING, "!bad_conversion", S(""))
    C(TIMESTAMP_INT, "@5.000000000", I(5))
    C(TIMESTAMP_INT, "!overflow", I(INT64_MAX))
    C(TIMESTAMP_INT, "!overflow", I(INT64_MIN))
    C(DURATION_DURATION, "~1.000000002", P(1, 2))
    C(DURATION_STRING, "~5400.000000000", S("1h30m"))
    C(DURATION_STRING, "~-1.500000000", S("-1.5s"))
    C(DURATION_STRING, "!bad_conversion", S("320000000000s"))
    C(DURATION_STRING, "!bad_conversion", S("1"))
    C(DURATION_STRING, "!bad_conversion", S("h"))

    /* Friday, 13 February 2009, 23:31:30 */
    C(FULL_YEAR_UTC, "2009", T(1234567890, 0))
    C(MONTH_UTC, "1", T(1234567890, 0))
    C(DATE_UTC, "13", T(1234567890, 0))
    C(DAY_OF_MONTH_UTC, "12", T(1234567890, 0))
    C(DAY_OF_WEEK_UTC, "5", T(1234567890, 0))
    C(DAY_OF_WEEK_UTC, "3", T(-1, 0))
    C(DAY_OF_YEAR_UTC, "43", T(1234567890, 0))
    C(HOURS_UTC, "23", T(1234567890, 0))
    C(MINUTES_UTC, "31", T(1234567890, 0))
    C(SECONDS_UTC, "30", T(1234567890, 0))
    C(MILLISECONDS_UTC, "123", T(1234567890, 123456789))
    C(FULL_YEAR_ZONE, "2009", T(1234567890, 0), S("-09:30"))
    C(MONTH_ZONE, "1", T(1234567890, 0), S("UTC"))
    C(DATE_ZONE, "14", T(1234567890, 0), S("+02:00"))
    C(DAY_OF_MONTH_ZONE, "13", T(1234567890, 0), S("+11:00"))
    C(DAY_OF_MONTH_ZONE, "11", T(1234490400, 0), S("-02:30"))
    C(DAY_OF_WEEK_ZONE, "6", T(1234567890, 0), S("+02:00"))
    C(DAY_OF_YEAR_ZONE, "44", T(1234567890, 0), S("02:00"))
    C(HOURS_ZONE, "1", T(1234567890, 0), S("02:00"))
    C(HOURS_ZONE, "!invalid_argument", T(1234567890, 0), S("Europe/Zurich"))
    C(HOURS_ZONE, "!invalid_argument", T(1234567890, 0), S("+24:00"))
    C(HOURS_ZONE, "!invalid_argument", T(1234567890, 0), S("+02:60"))
    C(HOURS_ZONE, "!invalid_argument", T(1234567890, 0), S("+2:00"))
    C(HOURS_ZONE, "!invalid_argument", T(1234567890, 0), S("+02.00"))
    C(HOURS_ZONE, "!invalid_argument", T(1234567890, 0), S("+0a:00"))
    C(MINUTES_ZONE, "16", T(1234567890, 0), S("+05:45"))
    C(SECONDS_ZONE, "30", T(1234567890, 0), S("-00:00"))
    C(MILLISECONDS_ZONE, "5", T(1234567890, 5999999), S(""))
    C(HOURS_DURATION, "2", P(10000, 0))
    C(HOURS_DURATION, "-2", P(-10000, 0))
    C(MINUTES_DURATION, "62", P(3730, 0))
    C(SECONDS_DURATION, "3730", P(3730, 0))
    C(MILLISECONDS_DURATION, "321", P(123, 321456789))
    C(MILLISECONDS_DURATION, "-321", P(-123, -321456789))

    C(OPT_OF_ANY, "some(5)", I(5))
    C(OPT_NON_ZERO_ANY, "some(5)", I(5))
    C(OPT_NON_ZERO_ANY, "none", I(0))
    C(OPT_NON_ZERO_ANY, "none", D(-0.0))
    C(OPT_NON_ZERO_ANY, "none", S(""))
    C(OPT_NON_ZERO_ANY, "some(\"0\")", S("0"))
    C(OPT_NONE_, "none", NUL)
    C(HAS_VALUE_OPT, "true", O(five))
    C(HAS_VALUE_OPT, "false", NONE)
    C(VALUE_OPT, "5", O(five))
    C(VALUE_OPT, "!invalid_argument", NONE)
    C(OR_VALUE_OPT, "5", O(five), I(6))
    C(OR_VALUE_OPT, "6", NONE, I(6))
    C(OR_OPT_OPT, "some(5)", O(five), NONE)
    C(OR_OPT_OPT, "some(5)", NONE, O(five))
    C(IP_STRING, "10.1.2.3", S("10.1.2.3"))
    C(IP_STRING, "!bad_conversion", S("10.1.2.3.4"))
    C(CIDR_STRING, "10.0.0.0/8", S("10.0.0.0/8"))
    C(CIDR_STRING, "!bad_conversion", S("10.0.0.0/"))
    C(CONTAINS_IP_IP, "true", CIDR(net4, 8), IP(ip4))
    C(CONTAINS_IP_IP, "false", CIDR(net4, 16), IP(ip4))
    C(CONTAINS_IP_IP, "false", CIDR(net4, 0), IP(ip6))
    C(CONTAINS_IP_IP, "false", CIDR(net4, 8), IP(no_ip))
    C(CONTAINS_IP_S, "true", CIDR(net4, 8), S("10.0.0.0"))
    C(CONTAINS_IP_S, "!bad_conversion", CIDR(net4, 8), S("x"))
};

static kit_t         kit;
static weir_image_t  image;
static weir_eval_t   eval;


static int
open_image(void **state)
{
    weir_str_t                     bytes;
    weir_refusal_t                 why;
    weir_img_const_t               row[4];
    static const weir_img_v4_t     v4[] = {
        { 0x0a010203, 0x0a010204 }, { 0x0a020000, 0x0a02ffff }
    };
    static const weir_img_v6_t     v6[] = {
        { { 0x20, 1, 0xd, 0xb8, [15] = 1 }, { 0x20, 1, 0xd, 0xb8, [15] = 2 } }
    };
    static const weir_img_cidrs_t  cidrs[] = {
        { 0, 0, { 0, 0 }, { 0, 0 } }, { 0, 0, { 0, 2 }, { 0, 1 } }
    };
    weir_img_regex_t               re;

    (void) state;

    kit_open(&kit);
    memset(row, 0, sizeof(row));
    row[0].kind = WEIR_T_INT;
    row[0].v = 5;
    row[1].kind = WEIR_T_NULL;
    row[2] = weir_build_string(kit.b, weir_string("b"));
    row[3].kind = WEIR_T_BOOL;
    weir_build_consts(kit.b, row, 4);
    row[0] = weir_build_string(kit.b, weir_string("a"));
    weir_build_consts(kit.b, row, 1);

    weir_build_records(kit.b, WEIR_S_V4, v4, 2);
    weir_build_records(kit.b, WEIR_S_V6, v6, 1);
    weir_build_records(kit.b, WEIR_S_CIDRS, cidrs, 2);
    memset(&re, 0, sizeof(re));
    re.pattern = weir_build_str(kit.b, weir_string("^v[0-9]+"));
    weir_build_records(kit.b, WEIR_S_REGEXES, &re, 1);
    weir_build_records(kit.b, WEIR_S_REGEXES, &re, 1);
    re.pattern = weir_build_str(kit.b, weir_string("(?:a|b)*9"));
    weir_build_records(kit.b, WEIR_S_REGEXES, &re, 1);

    bytes = kit_write(&kit);

    if (weir_image_verify((const uint8_t *) bytes.data, bytes.len, NULL, &why)
        != WEIR_OK
        || weir_image_open(&image, (const uint8_t *) bytes.data, kit.arena,
                           &why)
           != WEIR_OK)
    {
        fail_msg("%s", why.text);
    }

    weir_eval_init(&eval, &image,
                   weir_arena_alloc(kit.arena, weir_eval_size(&image)));
    eval.host = &kit_host;

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


/* Gives the lists of the image their place. */
static void
place(weir_value_t *v)
{
    if (v->rep == WEIR_REP_IMAGE) {
        v->u.consts = WEIR_REC(&image, CONSTS)
                      + (v->kind == WEIR_T_LIST ? 4 : 0);
    }
}


static fn_cases_t  table = { &eval, cases, N_OF(cases), place, { NULL } };


static void
functions_do_as_cel_says(void **state)
{
    (void) state;
    fn_cases_run(&table);
}


/* The extension libraries have theirs: test_fn_*.c. */
static void
every_function_has_a_case(void **state)
{
    (void) state;
    fn_cases_cover(&table, 0, WEIR_FN_CHAR_AT_INT - 1);
}


static void
no_function_takes_more_than_there_is(void **state)
{
    weir_value_t  a[3], v;

    (void) state;
    fn_cases_no_scratch(&table);

    eval.used = image.header->scratch;
    a[0] = (weir_value_t) I(5);
    v = weir_fn_STRING_INT(&eval, a);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
}


static void
no_function_works_on_for_ever(void **state)
{
    (void) state;
    assert_true(fn_cases_no_work(&table) > 50);
}


static void
overloads_are_chosen_by_kind(void **state)
{
    const weir_value_t  a[] = { I(1), U(2) };
    const weir_value_t  b[] = { S("a"), S("b") };
    const weir_value_t  c[] = { L(ints), S("b") };
    const weir_value_t  d[] = { O(some_list), I(0) };
    const weir_value_t  e[] = { O(some_list), S("x") };

    (void) state;

    assert_int_equal(weir_fn_choose(WEIR_N_LT, a, 2), WEIR_FN_LT_INT_UINT);
    assert_int_equal(weir_fn_choose(WEIR_N_EQ, a, 2), WEIR_FN_EQ_ANY);
    assert_int_equal(weir_fn_choose(WEIR_N_EQ, b, 2), WEIR_FN_EQ_STRING);
    assert_int_equal(weir_fn_choose(WEIR_N_ADD, a, 2), WEIR_FN_COUNT);
    assert_int_equal(weir_fn_choose(WEIR_N_ADD, b, 2), WEIR_FN_ADD_STRING);
    assert_int_equal(weir_fn_choose(WEIR_N_INDEX, c, 2),
                     WEIR_FN_INDEX_LIST_ANY);
    assert_int_equal(weir_fn_choose(WEIR_N_NOT, a, 1), WEIR_FN_COUNT);
    assert_int_equal(weir_fn_choose(WEIR_N_NOT, a, 2), WEIR_FN_COUNT);
    assert_int_equal(weir_fn_choose(WEIR_N_INDEX, d, 2), WEIR_FN_INDEX_OPT);
    assert_int_equal(weir_fn_choose(WEIR_N_INDEX, e, 2), WEIR_FN_INDEX_OPT);
}


/* weir_fn_choose() rests on it. */
static void
rows_stand_in_the_order_of_names(void **state)
{
    unsigned  i;

    (void) state;

    assert_int_equal(weir_fns[0].name, 0);
    assert_int_equal(weir_fns[WEIR_FN_COUNT - 1].name, WEIR_N_COUNT - 1);

    for (i = 1; i < WEIR_FN_COUNT; i++) {
        if (weir_fns[i].name != weir_fns[i - 1].name
            && weir_fns[i].name != weir_fns[i - 1].name + 1)
        {
            fail_msg("%s stands after %s", weir_fns[i].id,
                     weir_fns[i - 1].id);
        }
    }
}


static void
texts_of_every_length_are_compared(void **state)
{
    char      a[40], b[40];
    unsigned  len, at;

    (void) state;

    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));

    for (len = 0; len <= 33; len++) {
        assert_true(weir_str_eq(weir_str(a, len), weir_str(b + 3, len)));
        assert_false(weir_str_eq(weir_str(a, len), weir_str(b, len + 1)));

        for (at = 0; at < len; at++) {
            b[at] = 'y';
            assert_false(weir_str_eq(weir_str(a, len), weir_str(b, len)));
            b[at] = 'x';
        }

        /* what is behind does not matter */
        b[len] = 'y';
        assert_true(weir_str_eq(weir_str(a, len), weir_str(b, len)));
        b[len] = 'x';
    }
}


/* A row between those of another name would hide the rows before it. */
static void
every_row_is_found_by_its_kinds(void **state)
{
    unsigned               i, k, fn;
    weir_value_t           a[4];
    const weir_fn_info_t  *f;

    (void) state;

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        f = &weir_fns[i];

        for (k = 0; k < f->nargs; k++) {
            a[k] = (weir_value_t) { .kind = f->args[k] };
        }

        fn = weir_fn_choose(f->name, a, f->nargs);

        if (fn > i) {
            fail_msg("%s is not found", f->id);
        }
    }
}


/* Values nested deeper than constants may be, and lists within themselves. */
static void
equality_ends(void **state)
{
    unsigned       i;
    weir_value_t   v, loop[2], a[40];

    (void) state;

    a[0] = (weir_value_t) I(1);

    for (i = 1; i < N_OF(a); i++) {
        a[i] = (weir_value_t) V(LIST, 1, items, &a[i - 1]);
    }

    eval.work = 0;
    v = weir_value_equal(&eval, &a[16], &a[16]);
    assert_int_equal(v.kind, WEIR_T_BOOL);
    assert_true(v.u.b);

    v = weir_value_equal(&eval, &a[17], &a[17]);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);

    loop[0] = loop[1] = (weir_value_t) V(LIST, 2, items, loop);
    v = weir_value_equal(&eval, &loop[0], &loop[0]);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);
}


/* However many rules ask, and whatever each may take. */
static void
patterns_share_what_a_request_may_take(void **state)
{
    char          text[1000];
    unsigned      i, answers;
    weir_value_t  v, a[2];

    (void) state;
    memset(text, 'a', sizeof(text));
    a[0] = weir_v_str(weir_str(text, sizeof(text)));
    a[1] = (weir_value_t) V(REGEX, 0, index, 2);
    eval.matching = 0;

    for (i = 0, answers = 0; i < 20; i++) {
        eval.work = 0;
        v = weir_fn_impls[WEIR_FN_MATCHES_RE](&eval, a);
        answers += v.kind == WEIR_T_BOOL;
    }

    assert_int_equal(answers, 0);

    for (i = 0, eval.matching = 0, a[0].len = 200; i < 40; i++) {
        eval.work = 0;
        v = weir_fn_impls[WEIR_FN_MATCHES_RE](&eval, a);
        answers += v.kind == WEIR_T_BOOL;
    }

    assert_in_range(answers, 5, 35);
    assert_int_equal(v.len, WEIR_E_MATCH_LIMIT);

    /* the next request is not concerned */
    eval.work = eval.matching = 0;
    v = weir_fn_impls[WEIR_FN_MATCHES_RE](&eval, a);
    assert_int_equal(v.kind, WEIR_T_BOOL);
    eval.matching = 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(functions_do_as_cel_says),
        cmocka_unit_test(every_function_has_a_case),
        cmocka_unit_test(no_function_takes_more_than_there_is),
        cmocka_unit_test(no_function_works_on_for_ever),
        cmocka_unit_test(overloads_are_chosen_by_kind),
        cmocka_unit_test(rows_stand_in_the_order_of_names),
        cmocka_unit_test(texts_of_every_length_are_compared),
        cmocka_unit_test(every_row_is_found_by_its_kinds),
        cmocka_unit_test(equality_ends),
        cmocka_unit_test(patterns_share_what_a_request_may_take)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
