/*
 * lint_absent.c: deny rules that fail where a key is absent, and so deny.
 *
 * What stands beside a question in the condition may make sure that the key
 * is there, or that the answer does not count.  Trees are at most MAX_HEIGHT
 * of cel_node.c high, vars at most WEIR_MAX_VAR_LEVEL deep: that bounds the
 * recursion.
 */

#include "front/lint.h"

#define MAX_FACTS  32u          /* known at once */


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
    const weir_model_t   *m;
    const weir_tenant_t  *tenant;       /* whose rule it is, or NULL */
} absent_t;


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
tenants_have(const absent_t *s, const facts_t *facts, weir_str_t key)
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

    for (i = 0; named && i < s->m->tenants.len; i++) {
        t = &s->m->tenants.items[i];

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
knows(const absent_t *s, const facts_t *facts, const fact_t *fact)
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
may_fail(const absent_t *s, const weir_ex_t *ex, facts_t *facts, fact_t *fact)
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


void
weir_lint_absent(weir_lint_t *l, const weir_tenant_t *tenant,
    const weir_rule_t *rule)
{
    fact_t            fact;
    facts_t           facts;
    absent_t          s;
    const weir_ex_t  *ex;

    memset(&facts, 0, sizeof(facts));
    s = (absent_t) { l->m, tenant };
    ex = may_fail(&s, rule->when->root, &facts, &fact);

    if (ex == NULL) {
        return;
    }

    weir_warn(l->diags, WEIR_WABSENT,
              weir_text_span(&rule->text, ex->off, ex->len),
              "without \"%.*s\" in `%s` this fails, and a deny rule that "
              "fails denies: ask whether it is there, or use "
              "[?\"%.*s\"].orValue()", WEIR_STR(fact.key),
              weir_attrs[fact.attr].name, WEIR_STR(fact.key));
}
