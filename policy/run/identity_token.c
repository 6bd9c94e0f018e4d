/*
 * identity_token.c: who a token says the caller is, and whether it is the
 * caller's (RFC 6750, 8705, 9449).
 *
 * A token that was verified before is remembered by the server; what may have
 * changed since, and what is the request's own, is looked at each time.
 */

#include "run/claims.h"
#include "run/identity_prove.h"

/* seconds that a token is remembered at most */
#define REMEMBER  3600

typedef struct {
    const weir_asked_t       *q;
    weir_caller_t            *c;
    weir_memory_t             memory;
    int64_t                   now;
    weir_found_t              found;
    const weir_img_issuer_t  *issuer;
} attempt_t;


static weir_rc_t
fail(attempt_t *a, weir_token_fault_t fault)
{
    weir_auth_t  result;

    switch (fault) {

    case WEIR_TOKEN_PROOF:
    case WEIR_TOKEN_REPLAY:
        result = WEIR_AUTH_BAD_PROOF;
        break;

    case WEIR_TOKEN_NO_KEYS:
        result = WEIR_AUTH_NO_KEYS;
        break;

    case WEIR_TOKEN_STALE:
        result = WEIR_AUTH_STALE;
        break;

    case WEIR_TOKEN_MEMORY:
        result = WEIR_AUTH_MEMORY;
        break;

    default:
        result = WEIR_AUTH_BAD_TOKEN;
    }

    return weir_unproven(a->c, result, fault);
}


static const weir_img_issuer_t *
issuer_of(const weir_asked_t *q, const weir_img_method_t *m)
{
    return &WEIR_REC(q->image, ISSUERS)[m->issuer];
}


/* Whether an issuer takes its tokens from there. */
static bool
takes(const weir_asked_t *q, const weir_img_issuer_t *issuer,
    const weir_img_source_t *source)
{
    uint32_t                  i;
    const weir_img_source_t  *s;

    s = WEIR_REC(q->image, SOURCES) + issuer->sources.first;

    for (i = 0; i < issuer->sources.count; i++) {

        if (weir_same_source(&s[i], source)) {
            return true;
        }
    }

    return false;
}


/* Looks in each place of the route's issuers once. */
static void
find(attempt_t *a)
{
    uint32_t                  i, k, s;
    weir_range_t              sources;
    const weir_img_method_t  *m;
    const weir_img_source_t  *source;

    m = WEIR_REC(a->q->image, METHODS) + a->q->route->auth_methods.first;

    for (i = 0; i < a->q->route->auth_methods.count; i++) {

        if (!weir_is_token(&m[i])) {
            continue;
        }

        sources = issuer_of(a->q, &m[i])->sources;

        for (s = 0; s < sources.count; s++) {
            source = &WEIR_REC(a->q->image, SOURCES)[sources.first + s];

            for (k = 0; k < i; k++) {

                if (weir_is_token(&m[k])
                    && takes(a->q, issuer_of(a->q, &m[k]), source))
                {
                    break;
                }
            }

            if (k == i) {
                weir_find_credential(a->q, source, &a->found);
            }
        }
    }
}


/*
 * Of the issuers that take tokens from where this one was, the only one, or
 * that which it names.
 */
static weir_token_fault_t
choose(attempt_t *a)
{
    uint32_t                  i, n;
    weir_str_t                iss;
    const weir_img_method_t  *m, *only;

    m = WEIR_REC(a->q->image, METHODS) + a->q->route->auth_methods.first;
    only = NULL;
    n = 0;

    for (i = 0; i < a->q->route->auth_methods.count; i++) {

        if (weir_is_token(&m[i])
            && takes(a->q, issuer_of(a->q, &m[i]), a->found.source))
        {
            only = &m[i];
            n++;
        }
    }

    if (n == 1) {
        a->c->issuer = only->issuer;
        return WEIR_TOKEN_NONE;
    }

    iss = weir_jwt_peek_issuer(a->found.text, &a->memory);

    if (iss.data == NULL) {
        return WEIR_TOKEN_MALFORMED;
    }

    for (i = 0; i < a->q->route->auth_methods.count; i++) {

        if (weir_is_token(&m[i])
            && takes(a->q, issuer_of(a->q, &m[i]), a->found.source)
            && weir_str_eq(iss, weir_img_str(a->q->image,
                                             issuer_of(a->q, &m[i])->iss)))
        {
            a->c->issuer = m[i].issuer;
            return WEIR_TOKEN_NONE;
        }
    }

    return WEIR_TOKEN_ISSUER;
}


/* WEIR_TOKEN_KEY: it must be verified, again or for the first time. */
static weir_token_fault_t
recall(const attempt_t *a, const uint8_t key[WEIR_SHA256_LEN],
    const weir_keys_t *keys, weir_token_t *t)
{
    void                   *packed;
    size_t                  len;
    weir_token_fault_t      fault;
    const weir_identity_t  *id;

    id = a->q->id;

    if (id->recall == NULL
        || id->recall(a->q->host, key, &packed, &len) != WEIR_OK
        || weir_token_unpack(packed, len, t) != WEIR_OK)
    {
        return WEIR_TOKEN_KEY;
    }

    fault = weir_jwt_again(t, a->q->image, a->c->issuer, keys, a->now);

    return fault == WEIR_TOKEN_NO_KEYS ? WEIR_TOKEN_KEY : fault;
}


static void
remember(const attempt_t *a, const uint8_t key[WEIR_SHA256_LEN],
    const weir_token_t *t)
{
    int64_t  until;

    until = a->now + REMEMBER;

    if (t->exp != WEIR_NO_TIME && t->exp < until) {
        until = t->exp;
    }

    if (a->q->id->remember != NULL && until > a->now) {
        a->q->id->remember(a->q->host, key, t, until);
    }
}


/* WEIR_AGAIN: newer keys may have what this token wants. */
static weir_rc_t
verify(attempt_t *a, weir_token_t *t)
{
    bool                    keyed;
    uint8_t                 key[WEIR_SHA256_LEN];
    const weir_keys_t      *keys;
    weir_token_fault_t      fault;
    const weir_identity_t  *id;

    id = a->q->id;
    keys = id->keys ? id->keys(a->q->host, a->issuer) : NULL;
    keyed = a->found.text.len <= WEIR_MAX_TOKEN
            && weir_jwt_cache_key(a->q->image->digester, a->issuer,
                                  a->found.text, key) == WEIR_OK;
    fault = keyed ? recall(a, key, keys, t) : WEIR_TOKEN_KEY;

    if (fault == WEIR_TOKEN_KEY) {
        fault = weir_jwt_verify(a->found.text, a->q->image, a->c->issuer,
                                keys, a->now, &a->memory, t);

        if (fault == WEIR_TOKEN_NONE && keyed) {
            remember(a, key, t);
        }
    }

    if ((fault == WEIR_TOKEN_KEY || fault == WEIR_TOKEN_NO_KEYS)
        && !a->c->waited && id->refresh != NULL
        && id->refresh(a->q->host, a->issuer) == WEIR_AGAIN)
    {
        a->c->waited = true;
        return WEIR_AGAIN;
    }

    return fault == WEIR_TOKEN_NONE ? WEIR_OK : fail(a, fault);
}


/*
 * The store is looked at with every token, also one that is known.  Of what
 * it has, none is older than the policy wants; or it is all there is.
 */
static weir_token_fault_t
check_store(const attempt_t *a, const weir_token_t *t)
{
    size_t                  i;
    weir_rc_t               rc;
    weir_str_t              sub;
    weir_token_fault_t      fault;
    const weir_identity_t  *id;

    struct {
        weir_str_t  what;
        weir_str_t  value;
    } asks[] = {
        { weir_string("jti"), t->jti }, { weir_string("kid"), t->kid },
        { weir_string("sub"), t->sub }, { weir_string("sub"), { "", 0 } }
    };

    id = a->q->id;

    if (a->issuer->revoked == WEIR_REVOKED_HERE || id->revoked == NULL) {
        return WEIR_TOKEN_NONE;
    }

    /* what the policy takes for the subject, and what the issuer does */

    (void) weir_claims_text(weir_claims_get(&t->claims, weir_string("sub")),
                            &sub);

    if (!weir_str_eq(sub, t->sub)) {
        asks[3].value = sub;
    }

    fault = WEIR_TOKEN_NONE;

    for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {

        if (asks[i].value.len == 0) {
            continue;
        }

        rc = id->revoked(a->q->host, a->issuer, asks[i].what, asks[i].value);

        if (rc == WEIR_DECLINED) {
            return WEIR_TOKEN_REVOKED;
        }

        if (rc != WEIR_OK && a->issuer->revoked == WEIR_REVOKED_DENY) {
            fault = WEIR_TOKEN_STALE;
        }
    }

    return fault;
}


/* RFC 9449, 4.3 and 7.1: one proof, for this token and this request. */
static weir_token_fault_t
check_proof(attempt_t *a, const weir_token_t *t)
{
    int64_t                 until;
    uint8_t                 id[WEIR_SHA256_LEN];
    weir_str_t              proof;
    weir_token_fault_t      fault;
    const weir_asked_t     *q;

    q = a->q;

    /* with no key of its own anybody could prove anything */
    if (!t->has_jkt
        || (a->found.source->kind == WEIR_SOURCE_BEARER && !a->found.dpop))
    {
        return WEIR_TOKEN_BINDING;
    }

    proof = q->id->header(q->host, weir_string("dpop"), 0);

    if (proof.data == NULL || q->id->url == NULL || q->id->once == NULL
        || q->id->header(q->host, weir_string("dpop"), 1).data != NULL)
    {
        return WEIR_TOKEN_PROOF;
    }

    fault = weir_dpop_verify(proof, q->method, q->id->url(q->host),
                             a->found.text, t->jkt, WEIR_ALGS_PUBLIC,
                             a->issuer->skew, a->now, &a->memory, id, &until);

    if (fault != WEIR_TOKEN_NONE) {
        return fault == WEIR_TOKEN_MEMORY ? fault : WEIR_TOKEN_PROOF;
    }

    switch (q->id->once(q->host, id, until)) {

    case WEIR_OK:
        return WEIR_TOKEN_NONE;

    case WEIR_DECLINED:
        return WEIR_TOKEN_REPLAY;

    default:
        return WEIR_TOKEN_MEMORY;       /* the table is full */
    }
}


/* Whether it is this caller's. */
static weir_token_fault_t
check_owner(attempt_t *a, const weir_token_t *t)
{
    const weir_cert_t  *cert;

    if (t->has_x5t) {
        cert = weir_caller_cert(a->q, a->c);

        if (cert == NULL
            || !weir_same_secret(cert->sha256, t->x5t, WEIR_SHA256_LEN))
        {
            return WEIR_TOKEN_BINDING;
        }
    }

    a->c->dpop = t->has_jkt || a->found.dpop
                 || a->issuer->dpop == WEIR_DPOP_REQUIRED;

    return a->c->dpop ? check_proof(a, t) : WEIR_TOKEN_NONE;
}


weir_rc_t
weir_prove_token(const weir_asked_t *q, weir_caller_t *c, weir_principal_t *p)
{
    attempt_t           a;
    weir_rc_t           rc;
    weir_token_t        t;
    weir_token_fault_t  fault;

    memset(&a, 0, sizeof(a));
    a.q = q;
    a.c = c;
    a.memory = (weir_memory_t) { q->id->alloc, q->host };
    a.now = q->id->now(q->host);

    find(&a);

    if (a.found.twice) {
        return weir_unproven(c, WEIR_AUTH_TWICE, WEIR_TOKEN_NONE);
    }

    if (a.found.source == NULL) {
        return WEIR_DECLINED;
    }

    c->dpop = a.found.dpop;
    fault = choose(&a);

    if (fault != WEIR_TOKEN_NONE) {
        return fail(&a, fault);
    }

    a.issuer = &WEIR_REC(q->image, ISSUERS)[c->issuer];
    rc = verify(&a, &t);

    if (rc != WEIR_OK) {
        return rc;
    }

    fault = check_store(&a, &t);

    if (fault == WEIR_TOKEN_NONE) {
        fault = check_owner(&a, &t);
    }

    if (fault != WEIR_TOKEN_NONE) {
        return fail(&a, fault);
    }

    *p = (weir_principal_t) {
        .by = WEIR_BY_JWT, .sub = t.sub, .iss = t.iss, .tenant = t.tenant,
        .acr = t.acr, .roles = t.roles, .amr = t.amr, .scopes = t.scopes,
        .claims = t.claims, .auth_time = t.auth_time,
        .apikey = weir_str("", 0), .issuer = c->issuer
    };

    return WEIR_OK;
}
