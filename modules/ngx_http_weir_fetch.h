/*
 * ngx_http_weir_fetch.h: GET a document from another server.
 */

#ifndef NGX_HTTP_WEIR_FETCH_H
#define NGX_HTTP_WEIR_FETCH_H

#include "ngx_http_weir_peer.h"

typedef struct ngx_http_weir_fetch_s  ngx_http_weir_fetch_t;

/*
 * The end of a fetch, which is no more: body is that of an answer with status
 * 200, until this returns; or why is a sentence, until this returns.
 */
typedef void (*ngx_http_weir_fetched_pt)(void *data, weir_str_t body,
    const char *why);

typedef struct {
    const ngx_http_weir_outgoing_t  *outgoing;
    weir_str_t                       url;       /* copied */
    size_t                           max_body;
    unsigned                         plain:1;   /* http to any address, not
                                                   only to this machine */
    ngx_http_weir_fetched_pt         handler;
    void                            *data;
} ngx_http_weir_fetch_options_t;


/*
 * Calls the handler once, later, whatever happens; NULL: no memory, and it
 * does not.  Redirects are not followed.  A fetch of a worker that is told to
 * quit fails; one begun after that goes on.
 */
ngx_http_weir_fetch_t *ngx_http_weir_fetch(
    const ngx_http_weir_fetch_options_t *options, ngx_log_t *log);
/* The handler is not called. */
void ngx_http_weir_fetch_cancel(ngx_http_weir_fetch_t *fetch);

#endif
