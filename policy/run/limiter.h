/*
 * limiter.h: the stages of a decision that ask limits, and what they ask of
 * the server.
 *
 * All limits of a request are checked, then all are charged, in the order of
 * the route and then of the plan; the first that refuses gives the others
 * back what they gave.  What was refused has cost nothing.  Limits that are
 * asked before the caller is known are a group of their own: what the request
 * took of them it has used, whatever comes of it later.  So it has when the
 * breaker of an arm, or a transform, refuses it behind the last of them.
 *
 * Nothing is held while a request waits for the store.
 */

#ifndef WEIR_RUN_LIMITER_H
#define WEIR_RUN_LIMITER_H

#include "run/lease.h"
#include "run/siphash.h"

typedef enum {
    WEIR_HOLD_NONE,             /* nothing is taken: another one refused */
    WEIR_HOLD_OK,               /* its units are taken */
    WEIR_HOLD_REFUSED,
    WEIR_HOLD_FULL,             /* the table has no room */
    WEIR_HOLD_STORE,            /* the store does not answer */
    WEIR_HOLD_ERROR             /* key or cost failed to evaluate */
} weir_hold_state_t;

/* so many, because what came for one may be taken by others each time */
#define WEIR_MAX_ASKS  16

/* How an ask of the store stands; whoever answers it sets this. */
typedef enum {
    WEIR_ASK_NONE,
    WEIR_ASK_WAITS,
    WEIR_ASK_ANSWERED,          /* the lease was credited */
    WEIR_ASK_FAILED
} weir_ask_state_t;

/*
 * A limit of a request.  Of one that passes free or dry, state says why no
 * units were taken.  The server calls weir_flight_give() with the flight of
 * every hold when the request ends, however it ends: an empty one is none.
 */
typedef struct weir_hold_s {
    weir_take_t         take;
    weir_left_t         left;
    weir_hold_state_t   state;
    weir_ask_state_t    asked;
    uint32_t            asks;       /* so far */
    bool                alone;      /* taken by weir_lease_alone() */
    bool                free;       /* passes uncounted: on_full, "allow" */
    bool                dry;        /* dry_run, and it would have refused */
    weir_flight_t       flight;
} weir_hold_t;

/*
 * What the engine asks of the server.  host is host_data of the request.
 * store_clock to ask are NULL where there is no store.
 */
typedef struct {
    /* the table; NULL: there is none, which is as good as a full one */
    weir_limits_t *(*table)(void *host);
    /* ns, monotonic, the same for all that share the table */
    int64_t   (*clock)(void *host);
    /* ns since 1970 */
    int64_t   (*wall)(void *host);
    /* slot of this process, for CONCURRENCY */
    uint32_t  (*worker)(void *host);

    /* ns since 1970 by the store's clock; WEIR_DECLINED: it cannot be asked
       now, and nobody should wait for it */
    weir_rc_t  (*store_clock)(void *host, int64_t *now);
    /* nodes that share the store, as last known; at least 1 */
    uint32_t   (*nodes)(void *host);
    /*
     * Asks the store.  hold not NULL: the request waits for it; hold->asked
     * is WAITS, and something else when the request is called again, or
     * already on return.  NULL: ask ahead, nobody waits.  WEIR_DECLINED: it
     * cannot be asked; the caller tells the lease that it failed.  What ask
     * points to lives in the image: whoever keeps it copies the limit too.
     * Where several holds wait for one answer, it is asked for what they want
     * together: a hold asks WEIR_MAX_ASKS times at most.
     */
    weir_rc_t  (*ask)(void *host, const weir_ask_t *ask, weir_hold_t *hold);
    /* The store is told of units that were spent without a lease. */
    void       (*owe)(void *host, const weir_ask_t *ask);
} weir_limiter_t;

/*
 * The digest of a limit's key: of its uid, and each part with its kind and
 * length.  The same on every node.
 */
typedef weir_siphash_t  weir_key_hash_t;

void weir_key_begin(weir_key_hash_t *h, const weir_id_t *uid);
/* Numbers are 8 bytes, the lowest first; a bool is one, an address its own. */
void weir_key_part(weir_key_hash_t *h, unsigned kind, weir_str_t bytes);
void weir_key_end(weir_key_hash_t *h, weir_limit_key_t *key);

#endif
