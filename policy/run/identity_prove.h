/*
 * identity_prove.h: between the files of authentication; see identity.h.
 */

#ifndef WEIR_RUN_IDENTITY_PROVE_H
#define WEIR_RUN_IDENTITY_PROVE_H

#include "run/identity.h"

/* A credential as it was sent. */
typedef struct {
    weir_str_t                text;
    const weir_img_source_t  *source;   /* where it was found; NULL: nowhere */
    bool                      dpop;     /* its scheme was DPoP */
    bool                      twice;    /* it is in two places, or two fold */
} weir_found_t;

/*
 * identity_find.c: looks in one more place.  Authorization without a scheme
 * of tokens, and a header or cookie without a value, are no credential.
 */
void weir_find_credential(const weir_asked_t *q,
    const weir_img_source_t *source, weir_found_t *found);
bool weir_same_source(const weir_img_source_t *a, const weir_img_source_t *b);

/* The client's certificate, asked for once; NULL: there is none. */
const weir_cert_t *weir_caller_cert(const weir_asked_t *q, weir_caller_t *c);

/* An empty one. */
void weir_principal_init(weir_principal_t *p, weir_by_t by);

/* Roles by name as a LIST; false: out of memory. */
bool weir_role_refs(const weir_asked_t *q, const weir_range_t *roles,
    weir_value_t *out);

/* That a name of a verified certificate is of; "": of none. */
weir_str_t weir_cert_tenant(const weir_image_t *img, weir_str_t name);

/*
 * One method each.  WEIR_OK: *p is who it is; WEIR_DECLINED: no credential
 * was sent; WEIR_ERROR: c->result and c->fault say what is wrong with it;
 * WEIR_AGAIN: keys are on their way.
 */
weir_rc_t weir_prove_token(const weir_asked_t *q, weir_caller_t *c,
    weir_principal_t *p);
weir_rc_t weir_prove_apikey(const weir_asked_t *q, weir_caller_t *c,
    weir_principal_t *p);
weir_rc_t weir_prove_cert(const weir_asked_t *q, weir_caller_t *c,
    weir_principal_t *p);

/* A method of a route that names an issuer. */
static inline bool
weir_is_token(const weir_img_method_t *m)
{
    return m->by == WEIR_BY_JWT && m->issuer != WEIR_NONE;
}


static inline weir_rc_t
weir_unproven(weir_caller_t *c, weir_auth_t result, weir_token_fault_t fault)
{
    c->result = result;
    c->fault = fault;

    return WEIR_ERROR;
}

#endif
