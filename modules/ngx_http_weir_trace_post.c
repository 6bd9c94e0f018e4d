/*
 * ngx_http_weir_trace_post.c: one request, one answer, by OTLP over HTTP.
 */

#include "ngx_http_weir_trace_post.h"
#include "base/version.h"
#include "run/json.h"

#define NGX_HTTP_WEIR_POST_STEP     5000    /* ms: resolve, connect, TLS */
#define NGX_HTTP_WEIR_POST_TOTAL    10000   /* ms */
#define NGX_HTTP_WEIR_POST_READ     4096
#define NGX_HTTP_WEIR_POST_ANSWER   65536   /* bytes of its body */
#define NGX_HTTP_WEIR_POST_DELAY    60      /* seconds, of a Retry-After */


static void ngx_http_weir_post_begin(ngx_http_weir_post_t *post);
static void ngx_http_weir_post_connect(ngx_http_weir_post_t *post);
static void ngx_http_weir_post_connected(void *data, ngx_connection_t *c);
static void ngx_http_weir_post_failed(void *data, const char *why);
static void ngx_http_weir_post_write(ngx_event_t *ev);
static void ngx_http_weir_post_read(ngx_event_t *ev);
static void ngx_http_weir_post_broken(ngx_http_weir_post_t *post,
    const char *why);
static void ngx_http_weir_post_total(ngx_event_t *ev);
static void ngx_http_weir_post_taken(ngx_http_weir_post_t *post);
static void ngx_http_weir_post_refused(ngx_http_weir_post_t *post);
static ngx_int_t ngx_http_weir_post_rejected(ngx_http_weir_post_t *post);
static ngx_uint_t ngx_http_weir_post_keeps(ngx_http_weir_post_t *post);
static ngx_uint_t ngx_http_weir_post_delay(ngx_http_weir_post_t *post);
static ngx_str_t ngx_http_weir_post_header(ngx_http_weir_post_t *post,
    const char *name);
static void ngx_http_weir_post_end(ngx_http_weir_post_t *post,
    ngx_http_weir_post_end_e end, ngx_uint_t n, const char *why);
static void ngx_http_weir_post_clear(ngx_http_weir_post_t *post);
static void ngx_http_weir_post_disconnect(ngx_http_weir_post_t *post);


/* All of the head but for the length of the body. */
ngx_int_t
ngx_http_weir_post_init(ngx_http_weir_post_t *post, ngx_cycle_t *cycle)
{
    size_t                      size;
    const ngx_http_weir_url_t  *url;

    static const char  format[] = "POST %V HTTP/1.1" CRLF
                                  "Host: %V" CRLF
                                  "User-Agent: weir/" WEIR_VERSION CRLF
                                  "Content-Type: application/json" CRLF
                                  "%V"
                                  "Content-Length: ";

    url = &post->trace->url;

    size = sizeof(format) + url->path.len + url->authority.len
           + post->trace->headers.len + NGX_SIZE_T_LEN + 2 * sizeof(CRLF);

    post->head = ngx_pnalloc(cycle->pool, size);
    if (post->head == NULL) {
        return NGX_ERROR;
    }

    post->length = ngx_sprintf(post->head, format, &url->path, &url->authority,
                               &post->trace->headers);

    post->log = cycle->log;

    post->total.handler = ngx_http_weir_post_total;
    post->total.data = post;
    post->total.log = post->log;
    post->total.cancelable = 1;

    return NGX_OK;
}


void
ngx_http_weir_post(ngx_http_weir_post_t *post, u_char *body, size_t len)
{
    post->body.data = body;
    post->body.len = len;
    post->busy = 1;

    post->answer_pool = ngx_create_pool(1024, post->log);

    if (post->answer_pool == NULL) {
        ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_AGAIN, 0, "no memory");
        return;
    }

    ngx_add_timer(&post->total, NGX_HTTP_WEIR_POST_TOTAL);

    ngx_http_weir_post_begin(post);
}


void
ngx_http_weir_post_close(ngx_http_weir_post_t *post)
{
    ngx_http_weir_post_disconnect(post);
    ngx_http_weir_post_clear(post);
}


static void
ngx_http_weir_post_begin(ngx_http_weir_post_t *post)
{
    u_char  *p;

    p = ngx_sprintf(post->length, "%uz" CRLF CRLF, post->body.len);

    post->left[0].data = post->head;
    post->left[0].len = (size_t) (p - post->head);
    post->left[1] = post->body;

    ngx_memzero(&post->answer, sizeof(ngx_http_weir_answer_t));

    post->answer.pool = post->answer_pool;
    post->answer.max_body = NGX_HTTP_WEIR_POST_ANSWER;

    post->reused = post->connection != NULL;

    if (post->reused) {
        post->connection->idle = 0;
        ngx_http_weir_post_write(post->connection->write);

    } else {
        ngx_http_weir_post_connect(post);
    }
}


static void
ngx_http_weir_post_connect(ngx_http_weir_post_t *post)
{
    ngx_http_weir_peer_t  *peer;

    post->pool = ngx_create_pool(2048, post->log);
    peer = post->pool ? ngx_pcalloc(post->pool, sizeof(ngx_http_weir_peer_t))
                      : NULL;

    if (peer == NULL) {
        ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_AGAIN, 0, "no memory");
        return;
    }

    peer->outgoing = &post->trace->wmcf->outgoing;
    peer->url = &post->trace->url;
    peer->pool = post->pool;
    peer->log = post->log;
    peer->timeout = NGX_HTTP_WEIR_POST_STEP;
    peer->connected = ngx_http_weir_post_connected;
    peer->failed = ngx_http_weir_post_failed;
    peer->data = post;

    post->peer = peer;

    ngx_http_weir_peer_open(peer);
}


static void
ngx_http_weir_post_connected(void *data, ngx_connection_t *c)
{
    ngx_http_weir_post_t *post = data;

    post->connection = c;

    c->data = post;
    c->read->handler = ngx_http_weir_post_read;
    c->write->handler = ngx_http_weir_post_write;

    /* only between requests is it closed when this worker is to quit */

    c->idle = 0;

    (void) ngx_tcp_nodelay(c);

    ngx_http_weir_post_write(c->write);
}


static void
ngx_http_weir_post_failed(void *data, const char *why)
{
    ngx_http_weir_post_end(data, NGX_HTTP_WEIR_POST_AGAIN, 0, why);
}


static void
ngx_http_weir_post_write(ngx_event_t *ev)
{
    ssize_t                n;
    ngx_str_t             *s;
    ngx_uint_t             i;
    ngx_connection_t      *c;
    ngx_http_weir_post_t  *post;

    c = ev->data;
    post = c->data;

    for (i = 0; post->busy && i < 2; /* void */) {
        s = &post->left[i];

        if (s->len == 0) {
            i++;
            continue;
        }

        n = c->send(c, s->data, s->len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_http_weir_post_broken(post, "sending the request failed");
            return;
        }

        s->data += n;
        s->len -= (size_t) n;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_weir_post_broken(post, "the event loop took no more events");
    }
}


static void
ngx_http_weir_post_read(ngx_event_t *ev)
{
    u_char                 buf[NGX_HTTP_WEIR_POST_READ];
    ssize_t                n;
    ngx_int_t              rc;
    ngx_connection_t      *c;
    ngx_http_weir_post_t  *post;

    c = ev->data;
    post = c->data;

    if (!post->busy) {
        ngx_http_weir_post_disconnect(post);
        return;
    }

    if (c->close) {
        ngx_http_weir_post_broken(post, NGX_HTTP_WEIR_PEER_QUITS);
        return;
    }

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_http_weir_post_broken(post, "reading the answer failed");
            return;
        }

        rc = n == 0 ? ngx_http_weir_answer_end(&post->answer)
                    : ngx_http_weir_answer_read(&post->answer, buf, (size_t) n);

        if (rc == NGX_OK) {
            ngx_http_weir_post_taken(post);
            return;
        }

        if (rc == NGX_ERROR) {
            ngx_http_weir_post_refused(post);
            return;
        }
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_weir_post_broken(post, "the event loop took no more events");
    }
}


/* A kept connection may have ended while nobody looked. */
static void
ngx_http_weir_post_broken(ngx_http_weir_post_t *post, const char *why)
{
    if (!post->busy) {
        ngx_http_weir_post_disconnect(post);
        return;
    }

    if (post->reused && post->answer.nhead == 0 && post->answer.before == 0) {
        ngx_http_weir_post_disconnect(post);
        ngx_http_weir_post_begin(post);
        return;
    }

    ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_AGAIN, 0, why);
}


static void
ngx_http_weir_post_total(ngx_event_t *ev)
{
    ngx_http_weir_post_end(ev->data, NGX_HTTP_WEIR_POST_AGAIN, 0,
                           "it took too long");
}


/* 200 */
static void
ngx_http_weir_post_taken(ngx_http_weir_post_t *post)
{
    ngx_int_t  rejected;

    rejected = ngx_http_weir_post_rejected(post);

    if (rejected == NGX_ERROR) {
        ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_REFUSED, 0,
                               "the answer is not one of OTLP");
        return;
    }

    ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_TAKEN,
                           (ngx_uint_t) rejected, NULL);
}


/* What may be sent again is OTLP's to say, but that there was no answer. */
static void
ngx_http_weir_post_refused(ngx_http_weir_post_t *post)
{
    ngx_http_weir_answer_t *a = &post->answer;

    if (a->status < NGX_HTTP_OK && a->nhead == 0) {
        ngx_http_weir_post_broken(post, a->why);
        return;
    }

    /* collectors need not be as strict as OTLP, which says 200 */

    if (a->status > 200 && a->status < NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_TAKEN, 0, NULL);
        return;
    }

    switch (a->status) {

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_BAD_GATEWAY:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_AGAIN,
                               ngx_http_weir_post_delay(post), a->why);
        return;
    }

    ngx_http_weir_post_end(post, NGX_HTTP_WEIR_POST_REFUSED, 0, a->why);
}


/* How many of the spans; NGX_ERROR: it is no answer of a collector. */
static ngx_int_t
ngx_http_weir_post_rejected(ngx_http_weir_post_t *post)
{
    ngx_int_t                 n;
    weir_str_t                body, text;
    const char               *why;
    weir_json_value_t        *root;
    const weir_json_value_t  *v;

    body = ngx_http_weir_str(&post->answer.body);

    if (body.len == 0) {
        return 0;
    }

    if (weir_json_read(body, &root, &why) != WEIR_OK) {
        return NGX_ERROR;
    }

    n = weir_json_kind(root) == WEIR_JSON_OBJECT ? 0 : NGX_ERROR;

    v = weir_json_member(root, weir_string("partialSuccess"));
    v = weir_json_member(v, weir_string("rejectedSpans"));

    switch (weir_json_kind(v)) {

    case WEIR_JSON_INT:
        n = (ngx_int_t) ngx_max(weir_json_int(v), 0);
        break;

    case WEIR_JSON_TEXT:
        text = weir_json_text(v);
        n = ngx_atoi((u_char *) text.data, text.len);
        break;

    case WEIR_JSON_NONE:
    case WEIR_JSON_NULL:
        break;

    default:
        n = NGX_ERROR;
    }

    weir_json_free(root);

    return n;
}


/* Whether the connection can have another request. */
static ngx_uint_t
ngx_http_weir_post_keeps(ngx_http_weir_post_t *post)
{
    ngx_str_t                connection;
    ngx_http_weir_answer_t  *a;

    a = &post->answer;

    if (a->state != NGX_HTTP_WEIR_ANSWER_DONE || post->left[1].len
        || ngx_strncmp(a->head, "HTTP/1.1", 8) != 0 || ngx_exiting)
    {
        return 0;
    }

    connection = ngx_http_weir_post_header(post, "connection");

    return connection.len == 0
           || (connection.len == 10
               && ngx_strncasecmp(connection.data, (u_char *) "keep-alive", 10)
                  == 0);
}


/* Of a Retry-After: ms. */
static ngx_uint_t
ngx_http_weir_post_delay(ngx_http_weir_post_t *post)
{
    time_t     at;
    ngx_int_t  delay;
    ngx_str_t  after;

    after = ngx_http_weir_post_header(post, "retry-after");

    if (after.len == 0) {
        return 0;
    }

    delay = ngx_atoi(after.data, after.len);

    if (delay == NGX_ERROR) {
        at = ngx_parse_http_time(after.data, after.len);
        delay = at == NGX_ERROR ? 0 : (ngx_int_t) (at - ngx_time());
    }

    return 1000 * (ngx_uint_t) ngx_min(ngx_max(delay, 0),
                                       NGX_HTTP_WEIR_POST_DELAY);
}


/* Of an answer whose head is whole; the name is in lower case. */
static ngx_str_t
ngx_http_weir_post_header(ngx_http_weir_post_t *post, const char *name)
{
    size_t      n;
    u_char     *p, *end, *eol;
    ngx_str_t   s;

    n = ngx_strlen(name);
    p = post->answer.head;
    end = p + post->answer.nhead;

    ngx_str_null(&s);

    for ( /* void */ ; p < end; p = eol + 1) {
        eol = ngx_strlchr(p, end, LF);

        if (eol == NULL) {
            break;
        }

        if ((size_t) (eol - p) <= n || p[n] != ':'
            || ngx_strncasecmp(p, (u_char *) name, n) != 0)
        {
            continue;
        }

        for (p += n + 1; p < eol && (*p == ' ' || *p == '\t'); p++) {
            /* void */
        }

        s.data = p;

        for (p = eol; p > s.data && p[-1] <= ' '; p--) {
            /* void */
        }

        s.len = (size_t) (p - s.data);
        break;
    }

    return s;
}


static void
ngx_http_weir_post_end(ngx_http_weir_post_t *post,
    ngx_http_weir_post_end_e end, ngx_uint_t n, const char *why)
{
    /* it may lie in what ends here */

    if (why) {
        (void) ngx_cpystrn((u_char *) post->why, (u_char *) why,
                           sizeof(post->why));
    }

    if (end == NGX_HTTP_WEIR_POST_TAKEN && ngx_http_weir_post_keeps(post)) {
        post->connection->idle = 1;

    } else {
        ngx_http_weir_post_disconnect(post);
    }

    ngx_http_weir_post_clear(post);

    post->handler(post->data, end, n, why ? post->why : NULL);
}


static void
ngx_http_weir_post_clear(ngx_http_weir_post_t *post)
{
    post->busy = 0;

    if (post->total.timer_set) {
        ngx_del_timer(&post->total);
    }

    if (post->answer_pool) {
        ngx_destroy_pool(post->answer_pool);
        post->answer_pool = NULL;
    }
}


static void
ngx_http_weir_post_disconnect(ngx_http_weir_post_t *post)
{
    post->connection = NULL;

    if (post->peer) {
        ngx_http_weir_peer_close(post->peer);
        post->peer = NULL;
    }

    if (post->pool) {
        ngx_destroy_pool(post->pool);
        post->pool = NULL;
    }
}
