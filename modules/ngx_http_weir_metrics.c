/*
 * ngx_http_weir_metrics.c: weir_metrics, the exposition, a piece at a time.
 *
 * Other requests go on between two pieces.  A client that reads slowly is
 * waited for: there are never more than some pieces of a scrape in memory.
 */

#include "ngx_http_weir_metrics.h"
#include "run/query.h"

#define NGX_HTTP_WEIR_PIECE       16384
#define NGX_HTTP_WEIR_PIECES      4         /* in memory, of a scrape */
#define NGX_HTTP_WEIR_PIECE_ROWS  256       /* that are looked at */


typedef struct {
    ngx_http_weir_metrics_shared_t  *shared;
    ngx_http_weir_metrics_state_t   *state;
    ngx_uint_t                       metric;    /* of the state: the next */
    ngx_uint_t                       at;        /* its next sample */
    weir_series_cursor_t             cursor;
    ngx_chain_t                     *free;
    ngx_chain_t                     *busy;
    bool                             skip[WEIR_NMETRICS];
    unsigned                         openmetrics:1;
    unsigned                         exposed:1; /* all but the end */
    unsigned                         done:1;
} ngx_http_weir_scrape_t;


static ngx_int_t ngx_http_weir_metrics_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_weir_scrape_openmetrics(ngx_http_request_t *r);
static void ngx_http_weir_scrape_accept(weir_str_t accept, ngx_int_t *q);
static ngx_uint_t ngx_http_weir_scrape_version(weir_str_t params,
    const char *version);
static ngx_int_t ngx_http_weir_scrape_names(ngx_http_request_t *r,
    ngx_http_weir_scrape_t *s);
static void ngx_http_weir_scrape_want(ngx_http_weir_scrape_t *s,
    weir_str_t name);
static ngx_uint_t ngx_http_weir_scrape_is(const weir_metric_info_t *metric,
    weir_str_t name);
static void ngx_http_weir_scrape_go(ngx_http_request_t *r);
static ngx_int_t ngx_http_weir_scrape_piece(ngx_http_request_t *r,
    ngx_http_weir_scrape_t *s, ngx_chain_t **out);
static void ngx_http_weir_scrape_fill(ngx_http_weir_scrape_t *s,
    weir_expo_t *w);
static void ngx_http_weir_scrape_wait(ngx_http_request_t *r);


/* of q below */
enum {
    NGX_HTTP_WEIR_Q_OPENMETRICS,
    NGX_HTTP_WEIR_Q_PLAIN,
    NGX_HTTP_WEIR_Q_TEXT,
    NGX_HTTP_WEIR_Q_ANY,
    NGX_HTTP_WEIR_NQ
};


static ngx_int_t
ngx_http_weir_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_weir_scrape_t     *s;
    ngx_http_weir_main_conf_t  *wmcf;

    rc = ngx_http_weir_read_only(r);

    if (rc != NGX_OK) {
        return rc;
    }

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    s = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_scrape_t));
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->shared = ngx_http_weir_metrics_shared(wmcf->metrics);
    s->state = ngx_http_weir_metrics_state_create(r);
    s->metric = WEIR_METRIC_BUILD;
    s->cursor.skip = s->skip;

    if (s->state == NULL || ngx_http_weir_scrape_names(r, s) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->openmetrics = ngx_http_weir_scrape_openmetrics(r);

    ngx_http_set_ctx(r, s, ngx_http_weir_metrics_module);

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type_lowcase = NULL;

    if (s->openmetrics) {
        ngx_str_set(&r->headers_out.content_type,
                    "application/openmetrics-text; version=1.0.0; "
                    "charset=utf-8");
        r->headers_out.content_type_len =
                                   sizeof("application/openmetrics-text") - 1;

    } else {
        ngx_str_set(&r->headers_out.content_type,
                    "text/plain; version=0.0.4; charset=utf-8");
        r->headers_out.content_type_len = sizeof("text/plain") - 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    rc = ngx_http_weir_answer_later(r);

    if (rc == NGX_DONE) {
        r->write_event_handler = ngx_http_weir_scrape_go;
        ngx_http_weir_scrape_go(r);
    }

    return rc;
}


/* Where it is named, and not liked less than what everybody understands. */
static ngx_uint_t
ngx_http_weir_scrape_openmetrics(ngx_http_request_t *r)
{
    ngx_int_t         q[NGX_HTTP_WEIR_NQ], text;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (i = 0; i < NGX_HTTP_WEIR_NQ; i++) {
        q[i] = -1;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash && h[i].key.len == 6
                && ngx_strncmp(h[i].lowcase_key, "accept", 6) == 0)
            {
                ngx_http_weir_scrape_accept(ngx_http_weir_str(&h[i].value),
                                            q);
            }
        }
    }

    /* the most specific range decides: RFC 9110, 12.5.1 */

    text = 0;

    for (i = NGX_HTTP_WEIR_NQ - 1; i >= NGX_HTTP_WEIR_Q_PLAIN; i--) {
        text = q[i] >= 0 ? q[i] : text;
    }

    return q[NGX_HTTP_WEIR_Q_OPENMETRICS] > 0
           && q[NGX_HTTP_WEIR_Q_OPENMETRICS] >= text;
}


/* Raises the q of what is named. */
static void
ngx_http_weir_scrape_accept(weir_str_t accept, ngx_int_t *q)
{
    ngx_uint_t  i;
    weir_str_t  params, type;

    static const struct {
        weir_str_t   type;
        const char  *version;       /* that we write; or NULL */
    } ranges[NGX_HTTP_WEIR_NQ] = {
        { { "application/openmetrics-text", 28 }, "1.0.0" },
        { { "text/plain", 10 },                   "0.0.4" },
        { { "text/*", 6 },                        NULL },
        { { "*/*", 3 },                           NULL }
    };

    while (accept.len) {
        params = ngx_http_weir_next(&accept, ',');
        type = ngx_http_weir_next(&params, ';');

        for (i = 0; i < NGX_HTTP_WEIR_NQ; i++) {

            if (type.len == ranges[i].type.len
                && ngx_strncasecmp((u_char *) type.data,
                                   (u_char *) ranges[i].type.data, type.len)
                   == 0
                && (ranges[i].version == NULL
                    || ngx_http_weir_scrape_version(params,
                                                    ranges[i].version)))
            {
                q[i] = ngx_max(q[i], ngx_http_weir_q(params));
            }
        }
    }
}


/* Whether it is that one, or any. */
static ngx_uint_t
ngx_http_weir_scrape_version(weir_str_t params, const char *version)
{
    weir_str_t  p;

    while (params.len) {
        p = ngx_http_weir_next(&params, ';');

        if (p.len < 8
            || ngx_strncasecmp((u_char *) p.data, (u_char *) "version=", 8)
               != 0)
        {
            continue;
        }

        p = weir_str(p.data + 8, p.len - 8);

        if (p.len >= 2 && p.data[0] == '"' && p.data[p.len - 1] == '"') {
            p = weir_str(p.data + 1, p.len - 2);
        }

        return weir_str_eq(p, weir_cstr(version));
    }

    return 1;
}


/* Arguments name[]=NAME: nothing else, where there is one. */
static ngx_int_t
ngx_http_weir_scrape_names(ngx_http_request_t *r, ngx_http_weir_scrape_t *s)
{
    char        *text;
    size_t       pos, len;
    ngx_uint_t   named;
    weir_str_t   query, name, value;

    if (r->args.len == 0) {
        return NGX_OK;
    }

    text = ngx_pnalloc(r->pool, r->args.len);
    if (text == NULL) {
        return NGX_ERROR;
    }

    query = ngx_http_weir_str(&r->args);
    pos = 0;
    named = 0;

    while (weir_query_next(query, &pos, &name, &value) == WEIR_OK) {

        if (weir_query_decode(name, text, &len) != WEIR_OK
            || !weir_str_eq(weir_str(text, len), weir_string("name[]")))
        {
            continue;
        }

        if (!named) {
            named = 1;
            ngx_memset(s->skip, true, sizeof(s->skip));
        }

        if (weir_query_decode(value, text, &len) == WEIR_OK) {
            ngx_http_weir_scrape_want(s, weir_str(text, len));
        }
    }

    return NGX_OK;
}


static void
ngx_http_weir_scrape_want(ngx_http_weir_scrape_t *s, weir_str_t name)
{
    ngx_uint_t  i;

    for (i = 0; i < WEIR_NMETRICS; i++) {
        if (ngx_http_weir_scrape_is(weir_metric_info(i), name)) {
            s->skip[i] = false;
        }
    }
}


/* The name of a metric, or of samples of it. */
static ngx_uint_t
ngx_http_weir_scrape_is(const weir_metric_info_t *metric, weir_str_t name)
{
    weir_str_t  rest;

    if (name.len < metric->name.len
        || ngx_memcmp(name.data, metric->name.data, metric->name.len) != 0)
    {
        return 0;
    }

    rest = weir_str(name.data + metric->name.len,
                    name.len - metric->name.len);

    if (rest.len == 0) {
        return 1;
    }

    switch (metric->type) {

    case WEIR_COUNTER:
        return weir_str_eq(rest, weir_string("_total"));

    case WEIR_HISTOGRAM:
        return weir_str_eq(rest, weir_string("_bucket"))
               || weir_str_eq(rest, weir_string("_sum"))
               || weir_str_eq(rest, weir_string("_count"));

    default:
        return 0;
    }
}


/* One piece; then the next one, when it is its turn. */
static void
ngx_http_weir_scrape_go(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_chain_t             *out;
    ngx_event_t             *wev;
    ngx_connection_t        *c;
    ngx_http_weir_scrape_t  *s;

    c = r->connection;
    wev = c->write;
    s = ngx_http_get_module_ctx(r, ngx_http_weir_metrics_module);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (wev->delayed) {
        ngx_http_weir_scrape_wait(r);
        return;
    }

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    if (ngx_http_weir_scrape_piece(r, s, &out) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    /* of a subrequest, too, pieces come back when the connection sends */

    if (out || r->buffered || c->buffered) {

        if (ngx_http_output_filter(r, out) == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }

        ngx_chain_update_chains(r->pool, &s->free, &s->busy, &out,
                                (ngx_buf_tag_t) &ngx_http_weir_metrics_module);
    }

    if (s->done) {
        rc = ngx_http_send_special(r, NGX_HTTP_LAST);
        ngx_http_finalize_request(r, rc);
        return;
    }

    /* a subrequest goes on when its answer's turn has come */

    if (r != c->data) {
        return;
    }

    if (!wev->ready || wev->delayed) {
        ngx_http_weir_scrape_wait(r);
        return;
    }

    ngx_http_weir_next_turn(wev);
}


/* *out: NULL where there was nothing to write, or no room. */
static ngx_int_t
ngx_http_weir_scrape_piece(ngx_http_request_t *r, ngx_http_weir_scrape_t *s,
    ngx_chain_t **out)
{
    ngx_buf_t    *b;
    ngx_uint_t    n;
    weir_expo_t   w;
    ngx_chain_t  *cl;

    *out = NULL;
    n = 0;

    for (cl = s->busy; cl; cl = cl->next) {
        n++;
    }

    if (s->done || n == NGX_HTTP_WEIR_PIECES) {
        return NGX_OK;
    }

    cl = ngx_chain_get_free_buf(r->pool, &s->free);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b = cl->buf;

    if (b->start == NULL) {
        b->start = ngx_palloc(r->pool, NGX_HTTP_WEIR_PIECE);
        if (b->start == NULL) {
            return NGX_ERROR;
        }

        b->end = b->start + NGX_HTTP_WEIR_PIECE;
        b->tag = (ngx_buf_tag_t) &ngx_http_weir_metrics_module;
        b->temporary = 1;
    }

    w.p = (char *) b->start;
    w.end = (char *) b->end;
    w.openmetrics = s->openmetrics;
    w.full = false;

    ngx_http_weir_scrape_fill(s, &w);

    b->pos = b->start;
    b->last = (u_char *) w.p;

    if (b->pos == b->last) {
        cl->next = s->free;
        s->free = cl;
        return NGX_OK;
    }

    /* else the last one that there may be waits for more, with others */

    b->flush = (n == NGX_HTTP_WEIR_PIECES - 1);

    *out = cl;

    return NGX_OK;
}


static void
ngx_http_weir_scrape_fill(ngx_http_weir_scrape_t *s, weir_expo_t *w)
{
    for ( /* void */ ; s->metric < WEIR_NMETRICS; s->metric++) {

        if (!s->skip[s->metric]
            && ngx_http_weir_metrics_state(s->state, w, s->metric, &s->at)
               == NGX_AGAIN)
        {
            return;
        }

        s->at = 0;
    }

    if (!s->exposed) {
        s->exposed = s->shared->series == NULL
                     || weir_series_expose(s->shared->series, w, &s->cursor,
                                           NGX_HTTP_WEIR_PIECE_ROWS);
        if (!s->exposed) {
            return;
        }
    }

    weir_expo_end(w);

    s->done = !w->full;
}


/* Until the client has read what it has. */
static void
ngx_http_weir_scrape_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r->main, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


char *
ngx_http_weir_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_weir_metrics_handler) {
        return "is duplicate";
    }

    if (ngx_http_weir_metrics_want(cf) == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_weir_metrics_handler;

    ngx_http_weir_needs_policy(cf, "weir_metrics");
    ngx_http_weir_needs_mode(cf, "weir_metrics");

    return NGX_CONF_OK;
}
