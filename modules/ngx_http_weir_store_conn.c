/*
 * ngx_http_weir_store_conn.c: one server: found, greeted, watched, lost.
 *
 *     CLOSED ──▶ OPENING ──▶ READY ──▶ FAILED ──▶ OPENING ...
 *                   └─────────────────────▲
 */

#include "ngx_http_weir_store_pipe.h"

#define NGX_HTTP_WEIR_CONN_BACKOFF  50          /* ms; doubles */
#define NGX_HTTP_WEIR_CONN_SLOWEST  2000
#define NGX_HTTP_WEIR_CONN_TICK     1000        /* ms: is the server there? */
#define NGX_HTTP_WEIR_CONN_IDLE     10000       /* ms, then PING */


static ngx_str_t ngx_http_weir_conn_copy(ngx_pool_t *pool,
    const ngx_str_t *from);
static void ngx_http_weir_conn_free(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_connected(void *data, ngx_connection_t *c);
static void ngx_http_weir_conn_failed(void *data, const char *why);
static ngx_int_t ngx_http_weir_conn_greet(ngx_http_weir_conn_t *conn);
static const char *ngx_http_weir_conn_refused(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply);
static void ngx_http_weir_conn_timer(ngx_event_t *ev);
static void ngx_http_weir_conn_tick(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_close(ngx_http_weir_conn_t *conn);
static ngx_msec_t ngx_http_weir_conn_backoff(ngx_http_weir_pipe_t *pipe);


static const ngx_http_weir_command_t  ngx_http_weir_ping = {
    { weir_string("PING") }, 1
};


/* Its life */

ngx_http_weir_conn_t *
ngx_http_weir_conn_create(ngx_http_weir_store_t *store,
    const ngx_http_weir_url_t *url)
{
    ngx_pool_t            *pool;
    ngx_http_weir_conn_t  *conn;
    ngx_http_weir_pipe_t  *pipe;

    pool = ngx_create_pool(4096, store->log);
    if (pool == NULL) {
        return NULL;
    }

    conn = ngx_pcalloc(pool, sizeof(ngx_http_weir_conn_t));
    pipe = ngx_pcalloc(pool, sizeof(ngx_http_weir_pipe_t));

    if (conn == NULL || pipe == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    conn->store = store;
    conn->pool = pool;
    conn->pipe = pipe;
    conn->user = store->conf.user;
    conn->password = store->conf.password;
    conn->db = store->conf.db ? (ngx_int_t) store->conf.db : -1;

    conn->url = *url;
    conn->url.text = ngx_http_weir_conn_copy(pool, &url->text);
    conn->url.host = ngx_http_weir_conn_copy(pool, &url->host);

    if (conn->url.text.data == NULL || conn->url.host.data == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    pipe->timer.handler = ngx_http_weir_conn_timer;
    pipe->timer.data = conn;
    pipe->timer.log = store->log;
    pipe->timer.cancelable = 1;

    pipe->write.handler = ngx_http_weir_pipe_posted;
    pipe->write.data = conn;
    pipe->write.log = store->log;

    return conn;
}


static ngx_str_t
ngx_http_weir_conn_copy(ngx_pool_t *pool, const ngx_str_t *from)
{
    ngx_str_t  to;

    to.len = from->len;
    to.data = ngx_pnalloc(pool, from->len + 1);

    if (to.data != NULL) {
        *ngx_cpymem(to.data, from->data, from->len) = '\0';
    }

    return to;
}


void
ngx_http_weir_conn_open(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_peer_t  *peer;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;

    if (conn->state == NGX_HTTP_WEIR_CONN_OPENING
        || conn->state == NGX_HTTP_WEIR_CONN_READY)
    {
        return;
    }

    if (pipe->timer.timer_set) {
        ngx_del_timer(&pipe->timer);
    }

    conn->state = NGX_HTTP_WEIR_CONN_OPENING;
    conn->openings++;
    conn->since = ngx_current_msec;
    conn->silent = 0;

    pipe->pool = ngx_create_pool(1024, conn->store->log);

    if (pipe->pool == NULL) {
        conn->state = NGX_HTTP_WEIR_CONN_FAILED;
        ngx_add_timer(&pipe->timer, ngx_http_weir_conn_backoff(pipe));
        return;
    }

    peer = &pipe->peer;
    ngx_memzero(peer, sizeof(ngx_http_weir_peer_t));

    peer->outgoing = conn->store->conf.outgoing;
    peer->url = &conn->url;
    peer->pool = pipe->pool;
    peer->log = conn->store->log;
    peer->timeout = conn->store->conf.connect_timeout;
    peer->connected = ngx_http_weir_conn_connected;
    peer->failed = ngx_http_weir_conn_failed;
    peer->data = conn;

    ngx_http_weir_peer_open(peer);
}


void
ngx_http_weir_conn_destroy(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result)
{
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;

    if (pipe->destroyed) {
        return;
    }

    pipe->busy++;
    pipe->destroyed = 1;

    conn->ready = NULL;
    conn->lost = NULL;
    conn->push = NULL;

    if (conn->state == NGX_HTTP_WEIR_CONN_READY) {
        (void) ngx_http_weir_pipe_send(conn);
    }

    ngx_http_weir_conn_close(conn);
    conn->state = NGX_HTTP_WEIR_CONN_CLOSED;

    ngx_http_weir_pipe_end(conn, result,
                           "the connection is not needed any more");
    ngx_http_weir_conn_leave(conn);
}


void
ngx_http_weir_conn_leave(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;

    if (--pipe->busy == 0 && pipe->destroyed) {
        ngx_http_weir_conn_free(conn);
    }
}


static void
ngx_http_weir_conn_free(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;

    /* handlers may have put calls on it while it ended */

    ngx_http_weir_pipe_end(conn, NGX_HTTP_WEIR_STORE_LOST,
                           "the connection is not needed any more");

    if (pipe->timer.timer_set) {
        ngx_del_timer(&pipe->timer);
    }

    if (pipe->write.posted) {
        ngx_delete_posted_event(&pipe->write);
    }

    ngx_http_weir_pipe_free(pipe);
    ngx_destroy_pool(conn->pool);
}


void
ngx_http_weir_conn_reset(ngx_http_weir_conn_t *conn, const char *why)
{
    if (conn->state == NGX_HTTP_WEIR_CONN_OPENING
        || conn->state == NGX_HTTP_WEIR_CONN_READY)
    {
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST, why);
    }
}


/* Opening */

static void
ngx_http_weir_conn_connected(void *data, ngx_connection_t *c)
{
    ngx_http_weir_conn_t *conn = data;

    size_t                 limit;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;
    limit = conn->limit ? conn->limit : NGX_HTTP_WEIR_STORE_REPLY;

    c->data = conn;
    c->read->handler = ngx_http_weir_pipe_read;
    c->write->handler = ngx_http_weir_pipe_write;

    /* a worker that quits still has requests, and they have limits */

    c->idle = 0;

    pipe->connection = c;
    pipe->resp = ngx_http_weir_resp_create(limit, conn->store->log);

    if (ngx_tcp_nodelay(c) != NGX_OK || pipe->resp == NULL
        || ngx_http_weir_conn_greet(conn) != NGX_OK)
    {
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST, "no memory");
        return;
    }

    ngx_add_timer(&pipe->timer, conn->store->conf.connect_timeout);

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    ngx_http_weir_pipe_flush(conn);
}


static void
ngx_http_weir_conn_failed(void *data, const char *why)
{
    ngx_http_weir_conn_lose(data, NGX_HTTP_WEIR_STORE_LOST, why);
}


/* CLIENT SETNAME is the last one: its reply is looked at by nobody. */

static ngx_int_t
ngx_http_weir_conn_greet(ngx_http_weir_conn_t *conn)
{
    u_char                    db[NGX_INT_T_LEN];
    weir_str_t                number, password;
    ngx_uint_t                n;
    ngx_http_weir_command_t   commands[3], *command;

    n = 0;

    if (conn->password.len) {
        command = &commands[n++];
        command->nargs = 0;
        command->args[command->nargs++] = weir_string("AUTH");

        if (conn->user.len) {
            command->args[command->nargs++] =
                weir_str((char *) conn->user.data, conn->user.len);
        }

        password = weir_str((char *) conn->password.data, conn->password.len);
        command->args[command->nargs++] = password;
    }

    if (conn->db > 0) {
        command = &commands[n++];
        command->nargs = 2;
        command->args[0] = weir_string("SELECT");

        number.data = (char *) db;
        number.len = (size_t) (ngx_sprintf(db, "%i", conn->db) - db);
        command->args[1] = number;
    }

    command = &commands[n++];
    command->nargs = 3;
    command->args[0] = weir_string("CLIENT");
    command->args[1] = weir_string("SETNAME");
    command->args[2] = weir_string("weir");

    return ngx_http_weir_pipe_greet(conn, commands, n);
}


/* Servers that know no AUTH repeat its arguments: a password. */

static const char *
ngx_http_weir_conn_refused(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply)
{
    const char  *blank;
    weir_str_t   text;

    text = reply->text;

    /* SELECT and CLIENT come behind it */

    if (conn->password.len == 0
        || conn->pipe->greetings != (conn->db > 0 ? 2 : 1))
    {
        return ngx_http_weir_conn_why(conn->pipe, "the server refused us: ",
                                      text);
    }

    blank = memchr(text.data, ' ', text.len);

    if (blank != NULL) {
        text.len = (size_t) (blank - text.data);
    }

    return ngx_http_weir_conn_why(conn->pipe, "the server refused AUTH: ",
                                  text);
}


void
ngx_http_weir_conn_greeted(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply)
{
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_store_t  *store;

    pipe = conn->pipe;
    store = conn->store;

    if (--pipe->greetings) {

        if (reply->type == NGX_HTTP_WEIR_REPLY_ERROR) {
            ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                    ngx_http_weir_conn_refused(conn, reply));
        }

        return;
    }

    conn->state = NGX_HTTP_WEIR_CONN_READY;
    pipe->heard = ngx_current_msec;
    store->opened = ngx_current_msec;

    store->connections++;
    ngx_http_weir_store_show(store);

    if (conn->openings > 1) {
        ngx_http_weir_store_count(store, reconnects, 1);
    }

    ngx_add_timer(&pipe->timer, NGX_HTTP_WEIR_CONN_TICK);

    if (pipe->waiting.len) {
        ngx_post_event(&pipe->write, &ngx_posted_events);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, store->log, 0,
                   "weir: store: connected to \"%V\"", &conn->url.text);

    if (conn->ready) {
        conn->ready(conn);
    }
}


static void
ngx_http_weir_conn_timer(ngx_event_t *ev)
{
    ngx_http_weir_conn_t *conn = ev->data;

    switch (conn->state) {

    case NGX_HTTP_WEIR_CONN_OPENING:
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                "the server does not answer");
        break;

    case NGX_HTTP_WEIR_CONN_READY:
        ngx_http_weir_conn_tick(conn);
        break;

    case NGX_HTTP_WEIR_CONN_FAILED:
        ngx_http_weir_conn_open(conn);
        break;

    case NGX_HTTP_WEIR_CONN_CLOSED:
        break;
    }
}


/* A server that hangs, or is gone without a word, is told by its silence. */

static void
ngx_http_weir_conn_tick(ngx_http_weir_conn_t *conn)
{
    ngx_msec_t             limit, silence;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;
    silence = ngx_current_msec - pipe->heard;

    if (pipe->head == pipe->tail) {

        if (silence >= NGX_HTTP_WEIR_CONN_IDLE) {
            ngx_http_weir_pipe_command(conn, &ngx_http_weir_ping);
        }

    } else {
        limit = ngx_max(1000, 4 * conn->store->conf.timeout);

        if (silence > limit) {
            ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                    "the server does not answer any more");
            return;
        }
    }

    ngx_http_weir_pipe_shrink(pipe);

    pipe->tries = 0;

    ngx_add_timer(&pipe->timer, NGX_HTTP_WEIR_CONN_TICK);
}


/* The end of a connection */

void
ngx_http_weir_conn_lose(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result, const char *why)
{
    ngx_msec_t             delay;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;

    pipe->busy++;

    ngx_http_weir_conn_close(conn);

    conn->state = NGX_HTTP_WEIR_CONN_FAILED;

    delay = ngx_http_weir_conn_backoff(pipe);
    ngx_add_timer(&pipe->timer, delay);

    ngx_log_error(NGX_LOG_INFO, conn->store->log, 0,
                  "weir: store \"%V\": %s; connects again in %Mms",
                  &conn->url.text, why, delay);

    ngx_http_weir_pipe_end(conn, result, why);

    if (conn->lost && conn->state == NGX_HTTP_WEIR_CONN_FAILED) {
        conn->lost(conn, why);
    }

    ngx_http_weir_conn_leave(conn);
}


static void
ngx_http_weir_conn_close(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;

    if (conn->state == NGX_HTTP_WEIR_CONN_READY) {
        conn->store->connections--;
        ngx_http_weir_store_show(conn->store);
    }

    if (pipe->timer.timer_set) {
        ngx_del_timer(&pipe->timer);
    }

    if (pipe->write.posted) {
        ngx_delete_posted_event(&pipe->write);
    }

    ngx_http_weir_peer_close(&pipe->peer);
    pipe->connection = NULL;

    if (pipe->pool) {
        ngx_destroy_pool(pipe->pool);
        pipe->pool = NULL;
    }

    if (pipe->resp && !pipe->reading) {
        ngx_http_weir_resp_destroy(pipe->resp);
    }

    pipe->resp = NULL;

    ngx_http_weir_pipe_clear(pipe);
}


/* Full jitter: workers that lost a server together do not return together. */

static ngx_msec_t
ngx_http_weir_conn_backoff(ngx_http_weir_pipe_t *pipe)
{
    ngx_msec_t  most;

    most = NGX_HTTP_WEIR_CONN_SLOWEST;

    if (pipe->tries < 5) {
        most = NGX_HTTP_WEIR_CONN_BACKOFF << pipe->tries;
        pipe->tries++;
    }

    return 1 + (ngx_msec_t) ngx_random() % most;
}


/* Texts of servers are bytes of anybody: what is not printed is a dot. */

const char *
ngx_http_weir_conn_why(ngx_http_weir_pipe_t *pipe, const char *before,
    weir_str_t text)
{
    char        *p, *end;
    weir_str_t   rest;

    p = pipe->why;
    end = pipe->why + sizeof(pipe->why) - 1;

    for (rest = weir_cstr(before); rest.len && p < end; rest.len--) {
        *p++ = *rest.data++;
    }

    for (rest = text; rest.len && p < end; rest.len--) {
        *p++ = *rest.data >= 0x20 && *rest.data < 0x7f ? *rest.data : '.';
        rest.data++;
    }

    *p = '\0';

    return pipe->why;
}
