/*
 * test.h: the results of weir test, and how they are printed.
 */

#ifndef WEIR_CLI_TEST_H
#define WEIR_CLI_TEST_H

#include "cli/coverage.h"
#include "cli/explain.h"

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
    cli_trace_t                *trace;      /* for failures; NULL until then */
} cli_suite_t;

/* test_report.c: on standard output */
void weir_cli_test_report(const cli_suite_t *s, cli_format_t format);

#endif
