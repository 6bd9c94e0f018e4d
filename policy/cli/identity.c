/*
 * identity.c: what the engine asks about who calls, answered from a request
 * of the command line or a test.
 *
 * Keys come from files alone: the tool fetches nothing.
 */

#include "cli/given.h"


static void *
host_alloc(void *host, size_t n)
{
    cli_request_t  *r;

    r = host;

    return weir_arena_alloc(r->arena, n);
}


static int64_t
host_now(void *host)
{
    const cli_request_t  *r;

    r = host;

    return r->time;
}


static weir_str_t
host_header(void *host, weir_str_t name, unsigned nth)
{
    size_t                i;
    const cli_request_t  *r;

    r = host;

    for (i = 0; i < r->sent.len; i++) {

        if (weir_str_eq(r->sent.items[i].name, name) && nth-- == 0) {
            return r->sent.items[i].value;
        }
    }

    return weir_str(NULL, 0);
}


static weir_str_t
host_url(void *host)
{
    const cli_request_t  *r;

    r = host;

    return weir_arena_printf(r->arena, "%.*s://%.*s%.*s",
                             WEIR_STR(r->scheme), WEIR_STR(r->req.host),
                             WEIR_STR(r->req.path));
}


weir_str_t
weir_cli_keys_path(const cli_policy_t *p, const weir_img_issuer_t *issuer)
{
    size_t      n;
    weir_str_t  path, source;

    path = weir_img_str(&p->image, issuer->file);

    if (p->model == NULL || (path.len > 0 && path.data[0] == '/')) {
        return weir_arena_str(p->arena, path);
    }

    source = p->diags.files.items[0].name;

    for (n = source.len; n > 0 && source.data[n - 1] != '/'; n--) { }

    return weir_arena_printf(p->arena, "%.*s%.*s", (int) n, source.data,
                             WEIR_STR(path));
}


static weir_keys_t *
read_keys(const cli_policy_t *p, const weir_img_issuer_t *issuer)
{
    weir_str_t          name, path, text;
    weir_keys_t        *keys;
    weir_keys_error_t   why;

    path = weir_cli_keys_path(p, issuer);
    name = weir_img_str(&p->image, issuer->name);

    if (path.data == NULL
        || weir_cli_read("keys", path.data, p->arena, &text) != CLI_OK)
    {
        return NULL;
    }

    if (weir_keys_read(text, issuer->algs, &keys, &why, NULL, NULL)
        != WEIR_OK)
    {
        (void) weir_cli_fail(CLI_SOURCE, "keys", "%s of issuer \"%.*s\": %s",
                             path.data, WEIR_STR(name), why.text);
        return NULL;
    }

    return keys;
}


static const weir_keys_t *
host_keys(void *host, const weir_img_issuer_t *issuer)
{
    uint32_t              i;
    const cli_policy_t   *p;
    const cli_request_t  *r;

    r = host;
    p = r->policy;

    if (issuer->file == WEIR_NONE) {
        return NULL;
    }

    i = (uint32_t) (issuer - WEIR_REC(&p->image, ISSUERS));

    if (!p->keys[i].tried) {
        p->keys[i].tried = true;
        p->keys[i].set = read_keys(p, issuer);
    }

    return p->keys[i].set;
}


/* What is decided once is decided for the first time. */
static weir_rc_t
host_once(void *host, const uint8_t id[WEIR_SHA256_LEN], int64_t until)
{
    (void) host;
    (void) id;
    (void) until;

    return WEIR_OK;
}


static weir_rc_t
host_certificate(void *host, weir_cert_t *out)
{
    uint32_t              sub;
    weir_str_t           *name, none;
    const cli_request_t  *r;
    const weir_image_t   *img;

    r = host;
    img = &r->policy->image;
    name = weir_arena_alloc(r->arena, sizeof(weir_str_t));

    if (name == NULL || weir_cli_given_cert(r).len == 0) {
        return WEIR_DECLINED;
    }

    *name = weir_cli_given_cert(r);
    none = weir_str("", 0);
    sub = img->n[WEIR_S_MTLS] ? WEIR_REC(img, MTLS)->sub : WEIR_CERT_URI_SAN;

    memset(out, 0, sizeof(weir_cert_t));
    out->verified = true;
    out->dn = sub == WEIR_CERT_DN ? *name : none;
    out->cn = sub == WEIR_CERT_CN ? *name : none;
    out->uris = name;
    out->names = name;
    out->emails = name;
    out->nuris = sub == WEIR_CERT_URI_SAN;
    out->nnames = sub == WEIR_CERT_DNS_SAN;
    out->nemails = sub == WEIR_CERT_EMAIL_SAN;

    return weir_sha256(*name, out->sha256);
}


static weir_rc_t
host_given(void *host, const weir_img_method_t *method, weir_principal_t *out)
{
    const cli_request_t  *r;

    r = host;

    return weir_cli_given(&r->policy->image, r, method, out);
}


const weir_identity_t  weir_cli_identity = {
    .alloc = host_alloc,
    .now = host_now,
    .header = host_header,
    .url = host_url,
    .keys = host_keys,
    .once = host_once,
    .certificate = host_certificate,
    .given = host_given
};


void
weir_cli_keys_free(cli_policy_t *p)
{
    uint32_t  i;

    for (i = 0; p->keys != NULL && i < p->image.n[WEIR_S_ISSUERS]; i++) {
        weir_keys_free(p->keys[i].set);
    }
}
