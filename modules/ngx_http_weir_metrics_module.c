/*
 * ngx_http_weir_metrics_module.c: weir_metrics_zone, and what looks into it.
 */

#include "ngx_http_weir_metrics.h"

/* bytes that a series takes, of names of some length */
#define NGX_HTTP_WEIR_SERIES_SIZE  64


static ngx_int_t ngx_http_weir_metrics_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_weir_metrics_rebound(ngx_shm_zone_t *shm_zone,
    ngx_http_weir_metrics_t *metrics);
static char *ngx_http_weir_set_metrics_zone(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


static ngx_command_t  ngx_http_weir_metrics_commands[] = {

#define D(name, flags, setter, conf, context, args, value, doc)               \
    { ngx_string(name), flags, setter, NGX_HTTP_##conf##_CONF_OFFSET, 0,      \
      NULL },
    NGX_HTTP_WEIR_METRICS_DIRECTIVES(D)
#undef D

      ngx_null_command
};


static ngx_http_module_t  ngx_http_weir_metrics_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_weir_metrics_module = {
    NGX_MODULE_V1,
    &ngx_http_weir_metrics_module_ctx,     /* module context */
    ngx_http_weir_metrics_commands,        /* module directives */
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


ngx_http_weir_metrics_t *
ngx_http_weir_metrics_want(ngx_conf_t *cf)
{
    ngx_http_weir_metrics_t    *metrics;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);

    if (wmcf->metrics) {
        return wmcf->metrics;
    }

    metrics = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_metrics_t));
    if (metrics == NULL) {
        return NULL;
    }

    metrics->max_series = NGX_HTTP_WEIR_MAX_SERIES;
    metrics->flush = NGX_HTTP_WEIR_FLUSH;

    wmcf->metrics = metrics;

    return metrics;
}


ngx_int_t
ngx_http_weir_metrics_create(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    size_t                    size;
    ngx_uint_t                room;
    ngx_http_weir_metrics_t  *metrics;

    ngx_str_t  name = ngx_string("weir_metrics");

    metrics = wmcf->metrics;

    if (metrics == NULL) {
        return NGX_OK;
    }

    size = metrics->size ? metrics->size : NGX_HTTP_WEIR_METRICS_SIZE;
    room = size / 2 / NGX_HTTP_WEIR_SERIES_SIZE;

    if (metrics->max_series > room) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "weir: a metrics zone of %uz bytes has room for "
                           "about %ui series, \"max_series\" is %ui",
                           size, room, metrics->max_series);
    }

    metrics->zone = ngx_shared_memory_add(cf, &name, size,
                                          &ngx_http_weir_metrics_module);
    if (metrics->zone == NULL) {
        return NGX_ERROR;
    }

    metrics->zone->init = ngx_http_weir_metrics_init_zone;
    metrics->zone->data = metrics;

    return NGX_OK;
}


ngx_http_weir_metrics_shared_t *
ngx_http_weir_metrics_shared(ngx_http_weir_metrics_t *metrics)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) metrics->zone->shm.addr;

    return shpool->data;
}


static ngx_int_t
ngx_http_weir_metrics_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    void                            *p;
    size_t                           size;
    ngx_uint_t                       pages;
    ngx_slab_pool_t                 *shpool;
    ngx_http_weir_metrics_t         *metrics;
    ngx_http_weir_metrics_shared_t  *shared;

    metrics = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    /* of the configuration before, whose workers count in it, too */

    if (data || shm_zone->shm.exists) {
        ngx_http_weir_metrics_rebound(shm_zone, metrics);
        return NGX_OK;
    }

    shared = ngx_slab_calloc(shpool, sizeof(ngx_http_weir_metrics_shared_t));
    if (shared == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_weir_beat_name(shared->node, shm_zone->shm.log) != NGX_OK) {
        return NGX_ERROR;
    }

    shared->began = (uint64_t) ngx_time();

    pages = shpool->pfree;

    p = ngx_http_weir_zone_pages(shpool, pages / 2, &size);
    shared->series = p ? weir_series_init(p, size, metrics->max_series) : NULL;

    p = ngx_http_weir_zone_pages(shpool, pages / 2 - 1, &size);
    shared->usage = p ? weir_usage_init(p, size) : NULL;

    if (shared->series == NULL || shared->usage == NULL) {
        ngx_log_error(NGX_LOG_WARN, shm_zone->shm.log, 0,
                      "weir: zone \"%V\" of %uz bytes is too small to count "
                      "in", &shm_zone->shm.name, shm_zone->shm.size);
    }

    shpool->data = shared;

    return NGX_OK;
}


/* A reload may change how many series there may be. */
static void
ngx_http_weir_metrics_rebound(ngx_shm_zone_t *shm_zone,
    ngx_http_weir_metrics_t *metrics)
{
    weir_series_use_t                use;
    ngx_http_weir_metrics_shared_t  *shared;

    shared = ngx_http_weir_metrics_shared(metrics);

    if (shared->series == NULL) {
        return;
    }

    weir_series_use(shared->series, &use);

    if (use.max == metrics->max_series) {
        return;
    }

    weir_series_bound(shared->series, metrics->max_series);

    ngx_log_error(NGX_LOG_NOTICE, shm_zone->shm.log, 0,
                  "weir: tenants may have %ui series now, not %uL; they have "
                  "%uL", metrics->max_series, use.max, use.series);
}


static char *
ngx_http_weir_set_metrics_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ssize_t                   size;
    ngx_int_t                 n;
    ngx_str_t                *value, s;
    ngx_uint_t                i;
    ngx_http_weir_metrics_t  *metrics;

    metrics = ngx_http_weir_metrics_want(cf);
    if (metrics == NULL) {
        return NGX_CONF_ERROR;
    }

    if (metrics->size) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size < (ssize_t) (64 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\", it must be at least %uz "
                           "bytes", &value[1], 64 * ngx_pagesize);
        return NGX_CONF_ERROR;
    }

    metrics->size = size;

    ngx_http_weir_needs_policy(cf, "weir_metrics_zone");

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "max_series=", 11) == 0) {
            n = ngx_atoi(value[i].data + 11, value[i].len - 11);

            if (n < 1000 || n > 100000000) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"%V\" is not between 1000 and 100000000",
                                   &value[i]);
                return NGX_CONF_ERROR;
            }

            metrics->max_series = n;
            continue;
        }

        if (ngx_strncmp(value[i].data, "flush=", 6) == 0) {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;

            n = ngx_parse_time(&s, 0);

            if (n < 100 || n > 3600000) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"%V\" is not between 100ms and 1h",
                                   &value[i]);
                return NGX_CONF_ERROR;
            }

            metrics->flush = n;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
