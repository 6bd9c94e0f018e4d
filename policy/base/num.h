/*
 * num.h: arithmetic that says when it overflows.  true = the result fits.
 */

#ifndef WEIR_BASE_NUM_H
#define WEIR_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define weir_add(a, b, out)  (!__builtin_add_overflow((a), (b), (out)))
#define weir_sub(a, b, out)  (!__builtin_sub_overflow((a), (b), (out)))
#define weir_mul(a, b, out)  (!__builtin_mul_overflow((a), (b), (out)))

/* For cost estimates: a sum or product that stays at the top. */
static inline uint64_t
weir_sat_add(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}


static inline uint64_t
weir_sat_mul(uint64_t a, uint64_t b)
{
    uint64_t  r;

    return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

#endif
