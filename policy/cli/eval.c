/*
 * eval.c: weir eval FILE [METHOD] URL [-H HEADER]... [--set NAME=VALUE]...
 */

#include "cli/cli.h"


cli_exit_t
weir_cli_eval(int argc, char **argv)
{
    weir_txn_t       *txn;
    cli_exit_t        code;
    const char       *file;
    cli_format_t      format;
    cli_policy_t      policy;
    weir_arena_t     *arena;
    cli_request_t     request;
    weir_decision_t   d;

    arena = weir_arena_create();

    if (arena == NULL) {
        return CLI_INTERNAL;
    }

    weir_cli_request_init(&request, arena);
    memset(&policy, 0, sizeof(policy));

    code = weir_cli_request_args("eval", argc, argv, &request, &file, &format);

    if (code == CLI_OK) {
        code = weir_cli_open("eval", file, &policy);
    }

    if (code == CLI_OK) {
        code = weir_cli_decide(&policy, &request, NULL, &txn, &d);
    }

    if (code == CLI_OK) {
        weir_cli_print_decision(&request, txn, &d, format);
        code = d.verdict == WEIR_ALLOW ? CLI_OK : CLI_DENIED;
    }

    weir_cli_close(&policy);
    weir_arena_destroy(arena);

    return code;
}
