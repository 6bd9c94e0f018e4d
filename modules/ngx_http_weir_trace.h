/*
 * ngx_http_weir_trace.h: spans of requests.
 *
 *     _trace_module.c    directives; ids, the header that upstreams get
 *     _trace_span.c      a span as OTLP has it
 *     _trace_export.c    sends spans, in the background
 */

#ifndef NGX_HTTP_WEIR_TRACE_H
#define NGX_HTTP_WEIR_TRACE_H

#include "ngx_http_weir.h"

/* name in code, value of the label "result" of weir_trace_spans */
#define NGX_HTTP_WEIR_SPAN_ENDS(E)                                            \
    E(EXPORTED, "exported")                                                   \
    E(DROPPED,  "dropped")          /* too many waited */                     \
    E(FAILED,   "failed")           /* the collector did not take them */

typedef enum {
#define E(name, text)  NGX_HTTP_WEIR_SPAN_##name,
    NGX_HTTP_WEIR_SPAN_ENDS(E)
#undef E
    NGX_HTTP_WEIR_SPAN_NENDS
} ngx_http_weir_span_end_e;


ngx_int_t ngx_http_weir_trace_init_process(ngx_cycle_t *cycle);
/* Safe to call twice; what waits is sent, or lost and counted. */
void ngx_http_weir_trace_exit_process(void);

/* At log phase of the main request. */
void ngx_http_weir_trace_ended(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

#endif
