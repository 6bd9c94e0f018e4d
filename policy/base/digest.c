/*
 * digest.c: SHA-256 by OpenSSL's EVP.
 */

#include "base/digest.h"

#include <openssl/evp.h>


weir_rc_t
weir_sha256(weir_str_t data, uint8_t out[WEIR_SHA256_LEN])
{
    uint8_t   md[EVP_MAX_MD_SIZE];
    unsigned  len;

    if (EVP_Digest(data.len ? data.data : "", data.len, md, &len,
                   EVP_sha256(), NULL)
        != 1
        || len != WEIR_SHA256_LEN)
    {
        return WEIR_ERROR;
    }

    memcpy(out, md, WEIR_SHA256_LEN);

    return WEIR_OK;
}


/* Opaque: a context that is set up for SHA-256. */
weir_digester_t *
weir_digester_create(void)
{
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();

    if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        ctx = NULL;
    }

    return (weir_digester_t *) ctx;
}


void
weir_digester_free(weir_digester_t *d)
{
    EVP_MD_CTX_free((EVP_MD_CTX *) d);
}


weir_rc_t
weir_digester_run(weir_digester_t *d, const weir_str_t *texts, size_t n,
    uint8_t out[WEIR_SHA256_LEN])
{
    int          ok;
    size_t       i;
    EVP_MD_CTX  *ctx;

    ctx = (EVP_MD_CTX *) d;
    ok = EVP_DigestInit_ex(ctx, NULL, NULL);

    for (i = 0; i < n; i++) {
        ok = ok && (texts[i].len == 0
                    || EVP_DigestUpdate(ctx, texts[i].data, texts[i].len));
    }

    return ok && EVP_DigestFinal_ex(ctx, out, NULL) ? WEIR_OK : WEIR_ERROR;
}


weir_rc_t
weir_id_make(const char *kind, weir_str_t name, weir_id_t *id)
{
    int          ok;
    uint8_t      md[EVP_MAX_MD_SIZE];
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return WEIR_NOMEM;
    }

    /* the NUL behind kind is digested too */
    ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
         && EVP_DigestUpdate(ctx, kind, strlen(kind) + 1)
         && (name.len == 0 || EVP_DigestUpdate(ctx, name.data, name.len))
         && EVP_DigestFinal_ex(ctx, md, NULL);

    EVP_MD_CTX_free(ctx);

    if (!ok) {
        return WEIR_ERROR;
    }

    memcpy(id->bytes, md, sizeof(id->bytes));

    return WEIR_OK;
}
