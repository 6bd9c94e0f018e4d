/*
 * test_decide_split.c: the arm that a request has, and why.
 */

#include <stdio.h>

#include "ask.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define SEC      INT64_C(1000000000)
#define TABLE    (16 * WEIR_SPLIT_BYTES)
#define DATE     1800000000u

static const char  policy_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "splits:\n"
    "  keyed:\n"
    "    arms:\n"
    "      old: {weight: 70, upstream: u-old}\n"
    "      new: {weight: 20, upstream: u-new}\n"
    "      odd: {weight: 10, upstream: u-odd}\n"
    "    sticky: 'request.headers[\"x-user\"]'\n"
    "    guard: {arm: new, versus: old, window: 60s, error_rate: 2%}\n"
    "  cookie:\n"
    "    arms: {a: {weight: 50, upstream: u-a}, b: {weight: 50, upstream: u-b}}"
    "\n"
    "    sticky: 'request.headers[?\"x-user\"].orValue(\"\")'\n"
    "    salt: a salt that nobody knows\n"
    "    cookie: {name: pin, max_age: 30d}\n"
    "  forced:\n"
    "    arms: {a: {weight: 100, upstream: u-a}, b: {weight: 0, upstream: u-b},"
    "\n"
    "           c: {weight: 0, upstream: u-c}}\n"
    "    sticky: '\"k\"'\n"
    "    override:\n"
    "      - {header: X-Arm, equals: b, use: b}\n"
    "      - {header: x-arm, equals: c, when: 'request.method == \"PUT\"',"
    " use: c}\n"
    "      - {cookie: arm, equals: b, use: b}\n"
    "      - {when: 'request.headers[\"x-fails\"] == \"1\"', use: c}\n"
    "      - {when: 'request.method == \"PATCH\"', use: b}\n"
    "      - {when: 'request.method == \"PATCH\"', use: c}\n"
    "  other:\n"
    "    arms:\n"
    "      a: {weight: 50, upstream: u-a}\n"
    "      b: {weight: 20, upstream: u-b}\n"
    "      c: {weight: 20, upstream: u-c}\n"
    "      d: {weight: 10, upstream: u-d}\n"
    "    sticky: 'request.headers[\"x-user\"]'\n"
    "    guard: {arm: c, versus: b, window: 60s, error_rate: 2%}\n"
    "  ramp:\n"
    "    arms: {a: {weight: 100, upstream: u-a}, b: {weight: 0, upstream: u-b}}"
    "\n"
    "    sticky: 'request.headers[\"x-user\"]'\n"
    "    guard: {arm: b, versus: a, window: 60s, error_rate: 2%}\n"
    "    ramp: {arm: b, steps: [\"5%@10m\", \"25%@30m\", \"100%\"]}\n"
    "  cut:\n"
    "    arms:\n"
    "      a: {weight: 100, upstream: u-a, breaker: {failures: 3, open: 30s,\n"
    "                                                fallback: b}}\n"
    "      b: {weight: 0, upstream: u-b, breaker: {failures: 3, open: 10s}}\n"
    "      c: {weight: 0, upstream: u-c, breaker: {failures: 3, open: 20s}}\n"
    "    sticky: '\"k\"'\n"
    "    override:\n"
    "      - {header: x-arm, equals: b, use: b}\n"
    "      - {header: x-arm, equals: c, use: c}\n"
    "  spare:\n"
    "    arms:\n"
    "      a: {weight: 100, upstream: u-a, breaker: {failures: 3, open: 30s,\n"
    "                                                fallback: b}}\n"
    "      b: {weight: 0, upstream: u-b}\n"
    "    sticky: '\"k\"'\n"
    "    guard: {arm: b, versus: a, window: 60s, error_rate: 2%}\n"
    "deny:\n"
    "  - {id: deny, when: 'request.method == \"DELETE\"'}\n"
    "routes:\n"
    "  - {id: keyed, match: {path: /keyed}, split: keyed,\n"
    "     allow: [{id: all, when: 'true'}]}\n"
    "  - {id: cookie, match: {path: /cookie}, split: cookie, public: true}\n"
    "  - {id: forced, match: {path: /forced}, split: forced, public: true}\n"
    "  - {id: other, match: {path: /other}, split: other, public: true}\n"
    "  - {id: ramp, match: {path: /ramp}, split: ramp, public: true}\n"
    "  - {id: cut, match: {path: /cut}, split: cut,\n"
    "     allow: [{id: all, when: 'true'}]}\n"
    "  - {id: spare, match: {path: /spare}, split: spare, public: true}\n"
    "  - {id: none, match: {path: /none}, upstream: u, public: true}\n"
    "  - {id: told, match: {path: /told}, split: cookie,\n"
    "     allow: [{id: all, when: 'true'}],\n"
    "     transform: {request: {set:"
    " {x-a: '${request.headers[\"x-a\"]}'}}}}\n";

/* What is outside of a request. */
typedef struct {
    policy_t        policy;
    weir_splits_t  *table;
    int64_t         clock;
    const char     *draw;
    bool            alone;      /* no router */
    void           *mem;        /* of the last request */
} world_t;

static world_t  w;

typedef struct {
    weir_decision_t   d;
    weir_routing_t    to;
} answer_t;


static weir_splits_t *
splits(void *host)
{
    (void) host;

    return w.table;
}


static int64_t
now(void *host)
{
    (void) host;

    return w.clock;
}


static weir_str_t
draw(void *host)
{
    (void) host;

    return weir_cstr(w.draw);
}


static int
open_world(void **state)
{
    void  *mem;

    (void) state;

    memset(&w, 0, sizeof(w));
    policy_open(&w.policy, policy_yaml);
    assert_int_equal(posix_memalign(&mem, 64, TABLE), 0);
    memset(mem, 0, TABLE);
    w.table = weir_splits_init(mem, TABLE);
    assert_non_null(w.table);
    w.clock = 1000 * SEC;
    w.draw = "request 1";

    return 0;
}


static int
close_world(void **state)
{
    (void) state;

    free(w.mem);
    free(w.table);
    policy_close(&w.policy);

    return 0;
}


static weir_txn_t *
begin(const ask_t *ask, weir_request_t *req)
{
    size_t  size;

    static const weir_router_t  router = { splits, now, draw };

    ask_request(ask, req);
    req->router = w.alone ? NULL : &router;
    size = weir_txn_size(&w.policy.image, req);

    free(w.mem);
    assert_int_equal(posix_memalign(&w.mem, 16, size), 0);
    memset(w.mem, 0xa5, size);

    return weir_txn_init(w.mem, &w.policy.image, req);
}


static answer_t
ask(const ask_t *q)
{
    answer_t         a;
    weir_txn_t      *txn;
    weir_request_t   req;

    txn = begin(q, &req);
    assert_int_equal(weir_decide(txn, &a.d), WEIR_OK);
    a.to = *weir_txn_routing(txn);

    return a;
}


/* A request to a path whose header x-user is "key-N". */
static answer_t
ask_key(const char *path, unsigned n)
{
    char   header[32];
    ask_t  q;

    (void) snprintf(header, sizeof(header), "x-user=key-%u", n);
    q = (ask_t) { .path = path, .headers = header };

    return ask(&q);
}


static const weir_img_split_t *
split(const char *name)
{
    uint32_t                 i;
    const weir_image_t      *img;
    const weir_img_split_t  *s;

    img = &w.policy.image;
    s = WEIR_REC(img, SPLITS);

    for (i = 0; i < img->n[WEIR_S_SPLITS]; i++, s++) {
        if (weir_str_eq(weir_img_str(img, s->name), weir_cstr(name))) {
            return s;
        }
    }

    fail_msg("no split \"%s\"", name);
    return NULL;
}


static void
expect(const answer_t *a, const char *name, const char *arm,
    weir_arm_why_t why)
{
    char  upstream[16];

    (void) snprintf(upstream, sizeof(upstream), "u-%s", arm);

    if (a->d.verdict != WEIR_ALLOW || !weir_str_eq(a->d.arm, weir_cstr(arm))
        || a->to.why != why)
    {
        fail_msg("%u %s, arm \"%.*s\", %s, not \"%s\", %s", a->d.status,
                 weir_reason_name(a->d.reason), WEIR_STR(a->d.arm),
                 weir_arm_why_name(a->to.why), arm, weir_arm_why_name(why));
    }

    assert_true(weir_str_eq(a->d.split, weir_cstr(name)));
    assert_true(weir_str_eq(a->d.upstream, weir_cstr(upstream)));
    assert_ptr_equal(a->to.split, split(name));
    assert_true(weir_str_eq(weir_img_str(&w.policy.image,
                                         WEIR_REC(&w.policy.image, ARMS)
                                         [a->to.split->arms.first
                                          + a->to.arm].name),
                            weir_cstr(arm)));
    assert_int_equal(a->to.weighed, why == WEIR_ARM_KEY
                                    || why == WEIR_ARM_COOKIE
                                    || why == WEIR_ARM_DRAWN);
}


static uint32_t
bucket(const char *name, const char *key)
{
    return weir_split_bucket(&split(name)->salt, weir_cstr(key));
}


static uint32_t
bucket_of(const char *name, unsigned n)
{
    char  key[16];

    (void) snprintf(key, sizeof(key), "key-%u", n);

    return bucket(name, key);
}


static void
order(const char *name, weir_split_order_t what, uint32_t arm)
{
    const char  *why;

    if (weir_splits_order(w.table, split(name), what, arm, DATE, &why)
        != WEIR_OK)
    {
        fail_msg("%s", why);
    }
}


/* The first has the first buckets, then what is left, the second the last. */
static const char *
by_bucket(uint32_t b)
{
    return b < 2000 ? "new" : b < 9000 ? "old" : "odd";
}


/* Keys */

static void
keys(void **state)
{
    unsigned  i;
    answer_t  a;

    (void) state;

    for (i = 0; i < 500; i++) {
        w.alone = i % 5 == 0;
        a = ask_key("/keyed", i);
        expect(&a, "keyed", by_bucket(bucket_of("keyed", i)), WEIR_ARM_KEY);
        assert_int_equal(a.to.bucket, bucket_of("keyed", i));
        assert_false(a.to.new_pin);
        assert_int_equal(a.d.errors, 0);
        assert_true(weir_str_eq(a.d.rule, weir_string("all")));
    }
}


/* No header: an error.  Chance decides, and says so. */
static void
no_key(void **state)
{
    char      text[16];
    unsigned  i;
    answer_t  a;

    static const ask_t  missing = { .path = "/keyed" };
    static const ask_t  empty = { .path = "/keyed", .headers = "x-user=" };

    (void) state;

    for (i = 0; i < 100; i++) {
        (void) snprintf(text, sizeof(text), "request %u", i);
        w.draw = text;
        a = ask(i % 2 ? &missing : &empty);
        expect(&a, "keyed", by_bucket(bucket("keyed", text)), WEIR_ARM_DRAWN);
        assert_int_equal(a.to.bucket, bucket("keyed", text));
        assert_int_equal(a.d.errors, i % 2);
        assert_false(a.to.new_pin);
    }

    /* there is nothing to draw by */
    w.draw = "";
    a = ask(&missing);
    expect(&a, "keyed", "new", WEIR_ARM_DRAWN);
    assert_int_equal(a.to.bucket, 0);

    w.alone = true;
    a = ask(&missing);
    expect(&a, "keyed", "new", WEIR_ARM_DRAWN);
    assert_int_equal(a.to.bucket, 0);
}


/* Nothing of a table that is not there, or that has no room for the split. */
static void
no_table(void **state)
{
    answer_t        a;
    weir_splits_t  *kept;

    (void) state;

    kept = w.table;
    w.table = NULL;
    a = ask_key("/keyed", 1);
    expect(&a, "keyed", by_bucket(bucket_of("keyed", 1)), WEIR_ARM_KEY);
    a = ask_key("/cut", 1);
    expect(&a, "cut", "a", WEIR_ARM_KEY);
    w.table = kept;
}


/* Cookies */

static ask_t
with_pin(const weir_routing_t *to, char cookie[80])
{
    (void) snprintf(cookie, 80, "pin=%.*s", WEIR_PIN_LEN, to->pin);

    return (ask_t) { .path = "/cookie", .cookies = cookie };
}


static void
cookies(void **state)
{
    char        cookie[80], text[16];
    ask_t       q;
    unsigned    i, arms[2];
    answer_t    first, next;
    weir_str_t  id;

    static const ask_t  none = { .path = "/cookie" };

    (void) state;

    memset(arms, 0, sizeof(arms));

    for (i = 0; i < 200; i++) {
        (void) snprintf(text, sizeof(text), "request %u", i);
        w.draw = text;
        first = ask(&none);
        assert_int_equal(first.to.why, WEIR_ARM_DRAWN);
        assert_true(first.to.new_pin);
        assert_true(first.to.weighed);
        assert_int_equal(weir_pin_check(&split("cookie")->salt,
                                        weir_str(first.to.pin, WEIR_PIN_LEN),
                                        &id), WEIR_OK);
        assert_int_equal(first.to.bucket,
                         weir_split_bucket(&split("cookie")->salt, id));
        arms[first.to.arm]++;

        /* whatever is drawn next, the cookie has its arm */
        w.draw = "something else";
        q = with_pin(&first.to, cookie);
        next = ask(&q);
        assert_int_equal(next.to.why, WEIR_ARM_COOKIE);
        assert_int_equal(next.to.arm, first.to.arm);
        assert_int_equal(next.to.bucket, first.to.bucket);
        assert_true(next.to.weighed);
        assert_false(next.to.new_pin);
    }

    assert_true(arms[0] > 60 && arms[1] > 60);
}


/* One that nobody of us made is as good as none. */
static void
forged_cookies(void **state)
{
    char      cookie[80];
    ask_t     q;
    answer_t  a;

    (void) state;

    memset(&a.to, 0, sizeof(a.to));
    weir_pin_make(&split("keyed")->salt, weir_string("seed"), a.to.pin);
    q = with_pin(&a.to, cookie);
    a = ask(&q);
    assert_int_equal(a.to.why, WEIR_ARM_DRAWN);
    assert_true(a.to.new_pin);

    q = (ask_t) { .path = "/cookie", .cookies = "pin=0.0" };
    a = ask(&q);
    assert_int_equal(a.to.why, WEIR_ARM_DRAWN);
    assert_true(a.to.new_pin);

    q.cookies = "pin=";
    a = ask(&q);
    assert_true(a.to.new_pin);
}


static void
cookies_that_nobody_needs(void **state)
{
    char      cookie[80];
    ask_t     q;
    answer_t  a;

    (void) state;

    /* who has a key needs no pin */
    q = (ask_t) { .path = "/cookie", .headers = "x-user=ann" };
    a = ask(&q);
    assert_int_equal(a.to.why, WEIR_ARM_KEY);
    assert_int_equal(a.to.bucket, bucket("cookie", "ann"));
    assert_false(a.to.new_pin);

    weir_pin_make(&split("cookie")->salt, weir_string("seed"), a.to.pin);
    q = with_pin(&a.to, cookie);
    q.headers = "x-user=ann";
    a = ask(&q);
    assert_int_equal(a.to.why, WEIR_ARM_KEY);
    assert_int_equal(a.to.bucket, bucket("cookie", "ann"));

    /* nor is a pin made of what would be made of again */
    q = (ask_t) { .path = "/cookie" };
    w.alone = true;
    a = ask(&q);
    assert_int_equal(a.to.why, WEIR_ARM_DRAWN);
    assert_false(a.to.new_pin);

    w.alone = false;
    w.draw = "";
    a = ask(&q);
    assert_false(a.to.new_pin);
}


/* Overrides */

static void
overrides(void **state)
{
    size_t    i;
    answer_t  a;

    static const struct {
        ask_t        ask;
        const char  *arm;
        int          by;        /* -1: none */
        uint32_t     errors;
    } rows[] = {
        { { .headers = "x-fails=0" }, "a", -1, 0 },
        { { .headers = "x-fails=0\nx-arm=b" }, "b", 0, 0 },
        /* equal, not alike, and not the start of it */
        { { .headers = "x-fails=0\nx-arm=B" }, "a", -1, 0 },
        { { .headers = "x-fails=0\nx-arm=bb" }, "a", -1, 0 },
        { { .headers = "x-fails=0\nx-arm=" }, "a", -1, 0 },
        { { .headers = "x-fails=0\nx-arm=b, c" }, "a", -1, 0 },
        /* both must hold */
        { { .headers = "x-fails=0\nx-arm=c" }, "a", -1, 0 },
        { { .headers = "x-fails=0\nx-arm=c", .method = "PUT" }, "c", 1, 0 },
        { { .headers = "x-fails=0", .method = "PUT" }, "a", -1, 0 },
        { { .headers = "x-fails=0", .cookies = "arm=b" }, "b", 2, 0 },
        { { .headers = "x-fails=0", .cookies = "arm=c" }, "a", -1, 0 },
        { { .headers = "x-fails=0\narm=b", .cookies = "x-arm=b" }, "a", -1,
          0 },
        /* the first decides */
        { { .headers = "x-arm=b", .cookies = "arm=b", .method = "PATCH" }, "b",
          0, 0 },
        { { .headers = "x-fails=1", .method = "PATCH" }, "c", 3, 0 },
        { { .headers = "x-fails=0", .method = "PATCH" }, "b", 4, 0 },
        /* an error is no match */
        { { .method = "PATCH" }, "b", 4, 1 },
        { { .method = "GET" }, "a", -1, 1 },
    };

    (void) state;

    for (i = 0; i < N_OF(rows); i++) {
        ask_t  q = rows[i].ask;

        q.path = "/forced";
        a = ask(&q);
        expect(&a, "forced", rows[i].arm,
               rows[i].by < 0 ? WEIR_ARM_KEY : WEIR_ARM_OVERRIDE);
        assert_int_equal(a.d.errors, rows[i].errors);

        if (rows[i].by >= 0) {
            assert_int_equal(a.to.override, rows[i].by);
        }
    }
}


/* State */

static void
pinned(void **state)
{
    ask_t     q;
    answer_t  a;

    (void) state;

    /* an operator beats overrides, keys and weights of 0 */
    order("forced", WEIR_SPLIT_PIN, 2);
    q = (ask_t) { .path = "/forced", .headers = "x-arm=b" };
    a = ask(&q);
    expect(&a, "forced", "c", WEIR_ARM_PINNED);
    a = ask_key("/forced", 1);
    expect(&a, "forced", "c", WEIR_ARM_PINNED);

    order("forced", WEIR_SPLIT_RESUME, 0);
    a = ask(&q);
    expect(&a, "forced", "b", WEIR_ARM_OVERRIDE);

    /* of an arm that is not there: a file says so, or another node */
    (void) weir_splits_merge(w.table, &split("forced")->uid,
                             (weir_split_word_t) 9 << 48
                             | (weir_split_word_t) 7 << 37);
    a = ask(&q);
    expect(&a, "forced", "b", WEIR_ARM_OVERRIDE);
    a = ask_key("/forced", 1);
    assert_int_equal(a.d.verdict, WEIR_ALLOW);

    /* who is pinned is given no cookie */
    order("cookie", WEIR_SPLIT_PIN, 1);
    q = (ask_t) { .path = "/cookie" };
    a = ask(&q);
    expect(&a, "cookie", "b", WEIR_ARM_PINNED);
    assert_false(a.to.new_pin);
}


/* What the arm had, its rival has; nothing else moves. */
static void
rolled_back(void **state)
{
    uint32_t  b;
    unsigned  i, n;
    answer_t  before[400], a;

    static const char *const  arms[] = { "a", "b", "b", "d" };

    (void) state;

    for (i = 0; i < N_OF(before); i++) {
        before[i] = ask_key("/other", i);
    }

    order("keyed", WEIR_SPLIT_ROLLBACK, 0);
    order("other", WEIR_SPLIT_ROLLBACK, 0);
    n = 0;

    for (i = 0; i < N_OF(before); i++) {
        b = bucket_of("keyed", i);
        a = ask_key("/keyed", i);
        expect(&a, "keyed", b < 9000 ? "old" : "odd",
               b < 2000 ? WEIR_ARM_ROLLBACK : WEIR_ARM_KEY);
        assert_int_equal(a.to.bucket, b);
        n += a.to.why == WEIR_ARM_ROLLBACK;

        /* also where neither of the two is the first */
        a = ask_key("/other", i);
        expect(&a, "other", arms[before[i].to.arm],
               before[i].to.arm == 2 ? WEIR_ARM_ROLLBACK : WEIR_ARM_KEY);
    }

    assert_true(n > 40 && n < 120);

    order("keyed", WEIR_SPLIT_RESUME, 0);

    for (i = 0; i < N_OF(before); i++) {
        a = ask_key("/keyed", i);
        expect(&a, "keyed", by_bucket(bucket_of("keyed", i)), WEIR_ARM_KEY);
    }
}


/* With the share of its step, and without a table of its first. */
static void
ramp(void **state)
{
    uint32_t  step, share;
    unsigned  i;
    answer_t  a;

    static const uint32_t  shares[] = { 500, 2500, 10000 };

    (void) state;

    for (step = 0; step < N_OF(shares); step++) {
        (void) weir_splits_merge(w.table, &split("ramp")->uid,
                                 (weir_split_word_t) step << 41 | DATE);

        for (i = 0; i < 200; i++) {
            w.alone = i % 7 == 0;
            share = w.alone ? 500 : shares[step];
            a = ask_key("/ramp", i);
            expect(&a, "ramp", bucket_of("ramp", i) < share ? "b" : "a",
                   WEIR_ARM_KEY);
        }
    }
}


/* Breakers */

static void
break_arm(const char *name, uint32_t arm)
{
    unsigned           i;
    weir_arm_result_t  r;

    r = (weir_arm_result_t) { .split = split(name), .arm = arm,
                              .end = WEIR_END_ERROR, .took = 1000 };

    for (i = 0; i < 3; i++) {
        weir_splits_count(w.table, &w.policy.image, &r, w.clock);
    }
}


static void
expect_cut(const answer_t *a, const char *arm, uint32_t retry)
{
    assert_int_equal(a->d.verdict, WEIR_DENY);
    assert_int_equal(a->d.status, 503);
    assert_int_equal(a->d.reason, WEIR_REASON_BREAKER);
    assert_int_equal(a->d.retry_after, retry);
    assert_int_equal(a->d.rule.len, 0);
    assert_true(weir_str_eq(a->d.split, weir_string("cut")));
    assert_true(weir_str_eq(a->d.arm, weir_cstr(arm)));
    assert_null(a->to.split);
    assert_false(a->to.new_pin);
}


static void
breakers(void **state)
{
    answer_t  a;

    static const ask_t  plain = { .path = "/cut" };
    static const ask_t  to_b = { .path = "/cut", .headers = "x-arm=b" };
    static const ask_t  to_c = { .path = "/cut", .headers = "x-arm=c" };

    (void) state;

    a = ask(&plain);
    expect(&a, "cut", "a", WEIR_ARM_KEY);

    /* the fallback, and its breaker is asked as well */
    break_arm("cut", 0);
    a = ask(&plain);
    expect(&a, "cut", "b", WEIR_ARM_FALLBACK);
    assert_true(weir_str_eq(a.d.rule, weir_string("all")));
    a = ask(&to_c);
    expect(&a, "cut", "c", WEIR_ARM_OVERRIDE);

    /* no chains; who may come back first says when */
    w.clock += SEC;
    break_arm("cut", 1);
    a = ask(&plain);
    expect_cut(&a, "a", 10);
    a = ask(&to_b);
    expect_cut(&a, "b", 10);

    break_arm("cut", 2);
    w.clock += 2 * SEC;
    a = ask(&to_c);
    expect_cut(&a, "c", 18);

    /* an operator's pin goes nowhere else */
    order("cut", WEIR_SPLIT_PIN, 2);
    a = ask(&plain);
    expect_cut(&a, "c", 18);

    /* open for long enough: one may try */
    order("cut", WEIR_SPLIT_RESUME, 0);
    w.clock += 8 * SEC;
    a = ask(&to_b);
    expect(&a, "cut", "b", WEIR_ARM_OVERRIDE);
    a = ask(&to_b);
    assert_int_equal(a.d.reason, WEIR_REASON_BREAKER);
}


/* What was rolled back stands in for nobody. */
static void
fallback_is_out(void **state)
{
    answer_t  a;

    static const ask_t  plain = { .path = "/spare" };

    (void) state;

    break_arm("spare", 0);
    a = ask(&plain);
    expect(&a, "spare", "b", WEIR_ARM_FALLBACK);

    order("spare", WEIR_SPLIT_ROLLBACK, 0);
    a = ask(&plain);
    assert_int_equal(a.d.verdict, WEIR_DENY);
    assert_int_equal(a.d.reason, WEIR_REASON_BREAKER);
}


/* What is refused has no arm. */
static void
refused(void **state)
{
    ask_t     q;
    answer_t  a;

    (void) state;

    q = (ask_t) { .path = "/cookie", .method = "DELETE" };
    a = ask(&q);
    assert_int_equal(a.d.reason, WEIR_REASON_DENY_RULE);
    assert_null(a.to.split);
    assert_int_equal(a.d.split.len + a.d.arm.len + a.d.upstream.len, 0);

    q = (ask_t) { .path = "/none" };
    a = ask(&q);
    assert_int_equal(a.d.verdict, WEIR_ALLOW);
    assert_null(a.to.split);
    assert_int_equal(a.to.why, WEIR_ARM_NONE);
    assert_true(weir_str_eq(a.d.upstream, weir_string("u")));
    assert_int_equal(a.d.split.len + a.d.arm.len, 0);

    /* by what comes behind the split: no pin, and nothing to count */
    q = (ask_t) { .path = "/told", .headers = "x-a=1" };
    a = ask(&q);
    assert_int_equal(a.d.verdict, WEIR_ALLOW);
    assert_true(a.to.new_pin);

    q.headers = "x-a=\x01";
    a = ask(&q);
    assert_int_equal(a.d.reason, WEIR_REASON_TRANSFORM);
    assert_int_equal(a.d.status, 400);
    assert_null(a.to.split);
    assert_false(a.to.new_pin);
    assert_int_equal(a.d.rule.len, 0);
}


/* Programs that are no rules are told of. */

typedef struct {
    uint32_t  progs[4];
    uint8_t   kinds[4];
    unsigned  n;
} seen_t;


static void
no_step(void *data, uint32_t prog, uint32_t pc, const weir_value_t *value)
{
    (void) data;
    (void) prog;
    (void) pc;
    (void) value;
}


static void
see(void *data, uint32_t prog, const weir_value_t *value)
{
    seen_t  *s;

    s = data;
    assert_true(s->n < 4);
    s->progs[s->n] = prog;
    s->kinds[s->n++] = value->kind;
}


static void
traced(void **state)
{
    seen_t           s;
    weir_txn_t      *txn;
    weir_trace_t     to = { .step = no_step, .data = &s, .other = see };
    weir_request_t   req;
    weir_decision_t  d;

    static const ask_t  q = { .path = "/forced" };

    (void) state;

    memset(&s, 0, sizeof(s));
    txn = begin(&q, &req);
    weir_txn_eval(txn)->trace = &to;
    assert_int_equal(weir_decide(txn, &d), WEIR_OK);

    assert_int_equal(s.n, 4);
    assert_int_equal(s.kinds[0], WEIR_T_ERR);
    assert_int_equal(s.kinds[1], WEIR_T_BOOL);
    assert_int_equal(s.kinds[2], WEIR_T_BOOL);
    assert_int_equal(s.kinds[3], WEIR_T_STRING);
    assert_int_equal(s.progs[3], split("forced")->sticky);
}


static void
names(void **state)
{
    (void) state;

    assert_string_equal(weir_arm_why_name(WEIR_ARM_COOKIE), "cookie");
    assert_string_equal(weir_arm_why_name(WEIR_ARM_WHY_COUNT), "?");
}


#define TEST(f)  cmocka_unit_test_setup_teardown(f, open_world, close_world)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(keys),
        TEST(no_key),
        TEST(no_table),
        TEST(cookies),
        TEST(forged_cookies),
        TEST(cookies_that_nobody_needs),
        TEST(overrides),
        TEST(pinned),
        TEST(rolled_back),
        TEST(ramp),
        TEST(breakers),
        TEST(fallback_is_out),
        TEST(refused),
        TEST(traced),
        TEST(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
