/*
 * test_verify_code.c: programs that are right, wrong in one thing, or too
 * dear.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "image/cost.h"
#include "test/kit.h"

/* constants of every image here */
enum {
    C_TRUE, C_ONE, C_TEXT, C_OTHER, C_INTS, C_TEXTS, C_CIDRS, C_NULL, C_MAP,
    C_SOME, C_TWICE, C_TWICE_2, C_UNSORTED, C_COUNT
};

#define MAX_CODE  24

typedef struct {
    const char    *text;        /* of the refusal; "" = is taken */
    unsigned       kind;
    unsigned       locals;
    weir_insn_t    code[MAX_CODE];  /* to the last that is not RET 1 */
} case_t;

#define END        { WEIR_OP_RET, 255, 0, 0 }
#define TRUE_      OP_C(CONST, C_TRUE)
#define ONE_       OP_C(CONST, C_ONE)
#define TEXT_      OP_C(CONST, C_TEXT)
#define INTS_      OP_C(CONST, C_INTS)
#define MAP_       OP_C(CONST, C_MAP)

static weir_refusal_t  why;
static unsigned        failed;          /* all are shown, then the test fails */


static void
open_kit(kit_t *k)
{
    weir_img_const_t  row[2];

    kit_open(k);

    kit_const(k, WEIR_T_BOOL, 0, 1);
    kit_const(k, WEIR_T_INT, 0, 1);
    kit_str(k, "a");
    kit_str(k, "b");
    kit_const(k, WEIR_T_LIST, 2, 0);
    kit_const(k, WEIR_T_LIST, 2, C_TEXT);

    kit_const(k, WEIR_T_CIDRS, 0, 0);
    kit_const(k, WEIR_T_NULL, 0, 0);
    kit_const(k, WEIR_T_MAP, 0, 0);
    kit_const(k, WEIR_T_OPTIONAL, 0, 0);

    row[0] = row[1] = weir_build_string(k->b, weir_string("a"));
    kit_const(k, WEIR_T_LIST, 2, weir_build_consts(k->b, row, 2));
    assert_int_equal(weir_build_count(k->b, WEIR_S_CONSTS), C_COUNT);

    weir_build_records(k->b, WEIR_S_CIDRS, NULL, 1);
}


static const case_t  cases[] = {
    /* the least */
    { "", WEIR_T_BOOL, 0, { TRUE_, RET, END } },
    { "", WEIR_T_DYN, 0, { ONE_, RET, END } },
    { "finds int where bool must be", WEIR_T_BOOL, 0, { ONE_, RET, END } },
    { "progs[0] gives error", WEIR_T_ERR, 0, { ONE_, RET, END } },
    { "progs[0] gives unset", WEIR_T_UNSET, 0, { ONE_, RET, END } },
    { "0 values on the stack, not one", WEIR_T_DYN, 0, { RET, END } },
    { "2 values on the stack, not one", WEIR_T_DYN, 0,
      { ONE_, ONE_, RET, END } },
    { "instruction 1, end: the program goes on", WEIR_T_DYN, 0,
      { ONE_, END } },
    { "instruction 2, RET: nothing leads here", WEIR_T_DYN, 0,
      { ONE_, RET, RET, END } },
    { "op 200, a 0, b 0, c 0 is no instruction", WEIR_T_DYN, 0,
      { ONE_, { 200, 0, 0, 0 }, RET, END } },
    { "constant 99 of 13", WEIR_T_DYN, 0, { OP_C(CONST, 99), RET, END } },

    /* fields that say nothing */
    { "is no instruction", WEIR_T_DYN, 0, { ONE_, OP_A(RET, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0, { ONE_, OP_B(RET, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0, { ONE_, OP_C(RET, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0, { OP_A(CONST, 1), RET, END } },
    { "is no instruction", WEIR_T_DYN, 0, { OP_B(CONST, 1), RET, END } },
    { "is no instruction", WEIR_T_DYN, 0, { OP_A(ATTR, 1), RET, END } },
    { "is no instruction", WEIR_T_DYN, 0, { OP_C(ATTR, 1), RET, END } },
    { "is no instruction", WEIR_T_DYN, 0, { ONE_, OP_A(JERR, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0, { ONE_, OP_AB(LIST, 2, 0), END } },
    { "is no instruction", WEIR_T_DYN, 0, { ONE_, OP_B(LIST, 2), END } },
    { "is no instruction", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 11, 0, 3), END } },
    { "is no instruction", WEIR_T_DYN, 4, { ONE_, OP_A(ITER, 2), END } },
    { "is no instruction", WEIR_T_DYN, 4, { ONE_, OP_A(NEXT, 1), END } },
    { "is no instruction", WEIR_T_DYN, 4, { ONE_, OP_C(BUILD, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0,
      { ONE_, OP_ABC(CALLD, 1, WEIR_N_SIZE, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0,
      { ONE_, OP_AB(AS, WEIR_T_INT, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0,
      { ONE_, OP_ABC(AS, WEIR_T_INT, 0, 1), END } },
    { "is no instruction", WEIR_T_DYN, 0,
      { OP_ABC(ATTR_EQ, 1, WEIR_A_REQUEST_METHOD, C_TEXT), END } },

    /* the stack */
    { "the stack is empty", WEIR_T_DYN, 0, { OP(POP), RET, END } },
    { "", WEIR_T_DYN, 0, { ONE_, ONE_, OP(POP), RET, END } },
    { "takes 2 values of 1", WEIR_T_LIST, 0,
      { ONE_, OP_C(LIST, 2), RET, END } },
    { "", WEIR_T_LIST, 0, { OP_C(LIST, 0), RET, END } },
    { "", WEIR_T_LIST, 0, { ONE_, OP_ABC(LIST, 1, 0, 1), RET, END } },
    { "takes 4 values of 2", WEIR_T_MAP, 0,
      { TEXT_, ONE_, OP_C(MAP, 2), RET, END } },
    { "", WEIR_T_MAP, 0, { TEXT_, ONE_, OP_C(MAP, 1), RET, END } },
    { "2147483649 entries", WEIR_T_MAP, 0,
      { TEXT_, ONE_, OP_C(MAP, 0x80000001), RET, END } },

    /* attributes, parameters, phases */
    { "", WEIR_T_STRING, 0,
      { OP_B(ATTR, WEIR_A_REQUEST_METHOD), RET, END } },
    { "unknown attribute 200", WEIR_T_DYN, 0, { OP_B(ATTR, 200), RET, END } },
    { "response.code does not exist in phase access", WEIR_T_DYN, 0,
      { OP_B(ATTR, WEIR_A_RESPONSE_CODE), RET, END } },
    { "", WEIR_T_STRING, 0, { OP_C(PARAM, 0), RET, END } },
    { "string 99 of", WEIR_T_STRING, 0, { OP_C(PARAM, 99), RET, END } },

    /* locals */
    { "", WEIR_T_INT, 1,
      { ONE_, OP_B(STORE, 0), OP_B(LOAD, 0), RET, END } },
    { "local 0 is not set on every way", WEIR_T_INT, 1,
      { OP_B(LOAD, 0), RET, END } },
    { "local 1 of 1", WEIR_T_INT, 1, { ONE_, OP_B(STORE, 1), END } },
    { "local 1 of 1", WEIR_T_INT, 1, { OP_B(LOAD, 1), RET, END } },
    { "the stack is empty", WEIR_T_INT, 1, { OP_B(STORE, 0), END } },
    { "local 0 is not set on every way", WEIR_T_DYN, 1,
      { TRUE_, OP_C(JFALSE, 4), ONE_, OP_B(STORE, 0), OP_B(LOAD, 0), RET,
        END } },
    { "local 0 is not set on every way", WEIR_T_DYN, 1,
      { TRUE_, OP_C(JFALSE, 6), ONE_, OP_B(STORE, 0), ONE_, OP_C(JMP, 7),
        ONE_, OP(POP), OP_B(LOAD, 0), RET, END } },
    { "", WEIR_T_DYN, 1,
      { TRUE_, OP_B(STORE, 0), TRUE_, OP_C(JFALSE, 6), ONE_, OP_B(STORE, 0),
        OP_B(LOAD, 0), RET, END } },
    { "finds dyn where bool must be", WEIR_T_BOOL, 1,
      { TRUE_, OP_B(STORE, 0), TRUE_, OP_C(JFALSE, 6), ONE_, OP_B(STORE, 0),
        OP_B(LOAD, 0), RET, END } },

    /* calls */
    { "", WEIR_T_INT, 0, { ONE_, ONE_, CALL(ADD_INT), RET, END } },
    { "finds string where int must be", WEIR_T_INT, 0,
      { ONE_, TEXT_, CALL(ADD_INT), RET, END } },
    { "the stack is empty", WEIR_T_INT, 0,
      { ONE_, CALL(ADD_INT), RET, END } },
    { "unknown function 9999", WEIR_T_INT, 0,
      { ONE_, OP_B(CALL, 9999), RET, END } },
    { "", WEIR_T_OPTIONAL, 0, { CALL(OPT_NONE_), RET, END } },
    { "finds dyn where int must be", WEIR_T_INT, 0,
      { ONE_, CALL(DYN_ANY), ONE_, CALL(ADD_INT), RET, END } },
    { "", WEIR_T_INT, 0,
      { ONE_, CALL(DYN_ANY), OP_A(AS, WEIR_T_INT), ONE_, CALL(ADD_INT), RET,
        END } },
    { "no value is of kind 2", WEIR_T_DYN, 0,
      { ONE_, OP_A(AS, WEIR_T_DYN), RET, END } },
    { "no value is of kind 20", WEIR_T_DYN, 0,
      { ONE_, OP_A(AS, WEIR_T_COUNT), RET, END } },
    { "", WEIR_T_DYN, 0,
      { ONE_, ONE_, OP_AB(CALLD, 2, WEIR_N_ADD), RET, END } },
    { "takes 2 values of 1", WEIR_T_DYN, 0,
      { ONE_, OP_AB(CALLD, 2, WEIR_N_ADD), RET, END } },
    { "no function has name 8 and 3 arguments", WEIR_T_DYN, 0,
      { ONE_, OP_AB(CALLD, 3, WEIR_N_ADD), RET, END } },
    { "no function has name 999 and 1", WEIR_T_DYN, 0,
      { ONE_, OP_AB(CALLD, 1, 999), RET, END } },
    { "and 5 arguments", WEIR_T_DYN, 0,
      { ONE_, OP_AB(CALLD, 5, WEIR_N_ADD), RET, END } },

    /* jumps */
    { "jumps to 1, not forward", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JTRUE, 1), RET, END } },
    { "jumps to 0, not forward", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JNOT, 0), RET, END } },
    { "jumps to 3, not forward within 3", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JTRUE, 3), RET, END } },
    { "finds int where bool must be", WEIR_T_BOOL, 0,
      { ONE_, OP_C(JTRUE, 2), RET, END } },
    { "finds int where bool must be", WEIR_T_BOOL, 0,
      { ONE_, OP_C(JFALSE, 2), TRUE_, RET, END } },
    { "jumps to 1, not forward", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JFALSE, 1), TRUE_, RET, END } },
    { "the stack is empty", WEIR_T_BOOL, 0, { OP_C(JERR, 2), TRUE_, RET,
                                              END } },
    { "the stack is empty", WEIR_T_BOOL, 0, { OP_C(JTRUE, 2), TRUE_, RET,
                                              END } },
    { "the stack is empty", WEIR_T_BOOL, 0, { OP_C(JFALSE, 2), TRUE_, RET,
                                              END } },
    { "", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JTRUE, 4), TRUE_, OP(OR), RET, END } },
    { "", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JNOT, 4), TRUE_, OP(AND), RET, END } },
    { "finds int where bool must be", WEIR_T_BOOL, 0,
      { ONE_, TRUE_, OP(AND), RET, END } },
    { "finds int where bool must be", WEIR_T_BOOL, 0,
      { TRUE_, ONE_, OP(AND), RET, END } },
    { "nothing leads here", WEIR_T_BOOL, 0,
      { TRUE_, OP_C(JMP, 3), TRUE_, RET, END } },
    { "2 values and 1 on the stack", WEIR_T_BOOL, 0,
      { TRUE_, TRUE_, OP_C(JTRUE, 5), OP(POP), OP_C(JMP, 5), RET, END } },

    /* c ? a : b, and its error */
    { "", WEIR_T_INT, 0,
      { TRUE_, OP_C(JERR, 6), OP_C(JFALSE, 5), ONE_, OP_C(JMP, 6), ONE_, RET,
        END } },
    { "finds dyn where int must be", WEIR_T_INT, 0,
      { TRUE_, OP_C(JERR, 6), OP_C(JFALSE, 5), ONE_, OP_C(JMP, 6), TEXT_,
        RET, END } },
    { "", WEIR_T_DYN, 0,
      { TRUE_, OP_C(JERR, 6), OP_C(JFALSE, 5), ONE_, OP_C(JMP, 6), TEXT_,
        RET, END } },

    /* an error for certain may stand for every kind */
    { "", WEIR_T_INT, 0,
      { TEXT_, OP_C(JERR, 4), OP(POP), ONE_, RET, END } },
    { "", WEIR_T_INT, 0,
      { TEXT_, OP_C(JERR, 4), OP(POP), OP_C(JMP, 6), CALL(NEG_INT), RET,
        ONE_, RET, END } },

    /* has */
    { "", WEIR_T_BOOL, 0, { OP_C(CONST, C_MAP), OP_C(HAS, C_TEXT), RET,
                            END } },
    { "", WEIR_T_BOOL, 0, { OP_C(CONST, C_SOME), OP_C(HAS, C_TEXT), RET,
                            END } },
    { "", WEIR_T_BOOL, 0,
      { ONE_, CALL(DYN_ANY), OP_C(HAS, C_TEXT), RET, END } },
    { "finds int where map must be", WEIR_T_BOOL, 0,
      { ONE_, OP_C(HAS, C_TEXT), RET, END } },
    { "the stack is empty", WEIR_T_BOOL, 0, { OP_C(HAS, C_TEXT), RET, END } },
    { "the name is int", WEIR_T_BOOL, 0,
      { OP_C(CONST, C_MAP), OP_C(HAS, C_ONE), RET, END } },
    { "constant 99", WEIR_T_BOOL, 0,
      { OP_C(CONST, C_MAP), OP_C(HAS, 99), RET, END } },

    /* fused */
    { "", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, C_TEXT), RET, END } },
    { "request.method is not for a constant int", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, C_ONE), RET, END } },
    { "source.ip is not for a constant string", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_EQ, WEIR_A_SOURCE_IP, C_TEXT), RET, END } },
    { "constant 99", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_EQ, WEIR_A_SOURCE_IP, 99), RET, END } },
    { "unknown attribute", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_EQ, 999, C_TEXT), RET, END } },
    { "", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_SOURCE_IP, C_CIDRS), RET, END } },
    { "", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_REQUEST_METHOD, C_TEXTS),
        OP_BC(ATTR_IN, WEIR_A_REQUEST_HOST, C_TEXTS), OP(AND), RET, END } },
    { "for a constant int", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_REQUEST_METHOD, C_ONE), RET, END } },
    { "for a constant list", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_REQUEST_METHOD, C_INTS), RET, END } },
    { "for a constant list", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_REQUEST_METHOD, C_UNSORTED), RET, END } },
    { "for a constant list", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_SOURCE_IP, C_TEXTS), RET, END } },
    { "for a constant weir.CIDRList", WEIR_T_BOOL, 0,
      { OP_BC(ATTR_IN, WEIR_A_REQUEST_METHOD, C_CIDRS), RET, END } },
    { "", WEIR_T_DYN, 0,
      { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_TEXT), RET, END } },
    { "finds dyn where string must be", WEIR_T_STRING, 0,
      { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_TEXT), RET, END } },
    { "for a constant int", WEIR_T_DYN, 0,
      { OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_ONE), RET, END } },
    { "for a constant string", WEIR_T_DYN, 0,
      { OP_BC(ATTR_GET, WEIR_A_REQUEST_METHOD, C_TEXT), RET, END } }
};


/* so that far targets are there, in a program that is refused before them */
#define PAD         RET, RET, RET, RET, RET, RET, RET, RET
#define LOOP_0      OP_ABC(LOOP, 1, 0, 8)

static const case_t  loops[] = {
    /* 0 range; 1 LOOP; 2-3 start; 4 ITER; 5.. body; NEXT; out */
    { "", WEIR_T_BOOL, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 9), TRUE_, OP_B(STORE, 4), OP_BC(ITER, 0, 8),
        TRUE_, OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },
    { "local 3 of 3", WEIR_T_BOOL, 3,
      { INTS_, LOOP_0, PAD, END } },
    { "goes over bool", WEIR_T_BOOL, 4,
      { TRUE_, LOOP_0, PAD, END } },
    { "the stack is empty", WEIR_T_BOOL, 4, { LOOP_0, PAD, END } },
    { "jumps to 99", WEIR_T_BOOL, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 99), PAD, END } },

    /* over a map, over anything, over an error for certain */
    { "", WEIR_T_DYN, 4,
      { OP_C(CONST, C_MAP), OP_ABC(LOOP, 1, 0, 8), OP_BC(ITER, 0, 7),
        OP_B(LOAD, 2), OP_C(JERR, 8), OP(POP), OP_BC(NEXT, 0, 2), ONE_, RET,
        END } },
    { "", WEIR_T_BOOL, 5,
      { ONE_, CALL(DYN_ANY), OP_ABC(LOOP, 1, 0, 10), TRUE_, OP_B(STORE, 4),
        OP_BC(ITER, 0, 9), TRUE_, OP_B(STORE, 4), OP_BC(NEXT, 0, 5),
        OP_B(LOAD, 4), RET, END } },

    /* kinds of element and index */
    { "", WEIR_T_BOOL, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 10), TRUE_, OP_B(STORE, 4),
        OP_BC(ITER, 0, 9), OP_B(LOAD, 3), CALL(NEG_INT), OP(POP),
        OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },
    { "finds dyn where int must be", WEIR_T_BOOL, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 10), TRUE_, OP_B(STORE, 4),
        OP_ABC(ITER, 1, 0, 9), OP_B(LOAD, 3), CALL(NEG_INT), OP(POP),
        OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, PAD, END } },
    { "", WEIR_T_BOOL, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 10), TRUE_, OP_B(STORE, 4),
        OP_ABC(ITER, 1, 0, 9), OP_B(LOAD, 2), CALL(NEG_INT), OP(POP),
        OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },
    { "finds dyn where int must be", WEIR_T_BOOL, 5,
      { OP_C(CONST, C_MAP), OP_ABC(LOOP, 1, 0, 10), TRUE_, OP_B(STORE, 4),
        OP_BC(ITER, 0, 9), OP_B(LOAD, 3), CALL(NEG_INT), OP(POP),
        OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, PAD, END } },

    /* its locals are its own, and gone behind it */
    { "local 0 belongs to a loop", WEIR_T_BOOL, 5,
      { INTS_, LOOP_0, TRUE_, OP_B(STORE, 0), PAD, END } },
    { "local 3 belongs to a loop", WEIR_T_BOOL, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 7), OP_BC(ITER, 0, 6), TRUE_,
        OP_B(STORE, 3), OP_BC(NEXT, 0, 2), ONE_, RET, PAD, END } },
    { "local 2 is not set", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 5), OP_BC(ITER, 0, 4), OP_BC(NEXT, 0, 2),
        OP_B(LOAD, 2), RET, PAD, END } },
    { "local 0 is not set", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 6), OP_BC(ITER, 0, 5), OP_B(LOAD, 0),
        OP_BC(NEXT, 0, 2), ONE_, RET, PAD, END } },
    { "belongs to a loop", WEIR_T_DYN, 8,
      { INTS_, OP_ABC(LOOP, 1, 0, 8), OP_BC(ITER, 0, 7), INTS_,
        OP_ABC(LOOP, 1, 3, 8), PAD, END } },

    /* its shape */
    { "is not the ITER", WEIR_T_DYN, 4, { OP_BC(ITER, 0, 1), RET, PAD, END } },
    { "is not the ITER", WEIR_T_DYN, 8,
      { INTS_, LOOP_0, OP_BC(ITER, 1, 5), PAD, END } },
    { "is not the ITER", WEIR_T_DYN, 8,
      { INTS_, LOOP_0, OP_BC(ITER, 0, 5), OP_BC(ITER, 0, 5), PAD, END } },
    { "is not the NEXT", WEIR_T_DYN, 4, { OP_BC(NEXT, 0, 1), RET, PAD, END } },
    { "is not the NEXT", WEIR_T_DYN, 4, { INTS_, LOOP_0, OP_BC(NEXT, 0, 2), PAD,
                                          END } },
    { "is not the NEXT", WEIR_T_DYN, 5,
      { INTS_, LOOP_0, OP_BC(ITER, 0, 4), OP_BC(NEXT, 1, 2), RET, PAD, END } },
    { "is not the NEXT", WEIR_T_DYN, 4,
      { INTS_, LOOP_0, OP_BC(ITER, 0, 4), OP_BC(NEXT, 0, 1), RET, PAD, END } },
    { "is not the NEXT", WEIR_T_DYN, 4,
      { INTS_, LOOP_0, OP_BC(ITER, 0, 5), OP_BC(NEXT, 0, 2), PAD, END } },
    { "jumps between LOOP and ITER", WEIR_T_DYN, 4,
      { INTS_, LOOP_0, TRUE_, OP_C(JTRUE, 5), PAD, END } },
    { "jumps between LOOP and ITER", WEIR_T_DYN, 8,
      { INTS_, LOOP_0, INTS_, OP_ABC(LOOP, 1, 4, 8), PAD, END } },
    { "two ways to instruction 4 cross a loop", WEIR_T_DYN, 4,
      { TRUE_, OP_C(JFALSE, 4), INTS_, OP_ABC(LOOP, 1, 0, 9), TRUE_, OP(POP),
        OP_BC(ITER, 0, 8), OP_BC(NEXT, 0, 6), PAD, END } },
    { "a jump leads into a loop", WEIR_T_DYN, 4,
      { TRUE_, OP_C(JFALSE, 6), INTS_, OP_ABC(LOOP, 1, 0, 9),
        OP_BC(ITER, 0, 8), OP_C(JMP, 7), ONE_, PAD, END } },
    { "two ways to instruction 4 cross a loop", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 4), OP_BC(ITER, 0, 5), ONE_, RET, PAD,
        END } },
    { "instruction 4, RET: a jump leads into a loop", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 4), ONE_, RET, PAD, END } },
    { "two ways to instruction 5 cross a loop", WEIR_T_DYN, 4,
      { INTS_, OP_C(JERR, 5), OP_ABC(LOOP, 1, 0, 8), OP_BC(ITER, 0, 7), ONE_,
        OP(POP), OP_BC(NEXT, 0, 3), ONE_, RET, PAD, END } },

    /* what a round must find again */
    { "1 values on the stack, 0 at ITER", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 6), OP_BC(ITER, 0, 5), TRUE_,
        OP_BC(NEXT, 0, 2), ONE_, RET, PAD, END } },
    { "value 0 on the stack is another", WEIR_T_DYN, 4,
      { ONE_, INTS_, OP_ABC(LOOP, 1, 0, 8), OP_BC(ITER, 0, 7), OP(POP),
        TRUE_, OP_BC(NEXT, 0, 3), ONE_, OP_C(LIST, 2), PAD, END } },
    { "local 4 is int, at ITER bool", WEIR_T_DYN, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 9), TRUE_, OP_B(STORE, 4),
        OP_BC(ITER, 0, 8), ONE_, OP_B(STORE, 4), OP_BC(NEXT, 0, 4),
        OP_B(LOAD, 4), RET, PAD, END } },
    { "", WEIR_T_DYN, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 10), TRUE_, CALL(DYN_ANY), OP_B(STORE, 4),
        OP_BC(ITER, 0, 9), ONE_, OP_B(STORE, 4), OP_BC(NEXT, 0, 5),
        OP_B(LOAD, 4), RET, END } },
    /* what was unset before may be set in the body */
    { "", WEIR_T_DYN, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 7), OP_BC(ITER, 0, 6), ONE_, OP_B(STORE, 4),
        OP_BC(NEXT, 0, 2), ONE_, RET, END } },
    { "local 4 is not set", WEIR_T_DYN, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 7), OP_BC(ITER, 0, 6), ONE_, OP_B(STORE, 4),
        OP_BC(NEXT, 0, 2), OP_B(LOAD, 4), RET, PAD, END } },

    /* building */
    { "", WEIR_T_LIST, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 11), OP_AB(BUILD, WEIR_T_LIST, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 10), OP_B(LOAD, 4), OP_B(LOAD, 2),
        OP(APPEND), OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET,
        END } },
    { "", WEIR_T_MAP, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 12), OP_AB(BUILD, WEIR_T_MAP, 0),
        OP_B(STORE, 4), OP_BC(ITER, 0, 11), OP_B(LOAD, 4), OP_B(LOAD, 2),
        ONE_, OP(INSERT), OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4),
        RET, END } },
    { "builds a list or a map, not int", WEIR_T_DYN, 5,
      { INTS_, LOOP_0, OP_AB(BUILD, WEIR_T_INT, 0), PAD, END } },
    { "no loop at local 1 around it", WEIR_T_DYN, 5,
      { INTS_, LOOP_0, OP_AB(BUILD, WEIR_T_LIST, 1), PAD, END } },
    { "no loop at local 0 around it", WEIR_T_DYN, 5,
      { OP_AB(BUILD, WEIR_T_LIST, 0), PAD, END } },
    { "finds int where list must be", WEIR_T_DYN, 5,
      { ONE_, ONE_, OP(APPEND), RET, PAD, END } },
    { "the stack is empty", WEIR_T_DYN, 5, { ONE_, OP(APPEND), PAD, END } },
    { "the stack is empty", WEIR_T_DYN, 5, { OP(APPEND), RET, PAD, END } },
    { "takes 2 values of 1", WEIR_T_DYN, 5, { ONE_, OP(INSERT), PAD, END } },
    { "finds int where map must be", WEIR_T_DYN, 5,
      { ONE_, ONE_, ONE_, OP(INSERT), RET, PAD, END } },

    /* errors for certain, where paths join and where a round begins again */
    { "", WEIR_T_BOOL, 4,
      { TRUE_, OP_C(JTRUE, 8), OP(POP), INTS_, OP_ABC(LOOP, 1, 0, 8),
        OP_BC(ITER, 0, 7), OP_BC(NEXT, 0, 5), TRUE_, RET, END } },
    { "", WEIR_T_DYN, 5,
      { INTS_, OP_ABC(LOOP, 1, 0, 11), TRUE_, OP_B(STORE, 4),
        OP_BC(ITER, 0, 10), OP_B(LOAD, 2), OP_C(JERR, 8), OP_C(JMP, 11),
        OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET, END } },

    /* over what can only be an error */
    { "", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 6), OP_BC(ITER, 0, 4), OP_BC(NEXT, 0, 2),
        ONE_, RET, OP_ABC(LOOP, 1, 0, 10), OP_BC(ITER, 0, 9),
        OP_BC(NEXT, 0, 7), ONE_, RET, END } },

    /* one loop or the other, out of both to one place */
    { "", WEIR_T_DYN, 4,
      { TRUE_, OP_C(JFALSE, 11), INTS_, OP_ABC(LOOP, 5, 0, 19),
        OP_BC(ITER, 0, 9), OP_B(LOAD, 2), OP_C(JERR, 19), OP(POP),
        OP_BC(NEXT, 0, 4), ONE_, RET, INTS_, OP_ABC(LOOP, 1, 0, 19),
        OP_BC(ITER, 0, 18), OP_B(LOAD, 2), OP_C(JERR, 19), OP(POP),
        OP_BC(NEXT, 0, 13), ONE_, RET, END } },

    /* one loop after another, out of both to one place */
    { "", WEIR_T_DYN, 4,
      { INTS_, OP_ABC(LOOP, 1, 0, 15), OP_BC(ITER, 0, 7), OP_B(LOAD, 2),
        OP_C(JERR, 15), OP(POP), OP_BC(NEXT, 0, 2), INTS_,
        OP_ABC(LOOP, 1, 0, 15), OP_BC(ITER, 0, 14), OP_B(LOAD, 2),
        OP_C(JERR, 15), OP(POP), OP_BC(NEXT, 0, 9), ONE_, RET, END } },

    /* a loop in a loop; out of both at once */
    { "", WEIR_T_DYN, 8,
      { INTS_, OP_ABC(LOOP, 1, 0, 13), OP_BC(ITER, 0, 12), OP_B(LOAD, 2),
        OP_ABC(LOOP, 0, 4, 13), OP_BC(ITER, 4, 11), OP_B(LOAD, 6),
        OP_A(AS, WEIR_T_INT), OP_C(JERR, 13), OP(POP), OP_BC(NEXT, 4, 5),
        OP_BC(NEXT, 0, 2), ONE_, RET, END } },
    { "", WEIR_T_DYN, 8,
      { INTS_, OP_ABC(LOOP, 1, 0, 13), OP_BC(ITER, 0, 12), OP_B(LOAD, 2),
        OP_ABC(LOOP, 1, 4, 13), OP_BC(ITER, 4, 11), OP_B(LOAD, 6),
        OP_A(AS, WEIR_T_INT), OP_C(JERR, 13), OP(POP), OP_BC(NEXT, 4, 5),
        OP_BC(NEXT, 0, 2), ONE_, RET, END } }
};


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


static void
check(kit_t *k, const char *text, const char *what)
{
    weir_rc_t   rc;
    weir_str_t  image;

    image = kit_write(k);
    memset(&why, 0, sizeof(why));
    rc = weir_image_verify((const uint8_t *) image.data, image.len, NULL,
                           &why);

    if (rc == WEIR_OK) {
        assert_true(kit_run_all((const uint8_t *) image.data));
    }

    if ((rc == WEIR_OK) != (text[0] == '\0')
        || strstr(why.text, text) == NULL
        || (rc != WEIR_OK && why.reason != WEIR_REJECT_PROGRAM))
    {
        print_error("%s: got %s: %s\nnot ...%s...\n", what,
                    weir_reject_name(why.reason), why.text, text);
        failed++;
    }

    kit_close(k);
}


static void
run_cases(const case_t *c, size_t n, const char *name)
{
    char    what[40];
    size_t  i;
    kit_t   k;

    for (i = 0; i < n; i++) {
        open_kit(&k);
        kit_prog(&k, c[i].kind, c[i].locals, WEIR_NONE, c[i].code,
                 length_of(c[i].code));

        snprintf(what, sizeof(what), "%s[%zu]", name, i);
        check(&k, c[i].text, what);
    }
}


static void
instructions_are_checked(void **state)
{
    (void) state;
    failed = 0;
    run_cases(cases, N_OF(cases), "cases");
    assert_int_equal(failed, 0);
}


static void
loops_are_checked(void **state)
{
    (void) state;
    failed = 0;
    run_cases(loops, N_OF(loops), "loops");
    assert_int_equal(failed, 0);
}


static const weir_insn_t  just_true[] = { TRUE_, RET };


static void
code_belongs_to_programs_in_turn(void **state)
{
    kit_t             k;
    weir_img_prog_t   p;
    weir_img_prog_t  *last;

    (void) state;

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    check(&k, "", "two");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    last = weir_build_at(k.b, WEIR_S_PROGS, 1);
    last->code.first = 0;
    check(&k, "progs[1] has 2 instructions from 0, not", "shared");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    memset(&p, 0, sizeof(p));
    p.code.first = 2;
    p.memo = WEIR_NONE;
    p.text = WEIR_NONE;
    weir_build_records(k.b, WEIR_S_PROGS, &p, 1);
    check(&k, "progs[1] has 0 instructions", "empty");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    weir_build_records(k.b, WEIR_S_CODE, just_true, 2);
    check(&k, "2 instructions that no program has", "left over");
}


static void
fill(weir_insn_t *code, uint32_t n)
{
    uint32_t  i;

    memset(code, 0, n * sizeof(weir_insn_t));
    code[0].op = WEIR_OP_CONST;
    code[n - 1].op = WEIR_OP_RET;

    for (i = 1; i + 1 < n; i++) {
        code[i].op = WEIR_OP_JTRUE;
        code[i].c = i + 1;
    }
}


static void
programs_have_a_length(void **state)
{
    kit_t         k;
    weir_insn_t  *code;

    (void) state;

    open_kit(&k);
    code = weir_arena_array(k.arena, WEIR_MAX_PROG_LEN, sizeof(*code));
    fill(code, WEIR_MAX_PROG_LEN);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, code, WEIR_MAX_PROG_LEN);
    check(&k, "", "longest");

    open_kit(&k);
    code = weir_arena_array(k.arena, WEIR_MAX_PROG_LEN + 1, sizeof(*code));
    fill(code, WEIR_MAX_PROG_LEN + 1);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, code, WEIR_MAX_PROG_LEN + 1);
    check(&k, "progs[0] has 16385 instructions", "longer");
}


static void
memos_are_of_lower_programs(void **state)
{
    kit_t              k;
    weir_img_prog_t   *p;

    static const weir_insn_t  named[] = { OP_C(MEMO, 0), RET };
    static const weir_insn_t  other[] = { OP_C(MEMO, 1), RET };

    (void) state;

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, 0, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, 63, named, 2);
    check(&k, "", "memo");

    open_kit(&k);
    kit_prog(&k, WEIR_T_DYN, 0, 0, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, 63, named, 2);
    check(&k, "finds dyn where bool must be", "kind");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, 0, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, 1, other, 2);
    check(&k, "program 1, not one before this", "itself");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, 0, named, 2);
    check(&k, "program 0 has no memo", "without slot");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, 5, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, 5, just_true, 2);
    check(&k, "progs[1] has memo 5, taken", "slot twice");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, 64, just_true, 2);
    check(&k, "progs[0] has memo 64", "no such slot");

    open_kit(&k);
    kit_prog(&k, WEIR_T_BOOL, 0, 0, just_true, 2);
    kit_prog(&k, WEIR_T_BOOL, 0, WEIR_NONE, named, 2);
    p = weir_build_at(k.b, WEIR_S_PROGS, 1);
    p->phase = WEIR_PHASE_CONNECT;
    check(&k, "program 0 does not run in phase connect", "phase");
}


static void
phases_bind_attributes(void **state)
{
    kit_t             k;
    weir_img_prog_t  *p;

    static const weir_insn_t  attr[] = {
        OP_B(ATTR, WEIR_A_REQUEST_METHOD), RET
    };
    static const weir_insn_t  param[] = { OP_C(PARAM, 0), RET };

    (void) state;

    open_kit(&k);
    kit_prog(&k, WEIR_T_STRING, 0, WEIR_NONE, attr, 2);
    p = weir_build_at(k.b, WEIR_S_PROGS, 0);
    p->phase = WEIR_PHASE_CONNECT;
    check(&k, "request.method does not exist in phase connect", "attr");

    open_kit(&k);
    kit_prog(&k, WEIR_T_STRING, 0, WEIR_NONE, param, 2);
    p = weir_build_at(k.b, WEIR_S_PROGS, 0);
    p->phase = WEIR_PHASE_CONNECT;
    check(&k, "no path parameters in phase connect", "param");
}


/* n programs, each naming the one before it. */
static void
tower(kit_t *k, uint32_t n)
{
    uint32_t     i;
    weir_insn_t  code[] = { OP_C(MEMO, 0), RET };

    kit_prog(k, WEIR_T_BOOL, 0, 0, just_true, 2);

    for (i = 1; i < n; i++) {
        code[0].c = i - 1;
        kit_prog(k, WEIR_T_BOOL, 0, i, code, 2);
    }
}


static void
programs_nest_so_deep(void **state)
{
    kit_t  k;

    (void) state;

    open_kit(&k);
    tower(&k, WEIR_MAX_CALL_DEPTH + 1);
    check(&k, "", "deepest");

    open_kit(&k);
    tower(&k, WEIR_MAX_CALL_DEPTH + 2);
    check(&k, "17 programs inside programs", "deeper");
}


/* Pushes n values and makes a list of them. */
static uint32_t
wide(kit_t *k, uint32_t n, uint32_t memo, bool inner)
{
    uint32_t      i;
    weir_insn_t  *code;

    code = weir_arena_array(k->arena, n + 2, sizeof(weir_insn_t));

    for (i = 0; i < n; i++) {
        code[i].op = inner && i == n - 1 ? WEIR_OP_MEMO : WEIR_OP_CONST;
    }

    code[n].op = WEIR_OP_LIST;
    code[n].c = n;
    code[n + 1].op = WEIR_OP_RET;

    return kit_prog(k, WEIR_T_LIST, 0, memo, code, n + 2);
}


static void
the_stack_has_a_height(void **state)
{
    kit_t  k;

    (void) state;

    open_kit(&k);
    wide(&k, WEIR_MAX_STACK, WEIR_NONE, false);
    check(&k, "", "highest");

    open_kit(&k);
    wide(&k, WEIR_MAX_STACK + 1, WEIR_NONE, false);
    check(&k, "more than 256 values on the stack", "higher");

    open_kit(&k);
    wide(&k, 128, 0, false);
    wide(&k, 129, WEIR_NONE, true);
    check(&k, "", "with a memo");

    open_kit(&k);
    wide(&k, 128, 0, false);
    wide(&k, 130, WEIR_NONE, true);
    check(&k, "1 programs inside programs, 257 values of stack",
          "higher with a memo");
}


/* Steps of a loop of 1024 rounds over one piece of work. */
#define WORK        (82 * 1024)

/* n pieces of 82 steps. */
static uint32_t
put_work(weir_insn_t *code, uint32_t n)
{
    uint32_t  i;

    static const weir_insn_t  work[] = {
        TEXT_, CALL(DURATION_STRING), CALL(STRING_DURATION), OP(POP)
    };

    for (i = 0; i < n; i++) {
        memcpy(code + 4 * i, work, sizeof(work));
    }

    return 4 * n;
}


/* A program with a loop of 1024 rounds over n pieces of work. */
static void
one_loop(kit_t *k, uint32_t n, uint32_t memo)
{
    uint32_t      i;
    weir_insn_t  *code;

    code = weir_arena_array(k->arena, 4 * n + 6, sizeof(weir_insn_t));
    code[0] = (weir_insn_t) INTS_;
    i = 3 + put_work(code + 3, n);
    code[i] = (weir_insn_t) OP_BC(NEXT, 0, 2);
    i++;
    code[2] = (weir_insn_t) OP_BC(ITER, 0, i);
    code[i++] = (weir_insn_t) TRUE_;
    code[1] = (weir_insn_t) OP_ABC(LOOP, 10, 0, i);
    code[i++] = (weir_insn_t) RET;

    kit_prog(k, WEIR_T_BOOL, 4, memo, code, i);
}


/* A program that names the first n ones, each often. */
static void
name_all(kit_t *k, uint32_t n)
{
    uint32_t      i, m;
    weir_insn_t  *code;

    code = weir_arena_array(k->arena, 20 * n + 2, sizeof(weir_insn_t));
    m = 0;

    for (i = 0; i < 10 * n; i++) {
        code[m++] = (weir_insn_t) OP_C(MEMO, i % n);
        code[m++] = (weir_insn_t) OP(POP);
    }

    code[m++] = (weir_insn_t) TRUE_;
    code[m++] = (weir_insn_t) RET;
    kit_prog(k, WEIR_T_BOOL, 0, WEIR_NONE, code, m);
}


static void
programs_have_a_cost(void **state)
{
    kit_t     k;
    uint32_t  i, n;

    (void) state;

    /* a round has ITER and NEXT beside */
    open_kit(&k);
    one_loop(&k, (WEIR_MAX_COST - 4) / (WORK + 2048), WEIR_NONE);
    check(&k, "", "one loop");

    open_kit(&k);
    one_loop(&k, WEIR_MAX_COST / WORK + 1, WEIR_NONE);
    check(&k, "progs[0] costs", "a dear loop");

    /* what MEMO names counts once, however often it is named */
    for (n = 3; n < 6; n += 2) {
        open_kit(&k);

        for (i = 0; i < n; i++) {
            one_loop(&k, WEIR_MAX_COST / 4 / WORK, i);
        }

        name_all(&k, n);
        check(&k, n == 3 ? "" : "progs[5] costs", "named");
    }
}


/*
 * A loop of nearly all the steps there may be, whose end is the program's;
 * out of its body a way leads to a second loop of 1 << rounds.
 */
static void
two_loops(kit_t *k, uint8_t rounds)
{
    uint32_t      n, iter, next;
    weir_insn_t  *code;

    const uint32_t  first = WEIR_MAX_COST / WORK * 9 / 10;
    const uint32_t  second = WEIR_MAX_COST / WORK / 5;

    code = weir_arena_array(k->arena, 4 * (first + second) + 20,
                            sizeof(weir_insn_t));

    code[0] = (weir_insn_t) INTS_;
    code[1] = (weir_insn_t) OP_ABC(LOOP, 10, 0, 0);
    code[2] = (weir_insn_t) OP_B(ITER, 0);
    code[3] = (weir_insn_t) TRUE_;
    code[4] = (weir_insn_t) OP_C(JTRUE, 0);
    code[5] = (weir_insn_t) OP(POP);
    n = 6 + put_work(code + 6, first);
    code[n++] = (weir_insn_t) OP_BC(NEXT, 0, 2);
    code[2].c = n;
    code[n++] = (weir_insn_t) TRUE_;
    code[n++] = (weir_insn_t) RET;

    code[1].c = code[4].c = n;
    code[n++] = (weir_insn_t) OP(POP);
    code[n++] = (weir_insn_t) INTS_;
    code[n] = (weir_insn_t) OP_ABC(LOOP, 0, 0, 0);
    code[n++].a = rounds;
    iter = n++;
    n += put_work(code + n, second);
    next = n++;
    code[iter] = (weir_insn_t) OP_BC(ITER, 0, n);
    code[next] = (weir_insn_t) OP_BC(NEXT, 0, iter);
    code[n++] = (weir_insn_t) TRUE_;
    code[iter - 1].c = n;
    code[n++] = (weir_insn_t) RET;

    kit_prog(k, WEIR_T_BOOL, 4, WEIR_NONE, code, n);
}


static void
a_way_out_of_a_loop_costs_as_much(void **state)
{
    kit_t  k;

    (void) state;

    open_kit(&k);
    two_loops(&k, 0);
    check(&k, "", "a short second loop");

    open_kit(&k);
    two_loops(&k, 10);
    check(&k, "progs[0] costs", "a long second loop");
}


static int
none_failed(void **state)
{
    (void) state;

    return failed != 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(instructions_are_checked),
        cmocka_unit_test(loops_are_checked),
        cmocka_unit_test(code_belongs_to_programs_in_turn),
        cmocka_unit_test(programs_have_a_length),
        cmocka_unit_test(memos_are_of_lower_programs),
        cmocka_unit_test(phases_bind_attributes),
        cmocka_unit_test(programs_nest_so_deep),
        cmocka_unit_test(the_stack_has_a_height),
        cmocka_unit_test(programs_have_a_cost),
        cmocka_unit_test(a_way_out_of_a_loop_costs_as_much)
    };

    return cmocka_run_group_tests(tests, NULL, none_failed);
}
