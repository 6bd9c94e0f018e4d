/*
 * verify_splits.c: splits and what is in them: what the table of format.h
 * cannot say of these records.
 *
 * After it a split has 2 to WEIR_MAX_ARMS arms whose weights make
 * WEIR_BUCKETS, whoever names an arm names one of its split, and no two splits
 * have one uid.  Splits may share records: what holds for one split is asked
 * of each.
 */

#include "image/types.h"
#include "run/split.h"
#include "run/verify.h"


static weir_rc_t
bad(weir_verify_t *v, const char *section, uint32_t i, const char *what,
    uint32_t n)
{
    return weir_refuse(v->why, WEIR_REJECT_RECORD, "%s[%u] %s %u", section, i,
                       what, n);
}


static inline bool
within(uint32_t n, uint32_t least, uint32_t most)
{
    return n >= least && n <= most;
}


static weir_rc_t
check_breakers(weir_verify_t *v)
{
    uint32_t                   i;
    const weir_img_breaker_t  *b;

    b = WEIR_REC(&v->img, BREAKERS);

    for (i = 0; i < v->img.n[WEIR_S_BREAKERS]; i++, b++) {

        if (b->failures > WEIR_MAX_BREAKER
            || (b->failures == 0 && b->error_rate == 0))
        {
            return bad(v, "breakers", i, "opens after failures:", b->failures);
        }

        if (!within(b->window, WEIR_MIN_BREAKER_TIME, WEIR_MAX_BREAKER_TIME)) {
            return bad(v, "breakers", i, "has a window of ms:", b->window);
        }

        if (!within(b->min_requests, 1, WEIR_MAX_BREAKER)) {
            return bad(v, "breakers", i, "needs requests:", b->min_requests);
        }

        if (!within(b->open, WEIR_MIN_BREAKER_TIME, WEIR_MAX_BREAKER_TIME)) {
            return bad(v, "breakers", i, "is open for ms:", b->open);
        }

        if (!within(b->probes, 1, WEIR_MAX_BREAKER)) {
            return bad(v, "breakers", i, "has probes:", b->probes);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_measures(weir_verify_t *v, uint32_t i, const weir_img_guard_t *g)
{
    bool      any;
    unsigned  q;

    any = g->error_rate != WEIR_NONE;

    if (any && g->error_rate > WEIR_BUCKETS) {
        return bad(v, "guards", i, "has an error rate of", g->error_rate);
    }

    for (q = 0; q < WEIR_QUANTILE_COUNT; q++) {

        if (g->ratio[q] != 0 && !within(g->ratio[q], 1001, WEIR_MAX_RATIO)) {
            return bad(v, "guards", i, "has a ratio of", g->ratio[q]);
        }

        any |= g->ratio[q] != 0;
    }

    return any ? WEIR_OK
               : bad(v, "guards", i, "compares nothing of arms", g->arm);
}


static weir_rc_t
check_guards(weir_verify_t *v)
{
    uint32_t                 i;
    const weir_img_guard_t  *g;

    g = WEIR_REC(&v->img, GUARDS);

    for (i = 0; i < v->img.n[WEIR_S_GUARDS]; i++, g++) {

        if (!within(g->window, WEIR_MIN_GUARD_WINDOW, WEIR_MAX_GUARD_WINDOW)) {
            return bad(v, "guards", i, "has a window of ms:", g->window);
        }

        if (!within(g->min_requests, 1, WEIR_MAX_GUARD_REQUESTS)) {
            return bad(v, "guards", i, "needs requests:", g->min_requests);
        }

        if (g->hold > WEIR_MAX_HOLD) {
            return bad(v, "guards", i, "holds for seconds:", g->hold);
        }

        if (check_measures(v, i, g) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_mirrors(weir_verify_t *v)
{
    uint32_t                  i, never;
    const weir_img_mirror_t  *m;

    m = WEIR_REC(&v->img, MIRRORS);
    never = 1u << WEIR_METHOD_BIT_CONNECT | 1u << WEIR_METHOD_BIT_TRACE;

    for (i = 0; i < v->img.n[WEIR_S_MIRRORS]; i++, m++) {

        if (m->methods == 0 || (m->methods & never) != 0) {
            return bad(v, "mirrors", i, "copies methods", m->methods);
        }

        if (!within(m->timeout, 1, WEIR_MAX_MIRROR_TIME)) {
            return bad(v, "mirrors", i, "waits for ms:", m->timeout);
        }
    }

    return WEIR_OK;
}


static inline bool
has_arm(const weir_img_split_t *s, uint32_t arm)
{
    return arm >= s->arms.first && arm - s->arms.first < s->arms.count;
}


static weir_rc_t
check_arms(weir_verify_t *v, uint32_t i, const weir_img_split_t *s)
{
    uint32_t               k, sum, fallback;
    const weir_img_arm_t  *a;

    if (!within(s->arms.count, 2, WEIR_MAX_ARMS)) {
        return bad(v, "splits", i, "has arms:", s->arms.count);
    }

    a = WEIR_REC(&v->img, ARMS) + s->arms.first;
    sum = 0;

    for (k = 0; k < s->arms.count; k++) {
        sum += a[k].weight;

        if (a[k].breaker == WEIR_NONE) {
            continue;
        }

        fallback = WEIR_REC(&v->img, BREAKERS)[a[k].breaker].fallback;

        if (fallback != WEIR_NONE
            && (!has_arm(s, fallback) || fallback == s->arms.first + k))
        {
            return bad(v, "splits", i, "has an arm that falls back to arms",
                       fallback);
        }
    }

    if (sum != WEIR_BUCKETS) {
        return bad(v, "splits", i, "has weights that make", sum);
    }

    return WEIR_OK;
}


static weir_rc_t
check_overrides(weir_verify_t *v, uint32_t i, const weir_img_split_t *s)
{
    uint32_t                    k, at;
    const weir_img_prog_t      *p;
    const weir_img_override_t  *o;

    if (s->overrides.count > WEIR_MAX_OVERRIDES) {
        return bad(v, "splits", i, "has overrides:", s->overrides.count);
    }

    o = WEIR_REC(&v->img, OVERRIDES) + s->overrides.first;
    p = WEIR_REC(&v->img, PROGS);

    for (k = 0; k < s->overrides.count; k++, o++) {
        at = s->overrides.first + k;

        if (!has_arm(s, o->arm)) {
            return bad(v, "overrides", at, "leads to arms", o->arm);
        }

        if (o->source == WEIR_OVERRIDE_ANY && o->when == WEIR_NONE) {
            return bad(v, "overrides", at, "always leads to arms", o->arm);
        }

        if (o->when != WEIR_NONE && p[o->when].phase > WEIR_PHASE_ACCESS) {
            return bad(v, "overrides", at, "needs phase", p[o->when].phase);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_steps(weir_verify_t *v, uint32_t i, const weir_img_split_t *s,
    const weir_img_guard_t *g)
{
    bool                    last;
    uint32_t                k, both, share;
    const weir_img_arm_t   *a;
    const weir_img_step_t  *step;

    if (g == NULL || s->steps.count > WEIR_MAX_STEPS) {
        return bad(v, "splits", i, "has a ramp of steps:", s->steps.count);
    }

    a = WEIR_REC(&v->img, ARMS);
    both = a[g->arm].weight + a[g->versus].weight;
    step = WEIR_REC(&v->img, STEPS) + s->steps.first;
    share = 0;

    for (k = 0; k < s->steps.count; k++, step++) {
        last = k == s->steps.count - 1;

        if (step->share <= share || step->share > both) {
            return bad(v, "steps", s->steps.first + k, "has a share of",
                       step->share);
        }

        if (last != (step->seconds == 0) || step->seconds > WEIR_MAX_STEP) {
            return bad(v, "steps", s->steps.first + k, "takes seconds:",
                       step->seconds);
        }

        share = step->share;
    }

    return WEIR_OK;
}


static weir_rc_t
check_guard(weir_verify_t *v, uint32_t i, const weir_img_split_t *s)
{
    const weir_img_guard_t  *g;

    g = s->guard != WEIR_NONE ? &WEIR_REC(&v->img, GUARDS)[s->guard] : NULL;

    if (g != NULL && (!has_arm(s, g->arm) || !has_arm(s, g->versus)
                      || g->arm == g->versus))
    {
        return weir_refuse(v->why, WEIR_REJECT_RECORD, "splits[%u] has a "
                           "guard of arms %u and %u", i, g->arm, g->versus);
    }

    return s->steps.count == 0 ? WEIR_OK : check_steps(v, i, s, g);
}


/* RFC 6265, 4.1.1: it goes into a header as it is. */
static bool
is_cookie_name(const weir_image_t *img, uint32_t str)
{
    size_t      i;
    weir_str_t  s;

    s = weir_img_str(img, str);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] > '~'
            || strchr("()<>@,;:\\\"/[]?={}", s.data[i]) != NULL)
        {
            return false;
        }
    }

    return s.len > 0;
}


static weir_rc_t
check_key(weir_verify_t *v, uint32_t i, const weir_img_split_t *s)
{
    const weir_img_prog_t  *p;

    p = WEIR_REC(&v->img, PROGS);

    if (s->sticky != WEIR_NONE && p[s->sticky].phase > WEIR_PHASE_ACCESS) {
        return bad(v, "splits", i, "has a key that needs phase",
                   p[s->sticky].phase);
    }

    if (s->cookie == WEIR_NONE ? s->cookie_age != 0
                               : s->cookie_age > WEIR_MAX_COOKIE_AGE)
    {
        return bad(v, "splits", i, "has a cookie for seconds:",
                   s->cookie_age);
    }

    if (s->cookie != WEIR_NONE && !is_cookie_name(&v->img, s->cookie)) {
        return bad(v, "splits", i, "has a cookie without a name: strs",
                   s->cookie);
    }

    return WEIR_OK;
}


static weir_rc_t
check_uid(weir_verify_t *v, uint32_t i, const weir_img_split_t *s)
{
    uint32_t                 k;
    const weir_img_split_t  *other;

    other = WEIR_REC(&v->img, SPLITS);

    for (k = 0; k < i; k++) {
        if (memcmp(&other[k].uid, &s->uid, sizeof(s->uid)) == 0) {
            return bad(v, "splits", i, "has the uid of splits", k);
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_splits(weir_verify_t *v)
{
    uint32_t                 i, n;
    const weir_img_split_t  *s;

    n = v->img.n[WEIR_S_SPLITS];

    if (n > WEIR_MAX_SPLITS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "%u splits, at most %u", n, WEIR_MAX_SPLITS);
    }

    s = WEIR_REC(&v->img, SPLITS);

    for (i = 0; i < n; i++, s++) {
        if (check_uid(v, i, s) != WEIR_OK
            || check_arms(v, i, s) != WEIR_OK
            || check_key(v, i, s) != WEIR_OK
            || check_overrides(v, i, s) != WEIR_OK
            || check_guard(v, i, s) != WEIR_OK)
        {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


weir_rc_t
weir_verify_splits(weir_verify_t *v)
{
    uint32_t                 i;
    const weir_img_route_t  *r;

    if (check_breakers(v) != WEIR_OK || check_guards(v) != WEIR_OK
        || check_mirrors(v) != WEIR_OK || check_splits(v) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    r = WEIR_REC(&v->img, ROUTES);

    for (i = 0; i < v->img.n[WEIR_S_ROUTES]; i++) {
        if (r[i].split != WEIR_NONE && r[i].upstream != WEIR_NONE) {
            return bad(v, "routes", i, "has an upstream and splits",
                       r[i].split);
        }
    }

    return WEIR_OK;
}
