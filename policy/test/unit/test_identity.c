/*
 * test_identity.c: who calls: every way to prove it, everything that is wrong
 * with a credential, and what the client is told.
 */

#include "ask.h"
#include "test/tokens.h"

#define SECRET_SHA256                                                         \
    "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0"
#define ALGS  "algs=\"RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 " \
              "ES256K EdDSA\""

static const char  policy_yaml[] =
    "weir: 1\n"
    "policy: {name: the-shop}\n"
    "issuers:\n"
    "  main:\n"
    "    iss: https://id.example/\n"
    "    secret: {file: /keys/main}\n"
    "    revoked: {store: {}}\n"
    "    map: {tenant: tenant_id}\n"
    "    from: [{bearer: true}, {cookie: session}, {header: x-token}]\n"
    "  second: {iss: https://second.example, jwks: {file: /keys/second}}\n"
    "  pop: {iss: https://pop.example, jwks: {file: /keys/pop},"
    " dpop: required, revoked: {store: {on_stale: allow}}}\n"
    "  down: {iss: https://down.example, jwks: {url:"
    " https://down.example/jwks}}\n"
    "apikeys:\n"
    "  from: [{header: x-api-key}, {cookie: key}]\n"
    "  list:\n"
    "    cron.nightly: {sha256: " SECRET_SHA256 ", tenant: acme,"
    " roles: [clerk]}\n"
    "    late: {sha256: " SECRET_SHA256 ", not_after:"
    " 2023-11-14T22:13:19Z}\n"
    "    just: {sha256: " SECRET_SHA256 ", not_after:"
    " 2023-11-14T22:13:20Z}\n"
    "mtls:\n"
    "  tenant: \"spiffe://shop.example/{tenant}/**\"\n"
    "  identities:\n"
    "    spiffe://shop.example/acme/billing: {roles: [clerk]}\n"
    "    spiffe://elsewhere.example/billing: {tenant: acme}\n"
    "roles:\n"
    "  viewer: {permissions: [\"orders:read\"]}\n"
    "  clerk: {inherits: [viewer], permissions: [\"orders:*\"]}\n"
    "tenants:\n"
    "  resolve: [{host: \"{tenant}.example\"}]\n"
    "  list:\n"
    "    acme: {plan: pro, roles: {viewer: {permissions:"
    " [\"orders:create\"]}}}\n"
    "    other: {}\n"
    "routes:\n"
    "  - {id: jwt, match: {path: /jwt}, auth: {any: [jwt: main]},"
    " require: {permission: \"orders:read\"}}\n"
    "  - {id: pop, match: {path: /pop}, auth: {any: [jwt: pop]},"
    " require: {when: 'true'}}\n"
    "  - {id: down, match: {path: /down}, auth: {any: [jwt: down]}}\n"
    "  - {id: two, match: {path: /two}, auth: {any: [jwt: second, jwt: main]},"
    " require: {when: 'principal.iss == \"https://id.example/\"'}}\n"
    "  - {id: every, match: {path: /every}, require: {when: 'true'}}\n"
    "  - {id: order, match: {path: /order}, auth: {any: [apikey, jwt: main]},"
    " require: {when: 'true'}}\n"
    "  - {id: all, match: {path: /all}, auth: {all: [jwt: main, apikey]},"
    " require: {when: 'principal.kind == \"jwt\" &&"
    " apikey.id == \"cron.nightly\"'}}\n"
    "  - {id: opt, match: {path: /opt}, auth: {optional: [jwt: main]},"
    " allow: [{id: anon, when: 'principal.kind == \"anonymous\"'},"
    " {id: may, when: 'hasPermission(\"orders:create\")'}]}\n"
    "  - {id: key, match: {path: /key}, auth: {any: [apikey]},"
    " require: {permission: [\"orders:read\", \"orders:create\"]}}\n"
    "  - {id: cert, match: {path: /cert}, auth: {any: [mtls]},"
    " require: {when: 'principal.kind == \"mtls\"'}}\n"
    "  - {id: mfa, match: {path: /mfa}, auth: {any: [jwt: main, apikey]},"
    " mfa: {acr: [\"urn:mfa\", gold], amr_any: [hwk, otp],"
    " max_auth_age: 15m}, require: {when: 'true'}}\n"
    "  - {id: scope, match: {path: /scope}, auth: {any: [jwt: main]},"
    " require: {scope: [orders.read, shop]}}\n"
    "  - {id: when, match: {path: /when}, auth: {any: [jwt: main]},"
    " require: {when: 'principal.claims.level > 3'}}\n"
    "  - {id: plan, match: {path: /plan}, auth: {any: [jwt: main]},"
    " require: {when: 'tenant.plan == \"pro\" && tenant.id == \"acme\"'}}\n"
    "  - {id: bare, match: {path: /bare}, auth: {any: [jwt: main]}}\n"
    "  - {id: both, match: {path: /both}, auth: {any: [jwt: main]},"
    " require: {permission: \"orders:read\"},"
    " allow: [{id: ann, when: 'principal.sub == \"ann\"'}]}\n"
    "  - {id: shut, match: {path: /shut}, auth: {any: [jwt: main]},"
    " require: {permission: \"orders:read\"},"
    " deny: [{id: closed, when: 'true', status: 410}]}\n"
    "  - {id: attrs, match: {path: /attrs}, auth: {any: [jwt: main]},"
    " require: {when: 'principal.sub == \"ann\" &&"
    " principal.iss == \"https://id.example/\" &&"
    " principal.kind == \"jwt\" && principal.roles == [\"clerk\"] &&"
    " principal.acr == \"gold\" && principal.amr == [\"otp\"] &&"
    " principal.auth_time == timestamp(\"2023-11-14T22:10:00Z\") &&"
    " principal.claims.deep.er == [1, \"x\"] &&"
    " apikey.id == \"\" && apikey.tenant == \"\"'}}\n";

/* tokens by name; NULL: of the key that its issuer has */
static const struct {
    const char  *name;
    char         key;           /* main, second, pop, other */
    const char  *header;
    const char  *claims;        /* behind iss and exp */
    const char  *iss;
    int          exp;           /* seconds from now on */
} tokens[] = {
    { "good", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"tenant_id\":\"acme\","
      "\"roles\":[\"clerk\"],\"scope\":\"orders.read shop\",\"level\":4",
      TK_ISS, 600 },
    { "free", 'm', "\"HS256\"", ",\"sub\":\"bob\",\"roles\":\"viewer\","
      "\"scope\":\"orders.read\",\"level\":\"high\"", TK_ISS, 600 },
    { "noone", 'm', "\"HS256\"", ",\"tenant_id\":\"nobody\"", TK_ISS, 600 },
    { "viewer", 'm', "\"HS256\"", ",\"sub\":\"vi\",\"tenant_id\":\"acme\","
      "\"roles\":[\"ghost\",\"viewer\"],\"level\":3", TK_ISS, 600 },
    { "expired", 'm', "\"HS256\"", ",\"sub\":\"ann\"", TK_ISS, -600 },
    { "forged", 'o', "\"HS256\"", ",\"sub\":\"ann\"", TK_ISS, 600 },
    { "foreign", 'm', "\"HS256\"", "", "https://foreign.example", 600 },
    { "second", 's', "\"ES256\"", ",\"sub\":\"sue\"",
      "https://second.example", 600 },
    { "down", 's', "\"ES256\"", "", "https://down.example", 600 },
    { "mfa", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"acr\":\"gold\","
      "\"amr\":[\"pwd\",\"otp\"],\"auth_time\":1699999200", TK_ISS, 600 },
    { "stale", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"acr\":\"gold\","
      "\"amr\":[\"otp\"],\"auth_time\":1699999099", TK_ISS, 600 },
    { "weak", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"acr\":\"gold\","
      "\"amr\":[\"pwd\"],\"auth_time\":1699999200", TK_ISS, 600 },
    { "ahead", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"acr\":\"gold\","
      "\"amr\":[\"otp\"],\"auth_time\":1700001000", TK_ISS, 600 },
    { "low", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"acr\":\"Gold\","
      "\"amr\":[\"otp\"],\"auth_time\":1699999200", TK_ISS, 600 },
    { "unsure", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"acr\":\"urn:mfa\","
      "\"amr\":[\"otp\"]", TK_ISS, 600 },
    { "attrs", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"roles\":[\"clerk\"],"
      "\"acr\":\"gold\",\"amr\":[\"otp\"],\"auth_time\":1699999800,"
      "\"deep\":{\"er\":[1,\"x\"]}", TK_ISS, 600 },
    { "bound", 'm', "\"HS256\"", ",\"sub\":\"ann\",\"roles\":[\"clerk\"],"
      "\"cnf\":{\"x5t#S256\":"
      "\"QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI\"}", TK_ISS, 600 },
    { "pop", 'p', "\"ES256\"", NULL, "https://pop.example", 600 },
    { "nojkt", 'p', "\"ES256\"", ",\"sub\":\"pia\"", "https://pop.example",
      600 },
};

#define NTOKENS  N_OF(tokens)
#define PROOFS   3              /* behind the tokens: fits, other url, other */

static const char *const  proof_names[PROOFS] = { "proof", "elsewhere",
                                                  "misfit" };

typedef struct {
    policy_t        policy;
    tk_key_t        main, second, pop, other, client;
    weir_keys_t    *main_keys, *second_keys, *pop_keys;
    tk_memory_t     memory;
    char           *texts[NTOKENS + PROOFS];
    weir_str_t      known[NTOKENS + PROOFS];
} fix_t;

/* What a client sends; '@NAME' stands for a token. */
typedef struct {
    const char  *path;
    const char  *host;          /* NULL: no tenant */
    const char  *headers[3];    /* "name: value" */
    unsigned     cert;          /* index into certs */
} sent_t;

typedef struct {
    ask_t                ask;   /* must be first: ask_ops */
    fix_t               *f;
    const sent_t        *sent;
    int64_t              now;
    bool                 keyless;
    bool                 mute;      /* no memory is left */
    weir_rc_t            fetched;   /* what refresh says */
    unsigned             refreshed;
    weir_rc_t            fresh;     /* what once says */
    const char          *revoked;   /* "jti VALUE" and so on; NULL: nothing */
    bool                 stale;
    unsigned             looked;    /* for what is revoked */
    unsigned             recalled;
    uint8_t              key[WEIR_SHA256_LEN];
    void                *packed;    /* what is remembered */
    size_t               len;
    int64_t              until;
} host_t;

static const weir_str_t  names[] = {
    { "spiffe://shop.example/acme/billing", 34 },
    { "spiffe://shop.example/other/x", 29 },
    { "spiffe://shop.example/acme", 26 },
    { "spiffe://elsewhere.example/billing", 34 },
    { "spiffe://shop\n", 14 },
    { "billing.local", 13 },
};

/* none; verified ones with each name; without any; not verified; by DNS */
static const weir_cert_t  certs[] = {
    { .verified = false },
    { .verified = true, .uris = &names[0], .nuris = 1, .sha256 = "BBBBBBBB"
      "BBBBBBBBBBBBBBBBBBBBBBBB" },
    { .verified = true, .uris = &names[1], .nuris = 1 },
    { .verified = true, .uris = &names[2], .nuris = 1 },
    { .verified = true, .uris = &names[3], .nuris = 1 },
    { .verified = true, .uris = &names[4], .nuris = 1 },
    { .verified = true, .names = &names[0], .nnames = 1 },
    { .verified = false, .uris = &names[0], .nuris = 1, .sha256 = "BBBBBBBB"
      "BBBBBBBBBBBBBBBBBBBBBBBB" },
    { .verified = true, .uris = names, .nuris = 1, .names = &names[5],
      .nnames = 1 },
    { .verified = true, .names = &names[5], .nnames = 1 },
};


/* The server */

static void *
host_alloc(void *host, size_t n)
{
    host_t  *h = host;

    return h->mute ? NULL : tk_alloc(&h->f->memory, n);
}


static int64_t
host_now(void *host)
{
    host_t  *h = host;

    return h->now;
}


/* Texts with '@NAME' replaced. */
static weir_str_t
filled(host_t *h, weir_str_t s)
{
    char        *out;
    size_t       i;
    weir_str_t   name, start;
    const char  *at;

    at = memchr(s.data, '@', s.len);

    if (at == NULL) {
        return s;
    }

    start = weir_str(s.data, (size_t) (at - s.data));
    name = weir_str(at + 1, s.len - start.len - 1);

    for (i = 0; i < NTOKENS + PROOFS; i++) {

        if (weir_str_eq(name, weir_cstr(i < NTOKENS ? tokens[i].name
                                        : proof_names[i - NTOKENS])))
        {
            out = tk_alloc(&h->f->memory, start.len + h->f->known[i].len);
            memcpy(out, start.data, start.len);
            memcpy(out + start.len, h->f->known[i].data, h->f->known[i].len);
            return weir_str(out, start.len + h->f->known[i].len);
        }
    }

    fail_msg("no token %.*s", WEIR_STR(name));

    return s;
}


static weir_str_t
host_header(void *host, weir_str_t name, unsigned nth)
{
    size_t      i;
    host_t     *h = host;
    weir_str_t  line;

    for (i = 0; i < N_OF(h->sent->headers) && h->sent->headers[i]; i++) {
        line = weir_cstr(h->sent->headers[i]);

        if (weir_str_starts(line, name) && line.data[name.len] == ':'
            && nth-- == 0)
        {
            return filled(h, weir_str(line.data + name.len + 2,
                                      line.len - name.len - 2));
        }
    }

    return weir_str(NULL, 0);
}


static weir_str_t
host_url(void *host)
{
    (void) host;

    return weir_string("https://api.example/pop");
}


static const weir_keys_t *
host_keys(void *host, const weir_img_issuer_t *issuer)
{
    host_t      *h = host;
    weir_str_t   name;

    name = weir_img_str(&h->f->policy.image, issuer->name);

    return h->keyless ? NULL
           : weir_str_eq(name, weir_string("main")) ? h->f->main_keys
           : weir_str_eq(name, weir_string("second")) ? h->f->second_keys
           : weir_str_eq(name, weir_string("pop")) ? h->f->pop_keys : NULL;
}


static weir_rc_t
host_refresh(void *host, const weir_img_issuer_t *issuer)
{
    host_t  *h = host;

    (void) issuer;
    h->refreshed++;

    return h->fetched;
}


static weir_rc_t
host_recall(void *host, const uint8_t key[WEIR_SHA256_LEN], void **packed,
    size_t *len)
{
    host_t  *h = host;

    if (h->packed == NULL || memcmp(key, h->key, WEIR_SHA256_LEN) != 0) {
        return WEIR_DECLINED;
    }

    h->recalled++;
    *packed = tk_alloc(&h->f->memory, h->len);
    memcpy(*packed, h->packed, h->len);
    *len = h->len;

    return WEIR_OK;
}


static void
host_remember(void *host, const uint8_t key[WEIR_SHA256_LEN],
    const weir_token_t *token, int64_t until)
{
    host_t  *h = host;

    h->len = weir_token_packed(token);
    h->packed = tk_alloc(&h->f->memory, h->len);
    h->until = until;
    weir_token_pack(token, h->packed);
    memcpy(h->key, key, WEIR_SHA256_LEN);
}


static weir_rc_t
host_once(void *host, const uint8_t id[WEIR_SHA256_LEN], int64_t until)
{
    host_t  *h = host;

    (void) id;
    assert_true(until > h->now);

    return h->fresh;
}


static weir_rc_t
host_revoked(void *host, const weir_img_issuer_t *issuer, weir_str_t what,
    weir_str_t value)
{
    char     text[256];
    host_t  *h = host;

    assert_int_not_equal(issuer->revoked, WEIR_REVOKED_HERE);
    assert_true(value.len != 0);
    h->looked++;
    snprintf(text, sizeof(text), "%.*s %.*s", WEIR_STR(what),
             WEIR_STR(value));

    if (h->revoked != NULL && strcmp(text, h->revoked) == 0) {
        return WEIR_DECLINED;
    }

    return h->stale ? WEIR_ERROR : WEIR_OK;
}


static weir_rc_t
host_certificate(void *host, weir_cert_t *out)
{
    host_t  *h = host;

    if (h->sent->cert == 0) {
        return WEIR_DECLINED;
    }

    *out = certs[h->sent->cert];

    return WEIR_OK;
}


static const weir_identity_t  identity = {
    .alloc = host_alloc, .now = host_now, .header = host_header,
    .url = host_url, .keys = host_keys, .refresh = host_refresh,
    .recall = host_recall, .remember = host_remember, .once = host_once,
    .revoked = host_revoked, .certificate = host_certificate
};


/* Tokens */

static void
make_token(fix_t *f, size_t i)
{
    char             claims[1024], header[64], cnf[128], jkt[64];
    weir_keys_t     *keys;
    const char      *more;
    const tk_key_t  *k;

    k = tokens[i].key == 'm' ? &f->main : tokens[i].key == 's' ? &f->second
        : tokens[i].key == 'p' ? &f->pop : &f->other;
    more = tokens[i].claims;

    if (more == NULL) {
        keys = tk_keys_of(&f->client, NULL);
        tk_encode(weir_key_thumbprint(weir_keys_at(keys, 0)),
                  WEIR_SHA256_LEN, jkt);
        weir_keys_free(keys);
        snprintf(cnf, sizeof(cnf), ",\"sub\":\"pia\",\"cnf\":{\"jkt\":"
                 "\"%s\"}", jkt);
        more = cnf;
    }

    snprintf(header, sizeof(header), "{\"alg\":%s}", tokens[i].header);
    snprintf(claims, sizeof(claims), "{\"iss\":\"%s\",\"exp\":%d%s}",
             tokens[i].iss, TK_NOW + tokens[i].exp, more);
    f->texts[i] = malloc(TK_ROOM);
    assert_non_null(f->texts[i]);
    f->known[i] = tk_token(k, header, claims, f->texts[i]);
}


static size_t
index_of(const char *name)
{
    size_t  i;

    for (i = 0; strcmp(tokens[i].name, name) != 0; i++) { }

    return i;
}


static void
make_proof(fix_t *f, unsigned n)
{
    char         claims[512], header[1024], jwk[512], ath[64];
    size_t       i;
    uint8_t      digest[WEIR_SHA256_LEN];
    weir_str_t   token;

    i = NTOKENS + n;
    token = f->known[index_of(n == 2 ? "nojkt" : "pop")];
    assert_int_equal(weir_sha256(token, digest), WEIR_OK);
    tk_encode(digest, sizeof(digest), ath);
    tk_jwk(&f->client, "", jwk, sizeof(jwk));
    snprintf(header, sizeof(header), "{\"typ\":\"dpop+jwt\",\"alg\":"
             "\"ES256\",\"jwk\":%s}", jwk);
    snprintf(claims, sizeof(claims), "{\"jti\":\"1\",\"htm\":\"GET\",\"htu\":"
             "\"https://api.example/%s\",\"iat\":%d,\"ath\":\"%s\"}",
             n == 1 ? "jwt" : "pop", TK_NOW, ath);
    f->texts[i] = malloc(TK_ROOM);
    assert_non_null(f->texts[i]);
    f->known[i] = tk_token(&f->client, header, claims, f->texts[i]);
}


static int
open_all(void **state)
{
    size_t    i;
    fix_t    *f;

    f = calloc(1, sizeof(fix_t));
    assert_non_null(f);
    policy_open(&f->policy, policy_yaml);
    f->main = tk_key(WEIR_ALG_HS256);
    f->other = f->main;
    f->other.secret[0] ^= 1;
    f->second = tk_key(WEIR_ALG_ES256);
    f->pop = tk_key(WEIR_ALG_ES256);
    f->client = tk_key(WEIR_ALG_ES256);
    f->main_keys = tk_keys_of(&f->main, NULL);
    f->second_keys = tk_keys_of(&f->second, NULL);
    f->pop_keys = tk_keys_of(&f->pop, NULL);

    for (i = 0; i < NTOKENS; i++) {
        make_token(f, i);
    }

    for (i = 0; i < PROOFS; i++) {
        make_proof(f, (unsigned) i);
    }

    *state = f;

    return 0;
}


static int
close_all(void **state)
{
    size_t   i;
    fix_t   *f = *state;

    for (i = 0; i < NTOKENS + PROOFS; i++) {
        free(f->texts[i]);
    }

    weir_keys_free(f->main_keys);
    weir_keys_free(f->second_keys);
    weir_keys_free(f->pop_keys);
    tk_key_free(&f->second);
    tk_key_free(&f->pop);
    tk_key_free(&f->client);
    tk_free(&f->memory);
    policy_close(&f->policy);
    free(f);

    return 0;
}


static host_t
host_of(fix_t *f, const sent_t *sent)
{
    return (host_t) { .ask.path = sent->path, .ask.host = sent->host, .f = f,
                      .sent = sent, .now = TK_NOW, .fetched = WEIR_DECLINED,
                      .fresh = WEIR_OK };
}


/* A transaction over the host; *mem is to be freed. */
static weir_txn_t *
begin(host_t *h, weir_request_t *req, void **mem)
{
    size_t  size;

    ask_request(&h->ask, req);
    req->host_data = h;
    req->identity = &identity;
    size = weir_txn_size(&h->f->policy.image, req);
    assert_int_equal(posix_memalign(mem, 16, size), 0);
    memset(*mem, 0xa5, size);

    return weir_txn_init(*mem, &h->f->policy.image, req);
}


static weir_decision_t
decide(host_t *h)
{
    void             *mem;
    weir_request_t    req;
    weir_decision_t   d;

    assert_int_equal(weir_decide(begin(h, &req, &mem), &d), WEIR_OK);
    free(mem);

    return d;
}


/* Verdicts */

typedef struct {
    sent_t         sent;
    unsigned       status;
    weir_reason_t  reason;
    const char    *subject;
    const char    *tenant;
    const char    *challenge;
    const char    *missing;
    const char    *rule;
} row_t;

#define BEARER(name)  "authorization: Bearer @" name
#define DPOP(name)    "authorization: DPoP @" name
#define SENT(path, cert, ...)  { path, NULL, { __VA_ARGS__ }, cert }

/* of a row: what is left out at its end is empty */
#define TO(path, ...)  .sent = { path, NULL, { __VA_ARGS__ }, 0 }
#define AT(path, host, ...)  .sent = { path, host, { __VA_ARGS__ }, 0 }
#define WITH(path, cert, ...)  .sent = SENT(path, cert, __VA_ARGS__)

#define REALM     "Bearer realm=\"the-shop\""
#define BAD(why)  "Bearer error=\"invalid_token\", error_description=\""     \
                  why "\""
#define BAD_POP(why)  "DPoP error=\"invalid_token\", error_description=\""   \
                      why "\", " ALGS
#define NO_PROOF  "DPoP error=\"invalid_dpop_proof\""
#define STEP_UP   "Bearer error=\"insufficient_user_authentication\", "      \
                  "error_description=\"a stronger or more recent "           \
                  "authentication is required\", "                           \
                  "acr_values=\"urn:mfa gold\", max_age=\"900\""
#define SCOPES    "Bearer error=\"insufficient_scope\", "                    \
                  "scope=\"orders.read shop\""

static const row_t  rows[] = {
    /* where a token may be, once */
    { TO("/jwt", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme", "" },
    { TO("/jwt", "authorization: bEARER   @good"), 0, WEIR_REASON_ALLOWED,
      "ann", "acme", "" },
    { TO("/jwt", "cookie: a=b; session=@good"), 0, WEIR_REASON_ALLOWED, "ann",
      "acme", "" },
    { TO("/jwt", "cookie: a=b", "cookie: session=@good"), 0,
      WEIR_REASON_ALLOWED, "ann", "acme", "" },
    { TO("/jwt", "x-token: @good"), 0, WEIR_REASON_ALLOWED, "ann", "acme",
      "" },
    { TO("/jwt", "cookie: session=", BEARER("good")), 0, WEIR_REASON_ALLOWED,
      "ann", "acme", "" },
    { TO("/jwt", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { TO("/jwt", "authorization: Basic @good"), 401,
      WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { TO("/jwt", "authorization: Bearers @good"), 401,
      WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { TO("/jwt", "x-token: ", "cookie: session="), 401,
      WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { TO("/jwt", BEARER("good"), "x-token: @good"), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },
    { TO("/jwt", "cookie: session=@good", BEARER("good")), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },
    { TO("/jwt", BEARER("good"), "authorization: Basic x"), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },
    { TO("/jwt", "x-token: @good", "x-token: @good"), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },
    { TO("/jwt", "cookie: session=@good", "cookie: session=x"), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },
    { TO("/jwt", "cookie: session=; session=x"), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },

    /* what is wrong with one, in the words of the standard */
    { TO("/jwt", "authorization: Bearer"), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token is malformed") },
    { TO("/jwt", "authorization: Bearer a.b.c"), 401, WEIR_REASON_BAD_TOKEN,
      "", "", BAD("the token is malformed") },
    { TO("/jwt", BEARER("expired")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token has expired") },
    { TO("/jwt", BEARER("forged")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token's signature is wrong") },
    { TO("/jwt", BEARER("foreign")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token is of another issuer") },
    { TO("/jwt", BEARER("second")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token's algorithm is not allowed") },
    { TO("/down", BEARER("down")), 503, WEIR_REASON_NO_KEYS, "", "", "" },

    /* of several issuers, the one that the token names */
    { TO("/two", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme", "" },
    { TO("/two", BEARER("second")), 403, WEIR_REASON_REQUIRE, "sue", "", "" },
    { TO("/two", BEARER("foreign")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token is of another issuer") },
    { TO("/two", "authorization: Bearer x"), 401, WEIR_REASON_BAD_TOKEN, "",
      "", BAD("the token is malformed") },
    { TO("/two", "x-token: @second"), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token's algorithm is not allowed") },

    /* the first method of the list whose credential was sent decides */
    { TO("/order", "x-api-key: cron.nightly.s3cret", BEARER("forged")), 0,
      WEIR_REASON_ALLOWED, "cron.nightly", "acme", "" },
    { TO("/order", "x-api-key: cron.nightly.no", BEARER("good")), 401,
      WEIR_REASON_BAD_KEY, "", "", "" },
    { TO("/order", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme",
      "" },
    { TO("/order", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { WITH("/every", 1, "x-api-key: cron.nightly.s3cret"), 0,
      WEIR_REASON_ALLOWED, "cron.nightly", "acme", "" },
    { WITH("/every", 1, NULL), 0, WEIR_REASON_ALLOWED,
      "spiffe://shop.example/acme/billing", "acme", "" },
    { TO("/every", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "", "",
      REALM ", DPoP " ALGS },

    /* all; none at all */
    { TO("/all", "x-api-key: cron.nightly.s3cret", BEARER("good")), 0,
      WEIR_REASON_ALLOWED, "ann", "acme", "" },
    { TO("/all", BEARER("good")), 401, WEIR_REASON_UNAUTHENTICATED, "", "",
      REALM },
    { TO("/all", "x-api-key: cron.nightly.s3cret"), 401,
      WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { TO("/all", BEARER("good"), "x-api-key: cron.nightly.no"), 401,
      WEIR_REASON_BAD_KEY, "", "", "" },
    { AT("/all", "other.example", BEARER("free"),
         "x-api-key: cron.nightly.s3cret"), 403, WEIR_REASON_TENANT, "bob",
      "other", "" },
    { TO("/opt", NULL), 0, WEIR_REASON_ALLOWED, "", "", "", "", "anon" },
    { TO("/opt", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme", "",
      "", "may" },
    { TO("/opt", BEARER("free")), 403, WEIR_REASON_NOT_ALLOWED, "bob", "",
      "" },
    { TO("/opt", BEARER("expired")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token has expired") },

    /* keys: all that is wrong with one looks the same */
    { TO("/key", "x-api-key: cron.nightly.s3cret"), 0, WEIR_REASON_ALLOWED,
      "cron.nightly", "acme", "" },
    { TO("/key", "cookie: key=cron.nightly.s3cret"), 0, WEIR_REASON_ALLOWED,
      "cron.nightly", "acme", "" },
    { TO("/key", "x-api-key: cron.nightly.s3cre"), 401, WEIR_REASON_BAD_KEY,
      "", "", "" },
    { TO("/key", "x-api-key: cron.nightly."), 401, WEIR_REASON_BAD_KEY, "",
      "", "" },
    { TO("/key", "x-api-key: cron.nightly"), 401, WEIR_REASON_BAD_KEY, "", "",
      "" },
    { TO("/key", "x-api-key: .s3cret"), 401, WEIR_REASON_BAD_KEY, "", "",
      "" },
    { TO("/key", "x-api-key: nobody.s3cret"), 401, WEIR_REASON_BAD_KEY, "",
      "", "" },
    { TO("/key", "x-api-key: late.s3cret"), 401, WEIR_REASON_BAD_KEY, "", "",
      "" },
    { TO("/key", "x-api-key: just.s3cret"), 403, WEIR_REASON_PERMISSION,
      "just", "", "", "orders:read" },
    { TO("/key", "x-api-key: just.s3cret", "x-api-key: just.s3cret"), 400,
      WEIR_REASON_BAD_REQUEST, "", "", "" },
    { AT("/key", "other.example", "x-api-key: cron.nightly.s3cret"), 403,
      WEIR_REASON_TENANT, "cron.nightly", "other", "" },
    { TO("/key", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "", "", "" },

    /* certificates */
    { WITH("/cert", 1, NULL), 0, WEIR_REASON_ALLOWED,
      "spiffe://shop.example/acme/billing", "acme", "" },
    { WITH("/cert", 2, NULL), 0, WEIR_REASON_ALLOWED,
      "spiffe://shop.example/other/x", "other", "" },
    { WITH("/cert", 3, NULL), 0, WEIR_REASON_ALLOWED,
      "spiffe://shop.example/acme", "", "" },
    { WITH("/cert", 4, NULL), 0, WEIR_REASON_ALLOWED,
      "spiffe://elsewhere.example/billing", "acme", "" },
    { WITH("/cert", 5, NULL), 401, WEIR_REASON_BAD_CERT, "", "", "" },
    { WITH("/cert", 6, NULL), 401, WEIR_REASON_BAD_CERT, "", "", "" },
    { WITH("/cert", 7, NULL), 401, WEIR_REASON_BAD_CERT, "", "", "" },
    { WITH("/every", 7, NULL), 401, WEIR_REASON_BAD_CERT, "", "", "" },
    { TO("/cert", BEARER("good")), 401, WEIR_REASON_UNAUTHENTICATED, "", "",
      "" },

    /* tokens of one caller alone */
    { WITH("/jwt", 1, BEARER("bound")), 0, WEIR_REASON_ALLOWED, "ann", "",
      "" },
    { WITH("/jwt", 7, BEARER("bound")), 0, WEIR_REASON_ALLOWED, "ann", "",
      "" },
    { WITH("/jwt", 2, BEARER("bound")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token is bound to another caller") },
    { TO("/jwt", BEARER("bound")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token is bound to another caller") },
    { TO("/pop", DPOP("pop"), "dpop: @proof"), 0, WEIR_REASON_ALLOWED, "pia",
      "", "" },
    { TO("/pop", DPOP("pop"), "dpop: @elsewhere"), 401,
      WEIR_REASON_BAD_PROOF, "", "", NO_PROOF },
    { TO("/pop", DPOP("pop"), "dpop: x"), 401, WEIR_REASON_BAD_PROOF, "", "",
      NO_PROOF },
    { TO("/pop", DPOP("pop")), 401, WEIR_REASON_BAD_PROOF, "", "", NO_PROOF },
    { TO("/pop", DPOP("pop"), "dpop: @proof", "dpop: @proof"), 401,
      WEIR_REASON_BAD_PROOF, "", "", NO_PROOF },
    { TO("/pop", BEARER("pop"), "dpop: @proof"), 401, WEIR_REASON_BAD_TOKEN,
      "", "", BAD_POP("the token is bound to another caller") },
    { TO("/pop", DPOP("nojkt"), "dpop: @misfit"), 401, WEIR_REASON_BAD_TOKEN,
      "", "", BAD_POP("the token is bound to another caller") },
    { TO("/jwt", DPOP("good"), "dpop: @proof"), 401, WEIR_REASON_BAD_TOKEN,
      "", "", BAD_POP("the token is bound to another caller") },
    { TO("/pop", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "", "",
      "DPoP " ALGS },

    /* the tenant of the credential, and that of the request */
    { AT("/plan", "acme.example", BEARER("good")), 0, WEIR_REASON_ALLOWED,
      "ann", "acme", "" },
    { TO("/plan", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme",
      "" },
    { AT("/plan", "other.example", BEARER("good")), 403, WEIR_REASON_TENANT,
      "ann", "other", "" },
    { AT("/plan", "acme.example", BEARER("free")), 0, WEIR_REASON_ALLOWED,
      "bob", "acme", "" },
    { TO("/plan", BEARER("noone")), 403, WEIR_REASON_TENANT, "", "", "" },

    /* a second factor */
    { TO("/mfa", BEARER("mfa")), 0, WEIR_REASON_ALLOWED, "ann", "", "" },
    { TO("/mfa", BEARER("stale")), 401, WEIR_REASON_MFA, "ann", "", STEP_UP },
    { TO("/mfa", BEARER("weak")), 401, WEIR_REASON_MFA, "ann", "", STEP_UP },
    { TO("/mfa", BEARER("low")), 401, WEIR_REASON_MFA, "ann", "", STEP_UP },
    { TO("/mfa", BEARER("ahead")), 401, WEIR_REASON_BAD_TOKEN, "", "",
      BAD("the token is not valid yet") },
    { TO("/mfa", BEARER("unsure")), 401, WEIR_REASON_MFA, "ann", "",
      STEP_UP },
    { TO("/mfa", "x-api-key: cron.nightly.s3cret"), 401, WEIR_REASON_MFA,
      "cron.nightly", "acme", STEP_UP },

    /* what the route requires; roles of a tenant hide those of the policy */
    { TO("/jwt", BEARER("free")), 0, WEIR_REASON_ALLOWED, "bob", "", "" },
    { AT("/jwt", "other.example", BEARER("free")), 0, WEIR_REASON_ALLOWED,
      "bob", "other", "" },
    { AT("/jwt", "acme.example", BEARER("free")), 403,
      WEIR_REASON_PERMISSION, "bob", "acme",
      "Bearer error=\"insufficient_scope\"", "orders:read" },
    { TO("/jwt", BEARER("viewer")), 403, WEIR_REASON_PERMISSION, "vi",
      "acme", "Bearer error=\"insufficient_scope\"", "orders:read" },
    { TO("/scope", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme",
      "" },
    { TO("/scope", BEARER("free")), 403, WEIR_REASON_SCOPE, "bob", "",
      SCOPES, "shop" },
    { TO("/scope", BEARER("viewer")), 403, WEIR_REASON_SCOPE, "vi", "acme",
      SCOPES, "orders.read" },
    { TO("/when", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme",
      "" },
    { TO("/when", BEARER("viewer")), 403, WEIR_REASON_REQUIRE, "vi", "acme",
      "" },
    { TO("/when", BEARER("free")), 403, WEIR_REASON_REQUIRE, "bob", "", "" },
    { TO("/bare", BEARER("good")), 403, WEIR_REASON_DEFAULT_DENY, "ann",
      "acme", "" },
    { TO("/both", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme", "",
      "", "ann" },
    { TO("/both", BEARER("free")), 403, WEIR_REASON_NOT_ALLOWED, "bob", "",
      "" },
    { TO("/shut", BEARER("viewer")), 410, WEIR_REASON_DENY_RULE, "vi",
      "acme", "", "", "closed" },
    { TO("/shut", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "", "", REALM },
    { TO("/attrs", BEARER("attrs")), 0, WEIR_REASON_ALLOWED, "ann", "", "" },
    { TO("/attrs", BEARER("good")), 403, WEIR_REASON_REQUIRE, "ann", "acme",
      "" },
};


static bool
is_text(weir_str_t s, const char *text)
{
    return weir_str_eq(s, weir_cstr(text ? text : ""));
}


static void
verdicts(void **state)
{
    size_t            i;
    host_t            h;
    const row_t      *r;
    weir_decision_t   d;

    for (i = 0; i < N_OF(rows); i++) {
        r = &rows[i];
        h = host_of(*state, &r->sent);
        d = decide(&h);

        if (d.status != r->status || d.reason != r->reason
            || (d.verdict == WEIR_ALLOW) != (r->status == 0)
            || !is_text(d.subject, r->subject)
            || !is_text(d.tenant, r->tenant)
            || !is_text(d.challenge, r->challenge)
            || !is_text(d.missing, r->missing) || !is_text(d.rule, r->rule))
        {
            fail_msg("row %zu, %s %s: %u %s, subject \"%.*s\", tenant "
                     "\"%.*s\", challenge \"%.*s\", missing \"%.*s\", %s", i,
                     r->sent.path, r->sent.headers[0], d.status,
                     weir_reason_name(d.reason), WEIR_STR(d.subject),
                     WEIR_STR(d.tenant), WEIR_STR(d.challenge),
                     WEIR_STR(d.missing), d.detail ? d.detail : "");
        }

        assert_int_equal(d.detail != NULL, r->reason == WEIR_REASON_BAD_TOKEN
                                           || r->reason
                                              == WEIR_REASON_BAD_PROOF
                                           || r->reason
                                              == WEIR_REASON_BAD_REQUEST
                                           || r->reason
                                              == WEIR_REASON_NO_KEYS);
    }
}


/* A server that can prove nothing, or has no memory, lets nobody in. */
static void
without(void **state)
{
    void             *mem;
    size_t            i;
    host_t            h;
    weir_txn_t       *t;
    weir_request_t    req;
    weir_decision_t   d;

    static const sent_t  sent[] = {
        SENT("/jwt", 0, BEARER("good")),
        SENT("/key", 0, "x-api-key: just.s3cret"), SENT("/cert", 1, NULL),
        SENT("/every", 1, NULL)
    };
    static const sent_t  optional = SENT("/opt", 0, BEARER("good"));

    for (i = 0; i < N_OF(sent); i++) {
        h = host_of(*state, &sent[i]);
        t = begin(&h, &req, &mem);
        req.identity = NULL;
        assert_int_equal(weir_decide(t, &d), WEIR_OK);
        assert_int_equal(d.reason, WEIR_REASON_UNAUTHENTICATED);
        assert_true(is_text(d.challenge, i % 3 ? "" : "Bearer"));
        free(mem);
    }

    h = host_of(*state, &optional);
    t = begin(&h, &req, &mem);
    req.identity = NULL;
    assert_int_equal(weir_decide(t, &d), WEIR_OK);
    assert_true(is_text(d.rule, "anon"));
    assert_int_equal(weir_txn_principal(t)->by, WEIR_BY_ANONYMOUS);
    free(mem);

    h = host_of(*state, &sent[0]);
    h.mute = true;
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_DENY);
    assert_int_equal(d.status, 503);
    assert_int_equal(d.reason, WEIR_REASON_UNDECIDED);
}


/* A proof is good once; where that cannot be told, it is not. */
static void
replays(void **state)
{
    host_t           h;
    weir_decision_t  d;

    static const sent_t  sent = SENT("/pop", 0, DPOP("pop"), "dpop: @proof");

    h = host_of(*state, &sent);
    h.fresh = WEIR_DECLINED;
    d = decide(&h);
    assert_int_equal(d.reason, WEIR_REASON_BAD_PROOF);
    assert_string_equal(d.detail, "the proof of possession was used before");

    /* which is no fault of the client's */
    h.fresh = WEIR_ERROR;
    d = decide(&h);
    assert_int_equal(d.reason, WEIR_REASON_UNDECIDED);
    assert_int_equal(d.status, 503);
}


/* The store is asked of every token, also of one that is known. */
static void
revoked_by_the_store(void **state)
{
    host_t           h;
    weir_decision_t  d;

    static const sent_t  sent = SENT("/jwt", 0, BEARER("good"));
    static const sent_t  pop = SENT("/pop", 0, DPOP("pop"), "dpop: @proof");
    static const sent_t  second = SENT("/two", 0, BEARER("second"));

    h = host_of(*state, &sent);
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    assert_true(h.looked != 0);

    /* known from now on */
    h.revoked = "sub anne";
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    assert_int_equal(h.recalled, 1);

    h.revoked = "sub ann";
    d = decide(&h);
    assert_int_equal(h.recalled, 2);
    assert_int_equal(d.status, 401);
    assert_int_equal(d.reason, WEIR_REASON_BAD_TOKEN);
    assert_string_equal(d.detail, "the token is revoked");

    /* what is known to be revoked is so, although it is known of old */
    h.stale = true;
    d = decide(&h);
    assert_int_equal(d.status, 401);

    h.revoked = NULL;
    d = decide(&h);
    assert_int_equal(d.status, 503);
    assert_int_equal(d.reason, WEIR_REASON_STALE);
    assert_string_equal(d.detail, "what is revoked is not known");
    assert_int_equal(d.challenge.len, 0);

    /* one that does not ask, and one that goes on */
    h = host_of(*state, &second);
    h.stale = true;
    d = decide(&h);
    assert_int_equal(h.looked, 0);

    h = host_of(*state, &pop);
    h.stale = true;
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    assert_true(h.looked != 0);

    h.revoked = "sub pia";
    d = decide(&h);
    assert_int_equal(d.status, 401);
    assert_string_equal(d.detail, "the token is revoked");
}


/* A request waits for keys once, and then there is a verdict. */
static void
waits(void **state)
{
    void             *mem;
    host_t            h;
    unsigned          i;
    weir_txn_t       *t;
    weir_request_t    req;
    weir_decision_t   d;

    static const sent_t  sent = SENT("/jwt", 0, BEARER("good"));

    for (i = 0; i < 2; i++) {
        h = host_of(*state, &sent);
        h.keyless = true;
        h.fetched = WEIR_AGAIN;
        t = begin(&h, &req, &mem);
        assert_int_equal(weir_decide(t, &d), WEIR_AGAIN);
        assert_int_equal(h.refreshed, 1);

        h.keyless = i != 0;
        assert_int_equal(weir_decide(t, &d), WEIR_OK);
        assert_int_equal(h.refreshed, 1);
        assert_int_equal(d.status, i ? 503 : 0);
        assert_int_equal(d.reason, i ? WEIR_REASON_NO_KEYS
                                     : WEIR_REASON_ALLOWED);
        free(mem);
    }

    /* none to wait for */
    h = host_of(*state, &sent);
    h.keyless = true;
    d = decide(&h);
    assert_int_equal(h.refreshed, 1);
    assert_int_equal(d.reason, WEIR_REASON_NO_KEYS);
}


/* A token that was verified before is looked at again, not verified. */
static void
memory(void **state)
{
    fix_t            *f = *state;
    host_t            h;
    weir_decision_t   d;

    static const sent_t  good = SENT("/jwt", 0, BEARER("good"));
    static const sent_t  bound = SENT("/jwt", 1, BEARER("bound"));
    static const sent_t  stolen = SENT("/jwt", 0, BEARER("bound"));
    static const sent_t  forged = SENT("/jwt", 0, BEARER("forged"));

    h = host_of(f, &good);
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    assert_non_null(h.packed);
    assert_int_equal(h.until, TK_NOW + 600);
    assert_int_equal(h.recalled, 0);

    d = decide(&h);
    assert_int_equal(h.recalled, 1);
    assert_true(is_text(d.subject, "ann"));
    assert_true(is_text(d.tenant, "acme"));

    /* its time, its keys */
    h.now = TK_NOW + 700;
    d = decide(&h);
    assert_int_equal(h.recalled, 2);
    assert_string_equal(d.detail, "the token has expired");

    h.now = TK_NOW;
    h.keyless = true;
    d = decide(&h);
    assert_int_equal(d.reason, WEIR_REASON_NO_KEYS);
    h.keyless = false;

    /* bytes that are no token are as if nothing was known */
    h.len = 3;
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_ALLOW);

    /* whose it is */
    h = host_of(f, &bound);
    d = decide(&h);
    assert_int_equal(d.verdict, WEIR_ALLOW);
    h.sent = &stolen;
    d = decide(&h);
    assert_int_equal(h.recalled, 1);
    assert_int_equal(d.reason, WEIR_REASON_BAD_TOKEN);

    /* what was refused is not remembered */
    h = host_of(f, &forged);
    (void) decide(&h);
    assert_null(h.packed);
}


/* Tenants that must be named */

static const char  bind_yaml[] =
    "weir: 1\n"
    "policy: {name: b}\n"
    "issuers:\n"
    "  main: {iss: https://id.example/, secret: {file: /keys/main}}\n"
    "apikeys:\n"
    "  list:\n"
    "    cron.nightly: {sha256: " SECRET_SHA256 ", tenant: acme}\n"
    "    just: {sha256: " SECRET_SHA256 "}\n"
    "mtls: {sub: dns_san, tenant: \"spiffe://shop.example/{tenant}/**\"}\n"
    "tenants:\n"
    "  resolve: [{host: \"{tenant}.example\"}]\n"
    "  bind: [claim.tenant_id, apikey.tenant, mtls.uri_san]\n"
    "  list: {acme: {}, other: {}, billing.local: {}}\n"
    "routes:\n"
    "  - {id: r, match: {path: /r}, require: {when: 'true'}}\n";

static const row_t  bind_rows[] = {
    { TO("/r", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann", "acme", "" },
    { AT("/r", "acme.example", BEARER("good")), 0, WEIR_REASON_ALLOWED, "ann",
      "acme", "" },
    { AT("/r", "other.example", BEARER("good")), 403, WEIR_REASON_TENANT,
      "ann", "other", "" },
    { TO("/r", BEARER("noone")), 403, WEIR_REASON_TENANT, "", "", "" },
    { AT("/r", "acme.example", BEARER("free")), 403, WEIR_REASON_TENANT,
      "bob", "acme", "" },
    { TO("/r", BEARER("free")), 403, WEIR_REASON_TENANT, "bob", "", "" },
    { TO("/r", "x-api-key: cron.nightly.s3cret"), 0, WEIR_REASON_ALLOWED,
      "cron.nightly", "acme", "" },
    { TO("/r", "x-api-key: just.s3cret"), 403, WEIR_REASON_TENANT, "just", "",
      "" },
    { AT("/r", "acme.example", "x-api-key: just.s3cret"), 403,
      WEIR_REASON_TENANT, "just", "acme", "" },
    { WITH("/r", 8, NULL), 0, WEIR_REASON_ALLOWED, "billing.local", "acme",
      "" },
    { AT("/r", "other.example", NULL), 401, WEIR_REASON_UNAUTHENTICATED, "",
      "other", "" },
    { .sent = { "/r", "acme.example", { NULL }, 8 }, 0, WEIR_REASON_ALLOWED,
      "billing.local", "acme", "" },
    { .sent = { "/r", "other.example", { NULL }, 8 }, 403,
      WEIR_REASON_TENANT, "billing.local", "other", "" },
    { WITH("/r", 9, NULL), 403, WEIR_REASON_TENANT, "billing.local", "", "" },
};


static void
binding(void **state)
{
    size_t            i;
    fix_t             f = *(fix_t *) *state;
    host_t            h;
    const row_t      *r;
    weir_decision_t   d;

    policy_open(&f.policy, bind_yaml);

    for (i = 0; i < N_OF(bind_rows); i++) {
        r = &bind_rows[i];
        h = host_of(&f, &r->sent);
        d = decide(&h);

        if (d.status != r->status || d.reason != r->reason
            || !is_text(d.subject, r->subject)
            || !is_text(d.tenant, r->tenant))
        {
            fail_msg("row %zu: %u %s, subject \"%.*s\", tenant \"%.*s\"", i,
                     d.status, weir_reason_name(d.reason),
                     WEIR_STR(d.subject), WEIR_STR(d.tenant));
        }
    }

    ((fix_t *) *state)->memory = f.memory;
    policy_close(&f.policy);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(without),
        cmocka_unit_test(replays),
        cmocka_unit_test(revoked_by_the_store),
        cmocka_unit_test(waits),
        cmocka_unit_test(memory),
        cmocka_unit_test(binding),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
