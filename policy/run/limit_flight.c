/*
 * limit_flight.c: requests in flight on this node, each given back once.
 *
 * A cell has LANES counts, one of a worker each; keys of more workers have
 * more cells, one to a page of LANES workers.  Nobody but its worker raises a
 * lane.  A request is counted before the lanes are summed: of two that come at
 * once at least the later sees both, so that never more than the limit pass.
 *
 * A cell may be taken away while a worker is about to count in it.  Who takes
 * it says so first and then looks at the lanes; who counts does so first and
 * then looks whether the cell is the key's still.  At least one of them sees
 * the other: the taker leaves it, or the worker takes its count back.
 *
 * A worker killed between the two leaves a count in a cell that is another
 * key's by then.  It is given back with those of the worker, unless there are
 * more than LANES workers and it is another page's: then with that page's.
 */

#include "run/limit_cell.h"

#define LANES  (2 * WEIR_LIMIT_WORDS)
#define PAGES  (1u << WEIR_CELL_PAGE_BITS)
#define LANE   ((uint64_t) UINT32_MAX)      /* of a word */
#define KEEP   (8 * WEIR_CELL_SECOND)       /* a cell without flights */
#define TRIES  8
#define ASIDE  512                          /* turns of a loop: about 1 us */

/* flight: number of the cell and 1, version */
#define FLIGHT_MAKE(n, version)                                               \
    (((n) + 1) << WEIR_CELL_VERSION_BITS | (version))


static unsigned
shift_of(uint32_t worker)
{
    return worker % LANES % 2 * 32;
}


static uint64_t *
word_of(weir_cell_t *c, uint32_t worker)
{
    return &c->words[worker % LANES / 2];
}


static void
add(weir_cell_t *c, uint32_t worker)
{
    (void) __atomic_fetch_add(word_of(c, worker),
                              (uint64_t) 1 << shift_of(worker),
                              __ATOMIC_SEQ_CST);
}


/* Never below zero: what was reaped is not given again. */
static void
sub(weir_cell_t *c, uint32_t worker)
{
    unsigned   shift;
    uint64_t   had, *word;

    word = word_of(c, worker);
    shift = shift_of(worker);
    had = weir_cell_get(word);

    while ((had >> shift & LANE) != 0
           && !weir_cell_swap(word, &had, had - ((uint64_t) 1 << shift)))
    { /* void */ }
}


/* The take, for the cell of a page. */
static void
turn(weir_take_t *take, uint32_t page)
{
    uint64_t  had;

    had = take->key.w[1] & (PAGES - 1);

    /* pages lie in different sets */
    take->key.w[0] ^= weir_mix(had) ^ weir_mix(page);
    take->key.w[1] ^= had ^ page;
}


/* Of all workers.  take is of any page, and is changed. */
static uint64_t
sum(weir_limits_t *t, weir_take_t *take)
{
    unsigned         i;
    uint32_t         page, slots;
    uint64_t         total, word;
    const uint64_t  *words;

    total = 0;
    slots = weir_limits_slots(t);

    for (page = 0; page < PAGES && page * LANES < slots; page++) {
        turn(take, page);
        words = weir_limits_cell(t, take, 0, false);

        for (i = 0; i < WEIR_LIMIT_WORDS && words != NULL; i++) {
            word = weir_cell_get(&words[i]);
            total += (word & LANE) + (word >> 32);
        }
    }

    return total;
}


/* The take of page 0, of which turn() knows the way to the others. */
static weir_take_t
begin(const weir_take_t *take)
{
    weir_take_t  copy;

    copy = *take;
    copy.key.w[1] &= ~(uint64_t) (PAGES - 1);

    return copy;
}


static weir_take_rc_t
stand(uint64_t total, uint64_t limit, bool taken, weir_left_t *left)
{
    left->left = limit > total ? limit - total : 0;
    left->reset = 0;
    left->retry = taken ? 0 : WEIR_CELL_SECOND;

    return taken ? WEIR_TAKE_OK : limit == 0 ? WEIR_TAKE_NEVER : WEIR_TAKE_NO;
}


/*
 * Counts in the worker's lane.  false: the cell was taken away meanwhile.
 * The words are those of a cell of the key, a moment ago.
 */
static bool
count(weir_limits_t *t, const weir_take_t *take, uint64_t *words,
    weir_cell_t **cell, uint64_t *flight)
{
    uint64_t      n, meta;
    weir_cell_t  *cells, *c;

    cells = weir_limits_flights(t, &n);
    n = (uint64_t) ((char *) words - (char *) cells) / sizeof(*cells);
    c = &cells[n];
    add(c, take->worker);
    meta = weir_cell_get(&c->meta);

    if (weir_cell_state(meta) != WEIR_CELL_LIVE
        || !weir_cell_shows(c, meta, &take->key))
    {
        sub(c, take->worker);
        return false;
    }

    *cell = c;
    *flight = FLIGHT_MAKE(n, weir_cell_version(meta));

    return true;
}


/*
 * Two who step back together would come together again.  The numbers of two
 * workers differ in a bit: in the try of that bit one of them comes later.
 */
static void
step_aside(uint32_t worker, unsigned tried)
{
    volatile unsigned  i;

    if ((worker >> tried & 1) != 0) {
        for (i = 0; i < ASIDE; i++) { /* void */ }
    }
}


weir_take_rc_t
weir_flight_check(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left)
{
    uint64_t     total;
    weir_take_t  at;

    at = begin(take);
    total = sum(t, &at);

    return stand(total, take->limit->limit, total < take->limit->limit, left);
}


weir_take_rc_t
weir_flight_take(weir_limits_t *t, const weir_take_t *take, weir_left_t *left,
    weir_flight_t *flight)
{
    unsigned      i;
    uint64_t      total, limit, held, *words;
    weir_take_t   at;
    weir_cell_t  *c;

    limit = take->limit->limit;
    at = begin(take);
    total = 0;

    if (take->worker >= PAGES * LANES) {
        (void) stand(limit, limit, false, left);
        return WEIR_TAKE_FULL;
    }

    weir_limits_slots_grow(t, take->worker + 1);

    /* two who come at once and see each other both step back and try again */
    for (i = 0; i < TRIES; i++) {
        total = sum(t, &at);

        if (total >= limit) {
            break;
        }

        turn(&at, take->worker / LANES);
        words = weir_limits_cell(t, &at, take->clock + KEEP, true);

        if (words == NULL) {
            (void) stand(limit, limit, false, left);
            return WEIR_TAKE_FULL;
        }

        if (!count(t, &at, words, &c, &held)) {
            continue;
        }

        total = sum(t, &at);

        if (total <= limit) {
            flight->cell = held;
            return stand(total, limit, true, left);
        }

        sub(c, take->worker);
        step_aside(take->worker, i);
    }

    return stand(total, limit, false, left);
}


void
weir_flight_give(weir_limits_t *t, weir_flight_t *flight, uint32_t worker)
{
    uint64_t      n, number, meta;
    weir_cell_t  *cells;

    cells = weir_limits_flights(t, &n);
    number = flight->cell >> WEIR_CELL_VERSION_BITS;

    if (number == 0 || number > n) {
        flight->cell = 0;
        return;
    }

    meta = weir_cell_get(&cells[number - 1].meta);

    /* a cell that has flights stays the key's */
    if (weir_cell_state(meta) != WEIR_CELL_MADE
        && FLIGHT_MAKE(number - 1, weir_cell_version(meta)) == flight->cell)
    {
        sub(&cells[number - 1], worker);
    }

    flight->cell = 0;
}


void
weir_flight_reap(weir_limits_t *t, uint32_t worker)
{
    uint32_t      slots;
    uint64_t      i, n, mask;
    weir_cell_t  *cells;

    slots = weir_limits_slots(t);

    if (worker >= slots) {
        return;
    }

    cells = weir_limits_flights(t, &n);
    mask = LANE << shift_of(worker);

    for (i = 0; i < n; i++) {
        if (weir_cell_get(&cells[i].meta) != 0
            && (weir_cell_get(word_of(&cells[i], worker)) & mask) != 0
            && (slots <= LANES
                || weir_cell_get(&cells[i].key[1]) % PAGES == worker / LANES))
        {
            (void) __atomic_fetch_and(word_of(&cells[i], worker), ~mask,
                                      __ATOMIC_SEQ_CST);
        }
    }
}
