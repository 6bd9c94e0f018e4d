/*
 * ngx_http_weir_metrics_write_splits.c: metrics of splits.
 */

#include "ngx_http_weir_metrics_state.h"


void
ngx_http_weir_write_splits(ngx_http_weir_state_t *st)
{
    ngx_uint_t                    i, k, now;
    weir_str_t                    labels[2];
    weir_split_word_t             word;
    ngx_http_weir_state_split_t  *split;

    for (i = 0; i < st->nsplits; i++) {
        split = &st->splits[i];
        word = split->view.word;
        labels[0] = split->name;

        if (st->metric == WEIR_METRIC_SPLIT_STATE) {
            now = weir_split_state(word);

            for (k = 0; k < WEIR_SPLIT_NSTATES; k++) {
                labels[1] = weir_cstr(weir_split_state_name(k));
                ngx_http_weir_write(st, labels, k == now, 1);
            }

        } else if (split->nsteps) {
            ngx_http_weir_write(st, labels,
                                ngx_min(WEIR_SPLIT_STEP(word) + 1,
                                        split->nsteps), 1);
        }
    }
}


void
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


void
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


void
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


void
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
