/*
 * ngx_http_weir_refuse.c: the response to what the policy denies.
 *
 * The client learns the status and the rule's message, never the rule.
 */

#include "ngx_http_weir.h"

/* the default, and what problem+json gains on text/html where both are q=1 */
#define NGX_HTTP_WEIR_Q1  1000


static ngx_uint_t ngx_http_weir_has_error_page(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_uint_t ngx_http_weir_is_private(ngx_uint_t status);
static ngx_uint_t ngx_http_weir_wants_json(ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_accept(weir_str_t accept, ngx_int_t *json,
    ngx_int_t *html);
static ngx_int_t ngx_http_weir_challenge(ngx_http_request_t *r,
    weir_str_t challenge);
static ngx_int_t ngx_http_weir_refuse_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *body);
static ngx_int_t ngx_http_weir_problem(ngx_http_request_t *r,
    weir_decision_t *d, ngx_str_t *body);
static weir_str_t ngx_http_weir_title(ngx_uint_t status);


typedef struct {
    ngx_uint_t   status;
    weir_str_t   title;
} ngx_http_weir_title_t;


static const ngx_http_weir_title_t  ngx_http_weir_titles[] = {
    { 400, { "Bad Request", 11 } },
    { 401, { "Unauthorized", 12 } },
    { 402, { "Payment Required", 16 } },
    { 403, { "Forbidden", 9 } },
    { 404, { "Not Found", 9 } },
    { 405, { "Method Not Allowed", 18 } },
    { 406, { "Not Acceptable", 14 } },
    { 408, { "Request Timeout", 15 } },
    { 409, { "Conflict", 8 } },
    { 410, { "Gone", 4 } },
    { 411, { "Length Required", 15 } },
    { 412, { "Precondition Failed", 19 } },
    { 413, { "Content Too Large", 17 } },
    { 414, { "URI Too Long", 12 } },
    { 415, { "Unsupported Media Type", 22 } },
    { 421, { "Misdirected Request", 19 } },
    { 422, { "Unprocessable Content", 21 } },
    { 423, { "Locked", 6 } },
    { 425, { "Too Early", 9 } },
    { 426, { "Upgrade Required", 16 } },
    { 428, { "Precondition Required", 21 } },
    { 429, { "Too Many Requests", 17 } },
    { 431, { "Request Header Fields Too Large", 31 } },
    { 451, { "Unavailable For Legal Reasons", 29 } },
    { 500, { "Internal Server Error", 21 } },
    { 501, { "Not Implemented", 15 } },
    { 502, { "Bad Gateway", 11 } },
    { 503, { "Service Unavailable", 19 } },
    { 504, { "Gateway Timeout", 15 } }
};


ngx_int_t
ngx_http_weir_refuse(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_str_t         body;
    weir_decision_t  *d;

    d = &ctx->decision;

    /* a client request that is only reported (dry_run) goes on without it */

    if (r != r->main) {
        return d->status;
    }

    /* an error page was refused in its turn: there is no further one */

    if (ctx->refused) {
        r->error_page = 1;
    }

    ctx->refused = 1;

    if (d->challenge.len
        && ngx_http_weir_challenge(r, d->challenge) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a rule that says 444 means what nginx means by it: no response */

    if (d->status == NGX_HTTP_CLOSE
        || ngx_http_weir_has_error_page(r, d->status))
    {
        return d->status;
    }

    ngx_str_null(&body);

    if (ngx_http_weir_wants_json(ctx)) {

        if (ngx_http_weir_problem(r, d, &body) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_weir_refuse_send(r, d->status, &body);
    }

    if (ngx_http_weir_is_private(d->status)) {
        return ngx_http_weir_refuse_send(r, d->status, &body);
    }

    return d->status;
}


weir_str_t
ngx_http_weir_next(weir_str_t *s, char separator)
{
    const char  *p;
    weir_str_t   part;

    p = memchr(s->data, separator, s->len);

    part = weir_str(s->data, p ? (size_t) (p - s->data) : s->len);

    s->data += part.len + (p != NULL);
    s->len -= part.len + (p != NULL);

    while (part.len && (part.data[0] == ' ' || part.data[0] == '\t')) {
        part.data++;
        part.len--;
    }

    while (part.len && (part.data[part.len - 1] == ' '
                        || part.data[part.len - 1] == '\t'))
    {
        part.len--;
    }

    return part;
}


/* RFC 9110, 11.6.1 */
static ngx_int_t
ngx_http_weir_challenge(ngx_http_request_t *r, weir_str_t challenge)
{
    ngx_table_elt_t  *h;

    h = r->headers_out.www_authenticate;

    if (h == NULL) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(h, sizeof(ngx_table_elt_t));
        ngx_str_set(&h->key, "WWW-Authenticate");

        r->headers_out.www_authenticate = h;
    }

    h->hash = 1;
    h->value.data = (u_char *) challenge.data;
    h->value.len = challenge.len;

    return NGX_OK;
}


/* As ngx_http_special_response_handler() will look for it. */
static ngx_uint_t
ngx_http_weir_has_error_page(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->error_page || clcf->error_pages == NULL || r->uri_changes == 0) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {

        if (page[i].status == (ngx_int_t) status) {
            return 1;
        }
    }

    return 0;
}


/*
 * What ngx_http_finalize_request() takes for an event of its own instead of
 * a response.
 */
static ngx_uint_t
ngx_http_weir_is_private(ngx_uint_t status)
{
    return status == NGX_HTTP_REQUEST_TIME_OUT
           || (status >= NGX_HTTP_NGINX_CODES
               && status < NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/* JSON is named, or a range of it, and HTML is not liked better. */
static ngx_uint_t
ngx_http_weir_wants_json(ngx_http_weir_ctx_t *ctx)
{
    ngx_int_t   json[3], html[3], q[2];
    ngx_uint_t  i;
    weir_str_t  name, accept;

    for (i = 0; i < 3; i++) {
        json[i] = -1;
        html[i] = -1;
    }

    name = weir_string("accept");

    for (i = 0; /* void */ ; i++) {
        accept = ngx_http_weir_header(ctx, name, i);

        if (accept.data == NULL) {
            break;
        }

        ngx_http_weir_accept(accept, json, html);
    }

    /* the most specific range decides: RFC 9110, 12.5.1 */

    q[0] = json[0] >= 0 ? json[0] : json[1] >= 0 ? json[1] : json[2];
    q[1] = html[0] >= 0 ? html[0] : html[1] >= 0 ? html[1] : html[2];

    return q[0] > 0 && q[0] >= q[1];
}


/* Raises the q of exact types, of type/ *, of * / *. */
static void
ngx_http_weir_accept(weir_str_t accept, ngx_int_t *json, ngx_int_t *html)
{
    ngx_int_t   q;
    ngx_uint_t  i;
    weir_str_t  range, type;

    static const struct {
        weir_str_t  type;
        ngx_int_t   json;       /* index, or -1 */
        ngx_int_t   html;
    } ranges[] = {
        { { "application/problem+json", 24 }, 0, -1 },
        { { "application/json", 16 },         0, -1 },
        { { "application/*", 13 },            1, -1 },
        { { "text/html", 9 },                 -1, 0 },
        { { "text/*", 6 },                    -1, 1 },
        { { "*/*", 3 },                       2, 2 }
    };

    while (accept.len) {
        range = ngx_http_weir_next(&accept, ',');
        type = ngx_http_weir_next(&range, ';');

        for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {

            if (type.len != ranges[i].type.len
                || ngx_strncasecmp((u_char *) type.data,
                                   (u_char *) ranges[i].type.data, type.len)
                   != 0)
            {
                continue;
            }

            q = ngx_http_weir_q(range);

            if (ranges[i].json >= 0) {
                json[ranges[i].json] = ngx_max(json[ranges[i].json], q);
            }

            if (ranges[i].html >= 0) {
                html[ranges[i].html] = ngx_max(html[ranges[i].html], q);
            }
        }
    }
}


ngx_int_t
ngx_http_weir_q(weir_str_t params)
{
    ngx_int_t   q;
    weir_str_t  p;

    while (params.len) {
        p = ngx_http_weir_next(&params, ';');

        if (p.len >= 2 && (p.data[0] == 'q' || p.data[0] == 'Q')
            && p.data[1] == '=')
        {
            q = ngx_atofp((u_char *) p.data + 2, p.len - 2, 3);
            return q == NGX_ERROR ? 0 : ngx_min(q, NGX_HTTP_WEIR_Q1);
        }
    }

    return NGX_HTTP_WEIR_Q1;
}


/* What ngx_http_special_response_handler() does, with a body of ours. */
static ngx_int_t
ngx_http_weir_refuse_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    switch (status) {

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
    case NGX_HTTP_REQUEST_URI_TOO_LARGE:
    case NGX_HTTP_INTERNAL_SERVER_ERROR:
    case NGX_HTTP_NOT_IMPLEMENTED:
        r->keepalive = 0;
        break;
    }

    if (status == NGX_HTTP_BAD_REQUEST) {
        r->lingering_close = 0;
    }

    r->expect_tested = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    r->err_status = status;
    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;

    r->headers_out.content_type.len = 0;
    r->headers_out.content_type_lowcase = NULL;

    if (body->len) {
        ngx_str_set(&r->headers_out.content_type, "application/problem+json");
        r->headers_out.content_type_len = r->headers_out.content_type.len;
    }

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = body->len;

    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (body->len == 0) {
        return ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* RFC 9457 */
static ngx_int_t
ngx_http_weir_problem(ngx_http_request_t *r, weir_decision_t *d,
    ngx_str_t *body)
{
    u_char      *p, *end;
    size_t       len;
    weir_str_t   title;

    title = ngx_http_weir_title(d->status);

    /* a byte becomes six at most */

    len = sizeof("{\"type\":\"about:blank\",\"title\":\"\",\"status\":,"
                 "\"detail\":\"\"}\n")
          + title.len + NGX_INT_T_LEN + 6 * d->message.len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    end = p + len;

    p = ngx_slprintf(p, end, "{\"type\":\"about:blank\",\"title\":\"%*s\","
                     "\"status\":%ui", NGX_HTTP_WEIR_STR(title),
                     (ngx_uint_t) d->status);

    if (d->message.len) {
        p = ngx_slprintf(p, end, ",\"detail\":");
        p = ngx_http_weir_json(p, end - 2, d->message);
    }

    p = ngx_slprintf(p, end, "}\n");

    body->len = p - body->data;

    return NGX_OK;
}


static weir_str_t
ngx_http_weir_title(ngx_uint_t status)
{
    ngx_uint_t  i, n;

    n = sizeof(ngx_http_weir_titles) / sizeof(ngx_http_weir_titles[0]);

    for (i = 0; i < n; i++) {

        if (ngx_http_weir_titles[i].status == status) {
            return ngx_http_weir_titles[i].title;
        }
    }

    return status < 500 ? weir_string("Client Error")
                        : weir_string("Server Error");
}
