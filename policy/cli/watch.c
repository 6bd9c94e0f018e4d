/*
 * watch.c: weir watch FILE -o IMAGE: compiles again whenever a file changes
 * that took part.
 *
 * An image is written whole, and only of sources that stood still while they
 * were read; of sources with errors the last good image stays.  Whoever has to
 * know is told after that: those who ask at --listen, and Kubernetes.
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/socket.h"
#include "cli/watch.h"
#include "run/crypto.h"

/* milliseconds */
#define QUIET_TIME  100
#define LOOK        2000        /* between looks without an event */
#define RETRY       10000       /* where the image could not be written */
#define IMPATIENCE  30          /* quiet times that events may go on for */

/* bytes: what is told of an image, or of an error */
#define LINE        (PATH_MAX + 256)

typedef struct {
    const char     *file;
    const char     *image;
    const char     *key;        /* or NULL */
    const char     *listen;     /* or NULL */
    const char     *account;
    bool            kubernetes;
    int             quiet;      /* milliseconds */
    int             signals;
    cli_sources_t   sources;
    int64_t         retry;      /* ms of weir_cli_now(); 0: it is written */
    cli_state_t     state;
    cli_server_t   *server;     /* or NULL */
    cli_poster_t   *poster;     /* or NULL */
} watch_t;


/* Whether the image on the disk has these bytes. */
static bool
is_written(const char *path, weir_str_t bytes)
{
    FILE    *f;
    char     buf[65536];
    size_t   n, at;

    f = fopen(path, "rb");

    if (f == NULL) {
        return false;
    }

    for (at = 0; (n = fread(buf, 1, sizeof(buf), f)) != 0; at += n) {
        if (n > bytes.len - at || memcmp(buf, bytes.data + at, n) != 0) {
            break;
        }
    }

    fclose(f);

    return n == 0 && at == bytes.len;
}


/* IMAGE: digest HEX[, serial N]; and the digest alone. */
static void
describe(const char *path, const weir_image_header_t *h, char line[LINE],
    char *digest)
{
    int     n;
    size_t  i;

    for (i = 0; i < sizeof(h->digest); i++) {
        snprintf(digest + 2 * i, 3, "%02x", h->digest[i]);
    }

    n = snprintf(line, LINE, "%.*s: digest %s", PATH_MAX, path, digest);

    if (h->flags & WEIR_IMAGE_HAS_SERIAL) {
        snprintf(line + n, LINE - (size_t) n, ", serial %" PRIu64, h->serial);
    }
}


static cli_exit_t
sign(watch_t *w, cli_policy_t *p)
{
    cli_exit_t         code;
    weir_str_t         pem;
    weir_secret_key_t  secret;

    weir_cli_sources_note(&w->sources, w->key);

    code = weir_cli_read("watch", w->key, p->arena, &pem);

    if (code != CLI_OK) {
        return code;
    }

    if (weir_secret_key_load(pem, &secret) != WEIR_OK) {
        return weir_cli_fail(CLI_SIGNATURE, "watch",
                             "%s holds no Ed25519 private key in PEM", w->key);
    }

    /* the compiler made the bytes, in memory that can be written */
    if (weir_image_sign((uint8_t *) p->bytes.data, &secret) != WEIR_OK) {
        return weir_cli_fail(CLI_INTERNAL, "watch", "OpenSSL does not sign");
    }

    return CLI_OK;
}


/* digest: NULL: there is no image of the source as it is. */
static void
tell(watch_t *w, const char *digest, const char *text)
{
    cli_state_t  *s;

    s = &w->state;

    pthread_mutex_lock(&s->lock);

    s->valid = digest != NULL;

    if (digest != NULL) {
        s->ok++;
        s->last_success = (int64_t) time(NULL);
        memcpy(s->digest, digest, sizeof(s->digest));

    } else {
        s->errors++;
    }

    pthread_mutex_unlock(&s->lock);

    weir_cli_post_event(w->poster, digest ? "PolicyCompiled"
                                          : "PolicyRejected",
                        digest == NULL, weir_cstr(text));
}


/* Of errors that were printed, the first. */
static void
tell_error(watch_t *w, const weir_diags_t *d)
{
    int                 n;
    char                code[8], line[LINE];
    size_t              i;
    const weir_diag_t  *g;

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];

        if (g->severity == WEIR_SEV_ERROR && g->span.file < d->files.len) {
            weir_cli_code(g, code);
            n = snprintf(line, sizeof(line), "%.*s:",
                         WEIR_STR(d->files.items[g->span.file].name));

            if (g->span.line != 0 && n > 0 && n < LINE) {
                n += snprintf(line + n, sizeof(line) - (size_t) n, "%u:%u:",
                              g->span.line, g->span.col);
            }

            if (n > 0 && n < LINE) {
                snprintf(line + n, sizeof(line) - (size_t) n,
                         " error[%s]: %.*s", code, WEIR_STR(g->text));
            }

            tell(w, NULL, line);
            return;
        }
    }

    snprintf(line, sizeof(line), "%s has errors", w->file);
    tell(w, NULL, line);
}


/* The log says why. */
static void
tell_failure(watch_t *w)
{
    char  line[LINE];

    snprintf(line, sizeof(line), "%s could not be made of %s; the log of the "
             "container says why", w->image, w->file);
    tell(w, NULL, line);
}


/* false: what was read has changed meanwhile. */
static bool
write_image(watch_t *w, cli_policy_t *p)
{
    bool  same;
    char  line[LINE], digest[sizeof(w->state.digest)];

    if (w->key != NULL && sign(w, p) != CLI_OK) {
        tell_failure(w);
        return true;
    }

    if (weir_cli_sources_changed(&w->sources)) {
        return false;
    }

    same = is_written(w->image, p->bytes);

    if (!same && weir_cli_write("watch", w->image, p->bytes, 0666) != CLI_OK) {
        w->retry = weir_cli_now() + RETRY;
        tell_failure(w);
        return true;
    }

    describe(w->image, p->image.header, line, digest);
    tell(w, digest, line);
    printf("%s%s\n", line, same ? ", unchanged" : "");
    fflush(stdout);

    return true;
}


/* false: it is there by now. */
static bool
await_file(watch_t *w)
{
    char  line[LINE];

    weir_cli_sources_note(&w->sources, w->file);

    if (w->sources.files.len != 0 && w->sources.files.items[0].there) {
        return false;
    }

    (void) weir_cli_fail(CLI_OK, "watch", "%s: no such file yet; %s", w->file,
                         access(w->image, F_OK) == 0
                         ? "the image stays" : "waiting for it");
    snprintf(line, sizeof(line), "%s: no such file", w->file);
    tell(w, NULL, line);

    return true;
}


/* false: what was read has changed meanwhile, so that it has to be redone. */
static bool
build(watch_t *w)
{
    bool            done, there;
    cli_sources_t   old;
    cli_exit_t      code;
    cli_policy_t    policy;
    weir_loader_t   loader;

    old = w->sources;
    w->retry = 0;
    there = weir_cli_sources_open(&w->sources, &loader);
    weir_cli_sources_close(&old);

    if (!there) {
        return true;
    }

    if (access(w->file, F_OK) == -1 && errno == ENOENT) {
        return await_file(w);
    }

    done = true;
    code = weir_cli_load_with("watch", w->file, &loader, &policy);

    if (code == CLI_OK) {
        done = write_image(w, &policy);

    } else if (weir_cli_sources_changed(&w->sources)) {
        done = false;

    } else if (code == CLI_SOURCE) {
        flockfile(stderr);
        weir_cli_report(&policy.diags, CLI_TEXT);
        funlockfile(stderr);
        (void) weir_cli_fail(code, "watch", "%s stays as it is", w->image);
        tell_error(w, &policy.diags);

    } else {
        tell_failure(w);
    }

    weir_cli_close(&policy);

    return done;
}


typedef enum {
    NOTHING,
    EVENT,
    STOP
} happened_t;

/* What happens within some milliseconds; takes the events off. */
static happened_t
await(const watch_t *w, int ms)
{
    int            n;
    char           buf[8192];
    struct pollfd  fds[2];

    fds[0].fd = w->signals;
    fds[0].events = POLLIN;
    fds[1].fd = w->sources.notify;
    fds[1].events = POLLIN;

    do {
        n = poll(fds, 2, ms);
    } while (n == -1 && errno == EINTR);

    if (n <= 0) {
        return NOTHING;
    }

    if (fds[0].revents) {
        return STOP;
    }

    while (read(w->sources.notify, buf, sizeof(buf)) > 0) {
        /* what they say is looked at by path */
    }

    return EVENT;
}


/* Waits until nothing has happened for a while, or a good while has gone. */
static happened_t
settle(const watch_t *w)
{
    int64_t     end;
    happened_t  h;

    end = weir_cli_now() + (int64_t) w->quiet * IMPATIENCE;

    do {
        h = await(w, w->quiet);
    } while (h == EVENT && weir_cli_now() < end);

    return h;
}


static cli_exit_t
run(watch_t *w)
{
    bool        done;
    happened_t  h;

    done = build(w);

    for ( ;; ) {
        h = done ? await(w, LOOK) : EVENT;

        if (h == EVENT) {
            h = settle(w) == STOP ? STOP : EVENT;
        }

        if (h == STOP) {
            return CLI_OK;
        }

        if (h == EVENT) {
            weir_cli_sources_await(&w->sources);
        }

        if (!done || weir_cli_sources_changed(&w->sources)
            || (w->retry != 0 && weir_cli_now() >= w->retry))
        {
            done = build(w);
        }
    }
}


static bool
catch_signals(int *fd)
{
    sigset_t  set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);

    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }

    *fd = signalfd(-1, &set, SFD_CLOEXEC);

    return *fd != -1;
}


static bool
arguments(int argc, char **argv, watch_t *w)
{
    int    c;
    char  *end;
    long   ms;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        switch (c) {

        case 'o':
            w->image = optarg;
            break;

        case 'k':
            w->key = optarg;
            break;

        case 'l':
            w->listen = optarg;
            break;

        case 'e':
            w->kubernetes = true;
            break;

        case 'a':
            w->account = optarg;
            break;

        case 'q':
            ms = strtol(optarg, &end, 10);

            if (end == optarg || *end != '\0' || ms < 1 || ms > 60000) {
                return false;
            }

            w->quiet = (int) ms;
            break;

        default:
            return false;
        }
    }

    w->file = argv[optind];

    /* standard input has no directory, and standard output no image */
    return argc - optind == 1 && strcmp(w->file, "-") != 0
           && w->image != NULL && strcmp(w->image, "-") != 0;
}


/* What goes on beside; what was begun is ended by the caller. */
static cli_exit_t
begin(watch_t *w)
{
    cli_exit_t  code;

    code = w->listen ? weir_cli_serve(w->listen, &w->state, &w->server)
                     : CLI_OK;

    if (code == CLI_OK && w->kubernetes) {
        code = weir_cli_post(w->account, &w->poster);
    }

    return code;
}


cli_exit_t
weir_cli_watch(int argc, char **argv)
{
    watch_t     w;
    cli_exit_t  code;

    memset(&w, 0, sizeof(w));
    w.quiet = QUIET_TIME;
    w.account = CLI_SERVICE_ACCOUNT;
    w.sources.notify = -1;

    if (!arguments(argc, argv, &w)) {
        return weir_cli_usage("watch");
    }

    w.state.image = w.image;

    /* threads take what is blocked from the one that makes them */
    if (!catch_signals(&w.signals)
        || pthread_mutex_init(&w.state.lock, NULL) != 0)
    {
        return weir_cli_fail(CLI_INTERNAL, "watch", "%s", strerror(errno));
    }

    code = begin(&w);

    if (code == CLI_OK) {
        code = run(&w);
    }

    weir_cli_post_stop(w.poster);
    weir_cli_serve_stop(w.server);
    weir_cli_sources_close(&w.sources);
    pthread_mutex_destroy(&w.state.lock);
    close(w.signals);

    return code;
}
