/*
 * test_ties.c: routes that tie are refused with a request that shows it;
 * routes that specificity tells apart are not.
 */

#include "test/unit/front.h"


/* Two routes; a tie is told at the second, which stands at 4:10. */
static void
pairs(void **state)
{
    char            src[1024], expected[1024];
    size_t          i;
    front_policy_t  p;

    static const struct {
        const char  *a;
        const char  *b;
        const char  *request;       /* NULL: no tie */
    } t[] = {
        /* hosts */
        { "path: /a", "path: /a", "GET http://any.example/a" },
        { "path: /a, host: x.example", "path: /a, host: X.example",
          "GET http://x.example/a" },
        { "path: /a, host: '*.x.example'", "path: /a, host: '*.x.example'",
          "GET http://x.x.example/a" },
        { "path: /a, host: x.example", "path: /a", NULL },
        { "path: /a, host: '*.x.example'", "path: /a, host: a.x.example",
          NULL },
        { "path: /a, host: '*.x.example'", "path: /a, host: '*.a.x.example'",
          NULL },

        /* paths */
        { "path: /", "path: /", "GET http://any.example/" },
        { "path: /a/", "path: /a/", "GET http://any.example/a/" },
        { "path: /a/", "path: /a", NULL },
        { "path: /a", "path: /b", NULL },
        { "path: /A", "path: /a", NULL },
        { "path: '/v1/{x}/b'", "path: '/v1/{y}/b'",
          "GET http://any.example/v1/x/b" },
        { "path: '/x/{x}/x1'", "path: '/x/{y}/x1'",
          "GET http://any.example/x/x2/x1" },
        { "path: '/v1/{x}'", "path: '/v1/a'", NULL },
        { "path: '/v1/{x}'", "path: '/v1/{y:[0-9]+}'", NULL },
        { "path: '/v1/{x}'", "path: '/v1/**'", NULL },
        { "path: '/v1/**'", "path: '/v1/**'",
          "GET http://any.example/v1/x" },
        { "path: '/**'", "path: '/**'", "GET http://any.example/x" },
        { "path: '/{a}/b'", "path: '/a/{b}'", NULL },
        { "path: \"/\\u00e9 x\"", "path: \"/\\u00e9 x\"",
          "GET http://any.example/%C3%A9%20x" },

        /* patterns */
        { "path: '/{x:[0-9]+}'", "path: '/{y:[a-z]+}'", NULL },
        { "path: '/{x:[0-9]+}'", "path: '/{y:[0-9a-f]+}'",
          "GET http://any.example/0" },
        { "path: '/{x:ab?c{2,3}}'", "path: '/{y:a.*d}'", NULL },
        { "path: '/{x:a b}'", "path: '/{y:a.b}'",
          "GET http://any.example/a%20b" },
        { "path: '/{x:[0-9]}/{y:a}'", "path: '/{x:[0-9]}/{y:b}'", NULL },
        { "path: '/{x:\\pL}'", "path: '/{y:\\pN}'", "" },

        /* methods */
        { "path: /a, methods: [GET]", "path: /a", NULL },
        { "path: /a, methods: [GET]", "path: /a, methods: [POST]", NULL },
        { "path: /a, methods: [GET, PUT, POST]",
          "path: /a, methods: [PATCH, POST, PUT]",
          "POST http://any.example/a" },
        { "path: /a, methods: [GET, PURGE, LOCK]",
          "path: /a, methods: [LOCK, PURGE]", "PURGE http://any.example/a" },

        /* headers */
        { "path: /a, headers: [{name: x, present: true}]", "path: /a", NULL },
        { "path: /a, headers: [{name: x, present: true}]",
          "path: /a, headers: [{name: z, present: true}]",
          "GET http://any.example/a with x: x, z: x" },
        { "path: /a, headers: [{name: x, equals: b}]",
          "path: /a, headers: [{name: X, equals: c}]", NULL },
        { "path: /a, headers: [{name: x, equals: b}]",
          "path: /a, headers: [{name: X, equals: b}]",
          "GET http://any.example/a with x: b" },
        { "path: /a, headers: [{name: x, equals: bc}]",
          "path: /a, headers: [{name: x, prefix: b}]",
          "GET http://any.example/a with x: bc" },
        { "path: /a, headers: [{name: x, prefix: b}]",
          "path: /a, headers: [{name: x, equals: cb}]", NULL },
        { "path: /a, headers: [{name: x, prefix: b}]",
          "path: /a, headers: [{name: x, prefix: bcd}]",
          "GET http://any.example/a with x: bcd" },
        { "path: /a, headers: [{name: x, prefix: b}]",
          "path: /a, headers: [{name: x, prefix: c}]", NULL },
        { "path: /a, headers: [{name: x, prefix: b}]",
          "path: /a, headers: [{name: x, present: true}]",
          "GET http://any.example/a with x: b" },
        { "path: /a, headers: [{name: x, equals: b}, {name: z, equals: c}]",
          "path: /a, headers: [{name: z, equals: c}, {name: w, equals: d}]",
          "GET http://any.example/a with x: b, z: c, w: d" },
        { "path: /a, headers: [{name: x, equals: b}, {name: z, equals: c}]",
          "path: /a, headers: [{name: z, equals: e}, {name: w, equals: d}]",
          NULL },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        snprintf(src, sizeof(src), "weir: 1\nroutes:\n"
                 "  - {id: a, match: {%s}}\n  - {id: b, match: {%s}}\n",
                 t[i].a, t[i].b);

        expected[0] = '\0';

        if (t[i].request != NULL && t[i].request[0] == '\0') {
            snprintf(expected, sizeof(expected), "t.yaml:4:10+1: E0401: "
                     "route \"b\" may tie with route \"a\" (t.yaml:3:10): "
                     "their patterns are too large to compare\n");

        } else if (t[i].request != NULL) {
            snprintf(expected, sizeof(expected), "t.yaml:4:10+1: E0401: "
                     "route \"b\" ties with route \"a\" (t.yaml:3:10): both "
                     "match %s\n", t[i].request);
        }

        front_load(&p, src);
        front_expect(src, p.said, expected);
        front_free(&p);
    }
}


/* Each route that ties is told once, with the first that it ties with. */
static void
once(void **state)
{
    front_policy_t  p;

    static const char  src[] =
        "weir: 1\nroutes:\n"
        "  - {id: a, match: {path: /a, methods: [GET, POST]}}\n"
        "  - {id: b, match: {path: /a, methods: [POST, GET]}}\n"
        "  - {id: c, match: {path: /a, methods: [POST]}}\n"
        "  - {id: d, match: {path: /a}}\n";

    (void) state;

    front_load(&p, src);
    front_expect(src, p.said,
                 "t.yaml:4:10+1: E0401: route \"b\" ties with route \"a\" "
                 "(t.yaml:3:10): both match GET http://any.example/a\n"
                 "t.yaml:5:10+1: E0401: route \"c\" ties with route \"a\" "
                 "(t.yaml:3:10): both match POST http://any.example/a\n");
    front_free(&p);
}


/* n routes from a format with one number, and one more. */
static char *
many(unsigned n, const char *route, const char *more)
{
    FILE      *out;
    char      *buf;
    size_t     len;
    unsigned   i;

    out = open_memstream(&buf, &len);
    fputs("weir: 1\nroutes:\n", out);

    for (i = 0; i < n; i++) {
        fprintf(out, "  - {id: r%u, match: {", i);

        /* the format has at most one %u */
        if (strstr(route, "%u") != NULL) {
            fprintf(out, "%.*s%u%s", (int) (strstr(route, "%u") - route),
                    route, i, strstr(route, "%u") + 2);
        } else {
            fputs(route, out);
        }

        fputs("}}\n", out);
    }

    fprintf(out, "  - {id: z, match: {%s}}\n", more);
    fclose(out);

    return buf;
}


/* Thousands of routes; all pairs would take minutes. */
static void
scale(void **state)
{
    char            *src;
    size_t           i;
    front_policy_t   p;

    static const struct {
        unsigned     n;
        const char  *route;
        const char  *more;
        const char  *said;
    } t[] = {
        { 10000, "path: '/v1/s%u/{id:[0-9]+}', methods: [GET, POST]",
          "path: '/v1/s7777/{x:[0-9a-f]+}', methods: [POST]",
          "t.yaml:10003:10+1: E0401: route \"z\" ties with route \"r7777\" "
          "(t.yaml:7780:10): both match POST http://any.example/v1/s7777/0"
          "\n" },
        { 10000, "path: '/{id}', headers: [{name: v, equals: v%u}]",
          "path: '/{id}', headers: [{name: v, prefix: v777}]",
          "t.yaml:10003:10+1: E0401: route \"z\" ties with route \"r777\" "
          "(t.yaml:780:10): both match GET http://any.example/x with v: v777"
          "\n" },
        { 3000, "path: '/{id:a%u}'", "path: '/{id:b}'",
          "t.yaml:3:10+2: E0404: too many routes differ only in patterns and "
          "header tests to tell whether two of them tie\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        src = many(t[i].n, t[i].route, t[i].more);
        front_load(&p, src);
        front_expect(t[i].route, p.said, t[i].said);
        front_free(&p);
        free(src);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(pairs),
        cmocka_unit_test(once),
        cmocka_unit_test(scale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
