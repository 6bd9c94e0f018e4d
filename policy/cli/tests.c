/*
 * tests.c: files of tests, for all verbs that read them.
 *
 * A request has the names of weir_cli_request_set(), `path`, `headers` and
 * `principal`; a response what weir_cli_response_set() takes, and `headers`.
 */

#include "cli/given.h"
#include "front/codes.h"


static void
bad_value(weir_diags_t *diags, const weir_entry_t *e)
{
    (void) weir_fail(diags, WEIR_EVALUE, e->value.text.span,
                     "\"%.*s\" is no value of \"%.*s\"",
                     WEIR_STR(e->value.text.text), WEIR_STR(e->key.text.text));
}


static void
set_headers(weir_diags_t *diags, const weir_node_t *headers, cli_request_t *r,
    bool (*set)(cli_request_t *r, weir_str_t line))
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

        if (line.data == NULL || !set(r, line)) {
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
            set_headers(diags, &e->value, r, weir_cli_request_header);

        } else if (weir_str_eq(name, weir_string("principal"))) {
            weir_cli_given_read(diags, &e->value, r);

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


void
weir_cli_response_read(weir_diags_t *diags, const weir_node_t *node,
    cli_request_t *r)
{
    uint32_t             i;
    const weir_entry_t  *e;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (weir_str_eq(e->key.text.text, weir_string("headers"))) {
            set_headers(diags, &e->value, r, weir_cli_response_header);

        } else if (!weir_cli_response_set(r, e->key.text.text,
                                          e->value.text.text))
        {
            bad_value(diags, e);
        }
    }
}


cli_exit_t
weir_cli_tests_read(const char *verb, const char *path, weir_arena_t *a,
    weir_diags_t *diags, const weir_node_t **tests)
{
    uint32_t      file;
    weir_str_t    text;
    cli_exit_t    code;
    weir_node_t   root, *list;

    code = weir_cli_read(verb, path, a, &text);

    if (code != CLI_OK) {
        return code;
    }

    if (weir_diags_add_file(diags, weir_cstr(path), text, &file) != WEIR_OK
        || weir_yaml_read(a, diags, file, &root) != WEIR_OK)
    {
        return CLI_SOURCE;
    }

    list = weir_node_get(&root, "tests");

    if (list == NULL || list->kind != WEIR_T_LIST) {
        (void) weir_fail(diags, WEIR_EMISSING, root.text.span,
                         "a file of tests without a list \"tests\"");
        return CLI_SOURCE;
    }

    *tests = list;

    return CLI_OK;
}


/* The files of one glob, which starts at the policy's folder. */
static cli_exit_t
find_files(const char *verb, const char *policy, weir_str_t glob,
    weir_arena_t *a, cli_paths_t *out)
{
    size_t        i, n;
    weir_str_t   *paths, pattern;
    const char   *slash, **place;

    slash = glob.data[0] == '/' ? NULL : strrchr(policy, '/');
    pattern = weir_arena_printf(a, "%.*s%.*s",
                                slash ? (int) (slash + 1 - policy) : 0,
                                policy, WEIR_STR(glob));

    if (pattern.data == NULL
        || weir_file_loader.glob(weir_file_loader.data, a, pattern, &paths, &n)
           != WEIR_OK
        || n == 0)
    {
        return weir_cli_fail(CLI_SOURCE, verb, "%s: \"tests\" names "
                             "\"%.*s\", and there is no such file", policy,
                             WEIR_STR(glob));
    }

    for (i = 0; i < n; i++) {
        place = weir_vec_push(a, out);

        if (place == NULL) {
            return CLI_INTERNAL;
        }

        *place = weir_arena_str(a, paths[i]).data;
    }

    return CLI_OK;
}


cli_exit_t
weir_cli_tests_find(const char *verb, const char *policy,
    const weir_model_t *m, weir_arena_t *a, cli_paths_t *out)
{
    size_t      i;
    cli_exit_t  code;

    for (i = 0, code = CLI_OK; i < m->tests.len && code == CLI_OK; i++) {
        code = find_files(verb, policy, m->tests.items[i].text, a, out);
    }

    return code;
}
