/*
 * ngx_http_weir_limit_headers.c: how its limits stand, as the client is told.
 *
 * draft-ietf-httpapi-ratelimit-headers-10, and the headers that came before
 * it.  A header filter adds them, so that every answer has them once, an error
 * page and one after a redirect too; an upstream's of these names give way.
 */

#include "ngx_http_weir.h"

/* RateLimit-Policy, RateLimit, three X-RateLimit-*, Retry-After */
#define NGX_HTTP_WEIR_TOLD         6

/* of a limit, beside its id: parameters, quotes, and what separates it */
#define NGX_HTTP_WEIR_LIMIT_ITEM                                              \
    (sizeof("\"\";q=;qu=\"concurrent-requests\", ") + 2 * NGX_INT64_LEN)


static void ngx_http_weir_limit_tell(ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_limit_told(const weir_hold_t *hold);
static void ngx_http_weir_limit_ietf(ngx_http_weir_ctx_t *ctx,
    const weir_hold_t *hold, uint32_t n);
static uint64_t ngx_http_weir_limit_left(const weir_hold_t *hold);
static u_char *ngx_http_weir_limit_policy(u_char *p,
    const weir_take_t *take);
static u_char *ngx_http_weir_limit_id(u_char *p, weir_str_t id);
static u_char *ngx_http_weir_limit_param(u_char *p, u_char name,
    uint64_t value);
static void ngx_http_weir_limit_legacy(ngx_http_weir_ctx_t *ctx,
    const weir_hold_t *hold, uint32_t n);
static void ngx_http_weir_limit_number(ngx_http_weir_ctx_t *ctx,
    const char *name, uint64_t value);
static void ngx_http_weir_limit_add(ngx_http_weir_ctx_t *ctx,
    const char *name, u_char *value, u_char *last);
static uint64_t ngx_http_weir_limit_seconds(int64_t ns);


ngx_int_t
ngx_http_weir_limit_headers(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_uint_t             i;
    ngx_http_weir_pair_t  *told;

    if (!ctx->enforced && !ctx->refused) {
        return NGX_OK;
    }

    if (!ctx->tells) {
        ctx->tells = 1;
        ngx_http_weir_limit_tell(ctx);
    }

    /* nginx has no field for any of them */

    for (i = 0; i < ctx->ntold; i++) {
        told = &ctx->told[i];

        ngx_http_weir_out_drop(r, told->name);

        if (ngx_http_weir_out_push(r, told->name, told->value) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Once, while the policy is pinned: an answer may be sent twice. */
static void
ngx_http_weir_limit_tell(ngx_http_weir_ctx_t *ctx)
{
    uint32_t      i, n, told;
    ngx_uint_t    headers;
    weir_hold_t  *hold;

    if (ctx->txn) {
        hold = weir_txn_limits(ctx->txn, &n);
        told = 0;

        for (i = 0; i < n; i++) {
            told += ngx_http_weir_limit_told(&hold[i]);
        }

        headers = told ? ctx->pin.image->policy->limit_headers : 0;

        if (headers & WEIR_HEADERS_IETF) {
            ngx_http_weir_limit_ietf(ctx, hold, n);
        }

        if (headers & WEIR_HEADERS_LEGACY) {
            ngx_http_weir_limit_legacy(ctx, hold, n);
        }
    }

    if (ctx->refused && ctx->decision.retry_after) {
        ngx_http_weir_limit_number(ctx, "Retry-After",
                                   ctx->decision.retry_after);
    }
}


/*
 * It was asked, and counts.  Where another limit refused, it may not have been
 * looked at, and has no figures then.
 */
static ngx_uint_t
ngx_http_weir_limit_told(const weir_hold_t *hold)
{
    if (hold->free || hold->take.limit->dry_run) {
        return 0;
    }

    return hold->state == WEIR_HOLD_OK || hold->state == WEIR_HOLD_REFUSED
           || (hold->state == WEIR_HOLD_NONE && hold->left.left);
}


static void
ngx_http_weir_limit_ietf(ngx_http_weir_ctx_t *ctx, const weir_hold_t *hold,
    uint32_t n)
{
    size_t               len;
    u_char              *p, *q, *policy, *left;
    uint32_t             i;
    weir_str_t           id;
    const weir_image_t  *img;

    img = ctx->pin.image;
    len = 0;

    for (i = 0; i < n; i++) {
        id = weir_img_str(img, hold[i].take.limit->id);
        len += id.len + NGX_HTTP_WEIR_LIMIT_ITEM;
    }

    policy = ngx_pnalloc(ctx->request->pool, 2 * len);
    if (policy == NULL) {
        return;
    }

    left = policy + len;
    p = policy;
    q = left;

    for (i = 0; i < n; i++) {

        if (!ngx_http_weir_limit_told(&hold[i])) {
            continue;
        }

        if (p != policy) {
            p = ngx_cpymem(p, ", ", 2);
            q = ngx_cpymem(q, ", ", 2);
        }

        /* an id has nothing that a structured field would escape */

        id = weir_img_str(img, hold[i].take.limit->id);

        p = ngx_http_weir_limit_id(p, id);
        p = ngx_http_weir_limit_policy(p, &hold[i].take);

        q = ngx_http_weir_limit_id(q, id);
        q = ngx_http_weir_limit_param(q, 'r',
                                      ngx_http_weir_limit_left(&hold[i]));

        if (hold[i].take.limit->kind != WEIR_LIMIT_CONCURRENCY) {
            q = ngx_http_weir_limit_param(q, 't',
                            ngx_http_weir_limit_seconds(hold[i].left.reset));
        }
    }

    ngx_http_weir_limit_add(ctx, "RateLimit-Policy", policy, p);
    ngx_http_weir_limit_add(ctx, "RateLimit", left, q);
}


/* A burst may be above the limit of a window: no more than that is told. */
static uint64_t
ngx_http_weir_limit_left(const weir_hold_t *hold)
{
    return ngx_min(hold->left.left, hold->take.limit->limit);
}


static u_char *
ngx_http_weir_limit_policy(u_char *p, const weir_take_t *take)
{
    int64_t                  window;
    const weir_img_limit_t  *limit;

    limit = take->limit;

    p = ngx_http_weir_limit_param(p, 'q', limit->limit);

    if (limit->kind == WEIR_LIMIT_CONCURRENCY) {
        return ngx_cpymem(p, ";qu=\"concurrent-requests\"",
                          sizeof(";qu=\"concurrent-requests\"") - 1);
    }

    window = limit->kind == WEIR_LIMIT_QUOTA
             ? take->window.end - take->window.begin
             : (int64_t) limit->window;

    return ngx_http_weir_limit_param(p, 'w',
                                     ngx_http_weir_limit_seconds(window));
}


/* These two write what every answer has: ngx_sprintf() takes twice the time. */
static u_char *
ngx_http_weir_limit_id(u_char *p, weir_str_t id)
{
    *p++ = '"';
    p = ngx_cpymem(p, id.data, id.len);
    *p++ = '"';

    return p;
}


static u_char *
ngx_http_weir_limit_param(u_char *p, u_char name, uint64_t value)
{
    u_char  digits[NGX_INT64_LEN], *d;

    *p++ = ';';
    *p++ = name;
    *p++ = '=';

    d = digits + sizeof(digits);

    do {
        *--d = '0' + value % 10;
        value /= 10;
    } while (value);

    return ngx_cpymem(p, d, digits + sizeof(digits) - d);
}


static void
ngx_http_weir_limit_legacy(ngx_http_weir_ctx_t *ctx, const weir_hold_t *hold,
    uint32_t n)
{
    uint32_t                 i;
    const weir_img_limit_t  *limit;

    for (i = 0; i < n; i++) {
        limit = hold[i].take.limit;

        if (!weir_str_eq(weir_img_str(ctx->pin.image, limit->id),
                         ctx->decision.limit)
            || !ngx_http_weir_limit_told(&hold[i]))
        {
            continue;
        }

        ngx_http_weir_limit_number(ctx, "X-RateLimit-Limit", limit->limit);
        ngx_http_weir_limit_number(ctx, "X-RateLimit-Remaining",
                                   ngx_http_weir_limit_left(&hold[i]));

        if (limit->kind != WEIR_LIMIT_CONCURRENCY) {
            ngx_http_weir_limit_number(ctx, "X-RateLimit-Reset",
                            ngx_http_weir_limit_seconds(hold[i].left.reset));
        }

        return;
    }
}


static void
ngx_http_weir_limit_number(ngx_http_weir_ctx_t *ctx, const char *name,
    uint64_t value)
{
    u_char  *p;

    p = ngx_pnalloc(ctx->request->pool, NGX_INT64_LEN);

    if (p) {
        ngx_http_weir_limit_add(ctx, name, p, ngx_sprintf(p, "%uL", value));
    }
}


static void
ngx_http_weir_limit_add(ngx_http_weir_ctx_t *ctx, const char *name,
    u_char *value, u_char *last)
{
    if (ctx->told == NULL) {
        ctx->told = ngx_palloc(ctx->request->pool, NGX_HTTP_WEIR_TOLD
                                             * sizeof(ngx_http_weir_pair_t));
        if (ctx->told == NULL) {
            return;
        }
    }

    ctx->told[ctx->ntold].name = weir_cstr(name);
    ctx->told[ctx->ntold].value = weir_str((char *) value, last - value);
    ctx->ntold++;
}


/* Rounded up. */
static uint64_t
ngx_http_weir_limit_seconds(int64_t ns)
{
    return ns > 0 ? ((uint64_t) ns + 999999999) / 1000000000 : 0;
}
