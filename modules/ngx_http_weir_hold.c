/*
 * ngx_http_weir_hold.c: how long a request holds the policy it is under.
 *
 * Until its last expression has run, and what says so in audit log and metrics
 * is written: at the end of most requests, since those are short.  An upgraded
 * connection lets go at once.  An answer that is only being sent does so when
 * a new policy waits for the room of the old one, so that a client that reads
 * slowly holds up nothing.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_metrics.h"
#include "ngx_http_weir_splits.h"

/* requests looked at between two events, each at some us */
#define NGX_HTTP_WEIR_HOLDS  100


static ngx_uint_t ngx_http_weir_hold_is_idle(ngx_http_weir_ctx_t *ctx);
static ngx_int_t ngx_http_weir_keep(ngx_http_weir_ctx_t *ctx);


ngx_int_t
ngx_http_weir_hold(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);

    if (ngx_http_weir_policy_pin(wmcf->policy, &ctx->pin) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&wmcf->holds, &ctx->hold);

    return NGX_OK;
}


void
ngx_http_weir_unhold(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_main_conf_t  *wmcf;

    if (ctx->pin.image == NULL) {
        return;
    }

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);

    if (wmcf->looked == &ctx->hold) {
        wmcf->looked = ngx_queue_prev(&ctx->hold);
    }

    ngx_queue_remove(&ctx->hold);
    ngx_http_weir_policy_unpin(wmcf->policy, &ctx->pin);
}


void
ngx_http_weir_let_go(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    if (!ctx->decided) {
        return;
    }

    r = ctx->request;

    ngx_http_weir_finish(r, ctx);
    ngx_http_weir_metrics_decided(r, ctx);
    ngx_http_weir_describe(ctx);

    if (ngx_http_weir_keep(ctx) != NGX_OK
        || ngx_http_weir_limits_keep(ctx) != NGX_OK)
    {
        return;
    }

    ctx->txn = NULL;
    ctx->decision.detail = NULL;        /* of the audit log, which has it */

    if (ctx->memory) {
        (void) ngx_pfree(r->pool, ctx->memory);
        ctx->memory = NULL;
    }

    ngx_http_weir_unhold(ctx);
}


/* Requests lie in the order they began in, and so do their policies. */
ngx_uint_t
ngx_http_weir_holds_look(void *data)
{
    ngx_http_weir_main_conf_t *wmcf = data;

    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_http_weir_ctx_t  *ctx;

    if (wmcf->looked == NULL) {
        wmcf->looked = &wmcf->holds;
    }

    for (n = 0; n < NGX_HTTP_WEIR_HOLDS; n++) {
        q = ngx_queue_next(wmcf->looked);

        if (q == &wmcf->holds) {
            break;
        }

        ctx = ngx_queue_data(q, ngx_http_weir_ctx_t, hold);

        if (!ngx_http_weir_policy_is_old(wmcf->policy, &ctx->pin)) {
            break;
        }

        wmcf->looked = q;

        if (ngx_http_weir_hold_is_idle(ctx)) {
            ngx_http_weir_split_ended(ctx->request, ctx);
            ngx_http_weir_let_go(ctx);
        }
    }

    if (n == NGX_HTTP_WEIR_HOLDS) {
        return 1;
    }

    wmcf->looked = NULL;

    return 0;
}


/* Nothing will be asked of its policy any more. */
static ngx_uint_t
ngx_http_weir_hold_is_idle(ngx_http_weir_ctx_t *ctx)
{
    const weir_img_split_t  *split;

    if (!ctx->decided || !ctx->request->header_sent) {
        return 0;
    }

    if (ctx->txn == NULL) {
        return 1;
    }

    split = weir_txn_routing(ctx->txn)->split;

    return !weir_txn_charges(ctx->txn)
           && (split == NULL || split->mirror == WEIR_NONE);
}


/* Copies what was decided out of image and transaction. */
static ngx_int_t
ngx_http_weir_keep(ngx_http_weir_ctx_t *ctx)
{
    char             *p;
    size_t            len;
    ngx_uint_t        i;
    weir_decision_t  *d;

    d = &ctx->decision;

    weir_str_t  *texts[] = { &d->route, &d->tenant, &d->subject, &d->rule,
                             &d->upstream, &d->split, &d->arm, &d->message,
                             &d->challenge, &d->missing, &d->limit,
                             &ctx->plan, &ctx->roles, &ctx->host, &ctx->path,
                             &ctx->policy };

    len = 0;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        len += texts[i]->len;
    }

    p = ngx_pnalloc(ctx->request->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ngx_memcpy(p, texts[i]->len ? texts[i]->data : "", texts[i]->len);
        texts[i]->data = p;
        p += texts[i]->len;
    }

    return NGX_OK;
}
