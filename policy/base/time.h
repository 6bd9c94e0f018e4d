/*
 * time.h: points in time and durations as CEL has them: seconds and
 * nanoseconds, parsed strictly.
 */

#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include "base/rc.h"
#include "base/str.h"

#define WEIR_TIME_MIN      (-62135596800)   /* 0001-01-01T00:00:00Z */
#define WEIR_TIME_MAX      253402300799     /* 9999-12-31T23:59:59Z */
#define WEIR_DURATION_MAX  315576000000     /* seconds, either way */
#define WEIR_NSEC          1000000000

/*
 * RFC 3339 with T and Z in capitals, to nanoseconds, no leap second.  *nsec
 * counts forward from *sec, seconds since 1970.
 */
weir_rc_t weir_time_parse(weir_str_t s, int64_t *sec, uint32_t *nsec);

/*
 * "1h30m", "-1.5s", "10us", "0": numbers with a unit of h m s ms us ns.
 * *nsec has the sign of *sec.
 */
weir_rc_t weir_duration_parse(weir_str_t s, int64_t *sec, int32_t *nsec);

/*
 * "", "UTC", or an offset as "+02:00", "-09:30", "02:00", in seconds ahead of
 * UTC.  WEIR_ERROR: it is something else, perhaps the name of a zone.
 */
weir_rc_t weir_offset_parse(weir_str_t s, int64_t *offset);

/* Days from 1970-01-01 to a day of the Gregorian calendar; month from 1. */
int64_t weir_days(int64_t year, unsigned month, unsigned day);
/* The way back. */
void weir_date(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
