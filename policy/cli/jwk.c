/*
 * jwk.c: keys of files as JWKs.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/jwk.h"
#include "cli/pem.h"

/* kty, the members that everybody may know */
static const struct {
    const char  *kty;
    const char  *members[5];
} types[] = {
    { "RSA", { "kty", "n", "e", NULL } },
    { "EC",  { "kty", "crv", "x", "y", NULL } },
    { "OKP", { "kty", "crv", "x", NULL } },
};

static const weir_curve_t  curves[] = {
#define C(name, kty, size, alg)                                               \
    { name, WEIR_KTY_##kty, size, WEIR_ALG_##alg },
    WEIR_CURVES(C)
#undef C
};


const char *
weir_cli_jwk_text(const json_t *jwk, const char *name)
{
    return json_string_value(json_object_get(jwk, name));
}


const char *
weir_cli_alg_name(weir_alg_t alg)
{
    static const char *const  names[] = {
#define A(name, text, kty)  text,
        WEIR_ALGS(A)
#undef A
    };

    return names[alg];
}


bool
weir_cli_alg(weir_str_t name, weir_alg_t *out)
{
    unsigned  i;

    for (i = 0; i < WEIR_ALG_COUNT; i++) {

        if (weir_str_eq(name,
                        weir_cstr(weir_cli_alg_name((weir_alg_t) i))))
        {
            *out = (weir_alg_t) i;
            return true;
        }
    }

    return false;
}


cli_exit_t
weir_cli_algs(const char *verb, const char *names, uint32_t *out)
{
    uint32_t    bits;
    weir_str_t  name;
    weir_alg_t  alg;

    bits = 0;

    for ( ;; ) {
        name = weir_str(names, strcspn(names, ","));

        if (!weir_cli_alg(name, &alg)) {
            return weir_cli_fail(CLI_USAGE, verb, "there is no algorithm "
                                 "\"%.*s\"", WEIR_STR(name));
        }

        bits |= 1u << alg;

        if (name.data[name.len] == '\0') {
            *out = bits;
            return CLI_OK;
        }

        names = name.data + name.len + 1;
    }
}


bool
weir_cli_jwk_alg(const json_t *jwk, weir_alg_t *out)
{
    size_t       i;
    const char  *text;

    text = weir_cli_jwk_text(jwk, "alg");

    if (text != NULL) {
        return weir_cli_alg(weir_cstr(text), out);
    }

    text = weir_cli_jwk_text(jwk, "crv");

    for (i = 0; text && i < sizeof(curves) / sizeof(curves[0]); i++) {

        if (strcmp(text, curves[i].name) == 0) {
            *out = curves[i].alg;
            return true;
        }
    }

    return false;
}


bool
weir_cli_jwk_is_private(const json_t *jwk)
{
    size_t  i;

    static const char *const  names[] = {
        "d", "k", "p", "q", "dp", "dq", "qi", "oth"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (json_object_get(jwk, names[i]) != NULL) {
            return true;
        }
    }

    return false;
}


/* false: a member is missing. */
static bool
copy_members(const json_t *jwk, const char *const *names, json_t *out)
{
    json_t  *value;

    for ( /* void */ ; *names != NULL; names++) {
        value = json_object_get(jwk, *names);

        if (!json_is_string(value)
            || json_object_set(out, *names, value) != 0)
        {
            return false;
        }
    }

    return true;
}


json_t *
weir_cli_jwk_public(const json_t *jwk)
{
    size_t       i;
    json_t      *out, *value;
    const char  *kty;

    static const char *const  more[] = { "kid", "alg", "use" };

    kty = weir_cli_jwk_text(jwk, "kty");
    out = NULL;

    for (i = 0; kty && i < sizeof(types) / sizeof(types[0]); i++) {

        if (strcmp(kty, types[i].kty) == 0) {
            out = json_object();

            if (!copy_members(jwk, types[i].members, out)) {
                json_decref(out);
                return NULL;
            }
        }
    }

    for (i = 0; out && i < sizeof(more) / sizeof(more[0]); i++) {
        value = json_object_get(jwk, more[i]);

        if (value != NULL) {
            (void) json_object_set(out, more[i], value);
        }
    }

    return out;
}


bool
weir_cli_jwk_thumbprint(const json_t *jwk, char out[CLI_THUMBPRINT_LEN + 1])
{
    bool                ok;
    char               *text;
    json_t             *plain;
    weir_jwk_t          key;
    const char         *why;
    weir_json_value_t  *root;

    /* what nginx would read, were this its key */
    plain = weir_cli_jwk_public(jwk);
    text = json_dumps(plain ? plain : jwk, 0);
    root = NULL;

    ok = text != NULL
         && weir_json_read(weir_cstr(text), &root, &why) == WEIR_OK
         && weir_jwk_read(root, WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET, &key)
            == WEIR_OK;

    if (ok) {
        weir_base64url_encode(key.thumbprint, sizeof(key.thumbprint), out);
        out[CLI_THUMBPRINT_LEN] = '\0';
    }

    weir_json_free(root);
    free(text);
    json_decref(plain);

    return ok;
}


void
weir_cli_jwk_complete(json_t *jwk, const char *kid, const weir_alg_t *alg)
{
    char        thumbprint[CLI_THUMBPRINT_LEN + 1];
    weir_alg_t  its;

    if (kid == NULL && json_object_get(jwk, "kid") == NULL
        && weir_cli_jwk_thumbprint(jwk, thumbprint))
    {
        kid = thumbprint;
    }

    if (kid != NULL) {
        (void) json_object_set_new(jwk, "kid", json_string(kid));
    }

    if (alg == NULL && weir_cli_jwk_alg(jwk, &its)) {
        alg = &its;
    }

    if (alg != NULL) {
        (void) json_object_set_new(jwk, "alg",
                                   json_string(weir_cli_alg_name(*alg)));
    }

    if (json_object_get(jwk, "use") == NULL) {
        (void) json_object_set_new(jwk, "use", json_string("sig"));
    }
}


static cli_exit_t
read_json(const char *verb, const char *path, weir_str_t text, json_t **keys)
{
    size_t         i;
    json_t        *doc, *list, *key;
    json_error_t   error;

    doc = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);

    /* error.text may have a piece of the key */
    if (doc == NULL) {
        return weir_cli_fail(CLI_SOURCE, verb, "%s:%d:%d: malformed JSON, or "
                             "a member twice", path, error.line,
                             error.column);
    }

    list = json_object_get(doc, "keys");

    if (json_is_array(list)) {
        json_incref(list);

    } else if (json_is_object(doc) && list == NULL) {
        list = json_array();
        (void) json_array_append(list, doc);

    } else {
        list = NULL;
    }

    json_decref(doc);

    json_array_foreach(list, i, key) {
        if (!json_is_object(key)) {
            json_decref(list);
            list = NULL;
            break;
        }
    }

    if (list == NULL) {
        return weir_cli_fail(CLI_SOURCE, verb, "%s is neither a JWK nor a "
                             "JWK Set", path);
    }

    *keys = list;

    return CLI_OK;
}


bool
weir_cli_jwk_is_pem(weir_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len && memchr(" \t\r\n", text.data[i], 4); i++) {
        /* void */
    }

    return i < text.len && text.data[i] != '{' && text.data[i] != '[';
}


cli_exit_t
weir_cli_jwk_read(const char *verb, const char *path, weir_arena_t *a,
    json_t **keys)
{
    json_t      *jwk;
    cli_exit_t   code;
    weir_str_t   text;
    const char  *why;

    code = weir_cli_read(verb, path, a, &text);

    if (code != CLI_OK) {
        return code;
    }

    if (!weir_cli_jwk_is_pem(text)) {
        return read_json(verb, path, text, keys);
    }

    jwk = weir_cli_pem_read(text, &why);

    if (jwk == NULL) {
        return weir_cli_fail(CLI_SOURCE, verb, "%s: neither JSON nor PEM: %s",
                             path, why);
    }

    *keys = json_array();
    (void) json_array_append_new(*keys, jwk);

    return CLI_OK;
}


cli_exit_t
weir_cli_jwk_pick(const char *verb, const char *path, const json_t *keys,
    const char *kid, json_t **jwk)
{
    size_t       i;
    json_t      *key;
    const char  *its;

    if (json_array_size(keys) == 1) {
        *jwk = json_array_get(keys, 0);
        return CLI_OK;
    }

    if (kid == NULL) {
        return weir_cli_fail(CLI_USAGE, verb, "%s holds %zu keys; name one "
                             "with --kid", path, json_array_size(keys));
    }

    json_array_foreach(keys, i, key) {
        its = weir_cli_jwk_text(key, "kid");

        if (its != NULL && strcmp(its, kid) == 0) {
            *jwk = key;
            return CLI_OK;
        }
    }

    return weir_cli_fail(CLI_SOURCE, verb, "%s holds no key \"%s\"", path,
                         kid);
}


cli_exit_t
weir_cli_out_keeps(const char *verb, const cli_out_t *out)
{
    struct stat  st;

    if (out->path == NULL || out->force || stat(out->path, &st) != 0
        || !S_ISREG(st.st_mode))
    {
        return CLI_OK;
    }

    return weir_cli_fail(CLI_INTERNAL, verb, "%s is there, and stays: --force "
                         "replaces it", out->path);
}


cli_exit_t
weir_cli_out(const char *verb, const cli_out_t *out, weir_str_t text)
{
    cli_exit_t    code;
    struct stat   st;

    if (out->path == NULL || strcmp(out->path, "-") == 0) {
        return weir_cli_write(verb, "-", text, 0);
    }

    code = weir_cli_out_keeps(verb, out);

    if (code != CLI_OK) {
        return code;
    }

    /* a file that is replaced keeps its mode */
    if (out->secret && stat(out->path, &st) == 0 && S_ISREG(st.st_mode)
        && chmod(out->path, 0600) != 0)
    {
        return weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", out->path,
                             strerror(errno));
    }

    return weir_cli_write(verb, out->path, text, out->secret ? 0600 : 0644);
}


cli_exit_t
weir_cli_out_json(const char *verb, const cli_out_t *out, const json_t *doc)
{
    char        *text;
    size_t       len;
    cli_exit_t   code;

    text = json_dumps(doc, JSON_INDENT(2));

    if (text == NULL) {
        return weir_cli_fail(CLI_INTERNAL, verb, "out of memory");
    }

    len = strlen(text);
    text[len] = '\n';           /* in place of its NUL */

    code = weir_cli_out(verb, out, weir_str(text, len + 1));
    free(text);

    return code;
}
