/*
 * jwks_check.c: weir jwks check: what nginx makes of a set of keys.
 */

#include "cli/jwk.h"
#include "cli/options.h"
#include "run/keys.h"

/* What a set says of its keys. */
typedef struct {
    json_t      *keys;
    json_t      *left_out;      /* sentences */
    const char  *refused;       /* a sentence; NULL: it is not */
} findings_t;


static void
add_note(void *data, const char *text)
{
    findings_t  *f;

    f = data;
    (void) json_array_append_new(f->left_out,
                                 weir_cli_json_str(weir_cstr(text)));
}


static void
add_finding(findings_t *f, const weir_vkey_t *key)
{
    char         thumbprint[CLI_THUMBPRINT_LEN];
    json_t      *algs;
    unsigned     i;
    weir_str_t   kid;
    const char  *kty;

    static const char *const  kinds[] = {
#define A(name, text, kty)  #kty,
        WEIR_ALGS(A)
#undef A
    };

    kty = "";
    algs = json_array();

    for (i = 0; i < WEIR_ALG_COUNT; i++) {

        if (weir_key_algs(key) & 1u << i) {
            (void) json_array_append_new(algs,
                       json_string(weir_cli_alg_name((weir_alg_t) i)));
            kty = strcmp(kinds[i], "OCT") == 0 ? "oct" : kinds[i];
        }
    }

    weir_base64url_encode(weir_key_thumbprint(key), WEIR_SHA256_LEN,
                          thumbprint);
    kid = weir_key_kid(key);

    (void) json_array_append_new(f->keys,
               json_pack("{s:o,s:s,s:o,s:s%}",
                         "kid", kid.data ? weir_cli_json_str(kid)
                                         : json_null(),
                         "kty", kty, "algs", algs,
                         "thumbprint", thumbprint, sizeof(thumbprint)));
}


static void
print_text(const char *path, const findings_t *f)
{
    size_t       i, n;
    json_t      *key, *alg, *note;
    const char  *kid;

    json_array_foreach(f->keys, i, key) {

        kid = weir_cli_jwk_text(key, "kid");
        weir_cli_print(weir_cstr(kid ? kid : "-"), stdout);
        printf("  %s  ", weir_cli_jwk_text(key, "kty"));

        json_array_foreach(json_object_get(key, "algs"), n, alg) {
            printf("%s%s", n ? "," : "", json_string_value(alg));
        }

        printf("  %s\n", weir_cli_jwk_text(key, "thumbprint"));
    }

    json_array_foreach(f->left_out, i, note) {
        fputs("left out: ", stdout);
        weir_cli_print(weir_cstr(json_string_value(note)), stdout);
        putchar('\n');
    }

    if (f->refused != NULL) {
        (void) weir_cli_fail(CLI_SOURCE, "jwks", "%s: refused: %s", path,
                             f->refused);
    }
}


static cli_exit_t
check(const cli_args_t *args, weir_arena_t *a)
{
    bool                json;
    size_t              i;
    uint32_t            algs;
    weir_rc_t           rc;
    weir_str_t          text;
    findings_t          found;
    cli_exit_t          code;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    algs = WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET;
    code = args->opt['a'] ? weir_cli_algs("jwks", args->opt['a'], &algs)
                          : CLI_OK;

    if (code == CLI_OK) {
        code = weir_cli_read("jwks", args->args[0], a, &text);
    }

    if (code != CLI_OK) {
        return code;
    }

    keys = NULL;
    found.keys = json_array();
    found.left_out = json_array();
    rc = weir_keys_read(text, algs, &keys, &why, add_note, &found);
    found.refused = rc == WEIR_OK ? NULL : why.text;

    for (i = 0; rc == WEIR_OK && i < weir_keys_count(keys); i++) {
        add_finding(&found, weir_keys_at(keys, i));
    }

    json = args->opt['f'] != NULL && strcmp(args->opt['f'], "json") == 0;

    if (json) {
        weir_cli_json_print(json_pack("{s:O,s:O,s:s?}", "keys", found.keys,
                                      "left_out", found.left_out,
                                      "refused", found.refused));
    } else {
        print_text(args->args[0], &found);
    }

    json_decref(found.keys);
    json_decref(found.left_out);
    weir_keys_free(keys);

    return rc == WEIR_OK ? CLI_OK : CLI_SOURCE;
}


cli_exit_t
weir_cli_jwks_check(const cli_args_t *args)
{
    return weir_cli_in_arena(args, 1, check);
}
