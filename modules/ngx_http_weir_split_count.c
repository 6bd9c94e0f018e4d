/*
 * ngx_http_weir_split_count.c: how a request that went to an arm ended.
 *
 * What counts is what the upstream said, before nginx made anything else of
 * it, and that is in the states of the attempts.  An answer served from a
 * cache has none; each upstream that a request goes to after another one, by
 * an error page or X-Accel-Redirect, has a run of attempts of its own.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_splits.h"

#define NGX_HTTP_WEIR_NO_TIME  ((ngx_msec_t) -1)


static const ngx_http_upstream_state_t *ngx_http_weir_split_run(
    ngx_http_request_t *r, ngx_uint_t first, ngx_msec_t *before);
static weir_arm_end_t ngx_http_weir_split_end(ngx_http_request_t *r,
    const ngx_http_upstream_state_t *last);
static ngx_uint_t ngx_http_weir_split_there(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_split_gone(ngx_http_request_t *r);
static int64_t ngx_http_weir_split_took(ngx_http_request_t *r,
    const ngx_http_upstream_state_t *last, ngx_msec_t before);


void
ngx_http_weir_split_routed(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    if (r != r->main || r->post_action || ctx->routed || ctx->txn == NULL
        || weir_txn_routing(ctx->txn)->split == NULL)
    {
        return;
    }

    ctx->routed = 1;

    /* one more than there are is what parts the next run from the last */

    ctx->run = r->upstream_states ? r->upstream_states->nelts + 1 : 0;
}


/* What is attempted from there on may be another upstream. */
void
ngx_http_weir_split_redirected(ngx_http_request_t *r)
{
    ngx_msec_t            before;
    ngx_http_weir_ctx_t  *ctx;

    ctx = r == r->main ? ngx_http_weir_get_ctx(r) : NULL;

    if (ctx && ctx->routed
        && ngx_http_weir_split_run(r, ctx->run, &before) == NULL)
    {
        ctx->strayed = 1;
    }
}


void
ngx_http_weir_split_answered(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_msec_t                        before;
    weir_splits_t                    *table;
    weir_arm_result_t                 result;
    const weir_routing_t             *routing;
    ngx_http_weir_main_conf_t        *wmcf;
    const ngx_http_upstream_state_t  *last;

    if (!ctx->routed || ctx->arm_counted || ctx->txn == NULL) {
        return;
    }

    last = ngx_http_weir_split_run(r, ctx->run, &before);

    if (last == NULL || !ngx_http_weir_split_there(r, ctx)) {
        return;
    }

    ctx->arm_counted = 1;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    table = wmcf->splits->table;

    if (table == NULL) {
        return;
    }

    routing = weir_txn_routing(ctx->txn);

    result.split = routing->split;
    result.arm = routing->arm;
    result.weighed = routing->weighed;
    result.end = ngx_http_weir_split_end(r, last);
    result.took = ngx_http_weir_split_took(r, last, before);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "weir: arm:%uD status:%ui end:%d took:%L",
                   result.arm, last->status, result.end, result.took);

    weir_splits_count(table, ctx->pin.image, &result,
                      ngx_http_weir_turn_clock());
}


void
ngx_http_weir_split_ended(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    weir_splits_t              *table;
    const weir_routing_t       *routing;
    ngx_http_weir_main_conf_t  *wmcf;

    ngx_http_weir_split_answered(r, ctx);

    if (ctx->arm_counted || ctx->txn == NULL) {
        return;
    }

    ctx->arm_counted = 1;

    routing = weir_txn_routing(ctx->txn);

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    table = wmcf->splits->table;

    if (routing->split == NULL || table == NULL) {
        return;
    }

    weir_breaker_return(table, ctx->pin.image, routing->split, routing->arm,
                        (int64_t) ngx_current_msec * 1000000);
}


/*
 * The last attempt of the run that begins there, and how long those before it
 * took; NULL: none was made.
 */
static const ngx_http_upstream_state_t *
ngx_http_weir_split_run(ngx_http_request_t *r, ngx_uint_t first,
    ngx_msec_t *before)
{
    ngx_uint_t                        i;
    ngx_msec_t                        sum;
    const ngx_http_upstream_state_t  *state, *last;

    if (r->upstream_states == NULL) {
        return NULL;
    }

    state = r->upstream_states->elts;
    last = NULL;
    sum = 0;

    for (i = first; i < r->upstream_states->nelts; i++) {

        /* no attempt, not even one that could not begin: it parts two runs */

        if (state[i].peer == NULL
            && state[i].connect_time != NGX_HTTP_WEIR_NO_TIME)
        {
            break;
        }

        if (last && last->response_time != NGX_HTTP_WEIR_NO_TIME) {
            sum += last->response_time;
        }

        last = &state[i];
    }

    *before = sum;

    return last;
}


/*
 * Where nginx gave up on an attempt, it has set its status to 502, 504 or that
 * of the answer that it would not take.
 */
static weir_arm_end_t
ngx_http_weir_split_end(ngx_http_request_t *r,
    const ngx_http_upstream_state_t *last)
{
    ngx_uint_t            status;
    ngx_http_upstream_t  *u;

    status = last->status;
    u = r->upstream;

    /* an interim answer came first */

    if (status < NGX_HTTP_OK && status != NGX_HTTP_SWITCHING_PROTOCOLS
        && u && u->state == last && u->headers_in.status_n)
    {
        status = u->headers_in.status_n;
    }

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return WEIR_END_ERROR;
    }

    if (last->header_time != NGX_HTTP_WEIR_NO_TIME) {
        return WEIR_END_OK;
    }

    return ngx_http_weir_split_gone(r) ? WEIR_END_GONE : WEIR_END_ERROR;
}


static ngx_uint_t
ngx_http_weir_split_there(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    return !ctx->strayed
           || (r->upstream && r->upstream->upstream
               && r->upstream->upstream
                  == ngx_http_weir_find_upstream(r, ctx->decision.upstream));
}


/* The client left, or sent less of its body than it said. */
static ngx_uint_t
ngx_http_weir_split_gone(ngx_http_request_t *r)
{
    ngx_uint_t  status;

    status = r->err_status ? r->err_status : r->headers_out.status;

    return r->connection->error
           || status == NGX_HTTP_CLIENT_CLOSED_REQUEST
           || status == NGX_HTTP_REQUEST_TIME_OUT
           || status == NGX_HTTP_BAD_REQUEST;
}


/* ns; nginx knows ms. */
static int64_t
ngx_http_weir_split_took(ngx_http_request_t *r,
    const ngx_http_upstream_state_t *last, ngx_msec_t before)
{
    ngx_msec_t            ms;
    ngx_http_upstream_t  *u;

    ms = last->header_time;

    if (ms == NGX_HTTP_WEIR_NO_TIME) {
        ms = last->response_time;
    }

    if (ms == NGX_HTTP_WEIR_NO_TIME) {
        u = r->upstream;

        /* a stale answer is sent before the attempt is over */

        if (u == NULL || u->state != last) {
            return -1;
        }

        ms = ngx_current_msec - u->start_time;
    }

    return (int64_t) (before + ms) * 1000000;
}
