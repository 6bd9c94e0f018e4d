/*
 * ngx_http_weir_limit_lanes.c: a lane for every live process, of the table of
 * limits and of counters.
 *
 * No process is needed: whoever comes first when it is time looks for the
 * dead.
 */

#include "ngx_http_weir_limits.h"

#define NGX_HTTP_WEIR_LANES_EVERY  500      /* ms */


static void ngx_http_weir_lanes_handler(ngx_event_t *ev);
static void ngx_http_weir_lanes_look(ngx_http_weir_limits_t *limits);
static void ngx_http_weir_lanes_claim(ngx_http_weir_limits_t *limits);
static void ngx_http_weir_lanes_clear(void *data, ngx_uint_t lane,
    ngx_pid_t dead);


void
ngx_http_weir_lanes_start(ngx_http_weir_limits_t *limits)
{
    limits->timer.handler = ngx_http_weir_lanes_handler;
    limits->timer.data = limits;
    limits->timer.log = limits->log;
    limits->timer.cancelable = 1;

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

    lane = limits->lane;

    if (lane == NGX_HTTP_WEIR_NO_WORKER) {
        return;
    }

    /*
     * Requests that end with the process give nothing back.  It goes on to
     * count in the lines, and shows nothing there any more.
     */

    limits->lane = NGX_HTTP_WEIR_NO_WORKER;

    if (limits->wmcf->store && limits->wmcf->counters) {
        ngx_http_weir_store_lines(limits->wmcf->store,
                                  &limits->wmcf->counters->store, NULL);
    }

    ngx_http_weir_worker_release(&limits->lanes->workers, lane,
                                 ngx_http_weir_lanes_clear, limits);
}


ngx_uint_t
ngx_http_weir_lanes_lead(ngx_http_weir_limits_t *limits)
{
    return ngx_http_weir_worker_leads(&limits->lanes->workers, limits->lane);
}


ngx_uint_t
ngx_http_weir_lanes_last(ngx_http_weir_limits_t *limits)
{
    return ngx_http_weir_worker_none(&limits->lanes->workers);
}


static void
ngx_http_weir_lanes_handler(ngx_event_t *ev)
{
    ngx_http_weir_limits_t  *limits;

    limits = ev->data;

    if (limits->lane == NGX_HTTP_WEIR_NO_WORKER) {
        ngx_http_weir_lanes_claim(limits);

    } else {
        ngx_http_weir_lanes_look(limits);
    }

    ngx_http_weir_limits_look(limits);

    ngx_add_timer(ev, NGX_HTTP_WEIR_LANES_EVERY);
}


static void
ngx_http_weir_lanes_look(ngx_http_weir_limits_t *limits)
{
    uint64_t                looked, now;
    ngx_http_weir_lanes_t  *lanes;

    lanes = limits->lanes;

    now = ngx_current_msec;
    looked = __atomic_load_n(&lanes->looked, __ATOMIC_SEQ_CST);

    if ((int64_t) (now - looked) >= NGX_HTTP_WEIR_LANES_EVERY
        && __atomic_compare_exchange_n(&lanes->looked, &looked, now, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    {
        (void) ngx_http_weir_worker_reap(&lanes->workers, limits->lane,
                                         ngx_http_weir_lanes_clear, limits);
    }
}


static void
ngx_http_weir_lanes_claim(ngx_http_weir_limits_t *limits)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = limits->wmcf;

    if (ngx_http_weir_worker_claim(&limits->lanes->workers,
                                   ngx_http_weir_lanes_clear, limits,
                                   &limits->lane)
        != NGX_OK)
    {
        return;
    }

    wmcf->counters = ngx_http_weir_zone_counters(wmcf->zone, limits->lane);

    if (wmcf->counters == NULL) {
        ngx_log_error(NGX_LOG_WARN, limits->log, 0,
                      "weir: no room for the counters of this worker in zone "
                      "\"%V\"", &wmcf->zone->shm.name);
        return;
    }

    if (wmcf->store) {
        ngx_http_weir_store_lines(wmcf->store, &wmcf->counters->store,
                                  &wmcf->counters->store_now);
    }
}


static void
ngx_http_weir_lanes_clear(void *data, ngx_uint_t lane, ngx_pid_t dead)
{
    ngx_http_weir_limits_t *limits = data;

    if (limits->table) {
        weir_flight_reap(limits->table, lane);
    }

    ngx_http_weir_zone_forget(limits->wmcf->zone, lane);
}
