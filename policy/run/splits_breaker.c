/*
 * splits_breaker.c: circuit breakers of arms.
 *
 * A breaker is one word, so that it changes in one step:
 *
 *     CLOSED      zero
 *     OPEN        since when, in ms
 *     HALF_OPEN   requests that were let through, those that succeeded, and
 *                 when the first of them went, in ticks
 *
 * What was let through and never reports is waited for as long as the breaker
 * was open; then others are let through.  The time in ticks comes round after
 * twelve days: who asks just then waits once more.
 */

#include "run/splits_cell.h"

#define MS         ((uint64_t) 1000000)     /* ns */
#define TICK       4                        /* ms */

/* breaker: from above state, time, let, done */
#define STATE_AT   62
#define TIME_AT    34
#define TIME_MASK  (((uint64_t) 1 << (STATE_AT - TIME_AT)) - 1)
#define LET_AT     17
#define COUNT_MASK (((uint64_t) 1 << LET_AT) - 1)
#define OPEN_MASK  (((uint64_t) 1 << STATE_AT) - 1)

/* a half of the window: number, which comes round after nine days or more,
   requests, failures */
#define REQS_AT    20
#define NUMBER_AT  40
#define HALF_MASK  (((uint64_t) 1 << REQS_AT) - 1)

_Static_assert(WEIR_MAX_BREAKER <= COUNT_MASK, "probes are counted");
_Static_assert(2 * WEIR_MAX_BREAKER <= HALF_MASK, "halves of enough requests");
_Static_assert(WEIR_MAX_BREAKER_TIME / TICK < TIME_MASK / 2, "time is told");


static uint64_t
ms_of(int64_t clock)
{
    return clock < 0 ? 0 : (uint64_t) clock / MS;
}


static unsigned
state_of(uint64_t word)
{
    return (unsigned) (word >> STATE_AT);
}


static uint64_t
open_make(uint64_t now)
{
    return (uint64_t) WEIR_BREAKER_OPEN << STATE_AT | (now & OPEN_MASK);
}


static uint64_t
half_make(uint64_t ticks, uint64_t let, uint64_t done)
{
    return (uint64_t) WEIR_BREAKER_HALF_OPEN << STATE_AT
           | (ticks & TIME_MASK) << TIME_AT | let << LET_AT | done;
}


static uint64_t
let_of(uint64_t word)
{
    return word >> LET_AT & COUNT_MASK;
}


/* ms that it has been in its state; a clock may be behind another one's. */
static uint64_t
since(uint64_t word, uint64_t now)
{
    uint64_t  ticks;

    if (state_of(word) == WEIR_BREAKER_OPEN) {
        return now > (word & OPEN_MASK) ? now - (word & OPEN_MASK) : 0;
    }

    ticks = (now / TICK - (word >> TIME_AT)) & TIME_MASK;

    return ticks > TIME_MASK - 1000 ? 0 : ticks * TICK;
}


/* Zero for both when the half is of another time. */
static uint64_t
half_of(uint64_t half, uint64_t number)
{
    return (half ^ number << NUMBER_AT) >> NUMBER_AT == 0
           ? half & (((uint64_t) 1 << NUMBER_AT) - 1) : 0;
}


/* Counts in the window; *requests and *failures are of both halves. */
static void
count(weir_split_arm_t *a, uint64_t number, bool failed, uint64_t *requests,
    uint64_t *failures)
{
    uint64_t  had, n, f, other, *half;

    half = &a->half[number & 1];
    had = weir_split_get(half);

    do {
        n = (half_of(had, number) >> REQS_AT) + 1;
        f = (half_of(had, number) & HALF_MASK) + failed;

        if (n == HALF_MASK) {
            n /= 2;
            f /= 2;
        }
    } while (!weir_split_swap(half, &had,
                              number << NUMBER_AT | n << REQS_AT | f));

    other = half_of(weir_split_get(&a->half[~number & 1]), number - 1);
    *requests = n + (other >> REQS_AT);
    *failures = f + (other & HALF_MASK);
}


/* Whether it is to open. */
static bool
is_enough(weir_split_arm_t *a, const weir_img_breaker_t *b, bool failed,
    uint64_t now)
{
    bool      enough;
    uint64_t  requests, failures;

    enough = false;

    if (!failed) {
        if (b->failures > 0 && weir_split_get(&a->run) != 0) {
            weir_split_set(&a->run, 0);
        }

    } else if (b->failures > 0) {
        enough = __atomic_add_fetch(&a->run, 1, __ATOMIC_SEQ_CST)
                 >= b->failures;
    }

    if (b->error_rate > 0) {
        count(a, now / (b->window / 2), failed, &requests, &failures);
        enough |= failed && requests >= b->min_requests
                  && failures * 10000 >= requests * b->error_rate;
    }

    return enough;
}


/* A failure of a request that went before it was half open: known already. */
static bool
is_known(uint64_t word, const weir_arm_result_t *r, uint64_t now)
{
    return r->end == WEIR_END_ERROR && r->took >= 0
           && ms_of(r->took) > since(word, now) + 2 * TICK;
}


/* What an end makes of a breaker that is half open. */
static uint64_t
half_after(uint64_t had, const weir_img_breaker_t *b,
    const weir_arm_result_t *r, uint64_t now)
{
    uint64_t  let, done;

    let = let_of(had);
    done = had & COUNT_MASK;

    switch (r->end) {

    case WEIR_END_OK:
        done++;

        if (done >= b->probes) {
            return 0;
        }

        return half_make(had >> TIME_AT, let < done ? done : let, done);

    case WEIR_END_GONE:
        /* somebody else may try */
        return half_make(had >> TIME_AT, let > done ? let - 1 : let, done);

    default:
        return is_known(had, r, now) ? had : open_make(now);
    }
}


static uint64_t
closed_after(weir_split_arm_t *a, const weir_img_breaker_t *b,
    const weir_arm_result_t *r, uint64_t now)
{
    return r->end != WEIR_END_GONE
           && is_enough(a, b, r->end == WEIR_END_ERROR, now)
           ? open_make(now) : 0;
}


void
weir_breaker_count(weir_split_arm_t *a, const weir_img_breaker_t *b,
    const weir_arm_result_t *r, int64_t clock)
{
    uint64_t  had, next, now;

    now = ms_of(clock);
    had = weir_split_get(&a->breaker);

    if (state_of(had) == WEIR_BREAKER_CLOSED) {
        next = closed_after(a, b, r, now);

        if (next != had && weir_split_swap(&a->breaker, &had, next)) {
            weir_split_add(&a->opened, 1);
        }

        return;
    }

    /* open: it went before that */
    while (state_of(had) == WEIR_BREAKER_HALF_OPEN) {
        next = half_after(had, b, r, now);

        if (next == 0) {
            /* nobody counts there now; who does next finds it so */
            weir_split_set(&a->run, 0);
            weir_split_set(&a->half[0], 0);
            weir_split_set(&a->half[1], 0);
        }

        if (weir_split_swap(&a->breaker, &had, next)) {
            weir_split_add(&a->opened, state_of(next) == WEIR_BREAKER_OPEN);
            return;
        }
    }
}


weir_breaker_state_t
weir_breaker_view(const weir_split_arm_t *a, const weir_img_breaker_t *b,
    int64_t clock)
{
    uint64_t  word;

    word = weir_split_get(&a->breaker);

    if (state_of(word) == WEIR_BREAKER_OPEN
        && since(word, ms_of(clock)) >= b->open)
    {
        return WEIR_BREAKER_HALF_OPEN;
    }

    return (weir_breaker_state_t) state_of(word);
}


weir_rc_t
weir_breaker_ask(weir_splits_t *t, const weir_image_t *img,
    const weir_img_split_t *s, uint32_t arm, int64_t clock,
    uint32_t *retry_after)
{
    uint64_t                   had, next, now, gone, done;
    weir_split_arm_t          *a;
    weir_split_cell_t         *c;
    const weir_img_breaker_t  *b;

    if (arm >= s->arms.count) {
        return WEIR_OK;
    }

    b = weir_breaker_of(img, s, arm);
    c = b == NULL ? NULL : weir_splits_find(t, &s->uid);

    if (c == NULL) {
        return WEIR_OK;
    }

    a = &c->arms[arm];
    now = ms_of(clock);
    had = weir_split_get(&a->breaker);

    do {
        if (state_of(had) == WEIR_BREAKER_CLOSED) {
            return WEIR_OK;
        }

        gone = since(had, now);

        if (state_of(had) == WEIR_BREAKER_HALF_OPEN
            && let_of(had) < b->probes)
        {
            next = had + ((uint64_t) 1 << LET_AT);

        } else if (gone >= b->open) {
            done = state_of(had) == WEIR_BREAKER_HALF_OPEN
                   ? had & COUNT_MASK : 0;
            next = half_make(now / TICK, done + 1, done);

        } else {
            weir_split_add(&a->refused, 1);
            *retry_after = (uint32_t) ((b->open - gone + 999) / 1000);
            return WEIR_DECLINED;
        }
    } while (!weir_split_swap(&a->breaker, &had, next));

    return WEIR_OK;
}


void
weir_breaker_return(weir_splits_t *t, const weir_image_t *img,
    const weir_img_split_t *s, uint32_t arm, int64_t clock)
{
    weir_arm_result_t          r;
    weir_split_cell_t         *c;
    const weir_img_breaker_t  *b;

    if (arm >= s->arms.count) {
        return;
    }

    b = weir_breaker_of(img, s, arm);
    c = b == NULL ? NULL : weir_splits_find(t, &s->uid);

    if (c == NULL) {
        return;
    }

    r = (weir_arm_result_t) { .split = s, .arm = arm, .end = WEIR_END_GONE,
                              .took = -1 };

    weir_breaker_count(&c->arms[arm], b, &r, clock);
}
