/*
 * series.h: what is counted by tenant, and bounded.
 *
 * Rows (rows.h) of three kinds hold the metrics of WEIR_SERIES_METRICS.  Where
 * a row would make more series than there may be, or finds no room, it is
 * counted for the tenant WEIR_OTHER instead, for whose rows an eighth is kept;
 * where that is full too, for one row of each kind in which all names are
 * WEIR_OTHER.  Nothing is lost.
 */

#ifndef WEIR_RUN_SERIES_H
#define WEIR_RUN_SERIES_H

#include "image/bounds.h"
#include "run/metrics_table.h"
#include "run/rows.h"

/* Upper bounds of the buckets of durations: milliseconds, text of "le". */
#define WEIR_TIMES(B)                                                         \
    B(1, "0.001") B(2, "0.0025") B(5, "0.005") B(10, "0.01") B(25, "0.025")   \
    B(50, "0.05") B(100, "0.1") B(250, "0.25") B(500, "0.5") B(1000, "1.0")   \
    B(2500, "2.5") B(5000, "5.0") B(10000, "10.0")

enum {
    WEIR_NTIMES = 1               /* +Inf */
#define B(ms, le)  + 1
    WEIR_TIMES(B)
#undef B
};

/*
 * The same of calls of the store, of which most take less than a millisecond:
 * microseconds.
 */
#define WEIR_STORE_TIMES(B)                                                   \
    B(100, "0.0001") B(250, "0.00025") B(500, "0.0005") B(1000, "0.001")      \
    B(2500, "0.0025") B(5000, "0.005") B(10000, "0.01") B(25000, "0.025")     \
    B(50000, "0.05") B(100000, "0.1") B(250000, "0.25") B(1000000, "1.0")     \
    B(10000000, "10.0")

enum {
    WEIR_NSTORE_TIMES = 1
#define B(us, le)  + 1
    WEIR_STORE_TIMES(B)
#undef B
};

_Static_assert((int) WEIR_NSTORE_TIMES == (int) WEIR_NTIMES,
               "histograms have one size");

/* name in code, value of the label "code" */
#define WEIR_STATUSES(C)                                                      \
    C(NONE, "none") C(1XX, "1xx") C(2XX, "2xx") C(3XX, "3xx") C(4XX, "4xx")   \
    C(5XX, "5xx")

typedef enum {
#define C(name, text)  WEIR_CODE_##name,
    WEIR_STATUSES(C)
#undef C
    WEIR_NCODES
} weir_code_t;

static inline weir_code_t
weir_code_of(unsigned status)
{
    return status < 100 || status > 599 ? WEIR_CODE_NONE
                                        : (weir_code_t) (status / 100);
}

/* name in code, value of the label "verdict" of weir_limit_decisions */
#define WEIR_LIMIT_VERDICTS(V)                                                \
    V(ALLOWED, "allowed") V(REFUSED, "refused") V(DRY_RUN, "dry_run")         \
    V(UNCOUNTED, "uncounted")

typedef enum {
#define V(name, text)  WEIR_LIMIT_##name##_VERDICT,
    WEIR_LIMIT_VERDICTS(V)
#undef V
    WEIR_LIMIT_NVERDICTS
} weir_limit_verdict_t;

typedef struct weir_series_s  weir_series_t;    /* lies in shared memory */

/* What the rows take in which all names are WEIR_OTHER. */
#define WEIR_SERIES_LEAST  25

/*
 * As weir_rows_init(); max: series, lines of the exposition, WEIR_SERIES_LEAST
 * at least.
 */
weir_series_t *weir_series_init(void *mem, size_t size, uint64_t max);
/* Another bound.  What is there stays, also where it is more. */
void weir_series_bound(weir_series_t *t, uint64_t max);

typedef struct {
    weir_str_t   tenant;            /* "": none */
    weir_str_t   route;
    weir_str_t   arm;
    weir_code_t  code;
    uint64_t     took;              /* ms */
    uint64_t     received;          /* bytes */
    uint64_t     sent;
} weir_series_request_t;

typedef struct {
    weir_str_t  tenant;
    weir_str_t  route;
    weir_str_t  verdict;
    weir_str_t  reason;
    weir_str_t  rule;
    weir_str_t  limit;
} weir_series_decision_t;

typedef struct {
    weir_str_t            tenant;
    weir_str_t            limit;
    weir_limit_verdict_t  verdict;
    uint64_t              units;    /* that were charged */
    bool                  whole;    /* its key is the tenant, and what is left
                                       is known: the following; else gauges
                                       stay as they are */
    uint64_t              remaining;
    uint64_t              capacity; /* 0: it has no gauges any more */
} weir_series_limit_t;

/* The rows of what is to be counted: see weir_rows_near(). */
void weir_series_name_request(weir_series_t *t,
    const weir_series_request_t *r, weir_row_name_t *name);
void weir_series_name_decision(weir_series_t *t,
    const weir_series_decision_t *d, weir_row_name_t *name);
void weir_series_name_limit(weir_series_t *t, const weir_series_limit_t *l,
    weir_row_name_t *name);

/* Counted in the row of that name. */
void weir_series_request(weir_series_t *t, const weir_row_name_t *name,
    const weir_series_request_t *r);
void weir_series_decision(weir_series_t *t, const weir_row_name_t *name);
void weir_series_limit(weir_series_t *t, const weir_row_name_t *name,
    const weir_series_limit_t *l);

typedef struct {
    uint64_t         series;
    uint64_t         max;
    uint64_t         folded;        /* times */
    weir_rows_use_t  rows;
} weir_series_use_t;

void weir_series_use(weir_series_t *t, weir_series_use_t *out);

/* To read: rows, their texts in the order of the labels above, words. */
enum {
    WEIR_SERIES_REQUESTS,           /* tenant, route, arm, code */
    WEIR_SERIES_DECISIONS,          /* tenant, route, verdict, reason, rule,
                                       limit; one word: count */
    WEIR_SERIES_LIMITS,             /* tenant, limit */
    WEIR_SERIES_KINDS
};

enum {
    WEIR_SERIES_MS,
    WEIR_SERIES_RECEIVED,           /* bytes */
    WEIR_SERIES_SENT,               /* bytes */
    WEIR_SERIES_TIMES,              /* WEIR_NTIMES, each its own, not
                                       cumulative */
    WEIR_SERIES_REQUEST_WORDS = WEIR_SERIES_TIMES + WEIR_NTIMES
};

enum {                              /* first by weir_limit_verdict_t */
    WEIR_SERIES_UNITS = WEIR_LIMIT_NVERDICTS,
    WEIR_SERIES_REMAINING,
    WEIR_SERIES_CAPACITY,           /* 0: it has no gauges */
    WEIR_SERIES_LIMIT_WORDS
};

/* A row in which nothing was counted yet is no series. */
weir_rows_t *weir_series_rows(weir_series_t *t);

#endif
