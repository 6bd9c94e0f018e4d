/*
 * lease.h: a node takes units from the store in leases and spends them here.
 *
 * The store counts what nodes asked for in a window, never less than what it
 * granted: granted = max(0, min(n, budget - (total - n))), where total is
 * what INCRBY returned.  So all grants of a window together are at most the
 * budget, however many nodes there are, whatever is lost on the way.  What was
 * not granted is given back inside the window.  Leases of a window that is
 * over, or of a node that ended, are worth nothing.
 *
 * The window of a take is one of limit->span (QUOTA: of the calendar),
 * numbered by the store's clock.  All state of a key is in its cell of the
 * table: workers of a node share it.  Where the cell's window is the next of
 * the take's, by another worker's clock, the cell's is the current one.
 *
 * What passes in the whole cluster, at most, where e is by how far the clocks
 * of nodes are wrong, and the store loses nothing:
 *
 *   FIXED, QUOTA   budget in a window; so in any time T as GCRA
 *   GCRA           in any time T, rate * (T + 2e) + 2 * budget: a budget in
 *                  each window that T touches
 *   SLIDING        in any time T, rate * (T + 2e) + budget, less than twice
 *                  the limit in a time of one window; limit in a window
 *
 * Of SLIDING: let the time begin behind a part f of one window, and end behind
 * a part g of a later one.  Of the windows in between each grants at most
 * limit, the first one p <= limit.  Grants of the last one until g are at most
 * limit - q * (1 - g), q what the window before it granted: q and that make
 * at most limit + q * g <= limit * (1 + g).  With k windows before the last
 * one, all is at most limit * (k + g), and T is k - f + g windows long.  That
 * is reached: limit at once at a window's end, and then as it decays.
 *
 * The price is what nodes hold and do not spend before the window ends.  A
 * lease is what demand of the last seconds needs for an eighth of a window or
 * 10 seconds, at most a share of what is left, so little at the end.  SLIDING
 * has units that become free all the time: where a node wants twice what there
 * is, it waits for its part to be worth an ask, and refuses meanwhile.
 *
 * Where the store has no more, nobody asks until the window ends, but for one
 * request a minute: units that were not granted come back, and another policy
 * may have another budget.
 *
 * A loss of the store, or of the key, begins a window's count anew; an hour
 * that the store's clock goes back is counted twice.
 */

#ifndef WEIR_RUN_LEASE_H
#define WEIR_RUN_LEASE_H

#include "run/limits.h"

/*
 * What the store is to be asked for.  Of SLIDING, the count of a window must
 * live there until the end of the next.
 */
typedef struct {
    weir_take_t  take;          /* key, limit, window: the one to count in */
    uint64_t     units;         /* n; 0: nothing is asked, or it is answered */
    uint32_t     nodes;
    bool         previous;      /* SLIDING: the total of the window before is
                                   needed, too */
} weir_ask_t;

/*
 * Would it be had?  Takes nothing and makes no cell.  WEIR_TAKE_ASK: only the
 * store can tell.
 */
weir_take_rc_t weir_lease_check(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left);
/*
 * Spends.  WEIR_TAKE_ASK: there is too little, *ask says what to ask for, and
 * the take is tried again once the answer is in.  WEIR_TAKE_NO: the store has
 * no more until left->retry.  WEIR_TAKE_OK with ask->units not 0: take it, but
 * ask ahead; only one worker of the node is told so at a time.  A node that
 * asks twice at once asks for a lease and then for bare needs: several asks
 * may be sent as one, for the sum of their units.  nodes: how many share the
 * budget, as last known, at least 1.
 *
 * left->left is what is here and what the store was last known to have, never
 * more than the budget; of QUOTA without the overage.
 */
weir_take_rc_t weir_lease_take(weir_limits_t *t, const weir_take_t *take,
    uint32_t nodes, weir_left_t *left, weir_ask_t *ask);
/* Gives back what the same take took; nothing, once its window is over. */
void weir_lease_give(weir_limits_t *t, const weir_take_t *take);
/*
 * Spends what is here of a cost that is owed whatever there is; what is left
 * of it is *owed: the store must be told by INCRBY, and grants nothing for it.
 */
void weir_lease_charge(weir_limits_t *t, const weir_take_t *take,
    uint64_t *owed);

/*
 * The store's answer to an ask: total is what INCRBY returned, previous the
 * total of the window before (SLIDING, else 0), now the store's time (ns).
 * Credits the node with what was granted, unless the window is over, and
 * returns what is to be given back by DECRBY: 0 = nothing.  The ask is
 * answered then, and answered again grants nothing.  Numbers that no sane
 * store sends grant at most what was asked for.
 */
uint64_t weir_lease_answer(weir_limits_t *t, weir_ask_t *ask, int64_t total,
    int64_t previous, int64_t now);
/* There was no answer: somebody may ask again. */
void weir_lease_failed(weir_limits_t *t, weir_ask_t *ask);

/*
 * While the store does not answer, "local": this node's share of the budget,
 * budget / nodes but at least 1 unit a window, counted beside the lease.  Of
 * SLIDING, too, a window's share is its own.  WEIR_TAKE_NEVER: the cost is
 * more than that share.
 */
weir_take_rc_t weir_lease_alone(weir_limits_t *t, const weir_take_t *take,
    uint32_t nodes, weir_left_t *left);
void weir_lease_alone_give(weir_limits_t *t, const weir_take_t *take);
/* Takes the cost from the share whatever there is. */
void weir_lease_alone_charge(weir_limits_t *t, const weir_take_t *take);

#endif
