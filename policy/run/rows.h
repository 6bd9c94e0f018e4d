/*
 * rows.h: a table of rows that are made once and never go: each has a kind,
 * some texts that name it and some words that count.
 *
 * It lies in shared memory.  Several processes use it at once, and any of
 * them may die at any instruction; no lock is ever held.  Who dies while
 * making a row leaves it whole or not at all, and wastes its memory at most.
 * A row does not move: who has found it may keep it as long as the memory is
 * mapped.  Names come from policies, never from requests.
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

/*
 * The name of a row that is looked for.  Memory is far: who looks for several
 * names them all first, then has all come near, and finds them then.
 */
typedef struct {
    weir_rows_t  *rows;             /* NULL: there can be no such row */
    weir_str_t    labels[WEIR_ROW_LABELS];
    uint32_t      hash;
    uint8_t       kind;
    uint8_t       nlabels;
} weir_row_name_t;

/* Its labels are there already; one that is too long is cut. */
void weir_rows_name(weir_rows_t *t, unsigned kind, unsigned nlabels,
    weir_row_name_t *name);
void weir_rows_near(const weir_row_name_t *name);
/* NULL: there is none. */
weir_row_t *weir_rows_named(const weir_row_name_t *name);

/* The same of one; NULL: there is none. */
weir_row_t *weir_rows_find(weir_rows_t *t, unsigned kind,
    const weir_str_t *labels, unsigned nlabels);
/*
 * The row of that name, made with so many words, all 0, where there is none:
 * then *made.  All rows of a kind have as many words, and those of one name
 * one parent; NULL: none.  NULL: there is no room.
 */
weir_row_t *weir_rows_make(weir_rows_t *t, unsigned kind,
    const weir_str_t *labels, unsigned nlabels, unsigned nwords,
    weir_row_t *parent, bool *made);

/*
 * Each row of a kind once, the latest first, and none that is made after the
 * first one was asked for.
 */
weir_row_t *weir_rows_first(weir_rows_t *t, unsigned kind);
weir_row_t *weir_rows_next(weir_rows_t *t, const weir_row_t *row);

/* The same of those that have a parent; they may be of several kinds. */
weir_row_t *weir_rows_child(weir_rows_t *t, const weir_row_t *parent);
weir_row_t *weir_rows_sibling(weir_rows_t *t, const weir_row_t *row);

unsigned weir_row_kind(const weir_row_t *row);

/* Read and written with __atomic builtins; 64-byte aligned. */
uint64_t *weir_row_words(weir_row_t *row);
weir_str_t weir_row_label(const weir_row_t *row, unsigned i);

static inline void
weir_row_add(uint64_t *word, uint64_t by)
{
    (void) __atomic_fetch_add(word, by, __ATOMIC_RELAXED);
}

#endif
