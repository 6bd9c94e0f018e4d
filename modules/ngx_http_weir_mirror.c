/*
 * ngx_http_weir_mirror.c: one copy, one connection, one pool.
 *
 * nginx's own mirror is a subrequest: it holds the main one, and its
 * connection, until the shadow has answered.
 */

#include "ngx_http_weir_mirror.h"
#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_splits.h"
#include "run/lookup.h"

#define NGX_HTTP_WEIR_COPIES     256        /* under way, of a worker */
#define NGX_HTTP_WEIR_COPY_BODY  65536      /* bytes; a longer one is not */
#define NGX_HTTP_WEIR_COPY_HEAD  65536      /* copied, nor a longer head */
#define NGX_HTTP_WEIR_COPY_READ  16384
#define NGX_HTTP_WEIR_COPY_READS 4          /* of one copy, in a row */


typedef struct {
    ngx_queue_t                  link;      /* of copies */
    ngx_http_weir_mirrors_t     *mirrors;
    ngx_pool_t                  *pool;
    weir_id_t                    split;
    ngx_http_weir_url_t          url;
    ngx_http_weir_peer_t         peer;
    ngx_event_t                  total;
    ngx_str_t                    request;   /* what is left to be sent */
    int64_t                      started;   /* ns */
    int64_t                      took;      /* ns, to the status; -1 */
    ngx_uint_t                   nstatus;   /* bytes of the status line */
    u_char                       status[12];
} ngx_http_weir_copy_t;


static const ngx_addr_t *ngx_http_weir_mirror_server(ngx_http_request_t *r,
    ngx_http_weir_mirrors_t *mirrors, weir_str_t name);
static ngx_http_weir_copy_t *ngx_http_weir_copy_create(
    ngx_http_weir_mirrors_t *mirrors, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_copy_start(ngx_http_weir_copy_t *copy,
    const ngx_addr_t *addr, ngx_msec_t timeout);
static ngx_int_t ngx_http_weir_copy_request(ngx_http_weir_copy_t *copy,
    ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);
static size_t ngx_http_weir_copy_body(ngx_http_request_t *r, u_char *p);
static ngx_uint_t ngx_http_weir_copy_drops(ngx_table_elt_t *h);
static void ngx_http_weir_copy_connected(void *data, ngx_connection_t *c);
static void ngx_http_weir_copy_failed(void *data, const char *why);
static void ngx_http_weir_copy_write(ngx_event_t *ev);
static void ngx_http_weir_copy_read(ngx_event_t *ev);
static void ngx_http_weir_copy_look(ngx_http_weir_copy_t *copy, u_char *p,
    size_t n);
static void ngx_http_weir_copy_total(ngx_event_t *ev);
static void ngx_http_weir_copy_end(ngx_http_weir_copy_t *copy);


ngx_http_weir_mirrors_t *
ngx_http_weir_mirrors_create(ngx_conf_t *cf, ngx_http_weir_main_conf_t *wmcf)
{
    ngx_http_weir_mirrors_t  *mirrors;

    mirrors = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_mirrors_t));

    if (mirrors) {
        mirrors->wmcf = wmcf;
        ngx_queue_init(&mirrors->copies);
    }

    return mirrors;
}


void
ngx_http_weir_mirrors_init_process(ngx_http_weir_mirrors_t *mirrors,
    ngx_cycle_t *cycle)
{
    mirrors->log = cycle->log;
}


void
ngx_http_weir_mirrors_exit_process(ngx_http_weir_mirrors_t *mirrors)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&mirrors->copies)) {
        q = ngx_queue_head(&mirrors->copies);
        ngx_http_weir_copy_end(ngx_queue_data(q, ngx_http_weir_copy_t, link));
    }
}


void
ngx_http_weir_mirror(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    const ngx_addr_t          *addr;
    const weir_image_t        *img;
    ngx_http_weir_copy_t      *copy;
    const weir_img_split_t    *split;
    const weir_img_mirror_t   *mirror;
    ngx_http_weir_mirrors_t   *mirrors;
    ngx_http_weir_main_conf_t *wmcf;

    img = ctx->pin.image;

    /* what never got to its arm, others have refused */

    if (img == NULL || ctx->txn == NULL || !ctx->enforced || !ctx->routed) {
        return;
    }

    split = weir_txn_routing(ctx->txn)->split;

    if (split == NULL || split->mirror == WEIR_NONE) {
        return;
    }

    mirror = &WEIR_REC(img, MIRRORS)[split->mirror];

    if (!(mirror->methods & weir_method_bit(ctx->req.method))
        || (uint32_t) ngx_random() % WEIR_BUCKETS >= mirror->sample)
    {
        return;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    mirrors = wmcf->mirrors;

    addr = ngx_http_weir_mirror_server(r, mirrors,
                                       weir_img_str(img, mirror->upstream));
    copy = addr ? ngx_http_weir_copy_create(mirrors, r, ctx) : NULL;

    if (copy == NULL) {
        weir_splits_mirrored(wmcf->splits->table, &split->uid,
                             WEIR_MIRROR_LEFT_OUT, -1);
        return;
    }

    copy->split = split->uid;

    ngx_http_weir_copy_start(copy, addr, mirror->timeout);
}


/* One in turn of those that are neither down nor for emergencies. */
static const ngx_addr_t *
ngx_http_weir_mirror_server(ngx_http_request_t *r,
    ngx_http_weir_mirrors_t *mirrors, weir_str_t name)
{
    ngx_uint_t                     i, n, turn;
    ngx_http_upstream_server_t    *server;
    ngx_http_upstream_srv_conf_t  *us;

    us = ngx_http_weir_find_upstream(r, name);

    if (us == NULL || us->servers == NULL) {
        return NULL;
    }

    server = us->servers->elts;
    n = 0;

    for (i = 0; i < us->servers->nelts; i++) {
        n += server[i].down || server[i].backup ? 0 : server[i].naddrs;
    }

    if (n == 0) {
        return NULL;
    }

    turn = mirrors->turn++ % n;

    for (i = 0; /* void */ ; i++) {
        n = server[i].down || server[i].backup ? 0 : server[i].naddrs;

        if (turn < n) {
            return &server[i].addrs[turn];
        }

        turn -= n;
    }
}


/* NULL: it is not to be sent. */
static ngx_http_weir_copy_t *
ngx_http_weir_copy_create(ngx_http_weir_mirrors_t *mirrors,
    ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx)
{
    ngx_pool_t            *pool;
    ngx_http_weir_copy_t  *copy;

    /* a shadow that hangs takes no connections that clients need */

    if (mirrors->ncopies >= NGX_HTTP_WEIR_COPIES
        || ngx_cycle->free_connection_n <= ngx_cycle->connection_n / 2)
    {
        return NULL;
    }

    pool = ngx_create_pool(4096, mirrors->log);
    if (pool == NULL) {
        return NULL;
    }

    copy = ngx_pcalloc(pool, sizeof(ngx_http_weir_copy_t));

    if (copy) {
        copy->pool = pool;
        copy->mirrors = mirrors;
        copy->took = -1;
    }

    if (copy == NULL || ngx_http_weir_copy_request(copy, r, ctx) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    return copy;
}


static void
ngx_http_weir_copy_start(ngx_http_weir_copy_t *copy, const ngx_addr_t *addr,
    ngx_msec_t timeout)
{
    ngx_http_weir_mirrors_t  *mirrors;

    mirrors = copy->mirrors;

    ngx_memcpy(&copy->url.address, addr->sockaddr, addr->socklen);
    copy->url.socklen = addr->socklen;
    copy->url.port = ngx_inet_get_port(addr->sockaddr);
    copy->url.text = addr->name;

    copy->peer.outgoing = &mirrors->wmcf->outgoing;
    copy->peer.url = &copy->url;
    copy->peer.pool = copy->pool;
    copy->peer.log = mirrors->log;
    copy->peer.timeout = timeout;
    copy->peer.connected = ngx_http_weir_copy_connected;
    copy->peer.failed = ngx_http_weir_copy_failed;
    copy->peer.data = copy;

    copy->total.handler = ngx_http_weir_copy_total;
    copy->total.data = copy;
    copy->total.log = mirrors->log;
    copy->total.cancelable = 1;

    copy->started = ngx_http_weir_clock();

    ngx_queue_insert_tail(&mirrors->copies, &copy->link);
    mirrors->ncopies++;

    ngx_add_timer(&copy->total, timeout);
    ngx_http_weir_peer_open(&copy->peer);
}


/* NGX_DECLINED: it is too large, or its body is not here. */
static ngx_int_t
ngx_http_weir_copy_request(ngx_http_weir_copy_t *copy, ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx)
{
    u_char           *p;
    size_t            body, size;
    ngx_str_t         host;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    body = ngx_http_weir_copy_body(r, NULL);

    if (body == (size_t) -1) {
        return NGX_DECLINED;
    }

    host = r->headers_in.host ? r->headers_in.host->value
                              : r->headers_in.server;

    size = ctx->req.method.len + r->unparsed_uri.len + host.len + body
           + sizeof("  HTTP/1.1" CRLF "Host: " CRLF "Connection: close" CRLF
                    "Content-Length: " CRLF CRLF) + NGX_SIZE_T_LEN;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            size += h[i].key.len + h[i].value.len + sizeof(": " CRLF);
        }
    }

    if (size > NGX_HTTP_WEIR_COPY_HEAD + NGX_HTTP_WEIR_COPY_BODY) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(copy->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    copy->request.data = p;

    p = ngx_sprintf(p, "%*s %V HTTP/1.1" CRLF "Host: %V" CRLF
                    "Connection: close" CRLF,
                    NGX_HTTP_WEIR_STR(ctx->req.method), &r->unparsed_uri,
                    &host);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_weir_copy_drops(&h[i])) {
                p = ngx_sprintf(p, "%V: %V" CRLF, &h[i].key, &h[i].value);
            }
        }
    }

    if (body) {
        p = ngx_sprintf(p, "Content-Length: %uz" CRLF, body);
    }

    *p++ = CR;
    *p++ = LF;

    p += ngx_http_weir_copy_body(r, p);

    copy->request.len = (size_t) (p - copy->request.data);

    return NGX_OK;
}


/* Its length; p NULL: no more than that.  -1: it is too long, or on disk. */
static size_t
ngx_http_weir_copy_body(ngx_http_request_t *r, u_char *p)
{
    size_t        len, size;
    ngx_chain_t  *cl;

    len = 0;
    cl = r->request_body ? r->request_body->bufs : NULL;

    if (cl == NULL) {

        /* one that was sent on as it came is gone */

        return r->headers_in.content_length_n > 0 || r->headers_in.chunked
               ? (size_t) -1 : 0;
    }

    for ( /* void */ ; cl; cl = cl->next) {

        if (cl->buf->in_file) {
            return (size_t) -1;
        }

        size = (size_t) (cl->buf->last - cl->buf->pos);

        if (p) {
            p = ngx_cpymem(p, cl->buf->pos, size);
        }

        len += size;

        if (len > NGX_HTTP_WEIR_COPY_BODY) {
            return (size_t) -1;
        }
    }

    return len;
}


/* What is of the connection, or written anew. */
static ngx_uint_t
ngx_http_weir_copy_drops(ngx_table_elt_t *h)
{
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("host"), ngx_string("connection"),
        ngx_string("keep-alive"), ngx_string("proxy-connection"),
        ngx_string("te"), ngx_string("trailer"),
        ngx_string("transfer-encoding"), ngx_string("upgrade"),
        ngx_string("content-length"), ngx_string("expect"),
        ngx_string("http2-settings")
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (h->key.len == names[i].len
            && ngx_strncasecmp(h->key.data, names[i].data, names[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_weir_copy_connected(void *data, ngx_connection_t *c)
{
    c->data = data;
    c->read->handler = ngx_http_weir_copy_read;
    c->write->handler = ngx_http_weir_copy_write;

    ngx_http_weir_copy_write(c->write);
}


static void
ngx_http_weir_copy_failed(void *data, const char *why)
{
    ngx_http_weir_copy_t *copy = data;

    ngx_log_error(NGX_LOG_INFO, copy->mirrors->log, 0,
                  "weir: a copy of a request was not sent: %s", why);

    ngx_http_weir_copy_end(copy);
}


static void
ngx_http_weir_copy_write(ngx_event_t *ev)
{
    ssize_t                n;
    ngx_connection_t      *c;
    ngx_http_weir_copy_t  *copy;

    c = ev->data;
    copy = c->data;

    while (copy->request.len) {
        n = c->send(c, copy->request.data, copy->request.len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_http_weir_copy_end(copy);
            return;
        }

        copy->request.data += n;
        copy->request.len -= (size_t) n;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_weir_copy_end(copy);
    }
}


/*
 * Reads the answer to its end: the shadow is not to see a broken client.  One
 * that comes faster than it is read holds nobody up.
 */
static void
ngx_http_weir_copy_read(ngx_event_t *ev)
{
    u_char                 buf[NGX_HTTP_WEIR_COPY_READ];
    ssize_t                n;
    ngx_uint_t             i;
    ngx_connection_t      *c;
    ngx_http_weir_copy_t  *copy;

    c = ev->data;
    copy = c->data;

    if (c->close) {
        ngx_http_weir_copy_end(copy);
        return;
    }

    for (i = 0; i < NGX_HTTP_WEIR_COPY_READS; i++) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
                ngx_http_weir_copy_end(copy);
            }

            return;
        }

        if (n <= 0) {
            ngx_http_weir_copy_end(copy);
            return;
        }

        ngx_http_weir_copy_look(copy, buf, (size_t) n);
    }

    ngx_post_event(ev, &ngx_posted_next_events);
}


/* HTTP/1.1 200: nothing behind it matters. */
static void
ngx_http_weir_copy_look(ngx_http_weir_copy_t *copy, u_char *p, size_t n)
{
    if (copy->nstatus == sizeof(copy->status)) {
        return;
    }

    n = ngx_min(n, sizeof(copy->status) - copy->nstatus);

    ngx_memcpy(copy->status + copy->nstatus, p, n);
    copy->nstatus += n;

    if (copy->nstatus == sizeof(copy->status)) {
        copy->took = ngx_http_weir_clock() - copy->started;
    }
}


static void
ngx_http_weir_copy_total(ngx_event_t *ev)
{
    ngx_http_weir_copy_end(ev->data);
}


static void
ngx_http_weir_copy_end(ngx_http_weir_copy_t *copy)
{
    ngx_int_t                 status;
    weir_mirror_end_t         end;
    ngx_http_weir_mirrors_t  *mirrors;

    mirrors = copy->mirrors;

    status = copy->took >= 0
             && ngx_strncmp(copy->status, "HTTP/1.", 7) == 0
             && copy->status[8] == ' '
             ? ngx_atoi(copy->status + 9, 3) : NGX_ERROR;

    end = status < 100 ? WEIR_MIRROR_FAILED
          : status >= 500 ? WEIR_MIRROR_ERROR : WEIR_MIRROR_OK;

    weir_splits_mirrored(mirrors->wmcf->splits->table, &copy->split, end,
                         copy->took);

    ngx_http_weir_peer_close(&copy->peer);

    if (copy->total.timer_set) {
        ngx_del_timer(&copy->total);
    }

    ngx_queue_remove(&copy->link);
    mirrors->ncopies--;

    ngx_destroy_pool(copy->pool);
}
