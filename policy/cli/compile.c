/*
 * compile.c: weir compile FILE -o IMAGE.
 */

#include <getopt.h>

#include "cli/cli.h"


cli_exit_t
weir_cli_compile(int argc, char **argv)
{
    int            c;
    cli_exit_t     code;
    const char    *out;
    cli_format_t   format;
    cli_policy_t   policy;

    static const struct option  options[] = {
        { "output", required_argument, NULL, 'o' },
        { "format", required_argument, NULL, 'f' },
        { NULL, 0, NULL, 0 }
    };

    out = NULL;
    format = CLI_TEXT;

    while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {

        if (c == 'o') {
            out = optarg;

        } else if (c != 'f'
                   || !weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON
                                       | 1u << CLI_SARIF | 1u << CLI_GITHUB,
                                       &format))
        {
            return weir_cli_usage("compile");
        }
    }

    if (out == NULL || argc - optind != 1) {
        return weir_cli_usage("compile");
    }

    code = weir_cli_load("compile", argv[optind], false, &policy);

    if (code == CLI_SOURCE) {
        weir_cli_report(&policy.diags, format);
    }

    if (code == CLI_OK) {
        code = weir_cli_write("compile", out, policy.bytes, 0666);
    }

    weir_cli_close(&policy);

    return code;
}
