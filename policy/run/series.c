/*
 * series.c: what is counted by tenant, and bounded.
 *
 * A row's series are reserved before it is made, and given back where another
 * made it at once; who dies in between takes them along.  Memory is looked at
 * before it is taken: a few rows may come too many, but there is an eighth.
 */

#include "run/series.h"

#define UNIT    64
#define KEPT    8               /* parts, of which one is kept */
#define LABELS  WEIR_ROW_LABELS

/* series */
#define REQUEST_COST   (1 + WEIR_NTIMES + 2 + 2)
#define DECISION_COST  1
#define LIMIT_COST     (WEIR_LIMIT_NVERDICTS + 1)
#define GAUGES_COST    2

struct weir_series_s {
    uint64_t  max;
    uint32_t  rows;             /* bytes from the begin */
    uint64_t  last[WEIR_SERIES_KINDS];  /* rows, bytes from the begin */
    _Alignas(UNIT)
    uint64_t  series;           /* the last rows are not among them */
    uint64_t  folded;
};

/* kind of rows, how many labels, words and series one has */
#define KINDS(K)                                                              \
    K(REQUESTS, 4, WEIR_SERIES_REQUEST_WORDS, REQUEST_COST)                   \
    K(DECISIONS, 6, 1, DECISION_COST)                                         \
    K(LIMITS, 2, WEIR_SERIES_LIMIT_WORDS, LIMIT_COST)

static const struct {
    unsigned  labels;
    unsigned  words;
    unsigned  cost;
} kinds[] = {
#define K(kind, labels, words, cost)                                          \
    [WEIR_SERIES_##kind] = { labels, words, cost },
    KINDS(K)
#undef K
};

_Static_assert(WEIR_SERIES_LEAST == REQUEST_COST + DECISION_COST + LIMIT_COST,
               "what the last rows take");


static weir_rows_t *
rows_of(const weir_series_t *t)
{
    return (weir_rows_t *) ((uintptr_t) t + t->rows);
}


static weir_row_t *
last_of(const weir_series_t *t, unsigned kind)
{
    return (weir_row_t *) ((uintptr_t) t + t->last[kind]);
}


/* Whether there may be so many more, of so many. */
static bool
reserve(weir_series_t *t, uint64_t max, uint64_t cost)
{
    uint64_t  n;

    n = __atomic_load_n(&t->series, __ATOMIC_RELAXED);

    do {
        if (n > max || cost > max - n) {
            return false;
        }

    } while (!__atomic_compare_exchange_n(&t->series, &n, n + cost, false,
                                          __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));

    return true;
}


static void
give_back(weir_series_t *t, uint64_t cost)
{
    (void) __atomic_fetch_sub(&t->series, cost, __ATOMIC_RELAXED);
}


/* How many series there may be besides the last rows'. */
static uint64_t
bound_of(const weir_series_t *t, bool other)
{
    uint64_t  max;

    max = __atomic_load_n(&t->max, __ATOMIC_RELAXED) - WEIR_SERIES_LEAST;

    return other ? max : max - max / KEPT;
}


/* NULL: there may be no such row. */
static weir_row_t *
make(weir_series_t *t, unsigned kind, const weir_str_t *labels, bool other)
{
    bool              made;
    weir_row_t       *row;
    weir_rows_use_t   use;

    weir_rows_use(rows_of(t), &use);

    if ((!other && use.size - use.used < use.size / KEPT)
        || !reserve(t, bound_of(t, other), kinds[kind].cost))
    {
        return NULL;
    }

    row = weir_rows_make(rows_of(t), kind, labels, kinds[kind].labels,
                         kinds[kind].words, NULL, &made);

    if (row == NULL || !made) {
        give_back(t, kinds[kind].cost);
    }

    return row;
}


/* There is no row of that name yet. */
static WEIR_SELDOM weir_row_t *
make_or_fold(weir_series_t *t, unsigned kind, const weir_str_t *labels)
{
    unsigned     i;
    weir_row_t  *row;
    weir_str_t   other[LABELS];

    row = make(t, kind, labels, false);

    if (row != NULL) {
        return row;
    }

    (void) __atomic_fetch_add(&t->folded, 1, __ATOMIC_RELAXED);

    other[0] = weir_string(WEIR_OTHER);

    for (i = 1; i < kinds[kind].labels; i++) {
        other[i] = labels[i];
    }

    row = weir_rows_find(rows_of(t), kind, other, kinds[kind].labels);

    if (row == NULL) {
        row = make(t, kind, other, true);
    }

    return row ? row : last_of(t, kind);
}


static weir_row_t *
row_of(weir_series_t *t, const weir_row_name_t *name)
{
    weir_row_t  *row;

    row = weir_rows_named(name);

    return row ? row : make_or_fold(t, name->kind, name->labels);
}


static void
name_row(weir_series_t *t, unsigned kind, weir_row_name_t *name)
{
    weir_rows_name(rows_of(t), kind, kinds[kind].labels, name);
}


static bool
make_last(weir_series_t *t)
{
    bool         made;
    unsigned     i, kind;
    weir_row_t  *row;
    weir_str_t   labels[LABELS];

    for (i = 0; i < LABELS; i++) {
        labels[i] = weir_string(WEIR_OTHER);
    }

    for (kind = 0; kind < WEIR_SERIES_KINDS; kind++) {
        row = weir_rows_make(rows_of(t), kind, labels, kinds[kind].labels,
                             kinds[kind].words, NULL, &made);

        if (row == NULL) {
            return false;
        }

        t->last[kind] = (uintptr_t) row - (uintptr_t) t;
    }

    return true;
}


weir_series_t *
weir_series_init(void *mem, size_t size, uint64_t max)
{
    weir_series_t  *t;

    if (size < sizeof(weir_series_t)
        || weir_rows_init((char *) mem + sizeof(weir_series_t),
                          size - sizeof(weir_series_t)) == NULL)
    {
        return NULL;
    }

    t = mem;
    t->rows = sizeof(weir_series_t);
    weir_series_bound(t, max);

    return make_last(t) ? t : NULL;
}


void
weir_series_bound(weir_series_t *t, uint64_t max)
{
    max = max < WEIR_SERIES_LEAST ? WEIR_SERIES_LEAST : max;

    __atomic_store_n(&t->max, max, __ATOMIC_RELAXED);
}


/* By the bounds of WEIR_TIMES. */
static unsigned
time_of(uint64_t ms)
{
    unsigned  i;

    static const uint16_t  bounds[] = {
#define B(ms, le)  ms,
        WEIR_TIMES(B)
#undef B
    };

    for (i = 0; i < WEIR_NTIMES - 1 && ms > bounds[i]; i++) {
        /* void */
    }

    return i;
}


void
weir_series_name_request(weir_series_t *t, const weir_series_request_t *r,
    weir_row_name_t *name)
{
    static const weir_str_t  codes[] = {
#define C(name, text)  { text, sizeof(text) - 1 },
        WEIR_STATUSES(C)
#undef C
    };

    name->labels[0] = r->tenant;
    name->labels[1] = r->route;
    name->labels[2] = r->arm;
    name->labels[3] = codes[r->code < WEIR_NCODES ? r->code : WEIR_CODE_NONE];

    name_row(t, WEIR_SERIES_REQUESTS, name);
}


void
weir_series_name_decision(weir_series_t *t, const weir_series_decision_t *d,
    weir_row_name_t *name)
{
    name->labels[0] = d->tenant;
    name->labels[1] = d->route;
    name->labels[2] = d->verdict;
    name->labels[3] = d->reason;
    name->labels[4] = d->rule;
    name->labels[5] = d->limit;

    name_row(t, WEIR_SERIES_DECISIONS, name);
}


void
weir_series_name_limit(weir_series_t *t, const weir_series_limit_t *l,
    weir_row_name_t *name)
{
    name->labels[0] = l->tenant;
    name->labels[1] = l->limit;

    name_row(t, WEIR_SERIES_LIMITS, name);
}


void
weir_series_request(weir_series_t *t, const weir_row_name_t *name,
    const weir_series_request_t *r)
{
    uint64_t  *words;

    words = weir_row_words(row_of(t, name));
    weir_row_add(&words[WEIR_SERIES_MS], r->took);
    weir_row_add(&words[WEIR_SERIES_RECEIVED], r->received);
    weir_row_add(&words[WEIR_SERIES_SENT], r->sent);
    weir_row_add(&words[WEIR_SERIES_TIMES + time_of(r->took)], 1);
}


void
weir_series_decision(weir_series_t *t, const weir_row_name_t *name)
{
    weir_row_add(weir_row_words(row_of(t, name)), 1);
}


/* The gauges of a limit that begins or ends to have them. */
static WEIR_SELDOM void
turn(weir_series_t *t, uint64_t *word, uint64_t had, uint64_t capacity)
{
    if (capacity != 0 && !reserve(t, bound_of(t, false), GAUGES_COST)) {
        return;
    }

    if (!__atomic_compare_exchange_n(word, &had, capacity, false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    {
        if (capacity != 0) {
            give_back(t, GAUGES_COST);
        }

    } else if (capacity == 0) {
        give_back(t, GAUGES_COST);
    }
}


static void
set_gauges(weir_series_t *t, uint64_t *words, uint64_t remaining,
    uint64_t capacity)
{
    uint64_t  had;

    had = __atomic_load_n(&words[WEIR_SERIES_CAPACITY], __ATOMIC_RELAXED);

    __atomic_store_n(&words[WEIR_SERIES_REMAINING], remaining,
                     __ATOMIC_RELAXED);

    if (had == capacity) {
        return;
    }

    if (had == 0 || capacity == 0) {
        turn(t, &words[WEIR_SERIES_CAPACITY], had, capacity);

    } else {
        /* unless another ended it */
        (void) __atomic_compare_exchange_n(&words[WEIR_SERIES_CAPACITY], &had,
                                           capacity, false, __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED);
    }
}


void
weir_series_limit(weir_series_t *t, const weir_row_name_t *name,
    const weir_series_limit_t *l)
{
    uint64_t    *words;
    weir_row_t  *row;

    row = row_of(t, name);
    words = weir_row_words(row);

    if (l->verdict < WEIR_LIMIT_NVERDICTS) {
        weir_row_add(&words[l->verdict], 1);
    }

    if (l->units != 0) {
        weir_row_add(&words[WEIR_SERIES_UNITS], l->units);
    }

    /* what is left to many tenants together says nothing */
    if (l->whole
        && !weir_str_eq(weir_row_label(row, 0), weir_string(WEIR_OTHER)))
    {
        set_gauges(t, words, l->remaining, l->capacity);
    }
}


void
weir_series_use(weir_series_t *t, weir_series_use_t *out)
{
    unsigned  i, kind;
    uint64_t  n, used, *words;

    n = __atomic_load_n(&t->series, __ATOMIC_RELAXED);

    for (kind = 0; kind < WEIR_SERIES_KINDS; kind++) {
        words = weir_row_words(last_of(t, kind));
        used = 0;

        for (i = 0; i < kinds[kind].words; i++) {
            used |= __atomic_load_n(&words[i], __ATOMIC_RELAXED);
        }

        n += used ? kinds[kind].cost : 0;
    }

    out->series = n;
    out->max = __atomic_load_n(&t->max, __ATOMIC_RELAXED);
    out->folded = __atomic_load_n(&t->folded, __ATOMIC_RELAXED);
    weir_rows_use(rows_of(t), &out->rows);
}


weir_rows_t *
weir_series_rows(weir_series_t *t)
{
    return rows_of(t);
}
