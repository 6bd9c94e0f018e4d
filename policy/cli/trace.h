/*
 * trace.h: what a decision did: the rules that it looked at, and what every
 * part of their expressions came to.
 *
 * The engine reports values by instruction, the compiler knows the expression
 * of each instruction.  Equal expressions of a policy are one program, so the
 * places come from the rule's own expression, the values from the program's.
 */

#ifndef WEIR_CLI_TRACE_H
#define WEIR_CLI_TRACE_H

#include "cli/cli.h"
#include "front/cel_ast.h"

#define CLI_ROUNDS  4           /* values of a loop that are kept */

/* A value that outlives the evaluation. */
typedef struct {
    uint8_t      kind;          /* weir_kind_t; UNSET: not evaluated */
    int64_t      i;             /* BOOL, INT; ERR: weir_eval_error_t */
    weir_str_t   s;             /* STRING: the whole */
    weir_str_t   text;          /* for people; empty unless texts are kept */
} cli_value_t;

/* A rule of the image, and where it stands in the policy. */
typedef struct {
    const weir_img_rule_t   *rec;
    const weir_rule_t       *rule;      /* NULL: there is no source */
    const char              *layer;     /* global, tenant, route */
    weir_str_t               of;        /* the tenant's or route's id */
    bool                     deny;
} cli_rule_t;

/* A rule that was looked at. */
typedef struct {
    uint32_t     rule;
    cli_value_t  value;
    size_t       first;         /* its steps */
    size_t       nsteps;
} cli_ruling_t;

typedef struct {
    uint32_t     prog;
    uint32_t     pc;
    cli_value_t  value;
} cli_step_t;

/* What one node of a program came to. */
typedef struct {
    const weir_ex_t  *ex;
    uint32_t          run;      /* the decision that this is of */
    uint32_t          times;
    bool              memo;     /* its value is that of a program */
    bool              saw[2];   /* it was false, true */
    bool              failed;   /* it was an error */
    cli_value_t       last;
    cli_value_t       rounds[CLI_ROUNDS];
} cli_seen_t;

/* Any other program, whose record it is. */
typedef struct {
    uint32_t      prog;
    cli_ruling_t  ruling;       /* its rule is of no meaning */
} cli_other_t;

typedef struct {
    weir_arena_t              *arena;
    const cli_policy_t        *policy;
    const cli_rule_t          *rules;
    bool                       texts;
    weir_trace_t               trace;       /* for weir_cli_decide() */
    uint32_t                   run;
    uint32_t                  *slots;       /* of seen, by instruction */
    cli_seen_t                *seen;
    uint32_t                  *table;       /* of seen, by node; plus one */
    size_t                     size;
    weir_vec_t(cli_ruling_t)   rulings;
    bool                       has_required;
    cli_ruling_t               required;    /* "when" of the route's require */
    weir_vec_t(cli_other_t)    others;      /* of no rule: see weir_trace_t */
    size_t                     taken;       /* steps that belong to a ruling */
    weir_vec_t(cli_step_t)     steps;       /* only of an image alone */
} cli_trace_t;

/* A part of an expression, at its place in the source. */
typedef struct {
    const weir_ex_t     *ex;
    const weir_expr_t   *expr;      /* that it is written in */
    weir_span_t          span;
    uint32_t             level;     /* of vars that led here */
    bool                 condition; /* true or false here decides something */
    bool                 looped;    /* rounds has its first values */
    bool                 failed;    /* an error began here */
    cli_value_t          value;
    const cli_seen_t    *seen;      /* or NULL */
    bool                 saw[2];
} cli_part_t;

typedef weir_vec_t(cli_part_t)  cli_parts_t;

/* All rules of the image by index; NULL: out of memory. */
const cli_rule_t *weir_cli_rules(const cli_policy_t *p, weir_arena_t *a);

/* texts: values are kept as text, not only as true and false. */
bool weir_cli_trace_init(cli_trace_t *t, const cli_policy_t *p,
    weir_arena_t *a, bool texts);
/* Forgets the decision before. */
void weir_cli_trace_reset(cli_trace_t *t);

cli_value_t weir_cli_value(const cli_trace_t *t, const weir_value_t *v);

/* parts.c: the parts of an expression in the order of evaluation */
bool weir_cli_parts(const cli_trace_t *t, weir_txn_t *txn,
    const weir_expr_t *e, cli_parts_t *out);
/* The same without a decision: nothing was evaluated. */
#define weir_cli_places(t, e, out)  weir_cli_parts((t), NULL, (e), (out))

/* NULL: the program was not run, or is of a rule. */
const cli_ruling_t *weir_cli_other(const cli_trace_t *t, uint32_t prog);
/* NULL: nothing of the kind happened. */
const cli_seen_t *weir_cli_seen(const cli_trace_t *t, const weir_ex_t *ex);

#endif
