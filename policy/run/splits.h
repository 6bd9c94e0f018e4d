/*
 * splits.h: what becomes of splits while they are served: how far a ramp is,
 * what was rolled back, how the answers of arms compare, which are cut off.
 *
 *     splits_table.c     the table
 *     splits.c           the state of a split, what people order
 *     splits_guard.c     windows of answers, and how arms compare
 *     splits_tick.c      rollbacks, ramps, and when they are due
 *     splits_breaker.c   circuit breakers
 *
 * It lies in shared memory.  Several processes use it at once, and any of them
 * may die at any instruction; no lock is ever held.  The place of a split is
 * found by its uid: while a split says the same, what was learnt of it stays;
 * ten minutes after the last tick that knew it, it is forgotten.  Without a
 * table (NULL), or a place in it, the weights of the policy hold and nothing
 * is cut off.
 */

#ifndef WEIR_RUN_SPLITS_H
#define WEIR_RUN_SPLITS_H

#include "run/image.h"
#include "run/split.h"

typedef struct weir_splits_s  weir_splits_t;    /* lies in shared memory */

/*
 * Lays the table out in size bytes, 64-byte aligned and all zero: pages that
 * nobody came to stay untouched.  NULL: too few for one split.  A policy that
 * is new comes beside the one before it: there should be room for both.
 */
#define WEIR_SPLIT_BYTES  11392     /* for each split there is room then */

weir_splits_t *weir_splits_init(void *mem, size_t size);


/*
 * The state of a split in one word, so that it is read and changed in one
 * step.  Of two nodes' words the greater one holds: an epoch above all, which
 * every order and every resumption begins; in it a rollback above none, then
 * the step of the ramp.  Zero: nothing has happened yet, which is step 0.
 */
typedef uint64_t  weir_split_word_t;

#define WEIR_SPLIT_EPOCH_AT   48
#define WEIR_SPLIT_ROLLED_AT  47
#define WEIR_SPLIT_HAND_AT    46
#define WEIR_SPLIT_STEP_AT    41
#define WEIR_SPLIT_PINNED_AT  37

#define WEIR_SPLIT_ROLLED_BIT  ((uint64_t) 1 << WEIR_SPLIT_ROLLED_AT)
#define WEIR_SPLIT_HAND_BIT    ((uint64_t) 1 << WEIR_SPLIT_HAND_AT)
#define WEIR_SPLIT_STEP_ONE    ((uint64_t) 1 << WEIR_SPLIT_STEP_AT)

#define WEIR_SPLIT_EPOCH(w)   ((uint32_t) ((w) >> WEIR_SPLIT_EPOCH_AT))
#define WEIR_SPLIT_ROLLED(w)  ((uint32_t) ((w) >> WEIR_SPLIT_ROLLED_AT) & 1)
/* by a person: no time ends it */
#define WEIR_SPLIT_HAND(w)    ((uint32_t) ((w) >> WEIR_SPLIT_HAND_AT) & 1)
#define WEIR_SPLIT_STEP(w)    ((uint32_t) ((w) >> WEIR_SPLIT_STEP_AT) & 31)
/* 1 and the place of the arm that has all requests; 0: none has */
#define WEIR_SPLIT_PINNED(w)  ((uint32_t) ((w) >> WEIR_SPLIT_PINNED_AT) & 15)
/* seconds since 1970 */
#define WEIR_SPLIT_SINCE(w)   ((uint32_t) (w))

/* name in code, name in weir_status and metrics: what a word says above all */
#define WEIR_SPLIT_STATES(S)                                                  \
    S(SERVING,     "serving")                                                 \
    S(ROLLED_BACK, "rolled_back")                                             \
    S(PINNED,      "pinned")

typedef enum {
#define S(name, text)  WEIR_SPLIT_IS_##name,
    WEIR_SPLIT_STATES(S)
#undef S
    WEIR_SPLIT_NSTATES
} weir_split_state_t;

weir_split_state_t weir_split_state(weir_split_word_t word);

/* 0 also where there is no such split. */
weir_split_word_t weir_splits_word(const weir_splits_t *t,
    const weir_id_t *uid);
/* Makes it the greater of the two; whether that changed it. */
bool weir_splits_merge(weir_splits_t *t, const weir_id_t *uid,
    weir_split_word_t word);

/* The weights that hold in a state, by arm of the split. */
void weir_splits_weights(const weir_image_t *img, const weir_img_split_t *s,
    weir_split_word_t word, uint32_t weights[WEIR_MAX_ARMS]);


/* name in code, name for people: what somebody orders */
#define WEIR_SPLIT_ORDERS(O)                                                  \
    O(ROLLBACK, "rollback")     /* the guard's arm gets nothing by weight */  \
    O(RESUME,   "resume")       /* as the policy says, from step 0 */         \
    O(PIN,      "pin")          /* one arm gets everything */

typedef enum {
#define O(name, text)  WEIR_SPLIT_##name,
    WEIR_SPLIT_ORDERS(O)
#undef O
    WEIR_SPLIT_NORDERS
} weir_split_order_t;

/* What somebody names; NULL: there is none of that name. */
const weir_img_split_t *weir_split_named(const weir_image_t *img,
    weir_str_t name);
/* The place of an arm in its split; WEIR_NONE: there is none. */
uint32_t weir_arm_named(const weir_image_t *img, const weir_img_split_t *s,
    weir_str_t name);

/* arm: of PIN.  WEIR_ERROR sets *why, a sentence. */
weir_rc_t weir_splits_order(weir_splits_t *t, const weir_img_split_t *s,
    weir_split_order_t order, uint32_t arm, uint32_t now, const char **why);


/* How a request that went to an arm's upstream ended. */
typedef enum {
    WEIR_END_OK,                /* answered, below 500 */
    WEIR_END_ERROR,             /* 500 and above, or no answer */
    WEIR_END_GONE               /* the client did not wait for the answer */
} weir_arm_end_t;

typedef struct {
    const weir_img_split_t  *split;
    uint32_t                 arm;       /* its place in the split */
    bool                     weighed;   /* drawn by weight: what guards see */
    weir_arm_end_t           end;
    int64_t                  took;      /* ns until the head of the answer, or
                                           until the client left, exact to a
                                           ms; below 0: not known */
} weir_arm_result_t;

/* Counts it, for guard and breaker too; clock: ns of CLOCK_MONOTONIC. */
void weir_splits_count(weir_splits_t *t, const weir_image_t *img,
    const weir_arm_result_t *result, int64_t clock);

/*
 * Whether an arm takes a request.  WEIR_DECLINED: its breaker is open, for so
 * many seconds more, at least 1.
 */
weir_rc_t weir_breaker_ask(weir_splits_t *t, const weir_image_t *img,
    const weir_img_split_t *s, uint32_t arm, int64_t clock,
    uint32_t *retry_after);

/* What it let through never got to the arm: somebody else may try. */
void weir_breaker_return(weir_splits_t *t, const weir_image_t *img,
    const weir_img_split_t *s, uint32_t arm, int64_t clock);


/* name in code, name in weir_status: what became of a copy of a request */
#define WEIR_MIRROR_ENDS(E)                                                   \
    E(OK,       "ok")           /* answered, below 500 */                     \
    E(ERROR,    "errors")       /* answered, 500 and above */                 \
    E(FAILED,   "failed")       /* not answered, or not in time */            \
    E(LEFT_OUT, "left_out")     /* not sent: too many, too large */

typedef enum {
#define E(name, text)  WEIR_MIRROR_##name,
    WEIR_MIRROR_ENDS(E)
#undef E
    WEIR_MIRROR_NENDS
} weir_mirror_end_t;

/* took: ns until it was answered, of OK and ERROR. */
void weir_splits_mirrored(weir_splits_t *t, const weir_id_t *split,
    weir_mirror_end_t end, int64_t took);


/* name in code, name in weir_status: what a guard finds */
#define WEIR_GUARD_FINDINGS(F)                                                \
    F(WAITS,   "too_few_requests")                                            \
    F(CONTENT, "content")                                                     \
    F(SUSPECT, "suspect")       /* worse, over the window */                  \
    F(FAILED,  "failed")        /* and again, in what came since */

typedef enum {
#define F(name, text)  WEIR_GUARD_##name,
    WEIR_GUARD_FINDINGS(F)
#undef F
    WEIR_GUARD_NFINDINGS
} weir_guard_finding_t;

/*
 * Arm and rival ([0] and [1]) over the guard's window: since the last order,
 * rollback or step of the ramp, where that was later.  A split that a guard
 * rolled back still says what it found.
 */
typedef struct {
    weir_guard_finding_t  finding;
    int                   about;    /* SUSPECT, FAILED: -1 error rate, else
                                       weir_quantile_t */
    uint64_t              requests[2];          /* answered */
    uint64_t              errors[2];
    uint64_t              quantiles[2][WEIR_QUANTILE_COUNT];    /* us */
} weir_guard_look_t;

/* name in code, name in logs: what a tick did */
#define WEIR_SPLIT_NEWS(N)                                                    \
    N(ROLLED_BACK, "rolled_back")                                             \
    N(REPORTED,    "reported")      /* would have been */                     \
    N(ADVANCED,    "advanced")      /* the ramp is a step further */          \
    N(RESUMED,     "resumed")       /* the hold is over */

typedef enum {
#define N(name, text)  WEIR_NEWS_##name,
    WEIR_SPLIT_NEWS(N)
#undef N
    WEIR_NEWS_COUNT
} weir_split_news_e;

typedef struct {
    weir_split_news_e        what;
    const weir_img_split_t  *split;
    weir_split_word_t        word;      /* as it is now */
    weir_guard_look_t        look;
} weir_split_news_t;

typedef struct {
    int64_t   clock;            /* ns of CLOCK_MONOTONIC */
    uint32_t  now;              /* seconds since 1970, by a clock that all
                                   nodes share */
    bool      agreed;           /* what other nodes know is known: ramps may
                                   advance, holds may end */
} weir_splits_now_t;

/*
 * What is due of the splits of an image; every process calls it some ten times
 * a second, and each thing is done, and told, by one of them.  The number of
 * splits that there is no room for.
 */
uint32_t weir_splits_tick(weir_splits_t *t, const weir_image_t *img,
    const weir_splits_now_t *now,
    void (*tell)(void *data, const weir_split_news_t *news), void *data);


/* name in code, name in weir_status */
#define WEIR_BREAKER_STATES(S)                                                \
    S(CLOSED, "closed") S(OPEN, "open") S(HALF_OPEN, "half_open")

typedef enum {
#define S(name, text)  WEIR_BREAKER_##name,
    WEIR_BREAKER_STATES(S)
#undef S
    WEIR_BREAKER_NSTATES
} weir_breaker_state_t;

/* Counts since the split got its place; only additions. */
typedef struct {
    uint64_t              requests;     /* answered: these two */
    uint64_t              ok;
    uint64_t              errors;
    uint64_t              gone;
    uint64_t              opened;       /* times its breaker did */
    uint64_t              refused;      /* requests, by the breaker */
    weir_breaker_state_t  breaker;
} weir_arm_view_t;

typedef struct {
    weir_split_word_t  word;
    uint32_t           weights[WEIR_MAX_ARMS];
    weir_arm_view_t    arms[WEIR_MAX_ARMS];
    uint64_t           mirrored[WEIR_MIRROR_NENDS];
    uint64_t           mirror_us;   /* of all that were answered, together */
    weir_guard_look_t  look;    /* of a split with a guard */
} weir_split_view_t;

/* false: it has no place; then *out is what the policy says. */
bool weir_splits_view(const weir_splits_t *t, const weir_image_t *img,
    const weir_img_split_t *s, int64_t clock, weir_split_view_t *out);

const char *weir_split_state_name(unsigned state);
const char *weir_split_order_name(unsigned order);
const char *weir_guard_finding_name(unsigned finding);
const char *weir_split_news_name(unsigned news);
const char *weir_breaker_state_name(unsigned state);
const char *weir_mirror_end_name(unsigned end);

#endif
