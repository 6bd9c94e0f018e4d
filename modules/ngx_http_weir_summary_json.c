/*
 * ngx_http_weir_summary_json.c: the summary, as JSON.
 */

#include "ngx_http_weir_summary.h"

/* bytes without texts; of a byte of a text as JSON at most */
#define NGX_HTTP_WEIR_SUMMARY_FIXED   512
#define NGX_HTTP_WEIR_SUMMARY_TENANT  1024
#define NGX_HTTP_WEIR_SUMMARY_REASON  192
#define NGX_HTTP_WEIR_SUMMARY_BYTE    6


static u_char *ngx_http_weir_summary_head(const ngx_http_weir_summary_t *s,
    u_char *p, u_char *end);
static u_char *ngx_http_weir_summary_tenant(u_char *p, u_char *end,
    weir_str_t name, const ngx_http_weir_total_t *total);
static u_char *ngx_http_weir_summary_reason(u_char *p, u_char *end,
    const ngx_http_weir_tally_t *tally);


ngx_buf_t *
ngx_http_weir_summary_json(const ngx_http_weir_summary_t *s)
{
    size_t                        size;
    u_char                       *p, *end;
    ngx_buf_t                    *b;
    ngx_uint_t                    i, k;
    const ngx_http_weir_tally_t  *tally;

    size = NGX_HTTP_WEIR_SUMMARY_FIXED + NGX_HTTP_WEIR_SUMMARY_TENANT;

    for (i = 0; i < s->most.n; i++) {
        tally = s->most.elts[i];
        size += NGX_HTTP_WEIR_SUMMARY_TENANT
                + NGX_HTTP_WEIR_SUMMARY_BYTE
                  * (tally->labels[0].len + tally->total->limit.len);
    }

    for (i = 0; i < s->commonest.n; i++) {
        tally = s->commonest.elts[i];
        size += NGX_HTTP_WEIR_SUMMARY_REASON;

        size += NGX_HTTP_WEIR_SUMMARY_BYTE
                * (tally->tenant.len + tally->route.len);

        for (k = 0; k < NGX_HTTP_WEIR_SUMMARY_LABELS; k++) {
            size += NGX_HTTP_WEIR_SUMMARY_BYTE * tally->labels[k].len;
        }
    }

    b = ngx_create_temp_buf(s->request->pool, size);
    if (b == NULL) {
        return NULL;
    }

    end = b->end;
    p = ngx_http_weir_summary_head(s, b->last, end);
    p = ngx_slprintf(p, end, ",\"tenants\":[");

    for (i = 0; i < s->most.n; i++) {
        tally = s->most.elts[i];
        p = ngx_http_weir_summary_tenant(p, end, tally->labels[0],
                                         tally->total);
        p = ngx_slprintf(p, end, ",");
    }

    /* what no tenant is called */

    p = ngx_http_weir_summary_tenant(p, end, weir_string("*"), &s->rest);
    p = ngx_slprintf(p, end, "],\"reasons\":[");

    for (i = 0; i < s->commonest.n; i++) {
        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = ngx_http_weir_summary_reason(p, end, s->commonest.elts[i]);
    }

    b->last = ngx_slprintf(p, end, "]}\n");

    return b;
}


static u_char *
ngx_http_weir_summary_head(const ngx_http_weir_summary_t *s, u_char *p,
    u_char *end)
{
    ngx_time_t         *tp;
    weir_series_use_t   use;

    static const char  bounds[] =
#define B(ms, le)  "," le
        WEIR_TIMES(B)
#undef B
        ;

    tp = ngx_timeofday();

    /* milliseconds since 1970: rates are made of differences */

    p = ngx_slprintf(p, end, "{\"time\":%T%03M,\"began\":%uL,"
                     "\"bounds\":[%s],\"series\":",
                     tp->sec, tp->msec, s->shared->began, bounds + 1);

    if (s->shared->series == NULL) {
        return ngx_slprintf(p, end, "null");
    }

    weir_series_use(s->shared->series, &use);

    return ngx_slprintf(p, end,
                        "{\"series\":%uL,\"max\":%uL,\"folded\":%uL}",
                        use.series, use.max, use.folded);
}


static u_char *
ngx_http_weir_summary_tenant(u_char *p, u_char *end, weir_str_t name,
    const ngx_http_weir_total_t *total)
{
    ngx_uint_t  i;

    static const char *const  codes[] = {
#define C(name, text)  text,
        WEIR_STATUSES(C)
#undef C
    };

    p = ngx_slprintf(p, end, "{\"tenant\":");
    p = ngx_http_weir_json(p, end, name);
    p = ngx_slprintf(p, end, ",\"requests\":{");

    for (i = 0; i < WEIR_NCODES; i++) {
        p = ngx_slprintf(p, end, "%s\"%s\":%uL", i ? "," : "", codes[i],
                         total->requests[i]);
    }

    p = ngx_slprintf(p, end, "},\"refused\":%uL,\"limited\":%uL,"
                     "\"sum_ms\":%uL,\"bytes_out\":%uL,\"buckets\":[",
                     total->refused, total->limited, total->ms, total->sent);

    for (i = 0; i < WEIR_NTIMES; i++) {
        p = ngx_slprintf(p, end, "%s%uL", i ? "," : "", total->buckets[i]);
    }

    if (total->capacity == 0) {
        return ngx_slprintf(p, end, "],\"quota\":null}");
    }

    p = ngx_slprintf(p, end, "],\"quota\":{\"limit\":");
    p = ngx_http_weir_json(p, end, total->limit);

    return ngx_slprintf(p, end, ",\"remaining\":%uL,\"capacity\":%uL}}",
                        total->remaining, total->capacity);
}


static u_char *
ngx_http_weir_summary_reason(u_char *p, u_char *end,
    const ngx_http_weir_tally_t *tally)
{
    ngx_uint_t  i;

    static const char *const  names[NGX_HTTP_WEIR_SUMMARY_LABELS] = {
        "{\"verdict\":", ",\"reason\":", ",\"rule\":", ",\"limit\":"
    };

    for (i = 0; i < NGX_HTTP_WEIR_SUMMARY_LABELS; i++) {
        p = ngx_slprintf(p, end, "%s", names[i]);
        p = ngx_http_weir_json(p, end, tally->labels[i]);
    }

    p = ngx_slprintf(p, end, ",\"count\":%uL,\"most\":{\"tenant\":", tally->n);
    p = ngx_http_weir_json(p, end, tally->tenant);
    p = ngx_slprintf(p, end, ",\"route\":");
    p = ngx_http_weir_json(p, end, tally->route);

    return ngx_slprintf(p, end, ",\"count\":%uL}}", tally->most_n);
}
