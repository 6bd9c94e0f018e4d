/*
 * token_verify.c: weir token verify: what nginx would say to a token, by the
 * code that it runs.
 */

#include <stdlib.h>

#include "cli/options.h"
#include "cli/pem.h"
#include "cli/token.h"
#include "run/jwt.h"

/* A verdict, and what it rests on. */
typedef struct {
    weir_token_fault_t  fault;
    weir_keys_error_t   why;        /* of keys that are refused; or "" */
    json_t             *doc;
} verdict_t;


static void *
alloc(void *data, size_t n)
{
    return weir_arena_alloc(data, n);
}


static weir_memory_t
memory_of(weir_arena_t *a)
{
    return (weir_memory_t) { alloc, a };
}


/*
 * Keys as nginx reads them.  A key in PEM, or a private JWK alone, counts as
 * its public half; one in PEM, which has no kid, as of the token's; a set is
 * taken as it is.
 */
static cli_exit_t
key_text(const char *path, weir_str_t token, weir_arena_t *a, weir_str_t *out)
{
    char        *half;
    json_t      *doc, *public, *header;
    weir_str_t   text;
    cli_exit_t   code;
    const char  *why;

    code = weir_cli_read("token", path, a, &text);

    if (code != CLI_OK) {
        return code;
    }

    if (weir_cli_jwk_is_pem(text)) {
        doc = weir_cli_pem_read(text, &why);

        if (doc == NULL) {
            return weir_cli_fail(CLI_SOURCE, "token", "%s: %s", path, why);
        }

        header = weir_cli_token_part(token, 0, a);
        (void) json_object_set(doc, "kid", json_object_get(header, "kid"));
        json_decref(header);

    } else {
        doc = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

        if (doc == NULL || !weir_cli_jwk_is_private(doc)) {
            json_decref(doc);
            *out = text;
            return CLI_OK;
        }
    }

    public = weir_cli_jwk_public(doc);
    half = public ? json_dumps(public, 0) : NULL;
    *out = half ? weir_arena_str(a, weir_cstr(half)) : text;

    free(half);
    json_decref(public);
    json_decref(doc);

    return CLI_OK;
}


/* What is refused is a verdict, too: then *out is NULL. */
static cli_exit_t
read_keys(const char *path, uint32_t algs, weir_str_t token, weir_arena_t *a,
    verdict_t *v, weir_keys_t **out)
{
    weir_rc_t    rc;
    weir_str_t   text;
    cli_exit_t   code;

    *out = NULL;
    code = key_text(path, token, a, &text);

    if (code != CLI_OK) {
        return code;
    }

    rc = weir_keys_read(text, algs, out, &v->why, NULL, NULL);

    return rc == WEIR_NOMEM
           ? weir_cli_fail(CLI_INTERNAL, "token", "out of memory") : CLI_OK;
}


static void
set_text(json_t *doc, const char *name, weir_str_t text)
{
    if (text.len != 0) {
        (void) json_object_set_new(doc, name, weir_cli_json_str(text));
    }
}


static void
set_texts(json_t *doc, const char *name, const weir_value_t *list)
{
    json_t    *texts;
    uint32_t   i;

    if (list->len == 0) {
        return;
    }

    texts = json_array();
    (void) json_object_set_new(doc, name, texts);

    for (i = 0; i < list->len; i++) {
        (void) json_array_append_new(texts,
                   weir_cli_json_str(weir_v_text(&list->u.items[i])));
    }
}


static void
set_date(json_t *doc, const char *name, int64_t sec)
{
    if (sec != WEIR_NO_TIME) {
        (void) json_object_set_new(doc, name, weir_cli_token_date(sec));
    }
}


static void
set_key(json_t *doc, weir_str_t kid, const uint8_t *thumbprint)
{
    char  text[CLI_THUMBPRINT_LEN];

    weir_base64url_encode(thumbprint, WEIR_SHA256_LEN, text);
    set_text(doc, "kid", kid);
    set_text(doc, "thumbprint", weir_str(text, sizeof(text)));
}


/* The claims as they were sent: the token is known to be good. */
static void
set_claims(json_t *doc, weir_str_t token, weir_arena_t *a)
{
    json_t  *claims;

    claims = weir_cli_token_part(token, 1, a);

    if (claims != NULL) {
        (void) json_object_set_new(doc, "claims", claims);
    }
}


static void
describe(json_t *doc, const weir_token_t *t)
{
    set_text(doc, "sub", t->sub);
    set_text(doc, "tenant", t->tenant);
    set_texts(doc, "roles", &t->roles);
    set_texts(doc, "scopes", &t->scopes);
    set_text(doc, "acr", t->acr);
    set_texts(doc, "amr", &t->amr);
    set_date(doc, "iat", t->iat);
    set_date(doc, "nbf", t->nbf);
    set_date(doc, "exp", t->exp);
    set_date(doc, "auth_time", t->auth_time);
    set_key(doc, t->kid, t->key);
}


static void
print_member(const char *name, json_t *value)
{
    char    *text;
    size_t   i;
    json_t  *item;

    printf("  %-10s  ", name);

    if (json_is_string(value)) {
        weir_cli_print(weir_cstr(json_string_value(value)), stdout);

    } else if (json_is_array(value)) {

        json_array_foreach(value, i, item) {
            fputs(i ? ", " : "", stdout);
            weir_cli_print(weir_cstr(json_string_value(item)), stdout);
        }

    } else {
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        weir_cli_print(weir_cstr(text ? text : ""), stdout);
        free(text);
    }

    putchar('\n');
}


static cli_exit_t
print_verdict(const cli_args_t *args, verdict_t *v)
{
    json_t      *doc, *value;
    const char  *name;

    doc = v->doc;

    if (args->opt['f'] != NULL && strcmp(args->opt['f'], "json") == 0) {

        (void) json_object_set_new(doc, "verdict",
                   json_string(v->fault == WEIR_TOKEN_NONE ? "good"
                                                           : "refused"));

        if (v->fault != WEIR_TOKEN_NONE) {
            (void) json_object_set_new(doc, "reason",
                       json_string(weir_token_fault_name(v->fault)));
            (void) json_object_set_new(doc, "message",
                       json_string(weir_token_fault_text(v->fault)));
        }

        set_text(doc, "keys", weir_cstr(v->why.text));
        weir_cli_json_print(json_incref(doc));

        return v->fault == WEIR_TOKEN_NONE ? CLI_OK : CLI_DENIED;
    }

    if (v->fault != WEIR_TOKEN_NONE) {
        printf("refused: %s: %s\n", weir_token_fault_name(v->fault),
               weir_token_fault_text(v->fault));

        if (v->why.text[0]) {
            printf("the keys are refused: ");
            weir_cli_print(weir_cstr(v->why.text), stdout);
            putchar('\n');
        }

        return CLI_DENIED;
    }

    puts("good");

    json_object_foreach(doc, name, value) {
        print_member(name, value);
    }

    return CLI_OK;
}


static cli_exit_t
verify_jws(const cli_args_t *args, weir_str_t token, weir_arena_t *a,
    verdict_t *v)
{
    uint32_t            algs;
    cli_exit_t          code;
    weir_str_t          payload;
    weir_keys_t        *keys;
    weir_memory_t       m;
    const weir_vkey_t  *key;

    m = memory_of(a);
    algs = WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET;
    code = args->opt['a'] ? weir_cli_algs("token", args->opt['a'], &algs)
                          : CLI_OK;

    if (code == CLI_OK) {
        code = read_keys(args->opt['k'], algs, token, a, v, &keys);
    }

    if (code != CLI_OK) {
        return code;
    }

    v->fault = keys ? weir_jws_verify(token, algs, keys, &m, &payload, &key)
                    : WEIR_TOKEN_NO_KEYS;

    if (v->fault != WEIR_TOKEN_NONE) {
        code = print_verdict(args, v);

    } else if (args->opt['p'] != NULL) {
        (void) fwrite(payload.data, 1, payload.len, stdout);

    } else {
        set_key(v->doc, weir_key_kid(key), weir_key_thumbprint(key));
        code = print_verdict(args, v);
    }

    weir_keys_free(keys);

    return code;
}


/* By its name, or else the one that the token names itself. */
static cli_exit_t
find_issuer(const cli_policy_t *p, const char *name, weir_str_t token,
    verdict_t *v, uint32_t *out)
{
    uint32_t                  i;
    weir_str_t                wanted, found;
    weir_memory_t             m;
    const weir_img_issuer_t  *issuer;

    m = memory_of(p->arena);
    wanted = name ? weir_cstr(name) : weir_jwt_peek_issuer(token, &m);
    issuer = WEIR_REC(&p->image, ISSUERS);

    for (i = 0; i < p->image.n[WEIR_S_ISSUERS]; i++) {

        found = weir_img_str(&p->image, name ? issuer[i].name
                                             : issuer[i].iss);

        if (wanted.data != NULL && weir_str_eq(found, wanted)) {
            *out = i;
            return CLI_OK;
        }
    }

    if (name != NULL) {
        return weir_cli_fail(CLI_USAGE, "token", "the policy has no issuer "
                             "\"%s\"", name);
    }

    v->fault = WEIR_TOKEN_ISSUER;

    return CLI_OK;
}


/* --keys, or the file that the policy names. */
static cli_exit_t
key_path(const cli_args_t *args, const cli_policy_t *p,
    const weir_img_issuer_t *issuer, const char **out)
{
    weir_str_t  file;

    if (args->opt['K'] != NULL) {
        *out = args->opt['K'];
        return CLI_OK;
    }

    if (issuer->file == WEIR_NONE) {
        return weir_cli_fail(CLI_USAGE, "token", "the keys of issuer \"%.*s\" "
                             "come from a URL; name a file with --keys",
                             WEIR_STR(weir_img_str(&p->image, issuer->name)));
    }

    file = weir_cli_keys_path(p, issuer);

    if (file.data == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "token", "out of memory");
    }

    *out = file.data;

    return CLI_OK;
}


static cli_exit_t
verify_jwt(const cli_args_t *args, weir_str_t token, const cli_policy_t *p,
    uint32_t issuer, verdict_t *v)
{
    int64_t                   now;
    cli_exit_t                code;
    const char               *path;
    weir_keys_t              *keys;
    weir_token_t              t;
    weir_memory_t             m;
    const weir_img_issuer_t  *rec;

    path = NULL;
    m = memory_of(p->arena);
    rec = &WEIR_REC(&p->image, ISSUERS)[issuer];
    set_text(v->doc, "issuer", weir_img_str(&p->image, rec->name));

    code = weir_cli_token_time(args->opt['T'], &now);

    if (code == CLI_OK) {
        code = key_path(args, p, rec, &path);
    }

    if (code == CLI_OK) {
        code = read_keys(path, rec->algs, token, p->arena, v, &keys);
    }

    if (code != CLI_OK) {
        return code;
    }

    v->fault = weir_jwt_verify(token, &p->image, issuer, keys, now, &m, &t);

    if (v->fault == WEIR_TOKEN_NONE) {
        describe(v->doc, &t);
        set_claims(v->doc, token, p->arena);
    }

    weir_keys_free(keys);

    return print_verdict(args, v);
}


static cli_exit_t
verify(const cli_args_t *args, verdict_t *v)
{
    uint32_t       issuer;
    cli_exit_t     code;
    weir_str_t     token;
    cli_policy_t   p;

    issuer = WEIR_NONE;
    code = weir_cli_open("token", args->args[1], &p);

    if (code == CLI_OK) {
        code = weir_cli_token_read(args->args[0], p.arena, &token);
    }

    if (code == CLI_OK) {
        code = find_issuer(&p, args->opt['I'], token, v, &issuer);
    }

    if (code == CLI_OK) {
        code = issuer != WEIR_NONE
               ? verify_jwt(args, token, &p, issuer, v)
               : print_verdict(args, v);
    }

    weir_cli_close(&p);

    return code;
}


static cli_exit_t
verify_alone(const cli_args_t *args, verdict_t *v)
{
    cli_exit_t     code;
    weir_str_t     token;
    weir_arena_t  *a;

    a = weir_arena_create();

    if (a == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "token", "out of memory");
    }

    code = weir_cli_token_read(args->args[0], a, &token);

    if (code == CLI_OK) {
        code = verify_jws(args, token, a, v);
    }

    weir_arena_destroy(a);

    return code;
}


cli_exit_t
weir_cli_token_verify(const cli_args_t *args)
{
    bool        alone;
    verdict_t   v;
    cli_exit_t  code;

    alone = args->opt['j'] != NULL;

    if (alone ? args->n != 1 || args->opt['k'] == NULL
                || args->opt['I'] || args->opt['K'] || args->opt['T']
              : args->n != 2 || args->opt['k'] || args->opt['a']
                || args->opt['p'])
    {
        return weir_cli_usage("token");
    }

    v.fault = WEIR_TOKEN_NONE;
    v.why.text[0] = '\0';
    v.doc = json_object();

    code = alone ? verify_alone(args, &v) : verify(args, &v);
    json_decref(v.doc);

    return code;
}
