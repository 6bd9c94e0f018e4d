/*
 * test_diag.c: what is printed, to the byte.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/diag.h"


typedef struct {
    weir_arena_t  *arena;
    weir_diags_t   d;
} fixture_t;


static int
setup(void **state)
{
    static fixture_t  f;

    memset(&f, 0, sizeof(f));
    f.arena = weir_arena_create();
    f.d.arena = f.arena;
    *state = &f;

    return 0;
}


static int
teardown(void **state)
{
    weir_arena_destroy(((fixture_t *) *state)->arena);

    return 0;
}


static uint32_t
file(fixture_t *f, const char *name, const char *text)
{
    uint32_t  i;

    assert_int_equal(weir_diags_add_file(&f->d, weir_cstr(name),
                                         weir_cstr(text), &i),
                     WEIR_OK);

    return i;
}


static weir_span_t
at(uint32_t line, uint32_t col, uint32_t len)
{
    return (weir_span_t) { .file = 0, .line = line, .col = col, .len = len };
}


static void
assert_printed(fixture_t *f, bool colour, const char *want)
{
    char    *got;
    FILE    *out;
    size_t   len;

    out = open_memstream(&got, &len);
    weir_diags_sort(&f->d);
    weir_diags_print(&f->d, out, colour);
    fclose(out);
    assert_string_equal(got, want);
    free(got);
}


static void
an_error_shows_its_place(void **state)
{
    fixture_t  *f;

    f = *state;
    file(f, "edge.yaml", "one\n    when: request.path\nthree");

    assert_int_equal(
        weir_fail(&f->d, 302, at(2, 11, 12),
                  "\"when\" of rule \"%s\" is %s, not bool", "admin",
                  "string"),
        WEIR_ERROR);

    assert_printed(f, false,
        "edge.yaml:2:11: error[E0302]: \"when\" of rule \"admin\" is string, "
        "not bool\n"
        "  2 |     when: request.path\n"
        "    |           ^^^^^^^^^^^^\n");
}


static void
colours_frame_severity_text_and_caret(void **state)
{
    fixture_t  *f;

    f = *state;
    file(f, "e.yaml", "abc");
    weir_fail(&f->d, 1, at(1, 2, 1), "no");
    weir_warn(&f->d, 901, at(1, 3, 1), "hm");

    assert_printed(f, true,
        "e.yaml:1:2: \033[1;31merror[E0001]\033[0m: \033[1mno\033[0m\n"
        "  1 | abc\n"
        "    | \033[1;31m ^\033[0m\n"
        "e.yaml:1:3: \033[1;33mwarning[W0901]\033[0m: \033[1mhm\033[0m\n"
        "  1 | abc\n"
        "    | \033[1;33m  ^\033[0m\n");
}


static void
without_a_place_there_is_only_the_sentence(void **state)
{
    fixture_t    *f;
    weir_span_t   none = { .file = 7, .line = 9, .col = 1, .len = 1 };

    f = *state;
    weir_fail(&f->d, 301, at(0, 0, 0), "undeclared");
    weir_fail(&f->d, 302, none, "of no file");

    assert_printed(f, false,
        "error[E0301]: undeclared\n"
        "error[E0302]: of no file\n");
}


static void
carets_count_code_points(void **state)
{
    fixture_t  *f;

    f = *state;
    file(f, "e.yaml", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x8a: \xc3\xb6\xc3\xb6"
                      " x\n\ta:\tb c\n\xff\xfe: x\n");
    /* col and len are in bytes */
    weir_fail(&f->d, 1, at(1, 12, 4), "umlauts");
    weir_fail(&f->d, 2, at(2, 5, 3), "tabs stay");
    weir_fail(&f->d, 3, at(3, 5, 1), "broken bytes");

    assert_printed(f, false,
        "e.yaml:1:12: error[E0001]: umlauts\n"
        "  1 | \xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x8a: \xc3\xb6\xc3\xb6 x\n"
        "    |      ^^\n"
        "e.yaml:2:5: error[E0002]: tabs stay\n"
        "  2 | \ta:\tb c\n"
        "    | \t  \t^^^\n"
        "e.yaml:3:5: error[E0003]: broken bytes\n"
        "  3 | ??: x\n"
        "    |     ^\n");
}


static void
spans_are_clipped_to_their_line(void **state)
{
    fixture_t  *f;

    f = *state;
    file(f, "e.yaml", "abc\r\nxyz\n");
    weir_fail(&f->d, 1, at(1, 2, 1000), "past the end");
    weir_fail(&f->d, 2, at(1, 4, 0), "at the end");
    weir_fail(&f->d, 3, at(1, 99, 1), "beyond it");
    weir_fail(&f->d, 4, at(2, 1, 0), "of no length");
    weir_fail(&f->d, 5, at(3, 1, 0), "behind the last line");
    weir_fail(&f->d, 6, at(99, 1, 1), "no such line");

    assert_printed(f, false,
        "e.yaml:1:2: error[E0001]: past the end\n"
        "  1 | abc\n"
        "    |  ^^\n"
        "e.yaml:1:4: error[E0002]: at the end\n"
        "  1 | abc\n"
        "    |    ^\n"
        "e.yaml:1:99: error[E0003]: beyond it\n"
        "  1 | abc\n"
        "    |    ^\n"
        "e.yaml:2:1: error[E0004]: of no length\n"
        "  2 | xyz\n"
        "    | ^\n"
        "e.yaml:3:1: error[E0005]: behind the last line\n"
        "  3 | \n"
        "    | ^\n"
        "e.yaml:99:1: error[E0006]: no such line\n"
        "  99 | \n"
        "     | ^\n");
}


static void
an_empty_file_has_no_lines_to_show(void **state)
{
    fixture_t  *f;

    f = *state;
    file(f, "e.yaml", "");
    weir_fail(&f->d, 104, at(1, 1, 0), "nothing in it");
    assert_printed(f, false, "e.yaml:1:1: error[E0104]: nothing in it\n");
}


static void
long_lines_are_cut_around_the_caret(void **state)
{
    char        line[401], want[1024];
    fixture_t  *f;

    f = *state;
    memset(line, '.', 400);
    line[400] = '\0';
    line[10] = 'a';
    line[200] = 'b';
    line[399] = 'c';
    file(f, "e.yaml", line);

    weir_fail(&f->d, 1, at(1, 11, 1), "start");
    weir_fail(&f->d, 2, at(1, 201, 300), "middle");
    weir_fail(&f->d, 3, at(1, 400, 1), "end");

    snprintf(want, sizeof(want),
             "e.yaml:1:11: error[E0001]: start\n"
             "  1 | %.100s...\n"
             "    | %*s\n"
             "e.yaml:1:201: error[E0002]: middle\n"
             "  1 | ...%.100s...\n"
             "    |    %*s%s%s\n"
             "e.yaml:1:400: error[E0003]: end\n"
             "  1 | ...%s\n"
             "    |    %*s\n",
             line, 11, "^",
             line + 170, 30, "", "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
             "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
             line + 369, 31, "^");

    assert_printed(f, false, want);
}


static void
nothing_of_a_source_steers_the_terminal(void **state)
{
    fixture_t  *f;

    f = *state;
    file(f, "a\033]0;x\007.yaml",
         "x: \033[2J\xc2\x9b\xe2\x80\xae \x7f y\n");
    weir_fail(&f->d, 201, at(1, 4, 4), "unknown key \"%s\"",
              "\033[31m\n\xff\xe2\x81\xa6");

    assert_printed(f, false,
        "a\\u001b]0;x\\u0007.yaml:1:4: error[E0201]: unknown key "
        "\"\\u001b[31m\\u000a\\xff\\u2066\"\n"
        "  1 | x: ?[2J?? ? y\n"
        "    |    ^^^^\n");
}


static void
diagnostics_are_sorted_and_equal_ones_once(void **state)
{
    weir_span_t   other = { .file = 1, .line = 1, .col = 1, .len = 1 };
    fixture_t    *f;

    f = *state;
    file(f, "a", "");
    file(f, "b", "");
    weir_fail(&f->d, 5, other, "in b");
    weir_fail(&f->d, 4, at(2, 1, 1), "line 2");
    weir_fail(&f->d, 3, at(1, 2, 1), "col 2");
    weir_fail(&f->d, 2, at(1, 1, 1), "code 2");
    weir_warn(&f->d, 1, at(1, 1, 1), "advice");
    weir_fail(&f->d, 1, at(1, 1, 1), "code 1");
    weir_fail(&f->d, 2, at(1, 1, 1), "code 2");
    weir_warn(&f->d, 1, at(1, 1, 1), "advice");

    assert_int_equal(f->d.errors, 6);
    assert_int_equal(f->d.warnings, 2);

    assert_printed(f, false,
        "a:1:1: error[E0001]: code 1\n"
        "a:1:1: error[E0002]: code 2\n"
        "a:1:1: warning[W0001]: advice\n"
        "a:1:2: error[E0003]: col 2\n"
        "a:2:1: error[E0004]: line 2\n"
        "b:1:1: error[E0005]: in b\n");

    assert_int_equal(f->d.errors, 5);
    assert_int_equal(f->d.warnings, 1);
}


static void
the_rest_is_counted(void **state)
{
    char       *got;
    FILE       *out;
    size_t      len;
    uint32_t    i;
    fixture_t  *f;

    f = *state;
    file(f, "a", "");

    /* from the last line to the first, more than are kept */
    for (i = WEIR_KEEP_DIAGS + 10; i > 0; i--) {
        weir_fail(&f->d, 1, at(i, 1, 1), "bad");
    }

    weir_warn(&f->d, 901, at(7000, 1, 1), "advice");

    for (i = 0; i < WEIR_MAX_DIAGS; i++) {
        weir_warn(&f->d, 901, at(8000 + i, 1, 1), "advice");
    }

    weir_diags_sort(&f->d);
    out = open_memstream(&got, &len);
    weir_diags_print(&f->d, out, false);
    fclose(out);

    assert_memory_equal(got, "a:11:1: error[E0001]: bad\n", 26);
    assert_non_null(strstr(got, "a:110:1: error[E0001]: bad\n"
                                "a:7000:1: warning[W0901]: advice\n"));
    assert_null(strstr(got, "a:111:1:"));
    assert_non_null(strstr(got, "\n4006 more errors and 1 more warning"
                                " not shown\n"));
    assert_int_equal(f->d.errors, WEIR_KEEP_DIAGS + 10);
    free(got);
}


static void
nearest_names(void **state)
{
    size_t                   i;
    weir_str_t               s;
    static const weir_str_t  cand[] = {
        { "principal.roles", 15 }, { "principal.sub", 13 },
        { "request.path", 12 }, { "hosts", 5 }, { "host", 4 }, { "id", 2 },
    };
    static const struct {
        const char  *name;
        const char  *want;
    }  t[] = {
        { "principal.role", "principal.roles" },
        { "principal.rolse", "principal.roles" },
        { "Principal.Sub", "principal.sub" },
        { "reqest.path", "request.path" },
        { "request.lines", "" },
        { "hots", "hosts" },            /* the first of two as near */
        { "hsot", "host" },
        { "ho", "" },
        { "di", "" },
        { "i", "" },
        { "", "" },
        { "something else", "" },
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          "" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        s = weir_nearest(weir_cstr(t[i].name), cand,
                         sizeof(cand) / sizeof(cand[0]));
        assert_true(weir_str_eq(s, weir_cstr(t[i].want)));
    }

    assert_int_equal(weir_nearest(weir_string("x"), NULL, 0).len, 0);
}


#define test(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(an_error_shows_its_place),
        test(colours_frame_severity_text_and_caret),
        test(without_a_place_there_is_only_the_sentence),
        test(carets_count_code_points),
        test(spans_are_clipped_to_their_line),
        test(an_empty_file_has_no_lines_to_show),
        test(long_lines_are_cut_around_the_caret),
        test(nothing_of_a_source_steers_the_terminal),
        test(diagnostics_are_sorted_and_equal_ones_once),
        test(the_rest_is_counted),
        cmocka_unit_test(nearest_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
