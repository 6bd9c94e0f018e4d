/*
 * fn_time.c: timestamps and durations.
 *
 * A timestamp counts seconds since 1970 and nanoseconds forward from there; a
 * duration has both of one sign.  Out of range is an error.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "run/fn.h"
#include "run/zone.h"

#define DAY  86400

/* a point in time in some zone */
typedef struct {
    int64_t   days;             /* since 1970-01-01 */
    int64_t   second;           /* of the day */
    int64_t   year;
    unsigned  month;            /* from 1 */
    unsigned  day;              /* from 1 */
} civil_t;


static weir_value_t
timestamp(int64_t sec, int64_t nsec)
{
    sec += nsec / WEIR_NSEC;
    nsec %= WEIR_NSEC;

    if (nsec < 0) {
        sec--;
        nsec += WEIR_NSEC;
    }

    if (sec < WEIR_TIME_MIN || sec > WEIR_TIME_MAX) {
        return weir_v_err(WEIR_E_OVERFLOW);
    }

    return (weir_value_t) { .kind = WEIR_T_TIMESTAMP, .len = (uint32_t) nsec,
                            .u.i = sec };
}


static weir_value_t
duration(int64_t sec, int64_t nsec)
{
    sec += nsec / WEIR_NSEC;
    nsec %= WEIR_NSEC;

    if (sec > 0 && nsec < 0) {
        sec--;
        nsec += WEIR_NSEC;

    } else if (sec < 0 && nsec > 0) {
        sec++;
        nsec -= WEIR_NSEC;
    }

    if (sec < -WEIR_DURATION_MAX || sec > WEIR_DURATION_MAX) {
        return weir_v_err(WEIR_E_OVERFLOW);
    }

    return (weir_value_t) { .kind = WEIR_T_DURATION,
                            .len = (uint32_t) (int32_t) nsec, .u.i = sec };
}


/* Of a duration with its sign, of a timestamp forward. */
static int64_t
nsec_of(const weir_value_t *v)
{
    return (int32_t) v->len;
}


static weir_value_t
add_time(const weir_value_t *t, const weir_value_t *d)
{
    return timestamp(t->u.i + d->u.i, nsec_of(t) + nsec_of(d));
}


WEIR_FN(ADD_TIME_DUR)
{
    WEIR_UNUSED(e);
    return add_time(&a[0], &a[1]);
}


WEIR_FN(ADD_DUR_TIME)
{
    WEIR_UNUSED(e);
    return add_time(&a[1], &a[0]);
}


WEIR_FN(ADD_DURATION)
{
    WEIR_UNUSED(e);
    return duration(a[0].u.i + a[1].u.i, nsec_of(&a[0]) + nsec_of(&a[1]));
}


WEIR_FN(SUB_TIME_DUR)
{
    WEIR_UNUSED(e);
    return timestamp(a[0].u.i - a[1].u.i, nsec_of(&a[0]) - nsec_of(&a[1]));
}


WEIR_FN(SUB_DURATION)
{
    WEIR_UNUSED(e);
    return duration(a[0].u.i - a[1].u.i, nsec_of(&a[0]) - nsec_of(&a[1]));
}


/*
 * What does not fit 64 bits of nanoseconds is out of range, as the
 * conformance suite of CEL has it, though a duration could hold it.
 */
WEIR_FN(SUB_TIME)
{
    int64_t  sec;

    WEIR_UNUSED(e);
    sec = a[0].u.i - a[1].u.i;

    if (sec > INT64_MAX / WEIR_NSEC || sec < -(INT64_MAX / WEIR_NSEC)) {
        return weir_v_err(WEIR_E_OVERFLOW);
    }

    return duration(sec, nsec_of(&a[0]) - nsec_of(&a[1]));
}


WEIR_FN(TIMESTAMP_TIMESTAMP)
{
    WEIR_UNUSED(e);
    return a[0];
}


WEIR_FN(TIMESTAMP_STRING)
{
    int64_t   sec;
    uint32_t  nsec;

    WEIR_UNUSED(e);

    return weir_time_parse(weir_v_text(&a[0]), &sec, &nsec) == WEIR_OK
               ? timestamp(sec, nsec) : weir_v_err(WEIR_E_CONVERSION);
}


WEIR_FN(TIMESTAMP_INT)
{
    WEIR_UNUSED(e);
    return timestamp(a[0].u.i, 0);
}


WEIR_FN(INT_TIMESTAMP)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].u.i);
}


WEIR_FN(DURATION_DURATION)
{
    WEIR_UNUSED(e);
    return a[0];
}


WEIR_FN(DURATION_STRING)
{
    int32_t  nsec;
    int64_t  sec;

    WEIR_UNUSED(e);

    return weir_duration_parse(weir_v_text(&a[0]), &sec, &nsec) == WEIR_OK
               ? duration(sec, nsec) : weir_v_err(WEIR_E_CONVERSION);
}


static void
to_civil(int64_t sec, civil_t *c)
{
    c->days = sec / DAY;
    c->second = sec % DAY;

    if (c->second < 0) {
        c->days--;
        c->second += DAY;
    }

    weir_date(c->days, &c->year, &c->month, &c->day);
}


/* The point and nine digits less the zeros at their end; or nothing. */
static size_t
put_fraction(char *p, uint32_t nsec)
{
    size_t  n;

    if (nsec == 0) {
        return 0;
    }

    n = (size_t) snprintf(p, 12, ".%09u", nsec % WEIR_NSEC);

    while (p[n - 1] == '0') {
        n--;
    }

    return n;
}


static weir_value_t
copied(weir_eval_t *e, const char *text, size_t len)
{
    char  *p;

    p = weir_scratch(e, len);
    if (p == NULL) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    memcpy(p, text, len);

    return weir_v_str(weir_str(p, len));
}


WEIR_FN(STRING_TIMESTAMP)
{
    char     text[64];
    size_t   n;
    civil_t  c;

    to_civil(a[0].u.i, &c);

    n = (size_t) snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d",
                          (int) c.year, c.month, c.day,
                          (int) (c.second / 3600),
                          (int) (c.second / 60 % 60), (int) (c.second % 60));
    n += put_fraction(text + n, a[0].len);
    text[n++] = 'Z';

    return copied(e, text, n);
}


WEIR_FN(STRING_DURATION)
{
    bool     minus;
    char     text[48];
    size_t   n;
    int64_t  nsec;

    nsec = nsec_of(&a[0]);
    minus = a[0].u.i < 0 || nsec < 0;

    n = (size_t) snprintf(text, sizeof(text), "%s%lld", minus ? "-" : "",
                          llabs(a[0].u.i));
    n += put_fraction(text + n, (uint32_t) (minus ? -nsec : nsec));
    text[n++] = 's';

    return copied(e, text, n);
}


/* The zone of that name; NULL: the image has none. */
static const weir_img_zone_t *
find_zone(const weir_image_t *img, weir_str_t name)
{
    int                     order;
    uint32_t                lo, hi, mid;
    const weir_img_zone_t  *zone;

    zone = WEIR_REC(img, ZONES);
    lo = 0;
    hi = img->n[WEIR_S_ZONES];

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;
        order = weir_str_cmp(weir_img_str(img, zone[mid].name), name);

        if (order == 0) {
            return &zone[mid];
        }

        if (order < 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return NULL;
}


typedef int64_t (*part_t)(const civil_t *c, const weir_value_t *t);


static weir_value_t
in_utc(const weir_value_t *a, part_t part)
{
    civil_t  c;

    to_civil(a[0].u.i, &c);

    return weir_v_int(part(&c, &a[0]));
}


static weir_value_t
in_zone(const weir_image_t *img, const weir_value_t *a, part_t part)
{
    civil_t                 c;
    int64_t                 offset;
    const weir_img_zone_t  *zone;

    if (weir_offset_parse(weir_v_text(&a[1]), &offset) != WEIR_OK) {

        zone = find_zone(img, weir_v_text(&a[1]));
        if (zone == NULL) {
            return weir_v_err(WEIR_E_INVALID_ARGUMENT);
        }

        offset = weir_zone_offset(img, zone, a[0].u.i);
    }

    to_civil(a[0].u.i + offset, &c);

    return weir_v_int(part(&c, &a[0]));
}


#define PART(id, value)                                                       \
    static int64_t                                                            \
    part_##id(const civil_t *c, const weir_value_t *t)                        \
    {                                                                         \
        WEIR_UNUSED(c);                                                       \
        WEIR_UNUSED(t);                                                       \
        return (int64_t) (value);                                             \
    }                                                                         \
                                                                              \
    WEIR_FN(id##_UTC)                                                         \
    {                                                                         \
        WEIR_UNUSED(e);                                                       \
        return in_utc(a, part_##id);                                          \
    }                                                                         \
                                                                              \
    WEIR_FN(id##_ZONE)                                                        \
    {                                                                         \
        return in_zone(e->image, a, part_##id);                               \
    }

/* months, days of month and year, and days of the week count from 0 */
PART(FULL_YEAR, c->year)
PART(MONTH, c->month - 1)
PART(DATE, c->day)
PART(DAY_OF_MONTH, c->day - 1)
PART(DAY_OF_WEEK, ((c->days + 4) % 7 + 7) % 7)
PART(DAY_OF_YEAR, c->days - weir_days(c->year, 1, 1))
PART(HOURS, c->second / 3600)
PART(MINUTES, c->second / 60 % 60)
PART(SECONDS, c->second % 60)
PART(MILLISECONDS, t->len / 1000000)


WEIR_FN(HOURS_DURATION)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].u.i / 3600);
}


WEIR_FN(MINUTES_DURATION)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].u.i / 60);
}


WEIR_FN(SECONDS_DURATION)
{
    WEIR_UNUSED(e);
    return weir_v_int(a[0].u.i);
}


/* Of the last second, unlike the others. */
WEIR_FN(MILLISECONDS_DURATION)
{
    WEIR_UNUSED(e);
    return weir_v_int(nsec_of(&a[0]) / 1000000);
}
