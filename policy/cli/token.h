/*
 * token.h: what libjwt does for the tool: it issues tokens and writes PEM.
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

#endif
