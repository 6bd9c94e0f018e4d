/*
 * decide.c: the stages of a decision, in the order of the design.
 *
 * A stage returns WEIR_OK to go on, WEIR_DECLINED when the verdict is in,
 * WEIR_AGAIN when it must be called again.  Whatever fails is a refusal.
 */

#include "run/decide_stage.h"
#include "run/path.h"

/* phases of rules, as bits */
#define CONNECT_ONLY   (1u << WEIR_PHASE_CONNECT)
#define ALL_LATER      (~CONNECT_ONLY)
#define ALL_PHASES     (~0u)

static size_t
round_up(size_t n)
{
    return (n + 15) & ~(size_t) 15;
}


/* What the path needs at most: a longer one is refused unseen. */
static size_t
path_room(const weir_request_t *req)
{
    return req->path.len < WEIR_MAX_PATH ? req->path.len : WEIR_MAX_PATH;
}


/* Rules */

typedef enum {
    RULE_TRUE,
    RULE_FALSE,
    RULE_ERROR
} outcome_t;


static WEIR_COLD void
trace(const weir_txn_t *t, const weir_img_rule_t *r, const weir_value_t *v)
{
    const weir_trace_t  *to;

    to = t->eval.trace;

    if (to->rule != NULL) {
        to->rule(to->data, (uint32_t) (r - WEIR_REC(t->image, RULES)), v);
    }
}


static outcome_t
run_rule(weir_txn_t *t, const weir_img_rule_t *r)
{
    weir_value_t  v;

    v = weir_v_bool(true);

    if (r->when != WEIR_NONE) {
        weir_eval(&t->eval, r->when, &v);
    }

    if (__builtin_expect(t->eval.trace != NULL, 0)) {
        trace(t, r, &v);
    }

    if (v.kind != WEIR_T_BOOL) {
        return RULE_ERROR;
    }

    return v.u.b ? RULE_TRUE : RULE_FALSE;
}


static weir_rc_t
deny_rules(weir_txn_t *t, const weir_range_t *rules, unsigned phases)
{
    uint32_t                i;
    outcome_t               outcome;
    const weir_img_rule_t  *r;

    r = WEIR_REC(t->image, RULES) + rules->first;

    for (i = 0; i < rules->count; i++, r++) {

        if (!(phases & 1u << r->phase)) {
            continue;
        }

        outcome = run_rule(t, r);

        if (outcome == RULE_FALSE) {
            continue;
        }

        if (r->dry_run) {
            t->d.dry_denied++;
            continue;
        }

        t->d.rule = weir_txn_str(t, r->id);

        if (outcome == RULE_ERROR) {
            return weir_txn_refuse(t, WEIR_FORBIDDEN, WEIR_REASON_DENY_ERROR);
        }

        t->d.message = weir_txn_str(t, r->message);

        return weir_txn_refuse(t, r->status, WEIR_REASON_DENY_RULE);
    }

    return WEIR_OK;
}


/* Whether one holds.  On trial (dry_run) nothing allows. */
static bool
allow_rules(weir_txn_t *t, const weir_range_t *rules)
{
    uint32_t                i;
    const weir_img_rule_t  *r;

    r = WEIR_REC(t->image, RULES) + rules->first;

    for (i = 0; i < rules->count; i++, r++) {
        if (!r->dry_run && run_rule(t, r) == RULE_TRUE) {
            t->d.rule = weir_txn_str(t, r->id);
            return true;
        }
    }

    return false;
}


static inline weir_rc_t
deny_layer(weir_txn_t *t, const weir_range_t *rules, unsigned phases)
{
    return rules->count ? deny_rules(t, rules, phases) : WEIR_OK;
}


/* Whether the layer has no rules, or one that allows. */
static inline bool
allow_layer(weir_txn_t *t, const weir_range_t *rules, bool *allowed)
{
    if (rules->count == 0) {
        return true;
    }

    *allowed = allow_rules(t, rules);

    return *allowed;
}


/*
 * Attributes that the engine gives.  A program asks for none before the stage
 * that knows it: the verifier saw to the phases.
 */
static void
attribute(void *data, unsigned attr, weir_value_t *out)
{
    weir_txn_t               *t;
    const weir_img_tenant_t  *tenant;

    t = data;
    tenant = t->tenant;

    switch (attr) {

    case WEIR_A_REQUEST_URL_PATH:
        *out = weir_v_str(t->lookup.path);
        break;

    case WEIR_A_REQUEST_HOST:
        *out = weir_v_str(t->lookup.host);
        break;

    case WEIR_A_TENANT_ID:
        *out = weir_v_str(t->d.tenant);
        break;

    case WEIR_A_TENANT_PLAN:
        *out = weir_v_str(weir_txn_str(t, tenant ? tenant->plan : WEIR_NONE));
        break;

    case WEIR_A_TENANT_ATTRS:
        if (tenant != NULL && tenant->attrs != WEIR_NONE) {
            weir_const_value(t->image,
                             &WEIR_REC(t->image, CONSTS)[tenant->attrs], out);
        }

        break;

    case WEIR_A_ROUTE_ID:
        *out = weir_v_str(t->d.route);
        break;

    case WEIR_A_SPLIT_ARM:
        if (t->d.arm.len > 0) {
            *out = weir_v_str(t->d.arm);
        }

        break;

    default:
        weir_caller_attr(&t->caller, attr, out);
    }
}


/* Stages */

static weir_rc_t
normalise(weir_txn_t *t)
{
    size_t              len;
    const char         *why;
    weir_path_rules_t   rules;

    rules = weir_path_rules(t->image->policy);

    if (weir_path_normalise(t->req->path, &rules, t->path_buf, &len, &why)
        != WEIR_OK)
    {
        return weir_txn_refuse_bad(t, why);
    }

    t->lookup.path = weir_str(t->path_buf, len);

    if (weir_host_normalise(t->req->host, t->host_buf, &len) != WEIR_OK) {
        return weir_txn_refuse_bad(t, "the host is malformed");
    }

    t->lookup.host = weir_str(t->host_buf, len);

    return WEIR_OK;
}


/* Only the global layer can deny this early: no tenant is known yet. */
static weir_rc_t
deny_connect(weir_txn_t *t)
{
    return deny_layer(t, &t->image->policy->deny, CONNECT_ONLY);
}


static weir_rc_t
find_tenant(weir_txn_t *t)
{
    uint32_t  i;

    switch (weir_lookup_candidate(&t->lookup, &i)) {

    case WEIR_OK:
        break;

    case WEIR_DECLINED:
        return WEIR_OK;

    default:
        return weir_txn_refuse(t, t->image->policy->unknown_tenant,
                               WEIR_REASON_UNKNOWN_TENANT);
    }

    weir_txn_set_tenant(t, i);

    return WEIR_OK;
}


static inline bool
may_be_preflight(const weir_txn_t *t)
{
    return t->image->n[WEIR_S_CORS] != 0
           && weir_str_eq(t->req->method, weir_string("OPTIONS"));
}


static weir_rc_t
find_route(weir_txn_t *t)
{
    switch (weir_lookup_route(&t->lookup, &t->match)) {

    case WEIR_OK:
        break;

    case WEIR_DECLINED:
        return weir_txn_refuse(t, t->image->policy->unmatched,
                               WEIR_REASON_NO_ROUTE);

    default:
        return weir_txn_refuse_match(t);
    }

    weir_txn_set_route(t);
    t->d.upstream = weir_txn_str(t, t->route->upstream);

    return WEIR_OK;
}


static weir_rc_t
deny(weir_txn_t *t)
{
    weir_rc_t  rc;

    rc = deny_layer(t, &t->image->policy->deny, ALL_LATER);

    if (rc == WEIR_OK && t->tenant != NULL) {
        rc = deny_layer(t, &t->tenant->deny, ALL_PHASES);
    }

    if (rc == WEIR_OK) {
        rc = deny_layer(t, &t->route->deny, ALL_PHASES);
    }

    return rc;
}


/*
 * One match in every layer that has any; a public route, and one whose
 * requirements are met, is a match of its own layer.
 */
static weir_rc_t
allow(weir_txn_t *t)
{
    bool                      allowed;
    const weir_img_route_t   *route;
    const weir_img_tenant_t  *tenant;

    route = t->route;
    tenant = t->tenant;
    allowed = route->public || weir_requires(route);

    if (!allow_layer(t, &t->image->policy->allow, &allowed)
        || (tenant != NULL && !allow_layer(t, &tenant->allow, &allowed))
        || (!route->public && !allow_layer(t, &route->allow, &allowed)))
    {
        t->d.rule = weir_str("", 0);
        return weir_txn_refuse(t, WEIR_FORBIDDEN, WEIR_REASON_NOT_ALLOWED);
    }

    if (!allowed) {
        return weir_txn_refuse(t, WEIR_FORBIDDEN, WEIR_REASON_DEFAULT_DENY);
    }

    t->d.verdict = WEIR_ALLOW;
    t->d.status = 0;
    t->d.reason = WEIR_REASON_ALLOWED;

    if (route->public) {
        t->d.reason = WEIR_REASON_PUBLIC;
        t->d.rule = weir_str("", 0);
    }

    return weir_limited(t) || route->split != WEIR_NONE
           || weir_transforms(route) ? WEIR_OK : WEIR_DECLINED;
}


static weir_rc_t
pass(weir_txn_t *t)
{
    switch (t->stage) {

    case WEIR_STAGE_NORMALISE:
        return normalise(t);

    case WEIR_STAGE_CONNECT:
        return deny_connect(t);

    case WEIR_STAGE_TENANT:
        return find_tenant(t);

    case WEIR_STAGE_PREFLIGHT:
        return may_be_preflight(t) ? weir_stage_preflight(t) : WEIR_OK;

    case WEIR_STAGE_ROUTE:
        return find_route(t);

    case WEIR_STAGE_PREAUTH:
        return t->route->limits.count ? weir_stage_preauth(t) : WEIR_OK;

    case WEIR_STAGE_PRINCIPAL:
        return t->route->auth ? weir_stage_principal(t) : WEIR_OK;

    case WEIR_STAGE_MAINTENANCE:
        return t->image->policy->maintenance.count ? weir_stage_maintenance(t)
                                                   : WEIR_OK;

    case WEIR_STAGE_MFA:
        return t->route->mfa != WEIR_NONE ? weir_stage_mfa(t) : WEIR_OK;

    case WEIR_STAGE_DENY:
        return deny(t);

    case WEIR_STAGE_REQUIRE:
        return weir_requires(t->route) ? weir_stage_require(t) : WEIR_OK;

    case WEIR_STAGE_ALLOW:
        return allow(t);

    case WEIR_STAGE_LIMITS:
        return weir_limited(t) ? weir_stage_limits(t) : WEIR_OK;

    case WEIR_STAGE_SPLIT:
        return t->route->split != WEIR_NONE ? weir_stage_split(t) : WEIR_OK;

    default:
        return weir_transforms(t->route) ? weir_stage_transform(t) : WEIR_OK;
    }
}


const char *
weir_reason_name(unsigned reason)
{
    static const char *const  names[WEIR_REASON_COUNT] = {
#define R(name, text)  text,
        WEIR_REASONS(R)
#undef R
    };

    return reason < WEIR_REASON_COUNT ? names[reason] : "?";
}


const char *
weir_arm_why_name(unsigned why)
{
    static const char *const  names[WEIR_ARM_WHY_COUNT] = {
#define W(name, text)  text,
        WEIR_ARM_WHYS(W)
#undef W
    };

    return why < WEIR_ARM_WHY_COUNT ? names[why] : "?";
}


size_t
weir_txn_size(const weir_image_t *img, const weir_request_t *req)
{
    return round_up(sizeof(weir_txn_t)) + round_up(weir_eval_size(img))
           + img->holds * sizeof(weir_hold_t)
           + img->params * sizeof(weir_str_t) + img->ops * sizeof(weir_str_t)
           + (img->transforms ? WEIR_MAX_SAID : 0)
           + (img->paths ? WEIR_MAX_PATH : 0) + path_room(req)
           + weir_host_room(req->host.len);
}


weir_txn_t *
weir_txn_init(void *mem, const weir_image_t *img, const weir_request_t *req)
{
    char        *p;
    weir_txn_t  *t;

    t = mem;
    p = (char *) mem + round_up(sizeof(weir_txn_t));

    t->image = img;
    t->req = req;
    t->tenant = NULL;
    t->route = NULL;
    t->stage = WEIR_STAGE_NORMALISE;
    t->nholds = 0;
    t->keyed = 0;
    t->asking = false;
    t->charges = false;
    t->routing.split = NULL;
    t->routing.arm = 0;
    t->routing.why = WEIR_ARM_NONE;
    t->routing.bucket = 0;
    t->routing.override = 0;
    t->routing.weighed = false;
    t->routing.new_pin = false;
    t->new_path = weir_str("", 0);

    t->lookup = (weir_lookup_t) { .image = img, .host = weir_str("", 0),
                                  .path = weir_str("", 0),
                                  .method = req->method, .peer = &req->peer,
                                  .ops = req->host_ops,
                                  .data = req->host_data };

    weir_caller_init(&t->caller);

    memset(&t->d, 0, sizeof(weir_decision_t));
    t->d.verdict = WEIR_DENY;
    t->d.status = WEIR_FORBIDDEN;

    weir_eval_init(&t->eval, img, p);
    t->eval.host = req->host_ops;
    t->eval.host_data = req->host_data;
    t->eval.engine = attribute;
    t->eval.engine_data = t;

    p += round_up(weir_eval_size(img));
    t->holds = (weir_hold_t *) p;
    p += img->holds * sizeof(weir_hold_t);
    t->match.params = (weir_str_t *) p;
    p += img->params * sizeof(weir_str_t);
    t->values = (weir_str_t *) p;
    p += img->ops * sizeof(weir_str_t);
    t->said = p;
    p += img->transforms ? WEIR_MAX_SAID : 0;
    t->new_buf = p;
    p += img->paths ? WEIR_MAX_PATH : 0;
    t->path_buf = p;
    t->host_buf = p + path_room(req);

    return t;
}


weir_rc_t
weir_decide(weir_txn_t *t, weir_decision_t *d)
{
    weir_rc_t  rc;

    while (t->stage != WEIR_STAGE_DONE) {

        rc = pass(t);

        if (rc == WEIR_AGAIN) {
            return rc;
        }

        t->stage = rc == WEIR_OK ? t->stage + 1 : WEIR_STAGE_DONE;
    }

    t->d.errors = t->eval.errors;
    *d = t->d;

    return WEIR_OK;
}


weir_str_t
weir_txn_path(const weir_txn_t *t)
{
    return t->lookup.path;
}


weir_str_t
weir_txn_host(const weir_txn_t *t)
{
    return t->lookup.host;
}


weir_eval_t *
weir_txn_eval(weir_txn_t *t)
{
    return &t->eval;
}


const weir_caller_t *
weir_txn_caller(const weir_txn_t *t)
{
    return &t->caller;
}


const weir_principal_t *
weir_txn_principal(const weir_txn_t *t)
{
    static const weir_principal_t  anonymous = {
        .by = WEIR_BY_ANONYMOUS,
        .sub.data = "", .iss.data = "", .tenant.data = "", .acr.data = "",
        .roles.kind = WEIR_T_LIST, .amr.kind = WEIR_T_LIST,
        .scopes.kind = WEIR_T_LIST, .claims.kind = WEIR_T_MAP,
        .auth_time = WEIR_NO_TIME, .apikey.data = "", .issuer = WEIR_NONE
    };

    return t->caller.n ? &t->caller.who[0] : &anonymous;
}


weir_hold_t *
weir_txn_limits(const weir_txn_t *t, uint32_t *n)
{
    *n = t->nholds;

    return t->holds;
}


const weir_routing_t *
weir_txn_routing(const weir_txn_t *t)
{
    return &t->routing;
}


const weir_img_tenant_t *
weir_txn_tenant(const weir_txn_t *t)
{
    return t->tenant;
}


const weir_img_route_t *
weir_txn_route(const weir_txn_t *t)
{
    return t->route;
}
