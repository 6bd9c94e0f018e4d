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

const cli_sub_t  weir_cli_subs[] = {
#define S(verb, name, id, usage, letters, text)                               \
    { #verb, name, usage, letters, text, weir_cli_##verb##_##id },
    CLI_SUBS(S)
#undef S
    { NULL, NULL, NULL, NULL, NULL, NULL }
};


static const cli_option_t *
find(const char *verb, int letter)
{
    const cli_option_t  *o;

    for (o = weir_cli_options; o->verb != NULL; o++) {

        if (strcmp(o->verb, verb) == 0 && o->letter == letter) {
            return o;
        }
    }

    return NULL;
}


/* An option that the verb does not have, and the one that may be meant. */
static void
unknown(const char *verb, const char *name)
{
    size_t               n;
    weir_str_t           near, found, names[MOST];
    const cli_option_t  *o;

    for (n = 0, o = weir_cli_options; o->verb != NULL && n < MOST; o++) {

        if (strcmp(o->verb, verb) == 0) {
            names[n++] = weir_cstr(o->name);
        }
    }

    found = weir_str(name, strcspn(name, "="));
    near = weir_nearest(weir_str(found.data + strspn(name, "-"),
                                 found.len - strspn(name, "-")), names, n);

    (void) weir_cli_fail(CLI_USAGE, verb, "there is no option \"%.*s\"%s%.*s"
                         "%s", WEIR_STR(found),
                         near.len ? "; did you mean \"--" : "",
                         WEIR_STR(near), near.len ? "\"?" : "");
}


/* What getopt_long() refused. */
static void
refused(char **argv, int c)
{
    char                 letter[3];
    const char          *arg;
    const cli_option_t  *o;

    arg = argv[optind - 1];
    o = optopt ? find(argv[0], optopt) : NULL;

    if (c == ':' && o != NULL) {
        (void) weir_cli_fail(CLI_USAGE, argv[0], "\"--%s\" needs %s", o->name,
                             o->arg);

    } else if (o != NULL) {
        (void) weir_cli_fail(CLI_USAGE, argv[0], "\"--%s\" takes no value",
                             o->name);

    } else if (optopt != 0) {
        snprintf(letter, sizeof(letter), "-%c", optopt);
        unknown(argv[0], letter);

    } else {
        unknown(argv[0], arg);
    }
}


/* Whether a value is one of those that the row lists between bars. */
static bool
is_choice(const cli_option_t *o, const char *value)
{
    size_t       n;
    const char  *p;

    if (strchr(o->arg, '|') == NULL) {
        return true;
    }

    for (p = o->arg; *p != '\0'; p += n + (p[n] == '|')) {
        n = strcspn(p, "|");

        if (strlen(value) == n && memcmp(p, value, n) == 0) {
            return true;
        }
    }

    return false;
}


int
weir_cli_option(int argc, char **argv)
{
    int                   c;
    size_t                n, len;
    char                  letters[2 * MOST + 2];
    struct option         options[MOST + 1];
    const cli_option_t   *o;

    n = 0;
    len = 0;
    opterr = 0;
    letters[len++] = ':';

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

    optopt = 0;
    c = getopt_long(argc, argv, letters, options, NULL);

    if (c == '?' || c == ':') {
        refused(argv, c);
        return '?';
    }

    o = c == -1 ? NULL : find(argv[0], c);

    if (o != NULL && !is_choice(o, optarg ? optarg : "")) {
        (void) weir_cli_fail(CLI_USAGE, argv[0], "\"--%s\" is \"%s\", not "
                             "one of %s", o->name, optarg, o->arg);
        return '?';
    }

    return c;
}


static const cli_sub_t *
find_sub(const char *verb, const char *name)
{
    const cli_sub_t  *s;

    for (s = weir_cli_subs; s->verb != NULL; s++) {

        if (strcmp(s->verb, verb) == 0 && strcmp(s->name, name) == 0) {
            return s;
        }
    }

    return NULL;
}


cli_exit_t
weir_cli_sub(int argc, char **argv)
{
    int               c;
    char              given[128];
    size_t            n;
    cli_args_t        args;
    const cli_sub_t  *sub;

    if (argc == 3 && (strcmp(argv[2], "--help") == 0
                      || strcmp(argv[2], "-h") == 0))
    {
        argv[1] = argv[0];
        return weir_cli_help(2, argv);
    }

    n = 0;
    memset(&args, 0, sizeof(args));

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c == '?') {
            return CLI_USAGE;
        }

        if (args.opt[c] != NULL) {
            return weir_cli_fail(CLI_USAGE, argv[0], "\"--%s\" is given twice",
                                 find(argv[0], c)->name);
        }

        args.opt[c] = optarg ? optarg : "";
        given[n++] = (char) c;
    }

    sub = argv[optind] ? find_sub(argv[0], argv[optind]) : NULL;

    if (sub == NULL) {
        return weir_cli_usage(argv[0]);
    }

    while (n > 0) {

        if (strchr(sub->letters, given[--n]) == NULL) {
            return weir_cli_fail(CLI_USAGE, argv[0], "\"%s\" takes no \"--%s\"",
                                 sub->name, find(argv[0], given[n])->name);
        }
    }

    args.verb = argv[0];
    args.n = argc - optind - 1;
    args.args = argv + optind + 1;

    return sub->run(&args);
}


cli_exit_t
weir_cli_in_arena(const cli_args_t *args, int n,
    cli_exit_t (*run)(const cli_args_t *args, weir_arena_t *a))
{
    cli_exit_t     code;
    weir_arena_t  *a;

    if (n != -1 && args->n != n) {
        return weir_cli_usage(args->verb);
    }

    a = weir_arena_create();

    if (a == NULL) {
        return weir_cli_fail(CLI_INTERNAL, args->verb, "out of memory");
    }

    code = run(args, a);
    weir_arena_destroy(a);

    return code;
}
