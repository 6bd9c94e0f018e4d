/*
 * ngx_http_weir_metrics_count.c: counts a request that was decided, and when
 * it has ended.
 *
 * Every request does this: nothing is allocated, logged or locked, and a
 * table that is not there, for want of memory, is passed over.  All rows are
 * named before anything is counted in one: memory is waited for once.
 */

#include "ngx_http_weir_metrics.h"
#include "image/limit.h"


/* Of what is not counted, the row has no table. */

typedef struct {
    weir_series_limit_t              what;
    weir_row_name_t                  series;
    weir_row_name_t                  usage;
} ngx_http_weir_count_limit_t;


typedef struct {
    ngx_http_weir_metrics_shared_t  *shared;
    const weir_usage_now_t          *now;
    weir_series_request_t            what;
    weir_row_name_t                  decision;
    weir_row_name_t                  request;
    weir_row_name_t                  usage;
    ngx_uint_t                       nlimits;
    ngx_http_weir_count_limit_t      limits[WEIR_MAX_HOLDS];
} ngx_http_weir_count_t;


static void ngx_http_weir_count_all(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, ngx_uint_t ended);
static void ngx_http_weir_count_decision(ngx_http_weir_count_t *c,
    ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_count_limits(ngx_http_weir_count_t *c,
    ngx_http_weir_ctx_t *ctx);
static ngx_int_t ngx_http_weir_count_verdict(ngx_http_weir_ctx_t *ctx,
    const weir_hold_t *hold, weir_limit_verdict_t *verdict);
static ngx_uint_t ngx_http_weir_count_is_whole(ngx_http_weir_ctx_t *ctx,
    const weir_img_limit_t *limit);
static void ngx_http_weir_count_request(ngx_http_weir_count_t *c,
    ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);
static weir_code_t ngx_http_weir_count_code(ngx_http_request_t *r);
static void ngx_http_weir_count_near(const ngx_http_weir_count_t *c);
static void ngx_http_weir_count_add(const ngx_http_weir_count_t *c);
static const weir_usage_now_t *ngx_http_weir_count_now(
    ngx_http_weir_metrics_t *metrics);


void
ngx_http_weir_metrics_decided(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_count_all(r, ctx, 0);
}


void
ngx_http_weir_metrics_ended(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_count_all(r, ctx, 1);
}


static void
ngx_http_weir_count_all(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    ngx_uint_t ended)
{
    ngx_http_weir_count_t       c;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    if (wmcf->metrics == NULL || !ctx->decided) {
        return;
    }

    c.shared = ngx_http_weir_metrics_shared(wmcf->metrics);
    c.now = ngx_http_weir_count_now(wmcf->metrics);
    c.decision.rows = NULL;
    c.request.rows = NULL;
    c.usage.rows = NULL;
    c.nlimits = 0;

    if (!ctx->metered) {
        ctx->metered = 1;
        ngx_http_weir_count_decision(&c, ctx);
        ngx_http_weir_count_limits(&c, ctx);
    }

    if (ended) {
        ngx_http_weir_count_request(&c, r, ctx);
    }

    ngx_http_weir_count_near(&c);
    ngx_http_weir_count_add(&c);
}


static void
ngx_http_weir_count_decision(ngx_http_weir_count_t *c,
    ngx_http_weir_ctx_t *ctx)
{
    weir_decision_t         *d;
    weir_series_decision_t   s;

    if (c->shared->series == NULL) {
        return;
    }

    d = &ctx->decision;

    s.tenant = d->tenant;
    s.route = d->route;
    s.reason = weir_cstr(weir_reason_name(d->reason));
    s.rule = weir_str("", 0);
    s.limit = weir_str("", 0);

    if (d->verdict == WEIR_ALLOW) {
        s.verdict = weir_string("allow");

    } else {
        s.verdict = ctx->refused ? weir_string("deny")
                                 : weir_string("dry_run");
    }

    /* the limit of one that passed is the lowest, which decided nothing */

    if (weir_reason_is_limit(d->reason)) {
        s.limit = d->limit;

    } else if (d->reason != WEIR_REASON_BREAKER
               && d->reason != WEIR_REASON_TRANSFORM)
    {
        s.rule = d->rule;
    }

    weir_series_name_decision(c->shared->series, &s, &c->decision);
}


static void
ngx_http_weir_count_limits(ngx_http_weir_count_t *c, ngx_http_weir_ctx_t *ctx)
{
    uint32_t                      i, n;
    weir_hold_t                  *hold;
    weir_series_limit_t          *s;
    const weir_img_limit_t       *limit;
    ngx_http_weir_count_limit_t  *count;

    if (ctx->txn == NULL) {
        return;
    }

    hold = weir_txn_limits(ctx->txn, &n);

    for (i = 0; i < n; i++) {
        count = &c->limits[c->nlimits];
        s = &count->what;

        if (ngx_http_weir_count_verdict(ctx, &hold[i], &s->verdict)
            != NGX_OK)
        {
            continue;
        }

        limit = hold[i].take.limit;

        s->tenant = ctx->decision.tenant;
        s->limit = weir_img_str(ctx->pin.image, limit->id);
        s->units = 0;

        /* what is in flight comes back */

        if (hold[i].state == WEIR_HOLD_OK
            && limit->kind != WEIR_LIMIT_CONCURRENCY)
        {
            s->units = hold[i].take.cost;
        }

        /* else what is left is not known */

        s->whole = hold[i].state == WEIR_HOLD_OK
                   || hold[i].state == WEIR_HOLD_REFUSED;

        /* a response was charged after it was said what is left */

        s->remaining = hold[i].left.left
                       - (limit->response ? ngx_min(s->units,
                                                    hold[i].left.left)
                                          : 0);
        s->capacity = ngx_http_weir_count_is_whole(ctx, limit)
                      ? weir_limit_whole(limit) : 0;

        count->series.rows = NULL;
        count->usage.rows = NULL;

        if (c->shared->series) {
            weir_series_name_limit(c->shared->series, s, &count->series);
        }

        if (c->shared->usage && s->units && s->tenant.len && !ctx->refused) {
            weir_usage_name(c->shared->usage, WEIR_USAGE_LIMITS, s->tenant,
                            s->limit, &count->usage);
        }

        c->nlimits++;
    }
}


/* NGX_DECLINED: it did not come to this one, another one refused. */
static ngx_int_t
ngx_http_weir_count_verdict(ngx_http_weir_ctx_t *ctx, const weir_hold_t *hold,
    weir_limit_verdict_t *verdict)
{
    if (hold->free) {
        *verdict = WEIR_LIMIT_UNCOUNTED_VERDICT;
        return NGX_OK;
    }

    if (hold->dry) {
        *verdict = WEIR_LIMIT_DRY_RUN_VERDICT;
        return NGX_OK;
    }

    switch (hold->state) {

    case WEIR_HOLD_NONE:
        return NGX_DECLINED;

    case WEIR_HOLD_OK:
        *verdict = WEIR_LIMIT_ALLOWED_VERDICT;
        return NGX_OK;

    default:
        *verdict = ctx->refused ? WEIR_LIMIT_REFUSED_VERDICT
                                : WEIR_LIMIT_DRY_RUN_VERDICT;
        return NGX_OK;
    }
}


/* A quota of the tenant alone: all else comes back by itself. */
static ngx_uint_t
ngx_http_weir_count_is_whole(ngx_http_weir_ctx_t *ctx,
    const weir_img_limit_t *limit)
{
    uint32_t                 program;
    const weir_insn_t       *in;
    const weir_image_t      *img;
    const weir_img_prog_t   *prog;

    if (limit->kind != WEIR_LIMIT_QUOTA || ctx->decision.tenant.len == 0) {
        return 0;
    }

    img = ctx->pin.image;

    if (limit->plan) {
        return limit->key.count == 0;
    }

    if (limit->key.count != 1) {
        return 0;
    }

    program = WEIR_REC(img, REFS)[limit->key.first];
    prog = &WEIR_REC(img, PROGS)[program];
    in = &WEIR_REC(img, CODE)[prog->code.first];

    return prog->code.count == 2 && in->op == WEIR_OP_ATTR
           && in->b == WEIR_A_TENANT_ID;
}


static void
ngx_http_weir_count_request(ngx_http_weir_count_t *c, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx)
{
    weir_decision_t        *d;
    weir_series_request_t  *s;

    d = &ctx->decision;
    s = &c->what;

    s->tenant = d->tenant;
    s->route = d->route;
    s->arm = d->arm;
    s->code = ngx_http_weir_count_code(r);
    s->took = ngx_http_weir_took(r);
    s->received = r->request_length;
    s->sent = r->connection->sent;

    if (c->shared->series) {
        weir_series_name_request(c->shared->series, s, &c->request);
    }

    /* anybody may send, in the name of a tenant, what is refused */

    if (c->shared->usage && d->tenant.len && !ctx->refused) {
        weir_usage_name(c->shared->usage, WEIR_USAGE_ROUTES, d->tenant,
                        d->route, &c->usage);
    }
}


/* As $status has it; but what was never sent has no status. */
static weir_code_t
ngx_http_weir_count_code(ngx_http_request_t *r)
{
    if (!r->header_sent || r->connection->sent == 0) {
        return WEIR_CODE_NONE;
    }

    return weir_code_of(r->err_status ? r->err_status
                                      : r->headers_out.status);
}


static void
ngx_http_weir_count_near(const ngx_http_weir_count_t *c)
{
    ngx_uint_t  i;

    weir_rows_near(&c->decision);
    weir_rows_near(&c->request);
    weir_rows_near(&c->usage);

    for (i = 0; i < c->nlimits; i++) {
        weir_rows_near(&c->limits[i].series);
        weir_rows_near(&c->limits[i].usage);
    }
}


static void
ngx_http_weir_count_add(const ngx_http_weir_count_t *c)
{
    ngx_uint_t                          i;
    const ngx_http_weir_count_limit_t  *l;

    if (c->decision.rows) {
        weir_series_decision(c->shared->series, &c->decision);
    }

    for (i = 0; i < c->nlimits; i++) {
        l = &c->limits[i];

        if (l->series.rows) {
            weir_series_limit(c->shared->series, &l->series, &l->what);
        }

        if (l->usage.rows) {
            weir_usage_units(c->shared->usage, &l->usage, c->now,
                             l->what.units);
        }
    }

    if (c->request.rows) {
        weir_series_request(c->shared->series, &c->request, &c->what);
    }

    if (c->usage.rows) {
        weir_usage_request(c->shared->usage, &c->usage, c->now,
                           c->what.received, c->what.sent);
    }
}


/* Computed once a second. */
static const weir_usage_now_t *
ngx_http_weir_count_now(ngx_http_weir_metrics_t *metrics)
{
    if (metrics->second != ngx_time()) {
        metrics->second = ngx_time();
        weir_usage_now(metrics->second, &metrics->now);
    }

    return &metrics->now;
}
