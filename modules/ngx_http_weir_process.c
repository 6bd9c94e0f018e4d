/*
 * ngx_http_weir_process.c: a configuration takes over, a worker comes and goes.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_metrics.h"
#include "ngx_http_weir_mirror.h"
#include "ngx_http_weir_revoked.h"
#include "ngx_http_weir_split_sync.h"
#include "ngx_http_weir_splits.h"
#include "ngx_http_weir_trace.h"


static void ngx_http_weir_leave(void *data);


ngx_int_t
ngx_http_weir_init_module(ngx_cycle_t *cycle)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_weir_module);

    if (wmcf != NULL && wmcf->policy != NULL) {
        ngx_http_weir_access_check(cycle, wmcf);
    }

    /*
     * A single process lives on, as no worker of the new configuration, and
     * nginx is about to unmap zones of the old one that have changed.
     */

    if (ngx_process == NGX_PROCESS_SINGLE
        && !ngx_is_init_cycle(cycle->old_cycle))
    {
        ngx_http_weir_exit_process(cycle->old_cycle);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_init_process(ngx_cycle_t *cycle)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_weir_module);

    if (wmcf == NULL || wmcf->policy == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    /* for a single process, which frees an old cycle and lives on */

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_weir_leave;
    cln->data = wmcf;

    if (ngx_http_weir_policy_init_process(wmcf->policy, cycle,
                                          ngx_http_weir_holds_look, wmcf)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_weir_limits_init_process(wmcf->limits, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_weir_revoked_init_process(wmcf->revoked, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_weir_split_sync_init_process(wmcf->split_sync, cycle)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_weir_splits_init_process(wmcf->splits, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_weir_mirrors_init_process(wmcf->mirrors, cycle);

    if (ngx_http_weir_usage_init_process(wmcf, cycle) != NGX_OK
        || ngx_http_weir_trace_init_process(wmcf, cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_weir_keys_init_process(wmcf->issuers, cycle);
}


void
ngx_http_weir_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_weir_module);

    if (wmcf != NULL && wmcf->policy != NULL) {
        ngx_http_weir_leave(wmcf);
    }
}


/* Each of these does nothing the second time. */
static void
ngx_http_weir_leave(void *data)
{
    ngx_http_weir_main_conf_t *wmcf = data;

    ngx_http_weir_trace_exit_process(wmcf);
    ngx_http_weir_usage_exit_process(wmcf);
    ngx_http_weir_keys_exit_process(wmcf->issuers);
    ngx_http_weir_mirrors_exit_process(wmcf->mirrors);
    ngx_http_weir_splits_exit_process(wmcf->splits);
    ngx_http_weir_split_sync_exit_process(wmcf->split_sync);
    ngx_http_weir_revoked_exit_process(wmcf->revoked);
    ngx_http_weir_limits_exit_process(wmcf->limits);
    ngx_http_weir_policy_exit_process(wmcf->policy);
}
