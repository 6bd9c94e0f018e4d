/*
 * ngx_http_weir_status_module.c: weir_status, the state of policy and
 * workers as JSON.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_metrics.h"
#include "ngx_http_weir_revoked.h"
#include "ngx_http_weir_split_sync.h"
#include "ngx_http_weir_splits.h"
#include "base/version.h"

#define NGX_HTTP_WEIR_STATUS_FIXED   8192
#define NGX_HTTP_WEIR_STATUS_WORKER  160
#define NGX_HTTP_WEIR_STATUS_EVENT   1408       /* of the policy */


static u_char *ngx_http_weir_status_policy(u_char *p, u_char *end,
    ngx_http_weir_policy_status_t *st);
static u_char *ngx_http_weir_status_rejected(u_char *p, u_char *end,
    ngx_http_weir_policy_status_t *st);
static u_char *ngx_http_weir_status_history(u_char *p, u_char *end,
    ngx_http_weir_policy_t *policy);
static u_char *ngx_http_weir_status_event(u_char *p, u_char *end,
    ngx_http_weir_policy_event_t *event);
static u_char *ngx_http_weir_status_workers(u_char *p, u_char *end,
    ngx_http_weir_policy_t *policy);
static u_char *ngx_http_weir_status_decisions(u_char *p, u_char *end,
    const ngx_http_weir_sum_t *sum);
static u_char *ngx_http_weir_status_limits(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf, const ngx_http_weir_sum_t *sum);
static u_char *ngx_http_weir_status_store(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf, const ngx_http_weir_sum_t *sum);
static u_char *ngx_http_weir_status_memory(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf);
static u_char *ngx_http_weir_status_metrics(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf);
static u_char *ngx_http_weir_status_usage(u_char *p, u_char *end,
    ngx_http_weir_metrics_shared_t *shared);
static u_char *ngx_http_weir_status_lines(u_char *p, u_char *end,
    const ngx_http_weir_sum_t *sum);
static char *ngx_http_weir_set_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_weir_status_commands[] = {

#define D(name, flags, setter, conf, context, args, value, doc)               \
    { ngx_string(name), flags, setter, NGX_HTTP_##conf##_CONF_OFFSET, 0,      \
      NULL },
    NGX_HTTP_WEIR_STATUS_DIRECTIVES(D)
#undef D

      ngx_null_command
};


static ngx_http_module_t  ngx_http_weir_status_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_weir_status_module = {
    NGX_MODULE_V1,
    &ngx_http_weir_status_module_ctx,      /* module context */
    ngx_http_weir_status_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_int_t
ngx_http_weir_status_handler(ngx_http_request_t *r)
{
    size_t                          size;
    ngx_int_t                       rc;
    ngx_buf_t                      *b;
    ngx_str_t                       issuers, splits;
    ngx_http_weir_sum_t             sum;
    ngx_http_weir_main_conf_t      *wmcf;
    ngx_http_weir_policy_status_t   st;

    rc = ngx_http_weir_read_only(r);

    if (rc != NGX_OK) {
        return rc;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    ngx_http_weir_policy_status(wmcf->policy, &st);
    ngx_http_weir_zone_sum(wmcf->zone, &sum);

    if (ngx_http_weir_keys_status(wmcf->issuers, r->pool, &issuers) != NGX_OK
        || ngx_http_weir_splits_status(wmcf, r->pool, &splits) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    size = NGX_HTTP_WEIR_STATUS_FIXED + issuers.len + splits.len
           + NGX_HTTP_WEIR_WORKER_SLOTS * NGX_HTTP_WEIR_STATUS_WORKER
           + NGX_HTTP_WEIR_HISTORY * NGX_HTTP_WEIR_STATUS_EVENT;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_slprintf(b->last, b->end,
                           "{\"version\":\"" WEIR_VERSION "\",\"pid\":%P,"
                           "\"started\":", ngx_pid);
    b->last = ngx_http_weir_json_time(b->last, b->end,
                                  ngx_http_weir_zone_began(wmcf->zone));
    b->last = ngx_http_weir_status_policy(b->last, b->end, &st);
    b->last = ngx_http_weir_status_rejected(b->last, b->end, &st);
    b->last = ngx_http_weir_status_history(b->last, b->end, wmcf->policy);
    b->last = ngx_http_weir_status_workers(b->last, b->end, wmcf->policy);
    b->last = ngx_http_weir_status_decisions(b->last, b->end, &sum);
    b->last = ngx_http_weir_status_limits(b->last, b->end, wmcf, &sum);
    b->last = ngx_http_weir_status_store(b->last, b->end, wmcf, &sum);
    b->last = ngx_http_weir_revoked_status(wmcf->revoked, b->last, b->end);
    b->last = ngx_http_weir_split_sync_status(wmcf->split_sync, b->last,
                                              b->end);
    b->last = ngx_http_weir_status_memory(b->last, b->end, wmcf);
    b->last = ngx_http_weir_status_metrics(b->last, b->end, wmcf);
    b->last = ngx_http_weir_status_lines(b->last, b->end, &sum);
    b->last = ngx_slprintf(b->last, b->end,
                           ",\"splits\":%V,\"issuers\":%V}\n",
                           &splits, &issuers);

    return ngx_http_weir_send_json(r, NGX_HTTP_OK, b);
}


static u_char *
ngx_http_weir_status_policy(u_char *p, u_char *end,
    ngx_http_weir_policy_status_t *st)
{
    u_char  hex[2 * sizeof(st->digest)];

    ngx_hex_dump(hex, st->digest, sizeof(st->digest));

    p = ngx_slprintf(p, end, ",\"policy\":");
    p = ngx_http_weir_json(p, end, weir_cstr((char *) st->name));

    if (st->has_serial) {
        p = ngx_slprintf(p, end, ",\"serial\":%uL", st->serial);

    } else {
        p = ngx_slprintf(p, end, ",\"serial\":null");
    }

    p = ngx_slprintf(p, end, ",\"generation\":%uL,\"digest\":\"%*s\","
                     "\"loaded\":", st->generation, sizeof(hex), hex);
    p = ngx_http_weir_json_time(p, end, st->loaded);

    return ngx_slprintf(p, end, ",\"from_last_good\":%s,\"waiting\":%s,"
                        "\"swaps\":%uL",
                        st->from_last_good ? "true" : "false",
                        st->waiting ? "true" : "false", st->swaps);
}


static u_char *
ngx_http_weir_status_rejected(u_char *p, u_char *end,
    ngx_http_weir_policy_status_t *st)
{
    ngx_uint_t  i;

    p = ngx_slprintf(p, end, ",\"rejected\":{");

    for (i = 1; i < WEIR_REJECT_COUNT; i++) {
        p = ngx_slprintf(p, end, "%s\"%s\":%uL", i == 1 ? "" : ",",
                         weir_reject_name(i), st->rejected[i]);
    }

    p = ngx_slprintf(p, end, "},\"last_rejection\":");

    if (st->last_rejected == 0) {
        return ngx_slprintf(p, end, "null");
    }

    p = ngx_slprintf(p, end, "{\"time\":");
    p = ngx_http_weir_json_time(p, end, st->last_rejected);
    p = ngx_slprintf(p, end, ",\"reason\":");
    p = ngx_http_weir_json(p, end, weir_cstr((char *) st->last_reason));

    return ngx_slprintf(p, end, "}");
}


static u_char *
ngx_http_weir_status_history(u_char *p, u_char *end,
    ngx_http_weir_policy_t *policy)
{
    ngx_uint_t                    i, n;
    ngx_http_weir_policy_event_t  events[NGX_HTTP_WEIR_HISTORY];

    n = ngx_http_weir_policy_history(policy, events);

    p = ngx_slprintf(p, end, ",\"history\":[");

    for (i = 0; i < n; i++) {
        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = ngx_http_weir_status_event(p, end, &events[i]);
    }

    return ngx_slprintf(p, end, "]");
}


static u_char *
ngx_http_weir_status_event(u_char *p, u_char *end,
    ngx_http_weir_policy_event_t *event)
{
    u_char  hex[2 * sizeof(event->digest)];

    ngx_hex_dump(hex, event->digest, sizeof(event->digest));

    p = ngx_slprintf(p, end, "{\"time\":");
    p = ngx_http_weir_json_time(p, end, (time_t) event->when);
    p = ngx_slprintf(p, end, ",\"event\":\"%s\",\"serial\":",
                     event->rejected ? "rejected" : "swapped");

    p = event->has_serial ? ngx_slprintf(p, end, "%uL", event->serial)
                          : ngx_slprintf(p, end, "null");

    p = ngx_slprintf(p, end, ",\"generation\":%uL,\"digest\":\"%*s\"",
                     event->generation, sizeof(hex), hex);

    if (event->rejected == 0) {
        return ngx_slprintf(p, end, ",\"reason\":null,\"text\":null}");
    }

    p = ngx_slprintf(p, end, ",\"reason\":\"%s\",\"text\":",
                     weir_reject_name((unsigned) event->rejected));
    p = ngx_http_weir_json(p, end, weir_cstr((char *) event->text));

    return ngx_slprintf(p, end, "}");
}


static u_char *
ngx_http_weir_status_workers(u_char *p, u_char *end,
    ngx_http_weir_policy_t *policy)
{
    uint64_t                    pins;
    ngx_uint_t                  i, k, n;
    ngx_http_weir_held_t       *held;
    ngx_http_weir_workers_t    *workers;
    ngx_http_weir_worker_id_t   owner, leader;

    workers = ngx_http_weir_policy_workers(policy, &held);

    p = ngx_slprintf(p, end, ",\"workers\":[");

    leader = __atomic_load_n(&workers->elected, __ATOMIC_RELAXED);
    n = 0;

    for (i = 0; i < NGX_HTTP_WEIR_WORKER_SLOTS; i++) {
        owner = __atomic_load_n(&workers->owners[i], __ATOMIC_RELAXED);

        if (owner == 0) {
            continue;
        }

        pins = 0;

        for (k = 0; k < NGX_HTTP_WEIR_IMAGE_SLOTS; k++) {
            pins += __atomic_load_n(&held[i].pins[k], __ATOMIC_RELAXED);
        }

        p = ngx_slprintf(p, end,
                         "%s{\"pid\":%P,\"generation\":%uL,\"pins\":%uL,"
                         "\"leader\":%s}",
                         n++ ? "," : "", ngx_http_weir_worker_pid(owner),
                         __atomic_load_n(&held[i].generation,
                                         __ATOMIC_RELAXED),
                         pins, owner == leader ? "true" : "false");
    }

    return ngx_slprintf(p, end, "],\"reaped\":%uL",
                        __atomic_load_n(&workers->reaped, __ATOMIC_RELAXED));
}


static u_char *
ngx_http_weir_status_decisions(u_char *p, u_char *end,
    const ngx_http_weir_sum_t *sum)
{
    ngx_uint_t  i, n;

    static const char *const  names[] = {
#define C(name, text)  text,
        NGX_HTTP_WEIR_COUNTERS(C)
#undef C
    };

    p = ngx_slprintf(p, end, ",\"decisions\":{");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        p = ngx_slprintf(p, end, "\"%s\":%uA,", names[i], sum->all.n[i]);
    }

    p = ngx_slprintf(p, end, "\"denied\":{");

    n = 0;

    for (i = 0; i < WEIR_REASON_COUNT; i++) {

        if (i == WEIR_REASON_NONE || i == WEIR_REASON_ALLOWED
            || i == WEIR_REASON_PUBLIC)
        {
            continue;
        }

        p = ngx_slprintf(p, end, "%s\"%s\":%uA", n++ ? "," : "",
                         weir_reason_name(i), sum->all.denied[i]);
    }

    return ngx_slprintf(p, end, "}}");
}


static u_char *
ngx_http_weir_status_limits(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf, const ngx_http_weir_sum_t *sum)
{
    ngx_uint_t          i;
    weir_limits_t      *table;
    weir_limits_use_t   use;

    static const char *const  names[] = {
#define C(name, text)  text,
        NGX_HTTP_WEIR_LIMIT_COUNTERS(C)
#undef C
    };

    ngx_memzero(&use, sizeof(weir_limits_use_t));

    table = ngx_http_weir_zone_limits(wmcf->zone);

    if (table) {
        weir_limits_use(table, ngx_http_weir_turn_clock(), &use);
    }

    p = ngx_slprintf(p, end, ",\"limits\":{\"cells\":%uL,\"used\":%uL",
                     use.cells, use.used);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        p = ngx_slprintf(p, end, ",\"%s\":%uA", names[i],
                         sum->all.n[NGX_HTTP_WEIR_N_LIMIT_ALLOWED + i]);
    }

    return ngx_slprintf(p, end, "}");
}


/* "circuit", latency and error are of the worker that answers. */
static u_char *
ngx_http_weir_status_store(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf, const ngx_http_weir_sum_t *sum)
{
    ngx_uint_t                           i;
    ngx_http_weir_beat_t                *beat;
    ngx_http_weir_store_stats_t          st;
    const ngx_http_weir_store_counts_t  *counts;

    static const char *const  results[] = {
#define R(name, text)  text,
        NGX_HTTP_WEIR_STORE_RESULTS(R)
#undef R
    };

    if (wmcf->store == NULL) {
        return ngx_slprintf(p, end, ",\"store\":null");
    }

    ngx_http_weir_store_stats(wmcf->store, &st);
    counts = &sum->all.store;

    p = ngx_slprintf(p, end,
                     ",\"store\":{\"topology\":\"%s\",\"circuit\":\"%s\","
                     "\"circuits\":{", st.topology, st.circuit);

    for (i = 0; i < NGX_HTTP_WEIR_NCIRCUITS; i++) {
        p = ngx_slprintf(p, end, "%s\"%s\":%ui", i ? "," : "",
                         ngx_http_weir_circuit_name(i), sum->circuits[i]);
    }

    p = ngx_slprintf(p, end, "},\"connections\":%uA,\"pending\":%uA,"
                     "\"calls\":{",
                     sum->all.store_now.connections,
                     sum->all.store_now.pending);

    for (i = 0; i < NGX_HTTP_WEIR_STORE_NRESULTS; i++) {
        p = ngx_slprintf(p, end, "%s\"%s\":%uA", i ? "," : "", results[i],
                         counts->results[i]);
    }

    p = ngx_slprintf(p, end, "},\"commands\":%uA,\"writes\":%uA,"
                     "\"reconnects\":%uA,\"latency_us\":%ui,\"error\":",
                     counts->commands, counts->writes, counts->reconnects,
                     st.latency);
    p = ngx_http_weir_json(p, end, weir_cstr(st.error));

    beat = ngx_http_weir_zone_beat(wmcf->zone);

    return ngx_slprintf(p, end, ",\"nodes\":%ui,\"clock_error_us\":%uL}",
                        ngx_http_weir_beat_nodes(beat),
                        __atomic_load_n(&beat->error, __ATOMIC_RELAXED)
                        / 1000);
}


static u_char *
ngx_http_weir_status_memory(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf)
{
    ngx_uint_t             i;
    const char            *comma;
    ngx_http_weir_part_t   parts[NGX_HTTP_WEIR_NPARTS];

    ngx_http_weir_memory(wmcf, parts);

    p = ngx_slprintf(p, end, ",\"memory\":[");
    comma = "";

    for (i = 0; i < NGX_HTTP_WEIR_NPARTS; i++) {

        if (parts[i].bytes == 0) {
            continue;
        }

        p = ngx_slprintf(p, end, "%s{\"part\":\"%s\",\"bytes\":%uL,\"used\":",
                         comma, ngx_http_weir_part_name(i), parts[i].bytes);
        p = parts[i].known ? ngx_slprintf(p, end, "%uL}", parts[i].used)
                           : ngx_slprintf(p, end, "null}");
        comma = ",";
    }

    return ngx_slprintf(p, end, "]");
}


static u_char *
ngx_http_weir_status_metrics(u_char *p, u_char *end,
    ngx_http_weir_main_conf_t *wmcf)
{
    weir_series_use_t                use;
    ngx_http_weir_metrics_shared_t  *shared;

    if (wmcf->metrics == NULL) {
        return ngx_slprintf(p, end, ",\"metrics\":null,\"usage\":null");
    }

    shared = ngx_http_weir_metrics_shared(wmcf->metrics);

    p = ngx_slprintf(p, end, ",\"metrics\":");

    if (shared->series) {
        weir_series_use(shared->series, &use);
        p = ngx_slprintf(p, end, "{\"series\":%uL,\"max\":%uL,\"folded\":%uL}",
                         use.series, use.max, use.folded);
    } else {
        p = ngx_slprintf(p, end, "null");
    }

    return ngx_http_weir_status_usage(p, end, shared);
}


static u_char *
ngx_http_weir_status_usage(u_char *p, u_char *end,
    ngx_http_weir_metrics_shared_t *shared)
{
    uint64_t  flushed;

    if (shared->usage == NULL) {
        return ngx_slprintf(p, end, ",\"usage\":null");
    }

    flushed = __atomic_load_n(&shared->flushed, __ATOMIC_RELAXED);

    p = ngx_slprintf(p, end, ",\"usage\":{\"folded\":%uL,\"flushes\":%uL,"
                     "\"failed\":%uL,\"flushed\":",
                     weir_usage_folded(shared->usage),
                     __atomic_load_n(&shared->flushes, __ATOMIC_RELAXED),
                     __atomic_load_n(&shared->flush_failures,
                                     __ATOMIC_RELAXED));

    p = flushed ? ngx_http_weir_json_time(p, end, (time_t) flushed)
                : ngx_slprintf(p, end, "null");

    return ngx_slprintf(p, end, "}");
}


/* Spans, and lines of the audit log. */
static u_char *
ngx_http_weir_status_lines(u_char *p, u_char *end,
    const ngx_http_weir_sum_t *sum)
{
    ngx_uint_t  i;

    static const char *const  names[] = {
#define C(name, text)  text,
        NGX_HTTP_WEIR_SPAN_COUNTERS(C)
#undef C
    };

    p = ngx_slprintf(p, end, ",\"trace\":{");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        p = ngx_slprintf(p, end, "\"%s\":%uA,", names[i],
                         sum->all.n[NGX_HTTP_WEIR_N_SPANS_EXPORTED + i]);
    }

    return ngx_slprintf(p, end, "\"waiting\":%uA},\"audit\":{\"written\":%uA,"
                        "\"lost\":%uA}",
                        sum->all.gauges[NGX_HTTP_WEIR_G_SPANS_WAITING],
                        sum->all.n[NGX_HTTP_WEIR_N_AUDIT_LINES],
                        sum->all.n[NGX_HTTP_WEIR_N_AUDIT_ERRORS]);
}


static char *
ngx_http_weir_set_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_weir_status_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_http_weir_status_handler;

    ngx_http_weir_needs_policy(cf, "weir_status");

    return NGX_CONF_OK;
}
