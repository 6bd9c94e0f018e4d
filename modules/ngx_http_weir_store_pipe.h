/*
 * ngx_http_weir_store_pipe.h: between the two files of a connection.
 *
 *     store_conn   opens it, greets, watches, loses it and opens it again
 *     store_pipe   calls that go out, and replies that come back
 *
 * Handlers of calls and of the topology may do anything to a connection but
 * free it under the feet of who called them: "busy" holds its memory.
 */

#ifndef NGX_HTTP_WEIR_STORE_PIPE_H
#define NGX_HTTP_WEIR_STORE_PIPE_H

#include "ngx_http_weir_store_core.h"

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


/* store_conn.c */

/* Ends its calls with the result; opens it again, later. */
void ngx_http_weir_conn_lose(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result, const char *why);
/* Lets go of it: it is freed when it was destroyed and nobody is busy. */
void ngx_http_weir_conn_leave(ngx_http_weir_conn_t *conn);
/* A reply to the greeting. */
void ngx_http_weir_conn_greeted(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_reply_t *reply);
/* A sentence that holds what a server said; until the next one. */
const char *ngx_http_weir_conn_why(ngx_http_weir_pipe_t *pipe,
    const char *before, weir_str_t text);

/* store_pipe.c */

void ngx_http_weir_pipe_read(ngx_event_t *ev);
void ngx_http_weir_pipe_write(ngx_event_t *ev);
/* Of pipe->write, posted. */
void ngx_http_weir_pipe_posted(ngx_event_t *ev);
void ngx_http_weir_pipe_flush(ngx_http_weir_conn_t *conn);
/* As far as the socket takes it; of a connection that is there. */
ngx_int_t ngx_http_weir_pipe_send(ngx_http_weir_conn_t *conn);
/* A command whose reply nobody waits for. */
void ngx_http_weir_pipe_command(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_command_t *command);
/* Commands before the connection is ready, in front of all calls. */
ngx_int_t ngx_http_weir_pipe_greet(ngx_http_weir_conn_t *conn,
    const ngx_http_weir_command_t *commands, ngx_uint_t n);
/* Ends the calls that are on it now. */
void ngx_http_weir_pipe_end(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result, const char *why);
/* Forgets bytes that were not sent. */
void ngx_http_weir_pipe_clear(ngx_http_weir_pipe_t *pipe);
/* Gives back room that long pipelines took. */
void ngx_http_weir_pipe_shrink(ngx_http_weir_pipe_t *pipe);
/* And all of it. */
void ngx_http_weir_pipe_free(ngx_http_weir_pipe_t *pipe);

#endif
