/*
 * ngx_http_weir_trace_context.c: the place of a request in its trace, by W3C
 * Trace Context, level 1.
 *
 * A traceparent that is not strictly one, or that is there twice, is none,
 * and takes its tracestate with it: the trace begins here.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_trace.h"
#include "base/hash.h"
#include "run/siphash.h"

#define NGX_HTTP_WEIR_MAX_STATE    512          /* of a tracestate */



static void ngx_http_weir_trace_draw(ngx_http_weir_main_conf_t *wmcf,
    uint64_t id[2]);
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


ngx_int_t
ngx_http_weir_trace_begin(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    u_char                          *p;
    uint64_t                         id[2], trace[2];
    weir_str_t                       sent;
    ngx_http_weir_span_t            *span;
    ngx_http_weir_main_conf_t       *wmcf;
    ngx_http_weir_trace_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_weir_trace_module);

    if (!tlcf->on || ctx->span) {
        return NGX_OK;
    }

    span = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_span_t));
    if (span == NULL) {
        return NGX_ERROR;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    sent = ngx_http_weir_sent_traceparent(ctx);

    p = ngx_cpymem(span->traceparent, "00-", 3);

    if (sent.len) {
        p = ngx_cpymem(p, sent.data + 3, 32);

        span->parent = weir_str(sent.data + 36, 16);
        span->state = ngx_http_weir_sent_tracestate(ctx);

    } else {
        ngx_http_weir_trace_draw(wmcf, trace);
        p = ngx_hex_dump(p, (u_char *) trace, sizeof(trace));
    }

    span->trace_id = weir_str(span->traceparent + 3, 32);

    if (sent.len && tlcf->trust) {
        span->sampled = ngx_hextoi((u_char *) sent.data + 53, 2) & 1;

    } else {
        span->sampled = weir_mix(weir_hash(span->trace_id, 0))
                        % NGX_HTTP_WEIR_SAMPLES < tlcf->sample;
    }

    if (span->sampled) {
        span->redacted = ngx_http_weir_span_redacted(ctx->pin.image);
    }

    ngx_http_weir_trace_draw(wmcf, id);

    *p++ = '-';
    p = ngx_hex_dump(p, (u_char *) id, sizeof(id[0]));
    ngx_memcpy(p, span->sampled ? "-01" : "-00", 3);

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


/*
 * Never twice, and not to be foretold by who does not know the node's secret;
 * at a fraction of what nginx's $request_id costs.  No half of it is 0.
 */
static void
ngx_http_weir_trace_draw(ngx_http_weir_main_conf_t *wmcf, uint64_t id[2])
{
    weir_id_t              key;
    weir_siphash_t         h;
    ngx_http_weir_beat_t  *beat;

    beat = ngx_http_weir_zone_beat(wmcf->zone);

    ngx_memcpy(key.bytes, beat->node, sizeof(key.bytes));

    weir_siphash_begin(&h, &key);
    weir_siphash_word(&h, (uint64_t) ngx_pid, 8);
    weir_siphash_word(&h, (uint64_t) ngx_http_weir_turn_clock(), 8);
    weir_siphash_word(&h, wmcf->drawn++, 8);
    weir_siphash_end(&h, id);

    id[0] |= id[0] == 0;
    id[1] |= id[1] == 0;
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
