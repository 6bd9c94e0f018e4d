/*
 * test_cel_parse.c: the grammar of CEL: what a text parses to, what is said
 * of one that does not parse, and that no text goes past the bounds.
 */

#include "cel_fixture.h"

#include <stdio.h>
#include <stdlib.h>


typedef struct {
    const char  *text;
    const char  *want;
} row_t;

static const row_t  trees[] = {
    /* literals */
    { "1", "1" },
    { "0x1F", "31" },
    { "-0x1F", "-31" },
    { "1u", "1u" },
    { "0xFFu", "255u" },
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "18446744073709551615u", "18446744073709551615u" },
    { "1.5", "1.5" },
    { ".5", "0.5" },
    { "-1.5e-3", "-0.0015" },
    { "1e3", "1000.0" },
    { "true", "true" },
    { "null", "null" },
    { "\"a\\n\\t\\\"b\"", "\"a\\x0a\\x09\\x22b\"" },
    { "'it''s'", "!" },
    { "'\\x41\\101\\u0042\\U00000043'", "\"AABC\"" },
    { "'\\xe9'", "\"\\xc3\\xa9\"" },
    { "b'\\xe9\\377'", "b\"\\xe9\\xff\"" },
    { "b'\303\251'", "b\"\\xc3\\xa9\"" },
    { "r'\\d+'", "\"\\x5cd+\"" },
    { "R\"\\\"", "\"\\x5c\"" },
    { "br'\\x'", "b\"\\x5cx\"" },
    { "'''a'b''c'''", "\"a'b''c\"" },
    { "\"\"\"a\nb\"\"\"", "\"a\\x0ab\"" },
    { "'''a\r\nb\rc'''", "\"a\\x0ab\\x0ac\"" },
    { "r'''\\'''", "\"\\x5c\"" },
    { "''", "\"\"" },
    { "''''''", "\"\"" },
    { "'\\?\\`\\a\\v'", "\"?`\\x07\\x0b\"" },

    /* precedence and association */
    { "a + b * c", "(_+_ a (_*_ b c))" },
    { "a - b - c", "(_-_ (_-_ a b) c)" },
    { "a % b / c", "(_/_ (_%_ a b) c)" },
    { "(a + b) * c", "(_*_ (_+_ a b) c)" },
    { "a < b == c", "(_==_ (_<_ a b) c)" },
    { "a in b in c", "(@in (@in a b) c)" },
    { "a || b || c", "(|| a b c)" },
    { "a && b && c || d && e", "(|| (&& a b c) (&& d e))" },
    { "(a || b) || c", "(|| (|| a b) c)" },
    { "a ? b : c ? d : e", "(? a b (? c d e))" },
    { "a ? b ? c : d : e", "!" },
    { "a || b ? c : d", "(? (|| a b) c d)" },
    { "!a", "(!_ a)" },
    { "!!a", "(!_ (!_ a))" },
    { "-a", "(-_ a)" },
    { "--a", "(-_ (-_ a))" },
    { "--1", "(-_ -1)" },
    { "- 1", "-1" },
    { "1-1", "(_-_ 1 1)" },
    { "1 - -1", "(_-_ 1 -1)" },
    { "a -1", "(_-_ a 1)" },
    { "!-1", "(!_ -1)" },
    { "-a.b", "(-_ (. a b))" },
    { "-1.f()", "(.f -1)" },
    { "1.f()", "(.f 1)" },
    { "!a.b()", "(!_ (.b a))" },

    /* members */
    { "a.b.c", "(. (. a b) c)" },
    { ".a.b", "(. .a b)" },
    { "a.?b", "(.? a b)" },
    { "a.`b-c`", "(. a b-c)" },
    { "a.?`b.c/d`", "(.? a b.c/d)" },
    { "a[0]", "(_[_] a 0)" },
    { "a[?0]", "(_[?_] a 0)" },
    { "a[b][c]", "(_[_] (_[_] a b) c)" },
    { "f()", "(f)" },
    { "f(a, b)", "(f a b)" },
    { ".f(a)", "(f a)" },
    { "a.f()", "(.f a)" },
    { "a.b.f(1)", "(.f (. a b) 1)" },
    { "a.if", "(. a if)" },
    { "a . b", "(. a b)" },
    { "a // b\n .c", "(. a c)" },
    { "// x\n a // y", "a" },

    /* lists, maps, messages */
    { "[]", "[]" },
    { "[1, 2,]", "[1 2]" },
    { "[?a, b]", "[?a b]" },
    { "{}", "{}" },
    { "{a: 1, 'b': 2,}", "{a 1 \"b\" 2}" },
    { "{?a: b}", "{a ?b}" },
    { "[[], {}]", "[[] {}]" },
    { "A{}", "(message A)" },
    { "a.b.C{f: 1, `g`: [2],}", "(message a.b.C \"f\" 1 \"g\" [2])" },
    { ".a.C{f: 1}", "(message .a.C \"f\" 1)" },
    { "a.C{?f: 1}.g", "(. (message a.C \"f\" 1) g)" },

    /* macros */
    { "has(a.b)", "(has a b)" },
    { "has(a.b.c)", "(has (. a b) c)" },
    { "has(a.`b-c`)", "(has a b-c)" },
    { "l.all(x, x > 0)", "(all x l (_>_ x 0))" },
    { "l.exists(x, x)", "(exists x l x)" },
    { "l.exists_one(x, x)", "(exists_one x l x)" },
    { "l.existsOne(i, x, x)", "(existsOne i x l x)" },
    { "l.map(x, x + 1)", "(map x l (_+_ x 1))" },
    { "l.map(x, c, r)", "(map x l c r)" },
    { "l.filter(x, c)", "(filter x l c)" },
    { "l.all(i, x, c)", "(all i x l c)" },
    { "l.transformList(i, x, c, r)", "(transformList i x l c r)" },
    { "m.transformMap(k, v, r)", "(transformMap k v m r)" },
    { "m.transformMapEntry(k, v, {v: k})", "(transformMapEntry k v m v k)" },
    { "cel.bind(x, 1, x + x)", "(bind x 1 (_+_ x x))" },
    { "a.?b.optMap(x, x + 1)",
      "(bind @optional (.? a b) (? (.hasValue @optional)"
      " (optional.of (bind x (.value @optional) (_+_ x 1)))"
      " (optional.none)))" },
    { "a.optFlatMap(x, x)",
      "(bind @optional a (? (.hasValue @optional)"
      " (bind x (.value @optional) x) (optional.none)))" },
    { "all(x, y)", "(all x y)" }
};

static const row_t  errors[] = {
    { "", "1:1+0 E0303 an empty expression" },
    { "  ", "1:1+2 E0303 an empty expression" },
    { "a +", "1:4+0 E0303 the expression ends too early; an expression was "
      "expected" },
    { "a b", "1:3+1 E0303 unexpected `b`; the end of the expression was "
      "expected" },
    { "(a", "1:3+0 E0303 the expression ends too early; `)` was expected" },
    { "a)", "1:2+1 E0303 unexpected `)`; the end of the expression was "
      "expected" },
    { "[a, b", "1:6+0 E0303 the expression ends too early; `,` or `]` was "
      "expected" },
    { "f(a,)", "1:5+1 E0303 unexpected `)`; an argument was expected" },
    { "{a}", "1:3+1 E0303 unexpected `}`; `:` was expected" },
    { "a.1", "1:2+2 E0303 unexpected `.1`; the end of the expression was "
      "expected" },
    { "a.(b)", "1:3+1 E0303 unexpected `(`; the name of a field or method "
      "was expected" },
    { "a ? b", "1:6+0 E0303 the expression ends too early; `:` of `?:` was "
      "expected" },
    { "a = b", "1:3+1 E0303 `=` has no meaning in an expression; equality is "
      "==" },
    { "a & b",
      "1:3+1 E0303 `&` has no meaning in an expression; and is &&" },
    { "[a +, for, (b, c]",
      "1:5+1 E0303 unexpected `,`; an expression was expected\n"
      "1:7+3 E0303 `for` is a reserved word\n"
      "1:14+1 E0303 unexpected `,`; `)` was expected" },
    { "f(1 2, 3 4)",
      "1:5+1 E0303 unexpected `2`; `,` or `)` was expected\n"
      "1:10+1 E0303 unexpected `4`; `,` or `)` was expected" },
    { "\001", "1:1+1 E0303 a control character outside of strings" },
    { "\303\251", "1:1+2 E0303 `\303\251` has no meaning in an expression" },
    { "\377", "1:1+1 E0303 a byte that is not UTF-8" },
    { "'a", "1:1+2 E0304 a string without its closing quote" },
    { "'a\nb' + (", "1:1+2 E0304 a string without its closing quote" },
    { "'\\q'", "1:2+2 E0304 unknown escape; a backslash is written \\\\, or "
      "the string r\"...\"" },
    { "'\\u12'", "1:2+4 E0304 an escape with too few digits" },
    { "'\\ud800'", "1:2+6 E0304 an escape of no Unicode character" },
    { "'\\U00110000'", "1:2+10 E0304 an escape of no Unicode character" },
    { "b'\\u0041'", "1:3+6 E0304 bytes take no \\u; write the octets with "
      "\\x" },
    { "'\377'", "1:2+1 E0304 a byte that is not UTF-8" },
    { "9223372036854775808", "1:1+19 E0304 9223372036854775808 does not fit "
      "an int" },
    { "-9223372036854775809", "1:1+20 E0304 -9223372036854775809 does not "
      "fit an int" },
    { "18446744073709551616u", "1:1+21 E0304 18446744073709551616 does not "
      "fit a uint" },
    { "1e400", "1:1+5 E0304 1e400 does not fit a double" },
    { "a.`b\"`", "1:3+2 E0304 a quoted name ends with `, and has letters, "
      "digits and _.-/ only" },
    { "has(a)", "1:5+1 E0308 has() asks for a field, as in has(map.key)" },
    { "has(a.?b)", "1:5+4 E0308 has() asks for a field, as in has(map.key)" },
    { "l.all(x)", "1:1+8 E0308 it is written all(x, condition), or all(i, x, "
      "condition)" },
    { "l.all(1, x)", "1:7+1 E0308 all() needs the name of a variable here" },
    { "l.all(a.b, x)",
      "1:7+3 E0308 all() needs the name of a variable here" },
    { "l.all(x, x, x)", "1:10+1 E0308 both variables are named `x`" },
    { "cel.bind(1, 2, 3)",
      "1:10+1 E0308 bind() needs the name of a variable here" }
};


static void dump(FILE *out, const weir_ex_t *ex);


static void
dump_bytes(FILE *out, weir_str_t s)
{
    size_t  i;

    fputc('"', out);

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] >= 0x7f
            || strchr("\"\\", s.data[i]) != NULL)
        {
            fprintf(out, "\\x%02x", (unsigned) (unsigned char) s.data[i]);
        } else {
            fputc(s.data[i], out);
        }
    }

    fputc('"', out);
}


static void
dump_const(FILE *out, const weir_cval_t *v)
{
    char  buf[64];

    switch (v->kind) {
    case WEIR_T_NULL:
        fputs("null", out);
        break;
    case WEIR_T_BOOL:
        fputs(v->u.b ? "true" : "false", out);
        break;
    case WEIR_T_INT:
        fprintf(out, "%" PRId64, v->u.i);
        break;
    case WEIR_T_UINT:
        fprintf(out, "%" PRIu64 "u", v->u.u);
        break;
    case WEIR_T_DOUBLE:
        snprintf(buf, sizeof(buf), "%.15g", v->u.d);
        fprintf(out, "%s%s", buf, strpbrk(buf, ".e") ? "" : ".0");
        break;
    case WEIR_T_BYTES:
        fputc('b', out);
        dump_bytes(out, v->s);
        break;
    default:
        dump_bytes(out, v->s);
    }
}


static void
dump_args(FILE *out, const weir_ex_t *ex, const char *before)
{
    uint32_t  i;

    for (i = 0; i < ex->n; i++) {
        fputs(i ? " " : before, out);

        if (ex->args[i]->flags & WEIR_XF_ABSENT) {
            fputc('?', out);
        }

        dump(out, ex->args[i]);
    }
}


static void
dump_node(FILE *out, const char *what, weir_str_t name, const weir_ex_t *ex)
{
    fprintf(out, "(%s%.*s", what, WEIR_STR(name));
    dump_args(out, ex, " ");
    fputc(')', out);
}


static void
dump(FILE *out, const weir_ex_t *ex)
{
    weir_str_t  none = { "", 0 };

    switch (ex->x) {

    case WEIR_X_CONST:
        dump_const(out, ex->value);
        break;

    case WEIR_X_IDENT:
        fprintf(out, "%s%.*s", ex->flags & WEIR_XF_ROOT ? "." : "",
                WEIR_STR(ex->name));
        break;

    case WEIR_X_SELECT:
    case WEIR_X_HAS:
        fputs(ex->x == WEIR_X_HAS ? "(has "
              : ex->flags & WEIR_XF_OPTIONAL ? "(.? " : "(. ", out);
        dump(out, ex->args[0]);
        fprintf(out, " %.*s)", WEIR_STR(ex->name));
        break;

    case WEIR_X_CALL:
        dump_node(out, ex->flags & WEIR_XF_METHOD ? "." : "", ex->name, ex);
        break;

    case WEIR_X_OR:
        dump_node(out, "||", none, ex);
        break;

    case WEIR_X_AND:
        dump_node(out, "&&", none, ex);
        break;

    case WEIR_X_COND:
        dump_node(out, "?", none, ex);
        break;

    case WEIR_X_LIST:
        fputc('[', out);
        dump_args(out, ex, "");
        fputc(']', out);
        break;

    case WEIR_X_MAP:
        fputc('{', out);
        dump_args(out, ex, "");
        fputc('}', out);
        break;

    case WEIR_X_MESSAGE:
        dump_node(out, "message ", ex->name, ex);
        break;

    case WEIR_X_LOOP:
        fprintf(out, "(%.*s %.*s", WEIR_STR(ex->name), WEIR_STR(ex->vars[0]));

        if (ex->nvars == 2) {
            fprintf(out, " %.*s", WEIR_STR(ex->vars[1]));
        }

        dump_args(out, ex, " ");
        fputc(')', out);
        break;

    case WEIR_X_BIND:
        fprintf(out, "(bind %.*s", WEIR_STR(ex->vars[0]));
        dump_args(out, ex, " ");
        fputc(')', out);
        break;

    default:
        fputs("error", out);
    }
}


/* Parses s; the tree as text, or "!" when something was reported. */
static char *
parse(fixture_t *f, const char *s, size_t len)
{
    FILE         *out;
    char         *buf;
    size_t        n;
    weir_cel_t    c;
    weir_ex_t    *ex;
    weir_text_t   t;

    t = fixture_text(f, "");
    t.text = weir_str(s, len);
    f->diags.files.items[t.span.file].text = t.text;

    memset(&c, 0, sizeof(c));
    c.arena = f->arena;
    c.diags = &f->diags;
    c.text = &t;

    ex = weir_cel_parse(&c);
    assert_false(c.nomem);

    out = open_memstream(&buf, &n);

    if (c.failed) {
        fputc('!', out);
    } else {
        dump(out, ex);
    }

    fclose(out);

    return buf;
}


static void
test_trees(void **state)
{
    char       *got;
    size_t      i;
    fixture_t   f;

    (void) state;

    for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        fixture_open(&f);
        got = parse(&f, trees[i].text, strlen(trees[i].text));

        if (strcmp(got, trees[i].want) != 0) {
            fail_msg("%s: %s, not %s\n%.*s", trees[i].text, got,
                     trees[i].want, WEIR_STR(fixture_errors(&f)));
        }

        free(got);
        fixture_close(&f);
    }
}


static void
test_errors(void **state)
{
    char        *got;
    size_t       i;
    fixture_t    f;
    weir_str_t   s;

    (void) state;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        fixture_open(&f);
        got = parse(&f, errors[i].text, strlen(errors[i].text));
        s = fixture_errors(&f);

        if (!weir_str_eq(s, weir_cstr(errors[i].want))) {
            fail_msg("%s:\n%.*s\nnot\n%s", errors[i].text, WEIR_STR(s),
                     errors[i].want);
        }

        free(got);
        fixture_close(&f);
    }
}


/* n times a part, between a beginning and an end. */
static char *
repeated(const char *first, const char *part, size_t n, const char *last)
{
    char    *s, *p;
    size_t   i;

    s = malloc(strlen(first) + n * strlen(part) + strlen(last) + 1);
    assert_non_null(s);
    p = s + sprintf(s, "%s", first);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", part);
    }

    sprintf(p, "%s", last);

    return s;
}


static void
test_bounds(void **state)
{
    static const struct {
        const char  *first;
        const char  *part;
        size_t       n;
        const char  *last;
        const char  *want;
    }  rows[] = {
        { "a", "||a", 1000, "", "" },
        { "a", "&&a", 1000, "", "" },
        { "a", " + a", 200, "", "" },
        { "a", ".b", 200, "", "" },
        { "", "!", 200, "a", "" },
        { "a", " + a", 300, "", "operators in a row" },
        { "a", ".b", 300, "", "operators in a row" },
        { "", "-", 300, "a", "operators in a row" },
        { "", "(", 60, "a", "too early" },
        { "", "(", 100000, "", "nests deeper than 64" },
        { "", "[", 100, "a", "nests deeper than 64" },
        { "", "{1:", 100, "a", "nests deeper than 64" },
        { "", "a?b:", 60, "c", "" },
        { "", "a?b:", 100, "c", "nests deeper than 64" },
        { "", "f(", 100, "", "nests deeper than 64" },
        { "[", "1,", 3000, "]", "" },
        { "[", "1,", 5000, "]", "more than 4096 parts" },
        { "a", "||a", 5000, "", "more than 4096 parts" }
    };

    char        *got, *s;
    size_t       i;
    fixture_t    f;
    weir_str_t   e;

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        s = repeated(rows[i].first, rows[i].part, rows[i].n, rows[i].last);
        fixture_open(&f);
        got = parse(&f, s, strlen(s));
        e = fixture_errors(&f);

        if (rows[i].want[0] == '\0' ? e.len != 0
            : e.len == 0 || strstr(e.data, rows[i].want) == NULL)
        {
            fail_msg("%zu times %s: %.*s", rows[i].n, rows[i].part,
                     WEIR_STR(e));
        }

        free(got);
        free(s);
        fixture_close(&f);
    }
}


/* Every cut of every text, and a NUL behind it: no trouble, if no tree. */
static void
test_cuts(void **state)
{
    char       *copy;
    size_t      i, len;
    fixture_t   f;

    (void) state;
    fixture_open(&f);

    for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        for (len = 0; len < strlen(trees[i].text); len++) {
            copy = malloc(len + 1);
            assert_non_null(copy);
            memcpy(copy, trees[i].text, len);
            free(parse(&f, copy, len));
            copy[len] = '\0';
            free(parse(&f, copy, len + 1));
            free(copy);
        }
    }

    fixture_close(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_cuts)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
