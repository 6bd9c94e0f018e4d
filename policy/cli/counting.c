/*
 * counting.c: a limiter for the tool.
 *
 * The store keeps of each key the window that it was last asked for and the
 * one before.  Time never goes back while anything is counted, so that no
 * other window is asked for.
 */

#include "base/arena.h"
#include "cli/counting.h"

#define ALIGN    64
#define FIRST    ((int64_t) 3600 * 1000000000)  /* clock of a new table */
#define SECOND   INT64_C(1000000000)
#define LATEST   (CLI_COUNT_UNTIL * SECOND)
#define ENTRIES  64             /* of a new store; a power of two */

typedef struct {
    weir_limit_key_t  key;
    bool              used;
    uint64_t          window;
    int64_t           total;
    int64_t           previous; /* of the window before */
} entry_t;

struct cli_counting_s {
    weir_arena_t   *arena;
    weir_limits_t  *table;
    void           *mem;
    size_t          size;
    bool            touched;    /* it is no longer all zero */
    int64_t         clock;
    int64_t         wall;       /* ns since 1970 */
    entry_t        *entries;
    size_t          room;       /* a power of two */
    size_t          used;       /* less than half of it */
};


static cli_counting_t *
of(void *host)
{
    return *(cli_counting_t **) host;
}


/* The store */

static entry_t *
slot(entry_t *entries, size_t room, const weir_limit_key_t *key)
{
    size_t  i;

    for (i = key->w[0] & (room - 1);
         entries[i].used
         && memcmp(&entries[i].key, key, sizeof(weir_limit_key_t)) != 0;
         i = (i + 1) & (room - 1))
    { }

    return &entries[i];
}


static bool
grow(cli_counting_t *c)
{
    size_t    i;
    entry_t  *entries;

    entries = weir_arena_array(c->arena, 2 * c->room, sizeof(entry_t));

    if (entries == NULL) {
        return false;
    }

    for (i = 0; i < c->room; i++) {

        if (c->entries[i].used) {
            *slot(entries, 2 * c->room, &c->entries[i].key) = c->entries[i];
        }
    }

    c->entries = entries;
    c->room *= 2;

    return true;
}


/* The entry of a key, in the window; NULL: it cannot be counted. */
static entry_t *
entry(cli_counting_t *c, const weir_take_t *take)
{
    entry_t  *e;

    if (c->used >= c->room / 2 && !grow(c)) {
        return NULL;
    }

    e = slot(c->entries, c->room, &take->key);

    if (!e->used) {
        c->used++;
        e->used = true;
        e->key = take->key;
        e->window = take->window.number;
    }

    if (take->window.number < e->window) {
        return NULL;
    }

    if (take->window.number > e->window) {
        e->previous = take->window.number == e->window + 1 ? e->total : 0;
        e->total = 0;
        e->window = take->window.number;
    }

    return e;
}


/* The limiter */

static weir_limits_t *
limiter_table(void *host)
{
    cli_counting_t  *c;

    c = of(host);
    c->touched = true;

    return c->table;
}


static int64_t
limiter_clock(void *host)
{
    return of(host)->clock;
}


static int64_t
limiter_wall(void *host)
{
    return of(host)->wall;
}


static uint32_t
limiter_worker(void *host)
{
    (void) host;

    return 0;
}


static weir_rc_t
limiter_store_clock(void *host, int64_t *now)
{
    *now = of(host)->wall;

    return WEIR_OK;
}


static uint32_t
limiter_nodes(void *host)
{
    (void) host;

    return 1;
}


static weir_rc_t
limiter_ask(void *host, const weir_ask_t *ask, weir_hold_t *hold)
{
    entry_t         *e;
    weir_ask_t       copy;
    cli_counting_t  *c;

    c = of(host);
    copy = *ask;
    e = entry(c, &ask->take);

    if (e == NULL) {
        return WEIR_DECLINED;
    }

    e->total += (int64_t) ask->units;
    e->total -= (int64_t) weir_lease_answer(c->table, &copy, e->total,
                                            ask->previous ? e->previous : 0,
                                            c->wall);

    if (hold != NULL) {
        hold->asked = WEIR_ASK_ANSWERED;
    }

    return WEIR_OK;
}


static void
limiter_owe(void *host, const weir_ask_t *ask)
{
    entry_t  *e;

    e = entry(of(host), &ask->take);

    if (e != NULL) {
        e->total += (int64_t) ask->units;
    }
}


const weir_limiter_t  weir_cli_limiter = {
    .table = limiter_table,
    .clock = limiter_clock,
    .wall = limiter_wall,
    .worker = limiter_worker,
    .store_clock = limiter_store_clock,
    .nodes = limiter_nodes,
    .ask = limiter_ask,
    .owe = limiter_owe
};


cli_counting_t *
weir_cli_counting(weir_arena_t *a, size_t size)
{
    char            *mem;
    cli_counting_t  *c;

    c = weir_arena_alloc(a, sizeof(cli_counting_t));
    mem = weir_arena_alloc(a, size + ALIGN);

    if (c == NULL || mem == NULL) {
        return NULL;
    }

    c->arena = a;
    c->mem = mem + (ALIGN - (uintptr_t) mem % ALIGN) % ALIGN;
    c->size = size;
    c->room = ENTRIES;
    c->entries = weir_arena_array(a, c->room, sizeof(entry_t));
    c->table = weir_limits_init(c->mem, c->size);
    weir_cli_counting_begin(c, 0);

    return c->entries != NULL && c->table != NULL ? c : NULL;
}


void
weir_cli_counting_begin(cli_counting_t *c, int64_t now)
{
    if (c->touched) {
        memset(c->mem, 0, c->size);
        c->touched = false;
        c->table = weir_limits_init(c->mem, c->size);
    }

    c->clock = FIRST;
    c->wall = now < 0 ? 0 : now > LATEST / SECOND ? LATEST : now * SECOND;

    if (c->used != 0) {
        memset(c->entries, 0, c->room * sizeof(entry_t));
        c->used = 0;
    }
}


void
weir_cli_counting_pass(cli_counting_t *c, int64_t ns)
{
    if (ns > 0 && ns <= LATEST) {
        c->clock += c->clock <= LATEST ? ns : 0;
        c->wall += c->wall <= LATEST ? ns : 0;
    }
}


void
weir_cli_counting_until(cli_counting_t *c, int64_t until)
{
    if (until > c->wall) {
        weir_cli_counting_pass(c, until - c->wall);
    }
}


weir_rc_t
weir_cli_counting_decide(weir_txn_t *txn, weir_decision_t *d)
{
    weir_rc_t  rc;

    do {
        rc = weir_decide(txn, d);
    } while (rc == WEIR_AGAIN);

    return rc;
}


void
weir_cli_counting_end(cli_counting_t *c, weir_txn_t *txn)
{
    uint32_t      i, n;
    weir_hold_t  *h;

    h = weir_txn_limits(txn, &n);

    for (i = 0; i < n; i++) {
        weir_flight_give(c->table, &h[i].flight, h[i].take.worker);
    }
}


void
weir_cli_counting_undo(cli_counting_t *c, weir_txn_t *txn)
{
    uint32_t            i, n;
    const weir_hold_t  *h;

    weir_cli_counting_end(c, txn);
    h = weir_txn_limits(txn, &n);

    for (i = 0; i < n; i++) {

        if (h[i].state != WEIR_HOLD_OK || h[i].free
            || h[i].take.limit->kind == WEIR_LIMIT_CONCURRENCY)
        {
            continue;
        }

        if (h[i].take.limit->cluster) {
            weir_lease_give(c->table, &h[i].take);

        } else {
            weir_limit_give(c->table, &h[i].take);
        }
    }
}
