/*
 * rows.h: a table of rows that are made once and never go: each has a kind,
 * some texts that name it and some words that count.
 *
 * It lies in shared memory.  Several processes use it at once, and any of
 * them may die at any instruction; no lock is ever held.  A row does not move:
 * who has found it may keep it as long as the memory is mapped.  Names come
 * from policies, never from requests.
 */

#ifndef WEIR_RUN_ROWS_H
#define WEIR_RUN_ROWS_H

#include "base/str.h"

#define WEIR_ROW_LABELS  6          /* of a row, at most */
#define WEIR_ROW_LABEL   255        /* bytes; a longer one is cut at a
                                       character */
#define WEIR_ROW_KINDS   4          /* of a table, at most */

typedef struct weir_rows_s  weir_rows_t;        /* lies in shared memory */
typedef struct weir_row_s   weir_row_t;

/*
 * Lays the table out in size bytes, 64-byte aligned and all zero: pages that
 * nobody came to stay untouched.  NULL: too few, under about 4 KB.
 */
weir_rows_t *weir_rows_init(void *mem, size_t size);

typedef struct {
    uint64_t  rows;
    uint64_t  used;                 /* bytes */
    uint64_t  size;
} weir_rows_use_t;

void weir_rows_use(const weir_rows_t *t, weir_rows_use_t *out);

/* NULL: there is none. */
weir_row_t *weir_rows_find(weir_rows_t *t, unsigned kind,
    const weir_str_t *labels, unsigned nlabels);
/*
 * The row of that name, made with so many words, all 0, where there is none:
 * then *made.  NULL: there is no room.
 */
weir_row_t *weir_rows_make(weir_rows_t *t, unsigned kind,
    const weir_str_t *labels, unsigned nlabels, unsigned nwords, bool *made);

/* Each row of a kind once, one that is made meanwhile perhaps. */
weir_row_t *weir_rows_first(weir_rows_t *t, unsigned kind);
weir_row_t *weir_rows_next(weir_rows_t *t, const weir_row_t *row);

/* Read and written with __atomic builtins; 64-byte aligned. */
uint64_t *weir_row_words(weir_row_t *row);
weir_str_t weir_row_label(const weir_row_t *row, unsigned i);

static inline void
weir_row_add(uint64_t *word, uint64_t by)
{
    (void) __atomic_fetch_add(word, by, __ATOMIC_RELAXED);
}

#endif
