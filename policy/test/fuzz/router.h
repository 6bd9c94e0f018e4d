/*
 * router.h: a server whose splits were in any state before, and what it does
 * with them.  What it says follows from the number of limiter.h.
 */

#ifndef WEIR_TEST_FUZZ_ROUTER_H
#define WEIR_TEST_FUZZ_ROUTER_H

#include "test/fuzz/limiter.h"

#define ROUTER_TABLE  (6 * WEIR_SPLIT_BYTES)

typedef struct {
    _Alignas(64) uint8_t  mem[ROUTER_TABLE];
    weir_splits_t        *table;
    unsigned              drawn;
    unsigned              news;         /* that ticks told */
} router_t;

static router_t  router;


/* Words that a file or another node may have brought. */
static inline void
router_begin(const weir_image_t *img)
{
    uint32_t                 i;
    weir_split_word_t        word;
    const weir_img_split_t  *s;

    memset(router.mem, 0, sizeof(router.mem));
    router.table = weir_splits_init(router.mem, limiter_any(8) != 0
                                                ? sizeof(router.mem) : 64);
    s = WEIR_REC(img, SPLITS);

    for (i = 0; i < img->n[WEIR_S_SPLITS] && i < 8; i++) {
        word = limiter_any(4) == 0 ? (weir_split_word_t) limiter_number()
               : (weir_split_word_t) limiter_any(1u << 30) << 34;

        if (limiter_any(2)) {
            (void) weir_splits_merge(router.table, &s[i].uid, word);
        }
    }
}


static inline weir_splits_t *
router_splits(void *host)
{
    (void) host;

    return limiter_any(32) != 0 ? router.table : NULL;
}


static inline weir_str_t
router_draw(void *host)
{
    static char  text[16];

    (void) host;

    (void) snprintf(text, sizeof(text), "%u", ++router.drawn);

    return weir_str(text, limiter_any(16) ? strlen(text) : 0);
}


static const weir_router_t  router_host = {
    router_splits, limiter_clock, router_draw
};


/* What there is to say of any request. */
static inline void
router_check(const weir_txn_t *txn, const weir_decision_t *d)
{
    weir_str_t             id;
    const weir_routing_t  *to;

    to = weir_txn_routing(txn);

    if (to->split == NULL) {
        must(!to->new_pin && (d->verdict != WEIR_ALLOW || d->arm.len == 0));
        return;
    }

    must(d->verdict == WEIR_ALLOW && d->status == 0);
    must(to->arm < to->split->arms.count && to->bucket < WEIR_BUCKETS);
    must(to->why != WEIR_ARM_NONE && to->why < WEIR_ARM_WHY_COUNT);
    must(to->why != WEIR_ARM_OVERRIDE
         || to->override < to->split->overrides.count);
    must(!to->new_pin
         || weir_pin_check(&to->split->salt, weir_str(to->pin, WEIR_PIN_LEN),
                           &id) == WEIR_OK);
}


/* How it ended; a request of an image before, too. */
static inline void
router_end(const weir_image_t *img, const weir_txn_t *txn)
{
    weir_arm_result_t      r;
    const weir_routing_t  *to;

    to = weir_txn_routing(txn);

    if (to->split == NULL) {
        return;
    }

    r.split = to->split;
    r.arm = to->arm;
    r.weighed = to->weighed;
    r.end = (weir_arm_end_t) limiter_any(3);
    r.took = limiter_any(4) ? limiter_number() : -1;
    weir_splits_count(router.table, img, &r, limiter_clock(NULL));
}


static inline void
router_tell(void *data, const weir_split_news_t *news)
{
    (void) data;

    must(news->what < WEIR_NEWS_COUNT && news->split != NULL);
    router.news++;
}


/* Ticks, orders, and how it stands then. */
static inline void
router_turn(const weir_image_t *img)
{
    uint32_t                 i, k, sum;
    const char              *why;
    weir_split_view_t        view;
    weir_splits_now_t        now;
    const weir_img_split_t  *s;

    now.clock = limiter_clock(NULL);
    now.now = (uint32_t) limiter_any(1u << 31);
    now.agreed = limiter_any(4) != 0;
    weir_splits_tick(router.table, img, &now, router_tell, NULL);
    s = WEIR_REC(img, SPLITS);

    for (i = 0; i < img->n[WEIR_S_SPLITS] && i < 8; i++, s++) {

        if (limiter_any(4) == 0) {
            (void) weir_splits_order(router.table, s,
                                     (weir_split_order_t)
                                     limiter_any(WEIR_SPLIT_NORDERS),
                                     limiter_any(WEIR_MAX_ARMS + 1), now.now,
                                     &why);
        }

        (void) weir_splits_view(router.table, img, s, now.clock, &view);

        for (k = 0, sum = 0; k < WEIR_MAX_ARMS; k++) {
            must(view.weights[k] == 0 || k < s->arms.count);
            sum += view.weights[k];
        }

        must(sum == WEIR_BUCKETS);
    }
}

#endif
