/*
 * ngx_http_weir_trace_module.c: weir_trace, weir_otlp.
 */

#include "ngx_http_weir_trace.h"


static char *ngx_http_weir_set_trace(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_weir_set_otlp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_weir_trace_commands[] = {

#define D(name, flags, setter, conf, context, args, value, doc)               \
    { ngx_string(name), flags, setter, NGX_HTTP_##conf##_CONF_OFFSET, 0,      \
      NULL },
    NGX_HTTP_WEIR_TRACE_DIRECTIVES(D)
#undef D

      ngx_null_command
};


static ngx_http_module_t  ngx_http_weir_trace_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_weir_trace_module = {
    NGX_MODULE_V1,
    &ngx_http_weir_trace_module_ctx,       /* module context */
    ngx_http_weir_trace_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_int_t
ngx_http_weir_trace_init_process(ngx_cycle_t *cycle)
{
    return NGX_OK;
}


void
ngx_http_weir_trace_exit_process(void)
{
}


weir_str_t
ngx_http_weir_span_id(ngx_http_weir_ctx_t *ctx)
{
    return weir_str("", 0);
}


weir_str_t
ngx_http_weir_traceparent(ngx_http_weir_ctx_t *ctx)
{
    return weir_str("", 0);
}


void
ngx_http_weir_trace_ended(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
}


static char *
ngx_http_weir_set_trace(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return NGX_CONF_OK;
}


static char *
ngx_http_weir_set_otlp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return NGX_CONF_OK;
}
