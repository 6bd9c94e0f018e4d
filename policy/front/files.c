/*
 * files.c: sources from the disk of this machine.
 *
 * Only regular files are read, and at most WEIR_MAX_SOURCE of them: a pipe
 * or a device would never end.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/compile.h"
#include "image/bounds.h"


static const char *
reason(int err)
{
    switch (err) {

    case ENOENT:
        return "no such file";

    case EACCES:
    case EPERM:
        return "permission denied";

    case ENOTDIR:
        return "a part of the path is no directory";

    case ELOOP:
        return "too many symbolic links";

    case ENAMETOOLONG:
        return "the path is too long";

    case EMFILE:
    case ENFILE:
        return "too many open files";

    default:
        return "input/output error";
    }
}


/* Reads at most size bytes; the file may have shrunk since. */
static weir_rc_t
read_all(int fd, char *buf, size_t size, size_t *len)
{
    ssize_t  n;
    size_t   used;

    for (used = 0; used < size; used += (size_t) n) {
        n = read(fd, buf + used, size - used);

        if (n == -1) {
            if (errno == EINTR) {
                n = 0;
                continue;
            }

            return WEIR_ERROR;
        }

        if (n == 0) {
            break;
        }
    }

    *len = used;

    return WEIR_OK;
}


static weir_rc_t
read_open(int fd, weir_arena_t *a, weir_str_t *text, const char **why)
{
    char         *buf;
    size_t        len;
    struct stat   st;

    if (fstat(fd, &st) != 0) {
        *why = reason(errno);
        return WEIR_ERROR;
    }

    if (!S_ISREG(st.st_mode)) {
        *why = S_ISDIR(st.st_mode) ? "a directory" : "not a regular file";
        return WEIR_ERROR;
    }

    if (st.st_size > (off_t) WEIR_MAX_SOURCE) {
        *why = "larger than 64 MB";
        return WEIR_ERROR;
    }

    buf = weir_arena_alloc(a, (size_t) st.st_size);
    if (buf == NULL) {
        return WEIR_NOMEM;
    }

    if (read_all(fd, buf, (size_t) st.st_size, &len) != WEIR_OK) {
        *why = reason(errno);
        return WEIR_ERROR;
    }

    *text = weir_str(buf, len);

    return WEIR_OK;
}


static weir_rc_t
read_file(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    int         fd;
    weir_rc_t   rc;
    weir_str_t  name;

    (void) data;

    if (path.len == 0 || memchr(path.data, '\0', path.len) != NULL) {
        *why = "no path";
        return WEIR_ERROR;
    }

    name = weir_arena_str(a, path);
    if (name.data == NULL) {
        return WEIR_NOMEM;
    }

    /* O_NONBLOCK: opening a pipe must not wait for its writer */
    fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd == -1) {
        *why = reason(errno);
        return WEIR_ERROR;
    }

    rc = read_open(fd, a, text, why);
    close(fd);

    return rc;
}


static int
by_bytes(const void *x, const void *y)
{
    return weir_str_cmp(*(const weir_str_t *) x, *(const weir_str_t *) y);
}


static weir_rc_t
collect(weir_arena_t *a, const glob_t *g, weir_str_t **paths, size_t *n)
{
    size_t       i, len;
    weir_str_t  *list;
    struct stat  st;

    list = weir_arena_array(a, g->gl_pathc, sizeof(weir_str_t));
    if (list == NULL) {
        return WEIR_NOMEM;
    }

    len = 0;

    for (i = 0; i < g->gl_pathc; i++) {

        if (stat(g->gl_pathv[i], &st) == 0 && !S_ISREG(st.st_mode)) {
            continue;
        }

        list[len] = weir_arena_str(a, weir_cstr(g->gl_pathv[i]));

        if (list[len++].data == NULL) {
            return WEIR_NOMEM;
        }
    }

    if (len > 1) {
        qsort(list, len, sizeof(weir_str_t), by_bytes);
    }

    *paths = list;
    *n = len;

    return WEIR_OK;
}


static weir_rc_t
glob_files(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    int         rc;
    glob_t      g;
    weir_rc_t   result;
    weir_str_t  name;

    (void) data;

    name = weir_arena_str(a, pattern);
    if (name.data == NULL) {
        return WEIR_NOMEM;
    }

    memset(&g, 0, sizeof(glob_t));
    rc = glob(name.data, GLOB_NOSORT, NULL, &g);

    if (rc == GLOB_NOMATCH) {
        g.gl_pathc = 0;
    }

    result = rc == 0 || rc == GLOB_NOMATCH ? collect(a, &g, paths, n)
             : rc == GLOB_NOSPACE ? WEIR_NOMEM : WEIR_ERROR;
    globfree(&g);

    return result;
}


const weir_loader_t  weir_file_loader = { read_file, glob_files, NULL };
