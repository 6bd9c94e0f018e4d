/*
 * http.c: one connection, one request, one answer.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/http.h"
#include "cli/socket.h"

typedef struct {
    const char        *verb;
    const cli_http_t  *http;
    cli_socket_t       socket;
} link_t;


/* Addresses */

static char *
copy(weir_arena_t *a, const char *data, size_t len)
{
    char  *text;

    text = weir_arena_alloc(a, len + 1);

    if (text != NULL) {
        memcpy(text, data, len);
        text[len] = '\0';
    }

    return text;
}


static cli_exit_t
bad_url(const char *verb, const char *text)
{
    return weir_cli_fail(CLI_USAGE, verb, "\"%s\" is no address as "
                         "http://host:port/path or unix:/socket:/path", text);
}


static bool
is_path(const char *path)
{
    for ( /* void */ ; *path != '\0'; path++) {
        if (*path <= ' ' || *path >= 0x7f || *path == '?' || *path == '#') {
            return false;
        }
    }

    return true;
}


static cli_exit_t
socket_url(const char *verb, const char *text, weir_arena_t *a, cli_url_t *out)
{
    const char          *path, *colon;
    struct sockaddr_un   address;

    path = text + sizeof("unix:") - 1;
    colon = strstr(path, ":/");

    if (path[0] != '/' || colon == NULL || !is_path(colon + 1)
        || (size_t) (colon - path) >= sizeof(address.sun_path))
    {
        return bad_url(verb, text);
    }

    out->host = copy(a, path, (size_t) (colon - path));
    out->port = NULL;
    out->authority = "localhost";
    out->path = copy(a, colon + 1, strlen(colon + 1));

    return out->host && out->path
           ? CLI_OK : weir_cli_fail(CLI_INTERNAL, verb, "out of memory");
}


cli_exit_t
weir_cli_url(const char *verb, const char *text, weir_arena_t *a,
    cli_url_t *out)
{
    size_t       host, len, port;
    const char  *start, *end;

    if (strncmp(text, "unix:", 5) == 0) {
        return socket_url(verb, text, a, out);
    }

    if (strncmp(text, "https://", 8) == 0) {
        return weir_cli_fail(CLI_USAGE, verb, "\"%s\": there is no TLS; ask a "
                             "loopback address or a socket", text);
    }

    if (strncmp(text, "http://", 7) != 0) {
        return bad_url(verb, text);
    }

    start = text + 7;
    len = strcspn(start, "/");

    if (start[0] == '[') {
        end = memchr(start, ']', len);
        host = end ? (size_t) (end - start) + 1 : 0;

    } else {
        host = strcspn(start, ":/");
    }

    port = host < len ? len - host - 1 : 0;

    if (host == 0 || (host < len && start[host] != ':')
        || strspn(start + host + (host < len), "0123456789") < port
        || (host < len && (port == 0 || port > 5)) || !is_path(start)
        || memchr(start, '@', len) != NULL)
    {
        return bad_url(verb, text);
    }

    out->authority = copy(a, start, len);
    out->host = start[0] == '[' ? copy(a, start + 1, host - 2)
                                : copy(a, start, host);
    out->port = port ? copy(a, start + host + 1, port) : "80";
    out->path = start[len] ? copy(a, start + len, strlen(start + len)) : "/";

    return out->authority && out->host && out->port && out->path
           ? CLI_OK : weir_cli_fail(CLI_INTERNAL, verb, "out of memory");
}


/* The connection */

static cli_exit_t
failed(const link_t *l, const char *what)
{
    const cli_url_t  *url;

    url = &l->http->url;

    return weir_cli_fail(CLI_INTERNAL, l->verb, "%s%s%s: %s", url->host,
                         url->port ? ":" : "", url->port ? url->port : "",
                         what);
}


static cli_exit_t
connect_socket(link_t *l)
{
    int                 error;
    struct sockaddr_un  address;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, l->http->url.host, strlen(l->http->url.host));

    error = weir_cli_socket_try(&l->socket, (struct sockaddr *) &address,
                                sizeof(address));

    return error ? failed(l, strerror(error)) : CLI_OK;
}


static cli_exit_t
connect_host(link_t *l)
{
    const char  *why;

    why = weir_cli_socket_connect(&l->socket, l->http->url.host,
                                  l->http->url.port);

    return why ? failed(l, why) : CLI_OK;
}


static cli_exit_t
send_all(link_t *l, const char *text, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = send(l->socket.fd, text, len, MSG_NOSIGNAL);

        if (n >= 0) {
            text += n;
            len -= (size_t) n;

        } else if (errno == EAGAIN) {
            if (!weir_cli_socket_wait(&l->socket, POLLOUT)) {
                return failed(l, "it takes too long");
            }

        } else if (errno != EINTR) {
            return failed(l, strerror(errno));
        }
    }

    return CLI_OK;
}


static cli_exit_t
send_request(link_t *l)
{
    char              *text;
    FILE              *out;
    size_t             len;
    cli_exit_t         code;
    const cli_http_t  *h;

    h = l->http;
    out = open_memstream(&text, &len);

    if (out == NULL) {
        return failed(l, strerror(errno));
    }

    fprintf(out, "%s %s%s%.*s HTTP/1.1\r\nHost: %s\r\n"
            "Connection: close\r\nContent-Length: 0\r\n%.*s\r\n", h->method,
            h->url.path, h->query.len ? "?" : "", WEIR_STR(h->query),
            h->url.authority, WEIR_STR(h->headers));

    if (fclose(out) != 0) {
        return failed(l, strerror(errno));
    }

    code = send_all(l, text, len);
    free(text);

    return code;
}


static cli_exit_t
receive(link_t *l, weir_arena_t *a, cli_answer_t *out)
{
    char        *data;
    size_t       len, room;
    ssize_t      n;
    weir_rc_t    rc;
    const char  *why;

    room = CLI_HTTP_HEAD + 2 * CLI_HTTP_BODY;
    data = weir_arena_alloc(a, room);

    if (data == NULL) {
        return failed(l, "out of memory");
    }

    for (len = 0; len < room; /* void */ ) {
        n = recv(l->socket.fd, data + len, room - len, 0);

        if (n == -1 && errno == EAGAIN) {
            if (!weir_cli_socket_wait(&l->socket, POLLIN)) {
                return failed(l, "it takes too long");
            }

            continue;
        }

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1) {
            return failed(l, strerror(errno));
        }

        len += (size_t) n;
        rc = weir_cli_http_read(data, len, n == 0, out, &why);

        if (rc == WEIR_OK) {
            return CLI_OK;
        }

        if (rc != WEIR_AGAIN) {
            return failed(l, why);
        }
    }

    return failed(l, "its answer is too large");
}


cli_exit_t
weir_cli_http(const char *verb, const cli_http_t *h, weir_arena_t *a,
    cli_answer_t *out)
{
    link_t      l;
    cli_exit_t  code;

    l.verb = verb;
    l.http = h;
    l.socket.until = weir_cli_now() + h->timeout;
    l.socket.stop = -1;
    l.socket.fd = -1;

    code = h->url.port ? connect_host(&l) : connect_socket(&l);

    if (code != CLI_OK) {
        return code;
    }

    code = send_request(&l);

    if (code == CLI_OK) {
        code = receive(&l, a, out);
    }

    close(l.socket.fd);

    return code;
}
