/*
 * model_settings.c: what the policy is called, what holds for every request,
 * what is logged and where the tests are.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"


static void
set_share(const weir_node_t *node, uint32_t *share)
{
    if (node != NULL) {
        /* the form was checked */
        (void) weir_percent_parse(node->text.text, share);
    }
}


/* A name of letters, digits, '.' and '_', as audit fields have. */
static bool
is_field(weir_str_t s)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '_' || c == '-'
              || (c == '.' && i > 0 && i + 1 < s.len)))
        {
            return false;
        }
    }

    return s.len > 0;
}


/* Text, or a list of it, to names. */
static void
add_test(weir_load_t *l, const weir_node_t *node)
{
    weir_name_t  *name;

    if (node->kind == WEIR_T_UNSET) {
        return;
    }

    name = weir_load_push(l, &l->model->tests);

    if (name != NULL) {
        *name = weir_load_name(node);
    }
}


/* The word was checked. */
static uint8_t
headers_of(weir_str_t word)
{
    bool  both;

    both = weir_str_eq(word, weir_string("both"));

    return (uint8_t)
           ((both || weir_str_eq(word, weir_string("ietf"))
             ? WEIR_HEADERS_IETF : 0)
            | (both || weir_str_eq(word, weir_string("legacy"))
               ? WEIR_HEADERS_LEGACY : 0));
}


void
weir_load_policy(weir_load_t *l, const weir_node_t *node)
{
    const weir_node_t  *n;

    n = weir_node_get(node, "name");

    if (n != NULL) {
        l->model->name = weir_load_name(n);
    }

    n = weir_node_get(node, "serial");

    if (n != NULL) {
        l->model->has_serial = true;
        l->model->serial = (uint64_t) n->u.i;
    }
}


void
weir_load_settings(weir_load_t *l, const weir_node_t *node)
{
    weir_model_t       *m;
    const weir_node_t  *n, *path;

    m = l->model;
    m->dot_segments = WEIR_DOTS_RESOLVE;
    m->merge_slashes = 1;
    m->unmatched = 404;
    m->unknown_tenant = 404;
    m->limit_headers = WEIR_HEADERS_IETF;

    path = weir_node_get(node, "path");
    n = weir_node_get(path, "dot_segments");

    if (n != NULL && weir_str_eq(n->text.text, weir_string("reject"))) {
        m->dot_segments = WEIR_DOTS_REJECT;
    }

    n = weir_node_get(path, "merge_slashes");

    if (n != NULL) {
        m->merge_slashes = n->u.b;
    }

    n = weir_node_get(node, "unmatched");

    if (n != NULL) {
        m->unmatched = (unsigned) n->u.i;
    }

    n = weir_node_get(node, "unknown_tenant");

    if (n != NULL) {
        m->unknown_tenant = (unsigned) n->u.i;
    }

    n = weir_node_get(node, "limit_headers");

    if (n != NULL) {
        m->limit_headers = headers_of(n->text.text);
    }
}


void
weir_load_audit(weir_load_t *l, const weir_node_t *node)
{
    uint32_t            i;
    weir_name_t        *name;
    weir_model_t       *m;
    const weir_node_t  *n;

    m = l->model;
    m->audit_allow = 100;
    m->audit_deny = 10000;

    n = weir_node_get(node, "sample");
    set_share(weir_node_get(n, "allow"), &m->audit_allow);
    set_share(weir_node_get(n, "deny"), &m->audit_deny);

    n = weir_node_get(node, "redact");

    for (i = 0; n != NULL && i < n->n; i++) {

        if (n->u.items[i].kind == WEIR_T_UNSET) {
            continue;
        }

        if (!is_field(n->u.items[i].text.text)) {
            (void) weir_fail(l->diags, WEIR_EVALUE, n->u.items[i].text.span,
                             "\"%.*s\" is no field of the audit log",
                             WEIR_STR(n->u.items[i].text.text));
            continue;
        }

        name = weir_load_push(l, &m->redact);

        if (name != NULL) {
            *name = weir_load_name(&n->u.items[i]);
        }
    }
}


void
weir_load_tests(weir_load_t *l, const weir_node_t *node)
{
    uint32_t  i;

    if (node == NULL) {
        return;
    }

    if (node->kind != WEIR_T_LIST) {
        add_test(l, node);
        return;
    }

    for (i = 0; i < node->n; i++) {
        add_test(l, &node->u.items[i]);
    }
}
