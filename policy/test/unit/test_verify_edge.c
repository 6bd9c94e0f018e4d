/*
 * test_verify_edge.c: one image whose route does all that is done at the
 * edge; then all that may be wrong with it, a thing at a time.
 */

#include "image/header.h"
#include "test/unit/verify_fixture.h"

enum {
    S_NAME, S_EMPTY, S_VALUE, S_LF, S_CR, S_NUL, S_DEL, S_UPPER, S_HOST,
    S_DATE, S_PROXY, S_SCHEME, S_BELOW, S_ORIGIN, S_LONG_NAME, S_LONG, S_FULL,
    S_COUNT
};

/* programs */
enum { P_SUB, P_CODE, P_BOOL, P_LATE, P_SIZE, P_COUNT };

enum { O_REQUEST_REMOVE, O_REQUEST_SET, O_REQUEST_ADD, O_RESPONSE_SET,
       O_COUNT };


static void
add_strings(void)
{
    char    longest[WEIR_MAX_HEADER_VALUE + 1];
    size_t  i;

    static const weir_str_t  texts[] = {
        { "", 0 }, { "a, b\t\xc3\xbc", 7 }, { "a\nb", 3 }, { "a\r", 2 },
        { "\0", 1 }, { "\x7f", 1 }, { "X-Upper", 7 }, { "host", 4 },
        { "date", 4 }, { "proxy-x", 7 }, { "https://", 8 }, { ".example", 8 },
        { "https://app.example", 19 }
    };

    for (i = 0; i < N_OF(texts); i++) {
        weir_build_str(kit.b, texts[i]);
    }

    memset(longest, 'x', sizeof(longest));
    weir_build_str(kit.b, weir_str(longest, WEIR_MAX_HEADER_NAME + 1));
    weir_build_str(kit.b, weir_str(longest, WEIR_MAX_HEADER_VALUE + 1));
    weir_build_str(kit.b, weir_str(longest, WEIR_MAX_HEADER_VALUE));

    assert_int_equal(weir_build_count(kit.b, WEIR_S_STRS), S_COUNT);
}


static void
add_program(unsigned kind, weir_phase_t phase, weir_insn_t value)
{
    uint32_t     p;
    weir_insn_t  code[] = { value, RET };

    p = kit_prog(&kit, kind, 0, WEIR_NONE, code, N_OF(code));
    weir_build_records(kit.b, WEIR_S_POS, NULL, N_OF(code));
    ((weir_img_prog_t *) weir_build_at(kit.b, WEIR_S_PROGS, p))->phase
        = (uint8_t) phase;
}


static void
add_programs(void)
{
    weir_img_const_t  text;

    text = weir_build_string(kit.b, weir_string("late"));
    weir_build_const(kit.b, &text);

    add_program(WEIR_T_STRING, WEIR_PHASE_ACCESS,
                (weir_insn_t) OP_B(ATTR, WEIR_A_PRINCIPAL_SUB));
    add_program(WEIR_T_STRING, WEIR_PHASE_RESPONSE,
                (weir_insn_t) OP_C(CONST, 0));
    add_program(WEIR_T_BOOL, WEIR_PHASE_CONNECT,
                (weir_insn_t) OP_B(ATTR, WEIR_A_CONNECTION_MTLS));
    add_program(WEIR_T_STRING, WEIR_PHASE_LOG,
                (weir_insn_t) OP_C(CONST, 0));
    add_program(WEIR_T_INT, WEIR_PHASE_PREAUTH,
                (weir_insn_t) OP_B(ATTR, WEIR_A_REQUEST_CONTENT_LENGTH));

    assert_int_equal(weir_build_count(kit.b, WEIR_S_PROGS), P_COUNT);
}


static void
add_route(void)
{
    weir_img_route_t      r;
    weir_img_version_t    version = { S_VALUE, S_VALUE, S_VALUE, S_VALUE };
    weir_img_header_op_t  ops[O_COUNT] = {
        { WEIR_HEADER_REMOVE, S_NAME, WEIR_NONE, WEIR_NONE },
        { WEIR_HEADER_SET, S_NAME, WEIR_NONE, P_SUB },
        { WEIR_HEADER_ADD, S_DATE, S_FULL, WEIR_NONE },
        { WEIR_HEADER_SET, S_NAME, WEIR_NONE, P_CODE }
    };

    memset(&r, 0, sizeof(r));
    r.id = r.file = kit.name;
    r.upstream = r.mfa = r.require = r.split = WEIR_NONE;
    r.path = P_SUB;
    r.request_ops.count = O_RESPONSE_SET;
    r.response_ops = (weir_range_t) { O_RESPONSE_SET, 1 };

    weir_build_records(kit.b, WEIR_S_ROUTES, &r, 1);
    weir_build_records(kit.b, WEIR_S_VERSIONS, &version, 1);
    weir_build_records(kit.b, WEIR_S_HEADER_OPS, ops, O_COUNT);

    version.deprecation = version.sunset = version.link = WEIR_NONE;
    weir_build_records(kit.b, WEIR_S_VERSIONS, &version, 1);
}


static void
add_cors(void)
{
    weir_img_cors_t    c[2];
    weir_img_origin_t  o[] = {
        { WEIR_ORIGIN_EXACT, S_ORIGIN, S_EMPTY, 0 },
        { WEIR_ORIGIN_BELOW, S_SCHEME, S_BELOW, 0 },
        { WEIR_ORIGIN_ANY, S_EMPTY, S_EMPTY, 0 }
    };

    memset(c, 0, sizeof(c));
    c[0].name = c[1].name = S_NAME;
    c[0].methods = c[0].headers = c[0].expose = S_VALUE;
    c[1].methods = c[1].headers = c[1].expose = WEIR_NONE;
    c[0].credentials = 1;
    c[0].origins = (weir_range_t) { 0, 2 };
    c[1].origins = (weir_range_t) { 2, 1 };

    weir_build_records(kit.b, WEIR_S_CORS, c, 2);
    weir_build_records(kit.b, WEIR_S_ORIGINS, o, 3);
}


static int
make_image(void **state)
{
    weir_img_policy_t       policy;
    weir_img_maintenance_t  m[2];

    (void) state;

    kit_open(&kit);
    add_strings();
    add_programs();
    add_cors();
    add_route();

    memset(m, 0, sizeof(m));
    m[0].when = P_BOOL;
    m[0].message = S_LF;
    m[0].retry_after = WEIR_MAX_RETRY_AFTER;
    m[1].when = m[1].message = WEIR_NONE;
    m[0].status = m[1].status = 503;
    weir_build_records(kit.b, WEIR_S_MAINTENANCE, m, 2);

    memset(&policy, 0, sizeof(policy));
    policy.any_host = WEIR_NONE;
    policy.unmatched = policy.unknown_tenant = 404;
    policy.maintenance.count = 2;
    weir_build_records(kit.b, WEIR_S_POLICY, &policy, 1);

    return finish_image();
}


#define OP_REC(i, field_, value, text)                                        \
    REC(HEADER_OPS, i, header_op, field_, value, text)

static const spoil_t  records[] = {
    REC(ROUTES, 0, route, cors, 2, "routes[0].cors is 2"),
    REC(ROUTES, 0, route, version, 2, "routes[0].version is 2"),
    REC(ROUTES, 0, route, path, P_BOOL, "routes[0].path is 2"),
    REC(ROUTES, 0, route, path, 99, "routes[0].path is 99"),
    REC(ROUTES, 0, route, request_ops.count, 9,
        "routes[0].request_ops is 0, 9 more"),
    REC(ROUTES, 0, route, response_ops.first, 4,
        "routes[0].response_ops is 4, 1 more"),
    REC(CORS, 0, cors, name, 99, "cors[0].name is 99"),
    REC(CORS, 0, cors, methods, 99, "cors[0].methods is 99"),
    REC(CORS, 0, cors, headers, 99, "cors[0].headers is 99"),
    REC(CORS, 0, cors, expose, 99, "cors[0].expose is 99"),
    REC(CORS, 0, cors, credentials, 2, "cors[0].credentials is 2"),
    REC(CORS, 0, cors, origins.count, 4, "cors[0].origins is 0, 4 more"),
    REC(ORIGINS, 0, origin, kind, WEIR_ORIGIN_COUNT, "origins[0].kind is 3"),
    REC(ORIGINS, 0, origin, text, 99, "origins[0].text is 99"),
    REC(ORIGINS, 0, origin, suffix, 99, "origins[0].suffix is 99"),
    REC(ORIGINS, 0, origin, reserved, 1, "origins[0].reserved is 1"),
    OP_REC(0, op, WEIR_HEADER_OP_COUNT, "header_ops[0].op is 3"),
    OP_REC(0, name, 99, "header_ops[0].name is 99"),
    OP_REC(0, text, 99, "header_ops[0].text is 99"),
    OP_REC(1, prog, P_SIZE, "header_ops[1].prog is 4"),
    REC(VERSIONS, 0, version, name, 99, "versions[0].name is 99"),
    REC(VERSIONS, 0, version, deprecation, 99, "deprecation is 99"),
    REC(VERSIONS, 0, version, sunset, 99, "versions[0].sunset is 99"),
    REC(VERSIONS, 0, version, link, 99, "versions[0].link is 99"),
    REC(MAINTENANCE, 0, maintenance, id, 99, "maintenance[0].id is 99"),
    REC(MAINTENANCE, 0, maintenance, when, P_SUB,
        "maintenance[0].when is 0"),
    REC(MAINTENANCE, 0, maintenance, message, 99,
        "maintenance[0].message is 99"),
    REC(MAINTENANCE, 0, maintenance, status, 200,
        "maintenance[0].status is 200"),
    REC(MAINTENANCE, 0, maintenance, reserved, 1,
        "maintenance[0].reserved is 1"),
    REC(MAINTENANCE, 0, maintenance, file, 99, "maintenance[0].file is 99"),
    REC(POLICY, 0, policy, maintenance.count, 3,
        "policy[0].maintenance is 0, 3 more"),

    REC(CORS, 0, cors, origins, 0, "cors[0] has no origins, or too many"),
    REC(CORS, 0, cors, methods, S_LF, "cors[0] has what no header holds"),
    REC(CORS, 0, cors, headers, S_CR, "cors[0] has what no header holds"),
    REC(CORS, 0, cors, expose, S_NUL, "cors[0] has what no header holds"),
    REC(CORS, 0, cors, expose, S_DEL, "cors[0] has what no header holds"),
    REC(CORS, 0, cors, expose, S_LONG, "cors[0] has what no header holds"),
    REC(ORIGINS, 2, origin, text, S_ORIGIN, "origins[2] is any, and not"),
    REC(ORIGINS, 2, origin, suffix, S_BELOW, "origins[2] is any, and not"),
    REC(CORS, 1, cors, credentials, 1, "origins[2] is any, and not alone"),
    REC(CORS, 1, cors, origins, UINT64_C(2) << 32 | 1,
        "origins[2] is any, and not alone"),
    REC(ORIGINS, 0, origin, text, S_EMPTY, "origins[0] is none"),
    REC(ORIGINS, 0, origin, suffix, S_BELOW, "origins[0] is none"),
    REC(ORIGINS, 1, origin, text, S_ORIGIN, "origins[1] is below none"),
    REC(ORIGINS, 1, origin, suffix, S_EMPTY, "origins[1] is below none"),
    REC(VERSIONS, 0, version, name, S_LF, "versions[0] has what no header"),
    REC(VERSIONS, 0, version, deprecation, S_LF, "versions[0] has what no"),
    REC(VERSIONS, 0, version, sunset, S_LF, "versions[0] has what no"),
    REC(VERSIONS, 1, version, link, S_LF, "versions[1] has what no"),
    REC(MAINTENANCE, 0, maintenance, retry_after, WEIR_MAX_RETRY_AFTER + 1,
        "maintenance[0] is over too late"),
    REC(PROGS, P_BOOL, prog, phase, WEIR_PHASE_RESPONSE,
        "maintenance[0] has a \"when\" that is known too late"),
    REC(ROUTES, 0, route, path, P_CODE,
        "routes[0] has a path that is known too late"),
    OP_REC(O_REQUEST_REMOVE, name, S_UPPER, "header_ops[0] is of a header"),
    OP_REC(O_REQUEST_REMOVE, name, S_EMPTY, "header_ops[0] is of a header"),
    OP_REC(O_REQUEST_REMOVE, name, S_NUL, "header_ops[0] is of a header"),
    OP_REC(O_REQUEST_REMOVE, name, S_LONG_NAME, "header_ops[0] is of a"),
    OP_REC(O_REQUEST_REMOVE, name, S_HOST, "header_ops[0] is of a header"),
    OP_REC(O_RESPONSE_SET, name, S_PROXY, "header_ops[3] is of a header"),
    OP_REC(O_RESPONSE_SET, name, S_DATE, "header_ops[3] is of a header"),
    OP_REC(O_REQUEST_REMOVE, text, S_VALUE, "header_ops[0] has no value, or"),
    OP_REC(O_REQUEST_REMOVE, prog, P_SUB, "header_ops[0] has no value, or"),
    OP_REC(O_REQUEST_SET, prog, WEIR_NONE, "header_ops[1] has no value, or"),
    OP_REC(O_REQUEST_ADD, prog, P_SUB, "header_ops[2] has no value, or one"),
    OP_REC(O_REQUEST_ADD, text, S_LF, "header_ops[2] has what no header"),
    OP_REC(O_REQUEST_SET, prog, P_CODE,
           "header_ops[1] has a value that is known too late"),
    OP_REC(O_RESPONSE_SET, prog, P_LATE,
           "header_ops[3] has a value that is known too late")
};


static void
a_bad_record_is_refused(void **state)
{
    (void) state;

    refuse_each(records, N_OF(records));
}


static void
no_row_of_the_table_is_forgotten(void **state)
{
    (void) state;

    spoil_none_forgotten(records, N_OF(records), SPOIL_EDGE);
}


/* A date may be told to the upstream; that of an answer is nginx's. */
static void
a_date_is_kept_in_answers(void **state)
{
    (void) state;

    assert_false(weir_header_is_kept(weir_string("date"), false));
    assert_true(weir_header_is_kept(weir_string("date"), true));
    assert_false(weir_header_is_kept(weir_string("x-date"), true));
    assert_true(weir_header_is_kept(weir_string("proxy-status"), true));
    assert_true(weir_header_is_kept(weir_string("te"), false));
}


static void
numbers_are_bounded(void **state)
{
    kit_t                   k;
    uint32_t                i;
    weir_img_cors_t         cors;
    weir_img_route_t        route;
    weir_img_policy_t       policy;
    weir_img_header_op_t    op = { 0, 0, WEIR_NONE, WEIR_NONE };
    weir_img_maintenance_t  pause;

    (void) state;

    memset(&cors, 0, sizeof(cors));
    cors.methods = cors.headers = cors.expose = WEIR_NONE;

    kit_open(&k);

    for (i = 0; i <= WEIR_MAX_CORS; i++) {
        weir_build_records(k.b, WEIR_S_CORS, &cors, 1);
    }

    refuse_own(&k, "1025 cors, at most 1024");

    kit_open(&k);
    cors.origins.count = WEIR_MAX_ORIGINS + 1;
    weir_build_records(k.b, WEIR_S_CORS, &cors, 1);
    weir_build_records(k.b, WEIR_S_ORIGINS, NULL, WEIR_MAX_ORIGINS + 1);
    refuse_own(&k, "cors[0] has no origins, or too many");

    memset(&route, 0, sizeof(route));
    route.upstream = route.mfa = route.require = WEIR_NONE;
    route.split = route.cors = route.version = route.path = WEIR_NONE;
    route.response_ops.count = WEIR_MAX_HEADER_OPS + 1;

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_ROUTES, &route, 1);

    for (i = 0; i <= WEIR_MAX_HEADER_OPS; i++) {
        weir_build_records(k.b, WEIR_S_HEADER_OPS, &op, 1);
    }

    refuse_own(&k, "routes[0] changes too many headers");

    memset(&pause, 0, sizeof(pause));
    pause.when = pause.message = WEIR_NONE;
    pause.status = 503;
    memset(&policy, 0, sizeof(policy));
    policy.any_host = WEIR_NONE;
    policy.unmatched = policy.unknown_tenant = 404;
    policy.maintenance.count = WEIR_MAX_MAINTENANCE + 1;

    kit_open(&k);
    weir_build_records(k.b, WEIR_S_POLICY, &policy, 1);

    for (i = 0; i <= WEIR_MAX_MAINTENANCE; i++) {
        weir_build_records(k.b, WEIR_S_MAINTENANCE, &pause, 1);
    }

    refuse_own(&k, "257 items of maintenance, at most 256");
}


/* Where the bytes end with the last that one count is for, too. */
static void
bytes_are_counted_to_their_end(void **state)
{
    kit_t               k;
    char                text[2 * 64];
    size_t              n;
    weir_str_t          image;
    weir_img_version_t  version;

    (void) state;

    memset(text, 'x', sizeof(text));

    for (n = 1; n <= sizeof(text); n++) {
        text[n - 1] = '\n';
        kit_open(&k);
        version.name = version.sunset = version.link = 0;
        version.deprecation = weir_build_str(k.b, weir_str(text, n));
        weir_build_records(k.b, WEIR_S_VERSIONS, &version, 1);
        image = kit_write(&k);

        memset(&why, 0, sizeof(why));
        assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                           image.len, NULL, &why),
                         WEIR_ERROR);
        expect("versions[0] has what no header holds");
        kit_close(&k);
        text[n - 1] = 'x';
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_good_image_is_taken),
        cmocka_unit_test(a_bad_record_is_refused),
        cmocka_unit_test(no_row_of_the_table_is_forgotten),
        cmocka_unit_test(a_date_is_kept_in_answers),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(bytes_are_counted_to_their_end)
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
