/*
 * verify_limits.c: limits, and who they are of: what the table of format.h
 * cannot say of these records.
 *
 * Numbers are such that neither a burst nor a window of the cluster takes
 * longer than WEIR_MAX_SPAN at the limit's rate, and that no unit takes less
 * than a nanosecond: in 64 bits, sums of a few of them with a time do not
 * overflow.
 */

#include "image/limit.h"
#include "image/types.h"
#include "run/verify.h"


static weir_rc_t
bad(weir_verify_t *v, uint32_t i, const char *what, uint64_t n)
{
    return weir_refuse(v->why, WEIR_REJECT_RECORD, "limits[%u] of kind %s %s "
                       "%llu", i,
                       weir_limit_kind_name(WEIR_REC(&v->img, LIMITS)[i].kind),
                       what, (unsigned long long) n);
}


static bool
is_rate(const weir_img_limit_t *l)
{
    return l->kind <= WEIR_LIMIT_FIXED;
}


static bool
window_holds(const weir_img_limit_t *l)
{
    if (!is_rate(l)) {
        return l->window == 0;
    }

    /* WEIR_MAX_RATE is one unit a nanosecond */
    return l->window >= WEIR_SEC_NS
           && l->window <= WEIR_MAX_WINDOW * WEIR_SEC_NS
           && l->limit <= l->window;
}


static bool
burst_holds(const weir_img_limit_t *l)
{
    switch (l->kind) {

    case WEIR_LIMIT_GCRA:
        return l->burst >= 1 && l->burst <= WEIR_MAX_UNITS
               && weir_limit_time(l, l->burst) <= WEIR_MAX_SPAN * WEIR_SEC_NS;

    case WEIR_LIMIT_QUOTA:
        return l->burst <= l->limit;

    default:
        return l->burst == 0;
    }
}


static weir_rc_t
check_numbers(weir_verify_t *v, uint32_t i, const weir_img_limit_t *l)
{
    uint64_t  most;

    most = l->kind == WEIR_LIMIT_CONCURRENCY ? WEIR_MAX_CONCURRENCY
                                             : WEIR_MAX_UNITS;

    if (l->limit < 1 || l->limit > most) {
        return bad(v, i, "lets pass", l->limit);
    }

    if (!window_holds(l)) {
        return bad(v, i, "has a window of nanoseconds:", l->window);
    }

    if (!burst_holds(l)) {
        return bad(v, i, "has a burst of", l->burst);
    }

    if (l->cost < 1 || l->cost > WEIR_MAX_UNITS) {
        return bad(v, i, "has a cost of", l->cost);
    }

    if (l->kind != WEIR_LIMIT_QUOTA && l->period != 0) {
        return bad(v, i, "has a period:", l->period);
    }

    if (l->kind != WEIR_LIMIT_QUOTA && l->zone != WEIR_NONE) {
        return bad(v, i, "has a time zone:", l->zone);
    }

    return WEIR_OK;
}


/* Where it is counted, and by what. */
static weir_rc_t
check_place(weir_verify_t *v, uint32_t i, const weir_img_limit_t *l)
{
    uint64_t  budget, span;

    if (l->kind == WEIR_LIMIT_CONCURRENCY
        && (l->cluster || l->response || l->cost_prog != WEIR_NONE
            || l->cost != 1))
    {
        return bad(v, i, "counts more than requests of this node, each as",
                   l->cost);
    }

    weir_limit_spread(l, &budget, &span);

    if (l->budget != budget) {
        return bad(v, i, "has a budget of", l->budget);
    }

    if (l->span != span) {
        return bad(v, i, "has a span of nanoseconds:", l->span);
    }

    if (!l->cluster && l->lease != 0) {
        return bad(v, i, "is local and has leases of", l->lease);
    }

    if (!l->cluster && l->on_failure != 0) {
        return bad(v, i, "is local and has an answer without a store:",
                   l->on_failure);
    }

    return WEIR_OK;
}


static bool
is_key(unsigned kind)
{
    return kind == WEIR_T_STRING || kind == WEIR_T_INT || kind == WEIR_T_UINT
           || kind == WEIR_T_BOOL || kind == WEIR_T_IP;
}


static weir_rc_t
check_programs(weir_verify_t *v, uint32_t i, const weir_img_limit_t *l)
{
    uint32_t                k, latest;
    const uint32_t         *part;
    const weir_img_prog_t  *p;

    if (l->phase != WEIR_PHASE_PREAUTH && l->phase != WEIR_PHASE_ACCESS) {
        return bad(v, i, "is asked in phase", l->phase);
    }

    if (l->key.count > WEIR_MAX_KEY_PARTS || (l->key.count == 0) != l->plan) {
        return bad(v, i, l->plan ? "is of a plan; parts of its key:"
                                 : "has parts of its key:", l->key.count);
    }

    p = WEIR_REC(&v->img, PROGS);
    part = WEIR_REC(&v->img, REFS) + l->key.first;

    for (k = 0; k < l->key.count; k++) {

        if (!is_key(p[part[k]].kind)) {
            return bad(v, i, "has a key of a value of kind", p[part[k]].kind);
        }

        if (p[part[k]].phase > l->phase) {
            return bad(v, i, "has a key that needs phase",
                       p[part[k]].phase);
        }
    }

    latest = l->response ? WEIR_PHASE_LOG : l->phase;

    if (l->cost_prog != WEIR_NONE && p[l->cost_prog].phase > latest) {
        return bad(v, i, "has a cost that needs phase",
                   p[l->cost_prog].phase);
    }

    return WEIR_OK;
}


static weir_rc_t
check_of_plan(weir_verify_t *v, uint32_t i, const weir_img_limit_t *l)
{
    const uint8_t  *owned;

    owned = v->mem;

    if (owned[i] != l->plan) {
        return bad(v, i, "is of a plan, or of none, and says", l->plan);
    }

    if (l->plan && (is_rate(l) || l->phase != WEIR_PHASE_ACCESS)) {
        return bad(v, i, "is of a plan and asked in phase", l->phase);
    }

    return WEIR_OK;
}


/* Notes which limits are of a plan. */
static weir_rc_t
check_plans(weir_verify_t *v)
{
    uint8_t                *owned;
    uint32_t                i;
    const weir_img_plan_t  *p;

    owned = v->mem;
    memset(owned, 0, v->img.n[WEIR_S_LIMITS]);

    p = WEIR_REC(&v->img, PLANS);

    for (i = 0; i < v->img.n[WEIR_S_PLANS]; i++) {

        if (p[i].limits.count > WEIR_MAX_PLAN_LIMITS) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "plans[%u] has %u limits, at most %u", i,
                               p[i].limits.count, WEIR_MAX_PLAN_LIMITS);
        }

        memset(owned + p[i].limits.first, 1, p[i].limits.count);
    }

    return WEIR_OK;
}


static weir_rc_t
check_limits(weir_verify_t *v)
{
    uint32_t                 i, n;
    const weir_img_limit_t  *l;

    n = v->img.n[WEIR_S_LIMITS];

    if (n > WEIR_MAX_LIMITS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "%u limits, at most %u", n, WEIR_MAX_LIMITS);
    }

    l = WEIR_REC(&v->img, LIMITS);

    for (i = 0; i < n; i++) {
        if (check_numbers(v, i, &l[i]) != WEIR_OK
            || check_place(v, i, &l[i]) != WEIR_OK
            || check_programs(v, i, &l[i]) != WEIR_OK
            || check_of_plan(v, i, &l[i]) != WEIR_OK)
        {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_route(weir_verify_t *v, uint32_t i, weir_range_t r)
{
    uint32_t                 k, phase;
    const uint32_t          *ref;
    const weir_img_limit_t  *l;

    if (r.count > WEIR_MAX_ROUTE_LIMITS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "routes[%u] has %u limits, at most %u", i,
                           r.count, WEIR_MAX_ROUTE_LIMITS);
    }

    ref = WEIR_REC(&v->img, REFS) + r.first;
    phase = WEIR_PHASE_PREAUTH;

    for (k = 0; k < r.count; k++) {
        l = &WEIR_REC(&v->img, LIMITS)[ref[k]];

        if (l->plan || l->phase < phase) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "routes[%u] has limits[%u], which is of a "
                               "plan, or of phase %s behind one of %s", i,
                               ref[k], weir_phase_name(l->phase),
                               weir_phase_name(phase));
        }

        phase = l->phase;
    }

    return WEIR_OK;
}


size_t
weir_verify_limits_size(const weir_image_t *img)
{
    return (size_t) img->n[WEIR_S_LIMITS] + 1;
}


weir_rc_t
weir_verify_limits(weir_verify_t *v)
{
    uint32_t                 i;
    const weir_img_route_t  *r;

    if (check_plans(v) != WEIR_OK || check_limits(v) != WEIR_OK) {
        return WEIR_ERROR;
    }

    r = WEIR_REC(&v->img, ROUTES);

    for (i = 0; i < v->img.n[WEIR_S_ROUTES]; i++) {
        if (check_route(v, i, r[i].limits) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}
