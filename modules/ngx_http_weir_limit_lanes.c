/*
 * ngx_http_weir_limit_lanes.c: a lane of the table of limits for every live
 * process.
 *
 * No lock is taken, and no process is needed: whoever comes first when it is
 * time looks for the dead.
 */

#include "ngx_http_weir_limits.h"

#define NGX_HTTP_WEIR_LANES_EVERY  500      /* ms */

#define weir_load(p)      __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define weir_store(p, v)  __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)


static void ngx_http_weir_lanes_handler(ngx_event_t *ev);
static void ngx_http_weir_lanes_claim(ngx_http_weir_limits_t *limits);
static void ngx_http_weir_lanes_reap(ngx_http_weir_limits_t *limits);
static void ngx_http_weir_lanes_empty(ngx_http_weir_limits_t *limits,
    ngx_uint_t lane);
static void ngx_http_weir_lanes_yield(ngx_http_weir_limits_t *limits);
static ngx_uint_t ngx_http_weir_lanes_take(uint64_t *word, uint64_t from,
    uint64_t to);


void
ngx_http_weir_lanes_start(ngx_http_weir_limits_t *limits)
{
    limits->lane = NGX_HTTP_WEIR_NO_WORKER;

    limits->timer.handler = ngx_http_weir_lanes_handler;
    limits->timer.data = limits;
    limits->timer.log = limits->log;
    limits->timer.cancelable = 1;

    ngx_http_weir_lanes_reap(limits);
    ngx_http_weir_lanes_claim(limits);

    if (limits->lane == NGX_HTTP_WEIR_NO_WORKER) {
        ngx_log_error(NGX_LOG_ALERT, limits->log, 0,
                      "weir: all %d lanes of the limits are taken; this "
                      "worker has no room to count",
                      NGX_HTTP_WEIR_WORKER_SLOTS);
    }

    ngx_add_timer(&limits->timer, 1);
}


void
ngx_http_weir_lanes_stop(ngx_http_weir_limits_t *limits)
{
    ngx_uint_t  lane;

    if (limits->timer.timer_set) {
        ngx_del_timer(&limits->timer);
    }

    ngx_http_weir_lanes_yield(limits);

    lane = limits->lane;

    if (lane == NGX_HTTP_WEIR_NO_WORKER) {
        return;
    }

    /* requests that end with the process give nothing back */

    limits->lane = NGX_HTTP_WEIR_NO_WORKER;

    ngx_http_weir_lanes_empty(limits, lane);
    weir_store(&limits->lanes->owners[lane], 0);
}


ngx_uint_t
ngx_http_weir_lanes_lead(ngx_http_weir_limits_t *limits)
{
    ngx_http_weir_worker_id_t  leader, self;

    if (ngx_exiting) {
        ngx_http_weir_lanes_yield(limits);
        return 0;
    }

    self = ngx_http_weir_worker_self();
    leader = weir_load(&limits->lanes->leader);

    if (leader == self) {
        return 1;
    }

    if (leader != 0 && ngx_http_weir_worker_alive(leader)) {
        return 0;
    }

    return ngx_http_weir_lanes_take(&limits->lanes->leader, leader, self);
}


static void
ngx_http_weir_lanes_yield(ngx_http_weir_limits_t *limits)
{
    (void) ngx_http_weir_lanes_take(&limits->lanes->leader,
                                    ngx_http_weir_worker_self(), 0);
}


ngx_uint_t
ngx_http_weir_lanes_last(ngx_http_weir_limits_t *limits)
{
    uint64_t                    used;
    ngx_uint_t                  i;
    ngx_http_weir_worker_id_t   owner, self;

    self = ngx_http_weir_worker_self();
    used = weir_load(&limits->lanes->used);

    for (i = 0; i < used; i++) {
        owner = weir_load(&limits->lanes->owners[i]);

        if (owner != 0 && owner != self) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_weir_lanes_handler(ngx_event_t *ev)
{
    uint64_t                 looked, now;
    ngx_http_weir_limits_t  *limits;

    limits = ev->data;

    now = ngx_current_msec;
    looked = weir_load(&limits->lanes->looked);

    if ((int64_t) (now - looked) >= NGX_HTTP_WEIR_LANES_EVERY
        && ngx_http_weir_lanes_take(&limits->lanes->looked, looked, now))
    {
        ngx_http_weir_lanes_reap(limits);
    }

    if (limits->lane == NGX_HTTP_WEIR_NO_WORKER) {
        ngx_http_weir_lanes_claim(limits);
    }

    ngx_http_weir_limits_look(limits);

    ngx_add_timer(ev, NGX_HTTP_WEIR_LANES_EVERY);
}


static void
ngx_http_weir_lanes_claim(ngx_http_weir_limits_t *limits)
{
    uint64_t                    used;
    ngx_uint_t                  i;
    ngx_http_weir_lanes_t      *lanes;
    ngx_http_weir_worker_id_t   self;

    lanes = limits->lanes;
    self = ngx_http_weir_worker_self();

    for (i = 0; i < NGX_HTTP_WEIR_WORKER_SLOTS; i++) {

        if (!ngx_http_weir_lanes_take(&lanes->owners[i], 0, self)) {
            continue;
        }

        used = weir_load(&lanes->used);

        while (used <= i
               && !__atomic_compare_exchange_n(&lanes->used, &used, i + 1, 0,
                                               __ATOMIC_SEQ_CST,
                                               __ATOMIC_SEQ_CST))
        {
            /* void */
        }

        limits->lane = i;
        return;
    }
}


/*
 * The lane is ours while it is emptied; if we die here, another finds it ours
 * and dead.
 */

static void
ngx_http_weir_lanes_reap(ngx_http_weir_limits_t *limits)
{
    uint64_t                    used;
    ngx_uint_t                  i;
    ngx_http_weir_lanes_t      *lanes;
    ngx_http_weir_worker_id_t   owner, self;

    lanes = limits->lanes;
    self = ngx_http_weir_worker_self();
    used = weir_load(&lanes->used);

    for (i = 0; i < used; i++) {
        owner = weir_load(&lanes->owners[i]);

        if (owner == 0 || owner == self || ngx_http_weir_worker_alive(owner)
            || !ngx_http_weir_lanes_take(&lanes->owners[i], owner, self))
        {
            continue;
        }

        ngx_http_weir_lanes_empty(limits, i);
        weir_store(&lanes->owners[i], 0);
    }
}


static void
ngx_http_weir_lanes_empty(ngx_http_weir_limits_t *limits, ngx_uint_t lane)
{
    if (limits->table) {
        weir_flight_reap(limits->table, lane);
    }
}


static ngx_uint_t
ngx_http_weir_lanes_take(uint64_t *word, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
