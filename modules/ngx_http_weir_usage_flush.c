/*
 * ngx_http_weir_usage_flush.c: when what was counted here goes to the store.
 *
 * One worker of those that count in the same memory makes a round every
 * "flush": it looks at all rows, some of them a turn of the event loop, and
 * writes what the store has not got, a bounded number of calls at a time.
 * What the store has is marked at the rows, so any worker can go on.
 *
 * Everything is written again when a connection is newer than the epoch (the
 * server may have started without its data, or be another one that had not
 * all of it), when a field is gone, and every hour.
 *
 * The last worker that counts here writes the rest as it ends.  Until then
 * each waits, for a bounded time, for its own calls: none may reach the store
 * after those of the last one, which have more.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_usage.h"

#define NGX_HTTP_WEIR_USAGE_CALLS   64          /* under way, at most */
#define NGX_HTTP_WEIR_USAGE_ROWS    256         /* looked at in a turn */
#define NGX_HTTP_WEIR_USAGE_TICK    1000        /* ms */
#define NGX_HTTP_WEIR_USAGE_HOUR    3600000     /* ms */
/* ms: what a server got before its connection was lost may come to it later
   than what it got after that */
#define NGX_HTTP_WEIR_USAGE_AGAIN   60000
#define NGX_HTTP_WEIR_USAGE_END     5000        /* ms: a worker that quits */
#define NGX_HTTP_WEIR_USAGE_QUIET   60000       /* ms between two log lines */

/* of a row: each period, the current one and the one before it */
#define NGX_HTTP_WEIR_USAGE_GROUPS  (2 * WEIR_USAGE_PERIODS)


typedef struct ngx_http_weir_usage_flush_s  ngx_http_weir_usage_flush_t;

struct ngx_http_weir_usage_flush_s {
    ngx_http_weir_main_conf_t       *wmcf;
    ngx_http_weir_metrics_shared_t  *shared;
    ngx_log_t                       *log;
    ngx_uint_t                       slot;      /* of shared->workers */
    ngx_event_t                      timer;
    ngx_event_t                      turn;      /* posted: a round goes on */
    ngx_msec_t                       logged;

    u_char                          *writes;    /* NULL: not a round yet */
    size_t                           size;      /* of one of them */
    ngx_http_weir_usage_write_t     *free;

    /* a round */
    weir_usage_now_t                 now;
    unsigned                         kind;
    unsigned                         group;
    weir_row_t                      *row;       /* NULL: all were looked at */
    ngx_uint_t                       open;      /* calls */
    ngx_uint_t                       most;      /* of them */
    unsigned                         running:1;
    unsigned                         failed:1;  /* no more calls */
    unsigned                         passed:1;  /* something was refused */
};


static void ngx_http_weir_usage_tick(ngx_event_t *ev);
static ngx_uint_t ngx_http_weir_usage_due(ngx_http_weir_usage_flush_t *flush);
static void ngx_http_weir_usage_begin(ngx_http_weir_usage_flush_t *flush);
static void ngx_http_weir_usage_epoch(ngx_http_weir_usage_flush_t *flush);
static ngx_int_t ngx_http_weir_usage_room(ngx_http_weir_usage_flush_t *flush);
static void ngx_http_weir_usage_turn(ngx_event_t *ev);
static ngx_int_t ngx_http_weir_usage_fill(ngx_http_weir_usage_flush_t *flush,
    ngx_uint_t rows);
static void ngx_http_weir_usage_send(ngx_http_weir_usage_flush_t *flush,
    const ngx_http_weir_usage_entry_t *e);
static void ngx_http_weir_usage_step(ngx_http_weir_usage_flush_t *flush);
static void ngx_http_weir_usage_done(ngx_http_weir_usage_write_t *w,
    ngx_http_weir_store_result_e result, ngx_uint_t lost);
static void ngx_http_weir_usage_free(ngx_http_weir_usage_flush_t *flush,
    ngx_http_weir_usage_write_t *w);
static void ngx_http_weir_usage_refused(ngx_http_weir_usage_flush_t *flush,
    const char *why);
static void ngx_http_weir_usage_ended(ngx_http_weir_usage_flush_t *flush);
static void ngx_http_weir_usage_last(ngx_http_weir_usage_flush_t *flush,
    ngx_msec_t until);
static void ngx_http_weir_usage_drain(ngx_http_weir_usage_flush_t *flush,
    ngx_msec_t until);
static void ngx_http_weir_usage_clear_slot(void *data, ngx_uint_t slot,
    ngx_pid_t dead);


ngx_int_t
ngx_http_weir_usage_init_process(ngx_http_weir_main_conf_t *wmcf,
    ngx_cycle_t *cycle)
{
    ngx_http_weir_metrics_shared_t  *shared;
    ngx_http_weir_usage_flush_t     *flush;

    if (wmcf->metrics == NULL || wmcf->store == NULL) {
        return NGX_OK;
    }

    shared = ngx_http_weir_metrics_shared(wmcf->metrics);

    if (shared->usage == NULL) {
        return NGX_OK;
    }

    flush = ngx_pcalloc(cycle->pool, sizeof(ngx_http_weir_usage_flush_t));
    if (flush == NULL) {
        return NGX_ERROR;
    }

    flush->wmcf = wmcf;
    flush->shared = shared;
    flush->log = cycle->log;
    flush->logged = ngx_current_msec - NGX_HTTP_WEIR_USAGE_QUIET;

    if (ngx_http_weir_worker_claim(&shared->workers,
                                   ngx_http_weir_usage_clear_slot, NULL,
                                   &flush->slot)
        != NGX_OK)
    {
        flush->slot = NGX_HTTP_WEIR_NO_WORKER;
    }

    flush->timer.handler = ngx_http_weir_usage_tick;
    flush->timer.data = flush;
    flush->timer.log = cycle->log;
    flush->timer.cancelable = 1;

    flush->turn.handler = ngx_http_weir_usage_turn;
    flush->turn.data = flush;
    flush->turn.log = cycle->log;

    wmcf->metrics->flusher = flush;

    ngx_add_timer(&flush->timer,
                  ngx_min(wmcf->metrics->flush, NGX_HTTP_WEIR_USAGE_TICK));

    return NGX_OK;
}


void
ngx_http_weir_usage_exit_process(ngx_http_weir_main_conf_t *wmcf)
{
    ngx_msec_t                    until;
    ngx_http_weir_usage_flush_t  *flush;

    flush = wmcf->metrics ? wmcf->metrics->flusher : NULL;

    if (flush == NULL) {
        return;
    }

    wmcf->metrics->flusher = NULL;

    if (flush->timer.timer_set) {
        ngx_del_timer(&flush->timer);
    }

    if (flush->turn.posted) {
        ngx_delete_posted_event(&flush->turn);
    }

    ngx_time_update();

    until = ngx_current_msec
            + (ngx_terminate ? ngx_http_weir_store_timeout(wmcf->store)
                             : NGX_HTTP_WEIR_USAGE_END);

    ngx_http_weir_usage_drain(flush, until);

    flush->running = 0;

    if (flush->slot != NGX_HTTP_WEIR_NO_WORKER) {
        ngx_http_weir_usage_last(flush, until);
    }

    if (flush->writes) {
        ngx_free(flush->writes);
    }
}


/* Whether and when */

static void
ngx_http_weir_usage_tick(ngx_event_t *ev)
{
    ngx_msec_t                    every;
    ngx_msec_int_t                left;
    ngx_http_weir_usage_flush_t  *flush;

    flush = ev->data;
    every = flush->wmcf->metrics->flush;

    if (!flush->running && ngx_http_weir_usage_due(flush)) {
        ngx_http_weir_usage_begin(flush);
        ngx_http_weir_usage_turn(&flush->turn);
    }

    left = (ngx_msec_int_t) (weir_load(&flush->shared->round) + every
                             - ngx_current_msec);

    if (left <= 0 || left > NGX_HTTP_WEIR_USAGE_TICK) {
        left = ngx_min(every, NGX_HTTP_WEIR_USAGE_TICK);
    }

    ngx_add_timer(ev, (ngx_msec_t) left);
}


/*
 * Workers that quit leave it to others, unless there are none: those of a
 * configuration whose zone had another size, or of a node that ends.
 */

static ngx_uint_t
ngx_http_weir_usage_due(ngx_http_weir_usage_flush_t *flush)
{
    uint64_t        round;
    ngx_uint_t      leads;
    ngx_msec_t      every;
    ngx_msec_int_t  age;

    if (flush->slot == NGX_HTTP_WEIR_NO_WORKER) {
        return 0;
    }

    leads = ngx_http_weir_worker_leads(&flush->shared->workers, flush->slot);

    every = flush->wmcf->metrics->flush;
    round = weir_load(&flush->shared->round);
    age = (ngx_msec_int_t) (ngx_current_msec - (ngx_msec_t) round);

    if (ngx_exiting ? age < (ngx_msec_int_t) (3 * every)
                    : !leads || age < (ngx_msec_int_t) every)
    {
        return 0;
    }

    return __atomic_compare_exchange_n(&flush->shared->round, &round,
                                       (uint64_t) ngx_current_msec, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}


static void
ngx_http_weir_usage_begin(ngx_http_weir_usage_flush_t *flush)
{
    flush->running = 1;
    flush->failed = 0;
    flush->passed = 0;
    flush->row = NULL;

    if (!ngx_http_weir_store_open(flush->wmcf->store)
        || ngx_http_weir_usage_room(flush) != NGX_OK)
    {
        flush->failed = 1;
        return;
    }

    ngx_http_weir_usage_epoch(flush);
    weir_usage_now((int64_t) ngx_time(), &flush->now);

    /* the first call goes alone: what the store refuses, it refuses once */

    flush->most = 1;
    flush->kind = WEIR_USAGE_ROUTES;
    flush->group = 0;
    flush->row = weir_rows_first(weir_usage_rows(flush->shared->usage),
                                 flush->kind);

    if (flush->row == NULL) {
        ngx_http_weir_usage_step(flush);
    }
}


static void
ngx_http_weir_usage_epoch(ngx_http_weir_usage_flush_t *flush)
{
    ngx_msec_t                       opened;
    ngx_uint_t                       fresh, lost;
    ngx_http_weir_metrics_shared_t  *shared;

    shared = flush->shared;
    opened = ngx_http_weir_store_opened(flush->wmcf->store);

    fresh = (ngx_msec_int_t) (opened - (ngx_msec_t) weir_load(&shared->since))
            >= 0;
    lost = __atomic_exchange_n(&shared->lost, 0, __ATOMIC_SEQ_CST) != 0;

    if (!fresh && !lost
        && (ngx_msec_int_t) (ngx_current_msec
                             - (ngx_msec_t) weir_load(&shared->full)) < 0)
    {
        return;
    }

    if (lost) {
        ngx_log_error(NGX_LOG_NOTICE, flush->log, 0,
                      "weir: usage is gone from the store; all of it that is "
                      "known here is written again");
    }

    weir_store(&shared->epoch, weir_load(&shared->epoch) + 1);
    weir_store(&shared->since, (uint64_t) ngx_current_msec);
    weir_store(&shared->full, (uint64_t) ngx_current_msec
                              + (fresh ? NGX_HTTP_WEIR_USAGE_AGAIN
                                       : NGX_HTTP_WEIR_USAGE_HOUR));
}


/* Most workers never make a round. */

static ngx_int_t
ngx_http_weir_usage_room(ngx_http_weir_usage_flush_t *flush)
{
    ngx_uint_t                    i;
    ngx_http_weir_usage_write_t  *w;

    if (flush->writes) {
        return NGX_OK;
    }

    flush->size = ngx_http_weir_usage_write_size(
                      ngx_http_weir_store_prefix(flush->wmcf->store));
    flush->writes = ngx_calloc(NGX_HTTP_WEIR_USAGE_CALLS * flush->size,
                               flush->log);

    if (flush->writes == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_WEIR_USAGE_CALLS; i++) {
        w = (ngx_http_weir_usage_write_t *)
                (flush->writes + i * flush->size);
        w->done = ngx_http_weir_usage_done;
        w->data = flush;
        w->next = flush->free;
        flush->free = w;
    }

    return NGX_OK;
}


/* A round */

static void
ngx_http_weir_usage_turn(ngx_event_t *ev)
{
    ngx_http_weir_usage_flush_t *flush = ev->data;

    switch (ngx_http_weir_usage_fill(flush, NGX_HTTP_WEIR_USAGE_ROWS)) {

    case NGX_AGAIN:
        ngx_post_event(ev, &ngx_posted_next_events);
        break;

    case NGX_OK:

        if (flush->open == 0) {
            ngx_http_weir_usage_ended(flush);
        }

        break;

    default:                            /* a call that ends goes on */
        break;
    }
}


/*
 * NGX_OK: nothing is left to be sent; NGX_AGAIN: so many rows were looked at;
 * NGX_BUSY: no more calls for now.
 */

static ngx_int_t
ngx_http_weir_usage_fill(ngx_http_weir_usage_flush_t *flush, ngx_uint_t rows)
{
    uint64_t                     epoch;
    ngx_uint_t                   n;
    ngx_http_weir_usage_entry_t  e;

    epoch = weir_load(&flush->shared->epoch);

    for (n = rows * NGX_HTTP_WEIR_USAGE_GROUPS; /* void */ ; n--) {

        if (flush->failed || flush->row == NULL) {
            return NGX_OK;
        }

        if (flush->open == flush->most) {
            return NGX_BUSY;
        }

        if (n == 0) {
            return NGX_AGAIN;
        }

        e.row = flush->row;
        e.kind = flush->kind;
        e.period = flush->group / 2;
        e.number = flush->now.number[e.period] - flush->group % 2;

        weir_usage_read(e.row, e.kind, e.period, e.number, &e.count);

        if (ngx_http_weir_usage_stale(&e, epoch)) {
            ngx_http_weir_usage_send(flush, &e);
        }

        ngx_http_weir_usage_step(flush);
    }
}


static void
ngx_http_weir_usage_send(ngx_http_weir_usage_flush_t *flush,
    const ngx_http_weir_usage_entry_t *e)
{
    ngx_http_weir_usage_write_t  *w;

    w = flush->free;

    if (ngx_http_weir_usage_write(w, flush->wmcf->store, flush->shared, e)
        != NGX_OK)
    {
        flush->failed = 1;
        return;
    }

    flush->free = w->next;
    flush->open++;
}


static void
ngx_http_weir_usage_step(ngx_http_weir_usage_flush_t *flush)
{
    weir_rows_t  *rows;

    if (flush->row && ++flush->group < NGX_HTTP_WEIR_USAGE_GROUPS) {
        return;
    }

    rows = weir_usage_rows(flush->shared->usage);
    flush->group = 0;

    if (flush->row) {
        flush->row = weir_rows_next(rows, flush->row);
    }

    if (flush->row == NULL && flush->kind == WEIR_USAGE_ROUTES) {
        flush->kind = WEIR_USAGE_LIMITS;
        flush->row = weir_rows_first(rows, flush->kind);
    }
}


static void
ngx_http_weir_usage_done(ngx_http_weir_usage_write_t *w,
    ngx_http_weir_store_result_e result, ngx_uint_t lost)
{
    ngx_http_weir_usage_flush_t *flush = w->data;

    ngx_http_weir_store_stats_t  stats;

    ngx_http_weir_usage_free(flush, w);

    if (lost) {
        weir_store(&flush->shared->lost, 1);
    }

    if (result == NGX_HTTP_WEIR_STORE_OK) {
        flush->most = NGX_HTTP_WEIR_USAGE_CALLS;

    } else if (result == NGX_HTTP_WEIR_STORE_REFUSED) {
        ngx_http_weir_store_stats(flush->wmcf->store, &stats);
        ngx_http_weir_usage_refused(flush, stats.error);

    } else {
        flush->failed = 1;
    }

    ngx_post_event(&flush->turn, &ngx_posted_events);
}


static void
ngx_http_weir_usage_free(ngx_http_weir_usage_flush_t *flush,
    ngx_http_weir_usage_write_t *w)
{
    flush->open--;
    w->next = flush->free;
    flush->free = w;
}


/* A key of another type is passed over; any other error is for all keys. */

static void
ngx_http_weir_usage_refused(ngx_http_weir_usage_flush_t *flush,
    const char *why)
{
    flush->passed = 1;

    if (ngx_strncmp(why, "WRONGTYPE ", 10) != 0) {
        flush->failed = 1;
    }

    if (ngx_current_msec - flush->logged >= NGX_HTTP_WEIR_USAGE_QUIET) {
        flush->logged = ngx_current_msec;

        ngx_log_error(NGX_LOG_ERR, flush->log, 0,
                      "weir: the store does not take usage: %s", why);
    }
}


static void
ngx_http_weir_usage_ended(ngx_http_weir_usage_flush_t *flush)
{
    ngx_http_weir_metrics_shared_t  *shared;

    if (!flush->running) {
        return;
    }

    flush->running = 0;
    shared = flush->shared;

    if (flush->failed || flush->passed) {
        (void) __atomic_add_fetch(&shared->flush_failures, 1,
                                  __ATOMIC_SEQ_CST);
        return;
    }

    (void) __atomic_add_fetch(&shared->flushes, 1, __ATOMIC_SEQ_CST);
    weir_store(&shared->flushed, (uint64_t) ngx_time());
}


/* The end of a worker: no event comes any more */

static void
ngx_http_weir_usage_last(ngx_http_weir_usage_flush_t *flush, ngx_msec_t until)
{
    ngx_http_weir_workers_t  *workers;

    workers = &flush->shared->workers;

    (void) ngx_http_weir_worker_reap(workers, flush->slot,
                                     ngx_http_weir_usage_clear_slot, NULL);
    ngx_http_weir_worker_release(workers, flush->slot,
                                 ngx_http_weir_usage_clear_slot, NULL);

    if (!ngx_http_weir_worker_none(workers)) {
        return;
    }

    ngx_http_weir_usage_begin(flush);

    while (ngx_http_weir_usage_fill(flush, NGX_HTTP_WEIR_USAGE_ROWS)
           != NGX_OK)
    {
        ngx_http_weir_usage_drain(flush, until);
    }

    ngx_http_weir_usage_drain(flush, until);
    ngx_http_weir_usage_ended(flush);
}


static void
ngx_http_weir_usage_drain(ngx_http_weir_usage_flush_t *flush, ngx_msec_t until)
{
    ngx_uint_t                    i;
    ngx_msec_t                    timeout;
    ngx_msec_int_t                left;
    ngx_http_weir_usage_write_t  *w;

    timeout = ngx_http_weir_store_timeout(flush->wmcf->store);

    for (i = 0; flush->open && i < NGX_HTTP_WEIR_USAGE_CALLS; i++) {
        w = (ngx_http_weir_usage_write_t *) (flush->writes + i * flush->size);

        left = (ngx_msec_int_t) (until - ngx_current_msec);

        if (w->call.active && (flush->failed || left <= 0
            || ngx_http_weir_store_await(&w->call, ngx_min(timeout,
                                                       (ngx_msec_t) left))
               != NGX_OK))
        {
            flush->failed = 1;
            ngx_http_weir_store_cancel(&w->call);
            ngx_http_weir_usage_free(flush, w);
        }
    }

    if (flush->turn.posted) {
        ngx_delete_posted_event(&flush->turn);
    }
}


static void
ngx_http_weir_usage_clear_slot(void *data, ngx_uint_t slot, ngx_pid_t dead)
{
    /* nothing hangs on it */
}
