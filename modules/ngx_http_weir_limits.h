/*
 * ngx_http_weir_limits.h: what is counted, as workers see it.
 *
 *     _limits.c          what the engine asks for a request; release, charge
 *     _limit_asks.c      asks of the store, of which requests wait
 *     _limit_lanes.c     where this worker counts requests in flight
 *     _limit_headers.c   what a client is told
 */

#ifndef NGX_HTTP_WEIR_LIMITS_H
#define NGX_HTTP_WEIR_LIMITS_H

#include "ngx_http_weir.h"

#define NGX_HTTP_WEIR_ASK_BUCKETS  256      /* a power of two */

/*
 * Requests in flight are counted on lanes, one of each process, so that what
 * a dead one held is given back.  They lie in the zone of the table that they
 * are lanes of.  A lane without an owner holds nothing.
 */
struct ngx_http_weir_lanes_s {
    uint64_t                     looked;    /* ms: for dead owners, by anyone */
    ngx_http_weir_workers_t      workers;
};

/* Of this worker. */
struct ngx_http_weir_limits_s {
    ngx_http_weir_main_conf_t   *wmcf;
    ngx_log_t                   *log;

    weir_limits_t               *table;     /* NULL: there is none */
    ngx_http_weir_beat_t        *beat;
    ngx_http_weir_lanes_t       *lanes;
    ngx_uint_t                   lane;      /* or NO_WORKER */
    ngx_event_t                  timer;     /* looks for the dead */
    uint64_t                     generation;    /* of the policy, looked at */

    ngx_event_t                  send;      /* posted: all that is in fresh */
    ngx_queue_t                  fresh;
    ngx_queue_t                  asks[NGX_HTTP_WEIR_ASK_BUCKETS];

    unsigned                     started:1;
};

/* A request that waits for an ask; one request may wait for several. */
typedef struct ngx_http_weir_ask_wait_s  ngx_http_weir_ask_wait_t;

struct ngx_http_weir_ask_wait_s {
    ngx_queue_t                  link;      /* of the ask's */
    ngx_http_weir_ask_wait_t    *next;      /* of the request's */
    ngx_http_weir_ctx_t         *ctx;
    weir_hold_t                 *hold;      /* NULL: it does not wait */
};


/* _limit_lanes.c */

/* Claims a lane, and looks for dead owners of others from now on. */
void ngx_http_weir_lanes_start(ngx_http_weir_limits_t *limits);
void ngx_http_weir_lanes_stop(ngx_http_weir_limits_t *limits);
/* Whether this worker is the one that speaks for the node. */
ngx_uint_t ngx_http_weir_lanes_lead(ngx_http_weir_limits_t *limits);
/* Whether no other process has a lane. */
ngx_uint_t ngx_http_weir_lanes_last(ngx_http_weir_limits_t *limits);

/* _limit_asks.c */

void ngx_http_weir_asks_init(ngx_http_weir_limits_t *limits);
/* Before the store stops, which ends what was sent. */
void ngx_http_weir_asks_stop(ngx_http_weir_limits_t *limits);
/* As ask() and owe() of weir_limiter_t. */
weir_rc_t ngx_http_weir_asks_add(ngx_http_weir_limits_t *limits,
    ngx_http_weir_ctx_t *ctx, const weir_ask_t *ask, weir_hold_t *hold);
void ngx_http_weir_asks_owe(ngx_http_weir_limits_t *limits,
    const weir_ask_t *ask);

/* _limits.c */

/* Every half of a second. */
void ngx_http_weir_limits_look(ngx_http_weir_limits_t *limits);

/* ns since 1970; WEIR_DECLINED: nobody should wait for the store. */
weir_rc_t ngx_http_weir_limits_store_clock(ngx_http_weir_limits_t *limits,
    int64_t *now);

#endif
