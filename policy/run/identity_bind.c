/*
 * identity_bind.c: whether who proved to be somebody is of this tenant, and
 * proved it well enough (RFC 9470).
 */

#include "run/identity_prove.h"
#include "run/lookup.h"


bool
weir_texts_have(const weir_value_t *list, weir_str_t text)
{
    uint32_t             i;
    const weir_value_t  *v;

    v = list->u.items;

    for (i = 0; i < list->len; i++) {

        if (v[i].kind == WEIR_T_STRING
            && weir_str_eq(weir_v_text(&v[i]), text))
        {
            return true;
        }
    }

    return false;
}


/* The text at a path into claims; "": there is none. */
static weir_str_t
claim(const weir_image_t *img, const weir_value_t *claims,
    const weir_range_t *path)
{
    uint32_t             i, k;
    weir_str_t           name;
    const weir_value_t  *v, *pair;

    v = claims;

    for (i = 0; i < path->count; i++) {
        name = weir_img_str(img, WEIR_REC(img, REFS)[path->first + i]);

        if (v->kind != WEIR_T_MAP) {
            return weir_str("", 0);
        }

        pair = v->u.items;

        for (k = 0; k < v->len; k++, pair += 2) {

            if (pair->kind == WEIR_T_STRING
                && weir_str_eq(weir_v_text(pair), name))
            {
                break;
            }
        }

        if (k == v->len) {
            return weir_str("", 0);
        }

        v = pair + 1;
    }

    return path->count && v->kind == WEIR_T_STRING ? weir_v_text(v)
                                                   : weir_str("", 0);
}


/* A credential says that it is of this tenant. */
static bool
agree(const weir_image_t *img, weir_str_t id, uint32_t *tenant)
{
    if (*tenant == WEIR_NONE) {
        *tenant = weir_lookup_tenant(img, id);
        return *tenant != WEIR_NONE;
    }

    return weir_str_eq(weir_img_str(img, WEIR_REC(img, TENANTS)[*tenant].id),
                       id);
}


/* One of several names of a certificate is the tenant, or has it inside. */
static bool
agree_one(const weir_image_t *img, const weir_str_t *names, uint32_t n,
    uint32_t *tenant)
{
    uint32_t    i;
    weir_str_t  id;

    for (i = 0; i < n; i++) {
        id = weir_cert_tenant(img, names[i]);

        if (agree(img, id.len ? id : names[i], tenant)) {
            return true;
        }
    }

    return false;
}


static bool
bind_one(const weir_image_t *img, const weir_img_bind_t *b,
    const weir_caller_t *c, const weir_principal_t *p, uint32_t *tenant)
{
    static const weir_by_t  by[WEIR_BIND_COUNT] = {
        [WEIR_BIND_CLAIM] = WEIR_BY_JWT,
        [WEIR_BIND_APIKEY] = WEIR_BY_APIKEY,
        [WEIR_BIND_MTLS] = WEIR_BY_MTLS,
        [WEIR_BIND_URI_SAN] = WEIR_BY_MTLS,
        [WEIR_BIND_DNS_SAN] = WEIR_BY_MTLS
    };

    if (p->by != by[b->kind]) {
        return true;
    }

    switch (b->kind) {

    case WEIR_BIND_CLAIM:
        return agree(img, claim(img, &p->claims, &b->path), tenant);

    case WEIR_BIND_URI_SAN:
        return c->has_cert
               && agree_one(img, c->cert.uris, c->cert.nuris, tenant);

    case WEIR_BIND_DNS_SAN:
        return c->has_cert
               && agree_one(img, c->cert.names, c->cert.nnames, tenant);

    default:
        return agree(img, p->tenant, tenant);
    }
}


weir_rc_t
weir_identity_bind(const weir_image_t *img, const weir_caller_t *c,
    uint32_t *tenant)
{
    uint32_t                 i, k, candidate;
    const weir_img_bind_t   *b;
    const weir_principal_t  *p;

    candidate = *tenant;
    b = WEIR_REC(img, BINDS) + img->policy->bind.first;

    for (i = 0; i < c->n; i++) {
        p = &c->who[i];

        if (p->tenant.len != 0 && !agree(img, p->tenant, &candidate)) {
            return WEIR_DECLINED;
        }

        for (k = 0; k < img->policy->bind.count; k++) {

            if (!bind_one(img, &b[k], c, p, &candidate)) {
                return WEIR_DECLINED;
            }
        }
    }

    *tenant = candidate;

    return WEIR_OK;
}


static bool
one_of(const weir_image_t *img, const weir_range_t *refs,
    const weir_value_t *have)
{
    uint32_t         i;
    const uint32_t  *ref;

    ref = WEIR_REC(img, REFS) + refs->first;

    for (i = 0; i < refs->count; i++) {

        if (weir_texts_have(have, weir_img_str(img, ref[i]))) {
            return true;
        }
    }

    return refs->count == 0;
}


bool
weir_identity_mfa(const weir_image_t *img, const weir_img_mfa_t *mfa,
    const weir_principal_t *p, int64_t now)
{
    weir_value_t  acr, list;

    acr = weir_v_str(p->acr);
    list = (weir_value_t) { .kind = WEIR_T_LIST, .len = 1, .u.items = &acr };

    if (!one_of(img, &mfa->acr, &list) || !one_of(img, &mfa->amr, &p->amr)) {
        return false;
    }

    return mfa->max_age == 0
           || (p->auth_time != WEIR_NO_TIME
               && p->auth_time >= now - (int64_t) mfa->max_age);
}
