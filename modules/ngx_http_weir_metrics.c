/*
 * ngx_http_weir_metrics.c: weir_metrics, the exposition, a piece at a time.
 */

#include "ngx_http_weir_metrics.h"


char *
ngx_http_weir_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}
