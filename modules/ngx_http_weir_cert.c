/*
 * ngx_http_weir_cert.c: the certificate that the client's TLS showed.
 *
 * nginx verifies the chain.  A certificate with a name that could be read in
 * two ways, since it holds a control character, is not taken as verified.
 */

#include "ngx_http_weir.h"

#if (NGX_HTTP_SSL)

/* names of one sort that are looked at */
#define NGX_HTTP_WEIR_MAX_NAMES  64


static ngx_int_t ngx_http_weir_read_cert(ngx_http_weir_ctx_t *ctx,
    X509 *x509, weir_cert_t *cert);
static ngx_int_t ngx_http_weir_dn(ngx_http_weir_ctx_t *ctx, X509 *x509,
    weir_str_t *dn);
static ngx_int_t ngx_http_weir_cn(ngx_http_weir_ctx_t *ctx, X509 *x509,
    weir_cert_t *cert);
static ngx_int_t ngx_http_weir_names(ngx_http_weir_ctx_t *ctx, X509 *x509,
    weir_cert_t *cert);
static ngx_int_t ngx_http_weir_names_of(ngx_http_weir_ctx_t *ctx,
    GENERAL_NAMES *all, int type, weir_cert_t *cert, const weir_str_t **out,
    uint32_t *n);
static ngx_int_t ngx_http_weir_copy(ngx_http_weir_ctx_t *ctx,
    const void *data, size_t len, weir_cert_t *cert, weir_str_t *out);


const weir_cert_t *
ngx_http_weir_cert(ngx_http_weir_ctx_t *ctx)
{
    X509              *x509;
    weir_cert_t       *cert;
    ngx_connection_t  *c;

    if (ctx->has_cert) {
        return ctx->cert;
    }

    ctx->has_cert = 1;

    c = ctx->request->connection;

    if (c->ssl == NULL) {
        return NULL;
    }

    x509 = SSL_get_peer_certificate(c->ssl->connection);
    if (x509 == NULL) {
        return NULL;
    }

    cert = ngx_pcalloc(ctx->request->pool, sizeof(weir_cert_t));

    if (cert) {

        /* a chain that optional_no_ca let through is "FAILED:..." */

        cert->verified = weir_str_eq(
                             ngx_http_weir_nginx_variable(ctx->request,
                                                          "ssl_client_verify"),
                             weir_string("SUCCESS"));

        if (ngx_http_weir_read_cert(ctx, x509, cert) == NGX_OK) {
            ctx->cert = cert;
        }
    }

    X509_free(x509);
    ERR_clear_error();

    return ctx->cert;
}


static ngx_int_t
ngx_http_weir_read_cert(ngx_http_weir_ctx_t *ctx, X509 *x509,
    weir_cert_t *cert)
{
    unsigned int  len;

    if (X509_digest(x509, EVP_sha256(), cert->sha256, &len) != 1) {
        return NGX_ERROR;
    }

    cert->dn = weir_str("", 0);
    cert->cn = weir_str("", 0);

    if (!cert->verified) {
        return NGX_OK;
    }

    if (ngx_http_weir_dn(ctx, x509, &cert->dn) != NGX_OK
        || ngx_http_weir_cn(ctx, x509, cert) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_weir_names(ctx, x509, cert);
}


static ngx_int_t
ngx_http_weir_dn(ngx_http_weir_ctx_t *ctx, X509 *x509, weir_str_t *dn)
{
    BIO        *bio;
    char       *data, *p;
    long        len;
    ngx_int_t   rc;

    bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
                           XN_FLAG_RFC2253)
        >= 0)
    {
        len = BIO_get_mem_data(bio, &data);
        p = ngx_pnalloc(ctx->request->pool, len + 1);

        if (p) {
            ngx_memcpy(p, data, len);
            *dn = weir_str(p, len);
            rc = NGX_OK;
        }
    }

    BIO_free(bio);

    return rc;
}


/* The last one is the most specific: RFC 4514 writes it first. */
static ngx_int_t
ngx_http_weir_cn(ngx_http_weir_ctx_t *ctx, X509 *x509, weir_cert_t *cert)
{
    int              i, last, len;
    u_char          *data;
    ngx_int_t        rc;
    const X509_NAME *name;

    name = X509_get_subject_name(x509);
    last = -1;

    for ( ;; ) {
        i = X509_NAME_get_index_by_NID((X509_NAME *) name, NID_commonName,
                                       last);
        if (i < 0) {
            break;
        }

        last = i;
    }

    if (last < 0) {
        return NGX_OK;
    }

    len = ASN1_STRING_to_UTF8(&data,
              X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));

    if (len < 0) {
        cert->verified = false;
        return NGX_OK;
    }

    rc = ngx_http_weir_copy(ctx, data, len, cert, &cert->cn);

    OPENSSL_free(data);

    return rc;
}


static ngx_int_t
ngx_http_weir_names(ngx_http_weir_ctx_t *ctx, X509 *x509, weir_cert_t *cert)
{
    ngx_int_t       rc;
    GENERAL_NAMES  *all;

    all = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    if (all == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_weir_names_of(ctx, all, GEN_URI, cert, &cert->uris,
                                &cert->nuris);

    if (rc == NGX_OK) {
        rc = ngx_http_weir_names_of(ctx, all, GEN_DNS, cert, &cert->names,
                                    &cert->nnames);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_weir_names_of(ctx, all, GEN_EMAIL, cert, &cert->emails,
                                    &cert->nemails);
    }

    GENERAL_NAMES_free(all);

    return rc;
}


static ngx_int_t
ngx_http_weir_names_of(ngx_http_weir_ctx_t *ctx, GENERAL_NAMES *all, int type,
    weir_cert_t *cert, const weir_str_t **out, uint32_t *n)
{
    int                  i, total;
    uint32_t             found;
    weir_str_t          *list;
    const GENERAL_NAME  *name;

    total = sk_GENERAL_NAME_num(all);

    list = ngx_palloc(ctx->request->pool,
                      ngx_min(total, NGX_HTTP_WEIR_MAX_NAMES)
                      * sizeof(weir_str_t) + 1);
    if (list == NULL) {
        return NGX_ERROR;
    }

    found = 0;

    for (i = 0; i < total && found < NGX_HTTP_WEIR_MAX_NAMES; i++) {
        name = sk_GENERAL_NAME_value(all, i);

        if (name->type != type) {
            continue;
        }

        /* the three sorts are IA5 strings in one union */

        if (ngx_http_weir_copy(ctx, ASN1_STRING_get0_data(name->d.ia5),
                               ASN1_STRING_length(name->d.ia5), cert,
                               &list[found++])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    *out = list;
    *n = found;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_copy(ngx_http_weir_ctx_t *ctx, const void *data, size_t len,
    weir_cert_t *cert, weir_str_t *out)
{
    u_char  *p;
    size_t   i;

    p = ngx_pnalloc(ctx->request->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, data, len);

    for (i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f) {
            cert->verified = false;
        }
    }

    *out = weir_str((char *) p, len);

    return NGX_OK;
}


#else

const weir_cert_t *
ngx_http_weir_cert(ngx_http_weir_ctx_t *ctx)
{
    return NULL;
}

#endif
