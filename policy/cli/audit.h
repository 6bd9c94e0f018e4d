/*
 * audit.h: routes, the rules in front of them, and what rules come to.
 */

#ifndef WEIR_CLI_AUDIT_H
#define WEIR_CLI_AUDIT_H

#include "cli/json.h"

typedef enum {
    AUDIT_DEPENDS,              /* on the request */
    AUDIT_ALWAYS,
    AUDIT_NEVER,
    AUDIT_FAILS                 /* a deny rule denies, an allow rule does not */
} audit_outcome_t;

typedef enum {
    AUDIT_EVERYBODY,            /* whom no deny rule stops */
    AUDIT_SOME,
    AUDIT_NOBODY
} audit_access_t;

typedef struct {
    const char           *layer;
    const weir_rule_t    *rule;
    audit_outcome_t       outcome;
} audit_row_t;

typedef weir_vec_t(audit_row_t)  audit_rows_t;

typedef struct {
    const weir_route_t   *route;
    audit_access_t        access;
    weir_str_t            why;
    audit_rows_t          deny;
    audit_rows_t          allow;
} audit_entry_t;

typedef struct {
    weir_arena_t         *arena;
    const cli_policy_t   *policy;
    const weir_diags_t   *diags;
    const weir_model_t   *m;
    const weir_tenant_t  *tenant;       /* the one that is asked about */
    weir_str_t            route;        /* the same; empty: all */
    bool                  tenants_allow;        /* by rules of their own */
    bool                  printed;      /* something, as text */
    bool                  nomem;
} audit_t;

/* The rules of a layer behind those that are in out. */
void weir_audit_rows(audit_t *s, const char *layer, const weir_rules_t *rules,
    audit_rows_t *out);

/* audit_identity.c */

/* "none", "any", "all", "optional"; "jwt main", "apikey", "mtls" */
const char *weir_audit_asked(const weir_route_t *r);
weir_str_t weir_audit_way(audit_t *s, const weir_way_t *w);
/*
 * Roles that grant a permission, by its index: the policy's, and those of the
 * tenant that is asked about.  Returns how many.
 */
size_t weir_audit_granting(const audit_t *s, uint32_t permission,
    void (*each)(void *data, weir_str_t role), void *data);
void weir_audit_print_callers(audit_t *s, const weir_route_t *r);

/* audit_limits.c */
void weir_audit_print_limits(audit_t *s, const weir_route_t *r);
json_t *weir_audit_json_limits(const audit_t *s, const weir_route_t *r);
/* Behind the routes: those without a limit, and plans. */
void weir_audit_print_plans(audit_t *s);
json_t *weir_audit_json_plans(const audit_t *s);

/* audit_splits.c: where requests go; maintenance is of no route alone */
void weir_audit_print_ways(audit_t *s, const weir_route_t *r);
void weir_audit_print_maintenance(audit_t *s);
/* null: there is none. */
json_t *weir_audit_json_split(const audit_t *s, const weir_route_t *r);
json_t *weir_audit_json_cors(const audit_t *s, const weir_route_t *r);
json_t *weir_audit_json_maintenance(const audit_t *s);

void weir_audit_print(audit_t *s, const audit_entry_t *entries, size_t n,
    cli_format_t format);

/*
 * What the condition is once the tenant is known; tenant NULL: it is not.
 * WEIR_NOMEM.
 */
weir_rc_t weir_audit_outcome(weir_arena_t *a, const weir_rule_t *rule,
    const weir_tenant_t *tenant, audit_outcome_t *out);

#endif
