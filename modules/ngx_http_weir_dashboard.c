/*
 * ngx_http_weir_dashboard.c: weir_dashboard, a page over all of it.
 */

#include "ngx_http_weir_metrics.h"


char *
ngx_http_weir_set_dashboard(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}
