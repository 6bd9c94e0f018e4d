/*
 * pem.c: keys as OpenSSL has them, and their members as JWKs.
 */

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "cli/pem.h"

#define RSA_BITS     2048
#define MOST_OCTETS  2048           /* of a member: RSA of 16384 bits */

typedef struct {
    const char  *name;          /* OpenSSL's OKP types have the same */
    weir_kty_t   kty;
    int          octets;        /* of a coordinate */
} curve_t;

static const curve_t  curves[] = {
#define C(name, kty, octets, alg)  { name, WEIR_KTY_##kty, octets },
    WEIR_CURVES(C)
#undef C
    { NULL, WEIR_KTY_COUNT, 0 }
};


static json_t *
encoded(const unsigned char *octets, size_t n)
{
    char  text[weir_base64url_len(MOST_OCTETS)];

    weir_base64url_encode(octets, n, text);

    return json_stringn(text, weir_base64url_len(n));
}


/* An integer of the key; least: octets that it has in a JWK at least. */
static bool
add_integer(json_t *jwk, const char *name, const EVP_PKEY *key,
    const char *param, int least)
{
    int             n;
    bool            ok;
    BIGNUM         *bn;
    unsigned char   octets[MOST_OCTETS];

    bn = NULL;

    if (EVP_PKEY_get_bn_param(key, param, &bn) != 1) {
        return false;
    }

    n = BN_num_bytes(bn) > least ? BN_num_bytes(bn) : least;
    ok = n <= MOST_OCTETS && BN_bn2binpad(bn, octets, n) == n
         && json_object_set_new(jwk, name, encoded(octets, (size_t) n)) == 0;

    BN_clear_free(bn);
    OPENSSL_cleanse(octets, sizeof(octets));

    return ok;
}


static bool
add_text(json_t *jwk, const char *name, const char *text)
{
    return json_object_set_new(jwk, name, json_string(text)) == 0;
}


static bool
read_rsa(const EVP_PKEY *key, bool private, json_t *jwk)
{
    return add_text(jwk, "kty", "RSA")
           && add_integer(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 1)
           && add_integer(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 1)
           && (!private
               || (add_integer(jwk, "d", key, OSSL_PKEY_PARAM_RSA_D, 1)
                   && add_integer(jwk, "p", key,
                                  OSSL_PKEY_PARAM_RSA_FACTOR1, 1)
                   && add_integer(jwk, "q", key,
                                  OSSL_PKEY_PARAM_RSA_FACTOR2, 1)
                   && add_integer(jwk, "dp", key,
                                  OSSL_PKEY_PARAM_RSA_EXPONENT1, 1)
                   && add_integer(jwk, "dq", key,
                                  OSSL_PKEY_PARAM_RSA_EXPONENT2, 1)
                   && add_integer(jwk, "qi", key,
                                  OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 1)));
}


static bool
read_ec(const EVP_PKEY *key, const curve_t *c, bool private, json_t *jwk)
{
    return add_text(jwk, "kty", "EC") && add_text(jwk, "crv", c->name)
           && add_integer(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, c->octets)
           && add_integer(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, c->octets)
           && (!private
               || add_integer(jwk, "d", key, OSSL_PKEY_PARAM_PRIV_KEY,
                              c->octets));
}


static bool
read_okp(const EVP_PKEY *key, const curve_t *c, bool private, json_t *jwk)
{
    bool           ok;
    size_t         n;
    unsigned char  octets[64];

    n = sizeof(octets);
    ok = add_text(jwk, "kty", "OKP") && add_text(jwk, "crv", c->name)
         && EVP_PKEY_get_raw_public_key(key, octets, &n) == 1
         && json_object_set_new(jwk, "x", encoded(octets, n)) == 0;

    n = sizeof(octets);
    ok = ok && (!private
                || (EVP_PKEY_get_raw_private_key(key, octets, &n) == 1
                    && json_object_set_new(jwk, "d", encoded(octets, n))
                       == 0));

    OPENSSL_cleanse(octets, sizeof(octets));

    return ok;
}


/* OpenSSL has other names for some groups than those that it takes. */
static bool
is_group(const char *group, const char *name)
{
    int  nid;

    nid = EC_curve_nist2nid(name);

    return OBJ_txt2nid(group) == (nid == NID_undef ? OBJ_txt2nid(name) : nid);
}


/* Of a key of OpenSSL; NULL: of none that signs tokens. */
static const curve_t *
curve_of(const EVP_PKEY *key)
{
    char            group[80];
    const curve_t  *c;

    if (!EVP_PKEY_is_a(key, "EC")
        || EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
                                          group, sizeof(group), NULL)
           != 1)
    {
        group[0] = '\0';
    }

    for (c = curves; c->name != NULL; c++) {

        if (c->kty == WEIR_KTY_OKP ? EVP_PKEY_is_a(key, c->name)
                                   : group[0] && is_group(group, c->name))
        {
            return c;
        }
    }

    return NULL;
}


static json_t *
read_key(const EVP_PKEY *key, bool private)
{
    bool            ok;
    json_t         *jwk;
    const curve_t  *c;

    jwk = json_object();
    c = curve_of(key);

    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
        ok = read_rsa(key, private, jwk);

    } else if (c != NULL) {
        ok = c->kty == WEIR_KTY_EC ? read_ec(key, c, private, jwk)
                                   : read_okp(key, c, private, jwk);

    } else {
        ok = false;
    }

    if (!ok) {
        json_decref(jwk);
        return NULL;
    }

    return jwk;
}


json_t *
weir_cli_pem_generate(const char *what)
{
    json_t         *jwk;
    EVP_PKEY       *key;
    const curve_t  *c;

    for (c = curves; c->name != NULL && strcmp(c->name, what) != 0; c++) {
        /* void */
    }

    if (c->name == NULL) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) RSA_BITS);

    } else if (c->kty == WEIR_KTY_EC) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", c->name);

    } else {
        key = EVP_PKEY_Q_keygen(NULL, NULL, c->name);
    }

    jwk = key ? read_key(key, true) : NULL;
    EVP_PKEY_free(key);

    return jwk;
}


/* Nobody is asked for a passphrase. */
static int
no_passphrase(char *text, int size, int writes, void *data)
{
    bool  *asked;

    (void) text;
    (void) size;
    (void) writes;

    asked = data;
    *asked = true;

    return -1;
}


json_t *
weir_cli_pem_read(weir_str_t pem, const char **why)
{
    BIO       *bio;
    bool       asked, private;
    json_t    *jwk;
    EVP_PKEY  *key;

    asked = false;
    bio = BIO_new_mem_buf(pem.data, pem.len < INT_MAX ? (int) pem.len : 0);
    key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
    private = key != NULL;

    if (key == NULL && !asked) {
        (void) BIO_reset(bio);
        key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &asked);
    }

    jwk = key ? read_key(key, private) : NULL;

    if (jwk == NULL) {
        *why = asked ? "the key has a passphrase"
               : key ? "the key is of no type that signs tokens: RSA, EC on "
                       "P-256, P-384, P-521 or secp256k1, Ed25519, Ed448"
                     : "there is no key in PEM";
    }

    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();

    return jwk;
}
