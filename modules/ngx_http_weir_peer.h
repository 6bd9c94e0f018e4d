/*
 * ngx_http_weir_peer.h: a connection to another server, over TCP or TLS.
 *
 * Nothing blocks, and no timer or socket here keeps a worker that should quit.
 * Who opened a peer closes it, in exit_process at the latest.
 */

#ifndef NGX_HTTP_WEIR_PEER_H
#define NGX_HTTP_WEIR_PEER_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "ngx_http_weir_url.h"

#define NGX_HTTP_WEIR_MAX_ADDRS  4          /* that are tried, of a name */

/* how a connection fails that is cut off by a worker that was told to quit */
#define NGX_HTTP_WEIR_PEER_QUITS  "this worker quits"

/* What connections of one configuration share. */
typedef struct {
    ngx_resolver_t  *resolver;              /* NULL: none */
    void            *ssl;                   /* ngx_ssl_t; NULL: no TLS */
} ngx_http_weir_outgoing_t;

typedef struct ngx_http_weir_peer_s  ngx_http_weir_peer_t;

/* The caller sets the first part, all else is zero. */
struct ngx_http_weir_peer_s {
    const ngx_http_weir_outgoing_t  *outgoing;
    const ngx_http_weir_url_t       *url;
    ngx_pool_t                      *pool;      /* this, log and url live */
    ngx_log_t                       *log;       /* until it is closed */
    ngx_msec_t                       timeout;   /* of each step */

    /* one of them is called, once; the connection's handlers become ours */
    void                           (*connected)(void *data,
                                                ngx_connection_t *c);
    void                           (*failed)(void *data, const char *why);
    void                            *data;

    ngx_log_t                        quiet;     /* of the connection */
    ngx_connection_t                *connection;
    ngx_resolver_ctx_t              *resolving;
    ngx_event_t                      timer;
    ngx_addr_t                       addrs[NGX_HTTP_WEIR_MAX_ADDRS];
    ngx_uint_t                       naddrs;
    ngx_uint_t                       next;
    const char                      *step;      /* what the timer is about */
    char                             said[128]; /* by nginx */
    char                             why[256];
};


/*
 * Configuration time.  Peers must have a certificate of one of the
 * authorities in the file (empty: those of the system) for the name, or the
 * address, that the URL has.
 */
ngx_int_t ngx_http_weir_outgoing_init(ngx_conf_t *cf,
    ngx_http_weir_outgoing_t *outgoing, ngx_str_t *trusted);
/* Once all of http{} was read. */
void ngx_http_weir_outgoing_resolver(ngx_conf_t *cf,
    ngx_http_weir_outgoing_t *outgoing);

/* Calls back later, never from within; not after ngx_http_weir_peer_close(). */
void ngx_http_weir_peer_open(ngx_http_weir_peer_t *peer);
/* Safe at any time, and twice. */
void ngx_http_weir_peer_close(ngx_http_weir_peer_t *peer);

#endif
