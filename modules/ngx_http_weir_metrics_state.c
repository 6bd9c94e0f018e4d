/*
 * ngx_http_weir_metrics_state.c: metrics that are read from where the state
 * lies.
 *
 * What is more than a word is read once, in one turn, when a scrape begins: no
 * pin is held while it is written, and a family of metrics says nothing of two
 * policies.  That is bounded: at most WEIR_MAX_SPLITS splits of WEIR_MAX_ARMS
 * arms, WEIR_MAX_ISSUERS issuers, and a line for each worker.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_metrics_state.h"
#include "ngx_http_weir_splits.h"
#include "image/bounds.h"


static void ngx_http_weir_state_workers(ngx_http_weir_state_t *st);
static ngx_int_t ngx_http_weir_state_policy(ngx_http_weir_state_t *st,
    ngx_pool_t *pool);
static ngx_int_t ngx_http_weir_state_issuers(ngx_http_weir_state_t *st,
    ngx_pool_t *pool, const weir_image_t *img);
static ngx_int_t ngx_http_weir_state_splits(ngx_http_weir_state_t *st,
    ngx_pool_t *pool, const weir_image_t *img);
static ngx_int_t ngx_http_weir_state_split(ngx_http_weir_state_t *st,
    ngx_pool_t *pool, const weir_image_t *img, const weir_img_split_t *s,
    ngx_http_weir_state_split_t *split);
static ngx_int_t ngx_http_weir_state_text(ngx_pool_t *pool, weir_str_t text,
    weir_str_t *copy);


ngx_http_weir_metrics_state_t *
ngx_http_weir_metrics_state_create(ngx_http_request_t *r)
{
    weir_limits_t              *table;
    ngx_http_weir_state_t      *st;
    ngx_http_weir_main_conf_t  *wmcf;

    st = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_state_t));
    if (st == NULL) {
        return NULL;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    st->wmcf = wmcf;

    ngx_http_weir_zone_sum(wmcf->zone, &st->sum);
    ngx_http_weir_policy_status(wmcf->policy, &st->policy);
    ngx_http_weir_memory(wmcf, st->parts);
    ngx_http_weir_state_workers(st);

    ngx_hex_dump(st->digest, st->policy.digest, WEIR_SHA256_LEN);

    if (st->policy.has_serial) {
        st->serial_len = ngx_sprintf(st->serial, "%uL", st->policy.serial)
                         - st->serial;
    }

    table = ngx_http_weir_zone_limits(wmcf->zone);

    if (table) {
        weir_limits_use(table, ngx_http_weir_turn_clock(), &st->limits);
    }

    st->shared = wmcf->metrics ? ngx_http_weir_metrics_shared(wmcf->metrics)
                               : NULL;

    if (st->shared && st->shared->series) {
        weir_series_use(st->shared->series, &st->series);
    }

    return ngx_http_weir_state_policy(st, r->pool) == NGX_OK ? st : NULL;
}


static void
ngx_http_weir_state_workers(ngx_http_weir_state_t *st)
{
    ngx_uint_t                i, k, age;
    ngx_http_weir_held_t     *held;
    ngx_http_weir_workers_t  *workers;

    workers = ngx_http_weir_policy_workers(st->wmcf->policy, &held);

    st->deaths = __atomic_load_n(&workers->reaped, __ATOMIC_RELAXED);

    for (i = 0; i < NGX_HTTP_WEIR_WORKER_SLOTS; i++) {

        if (__atomic_load_n(&workers->owners[i], __ATOMIC_RELAXED) == 0) {
            continue;
        }

        age = NGX_HTTP_WEIR_CURRENT;

        for (k = 0; k < NGX_HTTP_WEIR_IMAGE_SLOTS; k++) {
            if (k != st->policy.slot
                && __atomic_load_n(&held[i].pins[k], __ATOMIC_RELAXED))
            {
                age = NGX_HTTP_WEIR_OLDER;
            }
        }

        st->workers[age]++;
    }
}


/* What needs the image; without one, these metrics are left out. */

static ngx_int_t
ngx_http_weir_state_policy(ngx_http_weir_state_t *st, ngx_pool_t *pool)
{
    ngx_int_t            rc;
    ngx_http_weir_pin_t  pin;

    if (ngx_http_weir_policy_pin(st->wmcf->policy, &pin) != NGX_OK) {
        return NGX_OK;
    }

    rc = ngx_http_weir_state_issuers(st, pool, pin.image);

    if (rc == NGX_OK) {
        rc = ngx_http_weir_state_splits(st, pool, pin.image);
    }

    ngx_http_weir_policy_unpin(st->wmcf->policy, &pin);

    return rc;
}


static ngx_int_t
ngx_http_weir_state_issuers(ngx_http_weir_state_t *st, ngx_pool_t *pool,
    const weir_image_t *img)
{
    uint32_t                       i, n;
    const weir_img_issuer_t       *issuer;
    ngx_http_weir_state_issuer_t  *to;

    n = img->n[WEIR_S_ISSUERS];

    if (n == 0) {
        return NGX_OK;
    }

    st->issuers = ngx_palloc(pool, n * sizeof(ngx_http_weir_state_issuer_t));
    if (st->issuers == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        issuer = &WEIR_REC(img, ISSUERS)[i];
        to = &st->issuers[st->nissuers];

        if (ngx_http_weir_keys_view(st->wmcf->issuers, issuer, &to->view)
            != NGX_OK)
        {
            continue;
        }

        if (ngx_http_weir_state_text(pool, weir_img_str(img, issuer->name),
                                     &to->name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        st->nissuers++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_splits(ngx_http_weir_state_t *st, ngx_pool_t *pool,
    const weir_image_t *img)
{
    uint32_t  i, n;

    n = img->n[WEIR_S_SPLITS];

    if (n == 0) {
        return NGX_OK;
    }

    st->splits = ngx_pcalloc(pool, n * sizeof(ngx_http_weir_state_split_t));
    if (st->splits == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_weir_state_split(st, pool, img,
                                      &WEIR_REC(img, SPLITS)[i],
                                      &st->splits[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    st->nsplits = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_split(ngx_http_weir_state_t *st, ngx_pool_t *pool,
    const weir_image_t *img, const weir_img_split_t *s,
    ngx_http_weir_state_split_t *split)
{
    uint32_t                 i;
    const weir_img_arm_t    *arm;
    const weir_img_guard_t  *guard;

    split->narms = s->arms.count;
    split->nsteps = s->steps.count;
    split->mirrored = (s->mirror != WEIR_NONE);
    split->arms = ngx_palloc(pool, split->narms * sizeof(weir_str_t));

    if (split->arms == NULL
        || ngx_http_weir_state_text(pool, weir_img_str(img, s->name),
                                    &split->name)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    arm = &WEIR_REC(img, ARMS)[s->arms.first];

    for (i = 0; i < split->narms; i++) {

        if (ngx_http_weir_state_text(pool, weir_img_str(img, arm[i].name),
                                     &split->arms[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (arm[i].breaker != WEIR_NONE) {
            split->breakers |= (uint32_t) 1 << i;
        }
    }

    split->guarded[0] = -1;

    if (s->guard != WEIR_NONE) {
        guard = &WEIR_REC(img, GUARDS)[s->guard];
        split->guarded[0] = (int) (guard->arm - s->arms.first);
        split->guarded[1] = (int) (guard->versus - s->arms.first);
    }

    (void) weir_splits_view(st->wmcf->splits->table, img, s,
                            ngx_http_weir_turn_clock(), &split->view);

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_text(ngx_pool_t *pool, weir_str_t text, weir_str_t *copy)
{
    u_char  *p;

    p = ngx_pnalloc(pool, text.len ? text.len : 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, text.data, text.len);
    *copy = weir_str((char *) p, text.len);

    return NGX_OK;
}
