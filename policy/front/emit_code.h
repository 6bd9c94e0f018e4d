/*
 * emit_code.h: what the parts of the emitter share.
 */

#ifndef WEIR_FRONT_EMIT_CODE_H
#define WEIR_FRONT_EMIT_CODE_H

#include "front/cel_ast.h"
#include "front/emit.h"
#include "front/names.h"
#include "image/cost.h"

/* What became of a weir_uniq_t in this image; by its id. */
typedef struct {
    uint32_t           prog;    /* plus one; 0: none yet */
    bool               known;   /* the rest was decided */
    bool               shared;  /* it is a program with a memo slot */
    uint8_t            depth;   /* programs inside programs in it */
} weir_shared_t;

/* A program of the image. */
typedef struct {
    uint32_t           need;    /* values of stack, see ops.h */
    uint64_t           cost;
} weir_emitted_t;

struct weir_emit_s {
    weir_arena_t                   *arena;
    weir_builder_t                 *b;
    weir_diags_t                   *diags;
    weir_vec_t(weir_shared_t)       shared;
    weir_vec_t(weir_emitted_t)      progs;
    weir_names_t                    regexes;    /* by their two texts */
    weir_vec_t(const weir_zone_t *) zones;      /* some perhaps twice */
    bool                            every_zone; /* they are among them */
    uint32_t                        nmemo;
    uint32_t                        stack;
    uint64_t                        kept;   /* scratch of what lasts */
    uint64_t                        work;   /* most scratch of one program */
    weir_origins_t                 *origins;    /* or NULL */
    bool                            nomem;
};

typedef struct {
    const weir_ex_t  *ex;
    uint32_t          slot;     /* first of its locals */
    uint32_t          held;     /* of a LOOP: before its rounds */
} weir_binder_t;

/* A program while it is emitted. */
typedef struct {
    weir_emit_t                 *m;
    const weir_expr_t           *expr;      /* whose text places are in */
    const weir_uniq_t           *root;
    const weir_ex_t             *at;        /* a var that is put in place */
    weir_vec_t(weir_insn_t)      code;
    weir_vec_t(weir_img_pos_t)   pos;
    weir_origins_t               origins;
    weir_vec_t(weir_binder_t)    binders;
    weir_vec_t(uint32_t)         called;    /* programs, each once */
    uint32_t                     depth;     /* of the stack */
    uint32_t                     most;      /* of depth, callees included */
    uint32_t                     locals;    /* in use */
    uint32_t                     held;      /* those below may be set yet */
    uint32_t                     nlocals;
    uint64_t                     rounds;    /* of the loops around */
    uint64_t                     cost;
    uint64_t                     scratch;   /* bytes that it may build */
    weir_rc_t                    rc;
} weir_code_t;

/* A place to jump to that is not there yet: the last jump to it, plus one. */
typedef uint32_t  weir_label_t;

/* emit_op.c: reports what the program needs too much of, once */
void weir_code_refuse(weir_code_t *p, const char *what, unsigned found,
    unsigned most);
void weir_code_nomem(weir_code_t *p);
/* Appends an instruction that belongs to ex; its index. */
uint32_t weir_code_put(weir_code_t *p, const weir_ex_t *ex, unsigned op,
    unsigned a, uint32_t b, uint32_t c);
/* The last instruction leaves the value of ex, or of nothing (NULL). */
void weir_code_leaves(weir_code_t *p, const weir_ex_t *ex);
/* Counts a value on the stack. */
void weir_code_push(weir_code_t *p);
/* Counts bytes that the evaluator will build here, in each round. */
void weir_code_builds(weir_code_t *p, uint64_t bytes);
/* The index of the next instruction. */
uint32_t weir_code_here(const weir_code_t *p);
void weir_code_jump(weir_code_t *p, const weir_ex_t *ex, unsigned op,
    weir_label_t *label);
void weir_code_place(weir_code_t *p, weir_label_t label);
/* The first of n locals that ex binds, until it is unbound. */
uint32_t weir_code_bind(weir_code_t *p, const weir_ex_t *ex, uint32_t n);
void weir_code_unbind(weir_code_t *p, uint32_t n);
/* Makes sure that the top, of a kind, is of the kind wanted. */
void weir_code_as(weir_code_t *p, const weir_ex_t *ex, unsigned kind,
    unsigned want);
void weir_code_const(weir_code_t *p, const weir_ex_t *ex,
    const weir_cval_t *v);
/* A BOOL or an INT. */
void weir_code_small(weir_code_t *p, const weir_ex_t *ex, weir_kind_t kind,
    int64_t i);

/* emit_const.c: the index of a constant */
uint32_t weir_emit_const(weir_emit_t *m, const weir_cval_t *v);
/* Strings in the order of bytes, each once, as ATTR_IN needs them. */
uint32_t weir_emit_set(weir_emit_t *m, const weir_cval_t *list);

/* emit_zone.c: the time zones that a call needs, and at last all of them */
void weir_emit_zone(weir_code_t *p, const weir_ex_t *ex);
void weir_emit_zones(weir_emit_t *m);

/* emit_loop.c: a LOOP */
void weir_emit_loop(weir_code_t *p, const weir_ex_t *ex);

/* emit_node.c: code that leaves the value of ex on the stack */
void weir_emit_node(weir_code_t *p, const weir_ex_t *ex);
void weir_emit_as(weir_code_t *p, const weir_ex_t *ex, unsigned want);
void weir_emit_ret(weir_code_t *p, const weir_ex_t *ex);

/* emit.c: the program with a memo slot of a part, or WEIR_NONE */
uint32_t weir_emit_shared(weir_emit_t *m, const weir_uniq_t *u,
    weir_rc_t *rc);

/* What is meant by a var: its expression. */
static inline const weir_ex_t *
weir_emit_target(const weir_ex_t *ex)
{
    while (ex->x == WEIR_X_VAR) {
        ex = ex->u.var->expr->root;
    }

    return ex;
}

#endif
