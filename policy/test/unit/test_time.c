/*
 * test_time.c: RFC 3339 and durations, good and bad.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"

#define BAD  INT64_MIN

typedef struct {
    const char  *text;
    int64_t      sec;
    int32_t      nsec;
} row_t;

static const row_t  times[] = {
    { "1970-01-01T00:00:00Z", 0, 0 },
    { "1969-12-31T23:59:59.5Z", -1, 500000000 },
    { "2009-02-13T23:31:30Z", 1234567890, 0 },
    { "2009-02-14T01:31:30.000000001+02:00", 1234567890, 1 },
    { "2000-02-29T00:00:00Z", 951782400, 0 },
    { "0001-01-01T00:00:00Z", WEIR_TIME_MIN, 0 },
    { "9999-12-31T23:59:59.999999999Z", WEIR_TIME_MAX, 999999999 },
    { "0001-01-01T00:00:00+00:01", BAD, 0 },
    { "9999-12-31T23:59:59-00:01", BAD, 0 },
    { "1900-02-29T00:00:00Z", BAD, 0 },
    { "2024-04-31T00:00:00Z", BAD, 0 },
    { "2024-13-01T00:00:00Z", BAD, 0 },
    { "2024-01-00T00:00:00Z", BAD, 0 },
    { "2024-01-01T24:00:00Z", BAD, 0 },
    { "2024-01-01T00:00:60Z", BAD, 0 },
    { "2024-01-01T00:00:00.Z", BAD, 0 },
    { "2024-01-01T00:00:00.0000000001Z", BAD, 0 },
    { "2024-01-01t00:00:00z", BAD, 0 },
    { "2024-01-01 00:00:00Z", BAD, 0 },
    { "2024-01-01T00:00:00", BAD, 0 },
    { "2024-01-01T00:00:00Zx", BAD, 0 },
    { "2024-01-01", BAD, 0 },
    { "", BAD, 0 }
};

static const row_t  durations[] = {
    { "0", 0, 0 },
    { "0s", 0, 0 },
    { "1h30m", 5400, 0 },
    { "-1.5h", -5400, 0 },
    { "+90s", 90, 0 },
    { ".5s", 0, 500000000 },
    { "5.s", 5, 0 },
    { "-1.5s", -1, -500000000 },
    { "1500ms", 1, 500000000 },
    { "10us", 0, 10000 },
    { "10\302\265s", 0, 10000 },
    { "1.5us", 0, 1500 },
    { "999ns", 0, 999 },
    { "0.0000000001s", 0, 0 },
    { "1m0.5s", 60, 500000000 },
    { "315576000000s", WEIR_DURATION_MAX, 0 },
    { "315576000000.1s", BAD, 0 },
    { "315576000001s", BAD, 0 },
    { "99999999999999999999h", BAD, 0 },
    { "9999999999999999999h", BAD, 0 },
    { "1", BAD, 0 },
    { "1d", BAD, 0 },
    { "s", BAD, 0 },
    { ".s", BAD, 0 },
    { "1.5", BAD, 0 },
    { "1h 1m", BAD, 0 },
    { "--1s", BAD, 0 },
    { "-", BAD, 0 },
    { "", BAD, 0 }
};


static void
test_times(void **state)
{
    size_t        i;
    int64_t       sec;
    uint32_t      nsec;
    weir_rc_t     rc;
    const row_t  *r;

    (void) state;

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        r = &times[i];
        sec = BAD;
        nsec = 0;
        rc = weir_time_parse(weir_cstr(r->text), &sec, &nsec);

        if (sec != r->sec || (int32_t) nsec != r->nsec
            || rc != (r->sec == BAD ? WEIR_ERROR : WEIR_OK))
        {
            fail_msg("%s: %lld.%09u", r->text, (long long) sec, nsec);
        }
    }
}


static void
test_durations(void **state)
{
    size_t        i;
    int32_t       nsec;
    int64_t       sec;
    weir_rc_t     rc;
    const row_t  *r;

    (void) state;

    for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        r = &durations[i];
        sec = BAD;
        nsec = 0;
        rc = weir_duration_parse(weir_cstr(r->text), &sec, &nsec);

        if (sec != r->sec || nsec != r->nsec
            || rc != (r->sec == BAD ? WEIR_ERROR : WEIR_OK))
        {
            fail_msg("%s: %lld.%09d", r->text, (long long) sec, nsec);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_durations)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
