/*
 * ngx_http_weir_store_sentinel.c: a master that sentinels know.
 *
 *     WAIT ──▶ ASK ──▶ VERIFY ──▶ IDLE
 *      ▲        └─────────┤ it is none, or is not there
 *      └──────────────────┘
 *
 * There is one look-up at a time, of one sentinel after the other.  It begins
 * whenever the master is lost or says that it is none; calls go on to the old
 * one meanwhile, if it is connected.  Beside it one sentinel is listened to,
 * which says at once that there is another master.
 */

#include "ngx_http_weir_store_core.h"

#define NGX_HTTP_WEIR_SENTINEL_PAUSE   500      /* ms, else with patience */
#define NGX_HTTP_WEIR_SENTINEL_LASTED  5000     /* ms: it was no bad one */


typedef enum {
    NGX_HTTP_WEIR_SENTINEL_IDLE,            /* the master is known */
    NGX_HTTP_WEIR_SENTINEL_WAIT,            /* for the timer */
    NGX_HTTP_WEIR_SENTINEL_ASK,             /* a sentinel */
    NGX_HTTP_WEIR_SENTINEL_VERIFY           /* what it said */
} ngx_http_weir_sentinel_step_e;

typedef struct {
    ngx_http_weir_store_t          *store;
    ngx_pool_t                     *pool;
    ngx_http_weir_sentinel_step_e   step;

    ngx_http_weir_conn_t           *master;     /* NULL: there was none yet */
    ngx_http_weir_conn_t           *candidate;  /* VERIFY; may be the master */
    ngx_http_weir_conn_t           *sentinel;   /* ASK */
    ngx_http_weir_call_t            call;       /* to one of these two */
    ngx_event_t                     timer;      /* WAIT */
    ngx_uint_t                      next;       /* seed to ask */
    ngx_uint_t                      tries;      /* without a master */
    ngx_msec_t                      looked;     /* when the last one began */
    unsigned                        again:1;    /* look once more after it */

    ngx_http_weir_conn_t           *watch;      /* is listened to */
    ngx_http_weir_call_t            subscribe;
    ngx_event_t                     rewatch;
    ngx_uint_t                      watched;    /* seed */
    ngx_uint_t                      losses;     /* of it, in a row */
} ngx_http_weir_sentinel_t;


static ngx_int_t ngx_http_weir_sentinel_start(ngx_http_weir_store_t *store);
static void ngx_http_weir_sentinel_stop(ngx_http_weir_store_t *store);
static ngx_http_weir_conn_t *ngx_http_weir_sentinel_pick(
    ngx_http_weir_store_t *store, const ngx_http_weir_call_t *call);
static ngx_http_weir_conn_t *ngx_http_weir_sentinel_error(
    ngx_http_weir_store_t *store, ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call, weir_str_t text);
static void ngx_http_weir_sentinel_look(ngx_http_weir_sentinel_t *s);
static void ngx_http_weir_sentinel_timer(ngx_event_t *ev);
static void ngx_http_weir_sentinel_ask(ngx_http_weir_sentinel_t *s);
static void ngx_http_weir_sentinel_asks(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_sentinel_gone(ngx_http_weir_conn_t *conn,
    const char *why);
static void ngx_http_weir_sentinel_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_sentinel_verify(ngx_http_weir_sentinel_t *s,
    weir_str_t host, weir_str_t port);
static ngx_http_weir_conn_t *ngx_http_weir_sentinel_candidate(
    ngx_http_weir_sentinel_t *s, weir_str_t host, weir_str_t port);
static void ngx_http_weir_sentinel_ready(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_sentinel_lost(ngx_http_weir_conn_t *conn,
    const char *why);
static void ngx_http_weir_sentinel_role(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_sentinel_found(ngx_http_weir_sentinel_t *s);
static void ngx_http_weir_sentinel_failed(ngx_http_weir_sentinel_t *s,
    const char *why);
static void ngx_http_weir_sentinel_abandon(ngx_http_weir_sentinel_t *s);
static void ngx_http_weir_sentinel_rewatch(ngx_event_t *ev);
static void ngx_http_weir_sentinel_watch(ngx_http_weir_sentinel_t *s);
static void ngx_http_weir_sentinel_watches(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_sentinel_subscribed(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_sentinel_message(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *message);
static void ngx_http_weir_sentinel_unwatched(ngx_http_weir_conn_t *conn,
    const char *why);
static ngx_http_weir_conn_t *ngx_http_weir_sentinel_conn(
    ngx_http_weir_sentinel_t *s, ngx_uint_t seed);
static void ngx_http_weir_sentinel_drop(ngx_http_weir_conn_t **conn);
static weir_str_t ngx_http_weir_sentinel_word(weir_str_t *text);


const ngx_http_weir_topology_t  ngx_http_weir_store_sentinel = {
    "sentinel",
    ngx_http_weir_sentinel_start,
    ngx_http_weir_sentinel_stop,
    ngx_http_weir_sentinel_pick,
    ngx_http_weir_sentinel_error
};


static ngx_int_t
ngx_http_weir_sentinel_start(ngx_http_weir_store_t *store)
{
    ngx_pool_t                *pool;
    ngx_http_weir_sentinel_t  *s;

    pool = ngx_create_pool(4096, store->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    s = ngx_pcalloc(pool, sizeof(ngx_http_weir_sentinel_t));
    if (s == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    s->store = store;
    s->pool = pool;

    /* workers, and nodes, do not all ask the same one */

    s->next = (ngx_uint_t) ngx_random() % store->conf.nseeds;
    s->watched = (ngx_uint_t) ngx_random() % store->conf.nseeds;
    s->looked = ngx_current_msec - NGX_HTTP_WEIR_SENTINEL_PAUSE;

    s->timer.handler = ngx_http_weir_sentinel_timer;
    s->timer.data = s;
    s->timer.log = store->log;
    s->timer.cancelable = 1;

    s->rewatch.handler = ngx_http_weir_sentinel_rewatch;
    s->rewatch.data = s;
    s->rewatch.log = store->log;
    s->rewatch.cancelable = 1;

    store->servers = s;

    ngx_http_weir_sentinel_watch(s);
    ngx_http_weir_sentinel_look(s);

    return NGX_OK;
}


static void
ngx_http_weir_sentinel_stop(ngx_http_weir_store_t *store)
{
    ngx_http_weir_sentinel_t  *s;

    s = store->servers;

    if (s == NULL) {
        return;
    }

    store->servers = NULL;

    ngx_http_weir_sentinel_abandon(s);

    /* the handlers of its calls may ask for a connection: there is none */

    if (s->master != NULL) {
        ngx_http_weir_conn_destroy(s->master, NGX_HTTP_WEIR_STORE_QUIT);
    }

    ngx_http_weir_store_cancel(&s->subscribe);
    ngx_http_weir_sentinel_drop(&s->watch);

    if (s->rewatch.timer_set) {
        ngx_del_timer(&s->rewatch);
    }

    ngx_destroy_pool(s->pool);
}


static ngx_http_weir_conn_t *
ngx_http_weir_sentinel_pick(ngx_http_weir_store_t *store,
    const ngx_http_weir_call_t *call)
{
    ngx_http_weir_sentinel_t  *s;

    s = store->servers;

    return s != NULL ? s->master : NULL;
}


static ngx_http_weir_conn_t *
ngx_http_weir_sentinel_error(ngx_http_weir_store_t *store,
    ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call, weir_str_t text)
{
    ngx_http_weir_sentinel_t  *s;

    s = store->servers;

    if (s != NULL && conn == s->master
        && (weir_str_starts(text, weir_string("READONLY"))
            || weir_str_starts(text, weir_string("MASTERDOWN"))
            || weir_str_starts(text, weir_string("LOADING"))))
    {
        ngx_http_weir_sentinel_look(s);
    }

    return NULL;
}


/* A look-up */

static void
ngx_http_weir_sentinel_look(ngx_http_weir_sentinel_t *s)
{
    if (s->step != NGX_HTTP_WEIR_SENTINEL_IDLE) {
        return;
    }

    /* a master may be found, and lost, again and again */

    if (ngx_current_msec - s->looked < NGX_HTTP_WEIR_SENTINEL_PAUSE) {
        s->step = NGX_HTTP_WEIR_SENTINEL_WAIT;
        ngx_add_timer(&s->timer, ngx_http_weir_store_patience(1));
        return;
    }

    ngx_http_weir_sentinel_ask(s);
}


static void
ngx_http_weir_sentinel_timer(ngx_event_t *ev)
{
    ngx_http_weir_sentinel_ask(ev->data);
}


static void
ngx_http_weir_sentinel_ask(ngx_http_weir_sentinel_t *s)
{
    ngx_http_weir_conn_t  *conn;

    s->step = NGX_HTTP_WEIR_SENTINEL_ASK;
    s->looked = ngx_current_msec;
    s->next = (s->next + 1) % s->store->conf.nseeds;

    conn = ngx_http_weir_sentinel_conn(s, s->next);
    if (conn == NULL) {
        ngx_http_weir_sentinel_failed(s, "no memory");
        return;
    }

    conn->ready = ngx_http_weir_sentinel_asks;
    conn->lost = ngx_http_weir_sentinel_gone;

    s->sentinel = conn;

    ngx_http_weir_conn_open(conn);
}


static void
ngx_http_weir_sentinel_asks(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_sentinel_t *s = conn->data;

    ngx_http_weir_call_t        *call;
    ngx_http_weir_store_conf_t  *conf;

    call = &s->call;
    conf = &s->store->conf;

    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    call->ncommands = 1;
    call->commands[0].nargs = 3;
    call->commands[0].args[0] = weir_string("SENTINEL");
    call->commands[0].args[1] = weir_string("get-master-addr-by-name");
    call->commands[0].args[2] = weir_str((char *) conf->master.data,
                                         conf->master.len);
    call->handler = ngx_http_weir_sentinel_told;
    call->data = s;

    ngx_http_weir_store_ask(s->store, conn, call);
}


static void
ngx_http_weir_sentinel_gone(ngx_http_weir_conn_t *conn, const char *why)
{
    ngx_http_weir_sentinel_failed(conn->data, why);
}


static void
ngx_http_weir_sentinel_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_sentinel_t *s = call->data;

    if (result != NGX_HTTP_WEIR_STORE_OK) {
        ngx_http_weir_sentinel_failed(s, "a sentinel does not answer");
        return;
    }

    if (replies[0].type != NGX_HTTP_WEIR_REPLY_ARRAY || replies[0].nitems != 2)
    {
        ngx_http_weir_sentinel_failed(s, "a sentinel does not know the master");
        return;
    }

    /* the texts live until this returns, the connection is not needed */

    ngx_http_weir_sentinel_verify(s, replies[0].items[0].text,
                                  replies[0].items[1].text);
}


static void
ngx_http_weir_sentinel_verify(ngx_http_weir_sentinel_t *s, weir_str_t host,
    weir_str_t port)
{
    ngx_http_weir_conn_t  *conn;

    conn = ngx_http_weir_sentinel_candidate(s, host, port);

    ngx_http_weir_sentinel_abandon(s);

    if (conn == NULL) {
        ngx_http_weir_sentinel_failed(s, "a sentinel tells no address");
        return;
    }

    s->step = NGX_HTTP_WEIR_SENTINEL_VERIFY;
    s->candidate = conn;

    if (conn->state == NGX_HTTP_WEIR_CONN_READY) {
        ngx_http_weir_sentinel_ready(conn);
    } else {
        ngx_http_weir_conn_open(conn);
    }
}


/* The master's own connection, or another one that is not open yet. */

static ngx_http_weir_conn_t *
ngx_http_weir_sentinel_candidate(ngx_http_weir_sentinel_t *s, weir_str_t host,
    weir_str_t port)
{
    ngx_int_t              n;
    ngx_pool_t            *pool;
    ngx_http_weir_url_t    url, *now;
    ngx_http_weir_conn_t  *conn;

    conn = NULL;
    n = ngx_atoi((u_char *) port.data, port.len);

    pool = ngx_create_pool(1024, s->store->log);
    if (pool == NULL) {
        return NULL;
    }

    if (n < 1
        || ngx_http_weir_store_address(pool, &s->store->conf, host,
                                       (ngx_uint_t) n, &url)
           != NGX_OK)
    {
        goto done;
    }

    now = s->master != NULL ? &s->master->url : NULL;

    if (now != NULL && now->port == url.port
        && now->host.len == url.host.len
        && ngx_memcmp(now->host.data, url.host.data, url.host.len) == 0)
    {
        conn = s->master;
        goto done;
    }

    conn = ngx_http_weir_conn_create(s->store, &url);

    if (conn != NULL) {
        conn->ready = ngx_http_weir_sentinel_ready;
        conn->lost = ngx_http_weir_sentinel_lost;
        conn->data = s;
    }

done:

    ngx_destroy_pool(pool);

    return conn;
}


static void
ngx_http_weir_sentinel_ready(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_sentinel_t *s = conn->data;

    ngx_http_weir_call_t  *call;

    if (conn != s->candidate) {

        /* the master is back by itself: it serves, if it still is one */

        ngx_http_weir_store_found(s->store);
        ngx_http_weir_sentinel_look(s);
        return;
    }

    call = &s->call;

    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    call->ncommands = 1;
    call->commands[0].nargs = 1;
    call->commands[0].args[0] = weir_string("ROLE");
    call->handler = ngx_http_weir_sentinel_role;
    call->data = s;

    ngx_http_weir_store_ask(s->store, conn, call);
}


static void
ngx_http_weir_sentinel_lost(ngx_http_weir_conn_t *conn, const char *why)
{
    ngx_http_weir_sentinel_t *s = conn->data;

    if (conn == s->master) {
        ngx_http_weir_store_lost(s->store, why);
        ngx_http_weir_sentinel_look(s);
    }

    if (conn == s->candidate) {
        ngx_http_weir_sentinel_failed(s, why);
    }
}


static void
ngx_http_weir_sentinel_role(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_sentinel_t *s = call->data;

    if (result != NGX_HTTP_WEIR_STORE_OK) {
        ngx_http_weir_sentinel_failed(s, "the master does not say its role");
        return;
    }

    if (replies[0].type != NGX_HTTP_WEIR_REPLY_ARRAY || replies[0].nitems == 0
        || !weir_str_eq(replies[0].items[0].text, weir_string("master")))
    {
        ngx_http_weir_sentinel_failed(s, "who a sentinel calls the master "
                                      "is none");
        return;
    }

    ngx_http_weir_sentinel_found(s);
}


static void
ngx_http_weir_sentinel_found(ngx_http_weir_sentinel_t *s)
{
    ngx_http_weir_conn_t  *old;

    old = s->master;

    if (s->candidate != old) {
        s->master = s->candidate;

        ngx_log_error(NGX_LOG_NOTICE, s->store->log, 0,
                      "weir: store: the master \"%V\" is %V",
                      &s->store->conf.master, &s->master->url.text);

        if (old != NULL) {
            ngx_http_weir_conn_destroy(old, NGX_HTTP_WEIR_STORE_LOST);
        }
    }

    s->candidate = NULL;
    s->tries = 0;
    s->step = NGX_HTTP_WEIR_SENTINEL_IDLE;

    ngx_http_weir_store_found(s->store);

    if (s->again) {
        s->again = 0;
        ngx_http_weir_sentinel_look(s);
    }
}


/* To the next sentinel; after a round of all of them, with patience. */

static void
ngx_http_weir_sentinel_failed(ngx_http_weir_sentinel_t *s, const char *why)
{
    ngx_uint_t  level, nseeds;

    ngx_http_weir_sentinel_abandon(s);

    nseeds = s->store->conf.nseeds;
    level = ++s->tries == nseeds ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, s->store->log, 0,
                  "weir: store: the master \"%V\" is not found: %s",
                  &s->store->conf.master, why);

    if (s->master == NULL || s->master->state != NGX_HTTP_WEIR_CONN_READY) {
        ngx_http_weir_store_lost(s->store, why);
    }

    s->step = NGX_HTTP_WEIR_SENTINEL_WAIT;

    ngx_add_timer(&s->timer,
                  ngx_http_weir_store_patience(s->tries / nseeds));
}


/* Whatever of a look-up is under way; not the master. */

static void
ngx_http_weir_sentinel_abandon(ngx_http_weir_sentinel_t *s)
{
    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    ngx_http_weir_store_cancel(&s->call);
    ngx_http_weir_sentinel_drop(&s->sentinel);

    if (s->candidate == s->master) {
        s->candidate = NULL;
    }

    ngx_http_weir_sentinel_drop(&s->candidate);
}


/* Listening */

static void
ngx_http_weir_sentinel_rewatch(ngx_event_t *ev)
{
    ngx_http_weir_sentinel_watch(ev->data);
}


static void
ngx_http_weir_sentinel_watch(ngx_http_weir_sentinel_t *s)
{
    ngx_http_weir_conn_t  *conn;

    s->watched = (s->watched + 1) % s->store->conf.nseeds;

    conn = ngx_http_weir_sentinel_conn(s, s->watched);
    if (conn == NULL) {
        ngx_add_timer(&s->rewatch, 1000);
        return;
    }

    conn->ready = ngx_http_weir_sentinel_watches;
    conn->lost = ngx_http_weir_sentinel_unwatched;
    conn->push = ngx_http_weir_sentinel_message;

    s->watch = conn;

    ngx_http_weir_conn_open(conn);
}


static void
ngx_http_weir_sentinel_watches(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_sentinel_t *s = conn->data;

    ngx_http_weir_call_t  *call;

    call = &s->subscribe;

    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    call->ncommands = 1;
    call->commands[0].nargs = 2;
    call->commands[0].args[0] = weir_string("SUBSCRIBE");
    call->commands[0].args[1] = weir_string("+switch-master");
    call->handler = ngx_http_weir_sentinel_subscribed;
    call->data = s;

    ngx_http_weir_store_ask(s->store, conn, call);
}


/* What was said before is not known: so the master is looked up again. */

static void
ngx_http_weir_sentinel_subscribed(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_sentinel_t *s = call->data;

    if (result != NGX_HTTP_WEIR_STORE_OK) {

        if (s->watch != NULL && result != NGX_HTTP_WEIR_STORE_LOST) {
            ngx_http_weir_sentinel_unwatched(s->watch,
                                             "it takes no subscription");
        }

        return;
    }

    if (s->step == NGX_HTTP_WEIR_SENTINEL_IDLE) {
        ngx_http_weir_sentinel_look(s);
    } else {
        s->again = 1;
    }
}


/* +switch-master: NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT */

static void
ngx_http_weir_sentinel_message(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *message)
{
    ngx_http_weir_sentinel_t *s = conn->data;

    weir_str_t   text, name, host, port;
    ngx_str_t   *master;

    if (message->type != NGX_HTTP_WEIR_REPLY_ARRAY || message->nitems != 3
        || !weir_str_eq(message->items[0].text, weir_string("message")))
    {
        return;
    }

    text = message->items[2].text;
    master = &s->store->conf.master;

    name = ngx_http_weir_sentinel_word(&text);

    if (!weir_str_eq(name, weir_str((char *) master->data, master->len))) {
        return;
    }

    (void) ngx_http_weir_sentinel_word(&text);
    (void) ngx_http_weir_sentinel_word(&text);

    host = ngx_http_weir_sentinel_word(&text);
    port = ngx_http_weir_sentinel_word(&text);

    ngx_http_weir_sentinel_verify(s, host, port);
}


static void
ngx_http_weir_sentinel_unwatched(ngx_http_weir_conn_t *conn, const char *why)
{
    ngx_http_weir_sentinel_t *s = conn->data;

    ngx_log_error(NGX_LOG_INFO, s->store->log, 0,
                  "weir: store: no longer listens to sentinel %V: %s",
                  &conn->url.text, why);

    if (ngx_current_msec - conn->since > NGX_HTTP_WEIR_SENTINEL_LASTED) {
        s->losses = 0;
    }

    ngx_http_weir_store_cancel(&s->subscribe);
    ngx_http_weir_sentinel_drop(&s->watch);

    ngx_add_timer(&s->rewatch, ngx_http_weir_store_patience(s->losses++));
}


/* A closed connection to a sentinel. */

static ngx_http_weir_conn_t *
ngx_http_weir_sentinel_conn(ngx_http_weir_sentinel_t *s, ngx_uint_t seed)
{
    ngx_http_weir_conn_t        *conn;
    ngx_http_weir_store_conf_t  *conf;

    conf = &s->store->conf;

    conn = ngx_http_weir_conn_create(s->store, &conf->seeds[seed]);

    if (conn != NULL) {
        conn->user = conf->sentinel_user;
        conn->password = conf->sentinel_password;
        conn->db = -1;
        conn->data = s;
    }

    return conn;
}


/* One that has no calls but ours. */

static void
ngx_http_weir_sentinel_drop(ngx_http_weir_conn_t **conn)
{
    ngx_http_weir_conn_t  *gone;

    gone = *conn;
    *conn = NULL;

    if (gone != NULL) {
        ngx_http_weir_conn_destroy(gone, NGX_HTTP_WEIR_STORE_LOST);
    }
}


static weir_str_t
ngx_http_weir_sentinel_word(weir_str_t *text)
{
    const char  *blank;
    weir_str_t   word;

    blank = memchr(text->data, ' ', text->len);

    word = *text;
    word.len = blank ? (size_t) (blank - text->data) : text->len;

    text->data += word.len + (blank != NULL);
    text->len -= word.len + (blank != NULL);

    return word;
}
