/*
 * lease.c: what a node asks a store for, and spends.
 *
 * How much is asked for: what demand needs for a while, within a share of what
 * the store is thought to have, so that the last units are not stuck where
 * nobody wants them.  Nearer the end of the budget and of the window, leases
 * get smaller.
 */

#include "run/lease.h"
#include "run/lease_cell.h"

#define KEEP         ((int64_t) 3600 * 1000000000)  /* ns without a request */
#define LEASE        (10 * WEIR_TICK_SECOND)    /* that it lasts, at most */
#define LEASES       8          /* of a window, at least */
#define AHEAD        (WEIR_TICK_SECOND / 40)    /* before it is needed */
#define LEAST        160        /* parts of a budget that are worth an ask */

/* SLIDING: how long the store is left alone */
#define PAUSE        ((int64_t) 10000000)       /* ns, at least */
#define PAUSES       16         /* of a window, where nodes want too much */
#define WORTH        256        /* units to each node that are worth an ask */


static bool
find(weir_limits_t *t, const weir_take_t *take, bool make,
    weir_lease_cell_t *c)
{
    return weir_lease_cell(t, take, KEEP, make, WEIR_LEASE_LEFT, c);
}


/* Whether this node alone wants twice what there is at all. */
static bool
is_flooded(const weir_lease_cell_t *c)
{
    uint64_t       length;
    weir_wanted_t  wanted;

    weir_wanted_get(c, &wanted);
    length = weir_ticks(c->w.begin, c->w.end);

    return (unsigned __int128) wanted.steady * length
           > (unsigned __int128) c->take->limit->budget * wanted.length * 2;
}


/*
 * Units of a SLIDING window become free all the time.  Where nodes want far
 * more than that, to ask for each as it does would ask all the time: every
 * node has its part at a time, and else refuses.
 */
static bool
is_rationed(const weir_lease_cell_t *c)
{
    return c->take->limit->kind == WEIR_LIMIT_SLIDING
           && c->take->limit->lease == 0 && is_flooded(c);
}


/* What a lease is, 0 where so little is wanted; *soon: before it would come. */
static uint64_t
lease_size(const weir_lease_cell_t *c, uint32_t nodes, uint64_t *soon)
{
    uint64_t       n, has, ticks, share, least;
    weir_wanted_t  wanted;

    weir_wanted_get(c, &wanted);
    *soon = wanted.eager * AHEAD / wanted.length;

    if (c->take->limit->lease != 0) {
        return c->take->limit->lease;
    }

    ticks = weir_lesser(weir_ticks(c->w.begin, c->w.end) / LEASES, LEASE);
    ticks = weir_lesser(ticks, weir_ticks(c->w.now, c->w.end) + 1);
    n = wanted.eager * ticks / wanted.length;

    has = weir_known_get(c);
    least = weir_lesser(c->take->limit->budget / LEAST, has);
    share = has / nodes / (is_rationed(c) ? 1 : 2);

    return weir_lesser(n, share > least ? share : least);
}


/* How it stands, with so many units here; retry: ns until there may be more. */
static void
tell(const weir_lease_cell_t *c, uint64_t here, weir_left_t *left)
{
    left->left = here;
    left->retry = c->words != NULL ? weir_gate_shut(c) : 0;
    left->reset = c->w.end - c->w.now;

    if (c->words == NULL) {
        left->left = c->take->limit->budget;

    } else if (left->retry == 0) {
        left->left = weir_lesser(here + weir_known_get(c),
                                 c->take->limit->budget);
    }

    left->left = weir_told_left(c->take->limit, left->left, 1);

    /* what is spent now weighs until the next window ends */
    if (c->take->limit->kind == WEIR_LIMIT_SLIDING) {
        left->reset += c->w.end - c->w.begin;
    }
}


/* The store has too little now; retry: ns until it might be asked again. */
static weir_take_rc_t
refuse(const weir_lease_cell_t *c, uint64_t here, weir_left_t *left)
{
    int64_t  wait;

    if (c->take->limit->kind == WEIR_LIMIT_SLIDING) {
        wait = weir_known_wait(c, here, left->retry);

        /* nothing is here any more when nobody came for so long */
        left->retry = wait < KEEP ? wait : weir_known_wait(c, 0, left->retry);
    }

    return WEIR_TAKE_NO;
}


static void
ask_for(const weir_lease_cell_t *c, uint32_t nodes, uint64_t n,
    weir_ask_t *ask)
{
    ask->take = *c->take;
    ask->take.window = c->w;
    ask->units = n;
    ask->nodes = nodes;
    ask->previous = c->take->limit->kind == WEIR_LIMIT_SLIDING;
}


weir_take_rc_t
weir_lease_check(weir_limits_t *t, const weir_take_t *take, weir_left_t *left)
{
    bool               found;
    uint64_t           here;
    weir_lease_cell_t  c;

    found = find(t, take, false, &c);
    here = found ? weir_count_of(weir_word_get(&c.words[WEIR_LEASE_LEFT]),
                                 c.w.number) : 0;
    tell(&c, here, left);

    if (take->cost > take->limit->budget) {
        left->retry = 0;
        return WEIR_TAKE_NEVER;
    }

    if (here != 0 && here >= take->cost) {
        left->retry = 0;
        return WEIR_TAKE_OK;
    }

    return left->retry != 0 ? refuse(&c, here, left) : WEIR_TAKE_ASK;
}


weir_take_rc_t
weir_lease_take(weir_limits_t *t, const weir_take_t *take, uint32_t nodes,
    weir_left_t *left, weir_ask_t *ask)
{
    bool               ok;
    uint64_t           n, here, need, soon;
    weir_lease_cell_t  c;

    ask->units = 0;
    nodes = nodes ? nodes : 1;

    if (take->cost > take->limit->budget) {
        return weir_lease_check(t, take, left);
    }

    if (!find(t, take, true, &c)) {
        return WEIR_TAKE_FULL;
    }

    weir_wanted_add(&c);
    ok = weir_left_take(&c, &here);
    tell(&c, here, left);

    if (left->retry != 0 && !ok) {
        return refuse(&c, here, left);
    }

    if (left->retry != 0) {
        left->retry = 0;
        return WEIR_TAKE_OK;
    }

    n = lease_size(&c, nodes, &soon);

    if (ok) {
        if (here < weir_lesser(n / 2, soon) && weir_gate_ask(&c)) {
            weir_known_less(&c, n);
            ask_for(&c, nodes, n, ask);
        }

        return WEIR_TAKE_OK;
    }

    need = take->cost + (take->cost == 0) - here;

    if (weir_gate_ask(&c)) {
        need = need > n ? need : n;
        weir_known_less(&c, need);

    } else if (is_rationed(&c)) {
        left->retry = PAUSE;
        return WEIR_TAKE_NO;
    }

    ask_for(&c, nodes, need, ask);

    return WEIR_TAKE_ASK;
}


void
weir_lease_give(weir_limits_t *t, const weir_take_t *take)
{
    weir_lease_cell_t  c;

    if (find(t, take, false, &c) && c.w.number == take->window.number) {
        (void) weir_left_add(&c, take->cost);
    }
}


void
weir_lease_charge(weir_limits_t *t, const weir_take_t *take, uint64_t *owed)
{
    weir_lease_cell_t  c;

    *owed = take->cost;

    if (take->cost == 0 || !find(t, take, false, &c)) {
        return;
    }

    weir_wanted_add(&c);
    *owed -= weir_left_drain(&c, take->cost);

    if (*owed != 0) {
        weir_known_less(&c, *owed);
    }
}


void
weir_lease_failed(weir_limits_t *t, weir_ask_t *ask)
{
    weir_lease_cell_t  c;

    if (ask->units != 0 && find(t, &ask->take, false, &c)) {
        weir_known_more(&c, ask->units);
        weir_gate_answer(&c, 0, -1);
    }

    ask->units = 0;
}


/*
 * How long the store is left alone once a SLIDING window has so little left,
 * 0 = not at all.  all: whether all was granted; before: what the window
 * before took, part of which becomes free in each part of this one.
 */
static int64_t
pause_after(const weir_lease_cell_t *c, const weir_ask_t *ask, bool all,
    uint64_t left, uint64_t before)
{
    int64_t            one;
    uint64_t           length, pause;
    unsigned __int128  worth;

    if (before == 0) {
        return all ? 0 : INT64_MAX;
    }

    length = (uint64_t) c->w.end - (uint64_t) c->w.begin;

    if (is_rationed(c)) {
        worth = (unsigned __int128) length * WORTH * ask->nodes / before;
        pause = length / PAUSES;
        pause = worth < pause ? (uint64_t) worth : pause;

        if (all && (unsigned __int128) left * length * 4
                   > (unsigned __int128) before * pause * 3)
        {
            return 0;
        }

    } else if (!all || (c->take->limit->lease == 0
                        && left < c->take->limit->budget / LEAST))
    {
        pause = length / LEAST;

    } else {
        return 0;
    }

    one = (int64_t) (length / before) + 1;
    one = one > PAUSE ? one : PAUSE;

    return (int64_t) pause > one ? (int64_t) pause : one;
}


uint64_t
weir_lease_answer(weir_limits_t *t, weir_ask_t *ask, int64_t total,
    int64_t previous, int64_t now)
{
    uint64_t           n, used, before, budget, allowed, granted;
    int64_t            shut;
    weir_lease_cell_t  c;

    n = now < ask->take.window.end ? ask->units : 0;

    if (n == 0) {
        weir_lease_failed(t, ask);
        return 0;
    }

    if (!find(t, &ask->take, false, &c)
        || c.w.number != ask->take.window.number)
    {
        weir_lease_failed(t, ask);
        return n;
    }

    ask->units = 0;

    /* a total below n is of a store that lost what it had counted */
    used = total > 0 ? weir_less((uint64_t) total, n) : 0;
    budget = ask->take.limit->budget;
    before = ask->previous && previous > 0
             ? weir_lesser((uint64_t) previous, budget) : 0;

    allowed = weir_less(budget, weir_window_weight(&c.w, now, before));
    granted = weir_lesser(n, weir_less(allowed, used));
    weir_known_set(&c, weir_less(budget, used + granted),
                   before);

    shut = granted < n ? INT64_MAX : 0;

    if (ask->previous) {
        shut = pause_after(&c, ask, granted == n,
                           weir_less(allowed, used + granted), before);
    }

    granted = weir_left_add(&c, granted);
    weir_gate_answer(&c, now, shut);

    return n - granted;
}
