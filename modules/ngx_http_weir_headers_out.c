/*
 * ngx_http_weir_headers_out.c: remove and add headers of an answer.
 *
 * A header that was removed stays in the list without a hash: whoever sends
 * the list skips it.  What nginx knows by a field of headers_out leaves that
 * field as well: other modules would write to it, and nginx itself would send
 * one of its own where the field alone is empty.
 */

#include "ngx_http_weir.h"
#include <nginx.h>


static void ngx_http_weir_out_type(ngx_http_request_t *r, weir_str_t value);
static ngx_uint_t ngx_http_weir_out_same(weir_str_t a, weir_str_t b);
static ngx_table_elt_t **ngx_http_weir_out_field(ngx_http_request_t *r,
    weir_str_t name);
#if (nginx_version < 1023000)
static ngx_array_t *ngx_http_weir_out_array(ngx_http_request_t *r,
    weir_str_t name);
#endif


static const struct {
    weir_str_t  name;
    size_t      offset;
} ngx_http_weir_out_fields[] = {
#define F(text, field)                                                        \
    { { (text), sizeof(text) - 1 }, offsetof(ngx_http_headers_out_t, field) },
    F("server", server)
    F("date", date)
    F("content-encoding", content_encoding)
    F("location", location)
    F("refresh", refresh)
    F("last-modified", last_modified)
    F("content-range", content_range)
    F("accept-ranges", accept_ranges)
    F("www-authenticate", www_authenticate)
    F("expires", expires)
    F("etag", etag)
#if (nginx_version >= 1023000)
    F("cache-control", cache_control)
    F("link", link)
#endif
#undef F
};


void
ngx_http_weir_out_drop(ngx_http_request_t *r, weir_str_t name)
{
    ngx_uint_t         i;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_weir_out_same(ngx_http_weir_str(&h[i].key), name)) {
                h[i].hash = 0;
            }
        }
    }
}


ngx_int_t
ngx_http_weir_out_remove(ngx_http_request_t *r, weir_str_t name)
{
    ngx_table_elt_t  **field;
#if (nginx_version < 1023000)
    ngx_array_t       *array;
#endif

    ngx_http_weir_out_drop(r, name);

    if (ngx_http_weir_out_same(name, weir_string("content-type"))) {
        ngx_http_weir_out_type(r, weir_string(""));
        return NGX_OK;
    }

#if (nginx_version < 1023000)

    /* who adds the next one makes an array, where there is none */

    array = ngx_http_weir_out_array(r, name);

    if (array) {
        ngx_memzero(array, sizeof(ngx_array_t));
        return NGX_OK;
    }

#endif

    field = ngx_http_weir_out_field(r, name);

    if (field == NULL) {
        return NGX_OK;
    }

    *field = NULL;

    if (field == &r->headers_out.last_modified) {
        r->headers_out.last_modified_time = -1;

    } else if (field == &r->headers_out.accept_ranges) {
        r->allow_ranges = 0;

    } else if (field == &r->headers_out.server) {

        /* one that is not sent, in place of nginx's own */

        *field = ngx_pcalloc(r->pool, sizeof(ngx_table_elt_t));
        if (*field == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_weir_out_push(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name.data;
    h->key.len = name.len;
    h->value.data = (u_char *) value.data;
    h->value.len = value.len;

    return h;
}


ngx_int_t
ngx_http_weir_out_add(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value)
{
    ngx_table_elt_t  *h, **field;
#if (nginx_version < 1023000)
    ngx_array_t      *array;
#endif

    if (ngx_http_weir_out_same(name, weir_string("content-type"))) {
        ngx_http_weir_out_type(r, value);
        return NGX_OK;
    }

    h = ngx_http_weir_out_push(r, name, value);
    if (h == NULL) {
        return NGX_ERROR;
    }

#if (nginx_version < 1023000)

    array = ngx_http_weir_out_array(r, name);

    if (array) {

        if (array->elts == NULL
            && ngx_array_init(array, r->pool, 1, sizeof(ngx_table_elt_t *))
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        field = ngx_array_push(array);
        if (field == NULL) {
            return NGX_ERROR;
        }

        *field = h;

        return NGX_OK;
    }

#endif

    field = ngx_http_weir_out_field(r, name);

    if (field == NULL) {
        return NGX_OK;
    }

    if (field == &r->headers_out.last_modified) {
        r->headers_out.last_modified_time = ngx_parse_http_time(h->value.data,
                                                                h->value.len);
    }

#if (nginx_version >= 1023000)

    while (*field && (*field)->hash) {
        field = &(*field)->next;
    }

#endif

    *field = h;

    return NGX_OK;
}


static void
ngx_http_weir_out_type(ngx_http_request_t *r, weir_str_t value)
{
    const char  *p;

    p = memchr(value.data, ';', value.len);

    r->headers_out.content_type.data = (u_char *) value.data;
    r->headers_out.content_type.len = value.len;

    /* where this is less, nginx adds no charset */

    r->headers_out.content_type_len = p ? (size_t) (p - value.data)
                                        : value.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);
}


static ngx_uint_t
ngx_http_weir_out_same(weir_str_t a, weir_str_t b)
{
    return a.len == b.len
           && ngx_strncasecmp((u_char *) a.data, (u_char *) b.data, a.len)
              == 0;
}


static ngx_table_elt_t **
ngx_http_weir_out_field(ngx_http_request_t *r, weir_str_t name)
{
    size_t      n;
    ngx_uint_t  i;

    n = sizeof(ngx_http_weir_out_fields) / sizeof(ngx_http_weir_out_fields[0]);

    for (i = 0; i < n; i++) {

        if (ngx_http_weir_out_same(ngx_http_weir_out_fields[i].name, name)) {
            return (ngx_table_elt_t **) ((char *) &r->headers_out
                                         + ngx_http_weir_out_fields[i].offset);
        }
    }

    return NULL;
}


#if (nginx_version < 1023000)

/* What nginx knows all headers of a name by. */
static ngx_array_t *
ngx_http_weir_out_array(ngx_http_request_t *r, weir_str_t name)
{
    if (ngx_http_weir_out_same(name, weir_string("cache-control"))) {
        return &r->headers_out.cache_control;
    }

    if (ngx_http_weir_out_same(name, weir_string("link"))) {
        return &r->headers_out.link;
    }

    return NULL;
}

#endif
