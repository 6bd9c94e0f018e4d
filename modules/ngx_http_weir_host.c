/*
 * ngx_http_weir_host.c: what the engine asks of nginx about a request.
 *
 * Answers are about the request as it was sent, from the snapshot.  Maps are
 * built on first use, of distinct names; one with more entries than a policy
 * may look at, with a part that is no text, or for which there is no memory,
 * is an error, never a part of itself: a deny rule must not miss what it
 * looks for.
 */

#include "ngx_http_weir.h"
#include "run/query.h"

/* query parameters and cookies that are read at all, with repeated ones */
#define NGX_HTTP_WEIR_MAX_PARTS  1024


static void ngx_http_weir_attr(void *host, unsigned attr, weir_value_t *out);
static weir_rc_t ngx_http_weir_get(void *host, unsigned attr, weir_str_t key,
    weir_value_t *out);
static void ngx_http_weir_at(void *host, unsigned attr, uint32_t i,
    weir_value_t *key, weir_value_t *value);
static weir_str_t ngx_http_weir_text(ngx_http_weir_ctx_t *ctx, unsigned attr);
static int64_t ngx_http_weir_number(ngx_http_weir_ctx_t *ctx, unsigned attr);
static weir_str_t ngx_http_weir_address(ngx_http_request_t *r,
    struct sockaddr *sa, socklen_t socklen);
static struct sockaddr *ngx_http_weir_local(ngx_connection_t *c);
static weir_str_t ngx_http_weir_cert_text(ngx_http_weir_ctx_t *ctx,
    unsigned attr);
static weir_str_t ngx_http_weir_hex(ngx_http_weir_ctx_t *ctx,
    const uint8_t *data, size_t len);
static ngx_http_weir_map_t *ngx_http_weir_map(ngx_http_weir_ctx_t *ctx,
    unsigned attr);
static void ngx_http_weir_map_headers(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map);
static void ngx_http_weir_map_cookies(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map);
static void ngx_http_weir_map_params(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map);
static void ngx_http_weir_map_response(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map);
static void ngx_http_weir_map_join(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map, ngx_http_weir_pair_t *pairs, ngx_uint_t n);
static ngx_uint_t ngx_http_weir_are_distinct(
    const ngx_http_weir_pair_t *pairs, ngx_uint_t n);
static void ngx_http_weir_map_add(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map, weir_str_t name, weir_str_t value);
static ngx_http_weir_pair_t *ngx_http_weir_map_find(ngx_http_weir_map_t *map,
    weir_str_t name);
static weir_str_t ngx_http_weir_decode(ngx_http_weir_ctx_t *ctx,
    weir_str_t raw);


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

    case WEIR_A_RESPONSE_CODE:
        return r->err_status ? r->err_status : r->headers_out.status;

    case WEIR_A_RESPONSE_SIZE:
        sent = r->connection->sent - r->header_size;
        return ngx_max(sent, 0);
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


static ngx_http_weir_map_t *
ngx_http_weir_map(ngx_http_weir_ctx_t *ctx, unsigned attr)
{
    ngx_uint_t            i, n;
    ngx_http_weir_map_t  *map;

    static const struct {
        unsigned   attr;
        size_t     offset;
        void     (*build)(ngx_http_weir_ctx_t *ctx,
                          ngx_http_weir_map_t *map);
    } maps[] = {
        { WEIR_A_REQUEST_HEADERS, offsetof(ngx_http_weir_ctx_t, header_map),
          ngx_http_weir_map_headers },
        { WEIR_A_REQUEST_COOKIES, offsetof(ngx_http_weir_ctx_t, cookies),
          ngx_http_weir_map_cookies },
        { WEIR_A_REQUEST_PARAMS, offsetof(ngx_http_weir_ctx_t, params),
          ngx_http_weir_map_params },
        { WEIR_A_RESPONSE_HEADERS, offsetof(ngx_http_weir_ctx_t, response),
          ngx_http_weir_map_response }
    };

    n = sizeof(maps) / sizeof(maps[0]);

    for (i = 0; i < n - 1 && maps[i].attr != attr; i++) { /* void */ }

    map = (ngx_http_weir_map_t *) ((char *) ctx + maps[i].offset);

    if (!map->built) {
        map->built = 1;

        maps[i].build(ctx, map);

        if (map->error) {
            map->n = 0;
        }
    }

    return map;
}


static void
ngx_http_weir_map_headers(ngx_http_weir_ctx_t *ctx, ngx_http_weir_map_t *map)
{
    ngx_http_weir_map_join(ctx, map, ctx->headers, ctx->nheaders);
}


static void
ngx_http_weir_map_cookies(ngx_http_weir_ctx_t *ctx, ngx_http_weir_map_t *map)
{
    size_t       pos;
    ngx_uint_t   i, parts;
    weir_str_t   name, value;

    parts = 0;

    for (i = 0; i < ctx->nheaders; i++) {

        if (!weir_str_eq(ctx->headers[i].name, weir_string("cookie"))) {
            continue;
        }

        pos = 0;

        while (weir_cookie_next(ctx->headers[i].value, &pos, &name, &value)
               == WEIR_OK)
        {
            if (++parts > NGX_HTTP_WEIR_MAX_PARTS) {
                map->error = WEIR_E_TOO_LARGE;
            }

            if (map->error) {
                return;
            }

            ngx_http_weir_map_add(ctx, map, name, value);
        }
    }
}


static void
ngx_http_weir_map_params(ngx_http_weir_ctx_t *ctx, ngx_http_weir_map_t *map)
{
    size_t       pos;
    ngx_uint_t   parts;
    weir_str_t   name, value;

    pos = 0;
    parts = 0;

    while (weir_query_next(ctx->query, &pos, &name, &value) == WEIR_OK) {

        if (++parts > NGX_HTTP_WEIR_MAX_PARTS) {
            map->error = WEIR_E_TOO_LARGE;
        }

        if (map->error) {
            return;
        }

        name = ngx_http_weir_decode(ctx, name);
        value = ngx_http_weir_decode(ctx, value);

        if (name.data == NULL || value.data == NULL) {
            map->error = WEIR_E_CONVERSION;
            return;
        }

        ngx_http_weir_map_add(ctx, map, name, value);
    }
}


void
ngx_http_weir_response_came(ngx_http_weir_ctx_t *ctx)
{
    ngx_memzero(&ctx->response, sizeof(ngx_http_weir_map_t));

    (void) ngx_http_weir_map(ctx, WEIR_A_RESPONSE_HEADERS);
}


static void
ngx_http_weir_map_response(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_map_t *map)
{
    u_char                *name;
    ngx_uint_t             i, n;
    ngx_list_part_t       *part;
    ngx_table_elt_t       *h;
    ngx_http_request_t    *r;
    ngx_http_weir_pair_t  *pairs;

    r = ctx->request;
    n = 1;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    pairs = ngx_palloc(r->pool, n * sizeof(ngx_http_weir_pair_t));
    if (pairs == NULL) {
        map->error = WEIR_E_TOO_LARGE;
        return;
    }

    n = 0;

    if (r->headers_out.content_type.len) {
        pairs[n].name = weir_string("content-type");
        pairs[n++].value = ngx_http_weir_str(&r->headers_out.content_type);
    }

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0) {
                continue;
            }

            name = ngx_pnalloc(r->pool, h[i].key.len + 1);
            if (name == NULL) {
                map->error = WEIR_E_TOO_LARGE;
                return;
            }

            ngx_strlow(name, h[i].key.data, h[i].key.len);

            pairs[n].name = weir_str((char *) name, h[i].key.len);
            pairs[n++].value = ngx_http_weir_str(&h[i].value);
        }
    }

    ngx_http_weir_map_join(ctx, map, pairs, n);
}


/* Several of a name become one, joined by commas: RFC 9110, 5.3. */
static void
ngx_http_weir_map_join(ngx_http_weir_ctx_t *ctx, ngx_http_weir_map_t *map,
    ngx_http_weir_pair_t *pairs, ngx_uint_t n)
{
    char        *p, *data;
    size_t       len;
    ngx_uint_t   i, k, same;

    if (n <= WEIR_MAX_HEADERS && ngx_http_weir_are_distinct(pairs, n)) {
        map->pairs = pairs;
        map->n = n;
        return;
    }

    for (i = 0; i < n && !map->error; i++) {

        if (ngx_http_weir_map_find(map, pairs[i].name)) {
            continue;
        }

        same = 0;
        len = 0;

        for (k = i; k < n; k++) {

            if (weir_str_eq(pairs[k].name, pairs[i].name)) {
                same++;
                len += pairs[k].value.len + 2;
            }
        }

        if (same == 1) {
            ngx_http_weir_map_add(ctx, map, pairs[i].name, pairs[i].value);
            continue;
        }

        data = ngx_pnalloc(ctx->request->pool, len);
        if (data == NULL) {
            map->error = WEIR_E_TOO_LARGE;
            return;
        }

        p = data;

        for (k = i; k < n; k++) {

            if (!weir_str_eq(pairs[k].name, pairs[i].name)) {
                continue;
            }

            if (k > i) {
                *p++ = ',';
                *p++ = ' ';
            }

            p = (char *) ngx_cpymem(p, pairs[k].value.data,
                                    pairs[k].value.len);
        }

        ngx_http_weir_map_add(ctx, map, pairs[i].name,
                              weir_str(data, p - data));
    }
}


/* Whether no name comes twice: most differ in what is cheap to look at. */
static ngx_uint_t
ngx_http_weir_are_distinct(const ngx_http_weir_pair_t *pairs, ngx_uint_t n)
{
    uint64_t    seen, bit;
    ngx_uint_t  i, k;
    weir_str_t  name;

    seen = 0;

    for (i = 0; i < n; i++) {
        name = pairs[i].name;

        if (name.len == 0) {
            return 0;
        }

        bit = (uint64_t) 1 << ((name.len * 7 + (u_char) name.data[0]
                                + (u_char) name.data[name.len - 1]) % 64);

        for (k = 0; k < i && (seen & bit); k++) {

            if (weir_str_eq(pairs[k].name, name)) {
                return 0;
            }
        }

        seen |= bit;
    }

    return 1;
}


/* The first of a name stays. */
static void
ngx_http_weir_map_add(ngx_http_weir_ctx_t *ctx, ngx_http_weir_map_t *map,
    weir_str_t name, weir_str_t value)
{
    ngx_http_weir_pair_t  *pairs;

    if (ngx_http_weir_map_find(map, name)) {
        return;
    }

    if (map->n == WEIR_MAX_HEADERS) {
        map->error = WEIR_E_TOO_LARGE;
        return;
    }

    /* room doubles from 16 on */

    if (map->n == 0 || (map->n >= 16 && (map->n & (map->n - 1)) == 0)) {

        pairs = ngx_palloc(ctx->request->pool,
                           ngx_max(16, 2 * map->n)
                           * sizeof(ngx_http_weir_pair_t));
        if (pairs == NULL) {
            map->error = WEIR_E_TOO_LARGE;
            return;
        }

        if (map->n) {
            ngx_memcpy(pairs, map->pairs,
                       map->n * sizeof(ngx_http_weir_pair_t));
        }

        map->pairs = pairs;
    }

    map->pairs[map->n].name = name;
    map->pairs[map->n].value = value;
    map->n++;
}


static ngx_http_weir_pair_t *
ngx_http_weir_map_find(ngx_http_weir_map_t *map, weir_str_t name)
{
    uint32_t  i;

    for (i = 0; i < map->n; i++) {

        if (weir_str_eq(map->pairs[i].name, name)) {
            return &map->pairs[i];
        }
    }

    return NULL;
}


/* data NULL: there is no text in it. */
static weir_str_t
ngx_http_weir_decode(ngx_http_weir_ctx_t *ctx, weir_str_t raw)
{
    char    *p;
    size_t   len;

    if (raw.len == 0) {
        return weir_str("", 0);
    }

    p = ngx_pnalloc(ctx->request->pool, raw.len);

    if (p == NULL || weir_query_decode(raw, p, &len) != WEIR_OK) {
        return weir_str(NULL, 0);
    }

    return weir_str(p, len);
}
