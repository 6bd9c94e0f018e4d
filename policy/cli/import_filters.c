/*
 * import_filters.c: filters of the rules of HTTPRoutes.
 *
 * A filter that is not known closes the route: the Gateway API says that a
 * rule must not serve without its filters.
 */

#include "cli/import.h"


static void
close_routes(imp_traits_t *t, const char *why)
{
    if (t->closed == NULL) {
        t->closed = why;
        t->closed_status = 500;
    }
}


static void
left(imp_t *imp, const imp_object_t *o, const weir_node_t *node,
    const char *what, imp_traits_t *t, const char *why)
{
    weir_imp_note(imp, IMP_LEFT, o, node->text.span, weir_cstr(what),
                  "%s: the routes are closed", why);
    close_routes(t, "a filter of it is not translated");
}


static weir_str_t
scalar(const weir_node_t *map, const char *key)
{
    const weir_node_t  *n;

    n = weir_node_get(map, key);

    return n != NULL && n->kind != WEIR_T_MAP && n->kind != WEIR_T_LIST
           ? n->text.text : weir_string("");
}


weir_str_t
weir_imp_backend(imp_t *imp, const imp_object_t *o, const weir_node_t *ref)
{
    weir_str_t  kind, ns, name, port;

    if (ref == NULL || ref->kind != WEIR_T_MAP) {
        return weir_string("");
    }

    kind = weir_imp_str(imp, ref, "kind");
    ns = weir_imp_str(imp, ref, "namespace");
    name = weir_imp_str(imp, ref, "name");
    port = scalar(ref, "port");

    if ((kind.len != 0 && !weir_str_eq(kind, weir_string("Service")))
        || weir_imp_str(imp, ref, "group").len != 0 || name.len == 0
        || port.len == 0)
    {
        weir_imp_note(imp, IMP_LEFT, o, ref->text.span,
                      weir_string("backendRefs"), "no Service with a port: "
                      "nobody answers");
        return weir_string("");
    }

    if (ns.len != 0 && !weir_str_eq(ns, o->ns)
        && !weir_imp_is_granted(imp, o, ns, name))
    {
        weir_imp_note(imp, IMP_LEFT, o, ref->text.span,
                      weir_string("backendRefs"), "of another namespace, and "
                      "no ReferenceGrant among the manifests permits it: "
                      "nobody answers");
        return weir_string("");
    }

    return weir_imp_upstream(imp, o, ref->text.span, ns.len ? ns : o->ns,
                             name, port);
}


static bool
has_header(const cli_pairs_t *list, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < list->len; i++) {
        if (weir_str_eq(list->items[i].name, name)) {
            return true;
        }
    }

    return false;
}


/* false: what is no header, or one that is there twice. */
static bool
add_headers(imp_t *imp, const weir_node_t *map, const char *key,
    cli_pairs_t *out)
{
    uint32_t            i;
    weir_str_t          name, value;
    cli_pair_t         *pair;
    const weir_node_t  *list;

    list = weir_imp_list(imp, map, key);

    for (i = 0; list != NULL && i < list->n; i++) {
        name = weir_imp_str(imp, &list->u.items[i], "name");
        value = scalar(&list->u.items[i], "value");

        if (!weir_imp_is_header(name) || !weir_imp_is_plain(value)
            || has_header(out, weir_imp_lower(imp, name)))
        {
            return false;
        }

        pair = weir_vec_push(imp->arena, out);

        if (pair == NULL) {
            imp->nomem = true;
            return true;
        }

        pair->name = weir_imp_lower(imp, name);
        pair->value = value;
    }

    return true;
}


static bool
add_names(imp_t *imp, const weir_node_t *map, imp_strs_t *out)
{
    uint32_t            i;
    weir_str_t          name, *slot;
    const weir_node_t  *list;

    list = weir_imp_list(imp, map, "remove");

    for (i = 0; list != NULL && i < list->n; i++) {
        name = list->u.items[i].text.text;

        if (!weir_imp_is_header(name)) {
            return false;
        }

        slot = weir_vec_push(imp->arena, out);

        if (slot == NULL) {
            imp->nomem = true;
            return true;
        }

        *slot = weir_imp_lower(imp, name);
    }

    return true;
}


static void
modifier(imp_t *imp, const imp_object_t *o, const weir_node_t *map,
    bool request, imp_traits_t *t)
{
    const char  *what;

    what = request ? "requestHeaderModifier" : "responseHeaderModifier";
    weir_imp_others(imp, o, map, what, "set add remove");

    if (!add_headers(imp, map, "set", request ? &t->sets : &t->replies)
        || !add_headers(imp, map, "add", request ? &t->adds : &t->reply_adds)
        || !add_names(imp, map, request ? &t->removes : &t->reply_removes))
    {
        left(imp, o, map, what, t, "a header of it is none, is there twice, "
             "or has bytes that are not printable ASCII");
        return;
    }

    weir_imp_note(imp, IMP_DONE, o, map->text.span, weir_cstr(what),
                  "policy.yaml: transform.%s",
                  request ? "request" : "response");
}


/* The path of a redirect or a rewrite; false: there is one, but none known. */
static bool
new_path(imp_t *imp, const weir_node_t *map, imp_filters_t *out)
{
    weir_str_t          type, value;
    const weir_node_t  *path;

    path = weir_imp_map(imp, map, "path");

    if (path == NULL) {
        return weir_node_find(map, "path") == NULL;
    }

    type = weir_imp_str(imp, path, "type");
    out->has_full = weir_str_eq(type, weir_string("ReplaceFullPath"));
    out->has_prefix = weir_str_eq(type, weir_string("ReplacePrefixMatch"));
    value = weir_imp_str(imp, path, out->has_full ? "replaceFullPath"
                                                  : "replacePrefixMatch");

    if (value.len == 0 && out->has_prefix) {
        value = weir_string("/");
    }

    /* as a location: letters that a path has unescaped */
    if (!weir_imp_is_location(value)) {
        return false;
    }

    out->full = value;
    out->prefix = value;

    return out->has_full || out->has_prefix;
}


static void
redirect(imp_t *imp, const imp_object_t *o, const weir_node_t *map,
    imp_filters_t *out)
{
    uint32_t    code, port;
    weir_str_t  scheme, host, s;

    weir_imp_others(imp, o, map, "requestRedirect",
                    "scheme hostname path port statusCode");
    scheme = weir_imp_str(imp, map, "scheme");
    host = weir_imp_lower(imp, weir_imp_str(imp, map, "hostname"));
    s = scalar(map, "statusCode");
    code = 302;
    port = 0;

    if ((s.len != 0
         && (!weir_imp_number(s, &code) || code < 301 || code > 308
             || (code > 303 && code < 307)))
        || (scheme.len != 0 && !weir_str_eq(scheme, weir_string("http"))
            && !weir_str_eq(scheme, weir_string("https")))
        || (host.len != 0 && !weir_imp_is_host(host, false))
        || (scalar(map, "port").len != 0
            && (!weir_imp_number(scalar(map, "port"), &port) || port == 0
                || port > 65535))
        || !new_path(imp, map, out))
    {
        left(imp, o, map, "requestRedirect", &out->t, "its scheme, host, "
             "port, path or code is none that a redirect has");
        return;
    }

    out->t.redirect = weir_imp_printf(
        imp, "%.*s://%.*s", scheme.len ? (int) scheme.len : 7,
        scheme.len ? scheme.data : "$scheme", host.len ? (int) host.len : 5,
        host.len ? host.data : "$host");

    if (port != 0) {
        out->t.redirect = weir_imp_printf(imp, "%.*s:%u",
                                          WEIR_STR(out->t.redirect), port);
    }

    /* the path is the policy's: $request_uri is what it made */
    out->t.redirect = weir_imp_printf(imp, "%.*s$request_uri",
                                      WEIR_STR(out->t.redirect));
    out->t.redirect_code = code;

    weir_imp_note(imp, IMP_DONE, o, map->text.span,
                  weir_string("requestRedirect"), "server.conf: return %u",
                  code);
}


static void
rewrite(imp_t *imp, const imp_object_t *o, const weir_node_t *map,
    imp_filters_t *out)
{
    weir_str_t  host;

    weir_imp_others(imp, o, map, "urlRewrite", "hostname path");
    host = weir_imp_lower(imp, weir_imp_str(imp, map, "hostname"));

    if ((host.len != 0 && !weir_imp_is_host(host, false))
        || !new_path(imp, map, out))
    {
        left(imp, o, map, "urlRewrite", &out->t,
             "its host or its path is none that is known");
        return;
    }

    out->t.vhost = host;
    weir_imp_note(imp, IMP_DONE, o, map->text.span, weir_string("urlRewrite"),
                  "%s", host.len == 0 ? "policy.yaml: transform.request.path"
                  : "policy.yaml: transform.request.path; server.conf: "
                  "proxy_set_header Host");
}


static void
mirror(imp_t *imp, const imp_object_t *o, const weir_node_t *map,
    imp_filters_t *out)
{
    weir_str_t  upstream;

    weir_imp_others(imp, o, map, "requestMirror", "backendRef");
    upstream = weir_imp_backend(imp, o, weir_imp_map(imp, map, "backendRef"));

    if (upstream.len == 0 || out->t.mirror.len != 0) {
        weir_imp_note(imp, IMP_LEFT, o, map->text.span,
                      weir_string("requestMirror"),
                      "a second one, or without a Service: nothing is copied");
        return;
    }

    out->t.mirror = upstream;
    weir_imp_note(imp, IMP_NEAR, o, map->text.span,
                  weir_string("requestMirror"), "policy.yaml: mirror of a "
                  "split, of GET and HEAD unless `methods` names more");
}


/* The texts of a list, with commas between them. */
static weir_str_t
joined(imp_t *imp, const weir_node_t *map, const char *key)
{
    uint32_t            i;
    weir_str_t          s;
    const weir_node_t  *list;

    s = weir_string("");
    list = weir_imp_list(imp, map, key);

    for (i = 0; list != NULL && i < list->n; i++) {
        s = weir_imp_printf(imp, "%.*s%.*s,", WEIR_STR(s),
                            WEIR_STR(list->u.items[i].text.text));
    }

    return s;
}


static void
cors(imp_t *imp, const imp_object_t *o, const weir_node_t *map,
    imp_filters_t *out)
{
    uint32_t            age;
    weir_str_t          bad;
    const weir_node_t  *n;

    bad = weir_string("");
    age = 5;                    /* of the API, unless given */
    (void) weir_imp_number(scalar(map, "maxAge"), &age);
    n = weir_node_get(map, "allowCredentials");

    out->t.cors = weir_imp_cors(imp,
                                weir_imp_printf(imp, "%.*s-%.*s",
                                                WEIR_STR(o->ns),
                                                WEIR_STR(o->name)),
                                joined(imp, map, "allowOrigins"),
                                joined(imp, map, "allowMethods"),
                                joined(imp, map, "allowHeaders"),
                                joined(imp, map, "exposeHeaders"),
                                n != NULL && n->kind == WEIR_T_BOOL && n->u.b,
                                age, &bad);

    weir_imp_note(imp, out->t.cors.len == 0 || bad.len != 0 ? IMP_LEFT
                  : IMP_DONE, o, map->text.span, weir_string("cors"),
                  out->t.cors.len == 0 ? "none of its origins is one"
                  : bad.len != 0 ? "a part of it is none, and is left out"
                  : "policy.yaml: cors");
}


static void
filter(imp_t *imp, const imp_object_t *o, const weir_node_t *item,
    imp_filters_t *out)
{
    size_t              i;
    weir_str_t          type;
    const weir_node_t  *map;

    static const struct {
        const char  *type;
        const char  *key;
    } known[] = {
        { "RequestHeaderModifier", "requestHeaderModifier" },
        { "ResponseHeaderModifier", "responseHeaderModifier" },
        { "RequestRedirect", "requestRedirect" },
        { "URLRewrite", "urlRewrite" },
        { "RequestMirror", "requestMirror" },
        { "CORS", "cors" }
    };

    type = weir_imp_str(imp, item, "type");

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (weir_str_eq(type, weir_cstr(known[i].type))) {
            break;
        }
    }

    map = i < sizeof(known) / sizeof(known[0])
          ? weir_imp_map(imp, item, known[i].key) : NULL;

    if (map == NULL) {
        left(imp, o, item, "filters", &out->t,
             "a filter of another controller, or without its body");
        return;
    }

    switch (i) {

    case 0:
    case 1:
        modifier(imp, o, map, i == 0, &out->t);
        return;

    case 2:
        redirect(imp, o, map, out);
        return;

    case 3:
        rewrite(imp, o, map, out);
        return;

    case 4:
        mirror(imp, o, map, out);
        return;

    default:
        cors(imp, o, map, out);
        return;
    }
}


void
weir_imp_filters(imp_t *imp, const imp_object_t *o, const weir_node_t *list,
    imp_filters_t *out)
{
    uint32_t  i;

    memset(out, 0, sizeof(imp_filters_t));

    for (i = 0; list != NULL && i < list->n; i++) {
        if (weir_imp_is_map(imp, &list->u.items[i])) {
            filter(imp, o, &list->u.items[i], out);
        }
    }
}


static void
add_piece(imp_t *imp, imp_route_t *r, imp_piece_kind_t kind, uint32_t n,
    weir_str_t text)
{
    imp_piece_t  *piece;

    piece = weir_vec_push(imp->arena, &r->rewrite);

    if (piece == NULL) {
        imp->nomem = true;
        return;
    }

    *piece = (imp_piece_t) { kind, n, text };
}


bool
weir_imp_filter_path(imp_t *imp, const imp_filters_t *f, imp_route_t *r)
{
    weir_str_t  s;

    if (f->has_full) {
        add_piece(imp, r, IMP_LITERAL, 0, f->full);
        return true;
    }

    if (!f->has_prefix) {
        return true;
    }

    if (!r->path.rest || r->path.ncaptures != 0) {
        return false;
    }

    s = f->prefix;

    while (s.len > 0 && s.data[s.len - 1] == '/') {
        s.len--;
    }

    if (s.len == 0) {
        add_piece(imp, r, IMP_LITERAL, 0, weir_string("/"));
        add_piece(imp, r, IMP_REST, r->path.fixed, weir_string("x/y"));
        return true;
    }

    add_piece(imp, r, IMP_LITERAL, 0, s);
    add_piece(imp, r, IMP_TAIL, r->path.fixed == 0
              ? 0 : (uint32_t) r->path.location.len, weir_string("/x/y"));

    return true;
}
