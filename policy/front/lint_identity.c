/*
 * lint_identity.c: issuers that take any token of theirs, ways to prove who
 * one is that no route asks for, API keys that have ended, and credentials
 * that no tenant is asked of.
 */

#include <time.h>

#include "front/codes.h"
#include "front/lint.h"


/* Whether a route asks for it. */
static bool
is_asked(const weir_model_t *m, weir_by_t by, uint32_t issuer)
{
    size_t               i, k;
    const weir_ways_t   *ways;
    const weir_route_t  *r;

    for (i = 0; i < m->routes.len; i++) {
        r = &m->routes.items[i];
        ways = r->auth != NULL ? &r->auth->ways : NULL;

        for (k = 0; ways != NULL && k < ways->len; k++) {
            if (ways->items[k].by == by && ways->items[k].issuer == issuer) {
                return true;
            }
        }
    }

    return false;
}


static void
issuers(weir_lint_t *l)
{
    uint32_t              i;
    const weir_issuer_t  *s;

    for (i = 0; i < l->m->issuers.len; i++) {
        s = &l->m->issuers.items[i];

        if (s->aud.len == 0) {
            weir_warn(l->diags, WEIR_WAUDIENCE, s->name.span,
                      "issuer \"%.*s\" has no \"aud\": a token that it made "
                      "for somebody else is good here too",
                      WEIR_STR(s->name.text));
        }

        if (!is_asked(l->m, WEIR_BY_JWT, i)) {
            weir_warn(l->diags, WEIR_WUNUSED, s->name.span,
                      "issuer \"%.*s\" is never used: no route takes its "
                      "tokens", WEIR_STR(s->name.text));
        }
    }
}


static void
apikeys(weir_lint_t *l)
{
    size_t                i;
    int64_t               now;
    const weir_apikey_t  *k;

    if (l->m->has_apikeys && !is_asked(l->m, WEIR_BY_APIKEY, WEIR_NONE)) {
        weir_warn(l->diags, WEIR_WUNUSED, l->m->apikeys_span,
                  "\"apikeys\" is never used: no route takes API keys");
    }

    now = (int64_t) time(NULL);

    for (i = 0; i < l->m->apikeys.len; i++) {
        k = &l->m->apikeys.items[i];

        if (k->not_after < now) {
            weir_warn(l->diags, WEIR_WEXPIRED, k->ends,
                      "API key \"%.*s\" has ended: nobody gets in with it",
                      WEIR_STR(k->id.text));
        }
    }
}


/* Whether a request may name a tenant that its credential does not. */
static bool
has_tenants(const weir_model_t *m)
{
    size_t  i;

    for (i = 0; i < m->tenants.len; i++) {
        if (m->resolve.len != 0 || m->tenants.items[i].nhosts != 0) {
            return true;
        }
    }

    return false;
}


static bool
is_bound(const weir_model_t *m, unsigned kind)
{
    size_t  i;

    for (i = 0; i < m->bind.len; i++) {
        if (m->bind.items[i].kind == kind) {
            return true;
        }
    }

    return false;
}


/* Whether each of its tokens has the claim that names the tenant. */
static bool
names_tenant(const weir_issuer_t *s)
{
    size_t  i;

    for (i = 0; s->tenant.len == 1 && i < s->claims.len; i++) {
        if (weir_str_eq(s->claims.items[i].text, s->tenant.items[0].text)) {
            return true;
        }
    }

    return false;
}


static void
unbound_issuers(weir_lint_t *l)
{
    uint32_t              i;
    const weir_issuer_t  *s;

    for (i = 0; i < l->m->issuers.len; i++) {
        s = &l->m->issuers.items[i];

        if (!names_tenant(s) && is_asked(l->m, WEIR_BY_JWT, i)) {
            weir_warn(l->diags, WEIR_WUNBOUND, s->name.span,
                      "a token of issuer \"%.*s\"%s is good at every tenant: "
                      "\"bind\" of \"tenants\" has no claim",
                      WEIR_STR(s->name.text),
                      s->tenant.len ? " that names none" : "");
        }
    }
}


/* One key stands for all. */
static void
unbound_apikeys(weir_lint_t *l)
{
    size_t                i;
    const weir_apikey_t  *k;

    for (i = 0; i < l->m->apikeys.len; i++) {
        k = &l->m->apikeys.items[i];

        if (k->whose.tenant.text.len == 0
            && is_asked(l->m, WEIR_BY_APIKEY, WEIR_NONE))
        {
            weir_warn(l->diags, WEIR_WUNBOUND, k->id.span,
                      "API key \"%.*s\" has no tenant and is good at every "
                      "one: \"bind\" of \"tenants\" has no apikey.tenant",
                      WEIR_STR(k->id.text));
            return;
        }
    }
}


static void
unbound(weir_lint_t *l)
{
    const weir_model_t  *m;

    m = l->m;

    if (!has_tenants(m)) {
        return;
    }

    if (!is_bound(m, WEIR_BIND_CLAIM)) {
        unbound_issuers(l);
    }

    if (!is_bound(m, WEIR_BIND_APIKEY)) {
        unbound_apikeys(l);
    }

    if (m->mtls.given && !is_bound(m, WEIR_BIND_MTLS)
        && !is_bound(m, WEIR_BIND_URI_SAN)
        && !is_bound(m, WEIR_BIND_DNS_SAN)
        && is_asked(m, WEIR_BY_MTLS, WEIR_NONE))
    {
        weir_warn(l->diags, WEIR_WUNBOUND, m->mtls.span,
                  "a certificate that names no tenant is good at every one: "
                  "\"bind\" of \"tenants\" has none of mtls");
    }
}


void
weir_lint_identity(weir_lint_t *l)
{
    issuers(l);
    apikeys(l);
    unbound(l);

    if (l->m->mtls.given && !is_asked(l->m, WEIR_BY_MTLS, WEIR_NONE)) {
        weir_warn(l->diags, WEIR_WUNUSED, l->m->mtls.span,
                  "\"mtls\" is never used: no route takes certificates");
    }
}
