/*
 * identity_cert.c: who a client's certificate says the caller is.
 *
 * The server verified its chain, or there is nobody.
 */

#include "run/identity_prove.h"


/* What log lines and headers may carry. */
static bool
is_clean(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {

        if ((uint8_t) s.data[i] < 0x20 || s.data[i] == 0x7f) {
            return false;
        }
    }

    return s.len > 0 && s.len <= WEIR_MAX_SUBJECT;
}


/* The first of its sort; "": it has none. */
static weir_str_t
name_of(const weir_cert_t *cert, uint32_t sort)
{
    switch (sort) {

    case WEIR_CERT_URI_SAN:
        return cert->nuris ? cert->uris[0] : weir_str("", 0);

    case WEIR_CERT_DNS_SAN:
        return cert->nnames ? cert->names[0] : weir_str("", 0);

    case WEIR_CERT_EMAIL_SAN:
        return cert->nemails ? cert->emails[0] : weir_str("", 0);

    case WEIR_CERT_CN:
        return cert->cn;

    default:
        return cert->dn;
    }
}


/* Where in s the other text begins; s.len: nowhere. */
static size_t
place_of(weir_str_t s, weir_str_t other)
{
    size_t  i;

    for (i = 0; i + other.len <= s.len; i++) {

        if (weir_same_bytes(s.data + i, other.data, other.len)) {
            return i;
        }
    }

    return s.len;
}


/*
 * What stands in the name between prefix and suffix.  Where anything may
 * follow the suffix, its first place counts; without one, a slash or the end.
 */
static weir_str_t
tenant_of(const weir_image_t *img, const weir_img_mtls_t *m, weir_str_t name)
{
    size_t      n;
    weir_str_t  prefix, suffix, rest;

    prefix = weir_img_str(img, m->prefix);
    suffix = weir_img_str(img, m->suffix);

    if (m->prefix == WEIR_NONE || !weir_str_starts(name, prefix)) {
        return weir_str("", 0);
    }

    rest = weir_str(name.data + prefix.len, name.len - prefix.len);

    if (m->rest) {
        n = place_of(rest, suffix.len ? suffix : weir_string("/"));

        if (n == rest.len && suffix.len) {
            return weir_str("", 0);
        }

    } else {
        if (!weir_str_ends(rest, suffix)) {
            return weir_str("", 0);
        }

        n = rest.len - suffix.len;
    }

    rest.len = n;

    return place_of(rest, weir_string("/")) == n ? rest : weir_str("", 0);
}


static const weir_img_identity_t *
identity_of(const weir_image_t *img, weir_str_t name)
{
    uint32_t                    i;
    const weir_img_identity_t  *who;

    i = weir_phash_find(&img->hash[WEIR_HASH_IDENTITIES], name);

    if (i == WEIR_NONE) {
        return NULL;
    }

    who = &WEIR_REC(img, IDENTITIES)[i];

    return weir_str_eq(weir_img_str(img, who->name), name) ? who : NULL;
}


weir_str_t
weir_cert_tenant(const weir_image_t *img, weir_str_t name)
{
    const weir_img_identity_t  *who;

    who = identity_of(img, name);

    if (who != NULL && who->tenant != WEIR_NONE) {
        return weir_img_str(img, who->tenant);
    }

    return img->n[WEIR_S_MTLS] ? tenant_of(img, WEIR_REC(img, MTLS), name)
                               : weir_str("", 0);
}


weir_rc_t
weir_prove_cert(const weir_asked_t *q, weir_caller_t *c, weir_principal_t *p)
{
    weir_str_t                  name;
    weir_value_t                roles;
    weir_range_t                none = { 0, 0 };
    const weir_cert_t          *cert;
    const weir_img_identity_t  *who;

    cert = weir_caller_cert(q, c);

    if (cert == NULL) {
        return WEIR_DECLINED;
    }

    name = name_of(cert, q->image->n[WEIR_S_MTLS]
                         ? WEIR_REC(q->image, MTLS)->sub : WEIR_CERT_URI_SAN);

    if (!cert->verified || !is_clean(name)) {
        return weir_unproven(c, WEIR_AUTH_BAD_CERT, WEIR_TOKEN_NONE);
    }

    who = identity_of(q->image, name);

    if (!weir_role_refs(q, who ? &who->roles : &none, &roles)) {
        return weir_unproven(c, WEIR_AUTH_MEMORY, WEIR_TOKEN_MEMORY);
    }

    weir_principal_init(p, WEIR_BY_MTLS);
    p->sub = name;
    p->roles = roles;
    p->tenant = weir_cert_tenant(q->image, name);

    return WEIR_OK;
}
