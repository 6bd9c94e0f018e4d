/*
 * lint_rules.c: rules that never decide, and rules that always do.
 *
 * Order counts: of one layer, rules of phase connect come first; the global
 * deny stands before every other rule; a tenant's and a route's deny before
 * their own allow.  A rule on trial stops nobody.
 */

#include "front/lint.h"

/* The first rule with a condition; valid where scope is the present one. */
typedef struct {
    const weir_rule_t  *rule;
    uint32_t            scope;
} first_t;

typedef struct {
    weir_lint_t        *l;
    size_t              n;
    const weir_rule_t **global;     /* deny, by condition (weir_uniq_t.id) */
    first_t            *deny;
    first_t            *allow;
    uint32_t            scope;
} rules_t;


/* A condition's identity; false: it has none that could be met again. */
static bool
condition(const rules_t *s, const weir_rule_t *r, uint32_t *id)
{
    if (r->when == NULL || r->when->root->uniq == NULL
        || r->when->root->x == WEIR_X_CONST
        || r->when->root->uniq->id >= s->n)
    {
        return false;
    }

    *id = r->when->root->uniq->id;

    return true;
}


bool
weir_lint_always(const weir_rule_t *rule)
{
    bool  value;

    return rule->when == NULL
           || (weir_expr_is_bool(rule->when, &value) && value);
}


static weir_str_t
place(const rules_t *s, const weir_rule_t *r)
{
    return weir_place(s->l->diags, r->id.span);
}


/*
 * A condition that was decided while compiling.  Who writes true means it:
 * there is no other way to say always.
 */
static void
constant(rules_t *s, const weir_rule_t *r, const char *verb)
{
    bool         value;
    weir_span_t  span;

    if (r->when == NULL || !weir_expr_is_bool(r->when, &value)
        || weir_str_eq(r->text.text, weir_string("true")))
    {
        return;
    }

    span = weir_text_span(&r->text, 0, r->text.text.len);

    if (value) {
        weir_warn(s->l->diags, WEIR_WCONSTANT, span,
                  "this is always true: rule \"%.*s\" always %s",
                  WEIR_STR(r->id.text), verb);

    } else {
        weir_warn(s->l->diags, WEIR_WCONSTANT, span,
                  "this is never true: rule \"%.*s\" never %s",
                  WEIR_STR(r->id.text), verb);
    }
}


static void
same(rules_t *s, const weir_rule_t *r, const weir_rule_t *first)
{
    weir_warn(s->l->diags, WEIR_WSHADOWED, r->id.span,
              "rule \"%.*s\" never decides: rule \"%.*s\" (%.*s) has the same "
              "condition and stands before it", WEIR_STR(r->id.text),
              WEIR_STR(first->id.text), WEIR_STR(place(s, first)));
}


static void
behind(rules_t *s, const weir_rule_t *r, const weir_rule_t *first,
    const char *verb)
{
    weir_warn(s->l->diags, WEIR_WSHADOWED, r->id.span,
              "rule \"%.*s\" never decides: rule \"%.*s\" (%.*s) before it "
              "always %s", WEIR_STR(r->id.text), WEIR_STR(first->id.text),
              WEIR_STR(place(s, first)), verb);
}


/* The rule that always denies in the layer, if there is one. */
static const weir_rule_t *
deny_rules(rules_t *s, const weir_rules_t *rules, bool global)
{
    size_t              i;
    uint32_t            id;
    unsigned            phase;
    const weir_rule_t  *r, *all, *first;

    all = NULL;

    for (phase = 0; phase < WEIR_PHASE_COUNT; phase++) {
        for (i = 0; i < rules->len; i++) {
            r = &rules->items[i];

            if (r->phase != phase) {
                continue;
            }

            constant(s, r, "denies");

            first = NULL;

            if (condition(s, r, &id)) {
                first = s->global[id] != NULL ? s->global[id]
                        : s->deny[id].scope == s->scope ? s->deny[id].rule
                                                        : NULL;
            }

            if (all != NULL) {
                behind(s, r, all, "denies");

            } else if (first != NULL) {
                same(s, r, first);
            }

            if (r->dry_run) {
                continue;
            }

            if (all == NULL && weir_lint_always(r)) {
                all = r;
            }

            if (first == NULL && condition(s, r, &id)) {
                s->deny[id] = (first_t) { r, s->scope };
                s->global[id] = global ? r : s->global[id];
            }
        }
    }

    return all;
}


/* denied: the rule of the same layer that always denies, or NULL. */
static void
allow_rules(rules_t *s, const weir_rules_t *rules, const weir_rule_t *denied,
    bool open)
{
    size_t              i;
    uint32_t            id;
    const weir_rule_t  *r, *all, *deny;

    all = denied;

    for (i = 0; i < rules->len; i++) {
        r = &rules->items[i];

        if (!(open && weir_lint_always(r))) {
            constant(s, r, "allows");
        }

        if (all != NULL) {
            behind(s, r, all, all == denied ? "denies" : "allows");
            continue;
        }

        if (weir_lint_always(r)) {
            all = r;
        }

        if (!condition(s, r, &id)) {
            continue;
        }

        deny = s->global[id] != NULL ? s->global[id]
               : s->deny[id].scope == s->scope ? s->deny[id].rule : NULL;

        if (deny != NULL) {
            weir_warn(s->l->diags, WEIR_WSHADOWED, r->id.span,
                      "rule \"%.*s\" never allows: the deny rule \"%.*s\" "
                      "(%.*s) has the same condition", WEIR_STR(r->id.text),
                      WEIR_STR(deny->id.text), WEIR_STR(place(s, deny)));

        } else if (s->allow[id].scope == s->scope) {
            same(s, r, s->allow[id].rule);

        } else {
            s->allow[id] = (first_t) { r, s->scope };
        }
    }
}


static void
layer(rules_t *s, const weir_rules_t *deny, const weir_rules_t *allow,
    bool global, bool open)
{
    const weir_rule_t  *all;

    s->scope++;
    all = deny_rules(s, deny, global);
    allow_rules(s, allow, all, open);
}


/* Whether callers must prove or have something anyway. */
static bool
asks(const weir_route_t *r)
{
    return r->require.given
           || (r->auth != NULL && (r->auth->kind == WEIR_AUTH_ANY
                                   || r->auth->kind == WEIR_AUTH_ALL));
}


/* true: a rule of the route alone lets everybody in; said so. */
static bool
lets_everybody_in(rules_t *s, const weir_route_t *r)
{
    size_t  i;

    if (asks(r)) {
        return false;
    }

    for (i = 0; i < r->allow.len; i++) {
        if (weir_lint_always(&r->allow.items[i])) {
            weir_warn(s->l->diags, WEIR_WOPEN, r->allow.items[i].id.span,
                      "rule \"%.*s\" lets everybody in, and route \"%.*s\" "
                      "is not public", WEIR_STR(r->allow.items[i].id.text),
                      WEIR_STR(r->id.text));
            return true;
        }
    }

    return false;
}


void
weir_lint_rules(weir_lint_t *l)
{
    bool                 alone;
    size_t               i;
    rules_t              s;
    const weir_model_t  *m;

    m = l->m;
    memset(&s, 0, sizeof(s));
    s.l = l;
    s.n = l->env->nuniq;
    s.global = weir_arena_array(l->arena, s.n, sizeof(weir_rule_t *));
    s.deny = weir_arena_array(l->arena, s.n, sizeof(first_t));
    s.allow = weir_arena_array(l->arena, s.n, sizeof(first_t));

    if (s.global == NULL || s.deny == NULL || s.allow == NULL) {
        l->nomem = true;
        return;
    }

    alone = m->allow.len == 0;

    layer(&s, &m->deny, &m->allow, true, false);

    for (i = 0; i < m->tenants.len; i++) {
        layer(&s, &m->tenants.items[i].deny, &m->tenants.items[i].allow,
              false, false);
        alone = alone && m->tenants.items[i].allow.len == 0;
    }

    for (i = 0; i < m->routes.len; i++) {
        layer(&s, &m->routes.items[i].deny, &m->routes.items[i].allow, false,
              alone && !m->routes.items[i].public
              && lets_everybody_in(&s, &m->routes.items[i]));
    }
}
