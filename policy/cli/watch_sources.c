/*
 * watch_sources.c: what a compilation read or looked for, and whether it is
 * another now.
 *
 * What changed is told by stat(), by path, so that editors' renames and the
 * symbolic links of a ConfigMap need no case of their own.  inotify on the
 * directories says when to look; where it says nothing (other file systems,
 * links in the middle of a path) a look now and then finds the rest.
 */

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/hash.h"
#include "cli/watch.h"

#define EVENTS  (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO          \
                 | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF    \
                 | IN_MOVE_SELF | IN_ONLYDIR)


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
is_same(const cli_seen_t *s)
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


void
weir_cli_sources_note(cli_sources_t *s, const char *path)
{
    cli_seen_t  *seen;

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
    cli_sources_t   *s;
    weir_str_t   name;

    s = data;
    name = weir_arena_str(a, path);

    if (name.data == NULL) {
        return WEIR_NOMEM;
    }

    weir_cli_sources_note(s, name.data);

    return weir_file_loader.read(weir_file_loader.data, a, path, text, why);
}


static weir_rc_t
glob_files(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    weir_rc_t    rc;
    cli_sources_t   *s;
    cli_listing_t   *listing;

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
listings_changed(const cli_sources_t *s)
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


bool
weir_cli_sources_changed(const cli_sources_t *s)
{
    size_t  i;

    for (i = 0; i < s->files.len; i++) {
        if (!is_same(&s->files.items[i])) {
            return true;
        }
    }

    return s->nomem || listings_changed(s);
}


void
weir_cli_sources_await(cli_sources_t *s)
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


bool
weir_cli_sources_open(cli_sources_t *s, weir_loader_t *loader)
{
    memset(s, 0, sizeof(cli_sources_t));
    s->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    s->arena = weir_arena_create();

    loader->read = read_file;
    loader->glob = glob_files;
    loader->data = s;

    return s->arena != NULL;
}


void
weir_cli_sources_close(cli_sources_t *s)
{
    if (s->notify != -1) {
        close(s->notify);
    }

    if (s->arena != NULL) {
        weir_arena_destroy(s->arena);
    }
}
