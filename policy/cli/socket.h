/*
 * socket.h: a connection that waits, but not for ever.
 */

#ifndef WEIR_CLI_SOCKET_H
#define WEIR_CLI_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct {
    int      fd;
    int      stop;              /* what ends any waiting, once it can be read;
                                   -1: nothing does */
    int64_t  until;             /* ms of weir_cli_now() */
} cli_socket_t;

/* Milliseconds of a clock that nobody sets. */
int64_t weir_cli_now(void);

/* false: it took too long, or has to stop. */
bool weir_cli_socket_wait(const cli_socket_t *s, short events);
/* Sets fd; 0, or errno: the socket is closed then. */
int weir_cli_socket_try(cli_socket_t *s, const struct sockaddr *address,
    socklen_t size);
/* Each address of a host in turn; NULL, or why there is no connection. */
const char *weir_cli_socket_connect(cli_socket_t *s, const char *host,
    const char *port);

#endif
