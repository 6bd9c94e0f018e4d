/*
 * ngx_http_weir_limits.c: what the engine asks of nginx about limits, and
 * what a request holds of them until it ends.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_limits.h"


static weir_limits_t *ngx_http_weir_limits_table(void *host);
static int64_t ngx_http_weir_limits_clock(void *host);
static int64_t ngx_http_weir_limits_wall(void *host);
static uint32_t ngx_http_weir_limits_worker(void *host);
static weir_rc_t ngx_http_weir_limits_time(void *host, int64_t *now);
static uint32_t ngx_http_weir_limits_nodes(void *host);
static weir_rc_t ngx_http_weir_limits_ask(void *host, const weir_ask_t *ask,
    weir_hold_t *hold);
static void ngx_http_weir_limits_owe(void *host, const weir_ask_t *ask);
static ngx_http_weir_limits_t *ngx_http_weir_limits_of(void *host);
static ngx_uint_t ngx_http_weir_limits_lead(void *data);


const weir_limiter_t  ngx_http_weir_limiter = {
    .table = ngx_http_weir_limits_table,
    .clock = ngx_http_weir_limits_clock,
    .wall = ngx_http_weir_limits_wall,
    .worker = ngx_http_weir_limits_worker,
    .store_clock = ngx_http_weir_limits_time,
    .nodes = ngx_http_weir_limits_nodes,
    .ask = ngx_http_weir_limits_ask,
    .owe = ngx_http_weir_limits_owe
};


ngx_http_weir_limits_t *
ngx_http_weir_limits_create(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    ngx_http_weir_limits_t  *limits;

    limits = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_limits_t));

    if (limits) {
        limits->wmcf = wmcf;
        limits->lane = NGX_HTTP_WEIR_NO_WORKER;
    }

    return limits;
}


ngx_int_t
ngx_http_weir_limits_init_process(ngx_http_weir_limits_t *limits,
    ngx_cycle_t *cycle)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = limits->wmcf;

    limits->log = cycle->log;
    limits->table = ngx_http_weir_zone_limits(wmcf->zone);
    limits->lanes = ngx_http_weir_zone_lanes(wmcf->zone);
    limits->beat = ngx_http_weir_zone_beat(wmcf->zone);
    limits->started = 1;

    ngx_http_weir_lanes_start(limits);
    ngx_http_weir_asks_init(limits);

    if (wmcf->store == NULL) {
        return NGX_OK;
    }

    if (ngx_http_weir_store_start(wmcf->store, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_weir_beat_start(wmcf->store, limits->beat,
                                    ngx_http_weir_limits_lead, limits);
}


void
ngx_http_weir_limits_exit_process(ngx_http_weir_limits_t *limits)
{
    if (!limits->started) {
        return;
    }

    limits->started = 0;

    ngx_http_weir_asks_stop(limits);

    /* of two that end at once, at least one is the last */

    ngx_http_weir_lanes_stop(limits);

    if (limits->wmcf->store) {

        if (ngx_http_weir_lanes_last(limits)) {
            ngx_http_weir_beat_leave(limits->wmcf->store);
        }

        ngx_http_weir_store_stop(limits->wmcf->store);
    }
}


static ngx_uint_t
ngx_http_weir_limits_lead(void *data)
{
    return ngx_http_weir_lanes_lead(data);
}


/* Limits of a cluster without a store: said once of each policy. */
void
ngx_http_weir_limits_look(ngx_http_weir_limits_t *limits)
{
    uint64_t                 generation;
    uint32_t                 i;
    ngx_uint_t               has;
    weir_str_t               id;
    ngx_http_weir_pin_t      pin;
    ngx_http_weir_policy_t  *policy;
    const weir_img_limit_t  *limit;

    policy = limits->wmcf->policy;

    if (limits->wmcf->store || !ngx_http_weir_lanes_lead(limits)) {
        return;
    }

    generation = ngx_http_weir_policy_has(policy, WEIR_S_LIMITS,
                                          limits->generation, &has);

    if (generation == limits->generation) {
        return;
    }

    limits->generation = generation;

    if (!has || ngx_http_weir_policy_pin(policy, &pin) != NGX_OK) {
        return;
    }

    limit = WEIR_REC(pin.image, LIMITS);

    for (i = 0; i < pin.image->n[WEIR_S_LIMITS]; i++) {

        if (limit[i].cluster) {
            id = weir_img_str(pin.image, limit[i].id);
            ngx_log_error(NGX_LOG_WARN, limits->log, 0,
                          "weir: there is no \"weir_redis\": limit \"%*s\" "
                          "of the cluster does what it says of a store that "
                          "fails, and so do others of this scope",
                          NGX_HTTP_WEIR_STR(id));
            break;
        }
    }

    ngx_http_weir_policy_unpin(policy, &pin);
}


void
ngx_http_weir_limits_charge(ngx_http_weir_ctx_t *ctx)
{
    if (ctx->txn && ctx->decision.verdict == WEIR_ALLOW
        && weir_txn_charges(ctx->txn))
    {
        weir_txn_charge(ctx->txn);
    }
}


void
ngx_http_weir_limits_count(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_ctx_t *ctx)
{
    uint32_t      i, n;
    ngx_uint_t    free;
    weir_hold_t  *hold;

    if (ctx->txn == NULL) {
        return;
    }

    hold = weir_txn_limits(ctx->txn, &n);

    if (n == 0) {
        return;
    }

    free = 0;

    for (i = 0; i < n; i++) {
        free += hold[i].free;
    }

    if (free) {
        ngx_http_weir_count(wmcf, LIMIT_UNCOUNTED, free);
    }

    if (ctx->decision.dry_limited) {
        ngx_http_weir_count(wmcf, LIMIT_DRY_RUN, ctx->decision.dry_limited);
    }

    if (ctx->decision.verdict == WEIR_ALLOW) {
        ngx_http_weir_count(wmcf, LIMIT_ALLOWED, 1);
    }
}


ngx_int_t
ngx_http_weir_limits_keep(ngx_http_weir_ctx_t *ctx)
{
    uint32_t        i, n;
    weir_hold_t    *hold;
    weir_flight_t  *flights;

    if (ctx->txn == NULL) {
        return NGX_OK;
    }

    hold = weir_txn_limits(ctx->txn, &n);

    if (n == 0) {
        return NGX_OK;
    }

    flights = ngx_palloc(ctx->request->pool, n * sizeof(weir_flight_t));
    if (flights == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        flights[i] = hold[i].flight;
        hold[i].flight.cell = 0;
    }

    ctx->flights = flights;
    ctx->nflights = n;

    return NGX_OK;
}


void
ngx_http_weir_limits_release(ngx_http_weir_ctx_t *ctx)
{
    uint32_t                 i, n;
    weir_hold_t             *hold;
    ngx_http_weir_limits_t  *limits;

    ngx_http_weir_asks_forget(ctx);

    limits = ngx_http_weir_limits_of(ctx);

    if (limits->table == NULL || limits->lane == NGX_HTTP_WEIR_NO_WORKER) {
        return;
    }

    for (i = 0; i < ctx->nflights; i++) {
        weir_flight_give(limits->table, &ctx->flights[i], limits->lane);
    }

    if (ctx->txn == NULL) {
        return;
    }

    hold = weir_txn_limits(ctx->txn, &n);

    for (i = 0; i < n; i++) {
        weir_flight_give(limits->table, &hold[i].flight, limits->lane);
    }
}


weir_rc_t
ngx_http_weir_limits_store_clock(ngx_http_weir_limits_t *limits, int64_t *now)
{
    ngx_http_weir_store_t  *store;

    store = limits->wmcf->store;

    if (store == NULL || !limits->started || !ngx_http_weir_store_open(store))
    {
        return WEIR_DECLINED;
    }

    return ngx_http_weir_beat_clock(limits->beat, now) == NGX_OK
           ? WEIR_OK : WEIR_DECLINED;
}


/* The engine asks */

static weir_limits_t *
ngx_http_weir_limits_table(void *host)
{
    ngx_http_weir_limits_t  *limits;

    limits = ngx_http_weir_limits_of(host);

    return limits->lane == NGX_HTTP_WEIR_NO_WORKER ? NULL : limits->table;
}


static int64_t
ngx_http_weir_limits_clock(void *host)
{
    return ngx_http_weir_turn_clock();
}


static int64_t
ngx_http_weir_limits_wall(void *host)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return ((int64_t) tp->sec * 1000 + tp->msec) * 1000000;
}


static uint32_t
ngx_http_weir_limits_nodes(void *host)
{
    return ngx_http_weir_beat_nodes(ngx_http_weir_limits_of(host)->beat);
}


static uint32_t
ngx_http_weir_limits_worker(void *host)
{
    return ngx_http_weir_limits_of(host)->lane;
}


static weir_rc_t
ngx_http_weir_limits_time(void *host, int64_t *now)
{
    return ngx_http_weir_limits_store_clock(ngx_http_weir_limits_of(host),
                                            now);
}


static weir_rc_t
ngx_http_weir_limits_ask(void *host, const weir_ask_t *ask, weir_hold_t *hold)
{
    ngx_http_weir_limits_t  *limits;

    limits = ngx_http_weir_limits_of(host);

    if (limits->wmcf->store == NULL || !limits->started
        || !ngx_http_weir_store_open(limits->wmcf->store))
    {
        return WEIR_DECLINED;
    }

    return ngx_http_weir_asks_add(limits, host, ask, hold);
}


static void
ngx_http_weir_limits_owe(void *host, const weir_ask_t *ask)
{
    ngx_http_weir_limits_t  *limits;

    limits = ngx_http_weir_limits_of(host);

    if (limits->wmcf->store && limits->started) {
        ngx_http_weir_asks_owe(limits, ask);
    }
}


static ngx_http_weir_limits_t *
ngx_http_weir_limits_of(void *host)
{
    ngx_http_weir_ctx_t *ctx = host;

    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);

    return wmcf->limits;
}
