/*
 * model_issuers.c: who issues tokens, how they are verified and what they
 * mean.
 *
 * What a policy does not say is said here: an issuer in the model is whole.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"
#include "front/template.h"
#include "front/url.h"
#include "image/attrs.h"

#define CONFIGURATION  "/.well-known/openid-configuration"

/* Of whose tokens what is revoked. */
typedef struct {
    weir_str_t   issuer;
    const char  *what;
} revoked_t;


static void
load_iss(weir_load_t *l, const weir_node_t *node, weir_issuer_t *s)
{
    size_t      i;
    weir_str_t  text;

    if (node == NULL) {
        return;
    }

    s->iss = weir_load_name(node);
    text = s->iss.text;

    for (i = 0; i < text.len; i++) {
        if ((uint8_t) text.data[i] < 0x20 || text.data[i] == 0x7f) {
            (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                             "\"iss\" has a control character");
            return;
        }
    }

    if (text.len == 0) {
        (void) weir_fail(l->diags, WEIR_EVALUE, node->text.span,
                         "\"iss\" is empty");

    } else if (text.len > weir_attrs[WEIR_A_PRINCIPAL_ISS].max) {
        (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                         "\"iss\" has %zu bytes, the most is %u", text.len,
                         weir_attrs[WEIR_A_PRINCIPAL_ISS].max);

    } else {
        (void) weir_load_unique(l, &l->isses, "iss", &s->iss, 0);
    }
}


/* OpenID Connect Discovery 1.0, section 4.1. */
static void
discover(weir_load_t *l, weir_issuer_t *s)
{
    weir_str_t   iss;
    const char  *wrong;

    s->keys = WEIR_KEYS_DISCOVERY;
    iss = s->iss.text;

    if (iss.len == 0) {
        return;                         /* said already */
    }

    wrong = weir_url_wrong(iss);

    if (wrong == NULL && memchr(iss.data, '?', iss.len) != NULL) {
        wrong = "it has a query";
    }

    if (wrong != NULL) {
        (void) weir_fail(l->diags, WEIR_EVALUE, s->iss.span,
                         "the keys of \"%.*s\" are found by its iss unless "
                         "\"jwks\" says where they are, and \"%.*s\" is no "
                         "URL for that: %s", WEIR_STR(s->name.text),
                         WEIR_STR(iss), wrong);
        return;
    }

    if (iss.data[iss.len - 1] == '/') {
        iss.len--;
    }

    s->url.span = s->iss.span;
    s->url.text = weir_arena_printf(l->arena, "%.*s%s", WEIR_STR(iss),
                                    CONFIGURATION);
    l->nomem |= s->url.text.data == NULL;
}


static void
load_times(weir_load_t *l, const weir_node_t *jwks, weir_issuer_t *s)
{
    size_t              i;
    const weir_node_t  *n;

    static const char *const  keys[] = {
        "ttl", "stale_max", "refresh", "wait"
    };

    s->ttl = 600;
    s->stale_max = 86400;
    s->refresh = 10;
    s->wait = 2000;

    weir_load_duration(l, jwks, "ttl", 1, WEIR_MAX_KEYS_TTL, 1000, &s->ttl);
    weir_load_duration(l, jwks, "stale_max", 1, WEIR_MAX_KEYS_STALE, 1000,
                       &s->stale_max);
    weir_load_duration(l, jwks, "refresh", 1, WEIR_MAX_KEYS_REFRESH, 1000,
                       &s->refresh);
    weir_load_duration(l, jwks, "wait", 0, WEIR_MAX_KEYS_WAIT, 1, &s->wait);

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        n = weir_node_get(jwks, keys[i]);

        if (n != NULL && s->keys == WEIR_KEYS_FILE) {
            (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                             "\"%s\" is for keys that are fetched, and these "
                             "are in a file", keys[i]);
        }
    }

    n = weir_node_get(jwks, "stale_max");

    if (s->stale_max < s->ttl) {
        n = n != NULL ? n : weir_node_get(jwks, "ttl");

        (void) weir_fail(l->diags, WEIR_EVALUE,
                         n != NULL ? n->text.span : s->name.span,
                         "\"stale_max\" is shorter than \"ttl\": %us and "
                         "%us", (unsigned) s->stale_max, (unsigned) s->ttl);
    }
}


static void
load_keys(weir_load_t *l, const weir_node_t *node, weir_issuer_t *s)
{
    const char         *wrong;
    const weir_node_t  *jwks, *secret, *url, *file;

    jwks = weir_node_get(node, "jwks");
    secret = weir_node_get(node, "secret");

    if (jwks != NULL && secret != NULL) {
        (void) weir_fail(l->diags, WEIR_EPLACE, secret->text.span,
                         "\"secret\" beside \"jwks\": the keys of an issuer "
                         "are public or secret");
    }

    url = weir_node_get(jwks, "url");
    file = weir_node_get(secret != NULL ? secret : jwks, "file");

    if (file != NULL) {
        s->file = weir_load_name(file);
    }

    if (secret != NULL || weir_node_find(node, "secret") != NULL) {
        s->keys = WEIR_KEYS_SECRET;

    } else if (url != NULL) {
        s->keys = WEIR_KEYS_URL;
        s->url = weir_load_name(url);
        wrong = weir_url_wrong(url->text.text);

        if (wrong != NULL) {
            (void) weir_fail(l->diags, WEIR_EVALUE, url->text.span,
                             "\"%.*s\" is no URL that keys may come from: %s",
                             WEIR_STR(url->text.text), wrong);
        }

    } else if (file != NULL || weir_node_find(jwks, "url") != NULL
               || (jwks == NULL && weir_node_find(node, "jwks") != NULL))
    {
        s->keys = WEIR_KEYS_FILE;       /* or what was meant is not known */

    } else {
        discover(l, s);
    }

    load_times(l, jwks, s);
}


static uint32_t
alg_bit(weir_str_t name)
{
    size_t  i;

    static const char *const  names[] = {
#define A(name, text, kty)  text,
        WEIR_ALGS(A)
#undef A
    };

    for (i = 0; !weir_str_eq(weir_cstr(names[i]), name); i++) {
        /* the schema took it: it is among them */
    }

    return (uint32_t) 1 << i;
}


static void
load_algs(weir_load_t *l, const weir_node_t *node, weir_issuer_t *s)
{
    uint32_t            i, bit, all;
    const weir_node_t  *n;

    all = s->keys == WEIR_KEYS_SECRET ? WEIR_ALGS_SECRET : WEIR_ALGS_PUBLIC;

    if (node == NULL) {
        s->algs = all;
        return;
    }

    for (i = 0; i < node->n; i++) {
        n = &node->u.items[i];

        if (n->kind == WEIR_T_UNSET) {
            continue;
        }

        bit = alg_bit(n->text.text);

        if ((bit & all) == 0) {
            (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                             s->keys == WEIR_KEYS_SECRET
                             ? "\"%.*s\" is for public keys, and those of "
                               "\"%.*s\" are secret: HS256, HS384 or HS512"
                             : "\"%.*s\" is for a secret, and \"%.*s\" has "
                               "no \"secret\": who knows a public key could "
                               "sign with it",
                             WEIR_STR(n->text.text), WEIR_STR(s->name.text));
        }

        s->algs |= bit;
    }
}


/* Types are compared without regard to case, and without "application/". */
static void
load_typ(weir_load_t *l, const weir_node_t *node, weir_issuer_t *s)
{
    size_t       i;
    weir_str_t  *t, media;

    media = weir_string("application/");
    weir_load_some(l, node, &s->typ);

    for (i = 0; i < s->typ.len; i++) {
        t = &s->typ.items[i].text;
        *t = weir_lower(l->arena, *t);

        if (t->data == NULL) {
            l->nomem = true;
            return;
        }

        if (weir_str_starts(*t, media)) {
            *t = weir_str(t->data + media.len, t->len - media.len);
        }
    }
}


static void
load_member(weir_load_t *l, const weir_node_t *map, const char *key,
    const char *usual, weir_name_list_t *out)
{
    weir_name_t        *name;
    const weir_node_t  *n;

    n = weir_node_get(map, key);

    if (n != NULL) {
        weir_load_members(l, n, n->text.text, out);
        return;
    }

    name = usual != NULL ? weir_load_push(l, out) : NULL;

    if (name != NULL) {
        name->text = weir_cstr(usual);
    }
}


static void
load_map(weir_load_t *l, const weir_node_t *map, weir_issuer_t *s)
{
    load_member(l, map, "sub", "sub", &s->sub);
    load_member(l, map, "roles", "roles", &s->roles);
    load_member(l, map, "tenant", NULL, &s->tenant);
    load_member(l, map, "acr", "acr", &s->acr);
    load_member(l, map, "amr", "amr", &s->amr);
}


/* What is revoked twice is revoked. */
static void
revoke(weir_load_t *l, const revoked_t *r, const weir_node_t *node)
{
    weir_rc_t            rc;
    weir_str_t           key, *p;
    weir_names_entry_t  *prev;

    if (node->kind == WEIR_T_UNSET) {
        return;
    }

    key = weir_arena_printf(l->arena, "%.*s%c%s%c%.*s", WEIR_STR(r->issuer),
                            0, r->what, 0, WEIR_STR(node->text.text));

    if (key.data == NULL) {
        l->nomem = true;
        return;
    }

    rc = weir_names_add(&l->revoked, key, node->text.span, 0, &prev);
    l->nomem |= rc == WEIR_NOMEM;
    p = rc == WEIR_OK ? weir_load_push(l, &l->model->revoked) : NULL;

    if (p != NULL) {
        *p = key;
    }
}


static const char *const  whats[] = { "jti", "sub", "kid" };

#define NWHATS  (sizeof(whats) / sizeof(whats[0]))


static void
revoke_line(weir_load_t *l, const weir_node_t *line, void *data)
{
    size_t              i;
    revoked_t          *r;
    const weir_node_t  *n;

    r = data;

    for (i = 0; i < NWHATS; i++) {
        n = weir_node_get(line, whats[i]);

        if (n != NULL) {
            r->what = whats[i];
            revoke(l, r, n);
        }
    }
}


/* What the store says is revoked. */
static void
load_revoked_store(weir_load_t *l, const weir_node_t *node, weir_issuer_t *s)
{
    const weir_node_t  *n;

    if (node == NULL) {
        return;
    }

    n = weir_node_get(node, "on_stale");

    s->revoked = n != NULL && weir_str_eq(n->text.text, weir_string("allow"))
                 ? WEIR_REVOKED_ALLOW : WEIR_REVOKED_DENY;
    s->revoked_every = 10;
    s->revoked_max = 3600;

    weir_load_duration(l, node, "refresh", 1, WEIR_MAX_REVOKED_EVERY, 1000,
                       &s->revoked_every);
    weir_load_duration(l, node, "stale_max", 1, WEIR_MAX_REVOKED_STALE, 1000,
                       &s->revoked_max);

    if (s->revoked_max < s->revoked_every) {
        n = weir_node_get(node, "stale_max");
        n = n != NULL ? n : weir_node_get(node, "refresh");

        (void) weir_fail(l->diags, WEIR_EVALUE, n->text.span,
                         "\"stale_max\" is shorter than \"refresh\": %us and "
                         "%us", (unsigned) s->revoked_max,
                         (unsigned) s->revoked_every);
    }
}


static void
load_revoked(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node, weir_issuer_t *s)
{
    size_t              i;
    uint32_t            k;
    revoked_t           r;
    const weir_node_t  *n;

    r.issuer = s->name.text;

    for (i = 0; i < NWHATS; i++) {
        r.what = whats[i];
        n = weir_node_get(node, whats[i]);

        for (k = 0; n != NULL && k < n->n; k++) {
            revoke(l, &r, &n->u.items[k]);
        }
    }

    n = weir_node_get(node, "file");

    if (n != NULL) {
        weir_load_lines(l, f, n, &weir_schema_revoked_line, revoke_line, &r);
    }

    load_revoked_store(l, weir_node_get(node, "store"), s);
}


static void
load_issuer(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node, weir_issuer_t *s)
{
    weir_from_t        *from;
    const weir_node_t  *n;

    load_iss(l, weir_node_get(node, "iss"), s);
    load_keys(l, node, s);
    load_algs(l, weir_node_get(node, "alg"), s);
    load_typ(l, weir_node_get(node, "typ"), s);
    load_map(l, weir_node_get(node, "map"), s);
    weir_load_some(l, weir_node_get(node, "aud"), &s->aud);
    weir_load_some(l, weir_node_get(node, "required"), &s->claims);

    s->skew = 30;
    weir_load_duration(l, node, "skew", 0, WEIR_MAX_SKEW, 1000, &s->skew);
    weir_load_duration(l, node, "max_age", 1, WEIR_MAX_TOKEN_AGE, 1000,
                       &s->max_age);

    n = weir_node_get(node, "from");
    weir_load_from(l, n, &s->from);

    if (n == NULL) {
        from = weir_load_push(l, &s->from);

        if (from != NULL) {
            from->kind = WEIR_SOURCE_BEARER;
            from->name.text = weir_str("", 0);
        }
    }

    s->dpop = weir_node_get(node, "dpop") != NULL ? WEIR_DPOP_REQUIRED
                                                  : WEIR_DPOP_OFF;

    load_revoked(l, f, weir_node_get(node, "revoked"), s);
}


void
weir_load_issuers(weir_load_t *l, const weir_policy_file_t *f,
    const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    weir_issuer_t       *s;
    const weir_entry_t  *e;

    for (i = 0; node != NULL && i < node->n; i++) {
        e = &node->u.entries[i];
        name = weir_load_name(&e->key);

        if (e->key.kind == WEIR_T_UNSET
            || !weir_load_unique(l, &l->issuers, "issuer", &name,
                                 (uint32_t) l->model->issuers.len))
        {
            continue;
        }

        if (l->model->issuers.len == WEIR_MAX_ISSUERS) {
            (void) weir_fail(l->diags, WEIR_EBOUND, name.span,
                             "a policy of more than %d issuers",
                             WEIR_MAX_ISSUERS);
            return;
        }

        s = weir_load_push(l, &l->model->issuers);

        if (s == NULL) {
            return;
        }

        s->name = name;

        if (e->value.kind != WEIR_T_UNSET) {
            load_issuer(l, f, &e->value, s);
        }
    }
}
