/*
 * jwks.c: weir jwks: makes and converts the keys of tokens.
 */

#include <stdlib.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/pem.h"
#include "cli/token.h"
#include "run/keys.h"

#define ALL_ALGS  (WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET)

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


/* CLI_SOURCE after it said why nginx would refuse a set of public keys. */
static cli_exit_t
check_set(const char *path, const json_t *set)
{
    char               *text;
    weir_rc_t           rc;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    text = json_dumps(set, 0);
    keys = NULL;
    why.text[0] = '\0';
    rc = text ? weir_keys_read(weir_cstr(text), ALL_ALGS, &keys, &why, NULL,
                               NULL)
              : WEIR_NOMEM;

    weir_keys_free(keys);
    free(text);

    return rc == WEIR_OK ? CLI_OK
                         : weir_cli_fail(CLI_SOURCE, "jwks", "%s: nginx would "
                                         "refuse it: %s", path, why.text);
}


/* A set of one key, its public half if it has one, as nginx would read it. */
static json_t *
set_of(const json_t *jwk)
{
    json_t  *public;

    public = weir_cli_jwk_public(jwk);

    return json_pack("{s:[o]}", "keys", public ? public
                                               : json_deep_copy(jwk));
}


/* Writes a key that was made or read from what is no JWK. */
static cli_exit_t
write_key(const cli_args_t *args, const char *path, const json_t *jwk)
{
    json_t      *set;
    cli_out_t    out;
    cli_exit_t   code;

    set = set_of(jwk);
    code = check_set(path, set);
    json_decref(set);

    out = out_of(args, weir_cli_jwk_is_private(jwk));

    return code == CLI_OK ? weir_cli_out_json("jwks", &out, jwk) : code;
}


cli_exit_t
weir_cli_jwks_new(const cli_args_t *args)
{
    char         path[4096];
    bool         is_file;
    json_t      *jwk, *public, *set;
    cli_out_t    out;
    cli_exit_t   code;
    const char  *alg;

    alg = args->opt['a'] ? args->opt['a'] : "ES256";

    if (args->n != 0 || args->opt['o'] == NULL
        || snprintf(path, sizeof(path), "%s.pub", args->opt['o'])
           >= (int) sizeof(path))
    {
        return weir_cli_usage("jwks");
    }

    is_file = strcmp(args->opt['o'], "-") != 0;
    out = out_of(args, false);
    code = weir_cli_out_keeps("jwks", &out);
    out.path = path;

    if (code == CLI_OK && is_file) {
        code = weir_cli_out_keeps("jwks", &out);
    }

    if (code != CLI_OK) {
        return code;
    }

    jwk = make(alg, args->opt['i']);

    if (jwk == NULL) {
        return weir_cli_fail(CLI_USAGE, "jwks", "no key is made for \"%s\"",
                             alg);
    }

    code = write_key(args, args->opt['o'], jwk);
    public = weir_cli_jwk_public(jwk);

    if (code == CLI_OK && is_file && public != NULL) {
        set = set_of(public);
        code = weir_cli_out_json("jwks", &out, set);
        json_decref(set);
    }

    json_decref(public);
    json_decref(jwk);

    return code;
}


static cli_exit_t
add_public(const char *path, weir_arena_t *a, json_t *set)
{
    size_t       i;
    json_t      *keys, *key, *public;
    cli_exit_t   code;

    keys = NULL;
    code = weir_cli_jwk_read("jwks", path, a, &keys);

    json_array_foreach(keys, i, key) {

        public = weir_cli_jwk_public(key);

        if (public == NULL) {
            code = weir_cli_fail(CLI_SOURCE, "jwks", "%s: key %zu has no "
                                 "public half", path, i + 1);
            break;
        }

        weir_cli_jwk_complete(public, NULL, NULL);
        (void) json_array_append_new(json_object_get(set, "keys"), public);
    }

    json_decref(keys);

    return code;
}


static cli_exit_t
publish(const cli_args_t *args, weir_arena_t *a)
{
    int          i;
    json_t      *set;
    cli_out_t    out;
    cli_exit_t   code;

    code = CLI_OK;
    set = json_pack("{s:[]}", "keys");

    for (i = 0; code == CLI_OK && i < args->n; i++) {
        code = add_public(args->args[i], a, set);
    }

    if (code == CLI_OK) {
        code = check_set(args->n == 1 ? args->args[0] : "the set", set);
    }

    if (code == CLI_OK) {
        out = out_of(args, false);
        code = weir_cli_out_json("jwks", &out, set);
    }

    json_decref(set);

    return code;
}


cli_exit_t
weir_cli_jwks_public(const cli_args_t *args)
{
    return args->n ? weir_cli_in_arena(args, -1, publish)
                   : weir_cli_usage("jwks");
}


static cli_exit_t
to_pem(const cli_args_t *args, weir_arena_t *a)
{
    char        *pem;
    json_t      *keys, *jwk;
    cli_out_t    out;
    cli_exit_t   code;

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

    return code;
}


/* --alg where it names one algorithm; CLI_USAGE after it said otherwise. */
static cli_exit_t
one_alg(const cli_args_t *args, weir_alg_t *alg)
{
    return weir_cli_alg(weir_cstr(args->opt['a']), alg)
           ? CLI_OK
           : weir_cli_fail(CLI_USAGE, "jwks", "there is no algorithm \"%s\"",
                           args->opt['a']);
}


static cli_exit_t
from_pem(const cli_args_t *args, weir_arena_t *a)
{
    json_t       *jwk;
    weir_alg_t    alg;
    weir_str_t    text;
    cli_exit_t    code;
    const char   *path, *why;

    path = args->args[0];
    code = args->opt['a'] ? one_alg(args, &alg) : CLI_OK;

    if (code == CLI_OK) {
        code = weir_cli_read("jwks", path, a, &text);
    }

    if (code != CLI_OK) {
        return code;
    }

    jwk = weir_cli_pem_read(text, &why);

    if (jwk == NULL) {
        return weir_cli_fail(CLI_SOURCE, "jwks", "%s: %s", path, why);
    }

    weir_cli_jwk_complete(jwk, args->opt['i'], args->opt['a'] ? &alg : NULL);
    code = write_key(args, path, jwk);
    json_decref(jwk);

    return code;
}


/* Every byte of the file is the secret's. */
static cli_exit_t
from_raw(const cli_args_t *args, weir_arena_t *a)
{
    json_t       *jwk;
    weir_alg_t    alg;
    weir_str_t    text;
    cli_exit_t    code;

    if (args->opt['a'] == NULL) {
        return weir_cli_usage("jwks");
    }

    code = one_alg(args, &alg);

    if (code == CLI_OK && !(WEIR_ALGS_SECRET & 1u << alg)) {
        code = weir_cli_fail(CLI_USAGE, "jwks", "%s signs with no secret",
                             args->opt['a']);
    }

    if (code == CLI_OK) {
        code = weir_cli_read("jwks", args->args[0], a, &text);
    }

    if (code != CLI_OK) {
        return code;
    }

    jwk = symmetric(text.data, text.len);
    weir_cli_jwk_complete(jwk, args->opt['i'], &alg);
    code = write_key(args, args->args[0], jwk);
    json_decref(jwk);

    return code;
}


cli_exit_t
weir_cli_jwks_pem(const cli_args_t *args)
{
    return weir_cli_in_arena(args, 1, to_pem);
}


cli_exit_t
weir_cli_jwks_from_pem(const cli_args_t *args)
{
    return weir_cli_in_arena(args, 1, from_pem);
}


cli_exit_t
weir_cli_jwks_from_raw(const cli_args_t *args)
{
    return weir_cli_in_arena(args, 1, from_raw);
}
