/*
 * probe.c PORT SECONDS: the slowest answer of each tenth of a second.
 *
 * One keepalive connection asks for GET /return again and again, 0.2 ms
 * apart, for tenant t1.  Each line: the time since the epoch in seconds, and
 * the slowest answer in microseconds.
 */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW  0.1

static const char  request[] =
    "GET /return HTTP/1.1\r\nHost: t1.shop.example\r\n\r\n";


static double
now(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
die(const char *what)
{
    perror(what);
    exit(1);
}


static int
connect_to(int port)
{
    int                 fd, one;
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons((uint16_t) port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    one = 1;
    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == -1
        || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1)
    {
        die("probe: connect");
    }

    return fd;
}


/* Microseconds until the whole answer, which fits one packet, has come. */
static double
ask(int fd)
{
    char     buf[4096];
    double   start;
    ssize_t  n;

    start = now(CLOCK_MONOTONIC);

    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == -1) {
        die("probe: send");
    }

    n = recv(fd, buf, sizeof(buf), 0);

    if (n < 12 || memcmp(buf, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "probe: not a 200\n");
        exit(1);
    }

    return (now(CLOCK_MONOTONIC) - start) * 1e6;
}


int
main(int argc, char **argv)
{
    int     fd;
    double  end, window, slowest, us;

    if (argc != 3) {
        fprintf(stderr, "usage: probe PORT SECONDS\n");
        return 2;
    }

    fd = connect_to(atoi(argv[1]));
    end = now(CLOCK_MONOTONIC) + atof(argv[2]);
    window = now(CLOCK_MONOTONIC) + WINDOW;
    slowest = 0;

    while (now(CLOCK_MONOTONIC) < end) {
        us = ask(fd);

        if (us > slowest) {
            slowest = us;
        }

        if (now(CLOCK_MONOTONIC) >= window) {
            printf("%.3f %.0f\n", now(CLOCK_REALTIME), slowest);
            slowest = 0;
            window += WINDOW;
        }

        usleep(200);
    }

    close(fd);

    return 0;
}
