/*
 * lease_alone.c: a node's own share of a budget, while the store is away.
 */

#include "run/lease.h"
#include "run/lease_cell.h"


/* It counts until the window ends: what was forgotten would pass again. */
static bool
find(weir_limits_t *t, const weir_take_t *take, bool make,
    weir_lease_cell_t *c)
{
    return weir_lease_cell(t, take, INT64_MAX, make, WEIR_LEASE_ALONE, c);
}


weir_take_rc_t
weir_lease_alone(weir_limits_t *t, const weir_take_t *take, uint32_t nodes,
    weir_left_t *left)
{
    uint64_t           had, spent, share, need, *word;
    weir_lease_cell_t  c;

    nodes += nodes == 0;
    share = take->limit->budget / nodes;
    share += share == 0;
    need = take->cost + (take->cost == 0);

    if (take->cost > share) {
        left->left = weir_told_left(take->limit, share, nodes);
        left->reset = take->window.end - take->window.now;
        left->retry = 0;
        return WEIR_TAKE_NEVER;
    }

    if (!find(t, take, true, &c)) {
        *left = (weir_left_t) { 0, 0, 0 };
        return WEIR_TAKE_FULL;
    }

    word = &c.words[WEIR_LEASE_ALONE];
    had = weir_word_get(word);
    left->reset = c.w.end - c.w.now;

    do {
        spent = weir_count_of(had, c.w.number);
        left->left = weir_less(share, spent);

        if (left->left < need) {
            left->left = weir_told_left(take->limit, left->left, nodes);
            left->retry = left->reset;
            return WEIR_TAKE_NO;
        }

    } while (take->cost != 0
             && !weir_word_swap(word, &had,
                                weir_count_make(c.w.number,
                                                spent + take->cost)));

    left->left = weir_told_left(take->limit, left->left - take->cost, nodes);
    left->retry = 0;

    return WEIR_TAKE_OK;
}


void
weir_lease_alone_give(weir_limits_t *t, const weir_take_t *take)
{
    uint64_t           had, spent, *word;
    weir_lease_cell_t  c;

    if (!find(t, take, false, &c)) {
        return;
    }

    word = &c.words[WEIR_LEASE_ALONE];
    had = weir_word_get(word);

    do {
        spent = weir_count_of(had, take->window.number);

    } while (spent != 0
             && !weir_word_swap(word, &had,
                                weir_count_make(take->window.number,
                                                weir_less(spent,
                                                          take->cost))));
}


void
weir_lease_alone_charge(weir_limits_t *t, const weir_take_t *take)
{
    uint64_t           had, spent, *word;
    weir_lease_cell_t  c;

    if (take->cost == 0 || !find(t, take, true, &c)) {
        return;
    }

    word = &c.words[WEIR_LEASE_ALONE];
    had = weir_word_get(word);

    do {
        spent = weir_count_of(had, c.w.number);
        spent = weir_lesser(spent + take->cost, WEIR_COUNT_MAX);

    } while (!weir_word_swap(word, &had, weir_count_make(c.w.number, spent)));
}
