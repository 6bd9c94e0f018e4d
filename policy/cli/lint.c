/*
 * lint.c: weir lint FILE...: errors and advice; silent where there are none.
 */

#include <getopt.h>

#include "cli/cli.h"
#include "cli/options.h"


cli_exit_t
weir_cli_lint(int argc, char **argv)
{
    int            c;
    cli_exit_t     code, worst;
    cli_format_t   format;
    cli_policy_t   policy;

    worst = CLI_OK;
    format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c != 'f'
            || !weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON
                                | 1u << CLI_SARIF | 1u << CLI_GITHUB,
                                &format))
        {
            return weir_cli_usage("lint");
        }
    }

    /* a report in a machine's format is one document */
    if (optind == argc || (format != CLI_TEXT && argc - optind != 1)) {
        return weir_cli_usage("lint");
    }

    for (c = optind; c < argc; c++) {
        code = weir_cli_load("lint", argv[c], true, &policy);

        if (code == CLI_OK && policy.diags.warnings != 0) {
            code = CLI_LINT;
        }

        if (code == CLI_SOURCE || code == CLI_LINT || format != CLI_TEXT) {
            weir_cli_report(&policy.diags, format);
        }

        weir_cli_close(&policy);

        /* an error is worse than advice, and what is internal than both */
        if (worst != CLI_INTERNAL
            && !(worst == CLI_SOURCE && code != CLI_INTERNAL)
            && code != CLI_OK)
        {
            worst = code;
        }
    }

    return worst;
}
