/*
 * ngx_http_weir_decide.c: decide a request once, and act by the mode of
 * every location that it enters.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_splits.h"
#include "ngx_http_weir_trace.h"
#include "run/lookup.h"
#include "run/path.h"


static ngx_int_t ngx_http_weir_decide(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, ngx_http_weir_loc_conf_t *wlcf);
static ngx_int_t ngx_http_weir_begin(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static const char *ngx_http_weir_malformed(ngx_http_weir_ctx_t *ctx);
static WEIR_SELDOM ngx_uint_t ngx_http_weir_hosts_differ(
    ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_tenant_twice(ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_too_early(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static WEIR_COLD void ngx_http_weir_deny(weir_decision_t *d,
    ngx_uint_t status, weir_reason_t reason, const char *detail);
static ngx_int_t ngx_http_weir_decided(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static WEIR_COLD ngx_int_t ngx_http_weir_undecided(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_int_t ngx_http_weir_forward(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_int_t ngx_http_weir_clean(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static WEIR_SELDOM ngx_int_t ngx_http_weir_clean_headers(
    ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx, const weir_image_t *img);
static ngx_int_t ngx_http_weir_canonical(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_trusts(ngx_http_weir_ctx_t *ctx,
    uint32_t header);
static ngx_int_t ngx_http_weir_pass(ngx_http_request_t *r);


ngx_int_t
ngx_http_weir_decide_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_weir_ctx_t       *ctx;
    ngx_http_weir_loc_conf_t  *wlcf;

    if (!r->valid_location) {
        ngx_http_weir_relocate(r);
    }

    if (r->internal) {
        ngx_http_weir_split_redirected(r);
    }

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_weir_module);

    if (wlcf->mode == NGX_HTTP_WEIR_OFF) {
        return ngx_http_weir_pass(r);
    }

    ctx = ngx_http_weir_get_ctx(r);

    if (ctx == NULL || !ctx->decided) {

        if (ctx == NULL || !ctx->snapshot || r != r->main) {
            return wlcf->mode == NGX_HTTP_WEIR_ON
                   ? ngx_http_weir_undecided(r, ctx) : ngx_http_weir_pass(r);
        }

        rc = ngx_http_weir_decide(r, ctx, wlcf);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->decision.verdict == WEIR_ALLOW) {
        return wlcf->mode == NGX_HTTP_WEIR_ON
               ? ngx_http_weir_forward(r, ctx) : ngx_http_weir_pass(r);
    }

    /* what has been refused stays refused, whatever the location says */

    if (wlcf->mode == NGX_HTTP_WEIR_DRY_RUN && !ctx->refused) {
        return ngx_http_weir_pass(r);
    }

    return ngx_http_weir_refuse(r, ctx);
}


/* NGX_OK: decided; NGX_DONE: waits. */
static ngx_int_t
ngx_http_weir_decide(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_loc_conf_t *wlcf)
{
    weir_rc_t         rc;
    weir_decision_t  *d;

    d = &ctx->decision;

    /*
     * Keys that did not come in time are as good as none, a store that did
     * not answer has failed: that is decided.
     */

    if (ctx->wait && ngx_http_weir_timed_out(ctx)) {

        if (ctx->patience == 0) {
            ngx_http_weir_deny(d, NGX_HTTP_SERVICE_UNAVAILABLE,
                               WEIR_REASON_UNDECIDED,
                               "the decision timed out");
            return ngx_http_weir_decided(r, ctx);
        }

        ngx_http_weir_asks_give_up(ctx);
    }

    if (ctx->txn == NULL) {

        switch (ngx_http_weir_begin(r, ctx)) {

        case NGX_OK:
            break;

        case NGX_DECLINED:
            return ngx_http_weir_decided(r, ctx);

        default:
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

#if (WEIR_TEST)

    if (wlcf->test_delay && !ctx->delayed) {
        ctx->delayed = 1;
        return ngx_http_weir_test_wait(ctx, wlcf->test_delay,
                                       wlcf->test_timeout);
    }

#endif

    rc = weir_decide(ctx->txn, d);

    if (rc == WEIR_AGAIN) {
        return ngx_http_weir_wait(ctx, ctx->patience);
    }

    /*
     * Locations are chosen by nginx's form of the path, rules by ours: where
     * the two differ, the rules may have been read for another resource.
     */

    if (d->reason != WEIR_REASON_BAD_REQUEST
        && !weir_str_eq(weir_txn_path(ctx->txn), ctx->uri))
    {
        ngx_http_weir_deny(d, NGX_HTTP_BAD_REQUEST, WEIR_REASON_BAD_REQUEST,
                           "nginx and the policy normalise the path in "
                           "different ways");
    }

    return ngx_http_weir_decided(r, ctx);
}


/* NGX_OK: there is a transaction; NGX_DECLINED: a decision without it. */
static ngx_int_t
ngx_http_weir_begin(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    const char       *detail;
    weir_decision_t  *d;

    d = &ctx->decision;

    /* an error page comes here again after there was no memory */

    if (ctx->pin.image == NULL && ngx_http_weir_hold(ctx) != NGX_OK) {
        ngx_http_weir_deny(d, NGX_HTTP_SERVICE_UNAVAILABLE,
                           WEIR_REASON_UNDECIDED, "there is no policy");
        return NGX_DECLINED;
    }

    detail = ngx_http_weir_malformed(ctx);

    if (detail) {
        ngx_http_weir_deny(d, NGX_HTTP_BAD_REQUEST, WEIR_REASON_BAD_REQUEST,
                           detail);
        return NGX_DECLINED;
    }

    if (ngx_http_weir_too_early(r, ctx)) {
        ngx_http_weir_deny(d, NGX_HTTP_TOO_EARLY, WEIR_REASON_BAD_REQUEST,
                           "unsafe method in TLS early data");
        return NGX_DECLINED;
    }

    ctx->memory = ngx_palloc(r->pool,
                             weir_txn_size(ctx->pin.image, &ctx->req) + 15);
    if (ctx->memory == NULL) {
        return NGX_ERROR;
    }

    ctx->txn = weir_txn_init(ngx_align_ptr(ctx->memory, 16), ctx->pin.image,
                             &ctx->req);

    return NGX_OK;
}


/* What makes a request ambiguous before its path is looked at; or NULL. */
static const char *
ngx_http_weir_malformed(ngx_http_weir_ctx_t *ctx)
{
    ngx_uint_t             i, host, authorization, length;
    ngx_http_weir_pair_t  *h;

    if (ctx->nheaders > WEIR_MAX_HEADERS) {
        return "more than 256 headers";
    }

    host = 0;
    authorization = 0;
    length = 0;

    for (i = 0; i < ctx->nheaders; i++) {
        h = &ctx->headers[i];

        switch (h->name.len) {

        case 4:
            host += ngx_memcmp(h->name.data, "host", 4) == 0;
            break;

        case 13:
            authorization += ngx_memcmp(h->name.data, "authorization", 13)
                             == 0;
            break;

        case 14:
            length += ngx_memcmp(h->name.data, "content-length", 14) == 0;
            break;
        }
    }

    if (host > 1) {
        return "more than one Host header";
    }

    if (authorization > 1) {
        return "more than one Authorization header";
    }

    if (length > 1) {
        return "more than one Content-Length header";
    }

    if (host && ctx->authority.len && ngx_http_weir_hosts_differ(ctx)) {
        return "the target and the Host header name different hosts";
    }

    if (ctx->pin.image->tenant_headers && ngx_http_weir_tenant_twice(ctx)) {
        return "more than one header that names the tenant";
    }

    return NULL;
}


static ngx_uint_t
ngx_http_weir_hosts_differ(ngx_http_weir_ctx_t *ctx)
{
    char        a[WEIR_MAX_HOST], b[WEIR_MAX_HOST];
    size_t      na, nb;
    weir_str_t  host;

    host = ngx_http_weir_header(ctx, weir_string("host"), 0);

    if (weir_host_normalise(ctx->authority, a, &na) != WEIR_OK
        || weir_host_normalise(host, b, &nb) != WEIR_OK)
    {
        return 1;
    }

    return !weir_str_eq(weir_str(a, na), weir_str(b, nb));
}


static ngx_uint_t
ngx_http_weir_tenant_twice(ngx_http_weir_ctx_t *ctx)
{
    uint32_t                   i;
    weir_str_t                 name;
    const weir_image_t        *img;
    const weir_img_resolve_t  *resolve;

    img = ctx->pin.image;
    resolve = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first];

    for (i = 0; i < img->policy->resolve.count; i++) {

        if (resolve[i].kind != WEIR_RESOLVE_HEADER) {
            continue;
        }

        name = weir_img_str(img, resolve[i].header);

        if (ngx_http_weir_header(ctx, name, 1).data != NULL) {
            return 1;
        }
    }

    return 0;
}


/* RFC 8470, 5.2: early data can be replayed. */
static ngx_uint_t
ngx_http_weir_too_early(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
#if (NGX_SSL || NGX_COMPAT)

    if (r->connection->ssl == NULL
        || (ctx->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS)))
    {
        return 0;
    }

    return ngx_http_weir_nginx_variable(r, "ssl_early_data").len != 0;

#else
    return 0;
#endif
}


static void
ngx_http_weir_deny(weir_decision_t *d, ngx_uint_t status,
    weir_reason_t reason, const char *detail)
{
    ngx_memzero(d, sizeof(weir_decision_t));

    d->verdict = WEIR_DENY;
    d->status = status;
    d->reason = reason;
    d->detail = detail;
}


static ngx_int_t
ngx_http_weir_decided(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_uint_t        limit;
    weir_decision_t  *d;

    ctx->decided = 1;

    ngx_http_weir_asks_forget(ctx);
    ngx_http_weir_reset_variables(r);

    if (ngx_http_weir_trace_begin(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    d = &ctx->decision;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "weir: verdict:%d status:%ui reason:%s", d->verdict,
                   (ngx_uint_t) d->status, weir_reason_name(d->reason));

    limit = weir_reason_is_limit(d->reason);

    if (d->verdict == WEIR_DENY) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "weir: policy denies with %ui: %s, %s \"%*s\"%s%s",
                      (ngx_uint_t) d->status, weir_reason_name(d->reason),
                      limit ? "limit" : "rule",
                      NGX_HTTP_WEIR_STR(*(limit ? &d->limit : &d->rule)),
                      d->detail ? ": " : "", d->detail ? d->detail : "");
    }

    return NGX_OK;
}


/* There is nothing to decide on: an error of nginx's own, a subrequest. */
static ngx_int_t
ngx_http_weir_undecided(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "weir: refused, since its client request was never decided");

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ctx == NULL) {
        ctx = ngx_http_weir_create_ctx(r, 0);

        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* the client keeps the error that brought it here */

    ngx_http_weir_deny(&ctx->decision,
                       r->err_status >= NGX_HTTP_BAD_REQUEST
                       ? r->err_status : NGX_HTTP_FORBIDDEN,
                       WEIR_REASON_UNDECIDED,
                       "nginx had no client request to decide on");
    ctx->decided = 1;

    return ngx_http_weir_refuse(r, ctx);
}


/*
 * Lets an allowed request on, as the policy saw it but for what its route
 * changes.  A preflight is for us alone, also in a post_action.
 */
static ngx_int_t
ngx_http_weir_forward(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    if (ctx->decision.reason == WEIR_REASON_PREFLIGHT) {
        ctx->enforced = 1;
        return ctx->decision.status;
    }

    if (r == r->main && !ctx->cleaned) {
        ctx->cleaned = 1;
        ctx->enforced = 1;

        if (ngx_http_weir_clean(r, ctx) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_weir_pass(r);
}


static ngx_int_t
ngx_http_weir_clean(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    const weir_image_t  *img;

    if (ngx_http_weir_canonical(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    img = ctx->pin.image;

    /* without an image, this is a post_action, long after the request */

    if (img == NULL) {
        return NGX_OK;
    }

    if (img->n[WEIR_S_METHODS] || img->tenant_headers) {
        ngx_http_weir_reset_headers(r);
    }

    if (img->n[WEIR_S_METHODS] && ngx_http_weir_strip(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (img->tenant_headers
        && ngx_http_weir_clean_headers(r, ctx, img) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_weir_transform(r, ctx);
}


static WEIR_SELDOM ngx_int_t
ngx_http_weir_clean_headers(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    const weir_image_t *img)
{
    uint32_t                   i;
    ngx_int_t                  rc;
    weir_str_t                 name;
    const weir_img_resolve_t  *resolve;

    resolve = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first];

    for (i = 0; i < img->policy->resolve.count; i++) {

        if (resolve[i].kind != WEIR_RESOLVE_HEADER) {
            continue;
        }

        name = weir_img_str(img, resolve[i].header);

        /* nor may it name another tenant than the host did */

        rc = ngx_http_weir_trusts(ctx, resolve[i].header)
             && weir_str_eq(ngx_http_weir_header(ctx, name, 0),
                            ctx->decision.tenant)
             ? ngx_http_weir_header_remove_aliases(r, name)
             : ngx_http_weir_header_remove(r, name);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * An upstream gets what the policy saw, also by $request_uri: in proxy_pass,
 * mirrors and the REQUEST_URI of FastCGI.
 */
static ngx_int_t
ngx_http_weir_canonical(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    weir_str_t  target;

    target = ngx_http_weir_target(ctx);

    if (target.data == NULL) {
        return NGX_ERROR;
    }

    if (target.data != ctx->target.data) {
        ngx_http_weir_set_target(r, target);
    }

    return NGX_OK;
}


void
ngx_http_weir_set_target(ngx_http_request_t *r, weir_str_t target)
{
    ngx_http_weir_main_conf_t  *wmcf;

    r->unparsed_uri.data = (u_char *) target.data;
    r->unparsed_uri.len = target.len;

    /* it may have been read as it was sent */

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    r->variables[wmcf->request_uri].valid = 0;
    r->variables[wmcf->request_uri].not_found = 0;
}


/* Whether any rule lets the peer name the tenant by the header. */
static ngx_uint_t
ngx_http_weir_trusts(ngx_http_weir_ctx_t *ctx, uint32_t header)
{
    uint32_t                   i;
    weir_str_t                 name;
    const weir_image_t        *img;
    const weir_img_resolve_t  *resolve;

    img = ctx->pin.image;
    resolve = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first];

    name = weir_img_str(img, header);

    for (i = 0; i < img->policy->resolve.count; i++) {

        if (resolve[i].kind == WEIR_RESOLVE_HEADER
            && weir_str_eq(weir_img_str(img, resolve[i].header), name)
            && weir_lookup_trusts(img, &resolve[i], &ctx->req.peer))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * In the server's null location the rewrite module knows by its index in the
 * phase that it has run before.  We took that index: where it came first,
 * step over it.
 */
static ngx_int_t
ngx_http_weir_pass(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t   *cscf;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    if (wmcf->step && r->loc_conf == cscf->ctx->loc_conf) {
        r->phase_handler++;
    }

    return NGX_DECLINED;
}
