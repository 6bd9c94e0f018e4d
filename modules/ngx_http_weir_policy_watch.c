/*
 * ngx_http_weir_policy_watch.c: notices a new image and brings it to serve.
 *
 *              changed, settled,              verified,      few patterns, or
 *              a slot is free                 may follow     all are ready
 *     WATCHING ───────────────▶ LOADING ───────────────▶ STAGED ───▶ published
 *         │                        │ refused: one line      │
 *         │ nothing new, and last_good is older             │ exiting: dropped
 *         ├───────────────▶ SAVING
 *         │ not the leader, and an image is staged
 *         └───────────────▶ OPENING
 *
 * Each arrow back leads to WATCHING.  All steps are taken by one cancelable
 * timer of the worker; a thread does what takes long, one at a time.
 */

#include "ngx_http_weir_policy_core.h"

/* how often a thread, or the other workers, are asked whether they are done */
#define NGX_HTTP_WEIR_POLL         5
/* a file that changes all the time is read all the same after so long */
#define NGX_HTTP_WEIR_SETTLE_MAX   1000
/* workers that do not answer are not waited for longer, beyond two checks */
#define NGX_HTTP_WEIR_STAGE_MAX    1000
#define NGX_HTTP_WEIR_REAP_EVERY   1000

/*
 * A worker compiles so many patterns within a request, about a millisecond;
 * more are compiled by all workers before they serve.
 */
#define NGX_HTTP_WEIR_INLINE_REGEXES  16


static void ngx_http_weir_watch_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_weir_watch_claim(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_leads(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_superseded(
    ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_path(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_changed(ngx_http_weir_policy_t *policy,
    ngx_http_weir_file_state_t *state);
static ngx_msec_t ngx_http_weir_watch_settles(ngx_http_weir_policy_t *policy,
    ngx_http_weir_file_state_t *state);
static ngx_int_t ngx_http_weir_watch_free_slot(ngx_http_weir_policy_t *policy,
    ngx_uint_t *slot);
static ngx_msec_t ngx_http_weir_watch_run(ngx_http_weir_policy_t *policy,
    ngx_http_weir_job_t *job, ngx_http_weir_watch_t watch);
static ngx_msec_t ngx_http_weir_watch_loaded(ngx_http_weir_policy_t *policy);
static ngx_int_t ngx_http_weir_watch_follows(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_watch_stage(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_staged(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_watch_ready(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_watch_publish(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_save(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_saved(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_open(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_opened(ngx_http_weir_policy_t *policy);
static ngx_msec_t ngx_http_weir_watch_back(ngx_http_weir_policy_t *policy,
    ngx_msec_t next);
static void ngx_http_weir_watch_retire(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_watch_seen(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state);
static void ngx_http_weir_watch_refuse(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state, const weir_refusal_t *why);


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

    (void) ngx_http_weir_watch_back(policy, 0);

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

        switch (policy->watch) {

        case NGX_HTTP_WEIR_WATCHING:
            next = ngx_http_weir_watch_leads(policy)
                   ? ngx_http_weir_watch_path(policy)
                   : ngx_http_weir_watch_open(policy);
            break;

        case NGX_HTTP_WEIR_LOADING:
            next = ngx_http_weir_watch_loaded(policy);
            break;

        case NGX_HTTP_WEIR_STAGED:
            next = ngx_http_weir_watch_staged(policy);
            break;

        case NGX_HTTP_WEIR_SAVING:
            next = ngx_http_weir_watch_saved(policy);
            break;

        case NGX_HTTP_WEIR_OPENING:
            next = ngx_http_weir_watch_opened(policy);
            break;
        }

        ngx_http_weir_watch_retire(policy);
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
                                   policy->timer.log, &policy->worker)
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

static ngx_uint_t
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

    if (ngx_current_msec - policy->reaped >= NGX_HTTP_WEIR_REAP_EVERY) {
        policy->reaped = ngx_current_msec;
        (void) ngx_http_weir_worker_reap(&images->workers, policy->timer.log);
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
                            "it cannot be found (%L: %s)%Z", state->error,
                            strerror((int) state->error));
        ngx_http_weir_watch_refuse(policy, state, &why);
        return 0;
    }

    return images->seen_epoch != policy->epoch
           || ngx_memcmp(&images->seen, state, sizeof(*state)) != 0;
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
    uint64_t                  pins, used;
    ngx_uint_t                i, n, current;
    ngx_http_weir_workers_t  *workers;

    workers = &policy->images->workers;
    current = ngx_http_weir_word_slot(policy->images->current);

    do {
        used = __atomic_load_n(&workers->used, __ATOMIC_SEQ_CST);

        for (n = 0; n < NGX_HTTP_WEIR_IMAGE_SLOTS; n++) {
            pins = 0;

            for (i = 0; i < used; i++) {
                pins |= __atomic_load_n(&workers->slots[i].pins[n],
                                        __ATOMIC_SEQ_CST);
            }

            if (n != current && pins == 0) {
                *slot = n;
                return NGX_OK;
            }
        }

    } while (ngx_http_weir_worker_reap(workers, policy->timer.log) != 0);

    return NGX_DECLINED;
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


static ngx_msec_t
ngx_http_weir_watch_loaded(ngx_http_weir_policy_t *policy)
{
    ngx_http_weir_job_t  *job;

    job = policy->job;

    if (!ngx_http_weir_job_done(job)) {
        return NGX_HTTP_WEIR_POLL;
    }

    if (job->rc == WEIR_AGAIN || ngx_http_weir_watch_superseded(policy)) {
        policy->unsettled = 0;
        return ngx_http_weir_watch_back(policy, NGX_HTTP_WEIR_POLL);
    }

    if (job->rc != WEIR_OK) {
        ngx_http_weir_watch_refuse(policy, &job->state, &job->why);

        if (!job->transient) {
            ngx_http_weir_watch_seen(policy, &job->state);
        }

        return ngx_http_weir_watch_back(policy, policy->options.check);
    }

    if (ngx_http_weir_watch_follows(policy) != NGX_OK) {
        ngx_http_weir_watch_seen(policy, &job->state);
        return ngx_http_weir_watch_back(policy, policy->options.check);
    }

    ngx_http_weir_watch_stage(policy);

    return ngx_http_weir_watch_staged(policy);
}


/* Whether the image that was loaded is another one, and may follow. */

static ngx_int_t
ngx_http_weir_watch_follows(ngx_http_weir_policy_t *policy)
{
    weir_refusal_t                why;
    ngx_http_weir_job_t          *job;
    ngx_http_weir_image_slot_t   *slot;
    const weir_image_header_t    *prev, *next;

    job = policy->job;
    slot = &policy->images->slots[ngx_http_weir_word_slot(
                                      policy->images->current)];

    prev = (weir_image_header_t *) ngx_http_weir_policy_slot(policy,
                        ngx_http_weir_word_slot(policy->images->current));
    next = (weir_image_header_t *) job->slot;

    if (ngx_memcmp(prev->digest, next->digest, sizeof(next->digest)) == 0) {

        __atomic_store_n(&slot->from_last_good, 0, __ATOMIC_RELAXED);

        ngx_log_error(NGX_LOG_INFO, policy->timer.log, 0,
                      "weir: policy \"%V\" is what generation %uL serves",
                      &policy->options.file, slot->generation);

        return NGX_DECLINED;
    }

    why.reason = weir_image_order(prev, next);

    if (why.reason == WEIR_REJECT_NONE) {
        return NGX_OK;
    }

    (void) ngx_snprintf((u_char *) why.text, sizeof(why.text),
                        "its serial is %uL, that of the running policy %uL%Z",
                        next->serial, prev->serial);

    ngx_http_weir_watch_refuse(policy, &job->state, &why);

    return NGX_DECLINED;
}


/* The image gets its generation here; where nobody need wait, it goes on. */

static void
ngx_http_weir_watch_stage(ngx_http_weir_policy_t *policy)
{
    uint64_t                      generation;
    ngx_http_weir_images_t       *images;
    ngx_http_weir_worker_slot_t  *me;

    images = policy->images;
    me = &images->workers.slots[policy->worker];

    generation = ++images->generations;

    policy->job_word = ngx_http_weir_word(generation,
                                          (uint64_t) policy->job_slot);
    policy->watch = NGX_HTTP_WEIR_STAGED;
    policy->since = ngx_current_msec;

    ngx_http_weir_handle_take(&policy->handles[policy->job_slot], policy->job,
                              generation);

    __atomic_store_n(&me->ready, generation, __ATOMIC_RELEASE);
    __atomic_store_n(&images->staged, policy->job_word, __ATOMIC_SEQ_CST);
}


static ngx_msec_t
ngx_http_weir_watch_staged(ngx_http_weir_policy_t *policy)
{
    if (ngx_http_weir_watch_superseded(policy)) {
        __atomic_store_n(&policy->images->staged, 0, __ATOMIC_SEQ_CST);
        return ngx_http_weir_watch_back(policy, NGX_HTTP_WEIR_POLL);
    }

    if (!ngx_http_weir_watch_ready(policy)
        && ngx_current_msec - policy->since
           < NGX_HTTP_WEIR_STAGE_MAX + 2 * policy->options.check)
    {
        return NGX_HTTP_WEIR_POLL;
    }

    ngx_http_weir_watch_publish(policy);

    return ngx_http_weir_watch_back(policy, policy->options.check);
}


static ngx_uint_t
ngx_http_weir_watch_ready(ngx_http_weir_policy_t *policy)
{
    uint64_t                      generation, used;
    ngx_uint_t                    i;
    ngx_http_weir_handle_t       *handle;
    ngx_http_weir_workers_t      *workers;
    ngx_http_weir_worker_slot_t  *slot;

    workers = &policy->images->workers;
    handle = &policy->handles[policy->job_slot];
    generation = ngx_http_weir_word_generation(policy->job_word);

    if (handle->image.n[WEIR_S_REGEXES] <= NGX_HTTP_WEIR_INLINE_REGEXES) {
        return 1;
    }

    used = __atomic_load_n(&workers->used, __ATOMIC_SEQ_CST);

    for (i = 0; i < used; i++) {
        slot = &workers->slots[i];

        if (__atomic_load_n(&slot->owner, __ATOMIC_RELAXED) != 0
            && __atomic_load_n(&slot->ready, __ATOMIC_ACQUIRE) != generation)
        {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_weir_watch_publish(ngx_http_weir_policy_t *policy)
{
    ngx_http_weir_job_t         *job;
    ngx_http_weir_images_t      *images;
    ngx_http_weir_handle_t      *handle;
    ngx_http_weir_image_slot_t  *slot;

    job = policy->job;
    images = policy->images;
    slot = &images->slots[policy->job_slot];
    handle = &policy->handles[policy->job_slot];

    ngx_http_weir_policy_publish(policy, policy->job_word, &handle->image,
                                 job->length, 0);

    __atomic_add_fetch(&images->swaps, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&images->staged, 0, __ATOMIC_SEQ_CST);

    ngx_http_weir_watch_seen(policy, &job->state);

    if (slot->has_serial) {
        ngx_log_error(NGX_LOG_NOTICE, policy->timer.log, 0,
                      "weir: policy \"%V\": serving generation %uL, \"%s\", "
                      "serial %uL",
                      &policy->options.file, slot->generation, slot->name,
                      slot->serial);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, policy->timer.log, 0,
                  "weir: policy \"%V\": serving generation %uL, \"%s\"",
                  &policy->options.file, slot->generation, slot->name);
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
    uint64_t                      generation;
    ngx_http_weir_job_t          *job;
    ngx_http_weir_handle_t       *handle;
    ngx_http_weir_worker_slot_t  *me;

    job = policy->job;

    if (!ngx_http_weir_job_done(job)) {
        return NGX_HTTP_WEIR_POLL;
    }

    me = &policy->images->workers.slots[policy->worker];
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
ngx_http_weir_watch_back(ngx_http_weir_policy_t *policy, ngx_msec_t next)
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

    return next;
}


/* Closes handles of images that this worker has served for the last time. */

static void
ngx_http_weir_watch_retire(ngx_http_weir_policy_t *policy)
{
    uint64_t                      current, staged;
    ngx_uint_t                    i;
    ngx_http_weir_handle_t       *handle;
    ngx_http_weir_worker_slot_t  *me;

    me = &policy->images->workers.slots[policy->worker];

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
            ngx_http_weir_handle_close(handle);
        }
    }
}


/* What was read before the file has settled must be read once more. */

static void
ngx_http_weir_watch_seen(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state)
{
    if (!policy->unsettled) {
        policy->images->seen = *state;
        policy->images->seen_epoch = policy->epoch;
    }

    policy->unsettled = 0;
}


static void
ngx_http_weir_watch_refuse(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state, const weir_refusal_t *why)
{
    uint64_t                 generation;
    ngx_http_weir_images_t  *images;

    images = policy->images;

    if (images->logged_epoch == policy->epoch
        && images->logged_reason == (uint64_t) why->reason
        && ngx_memcmp(&images->logged, state, sizeof(*state)) == 0)
    {
        return;
    }

    images->logged = *state;
    images->logged_reason = (uint64_t) why->reason;
    images->logged_epoch = policy->epoch;

    generation = ngx_http_weir_word_generation(images->current);

    ngx_http_weir_policy_rejected(policy, why);

    ngx_log_error(NGX_LOG_ERR, policy->timer.log, 0,
                  "weir: policy \"%V\" refused: %s: %s; serving generation %uL",
                  &policy->options.file, weir_reject_name(why->reason),
                  why->text, generation);
}
