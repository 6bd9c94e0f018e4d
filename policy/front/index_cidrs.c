/*
 * index_cidrs.c: lists of prefixes to sorted, disjoint, inclusive ranges.
 *
 * Ranges that overlap or touch become one, so that two spellings of one set
 * give the same image and a look-up is one binary search.
 */

#include "front/write.h"

#include <stdlib.h>


/* An IPv4 address stands in the last four bytes. */
typedef struct {
    uint8_t  lo[16];
    uint8_t  hi[16];
} range_t;

typedef struct {
    range_t   *items;
    uint32_t   n;
} ranges_t;


static range_t
range_of(const weir_cidr_t *cidr)
{
    unsigned  i, at, bits;
    range_t   r;

    memset(&r, 0, sizeof(r));

    at = 16u - cidr->ip.len;
    memcpy(r.lo + at, cidr->ip.bytes, cidr->ip.len);
    memcpy(r.hi, r.lo, sizeof(r.hi));

    bits = at * 8 + cidr->bits;

    for (i = bits; i < 128; i++) {
        r.lo[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
        r.hi[i / 8] |= (uint8_t) (0x80 >> i % 8);
    }

    return r;
}


static int
compare_ranges(const void *x, const void *y)
{
    int             r;
    const range_t  *a, *b;

    a = x;
    b = y;
    r = memcmp(a->lo, b->lo, sizeof(a->lo));

    return r ? r : memcmp(a->hi, b->hi, sizeof(a->hi));
}


/* Whether b begins at the latest right behind a, which begins before it. */
static bool
joins(const range_t *a, const range_t *b)
{
    unsigned  i;
    uint8_t   next[16];

    if (memcmp(b->lo, a->hi, sizeof(next)) <= 0) {
        return true;
    }

    /* there is a next address, since b begins above it or there */
    memcpy(next, a->hi, sizeof(next));

    for (i = 16; i-- > 0 && ++next[i] == 0; /* void */ ) { /* carry */ }

    return memcmp(b->lo, next, sizeof(next)) == 0;
}


static void
merge(ranges_t *r)
{
    uint32_t   i, n;
    range_t   *last;

    if (r->n == 0) {
        return;
    }

    qsort(r->items, r->n, sizeof(range_t), compare_ranges);

    n = 1;

    for (i = 1; i < r->n; i++) {
        last = &r->items[n - 1];

        if (!joins(last, &r->items[i])) {
            r->items[n++] = r->items[i];

        } else if (memcmp(r->items[i].hi, last->hi, sizeof(last->hi)) > 0) {
            memcpy(last->hi, r->items[i].hi, sizeof(last->hi));
        }
    }

    r->n = n;
}


static weir_rc_t
split_families(weir_arena_t *a, const weir_list_t *list, ranges_t *v4,
    ranges_t *v6)
{
    size_t              i;
    ranges_t           *r;
    const weir_cidr_t  *cidr;

    v4->n = 0;
    v6->n = 0;
    v4->items = weir_arena_array(a, list->cidrs.len, sizeof(range_t));
    v6->items = weir_arena_array(a, list->cidrs.len, sizeof(range_t));

    if (v4->items == NULL || v6->items == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < list->cidrs.len; i++) {
        cidr = &list->cidrs.items[i];
        r = cidr->ip.len == 4 ? v4 : v6;
        r->items[r->n++] = range_of(cidr);
    }

    merge(v4);
    merge(v6);

    return WEIR_OK;
}


static uint32_t
number(const uint8_t *b)
{
    return (uint32_t) b[0] << 24 | (uint32_t) b[1] << 16
           | (uint32_t) b[2] << 8 | b[3];
}


static weir_range_t
write_v4(weir_builder_t *b, const ranges_t *r)
{
    uint32_t       i;
    weir_range_t   out;
    weir_img_v4_t  rec;

    out.first = r->n ? weir_build_count(b, WEIR_S_V4) : 0;
    out.count = r->n;

    for (i = 0; i < r->n; i++) {
        rec.lo = number(r->items[i].lo + 12);
        rec.hi = number(r->items[i].hi + 12);
        weir_build_records(b, WEIR_S_V4, &rec, 1);
    }

    return out;
}


static weir_range_t
write_v6(weir_builder_t *b, const ranges_t *r)
{
    weir_range_t  out;

    _Static_assert(sizeof(range_t) == sizeof(weir_img_v6_t), "the same");

    out.count = r->n;
    out.first = r->n ? weir_build_records(b, WEIR_S_V6, r->items, r->n) : 0;

    return out;
}


weir_rc_t
weir_write_lists(weir_writer_t *w)
{
    size_t              i;
    ranges_t            v4, v6;
    weir_rc_t           rc;
    weir_img_cidrs_t    rec;
    const weir_list_t  *list;

    for (i = 0; i < w->model->lists.len; i++) {
        list = &w->model->lists.items[i];

        rc = split_families(w->arena, list, &v4, &v6);
        if (rc != WEIR_OK) {
            return rc;
        }

        memset(&rec, 0, sizeof(rec));
        rec.name = weir_build_str(w->b, list->name.text);
        rec.v4 = write_v4(w->b, &v4);
        rec.v6 = write_v6(w->b, &v6);
        weir_build_records(w->b, WEIR_S_CIDRS, &rec, 1);
    }

    return WEIR_OK;
}
