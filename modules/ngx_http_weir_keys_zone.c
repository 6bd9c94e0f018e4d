/*
 * ngx_http_weir_keys_zone.c: texts of key sets, and what is known of their
 * sources, in shared memory.
 */

#include "ngx_http_weir_keys_core.h"

/* address space; memory is what sets take */
#define NGX_HTTP_WEIR_KEYS_ZONE  (16 * 1024 * 1024)


static ngx_int_t ngx_http_weir_keys_zone_init(ngx_shm_zone_t *zone,
    void *data);
static void ngx_http_weir_keys_free(ngx_slab_pool_t *pool,
    ngx_http_weir_keys_entry_t *e);


/* Zones of one tag and size are one zone across reloads. */
static const char  ngx_http_weir_keys_tag = 0;


#define ngx_http_weir_keys_pool(all)                                          \
    ((ngx_slab_pool_t *) (all)->zone->shm.addr)

/* Under the mutex: an entry whose worker slept too long may be another's. */
#define ngx_http_weir_keys_mine(s)                                            \
    ((s)->entry->taken                                                        \
     && ngx_memcmp(&(s)->entry->id, &(s)->id, sizeof(weir_id_t)) == 0)


ngx_int_t
ngx_http_weir_keys_zone_add(ngx_conf_t *cf, ngx_http_weir_issuers_t *all)
{
    ngx_str_t  name = ngx_string("weir_keys");

    all->zone = ngx_shared_memory_add(cf, &name, NGX_HTTP_WEIR_KEYS_ZONE,
                                      (void *) &ngx_http_weir_keys_tag);
    if (all->zone == NULL) {
        return NGX_ERROR;
    }

    all->zone->init = ngx_http_weir_keys_zone_init;
    all->zone->data = all;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_keys_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t          *pool;
    ngx_http_weir_issuers_t  *all;

    all = zone->data;
    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data == NULL && !zone->shm.exists) {
        pool->log_nomem = 0;
        pool->data = ngx_slab_calloc(pool, sizeof(ngx_http_weir_keys_zone_t));
        if (pool->data == NULL) {
            return NGX_ERROR;
        }
    }

    all->shared = pool->data;

    return NGX_OK;
}


ngx_http_weir_keys_entry_t *
ngx_http_weir_keys_entry(ngx_http_weir_issuers_t *all, const weir_id_t *id)
{
    int64_t                      now;
    ngx_uint_t                   i;
    ngx_slab_pool_t             *pool;
    ngx_http_weir_keys_entry_t  *e, *found, *oldest;

    pool = ngx_http_weir_keys_pool(all);
    now = ngx_http_weir_keys_now();
    found = NULL;
    oldest = NULL;

    ngx_shmtx_lock(&pool->mutex);

    for (i = 0; i < 2 * WEIR_MAX_ISSUERS; i++) {
        e = &all->shared->entries[i];

        if (!e->taken) {
            found = found ? found : e;
            continue;
        }

        if (ngx_memcmp(&e->id, id, sizeof(weir_id_t)) == 0) {
            found = e;
            break;
        }

        if (oldest == NULL
            || ngx_http_weir_load(&e->used) < ngx_http_weir_load(&oldest->used))
        {
            oldest = e;
        }
    }

    if (found == NULL
        && now - ngx_http_weir_load(&oldest->used) > NGX_HTTP_WEIR_KEYS_LEFT)
    {
        ngx_http_weir_keys_free(pool, oldest);
        found = oldest;
    }

    if (found != NULL) {

        if (!found->taken) {
            ngx_memzero(found, sizeof(*found));
            found->id = *id;
        }

        ngx_http_weir_store(&found->used, now);
        found->taken = 1;
    }

    ngx_shmtx_unlock(&pool->mutex);

    return found;
}


void
ngx_http_weir_keys_sweep(ngx_http_weir_issuers_t *all)
{
    int64_t                      now;
    ngx_uint_t                   i;
    ngx_slab_pool_t             *pool;
    ngx_http_weir_keys_entry_t  *e;

    pool = ngx_http_weir_keys_pool(all);
    now = ngx_http_weir_keys_now();

    ngx_shmtx_lock(&pool->mutex);

    for (i = 0; i < 2 * WEIR_MAX_ISSUERS; i++) {
        e = &all->shared->entries[i];

        if (e->taken
            && now - ngx_http_weir_load(&e->used)
               > NGX_HTTP_WEIR_KEYS_UNUSED)
        {
            ngx_http_weir_keys_free(pool, e);
        }
    }

    ngx_shmtx_unlock(&pool->mutex);
}


void
ngx_http_weir_keys_memory(ngx_http_weir_issuers_t *all, uint64_t *bytes,
    uint64_t *used)
{
    *bytes = all->zone->shm.size;
    *used = *bytes - ngx_min(*bytes,
                             ngx_http_weir_keys_pool(all)->pfree
                             * ngx_pagesize);
}


/* What is not reachable first: a worker may die at any line. */

static void
ngx_http_weir_keys_free(ngx_slab_pool_t *pool, ngx_http_weir_keys_entry_t *e)
{
    u_char  *text;

    text = e->text;

    e->text = NULL;
    e->len = 0;
    ngx_http_weir_store(&e->version, 0);
    e->taken = 0;

    if (text != NULL) {
        ngx_slab_free_locked(pool, text);
    }
}


ngx_int_t
ngx_http_weir_keys_copy(ngx_http_weir_keys_source_t *s, u_char **text,
    size_t *len, uint64_t *version)
{
    u_char                      *copy;
    size_t                       room;
    ngx_slab_pool_t             *pool;
    ngx_http_weir_keys_entry_t  *e;

    e = s->entry;
    pool = ngx_http_weir_keys_pool(s->all);
    copy = NULL;
    room = 0;

    /* memory is not asked for under the mutex: its size is a guess */

    for ( ;; ) {
        ngx_shmtx_lock(&pool->mutex);

        if (!ngx_http_weir_keys_mine(s)) {
            ngx_shmtx_unlock(&pool->mutex);
            free(copy);
            return NGX_DECLINED;
        }

        if (e->len <= room) {
            break;
        }

        room = e->len;

        ngx_shmtx_unlock(&pool->mutex);

        free(copy);
        copy = malloc(room);

        if (copy == NULL) {
            return NGX_ERROR;
        }
    }

    if (e->len) {
        ngx_memcpy(copy, e->text, e->len);
    }

    *text = copy;
    *len = e->len;
    *version = ngx_http_weir_load(&e->version);

    ngx_shmtx_unlock(&pool->mutex);

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_keys_put(ngx_http_weir_keys_source_t *s, weir_str_t text,
    ngx_http_weir_keys_origin_t origin, int64_t since, time_t success,
    uint64_t *version)
{
    u_char                      *old, *copy;
    ngx_int_t                    rc;
    ngx_slab_pool_t             *pool;
    ngx_http_weir_keys_entry_t  *e;

    e = s->entry;
    pool = ngx_http_weir_keys_pool(s->all);
    rc = NGX_OK;

    ngx_shmtx_lock(&pool->mutex);

    if (!ngx_http_weir_keys_mine(s) || ngx_http_weir_load(&e->origin) > origin)
    {
        ngx_shmtx_unlock(&pool->mutex);
        return NGX_DECLINED;
    }

    if (e->text == NULL || e->len != text.len
        || ngx_memcmp(e->text, text.data, text.len) != 0)
    {
        copy = ngx_slab_alloc_locked(pool, text.len);

        if (copy == NULL) {
            rc = NGX_ERROR;

        } else {
            ngx_memcpy(copy, text.data, text.len);
            old = e->text;

            /*
             * A worker may die at any line, and the mutex is taken from it:
             * whoever copied the old text copies again, and len is never more
             * than the text has.
             */

            ngx_http_weir_store(&e->version, ++s->all->shared->versions);

            e->len = ngx_min(e->len, text.len);
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            e->text = copy;
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            e->len = text.len;

            if (old != NULL) {
                ngx_slab_free_locked(pool, old);
            }
        }
    }

    if (rc == NGX_OK) {
        ngx_http_weir_store(&e->origin, (uint64_t) origin);
        ngx_http_weir_store(&e->since, since);
        ngx_http_weir_store(&e->success, (uint64_t) success);

        /*
         * A copy is read by one worker while another fetches, and says
         * nothing of what answered that.
         */

        if (origin != NGX_HTTP_WEIR_KEYS_DISK) {
            e->error[0] = '\0';
        }

        *version = ngx_http_weir_load(&e->version);
    }

    ngx_shmtx_unlock(&pool->mutex);

    return rc;
}


ngx_uint_t
ngx_http_weir_keys_put_error(ngx_http_weir_keys_source_t *s, const char *why)
{
    ngx_uint_t        news;
    ngx_slab_pool_t  *pool;

    pool = ngx_http_weir_keys_pool(s->all);
    news = 0;

    ngx_shmtx_lock(&pool->mutex);

    if (ngx_http_weir_keys_mine(s)) {
        news = ngx_strncmp(s->entry->error, why, sizeof(s->entry->error) - 1);
        ngx_cpystrn(s->entry->error, (u_char *) why, sizeof(s->entry->error));
    }

    ngx_shmtx_unlock(&pool->mutex);

    return news != 0;
}


void
ngx_http_weir_keys_get_error(ngx_http_weir_keys_source_t *s, u_char *buf,
    size_t size)
{
    ngx_slab_pool_t  *pool;

    pool = ngx_http_weir_keys_pool(s->all);

    buf[0] = '\0';

    ngx_shmtx_lock(&pool->mutex);

    if (ngx_http_weir_keys_mine(s)) {
        ngx_cpystrn(buf, s->entry->error, size);
    }

    ngx_shmtx_unlock(&pool->mutex);
}


ngx_uint_t
ngx_http_weir_keys_seen(ngx_http_weir_keys_source_t *s,
    const ngx_http_weir_file_state_t *now, ngx_uint_t set)
{
    ngx_uint_t        same;
    ngx_slab_pool_t  *pool;

    pool = ngx_http_weir_keys_pool(s->all);

    ngx_shmtx_lock(&pool->mutex);

    same = ngx_memcmp(&s->entry->seen, now, sizeof(*now)) == 0;

    if (set && ngx_http_weir_keys_mine(s)) {
        s->entry->seen = *now;
    }

    ngx_shmtx_unlock(&pool->mutex);

    return same;
}


ngx_uint_t
ngx_http_weir_keys_take(int64_t *word, int64_t from, int64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
