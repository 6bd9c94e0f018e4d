/*
 * model_rules.c: deny and allow rules of the three layers.
 */

#include "front/load.h"
#include "front/codes.h"

#define DENIED  403u


static void
compile(weir_load_t *l, const weir_node_t *when, const weir_cel_site_t *common,
    weir_rule_t *rule)
{
    weir_rc_t         rc;
    weir_str_t        role;
    weir_text_t      *text;
    weir_cel_site_t   site;

    /* the tree may be short-lived, the expression points into its text */
    text = weir_arena_alloc(l->arena, sizeof(weir_text_t));
    role = weir_arena_printf(l->arena, "\"when\" of rule \"%.*s\"",
                             WEIR_STR(rule->id.text));

    if (text == NULL || role.data == NULL) {
        l->nomem = true;
        return;
    }

    *text = when->text;
    rule->text = when->text;

    site = *common;
    site.role = role.data;
    site.want = WEIR_T_BOOL;
    site.phase = rule->phase;

    rc = weir_cel_compile(l->env, text, &site, &rule->when);
    l->nomem |= rc == WEIR_NOMEM;
}


/* NULL: there is no rule in the node, or its id is not new. */
static weir_rule_t *
add_rule(weir_load_t *l, const weir_node_t *node, weir_names_t *names,
    weir_rules_t *out)
{
    weir_name_t         name;
    weir_rule_t        *rule;
    const weir_node_t  *id;

    id = weir_node_get(node, "id");
    name = (weir_name_t) { .span = node->text.span };

    if (id != NULL) {
        name = weir_load_name(id);
        (void) weir_load_unique(l, names, "rule", &name, 0);
    }

    rule = weir_load_push(l, out);

    if (rule != NULL) {
        rule->id = name;
        rule->phase = WEIR_PHASE_ACCESS;
        rule->status = DENIED;
    }

    return rule;
}


static void
set_phase(weir_load_t *l, const weir_node_t *node, weir_layer_t layer,
    weir_rule_t *rule)
{
    const weir_node_t  *n;

    n = weir_node_get(node, "phase");

    if (n == NULL || !weir_str_eq(n->text.text, weir_string("connect"))) {
        return;
    }

    if (layer != WEIR_LAYER_GLOBAL) {
        (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                         "a rule of phase `connect` belongs in the global "
                         "\"deny\": in that phase no %s is known",
                         layer == WEIR_LAYER_TENANT ? "tenant" : "route");
        return;
    }

    rule->phase = WEIR_PHASE_CONNECT;
}


void
weir_load_params(weir_load_t *l, const weir_template_t *path,
    weir_cel_site_t *site)
{
    size_t       i;
    weir_str_t  *params;

    if (path == NULL) {
        return;
    }

    params = weir_arena_array(l->arena, path->nsegments, sizeof(weir_str_t));
    if (params == NULL) {
        l->nomem = true;
        return;
    }

    for (i = 0; i < path->nsegments; i++) {
        if (path->segments[i].param.data != NULL) {
            params[site->nparams++] = path->segments[i].param;
        }
    }

    site->params = params;
}


void
weir_load_deny(weir_load_t *l, const weir_node_t *node, weir_layer_t layer,
    weir_names_t *names, const weir_template_t *path, weir_rules_t *out)
{
    uint32_t            i;
    weir_rule_t        *rule;
    weir_cel_site_t     site;
    const weir_node_t  *r, *n;

    memset(&site, 0, sizeof(weir_cel_site_t));
    weir_load_params(l, node != NULL ? path : NULL, &site);

    for (i = 0; node != NULL && i < node->n; i++) {
        r = &node->u.items[i];

        if (r->kind == WEIR_T_UNSET) {
            continue;
        }

        rule = add_rule(l, r, names, out);
        if (rule == NULL) {
            return;
        }

        set_phase(l, r, layer, rule);

        n = weir_node_get(r, "status");
        rule->status = n != NULL ? (unsigned) n->u.i : DENIED;

        n = weir_node_get(r, "message");

        if (n != NULL) {
            rule->message = weir_load_name(n);
        }

        n = weir_node_get(r, "dry_run");
        rule->dry_run = n != NULL && n->u.b;

        n = weir_node_get(r, "when");

        if (n != NULL) {
            compile(l, n, &site, rule);
        }
    }
}


void
weir_load_allow(weir_load_t *l, const weir_node_t *node, weir_names_t *names,
    const weir_template_t *path, weir_rules_t *out)
{
    uint32_t            i;
    weir_rule_t        *rule;
    weir_cel_site_t     site;
    const weir_node_t  *r, *n;

    memset(&site, 0, sizeof(weir_cel_site_t));
    weir_load_params(l, node != NULL ? path : NULL, &site);

    for (i = 0; node != NULL && i < node->n; i++) {
        r = &node->u.items[i];

        if (r->kind == WEIR_T_UNSET) {
            continue;
        }

        rule = add_rule(l, r, names, out);
        if (rule == NULL) {
            return;
        }

        n = weir_node_get(r, "when");

        if (n != NULL) {
            compile(l, n, &site, rule);
        }
    }
}
