/*
 * test_write_splits.c: splits and flags, from a policy's text to the records
 * of its image; and for which keys a flag is on.
 */

#include "ask.h"
#include "run/split.h"

#define N_OF(a)       (sizeof(a) / sizeof((a)[0]))
#define STR(p, i)     weir_img_str(&(p)->image, (i))
#define REC(p, s, i)  (&WEIR_REC(&(p)->image, s)[i])

#define ROUTE                                                                 \
    "routes:\n"                                                               \
    "  - {id: a, match: {path: /}, public: true, split: x}\n"
#define TWO                                                                   \
    "arms: {v1: {weight: 95, upstream: u1}, v2: {weight: 5, upstream: u2}}"


static void
is_text(const policy_t *p, uint32_t str, const char *text)
{
    assert_true(weir_str_eq(STR(p, str), weir_cstr(text)));
}


static void
is_salt(const weir_id_t *id, const char *text)
{
    weir_id_t  want;

    assert_int_equal(weir_id_make("salt", weir_cstr(text), &want), WEIR_OK);
    assert_memory_equal(id, &want, sizeof(want));
}


/* The only split of a policy, of these keys behind its arms. */
static const weir_img_split_t *
open_split(policy_t *p, const char *arms, const char *keys)
{
    char  text[2048];

    snprintf(text, sizeof(text), "weir: 1\nsplits:\n  x: {%s%s}\n" ROUTE,
             arms, keys);
    policy_open(p, text);
    assert_int_equal(p->image.n[WEIR_S_SPLITS], 1);

    return REC(p, SPLITS, 0);
}


static void
check_arms(const policy_t *p, const weir_img_split_t *s)
{
    const weir_img_breaker_t  *b;

    assert_int_equal(s->arms.first, 2);
    assert_int_equal(s->arms.count, 3);
    is_text(p, REC(p, ARMS, 2)->name, "v1");
    is_text(p, REC(p, ARMS, 2)->upstream, "u1");
    assert_int_equal(REC(p, ARMS, 2)->weight, 9000);
    assert_int_equal(REC(p, ARMS, 3)->weight, 995);
    assert_int_equal(REC(p, ARMS, 4)->weight, 5);
    assert_int_equal(REC(p, ARMS, 2)->breaker, 0);
    assert_int_equal(REC(p, ARMS, 3)->breaker, WEIR_NONE);
    assert_int_equal(REC(p, ARMS, 4)->breaker, 1);

    b = REC(p, BREAKERS, 0);
    assert_int_equal(b->failures, 5);
    assert_int_equal(b->error_rate, 5000);
    assert_int_equal(b->window, 1000);
    assert_int_equal(b->min_requests, 7);
    assert_int_equal(b->open, 3000);
    assert_int_equal(b->probes, 3);
    assert_int_equal(b->fallback, 4);

    b = REC(p, BREAKERS, 1);
    assert_int_equal(b->failures, 9);
    assert_int_equal(b->error_rate, 0);
    assert_int_equal(b->window, 10000);
    assert_int_equal(b->min_requests, 20);
    assert_int_equal(b->open, 30000);
    assert_int_equal(b->probes, 1);
    assert_int_equal(b->fallback, WEIR_NONE);
}


static void
check_overrides(const policy_t *p, const weir_img_split_t *s)
{
    const weir_img_override_t  *o;

    assert_int_equal(s->overrides.count, 3);

    o = REC(p, OVERRIDES, s->overrides.first);
    assert_int_equal(o->source, WEIR_OVERRIDE_HEADER);
    is_text(p, o->name, "x-canary");
    is_text(p, o->value, "1");
    assert_int_equal(REC(p, PROGS, o->when)->kind, WEIR_T_BOOL);
    assert_int_equal(o->arm, 3);

    o++;
    assert_int_equal(o->source, WEIR_OVERRIDE_COOKIE);
    is_text(p, o->name, "Canary");
    is_text(p, o->value, "");
    assert_int_equal(o->when, WEIR_NONE);
    assert_int_equal(o->arm, 4);

    o++;
    assert_int_equal(o->source, WEIR_OVERRIDE_ANY);
    is_text(p, o->name, "");
    is_text(p, o->value, "");
    assert_int_not_equal(o->when, WEIR_NONE);
    assert_int_equal(o->arm, 2);
}


static void
check_guard(const policy_t *p, const weir_img_split_t *s)
{
    const weir_img_guard_t   *g;
    const weir_img_mirror_t  *m;

    g = REC(p, GUARDS, s->guard);
    assert_int_equal(g->arm, 3);
    assert_int_equal(g->versus, 2);
    assert_int_equal(g->window, 60000);
    assert_int_equal(g->min_requests, 200);
    assert_int_equal(g->error_rate, 200);
    assert_int_equal(g->ratio[WEIR_QUANTILE_P50], 2000);
    assert_int_equal(g->ratio[WEIR_QUANTILE_P95], 1500);
    assert_int_equal(g->ratio[WEIR_QUANTILE_P99], 0);
    assert_int_equal(g->hold, 1800);
    assert_int_equal(g->report, 0);

    assert_int_equal(s->steps.count, 3);
    assert_int_equal(REC(p, STEPS, 0)->share, 5);
    assert_int_equal(REC(p, STEPS, 0)->seconds, 600);
    assert_int_equal(REC(p, STEPS, 1)->share, 2500);
    assert_int_equal(REC(p, STEPS, 1)->seconds, 1);
    assert_int_equal(REC(p, STEPS, 2)->share, 9995);
    assert_int_equal(REC(p, STEPS, 2)->seconds, 0);

    m = REC(p, MIRRORS, s->mirror);
    is_text(p, m->upstream, "shadow");
    assert_int_equal(m->sample, 50);
    assert_int_equal(m->methods, 1u << WEIR_METHOD_BIT_GET
                                 | 1u << WEIR_METHOD_BIT_POST);
    assert_int_equal(m->timeout, 2000);
}


static void
a_split_says_everything(void **state)
{
    policy_t                 p;
    const weir_img_split_t  *s;

    (void) state;

    policy_open(&p,
        "weir: 1\n"
        "splits:\n"
        "  first: {" TWO "}\n"
        "  x:\n"
        "    arms:\n"
        "      v1:\n"
        "        weight: 90\n"
        "        upstream: u1\n"
        "        breaker: {failures: 5, error_rate: 50%, window: 1s,\n"
        "                  min_requests: 7, open: 3s, probes: 3,\n"
        "                  fallback: v3}\n"
        "      v2: {weight: 9.95%, upstream: u2}\n"
        "      v3: {weight: \"0.05%\", upstream: u3, breaker: {failures: 9}}\n"
        "    sticky: principal.sub\n"
        "    salt: a-salt-of-many-bytes\n"
        "    cookie: {name: Pin, max_age: 30d}\n"
        "    override:\n"
        "      - {header: X-Canary, equals: \"1\", when: connection.mtls,\n"
        "         use: v2}\n"
        "      - {cookie: Canary, equals: \"\", use: v3}\n"
        "      - {when: connection.mtls, use: v1}\n"
        "    guard: {arm: v2, versus: v1, window: 60s, min_requests: 200,\n"
        "            error_rate: 2%, p50_ratio: 2, p95_ratio: 1.5,\n"
        "            action: rollback, hold: 30m}\n"
        "    ramp: {arm: v2, steps: [\"0.05%@10m\", \"25%@1s\", \"99.95%\"]}\n"
        "    mirror: {upstream: shadow, sample: 0.5%, methods: [GET, POST],\n"
        "             timeout: 2s}\n" ROUTE);

    assert_int_equal(p.image.n[WEIR_S_SPLITS], 2);
    assert_int_equal(REC(&p, ROUTES, 0)->split, 1);
    assert_int_equal(REC(&p, ROUTES, 0)->upstream, WEIR_NONE);

    s = REC(&p, SPLITS, 1);
    is_text(&p, s->name, "x");
    is_text(&p, s->file, "t.yaml");
    assert_int_equal(s->line, 4);
    is_salt(&s->salt, "a-salt-of-many-bytes");
    is_text(&p, s->cookie, "Pin");
    assert_int_equal(s->cookie_age, 30 * 86400);
    assert_int_equal(REC(&p, PROGS, s->sticky)->kind, WEIR_T_STRING);
    assert_int_equal(REC(&p, PROGS, s->sticky)->phase, WEIR_PHASE_ACCESS);
    check_arms(&p, s);
    check_overrides(&p, s);
    check_guard(&p, s);
    policy_close(&p);
}


static void
a_split_that_says_little_has_defaults(void **state)
{
    policy_t                  p;
    const weir_img_guard_t   *g;
    const weir_img_split_t   *s;
    const weir_img_mirror_t  *m;

    (void) state;

    s = open_split(&p, TWO, ", guard: {arm: v1, window: 1s, error_rate: 0%,"
                   " action: report}, mirror: {upstream: shadow},"
                   " sticky: vars.who}\nvars: {who: principal.sub");
    is_salt(&s->salt, "x");
    assert_int_equal(s->cookie, WEIR_NONE);
    assert_int_equal(s->cookie_age, 0);
    assert_int_equal(s->overrides.count, 0);
    assert_int_equal(s->steps.count, 0);

    g = REC(&p, GUARDS, 0);
    assert_int_equal(g->arm, 0);
    assert_int_equal(g->versus, 1);
    assert_int_equal(g->min_requests, 100);
    assert_int_equal(g->error_rate, 0);
    assert_int_equal(g->ratio[WEIR_QUANTILE_P50], 0);
    assert_int_equal(g->hold, 0);
    assert_int_equal(g->report, 1);

    m = REC(&p, MIRRORS, 0);
    assert_int_equal(m->sample, 10000);
    assert_int_equal(m->methods, 1u << WEIR_METHOD_BIT_GET
                                 | 1u << WEIR_METHOD_BIT_HEAD);
    assert_int_equal(m->timeout, 5000);
    policy_close(&p);

    s = open_split(&p, TWO, ", guard: {arm: v1, window: 1s, p99_ratio: 1.5}");
    assert_int_equal(REC(&p, GUARDS, 0)->error_rate, WEIR_NONE);
    assert_int_equal(s->mirror, WEIR_NONE);
    assert_int_equal(s->sticky, WEIR_NONE);
    policy_close(&p);
}


static weir_id_t
uid_of(const char *arms, const char *keys)
{
    policy_t   p;
    weir_id_t  uid;

    uid = open_split(&p, arms, keys)->uid;
    policy_close(&p);

    return uid;
}


#define GUARD(more)  ", guard: {arm: v2, window: 60s, error_rate: 2%" more "}"
#define BREAKER(how)                                                          \
    "arms: {v1: {weight: 95, upstream: u1, breaker: {" how "}}, "             \
    "v2: {weight: 5, upstream: u2}}"

/* What was learnt of a split is only kept while it says the same. */
static void
any_change_is_another_split(void **state)
{
    size_t     i, k;
    weir_id_t  uids[64];

    static const struct {
        const char  *arms;
        const char  *keys;
    } t[] = {
        { TWO, "" },
        { TWO, ", salt: other" },
        { TWO, ", sticky: principal.sub" },
        { TWO, ", sticky: tenant.id" },
        { TWO, ", salt: sixteen-bytes-and, cookie: {name: pin}" },
        { TWO, ", salt: sixteen-bytes-and, cookie: {name: nip}" },
        { TWO, ", salt: sixteen-bytes-and, cookie: {name: pin, "
          "max_age: 1d}" },
        { "arms: {v2: {weight: 95, upstream: u1}, v1: {weight: 5, "
          "upstream: u2}}", "" },
        { "arms: {v2: {weight: 5, upstream: u2}, v1: {weight: 95, "
          "upstream: u1}}", "" },
        { "arms: {v1: {weight: 94, upstream: u1}, v2: {weight: 6, "
          "upstream: u2}}", "" },
        { "arms: {v1: {weight: 95, upstream: u1}, v2: {weight: 5, "
          "upstream: u3}}", "" },
        { BREAKER("failures: 5"), "" },
        { BREAKER("failures: 6"), "" },
        { BREAKER("error_rate: 5%"), "" },
        { BREAKER("error_rate: 5%, window: 1s"), "" },
        { BREAKER("error_rate: 5%, min_requests: 21"), "" },
        { BREAKER("failures: 5, open: 1s"), "" },
        { BREAKER("failures: 5, probes: 2"), "" },
        { BREAKER("failures: 5, fallback: v2"), "" },
        { TWO, ", override: [{header: a, equals: b, use: v1}]" },
        { TWO, ", override: [{header: ab, equals: '', use: v1}]" },
        { TWO, ", override: [{cookie: a, equals: b, use: v1}]" },
        { TWO, ", override: [{header: a, equals: b, use: v2}]" },
        { TWO, ", override: [{header: a, equals: b, use: v1, "
          "when: connection.mtls}]" },
        { TWO, ", override: [{use: v1, when: connection.mtls}]" },
        { TWO, GUARD("") },
        { TWO, GUARD(", hold: 1s") },
        { TWO, GUARD(", action: report") },
        { TWO, GUARD(", min_requests: 101") },
        { TWO, GUARD(", p50_ratio: 2") },
        { TWO, GUARD(", p99_ratio: 2") },
        { TWO, ", guard: {arm: v1, window: 60s, error_rate: 2%}" },
        { TWO, ", guard: {arm: v2, window: 61s, error_rate: 2%}" },
        { TWO, ", guard: {arm: v2, window: 60s, error_rate: 3%}" },
        { TWO, GUARD("") ", ramp: {arm: v2, steps: [5%@1s, 100%]}" },
        { TWO, GUARD("") ", ramp: {arm: v2, steps: [6%@1s, 100%]}" },
        { TWO, GUARD("") ", ramp: {arm: v2, steps: [5%@2s, 100%]}" },
        { TWO, GUARD("") ", ramp: {arm: v2, steps: [100%]}" }
    };

    (void) state;

    assert_true(N_OF(t) <= N_OF(uids));

    for (i = 0; i < N_OF(t); i++) {
        uids[i] = uid_of(t[i].arms, t[i].keys);

        for (k = 0; k < i; k++) {
            if (memcmp(&uids[i], &uids[k], sizeof(weir_id_t)) == 0) {
                fail_msg("%s%s\nis the split %s%s", t[i].arms, t[i].keys,
                         t[k].arms, t[k].keys);
            }
        }
    }
}


/* Other words for the same, what is copied, and where it stands. */
static void
what_says_the_same_is_the_same_split(void **state)
{
    size_t     i;
    weir_id_t  a, b;

    static const char *const  same[][2] = {
        { TWO, ", salt: x" },
        { TWO, ", override: []" },
        { TWO, ", mirror: {upstream: shadow}" },
        { "arms: {v1: {upstream: u1, weight: 95.00%}, "
          "v2: {weight: '5%', upstream: u2}}", "" },
        { TWO, "}\nflags: {b: {rollout: 1%, key: principal.sub}" }
    };

    (void) state;

    a = uid_of(TWO, "");

    for (i = 0; i < N_OF(same); i++) {
        b = uid_of(same[i][0], same[i][1]);

        if (memcmp(&a, &b, sizeof(a)) != 0) {
            fail_msg("%s%s", same[i][0], same[i][1]);
        }
    }

    a = uid_of(BREAKER("error_rate: 5%"), GUARD(""));
    b = uid_of(BREAKER("error_rate: 5%, window: 10s, min_requests: 20, "
                       "open: 30s, probes: 1"),
               GUARD(", versus: v1, min_requests: 100, action: rollback"));
    assert_memory_equal(&a, &b, sizeof(a));
}


/* What is said of a section of n entries. */
static void
refuse_many(const char *section, const char *entry, unsigned n,
    const char *said)
{
    char            *text;
    FILE            *out;
    size_t           len;
    unsigned         i;
    front_policy_t   p;

    out = open_memstream(&text, &len);
    assert_non_null(out);
    fprintf(out, "weir: 1\n%s:\n", section);

    for (i = 0; i < n; i++) {
        fprintf(out, "  x%u: {%s}\n", i, entry);
    }

    fputs("routes: []\n", out);
    fclose(out);

    front_load(&p, text);

    if (strstr(p.said, said) == NULL) {
        fail_msg("%s", p.said);
    }

    front_free(&p);
    free(text);
}


static void
there_are_bounds(void **state)
{
    (void) state;

    refuse_many("splits", TWO, WEIR_MAX_SPLITS, "");
    refuse_many("splits", TWO, WEIR_MAX_SPLITS + 1,
                "t.yaml:259:3+4: E0210: more than 256 splits\n");
    refuse_many("flags", "rollout: 1%, key: principal.sub",
                WEIR_MAX_FLAGS + 1,
                "t.yaml:1027:3+5: E0210: more than 1024 flags\n");
}


/* Whether the only rule of the route denies who sends a header x. */
static unsigned
reason_of(const policy_t *p, const char *x)
{
    char              headers[64];
    void             *mem;
    ask_t             a;
    size_t            size;
    weir_txn_t       *t;
    weir_request_t    req;
    weir_decision_t   d;

    memset(&a, 0, sizeof(a));

    if (x != NULL) {
        snprintf(headers, sizeof(headers), "x=%s", x);
        a.headers = headers;
    }

    ask_request(&a, &req);
    size = (weir_txn_size(&p->image, &req) + 15) & ~(size_t) 15;
    mem = aligned_alloc(16, size);
    assert_non_null(mem);
    t = weir_txn_init(mem, &p->image, &req);
    assert_int_equal(weir_decide(t, &d), WEIR_OK);
    free(mem);

    return d.reason;
}


#define FLAGS(body)                                                           \
    "weir: 1\n"                                                               \
    "flags: {f: {" body "}}\n"                                                \
    "routes:\n"                                                               \
    "  - {id: a, match: {path: /}, public: true,\n"                           \
    "     deny: [{id: d, when: flags.f}]}\n"


static void
a_flag_is_on_for_its_share(void **state)
{
    char       key[16];
    policy_t   p;
    unsigned   i, on, want;
    weir_id_t  salt;

    (void) state;

    policy_open(&p, FLAGS("rollout: 12.5%, key: 'request.headers[\"x\"]', "
                          "salt: pepper"));
    assert_int_equal(weir_id_make("salt", weir_string("pepper"), &salt),
                     WEIR_OK);

    for (i = 0, on = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "user-%u", i);
        want = weir_split_bucket(&salt, weir_cstr(key)) < 1250
               ? WEIR_REASON_DENY_RULE : WEIR_REASON_PUBLIC;
        assert_int_equal(reason_of(&p, key), want);
        on += want == WEIR_REASON_DENY_RULE;
    }

    assert_in_range(on, 180, 320);

    /* nobody in particular; and no such header, which is an error */
    assert_int_equal(reason_of(&p, ""), WEIR_REASON_PUBLIC);
    assert_int_equal(reason_of(&p, NULL), WEIR_REASON_DENY_ERROR);
    policy_close(&p);
}


static void
a_flag_may_be_on_for_all_or_none(void **state)
{
    policy_t  p;

    (void) state;

    policy_open(&p, FLAGS("rollout: 100%, key: 'request.headers[\"x\"]'"));
    assert_int_equal(reason_of(&p, "anybody"), WEIR_REASON_DENY_RULE);
    assert_int_equal(reason_of(&p, ""), WEIR_REASON_PUBLIC);
    policy_close(&p);

    policy_open(&p, FLAGS("rollout: 0%, key: 'request.headers[\"x\"]'"));
    assert_int_equal(reason_of(&p, "anybody"), WEIR_REASON_PUBLIC);
    policy_close(&p);

    /* a key that is known needs no request */
    policy_open(&p, FLAGS("rollout: 100%, key: '\"all\"'"));
    assert_int_equal(reason_of(&p, NULL), WEIR_REASON_DENY_RULE);
    policy_close(&p);
}


/* Its name is the salt of a flag that has none: then keys differ. */
static void
flags_of_one_salt_are_on_together(void **state)
{
    char      key[16];
    policy_t  p;
    unsigned  i, same;

    static const char *const  rules[] = {
        "flags.a != flags.b", "flags.a != flags.c"
    };
    char      text[512];
    unsigned  r;

    (void) state;

    for (r = 0; r < 2; r++) {
        snprintf(text, sizeof(text),
                 "weir: 1\n"
                 "vars: {who: 'request.headers[\"x\"]'}\n"
                 "flags:\n"
                 "  a: {rollout: 50%%, key: vars.who}\n"
                 "  b: {rollout: 50%%, key: vars.who, salt: a}\n"
                 "  c: {rollout: 50%%, key: vars.who}\n"
                 "routes:\n"
                 "  - {id: a, match: {path: /}, public: true,\n"
                 "     deny: [{id: d, when: '%s'}]}\n", rules[r]);
        policy_open(&p, text);

        for (i = 0, same = 0; i < 200; i++) {
            snprintf(key, sizeof(key), "user-%u", i);
            same += reason_of(&p, key) == WEIR_REASON_PUBLIC;
        }

        assert_in_range(same, r == 0 ? 200 : 60, r == 0 ? 200 : 140);
        policy_close(&p);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_split_says_everything),
        cmocka_unit_test(a_split_that_says_little_has_defaults),
        cmocka_unit_test(any_change_is_another_split),
        cmocka_unit_test(what_says_the_same_is_the_same_split),
        cmocka_unit_test(there_are_bounds),
        cmocka_unit_test(a_flag_is_on_for_its_share),
        cmocka_unit_test(a_flag_may_be_on_for_all_or_none),
        cmocka_unit_test(flags_of_one_salt_are_on_together)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
