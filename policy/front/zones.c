/*
 * zones.c: the system's table of time zones, a directory of TZif files.
 *
 * A zone is what the directory lists under a name of IANA's letters: no name
 * is ever opened because a policy says so, and case is as on the disk.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "front/tzif.h"
#include "front/zones.h"
#include "image/bounds.h"

#define DIRECTORY  "/usr/share/zoneinfo"
#define MAX_FILE   65536u       /* bytes */
#define MAX_ZONES  4096u
#define MAX_DEPTH  3u           /* America/Argentina/Ushuaia */

struct weir_zones_s {
    weir_arena_t             *arena;
    weir_str_t                dir;
    bool                      listed;
    weir_vec_t(weir_zone_t)   list;     /* sorted once it is listed */
};


static weir_rc_t scan(weir_zones_t *z, const char *path, const char *prefix,
    unsigned depth);


/* IANA's letters, and no part "." or "..". */
static bool
is_name(const char *s)
{
    if (*s == '\0') {
        return false;
    }

    for ( /* void */ ; *s != '\0'; s++) {
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z')
            && !(*s >= '0' && *s <= '9') && strchr("_+-", *s) == NULL)
        {
            return false;
        }
    }

    return true;
}


/* Beside the zones lie copies of them, and what this machine is set to. */
static bool
is_beside(const char *s)
{
    return strcmp(s, "posix") == 0 || strcmp(s, "right") == 0
           || strcmp(s, "localtime") == 0 || strcmp(s, "posixrules") == 0;
}


/* At most size bytes of a regular file, or -1. */
static ssize_t
read_some(const char *path, char *buf, size_t size)
{
    int          fd;
    size_t       used;
    ssize_t      n;
    struct stat  st;

    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 1 : -1;

    for (used = 0; n > 0 && used < size; used += n > 0 ? (size_t) n : 0) {
        n = read(fd, buf + used, size - used);
    }

    (void) close(fd);

    return n < 0 ? -1 : (ssize_t) used;
}


static bool
is_tzif(const char *path)
{
    char  magic[4];

    return read_some(path, magic, sizeof(magic)) == sizeof(magic)
           && memcmp(magic, WEIR_TZIF_MAGIC, sizeof(magic)) == 0;
}


/* Adds a zone, or those in a directory below; names end in NUL. */
static weir_rc_t
visit(weir_zones_t *z, weir_str_t path, weir_str_t name, unsigned depth)
{
    weir_str_t    prefix;
    weir_zone_t  *zone;

    if (path.data == NULL || name.data == NULL) {
        return WEIR_NOMEM;
    }

    if (!is_tzif(path.data)) {
        prefix = weir_arena_printf(z->arena, "%.*s/", WEIR_STR(name));

        return prefix.data == NULL
               ? WEIR_NOMEM : scan(z, path.data, prefix.data, depth + 1);
    }

    if (name.len > WEIR_MAX_ZONE_NAME) {
        return WEIR_OK;
    }

    if (z->list.len == MAX_ZONES) {
        return WEIR_ERROR;
    }

    zone = weir_vec_push(z->arena, &z->list);
    if (zone == NULL) {
        return WEIR_NOMEM;
    }

    zone->name = name;

    return WEIR_OK;
}


/* The zones in a directory; prefix is "" or "America/". */
static weir_rc_t
scan(weir_zones_t *z, const char *path, const char *prefix, unsigned depth)
{
    DIR            *dir;
    weir_rc_t       rc;
    struct dirent  *e;

    dir = depth <= MAX_DEPTH ? opendir(path) : NULL;
    if (dir == NULL) {
        return WEIR_OK;         /* another file, or what nobody may read */
    }

    rc = WEIR_OK;

    while (rc == WEIR_OK && (e = readdir(dir)) != NULL) {

        if (is_name(e->d_name) && !(depth == 1 && is_beside(e->d_name))) {
            rc = visit(z, weir_arena_printf(z->arena, "%s/%s", path,
                                            e->d_name),
                       weir_arena_printf(z->arena, "%s%s", prefix, e->d_name),
                       depth);
        }
    }

    (void) closedir(dir);

    return rc;
}


static int
compare(const void *x, const void *y)
{
    const weir_zone_t  *a, *b;

    a = x;
    b = y;

    return weir_str_cmp(a->name, b->name);
}


/* WEIR_ERROR with the text, unless there is no memory for it. */
static weir_rc_t
explain(weir_str_t text, weir_str_t *why)
{
    if (text.data == NULL) {
        return WEIR_NOMEM;
    }

    *why = text;

    return WEIR_ERROR;
}


static weir_rc_t
list(weir_zones_t *z, weir_str_t *why)
{
    weir_rc_t  rc;

    if (!z->listed) {
        rc = scan(z, z->dir.data, "", 1);

        if (rc == WEIR_ERROR) {
            return explain(weir_arena_printf(z->arena,
                               "the directory \"%.*s\" holds more than %u "
                               "time zones", WEIR_STR(z->dir), MAX_ZONES),
                           why);
        }

        if (rc != WEIR_OK) {
            return rc;
        }

        if (z->list.len != 0) {
            qsort(z->list.items, z->list.len, sizeof(weir_zone_t), compare);
        }

        z->listed = true;
    }

    if (z->list.len == 0) {
        return explain(weir_arena_printf(z->arena,
                           "time zones need the system's tables, and there "
                           "are none in the directory \"%.*s\": install the "
                           "package tzdata, or name the directory in TZDIR",
                           WEIR_STR(z->dir)), why);
    }

    return WEIR_OK;
}


static weir_rc_t
read_zone(weir_zones_t *z, weir_zone_t *zone, weir_str_t *why)
{
    char        *buf;
    ssize_t      len;
    weir_rc_t    rc;
    weir_str_t   path;
    const char  *reason;

    if (zone->shifts != NULL) {
        return WEIR_OK;
    }

    path = weir_arena_printf(z->arena, "%.*s/%.*s", WEIR_STR(z->dir),
                             WEIR_STR(zone->name));
    buf = malloc(MAX_FILE);

    if (path.data == NULL || buf == NULL) {
        free(buf);
        return WEIR_NOMEM;
    }

    len = read_some(path.data, buf, MAX_FILE);

    if (len == -1) {
        rc = WEIR_ERROR;
        reason = "it cannot be read";

    } else if ((size_t) len == MAX_FILE) {
        rc = WEIR_ERROR;
        reason = "it is too large";

    } else {
        rc = weir_tzif_read(z->arena, weir_str(buf, (size_t) len),
                            &zone->shifts, &zone->n, &reason);
    }

    free(buf);

    if (rc == WEIR_ERROR) {
        return explain(weir_arena_printf(z->arena, "the time zone in "
                           "\"%.*s\" is of no use: %s", WEIR_STR(path),
                           reason), why);
    }

    return rc;
}


/* Names are the same but for case, and a blank for "_". */
static bool
alike(weir_str_t a, weir_str_t b)
{
    size_t  i;
    char    x, y;

    for (i = 0; a.len == b.len && i < a.len; i++) {
        x = a.data[i] == ' ' ? '_' : a.data[i];
        y = b.data[i];
        x = x >= 'A' && x <= 'Z' ? (char) (x | 0x20) : x;
        y = y >= 'A' && y <= 'Z' ? (char) (y | 0x20) : y;

        if (x != y) {
            return false;
        }
    }

    return a.len == b.len;
}


/* What stands behind the last "/". */
static weir_str_t
last_part(weir_str_t s)
{
    size_t  i;

    for (i = s.len; i > 0 && s.data[i - 1] != '/'; i--) { }

    return weir_str(s.data + i, s.len - i);
}


weir_zones_t *
weir_zones_create(weir_arena_t *a)
{
    const char    *dir;
    weir_zones_t  *z;

    z = weir_arena_alloc(a, sizeof(weir_zones_t));
    if (z == NULL) {
        return NULL;
    }

    dir = getenv("TZDIR");

    z->arena = a;
    z->dir = weir_arena_str(a, weir_cstr(dir != NULL && *dir != '\0'
                                         ? dir : DIRECTORY));

    return z->dir.data != NULL ? z : NULL;
}


weir_rc_t
weir_zones_find(weir_zones_t *z, weir_str_t name, const weir_zone_t **zone,
    weir_str_t *why)
{
    weir_rc_t     rc;
    weir_zone_t   key, *found;

    rc = list(z, why);
    if (rc != WEIR_OK) {
        return rc;
    }

    memset(&key, 0, sizeof(key));
    key.name = name;
    found = bsearch(&key, z->list.items, z->list.len, sizeof(key), compare);

    if (found == NULL) {
        return WEIR_DECLINED;
    }

    rc = read_zone(z, found, why);

    if (rc == WEIR_OK) {
        *zone = found;
    }

    return rc;
}


weir_rc_t
weir_zones_all(weir_zones_t *z, const weir_zone_t **zones, uint32_t *n,
    weir_str_t *why)
{
    size_t     i;
    weir_rc_t  rc;

    rc = list(z, why);

    for (i = 0; rc == WEIR_OK && i < z->list.len; i++) {
        rc = read_zone(z, &z->list.items[i], why);
    }

    if (rc == WEIR_OK) {
        *zones = z->list.items;
        *n = (uint32_t) z->list.len;
    }

    return rc;
}


weir_str_t
weir_zones_nearest(weir_zones_t *z, weir_str_t name)
{
    size_t       i;
    weir_str_t  *names;

    names = weir_arena_array(z->arena, z->list.len, sizeof(weir_str_t));
    if (names == NULL) {
        return weir_str("", 0);
    }

    for (i = 0; i < z->list.len; i++) {
        names[i] = z->list.items[i].name;

        if (alike(name, names[i])) {
            return names[i];
        }
    }

    for (i = 0; i < z->list.len; i++) {
        if (alike(name, last_part(names[i]))) {
            return names[i];
        }
    }

    return weir_nearest(name, names, z->list.len);
}
