/*
 * explain.h: an account of one decision, for people and for programs.
 */

#ifndef WEIR_CLI_EXPLAIN_H
#define WEIR_CLI_EXPLAIN_H

#include "cli/json.h"
#include "cli/trace.h"
#include "cli/why.h"

typedef struct {
    const cli_policy_t      *policy;
    cli_request_t           *request;
    weir_txn_t              *txn;
    const cli_trace_t       *trace;
    const weir_decision_t   *decision;
    bool                     resolved;  /* tenants were asked for */
    cli_resolvers_t          resolvers;
    bool                     routed;    /* routes were looked at */
    cli_rivals_t             rivals;
    size_t                   early;     /* rulings before all that: connect */
} cli_account_t;

/* Decides and accounts for it; the trace keeps texts. */
cli_exit_t weir_cli_account(const cli_policy_t *p, cli_request_t *r,
    cli_trace_t *t, weir_decision_t *d, cli_account_t *a);

/* Where something stands: as the user named the file, or the image does. */
typedef struct {
    weir_str_t  file;
    uint32_t    line;
    uint32_t    col;
} cli_place_t;

/* What a rule did; decides: it was the last word of its layer. */
typedef struct {
    const cli_ruling_t  *ruling;
    const cli_rule_t    *rule;
    weir_str_t           id;
    cli_place_t          place;
    bool                 decides;
    const char          *outcome;   /* holds, does not hold, fails */
    const char          *effect;    /* what follows from it; or NULL */
} cli_finding_t;

void weir_cli_finding(const cli_account_t *a, size_t ruling,
    cli_finding_t *out);

/* One sentence: what decided, and where that stands. */
weir_str_t weir_cli_decider(const cli_account_t *a);

/* A part of an expression: its text, and what it came to, in words. */
weir_str_t weir_cli_part_text(const cli_part_t *p);
void weir_cli_print_part_value(const cli_part_t *p, FILE *out);

/* The account without the decision. */
void weir_cli_print_account(const cli_account_t *a, FILE *out);
/* Only the rules that decided, if any did. */
void weir_cli_print_deciders(const cli_account_t *a, unsigned indent,
    FILE *out);
json_t *weir_cli_account_json(const cli_account_t *a);

/* The parts of an expression, or the steps of one that has no source. */
void weir_cli_print_parts(const cli_account_t *a, const weir_expr_t *when,
    unsigned indent, FILE *out);
void weir_cli_print_steps(const cli_account_t *a, const cli_ruling_t *r,
    unsigned indent, FILE *out);
json_t *weir_cli_parts_json(const cli_account_t *a, const weir_expr_t *when);

/* Whether anybody asked who calls. */
bool weir_cli_is_asked(const cli_account_t *a);
/* explain_caller.c: who called, a second factor, what the route requires */
void weir_cli_print_caller(const cli_account_t *a, FILE *out);
void weir_cli_print_require(const cli_account_t *a, FILE *out);
/* Steps, if there were any. */
void weir_cli_caller_json(const cli_account_t *a, json_t *steps);
void weir_cli_require_json(const cli_account_t *a, json_t *steps);
/* One sentence: why the caller was refused. */
weir_str_t weir_cli_caller_refused(const cli_account_t *a);

/* explain_limits.c: those of a phase */
void weir_cli_print_limits(const cli_account_t *a, unsigned phase, FILE *out);
void weir_cli_limits_json(const cli_account_t *a, unsigned phase,
    json_t *steps);
/* Whether one refused before anybody asked who calls. */
bool weir_cli_limited_early(const cli_account_t *a);
/* One sentence: which limit refused. */
weir_str_t weir_cli_limit_refused(const cli_account_t *a);

/* explain_split.c */
void weir_cli_print_split(const cli_account_t *a, FILE *out);
void weir_cli_split_json(const cli_account_t *a, json_t *steps);

/*
 * explain_edge.c: maintenance; what the upstream is told; what pages of other
 * origins are, and clients of a version
 */
void weir_cli_print_maintenance(const cli_account_t *a, FILE *out);
void weir_cli_maintenance_json(const cli_account_t *a, json_t *steps);
void weir_cli_print_told(const cli_account_t *a, FILE *out);
void weir_cli_told_json(const cli_account_t *a, json_t *steps);
void weir_cli_print_answer(const cli_account_t *a, FILE *out);
void weir_cli_answer_json(const cli_account_t *a, json_t *steps);
/* One sentence, of a decision that all this led to. */
weir_str_t weir_cli_edge_decided(const cli_account_t *a);

cli_place_t weir_cli_place(const cli_policy_t *p, const weir_span_t *span);
cli_place_t weir_cli_rule_place(const cli_policy_t *p, const cli_rule_t *rule);
/* Of route i of the image. */
cli_place_t weir_cli_route_place(const cli_policy_t *p, uint32_t route);
/* deny rule "x" of route "y" */
weir_str_t weir_cli_rule_text(const cli_policy_t *p, const cli_rule_t *rule,
    weir_arena_t *a);

#endif
