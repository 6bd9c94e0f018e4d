/*
 * ngx_http_weir_usage_read.c: what other nodes have in the store of a tenant.
 *
 * Hashes are read page by page, so no reply is long.  A page may have what one
 * before it had: each field counts once.  What the store has is anybody's: a
 * field that is none is passed over.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_usage.h"
#include "base/hash.h"

/* fields, about: the longest ones are not more than a reply may be */
#define NGX_HTTP_WEIR_USAGE_PAGE    "250"
#define NGX_HTTP_WEIR_USAGE_CURSOR  20          /* bytes */
#define NGX_HTTP_WEIR_USAGE_SEEN    256         /* fields at first; 2^n */
#define NGX_HTTP_WEIR_USAGE_FIELDS  65536       /* of a hash, at most */
#define NGX_HTTP_WEIR_USAGE_ITEMS   10000       /* of a tenant, at most */
#define NGX_HTTP_WEIR_USAGE_DEAF    10000       /* ms, after such an error */


typedef struct {
    ngx_http_weir_call_t             call;
    ngx_http_weir_usage_read_t      *read;
    unsigned                         period;
    weir_str_t                       key;
    size_t                           len;       /* of the cursor */
    u_char                           cursor[NGX_HTTP_WEIR_USAGE_CURSOR];

    /* hashes of fields that came, 0: free */
    uint64_t                        *seen;
    ngx_uint_t                       mask;
    ngx_uint_t                       nseen;
} ngx_http_weir_usage_scan_t;

struct ngx_http_weir_usage_read_s {
    ngx_http_request_t              *request;
    ngx_http_weir_main_conf_t       *wmcf;
    ngx_http_weir_metrics_shared_t  *shared;
    ngx_http_weir_usage_sum_t       *sum;
    void                           (*done)(void *data, ngx_uint_t complete);
    void                            *data;
    ngx_event_t                      timer;
    ngx_uint_t                       open;      /* scans */
    u_char                           node[NGX_HTTP_WEIR_USAGE_NODE];
    ngx_http_weir_usage_scan_t       scans[WEIR_USAGE_PERIODS];
};


static ngx_int_t ngx_http_weir_usage_scan_init(
    ngx_http_weir_usage_scan_t *scan, ngx_http_weir_usage_read_t *read,
    unsigned period, weir_str_t tenant);
static ngx_int_t ngx_http_weir_usage_scan_send(
    ngx_http_weir_usage_scan_t *scan);
static void ngx_http_weir_usage_scan_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static ngx_int_t ngx_http_weir_usage_scan_page(
    ngx_http_weir_usage_scan_t *scan, const ngx_http_weir_reply_t *reply);
static ngx_int_t ngx_http_weir_usage_scan_field(
    ngx_http_weir_usage_scan_t *scan, weir_str_t field, weir_str_t value);
static void ngx_http_weir_usage_scan_bad(ngx_http_weir_usage_scan_t *scan,
    weir_str_t field, weir_str_t value);
static ngx_int_t ngx_http_weir_usage_scan_new(ngx_http_weir_usage_scan_t *scan,
    weir_str_t field);
static ngx_int_t ngx_http_weir_usage_scan_grow(
    ngx_http_weir_usage_scan_t *scan);
static void ngx_http_weir_usage_late(ngx_event_t *ev);
static void ngx_http_weir_usage_read_end(ngx_http_weir_usage_read_t *read,
    ngx_uint_t complete);
static void ngx_http_weir_usage_read_stop(void *data);


ngx_int_t
ngx_http_weir_usage_read(ngx_http_request_t *r, weir_str_t tenant,
    ngx_http_weir_usage_sum_t *sum,
    void (*done)(void *data, ngx_uint_t complete), void *data)
{
    unsigned                     period;
    ngx_int_t                    rc;
    ngx_pool_cleanup_t          *cln;
    ngx_http_weir_main_conf_t   *wmcf;
    ngx_http_weir_usage_read_t  *read;

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    if (!ngx_http_weir_store_open(wmcf->store)
        || (ngx_msec_int_t) (wmcf->metrics->quiet - ngx_current_msec) > 0)
    {
        return NGX_DECLINED;
    }

    read = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_usage_read_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (read == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    read->request = r;
    read->wmcf = wmcf;
    read->shared = ngx_http_weir_metrics_shared(wmcf->metrics);
    read->sum = sum;
    read->done = done;
    read->data = data;

    (void) ngx_http_weir_usage_node(read->node, read->shared);

    /* not cancelable: a worker that quits waits for its requests */

    read->timer.handler = ngx_http_weir_usage_late;
    read->timer.data = read;
    read->timer.log = r->connection->log;

    cln->handler = ngx_http_weir_usage_read_stop;
    cln->data = read;

    for (period = 0; period < WEIR_USAGE_PERIODS; period++) {

        rc = ngx_http_weir_usage_scan_init(&read->scans[period], read, period,
                                           tenant);
        if (rc == NGX_OK) {
            rc = ngx_http_weir_usage_scan_send(&read->scans[period]);
        }

        if (rc != NGX_OK) {
            ngx_http_weir_usage_read_stop(read);
            return rc;
        }

        read->open++;
    }

    ngx_add_timer(&read->timer, ngx_http_weir_store_timeout(wmcf->store));

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_usage_scan_init(ngx_http_weir_usage_scan_t *scan,
    ngx_http_weir_usage_read_t *read, unsigned period, weir_str_t tenant)
{
    u_char      *p, *key;
    ngx_pool_t  *pool;
    weir_str_t   prefix;

    pool = read->request->pool;
    prefix = ngx_http_weir_store_prefix(read->wmcf->store);

    key = ngx_pnalloc(pool, prefix.len + NGX_HTTP_WEIR_USAGE_KEY + tenant.len);
    scan->seen = ngx_pcalloc(pool, NGX_HTTP_WEIR_USAGE_SEEN
                                   * sizeof(uint64_t));

    if (key == NULL || scan->seen == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_weir_usage_key(key, prefix, period,
                                read->sum->when.number[period], tenant);

    scan->read = read;
    scan->period = period;
    scan->key = weir_str((char *) key, (size_t) (p - key));
    scan->mask = NGX_HTTP_WEIR_USAGE_SEEN - 1;
    scan->cursor[0] = '0';
    scan->len = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_usage_scan_send(ngx_http_weir_usage_scan_t *scan)
{
    ngx_http_weir_call_t     *call;
    ngx_http_weir_command_t  *command;

    call = &scan->call;
    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    command = &call->commands[0];
    command->nargs = 5;
    command->args[0] = weir_string("HSCAN");
    command->args[1] = scan->key;
    command->args[2] = weir_str((char *) scan->cursor, scan->len);
    command->args[3] = weir_string("COUNT");
    command->args[4] = weir_string(NGX_HTTP_WEIR_USAGE_PAGE);

    call->ncommands = 1;
    call->minor = 1;
    call->key = scan->key;
    call->handler = ngx_http_weir_usage_scan_told;
    call->data = scan;

    return ngx_http_weir_store_call(scan->read->wmcf->store, call);
}


static void
ngx_http_weir_usage_scan_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_usage_scan_t *scan = call->data;

    ngx_http_weir_usage_read_t  *read;

    read = scan->read;

    if (result == NGX_HTTP_WEIR_STORE_QUIT) {
        return;                         /* the request ends with the process */
    }

    if (result == NGX_HTTP_WEIR_STORE_PROTOCOL) {

        /* a reply that is too long: it has cost a connection */

        read->wmcf->metrics->quiet = ngx_current_msec
                                     + NGX_HTTP_WEIR_USAGE_DEAF;
    }

    if (result != NGX_HTTP_WEIR_STORE_OK
        || ngx_http_weir_usage_scan_page(scan, &replies[0]) != NGX_OK)
    {
        ngx_http_weir_usage_read_end(read, 0);
        return;
    }

    if (scan->len != 1 || scan->cursor[0] != '0') {

        if (ngx_http_weir_usage_scan_send(scan) != NGX_OK) {
            ngx_http_weir_usage_read_end(read, 0);
        }

        return;
    }

    if (--read->open == 0) {
        ngx_http_weir_usage_read_end(read, 1);
    }
}


static ngx_int_t
ngx_http_weir_usage_scan_page(ngx_http_weir_usage_scan_t *scan,
    const ngx_http_weir_reply_t *reply)
{
    ngx_uint_t                    i;
    weir_str_t                    cursor;
    const ngx_http_weir_reply_t  *page;

    if (reply->type != NGX_HTTP_WEIR_REPLY_ARRAY || reply->nitems != 2
        || reply->items[0].type != NGX_HTTP_WEIR_REPLY_TEXT
        || reply->items[1].type != NGX_HTTP_WEIR_REPLY_ARRAY)
    {
        return NGX_ERROR;
    }

    cursor = reply->items[0].text;
    page = &reply->items[1];

    if (cursor.len == 0 || cursor.len > NGX_HTTP_WEIR_USAGE_CURSOR
        || page->nitems % 2)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(scan->cursor, cursor.data, cursor.len);
    scan->len = cursor.len;

    for (i = 0; i < page->nitems; i += 2) {

        if (page->items[i].type != NGX_HTTP_WEIR_REPLY_TEXT
            || page->items[i + 1].type != NGX_HTTP_WEIR_REPLY_TEXT
            || ngx_http_weir_usage_scan_field(scan, page->items[i].text,
                                              page->items[i + 1].text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_usage_scan_field(ngx_http_weir_usage_scan_t *scan,
    weir_str_t field, weir_str_t value)
{
    ngx_int_t                     rc;
    weir_str_t                    name;
    ngx_http_weir_usage_read_t   *read;
    ngx_http_weir_usage_field_t   f;

    read = scan->read;

    rc = ngx_http_weir_usage_scan_new(scan, field);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_weir_usage_field(field, value, &f) != NGX_OK) {
        ngx_http_weir_usage_scan_bad(scan, field, value);
        return NGX_OK;
    }

    /* what this node has there is not newer than what it has here */

    if (ngx_memcmp(f.node.data, read->node, NGX_HTTP_WEIR_USAGE_NODE) == 0) {
        return NGX_OK;
    }

    if (read->sum->nitems == NGX_HTTP_WEIR_USAGE_ITEMS) {
        return NGX_ERROR;
    }

    name = ngx_http_weir_copy_text(read->request->pool, f.name);

    return name.data ? ngx_http_weir_usage_add(read->sum, f.kind, name,
                                               scan->period, &f.count)
                     : NGX_ERROR;
}


/* Once in the life of the shared memory. */

static void
ngx_http_weir_usage_scan_bad(ngx_http_weir_usage_scan_t *scan,
    weir_str_t field, weir_str_t value)
{
    u_char  *f, *v, name[128], text[64];

    if (__atomic_exchange_n(&scan->read->shared->said, 1, __ATOMIC_SEQ_CST)) {
        return;
    }

    f = ngx_http_weir_json(name, name + sizeof(name), field);
    v = ngx_http_weir_json(text, text + sizeof(text), value);

    ngx_log_error(NGX_LOG_ERR, scan->read->request->connection->log, 0,
                  "weir: what the store says of usage is ignored where it is "
                  "no count: field %*s is %*s, key \"%*s\"",
                  (size_t) (f - name), name, (size_t) (v - text), text,
                  NGX_HTTP_WEIR_STR(scan->key));
}


/* NGX_DECLINED: it came before. */

static ngx_int_t
ngx_http_weir_usage_scan_new(ngx_http_weir_usage_scan_t *scan,
    weir_str_t field)
{
    uint64_t    hash;
    ngx_uint_t  i;

    hash = weir_mix(weir_hash(field, 0)) | 1;

    for (i = hash >> 32 & scan->mask;
         scan->seen[i] != 0;
         i = (i + 1) & scan->mask)
    {
        if (scan->seen[i] == hash) {
            return NGX_DECLINED;
        }
    }

    scan->seen[i] = hash;

    if (++scan->nseen > scan->mask / 2) {
        return ngx_http_weir_usage_scan_grow(scan);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_usage_scan_grow(ngx_http_weir_usage_scan_t *scan)
{
    uint64_t    *seen;
    ngx_uint_t   i, k, mask;

    if (scan->nseen > NGX_HTTP_WEIR_USAGE_FIELDS) {
        return NGX_ERROR;
    }

    mask = 2 * (scan->mask + 1) - 1;
    seen = ngx_pcalloc(scan->read->request->pool,
                       (mask + 1) * sizeof(uint64_t));
    if (seen == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i <= scan->mask; i++) {

        if (scan->seen[i] == 0) {
            continue;
        }

        for (k = scan->seen[i] >> 32 & mask; seen[k] != 0; k = (k + 1) & mask)
        {
            /* void */
        }

        seen[k] = scan->seen[i];
    }

    (void) ngx_pfree(scan->read->request->pool, scan->seen);

    scan->seen = seen;
    scan->mask = mask;

    return NGX_OK;
}


/* The end */

static void
ngx_http_weir_usage_late(ngx_event_t *ev)
{
    ngx_http_weir_usage_read_end(ev->data, 0);
}


static void
ngx_http_weir_usage_read_end(ngx_http_weir_usage_read_t *read,
    ngx_uint_t complete)
{
    ngx_http_weir_usage_read_stop(read);
    read->done(read->data, complete);
}


/* Also when the request ends before. */

static void
ngx_http_weir_usage_read_stop(void *data)
{
    ngx_http_weir_usage_read_t *read = data;

    unsigned  period;

    for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
        ngx_http_weir_store_cancel(&read->scans[period].call);
    }

    if (read->timer.timer_set) {
        ngx_del_timer(&read->timer);
    }
}
