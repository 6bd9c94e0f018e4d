/*
 * ngx_http_weir_mirror.h: copies of requests to a shadow upstream.
 *
 * A copy is made when the request is over, from nothing that is the request's
 * any more; what becomes of it is counted, and no one waits for it.
 */

#ifndef NGX_HTTP_WEIR_MIRROR_H
#define NGX_HTTP_WEIR_MIRROR_H

#include "ngx_http_weir.h"

/* Of this worker. */
struct ngx_http_weir_mirrors_s {
    ngx_http_weir_main_conf_t  *wmcf;
    ngx_log_t                  *log;
    ngx_queue_t                 copies;     /* under way */
    ngx_uint_t                  ncopies;
    ngx_uint_t                  turn;       /* of servers */
};


ngx_http_weir_mirrors_t *ngx_http_weir_mirrors_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);
void ngx_http_weir_mirrors_init_process(ngx_http_weir_mirrors_t *mirrors,
    ngx_cycle_t *cycle);
/* Copies that are under way end. */
void ngx_http_weir_mirrors_exit_process(ngx_http_weir_mirrors_t *mirrors);
/* At the log phase of the main request, while the image is pinned. */
void ngx_http_weir_mirror(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);

#endif
