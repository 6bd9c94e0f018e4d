/*
 * test_revoked.c: the table of what is revoked: what it finds, when a set
 * becomes current, and processes that look while another one writes.
 */

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "run/revoked.c"
#include "shared.h"

#define N_OF(a)   (sizeof(a) / sizeof((a)[0]))
#define SIZE      (1u << 16)
#define SETS      3000
#define MEMBERS   40
#define MANY      1000000       /* until readers have seen two of them */
#define ODD       1u
#define EVEN      2u

#define HAS(t, issuer, what, value)                                           \
    weir_revoked_has(t, weir_cstr(issuer), weir_cstr(what), weir_cstr(value))


static weir_revoked_t *
table(size_t size)
{
    weir_id_t        key;
    weir_revoked_t  *t;

    memset(&key, 7, sizeof(key));
    t = weir_revoked_init(shared(size), size, &key);
    assert_non_null(t);

    return t;
}


static uint64_t
begin(weir_revoked_t *t)
{
    uint64_t  fill;

    weir_revoked_begin(t, &fill);

    while (weir_revoked_empty(t, fill, 4096) == WEIR_AGAIN) {
        /* void */
    }

    return fill;
}


static void
publish(weir_revoked_t *t, const char *const *members)
{
    uint64_t  fill;

    fill = begin(t);

    while (*members != NULL) {
        assert_int_equal(weir_revoked_add(t, fill, weir_cstr(*members++)),
                         WEIR_OK);
    }

    assert_int_equal(weir_revoked_commit(t, fill), WEIR_OK);
}


static void
a_table_needs_its_room(void **state)
{
    char            *mem;
    size_t           size;
    weir_id_t        key;
    weir_revoked_t  *t;

    (void) state;
    memset(&key, 1, sizeof(key));
    mem = shared(SIZE);

    for (size = 0; size < 128 + 2 * 8 * 8; size++) {
        assert_null(weir_revoked_init(mem, size, &key));
    }

    for (; size < 3000; size += 7) {
        memset(mem, 0, SIZE);
        t = weir_revoked_init(mem, size, &key);
        assert_non_null(t);
        assert_true(2 * LINE + 2 * t->slots * 8 <= size);
        assert_true(2 * LINE + 2 * (t->slots + 1) * 8 > size);
        assert_true(weir_revoked_room(t) < t->slots);
    }

    munmap(mem, SIZE);
}


static void
members_are_found_by_all_of_their_parts(void **state)
{
    weir_revoked_t  *t;

    static const char *const  members[] = {
        "main jti 123", "main sub ann b", "other kid k-1", "main jti  x",
        "main jti 123", NULL
    };

    (void) state;
    t = table(SIZE);
    assert_false(HAS(t, "main", "jti", "123"));

    publish(t, members);

    assert_int_equal(weir_revoked_count(t), 4);
    assert_true(HAS(t, "main", "jti", "123"));
    assert_true(HAS(t, "main", "sub", "ann b"));
    assert_true(HAS(t, "other", "kid", "k-1"));
    assert_true(HAS(t, "main", "jti", " x"));

    assert_false(HAS(t, "main", "jti", "12"));
    assert_false(HAS(t, "main", "jti", "1234"));
    assert_false(HAS(t, "main", "sub", "123"));
    assert_false(HAS(t, "other", "jti", "123"));
    assert_false(HAS(t, "main", "sub", "ann"));
    assert_false(HAS(t, "main", "jti", "x"));
    assert_false(HAS(t, "mainj", "ti", "123"));

    munmap(t, SIZE);
}


static void
what_has_another_form_is_none(void **state)
{
    size_t           i;
    uint64_t         fill;
    weir_revoked_t  *t;

    static const weir_str_t  bad[] = {
        { "", 0 }, { " ", 1 }, { "  ", 2 }, { "main", 4 }, { "main jti", 8 },
        { "main jti ", 9 }, { " jti 123", 8 }, { "main exp 123", 12 },
        { "main JTI 123", 12 }, { "main  jti 123", 13 }, { "\0\0\0", 3 },
        { "main\tjti\t123", 12 }, { "\xff\xff jt\0 x", 8 }
    };

    (void) state;
    t = table(SIZE);
    fill = begin(t);

    for (i = 0; i < N_OF(bad); i++) {
        assert_int_equal(weir_revoked_add(t, fill, bad[i]), WEIR_DECLINED);
    }

    assert_int_equal(weir_revoked_add(t, fill,
                                      weir_str("\xff jti \0", 7)), WEIR_OK);
    assert_int_equal(weir_revoked_commit(t, fill), WEIR_OK);
    assert_int_equal(weir_revoked_count(t), 1);
    assert_true(weir_revoked_has(t, weir_str("\xff", 1), weir_string("jti"),
                                 weir_str("\0", 1)));
    munmap(t, SIZE);
}


static void
a_set_shows_when_it_is_whole_and_replaces_the_other(void **state)
{
    uint64_t         fill;
    weir_revoked_t  *t;

    static const char *const  a[] = { "m jti a", NULL };
    static const char *const  b[] = { "m jti b", NULL };
    static const char *const  none[] = { NULL };

    (void) state;
    t = table(SIZE);
    publish(t, a);

    fill = begin(t);
    assert_int_equal(weir_revoked_add(t, fill, weir_string("m jti x")),
                     WEIR_OK);
    assert_true(HAS(t, "m", "jti", "a"));
    assert_false(HAS(t, "m", "jti", "x"));

    /* it is left there, by one who died; nothing of it is in the next */
    publish(t, b);
    assert_int_equal(weir_revoked_add(t, fill, weir_string("m jti y")),
                     WEIR_ERROR);
    assert_int_equal(weir_revoked_empty(t, fill, 1), WEIR_ERROR);
    assert_int_equal(weir_revoked_commit(t, fill), WEIR_ERROR);
    assert_true(HAS(t, "m", "jti", "b"));
    assert_false(HAS(t, "m", "jti", "a"));
    assert_false(HAS(t, "m", "jti", "x"));
    assert_false(HAS(t, "m", "jti", "y"));

    publish(t, none);
    assert_int_equal(weir_revoked_count(t), 0);
    assert_false(HAS(t, "m", "jti", "b"));

    munmap(t, SIZE);
}


static void
a_fill_ends_once(void **state)
{
    uint64_t         fill;
    weir_revoked_t  *t;

    (void) state;
    t = table(SIZE);

    weir_revoked_begin(t, &fill);
    assert_int_equal(weir_revoked_empty(t, fill, 1), WEIR_AGAIN);
    assert_int_equal(weir_revoked_commit(t, fill), WEIR_ERROR);

    fill = begin(t);
    assert_int_equal(weir_revoked_commit(t, fill), WEIR_OK);
    assert_int_equal(weir_revoked_commit(t, fill), WEIR_ERROR);
    assert_int_equal(weir_revoked_add(t, fill, weir_string("m jti a")),
                     WEIR_ERROR);

    munmap(t, SIZE);
}


static void
a_full_table_keeps_what_it_had(void **state)
{
    char             member[32];
    uint64_t         fill, i, room;
    weir_revoked_t  *t;

    static const char *const  a[] = { "m jti a", NULL };

    (void) state;
    t = table(SIZE);
    room = weir_revoked_room(t);
    publish(t, a);
    fill = begin(t);

    for (i = 0; i < room; i++) {
        snprintf(member, sizeof(member), "m sub %d", (int) i);
        assert_int_equal(weir_revoked_add(t, fill, weir_cstr(member)),
                         WEIR_OK);
    }

    assert_int_equal(weir_revoked_add(t, fill, weir_string("m sub new")),
                     WEIR_NOMEM);
    assert_int_equal(weir_revoked_add(t, fill, weir_string("m sub 0")),
                     WEIR_OK);
    assert_true(HAS(t, "m", "jti", "a"));

    assert_int_equal(weir_revoked_commit(t, fill), WEIR_OK);
    assert_int_equal(weir_revoked_count(t), room);

    for (i = 0; i < room; i++) {
        snprintf(member, sizeof(member), "%d", (int) i);
        assert_true(HAS(t, "m", "sub", member));
    }

    munmap(t, SIZE);
}


/*
 * Odd sets have members of their own, even ones too; one member is in all.
 * Nobody ever misses that.
 */
static void
reader(const weir_revoked_t *t, const uint64_t *stop, uint64_t *seen)
{
    while (!get(stop)) {

        if (!HAS(t, "m", "sub", "always") || HAS(t, "m", "sub", "never")) {
            _exit(1);
        }

        if (HAS(t, "m", "jti", "1-0")) {
            set(seen, get(seen) | ODD);
        }

        if (HAS(t, "m", "jti", "0-0")) {
            set(seen, get(seen) | EVEN);
        }
    }

    _exit(0);
}


static void
readers_see_whole_sets(void **state)
{
    int              status;
    char             member[32];
    size_t           i, n;
    pid_t            pids[2];
    uint64_t         fill, *stop;
    weir_revoked_t  *t;

    static const char *const  first[] = { "m sub always", NULL };

    (void) state;
    t = table(SIZE);
    stop = shared(4096);
    publish(t, first);

    for (i = 0; i < N_OF(pids); i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);

        if (pids[i] == 0) {
            reader(t, stop, &stop[i + 1]);
        }
    }

    for (n = 0; n < MANY; n++) {

        if (n >= SETS && (get(&stop[1]) & get(&stop[2])) == (ODD | EVEN)) {
            break;
        }

        fill = begin(t);

        for (i = 0; i < MEMBERS; i++) {
            snprintf(member, sizeof(member), "m jti %d-%d", (int) (n & 1),
                     (int) i);
            assert_int_equal(weir_revoked_add(t, fill, weir_cstr(member)),
                             WEIR_OK);
        }

        assert_int_equal(weir_revoked_add(t, fill,
                                          weir_string("m sub always")),
                         WEIR_OK);
        assert_int_equal(weir_revoked_commit(t, fill), WEIR_OK);

        if (n % 64 == 0) {
            sched_yield();
        }
    }

    assert_true(n < MANY);
    set(stop, 1);

    for (i = 0; i < N_OF(pids); i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }

    munmap(t, SIZE);
    munmap(stop, 4096);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_table_needs_its_room),
        cmocka_unit_test(members_are_found_by_all_of_their_parts),
        cmocka_unit_test(what_has_another_form_is_none),
        cmocka_unit_test(a_set_shows_when_it_is_whole_and_replaces_the_other),
        cmocka_unit_test(a_fill_ends_once),
        cmocka_unit_test(a_full_table_keeps_what_it_had),
        cmocka_unit_test(readers_see_whole_sets)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
