/*
 * test_write_edge.c: CORS, maintenance, versions and transforms, from a
 * policy's text to the records of its image; what templates make of a
 * request, and where in them a mistake is.
 */

#include "ask.h"


#define STR(p, i)     weir_img_str(&(p)->image, (i))
#define REC(p, s, i)  (&WEIR_REC(&(p)->image, s)[i])

#define ROUTE                                                                 \
    "routes:\n"                                                               \
    "  - {id: a, match: {path: /}, public: true, cors: x}\n"


/* NULL: no string. */
static void
expect_str(policy_t *p, uint32_t str, const char *text)
{
    if (text == NULL) {
        assert_int_equal(str, WEIR_NONE);
        return;
    }

    assert_int_not_equal(str, WEIR_NONE);

    if (!weir_str_eq(STR(p, str), weir_cstr(text))) {
        fail_msg("\"%.*s\", not \"%s\"", WEIR_STR(STR(p, str)), text);
    }
}


static void
cors_is_as_headers_have_it(void **state)
{
    policy_t                p;
    const weir_img_cors_t  *c;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "cors:\n"
        "  open: {origins: ['*'], headers: ['*', Authorization]}\n"
        "  x:\n"
        "    origins: ['null', 'https://*.app.example']\n"
        "    methods: [PUT, DELETE]\n"
        "    headers: [X-A]\n"
        "    expose: [X-B, X-C]\n"
        "    credentials: true\n"
        "    max_age: 10m\n" ROUTE);

    c = REC(&p, CORS, 0);
    expect_str(&p, c->name, "open");
    expect_str(&p, c->methods, NULL);
    expect_str(&p, c->headers, "*, Authorization");
    expect_str(&p, c->expose, NULL);
    assert_int_equal(c->credentials, 0);
    assert_int_equal(c->max_age, WEIR_NONE);
    assert_int_equal(c->origins.count, 1);
    assert_int_equal(REC(&p, ORIGINS, c->origins.first)->kind,
                     WEIR_ORIGIN_ANY);

    c = REC(&p, CORS, 1);
    expect_str(&p, c->name, "x");
    expect_str(&p, c->methods, "PUT, DELETE");
    expect_str(&p, c->headers, "X-A");
    expect_str(&p, c->expose, "X-B, X-C");
    assert_int_equal(c->credentials, 1);
    assert_int_equal(c->max_age, 600);
    assert_int_equal(c->origins.count, 2);

    assert_int_equal(REC(&p, ROUTES, 0)->cors, 1);
    policy_close(&p);
}


static void
origins_are_as_browsers_write_them(void **state)
{
    char                      text[512];
    size_t                    i;
    policy_t                  p;
    const weir_img_origin_t  *o;

    static const struct {
        const char  *source;
        const char  *text;
        const char  *suffix;
        unsigned     kind;
    } cases[] = {
        { "*", "", "", WEIR_ORIGIN_ANY },
        { "null", "null", "", WEIR_ORIGIN_EXACT },
        { "https://app.example", "https://app.example", "",
          WEIR_ORIGIN_EXACT },
        { "HTTPS://App.Example:443", "https://app.example", "",
          WEIR_ORIGIN_EXACT },
        { "http://app.example:80", "http://app.example", "",
          WEIR_ORIGIN_EXACT },
        { "http://app.example:443", "http://app.example:443", "",
          WEIR_ORIGIN_EXACT },
        { "https://app.example:65535", "https://app.example:65535", "",
          WEIR_ORIGIN_EXACT },
        { "http://localhost:3000", "http://localhost:3000", "",
          WEIR_ORIGIN_EXACT },
        { "http://127.0.0.1", "http://127.0.0.1", "", WEIR_ORIGIN_EXACT },
        { "http://[::1]:8080", "http://[::1]:8080", "", WEIR_ORIGIN_EXACT },
        { "http://[2001:DB8:0:0::1]", "http://[2001:db8::1]", "",
          WEIR_ORIGIN_EXACT },
        { "chrome-extension://abcdefgh", "chrome-extension://abcdefgh", "",
          WEIR_ORIGIN_EXACT },
        { "https://10.app", "https://10.app", "", WEIR_ORIGIN_EXACT },
        { "https://my_host.example", "https://my_host.example", "",
          WEIR_ORIGIN_EXACT },
        { "https://*.App.example", "https://", ".app.example",
          WEIR_ORIGIN_BELOW },
        { "https://*.app.example:443", "https://", ".app.example",
          WEIR_ORIGIN_BELOW },
        { "https://*.app.example:8443", "https://", ".app.example:8443",
          WEIR_ORIGIN_BELOW }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "weir: 1\ncors: {x: {origins: ['%s']}}\n"
                 ROUTE, cases[i].source);
        policy_open(&p, text);
        assert_int_equal(p.image.n[WEIR_S_ORIGINS], 1);
        o = REC(&p, ORIGINS, 0);
        assert_int_equal(o->kind, cases[i].kind);
        expect_str(&p, o->text, cases[i].text);
        expect_str(&p, o->suffix, cases[i].suffix);
        policy_close(&p);
    }
}


static void
what_is_no_origin_is_refused(void **state)
{
    char            text[512], said[512];
    size_t          i;
    front_policy_t  p;

#define HOST  "its host is neither a name nor an address"
#define PORT  "its port is no number from 1 to 65535"
#define STAR  "a * stands for the first labels of a host, as "               \
              "https://*.app.example"

    static const struct {
        const char  *source;
        const char  *why;
    } cases[] = {
        { "", "it begins with a scheme, as https://" },
        { "**", "it begins with a scheme, as https://" },
        { "NULL", "it begins with a scheme, as https://" },
        { "app.example", "it begins with a scheme, as https://" },
        { "app.example:443", "it begins with a scheme, as https://" },
        { "//app.example", "it begins with a scheme, as https://" },
        { "1s://app.example", "it begins with a scheme, as https://" },
        { "https:/app.example", "it begins with a scheme, as https://" },
        { "https://app.example/", "it ends with its host or port, without a "
          "path or a slash" },
        { "https://app.example?a", "it ends with its host or port, without a "
          "path or a slash" },
        { "https://", HOST },
        { "https://:80", HOST },
        { "https://.example", HOST },
        { "https://a..example", HOST },
        { "https://a.example.", HOST },
        { "https://a b", HOST },
        { "https://a@b", HOST },
        { "https://1.2.3", HOST },
        { "https://1.2.3.4.5", HOST },
        { "https://256.1.1.1", HOST },
        { "https://*.127.0.0.1", HOST },
        { "https://*.", HOST },
        { "https://*", STAR },
        { "https://*app.example", STAR },
        { "https://a.*.example", STAR },
        { "https://*.*.example", STAR },
        { "https://*.[::1]", "an address has nothing below it" },
        { "https://[::1", HOST },
        { "https://[::g]", "its host is no IPv6 address" },
        { "https://[1.2.3.4]", "its host is no IPv6 address" },
        { "https://[::1]8", PORT },
        { "https://a:", PORT },
        { "https://a:0", PORT },
        { "https://a:08", PORT },
        { "https://a:65536", PORT },
        { "https://a:99999999999", PORT },
        { "https://a:80a", PORT },
        { "https://*.a:*", PORT },
        { "https://b\xc3\xbc.example", "browsers send such a name in ASCII, "
          "as xn--..." }
    };

#undef STAR
#undef PORT
#undef HOST

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "weir: 1\ncors: {x: {origins: ['%s']}}\n"
                 ROUTE, cases[i].source);
        snprintf(said, sizeof(said), "t.yaml:2:22+%zu: E0212: \"%s\" is no "
                 "origin: %s\n", strlen(cases[i].source) + 2, cases[i].source,
                 cases[i].why);
        front_load(&p, text);
        front_expect(text, p.said, said);
        front_free(&p);
    }
}


static void
versions_are_values_of_headers(void **state)
{
    char                       text[512];
    size_t                     i;
    policy_t                   p;
    const weir_img_version_t  *v;

    static const struct {
        const char  *keys;
        const char  *deprecation;
        const char  *sunset;
        const char  *link;
    } cases[] = {
        { "name: v1", NULL, NULL, NULL },
        { "name: v1, deprecated: 2026-12-01", "@1796083200", NULL, NULL },
        { "name: v1, deprecated: 1970-01-01", "@0", NULL, NULL },
        { "name: v1, deprecated: '2026-12-01T13:00:01+01:00'", "@1796126401",
          NULL, NULL },
        { "name: v1, sunset: 2027-06-01", NULL,
          "Tue, 01 Jun 2027 00:00:00 GMT", NULL },
        { "name: v1, sunset: '2000-02-29T23:59:58Z', link: /v1", NULL,
          "Tue, 29 Feb 2000 23:59:58 GMT", "</v1>; rel=\"sunset\"" },
        { "name: v1, deprecated: 2026-12-01, link: 'http://d.example/?a=b'",
          "@1796083200", NULL,
          "<http://d.example/?a=b>; rel=\"deprecation\"" },
        { "name: v1, deprecated: 2026-12-01, sunset: 2026-12-01, "
          "link: 'https://d.example'", "@1796083200",
          "Tue, 01 Dec 2026 00:00:00 GMT",
          "<https://d.example>; rel=\"deprecation sunset\"" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "weir: 1\nroutes:\n  - {id: a, match: "
                 "{path: /}, public: true, version: {%s}}\n"
                 "  - {id: b, match: {path: /b}, public: true}\n",
                 cases[i].keys);
        policy_open(&p, text);
        assert_int_equal(REC(&p, ROUTES, 0)->version, 0);
        assert_int_equal(REC(&p, ROUTES, 1)->version, WEIR_NONE);
        v = REC(&p, VERSIONS, 0);
        expect_str(&p, v->name, "v1");
        expect_str(&p, v->deprecation, cases[i].deprecation);
        expect_str(&p, v->sunset, cases[i].sunset);
        expect_str(&p, v->link, cases[i].link);
        policy_close(&p);
    }
}


static void
maintenance_keeps_its_order(void **state)
{
    policy_t                       p;
    const weir_img_maintenance_t  *m;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "maintenance:\n"
        "  - {id: beta, when: principal.sub == 'x', status: 500,\n"
        "     retry_after: 5m, message: soon}\n"
        "  - {id: all}\n");

    assert_int_equal(REC(&p, POLICY, 0)->maintenance.first, 0);
    assert_int_equal(REC(&p, POLICY, 0)->maintenance.count, 2);

    m = REC(&p, MAINTENANCE, 0);
    expect_str(&p, m->id, "beta");
    expect_str(&p, m->message, "soon");
    expect_str(&p, m->file, "t.yaml");
    assert_int_equal(m->line, 3);
    assert_int_equal(m->col, 10);
    assert_int_equal(m->status, 500);
    assert_int_equal(m->retry_after, 300);
    assert_int_equal(REC(&p, PROGS, m->when)->kind, WEIR_T_BOOL);

    m++;
    expect_str(&p, m->id, "all");
    expect_str(&p, m->message, NULL);
    assert_int_equal(m->status, 503);
    assert_int_equal(m->retry_after, 0);
    assert_int_equal(m->when, WEIR_NONE);
    policy_close(&p);
}


static void
expect_op(policy_t *p, uint32_t i, unsigned op, const char *name,
    const char *text)
{
    const weir_img_header_op_t  *rec;

    rec = REC(p, HEADER_OPS, i);
    assert_int_equal(rec->op, op);
    expect_str(p, rec->name, name);
    expect_str(p, rec->text, text);
    assert_int_equal(rec->prog == WEIR_NONE,
                     text != NULL || op == WEIR_HEADER_REMOVE);
}


/* remove, set, add, whatever the order of the keys. */
static void
operations_have_an_order(void **state)
{
    policy_t                 p;
    const weir_img_route_t  *r;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "routes:\n"
        "  - id: a\n"
        "    match: {path: '/{id}'}\n"
        "    public: true\n"
        "    transform:\n"
        "      response:\n"
        "        remove: [X-Powered-By]\n"
        "      request:\n"
        "        add: {X-C: c, x-b: '', Date: now}\n"
        "        set: {X-B: \"${path.id}\", X-D: \"a$${b}\"}\n"
        "        remove: [X-A]\n"
        "  - {id: b, match: {path: /b/c}, public: true}\n");

    r = REC(&p, ROUTES, 0);
    assert_int_equal(r->path, WEIR_NONE);
    assert_int_equal(r->request_ops.first, 0);
    assert_int_equal(r->request_ops.count, 6);
    expect_op(&p, 0, WEIR_HEADER_REMOVE, "x-a", NULL);
    expect_op(&p, 1, WEIR_HEADER_SET, "x-b", NULL);
    expect_op(&p, 2, WEIR_HEADER_SET, "x-d", "a${b}");
    expect_op(&p, 3, WEIR_HEADER_ADD, "x-c", "c");
    expect_op(&p, 4, WEIR_HEADER_ADD, "x-b", "");
    expect_op(&p, 5, WEIR_HEADER_ADD, "date", "now");
    assert_int_equal(r->response_ops.first, 6);
    assert_int_equal(r->response_ops.count, 1);
    expect_op(&p, 6, WEIR_HEADER_REMOVE, "x-powered-by", NULL);

    assert_int_equal(r[1].cors, WEIR_NONE);
    assert_int_equal(r[1].version, WEIR_NONE);
    assert_int_equal(r[1].path, WEIR_NONE);
    assert_int_equal(r[1].request_ops.count, 0);
    assert_int_equal(r[1].response_ops.count, 0);
    policy_close(&p);
}


/* Where all parts are, a template needs no program. */
static void
constants_are_texts(void **state)
{
    policy_t  p;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "vars: {who: \"'us'\"}\n"
        "routes:\n"
        "  - id: a\n"
        "    match: {path: /}\n"
        "    public: true\n"
        "    transform:\n"
        "      response:\n"
        "        set:\n"
        "          A: v${1 + 2}/${3u}/${!true}/${-7}/${true}\n"
        "          B: by ${vars.who}${\"\"}\n"
        "          C: ${0.5}\n");

    expect_op(&p, 0, WEIR_HEADER_SET, "a", "v3/3/false/-7/true");
    expect_op(&p, 1, WEIR_HEADER_SET, "b", "by us");
    expect_op(&p, 2, WEIR_HEADER_SET, "c", NULL);
    assert_int_equal(p.image.n[WEIR_S_PROGS], 1);
    policy_close(&p);
}


/* What the program of the path of the first route makes of a request. */
static void
expect_path(policy_t *p, const char *expected)
{
    void              *mem;
    ask_t              ask = { .headers = "x-a=the a\nx-empty=" };
    weir_str_t         param;
    weir_eval_t        e;
    weir_value_t       v;
    const weir_range_t *names;

    mem = aligned_alloc(16, (weir_eval_size(&p->image) + 15) & ~(size_t) 15);
    assert_non_null(mem);

    param = weir_string("seven");
    names = &REC(p, ROUTES, 0)->params;
    weir_eval_init(&e, &p->image, mem);
    e.host = &ask_ops;
    e.host_data = &ask;
    e.param_names = REC(p, REFS, names->first);
    e.params = &param;
    e.nparams = names->count;
    weir_eval(&e, REC(p, ROUTES, 0)->path, &v);

    assert_int_equal(REC(p, PROGS, REC(p, ROUTES, 0)->path)->kind,
                     WEIR_T_STRING);

    if (expected == NULL) {
        assert_int_equal(v.kind, WEIR_T_ERR);

    } else {
        assert_int_equal(v.kind, WEIR_T_STRING);

        if (!weir_str_eq(weir_v_text(&v), weir_cstr(expected))) {
            fail_msg("\"%.*s\", not \"%s\"", WEIR_STR(weir_v_text(&v)),
                     expected);
        }
    }

    free(mem);
}


/* In single quotes, where a quote is two, and an empty line a line feed. */
static void
put_quoted(FILE *out, const char *s)
{
    fputc('\'', out);

    for ( /* void */ ; *s != '\0'; s++) {
        fputc(*s, out);

        if (*s == '\'') {
            fputc('\'', out);

        } else if (*s == '\n') {
            fputs("\n      ", out);
        }
    }

    fputc('\'', out);
}


static void
templates_are_concatenated(void **state)
{
    char      *text;
    FILE      *out;
    size_t     i, len;
    policy_t   p;

    static const struct {
        const char  *template;
        const char  *expected;          /* NULL: it fails */
    } cases[] = {
        { "/a", "/a" },
        { "/", "/" },
        { "/${path.id}", "/seven" },
        { "${'/'}", "/" },
        { "${request.headers['x-a']}", "the a" },
        { "/${path.id}${path.id}/${path.id}/", "/sevenseven/seven/" },
        { "/${1 + 2}/${3u}/${1.5}/${true}/${source.ip}",
          "/3/3/1.5/true/192.0.2.1" },
        { "/${size(path.id)}.${path.id == 'x'}.${double(size(path.id))}",
          "/5.false.5" },
        { "/$${path.id}", "/${path.id}" },
        { "/$$${path.id}", "/$${path.id}" },
        { "/$", "/$" },
        { "/$a{b}$", "/$a{b}$" },
        { "/}${path.id}}", "/}seven}" },
        { "/${{'a': '}'}['a']}${\"}\"}", "/}}" },
        { "/${ path.id // }\n + 'x' }", "/sevenx" },
        { "/${request.headers['x-empty']}", "/" },
        { "/${request.headers['x-none']}", NULL },
        { "/${path.id.substring(9)}", NULL },
        { "/${request.headers[?'x-none'].orValue('-')}", "/-" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        out = open_memstream(&text, &len);
        fputs("weir: 1\nroutes:\n"
              "  - id: a\n"
              "    match: {path: '/{id}'}\n"
              "    public: true\n"
              "    transform: {request: {path: ", out);
        put_quoted(out, cases[i].template);
        fputs("}}\n", out);
        fclose(out);

        policy_open(&p, text);
        expect_path(&p, cases[i].expected);
        policy_close(&p);
        free(text);
    }
}


/*
 * Of whatever style a scalar is: the undeclared name that an error is about
 * stands where it says.
 */
static void
mistakes_are_where_they_are_said_to_be(void **state)
{
    char            text[1024], said[256];
    size_t          i;
    unsigned        line;
    const char     *p, *start;
    front_policy_t  f;

    static const char *const  scalars[] = {
        " ${nope}",
        " a ${nope} b",
        " a $${x} ${nope} b",
        " ${'a'}${nope}",
        " ${1}${2.5}${nope}${3}",
        " '${nope}'",
        " 'it''s ${nope}, ''too'''",
        " \"\\t\\u00fc\\\\ ${nope}\"",
        " \"\\x41 ${'\\x42' + nope}\"",
        " \"a \\\n           ${nope}\"",
        " \"a\n           b\n           ${nope}\"",
        " 'a\n           b ${nope}'",
        " >-\n            ${nope}",
        " >-\n            a\n            b ${nope} c\n            d",
        " |-\n            ${nope}",
        " |-\n            ${true ?\n            nope : ''}",
        " b\xc3\xbc ${nope}",
        " a\n           b ${nope}"
    };

    (void) state;

    for (i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
        snprintf(text, sizeof(text), "weir: 1\nroutes:\n"
                 "  - id: a\n"
                 "    match: {path: /}\n"
                 "    public: true\n"
                 "    transform:\n"
                 "      request:\n"
                 "        set:\n"
                 "          X-A:%s\n", scalars[i]);
        start = text;
        line = 1;

        for (p = text; strncmp(p, "nope", 4) != 0; p++) {
            if (*p == '\n') {
                start = p + 1;
                line++;
            }
        }

        snprintf(said, sizeof(said), "t.yaml:%u:%u+4: E0301: undeclared "
                 "`nope`; if it is text, write \"nope\"\n", line,
                 (unsigned) (p - start) + 1);

        front_load(&f, text);
        front_expect(text, f.said, said);
        front_free(&f);
    }
}


static void
transforms_that_are_refused(void **state)
{
    char            text[1024];
    size_t          i;
    front_policy_t  p;

    static const struct {
        const char  *way;
        const char  *said;
    } cases[] = {
        { "request: {path: ''}",
          "t.yaml:6:33+2: E0204: \"path\" of route \"a\" is \"\", which does "
          "not begin with \"/\"\n" },
        { "request: {path: a}",
          "t.yaml:6:33+1: E0204: \"path\" of route \"a\" is \"a\", which does "
          "not begin with \"/\"\n" },
        { "request: {path: \"$${a}\"}",
          "t.yaml:6:33+7: E0204: \"path\" of route \"a\" is \"${a}\", which "
          "does not begin with \"/\"\n" },
        { "request: {path: \"${'a'}/b\"}",
          "t.yaml:6:33+10: E0204: \"path\" of route \"a\" is \"a/b\", which "
          "does not begin with \"/\"\n" },
        { "request: {path: \"/a?b\"}",
          "t.yaml:6:36+1: E0204: \"path\" of route \"a\" has `?` in its text: "
          "the query goes along as it is\n" },
        { "request: {set: {X: \"a\\0b\"}}",
          "t.yaml:6:36+6: E0103: text with a NUL in it\n" },
        { "request: {set: {X: \"a\\nb\\n\\r\"}}",
          "t.yaml:6:38+2: E0204: header \"X\" of the request of route \"a\" "
          "has a line feed\n" },
        { "request: {set: {X: \"a\\n\"}}",
          "t.yaml:6:38+2: E0204: header \"X\" of the request of route \"a\" "
          "has a line feed at its end; a block scalar has none as >-\n" },
        { "request: {set: {X: \"${'a' + '\\r'}\"}}",
          "t.yaml:6:45+1: E0304: a string without its closing quote\n" },
        { "response: {set: {X: \"${'a' + \\\"\\\\n\\\"}\"}}",
          "t.yaml:6:37+18: E0204: header \"X\" of the response of route \"a\" "
          "is text with a control character in it, or of more than 8192 "
          "bytes\n" },
        { "response: {set: {X: \"a\\tb\\x7f\"}}",
          "t.yaml:6:42+4: E0204: header \"X\" of the response of route \"a\" "
          "has a control character\n" },
        { "request: {set: {X: \"${request.time}\"}}",
          "t.yaml:6:39+12: E0302: header \"X\" of the request of route \"a\" "
          "is google.protobuf.Timestamp, not bool, int, uint, double, string "
          "or net.IP\n" },
        { "request: {set: {X: \"a${path.user}\"}}",
          "t.yaml:6:40+9: E0311: `path.user` is known only in rules of a "
          "route whose path has {user}\n" },
        { "request: {set: {X: \"${\"}}",
          "t.yaml:6:37+2: E0303: `${` without `}`; the text ${ itself is "
          "written $${\n" },
        { "request: {set: {X: \"${nope} ${nine}\"}}",
          "t.yaml:6:39+4: E0301: undeclared `nope`; if it is text, write "
          "\"nope\"\n"
          "t.yaml:6:47+4: E0301: undeclared `nine`; if it is text, write "
          "\"nine\"\n" },
        { "request: {set: {\"a b\": c}}",
          "t.yaml:6:33+5: E0204: \"a b\" in \"set\" is not the name of a "
          "header\n" },
        { "request: {set: {X: [a]}}",
          "t.yaml:6:36+3: E0203: \"X\" is a list, expected text, with "
          "expressions in ${}\n" },
        { "request: {set: {X: 1}}",
          "t.yaml:6:36+1: E0203: \"X\" is a number, expected text, with "
          "expressions in ${}; quote it\n" },
        { "response: {path: /a}",
          "t.yaml:6:28+4: E0201: unknown key \"path\" in \"response\", which "
          "has remove, set, add\n" },
        { "request: {remove: [TE, Trailer, Upgrade, Keep-Alive]}",
          "t.yaml:6:36+2: E0213: \"TE\" is of the connection or the framing "
          "of a request; nginx sees to it\n"
          "t.yaml:6:40+7: E0213: \"Trailer\" is of the connection or the "
          "framing of a request; nginx sees to it\n"
          "t.yaml:6:49+7: E0213: \"Upgrade\" is of the connection or the "
          "framing of a request; nginx sees to it\n"
          "t.yaml:6:58+10: E0213: \"Keep-Alive\" is of the connection or the "
          "framing of a request; nginx sees to it\n" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "weir: 1\nroutes:\n"
                 "  - id: a\n"
                 "    match: {path: /}\n"
                 "    public: true\n"
                 "    transform: {%s}\n", cases[i].way);

        front_load(&p, text);
        front_expect(text, p.said, cases[i].said);
        front_free(&p);
    }
}


static void
numbers_are_bounded(void **state)
{
    char            *text;
    FILE            *out;
    size_t           i, len;
    front_policy_t   p;

    (void) state;

    /* in two files, each within the bound of a list */
    out = open_memstream(&text, &len);
    fputs("weir: 1\ncors:\n", out);

    for (i = 0; i <= WEIR_MAX_CORS; i++) {
        fprintf(out, "  c%zu: {origins: ['*']}\n", i);
    }

    fclose(out);
    front_load(&p, text);
    front_expect("cors", p.said, "t.yaml:1027:3+5: E0210: more than 1024 "
                 "items of \"cors\"\n");
    front_free(&p);
    free(text);

    out = open_memstream(&text, &len);
    fputs("weir: 1\ncors:\n  x:\n    origins: ['*']\n    expose: [", out);

    for (i = 0; i < 1000; i++) {
        fprintf(out, "X-%06zu, ", i);
    }

    fputs("]\n" ROUTE, out);
    fclose(out);
    front_load(&p, text);
    front_expect("expose", p.said, "t.yaml:5:13+10002: E0210: \"expose\" "
                 "makes a header of 9998 bytes, the most is 8192\n");
    front_free(&p);
    free(text);

    out = open_memstream(&text, &len);
    fprintf(out, "weir: 1\nroutes:\n  - id: a\n    match: {path: /}\n"
            "    public: true\n    transform: {request: {remove: [X%0256d]}}\n",
            0);
    fclose(out);
    front_load(&p, text);
    front_expect("name", p.said, "t.yaml:6:36+257: E0210: the name of a "
                 "header has 257 bytes, the most is 256\n");
    front_free(&p);
    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(cors_is_as_headers_have_it),
        cmocka_unit_test(origins_are_as_browsers_write_them),
        cmocka_unit_test(what_is_no_origin_is_refused),
        cmocka_unit_test(versions_are_values_of_headers),
        cmocka_unit_test(maintenance_keeps_its_order),
        cmocka_unit_test(operations_have_an_order),
        cmocka_unit_test(constants_are_texts),
        cmocka_unit_test(templates_are_concatenated),
        cmocka_unit_test(mistakes_are_where_they_are_said_to_be),
        cmocka_unit_test(transforms_that_are_refused),
        cmocka_unit_test(numbers_are_bounded)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
