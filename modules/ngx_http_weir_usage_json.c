/*
 * ngx_http_weir_usage_json.c: what a tenant used, summed up, and as JSON.
 */

#include "ngx_http_weir_usage.h"
#include "base/hash.h"

#define NGX_HTTP_WEIR_USAGE_BUFFER  16384
#define NGX_HTTP_WEIR_USAGE_PRINT   512         /* bytes of a print, at most */


static ngx_http_weir_usage_item_t *ngx_http_weir_usage_item(
    ngx_http_weir_usage_sum_t *sum, unsigned kind, weir_str_t name);
static void ngx_http_weir_usage_plus(weir_usage_count_t *to,
    const weir_usage_count_t *count);
static ngx_uint_t ngx_http_weir_usage_none(const weir_usage_count_t *count);
static ngx_buf_t *ngx_http_weir_usage_buffer(ngx_http_weir_usage_text_t *text,
    size_t size);
static void ngx_http_weir_usage_items(ngx_http_weir_usage_text_t *text,
    const ngx_http_weir_usage_sum_t *sum, unsigned kind, unsigned period);
static void ngx_http_weir_usage_counts(ngx_http_weir_usage_text_t *text,
    const weir_usage_count_t *count);


static const char  *ngx_http_weir_usage_period_names[WEIR_USAGE_PERIODS] = {
    "day", "month"
};

static const char  *ngx_http_weir_usage_uses[WEIR_NUSES] = {
#define U(name, text)  text,
    WEIR_USES(U)
#undef U
};


/* Sums */

void
ngx_http_weir_usage_clear(ngx_http_weir_usage_sum_t *sum)
{
    if (sum->items) {
        *sum->last = sum->free;
        sum->free = sum->items;
    }

    sum->items = NULL;
    sum->last = &sum->items;
    sum->nitems = 0;

    ngx_memzero(sum->hash, sizeof(sum->hash));
}


ngx_int_t
ngx_http_weir_usage_add(ngx_http_weir_usage_sum_t *sum, unsigned kind,
    weir_str_t name, unsigned period, const weir_usage_count_t *count)
{
    ngx_http_weir_usage_item_t  *item;

    item = ngx_http_weir_usage_item(sum, kind, name);

    if (item == NULL) {
        return NGX_ERROR;
    }

    ngx_http_weir_usage_plus(&item->count[period], count);

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_usage_here(ngx_http_weir_usage_sum_t *sum, weir_usage_t *usage,
    weir_row_t *tenant)
{
    unsigned             kind, period;
    weir_row_t          *row;
    weir_rows_t         *rows;
    weir_usage_count_t   count;

    rows = weir_usage_rows(usage);

    for (row = weir_rows_child(rows, tenant);
         row != NULL;
         row = weir_rows_sibling(rows, row))
    {
        kind = weir_row_kind(row);

        for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
            weir_usage_read(row, kind, period, sum->when.number[period],
                            &count);

            if (!ngx_http_weir_usage_none(&count)
                && ngx_http_weir_usage_add(sum, kind, weir_row_label(row, 1),
                                           period, &count)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_http_weir_usage_item_t *
ngx_http_weir_usage_item(ngx_http_weir_usage_sum_t *sum, unsigned kind,
    weir_str_t name)
{
    ngx_http_weir_usage_item_t  *item, **bucket;

    bucket = &sum->hash[weir_hash(name, kind)
                        & (NGX_HTTP_WEIR_USAGE_BUCKETS - 1)];

    for (item = *bucket; item; item = item->same) {

        if (item->kind == kind && weir_str_eq(item->name, name)) {
            return item;
        }
    }

    if (sum->free) {
        item = sum->free;
        sum->free = item->next;

    } else {
        item = ngx_palloc(sum->pool, sizeof(ngx_http_weir_usage_item_t));
        if (item == NULL) {
            return NULL;
        }
    }

    ngx_memzero(item, sizeof(ngx_http_weir_usage_item_t));

    item->name = name;
    item->kind = kind;
    item->same = *bucket;
    *bucket = item;

    *sum->last = item;
    sum->last = &item->next;
    sum->nitems++;

    return item;
}


/* What the store says may be anything: a sum stays at the greatest number. */

static void
ngx_http_weir_usage_plus(weir_usage_count_t *to,
    const weir_usage_count_t *count)
{
    ngx_uint_t  i;

    for (i = 0; i < WEIR_NUSES; i++) {
        to->n[i] = count->n[i] > UINT64_MAX - to->n[i]
                   ? UINT64_MAX : to->n[i] + count->n[i];
    }
}


static ngx_uint_t
ngx_http_weir_usage_none(const weir_usage_count_t *count)
{
    ngx_uint_t  i;

    for (i = 0; i < WEIR_NUSES; i++) {

        if (count->n[i] != 0) {
            return 0;
        }
    }

    return 1;
}


/* Text */

off_t
ngx_http_weir_usage_size(const ngx_http_weir_usage_text_t *text)
{
    return text->size
           + (text->tail ? text->tail->buf->last - text->tail->buf->pos : 0);
}


static ngx_buf_t *
ngx_http_weir_usage_buffer(ngx_http_weir_usage_text_t *text, size_t size)
{
    ngx_chain_t  *cl;

    cl = text->tail;

    if (cl && size <= (size_t) (cl->buf->end - cl->buf->last)) {
        return cl->buf;
    }

    cl = text->failed ? NULL : ngx_alloc_chain_link(text->pool);

    if (cl) {
        cl->next = NULL;
        cl->buf = ngx_create_temp_buf(text->pool,
                                      ngx_max(size,
                                              NGX_HTTP_WEIR_USAGE_BUFFER));
    }

    if (cl == NULL || cl->buf == NULL) {
        text->failed = 1;
        return NULL;
    }

    if (text->tail) {
        text->size = ngx_http_weir_usage_size(text);
        text->tail->next = cl;

    } else {
        text->head = cl;
    }

    text->tail = cl;

    return cl->buf;
}


void
ngx_http_weir_usage_print(ngx_http_weir_usage_text_t *text, const char *fmt,
    ...)
{
    va_list     args;
    ngx_buf_t  *b;

    b = ngx_http_weir_usage_buffer(text, NGX_HTTP_WEIR_USAGE_PRINT);

    if (b != NULL) {
        va_start(args, fmt);
        b->last = ngx_vslprintf(b->last, b->end, fmt, args);
        va_end(args);
    }
}


void
ngx_http_weir_usage_string(ngx_http_weir_usage_text_t *text, weir_str_t s)
{
    ngx_buf_t  *b;

    b = ngx_http_weir_usage_buffer(text, 6 * s.len + 2);

    if (b != NULL) {
        b->last = ngx_http_weir_json(b->last, b->end, s);
    }
}


void
ngx_http_weir_usage_periods(ngx_http_weir_usage_text_t *text,
    const ngx_http_weir_usage_sum_t *sum)
{
    u_char                            *p, name[NGX_HTTP_WEIR_USAGE_PERIOD];
    unsigned                           period;
    weir_usage_count_t                 all;
    const ngx_http_weir_usage_item_t  *item;

    for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
        p = ngx_http_weir_usage_period(name, period, sum->when.number[period]);

        ngx_http_weir_usage_print(text, "%s\"%s\":{\"period\":\"%*s\",",
                                  period ? "," : "",
                                  ngx_http_weir_usage_period_names[period],
                                  (size_t) (p - name), name);

        ngx_memzero(&all, sizeof(weir_usage_count_t));

        for (item = sum->items; item; item = item->next) {
            if (item->kind == WEIR_USAGE_ROUTES) {
                ngx_http_weir_usage_plus(&all, &item->count[period]);
            }
        }

        ngx_http_weir_usage_counts(text, &all);

        ngx_http_weir_usage_print(text, ",\"units\":{");
        ngx_http_weir_usage_items(text, sum, WEIR_USAGE_LIMITS, period);
        ngx_http_weir_usage_print(text, "},\"routes\":{");
        ngx_http_weir_usage_items(text, sum, WEIR_USAGE_ROUTES, period);
        ngx_http_weir_usage_print(text, "}}");
    }
}


static void
ngx_http_weir_usage_items(ngx_http_weir_usage_text_t *text,
    const ngx_http_weir_usage_sum_t *sum, unsigned kind, unsigned period)
{
    ngx_uint_t                         n;
    const weir_usage_count_t          *count;
    const ngx_http_weir_usage_item_t  *item;

    n = 0;

    for (item = sum->items; item; item = item->next) {
        count = &item->count[period];

        if (item->kind != kind || ngx_http_weir_usage_none(count)) {
            continue;
        }

        ngx_http_weir_usage_print(text, n++ ? "," : "");
        ngx_http_weir_usage_string(text, item->name);

        if (kind == WEIR_USAGE_LIMITS) {
            ngx_http_weir_usage_print(text, ":%uL", count->n[0]);
            continue;
        }

        ngx_http_weir_usage_print(text, ":{");
        ngx_http_weir_usage_counts(text, count);
        ngx_http_weir_usage_print(text, "}");
    }
}


static void
ngx_http_weir_usage_counts(ngx_http_weir_usage_text_t *text,
    const weir_usage_count_t *count)
{
    ngx_uint_t  i;

    for (i = 0; i < WEIR_NUSES; i++) {
        ngx_http_weir_usage_print(text, "%s\"%s\":%uL", i ? "," : "",
                                  ngx_http_weir_usage_uses[i], count->n[i]);
    }
}
