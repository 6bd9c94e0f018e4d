/*
 * test_eval.c: programs of each instruction, to their result.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "test/kit.h"
#include "test/show.h"

/* constants of every image here */
enum {
    C_TRUE, C_FALSE, C_ONE, C_ZERO, C_A, C_B, C_INTS, C_TEXTS, C_CIDRS,
    C_NULL, C_MAP, C_SOME, C_NONE, C_GET, C_DOUBLE, C_IP, C_CIDR, C_TYPE,
    C_TIME, C_DURATION, C_BYTES, C_IS_MAP, C_EMPTY, C_MANY, C_MOST, C_COUNT
};

#define MAX_CODE  28

typedef struct {
    const char   *want;
    weir_insn_t   code[MAX_CODE];
} case_t;

#define END    { WEIR_OP_RET, 255, 0, 0 }
#define TRUE_  OP_C(CONST, C_TRUE)
#define FALSE_ OP_C(CONST, C_FALSE)
#define ONE_   OP_C(CONST, C_ONE)
#define A_     OP_C(CONST, C_A)
#define B_     OP_C(CONST, C_B)
#define INTS_  OP_C(CONST, C_INTS)
#define MAP_   OP_C(CONST, C_MAP)
#define ZERO_  OP_C(CONST, C_ZERO)
#define MOST_  OP_C(CONST, C_MOST)
#define EMPTY_ OP_C(CONST, C_EMPTY)
#define TEXTS_ OP_C(CONST, C_TEXTS)

/* an error of kind bool: 1/0 == 1 */
#define ERROR_ ONE_, OP_C(CONST, C_ZERO), CALL(DIV_INT), ONE_, CALL(EQ_INT)

static kit_t         kit;
static uint8_t      *base;
static weir_image_t  image;
static weir_eval_t   eval;


static void
open_kit(void)
{
    uint32_t                 ip;
    static const weir_ip_t   net = { 4, { 10, 0, 0, 0 } };
    const weir_img_v4_t      v4 = { 0x0a000000, 0x0affffff };
    weir_img_cidrs_t         cidrs;

    kit_open(&kit);
    memset(&cidrs, 0, sizeof(cidrs));
    cidrs.v4.count = 1;

    kit_const(&kit, WEIR_T_BOOL, 0, 1);
    kit_const(&kit, WEIR_T_BOOL, 0, 0);
    kit_const(&kit, WEIR_T_INT, 0, 1);
    kit_const(&kit, WEIR_T_INT, 0, 0);
    kit_str(&kit, "a");
    kit_str(&kit, "b");
    kit_const(&kit, WEIR_T_LIST, 2, C_ONE);
    kit_const(&kit, WEIR_T_LIST, 2, C_A);
    kit_const(&kit, WEIR_T_CIDRS, 0, 0);
    kit_const(&kit, WEIR_T_NULL, 0, 0);
    kit_const(&kit, WEIR_T_MAP, 1, C_B);        /* {"b": [1, 0]} */
    kit_const(&kit, WEIR_T_OPTIONAL, 1, C_ONE);
    kit_const(&kit, WEIR_T_OPTIONAL, 0, 0);
    kit_str(&kit, "GET");
    kit_const(&kit, WEIR_T_DOUBLE, 0, UINT64_C(0x4004000000000000));

    ip = weir_build_bytes(kit.b, &net, sizeof(net));
    kit_const(&kit, WEIR_T_IP, 4, ip);
    kit_const(&kit, WEIR_T_CIDR, 8 << 8 | 4, ip);
    kit_const(&kit, WEIR_T_TYPE, 0, WEIR_T_INT);
    kit_const(&kit, WEIR_T_TIMESTAMP, 5, 1);
    kit_const(&kit, WEIR_T_DURATION, (uint32_t) -5, (uint64_t) -1);
    kit_const(&kit, WEIR_T_BYTES, 1, ip);
    kit_const(&kit, WEIR_T_OPTIONAL, 1, C_MAP);
    kit_str(&kit, "");
    kit_const(&kit, WEIR_T_LIST, 6, C_TRUE);
    kit_const(&kit, WEIR_T_INT, 0, INT64_MAX);
    assert_int_equal(weir_build_count(kit.b, WEIR_S_CONSTS), C_COUNT);

    weir_build_records(kit.b, WEIR_S_V4, &v4, 1);
    weir_build_records(kit.b, WEIR_S_CIDRS, &cidrs, 1);
}


static void
open_eval(void)
{
    weir_str_t      bytes;
    weir_refusal_t  why;

    bytes = kit_write(&kit);
    base = (uint8_t *) bytes.data;

    if (weir_image_verify(base, bytes.len, NULL, &why) != WEIR_OK
        || weir_image_open(&image, base, kit.arena, &why) != WEIR_OK)
    {
        fail_msg("%s: %s", weir_reject_name(why.reason), why.text);
    }

    weir_eval_init(&eval, &image,
                   weir_arena_alloc(kit.arena, weir_eval_size(&image)));
    eval.host = &kit_host;
}


static void
close_eval(void)
{
    weir_image_close(&image);
    kit_close(&kit);
}


static size_t
length_of(const weir_insn_t *code)
{
    size_t  n;

    for (n = 0; n < MAX_CODE; n++) {
        if (code[n].op == WEIR_OP_RET && code[n].a == 255) {
            break;
        }
    }

    return n;
}


static const case_t  cases[] = {
    { "true", { TRUE_, RET, END } },
    { "[1, 0]", { INTS_, RET, END } },
    { "{\"b\": [1, 0]}", { MAP_, RET, END } },
    { "null", { OP_C(CONST, C_NULL), RET, END } },
    { "2.5d", { OP_C(CONST, C_DOUBLE), RET, END } },
    { "10.0.0.0", { OP_C(CONST, C_IP), RET, END } },
    { "10.0.0.0/8", { OP_C(CONST, C_CIDR), RET, END } },
    { "int", { OP_C(CONST, C_TYPE), RET, END } },
    { "@1.000000005", { OP_C(CONST, C_TIME), RET, END } },
    { "~-1.000000005", { OP_C(CONST, C_DURATION), RET, END } },
    { "b\"\4\"", { OP_C(CONST, C_BYTES), RET, END } },
    { "some(1)", { OP_C(CONST, C_SOME), RET, END } },
    { "none", { OP_C(CONST, C_NONE), RET, END } },
    { "weir.CIDRList 0", { OP_C(CONST, C_CIDRS), RET, END } },

    /* the host, the engine, parameters */
    { "10.0.0.1", { OP_B(ATTR, WEIR_A_SOURCE_IP), RET, END } },
    { "\"\"", { OP_B(ATTR, WEIR_A_TENANT_ID), RET, END } },
    { "{}", { OP_B(ATTR, WEIR_A_TENANT_ATTRS), RET, END } },
    { "[]", { OP_B(ATTR, WEIR_A_PRINCIPAL_ROLES), RET, END } },
    { "!no_such_key", { OP_C(PARAM, 0), RET, END } },

    /* locals, the stack */
    { "\"a\"", { A_, OP_B(STORE, 4), ONE_, OP(POP), OP_B(LOAD, 4), RET,
                 END } },
    { "2", { ONE_, ONE_, CALL(ADD_INT), RET, END } },
    { "\"ab\"", { A_, B_, OP_AB(CALLD, 2, WEIR_N_ADD), RET, END } },
    { "!no_such_overload", { A_, ONE_, OP_AB(CALLD, 2, WEIR_N_ADD), RET,
                             END } },
    { "!divide_by_zero", { ONE_, OP_C(CONST, C_ZERO), CALL(DIV_INT), A_,
                           OP_AB(CALLD, 2, WEIR_N_ADD), RET, END } },
    { "1", { ONE_, OP_A(AS, WEIR_T_INT), RET, END } },
    { "!no_such_overload", { ONE_, OP_A(AS, WEIR_T_STRING), RET, END } },
    { "!divide_by_zero", { ERROR_, OP_A(AS, WEIR_T_STRING), RET, END } },
    { "!divide_by_zero", { ERROR_, CALL(NOT_BOOL), RET, END } },

    /* what the evaluator does itself, and where it must not */
    { "true", { ONE_, ONE_, CALL(EQ_INT), RET, END } },
    { "false", { ONE_, ZERO_, CALL(EQ_INT), RET, END } },
    { "false", { ONE_, ONE_, CALL(LT_INT), RET, END } },
    { "true", { ZERO_, ONE_, CALL(LT_INT), RET, END } },
    { "true", { ONE_, ONE_, CALL(LE_INT), RET, END } },
    { "false", { ONE_, ZERO_, CALL(LE_INT), RET, END } },
    { "false", { ONE_, ONE_, CALL(GT_INT), RET, END } },
    { "true", { ONE_, ZERO_, CALL(GT_INT), RET, END } },
    { "true", { ONE_, ONE_, CALL(GE_INT), RET, END } },
    { "false", { ZERO_, ONE_, CALL(GE_INT), RET, END } },
    { "-1", { ZERO_, ONE_, CALL(SUB_INT), RET, END } },
    { "0", { ONE_, ZERO_, CALL(MUL_INT), RET, END } },
    { "!overflow", { ONE_, MOST_, CALL(ADD_INT), RET, END } },
    { "!overflow", { ZERO_, ONE_, CALL(SUB_INT), ONE_, CALL(SUB_INT), MOST_,
                     CALL(SUB_INT), RET, END } },
    { "!overflow", { MOST_, MOST_, CALL(MUL_INT), RET, END } },
    { "!overflow", { MOST_, ONE_, OP_AB(CALLD, 2, WEIR_N_ADD), RET, END } },
    { "!divide_by_zero", { ONE_, ZERO_, CALL(DIV_INT), ONE_, CALL(ADD_INT),
                           RET, END } },
    { "true", { ZERO_, ONE_, OP_AB(CALLD, 2, WEIR_N_LT), RET, END } },
    { "false", { ZERO_, ONE_, OP_AB(CALLD, 2, WEIR_N_GE), RET, END } },
    { "0", { ONE_, ONE_, OP_AB(CALLD, 2, WEIR_N_SUB), RET, END } },
    { "true", { A_, A_, CALL(EQ_STRING), RET, END } },
    { "false", { A_, B_, CALL(EQ_STRING), RET, END } },
    { "false", { A_, EMPTY_, CALL(EQ_STRING), RET, END } },
    { "true", { A_, EMPTY_, CALL(STARTS_WITH_S), RET, END } },
    { "false", { EMPTY_, A_, CALL(STARTS_WITH_S), RET, END } },
    { "true", { A_, A_, CALL(STARTS_WITH_S), RET, END } },
    { "true", { A_, EMPTY_, CALL(ENDS_WITH_S), RET, END } },
    { "false", { A_, B_, CALL(ENDS_WITH_S), RET, END } },
    { "false", { EMPTY_, B_, CALL(ENDS_WITH_S), RET, END } },
    { "true", { A_, B_, CALL(ADD_STRING), B_, CALL(ENDS_WITH_S), RET, END } },
    { "true", { B_, TEXTS_, CALL(IN_LIST), RET, END } },
    { "false", { EMPTY_, TEXTS_, CALL(IN_LIST), RET, END } },
    { "false", { ONE_, TEXTS_, CALL(IN_LIST), RET, END } },
    { "true", { A_, A_, OP_B(STORE, 4), OP_B(LOAD, 4), CALL(EQ_ANY), RET,
                END } },
    { "false", { A_, B_, OP_B(STORE, 4), OP_B(LOAD, 4), CALL(EQ_ANY), RET,
                 END } },
    { "false", { A_, ONE_, OP_B(STORE, 4), OP_B(LOAD, 4), CALL(EQ_ANY), RET,
                 END } },
    { "true", { ONE_, ONE_, CALL(EQ_INT), OP_C(JNOT, 8), A_, A_,
                CALL(EQ_STRING), OP(AND), RET, END } },
    { "false", { ONE_, ONE_, CALL(EQ_INT), OP_C(JNOT, 8), A_, B_,
                 CALL(EQ_STRING), OP(AND), RET, END } },
    { "false", { ONE_, ZERO_, CALL(EQ_INT), OP_C(JNOT, 8), A_, A_,
                 CALL(EQ_STRING), OP(AND), RET, END } },
    { "false", { FALSE_, A_, A_, CALL(EQ_STRING), OP(AND), RET, END } },
    { "false", { ERROR_, A_, B_, CALL(EQ_STRING), OP(AND), RET, END } },
    { "!divide_by_zero", { ERROR_, OP_C(JNOT, 10), A_, A_, CALL(EQ_STRING),
                           OP(AND), RET, END } },

    /* c ? "a" : "b" */
    { "\"a\"", { TRUE_, OP_C(JERR, 6), OP_C(JFALSE, 5), A_, OP_C(JMP, 6), B_,
                 RET, END } },
    { "\"b\"", { FALSE_, OP_C(JERR, 6), OP_C(JFALSE, 5), A_, OP_C(JMP, 6), B_,
                 RET, END } },
    { "!divide_by_zero", { ERROR_, OP_C(JERR, 10), OP_C(JFALSE, 9), A_,
                           OP_C(JMP, 10), B_, RET, END } },
    { "\"b\"", { ERROR_, OP_C(JFALSE, 8), A_, RET, B_, RET, END } },

    /* ||, && */
    { "true", { TRUE_, TRUE_, OP(OR), RET, END } },
    { "true", { TRUE_, FALSE_, OP(OR), RET, END } },
    { "true", { FALSE_, TRUE_, OP(OR), RET, END } },
    { "false", { FALSE_, FALSE_, OP(OR), RET, END } },
    { "true", { ERROR_, TRUE_, OP(OR), RET, END } },
    { "true", { TRUE_, ERROR_, OP(OR), RET, END } },
    { "!divide_by_zero", { ERROR_, FALSE_, OP(OR), RET, END } },
    { "!divide_by_zero", { FALSE_, ERROR_, OP(OR), RET, END } },
    { "!divide_by_zero", { ERROR_, ERROR_, OP(OR), RET, END } },
    { "true", { TRUE_, TRUE_, OP(AND), RET, END } },
    { "false", { TRUE_, FALSE_, OP(AND), RET, END } },
    { "false", { ERROR_, FALSE_, OP(AND), RET, END } },
    { "false", { FALSE_, ERROR_, OP(AND), RET, END } },
    { "!divide_by_zero", { ERROR_, TRUE_, OP(AND), RET, END } },
    { "!divide_by_zero", { TRUE_, ERROR_, OP(AND), RET, END } },
    { "true", { TRUE_, OP_C(JTRUE, 3), CALL(NOT_BOOL), RET, END } },
    { "true", { FALSE_, OP_C(JTRUE, 3), CALL(NOT_BOOL), RET, END } },
    { "!divide_by_zero", { ERROR_, OP_C(JTRUE, 7), CALL(NOT_BOOL), RET,
                           END } },
    { "false", { FALSE_, OP_C(JNOT, 3), CALL(NOT_BOOL), RET, END } },
    { "false", { TRUE_, OP_C(JNOT, 3), CALL(NOT_BOOL), RET, END } },
    { "!divide_by_zero", { ERROR_, OP_C(JNOT, 7), CALL(NOT_BOOL), RET, END } },

    /* lists and maps */
    { "[]", { OP_C(LIST, 0), RET, END } },
    { "[1, \"a\"]", { ONE_, A_, OP_C(LIST, 2), RET, END } },
    { "!divide_by_zero", { A_, ERROR_, OP_C(LIST, 2), RET, END } },
    { "[1, \"a\"]", { OP_C(CONST, C_SOME), OP_C(CONST, C_NONE), A_,
                      CALL(OPT_OF_ANY), OP_ABC(LIST, 1, 0, 3), RET, END } },
    { "!no_such_overload", { ONE_, OP_ABC(LIST, 1, 0, 1), RET, END } },
    { "!divide_by_zero", { ERROR_, OP_ABC(LIST, 1, 0, 1), RET, END } },
    { "{\"a\": 1, true: \"b\"}", { A_, ONE_, TRUE_, B_, OP_C(MAP, 2), RET,
                                   END } },
    { "!duplicate_key", { A_, ONE_, A_, B_, OP_C(MAP, 2), RET, END } },
    { "!no_such_overload", { OP_C(CONST, C_DOUBLE), ONE_, OP_C(MAP, 1), RET,
                             END } },
    { "!no_such_overload", { OP_C(CONST, C_NULL), ONE_, OP_C(MAP, 1), RET,
                             END } },
    { "!divide_by_zero", { ERROR_, ONE_, OP_C(MAP, 1), RET, END } },
    { "!divide_by_zero", { A_, ERROR_, OP_C(MAP, 1), RET, END } },
    { "{\"b\": 1}", { A_, OP_C(CONST, C_NONE), B_, OP_C(CONST, C_SOME),
                      OP_ABC(MAP, 1, 0, 2), RET, END } },
    { "!no_such_overload", { A_, ONE_, OP_ABC(MAP, 1, 0, 1), RET, END } },

    /* has */
    { "true", { MAP_, OP_C(HAS, C_B), RET, END } },
    { "false", { MAP_, OP_C(HAS, C_A), RET, END } },
    { "true", { OP_C(CONST, C_IS_MAP), OP_C(HAS, C_B), RET, END } },
    { "false", { OP_C(CONST, C_NONE), OP_C(HAS, C_B), RET, END } },
    { "!no_such_overload", { OP_C(CONST, C_SOME), OP_C(HAS, C_B), RET,
                             END } },
    { "!no_such_overload", { ONE_, CALL(DYN_ANY), OP_C(HAS, C_B), RET,
                             END } },
    { "!divide_by_zero", { ERROR_, CALL(DYN_ANY), OP_C(HAS, C_B), RET,
                           END } },
    { "true", { OP_B(ATTR, WEIR_A_REQUEST_HEADERS), OP_C(HAS, C_B), RET,
                END } },
    { "false", { OP_B(ATTR, WEIR_A_REQUEST_HEADERS), OP_C(HAS, C_EMPTY), RET,
                 END } },

    /* fused; the host's method is not "GET" */
    { "false", { OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, C_GET), RET, END } },
    { "true", { OP_BC(ATTR_EQ, WEIR_A_TENANT_ID, C_EMPTY), RET, END } },
    { "true", { OP_BC(ATTR_IN, WEIR_A_SOURCE_IP, C_CIDRS), RET, END } },
    { "false", { OP_BC(ATTR_IN, WEIR_A_REQUEST_METHOD, C_TEXTS), RET, END } },
    { "\"b\"", { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_B), RET, END } },
    { "!no_such_key", { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_EMPTY), RET,
                        END } },
    { "!no_such_key", { OP_BC(ATTR_GET, WEIR_A_TENANT_ATTRS, C_B), RET,
                        END } },

    /* loops: the sum of a list; its elements negated; twice over a map */
    { "1", { INTS_, OP_ABC(LOOP, 1, 0, 12), OP_C(CONST, C_ZERO),
             OP_B(STORE, 4), OP_BC(ITER, 0, 11), OP_B(LOAD, 4),
             OP_B(LOAD, 2), OP_A(AS, WEIR_T_INT), CALL(ADD_INT),
             OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },
    { "[-1, 0]", { INTS_, OP_ABC(LOOP, 1, 0, 13), OP_AB(BUILD, WEIR_T_LIST, 0),
                   OP_B(STORE, 4), OP_BC(ITER, 0, 12), OP_B(LOAD, 4),
                   OP_B(LOAD, 2), OP_A(AS, WEIR_T_INT), CALL(NEG_INT),
                   OP(APPEND), OP_B(STORE, 4), OP_BC(NEXT, 0, 4),
                   OP_B(LOAD, 4), RET, END } },
    { "[[1, 0], [0, 1]]",
      { INTS_, OP_ABC(LOOP, 1, 0, 13), OP_AB(BUILD, WEIR_T_LIST, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 12), OP_B(LOAD, 4), OP_B(LOAD, 2),
        OP_B(LOAD, 3), OP_C(LIST, 2), OP(APPEND), OP_B(STORE, 4),
        OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },
    { "[[0, 1], [1, 0]]",
      { INTS_, OP_ABC(LOOP, 1, 0, 13), OP_AB(BUILD, WEIR_T_LIST, 0),
        OP_B(STORE, 4), OP_ABC(ITER, 1, 0, 12), OP_B(LOAD, 4), OP_B(LOAD, 2),
        OP_B(LOAD, 3), OP_C(LIST, 2), OP(APPEND), OP_B(STORE, 4),
        OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },
    { "{\"b\": [1, 0]}",
      { MAP_, OP_ABC(LOOP, 1, 0, 12), OP_AB(BUILD, WEIR_T_MAP, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 11), OP_B(LOAD, 4), OP_B(LOAD, 2),
        OP_B(LOAD, 3), OP(INSERT), OP_B(STORE, 4), OP_BC(NEXT, 0, 4),
        OP_B(LOAD, 4), RET, END } },
    { "!duplicate_key",
      { INTS_, OP_ABC(LOOP, 1, 0, 12), OP_AB(BUILD, WEIR_T_MAP, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 11), OP_B(LOAD, 4), ONE_,
        OP_B(LOAD, 3), OP(INSERT), OP_B(STORE, 4), OP_BC(NEXT, 0, 4),
        OP_B(LOAD, 4), RET, END } },
    { "!too_large",
      { INTS_, OP_ABC(LOOP, 1, 0, 13), OP_AB(BUILD, WEIR_T_LIST, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 12), OP_B(LOAD, 4), ONE_, OP(APPEND),
        ONE_, OP(APPEND), OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4),
        RET, END } },
    { "!too_large",
      { INTS_, OP_ABC(LOOP, 1, 0, 14), OP_AB(BUILD, WEIR_T_MAP, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 11), MAP_, OP_B(LOAD, 2), ONE_,
        OP(INSERT), OP_B(STORE, 4), OP_BC(NEXT, 0, 4), TRUE_, OP(POP),
        OP_B(LOAD, 4), RET, END } },
    { "!too_large", { INTS_, ONE_, OP(APPEND), RET, END } },
    { "!divide_by_zero", { INTS_, ERROR_, OP(APPEND), RET, END } },
    { "!no_such_overload",
      { ONE_, OP_A(AS, WEIR_T_LIST), A_, OP(APPEND), RET, END } },
    { "!divide_by_zero", { MAP_, ERROR_, ONE_, OP(INSERT), RET, END } },
    { "!divide_by_zero", { MAP_, A_, ERROR_, OP(INSERT), RET, END } },
    { "!no_such_overload",
      { ONE_, OP_A(AS, WEIR_T_MAP), A_, A_, OP(INSERT), RET, END } },

    /* rows that run together */
    { "false", { OP_B(ATTR, WEIR_A_REQUEST_METHOD), OP_C(CONST, C_GET),
                 CALL(EQ_STRING), RET, END } },
    { "false", { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_B),
                 OP_A(AS, WEIR_T_STRING), OP_C(CONST, C_GET), CALL(EQ_STRING),
                 RET, END } },
    { "\"b\"", { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_B),
                 OP_A(AS, WEIR_T_STRING), RET, END } },
    { "!no_such_overload", { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_B),
                             OP_A(AS, WEIR_T_INT), OP_C(CONST, C_ZERO),
                             CALL(DIV_INT), RET, END } },
    { "!no_such_key", { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_EMPTY),
                        OP_A(AS, WEIR_T_STRING), OP_C(CONST, C_GET),
                        CALL(EQ_STRING), RET, END } },
    { "!divide_by_zero", { OP_B(ATTR, WEIR_A_REQUEST_CONTENT_LENGTH),
                           OP_C(CONST, C_ZERO), CALL(DIV_INT), RET, END } },

    /* ranges that are none */
    { "!no_such_overload",
      { ONE_, CALL(DYN_ANY), OP_ABC(LOOP, 1, 0, 6), OP_BC(ITER, 0, 5),
        OP_BC(NEXT, 0, 3), TRUE_, RET, END } },
    { "!divide_by_zero",
      { ERROR_, CALL(DYN_ANY), OP_ABC(LOOP, 1, 0, 10), OP_BC(ITER, 0, 9),
        OP_BC(NEXT, 0, 7), TRUE_, RET, END } },
    { "!too_large",
      { INTS_, OP_ABC(LOOP, 0, 0, 5), OP_BC(ITER, 0, 4), OP_BC(NEXT, 0, 2),
        TRUE_, RET, END } },
    { "!too_large",
      { OP_B(ATTR, WEIR_A_REQUEST_HEADERS), OP_ABC(LOOP, 5, 0, 5),
        OP_BC(ITER, 0, 4), OP_BC(NEXT, 0, 2), TRUE_, RET, END } },

    /* what the host has, entry by entry: 40 of them */
    { "780", { OP_B(ATTR, WEIR_A_REQUEST_HEADERS), OP_ABC(LOOP, 10, 0, 14),
               OP_C(CONST, C_ZERO), OP_B(STORE, 4), OP_BC(ITER, 0, 13),
               OP_B(LOAD, 4), OP_B(LOAD, 2), OP_A(AS, WEIR_T_STRING),
               CALL(BYTES_STRING), CALL(SIZE_BYTES), CALL(ADD_INT),
               OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } }
};


static void
no_step(void *data, uint32_t prog, uint32_t pc, const weir_value_t *value)
{
    (void) data;
    (void) prog;
    (void) pc;
    (void) value;
}


/* Whether a case ends as it should; where an error began, and its steps. */
static bool
runs(size_t i, weir_trace_t *trace, uint64_t *place, uint32_t *work)
{
    bool          ok;
    shown_t       got;
    weir_value_t  v;

    open_kit();
    kit_prog(&kit, WEIR_T_DYN, 5, WEIR_NONE, cases[i].code,
             length_of(cases[i].code));
    open_eval();
    eval.trace = trace;
    weir_eval(&eval, 0, &v);

    got.len = 0;
    show(&got, &eval, &v, 8);
    ok = strcmp(got.text, cases[i].want) == 0;

    if (!ok) {
        print_error("case %zu: %s, not %s\n", i, got.text, cases[i].want);
    }

    assert_int_equal(eval.errors, v.kind == WEIR_T_ERR);
    *place = v.kind == WEIR_T_ERR ? v.u.u : 0;
    *work = eval.work;
    close_eval();

    return ok;
}


/* With a trace, instructions run one by one; without, some run together. */
static void
instructions_do_as_ops_says(void **state)
{
    size_t        i;
    uint64_t      place, traced;
    uint32_t      work, steps;
    unsigned      failed;

    static weir_trace_t  trace = { .step = no_step };

    (void) state;
    failed = 0;

    for (i = 0; i < N_OF(cases); i++) {
        failed += !runs(i, NULL, &place, &work);
        failed += !runs(i, &trace, &traced, &steps);

        if (place != traced) {
            fail_msg("case %zu: from %llx, traced %llx", i,
                     (unsigned long long) place, (unsigned long long) traced);
        }

        assert_int_equal(work, steps);
        assert_int_equal(place != 0, cases[i].want[0] == '!');
    }

    assert_int_equal(failed, 0);
}


static void
every_instruction_has_a_case(void **state)
{
    bool      seen[WEIR_OP_COUNT];
    size_t    i, k;
    unsigned  op;

    (void) state;
    memset(seen, 0, sizeof(seen));
    seen[WEIR_OP_MEMO] = true;          /* below */

    for (i = 0; i < N_OF(cases); i++) {
        for (k = 0; k < length_of(cases[i].code); k++) {
            seen[cases[i].code[k].op] = true;
        }
    }

    for (op = 0; op < WEIR_OP_COUNT; op++) {
        if (!seen[op]) {
            fail_msg("%s has no case", weir_op_name(op));
        }
    }
}


static unsigned  asked;


static void
counting_attr(void *data, unsigned attr, weir_value_t *out)
{
    asked++;
    kit_host_attr(data, attr, out);
}


static void
wrong_attr(void *data, unsigned attr, weir_value_t *out)
{
    (void) data;
    (void) attr;
    *out = weir_v_int(5);
}


static void
attributes_are_asked_for_once(void **state)
{
    weir_host_t                host;
    weir_value_t               v;
    static const weir_insn_t   code[] = {
        OP_B(ATTR, WEIR_A_REQUEST_METHOD),
        OP_B(ATTR, WEIR_A_REQUEST_METHOD),
        CALL(EQ_STRING),
        OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, C_GET),
        OP(OR), RET
    };

    (void) state;

    open_kit();
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, code, N_OF(code));
    open_eval();

    host = kit_host;
    host.attr = counting_attr;
    eval.host = &host;
    asked = 0;

    weir_eval(&eval, 0, &v);
    weir_eval(&eval, 0, &v);
    assert_true(v.u.b);
    assert_int_equal(asked, 1);

    /* a value of another kind than the table says is no value */
    weir_eval_init(&eval, &image, eval.attrs);
    host.attr = wrong_attr;
    eval.host = &host;
    weir_eval(&eval, 0, &v);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.len, WEIR_E_UNAVAILABLE);

    close_eval();
}


static void
engine_attributes_are_as_set(void **state)
{
    weir_value_t               v;
    static const weir_insn_t   code[] = {
        OP_BC(ATTR_IN, WEIR_A_TENANT_PLAN, C_TEXTS),
        OP_BC(ATTR_EQ, WEIR_A_TENANT_PLAN, C_B),
        OP(AND), RET
    };
    static const weir_insn_t   get[] = {
        OP_BC(ATTR_GET, WEIR_A_TENANT_ATTRS, C_B), RET
    };

    (void) state;

    open_kit();
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, code, N_OF(code));
    kit_prog(&kit, WEIR_T_DYN, 0, WEIR_NONE, get, N_OF(get));
    open_eval();

    weir_const_value(&image, &WEIR_REC(&image, CONSTS)[C_MAP], &v);
    weir_eval_set(&eval, WEIR_A_TENANT_ATTRS, v);
    weir_eval_set(&eval, WEIR_A_TENANT_PLAN, weir_v_str(weir_string("b")));

    weir_eval(&eval, 0, &v);
    assert_true(v.u.b);
    weir_eval(&eval, 1, &v);
    assert_int_equal(v.kind, WEIR_T_LIST);

    v = weir_v_err(WEIR_E_UNAVAILABLE);
    weir_eval_set(&eval, WEIR_A_TENANT_PLAN, v);
    weir_eval_set(&eval, WEIR_A_TENANT_ATTRS, v);
    weir_eval(&eval, 0, &v);
    assert_int_equal(v.len, WEIR_E_UNAVAILABLE);
    weir_eval(&eval, 1, &v);
    assert_int_equal(v.len, WEIR_E_UNAVAILABLE);
    assert_int_equal(eval.errors, 2);

    close_eval();
}


static void
parameters_are_found_by_name(void **state)
{
    uint32_t                   names[2];
    weir_str_t                 params[2];
    weir_value_t               v;
    static const weir_insn_t   code[] = { OP_C(PARAM, 0), RET };

    (void) state;

    open_kit();
    kit_prog(&kit, WEIR_T_STRING, 0, WEIR_NONE, code, N_OF(code));
    open_eval();

    names[0] = 3;
    names[1] = 0;
    params[0] = weir_string("no");
    params[1] = weir_string("yes");
    eval.param_names = names;
    eval.params = params;
    eval.nparams = 2;

    weir_eval(&eval, 0, &v);
    assert_true(weir_str_eq(weir_v_text(&v), weir_string("yes")));

    eval.nparams = 1;
    weir_eval(&eval, 0, &v);
    assert_int_equal(v.len, WEIR_E_NO_SUCH_KEY);

    close_eval();
}


typedef struct {
    unsigned  steps;
    unsigned  of[3];            /* programs */
} traced_t;


static void
count_step(void *data, uint32_t prog, uint32_t pc, const weir_value_t *value)
{
    traced_t  *t;

    t = data;
    assert_true(pc < 9);
    assert_true(value->kind < WEIR_T_COUNT);
    t->steps++;
    t->of[prog]++;
}


static void
programs_run_once_a_request(void **state)
{
    traced_t                   traced;
    weir_value_t               v;
    weir_trace_t               trace = { .step = count_step,
                                           .data = &traced };
    static const weir_insn_t   inner[] = {
        ONE_, OP_C(CONST, C_ZERO), CALL(DIV_INT), RET
    };
    static const weir_insn_t   text[] = { A_, B_, CALL(ADD_STRING), RET };
    static const weir_insn_t   outer[] = {
        OP_C(MEMO, 0), OP(POP), OP_C(MEMO, 0), OP(POP), OP_C(MEMO, 1), RET
    };

    (void) state;
    memset(&traced, 0, sizeof(traced));

    open_kit();
    kit_prog(&kit, WEIR_T_INT, 0, 0, inner, N_OF(inner));
    kit_prog(&kit, WEIR_T_STRING, 0, 1, text, N_OF(text));
    kit_prog(&kit, WEIR_T_STRING, 0, WEIR_NONE, outer, N_OF(outer));
    open_eval();
    eval.trace = &trace;

    weir_eval(&eval, 2, &v);
    assert_true(weir_str_eq(weir_v_text(&v), weir_string("ab")));
    assert_int_equal(traced.of[0], 3);
    assert_int_equal(traced.of[1], 3);
    assert_int_equal(traced.of[2], 3);
    assert_int_equal(eval.errors, 0);

    /* errors are remembered too, and say where they began */
    weir_eval(&eval, 0, &v);
    assert_int_equal(traced.of[0], 3);
    assert_int_equal(v.kind, WEIR_T_ERR);
    assert_int_equal(v.u.u, (uint64_t) 0 << 32 | 3);
    assert_int_equal(eval.errors, 1);

    weir_eval(&eval, 1, &v);
    assert_int_equal(traced.steps, 9);

    close_eval();
}


static void
errors_say_where_they_began(void **state)
{
    weir_value_t               v;
    static const weir_insn_t   code[] = {
        A_, OP(POP), MAP_, A_, CALL(INDEX_MAP), OP_A(AS, WEIR_T_BOOL),
        CALL(NOT_BOOL), RET
    };

    (void) state;

    open_kit();
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, code, N_OF(code));
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, code, N_OF(code));
    open_eval();

    weir_eval(&eval, 1, &v);
    assert_int_equal(v.len, WEIR_E_NO_SUCH_KEY);
    assert_int_equal(v.u.u, (uint64_t) 1 << 32 | 5);

    close_eval();
}


static void
scratch_comes_back(void **state)
{
    uint32_t                   i;
    weir_value_t               v;
    static const weir_insn_t   used[] = {
        A_, B_, CALL(ADD_STRING), A_, CALL(EQ_STRING), RET
    };
    static const weir_insn_t   kept[] = { A_, B_, CALL(ADD_STRING), RET };
    static const weir_insn_t   both[] = {
        OP_C(MEMO, 1), A_, B_, CALL(ADD_STRING), CALL(EQ_STRING), RET
    };

    (void) state;

    open_kit();
    weir_build_header(kit.b)->scratch = 20;
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, used, N_OF(used));
    kit_prog(&kit, WEIR_T_STRING, 0, 0, kept, N_OF(kept));
    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, both, N_OF(both));
    kit_prog(&kit, WEIR_T_STRING, 0, WEIR_NONE, kept, N_OF(kept));
    open_eval();

    for (i = 0; i < 1000; i++) {
        weir_eval(&eval, 0, &v);
        assert_int_equal(v.kind, WEIR_T_BOOL);
        assert_int_equal(eval.used, 0);
    }

    /* a memo keeps its own, and nothing else */
    for (i = 0; i < 1000; i++) {
        weir_eval(&eval, 2, &v);
        assert_int_equal(v.kind, WEIR_T_BOOL);
        assert_true(v.u.b);
        assert_int_equal(eval.used, 8);
    }

    /* what was returned stays, until there is no more */
    weir_eval(&eval, 3, &v);
    assert_int_equal(v.kind, WEIR_T_STRING);
    weir_eval(&eval, 3, &v);
    assert_int_equal(v.kind, WEIR_T_STRING);
    weir_eval(&eval, 3, &v);
    assert_int_equal(v.len, WEIR_E_TOO_LARGE);

    close_eval();
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(instructions_do_as_ops_says),
        cmocka_unit_test(every_instruction_has_a_case),
        cmocka_unit_test(attributes_are_asked_for_once),
        cmocka_unit_test(engine_attributes_are_as_set),
        cmocka_unit_test(parameters_are_found_by_name),
        cmocka_unit_test(programs_run_once_a_request),
        cmocka_unit_test(errors_say_where_they_began),
        cmocka_unit_test(scratch_comes_back)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
