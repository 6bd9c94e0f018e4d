/*
 * sign.c: weir keygen, sign and verify: Ed25519 over images, keys in PEM.
 */

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "run/crypto.h"

/* The value of the verb's one option, and one argument; false: usage. */
static bool
arguments(int argc, char **argv, const char **value, const char **file)
{
    int  c;

    *value = NULL;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c == '?') {
            return false;
        }

        *value = optarg;
    }

    *file = argv[optind];

    return argc - optind == (file[0] != NULL);
}


cli_exit_t
weir_cli_keygen(int argc, char **argv)
{
    char                pem[WEIR_KEY_PEM_LEN], path[4096];
    size_t              len;
    cli_exit_t          code;
    const char         *out, *extra;
    weir_public_key_t   public;
    weir_secret_key_t   secret;

    if (!arguments(argc, argv, &out, &extra) || out == NULL
        || extra != NULL || strcmp(out, "-") == 0
        || snprintf(path, sizeof(path), "%s.pub", out) >= (int) sizeof(path))
    {
        return weir_cli_usage("keygen");
    }

    /* what was signed with a key can be verified with no other */
    if (access(out, F_OK) == 0 || access(path, F_OK) == 0) {
        return weir_cli_fail(CLI_INTERNAL, "keygen", "%s is there, and stays: "
                             "remove it first",
                             access(out, F_OK) == 0 ? out : path);
    }

    if (weir_key_generate(&secret) != WEIR_OK
        || weir_key_public(&secret, &public) != WEIR_OK
        || weir_secret_key_print(&secret, pem, &len) != WEIR_OK)
    {
        return weir_cli_fail(CLI_INTERNAL, "keygen", "OpenSSL makes no key");
    }

    code = weir_cli_write("keygen", out, weir_str(pem, len), 0600);

    if (code == CLI_OK
        && weir_public_key_print(&public, pem, &len) == WEIR_OK)
    {
        code = weir_cli_write("keygen", path, weir_str(pem, len), 0644);
    }

    return code;
}


static cli_exit_t
sign(const char *key, const char *file, cli_policy_t *policy)
{
    cli_exit_t          code;
    weir_str_t          pem, image;
    weir_refusal_t      why;
    weir_secret_key_t   secret;

    code = weir_cli_read("sign", key, policy->arena, &pem);

    if (code == CLI_OK) {
        code = weir_cli_read("sign", file, policy->arena, &image);
    }

    if (code != CLI_OK) {
        return code;
    }

    if (weir_secret_key_load(pem, &secret) != WEIR_OK) {
        return weir_cli_fail(CLI_SIGNATURE, "sign",
                             "%s holds no Ed25519 private key in PEM", key);
    }

    if (weir_image_verify((const uint8_t *) image.data, image.len, NULL, &why)
        != WEIR_OK)
    {
        return weir_cli_fail(CLI_SOURCE, "sign", "%s: %s: %s", file,
                             weir_reject_name(why.reason), why.text);
    }

    if (weir_image_sign((uint8_t *) image.data, &secret) != WEIR_OK) {
        return weir_cli_fail(CLI_INTERNAL, "sign", "OpenSSL does not sign");
    }

    return weir_cli_write("sign", file, image, 0666);
}


cli_exit_t
weir_cli_sign(int argc, char **argv)
{
    cli_exit_t     code;
    const char    *key, *file;
    cli_policy_t   policy;

    if (!arguments(argc, argv, &key, &file) || key == NULL
        || file == NULL)
    {
        return weir_cli_usage("sign");
    }

    memset(&policy, 0, sizeof(policy));
    policy.arena = weir_arena_create();

    code = policy.arena ? sign(key, file, &policy) : CLI_INTERNAL;

    weir_cli_close(&policy);

    return code;
}


static cli_exit_t
verify(const char *key, const char *file, cli_policy_t *policy)
{
    cli_exit_t          code;
    weir_str_t          pem, image;
    weir_refusal_t      why;
    weir_public_key_t   public;

    code = weir_cli_read("verify", file, policy->arena, &image);

    if (code == CLI_OK && key != NULL) {
        code = weir_cli_read("verify", key, policy->arena, &pem);

        if (code == CLI_OK && weir_public_key_load(pem, &public) != WEIR_OK) {
            return weir_cli_fail(CLI_SIGNATURE, "verify",
                                 "%s holds no Ed25519 public key in PEM", key);
        }
    }

    if (code != CLI_OK) {
        return code;
    }

    if (weir_image_verify((const uint8_t *) image.data, image.len,
                          key ? &public : NULL, &why)
        == WEIR_OK)
    {
        return CLI_OK;
    }

    code = why.reason == WEIR_REJECT_UNSIGNED
           || why.reason == WEIR_REJECT_SIGNATURE ? CLI_SIGNATURE : CLI_SOURCE;

    return weir_cli_fail(code, "verify", "%s: %s: %s", file,
                         weir_reject_name(why.reason), why.text);
}


cli_exit_t
weir_cli_verify(int argc, char **argv)
{
    cli_exit_t     code;
    const char    *key, *file;
    cli_policy_t   policy;

    if (!arguments(argc, argv, &key, &file) || file == NULL) {
        return weir_cli_usage("verify");
    }

    memset(&policy, 0, sizeof(policy));
    policy.arena = weir_arena_create();

    code = policy.arena ? verify(key, file, &policy) : CLI_INTERNAL;

    weir_cli_close(&policy);

    return code;
}
