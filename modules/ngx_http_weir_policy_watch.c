/*
 * ngx_http_weir_policy_watch.c: notices a new image and brings it to serve.
 *
 *              changed, settled,              verified,     quickly opened,
 *              a slot is free                 may follow    or all are ready
 *     WATCHING ───────────────▶ LOADING ───────────────▶ STAGED ───▶ published
 *         │                        │ refused: one line      │
 *         │ nothing new, and last_good is older             │ exiting: dropped
 *         ├───────────────▶ SAVING
 *         │ not the leader, and an image is staged
 *         ├───────────────▶ OPENING
 *         │ a handle with many patterns is out of use
 *         └───────────────▶ CLOSING
 *
 * Each arrow back leads to WATCHING.  All steps are taken by one cancelable
 * timer of the worker; a thread does what takes long, one at a time.
 */

#include "ngx_http_weir_policy_core.h"

/* a file that changes all the time is read all the same after so long */
#define NGX_HTTP_WEIR_SETTLE_MAX  1000
#define NGX_HTTP_WEIR_REAP_EVERY  1000
/* a handle with more patterns, at several us each, is closed by a thread */
#define NGX_HTTP_WEIR_CLOSE_MAX   16


static void ngx_http_weir_watch_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_weir_watch_claim(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_leads(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_path(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_changed(ngx_http_weir_policy_t *policy,
    ngx_http_weir_file_state_t *state);
static ngx_msec_t ngx_http_weir_watch_settles(ngx_http_weir_policy_t *policy,
    ngx_http_weir_file_state_t *state);
static ngx_int_t ngx_http_weir_watch_free_slot(ngx_http_weir_policy_t *policy,
    ngx_uint_t *slot);
static ngx_msec_t ngx_http_weir_watch_run(ngx_http_weir_policy_t *policy,
    ngx_http_weir_job_t *job, ngx_http_weir_watch_t watch);
static ngx_msec_t ngx_http_weir_watch_save(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_saved(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_open(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_opened(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_closed(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_watch_end(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_reap(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_watch_retire(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_watch_close(ngx_http_weir_policy_t *policy,
    ngx_http_weir_handle_t *handle);


void
ngx_http_weir_watch_start(ngx_http_weir_policy_t *policy)
{
    policy->timer.handler = ngx_http_weir_watch_handler;
    policy->timer.data = policy;
    policy->timer.log = policy->cycle->log;
    policy->timer.cancelable = 1;

    (void) ngx_http_weir_watch_claim(policy);

    ngx_add_timer(&policy->timer, 1);
}


ngx_uint_t
ngx_http_weir_watch_stop(ngx_http_weir_policy_t *policy, ngx_msec_t wait)
{
    if (policy->timer.timer_set) {
        ngx_del_timer(&policy->timer);
    }

    switch (policy->watch) {

    case NGX_HTTP_WEIR_WATCHING:
        return 1;

    case NGX_HTTP_WEIR_STAGED:
        __atomic_store_n(&policy->images->staged, 0, __ATOMIC_SEQ_CST);
        break;

    default:
        if (!ngx_http_weir_job_stop(policy->job, wait)) {
            return 0;
        }
    }

    ngx_http_weir_watch_end(policy);

    return 1;
}


static void
ngx_http_weir_watch_handler(ngx_event_t *ev)
{
    ngx_msec_t               next;
    ngx_http_weir_policy_t  *policy;

    policy = ev->data;
    next = policy->options.check;

    if (ngx_http_weir_watch_claim(policy) == NGX_OK) {

        ngx_http_weir_watch_retire(policy);

        switch (policy->watch) {

        case NGX_HTTP_WEIR_WATCHING:
            next = ngx_http_weir_watch_leads(policy)
                   ? ngx_http_weir_watch_path(policy)
                   : ngx_http_weir_watch_open(policy);
            break;

        case NGX_HTTP_WEIR_LOADING:
            next = ngx_http_weir_swap_loaded(policy);
            break;

        case NGX_HTTP_WEIR_STAGED:
            next = ngx_http_weir_swap_staged(policy);
            break;

        case NGX_HTTP_WEIR_SAVING:
            next = ngx_http_weir_watch_saved(policy);
            break;

        case NGX_HTTP_WEIR_OPENING:
            next = ngx_http_weir_watch_opened(policy);
            break;

        case NGX_HTTP_WEIR_CLOSING:
            next = ngx_http_weir_watch_closed(policy);
            break;
        }

        if (__atomic_load_n(&policy->images->waiting, __ATOMIC_RELAXED)
            && policy->waits(policy->waits_data))
        {
            next = ngx_min(next, NGX_HTTP_WEIR_POLL);
        }
    }

    ngx_add_timer(&policy->timer, next);
}


static ngx_int_t
ngx_http_weir_watch_claim(ngx_http_weir_policy_t *policy)
{
    if (policy->worker != NGX_HTTP_WEIR_NO_WORKER) {
        return NGX_OK;
    }

    if (ngx_http_weir_worker_claim(&policy->images->workers,
                                   ngx_http_weir_policy_clear, policy,
                                   &policy->worker)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (!policy->alerted) {
        policy->alerted = 1;
        ngx_log_error(NGX_LOG_ALERT, policy->timer.log, 0,
                      "weir: all %d places for workers are taken; this worker "
                      "refuses requests until one is free",
                      NGX_HTTP_WEIR_WORKER_SLOTS);
    }

    return NGX_ERROR;
}


static ngx_uint_t
ngx_http_weir_watch_leads(ngx_http_weir_policy_t *policy)
{
    ngx_http_weir_workers_t  *workers;

    workers = &policy->images->workers;

    if (ngx_http_weir_watch_superseded(policy)) {
        ngx_http_weir_worker_yield(workers, policy->worker);
        return 0;
    }

    return ngx_http_weir_worker_leads(workers, policy->worker);
}


/* Workers of a newer configuration know better what is to be served. */

ngx_uint_t
ngx_http_weir_watch_superseded(ngx_http_weir_policy_t *policy)
{
    return ngx_exiting
           || __atomic_load_n(&policy->images->epoch, __ATOMIC_SEQ_CST)
              > policy->epoch;
}


/* WATCHING as the leader. */

static ngx_msec_t
ngx_http_weir_watch_path(ngx_http_weir_policy_t *policy)
{
    ngx_msec_t                   wait;
    ngx_uint_t                   slot;
    ngx_http_weir_job_t         *job;
    ngx_http_weir_images_t      *images;
    ngx_http_weir_file_state_t   state;

    images = policy->images;

    /* a leader that died may have left it; pairs with hold() */

    if (images->staged != 0) {
        __atomic_store_n(&images->staged, 0, __ATOMIC_SEQ_CST);
    }

    ngx_http_weir_swap_tell(policy);

    if (ngx_current_msec - policy->reaped >= NGX_HTTP_WEIR_REAP_EVERY) {
        policy->reaped = ngx_current_msec;
        (void) ngx_http_weir_watch_reap(policy);
    }

    if (!ngx_http_weir_watch_changed(policy, &state)) {
        policy->unsettled = 0;
        __atomic_store_n(&images->waiting, 0, __ATOMIC_RELAXED);
        return ngx_http_weir_watch_save(policy);
    }

    wait = ngx_http_weir_watch_settles(policy, &state);

    if (wait != 0) {
        return wait;
    }

    /* the file is read when there is room for it: the newest one wins */

    if (ngx_http_weir_watch_free_slot(policy, &slot) != NGX_OK) {
        __atomic_store_n(&images->waiting, 1, __ATOMIC_RELAXED);
        return policy->options.check;
    }

    __atomic_store_n(&images->waiting, 0, __ATOMIC_RELAXED);

    job = ngx_http_weir_policy_load_job(policy, &policy->options.file, slot);

    if (job != NULL) {
        job->state = state;
    }

    policy->job_slot = slot;
    ngx_http_weir_handle_close(&policy->handles[slot]);

    return ngx_http_weir_watch_run(policy, job, NGX_HTTP_WEIR_LOADING);
}


static ngx_uint_t
ngx_http_weir_watch_changed(ngx_http_weir_policy_t *policy,
    ngx_http_weir_file_state_t *state)
{
    weir_refusal_t           why;
    ngx_http_weir_images_t  *images;

    images = policy->images;

    ngx_http_weir_file_look((char *) policy->options.file.data, state);

    if (state->error != 0) {
        why.reason = WEIR_REJECT_READ;
        (void) ngx_snprintf((u_char *) why.text, sizeof(why.text),
                            "stat() failed (%L: %s)%Z", state->error,
                            strerror((int) state->error));
        ngx_http_weir_swap_refuse(policy, state, &why);
        return 0;
    }

    if (images->seen_epoch != policy->epoch
        || ngx_memcmp(&images->seen, state, sizeof(*state)) != 0)
    {
        return 1;
    }

    /* what was refused is gone: if it comes again, it is news again */

    if (ngx_memcmp(&images->logged, state, sizeof(*state)) != 0) {
        images->logged_epoch = 0;
    }

    return 0;
}


/* The ms until it is worth reading the file, or 0. */

static ngx_msec_t
ngx_http_weir_watch_settles(ngx_http_weir_policy_t *policy,
    ngx_http_weir_file_state_t *state)
{
    int64_t  ns;

    ns = ngx_http_weir_file_settles(state);

    if (ns == 0) {
        policy->unsettled = 0;
        return 0;
    }

    if (!policy->unsettled) {
        policy->unsettled = 1;
        policy->since = ngx_current_msec;
    }

    if (ngx_current_msec - policy->since >= NGX_HTTP_WEIR_SETTLE_MAX) {
        return 0;
    }

    return (ngx_msec_t) (ns / 1000000) + 1;
}


/*
 * The leader's scan pairs with hold(): current and staged were stored before,
 * so a worker that we do not see counted will see that its word has changed.
 */

static ngx_int_t
ngx_http_weir_watch_free_slot(ngx_http_weir_policy_t *policy, ngx_uint_t *slot)
{
    uint64_t                 pins, used;
    ngx_uint_t               i, n, current;
    ngx_http_weir_images_t  *images;

    images = policy->images;
    current = ngx_http_weir_word_slot(images->current);

    do {
        used = __atomic_load_n(&images->workers.used, __ATOMIC_SEQ_CST);

        for (n = 0; n < NGX_HTTP_WEIR_IMAGE_SLOTS; n++) {
            pins = 0;

            for (i = 0; i < used; i++) {
                pins |= __atomic_load_n(&images->held[i].pins[n],
                                        __ATOMIC_SEQ_CST);
            }

            if (n != current && pins == 0) {
                *slot = n;
                return NGX_OK;
            }
        }

    } while (ngx_http_weir_watch_reap(policy) != 0);

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_weir_watch_reap(ngx_http_weir_policy_t *policy)
{
    return ngx_http_weir_worker_reap(&policy->images->workers, policy->worker,
                                     ngx_http_weir_policy_clear, policy);
}


static ngx_msec_t
ngx_http_weir_watch_run(ngx_http_weir_policy_t *policy,
    ngx_http_weir_job_t *job, ngx_http_weir_watch_t watch)
{
    ngx_err_t  err;

    policy->job = job;
    policy->watch = watch;

    err = job ? ngx_http_weir_job_start(job) : NGX_ENOMEM;

    if (err == 0) {
        return NGX_HTTP_WEIR_POLL;
    }

    ngx_log_error(NGX_LOG_CRIT, policy->timer.log, err,
                  "weir: no thread for policy \"%V\"; trying again",
                  &policy->options.file);

    return ngx_http_weir_watch_back(policy, policy->options.check);
}


/* WATCHING as the leader, and nothing is new. */

static ngx_msec_t
ngx_http_weir_watch_save(ngx_http_weir_policy_t *policy)
{
    uint64_t                 word;
    ngx_uint_t               slot;
    ngx_http_weir_job_t     *job;
    ngx_http_weir_images_t  *images;

    images = policy->images;
    word = images->current;
    slot = ngx_http_weir_word_slot(word);

    if (policy->options.last_good.len == 0
        || images->saved == ngx_http_weir_word_generation(word)
        || ngx_http_weir_policy_hold(policy, &images->current, word) != NGX_OK)
    {
        return policy->options.check;
    }

    job = ngx_http_weir_job_create();

    if (job != NULL) {
        job->kind = NGX_HTTP_WEIR_JOB_SAVE;
        job->file = (char *) policy->options.last_good.data;
        job->slot = ngx_http_weir_policy_slot(policy, slot);
        job->length = images->slots[slot].length;
    }

    policy->job_slot = slot;
    policy->job_word = word;

    return ngx_http_weir_watch_run(policy, job, NGX_HTTP_WEIR_SAVING);
}


static ngx_msec_t
ngx_http_weir_watch_saved(ngx_http_weir_policy_t *policy)
{
    ngx_http_weir_job_t  *job;

    job = policy->job;

    if (!ngx_http_weir_job_done(job)) {
        return NGX_HTTP_WEIR_POLL;
    }

    policy->images->saved = ngx_http_weir_word_generation(policy->job_word);

    if (job->rc != WEIR_OK) {
        ngx_log_error(NGX_LOG_ERR, policy->timer.log, job->error,
                      "weir: generation %uL was not kept as last good copy "
                      "\"%V\"",
                      policy->images->saved, &policy->options.last_good);
    }

    return ngx_http_weir_watch_back(policy, policy->options.check);
}


/* WATCHING, but not as the leader. */

static ngx_msec_t
ngx_http_weir_watch_open(ngx_http_weir_policy_t *policy)
{
    uint64_t                 word;
    ngx_uint_t               slot;
    ngx_http_weir_job_t     *job;
    ngx_http_weir_images_t  *images;

    images = policy->images;
    word = __atomic_load_n(&images->staged, __ATOMIC_ACQUIRE);
    slot = ngx_http_weir_word_slot(word);

    if (word == 0
        || policy->handles[slot].generation
           == ngx_http_weir_word_generation(word)
        || ngx_http_weir_policy_hold(policy, &images->staged, word) != NGX_OK)
    {
        return policy->options.check;
    }

    job = ngx_http_weir_job_create();

    if (job != NULL) {
        job->kind = NGX_HTTP_WEIR_JOB_OPEN;
        job->slot = ngx_http_weir_policy_slot(policy, slot);
    }

    policy->job_slot = slot;
    policy->job_word = word;

    return ngx_http_weir_watch_run(policy, job, NGX_HTTP_WEIR_OPENING);
}


static ngx_msec_t
ngx_http_weir_watch_opened(ngx_http_weir_policy_t *policy)
{
    uint64_t                 generation;
    ngx_http_weir_job_t     *job;
    ngx_http_weir_held_t    *me;
    ngx_http_weir_handle_t  *handle;

    job = policy->job;

    if (!ngx_http_weir_job_done(job)) {
        return NGX_HTTP_WEIR_POLL;
    }

    me = &policy->images->held[policy->worker];
    handle = &policy->handles[policy->job_slot];
    generation = ngx_http_weir_word_generation(policy->job_word);

    /* a request may have come first, and holds what it opened */

    if (job->rc == WEIR_OK && handle->generation != generation) {
        ngx_http_weir_handle_take(handle, job, generation);
    }

    /* also after a failure: the request that needs it tries again */

    __atomic_store_n(&me->ready, generation, __ATOMIC_RELEASE);

    return ngx_http_weir_watch_back(policy, policy->options.check);
}


static ngx_msec_t
ngx_http_weir_watch_closed(ngx_http_weir_policy_t *policy)
{
    if (!ngx_http_weir_job_done(policy->job)) {
        return NGX_HTTP_WEIR_POLL;
    }

    return ngx_http_weir_watch_back(policy, NGX_HTTP_WEIR_POLL);
}


ngx_msec_t
ngx_http_weir_watch_back(ngx_http_weir_policy_t *policy, ngx_msec_t next)
{
    ngx_http_weir_handle_t  left;

    left.generation = 0;

    /* what the job opened and nobody took, or took out of use */

    if (policy->job != NULL && policy->job->arena != NULL) {
        left.generation = 1;
        left.arena = policy->job->arena;
        left.image = policy->job->image;
        policy->job->arena = NULL;
    }

    ngx_http_weir_watch_end(policy);
    ngx_http_weir_watch_close(policy, &left);

    return policy->watch == NGX_HTTP_WEIR_WATCHING ? next : NGX_HTTP_WEIR_POLL;
}


static void
ngx_http_weir_watch_end(ngx_http_weir_policy_t *policy)
{
    if (policy->watch == NGX_HTTP_WEIR_SAVING
        || policy->watch == NGX_HTTP_WEIR_OPENING)
    {
        ngx_http_weir_policy_drop(policy, policy->job_slot);
    }

    if (policy->job != NULL) {
        ngx_http_weir_job_destroy(policy->job);
        policy->job = NULL;
    }

    policy->watch = NGX_HTTP_WEIR_WATCHING;
}


/* Closes handles of images that this worker has served for the last time. */

static void
ngx_http_weir_watch_retire(ngx_http_weir_policy_t *policy)
{
    uint64_t                 current, staged;
    ngx_uint_t               i;
    ngx_http_weir_held_t    *me;
    ngx_http_weir_handle_t  *handle;

    me = &policy->images->held[policy->worker];

    /*
     * Staged first: an image goes from there to current, and one that was in
     * neither is out.
     */

    staged = __atomic_load_n(&policy->images->staged, __ATOMIC_SEQ_CST);
    current = __atomic_load_n(&policy->images->current, __ATOMIC_SEQ_CST);

    for (i = 0; i < NGX_HTTP_WEIR_IMAGE_SLOTS; i++) {
        handle = &policy->handles[i];

        if (me->pins[i] == 0
            && handle->generation != ngx_http_weir_word_generation(current)
            && handle->generation != ngx_http_weir_word_generation(staged))
        {
            ngx_http_weir_watch_close(policy, handle);
        }
    }
}


/* Nothing happens while another job runs: the next step comes here again. */

static void
ngx_http_weir_watch_close(ngx_http_weir_policy_t *policy,
    ngx_http_weir_handle_t *handle)
{
    ngx_http_weir_job_t  *job;

    if (handle->generation == 0) {
        return;
    }

    if (handle->image.n[WEIR_S_REGEXES] <= NGX_HTTP_WEIR_CLOSE_MAX) {
        ngx_http_weir_handle_close(handle);
        return;
    }

    if (policy->watch != NGX_HTTP_WEIR_WATCHING) {
        return;
    }

    job = ngx_http_weir_job_create();

    if (job == NULL) {
        ngx_http_weir_handle_close(handle);
        return;
    }

    job->kind = NGX_HTTP_WEIR_JOB_CLOSE;
    job->arena = handle->arena;
    job->image = handle->image;

    handle->generation = 0;

    policy->job = job;
    policy->watch = NGX_HTTP_WEIR_CLOSING;

    if (ngx_http_weir_job_start(job) != 0) {
        ngx_http_weir_watch_end(policy);
    }
}
