/*
 * ngx_http_weir_splits.h: splits, as workers serve them.
 *
 *     _splits.c          what the engine asks; cookies of pins; the tick
 *     _split_count.c     how a request that went to an arm ended
 *     _split_status.c    what people are told
 */

#ifndef NGX_HTTP_WEIR_SPLITS_H
#define NGX_HTTP_WEIR_SPLITS_H

#include "ngx_http_weir.h"

/* Of this worker. */
struct ngx_http_weir_splits_s {
    ngx_http_weir_main_conf_t  *wmcf;
    ngx_log_t                  *log;
    weir_splits_t              *table;      /* NULL: there is none */

    ngx_event_t                 timer;      /* looks what is due */
    uint64_t                    generation; /* of the policy, looked at */
    ngx_uint_t                  has;        /* some splits */
    uint64_t                    full;       /* generation whose splits have no
                                               room, as was said */
    ngx_http_weir_pin_t        *pin;        /* while it ticks */
    unsigned                    started:1;
};

extern const weir_router_t  ngx_http_weir_router;


/* _splits.c */

ngx_http_weir_splits_t *ngx_http_weir_splits_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);
/* After limits were started, and ended before they are. */
ngx_int_t ngx_http_weir_splits_init_process(ngx_http_weir_splits_t *splits,
    ngx_cycle_t *cycle);
void ngx_http_weir_splits_exit_process(ngx_http_weir_splits_t *splits);
/* Gives the client its pin, with an answer of the main request. */
ngx_int_t ngx_http_weir_split_cookie(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

/* _split_count.c */

/* What upstream the policy names was read, and is one: it may go there. */
void ngx_http_weir_split_routed(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
/* It goes on in another location. */
void ngx_http_weir_split_redirected(ngx_http_request_t *r);
/*
 * Counts how that ended, once: with the answer of the main request, and again
 * when it is logged, in case there was none; and what never went there is said
 * not to have tried it.  Need the image still.
 */
void ngx_http_weir_split_answered(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
void ngx_http_weir_split_ended(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

/* _split_status.c */

/* Every split of the current policy, an object by name. */
ngx_int_t ngx_http_weir_splits_status(ngx_http_weir_main_conf_t *wmcf,
    ngx_pool_t *pool, ngx_str_t *json);
/* The object of one of them, and the bytes that it takes at most. */
u_char *ngx_http_weir_split_status(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf, const weir_image_t *img,
    const weir_img_split_t *s);
size_t ngx_http_weir_split_status_size(const weir_image_t *img,
    const weir_img_split_t *s);
/* What weir_guard_look_t.about is, as a policy names it. */
const char *ngx_http_weir_split_about(int about);

#endif
