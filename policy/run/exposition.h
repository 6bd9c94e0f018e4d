/*
 * exposition.h: metrics as text, for Prometheus (version 0.0.4) and as
 * OpenMetrics (1.0.0).
 *
 * A writer fills memory of the caller's.  What does not fit is not begun: a
 * line is there whole or not at all.
 */

#ifndef WEIR_RUN_EXPOSITION_H
#define WEIR_RUN_EXPOSITION_H

#include "run/series.h"

typedef enum {
#define M(name, text, type, labels, help)  WEIR_METRIC_##name,
    WEIR_METRICS(M)
#undef M
    WEIR_NMETRICS
} weir_metric_t;

typedef enum {
    WEIR_COUNTER,
    WEIR_GAUGE,
    WEIR_HISTOGRAM
} weir_metric_type_t;

typedef struct {
    weir_str_t          name;
    weir_metric_type_t  type;
    weir_str_t          labels;     /* by commas */
    weir_str_t          help;
} weir_metric_info_t;

const weir_metric_info_t *weir_metric_info(weir_metric_t metric);

/* The caller sets all of it. */
typedef struct {
    char  *p;                       /* is written here, up to */
    char  *end;
    bool   openmetrics;
    bool   full;                    /* something did not fit */
} weir_expo_t;

/* bytes that any one line takes at most, and the head of a metric */
#define WEIR_EXPO_LINE  4096

/* # HELP, # TYPE and, of OpenMetrics, # UNIT; before the samples of it. */
void weir_expo_head(weir_expo_t *w, weir_metric_t metric);
/*
 * A sample; values of the labels in the order of the table, as many as it
 * has.  Not of histograms.
 */
void weir_expo_count(weir_expo_t *w, weir_metric_t metric,
    const weir_str_t *labels, uint64_t value);
/*
 * value / scale as a decimal, of nine digits behind the point at most:
 * milliseconds have the scale 1000.  NaN where the scale is 0.
 */
void weir_expo_ratio(weir_expo_t *w, weir_metric_t metric,
    const weir_str_t *labels, uint64_t value, uint64_t scale);
/*
 * All lines of it or none.  buckets: own counts, by WEIR_TIMES (of the store's
 * calls WEIR_STORE_TIMES) and +Inf; sum / scale: seconds.
 */
void weir_expo_histogram(weir_expo_t *w, weir_metric_t metric,
    const weir_str_t *labels, const uint64_t *buckets, uint64_t sum,
    uint64_t scale);
/* What ends it: "# EOF" of OpenMetrics. */
void weir_expo_end(weir_expo_t *w);

/*
 * All metrics of tenants, a piece at a time, of WEIR_EXPO_LINE bytes at least.
 * The cursor begins as zero but for skip; true: they are all written, else the
 * writer is full, or so many rows were looked at, and it goes on with the next
 * piece.
 */
typedef struct {
    const bool        *skip;        /* by metric: those to leave out; NULL:
                                       none */
    unsigned           metric;
    const weir_row_t  *row;         /* the last one that was written */
    unsigned           line;        /* of the one after it */
    bool               begun;
    uint64_t           sum;         /* of a histogram that was begun */
    uint64_t           buckets[WEIR_NTIMES];
} weir_series_cursor_t;

bool weir_series_expose(weir_series_t *t, weir_expo_t *w,
    weir_series_cursor_t *cursor, unsigned rows);

#endif
