/*
 * bench.h: what benchmarks of the engine share.
 */

#ifndef WEIR_BENCH_H
#define WEIR_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "run/image.h"
#include "test/fuzz/policy.h"

#define BENCH_ROUNDS  7


static inline void
bench_die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}


/* Nanoseconds that the process ran: what else runs here does not count. */
static inline double
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}


static inline void *
bench_alloc(size_t n)
{
    void  *p;

    p = aligned_alloc(64, (n + 63) & ~(size_t) 63);

    if (p == NULL) {
        bench_die("out of memory");
    }

    return memset(p, 0, n);
}


/* The image is in the arena; to be opened. */
static inline weir_str_t
bench_compile(weir_arena_t *a, weir_str_t policy, weir_str_t tenants)
{
    weir_str_t     image;
    weir_diags_t   diags;
    policy_text_t  text;

    text = (policy_text_t) { policy, tenants };

    if (policy_compile(a, &text, &diags, &image) != WEIR_OK) {
        weir_diags_print(&diags, stderr, false);
        bench_die("the policy does not compile");
    }

    return image;
}


static inline void
bench_open(weir_arena_t *a, weir_str_t bytes, weir_image_t *image)
{
    weir_refusal_t  why;

    if (weir_image_verify((const uint8_t *) bytes.data, bytes.len, NULL, &why)
        != WEIR_OK
        || weir_image_open(image, (const uint8_t *) bytes.data, a, &why)
           != WEIR_OK)
    {
        bench_die(why.text);
    }
}


static inline int
bench_by_value(const void *a, const void *b)
{
    const double  *x, *y;

    x = a;
    y = b;

    return (*x > *y) - (*x < *y);
}


/* One figure of n rounds, which it sorts; see bench/run. */
static inline void
bench_print(const char *name, double *v, int n, const char *unit,
    const char *aim)
{
    qsort(v, (size_t) n, sizeof(double), bench_by_value);

    printf("bench %s %.3g %s (aim %s) %.3g..%.3g over %d\n", name, v[n / 2],
           unit, aim, v[0], v[n - 1], n);
}

#endif
