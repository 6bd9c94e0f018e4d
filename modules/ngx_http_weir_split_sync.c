/*
 * ngx_http_weir_split_sync.c: who reads the state of splits and when, what is
 * known of other nodes, and which words can be one.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_clock.h"
#include "ngx_http_weir_limits.h"
#include "ngx_http_weir_split_sync.h"

#define NGX_HTTP_WEIR_SPLIT_EVERY    300        /* ms between rounds */
#define NGX_HTTP_WEIR_SPLIT_FIRST    50         /* ms, until all were read */
#define NGX_HTTP_WEIR_SPLIT_AGREED   3000       /* ms that a round is good */
#define NGX_HTTP_WEIR_SPLIT_QUIET    60000      /* ms between lines in logs */
#define NGX_HTTP_WEIR_SPLIT_AHEAD    3600       /* s that a clock may be */
#define NGX_HTTP_WEIR_SPLIT_EPOCHS   0xff00     /* more are no node's */


static void ngx_http_weir_split_timer(ngx_event_t *ev);
static ngx_uint_t ngx_http_weir_split_look(ngx_http_weir_split_sync_t *sync);
static void ngx_http_weir_split_leave(ngx_http_weir_split_sync_t *sync);
static void ngx_http_weir_split_complain(ngx_http_weir_split_sync_t *sync);


ngx_http_weir_split_sync_t *
ngx_http_weir_split_sync_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf)
{
    ngx_http_weir_split_sync_t  *sync;

    sync = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_split_sync_t));

    if (sync) {
        sync->wmcf = wmcf;
        sync->file = wmcf->state_file;
    }

    return sync;
}


/* What the file says holds before the first request. */

ngx_int_t
ngx_http_weir_split_sync_init_process(ngx_http_weir_split_sync_t *sync,
    ngx_cycle_t *cycle)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = sync->wmcf;

    sync->log = cycle->log;
    sync->table = ngx_http_weir_zone_splits(wmcf->zone);
    sync->shared = ngx_http_weir_zone_split_sync(wmcf->zone);
    sync->started = 1;

    if (sync->table == NULL || (wmcf->store == NULL && sync->file.len == 0)) {
        return NGX_OK;
    }

    if (sync->file.len && !weir_load(&sync->shared->restored)) {
        ngx_http_weir_split_load(sync);
        (void) ngx_http_weir_split_look(sync);
        weir_store(&sync->shared->restored, 1);
    }

    sync->began = ngx_current_msec;
    sync->next = ngx_current_msec;
    sync->write = ngx_current_msec;
    sync->renew = ngx_current_msec;
    sync->logged = ngx_current_msec - NGX_HTTP_WEIR_SPLIT_QUIET;

    sync->timer.handler = ngx_http_weir_split_timer;
    sync->timer.data = sync;
    sync->timer.log = cycle->log;
    sync->timer.cancelable = 1;

    ngx_add_timer(&sync->timer, 1);

    return NGX_OK;
}


void
ngx_http_weir_split_sync_exit_process(ngx_http_weir_split_sync_t *sync)
{
    if (!sync->started) {
        return;
    }

    sync->started = 0;

    if (sync->timer.timer_set) {
        ngx_del_timer(&sync->timer);
    }

    ngx_http_weir_split_leave(sync);
}


void
ngx_http_weir_split_now(ngx_http_weir_split_sync_t *sync, uint64_t generation,
    weir_splits_now_t *now)
{
    now->clock = ngx_http_weir_clock();
    now->now = ngx_http_weir_split_clock(sync);

    /* the generation is written last, and so read first */

    now->agreed = (sync->wmcf->store == NULL
                   || weir_load(&sync->shared->generation) == generation)
                  && ngx_http_weir_split_reached(sync);
}


ngx_uint_t
ngx_http_weir_split_reached(ngx_http_weir_split_sync_t *sync)
{
    ngx_msec_int_t  age;

    if (sync->wmcf->store == NULL) {
        return 1;
    }

    /* another worker's idea of now may be a little ahead */

    age = (ngx_msec_int_t) (ngx_current_msec
                            - (ngx_msec_t) weir_load(&sync->shared->read));

    return weir_load(&sync->shared->reads) != 0
           && age <= NGX_HTTP_WEIR_SPLIT_AGREED;
}


void
ngx_http_weir_split_changed(ngx_http_weir_split_sync_t *sync,
    const weir_image_t *img, const weir_img_split_t *s)
{
    ngx_http_weir_split_id_t  id;

    if (sync->table == NULL || sync->wmcf->store == NULL) {
        return;
    }

    ngx_http_weir_split_name(&id, img, s);
    ngx_http_weir_split_publish(sync, &id);
}


u_char *
ngx_http_weir_split_sync_status(ngx_http_weir_split_sync_t *sync, u_char *p,
    u_char *end)
{
    uint64_t                       reads;
    ngx_msec_int_t                 age;
    ngx_http_weir_split_shared_t  *shared;

    if (sync->wmcf->store == NULL) {
        return ngx_slprintf(p, end, ",\"agreement\":null");
    }

    shared = sync->shared;
    reads = weir_load(&shared->reads);
    age = (ngx_msec_int_t) (ngx_current_msec
                            - (ngx_msec_t) weir_load(&shared->read));

    p = ngx_slprintf(p, end, ",\"agreement\":{\"agreed\":%s,\"age_ms\":",
                     ngx_http_weir_split_reached(sync) ? "true" : "false");

    p = reads ? ngx_slprintf(p, end, "%M", (ngx_msec_t) ngx_max(age, 0))
              : ngx_slprintf(p, end, "null");

    return ngx_slprintf(p, end, ",\"read\":%uL,\"failed\":%uL,"
                        "\"passed_over\":%uL,\"published\":%uL,"
                        "\"error\":\"%s\"}",
                        reads, weir_load(&shared->failures),
                        weir_load(&shared->passed),
                        weir_load(&shared->published),
                        ngx_http_weir_split_why(weir_load(&shared->why)));
}


/* Whether and when */

static void
ngx_http_weir_split_timer(ngx_event_t *ev)
{
    ngx_msec_t                   next;
    ngx_http_weir_split_sync_t  *sync;

    sync = ev->data;
    next = NGX_HTTP_WEIR_SPLIT_EVERY;

    if (!ngx_http_weir_lanes_lead(sync->wmcf->limits)) {
        ngx_http_weir_split_leave(sync);

        if (!ngx_exiting) {
            ngx_add_timer(ev, next);
        }

        return;
    }

    if (sync->file.len) {
        ngx_http_weir_split_load(sync);
    }

    if (ngx_http_weir_split_look(sync)) {

        if (sync->wmcf->store && sync->open == 0
            && (ngx_msec_int_t) (ngx_current_msec - sync->next) >= 0)
        {
            ngx_http_weir_split_round(sync);
        }

        if (sync->file.len) {
            ngx_http_weir_split_save(sync);
        }
    }

    ngx_http_weir_split_complain(sync);

    if (sync->nitems && weir_load(&sync->shared->reads) == 0) {
        next = NGX_HTTP_WEIR_SPLIT_FIRST;
    }

    ngx_add_timer(ev, next);
}


/* False: nothing is known of the policy. */

static ngx_uint_t
ngx_http_weir_split_look(ngx_http_weir_split_sync_t *sync)
{
    uint64_t                 generation;
    ngx_int_t                rc;
    ngx_uint_t               has;
    ngx_http_weir_pin_t      pin;
    ngx_http_weir_policy_t  *policy;

    policy = sync->wmcf->policy;

    generation = ngx_http_weir_policy_has(policy, WEIR_S_SPLITS,
                                          sync->generation, &has);

    if (generation == sync->generation) {
        return generation != 0;
    }

    ngx_http_weir_split_drop(sync);

    if (!has) {
        sync->generation = generation;
        return generation != 0;
    }

    if (ngx_http_weir_policy_pin(policy, &pin) != NGX_OK) {
        return 0;
    }

    rc = ngx_http_weir_split_items(sync, pin.image);

    if (rc == NGX_OK) {
        sync->generation = pin.generation;
        ngx_http_weir_split_restore(sync);
    }

    ngx_http_weir_policy_unpin(policy, &pin);

    return rc == NGX_OK;
}


/* The file is another's from now on, who reads it again. */

static void
ngx_http_weir_split_leave(ngx_http_weir_split_sync_t *sync)
{
    if (sync->loaded) {
        ngx_http_weir_split_save(sync);
        ngx_http_weir_split_unload(sync);
    }

    ngx_http_weir_split_drop(sync);
}


/* Once a minute, while this node does not know what others do. */

static void
ngx_http_weir_split_complain(ngx_http_weir_split_sync_t *sync)
{
    uint64_t           why;
    weir_splits_now_t  now;

    why = weir_load(&sync->shared->why);

    if (sync->nitems == 0 || why == NGX_HTTP_WEIR_STORE_OK
        || ngx_current_msec - sync->logged < NGX_HTTP_WEIR_SPLIT_QUIET)
    {
        return;
    }

    ngx_http_weir_split_now(sync, sync->generation, &now);

    if (now.agreed) {
        return;
    }

    sync->logged = ngx_current_msec;
    sync->complained = 1;

    ngx_log_error(NGX_LOG_ERR, sync->log, 0,
                  "weir: the state of splits could not be read from the "
                  "store: %s; no ramp advances, and what is rolled back "
                  "stays", ngx_http_weir_split_why(why));
}


/* Words */

ngx_int_t
ngx_http_weir_split_word_read(const u_char *text, size_t len,
    weir_split_word_t *word)
{
    size_t    i;
    uint64_t  n, digit;

    if (len == 0 || (len > 1 && text[0] == '0')) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < len; i++) {

        if (text[i] < '0' || text[i] > '9') {
            return NGX_ERROR;
        }

        digit = (uint64_t) (text[i] - '0');

        if (n > (UINT64_MAX - digit) / 10) {
            return NGX_ERROR;
        }

        n = n * 10 + digit;
    }

    *word = n;

    return NGX_OK;
}


/*
 * An epoch near the last one would leave no order for people; a time to come
 * would hold a ramp until then.
 */

ngx_uint_t
ngx_http_weir_split_word_ok(const ngx_http_weir_split_id_t *id,
    weir_split_word_t word, uint32_t now)
{
    uint32_t  steps;

    steps = ngx_max(id->steps, 1);

    return WEIR_SPLIT_EPOCH(word) < NGX_HTTP_WEIR_SPLIT_EPOCHS
           && WEIR_SPLIT_STEP(word) < steps
           && WEIR_SPLIT_PINNED(word) <= id->arms
           && (word >> 32 & 0x1f) == 0
           && WEIR_SPLIT_SINCE(word)
              <= (uint64_t) now + NGX_HTTP_WEIR_SPLIT_AHEAD;
}


u_char *
ngx_http_weir_split_word_text(u_char *p, u_char *end,
    const ngx_http_weir_split_id_t *id, weir_split_word_t word)
{
    weir_split_state_t  state;

    state = weir_split_state(word);

    p = ngx_slprintf(p, end, "%s",
                     state == WEIR_SPLIT_IS_ROLLED_BACK
                     ? "rolled back" : weir_split_state_name(state));

    if (id->steps) {
        p = ngx_slprintf(p, end, ", step %uD of %uD",
                         WEIR_SPLIT_STEP(word) + 1, id->steps);
    }

    return ngx_slprintf(p, end, ", epoch %uD", WEIR_SPLIT_EPOCH(word));
}


uint32_t
ngx_http_weir_split_clock(ngx_http_weir_split_sync_t *sync)
{
    int64_t  ns;

    if (sync->wmcf->store
        && ngx_http_weir_beat_clock(ngx_http_weir_zone_beat(sync->wmcf->zone),
                                    &ns) == NGX_OK)
    {
        return (uint32_t) (ns / 1000000000);
    }

    return (uint32_t) ngx_time();
}


const char *
ngx_http_weir_split_why(uint64_t why)
{
    static const char *const  names[] = {
#define R(name, text)  text,
        NGX_HTTP_WEIR_STORE_RESULTS(R)
#undef R
    };

    return why != NGX_HTTP_WEIR_STORE_OK
           && why < NGX_HTTP_WEIR_STORE_NRESULTS ? names[why] : "";
}
