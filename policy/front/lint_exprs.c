/*
 * lint_exprs.c: what the compiled expressions use, and advice about them.
 *
 * Trees are at most MAX_HEIGHT of cel_node.c high, vars at most
 * WEIR_MAX_VAR_LEVEL deep: that bounds every recursion here.
 */

#include "front/lint.h"

#define MAX_FACTS  32u          /* keys known to be there, at once */


/* A key that a map has; or of tenant.id, .plan: its value, "": it has one. */
typedef struct {
    unsigned             attr;
    weir_str_t           key;
} fact_t;

typedef struct {
    fact_t               items[MAX_FACTS];
    unsigned             n;
    bool                 full;  /* too many: nothing is said */
} facts_t;

typedef struct {
    weir_lint_t         *l;
    weir_names_t         used;  /* lists.NAME and vars.NAME */
    weir_names_t         named; /* vars.NAME that other vars name */
    weir_names_t         ids;   /* of tenants */
    weir_names_t         plans;
    const weir_tenant_t *tenant;        /* whose rule it is, or NULL */
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


static bool
is_string(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_CONST && ex->value->kind == WEIR_T_STRING;
}


static bool
is_call(const weir_ex_t *ex, unsigned fn)
{
    return ex->x == WEIR_X_CALL && ex->fn == fn;
}


/* Whether the attribute is a map that lacks what nobody put there. */
static bool
is_map(const weir_ex_t *ex)
{
    return ex->x == WEIR_X_ATTR && weir_attrs[ex->u.attr].kind == WEIR_T_MAP;
}


/* What it asks of which map: ["key"] or has(map.key); false: neither. */
static bool
asks(const weir_ex_t *ex, fact_t *fact)
{
    const weir_ex_t  *map;

    map = is_call(ex, WEIR_N_IN) ? ex->args[1]
          : ex->x == WEIR_X_HAS || is_call(ex, WEIR_N_INDEX) ? ex->args[0]
                                                             : NULL;
    if (map == NULL || !is_map(map)) {
        return false;
    }

    fact->attr = map->u.attr;

    if (ex->x == WEIR_X_HAS) {
        fact->key = ex->name;
        return true;
    }

    ex = ex->args[is_call(ex, WEIR_N_INDEX)];

    if (!is_string(ex)) {
        return false;
    }

    fact->key = ex->value->s;

    return true;
}


/* tenant.id == "x", tenant.id != "", and so with tenant.plan. */
static bool
names_tenant(const weir_ex_t *ex, bool truth, fact_t *fact)
{
    const weir_ex_t  *attr, *other;

    if (!is_call(ex, truth ? WEIR_N_EQ : WEIR_N_NE)
        && !is_call(ex, truth ? WEIR_N_NE : WEIR_N_EQ))
    {
        return false;
    }

    attr = ex->args[ex->args[1]->x == WEIR_X_ATTR];
    other = ex->args[ex->args[1]->x != WEIR_X_ATTR];

    if (attr->x != WEIR_X_ATTR || !is_string(other)
        || (attr->u.attr != WEIR_A_TENANT_ID
            && attr->u.attr != WEIR_A_TENANT_PLAN))
    {
        return false;
    }

    *fact = (fact_t) { attr->u.attr, other->value->s };

    return is_call(ex, truth ? WEIR_N_EQ : WEIR_N_NE)
           == (fact->key.len != 0);
}


/*
 * Keys without which the expression would be the opposite of truth, and no
 * error; tenants for which it would.
 */
static void
learn(facts_t *facts, const weir_ex_t *ex, bool truth)
{
    fact_t    fact;
    uint32_t  i;

    if (ex->x == WEIR_X_VAR) {
        learn(facts, ex->u.var->expr->root, truth);
        return;
    }

    if (is_call(ex, WEIR_N_NOT)) {
        learn(facts, ex->args[0], !truth);
        return;
    }

    if (ex->x == (truth ? WEIR_X_AND : WEIR_X_OR)) {

        for (i = 0; i < ex->n; i++) {
            learn(facts, ex->args[i], truth);
        }

        return;
    }

    if (!names_tenant(ex, truth, &fact)
        && (!truth || is_call(ex, WEIR_N_INDEX) || !asks(ex, &fact)))
    {
        return;
    }

    if (facts->n == MAX_FACTS) {
        facts->full = true;
        return;
    }

    facts->items[facts->n++] = fact;
}


static bool
has_attr(const weir_tenant_t *t, weir_str_t key)
{
    size_t  i;

    for (i = 0; t->attrs != NULL && i < t->attrs->nitems; i++) {
        if (weir_str_eq(t->attrs->items[2 * i].s, key)) {
            return true;
        }
    }

    return false;
}


static bool
may_be(const weir_tenant_t *t, const fact_t *fact)
{
    weir_str_t  s;

    if (fact->attr != WEIR_A_TENANT_ID && fact->attr != WEIR_A_TENANT_PLAN) {
        return true;
    }

    s = fact->attr == WEIR_A_TENANT_ID ? t->id.text : t->plan.text;

    return fact->key.len == 0 ? s.len != 0 : weir_str_eq(s, fact->key);
}


/* Whether all tenants that it can be have the attribute. */
static bool
tenants_have(const exprs_t *s, const facts_t *facts, weir_str_t key)
{
    bool                  named;
    size_t                i;
    unsigned              k;
    const weir_tenant_t  *t;

    if (s->tenant != NULL) {
        return has_attr(s->tenant, key);
    }

    for (k = 0, named = false; k < facts->n; k++) {
        named = named || facts->items[k].attr == WEIR_A_TENANT_ID
                || facts->items[k].attr == WEIR_A_TENANT_PLAN;
    }

    for (i = 0; named && i < s->l->m->tenants.len; i++) {
        t = &s->l->m->tenants.items[i];

        for (k = 0; k < facts->n && may_be(t, &facts->items[k]); k++) {
            /* void */
        }

        if (k == facts->n && !has_attr(t, key)) {
            return false;
        }
    }

    return named;
}


static bool
knows(const exprs_t *s, const facts_t *facts, const fact_t *fact)
{
    unsigned  i;

    for (i = 0; i < facts->n; i++) {
        if (facts->items[i].attr == fact->attr
            && weir_str_eq(facts->items[i].key, fact->key))
        {
            return true;
        }
    }

    return facts->full || (fact->attr == WEIR_A_TENANT_ATTRS
                           && tenants_have(s, facts, fact->key));
}


/* The first part that fails where a key is absent; NULL: there is none. */
static const weir_ex_t *
may_fail(const exprs_t *s, const weir_ex_t *ex, facts_t *facts, fact_t *fact)
{
    uint32_t          i;
    unsigned          n;
    const weir_ex_t  *found;

    if (ex->x == WEIR_X_VAR) {
        return may_fail(s, ex->u.var->expr->root, facts, fact) ? ex : NULL;
    }

    if (is_call(ex, WEIR_N_INDEX) && asks(ex, fact)) {
        return knows(s, facts, fact) ? NULL : ex;
    }

    n = facts->n;

    if (ex->x == WEIR_X_AND || ex->x == WEIR_X_OR) {
        for (i = 0; i < ex->n; i++) {
            learn(facts, ex->args[i], ex->x == WEIR_X_AND);
        }
    }

    for (i = 0, found = NULL; i < ex->n && found == NULL; i++) {

        if (ex->x == WEIR_X_COND && i > 0) {
            facts->n = n;
            learn(facts, ex->args[0], i == 1);
        }

        found = may_fail(s, ex->args[i], facts, fact);
    }

    facts->n = n;

    return found;
}


static void
deny_may_fail(exprs_t *s, const weir_rule_t *r)
{
    fact_t            fact;
    facts_t           facts;
    const weir_ex_t  *ex;

    memset(&facts, 0, sizeof(facts));
    ex = may_fail(s, r->when->root, &facts, &fact);

    if (ex == NULL) {
        return;
    }

    weir_warn(s->l->diags, WEIR_WABSENT,
              weir_text_span(&r->text, ex->off, ex->len),
              "without \"%.*s\" in `%s` this fails, and a deny rule that "
              "fails denies: ask whether it is there, or use "
              "[?\"%.*s\"].orValue()", WEIR_STR(fact.key),
              weir_attrs[fact.attr].name, WEIR_STR(fact.key));
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

        if (is_string(other)) {
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
        full = weir_arena_printf(s->l->arena, "vars.%.*s",
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
rules(exprs_t *s, const weir_rules_t *list, bool deny)
{
    size_t              i;
    const weir_rule_t  *r;

    for (i = 0; i < list->len; i++) {
        r = &list->items[i];

        if (r->when == NULL) {
            continue;
        }

        use(s, r->when);
        advise(s, r->when, r->when->root);

        if (deny) {
            deny_may_fail(s, r);
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
                  "`%.*s` is used by nothing but vars that are never used",
                  WEIR_STR(full));

    } else {
        weir_warn(s->l->diags, WEIR_WUNUSED, name->span,
                  "`%.*s` is never used", WEIR_STR(full));
    }
}


static void
gather(exprs_t *s)
{
    size_t                 i, k;
    const weir_model_t    *m;
    const weir_cel_env_t  *env;

    m = s->l->m;
    env = s->l->env;

    rules(s, &m->deny, true);
    rules(s, &m->allow, false);

    for (i = 0; i < m->tenants.len; i++) {
        s->tenant = &m->tenants.items[i];
        rules(s, &s->tenant->deny, true);
        rules(s, &s->tenant->allow, false);
    }

    s->tenant = NULL;

    for (i = 0; i < m->routes.len; i++) {
        rules(s, &m->routes.items[i].deny, true);
        rules(s, &m->routes.items[i].allow, false);
    }

    for (i = 0; env != NULL && i < env->vars.len; i++) {

        if (env->vars.items[i]->expr == NULL) {
            continue;
        }

        advise(s, env->vars.items[i]->expr, env->vars.items[i]->expr->root);

        for (k = 0; k < env->vars.items[i]->expr->vars.len; k++) {
            note(s, &s->named, "vars",
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
}
