/*
 * ngx_http_weir_trace.h: spans of requests.
 *
 *     _trace_module.c    directives
 *     _trace_context.c   ids, the header that upstreams get
 *     _trace_span.c      a span as OTLP has it
 *     _trace_export.c    spans that wait, and when they are sent
 *     _trace_post.c      a request to the collector
 *
 * A request has a span when it was decided in a location with weir_trace; a
 * sampled one is written when it ends, into what its worker sends next.
 */

#ifndef NGX_HTTP_WEIR_TRACE_H
#define NGX_HTTP_WEIR_TRACE_H

#include "ngx_http_weir.h"

#define NGX_HTTP_WEIR_MAX_SPAN       6144       /* bytes of JSON */
#define NGX_HTTP_WEIR_TRACEPARENT    55
#define NGX_HTTP_WEIR_SAMPLES        1000000    /* all */

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

/* weir_trace */
typedef struct {
    ngx_flag_t                       on;
    ngx_uint_t                       sample;        /* of
                                                       NGX_HTTP_WEIR_SAMPLES */
    ngx_flag_t                       trust;
} ngx_http_weir_trace_loc_conf_t;

/* Lies in the request's pool, as the texts do. */
struct ngx_http_weir_span_s {
    char                             traceparent[NGX_HTTP_WEIR_TRACEPARENT];
    weir_str_t                       trace_id;      /* of it */
    weir_str_t                       id;            /* of it */
    weir_str_t                       parent;        /* or empty */
    weir_str_t                       state;         /* of the trace; or empty */
    uint32_t                         redacted;      /* attributes, bits */
    unsigned                         sampled:1;
};

/* weir_otlp */
struct ngx_http_weir_trace_s {
    ngx_http_weir_main_conf_t       *wmcf;
    ngx_http_weir_url_t              url;
    ngx_str_t                        service;
    ngx_str_t                        headers;       /* lines, as sent */
    ngx_msec_t                       interval;
    size_t                           queue;         /* bytes */
    struct ngx_http_weir_exporter_s *exporter;      /* this worker's, or NULL */
};


/* _trace_context.c */

/* Once there is a decision: its span, and the header of it. */
ngx_int_t ngx_http_weir_trace_begin(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
/* At log phase of the main request. */
void ngx_http_weir_trace_ended(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

/* _trace_span.c */

/* Attributes that the policy redacts, for ngx_http_weir_span_s; img may be
   NULL. */
uint32_t ngx_http_weir_span_redacted(const weir_image_t *img);
/* The span as JSON, of at most NGX_HTTP_WEIR_MAX_SPAN bytes; its end. */
u_char *ngx_http_weir_span_write(u_char *p, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

/* _trace_export.c */

ngx_int_t ngx_http_weir_trace_init_process(ngx_http_weir_main_conf_t *wmcf,
    ngx_cycle_t *cycle);
/* Safe to call twice; what waits is lost, and counted. */
void ngx_http_weir_trace_exit_process(ngx_http_weir_main_conf_t *wmcf);
/* Takes the span of a request that ends; dropped where too many wait. */
void ngx_http_weir_trace_export(ngx_http_weir_trace_t *trace,
    ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);

#endif
