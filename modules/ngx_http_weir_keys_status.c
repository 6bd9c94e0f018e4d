/*
 * ngx_http_weir_keys_status.c: what weir_status says of issuers.  No key and
 * no secret is in it.
 */

#include "ngx_http_weir_keys_core.h"

/* of an issuer without its texts; of a byte as JSON at most */
#define NGX_HTTP_WEIR_KEYS_FIXED  768
#define NGX_HTTP_WEIR_KEYS_BYTE   6


static size_t ngx_http_weir_keys_status_size(const weir_image_t *img,
    const weir_img_issuer_t *issuer, const weir_keys_t *keys);
static u_char *ngx_http_weir_keys_status_issuer(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_issuer_t *issuer,
    ngx_http_weir_keys_source_t *s, const weir_keys_t *keys);
static u_char *ngx_http_weir_keys_status_kids(u_char *p, u_char *end,
    const weir_keys_t *keys);
static u_char *ngx_http_weir_keys_status_text(u_char *p, u_char *end,
    const char *name, weir_str_t text);
static u_char *ngx_http_weir_keys_status_time(u_char *p, u_char *end,
    const char *name, time_t t);


ngx_int_t
ngx_http_weir_keys_status(ngx_http_weir_issuers_t *all, ngx_pool_t *pool,
    ngx_str_t *json)
{
    size_t                        size;
    u_char                       *p, *end;
    uint32_t                      i, n;
    ngx_http_weir_pin_t           pin;
    const weir_keys_t            *keys[WEIR_MAX_ISSUERS];
    const weir_img_issuer_t      *issuer;
    ngx_http_weir_keys_source_t  *s;

    ngx_str_set(json, "{}");

    /* nothing is pinned where there is nothing to say */

    if (all->issuers == 0
        || ngx_http_weir_policy_pin(all->policy, &pin) != NGX_OK)
    {
        return NGX_OK;
    }

    size = sizeof("{}");
    n = pin.image->n[WEIR_S_ISSUERS];

    for (i = 0; i < n; i++) {
        issuer = &WEIR_REC(pin.image, ISSUERS)[i];
        s = ngx_http_weir_keys_find(all, issuer);

        /* once: another worker may publish new ones before they are printed */

        keys[i] = s ? ngx_http_weir_keys_current(s) : NULL;
        size += ngx_http_weir_keys_status_size(pin.image, issuer, keys[i]);
    }

    p = ngx_pnalloc(pool, size);

    if (p == NULL) {
        ngx_http_weir_policy_unpin(all->policy, &pin);
        return NGX_ERROR;
    }

    json->data = p;
    end = p + size;

    *p++ = '{';

    for (i = 0; i < n; i++) {
        issuer = &WEIR_REC(pin.image, ISSUERS)[i];

        if (i != 0) {
            *p++ = ',';
        }

        p = ngx_http_weir_keys_status_issuer(p, end, pin.image, issuer,
                                     ngx_http_weir_keys_find(all, issuer),
                                     keys[i]);
    }

    *p++ = '}';

    json->len = (size_t) (p - json->data);

    ngx_http_weir_policy_unpin(all->policy, &pin);

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_keys_view(ngx_http_weir_issuers_t *all,
    const weir_img_issuer_t *issuer, ngx_http_weir_keys_view_t *view)
{
    const weir_keys_t            *keys;
    ngx_http_weir_keys_entry_t   *e;
    ngx_http_weir_keys_source_t  *s;

    s = ngx_http_weir_keys_find(all, issuer);

    if (s == NULL) {
        return NGX_DECLINED;
    }

    e = s->entry;
    keys = ngx_http_weir_keys_current(s);

    view->keys = keys ? weir_keys_count(keys) : 0;
    view->success = (time_t) ngx_http_weir_load(&e->success);
    view->accepted = ngx_http_weir_load(&e->accepted);
    view->failures = ngx_http_weir_load(&e->failures);
    view->has_url = ngx_http_weir_keys_has_url(s);

    return NGX_OK;
}


static size_t
ngx_http_weir_keys_status_size(const weir_image_t *img,
    const weir_img_issuer_t *issuer, const weir_keys_t *keys)
{
    size_t  i, n;

    n = weir_img_str(img, issuer->name).len + weir_img_str(img, issuer->url).len
        + weir_img_str(img, issuer->file).len
        + sizeof(((ngx_http_weir_keys_entry_t *) 0)->error);

    for (i = 0; keys != NULL && i < weir_keys_count(keys); i++) {
        n += weir_key_kid(weir_keys_at(keys, i)).len + 1;
    }

    return NGX_HTTP_WEIR_KEYS_FIXED + n * NGX_HTTP_WEIR_KEYS_BYTE;
}


static u_char *
ngx_http_weir_keys_status_issuer(u_char *p, u_char *end,
    const weir_image_t *img, const weir_img_issuer_t *issuer,
    ngx_http_weir_keys_source_t *s, const weir_keys_t *keys)
{
    u_char                       error[256];
    int64_t                      next;
    uint64_t                     failures;
    ngx_http_weir_keys_entry_t  *e;

    static const char *const  kinds[] = {
        [WEIR_KEYS_FILE] = "file",
        [WEIR_KEYS_URL] = "url",
        [WEIR_KEYS_DISCOVERY] = "discovery",
        [WEIR_KEYS_SECRET] = "secret"
    };

    static const char *const  origins[] = { "", "file", "disk", "url" };

    p = ngx_http_weir_json(p, end, weir_img_str(img, issuer->name));
    p = ngx_slprintf(p, end, ":{\"source\":\"%s\"", kinds[issuer->keys]);
    p = ngx_http_weir_keys_status_text(p, end, "url",
                                       weir_img_str(img, issuer->url));
    p = ngx_http_weir_keys_status_text(p, end, "file",
                                       weir_img_str(img, issuer->file));
    p = ngx_http_weir_keys_status_kids(p, end, keys);

    if (s == NULL) {
        return ngx_slprintf(p, end, "}");
    }

    e = s->entry;

    p = ngx_http_weir_keys_status_text(p, end, "from",
                weir_cstr(origins[ngx_http_weir_load(&e->origin) & 3]));
    p = ngx_slprintf(p, end, ",\"version\":%uL",
                     ngx_http_weir_load(&e->version));
    p = ngx_http_weir_keys_status_time(p, end, "last_success",
                                (time_t) ngx_http_weir_load(&e->success));

    if (ngx_http_weir_keys_has_url(s)) {
        next = ngx_http_weir_keys_due(s) - ngx_http_weir_keys_now();
        p = ngx_http_weir_keys_status_time(p, end, "next_fetch",
                                ngx_time() + (time_t) ngx_max(next / 1000, 0));
    }

    failures = ngx_http_weir_load(&e->failures);
    ngx_http_weir_keys_get_error(s, error, sizeof(error));

    p = ngx_http_weir_keys_status_text(p, end, "last_error",
                                       weir_cstr((char *) error));

    return ngx_slprintf(p, end, ",\"fetching\":%s,\"fetches\":%uL,"
                        "\"failures\":%uL}",
                        ngx_http_weir_keys_fetching(s) ? "true" : "false",
                        ngx_http_weir_load(&e->fetches), failures);
}


static u_char *
ngx_http_weir_keys_status_kids(u_char *p, u_char *end, const weir_keys_t *keys)
{
    size_t      i;
    weir_str_t  kid;

    p = ngx_slprintf(p, end, ",\"keys\":[");

    for (i = 0; keys != NULL && i < weir_keys_count(keys); i++) {
        kid = weir_key_kid(weir_keys_at(keys, i));

        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = kid.data ? ngx_http_weir_json(p, end, kid)
                     : ngx_slprintf(p, end, "null");
    }

    return ngx_slprintf(p, end, "]");
}


static u_char *
ngx_http_weir_keys_status_text(u_char *p, u_char *end, const char *name,
    weir_str_t text)
{
    p = ngx_slprintf(p, end, ",\"%s\":", name);

    return text.len ? ngx_http_weir_json(p, end, text)
                    : ngx_slprintf(p, end, "null");
}


static u_char *
ngx_http_weir_keys_status_time(u_char *p, u_char *end, const char *name,
    time_t t)
{
    if (t == 0) {
        return ngx_slprintf(p, end, ",\"%s\":null", name);
    }

    p = ngx_slprintf(p, end, ",\"%s\":", name);

    return ngx_http_weir_json_time(p, end, t);
}
