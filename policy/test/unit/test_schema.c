/*
 * test_schema.c: the keys of a policy and the forms of their values, and the
 * JSON Schema of the same table.
 */

#include "test/unit/front.h"
#include "front/scalar.h"
#include "front/schema.h"
#include "front/yaml.h"


static void
refusals(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        const char  *src;
        const char  *said;
    } t[] = {
        { "weir: 1\n", "" },
        { "weir: 1\npolicy: {name: a, serial: 1}\nsettings:\n"
          "  path: {dot_segments: resolve, merge_slashes: true,\n"
          "         encoded_slash: reject, semicolon: reject}\n"
          "  unmatched: 400\n  unknown_tenant: 599\n"
          "audit: {sample: {allow: 0.5%, deny: 100%}, redact: [a.b]}\n"
          "tests: a/*.yaml\n", "" },

        /* the version comes first */
        { "weir: 2\nwhatever: 1\n",
          "t.yaml:1:7+1: E0207: version 2 of the source language; this "
          "compiler knows 1\n" },
        { "policy: {name: a}\n",
          "t.yaml:1:1+6: E0202: a policy needs \"weir\"\n" },
        { "weir: '1'\n",
          "t.yaml:1:7+3: E0203: \"weir\" is text, expected a whole number\n" },
        { "[weir]\n", "t.yaml:1:1+6: E0203: a policy is a list, expected a "
          "map\n" },
        { "weir\n", "t.yaml:1:1+4: E0203: a policy is text, expected a "
          "map\n" },

        /* keys */
        { "weir: 1\nrouts: []\nzzz: 1\npolicy: {nmae: a, name: b}\n"
          "audit: {x: 1}\n",
          "t.yaml:2:1+5: E0201: unknown key \"routs\" in a policy; did you "
          "mean \"routes\"?\n"
          "t.yaml:3:1+3: E0201: unknown key \"zzz\" in a policy\n"
          "t.yaml:4:10+4: E0201: unknown key \"nmae\" in \"policy\"; did you "
          "mean \"name\"?\n"
          "t.yaml:5:9+1: E0201: unknown key \"x\" in \"audit\", which has "
          "sample, redact\n" },
        { "weir: 1\nsplits: {a: 1}\nflags: x\n"
          "tenants: {bind: [], on_mismatch: allow}\n"
          "routes:\n  - id: a\n    match: {path: /}\n    split: x\n"
          "    public: true\n",
          "t.yaml:2:13+1: E0203: \"a\" is a number, expected a map\n"
          "t.yaml:3:8+1: E0203: \"flags\" is text, expected a map\n"
          "t.yaml:4:17+2: E0204: \"bind\" is an empty list\n"
          "t.yaml:4:34+5: E0205: \"on_mismatch\" is \"allow\"; only "
          "\"deny\" is supported yet\n"
          "t.yaml:8:12+1: E0208: there is no split \"x\"\n" },

        /* a word, or a map in its place */
        { "weir: 1\nroutes:\n  - {id: a, match: {path: /}, auth: {any: [jwt, "
          "{jwt: a}, {jtw: a}, [jwt], tls, mtsl]}}\n"
          "issuers: {a: {iss: a, aud: [], jwks: {file: a}}}\n",
          "t.yaml:3:55+1: E0206: \"a\" stands twice in one \"auth\"\n"
          "t.yaml:3:59+8: E0202: a method needs \"jwt\"\n"
          "t.yaml:3:60+3: E0201: unknown key \"jtw\" in a method; did you "
          "mean \"jwt\"?\n"
          "t.yaml:3:69+5: E0203: an item of \"any\" is a list, expected one "
          "of a few words\n"
          "t.yaml:3:76+3: E0204: an item of \"any\" is \"tls\", expected "
          "jwt or apikey or mtls; did you mean \"mtls\"?\n"
          "t.yaml:3:81+4: E0204: an item of \"any\" is \"mtsl\", expected "
          "jwt or apikey or mtls; did you mean \"mtls\"?\n"
          "t.yaml:4:28+2: E0204: \"aud\" is an empty list\n" },
        { "weir: 1\npolicy: {serial: 1}\nroutes:\n  - public: true\n  - {}\n",
          "t.yaml:2:9+11: E0202: \"policy\" needs \"name\"\n"
          "t.yaml:4:5+6: E0202: a route needs \"id\"\n"
          "t.yaml:4:5+6: E0202: a route needs \"match\"\n"
          "t.yaml:5:5+2: E0202: a route needs \"id\"\n"
          "t.yaml:5:5+2: E0202: a route needs \"match\"\n" },

        /* kinds */
        { "weir: 1\nroutes: {a: 1}\ndeny:\nallow: x\nvars: [a]\n"
          "lists: {a: [10.0.0.0/8]}\n",
          "t.yaml:2:9+6: E0203: \"routes\" is a map, expected a list\n"
          "t.yaml:3:6+0: E0203: \"deny\" is empty, expected a list\n"
          "t.yaml:4:8+1: E0203: \"allow\" is text, expected a list\n"
          "t.yaml:5:7+3: E0203: \"vars\" is a list, expected a map\n"
          "t.yaml:6:12+12: E0203: \"a\" is a list, expected a map\n" },
        { "weir: 1\npolicy: {name: 1, serial: x}\n"
          "routes: [1, {id: true, match: {path: 1}, public: 1}]\n",
          "t.yaml:2:16+1: E0203: \"name\" is a number, expected an id of "
          "letters, digits, '.', '_' and '-'; quote it\n"
          "t.yaml:2:27+1: E0203: \"serial\" is text, expected a whole "
          "number\n"
          "t.yaml:3:10+1: E0203: an item of \"routes\" is a number, expected "
          "a map\n"
          "t.yaml:3:18+4: E0203: \"id\" is a boolean, expected an id of "
          "letters, digits, '.', '_' and '-'; quote it\n"
          "t.yaml:3:38+1: E0203: \"path\" is a number, expected a path "
          "template; quote it\n"
          "t.yaml:3:50+1: E0203: \"public\" is a number, expected true or "
          "false\n" },
        { "weir: 1\nroutes: [{id: a, match: {path: /}, public: yes}]\n",
          "t.yaml:2:44+3: E0111: `yes` is a boolean to some readers of YAML; "
          "write true or false, or quote it\n" },

        /* forms */
        { "weir: 1\npolicy: {name: a b, serial: 0}\n"
          "settings: {unmatched: 200, unknown_tenant: 600}\n"
          "audit: {sample: {allow: 101%, deny: 1}}\n",
          "t.yaml:2:16+3: E0204: \"name\" is \"a b\", expected an id of "
          "letters, digits, '.', '_' and '-'\n"
          "t.yaml:2:29+1: E0204: \"serial\" is 0, expected a whole number "
          "from 1\n"
          "t.yaml:3:23+3: E0204: \"unmatched\" is \"200\", expected a status "
          "from 400 to 599\n"
          "t.yaml:3:44+3: E0204: \"unknown_tenant\" is \"600\", expected a "
          "status from 400 to 599\n"
          "t.yaml:4:25+4: E0204: \"allow\" is \"101%\", expected a "
          "percentage up to 100%, as 0.5%\n"
          "t.yaml:4:37+1: E0203: \"deny\" is a number, expected a percentage "
          "up to 100%, as 0.5%; quote it\n" },
        { "weir: 1\nsettings:\n  path:\n    dot_segments: drop\n"
          "    merge_slashes: 0\n    encoded_slash: keep\n"
          "    semicolon: 1\n",
          "t.yaml:4:19+4: E0204: \"dot_segments\" is \"drop\", expected "
          "resolve or reject\n"
          "t.yaml:5:20+1: E0203: \"merge_slashes\" is a number, expected "
          "true or false\n"
          "t.yaml:6:20+4: E0205: \"encoded_slash\" is \"keep\"; only "
          "\"reject\" is supported yet\n"
          "t.yaml:7:16+1: E0205: \"semicolon\" is \"1\"; only \"reject\" "
          "is supported yet\n" },
        { "weir: 1\ndeny:\n"
          "  - {id: a, when: 'true', phase: acess}\n"
          "  - {id: b, when: 'true', phase: zzzzzz}\n",
          "t.yaml:3:34+5: E0204: \"phase\" is \"acess\", expected connect or "
          "access; did you mean \"access\"?\n"
          "t.yaml:4:34+6: E0204: \"phase\" is \"zzzzzz\", expected connect "
          "or access\n" },
        { "weir: 1\nlists: {1a: {cidr: []}, b-c: {cidr: []}}\n"
          "tenants: {list: {a b: {}}}\n",
          "t.yaml:2:9+2: E0204: \"1a\" in \"lists\" is not a name of "
          "letters, digits and '_'\n"
          "t.yaml:2:25+3: E0204: \"b-c\" in \"lists\" is not a name of "
          "letters, digits and '_'\n"
          "t.yaml:3:18+3: E0204: \"a b\" in \"list\" is not an id of "
          "letters, digits, '.', '_' and '-'\n" },
        { "weir: 1\nroutes:\n  - id: a\n    match:\n      path: /\n"
          "      methods: []\n      headers: [{name: a b, present: true}]\n"
          "  - id: b\n    match: {path: /b, methods: [get, 'A B']}\n",
          "t.yaml:6:16+2: E0204: \"methods\" is an empty list\n"
          "t.yaml:7:24+3: E0204: \"name\" is \"a b\", expected the name of a "
          "header\n"
          "t.yaml:9:33+3: E0204: an item of \"methods\" is \"get\", expected "
          "a method in upper case\n"
          "t.yaml:9:38+5: E0204: an item of \"methods\" is \"A B\", expected "
          "a method in upper case\n" },
        { "weir: 1\nroutes:\n  - id: a\n    match: {path: /, headers: [\n"
          "      {name: a}, {name: b, equals: x, prefix: z}]}\n"
          "tenants:\n  resolve:\n    - {host: '{tenant}.a', path: /}\n"
          "    - {trust: [lists.a]}\n",
          "t.yaml:5:7+9: E0209: a header test has none of equals, prefix, "
          "present; it needs exactly one\n"
          "t.yaml:5:18+31: E0209: a header test has several of equals, "
          "prefix, present; it needs exactly one\n"
          "t.yaml:8:7+29: E0209: a rule of \"resolve\" has several of host, "
          "header, path; it needs exactly one\n"
          "t.yaml:9:7+18: E0209: a rule of \"resolve\" has none of host, "
          "header, path; it needs exactly one\n"
          "t.yaml:9:15+9: E0209: \"trust\" is for a tenant from a header\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        front_load(&p, t[i].src);
        front_expect(t[i].src, p.said, t[i].said);
        front_free(&p);
    }
}


static void
values(void **state)
{
    size_t    i;
    uint32_t  share;
    uint64_t  ms;

    static const struct {
        const char  *text;
        int64_t      share;         /* -1: refused */
        int64_t      ms;
    } t[] = {
        { "0%", 0, -1 }, { "1%", 100, -1 }, { "0.5%", 50, -1 },
        { "0.05%", 5, -1 }, { "99.99%", 9999, -1 }, { "100%", 10000, -1 },
        { "100.00%", 10000, -1 }, { "100.01%", -1, -1 }, { "101%", -1, -1 },
        { "1.234%", -1, -1 }, { ".5%", -1, -1 }, { "1.%", -1, -1 },
        { "%", -1, -1 }, { "1", -1, -1 }, { "1 %", -1, -1 },
        { "-1%", -1, -1 }, { "99999999999999999999%", -1, -1 },
        { "", -1, -1 },
        { "300s", -1, 300000 }, { "10m", -1, 600000 }, { "1h", -1, 3600000 },
        { "2d", -1, 172800000 }, { "20ms", -1, 20 }, { "0s", -1, 0 },
        { "s", -1, -1 }, { "1", -1, -1 }, { "1.5s", -1, -1 },
        { "1S", -1, -1 }, { "1w", -1, -1 }, { "1h30m", -1, -1 },
        { "18446744073709551616s", -1, -1 }, { "18446744073709551615h", -1,
          -1 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {

        if (weir_percent_parse(weir_cstr(t[i].text), &share) == WEIR_OK) {
            assert_int_equal(share, t[i].share);
        } else {
            assert_int_equal(t[i].share, -1);
        }

        if (weir_millis_parse(weir_cstr(t[i].text), &ms) == WEIR_OK) {
            assert_int_equal(ms, t[i].ms);
        } else {
            assert_int_equal(t[i].ms, -1);
        }
    }
}


static void
steps(void **state)
{
    size_t    i;
    uint32_t  share;
    uint64_t  ms;

    static const struct {
        const char  *text;
        int64_t      share;         /* -1: refused */
        uint64_t     ms;            /* UINT64_MAX: none is given */
    } t[] = {
        { "5%@10m", 500, 600000 }, { "0.05%@1s", 5, 1000 },
        { "100%", 10000, UINT64_MAX }, { "0%@1d", 0, 86400000 },
        { "5%@", -1, 0 }, { "5@10m", -1, 0 }, { "@10m", -1, 0 },
        { "5%@10m@10m", -1, 0 }, { "5% @10m", -1, 0 }, { "5%@ 10m", -1, 0 },
        { "101%@10m", -1, 0 }, { "5%@ten", -1, 0 }, { "", -1, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        share = 7;
        ms = 7;

        if (weir_step_parse(weir_cstr(t[i].text), &share, &ms) == WEIR_OK) {
            assert_int_equal(share, t[i].share);
            assert_true(ms == t[i].ms);

        } else {
            assert_int_equal(t[i].share, -1);
            assert_true(share == 7 && ms == 7);
        }

        assert_int_equal(weir_form_has(weir_cstr(t[i].text), WEIR_F_STEP),
                         t[i].share != -1);
    }
}


/* A number as YAML has it, or text. */
static weir_node_t
number(const char *text)
{
    weir_node_t  n;

    memset(&n, 0, sizeof(n));
    n.text.text = weir_cstr(text);

    if (weir_number_parse(n.text.text, &n) != WEIR_OK) {
        n.kind = WEIR_T_STRING;
    }

    return n;
}


static void
weights_and_ratios(void **state)
{
    size_t       i;
    uint32_t     w, r;
    weir_node_t  n;

    static const struct {
        const char  *text;
        uint32_t     weight;        /* 7: refused */
        uint32_t     ratio;
    } t[] = {
        { "0", 0, 7 }, { "1", 100, 7 }, { "100", 10000, 100000 },
        { "101", 7, 7 }, { "-1", 7, 7 }, { "5%", 500, 7 },
        { "0.05%", 5, 7 }, { "0.005%", 7, 7 }, { "0.5", 7, 7 },
        { "5.0", 7, 5000 }, { "1.5", 7, 1500 }, { "1.001", 7, 1001 },
        { "1.0001", 7, 7 }, { "1.0", 7, 7 }, { "99.999", 7, 99999 },
        { "100.001", 7, 7 }, { "2", 200, 2000 }, { "1e300", 7, 7 },
        { "1.2345", 7, 7 }, { "-1.5", 7, 7 }, { "much", 7, 7 }
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        n = number(t[i].text);
        w = r = 7;
        assert_int_equal(weir_weight_of(&n, &w) == WEIR_OK,
                         t[i].weight != 7);
        assert_int_equal(w, t[i].weight);
        assert_int_equal(weir_ratio_of(&n, &r) == WEIR_OK, t[i].ratio != 7);
        assert_int_equal(r, t[i].ratio);
    }
}


static void
times(void **state)
{
    size_t   i;
    int64_t  sec;

    static const struct {
        const char  *text;
        int64_t      sec;           /* -1: refused */
    } t[] = {
        { "1970-01-01", 86399 }, { "2027-01-01", 1798847999 },
        { "2024-02-29", 1709251199 }, { "2023-02-29", -1 },
        { "2027-01-01T00:00:00Z", 1798761600 },
        { "2027-01-01T02:00:00+02:00", 1798761600 },
        { "2027-1-1", -1 }, { "2027-01-01 00:00:00Z", -1 }, { "", -1 },
        { "2027-01-0", -1 }, { "2027-13-01", -1 }, { "tomorrow", -1 },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        sec = -1;
        assert_int_equal(weir_until_parse(weir_cstr(t[i].text), &sec)
                         == WEIR_OK, t[i].sec != -1);
        assert_int_equal(sec, t[i].sec);
    }
}


/* Of "test", in hex and in base64url; then texts that are near to those. */
static void
digests(void **state)
{
    char        text[65];
    size_t      i;
    uint8_t     want[WEIR_SHA256_LEN], got[WEIR_SHA256_LEN];
    const char  *hex, *url;

    (void) state;

    hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    url = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

    assert_int_equal(weir_sha256(weir_string("test"), want), WEIR_OK);
    assert_int_equal(weir_digest_parse(weir_cstr(hex), got), WEIR_OK);
    assert_memory_equal(got, want, sizeof(want));

    memset(got, 0, sizeof(got));
    assert_int_equal(weir_digest_parse(weir_cstr(url), got), WEIR_OK);
    assert_memory_equal(got, want, sizeof(want));

    for (i = 0; i < strlen(hex); i++) {
        memcpy(text, hex, 65);
        text[i] = 'F';
        assert_int_equal(weir_digest_parse(weir_str(text, 64), got), WEIR_OK);
        text[i] = 'g';
        assert_int_equal(weir_digest_parse(weir_str(text, 64), got),
                         WEIR_ERROR);
        text[i] = '\0';
        assert_int_equal(weir_digest_parse(weir_str(text, 64), got),
                         WEIR_ERROR);
    }

    /* bits that are left over, other lengths, padding, the other alphabet */
    assert_int_equal(weir_digest_parse(weir_string(
        "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgh"), got), WEIR_ERROR);
    assert_int_equal(weir_digest_parse(weir_str(url, 42), got), WEIR_ERROR);
    assert_int_equal(weir_digest_parse(weir_str(hex, 63), got), WEIR_ERROR);
    assert_int_equal(weir_digest_parse(weir_string(
        "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg="), got), WEIR_ERROR);
    assert_int_equal(weir_digest_parse(weir_string(
        "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg"), got), WEIR_ERROR);
}


/* Every key has a sentence, every object a name of its own. */
static void
check_object(const weir_object_t *o, unsigned depth)
{
    size_t              i;
    const weir_type_t  *type;

    assert_true(depth < 16);

    for (i = 0; i < o->nkeys; i++) {
        assert_non_null(o->keys[i].doc);
        assert_int_equal(o->keys[i].doc[strlen(o->keys[i].doc) - 1], '.');

        for (type = &o->keys[i].type; type != NULL; type = type->item) {
            if (type->object != NULL) {
                check_object(type->object, depth + 1);
            }
        }
    }
}


static void
json_schema(void **state)
{
    char           *buf, *said;
    FILE           *out;
    size_t          len;
    uint32_t        file;
    weir_node_t     root, *defs, *n;
    weir_diags_t    d;
    weir_arena_t   *a;

    (void) state;

    check_object(&weir_schema_policy, 0);
    check_object(&weir_schema_tenant_line, 0);
    check_object(&weir_schema_apikey_line, 0);
    check_object(&weir_schema_revoked_line, 0);

    out = open_memstream(&buf, &len);
    assert_int_equal(weir_schema_print(out), WEIR_OK);
    fclose(out);

    /* JSON is YAML: our own reader finds keys that stand twice */
    a = weir_arena_create();
    memset(&d, 0, sizeof(d));
    d.arena = a;
    assert_int_equal(weir_diags_add_file(&d, weir_string("s"),
                                         weir_str(buf, len), &file), WEIR_OK);
    assert_int_equal(weir_yaml_read(a, &d, file, &root), WEIR_OK);
    said = front_said(&d);
    assert_string_equal(said, "");

    n = weir_node_get(&root, "properties");
    assert_non_null(weir_node_get(n, "routes"));
    assert_non_null(weir_node_get(n, "limits"));
    assert_non_null(weir_node_get(n, "splits"));

    defs = weir_node_get(&root, "$defs");
    n = weir_node_get(defs, "route");
    assert_false(weir_node_get(n, "additionalProperties")->u.b);
    assert_int_equal(weir_node_get(n, "required")->n, 2);
    assert_int_equal(weir_node_get(weir_node_get(defs, "resolve"),
                                   "oneOf")->n, 3);
    n = weir_node_get(weir_node_get(defs, "path"), "properties");
    n = weir_node_get(weir_node_get(n, "dot_segments"), "enum");
    assert_int_equal(n->n, 2);

    free(said);
    free(buf);
    weir_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(values),
        cmocka_unit_test(steps),
        cmocka_unit_test(weights_and_ratios),
        cmocka_unit_test(times),
        cmocka_unit_test(digests),
        cmocka_unit_test(json_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
