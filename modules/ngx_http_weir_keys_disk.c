/*
 * ngx_http_weir_keys_disk.c: what URLs answered last, for a start without
 * them.  A file of the source's id: a line with the time, then the set.
 */

#include "ngx_http_weir_keys_core.h"

#define NGX_HTTP_WEIR_KEYS_MAGIC  "weir keys 1 "


static ngx_int_t ngx_http_weir_keys_path(ngx_http_weir_keys_source_t *s,
    char *path, size_t size, const char *suffix);
static ngx_err_t ngx_http_weir_keys_write(const char *file, weir_str_t text);


static ngx_int_t
ngx_http_weir_keys_path(ngx_http_weir_keys_source_t *s, char *path,
    size_t size, const char *suffix)
{
    int     n;
    u_char  hex[2 * sizeof(weir_id_t)];

    ngx_hex_dump(hex, (u_char *) s->id.bytes, sizeof(s->id.bytes));

    n = snprintf(path, size, "%.*s/%.*s.jwks%s",
                 (int) s->all->cache->name.len, s->all->cache->name.data,
                 (int) sizeof(hex), hex, suffix);

    return n > 0 && (size_t) n < size ? NGX_OK : NGX_ERROR;
}


void
ngx_http_weir_keys_load(ngx_http_weir_keys_source_t *s)
{
    char                path[NGX_MAX_PATH];
    size_t              len, head;
    u_char             *text, *p, *end;
    int64_t             age;
    const char         *why;
    ngx_int_t           when;
    weir_keys_error_t   error;

    if (s->all->cache == NULL
        || __atomic_exchange_n(&s->entry->cached, 1, __ATOMIC_SEQ_CST) != 0
        || ngx_http_weir_load(&s->entry->origin) > NGX_HTTP_WEIR_KEYS_FILE
        || ngx_http_weir_keys_path(s, path, sizeof(path), "") != NGX_OK
        || access(path, F_OK) == -1)
    {
        return;
    }

    head = sizeof(NGX_HTTP_WEIR_KEYS_MAGIC) - 1;
    text = NULL;
    why = ngx_http_weir_keys_read(path, WEIR_MAX_KEY_SET + 64, &text, &len);

    if (why == NULL) {
        end = text + len;
        p = len > head && ngx_memcmp(text, NGX_HTTP_WEIR_KEYS_MAGIC, head) == 0
            ? ngx_strlchr(text, end, '\n') : NULL;
        when = p ? ngx_atoi(text + head, (size_t) (p - text) - head)
                 : NGX_ERROR;

        /* a time to come is a clock that was set back since */

        age = when == NGX_ERROR ? 0
              : 1000 * (int64_t) ngx_max(ngx_time() - (time_t) when, 0);

        if (when == NGX_ERROR) {
            why = "it is no copy of keys";

        } else if (age > s->stale_max) {
            why = "it is older than stale_max";

        } else {
            why = ngx_http_weir_keys_accept(s,
                      weir_str((char *) p + 1, (size_t) (end - p) - 1),
                      NGX_HTTP_WEIR_KEYS_DISK, age, &error);
        }
    }

    free(text);

    if (why != NULL) {
        ngx_log_error(NGX_LOG_WARN, s->all->timer.log, 0,
                      "weir: keys of issuer \"%V\" in \"%s\" were not used: "
                      "%s", &s->name, path, why);
        return;
    }

    __atomic_add_fetch(&s->entry->tries, 1, __ATOMIC_SEQ_CST);
    ngx_http_weir_keys_wake(s);
}


/* Not flushed: a copy that a crash of the machine tears is refused. */

void
ngx_http_weir_keys_save(ngx_http_weir_keys_source_t *s, weir_str_t text)
{
    char       path[NGX_MAX_PATH], temp[NGX_MAX_PATH];
    char       suffix[sizeof(".tmp") + NGX_INT64_LEN];
    ngx_err_t  err;

    if (s->all->cache == NULL) {
        return;
    }

    (void) ngx_snprintf((u_char *) suffix, sizeof(suffix), ".%P.tmp%Z",
                        ngx_pid);

    if (ngx_http_weir_keys_path(s, path, sizeof(path), "") != NGX_OK
        || ngx_http_weir_keys_path(s, temp, sizeof(temp), suffix) != NGX_OK)
    {
        err = NGX_ENAMETOOLONG;

    } else {
        err = ngx_http_weir_keys_write(temp, text);

        if (err == 0 && rename(temp, path) == -1) {
            err = ngx_errno;
        }

        if (err != 0) {
            (void) unlink(temp);
        }
    }

    if (err != 0) {
        ngx_log_error(NGX_LOG_ERR, s->all->timer.log, err,
                      "weir: keys of issuer \"%V\" were not kept in \"%V\"",
                      &s->name, &s->all->cache->name);
    }
}


static ngx_err_t
ngx_http_weir_keys_write(const char *file, weir_str_t text)
{
    u_char         head[sizeof(NGX_HTTP_WEIR_KEYS_MAGIC) + NGX_TIME_T_LEN + 1];
    u_char        *p;
    size_t         size;
    ssize_t        n;
    ngx_fd_t       fd;
    ngx_err_t      err;
    struct iovec   iov[2];

    (void) unlink(file);

    fd = open(file, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1) {
        return ngx_errno;
    }

    p = ngx_sprintf(head, NGX_HTTP_WEIR_KEYS_MAGIC "%T\n", ngx_time());

    iov[0].iov_base = head;
    iov[0].iov_len = (size_t) (p - head);
    iov[1].iov_base = (void *) text.data;
    iov[1].iov_len = text.len;

    size = iov[0].iov_len + text.len;
    n = writev(fd, iov, 2);
    err = n == (ssize_t) size ? 0 : n == -1 ? ngx_errno : NGX_ENOSPC;

    if (close(fd) == -1 && err == 0) {
        err = ngx_errno;
    }

    return err;
}
