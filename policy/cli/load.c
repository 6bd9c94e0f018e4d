/*
 * load.c: sources and images as users name them.
 */

#include <errno.h>
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


cli_exit_t
weir_cli_write(const char *verb, const char *path, weir_str_t bytes,
    unsigned mode)
{
    int      fd;
    FILE    *f;
    char    *temp;
    mode_t   mask;
    size_t   len;

    if (strcmp(path, "-") == 0) {
        return fwrite(bytes.data, 1, bytes.len, stdout) == bytes.len
               ? CLI_OK
               : weir_cli_fail(CLI_INTERNAL, verb, "%s", strerror(errno));
    }

    len = strlen(path) + sizeof(".XXXXXX");
    temp = malloc(len);

    if (temp == NULL) {
        return out_of_memory(verb);
    }

    snprintf(temp, len, "%s.XXXXXX", path);

    fd = mkstemp(temp);
    f = fd == -1 ? NULL : fdopen(fd, "wb");

    if (f == NULL) {
        (void) weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", path,
                             strerror(errno));

        if (fd != -1) {
            close(fd);
            unlink(temp);
        }

        free(temp);
        return CLI_INTERNAL;
    }

    mask = umask(0);
    umask(mask);

    if (fwrite(bytes.data, 1, bytes.len, f) != bytes.len
        || fchmod(fd, mode & ~mask) != 0
        || fflush(f) != 0
        || fsync(fd) != 0
        || rename(temp, path) != 0)
    {
        (void) weir_cli_fail(CLI_INTERNAL, verb, "%s: %s", path,
                             strerror(errno));
        fclose(f);
        unlink(temp);
        free(temp);
        return CLI_INTERNAL;
    }

    fclose(f);
    free(temp);

    return CLI_OK;
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
        weir_image_close(&p->image);
    }

    if (p->arena != NULL) {
        weir_arena_destroy(p->arena);
    }

    memset(p, 0, sizeof(cli_policy_t));
}
