/*
 * ngx_http_weir_maps.c: headers, cookies and parameters as the engine sees
 * them.
 *
 * Maps are built on first use, of distinct names; one with more entries than
 * a policy may look at, with a part that is no text, or for which there is no
 * memory, is an error, never a part of itself: a deny rule must not miss what
 * it looks for.
 */

#include "ngx_http_weir.h"
#include "run/query.h"

/* query parameters and cookies that are read at all, with repeated ones */
#define NGX_HTTP_WEIR_MAX_PARTS  1024


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
static weir_str_t ngx_http_weir_decode(ngx_http_weir_ctx_t *ctx,
    weir_str_t raw);


ngx_http_weir_map_t *
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


ngx_http_weir_pair_t *
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
