/*
 * decide_hold.h: between the stages of limits and a single limit of theirs.
 *
 * Where a function returns weir_rc_t, WEIR_DECLINED says that the request is
 * refused; WEIR_OK that it goes on, with the hold or past it.
 */

#ifndef WEIR_RUN_DECIDE_HOLD_H
#define WEIR_RUN_DECIDE_HOLD_H

#include "run/decide_stage.h"

typedef enum {
    WEIR_STORE_UNKNOWN,
    WEIR_STORE_THERE,
    WEIR_STORE_GONE
} weir_store_state_t;

/* What is the same for all limits of a pass. */
typedef struct {
    weir_txn_t            *txn;
    const weir_limiter_t  *host;
    void                  *data;        /* of host */
    weir_limits_t         *table;       /* NULL: nothing can be counted */
    int64_t                clock;
    int64_t                store_clock; /* where it is there */
    uint32_t               nodes;       /* 0: not asked for yet */
    weir_store_state_t     store;
} weir_pass_t;

void weir_pass_begin(weir_pass_t *p, weir_txn_t *t);


/* Whether there is nothing more to ask: it passes and has taken nothing. */
static inline bool
weir_hold_passes(const weir_hold_t *h)
{
    return h->free || h->dry;
}


/* Key and cost: once a request, of a pass that has a table. */
weir_rc_t weir_hold_prepare(weir_pass_t *p, weir_hold_t *h);
/* The time that it is counted at, in each pass; and who counts it, when the
   store does not. */
weir_rc_t weir_hold_ready(weir_pass_t *p, weir_hold_t *h);
weir_take_rc_t weir_hold_check(weir_pass_t *p, weir_hold_t *h);
/* *ask: what to ask the store for; no units: it need not be asked. */
weir_take_rc_t weir_hold_take(weir_pass_t *p, weir_hold_t *h, weir_ask_t *ask);
void weir_hold_give(weir_pass_t *p, weir_hold_t *h);
/* It has not got its units; took: NO, NEVER or FULL. */
weir_rc_t weir_hold_settle(weir_pass_t *p, weir_hold_t *h,
    weir_take_rc_t took);
/* What the response costs. */
void weir_hold_charge(weir_pass_t *p, weir_hold_t *h);

#endif
