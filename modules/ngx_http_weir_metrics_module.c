/*
 * ngx_http_weir_metrics_module.c: weir_metrics_zone, and what looks into it.
 */

#include "ngx_http_weir_metrics.h"


static ngx_int_t ngx_http_weir_metrics_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static void *ngx_http_weir_metrics_pages(ngx_slab_pool_t *shpool,
    ngx_uint_t pages, size_t *size);
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


ngx_int_t
ngx_http_weir_metrics_create(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    ssize_t                   size;
    ngx_http_weir_metrics_t  *metrics;

    ngx_str_t  name = ngx_string("weir_metrics");

    if (!wmcf->wants_metrics) {
        return NGX_OK;
    }

    metrics = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_metrics_t));
    if (metrics == NULL) {
        return NGX_ERROR;
    }

    size = wmcf->metrics_size ? wmcf->metrics_size
                              : NGX_HTTP_WEIR_METRICS_SIZE;

    metrics->max_series = wmcf->max_series ? wmcf->max_series
                                           : NGX_HTTP_WEIR_MAX_SERIES;
    metrics->flush = wmcf->flush ? wmcf->flush : NGX_HTTP_WEIR_FLUSH;

    metrics->zone = ngx_shared_memory_add(cf, &name, size,
                                          &ngx_http_weir_metrics_module);
    if (metrics->zone == NULL) {
        return NGX_ERROR;
    }

    metrics->zone->init = ngx_http_weir_metrics_init_zone;
    metrics->zone->data = metrics;

    wmcf->metrics = metrics;

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

    /* of the configuration before: the bound of series stays as it was */

    if (data || shm_zone->shm.exists) {
        return NGX_OK;
    }

    shared = ngx_slab_calloc(shpool, sizeof(ngx_http_weir_metrics_shared_t));
    if (shared == NULL) {
        return NGX_ERROR;
    }

    shared->began = (uint64_t) ngx_time();

    pages = shpool->pfree;

    p = ngx_http_weir_metrics_pages(shpool, pages / 2, &size);
    shared->series = p ? weir_series_init(p, size, metrics->max_series) : NULL;

    p = ngx_http_weir_metrics_pages(shpool, pages / 2 - 1, &size);
    shared->usage = p ? weir_usage_init(p, size) : NULL;

    shpool->data = shared;

    return NGX_OK;
}


static void *
ngx_http_weir_metrics_pages(ngx_slab_pool_t *shpool, ngx_uint_t pages,
    size_t *size)
{
    void  *p;

    *size = pages * ngx_pagesize;

    p = pages ? ngx_slab_alloc(shpool, *size) : NULL;

#if (NGX_DEBUG_MALLOC)

    /* else it is zero, as it came */

    if (p) {
        ngx_memzero(p, *size);
    }

#endif

    return p;
}


static char *
ngx_http_weir_set_metrics_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ssize_t     size;
    ngx_int_t   n;
    ngx_str_t  *value, s;
    ngx_uint_t  i;

    if (wmcf->metrics_size) {
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

    wmcf->metrics_size = size;
    wmcf->wants_metrics = 1;

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

            wmcf->max_series = n;
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

            wmcf->flush = n;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
