/*
 * test_exposition.c: metrics as text that Prometheus reads.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "run/exposition.c"

#define SIZE  (8 << 20)
#define TEXT_MAX  (4 << 20)

static weir_series_t  *t;
static char           *text;        /* with a NUL behind it */
static weir_expo_t     w;


static int
setup(void **state)
{
    (void) state;

    text = malloc(TEXT_MAX + 1);
    w = (weir_expo_t) { text, text + TEXT_MAX, false, false };

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    free(t);
    free(text);
    t = NULL;

    return 0;
}


static void
begin(uint64_t max)
{
    void  *mem;

    free(t);
    mem = aligned_alloc(64, SIZE);
    memset(mem, 0, SIZE);
    t = weir_series_init(mem, SIZE, max);
    assert_non_null(t);
}


static void
request(const char *tenant, const char *route, unsigned status, uint64_t took)
{
    weir_row_name_t        name;
    weir_series_request_t  r;

    r.tenant = weir_cstr(tenant);
    r.route = weir_cstr(route);
    r.arm = weir_string("");
    r.code = weir_code_of(status);
    r.took = took;
    r.received = 100;
    r.sent = 1000;

    weir_series_name_request(t, &r, &name);
    weir_series_request(t, &name, &r);
}


static void
limit(const char *tenant, const char *name, uint64_t capacity)
{
    weir_row_name_t      row;
    weir_series_limit_t  l;

    l.tenant = weir_cstr(tenant);
    l.limit = weir_cstr(name);
    l.verdict = WEIR_LIMIT_REFUSED_VERDICT;
    l.units = 3;
    l.whole = capacity != 0;
    l.remaining = 9;
    l.capacity = capacity;

    weir_series_name_limit(t, &l, &row);
    weir_series_limit(t, &row, &l);
}


static void
decision(const char *tenant, const char *route, const char *verdict,
    const char *reason, const char *rule)
{
    weir_row_name_t         name;
    weir_series_decision_t  d;

    d.tenant = weir_cstr(tenant);
    d.route = weir_cstr(route);
    d.verdict = weir_cstr(verdict);
    d.reason = weir_cstr(reason);
    d.rule = weir_cstr(rule);
    d.limit = weir_string("");

    weir_series_name_decision(t, &d, &name);
    weir_series_decision(t, &name);
}


static void
is(const char *want)
{
    *w.p = '\0';
    assert_false(w.full);
    assert_string_equal(text, want);
    w.p = text;
}


static void
heads(void **state)
{
    char                       name[WEIR_ROW_LABEL];
    size_t                     k, n;
    unsigned                   i;
    weir_str_t                 unit, labels[WEIR_ROW_LABELS];
    const weir_metric_info_t  *info;

    (void) state;

    weir_expo_head(&w, WEIR_METRIC_POLICY_SWAPS);
    is("# HELP weir_policy_swaps_total Times that a policy took the place of "
       "another.\n# TYPE weir_policy_swaps_total counter\n");
    weir_expo_head(&w, WEIR_METRIC_ZONE_SIZE);
    weir_expo_end(&w);
    is("# HELP weir_zone_bytes Shared memory, by what it is for.\n"
       "# TYPE weir_zone_bytes gauge\n");

    w.openmetrics = true;
    weir_expo_head(&w, WEIR_METRIC_POLICY_SWAPS);
    is("# HELP weir_policy_swaps Times that a policy took the place of "
       "another.\n# TYPE weir_policy_swaps counter\n");
    weir_expo_head(&w, WEIR_METRIC_ZONE_SIZE);
    is("# HELP weir_zone_bytes Shared memory, by what it is for.\n"
       "# TYPE weir_zone_bytes gauge\n# UNIT weir_zone_bytes bytes\n");
    weir_expo_head(&w, WEIR_METRIC_BUILD);
    weir_expo_end(&w);
    is("# HELP weir_build_info Always 1.\n# TYPE weir_build_info gauge\n"
       "# EOF\n");

    /* nothing in the table has to be escaped, or is too long for a line */
    memset(name, '\n', sizeof(name));

    for (i = 0; i < WEIR_ROW_LABELS; i++) {
        labels[i] = weir_str(name, sizeof(name));
    }

    for (i = 0; i < WEIR_NMETRICS; i++) {
        info = weir_metric_info((weir_metric_t) i);
        assert_null(memchr(info->help.data, '\\', info->help.len));
        assert_null(memchr(info->help.data, '"', info->help.len));
        assert_null(memchr(info->help.data, '\n', info->help.len));
        assert_true(weir_str_starts(info->name, weir_string("weir_")));
        assert_false(weir_str_ends(info->name, weir_string("_total")));
        unit = unit_of(info->name);
        assert_true(info->type != WEIR_HISTOGRAM || unit.len != 0);

        w.p = text;
        w.end = text + 1024;
        weir_expo_head(&w, (weir_metric_t) i);
        assert_false(w.full);

        for (n = 1, k = 0; k < info->labels.len; k++) {
            n += info->labels.data[k] == ',';
        }

        assert_true(n <= WEIR_ROW_LABELS);
        w.p = text;
        w.end = text + WEIR_EXPO_LINE;
        weir_expo_count(&w, (weir_metric_t) i, labels, UINT64_MAX);
        assert_false(w.full);
    }
}


static void
numbers(void **state)
{
    size_t      i;
    char        want[100], buf[2 * NUMBER];
    weir_str_t  got;

    static const struct {
        uint64_t     value;
        uint64_t     scale;
        const char  *text;
    } rows[] = {
        { 0, 1000, "0" },
        { 1, 1000, "0.001" },
        { 1000, 1000, "1" },
        { 1500, 1000, "1.5" },
        { 10050, 1000, "10.05" },
        { 5, 1, "5" },
        { 1, 3, "0.333333333" },
        { 2, 4, "0.5" },
        { 0, 0, "NaN" },
        { 7, 0, "NaN" },
        { 1, 2000000000, "0" },
        { 123456789, 1000000000, "0.123456789" },
        { UINT64_MAX, 1, "18446744073709551615" },
        { UINT64_MAX, 1000, "18446744073709551.615" },
        { UINT64_MAX, UINT64_MAX, "1" },
        { UINT64_MAX / 2, UINT64_MAX, "0.499999999" },
        { 1, UINT64_MAX, "0" }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        got = decimal(buf, rows[i].value, rows[i].scale);
        assert_true(weir_str_eq(got, weir_cstr(rows[i].text)));

        (void) snprintf(want, sizeof(want), "weir_store_clock_error_seconds "
                        "%s\n", rows[i].text);
        weir_expo_ratio(&w, WEIR_METRIC_STORE_CLOCK, NULL, rows[i].value,
                        rows[i].scale);
        is(want);
    }

    weir_expo_count(&w, WEIR_METRIC_POLICY_SERIAL, NULL, UINT64_MAX);
    is("weir_policy_serial 18446744073709551615\n");
    weir_expo_count(&w, WEIR_METRIC_POLICY_SWAPS, NULL, 0);
    is("weir_policy_swaps_total 0\n");
}


static void
labels_are_escaped_and_cut(void **state)
{
    char        name[300], want[2000];
    weir_str_t  labels[2];

    (void) state;

    labels[0] = weir_string("a\"b\\c\nd\xc3\xa9\xff\xed\xa0\x80z");
    labels[1] = weir_string("x\0y\x7f\t");
    weir_expo_count(&w, WEIR_METRIC_SPLIT_OPENED, labels, 1);
    is("weir_split_arm_breaker_opened_total{split=\"a\\\"b\\\\c\\nd\xc3\xa9"
       "????z\",arm=\"x?y\x7f\t\"} 1\n");

    /* without a value */
    labels[0] = weir_string("");
    weir_expo_count(&w, WEIR_METRIC_SPLIT_OPENED, labels, 2);
    is("weir_split_arm_breaker_opened_total{arm=\"x?y\x7f\t\"} 2\n");
    labels[1] = weir_str(NULL, 0);
    weir_expo_count(&w, WEIR_METRIC_SPLIT_OPENED, labels, 3);
    is("weir_split_arm_breaker_opened_total 3\n");

    /* at a character */
    memset(name, 'n', sizeof(name));
    memcpy(name + 254, "\xc3\xa9", 2);
    labels[0] = weir_str(name, sizeof(name));
    weir_expo_count(&w, WEIR_METRIC_SPLIT_OPENED, labels, 3);
    (void) snprintf(want, sizeof(want), "weir_split_arm_breaker_opened_total{"
                    "split=\"%.254s\"} 3\n", name);
    is(want);

    /* the longest */
    memset(name, '\n', sizeof(name));
    labels[1] = labels[0] = weir_str(name, sizeof(name));
    weir_expo_count(&w, WEIR_METRIC_SPLIT_OPENED, labels, 3);
    assert_true(w.p - text == 4 * WEIR_ROW_LABEL
                + (int) strlen("weir_split_arm_breaker_opened_total{"
                               "split=\"\",arm=\"\"} 3\n"));
}


static void
what_does_not_fit_is_not_begun(void **state)
{
    size_t      n, whole;
    uint64_t    buckets[WEIR_NTIMES];
    weir_str_t  labels[2];

    (void) state;

    labels[0] = weir_string("orders");
    labels[1] = weir_string("next");
    memset(buckets, 0, sizeof(buckets));
    whole = strlen("weir_split_arm_breaker_opened_total{split=\"orders\","
                   "arm=\"next\"} 12345\n");

    for (n = 0; n < whole + 10; n++) {
        memset(text, 0x5a, 4096);
        w = (weir_expo_t) { text, text + n, false, false };
        weir_expo_count(&w, WEIR_METRIC_SPLIT_OPENED, labels, 12345);
        assert_true(w.full || n >= whole);
        assert_true(!w.full || n < whole + 3);
        assert_true(w.p == text + (w.full ? 0 : whole));
        assert_int_equal(text[n], 0x5a);

        /* nor what comes behind it */
        if (w.full) {
            weir_expo_count(&w, WEIR_METRIC_WAITS, NULL, 1);
            weir_expo_head(&w, WEIR_METRIC_WAITS);
            w.openmetrics = true;
            weir_expo_end(&w);
            assert_true(w.p == text);
        }
    }

    w = (weir_expo_t) { text, text + 4096, false, false };
    weir_expo_histogram(&w, WEIR_METRIC_STORE_DURATION, NULL, buckets, 0, 1);
    assert_false(w.full);
    whole = (size_t) (w.p - text);

    for (n = 0; n <= whole; n++) {
        memset(text, 0x5a, 4096);
        w = (weir_expo_t) { text, text + n, false, false };
        weir_expo_histogram(&w, WEIR_METRIC_STORE_DURATION, NULL, buckets, 0,
                            1);
        assert_true(w.full || n == whole);
        assert_true(w.p == text + (w.full ? 0 : whole));
        assert_int_equal(text[n], 0x5a);
    }
}


static void
a_histogram(void **state)
{
    unsigned  i;
    uint64_t  buckets[WEIR_NTIMES];

    (void) state;

    for (i = 0; i < WEIR_NTIMES; i++) {
        buckets[i] = i;
    }

    weir_expo_histogram(&w, WEIR_METRIC_STORE_DURATION, NULL, buckets,
                        1234567, 1000000);
    is("weir_store_call_duration_seconds_bucket{le=\"0.0001\"} 0\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.00025\"} 1\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.0005\"} 3\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.001\"} 6\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.0025\"} 10\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.005\"} 15\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.01\"} 21\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.025\"} 28\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.05\"} 36\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.1\"} 45\n"
       "weir_store_call_duration_seconds_bucket{le=\"0.25\"} 55\n"
       "weir_store_call_duration_seconds_bucket{le=\"1.0\"} 66\n"
       "weir_store_call_duration_seconds_bucket{le=\"10.0\"} 78\n"
       "weir_store_call_duration_seconds_bucket{le=\"+Inf\"} 91\n"
       "weir_store_call_duration_seconds_sum 1.234567\n"
       "weir_store_call_duration_seconds_count 91\n");
}


/* All of it, in pieces of so many bytes and rows. */
static size_t
expose(size_t bytes, unsigned rows, const bool *skip)
{
    unsigned              pieces;
    weir_series_cursor_t  c;

    memset(&c, 0, sizeof(c));
    c.skip = skip;
    w.p = text;

    for (pieces = 1; /* void */ ; pieces++) {
        w.end = w.p + bytes;
        assert_true(w.end <= text + TEXT_MAX);
        w.full = false;

        if (weir_series_expose(t, &w, &c, rows)) {
            break;
        }

        assert_true(w.p == text || w.p[-1] == '\n');
        assert_true(pieces < 1000000);
    }

    *w.p = '\0';
    w.full = false;

    return (size_t) (w.p - text);
}


static unsigned
lines(void)
{
    unsigned     n;
    const char  *p;

    n = 0;

    for (p = text; *p; p = strchr(p, '\n') + 1) {
        n += *p != '#';
    }

    return n;
}


static void
all_of_tenants(void **state)
{
    bool               skip[WEIR_NMETRICS];
    weir_series_use_t  use;

    (void) state;

    begin(1000);
    assert_int_equal(expose(TEXT_MAX, 1000, NULL), 0);

    request("acme", "orders", 200, 3);
    request("acme", "orders", 200, 20000);
    decision("acme", "orders", "deny", "rule", "admins");
    limit("acme", "rate", 0);
    limit("", "quota", 100);
    memset(skip, 0, sizeof(skip));
    skip[WEIR_METRIC_DURATION] = true;
    skip[WEIR_METRIC_LIMIT_CAPACITY] = true;
    (void) expose(TEXT_MAX, 1000, skip);

    is("# HELP weir_http_requests_total Requests that the policy decided, by "
       "class of the status that was sent; none: nothing was.\n"
       "# TYPE weir_http_requests_total counter\n"
       "weir_http_requests_total{tenant=\"acme\",route=\"orders\","
       "code=\"2xx\"} 2\n"
       "# HELP weir_http_received_bytes_total Bytes of requests, heads "
       "included.\n"
       "# TYPE weir_http_received_bytes_total counter\n"
       "weir_http_received_bytes_total{tenant=\"acme\",route=\"orders\","
       "code=\"2xx\"} 200\n"
       "# HELP weir_http_sent_bytes_total Bytes of answers, heads included.\n"
       "# TYPE weir_http_sent_bytes_total counter\n"
       "weir_http_sent_bytes_total{tenant=\"acme\",route=\"orders\","
       "code=\"2xx\"} 2000\n"
       "# HELP weir_decisions_total Decisions: allow, deny, or dry_run where a "
       "refusal was only reported; rule and limit are set where one decided.\n"
       "# TYPE weir_decisions_total counter\n"
       "weir_decisions_total{tenant=\"acme\",route=\"orders\","
       "verdict=\"deny\",reason=\"rule\",rule=\"admins\"} 1\n"
       "# HELP weir_limit_decisions_total What limits said to requests that "
       "came to them: allowed, refused, dry_run, or uncounted where a request "
       "passed that could not be counted.\n"
       "# TYPE weir_limit_decisions_total counter\n"
       "weir_limit_decisions_total{limit=\"quota\",verdict=\"allowed\"} 0\n"
       "weir_limit_decisions_total{limit=\"quota\",verdict=\"refused\"} 1\n"
       "weir_limit_decisions_total{limit=\"quota\",verdict=\"dry_run\"} 0\n"
       "weir_limit_decisions_total{limit=\"quota\",verdict=\"uncounted\"} 0\n"
       "weir_limit_decisions_total{tenant=\"acme\",limit=\"rate\","
       "verdict=\"allowed\"} 0\n"
       "weir_limit_decisions_total{tenant=\"acme\",limit=\"rate\","
       "verdict=\"refused\"} 1\n"
       "weir_limit_decisions_total{tenant=\"acme\",limit=\"rate\","
       "verdict=\"dry_run\"} 0\n"
       "weir_limit_decisions_total{tenant=\"acme\",limit=\"rate\","
       "verdict=\"uncounted\"} 0\n"
       "# HELP weir_limit_charged_units_total Units that limits charged.\n"
       "# TYPE weir_limit_charged_units_total counter\n"
       "weir_limit_charged_units_total{limit=\"quota\"} 3\n"
       "weir_limit_charged_units_total{tenant=\"acme\",limit=\"rate\"} 3\n"
       "# HELP weir_limit_remaining_units Units left when a request was last "
       "counted, of quotas whose key is the tenant alone.\n"
       "# TYPE weir_limit_remaining_units gauge\n"
       "weir_limit_remaining_units{limit=\"quota\"} 9\n");

    (void) expose(TEXT_MAX, 1000, NULL);
    assert_non_null(strstr(text,
        "weir_http_request_duration_seconds_bucket{tenant=\"acme\","
        "route=\"orders\",code=\"2xx\",le=\"0.0025\"} 0\n"
        "weir_http_request_duration_seconds_bucket{tenant=\"acme\","
        "route=\"orders\",code=\"2xx\",le=\"0.005\"} 1\n"));
    assert_non_null(strstr(text,
        "weir_http_request_duration_seconds_bucket{tenant=\"acme\","
        "route=\"orders\",code=\"2xx\",le=\"+Inf\"} 2\n"
        "weir_http_request_duration_seconds_sum{tenant=\"acme\","
        "route=\"orders\",code=\"2xx\"} 20.003\n"
        "weir_http_request_duration_seconds_count{tenant=\"acme\","
        "route=\"orders\",code=\"2xx\"} 2\n"));

    weir_series_use(t, &use);
    assert_int_equal(lines(), use.series);

    /* at the bound, what is folded is there, too */
    weir_series_bound(t, 0);
    request("umbrella", "orders", 200, 3);
    decision("umbrella", "orders", "deny", "rule", "admins");
    (void) expose(TEXT_MAX, 1000, NULL);
    weir_series_use(t, &use);
    assert_int_equal(lines(), use.series);
    assert_non_null(strstr(text, "weir_http_requests_total{tenant=\"_other\","
                                 "route=\"_other\",arm=\"_other\","
                                 "code=\"_other\"} 1\n"));
}


static void
pieces_make_a_whole(void **state)
{
    char      *whole, name[300];
    size_t     len, piece;
    unsigned   i;

    (void) state;

    begin(100000);
    memset(name, '"', sizeof(name));

    for (i = 0; i < 40; i++) {
        (void) snprintf(name, 20, "%u", i);
        name[strlen(name)] = '"';
        name[i % 4 ? 250 - i : 10] = '\0';
        request(name, name, 200, i * i * i);
        decision(name, name, "deny", name, name);
        limit(name, name, i % 3 ? 100 : 0);
    }

    len = expose(TEXT_MAX, UINT32_MAX, NULL);
    whole = malloc(len + 1);
    memcpy(whole, text, len + 1);

    for (piece = WEIR_EXPO_LINE; piece < len; piece += piece / 5) {
        assert_int_equal(expose(piece, UINT32_MAX, NULL), len);
        assert_memory_equal(text, whole, len);
        assert_int_equal(expose(piece, 1 + (unsigned) piece % 7, NULL), len);
        assert_memory_equal(text, whole, len);
    }

    free(whole);
}


/* A histogram agrees with itself, whatever comes while it is written. */
static void
a_histogram_in_pieces(void **state)
{
    char                   name[300], *p;
    bool                   done;
    unsigned               i;
    unsigned long long     n, last;
    weir_series_cursor_t   c;

    (void) state;

    begin(100000);
    memset(name, 'x', sizeof(name));
    name[240] = '\0';
    memset(&c, 0, sizeof(c));
    request(name, name, 200, 1);

    do {
        w.end = w.p + 1500;
        w.full = false;
        done = weir_series_expose(t, &w, &c, 1);
        request(name, name, 200, 1);
        request(name, name, 200, 60000);
    } while (!done);

    *w.p = '\0';
    p = text;
    last = 0;

    for (i = 0; i < WEIR_NTIMES + 2; i++) {
        p = strstr(p, "weir_http_request_duration_seconds_");
        assert_non_null(p);
        p = strchr(p, ' ');
        n = strtoull(p, NULL, 10);

        if (i < WEIR_NTIMES) {
            assert_true(n >= last);
            last = n;
        }
    }

    assert_true(n == last && n > 0);
}


/* promtool, where there is one, finds nothing to complain of. */
static void
promtool_reads_it(void **state)
{
    FILE      *out;
    unsigned   i;
    uint64_t   buckets[WEIR_NTIMES];

    (void) state;

    if (system("promtool --version >/dev/null 2>&1") != 0) {
        skip();
    }

    static const weir_str_t  labels[] = {
        TEXT("a"), TEXT("b"), TEXT("c"), TEXT("d"), TEXT("e"), TEXT("f")
    };

    begin(100000);
    request("acme \"\\\n\xc3\xa9\xff", "orders", 200, 3);
    request("", "orders", 404, 300);
    decision("", "orders", "deny", "rule", "");
    limit("acme", "rate", 0);
    limit("acme", "quota", 100);
    memset(buckets, 0, sizeof(buckets));
    (void) expose(TEXT_MAX / 2, UINT32_MAX, NULL);
    w.end = text + TEXT_MAX;

    for (i = WEIR_METRIC_LIMIT_CAPACITY + 1; i < WEIR_NMETRICS; i++) {
        weir_expo_head(&w, (weir_metric_t) i);

        if (infos[i].type == WEIR_HISTOGRAM) {
            weir_expo_histogram(&w, (weir_metric_t) i, labels, buckets, 0, 1);

        } else if (i % 2) {
            weir_expo_count(&w, (weir_metric_t) i, labels, i);

        } else {
            weir_expo_ratio(&w, (weir_metric_t) i, labels, i, 1000);
        }
    }

    assert_false(w.full);
    out = popen("promtool check metrics", "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, (size_t) (w.p - text), out),
                     w.p - text);
    assert_int_equal(pclose(out), 0);
}


int
main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest  tests[] = {
        TEST(heads),
        TEST(numbers),
        TEST(labels_are_escaped_and_cut),
        TEST(what_does_not_fit_is_not_begun),
        TEST(a_histogram),
        TEST(all_of_tenants),
        TEST(pieces_make_a_whole),
        TEST(a_histogram_in_pieces),
        TEST(promtool_reads_it)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
