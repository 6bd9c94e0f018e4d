/*
 * ngx_http_weir_usage_store.c: keys and fields of usage in the store, and one
 * entry's way into them.
 *
 * The mark of an entry says what the store has of it: the low half of the sum
 * of its counters, which only grow, the epoch in which it was written, and the
 * period.  An epoch ends when the store may have lost something: no mark of
 * one before is worth anything.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_usage.h"

#define NGX_HTTP_WEIR_USAGE_DAYS_TTL    "5356800"   /* s: 62 days */
#define NGX_HTTP_WEIR_USAGE_MONTHS_TTL  "34560000"  /* s: 400 days */
#define NGX_HTTP_WEIR_USAGE_MOST        (1ULL << 52)    /* no count is more */


static void ngx_http_weir_usage_written(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static uint64_t ngx_http_weir_usage_mark(const ngx_http_weir_usage_entry_t *e,
    uint64_t epoch);
static ngx_uint_t ngx_http_weir_usage_words(unsigned kind);
static u_char *ngx_http_weir_usage_value(u_char *p,
    const ngx_http_weir_usage_entry_t *e);
static ngx_int_t ngx_http_weir_usage_numbers(weir_str_t text, ngx_uint_t n,
    weir_usage_count_t *out);


static const char  *ngx_http_weir_usage_names[WEIR_USAGE_PERIODS] = {
    "day", "month"
};

/* between node and name, by kind */
static const char  ngx_http_weir_usage_letters[] = {
    [WEIR_USAGE_ROUTES] = 'r', [WEIR_USAGE_LIMITS] = 'l'
};


u_char *
ngx_http_weir_usage_period(u_char *p, unsigned period, uint32_t number)
{
    ngx_tm_t  tm;

    if (period == WEIR_USAGE_MONTH) {
        return ngx_sprintf(p, "%04uD-%02uD", 1970 + number / 12,
                           number % 12 + 1);
    }

    ngx_gmtime((time_t) number * 86400, &tm);

    return ngx_sprintf(p, "%04d-%02d-%02d", tm.ngx_tm_year, tm.ngx_tm_mon,
                       tm.ngx_tm_mday);
}


u_char *
ngx_http_weir_usage_key(u_char *p, weir_str_t prefix, unsigned period,
    uint32_t number, weir_str_t tenant)
{
    p = ngx_sprintf(p, "%*s:usage:%s:", NGX_HTTP_WEIR_STR(prefix),
                    ngx_http_weir_usage_names[period]);
    p = ngx_http_weir_usage_period(p, period, number);
    *p++ = ':';

    return ngx_cpymem(p, tenant.data, tenant.len);
}


u_char *
ngx_http_weir_usage_node(u_char *p,
    const ngx_http_weir_metrics_shared_t *shared)
{
    return ngx_hex_dump(p, (u_char *) shared->node, sizeof(shared->node));
}


ngx_int_t
ngx_http_weir_usage_field(weir_str_t field, weir_str_t value,
    ngx_http_weir_usage_field_t *out)
{
    size_t                       name;
    unsigned                     kind;
    ngx_http_weir_usage_field_t  f;

    name = NGX_HTTP_WEIR_USAGE_NODE + 3;

    if (field.len < name || field.len > NGX_HTTP_WEIR_USAGE_FIELD
        || field.data[NGX_HTTP_WEIR_USAGE_NODE] != ':'
        || field.data[NGX_HTTP_WEIR_USAGE_NODE + 2] != ':')
    {
        return NGX_DECLINED;
    }

    for (kind = 0; /* void */ ; kind++) {

        if (kind == sizeof(ngx_http_weir_usage_letters)) {
            return NGX_DECLINED;
        }

        if (ngx_http_weir_usage_letters[kind]
            == field.data[NGX_HTTP_WEIR_USAGE_NODE + 1])
        {
            break;
        }
    }

    f.node = weir_str(field.data, NGX_HTTP_WEIR_USAGE_NODE);
    f.kind = kind;
    f.name = weir_str(field.data + name, field.len - name);

    if (ngx_http_weir_usage_numbers(value, ngx_http_weir_usage_words(kind),
                                    &f.count)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    *out = f;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_weir_usage_words(unsigned kind)
{
    return kind == WEIR_USAGE_ROUTES ? WEIR_NUSES : 1;
}


/* So many numbers with a blank between them, and nothing else. */

static ngx_int_t
ngx_http_weir_usage_numbers(weir_str_t text, ngx_uint_t n,
    weir_usage_count_t *out)
{
    uint64_t     value;
    ngx_uint_t   i;
    const char  *p, *end, *digits;

    p = text.data;
    end = text.data + text.len;

    ngx_memzero(out, sizeof(weir_usage_count_t));

    for (i = 0; i < n; i++) {

        if (i != 0 && (p == end || *p++ != ' ')) {
            return NGX_DECLINED;
        }

        digits = p;
        value = 0;

        while (p < end && *p >= '0' && *p <= '9') {
            value = 10 * value + (uint64_t) (*p++ - '0');

            if (value >= NGX_HTTP_WEIR_USAGE_MOST) {
                return NGX_DECLINED;
            }
        }

        if (p == digits) {
            return NGX_DECLINED;
        }

        out->n[i] = value;
    }

    return p == end ? NGX_OK : NGX_DECLINED;
}


/* Writing */

size_t
ngx_http_weir_usage_write_size(weir_str_t prefix)
{
    return ngx_align(sizeof(ngx_http_weir_usage_write_t) + prefix.len
                     + NGX_HTTP_WEIR_USAGE_KEY + NGX_HTTP_WEIR_USAGE_FIELD
                     + NGX_HTTP_WEIR_USAGE_VALUE, 16);
}


ngx_uint_t
ngx_http_weir_usage_stale(const ngx_http_weir_usage_entry_t *e, uint64_t epoch)
{
    /* without requests, or units, another period has its words */

    return e->count.n[0] != 0
           && weir_load(weir_usage_mark(e->row, e->kind, e->period, e->number))
              != ngx_http_weir_usage_mark(e, epoch);
}


static uint64_t
ngx_http_weir_usage_mark(const ngx_http_weir_usage_entry_t *e, uint64_t epoch)
{
    uint64_t    sum;
    ngx_uint_t  i;

    sum = 0;

    for (i = 0; i < ngx_http_weir_usage_words(e->kind); i++) {
        sum += e->count.n[i];
    }

    return sum << 32 | (epoch & 0xffff) << 16 | (e->number & 0xffff);
}


ngx_int_t
ngx_http_weir_usage_write(ngx_http_weir_usage_write_t *w,
    ngx_http_weir_store_t *store, ngx_http_weir_metrics_shared_t *shared,
    const ngx_http_weir_usage_entry_t *e)
{
    u_char                   *p;
    weir_str_t                name, key, field, value;
    ngx_http_weir_call_t     *call;
    ngx_http_weir_command_t  *command;

    w->mark = weir_usage_mark(e->row, e->kind, e->period, e->number);
    w->marked = ngx_http_weir_usage_mark(e, weir_load(&shared->epoch));
    w->known = (uint32_t) weir_load(w->mark) == (uint32_t) w->marked;

    p = ngx_http_weir_usage_key(w->text, ngx_http_weir_store_prefix(store),
                                e->period, e->number,
                                weir_row_label(e->row, 0));
    key = weir_str((char *) w->text, (size_t) (p - w->text));

    name = weir_row_label(e->row, 1);

    field.data = (char *) p;
    p = ngx_http_weir_usage_node(p, shared);
    p = ngx_sprintf(p, ":%c:%*s", ngx_http_weir_usage_letters[e->kind],
                    NGX_HTTP_WEIR_STR(name));
    field.len = (size_t) ((char *) p - field.data);

    value.data = (char *) p;
    p = ngx_http_weir_usage_value(p, e);
    value.len = (size_t) ((char *) p - value.data);

    call = &w->call;
    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    command = &call->commands[0];
    command->nargs = 4;
    command->args[0] = weir_string("HSET");
    command->args[1] = key;
    command->args[2] = field;
    command->args[3] = value;

    command = &call->commands[1];
    command->nargs = 3;
    command->args[0] = weir_string("EXPIRE");
    command->args[1] = key;
    command->args[2] = e->period == WEIR_USAGE_DAY
                       ? weir_string(NGX_HTTP_WEIR_USAGE_DAYS_TTL)
                       : weir_string(NGX_HTTP_WEIR_USAGE_MONTHS_TTL);

    call->key = key;
    call->ncommands = 2;
    call->minor = 1;
    call->handler = ngx_http_weir_usage_written;
    call->data = w;

    return ngx_http_weir_store_call(store, call);
}


static u_char *
ngx_http_weir_usage_value(u_char *p, const ngx_http_weir_usage_entry_t *e)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_http_weir_usage_words(e->kind); i++) {
        p = ngx_sprintf(p, i ? " %uL" : "%uL", e->count.n[i]);
    }

    return p;
}


static void
ngx_http_weir_usage_written(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_usage_write_t *w = call->data;

    ngx_uint_t  lost;

    lost = 0;

    if (result == NGX_HTTP_WEIR_STORE_OK) {
        weir_store(w->mark, w->marked);

        /* HSET says how many fields are new */

        lost = w->known && replies[0].type == NGX_HTTP_WEIR_REPLY_INTEGER
               && replies[0].integer != 0;
    }

    w->done(w, result, lost);
}
