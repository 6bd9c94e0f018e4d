/*
 * ngx_http_weir_metrics_state.c: metrics that are read from where the state
 * lies.
 *
 * All of it is read once, in one turn, when a scrape begins: no pin is held
 * while it is written, and what one scrape says is of one moment.  That is
 * bounded: at most WEIR_MAX_SPLITS splits of WEIR_MAX_ARMS arms, a
 * WEIR_MAX_ISSUERS of issuers, and a line for each worker.
 */

#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_metrics.h"
#include "ngx_http_weir_revoked.h"
#include "ngx_http_weir_split_sync.h"
#include "ngx_http_weir_splits.h"
#include "base/version.h"
#include "image/bounds.h"


/* of WORKERS */
enum {
    NGX_HTTP_WEIR_CURRENT,
    NGX_HTTP_WEIR_OLDER,
    NGX_HTTP_WEIR_NAGES
};

typedef struct {
    weir_str_t                  name;
    ngx_http_weir_keys_view_t   view;
} ngx_http_weir_state_issuer_t;

typedef struct {
    weir_str_t                  name;
    weir_str_t                 *arms;           /* names */
    uint32_t                    narms;
    uint32_t                    nsteps;
    uint32_t                    breakers;       /* a bit for each arm */
    int                         guarded[2];     /* arm and rival; -1: no guard
                                                   */
    unsigned                    mirrored:1;
    weir_split_view_t           view;
} ngx_http_weir_state_split_t;

/* Of the request's pool. */
struct ngx_http_weir_metrics_state_s {
    ngx_http_weir_main_conf_t      *wmcf;
    ngx_http_weir_sum_t             sum;
    ngx_http_weir_policy_status_t   policy;
    u_char                          digest[2 * WEIR_SHA256_LEN];
    u_char                          serial[NGX_INT64_LEN];
    size_t                          serial_len;
    ngx_uint_t                      workers[NGX_HTTP_WEIR_NAGES];
    uint64_t                        deaths;
    weir_limits_use_t               limits;
    ngx_http_weir_part_t            parts[NGX_HTTP_WEIR_NPARTS];

    ngx_http_weir_state_issuer_t   *issuers;
    ngx_uint_t                      nissuers;
    ngx_http_weir_state_split_t    *splits;
    ngx_uint_t                      nsplits;

    ngx_http_weir_metrics_shared_t  *shared;    /* or NULL */
    weir_series_use_t               series;

    /* while a metric is written */
    weir_expo_t                    *w;
    weir_metric_t                   metric;
    ngx_uint_t                      passed;     /* samples so far, and */
    ngx_uint_t                     *at;         /* those that were written */
};

typedef ngx_http_weir_metrics_state_t  ngx_http_weir_state_t;


static void ngx_http_weir_state_workers(ngx_http_weir_state_t *st);
static ngx_int_t ngx_http_weir_state_policy(ngx_http_weir_state_t *st,
    ngx_pool_t *pool);
static ngx_int_t ngx_http_weir_state_issuers(ngx_http_weir_state_t *st,
    ngx_pool_t *pool, const weir_image_t *img);
static ngx_int_t ngx_http_weir_state_splits(ngx_http_weir_state_t *st,
    ngx_pool_t *pool, const weir_image_t *img);
static ngx_int_t ngx_http_weir_state_split(ngx_http_weir_state_t *st,
    ngx_pool_t *pool, const weir_image_t *img, const weir_img_split_t *s,
    ngx_http_weir_state_split_t *split);
static ngx_int_t ngx_http_weir_state_text(ngx_pool_t *pool, weir_str_t text,
    weir_str_t *copy);

static void ngx_http_weir_write_build(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_policy(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_rejected(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_workers(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_counter(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_auth(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_issuers(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_cells(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_leases(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_store(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_circuits(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_nodes(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_splits(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_arms(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_breakers(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_guards(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_mirrors(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_agreement(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_revoked(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_usage(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_series(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_audit(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_spans(ngx_http_weir_state_t *st);
static void ngx_http_weir_write_zones(ngx_http_weir_state_t *st);

static void ngx_http_weir_write(ngx_http_weir_state_t *st,
    const weir_str_t *labels, uint64_t value, uint64_t scale);
static void ngx_http_weir_write_times(ngx_http_weir_state_t *st);
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


/* Reading */

ngx_http_weir_metrics_state_t *
ngx_http_weir_metrics_state_create(ngx_http_request_t *r)
{
    weir_limits_t              *table;
    ngx_http_weir_state_t      *st;
    ngx_http_weir_main_conf_t  *wmcf;

    st = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_state_t));
    if (st == NULL) {
        return NULL;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    st->wmcf = wmcf;

    ngx_http_weir_zone_sum(wmcf->zone, &st->sum);
    ngx_http_weir_policy_status(wmcf->policy, &st->policy);
    ngx_http_weir_memory(wmcf, st->parts);
    ngx_http_weir_state_workers(st);

    ngx_hex_dump(st->digest, st->policy.digest, WEIR_SHA256_LEN);

    if (st->policy.has_serial) {
        st->serial_len = ngx_sprintf(st->serial, "%uL", st->policy.serial)
                         - st->serial;
    }

    table = ngx_http_weir_zone_limits(wmcf->zone);

    if (table) {
        weir_limits_use(table, ngx_http_weir_turn_clock(), &st->limits);
    }

    st->shared = wmcf->metrics ? ngx_http_weir_metrics_shared(wmcf->metrics)
                               : NULL;

    if (st->shared && st->shared->series) {
        weir_series_use(st->shared->series, &st->series);
    }

    return ngx_http_weir_state_policy(st, r->pool) == NGX_OK ? st : NULL;
}


static void
ngx_http_weir_state_workers(ngx_http_weir_state_t *st)
{
    ngx_uint_t                i, k, age;
    ngx_http_weir_held_t     *held;
    ngx_http_weir_workers_t  *workers;

    workers = ngx_http_weir_policy_workers(st->wmcf->policy, &held);

    st->deaths = __atomic_load_n(&workers->reaped, __ATOMIC_RELAXED);

    for (i = 0; i < NGX_HTTP_WEIR_WORKER_SLOTS; i++) {

        if (__atomic_load_n(&workers->owners[i], __ATOMIC_RELAXED) == 0) {
            continue;
        }

        age = NGX_HTTP_WEIR_CURRENT;

        for (k = 0; k < NGX_HTTP_WEIR_IMAGE_SLOTS; k++) {
            if (k != st->policy.slot
                && __atomic_load_n(&held[i].pins[k], __ATOMIC_RELAXED))
            {
                age = NGX_HTTP_WEIR_OLDER;
            }
        }

        st->workers[age]++;
    }
}


/* What needs the image; without one, these metrics are left out. */

static ngx_int_t
ngx_http_weir_state_policy(ngx_http_weir_state_t *st, ngx_pool_t *pool)
{
    ngx_int_t            rc;
    ngx_http_weir_pin_t  pin;

    if (ngx_http_weir_policy_pin(st->wmcf->policy, &pin) != NGX_OK) {
        return NGX_OK;
    }

    rc = ngx_http_weir_state_issuers(st, pool, pin.image);

    if (rc == NGX_OK) {
        rc = ngx_http_weir_state_splits(st, pool, pin.image);
    }

    ngx_http_weir_policy_unpin(st->wmcf->policy, &pin);

    return rc;
}


static ngx_int_t
ngx_http_weir_state_issuers(ngx_http_weir_state_t *st, ngx_pool_t *pool,
    const weir_image_t *img)
{
    uint32_t                       i, n;
    const weir_img_issuer_t       *issuer;
    ngx_http_weir_state_issuer_t  *to;

    n = img->n[WEIR_S_ISSUERS];

    if (n == 0) {
        return NGX_OK;
    }

    st->issuers = ngx_palloc(pool, n * sizeof(ngx_http_weir_state_issuer_t));
    if (st->issuers == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        issuer = &WEIR_REC(img, ISSUERS)[i];
        to = &st->issuers[st->nissuers];

        if (ngx_http_weir_keys_view(st->wmcf->issuers, issuer, &to->view)
            != NGX_OK)
        {
            continue;
        }

        if (ngx_http_weir_state_text(pool, weir_img_str(img, issuer->name),
                                     &to->name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        st->nissuers++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_splits(ngx_http_weir_state_t *st, ngx_pool_t *pool,
    const weir_image_t *img)
{
    uint32_t  i, n;

    n = img->n[WEIR_S_SPLITS];

    if (n == 0) {
        return NGX_OK;
    }

    st->splits = ngx_pcalloc(pool, n * sizeof(ngx_http_weir_state_split_t));
    if (st->splits == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_weir_state_split(st, pool, img,
                                      &WEIR_REC(img, SPLITS)[i],
                                      &st->splits[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    st->nsplits = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_split(ngx_http_weir_state_t *st, ngx_pool_t *pool,
    const weir_image_t *img, const weir_img_split_t *s,
    ngx_http_weir_state_split_t *split)
{
    uint32_t                 i;
    const weir_img_arm_t    *arm;
    const weir_img_guard_t  *guard;

    split->narms = s->arms.count;
    split->nsteps = s->steps.count;
    split->mirrored = (s->mirror != WEIR_NONE);
    split->arms = ngx_palloc(pool, split->narms * sizeof(weir_str_t));

    if (split->arms == NULL
        || ngx_http_weir_state_text(pool, weir_img_str(img, s->name),
                                    &split->name)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    arm = &WEIR_REC(img, ARMS)[s->arms.first];

    for (i = 0; i < split->narms; i++) {

        if (ngx_http_weir_state_text(pool, weir_img_str(img, arm[i].name),
                                     &split->arms[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (arm[i].breaker != WEIR_NONE) {
            split->breakers |= (uint32_t) 1 << i;
        }
    }

    split->guarded[0] = -1;

    if (s->guard != WEIR_NONE) {
        guard = &WEIR_REC(img, GUARDS)[s->guard];
        split->guarded[0] = (int) (guard->arm - s->arms.first);
        split->guarded[1] = (int) (guard->versus - s->arms.first);
    }

    (void) weir_splits_view(st->wmcf->splits->table, img, s,
                            ngx_http_weir_turn_clock(), &split->view);

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_text(ngx_pool_t *pool, weir_str_t text, weir_str_t *copy)
{
    u_char  *p;

    p = ngx_pnalloc(pool, text.len ? text.len : 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, text.data, text.len);
    *copy = weir_str((char *) p, text.len);

    return NGX_OK;
}


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
ngx_http_weir_write_issuers(ngx_http_weir_state_t *st)
{
    time_t                         age;
    ngx_uint_t                     i;
    weir_str_t                     labels[2];
    ngx_http_weir_state_issuer_t  *issuer;

    for (i = 0; i < st->nissuers; i++) {
        issuer = &st->issuers[i];
        labels[0] = issuer->name;

        switch (st->metric) {

        case WEIR_METRIC_ISSUER_KEYS:
            ngx_http_weir_write(st, labels, issuer->view.keys, 1);
            break;

        case WEIR_METRIC_ISSUER_AGE:
            if (issuer->view.has_url && issuer->view.success) {
                age = ngx_time() - issuer->view.success;
                ngx_http_weir_write(st, labels, (uint64_t) ngx_max(age, 0), 1);
            }

            break;

        default: /* WEIR_METRIC_ISSUER_FETCHES */
            labels[1] = weir_string("ok");
            ngx_http_weir_write(st, labels, issuer->view.accepted, 1);
            labels[1] = weir_string("failed");
            ngx_http_weir_write(st, labels, issuer->view.failures, 1);
            break;
        }
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
ngx_http_weir_write_store(ngx_http_weir_state_t *st)
{
    ngx_uint_t                 i;
    weir_str_t                 result;
    ngx_http_weir_counters_t  *all;

    static const char *const  results[] = {
#define R(name, text)  text,
        NGX_HTTP_WEIR_STORE_RESULTS(R)
#undef R
    };

    if (st->wmcf->store == NULL) {
        return;
    }

    all = &st->sum.all;

    switch (st->metric) {

    case WEIR_METRIC_STORE_CALLS:
        for (i = 0; i < NGX_HTTP_WEIR_STORE_NRESULTS; i++) {
            result = weir_cstr(results[i]);
            ngx_http_weir_write(st, &result, all->store.results[i], 1);
        }

        break;

    case WEIR_METRIC_STORE_DURATION:
        ngx_http_weir_write_times(st);
        break;

    case WEIR_METRIC_STORE_CONNECTIONS:
        ngx_http_weir_write(st, NULL, all->store_now.connections, 1);
        break;

    case WEIR_METRIC_STORE_PENDING:
        ngx_http_weir_write(st, NULL, all->store_now.pending, 1);
        break;

    default: /* WEIR_METRIC_STORE_RECONNECTS */
        ngx_http_weir_write(st, NULL, all->store.reconnects, 1);
        break;
    }
}


static void
ngx_http_weir_write_circuits(ngx_http_weir_state_t *st)
{
    ngx_uint_t  i;
    weir_str_t  state;

    if (st->wmcf->store == NULL) {
        return;
    }

    for (i = 0; i < NGX_HTTP_WEIR_NCIRCUITS; i++) {
        state = weir_cstr(ngx_http_weir_circuit_name(i));
        ngx_http_weir_write(st, &state, st->sum.circuits[i], 1);
    }
}


static void
ngx_http_weir_write_nodes(ngx_http_weir_state_t *st)
{
    ngx_http_weir_beat_t  *beat;

    if (st->wmcf->store == NULL) {
        return;
    }

    beat = ngx_http_weir_zone_beat(st->wmcf->zone);

    if (st->metric == WEIR_METRIC_STORE_NODES) {
        ngx_http_weir_write(st, NULL, ngx_http_weir_beat_nodes(beat), 1);

    } else if (__atomic_load_n(&beat->measured, __ATOMIC_RELAXED)) {
        ngx_http_weir_write(st, NULL,
                            __atomic_load_n(&beat->error, __ATOMIC_RELAXED),
                            1000000000);
    }
}


static void
ngx_http_weir_write_splits(ngx_http_weir_state_t *st)
{
    ngx_uint_t                    i, k, now;
    weir_str_t                    labels[2];
    weir_split_word_t             word;
    ngx_http_weir_state_split_t  *split;

    static const weir_str_t  states[] = {
        { "serving", sizeof("serving") - 1 },
        { "rolled_back", sizeof("rolled_back") - 1 },
        { "pinned", sizeof("pinned") - 1 }
    };

    for (i = 0; i < st->nsplits; i++) {
        split = &st->splits[i];
        word = split->view.word;
        labels[0] = split->name;

        if (st->metric == WEIR_METRIC_SPLIT_STATE) {
            now = WEIR_SPLIT_PINNED(word) ? 2 : WEIR_SPLIT_ROLLED(word);

            for (k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
                labels[1] = states[k];
                ngx_http_weir_write(st, labels, k == now, 1);
            }

        } else if (split->nsteps) {
            ngx_http_weir_write(st, labels,
                                ngx_min(WEIR_SPLIT_STEP(word) + 1,
                                        split->nsteps), 1);
        }
    }
}


static void
ngx_http_weir_write_arms(ngx_http_weir_state_t *st)
{
    ngx_uint_t                    i, k;
    weir_str_t                    labels[3];
    weir_arm_view_t              *arm;
    ngx_http_weir_state_split_t  *split;

    for (i = 0; i < st->nsplits; i++) {
        split = &st->splits[i];
        labels[0] = split->name;

        for (k = 0; k < split->narms; k++) {
            arm = &split->view.arms[k];
            labels[1] = split->arms[k];

            if (st->metric == WEIR_METRIC_SPLIT_WEIGHT) {
                ngx_http_weir_write(st, labels, split->view.weights[k], 10000);
                continue;
            }

            labels[2] = weir_string("ok");
            ngx_http_weir_write(st, labels, arm->ok, 1);
            labels[2] = weir_string("error");
            ngx_http_weir_write(st, labels, arm->errors, 1);
            labels[2] = weir_string("gone");
            ngx_http_weir_write(st, labels, arm->gone, 1);
        }
    }
}


static void
ngx_http_weir_write_breakers(ngx_http_weir_state_t *st)
{
    ngx_uint_t                    i, k, n;
    weir_str_t                    labels[3];
    weir_arm_view_t              *arm;
    ngx_http_weir_state_split_t  *split;

    for (i = 0; i < st->nsplits; i++) {
        split = &st->splits[i];
        labels[0] = split->name;

        for (k = 0; k < split->narms; k++) {
            arm = &split->view.arms[k];
            labels[1] = split->arms[k];

            if (!(split->breakers & (uint32_t) 1 << k)) {
                continue;
            }

            if (st->metric != WEIR_METRIC_SPLIT_BREAKER) {
                ngx_http_weir_write(st, labels,
                                    st->metric == WEIR_METRIC_SPLIT_OPENED
                                    ? arm->opened : arm->refused, 1);
                continue;
            }

            for (n = 0; n < WEIR_BREAKER_NSTATES; n++) {
                labels[2] = weir_cstr(weir_breaker_state_name(n));
                ngx_http_weir_write(st, labels, n == arm->breaker, 1);
            }
        }
    }
}


static void
ngx_http_weir_write_guards(ngx_http_weir_state_t *st)
{
    ngx_uint_t                    i, k, n;
    weir_str_t                    labels[3];
    weir_guard_look_t            *look;
    ngx_http_weir_state_split_t  *split;

    static const weir_str_t  percentiles[WEIR_QUANTILE_COUNT] = {
        { "50", 2 }, { "95", 2 }, { "99", 2 }
    };

    for (i = 0; i < st->nsplits; i++) {
        split = &st->splits[i];
        look = &split->view.look;
        labels[0] = split->name;

        if (split->guarded[0] < 0) {
            continue;
        }

        if (st->metric == WEIR_METRIC_GUARD_FINDING) {

            for (k = 0; k < WEIR_GUARD_NFINDINGS; k++) {
                labels[1] = weir_cstr(weir_guard_finding_name(k));
                ngx_http_weir_write(st, labels, k == look->finding, 1);
            }

            continue;
        }

        for (k = 0; k < 2; k++) {
            labels[1] = split->arms[split->guarded[k]];

            if (st->metric == WEIR_METRIC_GUARD_REQUESTS) {
                ngx_http_weir_write(st, labels, look->requests[k], 1);
                continue;
            }

            /* of nothing there is no share, and no time */

            if (st->metric == WEIR_METRIC_GUARD_ERRORS) {
                if (look->requests[k]) {
                    ngx_http_weir_write(st, labels, look->errors[k],
                                        look->requests[k]);
                }

                continue;
            }

            for (n = 0; n < WEIR_QUANTILE_COUNT; n++) {
                if (look->quantiles[k][n]) {
                    labels[2] = percentiles[n];
                    ngx_http_weir_write(st, labels, look->quantiles[k][n],
                                        1000000);
                }
            }
        }
    }
}


static void
ngx_http_weir_write_mirrors(ngx_http_weir_state_t *st)
{
    ngx_uint_t                    i, k;
    weir_str_t                    labels[2];
    ngx_http_weir_state_split_t  *split;

    for (i = 0; i < st->nsplits; i++) {
        split = &st->splits[i];
        labels[0] = split->name;

        for (k = 0; split->mirrored && k < WEIR_MIRROR_NENDS; k++) {
            labels[1] = weir_cstr(weir_mirror_end_name(k));
            ngx_http_weir_write(st, labels, split->view.mirrored[k], 1);
        }
    }
}


static void
ngx_http_weir_write_agreement(ngx_http_weir_state_t *st)
{
    ngx_msec_int_t                 age;
    ngx_http_weir_split_shared_t  *shared;

    shared = ngx_http_weir_zone_split_sync(st->wmcf->zone);

    if (st->wmcf->store == NULL || st->nsplits == 0
        || __atomic_load_n(&shared->reads, __ATOMIC_ACQUIRE) == 0)
    {
        return;
    }

    age = (ngx_msec_int_t) (ngx_current_msec - (ngx_msec_t)
                            __atomic_load_n(&shared->read, __ATOMIC_RELAXED));

    ngx_http_weir_write(st, NULL, (uint64_t) ngx_max(age, 0), 1000);
}


static void
ngx_http_weir_write_revoked(ngx_http_weir_state_t *st)
{
    time_t                           age;
    uint64_t                         read;
    weir_revoked_t                  *table;
    ngx_http_weir_revoked_shared_t  *shared;

    table = ngx_http_weir_zone_revoked(st->wmcf->zone, &shared);
    read = __atomic_load_n(&shared->read, __ATOMIC_RELAXED);

    if (table == NULL || !__atomic_load_n(&shared->asked, __ATOMIC_RELAXED)) {
        return;
    }

    if (st->metric == WEIR_METRIC_REVOKED) {
        ngx_http_weir_write(st, NULL, weir_revoked_count(table), 1);

    } else if (read) {
        age = ngx_time() - (time_t) read;
        ngx_http_weir_write(st, NULL, (uint64_t) ngx_max(age, 0), 1);
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


/* Samples: the head is before the first, and neither is there alone. */

static void
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


static void
ngx_http_weir_write_times(ngx_http_weir_state_t *st)
{
    char                          *p;
    uint64_t                       times[WEIR_NSTORE_TIMES];
    ngx_uint_t                     i;
    ngx_http_weir_store_counts_t  *counts;

    p = st->w->p;

    if (!ngx_http_weir_write_begin(st)) {
        return;
    }

    counts = &st->sum.all.store;

    for (i = 0; i < WEIR_NSTORE_TIMES; i++) {
        times[i] = counts->times[i];
    }

    weir_expo_histogram(st->w, st->metric, NULL, times, counts->took, 1000000);

    ngx_http_weir_write_end(st, p);
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
