/*
 * table.c: what it costs to count: a take of a limit with 10,000 keys, what
 * two processes lose to each other, and bytes a key.
 *
 * Two processes on other keys, and on the same key, are compared with one: a
 * lock that they wait for would make them slower than the cache line alone.
 */

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "base/hash.h"
#include "run/limits.h"

#define KEYS   10000
#define TAKES  2000000
#define SIZE   (8u << 20)

static weir_img_limit_t  limit = {
    .limit = 1000000000, .burst = 1000000000, .window = 1000000000,
    .cost = 1, .kind = WEIR_LIMIT_GCRA
};


static weir_limit_key_t
key(uint64_t i)
{
    return (weir_limit_key_t) { { weir_mix(i + 1), weir_mix(~i) } };
}


/* Nanoseconds of this process for a take; seconds go by meanwhile. */
static double
run(weir_limits_t *t, uint64_t first, uint64_t keys, int64_t *clock)
{
    double       start;
    uint64_t     i;
    weir_left_t  left;
    weir_take_t  take;

    take = (weir_take_t) { .limit = &limit, .cost = 1 };
    start = bench_now();

    for (i = 0; i < TAKES; i++) {
        take.key = key(first + i % keys);
        take.clock = *clock += 1000;

        if (weir_limit_check(t, &take, &left) != WEIR_TAKE_OK
            || weir_limit_take(t, &take, &left) != WEIR_TAKE_OK)
        {
            bench_die("a limit that is never reached was");
        }
    }

    return (bench_now() - start) / TAKES;
}


/* The same in two processes at once: the mean of theirs. */
static double
run_two(weir_limits_t *t, uint64_t second, uint64_t keys, int64_t *clock)
{
    int     status;
    pid_t   pid;
    double *other, ns;

    other = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (other == MAP_FAILED) {
        bench_die("mmap");
    }

    pid = fork();

    if (pid == 0) {
        *other = run(t, second, keys, clock);
        _exit(0);
    }

    ns = run(t, 0, keys, clock);

    if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0) {
        bench_die("fork");
    }

    ns = (ns + *other) / 2;
    munmap(other, sizeof(double));

    return ns;
}


int
main(void)
{
    int             round;
    void           *mem;
    int64_t         clock;
    double          alone[BENCH_ROUNDS], apart[BENCH_ROUNDS];
    double          same[BENCH_ROUNDS];
    weir_limits_t  *t;

    mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    t = mem == MAP_FAILED ? NULL : weir_limits_init(mem, SIZE);

    if (t == NULL) {
        bench_die("no table");
    }

    clock = 1000000000000;

    for (round = 0; round < BENCH_ROUNDS; round++) {
        alone[round] = run(t, 0, KEYS, &clock);
        apart[round] = run_two(t, KEYS, KEYS, &clock) / alone[round];
        same[round] = run_two(t, 0, 1, &clock) / alone[round];
    }

    bench_print("limit_take", alone, BENCH_ROUNDS, "ns", "< 200");
    bench_print("limit_two_workers_apart", apart, BENCH_ROUNDS, "ratio",
                "< 1.5");
    bench_print("limit_two_workers_same_key", same, BENCH_ROUNDS, "ratio",
                "< 4");

    return 0;
}
