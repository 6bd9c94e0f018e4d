/*
 * test_yaml.c: what strict YAML refuses, with its place.
 */

#include "test/unit/front.h"
#include "front/yaml.h"


static void
refusals(void **state)
{
    size_t         i;
    char          *said;
    uint32_t       file;
    weir_rc_t      rc;
    weir_node_t    root;
    weir_diags_t   d;
    weir_arena_t  *a;

    static const struct {
        const char  *src;
        weir_rc_t    rc;
        const char  *said;
    } t[] = {
        { "a: 1\nb: [1, 2]\n", WEIR_OK, "" },
        { "---\na: 1\n...\n", WEIR_OK, "" },
        { "a: \"\\u202e\"\n", WEIR_OK, "" },
        { "# \xc3\xa9\ta\na: 'x\ty' # z\tz\nb: |\n  a\tb\nc: x\ty\n",
          WEIR_OK, "" },

        /* nothing */
        { "", WEIR_ERROR, "t:1:1+0: E0104: the file is empty\n" },
        { "# nothing\n\n", WEIR_ERROR,
          "t:1:1+0: E0104: the file is empty\n" },
        { "---\n", WEIR_ERROR, "t:1:1+0: E0104: the file is empty\n" },

        /* bytes */
        { "a: x\nb: \xff\n", WEIR_ERROR,
          "t:2:4+1: E0103: byte 0xff is not UTF-8\n" },
        { "a: \xc3\xa9 \xed\xa0\x80\n", WEIR_ERROR,
          "t:1:7+1: E0103: byte 0xed is not UTF-8\n" },
        { "\xef\xbb\xbf" "a: 1\n", WEIR_ERROR,
          "t:1:1+3: E0103: U+FEFF: a byte order mark; write it as an escape "
          "or not at all\n" },
        { "a: x\x01\n", WEIR_ERROR,
          "t:1:5+1: E0103: U+0001: a control character; write it as an "
          "escape or not at all\n" },
        { "a: 'x\x7f'\n", WEIR_ERROR,
          "t:1:6+1: E0103: U+007F: a control character; write it as an "
          "escape or not at all\n" },
        { "a: x\rb: y\n", WEIR_ERROR,
          "t:1:5+1: E0103: U+000D: a carriage return without a line feed; "
          "write it as an escape or not at all\n" },
        { "a: x\xc2\x85" "b: y\n", WEIR_ERROR,
          "t:1:5+2: E0103: U+0085: a line break that is not LF or CRLF; "
          "write it as an escape or not at all\n" },
        { "a: x\xe2\x80\xa8" "b: y\n", WEIR_ERROR,
          "t:1:5+3: E0103: U+2028: a line break that is not LF or CRLF; "
          "write it as an escape or not at all\n" },
        { "a: x # \xe2\x80\xae\n", WEIR_ERROR,
          "t:1:8+3: E0103: U+202E: a letter that reorders what is read; "
          "write it as an escape or not at all\n" },
        { "a: \"x\\0y\"\n", WEIR_OK,
          "t:1:4+6: E0103: text with a NUL in it\n" },

        /* tabs */
        { "a:\n\tb: 1\n", WEIR_ERROR,
          "t:2:1+1: E0108: a tab; YAML is indented with spaces\n" },
        { "a:\tb\nc: d\t\n\te: f\n", WEIR_ERROR,
          "t:3:1+1: E0108: a tab; YAML is indented with spaces\n" },
        { "a:\tb\nc: d\t# e\tf\n", WEIR_OK,
          "t:1:3+1: E0108: a tab outside of text; use spaces\n"
          "t:2:5+1: E0108: a tab outside of text; use spaces\n" },
        { "a: [b,\tc]\n", WEIR_OK,
          "t:1:7+1: E0108: a tab outside of text; use spaces\n" },

        /* what YAML has and a policy has not */
        { "a: &x 1\nb: *x\n", WEIR_OK,
          "t:1:4+4: E0106: anchor \"&x\": a policy has no anchors and "
          "aliases\n"
          "t:2:4+2: E0106: alias \"*x\": a policy has no anchors and "
          "aliases\n" },
        { "a: &x\n  b: 1\nc: {<<: *x}\n", WEIR_OK,
          "t:1:4+2: E0106: anchor \"&x\": a policy has no anchors and "
          "aliases\n"
          "t:3:9+2: E0106: alias \"*x\": a policy has no anchors and "
          "aliases\n" },
        { "a: !!str 1\nb: !x [1]\nc: ! d\n", WEIR_OK,
          "t:1:4+7: E0107: tag \"!!str\": a policy has no "
          "tags\n"
          "t:2:4+4: E0107: tag \"!x\": a policy has no tags\n"
          "t:3:4+3: E0107: tag \"!\": a policy has no tags\n" },
        { "%YAML 1.1\n---\na: 1\n", WEIR_OK,
          "t:1:1+9: E0107: a directive; a policy has none\n" },
        { "a: 1\n---\nb: 1\n", WEIR_ERROR,
          "t:2:1+3: E0105: a second document; a file holds one\n" },
        { "? [a]\n: 1\n", WEIR_ERROR,
          "t:1:3+1: E0203: a key is a list, expected text\n" },
        { "{a: b}: 1\n", WEIR_ERROR,
          "t:1:1+1: E0203: a key is a map, expected text\n" },

        /* twice */
        { "a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n'a': 3\n", WEIR_OK,
          "t:2:17+1: E0110: the key \"c\" stands twice in this map; first at "
          "t:2:5\n"
          "t:3:1+1: E0110: the key \"a\" stands twice in this map; first at "
          "t:1:1\n"
          "t:4:1+3: E0110: the key \"a\" stands twice in this map; first at "
          "t:1:1\n" },
        { "{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, "
          "k: 1, l: 1, m: 1, o: 1, p: 1, q: 1, r: 1, c: 2}", WEIR_OK,
          "t:1:104+1: E0110: the key \"c\" stands twice in this map; first "
          "at t:1:14\n" },

        /* readers differ */
        { "a: yes\nb: [On, 'off', 1_0]\n", WEIR_OK,
          "t:1:4+3: E0111: `yes` is a boolean to some readers of YAML; write "
          "true or false, or quote it\n"
          "t:2:5+2: E0111: `On` is a boolean to some readers of YAML; write "
          "true or false, or quote it\n"
          "t:2:16+3: E0111: `1_0` is a number to some readers of YAML; write "
          "it as JSON does, or quote it\n" },
        { "no: 1\ntrue: 1\nnull: 1\n'n': 1\n7: 1\n", WEIR_OK,
          "t:1:1+2: E0111: `no` is a boolean to some readers of YAML; write "
          "true or false, or quote it\n"
          "t:2:1+4: E0111: the key `true` is no text; quote it\n"
          "t:3:1+4: E0111: the key `null` is no text; quote it\n" },
        { "[0b012, 0b5a, 0o18, 0xfg, 0b, 0b11, 0o17, 0xfF]\n", WEIR_OK,
          "t:1:31+4: E0111: `0b11` is a number to some readers of YAML; write "
          "it as JSON does, or quote it\n"
          "t:1:37+4: E0111: `0o17` is a number to some readers of YAML; write "
          "it as JSON does, or quote it\n"
          "t:1:43+4: E0111: `0xfF` is a number to some readers of YAML; write "
          "it as JSON does, or quote it\n" },
        { "a: ~\n", WEIR_OK,
          "t:1:4+1: E0111: `~` is null to some readers of YAML; write it as "
          "JSON does, or quote it\n" },
        { "a: 99999999999999999999\nb: 1e999\n", WEIR_OK,
          "t:1:4+20: E0114: the number 99999999999999999999 does not fit\n"
          "t:2:4+5: E0114: the number 1e999 does not fit\n" },

        /* syntax */
        { "a: [1\nb: 2\n", WEIR_ERROR,
          "t:2:2+1: E0102: malformed YAML: did not find expected ',' or ']', "
          "while parsing a flow sequence of line 1\n" },
        { "a: b: c\n", WEIR_ERROR,
          "t:1:5+1: E0102: malformed YAML: mapping values are not allowed in "
          "this context\n" },
        { "\xc3\xa9: 1\n\xc3\xa9\xc3\xa9: \"x\n", WEIR_ERROR,
          "t:3:1+0: E0102: malformed YAML: found unexpected end of stream, "
          "while scanning a quoted scalar of line 2\n" },
        { "a: @x\n", WEIR_ERROR,
          "t:1:4+1: E0102: malformed YAML: found character that cannot start "
          "any token\n" },
        { "a: 1\n b: 2\n", WEIR_ERROR,
          "t:2:3+1: E0102: malformed YAML: mapping values are not allowed in "
          "this context\n" },

        /* depth */
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
          WEIR_OK, "" },
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", WEIR_ERROR,
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

        rc = weir_yaml_read(a, &d, file, &root);
        said = front_said(&d);

        front_expect(t[i].src, said, t[i].said);
        assert_int_equal(rc, t[i].rc);

        free(said);
        weir_arena_destroy(a);
    }
}


static void
nodes(void **state)
{
    uint32_t       file;
    weir_node_t    root, *n;
    weir_diags_t   d;
    weir_arena_t  *a;

    (void) state;

    a = weir_arena_create();
    memset(&d, 0, sizeof(d));
    d.arena = a;

    assert_int_equal(weir_diags_add_file(&d, weir_string("t"),
                     weir_string("a: {b: [1, -2.5, 'x', true, null, {}]}\n"
                                 "c:\n"), &file), WEIR_OK);
    assert_int_equal(weir_yaml_read(a, &d, file, &root), WEIR_OK);

    assert_int_equal(root.kind, WEIR_T_MAP);
    assert_int_equal(root.n, 2);
    assert_null(weir_node_get(&root, "z"));
    assert_int_equal(weir_node_get(&root, "c")->kind, WEIR_T_NULL);

    n = weir_node_get(weir_node_get(&root, "a"), "b");
    assert_non_null(n);
    assert_int_equal(n->kind, WEIR_T_LIST);
    assert_int_equal(n->n, 6);
    assert_int_equal(n->u.items[0].u.i, 1);
    assert_true(n->u.items[1].u.d == -2.5);
    assert_true(weir_str_eq(n->u.items[2].text.text, weir_string("x")));
    assert_true(n->u.items[3].u.b);
    assert_int_equal(n->u.items[4].kind, WEIR_T_NULL);
    assert_int_equal(n->u.items[5].kind, WEIR_T_MAP);
    assert_int_equal(n->u.items[5].n, 0);

    weir_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
