/*
 * ngx_http_weir_json.c: text as JSON, whatever the client sent, and answers
 * that are JSON.
 */

#include "ngx_http_weir.h"
#include "base/utf8.h"


u_char *
ngx_http_weir_json(u_char *p, u_char *end, weir_str_t s)
{
    size_t       n;
    u_char       c, text[8];
    const char  *from, *src, *last;

    *p++ = '"';
    end--;                              /* for the other one */

    src = s.data;
    last = s.data + s.len;

    while (src < last) {
        from = src;
        c = (u_char) *src;

        if (c == '"' || c == '\\') {
            src++;
            text[0] = '\\';
            text[1] = c;
            n = 2;

        } else if (c < 0x20 || c == 0x7f) {
            src++;
            n = ngx_sprintf(text, "\\u%04xd", (ngx_uint_t) c) - text;

        } else if (weir_utf8_next(&src, last) >= 0) {
            n = src - from;
            ngx_memcpy(text, from, n);

        } else {
            src++;
            n = ngx_cpymem(text, "\xEF\xBF\xBD", 3) - text;
        }

        if (n > (size_t) (end - p)) {
            break;
        }

        p = ngx_cpymem(p, text, n);
    }

    *p++ = '"';

    return p;
}


u_char *
ngx_http_weir_json_time(u_char *p, u_char *end, time_t t)
{
    ngx_tm_t  tm;

    ngx_gmtime(t, &tm);

    return ngx_slprintf(p, end, "\"%4d-%02d-%02dT%02d:%02d:%02dZ\"",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);
}


ngx_int_t
ngx_http_weir_send(ngx_http_request_t *r, ngx_uint_t status, const char *type,
    ngx_chain_t *out, off_t size)
{
    ngx_int_t     rc;
    ngx_chain_t  *last;

    for (last = out; last->next; last = last->next) {
        /* void */
    }

    last->buf->last_buf = (r == r->main);
    last->buf->last_in_chain = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = size;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


ngx_int_t
ngx_http_weir_send_json(ngx_http_request_t *r, ngx_uint_t status, ngx_buf_t *b)
{
    ngx_chain_t  out;

    out.buf = b;
    out.next = NULL;

    return ngx_http_weir_send(r, status, "application/json", &out,
                              b->last - b->pos);
}
