/*
 * ops.h: the instruction set, one row an instruction.
 *
 * A program is a row of fixed instructions of 8 bytes; every path through it
 * ends in RET, which pops the result, and nothing else is on the stack then.
 * No instruction is out of reach.  Fields that an operand does not name are
 * zero.  A value on the stack is of its static kind or an error; errors
 * travel as values (kind ERR), so that || and && can absorb them.  Kinds out
 * of containers are DYN until AS or CALLD looks; DYN never stands where a
 * kind is asked for.  Where paths of different kinds join, the kind is DYN.
 * At the target of JERR, and of LOOP, the top is surely an error: its kind
 * there is ERR, which stands for every kind that is asked for and gives way
 * where paths join.
 *
 * Jumps go forward only.  The one backward step is NEXT, to the ITER of its
 * own loop.  A loop has this shape:
 *
 *     LOOP b, bad;  start;  ITER b, out;  body;  NEXT b, to its ITER;  out:
 *
 * start is straight code (no jump leads to it or to ITER); out is what
 * follows NEXT; jumps may leave the body forward, none lead into it.  Locals
 * b to b+3 are the loop's: nothing else stores to them, and they are unset
 * again behind it.  A local or a place on the stack that is set before ITER
 * has the same kind at NEXT.
 *
 * Cost: an instruction costs what its row says, and none within a program is
 * free, so that cost bounds how many run; CALL costs what its function says,
 * CALLD the most of the overloads that take as many arguments, LEN being 10.
 * A program costs what its dearest path costs, where ITER, body and NEXT
 * count as often as LOOP allows (1 << a rounds); and, once each, what the
 * programs cost that its MEMOs name.  cost.h has that arithmetic.
 *
 * Stack: a program needs its locals, the most values on its own stack, and
 * the most that a program needs that its MEMOs name.
 *
 * Columns: name, operands, pops, pushes, cost.  N = "as the operand says".
 *   operands:  NONE   -
 *              CONST  c = index into consts
 *              ATTR   b = weir_attr_t
 *              PROG   c = index of a program before this one, with a memo slot
 *              PARAM  c = index into strs: the name of a path parameter
 *              LOCAL  b = local slot
 *              FN     b = weir_fn_t
 *              NAME   b = weir_fn_name_t, a = number of arguments
 *              KIND   a = weir_kind_t
 *              JUMP   c = target, counted from the program's first
 *              LOOP   b = first local slot of the loop, c = target,
 *                     a = binary logarithm of the most rounds, up to 10
 *              ITER   b, c as LOOP's, a = 1: index before element, see there
 *              NEXT   b, c as LOOP's
 *              BUILD  b = first local slot of a loop, a = LIST or MAP
 *              COUNT  c = number of elements; a = 1: each element, or each
 *                     value of a map, is an OPTIONAL, and those without a
 *                     value are left out
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
    /* error no_such_key where the route has no such parameter */             \
    OP(PARAM,    PARAM, 0, 1, 1)                                              \
    /* the result of another program, evaluated at most once a request */     \
    OP(MEMO,     PROG,  0, 1, 1)                                              \
    OP(LOAD,     LOCAL, 0, 1, 1)                                              \
    OP(STORE,    LOCAL, 1, 0, 1)                                              \
    OP(POP,      NONE,  1, 0, 1)                                              \
    /* any argument that is an error is the result */                         \
    OP(CALL,     FN,    N, 1, N)                                              \
    /* the overload of a name that the kinds of the arguments choose */       \
    OP(CALLD,    NAME,  N, 1, N)                                              \
    /* error no_such_overload unless the top is of that kind */               \
    OP(AS,       KIND,  1, 1, 1)                                              \
    OP(JMP,      JUMP,  0, 0, 1)                                              \
    /* pops a bool; true: goes on; false, or an error: jumps */               \
    OP(JFALSE,   JUMP,  1, 0, 1)                                              \
    /* these look at the top and leave it */                                  \
    OP(JERR,     JUMP,  1, 1, 1)    /* jumps on an error */                   \
    OP(JTRUE,    JUMP,  1, 1, 1)    /* jumps on true, not on an error */      \
    OP(JNOT,     JUMP,  1, 1, 1)    /* jumps on false, not on an error */     \
    /* two bools or errors: what either side decides, else the error */       \
    OP(OR,       NONE,  2, 1, 1)                                              \
    OP(AND,      NONE,  2, 1, 1)                                              \
    OP(LIST,     COUNT, N, 1, 1)    /* pops c elements */                     \
    OP(MAP,      COUNT, N, 1, 1)    /* pops c keys and values in turn */      \
    /* m.k without an error: for has(); the constant is a string, m a MAP */  \
    /* or an OPTIONAL (empty: false; of no map: no_such_overload) */          \
    OP(HAS,      CONST, 1, 1, 1)                                              \
    /* pops a list or map into locals b (range) and b+1 (round); what is */   \
    /* neither, longer than 1 << a, or an error: leaves an error in its */    \
    /* place and jumps */                                                     \
    OP(LOOP,     LOOP,  1, 0, 1)                                              \
    /* list: b+2 = element, b+3 = index, or with a = 1 the other way round; */\
    /* map: b+2 = key, b+3 = its value; jumps at the end */                   \
    OP(ITER,     ITER,  0, 0, 1)                                              \
    OP(NEXT,     NEXT,  0, 0, 1)                                              \
    /* an empty list or map with room for the range of a loop around it */    \
    OP(BUILD,    BUILD, 0, 1, 1)                                              \
    /* list element; map key value: onto what BUILD made (and only that can */\
    /* grow: else the error too_large); an error among them is the result */  \
    OP(APPEND,   NONE,  2, 1, 1)                                              \
    OP(INSERT,   NONE,  3, 1, 1)                                              \
    /* fused: attribute == string constant; attribute in list of cidrs; */    \
    /* attribute in constant list of strings, sorted by bytes, distinct */    \
    OP(ATTR_EQ,  FUSED, 0, 1, 1)                                              \
    OP(ATTR_IN,  FUSED, 0, 1, 1)                                              \
    /* map attribute[constant string]; DYN */                                 \
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
