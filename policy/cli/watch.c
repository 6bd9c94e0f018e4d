/*
 * watch.c: weir watch FILE -o IMAGE: compiles again whenever a file changes
 * that took part.
 *
 * An image is written whole, and only of sources that stood still while they
 * were read; of sources with errors the last good image stays.  What changed
 * is told by stat(), by path, so that editors' renames and the symbolic links
 * of a ConfigMap need no case of their own.  inotify on the directories says
 * when to look; where it says nothing (other file systems, links in the
 * middle of a path) a look now and then finds the rest.
 */

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "run/crypto.h"

/* milliseconds */
#define QUIET_TIME  100
#define LOOK        2000        /* between looks without an event */
#define RETRY       10000       /* where the image could not be written */
#define IMPATIENCE  30          /* quiet times that events may go on for */

#define EVENTS  (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO          \
                 | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF    \
                 | IN_MOVE_SELF | IN_ONLYDIR)

typedef struct {
    const char   *path;
    bool          there;
    struct stat   st;
} seen_t;

typedef struct {
    weir_str_t    pattern;
    uint64_t      paths;        /* hash of what matched */
} listing_t;

/* What a compilation read or looked for, as it was just before. */
typedef struct {
    weir_arena_t           *arena;
    int                     notify;     /* -1: only looks */
    weir_vec_t(seen_t)      files;
    weir_vec_t(listing_t)   listings;
    bool                    nomem;
} sources_t;

typedef struct {
    const char   *file;
    const char   *image;
    const char   *key;          /* or NULL */
    int           quiet;        /* milliseconds */
    int           signals;
    sources_t     sources;
    int64_t       retry;        /* milliseconds of now(); 0: it is written */
} watch_t;


static bool
is_pattern(const char *s, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (s[i] == '*' || s[i] == '?' || s[i] == '[') {
            return true;
        }
    }

    return false;
}


/* The directory that a path is in, or the nearest that there is. */
static void
watch_dir(int notify, const char *path)
{
    char   dir[PATH_MAX];
    char  *slash;

    if (strlen(path) >= sizeof(dir)) {
        return;
    }

    strcpy(dir, path);

    do {
        slash = strrchr(dir, '/');

        if (slash == NULL) {
            strcpy(dir, ".");

        } else if (slash == dir) {
            dir[1] = '\0';

        } else {
            *slash = '\0';
        }

    } while (inotify_add_watch(notify, dir, EVENTS) == -1
             && (errno == ENOENT || errno == ENOTDIR)
             && slash != NULL && slash != dir);
}


/* The directory of a path, and of the file that it leads to. */
static void
watch_file(int notify, const char *path)
{
    char  real[PATH_MAX];

    if (notify == -1) {
        return;
    }

    watch_dir(notify, path);

    if (realpath(path, real) != NULL) {
        watch_dir(notify, real);
    }
}


/* The directories in which something that matches may appear. */
static void
watch_pattern(int notify, weir_str_t pattern)
{
    char     part[PATH_MAX];
    glob_t   found;
    size_t   i, k;

    if (notify == -1 || pattern.len >= sizeof(part)) {
        return;
    }

    for (i = 0; i < pattern.len; i++) {

        if (pattern.data[i] != '/' || !is_pattern(pattern.data, i)) {
            continue;
        }

        memcpy(part, pattern.data, i);
        part[i] = '\0';

        if (glob(part, GLOB_NOSORT, NULL, &found) == 0) {

            for (k = 0; k < found.gl_pathc; k++) {
                (void) inotify_add_watch(notify, found.gl_pathv[k], EVENTS);
            }

            globfree(&found);
        }
    }

    /* and that of the first part that is a pattern, its escapes undone */
    for (i = 0, k = 0; i < pattern.len && !is_pattern(pattern.data, i + 1); i++)
    {
        if (pattern.data[i] == '\\' && i + 1 < pattern.len) {
            i++;
        }

        part[k++] = pattern.data[i];
    }

    part[k] = '\0';
    watch_dir(notify, part);
}


static bool
look(const char *path, struct stat *st)
{
    memset(st, 0, sizeof(struct stat));

    return stat(path, st) == 0;
}


static bool
is_same(const seen_t *s)
{
    bool          there;
    struct stat   st;

    there = look(s->path, &st);

    if (!there || !s->there) {
        return there == s->there;
    }

    return st.st_dev == s->st.st_dev && st.st_ino == s->st.st_ino
           && st.st_size == s->st.st_size && st.st_mode == s->st.st_mode
           && st.st_mtim.tv_sec == s->st.st_mtim.tv_sec
           && st.st_mtim.tv_nsec == s->st.st_mtim.tv_nsec
           && st.st_ctim.tv_sec == s->st.st_ctim.tv_sec
           && st.st_ctim.tv_nsec == s->st.st_ctim.tv_nsec;
}


static void
note_file(sources_t *s, const char *path)
{
    seen_t  *seen;

    watch_file(s->notify, path);

    seen = weir_vec_push(s->arena, &s->files);

    if (seen == NULL) {
        s->nomem = true;
        return;
    }

    seen->path = weir_arena_str(s->arena, weir_cstr(path)).data;
    s->nomem |= seen->path == NULL;
    seen->there = seen->path != NULL && look(path, &seen->st);
}


static uint64_t
hash_paths(const weir_str_t *paths, size_t n)
{
    size_t    i;
    uint64_t  h;

    for (i = 0, h = n; i < n; i++) {
        h = weir_hash(paths[i], h);
    }

    return h;
}


static weir_rc_t
read_file(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    sources_t   *s;
    weir_str_t   name;

    s = data;
    name = weir_arena_str(a, path);

    if (name.data == NULL) {
        return WEIR_NOMEM;
    }

    note_file(s, name.data);

    return weir_file_loader.read(weir_file_loader.data, a, path, text, why);
}


static weir_rc_t
glob_files(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    weir_rc_t    rc;
    sources_t   *s;
    listing_t   *listing;

    s = data;

    watch_pattern(s->notify, pattern);
    rc = weir_file_loader.glob(weir_file_loader.data, a, pattern, paths, n);
    listing = weir_vec_push(s->arena, &s->listings);

    if (listing == NULL) {
        s->nomem = true;
        return rc;
    }

    listing->pattern = weir_arena_str(s->arena, pattern);
    s->nomem |= listing->pattern.data == NULL;
    listing->paths = rc == WEIR_OK ? hash_paths(*paths, *n) : 0;

    return rc;
}


static bool
listings_changed(const sources_t *s)
{
    bool           changed;
    size_t         i, n;
    uint64_t       h;
    weir_str_t    *paths;
    weir_arena_t  *a;

    if (s->listings.len == 0) {
        return false;
    }

    a = weir_arena_create();
    changed = false;

    for (i = 0; a != NULL && i < s->listings.len; i++) {
        h = weir_file_loader.glob(weir_file_loader.data, a,
                                  s->listings.items[i].pattern, &paths, &n)
            == WEIR_OK ? hash_paths(paths, n) : 0;
        changed |= h != s->listings.items[i].paths;
    }

    if (a != NULL) {
        weir_arena_destroy(a);
    }

    return changed;
}


static bool
sources_changed(const sources_t *s)
{
    size_t  i;

    for (i = 0; i < s->files.len; i++) {
        if (!is_same(&s->files.items[i])) {
            return true;
        }
    }

    return s->nomem || listings_changed(s);
}


/* Directories come and go: every event puts the watches anew. */
static void
watch_again(sources_t *s)
{
    int     old;
    size_t  i;

    old = s->notify;
    s->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    for (i = 0; i < s->files.len; i++) {
        watch_file(s->notify, s->files.items[i].path);
    }

    for (i = 0; i < s->listings.len; i++) {
        watch_pattern(s->notify, s->listings.items[i].pattern);
    }

    if (old != -1) {
        close(old);
    }
}


static void
sources_close(sources_t *s)
{
    if (s->notify != -1) {
        close(s->notify);
    }

    if (s->arena != NULL) {
        weir_arena_destroy(s->arena);
    }
}


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


static void
print_image(const char *path, const weir_image_header_t *h, bool same)
{
    size_t  i;

    printf("%s: digest ", path);

    for (i = 0; i < sizeof(h->digest); i++) {
        printf("%02x", h->digest[i]);
    }

    if (h->flags & WEIR_IMAGE_HAS_SERIAL) {
        printf(", serial %" PRIu64, h->serial);
    }

    puts(same ? ", unchanged" : "");
    fflush(stdout);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static cli_exit_t
sign(watch_t *w, cli_policy_t *p)
{
    cli_exit_t         code;
    weir_str_t         pem;
    weir_secret_key_t  secret;

    note_file(&w->sources, w->key);

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


/* false: what was read has changed meanwhile. */
static bool
write_image(watch_t *w, cli_policy_t *p)
{
    bool  same;

    if (w->key != NULL && sign(w, p) != CLI_OK) {
        return true;
    }

    if (sources_changed(&w->sources)) {
        return false;
    }

    same = is_written(w->image, p->bytes);

    if (!same && weir_cli_write("watch", w->image, p->bytes, 0666) != CLI_OK) {
        w->retry = now() + RETRY;
        return true;
    }

    print_image(w->image, p->image.header, same);

    return true;
}


/* false: what was read has changed meanwhile, so that it has to be redone. */
static bool
build(watch_t *w)
{
    bool            done;
    sources_t       old;
    cli_exit_t      code;
    cli_policy_t    policy;
    weir_loader_t   loader;

    old = w->sources;

    memset(&w->sources, 0, sizeof(sources_t));
    w->retry = 0;
    w->sources.notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    w->sources.arena = weir_arena_create();
    sources_close(&old);

    if (w->sources.arena == NULL) {
        return true;
    }

    if (access(w->file, F_OK) == -1 && errno == ENOENT) {
        note_file(&w->sources, w->file);
        (void) weir_cli_fail(CLI_OK, "watch", "%s: no such file yet; %s",
                             w->file, access(w->image, F_OK) == 0
                             ? "the image stays" : "waiting for it");
        return !w->sources.files.items[0].there;
    }

    loader.read = read_file;
    loader.glob = glob_files;
    loader.data = &w->sources;

    done = true;
    code = weir_cli_load_with("watch", w->file, &loader, &policy);

    if (code == CLI_OK) {
        done = write_image(w, &policy);

    } else if (sources_changed(&w->sources)) {
        done = false;

    } else if (code == CLI_SOURCE) {
        weir_cli_report(&policy.diags, CLI_TEXT);
        (void) weir_cli_fail(code, "watch", "%s stays as it is", w->image);
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

    end = now() + (int64_t) w->quiet * IMPATIENCE;

    do {
        h = await(w, w->quiet);
    } while (h == EVENT && now() < end);

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
            watch_again(&w->sources);
        }

        if (!done || sources_changed(&w->sources)
            || (w->retry != 0 && now() >= w->retry))
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


cli_exit_t
weir_cli_watch(int argc, char **argv)
{
    watch_t     w;
    cli_exit_t  code;

    memset(&w, 0, sizeof(w));
    w.quiet = QUIET_TIME;
    w.sources.notify = -1;

    if (!arguments(argc, argv, &w)) {
        return weir_cli_usage("watch");
    }

    if (!catch_signals(&w.signals)) {
        return weir_cli_fail(CLI_INTERNAL, "watch", "%s", strerror(errno));
    }

    code = run(&w);
    sources_close(&w.sources);
    close(w.signals);

    return code;
}
