/*
 * diff_blob.h: bytes to make a sum of.
 */

#ifndef WEIR_CLI_DIFF_BLOB_H
#define WEIR_CLI_DIFF_BLOB_H

#include "cli/diff.h"

typedef struct {
    diff_t        *diff;
    diff_bytes_t   bytes;
} diff_blob_t;

void weir_blob_put(diff_blob_t *b, const void *data, size_t n);
void weir_blob_n(diff_blob_t *b, uint64_t n);
void weir_blob_str(diff_blob_t *b, weir_str_t s);
void weir_blob_sum(diff_blob_t *b, const diff_sum_t *sum);
/* That of a program of a side; or that there is none. */
void weir_blob_prog(diff_blob_t *b, const diff_side_t *s, uint32_t prog);
/* Sums that come in any order; sorts them. */
void weir_blob_set(diff_blob_t *b, diff_sum_t *sums, size_t n);
/* The blob is empty again. */
diff_sum_t weir_blob_end(diff_blob_t *b);

/* With the memory of the diff, and no other blob of it until it is closed. */
diff_blob_t weir_blob_begin(diff_t *d);
diff_sum_t weir_blob_close(diff_blob_t *b);

#endif
