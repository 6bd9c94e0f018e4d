/*
 * watch_serve.c: who asks weir watch, and how long they may take.
 *
 * One thread, which waits in poll() alone.  A connection is for one request
 * and ends in time, whatever its client does; where there are too many, the
 * oldest makes room, so that clients that say nothing keep nobody out.
 */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/socket.h"
#include "cli/watch.h"

#define MOST     16             /* connections */
#define PATIENCE 5000           /* ms, for a connection, all in all */
#define PAUSE    50             /* ms, where there are no descriptors left */

typedef struct {
    int       fd;               /* -1: it is free */
    int64_t   until;            /* ms of weir_cli_now() */
    size_t    len;              /* of what was read */
    size_t    size;             /* of the answer; 0: it is not asked yet */
    size_t    sent;
    char      in[CLI_ASK];
    char      out[CLI_ANSWER];
} conn_t;

struct cli_server_s {
    pthread_t     thread;
    int           stop[2];      /* closed at the end that is written to: end */
    int           fd;
    cli_state_t  *state;
    conn_t        conns[MOST];
};


static void
drop(conn_t *c)
{
    close(c->fd);
    c->fd = -1;
}


/* One that is free, or becomes free. */
static conn_t *
room(cli_server_t *s)
{
    size_t   i;
    conn_t  *c;

    c = &s->conns[0];

    for (i = 0; i < MOST && c->fd != -1; i++) {
        if (s->conns[i].fd == -1 || s->conns[i].until < c->until) {
            c = &s->conns[i];
        }
    }

    if (c->fd != -1) {
        drop(c);
    }

    return c;
}


static void
meet(cli_server_t *s)
{
    int      fd;
    conn_t  *c;

    fd = accept(s->fd, NULL, NULL);

    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
            || errno == ENOBUFS)
        {
            (void) poll(NULL, 0, PAUSE);
        }

        return;
    }

    c = room(s);
    c->fd = fd;
    c->until = weir_cli_now() + PATIENCE;
    c->len = 0;
    c->size = 0;
    c->sent = 0;
}


/* Of what was read, up to the empty line; 0: there is none yet. */
static size_t
head_len(const conn_t *c)
{
    size_t  i;

    for (i = 4; i <= c->len; i++) {
        if (memcmp(c->in + i - 4, "\r\n\r\n", 4) == 0) {
            return i;
        }
    }

    return 0;
}


static void
hear(cli_server_t *s, conn_t *c)
{
    size_t   len;
    ssize_t  n;

    n = recv(c->fd, c->in + c->len, sizeof(c->in) - c->len, MSG_DONTWAIT);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            drop(c);
        }

        return;
    }

    c->len += (size_t) n;
    len = head_len(c);

    /* one that is too long is answered as far as it came: 400 */
    if (len != 0 || c->len == sizeof(c->in)) {
        c->size = weir_cli_watch_answer(weir_str(c->in, len), s->state,
                                        c->out);
        if (c->size == 0) {
            drop(c);
        }
    }
}


static void
say(conn_t *c)
{
    ssize_t  n;

    n = send(c->fd, c->out + c->sent, c->size - c->sent,
             MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n >= 0) {
        c->sent += (size_t) n;

    } else if (errno != EAGAIN && errno != EINTR) {
        drop(c);
        return;
    }

    /* what is unread when it is closed would take the answer with it */
    if (c->sent == c->size) {
        (void) shutdown(c->fd, SHUT_WR);
    }
}


/* Until the client has heard it, and says so by closing. */
static void
part(conn_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT);

    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
    }
}


static void
go_on(cli_server_t *s, conn_t *c, const struct pollfd *p)
{
    if (weir_cli_now() >= c->until) {
        drop(c);

    } else if (p->revents == 0) {
        return;

    } else if (c->size == 0) {
        hear(s, c);

    } else if (c->sent < c->size) {
        say(c);

    } else {
        part(c);
    }
}


/* What to wait for, by connection, and how long. */
static int
expect(const cli_server_t *s, struct pollfd *p)
{
    size_t          i;
    int64_t         left, until;
    const conn_t   *c;

    until = -1;

    for (i = 0; i < MOST; i++) {
        c = &s->conns[i];
        p[i].fd = c->fd;
        p[i].events = c->sent < c->size ? POLLOUT : POLLIN;
        p[i].revents = 0;

        if (c->fd != -1 && (until == -1 || c->until < until)) {
            until = c->until;
        }
    }

    if (until == -1) {
        return -1;
    }

    left = until - weir_cli_now();

    return left > 0 ? (int) left : 0;
}


static void *
serve(void *data)
{
    size_t          i;
    cli_server_t   *s;
    struct pollfd   p[MOST + 2];

    s = data;

    p[MOST].fd = s->fd;
    p[MOST].events = POLLIN;
    p[MOST + 1].fd = s->stop[0];
    p[MOST + 1].events = POLLIN;

    for ( ;; ) {
        p[MOST].revents = 0;
        p[MOST + 1].revents = 0;

        if (poll(p, MOST + 2, expect(s, p)) == -1 && errno != EINTR) {
            (void) poll(NULL, 0, PAUSE);
            continue;
        }

        if (p[MOST + 1].revents) {
            return NULL;
        }

        for (i = 0; i < MOST; i++) {
            if (s->conns[i].fd != -1) {
                go_on(s, &s->conns[i], &p[i]);
            }
        }

        if (p[MOST].revents) {
            meet(s);
        }
    }
}


/* [ADDR]:PORT; the parts end with NUL; false: it is none. */
static bool
split(const char *address, char host[NI_MAXHOST], char port[6])
{
    size_t       n;
    const char  *colon;

    colon = strrchr(address, ':');

    if (colon == NULL) {
        return false;
    }

    n = (size_t) (colon - address);

    if (n > 1 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;

    } else if (memchr(address, ':', n) != NULL) {
        return false;
    }

    if (n >= NI_MAXHOST || strlen(colon + 1) > 5 || colon[1] == '\0'
        || strspn(colon + 1, "0123456789") != strlen(colon + 1)
        || atoi(colon + 1) > 65535)
    {
        return false;
    }

    memcpy(host, address, n);
    host[n] = '\0';
    strcpy(port, colon + 1);

    return true;
}


/* -1, with errno. */
static int
bind_one(const struct addrinfo *a)
{
    int  error, fd, no, yes;

    no = 0;
    yes = 1;
    fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return -1;
    }

    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));

    if (a->ai_family == AF_INET6) {
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    }

    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0
        && listen(fd, SOMAXCONN) == 0)
    {
        return fd;
    }

    error = errno;
    close(fd);
    errno = error;

    return -1;
}


/* IPv6 first: without an address it hears IPv4 as well. */
static int
bind_any(const struct addrinfo *list)
{
    int                     fd, round;
    const struct addrinfo  *a;

    fd = -1;

    for (round = 0; round < 2; round++) {
        for (a = list; a != NULL && fd == -1; a = a->ai_next) {
            if ((a->ai_family == AF_INET6) == (round == 0)) {
                fd = bind_one(a);
            }
        }
    }

    return fd;
}


static cli_exit_t
listen_at(const char *address, int *out)
{
    int               error, fd;
    char              host[NI_MAXHOST], port[6];
    struct addrinfo   hints, *list;

    if (!split(address, host, port)) {
        return weir_cli_fail(CLI_USAGE, "watch", "\"%s\" is no address as "
                             ":9146, 127.0.0.1:9146 or [::1]:9146", address);
    }

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;

    error = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);

    if (error != 0) {
        return weir_cli_fail(CLI_USAGE, "watch", "%s: %s", address,
                             gai_strerror(error));
    }

    fd = bind_any(list);
    error = errno;
    freeaddrinfo(list);

    if (fd == -1) {
        return weir_cli_fail(CLI_INTERNAL, "watch", "%s: %s", address,
                             strerror(error));
    }

    *out = fd;

    return CLI_OK;
}


/* The port may have been 0. */
static void
print_address(int fd)
{
    char                      host[NI_MAXHOST], port[NI_MAXSERV];
    socklen_t                 len;
    struct sockaddr_storage   address;

    len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *) &address, &len) == 0
        && getnameinfo((struct sockaddr *) &address, len, host, sizeof(host),
                       port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV)
           == 0)
    {
        printf(strchr(host, ':') ? "listening at [%s]:%s\n"
                                 : "listening at %s:%s\n", host, port);
        fflush(stdout);
    }
}


cli_exit_t
weir_cli_serve(const char *address, cli_state_t *state, cli_server_t **out)
{
    int            error;
    size_t         i;
    cli_exit_t     code;
    cli_server_t  *s;

    s = calloc(1, sizeof(cli_server_t));

    if (s == NULL) {
        return weir_cli_fail(CLI_INTERNAL, "watch", "out of memory");
    }

    s->state = state;

    for (i = 0; i < MOST; i++) {
        s->conns[i].fd = -1;
    }

    code = listen_at(address, &s->fd);

    if (code != CLI_OK) {
        free(s);
        return code;
    }

    if (pipe(s->stop) != 0) {
        error = errno;
        goto failed;
    }

    error = pthread_create(&s->thread, NULL, serve, s);

    if (error == 0) {
        print_address(s->fd);
        *out = s;
        return CLI_OK;
    }

    close(s->stop[0]);
    close(s->stop[1]);

failed:

    close(s->fd);
    free(s);

    return weir_cli_fail(CLI_INTERNAL, "watch", "%s", strerror(error));
}


void
weir_cli_serve_stop(cli_server_t *s)
{
    size_t  i;

    if (s == NULL) {
        return;
    }

    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    close(s->stop[0]);
    close(s->fd);

    for (i = 0; i < MOST; i++) {
        if (s->conns[i].fd != -1) {
            drop(&s->conns[i]);
        }
    }

    free(s);
}
