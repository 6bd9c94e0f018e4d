/*
 * splits_table.c: the table of splits, and whose its places are.
 *
 * A directory of words says whose the places are; a split is looked for from
 * a word on that its uid names, up to one that was never used.  A place is
 * taken by one exchange of its word, and is ready then: it is clean already.
 *
 * A split that no tick knew for FORGET gives its place up.  Nobody finds it
 * any more; after QUARANTINE, when those who had found it before are done, it
 * is cleaned and free.
 *
 * While a place becomes free, two who come at once for a new split may take
 * one each.  Everybody finds the nearer one from then on, and the state that
 * was raised in the other goes there when the table is swept.
 */

#include <string.h>

#include "run/splits_cell.h"

#define SECOND      ((int64_t) 1000000000)
#define FORGET      (600 * SECOND)
#define QUARANTINE  (60 * SECOND)
#define SWEEP       (5 * SECOND)
#define MOST        (4 * WEIR_MAX_SPLITS)   /* places */

/* A word of the directory: these; or OWNED and bits of a uid; or GIVEN_UP and
   the second when it was. */
#define NEVER       ((uint64_t) 0)
#define FREE        ((uint64_t) 1)
#define GIVEN_UP    ((uint64_t) 1 << 62)
#define OWNED       ((uint64_t) 1 << 63)

struct weir_splits_s {
    uint64_t  n;                /* places */
    uint64_t  cells;            /* where they are, from the begin; the
                                   directory is after the head */
    _Alignas(WEIR_SPLIT_LINE)
    int64_t   clock;            /* ns: of the latest tick */
    int64_t   swept;            /* ns */
};

_Static_assert(sizeof(weir_split_cell_t) + sizeof(uint64_t)
               + sizeof(weir_splits_t) + WEIR_SPLIT_LINE <= WEIR_SPLIT_BYTES,
               "a table of one place fits");


static uint64_t *
directory(const weir_splits_t *t)
{
    return (uint64_t *) (uintptr_t) (t + 1);
}


static weir_split_cell_t *
cell_at(const weir_splits_t *t, uint64_t i)
{
    return (weir_split_cell_t *) ((uintptr_t) t + t->cells) + i;
}


/*
 * What the directory has of a uid.  63 bits of a digest: that two splits are
 * alike in them is not going to happen by accident.
 */
static uint64_t
owner_of(const weir_id_t *uid)
{
    uint64_t  bits;

    memcpy(&bits, uid->bytes, sizeof(bits));

    return bits | OWNED;
}


/* The i-th place at which a split is looked for. */
static uint64_t
nth(const weir_splits_t *t, uint64_t owner, uint64_t i)
{
    uint64_t  at;

    at = ((owner & UINT32_MAX) * t->n >> 32) + i;

    return at < t->n ? at : at - t->n;
}


/* The place, or how many there are. */
static uint64_t
find(const weir_splits_t *t, uint64_t owner)
{
    uint64_t  i, at, word;

    for (i = 0; i < t->n; i++) {
        at = nth(t, owner, i);
        word = weir_split_get(&directory(t)[at]);

        if (word == owner) {
            return at;
        }

        if (word == NEVER) {
            break;
        }
    }

    return t->n;
}


weir_splits_t *
weir_splits_init(void *mem, size_t size)
{
    size_t          n, head;
    weir_splits_t  *t;

    head = sizeof(weir_splits_t) + WEIR_SPLIT_LINE;

    if (size < head) {
        return NULL;
    }

    n = (size - head) / (sizeof(weir_split_cell_t) + sizeof(uint64_t));

    if (n == 0) {
        return NULL;
    }

    t = mem;
    t->n = n > MOST ? MOST : n;
    t->cells = (sizeof(weir_splits_t) + t->n * sizeof(uint64_t)
                + WEIR_SPLIT_LINE - 1) / WEIR_SPLIT_LINE * WEIR_SPLIT_LINE;

    return t;
}


weir_split_cell_t *
weir_splits_find(const weir_splits_t *t, const weir_id_t *uid)
{
    uint64_t  at;

    if (t == NULL) {
        return NULL;
    }

    at = find(t, owner_of(uid));

    return at < t->n ? cell_at(t, at) : NULL;
}


weir_split_cell_t *
weir_splits_place(weir_splits_t *t, const weir_id_t *uid)
{
    uint64_t            i, at, owner, word;
    weir_split_cell_t  *c;

    c = weir_splits_find(t, uid);

    if (c != NULL || t == NULL) {
        return c;
    }

    owner = owner_of(uid);

    for (i = 0; i < t->n; i++) {
        at = nth(t, owner, i);
        c = cell_at(t, at);
        word = weir_split_get(&directory(t)[at]);

        if (word <= FREE) {
            /* before it is found: whoever sweeps looks at it then */
            weir_split_set(&c->seen, weir_split_get(&t->clock));

            if (weir_split_swap(&directory(t)[at], &word, owner)) {
                return c;
            }
        }

        /* somebody was faster: for the same split? */
        if (word == owner) {
            return c;
        }
    }

    return NULL;
}


bool
weir_splits_raise(weir_split_cell_t *c, weir_split_word_t word)
{
    weir_split_word_t  had;

    had = weir_split_get(&c->word);

    while (word > had) {
        if (weir_split_swap(&c->word, &had, word)) {
            return true;
        }
    }

    return false;
}


/* Of a split that gave its place up: nobody looks at it any more. */
static void
clean(weir_split_cell_t *c)
{
    size_t     i;
    uint64_t  *words;

    words = (uint64_t *) c;

    for (i = 0; i < sizeof(weir_split_cell_t) / sizeof(uint64_t); i++) {
        weir_split_set(&words[i], 0);
    }
}


/* What is due at a place. */
static void
sweep_one(weir_splits_t *t, uint64_t i, int64_t clock)
{
    uint64_t            word, gone, at;
    weir_split_cell_t  *c;

    c = cell_at(t, i);
    word = weir_split_get(&directory(t)[i]);
    gone = GIVEN_UP | (uint64_t) (clock / SECOND);

    if (word & OWNED) {
        at = find(t, word);

        if (at != i && at < t->n
            && weir_split_swap(&directory(t)[i], &word, gone))
        {
            (void) weir_splits_raise(cell_at(t, at), weir_split_get(&c->word));

        } else if (at == i && clock - weir_split_get(&c->seen) > FORGET) {
            (void) weir_split_swap(&directory(t)[i], &word, gone);
        }

        return;
    }

    if (word & GIVEN_UP
        && clock - (int64_t) (word & ~GIVEN_UP) * SECOND > QUARANTINE
        && weir_split_swap(&directory(t)[i], &word, gone))
    {
        clean(c);
        (void) weir_split_swap(&directory(t)[i], &gone, FREE);
    }
}


void
weir_splits_sweep(weir_splits_t *t, int64_t clock)
{
    int64_t   had;
    uint64_t  i;

    had = weir_split_get(&t->clock);

    if (clock - had > SECOND) {
        (void) weir_split_swap(&t->clock, &had, clock);
    }

    had = weir_split_get(&t->swept);

    if (clock - had <= SWEEP || !weir_split_swap(&t->swept, &had, clock)) {
        return;
    }

    for (i = 0; i < t->n; i++) {
        sweep_one(t, i, clock);
    }
}
