/*
 * identity.c: which of a route's methods says who the caller is.
 *
 * Of "any" the first whose credential was sent decides, good or bad: who may
 * try one after the other gets in by the weakest.
 */

#include "run/identity_prove.h"


void
weir_principal_init(weir_principal_t *p, weir_by_t by)
{
    *p = (weir_principal_t) {
        .by = by,
        .roles.kind = WEIR_T_LIST,
        .amr.kind = WEIR_T_LIST,
        .scopes.kind = WEIR_T_LIST,
        .claims.kind = WEIR_T_MAP,
        .auth_time = WEIR_NO_TIME,
        .issuer = WEIR_NONE
    };

    p->sub = weir_str("", 0);
    p->iss = p->sub;
    p->tenant = p->sub;
    p->acr = p->sub;
    p->apikey = p->sub;
}


/* What a test of a policy takes as proven. */
static weir_rc_t
prove_given(const weir_asked_t *q, const weir_img_method_t *m, uint32_t n,
    weir_by_t by, weir_principal_t *p)
{
    uint32_t  i;

    for (i = 0; i < n && q->id->given != NULL; i++) {

        if (m[i].by == by && q->id->given(q->host, &m[i], p) == WEIR_OK) {
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static weir_rc_t
prove(const weir_asked_t *q, weir_caller_t *c, const weir_img_method_t *m,
    uint32_t n, weir_by_t by)
{
    weir_rc_t          rc;
    weir_principal_t  *p;

    p = &c->who[c->n];
    rc = prove_given(q, m, n, by, p);

    if (rc == WEIR_DECLINED) {
        rc = by == WEIR_BY_JWT ? weir_prove_token(q, c, p)
             : by == WEIR_BY_APIKEY ? weir_prove_apikey(q, c, p)
             : weir_prove_cert(q, c, p);
    }

    if (rc == WEIR_OK) {
        c->n++;

        if (by == WEIR_BY_MTLS) {
            (void) weir_caller_cert(q, c);      /* its names may bind */
        }
    }

    return rc;
}


/* All entries of one sort are one method; "anonymous" proves nothing. */
static bool
is_first(const weir_img_method_t *m, uint32_t i)
{
    uint32_t  k;

    for (k = 0; k < i && m[k].by != m[i].by; k++) { }

    return k == i && m[i].by != WEIR_BY_ANONYMOUS;
}


static weir_rc_t
refuse(weir_caller_t *c, weir_by_t by, weir_auth_t result)
{
    c->result = result;
    c->by = by;
    c->n = 0;

    return WEIR_OK;
}


weir_rc_t
weir_authenticate(const weir_asked_t *q, weir_caller_t *c)
{
    uint32_t                  i, n;
    weir_rc_t                 rc;
    const weir_img_method_t  *m;

    c->n = 0;
    c->result = WEIR_AUTH_OK;
    n = q->id ? q->route->auth_methods.count : 0;
    m = WEIR_REC(q->image, METHODS) + q->route->auth_methods.first;

    for (i = 0; i < n; i++) {

        if (!is_first(m, i)) {
            continue;
        }

        rc = prove(q, c, m, n, m[i].by);

        if (rc == WEIR_AGAIN) {
            return rc;
        }

        if (rc == WEIR_ERROR) {
            return refuse(c, m[i].by, c->result);
        }

        if (q->route->auth == WEIR_AUTH_ALL) {

            if (rc == WEIR_DECLINED) {
                return refuse(c, m[i].by, WEIR_AUTH_MISSING);
            }

        } else if (rc == WEIR_OK) {
            return WEIR_OK;
        }
    }

    if (c->n == 0 && q->route->auth != WEIR_AUTH_OPTIONAL
        && q->route->auth != WEIR_AUTH_NONE)
    {
        return refuse(c, WEIR_BY_ANONYMOUS, WEIR_AUTH_MISSING);
    }

    return WEIR_OK;
}
