/*
 * test_zones.c: time zones of the system, in expressions, in images, and at
 * the moments when clocks change.
 */

#include "cel_image.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "run/fn.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

/* a directory of zones; each is a file that counts so many hours */
typedef struct {
    fixture_t  f;
    char       dir[32];
} zones_t;


static void
write_file(const char *dir, const char *name, const void *data, size_t len)
{
    char   path[128];
    FILE  *out;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}


static void
write_zone(const char *dir, const char *name, char hours)
{
    static const char  head[44] = "TZif2";
    static const char  second[] =
        "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4";

    char  file[128];

    memcpy(file, head, 44);
    memcpy(file + 44, second, 44);
    memcpy(file + 88, "\0\0\0\0\0\0XST", 10);
    file[90] = (char) (hours * 3600 / 256);
    file[91] = (char) (hours * 3600 % 256);
    memcpy(file + 98, "\n\n", 2);
    write_file(dir, name, file, 100);
}


static int
setup(void **state)
{
    char      path[64];
    zones_t  *z;

    z = calloc(1, sizeof(zones_t));
    assert_non_null(z);
    strcpy(z->dir, "/tmp/weir-zones-XXXXXX");
    assert_non_null(mkdtemp(z->dir));

    snprintf(path, sizeof(path), "%s/Sea", z->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/right", z->dir);
    assert_int_equal(mkdir(path, 0700), 0);

    write_zone(z->dir, "Sea/Near_By", 2);
    write_zone(z->dir, "Land", 3);
    write_zone(z->dir, "localtime", 4);
    write_zone(z->dir, "right/Land", 5);
    write_zone(z->dir, "zone.tab", 6);
    write_file(z->dir, "leapseconds", "no zone", 7);
    write_file(z->dir, "Broken", "TZif", 4);

    setenv("TZDIR", z->dir, 1);
    fixture_open(&z->f);
    *state = z;

    return 0;
}


static int
teardown(void **state)
{
    char      command[64];
    zones_t  *z;

    z = *state;
    fixture_close(&z->f);
    snprintf(command, sizeof(command), "rm -r %s", z->dir);
    assert_int_equal(system(command), 0);
    unsetenv("TZDIR");
    free(z);

    return 0;
}


static void
a_zone_is_what_the_directory_lists(void **state)
{
    size_t              i;
    weir_str_t          why;
    weir_zones_t       *z;
    const weir_zone_t  *zone;

    static const char *const  others[] = {
        "", ".", "..", "/", "Sea", "Sea/", "sea/near_by", "Sea//Near_By",
        "./Land", "../Land", "Sea/../Land", "/etc/localtime", "localtime",
        "right/Land", "zone.tab", "leapseconds", "Lan", "Land ", "Land/x"
    };

    z = ((zones_t *) *state)->f.env->zones;

    assert_int_equal(weir_zones_find(z, weir_string("Sea/Near_By"), &zone,
                                     &why), WEIR_OK);
    assert_int_equal(zone->n, 1);
    assert_int_equal(zone->shifts[0].offset, 7200);

    for (i = 0; i < N_OF(others); i++) {
        assert_int_equal(weir_zones_find(z, weir_cstr(others[i]), &zone,
                                         &why), WEIR_DECLINED);
    }
}


static void
assert_errors(zones_t *z, const char *text, const char *want)
{
    weir_str_t        errors;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    site = fixture_site();
    z->f.diags.list.len = 0;

    assert_int_equal(fixture_compile(&z->f, text, &site, &e),
                     *want ? WEIR_ERROR : WEIR_OK);
    errors = fixture_errors(&z->f);

    if (!weir_str_eq(errors, weir_cstr(want))) {
        fail_msg("%s:\n%.*s\nnot\n%s", text, WEIR_STR(errors), want);
    }
}


static void
a_constant_zone_must_be_there(void **state)
{
    zones_t  *z;

    z = *state;
    fixture_var(&z->f, "home", "'Sea/' + 'Neer_By'");

    assert_errors(z, "request.time.getHours('Land') == 1", "");
    assert_errors(z, "request.time.getHours('') == 1", "");
    assert_errors(z, "request.time.getHours('-03:00') == 1", "");

    assert_errors(z, "request.time.getHours('Lant') == 1",
                  "1:23+6 E0314 no time zone of this system: \"Lant\"; did "
                  "you mean \"Land\"?");
    assert_errors(z, "request.time.getHours('near by') == 1",
                  "1:23+9 E0314 no time zone of this system: \"near by\"; "
                  "did you mean \"Sea/Near_By\"?");
    assert_errors(z, "request.time.getMonth(vars.home) == 1",
                  "1:23+9 E0314 no time zone of this system: "
                  "\"Sea/Neer_By\"; did you mean \"Sea/Near_By\"?");
    assert_errors(z, "request.time.getHours('Mars/Olympus') == 1",
                  "1:23+14 E0314 no time zone of this system: "
                  "\"Mars/Olympus\"");
    assert_errors(z, "request.time.getHours('3:00') == 1",
                  "1:23+6 E0314 no offset from UTC: \"3:00\"; they are "
                  "written \"+02:00\"");
}


static void
broken_tables_are_told(void **state)
{
    char      want[256];
    zones_t  *z;

    z = *state;
    snprintf(want, sizeof(want), "1:23+8 E0314 the time zone in "
             "\"%s/Broken\" is of no use: it ends within a header", z->dir);
    assert_errors(z, "request.time.getHours('Broken') == 1", want);

    /* any name may come, that one too */
    snprintf(want, sizeof(want), "1:23+14 E0314 the time zone in "
             "\"%s/Broken\" is of no use: it ends within a header", z->dir);
    assert_errors(z, "request.time.getHours(request.method) == 1", want);
}


static void
tables_that_are_missing_are_told(void **state)
{
    char      want[256];
    zones_t  *z;

    z = *state;
    fixture_close(&z->f);
    setenv("TZDIR", "/nonexistent", 1);
    fixture_open(&z->f);

    snprintf(want, sizeof(want), "1:23+6 E0314 time zones need the system's "
             "tables, and there are none in the directory \"/nonexistent\": "
             "install the package tzdata, or name the directory in TZDIR");
    assert_errors(z, "request.time.getHours('Land') == 1", want);

    /* and whoever needs none need not have them */
    assert_errors(z, "request.time.getHours('UTC') == 1", "");
    assert_errors(z, "request.time.getHours('+01:00') == 1", "");
}


static uint32_t
zones_of(zones_t *z, const char *const *texts, size_t n, cel_image_t *i)
{
    size_t            k;
    uint32_t          prog;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    site = fixture_site();
    cel_image_start(i, &z->f);

    for (k = 0; k < n; k++) {
        assert_int_equal(fixture_compile(&z->f, texts[k], &site, &e),
                         WEIR_OK);
        assert_int_equal(cel_image_add(i, e, &prog), WEIR_OK);
    }

    assert_null(cel_image_finish(i, &z->f));

    return i->image.n[WEIR_S_ZONES];
}


static void
assert_zone(const cel_image_t *i, uint32_t index, const char *want)
{
    weir_str_t  name;

    name = weir_img_str(&i->image, WEIR_REC(&i->image, ZONES)[index].name);
    assert_true(weir_str_eq(name, weir_cstr(want)));
}


static void
an_image_holds_the_zones_it_needs(void **state)
{
    char         path[64];
    zones_t     *z;
    cel_image_t  i;

    static const char *const  none[] = {
        "request.time.getHours() == 1", "request.time.getHours('UTC') == 1",
        "'Land' == request.method"
    };
    static const char *const  some[] = {
        "request.time.getHours('Sea/Near_By') == 1",
        "request.time.getMonth('Land') == 1",
        "request.time.getHours(true ? 'Land' : 'x') == 1",
        "[1].all(x, request.time.getHours('Sea/' + 'Near_By') == x)"
    };
    static const char *const  every[] = {
        "request.time.getHours(request.method) == 1",
        "request.time.getHours('Land') == 1",
        "request.time.getHours(tenant.attrs.tz) == 1"
    };

    z = *state;
    snprintf(path, sizeof(path), "%s/Broken", z->dir);
    assert_int_equal(unlink(path), 0);
    write_zone(z->dir, "Alias", 3);

    assert_int_equal(zones_of(z, none, N_OF(none), &i), 0);
    assert_int_equal(i.image.header->sections, WEIR_S_ALWAYS);
    cel_image_end(&i);

    assert_int_equal(zones_of(z, some, N_OF(some), &i), 2);
    assert_zone(&i, 0, "Land");
    assert_zone(&i, 1, "Sea/Near_By");
    cel_image_end(&i);

    /* names that come later, sorted; an alias costs a name only */
    assert_int_equal(zones_of(z, every, N_OF(every), &i), 3);
    assert_zone(&i, 0, "Alias");
    assert_zone(&i, 1, "Land");
    assert_zone(&i, 2, "Sea/Near_By");
    assert_int_equal(i.image.n[WEIR_S_SHIFTS], 2);
    cel_image_end(&i);
}


/* Of the system */


typedef struct {
    weir_arena_t  *arena;
    weir_zones_t  *zones;
    weir_eval_t    eval;
    weir_image_t   image;
} system_t;


static int
open_system(void **state)
{
    system_t  *s;

    s = calloc(1, sizeof(system_t));
    assert_non_null(s);
    s->arena = weir_arena_create();
    s->zones = weir_zones_create(s->arena);
    s->eval.image = &s->image;
    *state = s;

    return s->zones == NULL;
}


static int
close_system(void **state)
{
    system_t  *s;

    s = *state;
    weir_arena_destroy(s->arena);
    free(s);

    return 0;
}


/* The image has this zone and no other. */
static void
use_zone(system_t *s, const char *name)
{
    weir_str_t           why;
    weir_img_str_t      *str;
    weir_img_zone_t     *rec;
    const weir_zone_t   *zone;

    if (weir_zones_find(s->zones, weir_cstr(name), &zone, &why) != WEIR_OK) {
        fail_msg("no %s", name);
    }

    str = weir_arena_alloc(s->arena, sizeof(*str));
    rec = weir_arena_alloc(s->arena, sizeof(*rec));
    str->length = (uint32_t) zone->name.len;
    rec->shifts.count = zone->n;

    s->image.rec[WEIR_S_BYTES] = zone->name.data;
    s->image.rec[WEIR_S_STRS] = str;
    s->image.rec[WEIR_S_ZONES] = rec;
    s->image.rec[WEIR_S_SHIFTS] = zone->shifts;
    s->image.n[WEIR_S_ZONES] = 1;
}


static int64_t
part(system_t *s, weir_fn_t fn, int64_t at, const char *zone)
{
    weir_value_t  v, a[2];

    a[0] = (weir_value_t) { .kind = WEIR_T_TIMESTAMP, .u.i = at };
    a[1] = weir_v_str(weir_cstr(zone));
    v = weir_fn_impls[fn](&s->eval, a);
    assert_int_equal(v.kind, WEIR_T_INT);

    return v.u.i;
}


/* "2026-03-29 02:00:00" */
static const char *
clock_at(system_t *s, int64_t at, const char *zone)
{
    static char  text[64];

    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d",
             (int) part(s, WEIR_FN_FULL_YEAR_ZONE, at, zone),
             (int) part(s, WEIR_FN_MONTH_ZONE, at, zone) + 1,
             (int) part(s, WEIR_FN_DATE_ZONE, at, zone),
             (int) part(s, WEIR_FN_HOURS_ZONE, at, zone),
             (int) part(s, WEIR_FN_MINUTES_ZONE, at, zone),
             (int) part(s, WEIR_FN_SECONDS_ZONE, at, zone));

    return text;
}


static const struct {
    const char  *zone;
    const char  *at;            /* the second of the change, and before it */
    const char  *before;
    const char  *after;
} changes[] = {
    { "Europe/Dublin", "2026-03-29T01:00:00Z", "2026-03-29 00:59:59",
      "2026-03-29 02:00:00" },
    { "Europe/Dublin", "2026-10-25T01:00:00Z", "2026-10-25 01:59:59",
      "2026-10-25 01:00:00" },
    { "America/New_York", "2026-03-08T07:00:00Z", "2026-03-08 01:59:59",
      "2026-03-08 03:00:00" },
    { "America/New_York", "2026-11-01T06:00:00Z", "2026-11-01 01:59:59",
      "2026-11-01 01:00:00" },
    { "America/New_York", "1883-11-18T17:00:00Z", "1883-11-18 12:03:57",
      "1883-11-18 12:00:00" },
    { "America/New_York", "0001-01-02T00:00:00Z", "0001-01-01 19:03:57",
      "0001-01-01 19:03:58" },
    { "Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-05 01:59:59",
      "2026-04-05 01:30:00" },
    { "Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04 01:59:59",
      "2026-10-04 02:30:00" },
    { "Asia/Kolkata", "2026-03-28T18:30:00Z", "2026-03-28 23:59:59",
      "2026-03-29 00:00:00" },
    { "Africa/Casablanca", "2026-02-15T02:00:00Z", "2026-02-15 02:59:59",
      "2026-02-15 02:00:00" },
    { "Africa/Casablanca", "2026-03-22T02:00:00Z", "2026-03-22 01:59:59",
      "2026-03-22 03:00:00" },
    { "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-29 23:59:59",
      "2011-12-31 00:00:00" },
    { "Europe/Dublin", "2090-03-26T01:00:00Z", "2090-03-26 00:59:59",
      "2090-03-26 02:00:00" },
    { "America/New_York", "2100-11-07T06:00:00Z", "2100-11-07 01:59:59",
      "2100-11-07 01:00:00" },

    /* behind the last year the last offset holds */
    { "America/New_York", "2101-07-01T00:00:00Z", "2101-06-30 18:59:59",
      "2101-06-30 19:00:00" },
    { "America/New_York", "9999-12-31T23:59:59Z", "9999-12-31 18:59:58",
      "9999-12-31 18:59:59" }
};


static void
clocks_change_at_the_second(void **state)
{
    size_t     i;
    int64_t    at;
    uint32_t   nsec;
    system_t  *s;

    s = *state;

    for (i = 0; i < N_OF(changes); i++) {
        use_zone(s, changes[i].zone);
        assert_int_equal(weir_time_parse(weir_cstr(changes[i].at), &at,
                                         &nsec), WEIR_OK);
        assert_string_equal(clock_at(s, at - 1, changes[i].zone),
                            changes[i].before);
        assert_string_equal(clock_at(s, at, changes[i].zone),
                            changes[i].after);
    }
}


static void
a_name_that_the_image_lacks_is_an_error(void **state)
{
    size_t        i;
    system_t     *s;
    weir_value_t  v, a[2];

    static const char *const  names[] = {
        "Europe/Dublin", "Asia/Kolkat", "Asia/Kolkata ", "asia/kolkata", "A",
        "+5:30", "z", "\xff"
    };

    s = *state;
    use_zone(s, "Asia/Kolkata");
    a[0] = (weir_value_t) { .kind = WEIR_T_TIMESTAMP, .u.i = 0 };

    for (i = 0; i < N_OF(names); i++) {
        a[1] = weir_v_str(weir_cstr(names[i]));
        v = weir_fn_impls[WEIR_FN_HOURS_ZONE](&s->eval, a);
        assert_int_equal(v.kind, WEIR_T_ERR);
        assert_int_equal(v.len, WEIR_E_INVALID_ARGUMENT);
    }
}


/* Zones of every habit against what the C library makes of them. */
static void
the_system_agrees(void **state)
{
    char         want[64];
    size_t       i, k;
    int64_t      at;
    uint64_t     seed;
    system_t    *s;
    struct tm    tm;
    time_t       t;

    static const char *const  zones[] = {
        "Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun",
        "Africa/Johannesburg", "Africa/Juba", "Africa/Monrovia",
        "Africa/Windhoek", "America/Anchorage", "America/Argentina/Ushuaia",
        "America/Asuncion", "America/Caracas", "America/Chicago",
        "America/Havana", "America/Los_Angeles", "America/Mexico_City",
        "America/New_York", "America/Nuuk", "America/Santiago",
        "America/Sao_Paulo", "America/Scoresbysund", "America/St_Johns",
        "Antarctica/Troll", "Asia/Amman", "Asia/Dhaka", "Asia/Gaza",
        "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang",
        "Asia/Shanghai", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores",
        "Australia/Eucla", "Australia/Lord_Howe", "Australia/Sydney",
        "Etc/GMT-14", "Europe/Dublin", "Europe/Istanbul", "Europe/London",
        "Europe/Moscow", "Pacific/Apia", "Pacific/Chatham",
        "Pacific/Kiritimati", "Pacific/Marquesas", "Pacific/Norfolk", "UTC"
    };

    s = *state;
    seed = 1;

    for (i = 0; i < N_OF(zones); i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        use_zone(s, zones[i]);

        for (k = 0; k < 400; k++) {
            seed = seed * 6364136223846793005 + 1442695040888963407;

            /* 1900 to 2100 */
            at = (int64_t) ((seed >> 20) % 6342710400) - 2208988800;
            t = (time_t) at;
            assert_non_null(localtime_r(&t, &tm));
            strftime(want, sizeof(want), "%Y-%m-%d %H:%M:%S", &tm);

            if (strcmp(clock_at(s, at, zones[i]), want) != 0) {
                fail_msg("%s at %lld: %s, not %s", zones[i], (long long) at,
                         clock_at(s, at, zones[i]), want);
            }

            assert_int_equal(part(s, WEIR_FN_DAY_OF_WEEK_ZONE, at, zones[i]),
                             tm.tm_wday);
            assert_int_equal(part(s, WEIR_FN_DAY_OF_YEAR_ZONE, at, zones[i]),
                             tm.tm_yday);
        }
    }

    unsetenv("TZ");
    tzset();
}


#define test(f)    cmocka_unit_test_setup_teardown(f, setup, teardown)
#define system(f)  cmocka_unit_test_setup_teardown(f, open_system,            \
                                                   close_system)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(a_zone_is_what_the_directory_lists),
        test(a_constant_zone_must_be_there),
        test(broken_tables_are_told),
        test(tables_that_are_missing_are_told),
        test(an_image_holds_the_zones_it_needs),
        system(clocks_change_at_the_second),
        system(a_name_that_the_image_lacks_is_an_error),
        system(the_system_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
