/*
 * ngx_http_weir_store_conn.c: one server, and the calls that are on their way
 * to it.
 *
 *     CLOSED ──▶ OPENING ──▶ READY ──▶ FAILED ──▶ OPENING ...
 *                   └─────────────────────▲
 *
 * Servers answer in the order of the commands.  So each call has a place on
 * the pipeline until all its replies came, also when nobody waits for it any
 * more; and what cannot be told from garbage ends the connection.
 *
 * Handlers of calls and of the topology may do anything to a connection but
 * free it under the feet of who called them: "busy" holds its memory.
 */

#include "ngx_http_weir_store_core.h"

#define NGX_HTTP_WEIR_CONN_READ     16384
#define NGX_HTTP_WEIR_CONN_PLACES   64          /* at first; a power of two */
#define NGX_HTTP_WEIR_CONN_SPARE    4096        /* places that are kept */
#define NGX_HTTP_WEIR_CONN_CALLS    (1u << 20)  /* on one pipeline */
#define NGX_HTTP_WEIR_CONN_BUFFER   (1u << 26)  /* bytes that wait */
#define NGX_HTTP_WEIR_CONN_KEEP     (1u << 16)  /* of a buffer that is empty */

#define NGX_HTTP_WEIR_CONN_BACKOFF  50          /* ms; doubles */
#define NGX_HTTP_WEIR_CONN_SLOWEST  2000
#define NGX_HTTP_WEIR_CONN_TICK     1000        /* ms: is the server there? */
#define NGX_HTTP_WEIR_CONN_IDLE     10000       /* ms, then PING */


typedef struct {
    ngx_http_weir_call_t  *call;                /* NULL: replies are dropped */
    uint16_t               expected;            /* replies */
    uint16_t               received;
    uint16_t               asking;              /* ASKING before each command */
} ngx_http_weir_place_t;

typedef struct {
    u_char                *data;
    size_t                 len;
    size_t                 size;
} ngx_http_weir_bytes_t;

typedef struct ngx_http_weir_pipe_s  ngx_http_weir_pipe_t;

struct ngx_http_weir_pipe_s {
    ngx_http_weir_peer_t    peer;
    ngx_pool_t             *pool;               /* of the peer */
    ngx_connection_t       *connection;         /* the peer's, once connected */
    ngx_http_weir_resp_t   *resp;

    ngx_event_t             timer;              /* by state: greeting, tick,
                                                   open again */
    ngx_event_t             write;              /* at the end of this turn */

    /* call n is at places[n % nplaces]; head is answered next */
    ngx_http_weir_place_t  *places;
    uint64_t                nplaces;            /* a power of two */
    uint64_t                head;
    uint64_t                tail;

    /* TLS wants the same bytes again, so what is on its way stays in place */
    ngx_http_weir_bytes_t   waiting;
    ngx_http_weir_bytes_t   sending;
    size_t                  sent;

    ngx_msec_t              heard;              /* the last reply; or when
                                                   there was none to expect */
    ngx_uint_t              greetings;          /* replies to come before it
                                                   is ready */
    ngx_uint_t              tries;              /* since it lasted */
    ngx_uint_t              busy;
    unsigned                reading:1;          /* resp is in use */
    unsigned                destroyed:1;
    char                    why[NGX_HTTP_WEIR_STORE_WHY];
};


static ngx_str_t ngx_http_weir_conn_copy(ngx_pool_t *pool,
    const ngx_str_t *from);
static void ngx_http_weir_conn_leave(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_free(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_connected(void *data, ngx_connection_t *c);
static void ngx_http_weir_conn_failed(void *data, const char *why);
static ngx_int_t ngx_http_weir_conn_greet(ngx_http_weir_conn_t *conn);
static ngx_int_t ngx_http_weir_conn_greeted(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply);
static void ngx_http_weir_conn_timer(ngx_event_t *ev);
static void ngx_http_weir_conn_tick(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_ping(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_write_event(ngx_event_t *ev);
static void ngx_http_weir_conn_posted(ngx_event_t *ev);
static void ngx_http_weir_conn_write(ngx_http_weir_conn_t *conn);
static ngx_int_t ngx_http_weir_conn_send_bytes(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_read(ngx_event_t *ev);
static ngx_int_t ngx_http_weir_conn_take(ngx_http_weir_conn_t *conn,
    u_char *bytes, size_t len);
static void ngx_http_weir_conn_reply(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply);
static ngx_uint_t ngx_http_weir_conn_is_message(
    const ngx_http_weir_reply_t *reply);
static void ngx_http_weir_conn_answer(ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call);
static void ngx_http_weir_conn_lose(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result, const char *why);
static void ngx_http_weir_conn_close(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_conn_end_calls(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result, const char *why);
static ngx_msec_t ngx_http_weir_conn_backoff(ngx_http_weir_pipe_t *pipe);
static const char *ngx_http_weir_conn_why(ngx_http_weir_pipe_t *pipe,
    const char *before, weir_str_t text);
static ngx_int_t ngx_http_weir_conn_place(ngx_http_weir_conn_t *conn,
    ngx_http_weir_place_t **place);
static ngx_int_t ngx_http_weir_bytes_reserve(ngx_http_weir_bytes_t *bytes,
    size_t size, ngx_log_t *log);
static void ngx_http_weir_bytes_put(ngx_http_weir_bytes_t *bytes,
    const ngx_http_weir_command_t *command);
static void ngx_http_weir_bytes_clear(ngx_http_weir_bytes_t *bytes);


static const ngx_http_weir_command_t  ngx_http_weir_asking = {
    { weir_string("ASKING") }, 1
};

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

    pipe->write.handler = ngx_http_weir_conn_posted;
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
        (void) ngx_http_weir_conn_send_bytes(conn);
    }

    ngx_http_weir_conn_close(conn);
    conn->state = NGX_HTTP_WEIR_CONN_CLOSED;

    ngx_http_weir_conn_end_calls(conn, result, "the connection is not needed "
                                 "any more");
    ngx_http_weir_conn_leave(conn);
}


static void
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

    ngx_http_weir_conn_end_calls(conn, NGX_HTTP_WEIR_STORE_LOST,
                                 "the connection is not needed any more");

    if (pipe->timer.timer_set) {
        ngx_del_timer(&pipe->timer);
    }

    if (pipe->write.posted) {
        ngx_delete_posted_event(&pipe->write);
    }

    if (pipe->places) {
        ngx_free(pipe->places);
    }

    if (pipe->waiting.data) {
        ngx_free(pipe->waiting.data);
    }

    if (pipe->sending.data) {
        ngx_free(pipe->sending.data);
    }

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
    c->read->handler = ngx_http_weir_conn_read;
    c->write->handler = ngx_http_weir_conn_write_event;

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

    ngx_http_weir_conn_write(conn);
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
    size_t                    size;
    weir_str_t                number, password;
    ngx_uint_t                i, n;
    ngx_http_weir_command_t   commands[3], *command;
    ngx_http_weir_pipe_t     *pipe;

    n = 0;
    pipe = conn->pipe;

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

    size = 0;

    for (i = 0; i < n; i++) {
        size += ngx_http_weir_resp_size(&commands[i]);
    }

    if (ngx_http_weir_bytes_reserve(&pipe->sending, size, conn->store->log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_http_weir_bytes_put(&pipe->sending, &commands[i]);
    }

    pipe->greetings = n;

    return NGX_OK;
}


static ngx_int_t
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
                ngx_http_weir_conn_why(pipe, "the server refused us: ",
                                       reply->text));
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    conn->state = NGX_HTTP_WEIR_CONN_READY;
    pipe->heard = ngx_current_msec;

    store->stats.connections++;
    store->stats.reconnects += conn->openings > 1;

    ngx_add_timer(&pipe->timer, NGX_HTTP_WEIR_CONN_TICK);

    if (pipe->waiting.len) {
        ngx_post_event(&pipe->write, &ngx_posted_events);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, store->log, 0,
                   "weir: store: connected to \"%V\"", &conn->url.text);

    if (conn->ready) {
        conn->ready(conn);
    }

    return NGX_OK;
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
            ngx_http_weir_conn_ping(conn);
        }

    } else {
        limit = ngx_max(1000, 4 * conn->store->conf.timeout);

        if (silence > limit) {
            ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                    "the server does not answer any more");
            return;
        }
    }

    if (pipe->head == pipe->tail
        && pipe->nplaces > NGX_HTTP_WEIR_CONN_SPARE)
    {
        ngx_free(pipe->places);
        pipe->places = NULL;
        pipe->nplaces = 0;
    }

    pipe->tries = 0;

    ngx_add_timer(&pipe->timer, NGX_HTTP_WEIR_CONN_TICK);
}


static void
ngx_http_weir_conn_ping(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_place_t  *place;

    pipe = conn->pipe;

    if (ngx_http_weir_bytes_reserve(&pipe->waiting,
                                ngx_http_weir_resp_size(&ngx_http_weir_ping),
                                conn->store->log)
        != NGX_OK
        || ngx_http_weir_conn_place(conn, &place) != NGX_OK)
    {
        return;
    }

    place->expected = 1;

    ngx_http_weir_bytes_put(&pipe->waiting, &ngx_http_weir_ping);
    ngx_post_event(&pipe->write, &ngx_posted_events);
}


/* Calls */

ngx_int_t
ngx_http_weir_conn_send(ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call)
{
    size_t                  size;
    ngx_uint_t              i;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_place_t  *place;

    pipe = conn->pipe;
    size = 0;

    for (i = 0; i < call->ncommands; i++) {
        size += ngx_http_weir_resp_size(&call->commands[i])
                + (call->asking
                   ? ngx_http_weir_resp_size(&ngx_http_weir_asking) : 0);
    }

    if (pipe->destroyed
        || ngx_http_weir_bytes_reserve(&pipe->waiting, size, conn->store->log)
           != NGX_OK
        || ngx_http_weir_conn_place(conn, &place) != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->conn = conn;
    call->place = pipe->tail - 1;

    place->call = call;
    place->asking = call->asking;
    place->expected = (uint16_t) (call->ncommands << call->asking);

    for (i = 0; i < call->ncommands; i++) {

        if (call->asking) {
            ngx_http_weir_bytes_put(&pipe->waiting, &ngx_http_weir_asking);
        }

        ngx_http_weir_bytes_put(&pipe->waiting, &call->commands[i]);
    }

    conn->store->stats.commands += call->ncommands;
    call->asking = 0;

    if (conn->state == NGX_HTTP_WEIR_CONN_READY) {
        ngx_post_event(&pipe->write, &ngx_posted_events);
    }

    return NGX_OK;
}


void
ngx_http_weir_conn_forget(ngx_http_weir_call_t *call)
{
    ngx_http_weir_pipe_t  *pipe;

    if (call->conn == NULL) {
        return;
    }

    pipe = call->conn->pipe;

    if (call->place >= pipe->head && call->place < pipe->tail) {
        pipe->places[call->place & (pipe->nplaces - 1)].call = NULL;
    }

    call->conn = NULL;
}


/* Writing */

static void
ngx_http_weir_conn_write_event(ngx_event_t *ev)
{
    ngx_connection_t *c = ev->data;

    ngx_http_weir_conn_write(c->data);
}


static void
ngx_http_weir_conn_posted(ngx_event_t *ev)
{
    ngx_http_weir_conn_write(ev->data);
}


static void
ngx_http_weir_conn_write(ngx_http_weir_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->pipe->connection;

    if (c == NULL) {
        return;
    }

    if (ngx_http_weir_conn_send_bytes(conn) != NGX_OK
        || ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                "sending to the server failed");
    }
}


static ngx_int_t
ngx_http_weir_conn_send_bytes(ngx_http_weir_conn_t *conn)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_bytes_t   bytes;

    pipe = conn->pipe;
    c = pipe->connection;

    for ( ;; ) {
        bytes = pipe->sending;

        if (pipe->sent == bytes.len) {
            pipe->sent = 0;
            ngx_http_weir_bytes_clear(&pipe->sending);

            if (conn->state != NGX_HTTP_WEIR_CONN_READY
                || pipe->waiting.len == 0)
            {
                return NGX_OK;
            }

            bytes = pipe->sending;
            pipe->sending = pipe->waiting;
            pipe->waiting = bytes;
            continue;
        }

        n = c->send(c, bytes.data + pipe->sent, bytes.len - pipe->sent);

        if (n == NGX_AGAIN) {
            return NGX_OK;
        }

        if (n <= 0) {
            return NGX_ERROR;
        }

        pipe->sent += (size_t) n;
        conn->store->stats.writes++;
    }
}


/* Reading */

static void
ngx_http_weir_conn_read(ngx_event_t *ev)
{
    u_char                 bytes[NGX_HTTP_WEIR_CONN_READ];
    ssize_t                n;
    ngx_connection_t      *c;
    ngx_http_weir_conn_t  *conn;
    ngx_http_weir_pipe_t  *pipe;
    ngx_http_weir_resp_t  *resp;

    c = ev->data;
    conn = c->data;
    pipe = conn->pipe;
    resp = pipe->resp;

    if (c->close) {
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                NGX_HTTP_WEIR_PEER_QUITS);
        return;
    }

    pipe->busy++;
    pipe->reading = 1;

    for ( ;; ) {
        n = c->recv(c, bytes, sizeof(bytes));

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
                ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                        "the event loop took no more events");
            }

            break;
        }

        if (n <= 0) {
            ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                    n == 0 ? "the server closed the connection"
                                           : "reading from the server failed");
            break;
        }

        if (ngx_http_weir_conn_take(conn, bytes, (size_t) n) != NGX_OK) {
            break;
        }
    }

    pipe->reading = 0;

    /* it may be closed, but handlers have read texts in it until now */

    if (pipe->resp != resp) {
        ngx_http_weir_resp_destroy(resp);
    }

    ngx_http_weir_conn_leave(conn);
}


/* NGX_ERROR: this connection is no more. */

static ngx_int_t
ngx_http_weir_conn_take(ngx_http_weir_conn_t *conn, u_char *bytes, size_t len)
{
    ngx_int_t               rc;
    weir_str_t              error;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_resp_t   *resp;
    ngx_http_weir_reply_t   reply;

    pipe = conn->pipe;
    resp = pipe->resp;

    rc = ngx_http_weir_resp_feed(resp, bytes, len);

    while (rc == NGX_OK) {
        rc = ngx_http_weir_resp_next(resp, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_OK) {
            ngx_http_weir_conn_reply(conn, &reply);

            if (pipe->resp != resp) {
                return NGX_ERROR;
            }
        }
    }

    error = weir_cstr(ngx_http_weir_resp_error(resp));

    ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_PROTOCOL,
        ngx_http_weir_conn_why(pipe, "the server broke the protocol: ",
                               error));

    return NGX_ERROR;
}


static void
ngx_http_weir_conn_reply(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply)
{
    ngx_http_weir_call_t   *call;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_resp_t   *resp;
    ngx_http_weir_place_t  *place;

    pipe = conn->pipe;
    resp = pipe->resp;

    if (pipe->greetings) {

        if (ngx_http_weir_conn_greeted(conn, reply) == NGX_OK
            && pipe->resp == resp)
        {
            ngx_http_weir_resp_clear(resp);
        }

        return;
    }

    pipe->heard = ngx_current_msec;
    conn->silent = 0;

    if (conn->push && (pipe->head == pipe->tail
                       || ngx_http_weir_conn_is_message(reply)))
    {
        conn->push(conn, reply);

        if (pipe->resp == resp && pipe->head == pipe->tail) {
            ngx_http_weir_resp_clear(resp);
        }

        return;
    }

    if (pipe->head == pipe->tail) {
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_PROTOCOL,
                                "the server sent what nobody asked for");
        return;
    }

    place = &pipe->places[pipe->head & (pipe->nplaces - 1)];
    call = place->call;

    if (call && (!place->asking || place->received & 1)) {
        call->replies[place->received >> place->asking] = *reply;
    }

    if (++place->received < place->expected) {
        return;
    }

    pipe->head++;

    if (call) {
        call->conn = NULL;
        ngx_http_weir_conn_answer(conn, call);
    }

    if (pipe->resp == resp) {
        ngx_http_weir_resp_clear(resp);
    }
}


static ngx_uint_t
ngx_http_weir_conn_is_message(const ngx_http_weir_reply_t *reply)
{
    const weir_str_t  *kind;

    if (reply->type != NGX_HTTP_WEIR_REPLY_ARRAY || reply->nitems < 3) {
        return 0;
    }

    kind = &reply->items[0].text;

    return weir_str_eq(*kind, weir_string("message"))
           || weir_str_eq(*kind, weir_string("pmessage"));
}


static void
ngx_http_weir_conn_answer(ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call)
{
    ngx_uint_t                    i;
    const char                   *why;
    weir_str_t                    text;
    ngx_http_weir_conn_t         *next;
    ngx_http_weir_store_t        *store;
    const ngx_http_weir_reply_t  *reply;

    store = conn->store;

    for (i = 0; i < call->ncommands; i++) {
        if (call->replies[i].type == NGX_HTTP_WEIR_REPLY_ERROR) {
            break;
        }
    }

    if (i == call->ncommands) {
        ngx_http_weir_store_end(call, NGX_HTTP_WEIR_STORE_OK, call->replies,
                                NULL);
        return;
    }

    reply = &call->replies[i];
    text = reply->text;

    if (!call->pinned) {
        next = store->topology->error(store, conn, call, text);

        if (next != NULL && call->hops < NGX_HTTP_WEIR_STORE_HOPS
            && ngx_http_weir_conn_send(next, call) == NGX_OK)
        {
            call->hops++;
            return;
        }

        call->asking = 0;
    }

    why = ngx_http_weir_conn_why(conn->pipe, "", text);

    ngx_http_weir_store_end(call, NGX_HTTP_WEIR_STORE_REFUSED, NULL, why);
}


/* The end of a connection */

static void
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

    ngx_http_weir_conn_end_calls(conn, result, why);

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
        conn->store->stats.connections--;
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

    ngx_http_weir_bytes_clear(&pipe->waiting);
    ngx_http_weir_bytes_clear(&pipe->sending);

    pipe->sent = 0;
    pipe->greetings = 0;
}


/* Not those that handlers put on it in the meantime. */

static void
ngx_http_weir_conn_end_calls(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result, const char *why)
{
    uint64_t               last;
    ngx_http_weir_call_t  *call;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;
    last = pipe->tail;

    while (pipe->head < last) {
        call = pipe->places[pipe->head & (pipe->nplaces - 1)].call;
        pipe->head++;

        if (call) {
            call->conn = NULL;
            ngx_http_weir_store_end(call, result, NULL, why);
        }
    }
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

static const char *
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


/* Room */

static ngx_int_t
ngx_http_weir_conn_place(ngx_http_weir_conn_t *conn,
    ngx_http_weir_place_t **place)
{
    uint64_t                i, n;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_place_t  *places;

    pipe = conn->pipe;

    if (pipe->tail - pipe->head == pipe->nplaces) {

        n = pipe->nplaces ? 2 * pipe->nplaces : NGX_HTTP_WEIR_CONN_PLACES;

        if (n > NGX_HTTP_WEIR_CONN_CALLS) {
            return NGX_ERROR;
        }

        places = ngx_alloc(n * sizeof(ngx_http_weir_place_t),
                           conn->store->log);
        if (places == NULL) {
            return NGX_ERROR;
        }

        for (i = pipe->head; i < pipe->tail; i++) {
            places[i & (n - 1)] = pipe->places[i & (pipe->nplaces - 1)];
        }

        if (pipe->places) {
            ngx_free(pipe->places);
        }

        pipe->places = places;
        pipe->nplaces = n;
    }

    if (pipe->head == pipe->tail) {
        pipe->heard = ngx_current_msec;
    }

    *place = &pipe->places[pipe->tail++ & (pipe->nplaces - 1)];
    ngx_memzero(*place, sizeof(ngx_http_weir_place_t));

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_bytes_reserve(ngx_http_weir_bytes_t *bytes, size_t size,
    ngx_log_t *log)
{
    size_t   need;
    u_char  *data;

    if (size <= bytes->size - bytes->len) {
        return NGX_OK;
    }

    if (size > NGX_HTTP_WEIR_CONN_BUFFER - bytes->len) {
        return NGX_ERROR;
    }

    need = ngx_max(2 * bytes->size, bytes->len + size);

    data = ngx_alloc(need, log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    if (bytes->data) {
        ngx_memcpy(data, bytes->data, bytes->len);
        ngx_free(bytes->data);
    }

    bytes->data = data;
    bytes->size = need;

    return NGX_OK;
}


static void
ngx_http_weir_bytes_put(ngx_http_weir_bytes_t *bytes,
    const ngx_http_weir_command_t *command)
{
    u_char  *end;

    end = ngx_http_weir_resp_write(bytes->data + bytes->len, command);
    bytes->len = (size_t) (end - bytes->data);
}


static void
ngx_http_weir_bytes_clear(ngx_http_weir_bytes_t *bytes)
{
    bytes->len = 0;

    if (bytes->size > NGX_HTTP_WEIR_CONN_KEEP) {
        ngx_free(bytes->data);
        bytes->data = NULL;
        bytes->size = 0;
    }
}
