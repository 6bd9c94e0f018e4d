/*
 * arena.c: chunks in a list, the newest in front; an allocation is a bump.
 *
 * Chunks come from calloc(), so memory is zeroed once, when it is first used;
 * nothing is ever handed out twice.
 */

#include "base/arena.h"
#include "base/num.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGN      16u
#define CHUNK_MIN  (16u << 10)
#define CHUNK_MAX  (4u << 20)


typedef struct chunk_s  chunk_t;

struct chunk_s {
    chunk_t  *next;
    size_t    size;             /* bytes behind this header */
    size_t    used;
    size_t    reserved;         /* keeps what follows aligned */
};

_Static_assert(sizeof(chunk_t) % ALIGN == 0, "memory behind it is aligned");


struct weir_arena_s {
    chunk_t  *chunks;
    size_t    next_size;
};


static chunk_t *
chunk_new(size_t size)
{
    size_t    total;
    chunk_t  *c;

    if (!weir_add(size, sizeof(chunk_t), &total)) {
        return NULL;
    }

    c = calloc(1, total);
    if (c == NULL) {
        return NULL;
    }

    c->size = size;

    return c;
}


/* What does not fit a chunk gets its own, behind the one in use. */
static void *
alloc_large(weir_arena_t *a, size_t size)
{
    chunk_t  *c;

    c = chunk_new(size);
    if (c == NULL) {
        return NULL;
    }

    c->used = size;

    if (a->chunks == NULL) {
        a->chunks = c;

    } else {
        c->next = a->chunks->next;
        a->chunks->next = c;
    }

    return c + 1;
}


static chunk_t *
grow(weir_arena_t *a)
{
    chunk_t  *c;

    c = chunk_new(a->next_size);
    if (c == NULL) {
        return NULL;
    }

    if (a->next_size < CHUNK_MAX) {
        a->next_size *= 2;
    }

    c->next = a->chunks;
    a->chunks = c;

    return c;
}


weir_arena_t *
weir_arena_create(void)
{
    weir_arena_t  *a;

    a = calloc(1, sizeof(weir_arena_t));
    if (a == NULL) {
        return NULL;
    }

    a->next_size = CHUNK_MIN;

    return a;
}


void
weir_arena_destroy(weir_arena_t *a)
{
    chunk_t  *c, *next;

    if (a == NULL) {
        return;
    }

    for (c = a->chunks; c != NULL; c = next) {
        next = c->next;
        free(c);
    }

    free(a);
}


void *
weir_arena_alloc(weir_arena_t *a, size_t size)
{
    void     *p;
    chunk_t  *c;

    if (size > SIZE_MAX - ALIGN) {
        return NULL;
    }

    /* a size of 0 gets an address of its own too */
    size = (size + (size == 0) + ALIGN - 1) & ~(size_t) (ALIGN - 1);

    c = a->chunks;

    if (c == NULL || size > c->size - c->used) {

        if (size > a->next_size / 4) {
            return alloc_large(a, size);
        }

        c = grow(a);
        if (c == NULL) {
            return NULL;
        }
    }

    p = (char *) (c + 1) + c->used;
    c->used += size;

    return p;
}


void *
weir_arena_array(weir_arena_t *a, size_t n, size_t size)
{
    size_t  total;

    return weir_mul(n, size, &total) ? weir_arena_alloc(a, total) : NULL;
}


weir_str_t
weir_arena_str(weir_arena_t *a, weir_str_t s)
{
    char  *p;

    if (s.len == SIZE_MAX) {
        return weir_str(NULL, 0);
    }

    p = weir_arena_alloc(a, s.len + 1);
    if (p == NULL) {
        return weir_str(NULL, 0);
    }

    if (s.len != 0) {
        memcpy(p, s.data, s.len);
    }

    p[s.len] = '\0';

    return weir_str(p, s.len);
}


weir_str_t
weir_arena_vprintf(weir_arena_t *a, const char *fmt, va_list args)
{
    int      n;
    char    *p;
    va_list  copy;

    va_copy(copy, args);
    n = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);

    p = n < 0 ? NULL : weir_arena_alloc(a, (size_t) n + 1);
    if (p == NULL) {
        return weir_str(NULL, 0);
    }

    (void) vsnprintf(p, (size_t) n + 1, fmt, args);

    return weir_str(p, (size_t) n);
}


weir_str_t
weir_arena_printf(weir_arena_t *a, const char *fmt, ...)
{
    va_list     args;
    weir_str_t  s;

    va_start(args, fmt);
    s = weir_arena_vprintf(a, fmt, args);
    va_end(args);

    return s;
}


bool
weir_vec_grow(weir_arena_t *a, void **items, size_t *len, size_t *cap,
    size_t size)
{
    void    *p;
    size_t   n;

    if (*len == *cap) {

        n = *cap == 0 ? 8 : *cap;

        if (*cap != 0 && !weir_mul(n, (size_t) 2, &n)) {
            return false;
        }

        p = weir_arena_array(a, n, size);
        if (p == NULL) {
            return false;
        }

        if (*len != 0) {
            memcpy(p, *items, *len * size);
        }

        *items = p;
        *cap = n;
    }

    /* an element that was taken off again may have left its bytes here */
    memset((char *) *items + *len * size, 0, size);

    return true;
}
