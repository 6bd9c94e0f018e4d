/*
 * ngx_http_weir_variables.c: the decision as variables.
 *
 * They are cacheable, so both passes of a complex value see the same.  What
 * was read before the decision is forgotten when it is made, and what was
 * read of request headers when credentials are taken out of them.  Only
 * $weir_upstream is not: who reads it says where the request goes, which a
 * subrequest may have done before.
 */

#include "ngx_http_weir_splits.h"


static ngx_int_t ngx_http_weir_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_weir_variable_text(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, uintptr_t data, weir_str_t *s);
static ngx_int_t ngx_http_weir_variable_copy(ngx_http_request_t *r,
    weir_str_t *s);
static ngx_int_t ngx_http_weir_variable_policy(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t *s);
static ngx_int_t ngx_http_weir_variable_left(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t *s);
static ngx_int_t ngx_http_weir_variable_cache_key(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t *s);
static weir_str_t ngx_http_weir_known_upstream(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_is_sent(ngx_str_t *name);
static ngx_uint_t ngx_http_weir_is_set(ngx_http_core_main_conf_t *cmcf,
    ngx_str_t *name);
static ngx_uint_t ngx_http_weir_begins(ngx_str_t *name, const char *prefix);
static void ngx_http_weir_forget(ngx_http_request_t *r,
    const ngx_int_t *vars, ngx_uint_t n);


static const ngx_str_t  ngx_http_weir_vars[] = {
#define V(name, text, doc)  ngx_string(text),
    NGX_HTTP_WEIR_VARIABLES(V)
#undef V
};


static ngx_int_t
ngx_http_weir_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    weir_str_t            s;
    ngx_http_weir_ctx_t  *ctx;

    ctx = ngx_http_weir_get_ctx(r);

    s = weir_str("", 0);

    if (ctx != NULL
        && ngx_http_weir_variable_text(r, ctx, data, &s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (s.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = s.len;
    v->valid = 1;
    v->no_cacheable = data == NGX_HTTP_WEIR_VAR_UPSTREAM;
    v->not_found = 0;
    v->data = (u_char *) s.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_variable_text(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    uintptr_t data, weir_str_t *s)
{
    switch (data) {

    case NGX_HTTP_WEIR_VAR_REQUEST_ID:
        *s = ngx_http_weir_request_id(ctx);
        return NGX_OK;

    case NGX_HTTP_WEIR_VAR_TRACE_ID:
        *s = ngx_http_weir_trace_id(ctx);
        return NGX_OK;

    case NGX_HTTP_WEIR_VAR_SPAN_ID:
        *s = ngx_http_weir_span_id(ctx);
        return NGX_OK;

    case NGX_HTTP_WEIR_VAR_TRACEPARENT:
        *s = ngx_http_weir_traceparent(ctx);
        return NGX_OK;
    }

    if (!ctx->decided) {
        return NGX_OK;
    }

    switch (data) {

    case NGX_HTTP_WEIR_VAR_TENANT:
        *s = ctx->decision.tenant;
        break;

    case NGX_HTTP_WEIR_VAR_PLAN:
        ngx_http_weir_describe(ctx);
        *s = ctx->plan;
        break;

    case NGX_HTTP_WEIR_VAR_ROUTE:
        *s = ctx->decision.route;
        break;

    case NGX_HTTP_WEIR_VAR_SUBJECT:
        *s = ctx->decision.subject;
        break;

    case NGX_HTTP_WEIR_VAR_ROLES:
        ngx_http_weir_describe(ctx);
        *s = ctx->roles;
        break;

    case NGX_HTTP_WEIR_VAR_UPSTREAM:
        *s = ngx_http_weir_known_upstream(r, ctx);
        return NGX_OK;

    case NGX_HTTP_WEIR_VAR_DECISION:
        *s = ctx->decision.verdict == WEIR_ALLOW ? weir_string("allow")
                                                 : weir_string("deny");
        return NGX_OK;

    case NGX_HTTP_WEIR_VAR_RULE:
        *s = ctx->decision.rule;
        break;

    case NGX_HTTP_WEIR_VAR_POLICY:
        return ngx_http_weir_variable_policy(r, ctx, s);

    case NGX_HTTP_WEIR_VAR_CACHE_KEY:
        return ngx_http_weir_variable_cache_key(r, ctx, s);

    case NGX_HTTP_WEIR_VAR_LIMIT:
        *s = ctx->decision.limit;
        break;

    case NGX_HTTP_WEIR_VAR_LIMIT_REMAINING:
        return ngx_http_weir_variable_left(r, ctx, s);

    case NGX_HTTP_WEIR_VAR_SPLIT:
        *s = ctx->decision.split;
        break;

    case NGX_HTTP_WEIR_VAR_ARM:
        *s = ctx->decision.arm;
        break;
    }

    return ngx_http_weir_variable_copy(r, s);
}


/* What nginx keeps as a value may outlive the image. */
static ngx_int_t
ngx_http_weir_variable_copy(ngx_http_request_t *r, weir_str_t *s)
{
    u_char  *p;

    if (s->len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, s->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, s->data, s->len);
    s->data = (char *) p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_variable_policy(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t *s)
{
    u_char  *p, *last;

    ngx_http_weir_describe(ctx);

    if (ctx->generation == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, ctx->policy.len + 2 * NGX_INT64_LEN + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ctx->has_serial) {
        last = ngx_sprintf(p, "%*s/%uL/%uL", NGX_HTTP_WEIR_STR(ctx->policy),
                           ctx->serial, ctx->generation);

    } else {
        last = ngx_sprintf(p, "%*s/-/%uL", NGX_HTTP_WEIR_STR(ctx->policy),
                           ctx->generation);
    }

    *s = weir_str((char *) p, last - p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_variable_left(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    weir_str_t *s)
{
    u_char  *p;

    if (ctx->decision.limit.len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    s->data = (char *) p;
    s->len = ngx_sprintf(p, "%uL", ctx->decision.left) - p;

    return NGX_OK;
}


/* The path comes last: it is decoded, and only it may hold a space. */
static ngx_int_t
ngx_http_weir_variable_cache_key(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, weir_str_t *s)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    ngx_http_weir_describe(ctx);

    weir_str_t  parts[] = { ctx->decision.tenant, ctx->decision.route,
                            ctx->decision.arm, ctx->host, ctx->query,
                            ctx->new_path.len ? ctx->new_path : ctx->path };

    len = 0;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        len += parts[i].len + 1;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    s->data = (char *) p;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {

        if (i) {
            *p++ = ' ';
        }

        if (parts[i].len) {
            p = ngx_cpymem(p, parts[i].data, parts[i].len);
        }
    }

    s->len = (char *) p - s->data;

    return NGX_OK;
}


ngx_http_upstream_srv_conf_t *
ngx_http_weir_find_upstream(ngx_http_request_t *r, weir_str_t name)
{
    ngx_uint_t                       i;
    ngx_http_upstream_srv_conf_t   **uscf;
    ngx_http_upstream_main_conf_t   *umcf;

    umcf = ngx_http_get_module_main_conf(r, ngx_http_upstream_module);
    uscf = umcf->upstreams.elts;

    for (i = 0; i < umcf->upstreams.nelts; i++) {

        if ((uscf[i]->flags & NGX_HTTP_UPSTREAM_CREATE)
            && uscf[i]->host.len == name.len
            && (ngx_memcmp(uscf[i]->host.data, name.data, name.len) == 0
                || ngx_strncasecmp(uscf[i]->host.data, (u_char *) name.data,
                                   name.len)
                   == 0))
        {
            return uscf[i];
        }
    }

    return NULL;
}


/* Nothing may come of a name that nginx would go and resolve. */
static weir_str_t
ngx_http_weir_known_upstream(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    weir_str_t                     name, of;
    ngx_uint_t                     arm;
    ngx_http_upstream_srv_conf_t  *us;

    name = ctx->decision.upstream;

    if (name.len == 0) {
        return name;
    }

    us = ngx_http_weir_find_upstream(r, name);

    if (us != NULL) {
        ngx_http_weir_split_routed(r, ctx);
        return ngx_http_weir_str(&us->host);
    }

    arm = ctx->decision.arm.len != 0;
    of = arm ? ctx->decision.split : ctx->decision.route;

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "weir: %s \"%*s\" of the policy names upstream \"%*s\"%s%*s%s"
                  ", and the configuration has no such upstream block",
                  arm ? "split" : "route", NGX_HTTP_WEIR_STR(of),
                  NGX_HTTP_WEIR_STR(name), arm ? " for arm \"" : "",
                  NGX_HTTP_WEIR_STR(ctx->decision.arm), arm ? "\"" : "");

    return weir_str("", 0);
}


ngx_int_t
ngx_http_weir_add_variables(ngx_conf_t *cf)
{
    ngx_str_t             name;
    ngx_uint_t            i;
    ngx_http_variable_t  *var;

    for (i = 0; i < NGX_HTTP_WEIR_NVARS; i++) {
        name = ngx_http_weir_vars[i];

        var = ngx_http_add_variable(cf, &name, 0);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_weir_variable;
        var->data = i;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_init_variables(ngx_cycle_t *cycle,
    ngx_http_core_main_conf_t *cmcf, ngx_http_weir_main_conf_t *wmcf)
{
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    wmcf->vars = ngx_palloc(cycle->pool,
                            NGX_HTTP_WEIR_NVARS * sizeof(ngx_int_t));
    wmcf->sent = ngx_palloc(cycle->pool,
                            (cmcf->variables.nelts + 1) * sizeof(ngx_int_t));

    if (wmcf->vars == NULL || wmcf->sent == NULL) {
        return NGX_ERROR;
    }

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (ngx_http_weir_begins(&v[i].name, "weir_")
            && wmcf->nvars < NGX_HTTP_WEIR_NVARS)
        {
            wmcf->vars[wmcf->nvars++] = i;
        }

        if (ngx_http_weir_is_sent(&v[i].name)
            && !ngx_http_weir_is_set(cmcf, &v[i].name))
        {
            wmcf->sent[wmcf->nsent++] = i;
        }
    }

    return NGX_OK;
}


/* Whether request headers are what a variable of nginx is made of. */
static ngx_uint_t
ngx_http_weir_is_sent(ngx_str_t *name)
{
    ngx_uint_t  i;
    weir_str_t  s;

    static const weir_str_t  others[] = {
        { "content_type", 12 }, { "remote_user", 11 },
        { "proxy_add_x_forwarded_for", 25 }
    };

    s = ngx_http_weir_str(name);

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {

        if (weir_str_eq(s, others[i])) {
            return 1;
        }
    }

    return ngx_http_weir_begins(name, "http_")
           || ngx_http_weir_begins(name, "cookie_");
}


/* By the configuration: such a one is its own, whatever the name. */
static ngx_uint_t
ngx_http_weir_is_set(ngx_http_core_main_conf_t *cmcf, ngx_str_t *name)
{
    ngx_http_variable_t  *v;

    v = ngx_hash_find(&cmcf->variables_hash,
                      ngx_hash_key(name->data, name->len), name->data,
                      name->len);

    return v != NULL && (v->flags & NGX_HTTP_VAR_CHANGEABLE);
}


static ngx_uint_t
ngx_http_weir_begins(ngx_str_t *name, const char *prefix)
{
    size_t  n;

    n = ngx_strlen(prefix);

    return name->len > n && ngx_strncmp(name->data, prefix, n) == 0;
}


void
ngx_http_weir_reset_variables(ngx_http_request_t *r)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    ngx_http_weir_forget(r, wmcf->vars, wmcf->nvars);
}


void
ngx_http_weir_reset_headers(ngx_http_request_t *r)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    ngx_http_weir_forget(r, wmcf->sent, wmcf->nsent);
}


static void
ngx_http_weir_forget(ngx_http_request_t *r, const ngx_int_t *vars,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        r->variables[vars[i]].valid = 0;
        r->variables[vars[i]].not_found = 0;
    }
}
