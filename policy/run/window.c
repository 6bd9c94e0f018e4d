/*
 * window.c: which window a moment is in.
 */

#include "base/time.h"
#include "run/window.h"
#include "run/zone.h"

#define DAY  86400


/* Rounded down; b > 0. */
static int64_t
floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}


/* Seconds to nanoseconds, as far as they go. */
static int64_t
to_ns(int64_t sec)
{
    int64_t  ns;

    if (__builtin_mul_overflow(sec, WEIR_NSEC, &ns)) {
        return sec < 0 ? INT64_MIN : INT64_MAX;
    }

    return ns;
}


/* The period that a day is in; days since 1970-01-01, a Thursday. */
static int64_t
period_of(unsigned period, int64_t day)
{
    int64_t   year;
    unsigned  month, of_month;

    switch (period) {

    case WEIR_PERIOD_DAY:
        return day;

    case WEIR_PERIOD_WEEK:
        return floor_div(day + 3, 7);

    default:
        weir_date(day, &year, &month, &of_month);
        return (year - 1970) * 12 + (int64_t) month - 1;
    }
}


static int64_t
first_day(unsigned period, int64_t number)
{
    int64_t  year;

    switch (period) {

    case WEIR_PERIOD_DAY:
        return number;

    case WEIR_PERIOD_WEEK:
        return number * 7 - 3;

    default:
        year = floor_div(number, 12);
        return weir_days(1970 + year, (unsigned) (number - year * 12) + 1, 1);
    }
}


/* When a period begins, in seconds. */
static int64_t
begin_of(const weir_image_t *img, const weir_img_zone_t *zone,
    unsigned period, int64_t number)
{
    int64_t  local;

    local = first_day(period, number) * DAY;

    return zone ? weir_zone_reach(img, zone, local) : local;
}


void
weir_window_of(int64_t now, uint64_t length, weir_window_t *w)
{
    int64_t  len, rest, begin, end;

    if (length == 0 || length > INT64_MAX) {
        *w = (weir_window_t) { 0, INT64_MIN, INT64_MAX, now };
        return;
    }

    len = (int64_t) length;
    rest = now % len + (now % len < 0 ? len : 0);

    if (__builtin_sub_overflow(now, rest, &begin)) {
        begin = INT64_MIN;
    }

    if (__builtin_add_overflow(now, len - rest, &end)) {
        end = INT64_MAX;
    }

    w->number = (uint64_t) floor_div(now, len);
    w->begin = begin;
    w->end = end;
    w->now = now;
}


void
weir_window_calendar(const weir_image_t *img, uint32_t zone, unsigned period,
    int64_t now, weir_window_t *w)
{
    int64_t                 sec, shown, number, begin, end;
    const weir_img_zone_t  *z;

    z = zone == WEIR_NONE ? NULL : &WEIR_REC(img, ZONES)[zone];
    sec = floor_div(now, WEIR_NSEC);
    shown = sec + (z ? weir_zone_offset(img, z, sec) : 0);

    number = period_of(period, floor_div(shown, DAY));
    begin = begin_of(img, z, period, number);
    end = begin_of(img, z, period, number + 1);

    /* clocks that were set back showed later days before: at most three */
    while (end <= sec) {
        number++;
        begin = end;
        end = begin_of(img, z, period, number + 1);
    }

    w->number = (uint64_t) number;
    w->begin = to_ns(begin);
    w->end = to_ns(end);
    w->now = now;
}


void
weir_window_limit(const weir_image_t *img, const weir_img_limit_t *limit,
    bool cluster, int64_t now, weir_window_t *w)
{
    if (limit->kind == WEIR_LIMIT_QUOTA) {
        weir_window_calendar(img, limit->zone, limit->period, now, w);

    } else {
        weir_window_of(now, cluster ? limit->span : limit->window, w);
    }
}
