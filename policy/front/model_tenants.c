/*
 * model_tenants.c: who the tenants are, from the policy and from JSON lines,
 * and how a request names its own.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"
#include "front/template.h"
#include "image/attrs.h"


static void  literal(weir_load_t *l, const weir_node_t *node, unsigned depth,
    weir_literal_t *out);


static bool
too_many(weir_load_t *l, const weir_node_t *node)
{
    if (node->n <= WEIR_MAX_LIST) {
        return false;
    }

    (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                     "%u values in a list or map, the most is %d",
                     (unsigned) node->n, WEIR_MAX_LIST);
    return true;
}


static void
literal_items(weir_load_t *l, const weir_node_t *node, unsigned depth,
    weir_literal_t *out)
{
    bool             map;
    uint32_t         i;
    weir_literal_t  *items;

    if (depth == WEIR_MAX_VALUE_DEPTH) {
        (void) weir_fail(l->diags, WEIR_EDEPTH, node->text.span,
                         "an attribute nested deeper than %d",
                         WEIR_MAX_VALUE_DEPTH);
        return;
    }

    if (too_many(l, node)) {
        return;
    }

    map = node->kind == WEIR_T_MAP;
    items = weir_arena_array(l->arena, (size_t) node->n * (map ? 2 : 1),
                             sizeof(weir_literal_t));
    if (items == NULL) {
        l->nomem = true;
        return;
    }

    for (i = 0; i < node->n; i++) {

        if (map) {
            literal(l, &node->u.entries[i].key, depth + 1, &items[2 * i]);
            literal(l, &node->u.entries[i].value, depth + 1,
                    &items[2 * i + 1]);

        } else {
            literal(l, &node->u.items[i], depth + 1, &items[i]);
        }
    }

    out->items = items;
    out->nitems = node->n;
}


static void
literal(weir_load_t *l, const weir_node_t *node, unsigned depth,
    weir_literal_t *out)
{
    out->kind = node->kind != WEIR_T_UNSET ? (weir_kind_t) node->kind
                                           : WEIR_T_NULL;

    switch (node->kind) {

    case WEIR_T_BOOL:
        out->u.b = node->u.b;
        break;

    case WEIR_T_INT:
        out->u.i = node->u.i;
        break;

    case WEIR_T_DOUBLE:
        out->u.d = node->u.d;
        break;

    case WEIR_T_STRING:
        out->s = node->text.text;

        if (out->s.len > WEIR_MAX_STRING) {
            (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                             "an attribute has %zu bytes, the most is %d",
                             out->s.len, WEIR_MAX_STRING);
        }

        break;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        literal_items(l, node, depth, out);
        break;

    default:
        break;
    }
}


static void
load_attrs(weir_load_t *l, const weir_node_t *node, weir_tenant_t *t)
{
    if (node == NULL) {
        return;
    }

    if (node->n > weir_attrs[WEIR_A_TENANT_ATTRS].max) {
        (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                         "\"attrs\" has %u entries, the most is %u",
                         (unsigned) node->n,
                         weir_attrs[WEIR_A_TENANT_ATTRS].max);
        return;
    }

    t->attrs = weir_arena_alloc(l->arena, sizeof(weir_literal_t));

    if (t->attrs == NULL) {
        l->nomem = true;
        return;
    }

    literal(l, node, 0, t->attrs);
}


static void
load_hosts(weir_load_t *l, const weir_node_t *node, weir_tenant_t *t)
{
    uint32_t            i;
    weir_rc_t           rc;
    weir_name_t        *hosts, name;
    const weir_node_t  *n;

    if (node == NULL || node->n == 0) {
        return;
    }

    hosts = weir_arena_array(l->arena, node->n, sizeof(weir_name_t));
    if (hosts == NULL) {
        l->nomem = true;
        return;
    }

    t->hosts = hosts;

    for (i = 0; i < node->n; i++) {
        n = &node->u.items[i];

        if (n->kind == WEIR_T_UNSET) {
            continue;
        }

        rc = weir_host_parse(l->arena, l->diags, &n->text, false, &name);
        l->nomem |= rc == WEIR_NOMEM;

        if (rc == WEIR_OK
            && weir_load_unique(l, &l->hosts, "host", &name, 0))
        {
            hosts[t->nhosts++] = name;
        }
    }
}


/* body is the record of one tenant, of the policy or of a line. */
static void
load_tenant(weir_load_t *l, const weir_name_t *id, const weir_node_t *body)
{
    weir_names_t        names;
    weir_tenant_t      *t;
    const weir_node_t  *n;

    if (weir_str_eq(id->text, weir_string(WEIR_OTHER))) {
        (void) weir_fail(l->diags, WEIR_EVALUE, id->span,
                         "no tenant is called \"" WEIR_OTHER "\": metrics and "
                         "usage count for it what they have no room for");
        return;
    }

    if (!weir_load_unique(l, &l->tenants, "tenant", id,
                          (uint32_t) l->model->tenants.len))
    {
        return;
    }

    t = weir_load_push(l, &l->model->tenants);
    if (t == NULL) {
        return;
    }

    t->id = *id;
    n = weir_node_get(body, "plan");

    t->limits = WEIR_NONE;

    if (n != NULL) {
        t->plan = weir_load_name(n);
        t->limits = weir_load_plan_of(l, &t->plan);
    }

    load_hosts(l, weir_node_get(body, "hosts"), t);
    load_attrs(l, weir_node_get(body, "attrs"), t);

    weir_load_own_roles(l, weir_node_get(body, "roles"), t);

    names = (weir_names_t) { .arena = l->arena };

    weir_load_deny(l, weir_node_get(body, "deny"), WEIR_LAYER_TENANT, &names,
                   NULL, &t->deny);
    weir_load_allow(l, weir_node_get(body, "allow"), &names, NULL, &t->allow);
}


static void
load_line(weir_load_t *l, const weir_node_t *node, void *data)
{
    weir_name_t         id;
    const weir_node_t  *n;

    (void) data;

    n = weir_node_get(node, "id");

    if (n != NULL) {
        id = weir_load_name(n);
        load_tenant(l, &id, node);
    }
}


static void
unknown_list(weir_load_t *l, weir_str_t name, weir_span_t span)
{
    weir_str_t  near;

    near = weir_load_near(l, &l->lists, name);

    (void) weir_fail(l->diags, WEIR_EUNKNOWN, span,
                     "there is no list \"%.*s\"%s%.*s%s", WEIR_STR(name),
                     near.len ? "; did you mean \"lists." : "",
                     WEIR_STR(near), near.len ? "\"?" : "");
}


static void
load_trust(weir_load_t *l, const weir_node_t *node, weir_resolve_t *r)
{
    uint32_t             i;
    weir_str_t           name;
    const weir_node_t   *n;
    weir_names_entry_t  *e;

    r->trust = weir_arena_array(l->arena, node->n, sizeof(uint32_t));

    if (r->trust == NULL) {
        l->nomem = true;
        return;
    }

    for (i = 0; i < node->n; i++) {
        n = &node->u.items[i];

        if (n->kind == WEIR_T_UNSET) {
            continue;
        }

        name = n->text.text;
        name = weir_str(name.data + sizeof("lists.") - 1,
                        name.len - (sizeof("lists.") - 1));
        e = weir_names_find(&l->lists, name);

        if (e == NULL) {
            unknown_list(l, name, n->text.span);

        } else {
            r->trust[r->ntrust++] = e->value;
        }
    }
}


static weir_rc_t
resolve_path(weir_load_t *l, const weir_node_t *node, weir_resolve_t *r)
{
    size_t                 i, params;
    weir_rc_t              rc;
    const weir_segment_t  *s;

    rc = weir_template_parse(l->arena, l->diags, &node->text, &r->path);
    if (rc != WEIR_OK) {
        return rc;
    }

    params = 0;

    for (i = 0; i < r->path.nsegments; i++) {
        s = &r->path.segments[i];

        if (s->param.data == NULL) {
            continue;
        }

        params++;

        if (!weir_str_eq(s->param, weir_string("tenant"))
            || s->source.data != NULL)
        {
            params = 2;
        }
    }

    if (params != 1) {
        return weir_fail(l->diags, WEIR_ETEMPLATE, node->text.span,
                         "path template: its only parameter must be "
                         "\"{tenant}\", without a pattern");
    }

    return WEIR_OK;
}


static void
load_resolve(weir_load_t *l, const weir_node_t *node)
{
    weir_rc_t           rc;
    weir_resolve_t     *r;
    const weir_node_t  *host, *header, *path, *trust;

    r = weir_load_push(l, &l->model->resolve);
    if (r == NULL) {
        return;
    }

    host = weir_node_get(node, "host");
    header = weir_node_get(node, "header");
    path = weir_node_get(node, "path");
    trust = weir_node_get(node, "trust");
    rc = WEIR_OK;

    if (host != NULL) {
        r->kind = WEIR_RESOLVE_HOST;
        rc = weir_tenant_host_parse(l->arena, l->diags, &host->text,
                                    &r->prefix, &r->suffix);

    } else if (path != NULL) {
        r->kind = WEIR_RESOLVE_PATH;
        rc = resolve_path(l, path, r);

    } else if (header != NULL) {
        r->kind = WEIR_RESOLVE_HEADER;
        r->header = weir_load_name(header);
        r->header.text = weir_lower(l->arena, r->header.text);
        l->nomem |= r->header.text.data == NULL;

        if (trust != NULL) {
            load_trust(l, trust, r);

        } else if (weir_node_find(node, "trust") == NULL) {
            (void) weir_fail(l->diags, WEIR_EMISSING, header->text.span,
                             "a tenant from a header needs \"trust\": lists "
                             "of the peers that may send it");
        }
    }

    if (trust != NULL && header == NULL) {
        (void) weir_fail(l->diags, WEIR_EPLACE, trust->text.span,
                         "\"trust\" is for a tenant from a header");
    }

    l->nomem |= rc == WEIR_NOMEM;
}


void
weir_load_tenants(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          id;
    const weir_node_t   *n;
    const weir_entry_t  *e;

    n = weir_node_get(node, "resolve");

    for (i = 0; n != NULL && i < n->n; i++) {
        if (n->u.items[i].kind != WEIR_T_UNSET) {
            load_resolve(l, &n->u.items[i]);
        }
    }

    n = weir_node_get(node, "list");

    for (i = 0; n != NULL && i < n->n; i++) {
        e = &n->u.entries[i];

        if (e->key.kind != WEIR_T_UNSET && e->value.kind != WEIR_T_UNSET) {
            id = weir_load_name(&e->key);
            load_tenant(l, &id, &e->value);
        }
    }

    n = weir_node_get(node, "file");

    if (n != NULL) {
        weir_load_lines(l, f, n, &weir_schema_tenant_line, load_line, NULL);
    }
}
