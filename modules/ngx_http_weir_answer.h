/*
 * ngx_http_weir_answer.h: reads an HTTP/1.x answer of another server
 * (RFC 9112), strictly: what two programs might read in two ways is refused.
 */

#ifndef NGX_HTTP_WEIR_ANSWER_H
#define NGX_HTTP_WEIR_ANSWER_H

#include <ngx_config.h>
#include <ngx_core.h>

/* status line and headers, also of 1xx before them */
#define NGX_HTTP_WEIR_MAX_HEAD  16384

typedef enum {
    NGX_HTTP_WEIR_ANSWER_HEAD = 0,
    NGX_HTTP_WEIR_ANSWER_LENGTH,            /* so much body */
    NGX_HTTP_WEIR_ANSWER_CLOSE,             /* body until the connection ends */
    NGX_HTTP_WEIR_ANSWER_SIZE,              /* chunked, from here on */
    NGX_HTTP_WEIR_ANSWER_EXTENSION,
    NGX_HTTP_WEIR_ANSWER_SIZE_LF,
    NGX_HTTP_WEIR_ANSWER_DATA,
    NGX_HTTP_WEIR_ANSWER_DATA_CR,
    NGX_HTTP_WEIR_ANSWER_DATA_LF,
    NGX_HTTP_WEIR_ANSWER_TRAILER,
    NGX_HTTP_WEIR_ANSWER_DONE
} ngx_http_weir_answer_state_t;

/* The caller sets pool and max_body, all else is zero. */
typedef struct {
    ngx_pool_t                    *pool;
    size_t                         max_body;

    ngx_uint_t                     status;
    ngx_str_t                      body;
    char                           why[128];    /* of NGX_ERROR, a sentence */

    ngx_http_weir_answer_state_t   state;
    u_char                        *head;
    size_t                         nhead;
    size_t                         before;      /* bytes of 1xx that came */
    size_t                         room;        /* of body.data */
    size_t                         left;        /* of the body, of a chunk */
    ngx_uint_t                     digits;
    ngx_uint_t                     extra;       /* extensions and trailers */
    ngx_uint_t                     line;        /* bytes of a trailer */
    unsigned                       has_length:1;
    unsigned                       chunked:1;
    unsigned                       last:1;      /* chunk */
    unsigned                       cr:1;
} ngx_http_weir_answer_t;

/*
 * NGX_OK: it is whole; NGX_AGAIN: there must be more.  Only an answer with
 * the status 200 is read to its end, any other is an error; but 1xx is none,
 * the answer comes after it (RFC 9110, 15.2).
 */
ngx_int_t ngx_http_weir_answer_read(ngx_http_weir_answer_t *a,
    const u_char *p, size_t n);
/* The connection has ended: NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_weir_answer_end(ngx_http_weir_answer_t *a);

#endif
