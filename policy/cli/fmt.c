/*
 * fmt.c: weir fmt [--check] FILE...: the canonical form of sources.
 *
 * A file that is in its form is not written.  One that is invalid, or cannot
 * be formatted, is left alone.
 */

#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "front/fmt.h"


/* CLI_LINT: it is not in its form, and check said so. */
static cli_exit_t
format(const char *path, bool check, weir_arena_t *a)
{
    bool           input;
    uint32_t       file;
    weir_rc_t      rc;
    cli_exit_t     code;
    weir_str_t     text, out;
    const char    *why;
    weir_diags_t   diags;

    memset(&diags, 0, sizeof(diags));
    diags.arena = a;
    input = strcmp(path, "-") == 0;

    code = weir_cli_read("fmt", path, a, &text);

    if (code != CLI_OK) {
        return code;
    }

    rc = text.len > WEIR_MAX_SOURCE
         ? WEIR_DECLINED
         : weir_diags_add_file(&diags, weir_cstr(path), text, &file);
    why = "it is too large";

    if (rc == WEIR_OK) {
        rc = weir_fmt(a, &diags, file, &out, &why);
    }

    if (rc == WEIR_NOMEM) {
        return weir_cli_fail(CLI_INTERNAL, "fmt", "out of memory");
    }

    if (rc == WEIR_DECLINED) {
        return weir_cli_fail(CLI_INTERNAL, "fmt", "%s is left alone: %s",
                             path, why);
    }

    if (rc != WEIR_OK) {
        weir_cli_report(&diags, CLI_TEXT);
        return CLI_SOURCE;
    }

    if (check) {

        if (weir_str_eq(text, out)) {
            return CLI_OK;
        }

        printf("%s\n", path);
        return CLI_LINT;
    }

    if (!input && weir_str_eq(text, out)) {
        return CLI_OK;
    }

    return weir_cli_write("fmt", path, out, 0666);
}


cli_exit_t
weir_cli_fmt(int argc, char **argv)
{
    int            c;
    bool           check;
    cli_exit_t     code, worst;
    weir_arena_t  *a;

    check = false;
    worst = CLI_OK;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c != 'c') {
            return weir_cli_usage("fmt");
        }

        check = true;
    }

    if (optind == argc) {
        return weir_cli_usage("fmt");
    }

    for (c = optind; c < argc; c++) {
        a = weir_arena_create();

        if (a == NULL) {
            return weir_cli_fail(CLI_INTERNAL, "fmt", "out of memory");
        }

        code = format(argv[c], check, a);
        weir_arena_destroy(a);

        worst = weir_cli_worse(worst, code);
    }

    return worst;
}
