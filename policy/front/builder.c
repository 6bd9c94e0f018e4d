/*
 * builder.c: sections that grow, and the writer: the mirror of run/image.c.
 *
 * What is shared (bytes, strings, constants, refs, shifts) is found by content
 * in one hash table a section.  A failure is remembered; later calls do
 * nothing.
 */

#include "front/builder.h"
#include "base/hash.h"
#include "base/num.h"
#include "image/bounds.h"
#include "image/types.h"

#include <stdlib.h>

#define MAX_RECORDS  WEIR_MAX_IMAGE     /* of a section, and then its bytes */


typedef struct {
    uint8_t   *data;
    uint32_t   count;
    uint32_t   cap;
    uint32_t   size;            /* of a record */
} section_t;


/* Records first to first + count of a section; count 0 = a free entry. */
typedef struct {
    uint64_t  hash;
    uint32_t  first;
    uint32_t  count;
} entry_t;


typedef struct {
    entry_t   *entries;
    uint32_t   used;
    uint32_t   cap;             /* a power of 2, or 0 */
} index_t;


struct weir_builder_s {
    weir_arena_t         *arena;
    weir_rc_t             failed;
    weir_image_header_t   header;
    section_t             sections[WEIR_S_COUNT];
    index_t               indexes[WEIR_S_COUNT];
    uint64_t              nobody[16];   /* stands in for a missing record */
};


/* A pair of a map, with what its key is sorted by. */
typedef struct {
    weir_img_const_t  key;
    weir_img_const_t  value;
    weir_str_t        text;
} pair_t;


static uint32_t
fail(weir_builder_t *b, weir_rc_t rc)
{
    if (b->failed == WEIR_OK) {
        b->failed = rc;
    }

    return WEIR_NONE;
}


static bool
reserve(weir_builder_t *b, section_t *s, uint32_t n)
{
    void      *p;
    uint32_t   cap;

    if (n <= s->cap - s->count) {
        return true;
    }

    if (n > MAX_RECORDS - s->count) {
        fail(b, WEIR_ERROR);
        return false;
    }

    cap = s->cap < 16 ? 16 : s->cap;

    while (cap - s->count < n) {
        cap *= 2;
    }

    p = weir_arena_array(b->arena, cap, s->size);
    if (p == NULL) {
        fail(b, WEIR_NOMEM);
        return false;
    }

    if (s->count != 0) {
        memcpy(p, s->data, (size_t) s->count * s->size);
    }

    s->data = p;
    s->cap = cap;

    return true;
}


static uint32_t
append(weir_builder_t *b, section_t *s, const void *records, uint32_t n)
{
    uint32_t  first;

    if (b->failed != WEIR_OK || !reserve(b, s, n)) {
        return WEIR_NONE;
    }

    first = s->count;

    /* memory of the arena is zeroed, which is what no records stands for */
    if (records != NULL && n != 0) {
        memcpy(s->data + (size_t) first * s->size, records,
               (size_t) n * s->size);
    }

    s->count += n;

    return first;
}


static bool
grow_index(weir_builder_t *b, index_t *x)
{
    entry_t   *entries, *e;
    uint32_t   i, j, cap;

    cap = x->cap == 0 ? 64 : x->cap * 2;

    entries = cap ? weir_arena_array(b->arena, cap, sizeof(entry_t)) : NULL;
    if (entries == NULL) {
        fail(b, WEIR_NOMEM);
        return false;
    }

    for (i = 0; i < x->cap; i++) {
        e = &x->entries[i];

        if (e->count != 0) {
            j = (uint32_t) e->hash & (cap - 1);

            while (entries[j].count != 0) {
                j = (j + 1) & (cap - 1);
            }

            entries[j] = *e;
        }
    }

    x->entries = entries;
    x->cap = cap;

    return true;
}


/* The place of n > 0 records of that content, which are added once. */
static uint32_t
intern(weir_builder_t *b, weir_section_t id, const void *records, uint32_t n)
{
    size_t      len;
    index_t    *x;
    entry_t    *e;
    uint32_t    i;
    uint64_t    hash;
    section_t  *s;

    if (b->failed != WEIR_OK) {
        return WEIR_NONE;
    }

    s = &b->sections[id];
    x = &b->indexes[id];

    if (x->used >= x->cap / 4 * 3 && !grow_index(b, x)) {
        return WEIR_NONE;
    }

    if (n > MAX_RECORDS) {
        return fail(b, WEIR_ERROR);
    }

    len = (size_t) n * s->size;
    hash = weir_hash(weir_str(records, len), id);
    i = (uint32_t) hash & (x->cap - 1);

    for ( ;; ) {
        e = &x->entries[i];

        if (e->count == 0) {
            break;
        }

        if (e->hash == hash && e->count == n
            && memcmp(s->data + (size_t) e->first * s->size, records, len)
               == 0)
        {
            return e->first;
        }

        i = (i + 1) & (x->cap - 1);
    }

    e->first = append(b, s, records, n);

    if (e->first == WEIR_NONE) {
        return WEIR_NONE;
    }

    e->hash = hash;
    e->count = n;
    x->used++;

    return e->first;
}


/* Where keys of a kind stand among the others; -1: it is no key. */
static int
rank(unsigned kind)
{
    switch (kind) {

    case WEIR_T_BOOL:
        return 0;

    case WEIR_T_INT:
    case WEIR_T_UINT:
        return 1;

    case WEIR_T_STRING:
        return 2;

    default:
        return -1;
    }
}


static bool
is_negative(const weir_img_const_t *c)
{
    return c->kind == WEIR_T_INT && (int64_t) c->v < 0;
}


/* The order of format.h; 0: they are one key. */
static int
compare_keys(const void *x, const void *y)
{
    int            r;
    const pair_t  *a, *b;

    a = x;
    b = y;

    r = rank(a->key.kind) - rank(b->key.kind);

    if (r != 0) {
        return r;
    }

    if (a->key.kind == WEIR_T_STRING) {
        return weir_str_cmp(a->text, b->text);
    }

    r = is_negative(&b->key) - is_negative(&a->key);

    if (r != 0) {
        return r;
    }

    /* two negative numbers have the order of their bits, too */
    return (a->key.v > b->key.v) - (a->key.v < b->key.v);
}


/* The keys and values in order, in the arena; NULL when it failed. */
static weir_img_const_t *
sort_pairs(weir_builder_t *b, const weir_img_const_t *pairs, uint32_t n)
{
    pair_t            *list;
    uint32_t           i;
    weir_img_const_t  *sorted;

    list = weir_arena_array(b->arena, n, sizeof(pair_t));
    sorted = weir_arena_array(b->arena, n, 2 * sizeof(weir_img_const_t));

    if (list == NULL || sorted == NULL) {
        fail(b, WEIR_NOMEM);
        return NULL;
    }

    for (i = 0; i < n; i++) {
        list[i].key = pairs[2 * i];
        list[i].value = pairs[2 * i + 1];

        if (list[i].key.kind == WEIR_T_STRING) {
            list[i].text.data = (char *) b->sections[WEIR_S_BYTES].data
                                + list[i].key.v;
            list[i].text.len = list[i].key.n;
        }
    }

    qsort(list, n, sizeof(pair_t), compare_keys);

    for (i = 0; i < n; i++) {

        if (rank(list[i].key.kind) < 0
            || (i > 0 && compare_keys(&list[i - 1], &list[i]) == 0))
        {
            fail(b, WEIR_ERROR);
            return NULL;
        }

        sorted[2 * i] = list[i].key;
        sorted[2 * i + 1] = list[i].value;
    }

    return sorted;
}


/* The ids of the sections that are written, in their order; how many. */
static uint32_t
choose(const weir_builder_t *b, weir_image_section_t *table)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < WEIR_S_COUNT; i++) {
        if (i < WEIR_S_ALWAYS || b->sections[i].count != 0) {
            table[n++].id = i;
        }
    }

    return n;
}


/* Their places; the length of the image, or 0 when too large. */
static uint64_t
lay_out(const weir_builder_t *b, weir_image_section_t *table, uint32_t n)
{
    uint32_t          i;
    uint64_t          at;
    const section_t  *s;

    at = sizeof(weir_image_header_t) + n * sizeof(weir_image_section_t);

    for (i = 0; i < n; i++) {
        s = &b->sections[table[i].id];

        at = (at + 7) & ~(uint64_t) 7;
        table[i].offset = at;
        table[i].length = (uint64_t) s->count * s->size;
        at += table[i].length;
    }

    return at <= WEIR_MAX_IMAGE ? at : 0;
}


static weir_rc_t
write_sections(const weir_builder_t *b, weir_image_section_t *table,
    uint32_t n, char *image)
{
    size_t      len;
    char       *p;
    uint32_t    i;
    weir_rc_t   rc;

    for (i = 0; i < n; i++) {
        p = image + table[i].offset;
        len = (size_t) table[i].length;

        if (len != 0) {
            memcpy(p, b->sections[table[i].id].data, len);
        }

        rc = weir_sha256(weir_str(p, len), table[i].digest);
        if (rc != WEIR_OK) {
            return rc;
        }
    }

    return WEIR_OK;
}


weir_builder_t *
weir_builder_create(weir_arena_t *a)
{
    uint32_t         i;
    weir_builder_t  *b;

    b = weir_arena_alloc(a, sizeof(weir_builder_t));
    if (b == NULL) {
        return NULL;
    }

    b->arena = a;

    memcpy(b->header.magic, WEIR_IMAGE_MAGIC, sizeof(b->header.magic));
    b->header.major = WEIR_IMAGE_MAJOR;
    b->header.minor = WEIR_IMAGE_MINOR;

    for (i = 0; i < WEIR_S_COUNT; i++) {
        b->sections[i].size = weir_sections[i].size;
    }

    return b;
}


uint32_t
weir_build_bytes(weir_builder_t *b, const void *data, uint32_t len)
{
    if (len == 0) {
        return b->failed == WEIR_OK ? 0 : WEIR_NONE;
    }

    return intern(b, WEIR_S_BYTES, data, len);
}


uint32_t
weir_build_str(weir_builder_t *b, weir_str_t s)
{
    weir_img_str_t  rec;

    if (s.len > WEIR_MAX_STRING) {
        return fail(b, WEIR_ERROR);
    }

    rec.offset = weir_build_bytes(b, s.data, (uint32_t) s.len);
    rec.length = (uint32_t) s.len;

    /* equal strings have one place in bytes, so their records are equal */
    return intern(b, WEIR_S_STRS, &rec, 1);
}


uint32_t
weir_build_const(weir_builder_t *b, const weir_img_const_t *c)
{
    return intern(b, WEIR_S_CONSTS, c, 1);
}


uint32_t
weir_build_consts(weir_builder_t *b, const weir_img_const_t *c, uint32_t n)
{
    if (n == 0) {
        return b->failed == WEIR_OK ? 0 : WEIR_NONE;
    }

    return intern(b, WEIR_S_CONSTS, c, n);
}


uint32_t
weir_build_map(weir_builder_t *b, const weir_img_const_t *pairs, uint32_t n)
{
    weir_img_const_t   map;
    weir_img_const_t  *sorted;

    if (b->failed != WEIR_OK) {
        return WEIR_NONE;
    }

    if (n > MAX_RECORDS / 2) {
        return fail(b, WEIR_ERROR);
    }

    sorted = sort_pairs(b, pairs, n);
    if (sorted == NULL) {
        return WEIR_NONE;
    }

    memset(&map, 0, sizeof(map));
    map.kind = WEIR_T_MAP;
    map.n = n;
    map.v = weir_build_consts(b, sorted, 2 * n);

    return weir_build_const(b, &map);
}


weir_img_const_t
weir_build_string(weir_builder_t *b, weir_str_t s)
{
    weir_img_const_t  c;

    memset(&c, 0, sizeof(c));
    c.kind = WEIR_T_STRING;

    if (s.len > WEIR_MAX_STRING) {
        fail(b, WEIR_ERROR);
        return c;
    }

    c.n = (uint32_t) s.len;
    c.v = weir_build_bytes(b, s.data, c.n);

    return c;
}


weir_range_t
weir_build_refs(weir_builder_t *b, const uint32_t *refs, uint32_t n)
{
    weir_range_t  r;

    r.first = n == 0 ? 0 : intern(b, WEIR_S_REFS, refs, n);
    r.count = n;

    return r;
}


weir_range_t
weir_build_shifts(weir_builder_t *b, const weir_img_shift_t *shifts,
    uint32_t n)
{
    weir_range_t  r;

    r.first = intern(b, WEIR_S_SHIFTS, shifts, n);
    r.count = n;

    return r;
}


uint32_t
weir_build_records(weir_builder_t *b, weir_section_t s, const void *records,
    uint32_t n)
{
    return append(b, &b->sections[s], records, n);
}


void *
weir_build_at(weir_builder_t *b, weir_section_t s, uint32_t index)
{
    section_t  *sec;

    sec = &b->sections[s];

    if (index >= sec->count) {
        fail(b, WEIR_ERROR);
        return b->nobody;
    }

    return sec->data + (size_t) index * sec->size;
}


uint32_t
weir_build_count(const weir_builder_t *b, weir_section_t s)
{
    return b->sections[s].count;
}


weir_image_header_t *
weir_build_header(weir_builder_t *b)
{
    return &b->header;
}


weir_rc_t
weir_builder_write(weir_builder_t *b, weir_str_t *image)
{
    char                  *p;
    size_t                 head;
    uint32_t               n;
    uint64_t               len;
    weir_rc_t              rc;
    weir_image_header_t   *header;
    weir_image_section_t   table[WEIR_S_COUNT];

    if (b->failed != WEIR_OK) {
        return b->failed;
    }

    memset(table, 0, sizeof(table));

    n = choose(b, table);

    len = lay_out(b, table, n);
    if (len == 0) {
        return WEIR_ERROR;
    }

    p = weir_arena_alloc(b->arena, (size_t) len);
    if (p == NULL) {
        return WEIR_NOMEM;
    }

    rc = write_sections(b, table, n, p);
    if (rc != WEIR_OK) {
        return rc;
    }

    header = (weir_image_header_t *) p;
    *header = b->header;
    header->length = len;
    header->sections = n;
    memset(header->digest, 0, sizeof(header->digest));
    memset(header->signature, 0, sizeof(header->signature));
    memcpy(p + sizeof(weir_image_header_t), table, n * sizeof(table[0]));

    head = sizeof(weir_image_header_t) + n * sizeof(table[0]);

    rc = weir_sha256(weir_str(p, head), header->digest);
    if (rc != WEIR_OK) {
        return rc;
    }

    *image = weir_str(p, (size_t) len);

    return WEIR_OK;
}
