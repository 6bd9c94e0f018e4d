/*
 * check.c: weir check FILE...: errors only; silent where there are none.
 */

#include <getopt.h>

#include "cli/cli.h"


cli_exit_t
weir_cli_check(int argc, char **argv)
{
    int            c;
    cli_exit_t     code, worst;
    cli_format_t   format;
    cli_policy_t   policy;

    static const struct option  options[] = {
        { "format", required_argument, NULL, 'f' },
        { NULL, 0, NULL, 0 }
    };

    worst = CLI_OK;
    format = CLI_TEXT;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {

        if (c != 'f'
            || !weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON
                                | 1u << CLI_SARIF | 1u << CLI_GITHUB,
                                &format))
        {
            return weir_cli_usage("check");
        }
    }

    /* a report in a machine's format is one document */
    if (optind == argc || (format != CLI_TEXT && argc - optind != 1)) {
        return weir_cli_usage("check");
    }

    for (c = optind; c < argc; c++) {
        code = weir_cli_load("check", argv[c], false, &policy);

        if (code == CLI_SOURCE || format != CLI_TEXT) {
            weir_cli_report(&policy.diags, format);
        }

        weir_cli_close(&policy);

        if (code != CLI_OK && worst != CLI_INTERNAL) {
            worst = code;
        }
    }

    return worst;
}
