/*
 * model_guard.c: what looks after the arms of a split: breakers, guard and
 * ramp; and its mirror.
 */

#include "front/load_splits.h"
#include "front/codes.h"
#include "front/schema.h"

#define BREAKER_WINDOW    10000u    /* ms */
#define BREAKER_OPEN      30000u    /* ms */
#define BREAKER_REQUESTS  20u
#define GUARD_REQUESTS    100u
#define MIRROR_TIMEOUT    5000u     /* ms */
#define ALL               10000u    /* 1/10000 */

#define NAMED(s)  WEIR_STR((s)->split->name.text)


static void
take_number(const weir_node_t *map, const char *key, uint32_t *out)
{
    const weir_node_t  *n;

    n = weir_node_get(map, key);

    if (n != NULL) {
        *out = (uint32_t) n->u.i;
    }
}


static void
take_percent(const weir_node_t *map, const char *key, uint32_t *out)
{
    const weir_node_t  *n;

    n = weir_node_get(map, key);

    if (n != NULL) {
        (void) weir_percent_parse(n->text.text, out);
    }
}


/* For a key that the rest of the breaker makes meaningless. */
static void
needs_rate(weir_load_split_t *s, const weir_node_t *node, const char *key)
{
    const weir_node_t  *n;

    n = weir_node_get(node, key);

    if (n != NULL) {
        (void) weir_fail(s->l->diags, WEIR_EPLACE, n->text.span,
                         "\"%s\" of a breaker needs \"error_rate\"", key);
    }
}


static void
take_fallback(weir_load_split_t *s, const weir_node_t *node, uint32_t arm,
    weir_img_breaker_t *b)
{
    const weir_node_t  *n;

    n = weir_node_get(node, "fallback");
    b->fallback = weir_load_arm(s, n);

    if (b->fallback == arm) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                         "\"fallback\" of arm \"%.*s\" is the arm itself",
                         WEIR_STR(n->text.text));
    }
}


static void
load_breaker(weir_load_split_t *s, const weir_node_t *node, uint32_t arm)
{
    weir_arm_t          *a;
    weir_img_breaker_t   b;
    const weir_node_t   *rate;

    a = &s->split->arms.items[arm];
    memset(&b, 0, sizeof(b));
    b.window = BREAKER_WINDOW;
    b.min_requests = BREAKER_REQUESTS;
    b.open = BREAKER_OPEN;
    b.probes = 1;

    rate = weir_node_get(node, "error_rate");
    take_number(node, "failures", &b.failures);
    take_percent(node, "error_rate", &b.error_rate);

    if (weir_node_find(node, "failures") == NULL
        && weir_node_find(node, "error_rate") == NULL)
    {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                         "the breaker of arm \"%.*s\" needs \"failures\" or "
                         "\"error_rate\"", WEIR_STR(a->name.text));
    }

    if (rate != NULL && b.error_rate == 0) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, rate->text.span,
                         "\"error_rate\" of a breaker is %.*s, expected more "
                         "than 0%%", WEIR_STR(rate->text.text));
    }

    if (weir_node_find(node, "error_rate") == NULL) {
        needs_rate(s, node, "window");
        needs_rate(s, node, "min_requests");
    }

    weir_load_duration(s->l, node, "window", WEIR_MIN_BREAKER_TIME,
                       WEIR_MAX_BREAKER_TIME, 1, &b.window);
    weir_load_duration(s->l, node, "open", WEIR_MIN_BREAKER_TIME,
                       WEIR_MAX_BREAKER_TIME, 1, &b.open);
    take_number(node, "min_requests", &b.min_requests);
    take_number(node, "probes", &b.probes);
    take_fallback(s, node, arm, &b);

    a->has_breaker = true;
    a->breaker = b;
}


void
weir_load_breaker(weir_load_split_t *s, const weir_node_t *arms, uint32_t arm)
{
    uint32_t             i;
    const weir_node_t   *n;
    const weir_entry_t  *e;
    const weir_name_t   *name;

    name = &s->split->arms.items[arm].name;

    for (i = 0; i < arms->n; i++) {
        e = &arms->u.entries[i];
        n = weir_node_get(&e->value, "breaker");

        if (n != NULL && e->key.kind != WEIR_T_UNSET
            && weir_str_eq(e->key.text.text, name->text))
        {
            load_breaker(s, n, arm);
        }
    }
}


/* Who is watched, and with whom compared. */
static void
take_arms(weir_load_split_t *s, const weir_node_t *node, weir_img_guard_t *g)
{
    const weir_node_t  *n;

    g->arm = weir_load_arm(s, weir_node_get(node, "arm"));
    n = weir_node_get(node, "versus");
    g->versus = weir_load_arm(s, n);

    if (n != NULL && g->versus != WEIR_NONE && g->versus == g->arm) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                         "\"arm\" and \"versus\" of the guard of split "
                         "\"%.*s\" are both \"%.*s\"", NAMED(s),
                         WEIR_STR(n->text.text));
    }

    if (weir_node_find(node, "versus") != NULL) {
        return;
    }

    if (s->split->arms.len == 2) {
        g->versus = g->arm != WEIR_NONE ? !g->arm : WEIR_NONE;

    } else if (s->split->arms.len > 2) {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                         "the guard of split \"%.*s\" needs \"versus\": there "
                         "are %zu arms", NAMED(s), s->split->arms.len);
    }
}


/* What it compares. */
static void
take_measures(weir_load_split_t *s, const weir_node_t *node,
    weir_img_guard_t *g)
{
    bool                any;
    unsigned            q;
    const weir_node_t  *n;

    static const char *const  names[] = {
#define Q(id, text, below)  text,
        WEIR_QUANTILES(Q)
#undef Q
    };

    g->error_rate = WEIR_NONE;
    take_percent(node, "error_rate", &g->error_rate);
    any = weir_node_find(node, "error_rate") != NULL;

    for (q = 0; q < WEIR_QUANTILE_COUNT; q++) {
        any |= weir_node_find(node, names[q]) != NULL;
        n = weir_node_get(node, names[q]);

        if (n != NULL) {
            (void) weir_ratio_of(n, &g->ratio[q]);
        }
    }

    if (!any) {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                         "the guard of split \"%.*s\" compares nothing; it "
                         "needs \"error_rate\" or a ratio, as \"p95_ratio\"",
                         NAMED(s));
    }
}


void
weir_load_guard(weir_load_split_t *s, const weir_node_t *node)
{
    weir_img_guard_t   *g;
    const weir_node_t  *n;

    if (node == NULL) {
        return;
    }

    s->split->guarded = true;
    s->split->guard_span = node->text.span;
    g = &s->split->guard;
    g->min_requests = GUARD_REQUESTS;

    take_arms(s, node, g);
    take_measures(s, node, g);
    take_number(node, "min_requests", &g->min_requests);

    weir_load_duration(s->l, node, "window", WEIR_MIN_GUARD_WINDOW,
                       WEIR_MAX_GUARD_WINDOW, 1, &g->window);
    weir_load_duration(s->l, node, "hold", 1, WEIR_MAX_HOLD, 1000, &g->hold);

    n = weir_node_get(node, "action");
    g->report = n != NULL && weir_str_eq(n->text.text, weir_string("report"));

    if (g->report && (n = weir_node_get(node, "hold")) != NULL) {
        (void) weir_fail(s->l->diags, WEIR_EPLACE, n->text.span,
                         "\"hold\" does not go with \"action: report\", which "
                         "rolls nothing back");
    }
}


static bool
bad_step(weir_load_split_t *s, const weir_node_t *node, const char *why)
{
    (void) weir_fail(s->l->diags, WEIR_EVALUE, node->text.span,
                     "step \"%.*s\" of the ramp of split \"%.*s\" %s",
                     WEIR_STR(node->text.text), NAMED(s), why);
    return false;
}


/* What arm and versus have together; all, where that is not known. */
static uint32_t
weight_of_both(const weir_load_split_t *s)
{
    const weir_arm_t        *arms;
    const weir_img_guard_t  *g;

    g = &s->split->guard;
    arms = s->split->arms.items;

    return !s->weighed || !s->split->guarded || g->arm == WEIR_NONE
           || g->versus == WEIR_NONE
           ? ALL : arms[g->arm].weight + arms[g->versus].weight;
}


/* false: reported, and what comes behind it is not looked at. */
static bool
take_step(weir_load_split_t *s, const weir_node_t *node, bool last)
{
    size_t            n;
    uint32_t          most;
    uint64_t          ms;
    weir_str_t        why;
    weir_img_step_t   step, *slot;

    n = s->split->steps.len;
    memset(&step, 0, sizeof(step));

    if (weir_step_parse(node->text.text, &step.share, &ms) != WEIR_OK) {
        return false;
    }

    if (step.share <= (n > 0 ? s->split->steps.items[n - 1].share : 0)) {
        return bad_step(s, node, n > 0 ? "is no more than the one before it"
                                       : "has nothing, which nobody measures");
    }

    most = weight_of_both(s);

    if (step.share > most) {
        why = weir_arena_printf(s->l->arena, "is more than the arm and its "
                                "rival have together: %.*s",
                                WEIR_STR(weir_load_percent(s->l, most)));
        s->l->nomem |= why.data == NULL;
        return bad_step(s, node, why.data != NULL ? why.data : "");
    }

    if (last != (ms == UINT64_MAX)) {
        return bad_step(s, node, last ? "is the last one, which has no time"
                                      : "needs a time, as 5%@10m");
    }

    if (!last && (ms < 1000 || ms > WEIR_MAX_STEP * UINT64_C(1000)
                  || ms % 1000 != 0))
    {
        return bad_step(s, node, "has a time that is not from 1s to 30d, in "
                        "whole seconds");
    }

    step.seconds = last ? 0 : (uint32_t) (ms / 1000);
    slot = weir_load_push(s->l, &s->split->steps);

    if (slot != NULL) {
        *slot = step;
    }

    return slot != NULL;
}


void
weir_load_ramp(weir_load_split_t *s, const weir_node_t *node)
{
    uint32_t            i, arm;
    const weir_node_t  *n, *steps;

    if (node == NULL) {
        return;
    }

    n = weir_node_get(node, "arm");
    arm = weir_load_arm(s, n);

    if (weir_node_find(s->body, "guard") == NULL
        || (s->split->guarded && arm != WEIR_NONE
            && s->split->guard.arm != WEIR_NONE
            && s->split->guard.arm != arm))
    {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, node->text.span,
                         "the ramp of split \"%.*s\" needs a \"guard\" of the "
                         "same arm: nothing says whether %s%.*s%s is well",
                         NAMED(s), n != NULL ? "\"" : "",
                         n != NULL ? (int) n->text.text.len : 2,
                         n != NULL ? n->text.text.data : "it",
                         n != NULL ? "\"" : "");
    }

    steps = weir_node_get(node, "steps");

    for (i = 0; steps != NULL && i < steps->n; i++) {

        if (steps->u.items[i].kind == WEIR_T_UNSET
            || !take_step(s, &steps->u.items[i], i == steps->n - 1))
        {
            return;
        }
    }
}


static void
take_methods(weir_load_split_t *s, const weir_node_t *list, uint32_t *out)
{
    bool                none;
    uint32_t            i, m, bits;
    const weir_node_t  *n;

    static const char *const  names[] = {
#define M(name, text)  text,
        WEIR_METHODS(M)
#undef M
    };

    bits = 0;

    for (i = 0; i < list->n; i++) {
        n = &list->u.items[i];

        if (n->kind == WEIR_T_UNSET) {
            continue;
        }

        for (m = 0; m < WEIR_METHOD_COUNT
                    && !weir_str_eq(weir_cstr(names[m]), n->text.text); m++)
        { }

        none = m == WEIR_METHOD_COUNT || m == WEIR_METHOD_BIT_CONNECT
               || m == WEIR_METHOD_BIT_TRACE;

        if (none) {
            (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                             "\"methods\" of a mirror: requests of %.*s are "
                             "not copied", WEIR_STR(n->text.text));

        } else if (bits & (uint32_t) 1 << m) {
            (void) weir_fail(s->l->diags, WEIR_ETWICE, n->text.span,
                             "\"%.*s\" stands twice in one mirror",
                             WEIR_STR(n->text.text));

        } else {
            bits |= (uint32_t) 1 << m;
        }
    }

    *out = bits;
}


void
weir_load_mirror(weir_load_split_t *s, const weir_node_t *node)
{
    weir_img_mirror_t  *m;
    const weir_node_t  *n;

    if (node == NULL) {
        return;
    }

    if ((n = weir_node_get(node, "upstream")) != NULL) {
        s->split->shadow = weir_load_name(n);
    }

    m = &s->split->mirror;
    m->sample = ALL;
    m->methods = 1u << WEIR_METHOD_BIT_GET | 1u << WEIR_METHOD_BIT_HEAD;
    m->timeout = MIRROR_TIMEOUT;

    take_percent(node, "sample", &m->sample);
    weir_load_duration(s->l, node, "timeout", 1, WEIR_MAX_MIRROR_TIME, 1,
                       &m->timeout);

    if ((n = weir_node_get(node, "methods")) != NULL) {
        take_methods(s, n, &m->methods);
    }
}
