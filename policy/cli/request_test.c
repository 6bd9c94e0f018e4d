/*
 * request_test.c: a request of a file of tests, for all verbs that read them.
 *
 * It has the names of weir_cli_request_set() and `path` and `headers`.
 */

#include "cli/cli.h"
#include "front/codes.h"


static void
bad_value(weir_diags_t *diags, const weir_entry_t *e)
{
    (void) weir_fail(diags, WEIR_EVALUE, e->value.text.span,
                     "\"%.*s\" is no value of \"%.*s\"",
                     WEIR_STR(e->value.text.text), WEIR_STR(e->key.text.text));
}


static void
set_headers(weir_diags_t *diags, const weir_node_t *headers, cli_request_t *r)
{
    uint32_t             i;
    weir_str_t           line;
    const weir_entry_t  *e;

    if (headers->kind != WEIR_T_MAP) {
        (void) weir_fail(diags, WEIR_EKIND, headers->text.span,
                         "headers is not a map");
        return;
    }

    for (i = 0; i < headers->n; i++) {
        e = &headers->u.entries[i];
        line = weir_arena_printf(r->arena, "%.*s: %.*s",
                                 WEIR_STR(e->key.text.text),
                                 WEIR_STR(e->value.text.text));

        if (line.data == NULL || !weir_cli_request_header(r, line)) {
            bad_value(diags, e);
        }
    }
}


static bool
set_path(cli_request_t *r, weir_str_t path)
{
    bool        ok;
    weir_str_t  host, text;

    text = weir_arena_str(r->arena, path);
    host = r->req.host;
    ok = text.data != NULL && weir_cli_request_url(r, text);
    r->req.host = host;

    return ok;
}


void
weir_cli_request_read(weir_arena_t *a, weir_diags_t *diags,
    const weir_node_t *node, cli_request_t *r)
{
    uint32_t             i;
    weir_str_t           name;
    const weir_entry_t  *e;

    weir_cli_request_init(r, a);

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];
        name = e->key.text.text;

        if (weir_str_eq(name, weir_string("headers"))) {
            set_headers(diags, &e->value, r);

        } else if (weir_str_eq(name, weir_string("path"))
                   ? !set_path(r, e->value.text.text)
                   : !weir_cli_request_set(r, name, e->value.text.text))
        {
            bad_value(diags, e);
        }
    }

    if (!weir_cli_request_finish(r)) {
        (void) weir_fail(diags, WEIR_EVALUE, node->text.span,
                         "a request that cannot be made");
    }
}
