/*
 * jwks.c: weir jwks: makes, converts and checks the keys of tokens.
 */

#include <stdlib.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/pem.h"
#include "cli/token.h"

/* name of --alg, what OpenSSL makes for it; NULL: so many random octets */
static const struct {
    const char  *name;
    const char  *what;
    size_t       octets;
    weir_alg_t   alg;
} made[] = {
    { "HS256", NULL, 32, WEIR_ALG_HS256 },
    { "HS384", NULL, 48, WEIR_ALG_HS384 },
    { "HS512", NULL, 64, WEIR_ALG_HS512 },
    { "RS256", "RSA", 0, WEIR_ALG_RS256 },
    { "RS384", "RSA", 0, WEIR_ALG_RS384 },
    { "RS512", "RSA", 0, WEIR_ALG_RS512 },
    { "PS256", "RSA", 0, WEIR_ALG_PS256 },
    { "PS384", "RSA", 0, WEIR_ALG_PS384 },
    { "PS512", "RSA", 0, WEIR_ALG_PS512 },
    { "ES256", "P-256", 0, WEIR_ALG_ES256 },
    { "ES384", "P-384", 0, WEIR_ALG_ES384 },
    { "ES512", "P-521", 0, WEIR_ALG_ES512 },
    { "ES256K", "secp256k1", 0, WEIR_ALG_ES256K },
    { "EdDSA", "Ed25519", 0, WEIR_ALG_EDDSA },
    { "Ed25519", "Ed25519", 0, WEIR_ALG_EDDSA },
    { "Ed448", "Ed448", 0, WEIR_ALG_EDDSA },
};


cli_exit_t
weir_cli_jwks(int argc, char **argv)
{
    return weir_cli_sub(argc, argv);
}


static json_t *
symmetric(const void *octets, size_t n)
{
    char    *text;
    json_t  *jwk;

    jwk = json_object();
    text = malloc(weir_base64url_len(n) + 1);

    if (text != NULL) {
        weir_base64url_encode(octets, n, text);
        (void) json_object_set_new(jwk, "kty", json_string("oct"));
        (void) json_object_set_new(jwk, "k",
                                   json_stringn(text, weir_base64url_len(n)));
    }

    free(text);

    return jwk;
}


/* NULL: there is no such algorithm, or no key. */
static json_t *
make(const char *name, const char *kid)
{
    size_t    i;
    json_t   *jwk;
    uint8_t   octets[64];

    for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {

        if (strcmp(name, made[i].name) != 0) {
            continue;
        }

        if (made[i].what != NULL) {
            jwk = weir_cli_pem_generate(made[i].what);

        } else {
            jwk = getentropy(octets, made[i].octets) == 0
                  ? symmetric(octets, made[i].octets) : NULL;
        }

        if (jwk != NULL) {
            weir_cli_jwk_complete(jwk, kid, &made[i].alg);
        }

        return jwk;
    }

    return NULL;
}


/* -o and --force */
static cli_out_t
out_of(const cli_args_t *args, bool secret)
{
    cli_out_t  out;

    out.path = args->opt['o'];
    out.force = args->opt['F'] != NULL;
    out.secret = secret;

    return out;
}


/* A set with the public half of a key, where it has one. */
static cli_exit_t
write_public(const cli_out_t *out, const json_t *jwk)
{
    json_t      *public, *set;
    cli_exit_t   code;

    public = weir_cli_jwk_public(jwk);

    if (public == NULL) {
        return CLI_OK;
    }

    set = json_pack("{s:[o]}", "keys", public);
    code = weir_cli_out_json("jwks", out, set);
    json_decref(set);

    return code;
}


cli_exit_t
weir_cli_jwks_new(const cli_args_t *args)
{
    char         path[4096];
    bool         is_file;
    json_t      *jwk;
    cli_out_t    out, public;
    cli_exit_t   code;
    const char  *alg;

    out = out_of(args, true);
    public = out_of(args, false);
    public.path = path;
    alg = args->opt['a'] ? args->opt['a'] : "ES256";

    if (args->n != 0 || out.path == NULL
        || snprintf(path, sizeof(path), "%s.pub", out.path)
           >= (int) sizeof(path))
    {
        return weir_cli_usage("jwks");
    }

    is_file = strcmp(out.path, "-") != 0;
    code = weir_cli_out_keeps("jwks", &out);

    if (code == CLI_OK && is_file) {
        code = weir_cli_out_keeps("jwks", &public);
    }

    if (code != CLI_OK) {
        return code;
    }

    jwk = make(alg, args->opt['i']);

    if (jwk == NULL) {
        return weir_cli_fail(CLI_USAGE, "jwks", "no key is made for \"%s\"",
                             alg);
    }

    code = weir_cli_out_json("jwks", &out, jwk);

    if (code == CLI_OK && is_file) {
        code = write_public(&public, jwk);
    }

    json_decref(jwk);

    return code;
}


cli_exit_t
weir_cli_jwks_pem(const cli_args_t *args)
{
    char          *pem;
    json_t        *keys, *jwk;
    cli_out_t      out;
    cli_exit_t     code;
    weir_arena_t  *a;

    if (args->n != 1) {
        return weir_cli_usage("jwks");
    }

    a = weir_arena_create();

    if (a == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "jwks", "out of memory");
    }

    pem = NULL;
    keys = NULL;
    code = weir_cli_jwk_read("jwks", args->args[0], a, &keys);

    if (code == CLI_OK) {
        code = weir_cli_jwk_pick("jwks", args->args[0], keys, args->opt['i'],
                                 &jwk);
    }

    if (code == CLI_OK) {
        code = weir_cli_jwk_pem("jwks", jwk, &pem);
    }

    if (code == CLI_OK) {
        out = out_of(args, weir_cli_jwk_is_private(jwk));
        code = weir_cli_out("jwks", &out, weir_cstr(pem));
    }

    free(pem);
    json_decref(keys);
    weir_arena_destroy(a);

    return code;
}
