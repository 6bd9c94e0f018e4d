/*
 * pem.h: keys as OpenSSL has them, and their members as JWKs (RFC 7517, 7518,
 * 8037, 8812).
 */

#ifndef WEIR_CLI_PEM_H
#define WEIR_CLI_PEM_H

#include "cli/jwk.h"

/*
 * A new private key: a curve of a JWK, or "RSA" for 2048 bits.  NULL: OpenSSL
 * makes none.
 */
json_t *weir_cli_pem_generate(const char *what);

/*
 * The first key of a text in PEM, private or public, without kid and alg.
 * NULL: *why is a sentence.
 */
json_t *weir_cli_pem_read(weir_str_t pem, const char **why);

#endif
