/*
 * test_memory.c: tables in shared memory: what they keep, what gives way, and
 * processes that use them at once, sleep in the middle or die there.
 */

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "run/memory.c"
#include "shared.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define NOW      1700000000
#define SIZE     (1u << 20)
#define LONGEST  16384
#define WRITERS  3
#define IDS      6000
#define RACERS   4


/* A key for a number, like a digest. */
static const uint8_t *
key_of(uint64_t n)
{
    unsigned         i;
    uint64_t         word;
    static uint8_t   key[WEIR_SHA256_LEN];

    for (i = 0; i < WEIR_SHA256_LEN / 8; i++) {
        word = weir_mix(n * 4 + i + 1);
        memcpy(key + i * 8, &word, 8);
    }

    return key;
}


/* What is kept under a number: each byte says which it is, and where. */
static size_t
text_of(uint64_t n, uint8_t *out)
{
    size_t  i, len;

    len = n % 5 == 0 ? 1 + n % LONGEST : 600 + n % 600;

    for (i = 0; i < len; i++) {
        out[i] = (uint8_t) (n * 31 + i * 7);
    }

    return len;
}


static void
put(weir_tokens_t *t, uint64_t n, int64_t now, int64_t until)
{
    size_t   len;
    uint8_t  text[LONGEST];

    len = text_of(n, text);
    weir_tokens_put(t, key_of(n), text, len, now, until);
}


/* WEIR_ERROR: something else is there. */
static weir_rc_t
get(weir_tokens_t *t, uint64_t n, int64_t now)
{
    size_t   len, want;
    uint8_t  text[LONGEST], got[LONGEST];

    if (weir_tokens_get(t, key_of(n), now, got, sizeof(got), &len)
        != WEIR_OK)
    {
        return WEIR_DECLINED;
    }

    want = text_of(n, text);

    return len == want && memcmp(text, got, len) == 0 ? WEIR_OK : WEIR_ERROR;
}


static void
tables_need_their_room(void **state)
{
    void    *mem;
    size_t   size;

    (void) state;

    for (size = 0; size < 11000; size += 8) {
        mem = aligned_alloc(LINE, (size + LINE) / LINE * LINE);

        if (weir_tokens_init(mem, size) != NULL) {
            break;
        }

        free(mem);
    }

    assert_true(size < 11000);
    assert_int_equal(weir_tokens_longest(mem), 1216);
    put(mem, 1, NOW, NOW + 1);
    assert_int_equal(get(mem, 1, NOW), WEIR_OK);
    free(mem);

    mem = shared(SIZE);
    assert_ptr_equal(weir_tokens_init(mem, SIZE), mem);
    assert_int_equal(weir_tokens_longest(mem), LONGEST);

    assert_null(weir_seen_init(mem, 63));
    assert_null(weir_seen_init(mem, 64 + PLACES * 8 - 1));
    assert_non_null(weir_seen_init(mem, 64 + PLACES * 8));
    munmap(mem, SIZE);
}


/* Nothing outside of the memory is touched, whatever its size. */
static void
tables_stay_in_their_memory(void **state)
{
    char      *mem;
    size_t     size;
    uint64_t   n;

    (void) state;

    for (size = 12000; size < 1200000; size += size / 3 + 7) {
        mem = aligned_alloc(LINE, (size + LINE) / LINE * LINE);
        memset(mem, 0x5a, (size + LINE) / LINE * LINE);
        assert_non_null(weir_tokens_init(mem, size));

        for (n = 0; n < 400; n++) {
            put((weir_tokens_t *) mem, n, NOW, NOW + 1);
            assert_int_not_equal(get((weir_tokens_t *) mem, n, NOW),
                                 WEIR_ERROR);
        }

        for (n = size; n < (size + LINE) / LINE * LINE; n++) {
            assert_int_equal(mem[n], 0x5a);
        }

        free(mem);
    }
}


static void
tokens_of_every_length_come_back(void **state)
{
    void     *mem;
    size_t    i, len;
    uint8_t   text[LONGEST + 1], got[LONGEST + 9];

    static const size_t  lengths[] = {
        1, 2, 7, 8, 9, 15, 16, 17, 1000, 1215, 1216, 1217, 4031, 4032, 4033,
        16383, 16384
    };

    (void) state;

    mem = shared(SIZE);
    weir_tokens_init(mem, SIZE);

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t) (i * 13);
    }

    for (i = 0; i < N_OF(lengths); i++) {
        memset(got, 0xee, sizeof(got));
        weir_tokens_put(mem, key_of(i), text, lengths[i], NOW, NOW + 10);
        assert_int_equal(weir_tokens_get(mem, key_of(i), NOW, got, lengths[i],
                                         &len), WEIR_OK);
        assert_int_equal(len, lengths[i]);
        assert_memory_equal(got, text, len);
        assert_int_equal(got[len], 0xee);

        len = 77;
        assert_int_equal(weir_tokens_get(mem, key_of(i), NOW, got,
                                         lengths[i] - 1, &len),
                         WEIR_DECLINED);
        assert_int_equal(len, 77);
    }

    weir_tokens_put(mem, key_of(100), text, 0, NOW, NOW + 10);
    assert_int_equal(weir_tokens_get(mem, key_of(100), NOW, got, sizeof(got),
                                     &len), WEIR_DECLINED);
    weir_tokens_put(mem, key_of(100), text, LONGEST + 1, NOW, NOW + 10);
    assert_int_equal(weir_tokens_get(mem, key_of(100), NOW, got, sizeof(got),
                                     &len), WEIR_DECLINED);
    munmap(mem, SIZE);
}


static void
tokens_are_found_by_the_whole_key_until_their_time(void **state)
{
    void     *mem;
    size_t    i, len;
    uint8_t   key[WEIR_SHA256_LEN], got[16];

    (void) state;

    mem = shared(SIZE);
    weir_tokens_init(mem, SIZE);
    memcpy(key, key_of(1), sizeof(key));
    weir_tokens_put(mem, key, "one", 3, NOW, NOW + 10);

    for (i = 0; i < sizeof(key); i++) {
        key[i] ^= 1;
        assert_int_equal(weir_tokens_get(mem, key, NOW, got, sizeof(got),
                                         &len), WEIR_DECLINED);
        key[i] ^= 1;
    }

    assert_int_equal(weir_tokens_get(mem, key, NOW + 9, got, sizeof(got),
                                     &len), WEIR_OK);
    assert_int_equal(weir_tokens_get(mem, key, NOW + 10, got, sizeof(got),
                                     &len), WEIR_DECLINED);

    /* what is put again takes the place of what was there */
    weir_tokens_put(mem, key, "three", 5, NOW, NOW + 20);
    assert_int_equal(weir_tokens_get(mem, key, NOW + 10, got, sizeof(got),
                                     &len), WEIR_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(got, "three", 5);

    /* what has expired is not kept */
    weir_tokens_put(mem, key_of(2), "two", 3, NOW, NOW);
    assert_int_equal(weir_tokens_get(mem, key_of(2), NOW - 1, got,
                                     sizeof(got), &len), WEIR_DECLINED);
    munmap(mem, SIZE);
}


/* One set of eight: who gives way. */
static void
expired_then_old_tokens_give_way(void **state)
{
    void      *mem;
    size_t     size;
    uint64_t   n;

    (void) state;

    size = HEAD + WAYS * (sizeof(slot_t) + 1216);
    mem = shared(size);
    assert_non_null(weir_tokens_init(mem, size));
    assert_int_equal(((weir_tokens_t *) mem)->classes[0].sets, 1);

    for (n = 1; n <= 4; n++) {
        put(mem, n, NOW, NOW + 100);
        put(mem, n + 5, NOW, NOW + 100);
    }

    /* 3 is the one that nobody asked for since */
    for (n = 1; n <= 9; n++) {
        assert_int_equal(get(mem, n, NOW + (n == 3 ? 0 : 1)),
                         n == 5 ? WEIR_DECLINED : WEIR_OK);
    }

    put(mem, 11, NOW + 2, NOW + 100);
    assert_int_equal(get(mem, 3, NOW + 2), WEIR_DECLINED);
    assert_int_equal(get(mem, 11, NOW + 2), WEIR_OK);
    assert_int_equal(get(mem, 1, NOW + 2), WEIR_OK);

    /* 12 goes before those that live, although it was used last */
    put(mem, 12, NOW + 2, NOW + 3);
    assert_int_equal(get(mem, 12, NOW + 2), WEIR_OK);
    n = get(mem, 1, NOW + 4) + get(mem, 2, NOW + 4) + get(mem, 4, NOW + 4)
        + get(mem, 6, NOW + 4) + get(mem, 7, NOW + 4) + get(mem, 8, NOW + 4)
        + get(mem, 9, NOW + 4) + get(mem, 11, NOW + 4);
    assert_int_equal(n, WEIR_DECLINED);         /* 12 took the place of one */
    put(mem, 13, NOW + 4, NOW + 100);
    n = get(mem, 1, NOW + 4) + get(mem, 2, NOW + 4) + get(mem, 4, NOW + 4)
        + get(mem, 6, NOW + 4) + get(mem, 7, NOW + 4) + get(mem, 8, NOW + 4)
        + get(mem, 9, NOW + 4) + get(mem, 11, NOW + 4);
    assert_int_equal(n, WEIR_DECLINED);

    /* a clock that was an hour ahead leaves nothing that stays for good */
    for (n = 21; n <= 28; n++) {
        put(mem, n, NOW + 3600, NOW + 7200);
    }

    put(mem, 31, NOW + 5, NOW + 100);
    put(mem, 32, NOW + 6, NOW + 100);
    assert_int_equal(get(mem, 31, NOW + 6), WEIR_OK);
    assert_int_equal(get(mem, 32, NOW + 6), WEIR_OK);
    munmap(mem, size);
}


/* The only slot of a table that holds something. */
static slot_t *
slot_in_use(weir_tokens_t *t, uint64_t **data)
{
    slot_t         *s;
    uint64_t        i;
    const class_t  *c;

    for (c = t->classes; c < t->classes + CLASSES; c++) {
        s = (slot_t *) ((char *) t + c->slots);

        for (i = 0; i < (uint64_t) c->sets * WAYS; i++) {
            if (s[i].len != 0) {
                *data = data_of(t, c, i);
                return &s[i];
            }
        }
    }

    fail();

    return NULL;
}


/* Every bit that is not as it was written, but for when it was used. */
static void
torn_tokens_are_not_there(void **state)
{
    void      *mem;
    char      *p;
    size_t     i, len;
    slot_t    *s;
    uint64_t  *data;
    char       got[64];

    (void) state;

    mem = shared(SIZE);
    weir_tokens_init(mem, SIZE);
    weir_tokens_put(mem, key_of(1), "twenty bytes of text", 20, NOW, NOW + 10);
    s = slot_in_use(mem, &data);

    for (i = 0; i < (sizeof(*s) + 20) * 8; i++) {
        p = i < sizeof(*s) * 8 ? (char *) s + i / 8
                               : (char *) data + i / 8 - sizeof(*s);

        /* the sequence is the same before and after; nor is use a part */
        if ((p >= (char *) &s->lock + 4 && p < (char *) s->key)
            || (p >= (char *) &s->used && p < (char *) (s + 1))
            || p < (char *) &s->lock + 4)
        {
            continue;
        }

        *p ^= (char) (1 << i % 8);

        if (weir_tokens_get(mem, key_of(1), NOW, got, sizeof(got), &len)
            != WEIR_DECLINED)
        {
            fail_msg("bit %zu", i);
        }

        *p ^= (char) (1 << i % 8);
        s->used = NOW;
    }

    assert_int_equal(weir_tokens_get(mem, key_of(1), NOW, got, sizeof(got),
                                     &len), WEIR_OK);
    munmap(mem, SIZE);
}


/* Somebody died, or sleeps, in the middle of writing. */
static void
a_slot_in_hand_is_lost_after_a_while(void **state)
{
    void      *mem;
    slot_t    *s;
    entry_t    e;
    uint64_t  *data, lock, mine;
    uint8_t    text[LONGEST];

    (void) state;

    mem = shared(SIZE);
    weir_tokens_init(mem, SIZE);
    put(mem, 1, NOW, NOW + 100);
    s = slot_in_use(mem, &data);

    lock = s->lock;
    assert_true(take(s, NOW, &lock));
    mine = lock;
    s->sum ^= 1;
    assert_int_equal(get(mem, 1, NOW), WEIR_DECLINED);

    /* another place for the same key: both may be there later */
    put(mem, 1, NOW + 1, NOW + 100);
    assert_int_equal(s->lock, mine);
    assert_int_equal(get(mem, 1, NOW + 1), WEIR_OK);
    weir_tokens_init(mem, SIZE);

    put(mem, 1, NOW, NOW + 100);
    s = slot_in_use(mem, &data);
    lock = s->lock;
    assert_true(take(s, NOW, &lock));
    mine = lock;

    put(mem, 1, NOW + TAKEOVER + 1, NOW + 100);
    assert_int_equal(s->lock % 2, 0);
    assert_int_equal(get(mem, 1, NOW + 6), WEIR_OK);

    /* the first wakes up, and writes what it had begun */
    memcpy(e.key, key_of(1), sizeof(e.key));
    e.until = NOW + 100;
    e.len = (uint32_t) text_of(1, text);
    memset(text, 'x', 40);
    copy_in(data, text, 40);
    assert_int_equal(get(mem, 1, NOW + 6), WEIR_DECLINED);
    fill(s, data, &e, text, NOW);
    lock = s->lock;
    release(s, mine);
    assert_int_equal(s->lock, lock);

    /* both asleep: the one that came last has it */
    assert_true(take(s, NOW + 10, &lock));
    mine = lock;
    assert_false(is_free(lock, NOW + 10 + TAKEOVER));
    assert_true(is_free(lock, NOW + 11 + TAKEOVER));
    assert_true(take(s, NOW + 20, &lock));
    release(s, mine);
    assert_int_equal(s->lock, lock);
    release(s, lock);
    assert_int_equal(s->lock % 2, 0);
    put(mem, 1, NOW + 21, NOW + 100);
    assert_int_equal(get(mem, 1, NOW + 21), WEIR_OK);
    munmap(mem, SIZE);
}


/* Reads and writes without end, or so many times; 1: saw what nobody put. */
static void
use_tokens(weir_tokens_t *t, uint64_t seed, unsigned rounds)
{
    uint64_t  n;
    unsigned  i;

    for (i = 0; rounds == 0 || i < rounds; i++) {
        n = weir_mix(seed * 1000003 + i) % 300;

        if (i % 3 == 0) {
            put(t, n, NOW, NOW + 100);
        } else if (get(t, n, NOW) == WEIR_ERROR) {
            _exit(1);
        }
    }

    _exit(0);
}


static pid_t
fork_tokens(weir_tokens_t *t, uint64_t seed, unsigned rounds)
{
    pid_t  pid;

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        use_tokens(t, seed, rounds);
    }

    return pid;
}


static void
processes_see_whole_tokens_and_may_be_killed(void **state)
{
    int       status;
    void     *mem;
    pid_t     pid, pids[WRITERS];
    size_t    size;
    uint64_t  n, hits;
    unsigned  i;

    (void) state;

    /* few slots, so that all want the same */
    size = 200000;
    mem = shared(size);
    assert_non_null(weir_tokens_init(mem, size));

    for (i = 0; i < WRITERS; i++) {
        pids[i] = fork_tokens(mem, i, 10000);
    }

    for (i = 0; i < 50; i++) {
        pid = fork_tokens(mem, 100 + i, 0);
        usleep(weir_mix(i) % 3000);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
    }

    for (i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }

    /* what the dead had in hand is taken from them */
    hits = 0;

    for (n = 1000; n < 1200; n++) {
        put(mem, n, NOW + TAKEOVER + 1, NOW + 100);
        hits += get(mem, n, NOW + TAKEOVER + 1) == WEIR_OK;
    }

    assert_int_equal(hits, 200);
    munmap(mem, size);
}


static void
an_id_comes_once(void **state)
{
    void           *mem;
    size_t          i;
    const uint8_t  *id;

    static const uint8_t  zero[WEIR_SHA256_LEN];

    (void) state;

    mem = shared(SIZE);

    for (i = 0; i < 2; i++) {
        weir_seen_init(mem, SIZE);
        id = i ? zero : key_of(1);
        assert_int_equal(weir_seen_once(mem, id, NOW, NOW + 60), WEIR_OK);
        assert_int_equal(weir_seen_once(mem, id, NOW, NOW + 60),
                         WEIR_DECLINED);
        assert_int_equal(weir_seen_once(mem, id, NOW + 60, NOW + 120),
                         WEIR_DECLINED);

        /* clocks of processes may differ */
        assert_int_equal(weir_seen_once(mem, id, NOW - 2, NOW + 60),
                         WEIR_DECLINED);
        assert_int_equal(weir_seen_once(mem, id, NOW + 60 + UNIT, NOW + 120),
                         WEIR_DECLINED);
        assert_int_equal(weir_seen_once(mem, id, NOW + 60 + 2 * UNIT,
                                        NOW + 120), WEIR_OK);
        assert_int_equal(weir_seen_once(mem, id, NOW + 60 + 2 * UNIT,
                                        NOW + 120), WEIR_DECLINED);
    }

    /* even if it is over at once, or already */
    weir_seen_init(mem, SIZE);
    assert_int_equal(weir_seen_once(mem, key_of(2), NOW, NOW), WEIR_OK);
    assert_int_equal(weir_seen_once(mem, key_of(2), NOW, NOW), WEIR_DECLINED);
    assert_int_equal(weir_seen_once(mem, key_of(3), NOW, NOW - 9), WEIR_OK);
    assert_int_equal(weir_seen_once(mem, key_of(3), NOW, NOW - 9),
                     WEIR_DECLINED);

    id = key_of(4);
    assert_int_equal(weir_seen_once(mem, id, NOW, NOW + WEIR_SEEN_MAX),
                     WEIR_OK);
    assert_int_equal(weir_seen_once(mem, id, NOW, NOW + WEIR_SEEN_MAX),
                     WEIR_DECLINED);
    assert_int_equal(weir_seen_once(mem, id, NOW + WEIR_SEEN_MAX, NOW),
                     WEIR_DECLINED);
    assert_int_equal(weir_seen_once(mem, key_of(5), NOW,
                                    NOW + WEIR_SEEN_MAX + 1), WEIR_ERROR);
    assert_int_equal(weir_seen_once(mem, key_of(5), -1, 1), WEIR_ERROR);
    assert_int_equal(weir_seen_once(mem, key_of(5), NOW, INT64_MAX),
                     WEIR_ERROR);
    munmap(mem, SIZE);
}


static void
who_slept_too_long_cannot_know(void **state)
{
    void  *mem;

    (void) state;

    mem = shared(SIZE);
    weir_seen_init(mem, SIZE);

    assert_int_equal(weir_seen_once(mem, key_of(1), NOW + 60, NOW + 70),
                     WEIR_OK);

    /* it may have come, and been forgotten at NOW + 60 */
    assert_int_equal(weir_seen_once(mem, key_of(2), NOW, NOW + 51),
                     WEIR_DECLINED);
    assert_int_equal(weir_seen_once(mem, key_of(3), NOW, NOW + 52), WEIR_OK);

    /* a clock that was set goes on from there */
    assert_int_equal(weir_seen_once(mem, key_of(4), NOW - ASLEEP, NOW),
                     WEIR_OK);
    assert_int_equal(weir_seen_once(mem, key_of(5), NOW, NOW + 10), WEIR_OK);
    munmap(mem, SIZE);
}


/* Two bring an id at one instant; one of them sees a place expire first. */
static void
two_places_for_one_id_are_noticed(void **state)
{
    void      *mem;
    uint64_t   had, word, *set;
    unsigned   place;

    (void) state;

    mem = shared(64 + PLACES * 8);
    assert_non_null(weir_seen_init(mem, 64 + PLACES * 8));
    set = (uint64_t *) ((char *) mem + LINE);
    assert_int_equal(weir_seen_once(mem, key_of(1), NOW, NOW), WEIR_OK);
    assert_int_equal(weir_seen_once(mem, key_of(2), NOW, NOW + 60), WEIR_OK);
    word = set[1];
    set[1] = 0;

    /* the first finds what the second, whose clock is behind, has written */
    assert_true(look(set, word >> UNIT_BITS, NOW + 16, PLACES, &place, &had));
    assert_int_equal(place, 0);
    assert_int_equal(weir_seen_once(mem, key_of(2), NOW + 15, NOW + 60),
                     WEIR_OK);
    assert_int_equal(claim(mem, set, place, had, word, NOW + 16, NOW + 60),
                     WEIR_DECLINED);

    /* the place that both wanted has gone */
    assert_int_equal(claim(mem, set, place, had, word, NOW + 16, NOW + 60),
                     WEIR_AGAIN);
    munmap(mem, 64 + PLACES * 8);
}


static void
a_full_table_refuses_and_forgets_nobody(void **state)
{
    void     *mem;
    size_t    size, n;

    (void) state;

    size = 64 + PLACES * 8;
    mem = shared(size);
    assert_non_null(weir_seen_init(mem, size));

    for (n = 0; n < PLACES; n++) {
        assert_int_equal(weir_seen_once(mem, key_of(n), NOW, NOW + 60),
                         WEIR_OK);
    }

    assert_int_equal(weir_seen_once(mem, key_of(n), NOW, NOW + 60),
                     WEIR_ERROR);

    for (n = 0; n < PLACES; n++) {
        assert_int_equal(weir_seen_once(mem, key_of(n), NOW + 50, NOW + 60),
                         WEIR_DECLINED);
    }

    assert_int_equal(weir_seen_once(mem, key_of(n), NOW + 80, NOW + 90),
                     WEIR_OK);

    /* filled by a clock that was two days ahead */
    for (n = 100; n < 100 + PLACES; n++) {
        (void) weir_seen_once(mem, key_of(n), NOW + 172800, NOW + 172860);
    }

    assert_int_equal(weir_seen_once(mem, key_of(200), NOW + 81, NOW + 91),
                     WEIR_OK);
    munmap(mem, size);
}


/*
 * All bring the same ids, and stop when their time is over.  The time is that
 * of who is ahead, and for each process a little more.
 */
static void
race(weir_seen_t *s, uint32_t *ok, uint32_t *go, uint32_t *ahead,
    int64_t apart)
{
    int64_t   now, until;
    uint32_t  n, most;

    __atomic_add_fetch(go, 1, __ATOMIC_SEQ_CST);

    while (__atomic_load_n(go, __ATOMIC_SEQ_CST) < RACERS) {
        sched_yield();
    }

    for (n = 0; n < IDS; n++) {
        most = __atomic_load_n(ahead, __ATOMIC_SEQ_CST);

        while (most < n
               && !__atomic_compare_exchange_n(ahead, &most, n, false,
                                               __ATOMIC_SEQ_CST,
                                               __ATOMIC_SEQ_CST))
        { /* void */ }

        most = most < n ? n : most;
        now = NOW + most / 1024 * 8 + apart;
        until = NOW + n / 1024 * 8 + 16;

        if (now < until
            && weir_seen_once(s, key_of(n), now, until) == WEIR_OK)
        {
            __atomic_add_fetch(&ok[n], 1, __ATOMIC_SEQ_CST);
        }
    }
}


static void
race_all(size_t size, int64_t apart, unsigned kill_one, unsigned *once,
    unsigned *never)
{
    int        status;
    pid_t      pids[RACERS];
    char      *mem;
    unsigned   i;
    uint32_t  *ok, *go, *ahead;

    mem = shared(SIZE);
    go = (uint32_t *) mem;
    ahead = go + 1;
    ok = go + 2;
    assert_non_null(weir_seen_init(mem + SIZE / 2, size));

    for (i = 0; i < RACERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] == 0) {
            race((weir_seen_t *) (mem + SIZE / 2), ok, go, ahead,
                 apart * i);
            _exit(0);
        }
    }

    if (kill_one) {
        usleep(kill_one);
        kill(pids[0], SIGKILL);
        __atomic_store_n(go, RACERS, __ATOMIC_SEQ_CST);
    }

    for (i = 0; i < RACERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) || (kill_one && i == 0));
    }

    *once = 0;
    *never = 0;

    for (i = 0; i < IDS; i++) {
        *once += ok[i] == 1;
        *never += ok[i] == 0;

        if (ok[i] > 1) {
            fail_msg("id %u came %u times", i, ok[i]);
        }
    }

    munmap(mem, SIZE);
}


static void
processes_agree_on_what_came_once(void **state)
{
    unsigned  i, once, never;

    (void) state;

    for (i = 0; i < 4; i++) {
        race_all(SIZE / 2, 0, 0, &once, &never);
        assert_true(never <= 4);        /* those that got in each other's way */
    }

    for (i = 0; i < 6; i++) {
        race_all(SIZE / 2, 0, 500 + i * 400, &once, &never);
        assert_true(never <= 4);        /* and one that the dead one had */
    }

    /* clocks up to 3 seconds apart, in a table where places are scarce */
    for (i = 0; i < 4; i++) {
        race_all(64 + 40 * PLACES * 8, 1, 0, &once, &never);
        assert_true(once > 0);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(tables_need_their_room),
        cmocka_unit_test(tables_stay_in_their_memory),
        cmocka_unit_test(tokens_of_every_length_come_back),
        cmocka_unit_test(tokens_are_found_by_the_whole_key_until_their_time),
        cmocka_unit_test(expired_then_old_tokens_give_way),
        cmocka_unit_test(torn_tokens_are_not_there),
        cmocka_unit_test(a_slot_in_hand_is_lost_after_a_while),
        cmocka_unit_test(processes_see_whole_tokens_and_may_be_killed),
        cmocka_unit_test(an_id_comes_once),
        cmocka_unit_test(who_slept_too_long_cannot_know),
        cmocka_unit_test(two_places_for_one_id_are_noticed),
        cmocka_unit_test(a_full_table_refuses_and_forgets_nobody),
        cmocka_unit_test(processes_agree_on_what_came_once)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
