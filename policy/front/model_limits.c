/*
 * model_limits.c: how much callers may use: limits, plans, and what of them a
 * route and a tenant name.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"
#include "front/zones.h"
#include "image/limit.h"

#define REFUSED  429u

#define COUNTED  "\"concurrency\" is counted on each node for itself"
#define ALONE    "is for scope cluster; " COUNTED

#define KEY_KINDS                                                             \
    ((uint32_t) 1 << WEIR_T_STRING | (uint32_t) 1 << WEIR_T_INT               \
     | (uint32_t) 1 << WEIR_T_UINT | (uint32_t) 1 << WEIR_T_BOOL              \
     | (uint32_t) 1 << WEIR_T_IP)


/* One of "limits" or "plans" while it is read. */
typedef struct {
    weir_load_t        *l;
    const weir_node_t  *body;
    const char         *what;       /* "limit" or "plan" */
    weir_limit_t        limit;      /* what its periods share */
    const weir_node_t  *fixed;      /* its cost, where that is a constant */
} spec_t;

#define NAMED(s)  (s)->what, WEIR_STR((s)->limit.of.text)


/* For a key that the rest of the map makes meaningless. */
static void
not_here(const spec_t *s, const char *key, const char *why)
{
    const weir_node_t  *n;

    n = weir_node_get(s->body, key);

    if (n != NULL) {
        (void) weir_fail(s->l->diags, WEIR_EPLACE, n->text.span,
                         "\"%s\" of %s \"%.*s\" %s", key, NAMED(s), why);
    }
}


static bool
is_word(const spec_t *s, const char *key, const char *word)
{
    const weir_node_t  *n;

    n = weir_node_get(s->body, key);

    return n != NULL && weir_str_eq(n->text.text, weir_cstr(word));
}


/* Whether it was given, right or wrong. */
static bool
has(const spec_t *s, const char *key)
{
    return weir_node_find(s->body, key) != NULL;
}


static void
take_number(const spec_t *s, const char *key, uint64_t *out)
{
    const weir_node_t  *n;

    n = weir_node_get(s->body, key);

    if (n != NULL) {
        *out = (uint64_t) n->u.i;
    }
}


/* Where it counts, and what then becomes of requests without a store. */
static void
take_scope(spec_t *s)
{
    unsigned  f;
    uint64_t  lease;

    s->limit.cluster = is_word(s, "scope", "cluster");

    for (f = 0; f < WEIR_STORE_FAILURE_COUNT; f++) {
        if (is_word(s, "on_store_failure", weir_store_failure_name(f))) {
            s->limit.on_failure = f;
        }
    }

    lease = 0;
    take_number(s, "lease", &lease);
    s->limit.lease = (uint32_t) lease;

    if (has(s, "concurrency") && !has(s, "quota")) {
        not_here(s, "on_store_failure", ALONE);
        not_here(s, "lease", ALONE);

    } else if (!s->limit.cluster && weir_node_get(s->body, "scope") != NULL) {
        not_here(s, "on_store_failure", "is for scope cluster, not local");
        not_here(s, "lease", "is for scope cluster, not local");

    } else if (!has(s, "scope")) {
        not_here(s, "on_store_failure", "needs \"scope: cluster\"");
        not_here(s, "lease", "needs \"scope: cluster\"");
    }

    if (!s->limit.cluster) {
        s->limit.on_failure = WEIR_STORE_LOCAL;
        s->limit.lease = 0;
    }
}


/* NULL: it does not compile, which was reported. */
static weir_expr_t *
compile(spec_t *s, const weir_node_t *node, const char *key, uint32_t item,
    const weir_cel_site_t *common)
{
    weir_rc_t         rc;
    weir_str_t        role;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    role = item == 0
           ? weir_arena_printf(s->l->arena, "\"%s\" of limit \"%.*s\"", key,
                               WEIR_STR(s->limit.of.text))
           : weir_arena_printf(s->l->arena,
                               "part %u of \"%s\" of limit \"%.*s\"", item,
                               key, WEIR_STR(s->limit.of.text));

    if (role.data == NULL) {
        s->l->nomem = true;
        return NULL;
    }

    site = *common;
    site.role = role.data;
    e = NULL;

    rc = weir_cel_compile(s->l->env, &node->text, &site, &e);
    s->l->nomem |= rc == WEIR_NOMEM;

    return e;
}


static void
take_key(spec_t *s)
{
    uint32_t            i;
    weir_expr_t        *e;
    weir_keyed_t       *part;
    weir_cel_site_t     site;
    const weir_node_t  *n;

    memset(&site, 0, sizeof(site));
    site.want = WEIR_T_DYN;
    site.among = KEY_KINDS;
    site.phase = s->limit.phase;

    n = weir_node_get(s->body, "key");

    for (i = 0; n != NULL && i < n->n && i < WEIR_MAX_KEY_PARTS; i++) {

        if (n->u.items[i].kind == WEIR_T_UNSET) {
            continue;
        }

        e = compile(s, &n->u.items[i], "key", i + 1, &site);
        part = e != NULL ? weir_load_push(s->l, &s->limit.key) : NULL;

        if (part != NULL) {
            part->text = n->u.items[i].text;
            part->expr = e;
        }
    }
}


static void
take_cost(spec_t *s)
{
    int64_t             v;
    weir_expr_t        *e;
    weir_cel_site_t     site;
    const weir_node_t  *n;

    s->limit.response = is_word(s, "charge", "response");
    take_number(s, "default_cost", &s->limit.cost);

    if (!s->limit.response) {
        not_here(s, "default_cost", "needs \"charge: response\"");
    }

    n = weir_node_get(s->body, "cost");
    if (n == NULL) {
        return;
    }

    memset(&site, 0, sizeof(site));
    site.want = WEIR_T_INT;
    site.phase = s->limit.response ? WEIR_PHASE_LOG : s->limit.phase;

    e = compile(s, n, "cost", 0, &site);

    if (e == NULL) {
        return;
    }

    if (!weir_expr_is_int(e, &v)) {
        s->limit.cost_expr = e;
        s->limit.cost_text = n->text;
        return;
    }

    if (v < 1 || v > WEIR_MAX_UNITS) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                         "\"cost\" of limit \"%.*s\" is %lld, expected a "
                         "whole number from 1 to %lld",
                         WEIR_STR(s->limit.of.text), (long long) v,
                         (long long) WEIR_MAX_UNITS);
        return;
    }

    not_here(s, "default_cost", "is for a cost that may fail; this one is "
             "constant");
    s->limit.cost = (uint64_t) v;
    s->fixed = n;
}


static const char *
most_of(const weir_limit_t *limit)
{
    return limit->kind != WEIR_LIMIT_GCRA ? "there ever is"
           : limit->cluster ? "a window of the cluster holds"
           : "its burst holds";
}


/* A constant cost that no request could ever pay. */
static void
check_cost(const spec_t *s, const weir_limit_t *limit)
{
    uint64_t          most, span;
    weir_img_limit_t  rec;

    if (s->fixed == NULL) {
        return;
    }

    memset(&rec, 0, sizeof(rec));
    rec.kind = (uint8_t) limit->kind;
    rec.cluster = limit->cluster;
    rec.limit = limit->limit;
    rec.burst = limit->burst;
    rec.window = limit->window;
    weir_limit_spread(&rec, &rec.budget, &span);
    most = weir_limit_most(&rec);

    if (limit->cost > most) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, s->fixed->text.span,
                         "\"cost\" of limit \"%.*s\" is %llu, more than %s: "
                         "%llu", WEIR_STR(limit->id.text),
                         (unsigned long long) limit->cost, most_of(limit),
                         (unsigned long long) most);
    }
}


/* Adds what was read under its name, or its name and a period. */
static void
add_limit(spec_t *s, const char *period)
{
    weir_limit_t  *limit, t;

    t = s->limit;
    t.id = t.of;

    if (period != NULL) {
        t.id.text = weir_arena_printf(s->l->arena, "%.*s.%s",
                                      WEIR_STR(t.of.text), period);
    }

    if (t.id.text.data == NULL) {
        s->l->nomem = true;
        return;
    }

    check_cost(s, &t);

    if (!weir_load_unique(s->l, &s->l->counted, "limit", &t.id, 0)) {
        return;
    }

    if (s->l->model->limits.len == WEIR_MAX_LIMITS) {
        (void) weir_fail(s->l->diags, WEIR_EBOUND, t.id.span,
                         "more than %d limits, those of plans and the periods "
                         "of quotas counted", WEIR_MAX_LIMITS);
        return;
    }

    limit = weir_load_push(s->l, &s->l->model->limits);

    if (limit != NULL) {
        *limit = t;
    }
}


/* Sets limit and window; false: the rate is none, which was reported. */
static bool
take_rate(spec_t *s, const weir_node_t *n)
{
    uint64_t     units, ms;
    const char  *why;

    if (weir_rate_parse(n->text.text, &units, &ms) != WEIR_OK) {
        return false;
    }

    why = NULL;

    if (units < 1 || units > WEIR_MAX_UNITS) {
        why = "from 1 to 1000000000000 units";

    } else if (ms < 1000) {
        why = "a window of 1s or more";

    } else if (ms > WEIR_MAX_WINDOW * UINT64_C(1000)) {
        why = "a window of a day at most; longer ones are a \"quota\"";

    } else if (units * 1000 > WEIR_MAX_RATE * ms) {
        why = "at most 1000000000 units a second";
    }

    if (why != NULL) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                         "\"rate\" of limit \"%.*s\" is %.*s, expected %s",
                         WEIR_STR(s->limit.of.text), WEIR_STR(n->text.text),
                         why);
        return false;
    }

    s->limit.limit = units;
    s->limit.window = ms * (WEIR_SEC_NS / 1000);

    return true;
}


/* A burst that takes longer to come back than the engine counts. */
static void
check_burst(const spec_t *s)
{
    uint64_t            time, most;
    weir_img_limit_t    rec;
    const weir_node_t  *n;

    memset(&rec, 0, sizeof(rec));
    rec.limit = s->limit.limit;
    rec.window = s->limit.window;
    time = weir_limit_time(&rec, s->limit.burst);
    most = WEIR_MAX_SPAN * WEIR_SEC_NS;

    n = weir_node_get(s->body, "burst");

    if (time > most && n != NULL) {
        (void) weir_fail(s->l->diags, WEIR_EVALUE, n->text.span,
                         "\"burst\" of limit \"%.*s\" is %llu, expected up to "
                         "%llu, which come back in ten years at its rate",
                         WEIR_STR(s->limit.of.text),
                         (unsigned long long) s->limit.burst,
                         (unsigned long long)
                         weir_limit_scale(most, s->limit.limit,
                                          s->limit.window, false));
    }
}


static void
load_rate(spec_t *s, const weir_node_t *n)
{
    unsigned  k;

    s->limit.kind = WEIR_LIMIT_GCRA;

    for (k = WEIR_LIMIT_GCRA; k <= WEIR_LIMIT_FIXED; k++) {
        if (is_word(s, "algorithm", weir_limit_kind_name(k))) {
            s->limit.kind = k;
        }
    }

    if (!take_rate(s, n)) {
        return;
    }

    if (s->limit.kind != WEIR_LIMIT_GCRA) {
        not_here(s, "burst", "is for algorithm gcra");
        add_limit(s, NULL);
        return;
    }

    s->limit.burst = weir_limit_scale(s->limit.limit, WEIR_SEC_NS,
                                      s->limit.window, false);
    s->limit.burst += s->limit.burst == 0;
    take_number(s, "burst", &s->limit.burst);
    check_burst(s);
    add_limit(s, NULL);
}


static void
take_zone(spec_t *s)
{
    weir_rc_t           rc;
    weir_str_t          name, near, why;
    weir_zones_t       *zones;
    const weir_node_t  *n;

    n = weir_node_get(s->body, "time_zone");

    if (n == NULL || weir_str_eq(n->text.text, weir_string("UTC"))) {
        return;
    }

    name = n->text.text;
    zones = weir_cel_zones(s->l->env);
    rc = weir_zones_find(zones, name, &s->limit.zone, &why);

    if (rc == WEIR_DECLINED) {
        near = weir_zones_nearest(zones, name);
        (void) weir_fail(s->l->diags, WEIR_EZONE, n->text.span,
                         "\"time_zone\" of %s \"%.*s\": this system has no "
                         "\"%.*s\"%s%.*s%s", NAMED(s), WEIR_STR(name),
                         near.len ? "; did you mean \"" : "", WEIR_STR(near),
                         near.len ? "\"?" : "");

    } else if (rc == WEIR_ERROR) {
        (void) weir_fail(s->l->diags, WEIR_EZONE, n->text.span,
                         "\"time_zone\" of %s \"%.*s\": %.*s", NAMED(s),
                         WEIR_STR(why));
    }

    s->l->nomem |= rc == WEIR_NOMEM;
}


/* In 1/10000: it stands in the quota, or beside it. */
static uint32_t
take_overage(spec_t *s, const weir_node_t *quota)
{
    uint32_t            share;
    const weir_node_t  *n;

    share = 0;
    n = weir_node_get(quota, "overage");

    if (n != NULL) {
        not_here(s, "overage", "stands in its \"quota\", too");

    } else {
        n = weir_node_get(s->body, "overage");
    }

    if (n != NULL) {
        (void) weir_percent_parse(n->text.text, &share);
    }

    return share;
}


static void
load_quota(spec_t *s, const weir_node_t *quota)
{
    unsigned            p;
    uint32_t            share;
    const weir_node_t  *n;

    s->limit.kind = WEIR_LIMIT_QUOTA;
    take_zone(s);
    share = take_overage(s, quota);

    if (weir_node_find(quota, "day") == NULL
        && weir_node_find(quota, "week") == NULL
        && weir_node_find(quota, "month") == NULL)
    {
        (void) weir_fail(s->l->diags, WEIR_EMISSING, quota->text.span,
                         "\"quota\" of %s \"%.*s\" needs \"day\", \"week\" or "
                         "\"month\"", NAMED(s));
    }

    for (p = 0; p < WEIR_PERIOD_COUNT; p++) {
        n = weir_node_get(quota, weir_period_name(p));

        if (n == NULL) {
            continue;
        }

        s->limit.period = p;
        s->limit.limit = (uint64_t) n->u.i;
        s->limit.burst = weir_limit_scale(s->limit.limit, share, 10000,
                                          false);
        add_limit(s, weir_period_name(p));
    }

    s->limit.zone = NULL;
    s->limit.period = 0;
    s->limit.burst = 0;
}


static void
load_concurrency(spec_t *s, const weir_node_t *n, const char *suffix)
{
    s->limit.kind = WEIR_LIMIT_CONCURRENCY;
    s->limit.limit = (uint64_t) n->u.i;
    s->limit.cluster = false;
    s->limit.on_failure = WEIR_STORE_LOCAL;
    s->limit.lease = 0;
    add_limit(s, suffix);
}


/* Keys that only another kind of limit has. */
static void
check_kind(const spec_t *s)
{
    if (!has(s, "rate")) {
        not_here(s, "algorithm", "needs \"rate\"");
        not_here(s, "burst", "needs \"rate\"");
    }

    if (!has(s, "quota")) {
        not_here(s, "time_zone", "needs \"quota\"");
        not_here(s, "overage", "needs \"quota\"");
    }

    if (has(s, "concurrency") && !has(s, "quota") && s->limit.cluster) {
        not_here(s, "scope", "is cluster; " COUNTED);
    }

    if (has(s, "concurrency")) {
        not_here(s, "cost", "does not go with \"concurrency\", which counts "
                 "requests");
        not_here(s, "charge", "does not go with \"concurrency\", which counts "
                 "requests");
    }
}


static void
load_limit(weir_load_t *l, const weir_name_t *name, const weir_node_t *body)
{
    spec_t              s;
    const weir_node_t  *n;

    memset(&s, 0, sizeof(s));
    s.l = l;
    s.body = body;
    s.what = "limit";
    s.limit.of = *name;
    s.limit.cost = 1;
    s.limit.phase = is_word(&s, "phase", "preauth") ? WEIR_PHASE_PREAUTH
                                                    : WEIR_PHASE_ACCESS;
    s.limit.on_full = is_word(&s, "on_full", "allow");

    n = weir_node_get(body, "status");
    s.limit.status = n != NULL ? (unsigned) n->u.i : REFUSED;

    n = weir_node_get(body, "message");

    if (n != NULL) {
        s.limit.message = weir_load_name(n);
    }

    n = weir_node_get(body, "dry_run");
    s.limit.dry_run = n != NULL && n->u.b;

    take_scope(&s);
    check_kind(&s);
    take_key(&s);

    if (!has(&s, "concurrency")) {
        take_cost(&s);
    }

    if ((n = weir_node_get(body, "rate")) != NULL) {
        load_rate(&s, n);

    } else if ((n = weir_node_get(body, "quota")) != NULL) {
        load_quota(&s, n);

    } else if ((n = weir_node_get(body, "concurrency")) != NULL) {
        load_concurrency(&s, n, NULL);
    }
}


static void
load_plan(weir_load_t *l, const weir_name_t *name, const weir_node_t *body)
{
    spec_t              s;
    uint32_t            first;
    weir_plan_t        *plan;
    const weir_node_t  *quota, *concurrency;

    memset(&s, 0, sizeof(s));
    s.l = l;
    s.body = body;
    s.what = "plan";
    s.limit.of = *name;
    s.limit.cost = 1;
    s.limit.phase = WEIR_PHASE_ACCESS;
    s.limit.status = REFUSED;
    s.limit.plan = true;

    first = (uint32_t) l->model->limits.len;
    quota = weir_node_get(body, "quota");
    concurrency = weir_node_get(body, "concurrency");

    if (!has(&s, "quota") && !has(&s, "concurrency")) {
        (void) weir_fail(l->diags, WEIR_EMISSING, body->text.span,
                         "plan \"%.*s\" needs \"quota\" or \"concurrency\"",
                         WEIR_STR(name->text));
    }

    take_scope(&s);
    check_kind(&s);

    if (quota != NULL) {
        load_quota(&s, quota);
    }

    if (concurrency != NULL) {
        load_concurrency(&s, concurrency, "concurrency");
    }

    plan = weir_load_push(l, &l->model->plans);

    if (plan != NULL) {
        plan->name = *name;
        plan->limits.count = (uint32_t) l->model->limits.len - first;
        plan->limits.first = plan->limits.count != 0 ? first : 0;
    }
}


void
weir_load_limits(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            continue;
        }

        /* a route may name one that is wrong */
        name = weir_load_name(&e->key);

        if (weir_load_unique(l, &l->limits, "limit", &name,
                             (uint32_t) l->model->limits.len)
            && e->value.kind != WEIR_T_UNSET)
        {
            load_limit(l, &name, &e->value);
        }
    }
}


void
weir_load_plans(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    l->model->has_plans = true;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            continue;
        }

        name = weir_load_name(&e->key);

        if (weir_load_unique(l, &l->plans, "plan", &name,
                             (uint32_t) l->model->plans.len)
            && e->value.kind != WEIR_T_UNSET)
        {
            load_plan(l, &name, &e->value);
        }
    }
}


/* Adds the limit of that name, or the periods of a quota, from first on. */
static void
add_to_route(weir_load_t *l, const weir_name_t *name, uint32_t first,
    weir_route_t *r)
{
    uint32_t       i, *slot;
    weir_limit_t  *limits;

    limits = l->model->limits.items;

    for (i = first; i < l->model->limits.len && !limits[i].plan
                    && weir_str_eq(limits[i].of.text, name->text); i++)
    {
        slot = weir_load_push(l, &r->limits);

        if (slot == NULL) {
            return;
        }

        *slot = i;
        limits[i].used = true;
    }
}


void
weir_load_route_limits(weir_load_t *l, const weir_node_t *node,
    weir_route_t *r)
{
    uint32_t                   i;
    weir_name_t                name;
    weir_names_t               seen;
    const weir_names_entry_t  *e;

    seen = (weir_names_t) { .arena = l->arena };

    for (i = 0; node != NULL && i < node->n; i++) {

        if (node->u.items[i].kind == WEIR_T_UNSET) {
            continue;
        }

        name = weir_load_name(&node->u.items[i]);
        e = weir_names_find(&l->limits, name.text);

        if (e == NULL) {
            weir_load_unknown(l, "limit", &name, &l->limits);

        } else if (weir_names_find(&seen, name.text) != NULL) {
            (void) weir_fail(l->diags, WEIR_ETWICE, name.span,
                             "limit \"%.*s\" stands twice in one route",
                             WEIR_STR(name.text));

        } else {
            l->nomem |= weir_names_add(&seen, name.text, name.span, 0, NULL)
                        == WEIR_NOMEM;
            add_to_route(l, &name, e->value, r);
        }
    }

    if (r->limits.len > WEIR_MAX_ROUTE_LIMITS) {
        (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                         "\"limits\" are %zu with the periods of quotas, the "
                         "most is %d", r->limits.len, WEIR_MAX_ROUTE_LIMITS);
    }
}


uint32_t
weir_load_plan_of(weir_load_t *l, const weir_name_t *plan)
{
    const weir_names_entry_t  *e;

    if (!l->model->has_plans) {
        return WEIR_NONE;
    }

    e = weir_names_find(&l->plans, plan->text);

    if (e == NULL) {
        weir_load_unknown(l, "plan", plan, &l->plans);
        return WEIR_NONE;
    }

    if (e->value < l->model->plans.len) {
        l->model->plans.items[e->value].used = true;
    }

    return e->value;
}
