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

#include "ngx_http_weir_trace.h"
#include "ngx_http_weir_answer.h"
#include "base/version.h"
#include "run/json.h"

#define NGX_HTTP_WEIR_BATCH         65536   /* bytes, what is around included */
#define NGX_HTTP_WEIR_POST_STEP     5000    /* ms: resolve, connect, TLS */
#define NGX_HTTP_WEIR_POST_TOTAL    10000   /* ms */
#define NGX_HTTP_WEIR_POST_READ     4096
#define NGX_HTTP_WEIR_POST_ANSWER   65536   /* bytes of its body */
#define NGX_HTTP_WEIR_POST_TRIES    5
#define NGX_HTTP_WEIR_POST_DELAY    60000   /* ms between two, at most */
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
    u_char                       *head;         /* of a request; the length */
    u_char                       *length;       /* of its body goes there */

    ngx_queue_t                   batches;      /* the first is sent, the last
                                                   takes spans */
    ngx_uint_t                    nbatches;
    ngx_uint_t                    max;
    ngx_http_weir_batch_t        *spare;
    ngx_uint_t                    waiting;      /* spans */

    ngx_event_t                   tick;
    ngx_event_t                   total;        /* of a request */
    ngx_msec_t                    due;          /* when the next is sent */
    ngx_msec_t                    deadline;     /* of a worker that quits */
    time_t                        complained;

    /* of a connection */
    ngx_pool_t                   *pool;
    ngx_http_weir_peer_t         *peer;         /* NULL: there is none */
    ngx_connection_t             *connection;   /* NULL: not yet connected */

    /* of a request */
    ngx_pool_t                   *answer_pool;
    ngx_http_weir_answer_t        answer;
    ngx_str_t                     left[2];      /* to be sent: head, body */

    unsigned                      busy:1;       /* a request is under way */
    unsigned                      reused:1;     /* on an old connection */
    unsigned                      quits:1;
} ngx_http_weir_exporter_t;


static ngx_int_t ngx_http_weir_export_opening(ngx_http_weir_exporter_t *x,
    ngx_cycle_t *cycle);
static ngx_int_t ngx_http_weir_export_head(ngx_http_weir_exporter_t *x,
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
static void ngx_http_weir_post_start(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_post_begin(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_post_connected(void *data, ngx_connection_t *c);
static void ngx_http_weir_post_failed(void *data, const char *why);
static void ngx_http_weir_post_write(ngx_event_t *ev);
static void ngx_http_weir_post_read(ngx_event_t *ev);
static void ngx_http_weir_post_broken(ngx_http_weir_exporter_t *x,
    const char *why);
static void ngx_http_weir_post_total(ngx_event_t *ev);
static void ngx_http_weir_post_taken(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_post_refused(ngx_http_weir_exporter_t *x);
static ngx_int_t ngx_http_weir_post_rejected(ngx_http_weir_exporter_t *x);
static ngx_uint_t ngx_http_weir_post_keeps(ngx_http_weir_exporter_t *x);
static ngx_str_t ngx_http_weir_post_header(ngx_http_weir_exporter_t *x,
    const char *name);
static void ngx_http_weir_post_again(ngx_http_weir_exporter_t *x,
    const char *why);
static void ngx_http_weir_post_lost(ngx_http_weir_exporter_t *x,
    const char *why);
static void ngx_http_weir_post_end(ngx_http_weir_exporter_t *x);
static void ngx_http_weir_post_disconnect(ngx_http_weir_exporter_t *x);
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

    x->total.handler = ngx_http_weir_post_total;
    x->total.data = x;
    x->total.log = x->log;

    if (ngx_http_weir_export_opening(x, cycle) != NGX_OK
        || ngx_http_weir_export_head(x, cycle) != NGX_OK)
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

    ngx_http_weir_post_end(x);
    ngx_http_weir_post_disconnect(x);

    if (x->waiting) {
        ngx_http_weir_post_lost(x, NGX_HTTP_WEIR_PEER_QUITS);
    }

    if (x->tick.timer_set) {
        ngx_del_timer(&x->tick);
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

    if (!x->busy && !x->tick.timer_set) {
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


/* All of it but for the length of the body. */
static ngx_int_t
ngx_http_weir_export_head(ngx_http_weir_exporter_t *x, ngx_cycle_t *cycle)
{
    size_t                      size;
    const ngx_http_weir_url_t  *url;

    static const char  format[] = "POST %V HTTP/1.1" CRLF
                                  "Host: %V" CRLF
                                  "User-Agent: weir/" WEIR_VERSION CRLF
                                  "Content-Type: application/json" CRLF
                                  "%V"
                                  "Content-Length: ";

    url = &x->trace->url;

    size = sizeof(format) + url->path.len + url->authority.len
           + x->trace->headers.len + NGX_SIZE_T_LEN + 2 * sizeof(CRLF);

    x->head = ngx_pnalloc(cycle->pool, size);
    if (x->head == NULL) {
        return NGX_ERROR;
    }

    x->length = ngx_sprintf(x->head, format, &url->path, &url->authority,
                            &x->trace->headers);

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

            if (!x->busy && x->nbatches == 1) {
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

    if (x->busy || wait > NGX_HTTP_WEIR_EXPORT_TICK) {
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

    } else if (!x->busy
               && (ngx_msec_int_t) (x->due - ngx_current_msec) <= 0)
    {
        ngx_http_weir_post_start(x);
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
        ngx_http_weir_post_end(x);
        ngx_http_weir_post_disconnect(x);
        ngx_http_weir_post_lost(x, NGX_HTTP_WEIR_PEER_QUITS);

    } else if (!x->busy) {
        ngx_http_weir_post_start(x);
    }
}


static void
ngx_http_weir_post_start(ngx_http_weir_exporter_t *x)
{
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    batch->sealed = 1;

    x->answer_pool = ngx_create_pool(1024, x->log);

    if (x->answer_pool == NULL) {
        ngx_http_weir_post_again(x, "no memory");
        return;
    }

    x->busy = 1;

    ngx_add_timer(&x->total, NGX_HTTP_WEIR_POST_TOTAL);

    ngx_http_weir_post_begin(x);
}


static void
ngx_http_weir_post_begin(ngx_http_weir_exporter_t *x)
{
    u_char                 *p;
    ngx_http_weir_peer_t   *peer;
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    p = ngx_cpymem(batch->text + batch->len, NGX_HTTP_WEIR_CLOSING,
                   sizeof(NGX_HTTP_WEIR_CLOSING) - 1);

    x->left[1].data = batch->text;
    x->left[1].len = (size_t) (p - batch->text);

    p = ngx_sprintf(x->length, "%uz" CRLF CRLF, x->left[1].len);

    x->left[0].data = x->head;
    x->left[0].len = (size_t) (p - x->head);

    ngx_memzero(&x->answer, sizeof(ngx_http_weir_answer_t));

    x->answer.pool = x->answer_pool;
    x->answer.max_body = NGX_HTTP_WEIR_POST_ANSWER;

    if (x->connection) {
        x->reused = 1;
        x->connection->idle = 0;
        ngx_http_weir_post_write(x->connection->write);
        return;
    }

    x->reused = 0;
    x->pool = ngx_create_pool(2048, x->log);
    peer = x->pool ? ngx_pcalloc(x->pool, sizeof(ngx_http_weir_peer_t)) : NULL;

    if (peer == NULL) {
        ngx_http_weir_post_again(x, "no memory");
        return;
    }

    peer->outgoing = &x->trace->wmcf->outgoing;
    peer->url = &x->trace->url;
    peer->pool = x->pool;
    peer->log = x->log;
    peer->timeout = NGX_HTTP_WEIR_POST_STEP;
    peer->connected = ngx_http_weir_post_connected;
    peer->failed = ngx_http_weir_post_failed;
    peer->data = x;

    x->peer = peer;

    ngx_http_weir_peer_open(peer);
}


static void
ngx_http_weir_post_connected(void *data, ngx_connection_t *c)
{
    ngx_http_weir_exporter_t *x = data;

    x->connection = c;

    c->data = x;
    c->read->handler = ngx_http_weir_post_read;
    c->write->handler = ngx_http_weir_post_write;

    /* only between requests is it closed when this worker is to quit */

    c->idle = 0;

    (void) ngx_tcp_nodelay(c);

    ngx_http_weir_post_write(c->write);
}


static void
ngx_http_weir_post_failed(void *data, const char *why)
{
    char  text[256];

    /* why lies in the pool of the peer */

    (void) ngx_cpystrn((u_char *) text, (u_char *) why, sizeof(text));

    ngx_http_weir_post_again(data, text);
}


static void
ngx_http_weir_post_write(ngx_event_t *ev)
{
    ssize_t                    n;
    ngx_str_t                 *s;
    ngx_uint_t                 i;
    ngx_connection_t          *c;
    ngx_http_weir_exporter_t  *x;

    c = ev->data;
    x = c->data;

    for (i = 0; x->busy && i < 2; /* void */) {
        s = &x->left[i];

        if (s->len == 0) {
            i++;
            continue;
        }

        n = c->send(c, s->data, s->len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_http_weir_post_broken(x, "sending the request failed");
            return;
        }

        s->data += n;
        s->len -= (size_t) n;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_weir_post_broken(x, "the event loop took no more events");
    }
}


static void
ngx_http_weir_post_read(ngx_event_t *ev)
{
    u_char                     buf[NGX_HTTP_WEIR_POST_READ];
    ssize_t                    n;
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_http_weir_exporter_t  *x;

    c = ev->data;
    x = c->data;

    if (!x->busy) {
        ngx_http_weir_post_disconnect(x);
        return;
    }

    if (c->close) {
        ngx_http_weir_post_broken(x, NGX_HTTP_WEIR_PEER_QUITS);
        return;
    }

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_http_weir_post_broken(x, "reading the answer failed");
            return;
        }

        rc = n == 0 ? ngx_http_weir_answer_end(&x->answer)
                    : ngx_http_weir_answer_read(&x->answer, buf, (size_t) n);

        if (rc == NGX_OK) {
            ngx_http_weir_post_taken(x);
            return;
        }

        if (rc == NGX_ERROR) {
            ngx_http_weir_post_refused(x);
            return;
        }
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_weir_post_broken(x, "the event loop took no more events");
    }
}


/* A kept connection may have ended while nobody looked. */
static void
ngx_http_weir_post_broken(ngx_http_weir_exporter_t *x, const char *why)
{
    if (!x->busy) {
        ngx_http_weir_post_disconnect(x);
        return;
    }

    if (x->reused && x->answer.nhead == 0) {
        ngx_http_weir_post_disconnect(x);
        ngx_http_weir_post_begin(x);
        return;
    }

    ngx_http_weir_post_again(x, why);
}


static void
ngx_http_weir_post_total(ngx_event_t *ev)
{
    ngx_http_weir_post_again(ev->data, "it took too long");
}


/* 200 */
static void
ngx_http_weir_post_taken(ngx_http_weir_exporter_t *x)
{
    ngx_int_t               rejected;
    ngx_uint_t              keeps;
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    rejected = ngx_http_weir_post_rejected(x);

    if (rejected == NGX_ERROR) {
        ngx_http_weir_post_lost(x, "the answer is not one of OTLP");
        return;
    }

    rejected = ngx_min(rejected, (ngx_int_t) batch->spans);

    ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_EXPORTED,
                               batch->spans - rejected, NULL);

    if (rejected) {
        ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_FAILED, rejected,
                                   "the collector rejected them");
    }

    keeps = ngx_http_weir_post_keeps(x);

    ngx_http_weir_post_end(x);
    ngx_http_weir_export_free(x, batch);

    if (!keeps) {
        ngx_http_weir_post_disconnect(x);
    }

    if (x->nbatches == 0) {
        x->quits = 0;

        if (x->tick.timer_set) {
            ngx_del_timer(&x->tick);
        }

        return;
    }

    /* what is full does not wait */

    batch = ngx_http_weir_export_first(x);

    x->due = ngx_current_msec
             + (batch->sealed || x->quits ? 0 : x->trace->interval);

    ngx_http_weir_export_arm(x);
}


static void
ngx_http_weir_post_refused(ngx_http_weir_exporter_t *x)
{
    ngx_http_weir_answer_t *a = &x->answer;

    if (a->status == 0 && a->nhead == 0) {
        ngx_http_weir_post_broken(x, a->why);
        return;
    }

    switch (a->status) {

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_BAD_GATEWAY:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_http_weir_post_again(x, a->why);
        return;
    }

    ngx_http_weir_post_lost(x, a->why);
}


/* How many of the spans; NGX_ERROR: it is no answer of a collector. */
static ngx_int_t
ngx_http_weir_post_rejected(ngx_http_weir_exporter_t *x)
{
    ngx_int_t                 n;
    weir_str_t                body, text;
    const char               *why;
    weir_json_value_t        *root;
    const weir_json_value_t  *v;

    body = ngx_http_weir_str(&x->answer.body);

    if (body.len == 0) {
        return 0;
    }

    if (weir_json_read(body, &root, &why) != WEIR_OK) {
        return NGX_ERROR;
    }

    n = weir_json_kind(root) == WEIR_JSON_OBJECT ? 0 : NGX_ERROR;

    v = weir_json_member(root, weir_string("partialSuccess"));
    v = weir_json_member(v, weir_string("rejectedSpans"));

    switch (weir_json_kind(v)) {

    case WEIR_JSON_INT:
        n = (ngx_int_t) ngx_max(weir_json_int(v), 0);
        break;

    case WEIR_JSON_TEXT:
        text = weir_json_text(v);
        n = ngx_atoi((u_char *) text.data, text.len);
        break;

    case WEIR_JSON_NONE:
    case WEIR_JSON_NULL:
        break;

    default:
        n = NGX_ERROR;
    }

    weir_json_free(root);

    return n;
}


/* Whether the connection can have another request. */
static ngx_uint_t
ngx_http_weir_post_keeps(ngx_http_weir_exporter_t *x)
{
    ngx_str_t                connection;
    ngx_http_weir_answer_t  *a;

    a = &x->answer;

    if (a->state != NGX_HTTP_WEIR_ANSWER_DONE || x->left[1].len
        || ngx_strncmp(a->head, "HTTP/1.1", 8) != 0 || ngx_exiting)
    {
        return 0;
    }

    connection = ngx_http_weir_post_header(x, "connection");

    return connection.len == 0
           || (connection.len == 10
               && ngx_strncasecmp(connection.data, (u_char *) "keep-alive", 10)
                  == 0);
}


/* Of an answer whose head is whole; the name is in lower case. */
static ngx_str_t
ngx_http_weir_post_header(ngx_http_weir_exporter_t *x, const char *name)
{
    size_t      n;
    u_char     *p, *end, *eol;
    ngx_str_t   s;

    n = ngx_strlen(name);
    p = x->answer.head;
    end = p + x->answer.nhead;

    ngx_str_null(&s);

    for ( /* void */ ; p < end; p = eol + 1) {
        eol = ngx_strlchr(p, end, LF);

        if (eol == NULL) {
            break;
        }

        if ((size_t) (eol - p) <= n || p[n] != ':'
            || ngx_strncasecmp(p, (u_char *) name, n) != 0)
        {
            continue;
        }

        for (p += n + 1; p < eol && (*p == ' ' || *p == '\t'); p++) {
            /* void */
        }

        s.data = p;

        for (p = eol; p > s.data && p[-1] <= ' '; p--) {
            /* void */
        }

        s.len = (size_t) (p - s.data);
        break;
    }

    return s;
}


/* It may be sent later, with the wait that the collector wants. */
static void
ngx_http_weir_post_again(ngx_http_weir_exporter_t *x, const char *why)
{
    time_t                  at;
    ngx_int_t               delay;
    ngx_str_t               after;
    ngx_msec_t              wait;
    ngx_http_weir_batch_t  *batch;

    batch = ngx_http_weir_export_first(x);

    /* one that was cut off when this worker was told to quit has a try left */

    if (ngx_exiting ? x->quits : ++batch->tries == NGX_HTTP_WEIR_POST_TRIES) {
        ngx_http_weir_post_lost(x, why);
        return;
    }

    wait = x->trace->interval << ngx_max(batch->tries, 1) >> 1;

    if (x->busy && x->answer.status) {
        after = ngx_http_weir_post_header(x, "retry-after");
        delay = ngx_atoi(after.data, after.len);

        if (delay == NGX_ERROR && after.len) {
            at = ngx_parse_http_time(after.data, after.len);
            delay = at == NGX_ERROR ? 0 : (ngx_int_t) (at - ngx_time());
        }

        delay = ngx_min(delay, NGX_HTTP_WEIR_POST_DELAY / 1000);
        wait = ngx_max(wait, (ngx_msec_t) ngx_max(delay, 0) * 1000);
    }

    x->due = ngx_current_msec
             + (ngx_exiting ? 0 : ngx_min(wait, NGX_HTTP_WEIR_POST_DELAY));

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, x->log, 0,
                   "weir: %ui spans wait for the collector: %s", x->waiting,
                   why);

    ngx_http_weir_post_end(x);
    ngx_http_weir_post_disconnect(x);
    ngx_http_weir_export_arm(x);
}


/* The first batch, and all of them when this worker quits. */
static void
ngx_http_weir_post_lost(ngx_http_weir_exporter_t *x, const char *why)
{
    ngx_uint_t              n;
    ngx_http_weir_batch_t  *batch;

    n = 0;

    do {
        batch = ngx_http_weir_export_first(x);
        n += batch->spans;
        ngx_http_weir_export_free(x, batch);

    } while (x->nbatches && (x->quits || x->trace->exporter == NULL));

    /* why may lie in what ends here */

    ngx_http_weir_export_count(x, NGX_HTTP_WEIR_SPAN_FAILED, n, why);

    ngx_http_weir_post_end(x);
    ngx_http_weir_post_disconnect(x);

    if (x->nbatches) {
        x->due = ngx_current_msec + x->trace->interval;
        ngx_http_weir_export_arm(x);
        return;
    }

    x->quits = 0;

    if (x->tick.timer_set) {
        ngx_del_timer(&x->tick);
    }
}


/* Safe when none is under way. */
static void
ngx_http_weir_post_end(ngx_http_weir_exporter_t *x)
{
    x->busy = 0;

    if (x->total.timer_set) {
        ngx_del_timer(&x->total);
    }

    if (x->answer_pool) {
        ngx_destroy_pool(x->answer_pool);
        x->answer_pool = NULL;
    }

    if (x->connection) {
        x->connection->idle = 1;
    }
}


static void
ngx_http_weir_post_disconnect(ngx_http_weir_exporter_t *x)
{
    x->connection = NULL;

    if (x->peer) {
        ngx_http_weir_peer_close(x->peer);
        x->peer = NULL;
    }

    if (x->pool) {
        ngx_destroy_pool(x->pool);
        x->pool = NULL;
    }
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
