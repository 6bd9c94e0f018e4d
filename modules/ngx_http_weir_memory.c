/*
 * ngx_http_weir_memory.c: shared memory, by what it is for.
 */

#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_metrics.h"


static void ngx_http_weir_memory_rows(weir_rows_t *rows,
    ngx_http_weir_part_t *part);


void
ngx_http_weir_memory(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_part_t parts[NGX_HTTP_WEIR_NPARTS])
{
    ngx_http_weir_metrics_shared_t  *shared;

    ngx_memzero(parts, NGX_HTTP_WEIR_NPARTS * sizeof(ngx_http_weir_part_t));

    ngx_http_weir_zone_parts(wmcf->zone, parts);
    ngx_http_weir_policy_memory(wmcf->policy,
                                &parts[NGX_HTTP_WEIR_PART_IMAGES].bytes,
                                &parts[NGX_HTTP_WEIR_PART_IMAGES].used);
    parts[NGX_HTTP_WEIR_PART_IMAGES].known = 1;

    ngx_http_weir_keys_memory(wmcf->issuers,
                              &parts[NGX_HTTP_WEIR_PART_KEYS].bytes,
                              &parts[NGX_HTTP_WEIR_PART_KEYS].used);
    parts[NGX_HTTP_WEIR_PART_KEYS].known = 1;

    shared = wmcf->metrics ? ngx_http_weir_metrics_shared(wmcf->metrics)
                           : NULL;

    if (shared && shared->series) {
        ngx_http_weir_memory_rows(weir_series_rows(shared->series),
                                  &parts[NGX_HTTP_WEIR_PART_METRICS]);
    }

    if (shared && shared->usage) {
        ngx_http_weir_memory_rows(weir_usage_rows(shared->usage),
                                  &parts[NGX_HTTP_WEIR_PART_USAGE]);
    }
}


static void
ngx_http_weir_memory_rows(weir_rows_t *rows, ngx_http_weir_part_t *part)
{
    weir_rows_use_t  use;

    weir_rows_use(rows, &use);

    part->bytes = use.size;
    part->used = use.used;
    part->known = 1;
}


const char *
ngx_http_weir_part_name(ngx_uint_t part)
{
    static const char *const  names[] = {
#define P(name, text)  text,
        NGX_HTTP_WEIR_PARTS(P)
#undef P
    };

    return names[part];
}
