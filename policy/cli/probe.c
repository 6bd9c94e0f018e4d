/*
 * probe.c: weir probe URL: whether a server answers with 2xx, for the health
 * checks of containers, which have no other client.
 */

#include "cli/http.h"
#include "cli/options.h"

#define TIMEOUT  3000           /* ms */


cli_exit_t
weir_cli_probe(int argc, char **argv)
{
    cli_exit_t     code;
    cli_http_t     http;
    cli_answer_t   answer;
    weir_arena_t  *a;

    if (argc != 2) {
        return weir_cli_usage("probe");
    }

    a = weir_arena_create();

    if (a == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "probe", "out of memory");
    }

    memset(&http, 0, sizeof(http));
    http.method = "GET";
    http.timeout = TIMEOUT;

    code = weir_cli_url("probe", argv[1], a, &http.url);

    if (code == CLI_OK) {
        code = weir_cli_http("probe", &http, a, &answer);
    }

    if (code == CLI_OK && (answer.status < 200 || answer.status > 299)) {
        code = weir_cli_fail(CLI_INTERNAL, "probe", "%s answers %d", argv[1],
                             answer.status);
    }

    weir_arena_destroy(a);

    return code;
}
