/*
 * test_write_identity.c: who callers are, from a policy's text to the records
 * of its image.
 */

#include "ask.h"


#define STR(p, i)     weir_img_str(&(p)->image, (i))
#define REC(p, s, i)  (&WEIR_REC(&(p)->image, s)[i])


static void
is_str(const policy_t *p, uint32_t i, const char *want)
{
    char  got[256];

    snprintf(got, sizeof(got), "%.*s", WEIR_STR(STR(p, i)));
    assert_string_equal(got, want);
}


/* The strings of a range of refs, with blanks. */
static void
are_strs(const policy_t *p, weir_range_t r, const char *want)
{
    char      got[256];
    size_t    len;
    uint32_t  i;

    len = 0;
    got[0] = '\0';

    for (i = 0; i < r.count; i++) {
        len += (size_t) snprintf(got + len, sizeof(got) - len, "%s%.*s",
                                 i ? " " : "",
                                 WEIR_STR(STR(p, *REC(p, REFS, r.first + i))));
    }

    assert_string_equal(got, want);
}


/* "bearer cookie:NAME header:NAME" */
static void
are_sources(const policy_t *p, weir_range_t r, const char *want)
{
    char                      got[256];
    size_t                    len;
    uint32_t                  i;
    const weir_img_source_t  *s;

    static const char *const  kinds[WEIR_SOURCE_COUNT] = {
        [WEIR_SOURCE_BEARER] = "bearer",
        [WEIR_SOURCE_COOKIE] = "cookie:",
        [WEIR_SOURCE_HEADER] = "header:"
    };

    len = 0;
    got[0] = '\0';

    for (i = 0; i < r.count; i++) {
        s = REC(p, SOURCES, r.first + i);
        len += (size_t) snprintf(got + len, sizeof(got) - len, "%s%s%.*s",
                                 i ? " " : "", kinds[s->kind],
                                 WEIR_STR(STR(p, s->name)));
    }

    assert_string_equal(got, want);
}


/* The record of a hash's key; NULL: it has none of that name. */
static uint32_t
found(const policy_t *p, unsigned which, weir_str_t key)
{
    return weir_phash_find(&p->image.hash[which], key);
}


static const weir_img_issuer_t *
issuer(const policy_t *p, const char *name)
{
    uint32_t                  i;
    const weir_img_issuer_t  *s;

    for (i = 0; i < p->image.n[WEIR_S_ISSUERS]; i++) {
        s = REC(p, ISSUERS, i);

        if (weir_str_eq(STR(p, s->name), weir_cstr(name))) {
            return s;
        }
    }

    fail();
    return NULL;
}


static void
an_issuer_says_everything(void **state)
{
    policy_t                  p;
    const weir_img_issuer_t  *s;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "issuers:\n"
        "  main:\n"
        "    iss: https://id.example/\n"
        "    aud: [shop-api, shop]\n"
        "    jwks: {url: 'https://id.example/jwks', file: /etc/jwks.json,\n"
        "           ttl: 5m, stale_max: 2d, refresh: 20s, wait: 1500ms}\n"
        "    alg: [ES256, RS256, EdDSA]\n"
        "    typ: [at+jwt, application/JWT]\n"
        "    skew: 10s\n"
        "    max_age: 1h\n"
        "    required: [sub, tenant_id]\n"
        "    from: [{bearer: true}, {cookie: Session}, {header: X-Token}]\n"
        "    map: {sub: user.name, roles: ['https://x.example/roles'],\n"
        "          tenant: tenant_id, acr: a.b.c, amr: [amr, 'x.y']}\n"
        "    dpop: required\n"
        "    revoked: {store: {refresh: 1s, stale_max: 2h,"
        " on_stale: allow}}\n"
        "  few:\n"
        "    iss: https://few.example/auth/\n"
        "  local:\n"
        "    iss: http://127.0.0.1:8080\n"
        "    jwks: {ttl: 1m}\n"
        "    revoked: {store: {}}\n"
        "  file:\n"
        "    iss: file\n"
        "    jwks: {file: keys/jwks.json}\n"
        "  secret:\n"
        "    iss: secret\n"
        "    secret: {file: /etc/hs.json}\n"
        "  half:\n"
        "    iss: half\n"
        "    secret: {file: /etc/hs.json}\n"
        "    alg: [HS512]\n");

    s = issuer(&p, "main");
    is_str(&p, s->iss, "https://id.example/");
    are_strs(&p, s->aud, "shop-api shop");
    are_strs(&p, s->typ, "at+jwt jwt");
    are_strs(&p, s->claims, "sub tenant_id");
    are_strs(&p, s->sub, "user name");
    are_strs(&p, s->roles, "https://x.example/roles");
    are_strs(&p, s->tenant, "tenant_id");
    are_strs(&p, s->acr, "a b c");
    are_strs(&p, s->amr, "amr x.y");
    are_sources(&p, s->sources, "bearer cookie:Session header:x-token");
    is_str(&p, s->url, "https://id.example/jwks");
    is_str(&p, s->file, "/etc/jwks.json");
    assert_int_equal(s->keys, WEIR_KEYS_URL);
    assert_int_equal(s->algs, WEIR_ALG_BIT(ES256) | WEIR_ALG_BIT(RS256)
                              | WEIR_ALG_BIT(EDDSA));
    assert_int_equal(s->dpop, WEIR_DPOP_REQUIRED);
    assert_int_equal(s->skew, 10);
    assert_int_equal(s->max_age, 3600);
    assert_int_equal(s->ttl, 300);
    assert_int_equal(s->stale_max, 172800);
    assert_int_equal(s->refresh, 20);
    assert_int_equal(s->wait, 1500);
    assert_int_equal(s->revoked, WEIR_REVOKED_ALLOW);
    assert_int_equal(s->revoked_every, 1);
    assert_int_equal(s->revoked_max, 7200);

    /* what is not said */
    s = issuer(&p, "few");
    assert_int_equal(s->keys, WEIR_KEYS_DISCOVERY);
    is_str(&p, s->url,
           "https://few.example/auth/.well-known/openid-configuration");
    assert_int_equal(s->file, WEIR_NONE);
    assert_int_equal(s->aud.count, 0);
    assert_int_equal(s->typ.count, 0);
    assert_int_equal(s->claims.count, 0);
    are_strs(&p, s->sub, "sub");
    are_strs(&p, s->roles, "roles");
    assert_int_equal(s->tenant.count, 0);
    are_strs(&p, s->acr, "acr");
    are_strs(&p, s->amr, "amr");
    are_sources(&p, s->sources, "bearer");
    assert_int_equal(s->algs, WEIR_ALGS_PUBLIC);
    assert_int_equal(s->dpop, WEIR_DPOP_OFF);
    assert_int_equal(s->skew, 30);
    assert_int_equal(s->max_age, 0);
    assert_int_equal(s->ttl, 600);
    assert_int_equal(s->stale_max, 86400);
    assert_int_equal(s->refresh, 10);
    assert_int_equal(s->wait, 2000);
    assert_int_equal(s->revoked, WEIR_REVOKED_HERE);
    assert_int_equal(s->revoked_every, 0);
    assert_int_equal(s->revoked_max, 0);

    s = issuer(&p, "local");
    assert_int_equal(s->keys, WEIR_KEYS_DISCOVERY);
    is_str(&p, s->url,
           "http://127.0.0.1:8080/.well-known/openid-configuration");
    assert_int_equal(s->ttl, 60);
    assert_int_equal(s->revoked, WEIR_REVOKED_DENY);
    assert_int_equal(s->revoked_every, 10);
    assert_int_equal(s->revoked_max, 3600);

    s = issuer(&p, "file");
    assert_int_equal(s->keys, WEIR_KEYS_FILE);
    assert_int_equal(s->url, WEIR_NONE);
    is_str(&p, s->file, "keys/jwks.json");

    s = issuer(&p, "secret");
    assert_int_equal(s->keys, WEIR_KEYS_SECRET);
    assert_int_equal(s->algs, WEIR_ALGS_SECRET);
    is_str(&p, s->file, "/etc/hs.json");

    assert_int_equal(issuer(&p, "half")->algs, WEIR_ALG_BIT(HS512));

    policy_close(&p);
}


/* Which tokens are good, and what they mean, against what is no part of it. */
static void
a_digest_is_of_what_tokens_mean(void **state)
{
    char         yaml[512];
    size_t       i;
    policy_t     p, q;
    const char  *plain;

    static const struct {
        const char  *issuer;
        bool         digest;        /* is another than that of plain */
        bool         keys;          /* so is that of its keys */
    } t[] = {
        { "iss: a, aud: x, jwks: {file: f}", false, false },
        { "iss: a, aud: [x], jwks: {file: f}", false, false },
        { "iss: a, aud: x, jwks: {file: f}, revoked: {jti: [j]}", false,
          false },
        { "iss: a, aud: x, jwks: {file: f}, skew: 30s", false, false },
        { "iss: a, aud: x, jwks: {file: f}, map: {sub: sub}", false, false },

        { "iss: b, aud: x, jwks: {file: f}", true, false },
        { "iss: a, aud: z, jwks: {file: f}", true, false },
        { "iss: a, aud: [x, z], jwks: {file: f}", true, false },
        { "iss: a, aud: x, typ: x, jwks: {file: f}", true, false },
        { "iss: a, aud: x, required: [x], jwks: {file: f}", true, false },
        { "iss: a, aud: x, alg: [ES256], jwks: {file: f}", true, false },
        { "iss: a, aud: x, skew: 1s, jwks: {file: f}", true, false },
        { "iss: a, aud: x, max_age: 1s, jwks: {file: f}", true, false },
        { "iss: a, aud: x, dpop: required, jwks: {file: f}", true, false },
        { "iss: a, aud: x, from: [{cookie: c}], jwks: {file: f}", true,
          false },
        { "iss: a, aud: x, map: {sub: x}, jwks: {file: f}", true, false },
        { "iss: a, aud: x, map: {roles: x}, jwks: {file: f}", true, false },
        { "iss: a, aud: x, map: {roles: roles.x}, jwks: {file: f}", true,
          false },
        { "iss: a, aud: x, map: {tenant: x}, jwks: {file: f}", true, false },
        { "iss: a, aud: x, map: {acr: x}, jwks: {file: f}", true, false },
        { "iss: a, aud: x, map: {amr: x}, jwks: {file: f}", true, false },

        { "iss: a, aud: x, jwks: {file: g}", true, true },
        { "iss: a, aud: x, secret: {file: f}", true, true },
        { "iss: a, aud: x, jwks: {file: f, url: 'https://f/'}", true, true },
        { "iss: 'https://f/', aud: x", true, true },
    };

    (void) state;

    plain = "weir: 1\nissuers: {i: {iss: a, aud: x, jwks: {file: f}}}\n";
    policy_open(&p, plain);

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        snprintf(yaml, sizeof(yaml), "weir: 1\nissuers: {j: {%s}}\n",
                 t[i].issuer);
        policy_open(&q, yaml);

        if (t[i].digest != (memcmp(REC(&p, ISSUERS, 0)->digest,
                                   REC(&q, ISSUERS, 0)->digest,
                                   WEIR_SHA256_LEN) != 0)
            || t[i].keys != (memcmp(&REC(&p, ISSUERS, 0)->keys_id,
                                    &REC(&q, ISSUERS, 0)->keys_id,
                                    sizeof(weir_id_t)) != 0))
        {
            fail_msg("%s", t[i].issuer);
        }

        policy_close(&q);
    }

    policy_close(&p);
}


/* One document cannot be of two issuers, though both lead to it. */
static void
discovery_is_of_one_issuer(void **state)
{
    policy_t  p;

    (void) state;

    policy_open(&p, "weir: 1\nissuers:\n"
                "  a: {iss: 'https://x'}\n  b: {iss: 'https://x/'}\n");

    assert_true(weir_str_eq(STR(&p, REC(&p, ISSUERS, 0)->url),
                            STR(&p, REC(&p, ISSUERS, 1)->url)));
    assert_memory_not_equal(&REC(&p, ISSUERS, 0)->keys_id,
                            &REC(&p, ISSUERS, 1)->keys_id, sizeof(weir_id_t));

    policy_close(&p);
}


/* Times of fetching are none of a token's business. */
static void
a_digest_is_not_of_fetching(void **state)
{
    policy_t  p, q;

    (void) state;

    policy_open(&p, "weir: 1\nissuers:\n"
                "  a: {iss: a, jwks: {url: 'https://x/'}}\n");
    policy_open(&q, "weir: 1\nissuers:\n"
                "  a: {iss: a, jwks: {url: 'https://x/', ttl: 1s,\n"
                "      stale_max: 1d, refresh: 1m, wait: 0s}}\n");

    assert_memory_equal(REC(&p, ISSUERS, 0)->digest,
                        REC(&q, ISSUERS, 0)->digest, WEIR_SHA256_LEN);
    assert_memory_equal(&REC(&p, ISSUERS, 0)->keys_id,
                        &REC(&q, ISSUERS, 0)->keys_id, sizeof(weir_id_t));

    policy_close(&q);
    policy_close(&p);
}


static void
what_is_revoked_is_found_by_its_key(void **state)
{
    policy_t  p;

    (void) state;

    policy_open(&p,
        "weir: 1\nissuers:\n"
        "  a: {iss: a, jwks: {file: f},\n"
        "      revoked: {jti: [x, x, z], sub: [x], kid: [x]}}\n"
        "  b: {iss: b, jwks: {file: f}, revoked: {jti: [x]}}\n");

    assert_int_equal(p.image.n[WEIR_S_REVOKED], 5);

    assert_int_equal(found(&p, WEIR_HASH_REVOKED, weir_string("a\0jti\0x")),
                     0);
    assert_int_equal(found(&p, WEIR_HASH_REVOKED, weir_string("a\0jti\0z")),
                     1);
    assert_int_equal(found(&p, WEIR_HASH_REVOKED, weir_string("b\0jti\0x")),
                     4);
    assert_true(weir_str_eq(STR(&p, REC(&p, REVOKED, 3)->key),
                            weir_string("a\0kid\0x")));

    policy_close(&p);
}


static void
keys_and_names_are_found(void **state)
{
    uint32_t                    i;
    uint8_t                     sum[WEIR_SHA256_LEN];
    policy_t                    p;
    const weir_img_apikey_t    *k;
    const weir_img_identity_t  *d;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "tenants: {list: {acme: {}}}\n"
        "apikeys:\n"
        "  from: [{header: X-Key}, {cookie: key}]\n"
        "  list:\n"
        "    cron.1: {sha256: n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg,\n"
        "             tenant: acme, roles: [clerk, reader],\n"
        "             not_after: 2027-01-01T00:00:00Z}\n"
        "    bare: {sha256: 9F86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"
        "d15d6c15b0f00a08}\n"
        "mtls:\n"
        "  sub: dns_san\n"
        "  tenant: '{tenant}.clients.example'\n"
        "  identities:\n"
        "    'billing.example': {tenant: acme, roles: [clerk]}\n"
        "    'CN=x, O=y': {}\n");

    are_sources(&p, p.image.policy->key_sources, "header:x-key cookie:key");

    i = found(&p, WEIR_HASH_APIKEYS, weir_string("cron.1"));
    k = REC(&p, APIKEYS, i);
    assert_int_equal(weir_sha256(weir_string("test"), sum), WEIR_OK);
    assert_memory_equal(k->secret, sum, sizeof(sum));
    is_str(&p, k->id, "cron.1");
    is_str(&p, k->tenant, "acme");
    are_strs(&p, k->roles, "clerk reader");
    assert_int_equal(k->not_after, 1798761600);

    i = found(&p, WEIR_HASH_APIKEYS, weir_string("bare"));
    k = REC(&p, APIKEYS, i);
    assert_memory_equal(k->secret, sum, sizeof(sum));
    assert_int_equal(k->tenant, WEIR_NONE);
    assert_int_equal(k->roles.count, 0);
    assert_true(k->not_after == INT64_MAX);

    i = found(&p, WEIR_HASH_IDENTITIES, weir_string("billing.example"));
    d = REC(&p, IDENTITIES, i);
    is_str(&p, d->name, "billing.example");
    is_str(&p, d->tenant, "acme");
    are_strs(&p, d->roles, "clerk");
    assert_int_equal(REC(&p, IDENTITIES, 1 - i)->tenant, WEIR_NONE);

    assert_int_equal(REC(&p, MTLS, 0)->sub, WEIR_CERT_DNS_SAN);
    is_str(&p, REC(&p, MTLS, 0)->prefix, "");
    is_str(&p, REC(&p, MTLS, 0)->suffix, ".clients.example");
    assert_int_equal(REC(&p, MTLS, 0)->rest, 0);

    policy_close(&p);
}


static void
certificates_have_templates(void **state)
{
    policy_t  p;

    (void) state;

    policy_open(&p, "weir: 1\nmtls: {tenant: 'spiffe://x/{tenant}/**'}\n");
    assert_int_equal(REC(&p, MTLS, 0)->sub, WEIR_CERT_URI_SAN);
    is_str(&p, REC(&p, MTLS, 0)->prefix, "spiffe://x/");
    is_str(&p, REC(&p, MTLS, 0)->suffix, "/");
    assert_int_equal(REC(&p, MTLS, 0)->rest, 1);
    policy_close(&p);

    policy_open(&p, "weir: 1\nmtls: {}\n");
    assert_int_equal(REC(&p, MTLS, 0)->prefix, WEIR_NONE);
    assert_int_equal(REC(&p, MTLS, 0)->suffix, WEIR_NONE);
    policy_close(&p);

    policy_open(&p, "weir: 1\n");
    assert_int_equal(p.image.n[WEIR_S_MTLS], 0);
    assert_int_equal(p.image.policy->key_sources.count, 0);
    policy_close(&p);
}


static void
binds_are_written_in_order(void **state)
{
    policy_t                p;
    const weir_img_bind_t  *b;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "tenants:\n"
        "  bind: [mtls.dns_san, claim.org.tenant, 'claim.https://x.y/t',\n"
        "         apikey.tenant, mtls.tenant, mtls.uri_san]\n"
        "issuers: {a: {iss: a, jwks: {file: f}}}\n"
        "apikeys: {list: {}}\n"
        "mtls: {}\n");

    assert_int_equal(p.image.policy->bind.count, 6);
    b = REC(&p, BINDS, p.image.policy->bind.first);
    assert_int_equal(b[0].kind, WEIR_BIND_DNS_SAN);
    assert_int_equal(b[0].path.count, 0);
    assert_int_equal(b[1].kind, WEIR_BIND_CLAIM);
    are_strs(&p, b[1].path, "org tenant");
    are_strs(&p, b[2].path, "https://x.y/t");
    assert_int_equal(b[3].kind, WEIR_BIND_APIKEY);
    assert_int_equal(b[4].kind, WEIR_BIND_MTLS);
    assert_int_equal(b[5].kind, WEIR_BIND_URI_SAN);

    policy_close(&p);
}


/* "any jwt:0 apikey", and an f where credentials go on. */
static void
asks(const policy_t *p, const char *id, const char *want)
{
    char                      got[256];
    size_t                    len;
    uint32_t                  i;
    const weir_img_route_t   *r;
    const weir_img_method_t  *m;

    static const char *const  kinds[] = { "none", "any", "all", "optional" };
    static const char *const  by[] = {
#define P(name, text)  text,
        WEIR_PRINCIPALS(P)
#undef P
    };

    for (i = 0, r = NULL; i < p->image.n[WEIR_S_ROUTES]; i++) {
        if (weir_str_eq(STR(p, REC(p, ROUTES, i)->id), weir_cstr(id))) {
            r = REC(p, ROUTES, i);
        }
    }

    assert_non_null(r);
    len = (size_t) snprintf(got, sizeof(got), "%s", kinds[r->auth]);

    for (i = 0; i < r->auth_methods.count; i++) {
        m = REC(p, METHODS, r->auth_methods.first + i);
        len += (size_t) snprintf(got + len, sizeof(got) - len, " %s",
                                 by[m->by]);

        if (m->by == WEIR_BY_JWT) {
            len += (size_t) snprintf(got + len, sizeof(got) - len, ":%u",
                                     (unsigned) m->issuer);

        } else {
            assert_int_equal(m->issuer, WEIR_NONE);
        }
    }

    snprintf(got + len, sizeof(got) - len, "%s", r->forward ? " f" : "");
    assert_string_equal(got, want);
}


#define ROUTE(id, more)  "  - {id: " id ", match: {path: /" id "}" more "}\n"

#define PLAIN                                                                 \
    "routes:\n"                                                               \
    ROUTE("silent", "")                                                       \
    ROUTE("public", ", public: true")                                         \
    ROUTE("nobody", ", auth: {optional: []}")                                 \
    ROUTE("also", "")

static void
routes_say_what_they_ask(void **state)
{
    policy_t               p;
    const weir_img_mfa_t  *mfa;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "issuers:\n"
        "  a: {iss: a, jwks: {file: f}}\n"
        "  b: {iss: b, jwks: {file: f}}\n"
        "apikeys: {list: {}}\n"
        "mtls: {}\n"
        PLAIN
        ROUTE("first", ", auth: {any: [apikey, jwt: b, mtls, jwt: a]}")
        ROUTE("every", ", auth: {any: [mtls, jwt]}")
        ROUTE("both", ", auth: {all: [jwt: b, mtls], forward: true}")
        ROUTE("perhaps", ", auth: {optional: [jwt]}")
        ROUTE("strong", ", mfa: {acr: urn:mfa, amr_any: [hwk, otp], "
              "max_auth_age: 15m}"));

    asks(&p, "silent", "any jwt:0 jwt:1 apikey mtls");
    asks(&p, "public", "none");
    asks(&p, "nobody", "none");
    asks(&p, "also", "any jwt:0 jwt:1 apikey mtls");
    asks(&p, "first", "any apikey jwt:1 mtls jwt:0");
    asks(&p, "every", "any mtls jwt:0 jwt:1");
    asks(&p, "both", "all jwt:1 mtls f");
    asks(&p, "perhaps", "optional jwt:0 jwt:1");
    asks(&p, "strong", "any jwt:0 jwt:1 apikey mtls");

    /* those that say nothing share their methods */
    assert_int_equal(p.image.n[WEIR_S_METHODS], 4 + 4 + 3 + 2 + 2);
    assert_int_equal(p.image.n[WEIR_S_MFAS], 1);

    mfa = REC(&p, MFAS, 0);
    are_strs(&p, mfa->acr, "urn:mfa");
    are_strs(&p, mfa->amr, "hwk otp");
    assert_int_equal(mfa->max_age, 900);

    policy_close(&p);

    /* without any way to prove anything, nobody is asked */
    policy_open(&p, "weir: 1\n" PLAIN);
    asks(&p, "silent", "none");
    asks(&p, "also", "none");
    assert_int_equal(p.image.n[WEIR_S_METHODS], 0);
    policy_close(&p);
}


/* As many issuers as there may be, and a route that takes every token. */
static void
many_issuers_are_asked(void **state)
{
    char      *yaml;
    FILE      *out;
    size_t     len;
    unsigned   i;
    policy_t   p;

    (void) state;

    out = open_memstream(&yaml, &len);
    fputs("weir: 1\napikeys: {list: {}}\nmtls: {}\nissuers:\n", out);

    for (i = 0; i < WEIR_MAX_ISSUERS; i++) {
        fprintf(out, "  i%u: {iss: i%u, jwks: {file: f}}\n", i, i);
    }

    fputs(PLAIN, out);
    fclose(out);

    policy_open(&p, yaml);
    assert_int_equal(REC(&p, ROUTES, 0)->auth_methods.count,
                     WEIR_MAX_AUTH_METHODS);
    policy_close(&p);
    free(yaml);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(an_issuer_says_everything),
        cmocka_unit_test(a_digest_is_of_what_tokens_mean),
        cmocka_unit_test(discovery_is_of_one_issuer),
        cmocka_unit_test(a_digest_is_not_of_fetching),
        cmocka_unit_test(what_is_revoked_is_found_by_its_key),
        cmocka_unit_test(keys_and_names_are_found),
        cmocka_unit_test(certificates_have_templates),
        cmocka_unit_test(binds_are_written_in_order),
        cmocka_unit_test(routes_say_what_they_ask),
        cmocka_unit_test(many_issuers_are_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
