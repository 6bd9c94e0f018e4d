/*
 * lease.c: units that the store granted to this node, and what to ask it for.
 *
 * A key has five words.  Each is exchanged whole and says by itself which
 * window it is of, so that no order between them matters.  Only the counts
 * are exact: all else says how much to ask for and when, never what may be
 * spent.
 */

#include "run/lease.h"

/* words of a cell */
enum {
    LEFT,                       /* units here; whose window is the cell's */
    ALONE,                      /* units spent while the store was away */
    WANTED,                     /* units that were wanted of late, see below */
    KNOWN,                      /* what the store had left, see below */
    GATE                        /* when it is to be asked again, see below */
};

#define TAG_BITS    20          /* the window: of counts, KNOWN and GATE */
#define FIELD_BITS  22
#define FIELD_MAX   (((uint64_t) 1 << FIELD_BITS) - 1)

#define WANTED_TAG   12
#define WANTED_BITS  26
#define WANTED_MAX   (((uint64_t) 1 << WANTED_BITS) - 1)

/* time in ticks of 2^20 ns: about a millisecond */
#define TICK_BITS   20
#define SECOND      ((int64_t) 954)

#define RECENT      (10 * SECOND)   /* of demand, and what a lease is for */
#define PARTS       8               /* leases that a window is, at least */
#define AHEAD       (SECOND / 40)   /* asked before it is needed */
#define ASKING      (SECOND / 2)    /* an ask that takes longer is lost */
#define IDLE        ((int64_t) 3600 * 1000000000)
#define MARGIN      ((int64_t) 1000000000)

#define PAUSE       ((int64_t) 10 * 1000000)    /* of SLIDING, at least */
#define PAUSE_PARTS 16
#define PAUSE_UNITS 128         /* that are worth an ask to each node */

#define get(p)  __atomic_load_n((p), __ATOMIC_SEQ_CST)

/* *had becomes what is there when it is something else. */
#define swap(p, had, next)                                                    \
    __atomic_compare_exchange_n((p), (had), (next), false, __ATOMIC_SEQ_CST,  \
                                __ATOMIC_SEQ_CST)


static uint64_t
lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}


static uint64_t
less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}


/* By how many windows a word is ahead; nobody ever wrote 0. */
static int32_t
ahead(uint64_t word, uint64_t number)
{
    uint32_t  d;

    d = (uint32_t) ((word >> (64 - TAG_BITS)) - number) << (32 - TAG_BITS);

    return word == 0 ? INT32_MIN : (int32_t) d >> (32 - TAG_BITS);
}


/* How many low bits to leave out, so that budgets fit into so many. */
static unsigned
coarse(uint64_t budget, unsigned bits)
{
    unsigned  n;

    n = 64 - (unsigned) __builtin_clzll(budget | 1);

    return n > bits ? n - bits : 0;
}


/*
 * The cell's window is the current one where it is the next of the take's,
 * by another worker's clock.  How long a period is that this one does not
 * know is taken too long: what lives until its end must not go before.
 */
static weir_window_t
current(const uint64_t *word, const weir_take_t *take)
{
    int64_t        length;
    weir_window_t  w;

    w = take->window;

    if (ahead(get(word), w.number) != 1) {
        return w;
    }

    length = take->limit->kind == WEIR_LIMIT_QUOTA
             ? (w.end - w.begin) / 4 * 5 : w.end - w.begin;
    w.number++;
    w.begin = w.end;
    w.now = w.begin;

    if (__builtin_add_overflow(w.begin, length, &w.end)) {
        w.end = INT64_MAX;
    }

    return w;
}


/*
 * Takes a cost from at most what is there, of a word that counts what is
 * left.  False: it is not there.  A cost of 0 needs one.
 */
static bool
spend(uint64_t *word, uint64_t number, uint64_t cost, uint64_t *left)
{
    uint64_t  had, units;

    had = get(word);

    do {
        units = weir_count_of(had, number);
        *left = less(units, cost);

        if (units < cost || units == 0) {
            *left = units;
            return false;
        }

    } while (cost != 0
             && !swap(word, &had, weir_count_make(number, units - cost)));

    return true;
}


/* Adds units, up to most together.  Returns how many were added. */
static uint64_t
credit(uint64_t *word, uint64_t number, uint64_t units, uint64_t most)
{
    uint64_t  had, has, n;

    had = get(word);

    do {
        if (ahead(had, number) == 1) {
            return 0;
        }

        has = weir_count_of(had, number);
        n = lesser(units, less(most, has));

    } while (!swap(word, &had, weir_count_make(number, has + n)));

    return n;
}


/*
 * WANTED: units of this slice of time and of the one before, and the slice's
 * number; coarse, rounded up.  Slices are of the table's clock, which all
 * workers share: a window, or RECENT of a longer one.
 */
typedef struct {
    uint64_t  number;
    uint64_t  length;           /* ticks */
    uint64_t  since;            /* its begin */
} slice_t;


static slice_t
slice_of(const weir_take_t *take, const weir_window_t *w)
{
    slice_t   s;
    uint64_t  now;

    s.length = ((uint64_t) w->end - (uint64_t) w->begin) >> TICK_BITS;
    s.length = s.length > RECENT ? RECENT : s.length + (s.length == 0);

    now = (uint64_t) take->clock >> TICK_BITS;
    s.number = now / s.length;
    s.since = now % s.length;

    return s;
}


static uint64_t
wanted_in(const slice_t *s, uint64_t word, uint64_t *before)
{
    uint64_t  here, past;

    here = word >> WANTED_BITS & WANTED_MAX;
    past = s->number - (word >> 2 * WANTED_BITS);
    past &= (1u << WANTED_TAG) - 1;

    if (past == 0 || past == (1u << WANTED_TAG) - 1) {
        *before = word & WANTED_MAX;
        return here;
    }

    *before = past == 1 ? here : 0;

    return 0;
}


static void
want(uint64_t *word, const weir_take_t *take, const weir_window_t *w)
{
    slice_t   s;
    uint64_t  had, here, before, units;
    unsigned  bits;

    s = slice_of(take, w);
    bits = coarse(take->limit->budget, WANTED_BITS);
    units = (take->cost + ((uint64_t) 1 << bits) - 1) >> bits;
    had = get(word);

    do {
        here = wanted_in(&s, had, &before);
        here = lesser(here + units, WANTED_MAX);

    } while (!swap(word, &had, s.number << 2 * WANTED_BITS
                               | here << WANTED_BITS | before));
}


/* What is wanted in a slice, going by the last one and by how this began. */
static uint64_t
demand(uint64_t word, const weir_take_t *take, const slice_t *s)
{
    uint64_t  here, before, early, even;

    here = wanted_in(s, word, &before);
    early = s->length / PARTS;
    early = s->since > early ? s->since : early + (early == 0);

    even = before * (s->length - s->since) / s->length + here;
    here = here * s->length / early;

    return (even > here ? even : here)
           << coarse(take->limit->budget, WANTED_BITS);
}


/*
 * KNOWN: what the store had left of the budget, rounded down, and what the
 * window before took of it, rounded up (SLIDING, else 0): coarse.
 */
static uint64_t
known_make(uint64_t number, uint64_t budget, uint64_t left, uint64_t before)
{
    unsigned  bits;

    bits = coarse(budget, FIELD_BITS);
    before = lesser((before >> bits) + 1, FIELD_MAX) * (before != 0);

    return number << 2 * FIELD_BITS | left >> bits << FIELD_BITS | before;
}


static void
known_read(uint64_t word, const weir_take_t *take, const weir_window_t *w,
    uint64_t *left, uint64_t *before)
{
    int32_t   past;
    uint64_t  budget;
    unsigned  bits;

    budget = take->limit->budget;
    bits = coarse(budget, FIELD_BITS);
    *left = (word >> FIELD_BITS & FIELD_MAX) << bits;
    *before = (word & FIELD_MAX) << bits;

    past = ahead(word, w->number);

    if (past == 0) {
        return;
    }

    *before = past == -1 && take->limit->kind == WEIR_LIMIT_SLIDING
              ? less(budget, *left) : 0;
    *left = budget;
}


/* What the window before weighs still, rounded up. */
static uint64_t
weight(const weir_window_t *w, int64_t now, uint64_t before)
{
    uint64_t           rest, length;
    unsigned __int128  product;

    if (before == 0 || now >= w->end) {
        return 0;
    }

    if (now <= w->begin) {
        return before;
    }

    rest = (uint64_t) w->end - (uint64_t) now;
    length = (uint64_t) w->end - (uint64_t) w->begin;
    product = (unsigned __int128) before * rest + length - 1;

    return (uint64_t) (product / length);
}


/* What the store is thought to have now. */
static uint64_t
room(const uint64_t *cell, const weir_take_t *take, const weir_window_t *w)
{
    uint64_t  left, before;

    known_read(get(&cell[KNOWN]), take, w, &left, &before);

    return less(left, weight(w, w->now, before));
}


/* Units that the store is asked for, or told of, are not there for others. */
static void
known_less(uint64_t *word, const weir_take_t *take, const weir_window_t *w,
    uint64_t units)
{
    uint64_t  had, left, before;

    had = get(word);

    do {
        if (ahead(had, w->number) > 0) {
            return;
        }

        known_read(had, take, w, &left, &before);

    } while (!swap(word, &had, known_make(w->number, take->limit->budget,
                                          less(left, units), before)));
}


static void
known_set(uint64_t *word, const weir_take_t *take, uint64_t left,
    uint64_t before)
{
    uint64_t  had, number;

    number = take->window.number;
    had = get(word);

    do {
        if (ahead(had, number) == 1) {
            return;
        }

    } while (!swap(word, &had, known_make(number, take->limit->budget, left,
                                          before)));
}


/*
 * GATE: until when the store has no more, in parts of the window, the last
 * one being its end, 0 = it may have; and until when an ask is on its way, in
 * ticks, 0 = none is.
 */
static uint64_t
gate_make(uint64_t number, uint64_t shut, uint64_t asking)
{
    return number << 2 * FIELD_BITS | shut << FIELD_BITS | asking;
}


static uint64_t
shut_in(uint64_t word, const weir_window_t *w)
{
    return ahead(word, w->number) == 0 ? word >> FIELD_BITS & FIELD_MAX : 0;
}


static bool
asking_in(uint64_t word, const weir_take_t *take)
{
    uint64_t  rest;

    rest = (word - ((uint64_t) take->clock >> TICK_BITS)) & FIELD_MAX;

    return (word & FIELD_MAX) != 0 && rest != 0 && rest <= ASKING;
}


/* When the store has more, as a part of the window. */
static uint64_t
part_of(const weir_window_t *w, int64_t at)
{
    uint64_t  length, since, part;

    length = (uint64_t) w->end - (uint64_t) w->begin;
    since = at > w->begin ? (uint64_t) at - (uint64_t) w->begin : 0;

    if (since >= length) {
        return FIELD_MAX;
    }

    part = (uint64_t) (((unsigned __int128) since << FIELD_BITS) / length);

    return lesser(part + 1, FIELD_MAX);
}


/* ns until the store may have more; 0: it may now. */
static int64_t
shut_for(uint64_t word, const weir_window_t *w)
{
    int64_t            at;
    uint64_t           part, length;
    unsigned __int128  since;

    part = shut_in(word, w);

    if (part == 0) {
        return 0;
    }

    at = w->end;

    if (part != FIELD_MAX) {
        length = (uint64_t) w->end - (uint64_t) w->begin;
        since = (unsigned __int128) part * length >> FIELD_BITS;
        at = w->begin + (int64_t) since;
    }

    return at > w->now ? at - w->now : 0;
}


/* Whether this is the node's only ask: it is the one that says so. */
static bool
ask_begins(uint64_t *word, const weir_take_t *take, const weir_window_t *w)
{
    uint64_t  had, until;

    had = get(word);
    until = (((uint64_t) take->clock >> TICK_BITS) + ASKING) & FIELD_MAX;

    do {
        if (asking_in(had, take)) {
            return false;
        }

    } while (!swap(word, &had, gate_make(w->number, shut_in(had, w),
                                         until + (until == 0))));

    return true;
}


/* shut 0: as it was. */
static void
ask_ends(uint64_t *word, const weir_window_t *w, uint64_t shut)
{
    uint64_t  had, next;

    had = get(word);

    do {
        next = ahead(had, w->number) == 1 ? had & ~FIELD_MAX
               : gate_make(w->number, shut ? shut : shut_in(had, w), 0);

    } while (!swap(word, &had, next));
}


/* What a lease is: for demand some time ahead, within a share of what is. */
static uint64_t
lease_size(const uint64_t *cell, const weir_take_t *take,
    const weir_window_t *w, uint32_t nodes, uint64_t *soon)
{
    slice_t   s;
    uint64_t  wants, length, rest, n;

    s = slice_of(take, w);
    wants = demand(get(&cell[WANTED]), take, &s);
    *soon = wants * lesser(AHEAD, s.length) / s.length;

    if (take->limit->lease != 0) {
        return take->limit->lease;
    }

    length = (((uint64_t) w->end - (uint64_t) w->begin) >> TICK_BITS) / PARTS;
    rest = (((uint64_t) w->end - (uint64_t) w->now) >> TICK_BITS) + 1;

    n = lesser(lesser(length, RECENT), rest);
    n = wants * n / s.length;

    return lesser(n, room(cell, take, w) / 2 / (nodes ? nodes : 1));
}


static int64_t
kept_until(const weir_take_t *take, const weir_window_t *w, int64_t idle)
{
    int64_t  rest;

    rest = w->end - w->now;

    if (__builtin_add_overflow(rest, MARGIN, &rest) || rest > idle) {
        rest = idle;
    }

    return take->clock > INT64_MAX - rest ? INT64_MAX : take->clock + rest;
}


/* How it stands, with so many units here. */
static void
tell(const uint64_t *cell, const weir_take_t *take, const weir_window_t *w,
    uint64_t here, weir_left_t *left)
{
    int64_t   shut;
    uint64_t  budget;

    budget = take->limit->budget;
    shut = cell ? shut_for(get(&cell[GATE]), w) : 0;

    left->left = here;

    if (shut == 0) {
        left->left += cell ? room(cell, take, w) : budget;
    }

    left->left = lesser(left->left, budget);
    left->reset = w->end - w->now;

    if (take->limit->kind == WEIR_LIMIT_SLIDING) {
        left->reset += w->end - w->begin;
    }

    left->retry = shut;
}


/* Fills in an ask for n units, of the take as the cell's window has it. */
static void
ask_for(const weir_take_t *take, const weir_window_t *w, uint32_t nodes,
    uint64_t n, weir_ask_t *ask)
{
    ask->take = *take;
    ask->take.window = *w;
    ask->units = n;
    ask->nodes = nodes;
    ask->previous = take->limit->kind == WEIR_LIMIT_SLIDING;
}


weir_take_rc_t
weir_lease_check(weir_limits_t *t, const weir_take_t *take, weir_left_t *left)
{
    uint64_t        units, *cell;
    weir_window_t   w;
    weir_take_rc_t  rc;

    w = take->window;
    cell = weir_limits_cell(t, take, kept_until(take, &w, IDLE), false);
    units = 0;

    if (cell != NULL) {
        w = current(&cell[LEFT], take);
        units = weir_count_of(get(&cell[LEFT]), w.number);
    }

    tell(cell, take, &w, units, left);

    if (take->cost > take->limit->budget) {
        left->retry = 0;
        return WEIR_TAKE_NEVER;
    }

    rc = units != 0 && units >= take->cost ? WEIR_TAKE_OK
         : left->retry != 0 ? WEIR_TAKE_NO : WEIR_TAKE_ASK;
    left->retry = rc == WEIR_TAKE_NO ? left->retry : 0;

    return rc;
}


weir_take_rc_t
weir_lease_take(weir_limits_t *t, const weir_take_t *take, uint32_t nodes,
    weir_left_t *left, weir_ask_t *ask)
{
    bool            ok;
    uint64_t        n, need, soon, units, *cell;
    weir_window_t   w;
    weir_take_rc_t  rc;

    ask->units = 0;

    if (take->cost > take->limit->budget) {
        return weir_lease_check(t, take, left);
    }

    cell = weir_limits_cell(t, take, kept_until(take, &take->window, IDLE),
                            true);
    if (cell == NULL) {
        return WEIR_TAKE_FULL;
    }

    w = current(&cell[LEFT], take);
    want(&cell[WANTED], take, &w);
    ok = spend(&cell[LEFT], w.number, take->cost, &units);
    tell(cell, take, &w, units, left);

    rc = ok ? WEIR_TAKE_OK : left->retry != 0 ? WEIR_TAKE_NO : WEIR_TAKE_ASK;

    if (left->retry != 0) {
        left->retry = ok ? 0 : left->retry;
        return rc;
    }

    n = lease_size(cell, take, &w, nodes, &soon);
    need = less(take->cost + (take->cost == 0), units);

    if (ok) {
        if (units < lesser(n / 2, soon)
            && ask_begins(&cell[GATE], take, &w))
        {
            known_less(&cell[KNOWN], take, &w, n);
            ask_for(take, &w, nodes, n, ask);
        }

        return rc;
    }

    /* of several at once one is for a lease, and the others for themselves */
    if (n > need && ask_begins(&cell[GATE], take, &w)) {
        need = n;
        known_less(&cell[KNOWN], take, &w, n);
    }

    ask_for(take, &w, nodes, need, ask);

    return rc;
}


void
weir_lease_give(weir_limits_t *t, const weir_take_t *take)
{
    uint64_t  had, has, next, *cell;

    cell = weir_limits_cell(t, take, kept_until(take, &take->window, IDLE),
                            false);
    if (cell == NULL) {
        return;
    }

    had = get(&cell[LEFT]);

    do {
        if (ahead(had, take->window.number) != 0) {
            return;
        }

        has = weir_count_of(had, take->window.number);
        next = weir_count_make(take->window.number,
                               lesser(has + take->cost,
                                      take->limit->budget));

    } while (!swap(&cell[LEFT], &had, next));
}


void
weir_lease_charge(weir_limits_t *t, const weir_take_t *take, uint64_t *owed)
{
    uint64_t       had, has, n, *cell;
    weir_window_t  w;

    *owed = take->cost;
    cell = weir_limits_cell(t, take, kept_until(take, &take->window, IDLE),
                            false);
    if (cell == NULL) {
        return;
    }

    w = current(&cell[LEFT], take);
    want(&cell[WANTED], take, &w);
    had = get(&cell[LEFT]);

    do {
        has = weir_count_of(had, w.number);
        n = lesser(has, take->cost);

    } while (n != 0
             && !swap(&cell[LEFT], &had, weir_count_make(w.number, has - n)));

    *owed = take->cost - n;

    if (*owed != 0) {
        known_less(&cell[KNOWN], take, &w, *owed);
    }
}


/* SLIDING: until when to wait for what the window before leaves behind. */
static int64_t
pause_until(const uint64_t *cell, const weir_ask_t *ask, uint64_t before,
    int64_t now)
{
    slice_t              s;
    int64_t              pause, length;
    uint64_t             each, wants;
    const weir_window_t *w;

    w = &ask->take.window;
    length = w->end - w->begin;

    if (before == 0) {
        return w->end;
    }

    (void) cell;
    (void) s;
    (void) wants;
    (void) each;

    pause = (int64_t) ((uint64_t) length / before) + 1;
    pause = pause < PAUSE ? PAUSE : pause;

    return now > w->end - pause ? w->end : now + pause;
}


uint64_t
weir_lease_answer(weir_limits_t *t, weir_ask_t *ask, int64_t total,
    int64_t previous, int64_t now)
{
    uint64_t             n, used, before, budget, allowed, granted, added;
    uint64_t            *cell;
    weir_take_t         *take;
    const weir_window_t *w;

    take = &ask->take;
    w = &take->window;
    n = ask->units;
    ask->units = 0;

    if (n == 0 || now >= w->end) {
        return 0;
    }

    budget = take->limit->budget;
    before = previous > 0 && ask->previous
             ? lesser((uint64_t) previous, budget) : 0;
    used = total > 0 ? less((uint64_t) total, n) : 0;

    allowed = less(budget, weight(w, now, before));
    granted = lesser(n, less(allowed, used));

    cell = weir_limits_cell(t, take, kept_until(take, w, IDLE), false);

    if (cell == NULL) {
        return n;
    }

    added = credit(&cell[LEFT], w->number, granted, budget);
    known_set(&cell[KNOWN], take, less(less(budget, used), granted), before);
    ask_ends(&cell[GATE], w, granted == n ? 0
             : ask->previous
               ? part_of(w, pause_until(cell, ask, before, now))
             : FIELD_MAX);

    return n - added;
}


void
weir_lease_failed(weir_limits_t *t, weir_ask_t *ask)
{
    uint64_t  *cell;

    if (ask->units == 0) {
        return;
    }

    ask->units = 0;
    cell = weir_limits_cell(t, &ask->take,
                            kept_until(&ask->take, &ask->take.window, IDLE),
                            false);
    if (cell != NULL) {
        ask_ends(&cell[GATE], &ask->take.window, 0);
    }
}


uint64_t
weir_lease_return(weir_limits_t *t, const weir_take_t *take)
{
    uint64_t  had, units, number, *cell;

    number = take->window.number;
    cell = weir_limits_cell(t, take, kept_until(take, &take->window, IDLE),
                            false);
    if (cell == NULL || take->window.now >= take->window.end) {
        return 0;
    }

    had = get(&cell[LEFT]);

    do {
        units = weir_count_of(had, number);

    } while (units != 0
             && !swap(&cell[LEFT], &had, weir_count_make(number, 0)));

    return units;
}


static uint64_t
share_of(const weir_take_t *take, uint32_t nodes)
{
    uint64_t  n;

    n = take->limit->budget / (nodes ? nodes : 1);

    return n + (n == 0);
}


weir_take_rc_t
weir_lease_alone(weir_limits_t *t, const weir_take_t *take, uint32_t nodes,
    weir_left_t *left)
{
    uint64_t       had, spent, share, cost, *cell;
    weir_window_t  w;

    if (take->cost > take->limit->budget) {
        return weir_lease_check(t, take, left);
    }

    cell = weir_limits_cell(t, take,
                            kept_until(take, &take->window, INT64_MAX), true);
    if (cell == NULL) {
        return WEIR_TAKE_FULL;
    }

    w = current(&cell[ALONE], take);
    share = share_of(take, nodes);
    cost = take->cost;
    had = get(&cell[ALONE]);
    left->reset = w.end - w.now;

    do {
        spent = weir_count_of(had, w.number);
        left->left = less(share, spent);

        if (left->left < cost + (cost == 0)) {
            left->retry = left->reset;
            return WEIR_TAKE_NO;
        }

    } while (cost != 0
             && !swap(&cell[ALONE], &had,
                      weir_count_make(w.number, spent + cost)));

    left->left -= cost;
    left->retry = 0;

    return WEIR_TAKE_OK;
}


void
weir_lease_alone_give(weir_limits_t *t, const weir_take_t *take)
{
    uint64_t  had, spent, number, *cell;

    number = take->window.number;
    cell = weir_limits_cell(t, take,
                            kept_until(take, &take->window, INT64_MAX), false);
    if (cell == NULL) {
        return;
    }

    had = get(&cell[ALONE]);

    do {
        spent = weir_count_of(had, number);

    } while (spent != 0
             && !swap(&cell[ALONE], &had,
                      weir_count_make(number, less(spent, take->cost))));
}


void
weir_lease_alone_charge(weir_limits_t *t, const weir_take_t *take)
{
    uint64_t       had, spent, *cell;
    weir_window_t  w;

    cell = weir_limits_cell(t, take,
                            kept_until(take, &take->window, INT64_MAX), true);
    if (cell == NULL) {
        return;
    }

    w = current(&cell[ALONE], take);
    had = get(&cell[ALONE]);

    do {
        spent = weir_count_of(had, w.number);

    } while (!swap(&cell[ALONE], &had,
                   weir_count_make(w.number,
                                   lesser(spent + take->cost,
                                          WEIR_COUNT_MAX))));
}
