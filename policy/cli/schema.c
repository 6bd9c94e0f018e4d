/*
 * schema.c: weir schema: the JSON Schema of the source.
 */

#include <stdio.h>

#include "cli/cli.h"
#include "front/schema.h"


cli_exit_t
weir_cli_schema(int argc, char **argv)
{
    (void) argv;

    if (argc > 1) {
        return weir_cli_usage("schema");
    }

    weir_schema_print(stdout);

    return CLI_OK;
}
