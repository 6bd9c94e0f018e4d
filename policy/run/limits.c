/*
 * limits.c: the table of everything that is counted on this node.
 *
 * Cells lie in sets of WAYS; a key's set, and the way from which on it is
 * looked for, are bits of the key.  Those of CONCURRENCY lie apart.  Who looks
 * for a key reads, and stops at a cell that was never used: behind it nobody
 * that starts at the same way has ever had to go.
 *
 * A cell is kept until a time, and is nobody's a GRACE later: clocks of
 * processes differ by less.  To keep it longer and to take it away both
 * exchange the same meta, so one of them loses and looks again.
 *
 * Cells are only made under the lock of their set, so a key gets one.  A lock
 * says when it was taken: one that is older than TAKEOVER, about the longest
 * that anybody waits, is of the dead and is taken over.
 *
 * Or of one who sleeps.  Nothing that it still does goes wrong: all it writes
 * are exchanges for what it read before it took the cell, so they fail where
 * somebody else came since; and it gives up before the cell is the key's.  If
 * it slept even after that, it finishes a cell for a key that another made one
 * for meanwhile.  That one is nearer to the key's way, since the first free
 * one is taken (or the key's own old one); everybody finds it first, the
 * sleeper too, who looks again.  The other is zero and lapses.
 */

#include <sched.h>
#include <stddef.h>
#include <time.h>

#include "run/limit_cell.h"

#define LINE        64
#define WAYS        32
#define SHARE       (WAYS / 2)      /* ways of a tenant, where they count */
#define FLIGHTS     8               /* one set of so many is for flights */
#define LOCKS       4096            /* at most; sets share them */

#define GRACE       2               /* seconds */
#define EXTRA       60              /* most seconds that are kept ahead */
#define AGAIN       10              /* seconds: of a cell that has flights */

#define TAKEOVER    (WEIR_CELL_SECOND / 200)    /* of a thousand times what it
                                                   takes to make a cell */
#define WAIT        (4 * TAKEOVER)  /* if others get it over and over */
#define SPINS       100
#define YIELDS      20              /* at least: each may take a while */
#define TRIES       8

#define SAMPLE      2048            /* cells */

struct weir_limits_s {
    uint64_t  locks;                /* there are, after the head */
    uint64_t  cells;                /* where they are, from the begin */
    uint64_t  rates;                /* sets */
    uint64_t  flights;              /* sets, after those */
    uint32_t  slots;                /* of workers that ever counted flights */
};

_Static_assert(sizeof(weir_limits_t) <= LINE, "the head is a line");

/* A key's set, and what is asked of it. */
typedef struct {
    const weir_limit_key_t  *key;
    weir_cell_t             *cells;
    uint64_t                *lock;
    uint64_t                 mine;      /* what it was taken with */
    uint64_t                 now;       /* seconds */
    uint64_t                 until;
    uint64_t                 tenant;    /* as meta has it */
    unsigned                 start;     /* way */
    bool                     shared;
    bool                     flights;
} place_t;


/* x of 0..2^64-1 to 0..n-1, in proportion. */
static uint64_t
scale(uint64_t x, uint64_t n)
{
    return (uint64_t) ((unsigned __int128) x * n >> 64);
}


static uint64_t
meta_make(uint64_t until, uint64_t tenant, uint64_t version, unsigned state)
{
    version &= (1u << WEIR_CELL_VERSION_BITS) - 1;
    until = until > UINT32_MAX ? UINT32_MAX : until;

    return until << WEIR_CELL_UNTIL_SHIFT | tenant << WEIR_CELL_TENANT_SHIFT
           | version << WEIR_CELL_STATE_BITS | state;
}


static uint64_t
tenant_of(uint64_t meta)
{
    return meta >> WEIR_CELL_TENANT_SHIFT
           & ((1u << WEIR_CELL_TENANT_BITS) - 1);
}


/* The same cell, of the same key. */
static uint64_t
meta_change(uint64_t meta, uint64_t until, unsigned state)
{
    return meta_make(until, tenant_of(meta), weir_cell_version(meta), state);
}


static bool
is_over(uint64_t meta, uint64_t now)
{
    return now > weir_cell_until(meta) + GRACE;
}


static bool
has_flights(const weir_cell_t *c)
{
    unsigned  i;

    for (i = 0; i < WEIR_LIMIT_WORDS; i++) {
        if (weir_cell_get(&c->words[i]) != 0) {
            return true;
        }
    }

    return false;
}


static weir_cell_t *
way(const place_t *p, unsigned i)
{
    return &p->cells[(p->start + i) % WAYS];
}


static void
place_of(weir_limits_t *t, const weir_take_t *take, place_t *p)
{
    uint64_t  set;

    p->key = &take->key;
    p->flights = take->limit->kind == WEIR_LIMIT_CONCURRENCY;
    p->shared = take->shared;
    p->now = (uint64_t) (take->clock / WEIR_CELL_SECOND);
    p->tenant = (take->tenant ^ take->tenant >> 16)
                & ((1u << WEIR_CELL_TENANT_BITS) - 1);

    set = p->flights ? t->rates + scale(p->key->w[0], t->flights)
                     : scale(p->key->w[0], t->rates);

    p->cells = (weir_cell_t *) ((char *) t + t->cells) + set * WAYS;
    p->lock = (uint64_t *) ((char *) t + LINE) + set % t->locks;
    p->start = p->key->w[1] >> WEIR_CELL_PAGE_BITS & (WAYS - 1);
}


/*
 * The key's cell; *meta is what made it the key's.  Flights count for however
 * long they take; asked: and while somebody looks at them.
 */
static weir_cell_t *
find(const place_t *p, bool asked, uint64_t *meta)
{
    unsigned      i, state;
    uint64_t      m;
    weir_cell_t  *c;

    for (i = 0; i < WAYS; i++) {
        c = way(p, i);
        m = weir_cell_get(&c->meta);

        if (m == 0) {
            return NULL;
        }

        state = weir_cell_state(m);

        if ((state == WEIR_CELL_LIVE || (asked && state == WEIR_CELL_ASKED))
            && (p->flights || !is_over(m, p->now))
            && weir_cell_shows(c, m, p->key))
        {
            *meta = m;
            return c;
        }
    }

    return NULL;
}


static uint64_t
clock_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * WEIR_CELL_SECOND + (uint64_t) ts.tv_nsec + 1;
}


/*
 * *mine is what it was taken with.  Nobody else has it then: who takes a lock
 * over does so later than all who lost it took it.
 */
static bool
take_lock(uint64_t *lock, uint64_t *mine)
{
    uint64_t  had, began;
    unsigned  i;

    began = clock_now();

    for (i = 0; ; i++) {
        had = weir_cell_get(lock);
        *mine = clock_now();

        if ((had == 0 || (*mine > had && *mine - had > TAKEOVER))
            && weir_cell_swap(lock, &had, *mine))
        {
            return true;
        }

        if (i >= SPINS + YIELDS && *mine - began > WAIT) {
            return false;
        }

        if (i >= SPINS) {
            sched_yield();
        }
    }
}


/*
 * A cell that was asked for its lanes: *had is its meta, then that of the cell
 * as the key's again, or still ASKED, to be made another's.
 */
static bool
answer(weir_cell_t *c, uint64_t now, uint64_t *had)
{
    uint64_t  next;

    if (!has_flights(c)) {
        /* whoever counts from now on sees that it was asked for */
        return true;
    }

    /* another until than before: it was over */
    next = meta_change(*had, now + AGAIN, WEIR_CELL_LIVE);
    (void) weir_cell_swap(&c->meta, had, next);

    return false;
}


/* Under the lock: makes a cell the key's.  false: somebody was faster. */
static bool
make(weir_cell_t *c, uint64_t had, const place_t *p)
{
    unsigned  i;
    uint64_t  words[WEIR_LIMIT_WORDS], key[2], mine, version;

    if (p->flights && weir_cell_state(had) == WEIR_CELL_LIVE) {
        mine = meta_change(had, weir_cell_until(had), WEIR_CELL_ASKED);

        if (!weir_cell_swap(&c->meta, &had, mine)) {
            return false;
        }

        had = mine;

        if (!answer(c, p->now, &had)) {
            return false;
        }
    }

    for (i = 0; i < WEIR_LIMIT_WORDS; i++) {
        words[i] = weir_cell_get(&c->words[i]);
    }

    key[0] = weir_cell_get(&c->key[0]);
    key[1] = weir_cell_get(&c->key[1]);
    version = weir_cell_version(had) + 1;
    mine = meta_make(p->until, p->tenant, version, WEIR_CELL_MADE);

    if (!weir_cell_swap(&c->meta, &had, mine)) {
        return false;
    }

    /* lanes are zero, or will be: who counted too late takes it back */
    for (i = 0; i < WEIR_LIMIT_WORDS && !p->flights; i++) {
        if (!weir_cell_swap(&c->words[i], &words[i], 0)) {
            return false;
        }
    }

    version = weir_cell_version(mine);

    return weir_cell_swap(&c->key[0], &key[0], p->key->w[0] ^ version)
           && weir_cell_swap(&c->key[1], &key[1], p->key->w[1])
           && weir_cell_get(p->lock) == p->mine
           && weir_cell_swap(&c->meta, &mine,
                             meta_change(mine, p->until, WEIR_CELL_LIVE));
}


/*
 * Under the lock: whether a cell is somebody's.  *meta is what it was when
 * that was known, *same whether it is or was the key's.
 */
static bool
is_held(weir_cell_t *c, const place_t *p, uint64_t *meta, bool *same)
{
    *same = false;

    /* both were left behind by a holder of the lock who died, or sleeps */
    if (weir_cell_state(*meta) == WEIR_CELL_ASKED) {
        (void) answer(c, p->now, meta);
        *meta = weir_cell_get(&c->meta);
    }

    if (*meta == 0 || weir_cell_state(*meta) == WEIR_CELL_MADE) {
        return false;
    }

    *same = weir_cell_shows(c, *meta, p->key);

    return weir_cell_state(*meta) == WEIR_CELL_LIVE
           && (!is_over(*meta, p->now) || (p->flights && has_flights(c)));
}


/*
 * Under the lock: WEIR_OK: the key has a cell.  WEIR_DECLINED: there is no
 * room.  WEIR_AGAIN: somebody was faster.
 */
static weir_rc_t
make_one(const place_t *p)
{
    bool          same;
    unsigned      i, share;
    uint64_t      meta, had;
    weir_cell_t  *c, *best;

    best = NULL;
    had = 0;
    share = 0;

    for (i = 0; i < WAYS; i++) {
        c = way(p, i);
        meta = weir_cell_get(&c->meta);

        if (is_held(c, p, &meta, &same)) {
            if (same) {
                return WEIR_OK;
            }

            share += tenant_of(meta) == p->tenant;

        } else if (best == NULL || (same && !weir_cell_shows(best, had,
                                                             p->key)))
        {
            best = c;
            had = meta;
        }
    }

    if (best == NULL || (p->shared && share >= SHARE)) {
        return WEIR_DECLINED;
    }

    return make(best, had, p) ? WEIR_OK : WEIR_AGAIN;
}


/* Whether the key has a cell, now or a moment ago. */
static bool
insert(place_t *p)
{
    unsigned   i;
    uint64_t   had;
    weir_rc_t  rc;

    rc = WEIR_AGAIN;

    for (i = 0; i < TRIES && rc == WEIR_AGAIN; i++) {
        if (!take_lock(p->lock, &p->mine)) {
            return false;
        }

        rc = make_one(p);

        /* somebody else may have it by now */
        had = p->mine;
        (void) weir_cell_swap(p->lock, &had, 0);
    }

    return rc == WEIR_OK;
}


/* Keeps a cell for longer than it need be, so as not to do so again soon. */
static bool
extend(weir_cell_t *c, uint64_t meta, const place_t *p)
{
    uint64_t  extra;

    extra = (p->until - p->now) / 4 + 1;
    extra = extra > EXTRA ? EXTRA : extra;

    return weir_cell_swap(&c->meta, &meta,
                          meta_change(meta, p->until + extra,
                                      WEIR_CELL_LIVE));
}


weir_limits_t *
weir_limits_init(void *mem, size_t size)
{
    uint64_t        sets, locks;
    weir_limits_t  *t;

    if (size < 2 * LINE) {
        return NULL;
    }

    sets = (size - 2 * LINE) / (WAYS * sizeof(weir_cell_t)
                                + sizeof(uint64_t));
    locks = sets > LOCKS ? LOCKS : sets;

    if (sets < 2) {
        return NULL;
    }

    t = mem;
    t->locks = locks;
    t->cells = LINE + (locks * sizeof(uint64_t) + LINE - 1) / LINE * LINE;
    t->flights = sets / FLIGHTS > 0 ? sets / FLIGHTS : 1;
    t->rates = sets - t->flights;
    t->slots = 0;

    return t;
}


/* How many of the first n cells are in use. */
static uint64_t
count_used(const weir_cell_t *c, uint64_t n, uint64_t now, bool flights)
{
    uint64_t  i, used, meta;

    used = 0;

    for (i = 0; i < n; i++) {
        meta = weir_cell_get(&c[i].meta);
        used += meta != 0
                && (now <= weir_cell_until(meta)
                    || (flights && has_flights(&c[i])));
    }

    return used;
}


void
weir_limits_use(const weir_limits_t *t, int64_t clock, weir_limits_use_t *out)
{
    uint64_t            rates, flights, n, now, used;
    const weir_cell_t  *cells;

    cells = (const weir_cell_t *) ((const char *) t + t->cells);
    rates = t->rates * WAYS;
    flights = t->flights * WAYS;
    now = (uint64_t) (clock / WEIR_CELL_SECOND);

    n = rates > SAMPLE ? SAMPLE : rates;
    used = count_used(cells, n, now, false) * rates / n;

    if (weir_limits_slots(t) > 0) {
        n = flights > SAMPLE ? SAMPLE : flights;
        used += count_used(cells + rates, n, now, true) * flights / n;
    }

    out->cells = rates + flights;
    out->used = used;
}


weir_cell_t *
weir_limits_flights(weir_limits_t *t, uint64_t *n)
{
    *n = t->flights * WAYS;

    return (weir_cell_t *) ((char *) t + t->cells) + t->rates * WAYS;
}


uint32_t
weir_limits_slots(const weir_limits_t *t)
{
    return weir_cell_get(&t->slots);
}


void
weir_limits_slots_grow(weir_limits_t *t, uint32_t slots)
{
    uint32_t  had;

    had = weir_cell_get(&t->slots);

    while (had < slots && !weir_cell_swap(&t->slots, &had, slots)) {
        /* void */
    }
}


uint64_t *
weir_limits_cell(weir_limits_t *t, const weir_take_t *take, int64_t until,
    bool make)
{
    place_t       p;
    unsigned      i;
    uint64_t      meta;
    weir_cell_t  *c;

    place_of(t, take, &p);
    p.until = until <= 0 ? 0
              : ((uint64_t) until + WEIR_CELL_SECOND - 1) / WEIR_CELL_SECOND;

    /* in use at once, by a clock that may be behind */
    if (make && p.until < p.now + 2) {
        p.until = p.now + 2;
    }

    for (i = 0; i < TRIES; i++) {
        c = find(&p, !make, &meta);

        if (c != NULL) {
            if (weir_cell_until(meta) >= p.until || p.until <= p.now
                || weir_cell_until(meta) == UINT32_MAX
                || extend(c, meta, &p))
            {
                return c->words;
            }

        } else if (!make || !insert(&p)) {
            return NULL;
        }
    }

    return NULL;
}
