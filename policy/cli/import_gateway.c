/*
 * import_gateway.c: HTTPRoutes to routes.
 *
 * Of two rules that take the same requests the Gateway API prefers, behind
 * host, path, method and the number of headers (import_order.c), the route that
 * is older, or first by its name, and the earlier rule.
 */

#include <stdlib.h>

#include "cli/import.h"
#include "front/codes.h"

typedef struct {
    imp_t               *imp;
    const imp_object_t  *o;
    imp_strs_t           hosts;
    bool                 attached;  /* something that is not read says more */
    imp_filters_t        filters;
    imp_route_t          route;     /* what the matches of a rule share */
} rule_t;


static int
by_age(const void *a, const void *b)
{
    int                         order;
    const imp_object_t *const  *x, *const *y;

    x = a;
    y = b;
    order = weir_imp_by_age(*x, *y);

    return order != 0 ? order : weir_str_cmp((*x)->label, (*y)->label);
}


static int
by_header(const void *a, const void *b)
{
    return weir_str_cmp(((const cli_pair_t *) a)->name,
                        ((const cli_pair_t *) b)->name);
}


static imp_arm_t *
arm_of(imp_route_t *r, weir_str_t upstream)
{
    size_t  i;

    for (i = 0; i < r->arms.len; i++) {
        if (weir_str_eq(r->arms.items[i].upstream, upstream)) {
            return &r->arms.items[i];
        }
    }

    return NULL;
}


static void
close_rule(rule_t *u, const char *why, unsigned status)
{
    if (u->route.t.closed == NULL) {
        u->route.t.closed = why;
        u->route.t.closed_status = status;
    }
}


/* Weights as they are given to shares of IMP_WHOLE; the first has the rest. */
static void
share_out(imp_route_t *r, uint64_t total)
{
    size_t    i;
    uint32_t  rest;

    rest = IMP_WHOLE;

    for (i = r->arms.len; i-- > 1; /* void */ ) {
        r->arms.items[i].weight =
            (uint32_t) (((uint64_t) r->arms.items[i].weight * IMP_WHOLE
                         + total / 2) / total);
        r->arms.items[i].weight = r->arms.items[i].weight < rest
                                  ? r->arms.items[i].weight : rest;
        rest -= r->arms.items[i].weight;
    }

    r->arms.items[0].weight = rest;
}


static void
backends(rule_t *u, const weir_node_t *rule)
{
    uint32_t            i, weight;
    uint64_t            total;
    weir_str_t          upstream;
    imp_arm_t          *arm;
    const weir_node_t  *list, *ref, *n;

    list = weir_imp_list(u->imp, rule, "backendRefs");
    total = 0;

    for (i = 0; list != NULL && i < list->n; i++) {
        ref = &list->u.items[i];
        n = weir_node_get(ref, "weight");
        weight = 1;

        if (n != NULL && (!weir_imp_number(n->text.text, &weight)
                          || weight > 1000000))
        {
            (void) weir_fail(&u->imp->diags, WEIR_EVALUE, n->text.span,
                             "a weight is a number from 0 to 1000000");
            continue;
        }

        if (weir_node_get(ref, "filters") != NULL) {
            weir_imp_note(u->imp, IMP_LEFT, u->o, ref->text.span,
                          weir_string("backendRefs.filters"), "a route has "
                          "one transform for all of its arms: the routes are "
                          "closed");
            close_rule(u, "a filter of it is not translated", 500);
        }

        upstream = weir_imp_backend(u->imp, u->o, ref);

        if (upstream.len == 0) {
            close_rule(u, "a part of its backends is no Service that it may "
                       "have", 500);
            continue;
        }

        total += weight;
        arm = arm_of(&u->route, upstream);

        if (arm != NULL) {
            arm->weight += weight;
        } else {
            weir_imp_arm(u->imp, &u->route, upstream, upstream, weight);
        }
    }

    if (u->route.t.redirect.len != 0) {
        u->route.arms.len = 0;
        return;
    }

    if (total == 0 || u->route.arms.len > WEIR_MAX_ARMS) {

        if (u->route.arms.len > WEIR_MAX_ARMS) {
            weir_imp_note(u->imp, IMP_LEFT, u->o, list->text.span,
                          weir_string("backendRefs"), "a split has %d arms at "
                          "most: the routes are closed", WEIR_MAX_ARMS);
        }

        close_rule(u, "no backend has a weight", 500);
        u->route.arms.len = 0;
        return;
    }

    share_out(&u->route, total);

    if (u->route.arms.len == 1) {
        u->route.arms.items[0].name = weir_string("main");
    }
}


static void
timeouts(rule_t *u, const weir_node_t *rule)
{
    size_t              i;
    weir_str_t          s;
    const weir_node_t  *map;

    map = weir_imp_map(u->imp, rule, "timeouts");

    if (map == NULL) {
        return;
    }

    weir_imp_others(u->imp, u->o, map, "timeouts", "request backendRequest");
    s = weir_imp_str(u->imp, map, "backendRequest");
    s = s.len ? s : weir_imp_str(u->imp, map, "request");

    for (i = 0; i < s.len; i++) {
        if (strchr("0123456789hms", s.data[i]) == NULL) {
            break;
        }
    }

    if (s.len == 0 || i < s.len || s.data[0] > '9'
        || s.data[s.len - 1] <= '9' || s.len > 16)
    {
        weir_imp_note(u->imp, IMP_LEFT, u->o, map->text.span,
                      weir_string("timeouts"),
                      "not a time that proxy_read_timeout takes");
        return;
    }

    u->route.t.settings = weir_imp_printf(u->imp, "proxy_read_timeout "
                                          "%.*s;\n", WEIR_STR(s));
    weir_imp_note(u->imp, IMP_NEAR, u->o, map->text.span,
                  weir_string("timeouts"), "server.conf: proxy_read_timeout "
                  "%.*s, between two parts of an answer", WEIR_STR(s));
}


/* false: there are some that Weir does not match. */
static bool
match_headers(rule_t *u, const weir_node_t *match, imp_route_t *r)
{
    uint32_t            i;
    weir_str_t          type, name, value;
    cli_pair_t         *pair;
    const weir_node_t  *list, *h;

    list = weir_imp_list(u->imp, match, "headers");

    for (i = 0; list != NULL && i < list->n; i++) {
        h = &list->u.items[i];
        type = weir_imp_str(u->imp, h, "type");
        name = weir_imp_str(u->imp, h, "name");
        value = weir_imp_str(u->imp, h, "value");

        if ((type.len != 0 && !weir_str_eq(type, weir_string("Exact")))
            || !weir_imp_is_header(name) || !weir_imp_is_plain(value)
            || r->headers.len == WEIR_MAX_HEADER_TESTS)
        {
            weir_imp_note(u->imp, IMP_LEFT, u->o, h->text.span,
                          weir_string("headers"), "a header that is matched "
                          "by a pattern, or by bytes that are not printable "
                          "ASCII: the match is left out, and its requests "
                          "get the next route");
            return false;
        }

        pair = weir_vec_push(u->imp->arena, &r->headers);

        if (pair == NULL) {
            u->imp->nomem = true;
            return false;
        }

        pair->name = weir_imp_lower(u->imp, name);
        pair->value = value;
    }

    if (r->headers.len > 1) {
        qsort(r->headers.items, r->headers.len, sizeof(cli_pair_t), by_header);
    }

    /* of one name the first counts, says the API */
    for (i = 1; i < r->headers.len; /* void */ ) {

        if (weir_str_eq(r->headers.items[i].name,
                        r->headers.items[i - 1].name))
        {
            memmove(r->headers.items + i, r->headers.items + i + 1,
                    (r->headers.len - i - 1) * sizeof(cli_pair_t));
            r->headers.len--;

        } else {
            i++;
        }
    }

    return true;
}


static bool
match_path(rule_t *u, const weir_node_t *match, imp_route_t *r,
    const char **near)
{
    bool                ok;
    size_t              i;
    weir_str_t          type, value;
    const char         *why;
    const weir_node_t  *path;

    path = weir_imp_map(u->imp, match, "path");
    type = weir_imp_str(u->imp, path, "type");
    value = weir_imp_str(u->imp, path, "value");
    value = value.len ? value : weir_string("/");
    *near = NULL;

    if (path != NULL) {
        r->span = path->text.span;
    }

    if (type.len == 0 || weir_str_eq(type, weir_string("PathPrefix"))) {
        ok = weir_imp_prefix(u->imp, value, &r->path, &why);

    } else if (weir_str_eq(type, weir_string("Exact"))) {
        ok = weir_imp_exact(u->imp, value, &r->path, &why);

    } else if (weir_str_eq(type, weir_string("RegularExpression"))) {

        /* controllers match the whole path */
        if (!weir_str_ends(value, weir_string("$"))) {
            value = weir_imp_printf(u->imp, "%.*s$", WEIR_STR(value));
        }

        ok = weir_imp_pattern(u->imp, value, false, &r->path, &why);
        *near = "a pattern of the whole path; where others match, too, the "
                "more specific template has it";
    } else {
        ok = false;
        why = "a path of another type";
    }

    if (ok) {
        return true;
    }

    weir_imp_note(u->imp, IMP_LEFT, u->o, r->span, weir_string("path"),
                  "%s: nothing has its requests but wider paths, unless those "
                  "below its literal segments are closed", why);

    if (r->path.location.len == 0) {
        r->path.location = weir_imp_above(u->imp, value);
    }

    for (i = 0; i < u->hosts.len; i++) {
        r->host = u->hosts.items[i];
        weir_imp_shut(u->imp, r, r->path.location,
                      "a path of it is not translated");
    }

    return false;
}


static void
add_match(rule_t *u, const imp_route_t *r, const char *near)
{
    size_t        i;
    imp_route_t   one, *other;

    for (i = 0; i < u->hosts.len; i++) {
        one = *r;
        one.host = u->hosts.items[i];

        if (!weir_imp_route(u->imp, &one, &other)) {
            weir_imp_note(u->imp, IMP_LEFT, u->o, r->span,
                          weir_string("matches"), "the same requests as those "
                          "of the route %.*s, at %.*s, which has them",
                          WEIR_STR(other->id),
                          WEIR_STR(weir_place(&u->imp->diags, other->span)));
            continue;
        }

        weir_imp_note(u->imp, near != NULL ? IMP_NEAR : IMP_DONE, u->o,
                      r->span, weir_string("matches"),
                      "policy.yaml: routes.%.*s (%.*s), %s%s%s",
                      WEIR_STR(other->id), WEIR_STR(other->path.text),
                      other->t.closed != NULL ? "closed" : "public",
                      near != NULL ? "; " : "", near != NULL ? near : "");
    }
}


static bool
is_method(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && s.data[i] >= 'A' && s.data[i] <= 'Z'; i++) { }

    return i == s.len && s.len <= 16;
}


static void
match(rule_t *u, const weir_node_t *m)
{
    const char         *near;
    imp_route_t         r;
    const weir_node_t  *params;

    r = u->route;
    weir_imp_others(u->imp, u->o, m, "matches",
                    "path headers queryParams method");

    if (m != NULL) {
        r.span = m->text.span;
    }

    params = weir_imp_list(u->imp, m, "queryParams");

    if (params != NULL && params->n > 0) {
        weir_imp_note(u->imp, IMP_LEFT, u->o, params->text.span,
                      weir_string("queryParams"), "routes are not told apart "
                      "by parameters: the match is left out, and its requests "
                      "get the next route; an override of a split has `when`");
        return;
    }

    r.method = weir_imp_str(u->imp, m, "method");

    if (!is_method(r.method)) {
        (void) weir_fail(&u->imp->diags, WEIR_EVALUE, m->text.span,
                         "a method is none");
        return;
    }

    if (!match_headers(u, m, &r) || !match_path(u, m, &r, &near)) {
        return;
    }

    if (!weir_imp_filter_path(u->imp, &u->filters, &r)) {
        weir_imp_note(u->imp, IMP_LEFT, u->o, r.span, weir_string("filters"),
                      "a prefix is replaced, but the path is none: the route "
                      "is closed");
        r.t.closed = "a filter of it is not translated";
        r.t.closed_status = 500;
    }

    add_match(u, &r, near);
}


static void
add_rule(rule_t *u, const weir_node_t *rule)
{
    uint32_t            i;
    const weir_node_t  *matches;

    weir_imp_others(u->imp, u->o, rule, "rules",
                    "name matches filters backendRefs timeouts");
    weir_imp_filters(u->imp, u->o, weir_imp_list(u->imp, rule, "filters"),
                     &u->filters);

    memset(&u->route, 0, sizeof(imp_route_t));
    u->route.from = u->o;
    u->route.span = rule->text.span;
    u->route.t = u->filters.t;
    if (u->attached) {
        close_rule(u, "what is attached to it is not translated", 503);
    }

    backends(u, rule);
    timeouts(u, rule);

    matches = weir_imp_list(u->imp, rule, "matches");

    if (matches == NULL || matches->n == 0) {
        match(u, NULL);
        return;
    }

    for (i = 0; i < matches->n; i++) {
        if (weir_imp_is_map(u->imp, &matches->u.items[i])) {
            match(u, &matches->u.items[i]);
        }
    }
}


static void
add_httproute(imp_t *imp, const imp_object_t *o)
{
    rule_t               u;
    uint32_t             i;
    weir_entry_t        *e;
    const weir_node_t   *rules;
    const imp_object_t  *by;

    memset(&u, 0, sizeof(u));
    u.imp = imp;
    u.o = o;

    if (o->spec == NULL) {
        (void) weir_fail(&imp->diags, WEIR_EMISSING, o->span,
                         "an HTTPRoute without \"spec\"");
        return;
    }

    weir_imp_others(imp, o, o->spec, "spec", "parentRefs hostnames rules");

    for (i = 0; o->annotations != NULL && i < o->annotations->n; i++) {
        e = &o->annotations->u.entries[i];
        weir_imp_note(imp, IMP_ASIDE, o, e->key.text.span, e->key.text.text,
                      "annotations of HTTPRoutes are of other tools");
    }

    weir_imp_listeners(imp, o, &u.hosts);
    by = weir_imp_attached_to(imp, o);
    u.attached = by != NULL;

    if (by != NULL) {
        weir_imp_note(imp, IMP_LEFT, o, o->span, weir_string("rules"),
                      "%.*s says more of it, and may guard it: the routes are "
                      "closed", WEIR_STR(by->label));
    }

    rules = weir_imp_list(imp, o->spec, "rules");

    for (i = 0; u.hosts.len != 0 && rules != NULL && i < rules->n; i++) {
        if (weir_imp_is_map(imp, &rules->u.items[i])) {
            add_rule(&u, &rules->u.items[i]);
        }
    }
}


void
weir_imp_gateway(imp_t *imp)
{
    size_t                i, n;
    const imp_object_t   *o, **list;

    list = weir_arena_array(imp->arena, imp->objects.len, sizeof(*list));

    if (list == NULL) {
        imp->nomem = true;
        return;
    }

    n = 0;

    for (i = 0; i < imp->objects.len; i++) {
        o = &imp->objects.items[i];

        if (weir_str_eq(o->kind, weir_string("HTTPRoute"))) {
            list[n++] = o;

        } else if (weir_str_eq(o->kind, weir_string("Gateway"))) {
            weir_imp_note(imp, IMP_ASIDE, o, o->span, weir_string("kind"),
                          "read for the hosts and certificates of its "
                          "listeners; server.conf listens on 8080 and 8443");
        }
    }

    if (n > 1) {
        qsort(list, n, sizeof(*list), by_age);
    }

    for (i = 0; i < n && !imp->nomem; i++) {
        add_httproute(imp, list[i]);
    }

    weir_imp_order(imp);
}
