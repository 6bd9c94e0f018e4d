/*
 * token.c: weir token: issues tokens, verifies and shows them.
 */

#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "cli/options.h"
#include "cli/token.h"


cli_exit_t
weir_cli_token(int argc, char **argv)
{
    return weir_cli_sub(argc, argv);
}


cli_exit_t
weir_cli_token_read(const char *arg, weir_arena_t *a, weir_str_t *token)
{
    weir_str_t  text;
    cli_exit_t  code;

    if (strcmp(arg, "-") != 0) {
        *token = weir_cstr(arg);
        return CLI_OK;
    }

    code = weir_cli_read("token", "-", a, &text);

    if (code == CLI_OK) {

        /* the end of its line, and no more: the rest is judged */
        if (text.len && text.data[text.len - 1] == '\n') {
            text.len--;
        }

        *token = text;
    }

    return code;
}


cli_exit_t
weir_cli_token_time(const char *option, int64_t *out)
{
    uint32_t  nsec;

    if (option == NULL) {
        *out = time(NULL);
        return CLI_OK;
    }

    return weir_time_parse(weir_cstr(option), out, &nsec) == WEIR_OK
           ? CLI_OK
           : weir_cli_fail(CLI_USAGE, "token", "\"%s\" is no time as "
                           "2026-01-31T08:00:00Z", option);
}


json_t *
weir_cli_token_date(int64_t sec)
{
    char       text[32];
    time_t     t;
    struct tm  tm;

    t = (time_t) sec;

    if (sec < WEIR_TIME_MIN || sec > WEIR_TIME_MAX
        || gmtime_r(&t, &tm) == NULL
        || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        return json_integer(sec);
    }

    return json_string(text);
}


json_t *
weir_cli_token_part(weir_str_t token, unsigned n, weir_arena_t *a)
{
    size_t      len;
    char       *text;
    json_t     *doc;
    weir_str_t  part;

    for ( ;; ) {
        len = 0;

        while (len < token.len && token.data[len] != '.') {
            len++;
        }

        part = weir_str(token.data, len);

        if (n-- == 0) {
            break;
        }

        if (len == token.len) {
            return NULL;
        }

        token = weir_str(token.data + len + 1, token.len - len - 1);
    }

    text = weir_arena_alloc(a, weir_base64url_room(part.len));

    if (text == NULL || weir_base64url_decode(part, text, &len) != WEIR_OK) {
        return NULL;
    }

    doc = json_loadb(text, len, JSON_DECODE_ANY, NULL);

    return doc ? doc : weir_cli_json_str(weir_str(text, len));
}


/* NAME=TEXT or NAME:=JSON */
static cli_exit_t
add_claim(json_t *claims, const char *arg)
{
    bool           is_json;
    size_t         n;
    json_t        *value;
    weir_str_t     name;
    json_error_t   error;

    n = strcspn(arg, "=");
    is_json = n > 0 && arg[n] == '=' && arg[n - 1] == ':';
    name = weir_str(arg, is_json ? n - 1 : n);

    if (arg[n] == '\0' || name.len == 0) {
        return weir_cli_fail(CLI_USAGE, "token", "\"%s\" is neither NAME=TEXT "
                             "nor NAME:=JSON", arg);
    }

    arg += n + 1;

    if (is_json) {
        value = json_loads(arg, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                           &error);
    } else {
        value = json_string(arg);
    }

    if (value == NULL) {
        return weir_cli_fail(CLI_USAGE, "token", "claim \"%.*s\": %s",
                             WEIR_STR(name),
                             is_json ? error.text : "no UTF-8");
    }

    if (json_object_getn(claims, name.data, name.len) != NULL) {
        json_decref(value);
        return weir_cli_fail(CLI_USAGE, "token", "claim \"%.*s\" is given "
                             "twice", WEIR_STR(name));
    }

    if (json_object_setn_new(claims, name.data, name.len, value) != 0) {
        return weir_cli_fail(CLI_USAGE, "token", "claim \"%.*s\" has no name "
                             "in UTF-8", WEIR_STR(name));
    }

    return CLI_OK;
}


static cli_exit_t
read_claims(const char *path, weir_arena_t *a, json_t *claims)
{
    bool           ok;
    json_t        *doc;
    weir_str_t     text;
    cli_exit_t     code;
    json_error_t   error;

    code = weir_cli_read("token", path, a, &text);

    if (code != CLI_OK) {
        return code;
    }

    doc = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);

    if (doc == NULL) {
        return weir_cli_fail(CLI_SOURCE, "token", "%s:%d:%d: %s", path,
                             error.line, error.column, error.text);
    }

    ok = json_is_object(doc) && json_object_update(claims, doc) == 0;
    json_decref(doc);

    return ok ? CLI_OK
              : weir_cli_fail(CLI_SOURCE, "token", "%s is no JSON object",
                              path);
}


/* exp, nbf or iat: a duration from now on, unless none or a claim. */
static cli_exit_t
add_time(json_t *claims, const char *name, const char *option,
    const char *otherwise, int64_t now)
{
    int32_t   nsec;
    int64_t   sec;
    json_t   *claim;

    claim = json_object_get(claims, name);

    if (claim != NULL && option != NULL) {
        return weir_cli_fail(CLI_USAGE, "token", "\"--%s\" and a claim \"%s\" "
                             "are given", name, name);
    }

    option = option ? option : otherwise;

    if (claim != NULL || strcmp(option, "none") == 0) {
        return CLI_OK;
    }

    if (weir_duration_parse(weir_cstr(option), &sec, &nsec) != WEIR_OK) {
        return weir_cli_fail(CLI_USAGE, "token", "\"--%s\" is \"%s\", neither "
                             "a duration as 1h30m nor none", name, option);
    }

    (void) json_object_set_new(claims, name, json_integer(now + sec));

    return CLI_OK;
}


static cli_exit_t
make_claims(const cli_args_t *args, weir_arena_t *a, json_t *claims)
{
    int          i;
    int64_t      now;
    cli_exit_t   code;

    code = weir_cli_token_time(args->opt['T'], &now);

    if (code == CLI_OK && args->opt['c'] != NULL) {
        code = read_claims(args->opt['c'], a, claims);
    }

    for (i = 0; code == CLI_OK && i < args->n; i++) {
        code = add_claim(claims, args->args[i]);
    }

    if (code == CLI_OK) {
        code = add_time(claims, "iat", args->opt['s'], "0s", now);
    }

    if (code == CLI_OK) {
        code = add_time(claims, "nbf", args->opt['n'], "none", now);
    }

    return code == CLI_OK
           ? add_time(claims, "exp", args->opt['e'], "1h", now)
           : code;
}


/* --alg, or what the key is for; of what does not say, the usual one. */
static cli_exit_t
choose_alg(const char *option, const json_t *jwk, weir_alg_t *alg)
{
    const char  *kty;

    if (option != NULL) {
        return weir_cli_alg(weir_cstr(option), alg)
               ? CLI_OK
               : weir_cli_fail(CLI_USAGE, "token", "there is no algorithm "
                               "\"%s\"", option);
    }

    if (weir_cli_jwk_alg(jwk, alg)) {
        return CLI_OK;
    }

    kty = weir_cli_jwk_text(jwk, "kty");

    if (kty != NULL && weir_cli_jwk_text(jwk, "alg") == NULL) {

        if (strcmp(kty, "RSA") == 0) {
            *alg = WEIR_ALG_RS256;
            return CLI_OK;
        }

        if (strcmp(kty, "oct") == 0) {
            *alg = WEIR_ALG_HS256;
            return CLI_OK;
        }
    }

    return weir_cli_fail(CLI_SOURCE, "token", "the key is for no algorithm "
                         "that signs tokens");
}


static cli_exit_t
issue(const cli_args_t *args, weir_arena_t *a, const json_t *jwk,
    json_t *claims)
{
    char        *token;
    weir_alg_t   alg;
    cli_exit_t   code;
    const char  *kid;

    code = choose_alg(args->opt['a'], jwk, &alg);

    if (code == CLI_OK) {
        code = make_claims(args, a, claims);
    }

    if (code != CLI_OK) {
        return code;
    }

    kid = args->opt['i'] ? args->opt['i'] : weir_cli_jwk_text(jwk, "kid");
    code = weir_cli_issue("token", jwk, alg, kid, args->opt['t'], claims,
                          &token);

    if (code == CLI_OK) {
        puts(token);
        free(token);
    }

    return code;
}


static cli_exit_t
sign(const cli_args_t *args, weir_arena_t *a)
{
    json_t      *claims, *keys, *jwk;
    cli_exit_t   code;

    keys = NULL;
    claims = json_object();
    code = weir_cli_jwk_read("token", args->opt['k'], a, &keys);

    if (code == CLI_OK) {
        code = weir_cli_jwk_pick("token", args->opt['k'], keys,
                                 args->opt['i'], &jwk);
    }

    if (code == CLI_OK) {
        code = issue(args, a, jwk, claims);
    }

    json_decref(claims);
    json_decref(keys);

    return code;
}


cli_exit_t
weir_cli_token_sign(const cli_args_t *args)
{
    return args->opt['k'] ? weir_cli_in_arena(args, -1, sign)
                          : weir_cli_usage("token");
}


/* exp, nbf, iat and auth_time once more, for people. */
static json_t *
dates_of(const json_t *claims)
{
    size_t   i;
    json_t  *dates, *value;

    static const char *const  names[] = { "auth_time", "iat", "nbf", "exp" };

    dates = json_object();

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        value = json_object_get(claims, names[i]);

        if (json_is_integer(value)) {
            (void) json_object_set_new(dates, names[i],
                       weir_cli_token_date(json_integer_value(value)));
        }
    }

    return dates;
}


static cli_exit_t
show(const cli_args_t *args, weir_arena_t *a)
{
    json_t      *header, *claims;
    weir_str_t   token;
    cli_exit_t   code;

    code = weir_cli_token_read(args->args[0], a, &token);

    if (code != CLI_OK) {
        return code;
    }

    header = weir_cli_token_part(token, 0, a);
    claims = weir_cli_token_part(token, 1, a);

    if (header == NULL || claims == NULL) {
        json_decref(header);
        json_decref(claims);
        return weir_cli_fail(CLI_SOURCE, "token", "this is not a header and "
                             "claims in base64url, with a dot between them");
    }

    weir_cli_json_print(json_pack("{s:b,s:o,s:o,s:o}", "verified", 0,
                                  "header", header, "claims", claims,
                                  "dates", dates_of(claims)));

    return CLI_OK;
}


cli_exit_t
weir_cli_token_show(const cli_args_t *args)
{
    return weir_cli_in_arena(args, 1, show);
}
