/*
 * ngx_http_weir_host.c: what the engine asks of nginx about a request.
 *
 * Answers are about the request as it was sent, from the snapshot.
 */

#include "ngx_http_weir.h"


static void ngx_http_weir_attr(void *host, unsigned attr, weir_value_t *out);
static weir_rc_t ngx_http_weir_get(void *host, unsigned attr, weir_str_t key,
    weir_value_t *out);
static void ngx_http_weir_at(void *host, unsigned attr, uint32_t i,
    weir_value_t *key, weir_value_t *value);
static weir_str_t ngx_http_weir_text(ngx_http_weir_ctx_t *ctx, unsigned attr);
static int64_t ngx_http_weir_number(ngx_http_weir_ctx_t *ctx, unsigned attr);
static uint64_t ngx_http_weir_backend_took(ngx_http_request_t *r);
static weir_str_t ngx_http_weir_address(ngx_http_request_t *r,
    struct sockaddr *sa, socklen_t socklen);
static struct sockaddr *ngx_http_weir_local(ngx_connection_t *c);
static weir_str_t ngx_http_weir_cert_text(ngx_http_weir_ctx_t *ctx,
    unsigned attr);
static weir_str_t ngx_http_weir_hex(ngx_http_weir_ctx_t *ctx,
    const uint8_t *data, size_t len);


const weir_host_t  ngx_http_weir_host = {
    ngx_http_weir_attr,
    ngx_http_weir_get,
    ngx_http_weir_at
};


weir_str_t
ngx_http_weir_scheme(ngx_http_request_t *r)
{
#if (NGX_SSL || NGX_COMPAT)
    if (r->connection->ssl) {
        return weir_string("https");
    }
#endif

    return weir_string("http");
}


static void
ngx_http_weir_attr(void *host, unsigned attr, weir_value_t *out)
{
    ngx_http_weir_ctx_t *ctx = host;

    uint64_t              ms;
    ngx_http_weir_map_t  *map;

    switch (weir_attrs[attr].kind) {

    case WEIR_T_STRING:
        *out = weir_v_str(ngx_http_weir_text(ctx, attr));

        if (attr == WEIR_A_REQUEST_PATH && out->u.s == NULL) {
            *out = weir_v_err(WEIR_E_UNAVAILABLE);
        }

        break;

    case WEIR_T_INT:
        *out = weir_v_int(ngx_http_weir_number(ctx, attr));
        break;

    case WEIR_T_IP:
        *out = (weir_value_t) { .kind = WEIR_T_IP,
                                .u.ip = &ctx->req.source };
        break;

    case WEIR_T_BOOL:

        /* a chain that optional_no_ca let through is "FAILED:..." */

        *out = weir_v_bool(weir_str_eq(
                               ngx_http_weir_nginx_variable(ctx->request,
                                                      "ssl_client_verify"),
                               weir_string("SUCCESS")));
        break;

    case WEIR_T_TIMESTAMP:
        *out = (weir_value_t) { .kind = WEIR_T_TIMESTAMP,
                                .len = ctx->request->start_msec * 1000000,
                                .u.i = ctx->request->start_sec };
        break;

    case WEIR_T_DURATION:
        ms = attr == WEIR_A_REQUEST_DURATION
             ? ngx_http_weir_took(ctx->request)
             : ngx_http_weir_backend_took(ctx->request);
        *out = (weir_value_t) { .kind = WEIR_T_DURATION,
                                .len = (uint32_t) (ms % 1000) * 1000000,
                                .u.i = (int64_t) (ms / 1000) };
        break;

    case WEIR_T_MAP:
        map = ngx_http_weir_map(ctx, attr);

        if (map->error) {
            *out = weir_v_err(map->error);
            break;
        }

        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .len = map->n, .u.attr = attr };
        break;

    default:
        *out = weir_v_err(WEIR_E_UNAVAILABLE);
        break;
    }
}


static weir_rc_t
ngx_http_weir_get(void *host, unsigned attr, weir_str_t key,
    weir_value_t *out)
{
    ngx_http_weir_ctx_t *ctx = host;

    weir_str_t             value;
    ngx_http_weir_map_t   *map;
    ngx_http_weir_pair_t  *pair;

    /* a header that was sent once is found without the map */

    if (attr == WEIR_A_REQUEST_HEADERS && !ctx->header_map.built) {
        value = ngx_http_weir_header(ctx, key, 0);

        if (value.data == NULL) {
            return WEIR_DECLINED;
        }

        if (ngx_http_weir_header(ctx, key, 1).data == NULL) {
            *out = weir_v_str(value);
            return WEIR_OK;
        }
    }

    map = ngx_http_weir_map(ctx, attr);

    if (map->error) {
        *out = weir_v_err(map->error);
        return WEIR_OK;
    }

    pair = ngx_http_weir_map_find(map, key);

    if (pair == NULL) {
        return WEIR_DECLINED;
    }

    *out = weir_v_str(pair->value);

    return WEIR_OK;
}


static void
ngx_http_weir_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    ngx_http_weir_map_t  *map;

    map = ngx_http_weir_map(host, attr);

    if (i >= map->n) {
        *key = weir_v_err(WEIR_E_OUT_OF_RANGE);
        *value = *key;
        return;
    }

    *key = weir_v_str(map->pairs[i].name);
    *value = weir_v_str(map->pairs[i].value);
}


static weir_str_t
ngx_http_weir_text(ngx_http_weir_ctx_t *ctx, unsigned attr)
{
    weir_str_t           s;
    struct sockaddr     *sa;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ctx->request;
    c = r->connection;

    switch (attr) {

    case WEIR_A_SOURCE_ADDRESS:
        return ngx_http_weir_address(r, c->sockaddr, c->socklen);

    case WEIR_A_DESTINATION_ADDRESS:
        sa = ngx_http_weir_local(c);
        return ngx_http_weir_address(r, sa, c->local_socklen);

    case WEIR_A_CONNECTION_TLS_VERSION:
        return ngx_http_weir_nginx_variable(r, "ssl_protocol");

    case WEIR_A_CONNECTION_SNI:
        return ngx_http_weir_nginx_variable(r, "ssl_server_name");

    case WEIR_A_CONNECTION_SUBJECT:
    case WEIR_A_CONNECTION_DNS_SAN:
    case WEIR_A_CONNECTION_URI_SAN:
    case WEIR_A_CONNECTION_SHA256:
        return ngx_http_weir_cert_text(ctx, attr);

    case WEIR_A_REQUEST_PATH:
        return ngx_http_weir_target(ctx);

    case WEIR_A_REQUEST_QUERY:
        return ctx->query;

    case WEIR_A_REQUEST_METHOD:
        return ctx->req.method;

    case WEIR_A_REQUEST_SCHEME:
        return ngx_http_weir_scheme(r);

    case WEIR_A_REQUEST_PROTOCOL:
        return ngx_http_weir_str(&r->http_protocol);

    case WEIR_A_REQUEST_ID:
        return ngx_http_weir_request_id(ctx);

    case WEIR_A_REQUEST_REFERER:
        s = ngx_http_weir_header(ctx, weir_string("referer"), 0);
        break;

    case WEIR_A_REQUEST_USERAGENT:
        s = ngx_http_weir_header(ctx, weir_string("user-agent"), 0);
        break;

    default:
        s = weir_str("", 0);
        break;
    }

    return s.data ? s : weir_str("", 0);
}


static int64_t
ngx_http_weir_number(ngx_http_weir_ctx_t *ctx, unsigned attr)
{
    off_t                sent;
    struct sockaddr     *sa;
    ngx_http_request_t  *r;

    r = ctx->request;

    switch (attr) {

    case WEIR_A_SOURCE_PORT:
        return ngx_inet_get_port(r->connection->sockaddr);

    case WEIR_A_DESTINATION_PORT:
        sa = ngx_http_weir_local(r->connection);
        return sa ? ngx_inet_get_port(sa) : 0;

    case WEIR_A_REQUEST_CONTENT_LENGTH:
        return ctx->content_length;

    case WEIR_A_REQUEST_SIZE:
        return r->request_length;

    case WEIR_A_RESPONSE_CODE:
        return r->err_status ? r->err_status : r->headers_out.status;

    case WEIR_A_RESPONSE_SIZE:
        sent = r->connection->sent - r->header_size;
        return ngx_max(sent, 0);
    }

    return 0;
}


/* ms; of the last one that answered: earlier ones were tried in vain. */
static uint64_t
ngx_http_weir_backend_took(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_http_upstream_state_t  *state;

    i = r->upstream_states ? r->upstream_states->nelts : 0;

    while (i > 0) {
        state = r->upstream_states->elts;
        i--;

        if (state[i].header_time != (ngx_msec_t) -1) {
            return state[i].header_time;
        }
    }

    return 0;
}


static weir_str_t
ngx_http_weir_address(ngx_http_request_t *r, struct sockaddr *sa,
    socklen_t socklen)
{
    u_char  *p;
    size_t   len;

    if (sa == NULL) {
        return weir_str("", 0);
    }

    p = ngx_pnalloc(r->pool, NGX_SOCKADDR_STRLEN);
    if (p == NULL) {
        return weir_str("", 0);
    }

    len = ngx_sock_ntop(sa, socklen, p, NGX_SOCKADDR_STRLEN, 1);

    return weir_str((char *) p, len);
}


static struct sockaddr *
ngx_http_weir_local(ngx_connection_t *c)
{
    if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK) {
        return NULL;
    }

    return c->local_sockaddr;
}


/* A certificate that is not verified says nothing. */
static weir_str_t
ngx_http_weir_cert_text(ngx_http_weir_ctx_t *ctx, unsigned attr)
{
    const weir_cert_t  *cert;

    cert = ngx_http_weir_cert(ctx);

    if (cert == NULL || !cert->verified) {
        return weir_str("", 0);
    }

    switch (attr) {

    case WEIR_A_CONNECTION_SUBJECT:
        return cert->dn;

    case WEIR_A_CONNECTION_DNS_SAN:
        return cert->nnames ? cert->names[0] : weir_str("", 0);

    case WEIR_A_CONNECTION_URI_SAN:
        return cert->nuris ? cert->uris[0] : weir_str("", 0);

    default:
        return ngx_http_weir_hex(ctx, cert->sha256, WEIR_SHA256_LEN);
    }
}


static weir_str_t
ngx_http_weir_hex(ngx_http_weir_ctx_t *ctx, const uint8_t *data, size_t len)
{
    u_char  *p;

    p = ngx_pnalloc(ctx->request->pool, 2 * len);
    if (p == NULL) {
        return weir_str("", 0);
    }

    (void) ngx_hex_dump(p, (u_char *) data, len);

    return weir_str((char *) p, 2 * len);
}
