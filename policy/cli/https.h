/*
 * https.h: one request by TLS 1.2 or 1.3 to a server that proves who it is to
 * one file of authorities, and to none beside.
 */

#ifndef WEIR_CLI_HTTPS_H
#define WEIR_CLI_HTTPS_H

#include "cli/http.h"

#define CLI_HTTPS_ANSWER  65536         /* bytes, at most */
#define CLI_HTTPS_WHY     256

typedef struct {
    const char  *host;          /* a name or an address, which the certificate
                                   has to be for */
    const char  *port;
    const char  *ca;            /* path of certificates in PEM */
    weir_str_t   request;       /* all of it */
    int          timeout;       /* ms, for all of it but the resolver */
    int          stop;          /* as in cli_socket_t */
} cli_https_t;

/* What was read lies in data; false: why says why. */
bool weir_cli_https(const cli_https_t *h, char data[CLI_HTTPS_ANSWER],
    cli_answer_t *out, char why[CLI_HTTPS_WHY]);

#endif
