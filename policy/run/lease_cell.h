/*
 * lease_cell.h: the five words of a key whose units come from a store, for
 * lease.c and lease_alone.c.
 *
 * Each is exchanged whole and says by itself which window it is of, so that no
 * order between them matters.  Only the counts are exact: all else says how
 * much to ask for and when, never what may be spent.  Where a word is of the
 * next window, by another worker's clock, the older one leaves it alone.
 */

#ifndef WEIR_RUN_LEASE_CELL_H
#define WEIR_RUN_LEASE_CELL_H

#include "run/limits.h"

enum {
    WEIR_LEASE_LEFT,            /* units here; its window is the cell's */
    WEIR_LEASE_ALONE,           /* units spent while the store was away */
    WEIR_LEASE_WANTED,
    WEIR_LEASE_KNOWN,
    WEIR_LEASE_GATE
};

/* time in ticks of 2^20 ns: about a millisecond */
#define WEIR_TICK_BITS    20
#define WEIR_TICK_SECOND  ((uint64_t) 954)

typedef struct {
    const weir_take_t  *take;
    uint64_t           *words;
    weir_window_t       w;      /* the current one */
} weir_lease_cell_t;

#define weir_word_get(p)  __atomic_load_n((p), __ATOMIC_SEQ_CST)

/* *had becomes what is there when it is something else. */
#define weir_word_swap(p, had, next)                                          \
    __atomic_compare_exchange_n((p), (had), (next), false, __ATOMIC_SEQ_CST,  \
                                __ATOMIC_SEQ_CST)

static inline uint64_t
weir_lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}


static inline uint64_t
weir_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}


/* Ticks from one time to a later one. */
static inline uint64_t
weir_ticks(int64_t from, int64_t to)
{
    return ((uint64_t) to - (uint64_t) from) >> WEIR_TICK_BITS;
}


/* What clients are told of units that are left, of one of so many shares. */
static inline uint64_t
weir_told_left(const weir_img_limit_t *limit, uint64_t left, uint32_t nodes)
{
    return limit->kind == WEIR_LIMIT_QUOTA
           ? weir_less(left, limit->burst / nodes) : left;
}


/*
 * The cell of a take, kept until the window's end but at most for so long,
 * with the window that a word says is the current one.  false: there is none.
 */
bool weir_lease_cell(weir_limits_t *t, const weir_take_t *take, int64_t keep,
    bool make, unsigned word, weir_lease_cell_t *c);

/*
 * LEFT.  Takes a cost from what is here, if that is enough; a cost of 0 needs
 * one unit.  *left is what is here afterwards.
 */
bool weir_left_take(const weir_lease_cell_t *c, uint64_t *left);
/* Takes up to n, and returns how many. */
uint64_t weir_left_drain(const weir_lease_cell_t *c, uint64_t n);
/* Adds up to n, never more than the budget together; returns how many. */
uint64_t weir_left_add(const weir_lease_cell_t *c, uint64_t n);

/* WANTED: what a slice of time wants; coarse. */
typedef struct {
    uint64_t  length;           /* ticks */
    uint64_t  steady;           /* units, going by the last slice, too */
    uint64_t  eager;            /* more where this one began with more */
} weir_wanted_t;

void weir_wanted_add(const weir_lease_cell_t *c);
void weir_wanted_get(const weir_lease_cell_t *c, weir_wanted_t *out);

/* What the window before weighs still at a moment, rounded up (SLIDING). */
uint64_t weir_window_weight(const weir_window_t *w, int64_t now,
    uint64_t before);

/* KNOWN: what the store is thought to have, now that some time went by. */
uint64_t weir_known_get(const weir_lease_cell_t *c);
/* Units that somebody takes from there. */
void weir_known_less(const weir_lease_cell_t *c, uint64_t units);
/* They were not taken after all. */
void weir_known_more(const weir_lease_cell_t *c, uint64_t units);
/* left of the budget by what was counted in this window alone. */
void weir_known_set(const weir_lease_cell_t *c, uint64_t left,
    uint64_t before);
/*
 * ns until there is enough for a cost, with so many units here, if nobody else
 * takes any (SLIDING); not before the least.  What is here lapses with the
 * window: a client that waits up to a second longer finds as much.
 */
int64_t weir_known_wait(const weir_lease_cell_t *c, uint64_t here,
    int64_t least);

/* GATE.  ns until the store has more; 0: it may have now. */
int64_t weir_gate_shut(const weir_lease_cell_t *c);
/* Whether this is the node's only ask: it is from now on. */
bool weir_gate_ask(const weir_lease_cell_t *c);
/*
 * It is answered; shut for so long behind a moment, 0 = open, less = as it
 * was.  Until the window's end is a minute, and then somebody asks again.
 */
void weir_gate_answer(const weir_lease_cell_t *c, int64_t now, int64_t shut);

#endif
