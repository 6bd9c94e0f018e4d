/*
 * ngx_http_weir_transform.c: what the upstream is told instead of what the
 * client sent.
 *
 * The location stays the one that nginx chose by the client's path, and so do
 * decision, variables and audit.  Everything that is handed on is copied: the
 * transaction may end before the request.
 */

#include "ngx_http_weir.h"
#include "run/path.h"


static ngx_int_t ngx_http_weir_transform_headers(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const weir_range_t *ops);
static ngx_int_t ngx_http_weir_transform_path(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t path);


ngx_int_t
ngx_http_weir_transform(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    weir_str_t               path;
    const weir_img_route_t  *route;

    /* without a transaction, this is a post_action */

    route = ctx->txn ? weir_txn_route(ctx->txn) : NULL;

    if (route == NULL) {
        return NGX_OK;
    }

    if (route->request_ops.count
        && ngx_http_weir_transform_headers(r, ctx, &route->request_ops)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    path = weir_txn_new_path(ctx->txn);

    return path.len ? ngx_http_weir_transform_path(r, ctx, path) : NGX_OK;
}


/*
 * After a rewrite of our path has led to the location, it is under it; nginx
 * cannot know, since it only ever says so of a path that stays.
 */
void
ngx_http_weir_relocate(ngx_http_request_t *r)
{
    ngx_http_weir_ctx_t  *ctx;

    ctx = r == r->main ? ngx_http_weir_get_ctx(r) : NULL;

    if (ctx && ctx->new_path.len
        && r->uri.data != (u_char *) ctx->new_path.data)
    {
        r->valid_location = 1;
    }
}


weir_str_t
ngx_http_weir_copy_text(ngx_pool_t *pool, weir_str_t s)
{
    char  *p;

    p = ngx_pnalloc(pool, s.len + 1);
    if (p == NULL) {
        return weir_str(NULL, 0);
    }

    if (s.len) {
        ngx_memcpy(p, s.data, s.len);
    }

    return weir_str(p, s.len);
}


static ngx_int_t
ngx_http_weir_transform_headers(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const weir_range_t *ops)
{
    uint32_t                     i;
    ngx_int_t                    rc;
    weir_str_t                   name, value;
    const weir_str_t            *values;
    const weir_image_t          *img;
    const weir_img_header_op_t  *op;

    img = ctx->pin.image;
    op = &WEIR_REC(img, HEADER_OPS)[ops->first];
    values = weir_txn_request_values(ctx->txn);

    ngx_http_weir_reset_headers(r);

    for (i = 0; i < ops->count; i++) {
        name = weir_img_str(img, op[i].name);

        if (op[i].op == WEIR_HEADER_REMOVE) {
            rc = ngx_http_weir_header_remove(r, name);

        } else {
            name = ngx_http_weir_copy_text(r->pool, name);
            value = ngx_http_weir_copy_text(r->pool, values[i]);

            if (name.data == NULL || value.data == NULL) {
                return NGX_ERROR;
            }

            rc = op[i].op == WEIR_HEADER_SET
                 ? ngx_http_weir_header_set(r, name, value)
                 : ngx_http_weir_header_add(r, name, value);
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_transform_path(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    weir_str_t path)
{
    char        *p;
    size_t       len;
    weir_str_t   copy;

    copy = ngx_http_weir_copy_text(r->pool, path);

    len = weir_target_print(path, ctx->query, NULL);
    p = ngx_pnalloc(r->pool, len);

    if (copy.data == NULL || p == NULL) {
        return NGX_ERROR;
    }

    (void) weir_target_print(path, ctx->query, p);

    r->uri.data = (u_char *) copy.data;
    r->uri.len = copy.len;
    ngx_http_set_exten(r);

    /*
     * It is not under the prefix of the location, which proxy_pass with a URI
     * part and alias would cut off; and it is to be escaped where it is sent.
     */

    r->valid_location = 0;
    r->quoted_uri = 1;

    ctx->new_path = copy;

    ngx_http_weir_set_target(r, weir_str(p, len));

    return NGX_OK;
}
