/*
 * ngx_http_weir_usage_flush.c: what tenants used, into the store.
 */

#include "ngx_http_weir_metrics.h"


ngx_int_t
ngx_http_weir_usage_init_process(ngx_http_weir_main_conf_t *wmcf,
    ngx_cycle_t *cycle)
{
    return NGX_OK;
}


void
ngx_http_weir_usage_exit_process(ngx_http_weir_main_conf_t *wmcf)
{
}
