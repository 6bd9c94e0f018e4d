/*
 * ngx_http_weir_trace_export.c: sends spans to the collector of weir_otlp,
 * by OTLP over HTTP, as JSON.
 *
 *     request ends ──▶ last batch ─ full, or interval ─▶ POST ──▶ exported
 *                          │                           ▲    │ 4xx, garbage
 *                          │ no room: dropped     wait │    ├──▶ failed
 *                          ▼                           └────┘ away, slow, 503
 *
 * Spans wait in batches, each the body of one POST, of which one is under
 * way at a time.  Nothing blocks; while spans wait, a timer keeps a worker
 * that should quit for as long as it takes to notice that, and to send them.
 */

#include "ngx_http_weir_trace_post.h"
#include "base/version.h"

#define NGX_HTTP_WEIR_BATCH         65536   /* bytes, what is around included */
#define NGX_HTTP_WEIR_EXPORT_TRIES  5
#define NGX_HTTP_WEIR_EXPORT_DELAY  60000   /* ms between two, at most */
#define NGX_HTTP_WEIR_EXPORT_TICK   500     /* ms until quitting is noticed */
#define NGX_HTTP_WEIR_EXPORT_QUIT   1000    /* ms that a worker then takes */

/* seconds between two lines of the error log about spans that are lost */
#define NGX_HTTP_WEIR_COMPLAIN      60

#define NGX_HTTP_WEIR_CLOSING       "]}]}]}"


typedef struct {
    ngx_queue_t                   link;
    ngx_uint_t                    spans;
    ngx_uint_t                    tries;
    unsigned                      sealed:1;     /* it takes no more */
    size_t                        len;
    u_char                        text[NGX_HTTP_WEIR_BATCH];
} ngx_http_weir_batch_t;

/* Lies in the cycle's pool. */
typedef struct ngx_http_weir_exporter_s {
    ngx_http_weir_trace_t        *trace;
    ngx_log_t                    *log;
    ngx_str_t                     opening;      /* of a body */
    ngx_queue_t                   batches;      /* the first is sent, the last
                                                   takes spans */
    ngx_uint_t                    nbatches;
    ngx_uint_t                    max;
    ngx_http_weir_batch_t        *spare;
    ngx_uint_t                    waiting;      /* spans */

    ngx_http_weir_post_t          post;
    ngx_event_t                   tick;
    ngx_msec_t                    due;          /* when the next is sent */
    ngx_msec_t                    deadline;     /* of a worker that quits */
    time_t                        complained;
    unsigned                      quits:1;
} ngx_http_weir_exporter_t;


static ngx_int_t ngx_http_weir_export_opening(ngx_http_weir_exporter_t *x,
    ngx_cycle_t *cycle);
static ngx_http_weir_batch_t *ngx_http_weir_export_batch(
    ngx_http_weir_exporter_t *x);
static void ngx_http_weir_export_free(ngx_http_weir_exporter_t *x,
    ngx_http_weir_batch_t *batch);
static ngx_http_weir_batch_t *ngx_http_weir_export_first(
    ngx_http_weir_exporter_t *x);
static void ngx_http_weir_export_arm(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_export_tick(ngx_event_t *ev);
static void ngx_http_weir_export_quit(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_export_send(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_export_sent(void *data,
    ngx_http_weir_post_end_e end, ngx_uint_t n, const char *why);
static void ngx_http_weir_export_taken(ngx_http_weir_exporter_t *x,
    ngx_uint_t rejected);
static void ngx_http_weir_export_again(ngx_http_weir_exporter_t *x,
    ngx_msec_t delay, const char *why);
static void ngx_http_weir_export_lost(ngx_http_weir_exporter_t *x,
    const char *why);
static void ngx_http_weir_export_next(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_export_count(ngx_http_weir_exporter_t *x,
    ngx_http_weir_span_end_e end, ngx_uint_t n, const char *why);


ngx_int_t
ngx_http_weir_trace_init_process(ngx_http_weir_main_conf_t *wmcf,
    ngx_cycle_t *cycle)
{
    ngx_http_weir_exporter_t  *x;

    if (wmcf->trace == NULL) {
        return NGX_OK;
    }

    x = ngx_pcalloc(cycle->pool, sizeof(ngx_http_weir_exporter_t));
    if (x == NULL) {
        return NGX_ERROR;
    }

    x->trace = wmcf->trace;
    x->log = cycle->log;
    x->max = wmcf->trace->queue / NGX_HTTP_WEIR_BATCH;

    ngx_queue_init(&x->batches);

    /* not cancelable: see above */

    x->tick.handler = ngx_http_weir_export_tick;
    x->tick.data = x;
    x->tick.log = x->log;

    x->post.trace = wmcf->trace;
    x->post.handler = ngx_http_weir_export_sent;
    x->post.data = x;

    if (ngx_http_weir_export_opening(x, cycle) != NGX_OK
        || ngx_http_weir_post_init(&x->post, cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    wmcf->trace->exporter = x;

    return NGX_OK;
}


void
ngx_http_weir_trace_exit_process(ngx_http_weir_main_conf_t *wmcf)
{
    ngx_http_weir_exporter_t  *x;

    x = wmcf->trace ? wmcf->trace->exporter : NULL;

    if (x == NULL) {
        return;
    }

    wmcf->trace->exporter = NULL;

    ngx_http_weir_post_close(&x->post);

    if (x->nbatches) {
        ngx_http_weir_export_lost(x, NGX_HTTP_WEIR_PEER_QUITS);
    }

    if (x->spare) {
        ngx_free(x->spare);
    }
}


void
ngx_http_weir_trace_export(ngx_http_weir_trace_t *trace, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx)
{
    u_char                    *p;
    ngx_http_weir_batch_t     *batch;
    ngx_http_weir_exporter_t  *x;

    x = trace->exporter;

    if (x == NULL) {
        return;
    }

    batch = ngx_http_weir_export_batch(x);

    if (batch == NULL) {
        ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_DROPPED, 1,
                                   "too many wait");
        return;
    }

    p = batch->text + batch->len;

    if (batch->spans) {
        *p++ = ',';
    }

    p = ngx_http_weir_span_write(p, r, ctx);

    batch->len = (size_t) (p - batch->text);
    batch->spans++;
    x->waiting++;

    ngx_http_weir_gauge(trace->wmcf, SPANS_WAITING, x->waiting);

    if (!x->post.busy && !x->tick.timer_set) {
        x->due = ngx_current_msec + trace->interval;
        ngx_http_weir_export_arm(x);
    }
}


/* What is around spans, but for its end. */
static ngx_int_t
ngx_http_weir_export_opening(ngx_http_weir_exporter_t *x, ngx_cycle_t *cycle)
{
    u_char      *p;
    size_t       size;
    weir_str_t   host, service;

    host = ngx_http_weir_str(&cycle->hostname);
    service = ngx_http_weir_str(&x->trace->service);

    size = 512 + 6 * (host.len + service.len);

    p = ngx_pnalloc(cycle->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    x->opening.data = p;

    p = ngx_sprintf(p, "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
                    "{\"key\":\"service.name\",\"value\":{\"stringValue\":");
    p = ngx_http_weir_json(p, p + 2 + 6 * service.len, service);
    p = ngx_sprintf(p, "}},{\"key\":\"host.name\",\"value\":"
                    "{\"stringValue\":");
    p = ngx_http_weir_json(p, p + 2 + 6 * host.len, host);
    p = ngx_sprintf(p, "}},{\"key\":\"process.pid\",\"value\":"
                    "{\"intValue\":\"%P\"}}]},\"scopeSpans\":[{\"scope\":"
                    "{\"name\":\"weir\",\"version\":\"" WEIR_VERSION "\"},"
                    "\"spans\":[", ngx_pid);

    x->opening.len = (size_t) (p - x->opening.data);

    return NGX_OK;
}


/* One with room for a span; NULL: there is none. */
static ngx_http_weir_batch_t *
ngx_http_weir_export_batch(ngx_http_weir_exporter_t *x)
{
    size_t                  rest;
    ngx_queue_t            *q;
    ngx_http_weir_batch_t  *batch;

    rest = NGX_HTTP_WEIR_MAX_SPAN + sizeof("," NGX_HTTP_WEIR_CLOSING);

    if (!ngx_queue_empty(&x->batches)) {
        q = ngx_queue_last(&x->batches);
        batch = ngx_queue_data(q, ngx_http_weir_batch_t, link);

        if (!batch->sealed) {

            if (NGX_HTTP_WEIR_BATCH - batch->len >= rest) {
                return batch;
            }

            batch->sealed = 1;

            /* a full one is sent now, unless one before it has to wait */

            if (!x->post.busy && x->nbatches == 1) {
                x->due = ngx_current_msec;
                ngx_http_weir_export_arm(x);
            }
        }
    }

    if (x->nbatches == x->max) {
        return NULL;
    }

    batch = x->spare;
    x->spare = NULL;

    if (batch == NULL) {
        batch = ngx_alloc(sizeof(ngx_http_weir_batch_t), x->log);
        if (batch == NULL) {
            return NULL;
        }
    }

    batch->spans = 0;
    batch->tries = 0;
    batch->sealed = 0;
    batch->len = x->opening.len;

    ngx_memcpy(batch->text, x->opening.data, x->opening.len);

    ngx_queue_insert_tail(&x->batches, &batch->link);
    x->nbatches++;

    return batch;
}


static void
ngx_http_weir_export_free(ngx_http_weir_exporter_t *x,
    ngx_http_weir_batch_t *batch)
{
    ngx_queue_remove(&batch->link);
    x->nbatches--;
    x->waiting -= batch->spans;

    ngx_http_weir_gauge(x->trace->wmcf, SPANS_WAITING, x->waiting);

    if (x->spare == NULL) {
        x->spare = batch;

    } else {
        ngx_free(batch);
    }
}


static ngx_http_weir_batch_t *
ngx_http_weir_export_first(ngx_http_weir_exporter_t *x)
{
    ngx_queue_t  *q;

    q = ngx_queue_head(&x->batches);

    return ngx_queue_data(q, ngx_http_weir_batch_t, link);
}


/* Whatever waits, and whatever is under way: to notice that we quit. */
static void
ngx_http_weir_export_arm(ngx_http_weir_exporter_t *x)
{
    ngx_msec_int_t  wait;

    wait = (ngx_msec_int_t) (x->due - ngx_current_msec);

    if (x->post.busy || wait > NGX_HTTP_WEIR_EXPORT_TICK) {
        wait = NGX_HTTP_WEIR_EXPORT_TICK;
    }

    if (x->quits) {
        wait = ngx_min(wait, (ngx_msec_int_t) (x->deadline
                                               - ngx_current_msec));
    }

    ngx_add_timer(&x->tick, ngx_max(wait, 1));
}


static void
ngx_http_weir_export_tick(ngx_event_t *ev)
{
    ngx_http_weir_exporter_t *x = ev->data;

    if (x->nbatches == 0) {
        return;
    }

    if (ngx_exiting) {
        ngx_http_weir_export_quit(x);

    } else if (!x->post.busy
               && (ngx_msec_int_t) (x->due - ngx_current_msec) <= 0)
    {
        ngx_http_weir_export_send(x);
    }

    if (x->nbatches) {
        ngx_http_weir_export_arm(x);
    }
}


/* What waits is sent once, as far as it can be in time. */
static void
ngx_http_weir_export_quit(ngx_http_weir_exporter_t *x)
{
    if (!x->quits) {
        x->quits = 1;
        x->deadline = ngx_current_msec + NGX_HTTP_WEIR_EXPORT_QUIT;
    }

    if ((ngx_msec_int_t) (x->deadline - ngx_current_msec) <= 0) {
        ngx_http_weir_post_close(&x->post);
        ngx_http_weir_export_lost(x, NGX_HTTP_WEIR_PEER_QUITS);

    } else if (!x->post.busy) {
        ngx_http_weir_export_send(x);
    }
}


static void
ngx_http_weir_export_send(ngx_http_weir_exporter_t *x)
{
    u_char                 *p;
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    batch->sealed = 1;

    p = ngx_cpymem(batch->text + batch->len, NGX_HTTP_WEIR_CLOSING,
                   sizeof(NGX_HTTP_WEIR_CLOSING) - 1);

    ngx_http_weir_post(&x->post, batch->text, (size_t) (p - batch->text));
}


static void
ngx_http_weir_export_sent(void *data, ngx_http_weir_post_end_e end,
    ngx_uint_t n, const char *why)
{
    ngx_http_weir_exporter_t *x = data;

    switch (end) {

    case NGX_HTTP_WEIR_POST_TAKEN:
        ngx_http_weir_export_taken(x, n);
        break;

    case NGX_HTTP_WEIR_POST_AGAIN:
        ngx_http_weir_export_again(x, n, why);
        break;

    case NGX_HTTP_WEIR_POST_REFUSED:
        ngx_http_weir_export_lost(x, why);
        break;
    }
}


static void
ngx_http_weir_export_taken(ngx_http_weir_exporter_t *x, ngx_uint_t rejected)
{
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    rejected = ngx_min(rejected, batch->spans);

    ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_EXPORTED,
                               batch->spans - rejected, NULL);

    if (rejected) {
        ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_FAILED, rejected,
                                   "the collector rejected them");
    }

    ngx_http_weir_export_free(x, batch);
    ngx_http_weir_export_next(x);
}


/*
 * The same batch is sent once more.  When this worker quits there is no time
 * for that, unless it was cut off by just that.
 */
static void
ngx_http_weir_export_again(ngx_http_weir_exporter_t *x, ngx_msec_t delay,
    const char *why)
{
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    if (ngx_exiting) {

        if (x->quits) {
            ngx_http_weir_export_lost(x, why);
            return;
        }

        delay = 0;

    } else {

        if (++batch->tries == NGX_HTTP_WEIR_EXPORT_TRIES) {
            ngx_http_weir_export_lost(x, why);
            return;
        }

        delay = ngx_max(delay, x->trace->interval << (batch->tries - 1));
        delay = ngx_min(delay, NGX_HTTP_WEIR_EXPORT_DELAY);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, x->log, 0,
                   "weir: %ui spans wait for the collector: %s", x->waiting,
                   why);

    x->due = ngx_current_msec + delay;
    ngx_http_weir_export_arm(x);
}


/* The first batch, and all of them when this worker quits. */
static void
ngx_http_weir_export_lost(ngx_http_weir_exporter_t *x, const char *why)
{
    ngx_uint_t              n;
    ngx_http_weir_batch_t  *batch;

    n = 0;

    do {
        batch = ngx_http_weir_export_first(x);
        n += batch->spans;
        ngx_http_weir_export_free(x, batch);

    } while (x->nbatches && (x->quits || x->trace->exporter == NULL));

    ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_FAILED, n, why);

    ngx_http_weir_export_next(x);
}


/* What is full does not wait. */
static void
ngx_http_weir_export_next(ngx_http_weir_exporter_t *x)
{
    if (x->nbatches == 0) {
        x->quits = 0;

        if (x->tick.timer_set) {
            ngx_del_timer(&x->tick);
        }

        return;
    }

    x->due = ngx_current_msec;

    if (!ngx_http_weir_export_first(x)->sealed && !x->quits) {
        x->due += x->trace->interval;
    }

    ngx_http_weir_export_arm(x);
}


/* why: they are lost, and whoever reads the log is told, now and then. */
static void
ngx_http_weir_export_count(ngx_http_weir_exporter_t *x,
    ngx_http_weir_span_end_e end, ngx_uint_t n, const char *why)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = x->trace->wmcf;

    if (wmcf->counters) {
        (void) ngx_atomic_fetch_add(
                   &wmcf->counters->n[NGX_HTTP_WEIR_N_SPANS_EXPORTED + end],
                   n);
    }

    if (why == NULL || ngx_time() - x->complained < NGX_HTTP_WEIR_COMPLAIN) {
        return;
    }

    x->complained = ngx_time();

    ngx_log_error(NGX_LOG_ERR, x->log, 0,
                  "weir: %ui spans for the collector \"%V\" are lost: %s; not "
                  "said again for %d seconds", n, &x->trace->url.authority,
                  why, NGX_HTTP_WEIR_COMPLAIN);
}
