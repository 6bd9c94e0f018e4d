/*
 * usage.c: what tenants used, by day and month.
 */

#include "base/time.h"
#include "run/usage.h"

#define UNIT        64
#define KEPT        8           /* parts, of which one is kept */
#define DAY         86400       /* seconds */

/* of a word */
#define COUNT_BITS  52
#define COUNT_MAX   (((uint64_t) 1 << COUNT_BITS) - 1)
#define TAGS        (1u << (64 - COUNT_BITS))
#define AHEAD       62          /* periods that a clock may be set back by */

#define SLOTS       2           /* periods that a row has, of each length */

struct weir_usage_s {
    uint32_t  rows;             /* bytes from the begin */
    uint64_t  last[WEIR_USAGE_TENANTS];     /* rows, bytes from the begin */
    _Alignas(UNIT)
    uint64_t  folded;
};

/* counters of a period; a mark follows them */
static const uint8_t  uses[] = {
    [WEIR_USAGE_ROUTES] = WEIR_NUSES,
    [WEIR_USAGE_LIMITS] = 1,
    [WEIR_USAGE_TENANTS] = 0
};


static weir_rows_t *
rows_of(const weir_usage_t *t)
{
    return (weir_rows_t *) ((uintptr_t) t + t->rows);
}


static unsigned
words_of(unsigned kind)
{
    return uses[kind] ? WEIR_USAGE_PERIODS * SLOTS * (uses[kind] + 1u) : 0;
}


/* The counters of a period, and its mark. */
static uint64_t *
group_of(const weir_row_t *row, unsigned kind, unsigned period,
    uint32_t number)
{
    return weir_row_words((weir_row_t *) (uintptr_t) row)
           + (period * SLOTS + number % SLOTS) * (uses[kind] + 1u);
}


static uint64_t
plus(uint64_t count, uint64_t by)
{
    return by > COUNT_MAX - count ? COUNT_MAX : count + by;
}


static void
count(uint64_t *word, uint32_t number, uint64_t by)
{
    uint64_t  had, tag, n;

    if (by == 0) {
        return;
    }

    had = __atomic_load_n(word, __ATOMIC_RELAXED);

    do {
        tag = had >> COUNT_BITS;

        if ((tag - number) % TAGS <= AHEAD) {
            n = plus(had & COUNT_MAX, by);

        } else {
            tag = number % TAGS;
            n = plus(0, by);
        }

        /* nobody ever wrote it */
        if (had == 0) {
            tag = number % TAGS;
        }

    } while (!__atomic_compare_exchange_n(word, &had, tag << COUNT_BITS | n,
                                          false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
}


/* NULL: there is no room. */
static weir_row_t *
make(weir_usage_t *t, unsigned kind, const weir_str_t *labels, bool other)
{
    bool              made;
    weir_row_t       *tenant;
    weir_rows_t      *rows;
    weir_rows_use_t   use;

    rows = rows_of(t);
    weir_rows_use(rows, &use);

    if (!other && use.size - use.used < use.size / KEPT) {
        return NULL;
    }

    tenant = weir_rows_make(rows, WEIR_USAGE_TENANTS, labels, 1,
                            words_of(WEIR_USAGE_TENANTS), NULL, &made);

    return tenant ? weir_rows_make(rows, kind, labels, 2, words_of(kind),
                                   tenant, &made)
                  : NULL;
}


/* There is no row of that name yet. */
static WEIR_SELDOM weir_row_t *
make_or_fold(weir_usage_t *t, unsigned kind, const weir_str_t *labels)
{
    weir_row_t  *row;
    weir_str_t   other[2];

    row = make(t, kind, labels, false);

    if (row != NULL) {
        return row;
    }

    (void) __atomic_fetch_add(&t->folded, 1, __ATOMIC_RELAXED);

    other[0] = weir_string(WEIR_OTHER);
    other[1] = labels[1];

    row = make(t, kind, other, true);

    return row ? row
               : (weir_row_t *) ((uintptr_t) t + t->last[kind]);
}


static weir_row_t *
row_of(weir_usage_t *t, const weir_row_name_t *name)
{
    weir_row_t  *row;

    row = weir_rows_named(name);

    return row ? row : make_or_fold(t, name->kind, name->labels);
}


static bool
make_last(weir_usage_t *t)
{
    unsigned     kind;
    weir_row_t  *row;
    weir_str_t   labels[2];

    labels[0] = weir_string(WEIR_OTHER);
    labels[1] = weir_string(WEIR_OTHER);

    for (kind = 0; kind < WEIR_USAGE_TENANTS; kind++) {
        row = make(t, kind, labels, true);

        if (row == NULL) {
            return false;
        }

        t->last[kind] = (uintptr_t) row - (uintptr_t) t;
    }

    return true;
}


void
weir_usage_now(int64_t seconds, weir_usage_now_t *now)
{
    int64_t   day, year;
    unsigned  month, of_month;

    if (seconds < 0) {
        seconds = 0;

    } else if (seconds > WEIR_TIME_MAX) {
        seconds = WEIR_TIME_MAX;
    }

    day = seconds / DAY;
    weir_date(day, &year, &month, &of_month);

    now->number[WEIR_USAGE_DAY] = (uint32_t) day;
    now->number[WEIR_USAGE_MONTH] = (uint32_t) ((year - 1970) * 12
                                                + (int64_t) month - 1);
}


weir_usage_t *
weir_usage_init(void *mem, size_t size)
{
    weir_usage_t  *t;

    if (size < sizeof(weir_usage_t)
        || weir_rows_init((char *) mem + sizeof(weir_usage_t),
                          size - sizeof(weir_usage_t)) == NULL)
    {
        return NULL;
    }

    t = mem;
    t->rows = sizeof(weir_usage_t);

    return make_last(t) ? t : NULL;
}


weir_rows_t *
weir_usage_rows(weir_usage_t *t)
{
    return rows_of(t);
}


uint64_t
weir_usage_folded(const weir_usage_t *t)
{
    return __atomic_load_n(&t->folded, __ATOMIC_RELAXED);
}


void
weir_usage_name(weir_usage_t *t, unsigned kind, weir_str_t tenant,
    weir_str_t route_or_limit, weir_row_name_t *name)
{
    name->labels[0] = tenant;
    name->labels[1] = route_or_limit;

    weir_rows_name(rows_of(t), kind, 2, name);
}


void
weir_usage_request(weir_usage_t *t, const weir_row_name_t *name,
    const weir_usage_now_t *now, uint64_t received, uint64_t sent)
{
    uint64_t    *group;
    unsigned     period;
    weir_row_t  *row;

    row = row_of(t, name);

    for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
        group = group_of(row, WEIR_USAGE_ROUTES, period, now->number[period]);
        count(&group[WEIR_USE_REQUESTS], now->number[period], 1);
        count(&group[WEIR_USE_RECEIVED], now->number[period], received);
        count(&group[WEIR_USE_SENT], now->number[period], sent);
    }
}


void
weir_usage_units(weir_usage_t *t, const weir_row_name_t *name,
    const weir_usage_now_t *now, uint64_t units)
{
    unsigned     period;
    weir_row_t  *row;

    if (units == 0) {
        return;
    }

    row = row_of(t, name);

    for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
        count(group_of(row, WEIR_USAGE_LIMITS, period, now->number[period]),
              now->number[period], units);
    }
}


void
weir_usage_read(const weir_row_t *row, unsigned kind, unsigned period,
    uint32_t number, weir_usage_count_t *out)
{
    uint64_t  word, *group;
    unsigned  i;

    group = group_of(row, kind, period, number);

    for (i = 0; i < WEIR_NUSES; i++) {
        word = i < uses[kind] ? __atomic_load_n(&group[i], __ATOMIC_RELAXED)
                              : 0;
        out->n[i] = word >> COUNT_BITS == number % TAGS ? word & COUNT_MAX
                                                        : 0;
    }
}


uint64_t *
weir_usage_mark(weir_row_t *row, unsigned kind, unsigned period,
    uint32_t number)
{
    return group_of(row, kind, period, number) + uses[kind];
}
