/*
 * test_model.c: sources to models: includes, lists, tenants, rules, routes,
 * and what is refused of them.
 */

#include "test/unit/front.h"
#include "base/digest.h"


#define EQ(name, s)  assert_true(weir_str_eq((name).text, weir_cstr(s)))


static void
refusals(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        const char  *src;
        const char  *said;
    } t[] = {
        /* lists */
        { "weir: 1\nlists:\n  a: {}\n"
          "  b: {cidr: [10.0.0.1/8, 'x', 'fd00::1/64', 10.0.0.0/33]}\n",
          "t.yaml:3:6+2: E0202: a list needs \"cidr\" or \"cidr_file\"\n"
          "t.yaml:4:14+10: E0204: \"10.0.0.1/8\" is no address and no "
          "prefix: it has bits behind its length; did you mean "
          "\"10.0.0.0/8\"?\n"
          "t.yaml:4:26+3: E0204: \"x\" is no address and no prefix\n"
          "t.yaml:4:31+12: E0204: \"fd00::1/64\" is no address and no "
          "prefix: it has bits behind its length; did you mean "
          "\"fd00::/64\"?\n"
          "t.yaml:4:45+11: E0204: \"10.0.0.0/33\" is no address and no "
          "prefix\n" },
        { "weir: 1\nlists: {a: {cidr_file: no.txt}}\n",
          "t.yaml:2:24+6: E0101: cannot read no.txt: no such file\n" },

        /* resolve */
        { "weir: 1\ntenants:\n  resolve:\n    - header: x-tenant\n"
          "    - {header: x-tenant, trust: []}\n"
          "    - {header: x-tenant, trust: [lists.lbs, lb]}\n"
          "    - {host: '{tenant}.a', trust: [lists.lb]}\n"
          "    - path: /t/{user}/**\n    - path: '/t/{tenant:[a-z]+}/**'\n"
          "    - path: '/{tenant}/{tenant}'\n"
          "lists: {lb: {cidr: [10.0.0.0/8]}}\n",
          "t.yaml:4:15+8: E0202: a tenant from a header needs \"trust\": "
          "lists of the peers that may send it\n"
          "t.yaml:5:33+2: E0204: \"trust\" is an empty list\n"
          "t.yaml:6:34+9: E0208: there is no list \"lbs\"; did you mean "
          "\"lists.lb\"?\n"
          "t.yaml:6:45+2: E0204: an item of \"trust\" is \"lb\", expected a "
          "list as lists.NAME\n"
          "t.yaml:7:35+10: E0209: \"trust\" is for a tenant from a header\n"
          "t.yaml:8:13+12: E0402: path template: its only parameter must be "
          "\"{tenant}\", without a pattern\n"
          "t.yaml:9:13+23: E0402: path template: its only parameter must be "
          "\"{tenant}\", without a pattern\n"
          "t.yaml:10:25+6: E0402: path template: two parameters of the same "
          "name\n" },

        /* tenants */
        { "weir: 1\ntenants:\n  list:\n"
          "    a: {hosts: [A.example, b.example, '*.c']}\n"
          "    b: {hosts: [a.example]}\n    c: {plan: [x]}\n",
          "t.yaml:4:40+1: E0403: host: \"*.\" stands in front of a host "
          "only\n"
          "t.yaml:5:17+9: E0206: host \"a.example\" is defined twice; first "
          "at t.yaml:4:17\n"
          "t.yaml:6:15+3: E0203: \"plan\" is a list, expected an id of "
          "letters, digits, '.', '_' and '-'\n" },
        { "weir: 1\ntenants:\n  list:\n    a:\n      attrs: {x: [[[[[[[[[[[[[["
          "[[1]]]]]]]]]]]]]]]]}\n",
          "t.yaml:5:33+3: E0109: an attribute nested deeper than 16\n" },

        /* rules */
        { "weir: 1\ndeny:\n  - {id: a, when: 'true'}\n"
          "  - {id: a, when: 'true', phase: connect}\n"
          "allow:\n  - {id: a, when: 'true'}\n"
          "  - {id: b, when: 'true', status: 403}\n  - {id: c}\n"
          "tenants: {list: {t: {deny: [{id: a, when: 'true', phase: "
          "connect}]}}}\n"
          "routes:\n  - id: r\n    match: {path: /}\n    deny:\n"
          "      - {id: a, when: 'true', phase: connect}\n    allow:\n"
          "      - {id: a, when: 'true'}\n",
          "t.yaml:4:10+1: E0206: rule \"a\" is defined twice; first at "
          "t.yaml:3:10\n"
          "t.yaml:6:10+1: E0206: rule \"a\" is defined twice; first at "
          "t.yaml:3:10\n"
          "t.yaml:7:27+6: E0201: unknown key \"status\" in a rule of "
          "\"allow\", which has id, when\n"
          "t.yaml:8:5+7: E0202: a rule of \"allow\" needs \"when\"\n"
          "t.yaml:9:58+7: E0209: a rule of phase `connect` belongs in the "
          "global \"deny\": in that phase no tenant is known\n"
          "t.yaml:14:38+7: E0209: a rule of phase `connect` belongs in the "
          "global \"deny\": in that phase no route is known\n"
          "t.yaml:16:14+1: E0206: rule \"a\" is defined twice; first at "
          "t.yaml:14:14\n" },

        /* routes */
        { "weir: 1\nroutes:\n  - {id: a, match: {path: /}}\n"
          "  - {id: a, match: {path: /b}}\n"
          "  - id: c\n    public: true\n    match: {path: /c}\n"
          "    allow: [{id: x, when: 'true'}]\n"
          "  - {id: d, match: {path: d, methods: [GET, GET, PURGE, PURGE]}}\n"
          "  - {id: e, match: {path: /e, headers: [{name: A, equals: 1},\n"
          "      {name: a, present: true}, {name: b, present: false},\n"
          "      {name: c, equals: ''}, {name: d, prefix: ' x'}]}}\n",
          "t.yaml:4:10+1: E0206: route \"a\" is defined twice; first at "
          "t.yaml:3:10\n"
          "t.yaml:8:12+23: E0209: \"allow\" in a public route, which "
          "everybody may use\n"
          "t.yaml:9:27+1: E0402: path template: it must begin with '/'\n"
          "t.yaml:9:45+3: E0206: \"GET\" stands twice in one route\n"
          "t.yaml:9:57+5: E0206: \"PURGE\" stands twice in one route\n"
          "t.yaml:10:59+1: E0203: \"equals\" is a number, expected text; "
          "quote it\n"
          "t.yaml:11:14+1: E0206: \"a\" stands twice in one route\n"
          "t.yaml:11:52+5: E0204: \"present\" is false; only true is a "
          "test\n"
          "t.yaml:12:25+2: E0204: \"\" is nothing that a header's value can "
          "be\n"
          "t.yaml:12:48+4: E0204: \" x\" is nothing that a header's value "
          "can begin with\n" },
        { "weir: 1\nroutes:\n  - id: a\n    match:\n      host: a.example:80\n"
          "      path: >-\n        /a/{x}/{x}\n",
          "t.yaml:5:22+1: E0403: host: a host without port is expected\n"
          "t.yaml:7:17+1: E0402: path template: two parameters of the same "
          "name\n" },
        { "weir: 1\nroutes:\n  - id: a\n    match:\n"
          "      path: \"/\\u0061/{x:(}\"\n",
          "t.yaml:5:25+1: E0330: a group without its ): \"(\"\n" },

        /* audit */
        { "weir: 1\naudit: {redact: [a.b, 'a b', .x]}\n",
          "t.yaml:2:23+5: E0204: \"a b\" is no field of the audit log\n"
          "t.yaml:2:30+2: E0204: \".x\" is no field of the audit log\n" },

        /* errors of the model and ties in one run */
        { "weir: 1\nzzz: 1\nroutes:\n  - {id: a, match: {path: /x}}\n"
          "  - {id: b, match: {path: /x}}\n",
          "t.yaml:2:1+3: E0201: unknown key \"zzz\" in a policy\n"
          "t.yaml:5:10+1: E0401: route \"b\" ties with route \"a\" "
          "(t.yaml:4:10): both match GET http://any.example/x\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        front_load(&p, t[i].src);
        front_expect(t[i].src, p.said, t[i].said);
        front_free(&p);
    }
}


static void
files(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        front_file_t  files[MOST_FILES];
        const char   *said;
    } t[] = {
        /* includes merge; data files are relative to who names them */
        { { { "d/t.yaml", "weir: 1\ninclude: [r/*.yaml, './x.yaml']\n"
              "lists: {a: {cidr_file: a.txt}}\n" },
            { "d/r/1.yaml", "routes: [{id: a, match: {path: /a}}]\n"
              "lists: {b: {cidr_file: ../d.txt}}\n" },
            { "d/r/2.yaml", "routes: [{id: b, match: {path: /b}}]\n"
              "tests: x\n" },
            { "d/x.yaml", "tenants: {file: t.ndjson}\ninclude: y/z.yaml\n" },
            { "d/y/z.yaml", "deny: [{id: a, when: 'true'}]\n" },
            { "d/a.txt", "10.0.0.0/8 # lb\n\n#\n\tfd00::/8\r\n" },
            { "d/r/../d.txt", "" },
            { "d/t.ndjson", "{\"id\":\"a\",\"plan\":\"p\"}\n" } },
          "" },

        { { { "d/t.yaml", "weir: 1\nlists: {a: {cidr_file: a.txt}}\n"
              "tenants: {file: t.ndjson, list: {c: {hosts: [h.example]}}}\n" },
            { "d/a.txt", "10.0.0.0/8\n  10.0.0.0/4 # x\nx y\n" },
            { "d/t.ndjson", "{\"id\":\"a\"}\n{\"id\":\"a\"}\n"
              "{\"id\":\"b\",\"hosts\":[\"H.example\"],\"plna\":\"x\"}\n"
              "{\"id\":\"b c\",\"attrs\":[]}\n{\"plan\":\"p\"}\n[]\n{\"id\":"
              "\"c\"}\n" } },
          "d/a.txt:2:3+10: E0204: \"10.0.0.0/4\" is no address and no prefix: "
          "it has bits behind its length; did you mean \"0.0.0.0/4\"?\n"
          "d/a.txt:3:1+3: E0204: \"x y\" is no address and no prefix\n"
          "d/t.ndjson:2:8+1: E0206: tenant \"a\" is defined twice; first at "
          "d/t.ndjson:1:8\n"
          "d/t.ndjson:3:21+9: E0206: host \"h.example\" is defined twice; "
          "first at d/t.yaml:3:46\n"
          "d/t.ndjson:3:34+4: E0201: unknown key \"plna\" in a tenant; did "
          "you mean \"plan\"?\n"
          "d/t.ndjson:4:8+3: E0204: \"id\" is \"b c\", expected an id of "
          "letters, digits, '.', '_' and '-'\n"
          "d/t.ndjson:4:21+2: E0203: \"attrs\" is a list, expected a map\n"
          "d/t.ndjson:5:1+12: E0202: a tenant needs \"id\"\n"
          "d/t.ndjson:6:1+2: E0203: a tenant is a list, expected a map\n"
          "d/t.ndjson:7:8+1: E0206: tenant \"c\" is defined twice; first at "
          "d/t.yaml:3:34\n" },

        { { { "t.yaml", "weir: 1\ninclude: [a.yaml, no.yaml, z*, a.yaml, "
              "t.yaml]\naudit: {}\n" },
            { "a.yaml", "weir: 1\nsettings: {}\nroutes: []\naudit: {}\n"
              "include: b.yaml\n" },
            { "b.yaml", "include: a.yaml\nzz: 1\nrouts: 1\n" } },
          "t.yaml:2:19+7: E0101: cannot read no.yaml: no such file\n"
          "t.yaml:2:28+2: E0113: no file matches \"z*\"\n"
          "t.yaml:2:32+6: E0113: a.yaml is named twice; first at "
          "t.yaml:2:11\n"
          "t.yaml:2:40+6: E0113: t.yaml is the main file of this policy\n"
          "a.yaml:1:1+4: E0209: \"weir\" belongs to the main file, not to "
          "one that is included\n"
          "a.yaml:2:1+8: E0209: \"settings\" belongs to the main file, not "
          "to one that is included\n"
          "a.yaml:4:8+2: E0206: \"audit\" is defined twice; first at "
          "t.yaml:3:8\n"
          "b.yaml:1:10+6: E0113: a.yaml is named twice; first at "
          "t.yaml:2:11\n"
          "b.yaml:2:1+2: E0201: unknown key \"zz\" in an included file\n"
          "b.yaml:3:1+5: E0201: unknown key \"routs\" in an included file; "
          "did you mean \"routes\"?\n" },

        { { { "t.yaml", "weir: 1\ninclude: 1\n" },
            { "1", "include: '2'\n" } },
          "t.yaml:2:10+1: E0203: \"include\" is a number, expected text or a "
          "list of it; quote it\n" },

        { { { "t.yaml", "weir: 1\ninclude: a1\n" },
            { "a1", "include: a2\n" }, { "a2", "include: a3\n" },
            { "a3", "include: a4\n" }, { "a4", "include: a5\n" },
            { "a5", "include: a6\n" }, { "a6", "include: a7\n" },
            { "a7", "include: a8\n" }, { "a8", "include: a9\n" },
            { "a9", "vars: {}\n" } },
          "a8:1:10+2: E0113: files that include each other deeper than 8\n" },

        { { { "t.yaml", "weir: 1\ninclude: [b.yaml]\nroutes:\n"
              "  - {id: a, match: {path: /a}}\n"
              "lists: {l: {cidr: []}}\nvars: {v: 'true'}\n"
              "deny: [{id: d, when: 'true'}]\n" },
            { "b.yaml", "routes:\n  - {id: a, match: {path: /b}}\n"
              "lists: {l: {cidr: []}}\nvars: {v: 'true'}\n"
              "deny: [{id: d, when: 'true'}]\n" } },
          "b.yaml:2:10+1: E0206: route \"a\" is defined twice; first at "
          "t.yaml:4:10\n"
          "b.yaml:3:9+1: E0206: list \"l\" is defined twice; first at "
          "t.yaml:5:9\n"
          "b.yaml:4:8+1: E0206: variable \"v\" is defined twice; first at "
          "t.yaml:6:8\n"
          "b.yaml:5:13+1: E0206: rule \"d\" is defined twice; first at "
          "t.yaml:7:13\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        front_load_files(&p, t[i].files, false);
        front_expect(t[i].files[0].text, p.said, t[i].said);
        front_free(&p);
    }
}


static void
missing_main(void **state)
{
    weir_diags_t         d;
    weir_arena_t        *a;
    weir_model_t        *m;
    weir_loader_t        loader;

    static const front_file_t  none[] = { { NULL, NULL } };

    (void) state;

    a = weir_arena_create();
    memset(&d, 0, sizeof(d));
    d.arena = a;
    loader = (weir_loader_t) { front_read, front_glob, (void *) none };

    assert_int_equal(weir_model_load(a, &loader, weir_string("x.yaml"), &d,
                                     &m), WEIR_ERROR);
    assert_int_equal(d.errors, 1);
    assert_int_equal(d.list.items[0].span.line, 0);
    assert_true(weir_str_eq(d.list.items[0].text,
                            weir_string("cannot read x.yaml: no such file")));

    weir_arena_destroy(a);
}


static void
whole(void **state)
{
    front_policy_t  p;
    weir_model_t   *m;

    static const front_file_t  files_[] = {
        { "e/t.yaml",
          "weir: 1\n"
          "policy: {name: shop, serial: 42}\n"
          "settings: {unmatched: 410}\n"
          "lists: {lb: {cidr: [10.0.0.0/8, 'fd00::/8']}}\n"
          "tenants:\n"
          "  resolve:\n"
          "    - host: 'api.{tenant}.Shop.example'\n"
          "    - header: X-Tenant\n"
          "      trust: [lists.lb]\n"
          "    - path: /t/{tenant}/**\n"
          "  list:\n"
          "    acme:\n"
          "      plan: pro\n"
          "      hosts: [API.acme.example, b.example]\n"
          "      attrs: {state: ok, num: 1, d: 0.5, l: [true, null], m: {}}\n"
          "      deny: [{id: td, when: 'true', status: 402}]\n"
          "      allow: [{id: ta, when: 'true'}]\n"
          "  file: t.ndjson\n"
          "vars: {office: 'true'}\n"
          "deny:\n"
          "  - {id: ip, phase: connect, when: 'false', message: go}\n"
          "allow:\n"
          "  - {id: all, when: true}\n"
          "routes:\n"
          "  - id: health\n"
          "    match: {path: /healthz, methods: [GET, HEAD, PURGE]}\n"
          "    public: true\n"
          "  - id: order\n"
          "    match:\n"
          "      host: '*.Shop.example'\n"
          "      path: '/v1/{user}/{order:[0-9]+}/**'\n"
          "      headers: [{name: X-A, equals: b}, {name: X-B, prefix: c},\n"
          "                {name: X-C, present: true}]\n"
          "    deny:\n"
          "      - id: big\n"
          "        when: |\n"
          "          true ||\n"
          "          false\n"
          "        message: too big\n"
          "        dry_run: true\n"
          "    allow: [{id: self, when: 'true'}]\n"
          "    upstream: orders\n"
          "audit: {sample: {allow: 0.5%}, redact: [principal.sub]}\n"
          "tests: [a.yaml, b/*.yaml]\n" },
        { "e/t.ndjson",
          "{\"id\":\"n1\",\"plan\":\"free\",\"attrs\":{\"x\":\"\\u00e9\"},"
          "\"deny\":[{\"id\":\"a\",\"when\":\"true\"}]}\n" },
        { NULL, NULL }
    };

    (void) state;

    front_load_files(&p, files_, true);
    front_expect(files_[0].text, p.said,
                 "e/t.yaml:17:20+2: W0904: rule \"ta\" never decides: rule "
                 "\"td\" (e/t.yaml:16:19) before it always denies\n"
                 "e/t.yaml:19:8+6: W0901: `vars.office` is never used\n"
                 "e/t.yaml:21:37+5: W0905: this is never true: rule \"ip\" "
                 "never denies\n"
                 "e/t.yaml:37:11+7: W0905: this is always true: rule \"big\" "
                 "always denies\n");

    m = p.model;
    EQ(m->name, "shop");
    assert_true(m->has_serial);
    assert_int_equal(m->serial, 42);
    assert_int_equal(m->unmatched, 410);
    assert_int_equal(m->unknown_tenant, 404);
    assert_int_equal(m->merge_slashes, 1);
    assert_int_equal(m->audit_allow, 50);
    assert_int_equal(m->audit_deny, 10000);
    assert_int_equal(m->redact.len, 1);
    assert_int_equal(m->tests.len, 2);
    EQ(m->tests.items[1], "b/*.yaml");

    assert_int_equal(m->lists.len, 1);
    assert_int_equal(m->lists.items[0].cidrs.len, 2);
    assert_int_equal(m->vars.len, 1);

    assert_int_equal(m->resolve.len, 3);
    assert_int_equal(m->resolve.items[0].kind, WEIR_RESOLVE_HOST);
    assert_true(weir_str_eq(m->resolve.items[0].prefix,
                            weir_string("api.")));
    assert_true(weir_str_eq(m->resolve.items[0].suffix,
                            weir_string(".shop.example")));
    assert_int_equal(m->resolve.items[1].kind, WEIR_RESOLVE_HEADER);
    EQ(m->resolve.items[1].header, "x-tenant");
    assert_int_equal(m->resolve.items[1].ntrust, 1);
    assert_int_equal(m->resolve.items[1].trust[0], 0);
    assert_int_equal(m->resolve.items[2].kind, WEIR_RESOLVE_PATH);
    assert_true(m->resolve.items[2].path.rest);

    assert_int_equal(m->tenants.len, 2);
    EQ(m->tenants.items[0].id, "acme");
    EQ(m->tenants.items[0].plan, "pro");
    assert_int_equal(m->tenants.items[0].nhosts, 2);
    EQ(m->tenants.items[0].hosts[0], "api.acme.example");
    assert_int_equal(m->tenants.items[0].attrs->kind, WEIR_T_MAP);
    assert_int_equal(m->tenants.items[0].attrs->nitems, 5);
    assert_int_equal(m->tenants.items[0].attrs->items[3].u.i, 1);
    assert_true(m->tenants.items[0].attrs->items[5].u.d == 0.5);
    assert_int_equal(m->tenants.items[0].attrs->items[7].nitems, 2);
    assert_int_equal(m->tenants.items[0].deny.items[0].status, 402);
    assert_int_equal(m->tenants.items[0].allow.len, 1);
    EQ(m->tenants.items[1].id, "n1");
    assert_true(weir_str_eq(m->tenants.items[1].attrs->items[1].s,
                            weir_string("\xc3\xa9")));
    assert_int_equal(m->tenants.items[1].deny.len, 1);
    assert_true(weir_str_eq(m->tenants.items[1].deny.items[0].text.text,
                            weir_string("true")));

    assert_int_equal(m->deny.items[0].phase, WEIR_PHASE_CONNECT);
    assert_int_equal(m->deny.items[0].status, 403);
    EQ(m->deny.items[0].message, "go");
    assert_true(weir_str_eq(m->allow.items[0].text.text,
                            weir_string("true")));

    assert_int_equal(m->routes.len, 2);
    assert_true(m->routes.items[0].public);
    assert_int_equal(m->routes.items[0].methods,
                     1u << WEIR_METHOD_BIT_GET
                     | 1u << WEIR_METHOD_BIT_HEAD);
    EQ(m->routes.items[0].other.items[0], "PURGE");
    assert_null(m->routes.items[0].upstream.text.data);
    EQ(m->routes.items[1].host, "*.shop.example");
    assert_int_equal(m->routes.items[1].path.nsegments, 3);
    assert_true(m->routes.items[1].path.rest);
    assert_int_equal(m->routes.items[1].headers.len, 3);
    EQ(m->routes.items[1].headers.items[0].name, "x-a");
    assert_int_equal(m->routes.items[1].headers.items[1].test,
                     WEIR_TEST_PREFIX);
    assert_true(m->routes.items[1].deny.items[0].dry_run);
    assert_true(weir_str_eq(m->routes.items[1].deny.items[0].text.text,
                            weir_string("true ||\nfalse\n")));
    EQ(m->routes.items[1].upstream, "orders");

    front_free(&p);
}


static void
digest_of(const front_file_t *files_, uint8_t *out)
{
    front_policy_t  p;

    front_load_files(&p, files_, false);
    assert_string_equal(p.said, "");
    memcpy(out, p.model->digest, WEIR_SHA256_LEN);
    front_free(&p);
}


/* The place of a policy does not count, its files' names and bytes do. */
static void
digests(void **state)
{
    size_t   i;
    uint8_t  first[WEIR_SHA256_LEN], other[WEIR_SHA256_LEN];

    static const front_file_t  t[][3] = {
        { { "t.yaml", "weir: 1\ninclude: a\n" }, { "a", "vars: {}\n" } },
        { { "d/t.yaml", "weir: 1\ninclude: a\n" }, { "d/a", "vars: {}\n" } },
        { { "u.yaml", "weir: 1\ninclude: a\n" }, { "a", "vars: {}\n" } },
        { { "t.yaml", "weir: 1\ninclude: a\n" }, { "a", "vars: {}\n\n" } },
        { { "t.yaml", "weir: 1\ninclude: b\n" }, { "b", "vars: {}\n" } },
    };

    (void) state;

    digest_of(t[0], first);

    for (i = 1; i < sizeof(t) / sizeof(t[0]); i++) {
        digest_of(t[i], other);
        assert_int_equal(memcmp(first, other, WEIR_SHA256_LEN) == 0, i == 1);
    }
}


/* The place of an undeclared name in expressions of every style. */
static void
places(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        front_file_t  files[3];
        const char   *place;
    } t[] = {
        { { { "t.yaml", "weir: 1\nvars: {v: 'true && zzz'}\n" } },
          "t.yaml:2:20+3: E0301" },
        { { { "t.yaml", "weir: 1\nvars:\n  v: true\n    && zzz # no\n" } },
          "t.yaml:4:8+3: E0301" },
        { { { "t.yaml", "weir: 1\nvars: {v: '''a'' == ''a'' && zzz'}\n" } },
          "t.yaml:2:30+3: E0301" },
        { { { "t.yaml", "weir: 1\nvars: {v: \"\\\"a\\\" == \\u0022a\\\" \\\n"
              "   && zzz\"}\n" } },
          "t.yaml:3:7+3: E0301" },
        { { { "t.yaml", "weir: 1\ndeny:\n  - id: a\n    when: |\n"
              "      true ||\n\n      false || // a comment of CEL\n"
              "      zzz\n" } },
          "t.yaml:8:7+3: E0301" },
        { { { "t.yaml", "weir: 1\ndeny:\n  - id: a\n    when: |2-\n"
              "        true ||\n\n        zzz || true\n" } },
          "t.yaml:7:9+3: E0301" },
        { { { "t.yaml", "weir: 1\ndeny:\n  - id: a\n    when: >+\n"
              "      true ||\n      false ||\n\n      zzz\n\n" } },
          "t.yaml:8:7+3: E0301" },
        { { { "t.yaml", "weir: 1\ntenants: {file: t}\n" },
            { "t", "\n{\"id\":\"a\",\"deny\":[{\"id\":\"b\",\"when\":"
              "\"zzz\"}]}\n" } },
          "t:2:37+3: E0301" },
        { { { "t.yaml", "weir: 1\nroutes:\n  - id: a\n    match: {path: "
              "'/{a}/{b}'}\n    allow: [{id: a, when: path.c == ''}]\n" } },
          "t.yaml:5:27+6: E0311" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        front_load_files(&p, t[i].files, false);
        assert_int_equal(p.diags.errors, 1);

        p.said[strlen(t[i].place)] = '\0';
        front_expect(t[i].files[0].text, p.said, t[i].place);
        front_free(&p);
    }
}


static void
advice(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        front_file_t  files[2];
        const char   *said;
    } t[] = {
        { { { "t.yaml", "weir: 1\nlists: {a: {cidr: []}, b: {cidr: []}, "
              "c: {cidr: []}, d: {cidr: []}}\n"
              "vars: {v: 'lists.b.contains(source.ip)', w: source.port == 1, "
              "x: 'true'}"
              "\ntenants: {resolve: [{header: x, trust: [lists.a]}]}\n"
              "deny: [{id: x, when: 'vars.v || lists.c.contains(source.ip)'}]"
              "\nroutes:\n  - {id: a, match: {path: /}}\n"
              "  - {id: b, match: {path: /b}, public: true}\n"
              "  - {id: c, match: {path: /c}, allow: [{id: a, when: vars.w}]}"
              "\n" } },
          "t.yaml:2:54+1: W0901: `lists.d` is never used\n"
          "t.yaml:3:63+1: W0901: `vars.x` is never used\n"
          "t.yaml:7:10+1: W0902: route \"a\" lets nobody in: it is not "
          "public, and no \"allow\" or \"require\" applies to it\n" },
        { { { "t.yaml", "weir: 1\nallow: [{id: a, when: 'true'}]\n"
              "routes: [{id: a, match: {path: /}}]\n" } }, "" },
        { { { "t.yaml", "weir: 1\ntenants: {list: {t: {allow: [{id: a, when: "
              "'true'}]}}}\nroutes: [{id: a, match: {path: /}}]\n" } }, "" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        front_load_files(&p, t[i].files, true);
        front_expect(t[i].files[0].text, p.said, t[i].said);
        assert_int_equal(p.rc, WEIR_OK);
        front_free(&p);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(files),
        cmocka_unit_test(missing_main),
        cmocka_unit_test(whole),
        cmocka_unit_test(digests),
        cmocka_unit_test(places),
        cmocka_unit_test(advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
