/*
 * front.h: policies from memory, and what the compiler says of them, a line
 * a diagnostic: "file:line:col+len: E0205: text".
 */

#ifndef WEIR_TEST_FRONT_H
#define WEIR_TEST_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "front/compile.h"

#define MOST_FILES  16

typedef struct {
    const char  *name;
    const char  *text;
} front_file_t;

typedef struct {
    weir_arena_t   *arena;
    weir_diags_t    diags;
    weir_model_t   *model;
    weir_rc_t       rc;
    char           *said;
} front_policy_t;


static inline weir_rc_t
front_read(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    const front_file_t  *f;

    (void) a;

    for (f = data; f->name != NULL; f++) {
        if (weir_str_eq(weir_cstr(f->name), path)) {
            *text = weir_cstr(f->text);
            return WEIR_OK;
        }
    }

    *why = "no such file";

    return WEIR_ERROR;
}


/* One star, for any bytes; files come in byte order. */
static inline weir_rc_t
front_glob(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    weir_str_t          name, head, tail;
    const char         *star;
    const front_file_t  *f;

    star = memchr(pattern.data, '*', pattern.len);
    assert_non_null(star);

    head = weir_str(pattern.data, (size_t) (star - pattern.data));
    tail = weir_str(star + 1, pattern.len - head.len - 1);
    *paths = weir_arena_array(a, MOST_FILES, sizeof(weir_str_t));
    *n = 0;

    for (f = data; f->name != NULL; f++) {
        name = weir_cstr(f->name);

        if (name.len >= head.len + tail.len && weir_str_starts(name, head)
            && weir_str_ends(name, tail))
        {
            (*paths)[(*n)++] = name;
        }
    }

    return WEIR_OK;
}


static inline char *
front_said(weir_diags_t *d)
{
    FILE               *out;
    char               *buf;
    size_t              i, len;
    const weir_diag_t  *g;

    weir_diags_sort(d);
    out = open_memstream(&buf, &len);
    assert_non_null(out);

    for (i = 0; i < d->list.len; i++) {
        g = &d->list.items[i];

        if (g->span.line != 0) {
            fprintf(out, "%.*s:%u:%u+%u: ",
                    WEIR_STR(d->files.items[g->span.file].name),
                    (unsigned) g->span.line, (unsigned) g->span.col,
                    (unsigned) g->span.len);
        }

        fprintf(out, "%c%04u: %.*s\n",
                g->severity == WEIR_SEV_ERROR ? 'E' : 'W', g->code,
                WEIR_STR(g->text));
    }

    fclose(out);

    return buf;
}


static inline void
front_load_files(front_policy_t *p, const front_file_t *files, bool lint)
{
    weir_loader_t  loader;

    memset(p, 0, sizeof(front_policy_t));
    p->arena = weir_arena_create();
    assert_non_null(p->arena);
    p->diags.arena = p->arena;

    loader = (weir_loader_t) { front_read, front_glob, (void *) files };
    p->rc = weir_model_load(p->arena, &loader, weir_cstr(files[0].name),
                            &p->diags, &p->model);

    if (p->rc == WEIR_OK) {
        p->rc = weir_model_check(p->model, &p->diags, lint);
    }

    p->said = front_said(&p->diags);
    assert_int_equal(p->rc == WEIR_OK, p->diags.errors == 0);
}


static inline void
front_load(front_policy_t *p, const char *text)
{
    const front_file_t  files[] = { { "t.yaml", text }, { NULL, NULL } };

    front_load_files(p, files, false);
}


static inline void
front_free(front_policy_t *p)
{
    free(p->said);
    weir_arena_destroy(p->arena);
}


/* Shows the source where what was said is not what was expected. */
static inline void
front_expect(const char *source, const char *said, const char *expected)
{
    if (strcmp(said, expected) != 0) {
        /* print_error() cuts what is long */
        fprintf(stderr, "--- of\n%s\n--- said\n%s--- expected\n%s---\n",
                source, said, expected);
        fail();
    }
}

#endif
