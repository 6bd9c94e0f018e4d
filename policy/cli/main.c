/*
 * main.c: the weir command: picks the verb.
 */

#include <stdarg.h>
#include <stdio.h>

#include "base/version.h"
#include "cli/cli.h"
#include "cli/options.h"

#define CLI_NOTE                                                              \
    "Exit codes: 0 ok, 1 I/O or internal error, 2 usage, 3 invalid source or\n"\
    "image, 4 a test failed, 5 advice, 6 differs, 7 signature, 8 left out\n"  \
    "by `import`, 10 refused by `eval`, `token verify` or the server of\n"    \
    "`split`.\n"

const cli_verb_t  weir_cli_verbs[] = {
#define V(name, args, text)  { #name, args, text, weir_cli_##name },
    CLI_VERBS(V)
#undef V
    { NULL, NULL, NULL, NULL }
};


static const cli_verb_t *
find_verb(const char *name)
{
    const cli_verb_t  *v;

    for (v = weir_cli_verbs; v->name != NULL; v++) {

        if (strcmp(v->name, name) == 0) {
            return v;
        }
    }

    return NULL;
}


static void
no_verb(const char *name)
{
    size_t      n;
    weir_str_t  near, names[sizeof(weir_cli_verbs)
                            / sizeof(weir_cli_verbs[0])];

    for (n = 0; weir_cli_verbs[n].name != NULL; n++) {
        names[n] = weir_cstr(weir_cli_verbs[n].name);
    }

    near = weir_nearest(weir_cstr(name), names, n);

    fputs("weir: there is no verb \"", stderr);
    weir_cli_print(weir_cstr(name), stderr);
    fprintf(stderr, "\"; %s%.*s%s\n",
            near.len ? "did you mean \"" : "see weir help", WEIR_STR(near),
            near.len ? "\"?" : "");
}


static void
print_verbs(FILE *out)
{
    const cli_verb_t  *v;

    fputs("usage: weir VERB ...\n\n", out);

    for (v = weir_cli_verbs; v->name != NULL; v++) {
        fprintf(out, "  %-10s %-20s %s\n", v->name, v->args, v->text);
    }

    fputs("\n" CLI_NOTE, out);
}


static void
print_subs(const char *verb)
{
    bool              any;
    const cli_sub_t  *s;

    any = false;

    for (s = weir_cli_subs; s->verb != NULL; s++) {

        if (strcmp(s->verb, verb) == 0) {
            printf("%s  %-10s %s\n", any ? "" : "\n", s->name, s->text);
            any = true;
        }
    }
}


static void
print_options(const char *verb)
{
    bool                 any;
    char                 left[64];
    const cli_option_t  *o;

    any = false;

    for (o = weir_cli_options; o->verb != NULL; o++) {

        if (strcmp(o->verb, verb) != 0) {
            continue;
        }

        if (!any) {
            putchar('\n');
            any = true;
        }

        snprintf(left, sizeof(left), "%c%c%c --%s %s",
                 o->is_short ? '-' : ' ', o->is_short ? o->letter : ' ',
                 o->is_short ? ',' : ' ', o->name, o->arg);
        printf("  %-38s %s\n", left, o->text);
    }
}


cli_exit_t
weir_cli_fail(cli_exit_t code, const char *verb, const char *fmt, ...)
{
    char     text[8192];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    flockfile(stderr);
    fprintf(stderr, "weir %s: ", verb);
    weir_cli_print(weir_cstr(text), stderr);
    fputc('\n', stderr);
    funlockfile(stderr);

    return code;
}


cli_exit_t
weir_cli_worse(cli_exit_t a, cli_exit_t b)
{
    if (a == CLI_OK || b == CLI_OK) {
        return a == CLI_OK ? b : a;
    }

    return a < b ? a : b;
}


/* A line for each word that a verb takes, or one for the verb. */
static void
print_usage(const cli_verb_t *v, FILE *out)
{
    const char       *before;
    const cli_sub_t  *s;

    before = "usage:";

    for (s = weir_cli_subs; s->verb != NULL; s++) {

        if (strcmp(s->verb, v->name) == 0) {
            fprintf(out, "%s weir %s %s %s\n", before, v->name, s->name,
                    s->args);
            before = "      ";
        }
    }

    if (before[0] == 'u') {
        fprintf(out, "usage: weir %s%s%s\n", v->name, v->args[0] ? " " : "",
                v->args);
    }
}


cli_exit_t
weir_cli_usage(const char *verb)
{
    print_usage(find_verb(verb), stderr);
    fprintf(stderr, "`weir help %s` lists the options\n", verb);

    return CLI_USAGE;
}


bool
weir_cli_format(const char *name, unsigned allowed, cli_format_t *out)
{
    unsigned  i;

    static const char *const  names[] = {
        [CLI_TEXT] = "text",
        [CLI_JSON] = "json",
        [CLI_SARIF] = "sarif",
        [CLI_JUNIT] = "junit",
        [CLI_TAP] = "tap",
        [CLI_GITHUB] = "github",
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if ((allowed & 1u << i) && strcmp(name, names[i]) == 0) {
            *out = (cli_format_t) i;
            return true;
        }
    }

    return false;
}


cli_exit_t
weir_cli_version(int argc, char **argv)
{
    (void) argv;

    if (argc > 1) {
        return weir_cli_usage("version");
    }

    printf("weir %s (image format %d.%d)\n", WEIR_VERSION, WEIR_IMAGE_MAJOR,
           WEIR_IMAGE_MINOR);

    return CLI_OK;
}


cli_exit_t
weir_cli_help(int argc, char **argv)
{
    const cli_verb_t  *v;

    if (argc < 2) {
        print_verbs(stdout);
        return CLI_OK;
    }

    v = find_verb(argv[1]);

    if (v == NULL) {
        no_verb(argv[1]);
        return CLI_USAGE;
    }

    print_usage(v, stdout);
    printf("\n%s\n", v->text);
    print_subs(v->name);
    print_options(v->name);

    return CLI_OK;
}


static bool
asks_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}


int
main(int argc, char **argv)
{
    cli_exit_t         code;
    const char        *name;
    const cli_verb_t  *v;

    if (argc < 2) {
        print_verbs(stderr);
        return CLI_USAGE;
    }

    name = argv[1];

    if (asks_help(name)) {
        name = "help";

    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = "version";
    }

    v = find_verb(name);

    if (v == NULL) {
        no_verb(name);
        return CLI_USAGE;
    }

    code = argc == 3 && asks_help(argv[2])
           ? weir_cli_help(2, argv)
           : v->run(argc - 1, argv + 1);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "weir %s: cannot write to standard output\n",
                v->name);
        return CLI_INTERNAL;
    }

    return (int) code;
}
