/*
 * keys.c: keys that verify, by OpenSSL 3.
 *
 * Digests are fetched, keys parsed and contexts set up when a key is made:
 * verifying looks nothing up by name.  The contexts are used again and again,
 * so a key is used by one thread at a time.  OpenSSL's queue of errors is left
 * as it was found.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "run/jwk.h"
#include "run/keys.h"

#define MAX_COORDINATE  66                      /* P-521 */
#define MAX_DER         (2 * (MAX_COORDINATE + 3) + 3)
#define EDWARDS_MAX     57                      /* Ed448 */

typedef enum { SHA256, SHA384, SHA512, DIGESTS } digest_t;

static const char *const  digest_names[DIGESTS] = {
    "SHA256", "SHA384", "SHA512"
};

/* a x^2 + y^2 = 1 - (c / k) x^2 y^2 modulo p, a being 1 or -1 */
typedef struct {
    size_t       len;
    const char  *p;
    int          a;
    BN_ULONG     c;
    BN_ULONG     k;
} edwards_t;

static const edwards_t  edwards[] = {
    { 32, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
      -1, 121665, 121666 },
    { EDWARDS_MAX,
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      1, 39081, 1 }
};

struct weir_key_s {
    weir_kty_t    kty;
    uint32_t      algs;
    uint8_t       thumbprint[WEIR_SHA256_LEN];
    weir_str_t    kid;
    EVP_PKEY     *pkey;                     /* NULL: a secret */
    size_t        size;                     /* bytes of a signature */
    uint8_t       order[MAX_COORDINATE];    /* EC: of size / 2 bytes */
    EVP_MD       *digests[DIGESTS];
    EVP_MD_CTX   *md;
    union {
        EVP_PKEY_CTX  *verify;              /* RSA, EC */
        EVP_MAC_CTX   *mac;                 /* a secret */
    }             ready[WEIR_ALG_COUNT];
};

static digest_t
digest_of(weir_alg_t alg)
{
    switch (weir_alg_digest(alg)) {

    case 48:
        return SHA384;

    case 64:
        return SHA512;

    default:
        return SHA256;
    }
}


static bool
is_pss(weir_alg_t alg)
{
    return alg == WEIR_ALG_PS256 || alg == WEIR_ALG_PS384
           || alg == WEIR_ALG_PS512;
}


/* Making keys */

static EVP_PKEY *
pkey_from(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY      *pkey;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


static weir_rc_t
make_rsa(const weir_jwk_t *jwk, weir_vkey_t *key)
{
    BIGNUM          *n, *e;
    OSSL_PARAM      *params;
    OSSL_PARAM_BLD  *bld;

    params = NULL;
    bld = OSSL_PARAM_BLD_new();
    n = BN_bin2bn(jwk->bytes, (int) jwk->len, NULL);
    e = BN_bin2bn(jwk->second, (int) jwk->second_len, NULL);

    if (bld != NULL && n != NULL && e != NULL
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        params = OSSL_PARAM_BLD_to_param(bld);
    }

    key->pkey = pkey_from("RSA", params);
    key->size = jwk->len;

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);

    return key->pkey ? WEIR_OK : WEIR_NOMEM;
}


/* OpenSSL takes no point that is not on the curve. */
static weir_rc_t
make_ec(const weir_jwk_t *jwk, weir_vkey_t *key)
{
    size_t      n;
    BIGNUM     *order;
    uint8_t     point[1 + 2 * MAX_COORDINATE];
    weir_rc_t   rc;
    OSSL_PARAM  params[3];

    n = jwk->len;
    order = NULL;

    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, jwk->bytes, n);
    memcpy(point + 1 + n, jwk->second, n);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                          (char *) jwk->curve->name, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  point, 1 + 2 * n);
    params[2] = OSSL_PARAM_construct_end();

    key->pkey = pkey_from("EC", params);
    key->size = 2 * n;

    if (key->pkey == NULL) {
        return WEIR_ERROR;
    }

    rc = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_ORDER, &order)
         && BN_bn2binpad(order, key->order, (int) n) == (int) n
             ? WEIR_OK : WEIR_NOMEM;

    BN_free(order);

    return rc;
}


/*
 * Whether y of a point of an Edwards curve (RFC 8032) has an x, which OpenSSL
 * asks only when it verifies: a x^2 + y^2 = 1 + d x^2 y^2 makes x^2 the
 * fraction (1 - y^2) / (a - d y^2), which is a square if the product of both
 * is one.  d is -c / k, so the denominator is taken k^2 times.
 */
static bool
is_on_edwards(const weir_jwk_t *jwk, const edwards_t *curve)
{
    bool     ok;
    BN_CTX  *ctx;
    BIGNUM  *p, *y, *u, *v, *k;
    uint8_t  bytes[EDWARDS_MAX];

    ctx = BN_CTX_new();

    if (ctx == NULL) {
        return false;
    }

    BN_CTX_start(ctx);
    p = BN_CTX_get(ctx);
    y = BN_CTX_get(ctx);
    u = BN_CTX_get(ctx);
    v = BN_CTX_get(ctx);
    k = BN_CTX_get(ctx);

    /* little-endian, with the sign of x on top */
    memcpy(bytes, jwk->bytes, jwk->len);
    bytes[jwk->len - 1] &= 0x7f;

    ok = k != NULL
         && BN_hex2bn(&p, curve->p)
         && BN_lebin2bn(bytes, (int) jwk->len, y) != NULL
         && BN_cmp(y, p) < 0
         && BN_mod_sqr(y, y, p, ctx)
         && BN_set_word(u, 1) && BN_mod_sub(u, u, y, p, ctx)
         && BN_set_word(k, curve->k)
         && BN_set_word(v, curve->c) && BN_mod_mul(v, v, y, p, ctx)
         && (curve->a > 0 ? BN_mod_add(v, v, k, p, ctx)
                          : BN_mod_sub(v, v, k, p, ctx))
         && BN_mod_mul(v, v, k, p, ctx)
         && BN_mod_mul(u, u, v, p, ctx)
         && BN_kronecker(u, p, ctx) == 1;

    BN_CTX_end(ctx);
    BN_CTX_free(ctx);

    return ok;
}


static weir_rc_t
make_okp(const weir_jwk_t *jwk, weir_vkey_t *key)
{
    size_t  i;

    for (i = 0; edwards[i].len != jwk->len; i++) { /* void */ }

    if (!is_on_edwards(jwk, &edwards[i])) {
        return WEIR_ERROR;
    }

    key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, jwk->curve->name, NULL,
                                               jwk->bytes, jwk->len);
    key->size = 2 * jwk->len;

    return key->pkey ? WEIR_OK : WEIR_NOMEM;
}


static weir_rc_t
ready_mac(weir_vkey_t *key, const weir_jwk_t *jwk, weir_alg_t alg)
{
    EVP_MAC      *mac;
    weir_rc_t     rc;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                               (char *) digest_names[digest_of(alg)], 0);
    params[1] = OSSL_PARAM_construct_end();

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = EVP_MAC_CTX_new(mac);

    rc = ctx != NULL
         && EVP_MAC_init(ctx, jwk->bytes, jwk->len, params) == 1
             ? WEIR_OK : WEIR_NOMEM;

    key->ready[alg].mac = ctx;
    EVP_MAC_free(mac);

    return rc;
}


static weir_rc_t
ready_verify(weir_vkey_t *key, weir_alg_t alg)
{
    bool           ok;
    EVP_MD        *md;
    digest_t       d;
    EVP_PKEY_CTX  *ctx;

    d = digest_of(alg);
    md = key->digests[d];

    if (md == NULL) {
        md = EVP_MD_fetch(NULL, digest_names[d], NULL);
        key->digests[d] = md;
    }

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    key->ready[alg].verify = ctx;

    ok = md != NULL && ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;

    if (ok && key->kty == WEIR_KTY_RSA) {
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, is_pss(alg)
                                               ? RSA_PKCS1_PSS_PADDING
                                               : RSA_PKCS1_PADDING) == 1;
    }

    ok = ok && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1;

    /* RFC 7518, 3.5: the salt is as long as the digest, and MGF1 uses it */
    if (ok && is_pss(alg)) {
        ok = EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1
             && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST)
                == 1;
    }

    return ok ? WEIR_OK : WEIR_NOMEM;
}


static weir_rc_t
ready_algs(weir_vkey_t *key, const weir_jwk_t *jwk)
{
    unsigned   alg;
    weir_rc_t  rc;

    rc = WEIR_OK;

    for (alg = 0; alg < WEIR_ALG_COUNT && rc == WEIR_OK; alg++) {
        if ((key->algs & 1u << alg) != 0 && key->kty != WEIR_KTY_OKP) {
            rc = key->kty == WEIR_KTY_OCT ? ready_mac(key, jwk, alg)
                                          : ready_verify(key, alg);
        }
    }

    return rc;
}


static weir_rc_t
fill(weir_vkey_t *key, const weir_jwk_t *jwk)
{
    char       *kid;
    weir_rc_t   rc;

    key->kty = jwk->kty;
    key->algs = jwk->algs;
    key->md = EVP_MD_CTX_new();
    memcpy(key->thumbprint, jwk->thumbprint, sizeof(key->thumbprint));

    if (key->md == NULL) {
        return WEIR_NOMEM;
    }

    if (jwk->kid.data != NULL) {
        kid = malloc(jwk->kid.len + 1);

        if (kid == NULL) {
            return WEIR_NOMEM;
        }

        memcpy(kid, jwk->kid.data, jwk->kid.len);
        key->kid = weir_str(kid, jwk->kid.len);
    }

    rc = jwk->kty == WEIR_KTY_RSA ? make_rsa(jwk, key)
         : jwk->kty == WEIR_KTY_EC ? make_ec(jwk, key)
         : jwk->kty == WEIR_KTY_OKP ? make_okp(jwk, key)
         : WEIR_OK;

    return rc == WEIR_OK ? ready_algs(key, jwk) : rc;
}


/* Verifying */

static weir_rc_t
verify_mac(const weir_vkey_t *key, weir_alg_t alg, weir_str_t data,
    weir_str_t signature)
{
    size_t        len;
    uint8_t       mac[EVP_MAX_MD_SIZE];
    EVP_MAC_CTX  *ctx;

    ctx = key->ready[alg].mac;

    /* without a key: again with the one it has */
    return signature.len == weir_alg_digest(alg)
           && EVP_MAC_init(ctx, NULL, 0, NULL) == 1
           && EVP_MAC_update(ctx, (const uint8_t *) data.data, data.len) == 1
           && EVP_MAC_final(ctx, mac, &len, sizeof(mac)) == 1
           && len == signature.len
           && weir_same_secret(mac, signature.data, len)
               ? WEIR_OK : WEIR_DECLINED;
}


static weir_rc_t
verify_whole(const weir_vkey_t *key, weir_str_t data, weir_str_t signature)
{
    EVP_MD_CTX  *md;

    md = key->md;

    return signature.len == key->size
           && EVP_MD_CTX_reset(md) == 1
           && EVP_DigestVerifyInit(md, NULL, NULL, NULL, key->pkey) == 1
           && EVP_DigestVerify(md, (const uint8_t *) signature.data,
                               signature.len, (const uint8_t *) data.data,
                               data.len) == 1
               ? WEIR_OK : WEIR_DECLINED;
}


static weir_rc_t
verify_digest(const weir_vkey_t *key, weir_alg_t alg, weir_str_t data,
    const uint8_t *signature, size_t len)
{
    EVP_MD    *type;
    uint8_t    digest[EVP_MAX_MD_SIZE];
    unsigned   n;

    type = key->digests[digest_of(alg)];

    return EVP_DigestInit_ex2(key->md, type, NULL) == 1
           && EVP_DigestUpdate(key->md, data.data, data.len) == 1
           && EVP_DigestFinal_ex(key->md, digest, &n) == 1
           && EVP_PKEY_verify(key->ready[alg].verify, signature, len, digest,
                              n) == 1
               ? WEIR_OK : WEIR_DECLINED;
}


/* Whether a number is in 1..order-1. */
static bool
is_scalar(const uint8_t *number, const uint8_t *order, size_t n)
{
    size_t   i;
    uint8_t  any;

    any = 0;

    for (i = 0; i < n; i++) {
        any |= number[i];
    }

    return any != 0 && memcmp(number, order, n) < 0;
}


/* INTEGER of DER; returns the end. */
static uint8_t *
put_integer(uint8_t *to, const uint8_t *number, size_t n)
{
    bool  sign;

    while (*number == 0) {
        number++;
        n--;
    }

    sign = number[0] >= 0x80;
    *to++ = 0x02;
    *to++ = (uint8_t) (n + sign);

    if (sign) {
        *to++ = 0;
    }

    memcpy(to, number, n);

    return to + n;
}


/* A signature of RFC 7518, 3.4, as OpenSSL wants it; 0: it is none. */
static size_t
to_der(const weir_vkey_t *key, weir_str_t signature, uint8_t der[MAX_DER])
{
    size_t          n, len;
    uint8_t         numbers[MAX_DER], *end;
    const uint8_t  *r;

    n = key->size / 2;
    r = (const uint8_t *) signature.data;

    if (signature.len != key->size || !is_scalar(r, key->order, n)
        || !is_scalar(r + n, key->order, n))
    {
        return 0;
    }

    end = put_integer(numbers, r, n);
    end = put_integer(end, r + n, n);
    len = (size_t) (end - numbers);

    n = 0;
    der[n++] = 0x30;

    if (len >= 0x80) {
        der[n++] = 0x81;
    }

    der[n++] = (uint8_t) len;
    memcpy(der + n, numbers, len);

    return n + len;
}


static weir_rc_t
verify(const weir_vkey_t *key, weir_alg_t alg, weir_str_t data,
    weir_str_t signature)
{
    size_t   len;
    uint8_t  der[MAX_DER];

    switch (key->kty) {

    case WEIR_KTY_OCT:
        return verify_mac(key, alg, data, signature);

    case WEIR_KTY_RSA:
        /* OpenSSL would take one of PSS that lost its zeros */
        return signature.len == key->size
               ? verify_digest(key, alg, data,
                               (const uint8_t *) signature.data,
                               signature.len)
               : WEIR_DECLINED;

    case WEIR_KTY_EC:
        len = to_der(key, signature, der);
        return len > 0 ? verify_digest(key, alg, data, der, len)
                       : WEIR_DECLINED;

    default:
        return verify_whole(key, data, signature);
    }
}


void
weir_key_free(weir_vkey_t *key)
{
    unsigned  i;

    for (i = 0; i < WEIR_ALG_COUNT; i++) {
        if (key->kty == WEIR_KTY_OCT) {
            EVP_MAC_CTX_free(key->ready[i].mac);
        } else {
            EVP_PKEY_CTX_free(key->ready[i].verify);
        }
    }

    for (i = 0; i < DIGESTS; i++) {
        EVP_MD_free(key->digests[i]);
    }

    EVP_MD_CTX_free(key->md);
    EVP_PKEY_free(key->pkey);
    free((char *) key->kid.data);
    free(key);
}


weir_rc_t
weir_key_make(const weir_jwk_t *jwk, weir_vkey_t **out)
{
    weir_rc_t     rc;
    weir_vkey_t  *key;

    key = calloc(1, sizeof(*key));

    if (key == NULL) {
        return WEIR_NOMEM;
    }

    ERR_set_mark();
    rc = fill(key, jwk);

    if (rc == WEIR_OK) {
        *out = key;
    } else {
        weir_key_free(key);
    }

    ERR_pop_to_mark();

    return rc;
}


weir_str_t
weir_key_kid(const weir_vkey_t *key)
{
    return key->kid;
}


const uint8_t *
weir_key_thumbprint(const weir_vkey_t *key)
{
    return key->thumbprint;
}


uint32_t
weir_key_algs(const weir_vkey_t *key)
{
    return key->algs;
}


weir_rc_t
weir_key_verify(const weir_vkey_t *key, weir_alg_t alg, weir_str_t data,
    weir_str_t signature)
{
    weir_rc_t  rc;

    if ((unsigned) alg >= WEIR_ALG_COUNT || (key->algs & 1u << alg) == 0) {
        return WEIR_DECLINED;
    }

    if (data.len == 0) {
        data = weir_string("");
    }

    ERR_set_mark();
    rc = verify(key, alg, data, signature);
    ERR_pop_to_mark();

    return rc;
}


bool
weir_same_secret(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
