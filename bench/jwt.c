/*
 * jwt.c DIR: verification of a token against the bare signature, a decision
 * with a token that is known against one without, and permissions.
 *
 * DIR holds, for each algorithm, what the weir command made: ALG.jwt, the key
 * in ALG.jwk and, of all but a secret, ALG.jwk.pub and ALG.pem.
 */

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "bench.h"
#include "run/base64url.h"
#include "run/decide.h"
#include "run/json.h"
#include "run/memory.h"

#define ROLES        100
#define PERMISSIONS  1000
#define MEMORY       (256u << 10)
#define CACHE        (1u << 20)

typedef struct {
    const char    *name;
    const char    *md;          /* NULL: the key says it */
    int            passes;      /* in a round */
    weir_str_t     token;
    weir_str_t     data;        /* that was signed */
    weir_str_t     signature;   /* as OpenSSL wants it */
    EVP_PKEY      *pkey;
    weir_keys_t   *keys;
} alg_t;

/* the server, as far as a caller concerns it */
typedef struct {
    char               *memory;
    size_t              used;
    weir_str_t          authorization;
    const weir_keys_t  *keys;
    weir_tokens_t      *tokens;
} server_t;


static weir_str_t
read_file(const char *dir, const char *name, const char *suffix)
{
    char    *text, path[512];
    FILE    *in;
    size_t   n;

    snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);

    in = fopen(path, "r");

    if (in == NULL) {
        bench_die(path);
    }

    text = bench_alloc(65536);
    n = fread(text, 1, 65535, in);
    fclose(in);

    while (n > 0 && text[n - 1] == '\n') {
        n--;
    }

    return weir_str(text, n);
}


/* r and s become the DER that OpenSSL verifies. */
static weir_str_t
der(const uint8_t *raw, size_t len)
{
    int             n;
    uint8_t        *p;
    ECDSA_SIG      *sig;

    sig = ECDSA_SIG_new();
    p = NULL;

    if (sig == NULL
        || ECDSA_SIG_set0(sig, BN_bin2bn(raw, (int) len / 2, NULL),
                          BN_bin2bn(raw + len / 2, (int) len / 2, NULL)) != 1)
    {
        bench_die("a signature");
    }

    n = i2d_ECDSA_SIG(sig, &p);
    ECDSA_SIG_free(sig);

    return weir_str((const char *) p, (size_t) n);
}


static weir_str_t
decode(weir_str_t text)
{
    char    *out;
    size_t   len;

    out = bench_alloc(weir_base64url_room(text.len));

    if (weir_base64url_decode(text, out, &len) != WEIR_OK) {
        bench_die("base64url");
    }

    return weir_str(out, len);
}


static EVP_PKEY *
load_secret(weir_str_t jwk)
{
    weir_str_t          k;
    const char         *why;
    weir_json_value_t  *root;

    if (weir_json_read(jwk, &root, &why) != WEIR_OK) {
        bench_die(why);
    }

    k = decode(weir_json_text(weir_json_member(root, weir_string("k"))));
    weir_json_free(root);

    return EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL,
                                        (const uint8_t *) k.data, k.len);
}


static EVP_PKEY *
load_pem(weir_str_t pem)
{
    BIO       *bio;
    EVP_PKEY  *pkey;

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);

    return pkey;
}


static void
load(alg_t *a, const char *dir)
{
    bool               secret;
    weir_str_t         sig, set;
    const char        *dot;
    weir_keys_error_t  why;

    secret = a->name[0] == 'H';
    a->token = read_file(dir, a->name, ".jwt");
    dot = memrchr(a->token.data, '.', a->token.len);

    if (dot == NULL) {
        bench_die("a token");
    }

    a->data = weir_str(a->token.data, (size_t) (dot - a->token.data));
    sig = decode(weir_str(dot + 1, a->token.len - a->data.len - 1));
    a->signature = strcmp(a->name, "ES256") == 0
                   ? der((const uint8_t *) sig.data, sig.len) : sig;

    set = read_file(dir, a->name, secret ? ".jwk" : ".jwk.pub");
    a->pkey = secret ? load_secret(set)
                     : load_pem(read_file(dir, a->name, ".pem"));

    if (a->pkey == NULL) {
        bench_die("a key");
    }

    if (weir_keys_read(set, secret ? WEIR_ALGS_SECRET : WEIR_ALGS_PUBLIC,
                       &a->keys, &why, NULL, NULL) != WEIR_OK)
    {
        bench_die(why.text);
    }
}


static bool
bare_verify(const alg_t *a, EVP_MD_CTX *ctx, const EVP_MD *md)
{
    size_t         len;
    uint8_t        mac[EVP_MAX_MD_SIZE];
    const uint8_t *data, *sig;

    data = (const uint8_t *) a->data.data;
    sig = (const uint8_t *) a->signature.data;
    EVP_MD_CTX_reset(ctx);

    if (a->name[0] != 'H') {
        return EVP_DigestVerifyInit(ctx, NULL, md, NULL, a->pkey) == 1
               && EVP_DigestVerify(ctx, sig, a->signature.len, data,
                                   a->data.len) == 1;
    }

    len = sizeof(mac);

    return EVP_DigestSignInit(ctx, NULL, md, NULL, a->pkey) == 1
           && EVP_DigestSign(ctx, mac, &len, data, a->data.len) == 1
           && len == a->signature.len && CRYPTO_memcmp(mac, sig, len) == 0;
}


static double
measure_bare(const alg_t *a)
{
    int          i;
    double       start;
    EVP_MD      *md;
    EVP_MD_CTX  *ctx;

    md = a->md ? EVP_MD_fetch(NULL, a->md, NULL) : NULL;
    ctx = EVP_MD_CTX_new();
    start = bench_now();

    for (i = 0; i < a->passes; i++) {
        if (!bare_verify(a, ctx, md)) {
            bench_die("a bare signature that does not verify");
        }
    }

    start = bench_now() - start;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);

    return start / a->passes;
}


static void *
server_alloc(void *host, size_t n)
{
    void      *p;
    server_t  *s;

    s = host;
    p = s->memory + s->used;
    s->used += (n + 15) & ~(size_t) 15;

    return s->used <= MEMORY ? p : NULL;
}


static double
measure_whole(const alg_t *a, const weir_image_t *img, server_t *s)
{
    int            i;
    double         start;
    weir_token_t   t;
    weir_memory_t  m;

    m = (weir_memory_t) { server_alloc, s };
    start = bench_now();

    for (i = 0; i < a->passes; i++) {
        s->used = 0;

        if (weir_jwt_verify(a->token, img, 0, a->keys, time(NULL), &m, &t)
            != WEIR_TOKEN_NONE)
        {
            bench_die("a token that does not verify");
        }
    }

    return (bench_now() - start) / a->passes;
}


static int64_t
server_now(void *host)
{
    (void) host;

    return time(NULL);
}


static weir_str_t
server_header(void *host, weir_str_t name, unsigned nth)
{
    server_t  *s;

    s = host;

    return nth == 0 && weir_str_eq(name, weir_string("authorization"))
           ? s->authorization : weir_str(NULL, 0);
}


static const weir_keys_t *
server_keys(void *host, const weir_img_issuer_t *issuer)
{
    server_t  *s;

    (void) issuer;

    s = host;

    return s->keys;
}


static weir_rc_t
server_refresh(void *host, const weir_img_issuer_t *issuer)
{
    (void) host;
    (void) issuer;

    return WEIR_DECLINED;
}


static weir_rc_t
server_recall(void *host, const uint8_t key[WEIR_SHA256_LEN], void **packed,
    size_t *len)
{
    char       buf[32768];
    server_t  *s;

    s = host;

    if (weir_tokens_get(s->tokens, key, time(NULL), buf, sizeof(buf), len)
        != WEIR_OK)
    {
        return WEIR_DECLINED;
    }

    *packed = server_alloc(s, *len);
    memcpy(*packed, buf, *len);

    return WEIR_OK;
}


static void
server_remember(void *host, const uint8_t key[WEIR_SHA256_LEN],
    const weir_token_t *token, int64_t until)
{
    void      *p;
    size_t     len;
    server_t  *s;

    s = host;
    len = weir_token_packed(token);
    p = server_alloc(s, len);

    weir_token_pack(token, p);
    weir_tokens_put(s->tokens, key, p, len, time(NULL), until);
}


static void
host_attr(void *host, unsigned attr, weir_value_t *out)
{
    (void) host;
    (void) attr;

    *out = weir_v_str(weir_string(""));
}


static weir_rc_t
host_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    (void) attr;

    *out = weir_v_str(server_header(host, key, 0));

    return out->u.s ? WEIR_OK : WEIR_DECLINED;
}


static void
host_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) host;
    (void) attr;
    (void) i;

    *key = weir_v_str(weir_string(""));
    *value = *key;
}


/* Nanoseconds of a decision on a path. */
static double
measure_decision(const weir_image_t *img, server_t *s, const char *path)
{
    int               i;
    void             *mem;
    double            start;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d;

    enum { PASSES = 20000 };

    static const weir_host_t  ops = { host_attr, host_get, host_at };

    static const weir_identity_t  identity = {
        .alloc = server_alloc, .now = server_now, .header = server_header,
        .keys = server_keys, .refresh = server_refresh,
        .recall = server_recall, .remember = server_remember
    };

    memset(&req, 0, sizeof(req));
    req.method = weir_string("GET");
    req.host = weir_string("api.example");
    req.path = weir_cstr(path);
    req.host_ops = &ops;
    req.host_data = s;
    req.identity = &identity;
    weir_ip_parse(weir_string("127.0.0.1"), &req.source);
    req.peer = req.source;

    mem = bench_alloc(weir_txn_size(img, &req));
    start = bench_now();

    for (i = 0; i < PASSES; i++) {
        s->used = 0;
        txn = weir_txn_init(mem, img, &req);

        if (weir_decide(txn, &d) != WEIR_OK || d.verdict != WEIR_ALLOW) {
            bench_die(weir_reason_name(d.reason));
        }
    }

    start = bench_now() - start;
    free(mem);

    return start / PASSES;
}


/* One permission of a caller who has three roles, none of which grants it. */
static double
measure_permission(const weir_image_t *img)
{
    unsigned       i, n;
    double         start;
    weir_value_t   roles, names[3];

    enum { PASSES = 1000000 };

    names[0] = weir_v_str(weir_string("role-17"));
    names[1] = weir_v_str(weir_string("role-42"));
    names[2] = weir_v_str(weir_string("role-99"));
    roles = (weir_value_t) { .kind = WEIR_T_LIST, .len = 3,
                             .u.items = names };
    n = 0;
    start = bench_now();

    for (i = 0; i < PASSES; i++) {
        n += weir_has_permission(img, NULL, &roles, i % PERMISSIONS);
    }

    start = bench_now() - start;

    if (n == 0 || n == PASSES) {
        bench_die("permissions");
    }

    return start / PASSES;
}


static weir_str_t
make_policy(const char *alg)
{
    char      *text;
    FILE      *out;
    size_t     len;
    unsigned   i;

    out = open_memstream(&text, &len);

    fprintf(out, "weir: 1\npolicy: {name: bench}\nissuers:\n  main:\n"
            "    iss: https://id.example/\n    aud: [bench]\n    %s\n"
            "    alg: [%s]\nroles:\n",
            alg[0] == 'H' ? "secret: {file: secret.json}"
                          : "jwks: {file: jwks.json}", alg);

    for (i = 0; i < ROLES; i++) {
        fprintf(out, "  role-%u: {permissions: [\"r%u:*\", \"all:read\"]}\n",
                i, i);
    }

    fputs("routes:\n"
          "  - {id: open, match: {path: /open}, public: true}\n"
          "  - {id: known, match: {path: /known}, auth: {any: [jwt: main]},"
          " require: {permission: \"all:read\"}}\n", out);

    for (i = 0; i < PERMISSIONS - 1; i++) {
        fprintf(out, "  - {id: p%u, match: {path: /p%u}, auth: {any: "
                "[jwt: main]}, require: {permission: \"r%u:p%u\"}}\n", i, i,
                i % ROLES, i);
    }

    fclose(out);

    return weir_str(text, len);
}


int
main(int argc, char **argv)
{
    int            k;
    char           name[64];
    double         bare, cold[4][BENCH_ROUNDS], known[BENCH_ROUNDS],
                   permission[BENCH_ROUNDS];
    size_t         i;
    server_t       server;
    weir_arena_t  *arena;
    weir_image_t   images[4];

    static alg_t  algs[] = {
        { .name = "HS256", .md = "SHA256", .passes = 5000 },
        { .name = "RS256", .md = "SHA256", .passes = 2000 },
        { .name = "ES256", .md = "SHA256", .passes = 1000 },
        { .name = "EdDSA", .md = NULL, .passes = 1000 },
    };

    enum { N = sizeof(algs) / sizeof(algs[0]) };

    if (argc != 2) {
        bench_die("no directory");
    }

    arena = weir_arena_create();
    memset(&server, 0, sizeof(server));
    server.memory = bench_alloc(MEMORY);
    server.tokens = weir_tokens_init(bench_alloc(CACHE), CACHE);

    for (i = 0; i < N; i++) {
        load(&algs[i], argv[1]);
        bench_open(arena, bench_compile(arena, make_policy(algs[i].name),
                                        weir_str("", 0)), &images[i]);
    }

    server.keys = algs[1].keys;
    server.authorization = weir_arena_printf(arena, "Bearer %.*s",
                                             WEIR_STR(algs[1].token));

    for (k = 0; k < BENCH_ROUNDS; k++) {

        for (i = 0; i < N; i++) {
            bare = measure_bare(&algs[i]);
            cold[i][k] = measure_whole(&algs[i], &images[i], &server) / bare;
        }

        known[k] = measure_decision(&images[1], &server, "/known")
                   - measure_decision(&images[1], &server, "/open");
        permission[k] = measure_permission(&images[1]);
    }

    for (i = 0; i < N; i++) {
        snprintf(name, sizeof(name), "jwt_cold_%s", algs[i].name);
        bench_print(name, cold[i], BENCH_ROUNDS, "ratio", "<= 1.15");
    }

    bench_print("jwt_known", known, BENCH_ROUNDS, "ns", "< 1000");
    bench_print("rbac_permission", permission, BENCH_ROUNDS, "ns", "< 50");

    return 0;
}
