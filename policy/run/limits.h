/*
 * limits.h: one bounded table of everything that is counted on this node.
 *
 * It lies in shared memory.  Several processes use it at once, and any of them
 * may die at any instruction.  A key that has its cell is counted without a
 * lock; who makes one waits for another who does, or for one who died at it,
 * for some milliseconds at most.  A key takes 64 bytes.  Cells that say nothing
 * any more are used again; a tenant fills at most its share, so that another
 * one always finds room.
 *
 * Who can choose keys can choose what they hash to: keys are digests under
 * weir_limit_key() (SipHash), never of weir_hash().
 */

#ifndef WEIR_RUN_LIMITS_H
#define WEIR_RUN_LIMITS_H

#include "image/format.h"
#include "run/window.h"

typedef struct weir_limits_s  weir_limits_t;    /* lies in shared memory */

typedef struct {
    uint64_t  w[2];
} weir_limit_key_t;

/*
 * Lays the table out in size bytes, 64-byte aligned and all zero: pages that
 * nobody came to stay untouched.  NULL: too few, under about 4 KB.
 */
weir_limits_t *weir_limits_init(void *mem, size_t size);

typedef struct {
    uint64_t  cells;            /* there are, those of concurrency included */
    uint64_t  used;             /* hold something at a time; about */
} weir_limits_use_t;

/* Looks at a part of the cells, at most 4096, and estimates from them. */
void weir_limits_use(const weir_limits_t *t, int64_t clock,
    weir_limits_use_t *out);


/* What is asked of a limit. */
typedef struct {
    const weir_img_limit_t  *limit;
    weir_limit_key_t         key;
    uint32_t                 tenant;    /* whose share: a hash; 0 counts as
                                           one, too */
    uint32_t                 worker;    /* CONCURRENCY: slot of this process */
    uint64_t                 cost;      /* units; 0: is one left at all */
    int64_t                  clock;     /* ns of CLOCK_MONOTONIC, never
                                           negative; may be a second old */
    weir_window_t            window;    /* FIXED, SLIDING, QUOTA: the current
                                           one; and now, on the clock that it
                                           is counted on */
    bool                     shared;    /* the policy has tenants: shares
                                           count */
} weir_take_t;

typedef enum {
    WEIR_TAKE_OK,
    WEIR_TAKE_NO,               /* the limit is reached */
    WEIR_TAKE_NEVER,            /* the cost is more than there ever is */
    WEIR_TAKE_FULL,             /* no cell for the key: see on_full */
    WEIR_TAKE_ASK               /* of a lease: the store must be asked */
} weir_take_rc_t;

/* How it stands afterwards.  WEIR_TAKE_FULL: nothing is known, all is 0. */
typedef struct {
    uint64_t  left;             /* units that may be had at once; of QUOTA
                                   without the overage */
    int64_t   reset;            /* ns until all of limit, of GCRA burst, is
                                   back; CONCURRENCY: 0 */
    int64_t   retry;            /* WEIR_TAKE_NO: ns until the cost may be had,
                                   if nobody else takes any; CONCURRENCY: a
                                   second, a guess.  Else 0 */
} weir_left_t;

/*
 * limit_rate.c: GCRA, SLIDING, FIXED and QUOTA, counted on this node.  Each
 * is one step: what others do at once is before it or after it.
 */

/* Would it be had?  Takes nothing, makes no cell and writes nowhere. */
weir_take_rc_t weir_limit_check(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left);
weir_take_rc_t weir_limit_take(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left);
/*
 * Gives back what the same take, of the same clock and window, took.  Never
 * more than was taken since; nothing where the window is over.
 */
void weir_limit_give(weir_limits_t *t, const weir_take_t *take);
/*
 * Takes the cost whatever there is: the next requests wait for it.  GCRA: for
 * a day at most, after the burst.  Does nothing where there is no room.
 */
void weir_limit_charge(weir_limits_t *t, const weir_take_t *take);

/*
 * limit_flight.c: CONCURRENCY.  Each worker counts on a lane of its own, so
 * that what a dead one held can be given back exactly.
 */
typedef struct {
    uint64_t  cell;             /* 0: nothing is held */
} weir_flight_t;

weir_take_rc_t weir_flight_check(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left);
weir_take_rc_t weir_flight_take(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left, weir_flight_t *flight);
/* Once; needs no image.  The flight is empty then, and may be given again. */
void weir_flight_give(weir_limits_t *t, weir_flight_t *flight,
    uint32_t worker);
/*
 * Gives back what a worker's slot still holds: of one that died, or before a
 * process counts in it.  Nobody counts in that slot meanwhile.
 */
void weir_flight_reap(weir_limits_t *t, uint32_t worker);


/*
 * limits.c, for the files that count: the five words of a key, atomics all,
 * zero when the cell is new.  They are the key's until a time on the clock
 * (ns), at least, and some seconds longer; then they are zero again, or
 * another key's.  make: whether a cell is made where there is none, which is
 * then kept for a second at least.  Whoever only reads asks for until 0: then
 * nothing is written.  NULL: there is none, or no room.
 */
#define WEIR_LIMIT_WORDS  5

uint64_t *weir_limits_cell(weir_limits_t *t, const weir_take_t *take,
    int64_t until, bool make);

/*
 * A count that belongs to a numbered window, in one word: the low 20 bits of
 * the number above, 44 bits of units below.  Units of another window are 0.
 */
#define WEIR_COUNT_BITS  44
#define WEIR_COUNT_MAX   (((uint64_t) 1 << WEIR_COUNT_BITS) - 1)

static inline uint64_t
weir_count_make(uint64_t window, uint64_t units)
{
    return window << WEIR_COUNT_BITS | units;
}


static inline uint64_t
weir_count_of(uint64_t word, uint64_t window)
{
    return (word ^ window << WEIR_COUNT_BITS) <= WEIR_COUNT_MAX
           ? word & WEIR_COUNT_MAX : 0;
}

#endif
