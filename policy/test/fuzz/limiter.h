/*
 * limiter.h: a server that counts limits, whose clocks and store say anything.
 *
 * What it says follows from a number, so that an input does the same again.
 */

#ifndef WEIR_TEST_FUZZ_LIMITER_H
#define WEIR_TEST_FUZZ_LIMITER_H

#include <string.h>
#include "run/decide.h"

#define LIMITER_TABLE  8192
#define LIMITER_CALLS  64

#define LIMITER_SECOND  INT64_C(1000000000)
#define LIMITER_YEAR    (366 * 86400 * LIMITER_SECOND)

typedef struct {
    weir_ask_t        ask;
    weir_img_limit_t  limit;
    weir_hold_t      *hold;
} limiter_call_t;

typedef struct {
    _Alignas(64) uint8_t  mem[LIMITER_TABLE];
    weir_limits_t        *table;
    uint64_t              seed;
    int64_t               clock;
    int64_t               wall;
    limiter_call_t        calls[LIMITER_CALLS];     /* not answered */
    unsigned              ncalls;
} limiter_t;

static limiter_t  limiter;


static inline unsigned
limiter_any(unsigned n)
{
    limiter.seed = limiter.seed * UINT64_C(6364136223846793005)
                   + UINT64_C(1442695040888963407);

    return (unsigned) (limiter.seed >> 33) % n;
}


/* A number of any size. */
static inline int64_t
limiter_number(void)
{
    uint64_t  n;

    n = (uint64_t) limiter_any(1u << 30) << 33 ^ limiter_any(1u << 30);

    return (int64_t) (n >> limiter_any(63));
}


static inline void
limiter_begin(uint64_t seed)
{
    memset(limiter.mem, 0, sizeof(limiter.mem));
    limiter.table = weir_limits_init(limiter.mem, sizeof(limiter.mem));
    limiter.seed = seed;
    limiter.clock = limiter_number() % LIMITER_YEAR;
    limiter.wall = limiter_number() % (200 * LIMITER_YEAR);
    limiter.ncalls = 0;
}


static inline weir_limits_t *
limiter_of(void *host)
{
    (void) host;

    return limiter_any(64) != 0 ? limiter.table : NULL;
}


/* It may be a second old. */
static inline int64_t
limiter_clock(void *host)
{
    int64_t  behind;

    (void) host;

    switch (limiter_any(8)) {

    case 0:
        limiter.clock += limiter_number() % (40 * 86400 * LIMITER_SECOND);
        break;

    case 1:
        limiter.clock += limiter_number() % (10 * LIMITER_SECOND);
        break;

    case 2:
        behind = limiter_any(LIMITER_SECOND);
        return limiter.clock > behind ? limiter.clock - behind : 0;

    default:
        limiter.clock += limiter_any(4000000);
    }

    return limiter.clock;
}


/* Goes on, jumps, and goes back. */
static inline int64_t
limiter_wall(void *host)
{
    (void) host;

    switch (limiter_any(16)) {

    case 0:
        limiter.wall = limiter_number() % (200 * LIMITER_YEAR);
        break;

    case 1:
        limiter.wall += 3600 * LIMITER_SECOND;
        break;

    case 2:
        limiter.wall -= 3600 * LIMITER_SECOND;
        break;

    default:
        limiter.wall += limiter_any(2 * LIMITER_SECOND);
    }

    return limiter.wall;
}


static inline uint32_t
limiter_worker(void *host)
{
    (void) host;

    return limiter_any(64) != 0 ? limiter_any(30) : UINT32_MAX;
}


static inline weir_rc_t
limiter_store_clock(void *host, int64_t *now)
{
    if (limiter_any(16) == 0) {
        return WEIR_DECLINED;
    }

    *now = limiter_wall(host);

    return WEIR_OK;
}


static inline uint32_t
limiter_nodes(void *host)
{
    (void) host;

    return limiter_any(8) != 0 ? limiter_any(4) : UINT32_MAX;
}


static inline void
limiter_answer(limiter_call_t *c)
{
    bool      failed;
    int64_t   total;
    uint64_t  units, back;

    failed = limiter_any(8) == 0;

    if (failed) {
        weir_lease_failed(limiter.table, &c->ask);

    } else {
        units = c->ask.units;
        total = limiter_any(4) != 0 ? (int64_t) units + limiter_any(100)
                : limiter_any(2) ? limiter_number() : -limiter_number();
        back = weir_lease_answer(limiter.table, &c->ask, total,
                                 limiter_any(2) ? limiter_number() : 0,
                                 limiter_any(4) ? c->ask.take.window.now
                                                : limiter.wall);
        must(back <= units && c->ask.units == 0);
    }

    if (c->hold != NULL) {
        c->hold->asked = failed ? WEIR_ASK_FAILED : WEIR_ASK_ANSWERED;
    }
}


static inline void
limiter_answer_all(void)
{
    while (limiter.ncalls != 0) {
        limiter_answer(&limiter.calls[--limiter.ncalls]);
    }
}


static inline weir_rc_t
limiter_ask(void *host, const weir_ask_t *ask, weir_hold_t *hold)
{
    limiter_call_t  *c;

    (void) host;

    must(ask->units != 0 && (hold == NULL || hold->asks <= WEIR_MAX_ASKS));

    if (limiter_any(8) == 0 || limiter.ncalls == LIMITER_CALLS) {
        return WEIR_DECLINED;
    }

    c = &limiter.calls[limiter.ncalls];
    c->ask = *ask;
    c->limit = *ask->take.limit;
    c->ask.take.limit = &c->limit;
    c->hold = hold;

    if (limiter_any(2)) {
        limiter_answer(c);

    } else {
        limiter.ncalls++;
    }

    return WEIR_OK;
}


static inline void
limiter_owe(void *host, const weir_ask_t *ask)
{
    (void) host;

    must(ask->units != 0 && ask->units <= WEIR_MAX_UNITS);
}


static const weir_limiter_t  limiter_host = {
    limiter_of, limiter_clock, limiter_wall, limiter_worker,
    limiter_store_clock, limiter_nodes, limiter_ask, limiter_owe
};


/* Decides, however often it waits; its limits are such as can be told. */
static inline void
limiter_decide(weir_txn_t *txn, weir_decision_t *d)
{
    uint32_t            i, n, rounds;
    const weir_hold_t  *h;

    rounds = 0;

    while (weir_decide(txn, d) == WEIR_AGAIN) {
        must(limiter.ncalls != 0
             && ++rounds <= WEIR_MAX_HOLDS * WEIR_MAX_ASKS);
        limiter_answer_all();
    }

    limiter_answer_all();       /* also those that nobody waits for */
    h = weir_txn_limits(txn, &n);
    must(n <= WEIR_MAX_HOLDS);

    for (i = 0; i < n; i++, h++) {
        must(h->asked != WEIR_ASK_WAITS && h->asks <= WEIR_MAX_ASKS);
        must(h->left.reset >= 0 && h->left.retry >= 0);
        must(h->left.left <= weir_limit_most(h->take.limit));
        must(h->take.limit->kind != WEIR_LIMIT_QUOTA
             || h->left.left <= h->take.limit->limit);
        must(h->state != WEIR_HOLD_NONE || d->status != 0);
        must(h->flight.cell == 0
             || (h->state == WEIR_HOLD_OK
                 && h->take.limit->kind == WEIR_LIMIT_CONCURRENCY));
    }
}


/* What a server does when the request is over; a worker may die instead. */
static inline void
limiter_end(weir_txn_t *txn)
{
    uint32_t      i, n;
    weir_hold_t  *h;

    weir_txn_charge(txn);
    must(!weir_txn_charges(txn));
    h = weir_txn_limits(txn, &n);

    for (i = 0; i < n; i++) {
        if (limiter_any(16) != 0) {
            weir_flight_give(limiter.table, &h[i].flight, h[i].take.worker);
        }
    }

    if (limiter_any(32) == 0) {
        weir_flight_reap(limiter.table, limiter_any(30));
    }
}

#endif
