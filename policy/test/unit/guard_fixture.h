/*
 * guard_fixture.h: arms that behave in their manner, slice by slice of the
 * window of a guard, which is here with all that is its own.
 */

#ifndef WEIR_TEST_UNIT_GUARD_FIXTURE_H
#define WEIR_TEST_UNIT_GUARD_FIXTURE_H

#include "splits_fixture.h"
#include "run/splits_guard.c"
#include "run/splits_tick.c"

#define SLICE  (6 * SEC)                /* of a window of a minute */

/* What each arm does, a second. */
typedef struct {
    unsigned  requests;
    double    errors;                   /* share */
    double    median;                   /* ns; 0: it takes no time */
    double    spread;                   /* of the logarithm */
} manner_t;

static const manner_t  well = { 950, 0.01, 20e6, 0 };


static inline void
behave(uint32_t arm, const manner_t *m, int64_t ns)
{
    double    took;
    uint64_t  i, n;

    n = (uint64_t) m->requests * (uint64_t) ns / SEC;

    for (i = 0; i < n; i++) {
        took = m->median;

        if (m->spread > 0) {
            took *= exp(m->spread * any_normal());
        }

        count_took(arm, chance(m->errors) ? WEIR_END_ERROR : WEIR_END_OK,
                   (int64_t) took);
    }
}


/* One slice of the first split's window, and the tick after it. */
static inline weir_guard_finding_t
slice(const manner_t *base, const manner_t *next)
{
    int64_t            ns;
    weir_split_view_t  v;

    ns = (int64_t) SLICE_NS(&w.guards[0]);
    behave(BASE, base, ns);
    behave(NEXT, next, ns);
    pass(ns);
    tick();
    v = view();

    return v.look.finding;
}


/* Slices until the first news, at most so many; 0: there were none. */
static inline unsigned
slices_until(weir_split_news_e what, unsigned most, const manner_t *base,
    const manner_t *next)
{
    unsigned  i, had;

    had = w.told[what];

    for (i = 1; i <= most; i++) {
        (void) slice(base, next);

        if (w.told[what] > had) {
            return i;
        }
    }

    return 0;
}


static inline void
watch_latency(uint32_t p50, uint32_t p95, uint32_t p99)
{
    w.guards[0].ratio[WEIR_QUANTILE_P50] = p50;
    w.guards[0].ratio[WEIR_QUANTILE_P95] = p95;
    w.guards[0].ratio[WEIR_QUANTILE_P99] = p99;
}


static inline void
have_ramp(void)
{
    w.steps[0] = (weir_img_step_t) { 500, 120 };
    w.steps[1] = (weir_img_step_t) { 5000, 120 };
    w.steps[2] = (weir_img_step_t) { 9600, 0 };
    w.splits[0].steps.count = 3;
}


#endif
