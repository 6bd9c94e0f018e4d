/*
 * test_rows.c: a table of rows: a name is there once, whoever makes it at once
 * or dies while doing so.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "meanwhile.h"
#include "shared.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

#define __atomic_compare_exchange_n(...)                                      \
    (come(), __atomic_compare_exchange_n(__VA_ARGS__))

/* Whether all texts have the same hash. */
static bool  dull;

#define weir_hash(key, seed)  (dull ? 7 : weir_hash(key, seed))

#include "run/rows.c"

#define SIZE   (1 << 20)
#define MANY   100000
#define KILLS  120
#define OTHERS  5
#define SMALL  8192             /* bytes of a table */
#define NAMES  600              /* that processes count at once */
#define CHILDREN  3

static weir_rows_t  *t;


static int
setup(void **state)
{
    (void) state;

    t = weir_rows_init(shared(SIZE), SIZE);
    assert_non_null(t);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    munmap(t, SIZE);

    return 0;
}


static weir_row_t *
make(unsigned kind, const char *a, const char *b, bool *made)
{
    weir_str_t  labels[2];

    labels[0] = weir_cstr(a);
    labels[1] = weir_cstr(b);

    return weir_rows_make(t, kind, labels, 2, 3, NULL, made);
}


static weir_row_t *
numbered(unsigned i, bool *made)
{
    char        text[16];
    weir_str_t  label;

    label = weir_str(text, (size_t) snprintf(text, sizeof(text), "row %u", i));

    return weir_rows_make(t, 1, &label, 1, 1, NULL, made);
}


static unsigned
rows_of(unsigned kind)
{
    unsigned     n;
    weir_row_t  *row;

    n = 0;

    for (row = weir_rows_first(t, kind); row; row = weir_rows_next(t, row)) {
        n++;
    }

    return n;
}


/* Each name once, and found. */
static void
check_rows(unsigned kind, unsigned nlabels)
{
    unsigned      i;
    uint32_t      n, *hashes;
    weir_str_t    labels[WEIR_ROW_LABELS];
    weir_row_t   *row;

    hashes = calloc(MANY, sizeof(uint32_t));

    for (row = weir_rows_first(t, kind); row; row = weir_rows_next(t, row)) {
        for (i = 0; i < nlabels; i++) {
            labels[i] = weir_row_label(row, i);
        }

        assert_ptr_equal(weir_rows_find(t, kind, labels, nlabels), row);
        n = row->hash % MANY;

        while (hashes[n] != 0) {
            assert_true(hashes[n] != row->hash);
            n = (n + 1) % MANY;
        }

        hashes[n] = row->hash;
    }

    free(hashes);
}


static void
a_row_is_made_once_and_stays(void **state)
{
    bool         made;
    uint64_t    *words;
    weir_str_t   labels[WEIR_ROW_LABELS + 1];
    weir_row_t  *row, *other;

    (void) state;

    made = false;
    row = make(0, "acme", "orders", &made);
    assert_true(made);
    words = weir_row_words(row);
    assert_int_equal((uintptr_t) words % 64, 0);
    assert_true(words[0] == 0 && words[1] == 0 && words[2] == 0);
    weir_row_add(&words[2], 7);
    weir_row_add(&words[2], 1);

    assert_ptr_equal(make(0, "acme", "orders", &made), row);
    assert_false(made);
    assert_true(weir_row_words(row)[2] == 8);
    assert_true(weir_str_eq(weir_row_label(row, 0), weir_string("acme")));
    assert_true(weir_str_eq(weir_row_label(row, 1), weir_string("orders")));
    assert_int_equal(weir_row_label(row, 2).len, 0);

    /* another kind, number of labels, place where they are cut */
    other = make(1, "acme", "orders", &made);
    assert_true(made && other != row);
    other = make(0, "acmeo", "rders", &made);
    assert_true(made && other != row);
    other = make(0, "orders", "acme", &made);
    assert_true(made && other != row);
    other = make(0, "", "acmeorders", &made);
    assert_true(made && other != row);
    labels[0] = weir_string("acme");
    labels[1] = weir_string("orders");
    labels[2] = weir_str(NULL, 0);
    assert_null(weir_rows_find(t, 0, labels, 1));
    assert_null(weir_rows_find(t, 0, labels, 3));
    assert_null(weir_rows_find(t, 2, labels, 2));
    assert_non_null(weir_rows_make(t, 0, labels, 3, 1, NULL, &made));
    assert_true(made);
    assert_ptr_equal(weir_rows_find(t, 0, labels, 2), row);
    assert_non_null(weir_rows_make(t, 0, NULL, 0, 1, NULL, &made));
    assert_true(made);

    assert_int_equal(rows_of(0), 6);
    assert_int_equal(rows_of(1), 1);
    assert_int_equal(rows_of(2), 0);

    /* what no table has */
    made = false;
    assert_null(weir_rows_make(t, WEIR_ROW_KINDS, labels, 2, 1, NULL, &made));
    assert_null(weir_rows_find(t, WEIR_ROW_KINDS, labels, 2));
    assert_null(weir_rows_first(t, WEIR_ROW_KINDS));
    assert_null(weir_rows_make(t, 0, labels, WEIR_ROW_LABELS + 1, 1, NULL,
                               &made));
    assert_false(made);
}


/* A row may come between the name and who looks for it. */
static void
a_name_finds_what_there_is_by_then(void **state)
{
    bool             made;
    char             text[300];
    unsigned         i;
    weir_row_t      *row, *cut;
    weir_str_t       label;
    weir_row_name_t  names[4];

    (void) state;

    memset(text, 'x', sizeof(text));

    for (i = 0; i < N_OF(names); i++) {
        names[i].labels[0] = weir_string("acme");
        names[i].labels[1] = weir_string("orders");
    }

    names[2].labels[0] = weir_str(text, sizeof(text));
    weir_rows_name(t, 0, 2, &names[0]);
    weir_rows_name(t, 1, 2, &names[1]);
    weir_rows_name(t, 0, 1, &names[2]);
    weir_rows_name(t, WEIR_ROW_KINDS, 2, &names[3]);

    for (i = 0; i < N_OF(names); i++) {
        weir_rows_near(&names[i]);
        assert_null(weir_rows_named(&names[i]));
    }

    row = make(0, "acme", "orders", &made);
    assert_true(made);
    label = weir_str(text, WEIR_ROW_LABEL);
    cut = weir_rows_make(t, 0, &label, 1, 1, NULL, &made);
    assert_true(made);

    for (i = 0; i < N_OF(names); i++) {
        weir_rows_near(&names[i]);
    }

    assert_ptr_equal(weir_rows_named(&names[0]), row);
    assert_null(weir_rows_named(&names[1]));
    assert_ptr_equal(weir_rows_named(&names[2]), cut);
    assert_null(weir_rows_named(&names[3]));

    /* what no table has */
    weir_rows_name(t, 0, WEIR_ROW_LABELS + 1, &names[0]);
    assert_null(weir_rows_named(&names[0]));
}


static void
names_are_told_by_their_texts(void **state)
{
    bool         made;
    weir_row_t  *row;

    (void) state;

    dull = true;
    row = make(0, "acme", "orders", &made);
    assert_true(made);
    (void) make(0, "acmeo", "rders", &made);
    assert_true(made);
    (void) make(0, "acme", "order", &made);
    assert_true(made);
    (void) make(0, "acme", "orders!", &made);
    assert_true(made);
    (void) make(0, "orders", "acme", &made);
    assert_true(made);
    assert_ptr_equal(make(0, "acme", "orders", &made), row);
    assert_false(made);
    assert_int_equal(rows_of(0), 5);
    dull = false;
}


static void
long_labels_are_cut_at_a_character(void **state)
{
    bool         made;
    char         text[300];
    size_t       i;
    weir_str_t   label, got;
    weir_row_t  *row;

    static const struct {
        const char  *character;
        size_t       at;
        size_t       left;
    } rows[] = {
        { "x", 0, 255 },
        { "\xc3\xa9", 253, 255 },
        { "\xc3\xa9", 254, 254 },
        { "\xe2\x82\xac", 252, 255 },
        { "\xe2\x82\xac", 253, 253 },
        { "\xe2\x82\xac", 254, 254 },
        { "\xf0\x9f\x9a\xb0", 251, 255 },
        { "\xf0\x9f\x9a\xb0", 252, 252 },
        { "\xf0\x9f\x9a\xb0", 254, 254 },
        { "\xf0\x9f\x9a\xb0", 255, 255 },
        { "\x80\x80\x80\x80\x80\x80\x80\x80", 248, 252 }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        memset(text, (int) ('a' + i), sizeof(text));
        memcpy(text + rows[i].at, rows[i].character,
               strlen(rows[i].character));

        label = weir_str(text, sizeof(text));
        row = weir_rows_make(t, 0, &label, 1, 1, NULL, &made);
        assert_true(made);
        got = weir_row_label(row, 0);
        assert_int_equal(got.len, rows[i].left);
        assert_memory_equal(got.data, text, got.len);

        assert_ptr_equal(weir_rows_find(t, 0, &label, 1), row);
        assert_ptr_equal(weir_rows_find(t, 0, &got, 1), row);
        text[299] = '!';
        assert_ptr_equal(weir_rows_make(t, 0, &label, 1, 1, NULL, &made), row);
        assert_false(made);
        label.len = rows[i].left - 1;
        assert_null(weir_rows_find(t, 0, &label, 1));
    }
}


static void
a_table_stays_in_its_memory(void **state)
{
    bool              made;
    char             *mem, text[300];
    size_t            size, n;
    weir_row_t       *row;
    weir_str_t        labels[WEIR_ROW_LABELS];
    weir_rows_t      *old;
    weir_rows_use_t   use;

    (void) state;

    old = t;
    assert_null(weir_rows_init(old, 0));
    assert_null(weir_rows_init(old, 4095));
    memset(text, 'x', sizeof(text));

    for (n = 0; n < WEIR_ROW_LABELS; n++) {
        labels[n] = weir_str(text, sizeof(text));
    }

    for (size = 4096; size < 400000; size += size / 5 + 7) {
        mem = shared(400000 + 64);
        memset(mem + size, 0x5a, 400000 + 64 - size);
        t = weir_rows_init(mem, size);
        assert_ptr_equal(t, mem);

        made = false;
        assert_null(weir_rows_make(t, 0, labels, 6, UINT32_MAX, NULL, &made));
        assert_null(weir_rows_make(t, 0, labels, 6, (unsigned) size / 8,
                                   NULL, &made));
        assert_false(made);

        n = 0;

        do {
            memcpy(text, &n, sizeof(n));
            n++;
            row = weir_rows_make(t, 0, labels, 6, 1, NULL, &made);
            assert_true(row == NULL || made);
        } while (row != NULL);

        for (n = 0; numbered((unsigned) n, &made) != NULL; n++) {
            assert_true(made);
        }

        assert_int_equal(rows_of(1), n);
        weir_rows_use(t, &use);
        assert_true(use.rows == n + rows_of(0));
        assert_true(use.size <= size && use.used <= use.size);
        assert_true(use.size - use.used < 2 * UNIT);
        check_rows(1, 1);

        /* what is there is found all the same */
        if (n != 0) {
            assert_non_null(numbered(0, &made));
            assert_false(made);
        }

        for (n = size; n < 400000 + 64; n++) {
            assert_int_equal(mem[n], 0x5a);
        }

        munmap(mem, 400000 + 64);
    }

    t = old;
}


static void
many_rows(void **state)
{
    bool             made;
    char            *mem;
    unsigned         i, n, longest;
    weir_row_t      *row;
    weir_rows_t     *old;
    weir_rows_use_t  use;

    (void) state;

    old = t;
    mem = shared(MANY * 160);
    t = weir_rows_init(mem, MANY * 160);

    for (i = 0; i < MANY; i++) {
        row = numbered(i, &made);
        assert_true(row != NULL && made);
        weir_row_add(weir_row_words(row), i);
    }

    weir_rows_use(t, &use);
    assert_int_equal(use.rows, MANY);
    assert_int_equal(rows_of(1), MANY);

    for (i = 0; i < MANY; i++) {
        row = numbered(i, &made);
        assert_false(made);
        assert_true(*weir_row_words(row) == i);
    }

    /* spread over the buckets, of which there is one for three rows */
    longest = 0;

    for (i = 0; i <= t->mask; i++) {
        n = 0;

        for (uint32_t at = t->buckets[i]; at; at = row_at(t, at)->chain) {
            n++;
        }

        longest = n > longest ? n : longest;
    }

    assert_true(longest < 16);
    munmap(mem, MANY * 160);
    t = old;
}


static weir_row_t *
make_child(weir_row_t *parent, unsigned kind, const char *name, bool *made)
{
    weir_str_t  labels[2];

    labels[0] = weir_row_label(parent, 0);
    labels[1] = weir_cstr(name);

    return weir_rows_make(t, kind, labels, 2, 2, parent, made);
}


static unsigned
children_of(const weir_row_t *parent)
{
    unsigned     n;
    weir_row_t  *row;

    n = 0;

    for (row = weir_rows_child(t, parent);
         row;
         row = weir_rows_sibling(t, row))
    {
        assert_true(weir_str_eq(weir_row_label(row, 0),
                                weir_row_label(parent, 0)));
        n++;
    }

    return n;
}


static void
rows_have_children(void **state)
{
    bool         made;
    unsigned     i;
    weir_row_t  *parents[2], *row;

    (void) state;

    parents[0] = numbered(0, &made);
    parents[1] = numbered(1, &made);
    assert_int_equal(children_of(parents[0]), 0);

    for (i = 0; i < 12; i++) {
        row = make_child(parents[i % 2], 2 + i % 2, i % 3 ? "a" : "b", &made);
        assert_int_equal(made, i < 4);
        assert_int_equal(weir_row_kind(row), 2 + i % 2);
    }

    assert_int_equal(children_of(parents[0]), 2);
    assert_int_equal(children_of(parents[1]), 2);

    /* of several kinds, the latest first */
    row = make_child(parents[0], 0, "c", &made);
    assert_true(made);
    assert_ptr_equal(weir_rows_child(t, parents[0]), row);
    assert_int_equal(weir_row_kind(weir_rows_child(t, parents[0])), 0);
    assert_int_equal(weir_row_kind(weir_rows_sibling(t, row)), 2);
    assert_int_equal(children_of(parents[0]), 3);
    assert_int_equal(children_of(row), 0);
    assert_int_equal(rows_of(0), 1);
    assert_int_equal(rows_of(2), 2);
    assert_int_equal(rows_of(3), 2);
}


static weir_row_t  *theirs;


static void
they_make_it(void)
{
    bool  made;

    theirs = make(0, "acme", "orders", &made);
    assert_true(made);
}


static void
they_make_a_child(void)
{
    bool  made;

    theirs = make_child(weir_rows_first(t, 1), 0, "orders", &made);
    assert_true(made);
}


/* Some that come into the bucket of "bills". */
static void
they_make_others(void)
{
    bool             made;
    char             text[16];
    unsigned         i, n;
    weir_str_t       labels[2];
    weir_row_name_t  bills, name;

    labels[0] = weir_string("acme");
    labels[1] = weir_string("bills");
    name_of(t, 0, labels, 2, &bills);

    for (i = 0, n = 0; n < OTHERS; i++) {
        labels[1] = weir_str(text, (size_t) snprintf(text, sizeof(text), "%u",
                                                     i));
        name_of(t, 0, labels, 2, &name);

        if (bucket_of(t, name.hash) == bucket_of(t, bills.hash)) {
            assert_non_null(weir_rows_make(t, 0, labels, 2, 1, NULL, &made));
            assert_true(made);
            n++;
        }
    }
}


static void
two_who_make_it_at_once_make_one(void **state)
{
    bool         made;
    unsigned     i;
    weir_row_t  *row, *parent;

    (void) state;

    /* memory is taken, it is listed, it is there */
    for (i = 0; i < 3; i++) {
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
        meanwhile = they_make_it;
        exchanges = i;
        row = make(0, "acme", "orders", &made);
        assert_null(meanwhile);
        assert_false(made);
        assert_ptr_equal(row, theirs);
        assert_int_equal(rows_of(0), 1);
        check_rows(0, 2);

        /* others of its bucket */
        meanwhile = they_make_others;
        exchanges = i;
        row = make(0, "acme", "bills", &made);
        assert_null(meanwhile);
        assert_true(made);
        assert_ptr_equal(make(0, "acme", "bills", &made), row);
        assert_int_equal(rows_of(0), 2 + OTHERS);
        check_rows(0, 2);
    }

    /* it has a parent's list to go into, too */
    for (i = 0; i < 4; i++) {
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
        parent = numbered(0, &made);
        meanwhile = they_make_a_child;
        exchanges = i;
        row = make_child(parent, 0, "orders", &made);
        assert_null(meanwhile);
        assert_false(made);
        assert_ptr_equal(row, theirs);
        assert_ptr_equal(weir_rows_child(t, parent), row);
        assert_int_equal(children_of(parent), 1);
        assert_int_equal(rows_of(0), 1);
    }
}


/*
 * One instruction after the other of a process that makes a child.  Were it to
 * end there, the others went on with the memory as it is: with a copy of it
 * they make the same, and find one.
 */
static void
who_dies_while_making_it_leaves_no_harm(void **state)
{
    int               status;
    bool              made;
    pid_t             pid;
    void             *mem;
    unsigned          steps, states[3], seen;
    weir_row_t       *row, *parent;
    weir_rows_t      *original;
    weir_rows_use_t   use;

    (void) state;

    mem = t;
    original = weir_rows_init(shared(SMALL), SMALL);
    t = original;
    assert_non_null(numbered(0, &made));
    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(1);
        }

        raise(SIGSTOP);
        row = make_child(weir_rows_first(t, 1), 0, "orders", &made);
        raise(SIGSTOP);
        _exit(0);
    }

    t = aligned_alloc(UNIT, SMALL);
    memset(states, 0, sizeof(states));
    assert_int_equal(waitpid(pid, &status, 0), pid);

    if (!WIFSTOPPED(status)) {
        print_message("no process can be traced here\n");
        goto done;
    }

    for (steps = 0; /* void */ ; steps++) {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSTOPPED(status));

        if (WSTOPSIG(status) != SIGTRAP) {
            break;
        }

        memcpy(t, original, SMALL);
        weir_rows_use(t, &use);
        seen = rows_of(0);
        parent = numbered(0, &made);
        assert_false(made);
        assert_int_equal(children_of(parent), seen);
        row = make_child(parent, 0, "orders", &made);
        states[made ? 0 : seen ? 2 : 1]++;

        assert_ptr_equal(weir_rows_first(t, 0), row);
        assert_null(weir_rows_next(t, row));
        assert_ptr_equal(weir_rows_child(t, parent), row);
        assert_null(weir_rows_sibling(t, row));
        assert_true(weir_row_words(row)[0] == 0);
        assert_true(weir_row_words(row)[1] == 0);
        assert_ptr_equal(make_child(parent, 0, "orders", &made), row);
        assert_false(made);
        weir_rows_use(t, &use);
        assert_in_range(use.rows, seen ? 1 : 2, 2);
        assert_non_null(make_child(parent, 0, "bills", &made));
        assert_true(made);
        assert_int_equal(children_of(parent), 2);
    }

    /* before it was there, while it was not live yet, and after that */
    assert_true(steps > 200);
    assert_true(states[0] > 100 && states[1] > 0 && states[2] > 0);

done:

    kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);
    munmap(original, SMALL);
    free(t);
    t = mem;
}


/* Counts each name as often; first says in its own word what it did. */
static void
count(unsigned seed, uint64_t *done)
{
    bool         made;
    uint64_t     i;
    weir_row_t  *row;

    for (i = 0; /* void */ ; i++) {
        row = numbered((unsigned) (weir_mix(i + seed) % NAMES), &made);

        if (row == NULL) {
            _exit(1);
        }

        weir_row_add(weir_row_words(row), 1);
        __atomic_store_n(done, i + 1, __ATOMIC_RELAXED);

        if (__atomic_load_n(&done[1], __ATOMIC_RELAXED) != 0) {
            _exit(0);
        }
    }
}


static uint64_t
sum_of(unsigned kind)
{
    uint64_t     sum;
    weir_row_t  *row;

    sum = 0;

    for (row = weir_rows_first(t, kind); row; row = weir_rows_next(t, row)) {
        sum += *weir_row_words(row);
    }

    return sum;
}


static void
processes_count_at_once_and_die(void **state)
{
    int         status;
    pid_t       pids[CHILDREN], killed;
    uint64_t    want, *done;
    unsigned    i, n, killings;

    (void) state;

    done = shared(4096);
    want = 0;
    killings = 0;

    for (n = 0; n < KILLS; n++) {

        /* a new table, so that names are made again and again */
        if (n % 4 == 0) {
            assert_int_equal(teardown(NULL), 0);
            assert_int_equal(setup(NULL), 0);
            want = 0;
            killings = 0;
        }

        memset(done, 0, 4096);

        for (i = 0; i < CHILDREN; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);

            if (pids[i] == 0) {
                count(n * 1000 + i, &done[i * 8]);
            }
        }

        usleep(50 + (unsigned) (weir_mix(n) % 1500));
        killed = pids[0];
        kill(killed, SIGKILL);
        killings++;

        for (i = 1; i < CHILDREN; i++) {
            __atomic_store_n(&done[i * 8 + 1], 1, __ATOMIC_RELAXED);
        }

        for (i = 0; i < CHILDREN; i++) {
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(i == 0 ? WIFSIGNALED(status)
                               : WIFEXITED(status)
                                 && WEXITSTATUS(status) == 0);
            want += done[i * 8];
        }

        /* what one did last before it was killed, it may not have noted */
        assert_in_range(sum_of(1), want, want + killings);
        assert_true(rows_of(1) <= NAMES);
        check_rows(1, 1);
    }

    munmap(done, 4096);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(a_row_is_made_once_and_stays, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_name_finds_what_there_is_by_then,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_told_by_their_texts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(long_labels_are_cut_at_a_character,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_table_stays_in_its_memory, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_have_children, setup, teardown),
        cmocka_unit_test_setup_teardown(two_who_make_it_at_once_make_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            who_dies_while_making_it_leaves_no_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(processes_count_at_once_and_die,
                                        setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
