/*
 * import_hosts.c: what one Ingress says for all that have its hosts: whether
 * their paths are patterns, and which other hosts have the same routes.
 */

#include "cli/import.h"


/* Whether it makes a pattern of every path of its hosts. */
static bool
is_regex(imp_t *imp, const imp_object_t *o, const weir_node_t *rule)
{
    bool                is;
    uint32_t            i;
    weir_str_t          target, path;
    const weir_node_t  *n, *paths;

    n = weir_node_find(o->annotations, IMP_ANNOTATION "use-regex");

    if (n != NULL && weir_imp_bool(weir_imp_trim(n->text.text), &is) && is) {
        return true;
    }

    n = weir_node_find(o->annotations, IMP_ANNOTATION "rewrite-target");
    target = n != NULL ? weir_imp_trim(n->text.text) : weir_string("");
    paths = weir_imp_list(imp, weir_imp_map(imp, rule, "http"), "paths");

    /* a path that is rewritten to itself is not */
    for (i = 0; target.len != 0 && paths != NULL && i < paths->n; i++) {
        path = weir_imp_str(imp, &paths->u.items[i], "path");

        if (!weir_str_eq(path.len ? path : weir_string("/"), target)) {
            return true;
        }
    }

    return false;
}


/* Hosts that have the same routes as this one, unless they have rules. */
static void
add_aliases(imp_t *imp, const imp_object_t *o, weir_str_t host)
{
    weir_str_t          list, name, *slot;
    imp_host_t         *h, *alias;
    const weir_node_t  *n;

    n = weir_node_find(o->annotations, IMP_ANNOTATION "server-alias");
    list = n != NULL ? n->text.text : weir_string("");

    while (host.len != 0 && weir_imp_word(&list, ", \t\n", &name)) {
        name = weir_imp_lower(imp, name);
        alias = weir_imp_is_host(name, true) ? weir_imp_host(imp, name) : NULL;

        if (alias == NULL || alias->alias_of.len != 0) {
            continue;
        }

        alias->alias_of = host;
        h = weir_imp_host(imp, host);
        slot = h != NULL ? weir_vec_push(imp->arena, &h->aliases) : NULL;

        if (slot == NULL) {
            imp->nomem = true;
            return;
        }

        *slot = name;
    }
}


bool
weir_imp_is_canary(const imp_object_t *o)
{
    bool                is;
    const weir_node_t  *n;

    n = weir_node_find(o->annotations, IMP_ANNOTATION "canary");

    return n != NULL && weir_imp_bool(weir_imp_trim(n->text.text), &is) && is;
}


void
weir_imp_mark_hosts(imp_t *imp, const imp_object_t *o)
{
    uint32_t            i;
    weir_str_t          host;
    imp_host_t         *h;
    const weir_node_t  *rules;

    rules = weir_imp_list(imp, o->spec, "rules");

    for (i = 0; rules != NULL && i < rules->n; i++) {
        host = weir_imp_lower(imp, weir_imp_str(imp, &rules->u.items[i],
                                                "host"));

        if (host.len != 0 && !weir_imp_is_host(host, true)) {
            continue;
        }

        h = weir_imp_host(imp, host);

        if (h == NULL) {
            return;
        }

        h->ruled = true;
        h->regex |= is_regex(imp, o, &rules->u.items[i]);
        add_aliases(imp, o, host);
    }
}


void
weir_imp_mark_aliases(imp_t *imp)
{
    size_t       i;
    imp_host_t  *h;

    for (i = 0; i < imp->hosts.len; i++) {
        if (imp->hosts.items[i].alias_of.len != 0) {
            h = weir_imp_host(imp, imp->hosts.items[i].alias_of);
            imp->hosts.items[i].regex |= h != NULL && h->regex;
        }
    }
}


void
weir_imp_same_hosts(imp_t *imp, weir_str_t host, imp_strs_t *out)
{
    size_t             i;
    weir_str_t        *slot;
    const imp_host_t  *h, *alias;

    h = weir_imp_host(imp, host);
    slot = weir_vec_push(imp->arena, out);

    if (h == NULL || slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = host;

    for (i = 0; i < h->aliases.len; i++) {
        alias = weir_imp_host(imp, h->aliases.items[i]);

        if (alias == NULL || alias->ruled) {
            continue;
        }

        slot = weir_vec_push(imp->arena, out);

        if (slot == NULL) {
            imp->nomem = true;
            return;
        }

        *slot = alias->name;
    }
}
