/*
 * ngx_http_weir_policy_swap.c: from an image that was read to one that serves,
 * or to a refusal.  LOADING and STAGED of the state machine in _watch.c.
 */

#include "ngx_http_weir_policy_core.h"
#include "ngx_http_weir_audit.h"

/* workers that do not answer are not waited for longer, beyond two checks */
#define NGX_HTTP_WEIR_STAGE_MAX    1000

/*
 * A worker opens an image within its first request under it, if that takes
 * no longer, in ns; other images are opened by all workers before they serve.
 */
#define NGX_HTTP_WEIR_INLINE_COST  500000


static ngx_int_t ngx_http_weir_swap_follows(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_swap_stage(ngx_http_weir_policy_t *policy);
static ngx_uint_t ngx_http_weir_swap_ready(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_swap_publish(ngx_http_weir_policy_t *policy);
static void ngx_http_weir_swap_seen(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state);
static void ngx_http_weir_swap_news(ngx_http_weir_policy_t *policy,
    ngx_http_weir_policy_news_t *news);
static void ngx_http_weir_swap_tell_refused(ngx_http_weir_policy_t *policy);


ngx_msec_t
ngx_http_weir_swap_loaded(ngx_http_weir_policy_t *policy)
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
        ngx_http_weir_swap_refuse(policy, &job->state, &job->why);

        if (!job->transient) {
            ngx_http_weir_swap_seen(policy, &job->state);
        }

        return ngx_http_weir_watch_back(policy, policy->options.check);
    }

    if (ngx_http_weir_swap_follows(policy) != NGX_OK) {
        ngx_http_weir_swap_seen(policy, &job->state);
        return ngx_http_weir_watch_back(policy, policy->options.check);
    }

    ngx_http_weir_swap_stage(policy);

    return ngx_http_weir_swap_staged(policy);
}


/* Whether the image that was loaded is another one, and may follow. */

static ngx_int_t
ngx_http_weir_swap_follows(ngx_http_weir_policy_t *policy)
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
        policy->images->logged_epoch = 0;

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

    ngx_http_weir_swap_refuse(policy, &job->state, &why);

    return NGX_DECLINED;
}


/* The image gets its generation here; where nobody need wait, it goes on. */

static void
ngx_http_weir_swap_stage(ngx_http_weir_policy_t *policy)
{
    uint64_t                 generation;
    ngx_http_weir_held_t    *me;
    ngx_http_weir_images_t  *images;

    images = policy->images;
    me = &images->held[policy->worker];

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


ngx_msec_t
ngx_http_weir_swap_staged(ngx_http_weir_policy_t *policy)
{
    if (ngx_http_weir_watch_superseded(policy)) {
        __atomic_store_n(&policy->images->staged, 0, __ATOMIC_SEQ_CST);
        return ngx_http_weir_watch_back(policy, NGX_HTTP_WEIR_POLL);
    }

    if (!ngx_http_weir_swap_ready(policy)
        && ngx_current_msec - policy->since
           < NGX_HTTP_WEIR_STAGE_MAX + 2 * policy->options.check)
    {
        return NGX_HTTP_WEIR_POLL;
    }

    ngx_http_weir_swap_publish(policy);

    return ngx_http_weir_watch_back(policy, policy->options.check);
}


static ngx_uint_t
ngx_http_weir_swap_ready(ngx_http_weir_policy_t *policy)
{
    uint64_t                 generation, used;
    ngx_uint_t               i;
    ngx_http_weir_images_t  *images;

    images = policy->images;
    generation = ngx_http_weir_word_generation(policy->job_word);

    if (policy->job->cost <= NGX_HTTP_WEIR_INLINE_COST) {
        return 1;
    }

    used = __atomic_load_n(&images->workers.used, __ATOMIC_SEQ_CST);

    for (i = 0; i < used; i++) {

        if (__atomic_load_n(&images->workers.owners[i], __ATOMIC_RELAXED) != 0
            && __atomic_load_n(&images->held[i].ready, __ATOMIC_ACQUIRE)
               != generation)
        {
            return 0;
        }
    }

    return 1;
}


static void
ngx_http_weir_swap_publish(ngx_http_weir_policy_t *policy)
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

    ngx_http_weir_policy_note(policy, NULL);
    __atomic_add_fetch(&images->swaps, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&images->staged, 0, __ATOMIC_SEQ_CST);

    ngx_http_weir_swap_seen(policy, &job->state);
    images->logged_epoch = 0;

    ngx_http_weir_swap_tell(policy);

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


/* What was read before the file has settled must be read once more. */

static void
ngx_http_weir_swap_seen(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state)
{
    if (!policy->unsettled) {
        policy->images->seen = *state;
        policy->images->seen_epoch = policy->epoch;
    }

    policy->unsettled = 0;
}


void
ngx_http_weir_swap_refuse(ngx_http_weir_policy_t *policy,
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

    ngx_http_weir_swap_tell_refused(policy);
}


/* The audit log */

void
ngx_http_weir_swap_tell(ngx_http_weir_policy_t *policy)
{
    ngx_http_weir_images_t       *images;
    ngx_http_weir_policy_news_t   news;

    images = policy->images;

    if (images->told == ngx_http_weir_word_generation(images->current)) {
        return;
    }

    ngx_http_weir_swap_news(policy, &news);

    news.event = NGX_HTTP_WEIR_EVENT_POLICY_SWAPPED;

    if (images->told == 0) {
        news.event = NGX_HTTP_WEIR_EVENT_POLICY_LOADED;

        if (news.from_last_good) {
            ngx_http_weir_swap_tell_refused(policy);
        }
    }

    news.previous = images->told;
    news.previous_serial = images->told_serial;
    news.previous_has_serial = images->told_has_serial;

    images->told = news.generation;
    images->told_serial = news.serial;
    images->told_has_serial = news.has_serial;

    ngx_http_weir_audit_policy(policy->cycle, &news);
}


static void
ngx_http_weir_swap_news(ngx_http_weir_policy_t *policy,
    ngx_http_weir_policy_news_t *news)
{
    ngx_http_weir_images_t      *images;
    ngx_http_weir_image_slot_t  *slot;

    images = policy->images;
    slot = &images->slots[ngx_http_weir_word_slot(images->current)];

    ngx_memzero(news, sizeof(ngx_http_weir_policy_news_t));

    news->policy = weir_cstr((char *) slot->name);
    news->generation = slot->generation;
    news->serial = slot->serial;
    news->has_serial = slot->has_serial;
    news->from_last_good = slot->from_last_good;
    news->digest = slot->digest;
}


/* What was refused last: "reason: text". */
static void
ngx_http_weir_swap_tell_refused(ngx_http_weir_policy_t *policy)
{
    size_t                        n;
    weir_str_t                    why;
    ngx_http_weir_images_t       *images;
    ngx_http_weir_policy_news_t   news;

    images = policy->images;

    why = weir_cstr((char *) images->refused[images->refusals & 1].text);
    n = strcspn(why.data, ":");

    ngx_http_weir_swap_news(policy, &news);

    news.event = NGX_HTTP_WEIR_EVENT_POLICY_REJECTED;
    news.reason = weir_str(why.data, n);

    if (why.len - n > 2) {
        news.text = weir_str(why.data + n + 2, why.len - n - 2);
    }

    ngx_http_weir_audit_policy(policy->cycle, &news);
}
