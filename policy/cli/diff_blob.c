/*
 * diff_blob.c: bytes to make a sum of.
 */

#include <stdlib.h>

#include "cli/diff_blob.h"


static int
by_sum(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(diff_sum_t));
}


void
weir_blob_put(diff_blob_t *b, const void *data, size_t n)
{
    char    *grown;
    size_t   size;

    if (b->diff->nomem) {
        return;
    }

    if (n > b->bytes.cap - b->bytes.len) {
        size = 2 * (b->bytes.len + n) + 256;
        grown = weir_diff_alloc(b->diff, size);

        if (grown == NULL) {
            return;
        }

        if (b->bytes.len) {
            memcpy(grown, b->bytes.items, b->bytes.len);
        }

        b->bytes.items = grown;
        b->bytes.cap = size;
    }

    if (n) {
        memcpy(b->bytes.items + b->bytes.len, data, n);
        b->bytes.len += n;
    }
}


void
weir_blob_n(diff_blob_t *b, uint64_t n)
{
    weir_blob_put(b, &n, sizeof(n));
}


void
weir_blob_str(diff_blob_t *b, weir_str_t s)
{
    weir_blob_n(b, s.len);
    weir_blob_put(b, s.data, s.len);
}


void
weir_blob_sum(diff_blob_t *b, const diff_sum_t *sum)
{
    weir_blob_put(b, sum, sizeof(diff_sum_t));
}


void
weir_blob_prog(diff_blob_t *b, const diff_side_t *s, uint32_t prog)
{
    weir_blob_n(b, prog != WEIR_NONE);

    if (prog != WEIR_NONE) {
        weir_blob_sum(b, &s->progs[prog]);
    }
}


void
weir_blob_set(diff_blob_t *b, diff_sum_t *sums, size_t n)
{
    if (n) {
        qsort(sums, n, sizeof(diff_sum_t), by_sum);
    }

    weir_blob_n(b, n);
    weir_blob_put(b, sums, n * sizeof(diff_sum_t));
}


diff_sum_t
weir_blob_end(diff_blob_t *b)
{
    uint8_t     hash[WEIR_SHA256_LEN];
    diff_sum_t  sum;

    memset(&sum, 0, sizeof(sum));

    if (!b->diff->nomem
        && weir_sha256(weir_str(b->bytes.items, b->bytes.len), hash)
           == WEIR_OK)
    {
        memcpy(&sum, hash, sizeof(sum));

    } else {
        b->diff->nomem = true;
    }

    b->bytes.len = 0;

    return sum;
}


diff_blob_t
weir_blob_begin(diff_t *d)
{
    return (diff_blob_t) { d, d->scratch };
}


diff_sum_t
weir_blob_close(diff_blob_t *b)
{
    diff_sum_t  sum;

    sum = weir_blob_end(b);
    b->diff->scratch = b->bytes;

    return sum;
}
