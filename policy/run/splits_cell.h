/*
 * splits_cell.h: what a place in the table of splits is, for the files that
 * keep the state of splits.
 *
 * Every word is an atomic of its own; a place that nobody used yet is zero,
 * which is the state of a split of which nothing is known.  Nothing in it is
 * locked: whatever takes more than one step is claimed by an exchange that
 * only one can make, and who dies behind it loses a look, some samples or a
 * probe, no more.
 */

#ifndef WEIR_RUN_SPLITS_CELL_H
#define WEIR_RUN_SPLITS_CELL_H

#include "run/splits.h"

#define WEIR_SPLIT_LINE  64

#define weir_split_get(p)       __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define weir_split_set(p, v)    __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define weir_split_add(p, v)                                                  \
    ((void) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
/* *had becomes what is there when it is something else. */
#define weir_split_swap(p, had, next)                                         \
    __atomic_compare_exchange_n((p), (had), (next), false, __ATOMIC_SEQ_CST,  \
                                __ATOMIC_SEQ_CST)

/* Lines of their own: other processes write here all the time. */
typedef struct {
    _Alignas(WEIR_SPLIT_LINE)
    uint64_t  ok;
    uint64_t  errors;
    uint64_t  gone;
    uint64_t  opened;
    uint64_t  refused;
    _Alignas(WEIR_SPLIT_LINE)
    uint64_t  breaker;          /* state, and what belongs to it */
    uint64_t  run;              /* failures one behind the other */
    uint64_t  half[2];          /* of the breaker's window */
} weir_split_arm_t;

/*
 * A window is so many slices that are over, and the one that runs.  Latency
 * is counted in buckets, four from each power of two to the next: one below
 * 2^WEIR_LATENCY_LOW ns, the last above 2^WEIR_LATENCY_HIGH.
 */
#define WEIR_SLICES        10
#define WEIR_LATENCY_LOW   14                   /* 16 us */
#define WEIR_LATENCY_HIGH  38                   /* 275 s */
#define WEIR_LATENCY_BUCKETS                                                  \
    ((WEIR_LATENCY_HIGH - WEIR_LATENCY_LOW) * 4 + 2)

typedef struct {
    _Alignas(WEIR_SPLIT_LINE)
    uint64_t  stamp;            /* which slice it is: see splits_guard.c */
    uint64_t  requests;
    uint64_t  errors;
    uint32_t  latency[WEIR_LATENCY_BUCKETS];
} weir_slice_t;

typedef struct {
    _Alignas(WEIR_SPLIT_LINE)
    uint64_t          word;     /* weir_split_word_t */
    int64_t           seen;     /* ns: a tick knew the split then */
    uint64_t          found;    /* the last look: see splits_guard.c */
    weir_split_arm_t  arms[WEIR_MAX_ARMS];
    _Alignas(WEIR_SPLIT_LINE)
    uint64_t          mirrored[WEIR_MIRROR_NENDS];
    uint64_t          mirror_us;
    weir_slice_t      slices[2][WEIR_SLICES + 1];   /* arm and rival */
} weir_split_cell_t;


/* splits_table.c: the place of a split; NULL: it has none.  Writes nothing. */
weir_split_cell_t *weir_splits_find(const weir_splits_t *t,
    const weir_id_t *uid);
/* Makes one; NULL: there is no room. */
weir_split_cell_t *weir_splits_place(weir_splits_t *t, const weir_id_t *uid);
/* Whether it was below that. */
bool weir_splits_raise(weir_split_cell_t *c, weir_split_word_t word);
/* What is due in the table at the time of a tick. */
void weir_splits_sweep(weir_splits_t *t, int64_t clock);

/* splits.c: the same split in its next epoch; 0: there is none. */
weir_split_word_t weir_splits_epoch(weir_split_word_t word, uint32_t now);

/* splits_guard.c */
void weir_guard_count(weir_split_cell_t *c, const weir_image_t *img,
    const weir_arm_result_t *r, int64_t clock);
void weir_guard_view(const weir_split_cell_t *c, const weir_image_t *img,
    const weir_img_split_t *s, int64_t clock, weir_guard_look_t *look);
/* The look that is due; false: none is, or somebody else made it.  again: the
   one before found the same. */
bool weir_guard_look(weir_split_cell_t *c, const weir_img_guard_t *g,
    weir_split_word_t word, int64_t clock, weir_guard_look_t *look,
    bool *again);
/* Whether the last look was, not long ago. */
bool weir_guard_is_content(const weir_split_cell_t *c,
    const weir_img_guard_t *g, weir_split_word_t word, int64_t clock);

/* splits_breaker.c */
void weir_breaker_count(weir_split_arm_t *a, const weir_img_breaker_t *b,
    const weir_arm_result_t *r, int64_t clock);
weir_breaker_state_t weir_breaker_view(const weir_split_arm_t *a,
    const weir_img_breaker_t *b, int64_t clock);

/* The breaker of an arm, by its place; NULL: it has none. */
static inline const weir_img_breaker_t *
weir_breaker_of(const weir_image_t *img, const weir_img_split_t *s,
    uint32_t arm)
{
    uint32_t  i;

    i = WEIR_REC(img, ARMS)[s->arms.first + arm].breaker;

    return i == WEIR_NONE ? NULL : &WEIR_REC(img, BREAKERS)[i];
}


static inline const weir_img_guard_t *
weir_guard_of(const weir_image_t *img, const weir_img_split_t *s)
{
    return s->guard == WEIR_NONE ? NULL : &WEIR_REC(img, GUARDS)[s->guard];
}

#endif
