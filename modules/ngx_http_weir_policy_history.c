/*
 * ngx_http_weir_policy_history.c: the last swaps and rejections, for people.
 *
 * One process writes at a time: the master before there are workers, then the
 * leader.  One that dies while it writes has not counted, and the next writes
 * to the same place.
 */

#include "ngx_http_weir_policy_core.h"


void
ngx_http_weir_policy_note(ngx_http_weir_policy_t *policy,
    const weir_refusal_t *why)
{
    uint64_t                       n;
    ngx_http_weir_images_t        *images;
    ngx_http_weir_image_slot_t    *slot;
    ngx_http_weir_policy_event_t  *event;

    images = policy->images;
    n = images->events;
    event = &images->history[n % (2 * NGX_HTTP_WEIR_HISTORY)];
    slot = &images->slots[ngx_http_weir_word_slot(images->current)];

    event->when = (uint64_t) ngx_time();
    event->rejected = why ? (uint64_t) why->reason : 0;
    event->generation = slot->generation;
    event->serial = slot->serial;
    event->has_serial = slot->has_serial;
    ngx_memcpy(event->digest, slot->digest, sizeof(event->digest));
    ngx_cpystrn(event->text, (u_char *) (why ? why->text : ""),
                sizeof(event->text));

    /* pairs with history() */

    __atomic_store_n(&images->events, n + 1, __ATOMIC_RELEASE);
}


ngx_uint_t
ngx_http_weir_policy_history(ngx_http_weir_policy_t *policy,
    ngx_http_weir_policy_event_t events[NGX_HTTP_WEIR_HISTORY])
{
    uint64_t                 n;
    ngx_uint_t               i, count, tries;
    ngx_http_weir_images_t  *images;

    images = policy->images;

    for (tries = 0; tries < 10; tries++) {
        n = __atomic_load_n(&images->events, __ATOMIC_ACQUIRE);
        count = (ngx_uint_t) ngx_min(n, NGX_HTTP_WEIR_HISTORY);

        for (i = 0; i < count; i++) {
            events[i] = images->history[(n - 1 - i)
                                        % (2 * NGX_HTTP_WEIR_HISTORY)];
        }

        __atomic_thread_fence(__ATOMIC_ACQUIRE);

        /* the writer has not come to the place of number n - 16 again */

        if (__atomic_load_n(&images->events, __ATOMIC_RELAXED) - n
            < NGX_HTTP_WEIR_HISTORY)
        {
            return count;
        }
    }

    return 0;
}
