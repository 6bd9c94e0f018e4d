/*
 * ngx_http_weir_usage.c: weir_usage, what tenants used, as JSON.
 */

#include "ngx_http_weir_metrics.h"


char *
ngx_http_weir_set_usage(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}
