/*
 * decide_caller.c: the stages of a decision that ask who called.
 */

#include "run/challenge.h"
#include "run/decide_stage.h"

#define UNAUTHORIZED  401
#define UNAVAILABLE   503


/* What a client that is refused may do about it. */
static WEIR_COLD weir_rc_t
challenge(weir_txn_t *t, unsigned status, weir_reason_t reason)
{
    weir_memory_t           m;
    const weir_identity_t  *id;

    id = t->req->identity;
    m = (weir_memory_t) { id ? id->alloc : NULL, t->req->host_data };
    t->d.challenge = weir_challenge(t->image, t->route, &t->caller, reason,
                                    &m);

    return weir_txn_refuse(t, status, reason);
}


static WEIR_COLD weir_rc_t
refuse_caller(weir_txn_t *t)
{
    if (t->caller.fault != WEIR_TOKEN_NONE) {
        t->d.detail = weir_token_fault_text(t->caller.fault);
    }

    switch (t->caller.result) {

    case WEIR_AUTH_TWICE:
        return weir_txn_refuse_bad(t, "a credential is sent twice");

    case WEIR_AUTH_BAD_TOKEN:
        return challenge(t, UNAUTHORIZED, WEIR_REASON_BAD_TOKEN);

    case WEIR_AUTH_BAD_PROOF:
        return challenge(t, UNAUTHORIZED, WEIR_REASON_BAD_PROOF);

    case WEIR_AUTH_BAD_KEY:
        return weir_txn_refuse(t, UNAUTHORIZED, WEIR_REASON_BAD_KEY);

    case WEIR_AUTH_BAD_CERT:
        return weir_txn_refuse(t, UNAUTHORIZED, WEIR_REASON_BAD_CERT);

    case WEIR_AUTH_NO_KEYS:
        return weir_txn_refuse(t, UNAVAILABLE, WEIR_REASON_NO_KEYS);

    case WEIR_AUTH_STALE:
        return weir_txn_refuse(t, UNAVAILABLE, WEIR_REASON_STALE);

    case WEIR_AUTH_MEMORY:
        return weir_txn_refuse(t, UNAVAILABLE, WEIR_REASON_UNDECIDED);

    default:
        return challenge(t, UNAUTHORIZED, WEIR_REASON_UNAUTHENTICATED);
    }
}


/*
 * A tenant that only the credential names is the request's: nothing that was
 * asked before may remember that it had none.
 */
static WEIR_SELDOM void
adopt_tenant(weir_txn_t *t, uint32_t i)
{
    weir_txn_set_tenant(t, i);

    t->eval.fetched &= ~((uint64_t) 1 << WEIR_A_TENANT_ID
                         | (uint64_t) 1 << WEIR_A_TENANT_PLAN
                         | (uint64_t) 1 << WEIR_A_TENANT_ATTRS);
    memset(t->eval.memo, 0, t->image->header->memo * sizeof(weir_value_t));
}


static weir_rc_t
bind_tenant(weir_txn_t *t)
{
    uint32_t  i;

    i = t->tenant ? (uint32_t) (t->tenant - WEIR_REC(t->image, TENANTS))
                  : WEIR_NONE;

    if (weir_identity_bind(t->image, &t->caller, &i) != WEIR_OK) {
        return weir_txn_refuse(t, WEIR_FORBIDDEN, WEIR_REASON_TENANT);
    }

    if (t->tenant == NULL && i != WEIR_NONE) {
        adopt_tenant(t, i);
    }

    return WEIR_OK;
}


/*
 * A permission or scope that the route wants and the caller has not.  Who did
 * not say who they are may have it.
 */
static WEIR_COLD weir_rc_t
refuse_missing(weir_txn_t *t, uint32_t name, weir_reason_t reason)
{
    t->d.missing = weir_txn_str(t, name);

    if (t->caller.n == 0 && t->route->auth_methods.count != 0) {
        return challenge(t, UNAUTHORIZED, WEIR_REASON_UNAUTHENTICATED);
    }

    return challenge(t, WEIR_FORBIDDEN, reason);
}


static weir_rc_t
require_grants(weir_txn_t *t)
{
    uint32_t                 i;
    const uint32_t          *ref;
    const weir_range_t      *want;
    const weir_principal_t  *p;

    p = weir_txn_principal(t);
    want = &t->route->permissions;
    ref = WEIR_REC(t->image, REFS) + want->first;

    for (i = 0; i < want->count; i++) {

        if (!weir_has_permission(t->image, t->tenant, &p->roles, ref[i])) {
            return refuse_missing(t, WEIR_REC(t->image, PERMISSIONS)
                                     [ref[i]].name, WEIR_REASON_PERMISSION);
        }
    }

    want = &t->route->scopes;
    ref = WEIR_REC(t->image, REFS) + want->first;

    for (i = 0; i < want->count; i++) {

        if (!weir_texts_have(&p->scopes, weir_txn_str(t, ref[i]))) {
            return refuse_missing(t, ref[i], WEIR_REASON_SCOPE);
        }
    }

    return WEIR_OK;
}


weir_rc_t
weir_stage_principal(weir_txn_t *t)
{
    weir_asked_t  q;

    q = (weir_asked_t) { .image = t->image, .route = t->route,
                         .id = t->req->identity, .host = t->req->host_data,
                         .method = t->req->method };

    if (weir_authenticate(&q, &t->caller) == WEIR_AGAIN) {
        return WEIR_AGAIN;
    }

    if (t->caller.result != WEIR_AUTH_OK) {
        return refuse_caller(t);
    }

    if (t->caller.n == 0) {
        return WEIR_OK;
    }

    t->d.subject = t->caller.who[0].sub;

    return bind_tenant(t);
}


weir_rc_t
weir_stage_mfa(weir_txn_t *t)
{
    const weir_identity_t  *id;

    id = t->req->identity;

    if (t->caller.n > 0
        && weir_identity_mfa(t->image, &WEIR_REC(t->image, MFAS)
                                        [t->route->mfa],
                             &t->caller.who[0], id->now(t->req->host_data)))
    {
        return WEIR_OK;
    }

    return challenge(t, UNAUTHORIZED, WEIR_REASON_MFA);
}


weir_rc_t
weir_stage_require(weir_txn_t *t)
{
    weir_rc_t            rc;
    weir_value_t         v;
    const weir_trace_t  *to;

    rc = require_grants(t);

    if (rc != WEIR_OK || t->route->require == WEIR_NONE) {
        return rc;
    }

    weir_eval(&t->eval, t->route->require, &v);
    to = t->eval.trace;

    if (to != NULL && to->rule != NULL) {
        to->rule(to->data, WEIR_NONE, &v);
    }

    if (v.kind != WEIR_T_BOOL || !v.u.b) {
        return weir_txn_refuse(t, WEIR_FORBIDDEN, WEIR_REASON_REQUIRE);
    }

    return WEIR_OK;
}
