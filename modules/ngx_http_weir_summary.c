/*
 * ngx_http_weir_summary.c: what tenants do, as the dashboard asks for it: the
 * tenants with the most requests and the commonest reasons of refusals.
 *
 * Rows may be hundreds of thousands: some are looked at in one turn of the
 * loop, and requests are served before the next ones.  The first two passes
 * say who has the most requests, the others add up what there is of them; all
 * that is left is summed.
 */

#include "ngx_http_weir_metrics.h"

#define NGX_HTTP_WEIR_SUMMARY_ROWS     256      /* of a turn */
#define NGX_HTTP_WEIR_SUMMARY_TENANTS  200
#define NGX_HTTP_WEIR_SUMMARY_REASONS  50
#define NGX_HTTP_WEIR_SUMMARY_BUCKETS  4096     /* of either's table */
#define NGX_HTTP_WEIR_SUMMARY_LABELS   4        /* of a reason */

/* bytes without texts; of a byte of a text as JSON at most */
#define NGX_HTTP_WEIR_SUMMARY_FIXED    512
#define NGX_HTTP_WEIR_SUMMARY_TENANT   1024
#define NGX_HTTP_WEIR_SUMMARY_REASON   192
#define NGX_HTTP_WEIR_SUMMARY_BYTE     6


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

enum {
    NGX_HTTP_WEIR_W_MS,                 /* words of requests */
    NGX_HTTP_WEIR_W_RECEIVED,
    NGX_HTTP_WEIR_W_SENT,
    NGX_HTTP_WEIR_W_BUCKETS,

    NGX_HTTP_WEIR_W_UNITS = WEIR_LIMIT_NVERDICTS,   /* of limits */
    NGX_HTTP_WEIR_W_REMAINING,
    NGX_HTTP_WEIR_W_CAPACITY
};

/* What is shown of a tenant. */
typedef struct {
    uint64_t                       requests[WEIR_NCODES];
    uint64_t                       buckets[WEIR_NTIMES];
    uint64_t                       ms;
    uint64_t                       sent;
    uint64_t                       refused;
    uint64_t                       limited;
    weir_str_t                     limit;       /* the fullest one */
    uint64_t                       remaining;
    uint64_t                       capacity;    /* 0: none */
} ngx_http_weir_total_t;

typedef struct ngx_http_weir_tally_s  ngx_http_weir_tally_t;

/* Requests of a tenant, or refusals for a reason. */
struct ngx_http_weir_tally_s {
    ngx_http_weir_tally_t         *chain;       /* of the same bucket */
    ngx_http_weir_tally_t         *next;        /* in the order of making */
    uint64_t                       n;
    weir_str_t                     labels[NGX_HTTP_WEIR_SUMMARY_LABELS];
    ngx_http_weir_total_t         *total;       /* NULL: among the rest */
    uint64_t                       most_n;      /* of one tenant and route: */
    weir_str_t                     tenant;
    weir_str_t                     route;
};

typedef struct {
    ngx_http_weir_tally_t        **buckets;
    ngx_http_weir_tally_t         *first;
    ngx_http_weir_tally_t        **last;
} ngx_http_weir_tallies_t;

/* The ones with the most, the most first. */
typedef struct {
    ngx_http_weir_tally_t        **elts;
    ngx_uint_t                     n;
    ngx_uint_t                     max;
} ngx_http_weir_top_t;

typedef struct ngx_http_weir_summary_s  ngx_http_weir_summary_t;

/* One row, or tally, more. */
typedef ngx_int_t (*ngx_http_weir_summary_pt)(ngx_http_weir_summary_t *s,
    const void *one);

struct ngx_http_weir_summary_s {
    ngx_http_request_t              *request;
    ngx_http_weir_metrics_shared_t  *shared;
    ngx_event_t                      event;
    ngx_uint_t                       pass;
    const void                      *at;        /* the last that was read */

    ngx_http_weir_tallies_t          tenants;
    ngx_http_weir_tallies_t          reasons;
    ngx_http_weir_top_t              most;      /* of tenants */
    ngx_http_weir_top_t              commonest; /* of reasons */
    ngx_http_weir_total_t            rest;
};


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
static ngx_int_t ngx_http_weir_tallies_init(ngx_http_weir_tallies_t *t,
    ngx_pool_t *pool);
static ngx_http_weir_tally_t **ngx_http_weir_tallies_find(
    const ngx_http_weir_tallies_t *t, const weir_str_t *labels, ngx_uint_t n);
static ngx_http_weir_tally_t *ngx_http_weir_tallies_get(
    ngx_http_weir_tallies_t *t, ngx_pool_t *pool, const weir_str_t *labels,
    ngx_uint_t n);
static ngx_int_t ngx_http_weir_top_init(ngx_http_weir_top_t *top,
    ngx_pool_t *pool, ngx_uint_t max);
static void ngx_http_weir_top_add(ngx_http_weir_top_t *top,
    ngx_http_weir_tally_t *tally);
static ngx_buf_t *ngx_http_weir_summary_json(ngx_http_weir_summary_t *s);
static u_char *ngx_http_weir_summary_head(ngx_http_weir_summary_t *s,
    u_char *p, u_char *end);
static u_char *ngx_http_weir_summary_tenant(u_char *p, u_char *end,
    weir_str_t name, const ngx_http_weir_total_t *total);
static u_char *ngx_http_weir_summary_reason(u_char *p, u_char *end,
    const ngx_http_weir_tally_t *tally);


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

    ngx_post_event(&s->event, &ngx_posted_next_events);

    r->main->count++;

    return NGX_DONE;
}


static void
ngx_http_weir_summary_cleanup(void *data)
{
    ngx_http_weir_summary_t *s = data;

    if (s->event.posted) {
        ngx_delete_posted_event(&s->event);
    }
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
        ngx_post_event(&s->event, &ngx_posted_next_events);
        return;
    }

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
        n += ngx_http_weir_summary_word(row, NGX_HTTP_WEIR_W_BUCKETS + i);
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
        n = ngx_http_weir_summary_word(row, NGX_HTTP_WEIR_W_BUCKETS + i);
        total->buckets[i] += n;
        all += n;
    }

    total->ms += ngx_http_weir_summary_word(row, NGX_HTTP_WEIR_W_MS);
    total->sent += ngx_http_weir_summary_word(row, NGX_HTTP_WEIR_W_SENT);

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
    capacity = ngx_http_weir_summary_word(row, NGX_HTTP_WEIR_W_CAPACITY);
    total = ngx_http_weir_summary_total(s, row);

    if (capacity == 0 || total == &s->rest) {
        return NGX_OK;
    }

    remaining = ngx_http_weir_summary_word(row, NGX_HTTP_WEIR_W_REMAINING);

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
    tally = *ngx_http_weir_tallies_find(&s->tenants, &tenant, 1);

    return tally && tally->total ? tally->total : &s->rest;
}


static uint64_t
ngx_http_weir_summary_word(const weir_row_t *row, ngx_uint_t i)
{
    return __atomic_load_n(&weir_row_words((weir_row_t *) row)[i],
                           __ATOMIC_RELAXED);
}


static ngx_int_t
ngx_http_weir_tallies_init(ngx_http_weir_tallies_t *t, ngx_pool_t *pool)
{
    t->buckets = ngx_pcalloc(pool, NGX_HTTP_WEIR_SUMMARY_BUCKETS
                                   * sizeof(ngx_http_weir_tally_t *));
    if (t->buckets == NULL) {
        return NGX_ERROR;
    }

    t->last = &t->first;

    return NGX_OK;
}


/* Where it is in its chain, or would be. */
static ngx_http_weir_tally_t **
ngx_http_weir_tallies_find(const ngx_http_weir_tallies_t *t,
    const weir_str_t *labels, ngx_uint_t n)
{
    uint32_t                 hash;
    ngx_uint_t               i;
    ngx_http_weir_tally_t  **link;

    ngx_crc32_init(hash);

    for (i = 0; i < n; i++) {
        ngx_crc32_update(&hash, (u_char *) labels[i].data, labels[i].len);
        ngx_crc32_update(&hash, (u_char *) "", 1);
    }

    link = &t->buckets[hash % NGX_HTTP_WEIR_SUMMARY_BUCKETS];

    for ( /* void */ ; *link; link = &(*link)->chain) {

        for (i = 0; i < n; i++) {
            if (!weir_str_eq((*link)->labels[i], labels[i])) {
                break;
            }
        }

        if (i == n) {
            break;
        }
    }

    return link;
}


static ngx_http_weir_tally_t *
ngx_http_weir_tallies_get(ngx_http_weir_tallies_t *t, ngx_pool_t *pool,
    const weir_str_t *labels, ngx_uint_t n)
{
    ngx_http_weir_tally_t  *tally, **link;

    link = ngx_http_weir_tallies_find(t, labels, n);

    if (*link) {
        return *link;
    }

    tally = ngx_pcalloc(pool, sizeof(ngx_http_weir_tally_t));
    if (tally == NULL) {
        return NULL;
    }

    /* rows and their labels never go */

    ngx_memcpy(tally->labels, labels, n * sizeof(weir_str_t));

    *link = tally;
    *t->last = tally;
    t->last = &tally->next;

    return tally;
}


static ngx_int_t
ngx_http_weir_top_init(ngx_http_weir_top_t *top, ngx_pool_t *pool,
    ngx_uint_t max)
{
    top->max = max;
    top->elts = ngx_palloc(pool, max * sizeof(ngx_http_weir_tally_t *));

    return top->elts ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_weir_top_add(ngx_http_weir_top_t *top, ngx_http_weir_tally_t *tally)
{
    ngx_uint_t  i;

    if (top->n == top->max) {

        if (tally->n <= top->elts[top->n - 1]->n) {
            return;
        }

        top->n--;
    }

    for (i = top->n++; i > 0 && top->elts[i - 1]->n < tally->n; i--) {
        top->elts[i] = top->elts[i - 1];
    }

    top->elts[i] = tally;
}


static ngx_buf_t *
ngx_http_weir_summary_json(ngx_http_weir_summary_t *s)
{
    size_t                        size;
    u_char                       *p, *end;
    ngx_buf_t                    *b;
    ngx_uint_t                    i, k;
    const ngx_http_weir_tally_t  *tally;

    size = NGX_HTTP_WEIR_SUMMARY_FIXED + NGX_HTTP_WEIR_SUMMARY_TENANT;

    for (i = 0; i < s->most.n; i++) {
        tally = s->most.elts[i];
        size += NGX_HTTP_WEIR_SUMMARY_TENANT
                + NGX_HTTP_WEIR_SUMMARY_BYTE
                  * (tally->labels[0].len + tally->total->limit.len);
    }

    for (i = 0; i < s->commonest.n; i++) {
        tally = s->commonest.elts[i];
        size += NGX_HTTP_WEIR_SUMMARY_REASON;

        size += NGX_HTTP_WEIR_SUMMARY_BYTE
                * (tally->tenant.len + tally->route.len);

        for (k = 0; k < NGX_HTTP_WEIR_SUMMARY_LABELS; k++) {
            size += NGX_HTTP_WEIR_SUMMARY_BYTE * tally->labels[k].len;
        }
    }

    b = ngx_create_temp_buf(s->request->pool, size);
    if (b == NULL) {
        return NULL;
    }

    end = b->end;
    p = ngx_http_weir_summary_head(s, b->last, end);
    p = ngx_slprintf(p, end, ",\"tenants\":[");

    for (i = 0; i < s->most.n; i++) {
        tally = s->most.elts[i];
        p = ngx_http_weir_summary_tenant(p, end, tally->labels[0],
                                         tally->total);
        p = ngx_slprintf(p, end, ",");
    }

    p = ngx_http_weir_summary_tenant(p, end, weir_string("_rest"), &s->rest);
    p = ngx_slprintf(p, end, "],\"reasons\":[");

    for (i = 0; i < s->commonest.n; i++) {
        p = ngx_slprintf(p, end, "%s", i ? "," : "");
        p = ngx_http_weir_summary_reason(p, end, s->commonest.elts[i]);
    }

    b->last = ngx_slprintf(p, end, "]}\n");

    return b;
}


static u_char *
ngx_http_weir_summary_head(ngx_http_weir_summary_t *s, u_char *p, u_char *end)
{
    ngx_time_t         *tp;
    weir_series_use_t   use;

    static const char  bounds[] =
#define B(ms, le)  "," le
        WEIR_TIMES(B)
#undef B
        ;

    tp = ngx_timeofday();

    /* milliseconds since 1970: rates are made of differences */

    p = ngx_slprintf(p, end, "{\"time\":%T%03M,\"began\":%uL,"
                     "\"bounds\":[%s],\"series\":",
                     tp->sec, tp->msec, s->shared->began, bounds + 1);

    if (s->shared->series == NULL) {
        return ngx_slprintf(p, end, "null");
    }

    weir_series_use(s->shared->series, &use);

    return ngx_slprintf(p, end,
                        "{\"series\":%uL,\"max\":%uL,\"folded\":%uL}",
                        use.series, use.max, use.folded);
}


static u_char *
ngx_http_weir_summary_tenant(u_char *p, u_char *end, weir_str_t name,
    const ngx_http_weir_total_t *total)
{
    ngx_uint_t  i;

    static const char *const  codes[] = {
#define C(name, text)  text,
        WEIR_STATUSES(C)
#undef C
    };

    p = ngx_slprintf(p, end, "{\"tenant\":");
    p = ngx_http_weir_json(p, end, name);
    p = ngx_slprintf(p, end, ",\"requests\":{");

    for (i = 0; i < WEIR_NCODES; i++) {
        p = ngx_slprintf(p, end, "%s\"%s\":%uL", i ? "," : "", codes[i],
                         total->requests[i]);
    }

    p = ngx_slprintf(p, end, "},\"refused\":%uL,\"limited\":%uL,"
                     "\"sum_ms\":%uL,\"bytes_out\":%uL,\"buckets\":[",
                     total->refused, total->limited, total->ms, total->sent);

    for (i = 0; i < WEIR_NTIMES; i++) {
        p = ngx_slprintf(p, end, "%s%uL", i ? "," : "", total->buckets[i]);
    }

    if (total->capacity == 0) {
        return ngx_slprintf(p, end, "],\"quota\":null}");
    }

    p = ngx_slprintf(p, end, "],\"quota\":{\"limit\":");
    p = ngx_http_weir_json(p, end, total->limit);

    return ngx_slprintf(p, end, ",\"remaining\":%uL,\"capacity\":%uL}}",
                        total->remaining, total->capacity);
}


static u_char *
ngx_http_weir_summary_reason(u_char *p, u_char *end,
    const ngx_http_weir_tally_t *tally)
{
    ngx_uint_t  i;

    static const char *const  names[NGX_HTTP_WEIR_SUMMARY_LABELS] = {
        "{\"verdict\":", ",\"reason\":", ",\"rule\":", ",\"limit\":"
    };

    for (i = 0; i < NGX_HTTP_WEIR_SUMMARY_LABELS; i++) {
        p = ngx_slprintf(p, end, "%s", names[i]);
        p = ngx_http_weir_json(p, end, tally->labels[i]);
    }

    p = ngx_slprintf(p, end, ",\"count\":%uL,\"most\":{\"tenant\":", tally->n);
    p = ngx_http_weir_json(p, end, tally->tenant);
    p = ngx_slprintf(p, end, ",\"route\":");
    p = ngx_http_weir_json(p, end, tally->route);

    return ngx_slprintf(p, end, ",\"count\":%uL}}", tally->most_n);
}
