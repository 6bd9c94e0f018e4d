/*
 * token_issue.c: what libjwt does for the tool.
 */

#include <jwt.h>
#include <stdlib.h>

#include "cli/token.h"


/* The only key of a set; NULL after it said what is wrong. */
static const jwk_item_t *
load(const char *verb, const json_t *jwk, jwk_set_t **set)
{
    char              *text;
    const jwk_item_t  *item;

    text = json_dumps(jwk, JSON_COMPACT);
    *set = text ? jwks_create(text) : NULL;
    free(text);

    item = *set ? jwks_item_get(*set, 0) : NULL;

    if (item == NULL) {
        (void) weir_cli_fail(CLI_SOURCE, verb, "libjwt reads no key: %s",
                             *set ? jwks_error_msg(*set) : "out of memory");
        return NULL;
    }

    if (jwks_item_error(item)) {
        (void) weir_cli_fail(CLI_SOURCE, verb, "libjwt refuses the key: %s",
                             jwks_item_error_msg(item));
        return NULL;
    }

    return item;
}


static bool
set_header(jwt_builder_t *builder, const char *name, const char *text)
{
    jwt_value_t  value;

    if (text == NULL) {
        return true;
    }

    jwt_set_SET_STR(&value, name, text);
    value.replace = 1;

    return jwt_builder_header_set(builder, &value) == JWT_VALUE_ERR_NONE;
}


static bool
set_claims(jwt_builder_t *builder, const json_t *claims)
{
    bool          ok;
    char         *text;
    jwt_value_t   value;

    text = json_dumps(claims, JSON_COMPACT);

    if (text == NULL) {
        return false;
    }

    jwt_set_SET_JSON(&value, NULL, text);
    ok = jwt_builder_claim_set(builder, &value) == JWT_VALUE_ERR_NONE;
    free(text);

    return ok;
}


cli_exit_t
weir_cli_issue(const char *verb, const json_t *jwk, weir_alg_t alg,
    const char *kid, const char *typ, const json_t *claims, char **token)
{
    char              *text;
    jwk_set_t         *set;
    jwt_alg_t          its;
    jwt_builder_t     *builder;
    const jwk_item_t  *item;

    text = NULL;
    builder = NULL;
    item = load(verb, jwk, &set);
    its = jwt_str_alg(weir_cli_alg_name(alg));

    if (item != NULL) {
        builder = jwt_builder_new();
    }

    if (builder != NULL) {
        (void) jwt_builder_enable_iat(builder, 0);

        if (jwt_builder_setkey(builder, its, item) == 0
            && set_header(builder, "kid", kid)
            && set_header(builder, "typ", typ)
            && set_claims(builder, claims))
        {
            text = jwt_builder_generate(builder);
        }

        if (text == NULL) {
            (void) weir_cli_fail(CLI_SOURCE, verb, "libjwt signs no %s with "
                                 "this key: %s", weir_cli_alg_name(alg),
                                 jwt_builder_error_msg(builder));
        }
    }

    jwt_builder_free(builder);
    jwks_free(set);

    if (text == NULL) {
        return CLI_SOURCE;
    }

    *token = text;

    return CLI_OK;
}


cli_exit_t
weir_cli_jwk_pem(const char *verb, const json_t *jwk, char **pem)
{
    char              *text;
    json_t            *plain;
    jwk_set_t         *set;
    const jwk_item_t  *item;

    /* by an "alg" of PS* the PEM would be for that alone */
    plain = json_copy((json_t *) jwk);
    (void) json_object_del(plain, "alg");

    text = NULL;
    item = load(verb, plain, &set);

    if (item != NULL && jwks_item_pem(item) != NULL) {
        text = strdup(jwks_item_pem(item));

    } else if (item != NULL) {
        (void) weir_cli_fail(CLI_SOURCE, verb, "there is no PEM of a "
                             "symmetric key");
    }

    jwks_free(set);
    json_decref(plain);

    if (text == NULL) {
        return CLI_SOURCE;
    }

    *pem = text;

    return CLI_OK;
}
