/*
 * rows.c: a table of rows that are made once and never go.
 *
 * Units of 64 bytes: a head, buckets, and rows, taken one after the other.  A
 * row is in a list of its kind, one of its parent and one of its bucket, each
 * begun by the one that came last; neither it nor its place in them changes
 * once it is there.
 *
 * It goes into the list of its bucket last, by an exchange that tells whether
 * anybody came before: a name is there from then on, and once.  Those who walk
 * along the other lists pass it over until it is live.  Who finds it makes it
 * live if who made it did not come to that.  A row that came too late, or
 * whose maker died before, is never live; it costs its memory.
 */

#include "base/hash.h"
#include "run/rows.h"

#define UNIT    64
#define LEAST   4096            /* bytes of a table */
#define NEAR    3               /* units that come near: most rows are no
                                   larger */
#define BUCKET  256             /* bytes of a table that have one, at least: a
                                   few rows, but few pages to look into */

/* Rows are units from the begin of the table, 0: none. */
struct weir_row_s {
    uint32_t  hash;
    uint32_t  chain;            /* the next one of the bucket */
    uint32_t  before;           /* the next one of the kind */
    uint32_t  sibling;          /* the next one of the parent */
    uint32_t  child;            /* the latest one */
    uint8_t   words;            /* units from the begin of the row */
    uint8_t   kind;
    uint8_t   nlabels;
    uint8_t   live;
    uint16_t  ends[WEIR_ROW_LABELS];    /* where labels end in the text */
    char      text[];
};

struct weir_rows_s {
    uint64_t  units;            /* of all of it */
    uint64_t  mask;             /* buckets, less one */
    _Alignas(UNIT)
    uint64_t  taken;            /* units */
    uint64_t  rows;
    uint32_t  kinds[WEIR_ROW_KINDS];    /* the latest row */
    _Alignas(UNIT)
    uint32_t  buckets[];
};

_Static_assert(WEIR_ROW_LABELS * WEIR_ROW_LABEL < UINT8_MAX * UNIT / 2,
               "ends and words");


static weir_row_t *
row_at(const weir_rows_t *t, uint32_t unit)
{
    return (weir_row_t *) ((uintptr_t) t + (uint64_t) unit * UNIT);
}


static uint32_t
unit_of(const weir_rows_t *t, const weir_row_t *row)
{
    return (uint32_t) (((uintptr_t) row - (uintptr_t) t) / UNIT);
}


static uint32_t *
bucket_of(weir_rows_t *t, uint32_t hash)
{
    return &t->buckets[hash & t->mask];
}


/* What is left of a label that is too long: whole characters. */
static WEIR_SELDOM weir_str_t
cut(weir_str_t s)
{
    size_t  n;

    n = WEIR_ROW_LABEL;

    while (n > WEIR_ROW_LABEL - 3 && ((uint8_t) s.data[n] & 0xc0) == 0x80) {
        n--;
    }

    return weir_str(s.data, n);
}


static uint32_t
hash_of(const weir_row_name_t *name)
{
    uint64_t  hash;
    unsigned  i;

    /* lengths go into it, and a label's place: they may be hashed at once */
    hash = name->kind;

    for (i = 0; i < name->nlabels; i++) {
        if (name->labels[i].len != 0) {
            hash += weir_hash(name->labels[i], i);
        }
    }

    return (uint32_t) (hash >> 32 ^ hash);
}


static void
name_of(weir_rows_t *t, unsigned kind, const weir_str_t *labels,
    unsigned nlabels, weir_row_name_t *name)
{
    if (nlabels != 0 && nlabels <= WEIR_ROW_LABELS) {
        memcpy(name->labels, labels, nlabels * sizeof(weir_str_t));
    }

    weir_rows_name(t, kind, nlabels, name);
}


static bool
is_named(const weir_row_t *row, const weir_row_name_t *name)
{
    size_t       len, begin;
    unsigned     i;
    weir_str_t   label;

    if (row->hash != name->hash || row->kind != name->kind
        || row->nlabels != name->nlabels)
    {
        return false;
    }

    begin = 0;

    for (i = 0; i < name->nlabels; i++) {
        label = name->labels[i];
        len = row->ends[i] - begin;

        if (len != label.len
            || !weir_same_bytes(row->text + begin, label.data, len))
        {
            return false;
        }

        begin = row->ends[i];
    }

    return true;
}


/* Seen by those who walk, and counted, from now on. */
static WEIR_SELDOM void
make_live(weir_rows_t *t, weir_row_t *row)
{
    if (__atomic_exchange_n(&row->live, 1, __ATOMIC_ACQ_REL) == 0) {
        (void) __atomic_fetch_add(&t->rows, 1, __ATOMIC_RELAXED);
    }
}


/* In a bucket's list from one row on, up to another. */
static weir_row_t *
look(weir_rows_t *t, const weir_row_name_t *name, uint32_t from, uint32_t to)
{
    weir_row_t  *row;

    for ( /* void */ ; from != to; from = row->chain) {
        row = row_at(t, from);

        if (is_named(row, name)) {
            if (__atomic_load_n(&row->live, __ATOMIC_RELAXED) == 0) {
                make_live(t, row);
            }

            return row;
        }
    }

    return NULL;
}


/* 0: there are not so many left. */
static uint32_t
take(weir_rows_t *t, uint64_t units)
{
    uint64_t  taken;

    taken = __atomic_load_n(&t->taken, __ATOMIC_RELAXED);

    do {
        if (units > t->units - taken) {
            return 0;
        }

    } while (!__atomic_compare_exchange_n(&t->taken, &taken, taken + units,
                                          false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));

    return (uint32_t) taken;
}


/* Nobody knows of it yet. */
static weir_row_t *
build(weir_rows_t *t, const weir_row_name_t *name, unsigned nwords)
{
    size_t       len, head;
    unsigned     i;
    uint32_t     unit;
    weir_row_t  *row;

    len = 0;

    for (i = 0; i < name->nlabels; i++) {
        len += name->labels[i].len;
    }

    head = (offsetof(weir_row_t, text) + len + UNIT - 1) / UNIT;
    unit = take(t, head + ((uint64_t) nwords * sizeof(uint64_t) + UNIT - 1)
                          / UNIT);

    if (unit == 0) {
        return NULL;
    }

    row = row_at(t, unit);
    row->hash = name->hash;
    row->words = (uint8_t) head;
    row->kind = (uint8_t) name->kind;
    row->nlabels = (uint8_t) name->nlabels;
    len = 0;

    for (i = 0; i < name->nlabels; i++) {
        if (name->labels[i].len != 0) {
            memcpy(row->text + len, name->labels[i].data,
                   name->labels[i].len);
        }

        len += name->labels[i].len;
        row->ends[i] = (uint16_t) len;
    }

    return row;
}


/* At the begin of a list; *next is what follows. */
static void
push(weir_rows_t *t, weir_row_t *row, uint32_t *latest, uint32_t *next)
{
    *next = __atomic_load_n(latest, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(latest, next, unit_of(t, row), false,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    {
        /* another came before */
    }
}


/* The first live one from one on, of a kind or of a parent. */
static weir_row_t *
live_from(const weir_rows_t *t, uint32_t unit, bool siblings)
{
    weir_row_t  *row;

    while (unit != 0) {
        row = row_at(t, unit);

        if (__atomic_load_n(&row->live, __ATOMIC_ACQUIRE) != 0) {
            return row;
        }

        unit = siblings ? row->sibling : row->before;
    }

    return NULL;
}


weir_rows_t *
weir_rows_init(void *mem, size_t size)
{
    size_t        n;
    weir_rows_t  *t;

    if (size < LEAST) {
        return NULL;
    }

    t = mem;
    t->units = size / UNIT < UINT32_MAX ? size / UNIT : UINT32_MAX;

    for (n = LEAST / BUCKET; n <= t->units * UNIT / BUCKET / 2; n *= 2) {
        /* void */
    }

    t->mask = n - 1;
    t->taken = (sizeof(weir_rows_t) + n * sizeof(uint32_t) + UNIT - 1) / UNIT;

    return t;
}


void
weir_rows_use(const weir_rows_t *t, weir_rows_use_t *out)
{
    out->rows = __atomic_load_n(&t->rows, __ATOMIC_RELAXED);
    out->used = __atomic_load_n(&t->taken, __ATOMIC_RELAXED) * UNIT;
    out->size = t->units * UNIT;
}


void
weir_rows_name(weir_rows_t *t, unsigned kind, unsigned nlabels,
    weir_row_name_t *name)
{
    unsigned  i;

    if (kind >= WEIR_ROW_KINDS || nlabels > WEIR_ROW_LABELS) {
        name->rows = NULL;
        return;
    }

    name->rows = t;
    name->kind = (uint8_t) kind;
    name->nlabels = (uint8_t) nlabels;

    for (i = 0; i < nlabels; i++) {
        if (name->labels[i].len > WEIR_ROW_LABEL) {
            name->labels[i] = cut(name->labels[i]);
        }
    }

    name->hash = hash_of(name);

    __builtin_prefetch(bucket_of(t, name->hash));
}


void
weir_rows_near(const weir_row_name_t *name)
{
    unsigned     i;
    uint32_t     first;
    const char  *row;

    if (name->rows == NULL) {
        return;
    }

    first = __atomic_load_n(bucket_of(name->rows, name->hash),
                            __ATOMIC_RELAXED);
    row = (const char *) row_at(name->rows, first);

    /* it need not be the one, nor as large */
    for (i = 0; i < NEAR; i++) {
        __builtin_prefetch(row + i * UNIT, 1);
    }
}


weir_row_t *
weir_rows_named(const weir_row_name_t *name)
{
    weir_rows_t  *t;

    t = name->rows;

    return t ? look(t, name, __atomic_load_n(bucket_of(t, name->hash),
                                             __ATOMIC_ACQUIRE), 0)
             : NULL;
}


weir_row_t *
weir_rows_find(weir_rows_t *t, unsigned kind, const weir_str_t *labels,
    unsigned nlabels)
{
    weir_row_name_t  name;

    name_of(t, kind, labels, nlabels, &name);

    return weir_rows_named(&name);
}


weir_row_t *
weir_rows_make(weir_rows_t *t, unsigned kind, const weir_str_t *labels,
    unsigned nlabels, unsigned nwords, weir_row_t *parent, bool *made)
{
    uint32_t          first, *bucket;
    weir_row_t       *row, *other;
    weir_row_name_t   name;

    name_of(t, kind, labels, nlabels, &name);

    if (name.rows == NULL) {
        return NULL;
    }

    bucket = bucket_of(t, name.hash);
    first = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
    other = look(t, &name, first, 0);

    if (other == NULL) {
        row = build(t, &name, nwords);

        if (row == NULL) {
            return NULL;
        }

        push(t, row, &t->kinds[kind], &row->before);

        if (parent != NULL) {
            push(t, row, &parent->child, &row->sibling);
        }

        row->chain = first;

        while (!__atomic_compare_exchange_n(bucket, &first, unit_of(t, row),
                                            false, __ATOMIC_RELEASE,
                                            __ATOMIC_ACQUIRE))
        {
            other = look(t, &name, first, row->chain);

            if (other != NULL) {
                break;
            }

            row->chain = first;
        }

        if (other == NULL) {
            make_live(t, row);
            *made = true;
            return row;
        }
    }

    *made = false;

    return other;
}


weir_row_t *
weir_rows_first(weir_rows_t *t, unsigned kind)
{
    if (kind >= WEIR_ROW_KINDS) {
        return NULL;
    }

    return live_from(t, __atomic_load_n(&t->kinds[kind], __ATOMIC_ACQUIRE),
                     false);
}


weir_row_t *
weir_rows_next(weir_rows_t *t, const weir_row_t *row)
{
    return live_from(t, row->before, false);
}


weir_row_t *
weir_rows_child(weir_rows_t *t, const weir_row_t *parent)
{
    return live_from(t, __atomic_load_n(&parent->child, __ATOMIC_ACQUIRE),
                     true);
}


weir_row_t *
weir_rows_sibling(weir_rows_t *t, const weir_row_t *row)
{
    return live_from(t, row->sibling, true);
}


unsigned
weir_row_kind(const weir_row_t *row)
{
    return row->kind;
}


uint64_t *
weir_row_words(weir_row_t *row)
{
    return (uint64_t *) ((uintptr_t) row + (size_t) row->words * UNIT);
}


weir_str_t
weir_row_label(const weir_row_t *row, unsigned i)
{
    size_t  begin;

    if (i >= row->nlabels) {
        return weir_str("", 0);
    }

    begin = i == 0 ? 0 : row->ends[i - 1];

    return weir_str(row->text + begin, row->ends[i] - begin);
}
