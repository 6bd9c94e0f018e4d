/*
 * cel_fixture.h: what the tests of the CEL front share: an environment, and
 * diagnostics as text, "line:col+len E0302 text" each.
 */

#ifndef WEIR_TEST_CEL_FIXTURE_H
#define WEIR_TEST_CEL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>

#include "front/cel_ast.h"

typedef struct {
    weir_arena_t    *arena;
    weir_diags_t     diags;
    weir_cel_env_t  *env;
} fixture_t;


/* The text of a source file of its own. */
static inline weir_text_t
fixture_text(fixture_t *f, const char *s)
{
    uint32_t     file;
    weir_text_t  t;

    memset(&t, 0, sizeof(t));
    t.text = weir_cstr(s);
    assert_int_equal(weir_diags_add_file(&f->diags, weir_string("t.yaml"),
                                         t.text, &file), WEIR_OK);
    t.span.file = file;
    t.span.line = 1;
    t.span.col = 1;
    t.span.len = (uint32_t) t.text.len;

    return t;
}


static inline void
fixture_open(fixture_t *f)
{
    memset(f, 0, sizeof(fixture_t));
    f->arena = weir_arena_create();
    assert_non_null(f->arena);
    f->diags.arena = f->arena;
    f->env = weir_cel_env(f->arena, &f->diags);
    assert_non_null(f->env);
}


static inline void
fixture_close(fixture_t *f)
{
    weir_arena_destroy(f->arena);
}


static inline void
fixture_var(fixture_t *f, const char *name, const char *text)
{
    weir_text_t  *t;

    t = weir_arena_alloc(f->arena, sizeof(weir_text_t));
    assert_non_null(t);
    *t = fixture_text(f, text);
    assert_int_equal(weir_cel_add_var(f->env, weir_cstr(name), t->span, t),
                     WEIR_OK);
}


/* A site of the access phase that wants a bool. */
static inline weir_cel_site_t
fixture_site(void)
{
    weir_cel_site_t  site;

    memset(&site, 0, sizeof(site));
    site.role = "\"when\" of rule \"x\"";
    site.want = WEIR_T_BOOL;
    site.phase = WEIR_PHASE_ACCESS;

    return site;
}


static inline weir_rc_t
fixture_compile(fixture_t *f, const char *s, const weir_cel_site_t *site,
    weir_expr_t **out)
{
    weir_text_t  *t;

    t = weir_arena_alloc(f->arena, sizeof(weir_text_t));
    assert_non_null(t);
    *t = fixture_text(f, s);
    *out = NULL;

    return weir_cel_compile(f->env, t, site, out);
}


/* All diagnostics, in order, a line each; of files after the first too. */
static inline weir_str_t
fixture_errors(fixture_t *f)
{
    size_t              i;
    weir_str_t          s;
    const weir_diag_t  *d;

    weir_diags_sort(&f->diags);
    s = weir_string("");

    for (i = 0; i < f->diags.list.len; i++) {
        d = &f->diags.list.items[i];
        s = weir_arena_printf(f->arena, "%.*s%s%u:%u+%u %c%04u %.*s",
                              WEIR_STR(s), i ? "\n" : "", d->span.line,
                              d->span.col, d->span.len,
                              d->severity == WEIR_SEV_ERROR ? 'E' : 'W',
                              d->code, WEIR_STR(d->text));
    }

    return s;
}

#endif
