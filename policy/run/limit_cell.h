/*
 * limit_cell.h: what a cell of the table is, for the files that count.
 *
 * meta says whose the cell is, and is the one word that decides: whoever
 * keeps a cell for longer, and whoever gives it to another key, must exchange
 * the same meta.  A key has it under a version, which is part of the key that
 * the cell shows: an old meta never fits a new key.  A cell that was used
 * once never has a meta of 0 again.
 */

#ifndef WEIR_RUN_LIMIT_CELL_H
#define WEIR_RUN_LIMIT_CELL_H

#include "base/hash.h"
#include "run/limits.h"

#define WEIR_CELL_SECOND  ((int64_t) 1000000000)

typedef struct {
    uint64_t  meta;
    uint64_t  key[2];           /* the first one mixed with the version */
    uint64_t  words[WEIR_LIMIT_WORDS];
} weir_cell_t;

enum {
    WEIR_CELL_LIVE = 1,         /* a key's */
    WEIR_CELL_ASKED,            /* a key's; somebody looks whether its lanes
                                   are zero, to take it away */
    WEIR_CELL_MADE              /* nobody's: it is being written */
};

/* meta: seconds until which it is kept, tenant, version, state */
#define WEIR_CELL_STATE_BITS    2
#define WEIR_CELL_VERSION_BITS  16
#define WEIR_CELL_TENANT_BITS   14
#define WEIR_CELL_TENANT_SHIFT  (WEIR_CELL_STATE_BITS + WEIR_CELL_VERSION_BITS)
#define WEIR_CELL_UNTIL_SHIFT   32

_Static_assert(sizeof(weir_cell_t) == 64, "a cell is a line");
_Static_assert(WEIR_CELL_TENANT_SHIFT + WEIR_CELL_TENANT_BITS
               == WEIR_CELL_UNTIL_SHIFT, "meta is full");

/* All orders are one: see weir_flight_take(). */
#define weir_cell_get(p)  __atomic_load_n((p), __ATOMIC_SEQ_CST)

/* *had becomes what is there when it is something else. */
#define weir_cell_swap(p, had, next)                                          \
    __atomic_compare_exchange_n((p), (had), (next), false, __ATOMIC_SEQ_CST,  \
                                __ATOMIC_SEQ_CST)

static inline unsigned
weir_cell_state(uint64_t meta)
{
    return meta & ((1u << WEIR_CELL_STATE_BITS) - 1);
}


static inline uint64_t
weir_cell_version(uint64_t meta)
{
    return meta >> WEIR_CELL_STATE_BITS & ((1u << WEIR_CELL_VERSION_BITS) - 1);
}


static inline uint64_t
weir_cell_until(uint64_t meta)
{
    return meta >> WEIR_CELL_UNTIL_SHIFT;
}


/* Whether the cell shows a key; meta was read before. */
static inline bool
weir_cell_shows(const weir_cell_t *c, uint64_t meta,
    const weir_limit_key_t *key)
{
    return weir_cell_get(&c->key[0]) == (key->w[0] ^ weir_cell_version(meta))
           && weir_cell_get(&c->key[1]) == key->w[1];
}


/*
 * For limit_flight.c.  The cells of CONCURRENCY, numbered from 0.  A page is
 * in the low bits of their keys.
 */
#define WEIR_CELL_PAGE_BITS  8

weir_cell_t *weir_limits_flights(weir_limits_t *t, uint64_t *n);
/* How many slots of workers were ever used: only grows. */
uint32_t weir_limits_slots(const weir_limits_t *t);
void weir_limits_slots_grow(weir_limits_t *t, uint32_t slots);

#endif
