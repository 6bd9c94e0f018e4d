/*
 * ngx_http_weir_edge.c: what answers to requests of a route are told: the
 * headers of its transform, who may read them (the Fetch standard, 3.3), and
 * how long its version lives.
 *
 * A header filter adds them to every answer that a client gets, refusals and
 * error pages too; only a transform is for what was let on.  Texts are copied,
 * since the policy may be let go before the answer is written.
 */

#include "ngx_http_weir.h"
#include "run/cors.h"

/* Failures are told of at most once in so many seconds. */
#define NGX_HTTP_WEIR_COMPLAIN  60


static ngx_int_t ngx_http_weir_edge_transform(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const weir_range_t *ops);
static ngx_int_t ngx_http_weir_edge_values(ngx_http_weir_ctx_t *ctx,
    const weir_img_header_op_t *op, uint32_t n, weir_str_t *values);
static void ngx_http_weir_edge_complain(ngx_http_weir_ctx_t *ctx,
    const weir_img_header_op_t *op);
static ngx_int_t ngx_http_weir_edge_cors(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const weir_img_cors_t *cors);
static void ngx_http_weir_edge_cors_remove(ngx_http_request_t *r);
static ngx_int_t ngx_http_weir_edge_origin(ngx_http_weir_ctx_t *ctx,
    const weir_img_cors_t *cors, weir_str_t *value);
static ngx_int_t ngx_http_weir_edge_preflight(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const weir_img_cors_t *cors);
static ngx_int_t ngx_http_weir_edge_version(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const weir_img_version_t *version);
static ngx_int_t ngx_http_weir_edge_add(ngx_http_request_t *r,
    weir_str_t name, weir_str_t value);
static ngx_int_t ngx_http_weir_edge_add_text(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t name, uint32_t text);


ngx_int_t
ngx_http_weir_edge(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_uint_t               preflight;
    const weir_image_t      *img;
    const weir_img_route_t  *route;

    if (ctx->txn == NULL || !(ctx->enforced || ctx->refused)) {
        return NGX_OK;
    }

    route = weir_txn_route(ctx->txn);

    if (route == NULL) {
        return NGX_OK;
    }

    img = ctx->pin.image;
    preflight = ctx->decision.reason == WEIR_REASON_PREFLIGHT;

    if (route->response_ops.count && ctx->enforced && !preflight
        && ngx_http_weir_edge_transform(r, ctx, &route->response_ops)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (route->cors != WEIR_NONE
        && ngx_http_weir_edge_cors(r, ctx,
                                   &WEIR_REC(img, CORS)[route->cors])
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (route->version == WEIR_NONE || preflight) {
        return NGX_OK;
    }

    return ngx_http_weir_edge_version(r, ctx,
                                   &WEIR_REC(img, VERSIONS)[route->version]);
}


/* All values are of the answer as it came. */
static ngx_int_t
ngx_http_weir_edge_transform(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    const weir_range_t *ops)
{
    uint32_t                     i;
    weir_str_t                   name, *values;
    const weir_img_header_op_t  *op;

    values = ngx_pcalloc(r->pool, ops->count * sizeof(weir_str_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    op = &WEIR_REC(ctx->pin.image, HEADER_OPS)[ops->first];

    weir_txn_answer(ctx->txn);
    ngx_http_weir_response_came(ctx);

    if (ngx_http_weir_edge_values(ctx, op, ops->count, values) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < ops->count; i++) {
        name = weir_img_str(ctx->pin.image, op[i].name);

        if (ngx_http_weir_header_is_fixed(name)) {
            continue;
        }

        if (op[i].op != WEIR_HEADER_ADD
            && ngx_http_weir_out_remove(r, name) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (values[i].data
            && ngx_http_weir_edge_add(r, name, values[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Of a removal, and of what failed, they have no data. */
static ngx_int_t
ngx_http_weir_edge_values(ngx_http_weir_ctx_t *ctx,
    const weir_img_header_op_t *op, uint32_t n, weir_str_t *values)
{
    uint32_t    i;
    weir_str_t  value;

    for (i = 0; i < n; i++) {

        if (op[i].op == WEIR_HEADER_REMOVE) {
            continue;
        }

        if (weir_txn_response_value(ctx->txn, &op[i], &value) != WEIR_OK) {
            ctx->decision.errors++;
            ngx_http_weir_edge_complain(ctx, &op[i]);
            continue;
        }

        values[i] = ngx_http_weir_copy_text(ctx->request->pool, value);

        if (values[i].data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_weir_edge_complain(ngx_http_weir_ctx_t *ctx,
    const weir_img_header_op_t *op)
{
    weir_str_t                  name;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);

    if (wmcf->complained
        && ngx_time() - wmcf->complained < NGX_HTTP_WEIR_COMPLAIN)
    {
        return;
    }

    wmcf->complained = ngx_time();
    name = weir_img_str(ctx->pin.image, op->name);

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "weir: the value of response header \"%*s\" of route "
                  "\"%*s\" fails to evaluate, or may not be in a header; it "
                  "is not sent; not said again for %d seconds",
                  NGX_HTTP_WEIR_STR(name),
                  NGX_HTTP_WEIR_STR(ctx->decision.route),
                  NGX_HTTP_WEIR_COMPLAIN);
}


static ngx_int_t
ngx_http_weir_edge_cors(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    const weir_img_cors_t *cors)
{
    ngx_int_t   rc;
    weir_str_t  origin;

    ngx_http_weir_edge_cors_remove(r);

    rc = ngx_http_weir_edge_origin(ctx, cors, &origin);

    if (ctx->decision.reason == WEIR_REASON_PREFLIGHT) {

        if (ngx_http_weir_out_add(r, weir_string("Vary"),
                              weir_string("Origin, "
                                          "Access-Control-Request-Method, "
                                          "Access-Control-Request-Headers"))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (rc == NGX_OK
            && ngx_http_weir_edge_preflight(r, ctx, cors) != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {

        /* where all are told the same, caches need not tell them apart */

        if (!weir_str_eq(origin, weir_string("*"))
            && ngx_http_weir_out_add(r, weir_string("Vary"),
                                     weir_string("Origin"))
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (rc == NGX_OK
            && ngx_http_weir_edge_add_text(r, ctx,
                                 weir_string("Access-Control-Expose-Headers"),
                                 cors->expose)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (rc != NGX_OK) {
        return NGX_OK;
    }

    if (cors->credentials
        && ngx_http_weir_out_add(r,
                              weir_string("Access-Control-Allow-Credentials"),
                              weir_string("true"))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_weir_out_add(r,
                                 weir_string("Access-Control-Allow-Origin"),
                                 origin);
}


/* Those of an upstream: it does not know what the policy allows. */
static void
ngx_http_weir_edge_cors_remove(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static const char  prefix[] = "access-control-";

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len >= sizeof(prefix) - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) prefix,
                                   sizeof(prefix) - 1)
                   == 0)
            {
                h[i].hash = 0;
            }
        }
    }
}


/*
 * NGX_OK: the value of Access-Control-Allow-Origin, "*" also for a request
 * without an Origin, whose answer a cache may give to one with it.
 */
static ngx_int_t
ngx_http_weir_edge_origin(ngx_http_weir_ctx_t *ctx,
    const weir_img_cors_t *cors, weir_str_t *value)
{
    weir_str_t           name, origin;
    const weir_image_t  *img;

    img = ctx->pin.image;

    if (WEIR_REC(img, ORIGINS)[cors->origins.first].kind == WEIR_ORIGIN_ANY) {
        *value = weir_string("*");
        return NGX_OK;
    }

    name = weir_string("origin");
    origin = ngx_http_weir_header(ctx, name, 0);

    *value = weir_string("");

    if (origin.data == NULL || ngx_http_weir_header(ctx, name, 1).data
        || !weir_cors_allows(img, cors, origin))
    {
        return NGX_DECLINED;
    }

    *value = origin;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_edge_preflight(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    const weir_img_cors_t *cors)
{
    u_char  *p, *last;

    if (ngx_http_weir_edge_add_text(r, ctx,
                                 weir_string("Access-Control-Allow-Methods"),
                                 cors->methods)
        != NGX_OK
        || ngx_http_weir_edge_add_text(r, ctx,
                                 weir_string("Access-Control-Allow-Headers"),
                                 cors->headers)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (cors->max_age == WEIR_NONE) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT32_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(p, "%uD", cors->max_age);

    return ngx_http_weir_out_add(r, weir_string("Access-Control-Max-Age"),
                                 weir_str((char *) p, last - p));
}


/* RFC 9745 and RFC 8594; an upstream may have further links. */
static ngx_int_t
ngx_http_weir_edge_version(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    const weir_img_version_t *version)
{
    ngx_uint_t  i;

    const struct {
        weir_str_t  name;
        uint32_t    text;
    } dates[] = {
        { weir_string("Deprecation"), version->deprecation },
        { weir_string("Sunset"), version->sunset }
    };

    for (i = 0; i < 2; i++) {

        if (dates[i].text == WEIR_NONE) {
            continue;
        }

        if (ngx_http_weir_out_remove(r, dates[i].name) != NGX_OK
            || ngx_http_weir_edge_add_text(r, ctx, dates[i].name,
                                           dates[i].text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_weir_edge_add_text(r, ctx, weir_string("Link"),
                                       version->link);
}


/* The value is the request's already. */
static ngx_int_t
ngx_http_weir_edge_add(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value)
{
    name = ngx_http_weir_copy_text(r->pool, name);

    return name.data ? ngx_http_weir_out_add(r, name, value) : NGX_ERROR;
}


/* A text of the image, or NONE. */
static ngx_int_t
ngx_http_weir_edge_add_text(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    weir_str_t name, uint32_t text)
{
    weir_str_t  value;

    if (text == WEIR_NONE) {
        return NGX_OK;
    }

    value = ngx_http_weir_copy_text(r->pool,
                               weir_img_str(ctx->pin.image, text));

    return value.data ? ngx_http_weir_out_add(r, name, value) : NGX_ERROR;
}
