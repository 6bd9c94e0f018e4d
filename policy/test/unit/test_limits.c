/*
 * test_limits.c: the table of limits: one cell for a key, whoever comes at
 * once, sleeps in the middle or dies there; room for all; nothing touched
 * without need.
 */

#include "table_fixture.h"
#include "run/limits.c"

#define RACERS  4
#define KEYS    20000
#define HOT     64
#define KILLS   300

static const weir_img_limit_t  rate = {
    .limit = 10, .burst = 10, .window = 1000000000, .cost = 1,
    .kind = WEIR_LIMIT_GCRA
};

static const weir_img_limit_t  flight = {
    .limit = 10, .kind = WEIR_LIMIT_CONCURRENCY
};


static uint64_t *
cell_at(weir_limits_t *t, const weir_img_limit_t *l, uint64_t n,
    int64_t clock, int64_t until)
{
    weir_take_t  take;

    take = take_of(l, n);
    take.clock = clock;

    return weir_limits_cell(t, &take, until, until > 0);
}


/* How many cells show a key, in any state; *first is one of them. */
static unsigned
cells_of(weir_limits_t *t, uint64_t n, weir_cell_t **first)
{
    place_t      p;
    unsigned     i, found;
    uint64_t     meta;
    weir_take_t  take;

    take = take_of(&rate, n);
    place_of(t, &take, &p);
    found = 0;

    for (i = 0; i < WAYS; i++) {
        meta = way(&p, i)->meta;

        if (meta != 0 && weir_cell_shows(way(&p, i), meta, &take.key)) {
            *first = way(&p, i);
            found++;
        }
    }

    return found;
}


static void
a_table_stays_in_its_memory(void **state)
{
    char              *mem;
    size_t             size, room;
    uint64_t           n;
    weir_limits_use_t  use;

    (void) state;

    mem = shared(SIZE);
    assert_null(weir_limits_init(mem, 0));
    assert_null(weir_limits_init(mem, ONE_SET - 1));
    munmap(mem, SIZE);

    for (size = ONE_SET; size < SIZE; size += size / 3 + 7) {
        room = (size + LINE) / LINE * LINE;
        mem = aligned_alloc(LINE, room);
        memset(mem, 0, size);
        memset(mem + size, 0x5a, room - size);
        assert_ptr_equal(weir_limits_init(mem, size), mem);
        weir_limits_use((weir_limits_t *) mem, NOW, &use);
        assert_true(use.cells * 64 <= size && use.cells * 70 + 4300 > size);

        for (n = 0; n < 4000; n++) {
            (void) cell_at((weir_limits_t *) mem, n % 2 ? &rate : &flight, n,
                           NOW, NOW + 1);
        }

        for (n = size; n < room; n++) {
            assert_int_equal(mem[n], 0x5a);
        }

        free(mem);
    }
}


static void
a_key_has_words_of_its_own(void **state)
{
    unsigned        i, k;
    uint64_t       *words, *again;
    weir_take_t     take;
    weir_cell_t    *c;
    weir_limits_t  *t;

    (void) state;

    t = table(SIZE);
    assert_null(cell_at(t, &rate, 1, NOW, 0));

    for (i = 0; i < 1000; i++) {
        words = cell_at(t, &rate, i, NOW, NOW + 10 * S);
        assert_non_null(words);

        for (k = 0; k < WEIR_LIMIT_WORDS; k++) {
            assert_int_equal(words[k], 0);
            words[k] = i * 8 + k;
        }
    }

    for (i = 0; i < 1000; i++) {
        words = cell_at(t, &rate, i, NOW + 9 * S, 0);
        again = cell_at(t, &rate, i, NOW + 9 * S, NOW + 10 * S);
        assert_non_null(words);
        assert_ptr_equal(words, again);
        assert_int_equal(words[4], i * 8 + 4);
        assert_int_equal(cells_of(t, i, &c), 1);
    }

    /* every bit of a key counts */
    for (i = 0; i < 128; i++) {
        take = take_of(&rate, 7);
        take.key.w[i / 64] ^= (uint64_t) 1 << i % 64;
        assert_null(weir_limits_cell(t, &take, 0, false));
    }

    /* the flights of a key are no rates */
    assert_null(cell_at(t, &flight, 7, NOW, 0));
    munmap(t, SIZE);
}


/* Memory that nobody may write to, or that nobody has. */
static void
who_looks_writes_nowhere(void **state)
{
    size_t          i, touched, size;
    uint64_t       *words;
    unsigned char   pages[16384];
    weir_limits_t  *t;

    (void) state;

    size = sizeof(pages) * 4096;
    t = table(size);
    words = cell_at(t, &rate, 1, NOW, NOW + 60 * S);
    assert_non_null(words);
    assert_non_null(cell_at(t, &flight, 1, NOW, NOW + 8 * S));
    assert_int_equal(mincore(t, size, pages), 0);
    touched = 0;

    for (i = 0; i < sizeof(pages); i++) {
        touched += pages[i] & 1;
    }

    /* head, a lock or two, the cells */
    assert_true(touched >= 3 && touched <= 8);

    assert_int_equal(mprotect(t, size, PROT_READ), 0);
    assert_null(cell_at(t, &rate, 2, NOW, 0));
    assert_ptr_equal(cell_at(t, &rate, 1, NOW + 62 * S, 0), words);
    assert_null(cell_at(t, &rate, 1, NOW + 64 * S, 0));
    assert_non_null(cell_at(t, &flight, 1, NOW + 100 * S, 0));

    /* who takes a key that lives for long enough neither */
    assert_ptr_equal(cell_at(t, &rate, 1, NOW + 30 * S, NOW + 60 * S), words);
    assert_ptr_equal(cell_at(t, &rate, 1, NOW + 57 * S, NOW + 1), words);
    munmap(t, size);
}


static void
a_cell_is_kept_for_as_long_as_was_asked(void **state)
{
    unsigned        i;
    uint64_t       *words, meta;
    weir_cell_t    *c;
    weir_limits_t  *t;

    static const int64_t  months = 31 * 86400 * S;

    (void) state;

    t = table(ONE_SET);
    words = cell_at(t, &rate, 1, NOW, NOW + months);
    assert_non_null(words);
    words[0] = 77;

    for (i = 0; i < 2000; i++) {
        (void) cell_at(t, &rate, 100 + i, NOW + i * S, NOW + i * S + S);
    }

    assert_ptr_equal(cell_at(t, &rate, 1, NOW + months, NOW + 1), words);
    assert_int_equal(words[0], 77);

    /* longer and longer, and seldom: a minute ahead at most */
    words = cell_at(t, &rate, 2, NOW + months, NOW + months + 1000 * S);
    assert_non_null(words);
    assert_int_equal(cells_of(t, 2, &c), 1);
    meta = c->meta;
    (void) cell_at(t, &rate, 2, NOW + months + S, NOW + months + 1001 * S);
    assert_int_not_equal(c->meta, meta);
    meta = c->meta;

    for (i = 0; i < 60; i++) {
        assert_ptr_equal(cell_at(t, &rate, 2, NOW + months + i * S,
                                 NOW + months + (1001 + i) * S), words);
        assert_int_equal(c->meta, meta);
    }

    assert_int_equal(weir_cell_until(meta),
                     (NOW + months) / S + 1001 + EXTRA);

    /* times that no meta can hold are the last one that it can */
    assert_ptr_equal(cell_at(t, &rate, 2, NOW + months, INT64_MAX), words);
    assert_int_equal(weir_cell_until(c->meta), UINT32_MAX);
    meta = c->meta;
    assert_ptr_equal(cell_at(t, &rate, 2, NOW + months, INT64_MAX), words);
    assert_int_equal(c->meta, meta);
    assert_non_null(cell_at(t, &rate, 3, NOW + months, INT64_MAX));
    munmap(t, ONE_SET);
}


static void
what_is_over_is_used_again(void **state)
{
    unsigned        i, k, round;
    int64_t         now;
    uint64_t       *words;
    weir_limits_t  *t;

    (void) state;

    t = table(ONE_SET);

    /* and again, with versions that go round */
    for (round = 0; round < 5; round++) {
        now = NOW + round * 100 * S;

        for (i = 0; i < WAYS; i++) {
            words = cell_at(t, &rate, round * 1000 + i, now, now + 10 * S);
            assert_non_null(words);

            for (k = 0; k < WEIR_LIMIT_WORDS; k++) {
                assert_int_equal(words[k], 0);
                words[k] = 5;
            }
        }

        assert_null(cell_at(t, &rate, round * 1000 + i, now, now + 10 * S));
        assert_null(cell_at(t, &rate, round * 1000 + i, now + 12 * S,
                            now + 13 * S));
    }

    /* a key that comes back late finds nothing, and a new cell */
    now = NOW + 1000 * S;
    words = cell_at(t, &rate, 1, now, now + 10 * S);
    words[0] = 9;
    assert_null(cell_at(t, &rate, 1, now + 13 * S, 0));
    assert_ptr_equal(cell_at(t, &rate, 1, now + 13 * S, now + 20 * S), words);
    assert_int_equal(words[0], 0);

    for (i = 0; i < 70000; i++) {
        now += 20 * S;
        words = cell_at(t, &rate, i % 2, now, now + S);
        assert_non_null(words);
        assert_int_equal(words[0], 0);
        words[0] = i;
    }

    munmap(t, ONE_SET);
}


/* A process whose clock is a second behind keeps what it uses. */
static void
a_clock_that_is_behind_loses_nothing(void **state)
{
    unsigned        i;
    uint64_t       *words;
    weir_limits_t  *t;

    (void) state;

    t = table(ONE_SET);
    words = cell_at(t, &rate, 1, NOW, NOW + S);
    words[0] = 3;

    for (i = 0; i < 40; i++) {
        (void) cell_at(t, &rate, 100 + i, NOW + 3 * S, NOW + 50 * S);
    }

    assert_ptr_equal(cell_at(t, &rate, 1, NOW + 2 * S, NOW + 3 * S), words);
    assert_int_equal(words[0], 3);
    assert_null(cell_at(t, &rate, 200, NOW + 4 * S, NOW + 50 * S));
    munmap(t, ONE_SET);
}


static void
a_tenant_leaves_room_for_others(void **state)
{
    unsigned           i, got;
    weir_take_t        take;
    weir_limits_t     *t;
    weir_limits_use_t  use;

    (void) state;

    t = table(SIZE);
    weir_limits_use(t, NOW, &use);
    got = 0;

    for (i = 0; i < 100000; i++) {
        take = take_of(&rate, i);
        take.tenant = 0xdeadbeef;
        take.shared = true;
        got += weir_limits_cell(t, &take, NOW + S, true) != NULL;
    }

    assert_true(got > use.cells * 7 / 16 - WAYS && got <= use.cells / 2);

    /* a third of what is left never meets a full set */
    for (i = 0; i < use.cells / 6; i++) {
        take = take_of(&rate, 200000 + i);
        take.tenant = i % 3;
        take.shared = true;
        assert_non_null(weir_limits_cell(t, &take, NOW + S, true));
    }

    /* where nobody shares there is no cap */
    munmap(t, SIZE);
    t = table(ONE_SET);

    for (i = 0; i < WAYS; i++) {
        assert_non_null(cell_at(t, &rate, i, NOW, NOW + S));
    }

    /* what a tenant does not use any more is no part of its share */
    munmap(t, ONE_SET);
    t = table(ONE_SET);

    for (i = 0; i < 4 * SHARE; i++) {
        take = take_of(&rate, i);
        take.shared = true;
        take.clock = NOW + i / SHARE * 10 * S;
        assert_non_null(weir_limits_cell(t, &take, take.clock + S, true));
    }

    munmap(t, ONE_SET);
}


static void
how_full_it_is_can_be_told(void **state)
{
    unsigned           i;
    weir_limits_t     *t;
    weir_limits_use_t  use;

    (void) state;

    t = table(SIZE);
    weir_limits_use(t, NOW, &use);
    assert_int_equal(use.used, 0);
    assert_true(use.cells > 16000);

    for (i = 0; i < 7000; i++) {
        (void) cell_at(t, &rate, i, NOW, NOW + 10 * S);
    }

    weir_limits_use(t, NOW + S, &use);
    assert_in_range(use.used, 6300, 7700);
    weir_limits_use(t, NOW + 20 * S, &use);
    assert_int_equal(use.used, 0);
    munmap(t, SIZE);
}


/* A lock whose holder is dead is waited for once. */
static void
a_dead_holder_is_waited_for_shortly(void **state)
{
    uint64_t        began;
    weir_limits_t  *t;
    uint64_t       *lock;

    (void) state;

    t = table(ONE_SET);
    lock = (uint64_t *) ((char *) t + LINE);
    assert_non_null(cell_at(t, &rate, 1, NOW, NOW + 9 * S));

    /* who is there already is found at once */
    began = clock_now();
    *lock = began + 1000 * S;
    assert_non_null(cell_at(t, &rate, 1, NOW, NOW + 99 * S));
    *lock = began;
    assert_non_null(cell_at(t, &rate, 2, NOW, NOW + 9 * S));
    assert_true(clock_now() - began > TAKEOVER);
    assert_true(clock_now() - began < 5 * S);
    assert_int_equal(*lock, 0);

    /* others that take it over and over */
    began = clock_now();
    *lock = began + 1000 * S;
    assert_null(cell_at(t, &rate, 3, NOW, NOW + 9 * S));
    assert_true(clock_now() - began < 5 * S);
    munmap(t, ONE_SET);
}


/* Another key that is looked for from the same way on. */
static uint64_t
beside(uint64_t n)
{
    uint64_t  i;

    for (i = n + 1; ((take_of(&rate, i).key.w[1] ^ take_of(&rate, n).key.w[1])
                     >> WEIR_CELL_PAGE_BITS) % WAYS != 0; i++)
    { /* void */ }

    return i;
}


/* What a holder may leave behind at every exchange. */
static void
what_the_dead_left_is_mended(void **state)
{
    unsigned        step;
    uint64_t       *words, next;
    weir_cell_t    *c;
    weir_limits_t  *t;

    (void) state;

    next = beside(1);

    for (step = 0; step < 6; step++) {
        t = table(ONE_SET);
        words = cell_at(t, &rate, 1, NOW, NOW + S);
        words[0] = 7;
        words[4] = 9;
        assert_int_equal(cells_of(t, 1, &c), 1);

        c->meta = meta_make(NOW / S + 20, 0, 2, WEIR_CELL_MADE);

        if (step > 0) {
            words[0] = 0;
        }

        if (step > 1) {
            words[4] = 0;
        }

        if (step > 2) {
            c->key[0] = take_of(&rate, next).key.w[0] ^ 2;
        }

        if (step > 3) {
            c->key[1] = take_of(&rate, next).key.w[1];
        }

        if (step > 4) {
            c->meta = meta_change(c->meta, NOW / S + 20, WEIR_CELL_LIVE);
        }

        words = cell_at(t, &rate, next, NOW + 10 * S,
                        NOW + 20 * S);
        assert_non_null(words);
        assert_int_equal(words[0], 0);
        assert_int_equal(words[4], 0);

        words = cell_at(t, &rate, 1, NOW + 10 * S, NOW + 20 * S);
        assert_non_null(words);
        assert_int_equal(words[0], 0);
        assert_int_equal(words[4], 0);
        munmap(t, ONE_SET);
    }
}


/* One that slept in the middle changes nothing of who came since. */
static void
who_slept_changes_nothing(void **state)
{
    place_t         p;
    uint64_t       *words, had;
    weir_take_t     take;
    weir_cell_t    *c, *other;
    weir_limits_t  *t;

    (void) state;

    t = table(ONE_SET);
    (void) cell_at(t, &rate, 1, NOW, NOW + S);
    assert_int_equal(cells_of(t, 1, &c), 1);
    had = c->meta;

    take = take_of(&rate, 2);
    take.clock = NOW + 9 * S;
    place_of(t, &take, &p);
    p.mine = 0;
    p.until = NOW / S + 20;

    /* the old key was kept on */
    assert_ptr_equal(cell_at(t, &rate, 1, NOW + 2 * S, NOW + 9 * S),
                     c->words);
    assert_false(make(c, had, &p));
    assert_int_equal(cells_of(t, 1, &other), 1);

    /* it was given to another */
    had = c->meta;
    c->meta = meta_change(had, NOW / S, WEIR_CELL_LIVE);
    assert_ptr_equal(cell_at(t, &rate, 1, NOW + 9 * S, NOW + 10 * S),
                     c->words);
    c->words[0] = 5;
    assert_false(make(c, had, &p));
    assert_int_equal(c->words[0], 5);

    /* it has lost the lock: what it did is left, and used again */
    c->meta = meta_change(c->meta, NOW / S, WEIR_CELL_LIVE);
    p.mine = 1;
    assert_false(make(c, c->meta, &p));
    assert_int_equal(weir_cell_state(c->meta), WEIR_CELL_MADE);
    assert_null(cell_at(t, &rate, 2, NOW, 0));
    assert_ptr_equal(cell_at(t, &rate, 2, NOW, NOW + 2 * S),
                     way(&p, 0)->words);

    /*
     * It made a second cell for a key that has one: the other is found, and
     * what it made lapses.
     */
    munmap(t, ONE_SET);
    t = table(ONE_SET);
    place_of(t, &take, &p);
    p.mine = 0;
    p.until = NOW / S + 20;
    words = cell_at(t, &rate, 2, NOW + 9 * S, NOW + 90 * S);
    assert_non_null(words);
    words[0] = 6;
    assert_true(make(way(&p, 1), 0, &p));
    assert_int_equal(cells_of(t, 2, &c), 2);
    assert_ptr_equal(cell_at(t, &rate, 2, NOW + 9 * S, NOW + 10 * S), words);
    assert_ptr_equal(cell_at(t, &rate, 2, NOW + 40 * S, NOW + 40 * S), words);
    munmap(t, ONE_SET);
}


/* Cells of flights are kept while there are any, whatever the time. */
static void
flights_keep_their_cell(void **state)
{
    place_t         p;
    unsigned        i;
    uint64_t       *words;
    weir_take_t     take;
    weir_cell_t    *c;
    weir_limits_t  *t;

    (void) state;

    t = table(ONE_SET);
    words = cell_at(t, &flight, 1, NOW, NOW + S);
    words[2] = 1;
    c = (weir_cell_t *) ((char *) words - offsetof(weir_cell_t, words));
    take = take_of(&flight, 1);

    for (i = 0; i < 200; i++) {
        (void) cell_at(t, &flight, 100 + i, NOW + 100 * i * S,
                       NOW + 100 * i * S + S);
    }

    assert_ptr_equal(cell_at(t, &flight, 1, NOW + 99999 * S, 0), words);

    /* one began after somebody saw that there were none */
    place_of(t, &take, &p);
    p.mine = 0;
    p.until = NOW / S + 20;
    assert_false(make(c, c->meta, &p));
    assert_int_equal(weir_cell_state(c->meta), WEIR_CELL_LIVE);
    assert_int_equal(weir_cell_until(c->meta), p.now + AGAIN);

    /* a holder died while it looked at the lanes */
    c->meta = meta_change(c->meta, NOW / S, WEIR_CELL_ASKED);
    assert_ptr_equal(cell_at(t, &flight, 1, NOW + 99999 * S, 0), words);
    assert_ptr_equal(cell_at(t, &flight, 1, NOW + 99999 * S,
                             NOW + 99999 * S), words);
    assert_int_equal(weir_cell_state(c->meta), WEIR_CELL_LIVE);
    assert_int_equal(words[2], 1);

    /* and the flight ended since */
    words[2] = 0;
    c->meta = meta_change(c->meta, NOW / S, WEIR_CELL_ASKED);
    assert_ptr_equal(cell_at(t, &flight, 1, NOW + 99999 * S,
                             NOW + 99999 * S), words);
    assert_int_equal(weir_cell_state(c->meta), WEIR_CELL_LIVE);
    assert_true(weir_cell_shows(c, c->meta, &take.key));
    munmap(t, ONE_SET);
}


/* Each of some processes counts once on each of many new keys. */
static void
insert_all(weir_limits_t *t, uint32_t *go)
{
    uint64_t  n, *words;

    meet(go, RACERS);

    for (n = 0; n < KEYS; n++) {
        words = cell_at(t, &rate, n, NOW, NOW + 10 * S);

        if (words == NULL) {
            _exit(1);
        }

        __atomic_add_fetch(&words[n % WEIR_LIMIT_WORDS], 1,
                           __ATOMIC_SEQ_CST);
    }

    _exit(0);
}


static void
a_new_key_gets_one_cell(void **state)
{
    pid_t           pids[RACERS];
    uint32_t       *go;
    uint64_t        n, *words;
    unsigned        i, round;
    weir_cell_t    *c;
    weir_limits_t  *t;

    (void) state;

    go = shared(4096);

    for (round = 0; round < 5; round++) {
        t = table(4 * SIZE);
        *go = 0;

        for (i = 0; i < RACERS; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);

            if (pids[i] == 0) {
                insert_all(t, go);
            }
        }

        join(pids, RACERS);

        for (n = 0; n < KEYS; n++) {
            assert_int_equal(cells_of(t, n, &c), 1);
            words = cell_at(t, &rate, n, NOW, 0);
            assert_ptr_equal(words, c->words);
            assert_int_equal(words[n % WEIR_LIMIT_WORDS], RACERS);
        }

        munmap(t, 4 * SIZE);
    }

    munmap(go, 4096);
}


/*
 * Counts on a few keys that stay, and says so before; and makes cells for
 * others that are over soon, by a clock that runs, in a table where there is
 * hardly room.
 */
static void
work(weir_limits_t *t, uint64_t *said, uint64_t seed, const uint32_t *end)
{
    int64_t   now, *clock;
    uint64_t  i, n, *words;

    clock = (int64_t *) &said[HOT];

    for (i = 0; __atomic_load_n(end, __ATOMIC_SEQ_CST) == 0; i++) {
        now = __atomic_add_fetch(clock, S / 20, __ATOMIC_SEQ_CST);
        n = weir_mix(seed * 1000000 + i) % HOT;
        words = cell_at(t, &rate, n, now, 2 * NOW);

        if (words != NULL) {
            __atomic_add_fetch(&said[n], 1, __ATOMIC_SEQ_CST);
            __atomic_add_fetch(&words[0], 1, __ATOMIC_SEQ_CST);
        }

        words = cell_at(t, &rate, (seed + 1) * 1000000 + i, now, now + S);

        if (words != NULL
            && __atomic_load_n(&words[0], __ATOMIC_SEQ_CST) != 0)
        {
            _exit(1);
        }
    }

    _exit(0);
}


static void
processes_may_be_killed_at_any_time(void **state)
{
    pid_t           pid, stays;
    size_t          size;
    int64_t         now;
    uint64_t        n, *said, *words, lost, began;
    uint32_t       *end;
    unsigned        i;
    weir_cell_t    *c;
    weir_limits_t  *t;

    (void) state;

    /* seven sets for rates, so that the hot keys fit */
    size = 128 + 8 * (WAYS * 64 + 8);
    t = table(size);
    said = shared(4096);
    said[HOT] = NOW;
    end = (uint32_t *) &said[HOT + 1];

    for (n = 0; n < HOT; n++) {
        assert_non_null(cell_at(t, &rate, n, NOW, 2 * NOW));
    }

    stays = 0;

    for (i = 0; i <= KILLS; i++) {
        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            work(t, said, i, end);
        }

        if (i == 0) {
            stays = pid;

        } else {
            kill_after(pid, 200 + weir_mix(i) % 4000);
        }
    }

    *end = 1;
    join(&stays, 1);

    began = clock_now();
    now = said[HOT];
    lost = 0;

    for (n = 0; n < HOT; n++) {
        words = cell_at(t, &rate, n, now, 2 * NOW);
        assert_non_null(words);
        assert_int_equal(cells_of(t, n, &c), 1);
        assert_true(words[0] <= said[n]);
        lost += said[n] - words[0];
    }

    assert_true(lost <= KILLS);

    /* no cell is lost for good */
    for (n = 0; n < (uint64_t) WAYS * 3; n++) {
        assert_non_null(cell_at(t, &rate, 5000 + n, now + 100 * S,
                                now + 101 * S));
    }

    assert_true(clock_now() - began < 5 * S);
    munmap(said, 4096);
    munmap(t, size);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_table_stays_in_its_memory),
        cmocka_unit_test(a_key_has_words_of_its_own),
        cmocka_unit_test(who_looks_writes_nowhere),
        cmocka_unit_test(a_cell_is_kept_for_as_long_as_was_asked),
        cmocka_unit_test(what_is_over_is_used_again),
        cmocka_unit_test(a_clock_that_is_behind_loses_nothing),
        cmocka_unit_test(a_tenant_leaves_room_for_others),
        cmocka_unit_test(how_full_it_is_can_be_told),
        cmocka_unit_test(a_dead_holder_is_waited_for_shortly),
        cmocka_unit_test(what_the_dead_left_is_mended),
        cmocka_unit_test(who_slept_changes_nothing),
        cmocka_unit_test(flights_keep_their_cell),
        cmocka_unit_test(a_new_key_gets_one_cell),
        cmocka_unit_test(processes_may_be_killed_at_any_time)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
