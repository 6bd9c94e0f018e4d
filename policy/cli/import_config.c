/*
 * import_config.c: the ConfigMap of the controller.
 */

#include "cli/import.h"
#include "front/codes.h"


static bool
is_controller(const imp_object_t *o)
{
    size_t  i;

    static const char *const  names[] = {
        "ingress-nginx-controller", "nginx-ingress-controller",
        "nginx-configuration", "ingress-nginx"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_str_ends(o->name, weir_cstr(names[i]))) {
            return true;
        }
    }

    return false;
}


static unsigned
key_of(weir_str_t s)
{
    unsigned  k;

    for (k = IMP_BEFORE_KEYS + 1; k < IMP_ALL_COUNT; k++) {
        if (weir_str_eq(s, weir_cstr(weir_imp_rows[k].name))) {
            break;
        }
    }

    return k;
}


/* One that has keys of the controller's, by another name, is reported. */
static void
aside(imp_t *imp, const imp_object_t *o)
{
    uint32_t            i;
    const weir_node_t  *data;

    data = weir_node_get(o->root, "data");

    for (i = 0; data != NULL && data->kind == WEIR_T_MAP && i < data->n; i++) {

        if (key_of(data->u.entries[i].key.text.text) != IMP_ALL_COUNT) {
            weir_imp_note(imp, IMP_LEFT, o, o->span, weir_string("kind"),
                          "has keys of the controller's ConfigMap, by another "
                          "name: if it is that, name it "
                          "ingress-nginx-controller");
            return;
        }
    }

    weir_imp_note(imp, IMP_ASIDE, o, o->span, weir_string("kind"),
                  "no ConfigMap of the controller; read where an annotation "
                  "names it");
}


static void
read_keys(imp_values_t *v, const weir_node_t *data)
{
    unsigned             k;
    uint32_t             i;
    const weir_entry_t  *e;

    for (i = 0; i < data->n; i++) {
        e = &data->u.entries[i];

        k = key_of(e->key.text.text);

        if (k == IMP_ALL_COUNT) {
            weir_imp_note(v->imp, IMP_LEFT, v->object, e->key.text.span,
                          e->key.text.text, "a key that import does not "
                          "know");
            continue;
        }

        v->v[k].text = weir_imp_trim(e->value.text.text);
        v->v[k].span = e->key.text.span;
        v->v[k].set = true;
    }
}


static void
addresses(imp_values_t *v, unsigned id, const char *rule_id, bool only)
{
    weir_str_t   name, in, out;
    imp_rule_t  *rule;

    if (!v->v[id].set || v->v[id].text.len == 0) {
        return;
    }

    name = weir_imp_cidrs(v->imp, weir_imp_printf(v->imp, "all_%s", rule_id),
                          v->v[id].text, &in, &out);

    if (name.len == 0) {
        v->imp->closed = "the list of addresses of every request is none";
        weir_imp_tell(v, id, IMP_LEFT, "no list of prefixes: all routes are "
                      "closed");
        return;
    }

    rule = weir_vec_push(v->imp->arena, &v->imp->deny);

    if (rule == NULL) {
        v->imp->nomem = true;
        return;
    }

    rule->id = weir_cstr(rule_id);
    rule->when = weir_imp_printf(v->imp, "%slists.%.*s.contains(source.ip)",
                                 only ? "!" : "", WEIR_STR(name));
    rule->status = 403;
    rule->in = only ? in : out;
    rule->out = only ? out : in;
    weir_imp_tell(v, id, IMP_DONE, "policy.yaml: lists.%.*s, and a deny rule "
                  "of phase connect; an Ingress's own list comes in addition",
                  WEIR_STR(name));
}


static void
status(imp_values_t *v, unsigned id, unsigned *out)
{
    uint32_t  n;

    if (v->v[id].set && weir_imp_number(v->v[id].text, &n) && n >= 400
        && n < 600)
    {
        *out = n;
        weir_imp_tell(v, id, IMP_DONE, "policy.yaml: status of limits");
    }
}


/* Of every server and location. */
static void
snippets(imp_values_t *v)
{
    size_t  i;

    static const unsigned  ids[] = {
        IMP_G_SNIPPET, IMP_G_SERVER_SNIPPET, IMP_G_LOCATION_SNIPPET
    };

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {

        if (weir_imp_may_guard(v->v[ids[i]].text, ids[i] == IMP_G_SNIPPET)) {
            v->imp->snippet = "a snippet of the controller's ConfigMap may "
                              "have guarded it";
            weir_imp_tell(v, ids[i], IMP_LEFT, "it says more than headers and "
                          "settings, and may have been a guard: all routes "
                          "of Ingresses are closed");
        }
    }
}


void
weir_imp_config(imp_t *imp)
{
    size_t               i;
    unsigned             k;
    imp_values_t         v;
    const weir_node_t   *data;
    const imp_object_t  *o, *first;

    first = NULL;

    for (i = 0; i < imp->objects.len; i++) {
        o = &imp->objects.items[i];

        if (!weir_str_eq(o->kind, weir_string("ConfigMap"))) {
            continue;
        }

        if (!is_controller(o)) {
            aside(imp, o);
            continue;
        }

        /* whoever may write a second one must not say what holds for all */
        if (first != NULL) {
            (void) weir_fail(&imp->diags, WEIR_ETWICE, o->span,
                             "a second ConfigMap that may be the controller's,"
                             " the first is at %.*s: leave out what is not",
                             WEIR_STR(weir_place(&imp->diags, first->span)));
            continue;
        }

        first = o;

        memset(&v, 0, sizeof(v));
        v.imp = imp;
        v.object = o;
        data = weir_imp_map(imp, o->root, "data");

        if (data == NULL) {
            continue;
        }

        read_keys(&v, data);
        addresses(&v, IMP_G_ALLOWLIST, "not-listed", true);
        addresses(&v, IMP_G_ALLOWLIST_NEW, "not-listed-either", true);
        addresses(&v, IMP_G_DENYLIST, "listed", false);
        addresses(&v, IMP_G_BLOCK, "blocked", false);
        status(&v, IMP_G_LIMIT_STATUS, &imp->limit_status);
        status(&v, IMP_G_CONN_STATUS, &imp->conn_status);
        imp->ssl_redirect = weir_imp_is_true(&v, IMP_G_SSL_REDIRECT, true);
        imp->force_ssl = weir_imp_is_true(&v, IMP_G_FORCE_SSL, false);
        weir_imp_tell(&v, IMP_G_SSL_REDIRECT, IMP_DONE, "server.conf");
        weir_imp_tell(&v, IMP_G_FORCE_SSL, IMP_DONE, "server.conf");

        if (v.v[IMP_G_AUTH].set && v.v[IMP_G_AUTH].text.len != 0) {
            imp->closed = "what guarded it is not translated";
        }

        snippets(&v);
        weir_imp_settings(&v, IMP_BEFORE_KEYS + 1, IMP_ALL_COUNT,
                          &imp->settings);

        /* as of the annotation */
        if (v.v[IMP_G_BUFFER].told && strstr(imp->settings.data,
                                             "proxy_buffer_size ") != NULL)
        {
            imp->settings = weir_imp_printf(imp, "%.*sproxy_buffers 4 %.*s;\n",
                                            WEIR_STR(imp->settings),
                                            WEIR_STR(v.v[IMP_G_BUFFER].text));
        }

        for (k = IMP_BEFORE_KEYS + 1; k < IMP_ALL_COUNT; k++) {
            weir_imp_tell(&v, k, weir_imp_rows[k].who == IMP_OWN
                          ? IMP_LEFT : weir_imp_rows[k].fate, "%s",
                          weir_imp_rows[k].who == IMP_OWN
                          ? "not a value that it takes"
                          : weir_imp_rows[k].text);
        }
    }
}
