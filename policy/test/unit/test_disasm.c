/*
 * test_disasm.c: listings, to the byte, and of bytes that make no sense.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "front/builder.h"
#include "image/attrs.h"
#include "image/bounds.h"
#include "image/disasm.h"
#include "image/functions.h"
#include "image/types.h"


typedef struct {
    weir_arena_t    *arena;
    weir_builder_t  *b;
} fixture_t;


static int
setup(void **state)
{
    static fixture_t  f;

    f.arena = weir_arena_create();
    f.b = weir_builder_create(f.arena);
    *state = &f;

    return f.b == NULL;
}


static int
teardown(void **state)
{
    weir_arena_destroy(((fixture_t *) *state)->arena);

    return 0;
}


static char *
listing(fixture_t *f, bool constant, uint32_t index)
{
    char           *got;
    FILE           *out;
    size_t          len;
    uint32_t        i, n[WEIR_S_COUNT];
    const void     *rec[WEIR_S_COUNT];
    weir_disasm_t   d = { .rec = rec, .n = n };

    for (i = 0; i < WEIR_S_COUNT; i++) {
        n[i] = weir_build_count(f->b, i);
        rec[i] = n[i] ? weir_build_at(f->b, i, 0) : NULL;
    }

    out = open_memstream(&got, &len);

    if (constant) {
        weir_disasm_const(&d, index, out);

    } else {
        weir_disasm_prog(&d, index, out);
    }

    fclose(out);

    return got;
}


static void
assert_prog(fixture_t *f, uint32_t prog, const char *want)
{
    char  *got;

    got = listing(f, false, prog);
    assert_string_equal(got, want);
    free(got);
}


static void
assert_const(fixture_t *f, const weir_img_const_t *c, const char *want)
{
    char  *got;

    got = listing(f, true, weir_build_const(f->b, c));
    assert_string_equal(got, want);
    free(got);
}


static weir_img_const_t
scalar(unsigned kind, uint64_t v)
{
    weir_img_const_t  c;

    memset(&c, 0, sizeof(c));
    c.kind = (uint8_t) kind;
    c.v = v;

    return c;
}


static weir_img_const_t
number(double x)
{
    uint64_t  bits;

    memcpy(&bits, &x, sizeof(bits));

    return scalar(WEIR_T_DOUBLE, bits);
}


static void
a_program_with_every_kind_of_operand(void **state)
{
    size_t             i;
    fixture_t         *f;
    weir_img_pos_t     pos = { 14, 1 };
    weir_img_const_t   c;
    weir_img_prog_t    p;
    weir_insn_t        code[] = {
        { WEIR_OP_ATTR_EQ, 0, WEIR_A_REQUEST_METHOD, 0 },
        { WEIR_OP_JERR, 0, 0, 4 },
        { WEIR_OP_CONST, 0, 0, 0 },
        { WEIR_OP_ATTR, 0, WEIR_A_TENANT_ID, 0 },
        { WEIR_OP_MEMO, 0, 0, 3 },
        { WEIR_OP_PARAM, 0, 0, 0 },
        { WEIR_OP_LOAD, 0, 5, 0 },
        { WEIR_OP_CALL, 0, WEIR_FN_EQ_STRING, 0 },
        { WEIR_OP_CALLD, 2, WEIR_N_ADD, 0 },
        { WEIR_OP_AS, WEIR_T_STRING, 0, 0 },
        { WEIR_OP_LOOP, 10, 4, 13 },
        { WEIR_OP_ITER, 1, 4, 13 },
        { WEIR_OP_NEXT, 0, 4, 11 },
        { WEIR_OP_BUILD, WEIR_T_MAP, 4, 0 },
        { WEIR_OP_LIST, 1, 0, 3 },
        { WEIR_OP_RET, 0, 0, 0 },
    };

    f = *state;
    c = weir_build_string(f->b, weir_string("GET"));
    weir_build_const(f->b, &c);
    weir_build_str(f->b, weir_string("user"));

    memset(&p, 0, sizeof(p));
    p.code.count = sizeof(code) / sizeof(code[0]);
    p.kind = WEIR_T_BOOL;
    p.phase = WEIR_PHASE_ACCESS;
    p.locals = 8;
    p.memo = 2;
    p.file = weir_build_str(f->b, weir_string("edge.yaml"));

    weir_build_records(f->b, WEIR_S_CODE, code, p.code.count);
    weir_build_records(f->b, WEIR_S_PROGS, &p, 1);

    for (i = 0; i < p.code.count; i++) {
        pos.col += i == 2 || i == 9;
        weir_build_records(f->b, WEIR_S_POS, &pos, 1);
    }

    assert_prog(f, 0,
        "program 0: bool, from phase access, locals 8, memo slot 2, "
        "edge.yaml\n"
        "   0: ATTR_EQ  request.method \"GET\""
        "                  ; 14:1\n"
        "   1: JERR     -> 4\n"
        "   2: CONST    \"GET\""
        "                                 ; 14:2\n"
        "   3: ATTR     tenant.id\n"
        "   4: MEMO     program 3\n"
        "   5: PARAM    \"user\"\n"
        "   6: LOAD     5\n"
        "   7: CALL     EQ_STRING\n"
        "   8: CALLD    _+_ 2\n"
        "   9: AS       string"
        "                                ; 14:3\n"
        "  10: LOOP     4 -> 13 rounds 1024\n"
        "  11: ITER     4 -> 13 index first\n"
        "  12: NEXT     4 -> 11\n"
        "  13: BUILD    4 map\n"
        "  14: LIST     3 optional\n"
        "  15: RET\n");
}


static void
constants_look_as_in_cel(void **state)
{
    size_t             i;
    fixture_t         *f;
    weir_ip_t          ip;
    weir_img_const_t   c, row[20];
    weir_img_cidrs_t   cidrs;
    weir_img_regex_t   regex;

    struct {
        weir_img_const_t  c;
        const char       *want;
    }  t[] = {
        { scalar(WEIR_T_NULL, 0), "null" },
        { scalar(WEIR_T_BOOL, 1), "true" },
        { scalar(WEIR_T_INT, (uint64_t) INT64_MIN), "-9223372036854775808" },
        { scalar(WEIR_T_UINT, UINT64_MAX), "18446744073709551615u" },
        { number(0.1), "0.1" },
        { number(1), "1.0" },
        { number(-1e300), "-1e+300" },
        { number(1 / 3.0), "0.3333333333333333" },
        { scalar(WEIR_T_TYPE, WEIR_T_LIST), "type list" },
        { scalar(WEIR_T_TIMESTAMP, 1700000000), "timestamp(1700000000s 0ns)" },
        { scalar(WEIR_T_DURATION, (uint64_t) -3), "duration(-3s 0ns)" },
        { scalar(WEIR_T_CIDRS, 0), "lists.lb" },
        { scalar(WEIR_T_REGEX, 0), "regex \"^a\\\\d\"" },
        { scalar(WEIR_T_CIDRS, 7), "?" },
        { scalar(WEIR_T_REGEX, UINT64_MAX), "?" },
        { scalar(200, 0), "?" },
        { scalar(WEIR_T_LIST, 0), "[]" },
    };

    f = *state;
    memset(&cidrs, 0, sizeof(cidrs));
    memset(&regex, 0, sizeof(regex));
    cidrs.name = weir_build_str(f->b, weir_string("lb"));
    regex.source = weir_build_str(f->b, weir_string("^a\\d"));
    weir_build_records(f->b, WEIR_S_CIDRS, &cidrs, 1);
    weir_build_records(f->b, WEIR_S_REGEXES, &regex, 1);

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_const(f, &t[i].c, t[i].want);
    }

    c = weir_build_string(f->b, weir_string("a\"\\\n\033\xc3\xa4\xff\0"));
    assert_const(f, &c, "\"a\\\"\\\\\\n\\u001b\xc3\xa4\\xff\\u0000\"");
    c.kind = WEIR_T_BYTES;
    c.n = 2;
    assert_const(f, &c, "b\"\\x61\\x22\"");

    weir_ip_parse(weir_string("10.0.0.0"), &ip);
    c = scalar(WEIR_T_IP, weir_build_bytes(f->b, &ip, sizeof(ip)));
    c.n = 4;
    assert_const(f, &c, "ip(\"10.0.0.0\")");
    c.kind = WEIR_T_CIDR;
    c.n = 8 << 8 | 4;
    assert_const(f, &c, "cidr(\"10.0.0.0/8\")");

    row[0] = weir_build_string(f->b, weir_string("k"));
    row[1] = scalar(WEIR_T_INT, 1);
    row[2] = weir_build_string(f->b, weir_string("l"));
    row[3] = scalar(WEIR_T_LIST, weir_build_consts(f->b, row, 2));
    row[3].n = 2;
    c = scalar(WEIR_T_MAP, weir_build_consts(f->b, row, 4));
    c.n = 2;
    assert_const(f, &c, "{\"k\": 1, \"l\": [\"k\", 1]}");

    for (i = 0; i < 20; i++) {
        row[i] = scalar(WEIR_T_INT, i);
    }

    c = scalar(WEIR_T_LIST, weir_build_consts(f->b, row, 20));
    c.n = 20;
    assert_const(f, &c, "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, "
                        "15, ...]");
}


static void
bytes_of_no_sense_are_shown_as_such(void **state)
{
    char              *got;
    size_t             i;
    uint32_t           n;
    fixture_t         *f;
    weir_insn_t        in;
    weir_img_prog_t    p;
    weir_img_const_t   c, row[4];

    f = *state;
    memset(&p, 0, sizeof(p));
    p.kind = 99;
    p.phase = 99;
    p.memo = WEIR_NONE;
    p.file = 12345;
    p.code.first = 1;
    p.code.count = 5;

    memset(&in, 0xff, sizeof(in));
    weir_build_records(f->b, WEIR_S_CODE, &in, 1);
    weir_build_records(f->b, WEIR_S_CODE, &in, 1);
    in.op = WEIR_OP_ATTR_IN;
    weir_build_records(f->b, WEIR_S_CODE, &in, 1);
    weir_build_records(f->b, WEIR_S_PROGS, &p, 1);

    assert_prog(f, 0,
        "program 0: unknown, from phase unknown, locals 0\n"
        "   0: ? 255\n"
        "   1: ATTR_IN  ? ?\n"
        "   2: ?\n");
    assert_prog(f, 1, "program 1: ?\n");

    /* every operation with operands out of range */
    for (i = 0; i < WEIR_OP_COUNT; i++) {
        in.op = (uint8_t) i;
        p.code.first = weir_build_records(f->b, WEIR_S_CODE, &in, 1);
        p.code.count = UINT32_MAX;
        free(listing(f, false, weir_build_records(f->b, WEIR_S_PROGS, &p, 1)));
    }

    /* text past the end of bytes */
    c = scalar(WEIR_T_STRING, UINT64_MAX);
    c.n = UINT32_MAX;
    assert_const(f, &c, "?");
    c.kind = WEIR_T_IP;
    assert_const(f, &c, "?");

    /* a list that holds itself, four times, and so on */
    n = weir_build_count(f->b, WEIR_S_CONSTS);
    row[0] = scalar(WEIR_T_LIST, n);
    row[0].n = 4;
    row[1] = row[2] = row[3] = row[0];
    weir_build_records(f->b, WEIR_S_CONSTS, row, 4);
    got = listing(f, true, n);
    assert_true(strlen(got) < 16384);
    free(got);
}


#define test(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(a_program_with_every_kind_of_operand),
        test(constants_look_as_in_cel),
        test(bytes_of_no_sense_are_shown_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
