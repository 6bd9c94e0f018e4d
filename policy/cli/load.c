/*
 * load.c: sources and images as users name them.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"


static cli_exit_t
out_of_memory(const char *verb)
{
    return weir_cli_fail(CLI_INTERNAL, verb, "out of memory");
}


static cli_exit_t
init(const char *verb, cli_policy_t *p)
{
    memset(p, 0, sizeof(cli_policy_t));

    p->arena = weir_arena_create();
    p->diags.arena = p->arena;

    return p->arena ? CLI_OK : out_of_memory(verb);
}


static bool
is_image(weir_str_t bytes)
{
    return weir_str_starts(bytes, weir_str(WEIR_IMAGE_MAGIC, 8));
}


/* Standard input is given to the loader as a file of that name. */
static weir_rc_t
read_stdin(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    const weir_str_t  *input;

    input = data;

    if (weir_str_eq(path, weir_string("-"))) {
        *text = *input;
        return WEIR_OK;
    }

    return weir_file_loader.read(weir_file_loader.data, a, path, text, why);
}


static weir_rc_t
glob_files(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    (void) data;

    return weir_file_loader.glob(weir_file_loader.data, a, pattern, paths, n);
}


static cli_exit_t
compile_with(const char *verb, const char *path, const weir_loader_t *loader,
    bool lint, cli_policy_t *p)
{
    weir_rc_t  rc;

    rc = weir_model_load(p->arena, loader, weir_cstr(path), &p->diags,
                         &p->model);

    if (rc == WEIR_OK) {
        rc = weir_model_check(p->model, &p->diags, lint);
    }

    if (rc == WEIR_OK) {
        rc = weir_model_write_traced(p->arena, p->model, &p->diags,
                                     &p->origins, &p->bytes);
    }

    if (rc == WEIR_NOMEM) {
        return out_of_memory(verb);
    }

    if (rc != WEIR_OK) {

        if (p->diags.errors == 0) {
            return weir_cli_fail(CLI_INTERNAL, verb,
                                 "%s: refused without a reason", path);
        }

        return CLI_SOURCE;
    }

    return CLI_OK;
}


static cli_exit_t
compile(const char *verb, const char *path, weir_str_t *input, bool lint,
    cli_policy_t *p)
{
    weir_loader_t  loader;

    loader.read = read_stdin;
    loader.glob = glob_files;
    loader.data = input;

    return compile_with(verb, path, &loader, lint, p);
}


/* The compiler verifies its own output with the verifier of the workers. */
static cli_exit_t
verify(const char *verb, const char *path, cli_policy_t *p, cli_exit_t code)
{
    weir_refusal_t  why;

    if (weir_image_verify((const uint8_t *) p->bytes.data, p->bytes.len, NULL,
                          &why) != WEIR_OK)
    {
        return weir_cli_fail(code, verb, "%s: %s: %s", path,
                             weir_reject_name(why.reason), why.text);
    }

    if (weir_image_open(&p->image, (const uint8_t *) p->bytes.data, p->arena,
                        &why) != WEIR_OK)
    {
        return weir_cli_fail(code, verb, "%s: %s: %s", path,
                             weir_reject_name(why.reason), why.text);
    }

    p->keys = weir_arena_array(p->arena, p->image.n[WEIR_S_ISSUERS],
                               sizeof(cli_keys_t));

    if (p->keys == NULL) {
        weir_image_close(&p->image);
        return out_of_memory(verb);
    }

    memset(p->keys, 0, p->image.n[WEIR_S_ISSUERS] * sizeof(cli_keys_t));
    p->opened = true;

    return CLI_OK;
}


cli_exit_t
weir_cli_read(const char *verb, const char *path, weir_arena_t *a,
    weir_str_t *out)
{
    FILE    *f;
    char    *data, *grown;
    size_t   n, used, size;

    f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");

    if (f == NULL) {
        return weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", path,
                             strerror(errno));
    }

    data = NULL;
    used = 0;
    size = 0;

    do {
        if (used == size) {
            size = size ? size * 2 : 65536;
            grown = size <= 2 * (size_t) WEIR_MAX_IMAGE
                    ? weir_arena_alloc(a, size) : NULL;

            if (grown == NULL) {
                n = 0;
                errno = EFBIG;
                break;
            }

            if (used) {
                memcpy(grown, data, used);
            }

            data = grown;
        }

        n = fread(data + used, 1, size - used, f);
        used += n;

    } while (n != 0);

    if (ferror(f) || used == size) {
        n = 1;
    }

    if (f != stdin) {
        fclose(f);
    }

    if (n != 0) {
        return weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", path,
                             strerror(errno));
    }

    *out = weir_str(data, used);

    return CLI_OK;
}


/* All of the bytes, on the disk where there is one. */
static bool
fill(int fd, weir_str_t bytes)
{
    ssize_t  n;

    while (bytes.len != 0) {
        n = write(fd, bytes.data, bytes.len);

        if (n == -1 && errno != EINTR) {
            return false;
        }

        if (n > 0) {
            bytes = weir_str(bytes.data + n, bytes.len - (size_t) n);
        }
    }

    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}


/* What is no file, a device or a pipe, cannot be replaced by one. */
static bool
write_through(const char *path, weir_str_t bytes)
{
    int   fd, err;
    bool  ok;

    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    if (fd == -1) {
        return false;
    }

    ok = fill(fd, bytes);
    err = errno;
    close(fd);
    errno = err;

    return ok;
}


/* st: of the file that is replaced; its mode is 0 where there is none. */
static bool
write_whole(const char *path, weir_str_t bytes, unsigned mode,
    const struct stat *st)
{
    int      fd, err;
    bool     ok;
    char     temp[PATH_MAX + sizeof(".XXXXXX")];
    mode_t   mask;

    snprintf(temp, sizeof(temp), "%s.XXXXXX", path);

    fd = mkstemp(temp);

    if (fd == -1) {
        return false;
    }

    mask = umask(0);
    umask(mask);

    ok = st->st_mode == 0 || fchown(fd, st->st_uid, st->st_gid) == 0
         || errno == EPERM;
    ok = ok && fchmod(fd, st->st_mode ? st->st_mode & 0777 : mode & ~mask) == 0
         && fill(fd, bytes) && rename(temp, path) == 0;
    err = errno;
    close(fd);

    if (!ok) {
        unlink(temp);
    }

    errno = err;

    return ok;
}


cli_exit_t
weir_cli_write(const char *verb, const char *path, weir_str_t bytes,
    unsigned mode)
{
    bool          ok;
    char          real[PATH_MAX];
    struct stat   st;

    if (strcmp(path, "-") == 0) {
        return fwrite(bytes.data, 1, bytes.len, stdout) == bytes.len
               ? CLI_OK
               : weir_cli_fail(CLI_INTERNAL, verb, "%s", strerror(errno));
    }

    memset(&st, 0, sizeof(st));

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        ok = write_through(path, bytes);

    } else if (realpath(path, real) != NULL) {
        ok = write_whole(real, bytes, mode, &st);

    } else {
        ok = errno == ENOENT && lstat(path, &st) == -1
             && strlen(path) < PATH_MAX
             && write_whole(path, bytes, mode, &st);
    }

    return ok ? CLI_OK
              : weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", path,
                              strerror(errno));
}


cli_exit_t
weir_cli_load(const char *verb, const char *path, bool lint, cli_policy_t *p)
{
    weir_str_t  input;
    cli_exit_t  code;

    input = weir_str("", 0);
    code = init(verb, p);

    if (code == CLI_OK && strcmp(path, "-") == 0) {
        code = weir_cli_read(verb, path, p->arena, &input);

    } else if (code == CLI_OK && access(path, R_OK) != 0) {
        code = weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", path,
                             strerror(errno));
    }

    if (code == CLI_OK) {
        code = compile(verb, path, &input, lint, p);
    }

    return code == CLI_OK ? verify(verb, path, p, CLI_INTERNAL) : code;
}


cli_exit_t
weir_cli_load_with(const char *verb, const char *path,
    const weir_loader_t *loader, cli_policy_t *p)
{
    cli_exit_t  code;

    code = init(verb, p);

    if (code == CLI_OK) {
        code = compile_with(verb, path, loader, false, p);
    }

    return code == CLI_OK ? verify(verb, path, p, CLI_INTERNAL) : code;
}


cli_exit_t
weir_cli_open_as(const char *verb, const char *path, cli_format_t format,
    cli_policy_t *p)
{
    weir_str_t  input;
    cli_exit_t  code;

    code = init(verb, p);

    if (code == CLI_OK) {
        code = weir_cli_read(verb, path, p->arena, &input);
    }

    if (code != CLI_OK) {
        return code;
    }

    if (is_image(input)) {
        p->bytes = input;
        return verify(verb, path, p, CLI_SOURCE);
    }

    code = compile(verb, path, &input, false, p);

    if (code == CLI_SOURCE) {
        weir_cli_report(&p->diags, format);
    }

    return code == CLI_OK ? verify(verb, path, p, CLI_INTERNAL) : code;
}


cli_exit_t
weir_cli_open(const char *verb, const char *path, cli_policy_t *p)
{
    return weir_cli_open_as(verb, path, CLI_TEXT, p);
}


void
weir_cli_close(cli_policy_t *p)
{
    if (p->opened) {
        weir_cli_keys_free(p);
        weir_image_close(&p->image);
    }

    if (p->arena != NULL) {
        weir_arena_destroy(p->arena);
    }

    memset(p, 0, sizeof(cli_policy_t));
}
