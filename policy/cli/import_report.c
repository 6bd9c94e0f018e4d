/*
 * import_report.c: what became of every annotation and field.
 */

#include <stdio.h>
#include <stdlib.h>

#include "cli/import.h"
#include "cli/json.h"

typedef struct {
    size_t  of[IMP_FATES];
    size_t  routes;
    size_t  closed;             /* what guarded them is not translated */
    size_t  refused;            /* no path has their requests */
} counts_t;

static const char *const  titles[IMP_FATES] = {
    "not translated", "translated approximately", "translated", "not read"
};

static const char *const  words[IMP_FATES] = {
    "left", "near", "done", "aside"
};


static int
by_place(const void *a, const void *b)
{
    const imp_note_t  *x, *y;

    x = a;
    y = b;

    if (x->fate != y->fate) {
        return x->fate < y->fate ? -1 : 1;
    }

    if (x->span.file != y->span.file) {
        return x->span.file < y->span.file ? -1 : 1;
    }

    if (x->span.line != y->span.line) {
        return x->span.line < y->span.line ? -1 : 1;
    }

    if (x->span.col != y->span.col) {
        return x->span.col < y->span.col ? -1 : 1;
    }

    return weir_str_cmp(x->what, y->what) != 0
           ? weir_str_cmp(x->what, y->what) : weir_str_cmp(x->text, y->text);
}


/* Aliases of a host say the same once more. */
static void
drop_twins(imp_t *imp)
{
    size_t       i, n;
    imp_note_t  *list;

    list = imp->notes.items;
    n = 0;

    for (i = 0; i < imp->notes.len; i++) {
        if (n == 0 || by_place(&list[n - 1], &list[i]) != 0) {
            list[n++] = list[i];
        }
    }

    imp->notes.len = n;
}


static void
count(const imp_t *imp, counts_t *c)
{
    size_t               i;
    const imp_traits_t  *t;

    memset(c, 0, sizeof(counts_t));

    for (i = 0; i < imp->notes.len; i++) {
        c->of[imp->notes.items[i].fate]++;
    }

    for (i = 0; i < imp->routes.len; i++) {
        t = &imp->routes.items[i].t;

        if (imp->routes.items[i].out) {
            continue;
        }

        c->routes++;
        c->refused += t->closed != NULL && t->closed_status == 404;
        c->closed += t->closed != NULL && t->closed_status != 404;
    }
}


static void
print_note(const imp_t *imp, const imp_note_t *n, FILE *out)
{
    fputs("  ", out);

    if (n->span.line != 0) {
        weir_cli_print(imp->diags.files.items[n->span.file].name, out);
        fprintf(out, ":%u:%u: ", n->span.line, n->span.col);
    }

    weir_cli_print(n->object, out);
    fputs(n->object.len ? ": " : "", out);
    weir_cli_print(n->what, out);
    fputs("\n      ", out);
    weir_cli_print(n->text, out);
    fputc('\n', out);
}


static void
print_text(const imp_t *imp, const counts_t *c, FILE *out)
{
    size_t      i;
    imp_fate_t  fate;

    fprintf(out, "Import authenticates nobody: %zu of %zu routes are public.\n",
            c->routes - c->closed - c->refused, c->routes);

    if (c->closed != 0) {
        fprintf(out, "Closed, since what guarded or made them is not "
                "translated: %zu.\n", c->closed);
    }

    if (c->refused != 0) {
        fprintf(out, "For paths of hosts that nothing has: %zu.\n",
                c->refused);
    }

    fate = IMP_FATES;

    for (i = 0; i < imp->notes.len; i++) {

        if (imp->notes.items[i].fate != fate) {
            fate = imp->notes.items[i].fate;
            fprintf(out, "\n%s: %zu\n", titles[fate], c->of[fate]);
        }

        print_note(imp, &imp->notes.items[i], out);
    }
}


static void
print_json(const imp_t *imp, const counts_t *c, FILE *out)
{
    size_t             i;
    json_t            *list, *doc;
    const imp_note_t  *n;

    list = json_array();

    for (i = 0; i < imp->notes.len; i++) {
        n = &imp->notes.items[i];

        json_array_append_new(list, json_pack(
            "{s:s, s:o, s:I, s:I, s:o, s:o, s:o}",
            "fate", words[n->fate],
            "file", n->span.line
                    ? weir_cli_json_str(
                          imp->diags.files.items[n->span.file].name)
                    : json_null(),
            "line", (json_int_t) n->span.line,
            "column", (json_int_t) n->span.col,
            "object", weir_cli_json_str(n->object),
            "what", weir_cli_json_str(n->what),
            "text", weir_cli_json_str(n->text)));
    }

    doc = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}",
                    "routes", (json_int_t) c->routes,
                    "closed", (json_int_t) c->closed,
                    "left", (json_int_t) c->of[IMP_LEFT],
                    "near", (json_int_t) c->of[IMP_NEAR],
                    "done", (json_int_t) c->of[IMP_DONE],
                    "notes", list);
    json_dumpf(doc, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(doc);
}


void
weir_imp_report(imp_t *imp, cli_format_t format, FILE *out)
{
    counts_t  c;

    if (imp->notes.len != 0) {
        qsort(imp->notes.items, imp->notes.len, sizeof(imp_note_t), by_place);
        drop_twins(imp);
    }

    count(imp, &c);

    if (format == CLI_JSON) {
        print_json(imp, &c, out);
    } else {
        print_text(imp, &c, out);
    }
}
