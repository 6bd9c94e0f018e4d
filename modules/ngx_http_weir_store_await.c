/*
 * ngx_http_weir_store_await.c: the end of a call in exit_process, where no
 * event loop runs any more.
 *
 * Only the call's own connection is looked after: nothing else of the worker
 * gets another turn.
 */

#include "ngx_http_weir_store_pipe.h"
#include <poll.h>


static ngx_int_t ngx_http_weir_await_turn(ngx_http_weir_conn_t *conn,
    ngx_msec_t ms);


ngx_int_t
ngx_http_weir_store_await(ngx_http_weir_call_t *call, ngx_msec_t ms)
{
    ngx_msec_t             until;
    ngx_msec_int_t         left;
    ngx_http_weir_conn_t  *conn;

    until = ngx_current_msec + ms;

    while (call->active) {
        conn = call->conn;
        left = (ngx_msec_int_t) (until - ngx_current_msec);

        if (left <= 0 || conn == NULL
            || conn->state != NGX_HTTP_WEIR_CONN_READY)
        {
            return NGX_AGAIN;
        }

        if (ngx_http_weir_await_turn(conn, (ngx_msec_t) left) != NGX_OK) {
            return NGX_AGAIN;
        }
    }

    return NGX_OK;
}


/* What can be written is written, what comes is read. */

static ngx_int_t
ngx_http_weir_await_turn(ngx_http_weir_conn_t *conn, ngx_msec_t ms)
{
    int                    n;
    struct pollfd          fd;
    ngx_connection_t      *c;
    ngx_http_weir_pipe_t  *pipe;

    pipe = conn->pipe;
    pipe->busy++;

    ngx_http_weir_pipe_flush(conn);

    c = pipe->connection;
    n = 1;

    if (c != NULL) {
        fd.fd = c->fd;
        fd.events = pipe->sent < pipe->sending.len ? POLLIN|POLLOUT : POLLIN;
        fd.revents = 0;

        n = poll(&fd, 1, (int) ms);

        ngx_time_update();

        if (n > 0 && (fd.revents & ~POLLOUT)) {
            c->read->ready = 1;
            c->read->available = -1;
            ngx_http_weir_pipe_read(c->read);
        }
    }

    ngx_http_weir_conn_leave(conn);

    return n > 0 || (n == -1 && ngx_errno == NGX_EINTR) ? NGX_OK : NGX_AGAIN;
}
