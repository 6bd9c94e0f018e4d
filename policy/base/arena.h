/*
 * arena.h: memory that is freed all at once.
 *
 * A compilation lives in one arena.  Memory comes zeroed and aligned to 16.
 */

#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stdarg.h>
#include "base/str.h"

typedef struct weir_arena_s  weir_arena_t;

/* NULL when memory is short. */
weir_arena_t *weir_arena_create(void);
void weir_arena_destroy(weir_arena_t *a);

/* NULL when memory is short or the size overflows; a size of 0 is valid. */
void *weir_arena_alloc(weir_arena_t *a, size_t size);
void *weir_arena_array(weir_arena_t *a, size_t n, size_t size);

/* A copy and a NUL behind it that len does not count; data NULL: no memory. */
weir_str_t weir_arena_str(weir_arena_t *a, weir_str_t s);
weir_str_t weir_arena_printf(weir_arena_t *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
weir_str_t weir_arena_vprintf(weir_arena_t *a, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

/*
 * A vector in an arena: weir_vec_t(T) v = {0}; T *p = weir_vec_push(arena, &v);
 * p is zeroed, or NULL when memory is short.  Elements move when it grows.
 */
#define weir_vec_t(T)                                                         \
    struct {                                                                  \
        T       *items;                                                       \
        size_t   len;                                                         \
        size_t   cap;                                                         \
    }

#define weir_vec_push(a, v)                                                   \
    (weir_vec_grow((a), (void **) &(v)->items, &(v)->len, &(v)->cap,          \
                   sizeof(*(v)->items))                                       \
         ? &(v)->items[(v)->len++] : NULL)

/* Makes room for one more element and zeroes it; false: memory is short. */
bool weir_vec_grow(weir_arena_t *a, void **items, size_t *len, size_t *cap,
    size_t size);

#endif
