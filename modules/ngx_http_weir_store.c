/*
 * ngx_http_weir_store.c: calls, their time, and the circuit.
 *
 *     CLOSED ──▶ OPEN ──▶ HALF_OPEN ──▶ CLOSED
 *                 ▲────────────┘
 *
 * All calls have the same time, so they end by it in the order in which they
 * began, and one timer is enough.  A circuit that is open lets nothing through
 * but its own probe; whoever asks is told at once.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_store_core.h"

#define NGX_HTTP_WEIR_CIRCUIT_FAILURES  3       /* in a row */
#define NGX_HTTP_WEIR_CIRCUIT_FIRST     100     /* ms to a probe; doubles */
#define NGX_HTTP_WEIR_CIRCUIT_LAST      2000
#define NGX_HTTP_WEIR_CIRCUIT_QUIET     1000    /* ms between two log lines */


typedef struct ngx_http_weir_circuit_s  ngx_http_weir_circuit_t;

struct ngx_http_weir_circuit_s {
    ngx_pool_t              *pool;
    ngx_http_weir_circuit_e  state;
    ngx_queue_t              calls;         /* that are open, oldest first */
    ngx_event_t              deadline;      /* of the oldest */

    ngx_event_t              timer;         /* the next probe */
    ngx_http_weir_call_t     probe;
    ngx_str_t                key;           /* of the probe */
    ngx_msec_t               delay;
    ngx_uint_t               failures;      /* in a row */
    ngx_msec_t               started;
    ngx_msec_t               closed;
    ngx_msec_t               logged;
    unsigned                 starting:1;    /* open, but not by a failure */
    unsigned                 said:1;        /* the log says that it is open */
    char                     why[NGX_HTTP_WEIR_STORE_WHY];
};


static ngx_http_weir_circuit_t *ngx_http_weir_circuit_create(
    ngx_http_weir_store_t *store);
static ngx_uint_t ngx_http_weir_store_takes(ngx_http_weir_store_t *store,
    const ngx_http_weir_conn_t *conn);
static void ngx_http_weir_store_begin(ngx_http_weir_store_t *store,
    ngx_http_weir_call_t *call);
static void ngx_http_weir_store_forget(ngx_http_weir_call_t *call);
static void ngx_http_weir_store_deadline(ngx_event_t *ev);
static void ngx_http_weir_store_latency(ngx_http_weir_store_t *store,
    const ngx_http_weir_call_t *call);
static ngx_uint_t ngx_http_weir_circuit_counts(
    const ngx_http_weir_call_t *call, ngx_http_weir_store_result_e result,
    const char *why);
static void ngx_http_weir_circuit_set(ngx_http_weir_store_t *store,
    ngx_http_weir_circuit_e state);
static void ngx_http_weir_circuit_open(ngx_http_weir_store_t *store,
    const char *why);
static void ngx_http_weir_circuit_close(ngx_http_weir_store_t *store);
static void ngx_http_weir_circuit_later(ngx_http_weir_circuit_t *circuit);
static void ngx_http_weir_circuit_timer(ngx_event_t *ev);
static void ngx_http_weir_circuit_probe(ngx_http_weir_store_t *store);
static void ngx_http_weir_circuit_probed(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);


static const ngx_http_weir_topology_t  *ngx_http_weir_topologies[] = {
    &ngx_http_weir_store_direct,
    &ngx_http_weir_store_sentinel,
    &ngx_http_weir_store_cluster
};


#if (NGX_DEBUG)

static const char  *ngx_http_weir_store_results[] = {
#define R(name, text)  text,
    NGX_HTTP_WEIR_STORE_RESULTS(R)
#undef R
};

#endif


ngx_int_t
ngx_http_weir_store_start(ngx_http_weir_store_t *store, ngx_cycle_t *cycle)
{
    ngx_http_weir_circuit_t  *circuit;

    store->cycle = cycle;
    store->log = cycle->log;
    store->topology = ngx_http_weir_topologies[store->conf.kind];

    circuit = ngx_http_weir_circuit_create(store);
    if (circuit == NULL) {
        return NGX_ERROR;
    }

    store->circuit = circuit;
    store->connections = 0;
    store->pending = 0;

    if (store->counts == NULL) {
        store->counts = &store->own;
    }

    ngx_http_weir_store_show(store);

    ngx_memzero(&store->stats, sizeof(ngx_http_weir_store_stats_t));

    store->stats.topology = store->topology->name;
    store->stats.error = circuit->why;

    return store->topology->start(store);
}


static ngx_http_weir_circuit_t *
ngx_http_weir_circuit_create(ngx_http_weir_store_t *store)
{
    ngx_pool_t               *pool;
    ngx_http_weir_circuit_t  *circuit;

    pool = ngx_create_pool(2048, store->log);
    if (pool == NULL) {
        return NULL;
    }

    circuit = ngx_pcalloc(pool, sizeof(ngx_http_weir_circuit_t));
    if (circuit == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    circuit->pool = pool;
    circuit->key.len = store->conf.prefix.len + sizeof(":probe") - 1;
    circuit->key.data = ngx_pnalloc(pool, circuit->key.len);

    if (circuit->key.data == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    (void) ngx_sprintf(circuit->key.data, "%V:probe", &store->conf.prefix);

    ngx_queue_init(&circuit->calls);

    /* a call that a request waits for may be all that keeps the worker */

    circuit->deadline.handler = ngx_http_weir_store_deadline;
    circuit->deadline.data = store;
    circuit->deadline.log = store->log;

    circuit->timer.handler = ngx_http_weir_circuit_timer;
    circuit->timer.data = store;
    circuit->timer.log = store->log;
    circuit->timer.cancelable = 1;

    circuit->state = NGX_HTTP_WEIR_CIRCUIT_OPEN;
    circuit->starting = 1;
    circuit->started = ngx_current_msec;
    circuit->logged = ngx_current_msec - NGX_HTTP_WEIR_CIRCUIT_QUIET;
    circuit->delay = NGX_HTTP_WEIR_CIRCUIT_FIRST;

    return circuit;
}


void
ngx_http_weir_store_stop(ngx_http_weir_store_t *store)
{
    ngx_queue_t              *q;
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;

    if (circuit == NULL) {
        return;
    }

    if (store->pulse) {
        ngx_http_weir_beat_stop(store->pulse);
        store->pulse = NULL;
    }

    ngx_http_weir_store_cancel(&circuit->probe);

    ngx_http_weir_circuit_set(store, NGX_HTTP_WEIR_CIRCUIT_OPEN);
    circuit->starting = 0;

    store->topology->stop(store);

    while (!ngx_queue_empty(&circuit->calls)) {
        q = ngx_queue_head(&circuit->calls);
        ngx_http_weir_store_end(
            ngx_queue_data(q, ngx_http_weir_call_t, queue),
            NGX_HTTP_WEIR_STORE_QUIT, NULL, NULL);
    }

    if (circuit->timer.timer_set) {
        ngx_del_timer(&circuit->timer);
    }

    if (circuit->deadline.timer_set) {
        ngx_del_timer(&circuit->deadline);
    }

    store->circuit = NULL;
    store->stats.error = "";

    ngx_destroy_pool(circuit->pool);
}


/* Calls */

ngx_int_t
ngx_http_weir_store_call(ngx_http_weir_store_t *store,
    ngx_http_weir_call_t *call)
{
    ngx_http_weir_conn_t  *conn;

    call->active = 0;

    conn = ngx_http_weir_store_open(store)
           ? store->topology->pick(store, call) : NULL;

    if (conn == NULL || !ngx_http_weir_store_takes(store, conn)) {
        ngx_http_weir_store_count(store, results[NGX_HTTP_WEIR_STORE_OPEN], 1);
        return NGX_DECLINED;
    }

    ngx_http_weir_store_begin(store, call);

    if (ngx_http_weir_conn_send(conn, call) != NGX_OK) {
        ngx_http_weir_store_forget(call);
        ngx_http_weir_store_count(store, results[NGX_HTTP_WEIR_STORE_OPEN], 1);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* A server that is being connected to for the first time is waited for. */

static ngx_uint_t
ngx_http_weir_store_takes(ngx_http_weir_store_t *store,
    const ngx_http_weir_conn_t *conn)
{
    if (conn->state == NGX_HTTP_WEIR_CONN_READY) {
        return conn->silent < NGX_HTTP_WEIR_CIRCUIT_FAILURES;
    }

    return conn->state == NGX_HTTP_WEIR_CONN_OPENING && conn->openings == 1
           && ngx_current_msec - conn->since < store->conf.timeout;
}


void
ngx_http_weir_store_ask(ngx_http_weir_store_t *store,
    ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call)
{
    ngx_http_weir_store_begin(store, call);

    call->pinned = 1;

    /* what is not on a connection ends by the timeout all the same */

    (void) ngx_http_weir_conn_send(conn, call);
}


static void
ngx_http_weir_store_begin(ngx_http_weir_store_t *store,
    ngx_http_weir_call_t *call)
{
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;

    call->store = store;
    call->conn = NULL;
    call->place = 0;
    call->hops = 0;
    call->active = 1;
    call->asking = 0;
    call->pinned = 0;
    call->started = (uint64_t) ngx_http_weir_clock() / 1000;
    call->deadline = ngx_current_msec + store->conf.timeout;

    ngx_queue_insert_tail(&circuit->calls, &call->queue);
    store->pending++;
    ngx_http_weir_store_show(store);

    if (!circuit->deadline.timer_set) {
        ngx_add_timer(&circuit->deadline, store->conf.timeout);
    }
}


void
ngx_http_weir_store_cancel(ngx_http_weir_call_t *call)
{
    if (call->active) {
        ngx_http_weir_store_forget(call);
    }
}


static void
ngx_http_weir_store_forget(ngx_http_weir_call_t *call)
{
    ngx_http_weir_conn_forget(call);

    call->active = 0;
    call->store->pending--;

    ngx_queue_remove(&call->queue);

    ngx_http_weir_store_show(call->store);
}


static void
ngx_http_weir_store_deadline(ngx_event_t *ev)
{
    ngx_msec_int_t            left;
    ngx_queue_t              *q;
    ngx_http_weir_call_t     *call;
    ngx_http_weir_store_t    *store;
    ngx_http_weir_circuit_t  *circuit;

    store = ev->data;
    circuit = store->circuit;

    while (!ngx_queue_empty(&circuit->calls)) {
        q = ngx_queue_head(&circuit->calls);
        call = ngx_queue_data(q, ngx_http_weir_call_t, queue);

        left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);

        if (left > 0) {

            if (!ev->timer_set) {
                ngx_add_timer(ev, (ngx_msec_t) left);
            }

            return;
        }

        if (call->conn) {
            call->conn->silent++;
        }

        ngx_http_weir_store_end(call, NGX_HTTP_WEIR_STORE_TIMEOUT, NULL,
                                "the server took too long");
    }
}


void
ngx_http_weir_store_end(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies,
    const char *why)
{
    ngx_http_weir_store_t    *store;
    ngx_http_weir_circuit_t  *circuit;

    store = call->store;
    circuit = store->circuit;

    ngx_http_weir_store_forget(call);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, store->log, 0,
                   "weir: store: a call ends: %s %s",
                   ngx_http_weir_store_results[result], why ? why : "");

    if (!call->pinned) {
        ngx_http_weir_store_count(store, results[result], 1);

        if (why != NULL) {
            ngx_cpystrn((u_char *) circuit->why, (u_char *) why,
                        sizeof(circuit->why));
        }

        if (result == NGX_HTTP_WEIR_STORE_OK) {
            ngx_http_weir_store_latency(store, call);

            circuit->failures = 0;

        } else if (ngx_http_weir_circuit_counts(call, result, why)
                   && circuit->state == NGX_HTTP_WEIR_CIRCUIT_CLOSED
                   && ++circuit->failures >= NGX_HTTP_WEIR_CIRCUIT_FAILURES)
        {
            ngx_http_weir_circuit_open(store, why);
        }
    }

    call->handler(call, result, replies);
}


static void
ngx_http_weir_store_latency(ngx_http_weir_store_t *store,
    const ngx_http_weir_call_t *call)
{
    ngx_int_t   took, old;
    ngx_uint_t  i;

    static const ngx_int_t  bounds[] = {
#define B(us, le)  us,
        WEIR_STORE_TIMES(B)
#undef B
    };

    took = (ngx_int_t) ((uint64_t) ngx_http_weir_clock() / 1000
                        - call->started);
    old = (ngx_int_t) store->stats.latency;

    store->stats.latency = (ngx_uint_t) (old ? old + (took - old) / 8 : took);

    for (i = 0; i < WEIR_NSTORE_TIMES - 1 && took > bounds[i]; i++) {
        /* void */
    }

    ngx_http_weir_store_count(store, times[i], 1);
    ngx_http_weir_store_count(store, took, (ngx_atomic_uint_t) took);
}


/* The circuit */

void
ngx_http_weir_store_found(ngx_http_weir_store_t *store)
{
    if (store->circuit->state == NGX_HTTP_WEIR_CIRCUIT_OPEN) {
        ngx_http_weir_circuit_probe(store);
    }
}


void
ngx_http_weir_store_lost(ngx_http_weir_store_t *store, const char *why)
{
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;

    if (circuit->state == NGX_HTTP_WEIR_CIRCUIT_CLOSED || circuit->starting) {
        ngx_http_weir_circuit_open(store, why);
    }
}


/* An error about one key, as of another type, is none of the server. */

static ngx_uint_t
ngx_http_weir_circuit_counts(const ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const char *why)
{
    switch (result) {

    case NGX_HTTP_WEIR_STORE_TIMEOUT:
    case NGX_HTTP_WEIR_STORE_LOST:
    case NGX_HTTP_WEIR_STORE_PROTOCOL:
        return 1;

    case NGX_HTTP_WEIR_STORE_REFUSED:
        return !call->minor
               && ngx_strncmp(why, "WRONGTYPE ", 10) != 0
               && ngx_strncmp(why, "ERR value is not", 16) != 0
               && ngx_strncmp(why, "ERR increment", 13) != 0;

    default:
        return 0;
    }
}


static void
ngx_http_weir_circuit_set(ngx_http_weir_store_t *store,
    ngx_http_weir_circuit_e state)
{
    store->circuit->state = state;
    ngx_http_weir_store_show(store);
}


static void
ngx_http_weir_circuit_open(ngx_http_weir_store_t *store, const char *why)
{
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;

    /* one that opens as soon as it closes is not probed at once each time */

    if (circuit->state == NGX_HTTP_WEIR_CIRCUIT_CLOSED
        && ngx_current_msec - circuit->closed > NGX_HTTP_WEIR_CIRCUIT_LAST)
    {
        circuit->delay = NGX_HTTP_WEIR_CIRCUIT_FIRST;
    }

    ngx_http_weir_circuit_set(store, NGX_HTTP_WEIR_CIRCUIT_OPEN);
    circuit->starting = 0;

    ngx_cpystrn((u_char *) circuit->why, (u_char *) why, sizeof(circuit->why));

    if (!circuit->said
        && ngx_current_msec - circuit->logged >= NGX_HTTP_WEIR_CIRCUIT_QUIET)
    {
        circuit->said = 1;
        circuit->logged = ngx_current_msec;

        ngx_log_error(NGX_LOG_WARN, store->log, 0,
                      "weir: the store is not asked any more: %s", why);
    }

    ngx_http_weir_circuit_later(circuit);
}


static void
ngx_http_weir_circuit_close(ngx_http_weir_store_t *store)
{
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;

    if (circuit->timer.timer_set) {
        ngx_del_timer(&circuit->timer);
    }

    ngx_http_weir_circuit_set(store, NGX_HTTP_WEIR_CIRCUIT_CLOSED);
    circuit->closed = ngx_current_msec;
    circuit->starting = 0;
    circuit->failures = 0;

    if (circuit->said) {
        circuit->said = 0;
        ngx_log_error(NGX_LOG_NOTICE, store->log, 0,
                      "weir: the store is asked again");
    }

    if (store->pulse) {
        ngx_http_weir_beat_now(store->pulse);
    }
}


/* From half of the delay to all of it. */

static void
ngx_http_weir_circuit_later(ngx_http_weir_circuit_t *circuit)
{
    ngx_msec_t  delay;

    delay = circuit->delay / 2;
    delay += 1 + (ngx_msec_t) ngx_random() % delay;

    circuit->delay = ngx_min(2 * circuit->delay, NGX_HTTP_WEIR_CIRCUIT_LAST);

    if (circuit->timer.timer_set) {
        ngx_del_timer(&circuit->timer);
    }

    ngx_add_timer(&circuit->timer, delay);
}


static void
ngx_http_weir_circuit_timer(ngx_event_t *ev)
{
    ngx_http_weir_circuit_probe(ev->data);
}


/*
 * A write, because a server may answer PING and be full or a replica.  In a
 * cluster one key says nothing of the other nodes.
 */

static void
ngx_http_weir_circuit_probe(ngx_http_weir_store_t *store)
{
    ngx_http_weir_call_t     *call;
    ngx_http_weir_conn_t     *conn;
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;
    call = &circuit->probe;

    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    call->handler = ngx_http_weir_circuit_probed;
    call->data = store;
    call->ncommands = 1;
    call->commands[0].nargs = 1;
    call->commands[0].args[0] = weir_string("PING");

    if (store->conf.kind != NGX_HTTP_WEIR_STORE_CLUSTER) {
        call->key = weir_str((char *) circuit->key.data, circuit->key.len);

        call->commands[0].nargs = 5;
        call->commands[0].args[0] = weir_string("SET");
        call->commands[0].args[1] = call->key;
        call->commands[0].args[2] = weir_string("1");
        call->commands[0].args[3] = weir_string("EX");
        call->commands[0].args[4] = weir_string("1");
    }

    conn = store->topology->pick(store, call);

    if (conn == NULL || conn->state != NGX_HTTP_WEIR_CONN_READY) {
        ngx_http_weir_circuit_later(circuit);
        return;
    }

    ngx_http_weir_circuit_set(store, NGX_HTTP_WEIR_CIRCUIT_HALF_OPEN);

    if (circuit->timer.timer_set) {
        ngx_del_timer(&circuit->timer);
    }

    ngx_http_weir_store_begin(store, call);

    /* without memory it ends by the timeout */

    (void) ngx_http_weir_conn_send(conn, call);
}


static void
ngx_http_weir_circuit_probed(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_store_t *store = call->data;

    if (result == NGX_HTTP_WEIR_STORE_OK) {
        ngx_http_weir_circuit_close(store);
    } else {
        ngx_http_weir_circuit_open(store, store->circuit->why);
    }
}


/* What others want to know */

void
ngx_http_weir_store_lines(ngx_http_weir_store_t *store,
    ngx_http_weir_store_counts_t *counts, ngx_http_weir_store_now_t *now)
{
    store->counts = counts ? counts : &store->own;
    store->now = now;

    ngx_http_weir_store_show(store);
}


void
ngx_http_weir_store_show(ngx_http_weir_store_t *store)
{
    ngx_http_weir_store_now_t  *now;

    now = store->now;

    if (now != NULL && store->circuit != NULL) {
        now->connections = store->connections;
        now->pending = store->pending;
        now->circuit = 1 + store->circuit->state;
    }
}


ngx_uint_t
ngx_http_weir_store_open(ngx_http_weir_store_t *store)
{
    ngx_http_weir_circuit_t  *circuit;

    circuit = store->circuit;

    return circuit != NULL
           && (circuit->state == NGX_HTTP_WEIR_CIRCUIT_CLOSED
               || (circuit->starting
                   && ngx_current_msec - circuit->started
                      < store->conf.timeout));
}


ngx_msec_t
ngx_http_weir_store_timeout(ngx_http_weir_store_t *store)
{
    return store->conf.timeout;
}


weir_str_t
ngx_http_weir_store_prefix(ngx_http_weir_store_t *store)
{
    return weir_str((char *) store->conf.prefix.data, store->conf.prefix.len);
}


ngx_msec_t
ngx_http_weir_store_opened(ngx_http_weir_store_t *store)
{
    return store->opened;
}


void
ngx_http_weir_store_stats(ngx_http_weir_store_t *store,
    ngx_http_weir_store_stats_t *stats)
{
    *stats = store->stats;

    stats->circuit = ngx_http_weir_circuit_name(
                         store->circuit ? store->circuit->state
                                        : NGX_HTTP_WEIR_CIRCUIT_OPEN);
}


const char *
ngx_http_weir_circuit_name(ngx_uint_t circuit)
{
    static const char *const  names[] = {
#define C(name, text)  text,
        NGX_HTTP_WEIR_CIRCUITS(C)
#undef C
    };

    return names[circuit];
}
