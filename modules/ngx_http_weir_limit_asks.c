/*
 * ngx_http_weir_limit_asks.c: units from the store, a round trip for all
 * requests of a turn of the event loop that wait for the same key.
 *
 *     SET key 0 EX ttl NX      so that there is no key without a TTL
 *     INCRBY key units
 *     GET previous             SLIDING: of the window before
 *
 * What was not granted goes back by DECRBY, once.  An ask outlives the
 * requests that wait for it: its answer is for the lease.
 */

#include "ngx_http_weir_limits.h"

/* seconds that a key lives on: how far apart clocks may be, and a jitter */
#define NGX_HTTP_WEIR_ASK_MARGIN  5
#define NGX_HTTP_WEIR_ASK_JITTER  6

/* ms that the store may be late with its own timeout */
#define NGX_HTTP_WEIR_ASK_GRACE   10

/* ":{", 32 digits, "}:", the number of a window */
#define NGX_HTTP_WEIR_ASK_KEY     (2 + 32 + 2 + NGX_INT64_LEN)


typedef struct {
    ngx_queue_t                  link;      /* of asks with such a key */
    ngx_queue_t                  fresh;
    ngx_queue_t                  waits;
    ngx_http_weir_limits_t      *limits;
    weir_ask_t                   ask;
    weir_img_limit_t             limit;     /* of ask */
    uint64_t                     wanted;    /* by those that wait */
    uint64_t                     units;     /* to be told to the store */
    unsigned                     sent:1;

    ngx_http_weir_call_t         call;
    weir_str_t                   key;
    weir_str_t                   previous;
    weir_str_t                   ttl;
    u_char                       number[NGX_INT64_LEN];
    u_char                       seconds[NGX_INT64_LEN];
    u_char                       text[];    /* of both keys */
} ngx_http_weir_ask_t;

typedef void (*ngx_http_weir_ask_handler_t)(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);


static ngx_http_weir_ask_t *ngx_http_weir_ask_find(
    ngx_http_weir_limits_t *limits, const weir_ask_t *ask, weir_hold_t *hold);
static ngx_http_weir_ask_t *ngx_http_weir_ask_create(
    ngx_http_weir_limits_t *limits, const weir_ask_t *ask);
static weir_str_t ngx_http_weir_ask_key(u_char **p, weir_str_t prefix,
    const weir_take_t *take, uint64_t window);
static uint64_t ngx_http_weir_ask_ttl(const weir_take_t *take);
static ngx_uint_t ngx_http_weir_ask_wait(ngx_http_weir_ask_t *a,
    ngx_http_weir_ctx_t *ctx, weir_hold_t *hold);
static void ngx_http_weir_asks_send(ngx_event_t *ev);
static void ngx_http_weir_ask_answered(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_ask_done(ngx_http_weir_ask_t *a,
    weir_ask_state_t state);
static void ngx_http_weir_ask_owed(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_ask_return(ngx_http_weir_ask_t *a, uint64_t units,
    ngx_uint_t expire);
static void ngx_http_weir_ask_returned(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_ask_end(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_ask_begin(ngx_http_weir_ask_t *a,
    ngx_http_weir_ask_handler_t handler);
static void ngx_http_weir_ask_count(ngx_http_weir_ask_t *a, const char *verb,
    uint64_t units);
static void ngx_http_weir_ask_command(ngx_http_weir_ask_t *a,
    ngx_uint_t nargs, const weir_str_t *args);
static ngx_int_t ngx_http_weir_ask_call(ngx_http_weir_ask_t *a);
static void ngx_http_weir_ask_last(ngx_http_weir_ask_t *a);
static ngx_uint_t ngx_http_weir_ask_unkept(ngx_http_weir_ask_t *a,
    const ngx_http_weir_reply_t *replies);
static int64_t ngx_http_weir_ask_total(const ngx_http_weir_reply_t *reply);
static void ngx_http_weir_ask_unlink(ngx_http_weir_ask_wait_t *w);


#define ngx_http_weir_ask_bucket(limits, take)                                \
    (&(limits)->asks[(take)->key.w[0] & (NGX_HTTP_WEIR_ASK_BUCKETS - 1)])


void
ngx_http_weir_asks_init(ngx_http_weir_limits_t *limits)
{
    ngx_uint_t  i;

    ngx_queue_init(&limits->fresh);

    for (i = 0; i < NGX_HTTP_WEIR_ASK_BUCKETS; i++) {
        ngx_queue_init(&limits->asks[i]);
    }

    limits->send.handler = ngx_http_weir_asks_send;
    limits->send.data = limits;
    limits->send.log = limits->log;
}


void
ngx_http_weir_asks_stop(ngx_http_weir_limits_t *limits)
{
    ngx_queue_t          *q;
    ngx_http_weir_ask_t  *a;

    if (limits->send.posted) {
        ngx_delete_posted_event(&limits->send);
    }

    while (!ngx_queue_empty(&limits->fresh)) {
        q = ngx_queue_head(&limits->fresh);
        a = ngx_queue_data(q, ngx_http_weir_ask_t, fresh);

        ngx_queue_remove(&a->fresh);
        weir_lease_failed(limits->table, &a->ask);
        ngx_http_weir_ask_done(a, WEIR_ASK_FAILED);
        ngx_free(a);
    }
}


weir_rc_t
ngx_http_weir_asks_add(ngx_http_weir_limits_t *limits,
    ngx_http_weir_ctx_t *ctx, const weir_ask_t *ask, weir_hold_t *hold)
{
    ngx_http_weir_ask_t  *a;

    a = ngx_http_weir_ask_find(limits, ask, hold);

    if (a == NULL) {
        a = ngx_http_weir_ask_create(limits, ask);
        if (a == NULL) {
            return WEIR_DECLINED;
        }

        ngx_queue_insert_head(ngx_http_weir_ask_bucket(limits, &ask->take),
                              &a->link);
        ngx_queue_insert_tail(&limits->fresh, &a->fresh);
        ngx_post_event(&limits->send, &ngx_posted_events);
    }

    if (hold == NULL) {
        return WEIR_OK;
    }

    if (!ngx_http_weir_ask_wait(a, ctx, hold)) {
        return WEIR_DECLINED;
    }

    a->wanted += ask->take.cost;

    if (!a->sent && a->wanted > a->ask.units) {
        a->ask.units = ngx_max(ngx_min(a->wanted, a->limit.budget),
                               a->ask.units);
    }

    return WEIR_OK;
}


void
ngx_http_weir_asks_owe(ngx_http_weir_limits_t *limits, const weir_ask_t *ask)
{
    ngx_http_weir_ask_t  *a;

    a = ngx_http_weir_ask_create(limits, ask);

    if (a) {
        ngx_http_weir_ask_begin(a, ngx_http_weir_ask_owed);
        ngx_http_weir_ask_count(a, "INCRBY", ask->units);

        if (ngx_http_weir_ask_call(a) != NGX_OK) {
            ngx_http_weir_ask_owed(&a->call, NGX_HTTP_WEIR_STORE_OPEN, NULL);
        }
    }
}


void
ngx_http_weir_asks_forget(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_ask_wait_t  *w;

    for (w = ctx->asks; w; w = w->next) {
        ngx_http_weir_ask_unlink(w);
    }
}


void
ngx_http_weir_asks_give_up(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_ask_wait_t  *w;

    for (w = ctx->asks; w; w = w->next) {

        if (w->hold) {
            w->hold->asked = WEIR_ASK_FAILED;
            ngx_http_weir_ask_unlink(w);
        }
    }
}


/* One that will bring enough for this request too. */
static ngx_http_weir_ask_t *
ngx_http_weir_ask_find(ngx_http_weir_limits_t *limits, const weir_ask_t *ask,
    weir_hold_t *hold)
{
    ngx_queue_t          *q, *bucket;
    ngx_http_weir_ask_t  *a;

    bucket = ngx_http_weir_ask_bucket(limits, &ask->take);

    for (q = ngx_queue_head(bucket); q != bucket; q = ngx_queue_next(q)) {
        a = ngx_queue_data(q, ngx_http_weir_ask_t, link);

        if (ngx_memcmp(&a->ask.take.key, &ask->take.key,
                       sizeof(weir_limit_key_t))
            == 0
            && a->ask.take.window.number == ask->take.window.number
            && (hold == NULL || !a->sent
                || a->wanted + ask->take.cost <= a->ask.units))
        {
            return a;
        }
    }

    return NULL;
}


static ngx_http_weir_ask_t *
ngx_http_weir_ask_create(ngx_http_weir_limits_t *limits, const weir_ask_t *ask)
{
    u_char               *p;
    weir_str_t            prefix;
    ngx_http_weir_ask_t  *a;

    prefix = ngx_http_weir_store_prefix(limits->wmcf->store);

    a = ngx_alloc(sizeof(ngx_http_weir_ask_t)
                  + 2 * (prefix.len + NGX_HTTP_WEIR_ASK_KEY), limits->log);
    if (a == NULL) {
        return NULL;
    }

    ngx_memzero(a, sizeof(ngx_http_weir_ask_t));

    ngx_queue_init(&a->link);
    ngx_queue_init(&a->fresh);
    ngx_queue_init(&a->waits);

    a->limits = limits;
    a->ask = *ask;
    a->limit = *ask->take.limit;
    a->ask.take.limit = &a->limit;

    p = a->text;
    a->key = ngx_http_weir_ask_key(&p, prefix, &ask->take,
                                   ask->take.window.number);
    a->previous = ngx_http_weir_ask_key(&p, prefix, &ask->take,
                                        ask->take.window.number - 1);

    p = ngx_sprintf(a->seconds, "%uL", ngx_http_weir_ask_ttl(&ask->take));
    a->ttl = weir_str((char *) a->seconds, p - a->seconds);

    return a;
}


/* The hash tag keeps the windows of a key on one node of a cluster. */
static weir_str_t
ngx_http_weir_ask_key(u_char **p, weir_str_t prefix, const weir_take_t *take,
    uint64_t window)
{
    u_char  *start;

    start = *p;

    *p = ngx_sprintf(start, "%*s:{%016xL%016xL}:%uL",
                     NGX_HTTP_WEIR_STR(prefix), take->key.w[0],
                     take->key.w[1], window);

    return weir_str((char *) start, *p - start);
}


static uint64_t
ngx_http_weir_ask_ttl(const weir_take_t *take)
{
    uint64_t  ns;

    ns = take->window.end > take->window.now
         ? take->window.end - take->window.now : 0;

    if (take->limit->kind == WEIR_LIMIT_SLIDING) {
        ns += take->limit->span;
    }

    return ns / 1000000000 + 1 + NGX_HTTP_WEIR_ASK_MARGIN
           + ngx_random() % NGX_HTTP_WEIR_ASK_JITTER;
}


static ngx_uint_t
ngx_http_weir_ask_wait(ngx_http_weir_ask_t *a, ngx_http_weir_ctx_t *ctx,
    weir_hold_t *hold)
{
    ngx_http_weir_ask_wait_t  *w;

    for (w = ctx->asks; w && w->hold; w = w->next) {
        /* void */
    }

    if (w == NULL) {
        w = ngx_palloc(ctx->request->pool, sizeof(ngx_http_weir_ask_wait_t));
        if (w == NULL) {
            return 0;
        }

        w->ctx = ctx;
        w->next = ctx->asks;
        ctx->asks = w;
    }

    w->hold = hold;
    hold->asked = WEIR_ASK_WAITS;
    ctx->nasks++;
    ngx_http_weir_count(a->limits->wmcf, LIMIT_WAITS, 1);

    ngx_queue_insert_tail(&a->waits, &w->link);

    /* the store answers by then, one way or the other: this is for the rest */

    ctx->patience = ngx_http_weir_store_timeout(a->limits->wmcf->store)
                    + NGX_HTTP_WEIR_ASK_GRACE;

    return 1;
}


/* At the end of a turn: all that came in it have joined. */
static void
ngx_http_weir_asks_send(ngx_event_t *ev)
{
    ngx_queue_t             *q;
    ngx_http_weir_ask_t     *a;
    ngx_http_weir_limits_t  *limits;

    weir_str_t  get[2] = { weir_string("GET") };

    limits = ev->data;

    while (!ngx_queue_empty(&limits->fresh)) {
        q = ngx_queue_head(&limits->fresh);
        a = ngx_queue_data(q, ngx_http_weir_ask_t, fresh);

        ngx_queue_remove(&a->fresh);
        a->sent = 1;

        ngx_http_weir_count(limits->wmcf, LIMIT_ASKS, 1);

        ngx_http_weir_ask_begin(a, ngx_http_weir_ask_answered);
        ngx_http_weir_ask_count(a, "INCRBY", a->ask.units);

        if (a->ask.previous) {
            get[1] = a->previous;
            ngx_http_weir_ask_command(a, 2, get);
        }

        if (ngx_http_weir_ask_call(a) != NGX_OK) {
            ngx_http_weir_ask_answered(&a->call, NGX_HTTP_WEIR_STORE_OPEN,
                                       NULL);
        }
    }
}


static void
ngx_http_weir_ask_answered(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    int64_t                     now, previous;
    uint64_t                    units, back;
    ngx_uint_t                  expire;
    ngx_http_weir_ask_t        *a;
    ngx_http_weir_limits_t     *limits;

    a = call->data;
    limits = a->limits;

    if (result != NGX_HTTP_WEIR_STORE_OK
        || replies[1].type != NGX_HTTP_WEIR_REPLY_INTEGER)
    {
        ngx_http_weir_count(limits->wmcf, LIMIT_ASKS_FAILED, 1);
        weir_lease_failed(limits->table, &a->ask);
        ngx_http_weir_ask_done(a, WEIR_ASK_FAILED);
        ngx_free(a);
        return;
    }

    if (ngx_http_weir_limits_store_clock(limits, &now) != WEIR_OK) {
        now = a->ask.take.window.now;
    }

    previous = a->ask.previous ? ngx_http_weir_ask_total(&replies[2]) : 0;
    expire = ngx_http_weir_ask_unkept(a, replies);
    units = a->ask.units;

    back = weir_lease_answer(limits->table, &a->ask, replies[1].integer,
                             previous, now);

    if (back < units && now < a->ask.take.window.end) {
        ngx_http_weir_count(limits->wmcf, LIMIT_LEASES, 1);
        ngx_http_weir_count(limits->wmcf, LIMIT_GRANTED, units - back);

    } else {
        ngx_http_weir_count(limits->wmcf, LIMIT_EXHAUSTED, 1);
    }

    ngx_http_weir_ask_done(a, WEIR_ASK_ANSWERED);
    ngx_http_weir_ask_return(a, back, expire);
}


/* Nobody finds the ask any more, and those that wait go on. */
static void
ngx_http_weir_ask_done(ngx_http_weir_ask_t *a, weir_ask_state_t state)
{
    ngx_queue_t               *q;
    ngx_http_weir_ctx_t       *ctx;
    ngx_http_weir_ask_wait_t  *w;

    ngx_queue_remove(&a->link);

    while (!ngx_queue_empty(&a->waits)) {
        q = ngx_queue_head(&a->waits);
        w = ngx_queue_data(q, ngx_http_weir_ask_wait_t, link);
        ctx = w->ctx;

        w->hold->asked = state;
        ngx_http_weir_ask_unlink(w);

        if (ctx->nasks == 0) {
            ngx_http_weir_wake(ctx);        /* posts an event */
        }
    }
}


/* What the store was not told of, this node's own share pays for. */
static void
ngx_http_weir_ask_owed(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_ask_t  *a;

    a = call->data;

    if (result != NGX_HTTP_WEIR_STORE_OK) {
        ngx_http_weir_count(a->limits->wmcf, LIMIT_ASKS_FAILED, 1);

        a->ask.take.cost = a->ask.units;
        weir_lease_alone_charge(a->limits->table, &a->ask.take);

        ngx_free(a);
        return;
    }

    ngx_http_weir_ask_return(a, 0, ngx_http_weir_ask_unkept(a, replies));
}


/* The last call of an ask. */
static void
ngx_http_weir_ask_return(ngx_http_weir_ask_t *a, uint64_t units,
    ngx_uint_t expire)
{
    weir_str_t  args[] = { weir_string("EXPIRE"), a->key, a->ttl };

    if (units == 0 && !expire) {
        ngx_free(a);
        return;
    }

    ngx_http_weir_ask_begin(a, units ? ngx_http_weir_ask_returned
                                     : ngx_http_weir_ask_end);
    a->units = units;

    if (expire) {
        ngx_http_weir_ask_command(a, 3, args);
    }

    if (units) {
        ngx_http_weir_ask_count(a, "DECRBY", units);
    }

    ngx_http_weir_ask_last(a);
}


/*
 * Below zero, the key was lost in between: what is returned to a new one
 * would be granted twice.
 */
static void
ngx_http_weir_ask_returned(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_ask_t          *a;
    const ngx_http_weir_reply_t  *total;

    a = call->data;

    if (result == NGX_HTTP_WEIR_STORE_OK) {
        total = &replies[call->ncommands - 1];

        if (total->type == NGX_HTTP_WEIR_REPLY_INTEGER && total->integer < 0) {
            ngx_http_weir_ask_begin(a, ngx_http_weir_ask_end);
            ngx_http_weir_ask_count(a, "INCRBY", a->units);
            ngx_http_weir_ask_last(a);
            return;
        }
    }

    ngx_free(a);
}


static void
ngx_http_weir_ask_end(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_free(call->data);
}


static void
ngx_http_weir_ask_begin(ngx_http_weir_ask_t *a,
    ngx_http_weir_ask_handler_t handler)
{
    ngx_memzero(&a->call, sizeof(ngx_http_weir_call_t));

    a->call.key = a->key;
    a->call.handler = handler;
    a->call.data = a;
}


static void
ngx_http_weir_ask_count(ngx_http_weir_ask_t *a, const char *verb,
    uint64_t units)
{
    u_char  *last;

    last = ngx_sprintf(a->number, "%uL", units);

    weir_str_t  set[] = { weir_string("SET"), a->key, weir_string("0"),
                          weir_string("EX"), a->ttl, weir_string("NX") };
    weir_str_t  by[] = { weir_cstr(verb), a->key,
                         weir_str((char *) a->number, last - a->number) };

    ngx_http_weir_ask_command(a, 6, set);
    ngx_http_weir_ask_command(a, 3, by);
}


static void
ngx_http_weir_ask_command(ngx_http_weir_ask_t *a, ngx_uint_t nargs,
    const weir_str_t *args)
{
    ngx_http_weir_command_t  *command;

    command = &a->call.commands[a->call.ncommands++];

    command->nargs = nargs;
    ngx_memcpy(command->args, args, nargs * sizeof(weir_str_t));
}


/* NGX_OK: the handler will be called. */
static ngx_int_t
ngx_http_weir_ask_call(ngx_http_weir_ask_t *a)
{
    return ngx_http_weir_store_call(a->limits->wmcf->store, &a->call);
}


/* Nobody waits for it, and it is not tried again. */
static void
ngx_http_weir_ask_last(ngx_http_weir_ask_t *a)
{
    if (ngx_http_weir_ask_call(a) != NGX_OK) {
        ngx_free(a);
    }
}


/*
 * The key was there for SET and had expired for INCRBY, which made one that
 * never will.
 */
static ngx_uint_t
ngx_http_weir_ask_unkept(ngx_http_weir_ask_t *a,
    const ngx_http_weir_reply_t *replies)
{
    return replies[0].type == NGX_HTTP_WEIR_REPLY_NIL
           && replies[1].type == NGX_HTTP_WEIR_REPLY_INTEGER
           && replies[1].integer == (int64_t) a->ask.units;
}


/* What GET found; 0: nothing that is a count. */
static int64_t
ngx_http_weir_ask_total(const ngx_http_weir_reply_t *reply)
{
    off_t  n;

    if (reply->type != NGX_HTTP_WEIR_REPLY_TEXT || reply->text.len == 0) {
        return 0;
    }

    n = ngx_atoof((u_char *) reply->text.data, reply->text.len);

    return n == NGX_ERROR ? 0 : n;
}


static void
ngx_http_weir_ask_unlink(ngx_http_weir_ask_wait_t *w)
{
    if (w->hold) {
        ngx_queue_remove(&w->link);
        w->hold = NULL;
        w->ctx->nasks--;
    }
}
