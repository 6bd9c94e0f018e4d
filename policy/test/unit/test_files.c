/*
 * test_files.c: the loader of files: regular ones, of bounded size, globs in
 * byte order.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "front/compile.h"
#include "image/bounds.h"


static char  dir[] = "/tmp/weir-test-files.XXXXXX";


static const char *
path_of(const char *name)
{
    static char  path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);

    return path;
}


static void
put(const char *name, const char *text)
{
    FILE  *f;

    f = fopen(path_of(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}


static int
setup(void **state)
{
    (void) state;

    if (mkdtemp(dir) == NULL) {
        return -1;
    }

    put("b.yaml", "two");
    put("a.yaml", "one");
    put("B.yaml", "");
    put(".hidden.yaml", "");
    put("large", "");

    return mkdir(path_of("c.yaml"), 0700) == 0
           && mkdir(path_of("[x]"), 0700) == 0
           && mkfifo(path_of("fifo"), 0600) == 0
           && symlink("a.yaml", path_of("link")) == 0
           && truncate(path_of("large"), (off_t) WEIR_MAX_SOURCE + 1) == 0
           ? 0 : -1;
}


static int
teardown(void **state)
{
    size_t  i;

    static const char *const  names[] = {
        "b.yaml", "a.yaml", "B.yaml", ".hidden.yaml", "large", "fifo",
        "link", "[x]/y"
    };

    (void) state;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void) unlink(path_of(names[i]));
    }

    (void) rmdir(path_of("c.yaml"));
    (void) rmdir(path_of("[x]"));

    return rmdir(dir);
}


static void
reads(void **state)
{
    size_t         i;
    weir_rc_t      rc;
    weir_str_t     text;
    const char    *why;
    weir_arena_t  *a;

    static const struct {
        const char  *name;
        const char  *text;
        const char  *why;
    } t[] = {
        { "a.yaml", "one", NULL },
        { "link", "one", NULL },
        { "B.yaml", "", NULL },
        { "none", NULL, "no such file" },
        { "a.yaml/x", NULL, "a part of the path is no directory" },
        { "c.yaml", NULL, "a directory" },
        { "fifo", NULL, "not a regular file" },
        { "large", NULL, "larger than 64 MB" },
    };

    (void) state;

    a = weir_arena_create();

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        why = NULL;
        rc = weir_file_loader.read(weir_file_loader.data, a,
                                   weir_cstr(path_of(t[i].name)), &text,
                                   &why);

        if (t[i].text != NULL) {
            assert_int_equal(rc, WEIR_OK);
            assert_true(weir_str_eq(text, weir_cstr(t[i].text)));
            assert_non_null(text.data);

        } else {
            assert_int_equal(rc, WEIR_ERROR);
            assert_string_equal(why, t[i].why);
        }
    }

    assert_int_equal(weir_file_loader.read(NULL, a, weir_str("/tmp\0x", 6),
                                           &text, &why), WEIR_ERROR);
    assert_int_equal(weir_file_loader.read(NULL, a, weir_str("", 0), &text,
                                           &why), WEIR_ERROR);

    weir_arena_destroy(a);
}


static void
globs(void **state)
{
    size_t         n;
    weir_str_t    *paths;
    weir_arena_t  *a;

    (void) state;

    a = weir_arena_create();

    /* directories and hidden files are not matched */
    assert_int_equal(weir_file_loader.glob(NULL, a,
                         weir_cstr(path_of("*.yaml")), &paths, &n), WEIR_OK);
    assert_int_equal(n, 3);
    assert_true(weir_str_eq(paths[0], weir_cstr(path_of("B.yaml"))));
    assert_true(weir_str_eq(paths[1], weir_cstr(path_of("a.yaml"))));
    assert_true(weir_str_eq(paths[2], weir_cstr(path_of("b.yaml"))));

    assert_int_equal(weir_file_loader.glob(NULL, a,
                         weir_cstr(path_of("*.none")), &paths, &n), WEIR_OK);
    assert_int_equal(n, 0);

    put("[x]/y", "");
    assert_int_equal(weir_file_loader.glob(NULL, a,
                         weir_cstr(path_of("\\[x]/*")), &paths, &n), WEIR_OK);
    assert_int_equal(n, 1);
    assert_true(weir_str_eq(paths[0], weir_cstr(path_of("[x]/y"))));

    weir_arena_destroy(a);
}


/* A policy in a directory whose name looks like a pattern. */
static void
model(void **state)
{
    weir_diags_t   d;
    weir_model_t  *m;
    weir_arena_t  *a;

    (void) state;

    put("[x]/y", "weir: 1\ninclude: z*\n");
    put("[x]/z1", "deny: [{id: a, when: 'true'}]\n");

    a = weir_arena_create();
    memset(&d, 0, sizeof(d));
    d.arena = a;
    m = NULL;

    assert_int_equal(weir_model_load(a, &weir_file_loader,
                                     weir_cstr(path_of("[x]/y")), &d, &m),
                     WEIR_OK);
    assert_int_equal(m->deny.len, 1);

    (void) unlink(path_of("[x]/z1"));
    weir_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(globs),
        cmocka_unit_test(model),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
