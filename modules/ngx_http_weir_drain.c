/*
 * ngx_http_weir_drain.c: weir_drain: connections end with their answers while
 * a file is there.
 *
 * nginx itself says "Connection: close" and closes: a header of the
 * configuration would be lost where a location has headers of its own.
 */

#include "ngx_http_weir.h"


char *
ngx_http_weir_set_drain(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ngx_str_t  *value;

    if (wmcf->drain.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a file";
    }

    wmcf->drain = value[1];

    if (ngx_conf_full_name(cf->cycle, &wmcf->drain, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_weir_needs_policy(cf, "weir_drain");

    return NGX_CONF_OK;
}


void
ngx_http_weir_drain(ngx_http_request_t *r)
{
    ngx_file_info_t             fi;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    if (wmcf->drain.len == 0) {
        return;
    }

    /* a worker looks once a second */

    if (wmcf->drain_looked != ngx_time()) {
        wmcf->drain_looked = ngx_time();
        wmcf->draining = ngx_file_info(wmcf->drain.data, &fi) != NGX_FILE_ERROR;
    }

    if (wmcf->draining) {
        r->keepalive = 0;
    }
}
