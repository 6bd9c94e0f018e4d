/*
 * import_listeners.c: the hosts of an HTTPRoute, its own or those of the
 * listeners that it is of, and the certificates of these.
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


/* Hosts of the listeners, where the route names none; and certificates. */
static void
parent(imp_t *imp, const imp_object_t *o, const weir_node_t *ref,
    bool own_hosts, imp_strs_t *hosts)
{
    uint32_t             i;
    weir_str_t           ns, section, host;
    const weir_node_t   *listeners, *l;
    const imp_object_t  *gateway;

    ns = weir_imp_str(imp, ref, "namespace");
    section = weir_imp_str(imp, ref, "sectionName");
    gateway = weir_imp_find(imp, "Gateway", ns.len ? ns : o->ns,
                            weir_imp_str(imp, ref, "name"));

    if (gateway == NULL) {
        return;
    }

    listeners = weir_imp_list(imp, gateway->spec, "listeners");

    for (i = 0; listeners != NULL && i < listeners->n; i++) {
        l = &listeners->u.items[i];
        host = weir_imp_lower(imp, weir_imp_str(imp, l, "hostname"));

        if ((section.len != 0
             && !weir_str_eq(section, weir_imp_str(imp, l, "name")))
            || (host.len != 0 && !weir_imp_is_host(host, true)))
        {
            continue;
        }

        if (!own_hosts) {
            add_str(imp, hosts, host);
        }

        listener_tls(imp, hosts, gateway, l, host);
    }
}


void
weir_imp_listeners(imp_t *imp, const imp_object_t *o, imp_strs_t *hosts)
{
    bool                own;
    uint32_t            i;
    weir_str_t          host;
    const weir_node_t  *list, *refs;

    list = weir_imp_list(imp, o->spec, "hostnames");
    own = list != NULL && list->n > 0;

    for (i = 0; own && i < list->n; i++) {
        host = weir_imp_lower(imp, list->u.items[i].text.text);

        if (!weir_imp_is_host(host, true)) {
            (void) weir_fail(&imp->diags, WEIR_EVALUE,
                             list->u.items[i].text.span,
                             "a hostname is no name of a host");
            continue;
        }

        add_str(imp, hosts, host);
    }

    refs = weir_imp_list(imp, o->spec, "parentRefs");

    for (i = 0; refs != NULL && i < refs->n; i++) {
        parent(imp, o, &refs->u.items[i], own, hosts);
    }

    if (hosts->len == 0) {
        add_str(imp, hosts, weir_string(""));
    }
}
