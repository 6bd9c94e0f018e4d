/*
 * identity.h: who the caller is: the stage of a decision that looks at
 * credentials, and what it asks of the server.
 */

#ifndef WEIR_RUN_IDENTITY_H
#define WEIR_RUN_IDENTITY_H

#include "run/eval.h"
#include "run/jwt.h"

/* The certificate of the client's TLS connection. */
typedef struct {
    bool               verified;    /* its chain was */
    uint8_t            sha256[WEIR_SHA256_LEN];     /* of its DER */
    weir_str_t         dn;          /* RFC 2253 */
    weir_str_t         cn;          /* "" = none */
    const weir_str_t  *uris;        /* subject alternative names */
    const weir_str_t  *names;       /* DNS */
    const weir_str_t  *emails;
    uint32_t           nuris;
    uint32_t           nnames;
    uint32_t           nemails;
} weir_cert_t;

typedef struct {
    weir_by_t     by;
    weir_str_t    sub;
    weir_str_t    iss;
    weir_str_t    tenant;       /* that the credential names; "" = none */
    weir_str_t    acr;
    weir_value_t  roles;        /* LIST of STRING */
    weir_value_t  amr;          /* the same */
    weir_value_t  scopes;       /* the same */
    weir_value_t  claims;       /* MAP */
    int64_t       auth_time;    /* WEIR_NO_TIME = not known */
    weir_str_t    apikey;       /* id; "" unless by API key */
    uint32_t      issuer;       /* of the image; WEIR_NONE unless by token */
} weir_principal_t;

/*
 * What the engine asks of the server.  host is host_data of the request.
 * alloc, now and header are there; of the others NULL is a server that has
 * nothing of the kind.
 */
typedef struct {
    /* memory until the request ends, 16-byte aligned; NULL: none */
    void  *(*alloc)(void *host, size_t n);

    /* seconds since 1970 */
    int64_t  (*now)(void *host);

    /* each of this name that was sent, from nth 0 on; data NULL: no more.
       name is in lower case */
    weir_str_t  (*header)(void *host, weir_str_t name, unsigned nth);

    /* "https://host/path" as the client called it, for DPoP */
    weir_str_t  (*url)(void *host);

    /* the keys of an issuer as they are now; NULL: there are none */
    const weir_keys_t  *(*keys)(void *host, const weir_img_issuer_t *issuer);

    /* a kid that nobody knows, or no keys yet; WEIR_AGAIN: a fetch is on its
       way, the request waits and will not ask again; WEIR_DECLINED: there is
       none to wait for */
    weir_rc_t  (*refresh)(void *host, const weir_img_issuer_t *issuer);

    /* a token verified before: its packed form in memory of the request;
       WEIR_DECLINED: not known */
    weir_rc_t  (*recall)(void *host, const uint8_t key[WEIR_SHA256_LEN],
                         void **packed, size_t *len);
    void  (*remember)(void *host, const uint8_t key[WEIR_SHA256_LEN],
                      const weir_token_t *token, int64_t until);

    /* WEIR_OK once for an id until a time; else WEIR_DECLINED */
    weir_rc_t  (*once)(void *host, const uint8_t id[WEIR_SHA256_LEN],
                       int64_t until);

    /* what the store says of a "jti", "sub" or "kid" of an issuer whose policy
       asks it; WEIR_DECLINED: it is revoked; WEIR_ERROR: it was not, but the
       last look at the store counts no more; WEIR_OK */
    weir_rc_t  (*revoked)(void *host, const weir_img_issuer_t *issuer,
                          weir_str_t what, weir_str_t value);

    /* WEIR_DECLINED: the client sent none */
    weir_rc_t  (*certificate)(void *host, weir_cert_t *out);

    /* for tests of a policy: a principal that is taken as proven, where the
       route asks for that method (and issuer); NULL, or WEIR_DECLINED: none */
    weir_rc_t  (*given)(void *host, const weir_img_method_t *method,
                        weir_principal_t *out);
} weir_identity_t;

/* What a client that is refused should send: RFC 6750, 9449, 9470. */
typedef enum {
    WEIR_AUTH_OK,
    WEIR_AUTH_MISSING,          /* no credential */
    WEIR_AUTH_TWICE,            /* a credential in two places: 400 */
    WEIR_AUTH_BAD_TOKEN,
    WEIR_AUTH_BAD_PROOF,
    WEIR_AUTH_BAD_KEY,          /* API key */
    WEIR_AUTH_BAD_CERT,
    WEIR_AUTH_NO_KEYS,          /* the issuer cannot be reached: 503 */
    WEIR_AUTH_STALE,            /* what is revoked is not known: 503 */
    WEIR_AUTH_MEMORY
} weir_auth_t;

/* The request as authentication sees it. */
typedef struct {
    const weir_image_t      *image;
    const weir_img_route_t  *route;
    const weir_identity_t   *id;        /* NULL: nobody can prove anything */
    void                    *host;
    weir_str_t               method;
} weir_asked_t;

/*
 * What came of it.  Of "all" each method has a principal, in the order of the
 * route; the first is that of the request.
 */
typedef struct {
    weir_auth_t         result;
    weir_token_fault_t  fault;      /* why a token was refused */
    weir_by_t           by;         /* the method that was refused */
    uint32_t            issuer;     /* of the token looked at, or NONE */
    uint32_t            n;          /* of who; 0: anonymous */
    bool                dpop;       /* the token wants a proof, or had one */
    bool                waited;     /* for keys; once a request */
    bool                has_cert;
    bool                asked_cert;
    weir_cert_t         cert;       /* where has_cert */
    weir_principal_t    who[WEIR_BY_COUNT - 1];
} weir_caller_t;

static inline void
weir_caller_init(weir_caller_t *c)
{
    c->result = WEIR_AUTH_OK;
    c->fault = WEIR_TOKEN_NONE;
    c->by = WEIR_BY_ANONYMOUS;
    c->issuer = WEIR_NONE;
    c->n = 0;
    c->dpop = false;
    c->waited = false;
    c->has_cert = false;
    c->asked_cert = false;
}


/*
 * Looks at the credentials that a route wants.  WEIR_AGAIN: keys are on their
 * way, call again with the same caller.  WEIR_OK: c->result says how it went.
 */
weir_rc_t weir_authenticate(const weir_asked_t *q, weir_caller_t *c);

/*
 * Whether the tenant that each credential names is the candidate (WEIR_NONE:
 * the request named none, and *tenant becomes the credential's).
 * WEIR_DECLINED: it is another one, none where "bind" wants one, or one that
 * does not exist.
 */
weir_rc_t weir_identity_bind(const weir_image_t *img, const weir_caller_t *c,
    uint32_t *tenant);

/* Whether the principal's acr, amr and auth_time meet it at a time. */
bool weir_identity_mfa(const weir_image_t *img, const weir_img_mfa_t *mfa,
    const weir_principal_t *p, int64_t now);

/*
 * Whether one of the roles has the permission, by its index: roles of the
 * tenant (or NULL) hide those of the policy; a role that nobody defined has
 * none.
 */
bool weir_has_permission(const weir_image_t *img,
    const weir_img_tenant_t *tenant, const weir_value_t *roles,
    uint32_t permission);

/* Whether a LIST of STRING has it. */
bool weir_texts_have(const weir_value_t *list, weir_str_t text);

/* principal.* and apikey.*; *out stays as it is where there is nothing. */
void weir_caller_attr(const weir_caller_t *c, unsigned attr,
    weir_value_t *out);

#endif
