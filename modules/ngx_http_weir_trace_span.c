/*
 * ngx_http_weir_trace_span.c: a span as OTLP/JSON has it, with attributes by
 * the semantic conventions of OpenTelemetry and weir.* for the decision.
 *
 * Every value has its share of the bytes and is cut where it has more; what
 * the policy redacts in the audit log appears here as it does there.
 */

#include "ngx_http_weir_trace.h"
#include "base/digest.h"
#include "run/lookup.h"

/* what values take at most, and what the rest takes */
#define NGX_HTTP_WEIR_SPAN_TEXT  3300
#define NGX_HTTP_WEIR_SPAN_NAME  340        /* method and route */
#define NGX_HTTP_WEIR_SPAN_STATE 520        /* the trace's */
#define NGX_HTTP_WEIR_SPAN_REST  1900       /* names and braces */


/* name in code, name, name of what the policy may redact, share in bytes */
#define NGX_HTTP_WEIR_ATTRIBUTES(A)                                           \
    A(METHOD,   "http.request.method",          "request.method", 40)         \
    A(ORIGINAL, "http.request.method_original", "request.method", 40)         \
    A(ROUTE,    "http.route",                   "route.id",       260)        \
    A(PATH,     "url.path",                     "request.path",   920)        \
    A(SCHEME,   "url.scheme",                   "",               16)         \
    A(HOST,     "server.address",               "request.host",   264)        \
    A(CLIENT,   "client.address",               "source.ip",      80)         \
    A(AGENT,    "user_agent.original",          "",               300)        \
    A(PROTOCOL, "network.protocol.version",     "",               16)         \
    A(TENANT,   "weir.tenant",                  "tenant.id",      260)        \
    A(VERDICT,  "weir.verdict",                 "",               16)         \
    A(REASON,   "weir.reason",                  "",               40)         \
    A(RULE,     "weir.rule",                    "",               260)        \
    A(LIMIT,    "weir.limit",                   "",               260)        \
    A(SPLIT,    "weir.split",                   "",               120)        \
    A(ARM,      "weir.arm",                     "",               120)        \
    A(POLICY,   "weir.policy",                  "",               240)

typedef enum {
#define A(name, key, attr, max)  NGX_HTTP_WEIR_ATTRIBUTE_##name,
    NGX_HTTP_WEIR_ATTRIBUTES(A)
#undef A
    NGX_HTTP_WEIR_NATTRIBUTES
} ngx_http_weir_attribute_e;

enum {
    NGX_HTTP_WEIR_ATTRIBUTES_MAX = 0
#define A(name, key, attr, max)  + (max)
    NGX_HTTP_WEIR_ATTRIBUTES(A)
#undef A
};

_Static_assert((int) NGX_HTTP_WEIR_ATTRIBUTES_MAX <= NGX_HTTP_WEIR_SPAN_TEXT,
               "the shares are more than the span");
_Static_assert(NGX_HTTP_WEIR_SPAN_TEXT + NGX_HTTP_WEIR_SPAN_NAME
               + NGX_HTTP_WEIR_SPAN_STATE + NGX_HTTP_WEIR_SPAN_REST
               <= NGX_HTTP_WEIR_MAX_SPAN, "values and the rest are one span");
_Static_assert(NGX_HTTP_WEIR_NATTRIBUTES <= 32, "one bit each");

typedef struct {
    const char  *key;
    weir_str_t   attr;
    size_t       max;
} ngx_http_weir_attribute_t;

typedef struct {
    weir_str_t   text[NGX_HTTP_WEIR_NATTRIBUTES];
    u_char       hashed[NGX_HTTP_WEIR_NATTRIBUTES][WEIR_SHA256_LEN];
    char         client[WEIR_IP_STRLEN];
    u_char       policy[240];
} ngx_http_weir_attributes_t;


static void ngx_http_weir_attributes(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, ngx_http_weir_attributes_t *a);
static weir_str_t ngx_http_weir_version(ngx_http_request_t *r);
static weir_str_t ngx_http_weir_policy_text(ngx_http_weir_ctx_t *ctx,
    u_char *p, size_t size);
static u_char *ngx_http_weir_span_head(u_char *p, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const ngx_http_weir_attributes_t *a);
static u_char *ngx_http_weir_span_nanoseconds(u_char *p, int64_t ms);


static const ngx_http_weir_attribute_t  ngx_http_weir_attribute_table[] = {
#define A(name, key, attr, max)  { key, { attr, sizeof(attr) - 1 }, max },
    NGX_HTTP_WEIR_ATTRIBUTES(A)
#undef A
};


uint32_t
ngx_http_weir_span_redacted(const weir_image_t *img)
{
    uint32_t                          bits;
    ngx_uint_t                        i;
    const ngx_http_weir_attribute_t  *table;

    table = ngx_http_weir_attribute_table;
    bits = 0;

    if (img == NULL || img->policy->redact.count == 0) {
        return bits;
    }

    for (i = 0; i < NGX_HTTP_WEIR_NATTRIBUTES; i++) {

        if (table[i].attr.len && ngx_http_weir_redacts(img, table[i].attr)) {
            bits |= (uint32_t) 1 << i;
        }
    }

    return bits;
}


u_char *
ngx_http_weir_span_write(u_char *p, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx)
{
    ngx_uint_t                        i, status;
    ngx_http_weir_attributes_t        a;
    const ngx_http_weir_attribute_t  *table;

    table = ngx_http_weir_attribute_table;
    status = r->err_status ? r->err_status : r->headers_out.status;

    ngx_http_weir_describe(ctx);
    ngx_http_weir_attributes(r, ctx, &a);

    for (i = 0; i < NGX_HTTP_WEIR_NATTRIBUTES; i++) {

        if (ctx->span->redacted >> i & 1) {
            a.text[i] = ngx_http_weir_hashed(a.text[i], a.hashed[i]);
        }
    }

    p = ngx_http_weir_span_head(p, r, ctx, &a);
    p = ngx_sprintf(p, ",\"attributes\":[");

    for (i = 0; i < NGX_HTTP_WEIR_NATTRIBUTES; i++) {

        if (a.text[i].len) {
            p = ngx_sprintf(p, "{\"key\":\"%s\",\"value\":{\"stringValue\":",
                            table[i].key);
            p = ngx_http_weir_json(p, p + table[i].max, a.text[i]);
            p = ngx_cpymem(p, "}},", 3);
        }
    }

    /* 0: nothing was sent */

    if (status) {
        p = ngx_sprintf(p, "{\"key\":\"http.response.status_code\","
                        "\"value\":{\"intValue\":\"%ui\"}},", status);
    }

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        p = ngx_sprintf(p, "{\"key\":\"error.type\",\"value\":"
                        "{\"stringValue\":\"%ui\"}},", status);
    }

    /* in place of the last comma: there is a method */

    p[-1] = ']';

    return ngx_sprintf(p, ",\"status\":{%s}}",
                       status >= NGX_HTTP_INTERNAL_SERVER_ERROR
                       ? "\"code\":2" : "");
}


static void
ngx_http_weir_attributes(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx,
    ngx_http_weir_attributes_t *a)
{
    weir_str_t             *text;
    const weir_decision_t  *d;

    d = &ctx->decision;
    text = a->text;

    ngx_memzero(text, sizeof(a->text));

    if (weir_method_bit(ctx->req.method)) {
        text[NGX_HTTP_WEIR_ATTRIBUTE_METHOD] = ctx->req.method;

    } else {
        text[NGX_HTTP_WEIR_ATTRIBUTE_METHOD] = weir_string("_OTHER");
        text[NGX_HTTP_WEIR_ATTRIBUTE_ORIGINAL] = ctx->req.method;
    }

    text[NGX_HTTP_WEIR_ATTRIBUTE_ROUTE] = d->route;
    text[NGX_HTTP_WEIR_ATTRIBUTE_PATH] = ctx->path.len ? ctx->path
                                                       : ctx->req.path;
    text[NGX_HTTP_WEIR_ATTRIBUTE_SCHEME] = ngx_http_weir_scheme(r);
    text[NGX_HTTP_WEIR_ATTRIBUTE_HOST] = ctx->host.len ? ctx->host
                                                       : ctx->req.host;
    text[NGX_HTTP_WEIR_ATTRIBUTE_CLIENT] =
        weir_str(a->client, weir_ip_print(&ctx->req.source, a->client));
    text[NGX_HTTP_WEIR_ATTRIBUTE_AGENT] =
        ngx_http_weir_header(ctx, weir_string("user-agent"), 0);
    text[NGX_HTTP_WEIR_ATTRIBUTE_PROTOCOL] = ngx_http_weir_version(r);
    text[NGX_HTTP_WEIR_ATTRIBUTE_TENANT] = d->tenant;
    text[NGX_HTTP_WEIR_ATTRIBUTE_VERDICT] =
        d->verdict == WEIR_ALLOW ? weir_string("allow")
        : ctx->refused ? weir_string("deny") : weir_string("dry_run");
    text[NGX_HTTP_WEIR_ATTRIBUTE_REASON] =
        weir_cstr(weir_reason_name(d->reason));
    text[NGX_HTTP_WEIR_ATTRIBUTE_RULE] = d->rule;
    text[NGX_HTTP_WEIR_ATTRIBUTE_LIMIT] = d->limit;
    text[NGX_HTTP_WEIR_ATTRIBUTE_SPLIT] = d->split;
    text[NGX_HTTP_WEIR_ATTRIBUTE_ARM] = d->arm;
    text[NGX_HTTP_WEIR_ATTRIBUTE_POLICY] =
        ngx_http_weir_policy_text(ctx, a->policy, sizeof(a->policy));
}


static weir_str_t
ngx_http_weir_version(ngx_http_request_t *r)
{
    if (r->http_version >= 3000) {
        return weir_string("3");
    }

    if (r->http_version >= 2000) {
        return weir_string("2");
    }

    return r->http_version == NGX_HTTP_VERSION_11 ? weir_string("1.1")
           : r->http_version == NGX_HTTP_VERSION_10 ? weir_string("1.0")
           : weir_string("0.9");
}


/* As $weir_policy. */
static weir_str_t
ngx_http_weir_policy_text(ngx_http_weir_ctx_t *ctx, u_char *p, size_t size)
{
    u_char  *last;

    if (ctx->generation == 0) {
        return weir_str("", 0);
    }

    last = ctx->has_serial
           ? ngx_snprintf(p, size, "%*s/%uL/%uL",
                          NGX_HTTP_WEIR_STR(ctx->policy), ctx->serial,
                          ctx->generation)
           : ngx_snprintf(p, size, "%*s/-/%uL", NGX_HTTP_WEIR_STR(ctx->policy),
                          ctx->generation);

    return weir_str((char *) p, (size_t) (last - p));
}


static u_char *
ngx_http_weir_span_head(u_char *p, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx, const ngx_http_weir_attributes_t *a)
{
    char                    name[NGX_HTTP_WEIR_SPAN_NAME];
    int64_t                 start, end;
    weir_str_t              method, route;
    ngx_time_t             *tp;
    ngx_http_weir_span_t   *span;

    span = ctx->span;

    tp = ngx_timeofday();

    start = (int64_t) r->start_sec * 1000 + (int64_t) r->start_msec;
    end = (int64_t) tp->sec * 1000 + (int64_t) tp->msec;

    p = ngx_sprintf(p, "{\"traceId\":\"%*s\",\"spanId\":\"%*s\"",
                    NGX_HTTP_WEIR_STR(span->trace_id),
                    NGX_HTTP_WEIR_STR(span->id));

    if (span->parent.len) {
        p = ngx_sprintf(p, ",\"parentSpanId\":\"%*s\"",
                        NGX_HTTP_WEIR_STR(span->parent));
    }

    if (span->state.len) {
        p = ngx_sprintf(p, ",\"traceState\":");
        p = ngx_http_weir_json(p, p + NGX_HTTP_WEIR_SPAN_STATE, span->state);
    }

    method = a->text[NGX_HTTP_WEIR_ATTRIBUTE_ORIGINAL].len
             ? weir_string("HTTP") : a->text[NGX_HTTP_WEIR_ATTRIBUTE_METHOD];
    route = a->text[NGX_HTTP_WEIR_ATTRIBUTE_ROUTE];

    method.len = ngx_snprintf((u_char *) name, sizeof(name), "%*s%s%*s",
                              NGX_HTTP_WEIR_STR(method), route.len ? " " : "",
                              NGX_HTTP_WEIR_STR(route))
                 - (u_char *) name;

    p = ngx_sprintf(p, ",\"name\":");
    p = ngx_http_weir_json(p, p + NGX_HTTP_WEIR_SPAN_NAME,
                           weir_str(name, method.len));

    p = ngx_sprintf(p, ",\"kind\":2,\"startTimeUnixNano\":");
    p = ngx_http_weir_span_nanoseconds(p, start);
    p = ngx_sprintf(p, ",\"endTimeUnixNano\":");

    /* a clock may be set back */

    return ngx_http_weir_span_nanoseconds(p, ngx_max(start, end));
}


static u_char *
ngx_http_weir_span_nanoseconds(u_char *p, int64_t ms)
{
    return ngx_sprintf(p, "\"%L000000\"", ms);
}
