/*
 * ngx_http_weir_headers.c: remove and set headers of a request.
 *
 * Proxying copies the list of headers without looking at their hashes, so a
 * removed header must leave the list.  Elements never move: headers_in and
 * other modules point to them.
 */

#include "ngx_http_weir.h"
#include <nginx.h>

/* what a name is compared by */
#define NGX_HTTP_WEIR_NAME   1
#define NGX_HTTP_WEIR_ALIAS  2


static ngx_int_t ngx_http_weir_remove(ngx_http_request_t *r, weir_str_t name,
    ngx_uint_t what);
static ngx_uint_t ngx_http_weir_same(ngx_table_elt_t *h, weir_str_t name);
static ngx_int_t ngx_http_weir_unlink(ngx_http_request_t *r,
    ngx_list_part_t **pp, ngx_list_part_t *part, ngx_uint_t i);
static ngx_http_header_t *ngx_http_weir_known(ngx_http_request_t *r,
    ngx_table_elt_t *h);
static ngx_int_t ngx_http_weir_point(ngx_http_request_t *r,
    ngx_table_elt_t *h, ngx_uint_t add);


ngx_uint_t
ngx_http_weir_header_is_fixed(weir_str_t name)
{
    ngx_uint_t  i;

    static const weir_str_t  fixed[] = {
        { "host", 4 }, { "content-length", 14 }, { "transfer-encoding", 17 },
        { "connection", 10 }, { "keep-alive", 10 }, { "upgrade", 7 },
        { "te", 2 }, { "trailer", 7 }, { "expect", 6 }
    };

    for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {

        if (weir_str_eq(name, fixed[i])) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_weir_header_remove(ngx_http_request_t *r, weir_str_t name)
{
    if (ngx_http_weir_header_is_fixed(name)) {
        return NGX_DECLINED;
    }

    return ngx_http_weir_remove(r, name,
                                NGX_HTTP_WEIR_NAME|NGX_HTTP_WEIR_ALIAS);
}


ngx_int_t
ngx_http_weir_header_remove_aliases(ngx_http_request_t *r, weir_str_t name)
{
    return ngx_http_weir_remove(r, name, NGX_HTTP_WEIR_ALIAS);
}


ngx_int_t
ngx_http_weir_header_set(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value)
{
    ngx_int_t  rc;

    rc = ngx_http_weir_header_remove(r, name);

    return rc == NGX_OK ? ngx_http_weir_header_add(r, name, value) : rc;
}


ngx_int_t
ngx_http_weir_header_add(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value)
{
    ngx_list_t       *list;
    ngx_table_elt_t  *h;

    if (ngx_http_weir_header_is_fixed(name)) {
        return NGX_DECLINED;
    }

    list = &r->headers_in.headers;

    /* nginx makes none for HTTP/0.9 */

    if (list->last == NULL
        && ngx_list_init(list, r->pool, 4, sizeof(ngx_table_elt_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_list_push(list);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = ngx_hash_key((u_char *) name.data, name.len);
    h->key.data = (u_char *) name.data;
    h->key.len = name.len;
    h->value.data = (u_char *) value.data;
    h->value.len = value.len;
    h->lowcase_key = (u_char *) name.data;

    return ngx_http_weir_point(r, h, 1);
}


static ngx_int_t
ngx_http_weir_remove(ngx_http_request_t *r, weir_str_t name, ngx_uint_t what)
{
    ngx_uint_t         i, same, removed;
    ngx_list_t        *list;
    ngx_table_elt_t   *h;
    ngx_list_part_t   *part, **pp;

    list = &r->headers_in.headers;
    removed = 0;

    /* pp is what leads to part; NULL for the one inside of the list */

    pp = NULL;
    part = &list->part;

    while (part) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            same = ngx_http_weir_same(&h[i], name);

            if (same & what) {
                break;
            }
        }

        if (i == part->nelts) {
            pp = &part->next;
            part = part->next;
            continue;
        }

        if (ngx_http_weir_point(r, &h[i], 0) != NGX_OK
            || ngx_http_weir_unlink(r, pp, part, i) != NGX_OK)
        {
            return NGX_ERROR;
        }

        removed = 1;

        if (pp) {
            part = *pp;
        }
    }

    if (!removed) {
        return NGX_OK;
    }

    /*
     * Parts now begin and end anywhere in what was allocated.  The last one
     * must count as full, so that a push goes elsewhere.
     */

    for (part = &list->part; part->next; part = part->next) { /* void */ }

    if (part->nelts == 0) {
        return ngx_list_init(list, r->pool, 4, sizeof(ngx_table_elt_t));
    }

    list->last = part;
    list->nalloc = part->nelts;

    return NGX_OK;
}


/* 0, or which of the two it is. */
static ngx_uint_t
ngx_http_weir_same(ngx_table_elt_t *h, weir_str_t name)
{
    u_char       c;
    ngx_uint_t   i, same;

    if (h->key.len != name.len) {
        return 0;
    }

    same = NGX_HTTP_WEIR_NAME;

    for (i = 0; i < name.len; i++) {
        c = h->lowcase_key[i];

        if (c == (u_char) name.data[i]) {
            continue;
        }

        if (!((c == '_' || c == '-')
              && (name.data[i] == '_' || name.data[i] == '-')))
        {
            return 0;
        }

        same = NGX_HTTP_WEIR_ALIAS;
    }

    return same;
}


/*
 * Takes element i out of a part by splitting it there.  Only the part inside
 * of the list may be empty: those who walk the list rely on it.
 */
static ngx_int_t
ngx_http_weir_unlink(ngx_http_request_t *r, ngx_list_part_t **pp,
    ngx_list_part_t *part, ngx_uint_t i)
{
    ngx_list_part_t  *rest;
    ngx_table_elt_t  *h;

    h = part->elts;

    if (i == part->nelts - 1) {
        part->nelts--;

    } else if (i == 0) {
        part->elts = &h[1];
        part->nelts--;

    } else {
        rest = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
        if (rest == NULL) {
            return NGX_ERROR;
        }

        rest->elts = &h[i + 1];
        rest->nelts = part->nelts - i - 1;
        rest->next = part->next;

        part->nelts = i;
        part->next = rest;
    }

    if (part->nelts == 0 && pp) {
        *pp = part->next;
    }

    return NGX_OK;
}


static ngx_http_header_t *
ngx_http_weir_known(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    return ngx_hash_find(&cmcf->headers_in_hash,
                         ngx_hash_key(h->lowcase_key, h->key.len),
                         h->lowcase_key, h->key.len);
}


/*
 * Makes the field of headers_in for this header point to it, or no more.
 * nginx 1.23 turned the arrays of Cookie and X-Forwarded-For into chains and
 * chains the other headers, too.
 */
static ngx_int_t
ngx_http_weir_point(ngx_http_request_t *r, ngx_table_elt_t *h,
    ngx_uint_t add)
{
    char                *field;
    ngx_table_elt_t    **ph;
    ngx_http_header_t   *known;

    known = ngx_http_weir_known(r, h);

    if (known == NULL) {
        return NGX_OK;
    }

    field = (char *) &r->headers_in + known->offset;

    if (known->offset == offsetof(ngx_http_headers_in_t, authorization)) {

        /* what was decoded from it */

        ngx_str_null(&r->headers_in.user);
        ngx_str_null(&r->headers_in.passwd);
    }

#if (nginx_version >= 1023000)

    for (ph = (ngx_table_elt_t **) field; *ph; ph = &(*ph)->next) {

        if (*ph == h) {
            *ph = h->next;
            break;
        }
    }

    if (add) {
        h->next = NULL;
        *ph = h;
    }

    return NGX_OK;

#else
    {
    ngx_uint_t    i, n;
    ngx_array_t  *a;

    a = (ngx_array_t *) field;

    if (a != &r->headers_in.cookies
#if (NGX_HTTP_X_FORWARDED_FOR)
        && a != &r->headers_in.x_forwarded_for
#endif
       )
    {
        ph = (ngx_table_elt_t **) field;

        if (add) {
            *ph = h;

        } else if (*ph == h) {
            *ph = NULL;
        }

        return NGX_OK;
    }

    ph = a->elts;
    n = 0;

    for (i = 0; i < a->nelts; i++) {
        if (ph[i] != h) {
            ph[n++] = ph[i];
        }
    }

    a->nelts = n;

    if (!add) {
        return NGX_OK;
    }

    if (a->size == 0
        && ngx_array_init(a, r->pool, 1, sizeof(ngx_table_elt_t *)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ph = ngx_array_push(a);
    if (ph == NULL) {
        return NGX_ERROR;
    }

    *ph = h;

    return NGX_OK;
    }
#endif
}
