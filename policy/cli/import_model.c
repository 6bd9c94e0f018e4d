/*
 * import_model.c: routes, and what they name.
 *
 * No two routes have the same match.  A host whose paths are not all taken
 * gets a route that is closed, where requests would go on to a wider host:
 * with an ingress controller they never did.
 */

#include "cli/import.h"


static weir_str_t
port_of(imp_t *imp, const imp_object_t *service, weir_str_t port)
{
    uint32_t            i;
    weir_str_t          name;
    const weir_node_t  *ports, *p, *number;

    ports = weir_imp_list(imp, service->spec, "ports");

    for (i = 0; ports != NULL && i < ports->n; i++) {
        p = &ports->u.items[i];
        name = weir_imp_str(imp, p, "name");
        number = weir_node_get(p, "port");

        if (weir_str_eq(name, port) && number != NULL
            && number->kind == WEIR_T_INT)
        {
            return number->text.text;
        }
    }

    return weir_string("");
}


static bool
is_port(weir_str_t s)
{
    uint32_t  n;

    return weir_imp_number(s, &n) && n > 0 && n < 65536;
}


/* The number of a port; a name that nothing defines is guessed. */
static weir_str_t
resolve_port(imp_t *imp, const imp_object_t *o, weir_span_t span,
    const imp_object_t *service, weir_str_t port)
{
    weir_str_t  number;

    if (is_port(port)) {
        return port;
    }

    number = service != NULL ? port_of(imp, service, port)
                             : weir_string("");

    if (is_port(number)) {
        return number;
    }

    number = weir_str_eq(port, weir_string("https")) ? weir_string("443")
                                                     : weir_string("80");

    weir_imp_note(imp, IMP_NEAR, o, span, weir_string("port"),
                  "the Service's port %.*s is taken for %.*s: give the "
                  "Service to import, or mend upstreams.conf",
                  weir_imp_is_label(port) ? (int) port.len : 0, port.data,
                  WEIR_STR(number));

    return number;
}


static weir_str_t
server_of(imp_t *imp, const imp_object_t *o, weir_span_t span,
    const imp_object_t *service, weir_str_t ns, weir_str_t name)
{
    weir_str_t  external;

    external = service != NULL
               ? weir_imp_str(imp, service->spec, "externalName")
               : weir_string("");

    if (external.len != 0) {

        if (weir_imp_is_host(external, false)) {
            return external;
        }

        weir_imp_note(imp, IMP_LEFT, o, span, weir_string("externalName"),
                      "no host: mend the server in upstreams.conf");
    }

    return weir_imp_printf(imp, "%.*s.%.*s.svc.cluster.local", WEIR_STR(name),
                           WEIR_STR(ns));
}


imp_upstream_t *
weir_imp_upstream_get(imp_t *imp, weir_str_t name)
{
    const weir_names_entry_t  *e;

    e = weir_names_find(&imp->by_upstream, name);

    return e != NULL ? &imp->upstreams.items[e->value] : NULL;
}


weir_str_t
weir_imp_upstream(imp_t *imp, const imp_object_t *o, weir_span_t span,
    weir_str_t ns, weir_str_t service, weir_str_t port)
{
    weir_str_t           number, name;
    weir_span_t          none;
    imp_upstream_t      *u;
    const imp_object_t  *s;
    weir_names_entry_t  *e;

    if (!weir_imp_is_label(ns) || !weir_imp_is_label(service)) {
        weir_imp_note(imp, IMP_LEFT, o, span, weir_string("service"),
                      "no name of a Service: nobody answers");
        return weir_string("");
    }

    memset(&none, 0, sizeof(none));
    s = weir_imp_find(imp, "Service", ns, service);
    number = resolve_port(imp, o, span, s, port);

    /* names of objects have no '_' */
    name = weir_imp_printf(imp, "%.*s_%.*s_%.*s", WEIR_STR(ns),
                           WEIR_STR(service), WEIR_STR(number));

    switch (weir_names_add(&imp->by_upstream, name, none,
                           (uint32_t) imp->upstreams.len, &e)) {

    case WEIR_OK:
        break;

    case WEIR_DECLINED:
        return name;

    default:
        imp->nomem = true;
        return name;
    }

    u = weir_vec_push(imp->arena, &imp->upstreams);

    if (u == NULL) {
        imp->nomem = true;
        return name;
    }

    u->name = name;
    u->server = server_of(imp, o, span, s, ns, service);
    u->server = weir_imp_printf(imp, "%.*s:%.*s", WEIR_STR(u->server),
                                WEIR_STR(number));

    return name;
}


imp_host_t *
weir_imp_host(imp_t *imp, weir_str_t name)
{
    imp_host_t          *h;
    weir_span_t          none;
    weir_names_entry_t  *e;

    memset(&none, 0, sizeof(none));
    e = weir_names_find(&imp->by_host, name);

    if (e != NULL) {
        return &imp->hosts.items[e->value];
    }

    h = weir_vec_push(imp->arena, &imp->hosts);

    if (h == NULL
        || weir_names_add(&imp->by_host, name, none,
                          (uint32_t) imp->hosts.len - 1, &e) != WEIR_OK)
    {
        imp->nomem = true;
        return NULL;
    }

    h->name = name;

    return h;
}


/* Lines of what a route matches: headers are in order of their names. */
static weir_str_t
match_key(imp_t *imp, const imp_route_t *r)
{
    size_t      i;
    weir_str_t  key;

    key = weir_imp_printf(imp, "%.*s\n%.*s\n%.*s", WEIR_STR(r->host),
                          WEIR_STR(r->path.text), WEIR_STR(r->method));

    for (i = 0; i < r->headers.len; i++) {
        key = weir_imp_printf(imp, "%.*s\n%.*s:%.*s", WEIR_STR(key),
                              WEIR_STR(r->headers.items[i].name),
                              WEIR_STR(r->headers.items[i].value));
    }

    return key;
}


imp_route_t *
weir_imp_route_of(imp_t *imp, weir_str_t host, weir_str_t path)
{
    imp_route_t                r;
    const weir_names_entry_t  *e;

    memset(&r, 0, sizeof(r));
    r.host = host;
    r.path.text = path;
    e = weir_names_find(&imp->by_match, match_key(imp, &r));

    return e != NULL ? &imp->routes.items[e->value] : NULL;
}


static weir_str_t
route_id(imp_t *imp, const imp_route_t *r)
{
    char        *q;
    size_t       i;
    weir_str_t   wish;

    wish = weir_imp_printf(imp, "%.*s-%.*s%.*s", WEIR_STR(r->from->ns),
                           WEIR_STR(r->from->name),
                           r->path.location.len > 1
                           ? (int) r->path.location.len : 0,
                           r->path.location.data);
    /* nginx's maps, of which ids are keys, take capitals for small letters */
    wish = weir_imp_lower(imp, wish);
    q = weir_arena_alloc(imp->arena, wish.len + 1);

    if (q == NULL) {
        imp->nomem = true;
        return wish;
    }

    for (i = 0; i < wish.len; i++) {
        q[i] = wish.data[i] == '/' ? '-' : wish.data[i];
    }

    return weir_imp_id(imp, &imp->ids, weir_str(q, wish.len));
}


bool
weir_imp_route(imp_t *imp, const imp_route_t *r, imp_route_t **other)
{
    weir_str_t           key;
    imp_host_t          *host;
    imp_route_t         *slot;
    weir_names_entry_t  *e;

    key = match_key(imp, r);
    host = weir_imp_host(imp, r->host);

    switch (weir_names_add(&imp->by_match, key, r->span,
                           (uint32_t) imp->routes.len, &e)) {

    case WEIR_OK:
        break;

    case WEIR_DECLINED:
        *other = &imp->routes.items[e->value];

        if (!(*other)->out) {
            return false;
        }

        e->value = (uint32_t) imp->routes.len;
        break;

    default:
        imp->nomem = true;
        return true;
    }

    slot = weir_vec_push(imp->arena, &imp->routes);

    if (slot == NULL || host == NULL) {
        imp->nomem = true;
        return true;
    }

    *slot = *r;
    slot->id = route_id(imp, r);
    *other = slot;

    host->whole |= r->path.fixed == 0 && r->path.rest && r->method.len == 0
                   && r->headers.len == 0;

    return true;
}


void
weir_imp_arm(imp_t *imp, imp_route_t *r, weir_str_t name, weir_str_t upstream,
    uint32_t weight)
{
    imp_arm_t  *arm;

    arm = weir_vec_push(imp->arena, &r->arms);

    if (arm == NULL) {
        imp->nomem = true;
        return;
    }

    arm->name = name;
    arm->upstream = upstream;
    arm->weight = weight;
}


static weir_str_t
override_of(imp_t *imp, const imp_route_t *r, const imp_override_t *o)
{
    weir_str_t  use, name;

    use = r->arms.items[o->canary ? 1 : 0].name;

    if (o->pattern.len != 0) {
        name = weir_imp_cel(imp, weir_imp_lower(imp, o->header));

        /* as "header" has it, a header that is not there does not match */
        return weir_imp_printf(
            imp, "      - {when: %.*s, use: %.*s}\n",
            WEIR_STR(weir_imp_yaml(imp, weir_imp_printf(
                imp, "request.headers[?%.*s].orValue(\"\").matches(%.*s)",
                WEIR_STR(name), WEIR_STR(weir_imp_cel(imp, o->pattern))))),
            WEIR_STR(use));
    }

    name = o->header.len != 0 ? o->header : o->cookie;

    return weir_imp_printf(imp, "      - {%s: %.*s, equals: %.*s, use: "
                           "%.*s}\n", o->header.len ? "header" : "cookie",
                           WEIR_STR(weir_imp_yaml(imp, name)),
                           WEIR_STR(weir_imp_yaml(imp, o->equals)),
                           WEIR_STR(use));
}


static weir_str_t
percent(imp_t *imp, uint32_t weight)
{
    return weight % 100 == 0
           ? weir_imp_printf(imp, "%u%%", weight / 100)
           : weir_imp_printf(imp, "%u.%02u%%", weight / 100, weight % 100);
}


/* The split's keys, indented. */
static weir_str_t
split_body(imp_t *imp, const imp_route_t *r)
{
    size_t            i;
    weir_str_t        s;
    const imp_arm_t  *arm;

    s = weir_string("");

    for (i = 0; i < r->overrides.len; i++) {
        s = weir_imp_printf(imp, "%.*s%s%.*s", WEIR_STR(s),
                            i == 0 ? "    override:\n" : "",
                            WEIR_STR(override_of(imp, r,
                                                 &r->overrides.items[i])));
    }

    s = weir_imp_printf(imp, "%.*s    arms:\n", WEIR_STR(s));

    for (i = 0; i < r->arms.len; i++) {
        arm = &r->arms.items[i];
        s = weir_imp_printf(imp, "%.*s      %.*s: {weight: %.*s, upstream: "
                            "%.*s}\n", WEIR_STR(s), WEIR_STR(arm->name),
                            WEIR_STR(percent(imp, arm->weight)),
                            WEIR_STR(arm->upstream));
    }

    /* a mirror is a split's: one arm gets all, the other one nothing */
    if (r->arms.len == 1) {
        s = weir_imp_printf(imp, "%.*s      # weir: allow W0912\n"
                            "      none: {weight: 0%%, upstream: %.*s}\n",
                            WEIR_STR(s),
                            WEIR_STR(r->arms.items[0].upstream));
    }

    if (r->t.mirror.len != 0) {
        s = weir_imp_printf(imp, "%.*s    mirror: {upstream: %.*s}\n",
                            WEIR_STR(s), WEIR_STR(r->t.mirror));
    }

    return s;
}


static void
name_split(imp_t *imp, imp_route_t *r)
{
    if (r->arms.len == 0 || r->t.closed != NULL || r->split.len != 0
        || (r->arms.len == 1 && r->t.mirror.len == 0))
    {
        return;
    }

    r->split = weir_imp_item(imp, &imp->splits, r->id, split_body(imp, r));

    if (r->split.len == 0) {
        weir_imp_note(imp, IMP_LEFT, r->from, r->span, weir_string("split"),
                      "a policy has %u splits at most: all requests go to "
                      "%.*s", imp->splits.max,
                      WEIR_STR(r->arms.items[0].upstream));
        r->arms.len = 1;
    }
}


/* Whether there are routes of a host that is wider than this one. */
static bool
has_wider(const imp_t *imp, weir_str_t host)
{
    char    key[300];
    size_t  i;
    int     n;

    if (host.len == 0) {
        return false;
    }

    if (weir_names_find(&imp->by_host, weir_string("")) != NULL) {
        return true;
    }

    /* "*.a.b" is below "*.b" */
    for (i = weir_str_starts(host, weir_string("*.")) ? 2 : 0; i < host.len;
         i++)
    {
        if (host.data[i] != '.') {
            continue;
        }

        n = snprintf(key, sizeof(key), "*%.*s",
                     WEIR_STR(weir_str(host.data + i, host.len - i)));

        if (n > 0 && (size_t) n < sizeof(key)
            && weir_names_find(&imp->by_host, weir_str(key, (size_t) n))
               != NULL)
        {
            return true;
        }
    }

    return false;
}


void
weir_imp_finish(imp_t *imp)
{
    size_t        i, n;
    imp_route_t   r, *other;
    const char   *why;
    imp_object_t *o;

    for (i = 0; i < imp->routes.len; i++) {
        name_split(imp, &imp->routes.items[i]);
    }

    for (i = 0; i < imp->shut.len && !imp->nomem; i++) {
        (void) weir_imp_route(imp, &imp->shut.items[i], &other);
    }

    weir_imp_close(imp);

    o = weir_arena_alloc(imp->arena, sizeof(imp_object_t));

    if (o == NULL) {
        imp->nomem = true;
        return;
    }

    memset(o, 0, sizeof(imp_object_t));
    o->ns = weir_string("import");
    o->name = weir_string("no-path");
    o->label = weir_string("import");
    n = imp->hosts.len;

    for (i = 0; i < n && !imp->nomem; i++) {

        if (imp->hosts.items[i].whole
            || !has_wider(imp, imp->hosts.items[i].name))
        {
            continue;
        }

        memset(&r, 0, sizeof(r));
        r.host = imp->hosts.items[i].name;
        r.from = o;
        r.t.closed = "no path of the host: with an ingress controller, no "
                     "wider host has its requests";
        r.t.closed_status = 404;
        (void) weir_imp_prefix(imp, weir_string("/"), &r.path, &why);
        (void) weir_imp_route(imp, &r, &other);
    }
}


void
weir_imp_line(imp_t *imp, weir_str_t *lines, weir_str_t line)
{
    size_t  i;

    for (i = 0; i < lines->len; i++) {

        if ((i == 0 || lines->data[i - 1] == '\n')
            && weir_str_starts(weir_str(lines->data + i, lines->len - i),
                               line))
        {
            return;
        }
    }

    *lines = weir_imp_printf(imp, "%.*s%.*s", WEIR_STR(*lines),
                             WEIR_STR(line));
}
