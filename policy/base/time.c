/*
 * time.c: RFC 3339 and durations, from text.
 */

#include "base/reader.h"
#include "base/time.h"
#include "base/num.h"


/* a unit is whole seconds, or a part of one */
typedef struct {
    weir_str_t  name;           /* longer ones before what they begin with */
    uint64_t    seconds;
    uint64_t    per_second;
} unit_t;


/* Exactly n digits; false, or a number up to max. */
static bool
fixed(weir_reader_t *r, unsigned n, unsigned max, unsigned *out)
{
    unsigned  v;

    for (v = 0; n > 0; n--) {
        if (!weir_digit(r)) {
            return false;
        }

        v = v * 10 + (unsigned) (*r->p++ - '0');
    }

    *out = v;

    return v <= max;
}


/* Digits behind a point as billionths; those past nine are cut off. */
static unsigned
fraction(weir_reader_t *r, unsigned *digits)
{
    unsigned  v, unit;

    unit = WEIR_NSEC / 10;
    v = 0;

    for (*digits = 0; weir_digit(r); r->p++) {
        v += unit * (unsigned) (*r->p - '0');
        unit /= 10;
        (*digits)++;
    }

    return v;
}


static unsigned
month_days(unsigned year, unsigned month)
{
    static const uint8_t  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        return 29;
    }

    return days[month - 1];
}


/* "Z" or "+hh:mm", as seconds to subtract. */
static bool
zone(weir_reader_t *r, int64_t *offset)
{
    bool      east;
    unsigned  h, m;

    if (weir_skip(r, 'Z')) {
        *offset = 0;
        return true;
    }

    east = weir_skip(r, '+');

    if (!east && !weir_skip(r, '-')) {
        return false;
    }

    if (!fixed(r, 2, 23, &h) || !weir_skip(r, ':') || !fixed(r, 2, 59, &m)) {
        return false;
    }

    *offset = (int64_t) (h * 3600 + m * 60);
    *offset = east ? *offset : -*offset;

    return true;
}


static const unit_t *
unit(weir_reader_t *r)
{
    static const unit_t  units[] = {
        { weir_string("h"),         3600, 1 },
        { weir_string("ms"),        0, 1000 },
        { weir_string("m"),         60, 1 },
        { weir_string("s"),         1, 1 },
        { weir_string("us"),        0, 1000000 },
        { weir_string("\302\265s"), 0, 1000000 },
        { weir_string("\316\274s"), 0, 1000000 },
        { weir_string("ns"),        0, WEIR_NSEC }
    };

    size_t      i;
    weir_str_t  left;

    left = weir_str(r->p, (size_t) (r->end - r->p));

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (weir_str_starts(left, units[i].name)) {
            r->p += units[i].name.len;
            return &units[i];
        }
    }

    return NULL;
}


/* One number with its unit, added to *sec and *nsec. */
static bool
part(weir_reader_t *r, uint64_t *sec, uint64_t *nsec)
{
    uint64_t       v, whole, rest;
    unsigned       frac, digits;
    const char    *start;
    const unit_t  *u;

    frac = 0;
    digits = 0;
    start = r->p;

    for (v = 0; weir_digit(r); r->p++) {
        if (!weir_mul(v, 10u, &v)
            || !weir_add(v, (uint64_t) (*r->p - '0'), &v))
        {
            return false;
        }
    }

    whole = (uint64_t) (r->p - start);

    if (weir_skip(r, '.')) {
        frac = fraction(r, &digits);
    }

    u = whole + digits != 0 ? unit(r) : NULL;

    if (u == NULL) {
        return false;
    }

    if (u->seconds != 0) {
        rest = frac * u->seconds;

        if (!weir_mul(v, u->seconds, &v)) {
            return false;
        }

    } else {
        rest = v % u->per_second * (WEIR_NSEC / u->per_second)
               + frac / u->per_second;
        v /= u->per_second;
    }

    return weir_add(*sec, v, sec) && weir_add(*nsec, rest, nsec);
}


int64_t
weir_days(int64_t year, unsigned month, unsigned day)
{
    int64_t   era, of_era;
    unsigned  of_year;

    /* years begin in March, so that the leap day is the last of one */
    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    of_era = year - era * 400;
    of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
           - 719468;
}


/* Years of the Gregorian calendar repeat every 400; they begin in March. */
void
weir_date(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    int64_t  era, of_era, from_march;

    days -= weir_days(0, 3, 1);
    era = (days >= 0 ? days : days - 146096) / 146097;
    days -= era * 146097;
    of_era = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    days -= 365 * of_era + of_era / 4 - of_era / 100;
    from_march = (5 * days + 2) / 153;

    *day = (unsigned) (days - (153 * from_march + 2) / 5 + 1);
    *month = (unsigned) (from_march < 10 ? from_march + 3 : from_march - 9);
    *year = of_era + era * 400 + (*month <= 2);
}


weir_rc_t
weir_time_parse(weir_str_t s, int64_t *sec, uint32_t *nsec)
{
    int64_t        t, offset;
    unsigned       year, month, day, h, m, second, frac, digits;
    weir_reader_t  r;

    r = weir_reader(s);
    frac = 0;

    if (!fixed(&r, 4, 9999, &year) || !weir_skip(&r, '-')
        || !fixed(&r, 2, 12, &month) || month == 0 || !weir_skip(&r, '-')
        || !fixed(&r, 2, 31, &day) || day == 0 || !weir_skip(&r, 'T')
        || !fixed(&r, 2, 23, &h) || !weir_skip(&r, ':')
        || !fixed(&r, 2, 59, &m) || !weir_skip(&r, ':')
        || !fixed(&r, 2, 59, &second))
    {
        return WEIR_ERROR;
    }

    if (weir_skip(&r, '.')) {
        frac = fraction(&r, &digits);

        if (digits == 0 || digits > 9) {
            return WEIR_ERROR;
        }
    }

    if (!zone(&r, &offset) || r.p != r.end || day > month_days(year, month)) {
        return WEIR_ERROR;
    }

    t = weir_days(year, month, day) * 86400 + h * 3600 + m * 60 + second
        - offset;

    if (t < WEIR_TIME_MIN || t > WEIR_TIME_MAX) {
        return WEIR_ERROR;
    }

    *sec = t;
    *nsec = frac;

    return WEIR_OK;
}


weir_rc_t
weir_duration_parse(weir_str_t s, int64_t *sec, int32_t *nsec)
{
    bool           minus;
    uint64_t       whole, parts;
    weir_reader_t  r;

    r = weir_reader(s);
    whole = 0;
    parts = 0;

    minus = weir_skip(&r, '-');

    if (!minus) {
        (void) weir_skip(&r, '+');
    }

    if (r.p == r.end) {
        return WEIR_ERROR;
    }

    if (r.end - r.p == 1 && *r.p == '0') {
        r.p++;
    }

    while (r.p < r.end) {
        if (!part(&r, &whole, &parts)) {
            return WEIR_ERROR;
        }
    }

    if (!weir_add(whole, parts / WEIR_NSEC, &whole)
        || whole > WEIR_DURATION_MAX
        || (whole == WEIR_DURATION_MAX && parts % WEIR_NSEC != 0))
    {
        return WEIR_ERROR;
    }

    *sec = minus ? -(int64_t) whole : (int64_t) whole;
    *nsec = (int32_t) (parts % WEIR_NSEC);
    *nsec = minus ? -*nsec : *nsec;

    return WEIR_OK;
}


weir_rc_t
weir_offset_parse(weir_str_t s, int64_t *offset)
{
    bool           minus;
    unsigned       h, m;
    weir_reader_t  r;

    if (s.len == 0 || weir_str_eq(s, weir_string("UTC"))) {
        *offset = 0;
        return WEIR_OK;
    }

    r = weir_reader(s);
    minus = weir_skip(&r, '-');

    if (!minus) {
        (void) weir_skip(&r, '+');
    }

    if (!fixed(&r, 2, 23, &h) || !weir_skip(&r, ':') || !fixed(&r, 2, 59, &m)
        || r.p != r.end)
    {
        return WEIR_ERROR;
    }

    *offset = (int64_t) (h * 3600 + m * 60);
    *offset = minus ? -*offset : *offset;

    return WEIR_OK;
}
