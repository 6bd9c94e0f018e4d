/*
 * lint_limits.c: limits that no route asks, plans that no tenant has.
 */

#include "front/codes.h"
#include "front/lint.h"


void
weir_lint_limits(weir_lint_t *l)
{
    size_t               i;
    const weir_plan_t   *p;
    const weir_limit_t  *limit;

    for (i = 0; i < l->m->limits.len; i++) {
        limit = &l->m->limits.items[i];

        /* the periods of a quota stand together, and are one name */
        if (!limit->used && !limit->plan
            && (i == 0 || limit[-1].plan
                || !weir_str_eq(limit[-1].of.text, limit->of.text)))
        {
            weir_warn(l->diags, WEIR_WUNUSED, limit->of.span,
                      "limit \"%.*s\" is never used: no route names it",
                      WEIR_STR(limit->of.text));
        }
    }

    for (i = 0; i < l->m->plans.len; i++) {
        p = &l->m->plans.items[i];

        if (!p->used) {
            weir_warn(l->diags, WEIR_WUNUSED, p->name.span,
                      "plan \"%.*s\" is never used: no tenant has it",
                      WEIR_STR(p->name.text));
        }
    }
}
