/*
 * usage.h: what tenants used, by day and month (UTC), for who bills or asks.
 *
 * Rows (rows.h) of a tenant and a route count requests and bytes, rows of a
 * tenant and a limit units that were charged; they are children of the
 * tenant's row, which counts nothing.  Only want of memory bounds them: what
 * finds no room is counted for WEIR_OTHER, for which an eighth is kept.
 *
 * A counter of a period is one word, with the low bits of the period's number
 * above 52 bits of count, beyond which it does not go.  A period that begins
 * overwrites the one before the last, so that the last one can still be read.
 * Where the clock was set back by two periods or more, what comes is counted
 * for the period that has the word already: nothing is lost, and nothing that
 * was counted is taken back.  A word that is ahead by more than two months (of
 * days, or five years of months) is of a clock that was wrong, and does go.
 */

#ifndef WEIR_RUN_USAGE_H
#define WEIR_RUN_USAGE_H

#include "run/series.h"

/* name in code, name in JSON */
#define WEIR_USES(U)                                                          \
    U(REQUESTS, "requests") U(RECEIVED, "bytes_in") U(SENT, "bytes_out")

typedef enum {
#define U(name, text)  WEIR_USE_##name,
    WEIR_USES(U)
#undef U
    WEIR_NUSES
} weir_use_t;

enum {
    WEIR_USAGE_DAY,
    WEIR_USAGE_MONTH,
    WEIR_USAGE_PERIODS
};

/* numbers of periods: days since 1970, months since January 1970 */
typedef struct {
    uint32_t  number[WEIR_USAGE_PERIODS];
} weir_usage_now_t;

/* seconds since 1970 */
void weir_usage_now(int64_t seconds, weir_usage_now_t *now);

enum {
    WEIR_USAGE_ROUTES,              /* tenant, route */
    WEIR_USAGE_LIMITS,              /* tenant, limit */
    WEIR_USAGE_TENANTS,             /* tenant: it has the others */
    WEIR_USAGE_KINDS
};

typedef struct weir_usage_s  weir_usage_t;      /* lies in shared memory */

/* As weir_rows_init(). */
weir_usage_t *weir_usage_init(void *mem, size_t size);
weir_rows_t *weir_usage_rows(weir_usage_t *t);
/* Times that something was counted for WEIR_OTHER. */
uint64_t weir_usage_folded(const weir_usage_t *t);

/* WEIR_USAGE_ROUTES and LIMITS: where to count; see weir_rows_near(). */
void weir_usage_name(weir_usage_t *t, unsigned kind, weir_str_t tenant,
    weir_str_t route_or_limit, weir_row_name_t *name);

/* One request more of a route. */
void weir_usage_request(weir_usage_t *t, const weir_row_name_t *name,
    const weir_usage_now_t *now, uint64_t received, uint64_t sent);
/* So many more of a limit. */
void weir_usage_units(weir_usage_t *t, const weir_row_name_t *name,
    const weir_usage_now_t *now, uint64_t units);

/*
 * What a row counted in a period: the current one, or the one before it.  0 of
 * one whose word another has.
 */
typedef struct {
    uint64_t  n[WEIR_NUSES];        /* of WEIR_USAGE_LIMITS: units first */
} weir_usage_count_t;

void weir_usage_read(const weir_row_t *row, unsigned kind, unsigned period,
    uint32_t number, weir_usage_count_t *out);
/*
 * A word beside what a row counts in a period, for who writes it to a store.
 * It begins as 0 and passes as it is to the period that overwrites this one.
 * Not of WEIR_USAGE_TENANTS.
 */
uint64_t *weir_usage_mark(weir_row_t *row, unsigned kind, unsigned period,
    uint32_t number);

#endif
