/*
 * explain.c: weir explain FILE [METHOD] URL: the decision step by step.
 */

#include "cli/explain.h"


static void
print_account(const cli_account_t *a, cli_format_t format)
{
    weir_str_t  decider;

    if (format == CLI_JSON) {
        weir_cli_json_print(weir_cli_account_json(a));
        return;
    }

    weir_cli_print_account(a, stdout);
    putchar('\n');
    weir_cli_print_decision(a->request, a->txn, a->decision, CLI_TEXT);
    decider = weir_cli_decider(a);
    printf("%-9s ", "decided");
    weir_cli_print(decider, stdout);
    putchar('\n');
}


cli_exit_t
weir_cli_explain(int argc, char **argv)
{
    cli_exit_t        code;
    const char       *file;
    cli_trace_t       trace;
    cli_format_t      format;
    cli_policy_t      policy;
    weir_arena_t     *arena;
    cli_account_t     account;
    cli_request_t     request;
    weir_decision_t   d;

    arena = weir_arena_create();

    if (arena == NULL) {
        return CLI_INTERNAL;
    }

    memset(&policy, 0, sizeof(policy));
    weir_cli_request_init(&request, arena);

    code = weir_cli_request_args("explain", argc, argv, &request, &file,
                                 &format);

    if (code == CLI_OK) {
        code = weir_cli_open("explain", file, &policy);
    }

    if (code == CLI_OK
        && !weir_cli_trace_init(&trace, &policy, arena, true))
    {
        code = weir_cli_fail(CLI_INTERNAL, "explain", "out of memory");
    }

    if (code == CLI_OK) {
        code = weir_cli_account(&policy, &request, &trace, &d, &account);
    }

    if (code == CLI_OK) {
        print_account(&account, format);
    }

    weir_cli_close(&policy);
    weir_arena_destroy(arena);

    return code;
}
