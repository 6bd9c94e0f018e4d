/*
 * window.h: which window a moment is in: of a fixed length, or a period of
 * the calendar in a time zone.
 */

#ifndef WEIR_RUN_WINDOW_H
#define WEIR_RUN_WINDOW_H

#include "image/format.h"
#include "run/image.h"

/* Times are nanoseconds on the clock that the window is counted on. */
typedef struct {
    uint64_t  number;           /* of consecutive windows: grows by one */
    int64_t   begin;
    int64_t   end;              /* is in the next one */
    int64_t   now;
} weir_window_t;

/* Windows of length nanoseconds, number 0 from 0 on. */
void weir_window_of(int64_t now, uint64_t length, weir_window_t *w);

/*
 * The day, week or month of a moment (ns since 1970) in a time zone (an index
 * into zones; WEIR_NONE is UTC).  It begins at the first moment of its first
 * day as clocks there show it: a day can have 23 or 25 hours, and one that
 * begins at an hour that is skipped begins after it.
 */
void weir_window_calendar(const weir_image_t *img, uint32_t zone,
    unsigned period, int64_t now, weir_window_t *w);

/* The window of a limit: of its store (span) where cluster, else its own. */
void weir_window_limit(const weir_image_t *img, const weir_img_limit_t *limit,
    bool cluster, int64_t now, weir_window_t *w);

#endif
