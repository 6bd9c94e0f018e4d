/*
 * ngx_http_weir_store_url.c: the URL of weir_redis, and addresses that servers
 * tell.
 *
 *     redis://[user:password@]host[:6379][/db]     rediss:// with TLS
 *     unix:/path[?db=N]
 *     sentinel://[user:password@]host[:26379],.../master[/db]
 *     cluster://[user:password@]host[:6379],...
 *
 * No sentence, and no text of a URL that is kept, has a password.
 */

#include "ngx_http_weir_store_core.h"

#define NGX_HTTP_WEIR_REDIS_PORT     6379
#define NGX_HTTP_WEIR_SENTINEL_PORT  26379
#define NGX_HTTP_WEIR_MAX_DB         65535


static const char *ngx_http_weir_store_socket(ngx_str_t *value,
    ngx_http_weir_store_conf_t *conf);
static const char *ngx_http_weir_store_user(ngx_pool_t *pool, u_char **p,
    u_char *end, ngx_http_weir_store_conf_t *conf);
static const char *ngx_http_weir_store_path(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_http_weir_store_conf_t *conf);
static const char *ngx_http_weir_store_db(u_char *p, u_char *end,
    ngx_uint_t *db);
static const char *ngx_http_weir_store_decode(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_str_t *text);
static const char *ngx_http_weir_store_seeds(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_http_weir_store_conf_t *conf);
static const char *ngx_http_weir_store_seed(ngx_pool_t *pool, u_char *p,
    u_char *end, ngx_http_weir_store_conf_t *conf);
static ngx_int_t ngx_http_weir_store_server(ngx_pool_t *pool, unsigned tls,
    weir_str_t host, ngx_uint_t port, ngx_http_weir_url_t *url,
    const char **why);


const char *
ngx_http_weir_store_url(ngx_pool_t *pool, ngx_str_t *value,
    ngx_http_weir_store_conf_t *conf)
{
    u_char      *p, *end, *path;
    size_t       len;
    const char  *why;
    ngx_uint_t   i;

    static const struct {
        const char                  *text;
        ngx_http_weir_store_kind_e   kind;
        unsigned                     tls;
    } schemes[] = {
        { "redis://", NGX_HTTP_WEIR_STORE_DIRECT, 0 },
        { "rediss://", NGX_HTTP_WEIR_STORE_DIRECT, 1 },
        { "sentinel://", NGX_HTTP_WEIR_STORE_SENTINEL, 0 },
        { "cluster://", NGX_HTTP_WEIR_STORE_CLUSTER, 0 }
    };

    if (ngx_strncmp(value->data, "unix:", 5) == 0) {
        return ngx_http_weir_store_socket(value, conf);
    }

    if (value->len > NGX_HTTP_WEIR_MAX_URL) {
        return "the URL is too long";
    }

    len = 0;

    for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        len = ngx_strlen(schemes[i].text);

        if (ngx_strncmp(value->data, schemes[i].text, len) == 0) {
            break;
        }
    }

    if (i == sizeof(schemes) / sizeof(schemes[0])) {
        return "the URL begins with none of redis://, rediss://, unix:/, "
               "sentinel:// and cluster://";
    }

    conf->kind = schemes[i].kind;
    conf->tls = schemes[i].tls;

    p = value->data + len;
    end = value->data + value->len;

    if (ngx_strlchr(p, end, '?') || ngx_strlchr(p, end, '#')) {
        return "the URL has a \"?\" or \"#\"; in a password they are %3F "
               "and %23";
    }

    path = ngx_strlchr(p, end, '/');
    path = path ? path : end;

    why = ngx_http_weir_store_user(pool, &p, path, conf);

    if (why == NULL) {
        why = ngx_http_weir_store_path(pool, path, end, conf);
    }

    if (why == NULL) {
        why = ngx_http_weir_store_seeds(pool, p, path, conf);
    }

    return why;
}


static const char *
ngx_http_weir_store_socket(ngx_str_t *value,
    ngx_http_weir_store_conf_t *conf)
{
    u_char               *p, *end, *query;
    ngx_http_weir_url_t  *url;

    p = value->data + 5;            /* of "unix:" */
    end = value->data + value->len;

    query = ngx_strlchr(p, end, '?');

    if (query && (end - query < 4 || ngx_strncmp(query, "?db=", 4) != 0)) {
        return "what follows the \"?\" of the path is not db=N";
    }

    url = &conf->seeds[0];
    url->host.data = p;
    url->host.len = (size_t) ((query ? query : end) - p);

    if (url->host.len < 2 || p[0] != '/') {
        return "the path of the socket does not begin with \"/\"";
    }

    if (url->host.len >= sizeof(url->address.sockaddr_un.sun_path)) {
        return "the path of the socket is too long";
    }

    url->text.data = value->data;
    url->text.len = url->host.len + 5;
    url->socklen = sizeof(struct sockaddr_un);
    url->address.sockaddr_un.sun_family = AF_UNIX;
    ngx_memcpy(url->address.sockaddr_un.sun_path, p, url->host.len);

    conf->kind = NGX_HTTP_WEIR_STORE_DIRECT;
    conf->nseeds = 1;

    return query ? ngx_http_weir_store_db(query + 4, end, &conf->db) : NULL;
}


/* [user[:password]@], before what it moves to. */

static const char *
ngx_http_weir_store_user(ngx_pool_t *pool, u_char **p, u_char *end,
    ngx_http_weir_store_conf_t *conf)
{
    u_char      *at, *colon;
    const char  *why;

    at = ngx_strlchr(*p, end, '@');

    if (at == NULL) {
        return NULL;
    }

    if (conf->kind != NGX_HTTP_WEIR_STORE_DIRECT
        && ngx_strlchr(*p, at, ','))
    {
        return "user and password stand before the first host; a comma of "
               "theirs is %2C";
    }

    colon = ngx_strlchr(*p, at, ':');

    why = ngx_http_weir_store_decode(pool, *p, colon ? colon : at,
                                     &conf->user);

    if (why == NULL && colon) {
        why = colon + 1 == at
              ? "the URL has an empty password"
              : ngx_http_weir_store_decode(pool, colon + 1, at,
                                           &conf->password);
    }

    *p = at + 1;

    return why;
}


/* [/master][/db] */

static const char *
ngx_http_weir_store_path(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_http_weir_store_conf_t *conf)
{
    u_char      *slash;
    const char  *why;

    p = p < end ? p + 1 : p;

    if (ngx_strlchr(p, end, '@')) {
        return "the path of the URL has a \"@\"; a slash of a password is "
               "%2F";
    }

    if (conf->kind == NGX_HTTP_WEIR_STORE_CLUSTER) {
        return p == end ? NULL : "a cluster has no db";
    }

    if (conf->kind == NGX_HTTP_WEIR_STORE_SENTINEL) {
        slash = ngx_strlchr(p, end, '/');
        slash = slash ? slash : end;

        if (p == slash) {
            return "the URL does not name the master, as in "
                   "sentinel://host/master";
        }

        why = ngx_http_weir_store_decode(pool, p, slash, &conf->master);
        if (why != NULL) {
            return why;
        }

        p = slash < end ? slash + 1 : slash;
    }

    return p == end ? NULL : ngx_http_weir_store_db(p, end, &conf->db);
}


static const char *
ngx_http_weir_store_db(u_char *p, u_char *end, ngx_uint_t *db)
{
    ngx_int_t  n;

    n = ngx_atoi(p, (size_t) (end - p));

    if (n < 0 || n > NGX_HTTP_WEIR_MAX_DB) {
        return "the db of the URL is not a number from 0 to 65535";
    }

    *db = (ngx_uint_t) n;

    return NULL;
}


static const char *
ngx_http_weir_store_decode(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_str_t *text)
{
    u_char     *d;
    ngx_int_t   n;

    if (end - p > NGX_HTTP_WEIR_STORE_SECRET) {
        return "a part of the URL is too long";
    }

    d = ngx_pnalloc(pool, (size_t) (end - p) + 1);
    if (d == NULL) {
        return "no memory";
    }

    text->data = d;

    for ( /* void */ ; p < end; p++) {

        if (*p != '%') {
            *d++ = *p;
            continue;
        }

        n = end - p > 2 ? ngx_hextoi(p + 1, 2) : NGX_ERROR;

        if (n < 1) {
            return "a \"%\" of the URL is not followed by two hexadecimal "
                   "digits, or by 00";
        }

        *d++ = (u_char) n;
        p += 2;
    }

    text->len = (size_t) (d - text->data);

    return NULL;
}


static const char *
ngx_http_weir_store_seeds(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_http_weir_store_conf_t *conf)
{
    u_char      *comma;
    const char  *why;

    for ( ;; ) {
        comma = ngx_strlchr(p, end, ',');
        comma = comma ? comma : end;

        if (conf->kind == NGX_HTTP_WEIR_STORE_DIRECT && comma < end) {
            return "only sentinel:// and cluster:// have several hosts";
        }

        if (conf->nseeds == NGX_HTTP_WEIR_STORE_SEEDS) {
            return "the URL has more than 16 hosts";
        }

        why = ngx_http_weir_store_seed(pool, p, comma, conf);

        if (why != NULL || comma == end) {
            return why;
        }

        p = comma + 1;
    }
}


/* host [":" port] */

static const char *
ngx_http_weir_store_seed(ngx_pool_t *pool, u_char *p, u_char *end,
    ngx_http_weir_store_conf_t *conf)
{
    u_char      *colon, *last;
    ngx_int_t    port;
    weir_str_t   host;
    const char  *why;

    if (p < end && *p == '[') {
        last = ngx_strlchr(p, end, ']');

        if (last == NULL || ngx_strlchr(p, last, ':') == NULL) {
            return "an address in brackets is not one of IPv6";
        }

        colon = last + 1;
        host = weir_str((char *) p + 1, (size_t) (last - p) - 1);

        if (colon < end && *colon != ':') {
            return "what follows an address in brackets is no port";
        }

    } else {
        colon = ngx_strlchr(p, end, ':');
        colon = colon ? colon : end;
        host = weir_str((char *) p, (size_t) (colon - p));
    }

    port = conf->kind == NGX_HTTP_WEIR_STORE_SENTINEL
           ? NGX_HTTP_WEIR_SENTINEL_PORT : NGX_HTTP_WEIR_REDIS_PORT;

    if (colon < end) {
        port = ngx_atoi(colon + 1, (size_t) (end - colon) - 1);

        if (port < 1 || port > 65535) {
            return "a port of the URL is not a number from 1 to 65535";
        }
    }

    if (ngx_http_weir_store_server(pool, conf->tls, host,
                                   (ngx_uint_t) port,
                                   &conf->seeds[conf->nseeds], &why)
        != NGX_OK)
    {
        return why;
    }

    conf->nseeds++;

    return NULL;
}


/* One server by the rules of any URL: why is set when it is none. */

static ngx_int_t
ngx_http_weir_store_server(ngx_pool_t *pool, unsigned tls, weir_str_t host,
    ngx_uint_t port, ngx_http_weir_url_t *url, const char **why)
{
    u_char               *p;
    ngx_int_t             rc;
    weir_str_t            text;
    ngx_http_weir_url_t   parsed;
    u_char                buf[sizeof("http://[]:65535") + 256];

    if (host.len > 253) {
        *why = "a host is too long";
        return NGX_DECLINED;
    }

    p = ngx_snprintf(buf, sizeof(buf),
                     memchr(host.data, ':', host.len)
                     ? "http://[%*s]:%ui" : "http://%*s:%ui",
                     host.len, host.data, port);

    text = weir_str((char *) buf, (size_t) (p - buf));

    if (memchr(host.data, '/', host.len) || memchr(host.data, '?', host.len)) {
        *why = "a host is no name";
        return NGX_DECLINED;
    }

    rc = ngx_http_weir_url_parse(pool, text, &parsed, why);

    if (rc == NGX_ERROR) {
        *why = "no memory";
    }

    if (rc != NGX_OK) {
        return rc;
    }

    /* host:port is what logs show */

    parsed.text = parsed.authority;
    ngx_str_null(&parsed.authority);
    ngx_str_null(&parsed.path);
    parsed.tls = tls;
    *url = parsed;

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_store_address(ngx_pool_t *pool,
    const ngx_http_weir_store_conf_t *conf, weir_str_t host, ngx_uint_t port,
    ngx_http_weir_url_t *url)
{
    const char  *why;

    if (host.len == 0 || port < 1 || port > 65535) {
        return NGX_DECLINED;
    }

    return ngx_http_weir_store_server(pool, conf->tls, host, port, url, &why);
}
