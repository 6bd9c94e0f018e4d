/*
 * jwk.h: keys of files as JWKs (RFC 7517), for the verbs that make tokens,
 * keys and sets.  A json_t here is one JWK, an object; what has been read may
 * still be no key.
 */

#ifndef WEIR_CLI_JWK_H
#define WEIR_CLI_JWK_H

#include "cli/json.h"
#include "run/base64url.h"
#include "run/jwk.h"

#define CLI_THUMBPRINT_LEN  weir_base64url_len(WEIR_SHA256_LEN)

/* A member that is a string; NULL: there is none. */
const char *weir_cli_jwk_text(const json_t *jwk, const char *name);

/* The name of an algorithm, and one by its name; false: there is none. */
const char *weir_cli_alg_name(weir_alg_t alg);
bool weir_cli_alg(weir_str_t name, weir_alg_t *out);
/* "A,B,...": WEIR_ALG_BIT(); CLI_USAGE after it said what is wrong. */
cli_exit_t weir_cli_algs(const char *verb, const char *names, uint32_t *out);

/* What it says itself, or what its type and curve leave; false: nothing. */
bool weir_cli_jwk_alg(const json_t *jwk, weir_alg_t *out);

/* Whether it holds what only its owner may know. */
bool weir_cli_jwk_is_private(const json_t *jwk);

/*
 * A new object with what everybody may know; NULL: a symmetric key, or none
 * at all.
 */
json_t *weir_cli_jwk_public(const json_t *jwk);

/* RFC 7638 in base64url; false: of a key that nginx would not use. */
bool weir_cli_jwk_thumbprint(const json_t *jwk,
    char out[CLI_THUMBPRINT_LEN + 1]);

/*
 * Adds the members kid, alg and use: those given, else, where they are
 * missing, its thumbprint, what its type leaves and "sig".
 */
void weir_cli_jwk_complete(json_t *jwk, const char *kid,
    const weir_alg_t *alg);

/* Whether a text is PEM rather than JSON. */
bool weir_cli_jwk_is_pem(weir_str_t text);

/*
 * The keys of a file: a JWK, a JWK Set or PEM.  *keys is a list, for
 * json_decref(), of objects.
 */
cli_exit_t weir_cli_jwk_read(const char *verb, const char *path,
    weir_arena_t *a, json_t **keys);

/*
 * The one with that kid, or, where kid is NULL, the only one; borrowed.  A
 * file of one key is asked for no kid.
 */
cli_exit_t weir_cli_jwk_pick(const char *verb, const char *path,
    const json_t *keys, const char *kid, json_t **jwk);

/*
 * To a file that is not there yet, or is replaced by force, or to "-".  What
 * is secret only its owner may read.
 */
typedef struct {
    const char  *path;          /* NULL: "-" */
    bool         force;
    bool         secret;
} cli_out_t;

cli_exit_t weir_cli_out(const char *verb, const cli_out_t *out,
    weir_str_t text);
cli_exit_t weir_cli_out_json(const char *verb, const cli_out_t *out,
    const json_t *doc);
/* CLI_INTERNAL, after it said so, where there is a file that must stay. */
cli_exit_t weir_cli_out_keeps(const char *verb, const cli_out_t *out);

#endif
