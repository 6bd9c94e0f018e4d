/*
 * ngx_http_weir_keys.c: what requests ask of the keys of issuers, and the
 * timer that keeps them.
 */

#include "ngx_http_weir_keys_core.h"

#define NGX_HTTP_WEIR_KEYS_SWEEP  60000     /* ms */


static ngx_http_weir_keys_source_t *ngx_http_weir_keys_add(
    ngx_http_weir_issuers_t *all, const weir_img_issuer_t *issuer,
    const weir_image_t *img);
static ngx_int_t ngx_http_weir_keys_describe(ngx_http_weir_keys_source_t *s,
    const weir_img_issuer_t *issuer, const weir_image_t *img);
static void ngx_http_weir_keys_times(ngx_http_weir_keys_source_t *s,
    const weir_img_issuer_t *issuer);
static ngx_int_t ngx_http_weir_keys_string(ngx_pool_t *pool, weir_str_t from,
    ngx_str_t *to);
static weir_keys_t *ngx_http_weir_keys_sync(ngx_http_weir_keys_source_t *s);
static ngx_int_t ngx_http_weir_keys_budget(ngx_http_weir_keys_source_t *s);
static ngx_int_t ngx_http_weir_keys_queue(ngx_http_weir_keys_source_t *s,
    ngx_http_weir_ctx_t *ctx, uint64_t tries);
static void ngx_http_weir_keys_unqueue(void *data);
static void ngx_http_weir_keys_handler(ngx_event_t *ev);
static int64_t ngx_http_weir_keys_step(ngx_http_weir_keys_source_t *s);
static void ngx_http_weir_keys_follow(ngx_http_weir_issuers_t *all);
static void ngx_http_weir_keys_bury(ngx_event_t *ev);
static void ngx_http_weir_keys_forget(ngx_http_weir_keys_source_t *s);


ngx_http_weir_issuers_t *
ngx_http_weir_keys_create(ngx_conf_t *cf, ngx_http_weir_policy_t *policy,
    const ngx_http_weir_outgoing_t *outgoing, const ngx_path_t *cache)
{
    ngx_http_weir_issuers_t  *all;

    all = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_issuers_t));

    if (all == NULL || ngx_http_weir_keys_zone_add(cf, all) != NGX_OK) {
        return NULL;
    }

    all->policy = policy;
    all->outgoing = outgoing;
    all->cache = cache;

    ngx_queue_init(&all->sources);

    return all;
}


ngx_int_t
ngx_http_weir_keys_init_process(ngx_http_weir_issuers_t *all,
    ngx_cycle_t *cycle)
{
    all->cycle = cycle;

    all->timer.handler = ngx_http_weir_keys_handler;
    all->timer.data = all;
    all->timer.log = cycle->log;
    all->timer.cancelable = 1;

    all->bury.handler = ngx_http_weir_keys_bury;
    all->bury.data = all;
    all->bury.log = cycle->log;

    all->started = 1;

    /* files are read before the first request */

    ngx_http_weir_keys_handler(&all->timer);

    return NGX_OK;
}


void
ngx_http_weir_keys_exit_process(ngx_http_weir_issuers_t *all)
{
    ngx_queue_t  *q;

    if (!all->started) {
        return;
    }

    all->started = 0;

    if (all->timer.timer_set) {
        ngx_del_timer(&all->timer);
    }

    if (all->bury.posted) {
        ngx_delete_posted_event(&all->bury);
    }

    while (!ngx_queue_empty(&all->sources)) {
        q = ngx_queue_head(&all->sources);
        ngx_http_weir_keys_forget(
            ngx_queue_data(q, ngx_http_weir_keys_source_t, link));
    }
}


/* Requests */

const weir_keys_t *
ngx_http_weir_keys_get(ngx_http_weir_ctx_t *ctx,
    const weir_img_issuer_t *issuer)
{
    ngx_http_weir_issuers_t      *all;
    ngx_http_weir_main_conf_t    *wmcf;
    ngx_http_weir_keys_source_t  *s;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);
    all = wmcf->issuers;
    s = ngx_http_weir_keys_find(all, issuer);

    if (s == NULL) {
        return NULL;
    }

    s->used = ngx_http_weir_keys_now();

    return ngx_http_weir_keys_current(s);
}


ngx_int_t
ngx_http_weir_keys_refresh(ngx_http_weir_ctx_t *ctx,
    const weir_img_issuer_t *issuer)
{
    uint64_t                      tries;
    ngx_http_weir_issuers_t      *all;
    ngx_http_weir_main_conf_t    *wmcf;
    ngx_http_weir_keys_source_t  *s;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);
    all = wmcf->issuers;

    if (!all->started) {
        return NGX_DECLINED;
    }

    s = ngx_http_weir_keys_find(all, issuer);

    if (s == NULL) {
        s = ngx_http_weir_keys_add(all, issuer, ctx->pin.image);

        if (s == NULL) {
            return NGX_DECLINED;
        }
    }

    /* before anything is asked: what ends from here on is seen to end */

    tries = ngx_http_weir_load(&s->entry->tries);

    if (!ngx_http_weir_keys_has_url(s)) {

        /* the timer will look at the file for the first time */

        return tries == 0 ? ngx_http_weir_keys_queue(s, ctx, tries)
                          : NGX_DECLINED;
    }

    if (!ngx_http_weir_keys_fetching(s)) {

        if (ngx_http_weir_keys_budget(s) != NGX_OK) {
            return NGX_DECLINED;
        }

        ngx_http_weir_keys_fetch(s);
    }

    return ngx_http_weir_keys_queue(s, ctx, tries);
}


/* Whoever asks first within the time has all of it. */

static ngx_int_t
ngx_http_weir_keys_budget(ngx_http_weir_keys_source_t *s)
{
    int64_t  asked, now;

    now = ngx_http_weir_keys_now();
    asked = ngx_http_weir_load(&s->entry->asked);

    if (asked != 0 && now - asked < s->refresh) {
        return NGX_DECLINED;
    }

    return ngx_http_weir_keys_take(&s->entry->asked, asked, now)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_weir_keys_queue(ngx_http_weir_keys_source_t *s,
    ngx_http_weir_ctx_t *ctx, uint64_t tries)
{
    ngx_event_t                *timer;
    ngx_pool_cleanup_t         *cln;
    ngx_http_weir_keys_wait_t  *w;

    cln = ngx_pool_cleanup_add(ctx->request->pool,
                               sizeof(ngx_http_weir_keys_wait_t));
    if (cln == NULL) {
        return NGX_DECLINED;
    }

    w = cln->data;

    w->ctx = ctx;
    w->tries = tries;
    w->until = ngx_http_weir_keys_now() + s->wait;

    ngx_queue_insert_tail(&s->waits, &w->link);

    cln->handler = ngx_http_weir_keys_unqueue;

    /* the timer looks soon, and then often: no flood puts that off */

    timer = &s->all->timer;

    if (timer->timer_set
        && (ngx_msec_int_t) (timer->timer.key - ngx_current_msec)
           > NGX_HTTP_WEIR_KEYS_POLL)
    {
        ngx_del_timer(timer);
    }

    if (!timer->timer_set) {
        ngx_add_timer(timer, 1);
    }

    return NGX_AGAIN;
}


static void
ngx_http_weir_keys_unqueue(void *data)
{
    ngx_http_weir_keys_wait_t *w = data;

    if (w->ctx != NULL) {
        ngx_queue_remove(&w->link);
        w->ctx = NULL;
    }
}


void
ngx_http_weir_keys_wake(ngx_http_weir_keys_source_t *s)
{
    int64_t                     now;
    uint64_t                    tries;
    ngx_queue_t                *q, *next;
    ngx_http_weir_ctx_t        *ctx;
    ngx_http_weir_keys_wait_t  *w;

    now = ngx_http_weir_keys_now();
    tries = ngx_http_weir_load(&s->entry->tries);

    for (q = ngx_queue_head(&s->waits);
         q != ngx_queue_sentinel(&s->waits);
         q = next)
    {
        next = ngx_queue_next(q);
        w = ngx_queue_data(q, ngx_http_weir_keys_wait_t, link);

        if (w->tries == tries && now < w->until) {
            continue;
        }

        ctx = w->ctx;
        ngx_http_weir_keys_unqueue(w);
        ngx_http_weir_wake(ctx);            /* posts an event */
    }
}


/* Sources */

ngx_http_weir_keys_source_t *
ngx_http_weir_keys_find(ngx_http_weir_issuers_t *all,
    const weir_img_issuer_t *issuer)
{
    ngx_queue_t                  *q;
    ngx_http_weir_keys_source_t  *s;

    for (q = ngx_queue_head(&all->sources);
         q != ngx_queue_sentinel(&all->sources);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_weir_keys_source_t, link);

        if (s->algs == issuer->algs
            && ngx_memcmp(&s->id, &issuer->keys_id, sizeof(weir_id_t)) == 0)
        {
            return s;
        }
    }

    return NULL;
}


static ngx_http_weir_keys_source_t *
ngx_http_weir_keys_add(ngx_http_weir_issuers_t *all,
    const weir_img_issuer_t *issuer, const weir_image_t *img)
{
    ngx_pool_t                   *pool;
    ngx_http_weir_keys_source_t  *s;

    pool = ngx_create_pool(1024, all->timer.log);
    if (pool == NULL) {
        return NULL;
    }

    s = ngx_pcalloc(pool, sizeof(ngx_http_weir_keys_source_t));

    if (s == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    s->all = all;
    s->pool = pool;
    s->id = issuer->keys_id;
    s->algs = issuer->algs;
    s->kind = issuer->keys;
    s->used = ngx_http_weir_keys_now();

    ngx_queue_init(&s->waits);
    ngx_http_weir_keys_times(s, issuer);

    if (ngx_http_weir_keys_describe(s, issuer, img) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    s->entry = ngx_http_weir_keys_entry(all, &s->id);

    if (s->entry == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ngx_queue_insert_tail(&all->sources, &s->link);

    return s;
}


static ngx_int_t
ngx_http_weir_keys_describe(ngx_http_weir_keys_source_t *s,
    const weir_img_issuer_t *issuer, const weir_image_t *img)
{
    if (ngx_http_weir_keys_string(s->pool, weir_img_str(img, issuer->name),
                                  &s->name)
        != NGX_OK
        || ngx_http_weir_keys_string(s->pool, weir_img_str(img, issuer->iss),
                                     &s->iss)
           != NGX_OK
        || ngx_http_weir_keys_string(s->pool, weir_img_str(img, issuer->url),
                                     &s->url)
           != NGX_OK
        || ngx_http_weir_keys_string(s->pool, weir_img_str(img, issuer->file),
                                     &s->file)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* as file names of the configuration: relative to its directory */

    return s->file.len
           ? ngx_get_full_name(s->pool, &s->all->cycle->conf_prefix, &s->file)
           : NGX_OK;
}


/* What another policy may say of the same source. */

static void
ngx_http_weir_keys_times(ngx_http_weir_keys_source_t *s,
    const weir_img_issuer_t *issuer)
{
    s->ttl = (int64_t) issuer->ttl * 1000;
    s->stale_max = (int64_t) issuer->stale_max * 1000;
    s->refresh = (int64_t) issuer->refresh * 1000;
    s->wait = (int64_t) issuer->wait;
}


static ngx_int_t
ngx_http_weir_keys_string(ngx_pool_t *pool, weir_str_t from, ngx_str_t *to)
{
    to->len = from.len;
    to->data = ngx_pnalloc(pool, from.len + 1);

    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from.data, from.len);
    to->data[from.len] = '\0';

    return NGX_OK;
}


static void
ngx_http_weir_keys_forget(ngx_http_weir_keys_source_t *s)
{
    ngx_queue_t                *q;
    ngx_http_weir_keys_wait_t  *w;

    ngx_http_weir_keys_stop(s);

    while (!ngx_queue_empty(&s->waits)) {
        q = ngx_queue_head(&s->waits);
        w = ngx_queue_data(q, ngx_http_weir_keys_wait_t, link);
        ngx_http_weir_keys_unqueue(w);
    }

    weir_keys_free(s->keys);
    weir_keys_free(s->old);

    ngx_queue_remove(&s->link);
    ngx_destroy_pool(s->pool);
}


/* Keys */

const weir_keys_t *
ngx_http_weir_keys_current(ngx_http_weir_keys_source_t *s)
{
    weir_keys_t  *old;

    /* a set may be looked at until the event handler ends */

    if (s->old == NULL) {
        old = ngx_http_weir_keys_sync(s);

        if (old != NULL) {
            s->old = old;
            ngx_post_event(&s->all->bury, &ngx_posted_events);
        }
    }

    if (ngx_http_weir_load(&s->entry->origin) > NGX_HTTP_WEIR_KEYS_FILE
        && ngx_http_weir_keys_now() - ngx_http_weir_load(&s->entry->since)
           > s->stale_max)
    {
        return NULL;
    }

    return s->keys;
}


/* Makes keys those of the zone; returns what they were, if that has changed. */

static weir_keys_t *
ngx_http_weir_keys_sync(ngx_http_weir_keys_source_t *s)
{
    size_t                       len;
    u_char                      *text;
    uint64_t                     version;
    ngx_int_t                    rc;
    weir_keys_t                 *keys, *old;
    weir_keys_error_t            error;
    ngx_http_weir_keys_entry_t  *entry;

    if (ngx_http_weir_load(&s->entry->version) == s->version) {
        return NULL;
    }

    rc = ngx_http_weir_keys_copy(s, &text, &len, &version);

    if (rc == NGX_DECLINED) {

        /* this worker slept until it was forgotten: it begins anew */

        entry = ngx_http_weir_keys_entry(s->all, &s->id);

        if (entry != NULL) {
            s->entry = entry;
        }

        return NULL;
    }

    if (rc == NGX_ERROR) {
        return NULL;
    }

    keys = NULL;

    ngx_cpystrn((u_char *) error.text, (u_char *) "no memory",
                sizeof(error.text));

    if (len != 0
        && weir_keys_read(weir_str((char *) text, len), s->algs, &keys, &error,
                          NULL, NULL)
           != WEIR_OK)
    {
        keys = NULL;
        ngx_log_error(NGX_LOG_ERR, s->all->timer.log, 0,
                      "weir: no keys of issuer \"%V\" in this worker: %s",
                      &s->name, error.text);
    }

    free(text);

    old = s->keys;
    s->keys = keys;
    s->version = version;

    return old;
}


void
ngx_http_weir_keys_replace(ngx_http_weir_keys_source_t *s, weir_keys_t *keys,
    uint64_t version)
{
    weir_keys_free(s->keys);

    s->keys = keys;
    s->version = version;
}


static void
ngx_http_weir_keys_bury(ngx_event_t *ev)
{
    ngx_queue_t                  *q;
    ngx_http_weir_issuers_t      *all;
    ngx_http_weir_keys_source_t  *s;

    all = ev->data;

    for (q = ngx_queue_head(&all->sources);
         q != ngx_queue_sentinel(&all->sources);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_weir_keys_source_t, link);

        weir_keys_free(s->old);
        s->old = NULL;
    }
}


/* The timer */

static void
ngx_http_weir_keys_handler(ngx_event_t *ev)
{
    int64_t                       next, now;
    ngx_queue_t                  *q, *after;
    ngx_http_weir_issuers_t      *all;
    ngx_http_weir_keys_source_t  *s;

    all = ev->data;
    now = ngx_http_weir_keys_now();
    next = NGX_HTTP_WEIR_KEYS_TICK;

    ngx_http_weir_keys_follow(all);

    for (q = ngx_queue_head(&all->sources);
         q != ngx_queue_sentinel(&all->sources);
         q = after)
    {
        after = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_http_weir_keys_source_t, link);

        if (s->generation == all->generation) {
            s->used = now;
        }

        if (now - s->used > NGX_HTTP_WEIR_KEYS_UNUSED
            && ngx_queue_empty(&s->waits))
        {
            ngx_http_weir_keys_forget(s);
            continue;
        }

        next = ngx_min(next, ngx_http_weir_keys_step(s));
    }

    if (now - all->swept > NGX_HTTP_WEIR_KEYS_SWEEP) {
        all->swept = now;
        ngx_http_weir_keys_sweep(all);
    }

    ngx_add_timer(&all->timer, (ngx_msec_t) next);
}


static int64_t
ngx_http_weir_keys_step(ngx_http_weir_keys_source_t *s)
{
    int64_t  next;

    /* of an old policy: only what its last requests want */

    if (s->generation != s->all->generation && s->fetch == NULL
        && ngx_queue_empty(&s->waits))
    {
        return NGX_HTTP_WEIR_KEYS_TICK;
    }

    next = ngx_min(NGX_HTTP_WEIR_KEYS_TICK, ngx_http_weir_keys_work(s));

    weir_keys_free(ngx_http_weir_keys_sync(s));
    ngx_http_weir_keys_wake(s);

    return ngx_queue_empty(&s->waits) ? ngx_max(next, 1)
                                      : NGX_HTTP_WEIR_KEYS_POLL;
}


/* Sources are those of the current policy, once it is another. */

static void
ngx_http_weir_keys_follow(ngx_http_weir_issuers_t *all)
{
    uint64_t                      generation, known;
    uint32_t                      i;
    ngx_uint_t                    has, lacks, lacked;
    ngx_http_weir_pin_t           pin;
    const weir_img_issuer_t      *issuer;
    ngx_http_weir_keys_source_t  *s;

    /* an image is opened only where there is something for us in it */

    known = all->lacks ? 0 : all->generation;
    generation = ngx_http_weir_policy_has(all->policy, WEIR_S_ISSUERS, known,
                                          &has);

    if (generation == known) {
        return;
    }

    if (!has) {
        all->generation = generation;
        all->issuers = 0;
        all->lacks = 0;
        return;
    }

    if (ngx_http_weir_policy_pin(all->policy, &pin) != NGX_OK) {
        return;
    }

    lacked = all->lacks && all->generation == pin.generation;
    lacks = 0;

    all->generation = pin.generation;
    all->issuers = pin.image->n[WEIR_S_ISSUERS];

    for (i = 0; i < pin.image->n[WEIR_S_ISSUERS]; i++) {
        issuer = &WEIR_REC(pin.image, ISSUERS)[i];
        s = ngx_http_weir_keys_find(all, issuer);

        if (s == NULL) {
            s = ngx_http_weir_keys_add(all, issuer, pin.image);
        }

        if (s == NULL) {
            lacks++;
            continue;
        }

        s->generation = pin.generation;
        ngx_http_weir_keys_times(s, issuer);
    }

    /* tried again until it fits */

    all->lacks = (lacks != 0);

    if (lacks && !lacked) {
        ngx_log_error(NGX_LOG_WARN, all->timer.log, 0,
                      "weir: the keys of %ui issuers wait for those of the "
                      "policies of the last seconds to go", lacks);
    }

    ngx_http_weir_policy_unpin(all->policy, &pin);
}
