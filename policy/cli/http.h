/*
 * http.h: asks a server once, and reads what it answers (RFC 9110, 9112).
 *
 * It waits, but not for long; what two programs might read in two ways is an
 * error.  There is no TLS.
 */

#ifndef WEIR_CLI_HTTP_H
#define WEIR_CLI_HTTP_H

#include "base/arena.h"
#include "cli/cli.h"

#define CLI_HTTP_HEAD  16384            /* bytes of status line and headers */
#define CLI_HTTP_BODY  (4u << 20)

/* http://HOST[:PORT][/PATH], or unix:SOCKET:/PATH; NUL at the end of each. */
typedef struct {
    const char  *host;          /* or the path of a socket */
    const char  *port;          /* NULL: it is a socket */
    const char  *authority;     /* for the header Host */
    const char  *path;
} cli_url_t;

typedef struct {
    cli_url_t    url;
    const char  *method;
    weir_str_t   query;         /* encoded; empty: none */
    weir_str_t   headers;       /* lines, each with its CRLF */
    int          timeout;       /* ms, for all of it */
} cli_http_t;

typedef struct {
    int          status;
    weir_str_t   body;
} cli_answer_t;

/* CLI_USAGE after it said what is wrong. */
cli_exit_t weir_cli_url(const char *verb, const char *text, weir_arena_t *a,
    cli_url_t *out);
/* CLI_INTERNAL after it said why there is no answer. */
cli_exit_t weir_cli_http(const char *verb, const cli_http_t *h,
    weir_arena_t *a, cli_answer_t *out);

/* http_read.c */

/*
 * Of the bytes of a connection so far; ended: there will be no more.
 * WEIR_AGAIN: it is not whole.  WEIR_ERROR sets *why, a phrase.  The body lies
 * in data, which it may be moved in.
 */
weir_rc_t weir_cli_http_read(char *data, size_t len, bool ended,
    cli_answer_t *out, const char **why);

#endif
