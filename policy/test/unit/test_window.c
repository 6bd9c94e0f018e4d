/*
 * test_window.c: which window a moment is in, at the moments when clocks of
 * the system's time zones change.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/time.h"
#include "front/zones.h"
#include "image/bounds.h"
#include "run/window.h"
#include "run/zone.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

#define NS       ((int64_t) WEIR_NSEC)
#define HOUR     (3600 * NS)
#define ROUNDS   40000

typedef struct {
    weir_arena_t     *arena;
    weir_zones_t     *zones;
    weir_image_t      image;
    weir_img_zone_t   zone;
} fixture_t;


static int
setup(void **state)
{
    fixture_t  *f;

    f = calloc(1, sizeof(fixture_t));
    f->arena = weir_arena_create();
    f->zones = weir_zones_create(f->arena);
    f->image.rec[WEIR_S_ZONES] = &f->zone;
    f->image.n[WEIR_S_ZONES] = 1;
    *state = f;

    return 0;
}


static int
teardown(void **state)
{
    fixture_t  *f;

    f = *state;
    weir_arena_destroy(f->arena);
    free(f);

    return 0;
}


/* The index of a zone that the image then has; "" is UTC. */
static uint32_t
use_zone(fixture_t *f, const char *name)
{
    weir_str_t          why;
    const weir_zone_t  *zone;

    if (name[0] == '\0') {
        return WEIR_NONE;
    }

    if (weir_zones_find(f->zones, weir_cstr(name), &zone, &why) != WEIR_OK) {
        fail_msg("no %s", name);
    }

    f->zone.shifts.first = 0;
    f->zone.shifts.count = zone->n;
    f->image.rec[WEIR_S_SHIFTS] = zone->shifts;
    f->image.n[WEIR_S_SHIFTS] = zone->n;

    return 0;
}


static int64_t
at(const char *text)
{
    int64_t   sec;
    uint32_t  nsec;

    if (weir_time_parse(weir_cstr(text), &sec, &nsec) != WEIR_OK) {
        fail_msg("no time: %s", text);
    }

    return sec * NS + nsec;
}


static void
calendar(fixture_t *f, const char *zone, unsigned period, int64_t now,
    weir_window_t *w)
{
    weir_window_calendar(&f->image, use_zone(f, zone), period, now, w);

    assert_true(w->now == now);
    assert_true(w->begin <= now);
    assert_true(now < w->end);
}


static void
windows_of_a_length_begin_at_zero(void **state)
{
    size_t         i;
    weir_window_t  w;

    static const struct {
        int64_t   now;
        uint64_t  length;
        uint64_t  number;
        int64_t   begin;
        int64_t   end;
    } rows[] = {
        { 0, 10, 0, 0, 10 },
        { 9, 10, 0, 0, 10 },
        { 10, 10, 1, 10, 20 },
        { -1, 10, UINT64_MAX, -10, 0 },
        { -10, 10, UINT64_MAX, -10, 0 },
        { -11, 10, UINT64_MAX - 1, -20, -10 },
        { 7, 1, 7, 7, 8 },
        { 7, 0, 0, INT64_MIN, INT64_MAX },
        { -7, UINT64_MAX, 0, INT64_MIN, INT64_MAX },
        { INT64_MAX - 1, INT64_MAX, 0, 0, INT64_MAX },
        { INT64_MAX - 1, 1000, 9223372036854775, 9223372036854775000,
          INT64_MAX },
        { INT64_MIN, 1000, (uint64_t) -9223372036854776, INT64_MIN,
          -9223372036854775000 },
        { 1767225600 * NS + 1, 60000000000, 29453760, 1767225600 * NS,
          1767225660 * NS }
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        weir_window_of(rows[i].now, rows[i].length, &w);
        assert_true(w.now == rows[i].now);
        assert_true(w.number == rows[i].number);
        assert_true(w.begin == rows[i].begin);
        assert_true(w.end == rows[i].end);
    }
}


static void
a_period_begins_when_clocks_show_it(void **state)
{
    size_t         i;
    fixture_t     *f;
    weir_window_t  w;

    static const struct {
        const char  *zone;
        unsigned     period;
        const char  *now;
        const char  *begin;
        const char  *end;
    } rows[] = {
#define DAY(zone, now, begin, end)                                            \
        { zone, WEIR_PERIOD_DAY, now "Z", begin "Z", end "Z" },
#define WEEK(zone, now, begin, end)                                           \
        { zone, WEIR_PERIOD_WEEK, now "Z", begin "Z", end "Z" },
#define MONTH(zone, now, begin, end)                                          \
        { zone, WEIR_PERIOD_MONTH, now "Z", begin "Z", end "Z" },

        DAY("", "1970-01-01T00:00:00", "1970-01-01T00:00:00",
            "1970-01-02T00:00:00")
        DAY("", "1969-12-31T23:59:59.999999999", "1969-12-31T00:00:00",
            "1970-01-01T00:00:00")
        WEEK("", "1970-01-01T00:00:00", "1969-12-29T00:00:00",
             "1970-01-05T00:00:00")
        MONTH("", "1969-12-31T23:59:59", "1969-12-01T00:00:00",
              "1970-01-01T00:00:00")

        /* leap years, and one that is none */
        MONTH("", "2024-02-29T23:59:59", "2024-02-01T00:00:00",
              "2024-03-01T00:00:00")
        MONTH("", "2025-02-28T12:00:00", "2025-02-01T00:00:00",
              "2025-03-01T00:00:00")
        MONTH("", "2100-02-28T12:00:00", "2100-02-01T00:00:00",
              "2100-03-01T00:00:00")
        DAY("", "2024-02-29T12:00:00", "2024-02-29T00:00:00",
            "2024-03-01T00:00:00")

        /* across the end of a year; far away */
        WEEK("", "2025-01-01T00:00:00", "2024-12-30T00:00:00",
             "2025-01-06T00:00:00")
        WEEK("Asia/Tokyo", "2024-12-29T15:00:00", "2024-12-29T15:00:00",
             "2025-01-05T15:00:00")
        MONTH("", "2024-12-31T23:59:59", "2024-12-01T00:00:00",
              "2025-01-01T00:00:00")
        MONTH("Europe/Dublin", "2261-12-31T23:59:59", "2261-12-01T00:00:00",
              "2262-01-01T00:00:00")
        DAY("America/New_York", "2060-07-01T12:00:00", "2060-07-01T04:00:00",
            "2060-07-02T04:00:00")

        /* west and east of UTC */
        DAY("America/New_York", "2026-01-15T04:59:59", "2026-01-14T05:00:00",
            "2026-01-15T05:00:00")
        DAY("Asia/Kolkata", "2026-01-15T18:30:00", "2026-01-15T18:30:00",
            "2026-01-16T18:30:00")
        MONTH("Pacific/Kiritimati", "2025-12-31T10:00:00",
              "2025-12-31T10:00:00", "2026-01-31T10:00:00")
        MONTH("Pacific/Pago_Pago", "2026-01-01T10:59:59",
              "2025-12-01T11:00:00", "2026-01-01T11:00:00")

        /* 23 hours, and 25 */
        DAY("Europe/Dublin", "2026-03-29T12:00:00", "2026-03-29T00:00:00",
            "2026-03-29T23:00:00")
        DAY("Europe/Dublin", "2026-10-25T01:30:00", "2026-10-24T23:00:00",
            "2026-10-26T00:00:00")
        WEEK("Europe/Berlin", "2026-03-25T12:00:00", "2026-03-22T23:00:00",
             "2026-03-29T22:00:00")
        MONTH("Europe/Berlin", "2026-10-31T22:59:59", "2026-09-30T22:00:00",
              "2026-10-31T23:00:00")
        DAY("Australia/Lord_Howe", "2026-04-05T00:00:00",
            "2026-04-04T13:00:00", "2026-04-05T13:30:00")
        DAY("Australia/Lord_Howe", "2026-10-04T00:00:00",
            "2026-10-03T13:30:00", "2026-10-04T13:00:00")

        /* midnight is skipped */
        DAY("America/Sao_Paulo", "2018-11-04T03:00:00",
            "2018-11-04T03:00:00", "2018-11-05T02:00:00")
        DAY("America/Sao_Paulo", "2018-11-04T02:59:59",
            "2018-11-03T03:00:00", "2018-11-04T03:00:00")
        DAY("Asia/Beirut", "2022-03-27T12:00:00", "2022-03-26T22:00:00",
            "2022-03-27T21:00:00")

        /* midnight is shown twice, or the hour before it */
        DAY("America/Havana", "2025-11-02T04:30:00", "2025-11-02T04:00:00",
            "2025-11-03T05:00:00")
        DAY("America/Havana", "2025-11-02T05:30:00", "2025-11-02T04:00:00",
            "2025-11-03T05:00:00")
        DAY("America/Sao_Paulo", "2018-02-18T02:30:00",
            "2018-02-17T02:00:00", "2018-02-18T03:00:00")

        /* a minute of a day, an hour of the day before, and on */
        DAY("America/St_Johns", "2010-11-07T02:30:30",
            "2010-11-07T02:30:00", "2010-11-08T03:30:00")
        DAY("America/St_Johns", "2010-11-07T03:00:00",
            "2010-11-07T02:30:00", "2010-11-08T03:30:00")

        /* a day that never was, and one that was twice */
        DAY("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29T10:00:00",
            "2011-12-30T10:00:00")
        DAY("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-30T10:00:00",
            "2011-12-31T10:00:00")
        WEEK("Pacific/Apia", "2011-12-31T09:59:59", "2011-12-26T10:00:00",
             "2012-01-01T10:00:00")
        MONTH("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-01T10:00:00",
              "2011-12-31T10:00:00")
        DAY("Pacific/Kwajalein", "1969-09-30T13:00:00",
            "1969-09-29T13:00:00", "1969-10-01T12:00:00")
#undef DAY
#undef WEEK
#undef MONTH
    };

    f = *state;

    for (i = 0; i < N_OF(rows); i++) {
        calendar(f, rows[i].zone, rows[i].period, at(rows[i].now), &w);

        if (w.begin != at(rows[i].begin) || w.end != at(rows[i].end)) {
            fail_msg("%s in \"%s\": %lld h after what is expected, and %lld",
                     rows[i].now, rows[i].zone,
                     (long long) ((w.begin - at(rows[i].begin)) / HOUR),
                     (long long) ((w.end - at(rows[i].end)) / HOUR));
        }
    }
}


static void
a_number_says_which_period(void **state)
{
    fixture_t     *f;
    weir_window_t  w;

    f = *state;

    calendar(f, "", WEIR_PERIOD_DAY, at("1970-01-01T12:00:00Z"), &w);
    assert_true(w.number == 0);
    calendar(f, "", WEIR_PERIOD_WEEK, at("1970-01-04T12:00:00Z"), &w);
    assert_true(w.number == 0);
    calendar(f, "", WEIR_PERIOD_WEEK, at("1970-01-05T12:00:00Z"), &w);
    assert_true(w.number == 1);
    calendar(f, "", WEIR_PERIOD_MONTH, at("2026-03-01T12:00:00Z"), &w);
    assert_true(w.number == 56 * 12 + 2);
    calendar(f, "", WEIR_PERIOD_MONTH, at("1969-12-01T12:00:00Z"), &w);
    assert_true(w.number == UINT64_MAX);

    /* clocks there say that it is the next day already, or still the last */
    calendar(f, "Asia/Tokyo", WEIR_PERIOD_DAY, at("1970-01-01T15:00:00Z"),
             &w);
    assert_true(w.number == 1);
    calendar(f, "America/Lima", WEIR_PERIOD_DAY, at("1970-01-01T04:00:00Z"),
             &w);
    assert_true(w.number == UINT64_MAX);

    /* 2011-12-30 has its number, though nobody lived through it */
    calendar(f, "Pacific/Apia", WEIR_PERIOD_DAY, at("2011-12-30T09:00:00Z"),
             &w);
    assert_true(w.number == (uint64_t) weir_days(2011, 12, 29));
    calendar(f, "Pacific/Apia", WEIR_PERIOD_DAY, w.end, &w);
    assert_true(w.number == (uint64_t) weir_days(2011, 12, 31));
}


/* At the ends of what nanoseconds can say a period is cut off. */
static void
time_has_ends(void **state)
{
    unsigned       period;
    fixture_t     *f;
    weir_window_t  w;

    f = *state;

    for (period = 0; period < WEIR_PERIOD_COUNT; period++) {
        calendar(f, "Pacific/Apia", period, INT64_MIN, &w);
        calendar(f, "Europe/Dublin", period, INT64_MAX - 1, &w);
        assert_true(w.end == INT64_MAX);
    }
}


/* As a verified image may have it: clocks change each second. */
static void
clocks_may_be_mad(void **state)
{
    uint32_t           i, n;
    int64_t            now, number;
    fixture_t         *f;
    weir_window_t      w;
    weir_img_shift_t  *shifts;

    f = *state;
    n = 300000;
    shifts = calloc(n, sizeof(weir_img_shift_t));
    shifts[0].at = INT64_MIN;

    for (i = 1; i < n; i++) {
        shifts[i].at = i;
        shifts[i].offset = i % 3 == 0 ? 93600 : i % 3 == 1 ? -93600 : 0;
    }

    f->zone.shifts.first = 0;
    f->zone.shifts.count = n;
    f->image.rec[WEIR_S_SHIFTS] = shifts;
    number = -1;

    for (now = -86400; now < 400000; now += 997) {
        weir_window_calendar(&f->image, 0, WEIR_PERIOD_DAY, now * NS, &w);
        assert_true(w.begin <= now * NS && now * NS < w.end);
        assert_true((int64_t) w.number >= number);
        number = (int64_t) w.number;
    }

    free(shifts);
}


/* xorshift64*: the same numbers each time. */
static uint64_t
some(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;

    return *seed * 2685821657736338717u;
}


/*
 * A moment and the ends of its window: each is in the window, the ones beside
 * it in the ones beside it.
 */
static void
check_tiles(fixture_t *f, const char *zone, unsigned period, int64_t now)
{
    uint64_t       skipped;
    weir_window_t  w, other;

    calendar(f, zone, period, now, &w);

    calendar(f, zone, period, w.begin, &other);
    assert_true(other.number == w.number && other.end == w.end);
    calendar(f, zone, period, w.end - 1, &other);
    assert_true(other.number == w.number && other.begin == w.begin);

    calendar(f, zone, period, w.end, &other);
    assert_true(other.begin == w.end);

    /* only a zone that leaves a day out leaves a number out */
    skipped = other.number - w.number - 1;
    assert_true(skipped == 0 || (skipped == 1 && period == WEIR_PERIOD_DAY));

    if (skipped != 0) {
        assert_true(weir_zone_offset(&f->image, &f->zone, w.end / NS)
                    - weir_zone_offset(&f->image, &f->zone, w.end / NS - 1)
                    >= 80000);
    }

    calendar(f, zone, period, w.begin - 1, &other);
    assert_true(other.end == w.begin);
}


static void
windows_tile_in_every_zone(void **state)
{
    unsigned            round, period;
    int64_t             now;
    uint32_t            n, i;
    uint64_t            seed;
    weir_str_t          why;
    fixture_t          *f;
    const weir_zone_t  *list;
    char                name[WEIR_MAX_ZONE_NAME + 1];

    f = *state;
    seed = 42;
    assert_int_equal(weir_zones_all(f->zones, &list, &n, &why), WEIR_OK);

    for (round = 0; round < ROUNDS; round++) {
        i = (uint32_t) (some(&seed) % n);
        memcpy(name, list[i].name.data, list[i].name.len);
        name[list[i].name.len] = '\0';
        period = some(&seed) % WEIR_PERIOD_COUNT;

        /* around a shift, or anywhere from 1840 to 2240 */
        now = (int64_t) (some(&seed) % (400 * 31556952u)) - 130 * 31556952ll;

        if (round % 2 != 0 && list[i].n > 1) {
            now = list[i].shifts[1 + some(&seed) % (list[i].n - 1)].at
                  + (int64_t) (some(&seed) % 200000) - 100000;
        }

        if (now < -8000000000 || now > 8000000000) {
            continue;
        }

        check_tiles(f, name, period,
                    now * NS + (int64_t) (some(&seed) % WEIR_NSEC));
    }
}


static void
a_limit_has_its_own_window_or_that_of_its_store(void **state)
{
    fixture_t         *f;
    weir_window_t      w;
    weir_img_limit_t   limit;

    f = *state;
    memset(&limit, 0, sizeof(limit));
    limit.kind = WEIR_LIMIT_GCRA;
    limit.window = 60;
    limit.span = 7;

    weir_window_limit(&f->image, &limit, false, 100, &w);
    assert_true(w.number == 1 && w.begin == 60 && w.end == 120);
    weir_window_limit(&f->image, &limit, true, 100, &w);
    assert_true(w.number == 14 && w.begin == 98 && w.end == 105);

    limit.kind = WEIR_LIMIT_QUOTA;
    limit.period = WEIR_PERIOD_MONTH;
    limit.zone = use_zone(f, "Asia/Tokyo");
    weir_window_limit(&f->image, &limit, true, at("2026-01-31T15:00:00Z"),
                      &w);
    assert_true(w.begin == at("2026-01-31T15:00:00Z"));
    assert_true(w.end == at("2026-02-28T15:00:00Z"));
}


static void
a_date_is_the_way_back_of_days(void **state)
{
    int64_t   days, year;
    unsigned  month, day;

    (void) state;

    for (days = -800000; days < 3000000; days++) {
        weir_date(days, &year, &month, &day);
        assert_true(weir_days(year, month, day) == days);
        assert_true(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(windows_of_a_length_begin_at_zero),
        cmocka_unit_test_setup_teardown(a_period_begins_when_clocks_show_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_says_which_period, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(time_has_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(clocks_may_be_mad, setup, teardown),
        cmocka_unit_test_setup_teardown(windows_tile_in_every_zone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_limit_has_its_own_window_or_that_of_its_store, setup, teardown),
        cmocka_unit_test(a_date_is_the_way_back_of_days)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
