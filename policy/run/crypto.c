/*
 * crypto.c: signatures by OpenSSL 3.
 */

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "run/crypto.h"
#include "run/verify.h"


weir_rc_t
weir_signature_verify(const weir_public_key_t *key, weir_str_t text,
    const uint8_t signature[WEIR_SIGNATURE_LEN])
{
    int          ok;
    EVP_PKEY    *pkey;
    EVP_MD_CTX  *md;
    weir_rc_t    rc;

    rc = WEIR_ERROR;
    pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes,
                                       sizeof(key->bytes));
    md = EVP_MD_CTX_new();

    if (pkey != NULL && md != NULL
        && EVP_DigestVerifyInit(md, NULL, NULL, NULL, pkey) == 1)
    {
        ok = EVP_DigestVerify(md, signature, WEIR_SIGNATURE_LEN,
                              (const unsigned char *) text.data, text.len);
        rc = ok == 1 ? WEIR_OK : WEIR_DECLINED;
    }

    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);

    return rc;
}


weir_rc_t
weir_signature_make(const weir_secret_key_t *key, weir_str_t text,
    uint8_t signature[WEIR_SIGNATURE_LEN])
{
    size_t       len;
    EVP_PKEY    *pkey;
    EVP_MD_CTX  *md;
    weir_rc_t    rc;

    rc = WEIR_ERROR;
    len = WEIR_SIGNATURE_LEN;
    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->bytes,
                                        sizeof(key->bytes));
    md = EVP_MD_CTX_new();

    if (pkey != NULL && md != NULL
        && EVP_DigestSignInit(md, NULL, NULL, NULL, pkey) == 1
        && EVP_DigestSign(md, signature, &len,
                          (const unsigned char *) text.data, text.len) == 1)
    {
        rc = WEIR_OK;
    }

    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);

    return rc;
}


weir_rc_t
weir_key_generate(weir_secret_key_t *out)
{
    size_t     len;
    EVP_PKEY  *pkey;
    weir_rc_t  rc;

    len = sizeof(out->bytes);
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    rc = pkey != NULL
         && EVP_PKEY_get_raw_private_key(pkey, out->bytes, &len) == 1
             ? WEIR_OK : WEIR_ERROR;

    EVP_PKEY_free(pkey);

    return rc;
}


weir_rc_t
weir_key_public(const weir_secret_key_t *key, weir_public_key_t *out)
{
    size_t     len;
    EVP_PKEY  *pkey;
    weir_rc_t  rc;

    len = sizeof(out->bytes);
    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->bytes,
                                        sizeof(key->bytes));

    rc = pkey != NULL
         && EVP_PKEY_get_raw_public_key(pkey, out->bytes, &len) == 1
             ? WEIR_OK : WEIR_ERROR;

    EVP_PKEY_free(pkey);

    return rc;
}


static BIO *
pem_bio(weir_str_t pem)
{
    return pem.len <= WEIR_KEY_PEM_LEN * 8
           ? BIO_new_mem_buf(pem.data, (int) pem.len) : NULL;
}


static weir_rc_t
pem_text(BIO *bio, int ok, char out[WEIR_KEY_PEM_LEN], size_t *len)
{
    char  *data;
    long   n;

    n = ok == 1 ? BIO_get_mem_data(bio, &data) : 0;

    if (n <= 0 || n > WEIR_KEY_PEM_LEN) {
        return WEIR_ERROR;
    }

    memcpy(out, data, (size_t) n);
    *len = (size_t) n;

    return WEIR_OK;
}


weir_rc_t
weir_public_key_load(weir_str_t pem, weir_public_key_t *out)
{
    BIO       *bio;
    size_t     len;
    EVP_PKEY  *pkey;
    weir_rc_t  rc;

    len = sizeof(out->bytes);
    bio = pem_bio(pem);
    pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

    rc = pkey != NULL && EVP_PKEY_id(pkey) == EVP_PKEY_ED25519
         && EVP_PKEY_get_raw_public_key(pkey, out->bytes, &len) == 1
             ? WEIR_OK : WEIR_ERROR;

    EVP_PKEY_free(pkey);
    BIO_free(bio);

    return rc;
}


weir_rc_t
weir_secret_key_load(weir_str_t pem, weir_secret_key_t *out)
{
    BIO       *bio;
    size_t     len;
    EVP_PKEY  *pkey;
    weir_rc_t  rc;

    len = sizeof(out->bytes);
    bio = pem_bio(pem);

    /* the empty password: never ask on the terminal */
    pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) "") : NULL;

    rc = pkey != NULL && EVP_PKEY_id(pkey) == EVP_PKEY_ED25519
         && EVP_PKEY_get_raw_private_key(pkey, out->bytes, &len) == 1
             ? WEIR_OK : WEIR_ERROR;

    EVP_PKEY_free(pkey);
    BIO_free(bio);

    return rc;
}


weir_rc_t
weir_public_key_print(const weir_public_key_t *key,
    char out[WEIR_KEY_PEM_LEN], size_t *len)
{
    BIO       *bio;
    EVP_PKEY  *pkey;
    weir_rc_t  rc;

    bio = BIO_new(BIO_s_mem());
    pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes,
                                       sizeof(key->bytes));

    rc = bio != NULL && pkey != NULL
         ? pem_text(bio, PEM_write_bio_PUBKEY(bio, pkey), out, len)
         : WEIR_ERROR;

    EVP_PKEY_free(pkey);
    BIO_free(bio);

    return rc;
}


weir_rc_t
weir_secret_key_print(const weir_secret_key_t *key,
    char out[WEIR_KEY_PEM_LEN], size_t *len)
{
    BIO       *bio;
    EVP_PKEY  *pkey;
    weir_rc_t  rc;

    bio = BIO_new(BIO_s_secmem());
    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->bytes,
                                        sizeof(key->bytes));

    rc = bio != NULL && pkey != NULL
         ? pem_text(bio, PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0,
                                                  NULL, NULL), out, len)
         : WEIR_ERROR;

    EVP_PKEY_free(pkey);
    BIO_free(bio);

    return rc;
}


weir_rc_t
weir_key_id(const weir_public_key_t *key, uint8_t out[8])
{
    uint8_t  digest[WEIR_SHA256_LEN];

    if (weir_sha256(weir_str((const char *) key->bytes, sizeof(key->bytes)),
                    digest)
        != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    memcpy(out, digest, 8);

    return WEIR_OK;
}


weir_rc_t
weir_image_sign(uint8_t *base, const weir_secret_key_t *key)
{
    uint8_t              text[WEIR_SIGNED_MAX], id[8];
    uint8_t              digest[WEIR_SHA256_LEN];
    uint8_t              signature[WEIR_SIGNATURE_LEN];
    weir_str_t           s;
    weir_public_key_t    public;
    weir_image_header_t  h, *out;

    if (weir_key_public(key, &public) != WEIR_OK
        || weir_key_id(&public, id) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    out = (weir_image_header_t *) base;
    s = weir_image_signed_text(base, text);

    /* the text covers flag and key id */
    memcpy(&h, text, sizeof(h));
    h.flags |= WEIR_IMAGE_SIGNED;
    memcpy(h.key_id, id, sizeof(h.key_id));
    memcpy(text, &h, sizeof(h));

    if (weir_sha256(s, digest) != WEIR_OK
        || weir_signature_make(key, s, signature) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    out->flags = h.flags;
    memcpy(out->key_id, id, sizeof(out->key_id));
    memcpy(out->digest, digest, sizeof(out->digest));
    memcpy(out->signature, signature, sizeof(out->signature));

    return WEIR_OK;
}
