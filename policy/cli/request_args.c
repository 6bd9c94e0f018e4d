/*
 * request_args.c: a request from the arguments of a verb.
 */

#include <getopt.h>

#include "cli/given.h"
#include "cli/options.h"


cli_exit_t
weir_cli_request_option(const char *verb, int letter, const char *value,
    cli_request_t *r)
{
    weir_str_t  name;

    if (letter == 'p') {
        return weir_cli_given_option(verb, value, r);
    }

    if (letter == 'H') {
        return weir_cli_request_header(r, weir_cstr(value))
               ? CLI_OK
               : weir_cli_fail(CLI_USAGE, verb, "\"%s\" is not a header: "
                               "NAME: VALUE", value);
    }

    name = weir_str(value, strcspn(value, "="));

    if (value[name.len] == '='
        && weir_cli_request_set(r, name, weir_cstr(value + name.len + 1)))
    {
        return CLI_OK;
    }

    return weir_cli_fail(CLI_USAGE, verb, "\"%s\" is not NAME=VALUE with a "
                         "NAME of source, peer, time, content_length, mtls, "
                         "scheme, protocol, tls_version, sni, id and a value "
                         "of its kind", value);
}


cli_exit_t
weir_cli_request_line(const char *verb, int n, char **args, cli_request_t *r)
{
    weir_str_t  url;

    if (n == 2 && !weir_cli_request_set(r, weir_string("method"),
                                        weir_cstr(args[0])))
    {
        return weir_cli_fail(CLI_USAGE, verb, "\"%s\" is not a method",
                             args[0]);
    }

    url = weir_cstr(args[n - 1]);

    if (!weir_cli_request_url(r, url)) {
        return weir_cli_fail(CLI_USAGE, verb,
                             "\"%.*s\" is neither a URL nor a path",
                             WEIR_STR(url));
    }

    return weir_cli_request_finish(r) ? CLI_OK : CLI_INTERNAL;
}


cli_exit_t
weir_cli_request_args(const char *verb, int argc, char **argv,
    cli_request_t *r, const char **file, cli_format_t *format)
{
    int         c;
    cli_exit_t  code;

    *format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        if (c == 'f') {
            code = weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON,
                                   format)
                   ? CLI_OK : weir_cli_usage(verb);

        } else {
            code = c == '?' ? weir_cli_usage(verb)
                            : weir_cli_request_option(verb, c, optarg, r);
        }

        if (code != CLI_OK) {
            return code;
        }
    }

    c = argc - optind;

    if (c != 2 && c != 3) {
        return weir_cli_usage(verb);
    }

    *file = argv[optind];

    return weir_cli_request_line(verb, c - 1, &argv[optind + 1], r);
}
