/*
 * ngx_http_weir_store_beat.c: TIME, and then the list of nodes.
 *
 * A reply to TIME was made somewhere between asking and hearing: its error is
 * half of that time.  So the quickest of the last samples counts, and the
 * offset that all workers use moves only as far as that sample demands.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_store_core.h"
#include "ngx_http_weir_store_beat.h"

#define NGX_HTTP_WEIR_BEAT_EVERY    1000        /* ms */
#define NGX_HTTP_WEIR_BEAT_SAMPLES  8
#define NGX_HTTP_WEIR_BEAT_JUMP     1000000000  /* ns: it is another clock */
#define NGX_HTTP_WEIR_BEAT_DEAD     5           /* s without a beat */
#define NGX_HTTP_WEIR_BEAT_KEEP     "60"        /* s: the list */


typedef struct {
    int64_t                 offset;             /* ns */
    int64_t                 error;              /* ns */
} ngx_http_weir_sample_t;

typedef struct ngx_http_weir_pulse_s  ngx_http_weir_pulse_t;

struct ngx_http_weir_pulse_s {
    ngx_http_weir_store_t  *store;
    ngx_http_weir_beat_t   *beat;
    ngx_uint_t            (*leads)(void *data);
    void                   *data;

    ngx_event_t             timer;
    ngx_http_weir_call_t    call;               /* TIME, then the list */
    int64_t                 asked;              /* ns, monotonic */
    ngx_uint_t              next;               /* sample to be written */
    ngx_uint_t              nsamples;
    ngx_http_weir_sample_t  samples[NGX_HTTP_WEIR_BEAT_SAMPLES];

    weir_str_t              key;
    char                    node[2 * 16];       /* hexadecimal */
    u_char                  now[NGX_INT64_LEN];
    u_char                  dead[NGX_INT64_LEN];
};


static void ngx_http_weir_pulse_timer(ngx_event_t *ev);
static void ngx_http_weir_pulse_ask(ngx_http_weir_pulse_t *pulse);
static void ngx_http_weir_pulse_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static ngx_int_t ngx_http_weir_pulse_time(const ngx_http_weir_reply_t *reply,
    int64_t *ns);
static void ngx_http_weir_pulse_sample(ngx_http_weir_pulse_t *pulse,
    int64_t offset, int64_t error);
static void ngx_http_weir_pulse_register(ngx_http_weir_pulse_t *pulse,
    int64_t seconds);
static void ngx_http_weir_pulse_counted(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_pulse_call(ngx_http_weir_pulse_t *pulse,
    void (*handler)(ngx_http_weir_call_t *call,
        ngx_http_weir_store_result_e result,
        const ngx_http_weir_reply_t *replies));
static void ngx_http_weir_pulse_command(ngx_http_weir_pulse_t *pulse,
    const char *name, weir_str_t first, weir_str_t second);


ngx_int_t
ngx_http_weir_beat_init(ngx_http_weir_beat_t *beat, ngx_log_t *log)
{
    ngx_memzero(beat, sizeof(ngx_http_weir_beat_t));

    return ngx_http_weir_beat_name(beat->node, log);
}


ngx_int_t
ngx_http_weir_beat_name(uint64_t node[2], ngx_log_t *log)
{
    ssize_t   n;
    ngx_fd_t  fd;

    fd = ngx_open_file("/dev/urandom", NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_open_file_n " \"/dev/urandom\" failed");
        return NGX_ERROR;
    }

    n = read(fd, node, 2 * sizeof(uint64_t));

    (void) ngx_close_file(fd);

    if (n != 2 * sizeof(uint64_t)) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "reading \"/dev/urandom\" failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_weir_beat_start(ngx_http_weir_store_t *store,
    ngx_http_weir_beat_t *beat, ngx_uint_t (*leads)(void *data), void *data)
{
    u_char                 *key;
    ngx_http_weir_pulse_t  *pulse;

    pulse = ngx_pcalloc(store->cycle->pool, sizeof(ngx_http_weir_pulse_t));
    key = ngx_pnalloc(store->cycle->pool,
                      store->conf.prefix.len + sizeof(":nodes") - 1);

    if (pulse == NULL || key == NULL) {
        return NGX_ERROR;
    }

    pulse->key.data = (char *) key;
    pulse->key.len = (size_t) (ngx_sprintf(key, "%V:nodes",
                                           &store->conf.prefix) - key);

    (void) ngx_hex_dump((u_char *) pulse->node, (u_char *) beat->node,
                        sizeof(beat->node));

    pulse->store = store;
    pulse->beat = beat;
    pulse->leads = leads;
    pulse->data = data;

    pulse->timer.handler = ngx_http_weir_pulse_timer;
    pulse->timer.data = pulse;
    pulse->timer.log = store->log;
    pulse->timer.cancelable = 1;

    store->pulse = pulse;

    ngx_add_timer(&pulse->timer, NGX_HTTP_WEIR_BEAT_EVERY);

    return NGX_OK;
}


void
ngx_http_weir_beat_now(ngx_http_weir_pulse_t *pulse)
{
    ngx_http_weir_pulse_ask(pulse);
}


void
ngx_http_weir_beat_stop(ngx_http_weir_pulse_t *pulse)
{
    if (pulse->timer.timer_set) {
        ngx_del_timer(&pulse->timer);
    }

    ngx_http_weir_store_cancel(&pulse->call);
}


void
ngx_http_weir_beat_leave(ngx_http_weir_store_t *store)
{
    ngx_http_weir_pulse_t  *pulse;

    pulse = store->pulse;

    if (pulse == NULL || store->circuit == NULL) {
        return;
    }

    ngx_http_weir_store_cancel(&pulse->call);
    ngx_memzero(&pulse->call, sizeof(ngx_http_weir_call_t));

    ngx_http_weir_pulse_command(pulse, "ZREM",
                                weir_str(pulse->node, sizeof(pulse->node)),
                                weir_str(NULL, 0));
    ngx_http_weir_pulse_call(pulse, ngx_http_weir_pulse_counted);
}


ngx_int_t
ngx_http_weir_beat_clock(const ngx_http_weir_beat_t *beat, int64_t *ns)
{
    if (weir_load(&beat->measured) == 0) {
        return NGX_DECLINED;
    }

    *ns = ngx_http_weir_clock() + (int64_t) weir_load(&beat->offset);

    return NGX_OK;
}


ngx_uint_t
ngx_http_weir_beat_nodes(const ngx_http_weir_beat_t *beat)
{
    uint64_t  nodes;

    nodes = weir_load(&beat->nodes);

    return nodes ? (ngx_uint_t) nodes : 1;
}


/* A worker that quits leaves it to others: the timer is not set again. */

static void
ngx_http_weir_pulse_timer(ngx_event_t *ev)
{
    if (ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, NGX_HTTP_WEIR_BEAT_EVERY);

    ngx_http_weir_pulse_ask(ev->data);
}


static void
ngx_http_weir_pulse_ask(ngx_http_weir_pulse_t *pulse)
{
    if (pulse->call.active || ngx_exiting || !pulse->leads(pulse->data)) {
        return;
    }

    ngx_memzero(&pulse->call, sizeof(ngx_http_weir_call_t));

    pulse->call.ncommands = 1;
    pulse->call.commands[0].nargs = 1;
    pulse->call.commands[0].args[0] = weir_string("TIME");

    pulse->asked = ngx_http_weir_clock();

    ngx_http_weir_pulse_call(pulse, ngx_http_weir_pulse_told);
}


static void
ngx_http_weir_pulse_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_pulse_t *pulse = call->data;

    int64_t  error, heard, time;

    if (result != NGX_HTTP_WEIR_STORE_OK
        || ngx_http_weir_pulse_time(replies, &time) != NGX_OK)
    {
        return;
    }

    heard = ngx_http_weir_clock();
    error = (heard - pulse->asked) / 2;

    ngx_http_weir_pulse_sample(pulse, time - pulse->asked - error, error);
    ngx_http_weir_pulse_register(pulse, time / 1000000000);
}


/* Seconds and microseconds; 2^62 ns are the year 2116. */

static ngx_int_t
ngx_http_weir_pulse_time(const ngx_http_weir_reply_t *reply, int64_t *ns)
{
    ngx_int_t          seconds, micros;
    const weir_str_t  *text;

    if (reply->type != NGX_HTTP_WEIR_REPLY_ARRAY || reply->nitems != 2) {
        return NGX_ERROR;
    }

    text = &reply->items[0].text;
    seconds = ngx_atoi((u_char *) text->data, text->len);

    text = &reply->items[1].text;
    micros = ngx_atoi((u_char *) text->data, text->len);

    if (seconds < 0 || seconds > 4600000000 || micros < 0 || micros > 999999) {
        return NGX_ERROR;
    }

    *ns = (int64_t) seconds * 1000000000 + (int64_t) micros * 1000;

    return NGX_OK;
}


static void
ngx_http_weir_pulse_sample(ngx_http_weir_pulse_t *pulse, int64_t offset,
    int64_t error)
{
    int64_t                        off, now;
    ngx_uint_t                     i;
    ngx_http_weir_beat_t          *beat;
    const ngx_http_weir_sample_t  *best;

    beat = pulse->beat;
    now = (int64_t) weir_load(&beat->offset);
    off = offset - now;

    if (weir_load(&beat->measured) == 0 || off > NGX_HTTP_WEIR_BEAT_JUMP
        || off < -NGX_HTTP_WEIR_BEAT_JUMP)
    {
        now = offset;
        pulse->next = 0;
        pulse->nsamples = 0;
    }

    pulse->samples[pulse->next].offset = offset;
    pulse->samples[pulse->next].error = error;

    pulse->next = (pulse->next + 1) % NGX_HTTP_WEIR_BEAT_SAMPLES;
    pulse->nsamples += pulse->nsamples < NGX_HTTP_WEIR_BEAT_SAMPLES;

    best = &pulse->samples[0];

    for (i = 1; i < pulse->nsamples; i++) {
        if (pulse->samples[i].error < best->error) {
            best = &pulse->samples[i];
        }
    }

    off = best->offset - now;

    if (off > best->error) {
        now += off - best->error;

    } else if (off < -best->error) {
        now += off + best->error;
    }

    weir_store(&beat->offset, (uint64_t) now);
    weir_store(&beat->error, (uint64_t) best->error);
    weir_store(&beat->measured, (uint64_t) ngx_http_weir_clock());
}


static void
ngx_http_weir_pulse_register(ngx_http_weir_pulse_t *pulse, int64_t seconds)
{
    weir_str_t  dead, node, now;

    node = weir_str(pulse->node, sizeof(pulse->node));

    now.data = (char *) pulse->now;
    now.len = (size_t) (ngx_sprintf(pulse->now, "%L", seconds) - pulse->now);

    dead.data = (char *) pulse->dead;
    dead.len = (size_t) (ngx_sprintf(pulse->dead, "%L",
                                     seconds - NGX_HTTP_WEIR_BEAT_DEAD)
                         - pulse->dead);

    ngx_memzero(&pulse->call, sizeof(ngx_http_weir_call_t));

    ngx_http_weir_pulse_command(pulse, "ZADD", now, node);
    ngx_http_weir_pulse_command(pulse, "ZREMRANGEBYSCORE",
                                weir_string("-inf"), dead);
    ngx_http_weir_pulse_command(pulse, "ZCARD", weir_str(NULL, 0),
                                weir_str(NULL, 0));
    ngx_http_weir_pulse_command(pulse, "EXPIRE",
                                weir_string(NGX_HTTP_WEIR_BEAT_KEEP),
                                weir_str(NULL, 0));

    ngx_http_weir_pulse_call(pulse, ngx_http_weir_pulse_counted);
}


static void
ngx_http_weir_pulse_counted(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_pulse_t *pulse = call->data;

    if (result == NGX_HTTP_WEIR_STORE_OK && call->ncommands == 4
        && replies[2].type == NGX_HTTP_WEIR_REPLY_INTEGER
        && replies[2].integer > 0)
    {
        weir_store(&pulse->beat->nodes, (uint64_t) replies[2].integer);
    }
}


/* The clock that counts is always that of the node of one key. */

static void
ngx_http_weir_pulse_call(ngx_http_weir_pulse_t *pulse,
    void (*handler)(ngx_http_weir_call_t *call,
        ngx_http_weir_store_result_e result,
        const ngx_http_weir_reply_t *replies))
{
    pulse->call.key = pulse->key;
    pulse->call.handler = handler;
    pulse->call.data = pulse;

    (void) ngx_http_weir_store_call(pulse->store, &pulse->call);
}


/* Arguments without a text are none. */

static void
ngx_http_weir_pulse_command(ngx_http_weir_pulse_t *pulse, const char *name,
    weir_str_t first, weir_str_t second)
{
    ngx_http_weir_command_t  *command;

    command = &pulse->call.commands[pulse->call.ncommands++];

    command->nargs = 2;
    command->args[0] = weir_cstr(name);
    command->args[1] = pulse->key;

    if (first.len) {
        command->args[command->nargs++] = first;
    }

    if (second.len) {
        command->args[command->nargs++] = second;
    }
}
