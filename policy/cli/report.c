/*
 * report.c: diagnostics for people, editors and pipelines.
 */

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/version.h"
#include "cli/cli.h"

#define SARIF_SCHEMA                                                          \
    "https://json.schemastore.org/sarif-2.1.0.json"


static weir_str_t
file_name(const weir_diags_t *d, const weir_diag_t *g)
{
    return g->span.file < d->files.len ? d->files.items[g->span.file].name
                                       : weir_string("-");
}


static const char *
severity(const weir_diag_t *g)
{
    return g->severity == WEIR_SEV_ERROR ? "error" : "warning";
}


static void
code(const weir_diag_t *g, char out[8])
{
    snprintf(out, 8, "%c%04u", g->severity == WEIR_SEV_ERROR ? 'E' : 'W',
             g->code % 10000);
}


static json_t *
text(weir_str_t s)
{
    return json_stringn(s.data, s.len);
}


static void
dump(json_t *doc)
{
    json_dumpf(doc, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(doc);
}


static void
print_json(const weir_diags_t *d)
{
    char                buf[8];
    size_t              i;
    json_t             *list;
    const weir_diag_t  *g;

    list = json_array();

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];
        code(g, buf);

        json_array_append_new(list, json_pack(
            "{s:o, s:I, s:I, s:I, s:s, s:s, s:o}",
            "file", text(file_name(d, g)),
            "line", (json_int_t) g->span.line,
            "column", (json_int_t) g->span.col,
            "length", (json_int_t) g->span.len,
            "severity", severity(g),
            "code", buf,
            "message", text(g->text)));
    }

    dump(json_pack("{s:I, s:I, s:o}",
                   "errors", (json_int_t) d->errors,
                   "warnings", (json_int_t) d->warnings,
                   "diagnostics", list));
}


static void
print_sarif(const weir_diags_t *d)
{
    char                buf[8];
    size_t              i;
    json_t             *results;
    const weir_diag_t  *g;

    results = json_array();

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];
        code(g, buf);

        /* a region starts at 1; a diagnostic without a place has line 0 */
        json_array_append_new(results, json_pack(
            "{s:s, s:s, s:{s:o}, s:[{s:{s:{s:o}, s:{s:I, s:I}}}]}",
            "ruleId", buf,
            "level", severity(g),
            "message", "text", text(g->text),
            "locations", "physicalLocation",
            "artifactLocation", "uri", text(file_name(d, g)),
            "region",
            "startLine", (json_int_t) (g->span.line ? g->span.line : 1),
            "startColumn", (json_int_t) (g->span.col ? g->span.col : 1)));
    }

    dump(json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s}}, s:o}]}",
                   "$schema", SARIF_SCHEMA,
                   "version", "2.1.0",
                   "runs", "tool", "driver", "name", "weir",
                   "version", WEIR_VERSION,
                   "results", results));
}


/* A workflow command ends at a line's end; '%' begins an escape. */
static void
print_escaped(weir_str_t s, bool property)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {

        switch (s.data[i]) {

        case '%':
        case '\r':
        case '\n':
            printf("%%%02X", (unsigned) s.data[i]);
            break;

        case ':':
        case ',':
            if (property) {
                printf("%%%02X", (unsigned) s.data[i]);
                break;
            }

            /* fall through */

        default:
            putchar(s.data[i]);
        }
    }
}


static void
print_github(const weir_diags_t *d)
{
    char                buf[8];
    size_t              i;
    const weir_diag_t  *g;

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];
        code(g, buf);

        printf("::%s file=", severity(g));
        print_escaped(file_name(d, g), true);
        printf(",line=%u,col=%u,title=%s::", g->span.line, g->span.col, buf);
        print_escaped(g->text, false);
        putchar('\n');
    }
}


void
weir_cli_report(weir_diags_t *d, cli_format_t format)
{
    weir_diags_sort(d);

    switch (format) {

    case CLI_JSON:
        print_json(d);
        break;

    case CLI_SARIF:
        print_sarif(d);
        break;

    case CLI_GITHUB:
        print_github(d);
        break;

    default:
        weir_diags_print(d, stderr, isatty(STDERR_FILENO));
    }
}
