/*
 * ngx_http_weir_url.h: the URL of another server.
 */

#ifndef NGX_HTTP_WEIR_URL_H
#define NGX_HTTP_WEIR_URL_H

#include <ngx_config.h>
#include <ngx_core.h>
#include "base/str.h"

#define NGX_HTTP_WEIR_MAX_URL  2048

/* Texts lie in the pool that it was parsed with. */
typedef struct {
    ngx_str_t        text;                  /* as given */
    ngx_str_t        host;                  /* lower case, no brackets, NUL */
    ngx_str_t        authority;             /* for a Host header */
    ngx_str_t        path;                  /* with the query, at least "/" */
    in_port_t        port;
    ngx_sockaddr_t   address;               /* where the host is one */
    socklen_t        socklen;               /* 0: the host is a name */
    unsigned         tls:1;
    unsigned         loopback:1;            /* the host is such an address */
} ngx_http_weir_url_t;

/*
 * The http and https URLs of RFC 3986 without user and fragment.
 * NGX_DECLINED: *why is a sentence about the URL; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_weir_url_parse(ngx_pool_t *pool, weir_str_t text,
    ngx_http_weir_url_t *url, const char **why);

#endif
