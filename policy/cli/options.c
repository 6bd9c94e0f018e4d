/*
 * options.c: getopt from the table of options.
 */

#include <getopt.h>

#include "cli/cli.h"
#include "cli/options.h"

enum { LONG, SHORT };

#define MOST  16                /* options of one verb */

const cli_option_t  weir_cli_options[] = {
#define O(verb, letter, is_short, name, arg, text)                            \
    { #verb, letter, is_short, name, arg, text },
    CLI_OPTIONS(O)
#undef O
    { NULL, 0, 0, NULL, NULL, NULL }
};


int
weir_cli_option(int argc, char **argv)
{
    size_t                n, len;
    char                  letters[2 * MOST + 1];
    struct option         options[MOST + 1];
    const cli_option_t   *o;

    n = 0;
    len = 0;

    for (o = weir_cli_options; o->verb != NULL && n < MOST; o++) {

        if (strcmp(o->verb, argv[0]) != 0) {
            continue;
        }

        options[n].name = o->name;
        options[n].has_arg = o->arg[0] ? required_argument : no_argument;
        options[n].flag = NULL;
        options[n++].val = o->letter;

        if (o->is_short) {
            letters[len++] = o->letter;

            if (o->arg[0]) {
                letters[len++] = ':';
            }
        }
    }

    memset(&options[n], 0, sizeof(struct option));
    letters[len] = '\0';

    return getopt_long(argc, argv, letters, options, NULL);
}
