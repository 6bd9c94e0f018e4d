/*
 * https.c: one request by TLS.
 *
 * The server must show a certificate that one of the given authorities signed,
 * for the host as it was named.  A writer must have SIGPIPE blocked.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/https.h"
#include "cli/socket.h"

typedef struct {
    const cli_https_t  *https;
    cli_socket_t        socket;
    SSL                *ssl;
    char               *why;
} tls_t;


static bool
fail(char *why, const char *text)
{
    snprintf(why, CLI_HTTPS_WHY, "%s", text ? text : "OpenSSL does not say");
    return false;
}


/* The last that OpenSSL said, or what the system did. */
static bool
fail_tls(const tls_t *t, int system)
{
    long           verified;
    unsigned long  error;

    verified = SSL_get_verify_result(t->ssl);
    error = ERR_peek_last_error();

    if (verified != X509_V_OK) {
        snprintf(t->why, CLI_HTTPS_WHY, "its certificate is refused: %s",
                 X509_verify_cert_error_string(verified));
        return false;
    }

    if (error != 0) {
        return fail(t->why, ERR_reason_error_string(error));
    }

    return fail(t->why, system ? strerror(system) : "it hung up");
}


/* What to do about a result of OpenSSL; false: there is no more to be done. */
static bool
go_on(tls_t *t, int rc)
{
    int  system;

    system = errno;

    switch (SSL_get_error(t->ssl, rc)) {

    case SSL_ERROR_WANT_READ:
        return weir_cli_socket_wait(&t->socket, POLLIN)
               || fail(t->why, "it takes too long");

    case SSL_ERROR_WANT_WRITE:
        return weir_cli_socket_wait(&t->socket, POLLOUT)
               || fail(t->why, "it takes too long");

    case SSL_ERROR_SYSCALL:
        return fail_tls(t, system);

    default:
        return fail_tls(t, 0);
    }
}


static SSL_CTX *
make_context(const char *ca, char *why)
{
    SSL_CTX  *ctx;

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
    {
        SSL_CTX_free(ctx);
        (void) fail(why, "out of memory");
        return NULL;
    }

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    (void) SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);

    if (SSL_CTX_load_verify_file(ctx, ca) != 1) {
        SSL_CTX_free(ctx);
        snprintf(why, CLI_HTTPS_WHY, "%s holds no certificates in PEM", ca);
        return NULL;
    }

    return ctx;
}


/* Whose certificate it has to be. */
static bool
expect_host(SSL *ssl, const char *host)
{
    unsigned char  address[16];

    if (inet_pton(AF_INET, host, address) == 1
        || inet_pton(AF_INET6, host, address) == 1)
    {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }

    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);

    return SSL_set1_host(ssl, host) == 1
           && SSL_set_tlsext_host_name(ssl, host) == 1;
}


static bool
handshake(tls_t *t)
{
    int  rc;

    if (!expect_host(t->ssl, t->https->host)
        || SSL_set_fd(t->ssl, t->socket.fd) != 1)
    {
        return fail(t->why, "out of memory");
    }

    do {
        ERR_clear_error();
        rc = SSL_connect(t->ssl);

        if (rc == 1) {
            return true;
        }
    } while (go_on(t, rc));

    return false;
}


static bool
send_all(tls_t *t)
{
    int     rc;
    size_t  n;

    /* without partial writes it is all of it or none */
    do {
        ERR_clear_error();
        rc = SSL_write_ex(t->ssl, t->https->request.data,
                          t->https->request.len, &n);

        if (rc == 1) {
            return true;
        }
    } while (go_on(t, rc));

    return false;
}


static bool
receive(tls_t *t, char *data, cli_answer_t *out)
{
    int          rc;
    bool         ended;
    size_t       len, n;
    weir_rc_t    read;
    const char  *why;

    for (len = 0; len < CLI_HTTPS_ANSWER; /* void */ ) {
        ERR_clear_error();
        n = 0;
        rc = SSL_read_ex(t->ssl, data + len, CLI_HTTPS_ANSWER - len, &n);
        ended = rc != 1
                && SSL_get_error(t->ssl, rc) == SSL_ERROR_ZERO_RETURN;

        if (rc != 1 && !ended) {
            if (!go_on(t, rc)) {
                return false;
            }

            continue;
        }

        len += n;
        read = weir_cli_http_read(data, len, ended, out, &why);

        if (read != WEIR_AGAIN) {
            return read == WEIR_OK || fail(t->why, why);
        }
    }

    return fail(t->why, "its answer is too large");
}


bool
weir_cli_https(const cli_https_t *h, char data[CLI_HTTPS_ANSWER],
    cli_answer_t *out, char why[CLI_HTTPS_WHY])
{
    bool         done;
    tls_t        t;
    SSL_CTX     *ctx;
    const char  *refused;

    ctx = make_context(h->ca, why);

    if (ctx == NULL) {
        ERR_clear_error();
        return false;
    }

    t.https = h;
    t.why = why;
    t.ssl = SSL_new(ctx);
    t.socket.fd = -1;
    t.socket.stop = h->stop;
    t.socket.until = weir_cli_now() + h->timeout;

    refused = t.ssl ? weir_cli_socket_connect(&t.socket, h->host, h->port)
                    : "out of memory";
    done = refused ? fail(why, refused)
                   : handshake(&t) && send_all(&t) && receive(&t, data, out);

    if (t.socket.fd != -1) {
        close(t.socket.fd);
    }

    SSL_free(t.ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();

    return done;
}
