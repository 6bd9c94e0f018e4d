/*
 * test_scalar.c: every byte of a YAML scalar knows where it stands, in every
 * style; plain scalars have the kinds that JSON gives them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "front/scalar.h"
#include "front/yaml.h"


typedef struct {
    weir_arena_t  *arena;
    weir_diags_t   diags;
    weir_node_t    root;
} doc_t;


static void
load(doc_t *d, const char *text)
{
    uint32_t  file;

    memset(d, 0, sizeof(doc_t));
    d->arena = weir_arena_create();
    d->diags.arena = d->arena;

    assert_int_equal(weir_diags_add_file(&d->diags, weir_string("t.yaml"),
                                         weir_cstr(text), &file), WEIR_OK);

    if (weir_yaml_read(d->arena, &d->diags, file, &d->root) != WEIR_OK
        || d->diags.errors != 0)
    {
        weir_diags_print(&d->diags, stderr, false);
        fail();
    }
}


static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}


/*
 * Each word of the text that stands once in the source must map there,
 * whole; so must each of its bytes.  Returns how many were checked.
 */
static unsigned
check_words(const char *src, const weir_text_t *t)
{
    char         word[64];
    size_t       i, k, n;
    unsigned     words, line, col;
    const char  *at, *p;
    weir_span_t  s;

    words = 0;

    for (i = 0; i < t->text.len; i += n + 1) {

        for (n = 0; i + n < t->text.len && is_letter(t->text.data[i + n]);
             n++)
        {
            /* void */
        }

        if (n < 2 || n >= sizeof(word)) {
            continue;
        }

        memcpy(word, t->text.data + i, n);
        word[n] = '\0';
        at = strstr(src, word);

        if (at == NULL || strstr(at + 1, word) != NULL) {
            continue;
        }

        line = 1;
        col = 1;

        for (p = src; p < at; p++) {
            col = *p == '\n' ? 1 : col + 1;
            line += *p == '\n';
        }

        s = weir_text_span(t, i, n);

        if (s.line != line || s.col != col || s.len != n) {
            print_error("%s\n%s: %u:%u+%u, expected %u:%u+%zu\n", src, word,
                        s.line, s.col, s.len, line, col, n);
            fail();
        }

        for (k = 0; k < n; k++) {
            s = weir_text_span(t, i + k, 1);
            assert_int_equal(s.line, line);
            assert_int_equal(s.col, col + k);
            assert_int_equal(s.len, 1);
        }

        words++;
    }

    return words;
}


static void
words_map_back(void **state)
{
    doc_t              d;
    size_t             i;
    weir_node_t       *k;

    static const struct {
        const char  *src;
        const char  *value;
        unsigned     words;
    } t[] = {
        /* plain */
        { "k: foo bar", "foo bar", 2 },
        { "k:   foo == \"bar\" # zz", "foo == \"bar\"", 2 },
        { "k: foo\n  bar\n  baz", "foo bar baz", 3 },
        { "k: foo   \n\n    bar\n  baz\nz: 1", "foo\nbar baz", 3 },
        { "k: foo\n\n\n bar", "foo\n\nbar", 2 },
        { "k:\n  foo\n   bar", "foo bar", 2 },
        { "k: foo\r\n  bar\r\n  baz\r\n", "foo bar baz", 3 },
        { "k: \xc3\xa9\xe2\x82\xac foo\n  \xc3\xa9 bar",
          "\xc3\xa9\xe2\x82\xac foo \xc3\xa9 bar", 2 },
        { "\xc3\xa9: {\xc3\xbc: 1}\nk: foo", "foo", 1 },

        /* single-quoted */
        { "k: 'foo bar'", "foo bar", 2 },
        { "k: 'foo == ''bar'' && baz'", "foo == 'bar' && baz", 3 },
        { "k: 'foo\n  bar\n\n  baz'", "foo bar\nbaz", 3 },
        { "k: '  foo  \n\n\n  bar  '", "  foo\n\nbar  ", 2 },
        { "k: '''foo'''", "'foo'", 1 },

        /* double-quoted */
        { "k: \"foo bar\"", "foo bar", 2 },
        { "k: \"foo\\tbar \\\"baz\\\" qq\"", "foo\tbar \"baz\" qq", 4 },
        { "k: \"foo\\n\\u00e9\\x41 bar\\U0001f600baz\"",
          "foo\n\xc3\xa9" "A bar\xf0\x9f\x98\x80" "baz", 3 },
        { "k: \"foo \\\n     bar\\\n  \\ baz\"", "foo bar baz", 3 },
        { "k: \"foo\n  bar\n\n\n  baz \"", "foo bar\n\nbaz ", 3 },
        { "k: \"foo  \\\n\n\n   bar\"", "foo  \n\nbar", 2 },
        { "k: \"\\N\\_\\L\\P foo\"",
          "\xc2\x85\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9 foo", 1 },
        { "k: \"foo\r\n  bar\"", "foo bar", 2 },
        { "k: \"foo\\/bar\"", "foo/bar", 2 },

        /* literal */
        { "k: |\n  foo bar\n  baz\n", "foo bar\nbaz\n", 3 },
        { "k: |-\n  foo\n    bar\n  baz", "foo\n  bar\nbaz", 3 },
        { "k: |+\n  foo\n\n  bar\n\n\nz: 1\n", "foo\n\nbar\n\n\n", 2 },
        { "k: |\n\n\n  foo\n\n  bar\n", "\n\nfoo\n\nbar\n", 2 },
        { "k: |2\n    foo\n   bar\n", "  foo\n bar\n", 2 },
        { "k: |2- # zz\n    foo\n  bar\n", "  foo\nbar", 2 },
        { "k: |-2\n    foo\n  bar\n", "  foo\nbar", 2 },
        { "k:\n  - |1\n    foo\n   bar\n", " foo\nbar\n", 2 },
        { "k: |\r\n  foo\r\n  bar\r\n\r\n", "foo\nbar\n", 2 },
        { "k: |1\n \tfoo\n \tbar", "\tfoo\n\tbar", 2 },
        { "k: |\n  \xc3\xa9 foo\n  \xe2\x82\xac bar\n",
          "\xc3\xa9 foo\n\xe2\x82\xac bar\n", 2 },
        { "k: |\n  foo #bar\nz: |\n  zz\n", "foo #bar\n", 2 },
        { "k: |\n", "", 0 },
        { "k: |+\n\n\n", "\n\n", 0 },
        { "k: |\n   \n  \n   foo\n", "\n\nfoo\n", 1 },

        /* folded */
        { "k: >\n  foo\n  bar\n  baz\n", "foo bar baz\n", 3 },
        { "k: >-\n  foo\n\n  bar\n    baz\n  qq\n", "foo\nbar\n  baz\nqq", 4 },
        { "k: >+\n  foo\n  bar\n\n\n", "foo bar\n\n\n", 2 },
        { "k: >\n\n  foo\n\n\n  bar\n   qq\n   ww\n\n  ee\n",
          "\nfoo\n\nbar\n qq\n ww\n\nee\n", 5 },
        { "k: >1\n  foo\n bar\n baz\n", " foo\nbar baz\n", 3 },
        { "k: >\r\n  foo\r\n  bar\r\n", "foo bar\n", 2 },
        { "k: >\n  foo\n  bar", "foo bar", 2 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        load(&d, t[i].src);
        k = weir_node_get(&d.root, "k");
        assert_non_null(k);
        k = k->kind == WEIR_T_LIST ? &k->u.items[0] : k;

        if (!weir_str_eq(k->text.text, weir_cstr(t[i].value))) {
            print_error("%s\nis \"%.*s\"\n", t[i].src,
                        WEIR_STR(k->text.text));
            fail();
        }

        assert_int_equal(check_words(t[i].src, &k->text), t[i].words);
        weir_arena_destroy(d.arena);
    }
}


/* Places of single bytes, escapes, and the end of the text. */
static void
places(void **state)
{
    doc_t         d;
    size_t        i;
    weir_span_t   s;
    weir_node_t  *k;

    static const struct {
        const char  *src;
        size_t       offset;
        size_t       len;
        uint32_t     line;
        uint32_t     col;
        uint32_t     width;
    } t[] = {
        /* the end */
        { "k: foo", 3, 0, 1, 7, 0 },
        { "k: foo", 9, 5, 1, 7, 0 },
        { "k: 'foo'", 3, 0, 1, 8, 0 },
        { "k: 'a''b'''", 4, 0, 1, 11, 0 },
        { "k: \"a\\t\"", 2, 0, 1, 8, 0 },
        { "k: |\n  foo\n  ba\n\nz: 1", 7, 0, 3, 5, 0 },
        { "k: |+\n  foo\n\n\n", 6, 0, 2, 6, 0 },
        { "k: >\n  foo\n  ba\n", 7, 0, 3, 5, 0 },

        /* an escape is covered whole */
        { "k: \"a\\u00e9b\"", 1, 2, 1, 6, 6 },
        { "k: \"a\\u00e9b\"", 0, 3, 1, 5, 7 },
        { "k: \"a\\nb\"", 1, 1, 1, 6, 2 },
        { "k: 'a''b'", 1, 1, 1, 6, 2 },
        { "k: 'a''b'", 0, 3, 1, 5, 4 },

        /* a span ends with its line */
        { "k: |\n  foo\n  bar\n", 1, 5, 2, 4, 2 },
        { "k: >\n  foo\n  bar\n", 1, 5, 2, 4, 3 },
        { "k: foo  \n  bar", 1, 5, 1, 5, 3 },

        /* from a line's end into the next */
        { "k: |\n  foo\n\n  bar\n", 5, 3, 4, 3, 3 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        load(&d, t[i].src);
        k = weir_node_get(&d.root, "k");
        assert_non_null(k);

        s = weir_text_span(&k->text, t[i].offset, t[i].len);

        if (s.line != t[i].line || s.col != t[i].col || s.len != t[i].width) {
            print_error("%s\n%zu+%zu is %u:%u+%u\n", t[i].src, t[i].offset,
                        t[i].len, s.line, s.col, s.len);
            fail();
        }

        weir_arena_destroy(d.arena);
    }
}


/* The span of a node itself. */
static void
spans(void **state)
{
    doc_t         d;
    size_t        i;
    weir_span_t   s;
    weir_node_t  *k;

    static const struct {
        const char  *src;
        uint32_t     line;
        uint32_t     col;
        uint32_t     len;
    } t[] = {
        { "k: 'foo'", 1, 4, 5 },
        { "k: foo  # c", 1, 4, 3 },
        { "k: |\n  foo\n", 1, 4, 1 },
        { "k: >- # c\n  foo\n", 1, 4, 6 },
        { "k: \"foo\n  bar\"", 1, 4, 4 },
        { "k: [a, {b: c} ]", 1, 4, 12 },
        { "k: {b: c,\n  d: e}", 1, 4, 6 },
        { "k:\n  foo: 1\n", 2, 3, 3 },
        { "k:\n- foo: 1\n", 2, 1, 1 },
        { "k:\n  - foo: 1\nz: {a: b}", 2, 3, 1 },
        { "k:\nz: 1", 1, 3, 0 },
        { "\xc3\xa9: \xc3\xa9\xc3\xa9\nk: [\xc3\xa9, foo]", 2, 4, 9 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        load(&d, t[i].src);
        k = weir_node_get(&d.root, "k");
        assert_non_null(k);
        s = k->text.span;

        if (s.line != t[i].line || s.col != t[i].col || s.len != t[i].len) {
            print_error("%s\nis %u:%u+%u\n", t[i].src, s.line, s.col, s.len);
            fail();
        }

        weir_arena_destroy(d.arena);
    }
}


static void
kinds(void **state)
{
    size_t        i;
    weir_rc_t     rc;
    const char   *what;
    weir_node_t   node;

    static const struct {
        const char  *text;
        int          kind;          /* -1: refused */
        const char  *what;
    } t[] = {
        { "", WEIR_T_NULL, NULL },
        { "null", WEIR_T_NULL, NULL },
        { "true", WEIR_T_BOOL, NULL },
        { "false", WEIR_T_BOOL, NULL },
        { "0", WEIR_T_INT, NULL },
        { "-12", WEIR_T_INT, NULL },
        { "9223372036854775807", WEIR_T_INT, NULL },
        { "-9223372036854775808", WEIR_T_INT, NULL },
        { "1.5", WEIR_T_DOUBLE, NULL },
        { "-1.5e-3", WEIR_T_DOUBLE, NULL },
        { "1e3", WEIR_T_DOUBLE, NULL },
        { "foo", WEIR_T_STRING, NULL },
        { "^", WEIR_T_STRING, NULL },
        { ".", WEIR_T_STRING, NULL },
        { "-", WEIR_T_STRING, NULL },
        { "+", WEIR_T_STRING, NULL },
        { "..", WEIR_T_STRING, NULL },
        { "1.2.3", WEIR_T_STRING, NULL },
        { "10.0.0.0/8", WEIR_T_STRING, NULL },
        { "2026-12-01", WEIR_T_STRING, NULL },
        { "10%", WEIR_T_STRING, NULL },
        { "300s", WEIR_T_STRING, NULL },
        { "::1", WEIR_T_STRING, NULL },
        { "1:99", WEIR_T_STRING, NULL },
        { "fd00::1", WEIR_T_STRING, NULL },
        { "0x", WEIR_T_STRING, NULL },
        { "1e", WEIR_T_STRING, NULL },
        { "nope", WEIR_T_STRING, NULL },
        { "9223372036854775808", -1, NULL },
        { "1e999", -1, NULL },
        { "yes", -1, "a boolean" },
        { "No", -1, "a boolean" },
        { "ON", -1, "a boolean" },
        { "off", -1, "a boolean" },
        { "y", -1, "a boolean" },
        { "N", -1, "a boolean" },
        { "True", -1, "a boolean" },
        { "TRUE", -1, "a boolean" },
        { "False", -1, "a boolean" },
        { "~", -1, "null" },
        { "Null", -1, "null" },
        { "NULL", -1, "null" },
        { "0123", -1, "a number" },
        { "+1", -1, "a number" },
        { "1_000", -1, "a number" },
        { "0x1f", -1, "a number" },
        { "0o17", -1, "a number" },
        { ".5", -1, "a number" },
        { "5.", -1, "a number" },
        { "12:30", -1, "a number" },
        { "12:30:45", -1, "a number" },
        { ".inf", -1, "a number" },
        { "-.Inf", -1, "a number" },
        { ".NaN", -1, "a number" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        memset(&node, 0, sizeof(node));
        node.text.text = weir_cstr(t[i].text);
        what = NULL;
        rc = weir_scalar_resolve(&node, &what);

        if (t[i].kind >= 0) {
            if (rc != WEIR_OK || node.kind != t[i].kind) {
                print_error("%s: %d, kind %d\n", t[i].text, rc, node.kind);
                fail();
            }

            continue;
        }

        if (rc != WEIR_ERROR || (what == NULL) != (t[i].what == NULL)
            || (what != NULL && strcmp(what, t[i].what) != 0))
        {
            print_error("%s: %d, %s\n", t[i].text, rc, what ? what : "-");
            fail();
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(words_map_back),
        cmocka_unit_test(places),
        cmocka_unit_test(spans),
        cmocka_unit_test(kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
