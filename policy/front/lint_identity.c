/*
 * lint_identity.c: issuers that take any token of theirs, ways to prove who
 * one is that no route asks for, and API keys that have ended.
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


void
weir_lint_identity(weir_lint_t *l)
{
    issuers(l);
    apikeys(l);

    if (l->m->mtls.given && !is_asked(l->m, WEIR_BY_MTLS, WEIR_NONE)) {
        weir_warn(l->diags, WEIR_WUNUSED, l->m->mtls.span,
                  "\"mtls\" is never used: no route takes certificates");
    }
}
