/*
 * splits_fixture.h: a policy of some splits, a table, and a clock.
 */

#ifndef WEIR_TEST_SPLITS_FIXTURE_H
#define WEIR_TEST_SPLITS_FIXTURE_H

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "run/splits_cell.h"
#include "meanwhile.h"
#include "shared.h"

#define N_OF(a)     (sizeof(a) / sizeof((a)[0]))
#define MSEC        ((int64_t) 1000000)
#define SEC         (1000 * MSEC)
#define CLOCK       (100000 * SEC)
#define DATE        1800000000u         /* on the clock of all nodes */
#define SPLITS      8
#define TABLE_SIZE  (SPLITS * 2 * WEIR_SPLIT_BYTES)
#define THREADS     2                   /* that do run at once */

enum { BASE, NEXT, THIRD, ARMS };       /* of each split */

/*
 * Splits of three arms, 90, 6 and 4 in a hundred; NEXT is guarded against
 * BASE.  What a test changes is its own until it begins a new one.
 */
typedef struct {
    weir_image_t         img;
    weir_img_split_t     splits[SPLITS];
    weir_img_arm_t       arms[SPLITS * ARMS];
    weir_img_guard_t     guards[SPLITS];
    weir_img_step_t      steps[3];
    weir_img_breaker_t   breaker;
    weir_splits_t       *table;
    weir_splits_now_t    now;
    unsigned             told[WEIR_NEWS_COUNT];
    weir_split_news_t    news;              /* the last one */
    uint64_t             random;
} world_t;

static world_t  w;

#undef weir_split_swap
#define weir_split_swap(p, had, next)                                         \
    (come(), __atomic_compare_exchange_n((p), (had), (next), false,           \
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))


static inline weir_id_t
uid_of(uint64_t n)
{
    uint64_t   x[2];
    weir_id_t  id;

    x[0] = weir_mix(2 * n + 12345);
    x[1] = weir_mix(2 * n + 12346);
    memcpy(id.bytes, x, sizeof(x));

    return id;
}


static inline void
describe(unsigned i)
{
    unsigned           k;
    weir_img_split_t  *s;
    weir_img_guard_t  *g;

    s = &w.splits[i];
    s->uid = uid_of(i);
    s->arms.first = i * ARMS;
    s->arms.count = ARMS;
    s->guard = i;

    for (k = 0; k < ARMS; k++) {
        w.arms[i * ARMS + k].weight = k == BASE ? 9000 : k == NEXT ? 600 : 400;
        w.arms[i * ARMS + k].breaker = WEIR_NONE;
    }

    g = &w.guards[i];
    g->arm = i * ARMS + NEXT;
    g->versus = i * ARMS + BASE;
    g->window = 60000;
    g->min_requests = 100;
    g->error_rate = 200;
}


static inline int
begin(void **state)
{
    unsigned  i;

    (void) state;

    memset(&w, 0, sizeof(w));
    meanwhile = NULL;
    exchanges = 0;

    for (i = 0; i < SPLITS; i++) {
        describe(i);
    }

    w.img.rec[WEIR_S_SPLITS] = w.splits;
    w.img.n[WEIR_S_SPLITS] = 1;
    w.img.rec[WEIR_S_ARMS] = w.arms;
    w.img.rec[WEIR_S_GUARDS] = w.guards;
    w.img.rec[WEIR_S_STEPS] = w.steps;
    w.img.rec[WEIR_S_BREAKERS] = &w.breaker;
    w.table = weir_splits_init(shared(TABLE_SIZE), TABLE_SIZE);
    assert_non_null(w.table);
    w.now.clock = CLOCK;
    w.now.now = DATE;
    w.now.agreed = true;

    return 0;
}


static inline int
end(void **state)
{
    (void) state;

    munmap(w.table, TABLE_SIZE);

    return 0;
}


/* Random, but the same each time. */
static inline uint64_t
any(void)
{
    return weir_mix(++w.random + 0x5851f42d4c957f2d);
}


static inline double
any_part(void)
{
    return ((double) (any() >> 11) + 0.5) / (double) ((uint64_t) 1 << 53);
}


static inline bool
chance(double p)
{
    return any_part() < p;
}


static inline double
any_normal(void)
{
    double  r, a;

    r = sqrt(-2 * log(any_part()));
    a = 6.283185307179586 * any_part();

    return r * cos(a);
}


static inline void
count_took(uint32_t arm, weir_arm_end_t how, int64_t took)
{
    weir_arm_result_t  r;

    r = (weir_arm_result_t) {
        .split = &w.splits[0], .arm = arm, .weighed = true, .end = how,
        .took = took
    };

    weir_splits_count(w.table, &w.img, &r, w.now.clock);
}


static inline void
count_one(uint32_t arm, weir_arm_end_t how)
{
    count_took(arm, how, -1);
}


static inline void
count_many(unsigned n, uint32_t arm, weir_arm_end_t how)
{
    while (n-- != 0) {
        count_one(arm, how);
    }
}


static inline void
keep(void *data, const weir_split_news_t *news)
{
    (void) data;

    w.told[news->what]++;
    w.news = *news;
}


static inline void
tick(void)
{
    weir_splits_tick(w.table, &w.img, &w.now, keep, NULL);
}


static inline void
pass(int64_t ns)
{
    w.now.clock += ns;
    w.now.now = DATE + (uint32_t) ((w.now.clock - CLOCK) / SEC);
}


static inline weir_split_word_t
word(void)
{
    return weir_splits_word(w.table, &w.splits[0].uid);
}


static inline weir_split_view_t
view(void)
{
    weir_split_view_t  v;

    (void) weir_splits_view(w.table, &w.img, &w.splits[0], w.now.clock, &v);

    return v;
}


static inline weir_rc_t
order(weir_split_order_t what, uint32_t arm)
{
    weir_rc_t    rc;
    const char  *why;

    why = NULL;
    rc = weir_splits_order(w.table, &w.splits[0], what, arm, w.now.now, &why);
    assert_true((rc == WEIR_OK) == (why == NULL));

    return rc;
}


#define assert_weights(weights, base, next, third)                            \
    do {                                                                      \
        assert_int_equal((weights)[BASE], base);                              \
        assert_int_equal((weights)[NEXT], next);                              \
        assert_int_equal((weights)[THIRD], third);                            \
    } while (0)


static uint32_t  there;         /* threads that wait for the others */
static void    (*act)(unsigned id);


/* Who waits is awake, so that all go on within some ns. */
static inline void
meet(void)
{
    uint32_t  n, i;

    n = __atomic_add_fetch(&there, 1, __ATOMIC_SEQ_CST);
    n = (n + THREADS - 1) / THREADS * THREADS;

    for (i = 1; __atomic_load_n(&there, __ATOMIC_SEQ_CST) < n; i++) {
        if (i % 10000 == 0) {
            sched_yield();
        }
    }
}


static inline void *
enter_thread(void *id)
{
    meet();
    act((unsigned) (uintptr_t) id);

    return NULL;
}


/* Threads that begin at once, and may meet again. */
static inline void
together(void (*run)(unsigned id))
{
    unsigned   i;
    pthread_t  threads[THREADS];

    there = 0;
    act = run;

    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, enter_thread,
                                        (void *) (uintptr_t) i), 0);
    }

    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

#endif
