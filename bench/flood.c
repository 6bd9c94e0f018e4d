/*
 * flood.c PORT,... PATH KEYS RATE SECONDS [WINDOW]: GET a path on keepalive
 * connections, RATE requests a second over all ports in turn, each with a
 * header X-Key of one of so many keys, in turn.
 *
 * Prints one line of JSON: how many answers there were by status, how long
 * they took (us), and, with a WINDOW (seconds; windows since 1970), how many
 * 2xx the fullest window of a key had for sure, and how many an average full
 * window had.  For sure: request and answer are inside it.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
#define CONNS      32           /* of a port */
#define CLOCKS     25000000     /* ns that clocks may be apart */
#define MAX_WAITS  (1 << 20)    /* latencies kept: us, the last for longer */

typedef struct {
    int       fd;               /* -1: closed */
    int       port;
    int       busy;
    unsigned  key;
    int64_t   sent;             /* ns since 1970 */
    size_t    have;             /* of the header, or beyond it */
    size_t    need;             /* 0: the header is not whole yet */
    unsigned  status;
    int       close;
    char      buf[8192];
} conn_t;

typedef struct {
    int        ports[MAX_PORTS];
    int        nports;
    char      *path;
    unsigned   keys;
    double     rate;
    double     seconds;
    int64_t    window;          /* ns; 0 = none */

    int        epoll;
    conn_t    *conns;
    int        nconns;
    uint64_t   asked;
    uint64_t   lost;            /* connections that ended with a request */
    uint64_t   status[600];
    uint32_t  *waits;           /* histogram */
    int64_t    first;           /* window number */
    unsigned   windows;
    uint32_t  *sure;            /* keys * windows */
    uint64_t  *any;             /* windows: by when it was answered */
} flood_t;


static int64_t
now(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
die(const char *what)
{
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(1);
}


static void *
zeros(size_t n, size_t size)
{
    void  *p;

    p = calloc(n, size);
    if (p == NULL) {
        die("memory");
    }

    return p;
}


static void
open_conn(flood_t *f, conn_t *c)
{
    int                 one;
    struct epoll_event  ev;
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons((uint16_t) c->port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    one = 1;
    c->busy = 0;
    c->have = 0;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (c->fd == -1
        || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))
           == -1)
    {
        die("socket");
    }

    if (connect(c->fd, (struct sockaddr *) &addr, sizeof(addr)) == -1) {
        close(c->fd);
        c->fd = -1;
        return;
    }

    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1) {
        die("fcntl");
    }

    ev.events = EPOLLIN;
    ev.data.ptr = c;

    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, c->fd, &ev) == -1) {
        die("epoll_ctl");
    }
}


static void
close_conn(flood_t *f, conn_t *c)
{
    f->lost += c->busy != 0;
    close(c->fd);
    c->fd = -1;
    c->busy = 0;
}


static void
ask(flood_t *f, conn_t *c)
{
    int   n;
    char  text[512];

    if (c->fd == -1) {
        open_conn(f, c);

        if (c->fd == -1) {
            return;
        }
    }

    c->key = (unsigned) (f->asked++ % f->keys);
    n = snprintf(text, sizeof(text),
                 "GET %.256s HTTP/1.1\r\nHost: a\r\nX-Key: k%u\r\n\r\n",
                 f->path, c->key);

    c->busy = 1;
    c->have = 0;
    c->need = 0;
    c->sent = now(CLOCK_REALTIME);

    if (send(c->fd, text, (size_t) n, MSG_NOSIGNAL) != n) {
        close_conn(f, c);
    }
}


static void
answered(flood_t *f, const conn_t *c, unsigned status)
{
    int64_t   at, number;
    uint64_t  us;

    at = now(CLOCK_REALTIME);
    us = (uint64_t) (at - c->sent) / 1000;

    f->status[status < 600 ? status : 0]++;
    f->waits[us < MAX_WAITS ? us : MAX_WAITS - 1]++;

    if (f->window == 0 || status / 100 != 2) {
        return;
    }

    number = at / f->window - f->first;

    if (number < 0 || number >= f->windows) {
        return;
    }

    f->any[number]++;

    if ((c->sent - CLOCKS) / f->window - f->first == number
        && (at + CLOCKS) / f->window - f->first == number)
    {
        f->sure[(size_t) c->key * f->windows + (size_t) number]++;
    }
}


/* Whether the header is there: then it says how long the answer is. */
static int
header(conn_t *c)
{
    char  *end, *p;

    c->buf[c->have] = '\0';
    end = strstr(c->buf, "\r\n\r\n");

    if (end == NULL) {
        return 0;
    }

    c->need = (size_t) (end + 4 - c->buf);
    c->status = (unsigned) strtoul(c->buf + 9, NULL, 10);
    c->close = strstr(c->buf, "Connection: close") != NULL;

    for (p = c->buf; p < end; p = strstr(p, "\r\n") + 2) {
        if (strncasecmp(p, "Content-Length:", 15) == 0) {
            c->need += strtoul(p + 15, NULL, 10);
        }
    }

    return 1;
}


static void
take(flood_t *f, conn_t *c)
{
    size_t   at;
    ssize_t  n;

    /* nobody wants the body */
    at = c->need ? 0 : c->have;
    n = recv(c->fd, c->buf + at, sizeof(c->buf) - 1 - at, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            close_conn(f, c);
        }

        return;
    }

    c->have += (size_t) n;

    if ((c->need == 0 && !header(c)) || c->have < c->need) {
        return;
    }

    c->busy = 0;
    answered(f, c, c->status);

    if (c->close) {
        close_conn(f, c);
    }
}


static void
run(flood_t *f)
{
    int                 i, n, next, tried;
    double              due;
    int64_t             start, t;
    struct epoll_event  ev[256];

    start = now(CLOCK_MONOTONIC);
    next = 0;

    for ( ;; ) {
        t = now(CLOCK_MONOTONIC) - start;

        if ((double) t >= f->seconds * 1e9) {
            return;
        }

        due = (double) t / 1e9 * f->rate - (double) f->asked;

        for (tried = 0; due >= 1 && tried < f->nconns; tried++) {
            next = (next + 1) % f->nconns;

            if (!f->conns[next].busy) {
                ask(f, &f->conns[next]);
                due--;
            }
        }

        n = epoll_wait(f->epoll, ev, 256, 1);

        for (i = 0; i < n; i++) {
            take(f, ev[i].data.ptr);
        }
    }
}


static uint64_t
percentile(const flood_t *f, double share)
{
    uint64_t  us, sum, total;

    total = 0;

    for (us = 0; us < MAX_WAITS; us++) {
        total += f->waits[us];
    }

    sum = 0;

    for (us = 0; us < MAX_WAITS - 1; us++) {
        sum += f->waits[us];

        if ((double) sum >= share * (double) total) {
            break;
        }
    }

    return us;
}


static void
print_windows(const flood_t *f, int64_t begin, int64_t end)
{
    size_t    i;
    int64_t   number;
    uint32_t  most;
    uint64_t  full, sum;

    most = 0;

    for (i = 0; i < (size_t) f->keys * f->windows; i++) {
        if (f->sure[i] > most) {
            most = f->sure[i];
        }
    }

    full = 0;
    sum = 0;

    for (i = 0; i < f->windows; i++) {
        number = f->first + (int64_t) i;

        if (number * f->window >= begin && (number + 1) * f->window <= end) {
            full++;
            sum += f->any[i];
        }
    }

    printf(", \"most\": %u, \"windows\": %llu, \"average\": %.2f", most,
           (unsigned long long) full,
           full ? (double) sum / (double) full / f->keys : 0.0);
}


int
main(int argc, char **argv)
{
    int       i;
    char     *p;
    unsigned  s;
    int64_t   begin, end;
    flood_t   f;

    if (argc < 6) {
        fprintf(stderr, "usage: flood PORT,... PATH KEYS RATE SECONDS "
                "[WINDOW]\n");
        return 2;
    }

    memset(&f, 0, sizeof(f));

    for (p = strtok(argv[1], ","); p && f.nports < MAX_PORTS;
         p = strtok(NULL, ","))
    {
        f.ports[f.nports++] = atoi(p);
    }

    f.path = argv[2];
    f.keys = (unsigned) atoi(argv[3]);
    f.rate = atof(argv[4]);
    f.seconds = atof(argv[5]);
    f.window = argc > 6 ? (int64_t) (atof(argv[6]) * 1e9) : 0;
    f.waits = zeros(MAX_WAITS, sizeof(uint32_t));

    begin = now(CLOCK_REALTIME);

    if (f.window) {
        f.first = begin / f.window;
        f.windows = (unsigned) (f.seconds * 1e9 / (double) f.window) + 2;
        f.sure = zeros((size_t) f.keys * f.windows, sizeof(uint32_t));
        f.any = zeros(f.windows, sizeof(uint64_t));
    }

    f.epoll = epoll_create1(EPOLL_CLOEXEC);
    f.nconns = f.nports * CONNS;
    f.conns = zeros((size_t) f.nconns, sizeof(conn_t));

    for (i = 0; i < f.nconns; i++) {
        f.conns[i].port = f.ports[i % f.nports];
        open_conn(&f, &f.conns[i]);
    }

    run(&f);
    end = now(CLOCK_REALTIME);

    printf("{\"asked\": %llu, \"lost\": %llu, \"p50\": %llu, \"p99\": %llu, "
           "\"max\": %llu", (unsigned long long) f.asked,
           (unsigned long long) f.lost,
           (unsigned long long) percentile(&f, 0.5),
           (unsigned long long) percentile(&f, 0.99),
           (unsigned long long) percentile(&f, 1));

    if (f.window) {
        print_windows(&f, begin, end);
    }

    for (s = 0; s < 600; s++) {
        if (f.status[s]) {
            printf(", \"%u\": %llu", s, (unsigned long long) f.status[s]);
        }
    }

    printf("}\n");

    return 0;
}
