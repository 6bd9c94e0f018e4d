/*
 * test_fmt.c: the canonical form of sources.
 */

#include <glob.h>

#include "front.h"
#include "front/fmt.h"
#include "front/yaml.h"
#include "image/format.h"

#define CASES   "policy/test/cases/*/*.yaml"
#define ROUNDS  40              /* mutations of each */


typedef struct {
    weir_arena_t  *arena;
    weir_diags_t   diags;
    weir_str_t     out;
    weir_rc_t      rc;
    const char    *why;
} form_t;


static void
form(form_t *f, weir_str_t text)
{
    uint32_t  file;

    memset(f, 0, sizeof(*f));
    f->arena = weir_arena_create();
    assert_non_null(f->arena);
    f->diags.arena = f->arena;
    assert_int_equal(weir_diags_add_file(&f->diags, weir_string("t.yaml"),
                                         text, &file), WEIR_OK);
    f->rc = weir_fmt(f->arena, &f->diags, file, &f->out, &f->why);
}


static void
form_free(form_t *f)
{
    weir_arena_destroy(f->arena);
}


static void
show(weir_str_t s)
{
    fprintf(stderr, "---\n%.*s---\n", WEIR_STR(s));
}


static void
forms(void **state)
{
    size_t  i;
    form_t  f;

    static const struct {
        const char  *text;
        const char  *form;
    } t[] = {
        /* ways to prove who one is */
        { "auth:  {any: [ jwt: main,apikey ,{jwt:   b}]}\n"
          "from: [ {bearer:  true}, {cookie: c} ]\n"
          "not_after:   2027-01-01\n",
          "auth: {any: [jwt: main, apikey, {jwt: b}]}\n"
          "from: [{bearer: true}, {cookie: c}]\n"
          "not_after: 2027-01-01\n" },

        /* indentation, blanks, the end */
        { "a:\n    b:   c\n    d :  e\n", "a:\n  b: c\n  d: e\n" },
        { "a:\n- b\n-   c: d\n    e: f\n",
          "a:\n  - b\n  - c: d\n    e: f\n" },
        { "a:\n      -\n         - b\n         -   - c\n",
          "a:\n  -\n    - b\n    - - c\n" },
        { "a: b   ", "a: b\n" },
        { "a:\r\n  b: c\r\n", "a:\n  b: c\n" },
        { "\n\na: b\n\n\n\nc: d\n\n", "a: b\n\nc: d\n" },
        { "a:\n\n\n    b: c\n", "a:\n\n  b: c\n" },
        { "---\na: b\n...\n", "---\na: b\n...\n" },
        { "a:\n    b\n", "a:\n  b\n" },
        { "a:\nb: ~x\n", "a:\nb: ~x\n" },

        /* comments */
        { "#a\n\n\n# b\na: b #c\n", "#a\n\n# b\na: b  #c\n" },
        { "a: b # 1\ncc: dd    # 2\ne: f\ng: h # 3\n",
          "a: b    # 1\ncc: dd  # 2\ne: f\ng: h  # 3\n" },
        { "a:\n# of the list\n- b\n# of c\n- c\n# of d\nd: e\n",
          "a:\n  # of the list\n  - b\n  # of c\n  - c\n# of d\nd: e\n" },
        { "a:\n    - b\n    # still a\n# d\nd: e\n    # of nothing\n",
          "a:\n  - b\n  # still a\n# d\nd: e\n# of nothing\n" },
        { "a:\n    b:\n        - c\n        # list\n    # b\n",
          "a:\n  b:\n    - c\n    # list\n  # b\n" },
        { "a: #1\n  - #2\n    b\n", "a:   #1\n  -  #2\n    b\n" },
        { "\xc3\xa9: 1 # x\nb: 22 # y\n",
          "\xc3\xa9: 1   # x\nb: 22  # y\n" },
        { "a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa # x\n"
          "b: c # y\n",
          "a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  # x"
          "\nb: c  # y\n" },

        /* flow collections keep their lines */
        { "a: { b: [ c,d ] , e : {} }\n", "a: {b: [c, d], e: {}}\n" },
        { "a: {b: c,\n    d: [e,\n f]\n}\n",
          "a: {b: c,\n  d: [e,\n    f]\n}\n" },
        { "a:\n - {b: c,  # x\n    # y\n    d: e}\n",
          "a:\n  - {b: c,  # x\n      # y\n      d: e}\n" },
        { "a:\n  [b,\n c, ]\n", "a:\n  [b,\n    c,]\n" },
        { "a: [b: c,{d: e}]\n", "a: [b: c, {d: e}]\n" },
        { "a: {\"b\":1,'c':2}\n", "a: {b: 1, c: 2}\n" },
        { "{a: b}\n", "{a: b}\n" },

        /* quotes */
        { "a: 'b'\n\"c\": \"d e\"\n", "a: b\nc: d e\n" },
        { "a: ['true', '1', 'on', '', 'a, b', \"it's\", '1.5', 'null']\n",
          "a: [\"true\", \"1\", \"on\", \"\", \"a, b\", \"it's\", \"1.5\", "
          "\"null\"]\n" },
        { "a: '2026-01-01'\nb: '10:30'\nc: '10.0.0.0/8'\nd: '50%'\n",
          "a: \"2026-01-01\"\nb: \"10:30\"\nc: 10.0.0.0/8\nd: 50%\n" },
        { "a: \"/v1/{x}\"\nb: [\"/v1/{x}\", \"c:d\"]\nc: 'http://d'\n",
          "a: /v1/{x}\nb: [\"/v1/{x}\", \"c:d\"]\nc: http://d\n" },
        { "a: 'b \"c\"'\nd: \"e \\\"f\\\"\"\ng: \"\\\"h's\\\"\"\n",
          "a: 'b \"c\"'\nd: 'e \"f\"'\ng: \"\\\"h's\\\"\"\n" },
        { "a: \"\\u00e9\\n\"\nb: '*x'\nc: 'x #y'\nd: 'x: y'\n",
          "a: \"\\u00e9\\n\"\nb: \"*x\"\nc: \"x #y\"\nd: \"x: y\"\n" },
        { "'on': a\n'yes': b\n", "\"on\": a\n\"yes\": b\n" },

        /* expressions keep their quotes */
        { "when: 'true'\na: {when: 'vars.b'}\nvars: {b: 'c', d: \"e\"}\n",
          "when: 'true'\na: {when: 'vars.b'}\nvars: {b: 'c', d: \"e\"}\n" },
        { "vars:\n    a: 'b.c'\n    b: \"d == 'e'\"\n",
          "vars:\n  a: 'b.c'\n  b: \"d == 'e'\"\n" },

        /* scalars of several lines */
        { "a:   b\n      c\n\n\n      d\n", "a: b\n  c\n\n\n  d\n" },
        { "a: \"b \n   c\\   \n  d\\\n  e\"\n",
          "a: \"b\n  c\\ \n  d\\\n  e\"\n" },
        { "a:\n  - 'b\n    c'\n", "a:\n  - 'b\n    c'\n" },
        { "a:\n    b: |   # x\n        c\n          d\n\n        e\n\n\n"
          "    f: g\n",
          "a:\n  b: |  # x\n    c\n      d\n\n    e\n\n  f: g\n" },
        { "a:\n- >-\n      b\n      c\n# d\n- e\n",
          "a:\n  - >-\n    b\n    c\n  # d\n  - e\n" },
        { "a:\n    b: |4\n          c\n        d\n    e: f\n",
          "a:\n  b: |2\n      c\n    d\n  e: f\n" },
        { "a: |+\n   b\n\n\nc: d\n", "a: |+\n  b\n\n\nc: d\n" },
        { "a: |\n   b", "a: |-\n  b\n" },
        { "a: |\n   b  \n   c\n", "a: |\n  b  \n  c\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        form(&f, weir_cstr(t[i].text));

        if (f.rc != WEIR_OK || !weir_str_eq(f.out, weir_cstr(t[i].form))) {
            fprintf(stderr, "of\n%s%s\n", t[i].text, f.why ? f.why : "");
            show(f.rc == WEIR_OK ? f.out : weir_string("refused\n"));
            fail();
        }

        form_free(&f);
    }
}


static void
refused(void **state)
{
    size_t  i;
    form_t  f;

    static const struct {
        const char  *text;
        weir_rc_t    rc;
        const char  *why;
    } t[] = {
        { "a: [\n", WEIR_ERROR, NULL },
        { "a: b\na: c\n", WEIR_ERROR, NULL },
        { "a: yes\n", WEIR_ERROR, NULL },
        { "", WEIR_ERROR, NULL },
        { "? a\n: b\n", WEIR_DECLINED,
          "it has more than keys, values and comments" },
        { "a: {? b : c}\n", WEIR_DECLINED,
          "it has more than keys, values and comments" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        form(&f, weir_cstr(t[i].text));
        assert_int_equal(f.rc, t[i].rc);
        assert_int_equal(f.diags.errors != 0, t[i].rc == WEIR_ERROR);

        if (t[i].why != NULL) {
            assert_string_equal(f.why, t[i].why);
        }

        form_free(&f);
    }
}


/* Sources as files are, or in their canonical form. */
static weir_rc_t
read_formed(void *data, weir_arena_t *a, weir_str_t path, weir_str_t *text,
    const char **why)
{
    form_t     f;
    weir_rc_t  rc;

    rc = weir_file_loader.read(weir_file_loader.data, a, path, text, why);

    if (rc != WEIR_OK || *(bool *) data == false
        || !weir_str_ends(path, weir_string(".yaml")))
    {
        return rc;
    }

    form(&f, *text);

    if (f.rc == WEIR_OK) {
        *text = weir_arena_str(a, f.out);
    }

    rc = f.rc == WEIR_DECLINED ? WEIR_ERROR : WEIR_OK;
    *why = "not formatted";
    form_free(&f);

    return rc;
}


static weir_rc_t
glob_formed(void *data, weir_arena_t *a, weir_str_t pattern,
    weir_str_t **paths, size_t *n)
{
    (void) data;

    return weir_file_loader.glob(weir_file_loader.data, a, pattern, paths, n);
}


/* An image has the sections that it needs. */
static uint8_t *
section(weir_str_t image, unsigned s, uint64_t *len)
{
    uint32_t               i;
    weir_image_header_t   *h;
    weir_image_section_t  *table;

    h = (weir_image_header_t *) (void *) image.data;
    table = (weir_image_section_t *) (void *) (h + 1);
    *len = 0;

    for (i = 0; i < h->sections; i++) {
        if (table[i].id == s) {
            *len = table[i].length;
            return (uint8_t *) h + table[i].offset;
        }
    }

    return (uint8_t *) h;
}


/* Compiles a policy; what says where the source had it is made zero. */
static bool
compiled(weir_arena_t *a, const char *path, bool formed, weir_str_t *image)
{
    uint64_t           len, i;
    weir_diags_t       diags;
    weir_model_t      *m;
    weir_loader_t      loader;
    weir_img_pos_t    *pos;
    weir_img_rule_t   *rules;
    weir_img_route_t  *routes;

    memset(&diags, 0, sizeof(diags));
    diags.arena = a;
    loader = (weir_loader_t) { read_formed, glob_formed, &formed };

    if (weir_model_load(a, &loader, weir_cstr(path), &diags, &m) != WEIR_OK
        || weir_model_check(m, &diags, false) != WEIR_OK)
    {
        return false;
    }

    memset(m->digest, 0, sizeof(m->digest));
    assert_int_equal(weir_model_write(a, m, &diags, image), WEIR_OK);

    pos = (weir_img_pos_t *) (void *) section(*image, WEIR_S_POS, &len);

    for (i = 0; i < len / sizeof(*pos); i++) {
        pos[i].line = 0;
        pos[i].col = 0;
    }

    rules = (weir_img_rule_t *) (void *) section(*image, WEIR_S_RULES, &len);

    for (i = 0; i < len / sizeof(*rules); i++) {
        rules[i].line = 0;
        rules[i].col = 0;
    }

    routes = (weir_img_route_t *) (void *) section(*image, WEIR_S_ROUTES,
                                                   &len);

    for (i = 0; i < len / sizeof(*routes); i++) {
        routes[i].line = 0;
    }

    return true;
}


static void
images(void **state)
{
    glob_t         g;
    size_t         i, same;
    uint64_t       len, other_len;
    unsigned       s;
    uint8_t       *p, *other;
    weir_str_t     image, formed;
    weir_arena_t  *a;

    (void) state;

    assert_int_equal(glob("policy/test/cases/*/policy.yaml", 0, NULL, &g), 0);
    assert_int_equal(glob("conf.d/*.yaml", GLOB_APPEND, NULL, &g), 0);

    for (i = 0, same = 0; i < g.gl_pathc; i++) {
        a = weir_arena_create();
        assert_non_null(a);

        if (!compiled(a, g.gl_pathv[i], false, &image)) {
            weir_arena_destroy(a);
            continue;
        }

        if (!compiled(a, g.gl_pathv[i], true, &formed)) {
            fail_msg("%s: its form does not compile", g.gl_pathv[i]);
        }

        for (s = 0; s < WEIR_S_COUNT; s++) {
            p = section(image, s, &len);
            other = section(formed, s, &other_len);

            if (len != other_len || memcmp(p, other, len) != 0) {
                fail_msg("%s: another section %s", g.gl_pathv[i],
                         weir_sections[s].name);
            }
        }

        same++;
        weir_arena_destroy(a);
    }

    globfree(&g);
    assert_true(same >= 20);
}


static uint32_t
roll(uint32_t *seed, uint32_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;

    return *seed % n;
}


/* Blanks, empty lines and comments at places where a line or a blank is. */
static weir_str_t
mutated(weir_arena_t *a, weir_str_t s, uint32_t *seed)
{
    char      *p;
    size_t     i, n;
    uint32_t   rate;

    p = weir_arena_array(a, s.len + 1, 8);
    assert_non_null(p);
    rate = 2 + roll(seed, 30);
    n = 0;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] == '\n' && roll(seed, rate) == 0) {
            memcpy(p + n, " #c\n\n  ", 7);
            n += 1 + roll(seed, 6);
        }

        p[n++] = s.data[i];

        if (s.data[i] == ' ' && roll(seed, rate) == 0) {
            p[n++] = ' ';
        }

        if (s.data[i] == '\n' && roll(seed, rate) == 0) {
            p[n++] = roll(seed, 2) ? '\n' : ' ';
        }
    }

    return weir_str(p, n);
}


static void
mutations(void **state)
{
    form_t         f;
    glob_t         g;
    size_t         i, k, formed, refusals;
    uint32_t       seed;
    weir_rc_t      rc;
    weir_str_t     text;
    const char    *why;
    weir_arena_t  *a;

    (void) state;

    seed = 42;
    formed = 0;
    refusals = 0;
    assert_int_equal(glob(CASES, 0, NULL, &g), 0);

    for (i = 0; i < g.gl_pathc; i++) {
        for (k = 0; k < ROUNDS; k++) {
            a = weir_arena_create();
            assert_non_null(a);

            rc = weir_file_loader.read(weir_file_loader.data, a,
                                       weir_cstr(g.gl_pathv[i]), &text, &why);

            if (rc != WEIR_OK || text.len == 0 || text.len > 20000) {
                weir_arena_destroy(a);
                break;
            }

            text = mutated(a, text, &seed);
            form(&f, text);

            /* what YAML takes is formatted, whatever it is */
            if (f.rc == WEIR_DECLINED) {
                fprintf(stderr, "%s: %s\n", g.gl_pathv[i], f.why);
                show(text);
                fail();
            }

            formed += f.rc == WEIR_OK;
            refusals += f.rc != WEIR_OK;
            form_free(&f);
            weir_arena_destroy(a);
        }
    }

    globfree(&g);
    print_message("%zu formatted, %zu are no YAML\n", formed, refusals);
    assert_true(formed >= 500);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(refused),
        cmocka_unit_test(images),
        cmocka_unit_test(mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
