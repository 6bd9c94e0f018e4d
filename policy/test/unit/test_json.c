/*
 * test_json.c: JSON lines, strictly.
 */

#include "test/unit/front.h"
#include "front/json.h"


/* A tree in one line, so that it can be compared. */
static void
show(FILE *out, const weir_node_t *n)
{
    uint32_t  i;

    switch (n->kind) {

    case WEIR_T_NULL:
        fputs("null", out);
        break;

    case WEIR_T_BOOL:
        fputs(n->u.b ? "true" : "false", out);
        break;

    case WEIR_T_INT:
        fprintf(out, "%lld", (long long) n->u.i);
        break;

    case WEIR_T_DOUBLE:
        fprintf(out, "%gd", n->u.d);
        break;

    case WEIR_T_STRING:
        fprintf(out, "<%.*s>", WEIR_STR(n->text.text));
        break;

    case WEIR_T_LIST:
        fputc('[', out);

        for (i = 0; i < n->n; i++) {
            show(out, &n->u.items[i]);
            fputc(' ', out);
        }

        fputc(']', out);
        break;

    default:
        fputc('{', out);

        for (i = 0; i < n->n; i++) {
            show(out, &n->u.entries[i].key);
            fputc('=', out);
            show(out, &n->u.entries[i].value);
            fputc(' ', out);
        }

        fputc('}', out);
    }
}


static void
lines(void **state)
{
    FILE          *out;
    char          *buf, *said;
    size_t         i, len;
    uint32_t       file;
    weir_rc_t      rc;
    weir_json_t    j;
    weir_node_t    node;
    weir_diags_t   d;
    weir_arena_t  *a;

    static const struct {
        const char  *src;
        const char  *shown;
        const char  *said;
    } t[] = {
        { "", "", "" },
        { "\n \t\n\r\n", "", "" },
        { "{\"id\": \"a\", \"n\":[1,-2.5e1, true,false ,null,{}]}\n"
          "[ ]\r\n\n\"x\"",
          "{<id>=<a> <n>=[1 -25d true false null {} ] }\n[]\n<x>\n", "" },
        { "[9223372036854775807, -9223372036854775808, -0, 0.0, 1E2]",
          "[9223372036854775807 -9223372036854775808 0 0d 100d ]\n", "" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
          "<\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80>\n", "" },
        { "\"\xc3\xa9\"", "<\xc3\xa9>\n", "" },

        /* a bad line is left, the next one is read */
        { "[1,]\n[2]\n[3 4]\n[5", "[2 ]\n",
          "t:1:4+1: E0112: malformed JSON: expected a value\n"
          "t:3:4+1: E0112: malformed JSON: expected ',' or ']'\n"
          "t:4:3+0: E0112: malformed JSON: the line ends, expected ',' or "
          "']'\n" },
        { "{,}\n{\"a\"}\n{\"a\":}\n{\"a\":1,}\n{a:1}\n{\"a\":1 \"b\":2}\n{",
          "",
          "t:1:2+1: E0112: malformed JSON: expected a key in double quotes\n"
          "t:2:5+1: E0112: malformed JSON: expected ':' after the key\n"
          "t:3:6+1: E0112: malformed JSON: expected a value\n"
          "t:4:8+1: E0112: malformed JSON: expected a key in double quotes\n"
          "t:5:2+1: E0112: malformed JSON: expected a key in double quotes\n"
          "t:6:8+1: E0112: malformed JSON: expected ',' or '}'\n"
          "t:7:2+0: E0112: malformed JSON: the line ends, expected a key in "
          "double quotes\n" },
        { "{} x\n{}{}\n", "",
          "t:1:4+1: E0112: malformed JSON: expected the end of the line\n"
          "t:2:3+1: E0112: malformed JSON: expected the end of the line\n" },
        { "'x'\nNaN\nTrue\n01\n+1\n.5\n1.\n1e\n-\n0x1\n// c\n", "",
          "t:1:1+1: E0112: malformed JSON: expected a value\n"
          "t:2:1+1: E0112: malformed JSON: expected a value\n"
          "t:3:1+1: E0112: malformed JSON: expected a value\n"
          "t:4:1+1: E0112: malformed JSON: expected a value\n"
          "t:5:1+1: E0112: malformed JSON: expected a value\n"
          "t:6:1+1: E0112: malformed JSON: expected a value\n"
          "t:7:1+1: E0112: malformed JSON: expected a value\n"
          "t:8:1+1: E0112: malformed JSON: expected a value\n"
          "t:9:1+1: E0112: malformed JSON: expected a value\n"
          "t:10:1+1: E0112: malformed JSON: expected a value\n"
          "t:11:1+1: E0112: malformed JSON: expected a value\n" },
        { "9223372036854775808\n[1e999]\n", "",
          "t:1:1+19: E0114: the number 9223372036854775808 does not fit\n"
          "t:2:2+5: E0114: the number 1e999 does not fit\n" },

        /* text */
        { "\"a\n\"a\tb\"\n\"\\x\"\n\"\\u12\"\n\"\\", "",
          "t:1:3+0: E0112: malformed JSON: the line ends, expected '\"' at "
          "the end of the text\n"
          "t:2:3+1: E0112: malformed JSON: expected '\"' at the end of the "
          "text\n"
          "t:3:2+2: E0112: malformed JSON: no such escape\n"
          "t:4:3+1: E0112: malformed JSON: expected four hexadecimal digits "
          "after \\u\n"
          "t:5:3+0: E0112: malformed JSON: the line ends, expected '\"' at "
          "the end of the text\n" },
        { "\"\\ud800\"\n\"\\udc00\"\n\"\\ud800\\u0041\"\n\"\\u0000\"\n"
          "\"\\ud83d\\ud83d\"\n", "",
          "t:1:2+6: E0112: malformed JSON: half of a surrogate pair\n"
          "t:2:2+6: E0112: malformed JSON: half of a surrogate pair\n"
          "t:3:2+6: E0112: malformed JSON: half of a surrogate pair\n"
          "t:4:2+6: E0112: malformed JSON: text with a NUL in it\n"
          "t:5:2+6: E0112: malformed JSON: half of a surrogate pair\n" },
        { "{}\n\"\xff\"\n", "",
          "t:2:2+1: E0103: byte 0xff is not UTF-8\n" },

        /* twice */
        { "{\"a\":1,\"b\":2,\"\\u0061\":3}\n", "{<a>=1 <b>=2 <a>={} }\n",
          "t:1:15+6: E0110: the key \"a\" stands twice in this map; first at "
          "t:1:3\n" },

        /* depth */
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1\n{}\n", "{}\n",
          "t:1:33+1: E0109: nested deeper than 32\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        a = weir_arena_create();
        memset(&d, 0, sizeof(d));
        d.arena = a;
        assert_int_equal(weir_diags_add_file(&d, weir_string("t"),
                                             weir_cstr(t[i].src), &file),
                         WEIR_OK);

        out = open_memstream(&buf, &len);
        rc = weir_json_open(&j, a, &d, file);

        while (rc == WEIR_OK) {
            rc = weir_json_next(&j, &node);

            if (rc == WEIR_OK) {
                show(out, &node);
                fputc('\n', out);
            }

            rc = rc == WEIR_ERROR ? WEIR_OK : rc;
        }

        fclose(out);
        said = front_said(&d);
        front_expect(t[i].src, said, t[i].said);
        front_expect(t[i].src, buf, t[i].shown);

        free(said);
        free(buf);
        weir_arena_destroy(a);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
