/*
 * ngx_http_weir_answer.c: head, then a body by length, by chunks, or until
 * the end.
 */

#include "ngx_http_weir_answer.h"

#define NGX_HTTP_WEIR_MAX_EXTRA  4096


static ngx_int_t ngx_http_weir_answer_head(ngx_http_weir_answer_t *a);
static ngx_int_t ngx_http_weir_answer_status(ngx_http_weir_answer_t *a,
    u_char *p, u_char *end);
static ngx_int_t ngx_http_weir_answer_field(ngx_http_weir_answer_t *a,
    u_char *p, u_char *end);
static ngx_int_t ngx_http_weir_answer_known(ngx_http_weir_answer_t *a,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_weir_answer_body(ngx_http_weir_answer_t *a,
    const u_char *p, size_t n);
static ngx_int_t ngx_http_weir_answer_chunk(ngx_http_weir_answer_t *a,
    u_char ch);
static ngx_int_t ngx_http_weir_answer_size(ngx_http_weir_answer_t *a,
    u_char ch);
static ngx_int_t ngx_http_weir_answer_trailer(ngx_http_weir_answer_t *a,
    u_char ch);
static ngx_uint_t ngx_http_weir_answer_is(const ngx_str_t *s,
    const char *text);
static ngx_int_t ngx_http_weir_answer_bad(ngx_http_weir_answer_t *a,
    const char *fmt, ...);


ngx_int_t
ngx_http_weir_answer_read(ngx_http_weir_answer_t *a, const u_char *p, size_t n)
{
    size_t         some;
    ngx_int_t      rc;
    const u_char  *end;

    end = p + n;

    while (p < end) {

        switch (a->state) {

        case NGX_HTTP_WEIR_ANSWER_HEAD:

            if (a->head == NULL) {
                a->head = ngx_pnalloc(a->pool, NGX_HTTP_WEIR_MAX_HEAD);
                if (a->head == NULL) {
                    return ngx_http_weir_answer_bad(a, "no memory");
                }
            }

            if (a->nhead == NGX_HTTP_WEIR_MAX_HEAD - a->before) {
                return ngx_http_weir_answer_bad(a, "the answer's headers have "
                                                "more than %d bytes",
                                                NGX_HTTP_WEIR_MAX_HEAD);
            }

            a->head[a->nhead++] = *p++;

            if (a->nhead < 4
                || ngx_memcmp(a->head + a->nhead - 4, "\r\n\r\n", 4) != 0)
            {
                continue;
            }

            rc = ngx_http_weir_answer_head(a);

            if (rc != NGX_OK) {
                return rc;
            }

            break;

        case NGX_HTTP_WEIR_ANSWER_LENGTH:
        case NGX_HTTP_WEIR_ANSWER_DATA:
            some = ngx_min((size_t) (end - p), a->left);

            if (ngx_http_weir_answer_body(a, p, some) != NGX_OK) {
                return NGX_ERROR;
            }

            p += some;
            a->left -= some;

            if (a->left == 0) {
                a->state = a->state == NGX_HTTP_WEIR_ANSWER_DATA
                           ? NGX_HTTP_WEIR_ANSWER_DATA_CR
                           : NGX_HTTP_WEIR_ANSWER_DONE;
            }

            break;

        case NGX_HTTP_WEIR_ANSWER_CLOSE:
            return ngx_http_weir_answer_body(a, p, (size_t) (end - p))
                   == NGX_OK ? NGX_AGAIN : NGX_ERROR;

        case NGX_HTTP_WEIR_ANSWER_DONE:
            return ngx_http_weir_answer_bad(a, "the answer has bytes behind "
                                            "its end");

        default:
            if (ngx_http_weir_answer_chunk(a, *p++) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return a->state == NGX_HTTP_WEIR_ANSWER_DONE ? NGX_OK : NGX_AGAIN;
}


ngx_int_t
ngx_http_weir_answer_end(ngx_http_weir_answer_t *a)
{
    switch (a->state) {

    case NGX_HTTP_WEIR_ANSWER_CLOSE:
    case NGX_HTTP_WEIR_ANSWER_DONE:
        return NGX_OK;

    case NGX_HTTP_WEIR_ANSWER_HEAD:
        return ngx_http_weir_answer_bad(a, a->nhead
                   ? "the connection ended within the answer's headers"
                   : "the connection ended without an answer");

    default:
        return ngx_http_weir_answer_bad(a, "the connection ended within the "
                                        "answer's body");
    }
}


static ngx_int_t
ngx_http_weir_answer_head(ngx_http_weir_answer_t *a)
{
    u_char      *p, *end, *eol;
    ngx_uint_t   i;

    end = a->head + a->nhead - 2;

    for (p = a->head, i = 0; p < end; p = eol + 2, i++) {

        for (eol = p; *eol != '\r' && *eol != '\n' && *eol != '\0'; eol++) {
            /* void */
        }

        if (eol[0] != '\r' || eol[1] != '\n') {
            return ngx_http_weir_answer_bad(a, "the answer's headers have a "
                                            "control character");
        }

        if ((i == 0 ? ngx_http_weir_answer_status(a, p, eol)
                    : ngx_http_weir_answer_field(a, p, eol))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (a->status != 200) {

        /* such an answer has no body, whatever its headers say */

        a->before += a->nhead;
        a->nhead = 0;
        a->left = 0;
        a->has_length = 0;
        a->chunked = 0;

        return NGX_OK;
    }

    if (a->chunked && a->has_length) {
        return ngx_http_weir_answer_bad(a, "the answer has a length and is "
                                        "chunked");
    }

    if (a->chunked) {
        a->state = NGX_HTTP_WEIR_ANSWER_SIZE;

    } else if (!a->has_length) {
        a->state = NGX_HTTP_WEIR_ANSWER_CLOSE;

    } else if (a->left > a->max_body) {
        return ngx_http_weir_answer_bad(a, "the answer has %uz bytes, more "
                                        "than %uz", a->left, a->max_body);
    } else {
        a->state = a->left ? NGX_HTTP_WEIR_ANSWER_LENGTH
                           : NGX_HTTP_WEIR_ANSWER_DONE;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_answer_status(ngx_http_weir_answer_t *a, u_char *p, u_char *end)
{
    ngx_int_t  status;

    if (end - p < 12
        || (ngx_strncmp(p, "HTTP/1.1 ", 9) != 0
            && ngx_strncmp(p, "HTTP/1.0 ", 9) != 0)
        || (end - p > 12 && p[12] != ' '))
    {
        return ngx_http_weir_answer_bad(a, "the answer is not one of HTTP");
    }

    status = ngx_atoi(p + 9, 3);

    if (status < 100) {
        return ngx_http_weir_answer_bad(a, "the answer is not one of HTTP");
    }

    a->status = (ngx_uint_t) status;

    /* nobody asked to switch protocols */

    if (status == 200 || (status < 200 && status != 101)) {
        return NGX_OK;
    }

    return ngx_http_weir_answer_bad(a, "the answer's status is %i%s", status,
                                    status / 100 == 3
                                    ? ", and redirects are not followed" : "");
}


static ngx_int_t
ngx_http_weir_answer_field(ngx_http_weir_answer_t *a, u_char *p, u_char *end)
{
    u_char     *colon;
    ngx_str_t   name, value;

    for (colon = p; colon < end && *colon != ':'; colon++) {

        if (*colon <= 0x20 || *colon >= 0x7f
            || ngx_strchr("\"(),/;<=>?@[\\]{}", *colon))
        {
            break;
        }
    }

    if (colon == p || colon == end || *colon != ':') {
        return ngx_http_weir_answer_bad(a, "the answer has a malformed header");
    }

    name.data = p;
    name.len = (size_t) (colon - p);

    for (p = colon + 1; p < end && (*p == ' ' || *p == '\t'); p++) {
        /* void */
    }

    while (end > p && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }

    value.data = p;
    value.len = (size_t) (end - p);

    return ngx_http_weir_answer_known(a, &name, &value);
}


/* Headers that say what the body is. */

static ngx_int_t
ngx_http_weir_answer_known(ngx_http_weir_answer_t *a, ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_int_t  n;

    if (ngx_http_weir_answer_is(name, "content-length")) {
        n = ngx_atoi(value->data, value->len);

        if (n == NGX_ERROR || a->has_length) {
            return ngx_http_weir_answer_bad(a, "the answer has no good "
                                            "Content-Length");
        }

        a->has_length = 1;
        a->left = (size_t) n;

    } else if (ngx_http_weir_answer_is(name, "transfer-encoding")) {

        if (a->chunked || !ngx_http_weir_answer_is(value, "chunked")) {
            return ngx_http_weir_answer_bad(a, "the answer's "
                                            "Transfer-Encoding is not "
                                            "\"chunked\"");
        }

        a->chunked = 1;

    } else if (ngx_http_weir_answer_is(name, "content-encoding")
               && !ngx_http_weir_answer_is(value, "identity"))
    {
        return ngx_http_weir_answer_bad(a, "the answer is compressed, which "
                                        "was not asked for");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_answer_body(ngx_http_weir_answer_t *a, const u_char *p, size_t n)
{
    size_t   room;
    u_char  *data;

    if (n > a->max_body - a->body.len) {
        return ngx_http_weir_answer_bad(a, "the answer has more than %uz bytes",
                                        a->max_body);
    }

    if (n > a->room - a->body.len) {
        room = ngx_min(ngx_max(2 * a->room, a->body.len + n), a->max_body);
        data = ngx_pnalloc(a->pool, room);

        if (data == NULL) {
            return ngx_http_weir_answer_bad(a, "no memory");
        }

        if (a->body.len) {
            ngx_memcpy(data, a->body.data, a->body.len);
            (void) ngx_pfree(a->pool, a->body.data);
        }

        a->body.data = data;
        a->room = room;
    }

    ngx_memcpy(a->body.data + a->body.len, p, n);
    a->body.len += n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_answer_chunk(ngx_http_weir_answer_t *a, u_char ch)
{
    switch (a->state) {

    case NGX_HTTP_WEIR_ANSWER_SIZE:
        return ngx_http_weir_answer_size(a, ch);

    case NGX_HTTP_WEIR_ANSWER_EXTENSION:

        if (ch == '\r') {
            a->state = NGX_HTTP_WEIR_ANSWER_SIZE_LF;
            return NGX_OK;
        }

        if ((ch >= 0x20 || ch == '\t') && ++a->extra <= NGX_HTTP_WEIR_MAX_EXTRA)
        {
            return NGX_OK;
        }

        break;

    case NGX_HTTP_WEIR_ANSWER_SIZE_LF:

        if (ch == '\n') {
            a->last = (a->left == 0);
            a->state = a->last ? NGX_HTTP_WEIR_ANSWER_TRAILER
                               : NGX_HTTP_WEIR_ANSWER_DATA;
            return NGX_OK;
        }

        break;

    case NGX_HTTP_WEIR_ANSWER_DATA_CR:

        if (ch == '\r') {
            a->state = NGX_HTTP_WEIR_ANSWER_DATA_LF;
            return NGX_OK;
        }

        break;

    case NGX_HTTP_WEIR_ANSWER_DATA_LF:

        if (ch == '\n') {
            a->state = NGX_HTTP_WEIR_ANSWER_SIZE;
            a->digits = 0;
            return NGX_OK;
        }

        break;

    default:
        return ngx_http_weir_answer_trailer(a, ch);
    }

    return ngx_http_weir_answer_bad(a, "the answer's chunks are malformed");
}


static ngx_int_t
ngx_http_weir_answer_size(ngx_http_weir_answer_t *a, u_char ch)
{
    u_char  c;

    c = (u_char) (ch | 0x20);

    if ((ch >= '0' && ch <= '9') || (c >= 'a' && c <= 'f')) {

        if (a->digits == 0) {
            a->left = 0;
        }

        if (++a->digits <= 8) {
            a->left = a->left * 16
                      + (size_t) (ch <= '9' ? ch - '0' : c - 'a' + 10);
            return NGX_OK;
        }

    } else if (a->digits != 0) {

        if (ch == '\r') {
            a->state = NGX_HTTP_WEIR_ANSWER_SIZE_LF;
            return NGX_OK;
        }

        if (ch == ';' || ch == ' ' || ch == '\t') {
            a->state = NGX_HTTP_WEIR_ANSWER_EXTENSION;
            return NGX_OK;
        }
    }

    return ngx_http_weir_answer_bad(a, "the answer's chunks are malformed");
}


/* Lines behind the last chunk: nobody looks at them. */

static ngx_int_t
ngx_http_weir_answer_trailer(ngx_http_weir_answer_t *a, u_char ch)
{
    if (++a->extra > NGX_HTTP_WEIR_MAX_EXTRA
        || a->cr != (ch == '\n')
        || (ch < 0x20 && ch != '\t' && ch != '\r' && ch != '\n'))
    {
        return ngx_http_weir_answer_bad(a, "the answer's trailer is "
                                        "malformed");
    }

    if (ch == '\r') {
        a->cr = 1;

    } else if (ch != '\n') {
        a->line++;

    } else if (a->line == 0) {
        a->state = NGX_HTTP_WEIR_ANSWER_DONE;

    } else {
        a->cr = 0;
        a->line = 0;
    }

    return NGX_OK;
}


/* text is in lower case */

static ngx_uint_t
ngx_http_weir_answer_is(const ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_strncasecmp(s->data, (u_char *) text, s->len) == 0;
}


static ngx_int_t
ngx_http_weir_answer_bad(ngx_http_weir_answer_t *a, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf((u_char *) a->why,
                      (u_char *) a->why + sizeof(a->why) - 1, fmt, args);
    va_end(args);

    *p = '\0';

    return NGX_ERROR;
}
