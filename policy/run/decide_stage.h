/*
 * decide_stage.h: between the files of a decision: the transaction, and the
 * stages that decide.c leaves to others.
 */

#ifndef WEIR_RUN_DECIDE_STAGE_H
#define WEIR_RUN_DECIDE_STAGE_H

#include "run/decide.h"
#include "run/lookup.h"

#define WEIR_BAD_REQUEST  400
#define WEIR_FORBIDDEN    403
#define WEIR_MAX_SAID     160           /* bytes of a detail that is built */

typedef enum {
    WEIR_STAGE_NORMALISE,
    WEIR_STAGE_CONNECT,
    WEIR_STAGE_TENANT,
    WEIR_STAGE_PREFLIGHT,
    WEIR_STAGE_ROUTE,
    WEIR_STAGE_PREAUTH,
    WEIR_STAGE_PRINCIPAL,
    WEIR_STAGE_MAINTENANCE,
    WEIR_STAGE_MFA,
    WEIR_STAGE_DENY,
    WEIR_STAGE_REQUIRE,
    WEIR_STAGE_ALLOW,
    WEIR_STAGE_LIMITS,
    WEIR_STAGE_SPLIT,
    WEIR_STAGE_TRANSFORM,
    WEIR_STAGE_DONE
} weir_stage_t;

struct weir_txn_s {
    const weir_image_t       *image;
    const weir_request_t     *req;
    const weir_img_tenant_t  *tenant;
    const weir_img_route_t   *route;
    weir_eval_t               eval;
    weir_caller_t             caller;
    weir_decision_t           d;
    weir_stage_t              stage;
    weir_lookup_t             lookup;       /* has path and host */
    weir_match_t              match;
    weir_hold_t              *holds;        /* room for image->holds */
    uint32_t                  nholds;
    uint32_t                  group;        /* holds: first of this stage */
    uint32_t                  keyed;        /* holds: their key is known */
    bool                      asking;       /* this stage has its holds */
    bool                      charges;      /* a response costs something */
    weir_routing_t            routing;
    weir_str_t               *values;       /* room for image->ops */
    weir_str_t                new_path;
    char                     *said;         /* room for WEIR_MAX_SAID */
    char                     *new_buf;      /* of WEIR_MAX_PATH; this and said
                                               where image->transforms and
                                               image->paths */
    char                     *path_buf;     /* of the raw path's length */
    char                     *host_buf;     /* weir_host_room() */
};


static inline weir_str_t
weir_txn_str(const weir_txn_t *t, uint32_t i)
{
    return weir_img_str(t->image, i);
}


static inline void
weir_txn_set_tenant(weir_txn_t *t, uint32_t i)
{
    t->tenant = &WEIR_REC(t->image, TENANTS)[i];
    t->d.tenant = weir_txn_str(t, t->tenant->id);
    t->eval.tenant = t->tenant;
}


/* That of the match. */
static inline void
weir_txn_set_route(weir_txn_t *t)
{
    t->route = &WEIR_REC(t->image, ROUTES)[t->match.route];
    t->d.route = weir_txn_str(t, t->route->id);

    t->eval.param_names = WEIR_REC(t->image, REFS) + t->route->params.first;
    t->eval.params = t->match.params;
    t->eval.nparams = t->match.nparams;
}


/* WEIR_DECLINED: the verdict is in. */
static WEIR_COLD weir_rc_t __attribute__((unused))
weir_txn_refuse(weir_txn_t *t, unsigned status, weir_reason_t reason)
{
    t->d.verdict = WEIR_DENY;
    t->d.status = status;
    t->d.reason = reason;

    return WEIR_DECLINED;
}


static WEIR_COLD weir_rc_t __attribute__((unused))
weir_txn_refuse_bad(weir_txn_t *t, const char *detail)
{
    t->d.detail = detail;

    return weir_txn_refuse(t, WEIR_BAD_REQUEST, WEIR_REASON_BAD_REQUEST);
}


static WEIR_COLD weir_rc_t __attribute__((unused))
weir_txn_refuse_match(weir_txn_t *t)
{
    return weir_txn_refuse_bad(t, "a pattern of a path parameter passed its "
                               "match limit");
}


/* Of a request that was allowed until now: no arm gets it, no rule decided. */
static WEIR_COLD void __attribute__((unused))
weir_txn_unsplit(weir_txn_t *t)
{
    t->routing.split = NULL;
    t->routing.new_pin = false;
    t->d.rule = weir_str("", 0);
}


/* Runs a program that is no rule. */
static inline void
weir_txn_run(weir_txn_t *t, uint32_t prog, weir_value_t *out)
{
    const weir_trace_t  *to;

    weir_eval(&t->eval, prog, out);
    to = t->eval.trace;

    if (__builtin_expect(to != NULL, 0) && to->other != NULL) {
        to->other(to->data, prog, out);
    }
}


/* Whether a route asks for more than that nothing denies. */
static inline bool
weir_requires(const weir_img_route_t *r)
{
    return r->permissions.count || r->scopes.count || r->require != WEIR_NONE;
}


/*
 * decide_caller.c: who called, of a route that asks; a second factor, where
 * it wants one; what it requires, where it does.
 */
weir_rc_t weir_stage_principal(weir_txn_t *t);
weir_rc_t weir_stage_mfa(weir_txn_t *t);
weir_rc_t weir_stage_require(weir_txn_t *t);


/* Whether the stage of limits has anything to ask, or may have. */
static inline bool
weir_limited(const weir_txn_t *t)
{
    return t->route->limits.count
           || (t->tenant != NULL && t->tenant->limits != WEIR_NONE);
}


/*
 * decide_limits.c: the limits of a route that are asked before the caller is
 * known; of a request that is allowed, the others and those of the plan.
 */
weir_rc_t weir_stage_preauth(weir_txn_t *t);
weir_rc_t weir_stage_limits(weir_txn_t *t);


/* Whether the upstream is told anything else than what the client said. */
static inline bool
weir_transforms(const weir_img_route_t *r)
{
    return r->request_ops.count || r->path != WEIR_NONE;
}


/*
 * decide_edge.c: of OPTIONS, where the policy has any CORS: a preflight that
 * is answered here; where the policy has any maintenance; of a request that
 * is allowed, what the upstream gets.
 */
weir_rc_t weir_stage_preflight(weir_txn_t *t);
weir_rc_t weir_stage_maintenance(weir_txn_t *t);
weir_rc_t weir_stage_transform(weir_txn_t *t);

/* decide_split.c: of a request that is allowed, on a route with a split. */
weir_rc_t weir_stage_split(weir_txn_t *t);

#endif
