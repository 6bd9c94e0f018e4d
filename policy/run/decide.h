/*
 * decide.h: from a request to a verdict, in the order that the design fixes.
 *
 * One weir_txn_t serves one client request.  Stages run once and in order; a
 * stage that must wait returns WEIR_AGAIN, and the next call goes on there.
 */

#ifndef WEIR_RUN_DECIDE_H
#define WEIR_RUN_DECIDE_H

#include "run/identity.h"
#include "run/limiter.h"
#include "run/router.h"

typedef enum {
    WEIR_ALLOW,
    WEIR_DENY
} weir_verdict_t;

/* name in code, name in decisions: what decided */
#define WEIR_REASONS(R)                                                       \
    R(NONE,           "none")                                                 \
    R(ALLOWED,        "allowed")          /* an allow rule of the last layer,\
                                             or what the route requires */    \
    R(PUBLIC,         "public")                                               \
    R(BAD_REQUEST,    "bad_request")      /* path, host, duplicates */        \
    R(UNKNOWN_TENANT, "unknown_tenant")                                       \
    R(NO_ROUTE,       "no_route")                                             \
    R(DENY_RULE,      "deny_rule")                                            \
    R(DENY_ERROR,     "deny_error")       /* a deny rule failed to evaluate */\
    R(NOT_ALLOWED,    "not_allowed")      /* no allow rule of a layer holds */\
    R(DEFAULT_DENY,   "default_deny")     /* there is nothing that allows */  \
    R(UNAUTHENTICATED, "unauthenticated") /* no credential was sent */        \
    R(BAD_TOKEN,      "invalid_token")                                        \
    R(BAD_PROOF,      "invalid_dpop_proof")                                   \
    R(BAD_KEY,        "invalid_api_key")                                      \
    R(BAD_CERT,       "invalid_certificate")                                  \
    R(NO_KEYS,        "keys_unavailable") /* of the issuer: 503 */            \
    R(STALE,          "revocations_unavailable") /* of the store: 503 */      \
    R(TENANT,         "tenant_mismatch")  /* credential and request differ */ \
    R(MFA,            "mfa_required")                                         \
    R(PERMISSION,     "missing_permission")                                   \
    R(SCOPE,          "missing_scope")                                        \
    R(REQUIRE,        "requirement")      /* "require: when" does not hold */ \
    R(LIMIT,          "limit")            /* one is reached */                \
    R(LIMIT_ERROR,    "limit_error")      /* its key or cost fails: 500 */    \
    R(LIMIT_FULL,     "limit_table_full") /* no room to count: 503 */         \
    R(STORE,          "store_unavailable") /* and the limit denies: 503 */    \
    R(UNDECIDED,      "undecided")        /* the server had no snapshot */   \
    R(PREFLIGHT,      "preflight")        /* is answered, see cors.h */       \
    R(MAINTENANCE,    "maintenance")                                          \
    R(BREAKER,        "breaker_open")     /* of the arm: 503 */               \
    R(TRANSFORM,      "transform")        /* what the upstream would be told  \
                                             fails to evaluate (500), or may  \
                                             not be in a header or path (400)\
                                             */

typedef enum {
#define R(name, text)  WEIR_REASON_##name,
    WEIR_REASONS(R)
#undef R
    WEIR_REASON_COUNT
} weir_reason_t;

const char *weir_reason_name(unsigned reason);

/* Whether a limit decided, and decision.limit names it. */
static inline bool
weir_reason_is_limit(unsigned reason)
{
    return reason == WEIR_REASON_LIMIT || reason == WEIR_REASON_LIMIT_ERROR
           || reason == WEIR_REASON_LIMIT_FULL || reason == WEIR_REASON_STORE;
}


typedef struct {
    weir_verdict_t  verdict;
    unsigned        status;     /* of the refusal; 0 when allowed, but 204
                                   of PREFLIGHT */
    weir_reason_t   reason;
    weir_str_t      route;      /* ids; empty when there is none */
    weir_str_t      tenant;
    weir_str_t      subject;
    weir_str_t      rule;       /* that decided; empty when none did */
    weir_str_t      upstream;   /* of the route, of the arm; of PREFLIGHT
                                   empty */
    weir_str_t      split;      /* names; empty when none was chosen.  Of */
    weir_str_t      arm;        /* BREAKER and TRANSFORM the one that the
                                   request would have had */
    weir_str_t      message;    /* for the client; empty when none is given */
    weir_str_t      challenge;  /* of WWW-Authenticate; empty when none */
    weir_str_t      missing;    /* permission or scope; empty when none is */
    weir_str_t      limit;      /* that refused, else that has the smallest
                                   share of its units left, no dry_run;
                                   empty: none */
    uint64_t        left;       /* units that it has left */
    uint32_t        retry_after;    /* seconds, of Retry-After; 0 = none */
    const char     *detail;     /* for the operator, a sentence: what is wrong
                                   with the request or its token; or NULL */
    uint32_t        errors;     /* evaluations that ended in an error */
    uint32_t        dry_denied; /* dry_run rules that would have refused */
    uint32_t        dry_limited;    /* dry_run limits that would have */
} weir_decision_t;

/* The request as the client sent it.  Text lives as long as the request. */
typedef struct {
    weir_str_t              method;
    weir_str_t              path;       /* raw target without query */
    weir_str_t              host;       /* raw: of the target, or Host */
    weir_ip_t               source;     /* client address, after realip */
    weir_ip_t               peer;       /* address of the TCP peer */
    const weir_host_t      *host_ops;   /* serves headers, HOST attributes */
    void                   *host_data;
    const weir_identity_t  *identity;   /* NULL: nobody can prove anything */
    const weir_limiter_t   *limiter;    /* NULL: nothing can be counted, as
                                           with a table that is full */
    const weir_router_t    *router;     /* NULL: splits have no state, and who
                                           has no key gets the bucket 0 */
} weir_request_t;

typedef struct weir_txn_s  weir_txn_t;

/* Bytes of a transaction: the caller allocates once. */
size_t weir_txn_size(const weir_image_t *img, const weir_request_t *req);
/* mem is 16-byte aligned; the request must outlive the transaction. */
weir_txn_t *weir_txn_init(void *mem, const weir_image_t *img,
    const weir_request_t *req);

/*
 * WEIR_OK: *d is final.  WEIR_AGAIN: a stage waits.  Never anything else:
 * whatever goes wrong inside is a refusal.
 */
weir_rc_t weir_decide(weir_txn_t *t, weir_decision_t *d);

/* After weir_decide() normalised it: the path that policy saw. */
weir_str_t weir_txn_path(const weir_txn_t *t);
weir_str_t weir_txn_host(const weir_txn_t *t);
/* To run further programs (audit, log phase) and to trace. */
weir_eval_t *weir_txn_eval(weir_txn_t *t);
/* What came of authentication: every principal of "all", or what was wrong. */
const weir_caller_t *weir_txn_caller(const weir_txn_t *t);
/* Who called; anonymous unless the route asked and it was proven. */
const weir_principal_t *weir_txn_principal(const weir_txn_t *t);
/*
 * Every limit that was asked, in order: *n of them; those before the caller
 * was known come first.  When the request ends, the flight of each is to be
 * given back, also of one that was refused or never decided.
 */
weir_hold_t *weir_txn_limits(const weir_txn_t *t, uint32_t *n);
/*
 * At log phase, once: charges what the response costs, of an allowed request.
 * Needs the image still.
 */
void weir_txn_charge(weir_txn_t *t);
/* Whether weir_txn_charge() has anything to do. */
bool weir_txn_charges(const weir_txn_t *t);
/* Which arm and why; of a request that is not allowed, without a split. */
const weir_routing_t *weir_txn_routing(const weir_txn_t *t);
/*
 * What the upstream is told of an allowed request: value i is that of op i of
 * the route's request_ops, "" of a removal.  They live as long as the
 * transaction.
 */
const weir_str_t *weir_txn_request_values(const weir_txn_t *t);
/* The path that the upstream gets, normalised and not escaped; len 0: the one
   that the policy saw. */
weir_str_t weir_txn_new_path(const weir_txn_t *t);
/* An answer is there, in place of any before it. */
void weir_txn_answer(weir_txn_t *t);
/*
 * Of that answer: the value of one of the route's response_ops.
 * WEIR_ERROR: it failed to evaluate, or may not be in a header.  Needs the
 * image still.
 */
weir_rc_t weir_txn_response_value(weir_txn_t *t,
    const weir_img_header_op_t *op, weir_str_t *value);
/* The matched tenant, route; NULL when there is none. */
const weir_img_tenant_t *weir_txn_tenant(const weir_txn_t *t);
const weir_img_route_t *weir_txn_route(const weir_txn_t *t);

#endif
