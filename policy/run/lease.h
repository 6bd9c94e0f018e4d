/*
 * lease.h: a node takes units from the store in leases and spends them here.
 *
 * The store counts what nodes asked for in a window, never less than what it
 * granted: granted = max(0, min(n, budget - (total - n))), where total is
 * what INCRBY returned.  So all grants of a window together are at most the
 * budget, however many nodes there are, whatever is lost on the way.  What was
 * not granted, and on a clean exit what was not spent, is given back inside
 * the window.  Leases of a window that is over are worth nothing.
 *
 * The window of a take is one of limit->span (QUOTA: of the calendar),
 * numbered by the store's clock.  All state of a key is in its cell of the
 * table: workers of a node share it.  Where the cell is of a later window than
 * the take's, by another worker's clock, the cell's is the current one.
 */

#ifndef WEIR_RUN_LEASE_H
#define WEIR_RUN_LEASE_H

#include "run/limits.h"

/* What the store is to be asked for. */
typedef struct {
    weir_take_t  take;          /* key, limit, window */
    uint64_t     units;         /* n */
    bool         previous;      /* SLIDING: the total of the window before is
                                   needed, too */
} weir_ask_t;

/*
 * Spends.  WEIR_TAKE_ASK: there is too little, *ask says what to ask for, and
 * the take is tried again once the answer is in.  WEIR_TAKE_NO: the store has
 * no more until left->retry.  WEIR_TAKE_OK with ask->units not 0: take it, but
 * ask ahead; only one worker of the node is told so at a time.  nodes: how
 * many share the budget, as last known, at least 1.
 */
weir_take_rc_t weir_lease_check(weir_limits_t *t, const weir_take_t *take,
    weir_left_t *left);
weir_take_rc_t weir_lease_take(weir_limits_t *t, const weir_take_t *take,
    uint32_t nodes, weir_left_t *left, weir_ask_t *ask);
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
 * returns what is to be given back by DECRBY: 0 = nothing.
 */
uint64_t weir_lease_answer(weir_limits_t *t, const weir_ask_t *ask,
    int64_t total, int64_t previous, int64_t now);
/* There was no answer: somebody may ask again. */
void weir_lease_failed(weir_limits_t *t, const weir_ask_t *ask);
/*
 * Takes all that is unspent out of the node's hands, to be given back to the
 * store on a clean exit of the last worker.
 */
uint64_t weir_lease_return(weir_limits_t *t, const weir_take_t *take);

/*
 * While the store does not answer, "local": this node's share of the budget,
 * budget / nodes but at least 1 unit a window, counted beside the lease.
 */
weir_take_rc_t weir_lease_alone(weir_limits_t *t, const weir_take_t *take,
    uint32_t nodes, weir_left_t *left);
void weir_lease_alone_give(weir_limits_t *t, const weir_take_t *take);

#endif
