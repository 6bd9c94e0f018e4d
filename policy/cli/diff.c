/*
 * diff.c: weir diff OLD NEW: what changes for whom.
 *
 * Both are sources or images.  Exit code 6: a decision changes, or may.
 */

#include <getopt.h>
#include <stdio.h>

#include "cli/diff.h"
#include "cli/options.h"


typedef struct {
    cli_format_t   format;
    const char    *replay;
    const char    *host;        /* of log lines that name none */
    const char    *url;         /* that witnesses are sent to */
} args_t;


static cli_exit_t
read_args(int argc, char **argv, args_t *args)
{
    int  c;

    *args = (args_t) { CLI_TEXT, NULL, "localhost", "http://localhost" };

    while ((c = weir_cli_option(argc, argv)) != -1) {

        switch (c) {

        case 'f':
            if (!weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON,
                                 &args->format))
            {
                return weir_cli_usage("diff");
            }

            break;

        case 'r':
            args->replay = optarg;
            break;

        case 'H':
            args->host = optarg;
            break;

        case 'u':
            args->url = optarg;
            break;

        default:
            return weir_cli_usage("diff");
        }
    }

    return argc - optind == 2 ? CLI_OK : weir_cli_usage("diff");
}


static cli_exit_t
compare(diff_t *d, const args_t *args)
{
    bool        changed;
    cli_exit_t  code;

    if (args->replay != NULL) {
        code = weir_diff_replay(d, args->replay, args->host, args->format,
                                &changed);
        return code != CLI_OK ? code : changed ? CLI_DIFFERS : CLI_OK;
    }

    if (!weir_diff_run(d)) {
        return weir_cli_fail(CLI_INTERNAL, "diff", "out of memory");
    }

    weir_diff_print(d, args->format, args->url);

    return weir_diff_found(d) ? CLI_DIFFERS : CLI_OK;
}


cli_exit_t
weir_cli_diff(int argc, char **argv)
{
    args_t         args;
    size_t         i;
    diff_t         d;
    cli_exit_t     code;
    cli_policy_t   policies[DIFF_SIDES];

    memset(&d, 0, sizeof(d));
    memset(policies, 0, sizeof(policies));
    code = read_args(argc, argv, &args);

    for (i = 0; i < DIFF_SIDES && code == CLI_OK; i++) {
        code = weir_cli_open("diff", argv[optind + (int) i], &policies[i]);
        d.side[i].img = &policies[i].image;
        d.side[i].model = policies[i].model;
        d.side[i].path = argv[optind + (int) i];
    }

    if (code == CLI_OK) {
        d.arena = weir_arena_create();
        code = d.arena ? compare(&d, &args)
                       : weir_cli_fail(CLI_INTERNAL, "diff",
                                       "out of memory");
    }

    if (d.arena != NULL) {
        weir_arena_destroy(d.arena);
    }

    for (i = 0; i < DIFF_SIDES; i++) {
        weir_cli_close(&policies[i]);
    }

    return code;
}
