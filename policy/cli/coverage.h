/*
 * coverage.h: what of a policy the tests decided by.
 *
 * Counted are routes that matched, rules that had the last word in their
 * layer (or would have, on trial), limits that refused (likewise) if one test
 * can use them up, arms that were chosen and overrides that matched, of splits
 * that a route leads to, maintenance that refused, and of every condition that
 * it was true and that it was false.  Conditions are the parts that && || !
 * and ?: combine; of an image without its source, whole expressions.
 */

#ifndef WEIR_CLI_COVERAGE_H
#define WEIR_CLI_COVERAGE_H

#include "cli/explain.h"

typedef struct {
    const weir_ex_t     *ex;        /* NULL: the whole of a rule */
    uint32_t             rule;
    weir_str_t           text;
    weir_span_t          span;
    bool                 saw[2];
    bool                 seen;      /* evaluated at all */
} cli_condition_t;

typedef struct {
    weir_arena_t                 *arena;
    const cli_policy_t           *policy;
    cli_trace_t                   trace;
    bool                         *routes;   /* matched, by index */
    bool                         *rules;    /* decided */
    bool                         *limits;   /* refused */
    bool                         *arms;     /* chosen */
    bool                         *overrides;    /* matched */
    bool                         *pauses;   /* maintenance: refused */
    weir_txn_t                   *txn;      /* that is being added */
    weir_vec_t(cli_condition_t)   conditions;
    uint32_t                     *table;    /* of them, by node; plus one */
    size_t                        size;
} cli_coverage_t;

typedef struct {
    size_t  routes[2];              /* covered, of all */
    size_t  rules[2];
    size_t  limits[2];              /* that a test can reach */
    size_t  arms[2];                /* of splits in use */
    size_t  overrides[2];
    size_t  maintenance[2];
    size_t  outcomes[2];
} cli_covered_t;

/* Of decisions whose trace is c->trace.trace. */
bool weir_cli_coverage_init(cli_coverage_t *c, const cli_policy_t *p,
    weir_arena_t *a);
/* Before and after each decision. */
void weir_cli_coverage_begin(cli_coverage_t *c);
bool weir_cli_coverage_add(cli_coverage_t *c, weir_txn_t *txn,
    const weir_decision_t *d);

/* Whether requests of one test can use a limit up; whether a route leads to a
   split. */
bool weir_cli_limit_reached(const cli_coverage_t *c, uint32_t limit);
bool weir_cli_split_reached(const cli_coverage_t *c, uint32_t split);

void weir_cli_covered(const cli_coverage_t *c, cli_covered_t *out);
/* In tenths of a per cent, rounded down; of nothing 1000. */
unsigned weir_cli_coverage_share(const cli_covered_t *n);

/* One place that is not covered. */
typedef struct {
    const char   *what;             /* route, rule, arm, condition, ... */
    cli_place_t   place;
    weir_str_t    text;             /* "route \"x\"", the condition */
    const char   *never;            /* matched, refused, true, ... */
} cli_gap_t;

typedef weir_vec_t(cli_gap_t)  cli_gaps_t;

/* By place. */
bool weir_cli_coverage_gaps(const cli_coverage_t *c, cli_gaps_t *out);

#endif
