/*
 * import_ingress.c: Ingresses to routes, as ingress-nginx reads them.
 *
 * A path is a pattern where any Ingress of its host says use-regex or
 * rewrite-target.  Of two rules for the same requests that of the older Ingress
 * holds, where ages are known, else the first one.
 */

#include <stdlib.h>

#include "cli/import.h"
#include "front/codes.h"

typedef struct {
    imp_t               *imp;
    const imp_object_t  *o;
    imp_values_t         v;
    imp_traits_t         t;
    bool                 canary;
    bool                 rewritten;     /* of all paths so far */
    const char          *not_rewritten;
} ingress_t;


/* The host of a rule, in lower case; false: it is none, and reported. */
static bool
host_of(imp_t *imp, const weir_node_t *rule, weir_str_t *host)
{
    const weir_node_t  *n;

    *host = weir_imp_lower(imp, weir_imp_str(imp, rule, "host"));
    n = weir_node_get(rule, "host");

    if (host->len == 0 || weir_imp_is_host(*host, true)) {
        return true;
    }

    (void) weir_fail(&imp->diags, WEIR_EVALUE, n->text.span,
                     "the host of a rule is no name of a host");

    return false;
}


/* The upstream of a backend; "": there is none, which is noted. */
static weir_str_t
backend_of(ingress_t *g, const weir_node_t *backend)
{
    weir_str_t          name, port;
    const weir_node_t  *service, *p, *n;

    service = weir_imp_map(g->imp, backend, "service");

    if (service == NULL) {
        weir_imp_note(g->imp, IMP_LEFT, g->o,
                      backend != NULL ? backend->text.span : g->o->span,
                      weir_string("backend"), "a backend that is no Service: "
                      "the route is closed");
        return weir_string("");
    }

    name = weir_imp_str(g->imp, service, "name");
    p = weir_imp_map(g->imp, service, "port");
    port = weir_imp_str(g->imp, p, "name");
    n = weir_node_get(p, "number");

    if (n != NULL && n->kind == WEIR_T_INT) {
        port = n->text.text;
    }

    if (name.len == 0 || port.len == 0) {
        (void) weir_fail(&g->imp->diags, WEIR_EMISSING, service->text.span,
                         "a backend without the name or the port of its "
                         "Service");
        return weir_string("");
    }

    return weir_imp_upstream(g->imp, g->o, service->text.span, g->o->ns, name,
                             port);
}


static void
rewrite(ingress_t *g, imp_route_t *r)
{
    const char  *why;

    /* a path that is rewritten to itself is not */
    if (!g->v.v[IMP_REWRITE].set
        || weir_str_eq(g->v.v[IMP_REWRITE].text, r->asked))
    {
        return;
    }

    if (!weir_imp_rewrite(g->imp, g->v.v[IMP_REWRITE].text, &r->path,
                          &r->rewrite, &why))
    {
        r->t.closed = "the path that its upstream gets is not translated";
        r->t.closed_status = 503;
        g->not_rewritten = why;
    }
}


static void
tell_route(ingress_t *g, const imp_route_t *r, const imp_route_t *made,
    const char *near)
{
    const char  *what;

    what = r->t.closed != NULL ? "closed" : "public";

    if (r->path.narrow && (g->t.closed != NULL || g->t.deny.len != 0)) {
        weir_imp_note(g->imp, IMP_NEAR, g->o, r->span,
                      weir_string("guard of a path"), "policy.yaml: "
                      "routes.%.*s (%.*s), %s, of whole segments, whose "
                      "capitals count: what it took beyond them, routes of "
                      "others refuse", WEIR_STR(made->id),
                      WEIR_STR(made->path.text), what);
        return;
    }

    weir_imp_note(g->imp, near != NULL ? IMP_NEAR : IMP_DONE, g->o, r->span,
                  weir_imp_printf(g->imp, "path of %.*s",
                                  r->host.len ? (int) r->host.len : 8,
                                  r->host.len ? r->host.data : "any host"),
                  "policy.yaml: routes.%.*s (%.*s), %s%s%s",
                  WEIR_STR(made->id), WEIR_STR(made->path.text), what,
                  near != NULL ? "; " : "", near != NULL ? near : "");
}


static void
add_route(ingress_t *g, imp_route_t *r, const char *near)
{
    imp_route_t  *other;

    if (g->canary) {
        weir_imp_canary(&g->v, r);
        return;
    }

    rewrite(g, r);

    if (near == NULL && r->host.len != 0 && r->host.data[0] == '*') {
        near = "its host is every one below, not of one label alone";
    }

    if (weir_imp_route(g->imp, r, &other)) {
        tell_route(g, r, other, near);
        return;
    }

    weir_imp_note(g->imp, IMP_LEFT, g->o, r->span, weir_string("path"),
                  "the same requests as those of the route %.*s, at %.*s, "
                  "which has them", WEIR_STR(other->id),
                  WEIR_STR(weir_place(&g->imp->diags, other->span)));

    /* of one path the older Ingress has them; of two, they were shared */
    if ((g->t.closed != NULL || g->t.deny.len != 0) && r->taken.len == 0
        && other->from != g->o && other->t.closed == NULL
        && other->rank <= r->rank && !weir_str_eq(other->asked, r->asked))
    {
        weir_imp_close_route(g->imp, other, "it has requests of a path that "
                             "was guarded");
    }
}


/* The template of a path; false: there is none, and a route is closed. */
static bool
path_of(ingress_t *g, const weir_node_t *item, imp_route_t *r,
    const char **near)
{
    bool                ok, regex, exact;
    weir_str_t          s, type;
    const char         *why;
    imp_host_t         *host;
    const weir_node_t  *n;

    s = weir_imp_str(g->imp, item, "path");
    s = s.len ? s : weir_string("/");
    type = weir_imp_str(g->imp, item, "pathType");
    n = weir_node_get(item, "path");
    r->span = n != NULL ? n->text.span : item->text.span;

    exact = weir_str_eq(type, weir_string("Exact"));
    host = weir_imp_host(g->imp, r->host);
    r->asked = s;
    r->rank = s.len;

    if ((host != NULL && host->regex)
        || weir_str_eq(type, weir_string("ImplementationSpecific")))
    {
        weir_imp_taken(g->imp, r, s, host != NULL && host->regex);
        weir_imp_guarded(g->imp, r, exact);

    } else if (exact) {
        r->rank = SIZE_MAX;

    } else {
        /* its location ends in a slash: before one of no type that does not */
        r->rank += s.data[s.len - 1] != '/';
    }

    regex = host != NULL && host->regex
            && strpbrk(weir_imp_printf(g->imp, "%.*s", WEIR_STR(s)).data,
                       "\\^$|?*+()[]{}") != NULL;

    if (!exact && !weir_str_eq(type, weir_string("Prefix"))
        && !weir_str_eq(type, weir_string("ImplementationSpecific")))
    {
        (void) weir_fail(&g->imp->diags, type.len ? WEIR_EVALUE
                                                  : WEIR_EMISSING,
                         item->text.span, "\"pathType\" of a path is missing, "
                         "or is not Exact, Prefix or ImplementationSpecific");
        return false;
    }

    ok = regex ? weir_imp_pattern(g->imp, s, true, &r->path, &why)
         : exact ? weir_imp_exact(g->imp, s, &r->path, &why)
         : weir_imp_prefix(g->imp, s, &r->path, &why);

    if (!ok) {

        if (r->path.location.len == 0) {
            r->path.location = weir_imp_above(g->imp, s);
        }

        weir_imp_note(g->imp, IMP_LEFT, g->o, r->span, weir_string("path"),
                      "%s: what is below %.*s is closed where no other path "
                      "has it%s", why,
                      weir_imp_is_location(r->path.location)
                      ? (int) r->path.location.len : 1,
                      weir_imp_is_location(r->path.location)
                      ? r->path.location.data : "/",
                      g->t.closed == NULL && g->t.deny.len == 0 ? ""
                      : ", and those of others refuse what its guard took");

        weir_imp_shut(g->imp, r, r->path.location,
                      "a path of it is not translated");

        return false;
    }

    if (!regex && r->path.fixed > 0 && host != NULL && host->regex) {
        r->path.near = "of whole segments, whose capitals count; it took what "
                       "begins so in any letters, too";
        r->path.narrow = true;

    } else if (!regex && r->path.fixed > 0
               && weir_str_eq(type, weir_string("ImplementationSpecific")))
    {
        r->path.near = "of whole segments; it took what begins so, too";
        r->path.narrow = true;
    }

    weir_imp_own(g->imp, r);
    *near = r->path.near;

    return true;
}


static void
add_path(ingress_t *g, weir_str_t host, const weir_node_t *item)
{
    weir_str_t    upstream;
    const char   *near;
    imp_route_t   r;

    if (!weir_imp_is_map(g->imp, item)) {
        return;
    }

    memset(&r, 0, sizeof(r));
    r.host = host;
    r.from = g->o;
    r.t = g->t;
    weir_imp_others(g->imp, g->o, item, "path", "path pathType backend");

    if (!path_of(g, item, &r, &near)) {
        return;
    }

    if (r.t.redirect.len == 0) {
        upstream = backend_of(g, weir_imp_map(g->imp, item, "backend"));

        if (upstream.len != 0) {
            weir_imp_arm(g->imp, &r, weir_string("main"), upstream,
                         IMP_WHOLE);
        } else if (r.t.closed == NULL) {
            r.t.closed = "nobody answers";
            r.t.closed_status = 503;
        }
    }

    add_route(g, &r, near);
}


static void
app_root(ingress_t *g, weir_str_t host)
{
    weir_str_t    s;
    const char   *why;
    imp_route_t   r, *other;

    s = g->v.v[IMP_APP_ROOT].text;

    if (!g->v.v[IMP_APP_ROOT].set || g->canary) {
        return;
    }

    if (!weir_imp_is_url(s) || s.data[0] != '/'
        || memchr(s.data, '$', s.len) != NULL)
    {
        weir_imp_tell(&g->v, IMP_APP_ROOT, IMP_LEFT, "no path of plain "
                      "letters: / is not redirected");
        return;
    }

    memset(&r, 0, sizeof(r));
    r.host = host;
    r.from = g->o;
    r.span = g->v.v[IMP_APP_ROOT].span;
    r.t = g->t;
    r.t.redirect = s;
    r.t.redirect_code = 302;
    (void) weir_imp_exact(g->imp, weir_string("/"), &r.path, &why);

    if (!weir_imp_route(g->imp, &r, &other)) {
        weir_imp_tell(&g->v, IMP_APP_ROOT, IMP_LEFT, "/ has a route of its "
                      "own, %.*s", WEIR_STR(other->id));
        return;
    }

    weir_imp_tell(&g->v, IMP_APP_ROOT, IMP_DONE, "policy.yaml: routes.%.*s, "
                  "which server.conf redirects", WEIR_STR(other->id));
}


static void
add_rule(ingress_t *g, const weir_node_t *rule, weir_str_t host)
{
    uint32_t            i;
    const weir_node_t  *http, *paths;

    http = weir_imp_map(g->imp, rule, "http");
    paths = weir_imp_list(g->imp, http, "paths");
    weir_imp_others(g->imp, g->o, rule, "rule", "host http");

    if (paths == NULL) {
        weir_imp_note(g->imp, IMP_NEAR, g->o, rule->text.span,
                      weir_string("rule"), "no paths: the default backend "
                      "has its requests, if there is one");
        return;
    }

    /* before the paths: it is their first */
    app_root(g, host);

    for (i = 0; i < paths->n; i++) {
        add_path(g, host, &paths->u.items[i]);
    }
}


/* What the Ingress itself says of aliases. */
static void
tell_aliases(ingress_t *g, weir_str_t host)
{
    weir_str_t         list, name;
    const imp_host_t  *h;

    if (!g->v.v[IMP_ALIAS].set || host.len == 0 || g->canary) {
        return;
    }

    list = g->v.v[IMP_ALIAS].text;

    while (weir_imp_word(&list, ", \t\n", &name)) {
        name = weir_imp_lower(g->imp, name);

        if (!weir_imp_is_host(name, true)) {
            weir_imp_tell(&g->v, IMP_ALIAS, IMP_LEFT, "one of them is no "
                          "host, and is left out");
            continue;
        }

        h = weir_imp_host(g->imp, name);

        if (h != NULL && (h->ruled || !weir_str_eq(h->alias_of, host))) {
            weir_imp_tell(&g->v, IMP_ALIAS, IMP_LEFT, "%.*s has rules of its "
                          "own, or is the alias of another host: that holds",
                          WEIR_STR(name));
        }
    }

    weir_imp_tell(&g->v, IMP_ALIAS, IMP_DONE, "policy.yaml: all routes of the "
                  "host for each of them");
}


static void
add_rules(ingress_t *g, const weir_node_t *rules)
{
    size_t      j;
    uint32_t    i;
    imp_strs_t  hosts;
    weir_str_t  host;

    for (i = 0; rules != NULL && i < rules->n; i++) {

        if (!weir_imp_is_map(g->imp, &rules->u.items[i])
            || !host_of(g->imp, &rules->u.items[i], &host))
        {
            continue;
        }

        memset(&hosts, 0, sizeof(hosts));
        weir_imp_same_hosts(g->imp, host, &hosts);

        /* a canary goes to the arms of aliases, too */
        for (j = 0; j < hosts.len && (j == 0 || !g->canary); j++) {
            add_rule(g, &rules->u.items[i], hosts.items[j]);

            if (!g->canary) {
                weir_imp_server(&g->v, hosts.items[j]);
            }
        }

        tell_aliases(g, host);
    }
}


static void
default_backend(ingress_t *g, const weir_node_t *rules)
{
    uint32_t            i;
    imp_strs_t          hosts;
    weir_str_t          upstream, host;
    const char         *why;
    imp_route_t         r, *other;
    const weir_node_t  *backend;

    backend = weir_imp_map(g->imp, g->o->spec, "defaultBackend");

    if (backend == NULL || g->canary) {
        return;
    }

    memset(&r, 0, sizeof(r));
    r.from = g->o;
    r.span = backend->text.span;
    r.t = g->t;
    upstream = backend_of(g, backend);
    (void) weir_imp_prefix(g->imp, weir_string("/"), &r.path, &why);

    if (upstream.len == 0) {
        return;
    }

    weir_imp_arm(g->imp, &r, weir_string("main"), upstream, IMP_WHOLE);
    memset(&hosts, 0, sizeof(hosts));

    for (i = 0; rules != NULL && i < rules->n; i++) {
        if (host_of(g->imp, &rules->u.items[i], &host)) {
            weir_imp_same_hosts(g->imp, host, &hosts);
        }
    }

    if (rules == NULL || rules->n == 0) {
        weir_imp_same_hosts(g->imp, weir_string(""), &hosts);
    }

    for (i = 0; i < hosts.len; i++) {
        r.host = hosts.items[i];
        (void) weir_imp_route(g->imp, &r, &other);
    }

    weir_imp_note(g->imp, IMP_DONE, g->o, r.span,
                  weir_string("defaultBackend"),
                  "policy.yaml: the routes of what no path has");
}


static void
class(ingress_t *g)
{
    weir_str_t          s;
    const weir_node_t  *n;

    s = weir_imp_str(g->imp, g->o->spec, "ingressClassName");
    n = weir_node_get(g->o->spec, "ingressClassName");

    if (s.len == 0 && g->o->annotations != NULL) {
        n = weir_node_get(g->o->annotations, "kubernetes.io/ingress.class");
        s = n != NULL ? n->text.text : weir_string("");
    }

    if (s.len != 0) {
        weir_imp_single(g->imp, &g->imp->class, g->o, n->text.span,
                        "ingressClassName", s);
    }

    if (s.len != 0 && !weir_str_starts(s, weir_string("nginx"))
        && !weir_str_ends(s, weir_string("nginx")))
    {
        weir_imp_note(g->imp, IMP_NEAR, g->o, n->text.span,
                      weir_string("ingressClassName"), "read as ingress-nginx "
                      "would, whatever controller has this class");
    }
}


/* Redirects to https, which the host's certificate decides about. */
static void
ssl_redirect(ingress_t *g)
{
    bool  force;

    force = weir_imp_is_true(&g->v, IMP_FORCE_SSL, g->imp->force_ssl);
    g->t.to_tls = weir_imp_is_true(&g->v, IMP_SSL_REDIRECT,
                                   g->imp->ssl_redirect);
    weir_imp_tell(&g->v, IMP_SSL_REDIRECT, IMP_DONE, "server.conf: %s",
                  g->t.to_tls ? "http is redirected where the host has tls"
                  : "no redirect");

    if (force && weir_imp_list(g->imp, g->o->spec, "tls") == NULL) {
        weir_imp_line(g->imp, &g->t.settings,
                      weir_string("if ($http_x_forwarded_proto = http) { "
                                  "return 308 https://$host$import_uri; }"
                                  "\n"));
        weir_imp_tell(&g->v, IMP_FORCE_SSL, IMP_NEAR, "server.conf: by "
                      "X-Forwarded-Proto, which a balancer in front must "
                      "set");
        return;
    }

    g->t.to_tls |= force;
    weir_imp_tell(&g->v, IMP_FORCE_SSL, IMP_DONE, "server.conf: %s",
                  force ? "http is redirected" : "no redirect");
}


static void
add_ingress(imp_t *imp, const imp_object_t *o, bool canary)
{
    ingress_t           g;
    const weir_node_t  *rules;

    memset(&g, 0, sizeof(g));
    g.imp = imp;
    g.o = o;
    g.canary = canary;

    if (o->spec == NULL) {
        (void) weir_fail(&imp->diags, WEIR_EMISSING, o->span,
                         "an Ingress without \"spec\"");
        return;
    }

    weir_imp_others(imp, o, o->spec, "spec",
                    "ingressClassName defaultBackend tls rules");
    rules = weir_imp_list(imp, o->spec, "rules");
    weir_imp_annotations(imp, o, &g.v);

    if (!canary) {
        weir_imp_traits(&g.v, &g.t);
        class(&g);
        ssl_redirect(&g);
        weir_imp_tls(&g.v, rules);
    }

    if (rules == NULL && weir_node_get(o->spec, "defaultBackend") == NULL) {
        (void) weir_fail(&imp->diags, WEIR_EMISSING, o->spec->text.span,
                         "an Ingress with neither \"rules\" nor "
                         "\"defaultBackend\"");
    }

    add_rules(&g, rules);
    default_backend(&g, rules);

    if (canary) {
        weir_imp_canary(&g.v, NULL);

    } else if (g.not_rewritten != NULL) {
        weir_imp_tell(&g.v, IMP_REWRITE, IMP_LEFT, "%s: the routes are closed",
                      g.not_rewritten);
    }

    weir_imp_tell(&g.v, IMP_REWRITE, IMP_DONE,
                  "policy.yaml: transform.request.path");
    weir_imp_tell(&g.v, IMP_REGEX, IMP_NEAR, "policy.yaml: paths of its hosts "
                  "segment by segment");
    weir_imp_tell(&g.v, IMP_CANARY, IMP_DONE, "no canary");
    weir_imp_untold(&g.v);
}


static int
by_age(const void *a, const void *b)
{
    int                         order;
    const imp_object_t *const  *x, *const *y;

    x = a;
    y = b;
    order = weir_imp_by_age(*x, *y);

    /* they lie in the order in which they were read */
    return order != 0 ? order : (*x > *y) - (*x < *y);
}


void
weir_imp_ingresses(imp_t *imp)
{
    int                   canary;
    size_t                i, n;
    const imp_object_t   *o, **list;

    list = weir_arena_array(imp->arena, imp->objects.len, sizeof(*list));

    if (list == NULL) {
        imp->nomem = true;
        return;
    }

    for (i = 0, n = 0; i < imp->objects.len; i++) {
        o = &imp->objects.items[i];

        if (weir_str_eq(o->kind, weir_string("Ingress"))) {
            list[n++] = o;
        }
    }

    if (n > 1) {
        qsort(list, n, sizeof(*list), by_age);
    }

    for (i = 0; i < n; i++) {
        if (!weir_imp_is_canary(list[i])) {
            weir_imp_mark_hosts(imp, list[i]);
        }
    }

    weir_imp_mark_aliases(imp);

    /* a canary stands beside what is there */
    for (canary = 0; canary < 2; canary++) {
        for (i = 0; i < n && !imp->nomem; i++) {
            if (weir_imp_is_canary(list[i]) == canary) {
                add_ingress(imp, list[i], canary);
            }
        }
    }
}
