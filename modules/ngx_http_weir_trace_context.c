/*
 * ngx_http_weir_trace_context.c: the place of a request in its trace, by W3C
 * Trace Context, level 1.
 *
 * A traceparent that is not strictly one, or that is there twice, is none,
 * and takes its tracestate with it: the trace begins here.
 */

#include "ngx_http_weir_trace.h"
#include "base/hash.h"

#define NGX_HTTP_WEIR_MAX_STATE    512          /* of a tracestate */

/* seeds of hashes of ids; any two that differ */
#define NGX_HTTP_WEIR_SEED_SPAN    0x7370616e
#define NGX_HTTP_WEIR_SEED_SAMPLE  0


static weir_str_t ngx_http_weir_sent_traceparent(ngx_http_weir_ctx_t *ctx);
static ngx_uint_t ngx_http_weir_is_traceparent(weir_str_t s);
static ngx_uint_t ngx_http_weir_is_id(const char *p, size_t n);
static ngx_uint_t ngx_http_weir_is_hex(const char *p, size_t n);
static weir_str_t ngx_http_weir_sent_tracestate(ngx_http_weir_ctx_t *ctx);
static ngx_int_t ngx_http_weir_trace_headers(ngx_http_request_t *r,
    ngx_http_weir_span_t *span);


weir_str_t
ngx_http_weir_trace_id(ngx_http_weir_ctx_t *ctx)
{
    weir_str_t  s;

    if (ctx->span) {
        return ctx->span->trace_id;
    }

    s = ngx_http_weir_sent_traceparent(ctx);

    return s.len ? weir_str(s.data + 3, 32) : ngx_http_weir_request_id(ctx);
}


weir_str_t
ngx_http_weir_span_id(ngx_http_weir_ctx_t *ctx)
{
    return ctx->span ? ctx->span->id : weir_str("", 0);
}


weir_str_t
ngx_http_weir_traceparent(ngx_http_weir_ctx_t *ctx)
{
    return ctx->span ? weir_str(ctx->span->traceparent,
                                NGX_HTTP_WEIR_TRACEPARENT)
                     : weir_str("", 0);
}


/*
 * The id of the request is 128 random bits, the trace's id where the client
 * has none, and what the span's is a hash of.
 */
ngx_int_t
ngx_http_weir_trace_begin(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    uint64_t                         hash;
    weir_str_t                       id, sent, trace;
    ngx_http_weir_span_t            *span;
    ngx_http_weir_trace_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_weir_trace_module);

    if (!tlcf->on || ctx->span) {
        return NGX_OK;
    }

    id = ngx_http_weir_request_id(ctx);
    sent = ngx_http_weir_sent_traceparent(ctx);
    trace = sent.len ? weir_str(sent.data + 3, 32) : id;

    span = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_span_t));

    if (span == NULL || trace.len != 32 || !ngx_http_weir_is_id(trace.data, 32))
    {
        return NGX_ERROR;
    }

    if (sent.len) {
        span->parent = weir_str(sent.data + 36, 16);
        span->state = ngx_http_weir_sent_tracestate(ctx);
    }

    if (sent.len && tlcf->trust) {
        span->sampled = ngx_hextoi((u_char *) sent.data + 53, 2) & 1;

    } else {
        hash = weir_mix(weir_hash(trace, NGX_HTTP_WEIR_SEED_SAMPLE));
        span->sampled = hash % NGX_HTTP_WEIR_SAMPLES < tlcf->sample;
    }

    if (span->sampled) {
        span->redacted = ngx_http_weir_span_redacted(ctx->pin.image);
    }

    hash = weir_mix(weir_hash(id, NGX_HTTP_WEIR_SEED_SPAN));

    (void) ngx_sprintf((u_char *) span->traceparent, "00-%*s-%016xL-%02xd",
                       NGX_HTTP_WEIR_STR(trace), hash ? hash : 1,
                       span->sampled);

    span->trace_id = weir_str(span->traceparent + 3, 32);
    span->id = weir_str(span->traceparent + 36, 16);

    ctx->span = span;

    return ngx_http_weir_trace_headers(r, span);
}


void
ngx_http_weir_trace_ended(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_main_conf_t  *wmcf;

    if (ctx->span == NULL || !ctx->span->sampled) {
        return;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    if (wmcf->trace) {
        ngx_http_weir_trace_export(wmcf->trace, r, ctx);
    }
}


/* The only one, and well-formed; else empty. */
static weir_str_t
ngx_http_weir_sent_traceparent(ngx_http_weir_ctx_t *ctx)
{
    weir_str_t  s, name;

    name = weir_string("traceparent");
    s = ngx_http_weir_header(ctx, name, 0);

    return ngx_http_weir_is_traceparent(s)
           && ngx_http_weir_header(ctx, name, 1).data == NULL
           ? s : weir_str("", 0);
}


/* W3C Trace Context, 3.2: a later version may have more behind a dash. */
static ngx_uint_t
ngx_http_weir_is_traceparent(weir_str_t s)
{
    const char  *p;

    p = s.data;

    if (s.len < 55 || p[2] != '-' || p[35] != '-' || p[52] != '-') {
        return 0;
    }

    if (!ngx_http_weir_is_hex(p, 2)
        || !ngx_http_weir_is_id(p + 3, 32)
        || !ngx_http_weir_is_id(p + 36, 16)
        || !ngx_http_weir_is_hex(p + 53, 2))
    {
        return 0;
    }

    if (s.len > 55 && (ngx_strncmp(p, "00", 2) == 0 || p[55] != '-')) {
        return 0;
    }

    return ngx_strncmp(p, "ff", 2) != 0;
}


/* Not all zero. */
static ngx_uint_t
ngx_http_weir_is_id(const char *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n && p[i] == '0'; i++) {
        /* void */
    }

    return i < n && ngx_http_weir_is_hex(p, n);
}


static ngx_uint_t
ngx_http_weir_is_hex(const char *p, size_t n)
{
    while (n--) {
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'))) {
            return 0;
        }

        p++;
    }

    return 1;
}


/* For the span: one of reasonable length; upstreams get all that was sent. */
static weir_str_t
ngx_http_weir_sent_tracestate(ngx_http_weir_ctx_t *ctx)
{
    weir_str_t  s, name;

    name = weir_string("tracestate");
    s = ngx_http_weir_header(ctx, name, 0);

    return s.data && s.len <= NGX_HTTP_WEIR_MAX_STATE
           && ngx_http_weir_header(ctx, name, 1).data == NULL
           ? s : weir_str("", 0);
}


/* Before transforms: those of the policy have the last word. */
static ngx_int_t
ngx_http_weir_trace_headers(ngx_http_request_t *r, ngx_http_weir_span_t *span)
{
    ngx_http_weir_reset_headers(r);

    if (span->parent.len == 0
        && ngx_http_weir_header_remove(r, weir_string("tracestate")) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_weir_header_set(r, weir_string("traceparent"),
                                    weir_str(span->traceparent,
                                             NGX_HTTP_WEIR_TRACEPARENT));
}
