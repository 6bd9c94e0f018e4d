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
 * What the engine asks of the server.  data is that of weir_host_t.  Headers
 * and cookies are asked of weir_host_t: what policy saw is what counts.
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

    /* a kid that nobody knows, or no keys yet: WEIR_AGAIN, a fetch is on its
       way and the request waits; WEIR_DECLINED: there is none to wait for */
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
    WEIR_AUTH_MEMORY
} weir_auth_t;

/*
 * Looks at the credentials that a route wants.  WEIR_AGAIN: keys are on their
 * way, call again.  WEIR_OK: *result says how it went; *p is the principal
 * (anonymous unless WEIR_AUTH_OK), *fault why a token was refused.
 */
weir_rc_t weir_authenticate(const weir_image_t *img,
    const weir_img_route_t *route, const weir_host_t *ops,
    const weir_identity_t *id, void *host, weir_str_t method,
    weir_principal_t *p, weir_auth_t *result, weir_token_fault_t *fault);

/*
 * Whether the tenant that the principal's credential names is the candidate
 * (WEIR_NONE: the request named none, and *tenant becomes the credential's).
 * WEIR_DECLINED: it is another one, none where "bind" wants one, or one that
 * does not exist.
 */
weir_rc_t weir_identity_bind(const weir_image_t *img,
    const weir_principal_t *p, const weir_cert_t *cert, uint32_t *tenant);

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

#endif
