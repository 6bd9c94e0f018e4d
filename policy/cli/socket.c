/*
 * socket.c: a connection that waits, but not for ever.
 */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/socket.h"


int64_t
weir_cli_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


bool
weir_cli_socket_wait(const cli_socket_t *s, short events)
{
    int            n;
    int64_t        left;
    struct pollfd  p[2];

    p[0].fd = s->fd;
    p[0].events = events;
    p[1].fd = s->stop;
    p[1].events = POLLIN;

    do {
        left = s->until - weir_cli_now();

        if (left <= 0) {
            return false;
        }

        p[1].revents = 0;
        n = poll(p, 2, (int) left);
    } while (n == 0 || (n == -1 && errno == EINTR));

    return p[1].revents == 0;
}


int
weir_cli_socket_try(cli_socket_t *s, const struct sockaddr *address,
    socklen_t size)
{
    int        error;
    socklen_t  len;

    s->fd = socket(address->sa_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (s->fd == -1) {
        return errno;
    }

    error = connect(s->fd, address, size) == 0 ? 0 : errno;

    if (error == EINPROGRESS) {
        len = sizeof(error);

        if (!weir_cli_socket_wait(s, POLLOUT)) {
            error = ETIMEDOUT;

        } else if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        {
            error = errno;
        }
    }

    if (error != 0) {
        close(s->fd);
        s->fd = -1;
    }

    return error;
}


const char *
weir_cli_socket_connect(cli_socket_t *s, const char *host, const char *port)
{
    int               error;
    struct addrinfo   hints, *list, *i;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    error = getaddrinfo(host, port, &hints, &list);

    if (error != 0) {
        return gai_strerror(error);
    }

    error = ENOENT;

    for (i = list; i != NULL && error != 0; i = i->ai_next) {
        error = weir_cli_socket_try(s, i->ai_addr, i->ai_addrlen);
    }

    freeaddrinfo(list);

    return error ? strerror(error) : NULL;
}
