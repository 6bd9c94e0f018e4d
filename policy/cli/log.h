/*
 * log.h: the requests of an access log, in the order of their time.
 *
 * A line is nginx's combined format, or that with the host in front (vhost),
 * or a JSON object with "path" and any of "time", "headers" (an object of
 * texts), "principal" and "response" (as of a test), and the names of
 * weir_cli_request_set().
 */

#ifndef WEIR_CLI_LOG_H
#define WEIR_CLI_LOG_H

#include "cli/cli.h"

typedef struct {
    const char   *verb;
    const char   *path;         /* "-": standard input */
    const char   *host;         /* of lines that name none */
    int64_t       time;         /* of lines without one, seconds since 1970 */
    bool          timed;        /* a line without a time is no request */
    size_t        lines;        /* read so far */
    size_t        unread;       /* of them, that are no request */

    /*
     * Each request.  ns is its time since 1970: those of a log that has
     * seconds alone are spread over theirs.  What it points to lives until it
     * returns.  false: no more.
     */
    bool        (*request)(void *data, cli_request_t *r, int64_t ns,
                           weir_str_t line);
    /* A line that is no request; NULL: nobody wants to know. */
    void        (*bad)(void *data, size_t number, weir_str_t line);
    void         *data;
} cli_log_t;

/* CLI_SOURCE: there is no request; said what is wrong, unless CLI_OK. */
cli_exit_t weir_cli_log(cli_log_t *log);

#endif
