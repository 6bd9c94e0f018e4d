/*
 * completion.c: weir completion bash|zsh|fish: from the tables of verbs and
 * options.
 */

#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"


static bool
is_words(const char *arg)
{
    return strchr(arg, '|') != NULL;
}


static bool
is_path(const char *arg)
{
    return strstr(arg, "FILE") != NULL || strstr(arg, "IMAGE") != NULL;
}


static bool
is_of(const cli_option_t *o, const cli_verb_t *v)
{
    return strcmp(o->verb, v->name) == 0;
}


/* "a|b" as "a b" */
static void
print_words(const char *words)
{
    for ( /* void */ ; *words != '\0'; words++) {
        putchar(*words == '|' ? ' ' : *words);
    }
}


/* Within single quotes of any of the three. */
static void
print_text(const char *text)
{
    for ( /* void */ ; *text != '\0'; text++) {
        if (*text != '\'') {
            putchar(*text);
        }
    }
}


static void
print_verbs(void)
{
    const cli_verb_t  *v;

    for (v = weir_cli_verbs; v->name != NULL; v++) {
        printf("%s%s", v == weir_cli_verbs ? "" : " ", v->name);
    }
}


/* Whether a verb takes a word of the table first, and then paths. */
static bool
has_subs(const cli_verb_t *v)
{
    const cli_sub_t  *s;

    for (s = weir_cli_subs; s->verb != NULL; s++) {

        if (strcmp(s->verb, v->name) == 0) {
            return true;
        }
    }

    return false;
}


static void
print_subs(const cli_verb_t *v)
{
    bool              any;
    const cli_sub_t  *s;

    any = false;

    for (s = weir_cli_subs; s->verb != NULL; s++) {

        if (strcmp(s->verb, v->name) == 0) {
            printf("%s%s", any ? " " : "", s->name);
            any = true;
        }
    }
}


/* What a verb takes that is no path: words, or none */
static void
print_arguments(const cli_verb_t *v)
{
    if (strcmp(v->args, "[VERB]") == 0) {
        print_verbs();

    } else if (has_subs(v)) {
        print_subs(v);

    } else if (is_words(v->args)) {
        print_words(v->args);
    }
}


static void
print_bash_option(const cli_option_t *o)
{
    printf("    %s:--%s", o->verb, o->name);

    if (o->is_short) {
        printf("|%s:-%c", o->verb, o->letter);
    }

    fputs(") ", stdout);

    if (is_words(o->arg)) {
        fputs("words='", stdout);
        print_words(o->arg);
        puts("' ;;");

    } else {
        puts(is_path(o->arg) ? "return ;;" : "compopt +o default; return ;;");
    }
}


static void
print_bash(void)
{
    const cli_verb_t    *v;
    const cli_option_t  *o;

    puts("# bash completion of weir: source it, or put it where bash-completion"
         "\n# looks, as \"weir\"\n\n"
         "_weir()\n"
         "{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
         "    local prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
         "\n"
         "    COMPREPLY=()\n"
         "\n"
         "    # \"=\" is a word of its own\n"
         "    if [[ $cur == = ]]; then\n"
         "        cur=\n"
         "    elif [[ $prev == = ]]; then\n"
         "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    fi\n"
         "\n"
         "    if ((COMP_CWORD == 1)); then");
    fputs("        words='", stdout);
    print_verbs();
    puts("'\n"
         "    else\n"
         "    case $verb:$prev in");

    for (o = weir_cli_options; o->verb != NULL; o++) {
        if (o->arg[0]) {
            print_bash_option(o);
        }
    }

    puts("    *) case $verb:$cur in");

    for (v = weir_cli_verbs; v->name != NULL; v++) {
        printf("    %s:-*) words='", v->name);

        for (o = weir_cli_options; o->verb != NULL; o++) {
            if (is_of(o, v)) {
                printf("--%s ", o->name);
            }
        }

        puts("' ;;");

        if (has_subs(v)) {
            printf("    %s:*) ((COMP_CWORD == 2)) || return\n        ",
                   v->name);

        } else if (!is_path(v->args)) {
            printf("    %s:*) ", v->name);

        } else {
            continue;
        }

        fputs("compopt +o default; words='", stdout);
        print_arguments(v);
        puts("' ;;");
    }

    puts("    esac ;;\n"
         "    esac\n"
         "    fi\n"
         "\n"
         "    # shellcheck disable=SC2207\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "}\n"
         "\n"
         "complete -o default -F _weir weir");
}


static void
print_zsh_option(const cli_option_t *o)
{
    fputs("        ", stdout);

    if (o->is_short) {
        printf("'(-%c --%s)'{-%c%s,--%s%s}'", o->letter, o->name, o->letter,
               o->arg[0] ? "+" : "", o->name, o->arg[0] ? "=" : "");

    } else {
        printf("'--%s%s", o->name, o->arg[0] ? "=" : "");
    }

    putchar('[');
    print_text(o->text);
    putchar(']');

    if (is_words(o->arg)) {
        printf(":%s:(", o->name);
        print_words(o->arg);
        putchar(')');

    } else if (o->arg[0]) {
        printf(":%s:%s", o->name, is_path(o->arg) ? "_files" : "");
    }

    puts("' \\");
}


static void
print_zsh_verb(const cli_verb_t *v)
{
    const cli_option_t  *o;

    printf("    %s) _arguments -s \\\n", v->name);

    for (o = weir_cli_options; o->verb != NULL; o++) {
        if (is_of(o, v)) {
            print_zsh_option(o);
        }
    }

    if (is_path(v->args)) {
        puts("        '*:file:_files' ;;");
        return;
    }

    fputs("        '1:word:(", stdout);
    print_arguments(v);
    puts(has_subs(v) ? ")' '*:file:_files' ;;" : ")' ;;");
}


static void
print_zsh(void)
{
    const cli_verb_t  *v;

    puts("#compdef weir\n"
         "# zsh completion of weir: in a directory of $fpath, as \"_weir\"\n\n"
         "_weir()\n"
         "{\n"
         "    local -a verbs\n"
         "\n"
         "    verbs=(");

    for (v = weir_cli_verbs; v->name != NULL; v++) {
        printf("        '%s:", v->name);
        print_text(v->text);
        puts("'");
    }

    puts("    )\n"
         "\n"
         "    if (( CURRENT == 2 )); then\n"
         "        _describe verb verbs\n"
         "        return\n"
         "    fi\n"
         "\n"
         "    local verb=$words[2]\n"
         "    shift words\n"
         "    (( CURRENT-- ))\n"
         "\n"
         "    case $verb in");

    for (v = weir_cli_verbs; v->name != NULL; v++) {
        print_zsh_verb(v);
    }

    puts("    esac\n"
         "}\n"
         "\n"
         "# called as a completion, or sourced\n"
         "if [[ $funcstack[1] == _weir ]]; then\n"
         "    _weir \"$@\"\n"
         "else\n"
         "    compdef _weir weir\n"
         "fi");
}


static void
print_fish_option(const cli_option_t *o)
{
    printf("complete -c weir -n '__weir_verb %s' -l %s", o->verb, o->name);

    if (o->is_short) {
        printf(" -s %c", o->letter);
    }

    if (is_words(o->arg)) {
        fputs(" -x -a '", stdout);
        print_words(o->arg);
        putchar('\'');

    } else if (o->arg[0]) {
        fputs(is_path(o->arg) ? " -r -F" : " -x", stdout);
    }

    fputs(" -d '", stdout);
    print_text(o->text);
    puts("'");
}


static void
print_fish(void)
{
    const cli_verb_t    *v;
    const cli_option_t  *o;

    puts("# fish completion of weir: in ~/.config/fish/completions, as "
         "\"weir.fish\"\n\n"
         "function __weir_verb\n"
         "    set -l words (commandline -opc)\n"
         "    test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
         "end\n"
         "\n"
         "complete -c weir -f");

    for (v = weir_cli_verbs; v->name != NULL; v++) {
        printf("complete -c weir -n 'test (count (commandline -opc)) = 1' "
               "-a %s -d '", v->name);
        print_text(v->text);
        puts("'");

        if (has_subs(v)) {
            printf("complete -c weir -n '__weir_verb %s; and test (count "
                   "(commandline -opc)) -gt 2' -F\n", v->name);
        }

        printf("complete -c weir -n '__weir_verb %s%s' ", v->name,
               has_subs(v) ? "; and test (count (commandline -opc)) = 2" : "");

        if (is_path(v->args)) {
            puts("-F");
            continue;
        }

        fputs("-a '", stdout);
        print_arguments(v);
        puts("'");
    }

    for (o = weir_cli_options; o->verb != NULL; o++) {
        print_fish_option(o);
    }
}


cli_exit_t
weir_cli_completion(int argc, char **argv)
{
    size_t  i;

    static const struct {
        const char  *name;
        void       (*print)(void);
    } shells[] = {
        { "bash", print_bash },
        { "zsh", print_zsh },
        { "fish", print_fish },
    };

    for (i = 0; argc == 2 && i < sizeof(shells) / sizeof(shells[0]); i++) {

        if (strcmp(argv[1], shells[i].name) == 0) {
            shells[i].print();
            return CLI_OK;
        }
    }

    return weir_cli_usage("completion");
}
