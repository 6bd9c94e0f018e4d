/*
 * ngx_http_weir_summary.c: what tenants do, as the dashboard asks for it: the
 * tenants with the most requests and the commonest reasons of refusals.
 *
 * Rows may be hundreds of thousands: some are looked at in one turn of the
 * loop, and requests are served before the next ones.  The first two passes
 * say who has the most requests, the others add up what there is of them; all
 * that is left is summed.
 */

#include "ngx_http_weir_summary.h"

#define NGX_HTTP_WEIR_SUMMARY_ROWS     256      /* of a turn */
#define NGX_HTTP_WEIR_SUMMARY_TENANTS  200
#define NGX_HTTP_WEIR_SUMMARY_REASONS  50


/* The labels of a row that the summary reads, see series.h. */
enum {
    NGX_HTTP_WEIR_L_TENANT = 0,
    NGX_HTTP_WEIR_L_ROUTE = 1,

    NGX_HTTP_WEIR_L_CODE = 3,           /* of requests */

    NGX_HTTP_WEIR_L_VERDICT = 2,        /* of decisions */
    NGX_HTTP_WEIR_L_REASON,
    NGX_HTTP_WEIR_L_RULE,
    NGX_HTTP_WEIR_L_LIMIT,

    NGX_HTTP_WEIR_L_OF = 1              /* of limits: the limit */
};

/* One row, or tally, more. */
typedef ngx_int_t (*ngx_http_weir_summary_pt)(ngx_http_weir_summary_t *s,
    const void *one);


static void ngx_http_weir_summary_cleanup(void *data);
static void ngx_http_weir_summary_event(ngx_event_t *ev);
static ngx_int_t ngx_http_weir_summary_turn(ngx_http_weir_summary_t *s);
static const void *ngx_http_weir_summary_next(ngx_http_weir_summary_t *s);
static ngx_int_t ngx_http_weir_summary_tally(ngx_http_weir_summary_t *s,
    const void *one);
static ngx_int_t ngx_http_weir_summary_pick(ngx_http_weir_summary_t *s,
    const void *one);
static ngx_int_t ngx_http_weir_summary_requests(ngx_http_weir_summary_t *s,
    const void *one);
static ngx_int_t ngx_http_weir_summary_decisions(ngx_http_weir_summary_t *s,
    const void *one);
static ngx_int_t ngx_http_weir_summary_rank(ngx_http_weir_summary_t *s,
    const void *one);
static ngx_int_t ngx_http_weir_summary_limits(ngx_http_weir_summary_t *s,
    const void *one);
static ngx_http_weir_total_t *ngx_http_weir_summary_total(
    ngx_http_weir_summary_t *s, const weir_row_t *row);
static uint64_t ngx_http_weir_summary_word(const weir_row_t *row,
    ngx_uint_t i);


enum {
    NGX_HTTP_WEIR_OF_TENANTS = WEIR_SERIES_KINDS,
    NGX_HTTP_WEIR_OF_REASONS
};

/* kind of what a pass reads: rows, or tallies */
static const struct {
    ngx_uint_t                source;
    ngx_http_weir_summary_pt  read;
}  ngx_http_weir_passes[] = {
    { WEIR_SERIES_REQUESTS, ngx_http_weir_summary_tally },
    { NGX_HTTP_WEIR_OF_TENANTS, ngx_http_weir_summary_pick },
    { WEIR_SERIES_REQUESTS, ngx_http_weir_summary_requests },
    { WEIR_SERIES_DECISIONS, ngx_http_weir_summary_decisions },
    { NGX_HTTP_WEIR_OF_REASONS, ngx_http_weir_summary_rank },
    { WEIR_SERIES_LIMITS, ngx_http_weir_summary_limits },
};

#define NGX_HTTP_WEIR_NPASSES                                                 \
    (sizeof(ngx_http_weir_passes) / sizeof(ngx_http_weir_passes[0]))


/* The request waits, turn by turn, until all was read. */
ngx_int_t
ngx_http_weir_summary_handler(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_weir_summary_t    *s;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    s = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_summary_t));
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->request = r;
    s->shared = ngx_http_weir_metrics_shared(wmcf->metrics);

    if (ngx_http_weir_tallies_init(&s->tenants, r->pool) != NGX_OK
        || ngx_http_weir_tallies_init(&s->reasons, r->pool) != NGX_OK
        || ngx_http_weir_top_init(&s->most, r->pool,
                               NGX_HTTP_WEIR_SUMMARY_TENANTS) != NGX_OK
        || ngx_http_weir_top_init(&s->commonest, r->pool,
                                  NGX_HTTP_WEIR_SUMMARY_REASONS) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_weir_summary_cleanup;
    cln->data = s;

    if (s->shared->series == NULL) {
        s->pass = NGX_HTTP_WEIR_NPASSES;
    }

    s->event.data = s;
    s->event.handler = ngx_http_weir_summary_event;
    s->event.log = r->connection->log;

    ngx_http_weir_next_turn(&s->event);

    return ngx_http_weir_answer_later(r);
}


static void
ngx_http_weir_summary_cleanup(void *data)
{
    ngx_http_weir_summary_t *s = data;

    ngx_http_weir_no_turn(&s->event);
}


static void
ngx_http_weir_summary_event(ngx_event_t *ev)
{
    ngx_int_t                 rc;
    ngx_buf_t                *b;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_weir_summary_t  *s;

    s = ev->data;
    r = s->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    rc = ngx_http_weir_summary_turn(s);

    if (rc == NGX_AGAIN) {
        ngx_http_weir_next_turn(&s->event);
        return;
    }

    ngx_http_weir_no_turn(&s->event);

    b = rc == NGX_OK ? ngx_http_weir_summary_json(s) : NULL;

    rc = b ? ngx_http_weir_send_json(r, NGX_HTTP_OK, b)
           : NGX_HTTP_INTERNAL_SERVER_ERROR;

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_weir_summary_turn(ngx_http_weir_summary_t *s)
{
    ngx_uint_t  n;

    for (n = 0; n < NGX_HTTP_WEIR_SUMMARY_ROWS; n++) {

        if (s->pass == NGX_HTTP_WEIR_NPASSES) {
            return NGX_OK;
        }

        s->at = ngx_http_weir_summary_next(s);

        if (s->at == NULL) {
            s->pass++;
            continue;
        }

        if (ngx_http_weir_passes[s->pass].read(s, s->at) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_AGAIN;
}


static const void *
ngx_http_weir_summary_next(ngx_http_weir_summary_t *s)
{
    ngx_uint_t                    kind;
    weir_rows_t                  *rows;
    const ngx_http_weir_tally_t  *tally;

    kind = ngx_http_weir_passes[s->pass].source;

    if (kind < WEIR_SERIES_KINDS) {
        rows = weir_series_rows(s->shared->series);

        return s->at ? weir_rows_next(rows, s->at)
                     : weir_rows_first(rows, kind);
    }

    tally = s->at;

    if (tally) {
        return tally->next;
    }

    return kind == NGX_HTTP_WEIR_OF_TENANTS ? s->tenants.first
                                            : s->reasons.first;
}


/* Who has how many requests. */
static ngx_int_t
ngx_http_weir_summary_tally(ngx_http_weir_summary_t *s, const void *one)
{
    uint64_t                n;
    weir_str_t              tenant;
    ngx_uint_t              i;
    const weir_row_t       *row;
    ngx_http_weir_tally_t  *tally;

    row = one;
    n = 0;

    for (i = 0; i < WEIR_NTIMES; i++) {
        n += ngx_http_weir_summary_word(row, WEIR_SERIES_TIMES + i);
    }

    /* one that is kept for what may come */

    if (n == 0) {
        return NGX_OK;
    }

    tenant = weir_row_label(row, NGX_HTTP_WEIR_L_TENANT);

    tally = ngx_http_weir_tallies_get(&s->tenants, s->request->pool, &tenant,
                                      1);
    if (tally == NULL) {
        return NGX_ERROR;
    }

    tally->n += n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_summary_pick(ngx_http_weir_summary_t *s, const void *one)
{
    ngx_uint_t              i;
    ngx_http_weir_tally_t  *tally;

    tally = (ngx_http_weir_tally_t *) one;

    ngx_http_weir_top_add(&s->most, tally);

    if (tally->next) {
        return NGX_OK;
    }

    for (i = 0; i < s->most.n; i++) {
        tally = s->most.elts[i];

        tally->total = ngx_pcalloc(s->request->pool,
                                   sizeof(ngx_http_weir_total_t));
        if (tally->total == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_summary_requests(ngx_http_weir_summary_t *s, const void *one)
{
    uint64_t                n, all;
    ngx_uint_t              i;
    weir_str_t              code;
    const weir_row_t       *row;
    ngx_http_weir_total_t  *total;

    static const weir_str_t  codes[] = {
#define C(name, text)  { text, sizeof(text) - 1 },
        WEIR_STATUSES(C)
#undef C
    };

    row = one;
    total = ngx_http_weir_summary_total(s, row);
    all = 0;

    for (i = 0; i < WEIR_NTIMES; i++) {
        n = ngx_http_weir_summary_word(row, WEIR_SERIES_TIMES + i);
        total->buckets[i] += n;
        all += n;
    }

    total->ms += ngx_http_weir_summary_word(row, WEIR_SERIES_MS);
    total->sent += ngx_http_weir_summary_word(row, WEIR_SERIES_SENT);

    /* of a row whose names are all WEIR_OTHER it is not known */

    code = weir_row_label(row, NGX_HTTP_WEIR_L_CODE);

    for (i = 0; i < WEIR_NCODES; i++) {

        if (weir_str_eq(code, codes[i])) {
            total->requests[i] += all;
            return NGX_OK;
        }
    }

    total->requests[WEIR_CODE_NONE] += all;

    return NGX_OK;
}


/* What was refused, and what would have been. */
static ngx_int_t
ngx_http_weir_summary_decisions(ngx_http_weir_summary_t *s, const void *one)
{
    uint64_t                n;
    ngx_uint_t              i;
    weir_str_t              labels[NGX_HTTP_WEIR_SUMMARY_LABELS];
    const weir_row_t       *row;
    ngx_http_weir_tally_t  *tally;
    ngx_http_weir_total_t  *total;

    row = one;
    n = ngx_http_weir_summary_word(row, 0);

    for (i = 0; i < NGX_HTTP_WEIR_SUMMARY_LABELS; i++) {
        labels[i] = weir_row_label(row, NGX_HTTP_WEIR_L_VERDICT + i);
    }

    if (n == 0 || weir_str_eq(labels[0], weir_string("allow"))) {
        return NGX_OK;
    }

    tally = ngx_http_weir_tallies_get(&s->reasons, s->request->pool, labels,
                                      NGX_HTTP_WEIR_SUMMARY_LABELS);
    if (tally == NULL) {
        return NGX_ERROR;
    }

    tally->n += n;

    if (n > tally->most_n) {
        tally->most_n = n;
        tally->tenant = weir_row_label(row, NGX_HTTP_WEIR_L_TENANT);
        tally->route = weir_row_label(row, NGX_HTTP_WEIR_L_ROUTE);
    }

    if (weir_str_eq(labels[0], weir_string("deny"))) {
        total = ngx_http_weir_summary_total(s, row);
        total->refused += n;

        if (labels[3].len) {
            total->limited += n;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_summary_rank(ngx_http_weir_summary_t *s, const void *one)
{
    ngx_http_weir_top_add(&s->commonest, (ngx_http_weir_tally_t *) one);

    return NGX_OK;
}


/* The limit that has the smallest share left. */
static ngx_int_t
ngx_http_weir_summary_limits(ngx_http_weir_summary_t *s, const void *one)
{
    uint64_t                remaining, capacity;
    const weir_row_t       *row;
    ngx_http_weir_total_t  *total;

    row = one;
    capacity = ngx_http_weir_summary_word(row, WEIR_SERIES_CAPACITY);
    total = ngx_http_weir_summary_total(s, row);

    if (capacity == 0 || total == &s->rest) {
        return NGX_OK;
    }

    remaining = ngx_http_weir_summary_word(row, WEIR_SERIES_REMAINING);

    if (total->capacity == 0
        || (double) remaining / (double) capacity
           < (double) total->remaining / (double) total->capacity)
    {
        total->limit = weir_row_label(row, NGX_HTTP_WEIR_L_OF);
        total->remaining = remaining;
        total->capacity = capacity;
    }

    return NGX_OK;
}


static ngx_http_weir_total_t *
ngx_http_weir_summary_total(ngx_http_weir_summary_t *s, const weir_row_t *row)
{
    weir_str_t              tenant;
    ngx_http_weir_tally_t  *tally;

    tenant = weir_row_label(row, NGX_HTTP_WEIR_L_TENANT);
    tally = ngx_http_weir_tallies_find(&s->tenants, &tenant, 1);

    return tally && tally->total ? tally->total : &s->rest;
}


static uint64_t
ngx_http_weir_summary_word(const weir_row_t *row, ngx_uint_t i)
{
    return __atomic_load_n(&weir_row_words((weir_row_t *) row)[i],
                           __ATOMIC_RELAXED);
}
