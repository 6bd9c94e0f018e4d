/*
 * window.h: which window a moment is in: of a fixed length, or a period of
 * the calendar in a time zone.
 *
 * Windows of one kind follow each other without a gap; each moment is in one.
 */

#ifndef WEIR_RUN_WINDOW_H
#define WEIR_RUN_WINDOW_H

#include "image/format.h"
#include "run/image.h"

/*
 * Times are nanoseconds on the clock that the window is counted on.  Begin
 * and end are cut off where 64 bits end, in the years 1677 and 2262.
 */
typedef struct {
    uint64_t  number;           /* one more than that of the window before;
                                   before number 0, modulo 2^64 */
    int64_t   begin;
    int64_t   end;              /* is in the next one */
    int64_t   now;              /* begin <= now < end */
} weir_window_t;

/* Windows of length nanoseconds, number 0 from 0 on; 0: there is only one. */
void weir_window_of(int64_t now, uint64_t length, weir_window_t *w);

/*
 * The day, week or month of a moment (ns since 1970) in a time zone (an index
 * into zones; WEIR_NONE is UTC).  It begins at the first moment at which
 * clocks there show its first day or a later one: a day can have 23 or 25
 * hours, and one whose midnight is skipped begins after it.  Where clocks go
 * back over midnight, the day before does not begin again.  A day that a zone
 * leaves out, to change the side of the date line, keeps its number, and no
 * moment is in it.
 *
 * Number 0 holds 1970-01-01; weeks begin on Monday.
 */
void weir_window_calendar(const weir_image_t *img, uint32_t zone,
    unsigned period, int64_t now, weir_window_t *w);

/*
 * The window of a limit: a period of QUOTA; else span where cluster, which is
 * what is counted in the store, or the limit's own.
 */
void weir_window_limit(const weir_image_t *img, const weir_img_limit_t *limit,
    bool cluster, int64_t now, weir_window_t *w);

#endif
