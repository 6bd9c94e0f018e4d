/*
 * ngx_http_weir_metrics_state.c: metrics that are read from where the state
 * lies.
 */

#include "ngx_http_weir_metrics.h"


struct ngx_http_weir_metrics_state_s {
    ngx_uint_t                   none;
};


ngx_http_weir_metrics_state_t *
ngx_http_weir_metrics_state_create(ngx_http_request_t *r)
{
    return ngx_pcalloc(r->pool, sizeof(ngx_http_weir_metrics_state_t));
}


ngx_int_t
ngx_http_weir_metrics_state(ngx_http_weir_metrics_state_t *st, weir_expo_t *w,
    ngx_uint_t metric, ngx_uint_t *at)
{
    return NGX_OK;
}
