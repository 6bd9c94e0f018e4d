/*
 * splits.c: the state of each split, what people order, what was counted.
 */

#include <string.h>

#include "run/splits_cell.h"


weir_split_word_t
weir_splits_word(const weir_splits_t *t, const weir_id_t *uid)
{
    weir_split_cell_t  *c;

    c = weir_splits_find(t, uid);

    return c == NULL ? 0 : weir_split_get(&c->word);
}


bool
weir_splits_merge(weir_splits_t *t, const weir_id_t *uid,
    weir_split_word_t word)
{
    weir_split_cell_t  *c;

    c = word == 0 ? NULL : weir_splits_place(t, uid);

    return c != NULL && weir_splits_raise(c, word);
}


weir_split_word_t
weir_splits_epoch(weir_split_word_t word, uint32_t now)
{
    uint64_t  epoch;

    epoch = WEIR_SPLIT_EPOCH(word) + 1;

    return epoch > UINT16_MAX ? 0 : epoch << WEIR_SPLIT_EPOCH_AT | now;
}


void
weir_splits_weights(const weir_image_t *img, const weir_img_split_t *s,
    weir_split_word_t word, uint32_t weights[WEIR_MAX_ARMS])
{
    uint32_t                 i, n, arm, versus, both, step;
    const weir_img_guard_t  *g;

    n = s->arms.count;
    memset(weights, 0, WEIR_MAX_ARMS * sizeof(weights[0]));

    /* the word comes from a file or from the store: any value may come */
    if (WEIR_SPLIT_PINNED(word) > 0 && WEIR_SPLIT_PINNED(word) <= n) {
        weights[WEIR_SPLIT_PINNED(word) - 1] = WEIR_BUCKETS;
        return;
    }

    for (i = 0; i < n; i++) {
        weights[i] = WEIR_REC(img, ARMS)[s->arms.first + i].weight;
    }

    g = weir_guard_of(img, s);

    if (g == NULL) {
        return;
    }

    arm = g->arm - s->arms.first;
    versus = g->versus - s->arms.first;
    both = weights[arm] + weights[versus];

    if (WEIR_SPLIT_ROLLED(word)) {
        weights[arm] = 0;

    } else if (s->steps.count > 0) {
        step = WEIR_SPLIT_STEP(word);
        step = step < s->steps.count ? step : s->steps.count - 1;
        weights[arm] = WEIR_REC(img, STEPS)[s->steps.first + step].share;
    }

    weights[versus] = both - weights[arm];
}


const weir_img_split_t *
weir_split_named(const weir_image_t *img, weir_str_t name)
{
    uint32_t                 i;
    const weir_img_split_t  *s;

    for (i = 0; i < img->n[WEIR_S_SPLITS]; i++) {
        s = &WEIR_REC(img, SPLITS)[i];

        if (weir_str_eq(weir_img_str(img, s->name), name)) {
            return s;
        }
    }

    return NULL;
}


uint32_t
weir_arm_named(const weir_image_t *img, const weir_img_split_t *s,
    weir_str_t name)
{
    uint32_t               i;
    const weir_img_arm_t  *a;

    for (i = 0; i < s->arms.count; i++) {
        a = &WEIR_REC(img, ARMS)[s->arms.first + i];

        if (weir_str_eq(weir_img_str(img, a->name), name)) {
            return i;
        }
    }

    return WEIR_NONE;
}


/* What an order makes of a state; 0 sets *why. */
static weir_split_word_t
ordered(const weir_img_split_t *s, weir_split_order_t order, uint32_t arm,
    weir_split_word_t had, uint32_t now, const char **why)
{
    weir_split_word_t  next;

    next = weir_splits_epoch(had, now);

    if (next == 0) {
        *why = "no more orders can be told from those before; change what the "
               "split says";
        return 0;
    }

    switch (order) {

    case WEIR_SPLIT_ROLLBACK:

        if (s->guard == WEIR_NONE) {
            *why = "the split has no guard that says which arm is rolled back";
            return 0;
        }

        return next | WEIR_SPLIT_ROLLED_BIT | WEIR_SPLIT_HAND_BIT;

    case WEIR_SPLIT_RESUME:

        if (!WEIR_SPLIT_ROLLED(had) && WEIR_SPLIT_PINNED(had) == 0) {
            *why = "the split is neither rolled back nor pinned";
            return 0;
        }

        return next;

    case WEIR_SPLIT_PIN:

        if (arm >= s->arms.count) {
            *why = "the split has no such arm";
            return 0;
        }

        return next | (uint64_t) (arm + 1) << WEIR_SPLIT_PINNED_AT;

    default:
        *why = "there is no such order";
        return 0;
    }
}


weir_rc_t
weir_splits_order(weir_splits_t *t, const weir_img_split_t *s,
    weir_split_order_t order, uint32_t arm, uint32_t now, const char **why)
{
    weir_split_cell_t  *c;
    weir_split_word_t   had, next;

    c = weir_splits_place(t, &s->uid);

    if (c == NULL) {
        *why = "there is no room in which its state could be kept";
        return WEIR_ERROR;
    }

    had = weir_split_get(&c->word);

    for ( ;; ) {
        next = ordered(s, order, arm, had, now, why);

        if (next == 0) {
            return WEIR_ERROR;
        }

        /* the next epoch is above all that there is in this one */
        if (weir_split_swap(&c->word, &had, next)) {
            return WEIR_OK;
        }
    }
}


void
weir_splits_count(weir_splits_t *t, const weir_image_t *img,
    const weir_arm_result_t *r, int64_t clock)
{
    weir_split_arm_t          *a;
    weir_split_cell_t         *c;
    const weir_img_breaker_t  *b;

    c = weir_splits_place(t, &r->split->uid);

    if (c == NULL || r->arm >= r->split->arms.count) {
        return;
    }

    a = &c->arms[r->arm];

    if (r->end == WEIR_END_GONE) {
        weir_split_add(&a->gone, 1);

    } else {
        weir_split_add(r->end == WEIR_END_ERROR ? &a->errors : &a->ok, 1);
    }

    if (r->weighed && r->split->guard != WEIR_NONE) {
        weir_guard_count(c, img, r, clock);
    }

    b = weir_breaker_of(img, r->split, r->arm);

    if (b != NULL) {
        weir_breaker_count(a, b, r, clock);
    }
}


void
weir_splits_mirrored(weir_splits_t *t, const weir_id_t *split,
    weir_mirror_end_t end, int64_t took)
{
    weir_split_cell_t  *c;

    c = weir_splits_place(t, split);

    if (c == NULL) {
        return;
    }

    weir_split_add(&c->mirrored[end], 1);

    if (end <= WEIR_MIRROR_ERROR && took > 0) {
        weir_split_add(&c->mirror_us, (uint64_t) took / 1000);
    }
}


static void
view_arm(const weir_split_arm_t *a, const weir_img_breaker_t *b,
    int64_t clock, weir_arm_view_t *out)
{
    out->ok = weir_split_get(&a->ok);
    out->errors = weir_split_get(&a->errors);
    out->requests = out->ok + out->errors;
    out->gone = weir_split_get(&a->gone);
    out->opened = weir_split_get(&a->opened);
    out->refused = weir_split_get(&a->refused);

    if (b != NULL) {
        out->breaker = weir_breaker_view(a, b, clock);
    }
}


bool
weir_splits_view(const weir_splits_t *t, const weir_image_t *img,
    const weir_img_split_t *s, int64_t clock, weir_split_view_t *out)
{
    uint32_t                  i;
    const weir_split_cell_t  *c;

    memset(out, 0, sizeof(*out));
    c = weir_splits_find(t, &s->uid);

    if (c != NULL) {
        out->word = weir_split_get(&c->word);

        for (i = 0; i < s->arms.count; i++) {
            view_arm(&c->arms[i], weir_breaker_of(img, s, i), clock,
                     &out->arms[i]);
        }

        for (i = 0; i < WEIR_MIRROR_NENDS; i++) {
            out->mirrored[i] = weir_split_get(&c->mirrored[i]);
        }

        out->mirror_us = weir_split_get(&c->mirror_us);

        if (s->guard != WEIR_NONE) {
            weir_guard_view(c, img, s, clock, &out->look);
        }
    }

    weir_splits_weights(img, s, out->word, out->weights);

    return c != NULL;
}


weir_split_state_t
weir_split_state(weir_split_word_t word)
{
    if (WEIR_SPLIT_PINNED(word)) {
        return WEIR_SPLIT_IS_PINNED;
    }

    return WEIR_SPLIT_ROLLED(word) ? WEIR_SPLIT_IS_ROLLED_BACK
                                   : WEIR_SPLIT_IS_SERVING;
}


const char *
weir_split_state_name(unsigned state)
{
    static const char *const  names[] = {
#define S(name, text)  text,
        WEIR_SPLIT_STATES(S)
#undef S
    };

    return state < WEIR_SPLIT_NSTATES ? names[state] : "unknown";
}


const char *
weir_split_order_name(unsigned order)
{
    static const char *const  names[] = {
#define O(name, text)  text,
        WEIR_SPLIT_ORDERS(O)
#undef O
    };

    return order < WEIR_SPLIT_NORDERS ? names[order] : "unknown";
}


const char *
weir_guard_finding_name(unsigned finding)
{
    static const char *const  names[] = {
#define F(name, text)  text,
        WEIR_GUARD_FINDINGS(F)
#undef F
    };

    return finding < WEIR_GUARD_NFINDINGS ? names[finding] : "unknown";
}


const char *
weir_split_news_name(unsigned news)
{
    static const char *const  names[] = {
#define N(name, text)  text,
        WEIR_SPLIT_NEWS(N)
#undef N
    };

    return news < WEIR_NEWS_COUNT ? names[news] : "unknown";
}


const char *
weir_breaker_state_name(unsigned state)
{
    static const char *const  names[] = {
#define S(name, text)  text,
        WEIR_BREAKER_STATES(S)
#undef S
    };

    return state < WEIR_BREAKER_NSTATES ? names[state] : "unknown";
}


const char *
weir_mirror_end_name(unsigned end)
{
    static const char *const  names[] = {
#define E(name, text)  text,
        WEIR_MIRROR_ENDS(E)
#undef E
    };

    return end < WEIR_MIRROR_NENDS ? names[end] : "unknown";
}
