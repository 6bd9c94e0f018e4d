/*
 * splits_tick.c: what is due of splits: to look, to roll back and to resume,
 * to go a step further.
 *
 * Each thing is one exchange of the split's word.  Who makes it tells it; who
 * dies behind it has told nobody, but it is done.
 */

#include <string.h>

#include "run/splits_cell.h"

#define SEEN  ((int64_t) 1000000000)    /* ns: often enough */


/* A word since now. */
static weir_split_word_t
at(weir_split_word_t word, uint32_t now)
{
    return (word & ~(uint64_t) UINT32_MAX) | now;
}


/* false: it is another one than it was, or next is not above it. */
static bool
raise_from(weir_split_cell_t *c, weir_split_word_t had, weir_split_word_t next)
{
    return next > had && weir_split_swap(&c->word, &had, next);
}


/* By one; also what somebody else just let have a step more. */
static bool
roll_back(weir_split_cell_t *c, weir_split_word_t had, uint32_t now,
    weir_split_word_t *next)
{
    uint32_t  epoch;

    epoch = WEIR_SPLIT_EPOCH(had);

    while (WEIR_SPLIT_EPOCH(had) == epoch && !WEIR_SPLIT_ROLLED(had)) {
        *next = at(had | WEIR_SPLIT_ROLLED_BIT, now);

        if (weir_split_swap(&c->word, &had, *next)) {
            return true;
        }
    }

    return false;
}


/* The look that is due, if it is.  Whether something has to be told. */
static bool
tick_look(weir_split_cell_t *c, const weir_img_guard_t *g,
    weir_split_word_t word, const weir_splits_now_t *now,
    weir_split_news_t *news)
{
    bool  again;

    if (!weir_guard_look(c, g, word, now->clock, &news->look, &again)
        || news->look.finding != WEIR_GUARD_FAILED)
    {
        return false;
    }

    if (g->report) {
        news->what = WEIR_NEWS_REPORTED;
        news->word = word;
        return !again;
    }

    news->what = WEIR_NEWS_ROLLED_BACK;

    return roll_back(c, word, now->now, &news->word);
}


/* Whether the ramp is a step further. */
static bool
tick_ramp(weir_split_cell_t *c, const weir_image_t *img,
    const weir_img_split_t *s, weir_split_word_t word,
    const weir_splits_now_t *now, weir_split_news_t *news)
{
    uint32_t                since, step;
    const weir_img_step_t  *steps;

    if (s->steps.count == 0 || !now->agreed) {
        return false;
    }

    if (word == 0) {
        (void) raise_from(c, 0, now->now);
        return false;
    }

    steps = &WEIR_REC(img, STEPS)[s->steps.first];
    step = WEIR_SPLIT_STEP(word);
    since = WEIR_SPLIT_SINCE(word);

    if (step + 1 >= s->steps.count || now->now < since
        || now->now - since < steps[step].seconds)
    {
        return false;
    }

    if (!weir_guard_is_content(c, weir_guard_of(img, s), word, now->clock)) {
        return false;
    }

    news->what = WEIR_NEWS_ADVANCED;
    news->word = at(word + WEIR_SPLIT_STEP_ONE, now->now);
    weir_guard_view(c, img, s, now->clock, &news->look);

    return raise_from(c, word, news->word);
}


/* Whether a rollback is over. */
static bool
tick_hold(weir_split_cell_t *c, const weir_img_guard_t *g,
    weir_split_word_t word, const weir_splits_now_t *now,
    weir_split_news_t *news)
{
    uint32_t  since;

    since = WEIR_SPLIT_SINCE(word);

    if (g->hold == 0 || WEIR_SPLIT_HAND(word) || !now->agreed
        || now->now < since || now->now - since < g->hold)
    {
        return false;
    }

    news->what = WEIR_NEWS_RESUMED;
    news->word = weir_splits_epoch(word, now->now);

    return raise_from(c, word, news->word);
}


/* Whether something has to be told. */
static bool
tick_one(weir_split_cell_t *c, const weir_image_t *img,
    const weir_img_split_t *s, const weir_splits_now_t *now,
    weir_split_news_t *news)
{
    weir_split_word_t        word;
    const weir_img_guard_t  *g;

    g = weir_guard_of(img, s);
    word = weir_split_get(&c->word);

    if (g == NULL || WEIR_SPLIT_PINNED(word) > 0) {
        return false;
    }

    memset(news, 0, sizeof(*news));
    news->split = s;

    if (WEIR_SPLIT_ROLLED(word)) {
        return tick_hold(c, g, word, now, news);
    }

    return tick_look(c, g, word, now, news)
           || tick_ramp(c, img, s, word, now, news);
}


uint32_t
weir_splits_tick(weir_splits_t *t, const weir_image_t *img,
    const weir_splits_now_t *now,
    void (*tell)(void *data, const weir_split_news_t *news), void *data)
{
    uint32_t                 i, left;
    weir_split_cell_t       *c;
    weir_split_news_t        news;
    const weir_img_split_t  *s;

    if (t == NULL) {
        return img->n[WEIR_S_SPLITS];
    }

    left = 0;

    for (i = 0; i < img->n[WEIR_S_SPLITS]; i++) {
        s = &WEIR_REC(img, SPLITS)[i];
        c = weir_splits_place(t, &s->uid);

        if (c == NULL) {
            left++;
            continue;
        }

        if (now->clock - weir_split_get(&c->seen) > SEEN) {
            weir_split_set(&c->seen, now->clock);
        }

        if (tick_one(c, img, s, now, &news)) {
            tell(data, &news);
        }
    }

    weir_splits_sweep(t, now->clock);

    return left;
}
