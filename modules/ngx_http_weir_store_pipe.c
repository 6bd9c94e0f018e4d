/*
 * ngx_http_weir_store_pipe.c: the calls that are on their way to a server.
 *
 * Servers answer in the order of the commands.  So each call has a place on
 * the pipeline until all its replies came, also when nobody waits for it any
 * more; and what cannot be told from garbage ends the connection.
 */

#include "ngx_http_weir_store_pipe.h"
#include "base/hash.h"

#define NGX_HTTP_WEIR_PIPE_READ     16384
#define NGX_HTTP_WEIR_PIPE_PLACES   64          /* at first; a power of two */
#define NGX_HTTP_WEIR_PIPE_SPARE    4096        /* places that are kept */
#define NGX_HTTP_WEIR_PIPE_CALLS    (1u << 20)
#define NGX_HTTP_WEIR_PIPE_BUFFER   (1u << 26)  /* bytes that wait */
#define NGX_HTTP_WEIR_PIPE_KEEP     (1u << 16)  /* of a buffer that is empty */


static ngx_int_t ngx_http_weir_pipe_take(ngx_http_weir_conn_t *conn,
    u_char *bytes, size_t len);
static void ngx_http_weir_pipe_reply(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply);
static ngx_uint_t ngx_http_weir_pipe_is_message(
    const ngx_http_weir_reply_t *reply);
static void ngx_http_weir_pipe_answer(ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call);
static ngx_int_t ngx_http_weir_pipe_place(ngx_http_weir_conn_t *conn,
    ngx_http_weir_place_t **place);
static ngx_int_t ngx_http_weir_bytes_reserve(ngx_http_weir_bytes_t *bytes,
    size_t size, ngx_log_t *log);
static void ngx_http_weir_bytes_put(ngx_http_weir_bytes_t *bytes,
    const ngx_http_weir_command_t *command);
static void ngx_http_weir_bytes_clear(ngx_http_weir_bytes_t *bytes);


static const ngx_http_weir_command_t  ngx_http_weir_asking = {
    { weir_string("ASKING") }, 1
};


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
        || ngx_http_weir_pipe_place(conn, &place) != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->conn = conn;
    call->server = weir_mix((uintptr_t) conn) + conn->since;
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

    ngx_http_weir_store_count(conn->store, commands, call->ncommands);
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


void
ngx_http_weir_pipe_command(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_command_t *command)
{
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_place_t  *place;

    pipe = conn->pipe;

    if (ngx_http_weir_bytes_reserve(&pipe->waiting,
                                    ngx_http_weir_resp_size(command),
                                    conn->store->log)
        != NGX_OK
        || ngx_http_weir_pipe_place(conn, &place) != NGX_OK)
    {
        return;
    }

    place->expected = 1;

    ngx_http_weir_bytes_put(&pipe->waiting, command);
    ngx_post_event(&pipe->write, &ngx_posted_events);
}


ngx_int_t
ngx_http_weir_pipe_greet(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_command_t *commands, ngx_uint_t n)
{
    size_t                 size;
    ngx_uint_t             i;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;
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


/* Writing */

void
ngx_http_weir_pipe_write(ngx_event_t *ev)
{
    ngx_connection_t *c = ev->data;

    ngx_http_weir_pipe_flush(c->data);
}


void
ngx_http_weir_pipe_posted(ngx_event_t *ev)
{
    ngx_http_weir_pipe_flush(ev->data);
}


void
ngx_http_weir_pipe_flush(ngx_http_weir_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->pipe->connection;

    if (c == NULL) {
        return;
    }

    if (ngx_http_weir_pipe_send(conn) != NGX_OK
        || ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_weir_conn_lose(conn, NGX_HTTP_WEIR_STORE_LOST,
                                "sending to the server failed");
    }
}


ngx_int_t
ngx_http_weir_pipe_send(ngx_http_weir_conn_t *conn)
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
        ngx_http_weir_store_count(conn->store, writes, 1);
    }
}


/* Reading */

void
ngx_http_weir_pipe_read(ngx_event_t *ev)
{
    u_char                 bytes[NGX_HTTP_WEIR_PIPE_READ];
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

        if (ngx_http_weir_pipe_take(conn, bytes, (size_t) n) != NGX_OK) {
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
ngx_http_weir_pipe_take(ngx_http_weir_conn_t *conn, u_char *bytes, size_t len)
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
            ngx_http_weir_pipe_reply(conn, &reply);

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
ngx_http_weir_pipe_reply(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply)
{
    ngx_http_weir_call_t   *call;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_resp_t   *resp;
    ngx_http_weir_place_t  *place;

    pipe = conn->pipe;
    resp = pipe->resp;

    if (pipe->greetings) {

        ngx_http_weir_conn_greeted(conn, reply);

        if (pipe->resp == resp) {
            ngx_http_weir_resp_clear(resp);
        }

        return;
    }

    pipe->heard = ngx_current_msec;
    conn->silent = 0;

    if (conn->push && (pipe->head == pipe->tail
                       || ngx_http_weir_pipe_is_message(reply)))
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
        ngx_http_weir_pipe_answer(conn, call);
    }

    if (pipe->resp == resp) {
        ngx_http_weir_resp_clear(resp);
    }
}


static ngx_uint_t
ngx_http_weir_pipe_is_message(const ngx_http_weir_reply_t *reply)
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
ngx_http_weir_pipe_answer(ngx_http_weir_conn_t *conn,
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


/* Not those that handlers put on it in the meantime. */

void
ngx_http_weir_pipe_end(ngx_http_weir_conn_t *conn,
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


/* Room */

static ngx_int_t
ngx_http_weir_pipe_place(ngx_http_weir_conn_t *conn,
    ngx_http_weir_place_t **place)
{
    uint64_t                i, n;
    ngx_http_weir_pipe_t   *pipe;
    ngx_http_weir_place_t  *places;

    pipe = conn->pipe;

    if (pipe->tail - pipe->head == pipe->nplaces) {

        n = pipe->nplaces ? 2 * pipe->nplaces : NGX_HTTP_WEIR_PIPE_PLACES;

        if (n > NGX_HTTP_WEIR_PIPE_CALLS) {
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

    if (size > NGX_HTTP_WEIR_PIPE_BUFFER - bytes->len) {
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

    if (bytes->size > NGX_HTTP_WEIR_PIPE_KEEP) {
        ngx_free(bytes->data);
        bytes->data = NULL;
        bytes->size = 0;
    }
}


void
ngx_http_weir_pipe_clear(ngx_http_weir_pipe_t *pipe)
{
    ngx_http_weir_bytes_clear(&pipe->waiting);
    ngx_http_weir_bytes_clear(&pipe->sending);

    pipe->sent = 0;
    pipe->greetings = 0;
}


void
ngx_http_weir_pipe_shrink(ngx_http_weir_pipe_t *pipe)
{
    if (pipe->head == pipe->tail && pipe->nplaces > NGX_HTTP_WEIR_PIPE_SPARE) {
        ngx_free(pipe->places);
        pipe->places = NULL;
        pipe->nplaces = 0;
    }
}


void
ngx_http_weir_pipe_free(ngx_http_weir_pipe_t *pipe)
{
    if (pipe->places) {
        ngx_free(pipe->places);
    }

    if (pipe->waiting.data) {
        ngx_free(pipe->waiting.data);
    }

    if (pipe->sending.data) {
        ngx_free(pipe->sending.data);
    }
}
