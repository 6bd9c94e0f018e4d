/*
 * test_splits.c: the table of splits: a place for each, whoever comes at once
 * or dies; a state that is only raised; what people order; weights that are
 * weights in any state.
 */

#include "splits_fixture.h"
#include "run/splits.c"
#include "run/splits_table.c"

#define ONE    (sizeof(weir_splits_t) + WEIR_SPLIT_LINE                       \
                + sizeof(weir_split_cell_t) + sizeof(uint64_t))
#define HOLD   (FORGET + SECOND)
#define KILLS  200


static unsigned
places_of(const weir_splits_t *t, const weir_id_t *uid)
{
    uint64_t  i;
    unsigned  n;

    n = 0;

    for (i = 0; i < t->n; i++) {
        n += directory(t)[i] == owner_of(uid);
    }

    return n;
}


static void
a_table_stays_in_its_memory(void **state)
{
    char           *mem;
    size_t          size, room, n;
    weir_id_t       uid;
    weir_splits_t  *t;

    (void) state;

    assert_null(weir_splits_init(w.table, 0));
    assert_null(weir_splits_init(w.table, ONE - 1));

    for (size = ONE; size < 6000000; size += size / 3 + 7) {
        room = (size + 63) / 64 * 64 + 64;
        mem = aligned_alloc(64, room);
        memset(mem, 0, size);
        memset(mem + size, 0x5a, room - size);
        t = weir_splits_init(mem, size);
        assert_ptr_equal(t, mem);
        assert_true(t->n >= size / WEIR_SPLIT_BYTES);
        assert_true(t->n > 0 && t->n <= size / sizeof(weir_split_cell_t));

        for (n = 0; n < 600; n++) {
            uid = uid_of(n);
            assert_true(weir_splits_merge(t, &uid, n + 1) == (n < t->n));

            if (n < t->n) {
                memset(weir_splits_find(t, &uid)->slices, 0xff,
                       sizeof(w.table->n));
                cell_at(t, t->n - 1)->slices[1][WEIR_SLICES].latency[
                    WEIR_LATENCY_BUCKETS - 1] = 1;
            }
        }

        for (n = size; n < room; n++) {
            assert_int_equal(mem[n], 0x5a);
        }

        free(mem);
    }

    /* no more than there are splits in some policies */
    size = 100 * 1024 * 1024;
    mem = shared(size);
    t = weir_splits_init(mem, size);
    assert_int_equal(t->n, MOST);
    munmap(mem, size);
}


static void
a_split_has_a_place_of_its_own(void **state)
{
    uint64_t   n;
    weir_id_t  uid;

    (void) state;

    for (n = 0; n < w.table->n; n++) {
        uid = uid_of(n);
        assert_int_equal(weir_splits_word(w.table, &uid), 0);
        assert_false(weir_splits_merge(w.table, &uid, 0));
        assert_null(weir_splits_find(w.table, &uid));
        assert_true(weir_splits_merge(w.table, &uid, n + 1));
    }

    for (n = 0; n < w.table->n; n++) {
        uid = uid_of(n);
        assert_int_equal(weir_splits_word(w.table, &uid), n + 1);
        assert_int_equal(places_of(w.table, &uid), 1);
    }

    /* any other uid is another split */
    uid = uid_of(0);
    uid.bytes[0] ^= 1;
    assert_int_equal(weir_splits_word(w.table, &uid), 0);
}


/* What is full, or not there, is a policy without state. */
static void
without_a_place_the_policy_holds(void **state)
{
    unsigned            i;
    weir_id_t           uid;
    const char         *why;
    weir_splits_t      *t;
    weir_split_view_t   v;

    (void) state;

    w.arms[NEXT].breaker = 0;
    w.breaker = (weir_img_breaker_t) { .failures = 1, .open = 1000,
                                       .probes = 1 };
    t = w.table;

    for (i = 0; i < 2; i++) {
        if (i == 0) {
            w.table = NULL;

        } else {
            w.table = weir_splits_init(shared(ONE), ONE);
            uid = uid_of(77);
            assert_true(weir_splits_merge(w.table, &uid, 1));
        }

        count_many(5, NEXT, WEIR_END_ERROR);
        tick();
        assert_int_equal(word(), 0);
        assert_false(weir_splits_merge(w.table, &w.splits[0].uid, 5));
        assert_false(weir_splits_view(w.table, &w.img, &w.splits[0], CLOCK,
                                      &v));
        assert_weights(v.weights, 9000, 600, 400);
        assert_int_equal(v.arms[NEXT].errors, 0);
        assert_int_equal(weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT,
                                          CLOCK, &(uint32_t) { 0 }), WEIR_OK);
        assert_int_equal(weir_splits_order(w.table, &w.splits[0],
                                           WEIR_SPLIT_PIN, 0, DATE, &why),
                         WEIR_ERROR);
        assert_string_equal(why, "there is no room in which its state could "
                            "be kept");
    }

    munmap(w.table, ONE);
    w.table = t;
}


static void
who_reads_writes_nowhere(void **state)
{
    size_t          i, touched, size;
    unsigned char   pages[4096];
    weir_splits_t  *t;

    (void) state;

    size = 700 * 4096 * 4;
    t = weir_splits_init(shared(size), size);
    munmap(w.table, TABLE_SIZE);
    w.table = t;
    assert_int_equal(word(), 0);
    tick();
    count_one(NEXT, WEIR_END_OK);

    /* the directory, the place, and what was swept */
    assert_int_equal(mincore(t, size, pages), 0);
    touched = 0;

    for (i = 0; i < size / 4096; i++) {
        touched += pages[i] & 1;
    }

    assert_in_range(touched, 2, 8);

    assert_int_equal(mprotect(t, size, PROT_READ), 0);
    (void) word();
    (void) view();
    assert_int_equal(weir_breaker_ask(t, &w.img, &w.splits[0], NEXT, CLOCK,
                                      &(uint32_t) { 0 }), WEIR_OK);
    assert_int_equal(weir_splits_word(t, &w.splits[3].uid), 0);
    munmap(t, size);
    w.table = weir_splits_init(shared(TABLE_SIZE), TABLE_SIZE);
}


static void
what_nobody_knows_is_forgotten(void **state)
{
    uint64_t   n, fits;
    weir_id_t  uid;

    (void) state;

    fits = w.table->n;
    tick();

    for (n = 100; n < 99 + fits; n++) {
        uid = uid_of(n);
        assert_true(weir_splits_merge(w.table, &uid, n));
    }

    uid = uid_of(1000);
    assert_false(weir_splits_merge(w.table, &uid, 1));
    (void) weir_splits_merge(w.table, &w.splits[0].uid, 12345);
    count_one(NEXT, WEIR_END_OK);

    /* what ticks know stays */
    for (n = 0; n < 60; n++) {
        pass(9 * SECOND);
        tick();
    }

    uid = uid_of(100);
    assert_int_equal(weir_splits_word(w.table, &uid), 100);

    for (n = 0; n < 10; n++) {
        pass(9 * SECOND);
        tick();
    }

    assert_int_equal(weir_splits_word(w.table, &uid), 0);
    assert_int_equal(word(), 12345);
    assert_int_equal(view().arms[NEXT].requests, 1);

    /* others may have the places a minute later, with nothing in them */
    assert_false(weir_splits_merge(w.table, &uid, 7));
    pass(61 * SECOND);
    tick();

    for (n = 200; n < 199 + fits; n++) {
        uid = uid_of(n);
        assert_true(weir_splits_merge(w.table, &uid, n));
        assert_int_equal(weir_splits_word(w.table, &uid), n);
    }

    uid = uid_of(1000);
    assert_false(weir_splits_merge(w.table, &uid, 1));
}


/* All were away for long: what the policy says still stays. */
static void
who_comes_back_late_finds_it(void **state)
{
    (void) state;

    (void) weir_splits_merge(w.table, &w.splits[0].uid, 12345);
    tick();
    pass(24 * 3600 * SECOND);
    tick();
    assert_int_equal(word(), 12345);
}


static void
two_places_become_one(void **state)
{
    uint64_t   i, at;
    weir_id_t  uid;

    (void) state;

    uid = uid_of(9);
    tick();
    assert_true(weir_splits_merge(w.table, &uid, 100));
    at = find(w.table, owner_of(&uid));

    /* another one, where nobody looks first */
    for (i = 1; directory(w.table)[(at + i) % w.table->n] != 0; i++) {
        /* void */
    }

    i = (at + i) % w.table->n;
    directory(w.table)[i] = owner_of(&uid);
    cell_at(w.table, i)->word = 200;

    pass(10 * SECOND);
    tick();
    assert_int_equal(places_of(w.table, &uid), 1);
    assert_int_equal(weir_splits_word(w.table, &uid), 200);
}


static void
states_are_only_raised(void **state)
{
    weir_id_t  uid;

    (void) state;

    uid = w.splits[0].uid;
    assert_true(weir_splits_merge(w.table, &uid, 5));
    assert_false(weir_splits_merge(w.table, &uid, 5));
    assert_false(weir_splits_merge(w.table, &uid, 4));
    assert_int_equal(word(), 5);
    assert_true(weir_splits_merge(w.table, &uid, UINT64_MAX));
    assert_int_equal(word(), UINT64_MAX);
}


static void
people_are_obeyed(void **state)
{
    weir_split_view_t  v;

    (void) state;

    assert_int_equal(order(WEIR_SPLIT_ROLLBACK, 0), WEIR_OK);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 1);
    assert_int_equal(WEIR_SPLIT_ROLLED(word()), 1);
    assert_int_equal(WEIR_SPLIT_HAND(word()), 1);
    assert_int_equal(WEIR_SPLIT_STEP(word()), 0);
    assert_int_equal(WEIR_SPLIT_PINNED(word()), 0);
    assert_int_equal(WEIR_SPLIT_SINCE(word()), DATE);
    v = view();
    assert_weights(v.weights, 9600, 0, 400);

    pass(SECOND);
    assert_int_equal(order(WEIR_SPLIT_PIN, THIRD), WEIR_OK);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 2);
    assert_int_equal(WEIR_SPLIT_ROLLED(word()), 0);
    assert_int_equal(WEIR_SPLIT_HAND(word()), 0);
    assert_int_equal(WEIR_SPLIT_PINNED(word()), THIRD + 1);
    assert_int_equal(WEIR_SPLIT_SINCE(word()), DATE + 1);
    v = view();
    assert_weights(v.weights, 0, 0, 10000);

    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 3);
    assert_int_equal(word() & ~((uint64_t) 3 << 48), DATE + 1);
    v = view();
    assert_weights(v.weights, 9000, 600, 400);
}


static const char *
refused(weir_split_order_t what, uint32_t arm)
{
    const char         *why;
    weir_split_word_t   had;

    had = word();
    why = NULL;
    assert_int_equal(weir_splits_order(w.table, &w.splits[0], what, arm, DATE,
                                       &why), WEIR_ERROR);
    assert_int_equal(word(), had);

    return why;
}


static void
what_makes_no_sense_is_refused(void **state)
{
    (void) state;

    assert_string_equal(refused(WEIR_SPLIT_RESUME, 0),
                        "the split is neither rolled back nor pinned");
    assert_string_equal(refused(WEIR_SPLIT_PIN, ARMS),
                        "the split has no such arm");
    assert_string_equal(refused(WEIR_SPLIT_PIN, UINT32_MAX),
                        "the split has no such arm");
    assert_string_equal(refused(WEIR_SPLIT_NORDERS, 0),
                        "there is no such order");
    w.splits[0].guard = WEIR_NONE;
    assert_string_equal(refused(WEIR_SPLIT_ROLLBACK, 0), "the split has no "
                        "guard that says which arm is rolled back");
    assert_int_equal(order(WEIR_SPLIT_PIN, 0), WEIR_OK);

    /* there is one order less than there are epochs */
    (void) weir_splits_merge(w.table, &w.splits[0].uid,
                             (uint64_t) 65534 << 48 | 5);
    assert_int_equal(order(WEIR_SPLIT_PIN, 1), WEIR_OK);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 65535);
    assert_string_equal(refused(WEIR_SPLIT_RESUME, 0),
                        "no more orders can be told from those before; change "
                        "what the split says");
    assert_int_equal(weir_splits_epoch(word(), 7), 0);
}


static void
weights_are_weights_in_any_state(void **state)
{
    unsigned           i, k;
    uint32_t           sum, weights[WEIR_MAX_ARMS];
    weir_split_word_t  x;

    (void) state;

    w.steps[0].share = 100;
    w.steps[1].share = 9600;

    for (i = 0; i < 20000; i++) {
        x = any();
        w.splits[0].guard = i % 3 == 0 ? WEIR_NONE : 0;
        w.splits[0].steps.count = i % 3;
        w.guards[0].arm = i % 5 == 0 ? BASE : NEXT;
        w.guards[0].versus = i % 5 == 0 ? NEXT : BASE;
        weir_splits_weights(&w.img, &w.splits[0], x, weights);
        sum = 0;

        for (k = 0; k < WEIR_MAX_ARMS; k++) {
            sum += weights[k];
            assert_true(weights[k] <= WEIR_BUCKETS && (k < ARMS
                                                       || weights[k] == 0));
        }

        assert_int_equal(sum, WEIR_BUCKETS);
    }

    /* an arm that is not there is as none */
    describe(0);
    w.splits[0].steps.count = 0;
    weir_splits_weights(&w.img, &w.splits[0],
                        (uint64_t) (ARMS + 1) << WEIR_SPLIT_PINNED_AT,
                        weights);
    assert_weights(weights, 9000, 600, 400);

    /* a step that is not there is the last one */
    w.splits[0].steps.count = 2;
    weir_splits_weights(&w.img, &w.splits[0], 30 * WEIR_SPLIT_STEP_ONE,
                        weights);
    assert_weights(weights, 0, 9600, 400);
}


static void
names_are_what_is_shown(void **state)
{
    (void) state;

    assert_string_equal(weir_split_order_name(WEIR_SPLIT_PIN), "pin");
    assert_string_equal(weir_split_order_name(99), "unknown");
    assert_string_equal(weir_guard_finding_name(WEIR_GUARD_WAITS),
                        "too_few_requests");
    assert_string_equal(weir_guard_finding_name(99), "unknown");
    assert_string_equal(weir_split_news_name(WEIR_NEWS_RESUMED), "resumed");
    assert_string_equal(weir_split_news_name(99), "unknown");
    assert_string_equal(weir_breaker_state_name(WEIR_BREAKER_HALF_OPEN),
                        "half_open");
    assert_string_equal(weir_breaker_state_name(99), "unknown");
}


static void
somebody_pins(void)
{
    assert_int_equal(order(WEIR_SPLIT_PIN, THIRD), WEIR_OK);
}


static void
somebody_resumes(void)
{
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_OK);
}


static void
an_order_is_given_in_the_state_that_is(void **state)
{
    (void) state;

    tick();
    meanwhile = somebody_pins;
    assert_int_equal(order(WEIR_SPLIT_PIN, NEXT), WEIR_OK);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 2);
    assert_int_equal(WEIR_SPLIT_PINNED(word()), NEXT + 1);

    meanwhile = somebody_resumes;
    assert_int_equal(order(WEIR_SPLIT_RESUME, 0), WEIR_ERROR);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), 3);
}


static weir_id_t  others;


static void
somebody_merges(void)
{
    assert_true(weir_splits_merge(w.table, &others, 50));
}


static void
a_place_is_taken_once(void **state)
{
    unsigned   i;
    uint64_t   bits;
    weir_id_t  uid;

    for (i = 0; i < 3; i++) {
        end(state);
        begin(state);
        tick();
        uid = others = uid_of(100);

        if (i == 2) {
            /* another split that is looked for from the same place on */
            memcpy(&bits, others.bytes, sizeof(bits));
            bits ^= (uint64_t) 1 << 40;
            memcpy(others.bytes, &bits, sizeof(bits));
        }

        meanwhile = somebody_merges;
        assert_true(weir_splits_merge(w.table, &uid, i == 0 ? 40 : 60)
                    == (i > 0));
        assert_null(meanwhile);
        assert_int_equal(places_of(w.table, &uid), 1);
        assert_int_equal(places_of(w.table, &others), 1);
        assert_int_equal(weir_splits_word(w.table, &others), i == 1 ? 60 : 50);
        assert_int_equal(weir_splits_word(w.table, &uid), i == 0 ? 50 : 60);
    }

    /* what is greater stays */
    others = uid_of(200);
    assert_true(weir_splits_merge(w.table, &others, 10));
    meanwhile = somebody_merges;
    assert_false(weir_splits_merge(w.table, &others, 20));
    assert_int_equal(weir_splits_word(w.table, &others), 50);
}


static void
copies_are_counted(void **state)
{
    unsigned           i;
    weir_split_view_t  v;

    (void) state;

    for (i = 0; i < WEIR_MIRROR_NENDS; i++) {
        weir_splits_mirrored(w.table, &w.splits[0].uid, i, 3 * MSEC);
    }

    weir_splits_mirrored(w.table, &w.splits[0].uid, WEIR_MIRROR_ERROR, -1);
    weir_splits_mirrored(NULL, &w.splits[0].uid, WEIR_MIRROR_OK, MSEC);
    v = view();
    assert_int_equal(v.mirrored[WEIR_MIRROR_OK], 1);
    assert_int_equal(v.mirrored[WEIR_MIRROR_ERROR], 2);
    assert_int_equal(v.mirrored[WEIR_MIRROR_FAILED], 1);
    assert_int_equal(v.mirrored[WEIR_MIRROR_LEFT_OUT], 1);
    assert_true(v.mirror_us >= 6000 && v.mirror_us <= 6000);
    assert_int_equal(v.arms[BASE].requests, 0);
    assert_string_equal(weir_mirror_end_name(WEIR_MIRROR_LEFT_OUT),
                        "left_out");
    assert_string_equal(weir_mirror_end_name(99), "unknown");
}


static uint64_t  changed;       /* how often a merge said so */
static uint64_t  first;         /* of so many splits that are new */


/* All raise the same splits, by the same steps. */
static void
merge_many(unsigned id)
{
    uint64_t   n, i;
    weir_id_t  uid;

    (void) id;

    for (n = first; n < first + SPLITS; n++) {
        uid = uid_of(n);
        meet();

        for (i = 1; i <= 100; i++) {

            if (weir_splits_merge(w.table, &uid, i)) {
                __atomic_fetch_add(&changed, 1, __ATOMIC_SEQ_CST);
            }
        }
    }
}


static void
order_many(unsigned id)
{
    unsigned     i;
    const char  *why;

    for (i = 0; i < 30000; i++) {
        (void) weir_splits_order(w.table, &w.splits[0], WEIR_SPLIT_PIN,
                                 id % ARMS, DATE, &why);
    }
}


static void
many_at_once_get_one_place(void **state)
{
    unsigned   i;
    uint64_t   n;
    weir_id_t  uid;

    for (i = 0; i < 300; i++) {
        end(state);
        begin(state);
        first = i * SPLITS;
        changed = 0;
        together(merge_many);

        for (n = first; n < first + SPLITS; n++) {
            uid = uid_of(n);
            assert_int_equal(places_of(w.table, &uid), 1);
            assert_int_equal(weir_splits_word(w.table, &uid), 100);
        }

        /* each change is somebody's */
        assert_in_range(changed, SPLITS, SPLITS * 100);
    }

    /* no order is lost */
    together(order_many);
    assert_int_equal(WEIR_SPLIT_EPOCH(word()), THREADS * 30000);
}


/* Does all there is to do, by a clock that runs, until it is killed. */
static void
work(int64_t *clock, uint64_t seed)
{
    uint64_t     i;
    weir_id_t    uid;
    const char  *why;

    w.random = seed * 1000000;
    w.img.n[WEIR_S_SPLITS] = SPLITS / 2;

    for (i = 0; ; i++) {
        w.now.clock = __atomic_add_fetch(clock, 17 * MSEC, __ATOMIC_SEQ_CST);
        uid = uid_of(1000 + any() % 6);
        (void) weir_splits_merge(w.table, &uid, any() % 1000);
        (void) weir_splits_order(w.table, &w.splits[1], WEIR_SPLIT_PIN,
                                 0, DATE, &why);
        count_took(any() % ARMS, any() % WEIR_END_GONE,
                   (int64_t) (any() % (1 << 30)));
        (void) weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT,
                                w.now.clock, &(uint32_t) { 0 });

        if (i % 10 == 0) {
            tick();
        }
    }
}


static void
processes_may_be_killed_at_any_time(void **state)
{
    int                 status;
    pid_t               pid;
    int64_t            *clock;
    uint64_t            i, n;
    weir_id_t           uid;
    weir_split_word_t   had;

    (void) state;

    clock = shared(4096);
    *clock = CLOCK;
    w.guards[0].window = 1000;
    w.arms[NEXT].breaker = 0;
    w.breaker = (weir_img_breaker_t) {
        .failures = 3, .open = 200, .probes = 2, .error_rate = 5000,
        .window = 1000, .min_requests = 10
    };
    had = 0;

    for (i = 0; i < KILLS; i++) {
        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            work(clock, i);
        }

        usleep(200 + (unsigned) (weir_mix(i) % 3000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        /* what was raised stays */
        assert_true(weir_splits_word(w.table, &w.splits[1].uid) >= had);
        had = weir_splits_word(w.table, &w.splits[1].uid);
        *clock += i % 20 == 0 ? FORGET + 2 * QUARANTINE : 0;
    }

    /* no place is lost for good, no window, no breaker */
    w.now.clock = *clock;

    for (i = 0; i < 3; i++) {
        pass(HOLD + 2 * QUARANTINE);
        tick();
    }

    for (n = 0; n < w.table->n - 1; n++) {
        uid = uid_of(5000 + n);
        assert_true(weir_splits_merge(w.table, &uid, 1));
        assert_int_equal(places_of(w.table, &uid), 1);
    }

    count_one(BASE, WEIR_END_OK);
    count_one(NEXT, WEIR_END_OK);
    assert_int_equal(view().look.requests[1], 1);
    assert_int_equal(view().look.requests[0], 1);

    for (i = 0; i < 10; i++) {
        pass(SECOND);
        (void) weir_breaker_ask(w.table, &w.img, &w.splits[0], NEXT,
                                w.now.clock, &(uint32_t) { 0 });
        count_one(NEXT, WEIR_END_OK);
    }

    assert_int_equal(view().arms[NEXT].breaker, WEIR_BREAKER_CLOSED);
    munmap(clock, 4096);
}


int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest  tests[] = {
        T(a_table_stays_in_its_memory),
        T(a_split_has_a_place_of_its_own),
        T(without_a_place_the_policy_holds),
        T(who_reads_writes_nowhere),
        T(what_nobody_knows_is_forgotten),
        T(who_comes_back_late_finds_it),
        T(two_places_become_one),
        T(states_are_only_raised),
        T(people_are_obeyed),
        T(what_makes_no_sense_is_refused),
        T(weights_are_weights_in_any_state),
        T(names_are_what_is_shown),
        T(an_order_is_given_in_the_state_that_is),
        T(a_place_is_taken_once),
        T(copies_are_counted),
        T(many_at_once_get_one_place),
        T(processes_may_be_killed_at_any_time)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
