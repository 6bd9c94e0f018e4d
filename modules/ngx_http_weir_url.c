/*
 * ngx_http_weir_url.c: a URL and its parts; what two readers might read in
 * two ways is none.
 */

#include "ngx_http_weir_url.h"


static const char *ngx_http_weir_url_host(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_http_weir_url_t *url);
static ngx_uint_t ngx_http_weir_ends_in_number(const u_char *host,
    const u_char *last);
static ngx_uint_t ngx_http_weir_is_loopback(const ngx_sockaddr_t *address);


ngx_int_t
ngx_http_weir_url_parse(ngx_pool_t *pool, weir_str_t text,
    ngx_http_weir_url_t *url, const char **why)
{
    u_char  *p, *end, *slash;

    ngx_memzero(url, sizeof(ngx_http_weir_url_t));

    if (text.len > NGX_HTTP_WEIR_MAX_URL) {
        *why = "the URL is too long";
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, text.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, text.data, text.len);
    p[text.len] = '\0';

    end = p + text.len;
    url->text.data = p;
    url->text.len = text.len;

    for (slash = p; slash < end; slash++) {
        if (*slash <= 0x20 || *slash >= 0x7f || ngx_strchr("\"#<>\\^`{|}",
                                                           *slash))
        {
            *why = "the URL has a character that no URL has, or a fragment";
            return NGX_DECLINED;
        }
    }

    if (text.len > 8 && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0) {
        url->tls = 1;
        p += 8;

    } else if (text.len > 7
               && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0)
    {
        p += 7;

    } else {
        *why = "the URL begins neither with https:// nor with http://";
        return NGX_DECLINED;
    }

    for (slash = p; slash < end && *slash != '/' && *slash != '?'; slash++) {
        /* void */
    }

    if (slash < end && *slash == '/') {
        url->path.data = slash;
        url->path.len = (size_t) (end - slash);

    } else {
        url->path.len = 1 + (size_t) (end - slash);
        url->path.data = ngx_pnalloc(pool, url->path.len);
        if (url->path.data == NULL) {
            return NGX_ERROR;
        }

        url->path.data[0] = '/';
        ngx_memcpy(url->path.data + 1, slash, (size_t) (end - slash));
    }

    url->authority.data = p;
    url->authority.len = (size_t) (slash - p);

    *why = ngx_http_weir_url_host(pool, p, slash, url);

    return *why == NULL ? NGX_OK : NGX_DECLINED;
}


/* host [":" port]; NULL, or what is wrong. */

static const char *
ngx_http_weir_url_host(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_http_weir_url_t *url)
{
    u_char      *host, *last;
    ngx_int_t    port;
    ngx_addr_t   addr;

    if (p < end && *p == '[') {
        host = p + 1;
        last = ngx_strlchr(host, end, ']');

        if (last == NULL) {
            return "the URL's address has no \"]\"";
        }

        p = last + 1;

    } else {
        host = p;

        while (p < end && *p != ':') {
            if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z')
                && !(*p >= '0' && *p <= '9') && *p != '.' && *p != '-'
                && *p != '_')
            {
                return "the URL's host is no name";
            }

            p++;
        }

        last = p;
    }

    if (last == host || last - host > 253) {
        return "the URL has no host, or one that is too long";
    }

    url->port = url->tls ? 443 : 80;

    if (p < end) {
        port = *p == ':' && end - p > 1 && end - p <= 6
               ? ngx_atoi(p + 1, (size_t) (end - p) - 1) : NGX_ERROR;

        if (port < 1 || port > 65535) {
            return "the URL's port is not a number from 1 to 65535";
        }

        url->port = (in_port_t) port;
    }

    url->host.len = (size_t) (last - host);
    url->host.data = ngx_pnalloc(pool, url->host.len + 1);
    if (url->host.data == NULL) {
        return "no memory";
    }

    ngx_strlow(url->host.data, host, url->host.len);
    url->host.data[url->host.len] = '\0';

    /* a literal address is taken as one, and only in one way */

    if (ngx_parse_addr(pool, &addr, url->host.data, url->host.len) == NGX_OK) {

        if ((addr.sockaddr->sa_family == AF_INET) != (host[-1] != '[')) {
            return "the URL's address is in brackets, or lacks them, wrongly";
        }

        ngx_memcpy(&url->address, addr.sockaddr, addr.socklen);
        url->socklen = addr.socklen;
        url->loopback = ngx_http_weir_is_loopback(&url->address);

    } else if (host[-1] == '[' || ngx_http_weir_ends_in_number(host, last)) {
        return "the URL's host is neither a name nor an address";
    }

    return NULL;
}


/* Such as 127.1, which some take for an address. */

static ngx_uint_t
ngx_http_weir_ends_in_number(const u_char *host, const u_char *last)
{
    const u_char  *p;

    for (p = last; p > host && p[-1] >= '0' && p[-1] <= '9'; p--) {
        /* void */
    }

    return p < last && (p == host || p[-1] == '.');
}


static ngx_uint_t
ngx_http_weir_is_loopback(const ngx_sockaddr_t *address)
{
    switch (address->sockaddr.sa_family) {

    case AF_INET:
        return ntohl(address->sockaddr_in.sin_addr.s_addr) >> 24 == 127;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&address->sockaddr_in6.sin6_addr);
#endif
    }

    return 0;
}
