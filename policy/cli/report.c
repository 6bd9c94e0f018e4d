/*
 * report.c: diagnostics for people, editors and pipelines.
 */

#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/json.h"
#include "cli/sarif.h"


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
print_json(const weir_diags_t *d)
{
    char                buf[8];
    size_t              i;
    json_t             *list;
    const weir_diag_t  *g;

    list = json_array();

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];
        weir_cli_code(g, buf);

        json_array_append_new(list, json_pack(
            "{s:o, s:I, s:I, s:I, s:s, s:s, s:o}",
            "file", weir_cli_json_str(file_name(d, g)),
            "line", (json_int_t) g->span.line,
            "column", (json_int_t) g->span.col,
            "length", (json_int_t) g->span.len,
            "severity", severity(g),
            "code", buf,
            "message", weir_cli_json_str(g->text)));
    }

    weir_cli_json_print(json_pack("{s:I, s:I, s:o}",
                                  "errors", (json_int_t) d->errors,
                                  "warnings", (json_int_t) d->warnings,
                                  "diagnostics", list));
}


static void
print_github(const weir_diags_t *d)
{
    char                buf[8];
    size_t              i;
    const weir_diag_t  *g;

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];
        weir_cli_code(g, buf);

        printf("::%s file=", severity(g));
        weir_cli_print_github(file_name(d, g), true);
        printf(",line=%u,col=%u", g->span.line, g->span.col);

        if (g->span.len > 0) {
            printf(",endColumn=%u", g->span.col + g->span.len);
        }

        printf(",title=%s::", buf);
        weir_cli_print_github(g->text, false);
        putchar('\n');
    }
}


/* The code point of a letter that a terminal may act on. */
static bool
steers(int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0)
           || (cp >= 0x200e && cp <= 0x200f)
           || (cp >= 0x2028 && cp <= 0x202e)
           || (cp >= 0x2066 && cp <= 0x2069);
}


void
weir_cli_code(const weir_diag_t *g, char out[8])
{
    snprintf(out, 8, "%c%04u", g->severity == WEIR_SEV_ERROR ? 'E' : 'W',
             g->code % 10000);
}


/* A workflow command ends at a line's end; '%' begins an escape. */
void
weir_cli_print_github(weir_str_t s, bool property)
{
    size_t       i, from;
    const char  *escaped;

    escaped = property ? "%\r\n:," : "%\r\n";

    for (i = 0, from = 0; i < s.len; i++) {

        if (memchr(escaped, s.data[i], strlen(escaped)) != NULL) {
            weir_cli_print(weir_str(s.data + from, i - from), stdout);
            printf("%%%02X", (unsigned) s.data[i]);
            from = i + 1;
        }
    }

    weir_cli_print(weir_str(s.data + from, s.len - from), stdout);
}


void
weir_cli_print(weir_str_t s, FILE *out)
{
    int32_t      cp;
    const char  *p, *end, *start;

    end = s.data + s.len;

    for (p = s.data; p < end; /* void */ ) {
        start = p;
        cp = weir_utf8_next(&p, end);

        if (cp < 0) {
            p++;
            fprintf(out, "\\x%02x", (unsigned) (uint8_t) *start);

        } else if (steers(cp) && cp != '\t') {
            fprintf(out, "\\u%04x", (unsigned) cp);

        } else {
            fwrite(start, 1, (size_t) (p - start), out);
        }
    }
}


bool
weir_cli_colour(FILE *out)
{
    const char  *off;

    off = getenv("NO_COLOR");

    return (off == NULL || off[0] == '\0') && isatty(fileno(out));
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
        weir_cli_sarif(d);
        break;

    case CLI_GITHUB:
        print_github(d);
        break;

    default:
        weir_diags_print(d, stderr, weir_cli_colour(stderr));
    }
}
