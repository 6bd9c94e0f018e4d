/*
 * bench.h: a request that is measured.
 */

#ifndef WEIR_CLI_BENCH_H
#define WEIR_CLI_BENCH_H

#include "cli/cli.h"

#define BENCH_ROUNDS  11
#define BENCH_MEMORY  (1u << 20)    /* that credentials of a decision take */

typedef struct {
    cli_counting_t           *counting;     /* comes first: counting.h */
    weir_str_t                name;
    cli_request_t            *request;
    weir_request_t            req;          /* asks what follows */
    uint64_t                  known;        /* a bit for each attribute */
    weir_value_t              attrs[WEIR_A_COUNT];
    weir_decision_t           decision;
    uint64_t                  times;        /* decisions in a round */
    double                    ns[BENCH_ROUNDS];
    char                     *memory;       /* the bench's */
    size_t                    used;
    const weir_img_method_t  *asked;        /* who proves it? */
    weir_rc_t                 has_given;
    weir_principal_t          given;
    bool                      asked_cert;
    weir_rc_t                 has_cert;
    weir_cert_t               cert;
} bench_subject_t;

/* Its request asks bench_ask.c. */
void weir_bench_ask(bench_subject_t *s);

#endif
