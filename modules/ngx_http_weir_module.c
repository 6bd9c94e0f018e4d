/*
 * ngx_http_weir_module.c: the module, its configuration, and what is installed.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_metrics.h"
#include "ngx_http_weir_mirror.h"
#include "ngx_http_weir_revoked.h"
#include "ngx_http_weir_split_sync.h"
#include "ngx_http_weir_splits.h"
#include "ngx_http_weir_trace.h"

#define NGX_HTTP_WEIR_ZONE_SIZE  (32 * 1024 * 1024)


static ngx_int_t ngx_http_weir_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_weir_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_weir_log_handler(ngx_http_request_t *r);
static void *ngx_http_weir_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_weir_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_weir_create_srv_conf(ngx_conf_t *cf);
static char *ngx_http_weir_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void *ngx_http_weir_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_weir_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


#define NGX_HTTP_WEIR_OFFSET_MAIN  NGX_HTTP_MAIN_CONF_OFFSET
#define NGX_HTTP_WEIR_OFFSET_SRV   NGX_HTTP_SRV_CONF_OFFSET
#define NGX_HTTP_WEIR_OFFSET_LOC   NGX_HTTP_LOC_CONF_OFFSET

static ngx_command_t  ngx_http_weir_commands[] = {

#define D(name, flags, setter, conf, context, args, value, doc)               \
    { ngx_string(name), flags, setter, NGX_HTTP_WEIR_OFFSET_##conf, 0, NULL },
    NGX_HTTP_WEIR_DIRECTIVES(D)
#undef D

#if (WEIR_TEST)

    /* weir_test_delay TIME [timeout=TIME]: suspends requests, for tests */

    { ngx_string("weir_test_delay"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_weir_set_test_delay,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

#endif

      ngx_null_command
};


static ngx_http_module_t  ngx_http_weir_module_ctx = {
    ngx_http_weir_preconfiguration,        /* preconfiguration */
    ngx_http_weir_init,                    /* postconfiguration */

    ngx_http_weir_create_main_conf,        /* create main configuration */
    ngx_http_weir_init_main_conf,          /* init main configuration */

    ngx_http_weir_create_srv_conf,         /* create server configuration */
    ngx_http_weir_merge_srv_conf,          /* merge server configuration */

    ngx_http_weir_create_loc_conf,         /* create location configuration */
    ngx_http_weir_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_weir_module = {
    NGX_MODULE_V1,
    &ngx_http_weir_module_ctx,             /* module context */
    ngx_http_weir_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_weir_init_module,             /* init module */
    ngx_http_weir_init_process,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_weir_exit_process,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_weir_log_handler(ngx_http_request_t *r)
{
    ngx_http_weir_ctx_t  *ctx;

    if (r != r->main) {
        return NGX_OK;
    }

    ctx = ngx_http_weir_get_ctx(r);

    if (ctx) {
        ngx_http_weir_split_ended(r, ctx);
        ngx_http_weir_mirror(r, ctx);
        ngx_http_weir_finish(r, ctx);
        ngx_http_weir_metrics_ended(r, ctx);
        ngx_http_weir_trace_ended(r, ctx);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_weir_add_variables(cf);
}


static ngx_int_t
ngx_http_weir_init(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_weir_main_conf_t  *wmcf;

    static const struct {
        ngx_uint_t           phase;
        ngx_http_handler_pt  handler;
    } handlers[] = {
        { NGX_HTTP_SERVER_REWRITE_PHASE, ngx_http_weir_snapshot_handler },
        { NGX_HTTP_REWRITE_PHASE, ngx_http_weir_decide_handler },
        { NGX_HTTP_LOG_PHASE, ngx_http_weir_log_handler }
    };

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);

    if (wmcf->policy == NULL) {
        return NGX_OK;
    }

    ngx_http_weir_outgoing_resolver(cf, &wmcf->outgoing);

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        h = ngx_array_push(&cmcf->phases[handlers[i].phase].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = handlers[i].handler;
    }

    return NGX_OK;
}


static void *
ngx_http_weir_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_main_conf_t));
    if (wmcf == NULL) {
        return NULL;
    }

    wmcf->realip = -1;
    ngx_queue_init(&wmcf->holds);

    return wmcf;
}


static char *
ngx_http_weir_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ngx_str_t   id = ngx_string("request_id");
    ngx_str_t   uri = ngx_string("request_uri");
    ngx_uint_t  i;

    if (wmcf->policy == NULL) {

        if (wmcf->needs) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"%s\" in %V:%ui needs a \"weir_policy\"",
                          wmcf->needs, &wmcf->file, wmcf->line);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (wmcf->zone == NULL) {
        wmcf->zone = ngx_http_weir_zone_add(cf, NGX_HTTP_WEIR_ZONE_SIZE);
        if (wmcf->zone == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_weir_outgoing_init(cf, &wmcf->outgoing, &wmcf->trusted)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    wmcf->issuers = ngx_http_weir_keys_create(cf, wmcf->policy,
                                              &wmcf->outgoing,
                                              wmcf->jwks_cache);
    if (wmcf->issuers == NULL) {
        return NGX_CONF_ERROR;
    }

    wmcf->limits = ngx_http_weir_limits_create(cf, wmcf);
    if (wmcf->limits == NULL) {
        return NGX_CONF_ERROR;
    }

    wmcf->split_sync = ngx_http_weir_split_sync_create(cf, wmcf);
    if (wmcf->split_sync == NULL) {
        return NGX_CONF_ERROR;
    }

    wmcf->splits = ngx_http_weir_splits_create(cf, wmcf);
    if (wmcf->splits == NULL) {
        return NGX_CONF_ERROR;
    }

    wmcf->mirrors = ngx_http_weir_mirrors_create(cf, wmcf);
    if (wmcf->mirrors == NULL) {
        return NGX_CONF_ERROR;
    }

    wmcf->revoked = ngx_http_weir_revoked_create(cf, wmcf);
    if (wmcf->revoked == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_weir_metrics_create(cf, wmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    wmcf->request_id = ngx_http_get_variable_index(cf, &id);
    wmcf->request_uri = ngx_http_get_variable_index(cf, &uri);

    if (wmcf->request_id == NGX_ERROR || wmcf->request_uri == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {

        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_realip_module")
            == 0)
        {
            wmcf->realip = cf->cycle->modules[i]->ctx_index;
        }
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_weir_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_weir_srv_conf_t  *wscf;

    wscf = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_srv_conf_t));
    if (wscf == NULL) {
        return NULL;
    }

    wscf->audit = NGX_CONF_UNSET_PTR;

    return wscf;
}


static char *
ngx_http_weir_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_weir_srv_conf_t *prev = parent;
    ngx_http_weir_srv_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->audit, prev->audit, NULL);

    return NGX_CONF_OK;
}


static void *
ngx_http_weir_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_weir_loc_conf_t  *wlcf;

    wlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_loc_conf_t));
    if (wlcf == NULL) {
        return NULL;
    }

    wlcf->mode = NGX_CONF_UNSET_UINT;

#if (WEIR_TEST)
    wlcf->test_delay = NGX_CONF_UNSET_MSEC;
    wlcf->test_timeout = NGX_CONF_UNSET_MSEC;
#endif

    return wlcf;
}


static char *
ngx_http_weir_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_weir_loc_conf_t *prev = parent;
    ngx_http_weir_loc_conf_t *conf = child;

    ngx_http_weir_srv_conf_t  *wscf;

    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HTTP_WEIR_OFF);

#if (WEIR_TEST)
    ngx_conf_merge_msec_value(conf->test_delay, prev->test_delay, 0);
    ngx_conf_merge_msec_value(conf->test_timeout, prev->test_timeout, 10000);
#endif

    /* what changes state, or tells of tenants, is not open by an omission */

    conf->stated |= prev->stated;

    if (conf->guarded && !conf->stated) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%s\" in %V:%ui needs \"weir on\", or "
                      "\"weir off\" where something else guards it",
                      conf->guarded_name, &conf->guarded_file, conf->guarded);
        return NGX_CONF_ERROR;
    }

    /* an internal redirect stays in its server: others need no snapshot */

    if (conf->mode != NGX_HTTP_WEIR_OFF) {
        wscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_weir_module);
        wscf->used = 1;
    }

    return NGX_CONF_OK;
}
