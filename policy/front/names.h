/*
 * names.h: a set of names that remembers where each was first written.
 */

#ifndef WEIR_FRONT_NAMES_H
#define WEIR_FRONT_NAMES_H

#include "base/diag.h"
#include "base/rc.h"

typedef struct {
    weir_str_t   text;
    weir_span_t  span;
    uint32_t     value;         /* the caller's */
    uint32_t     hash;
} weir_names_entry_t;

typedef struct {
    weir_arena_t        *arena;
    weir_names_entry_t  *slots; /* text.data NULL = free */
    size_t               size;  /* 0 or a power of two */
    size_t               used;
} weir_names_t;

/*
 * Adds a name.  WEIR_DECLINED: it was there, and *prev is its entry.  Entries
 * move with the next addition.
 */
weir_rc_t weir_names_add(weir_names_t *set, weir_str_t text, weir_span_t span,
    uint32_t value, weir_names_entry_t **prev);

/* NULL when it is not there. */
weir_names_entry_t *weir_names_find(const weir_names_t *set, weir_str_t text);

/* x, x1, x2 ...: the first that is not there, in the arena; else data NULL. */
weir_str_t weir_names_free(const weir_names_t *set, weir_arena_t *a);

/* "file:line:col" in the arena of the diagnostics. */
weir_str_t weir_place(const weir_diags_t *d, weir_span_t span);

#endif
