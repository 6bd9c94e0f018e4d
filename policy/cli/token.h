/*
 * token.h: what the sorts of weir token share, and what libjwt does for the
 * tool: it issues tokens and writes PEM.
 */

#ifndef WEIR_CLI_TOKEN_H
#define WEIR_CLI_TOKEN_H

#include "cli/jwk.h"

/*
 * A token of claims, an object, signed with a private JWK.  *token is for
 * free().  CLI_SOURCE after it said why the key does not sign.
 */
cli_exit_t weir_cli_issue(const char *verb, const json_t *jwk,
    weir_alg_t alg, const char *kid, const char *typ, const json_t *claims,
    char **token);

/*
 * A key in PEM, PKCS #8 or SubjectPublicKeyInfo; *pem is for free().
 * CLI_SOURCE after it said why not.
 */
cli_exit_t weir_cli_jwk_pem(const char *verb, const json_t *jwk, char **pem);

/* An argument, or a line of standard input for "-". */
cli_exit_t weir_cli_token_read(const char *arg, weir_arena_t *a,
    weir_str_t *token);
/* --time, seconds since 1970, or now where it is NULL. */
cli_exit_t weir_cli_token_time(const char *option, int64_t *out);
/* "2026-01-31T08:00:00Z" */
json_t *weir_cli_token_date(int64_t sec);
/*
 * Part n of a token that nobody has verified: JSON, or text that is none;
 * NULL: there is no such part in base64url.
 */
json_t *weir_cli_token_part(weir_str_t token, unsigned n, weir_arena_t *a);

#endif
