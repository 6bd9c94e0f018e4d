/*
 * ngx_http_weir_dashboard.c: weir_dashboard, a page over all of it.
 *
 * The page is built by tools/dashboard and lies in the module.  It carries its
 * own Content-Security-Policy, with the hashes of its script and its style:
 * that goes into a header, too.  What it shows it asks of its own address, so
 * that whoever may see the page, and nobody else, may see the numbers.
 */

#include "ngx_http_weir_metrics.h"
#include "base/digest.h"

/* bytes of the page's digest in its ETag */
#define NGX_HTTP_WEIR_PAGE_TAG  8


#if (NGX_HTTP_WEIR_PAGE)

typedef ngx_int_t (*ngx_http_weir_show_pt)(ngx_http_request_t *r);


static ngx_int_t ngx_http_weir_dashboard_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_weir_dashboard_show(ngx_http_request_t *r,
    ngx_str_t *what);
static ngx_int_t ngx_http_weir_dashboard_header(ngx_http_request_t *r,
    weir_str_t name, weir_str_t value);
static ngx_int_t ngx_http_weir_dashboard_page(ngx_http_request_t *r);
static ngx_int_t ngx_http_weir_dashboard_read(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);


/* NGX_HTTP_WEIR_PAGE_FILE, see config */
__asm__(".pushsection .rodata\n"
        "ngx_http_weir_page:\n"
        ".incbin \"" NGX_HTTP_WEIR_PAGE_FILE "\"\n"
        "ngx_http_weir_page_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char  ngx_http_weir_page[]
    __attribute__((visibility("hidden")));
extern const char  ngx_http_weir_page_end[]
    __attribute__((visibility("hidden")));


static ngx_int_t
ngx_http_weir_dashboard_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;
    ngx_str_t  what;

    rc = ngx_http_weir_read_only(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_weir_dashboard_header(r,
                                       weir_string("X-Content-Type-Options"),
                                       weir_string("nosniff"))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_arg(r, (u_char *) "show", 4, &what) == NGX_OK) {
        return ngx_http_weir_dashboard_show(r, &what);
    }

    return ngx_http_weir_dashboard_page(r);
}


static ngx_int_t
ngx_http_weir_dashboard_show(ngx_http_request_t *r, ngx_str_t *what)
{
    ngx_uint_t  i;

    static const struct {
        ngx_str_t              name;
        ngx_http_weir_show_pt  handler;
    }  shows[] = {
        { ngx_string("summary"), ngx_http_weir_summary_handler },
        { ngx_string("status"), ngx_http_weir_status_handler },
        { ngx_string("usage"), ngx_http_weir_usage_handler },
    };

    for (i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {

        if (what->len != shows[i].name.len
            || ngx_memcmp(what->data, shows[i].name.data, what->len) != 0)
        {
            continue;
        }

        if (ngx_http_weir_dashboard_header(r, weir_string("Cache-Control"),
                                           weir_string("no-store"))
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return shows[i].handler(r);
    }

    return NGX_HTTP_BAD_REQUEST;
}


static ngx_int_t
ngx_http_weir_dashboard_header(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value)
{
    return ngx_http_weir_out_push(r, name, value) ? NGX_OK : NGX_ERROR;
}


/* ETag and nginx's own filter make 304 of it for who has it already. */
static ngx_int_t
ngx_http_weir_dashboard_page(ngx_http_request_t *r)
{
    ngx_buf_t                  *b;
    ngx_chain_t                 out;
    ngx_table_elt_t            *etag;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    etag = ngx_http_weir_out_push(r, weir_string("ETag"),
                                  weir_str((char *) wmcf->page_tag.data,
                                           wmcf->page_tag.len));
    if (etag == NULL
        || ngx_http_weir_dashboard_header(r,
                                        weir_string("Content-Security-Policy"),
                                        wmcf->page_csp)
           != NGX_OK
        || ngx_http_weir_dashboard_header(r, weir_string("Cache-Control"),
                                          weir_string("no-cache"))
           != NGX_OK
        || ngx_http_weir_dashboard_header(r, weir_string("Referrer-Policy"),
                                          weir_string("no-referrer"))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = (u_char *) ngx_http_weir_page;
    b->last = (u_char *) ngx_http_weir_page_end;
    b->memory = 1;

    out.buf = b;
    out.next = NULL;

    r->headers_out.etag = etag;
    ngx_str_set(&r->headers_out.charset, "utf-8");

    return ngx_http_weir_send(r, NGX_HTTP_OK, "text/html", &out,
                              b->last - b->pos);
}


static ngx_int_t
ngx_http_weir_dashboard_read(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    size_t       len;
    u_char      *p, *last;
    weir_str_t   page;
    u_char       digest[WEIR_SHA256_LEN];

    static char  before[] = "\"Content-Security-Policy\" content=\"";

    /* of no effect in a page */
    static char  more[] = "; frame-ancestors 'none'";

    page = weir_str(ngx_http_weir_page,
                    (size_t) (ngx_http_weir_page_end - ngx_http_weir_page));

    p = ngx_strnstr((u_char *) page.data, before, page.len);

    last = p ? (u_char *) strchr((char *) p + sizeof(before) - 1, '"') : NULL;

    if (last == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the page that this module was built with is not "
                           "one of tools/dashboard");
        return NGX_ERROR;
    }

    p += sizeof(before) - 1;
    len = (size_t) (last - p);

    last = ngx_pnalloc(cf->pool, len + sizeof(more));
    if (last == NULL) {
        return NGX_ERROR;
    }

    wmcf->page_csp = weir_str((char *) last, len + sizeof(more) - 1);

    last = ngx_cpymem(last, p, len);
    ngx_memcpy(last, more, sizeof(more));

    if (weir_sha256(page, digest) != WEIR_OK) {
        return NGX_ERROR;
    }

    len = sizeof("\"\"") - 1 + 2 * NGX_HTTP_WEIR_PAGE_TAG;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    wmcf->page_tag.data = p;
    wmcf->page_tag.len = len;

    *p++ = '"';
    p = ngx_hex_dump(p, digest, NGX_HTTP_WEIR_PAGE_TAG);
    *p = '"';

    return NGX_OK;
}

#endif


char *
ngx_http_weir_set_dashboard(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
#if (NGX_HTTP_WEIR_PAGE)
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_weir_main_conf_t  *wmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);

    if (clcf->handler == ngx_http_weir_dashboard_handler) {
        return "is duplicate";
    }

    if (wmcf->page_tag.len == 0
        && ngx_http_weir_dashboard_read(cf, wmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_weir_metrics_want(cf) == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_weir_dashboard_handler;

    ngx_http_weir_needs_mode(cf, "weir_dashboard");
    ngx_http_weir_needs_policy(cf, "weir_dashboard");

    return NGX_CONF_OK;
#else
    return "has no page in this module: \"make page\" makes it, then "
           "configure and build nginx again";
#endif
}
