/*
 * test.c: weir test FILE [TESTS...]: requests in, decisions expected.
 *
 * A test file holds `tests`: a list of maps with `name`, `request` and
 * `expect`.  A request has the names of weir_cli_request_set() and `path` and
 * `headers`; expect has any of verdict, status, reason, errors, dry_run and
 * the texts of a decision.  What is not named is not compared.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "front/codes.h"
#include "front/yaml.h"

typedef struct {
    weir_str_t  file;
    weir_str_t  name;
    weir_str_t  failure;        /* empty: it passed */
} result_t;

typedef struct {
    weir_arena_t           *arena;
    cli_policy_t           *policy;
    weir_diags_t            diags;
    weir_vec_t(result_t)    results;
    size_t                  failed;
} suite_t;


/* Reports what is not a map entry that a test knows. */
static void
unknown(suite_t *s, const weir_node_t *key, const char *where)
{
    (void) weir_fail(&s->diags, WEIR_EKEY, key->text.span,
                     "unknown key \"%.*s\" in %s", WEIR_STR(key->text.text),
                     where);
}


static void
bad_value(suite_t *s, const weir_entry_t *e)
{
    (void) weir_fail(&s->diags, WEIR_EVALUE, e->value.text.span,
                     "\"%.*s\" is no value of \"%.*s\"",
                     WEIR_STR(e->value.text.text), WEIR_STR(e->key.text.text));
}


static bool
is_map(suite_t *s, const weir_node_t *parent, const weir_node_t *node,
    const char *what)
{
    if (node != NULL && node->kind == WEIR_T_MAP) {
        return true;
    }

    (void) weir_fail(&s->diags, node ? WEIR_EKIND : WEIR_EMISSING,
                     node ? node->text.span : parent->text.span,
                     node ? "%s is not a map" : "a test without %s", what);

    return false;
}


static void
set_headers(suite_t *s, cli_request_t *r, const weir_node_t *headers)
{
    uint32_t             i;
    weir_str_t           line;
    const weir_entry_t  *e;

    for (i = 0; i < headers->n; i++) {
        e = &headers->u.entries[i];
        line = weir_arena_printf(s->arena, "%.*s: %.*s",
                                 WEIR_STR(e->key.text.text),
                                 WEIR_STR(e->value.text.text));

        if (line.data == NULL || !weir_cli_request_header(r, line)) {
            bad_value(s, e);
        }
    }
}


static void
make_request(suite_t *s, const weir_node_t *node, cli_request_t *r)
{
    bool                 ok;
    uint32_t             i;
    weir_str_t           host, name;
    const weir_entry_t  *e;

    weir_cli_request_init(r, s->arena);

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];
        name = e->key.text.text;

        if (weir_str_eq(name, weir_string("headers"))) {

            if (is_map(s, node, &e->value, "headers")) {
                set_headers(s, r, &e->value);
            }

            continue;
        }

        if (weir_str_eq(name, weir_string("path"))) {
            host = r->req.host;
            ok = weir_cli_request_url(r, weir_arena_str(s->arena,
                                                        e->value.text.text));
            r->req.host = host;

        } else {
            ok = weir_cli_request_set(r, name, e->value.text.text);
        }

        if (!ok) {
            bad_value(s, e);
        }
    }

    if (!weir_cli_request_finish(r)) {
        (void) weir_fail(&s->diags, WEIR_EVALUE, node->text.span,
                         "a request that cannot be made");
    }
}


/* The field of a decision as text; data NULL: there is no such field. */
static weir_str_t
field(suite_t *s, const weir_decision_t *d, weir_str_t name)
{
    if (weir_str_eq(name, weir_string("verdict"))) {
        return weir_cstr(d->verdict == WEIR_ALLOW ? "allow" : "deny");
    }

    if (weir_str_eq(name, weir_string("reason"))) {
        return weir_cstr(weir_reason_name(d->reason));
    }

    if (weir_str_eq(name, weir_string("status"))) {
        return weir_arena_printf(s->arena, "%u", d->status);
    }

    if (weir_str_eq(name, weir_string("errors"))) {
        return weir_arena_printf(s->arena, "%u", d->errors);
    }

    if (weir_str_eq(name, weir_string("dry_run"))) {
        return weir_arena_printf(s->arena, "%u", d->dry_denied);
    }

#define T(id)                                                                 \
    if (weir_str_eq(name, weir_string(#id))) {                                \
        return d->id.data ? d->id : weir_string("");                          \
    }

    CLI_DECISION_TEXTS(T)
#undef T

    return weir_str(NULL, 0);
}


/* What differs, or an empty text. */
static weir_str_t
compare(suite_t *s, const weir_node_t *expect, const weir_decision_t *d)
{
    uint32_t             i;
    weir_str_t           found, failure;
    const weir_entry_t  *e;

    failure = weir_string("");

    for (i = 0; i < expect->n; i++) {
        e = &expect->u.entries[i];
        found = field(s, d, e->key.text.text);

        if (found.data == NULL) {
            unknown(s, &e->key, "\"expect\"");
            continue;
        }

        if (!weir_str_eq(found, e->value.text.text)) {
            failure = weir_arena_printf(s->arena,
                                        "%.*s%s%.*s is \"%.*s\", not \"%.*s\"",
                                        WEIR_STR(failure),
                                        failure.len ? "; " : "",
                                        WEIR_STR(e->key.text.text),
                                        WEIR_STR(found),
                                        WEIR_STR(e->value.text.text));
        }
    }

    return failure;
}


static void
check_keys(suite_t *s, const weir_node_t *test)
{
    uint32_t            i;
    const weir_node_t  *key;

    for (i = 0; i < test->n; i++) {
        key = &test->u.entries[i].key;

        if (!weir_str_eq(key->text.text, weir_string("name"))
            && !weir_str_eq(key->text.text, weir_string("request"))
            && !weir_str_eq(key->text.text, weir_string("expect")))
        {
            unknown(s, key, "a test");
        }
    }
}


static void
run_test(suite_t *s, weir_str_t file, const weir_node_t *test)
{
    result_t           *r;
    weir_txn_t         *txn;
    weir_node_t        *name, *request, *expect;
    cli_request_t       req;
    weir_decision_t     d;

    check_keys(s, test);

    name = weir_node_get(test, "name");
    request = weir_node_get(test, "request");
    expect = weir_node_get(test, "expect");

    if (name == NULL) {
        (void) weir_fail(&s->diags, WEIR_EMISSING, test->text.span,
                         "a test without \"name\"");
        return;
    }

    if (!is_map(s, test, request, "\"request\"")
        || !is_map(s, test, expect, "\"expect\""))
    {
        return;
    }

    make_request(s, request, &req);

    r = weir_vec_push(s->arena, &s->results);

    if (r == NULL
        || weir_cli_decide(s->policy, &req, NULL, &txn, &d) != CLI_OK)
    {
        (void) weir_fail(&s->diags, WEIR_EREAD, test->text.span,
                         "out of memory");
        return;
    }

    r->file = file;
    r->name = name->text.text;
    r->failure = compare(s, expect, &d);
    s->failed += r->failure.len != 0;
}


static cli_exit_t
run_file(suite_t *s, const char *path)
{
    uint32_t      i, file;
    weir_str_t    text;
    cli_exit_t    code;
    weir_node_t   root, *tests;

    code = weir_cli_read("test", path, s->arena, &text);

    if (code != CLI_OK) {
        return code;
    }

    if (weir_diags_add_file(&s->diags, weir_cstr(path), text, &file) != WEIR_OK
        || weir_yaml_read(s->arena, &s->diags, file, &root) != WEIR_OK)
    {
        return CLI_SOURCE;
    }

    tests = weir_node_get(&root, "tests");

    if (tests == NULL || tests->kind != WEIR_T_LIST) {
        (void) weir_fail(&s->diags, WEIR_EMISSING, root.text.span,
                         "a file of tests without a list \"tests\"");
        return CLI_SOURCE;
    }

    for (i = 0; i < tests->n; i++) {
        run_test(s, weir_cstr(path), &tests->u.items[i]);
    }

    return s->diags.errors ? CLI_SOURCE : CLI_OK;
}


/* The path of a glob of the policy, which starts at the policy's folder. */
static cli_exit_t
run_named(suite_t *s, const char *policy, weir_str_t glob)
{
    size_t        i, n;
    weir_str_t   *paths, pattern;
    const char   *slash;
    cli_exit_t    code;

    slash = strrchr(policy, '/');
    pattern = slash == NULL || glob.data[0] == '/'
              ? weir_arena_str(s->arena, glob)
              : weir_arena_printf(s->arena, "%.*s/%.*s",
                                  (int) (slash - policy), policy,
                                  WEIR_STR(glob));

    if (pattern.data == NULL
        || weir_file_loader.glob(weir_file_loader.data, s->arena, pattern,
                                 &paths, &n) != WEIR_OK
        || n == 0)
    {
        return weir_cli_fail(CLI_SOURCE, "test", "%s: \"tests\" names "
                             "\"%.*s\", and there is no such file", policy,
                             WEIR_STR(glob));
    }

    for (i = 0, code = CLI_OK; i < n && code == CLI_OK; i++) {
        code = run_file(s, weir_arena_str(s->arena, paths[i]).data);
    }

    return code;
}


static void
print_xml(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {

        switch (s.data[i]) {

        case '<':
            fputs("&lt;", stdout);
            break;

        case '>':
            fputs("&gt;", stdout);
            break;

        case '&':
            fputs("&amp;", stdout);
            break;

        case '"':
            fputs("&quot;", stdout);
            break;

        default:
            putchar((unsigned char) s.data[i] < 0x20 ? ' ' : s.data[i]);
        }
    }
}


static void
print_junit(const suite_t *s)
{
    size_t           i;
    const result_t  *r;

    printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<testsuite name=\"weir\" tests=\"%zu\" failures=\"%zu\">\n",
           s->results.len, s->failed);

    for (i = 0; i < s->results.len; i++) {
        r = &s->results.items[i];

        fputs("  <testcase classname=\"", stdout);
        print_xml(r->file);
        fputs("\" name=\"", stdout);
        print_xml(r->name);

        if (r->failure.len == 0) {
            puts("\"/>");
            continue;
        }

        fputs("\"><failure message=\"", stdout);
        print_xml(r->failure);
        puts("\"/></testcase>");
    }

    puts("</testsuite>");
}


static void
print_tap(const suite_t *s)
{
    size_t           i;
    const result_t  *r;

    printf("TAP version 13\n1..%zu\n", s->results.len);

    for (i = 0; i < s->results.len; i++) {
        r = &s->results.items[i];

        printf("%s %zu - %.*s\n", r->failure.len ? "not ok" : "ok", i + 1,
               WEIR_STR(r->name));

        if (r->failure.len) {
            printf("# %.*s\n", WEIR_STR(r->failure));
        }
    }
}


static void
print_text(const suite_t *s)
{
    size_t           i;
    const result_t  *r;

    for (i = 0; i < s->results.len; i++) {
        r = &s->results.items[i];

        if (r->failure.len) {
            printf("%.*s: %.*s\n    %.*s\n", WEIR_STR(r->file),
                   WEIR_STR(r->name), WEIR_STR(r->failure));
        }
    }

    printf("%zu passed, %zu failed\n", s->results.len - s->failed, s->failed);
}


static void
print_results(const suite_t *s, cli_format_t format)
{
    switch (format) {

    case CLI_JUNIT:
        print_junit(s);
        break;

    case CLI_TAP:
        print_tap(s);
        break;

    default:
        print_text(s);
    }
}


static cli_exit_t
run_all(suite_t *s, int argc, char **argv)
{
    int         i;
    size_t      k;
    cli_exit_t  code;

    code = CLI_OK;

    for (i = 1; i < argc && code == CLI_OK; i++) {
        code = run_file(s, argv[i]);
    }

    if (argc > 1) {
        return code;
    }

    if (s->policy->model == NULL || s->policy->model->tests.len == 0) {
        return weir_cli_fail(CLI_USAGE, "test",
                             "%s names no tests, nor do you", argv[0]);
    }

    for (k = 0; k < s->policy->model->tests.len && code == CLI_OK; k++) {
        code = run_named(s, argv[0], s->policy->model->tests.items[k].text);
    }

    return code;
}


cli_exit_t
weir_cli_test(int argc, char **argv)
{
    int            c;
    suite_t        suite;
    cli_exit_t     code;
    cli_format_t   format;
    cli_policy_t   policy;

    static const struct option  options[] = {
        { "format", required_argument, NULL, 'f' },
        { NULL, 0, NULL, 0 }
    };

    format = CLI_TEXT;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {

        if (c != 'f'
            || !weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JUNIT
                                | 1u << CLI_TAP, &format))
        {
            return weir_cli_usage("test");
        }
    }

    if (optind == argc) {
        return weir_cli_usage("test");
    }

    code = weir_cli_open("test", argv[optind], &policy);

    memset(&suite, 0, sizeof(suite));
    suite.arena = policy.arena;
    suite.diags.arena = policy.arena;
    suite.policy = &policy;

    if (code == CLI_OK) {
        code = run_all(&suite, argc - optind, argv + optind);
    }

    if (suite.diags.errors) {
        weir_cli_report(&suite.diags, CLI_TEXT);
        code = CLI_SOURCE;
    }

    if (code == CLI_OK && suite.results.len == 0) {
        code = weir_cli_fail(CLI_TEST, "test", "there is no test to run");
    }

    if (code == CLI_OK) {
        print_results(&suite, format);
        code = suite.failed ? CLI_TEST : CLI_OK;
    }

    weir_cli_close(&policy);

    return code;
}
