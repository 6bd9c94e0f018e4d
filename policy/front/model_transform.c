/*
 * model_transform.c: what of a request is rewritten before the upstream gets
 * it, and of the answer before the client does.
 *
 * A way is done in the order remove, set, add, whatever the source says.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/template.h"
#include "image/header.h"

#define TEXT_KINDS                                                            \
    ((uint32_t) 1 << WEIR_T_STRING | (uint32_t) 1 << WEIR_T_INT               \
     | (uint32_t) 1 << WEIR_T_UINT | (uint32_t) 1 << WEIR_T_DOUBLE            \
     | (uint32_t) 1 << WEIR_T_BOOL | (uint32_t) 1 << WEIR_T_IP)


/* "request" or "response" of a route while it is read. */
typedef struct {
    weir_load_t        *l;
    weir_route_t       *route;
    weir_cel_site_t     site;
    weir_names_t        settled;    /* names that are removed or set */
    bool                response;
    weir_header_ops_t  *out;
} way_t;


/* false: it does not compile, which was reported. */
static bool
fill(way_t *w, const weir_node_t *node, const char *role, weir_filled_t *out)
{
    weir_rc_t        rc;
    weir_cel_site_t  site;

    site = w->site;
    site.role = role;
    out->text = node->text;

    rc = weir_cel_compile(w->l->env, &node->text, &site, &out->expr);
    w->l->nomem |= rc == WEIR_NOMEM;

    return rc == WEIR_OK;
}


/* What is the same for every request is known here. */
static void
settle(way_t *w, const char *role, weir_filled_t *f)
{
    if (weir_expr_is_text(f->expr, &f->value)
        && !weir_header_is_value(f->value))
    {
        (void) weir_fail(w->l->diags, WEIR_EVALUE, f->text.span,
                         "%s is text with a control character in it, or of "
                         "more than %d bytes", role, WEIR_MAX_HEADER_VALUE);
    }
}


/* The key of a route that says what a header of its answers is, or NULL. */
static const char *
answered_by(const weir_route_t *r, weir_str_t name)
{
    if (r->cors != WEIR_NONE
        && weir_str_starts(name, weir_string("access-control-")))
    {
        return "cors";
    }

    if ((r->version.deprecation.data != NULL
         && weir_str_eq(name, weir_string("deprecation")))
        || (r->version.sunset.data != NULL
            && weir_str_eq(name, weir_string("sunset"))))
    {
        return "version";
    }

    return NULL;
}


/* false: the name is not to be changed, which was reported. */
static bool
take_name(way_t *w, unsigned op, const weir_node_t *node, weir_name_t *out)
{
    const char          *key;
    weir_name_t          name;
    weir_names_entry_t  *prev;

    name = weir_load_name(node);
    name.text = weir_lower(w->l->arena, name.text);

    if (name.text.data == NULL) {
        w->l->nomem = true;
        return false;
    }

    if (name.text.len > WEIR_MAX_HEADER_NAME) {
        (void) weir_fail(w->l->diags, WEIR_EBOUND, name.span,
                         "the name of a header has %zu bytes, the most is %d",
                         name.text.len, WEIR_MAX_HEADER_NAME);
        return false;
    }

    if (weir_header_is_kept(name.text, w->response)) {
        (void) weir_fail(w->l->diags, WEIR_EHEADER, name.span,
                         "\"%.*s\" is of the connection or the framing of %s; "
                         "nginx sees to it", WEIR_STR(node->text.text),
                         w->response ? "an answer" : "a request");
        return false;
    }

    key = w->response ? answered_by(w->route, name.text) : NULL;

    if (key != NULL) {
        (void) weir_fail(w->l->diags, WEIR_EPLACE, name.span,
                         "\"%.*s\" in a route whose \"%s\" says what it is",
                         WEIR_STR(node->text.text), key);
        return false;
    }

    *out = name;

    if (op == WEIR_HEADER_ADD) {
        return true;
    }

    switch (weir_names_add(&w->settled, name.text, name.span, op, &prev)) {

    case WEIR_OK:
        return true;

    case WEIR_DECLINED:
        (void) weir_fail(w->l->diags, WEIR_ETWICE, name.span,
                         "\"%.*s\" is %s here and %s at %.*s",
                         WEIR_STR(node->text.text),
                         op == WEIR_HEADER_SET ? "set" : "removed",
                         prev->value == WEIR_HEADER_SET ? "set" : "removed",
                         WEIR_STR(weir_place(w->l->diags, prev->span)));
        return false;

    default:
        w->l->nomem = true;
        return false;
    }
}


static void
add_op(way_t *w, unsigned op, const weir_node_t *name,
    const weir_node_t *value)
{
    weir_str_t         role;
    weir_header_op_t   rec, *slot;

    if (name->kind == WEIR_T_UNSET) {
        return;
    }

    memset(&rec, 0, sizeof(rec));
    rec.op = op;

    if (!take_name(w, op, name, &rec.name)) {
        return;
    }

    if (value != NULL) {

        if (value->kind == WEIR_T_UNSET) {
            return;
        }

        role = weir_arena_printf(w->l->arena,
                                 "header \"%.*s\" of the %s of route "
                                 "\"%.*s\"", WEIR_STR(name->text.text),
                                 w->response ? "response" : "request",
                                 WEIR_STR(w->route->id.text));

        if (role.data == NULL) {
            w->l->nomem = true;
            return;
        }

        if (!fill(w, value, role.data, &rec.value)) {
            return;
        }

        settle(w, role.data, &rec.value);
    }

    slot = weir_load_push(w->l, w->out);

    if (slot != NULL) {
        *slot = rec;
    }
}


static void
add_ops(way_t *w, unsigned op, const weir_node_t *node)
{
    uint32_t  i;

    for (i = 0; node != NULL && i < node->n; i++) {

        if (node->kind == WEIR_T_LIST) {
            add_op(w, op, &node->u.items[i], NULL);
        } else {
            add_op(w, op, &node->u.entries[i].key,
                   &node->u.entries[i].value);
        }
    }
}


static void
load_way(way_t *w, const weir_node_t *node)
{
    add_ops(w, WEIR_HEADER_REMOVE, weir_node_get(node, "remove"));
    add_ops(w, WEIR_HEADER_SET, weir_node_get(node, "set"));
    add_ops(w, WEIR_HEADER_ADD, weir_node_get(node, "add"));

    if (w->out->len > WEIR_MAX_HEADER_OPS) {
        (void) weir_fail(w->l->diags, WEIR_EBOUND, node->text.span,
                         "%zu headers are removed, set or added, the most is "
                         "%d", w->out->len, WEIR_MAX_HEADER_OPS);
    }
}


/* Of a path that is the same for every request, whatever made it. */
static bool
has_dots(weir_str_t path)
{
    const char  *p, *end, *slash;

    end = path.data + path.len;

    for (p = path.data; p < end; p = slash + 1) {
        slash = memchr(p, '/', (size_t) (end - p));
        slash = slash != NULL ? slash : end;

        if (weir_is_dots(weir_str(p, (size_t) (slash - p)))) {
            return true;
        }
    }

    return false;
}


/* A path begins with a slash, unless it begins with an expression. */
static void
load_path(way_t *w, const weir_node_t *node)
{
    weir_str_t      s, role;
    weir_filled_t  *f;

    if (node == NULL) {
        return;
    }

    role = weir_arena_printf(w->l->arena, "\"path\" of route \"%.*s\"",
                             WEIR_STR(w->route->id.text));

    if (role.data == NULL) {
        w->l->nomem = true;
        return;
    }

    w->site.path = true;
    f = &w->route->rewrite;

    if (!fill(w, node, role.data, f)) {
        w->site.path = false;
        return;
    }

    w->site.path = false;
    settle(w, role.data, f);
    s = f->value.data != NULL ? f->value : node->text.text;

    if (!weir_str_starts(s, weir_string("/"))
        && (f->value.data != NULL || !weir_str_starts(s, weir_string("${"))))
    {
        (void) weir_fail(w->l->diags, WEIR_EVALUE, node->text.span,
                         "%.*s is \"%.*s\", which does not begin with \"/\"",
                         WEIR_STR(role), WEIR_STR(s));

    } else if (f->value.data != NULL && has_dots(f->value)) {
        (void) weir_fail(w->l->diags, WEIR_EVALUE, node->text.span,
                         "%.*s is \"%.*s\", and no path has a dot segment",
                         WEIR_STR(role), WEIR_STR(s));
    }
}


void
weir_load_transform(weir_load_t *l, const weir_node_t *node, weir_route_t *r)
{
    way_t               w;
    const weir_node_t  *n;

    memset(&w, 0, sizeof(w));
    w.l = l;
    w.route = r;
    w.settled.arena = l->arena;
    w.site.template = true;
    w.site.among = TEXT_KINDS;
    w.site.phase = WEIR_PHASE_ACCESS;
    weir_load_params(l, node != NULL ? &r->path : NULL, &w.site);

    n = weir_node_get(node, "request");
    w.out = &r->request_ops;
    load_path(&w, weir_node_get(n, "path"));
    load_way(&w, n);

    w.settled = (weir_names_t) { .arena = l->arena };
    w.response = true;
    w.site.phase = WEIR_PHASE_RESPONSE;
    w.out = &r->response_ops;
    load_way(&w, weir_node_get(node, "response"));
}
