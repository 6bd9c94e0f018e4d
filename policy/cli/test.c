/*
 * test.c: weir test FILE [TESTS...]: requests in, decisions expected.
 *
 * A test file holds `tests`: a list of maps with `name`, `request` and
 * `expect`.  What is not named in expect is not compared.  Every test starts
 * with nothing counted, and splits as the policy has them; `repeat`, `after`,
 * `response` and `given` say what came before the request that is judged.
 */

#define _GNU_SOURCE                 /* memmem() */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/options.h"
#include "cli/split_text.h"
#include "cli/test.h"
#include "front/codes.h"

#define N(names)  (sizeof(names) / sizeof((names)[0]))

static const weir_str_t  test_keys[] = {
    { "name", 4 }, { "request", 7 }, { "expect", 6 }, { "repeat", 6 },
    { "after", 5 }, { "response", 8 }, { "given", 5 }
};


void
weir_cli_unknown(cli_suite_t *s, const weir_node_t *key, const char *where,
    const weir_str_t *names, size_t n)
{
    weir_str_t  near;

    near = weir_nearest(key->text.text, names, n);

    (void) weir_fail(&s->diags, WEIR_EKEY, key->text.span,
                     "unknown key \"%.*s\" in %s%s%.*s%s",
                     WEIR_STR(key->text.text), where,
                     near.len ? "; did you mean \"" : "", WEIR_STR(near),
                     near.len ? "\"?" : "");
}


static bool
is_map(cli_suite_t *s, const weir_node_t *parent, const weir_node_t *node,
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
check_keys(cli_suite_t *s, const weir_node_t *test)
{
    size_t              k;
    uint32_t            i;
    const weir_node_t  *key;

    for (i = 0; i < test->n; i++) {
        key = &test->u.entries[i].key;

        for (k = 0; k < N(test_keys); k++) {

            if (weir_str_eq(key->text.text, test_keys[k])) {
                break;
            }
        }

        if (k == N(test_keys)) {
            weir_cli_unknown(s, key, "a test", test_keys, N(test_keys));
        }
    }
}


/* Decides once more, and writes down what decided. */
static bool
account(cli_suite_t *s, cli_request_t *req, const cli_course_t *c,
    cli_result_t *r)
{
    char             *text;
    FILE             *out;
    size_t            len;
    weir_str_t        why;
    cli_account_t     a;
    weir_decision_t   d;

    if (s->trace == NULL) {
        s->trace = weir_arena_alloc(s->arena, sizeof(cli_trace_t));

        if (s->trace == NULL
            || !weir_cli_trace_init(s->trace, s->policy, s->arena, true))
        {
            return false;
        }
    }

    if (!weir_cli_course_lead(s, req, c)
        || weir_cli_account(s->policy, req, s->trace, &d, &a) != CLI_OK)
    {
        return false;
    }

    out = open_memstream(&text, &len);

    if (out == NULL) {
        return false;
    }

    weir_cli_print_deciders(&a, 4, out);
    why = weir_cli_arm_why(req, a.txn);

    if (why.len) {
        fputs("    arm_why   ", out);
        weir_cli_print(why, out);
        fputc('\n', out);
    }

    fclose(out);

    r->decided = weir_cli_decider(&a);
    r->account = weir_arena_str(s->arena, weir_str(text, len));
    free(text);

    return r->account.data != NULL;
}


static bool
decide(cli_suite_t *s, cli_request_t *req, const cli_course_t *c,
    const weir_node_t *expect, cli_result_t *r)
{
    weir_txn_t       *txn;
    weir_decision_t   d;

    if (s->coverage != NULL) {
        weir_cli_coverage_begin(s->coverage);
    }

    if (!weir_cli_course_lead(s, req, c)
        || weir_cli_decide(s->policy, req,
                           s->coverage ? &s->coverage->trace.trace : NULL,
                           &txn, &d) != CLI_OK
        || (s->coverage != NULL && !weir_cli_coverage_add(s->coverage, txn, &d))
        || !weir_cli_expect(s, expect, txn, &d, r))
    {
        return false;
    }

    return r->fields.len == 0 || account(s, req, c, r);
}


static bool
is_wanted(const cli_suite_t *s, weir_str_t name)
{
    return s->filter.len == 0
           || memmem(name.data, name.len, s->filter.data, s->filter.len)
              != NULL;
}


static void
run_test(cli_suite_t *s, weir_str_t file, const weir_node_t *test)
{
    cli_result_t   *r;
    cli_course_t    course;
    weir_node_t    *name, *request, *expect;
    cli_request_t   req;

    check_keys(s, test);

    name = weir_node_get(test, "name");
    request = weir_node_get(test, "request");
    expect = weir_node_get(test, "expect");

    if (name == NULL) {

        if (weir_node_find(test, "name") == NULL) {
            (void) weir_fail(&s->diags, WEIR_EMISSING, test->text.span,
                             "a test without \"name\"");
        }

        return;
    }

    if (!is_map(s, test, request, "\"request\"")
        || !is_map(s, test, expect, "\"expect\"")
        || !is_wanted(s, name->text.text))
    {
        return;
    }

    weir_cli_request_read(s->arena, &s->diags, request, &req);

    if (!weir_cli_course_read(s, test, &req, &course)
        || !weir_cli_given_states(s, test, &req))
    {
        return;
    }

    r = weir_vec_push(s->arena, &s->results);

    if (r == NULL) {
        (void) weir_fail(&s->diags, WEIR_EREAD, test->text.span,
                         "out of memory");
        return;
    }

    r->file = file;
    r->name = name->text.text;
    r->span = name->text.span;

    if (!decide(s, &req, &course, expect, r)) {
        (void) weir_fail(&s->diags, WEIR_EREAD, test->text.span,
                         "out of memory");
    }

    s->failed += r->fields.len != 0;
}


static cli_exit_t
run_file(cli_suite_t *s, const char *path)
{
    uint32_t            i;
    cli_exit_t          code;
    const weir_node_t  *tests;

    code = weir_cli_tests_read("test", path, s->arena, &s->diags, &tests);

    if (code != CLI_OK) {
        return code;
    }

    for (i = 0; i < tests->n; i++) {
        run_test(s, weir_cstr(path), &tests->u.items[i]);
    }

    return s->diags.errors ? CLI_SOURCE : CLI_OK;
}


static cli_exit_t
run_all(cli_suite_t *s, int argc, char **argv)
{
    int          i;
    size_t       k;
    cli_exit_t   code;
    cli_paths_t  paths = { 0 };

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

    code = weir_cli_tests_find("test", argv[0], s->policy->model, s->arena,
                               &paths);

    for (k = 0; k < paths.len && code == CLI_OK; k++) {
        code = run_file(s, paths.items[k]);
    }

    return code;
}


/* A share in per cent, in tenths of one; false: it is none. */
static bool
parse_share(const char *text, unsigned *out)
{
    char    *end;
    double   x;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }

    x = strtod(text, &end);
    end += *end == '%';

    if (*end != '\0' || !(x >= 0 && x <= 100)) {
        return false;
    }

    *out = (unsigned) (x * 10 + 0.5);

    return true;
}


typedef struct {
    cli_format_t   format;
    bool           coverage;
    unsigned       least;       /* of coverage, in tenths of a per cent */
    const char    *filter;
} options_t;


static bool
parse_options(int argc, char **argv, options_t *o)
{
    int  c;

    *o = (options_t) { .format = CLI_TEXT, .filter = "" };

    while ((c = weir_cli_option(argc, argv)) != -1) {

        switch (c) {

        case 'f':
            if (!weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON
                                 | 1u << CLI_JUNIT | 1u << CLI_TAP
                                 | 1u << CLI_GITHUB, &o->format))
            {
                return false;
            }

            break;

        case 'm':
            if (!parse_share(optarg, &o->least)) {
                (void) weir_cli_fail(CLI_USAGE, "test", "\"%s\" is no share "
                                     "in per cent, 0 to 100", optarg);
                return false;
            }

            o->coverage = true;
            break;

        case 'c':
            o->coverage = true;
            break;

        case 'n':
            o->filter = optarg;
            break;

        default:
            return false;
        }
    }

    return optind < argc;
}


static cli_exit_t
finish(cli_suite_t *s, const options_t *o)
{
    unsigned        share;
    cli_exit_t      code;
    cli_covered_t   n;

    if (s->results.len == 0) {
        return weir_cli_fail(CLI_TEST, "test", "there is no test to run");
    }

    weir_cli_test_report(s, o->format);
    code = s->failed ? CLI_TEST : CLI_OK;

    if (s->coverage != NULL) {
        weir_cli_covered(s->coverage, &n);
        share = weir_cli_coverage_share(&n);

        if (share < o->least) {
            code = weir_cli_fail(CLI_TEST, "test", "coverage is %u.%u%%, "
                                 "less than %u.%u%%", share / 10, share % 10,
                                 o->least / 10, o->least % 10);
        }
    }

    return code;
}


cli_exit_t
weir_cli_test(int argc, char **argv)
{
    options_t        o;
    cli_suite_t      suite;
    cli_exit_t       code;
    cli_format_t     report;
    cli_policy_t     policy;
    cli_coverage_t   coverage;

    if (!parse_options(argc, argv, &o)) {
        return weir_cli_usage("test");
    }

    /* JUnit and TAP have no words for what is no test */
    report = CLI_REPORTS & 1u << o.format ? o.format : CLI_TEXT;
    code = weir_cli_open_as("test", argv[optind], report, &policy);

    memset(&suite, 0, sizeof(suite));
    suite.arena = policy.arena;
    suite.diags.arena = policy.arena;
    suite.policy = &policy;
    suite.filter = weir_cstr(o.filter);

    if (code == CLI_OK && policy.image.n[WEIR_S_LIMITS] != 0) {
        suite.counting = weir_cli_counting(policy.arena, CLI_COUNT_ONE);
        code = suite.counting ? CLI_OK
               : weir_cli_fail(CLI_INTERNAL, "test", "out of memory");
    }

    if (code == CLI_OK && !weir_cli_states(&policy.image, &suite.states)) {
        code = weir_cli_fail(CLI_INTERNAL, "test", "out of memory");
    }

    if (code == CLI_OK && o.coverage) {
        suite.coverage = &coverage;

        if (!weir_cli_coverage_init(&coverage, &policy, policy.arena)) {
            code = weir_cli_fail(CLI_INTERNAL, "test", "out of memory");
        }
    }

    if (code == CLI_OK) {
        code = run_all(&suite, argc - optind, argv + optind);
    }

    if (suite.diags.errors) {
        weir_cli_report(&suite.diags, report);
        code = CLI_SOURCE;
    }

    if (code == CLI_OK) {
        code = finish(&suite, &o);
    }

    weir_cli_states_free(&suite.states);
    weir_cli_close(&policy);

    return code;
}
