/*
 * ngx_http_weir_audit.c: decisions as JSON lines.
 *
 * A line is one write of less than 4 KiB.  Every value has its share of it
 * and is cut where it has more; what the policy redacts appears as the first
 * half of its SHA-256.
 */

#include "ngx_http_weir.h"
#include "base/digest.h"
#include "base/hash.h"

#define NGX_HTTP_WEIR_LINE       4096

/* what values take at most, and what the rest takes */
#define NGX_HTTP_WEIR_LINE_TEXT  2900
#define NGX_HTTP_WEIR_LINE_REST  1040
#define NGX_HTTP_WEIR_LINE_LIMIT 260        /* of it, its id */
#define NGX_HTTP_WEIR_LINE_ARM   120        /* its name, and the split's */

/* seconds between two lines of the error log about a log that fails */
#define NGX_HTTP_WEIR_COMPLAIN   60


struct ngx_http_weir_audit_s {
    ngx_open_file_t    *file;           /* or */
    ngx_syslog_peer_t  *syslog;
    time_t              complained;     /* this worker */
};


/* key, name of what the policy may redact, share of the line in bytes */
#define NGX_HTTP_WEIR_FIELDS(F)                                               \
    F(REQUEST_ID, "request_id", "request.id",     80)                         \
    F(TRACE_ID,   "trace_id",   "trace.id",       80)                         \
    F(TENANT,     "tenant",     "tenant.id",      260)                        \
    F(ROUTE,      "route",      "route.id",       260)                        \
    F(SUBJECT,    "subject",    "principal.sub",  280)                        \
    F(VERDICT,    "verdict",    "",               16)                         \
    F(REASON,     "reason",     "",               40)                         \
    F(DETAIL,     "detail",     "",               160)                        \
    F(RULE,       "rule",       "",               260)                        \
    F(POLICY,     "policy",     "",               160)                        \
    F(METHOD,     "method",     "request.method", 40)                         \
    F(HOST,       "host",       "request.host",   264)                        \
    F(PATH,       "path",       "request.path",   920)                        \
    F(SOURCE,     "source",     "source.ip",      80)

typedef enum {
#define F(name, key, attr, max)  NGX_HTTP_WEIR_FIELD_##name,
    NGX_HTTP_WEIR_FIELDS(F)
#undef F
    NGX_HTTP_WEIR_NFIELDS
} ngx_http_weir_field_e;

enum {
    NGX_HTTP_WEIR_FIELDS_MAX = 0
#define F(name, key, attr, max)  + (max)
    NGX_HTTP_WEIR_FIELDS(F)
#undef F
};

_Static_assert((int) NGX_HTTP_WEIR_FIELDS_MAX <= NGX_HTTP_WEIR_LINE_TEXT,
               "the shares are more than the line");
_Static_assert(NGX_HTTP_WEIR_LINE_TEXT + NGX_HTTP_WEIR_LINE_REST
               <= NGX_HTTP_WEIR_LINE, "values and the rest are one line");

typedef struct {
    const char  *key;
    weir_str_t   attr;
    size_t       max;
} ngx_http_weir_field_t;

typedef struct {
    weir_str_t   text[NGX_HTTP_WEIR_NFIELDS];
    char         source[WEIR_IP_STRLEN];
} ngx_http_weir_values_t;


static WEIR_SELDOM void ngx_http_weir_record(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, ngx_http_weir_audit_t *audit);
static ngx_uint_t ngx_http_weir_sampled(ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_values(ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_values_t *v);
static u_char *ngx_http_weir_line(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, u_char *p);
static u_char *ngx_http_weir_time(u_char *p);
static u_char *ngx_http_weir_field(ngx_http_weir_ctx_t *ctx,
    const ngx_http_weir_field_t *field, weir_str_t text, u_char *p);
static ngx_uint_t ngx_http_weir_redacted(ngx_http_weir_ctx_t *ctx,
    const ngx_http_weir_field_t *field);
static void ngx_http_weir_write(ngx_http_request_t *r,
    ngx_http_weir_audit_t *audit, u_char *line, size_t len);


static const ngx_http_weir_field_t  ngx_http_weir_fields[] = {
#define F(name, key, attr, max)  { key, { attr, sizeof(attr) - 1 }, max },
    NGX_HTTP_WEIR_FIELDS(F)
#undef F
};


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
    u_char  *p, *start;

    /* the header that syslog wants: priority, time, host, tag */
    u_char  line[NGX_HTTP_WEIR_LINE + 512];

    ngx_http_weir_describe(ctx);

    start = line;

    if (audit->syslog) {
        start = ngx_syslog_add_header(audit->syslog, line);
    }

    p = ngx_http_weir_line(r, ctx, start);

    if (!audit->syslog) {
        *p++ = LF;
    }

    ngx_http_weir_write(r, audit, line, p - line);
}


/* By the id of the request, so that every log of it says the same. */
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

    return weir_hash(ngx_http_weir_request_id(ctx), 0) % 10000 < share;
}


static void
ngx_http_weir_values(ngx_http_weir_ctx_t *ctx, ngx_http_weir_values_t *v)
{
    size_t            len;
    weir_str_t       *text;
    weir_decision_t  *d;

    d = &ctx->decision;
    text = v->text;

    text[NGX_HTTP_WEIR_FIELD_REQUEST_ID] = ngx_http_weir_request_id(ctx);
    text[NGX_HTTP_WEIR_FIELD_TRACE_ID] = ngx_http_weir_trace_id(ctx);
    text[NGX_HTTP_WEIR_FIELD_TENANT] = d->tenant;
    text[NGX_HTTP_WEIR_FIELD_ROUTE] = d->route;
    text[NGX_HTTP_WEIR_FIELD_SUBJECT] = d->subject;
    text[NGX_HTTP_WEIR_FIELD_VERDICT] = d->verdict == WEIR_ALLOW
                                        ? weir_string("allow")
                                        : weir_string("deny");
    text[NGX_HTTP_WEIR_FIELD_REASON] = weir_cstr(weir_reason_name(d->reason));
    text[NGX_HTTP_WEIR_FIELD_DETAIL] = weir_cstr(d->detail ? d->detail : "");
    text[NGX_HTTP_WEIR_FIELD_RULE] = d->rule;
    text[NGX_HTTP_WEIR_FIELD_POLICY] = ctx->policy;
    text[NGX_HTTP_WEIR_FIELD_METHOD] = ctx->req.method;
    text[NGX_HTTP_WEIR_FIELD_HOST] = ctx->host.len ? ctx->host
                                                   : ctx->req.host;
    text[NGX_HTTP_WEIR_FIELD_PATH] = ctx->path.len ? ctx->path
                                                   : ctx->req.path;

    len = weir_ip_print(&ctx->req.source, v->source);

    text[NGX_HTTP_WEIR_FIELD_SOURCE] = weir_str(v->source, len);
}


static u_char *
ngx_http_weir_line(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx, u_char *p)
{
    ngx_uint_t              i, status;
    ngx_http_weir_values_t  v;

    ngx_http_weir_values(ctx, &v);

    p = ngx_cpymem(p, "{\"time\":", sizeof("{\"time\":") - 1);
    p = ngx_http_weir_time(p);

    for (i = 0; i < NGX_HTTP_WEIR_NFIELDS; i++) {
        p = ngx_http_weir_field(ctx, &ngx_http_weir_fields[i], v.text[i], p);
    }

    p = ngx_sprintf(p, ",\"generation\":%uL", ctx->generation);

    if (ctx->has_serial) {
        p = ngx_sprintf(p, ",\"serial\":%uL", ctx->serial);
    }

    if (ctx->decision.errors) {
        p = ngx_sprintf(p, ",\"errors\":%ui",
                        (ngx_uint_t) ctx->decision.errors);
    }

    if (ctx->decision.dry_denied) {
        p = ngx_sprintf(p, ",\"dry_denied\":%ui",
                        (ngx_uint_t) ctx->decision.dry_denied);
    }

    if (ctx->decision.dry_limited) {
        p = ngx_sprintf(p, ",\"dry_limited\":%ui",
                        (ngx_uint_t) ctx->decision.dry_limited);
    }

    if (ctx->decision.arm.len) {
        p = ngx_sprintf(p, ",\"split\":");
        p = ngx_http_weir_json(p, p + NGX_HTTP_WEIR_LINE_ARM,
                               ctx->decision.split);
        p = ngx_sprintf(p, ",\"arm\":");
        p = ngx_http_weir_json(p, p + NGX_HTTP_WEIR_LINE_ARM,
                               ctx->decision.arm);
    }

    if (ctx->decision.limit.len) {
        p = ngx_sprintf(p, ",\"limit\":");
        p = ngx_http_weir_json(p, p + NGX_HTTP_WEIR_LINE_LIMIT,
                               ctx->decision.limit);
        p = ngx_sprintf(p, ",\"remaining\":%uL", ctx->decision.left);
    }

    if (ctx->decision.retry_after) {
        p = ngx_sprintf(p, ",\"retry_after\":%ui",
                        (ngx_uint_t) ctx->decision.retry_after);
    }

    if (ctx->decision.verdict == WEIR_DENY && !ctx->refused) {
        p = ngx_sprintf(p, ",\"dry_run\":true,\"would_be\":%ui",
                        (ngx_uint_t) ctx->decision.status);
    }

    status = r->err_status ? r->err_status : r->headers_out.status;

    return ngx_sprintf(p, ",\"status\":%ui}", status);
}


/* RFC 3339, in UTC, to the millisecond */
static u_char *
ngx_http_weir_time(u_char *p)
{
    ngx_tm_t     tm;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    return ngx_sprintf(p, "\"%4d-%02d-%02dT%02d:%02d:%02d.%03MZ\"",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                       tp->msec);
}


static u_char *
ngx_http_weir_field(ngx_http_weir_ctx_t *ctx,
    const ngx_http_weir_field_t *field, weir_str_t text, u_char *p)
{
    u_char   *end;
    uint8_t   digest[WEIR_SHA256_LEN];
    u_char    hex[WEIR_SHA256_LEN];

    p = ngx_sprintf(p, ",\"%s\":", field->key);
    end = p + field->max;

    if (text.len && ngx_http_weir_redacted(ctx, field)) {

        if (weir_sha256(text, digest) == WEIR_OK) {
            ngx_hex_dump(hex, digest, WEIR_SHA256_LEN / 2);
            text = weir_str((char *) hex, WEIR_SHA256_LEN);

        } else {
            text = weir_string("redacted");
        }
    }

    return ngx_http_weir_json(p, end, text);
}


static ngx_uint_t
ngx_http_weir_redacted(ngx_http_weir_ctx_t *ctx,
    const ngx_http_weir_field_t *field)
{
    uint32_t             i;
    weir_str_t           name;
    weir_range_t         redact;
    const weir_image_t  *img;

    img = ctx->pin.image;

    if (img == NULL || field->attr.len == 0) {
        return 0;
    }

    redact = img->policy->redact;

    for (i = 0; i < redact.count; i++) {
        name = weir_img_str(img, WEIR_REC(img, REFS)[redact.first + i]);

        if (weir_str_eq(name, field->attr)) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_weir_write(ngx_http_request_t *r, ngx_http_weir_audit_t *audit,
    u_char *line, size_t len)
{
    ssize_t                     n;
    ngx_err_t                   err;
    ngx_http_weir_main_conf_t  *wmcf;

    if (audit->syslog) {
        n = ngx_syslog_send(audit->syslog, line, len);

    } else {
        n = ngx_write_fd(audit->file->fd, line, len);
    }

    if (n == (ssize_t) len) {
        return;
    }

    err = (n == -1) ? ngx_errno : 0;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    ngx_http_weir_count(wmcf, AUDIT_ERRORS, 1);

    if (ngx_time() - audit->complained < NGX_HTTP_WEIR_COMPLAIN) {
        return;
    }

    audit->complained = ngx_time();

    ngx_log_error(NGX_LOG_ERR, r->connection->log, err,
                  "weir: the audit log lost a line: %z of %uz bytes were "
                  "written; not said again for %d seconds",
                  n, len, NGX_HTTP_WEIR_COMPLAIN);
}


char *
ngx_http_weir_set_audit_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_srv_conf_t *wscf = conf;

    ngx_str_t              *value;
    ngx_http_weir_audit_t  *audit;

    if (wscf->audit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wscf->audit = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        return "needs a file, \"syslog:\" or \"off\"";
    }

    audit = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_audit_t));
    if (audit == NULL) {
        return NGX_CONF_ERROR;
    }

    wscf->audit = audit;

    if (ngx_strncmp(value[1].data, "syslog:", 7) == 0) {

        audit->syslog = ngx_pcalloc(cf->pool, sizeof(ngx_syslog_peer_t));
        if (audit->syslog == NULL) {
            return NGX_CONF_ERROR;
        }

        return ngx_syslog_process_conf(cf, audit->syslog);
    }

    audit->file = ngx_conf_open_file(cf->cycle, &value[1]);

    return audit->file ? NGX_CONF_OK : NGX_CONF_ERROR;
}
