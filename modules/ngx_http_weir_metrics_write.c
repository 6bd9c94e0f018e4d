/*
 * ngx_http_weir_metrics_write.c: metrics of the state as text, and those of
 * which this node alone knows.
 */

#include "ngx_http_weir_metrics_state.h"
#include "base/version.h"


static void ngx_http_weir_write_build(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_policy(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_rejected(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_workers(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_counter(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_auth(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_cells(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_leases(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_usage(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_series(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_audit(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_spans(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_zones(ngx_http_weir_state_t *st);

static ngx_uint_t ngx_http_weir_write_begin(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_end(ngx_http_weir_state_t *st, char *p);


typedef void (*ngx_http_weir_write_pt)(ngx_http_weir_state_t *st);

static const ngx_http_weir_write_pt  ngx_http_weir_writers[WEIR_NMETRICS] = {
    [WEIR_METRIC_BUILD] = ngx_http_weir_write_build,
    [WEIR_METRIC_POLICY_INFO] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_SERIAL] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_GENERATION] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_LOADED] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_SWAPS] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_REJECTED] = ngx_http_weir_write_rejected,
    [WEIR_METRIC_POLICY_REJECTED_AT] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_REFUSED] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_LAST_GOOD] = ngx_http_weir_write_policy,
    [WEIR_METRIC_POLICY_WAITING] = ngx_http_weir_write_policy,
    [WEIR_METRIC_WORKERS] = ngx_http_weir_write_workers,
    [WEIR_METRIC_WORKER_DEATHS] = ngx_http_weir_write_workers,
    [WEIR_METRIC_DRY_RUN] = ngx_http_weir_write_counter,
    [WEIR_METRIC_EVALUATION_ERRORS] = ngx_http_weir_write_counter,
    [WEIR_METRIC_WAITS] = ngx_http_weir_write_counter,
    [WEIR_METRIC_WAIT_TIMEOUTS] = ngx_http_weir_write_counter,
    [WEIR_METRIC_AUTH_FAILURES] = ngx_http_weir_write_auth,
    [WEIR_METRIC_TOKEN_HITS] = ngx_http_weir_write_counter,
    [WEIR_METRIC_TOKEN_MISSES] = ngx_http_weir_write_counter,
    [WEIR_METRIC_ISSUER_KEYS] = ngx_http_weir_write_issuers,
    [WEIR_METRIC_ISSUER_AGE] = ngx_http_weir_write_issuers,
    [WEIR_METRIC_ISSUER_FETCHES] = ngx_http_weir_write_issuers,
    [WEIR_METRIC_LIMIT_CELLS] = ngx_http_weir_write_cells,
    [WEIR_METRIC_LIMIT_CELLS_USED] = ngx_http_weir_write_cells,
    [WEIR_METRIC_LIMIT_WAITS] = ngx_http_weir_write_counter,
    [WEIR_METRIC_LEASES] = ngx_http_weir_write_leases,
    [WEIR_METRIC_LEASED] = ngx_http_weir_write_counter,
    [WEIR_METRIC_STORE_CALLS] = ngx_http_weir_write_store,
    [WEIR_METRIC_STORE_DURATION] = ngx_http_weir_write_store,
    [WEIR_METRIC_STORE_CONNECTIONS] = ngx_http_weir_write_store,
    [WEIR_METRIC_STORE_PENDING] = ngx_http_weir_write_store,
    [WEIR_METRIC_STORE_CIRCUIT] = ngx_http_weir_write_circuits,
    [WEIR_METRIC_STORE_RECONNECTS] = ngx_http_weir_write_store,
    [WEIR_METRIC_STORE_NODES] = ngx_http_weir_write_nodes,
    [WEIR_METRIC_STORE_CLOCK] = ngx_http_weir_write_nodes,
    [WEIR_METRIC_SPLIT_STATE] = ngx_http_weir_write_splits,
    [WEIR_METRIC_SPLIT_STEP] = ngx_http_weir_write_splits,
    [WEIR_METRIC_SPLIT_WEIGHT] = ngx_http_weir_write_arms,
    [WEIR_METRIC_SPLIT_REQUESTS] = ngx_http_weir_write_arms,
    [WEIR_METRIC_SPLIT_BREAKER] = ngx_http_weir_write_breakers,
    [WEIR_METRIC_SPLIT_OPENED] = ngx_http_weir_write_breakers,
    [WEIR_METRIC_SPLIT_REFUSED] = ngx_http_weir_write_breakers,
    [WEIR_METRIC_GUARD_FINDING] = ngx_http_weir_write_guards,
    [WEIR_METRIC_GUARD_REQUESTS] = ngx_http_weir_write_guards,
    [WEIR_METRIC_GUARD_ERRORS] = ngx_http_weir_write_guards,
    [WEIR_METRIC_GUARD_LATENCY] = ngx_http_weir_write_guards,
    [WEIR_METRIC_MIRRORED] = ngx_http_weir_write_mirrors,
    [WEIR_METRIC_AGREEMENT] = ngx_http_weir_write_agreement,
    [WEIR_METRIC_REVOKED] = ngx_http_weir_write_revoked,
    [WEIR_METRIC_REVOKED_AGE] = ngx_http_weir_write_revoked,
    [WEIR_METRIC_USAGE_FLUSHES] = ngx_http_weir_write_usage,
    [WEIR_METRIC_USAGE_FLUSHED_AT] = ngx_http_weir_write_usage,
    [WEIR_METRIC_USAGE_FOLDED] = ngx_http_weir_write_usage,
    [WEIR_METRIC_SERIES] = ngx_http_weir_write_series,
    [WEIR_METRIC_SERIES_MAX] = ngx_http_weir_write_series,
    [WEIR_METRIC_SERIES_FOLDED] = ngx_http_weir_write_series,
    [WEIR_METRIC_AUDIT_LINES] = ngx_http_weir_write_audit,
    [WEIR_METRIC_SPANS] = ngx_http_weir_write_spans,
    [WEIR_METRIC_ZONE_SIZE] = ngx_http_weir_write_zones,
    [WEIR_METRIC_ZONE_USED] = ngx_http_weir_write_zones
};


/* Writing */

ngx_int_t
ngx_http_weir_metrics_state(ngx_http_weir_metrics_state_t *st, weir_expo_t *w,
    ngx_uint_t metric, ngx_uint_t *at)
{
    if (ngx_http_weir_writers[metric] == NULL) {
        return NGX_OK;
    }

    st->w = w;
    st->metric = metric;
    st->passed = 0;
    st->at = at;

    ngx_http_weir_writers[metric](st);

    return w->full ? NGX_AGAIN : NGX_OK;
}


static void
ngx_http_weir_write_build(ngx_http_weir_state_t *st)
{
    const weir_str_t  labels[] = {
        weir_string(WEIR_VERSION), weir_string(NGINX_VERSION)
    };

    ngx_http_weir_write(st, labels, 1, 1);
}


static void
ngx_http_weir_write_policy(ngx_http_weir_state_t *st)
{
    uint64_t                        value;
    ngx_http_weir_policy_status_t  *p;

    p = &st->policy;

    const weir_str_t  labels[] = {
        weir_cstr((char *) p->name),
        weir_str((char *) st->serial, st->serial_len),
        weir_str((char *) st->digest, sizeof(st->digest))
    };

    switch (st->metric) {

    case WEIR_METRIC_POLICY_INFO:
        ngx_http_weir_write(st, labels, 1, 1);
        return;

    case WEIR_METRIC_POLICY_SERIAL:
        value = p->has_serial ? p->serial : 0;
        break;

    case WEIR_METRIC_POLICY_GENERATION:
        value = p->generation;
        break;

    case WEIR_METRIC_POLICY_LOADED:
        value = (uint64_t) p->loaded;
        break;

    case WEIR_METRIC_POLICY_SWAPS:
        value = p->swaps;
        break;

    case WEIR_METRIC_POLICY_REJECTED_AT:
        value = (uint64_t) p->last_rejected;
        break;

    case WEIR_METRIC_POLICY_REFUSED:
        value = p->refused;
        break;

    case WEIR_METRIC_POLICY_LAST_GOOD:
        value = p->from_last_good;
        break;

    default: /* WEIR_METRIC_POLICY_WAITING */
        value = p->waiting;
        break;
    }

    ngx_http_weir_write(st, NULL, value, 1);
}


static void
ngx_http_weir_write_rejected(ngx_http_weir_state_t *st)
{
    ngx_uint_t  i;
    weir_str_t  reason;

    for (i = WEIR_REJECT_NONE + 1; i < WEIR_REJECT_COUNT; i++) {
        reason = weir_cstr(weir_reject_name(i));
        ngx_http_weir_write(st, &reason, st->policy.rejected[i], 1);
    }
}


static void
ngx_http_weir_write_workers(ngx_http_weir_state_t *st)
{
    ngx_uint_t  i;

    static const weir_str_t  ages[] = {
        { "current", sizeof("current") - 1 },
        { "older", sizeof("older") - 1 }
    };

    if (st->metric == WEIR_METRIC_WORKER_DEATHS) {
        ngx_http_weir_write(st, NULL, st->deaths, 1);
        return;
    }

    for (i = 0; i < NGX_HTTP_WEIR_NAGES; i++) {
        ngx_http_weir_write(st, &ages[i], st->workers[i], 1);
    }
}


/* One of the lines that workers count on, and no labels. */
static void
ngx_http_weir_write_counter(ngx_http_weir_state_t *st)
{
    static const ngx_uint_t  counters[WEIR_NMETRICS] = {
        [WEIR_METRIC_DRY_RUN] = NGX_HTTP_WEIR_N_RULE_DRY_RUN,
        [WEIR_METRIC_EVALUATION_ERRORS] = NGX_HTTP_WEIR_N_ERRORS,
        [WEIR_METRIC_WAITS] = NGX_HTTP_WEIR_N_WAITS,
        [WEIR_METRIC_WAIT_TIMEOUTS] = NGX_HTTP_WEIR_N_TIMEOUTS,
        [WEIR_METRIC_TOKEN_HITS] = NGX_HTTP_WEIR_N_TOKENS_KNOWN,
        [WEIR_METRIC_TOKEN_MISSES] = NGX_HTTP_WEIR_N_TOKENS_VERIFIED,
        [WEIR_METRIC_LIMIT_WAITS] = NGX_HTTP_WEIR_N_LIMIT_WAITS,
        [WEIR_METRIC_LEASED] = NGX_HTTP_WEIR_N_LIMIT_GRANTED
    };

    ngx_http_weir_write(st, NULL, st->sum.all.n[counters[st->metric]], 1);
}


static void
ngx_http_weir_write_auth(ngx_http_weir_state_t *st)
{
    ngx_uint_t  i;
    weir_str_t  reason;

    /* who sent it; not what they may do */

    static const weir_reason_t  reasons[] = {
        WEIR_REASON_UNAUTHENTICATED, WEIR_REASON_BAD_TOKEN,
        WEIR_REASON_BAD_PROOF, WEIR_REASON_BAD_KEY, WEIR_REASON_BAD_CERT,
        WEIR_REASON_NO_KEYS, WEIR_REASON_STALE, WEIR_REASON_TENANT,
        WEIR_REASON_MFA
    };

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        reason = weir_cstr(weir_reason_name(reasons[i]));
        ngx_http_weir_write(st, &reason, st->sum.all.denied[reasons[i]], 1);
    }
}


static void
ngx_http_weir_write_cells(ngx_http_weir_state_t *st)
{
    ngx_http_weir_write(st, NULL, st->metric == WEIR_METRIC_LIMIT_CELLS
                                  ? st->limits.cells : st->limits.used, 1);
}


static void
ngx_http_weir_write_leases(ngx_http_weir_state_t *st)
{
    ngx_uint_t  i;

    static const struct {
        weir_str_t               result;
        ngx_http_weir_counter_e  counter;
    } results[] = {
        { { "granted", 7 },   NGX_HTTP_WEIR_N_LIMIT_LEASES },
        { { "exhausted", 9 }, NGX_HTTP_WEIR_N_LIMIT_EXHAUSTED },
        { { "failed", 6 },    NGX_HTTP_WEIR_N_LIMIT_ASKS_FAILED }
    };

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        ngx_http_weir_write(st, &results[i].result,
                            st->sum.all.n[results[i].counter], 1);
    }
}


static void
ngx_http_weir_write_usage(ngx_http_weir_state_t *st)
{
    weir_str_t                       result;
    ngx_http_weir_metrics_shared_t  *shared;

    shared = st->shared;

    if (shared == NULL) {
        return;
    }

    if (st->metric == WEIR_METRIC_USAGE_FOLDED) {

        if (shared->usage) {
            ngx_http_weir_write(st, NULL, weir_usage_folded(shared->usage), 1);
        }

        return;
    }

    if (st->wmcf->store == NULL) {
        return;
    }

    if (st->metric == WEIR_METRIC_USAGE_FLUSHED_AT) {
        ngx_http_weir_write(st, NULL, __atomic_load_n(&shared->flushed,
                                                      __ATOMIC_RELAXED), 1);
        return;
    }

    result = weir_string("ok");
    ngx_http_weir_write(st, &result, __atomic_load_n(&shared->flushes,
                                                     __ATOMIC_RELAXED), 1);
    result = weir_string("failed");
    ngx_http_weir_write(st, &result,
                        __atomic_load_n(&shared->flush_failures,
                                        __ATOMIC_RELAXED), 1);
}


static void
ngx_http_weir_write_series(ngx_http_weir_state_t *st)
{
    if (st->shared == NULL || st->shared->series == NULL) {
        return;
    }

    ngx_http_weir_write(st, NULL, st->metric == WEIR_METRIC_SERIES
                                  ? st->series.series
                                  : st->metric == WEIR_METRIC_SERIES_MAX
                                    ? st->series.max : st->series.folded, 1);
}


static void
ngx_http_weir_write_audit(ngx_http_weir_state_t *st)
{
    weir_str_t  result;

    result = weir_string("written");
    ngx_http_weir_write(st, &result,
                        st->sum.all.n[NGX_HTTP_WEIR_N_AUDIT_LINES], 1);
    result = weir_string("lost");
    ngx_http_weir_write(st, &result,
                        st->sum.all.n[NGX_HTTP_WEIR_N_AUDIT_ERRORS], 1);
}


static void
ngx_http_weir_write_spans(ngx_http_weir_state_t *st)
{
    ngx_uint_t  i;
    weir_str_t  result;

    static const char *const  results[] = {
#define C(name, text)  text,
        NGX_HTTP_WEIR_SPAN_COUNTERS(C)
#undef C
    };

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        result = weir_cstr(results[i]);
        ngx_http_weir_write(st, &result,
                            st->sum.all.n[NGX_HTTP_WEIR_N_SPANS_EXPORTED + i],
                            1);
    }
}


static void
ngx_http_weir_write_zones(ngx_http_weir_state_t *st)
{
    ngx_uint_t             i;
    weir_str_t             name;
    ngx_http_weir_part_t  *part;

    for (i = 0; i < NGX_HTTP_WEIR_NPARTS; i++) {
        part = &st->parts[i];
        name = weir_cstr(ngx_http_weir_part_name(i));

        if (part->bytes == 0) {
            continue;
        }

        if (st->metric == WEIR_METRIC_ZONE_SIZE) {
            ngx_http_weir_write(st, &name, part->bytes, 1);

        } else if (part->known) {
            ngx_http_weir_write(st, &name, part->used, 1);
        }
    }
}


/* Samples */

void
ngx_http_weir_write(ngx_http_weir_state_t *st, const weir_str_t *labels,
    uint64_t value, uint64_t scale)
{
    char  *p;

    p = st->w->p;

    if (!ngx_http_weir_write_begin(st)) {
        return;
    }

    if (scale == 1) {
        weir_expo_count(st->w, st->metric, labels, value);
    } else {
        weir_expo_ratio(st->w, st->metric, labels, value, scale);
    }

    ngx_http_weir_write_end(st, p);
}


void
ngx_http_weir_write_times(ngx_http_weir_state_t *st,
    const uint64_t times[WEIR_NSTORE_TIMES], uint64_t sum)
{
    char  *p;

    p = st->w->p;

    if (ngx_http_weir_write_begin(st)) {
        weir_expo_histogram(st->w, st->metric, NULL, times, sum, 1000000);
        ngx_http_weir_write_end(st, p);
    }
}


static ngx_uint_t
ngx_http_weir_write_begin(ngx_http_weir_state_t *st)
{
    if (st->w->full || st->passed++ < *st->at) {
        return 0;
    }

    if (*st->at == 0) {
        weir_expo_head(st->w, st->metric);
    }

    return 1;
}


static void
ngx_http_weir_write_end(ngx_http_weir_state_t *st, char *p)
{
    if (st->w->full) {
        st->w->p = p;
    } else {
        ++*st->at;
    }
}
