/*
 * ngx_http_weir_zone.c: shared memory for state that outlives a reload.
 *
 * Counters lie in lines of one lane each, so that workers do not contend for
 * them; lines are made on first use and never freed.  Additions are atomic
 * nonetheless: a lane changes hands.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_limits.h"
#include "ngx_http_weir_revoked.h"
#include "ngx_http_weir_split_sync.h"


struct ngx_http_weir_zone_s {
    time_t                           began;
    size_t                           bytes[NGX_HTTP_WEIR_NPARTS];
    weir_tokens_t                   *tokens;    /* a half of the zone */
    weir_limits_t                   *limits;    /* a quarter */
    weir_seen_t                     *seen;      /* a sixteenth */
    weir_splits_t                   *splits;    /* a sixteenth */
    ngx_http_weir_split_shared_t     agreement; /* on them */
    weir_revoked_t                  *revoked;   /* a sixteenth */
    ngx_http_weir_revoked_shared_t   reading;   /* of it */
    ngx_http_weir_lanes_t            lanes;     /* of limits */
    ngx_http_weir_beat_t             beat;
    ngx_http_weir_counters_t        *counters[NGX_HTTP_WEIR_WORKER_SLOTS];
};


/* a line is summed as so many words */
_Static_assert(sizeof(ngx_http_weir_counters_t) % sizeof(ngx_atomic_t) == 0,
               "nothing but words");


static ngx_int_t ngx_http_weir_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);


ngx_shm_zone_t *
ngx_http_weir_zone_add(ngx_conf_t *cf, size_t size)
{
    ngx_shm_zone_t  *shm_zone;

    ngx_str_t  name = ngx_string("weir");

    shm_zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_weir_module);

    if (shm_zone) {
        shm_zone->init = ngx_http_weir_zone_init;
    }

    return shm_zone;
}


ngx_http_weir_counters_t *
ngx_http_weir_zone_counters(ngx_shm_zone_t *zone, ngx_uint_t lane)
{
    ngx_slab_pool_t           *shpool;
    ngx_http_weir_zone_t      *z;
    ngx_http_weir_counters_t  *c;

    if (lane >= NGX_HTTP_WEIR_WORKER_SLOTS) {
        return NULL;
    }

    z = zone->data;
    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    c = z->counters[lane];

    if (c == NULL) {
        c = ngx_slab_calloc_locked(shpool, ngx_align(
                                       sizeof(ngx_http_weir_counters_t), 128));
        z->counters[lane] = c;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return c;
}


void
ngx_http_weir_zone_forget(ngx_shm_zone_t *zone, ngx_uint_t lane)
{
    ngx_http_weir_zone_t      *z;
    ngx_http_weir_counters_t  *c;

    z = zone->data;
    c = z->counters[lane];

    if (c) {
        ngx_memzero(&c->store_now, sizeof(ngx_http_weir_store_now_t));
        ngx_memzero((void *) c->gauges, sizeof(c->gauges));
    }
}


weir_tokens_t *
ngx_http_weir_zone_tokens(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return z->tokens;
}


weir_seen_t *
ngx_http_weir_zone_seen(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return z->seen;
}


weir_limits_t *
ngx_http_weir_zone_limits(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return z->limits;
}


ngx_http_weir_lanes_t *
ngx_http_weir_zone_lanes(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return &z->lanes;
}


weir_splits_t *
ngx_http_weir_zone_splits(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return z->splits;
}


ngx_http_weir_split_shared_t *
ngx_http_weir_zone_split_sync(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return &z->agreement;
}


weir_revoked_t *
ngx_http_weir_zone_revoked(ngx_shm_zone_t *zone,
    ngx_http_weir_revoked_shared_t **shared)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    *shared = &z->reading;

    return z->revoked;
}


time_t
ngx_http_weir_zone_began(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return z->began;
}


void
ngx_http_weir_zone_parts(ngx_shm_zone_t *zone, ngx_http_weir_part_t *parts)
{
    uint64_t               rest;
    ngx_uint_t             i;
    ngx_slab_pool_t       *shpool;
    weir_limits_use_t      use;
    ngx_http_weir_zone_t  *z;

    z = zone->data;
    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    rest = zone->shm.size;

    for (i = 0; i < NGX_HTTP_WEIR_NPARTS; i++) {
        parts[i].bytes += z->bytes[i];
        rest -= z->bytes[i];
    }

    i = NGX_HTTP_WEIR_PART_REST;
    parts[i].bytes = rest;
    parts[i].used = rest - ngx_min(rest, shpool->pfree * ngx_pagesize);
    parts[i].known = 1;

    if (z->limits) {
        weir_limits_use(z->limits, ngx_http_weir_turn_clock(), &use);

        i = NGX_HTTP_WEIR_PART_LIMITS;
        parts[i].used = use.used * (parts[i].bytes / ngx_max(use.cells, 1));
        parts[i].known = 1;
    }

    if (z->revoked) {
        i = NGX_HTTP_WEIR_PART_REVOKED;
        parts[i].used = weir_revoked_count(z->revoked)
                        * (parts[i].bytes
                           / ngx_max(weir_revoked_room(z->revoked), 1));
        parts[i].known = 1;
    }
}


ngx_http_weir_beat_t *
ngx_http_weir_zone_beat(ngx_shm_zone_t *zone)
{
    ngx_http_weir_zone_t  *z;

    z = zone->data;

    return &z->beat;
}


void
ngx_http_weir_zone_sum(ngx_shm_zone_t *zone, ngx_http_weir_sum_t *sum)
{
    ngx_uint_t                 i, k, circuit;
    ngx_atomic_t              *to, *from;
    ngx_http_weir_zone_t      *z;
    ngx_http_weir_counters_t  *c;

    z = zone->data;
    to = (ngx_atomic_t *) &sum->all;

    ngx_memzero(sum, sizeof(ngx_http_weir_sum_t));

    for (i = 0; i < NGX_HTTP_WEIR_WORKER_SLOTS; i++) {
        c = z->counters[i];

        if (c == NULL) {
            continue;
        }

        from = (ngx_atomic_t *) c;

        for (k = 0; k < sizeof(*c) / sizeof(ngx_atomic_t); k++) {
            to[k] += from[k];
        }

        circuit = c->store_now.circuit;

        if (circuit) {
            sum->circuits[circuit - 1]++;
        }
    }
}


static ngx_int_t
ngx_http_weir_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    void                  *p;
    size_t                 len, size;
    weir_id_t              key;
    ngx_uint_t             pages;
    ngx_slab_pool_t       *shpool;
    ngx_http_weir_zone_t  *z;

    if (data) {
        shm_zone->data = data;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        shm_zone->data = shpool->data;
        return NGX_OK;
    }

    z = ngx_slab_calloc(shpool, sizeof(ngx_http_weir_zone_t));
    if (z == NULL
        || ngx_http_weir_beat_init(&z->beat, shm_zone->shm.log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    z->began = ngx_time();

    /* whole pages, which nobody touches before they are used */

    pages = shpool->pfree;

    p = ngx_http_weir_zone_pages(shpool, pages / 2, &size);
    z->tokens = p ? weir_tokens_init(p, size) : NULL;
    z->bytes[NGX_HTTP_WEIR_PART_TOKENS] = p ? size : 0;

    p = ngx_http_weir_zone_pages(shpool, pages / 4, &size);
    z->limits = p ? weir_limits_init(p, size) : NULL;
    z->bytes[NGX_HTTP_WEIR_PART_LIMITS] = p ? size : 0;

    p = ngx_http_weir_zone_pages(shpool, pages / 16, &size);
    z->seen = p ? weir_seen_init(p, size) : NULL;
    z->bytes[NGX_HTTP_WEIR_PART_PROOFS] = p ? size : 0;

    p = ngx_http_weir_zone_pages(shpool, pages / 16, &size);
    z->splits = p ? weir_splits_init(p, size) : NULL;
    z->bytes[NGX_HTTP_WEIR_PART_SPLITS] = p ? size : 0;

    /* the node's name is random; whoever knows it has the store anyway */

    ngx_memcpy(key.bytes, z->beat.node, sizeof(key.bytes));

    p = ngx_http_weir_zone_pages(shpool, pages / 16, &size);
    z->revoked = p ? weir_revoked_init(p, size, &key) : NULL;
    z->bytes[NGX_HTTP_WEIR_PART_REVOKED] = p ? size : 0;

    shpool->data = z;
    shm_zone->data = z;

    len = sizeof(" in zone \"\"") + shm_zone->shm.name.len;

    shpool->log_ctx = ngx_slab_alloc(shpool, len);
    if (shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(shpool->log_ctx, " in zone \"%V\"%Z", &shm_zone->shm.name);

    if (!ngx_test_config) {
        ngx_log_error(NGX_LOG_NOTICE, shm_zone->shm.log, 0,
                      "weir: local state starts fresh in zone \"%V\"",
                      &shm_zone->shm.name);
    }

    return NGX_OK;
}


void *
ngx_http_weir_zone_pages(ngx_slab_pool_t *shpool, ngx_uint_t pages,
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
