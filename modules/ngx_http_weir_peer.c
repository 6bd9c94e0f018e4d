/*
 * ngx_http_weir_peer.c: from a URL to a connection that may be written to.
 *
 *     timer ──▶ resolve ──▶ connect ──▶ handshake ──▶ connected()
 *                              ▲  │ next address
 *                              └──┘
 *
 * Each step has the same time; whatever goes wrong ends in failed(), where
 * the peer, and what it lies in, may be freed: nobody looks at it after that.
 */

#include "ngx_http_weir_peer.h"
#include <ngx_http.h>


static void ngx_http_weir_peer_log(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);
static void ngx_http_weir_peer_timer(ngx_event_t *ev);
static void ngx_http_weir_peer_step(ngx_http_weir_peer_t *peer,
    const char *step);
static void ngx_http_weir_peer_resolve(ngx_http_weir_peer_t *peer);
static void ngx_http_weir_peer_resolved(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_http_weir_peer_addr(ngx_http_weir_peer_t *peer,
    struct sockaddr *sockaddr, socklen_t socklen);
static void ngx_http_weir_peer_connect(ngx_http_weir_peer_t *peer);
static void ngx_http_weir_peer_writable(ngx_event_t *ev);
static void ngx_http_weir_peer_established(ngx_http_weir_peer_t *peer);
#if (NGX_SSL)
static void ngx_http_weir_peer_handshake(ngx_http_weir_peer_t *peer);
static ngx_int_t ngx_http_weir_peer_expect(ngx_http_weir_peer_t *peer,
    ngx_ssl_conn_t *ssl);
static void ngx_http_weir_peer_shaken(ngx_connection_t *c);
static ngx_int_t ngx_http_weir_trust(ngx_conf_t *cf, ngx_ssl_t *ssl,
    ngx_str_t *trusted);
#endif
static void ngx_http_weir_peer_ready(ngx_http_weir_peer_t *peer);
static void ngx_http_weir_peer_drop(ngx_http_weir_peer_t *peer);
static void ngx_http_weir_peer_say(ngx_http_weir_peer_t *peer,
    const char *fmt, ...);
static void ngx_http_weir_peer_fail(ngx_http_weir_peer_t *peer);


ngx_int_t
ngx_http_weir_outgoing_init(ngx_conf_t *cf, ngx_http_weir_outgoing_t *outgoing,
    ngx_str_t *trusted)
{
#if (NGX_SSL)
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL
        || ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (ngx_http_weir_trust(cf, ssl, trusted) != NGX_OK) {
        return NGX_ERROR;
    }

    outgoing->ssl = ssl;

    return NGX_OK;
#else

    if (trusted->len) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"weir_trusted_certificate\" needs an nginx with TLS");
        return NGX_ERROR;
    }

    return NGX_OK;
#endif
}


#if (NGX_SSL)

static ngx_int_t
ngx_http_weir_trust(ngx_conf_t *cf, ngx_ssl_t *ssl, ngx_str_t *trusted)
{
    const char  *file;
    ngx_uint_t   i;

    /* where systems keep the bundle; OpenSSL's own idea comes first */
    static const char *const  bundles[] = {
        NULL,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem"
    };

    file = NULL;

    if (trusted->len) {
        file = (char *) trusted->data;

    } else {
        for (i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
            file = bundles[i] ? bundles[i] : X509_get_default_cert_file();

            if (access(file, R_OK) == 0) {
                break;
            }

            file = NULL;
        }
    }

    /* read now: a directory of certificates would be read in a handshake */

    if (file != NULL
        && SSL_CTX_load_verify_locations(ssl->ctx, file, NULL) == 0)
    {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      (char *) "weir: no certificates in \"%s\"", file);
        return NGX_ERROR;
    }

    ERR_clear_error();

    SSL_CTX_set_verify(ssl->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ssl->ctx, SSL_SESS_CACHE_OFF);

    return NGX_OK;
}

#endif


void
ngx_http_weir_outgoing_resolver(ngx_conf_t *cf,
    ngx_http_weir_outgoing_t *outgoing)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    outgoing->resolver = clcf->resolver;
}


void
ngx_http_weir_peer_open(ngx_http_weir_peer_t *peer)
{
    peer->timer.handler = ngx_http_weir_peer_timer;
    peer->timer.data = peer;
    peer->timer.log = peer->log;
    peer->timer.cancelable = 1;

    ngx_memzero(&peer->quiet, sizeof(ngx_log_t));

    peer->quiet.log_level = peer->log->log_level;
    peer->quiet.writer = ngx_http_weir_peer_log;
    peer->quiet.wdata = peer;

    ngx_add_timer(&peer->timer, 0);
}


/*
 * What nginx says of the connection is for who looks closely: that it failed,
 * and why, is said once, by whoever wanted it.  A line begins with time,
 * level and process.
 */

static void
ngx_http_weir_peer_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    ngx_http_weir_peer_t *peer = log->wdata;

    u_char  *p, *end;

    end = buf + len;

    while (end > buf && (end[-1] == LF || end[-1] == CR)) {
        end--;
    }

    p = ngx_strlchr(buf, end, '#');
    p = p ? ngx_strlchr(p, end, ' ') : NULL;
    p = p ? p + 1 : buf;

    if (level == NGX_LOG_CRIT || level == NGX_LOG_ERR) {
        level = NGX_LOG_INFO;
        ngx_cpystrn((u_char *) peer->said, p,
                    ngx_min((size_t) (end - p) + 1, sizeof(peer->said)));
    }

    ngx_log_error(level, peer->log, 0, "%*s, to \"%V\"", (size_t) (end - p), p,
                  &peer->url->text);
}


void
ngx_http_weir_peer_close(ngx_http_weir_peer_t *peer)
{
    if (peer->timer.timer_set) {
        ngx_del_timer(&peer->timer);
    }

    if (peer->resolving) {
        ngx_resolve_name_done(peer->resolving);
        peer->resolving = NULL;
    }

    ngx_http_weir_peer_drop(peer);
}


static void
ngx_http_weir_peer_timer(ngx_event_t *ev)
{
    ngx_http_weir_peer_t *peer = ev->data;

    if (peer->step == NULL) {
        ngx_http_weir_peer_resolve(peer);
        return;
    }

    ngx_http_weir_peer_say(peer, "%s took longer than %Mms", peer->step,
                           peer->timeout);

    if (peer->connection != NULL) {
        ngx_http_weir_peer_drop(peer);
        ngx_http_weir_peer_connect(peer);
        return;
    }

    ngx_http_weir_peer_fail(peer);
}


static void
ngx_http_weir_peer_step(ngx_http_weir_peer_t *peer, const char *step)
{
    peer->step = step;
    ngx_add_timer(&peer->timer, peer->timeout);
}


static void
ngx_http_weir_peer_resolve(ngx_http_weir_peer_t *peer)
{
    ngx_resolver_ctx_t         *ctx;
    const ngx_http_weir_url_t  *url;

    url = peer->url;

    if (url->socklen) {
        if (ngx_http_weir_peer_addr(peer,
                                    (struct sockaddr *) &url->address.sockaddr,
                                    url->socklen)
            != NGX_OK)
        {
            ngx_http_weir_peer_say(peer, "no memory");
            ngx_http_weir_peer_fail(peer);
            return;
        }

        ngx_http_weir_peer_connect(peer);
        return;
    }

    ctx = peer->outgoing->resolver
          ? ngx_resolve_start(peer->outgoing->resolver, NULL)
          : NGX_NO_RESOLVER;

    if (ctx == NGX_NO_RESOLVER) {
        ngx_http_weir_peer_say(peer, "the name \"%V\" needs a \"resolver\" in "
                               "http{}", &url->host);
        ngx_http_weir_peer_fail(peer);
        return;
    }

    if (ctx == NULL) {
        ngx_http_weir_peer_say(peer, "no memory");
        ngx_http_weir_peer_fail(peer);
        return;
    }

    ctx->name = url->host;
    ctx->handler = ngx_http_weir_peer_resolved;
    ctx->data = peer;
    ctx->timeout = peer->timeout;
    ctx->cancelable = 1;

    peer->resolving = ctx;

    /* on an error the context is gone, and its handler was not called */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        peer->resolving = NULL;
        ngx_http_weir_peer_say(peer, "\"%V\" could not be resolved",
                               &url->host);
        ngx_http_weir_peer_fail(peer);
    }
}


static void
ngx_http_weir_peer_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_http_weir_peer_t *peer = ctx->data;

    ngx_int_t   rc;
    ngx_uint_t  i;

    rc = ctx->state;

    if (rc != NGX_OK) {
        ngx_http_weir_peer_say(peer, "\"%V\" could not be resolved (%i: %s)",
                               &peer->url->host, rc, ngx_resolver_strerror(rc));

    } else {
        for (i = 0; i < ctx->naddrs && i < NGX_HTTP_WEIR_MAX_ADDRS; i++) {
            rc = ngx_http_weir_peer_addr(peer, ctx->addrs[i].sockaddr,
                                         ctx->addrs[i].socklen);

            if (rc != NGX_OK) {
                ngx_http_weir_peer_say(peer, "no memory");
                break;
            }
        }
    }

    peer->resolving = NULL;
    ngx_resolve_name_done(ctx);

    if (rc != NGX_OK) {
        ngx_http_weir_peer_fail(peer);
        return;
    }

    ngx_http_weir_peer_connect(peer);
}


static ngx_int_t
ngx_http_weir_peer_addr(ngx_http_weir_peer_t *peer, struct sockaddr *sockaddr,
    socklen_t socklen)
{
    u_char      *text;
    ngx_addr_t  *addr;

    addr = &peer->addrs[peer->naddrs];

    addr->sockaddr = ngx_palloc(peer->pool, socklen);
    text = ngx_pnalloc(peer->pool, NGX_SOCKADDR_STRLEN);

    if (addr->sockaddr == NULL || text == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(addr->sockaddr, sockaddr, socklen);
    ngx_inet_set_port(addr->sockaddr, peer->url->port);

    addr->socklen = socklen;
    addr->name.data = text;
    addr->name.len = ngx_sock_ntop(addr->sockaddr, socklen, text,
                                   NGX_SOCKADDR_STRLEN, 1);
    peer->naddrs++;

    return NGX_OK;
}


/* To the next address; peer->why says what was wrong with the one before. */

static void
ngx_http_weir_peer_connect(ngx_http_weir_peer_t *peer)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_peer_connection_t   pc;

    while (peer->next < peer->naddrs) {
        addr = &peer->addrs[peer->next++];

        ngx_memzero(&pc, sizeof(ngx_peer_connection_t));

        pc.sockaddr = addr->sockaddr;
        pc.socklen = addr->socklen;
        pc.name = &addr->name;
        pc.get = ngx_event_get_peer;
        pc.log = &peer->quiet;
        pc.log_error = NGX_ERROR_ERR;

        rc = ngx_event_connect_peer(&pc);

        if (rc != NGX_OK && rc != NGX_AGAIN) {
            ngx_http_weir_peer_say(peer, "connecting to %V failed: %s",
                                   &addr->name, peer->said);
            continue;
        }

        c = pc.connection;

        c->data = peer;
        c->pool = peer->pool;
        c->sendfile = 0;
        c->idle = 1;
        c->read->handler = ngx_http_weir_peer_writable;
        c->write->handler = ngx_http_weir_peer_writable;

        peer->connection = c;

        ngx_http_weir_peer_step(peer, "connecting");

        if (rc == NGX_OK) {
            ngx_http_weir_peer_established(peer);
        }

        return;
    }

    ngx_http_weir_peer_fail(peer);
}


static void
ngx_http_weir_peer_writable(ngx_event_t *ev)
{
    int                    err;
    socklen_t              len;
    ngx_connection_t      *c;
    ngx_http_weir_peer_t  *peer;

    c = ev->data;
    peer = c->data;

    if (c->close) {
        ngx_http_weir_peer_say(peer, NGX_HTTP_WEIR_PEER_QUITS);
        ngx_http_weir_peer_fail(peer);
        return;
    }

    if (!c->write->ready) {
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_http_weir_peer_say(peer, "connecting to %V failed (%d: %s)",
                               &peer->addrs[peer->next - 1].name, err,
                               strerror(err));
        ngx_http_weir_peer_drop(peer);
        ngx_http_weir_peer_connect(peer);
        return;
    }

    ngx_http_weir_peer_established(peer);
}


static void
ngx_http_weir_peer_established(ngx_http_weir_peer_t *peer)
{
    if (!peer->url->tls) {
        ngx_http_weir_peer_ready(peer);
        return;
    }

#if (NGX_SSL)

    ngx_http_weir_peer_handshake(peer);

#else

    ngx_http_weir_peer_say(peer, "this nginx was built without TLS");
    ngx_http_weir_peer_fail(peer);

#endif
}


#if (NGX_SSL)

static void
ngx_http_weir_peer_handshake(ngx_http_weir_peer_t *peer)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = peer->connection;

    if (ngx_ssl_create_connection(peer->outgoing->ssl, c,
                                  NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK
        || ngx_http_weir_peer_expect(peer, c->ssl->connection) != NGX_OK)
    {
        ERR_clear_error();
        ngx_http_weir_peer_say(peer, "no memory for TLS");
        ngx_http_weir_peer_fail(peer);
        return;
    }

    ngx_http_weir_peer_step(peer, "the TLS handshake");

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_http_weir_peer_shaken;
        return;
    }

    ngx_http_weir_peer_shaken(c);
}


/* RFC 6125: the certificate is one for the host of the URL. */

static ngx_int_t
ngx_http_weir_peer_expect(ngx_http_weir_peer_t *peer, ngx_ssl_conn_t *ssl)
{
    X509_VERIFY_PARAM          *param;
    const ngx_http_weir_url_t  *url;

    url = peer->url;
    param = SSL_get0_param(ssl);

    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);

    if (url->socklen) {
        return X509_VERIFY_PARAM_set1_ip_asc(param, (char *) url->host.data)
               == 1 ? NGX_OK : NGX_ERROR;
    }

    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);

    if (X509_VERIFY_PARAM_set1_host(param, (char *) url->host.data,
                                    url->host.len)
        != 1
        || SSL_set_tlsext_host_name(ssl, (char *) url->host.data) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_weir_peer_shaken(ngx_connection_t *c)
{
    long                   rc;
    ngx_http_weir_peer_t  *peer;

    peer = c->data;
    rc = SSL_get_verify_result(c->ssl->connection);

    if (c->ssl->handshaked && rc == X509_V_OK) {
        ngx_http_weir_peer_ready(peer);
        return;
    }

    if (rc != X509_V_OK) {
        ngx_http_weir_peer_say(peer, "the certificate of \"%V\" is not "
                               "trusted: %s", &peer->url->host,
                               X509_verify_cert_error_string(rc));
    } else {
        ngx_http_weir_peer_say(peer, "the TLS handshake with %V failed: %s",
                               &peer->addrs[peer->next - 1].name,
                               peer->said[0] ? peer->said
                                             : "the connection ended");
    }

    ngx_http_weir_peer_drop(peer);
    ngx_http_weir_peer_connect(peer);
}

#endif


static void
ngx_http_weir_peer_ready(ngx_http_weir_peer_t *peer)
{
    if (peer->timer.timer_set) {
        ngx_del_timer(&peer->timer);
    }

    peer->connected(peer->data, peer->connection);
}


static void
ngx_http_weir_peer_drop(ngx_http_weir_peer_t *peer)
{
    ngx_connection_t  *c;

    c = peer->connection;

    if (c == NULL) {
        return;
    }

    peer->connection = NULL;

#if (NGX_SSL)

    /* quietly: else it may have to wait */

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;
        (void) ngx_ssl_shutdown(c);
    }

#endif

    ngx_close_connection(c);
}


static void
ngx_http_weir_peer_say(ngx_http_weir_peer_t *peer, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf((u_char *) peer->why,
                      (u_char *) peer->why + sizeof(peer->why) - 1, fmt, args);
    va_end(args);

    *p = '\0';
}


static void
ngx_http_weir_peer_fail(ngx_http_weir_peer_t *peer)
{
    ngx_http_weir_peer_close(peer);

    peer->failed(peer->data, peer->why);
}
