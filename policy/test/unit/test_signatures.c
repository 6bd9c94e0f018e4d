/*
 * test_signatures.c: vectors of RFC 7515, 7638 and 8037, every algorithm
 * against OpenSSL's own signatures, and what an attacker would send.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "run/base64url.h"
#include "keys_fixture.h"

#define MAX_SIG  1024


/* What a signature says to a key, and that OpenSSL's queue stays empty. */
static weir_rc_t
verify(const weir_keys_t *keys, weir_alg_t alg, const char *data,
    const void *signature, size_t len)
{
    weir_rc_t  rc;

    rc = weir_key_verify(weir_keys_at(keys, 0), alg, weir_cstr(data),
                         weir_str(signature, len));
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_not_equal(rc, WEIR_ERROR);

    return rc;
}


static const struct {
    const char  *jwk;
    weir_alg_t   alg;
    const char  *data;
    const char  *signature;
} vectors[] = {
    { "{" OCT "}", WEIR_ALG_HS256,
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAi"
      "OjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },
    { "{" RSA_ "}", WEIR_ALG_RS256,
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
      "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm"
      "4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--"
      "f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383Lc"
      "OLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
      "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
    { "{" P256 "}", WEIR_ALG_ES256,
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
      "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxf"
      "KTUJqPP3-Kg6NU1Q" },
    { "{" P521 "}", WEIR_ALG_ES512, "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
      "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI"
      "-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO"
      "7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn" },
    { "{" ED "}", WEIR_ALG_EDDSA,
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9"
      "g7sVvpAr_MuM0KAg" }
};


/* Every bit of a signature counts, and so does its length. */
static void
vectors_of_the_rfcs_verify(void **state)
{
    size_t        i, k, len;
    uint8_t       sig[MAX_SIG];
    unsigned      alg;
    weir_keys_t  *keys;

    (void) state;

    for (i = 0; i < N_OF(vectors); i++) {
        keys = read_good(vectors[i].jwk, ALL);
        assert_int_equal(weir_base64url_decode(weir_cstr(vectors[i].signature),
                                               sig, &len), WEIR_OK);
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                len), WEIR_OK);

        for (k = 0; k < len * 8; k += i < 3 ? 7 : 61) {
            sig[k / 8] ^= (uint8_t) (1 << k % 8);
            assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                    len), WEIR_DECLINED);
            sig[k / 8] ^= (uint8_t) (1 << k % 8);
        }

        sig[len] = 0;
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                len + 1), WEIR_DECLINED);
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                len - 1), WEIR_DECLINED);
        assert_int_equal(verify(keys, vectors[i].alg, vectors[i].data, sig,
                                0), WEIR_DECLINED);
        assert_int_equal(verify(keys, vectors[i].alg, "", sig, len),
                         WEIR_DECLINED);

        /* with no other algorithm, those of other keys among them */
        for (alg = 0; alg <= WEIR_ALG_COUNT; alg++) {
            assert_int_equal(verify(keys, alg, vectors[i].data, sig, len),
                             alg == vectors[i].alg ? WEIR_OK : WEIR_DECLINED);
        }

        weir_keys_free(keys);
    }
}


/* Pairs of keys, made here */

typedef struct {
    EVP_PKEY     *pkey;
    weir_keys_t  *keys;         /* its public half, read as JWK */
    uint8_t       secret[64];
} pair_t;


static size_t
put_number(const EVP_PKEY *pkey, const char *param, int len, char *out)
{
    int      n;
    BIGNUM  *bn;
    uint8_t  bytes[MAX_SIG];

    bn = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &bn), 1);
    n = len ? len : BN_num_bytes(bn);
    assert_int_equal(BN_bn2binpad(bn, bytes, n), n);
    weir_base64url_encode(bytes, (size_t) n, out);
    out[weir_base64url_len((size_t) n)] = '\0';
    BN_free(bn);

    return (size_t) n;
}


/* type: of OpenSSL; crv and size: "" and 0 for RSA. */
static pair_t
make_pair(const char *type, const char *crv, int size)
{
    char     a[1024], b[1024], text[2600];
    size_t   len;
    pair_t   pair;
    uint8_t  raw[64];

    memset(&pair, 0, sizeof(pair));

    if (strcmp(type, "RSA") == 0) {
        pair.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);
        put_number(pair.pkey, OSSL_PKEY_PARAM_RSA_N, 0, a);
        put_number(pair.pkey, OSSL_PKEY_PARAM_RSA_E, 0, b);
        snprintf(text, sizeof(text), "{\"kty\":\"RSA\",\"n\":\"%s\","
                 "\"e\":\"%s\"}", a, b);

    } else if (strcmp(type, "EC") == 0) {
        pair.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", crv);
        put_number(pair.pkey, OSSL_PKEY_PARAM_EC_PUB_X, size, a);
        put_number(pair.pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size, b);
        snprintf(text, sizeof(text), "{\"kty\":\"EC\",\"crv\":\"%s\","
                 "\"x\":\"%s\",\"y\":\"%s\"}", crv, a, b);

    } else {
        pair.pkey = EVP_PKEY_Q_keygen(NULL, NULL, crv);
        len = sizeof(raw);
        assert_int_equal(EVP_PKEY_get_raw_public_key(pair.pkey, raw, &len), 1);
        weir_base64url_encode(raw, len, a);
        a[weir_base64url_len(len)] = '\0';
        snprintf(text, sizeof(text), "{\"kty\":\"OKP\",\"crv\":\"%s\","
                 "\"x\":\"%s\"}", crv, a);
    }

    assert_non_null(pair.pkey);
    pair.keys = read_good(text, ALL);

    return pair;
}


static pair_t
make_secret(void)
{
    char    k[weir_base64url_len(64) + 1], text[256];
    pair_t  pair;

    memset(&pair, 0, sizeof(pair));
    memset(pair.secret, 0xa5, sizeof(pair.secret));
    weir_base64url_encode(pair.secret, sizeof(pair.secret), k);
    k[sizeof(k) - 1] = '\0';
    snprintf(text, sizeof(text), "{\"kty\":\"oct\",\"k\":\"%s\"}", k);
    pair.keys = read_good(text, ALL);

    return pair;
}


static void
free_pair(pair_t *pair)
{
    EVP_PKEY_free(pair->pkey);
    weir_keys_free(pair->keys);
}


/* r and s of a signature in DER, each of n bytes. */
static size_t
from_der(const uint8_t *der, size_t len, int n, uint8_t *out)
{
    ECDSA_SIG      *sig;
    const uint8_t  *p;

    p = der;
    sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, n), n);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + n, n), n);
    ECDSA_SIG_free(sig);

    return (size_t) n * 2;
}


/* What OpenSSL signs; salt: of PSS, else 0; mgf NULL: the same digest. */
static size_t
sign(EVP_PKEY *pkey, const char *md, int salt, const char *mgf, int ec,
    const char *data, uint8_t out[MAX_SIG])
{
    size_t         len;
    uint8_t        der[MAX_SIG];
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    len = MAX_SIG;
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, pkey,
                                           NULL), 1);

    if (salt != 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx,
                             RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                             salt == 1 ? 0 : salt), 1);

        if (mgf != NULL) {
            assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, mgf,
                                                               NULL), 1);
        }
    }

    assert_int_equal(EVP_DigestSign(ctx, der, &len, (const uint8_t *) data,
                                    strlen(data)), 1);
    EVP_MD_CTX_free(ctx);

    if (ec) {
        return from_der(der, len, ec, out);
    }

    memcpy(out, der, len);

    return len;
}


static const struct {
    weir_alg_t   alg;
    const char  *type;
    const char  *crv;
    int          size;
    const char  *md;
    int          salt;
} algorithms[] = {
    { WEIR_ALG_HS256, "oct", "", 0, "SHA256", 0 },
    { WEIR_ALG_HS384, "oct", "", 0, "SHA384", 0 },
    { WEIR_ALG_HS512, "oct", "", 0, "SHA512", 0 },
    { WEIR_ALG_RS256, "RSA", "", 0, "SHA256", 0 },
    { WEIR_ALG_RS384, "RSA", "", 0, "SHA384", 0 },
    { WEIR_ALG_RS512, "RSA", "", 0, "SHA512", 0 },
    { WEIR_ALG_PS256, "RSA", "", 0, "SHA256", 32 },
    { WEIR_ALG_PS384, "RSA", "", 0, "SHA384", 48 },
    { WEIR_ALG_PS512, "RSA", "", 0, "SHA512", 64 },
    { WEIR_ALG_ES256, "EC", "P-256", 32, "SHA256", 0 },
    { WEIR_ALG_ES384, "EC", "P-384", 48, "SHA384", 0 },
    { WEIR_ALG_ES512, "EC", "P-521", 66, "SHA512", 0 },
    { WEIR_ALG_ES256K, "EC", "secp256k1", 32, "SHA256", 0 },
    { WEIR_ALG_EDDSA, "OKP", "Ed25519", 0, NULL, 0 },
    { WEIR_ALG_EDDSA, "OKP", "Ed448", 0, NULL, 0 }
};


static size_t
sign_as(pair_t *pair, size_t i, const char *data, uint8_t out[MAX_SIG])
{
    unsigned  len;

    if (pair->pkey == NULL) {
        assert_non_null(HMAC(EVP_get_digestbyname(algorithms[i].md),
                             pair->secret, sizeof(pair->secret),
                             (const uint8_t *) data, strlen(data), out, &len));
        return len;
    }

    return sign(pair->pkey, algorithms[i].md, algorithms[i].salt, NULL,
                algorithms[i].size, data, out);
}


static void
every_algorithm_verifies(void **state)
{
    size_t    i, len, n;
    pair_t    pair;
    uint8_t   sig[MAX_SIG];
    unsigned  alg;

    (void) state;

    for (i = 0; i < N_OF(algorithms); i++) {
        pair = algorithms[i].type[0] == 'o' ? make_secret()
               : make_pair(algorithms[i].type, algorithms[i].crv,
                           algorithms[i].size);
        len = sign_as(&pair, i, "head.payload", sig);

        /* a failure leaves nothing behind */
        for (n = 0; n < 3; n++) {
            if (verify(pair.keys, algorithms[i].alg, "head.payload", sig, len)
                != WEIR_OK)
            {
                fail_msg("%s %s %s", algorithms[i].type, algorithms[i].crv,
                         algorithms[i].md);
            }

            assert_int_equal(verify(pair.keys, algorithms[i].alg,
                                    "head.payloae", sig, len), WEIR_DECLINED);
            assert_int_equal(verify(pair.keys, algorithms[i].alg, "", sig,
                                    len), WEIR_DECLINED);
            sig[len / 2] ^= 1;
            assert_int_equal(verify(pair.keys, algorithms[i].alg,
                                    "head.payload", sig, len), WEIR_DECLINED);
            sig[len / 2] ^= 1;
        }

        for (alg = 0; alg < WEIR_ALG_COUNT; alg++) {
            assert_int_equal(verify(pair.keys, alg, "head.payload", sig, len),
                             alg == algorithms[i].alg ? WEIR_OK
                                                      : WEIR_DECLINED);
        }

        len = sign_as(&pair, i, "", sig);
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "", sig, len),
                         WEIR_OK);
        free_pair(&pair);
    }
}


/* Paddings of PKCS#1 v1.5 (RFC 8017, 9.2), signed without being looked at. */
#define OID      "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
#define INFO     "\x30\x31\x30\x0d" OID "\x01\x05\x00\x04\x20"
#define BYTES(s) s, sizeof(s) - 1

static const struct {
    const char  *what;
    const char  *head;          /* before the padding */
    size_t       head_len;
    int          ps;            /* bytes of 0xff; -1: as many as fit */
    const char  *info;          /* between padding and digest */
    size_t       info_len;
    int          tail;          /* bytes behind the digest */
    weir_rc_t    want;
} paddings[] = {
    { "as it should be", BYTES("\0\1"), -1, BYTES("\0" INFO), 0, WEIR_OK },
    { "block type 0", BYTES("\0\0"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "block type 2", BYTES("\0\2"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "first byte", BYTES("\1\1"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "type missing", BYTES("\0"), -1, BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "a byte that is not 0xff", BYTES("\0\1\xff\xfe"), -1,
      BYTES("\0" INFO), 0, WEIR_DECLINED },
    { "garbage behind 8 bytes", BYTES("\0\1"), 8, BYTES("\0" INFO), 194,
      WEIR_DECLINED },
    { "garbage behind all of it", BYTES("\0\1"), -1, BYTES("\0" INFO), 1,
      WEIR_DECLINED },
    { "no padding", BYTES("\0\1"), 0, BYTES("\0" INFO), 202, WEIR_DECLINED },
    { "no end of the padding", BYTES("\0\1"), -1, BYTES(INFO), 0,
      WEIR_DECLINED },
    { "two ends", BYTES("\0\1"), -1, BYTES("\0\0" INFO), 0, WEIR_DECLINED },
    { "parameters left out", BYTES("\0\1"), -1,
      BYTES("\0\x30\x2f\x30\x0b" OID "\x01\x04\x20"), 0, WEIR_DECLINED },
    { "parameters of another sort", BYTES("\0\1"), -1,
      BYTES("\0\x30\x31\x30\x0d" OID "\x01\x30\x00\x04\x20"), 0,
      WEIR_DECLINED },
    { "garbage in parameters", BYTES("\0\1"), -1,
      BYTES("\0\x30\x33\x30\x0f" OID "\x01\x05\x02\x41\x41\x04\x20"), 0,
      WEIR_DECLINED },
    { "a long length", BYTES("\0\1"), -1,
      BYTES("\0\x30\x81\x31\x30\x0d" OID "\x01\x05\x00\x04\x20"), 0,
      WEIR_DECLINED },
    { "an endless length", BYTES("\0\1"), -1,
      BYTES("\0\x30\x80\x30\x0d" OID "\x01\x05\x00\x04\x20"), 2,
      WEIR_DECLINED },
    { "a long digest", BYTES("\0\1"), -1,
      BYTES("\0\x30\x32\x30\x0d" OID "\x01\x05\x00\x04\x21"), 1,
      WEIR_DECLINED },
    { "the name of SHA-512", BYTES("\0\1"), -1,
      BYTES("\0\x30\x31\x30\x0d" OID "\x03\x05\x00\x04\x20"), 0,
      WEIR_DECLINED },
    { "no name", BYTES("\0\1"), -1, BYTES("\0"), 0, WEIR_DECLINED },
    { "an octet string alone", BYTES("\0\1"), -1, BYTES("\0\x04\x20"), 0,
      WEIR_DECLINED }
};


static void
sign_raw(EVP_PKEY *pkey, const uint8_t em[256], uint8_t out[256])
{
    size_t         len;
    EVP_PKEY_CTX  *ctx;

    len = 256;
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, out, &len, em, 256), 1);
    assert_int_equal(len, 256);
    EVP_PKEY_CTX_free(ctx);
}


static void
only_one_padding_is_that_of_pkcs1(void **state)
{
    size_t      i, ps, fixed;
    pair_t      pair;
    uint8_t     em[256], sig[256], digest[WEIR_SHA256_LEN], *p;

    (void) state;

    pair = make_pair("RSA", "", 0);
    assert_int_equal(weir_sha256(weir_string("data"), digest), WEIR_OK);

    for (i = 0; i < N_OF(paddings); i++) {
        fixed = paddings[i].head_len + paddings[i].info_len + sizeof(digest)
                + (size_t) paddings[i].tail;
        ps = paddings[i].ps < 0 ? sizeof(em) - fixed : (size_t) paddings[i].ps;
        assert_int_equal(fixed + ps, sizeof(em));

        p = memcpy(em, paddings[i].head, paddings[i].head_len);
        p += paddings[i].head_len;
        memset(p, 0xff, ps);
        p += ps;
        memcpy(p, paddings[i].info, paddings[i].info_len);
        p += paddings[i].info_len;
        memcpy(p, digest, sizeof(digest));
        memset(p + sizeof(digest), 0, (size_t) paddings[i].tail);

        sign_raw(pair.pkey, em, sig);

        if (verify(pair.keys, WEIR_ALG_RS256, "data", sig, sizeof(sig))
            != paddings[i].want)
        {
            fail_msg("%s", paddings[i].what);
        }
    }

    free_pair(&pair);
}


static void
a_signature_of_pss_has_one_form(void **state)
{
    size_t   i, len;
    pair_t   pair;
    uint8_t  sig[MAX_SIG];

    static const struct {
        int          salt;      /* 1: none */
        const char  *mgf;
        weir_rc_t    want;
    } rows[] = {
        { 32, NULL, WEIR_OK },
        { 32, "SHA256", WEIR_OK },
        { 32, "SHA1", WEIR_DECLINED },
        { 32, "SHA512", WEIR_DECLINED },
        { 1, NULL, WEIR_DECLINED },
        { 20, NULL, WEIR_DECLINED },
        { 31, NULL, WEIR_DECLINED },
        { 33, NULL, WEIR_DECLINED },
        { 222, NULL, WEIR_DECLINED }
    };

    (void) state;

    pair = make_pair("RSA", "", 0);

    for (i = 0; i < N_OF(rows); i++) {
        len = sign(pair.pkey, "SHA256", rows[i].salt, rows[i].mgf, 0, "data",
                   sig);
        assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig, len),
                         rows[i].want);
    }

    /* its zeros belong to it */
    for (i = 0; i < 5000 && sig[0] != 0; i++) {
        len = sign(pair.pkey, "SHA256", 32, NULL, 0, "data", sig);
    }

    assert_int_equal(sig[0], 0);
    assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig, len),
                     WEIR_OK);
    assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig + 1,
                            len - 1), WEIR_DECLINED);
    memmove(sig + 1, sig, len);
    assert_int_equal(verify(pair.keys, WEIR_ALG_PS256, "data", sig, len + 1),
                     WEIR_DECLINED);
    free_pair(&pair);
}


/* a = sign a + sign b of n bytes, if that fits. */
static bool
set_sum(const BIGNUM *a, const BIGNUM *b, bool minus, int n, uint8_t *out)
{
    bool     ok;
    BIGNUM  *sum;

    sum = BN_new();
    assert_int_equal(minus ? BN_sub(sum, a, b) : BN_add(sum, a, b), 1);
    ok = BN_num_bytes(sum) <= n && BN_bn2binpad(sum, out, n) == n;
    BN_free(sum);

    return ok;
}


static void
numbers_of_ecdsa_are_below_the_order(void **state)
{
    int       n;
    size_t    i, k, len;
    pair_t    pair;
    BIGNUM   *order, *zero, *one, *r, *s;
    uint8_t   sig[MAX_SIG], bad[MAX_SIG];
    unsigned  row;

    (void) state;

    for (i = 0; i < N_OF(algorithms); i++) {
        n = algorithms[i].size;

        if (n == 0) {
            continue;
        }

        k = (size_t) n;
        pair = make_pair("EC", algorithms[i].crv, n);
        len = sign_as(&pair, i, "data", sig);
        order = NULL;
        assert_int_equal(EVP_PKEY_get_bn_param(pair.pkey,
                             OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
        zero = BN_new();
        one = BN_new();
        BN_one(one);
        r = BN_bin2bn(sig, n, NULL);
        s = BN_bin2bn(sig + n, n, NULL);

        for (row = 0; row < 8; row++) {
            memcpy(bad, sig, len);

            if (row == 0) {
                set_sum(zero, zero, false, n, bad);
            } else if (row == 1) {
                set_sum(zero, zero, false, n, bad + n);
            } else if (row == 2) {
                set_sum(order, zero, false, n, bad);
            } else if (row == 3) {
                set_sum(order, zero, false, n, bad + n);
            } else if (row == 4) {
                memset(bad, 0xff, k);
            } else if (row == 5) {
                memset(bad + n, 0xff, k);
            } else if (row == 6) {
                set_sum(one, zero, false, n, bad);
                set_sum(one, zero, false, n, bad + n);
            } else if (!set_sum(s, order, false, n, bad + n)) {
                bad[0] ^= 1;                    /* no room for s + n */
            }

            if (verify(pair.keys, algorithms[i].alg, "data", bad, len)
                != WEIR_DECLINED)
            {
                fail_msg("%s, row %u", algorithms[i].crv, row);
            }
        }

        /* the other s of the same r is as good */
        memcpy(bad, sig, len);
        assert_true(set_sum(order, s, true, n, bad + n));
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "data", bad,
                                len), WEIR_OK);

        /* each with a zero before it, as some write them; DER */
        memset(bad, 0, sizeof(bad));
        memcpy(bad + 1, sig, k);
        memcpy(bad + k + 2, sig + k, k);
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "data", bad,
                                len + 2), WEIR_DECLINED);
        len = sign(pair.pkey, algorithms[i].md, 0, NULL, 0, "data", bad);
        assert_int_equal(verify(pair.keys, algorithms[i].alg, "data", bad,
                                len), WEIR_DECLINED);

        BN_free(order);
        BN_free(zero);
        BN_free(one);
        BN_free(r);
        BN_free(s);
        free_pair(&pair);
    }
}


/* RFC 8032, 5.1.7: S is below the order. */
static void
a_signature_of_eddsa_has_one_form(void **state)
{
    size_t        i, len;
    uint8_t       sig[64];
    unsigned      carry;
    weir_keys_t  *keys;

    static const uint8_t  order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2,
        0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0x10
    };

    (void) state;

    keys = read_good("{" ED "}", ALL);
    assert_int_equal(weir_base64url_decode(weir_cstr(vectors[4].signature),
                                           sig, &len), WEIR_OK);

    for (i = 0, carry = 0; i < sizeof(order); i++) {
        carry += (unsigned) sig[32 + i] + order[i];
        sig[32 + i] = (uint8_t) carry;
        carry >>= 8;
    }

    assert_int_equal(carry, 0);
    assert_int_equal(verify(keys, WEIR_ALG_EDDSA, vectors[4].data, sig, len),
                     WEIR_DECLINED);
    weir_keys_free(keys);
}


static void
errors_of_others_are_left_to_them(void **state)
{
    pair_t         pair;
    unsigned long  before;

    (void) state;

    pair = make_pair("EC", "P-256", 32);
    ERR_raise(ERR_LIB_EVP, EVP_R_INVALID_KEY);
    before = ERR_peek_last_error();
    assert_int_equal(weir_key_verify(weir_keys_at(pair.keys, 0),
                                     WEIR_ALG_ES256, weir_string("a"),
                                     weir_string("b")), WEIR_DECLINED);
    assert_int_equal(ERR_peek_last_error(), before);
    ERR_clear_error();
    free_pair(&pair);
}


static void
secrets_are_compared_whole(void **state)
{
    (void) state;

    assert_true(weir_same_secret("abc", "abd", 2));
    assert_false(weir_same_secret("abc", "abd", 3));
    assert_false(weir_same_secret("xbc", "abc", 3));
    assert_true(weir_same_secret("", "", 0));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(vectors_of_the_rfcs_verify),
        cmocka_unit_test(every_algorithm_verifies),
        cmocka_unit_test(only_one_padding_is_that_of_pkcs1),
        cmocka_unit_test(a_signature_of_pss_has_one_form),
        cmocka_unit_test(numbers_of_ecdsa_are_below_the_order),
        cmocka_unit_test(a_signature_of_eddsa_has_one_form),
        cmocka_unit_test(errors_of_others_are_left_to_them),
        cmocka_unit_test(secrets_are_compared_whole)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
