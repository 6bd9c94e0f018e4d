/*
 * lease_cell.c: the five words of a key whose units come from a store.
 */

#include "run/lease_cell.h"

#define TAG_BITS    20          /* the window of a word */
#define FIELD_BITS  22
#define FIELD_MAX   (((uint64_t) 1 << FIELD_BITS) - 1)

#define WANTED_TAG   12
#define WANTED_BITS  26
#define WANTED_MAX   (((uint64_t) 1 << WANTED_BITS) - 1)

#define SLICE   (10 * WEIR_TICK_SECOND)     /* at most */
#define EARLY   8               /* parts of a slice: in the first one, demand
                                   is what it would be if it went on so */
#define ASKING  (WEIR_TICK_SECOND / 2)      /* an ask that takes longer is
                                               lost, as is who sent it */
#define AGAIN   (60 * WEIR_TICK_SECOND)     /* until it is asked whether it
                                               still has none */
#define SECOND  ((int64_t) 1000000000)
#define MARGIN  SECOND

/*
 * WANTED: the slice's number, what it wanted, what the one before wanted.
 * Slices are of the table's clock, which all workers share: a window long, or
 * SLICE.
 */
typedef struct {
    uint64_t  number;
    uint64_t  length;           /* ticks */
    uint64_t  since;            /* its begin */
} slice_t;


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


/* Shifts right, rounding up. */
static uint64_t
shift_up(uint64_t n, unsigned bits)
{
    return (n + ((uint64_t) 1 << bits) - 1) >> bits;
}


/*
 * How long a period of the calendar is this one does not know: it is taken
 * too long, since what lives until its end must not go before.
 */
static void
to_next(weir_window_t *w, const weir_img_limit_t *limit)
{
    int64_t  length;

    length = w->end - w->begin;

    if (limit->kind == WEIR_LIMIT_QUOTA) {
        length += length / 4;
    }

    w->number++;
    w->begin = w->end;
    w->now = w->begin;

    if (__builtin_add_overflow(w->begin, length, &w->end)) {
        w->end = INT64_MAX;
    }
}


bool
weir_lease_cell(weir_limits_t *t, const weir_take_t *take, int64_t keep,
    bool make, unsigned word, weir_lease_cell_t *c)
{
    int64_t  until;

    c->take = take;
    c->w = take->window;

    if (!__builtin_sub_overflow(c->w.end, c->w.now, &until)
        && until < INT64_MAX - MARGIN && until + MARGIN < keep)
    {
        keep = until + MARGIN;
    }

    if (__builtin_add_overflow(take->clock, keep, &until)) {
        until = INT64_MAX;
    }

    c->words = weir_limits_cell(t, take, until, make);

    if (c->words == NULL) {
        return false;
    }

    if (ahead(weir_word_get(&c->words[word]), c->w.number) == 1) {
        to_next(&c->w, take->limit);
    }

    return true;
}


bool
weir_left_take(const weir_lease_cell_t *c, uint64_t *left)
{
    uint64_t  had, units, cost, *word;

    word = &c->words[WEIR_LEASE_LEFT];
    cost = c->take->cost;
    had = weir_word_get(word);

    do {
        units = weir_count_of(had, c->w.number);

        if (units == 0 || units < cost) {
            *left = units;
            return false;
        }

    } while (cost != 0
             && !weir_word_swap(word, &had, weir_count_make(c->w.number,
                                                            units - cost)));

    *left = units - cost;

    return true;
}


uint64_t
weir_left_drain(const weir_lease_cell_t *c, uint64_t n)
{
    uint64_t  had, units, some, *word;

    word = &c->words[WEIR_LEASE_LEFT];
    had = weir_word_get(word);

    do {
        units = weir_count_of(had, c->w.number);
        some = weir_lesser(units, n);

    } while (some != 0
             && !weir_word_swap(word, &had, weir_count_make(c->w.number,
                                                            units - some)));

    return some;
}


uint64_t
weir_left_add(const weir_lease_cell_t *c, uint64_t n)
{
    uint64_t  had, units, some, *word;

    word = &c->words[WEIR_LEASE_LEFT];
    had = weir_word_get(word);

    do {
        if (ahead(had, c->w.number) == 1) {
            return 0;
        }

        units = weir_count_of(had, c->w.number);
        some = weir_lesser(n, weir_less(c->take->limit->budget, units));

    } while (!weir_word_swap(word, &had, weir_count_make(c->w.number,
                                                         units + some)));

    return some;
}


static slice_t
slice_of(const weir_lease_cell_t *c)
{
    slice_t   s;
    uint64_t  now;

    s.length = weir_ticks(c->w.begin, c->w.end);
    s.length = weir_lesser(s.length + (s.length == 0), SLICE);

    now = (uint64_t) c->take->clock >> WEIR_TICK_BITS;
    s.number = now / s.length;
    s.since = now % s.length;

    return s;
}


static uint64_t
wanted_units(const weir_lease_cell_t *c)
{
    return shift_up(c->take->cost, coarse(c->take->limit->budget,
                                          WANTED_BITS));
}


/* What a word says of a slice, and of the one before. */
static uint64_t
wanted_in(uint64_t word, uint64_t number, uint64_t *before)
{
    uint64_t  here, past, tags;

    tags = ((uint64_t) 1 << WANTED_TAG) - 1;
    here = word >> WANTED_BITS & WANTED_MAX;
    past = (number - (word >> 2 * WANTED_BITS)) & tags;

    /* another process may have read the clock just before */
    if (past == 0 || past == tags) {
        *before = word & WANTED_MAX;
        return here;
    }

    *before = past == 1 ? here : 0;

    return 0;
}


void
weir_wanted_add(const weir_lease_cell_t *c)
{
    slice_t    s;
    uint64_t   had, here, before, units, *word;

    s = slice_of(c);
    units = wanted_units(c);
    word = &c->words[WEIR_LEASE_WANTED];
    had = weir_word_get(word);

    do {
        here = wanted_in(had, s.number, &before);
        here = weir_lesser(here + units, WANTED_MAX);

    } while (!weir_word_swap(word, &had, s.number << 2 * WANTED_BITS
                                         | here << WANTED_BITS | before));
}


void
weir_wanted_get(const weir_lease_cell_t *c, weir_wanted_t *out)
{
    slice_t   s;
    uint64_t  here, before, early;
    unsigned  bits;

    s = slice_of(c);
    bits = coarse(c->take->limit->budget, WANTED_BITS);
    here = wanted_in(weir_word_get(&c->words[WEIR_LEASE_WANTED]), s.number,
                     &before);

    early = s.length / EARLY + 1;
    early = s.since > early ? s.since : early;

    out->length = s.length;
    out->steady = (before * (s.length - s.since) / s.length + here) << bits;

    /* one request is no rate */
    here = weir_less(here, wanted_units(c));
    out->eager = here * s.length / early << bits;

    if (out->eager < out->steady) {
        out->eager = out->steady;
    }
}


uint64_t
weir_window_weight(const weir_window_t *w, int64_t now, uint64_t before)
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


/*
 * KNOWN: what the store had left of the budget, rounded down, and what the
 * window before took of it, rounded up (SLIDING, else 0).
 */
static uint64_t
known_make(const weir_lease_cell_t *c, uint64_t left, uint64_t before)
{
    unsigned  bits;

    bits = coarse(c->take->limit->budget, FIELD_BITS);
    left >>= bits;
    before = weir_lesser(shift_up(before, bits), FIELD_MAX);

    return c->w.number << 2 * FIELD_BITS | left << FIELD_BITS | before;
}


static void
known_read(const weir_lease_cell_t *c, uint64_t word, uint64_t *left,
    uint64_t *before)
{
    int32_t   past;
    uint64_t  budget;
    unsigned  bits;

    budget = c->take->limit->budget;
    bits = coarse(budget, FIELD_BITS);
    past = ahead(word, c->w.number);

    /* another policy may have had another budget */
    *left = weir_lesser((word >> FIELD_BITS & FIELD_MAX) << bits, budget);
    *before = weir_lesser((word & FIELD_MAX) << bits, budget);

    if (past != 0) {
        *before = past == -1 && c->take->limit->kind == WEIR_LIMIT_SLIDING
                  ? weir_less(budget, *left) : 0;
        *left = budget;
    }
}


uint64_t
weir_known_get(const weir_lease_cell_t *c)
{
    uint64_t  left, before;

    known_read(c, weir_word_get(&c->words[WEIR_LEASE_KNOWN]), &left, &before);

    return weir_less(left, weir_window_weight(&c->w, c->w.now, before));
}


/* When units over a window have come down to so many: ns of the next one. */
static int64_t
decay(const weir_lease_cell_t *c, uint64_t units, uint64_t to)
{
    uint64_t  length;

    if (units <= to) {
        return 0;
    }

    length = (uint64_t) c->w.end - (uint64_t) c->w.begin;

    return (int64_t) (length - (uint64_t) ((unsigned __int128) to * length
                                           / units));
}


int64_t
weir_known_wait(const weir_lease_cell_t *c, uint64_t here, int64_t least)
{
    int64_t   wait, rest;
    uint64_t  left, before, budget, cost, need;

    budget = c->take->limit->budget;
    cost = c->take->cost + (c->take->cost == 0);
    need = weir_less(cost, here);
    rest = c->w.end - c->w.now;
    known_read(c, weir_word_get(&c->words[WEIR_LEASE_KNOWN]), &left, &before);

    if (need <= left) {
        wait = decay(c, before, left - need) - (c->w.now - c->w.begin);
        wait = wait > least ? wait : least;

        if (wait <= rest - SECOND) {
            return wait;
        }
    }

    wait = rest + decay(c, budget - left, budget - cost);

    return wait > least ? wait : least;
}


void
weir_known_less(const weir_lease_cell_t *c, uint64_t units)
{
    uint64_t  had, left, before, *word;

    word = &c->words[WEIR_LEASE_KNOWN];
    had = weir_word_get(word);

    do {
        if (ahead(had, c->w.number) == 1) {
            return;
        }

        known_read(c, had, &left, &before);

    } while (!weir_word_swap(word, &had, known_make(c, weir_less(left, units),
                                                    before)));
}


void
weir_known_more(const weir_lease_cell_t *c, uint64_t units)
{
    uint64_t  had, left, before, *word;

    word = &c->words[WEIR_LEASE_KNOWN];
    had = weir_word_get(word);

    do {
        if (ahead(had, c->w.number) != 0) {
            return;
        }

        known_read(c, had, &left, &before);
        left += weir_lesser(units, c->take->limit->budget - left);

    } while (!weir_word_swap(word, &had, known_make(c, left, before)));
}


void
weir_known_set(const weir_lease_cell_t *c, uint64_t left, uint64_t before)
{
    uint64_t  had, *word;

    word = &c->words[WEIR_LEASE_KNOWN];
    had = weir_word_get(word);

    do {
        if (ahead(had, c->w.number) == 1) {
            return;
        }

    } while (!weir_word_swap(word, &had, known_make(c, left, before)));
}


/*
 * GATE: until when the store has no more, in parts of the window, the last
 * one being its end, 0 = it may have; and until when an ask is on its way, in
 * ticks, 0 = none is.  That end may be a month away: units come back before,
 * of nodes that go, or another policy allows more.  So it holds until those
 * ticks only: AGAIN, and even, where no ask is on its way.
 */
static uint64_t
gate_make(const weir_lease_cell_t *c, uint64_t part, uint64_t asking)
{
    return c->w.number << 2 * FIELD_BITS | part << FIELD_BITS | asking;
}


static uint64_t
gate_part(const weir_lease_cell_t *c, uint64_t word)
{
    return ahead(word, c->w.number) == 0 ? word >> FIELD_BITS & FIELD_MAX : 0;
}


/* So many ticks from now, about, never 0: odd ones of an ask. */
static uint64_t
ticks_on(const weir_lease_cell_t *c, uint64_t ticks, bool ask)
{
    ticks += (uint64_t) c->take->clock >> WEIR_TICK_BITS;
    ticks = (ticks & (FIELD_MAX - 1)) | ask;

    return ticks ? ticks : 2;
}


/* Whether the ticks of a word are to come, at most so many of them. */
static bool
is_within(const weir_lease_cell_t *c, uint64_t word, uint64_t most)
{
    uint64_t  rest;

    rest = word - ((uint64_t) c->take->clock >> WEIR_TICK_BITS);
    rest &= FIELD_MAX;

    return (word & FIELD_MAX) != 0 && rest != 0 && rest <= most;
}


int64_t
weir_gate_shut(const weir_lease_cell_t *c)
{
    int64_t            at;
    uint64_t           word, part, length;
    unsigned __int128  since;

    word = weir_word_get(&c->words[WEIR_LEASE_GATE]);
    part = gate_part(c, word);

    if (part == 0 || (part == FIELD_MAX && !is_within(c, word, AGAIN))) {
        return 0;
    }

    at = c->w.end;

    if (part != FIELD_MAX) {
        length = (uint64_t) c->w.end - (uint64_t) c->w.begin;
        since = (unsigned __int128) part * length >> FIELD_BITS;
        at = c->w.begin + (int64_t) since;
    }

    return at > c->w.now ? at - c->w.now : 0;
}


bool
weir_gate_ask(const weir_lease_cell_t *c)
{
    uint64_t  had, until, *word;

    word = &c->words[WEIR_LEASE_GATE];
    until = ticks_on(c, ASKING, true);
    had = weir_word_get(word);

    do {
        if (had % 2 != 0 && is_within(c, had, ASKING + 1)) {
            return false;
        }

    } while (!weir_word_swap(word, &had, gate_make(c, gate_part(c, had),
                                                   until)));

    return true;
}


void
weir_gate_answer(const weir_lease_cell_t *c, int64_t now, int64_t shut)
{
    uint64_t  had, next, part, again, length, *word;

    part = 0;

    if (shut > 0) {
        length = (uint64_t) c->w.end - (uint64_t) c->w.begin;
        part = FIELD_MAX;

        if (shut < c->w.end - now && now >= c->w.begin) {
            part = (uint64_t) now - (uint64_t) c->w.begin + (uint64_t) shut;
            part = (uint64_t) (((unsigned __int128) part << FIELD_BITS)
                               / length) + 1;
            part = weir_lesser(part, FIELD_MAX);
        }
    }

    again = part == FIELD_MAX ? ticks_on(c, AGAIN, false) : 0;
    word = &c->words[WEIR_LEASE_GATE];
    had = weir_word_get(word);

    do {
        next = ahead(had, c->w.number) == 1 ? had & ~FIELD_MAX
               : gate_make(c, shut < 0 ? gate_part(c, had) : part, again);

    } while (!weir_word_swap(word, &had, next));
}
