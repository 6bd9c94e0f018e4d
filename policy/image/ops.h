/*
 * ops.h: the instruction set, one row an instruction.
 *
 * A program is a row of fixed instructions of 8 bytes.  It ends in RET, which
 * pops the result.  A value on the stack is of its static kind or an error;
 * errors travel as values (kind ERR), so that || and && can absorb them.
 * Kinds out of containers are DYN until AS or CALLD looks.
 *
 * Jumps go forward only.  The one backward step is NEXT, to the ITER of its
 * own loop, and ITER ends after the smaller of the range's length and
 * WEIR_MAX_LIST rounds (a longer range is the error too_large).
 *
 * Columns: name, operands, pops, pushes, cost.  N = "as the operand says".
 *   operands:  NONE   -
 *              CONST  c = index into consts
 *              ATTR   b = weir_attr_t
 *              PROG   c = index of a program before this one
 *              PARAM  c = index into strs: the name of a path parameter
 *              LOCAL  b = local slot
 *              FN     b = weir_fn_t
 *              NAME   b = weir_fn_name_t, a = number of arguments
 *              KIND   a = weir_kind_t
 *              JUMP   c = target, an instruction of the same program
 *              LOOP   b = first local slot of the loop, c = target
 *              COUNT  c = number of elements
 *              FUSED  b = weir_attr_t, c = index into consts
 */

#ifndef WEIR_IMAGE_OPS_H
#define WEIR_IMAGE_OPS_H

#include <stdint.h>

#define WEIR_OPS(OP)                                                          \
    OP(RET,      NONE,  1, 0, 0)                                              \
    OP(CONST,    CONST, 0, 1, 1)                                              \
    /* fetched on first use, kept for the request */                          \
    OP(ATTR,     ATTR,  0, 1, 1)                                              \
    OP(PARAM,    PARAM, 0, 1, 1)                                              \
    /* the result of another program, evaluated at most once a request */     \
    OP(MEMO,     PROG,  0, 1, 1)                                              \
    OP(LOAD,     LOCAL, 0, 1, 1)                                              \
    OP(STORE,    LOCAL, 1, 0, 1)                                              \
    OP(POP,      NONE,  1, 0, 0)                                              \
    /* any argument that is an error is the result */                         \
    OP(CALL,     FN,    N, 1, N)                                              \
    /* the overload of a name that the kinds of the arguments choose */       \
    OP(CALLD,    NAME,  N, 1, N)                                              \
    /* error no_such_overload unless the top is of that kind */               \
    OP(AS,       KIND,  1, 1, 1)                                              \
    OP(JMP,      JUMP,  0, 0, 0)                                              \
    /* pops a bool; true: goes on, false: jumps; an error must not be here */ \
    OP(JFALSE,   JUMP,  1, 0, 1)                                              \
    /* these look at the top and leave it */                                  \
    OP(JERR,     JUMP,  1, 1, 0)    /* jumps on an error */                   \
    OP(JTRUE,    JUMP,  1, 1, 0)    /* jumps on true, not on an error */      \
    OP(JNOT,     JUMP,  1, 1, 0)    /* jumps on false, not on an error */     \
    /* two bools or errors: what either side decides, else the error */       \
    OP(OR,       NONE,  2, 1, 1)                                              \
    OP(AND,      NONE,  2, 1, 1)                                              \
    OP(LIST,     COUNT, N, 1, 1)    /* pops c elements */                     \
    OP(MAP,      COUNT, N, 1, 1)    /* pops c keys and values in turn */      \
    /* m.k without an error: for has() */                                     \
    OP(HAS,      CONST, 1, 1, 1)                                              \
    /* pops a list or map into locals b (range) and b+1 (round) */            \
    OP(LOOP,     LOCAL, 1, 0, 1)                                              \
    /* b+2 = element or key, b+3 = index, key's value; jumps at the end */    \
    OP(ITER,     LOOP,  0, 0, 1)                                              \
    OP(NEXT,     LOOP,  0, 0, 0)                                              \
    /* an empty list or map with room for the loop's range */                 \
    OP(BUILD,    LOCAL, 0, 1, 1)                                              \
    OP(APPEND,   NONE,  2, 1, 1)    /* list element */                        \
    OP(INSERT,   NONE,  3, 1, 1)    /* map key value */                       \
    /* fused: attribute == string constant; attribute in list of cidrs; */    \
    /* attribute in constant list of strings */                               \
    OP(ATTR_EQ,  FUSED, 0, 1, 1)                                              \
    OP(ATTR_IN,  FUSED, 0, 1, 1)                                              \
    /* attribute[constant string] */                                          \
    OP(ATTR_GET, FUSED, 0, 1, 1)

typedef enum {
#define OP(name, operand, pops, pushes, cost)  WEIR_OP_##name,
    WEIR_OPS(OP)
#undef OP
    WEIR_OP_COUNT
} weir_op_t;

typedef struct {
    uint8_t   op;
    uint8_t   a;
    uint16_t  b;
    uint32_t  c;
} weir_insn_t;

const char *weir_op_name(unsigned op);

#endif
