/*
 * model_routes.c: which requests there are.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/template.h"


static void
twice(weir_load_t *l, const weir_node_t *node)
{
    (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                     "\"%.*s\" stands twice in one route",
                     WEIR_STR(node->text.text));
}


static void
add_method(weir_load_t *l, const weir_node_t *node, weir_route_t *r)
{
    size_t        i;
    uint32_t      bit;
    weir_name_t  *other;

    static const char *const  names[] = {
#define M(name, text)  text,
        WEIR_METHODS(M)
#undef M
    };

    for (i = 0; i < WEIR_METHOD_COUNT; i++) {

        if (!weir_str_eq(weir_cstr(names[i]), node->text.text)) {
            continue;
        }

        bit = (uint32_t) 1 << i;

        if (r->methods & bit) {
            twice(l, node);
        }

        r->methods |= bit;
        return;
    }

    for (i = 0; i < r->other.len; i++) {
        if (weir_str_eq(r->other.items[i].text, node->text.text)) {
            twice(l, node);
            return;
        }
    }

    other = weir_load_push(l, &r->other);

    if (other != NULL) {
        *other = weir_load_name(node);
    }
}


/* A value that no header can have is no test. */
static bool
is_header_value(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if ((uint8_t) s.data[i] < 0x20 || (uint8_t) s.data[i] == 0x7f) {
            return false;
        }
    }

    return s.len > 0 && s.data[0] != ' ';
}


static void
set_value(weir_load_t *l, const weir_node_t *node, unsigned test,
    weir_header_test_t *t)
{
    t->test = test;
    t->value = weir_load_name(node);

    if (!is_header_value(t->value.text)) {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         "\"%.*s\" is nothing that a header's value %s",
                         WEIR_STR(t->value.text),
                         test == WEIR_TEST_EXACT ? "can be"
                                                 : "can begin with");
    }
}


static void
add_header(weir_load_t *l, const weir_node_t *node, weir_route_t *r)
{
    size_t               i;
    weir_name_t          name;
    const weir_node_t   *n;
    weir_header_test_t  *t;

    n = weir_node_get(node, "name");
    if (n == NULL) {
        return;
    }

    name = weir_load_name(n);
    name.text = weir_lower(l->arena, name.text);
    l->nomem |= name.text.data == NULL;

    for (i = 0; i < r->headers.len; i++) {
        if (weir_str_eq(r->headers.items[i].name.text, name.text)) {
            twice(l, n);
            return;
        }
    }

    t = weir_load_push(l, &r->headers);
    if (t == NULL) {
        return;
    }

    t->name = name;
    t->test = WEIR_TEST_PRESENT;

    if ((n = weir_node_get(node, "equals")) != NULL) {
        set_value(l, n, WEIR_TEST_EXACT, t);

    } else if ((n = weir_node_get(node, "prefix")) != NULL) {
        set_value(l, n, WEIR_TEST_PREFIX, t);

    } else if ((n = weir_node_get(node, "present")) != NULL && !n->u.b) {
        (void) weir_fail(l->diags, WEIR_EVALUE, n->text.span,
                         "\"present\" is false; only true is a test");
    }
}


/* false: the route matches nothing that is known. */
static bool
load_match(weir_load_t *l, const weir_node_t *node, weir_route_t *r)
{
    bool                ok;
    uint32_t            i;
    weir_rc_t           rc;
    const weir_node_t  *n;

    ok = true;
    n = weir_node_get(node, "host");

    if (n != NULL) {
        rc = weir_host_parse(l->arena, l->diags, &n->text, true, &r->host);
        l->nomem |= rc == WEIR_NOMEM;
        ok = rc == WEIR_OK;
    }

    n = weir_node_get(node, "methods");

    for (i = 0; n != NULL && i < n->n; i++) {
        if (n->u.items[i].kind != WEIR_T_UNSET) {
            add_method(l, &n->u.items[i], r);
        }
    }

    n = weir_node_get(node, "headers");

    for (i = 0; n != NULL && i < n->n; i++) {
        if (n->u.items[i].kind != WEIR_T_UNSET) {
            add_header(l, &n->u.items[i], r);
        }
    }

    n = weir_node_get(node, "path");
    if (n == NULL) {
        return false;
    }

    rc = weir_template_parse(l->arena, l->diags, &n->text, &r->path);
    l->nomem |= rc == WEIR_NOMEM;

    return ok && rc == WEIR_OK;
}


static void
not_in_public(weir_load_t *l, const weir_node_t *route, const char *key)
{
    const weir_node_t  *n;

    n = weir_node_get(route, key);

    if (n != NULL) {
        (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                         "\"%s\" in a public route, which everybody may use",
                         key);
    }
}


static void
load_route(weir_load_t *l, const weir_node_t *node)
{
    bool                ok;
    size_t              errors;
    weir_names_t        names;
    weir_route_t        route, *r;
    const weir_node_t  *n;

    memset(&route, 0, sizeof(weir_route_t));
    errors = l->diags->errors;
    n = weir_node_get(node, "id");
    ok = false;

    if (n != NULL) {
        route.id = weir_load_name(n);
        ok = weir_load_unique(l, &l->routes, "route", &route.id, 0);
    }

    n = weir_node_get(node, "match");

    /* what is wrong in "match" leaves no route to compare with others */
    ok = n != NULL && load_match(l, n, &route) && ok
         && l->diags->errors == errors;

    n = weir_node_get(node, "public");
    route.public = n != NULL && n->u.b;

    weir_load_auth(l, node, &route);

    if (route.public) {
        not_in_public(l, node, "allow");
        not_in_public(l, node, "require");
    }

    weir_load_route_limits(l, weir_node_get(node, "limits"), &route);

    n = weir_node_get(node, "upstream");

    if (n != NULL) {
        route.upstream = weir_load_name(n);
    }

    weir_load_route_split(l, weir_node_get(node, "split"), &route);

    weir_load_route_cors(l, weir_node_get(node, "cors"), &route);
    weir_load_version(l, weir_node_get(node, "version"), &route.version);

    /* without its template, every path.NAME in a rule would look wrong */
    if (route.path.text.text.data != NULL) {
        weir_load_transform(l, weir_node_get(node, "transform"), &route);
        names = (weir_names_t) { .arena = l->arena };

        weir_load_deny(l, weir_node_get(node, "deny"), WEIR_LAYER_ROUTE,
                       &names, &route.path, &route.deny);
        weir_load_allow(l, weir_node_get(node, "allow"), &names, &route.path,
                        &route.allow);
        weir_load_require(l, weir_node_get(node, "require"), &route.path,
                          &route.require);
    }

    r = ok ? weir_load_push(l, &l->model->routes) : NULL;

    if (r != NULL) {
        *r = route;
    }
}


void
weir_load_routes(weir_load_t *l, const weir_node_t *node)
{
    uint32_t  i;

    for (i = 0; node != NULL && i < node->n; i++) {
        if (node->u.items[i].kind != WEIR_T_UNSET) {
            load_route(l, &node->u.items[i]);
        }
    }
}
