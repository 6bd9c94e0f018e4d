/*
 * compile.c: weir compile FILE -o IMAGE.
 */

#include <getopt.h>

#include "cli/cli.h"
#include "cli/options.h"


cli_exit_t
weir_cli_compile(int argc, char **argv)
{
    int            c;
    cli_exit_t     code;
    const char    *out;
    cli_format_t   format;
    cli_policy_t   policy;

    out = NULL;
    format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c == 'o') {
            out = optarg;

        } else if (c != 'f' || !weir_cli_format(optarg, CLI_REPORTS, &format))
        {
            return weir_cli_usage("compile");
        }
    }

    if (out == NULL || argc - optind != 1) {
        return weir_cli_usage("compile");
    }

    if (format != CLI_TEXT && strcmp(out, "-") == 0) {
        return weir_cli_fail(CLI_USAGE, "compile", "the image and the report "
                             "cannot both go to standard output");
    }

    code = weir_cli_load("compile", argv[optind], false, &policy);

    if (code == CLI_SOURCE || (code == CLI_OK && format != CLI_TEXT)) {
        weir_cli_report(&policy.diags, format);
    }

    if (code == CLI_OK) {
        code = weir_cli_write("compile", out, policy.bytes, 0666);
    }

    weir_cli_close(&policy);

    return code;
}
