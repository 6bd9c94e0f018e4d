/*
 * ngx_http_weir_summary.h: what tenants do, as the dashboard asks for it.
 *
 *     _summary.c        passes over all rows, some in each turn of the loop
 *     _summary_tally.c  who has the most, and what is the commonest
 *     _summary_json.c   the answer
 *
 * All of it is of one request, and of its pool.
 */

#ifndef NGX_HTTP_WEIR_SUMMARY_H
#define NGX_HTTP_WEIR_SUMMARY_H

#include "ngx_http_weir_metrics.h"

#define NGX_HTTP_WEIR_SUMMARY_LABELS  4         /* of a reason */


/* What is shown of a tenant. */
typedef struct {
    uint64_t                       requests[WEIR_NCODES];
    uint64_t                       buckets[WEIR_NTIMES];
    uint64_t                       ms;
    uint64_t                       sent;
    uint64_t                       refused;
    uint64_t                       limited;
    weir_str_t                     limit;       /* the fullest one */
    uint64_t                       remaining;
    uint64_t                       capacity;    /* 0: none */
} ngx_http_weir_total_t;

typedef struct ngx_http_weir_tally_s  ngx_http_weir_tally_t;

/* Requests of a tenant, or refusals for a reason. */
struct ngx_http_weir_tally_s {
    ngx_http_weir_tally_t         *chain;       /* of the same bucket */
    ngx_http_weir_tally_t         *next;        /* in the order of making */
    uint64_t                       n;
    weir_str_t                     labels[NGX_HTTP_WEIR_SUMMARY_LABELS];
    ngx_http_weir_total_t         *total;       /* NULL: among the rest */
    uint64_t                       most_n;      /* of one tenant and route: */
    weir_str_t                     tenant;
    weir_str_t                     route;
};

typedef struct {
    ngx_http_weir_tally_t        **buckets;
    ngx_http_weir_tally_t         *first;
    ngx_http_weir_tally_t        **last;
} ngx_http_weir_tallies_t;

/* The ones with the most, the most first. */
typedef struct {
    ngx_http_weir_tally_t        **elts;
    ngx_uint_t                     n;
    ngx_uint_t                     max;
} ngx_http_weir_top_t;

typedef struct {
    ngx_http_request_t              *request;
    ngx_http_weir_metrics_shared_t  *shared;
    ngx_event_t                      event;
    ngx_uint_t                       pass;
    const void                      *at;        /* the last that was read */

    ngx_http_weir_tallies_t          tenants;
    ngx_http_weir_tallies_t          reasons;
    ngx_http_weir_top_t              most;      /* of tenants */
    ngx_http_weir_top_t              commonest; /* of reasons */
    ngx_http_weir_total_t            rest;
} ngx_http_weir_summary_t;


/* _summary_tally.c */

ngx_int_t ngx_http_weir_tallies_init(ngx_http_weir_tallies_t *t,
    ngx_pool_t *pool);
/* NULL: there is none. */
ngx_http_weir_tally_t *ngx_http_weir_tallies_find(
    const ngx_http_weir_tallies_t *t, const weir_str_t *labels, ngx_uint_t n);
/* Made where there is none; labels are those of a row.  NULL: no memory. */
ngx_http_weir_tally_t *ngx_http_weir_tallies_get(ngx_http_weir_tallies_t *t,
    ngx_pool_t *pool, const weir_str_t *labels, ngx_uint_t n);
ngx_int_t ngx_http_weir_top_init(ngx_http_weir_top_t *top, ngx_pool_t *pool,
    ngx_uint_t max);
void ngx_http_weir_top_add(ngx_http_weir_top_t *top,
    ngx_http_weir_tally_t *tally);

/* _summary_json.c */

/* NULL: no memory. */
ngx_buf_t *ngx_http_weir_summary_json(const ngx_http_weir_summary_t *s);

#endif
