/*
 * import_attached.c: what other objects say of an HTTPRoute.
 *
 * A policy is attached to a route, or to a Gateway of it, by a reference
 * (GEP-713).  One that is not read may be a guard, unless it is of a kind that
 * is known to be none.
 */

#include "cli/import.h"

#define GROUP  "gateway.networking.k8s.io"


/* Kinds of policies that let in whom they let in. */
static bool
is_harmless(weir_str_t kind)
{
    return weir_imp_is_one_of(kind, "BackendTrafficPolicy BackendTLSPolicy "
                              "BackendLBPolicy XBackendTrafficPolicy "
                              "ClientTrafficPolicy ClientSettingsPolicy "
                              "ObservabilityPolicy UpstreamSettingsPolicy "
                              "HealthCheckPolicy RetryPolicy DNSPolicy "
                              "TLSPolicy");
}


/* A reference to an object of a kind; without a namespace, of its own. */
static bool
refers(imp_t *imp, const imp_object_t *o, const weir_node_t *ref,
    const char *kind, weir_str_t ns, weir_str_t name)
{
    weir_str_t  of;

    if (ref == NULL || ref->kind != WEIR_T_MAP
        || !weir_str_eq(weir_imp_str(imp, ref, "group"), weir_string(GROUP)))
    {
        return false;
    }

    of = weir_imp_str(imp, ref, "namespace");

    return name.len == 0
           || (weir_str_eq(weir_imp_str(imp, ref, "kind"), weir_cstr(kind))
               && weir_str_eq(weir_imp_str(imp, ref, "name"), name)
               && weir_str_eq(of.len ? of : o->ns, ns));
}


/* An empty name: of anything of the Gateway API. */
static bool
targets(imp_t *imp, const imp_object_t *o, const char *kind, weir_str_t ns,
    weir_str_t name)
{
    uint32_t            i;
    const weir_node_t  *list;

    if (o->spec == NULL || o->spec->kind != WEIR_T_MAP
        || is_harmless(o->kind))
    {
        return false;
    }

    if (refers(imp, o, weir_node_get(o->spec, "targetRef"), kind, ns, name)) {
        return true;
    }

    list = weir_node_get(o->spec, "targetRefs");

    for (i = 0; list != NULL && list->kind == WEIR_T_LIST && i < list->n; i++)
    {
        if (refers(imp, o, &list->u.items[i], kind, ns, name)) {
            return true;
        }
    }

    return false;
}


bool
weir_imp_is_attached(imp_t *imp, const imp_object_t *o)
{
    /* of a mesh, these go by labels */
    return weir_imp_is_one_of(o->kind, "AuthorizationPolicy "
                              "RequestAuthentication PeerAuthentication")
           || targets(imp, o, "", weir_string(""), weir_string(""));
}


static bool
is_of_parents(imp_t *imp, const imp_object_t *o, const imp_object_t *route)
{
    uint32_t            i;
    weir_str_t          ns;
    const weir_node_t  *refs, *ref;

    refs = weir_imp_list(imp, route->spec, "parentRefs");

    for (i = 0; refs != NULL && i < refs->n; i++) {
        ref = &refs->u.items[i];
        ns = weir_imp_str(imp, ref, "namespace");

        if (targets(imp, o, "Gateway", ns.len ? ns : route->ns,
                    weir_imp_str(imp, ref, "name")))
        {
            return true;
        }
    }

    return false;
}


const imp_object_t *
weir_imp_attached_to(imp_t *imp, const imp_object_t *route)
{
    size_t               i;
    const imp_object_t  *o;

    for (i = 0; i < imp->asides.len; i++) {
        o = &imp->asides.items[i];

        if (targets(imp, o, "HTTPRoute", route->ns, route->name)
            || is_of_parents(imp, o, route))
        {
            return o;
        }
    }

    return NULL;
}


static bool
is_from(imp_t *imp, const imp_object_t *grant, const imp_object_t *route)
{
    uint32_t            i;
    const weir_node_t  *list, *n;

    list = weir_imp_list(imp, grant->spec, "from");

    for (i = 0; list != NULL && i < list->n; i++) {
        n = &list->u.items[i];

        if (weir_str_eq(weir_imp_str(imp, n, "group"), weir_string(GROUP))
            && weir_str_eq(weir_imp_str(imp, n, "kind"), route->kind)
            && weir_str_eq(weir_imp_str(imp, n, "namespace"), route->ns))
        {
            return true;
        }
    }

    return false;
}


static bool
is_to(imp_t *imp, const imp_object_t *grant, weir_str_t service)
{
    uint32_t            i;
    weir_str_t          name;
    const weir_node_t  *list, *n;

    list = weir_imp_list(imp, grant->spec, "to");

    for (i = 0; list != NULL && i < list->n; i++) {
        n = &list->u.items[i];
        name = weir_imp_str(imp, n, "name");

        if (weir_str_eq(weir_imp_str(imp, n, "kind"), weir_string("Service"))
            && (name.len == 0 || weir_str_eq(name, service)))
        {
            return true;
        }
    }

    return false;
}


bool
weir_imp_is_granted(imp_t *imp, const imp_object_t *route, weir_str_t ns,
    weir_str_t service)
{
    size_t               i;
    const imp_object_t  *o;

    for (i = 0; i < imp->objects.len; i++) {
        o = &imp->objects.items[i];

        if (weir_str_eq(o->kind, weir_string("ReferenceGrant"))
            && weir_str_eq(o->ns, ns) && is_from(imp, o, route)
            && is_to(imp, o, service))
        {
            return true;
        }
    }

    return false;
}
