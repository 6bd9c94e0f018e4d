/*
 * import_shut.c: routes that are closed since others, or the certificates of
 * their host, are not what they were.
 *
 * What guarded requests is never lost with the route that had them: where
 * such a route is none, those that would get its requests are closed.
 */

#include "cli/import.h"

#define MAX_PATH  1024u


/* "/a" is above "/a" and "/a/b". */
static bool
is_below(weir_str_t path, weir_str_t location)
{
    return location.len <= 1
           || (weir_str_starts(path, location)
               && (path.len == location.len
                   || path.data[location.len] == '/'));
}


void
weir_imp_close_route(imp_t *imp, imp_route_t *r, const char *why)
{
    r->t.closed = why;
    r->t.closed_status = 503;
    weir_imp_note(imp, IMP_LEFT, r->from, r->span,
                  weir_imp_printf(imp, "routes.%.*s", WEIR_STR(r->id)),
                  "closed: %s", why);
}


/* The routes of other objects that would have the requests of a guarded one. */
static void
close_below(imp_t *imp, const imp_route_t *shut)
{
    size_t        i;
    imp_route_t  *r;

    for (i = 0; i < imp->routes.len; i++) {
        r = &imp->routes.items[i];

        if (!r->out && r->t.closed == NULL && r->from != shut->from
            && weir_str_eq(r->host, shut->host)
            && is_below(r->path.text, shut->path.location))
        {
            weir_imp_close_route(imp, r, "it would have requests of a path "
                                 "that was guarded, and is not translated");
        }
    }
}


/*
 * What holds for the whole host holds for each of its routes.  A certificate
 * says something only where it is certain who signed it.
 */
static void
close_uncertain(imp_t *imp, imp_route_t *r)
{
    const imp_host_t  *h;

    h = weir_imp_host(imp, r->host);

    if (h == NULL || r->t.closed != NULL || r->out) {
        return;
    }

    if (h->closed != NULL) {
        weir_imp_close_route(imp, r, h->closed);
        return;
    }

    /* nginx asks before it looks at the path */
    if (h->asks && !weir_imp_is_certified(&r->t)) {
        weir_imp_certified(imp, &r->t);
        weir_imp_note(imp, IMP_NEAR, r->from, r->span,
                      weir_string("auth-tls-secret of the host"),
                      "policy.yaml: a deny rule of routes.%.*s, too: what an "
                      "Ingress asks of clients holds for the whole host",
                      WEIR_STR(r->id));
    }

    if (!weir_imp_is_certified(&r->t)) {
        return;
    }

    if (h->certificate.len == 0) {
        weir_imp_close_route(imp, r, "it asks for certificates, and its host "
                             "has no tls of its own");

    } else if (h->cas) {
        weir_imp_close_route(imp, r, "it asks for certificates, and its host "
                             "has two Secrets for them");
    }
}


void
weir_imp_certificate(imp_t *imp, const imp_object_t *o, weir_span_t span,
    weir_str_t host, weir_str_t ns, weir_str_t secret)
{
    imp_host_t  *h;
    weir_str_t   name;

    h = weir_imp_host(imp, host);
    name = weir_imp_printf(imp, "tls/%.*s_%.*s", WEIR_STR(ns),
                           WEIR_STR(secret));

    if (h == NULL || weir_str_eq(h->certificate, name)) {
        return;
    }

    if (h->certificate.len != 0) {
        weir_imp_note(imp, IMP_LEFT, o, span, weir_string("tls"), "%.*s has "
                      "the certificate %.*s already, of what came first",
                      WEIR_STR(host), WEIR_STR(h->certificate));
        return;
    }

    h->certificate = name;
}


weir_str_t
weir_imp_above(imp_t *imp, weir_str_t s)
{
    const char  *why;
    imp_path_t   path;

    if (s.len > MAX_PATH) {
        return weir_string("/");
    }

    while (s.len > 1) {

        while (s.len > 1 && s.data[s.len - 1] != '/') {
            s.len--;
        }

        while (s.len > 1 && s.data[s.len - 1] == '/') {
            s.len--;
        }

        if (weir_imp_prefix(imp, s, &path, &why)) {
            return s;
        }
    }

    return weir_string("/");
}


void
weir_imp_close(imp_t *imp)
{
    size_t  i;

    for (i = 0; i < imp->shut.len && !imp->nomem; i++) {
        /* whose requests are known, others refuse */
        if (imp->shut.items[i].guarded && imp->shut.items[i].taken.len == 0) {
            close_below(imp, &imp->shut.items[i]);
        }
    }

    for (i = 0; i < imp->routes.len && !imp->nomem; i++) {
        close_uncertain(imp, &imp->routes.items[i]);
    }

    weir_imp_keep(imp);
}


void
weir_imp_shut(imp_t *imp, const imp_route_t *r, weir_str_t location,
    const char *why)
{
    const char   *reason;
    imp_route_t  *slot;

    slot = weir_vec_push(imp->arena, &imp->shut);

    if (slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = *r;
    slot->guarded = r->t.closed != NULL || r->t.deny.len != 0;
    memset(&slot->t, 0, sizeof(imp_traits_t));
    slot->arms.len = 0;
    slot->overrides.len = 0;
    slot->rewrite.len = 0;
    slot->out = false;
    slot->t.closed = why;
    slot->t.closed_status = 503;

    if (!weir_imp_prefix(imp, location, &slot->path, &reason)) {
        imp->shut.len--;
    }
}
