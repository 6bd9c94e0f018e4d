/*
 * audit.h: what a rule comes to, for the tenants and routes of an audit.
 */

#ifndef WEIR_CLI_AUDIT_H
#define WEIR_CLI_AUDIT_H

#include "cli/cli.h"

typedef enum {
    AUDIT_DEPENDS,              /* on the request */
    AUDIT_ALWAYS,
    AUDIT_NEVER,
    AUDIT_FAILS                 /* a deny rule denies, an allow rule does not */
} audit_outcome_t;

/*
 * What the condition is once the tenant is known; tenant NULL: it is not.
 * WEIR_NOMEM.
 */
weir_rc_t weir_audit_outcome(weir_arena_t *a, const weir_rule_t *rule,
    const weir_tenant_t *tenant, audit_outcome_t *out);

#endif
