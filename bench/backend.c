/*
 * backend.c PORT...: upstreams that answer, fail and dawdle as they are told.
 *
 * Lines on standard input change one of them, from the next request on:
 *
 *     PORT MEDIAN SIGMA FAILING
 *
 * It answers after a time that is lognormal, MEDIAN (ms) and SIGMA (of its
 * logarithm; 0: always the median), with 500 to FAILING of 1000 requests, with
 * 200 to others.  At first all answer at once.  Each line is answered by one
 * on standard output: requests and failures so far.  It ends with its input.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS  16
#define MAX_CONNS  4096

typedef struct {
    int       fd;
    int       port;
    double    median;           /* ms */
    double    sigma;
    unsigned  failing;          /* of 1000 */
    uint64_t  requests;
    uint64_t  failures;
} server_t;

typedef struct {
    int        fd;              /* -1: free */
    server_t  *server;
    size_t     have;
    int64_t    due;             /* ns; 0: nothing to answer */
    unsigned   failed;
    int        last;            /* the client wants no more of it */
    char       buf[16384];
} conn_t;

typedef struct {
    int        epoll;
    server_t   servers[MAX_PORTS];
    int        nservers;
    conn_t    *conns;
    int        nconns;          /* none from here on was ever used */
    uint64_t   seed;
} backend_t;


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
die(const char *what)
{
    fprintf(stderr, "backend: %s: %s\n", what, strerror(errno));
    exit(1);
}


/* In (0, 1), by xorshift. */
static double
chance(backend_t *b)
{
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 7;
    b->seed ^= b->seed << 17;

    return ((double) (b->seed >> 11) + 0.5) / 9007199254740992.0;
}


static int64_t
delay(backend_t *b, const server_t *s)
{
    double  normal;

    normal = sqrt(-2 * log(chance(b))) * cos(2 * M_PI * chance(b));

    return (int64_t) (s->median * exp(s->sigma * normal) * 1e6);
}


static void
watch(backend_t *b, int fd, void *data)
{
    struct epoll_event  ev;

    ev.events = EPOLLIN;
    ev.data.ptr = data;

    if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1
        || epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &ev) == -1)
    {
        die("epoll");
    }
}


static void
listen_on(backend_t *b, server_t *s)
{
    int                 one;
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons((uint16_t) s->port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    one = 1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (s->fd == -1
        || setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))
           == -1
        || bind(s->fd, (struct sockaddr *) &addr, sizeof(addr)) == -1
        || listen(s->fd, 1024) == -1)
    {
        die("listen");
    }

    watch(b, s->fd, s);
}


static void
take_conn(backend_t *b, server_t *s)
{
    int      fd, i, one;
    conn_t  *c;

    fd = accept(s->fd, NULL, NULL);
    if (fd == -1) {
        return;
    }

    for (i = 0; i < MAX_CONNS && b->conns[i].fd != -1; i++) { /* void */ }

    if (i == MAX_CONNS) {
        close(fd);
        return;
    }

    b->nconns = i < b->nconns ? b->nconns : i + 1;
    one = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    c = &b->conns[i];
    c->fd = fd;
    c->server = s;
    c->have = 0;
    c->due = 0;
    c->last = 0;
    watch(b, fd, c);
}


static void
close_conn(conn_t *c)
{
    close(c->fd);
    c->fd = -1;
    c->due = 0;
}


static void
answer(conn_t *c)
{
    static const char  good[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                                "ok";
    static const char  bad[] = "HTTP/1.1 500 Internal Server Error\r\n"
                               "Content-Length: 2\r\n\r\nno";

    c->due = 0;

    if (send(c->fd, c->failed ? bad : good,
             c->failed ? sizeof(bad) - 1 : sizeof(good) - 1, MSG_NOSIGNAL)
        == -1
        || c->last)
    {
        close_conn(c);
    }
}


/* Takes one whole request out of the buffer, if there is one. */
static int
next_request(conn_t *c)
{
    char    *end, *p;
    size_t   n;

    c->buf[c->have] = '\0';
    end = strstr(c->buf, "\r\n\r\n");

    if (end == NULL) {
        return 0;
    }

    n = (size_t) (end + 4 - c->buf);

    for (p = c->buf; p < end; p = strstr(p, "\r\n") + 2) {
        if (strncasecmp(p, "Content-Length:", 15) == 0) {
            n += strtoul(p + 15, NULL, 10);

        } else if (strncasecmp(p, "Connection: close", 17) == 0) {
            c->last = 1;
        }
    }

    if (n > c->have) {
        return 0;
    }

    c->have -= n;
    memmove(c->buf, c->buf + n, c->have);

    return 1;
}


static void
look(backend_t *b, conn_t *c)
{
    server_t  *s;

    s = c->server;

    while (c->fd != -1 && c->due == 0 && next_request(c)) {
        s->requests++;
        c->failed = chance(b) * 1000 < s->failing;
        s->failures += c->failed;

        if (s->median > 0) {
            c->due = now() + delay(b, s);

        } else {
            answer(c);
        }
    }
}


static void
take(backend_t *b, conn_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->buf + c->have, sizeof(c->buf) - 1 - c->have, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            close_conn(c);
        }

        return;
    }

    c->have += (size_t) n;
    look(b, c);
}


/* Answers what is due; ms until something else is, at most 100. */
static int
tick(backend_t *b)
{
    int      i, wait;
    int64_t  t, left;
    conn_t  *c;

    t = now();
    wait = 100;

    for (i = 0; i < b->nconns; i++) {
        c = &b->conns[i];

        if (c->fd == -1 || c->due == 0) {
            continue;
        }

        if (c->due <= t) {
            answer(c);
            look(b, c);
        }

        if (c->fd != -1 && c->due != 0) {
            left = (c->due - t) / 1000000;
            wait = left < wait ? (int) left : wait;
        }
    }

    return wait < 1 ? 1 : wait;
}


static void
order(backend_t *b)
{
    int        i, port;
    char       line[256];
    double     median, sigma;
    ssize_t    n;
    unsigned   failing;
    server_t  *s;

    n = read(0, line, sizeof(line) - 1);

    if (n <= 0) {
        exit(0);
    }

    line[n] = '\0';

    if (sscanf(line, "%d %lf %lf %u", &port, &median, &sigma, &failing) != 4) {
        fprintf(stderr, "backend: \"%s\" is no order\n", line);
        exit(2);
    }

    for (i = 0; i < b->nservers; i++) {
        s = &b->servers[i];

        if (s->port == port) {
            s->median = median;
            s->sigma = sigma;
            s->failing = failing;
            printf("%llu %llu\n", (unsigned long long) s->requests,
                   (unsigned long long) s->failures);
            fflush(stdout);
        }
    }
}


int
main(int argc, char **argv)
{
    int                 i, n;
    void               *data;
    backend_t           b;
    struct epoll_event  ev[256];

    if (argc < 2 || argc > MAX_PORTS + 1) {
        fprintf(stderr, "usage: backend PORT...\n");
        return 2;
    }

    memset(&b, 0, sizeof(b));
    b.seed = 0x9e3779b97f4a7c15u ^ (uint64_t) now();
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    b.conns = calloc(MAX_CONNS, sizeof(conn_t));

    if (b.epoll == -1 || b.conns == NULL) {
        die("start");
    }

    for (i = 0; i < MAX_CONNS; i++) {
        b.conns[i].fd = -1;
    }

    for (i = 1; i < argc; i++) {
        b.servers[b.nservers].port = atoi(argv[i]);
        listen_on(&b, &b.servers[b.nservers++]);
    }

    watch(&b, 0, NULL);

    for ( ;; ) {
        n = epoll_wait(b.epoll, ev, 256, tick(&b));

        for (i = 0; i < n; i++) {
            data = ev[i].data.ptr;

            if (data == NULL) {
                order(&b);

            } else if ((char *) data >= (char *) &b
                       && (char *) data < (char *) (&b + 1))
            {
                take_conn(&b, data);

            } else if (((conn_t *) data)->fd != -1) {
                take(&b, data);
            }
        }
    }
}
