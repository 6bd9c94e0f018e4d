/*
 * ngx_http_weir_audit.c: weir_audit_log, its decisions, and how a line is
 * written.
 */

#include "ngx_http_weir_audit.h"

/* seconds between two lines of the error log about a log that fails */
#define NGX_HTTP_WEIR_COMPLAIN  60

/* ms without another try, of syslog: nginx logs each that fails */
#define NGX_HTTP_WEIR_PAUSE     1000


static WEIR_SELDOM void ngx_http_weir_record(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, ngx_http_weir_audit_t *audit);
static ngx_uint_t ngx_http_weir_sampled(ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_line_request(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_line_t *line);
static void ngx_http_weir_line_outcome(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, ngx_http_weir_line_t *line);
static ssize_t ngx_http_weir_audit_send(ngx_http_weir_audit_t *audit,
    u_char *bytes, size_t len);
static ngx_int_t ngx_http_weir_audit_open(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_weir_audit_t *audit);
static ngx_uint_t ngx_http_weir_audit_same(const ngx_http_weir_audit_t *a,
    const ngx_http_weir_audit_t *b);


void
ngx_http_weir_audit(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_srv_conf_t  *wscf;

    wscf = ngx_http_get_module_srv_conf(r, ngx_http_weir_module);

    if (wscf->audit && ngx_http_weir_sampled(ctx)) {
        ngx_http_weir_record(r, ctx, wscf->audit);
    }
}


static WEIR_SELDOM void
ngx_http_weir_record(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_audit_t *audit)
{
    ngx_http_weir_line_t  line;

    ngx_http_weir_describe(ctx);

    ngx_http_weir_line_begin(&line, audit, ctx->pin.image,
                             NGX_HTTP_WEIR_EVENT_DECISION, !ctx->refused);
    ngx_http_weir_line_request(ctx, &line);
    ngx_http_weir_line_outcome(r, ctx, &line);

    ngx_http_weir_audit_write(ngx_http_get_module_main_conf(r,
                                                        ngx_http_weir_module),
                              audit, &line);
}


/* By lot: the id of a request is dear, and most are not logged. */
static ngx_uint_t
ngx_http_weir_sampled(ngx_http_weir_ctx_t *ctx)
{
    uint32_t             share;
    const weir_image_t  *img;

    img = ctx->pin.image;

    if (img == NULL) {
        return 1;
    }

    share = ctx->decision.verdict == WEIR_ALLOW ? img->policy->audit_allow
                                                : img->policy->audit_deny;

    if (share == 0 || share >= 10000) {
        return share != 0;
    }

    return (uint32_t) ngx_random() % 10000 < share;
}


static void
ngx_http_weir_line_request(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_line_t *line)
{
    char              source[WEIR_IP_STRLEN];
    ngx_uint_t        i;
    weir_decision_t  *d;

    d = &ctx->decision;

    const struct {
        ngx_http_weir_field_e  field;
        weir_str_t             text;
    } texts[] = {
        { NGX_HTTP_WEIR_FIELD_REQUEST_ID, ngx_http_weir_request_id(ctx) },
        { NGX_HTTP_WEIR_FIELD_TRACE_ID, ngx_http_weir_trace_id(ctx) },
        { NGX_HTTP_WEIR_FIELD_SPAN_ID, ngx_http_weir_span_id(ctx) },
        { NGX_HTTP_WEIR_FIELD_TENANT, d->tenant },
        { NGX_HTTP_WEIR_FIELD_ROUTE, d->route },
        { NGX_HTTP_WEIR_FIELD_SUBJECT, d->subject },
        { NGX_HTTP_WEIR_FIELD_VERDICT, d->verdict == WEIR_ALLOW
                                       ? weir_string("allow")
                                       : weir_string("deny") },
        { NGX_HTTP_WEIR_FIELD_REASON,
          weir_cstr(weir_reason_name(d->reason)) },
        { NGX_HTTP_WEIR_FIELD_DETAIL, weir_cstr(d->detail ? d->detail : "") },
        { NGX_HTTP_WEIR_FIELD_RULE, d->rule },
        { NGX_HTTP_WEIR_FIELD_POLICY, ctx->policy },
        { NGX_HTTP_WEIR_FIELD_METHOD, ctx->req.method },
        { NGX_HTTP_WEIR_FIELD_HOST, ctx->host.len ? ctx->host
                                                  : ctx->req.host },
        { NGX_HTTP_WEIR_FIELD_PATH, ctx->path.len ? ctx->path
                                                  : ctx->req.path },
        { NGX_HTTP_WEIR_FIELD_SOURCE,
          weir_str(source, weir_ip_print(&ctx->req.source, source)) }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ngx_http_weir_line_text(line, texts[i].field, texts[i].text);
    }
}


static void
ngx_http_weir_line_outcome(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_line_t *line)
{
    weir_decision_t  *d;

    d = &ctx->decision;

    ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_GENERATION,
                              ctx->generation);

    if (ctx->has_serial) {
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_SERIAL,
                                  ctx->serial);
    }

    if (d->errors) {
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_ERRORS, d->errors);
    }

    if (d->dry_denied) {
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_DRY_DENIED,
                                  d->dry_denied);
    }

    if (d->dry_limited) {
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_DRY_LIMITED,
                                  d->dry_limited);
    }

    if (d->arm.len) {
        ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_SPLIT, d->split);
        ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_ARM, d->arm);
    }

    if (d->limit.len) {
        ngx_http_weir_line_text(line, NGX_HTTP_WEIR_FIELD_LIMIT, d->limit);
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_REMAINING,
                                  d->left);
    }

    if (d->retry_after) {
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_RETRY_AFTER,
                                  d->retry_after);
    }

    if (d->verdict == WEIR_DENY && !ctx->refused) {
        ngx_http_weir_line_true(line, NGX_HTTP_WEIR_FIELD_DRY_RUN);
        ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_WOULD_BE,
                                  d->status);
    }

    ngx_http_weir_line_number(line, NGX_HTTP_WEIR_FIELD_STATUS,
                              r->err_status ? r->err_status
                                            : r->headers_out.status);
}


/*
 * Not to the log of a request: that would say what the client sent, query and
 * all.
 */
void
ngx_http_weir_audit_write(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_audit_t *audit, ngx_http_weir_line_t *line)
{
    size_t     len;
    ssize_t    n;
    ngx_err_t  err;

    *line->p++ = '}';

    if (audit->syslog == NULL) {
        *line->p++ = LF;
    }

    len = (size_t) (line->p - line->bytes);
    n = ngx_http_weir_audit_send(audit, line->bytes, len);

    if (n == (ssize_t) len) {
        audit->torn = 0;
        ngx_http_weir_count(wmcf, AUDIT_LINES, 1);
        return;
    }

    err = (n == -1) ? ngx_errno : 0;

    if (n > 0 && audit->syslog == NULL) {
        audit->torn = 1;
    }

    ngx_http_weir_count(wmcf, AUDIT_ERRORS, 1);

    if (audit->complained
        && ngx_time() - audit->complained < NGX_HTTP_WEIR_COMPLAIN)
    {
        return;
    }

    audit->complained = ngx_time();

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                  "weir: the audit log \"%V\" lost a line: %z of %uz bytes "
                  "were written; not said again for %d seconds",
                  &audit->name, n, len, NGX_HTTP_WEIR_COMPLAIN);
}


/*
 * An error of a socket may be about what was sent before, to a server that is
 * back: the second attempt is on a new one.
 */
static ssize_t
ngx_http_weir_audit_send(ngx_http_weir_audit_t *audit, u_char *bytes,
    size_t len)
{
    ssize_t     n;
    ngx_uint_t  connected;

    if (audit->syslog == NULL) {
        return ngx_write_fd(audit->file->fd, bytes, len);
    }

    if (audit->paused
        && (ngx_msec_int_t) (ngx_current_msec - audit->retry) < 0)
    {
        ngx_set_errno(0);
        return NGX_ERROR;
    }

    audit->paused = 0;

    connected = (audit->syslog->conn.fd != (ngx_socket_t) -1);
    n = ngx_syslog_send(audit->syslog, bytes, len);

    if (n == NGX_ERROR && connected
        && audit->syslog->conn.fd == (ngx_socket_t) -1)
    {
        n = ngx_syslog_send(audit->syslog, bytes, len);
    }

    if (n == NGX_ERROR) {
        audit->paused = 1;
        audit->retry = ngx_current_msec + NGX_HTTP_WEIR_PAUSE;
    }

    return n;
}


char *
ngx_http_weir_set_audit_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_srv_conf_t *wscf = conf;

    ngx_str_t                  *value;
    ngx_uint_t                  ecs;
    ngx_http_weir_audit_t      *audit, *known;
    ngx_http_weir_main_conf_t  *wmcf;

    if (wscf->audit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    ecs = cf->args->nelts == 3 && ngx_strcmp(value[2].data, "format=ecs") == 0;

    if (cf->args->nelts == 3 && !ecs
        && ngx_strcmp(value[2].data, "format=json") != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wscf->audit = NULL;
        return cf->args->nelts == 3 ? "is \"off\" and has no format"
                                    : NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        return "needs a file, \"syslog:\" or \"off\"";
    }

    audit = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_audit_t));

    if (audit == NULL
        || ngx_http_weir_audit_open(cf, &value[1], audit) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    audit->ecs = ecs;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);

    for (known = wmcf->audits; known; known = known->next) {

        if (ngx_http_weir_audit_same(known, audit)) {
            wscf->audit = known;
            return known->ecs == ecs ? NGX_CONF_OK
                                     : "has another format for this log "
                                       "elsewhere";
        }
    }

    audit->next = wmcf->audits;
    wmcf->audits = audit;
    wscf->audit = audit;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_weir_audit_open(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_weir_audit_t *audit)
{
    if (ngx_strncmp(value->data, "syslog:", 7) != 0) {
        audit->name = *value;
        audit->file = ngx_conf_open_file(cf->cycle, value);

        return audit->file ? NGX_OK : NGX_ERROR;
    }

    /* nginx takes the value apart where it lies */

    audit->name.len = value->len;
    audit->name.data = ngx_pstrdup(cf->pool, value);
    audit->syslog = ngx_pcalloc(cf->pool, sizeof(ngx_syslog_peer_t));

    if (audit->name.data == NULL || audit->syslog == NULL) {
        return NGX_ERROR;
    }

    return ngx_syslog_process_conf(cf, audit->syslog) == NGX_CONF_OK
           ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_http_weir_audit_same(const ngx_http_weir_audit_t *a,
    const ngx_http_weir_audit_t *b)
{
    if (a->file || b->file) {
        return a->file == b->file;
    }

    return a->name.len == b->name.len
           && ngx_memcmp(a->name.data, b->name.data, a->name.len) == 0;
}
