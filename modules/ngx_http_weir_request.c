/*
 * ngx_http_weir_request.c: the context of a request, from its snapshot to
 * the end of its decision.
 */

#include "ngx_http_weir_splits.h"
#include "run/path.h"

#define NGX_HTTP_WEIR_TURN  60000       /* ms: none takes as long */


static void ngx_http_weir_cleanup(void *data);
static ngx_uint_t ngx_http_weir_count_headers(ngx_http_request_t *r);
static void ngx_http_weir_copy_headers(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_copy_target(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_copy_addresses(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_ip(struct sockaddr *sa, weir_ip_t *ip);


ngx_int_t
ngx_http_weir_snapshot_handler(ngx_http_request_t *r)
{
    ngx_http_weir_ctx_t       *ctx;
    ngx_http_weir_srv_conf_t  *wscf;

    /*
     * What is internal has been changed by nginx: after an error of its own
     * there may never have been a request to take a snapshot of.
     */

    if (r != r->main || r->internal) {
        return NGX_DECLINED;
    }

    wscf = ngx_http_get_module_srv_conf(r, ngx_http_weir_module);

    if (!wscf->used || ngx_http_weir_get_ctx(r) != NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_weir_create_ctx(r, ngx_http_weir_count_headers(r));

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_weir_copy_headers(r, ctx);
    ngx_http_weir_copy_target(r, ctx);
    ngx_http_weir_copy_addresses(r, ctx);

    ctx->req.host_ops = &ngx_http_weir_host;
    ctx->req.host_data = ctx;
    ctx->req.identity = &ngx_http_weir_identity;
    ctx->req.limiter = &ngx_http_weir_limiter;
    ctx->req.router = &ngx_http_weir_router;
    ctx->snapshot = 1;

    return NGX_DECLINED;
}


ngx_http_weir_ctx_t *
ngx_http_weir_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_weir_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_weir_module);

    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_weir_cleanup) {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_weir_module);
            return ctx;
        }
    }

    return NULL;
}


ngx_http_weir_ctx_t *
ngx_http_weir_create_ctx(ngx_http_request_t *r, ngx_uint_t headers)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_weir_ctx_t  *ctx;

    r = r->main;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_weir_ctx_t)
                                   + headers * sizeof(ngx_http_weir_pair_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_weir_ctx_t));

    ctx->request = r;
    ctx->headers = (ngx_http_weir_pair_t *) (ctx + 1);

    cln->handler = ngx_http_weir_cleanup;
    ngx_http_set_ctx(r, ctx, ngx_http_weir_module);

    return ctx;
}


static void
ngx_http_weir_cleanup(void *data)
{
    ngx_http_weir_ctx_t *ctx = data;

    ngx_http_weir_wait_cleanup(ctx);
    ngx_http_weir_limits_release(ctx);
    ngx_http_weir_unhold(ctx);
}


const weir_decision_t *
ngx_http_weir_allowed(ngx_http_request_t *r)
{
    ngx_http_weir_ctx_t       *ctx;
    ngx_http_weir_loc_conf_t  *wlcf;

    static const weir_decision_t  none;

    wlcf = ngx_http_get_module_loc_conf(r, ngx_http_weir_module);

    if (wlcf->mode == NGX_HTTP_WEIR_OFF) {
        return &none;
    }

    ctx = ngx_http_weir_get_ctx(r);

    return ctx && ctx->decided && ctx->decision.verdict == WEIR_ALLOW
           ? &ctx->decision : NULL;
}


ngx_int_t
ngx_http_weir_read_only(ngx_http_request_t *r)
{
    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_weir_out_push(r, weir_string("Allow"),
                                      weir_string("GET, HEAD"))
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ngx_http_weir_allowed(r)) {
        return NGX_HTTP_FORBIDDEN;
    }

    return ngx_http_discard_request_body(r);
}


ngx_int_t
ngx_http_weir_answer_later(ngx_http_request_t *r)
{
    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;

        if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    r->main->count++;

    return NGX_DONE;
}


/* A worker that quits waits for timers, but not for what is posted. */
void
ngx_http_weir_next_turn(ngx_event_t *ev)
{
    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_WEIR_TURN);
    }

    ngx_post_event(ev, &ngx_posted_next_events);
}


void
ngx_http_weir_no_turn(ngx_event_t *ev)
{
    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }
}


void
ngx_http_weir_describe(ngx_http_weir_ctx_t *ctx)
{
    const weir_image_t       *img;
    const weir_img_tenant_t  *tenant;

    if (ctx->described) {
        return;
    }

    ctx->described = 1;

    img = ctx->pin.image;

    if (img) {
        ctx->policy = weir_img_str(img, img->header->name);
        ctx->generation = ctx->pin.generation;
        ctx->serial = img->header->serial;
        ctx->has_serial = (img->header->flags & WEIR_IMAGE_HAS_SERIAL) != 0;
    }

    if (ctx->txn) {
        ctx->host = weir_txn_host(ctx->txn);
        ctx->path = weir_txn_path(ctx->txn);

        ctx->roles = ngx_http_weir_roles(ctx);

        tenant = weir_txn_tenant(ctx->txn);

        if (tenant) {
            ctx->plan = weir_img_str(img, tenant->plan);
        }
    }
}


void
ngx_http_weir_finish(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_main_conf_t  *wmcf;

    if (ctx->finished || !ctx->decided) {
        return;
    }

    ctx->finished = 1;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    ngx_http_weir_limits_charge(ctx);
    ngx_http_weir_limits_count(wmcf, ctx);

    if (ctx->decision.errors) {
        ngx_http_weir_count(wmcf, ERRORS, ctx->decision.errors);
    }

    if (ctx->decision.dry_denied) {
        ngx_http_weir_count(wmcf, RULE_DRY_RUN, ctx->decision.dry_denied);
    }

    if (ctx->decision.verdict == WEIR_ALLOW) {
        ngx_http_weir_count(wmcf, ALLOWED, 1);

    } else if (!ctx->refused) {
        ngx_http_weir_count(wmcf, DRY_RUN, 1);

    } else if (wmcf->counters) {
        (void) ngx_atomic_fetch_add(
                   &wmcf->counters->denied[ctx->decision.reason], 1);
    }

    ngx_http_weir_audit(r, ctx);
}


weir_str_t
ngx_http_weir_header(ngx_http_weir_ctx_t *ctx, weir_str_t name,
    ngx_uint_t nth)
{
    ngx_uint_t  i;

    for (i = 0; i < ctx->nheaders; i++) {

        if (weir_str_eq(ctx->headers[i].name, name) && nth-- == 0) {
            return ctx->headers[i].value;
        }
    }

    return weir_str(NULL, 0);
}


weir_str_t
ngx_http_weir_target(ngx_http_weir_ctx_t *ctx)
{
    char        *p;
    size_t       len;
    weir_str_t   path;

    if (ctx->canonical.data != NULL) {
        return ctx->canonical;
    }

    path = ctx->txn ? weir_txn_path(ctx->txn) : ctx->path;

    if (weir_str_eq(ctx->req.path, path)
        && memchr(ctx->target.data, '#', ctx->target.len) == NULL)
    {
        ctx->canonical = ctx->target;
        return ctx->canonical;
    }

    len = weir_target_print(path, ctx->query, NULL);

    p = ngx_pnalloc(ctx->request->pool, len);

    if (p != NULL) {
        (void) weir_target_print(path, ctx->query, p);
        ctx->canonical = weir_str(p, len);
    }

    return ctx->canonical;
}


weir_str_t
ngx_http_weir_request_id(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_request_t         *r;
    ngx_http_variable_value_t  *vv;
    ngx_http_weir_main_conf_t  *wmcf;

    r = ctx->request;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    vv = ngx_http_get_indexed_variable(r, wmcf->request_id);

    if (vv == NULL || vv->not_found) {
        return weir_str("", 0);
    }

    return weir_str((char *) vv->data, vv->len);
}


uint64_t
ngx_http_weir_took(ngx_http_request_t *r)
{
    int64_t      ms;
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    ms = (int64_t) (tp->sec - r->start_sec) * 1000
         + ((int64_t) tp->msec - (int64_t) r->start_msec);

    return ms > 0 ? (uint64_t) ms : 0;
}


weir_str_t
ngx_http_weir_nginx_variable(ngx_http_request_t *r, const char *name)
{
    ngx_str_t                   s;
    ngx_http_variable_value_t  *vv;

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    vv = ngx_http_get_variable(r, &s, ngx_hash_key(s.data, s.len));

    if (vv == NULL || vv->not_found) {
        return weir_str("", 0);
    }

    return weir_str((char *) vv->data, vv->len);
}


static ngx_uint_t
ngx_http_weir_count_headers(ngx_http_request_t *r)
{
    ngx_uint_t        n;
    ngx_list_part_t  *part;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    return n;
}


static void
ngx_http_weir_copy_headers(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_uint_t             i;
    ngx_list_part_t       *part;
    ngx_table_elt_t       *h;
    ngx_http_weir_pair_t  *pair;

    pair = ctx->headers;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            pair->name = weir_str((char *) h[i].lowcase_key, h[i].key.len);
            pair->value = h[i].value.len ? ngx_http_weir_str(&h[i].value)
                                         : weir_str("", 0);
            pair++;
        }
    }

    ctx->nheaders = pair - ctx->headers;
}


static void
ngx_http_weir_copy_target(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    size_t            n;
    ngx_table_elt_t  *host;

    ctx->method = r->method;
    ctx->content_length = r->headers_in.chunked
                          ? -1 : ngx_max(r->headers_in.content_length_n, 0);

    ctx->uri = ngx_http_weir_str(&r->uri);
    ctx->query = ngx_http_weir_str(&r->args);
    ctx->target = ngx_http_weir_str(&r->unparsed_uri);

    for (n = 0; n < ctx->target.len; n++) {
        if (ctx->target.data[n] == '?' || ctx->target.data[n] == '#') {
            break;
        }
    }

    ctx->req.method = ngx_http_weir_str(&r->method_name);
    ctx->req.path = n ? weir_str(ctx->target.data, n) : weir_string("/");

    /* absolute form, or :authority where it is not made a header */

    if (r->host_start && r->host_end > r->host_start) {
        ctx->authority = weir_str((char *) r->host_start,
                                  r->host_end - r->host_start);
        ctx->req.host = ctx->authority;

    } else {
        host = r->headers_in.host;
        ctx->req.host = host && host->value.len
                        ? ngx_http_weir_str(&host->value) : weir_str("", 0);
    }
}


static void
ngx_http_weir_copy_addresses(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    ngx_http_weir_ip(r->connection->sockaddr, &ctx->req.source);

    ctx->req.peer = ctx->req.source;

    if (wmcf->realip >= 0 && r->ctx[wmcf->realip] != NULL) {
        ngx_memzero(&ctx->req.peer, sizeof(weir_ip_t));

        /* what cannot be parsed is nobody's address, and no one trusts it */

        (void) weir_ip_parse(ngx_http_weir_nginx_variable(r,
                                                     "realip_remote_addr"),
                             &ctx->req.peer);
    }
}


static void
ngx_http_weir_ip(struct sockaddr *sa, weir_ip_t *ip)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    ngx_memzero(ip, sizeof(weir_ip_t));

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        ip->len = 4;
        ngx_memcpy(ip->bytes, &sin->sin_addr, 4);
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            ip->len = 4;
            ngx_memcpy(ip->bytes, &sin6->sin6_addr.s6_addr[12], 4);
            break;
        }

        ip->len = 16;
        ngx_memcpy(ip->bytes, &sin6->sin6_addr, 16);
        break;
#endif
    }
}
