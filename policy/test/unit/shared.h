/*
 * shared.h: memory that processes share, all zero.
 */

#ifndef WEIR_TEST_UNIT_SHARED_H
#define WEIR_TEST_UNIT_SHARED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <cmocka.h>


static inline void *
shared(size_t size)
{
    void  *mem;

    mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
               -1, 0);
    assert_true(mem != MAP_FAILED);

    return mem;
}

#endif
