/*
 * test_report.c: results of tests, for people and pipelines.
 *
 * Names come from files of tests, and may hold anything but NUL: each format
 * makes of them what it can carry.
 */

#include <stdlib.h>

#include "base/utf8.h"
#include "cli/test.h"


/* JUnit */

/*
 * Text of XML 1.0, in an attribute or not.  What XML cannot hold becomes an
 * escape that people can read.
 */
static void
print_xml(weir_str_t s)
{
    int32_t      cp;
    const char  *p, *end, *start;

    end = s.data + s.len;

    for (p = s.data; p < end; /* void */ ) {
        start = p;
        cp = weir_utf8_next(&p, end);

        if (cp < 0) {
            p = start + 1;
            printf("\\x%02x", (unsigned) (uint8_t) *start);

        } else if (cp == '<' || cp == '>' || cp == '&' || cp == '"'
                   || cp == '\n' || cp == '\t' || cp == '\r')
        {
            printf("&#%d;", (int) cp);

        } else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)
                   || cp == 0xfffe || cp == 0xffff)
        {
            printf("\\u%04x", (unsigned) cp);

        } else {
            fwrite(start, 1, (size_t) (p - start), stdout);
        }
    }
}


/* "status is \"402\", not \"403\"; ..." */
static weir_str_t
message(const cli_suite_t *s, const cli_result_t *r)
{
    size_t              i;
    weir_str_t          text;
    const cli_field_t  *f;

    text = weir_str("", 0);

    for (i = 0; i < r->fields.len; i++) {
        f = &r->fields.items[i];
        text = weir_arena_printf(s->arena, "%.*s%s%.*s: expected \"%.*s\", "
                                 "got \"%.*s\"", WEIR_STR(text),
                                 text.len ? "; " : "", WEIR_STR(f->name),
                                 WEIR_STR(f->expected), WEIR_STR(f->got));
    }

    return text;
}


/* Of what a policy need not have. */
static void
print_count(const size_t n[2], const char *what)
{
    if (n[1] != 0) {
        printf("%zu of %zu %s, ", n[0], n[1], what);
    }
}


static void
print_covered(const cli_coverage_t *c)
{
    unsigned        share;
    cli_covered_t   n;

    weir_cli_covered(c, &n);
    share = weir_cli_coverage_share(&n);

    printf("coverage %u.%u%%: %zu of %zu routes, %zu of %zu rules, ",
           share / 10, share % 10, n.routes[0], n.routes[1], n.rules[0],
           n.rules[1]);

    print_count(n.limits, "limits");
    print_count(n.arms, "arms");
    print_count(n.overrides, "overrides");
    print_count(n.maintenance, "maintenance");
    printf("%zu of %zu outcomes of conditions\n", n.outcomes[0],
           n.outcomes[1]);
}


static void
print_gap(const cli_gap_t *g, void (*print)(weir_str_t))
{
    char  buf[64];

    print(g->place.file);
    snprintf(buf, sizeof(buf), ":%u:%u: ", g->place.line, g->place.col);
    print(weir_cstr(buf));
    print(g->text);
    snprintf(buf, sizeof(buf), " never %s\n", g->never);
    fputs(buf, stdout);
}


static void
print_plain(weir_str_t s)
{
    weir_cli_print(s, stdout);
}


static void
print_gaps(const cli_coverage_t *c, const char *before,
    void (*print)(weir_str_t))
{
    size_t       i;
    cli_gaps_t   gaps;

    memset(&gaps, 0, sizeof(gaps));

    if (!weir_cli_coverage_gaps(c, &gaps)) {
        return;
    }

    for (i = 0; i < gaps.len; i++) {
        fputs(before, stdout);
        print_gap(&gaps.items[i], print);
    }
}


static void
print_junit(const cli_suite_t *s)
{
    size_t               i;
    const cli_result_t  *r;

    printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<testsuites tests=\"%zu\" failures=\"%zu\">\n"
           "<testsuite name=\"weir\" tests=\"%zu\" failures=\"%zu\" "
           "errors=\"0\" skipped=\"0\">\n", s->results.len, s->failed,
           s->results.len, s->failed);

    for (i = 0; i < s->results.len; i++) {
        r = &s->results.items[i];

        fputs("  <testcase classname=\"", stdout);
        print_xml(r->file);
        fputs("\" name=\"", stdout);
        print_xml(r->name);
        fputs("\" file=\"", stdout);
        print_xml(r->file);
        printf("\" line=\"%u\"", r->span.line);

        if (r->fields.len == 0) {
            puts("/>");
            continue;
        }

        fputs("><failure type=\"decision\" message=\"", stdout);
        print_xml(message(s, r));
        fputs("\">", stdout);
        print_xml(weir_string("decided: "));
        print_xml(r->decided);
        print_xml(weir_string("\n"));
        print_xml(r->account);
        puts("</failure></testcase>");
    }

    if (s->coverage != NULL) {
        fputs("  <system-out>", stdout);
        print_covered(s->coverage);
        print_gaps(s->coverage, "", print_xml);
        puts("</system-out>");
    }

    puts("</testsuite>\n</testsuites>");
}


/* TAP 14 */

/* '#' begins a directive, '\' an escape; a line is one test. */
static void
print_description(weir_str_t s)
{
    char    *text;
    FILE    *out;
    size_t   i, len;

    out = open_memstream(&text, &len);

    if (out == NULL) {
        return;
    }

    weir_cli_print(s, out);
    fclose(out);

    for (i = 0; i < len; i++) {

        if (text[i] == '#' || text[i] == '\\') {
            putchar('\\');
        }

        putchar(text[i]);
    }

    free(text);
}


/* A string in YAML, as JSON writes it. */
static void
print_quoted(const char *name, weir_str_t s)
{
    char    *text;
    json_t  *j;

    j = weir_cli_json_str(s);
    text = j ? json_dumps(j, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    printf("%s%s\n", name, text ? text : "\"\"");
    free(text);
    json_decref(j);
}


static void
print_yaml(const cli_result_t *r)
{
    size_t              i;
    const cli_field_t  *f;

    puts("  ---");
    print_quoted("  file: ", r->file);
    printf("  line: %u\n", r->span.line);
    print_quoted("  decided: ", r->decided);
    puts("  fields:");

    for (i = 0; i < r->fields.len; i++) {
        f = &r->fields.items[i];
        print_quoted("    - name: ", f->name);
        print_quoted("      expected: ", f->expected);
        print_quoted("      got: ", f->got);
    }

    puts("  ...");
}


static void
print_tap(const cli_suite_t *s)
{
    size_t               i;
    const cli_result_t  *r;

    printf("TAP version 14\n1..%zu\n", s->results.len);

    for (i = 0; i < s->results.len; i++) {
        r = &s->results.items[i];

        printf("%s %zu - ", r->fields.len ? "not ok" : "ok", i + 1);
        print_description(r->name);
        putchar('\n');

        if (r->fields.len) {
            print_yaml(r);
        }
    }

    if (s->coverage != NULL) {
        fputs("# ", stdout);
        print_covered(s->coverage);
        print_gaps(s->coverage, "# ", print_plain);
    }
}


/* Annotations */

static void
print_annotation(const char *level, weir_str_t file, uint32_t line,
    uint32_t col, weir_str_t title)
{
    printf("::%s file=", level);
    weir_cli_print_github(file, true);
    printf(",line=%u,col=%u,title=", line, col);
    weir_cli_print_github(title, true);
    fputs("::", stdout);
}


static void
print_github(const cli_suite_t *s)
{
    size_t               i;
    cli_gaps_t           gaps;
    weir_str_t           text;
    const cli_gap_t     *g;
    const cli_result_t  *r;

    for (i = 0; i < s->results.len; i++) {
        r = &s->results.items[i];

        if (r->fields.len) {
            print_annotation("error", r->file, r->fields.items[0].span.line,
                             r->fields.items[0].span.col, r->name);
            weir_cli_print_github(message(s, r), false);
            text = weir_arena_printf(s->arena, "\ndecided: %.*s",
                                     WEIR_STR(r->decided));
            weir_cli_print_github(text, false);
            putchar('\n');
        }
    }

    memset(&gaps, 0, sizeof(gaps));

    if (s->coverage == NULL || !weir_cli_coverage_gaps(s->coverage, &gaps)) {
        return;
    }

    for (i = 0; i < gaps.len; i++) {
        g = &gaps.items[i];
        print_annotation("warning", g->place.file, g->place.line,
                         g->place.col, weir_string("not covered"));
        weir_cli_print_github(g->text, false);
        printf(" never %s\n", g->never);
    }
}


/* JSON */

static json_t *
result_json(const cli_result_t *r)
{
    size_t              i;
    json_t             *fields;
    const cli_field_t  *f;

    fields = json_array();

    for (i = 0; i < r->fields.len; i++) {
        f = &r->fields.items[i];
        json_array_append_new(fields, json_pack(
            "{s:o, s:o, s:o, s:I, s:I}",
            "name", weir_cli_json_str(f->name),
            "expected", weir_cli_json_str(f->expected),
            "got", weir_cli_json_str(f->got),
            "line", (json_int_t) f->span.line,
            "column", (json_int_t) f->span.col));
    }

    return json_pack("{s:o, s:I, s:I, s:o, s:b, s:o, s:o}",
                     "file", weir_cli_json_str(r->file),
                     "line", (json_int_t) r->span.line,
                     "column", (json_int_t) r->span.col,
                     "name", weir_cli_json_str(r->name),
                     "ok", r->fields.len == 0,
                     "decided", weir_cli_json_str(r->decided),
                     "fields", fields);
}


static json_t *
count_json(const size_t n[2])
{
    return json_pack("{s:I, s:I}", "covered", (json_int_t) n[0],
                     "all", (json_int_t) n[1]);
}


static json_t *
coverage_json(const cli_coverage_t *c)
{
    size_t            i;
    json_t           *list;
    cli_gaps_t        gaps;
    cli_covered_t     n;
    const cli_gap_t  *g;

    memset(&gaps, 0, sizeof(gaps));
    list = json_array();
    weir_cli_covered(c, &n);

    if (weir_cli_coverage_gaps(c, &gaps)) {

        for (i = 0; i < gaps.len; i++) {
            g = &gaps.items[i];
            json_array_append_new(list, json_pack(
                "{s:s, s:o, s:I, s:I, s:o, s:s}",
                "what", g->what,
                "file", weir_cli_json_str(g->place.file),
                "line", (json_int_t) g->place.line,
                "column", (json_int_t) g->place.col,
                "text", weir_cli_json_str(g->text),
                "never", g->never));
        }
    }

    return json_pack("{s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "percent", weir_cli_coverage_share(&n) / 10.0,
                     "routes", count_json(n.routes),
                     "rules", count_json(n.rules),
                     "limits", count_json(n.limits),
                     "arms", count_json(n.arms),
                     "overrides", count_json(n.overrides),
                     "maintenance", count_json(n.maintenance),
                     "outcomes", count_json(n.outcomes),
                     "gaps", list);
}


static void
print_json(const cli_suite_t *s)
{
    size_t   i;
    json_t  *doc, *list;

    list = json_array();

    for (i = 0; i < s->results.len; i++) {
        json_array_append_new(list, result_json(&s->results.items[i]));
    }

    doc = json_pack("{s:I, s:I, s:o}",
                    "passed", (json_int_t) (s->results.len - s->failed),
                    "failed", (json_int_t) s->failed,
                    "results", list);

    if (s->coverage != NULL) {
        json_object_set_new(doc, "coverage", coverage_json(s->coverage));
    }

    weir_cli_json_print(doc);
}


/* Text */

static void
print_failure(const cli_result_t *r)
{
    size_t              i;
    const cli_field_t  *f;

    weir_cli_print(r->file, stdout);
    printf(":%u:%u: ", r->span.line, r->span.col);
    weir_cli_print(r->name, stdout);
    putchar('\n');

    for (i = 0; i < r->fields.len; i++) {
        f = &r->fields.items[i];
        printf("    %-8.*s  expected \"", WEIR_STR(f->name));
        weir_cli_print(f->expected, stdout);
        fputs("\", got \"", stdout);
        weir_cli_print(f->got, stdout);
        puts("\"");
    }

    fputs("    decided   ", stdout);
    weir_cli_print(r->decided, stdout);
    putchar('\n');
    fwrite(r->account.data, 1, r->account.len, stdout);
}


static void
print_text(const cli_suite_t *s)
{
    size_t  i;

    for (i = 0; i < s->results.len; i++) {

        if (s->results.items[i].fields.len) {
            print_failure(&s->results.items[i]);
        }
    }

    printf("%zu passed, %zu failed\n", s->results.len - s->failed, s->failed);

    if (s->coverage != NULL) {
        print_covered(s->coverage);
        print_gaps(s->coverage, "  ", print_plain);
    }
}


void
weir_cli_test_report(const cli_suite_t *s, cli_format_t format)
{
    switch (format) {

    case CLI_JSON:
        print_json(s);
        break;

    case CLI_JUNIT:
        print_junit(s);
        break;

    case CLI_TAP:
        print_tap(s);
        break;

    case CLI_GITHUB:
        print_github(s);
        break;

    default:
        print_text(s);
    }
}
