/*
 * lint.h: what the files that give advice share.
 *
 * Advice is only given where it is certain: what cannot be told is not said.
 */

#ifndef WEIR_FRONT_LINT_H
#define WEIR_FRONT_LINT_H

#include "front/cel_ast.h"
#include "front/load.h"
#include "front/regex.h"

typedef struct {
    const weir_model_t   *m;
    weir_diags_t         *diags;
    weir_arena_t         *arena;    /* of the pass */
    const weir_cel_env_t *env;
    bool                  nomem;
} weir_lint_t;

typedef weir_vec_t(weir_str_t)  weir_strs_t;

/* Whether the rule holds for every request. */
bool weir_lint_always(const weir_rule_t *rule);

/* lint_exprs.c: names that nothing uses, and advice inside expressions */
void weir_lint_exprs(weir_lint_t *l);

/* lint_absent.c: a deny rule; tenant: whose it is, or NULL */
void weir_lint_absent(weir_lint_t *l, const weir_tenant_t *tenant,
    const weir_rule_t *rule);

/* lint_rules.c: rules that never decide, and those that always do */
void weir_lint_rules(weir_lint_t *l);

/* lint_roles.c: what is asked of callers, and none of them can have */
void weir_lint_roles(weir_lint_t *l);

/* lint_limits.c: limits and plans that nothing uses */
void weir_lint_limits(weir_lint_t *l);

/* lint_splits.c: splits that nothing uses, arms that get nothing */
void weir_lint_splits(weir_lint_t *l);

/* lint_edge.c: CORS, maintenance and versions that say nothing, or too much */
void weir_lint_edge(weir_lint_t *l);

/* lint_routes.c: routes that no request gets to */
void weir_lint_routes(weir_lint_t *l);

/* lint_identity.c: who callers are, where nobody asks or anybody may say */
void weir_lint_identity(weir_lint_t *l);

/*
 * lint_regex.c
 *
 * What a pattern says when it is literal text and perhaps an anchor at either
 * end: "==", "startsWith" and so on, and the text.  NULL: it says more.
 */
const char *weir_lint_plain(weir_lint_t *l, weir_str_t pattern,
    weir_str_t *text);
/* Whether every segment of a normalised path matches. */
bool weir_lint_universal(const weir_re_t *re);
/* All texts that match, where they are few; false: they are not. */
bool weir_lint_texts(weir_lint_t *l, const weir_re_t *re, weir_strs_t *out);

#endif
