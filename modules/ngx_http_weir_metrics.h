/*
 * ngx_http_weir_metrics.h: what is counted of requests for people to read.
 *
 *     _metrics_module.c  directives, the zone
 *     _metrics_count.c   a request that was decided, and that has ended
 *     _metrics.c         weir_metrics: the exposition, a piece at a time
 *     _metrics_state.c   metrics that are read from where the state lies
 *     _usage.c           weir_usage: what tenants used, as JSON
 *     _usage_*.c         the same into the store, and back
 *     _dashboard.c       weir_dashboard: a page over all of it
 *     _summary*.c        what tenants do, as that page asks for it
 *
 * All of it is off, and costs nothing, in a configuration that has no
 * weir_metrics_zone and none of the locations that need it.
 */

#ifndef NGX_HTTP_WEIR_METRICS_H
#define NGX_HTTP_WEIR_METRICS_H

#include "ngx_http_weir.h"
#include "run/exposition.h"
#include "run/usage.h"

#define NGX_HTTP_WEIR_METRICS_SIZE  (64 << 20)
#define NGX_HTTP_WEIR_MAX_SERIES    100000
#define NGX_HTTP_WEIR_FLUSH         10000       /* ms */

/* In shared memory; words are read and written with __atomic builtins. */
typedef struct {
    weir_series_t               *series;        /* NULL: there is no room */
    weir_usage_t                *usage;         /* NULL: there is no room */
    uint64_t                     began;         /* seconds since 1970 */

    /* of usage in the store */
    uint64_t                     flushes;
    uint64_t                     flush_failures;
    uint64_t                     flushed;       /* seconds since 1970 when
                                                   all of it was there */
    uint64_t                     node[2];       /* its name there, random */
    uint64_t                     round;         /* ms, ngx_current_msec, as all
                                                   that follow: when a flush
                                                   last began */
    uint64_t                     epoch;         /* what was written before is
                                                   written again */
    uint64_t                     since;         /* when the epoch began */
    uint64_t                     full;          /* when it ends */
    uint64_t                     lost;          /* it ends at once */
    uint64_t                     said;          /* of a value there that is
                                                   none */
    ngx_http_weir_workers_t      workers;       /* that count here */
} ngx_http_weir_metrics_shared_t;

typedef struct ngx_http_weir_metrics_state_s  ngx_http_weir_metrics_state_t;

struct ngx_http_weir_metrics_s {
    ngx_shm_zone_t              *zone;
    size_t                       size;          /* of it; 0: not given */
    ngx_uint_t                   max_series;
    ngx_msec_t                   flush;         /* of usage to the store */
    struct ngx_http_weir_usage_flush_s  *flusher;   /* of this worker */
    ngx_msec_t                   quiet;         /* this worker does not read
                                                   usage there before */
    time_t                       second;        /* of which these are the */
    weir_usage_now_t             now;           /* periods */
};


/* _metrics_module.c */

/* For setters: something is to be counted.  NULL: no memory. */
ngx_http_weir_metrics_t *ngx_http_weir_metrics_want(ngx_conf_t *cf);
/* Once all of http{} was read: nothing is counted unless something asked. */
ngx_int_t ngx_http_weir_metrics_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);
/* Once there are workers. */
ngx_http_weir_metrics_shared_t *ngx_http_weir_metrics_shared(
    ngx_http_weir_metrics_t *metrics);

/* _metrics_count.c */

/*
 * The decision, and what limits said, of a request that lives on without its
 * image and txn; once it is finished.
 */
void ngx_http_weir_metrics_decided(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
/* The same where it was not counted yet, and its end; at log phase. */
void ngx_http_weir_metrics_ended(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

/* _metrics_state.c */

/* What is read once for all metrics; of the request's pool; NULL: no memory. */
ngx_http_weir_metrics_state_t *ngx_http_weir_metrics_state_create(
    ngx_http_request_t *r);
/*
 * One of WEIR_STATE_METRICS: its head and its samples; nothing when it has no
 * samples.  *at begins as 0.  NGX_AGAIN: the writer is full; with an empty
 * piece it goes on there.
 */
ngx_int_t ngx_http_weir_metrics_state(ngx_http_weir_metrics_state_t *st,
    weir_expo_t *w, ngx_uint_t metric, ngx_uint_t *at);

/* _usage.c */

/* As "weir_usage all", where the location has none. */
ngx_int_t ngx_http_weir_usage_handler(ngx_http_request_t *r);

/* _usage_flush.c */

ngx_int_t ngx_http_weir_usage_init_process(ngx_http_weir_main_conf_t *wmcf,
    ngx_cycle_t *cycle);
/* Before the store stops. */
void ngx_http_weir_usage_exit_process(ngx_http_weir_main_conf_t *wmcf);

/* _summary.c */

/* Answers with JSON, after some turns of the loop. */
ngx_int_t ngx_http_weir_summary_handler(ngx_http_request_t *r);

/* setters */

char *ngx_http_weir_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_weir_set_usage(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_weir_set_dashboard(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

#endif
