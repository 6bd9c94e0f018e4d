/*
 * why.h: how a request got its tenant and its route.
 *
 * The engine's own lookups are asked again, with a resolve rule alone, or
 * without the routes that won.
 */

#ifndef WEIR_CLI_WHY_H
#define WEIR_CLI_WHY_H

#include "cli/cli.h"

/* What a resolve rule said; what one of its own hosts said. */
typedef enum {
    CLI_NAMES_NONE,
    CLI_NAMES_ONE,
    CLI_NAMES_UNKNOWN,          /* a tenant that does not exist */
    CLI_NOT_TRUSTED             /* a header of a peer that may not send it */
} cli_named_t;

typedef struct {
    weir_str_t   what;          /* the rule as written */
    cli_named_t  said;
} cli_resolver_t;

typedef weir_vec_t(cli_resolver_t)  cli_resolvers_t;

/* In the order in which they were asked; the last has decided. */
bool weir_cli_why_tenant(const cli_policy_t *p, const cli_request_t *r,
    cli_resolvers_t *out);

typedef struct {
    uint32_t    route;          /* of the image */
    weir_str_t  because;        /* what it lost by, or lacks; may be empty */
} cli_rival_t;

typedef weir_vec_t(cli_rival_t)  cli_rivals_t;

#define CLI_RIVALS  8

/*
 * Where a route matched: the less specific ones that match as well, best
 * first.  Where none did: those that have the host and path.  At most
 * CLI_RIVALS.
 */
bool weir_cli_why_route(const cli_policy_t *p, const cli_request_t *r,
    weir_str_t method, cli_rivals_t *out);

/* "host x, path y, methods z" as far as the policy says; "" of an image. */
weir_str_t weir_cli_route_text(const cli_policy_t *p, uint32_t route,
    weir_arena_t *a);

#endif
