/*
 * ngx_http_weir_core_module.c: stand first in the phases.
 *
 * nginx runs the handlers of a phase in the reverse order of modules, so a
 * module that is loaded later would run before us.  A core module is asked
 * when the phases have been built, and an error here still refuses the
 * configuration.
 */

#include "ngx_http_weir_metrics.h"
#include "ngx_http_weir_splits.h"


static char *ngx_http_weir_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_http_weir_put_first(ngx_cycle_t *cycle,
    ngx_http_core_main_conf_t *cmcf, ngx_uint_t first,
    ngx_http_handler_pt handler);
static ngx_uint_t ngx_http_weir_rewrite_is_next(ngx_cycle_t *cycle,
    ngx_http_core_main_conf_t *cmcf);
static ngx_int_t ngx_http_weir_header_filter(ngx_http_request_t *r);


static ngx_core_module_t  ngx_http_weir_core_module_ctx = {
    ngx_string("weir"),
    NULL,
    ngx_http_weir_init_conf
};


ngx_module_t  ngx_http_weir_core_module = {
    NGX_MODULE_V1,
    &ngx_http_weir_core_module_ctx,        /* module context */
    NULL,                                  /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_weir_next_header_filter;


/*
 * A refusal stays one: error_page may give it another body, but not make a
 * success of it.  What the route says of answers goes with every one, and so
 * does what is known of limits.  And the policy is let go when the connection
 * stops to be HTTP.
 */
static ngx_int_t
ngx_http_weir_header_filter(ngx_http_request_t *r)
{
    ngx_uint_t            status;
    ngx_http_weir_ctx_t  *ctx;

    ngx_http_weir_drain(r);

    ctx = r == r->main ? ngx_http_weir_get_ctx(r) : NULL;

    if (ctx == NULL) {
        return ngx_http_weir_next_header_filter(r);
    }

    ngx_http_weir_split_answered(r, ctx);

    if (ngx_http_weir_edge(r, ctx) != NGX_OK
        || ngx_http_weir_limit_headers(r, ctx) != NGX_OK
        || ngx_http_weir_split_cookie(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    status = r->headers_out.status;

    if (status >= NGX_HTTP_SPECIAL_RESPONSE) {
        return ngx_http_weir_next_header_filter(r);
    }

    if (ctx->refused) {
        r->err_status = ctx->decision.status;
        r->headers_out.status = ctx->decision.status;
        r->headers_out.status_line.len = 0;

    } else if (status == NGX_HTTP_SWITCHING_PROTOCOLS) {
        ngx_http_weir_let_go(ctx);
    }

    return ngx_http_weir_next_header_filter(r);
}


static char *
ngx_http_weir_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_weir_module);

    if (wmcf == NULL || wmcf->policy == NULL) {
        return NGX_CONF_OK;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);

    if (ngx_http_weir_put_first(cycle, cmcf,
                                cmcf->phase_engine.server_rewrite_index,
                                ngx_http_weir_snapshot_handler)
        != NGX_OK
        || ngx_http_weir_put_first(cycle, cmcf,
                                   cmcf->phase_engine.location_rewrite_index,
                                   ngx_http_weir_decide_handler)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    wmcf->step = ngx_http_weir_rewrite_is_next(cycle, cmcf);

    if (ngx_http_weir_init_variables(cycle, cmcf, wmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_weir_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_weir_header_filter;

    return NGX_CONF_OK;
}


/* Moves a handler to the front of the rewrite phase that starts at first. */
static ngx_int_t
ngx_http_weir_put_first(ngx_cycle_t *cycle, ngx_http_core_main_conf_t *cmcf,
    ngx_uint_t first, ngx_http_handler_pt handler)
{
    ngx_uint_t                 i;
    ngx_http_phase_handler_t  *ph;

    ph = cmcf->phase_engine.handlers;

    for (i = first; ph[i].checker == ngx_http_core_rewrite_phase; i++) {

        if (ph[i].handler != handler) {
            continue;
        }

        for ( /* void */ ; i > first; i--) {
            ph[i].handler = ph[i - 1].handler;
        }

        ph[first].handler = handler;

        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                  "weir: its handler is not in the phase where it must be "
                  "first");

    return NGX_ERROR;
}


/*
 * Whether nginx's rewrite handler follows ours, so that it would have been
 * first.  It is static: what tells it is that its module comes before every
 * other one of these two phases and is in both.
 */
static ngx_uint_t
ngx_http_weir_rewrite_is_next(ngx_cycle_t *cycle,
    ngx_http_core_main_conf_t *cmcf)
{
    ngx_uint_t                 i;
    ngx_http_handler_pt       *server, *location;
    ngx_http_phase_handler_t  *ph;

    for (i = 0; cycle->modules[i]; i++) {

        if (ngx_strcmp(cycle->modules[i]->name, "ngx_http_rewrite_module")
            == 0)
        {
            break;
        }
    }

    if (cycle->modules[i] == NULL) {
        return 0;
    }

    server = cmcf->phases[NGX_HTTP_SERVER_REWRITE_PHASE].handlers.elts;
    location = cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers.elts;

    ph = &cmcf->phase_engine.handlers[
                                   cmcf->phase_engine.location_rewrite_index];

    return server[0] == location[0] && ph[1].handler == location[0];
}
