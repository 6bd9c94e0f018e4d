/*
 * test.h: the results of weir test, and how they are printed.
 */

#ifndef WEIR_CLI_TEST_H
#define WEIR_CLI_TEST_H

#include "cli/coverage.h"
#include "cli/explain.h"
#include "cli/routing.h"

#define CLI_MOST_REPEATS  100000

/* A field of a decision that is not as expected. */
typedef struct {
    weir_str_t    name;
    weir_str_t    expected;
    weir_str_t    got;
    weir_span_t   span;         /* of what is expected */
} cli_field_t;

typedef struct {
    weir_str_t                 file;
    weir_str_t                 name;
    weir_span_t                span;        /* of the name */
    weir_vec_t(cli_field_t)    fields;      /* none: it passed */
    weir_str_t                 decided;     /* of a failure: what decided */
    weir_str_t                 account;     /* and the rules that did */
} cli_result_t;

typedef struct {
    weir_arena_t               *arena;
    cli_policy_t               *policy;
    weir_diags_t                diags;      /* of the files of tests */
    weir_str_t                  filter;     /* part of the names to run */
    weir_vec_t(cli_result_t)    results;
    size_t                      failed;
    cli_coverage_t             *coverage;   /* NULL: nobody asked */
    cli_counting_t             *counting;   /* NULL: there are no limits */
    cli_states_t                states;     /* of splits */
    cli_trace_t                *trace;      /* for failures; NULL until then */
} cli_suite_t;

/* What comes before the request that is judged. */
typedef struct {
    unsigned   repeat;          /* how often it is sent, the last included */
    bool       answered;        /* each, before the next one is sent */
    int64_t    after;           /* ns that the last one comes later */
    int64_t    time;            /* of the request, before that */
} cli_course_t;

/* test_course.c: "repeat", "after" and "response" of a test */
bool weir_cli_course_read(cli_suite_t *s, const weir_node_t *test,
    cli_request_t *req, cli_course_t *c);
/* Everything but the last request; false: memory is short. */
bool weir_cli_course_lead(cli_suite_t *s, cli_request_t *req,
    const cli_course_t *c);

/* What is not a key of where is reported. */
void weir_cli_unknown(cli_suite_t *s, const weir_node_t *key,
    const char *where, const weir_str_t *names, size_t n);

/* test_given.c: the states of splits, those of "given"; false: it is wrong */
bool weir_cli_given_states(cli_suite_t *s, const weir_node_t *test,
    cli_request_t *req);

/* test_expect.c: what differs, into r->fields; false: memory is short */
bool weir_cli_expect(cli_suite_t *s, const weir_node_t *expect,
    const weir_txn_t *txn, const weir_decision_t *d, cli_result_t *r);

/* test_report.c: on standard output */
void weir_cli_test_report(const cli_suite_t *s, cli_format_t format);

#endif
