/*
 * ngx_http_weir_metrics_count.c: counts a request that was decided, and when
 * it has ended.
 */

#include "ngx_http_weir_metrics.h"


void
ngx_http_weir_metrics_decided(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_ctx_t *ctx)
{
}


void
ngx_http_weir_metrics_ended(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
}
