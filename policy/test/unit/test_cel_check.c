/*
 * test_cel_check.c: the types of expressions, and exactly what is said of
 * those that have none.
 */

#include "cel_fixture.h"

#include <stdio.h>


typedef struct {
    const char  *text;
    const char  *want;
} row_t;

static const row_t  types[] = {
    { "1", "int" },
    { "1u", "uint" },
    { "1.5", "double" },
    { "'a'", "string" },
    { "b'a'", "bytes" },
    { "null", "null_type" },
    { "[]", "list<dyn>" },
    { "[1, 2]", "list<int>" },
    { "[1, 'a']", "list<dyn>" },
    { "[[], [1]]", "list<list<int>>" },
    { "[] + [1]", "list<int>" },
    { "{}", "map<dyn, dyn>" },
    { "{'a': 1}", "map<string, int>" },
    { "{'a': 1, 2: 'b'}", "map<dyn, dyn>" },
    { "{'a': [1], 'b': []}", "map<string, list<int>>" },
    { "[?optional.of(1)]", "list<int>" },
    { "optional.none()", "optional_type<dyn>" },
    { "optional.of('a')", "optional_type<string>" },
    { "optional.none().orValue(1)", "int" },
    { "type(1)", "type<int>" },
    { "int", "type<int>" },
    { "google.protobuf.Timestamp", "type<google.protobuf.Timestamp>" },
    { "type(1) == string", "bool" },
    { "dyn(1)", "dyn" },
    { "dyn(1) + 1", "int" },
    { "dyn(1) + dyn(1)", "dyn" },
    { "dyn(1) < 2", "bool" },
    { "dyn(1) == 'a'", "bool" },
    { "vars.n > 1 ? 1 : dyn('a')", "dyn" },
    { "[1][0]", "int" },
    { "[1][dyn(0)]", "int" },
    { "{'a': 1}.a", "int" },
    { "{'a': 1}.?a", "optional_type<int>" },
    { "{'a': {'b': 1}}.?a.b", "optional_type<int>" },
    { "{'a': {'b': 1}}.?a[?'b']", "optional_type<int>" },
    { "[1][?0]", "optional_type<int>" },
    { "request.headers", "map<string, string>" },
    { "request.headers.x", "string" },
    { "request.headers.?x", "optional_type<string>" },
    { "request.headers.?x.orValue('')", "string" },
    { "principal.roles[0]", "string" },
    { "tenant.attrs.a.b[1].c", "dyn" },
    { "source.ip", "net.IP" },
    { "request.time - request.time", "google.protobuf.Duration" },
    { "principal.roles.map(r, size(r))", "list<int>" },
    { "principal.roles.filter(r, true)", "list<string>" },
    { "request.headers.map(k, k)", "list<string>" },
    { "request.headers.transformMap(k, v, 1)", "map<string, int>" },
    { "request.headers.transformMapEntry(k, v, {v: k})",
      "map<string, string>" },
    { "principal.roles.transformList(i, r, i)", "list<int>" },
    { "tenant.attrs.x.map(a, a)", "list<dyn>" },
    { "cel.bind(x, [1], x[0])", "int" },
    /* what a function gives of dyn, of which nothing is known, is dyn */
    { "dyn(optional.of('a')).value() + tenant.attrs.x", "dyn" },
    { "request.headers.?x.optMap(v, size(v))", "optional_type<int>" },
    { "request.headers.?x.optFlatMap(v, optional.of(1))",
      "optional_type<int>" },
    { "vars.n + 1", "int" },
    { "vars.list", "list<string>" },
    { "lists.lb", "weir.CIDRList" },
    { "path.user", "string" },
    { "timestamp('2020-01-01T00:00:00Z') == null", "bool" },
    { "size('a') == 1 && 'a'.size() == 1", "bool" }
};

static const row_t  errors[] = {
    /* names */
    { "principal.role", "1:1+14 E0301 undeclared `principal.role`; did you "
      "mean `principal.roles` (list<string>)?" },
    { "'a' in principal.role.x", "1:8+14 E0301 undeclared `principal.role`; "
      "did you mean `principal.roles` (list<string>)?" },
    { "princpal.roles",
      "1:1+14 E0301 undeclared `princpal.roles`; did you mean "
      "`principal.roles` (list<string>)?" },
    { "principal",
      "1:1+9 E0301 `principal` is no value of its own; it has sub, iss, "
      "kind, roles, acr, amr, auth_time, claims" },
    { "principal.email",
      "1:1+15 E0301 undeclared `principal.email`; `principal` has sub, "
      "iss, kind, roles, acr, amr, auth_time, claims" },
    { "vars.m",
      "1:1+6 E0301 undeclared `vars.m`; did you mean `vars.n`?" },
    { "vars.lst",
      "1:1+8 E0301 undeclared `vars.lst`; did you mean `vars.list`?" },
    { "lists.lc.contains(source.ip)",
      "1:1+8 E0301 undeclared `lists.lc`; did you mean `lists.lb`?" },
    { "foo",
      "1:1+3 E0301 undeclared `foo`; if it is text, write \"foo\"" },
    { "fo.bar.baz",
      "1:1+2 E0301 undeclared `fo`" },
    { "principal.roles.exists(role, rol == 'a')",
      "1:30+3 E0301 undeclared `rol`; did you mean `role`?" },
    { "x.all(y, y == z)",
      "1:1+1 E0301 undeclared `x`; if it is text, write \"x\"\n"
      "1:15+1 E0301 undeclared `z`; if it is text, write \"z\"" },
    { "path.uesr",
      "1:1+9 E0311 the path of this route has no {uesr}; it has {user}" },
    { "vars.bad",
      "1:1+7 E0305 `int + string` is not defined; there is `int + int`, "
      "`string + string`" },
    { "vars.cycle_a",
      "1:2+12 E0312 vars need each other: vars.cycle_a -> vars.cycle_b -> "
      "vars.cycle_a" },
    { "vars.other_user",
      "1:1+15 E0311 `vars.other_user` uses `path.other`, and no {other} is "
      "in the path here" },
    { "response.code == 200",
      "1:1+13 E0412 `response.code` is not available in phase `access`; it "
      "is from phase `response` on" },
    { "vars.late",
      "1:1+9 E0412 `vars.late` is not available in phase `access`: it uses "
      "`response.code`, which is from phase `response` on" },
    { "request",
      "1:1+7 E0301 `request` is no value of its own; it has time, path, "
      "url_path, query, host, method, scheme, protocol, headers, cookies, "
      "params, id and 5 more" },

    /* functions */
    { "request.path.startWith('a')",
      "1:14+9 E0306 unknown method `startWith`; did you mean `startsWith`?" },
    { "sizes('a')",
      "1:1+5 E0306 unknown function `sizes`; did you mean `size`?" },
    { "startsWith('a', 'b')",
      "1:1+10 E0306 `startsWith` is a method: write x.startsWith(...)" },
    { "'a'.int()",
      "1:5+3 E0306 `int` is a function: write int(x)" },
    { "frobnicate(1)",
      "1:1+10 E0306 unknown function `frobnicate`" },
    { "hasPermission()",
      "1:1+15 E0305 hasPermission() takes 1 argument, not 0" },
    { "hasPermission(['a'])",
      "1:1+20 E0305 `hasPermission(list<string>)` is not defined; there is "
      "`hasPermission(string)`" },
    { "hasPermission('')",
      "1:15+2 E0315 \"\" is not a permission as orders:read" },
    { "hasPermission('a:**')",
      "1:15+6 E0315 \"a:**\" has a wildcard: roles have wildcards, what is "
      "asked for is one permission" },
    { "['a'].all(p, hasPermission(p))",
      "1:28+1 E0315 the permission of hasPermission() must be text as it "
      "is: what each role may do is worked out before there is a request" },
    { "size()",
      "1:1+6 E0305 size() takes 1 argument, not 0" },
    { "'a'.startsWith()",
      "1:1+16 E0305 startsWith() takes 1 argument, not 0" },
    { "request.time.getHours(1, 2)",
      "1:1+27 E0305 getHours() takes 0 to 1 arguments, not 2" },

    /* operators and overloads */
    { "1 + 'a'",
      "1:1+7 E0305 `int + string` is not defined; there is `int + int`, "
      "`string + string`" },
    { "!1",
      "1:1+2 E0305 `!int` is not defined; there is `!bool`" },
    { "-'a'",
      "1:1+4 E0305 `-string` is not defined; there is `-int`, `-double`" },
    { "1 == 'a'",
      "1:1+8 E0305 `int == string`: both sides must have one type" },
    { "source.ip == '10.0.0.1'",
      "1:1+23 E0305 `net.IP == string`: both sides must have one type; "
      "write ip(\"10.0.0.1\")" },
    { "'10.0.0.1' == source.ip",
      "1:1+23 E0305 `string == net.IP`: both sides must have one type; "
      "write ip(\"10.0.0.1\")" },
    { "source.ip != request.host",
      "1:1+25 E0305 `net.IP != string`: both sides must have one type; "
      "convert the string with ip()" },
    { "request.time > '2020-01-01T00:00:00Z'",
      "1:1+37 E0305 `google.protobuf.Timestamp > string` is not defined; "
      "there is `string > string`, `google.protobuf.Timestamp > "
      "google.protobuf.Timestamp`" },
    { "request.time == '2020-01-01T00:00:00Z'",
      "1:1+38 E0305 `google.protobuf.Timestamp == string`: both sides must "
      "have one type; write timestamp(\"2020-01-01T00:00:00Z\")" },
    { "source.ip in ['10.0.0.1']",
      "1:1+25 E0305 `net.IP in list<string>` is not defined; there is `A "
      "in list<A>`, `A in map<A, B>`; make the elements ip(), or ask "
      "lists.NAME.contains()" },
    { "source.ip in lists.lb",
      "1:1+21 E0305 `net.IP in weir.CIDRList` is not defined; there is `A "
      "in list<A>`, `A in map<A, B>`; make the elements ip(), or ask "
      "lists.NAME.contains()" },
    { "1 in ['a']",
      "1:1+10 E0305 `int in list<string>` is not defined; there is `A in "
      "list<A>`, `A in map<A, B>`" },
    { "1 in 2",
      "1:1+6 E0305 `int in int` is not defined; there is `A in list<A>`, "
      "`A in map<A, B>`" },
    { "[1]['a']",
      "1:1+8 E0305 `list<int>[string]` is not defined; there is "
      "`list<A>[int]`, `list<A>[dyn]`" },
    { "{'a': 1}[1]",
      "1:1+11 E0305 `map<string, int>[int]` is not defined; there is "
      "`map<A, B>[A]`" },
    { "{1: 1}.a",
      "1:1+8 E0305 `map<int, int>[string]` is not defined; there is "
      "`map<A, B>[A]`" },
    { "'a'.startsWith(1)",
      "1:1+17 E0305 `string.startsWith(int)` is not defined; there is "
      "`string.startsWith(string)`" },
    { "size(1)",
      "1:1+7 E0305 `size(int)` is not defined; there is `size(string)`, "
      "`size(bytes)`, `size(list<A>)`, `size(map<A, B>)`" },
    { "1 && true || 'a'",
      "1:1+1 E0302 an operand of && is int, not bool\n"
      "1:14+3 E0302 an operand of || is string, not bool" },
    { "1 ? 2 : 3",
      "1:1+1 E0302 the condition of ?: is int, not bool" },
    { "true ? 1 : 'a'",
      "1:1+14 E0302 the branches of ?: are int and string; make them one "
      "type, or one of them dyn()" },
    { "request.path.size",
      "1:14+4 E0307 string has no fields; did you mean `size()`?" },
    { "source.ip.foo",
      "1:11+3 E0307 net.IP has no fields" },
    { "{[1]: 2}",
      "1:2+3 E0302 a key of a map is list<int>; it can be string, int, "
      "uint or bool" },
    { "[?1]",
      "1:3+1 E0302 an element after ? is int, not optional_type" },

    /* macros */
    { "has(request.path)",
      "1:1+17 E0308 `request.path` is always there; has() asks for a key "
      "of a map" },
    { "has(vars.n)",
      "1:1+11 E0308 `vars.n` is always there; has() asks for a key of a map" },
    { "has(source.ip.x)",
      "1:15+1 E0307 net.IP has no fields" },
    { "has(principal.rolse.x)",
      "1:5+15 E0301 undeclared `principal.rolse`; did you mean "
      "`principal.roles` (list<string>)?" },
    { "1.all(x, true)",
      "1:1+1 E0302 all() goes over lists and maps, not int" },
    { "[1].all(x, x)",
      "1:12+1 E0302 the condition of all() is int, not bool" },
    { "[1].filter(x, 'a')",
      "1:15+3 E0302 the condition of filter() is string, not bool" },
    { "request.headers.transformMapEntry(k, v, {[k]: v})",
      "1:42+3 E0302 a key of a map is list<string>; it can be string, int, "
      "uint or bool" },

    /* messages, patterns */
    { "a.B{c: 1 + 'a'}",
      "1:1+15 E0309 messages are not supported: `a.B{}`\n"
      "1:8+7 E0305 `int + string` is not defined; there is `int + int`, "
      "`string + string`" },
    { "request.path.matches(request.host)",
      "1:22+12 E0310 the pattern of matches() must be constant: it is "
      "compiled, and its cost bounded, before there is a request" },
    { "request.path.matches('a(b')",
      "1:24+1 E0330 a group without its ): \"(\"" },
    { "request.path.matches(r'a\\d(?=b)')",
      "1:27+3 E0330 \"(?=\" is a look-ahead, which RE2 does not have" },
    { "request.path.matches('a' + '\\\\d(b')",
      "1:22+0 E0330 a group without its ): \"(\"" },

    /* several at once */
    { "foo == 1 && request.path + 1 == 'a' || vars.m",
      "1:1+3 E0301 undeclared `foo`; if it is text, write \"foo\"\n"
      "1:13+16 E0305 `string + int` is not defined; there is `int + int`, "
      "`string + string`\n"
      "1:40+6 E0301 undeclared `vars.m`; did you mean `vars.n`?" },

    /* advice */
    { "1 / 0 == 1",
      "1:1+5 W0951 this always fails: divide_by_zero" },
    { "ip('10.0.0.300') == source.ip",
      "1:1+16 W0951 this always fails: bad_conversion" },
    { "timestamp('x') == request.time",
      "1:1+14 W0951 this always fails: bad_conversion" },
    { "{'a': 1, 'a': 2}.a == 1",
      "1:1+16 W0951 this always fails: duplicate_key" },
    { "request.headers['X-Foo'] == 'a'",
      "1:17+7 W0952 names of headers are in lower case here: this one is "
      "never there" },
    { "'Host' in request.headers",
      "1:1+6 W0952 names of headers are in lower case here: this one is "
      "never there" },
    { "request.path == '/a'",
      "1:1+20 W0953 `request.path` includes the query; without it, it is "
      "`request.url_path`" }
};

/* at a site that wants a bool in phase connect */
static const row_t  sites[] = {
    { "1",
      "1:1+1 E0302 \"when\" of rule \"x\" is int, not bool" },
    { "request.headers",
      "1:1+15 E0302 \"when\" of rule \"x\" is map<string, string>, not bool\n"
      "1:1+15 E0412 `request.headers` is not available in phase `connect`; "
      "it is from phase `preauth` on" },
    { "tenant.attrs.x",
      "1:1+12 E0412 `tenant.attrs` is not available in phase `connect`; it "
      "is from phase `preauth` on" },
    { "request.method == 'GET'",
      "1:1+14 E0412 `request.method` is not available in phase `connect`; "
      "it is from phase `preauth` on" },
    { "vars.late",
      "1:1+9 E0412 `vars.late` is not available in phase `connect`: it "
      "uses `response.code`, which is from phase `response` on" },
    { "path.user == 'a'",
      "1:1+9 E0311 `path.user` is known only in rules of a route whose "
      "path has {user}" },
    { "vars.owner",
      "1:1+10 E0311 `vars.owner` uses `path.user`, and no {user} is in the "
      "path here\n"
      "1:1+10 E0412 `vars.owner` is not available in phase `connect`: it "
      "uses `principal.sub`, which is from phase `access` on" },
    { "lists.lb.contains(source.ip)", "" }
};


static void
declare(fixture_t *f)
{
    (void) fixture_text(f, "");
    assert_int_equal(weir_cel_add_list(f->env, weir_string("lb"), 0),
                     WEIR_OK);
    fixture_var(f, "n", "1 + size(request.method)");
    fixture_var(f, "list", "principal.roles");
    fixture_var(f, "bad", "1 + 'a'");
    fixture_var(f, "cycle_a", "vars.cycle_b");
    fixture_var(f, "cycle_b", "!vars.cycle_a");
    fixture_var(f, "late", "response.code == 200");
    fixture_var(f, "owner", "principal.sub == path.user");
    fixture_var(f, "other_user", "path.other == 'x'");
}


static weir_cel_site_t
any_site(void)
{
    static const weir_str_t  params[] = { { "user", 4 } };

    weir_cel_site_t  site;

    site = fixture_site();
    site.want = WEIR_T_DYN;
    site.params = params;
    site.nparams = 1;

    return site;
}


static void
test_types(void **state)
{
    size_t            i;
    fixture_t         f;
    weir_str_t        s;
    weir_expr_t      *e;
    weir_infer_t      in;
    weir_cel_site_t   site;

    (void) state;
    fixture_open(&f);
    declare(&f);
    site = any_site();

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {

        if (fixture_compile(&f, types[i].text, &site, &e) != WEIR_OK) {
            fail_msg("%s: %.*s", types[i].text, WEIR_STR(fixture_errors(&f)));
        }

        memset(&in, 0, sizeof(in));
        in.arena = f.arena;
        s = weir_type_print(&in, e->type);

        if (!weir_str_eq(s, weir_cstr(types[i].want))) {
            fail_msg("%s: %.*s, not %s", types[i].text, WEIR_STR(s),
                     types[i].want);
        }
    }

    fixture_close(&f);
}


static unsigned
check_rows(const row_t *rows, size_t n, const weir_cel_site_t *site)
{
    size_t        i;
    unsigned      wrong;
    weir_rc_t     rc;
    fixture_t     f;
    weir_str_t    s;
    weir_expr_t  *e;

    wrong = 0;

    for (i = 0; i < n; i++) {
        fixture_open(&f);
        declare(&f);
        rc = fixture_compile(&f, rows[i].text, site, &e);
        s = fixture_errors(&f);

        if (!weir_str_eq(s, weir_cstr(rows[i].want))
            || (rc == WEIR_OK) != (f.diags.errors == 0))
        {
            fprintf(stderr, "%s:\n%.*s\n", rows[i].text, WEIR_STR(s));
            wrong++;
        }

        fixture_close(&f);
    }

    return wrong;
}


static void
test_errors(void **state)
{
    weir_cel_site_t  site;

    (void) state;
    site = any_site();

    assert_int_equal(check_rows(errors, sizeof(errors) / sizeof(errors[0]),
                                &site), 0);
}


static void
test_sites(void **state)
{
    weir_cel_site_t  site;

    (void) state;
    site = fixture_site();
    site.phase = WEIR_PHASE_CONNECT;

    assert_int_equal(check_rows(sites, sizeof(sites) / sizeof(sites[0]),
                                &site), 0);
}


/* What a site wants is what it gets, folded or not. */
static void
test_kinds(void **state)
{
    static const struct {
        const char   *text;
        weir_kind_t   want;
    }  rows[] = {
        { "dyn('a')", WEIR_T_STRING },
        { "dyn(true)", WEIR_T_BOOL },
        { "tenant.attrs.x", WEIR_T_BOOL },
        { "true || tenant.attrs.x", WEIR_T_BOOL }
    };

    size_t            i;
    fixture_t         f;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    (void) state;
    site = fixture_site();

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture_open(&f);
        declare(&f);
        site.want = rows[i].want;
        assert_int_equal(fixture_compile(&f, rows[i].text, &site, &e),
                         WEIR_OK);
        assert_int_equal(weir_expr_kind(e), rows[i].want);
        fixture_close(&f);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_sites),
        cmocka_unit_test(test_kinds)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
