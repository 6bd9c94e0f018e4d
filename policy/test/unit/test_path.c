/*
 * test_path.c: canonical paths and hosts, and every spelling that must not
 * be a way around them.
 */

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "run/path.h"

typedef struct {
    const char  *raw;
    const char  *out;           /* or NULL, and why */
    const char  *why;
} path_row_t;

#define NOT_ABSOLUTE  "the path does not begin with a slash"
#define SHORT_HEX     "the path ends inside of a %XX"
#define BAD_HEX       "the path has a % without two hexadecimal digits"
#define ABOVE         "the path leads above the root"
#define CONTROL       "the path has a space or a control character"
#define CONTROL_HEX   "the path has an encoded control character"
#define SLASH_HEX     "the path has an encoded slash"
#define BACKSLASH     "the path has a backslash"
#define BACKSLASH_HEX "the path has an encoded backslash"
#define SEMICOLON     "the path has a semicolon"
#define SEMICOLON_HEX "the path has an encoded semicolon"
#define QUERY         "the path has a query or a fragment in it"
#define TWICE         "the path has a dot segment that was encoded twice"
#define UTF8          "the path is not UTF-8"

static const path_row_t  resolving[] = {
    { "/",                  "/",            NULL },
    { "/a",                 "/a",           NULL },
    { "/a/",                "/a/",          NULL },
    { "/a/b.c/..d/e..",     "/a/b.c/..d/e..", NULL },
    { "/a/.b/...",          "/a/.b/...",    NULL },
    { "/A/b",               "/A/b",         NULL },

    /* %2e%2e, //, /./ */
    { "/a/./b",             "/a/b",         NULL },
    { "/a/.",               "/a/",          NULL },
    { "/.",                 "/",            NULL },
    { "/./",                "/",            NULL },
    { "/a/../b",            "/b",           NULL },
    { "/a/b/..",            "/a/",          NULL },
    { "/a/b/../",           "/a/",          NULL },
    { "/a/b/../../c",       "/c",           NULL },
    { "/a/%2e%2e/b",        "/b",           NULL },
    { "/a/.%2E/b",          "/b",           NULL },
    { "/a/%2e/b",           "/a/b",         NULL },
    { "/a/%2e%2e",          "/",            NULL },
    { "/a/%2e%2e%2e",       "/a/...",       NULL },
    { "/a//b",              "/a/b",         NULL },
    { "//a///b//",          "/a/b/",        NULL },
    { "//",                 "/",            NULL },
    { "/a//../b",           "/b",           NULL },
    { "/a/.//b",            "/a/b",         NULL },
    { "/a/..//b",           "/b",           NULL },
    { "/..",                NULL,           ABOVE },
    { "/../a",              NULL,           ABOVE },
    { "/a/../../b",         NULL,           ABOVE },
    { "/%2e%2e/a",          NULL,           ABOVE },
    { "//..",               NULL,           ABOVE },

    /* %XX is decoded, once */
    { "/%61%62",            "/ab",          NULL },
    { "/a%20b",             "/a b",         NULL },
    { "/a+b",               "/a+b",         NULL },
    { "/a%2Bb",             "/a+b",         NULL },
    { "/%3f%23%25",         "/?#%",         NULL },
    { "/%2541",             "/%41",         NULL },
    { "/100%25",            "/100%",        NULL },
    { "/a%2",               NULL,           SHORT_HEX },
    { "/a%",                NULL,           SHORT_HEX },
    { "/a%zz",              NULL,           BAD_HEX },
    { "/a%4/b",             NULL,           BAD_HEX },
    { "/a%%41",             NULL,           BAD_HEX },
    { "/a% 41",             NULL,           BAD_HEX },

    /* %2F, %5C */
    { "/a%2Fb",             NULL,           SLASH_HEX },
    { "/a%2f..%2fb",        NULL,           SLASH_HEX },
    { "/a%5cb",             NULL,           BACKSLASH_HEX },
    { "/a%5C..%5Cb",        NULL,           BACKSLASH_HEX },
    { "/a\\b",              NULL,           BACKSLASH },
    { "/..\\b",             NULL,           BACKSLASH },

    /* ..;x=y, ;params */
    { "/a/..;x=y/b",        NULL,           SEMICOLON },
    { "/a;x=y",             NULL,           SEMICOLON },
    { "/a/..%3bx=y/b",      NULL,           SEMICOLON_HEX },
    { "/a%3B",              NULL,           SEMICOLON_HEX },

    /* %00, controls */
    { "/a%00",              NULL,           CONTROL_HEX },
    { "/a%00.txt",          NULL,           CONTROL_HEX },
    { "/a%0d%0aX:y",        NULL,           CONTROL_HEX },
    { "/a%7f",              NULL,           CONTROL_HEX },
    { "/a%1f",              NULL,           CONTROL_HEX },
    { "/a\tb",              NULL,           CONTROL },
    { "/a b",               NULL,           CONTROL },
    { "/a\x7f",             NULL,           CONTROL },
    { "/a\x01",             NULL,           CONTROL },

    /* a fragment is never path, nor is a query */
    { "/a#b",               NULL,           QUERY },
    { "/a?b",               NULL,           QUERY },
    { "/admin#/../public",  NULL,           QUERY },

    /* encoded twice */
    { "/a/%252e%252e/b",    NULL,           TWICE },
    { "/a/.%252e/b",        NULL,           TWICE },
    { "/a/%252E",           NULL,           TWICE },
    { "/a/%2e%25252e",      NULL,           TWICE },
    { "/a/%252e%252e%252e", "/a/%2e%2e%2e", NULL },
    { "/a/%252ex",          "/a/%2ex",      NULL },
    { "/a/%252f",           "/a/%2f",       NULL },
    { "/%25/..",            "/",            NULL },
    { "/%25%2e",            "/%.",          NULL },

    /* UTF-8, raw and encoded */
    { "/caf\xc3\xa9",       "/caf\xc3\xa9", NULL },
    { "/caf%c3%A9",         "/caf\xc3\xa9", NULL },
    { "/\xc3%a9",           "/\xc3\xa9",    NULL },
    { "/%f0%9f%98%80",      "/\xf0\x9f\x98\x80", NULL },
    { "/%c3",               NULL,           UTF8 },
    { "/\xff",              NULL,           UTF8 },
    { "/%c0%ae%c0%ae/a",    NULL,           UTF8 },
    { "/%c0%af",            NULL,           UTF8 },
    { "/%e0%80%af",         NULL,           UTF8 },
    { "/%ed%a0%80",         NULL,           UTF8 },
    { "/%c3/%a9",           NULL,           UTF8 },

    /* not a path */
    { "",                   NULL,           NOT_ABSOLUTE },
    { "*",                  NULL,           NOT_ABSOLUTE },
    { "a/b",                NULL,           NOT_ABSOLUTE },
    { "http://h/a",         NULL,           NOT_ABSOLUTE },
    { "%2fa",               NULL,           NOT_ABSOLUTE },
};

static const path_row_t  rejecting[] = {
    { "/a/b.c",             "/a/b.c",       NULL },
    { "/a/...",             "/a/...",       NULL },
    { "/a/./b",             NULL,           "the path has a dot segment" },
    { "/a/../b",            NULL,           "the path has a dot segment" },
    { "/a/..",              NULL,           "the path has a dot segment" },
    { "/a/%2e%2e/b",        NULL,           "the path has a dot segment" },
    { "/..",                NULL,           "the path has a dot segment" },
    { "/a/%252e",           NULL,           TWICE },
};

static const path_row_t  keeping[] = {
    { "//",                 "//",           NULL },
    { "/a//b//",            "/a//b//",      NULL },
    { "/a//../b",           "/a/b",         NULL },
    { "/a/./",              "/a/",          NULL },
    { "/a/.//b",            "/a//b",        NULL },
    { "//..",               "/",            NULL },
    { "//../..",            NULL,           ABOVE },
};


static void
check_paths(const path_row_t *t, size_t n, const weir_path_rules_t *rules)
{
    char        *out;
    size_t       i, len, size;
    weir_rc_t    rc;
    const char  *why;

    for (i = 0; i < n; i++, t++) {

        /* of the raw length, so that a byte too many is seen */
        size = strlen(t->raw);
        out = malloc(size ? size : 1);
        assert_non_null(out);

        why = NULL;
        rc = weir_path_normalise(weir_cstr(t->raw), rules, out, &len, &why);

        if (t->out == NULL) {
            if (rc != WEIR_ERROR || why == NULL || strcmp(why, t->why) != 0) {
                fail_msg("\"%s\": %s", t->raw, why ? why : "accepted");
            }

        } else if (rc != WEIR_OK
                   || !weir_str_eq(weir_str(out, len), weir_cstr(t->out)))
        {
            fail_msg("\"%s\": %s", t->raw, why ? why : "another path");
        }

        free(out);
    }
}


static void
paths(void **state)
{
    (void) state;

    check_paths(resolving, sizeof(resolving) / sizeof(resolving[0]),
                &(weir_path_rules_t) { WEIR_DOTS_RESOLVE, 1 });
    check_paths(rejecting, sizeof(rejecting) / sizeof(rejecting[0]),
                &(weir_path_rules_t) { WEIR_DOTS_REJECT, 1 });
    check_paths(keeping, sizeof(keeping) / sizeof(keeping[0]),
                &(weir_path_rules_t) { WEIR_DOTS_RESOLVE, 0 });
}


static void
path_bounds(void **state)
{
    char               *raw, *out;
    size_t              len;
    const char         *why;
    weir_path_rules_t   rules = { WEIR_DOTS_RESOLVE, 1 };

    (void) state;

    raw = malloc(WEIR_MAX_PATH + 1);
    out = malloc(WEIR_MAX_PATH + 1);
    assert_non_null(raw);
    assert_non_null(out);
    memset(raw, 'a', WEIR_MAX_PATH + 1);
    raw[0] = '/';

    assert_int_equal(weir_path_normalise(weir_str(raw, WEIR_MAX_PATH), &rules,
                                         out, &len, &why), WEIR_OK);
    assert_int_equal(len, WEIR_MAX_PATH);
    assert_int_equal(weir_path_normalise(weir_str(raw, WEIR_MAX_PATH + 1),
                                         &rules, out, &len, &why), WEIR_ERROR);
    assert_string_equal(why, "the path is too long");

    /* with a NUL in it */
    assert_int_equal(weir_path_normalise(weir_string("/a\0b"), &rules, out,
                                         &len, &why), WEIR_ERROR);

    free(raw);
    free(out);
}


typedef struct {
    const char  *raw;
    const char  *out;           /* NULL: refused */
} host_row_t;

#define LABEL21  "aaaaaaaaaaaaaaaaaaaaa"
#define LABEL63  LABEL21 LABEL21 LABEL21

static const host_row_t  hosts[] = {
    { "",                       "" },
    { "api.acme.example",       "api.acme.example" },

    /* case, port, trailing dot */
    { "API.Acme.EXAMPLE",       "api.acme.example" },
    { "api.acme.example:8080",  "api.acme.example" },
    { "api.acme.example:",      "api.acme.example" },
    { "api.acme.example.",      "api.acme.example" },
    { "API.acme.example.:443",  "api.acme.example" },
    { "localhost:0",            "localhost" },
    { "localhost:65535",        "localhost" },
    { "a_b.c-d.-e",             "a_b.c-d.-e" },
    { "1a.2b",                  "1a.2b" },

    /* IDN arrives as punycode */
    { "xn--bcher-kva.example",  "xn--bcher-kva.example" },
    { "b\xc3\xbc" "cher.example", NULL },
    { "b%C3%BCcher.example",    NULL },

    { ".",                      NULL },
    { "..",                     NULL },
    { ".a",                     NULL },
    { "a..b",                   NULL },
    { "a..",                    NULL },
    { ":80",                    NULL },
    { ".:80",                   NULL },
    { "a:65536",                NULL },
    { "a:123456",               NULL },
    { "a:8o",                   NULL },
    { "a:-1",                   NULL },
    { "a:80:80",                NULL },
    { "a:+80",                  NULL },
    { " a",                     NULL },
    { "a ",                     NULL },
    { "a b",                    NULL },
    { "a\tb",                   NULL },
    { "a,b",                    NULL },
    { "a/b",                    NULL },
    { "a\\b",                   NULL },
    { "u@a",                    NULL },
    { "a%2eb",                  NULL },
    { "a#b",                    NULL },
    { "a?b",                    NULL },
    { "*.a",                    NULL },
    { "a\x7f",                  NULL },
    { LABEL63 ".a",             LABEL63 ".a" },
    { LABEL63 "a.a",            NULL },
    { LABEL63 "." LABEL63 "." LABEL63 "." LABEL63,
      LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 },
    { LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 ".",
      LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 },
    { LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 ".a", NULL },

    /* addresses */
    { "127.0.0.1",              "127.0.0.1" },
    { "127.0.0.1:80",           "127.0.0.1" },
    { "127.0.0.1.",             "127.0.0.1" },
    { "127.1",                  NULL },
    { "2130706433",             NULL },
    { "127.0.0.01",             NULL },
    { "127.0.0.256",            NULL },
    { "a.1",                    NULL },
    { "[::1]",                  "[::1]" },
    { "[::1]:8080",             "[::1]" },
    { "[0:0:0:0:0:0:0:1]",      "[::1]" },
    { "[FD00::A]",              "[fd00::a]" },
    { "[::ffff:10.0.0.1]",      "10.0.0.1" },
    { "[10.0.0.1]",             NULL },
    { "[::1",                   NULL },
    { "[::1]x",                 NULL },
    { "[::1]80",                NULL },
    { "[::1]:x",                NULL },
    { "[::1].",                 NULL },
    { "[]",                     NULL },
    { "[fe80::1%25eth0]",       NULL },
    { "[v1.a]",                 NULL },
    { "::1",                    NULL },
    { "]",                      NULL },
};


static void
hosts_are(void **state)
{
    char               out[WEIR_MAX_HOST];
    size_t             i, len;
    weir_rc_t          rc;
    const host_row_t  *t;

    (void) state;

    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        t = &hosts[i];
        rc = weir_host_normalise(weir_cstr(t->raw), out, &len);

        if (t->out == NULL) {
            if (rc != WEIR_ERROR) {
                fail_msg("\"%s\" is accepted", t->raw);
            }

        } else if (rc != WEIR_OK
                   || !weir_str_eq(weir_str(out, len), weir_cstr(t->out)))
        {
            fail_msg("\"%s\" is not \"%s\"", t->raw, t->out);
        }
    }

    assert_int_equal(weir_host_normalise(weir_string("a\0b"), out, &len),
                     WEIR_ERROR);
}


static void
targets(void **state)
{
    char    buf[64];
    size_t  i, n;

    static const char *const  rows[][3] = {
        { "/", "", "/" },
        { "/a/b-._~!$&'()*+,=:@", "", "/a/b-._~!$&'()*+,=:@" },
        { "/a b?c#d%e", "", "/a%20b%3Fc%23d%25e" },
        { "/{x}|\"<>^`", "", "/%7Bx%7D%7C%22%3C%3E%5E%60" },
        { "/\303\251", "q=%61", "/%C3%A9?q=%61" },
        { "/a", "?", "/a??" },
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        n = weir_target_print(weir_cstr(rows[i][0]), weir_cstr(rows[i][1]),
                              NULL);
        assert_int_equal(n, strlen(rows[i][2]));

        weir_target_print(weir_cstr(rows[i][0]), weir_cstr(rows[i][1]), buf);
        assert_memory_equal(buf, rows[i][2], n);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(path_bounds),
        cmocka_unit_test(hosts_are),
        cmocka_unit_test(targets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
