/*
 * check.c: weir check FILE... and weir lint FILE...: errors, or errors and
 * advice; silent where there is none.
 */

#include <getopt.h>

#include "cli/cli.h"
#include "cli/options.h"


/* Files and diagnostics of one policy behind those of others. */
static bool
merge(weir_arena_t *a, weir_diags_t *all, const weir_diags_t *d)
{
    size_t         i;
    uint32_t       first, file;
    weir_diag_t   *g;
    weir_str_t     name, text;

    first = (uint32_t) all->files.len;

    for (i = 0; i < d->files.len; i++) {
        name = weir_arena_str(a, d->files.items[i].name);
        text = weir_arena_str(a, d->files.items[i].text);

        if (name.data == NULL || text.data == NULL
            || weir_diags_add_file(all, name, text, &file) != WEIR_OK)
        {
            return false;
        }
    }

    for (i = 0; i < d->list.len; i++) {
        g = weir_vec_push(a, &all->list);

        if (g == NULL) {
            return false;
        }

        *g = d->list.items[i];
        g->text = weir_arena_str(a, g->text);
        g->span.file += first;
    }

    all->errors += d->errors;
    all->warnings += d->warnings;

    return true;
}


/* As text for each policy; else one document for all. */
static cli_exit_t
check_all(const char *verb, bool lint, int n, char **files,
    cli_format_t format, weir_diags_t *all)
{
    int            i;
    cli_exit_t     code, worst;
    cli_policy_t   policy;

    worst = CLI_OK;

    for (i = 0; i < n; i++) {
        code = weir_cli_load(verb, files[i], lint, &policy);

        if (lint && code == CLI_OK && policy.diags.warnings != 0) {
            code = CLI_LINT;
        }

        if (format == CLI_TEXT) {

            if (code == CLI_SOURCE || code == CLI_LINT) {
                weir_cli_report(&policy.diags, format);
            }

        } else if (!merge(all->arena, all, &policy.diags)) {
            code = weir_cli_fail(CLI_INTERNAL, verb, "out of memory");
        }

        weir_cli_close(&policy);

        worst = weir_cli_worse(worst, code);
    }

    return worst;
}


static cli_exit_t
check(int argc, char **argv, const char *verb, bool lint)
{
    int            c;
    cli_exit_t     code;
    weir_diags_t   all;
    cli_format_t   format;

    format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c != 'f' || !weir_cli_format(optarg, CLI_REPORTS, &format)) {
            return weir_cli_usage(verb);
        }
    }

    if (optind == argc) {
        return weir_cli_usage(verb);
    }

    memset(&all, 0, sizeof(all));
    all.arena = weir_arena_create();

    if (all.arena == NULL) {
        return weir_cli_fail(CLI_INTERNAL, verb, "out of memory");
    }

    code = check_all(verb, lint, argc - optind, argv + optind, format, &all);

    /* no clean bill for what could not be read */
    if (format != CLI_TEXT && code != CLI_INTERNAL) {
        weir_cli_report(&all, format);
    }

    weir_arena_destroy(all.arena);

    return code;
}


cli_exit_t
weir_cli_check(int argc, char **argv)
{
    return check(argc, argv, "check", false);
}


cli_exit_t
weir_cli_lint(int argc, char **argv)
{
    return check(argc, argv, "lint", true);
}
