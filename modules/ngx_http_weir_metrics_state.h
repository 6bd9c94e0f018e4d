/*
 * ngx_http_weir_metrics_state.h: between the files of metrics that are read
 * from where the state lies.
 *
 *     _metrics_state.c          reads it, once a scrape
 *     _metrics_write.c          writes metrics, and those of this node alone
 *     _metrics_write_far.c      those of the store and of issuers
 *     _metrics_write_splits.c   those of splits
 */

#ifndef NGX_HTTP_WEIR_METRICS_STATE_H
#define NGX_HTTP_WEIR_METRICS_STATE_H

#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_metrics.h"
#include "run/splits.h"


/* of WORKERS */
enum {
    NGX_HTTP_WEIR_CURRENT,
    NGX_HTTP_WEIR_OLDER,
    NGX_HTTP_WEIR_NAGES
};

typedef struct {
    weir_str_t                  name;
    ngx_http_weir_keys_view_t   view;
} ngx_http_weir_state_issuer_t;

typedef struct {
    weir_str_t                  name;
    weir_str_t                 *arms;           /* names */
    uint32_t                    narms;
    uint32_t                    nsteps;
    uint32_t                    breakers;       /* a bit for each arm */
    int                         guarded[2];     /* arm and rival; -1: no guard
                                                   */
    unsigned                    mirrored:1;
    weir_split_view_t           view;
} ngx_http_weir_state_split_t;

/* Of the request's pool. */
struct ngx_http_weir_metrics_state_s {
    ngx_http_weir_main_conf_t      *wmcf;
    ngx_http_weir_sum_t             sum;
    ngx_http_weir_policy_status_t   policy;
    u_char                          digest[2 * WEIR_SHA256_LEN];
    u_char                          serial[NGX_INT64_LEN];
    size_t                          serial_len;
    ngx_uint_t                      workers[NGX_HTTP_WEIR_NAGES];
    uint64_t                        deaths;
    weir_limits_use_t               limits;
    ngx_http_weir_part_t            parts[NGX_HTTP_WEIR_NPARTS];

    ngx_http_weir_state_issuer_t   *issuers;
    ngx_uint_t                      nissuers;
    ngx_http_weir_state_split_t    *splits;
    ngx_uint_t                      nsplits;

    ngx_http_weir_metrics_shared_t  *shared;    /* or NULL */
    weir_series_use_t               series;

    /* while a metric is written */
    weir_expo_t                    *w;
    weir_metric_t                   metric;
    ngx_uint_t                      passed;     /* samples so far, and */
    ngx_uint_t                     *at;         /* those that were written */
};

typedef ngx_http_weir_metrics_state_t  ngx_http_weir_state_t;


/* _metrics_write.c */

/*
 * A sample, value / scale, of the metric that is written.  The head comes
 * before the first, and neither is there alone.
 */
void ngx_http_weir_write(ngx_http_weir_state_t *st, const weir_str_t *labels,
    uint64_t value, uint64_t scale);
/* The same of a histogram without labels: us. */
void ngx_http_weir_write_times(ngx_http_weir_state_t *st,
    const uint64_t times[WEIR_NSTORE_TIMES], uint64_t sum);

/* Samples of st->metric: _metrics_write_far.c */

void ngx_http_weir_write_issuers(ngx_http_weir_state_t *st);
void ngx_http_weir_write_store(ngx_http_weir_state_t *st);
void ngx_http_weir_write_circuits(ngx_http_weir_state_t *st);
void ngx_http_weir_write_nodes(ngx_http_weir_state_t *st);
void ngx_http_weir_write_agreement(ngx_http_weir_state_t *st);
void ngx_http_weir_write_revoked(ngx_http_weir_state_t *st);

/* _metrics_write_splits.c */

void ngx_http_weir_write_splits(ngx_http_weir_state_t *st);
void ngx_http_weir_write_arms(ngx_http_weir_state_t *st);
void ngx_http_weir_write_breakers(ngx_http_weir_state_t *st);
void ngx_http_weir_write_guards(ngx_http_weir_state_t *st);
void ngx_http_weir_write_mirrors(ngx_http_weir_state_t *st);

#endif
