/*
 * ngx_http_weir_trace_post.h: POSTs spans to a collector, one request at a
 * time, over a connection that is kept where the collector keeps it.
 */

#ifndef NGX_HTTP_WEIR_TRACE_POST_H
#define NGX_HTTP_WEIR_TRACE_POST_H

#include "ngx_http_weir_trace.h"
#include "ngx_http_weir_answer.h"

typedef enum {
    NGX_HTTP_WEIR_POST_TAKEN,       /* but for so many spans */
    NGX_HTTP_WEIR_POST_AGAIN,       /* not now; after so many ms, if not 0 */
    NGX_HTTP_WEIR_POST_REFUSED
} ngx_http_weir_post_end_e;

/* why: a sentence, until this returns; NULL of what was taken. */
typedef void (*ngx_http_weir_posted_pt)(void *data,
    ngx_http_weir_post_end_e end, ngx_uint_t n, const char *why);

typedef struct {
    ngx_http_weir_trace_t        *trace;
    ngx_log_t                    *log;
    ngx_http_weir_posted_pt       handler;
    void                         *data;

    u_char                       *head;         /* of a request; the length */
    u_char                       *length;       /* of its body goes there */
    ngx_event_t                   total;        /* of a request */

    /* of a connection */
    ngx_pool_t                   *pool;
    ngx_http_weir_peer_t         *peer;         /* NULL: there is none */
    ngx_connection_t             *connection;   /* NULL: not yet connected */

    /* of a request */
    ngx_pool_t                   *answer_pool;
    ngx_http_weir_answer_t        answer;
    ngx_str_t                     body;
    ngx_str_t                     left[2];      /* to be sent: head, body */
    char                          why[256];

    unsigned                      busy:1;       /* a request is under way */
    unsigned                      reused:1;     /* on an old connection */
} ngx_http_weir_post_t;


/* What the caller did not set is zero, and lives in the cycle's pool. */
ngx_int_t ngx_http_weir_post_init(ngx_http_weir_post_t *post,
    ngx_cycle_t *cycle);
/*
 * While none is under way.  The handler is called once, which may be from
 * within; the body lives until then.
 */
void ngx_http_weir_post(ngx_http_weir_post_t *post, u_char *body, size_t len);
/* Without a call of the handler.  Safe at any time, and twice. */
void ngx_http_weir_post_close(ngx_http_weir_post_t *post);

#endif
