/*
 * test_lint.c: advice against what policies do.  Random policies are asked
 * with every request of a small world; whoever is said to get nothing must
 * get nothing.
 */

#include "ask.h"

#define POLICIES  3000
#define RULES     4000


static uint32_t  seed = 7;


static uint32_t
roll(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;

    return seed % n;
}


static void
decide(const policy_t *p, const ask_t *ask, weir_decision_t *d)
{
    void            *mem;
    weir_request_t   req;

    ask_request(ask, &req);
    mem = aligned_alloc(16, (weir_txn_size(&p->image, &req) + 15)
                            & ~(size_t) 15);
    assert_non_null(mem);
    assert_int_equal(weir_decide(weir_txn_init(mem, &p->image, &req), d),
                     WEIR_OK);
    free(mem);                  /* ids are in the image */
}


/* false: it is no policy, as routes of it tie. */
static bool
open_random(policy_t *p, const char *yaml)
{
    const front_file_t  files[] = { { "t.yaml", yaml }, { NULL, NULL } };

    front_load_files(&p->front, files, true);

    if (p->front.rc != WEIR_OK) {
        front_free(&p->front);
        return false;
    }

    policy_write(p);

    return true;
}


static void
add_route(char **to, unsigned i)
{
    char      *s;
    unsigned   k, n;

    static const char *const  segments[] = {
        "a", "b", "{p%u}", "{p%u:[ab]}", "{p%u:a|b}", "{p%u:[a-d]|x}",
        "{p%u:.+}", "{p%u:[^/]*}", "{p%u:(ab?|b)}"
    };

    static const char *const  methods[] = {
        "", "", ", methods: [GET]", ", methods: [GET, POST]",
        ", methods: [PUT]", ", methods: [POST, PURGE]"
    };

    static const char *const  tests[] = {
        "", "", "", ", headers: [{name: h, equals: '12'}]",
        ", headers: [{name: h, prefix: '1'}]",
        ", headers: [{name: h, present: true}]"
    };

    s = *to;
    s += sprintf(s, "  - {id: r%u, public: true, match: {path: \"", i);
    n = 1 + roll(2);

    for (k = 0; k < n; k++) {
        *s++ = '/';
        s += sprintf(s, segments[roll(9)], k);
    }

    s += sprintf(s, "%s\"%s%s}}\n", roll(4) ? "" : "/**", methods[roll(6)],
                 tests[roll(6)]);
    *to = s;
}


/* The witness is a request that a route takes, and not this one. */
static void
check_witness(const policy_t *p, const char *yaml, const char *said,
    unsigned k)
{
    char             route[16], method[8], path[64], header[8];
    ask_t            ask;
    const char      *from;
    weir_decision_t  d;

    from = strstr(said, ", as route \"");
    assert_non_null(from);
    assert_int_equal(sscanf(from, ", as route \"%7[^\"]\" (%*[^)]) does %7s "
                            "http://any.example%63s", route, method, path),
                     3);

    memset(&ask, 0, sizeof(ask));
    ask.method = method;
    ask.path = path;
    from = strstr(from, "any.example") + strlen("any.example");

    if (sscanf(from + strlen(path), " with h: %3s", header + 2) == 1) {
        memcpy(header, "h=", 2);
        ask.headers = header;
    }

    decide(p, &ask, &d);

    snprintf(route, sizeof(route), "r%u", k);

    if (d.route.len == 0 || weir_str_eq(d.route, weir_cstr(route))) {
        fprintf(stderr, "%s%s%.*s\n", yaml, said, WEIR_STR(d.route));
        fail();
    }
}


/* Whom requests of a small world get to. */
static void
visit(const policy_t *p, bool *reached, unsigned n)
{
    char             path[32];
    ask_t            ask;
    unsigned         i, m, h, k;
    weir_decision_t  d;

    static const char *const  segments[] = {
        "", "/a", "/b", "/c", "/ab", "/x", "/"
    };

    static const char *const  methods[] = { "GET", "POST", "PUT", "PURGE" };
    static const char *const  headers[] = { NULL, "h=12", "h=1", "h=2" };

    for (i = 0; i < 7 * 7 * 7; i++) {
        snprintf(path, sizeof(path), "/%s%s%s", segments[i % 7] + (i % 7 > 0),
                 segments[i / 7 % 7], segments[i / 49]);

        for (m = 0; m < 4; m++) {
            for (h = 0; h < 4; h++) {
                memset(&ask, 0, sizeof(ask));
                ask.path = path;
                ask.method = methods[m];
                ask.headers = headers[h];
                decide(p, &ask, &d);

                for (k = 0; k < n; k++) {
                    reached[k] |= d.route.len == 2 && d.route.data[0] == 'r'
                                  && d.route.data[1] == (char) ('0' + k);
                }
            }
        }
    }
}


static void
routes(void **state)
{
    bool         reached[8], told;
    char         yaml[4096], what[64], *s;
    size_t       hits, missed, policies;
    policy_t     p;
    unsigned     i, k, n;
    const char  *said;

    (void) state;

    hits = 0;
    missed = 0;
    policies = 0;

    for (i = 0; i < POLICIES; i++) {
        s = yaml;
        s += sprintf(s, "weir: 1\nroutes:\n");
        n = 3 + roll(5);

        for (k = 0; k < n; k++) {
            add_route(&s, k);
        }

        if (!open_random(&p, yaml)) {
            continue;
        }

        policies++;

        /* what nothing is said of is looked at now and then */
        if (strstr(p.front.said, "W0903") == NULL && roll(20) != 0) {
            policy_close(&p);
            continue;
        }

        memset(reached, 0, sizeof(reached));
        visit(&p, reached, n);

        for (k = 0; k < n; k++) {
            snprintf(what, sizeof(what), "no request gets to route \"r%u\"",
                     k);
            said = strstr(p.front.said, what);
            told = said != NULL;
            hits += told;
            missed += !told && !reached[k];

            if (told && reached[k]) {
                fprintf(stderr, "%s%s", yaml, p.front.said);
                fail();
            }

            if (told) {
                check_witness(&p, yaml, said, k);
            }
        }

        policy_close(&p);
    }

    print_message("%zu policies, %zu routes out of reach, %zu more that "
                  "nothing was said of\n", policies, hits, missed);
    assert_true(hits > 50);
}


static const char *const  conditions[] = {
    "'true'", "'false'", "'\"h\" in request.headers'",
    "'request.method == \"GET\"'", "'\"GET\" == request.method'",
    "'has(request.headers.h)'", "'request.headers.h == \"1\"'",
    "'request.method == \"GET\" && \"h\" in request.headers'",
    "'1 == 2'", "'size(\"a\") == 1'"
};


static void
add_rules(char **to, const char *layer, const char *indent, bool deny,
    unsigned *id)
{
    unsigned  n;

    n = roll(4);

    if (n == 0) {
        return;
    }

    *to += sprintf(*to, "%s%s:\n", indent, layer);

    for ( /* void */ ; n > 0; n--) {
        *to += sprintf(*to, "%s  - {id: x%c, when: %s%s}\n", indent,
                       'A' + (int) (*id)++, conditions[roll(10)],
                       deny && roll(4) == 0 ? ", dry_run: true" : "");
    }
}


static void
rules(void **state)
{
    char             yaml[4096], what[64], *s;
    ask_t            ask;
    size_t           hits;
    policy_t         p;
    unsigned         i, k, m, id;
    weir_decision_t  d;

    static const char *const  methods[] = { "GET", "POST" };
    static const char *const  headers[] = { NULL, "h=1", "h=2" };
    (void) state;

    hits = 0;

    for (i = 0; i < RULES; i++) {
        s = yaml;
        id = 0;
        s += sprintf(s, "weir: 1\n");
        add_rules(&s, "deny", "", true, &id);
        add_rules(&s, "allow", "", false, &id);
        s += sprintf(s, "routes:\n  - id: r\n    match: {path: /}\n");
        add_rules(&s, "deny", "    ", true, &id);
        add_rules(&s, "allow", "    ", false, &id);

        assert_true(open_random(&p, yaml));

        for (k = 0; k < 6; k++) {
            memset(&ask, 0, sizeof(ask));
            ask.method = methods[k % 2];
            ask.headers = headers[k / 2];
            decide(&p, &ask, &d);

            for (m = 0; m < id; m++) {
                snprintf(what, sizeof(what), "rule \"x%c\" never",
                         'A' + (int) m);

                if (strstr(p.front.said, what) == NULL) {
                    continue;
                }

                hits++;

                if (d.rule.len == 2 && d.rule.data[1] == (char) ('A' + m)) {
                    fprintf(stderr, "%s%srule x%c decides\n", yaml,
                            p.front.said, 'A' + (int) m);
                    fail();
                }
            }
        }

        policy_close(&p);
    }

    print_message("%zu times a rule was said to decide nothing\n", hits);
    assert_true(hits > 1000);
}


static char *
condition(char *s, unsigned depth)
{
    switch (depth == 0 ? roll(4) : roll(8)) {

    case 0:
        return s + sprintf(s, "has(request.headers.h%u)", roll(2));

    case 1:
        return s + sprintf(s, "\"h%u\" in request.headers", roll(2));

    case 2:
    case 3:
        return s + sprintf(s, "request.headers.h%u == \"%u\"", roll(2),
                           1 + roll(2));

    case 4:
        s += sprintf(s, "!(");
        s = condition(s, depth - 1);
        return s + sprintf(s, ")");

    case 5:
        s += sprintf(s, "(");
        s = condition(s, depth - 1);
        s += sprintf(s, " ? ");
        s = condition(s, depth - 1);
        s += sprintf(s, " : ");
        s = condition(s, depth - 1);
        return s + sprintf(s, ")");

    default:
        s += sprintf(s, "(");
        s = condition(s, depth - 1);
        s += sprintf(s, roll(2) ? " && " : " || ");
        s = condition(s, depth - 1);
        return s + sprintf(s, ")");
    }
}


/* What may fail is told; what is told fails, but for contradictions. */
static void
absent(void **state)
{
    bool             told, failed;
    char             yaml[8192], *s;
    ask_t            ask;
    size_t           hits, silent, wrong;
    policy_t         p;
    unsigned         i, k;
    weir_decision_t  d;

    static const char *const  headers[] = {
        NULL, "h0=1", "h0=2", "h1=1", "h1=2", "h0=1\nh1=1", "h0=1\nh1=2",
        "h0=2\nh1=1", "h0=2\nh1=2"
    };

    (void) state;

    hits = 0;
    silent = 0;
    wrong = 0;

    for (i = 0; i < RULES; i++) {
        s = yaml;
        s += sprintf(s, "weir: 1\ndeny:\n  - id: x\n    when: |\n      ");
        s = condition(s, 3);
        sprintf(s, "\nroutes:\n  - {id: r, match: {path: /}, public: true}\n");
        assert_true(open_random(&p, yaml));

        told = strstr(p.front.said, "W0955") != NULL;
        failed = false;

        for (k = 0; k < 9; k++) {
            memset(&ask, 0, sizeof(ask));
            ask.headers = headers[k];
            decide(&p, &ask, &d);
            failed |= d.errors != 0;
        }

        hits += told && failed;
        silent += !told && !failed;
        wrong += told && !failed;

        if (failed && !told) {
            fprintf(stderr, "%s%s", yaml, p.front.said);
            fail();
        }

        policy_close(&p);
    }

    /* conditions that contradict themselves */
    print_message("%zu fail and are told, %zu do not, %zu cannot fail for "
                  "reasons that are not looked for\n", hits, silent, wrong);
    assert_true(hits > 500 && silent > 500 && wrong < hits / 20);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(routes),
        cmocka_unit_test(rules),
        cmocka_unit_test(absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
