/*
 * json.c: what the verbs print as JSON.
 */

#include <stdlib.h>

#include "base/utf8.h"
#include "cli/json.h"

#define REPLACEMENT  "\357\277\275"


json_t *
weir_cli_json_str(weir_str_t s)
{
    char        *text;
    FILE        *out;
    size_t       len;
    json_t      *j;
    const char  *p, *end, *start;

    j = json_stringn(s.data ? s.data : "", s.len);

    if (j != NULL) {
        return j;
    }

    out = open_memstream(&text, &len);

    if (out == NULL) {
        return json_string("");
    }

    end = s.data + s.len;

    for (p = s.data; p < end; /* void */ ) {
        start = p;

        if (weir_utf8_next(&p, end) < 0) {
            p = start + 1;
            fputs(REPLACEMENT, out);
        } else {
            fwrite(start, 1, (size_t) (p - start), out);
        }
    }

    fclose(out);
    j = json_stringn(text, len);
    free(text);

    return j;
}


void
weir_cli_json_print(json_t *doc)
{
    json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(doc);
}
