/*
 * ngx_http_weir_identity.c: what the engine asks of nginx about a caller,
 * and what becomes of credentials when a request is let on.
 *
 * Credentials are those of the snapshot: what a configuration does to headers
 * later changes nobody.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_revoked.h"
#include "run/query.h"

/* what is asked for at once at most, and the longest packed token */
#define NGX_HTTP_WEIR_MAX_MEMORY  (1 << 20)
#define NGX_HTTP_WEIR_MAX_PACKED  32768


static ngx_uint_t ngx_http_weir_is_item(weir_str_t role);
static void *ngx_http_weir_alloc(void *host, size_t n);
static int64_t ngx_http_weir_now(void *host);
static weir_str_t ngx_http_weir_sent(void *host, weir_str_t name,
    unsigned nth);
static weir_str_t ngx_http_weir_url(void *host);
static const weir_keys_t *ngx_http_weir_issuer_keys(void *host,
    const weir_img_issuer_t *issuer);
static weir_rc_t ngx_http_weir_refresh(void *host,
    const weir_img_issuer_t *issuer);
static weir_rc_t ngx_http_weir_recall(void *host,
    const uint8_t key[WEIR_SHA256_LEN], void **packed, size_t *len);
static void ngx_http_weir_remember(void *host,
    const uint8_t key[WEIR_SHA256_LEN], const weir_token_t *token,
    int64_t until);
static weir_rc_t ngx_http_weir_once(void *host,
    const uint8_t id[WEIR_SHA256_LEN], int64_t until);
static weir_rc_t ngx_http_weir_revoked(void *host,
    const weir_img_issuer_t *issuer, weir_str_t what, weir_str_t value);
static weir_rc_t ngx_http_weir_certificate(void *host, weir_cert_t *out);
static const weir_range_t *ngx_http_weir_sources(const weir_image_t *img,
    const weir_img_method_t *method);
static ngx_int_t ngx_http_weir_strip_bearer(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_int_t ngx_http_weir_strip_cookies(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_is_credential(ngx_http_weir_ctx_t *ctx,
    weir_str_t part);
static ngx_uint_t ngx_http_weir_is_token(weir_str_t value);


const weir_identity_t  ngx_http_weir_identity = {
    .alloc = ngx_http_weir_alloc,
    .now = ngx_http_weir_now,
    .header = ngx_http_weir_sent,
    .url = ngx_http_weir_url,
    .keys = ngx_http_weir_issuer_keys,
    .refresh = ngx_http_weir_refresh,
    .recall = ngx_http_weir_recall,
    .remember = ngx_http_weir_remember,
    .once = ngx_http_weir_once,
    .revoked = ngx_http_weir_revoked,
    .certificate = ngx_http_weir_certificate
};


ngx_int_t
ngx_http_weir_strip(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    uint32_t                  i, k;
    ngx_uint_t                bearer, cookies;
    const weir_range_t       *sources;
    const weir_image_t       *img;
    const weir_img_route_t   *route;
    const weir_img_source_t  *source;
    const weir_img_method_t  *method;

    route = weir_txn_route(ctx->txn);

    if (route == NULL || route->forward) {
        return NGX_OK;
    }

    img = ctx->pin.image;
    method = &WEIR_REC(img, METHODS)[route->auth_methods.first];
    bearer = 0;
    cookies = 0;

    for (i = 0; i < route->auth_methods.count; i++) {
        sources = ngx_http_weir_sources(img, &method[i]);

        if (sources == NULL) {
            continue;
        }

        source = &WEIR_REC(img, SOURCES)[sources->first];

        for (k = 0; k < sources->count; k++) {

            if (source[k].kind == WEIR_SOURCE_COOKIE) {
                cookies = 1;

            } else if (source[k].kind == WEIR_SOURCE_BEARER) {
                bearer = 1;

            } else if (ngx_http_weir_header_remove(r,
                                         weir_img_str(img, source[k].name))
                       == NGX_ERROR)
            {
                return NGX_ERROR;
            }
        }
    }

    if (bearer && ngx_http_weir_strip_bearer(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return cookies ? ngx_http_weir_strip_cookies(r, ctx) : NGX_OK;
}


weir_str_t
ngx_http_weir_roles(ngx_http_weir_ctx_t *ctx)
{
    char                    *p, *data;
    size_t                   len;
    uint32_t                 i;
    const weir_value_t      *role;
    const weir_principal_t  *principal;

    principal = weir_txn_principal(ctx->txn);

    if (principal->roles.len == 0) {
        return weir_str("", 0);
    }

    role = principal->roles.u.items;
    len = 0;

    for (i = 0; i < principal->roles.len; i++) {
        len += role[i].len + 1;
    }

    data = ngx_pnalloc(ctx->request->pool, len);
    if (data == NULL) {
        return weir_str("", 0);
    }

    p = data;

    for (i = 0; i < principal->roles.len; i++) {

        if (!ngx_http_weir_is_item(weir_v_text(&role[i]))) {
            continue;
        }

        if (p > data) {
            *p++ = ',';
        }

        p = (char *) ngx_cpymem(p, role[i].u.s, role[i].len);
    }

    return weir_str(data, p - data);
}


/* Whoever takes the list apart must not find a role that nobody gave. */
static ngx_uint_t
ngx_http_weir_is_item(weir_str_t role)
{
    return role.len && role.data[0] != ' ' && role.data[role.len - 1] != ' '
           && memchr(role.data, ',', role.len) == NULL;
}


static void *
ngx_http_weir_alloc(void *host, size_t n)
{
    ngx_http_weir_ctx_t *ctx = host;

    void  *p;

    if (n > NGX_HTTP_WEIR_MAX_MEMORY) {
        return NULL;
    }

    p = ngx_palloc(ctx->request->pool, n + 15);

    return p ? ngx_align_ptr(p, 16) : NULL;
}


static int64_t
ngx_http_weir_now(void *host)
{
    return ngx_time();
}


static weir_str_t
ngx_http_weir_sent(void *host, weir_str_t name, unsigned nth)
{
    return ngx_http_weir_header(host, name, nth);
}


static weir_str_t
ngx_http_weir_url(void *host)
{
    ngx_http_weir_ctx_t *ctx = host;

    char        *p, *data;
    size_t       len;
    weir_str_t   scheme;

    scheme = ngx_http_weir_scheme(ctx->request);
    len = scheme.len + sizeof("://") - 1 + ctx->req.host.len
          + ctx->req.path.len;

    data = ngx_pnalloc(ctx->request->pool, len);
    if (data == NULL) {
        return weir_str(NULL, 0);
    }

    p = (char *) ngx_cpymem(data, scheme.data, scheme.len);
    p = (char *) ngx_cpymem(p, "://", sizeof("://") - 1);
    p = (char *) ngx_cpymem(p, ctx->req.host.data, ctx->req.host.len);
    ngx_memcpy(p, ctx->req.path.data, ctx->req.path.len);

    return weir_str(data, len);
}


static const weir_keys_t *
ngx_http_weir_issuer_keys(void *host, const weir_img_issuer_t *issuer)
{
    ngx_http_weir_ctx_t *ctx = host;

    return ngx_http_weir_keys_get(ctx, issuer);
}


static weir_rc_t
ngx_http_weir_refresh(void *host, const weir_img_issuer_t *issuer)
{
    ngx_http_weir_ctx_t *ctx = host;

    if (ngx_http_weir_keys_refresh(ctx, issuer) != NGX_AGAIN) {
        return WEIR_DECLINED;
    }

    ctx->patience = ngx_max(issuer->wait, 1);

    return WEIR_AGAIN;
}


static weir_rc_t
ngx_http_weir_recall(void *host, const uint8_t key[WEIR_SHA256_LEN],
    void **packed, size_t *len)
{
    ngx_http_weir_ctx_t *ctx = host;

    char                        buf[NGX_HTTP_WEIR_MAX_PACKED];
    void                       *p;
    weir_rc_t                   rc;
    weir_tokens_t              *tokens;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);
    tokens = ngx_http_weir_zone_tokens(wmcf->zone);

    if (tokens == NULL) {
        return WEIR_DECLINED;
    }

    rc = weir_tokens_get(tokens, key, ngx_time(), buf, sizeof(buf), len);

    if (rc != WEIR_OK) {
        return rc;
    }

    p = ngx_http_weir_alloc(ctx, *len);
    if (p == NULL) {
        return WEIR_DECLINED;
    }

    ngx_memcpy(p, buf, *len);
    *packed = p;

    ngx_http_weir_count(wmcf, TOKENS_KNOWN, 1);

    return WEIR_OK;
}


static void
ngx_http_weir_remember(void *host, const uint8_t key[WEIR_SHA256_LEN],
    const weir_token_t *token, int64_t until)
{
    ngx_http_weir_ctx_t *ctx = host;

    void                       *p;
    size_t                      len;
    weir_tokens_t              *tokens;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);

    ngx_http_weir_count(wmcf, TOKENS_VERIFIED, 1);

    tokens = ngx_http_weir_zone_tokens(wmcf->zone);
    len = weir_token_packed(token);

    if (tokens == NULL || len == 0 || len > weir_tokens_longest(tokens)) {
        return;
    }

    p = ngx_http_weir_alloc(ctx, len);

    if (p) {
        weir_token_pack(token, p);
        weir_tokens_put(tokens, key, p, len, ngx_time(), until);
    }
}


static weir_rc_t
ngx_http_weir_once(void *host, const uint8_t id[WEIR_SHA256_LEN],
    int64_t until)
{
    ngx_http_weir_ctx_t *ctx = host;

    weir_seen_t                *seen;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);
    seen = ngx_http_weir_zone_seen(wmcf->zone);

    return seen ? weir_seen_once(seen, id, ngx_time(), until) : WEIR_ERROR;
}


static weir_rc_t
ngx_http_weir_revoked(void *host, const weir_img_issuer_t *issuer,
    weir_str_t what, weir_str_t value)
{
    ngx_http_weir_ctx_t *ctx = host;

    weir_str_t                  name;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);
    name = weir_img_str(ctx->pin.image, issuer->name);

    return ngx_http_weir_revoked_ask(wmcf->revoked, name, what, value,
                                     issuer->revoked_max);
}


static weir_rc_t
ngx_http_weir_certificate(void *host, weir_cert_t *out)
{
    const weir_cert_t  *cert;

    cert = ngx_http_weir_cert(host);

    if (cert == NULL) {
        return WEIR_DECLINED;
    }

    *out = *cert;

    return WEIR_OK;
}


/* Where a method looks; NULL: in no header. */
static const weir_range_t *
ngx_http_weir_sources(const weir_image_t *img, const weir_img_method_t *method)
{
    switch (method->by) {

    case WEIR_BY_JWT:
        return &WEIR_REC(img, ISSUERS)[method->issuer].sources;

    case WEIR_BY_APIKEY:
        return &img->policy->key_sources;

    default:
        return NULL;
    }
}


/* What is for the upstream alone, such as Basic, goes on. */
static ngx_int_t
ngx_http_weir_strip_bearer(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    weir_str_t  name;

    if (ngx_http_weir_header_remove(r, weir_string("dpop")) == NGX_ERROR) {
        return NGX_ERROR;
    }

    name = weir_string("authorization");

    if (!ngx_http_weir_is_token(ngx_http_weir_header(ctx, name, 0))) {
        return NGX_OK;
    }

    return ngx_http_weir_header_remove(r, name) == NGX_ERROR ? NGX_ERROR
                                                             : NGX_OK;
}


/* The other cookies go on as they are, in one header. */
static ngx_int_t
ngx_http_weir_strip_cookies(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    char        *p, *data;
    size_t       len;
    ngx_uint_t   i;
    weir_str_t   header, rest, part;

    header = weir_string("cookie");
    len = 0;

    /* a cookie of one byte came with one more, and goes on with two */

    for (i = 0; (rest = ngx_http_weir_header(ctx, header, i)).data; i++) {
        len += 2 * rest.len + 2;
    }

    data = ngx_pnalloc(r->pool, len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    p = data;

    for (i = 0; (rest = ngx_http_weir_header(ctx, header, i)).data; i++) {

        while (rest.len) {
            part = ngx_http_weir_next(&rest, ';');

            if (part.len == 0 || ngx_http_weir_is_credential(ctx, part)) {
                continue;
            }

            if (p > data) {
                *p++ = ';';
                *p++ = ' ';
            }

            p = (char *) ngx_cpymem(p, part.data, part.len);
        }
    }

    return p == data ? ngx_http_weir_header_remove(r, header)
                     : ngx_http_weir_header_set(r, header,
                                                weir_str(data, p - data));
}


/* As the engine would read it: blanks around the name are not its. */
static ngx_uint_t
ngx_http_weir_is_credential(ngx_http_weir_ctx_t *ctx, weir_str_t part)
{
    size_t                    pos;
    uint32_t                  i, k;
    weir_str_t                name, value;
    const weir_range_t       *sources, *methods;
    const weir_image_t       *img;
    const weir_img_source_t  *source;

    pos = 0;

    if (weir_cookie_next(part, &pos, &name, &value) != WEIR_OK) {
        return 0;
    }

    img = ctx->pin.image;
    methods = &weir_txn_route(ctx->txn)->auth_methods;

    for (i = 0; i < methods->count; i++) {
        sources = ngx_http_weir_sources(img,
                              &WEIR_REC(img, METHODS)[methods->first + i]);

        for (k = 0; sources && k < sources->count; k++) {
            source = &WEIR_REC(img, SOURCES)[sources->first + k];

            if (source->kind == WEIR_SOURCE_COOKIE
                && weir_str_eq(weir_img_str(img, source->name), name))
            {
                return 1;
            }
        }
    }

    return 0;
}


/* As the engine would read it: a tab ends the scheme as a blank does. */
static ngx_uint_t
ngx_http_weir_is_token(weir_str_t value)
{
    size_t   n;
    u_char  *p;

    p = (u_char *) value.data;

    for (n = 0; n < value.len && p[n] != ' ' && p[n] != '\t'; n++) {
        /* void */
    }

    return (n == 6 && ngx_strncasecmp(p, (u_char *) "Bearer", 6) == 0)
           || (n == 4 && ngx_strncasecmp(p, (u_char *) "DPoP", 4) == 0);
}
