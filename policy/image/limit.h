/*
 * limit.h: what a limit counts in a cluster, and how far its numbers go.
 *
 * The compiler fills budget and span by this, the verifier compares.
 */

#ifndef WEIR_IMAGE_LIMIT_H
#define WEIR_IMAGE_LIMIT_H

#include "image/bounds.h"
#include "image/format.h"

#define WEIR_SEC_NS  UINT64_C(1000000000)


/* a * b / c, c > 0, rounded up where asked; at most UINT64_MAX */
static inline uint64_t
weir_limit_scale(uint64_t a, uint64_t b, uint64_t c, bool up)
{
    unsigned __int128  r;

    r = ((unsigned __int128) a * b + (up ? c - 1 : 0)) / c;

    return r > UINT64_MAX ? UINT64_MAX : (uint64_t) r;
}


/* Nanoseconds in which so many units come back at the rate of a limit. */
static inline uint64_t
weir_limit_time(const weir_img_limit_t *l, uint64_t units)
{
    return weir_limit_scale(units, l->window, l->limit, true);
}


/* Units that there ever are at once: no cost is above. */
static inline uint64_t
weir_limit_most(const weir_img_limit_t *l)
{
    return l->kind != WEIR_LIMIT_GCRA ? l->limit + l->burst
           : l->cluster ? l->budget : l->burst;
}


/* What "left" is of: of a quota that is without the overage. */
static inline uint64_t
weir_limit_whole(const weir_img_limit_t *l)
{
    return l->kind == WEIR_LIMIT_QUOTA ? l->limit : weir_limit_most(l);
}


/* What the store counts: budget units in a span; 0 and 0 unless cluster. */
static inline void
weir_limit_spread(const weir_img_limit_t *l, uint64_t *budget, uint64_t *span)
{
    uint64_t  second;

    if (!l->cluster) {
        *budget = 0;
        *span = 0;

    } else if (l->kind == WEIR_LIMIT_GCRA) {
        second = weir_limit_scale(l->limit, WEIR_SEC_NS, l->window, true);
        *budget = l->burst > second ? l->burst : second;
        *span = weir_limit_time(l, *budget);

    } else {
        *budget = l->limit + l->burst;
        *span = l->window;
    }
}

#endif
