/*
 * ngx_http_weir_metrics_write_far.c: metrics of what others tell this node:
 * the store, issuers.
 */

#include "ngx_http_weir_metrics_state.h"
#include "ngx_http_weir_revoked.h"
#include "ngx_http_weir_split_sync.h"


void
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


void
ngx_http_weir_write_store(ngx_http_weir_state_t *st)
{
    uint64_t                   times[WEIR_NSTORE_TIMES];
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
        for (i = 0; i < WEIR_NSTORE_TIMES; i++) {
            times[i] = all->store.times[i];
        }

        ngx_http_weir_write_times(st, times, all->store.took);
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


void
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


void
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


void
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


void
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
