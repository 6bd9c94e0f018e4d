/*
 * ngx_http_weir_usage.h: what tenants used, in the store and as JSON.
 *
 *     _usage.c        weir_usage: its arguments, whom it answers about
 *     _usage_json.c   sums, and how they are written
 *     _usage_read.c   what other nodes counted of a tenant, from the store
 *     _usage_flush.c  when what is counted here is written to the store
 *     _usage_store.c  keys and fields there; one row's way into them
 *
 * In the store, of each tenant and period (UTC):
 *
 *     PREFIX:usage:day:2026-11-21:TENANT      a hash, kept for 62 days
 *     PREFIX:usage:month:2026-11:TENANT       a hash, kept for 400 days
 *         NODE:r:ROUTE    "requests bytes_in bytes_out"
 *         NODE:l:LIMIT    "units"
 *
 * A field is one node's own, the sum of all that it counted in the period:
 * whatever is written twice, late, or to a server that forgets it, what is
 * there was counted, and is written again.  NODE is random and lives as long
 * as the shared memory that counts; a node that starts anew has another one.
 */

#ifndef NGX_HTTP_WEIR_USAGE_H
#define NGX_HTTP_WEIR_USAGE_H

#include "ngx_http_weir_metrics.h"

#define NGX_HTTP_WEIR_USAGE_NODE    32      /* hexadecimal digits */
#define NGX_HTTP_WEIR_USAGE_PERIOD  10      /* bytes of its name */
/* of a key, beside the prefix: ":usage:month:", the period, ":", a tenant */
#define NGX_HTTP_WEIR_USAGE_KEY     (13 + NGX_HTTP_WEIR_USAGE_PERIOD + 1      \
                                     + WEIR_ROW_LABEL)
#define NGX_HTTP_WEIR_USAGE_FIELD   (NGX_HTTP_WEIR_USAGE_NODE + 3             \
                                     + WEIR_ROW_LABEL)
#define NGX_HTTP_WEIR_USAGE_VALUE   (WEIR_NUSES * (NGX_INT64_LEN + 1))

/* What a period of a row has to say. */
typedef struct {
    weir_row_t                       *row;
    unsigned                          kind;
    unsigned                          period;
    uint32_t                          number;
    weir_usage_count_t                count;
} ngx_http_weir_usage_entry_t;

/* A field of the store, taken apart. */
typedef struct {
    weir_str_t                        node;
    unsigned                          kind;
    weir_str_t                        name;
    weir_usage_count_t                count;
} ngx_http_weir_usage_field_t;


/* _usage_store.c */

/* "2026-11-21", "2026-11" */
u_char *ngx_http_weir_usage_period(u_char *p, unsigned period,
    uint32_t number);
u_char *ngx_http_weir_usage_key(u_char *p, weir_str_t prefix, unsigned period,
    uint32_t number, weir_str_t tenant);
u_char *ngx_http_weir_usage_node(u_char *p,
    const ngx_http_weir_metrics_shared_t *shared);
/* NGX_DECLINED: no node has written that. */
ngx_int_t ngx_http_weir_usage_field(weir_str_t field, weir_str_t value,
    ngx_http_weir_usage_field_t *out);

typedef struct ngx_http_weir_usage_write_s  ngx_http_weir_usage_write_t;

/* One entry on its way. */
struct ngx_http_weir_usage_write_s {
    ngx_http_weir_call_t              call;
    /* lost: the field was to be there, and was not */
    void                            (*done)(ngx_http_weir_usage_write_t *w,
                                        ngx_http_weir_store_result_e result,
                                        ngx_uint_t lost);
    void                             *data;
    ngx_http_weir_usage_write_t      *next;     /* of those that are free */

    uint64_t                         *mark;
    uint64_t                          marked;   /* that it gets */
    unsigned                          known:1;  /* that the field is there */
    u_char                            text[];
};

/* With room for keys of that prefix. */
size_t ngx_http_weir_usage_write_size(weir_str_t prefix);
/* Whether the entry is not in the store as it is, as far as is known. */
ngx_uint_t ngx_http_weir_usage_stale(const ngx_http_weir_usage_entry_t *e,
    uint64_t epoch);
/* NGX_DECLINED: the store is not asked now; done() is not called. */
ngx_int_t ngx_http_weir_usage_write(ngx_http_weir_usage_write_t *w,
    ngx_http_weir_store_t *store, ngx_http_weir_metrics_shared_t *shared,
    const ngx_http_weir_usage_entry_t *e);


/* _usage_json.c */

/* A route or a limit of a tenant. */
typedef struct ngx_http_weir_usage_item_s  ngx_http_weir_usage_item_t;

struct ngx_http_weir_usage_item_s {
    ngx_http_weir_usage_item_t       *next;     /* of the sum, or free */
    ngx_http_weir_usage_item_t       *same;     /* the next one of the hash */
    weir_str_t                        name;
    unsigned                          kind;
    weir_usage_count_t                count[WEIR_USAGE_PERIODS];
};

#define NGX_HTTP_WEIR_USAGE_BUCKETS  256        /* a power of two */

/* All of one tenant. */
typedef struct {
    ngx_pool_t                       *pool;
    weir_usage_now_t                  when;     /* periods that it is of */
    ngx_http_weir_usage_item_t       *items;
    ngx_http_weir_usage_item_t      **last;
    ngx_http_weir_usage_item_t       *free;
    ngx_uint_t                        nitems;
    ngx_http_weir_usage_item_t       *hash[NGX_HTTP_WEIR_USAGE_BUCKETS];
} ngx_http_weir_usage_sum_t;

void ngx_http_weir_usage_clear(ngx_http_weir_usage_sum_t *sum);
/* The name lives as long as the sum; NGX_ERROR: no memory. */
ngx_int_t ngx_http_weir_usage_add(ngx_http_weir_usage_sum_t *sum,
    unsigned kind, weir_str_t name, unsigned period,
    const weir_usage_count_t *count);
/* What this node counted of a tenant; its row of WEIR_USAGE_TENANTS. */
ngx_int_t ngx_http_weir_usage_here(ngx_http_weir_usage_sum_t *sum,
    weir_usage_t *usage, weir_row_t *tenant);

/* Text that grows by buffers. */
typedef struct {
    ngx_pool_t                       *pool;
    ngx_chain_t                      *head;
    ngx_chain_t                      *tail;
    off_t                             size;     /* of all but the last */
    unsigned                          failed:1; /* no memory */
} ngx_http_weir_usage_text_t;

off_t ngx_http_weir_usage_size(const ngx_http_weir_usage_text_t *text);
void ngx_http_weir_usage_print(ngx_http_weir_usage_text_t *text,
    const char *fmt, ...);
void ngx_http_weir_usage_string(ngx_http_weir_usage_text_t *text,
    weir_str_t s);
/* "day":{...},"month":{...} */
void ngx_http_weir_usage_periods(ngx_http_weir_usage_text_t *text,
    const ngx_http_weir_usage_sum_t *sum);


/* _usage_read.c */

typedef struct ngx_http_weir_usage_read_s  ngx_http_weir_usage_read_t;

/*
 * Adds to a sum what other nodes have in the store of a tenant; done() is
 * called once, never from within, and at the latest after the store's timeout.
 * NGX_DECLINED: the store is not asked, and done() not called.  Where it was
 * not complete, the sum is of no use.
 */
ngx_int_t ngx_http_weir_usage_read(ngx_http_request_t *r, weir_str_t tenant,
    ngx_http_weir_usage_sum_t *sum,
    void (*done)(void *data, ngx_uint_t complete), void *data);


#endif
