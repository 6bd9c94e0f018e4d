/*
 * test_cel_cost.c: what expressions may cost at most, which part of one is
 * named where it is too much, and the other bounds on what is emitted.
 */

#include <stdio.h>
#include <stdlib.h>

#include "cel_image.h"
#include "image/cost.h"

typedef struct {
    const char  *text;
    const char  *want;
} row_t;

static const struct {
    const char  *text;
    uint64_t     cost;
}  costs[] = {
    { "true", 1 },
    { "request.method == 'GET'", 1 },
    { "request.method != 'GET'", 2 },
    { "request.method in ['GET', 'PUT']", 1 },
    { "lists.lb.contains(source.ip)", 1 },
    { "request.method == 'GET' && request.host == 'a'", 8 },
    { "source.ip == ip('10.0.0.1')", 14 },

    /* 8192 bytes: ten a step */
    { "request.path.contains('orders')", 824 },
    { "request.path.startsWith('/v1/')", 14 },
    { "request.path.matches('^/v1/')", 1644 },
    { "request.path.lowerAscii() == 'a'", 835 },

    /* what is built, at its largest; each place found is some more */
    { "request.path.substring(1) == 'a'", 1656 },
    { "request.path.indexOf('a') > 1", 828 },
    { "request.path.lastIndexOf('abcdefghijklmnopqrstuvwxyz') > 1", 1648 },
    { "request.path.replace('a', 'bc') == 'a'", 330976 },
    { "request.path.replace('orders', 'bc') == 'a'", 56531 },
    { "request.path.split('/').exists(s, s == 'a')", 42913 },
    { "request.path.split('/', 3)[0] == 'a'", 963 },
    { "principal.roles.join(',') == 'a'", 1912 },
    { "'%s %d'.format([request.path, 5]) == 'a'", 7397 },
    { "'%s'.format([principal.roles]) == 'a'", 24932 },
    { "'%s'.format([tenant.attrs.a]) == 'a'", 4050 },
    { "'%.2f'.format([double(request.content_length)]) == 'a'", 776 },
    { "'%s'.format([tenant.attrs.a.map(x, double(x))]) == 'a'", 250502 },
    { "'%s'.format([{'a': [double(request.path), 1.5, 1e21]}]) == 'a'", 2494 },
    { "'%s'.format([[[request.path, request.path]]]) == 'a'", 13501 },
    { "['a', 'b'].map(x, [double(x)]).all(x, '%s'.format([x]) == 'a')", 1663 },
    { "tenant.attrs.a.map(x, [x]).all(x, '%s'.format([x]) == 'a')", 831509 },
    { "base64.encode(bytes(request.path)) == 'a'", 1929 },
    { "math.greatest(request.content_length, 5) > 5", 9 },
    { "math.greatest(principal.roles.map(r, size(r))) > 5", 2768 },
    { "source.ip.isGlobalUnicast()", 12 },

    /* 64 roles; of 255 bytes at most */
    { "principal.roles.exists(r, r == 'a')", 68 },
    { "principal.roles.exists(r, r.startsWith('a'))", 1611 },
    { "tenant.attrs.a.exists(g, g in principal.claims.groups)", 2112523 },
    { "tenant.attrs.a.exists(x, x.exists(y, y == 'a'))", 31755 },
    { "principal.roles.all(r, principal.roles.all(s, s == r))", 169355 },

    /* a var is worked out once, however often it is named */
    { "vars.costly && vars.costly", 1658 },
    { "principal.roles.all(r, vars.costly)", 2615 },

    /* three rounds are four */
    { "[1, 2, 3].all(x, x > request.content_length)", 75 },

    /* one in another, of no known length: 256 rounds each */
    { "tenant.attrs.a.all(x, tenant.attrs.b.all(y, x != y))", 1644043 },
    { "tenant.attrs.a.exists(x, tenant.attrs.b.exists(y, y == x))", 2112523 },
    { "dyn([1, 2]).all(x, tenant.attrs.b.all(y, x != y))", 51255 },
    { "[[1], [2, 3]].all(l, l.all(x, x > request.content_length))", 2103 }
};

static const row_t  refused[] = {
    { "tenant.attrs.a.all(x, tenant.attrs.b.all(y, x.all(z, z != y)))",
      "1:1+62 E0413 this may take 420877835 steps in up to 256 rounds; "
      "4000000 steps are allowed" },
    { "request.method == 'a' || principal.roles.all(k, k.size() > 1 && "
      "tenant.attrs.b.all(y, y.all(z, z == k)))",
      "1:26+79 E0413 this may take 105221899 steps in up to 64 rounds; "
      "4000000 steps are allowed" },
    { "vars.big_a && vars.big_b",
      "1:1+24 E0413 this may take 4225060 steps, 4225046 of them for the "
      "vars it names, most in `vars.big_a`; 4000000 are allowed" }
};


static void
declare(fixture_t *f)
{
    (void) fixture_text(f, "");
    assert_int_equal(weir_cel_add_list(f->env, weir_string("lb"), 0),
                     WEIR_OK);
    fixture_var(f, "costly", "request.path.matches('^/v1/')");
    fixture_var(f, "big_a",
                "tenant.attrs.a.all(g, g in principal.claims.groups)");
    fixture_var(f, "big_b",
                "tenant.attrs.b.all(g, g in principal.claims.groups)");
}


static weir_cel_site_t
any_site(void)
{
    weir_cel_site_t  site;

    site = fixture_site();
    site.want = WEIR_T_DYN;

    return site;
}


static void
test_costs(void **state)
{
    size_t            i;
    unsigned          wrong;
    fixture_t         f;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    (void) state;
    wrong = 0;
    site = any_site();

    for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        fixture_open(&f);
        declare(&f);
        assert_int_equal(fixture_compile(&f, costs[i].text, &site, &e),
                         WEIR_OK);

        if (e->cost != costs[i].cost) {
            fprintf(stderr, "%s: %" PRIu64 ", not %" PRIu64 "\n",
                    costs[i].text, e->cost, costs[i].cost);
            wrong++;
        }

        fixture_close(&f);
    }

    assert_int_equal(wrong, 0);
}


/* Sorting, finding digits: what is counted at a run was counted before. */
static void
test_work_of_format(void **state)
{
    static const char *const  texts[] = {
        "'%s'.format([1e308])",
        "'%.99f'.format([-1e308])",
        "'%.99f %.99f'.format([-9223372036854775808, 1u])",
        "('%s' + '').format([{'ab': [-1e308, 1.5, 1e21], 'b': [1e21, 0.0, "
        "5e-324], 'k': [1e21, -1.5, 5e-324]}])",
        "'%s'.format([[[[5e-324, 5e-324], [5e-324, 5e-324]]]])",
        "'%s'.format([dyn({'a': dyn([5e-324, 5e-324, 5e-324, 5e-324])})])",
        "'%s'.format([[1, 2, 3].map(x, [5e-324, 5e-324, 5e-324])])",
        "'%s'.format([[[5e-324, 5e-324, 5e-324]][0]])",
        "'%s'.format([[[5e-324, 5e-324]] + [[5e-324, 5e-324]]])",
        "cel.bind(v, [[5e-324, 5e-324, 5e-324]], '%s'.format([v]))",
        "[[5e-324, 5e-324, 5e-324]].all(v, '%s'.format([v]) != '')",
        "'%s'.format([true ? [[5e-324, 5e-324, 5e-324]] : []])",
        "'%s'.format([{'c': 1, 'b': 2, 'a': 3, 'ab': 4, '': 5, 'd': 6}])"
    };

    void             *mem;
    size_t            i;
    uint32_t          prog;
    fixture_t         f;
    const char       *why;
    weir_expr_t      *expr;
    weir_eval_t       e;
    cel_image_t       img;
    weir_value_t      v;
    weir_cel_site_t   site;
    weir_cel_mode_t   mode;

    (void) state;
    site = any_site();
    memset(&mode, 0, sizeof(mode));
    mode.unfolded = true;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        fixture_open(&f);
        weir_cel_set_mode(f.env, &mode);
        cel_image_start(&img, &f);
        assert_int_equal(fixture_compile(&f, texts[i], &site, &expr),
                         WEIR_OK);
        assert_int_equal(cel_image_add(&img, expr, &prog), WEIR_OK);
        why = cel_image_finish(&img, &f);

        if (why != NULL) {
            fail_msg("%s: %s", texts[i], why);
        }

        mem = weir_arena_alloc(f.arena, weir_eval_size(&img.image));
        assert_non_null(mem);
        weir_eval_init(&e, &img.image, mem);
        weir_eval(&e, prog, &v);

        if (v.kind == WEIR_T_ERR || e.work > expr->cost) {
            fail_msg("%s: work %u, cost %" PRIu64, texts[i], e.work,
                     expr->cost);
        }

        cel_image_end(&img);
        fixture_close(&f);
    }
}


static void
test_refused(void **state)
{
    size_t            i;
    unsigned          wrong;
    fixture_t         f;
    weir_str_t        s;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    (void) state;
    wrong = 0;
    site = any_site();

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        fixture_open(&f);
        declare(&f);
        assert_int_equal(fixture_compile(&f, refused[i].text, &site, &e),
                         WEIR_ERROR);
        s = fixture_errors(&f);

        if (!weir_str_eq(s, weir_cstr(refused[i].want))) {
            fprintf(stderr, "%s:\n%.*s\n", refused[i].text, WEIR_STR(s));
            wrong++;
        }

        fixture_close(&f);
    }

    assert_int_equal(wrong, 0);
}


/* n copies of a part. */
static char *
repeat(const char *first, const char *part, size_t n, const char *last)
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


/* What compiles and does not fit an image is refused by the emitter. */
static void
test_emit_bounds(void **state)
{
    static const struct {
        const char  *first;
        const char  *part;
        size_t       n;
        const char  *last;
        const char  *want;
    }  rows[] = {
        { "[", "request.method,", 256, "]", "" },
        { "[", "request.method,", 257, "]",
          "needs 257 values of stack; 256 are allowed" },
        { "{", "request.method: 1,", 200, "}",
          "values of stack; 256 are allowed" },
        { "request.path == 'a'", " || request.method == 'b'", 300, "", "" },
        { "[1].all(a, ", "[1].all(b, ", 14, "a == 1)))))))))))))))", "" },
        { "[1].all(a, ", "[1].all(b, ", 16, "a == 1)))))))))))))))))",
          "needs 68 places for variables; 64 are allowed" }
    };

    char             *s;
    size_t            i;
    uint32_t          prog;
    weir_rc_t         rc;
    fixture_t         f;
    weir_str_t        said;
    const char       *why;
    weir_expr_t      *e;
    cel_image_t       img;
    weir_cel_site_t   site;

    (void) state;
    site = any_site();

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        s = repeat(rows[i].first, rows[i].part, rows[i].n, rows[i].last);
        fixture_open(&f);
        declare(&f);
        cel_image_start(&img, &f);

        if (fixture_compile(&f, s, &site, &e) != WEIR_OK) {
            fail_msg("%s: %.*s", s, WEIR_STR(fixture_errors(&f)));
        }

        rc = cel_image_add(&img, e, &prog);
        said = fixture_errors(&f);

        if (rows[i].want[0] == '\0') {
            why = rc == WEIR_OK ? cel_image_finish(&img, &f) : said.data;

            if (why != NULL) {
                fail_msg("%s: %s", s, why);
            }

        } else if (rc != WEIR_ERROR || strstr(said.data, rows[i].want) == NULL)
        {
            fail_msg("%s: %.*s", s, WEIR_STR(said));
        }

        cel_image_end(&img);
        fixture_close(&f);
        free(s);
    }
}


/* Vars that use each other up to the bound, each part of the next twice. */
static void
test_levels(void **state)
{
    char              name[4], text[80];
    unsigned          i;
    uint32_t          prog;
    fixture_t         f;
    weir_str_t        said;
    const char       *why;
    weir_expr_t      *e;
    cel_image_t       img;
    weir_cel_site_t   site;

    (void) state;
    site = any_site();
    fixture_open(&f);
    fixture_var(&f, "v0", "request.path.contains('a')");

    for (i = 1; i <= WEIR_MAX_VAR_LEVEL + 1; i++) {
        snprintf(name, sizeof(name), "v%u", i);
        snprintf(text, sizeof(text), "(vars.v%u ? 1 : 2) + (vars.v%u ? 1 : 2)"
                 " > 2 || vars.v%u", i - 1, i - 1, i - 1);
        fixture_var(&f, weir_arena_str(f.arena, weir_cstr(name)).data,
                    weir_arena_str(f.arena, weir_cstr(text)).data);
    }

    cel_image_start(&img, &f);
    assert_int_equal(fixture_compile(&f, "(vars.v6 ? 1 : 2) == 1", &site, &e),
                     WEIR_OK);
    assert_int_equal(cel_image_add(&img, e, &prog), WEIR_OK);
    assert_int_equal(fixture_compile(&f, "vars.v6", &site, &e), WEIR_OK);
    assert_int_equal(cel_image_add(&img, e, &prog), WEIR_OK);

    why = cel_image_finish(&img, &f);

    if (why != NULL) {
        fail_msg("%s", why);
    }

    assert_int_equal(fixture_compile(&f, "vars.v8", &site, &e), WEIR_ERROR);
    said = fixture_errors(&f);
    assert_non_null(strstr(said.data, "vars use each other more than 7"));

    cel_image_end(&img);
    fixture_close(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_work_of_format),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_emit_bounds),
        cmocka_unit_test(test_levels)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
