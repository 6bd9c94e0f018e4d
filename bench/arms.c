/*
 * arms.c PORT KEYS FILE: GET / once for each of so many keys, in a header
 * X-Key, and write for each the last letter of the answer's header X-Arm, one
 * behind the other.
 *
 * Requests are pipelined on one connection.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE  64


static void
die(const char *what)
{
    fprintf(stderr, "arms: %s: %s\n", what, strerror(errno));
    exit(1);
}


static int
dial(int port)
{
    int                 fd;
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons((unsigned short) port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1
        || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1)
    {
        die("connect");
    }

    return fd;
}


static void
ask(int fd, unsigned first, unsigned n)
{
    char      text[AT_ONCE * 64];
    size_t    len;
    unsigned  i;

    len = 0;

    for (i = first; i < first + n; i++) {
        len += (size_t) snprintf(text + len, sizeof(text) - len,
                                 "GET / HTTP/1.1\r\nHost: a\r\n"
                                 "X-Key: k%u\r\n\r\n", i);
    }

    if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t) len) {
        die("send");
    }
}


/* Answers without a body; what is behind the last one stays in buf. */
static void
answers(int fd, unsigned n, FILE *out)
{
    static char    buf[65536];
    static size_t  have;

    char     *end, *arm;
    ssize_t   got;

    while (n != 0) {
        buf[have] = '\0';
        end = strstr(buf, "\r\n\r\n");

        if (end == NULL) {
            got = recv(fd, buf + have, sizeof(buf) - 1 - have, 0);

            if (got <= 0) {
                die("receive");
            }

            have += (size_t) got;
            continue;
        }

        *end = '\0';
        arm = strstr(buf, "X-Arm: ");

        if (arm == NULL) {
            fprintf(stderr, "arms: no X-Arm in \"%s\"\n", buf);
            exit(1);
        }

        arm += strcspn(arm, "\r");
        putc(arm[-1], out);
        n--;

        end += 4;
        have -= (size_t) (end - buf);
        memmove(buf, end, have);
    }
}


int
main(int argc, char **argv)
{
    int        fd;
    FILE      *out;
    unsigned   i, n, keys;

    if (argc != 4) {
        fprintf(stderr, "usage: arms PORT KEYS FILE\n");
        return 2;
    }

    fd = dial(atoi(argv[1]));
    keys = (unsigned) atoi(argv[2]);
    out = fopen(argv[3], "w");

    if (out == NULL) {
        die(argv[3]);
    }

    for (i = 0; i < keys; i += n) {
        n = keys - i < AT_ONCE ? keys - i : AT_ONCE;
        ask(fd, i, n);
        answers(fd, n, out);
    }

    return fclose(out) == 0 ? 0 : 1;
}
