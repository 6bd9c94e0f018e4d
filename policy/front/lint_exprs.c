/*
 * lint_exprs.c: what the compiled expressions use, and advice about them.
 *
 * Trees are at most MAX_HEIGHT of cel_node.c high, vars at most
 * WEIR_MAX_VAR_LEVEL deep: that bounds every recursion here.
 */

#include "front/lint.h"


typedef struct {
    weir_lint_t         *l;
    weir_names_t         used;  /* lists.NAME, vars.NAME, flags.NAME */
    weir_names_t         named; /* of the latter two, that others name */
    weir_names_t         ids;   /* of tenants */
    weir_names_t         plans;
} exprs_t;


static void
note(exprs_t *s, weir_names_t *set, const char *section, weir_str_t name)
{
    weir_str_t           full;
    weir_names_entry_t  *e;

    full = section == NULL ? name
           : weir_arena_printf(s->l->arena, "%s.%.*s", section,
                               WEIR_STR(name));

    if (full.data == NULL
        || weir_names_add(set, full, (weir_span_t) { 0 }, 0, &e)
           == WEIR_NOMEM)
    {
        s->l->nomem = true;
    }
}


static void
tenant_name(exprs_t *s, const weir_expr_t *e, const weir_ex_t *at,
    unsigned attr, weir_str_t name)
{
    if (name.len == 0
        || weir_names_find(attr == WEIR_A_TENANT_ID ? &s->ids : &s->plans,
                           name) != NULL)
    {
        return;
    }

    weir_warn(s->l->diags, WEIR_WNOTENANT,
              weir_text_span(e->text, at->off, at->len),
              "no tenant has the %s \"%.*s\"",
              attr == WEIR_A_TENANT_ID ? "id" : "plan", WEIR_STR(name));
}


/* tenant.id and tenant.plan against names that there are not. */
static void
tenant_names(exprs_t *s, const weir_expr_t *e, const weir_ex_t *ex)
{
    uint32_t          i;
    const weir_ex_t  *attr, *other;

    attr = ex->args[ex->args[1]->x == WEIR_X_ATTR];
    other = ex->args[ex->args[1]->x != WEIR_X_ATTR];

    if (attr->x != WEIR_X_ATTR || other->x != WEIR_X_CONST
        || (attr->u.attr != WEIR_A_TENANT_ID
            && attr->u.attr != WEIR_A_TENANT_PLAN))
    {
        return;
    }

    if (ex->fn == WEIR_N_EQ || ex->fn == WEIR_N_NE) {

        if (other->value->kind == WEIR_T_STRING) {
            tenant_name(s, e, other, attr->u.attr, other->value->s);
        }

        return;
    }

    if (ex->fn != WEIR_N_IN || attr != ex->args[0]
        || other->value->kind != WEIR_T_LIST)
    {
        return;
    }

    for (i = 0; i < other->value->n; i++) {
        if (other->value->items[i].kind == WEIR_T_STRING) {
            tenant_name(s, e, other, attr->u.attr, other->value->items[i].s);
        }
    }
}


/* A text as CEL writes it. */
static weir_str_t
quoted(exprs_t *s, weir_str_t text)
{
    char    *p;
    size_t   i, n;

    p = weir_arena_array(s->l->arena, text.len + 1, 2);

    if (p == NULL) {
        s->l->nomem = true;
        return text;
    }

    n = 0;
    p[n++] = '"';

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            p[n++] = '\\';
        }

        p[n++] = text.data[i];
    }

    p[n++] = '"';

    return weir_str(p, n);
}


static void
plain_pattern(exprs_t *s, const weir_expr_t *e, const weir_ex_t *ex)
{
    weir_str_t        text;
    const char       *says;
    const weir_ex_t  *pattern;

    pattern = ex->args[1];

    if (pattern->x != WEIR_X_CONST || pattern->value->kind != WEIR_T_REGEX) {
        return;
    }

    says = weir_lint_plain(s->l, pattern->value->source, &text);

    if (says == NULL) {
        return;
    }

    text = quoted(s, text);

    if (says[0] == '=') {
        weir_warn(s->l->diags, WEIR_WREGEX,
                  weir_text_span(e->text, pattern->off, pattern->len),
                  "this pattern is an equality: == %.*s", WEIR_STR(text));

    } else {
        weir_warn(s->l->diags, WEIR_WREGEX,
                  weir_text_span(e->text, pattern->off, pattern->len),
                  "this pattern is plain text: .%s(%.*s)", says,
                  WEIR_STR(text));
    }
}


/* has(request.headers.Name): the compiler warns of the other forms. */
static void
header_case(exprs_t *s, const weir_expr_t *e, const weir_ex_t *ex)
{
    size_t  i;

    if (ex->args[0]->x != WEIR_X_ATTR
        || (ex->args[0]->u.attr != WEIR_A_REQUEST_HEADERS
            && ex->args[0]->u.attr != WEIR_A_RESPONSE_HEADERS))
    {
        return;
    }

    for (i = 0; i < ex->name.len; i++) {
        if (ex->name.data[i] >= 'A' && ex->name.data[i] <= 'Z') {
            weir_warn(s->l->diags, WEIR_WCASE,
                      weir_text_span(e->text, ex->off, ex->len),
                      "names of headers are in lower case here: this one is "
                      "never there");
            return;
        }
    }
}


/* Advice about one expression, without the vars that it uses. */
static void
advise(exprs_t *s, const weir_expr_t *e, const weir_ex_t *ex)
{
    uint32_t  i;

    if (ex->x == WEIR_X_HAS) {
        header_case(s, e, ex);

    } else if (ex->x == WEIR_X_CALL && ex->n == 2) {

        if (ex->fn == WEIR_N_MATCHES || ex->fn == WEIR_N_M_MATCHES) {
            plain_pattern(s, e, ex);

        } else {
            tenant_names(s, e, ex);
        }
    }

    for (i = 0; i < ex->n; i++) {
        advise(s, e, ex->args[i]);
    }
}


static void
use_lists(exprs_t *s, const weir_ex_t *ex)
{
    uint32_t  i;

    if (ex->x == WEIR_X_CONST && ex->value->kind == WEIR_T_CIDRS) {
        note(s, &s->used, "lists",
             s->l->m->lists.items[ex->value->u.i].name.text);
    }

    for (i = 0; i < ex->n; i++) {
        use_lists(s, ex->args[i]);
    }
}


/* What the expression uses, and what the vars that it names use. */
static void
use(exprs_t *s, const weir_expr_t *e)
{
    size_t           i;
    weir_str_t       full;
    weir_cel_var_t  *var;

    use_lists(s, e->root);

    for (i = 0; i < e->vars.len; i++) {
        var = e->vars.items[i];
        full = weir_arena_printf(s->l->arena, "%s.%.*s", var->group,
                                 WEIR_STR(var->name));

        if (full.data == NULL) {
            s->l->nomem = true;
            return;
        }

        if (weir_names_find(&s->used, full) == NULL && var->expr != NULL) {
            note(s, &s->used, NULL, full);
            use(s, var->expr);
        }
    }
}


static void
expression(exprs_t *s, const weir_expr_t *e)
{
    if (e != NULL) {
        use(s, e);
        advise(s, e, e->root);
    }
}


static void
rules(exprs_t *s, const weir_rules_t *list, const weir_tenant_t *tenant,
    bool deny)
{
    size_t              i;
    const weir_rule_t  *r;

    for (i = 0; i < list->len; i++) {
        r = &list->items[i];
        expression(s, r->when);

        if (deny && r->when != NULL) {
            weir_lint_absent(s->l, tenant, r);
        }
    }
}


static void
unused(exprs_t *s, const char *section, const weir_name_t *name)
{
    weir_str_t  full;

    full = weir_arena_printf(s->l->arena, "%s.%.*s", section,
                             WEIR_STR(name->text));

    if (full.data == NULL) {
        s->l->nomem = true;
        return;
    }

    if (weir_names_find(&s->used, full) != NULL) {
        return;
    }

    if (weir_names_find(&s->named, full) != NULL) {
        weir_warn(s->l->diags, WEIR_WUNUSED, name->span,
                  "`%.*s` is used by nothing but %s that are never used",
                  WEIR_STR(full), s->l->m->flags.len == 0 ? "vars"
                                  : "vars and flags");

    } else {
        weir_warn(s->l->diags, WEIR_WUNUSED, name->span,
                  "`%.*s` is never used", WEIR_STR(full));
    }
}


static void
limit_of(exprs_t *s, const weir_limit_t *limit)
{
    size_t  i;

    for (i = 0; i < limit->key.len; i++) {
        expression(s, limit->key.items[i].expr);
    }

    expression(s, limit->cost_expr);
}


static void
header_ops(exprs_t *s, const weir_header_ops_t *ops)
{
    size_t  i;

    for (i = 0; i < ops->len; i++) {
        expression(s, ops->items[i].value.expr);
    }
}


static void
route_of(exprs_t *s, const weir_route_t *r)
{
    rules(s, &r->deny, NULL, true);
    rules(s, &r->allow, NULL, false);
    expression(s, r->require.when);
    expression(s, r->rewrite.expr);
    header_ops(s, &r->request_ops);
    header_ops(s, &r->response_ops);
}


static void
split_of(exprs_t *s, const weir_split_t *split)
{
    size_t  i;

    expression(s, split->sticky);

    for (i = 0; i < split->overrides.len; i++) {
        expression(s, split->overrides.items[i].when);
    }
}


static void
gather(exprs_t *s)
{
    size_t                 i, k;
    const weir_model_t    *m;
    const weir_tenant_t   *tenant;
    const weir_cel_env_t  *env;

    m = s->l->m;
    env = s->l->env;

    rules(s, &m->deny, NULL, true);
    rules(s, &m->allow, NULL, false);

    for (i = 0; i < m->tenants.len; i++) {
        tenant = &m->tenants.items[i];
        rules(s, &tenant->deny, tenant, true);
        rules(s, &tenant->allow, tenant, false);
    }

    for (i = 0; i < m->routes.len; i++) {
        route_of(s, &m->routes.items[i]);
    }

    for (i = 0; i < m->limits.len; i++) {
        limit_of(s, &m->limits.items[i]);
    }

    for (i = 0; i < m->maintenance.len; i++) {
        expression(s, m->maintenance.items[i].when);
    }

    for (i = 0; i < m->splits.len; i++) {
        split_of(s, &m->splits.items[i]);
    }

    for (i = 0; i < env->vars.len; i++) {

        if (env->vars.items[i]->expr == NULL) {
            continue;
        }

        advise(s, env->vars.items[i]->expr, env->vars.items[i]->expr->root);

        for (k = 0; k < env->vars.items[i]->expr->vars.len; k++) {
            note(s, &s->named, env->vars.items[i]->expr->vars.items[k]->group,
                 env->vars.items[i]->expr->vars.items[k]->name);
        }
    }

    for (i = 0; i < m->resolve.len; i++) {
        for (k = 0; k < m->resolve.items[i].ntrust; k++) {
            note(s, &s->used, "lists",
                 m->lists.items[m->resolve.items[i].trust[k]].name.text);
        }
    }
}


void
weir_lint_exprs(weir_lint_t *l)
{
    size_t               i;
    exprs_t              s;
    const weir_model_t  *m;

    m = l->m;
    memset(&s, 0, sizeof(s));
    s.l = l;
    s.used.arena = l->arena;
    s.named.arena = l->arena;
    s.ids.arena = l->arena;
    s.plans.arena = l->arena;

    for (i = 0; i < m->tenants.len; i++) {
        note(&s, &s.ids, NULL, m->tenants.items[i].id.text);

        if (m->tenants.items[i].plan.text.data != NULL) {
            note(&s, &s.plans, NULL, m->tenants.items[i].plan.text);
        }
    }

    gather(&s);

    for (i = 0; i < m->lists.len; i++) {
        unused(&s, "lists", &m->lists.items[i].name);
    }

    for (i = 0; i < m->vars.len; i++) {
        unused(&s, "vars", &m->vars.items[i].name);
    }

    for (i = 0; i < m->flags.len; i++) {
        unused(&s, "flags", &m->flags.items[i].name);
    }
}
