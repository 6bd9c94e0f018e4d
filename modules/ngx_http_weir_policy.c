/*
 * ngx_http_weir_policy.c: pins, handles, status, and a worker's coming and
 * going.
 *
 * A slot's bytes change only while it is neither current nor pinned by a
 * live worker, and then only by the leader's hand.  The proof is in hold()
 * and in the leader's choice of a slot: each writes its own word first and
 * reads the other's then, all four sequentially consistent, so one of the
 * two sees the other.
 */

#include "ngx_http_weir_policy_core.h"

#define NGX_HTTP_WEIR_STOP_WAIT  5000       /* ms; see watch_stop() */


static ngx_int_t ngx_http_weir_handle_open(ngx_http_weir_policy_t *policy,
    ngx_uint_t slot, uint64_t generation);


ngx_int_t
ngx_http_weir_policy_pin(ngx_http_weir_policy_t *policy,
    ngx_http_weir_pin_t *pin)
{
    uint64_t                 word, generation;
    ngx_uint_t               slot;
    ngx_http_weir_held_t    *me;
    ngx_http_weir_handle_t  *handle;

    pin->image = NULL;

    if (policy->worker == NGX_HTTP_WEIR_NO_WORKER) {
        return NGX_ERROR;
    }

    me = &policy->images->held[policy->worker];

    do {
        word = __atomic_load_n(&policy->images->current, __ATOMIC_ACQUIRE);

    } while (ngx_http_weir_policy_hold(policy, &policy->images->current, word)
             != NGX_OK);

    slot = ngx_http_weir_word_slot(word);
    generation = ngx_http_weir_word_generation(word);
    handle = &policy->handles[slot];

    if (handle->generation != generation
        && ngx_http_weir_handle_open(policy, slot, generation) != NGX_OK)
    {
        ngx_http_weir_policy_drop(policy, slot);
        return NGX_ERROR;
    }

    if (me->generation != generation) {
        __atomic_store_n(&me->generation, generation, __ATOMIC_RELAXED);
    }

    pin->image = &handle->image;
    pin->slot = slot;
    pin->generation = generation;

    return NGX_OK;
}


void
ngx_http_weir_policy_unpin(ngx_http_weir_policy_t *policy,
    ngx_http_weir_pin_t *pin)
{
    if (pin->image == NULL) {
        return;
    }

    pin->image = NULL;

    /* without a place, this worker is on its way out and pins nothing */

    if (policy->worker != NGX_HTTP_WEIR_NO_WORKER) {
        ngx_http_weir_policy_drop(policy, pin->slot);
    }
}


ngx_uint_t
ngx_http_weir_policy_is_old(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_pin_t *pin)
{
    uint64_t  word;

    word = __atomic_load_n(&policy->images->current, __ATOMIC_RELAXED);

    return pin->generation != ngx_http_weir_word_generation(word);
}


void
ngx_http_weir_policy_status(ngx_http_weir_policy_t *policy,
    ngx_http_weir_policy_status_t *status)
{
    uint64_t                     word, n;
    ngx_uint_t                   i, tries;
    ngx_http_weir_images_t      *images;
    ngx_http_weir_refused_t      refused;
    ngx_http_weir_image_slot_t   slot;

    images = policy->images;
    tries = 10;

    /* what was copied under one word, at both ends, is of one generation */

    do {
        word = __atomic_load_n(&images->current, __ATOMIC_ACQUIRE);
        slot = images->slots[ngx_http_weir_word_slot(word)];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);

    } while (__atomic_load_n(&images->current, __ATOMIC_RELAXED) != word
             && --tries);

    do {
        n = __atomic_load_n(&images->refusals, __ATOMIC_ACQUIRE);
        refused = images->refused[n & 1];
        __atomic_thread_fence(__ATOMIC_ACQUIRE);

    } while (__atomic_load_n(&images->refusals, __ATOMIC_RELAXED) != n
             && --tries);

    ngx_memzero(status, sizeof(*status));

    status->generation = slot.generation;
    status->slot = ngx_http_weir_word_slot(word);
    status->serial = slot.serial;
    status->has_serial = (slot.has_serial != 0);
    status->from_last_good = (slot.from_last_good != 0);
    status->waiting = (__atomic_load_n(&images->waiting, __ATOMIC_RELAXED)
                       != 0);
    status->refused = (__atomic_load_n(&images->logged_epoch, __ATOMIC_RELAXED)
                       != 0
                       && __atomic_load_n(&images->logged_reason,
                                          __ATOMIC_RELAXED)
                          != WEIR_REJECT_NONE);
    status->length = slot.length;
    status->loaded = (time_t) slot.loaded;
    status->swaps = __atomic_load_n(&images->swaps, __ATOMIC_RELAXED);
    status->last_rejected = (time_t) refused.when;

    ngx_memcpy(status->digest, slot.digest, sizeof(status->digest));
    ngx_cpystrn(status->name, slot.name, sizeof(status->name));
    ngx_cpystrn(status->last_reason, refused.text,
                sizeof(status->last_reason));

    for (i = 0; i < WEIR_REJECT_COUNT; i++) {
        status->rejected[i] = __atomic_load_n(&images->rejected[i],
                                              __ATOMIC_RELAXED);
    }
}


void
ngx_http_weir_policy_memory(ngx_http_weir_policy_t *policy, uint64_t *bytes,
    uint64_t *used)
{
    ngx_uint_t               i;
    ngx_http_weir_images_t  *images;

    images = policy->images;

    *bytes = policy->zone->shm.size;
    *used = sizeof(ngx_http_weir_images_t);

    for (i = 0; i < NGX_HTTP_WEIR_IMAGE_SLOTS; i++) {
        *used += __atomic_load_n(&images->slots[i].touched, __ATOMIC_RELAXED);
    }
}


uint64_t
ngx_http_weir_policy_has(ngx_http_weir_policy_t *policy,
    weir_section_t section, uint64_t known, ngx_uint_t *has)
{
    u_char                      *p;
    uint64_t                     word, generation;
    uint32_t                     i;
    const weir_image_header_t   *header;
    const weir_image_section_t  *sections;

    if (policy->worker == NGX_HTTP_WEIR_NO_WORKER) {
        return 0;
    }

    do {
        word = __atomic_load_n(&policy->images->current, __ATOMIC_ACQUIRE);
        generation = ngx_http_weir_word_generation(word);

        if (generation == known) {
            return generation;
        }

    } while (ngx_http_weir_policy_hold(policy, &policy->images->current, word)
             != NGX_OK);

    p = ngx_http_weir_policy_slot(policy, ngx_http_weir_word_slot(word));
    header = (const weir_image_header_t *) p;
    sections = (const weir_image_section_t *) (p + sizeof(*header));

    *has = 0;

    for (i = 0; i < header->sections; i++) {

        if (sections[i].id == (uint32_t) section) {
            *has = (sections[i].length != 0);
        }
    }

    ngx_http_weir_policy_drop(policy, ngx_http_weir_word_slot(word));

    return generation;
}


ngx_http_weir_workers_t *
ngx_http_weir_policy_workers(ngx_http_weir_policy_t *policy,
    ngx_http_weir_held_t **held)
{
    *held = policy->images->held;

    return &policy->images->workers;
}


ngx_uint_t
ngx_http_weir_policy_worker(ngx_http_weir_policy_t *policy)
{
    return policy->worker;
}


const ngx_http_weir_policy_options_t *
ngx_http_weir_policy_options(ngx_http_weir_policy_t *policy)
{
    return &policy->options;
}


ngx_int_t
ngx_http_weir_policy_init_process(ngx_http_weir_policy_t *policy,
    ngx_cycle_t *cycle, ngx_http_weir_policy_waits_pt waits, void *data)
{
    uint64_t  epoch;

    policy->waits = waits;
    policy->waits_data = data;

    /* from here on, workers of earlier configurations do not lead */

    epoch = __atomic_load_n(&policy->images->epoch, __ATOMIC_RELAXED);

    while (epoch < policy->epoch
           && !__atomic_compare_exchange_n(&policy->images->epoch, &epoch,
                                           policy->epoch, 0, __ATOMIC_SEQ_CST,
                                           __ATOMIC_RELAXED))
    {
        /* void */
    }

    ngx_http_weir_watch_start(policy);

    return NGX_OK;
}


void
ngx_http_weir_policy_exit_process(ngx_http_weir_policy_t *policy)
{
    ngx_uint_t  i, worker;

    worker = policy->worker;

    if (!ngx_http_weir_watch_stop(policy, NGX_HTTP_WEIR_STOP_WAIT)) {

        /* peers take back what its thread may still write to */

        policy->worker = NGX_HTTP_WEIR_NO_WORKER;
        return;
    }

    for (i = 0; i < NGX_HTTP_WEIR_IMAGE_SLOTS; i++) {
        ngx_http_weir_handle_close(&policy->handles[i]);
    }

    if (worker != NGX_HTTP_WEIR_NO_WORKER) {
        policy->worker = NGX_HTTP_WEIR_NO_WORKER;
        ngx_http_weir_worker_release(&policy->images->workers, worker,
                                     ngx_http_weir_policy_clear, policy);
    }
}


void
ngx_http_weir_policy_clear(void *data, ngx_uint_t worker, ngx_pid_t dead)
{
    ngx_http_weir_policy_t *policy = data;

    uint64_t               pins;
    ngx_uint_t             i;
    ngx_http_weir_held_t  *held;

    held = &policy->images->held[worker];
    pins = 0;

    for (i = 0; i < NGX_HTTP_WEIR_IMAGE_SLOTS; i++) {
        pins += __atomic_exchange_n(&held->pins[i], 0, __ATOMIC_SEQ_CST);
    }

    __atomic_store_n(&held->generation, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&held->ready, 0, __ATOMIC_SEQ_CST);

    if (dead) {
        ngx_log_error(NGX_LOG_NOTICE, policy->timer.log, 0,
                      "weir: worker %P died with %uL requests in flight; "
                      "slot %ui is free again", dead, pins, worker);
    }
}


/*
 * The counter is this worker's own, so it is stored, not added to.  The store
 * and the second load pair with the leader, which stores current and then
 * loads the counters: either it sees the count, or we see its word.
 */

ngx_int_t
ngx_http_weir_policy_hold(ngx_http_weir_policy_t *policy, uint64_t *at,
    uint64_t word)
{
    uint64_t    *pins;
    ngx_uint_t   slot;

    slot = ngx_http_weir_word_slot(word);
    pins = &policy->images->held[policy->worker].pins[slot];

    __atomic_store_n(pins, *pins + 1, __ATOMIC_SEQ_CST);

    if (__atomic_load_n(at, __ATOMIC_SEQ_CST) == word) {
        return NGX_OK;
    }

    ngx_http_weir_policy_drop(policy, slot);

    return NGX_DECLINED;
}


void
ngx_http_weir_policy_drop(ngx_http_weir_policy_t *policy, ngx_uint_t slot)
{
    uint64_t  *pins;

    pins = &policy->images->held[policy->worker].pins[slot];

    /* pairs with the leader's scan: we have read the slot for the last time */

    __atomic_store_n(pins, *pins - 1, __ATOMIC_RELEASE);
}


u_char *
ngx_http_weir_policy_slot(ngx_http_weir_policy_t *policy, ngx_uint_t slot)
{
    return policy->bytes
           + slot * ngx_http_weir_policy_stride(&policy->options);
}


void
ngx_http_weir_policy_publish(ngx_http_weir_policy_t *policy, uint64_t word,
    const weir_image_t *image, size_t length, ngx_uint_t from_last_good)
{
    weir_str_t                   name;
    ngx_http_weir_images_t      *images;
    ngx_http_weir_image_slot_t  *slot;

    images = policy->images;
    slot = &images->slots[ngx_http_weir_word_slot(word)];
    name = weir_img_str(image, image->header->name);

    slot->generation = ngx_http_weir_word_generation(word);
    slot->length = length;
    slot->serial = image->header->serial;
    slot->has_serial = image->header->flags & WEIR_IMAGE_HAS_SERIAL;
    slot->from_last_good = from_last_good;
    slot->loaded = (uint64_t) ngx_time();
    ngx_memcpy(slot->digest, image->header->digest, sizeof(slot->digest));

    ngx_memzero(slot->name, sizeof(slot->name));
    ngx_memcpy(slot->name, name.data,
               ngx_min(name.len, sizeof(slot->name) - 1));

    /* pairs with hold(); all of the above and the image go before it */

    __atomic_store_n(&images->current, word, __ATOMIC_SEQ_CST);
}


void
ngx_http_weir_policy_rejected(ngx_http_weir_policy_t *policy,
    const weir_refusal_t *why)
{
    uint64_t                  n;
    ngx_http_weir_images_t   *images;
    ngx_http_weir_refused_t  *refused;

    images = policy->images;

    __atomic_add_fetch(&images->rejected[why->reason], 1, __ATOMIC_RELAXED);

    n = images->refusals + 1;
    refused = &images->refused[n & 1];

    refused->when = (uint64_t) ngx_time();
    (void) ngx_snprintf(refused->text, sizeof(refused->text), "%s: %s%Z",
                        weir_reject_name(why->reason), why->text);
    refused->text[sizeof(refused->text) - 1] = '\0';

    /* pairs with status() */

    __atomic_store_n(&images->refusals, n, __ATOMIC_RELEASE);

    ngx_http_weir_policy_note(policy, why);
}


ngx_http_weir_job_t *
ngx_http_weir_policy_load_job(ngx_http_weir_policy_t *policy,
    const ngx_str_t *file, ngx_uint_t slot)
{
    ngx_http_weir_job_t  *job;

    job = ngx_http_weir_job_create();

    if (job != NULL) {
        job->kind = NGX_HTTP_WEIR_JOB_LOAD;
        job->file = (char *) file->data;
        job->slot = ngx_http_weir_policy_slot(policy, slot);
        job->max_size = policy->options.max_size;
        job->key = policy->options.verify_key.len ? &policy->key : NULL;
        job->touched = &policy->images->slots[slot].touched;
    }

    return job;
}


void
ngx_http_weir_handle_close(ngx_http_weir_handle_t *handle)
{
    if (handle->generation != 0) {
        weir_image_close(&handle->image);
        weir_arena_destroy(handle->arena);
        handle->generation = 0;
    }
}


void
ngx_http_weir_handle_take(ngx_http_weir_handle_t *handle,
    ngx_http_weir_job_t *job, uint64_t generation)
{
    ngx_http_weir_handle_t  old;

    old = *handle;

    handle->generation = generation;
    handle->arena = job->arena;
    handle->image = job->image;

    job->arena = old.generation ? old.arena : NULL;
    job->image = old.image;
}


/* Of a slot that is held. */

static ngx_int_t
ngx_http_weir_handle_open(ngx_http_weir_policy_t *policy, ngx_uint_t slot,
    uint64_t generation)
{
    weir_refusal_t           why;
    ngx_http_weir_held_t    *me;
    ngx_http_weir_handle_t  *handle;

    handle = &policy->handles[slot];

    ngx_http_weir_handle_close(handle);

    handle->arena = weir_arena_create();

    if (handle->arena == NULL) {
        ngx_cpystrn((u_char *) why.text, (u_char *) "no memory",
                    sizeof(why.text));
        goto failed;
    }

    if (weir_image_open(&handle->image, ngx_http_weir_policy_slot(policy, slot),
                        handle->arena, &why)
        != WEIR_OK)
    {
        weir_arena_destroy(handle->arena);
        goto failed;
    }

    handle->generation = generation;

    me = &policy->images->held[policy->worker];
    __atomic_store_n(&me->ready, generation, __ATOMIC_RELEASE);

    return NGX_OK;

failed:

    /* the leader has opened it, so this worker is short of memory */

    if (policy->failed != generation) {
        policy->failed = generation;
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "weir: this worker cannot open generation %uL of policy "
                      "\"%V\" and refuses requests: %s",
                      generation, &policy->options.file, why.text);
    }

    return NGX_ERROR;
}
