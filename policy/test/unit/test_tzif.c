/*
 * test_tzif.c: time zones from bytes made by hand: good ones and what may be
 * wrong with them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/time.h"
#include "front/tzif.h"

#define N_OF(a)    (sizeof(a) / sizeof((a)[0]))
#define HOUR       3600
#define HEADER     44
#define SECOND     (HEADER + 6 + 4)     /* where the second header begins */

/* places in a header */
enum { VERSION = 4, ISUT = 20, ISSTD = 24, LEAP = 28, TIME = 32, TYPE = 36,
       CHARS = 40 };

typedef struct {
    char    data[512];
    size_t  len;
} file_t;

static weir_arena_t            *arena;
static const weir_img_shift_t  *shifts;
static uint32_t                 n;
static const char              *why;


static int
setup(void **state)
{
    (void) state;
    arena = weir_arena_create();

    return arena == NULL;
}


static int
teardown(void **state)
{
    (void) state;
    weir_arena_destroy(arena);

    return 0;
}


static void
put(file_t *f, uint64_t v, unsigned width)
{
    while (width > 0) {
        f->data[f->len++] = (char) (uint8_t) (v >> --width * 8);
    }
}


static void
put_header(file_t *f, uint32_t times, uint32_t types)
{
    memcpy(f->data + f->len, "TZif2", 5);
    memset(f->data + f->len + 5, 0, 15);
    f->len += 20;
    put(f, 0, 4);
    put(f, 0, 4);
    put(f, 0, 4);
    put(f, times, 4);
    put(f, types, 4);
    put(f, 4, 4);
}


static void
put_type(file_t *f, int32_t offset, unsigned dst)
{
    put(f, (uint32_t) offset, 4);
    put(f, dst, 1);
    put(f, 0, 1);
}


/* One hour, two from 1000 on, one again from 2000; and a rule behind them. */
static file_t
two_shifts(const char *footer)
{
    file_t  f;

    memset(&f, 0, sizeof(f));
    put_header(&f, 0, 1);
    put_type(&f, 0, 0);
    memcpy(f.data + f.len, "LMT", 4);
    f.len += 4;

    put_header(&f, 2, 2);
    put(&f, 1000, 8);
    put(&f, 2000, 8);
    put(&f, 1, 1);
    put(&f, 0, 1);
    put_type(&f, HOUR, 0);
    put_type(&f, 2 * HOUR, 1);
    memcpy(f.data + f.len, "XST", 4);
    f.len += 4;

    f.data[f.len++] = '\n';
    memcpy(f.data + f.len, footer, strlen(footer));
    f.len += strlen(footer);
    f.data[f.len++] = '\n';

    return f;
}


/* From memory of exactly that length, so that ASan sees what is behind. */
static weir_rc_t
read_bytes(const char *data, size_t len)
{
    char       *copy;
    weir_rc_t   rc;

    copy = malloc(len ? len : 1);
    memcpy(copy, data, len);
    rc = weir_tzif_read(arena, weir_str(copy, len), &shifts, &n, &why);
    free(copy);

    return rc;
}


static int32_t
offset_at(int64_t sec)
{
    uint32_t  i;

    for (i = n - 1; shifts[i].at > sec; i--) { }

    return shifts[i].offset;
}


static int64_t
utc(const char *text)
{
    int64_t   sec;
    uint32_t  nsec;

    assert_int_equal(weir_time_parse(weir_cstr(text), &sec, &nsec), WEIR_OK);

    return sec;
}


static void
transitions_become_shifts(void **state)
{
    file_t  f;

    (void) state;
    f = two_shifts("XST-1");
    assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);

    assert_int_equal(n, 3);
    assert_true(shifts[0].at == INT64_MIN);
    assert_int_equal(shifts[0].offset, HOUR);
    assert_int_equal(shifts[1].at, 1000);
    assert_int_equal(shifts[1].offset, 2 * HOUR);
    assert_int_equal(shifts[2].at, 2000);
    assert_int_equal(shifts[2].offset, HOUR);
}


static void
what_changes_nothing_is_left_out(void **state)
{
    file_t  f;

    (void) state;
    f = two_shifts("");
    f.data[SECOND + HEADER + 16] = 0;       /* both are to the first type */
    assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(offset_at(1500), HOUR);
}


/* Every place where a file may end, and what it says there. */
static void
no_file_may_end_early(void **state)
{
    size_t  len;
    file_t  f;

    (void) state;
    f = two_shifts("XST-1");

    for (len = 0; len < f.len; len++) {
        assert_int_equal(read_bytes(f.data, len), WEIR_ERROR);

        if (len < HEADER || (len >= SECOND && len < SECOND + HEADER)) {
            assert_string_equal(why, "it ends within a header");

        } else if (len < f.len - 7) {
            assert_string_equal(why, "it ends within its data");

        } else {
            assert_string_equal(why, "it has no footer");
        }
    }
}


static const struct {
    size_t       at;
    size_t       width;
    uint64_t     value;
    const char  *why;
} wrong[] = {
    { 0, 1, 'X', "it is no TZif file" },
    { VERSION, 1, 0, "its version is not 2, 3 or 4" },
    { VERSION, 1, '1', "its version is not 2, 3 or 4" },
    { VERSION, 1, '5', "its version is not 2, 3 or 4" },
    { SECOND, 1, 'X', "it is no TZif file" },
    { SECOND + VERSION, 1, 0, "its version is not 2, 3 or 4" },

    /* counts whose sizes pass 32 bits, in either block */
    { TIME, 4, UINT32_MAX, "it ends within its data" },
    { TYPE, 4, UINT32_MAX, "it ends within its data" },
    { CHARS, 4, UINT32_MAX, "it ends within its data" },
    { LEAP, 4, UINT32_MAX, "it ends within its data" },
    { ISUT, 4, UINT32_MAX, "it ends within its data" },
    { ISSTD, 4, 1000, "it ends within its data" },
    { SECOND + TIME, 4, UINT32_MAX, "it ends within its data" },
    { SECOND + TIME, 4, 0x20000002, "it ends within its data" },
    { SECOND + CHARS, 4, UINT32_MAX, "it ends within its data" },
    { SECOND + TYPE, 4, 256, "it ends within its data" },

    { SECOND + TYPE, 4, 0, "it has no types of time, or too many" },
    { SECOND + TYPE, 4, 257, "it has no types of time, or too many" },
    { SECOND + CHARS, 4, 0, "it has no types of time, or too many" },
    { SECOND + ISUT, 4, 1, "its indicators are not one for each type" },
    { SECOND + ISSTD, 4, 3, "its indicators are not one for each type" },
    { SECOND + LEAP, 4, 1, "it counts leap seconds" },

    { SECOND + HEADER, 8, 2000, "its transitions are not in order" },
    { SECOND + HEADER, 8, 2001, "its transitions are not in order" },
    { SECOND + HEADER, 8, (uint64_t) INT64_MIN,
      "its transitions are not in order" },
    { SECOND + HEADER, 8, (uint64_t) (-(INT64_C(1) << 59) - 1),
      "its transitions are not in order" },
    { SECOND + HEADER + 16, 1, 2,
      "a transition is to a type that is not there" },
    { SECOND + HEADER + 18, 4, 26 * HOUR, "a type is too far from UTC" },
    { SECOND + HEADER + 18, 4, (uint64_t) -(25 * HOUR),
      "a type is too far from UTC" },
    { SECOND + HEADER + 18, 4, (uint64_t) INT32_MIN,
      "a type is too far from UTC" },
    { SECOND + HEADER + 22, 1, 2, "a type is malformed" },
    { SECOND + HEADER + 23, 1, 4, "a type is malformed" }
};


static void
each_mistake_is_told(void **state)
{
    size_t  i;
    file_t  f, v;

    (void) state;

    for (i = 0; i < N_OF(wrong); i++) {
        f = two_shifts("XST-1");
        v.len = 0;
        put(&v, wrong[i].value, (unsigned) wrong[i].width);
        memcpy(f.data + wrong[i].at, v.data, v.len);

        assert_int_equal(read_bytes(f.data, f.len), WEIR_ERROR);
        assert_string_equal(why, wrong[i].why);
    }
}


static void
types_reach_as_far_as_the_standard_says(void **state)
{
    file_t  f;

    (void) state;
    f = two_shifts("");
    f.len = SECOND + HEADER + 18;
    put(&f, 26 * HOUR - 1, 4);
    f.len = SECOND + HEADER + 24;
    put(&f, (uint64_t) -(25 * HOUR - 1), 4);
    f.len = two_shifts("").len;

    assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);
    assert_int_equal(offset_at(999), 26 * HOUR - 1);
    assert_int_equal(offset_at(1000), -(25 * HOUR - 1));
}


static const char *const  bad_footers[] = {
    "X", "XS-1", "XST", "XST-", "XST-1:", "XST-1:60", "XST-1:0:60", "XST25",
    "XST-1 ", "XST-1X", "<XST-1", "<+1>-1", "<>-1", "XST-1XDT",
    "XST-1XDT,", "XST-1XDT,M3.5.0", "XST-1XDT,M3.5.0,", "XST-1XDT,M0.5.0,J1",
    "XST-1XDT,M13.5.0,J1", "XST-1XDT,M3.0.0,J1", "XST-1XDT,M3.6.0,J1",
    "XST-1XDT,M3.5.7,J1", "XST-1XDT,M3.5,J1", "XST-1XDT,J0,J1",
    "XST-1XDT,J366,J1", "XST-1XDT,366,J1", "XST-1XDT,J1/168,J2",
    "XST-1XDT,J1/,J2", "XST-1XDT,J1,J2/-168", "XST-1XDT,J1,J2,",
    "XST-1XDT,J1,J2\n", "XST-1XDT-25,J1,J2", "XST-1XDT,J1,J0002"
};


static void
footers_are_strict(void **state)
{
    size_t  i;
    file_t  f;

    (void) state;

    for (i = 0; i < N_OF(bad_footers); i++) {
        f = two_shifts(bad_footers[i]);
        assert_int_equal(read_bytes(f.data, f.len), WEIR_ERROR);
        assert_string_equal(why, "its footer is no rule of POSIX");
    }
}


static const struct {
    const char  *footer;
    const char  *at;            /* the first second of the offset */
    int          before;        /* minutes */
    int          after;
} rules[] = {
    /* the last Sunday, in both seasons, and the years that are worked out */
    { "XST-1XDT,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 60, 120 },
    { "XST-1XDT,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 120, 60 },
    { "XST-1XDT,M3.5.0,M10.5.0/3", "2100-03-28T01:00:00Z", 60, 120 },
    { "XST-1XDT,M3.5.0,M10.5.0/3", "2100-10-31T01:00:00Z", 120, 60 },

    /* where standard time is that of summer */
    { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:00:00Z", 0, 60 },
    { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-10-25T01:00:00Z", 60, 0 },

    /* the south; half an hour; quoted letters; hours of another day */
    { "AST-10ADT,M10.1.0,M4.1.0/3", "2026-04-04T16:00:00Z", 660, 600 },
    { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T15:30:00Z", 630,
      660 },
    { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -120, -60 },
    { "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 120, 180 },
    { "XST0XDT,M2.1.1/0:30:15,M12.4.6", "2026-02-02T00:30:15Z", 0, 60 },

    /* days by number, with and without February 29 */
    { "XST0XDT,J60/0,J300", "2028-03-01T00:00:00Z", 0, 60 },
    { "XST0XDT,J60/0,J300", "2026-03-01T00:00:00Z", 0, 60 },
    { "XST0XDT,59/0,300", "2028-02-29T00:00:00Z", 0, 60 },
    { "XST0XDT,59/0,300", "2026-03-01T00:00:00Z", 0, 60 },
    { "XST0XDT,J1/0,365/1", "2028-12-31T00:00:00Z", 60, 0 }
};


static void
rules_are_worked_out(void **state)
{
    size_t   i;
    file_t   f;
    int64_t  at;

    (void) state;

    for (i = 0; i < N_OF(rules); i++) {
        f = two_shifts(rules[i].footer);
        assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);

        at = utc(rules[i].at);
        assert_int_equal(offset_at(at - 1), rules[i].before * 60);
        assert_int_equal(offset_at(at), rules[i].after * 60);
    }
}


/* Every shift is behind the one before and changes something. */
static void
assert_timeline(void)
{
    uint32_t  i;

    for (i = 1; i < n; i++) {
        assert_true(shifts[i].at > shifts[i - 1].at);
        assert_int_not_equal(shifts[i].offset, shifts[i - 1].offset);
        assert_int_equal(shifts[i].reserved, 0);
    }
}


/* RFC 9636, 3.3.1: no room for standard time. */
static void
daylight_saving_may_last_all_year(void **state)
{
    file_t  f;

    (void) state;
    f = two_shifts("XST5XDT,0/0,J365/25");
    assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);
    assert_timeline();
    assert_int_equal(offset_at(utc("2026-01-01T04:59:59Z")), -4 * HOUR);
    assert_int_equal(offset_at(utc("2026-01-01T05:00:00Z")), -4 * HOUR);
    assert_int_equal(offset_at(utc("2026-07-01T00:00:00Z")), -4 * HOUR);
}


/* Before the last transition it is the table that counts. */
static void
a_rule_begins_behind_the_table(void **state)
{
    file_t  f;

    (void) state;
    f = two_shifts("XST-1XDT,0/0,J365/25");
    assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);
    assert_timeline();
    assert_true(shifts[1].at == 1000 && shifts[2].at == 2000);
    assert_int_equal(offset_at(2000), HOUR);
}


/* Without a transition it counts from 1900 on, and the type before. */
static void
a_rule_may_be_all_there_is(void **state)
{
    file_t  f;

    (void) state;
    memset(&f, 0, sizeof(f));
    put_header(&f, 0, 0);
    memset(f.data + f.len, 0, 4);
    f.len += 4;
    put_header(&f, 0, 1);
    put_type(&f, -300, 0);
    memcpy(f.data + f.len, "XST", 4);
    memcpy(f.data + f.len + 4, "\nXST0XDT,M3.5.0,M10.5.0\n", 24);
    f.len += 28;

    assert_int_equal(read_bytes(f.data, f.len), WEIR_OK);
    assert_timeline();
    assert_int_equal(offset_at(INT64_MIN), -300);
    assert_int_equal(offset_at(utc("1950-07-01T00:00:00Z")), HOUR);
    assert_int_equal(offset_at(utc("2101-07-01T00:00:00Z")), 0);
}


#define test(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(transitions_become_shifts),
        test(what_changes_nothing_is_left_out),
        test(no_file_may_end_early),
        test(each_mistake_is_told),
        test(types_reach_as_far_as_the_standard_says),
        test(footers_are_strict),
        test(rules_are_worked_out),
        test(daylight_saving_may_last_all_year),
        test(a_rule_begins_behind_the_table),
        test(a_rule_may_be_all_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
