/*
 * tokens.h: keys, signatures and issuers for tests of tokens.
 *
 * Keys are made anew in each run, by OpenSSL itself: what verifies has no
 * part in it.
 */

#ifndef WEIR_TEST_TOKENS_H
#define WEIR_TEST_TOKENS_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "run/base64url.h"
#include "run/jwt.h"
#include "test/kit.h"

#define TK_NOW   1700000000
#define TK_ISS   "https://id.example/"
#define TK_ROOM  (4 * WEIR_MAX_TOKEN)

typedef struct {
    weir_alg_t   alg;           /* that it signs with */
    EVP_PKEY    *pkey;          /* NULL: the secret is the key */
    uint8_t      secret[64];
} tk_key_t;

/* Memory of a test: freed as a whole. */
typedef struct tk_block_s  tk_block_t;

struct tk_block_s {
    tk_block_t  *next;
    size_t       reserved;
};

typedef struct {
    tk_block_t  *blocks;
    size_t       total;         /* bytes that were asked for */
    unsigned     calls;
    unsigned     fail_at;       /* this call gets nothing; 0 = none */
} tk_memory_t;


static inline void *
tk_alloc(void *data, size_t n)
{
    tk_block_t   *b;
    tk_memory_t  *m = data;

    m->total += n;

    if (++m->calls == m->fail_at) {
        return NULL;
    }

    b = malloc(sizeof(tk_block_t) + n);

    if (b == NULL) {
        abort();
    }

    b->next = m->blocks;
    m->blocks = b;

    return b + 1;
}


static inline void
tk_free(tk_memory_t *m)
{
    tk_block_t  *next;

    for (/* void */; m->blocks != NULL; m->blocks = next) {
        next = m->blocks->next;
        free(m->blocks);
    }
}


static inline tk_key_t
tk_key(weir_alg_t alg)
{
    tk_key_t  k;

    memset(&k, 0, sizeof(k));
    memset(k.secret, 'S', sizeof(k.secret));
    k.alg = alg;

    switch (alg) {

    case WEIR_ALG_HS256: case WEIR_ALG_HS384: case WEIR_ALG_HS512:
        return k;

    case WEIR_ALG_ES256:
        k.pkey = EVP_EC_gen("P-256");
        break;

    case WEIR_ALG_ES384:
        k.pkey = EVP_EC_gen("P-384");
        break;

    case WEIR_ALG_ES512:
        k.pkey = EVP_EC_gen("P-521");
        break;

    case WEIR_ALG_ES256K:
        k.pkey = EVP_EC_gen("secp256k1");
        break;

    case WEIR_ALG_EDDSA:
        k.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;

    default:
        k.pkey = EVP_RSA_gen(2048);
    }

    if (k.pkey == NULL) {
        abort();
    }

    return k;
}


static inline void
tk_key_free(tk_key_t *k)
{
    EVP_PKEY_free(k->pkey);
}


/* Bytes of a coordinate, of an order. */
static inline size_t
tk_field(const tk_key_t *k)
{
    return ((size_t) EVP_PKEY_get_bits(k->pkey) + 7) / 8;
}


static inline size_t
tk_encode(const void *data, size_t len, char *out)
{
    weir_base64url_encode(data, len, out);
    out[weir_base64url_len(len)] = '\0';

    return weir_base64url_len(len);
}


/* A number of the key as base64url; width 0: as short as it is. */
static inline void
tk_number(const tk_key_t *k, const char *name, size_t width, char *out)
{
    int       n;
    BIGNUM   *bn;
    uint8_t   bytes[1024];

    bn = NULL;

    if (!EVP_PKEY_get_bn_param(k->pkey, name, &bn)) {
        abort();
    }

    n = BN_bn2binpad(bn, bytes, width ? (int) width : BN_num_bytes(bn));
    BN_free(bn);

    if (n < 0) {
        abort();
    }

    tk_encode(bytes, (size_t) n, out);
}


/* The JWK as it is published; more: further members, each after a comma. */
static inline void
tk_jwk(const tk_key_t *k, const char *more, char *out, size_t room)
{
    int          n;
    char         x[1024], y[1024];
    size_t       len;
    uint8_t      raw[64];
    const char  *crv;

    if (k->pkey == NULL) {
        tk_encode(k->secret, sizeof(k->secret), x);
        n = snprintf(out, room, "{\"kty\":\"oct\",\"k\":\"%s\"%s}", x, more);

    } else if (EVP_PKEY_get_base_id(k->pkey) == EVP_PKEY_RSA) {
        tk_number(k, OSSL_PKEY_PARAM_RSA_N, 0, x);
        tk_number(k, OSSL_PKEY_PARAM_RSA_E, 0, y);
        n = snprintf(out, room,
                     "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", x, y,
                     more);

    } else if (EVP_PKEY_get_base_id(k->pkey) == EVP_PKEY_EC) {
        crv = k->alg == WEIR_ALG_ES256 ? "P-256"
              : k->alg == WEIR_ALG_ES384 ? "P-384"
              : k->alg == WEIR_ALG_ES512 ? "P-521" : "secp256k1";
        tk_number(k, OSSL_PKEY_PARAM_EC_PUB_X, tk_field(k), x);
        tk_number(k, OSSL_PKEY_PARAM_EC_PUB_Y, tk_field(k), y);
        n = snprintf(out, room, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\","
                     "\"y\":\"%s\"%s}", crv, x, y, more);

    } else {
        len = sizeof(raw);

        if (!EVP_PKEY_get_raw_public_key(k->pkey, raw, &len)) {
            abort();
        }

        tk_encode(raw, len, x);
        n = snprintf(out, room, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                     "\"x\":\"%s\"%s}", x, more);
    }

    if (n < 0 || (size_t) n >= room) {
        abort();
    }
}


static inline const EVP_MD *
tk_md(weir_alg_t alg)
{
    switch (alg) {

    case WEIR_ALG_HS384: case WEIR_ALG_RS384: case WEIR_ALG_PS384:
    case WEIR_ALG_ES384:
        return EVP_sha384();

    case WEIR_ALG_HS512: case WEIR_ALG_RS512: case WEIR_ALG_PS512:
    case WEIR_ALG_ES512:
        return EVP_sha512();

    case WEIR_ALG_EDDSA:
        return NULL;

    default:
        return EVP_sha256();
    }
}


/* From DER to r and s side by side. */
static inline size_t
tk_raw_ecdsa(const tk_key_t *k, const uint8_t *der, size_t len, uint8_t *out)
{
    int                  field;
    ECDSA_SIG           *sig;
    const unsigned char  *p = der;

    field = (int) tk_field(k);
    sig = d2i_ECDSA_SIG(NULL, &p, (long) len);

    if (sig == NULL
        || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, field) < 0
        || BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + field, field) < 0)
    {
        abort();
    }

    ECDSA_SIG_free(sig);

    return 2 * (size_t) field;
}


/* The signature over data; out has 1024 bytes. */
static inline size_t
tk_sign(const tk_key_t *k, weir_str_t data, uint8_t *out)
{
    bool           ok;
    size_t         len;
    uint8_t        der[1024];
    unsigned       n;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    if (k->pkey == NULL) {

        if (!HMAC(tk_md(k->alg), k->secret, sizeof(k->secret),
                  (const uint8_t *) data.data, data.len, out, &n))
        {
            abort();
        }

        return n;
    }

    ctx = EVP_MD_CTX_new();
    len = sizeof(der);
    ok = ctx && EVP_DigestSignInit(ctx, &pctx, tk_md(k->alg), NULL, k->pkey);

    if (ok && (k->alg == WEIR_ALG_PS256 || k->alg == WEIR_ALG_PS384
               || k->alg == WEIR_ALG_PS512))
    {
        ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0
             && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST)
                > 0;
    }

    ok = ok && EVP_DigestSign(ctx, der, &len, (const uint8_t *) data.data,
                              data.len);
    EVP_MD_CTX_free(ctx);

    if (!ok) {
        abort();
    }

    if (EVP_PKEY_get_base_id(k->pkey) == EVP_PKEY_EC) {
        return tk_raw_ecdsa(k, der, len, out);
    }

    memcpy(out, der, len);

    return len;
}


/* Two texts encoded with a dot between: what is signed.  Returns its end. */
static inline char *
tk_input(weir_str_t header, weir_str_t payload, char *out)
{
    out += tk_encode(header.data, header.len, out);
    *out++ = '.';
    out += tk_encode(payload.data, payload.len, out);

    return out;
}


/* A token of any header and payload, signed; out has TK_ROOM bytes. */
static inline weir_str_t
tk_token_of(const tk_key_t *k, weir_str_t header, weir_str_t payload,
    char *out)
{
    char     *p;
    size_t    n;
    uint8_t   signature[1024];

    if (header.len + payload.len > 2 * WEIR_MAX_TOKEN) {
        abort();
    }

    p = tk_input(header, payload, out);
    n = tk_sign(k, weir_str(out, (size_t) (p - out)), signature);
    *p++ = '.';
    p += tk_encode(signature, n, p);

    return weir_str(out, (size_t) (p - out));
}


static inline weir_str_t
tk_token(const tk_key_t *k, const char *header, const char *payload,
    char *out)
{
    return tk_token_of(k, weir_cstr(header), weir_cstr(payload), out);
}


/* n JWKs (at most 8) as a set that was read. */
static inline weir_keys_t *
tk_keys(const char *const *jwks, size_t n)
{
    char               text[16384];
    size_t             i, used;
    weir_keys_t       *keys;
    weir_keys_error_t  why;

    used = (size_t) snprintf(text, sizeof(text), "{\"keys\":[");

    for (i = 0; i < n && used < sizeof(text); i++) {
        used += (size_t) snprintf(text + used, sizeof(text) - used, "%s%s",
                                  i ? "," : "", jwks[i]);
    }

    if (used + 3 > sizeof(text)) {
        abort();
    }

    memcpy(text + used, "]}", 3);

    if (weir_keys_read(weir_cstr(text), WEIR_ALGS_PUBLIC | WEIR_ALGS_SECRET,
                       &keys, &why, NULL, NULL)
        != WEIR_OK)
    {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }

    return keys;
}


/* The key alone, with a kid or (NULL) without. */
static inline weir_keys_t *
tk_keys_of(const tk_key_t *k, const char *kid)
{
    char         more[512], jwk[4096];
    const char  *one;

    more[0] = '\0';

    if (kid != NULL) {
        snprintf(more, sizeof(more), ",\"kid\":\"%s\"", kid);
    }

    tk_jwk(k, more, jwk, sizeof(jwk));
    one = jwk;

    return tk_keys(&one, 1);
}


/* Strings, NULL behind the last, as refs. */
static inline weir_range_t
tk_refs(kit_t *kit, const char *const *s)
{
    uint32_t  refs[16], n;

    for (n = 0; s[n] != NULL && n < N_OF(refs); n++) {
        refs[n] = weir_build_str(kit->b, weir_cstr(s[n]));
    }

    return weir_build_refs(kit->b, refs, n);
}

#define TK_REFS(kit, ...)                                                     \
    tk_refs((kit), (const char *const []) { __VA_ARGS__, NULL })


/* An issuer as a policy without settings has it. */
static inline weir_img_issuer_t
tk_issuer(kit_t *kit)
{
    weir_img_issuer_t  is;
    weir_img_source_t  bearer;

    bearer.kind = WEIR_SOURCE_BEARER;
    bearer.name = weir_build_str(kit->b, weir_string(""));

    memset(&is, 0, sizeof(is));
    is.sources.first = weir_build_records(kit->b, WEIR_S_SOURCES, &bearer, 1);
    is.sources.count = 1;
    is.name = weir_build_str(kit->b, weir_string("main"));
    is.iss = weir_build_str(kit->b, weir_string(TK_ISS));
    is.sub = TK_REFS(kit, "sub");
    is.roles = TK_REFS(kit, "roles");
    is.acr = TK_REFS(kit, "acr");
    is.amr = TK_REFS(kit, "amr");
    is.url = WEIR_NONE;
    is.file = weir_build_str(kit->b, weir_string("jwks.json"));
    is.keys = WEIR_KEYS_FILE;
    is.algs = WEIR_ALGS_PUBLIC;
    is.skew = 30;
    is.ttl = 600;
    is.stale_max = 86400;
    is.refresh = 10;
    is.wait = 2000;

    return is;
}


/* Each key is "ISSUER|WHAT|VALUE", '|' standing for NUL. */
static inline void
tk_revoke(kit_t *kit, const char *const *what, uint32_t n)
{
    char                text[512];
    size_t              j, len;
    uint32_t            i;
    weir_str_t          keys[32];
    weir_phash_t        h;
    weir_img_hash_t    *rec;
    weir_img_revoked_t  r;

    for (i = 0; i < n && i < N_OF(keys); i++) {
        len = strlen(what[i]);

        if (len > sizeof(text)) {
            abort();
        }

        for (j = 0; j < len; j++) {
            text[j] = what[i][j] == '|' ? '\0' : what[i][j];
        }

        keys[i] = weir_arena_str(kit->arena, weir_str(text, len));
        r.key = weir_build_str(kit->b, keys[i]);
        weir_build_records(kit->b, WEIR_S_REVOKED, &r, 1);
    }

    if (weir_phash_build(kit->arena, keys, n, &h) != WEIR_OK) {
        abort();
    }

    weir_build_records(kit->b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);
    rec = weir_build_at(kit->b, WEIR_S_HASHES, WEIR_HASH_REVOKED);
    rec->seed = h.seed;
    rec->displace = weir_build_refs(kit->b, h.displace, h.buckets);
    rec->slots = weir_build_refs(kit->b, h.slots, h.nslots);
}


/* What was built, verified and opened: close it, then the kit. */
static inline void
tk_open(kit_t *kit, weir_image_t *img)
{
    weir_str_t      bytes;
    weir_refusal_t  why;

    bytes = kit_write(kit);

    if (weir_image_verify((const uint8_t *) bytes.data, bytes.len, NULL, &why)
            != WEIR_OK
        || weir_image_open(img, (const uint8_t *) bytes.data, kit->arena,
                           &why)
           != WEIR_OK)
    {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
}

#endif
