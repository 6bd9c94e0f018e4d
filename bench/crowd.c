/*
 * crowd.c FILE ADDR,... PORT CONNS RATE SECONDS [RECORDS]: an open loop of
 * RATE requests a second over CONNS keepalive connections at once.
 *
 * FILE has a line for each kind of request: HOST TOKEN PATH.  A connection
 * keeps to one of them; the addresses, which are loopback, take connections in
 * turn.  Requests are due at fixed times whatever became of those before; one
 * that finds its connection waiting is sent when the answer came.  How long an
 * answer took counts from when its request was due.
 *
 * Prints one line of JSON.  RECORDS gets a line for each request, in the order
 * in which they were due: line of FILE, from 0; when it was due, sent and
 * answered (ns since 1970, 0 = never); status; the headers X-Policy and X-Arm,
 * or "-".
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_ADDRS   16
#define MAX_KINDS   65536
#define MAX_CONNS   60000
#define MAX_ASKED   (1 << 24)
#define CONNECTING  256         /* at once */
#define GRACE       5           /* s after the last request was due */
#define MARK        24          /* of a header, with its zero */

typedef struct {
    char     *data;
    size_t    len;
} text_t;

typedef struct {
    int64_t   due;              /* ns since 1970 */
    int64_t   sent;
    int64_t   answered;         /* 0: never */
    unsigned  status;
    char      policy[MARK];
    char      arm[MARK];
} record_t;

typedef struct {
    int       fd;
    unsigned  kind;
    uint64_t  next;             /* its next request */
    record_t *waits;            /* NULL: idle */
    size_t    have;
    size_t    need;             /* 0: the header is not whole yet */
    char      buf[4096];
} conn_t;

typedef struct {
    struct sockaddr_in  addrs[MAX_ADDRS];
    size_t              naddrs;
    text_t             *kinds;
    unsigned            nkinds;
    size_t              nconns;
    double              rate;
    double              seconds;

    int                 epoll;
    conn_t             *conns;
    record_t           *records;
    uint64_t            asked;  /* of the whole run */
    uint64_t            left;
    uint64_t            broken; /* connections that ended */
    int64_t             start;
} crowd_t;


static void
die(const char *what)
{
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void *
zeroed(size_t n, size_t size)
{
    void  *p;

    p = calloc(n, size);

    if (p == NULL) {
        die("memory");
    }

    return p;
}


static void
read_kinds(crowd_t *crowd, const char *name)
{
    char     *line, *request, host[256], token[3072], path[256];
    FILE     *file;
    size_t    size;
    text_t   *kind;

    file = fopen(name, "r");

    if (file == NULL) {
        die(name);
    }

    line = NULL;
    size = 0;
    crowd->kinds = zeroed(MAX_KINDS, sizeof(text_t));

    while (getline(&line, &size, file) > 0) {

        if (crowd->nkinds == MAX_KINDS
            || sscanf(line, "%255s %3071s %255s", host, token, path) != 3)
        {
            errno = EINVAL;
            die(name);
        }

        request = zeroed(4096, 1);
        kind = &crowd->kinds[crowd->nkinds++];
        kind->data = request;
        kind->len = (size_t) snprintf(request, 4096,
                                      "GET %s HTTP/1.1\r\nHost: %s\r\n"
                                      "Authorization: Bearer %s\r\n\r\n",
                                      path, host, token);
    }

    free(line);
    fclose(file);

    if (crowd->nkinds == 0) {
        errno = EINVAL;
        die(name);
    }
}


static void
read_addrs(crowd_t *crowd, char *list, const char *port)
{
    char                *addr;
    struct sockaddr_in  *sin;

    for (addr = strtok(list, ","); addr != NULL; addr = strtok(NULL, ",")) {

        if (crowd->naddrs == MAX_ADDRS) {
            errno = E2BIG;
            die(addr);
        }

        sin = &crowd->addrs[crowd->naddrs++];
        sin->sin_family = AF_INET;
        sin->sin_port = htons((uint16_t) atoi(port));

        if (inet_pton(AF_INET, addr, &sin->sin_addr) != 1) {
            errno = EINVAL;
            die(addr);
        }
    }
}


static void
watch(crowd_t *crowd, conn_t *c, int how, uint32_t events)
{
    struct epoll_event  event;

    event.events = events;
    event.data.ptr = c;

    if (epoll_ctl(crowd->epoll, how, c->fd, &event) == -1) {
        die("epoll_ctl");
    }
}


static void
begin_connect(crowd_t *crowd, size_t i)
{
    int                  one;
    conn_t              *c;
    struct sockaddr_in  *sin;

    c = &crowd->conns[i];
    c->kind = (unsigned) (i % crowd->nkinds);
    c->next = i;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (c->fd == -1) {
        die("socket");
    }

    one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    sin = &crowd->addrs[i % crowd->naddrs];

    if (connect(c->fd, (struct sockaddr *) sin, sizeof(*sin)) == -1
        && errno != EINPROGRESS)
    {
        die("connect");
    }

    watch(crowd, c, EPOLL_CTL_ADD, EPOLLOUT);
}


static void
connect_all(crowd_t *crowd)
{
    int                  i, n, error;
    size_t               begun, done;
    conn_t              *c;
    socklen_t            len;
    struct epoll_event   events[CONNECTING];

    begun = 0;
    done = 0;

    while (done < crowd->nconns) {

        while (begun < crowd->nconns && begun - done < CONNECTING) {
            begin_connect(crowd, begun++);
        }

        n = epoll_wait(crowd->epoll, events, CONNECTING, 10000);

        if (n <= 0) {
            errno = n == 0 ? ETIMEDOUT : errno;
            die("connect");
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;
            len = sizeof(error);
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);

            if (error != 0) {
                errno = error;
                die("connect");
            }

            watch(crowd, c, EPOLL_CTL_MOD, EPOLLIN);
            done++;
        }
    }
}


static int64_t
due(crowd_t *crowd, uint64_t request)
{
    return crowd->start + (int64_t) ((double) request * 1e9 / crowd->rate);
}


/* What waits on a connection that ended stays without an answer. */
static void
broken(crowd_t *crowd, conn_t *c)
{
    close(c->fd);
    c->fd = -1;
    c->waits = NULL;
    crowd->broken++;

    for ( /* void */ ; c->next < crowd->asked; c->next += crowd->nconns) {
        crowd->left--;
    }
}


/* If the next request of a connection that is idle is due. */
static void
ask(crowd_t *crowd, conn_t *c, int64_t at)
{
    text_t    *kind;
    record_t  *record;

    if (c->fd == -1 || c->waits != NULL || c->next >= crowd->asked
        || due(crowd, c->next) > at)
    {
        return;
    }

    record = &crowd->records[c->next];
    record->due = due(crowd, c->next);
    record->sent = now();
    kind = &crowd->kinds[c->kind];
    c->next += crowd->nconns;

    /* one request fits any socket's buffer */
    if (send(c->fd, kind->data, kind->len, MSG_NOSIGNAL)
        != (ssize_t) kind->len)
    {
        crowd->left--;
        broken(crowd, c);
        return;
    }

    c->waits = record;
    c->have = 0;
    c->need = 0;
}


static void
header(const char *name, const char *line, size_t len, char *out)
{
    size_t  n;

    n = strlen(name);

    if (len < n || strncasecmp(line, name, n) != 0) {
        return;
    }

    len = len - n < MARK - 1 ? len - n : MARK - 1;
    memcpy(out, line + n, len);
    out[len] = '\0';
}


/* Takes the status and headers of an answer; need is its whole length. */
static int
parse(conn_t *c)
{
    char      *p, *end, *eol, length[MARK];
    record_t  *record;

    end = memmem(c->buf, c->have, "\r\n\r\n", 4);

    if (end == NULL) {
        return c->have < sizeof(c->buf) ? 0 : -1;
    }

    record = c->waits;

    if (sscanf(c->buf, "HTTP/1.1 %3u", &record->status) != 1) {
        return -1;
    }

    length[0] = '\0';

    for (p = c->buf; p < end; p = eol + 2) {
        eol = memmem(p, (size_t) (end + 2 - p), "\r\n", 2);
        header("content-length: ", p, (size_t) (eol - p), length);
        header("x-policy: ", p, (size_t) (eol - p), record->policy);
        header("x-arm: ", p, (size_t) (eol - p), record->arm);
    }

    if (length[0] == '\0') {
        return -1;
    }

    c->need = (size_t) (end + 4 - c->buf) + strtoul(length, NULL, 10);

    return c->need <= sizeof(c->buf) ? 0 : -1;
}


static void
hear(crowd_t *crowd, conn_t *c)
{
    int64_t   at;
    ssize_t   n;

    n = recv(c->fd, c->buf + c->have, sizeof(c->buf) - c->have, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n > 0) {
        c->have += (size_t) n;
    }

    if (n <= 0 || c->waits == NULL
        || (c->need == 0 && parse(c) != 0)
        || (c->need != 0 && c->have > c->need))
    {
        if (c->waits != NULL) {
            c->waits->status = 0;
            crowd->left--;
        }

        broken(crowd, c);
        return;
    }

    if (c->need == 0 || c->have < c->need) {
        return;
    }

    at = now();
    c->waits->answered = at;
    c->waits = NULL;
    crowd->left--;
    ask(crowd, c, at);
}


static void
run(crowd_t *crowd)
{
    int                  i, n;
    int64_t              at, wait;
    uint64_t             next;
    struct timespec      timeout;
    struct epoll_event   events[512];

    next = 0;
    crowd->left = crowd->asked;
    crowd->start = now() + 100000000;

    while (crowd->left != 0) {
        at = now();

        for ( /* void */ ; next < crowd->asked; next++) {

            if (due(crowd, next) > at) {
                break;
            }

            ask(crowd, &crowd->conns[next % crowd->nconns], at);
        }

        wait = next < crowd->asked ? due(crowd, next) - now() : 100000000;

        if (at > due(crowd, crowd->asked) + GRACE * (int64_t) 1000000000) {
            return;
        }

        wait = wait > 0 ? wait : 0;
        timeout.tv_sec = wait / 1000000000;
        timeout.tv_nsec = wait % 1000000000;
        n = epoll_pwait2(crowd->epoll, events, 512, &timeout, NULL);

        for (i = 0; i < n; i++) {
            hear(crowd, events[i].data.ptr);
        }
    }
}


static int
by_value(const void *a, const void *b)
{
    const int64_t  *x, *y;

    x = a;
    y = b;

    return (*x > *y) - (*x < *y);
}


static void
report(crowd_t *crowd)
{
    int64_t   *took;
    uint64_t   i, n, late;

    took = zeroed(crowd->asked, sizeof(int64_t));
    n = 0;
    late = 0;

    for (i = 0; i < crowd->asked; i++) {

        if (crowd->records[i].answered == 0) {
            continue;
        }

        took[n++] = (crowd->records[i].answered - crowd->records[i].due)
                    / 1000;
        late += crowd->records[i].sent - crowd->records[i].due > 10000000;
    }

    qsort(took, n, sizeof(int64_t), by_value);

    printf("{\"conns\": %zu, \"asked\": %lu, \"answered\": %lu, "
           "\"broken\": %lu, \"late\": %lu", crowd->nconns, crowd->asked, n,
           crowd->broken, late);

    if (n != 0) {
        printf(", \"p50_us\": %ld, \"p95_us\": %ld, \"p99_us\": %ld, "
               "\"max_us\": %ld", took[n / 2], took[n * 95 / 100],
               took[n * 99 / 100], took[n - 1]);
    }

    puts("}");
    free(took);
}


static void
save(crowd_t *crowd, const char *name)
{
    FILE      *file;
    uint64_t   i;
    record_t  *r;

    file = fopen(name, "w");

    if (file == NULL) {
        die(name);
    }

    for (i = 0; i < crowd->asked; i++) {
        r = &crowd->records[i];

        fprintf(file, "%lu %ld %ld %ld %u %s %s\n",
                i % crowd->nconns % crowd->nkinds, due(crowd, i), r->sent,
                r->answered, r->status, r->policy[0] ? r->policy : "-",
                r->arm[0] ? r->arm : "-");
    }

    if (fclose(file) != 0) {
        die(name);
    }
}


int
main(int argc, char **argv)
{
    crowd_t        crowd;
    struct rlimit  limit;

    if (argc < 7) {
        fprintf(stderr, "usage: crowd FILE ADDR,... PORT CONNS RATE SECONDS"
                        " [RECORDS]\n");
        return 2;
    }

    memset(&crowd, 0, sizeof(crowd));
    read_kinds(&crowd, argv[1]);
    read_addrs(&crowd, argv[2], argv[3]);
    crowd.nconns = strtoul(argv[4], NULL, 10);
    crowd.rate = atof(argv[5]);
    crowd.seconds = atof(argv[6]);
    crowd.asked = (uint64_t) (crowd.rate * crowd.seconds);

    if (crowd.naddrs == 0 || crowd.nconns == 0 || crowd.nconns > MAX_CONNS
        || crowd.asked == 0 || crowd.asked > MAX_ASKED)
    {
        errno = EINVAL;
        die("arguments");
    }

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    crowd.epoll = epoll_create1(0);
    crowd.conns = zeroed(crowd.nconns, sizeof(conn_t));
    crowd.records = zeroed(crowd.asked, sizeof(record_t));

    if (crowd.epoll == -1) {
        die("epoll_create1");
    }

    connect_all(&crowd);
    run(&crowd);
    report(&crowd);

    if (argc > 7) {
        save(&crowd, argv[7]);
    }

    return 0;
}
