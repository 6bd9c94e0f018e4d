/*
 * table_fixture.h: tables of limits, keys, and processes that share them.
 */

#ifndef WEIR_TEST_TABLE_FIXTURE_H
#define WEIR_TEST_TABLE_FIXTURE_H

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "run/limit_cell.h"
#include "shared.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define S        WEIR_CELL_SECOND
#define MS       (S / 1000)
#define NOW      (1000000 * S)      /* on the table's clock */
#define SIZE     (1u << 20)
#define ONE_SET  (128 + 2 * (32 * 64 + 8))  /* bytes: one of each region */


static weir_limits_t *
table(size_t size)
{
    weir_limits_t  *t;

    t = weir_limits_init(shared(size), size);
    assert_non_null(t);

    return t;
}


/* The take of a key that looks like a digest. */
static weir_take_t
take_of(const weir_img_limit_t *l, uint64_t n)
{
    weir_take_t  take;

    memset(&take, 0, sizeof(take));
    take.limit = l;
    take.key.w[0] = weir_mix(n * 2 + 0x1234567890abcdefu);
    take.key.w[1] = weir_mix(n * 2 + 0xfedcba0987654321u);
    take.cost = 1;
    take.clock = NOW;

    return take;
}


/* Processes that begin at once: each calls this with how many there are. */
static void
meet(uint32_t *go, uint32_t n)
{
    __atomic_add_fetch(go, 1, __ATOMIC_SEQ_CST);

    while (__atomic_load_n(go, __ATOMIC_SEQ_CST) < n) {
        sched_yield();
    }
}


static void
join(const pid_t *pids, unsigned n)
{
    int       status;
    unsigned  i;

    for (i = 0; i < n; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}


static void
kill_after(pid_t pid, unsigned us)
{
    int  status;

    usleep(us);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

#endif
