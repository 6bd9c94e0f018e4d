/*
 * test_model_callers.c: issuers, API keys and certificates of several files,
 * what is refused of them, and advice.
 */

#include "test/unit/front.h"

#define SHA  "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"


static void
refusals(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        const char  *src;
        const char  *said;
    } t[] = {
        /* issuers */
        { "weir: 1\nissuers:\n  a: {}\n  b: {iss: ''}\n"
          "  c: {iss: \"a\\tb\", jwks: {file: f}}\n  d: 1\n",
          "t.yaml:3:6+2: E0202: an issuer needs \"iss\"\n"
          "t.yaml:4:12+2: E0204: \"iss\" is empty\n"
          "t.yaml:5:12+6: E0204: \"iss\" has a control character\n"
          "t.yaml:6:6+1: E0203: \"d\" is a number, expected a map\n" },
        { "weir: 1\nissuers:\n"
          "  a: {iss: a, jwks: {file: f}, secret: {}}\n"
          "  b: {iss: b, jwks: x}\n  c: {iss: c, jwks: {url: 1}}\n",
          "t.yaml:3:40+2: E0202: \"secret\" needs \"file\"\n"
          "t.yaml:3:40+2: E0209: \"secret\" beside \"jwks\": the keys of an "
          "issuer are public or secret\n"
          "t.yaml:4:21+1: E0203: \"jwks\" is text, expected a map\n"
          "t.yaml:5:27+1: E0203: \"url\" is a number, expected text; quote "
          "it\n" },
        { "weir: 1\nissuers:\n"
          "  a: {iss: 'https://a/?b', jwks: {}}\n"
          "  b: {iss: 'https://b/', alg: []}\n"
          "  c: {iss: c, jwks: {file: f}, from: [{bearer: false}, {},\n"
          "      {header: A, cookie: b}, {header: a}, {cookie: 'x y'}]}\n"
          "  d: {iss: d, jwks: {file: f}, skew: 601s, max_age: 0s}\n",
          "t.yaml:3:12+14: E0204: the keys of \"a\" are found by its iss "
          "unless \"jwks\" says where they are, and \"https://a/?b\" is no "
          "URL for that: it has a query\n"
          "t.yaml:4:31+2: E0204: \"alg\" is an empty list\n"
          "t.yaml:5:48+5: E0204: \"bearer\" is false; only true is a place\n"
          "t.yaml:5:56+2: E0209: an item of \"from\" has none of bearer, "
          "cookie, header; it needs exactly one\n"
          "t.yaml:6:7+22: E0209: an item of \"from\" has several of bearer, "
          "cookie, header; it needs exactly one\n"
          "t.yaml:6:53+5: E0204: \"cookie\" is \"x y\", expected the name of "
          "a cookie\n"
          "t.yaml:7:38+4: E0204: \"skew\" is 601s, expected from 0s to 10m, "
          "in whole seconds\n"
          "t.yaml:7:53+2: E0204: \"max_age\" is 0s, expected from 1s to "
          "365d, in whole seconds\n" },
        { "weir: 1\nissuers:\n  a: {iss: a, jwks: {file: f},\n"
          "      from: [{header: X-A}, {header: x-a}],\n"
          "      map: {sub: [], acr: a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u,"
          " amr: .}}\n",
          "t.yaml:4:38+3: E0206: the same place stands twice in one "
          "\"from\"\n"
          "t.yaml:5:18+2: E0204: \"sub\" is an empty list\n"
          "t.yaml:5:27+41: E0210: a path of 21 names, the most is 20\n"
          "t.yaml:5:75+1: E0204: a path of claims is names with one dot "
          "between two, as realm.roles\n" },

        /* API keys */
        { "weir: 1\napikeys:\n  from: [{bearer: true}]\n  list:\n"
          "    a: {}\n    'b c': {sha256: " SHA "}\n"
          "    d: {sha256: " SHA ", roles: [x, 'y z'], tenant: t}\n",
          "t.yaml:3:10+14: E0209: an item of \"from\" has none of cookie, "
          "header; it needs exactly one\n"
          "t.yaml:3:11+6: E0201: unknown key \"bearer\" in an item of "
          "\"from\"; did you mean \"header\"?\n"
          "t.yaml:5:8+2: E0202: an API key needs \"sha256\"\n"
          "t.yaml:6:5+5: E0204: \"b c\" in \"list\" is not an id of letters, "
          "digits, '.', '_' and '-'\n"
          "t.yaml:7:73+5: E0204: an item of \"roles\" is \"y z\", expected an "
          "id of letters, digits, '.', '_' and '-'\n"
          "t.yaml:7:89+1: E0208: there is no tenant \"t\"\n" },

        /* certificates */
        { "weir: 1\nmtls: {sub: san, tenant: x}\n",
          "t.yaml:2:13+3: E0204: \"sub\" is \"san\", expected uri_san or "
          "dns_san or email_san or cn or dn\n"
          "t.yaml:2:26+1: E0402: \"x\" is no template of a name: it has one "
          "{tenant}, and may end in /**\n" },
        { "weir: 1\nmtls: {tenant: '{tenant}/{tenant}'}\n",
          "t.yaml:2:16+19: E0402: \"{tenant}/{tenant}\" is no template of a "
          "name: it has one {tenant}, and may end in /**\n" },
        { "weir: 1\nmtls: {tenant: '{tenant}**'}\n",
          "t.yaml:2:16+12: E0402: \"{tenant}**\" is no template of a name: "
          "it has one {tenant}, and may end in /**\n" },

        /* what must be the tenant */
        { "weir: 1\nissuers: {a: {iss: a, jwks: {file: f}}}\n"
          "tenants: {bind: [claim., claim.a..b, claim.a, claim.a, a.b]}\n",
          "t.yaml:3:18+6: E0204: a path of claims is names with one dot "
          "between two, as realm.roles\n"
          "t.yaml:3:26+10: E0204: a path of claims is names with one dot "
          "between two, as realm.roles\n"
          "t.yaml:3:47+7: E0206: \"claim.a\" stands twice in \"bind\"\n"
          "t.yaml:3:56+3: E0204: \"a.b\" is nothing that a credential has: "
          "claim.NAME, apikey.tenant, mtls.tenant, mtls.uri_san or "
          "mtls.dns_san\n" },

        /* routes: one mistake does not bring another */
        { "weir: 1\nroutes:\n  - id: a\n    match: {path: /}\n"
          "    auth: {any: [jwt: a], all: [jwt: b]}\n    mfa: {acr: x}\n",
          "t.yaml:5:11+30: E0209: \"auth\" has several of any, all, optional; "
          "it needs exactly one\n"
          "t.yaml:5:23+1: E0208: there is no issuer \"a\"\n"
          "t.yaml:5:38+1: E0208: there is no issuer \"b\"\n" },
        { "weir: 1\nissuers: {a: {iss: a, jwks: {file: f}}}\nroutes:\n"
          "  - id: a\n    match: {path: /}\n    public: true\n"
          "    mfa: {acr: x}\n"
          "  - {id: b, match: {path: /b}, mfa: {acr: [], max_auth_age: 1ms}}\n",
          "t.yaml:7:10+8: E0209: \"mfa\" in a public route, which everybody "
          "may use\n"
          "t.yaml:8:43+2: E0204: \"acr\" is an empty list\n"
          "t.yaml:8:61+3: E0204: \"max_auth_age\" is 1ms, expected from 1s "
          "to 365d, in whole seconds\n" },
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
        /* sections merge; lines are relative to who names them */
        { { { "d/t.yaml", "weir: 1\ninclude: [x/b.yaml]\n"
              "issuers: {a: {iss: a, jwks: {file: f}, revoked: {file: "
              "r.ndjson}}}\n"
              "apikeys: {list: {k: {sha256: " SHA "}}}\n" },
            { "d/x/b.yaml", "issuers: {b: {iss: b, jwks: {file: f}}}\n"
              "apikeys: {from: [{cookie: k}], file: k.ndjson}\nmtls: {}\n"
              "tenants: {bind: [claim.t], list: {acme: {}}}\n" },
            { "d/r.ndjson", "{\"jti\":\"a\"}\n\n{\"sub\":\"a\"}\n"
              "{\"kid\":\"a\"}\n" },
            { "d/x/k.ndjson", "{\"id\":\"l\",\"sha256\":\"" SHA "\","
              "\"tenant\":\"acme\",\"roles\":[\"r\"],"
              "\"not_after\":\"2027-01-01\"}\n" } },
          "" },

        { { { "t.yaml", "weir: 1\ninclude: [b.yaml]\n"
              "issuers: {a: {iss: a, jwks: {file: f}, revoked: {file: "
              "r.ndjson}}}\n"
              "apikeys: {from: [{header: a}], file: k.ndjson}\nmtls: {}\n"
              "tenants: {bind: [claim.t]}\n" },
            { "b.yaml", "issuers: {a: {iss: b}}\n"
              "apikeys: {from: [{header: a}], file: k.ndjson}\nmtls: {}\n"
              "tenants: {bind: [claim.t]}\n" },
            { "r.ndjson", "{\"jti\":\"a\",\"sub\":\"a\"}\n{}\n"
              "{\"jit\":\"a\"}\n{\"sub\":1}\n" },
            { "k.ndjson", "{\"id\":\"k\",\"sha256\":\"x\"}\n" } },
          "b.yaml:1:11+1: E0206: issuer \"a\" is defined twice; first at "
          "t.yaml:3:11\n"
          "b.yaml:2:17+13: E0206: \"from\" of \"apikeys\" is defined twice; "
          "first at t.yaml:4:27\n"
          "b.yaml:3:7+2: E0206: \"mtls\" is defined twice; first at "
          "t.yaml:5:7\n"
          "b.yaml:4:17+9: E0206: \"bind\" is defined twice; first at "
          "t.yaml:6:18\n"
          "r.ndjson:1:1+21: E0209: a line of what is revoked has several of "
          "jti, sub, kid; it needs exactly one\n"
          "r.ndjson:2:1+2: E0209: a line of what is revoked has none of jti, "
          "sub, kid; it needs exactly one\n"
          "r.ndjson:3:1+11: E0209: a line of what is revoked has none of "
          "jti, sub, kid; it needs exactly one\n"
          "r.ndjson:3:3+3: E0201: unknown key \"jit\" in a line of what is "
          "revoked; did you mean \"jti\"?\n"
          "r.ndjson:4:8+1: E0203: \"sub\" is a number, expected text; quote "
          "it\n"
          "k.ndjson:1:8+1: E0206: API key \"k\" is defined twice; first at "
          "k.ndjson:1:8\n"
          "k.ndjson:1:21+1: E0204: \"sha256\" is \"x\", expected a SHA-256 "
          "digest in hex or base64url\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        front_load_files(&p, t[i].files, false);
        front_expect(t[i].files[0].text, p.said, t[i].said);
        front_free(&p);
    }
}


/* One more than there may be; and names that are too long. */
static void
bounds(void **state)
{
    char            *yaml;
    FILE            *out;
    size_t           len;
    unsigned         i;
    front_policy_t   p;

    (void) state;

    out = open_memstream(&yaml, &len);
    fputs("weir: 1\nissuers:\n", out);

    for (i = 0; i <= WEIR_MAX_ISSUERS; i++) {
        fprintf(out, "  i%u: {iss: i%u, jwks: {file: f}}\n", i, i);
    }

    fclose(out);
    front_load(&p, yaml);
    front_expect("many issuers", p.said, "t.yaml:67:3+3: E0210: a policy of "
                 "more than 64 issuers\n");
    front_free(&p);
    free(yaml);

    out = open_memstream(&yaml, &len);
    fprintf(out, "weir: 1\nissuers: {a: {iss: a%0255d, jwks: {file: f}}}\n"
            "mtls: {identities: {a%0255d: {}}}\n"
            "apikeys: {list: {a: {sha256: " SHA ", roles: [r", 1, 1);

    for (i = 0; i < WEIR_MAX_ROLES; i++) {
        fprintf(out, ", r%u", i);
    }

    fputs("]}}}\n", out);
    fclose(out);
    front_load(&p, yaml);
    front_expect("long names", p.said,
                 "t.yaml:2:20+256: E0210: \"iss\" has 256 bytes, the most is "
                 "255\n"
                 "t.yaml:3:21+256: E0210: a name of 256 bytes, the most is "
                 "255\n"
                 "t.yaml:4:82+313: E0210: \"roles\" has 65 items, the most is "
                 "64\n");
    front_free(&p);
    free(yaml);
}


static void
advice(void **state)
{
    size_t          i;
    front_policy_t  p;

    static const struct {
        const char  *src;
        const char  *said;
    } t[] = {
        /* all that the policy has is asked where a route says nothing */
        { "weir: 1\nissuers: {a: {iss: a, aud: x, jwks: {file: f}}}\n"
          "apikeys: {list: {a: {sha256: " SHA ", not_after: 2999-01-01}}}\n"
          "mtls: {}\nroutes:\n  - id: r\n    match: {path: /}\n"
          "    allow: [{id: a, when: true}]\n", "" },

        { "weir: 1\nissuers:\n"
          "  a: {iss: a, jwks: {file: f}}\n"
          "  # weir: allow W0908\n"
          "  b: {iss: b, jwks: {file: f}}\n"
          "apikeys: {list: {a: {sha256: " SHA ", not_after: 1999-01-01}}}\n"
          "mtls: {}\nroutes:\n  - id: r\n    match: {path: /}\n"
          "    auth: {optional: [jwt: b]}\n"
          "    allow: [{id: a, when: true}]\n"
          "  - {id: p, match: {path: /p}, public: true}\n",
          "t.yaml:3:3+1: W0901: issuer \"a\" is never used: no route takes "
          "its tokens\n"
          "t.yaml:3:3+1: W0908: issuer \"a\" has no \"aud\": a token that it "
          "made for somebody else is good here too\n"
          "t.yaml:6:10+89: W0901: \"apikeys\" is never used: no route takes "
          "API keys\n"
          "t.yaml:6:86+10: W0909: API key \"a\" has ended: nobody gets in "
          "with it\n"
          "t.yaml:7:7+2: W0901: \"mtls\" is never used: no route takes "
          "certificates\n"
          "t.yaml:12:18+1: W0906: rule \"a\" lets everybody in, and route "
          "\"r\" is not public\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const front_file_t  list[] = { { "t.yaml", t[i].src },
                                       { NULL, NULL } };

        front_load_files(&p, list, true);
        front_expect(t[i].src, p.said, t[i].said);
        front_free(&p);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(files),
        cmocka_unit_test(bounds),
        cmocka_unit_test(advice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
