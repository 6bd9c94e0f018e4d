/*
 * import_read.c: files of manifests to objects.
 *
 * A stream of YAML documents or JSON, of objects or lists of them.  What an
 * API server would not have taken is an error, as in any source.
 */

#include "cli/import.h"
#include "front/codes.h"

#define MAX_LISTS  4u               /* lists inside of lists */


static bool
is_kind(imp_t *imp, const weir_node_t *node, const char *key, unsigned kind,
    const char *what)
{
    if (node->kind == kind) {
        return true;
    }

    if (node->kind != WEIR_T_UNSET) {
        (void) weir_fail(&imp->diags, WEIR_EKIND, node->text.span,
                         "\"%s\" is not %s", key, what);
    }

    return false;
}


static const weir_node_t *
child(imp_t *imp, const weir_node_t *map, const char *key, unsigned kind,
    const char *what)
{
    const weir_node_t  *node;

    node = weir_node_get(map, key);

    return node != NULL && node->kind != WEIR_T_NULL
           && is_kind(imp, node, key, kind, what) ? node : NULL;
}


const weir_node_t *
weir_imp_map(imp_t *imp, const weir_node_t *map, const char *key)
{
    return child(imp, map, key, WEIR_T_MAP, "a map");
}


const weir_node_t *
weir_imp_list(imp_t *imp, const weir_node_t *map, const char *key)
{
    return child(imp, map, key, WEIR_T_LIST, "a list");
}


weir_str_t
weir_imp_str(imp_t *imp, const weir_node_t *map, const char *key)
{
    const weir_node_t  *node;

    node = child(imp, map, key, WEIR_T_STRING, "text");

    return node != NULL ? node->text.text : weir_string("");
}


bool
weir_imp_is_map(imp_t *imp, const weir_node_t *node)
{
    if (node->kind != WEIR_T_MAP && node->kind != WEIR_T_UNSET) {
        (void) weir_fail(&imp->diags, WEIR_EKIND, node->text.span,
                         "an item of a list of maps is none");
    }

    return node->kind == WEIR_T_MAP;
}


void
weir_imp_others(imp_t *imp, const imp_object_t *o, const weir_node_t *map,
    const char *where, const char *known)
{
    uint32_t             i;
    const weir_entry_t  *e;

    for (i = 0; map != NULL && i < map->n; i++) {
        e = &map->u.entries[i];

        if (!weir_imp_is_one_of(e->key.text.text, known)) {
            weir_imp_note(imp, IMP_LEFT, o, e->key.text.span,
                          weir_imp_printf(imp, "%s.%.*s", where,
                                          WEIR_STR(e->key.text.text)),
                          "a field that import does not know");
        }
    }
}


static weir_str_t
object_key(imp_t *imp, weir_str_t kind, weir_str_t ns, weir_str_t name)
{
    return weir_imp_printf(imp, "%.*s %.*s/%.*s", WEIR_STR(kind),
                           WEIR_STR(ns), WEIR_STR(name));
}


const imp_object_t *
weir_imp_find(const imp_t *imp, const char *kind, weir_str_t ns,
    weir_str_t name)
{
    char                       key[600];
    int                        n;
    const weir_names_entry_t  *e;

    n = snprintf(key, sizeof(key), "%s %.*s/%.*s", kind, WEIR_STR(ns),
                 WEIR_STR(name));

    if (n < 0 || (size_t) n >= sizeof(key)) {
        return NULL;
    }

    e = weir_names_find(&imp->by_object, weir_str(key, (size_t) n));

    return e != NULL ? &imp->objects.items[e->value] : NULL;
}


/* Dots stand between the labels of the names of some kinds. */
static bool
is_name(weir_str_t s)
{
    return weir_imp_is_host(s, false);
}


static bool
is_group(weir_str_t api, const char *group)
{
    return weir_str_starts(api, weir_cstr(group));
}


/* Kinds that are read, of these groups. */
static bool
is_ours(weir_str_t api, weir_str_t kind)
{
    size_t  i;

    static const struct {
        const char  *group;
        const char  *kind;
    } ours[] = {
        { "networking.k8s.io/v1", "Ingress" },
        { "gateway.networking.k8s.io/v1", "HTTPRoute" },
        { "gateway.networking.k8s.io/v1", "Gateway" },
        { "gateway.networking.k8s.io/v1", "ReferenceGrant" },
        { "v1", "ConfigMap" },
        { "v1", "Service" }
    };

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (is_group(api, ours[i].group)
            && weir_str_eq(kind, weir_cstr(ours[i].kind)))
        {
            return true;
        }
    }

    return false;
}


static void
aside(imp_t *imp, weir_str_t api, weir_str_t kind, const imp_object_t *o)
{
    bool           old;
    imp_object_t  *slot;

    slot = weir_vec_push(imp->arena, &imp->asides);

    if (slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = *o;

    /* of before networking.k8s.io/v1: other fields have these names */
    old = weir_str_eq(kind, weir_string("Ingress"))
          || weir_str_eq(kind, weir_string("HTTPRoute"))
          || weir_str_eq(kind, weir_string("GRPCRoute"))
          || weir_str_eq(kind, weir_string("TLSRoute"))
          || weir_str_eq(kind, weir_string("TCPRoute"))
          || weir_str_eq(kind, weir_string("UDPRoute"))
          || weir_imp_is_attached(imp, o);

    weir_imp_note(imp, old ? IMP_LEFT : IMP_ASIDE, o, o->span,
                  weir_string("kind"),
                  old ? "%.*s of %.*s is not read" : "%.*s of %.*s is nothing "
                  "that import reads", WEIR_STR(kind), WEIR_STR(api));
}


static void
add_object(imp_t *imp, const weir_node_t *root)
{
    weir_str_t           api, kind, key;
    imp_object_t         o, *slot;
    const weir_node_t   *meta;
    weir_names_entry_t  *e;

    memset(&o, 0, sizeof(o));
    api = weir_imp_str(imp, root, "apiVersion");
    kind = weir_imp_str(imp, root, "kind");

    if (api.len == 0 || kind.len == 0) {
        (void) weir_fail(&imp->diags, WEIR_EMISSING, root->text.span,
                         "no manifest: \"apiVersion\" or \"kind\" is missing");
        return;
    }

    meta = weir_imp_map(imp, root, "metadata");
    o.kind = kind;
    o.root = root;
    o.span = root->text.span;
    o.name = weir_imp_str(imp, meta, "name");
    o.ns = weir_imp_str(imp, meta, "namespace");

    if (o.ns.len == 0) {
        o.ns = weir_string("default");
    }

    o.born = weir_imp_str(imp, meta, "creationTimestamp");
    o.label = object_key(imp, kind, o.ns, o.name);

    if (!is_ours(api, kind)) {
        o.spec = weir_node_get(root, "spec");
        aside(imp, api, kind, &o);
        return;
    }

    if (!is_name(o.name) || !weir_imp_is_label(o.ns)) {
        (void) weir_fail(&imp->diags, WEIR_EVALUE,
                         meta != NULL ? meta->text.span : o.span,
                         "the name of the %.*s is missing, or is none that "
                         "an object has", WEIR_STR(kind));
        return;
    }

    o.spec = weir_imp_map(imp, root, "spec");
    o.annotations = weir_imp_map(imp, meta, "annotations");
    key = o.label;

    switch (weir_names_add(&imp->by_object, key, o.span,
                           (uint32_t) imp->objects.len, &e)) {

    case WEIR_OK:
        break;

    case WEIR_DECLINED:
        (void) weir_fail(&imp->diags, WEIR_ETWICE, o.span,
                         "%.*s is there twice, first at %.*s", WEIR_STR(key),
                         WEIR_STR(weir_place(&imp->diags, e->span)));
        return;

    default:
        imp->nomem = true;
        return;
    }

    slot = weir_vec_push(imp->arena, &imp->objects);

    if (slot == NULL) {
        imp->nomem = true;
        return;
    }

    *slot = o;
}


static void
add_document(imp_t *imp, const weir_node_t *root, unsigned depth)
{
    uint32_t            i;
    weir_str_t          kind;
    const weir_node_t  *items;

    if (root->kind != WEIR_T_MAP) {

        if (root->kind != WEIR_T_UNSET) {
            (void) weir_fail(&imp->diags, WEIR_EKIND, root->text.span,
                             "a manifest is a map");
        }

        return;
    }

    items = weir_node_get(root, "items");
    kind = weir_imp_str(imp, root, "kind");

    if (items == NULL || !weir_str_ends(kind, weir_string("List"))) {
        add_object(imp, root);
        return;
    }

    if (depth == MAX_LISTS || !is_kind(imp, items, "items", WEIR_T_LIST,
                                       "a list"))
    {
        (void) weir_fail(&imp->diags, WEIR_EDEPTH, root->text.span,
                         "a list of manifests that is none, or nested");
        return;
    }

    for (i = 0; i < items->n; i++) {
        add_document(imp, &items->u.items[i], depth + 1);
    }
}


int
weir_imp_by_age(const imp_object_t *a, const imp_object_t *b)
{
    if (a->born.len == 0 || b->born.len == 0) {
        return (int) (a->born.len == 0) - (int) (b->born.len == 0);
    }

    return weir_str_cmp(a->born, b->born);
}


cli_exit_t
weir_imp_read(imp_t *imp, const char *path)
{
    size_t            i;
    uint32_t          file;
    weir_rc_t         rc;
    weir_str_t        text;
    cli_exit_t        code;
    weir_documents_t  documents;

    code = weir_cli_read("import", path, imp->arena, &text);

    if (code != CLI_OK) {
        return code;
    }

    if (text.len > WEIR_MAX_SOURCE) {
        return weir_cli_fail(CLI_SOURCE, "import",
                             "%s: more than %u bytes", path, WEIR_MAX_SOURCE);
    }

    rc = weir_diags_add_file(&imp->diags, weir_cstr(path), text, &file);

    if (rc == WEIR_OK) {
        rc = weir_yaml_stream(imp->arena, &imp->diags, file, &documents);
    }

    if (rc != WEIR_OK) {
        imp->nomem |= rc == WEIR_NOMEM;
        return CLI_OK;
    }

    for (i = 0; i < documents.len; i++) {
        add_document(imp, &documents.items[i], 0);
    }

    return CLI_OK;
}
