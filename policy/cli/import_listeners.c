/*
 * import_listeners.c: the hosts of an HTTPRoute, those of its own that the
 * listeners of its Gateways take, and the certificates of these.
 */

#include "cli/import.h"
#include "front/codes.h"


static void
add_str(imp_t *imp, imp_strs_t *list, weir_str_t s)
{
    size_t       i;
    weir_str_t  *slot;

    for (i = 0; i < list->len; i++) {
        if (weir_str_eq(list->items[i], s)) {
            return;
        }
    }

    slot = weir_vec_push(imp->arena, list);

    if (slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = s;
}


static bool
is_below(weir_str_t host, weir_str_t pattern)
{
    return pattern.len == 0 || weir_str_eq(host, pattern)
           || (weir_str_starts(pattern, weir_string("*."))
               && weir_str_ends(host, weir_str(pattern.data + 1,
                                               pattern.len - 1)));
}


/* The certificate of a listener is that of the hosts that it is for. */
static void
listener_tls(imp_t *imp, const imp_strs_t *hosts,
    const imp_object_t *gateway, const weir_node_t *listener,
    weir_str_t hostname)
{
    size_t              i;
    weir_str_t          ns, name;
    const weir_node_t  *tls, *refs;

    tls = weir_imp_map(imp, listener, "tls");
    refs = weir_imp_list(imp, tls, "certificateRefs");

    if (refs == NULL || refs->n == 0) {
        return;
    }

    ns = weir_imp_str(imp, &refs->u.items[0], "namespace");
    ns = ns.len ? ns : gateway->ns;
    name = weir_imp_str(imp, &refs->u.items[0], "name");

    if (!weir_imp_is_label(ns) || !weir_imp_is_host(name, false)) {
        return;
    }

    for (i = 0; i < hosts->len; i++) {
        if (is_below(hosts->items[i], hostname)) {
            weir_imp_certificate(imp, gateway, tls->text.span,
                                 hosts->items[i], ns, name);
        }
    }

    weir_imp_note(imp, IMP_NEAR, gateway, tls->text.span,
                  weir_string("tls"), "server.conf: mount the Secret's "
                  "tls.crt and tls.key as tls/%.*s_%.*s.crt and .key beside "
                  "nginx.conf", WEIR_STR(ns), WEIR_STR(name));
}


/* false: neither has a host of the other. */
static bool
intersect(weir_str_t a, weir_str_t b, weir_str_t *out)
{
    if (is_below(a, b)) {
        *out = a.len != 0 ? a : b;
        return true;
    }

    *out = b;

    return is_below(b, a);
}


/* Whether a listener takes HTTPRoutes of a namespace; none said: its own. */
static bool
is_allowed(imp_t *imp, const imp_object_t *gateway, const weir_node_t *listener,
    weir_str_t ns)
{
    bool                any;
    uint32_t            i;
    weir_str_t          from, protocol;
    const weir_node_t  *allowed, *kinds;

    protocol = weir_imp_str(imp, listener, "protocol");
    allowed = weir_imp_map(imp, listener, "allowedRoutes");
    from = weir_imp_str(imp, weir_imp_map(imp, allowed, "namespaces"),
                        "from");
    kinds = weir_imp_list(imp, allowed, "kinds");
    any = kinds == NULL || kinds->n == 0;

    for (i = 0; !any && i < kinds->n; i++) {
        any = weir_str_eq(weir_imp_str(imp, &kinds->u.items[i], "kind"),
                          weir_string("HTTPRoute"));
    }

    /* labels of namespaces are not read */
    return any
           && (protocol.len == 0
               || weir_imp_is_one_of(protocol, "HTTP HTTPS"))
           && (weir_imp_is_one_of(from, "All Selector")
               || weir_str_eq(ns, gateway->ns));
}


/* The hosts that a Gateway takes of a route's own; "" = any. */
static void
take(imp_t *imp, const imp_object_t *o, const imp_object_t *gateway,
    const weir_node_t *ref, const imp_strs_t *own, imp_strs_t *hosts)
{
    size_t              j;
    uint32_t            i;
    weir_str_t          section, host, both;
    const weir_node_t  *listeners, *l, *port, *of;

    section = weir_imp_str(imp, ref, "sectionName");
    port = weir_node_get(ref, "port");
    listeners = weir_imp_list(imp, gateway->spec, "listeners");

    for (i = 0; listeners != NULL && i < listeners->n; i++) {
        l = &listeners->u.items[i];
        of = weir_node_get(l, "port");
        host = weir_imp_lower(imp, weir_imp_str(imp, l, "hostname"));

        if ((section.len != 0
             && !weir_str_eq(section, weir_imp_str(imp, l, "name")))
            || (port != NULL && of != NULL
                && !weir_str_eq(port->text.text, of->text.text))
            || (host.len != 0 && !weir_imp_is_host(host, true))
            || !is_allowed(imp, gateway, l, o->ns))
        {
            continue;
        }

        for (j = 0; j < own->len; j++) {
            if (intersect(own->items[j], host, &both)) {
                add_str(imp, hosts, both);
            }
        }

        listener_tls(imp, hosts, gateway, l, host);
    }
}


static void
own_hosts(imp_t *imp, const imp_object_t *o, imp_strs_t *own)
{
    uint32_t            i;
    weir_str_t          host;
    const weir_node_t  *list;

    list = weir_imp_list(imp, o->spec, "hostnames");

    for (i = 0; list != NULL && i < list->n; i++) {
        host = weir_imp_lower(imp, list->u.items[i].text.text);

        if (!weir_imp_is_host(host, true)) {
            (void) weir_fail(&imp->diags, WEIR_EVALUE,
                             list->u.items[i].text.span,
                             "a hostname is no name of a host");
            continue;
        }

        add_str(imp, own, host);
    }

    if (list == NULL || list->n == 0) {
        add_str(imp, own, weir_string(""));
    }
}


void
weir_imp_listeners(imp_t *imp, const imp_object_t *o, imp_strs_t *hosts)
{
    size_t               j;
    uint32_t             i;
    imp_strs_t           own;
    weir_str_t           ns, kind;
    const weir_node_t   *refs, *ref;
    const imp_object_t  *gateway;

    memset(&own, 0, sizeof(own));
    own_hosts(imp, o, &own);
    refs = weir_imp_list(imp, o->spec, "parentRefs");

    if (refs == NULL || refs->n == 0) {
        *hosts = own;
        return;
    }

    for (i = 0; i < refs->n; i++) {
        ref = &refs->u.items[i];
        kind = weir_imp_str(imp, ref, "kind");

        /* as of a mesh: nothing that comes in from outside */
        if (kind.len != 0 && !weir_str_eq(kind, weir_string("Gateway"))) {
            continue;
        }

        ns = weir_imp_str(imp, ref, "namespace");
        weir_imp_single(imp, &imp->gateway, o, ref->text.span, "parentRefs",
                        weir_imp_printf(imp, "%.*s.%.*s", WEIR_STR(
                            weir_imp_str(imp, ref, "name")),
                            WEIR_STR(ns.len ? ns : o->ns)));
        gateway = weir_imp_find(imp, "Gateway", ns.len ? ns : o->ns,
                                weir_imp_str(imp, ref, "name"));

        if (gateway != NULL) {
            take(imp, o, gateway, ref, &own, hosts);
            continue;
        }

        for (j = 0; j < own.len; j++) {
            add_str(imp, hosts, own.items[j]);
        }
    }

    if (hosts->len == 0) {
        weir_imp_note(imp, IMP_LEFT, o, refs->text.span,
                      weir_string("parentRefs"), "no listener of a Gateway "
                      "takes it, by its hosts, its namespace or its kind: it "
                      "had no requests, and has none");
    }
}
