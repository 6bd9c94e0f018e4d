/*
 * limit_fixture.h: a server that counts, a store that answers when it is told
 * to, and requests of a policy full of limits.
 */

#ifndef WEIR_TEST_LIMIT_FIXTURE_H
#define WEIR_TEST_LIMIT_FIXTURE_H

#include "ask.h"
#include "base/hash.h"
#include "run/decide_hold.h"

/* Before each of these another request may do anything. */
static inline void step(void);

#define weir_limit_check(t, take, left)                                       \
    (step(), weir_limit_check(t, take, left))
#define weir_limit_take(t, take, left)                                        \
    (step(), weir_limit_take(t, take, left))
#define weir_limit_give(t, take)                                              \
    (step(), weir_limit_give(t, take))
#define weir_flight_take(t, take, left, flight)                               \
    (step(), weir_flight_take(t, take, left, flight))
#define weir_lease_check(t, take, left)                                       \
    (step(), weir_lease_check(t, take, left))
#define weir_lease_take(t, take, nodes, left, ask)                            \
    (step(), weir_lease_take(t, take, nodes, left, ask))

#include "run/decide_hold.c"

#undef weir_limit_check

#define N_OF(a)     (sizeof(a) / sizeof((a)[0]))
#define SECOND      ((int64_t) NANOSECONDS)
#define HOUR        (3600 * SECOND)
#define TABLE_SIZE  (256 * 1024)
#define START       (1700000000 * SECOND)   /* 22:13:20: an hour lasts 2800 s,
                                               a day 6400 s */
#define CLOCK       (HOUR * 100 + 1000 * SECOND)
#define MOST_CALLS  32

static const char  limits_yaml[] =
    "weir: 1\n"
    "policy: {name: t}\n"
    "limits:\n"
    "  a: {key: [source.ip], rate: 10/h, algorithm: fixed_window}\n"
    "  b: {key: [source.ip, 'true', '1', '2u'], rate: 20/h,"
    " algorithm: fixed_window}\n"
    "  c: {key: ['request.headers[\"x-k\"]'], rate: 2/h,"
    " algorithm: fixed_window, message: slow down, status: 420}\n"
    "  roll: {key: [request.method], rate: 4/h, algorithm: sliding_window}\n"
    "  drip: {key: [request.method], rate: 60/m, burst: 3}\n"
    "  pre: {key: [source.ip], rate: 2/h, algorithm: fixed_window,"
    " phase: preauth}\n"
    "  fly: {key: [source.ip], concurrency: 1}\n"
    "  fly-pre: {key: [source.ip], concurrency: 2, phase: preauth}\n"
    "  cost: {key: [source.ip], rate: 10/h, algorithm: fixed_window,"
    " cost: 'int(request.headers[\"x-cost\"])'}\n"
    "  dry: {key: [source.ip], rate: 1/h, algorithm: fixed_window,"
    " dry_run: true}\n"
    "  dry-key: {key: ['request.headers[\"x-none\"]'], rate: 1/h,"
    " dry_run: true}\n"
    "  lax: {key: [source.ip], rate: 1/h, on_full: allow}\n"
    "  day: {key: [source.ip], quota: {day: 2}, overage: 50%}\n"
    "  cl: {key: [source.ip], rate: 4/h, algorithm: fixed_window,"
    " scope: cluster, lease: 1}\n"
    "  cl-two: {key: [request.method], rate: 10/h,"
    " algorithm: fixed_window, scope: cluster, lease: 2}\n"
    "  cl-many: {key: [source.ip], rate: 9000/h, algorithm: fixed_window,"
    " scope: cluster}\n"
    "  cl-allow: {key: [source.ip], rate: 4/h, algorithm: fixed_window,"
    " scope: cluster, lease: 1, on_store_failure: allow}\n"
    "  cl-deny: {key: [source.ip], rate: 4/h, algorithm: fixed_window,"
    " scope: cluster, lease: 1, on_store_failure: deny}\n"
    "  cl-dry: {key: [source.ip], rate: 4/h, algorithm: fixed_window,"
    " scope: cluster, lease: 1, on_store_failure: deny, dry_run: true}\n"
    "  size: {key: [source.ip], rate: 100/h, algorithm: fixed_window,"
    " charge: response, cost: response.size, default_cost: 7}\n"
    "  size-pre: {key: [source.ip], rate: 100/h, algorithm: fixed_window,"
    " charge: response, cost: response.size, phase: preauth}\n"
    "  size-cl: {key: [source.ip], rate: 100/h, algorithm: fixed_window,"
    " scope: cluster, lease: 1, charge: response, cost: response.size}\n"
    "  size-dry: {key: [source.ip], rate: 100/h, algorithm: fixed_window,"
    " dry_run: true, charge: response,"
    " cost: 'int(response.headers[\"x-tokens\"])', default_cost: 9}\n"
    "plans:\n"
    "  pro: {quota: {day: 2}, concurrency: 2}\n"
    "tenants:\n"
    "  resolve: [{host: \"{tenant}.example\"}]\n"
    "  list:\n"
    "    acme: {plan: pro}\n"
    "    other: {plan: pro}\n"
    "    small: {}\n"
    "deny: [{id: nix, when: 'request.method == \"DELETE\"'}]\n"
    "allow: [{id: may, when: 'request.method != \"PUT\"'}]\n"
    "routes:\n"
    "  - {id: none, match: {path: /none}}\n"
    "  - {id: abc, match: {path: /abc}, limits: [a, b, c], upstream: up}\n"
    "  - {id: a, match: {path: /a}, limits: [a]}\n"
    "  - {id: c, match: {path: /c}, limits: [c]}\n"
    "  - {id: time, match: {path: /time}, limits: [drip, roll]}\n"
    "  - {id: pre, match: {path: /pre}, limits: [a, pre, fly-pre]}\n"
    "  - {id: pre-c, match: {path: /pre-c}, limits: [pre, c]}\n"
    "  - {id: fly, match: {path: /fly}, limits: [fly, c]}\n"
    "  - {id: cost, match: {path: /cost}, limits: [cost]}\n"
    "  - {id: costs, match: {path: /costs}, limits: [a, cost]}\n"
    "  - {id: dry, match: {path: /dry}, limits: [dry, dry-key, a]}\n"
    "  - {id: lax, match: {path: /lax}, limits: [lax]}\n"
    "  - {id: day, match: {path: /day}, limits: [day]}\n"
    "  - {id: cl, match: {path: /cl}, limits: [cl]}\n"
    "  - {id: cls, match: {path: /cls}, limits: [a, cl, cl-two, fly]}\n"
    "  - {id: cl-many, match: {path: /cl-many}, limits: [cl-many]}\n"
    "  - {id: cl-two, match: {path: /cl-two}, limits: [cl-two]}\n"
    "  - {id: cl-pair, match: {path: /cl-pair}, limits: [cl, cl-two]}\n"
    "  - {id: cl-c, match: {path: /cl-c}, limits: [cl, c]}\n"
    "  - {id: cl-allow, match: {path: /cl-allow}, limits: [a, cl-allow]}\n"
    "  - {id: cl-deny, match: {path: /cl-deny}, limits: [a, cl-deny]}\n"
    "  - {id: cl-dry, match: {path: /cl-dry}, limits: [cl-dry]}\n"
    "  - {id: size, match: {path: /size}, limits: [size, size-dry]}\n"
    "  - {id: size-c, match: {path: /size-c}, limits: [size, size-pre, c]}\n"
    "  - {id: size-cl, match: {path: /size-cl}, limits: [size-cl]}\n"
    "  - {id: public, match: {path: /public}, public: true, limits: [a]}\n";

typedef enum {
    STORE_NONE,                 /* there is no store */
    STORE_NOW,                  /* answers at once */
    STORE_LATE,                 /* when it is told to */
    STORE_REFUSES,              /* cannot be asked */
    STORE_TIMELESS              /* its clock is not known */
} store_mode_t;

typedef struct {
    weir_ask_t    ask;
    weir_hold_t  *hold;
} call_t;

typedef struct {
    weir_limit_key_t  key;
    uint64_t          window;
    int64_t           total;
} count_t;

/* The server, and the store. */
typedef struct {
    weir_limits_t   *table;
    void            *mem;
    const char      *tenant;    /* of the certificate; NULL: there is none */
    int64_t          clock;
    int64_t          wall;
    int64_t          size;      /* of the response */
    uint32_t         nodes;
    store_mode_t     mode;
    unsigned         asked;     /* calls, and those for which nobody waits */
    unsigned         ahead;
    uint64_t         owed;
    call_t           calls[MOST_CALLS];     /* not answered */
    unsigned         ncalls;
    count_t          counts[MOST_CALLS];
    unsigned         ncounts;
} host_t;

typedef struct {
    ask_t            ask;
    weir_request_t   req;
    weir_decision_t  d;
    weir_txn_t      *txn;
} run_t;

static host_t  server;
static void  (*meanwhile)(void);
static int     steps;           /* until it is called */


static inline void
step(void)
{
    void  (*call)(void);

    if (meanwhile != NULL && steps-- == 0) {
        call = meanwhile;
        meanwhile = NULL;
        call();
    }
}


/* The server */

static inline weir_limits_t *
host_table(void *host)
{
    (void) host;

    return server.table;
}


static inline int64_t
host_clock(void *host)
{
    (void) host;

    return server.clock;
}


static inline int64_t
host_wall(void *host)
{
    (void) host;

    return server.wall;
}


static inline uint32_t
host_worker(void *host)
{
    (void) host;

    return 3;
}


static inline weir_rc_t
host_store_clock(void *host, int64_t *now)
{
    (void) host;

    if (server.mode == STORE_TIMELESS) {
        return WEIR_DECLINED;
    }

    *now = server.wall;

    return WEIR_OK;
}


static inline uint32_t
host_nodes(void *host)
{
    (void) host;

    return server.nodes;
}


static inline int64_t *
total_of(const weir_take_t *take)
{
    unsigned   i;
    count_t   *c;

    for (i = 0; i < server.ncounts; i++) {
        c = &server.counts[i];

        if (memcmp(&c->key, &take->key, sizeof(c->key)) == 0
            && c->window == take->window.number)
        {
            return &c->total;
        }
    }

    assert_true(server.ncounts < MOST_CALLS);
    c = &server.counts[server.ncounts++];
    c->key = take->key;
    c->window = take->window.number;
    c->total = 0;

    return &c->total;
}


static inline void
answer(weir_ask_t *ask, weir_hold_t *hold, bool failed)
{
    int64_t  *total;

    if (failed) {
        weir_lease_failed(server.table, ask);

    } else {
        total = total_of(&ask->take);
        *total += (int64_t) ask->units;
        *total -= (int64_t) weir_lease_answer(server.table, ask, *total, 0,
                                              server.wall);
    }

    if (hold != NULL) {
        hold->asked = failed ? WEIR_ASK_FAILED : WEIR_ASK_ANSWERED;
    }
}


static inline weir_rc_t
host_ask(void *host, const weir_ask_t *ask, weir_hold_t *hold)
{
    call_t  *call;

    (void) host;

    assert_int_not_equal(ask->units, 0);
    server.asked++;
    server.ahead += hold == NULL;

    if (server.mode == STORE_REFUSES) {
        return WEIR_DECLINED;
    }

    assert_true(server.ncalls < MOST_CALLS);
    call = &server.calls[server.ncalls];
    call->ask = *ask;
    call->hold = hold;

    if (server.mode == STORE_NOW) {
        answer(&call->ask, hold, false);

    } else {
        assert_true(hold == NULL || hold->asked == WEIR_ASK_WAITS);
        server.ncalls++;
    }

    return WEIR_OK;
}


static inline void
host_owe(void *host, const weir_ask_t *ask)
{
    (void) host;

    server.owed += ask->units;
    *total_of(&ask->take) += (int64_t) ask->units;
}


static inline void
answer_calls(bool failed)
{
    unsigned  i;

    for (i = 0; i < server.ncalls; i++) {
        answer(&server.calls[i].ask, server.calls[i].hold, failed);
    }

    server.ncalls = 0;
}


static inline void
host_attr(void *host, unsigned attr, weir_value_t *out)
{
    if (attr == WEIR_A_RESPONSE_SIZE) {
        *out = weir_v_int(server.size);
        return;
    }

    if (attr == WEIR_A_RESPONSE_HEADERS) {
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .u.attr = attr };
        return;
    }

    ask_attr(host, attr, out);
}


static inline void *
host_alloc(void *host, size_t n)
{
    (void) host;
    (void) n;

    return NULL;
}


static inline int64_t
host_now(void *host)
{
    (void) host;

    return server.wall / SECOND;
}


static inline weir_str_t
host_header(void *host, weir_str_t name, unsigned nth)
{
    (void) host;
    (void) name;
    (void) nth;

    return weir_str(NULL, 0);
}


static inline weir_rc_t
host_given(void *host, const weir_img_method_t *method, weir_principal_t *out)
{
    (void) host;

    if (server.tenant == NULL) {
        return WEIR_DECLINED;
    }

    memset(out, 0, sizeof(weir_principal_t));
    out->by = (weir_by_t) method->by;
    out->sub = weir_string("ann");
    out->tenant = weir_cstr(server.tenant);
    out->iss = out->acr = out->apikey = weir_string("");
    out->roles.kind = out->amr.kind = out->scopes.kind = WEIR_T_LIST;
    out->claims.kind = WEIR_T_MAP;
    out->auth_time = WEIR_NO_TIME;
    out->issuer = WEIR_NONE;

    return WEIR_OK;
}


static const weir_host_t  host_ops = { host_attr, ask_get, ask_at };

static const weir_identity_t  identity = {
    .alloc = host_alloc, .now = host_now, .header = host_header,
    .given = host_given
};

static const weir_limiter_t  with_store = {
    host_table, host_clock, host_wall, host_worker, host_store_clock,
    host_nodes, host_ask, host_owe
};

static const weir_limiter_t  without_store = {
    .table = host_table, .clock = host_clock, .wall = host_wall,
    .worker = host_worker
};


/* Fixtures */

static policy_t   policy;
static policy_t  *asked;        /* the policy that requests are for */


static inline int
load(void **state)
{
    (void) state;

    policy_open(&policy, limits_yaml);

    return 0;
}


static inline int
unload(void **state)
{
    (void) state;

    policy_close(&policy);

    return 0;
}


/* An empty table, a store that knows nothing. */
static inline int
reset(void **state)
{
    (void) state;

    memset(&server, 0, sizeof(server));
    assert_int_equal(posix_memalign(&server.mem, 64, TABLE_SIZE), 0);
    memset(server.mem, 0, TABLE_SIZE);
    server.table = weir_limits_init(server.mem, TABLE_SIZE);
    assert_non_null(server.table);
    server.clock = CLOCK;
    server.wall = START;
    server.nodes = 1;
    meanwhile = NULL;
    asked = &policy;

    return 0;
}


static inline int
drop(void **state)
{
    (void) state;

    free(server.mem);

    return 0;
}


static inline void
begin(run_t *r, const ask_t *a)
{
    void    *mem;
    size_t   size;

    memset(r, 0, sizeof(run_t));
    r->ask = *a;
    ask_request(&r->ask, &r->req);
    r->req.host_ops = &host_ops;
    r->req.identity = &identity;
    r->req.limiter = server.mode == STORE_NONE ? &without_store : &with_store;

    size = weir_txn_size(&asked->image, &r->req);
    assert_int_equal(posix_memalign(&mem, 16, size), 0);
    memset(mem, 0xa5, size);
    r->txn = weir_txn_init(mem, &asked->image, &r->req);
}


/* As the server does when a request is over. */
static inline void
end(run_t *r)
{
    uint32_t      i, n;
    weir_hold_t  *h;

    weir_txn_charge(r->txn);
    h = weir_txn_limits(r->txn, &n);

    for (i = 0; i < n; i++) {
        weir_flight_give(server.table, &h[i].flight, h[i].take.worker);
    }

    free(r->txn);
}


static inline weir_hold_t *
hold(const run_t *r, uint32_t i)
{
    uint32_t      n;
    weir_hold_t  *h;

    h = weir_txn_limits(r->txn, &n);
    assert_true(i < n);

    return &h[i];
}


/* What the key of a hold has left now. */
static inline uint64_t
left(const run_t *r, uint32_t i)
{
    weir_take_t  take;
    weir_left_t  l;

    take = hold(r, i)->take;
    take.cost = 0;

    if (take.limit->kind == WEIR_LIMIT_CONCURRENCY) {
        (void) weir_flight_check(server.table, &take, &l);

    } else {
        (void) weir_limit_check(server.table, &take, &l);
    }

    return l.left;
}


static inline uint32_t
nholds(const run_t *r)
{
    uint32_t  n;

    (void) weir_txn_limits(r->txn, &n);

    return n;
}


/* What came of it: "allowed", or "status reason limit retry". */
static inline const char *
came(run_t *r)
{
    static char  text[100];

    if (weir_decide(r->txn, &r->d) == WEIR_AGAIN) {
        return "waits";
    }

    if (r->d.verdict == WEIR_ALLOW) {
        assert_int_equal(r->d.status, 0);
        assert_int_equal(r->d.retry_after, 0);
        return weir_reason_name(r->d.reason);
    }

    snprintf(text, sizeof(text), "%u %s %.*s %u", r->d.status,
             weir_reason_name(r->d.reason), WEIR_STR(r->d.limit),
             r->d.retry_after);

    return text;
}


#define expect(r, text)  assert_string_equal(came(r), text)


/* One request from begin to end. */
static inline void
once(const ask_t *a, const char *text)
{
    run_t  r;

    begin(&r, a);
    expect(&r, text);
    end(&r);
}


static inline void
times(unsigned n, const ask_t *a, const char *text)
{
    while (n-- != 0) {
        once(a, text);
    }
}


/* Other keys take every cell of the table. */
static inline void
crowd(void)
{
    run_t        r;
    unsigned     i;
    weir_left_t  l;
    weir_take_t  take;

    begin(&r, &(ask_t) { .path = "/a" });
    expect(&r, "allowed");
    take = hold(&r, 0)->take;
    end(&r);

    for (i = 0; i < TABLE_SIZE / 16; i++) {
        take.key.w[0] = weir_hash(weir_str((char *) &i, sizeof(i)), 1);
        take.key.w[1] = weir_hash(weir_str((char *) &i, sizeof(i)), 2);
        (void) weir_limit_take(server.table, &take, &l);
    }
}


static inline bool
is_limit(const run_t *r, const char *name)
{
    return weir_str_eq(r->d.limit, weir_cstr(name));
}


static run_t  rival;


static inline void
run_rival(void)
{
    (void) came(&rival);
}

#endif
