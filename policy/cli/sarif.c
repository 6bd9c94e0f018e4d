/*
 * sarif.c: diagnostics in SARIF 2.1.0.
 *
 * Rules are the rows of codes.h that were found.  Columns count code points,
 * as columnKind says; lines and columns start at 1, also of a diagnostic
 * without a place.
 */

#include "base/utf8.h"
#include "base/version.h"
#include "cli/json.h"
#include "cli/sarif.h"
#include "front/codes.h"

#define SCHEMA  "https://json.schemastore.org/sarif-2.1.0.json"

typedef struct {
    const char  *name;
    unsigned     number;
    const char  *text;
} row_t;

static const row_t  rows[] = {
#define C(name, number, text)  { #name, number, text },
    WEIR_CODES(C)
#undef C
};

#define N_ROWS  (sizeof(rows) / sizeof(rows[0]))


/* A path as a reference relative to the run's folder (RFC 3986). */
static json_t *
uri(weir_arena_t *a, weir_str_t path)
{
    char        *text, *p;
    size_t       i;

    static const char  plain[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789-._~/";
    static const char  hex[] = "0123456789ABCDEF";

    text = weir_arena_alloc(a, 3 * path.len + 1);

    if (text == NULL) {
        return json_string("");
    }

    for (i = 0, p = text; i < path.len; i++) {

        if (memchr(plain, path.data[i], sizeof(plain) - 1) != NULL) {
            *p++ = path.data[i];
            continue;
        }

        *p++ = '%';
        *p++ = hex[(uint8_t) path.data[i] >> 4];
        *p++ = hex[(uint8_t) path.data[i] & 15];
    }

    return json_stringn(text, (size_t) (p - text));
}


/* The line that a span is in, from its first byte on. */
static const char *
line_start(weir_str_t text, uint32_t line)
{
    const char  *p, *nl, *end;

    end = text.data + text.len;

    for (p = text.data; line > 1 && p < end; line--) {
        nl = memchr(p, '\n', (size_t) (end - p));
        p = nl ? nl + 1 : end;
    }

    return p;
}


/* Which letter byte column col is, counted from 1. */
static json_int_t
letter(weir_str_t text, const char *line, uint32_t col)
{
    json_int_t   n;
    const char  *p, *end;

    end = text.data + text.len;
    end = (size_t) (end - line) > col - 1 ? line + (col - 1) : end;

    for (p = line, n = 1; p < end; n++) {

        if (weir_utf8_next(&p, end) < 0) {
            p++;
        }
    }

    return n;
}


static json_t *
region(const weir_diags_t *d, const weir_span_t *s)
{
    uint32_t      len;
    weir_str_t    text;
    const char   *line;

    if (s->line == 0 || s->col == 0 || s->file >= d->files.len) {
        return json_pack("{s:i, s:i, s:i, s:i}", "startLine", 1,
                         "startColumn", 1, "endLine", 1, "endColumn", 2);
    }

    text = d->files.items[s->file].text;
    line = line_start(text, s->line);
    len = s->len ? s->len : 1;

    return json_pack("{s:I, s:I, s:I, s:I}",
                     "startLine", (json_int_t) s->line,
                     "startColumn", letter(text, line, s->col),
                     "endLine", (json_int_t) s->line,
                     "endColumn", s->len ? letter(text, line, s->col + len)
                                         : letter(text, line, s->col) + 1);
}


static size_t
row_of(unsigned code)
{
    size_t  i;

    for (i = 0; i < N_ROWS && rows[i].number != code; i++) { }

    return i;
}


/* The rules that were found, in the order of the table; indices by row. */
static json_t *
rules(const weir_diags_t *d, json_int_t *index)
{
    char                id[8];
    size_t              i, k;
    json_t             *list;
    const weir_diag_t  *g;

    list = json_array();

    for (i = 0; i < N_ROWS; i++) {
        index[i] = -1;

        for (k = 0; k < d->list.len; k++) {
            g = &d->list.items[k];

            if (g->code != rows[i].number) {
                continue;
            }

            weir_cli_code(g, id);
            index[i] = (json_int_t) json_array_size(list);
            json_array_append_new(list, json_pack(
                "{s:s, s:s, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}",
                "id", id,
                "name", rows[i].name,
                "shortDescription", "text", rows[i].text,
                "fullDescription", "text", rows[i].text,
                "help", "text", rows[i].text,
                "defaultConfiguration", "level",
                id[0] == 'E' ? "error" : "warning"));
            break;
        }
    }

    return list;
}


void
weir_cli_sarif(const weir_diags_t *d)
{
    char                id[8];
    size_t              i, row;
    json_t             *found, *list, *result;
    json_int_t          index[N_ROWS];
    weir_str_t          name;
    const weir_diag_t  *g;

    list = rules(d, index);
    found = json_array();

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];
        weir_cli_code(g, id);
        name = g->span.file < d->files.len ? d->files.items[g->span.file].name
                                           : weir_string("-");

        result = json_pack(
            "{s:s, s:s, s:{s:o}, s:[{s:{s:{s:o}, s:o}}]}",
            "ruleId", id,
            "level", id[0] == 'E' ? "error" : "warning",
            "message", "text", weir_cli_json_str(g->text),
            "locations", "physicalLocation",
            "artifactLocation", "uri", uri(d->arena, name),
            "region", region(d, &g->span));

        row = row_of(g->code);

        if (row < N_ROWS) {
            json_object_set_new(result, "ruleIndex",
                                json_integer(index[row]));
        }

        json_array_append_new(found, result);
    }

    weir_cli_json_print(json_pack(
        "{s:s, s:s, s:[{s:{s:{s:s, s:s, s:s, s:o}}, s:s, s:o}]}",
        "$schema", SCHEMA,
        "version", "2.1.0",
        "runs", "tool", "driver", "name", "weir",
        "version", WEIR_VERSION,
        "semanticVersion", WEIR_VERSION,
        "rules", list,
        "columnKind", "unicodeCodePoints",
        "results", found));
}
