/*
 * diag.h: what is wrong with a source, where, and how it is printed.
 *
 * A diagnostic carries a code (E0412), a span and one sentence.  All
 * diagnostics of a run are collected, sorted by place and printed at once.
 */

#ifndef WEIR_BASE_DIAG_H
#define WEIR_BASE_DIAG_H

#include <stdio.h>
#include "base/arena.h"
#include "base/rc.h"

/* Printed of each severity; the rest is counted in one line. */
#define WEIR_MAX_DIAGS   100
/* Kept of each severity, so that those printed are the first by place. */
#define WEIR_KEEP_DIAGS  4096

/* line and col count from 1; col and len are in bytes; line 0 = no place */
typedef struct {
    uint32_t  file;             /* index into weir_diags_t.files */
    uint32_t  line;
    uint32_t  col;
    uint32_t  len;
} weir_span_t;

typedef enum {
    WEIR_SEV_ERROR,
    WEIR_SEV_WARNING
} weir_severity_t;

typedef struct {
    weir_span_t       span;
    weir_severity_t   severity;
    unsigned          code;     /* printed as E%04u or W%04u */
    weir_str_t        text;
} weir_diag_t;

typedef struct {
    weir_str_t        name;     /* as the user named it */
    weir_str_t        text;     /* whole content; lives as long as the diags */
} weir_source_t;

typedef struct {
    weir_arena_t              *arena;
    weir_vec_t(weir_source_t)  files;
    weir_vec_t(weir_diag_t)    list;
    size_t                     errors;      /* counted, also when not kept */
    size_t                     warnings;
} weir_diags_t;

/* Registers a source; its index goes to spans. */
weir_rc_t weir_diags_add_file(weir_diags_t *d, weir_str_t name,
    weir_str_t text, uint32_t *file);

/* Always returns WEIR_ERROR, so that a caller can return it. */
weir_rc_t weir_fail(weir_diags_t *d, unsigned code, weir_span_t span,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* As weir_fail(), for advice; never fails. */
void weir_warn(weir_diags_t *d, unsigned code, weir_span_t span,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* By file, line, column, code; equal ones once, and counted once. */
void weir_diags_sort(weir_diags_t *d);

/*
 * file:line:col: error[E0302]: text, the source line, a caret line under
 * the span.  Tabs of the source line are kept in the caret line; a long line
 * is cut around the caret.  What could drive a terminal is made visible.
 */
void weir_diags_print(const weir_diags_t *d, FILE *out, bool colour);

/*
 * The candidate nearest to name by edit distance, for "did you mean"; an
 * empty string where none is near (at most a third of the letters differ;
 * case does not count).
 */
weir_str_t weir_nearest(weir_str_t name, const weir_str_t *cand, size_t n);

#endif
