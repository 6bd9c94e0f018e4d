/*
 * ngx_http_weir_fetch.c: one request, one answer, one connection, one pool.
 */

#include "ngx_http_weir_fetch.h"
#include "ngx_http_weir_answer.h"
#include "base/version.h"

#define NGX_HTTP_WEIR_FETCH_STEP   5000     /* ms: resolve, connect, silence */
#define NGX_HTTP_WEIR_FETCH_TOTAL  20000    /* ms */
#define NGX_HTTP_WEIR_FETCH_READ   16384


struct ngx_http_weir_fetch_s {
    ngx_pool_t                *pool;
    ngx_log_t                 *log;
    ngx_http_weir_url_t        url;
    ngx_http_weir_peer_t       peer;
    ngx_http_weir_answer_t     answer;
    ngx_http_weir_fetched_pt   handler;
    void                      *data;
    const char                *bad;         /* of the URL; NULL: none */
    ngx_event_t                total;
    ngx_event_t                silence;
    ngx_str_t                  request;     /* what is left to be sent */
};


static ngx_int_t ngx_http_weir_fetch_init(ngx_http_weir_fetch_t *f,
    const ngx_http_weir_fetch_options_t *options, ngx_log_t *log);
static ngx_int_t ngx_http_weir_fetch_request(ngx_http_weir_fetch_t *f);
static void ngx_http_weir_fetch_event(ngx_event_t *ev,
    ngx_event_handler_pt handler, ngx_http_weir_fetch_t *f);
static void ngx_http_weir_fetch_connected(void *data, ngx_connection_t *c);
static void ngx_http_weir_fetch_failed(void *data, const char *why);
static void ngx_http_weir_fetch_write(ngx_event_t *ev);
static void ngx_http_weir_fetch_read(ngx_event_t *ev);
static void ngx_http_weir_fetch_total(ngx_event_t *ev);
static void ngx_http_weir_fetch_silence(ngx_event_t *ev);
static void ngx_http_weir_fetch_end(ngx_http_weir_fetch_t *f,
    const char *why);


ngx_http_weir_fetch_t *
ngx_http_weir_fetch(const ngx_http_weir_fetch_options_t *options,
    ngx_log_t *log)
{
    ngx_pool_t             *pool;
    ngx_http_weir_fetch_t  *f;

    pool = ngx_create_pool(4096, log);
    if (pool == NULL) {
        return NULL;
    }

    f = ngx_pcalloc(pool, sizeof(ngx_http_weir_fetch_t));

    if (f == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    f->pool = pool;

    if (ngx_http_weir_fetch_init(f, options, log) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    if (f->bad != NULL) {
        ngx_add_timer(&f->total, 0);

    } else {
        ngx_add_timer(&f->total, NGX_HTTP_WEIR_FETCH_TOTAL);
        ngx_http_weir_peer_open(&f->peer);
    }

    return f;
}


static ngx_int_t
ngx_http_weir_fetch_init(ngx_http_weir_fetch_t *f,
    const ngx_http_weir_fetch_options_t *options, ngx_log_t *log)
{
    ngx_http_weir_peer_t  *peer;

    f->handler = options->handler;
    f->data = options->data;

    f->log = log;

    ngx_http_weir_fetch_event(&f->total, ngx_http_weir_fetch_total, f);
    ngx_http_weir_fetch_event(&f->silence, ngx_http_weir_fetch_silence, f);

    if (ngx_http_weir_url_parse(f->pool, options->url, &f->url, &f->bad)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    if (f->bad != NULL) {
        return NGX_OK;
    }

    if (!f->url.tls && !f->url.loopback && !options->plain) {
        f->bad = "the URL is http, which only an address of this machine "
                 "may be";
        return NGX_OK;
    }

    peer = &f->peer;

    peer->outgoing = options->outgoing;
    peer->url = &f->url;
    peer->pool = f->pool;
    peer->log = f->log;
    peer->timeout = NGX_HTTP_WEIR_FETCH_STEP;
    peer->connected = ngx_http_weir_fetch_connected;
    peer->failed = ngx_http_weir_fetch_failed;
    peer->data = f;

    f->answer.pool = f->pool;
    f->answer.max_body = options->max_body;

    return ngx_http_weir_fetch_request(f);
}


static ngx_int_t
ngx_http_weir_fetch_request(ngx_http_weir_fetch_t *f)
{
    u_char  *end;
    size_t   size;

    static const char  format[] = "GET %V HTTP/1.1" CRLF
                                  "Host: %V" CRLF
                                  "User-Agent: weir/" WEIR_VERSION CRLF
                                  "Accept: application/json, */*" CRLF
                                  "Connection: close" CRLF CRLF;

    size = sizeof(format) + f->url.path.len + f->url.authority.len;

    f->request.data = ngx_pnalloc(f->pool, size);
    if (f->request.data == NULL) {
        return NGX_ERROR;
    }

    end = ngx_snprintf(f->request.data, size, format, &f->url.path,
                       &f->url.authority);
    f->request.len = (size_t) (end - f->request.data);

    return NGX_OK;
}


static void
ngx_http_weir_fetch_event(ngx_event_t *ev, ngx_event_handler_pt handler,
    ngx_http_weir_fetch_t *f)
{
    ev->handler = handler;
    ev->data = f;
    ev->log = f->log;
    ev->cancelable = 1;
}


void
ngx_http_weir_fetch_cancel(ngx_http_weir_fetch_t *f)
{
    ngx_http_weir_peer_close(&f->peer);

    if (f->total.timer_set) {
        ngx_del_timer(&f->total);
    }

    if (f->silence.timer_set) {
        ngx_del_timer(&f->silence);
    }

    ngx_destroy_pool(f->pool);
}


static void
ngx_http_weir_fetch_connected(void *data, ngx_connection_t *c)
{
    ngx_http_weir_fetch_t *f = data;

    c->data = f;
    c->read->handler = ngx_http_weir_fetch_read;
    c->write->handler = ngx_http_weir_fetch_write;

    ngx_add_timer(&f->silence, NGX_HTTP_WEIR_FETCH_STEP);

    ngx_http_weir_fetch_write(c->write);
}


static void
ngx_http_weir_fetch_failed(void *data, const char *why)
{
    ngx_http_weir_fetch_end(data, why);
}


static void
ngx_http_weir_fetch_write(ngx_event_t *ev)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_http_weir_fetch_t  *f;

    c = ev->data;
    f = c->data;

    while (f->request.len) {
        n = c->send(c, f->request.data, f->request.len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_http_weir_fetch_end(f, "sending the request failed");
            return;
        }

        f->request.data += n;
        f->request.len -= (size_t) n;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_weir_fetch_end(f, "the event loop took no more events");
    }
}


static void
ngx_http_weir_fetch_read(ngx_event_t *ev)
{
    u_char                  buf[NGX_HTTP_WEIR_FETCH_READ];
    ssize_t                 n;
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_http_weir_fetch_t  *f;

    c = ev->data;
    f = c->data;

    if (c->close) {
        ngx_http_weir_fetch_end(f, NGX_HTTP_WEIR_PEER_QUITS);
        return;
    }

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_http_weir_fetch_end(f, "reading the answer failed");
            return;
        }

        rc = n == 0 ? ngx_http_weir_answer_end(&f->answer)
                    : ngx_http_weir_answer_read(&f->answer, buf, (size_t) n);

        if (rc != NGX_AGAIN) {
            ngx_http_weir_fetch_end(f, rc == NGX_OK ? NULL : f->answer.why);
            return;
        }

        ngx_add_timer(&f->silence, NGX_HTTP_WEIR_FETCH_STEP);
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_weir_fetch_end(f, "the event loop took no more events");
    }
}


static void
ngx_http_weir_fetch_total(ngx_event_t *ev)
{
    char                    why[64];
    ngx_http_weir_fetch_t  *f;

    f = ev->data;

    if (f->bad != NULL) {
        ngx_http_weir_fetch_end(f, f->bad);
        return;
    }

    (void) ngx_snprintf((u_char *) why, sizeof(why),
                        "it took longer than %dms%Z",
                        NGX_HTTP_WEIR_FETCH_TOTAL);

    ngx_http_weir_fetch_end(f, why);
}


static void
ngx_http_weir_fetch_silence(ngx_event_t *ev)
{
    char                    why[64];
    ngx_http_weir_fetch_t  *f;

    f = ev->data;

    (void) ngx_snprintf((u_char *) why, sizeof(why),
                        "the server sent nothing for %dms%Z",
                        NGX_HTTP_WEIR_FETCH_STEP);

    ngx_http_weir_fetch_end(f, why);
}


static void
ngx_http_weir_fetch_end(ngx_http_weir_fetch_t *f, const char *why)
{
    weir_str_t  body;

    body = why ? weir_str(NULL, 0)
               : weir_str((char *) f->answer.body.data, f->answer.body.len);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, f->log, 0, "weir: fetch ends: %s",
                   why ? why : "200");

    /* the connection first: the handler may begin another fetch */

    ngx_http_weir_peer_close(&f->peer);

    f->handler(f->data, body, why);

    ngx_http_weir_fetch_cancel(f);
}
