/*
 * decide.c: time of a decision, of a compilation and of a load as tenants and
 * routes grow.
 *
 * Policies are made in memory and go the whole way: source, image, verifier,
 * weir_decide().  Sizes are interleaved, so that noise meets all alike.
 */

#include "bench.h"
#include "run/decide.h"

#define REQUESTS  1024          /* distinct ones, in random order */
#define PASSES    20            /* over all requests, in a round */

typedef struct {
    unsigned        tenants;
    unsigned        routes;
    weir_arena_t   *arena;
    char           *policy;
    char           *ndjson;
    weir_image_t    image;
    weir_str_t      bytes;
    char          (*hosts)[64];
    char          (*paths)[64];
    double          compile;    /* seconds */
    double          load;
    double          ns[BENCH_ROUNDS];
} subject_t;

typedef struct {
    weir_ip_t  ip;
} client_t;


static void
make_source(subject_t *s)
{
    size_t    n;
    unsigned  i;

    s->policy = bench_alloc(4096 + 400 * (size_t) s->routes);
    s->ndjson = bench_alloc(64 + 96 * (size_t) s->tenants);

    n = (size_t) sprintf(s->policy,
        "weir: 1\n"
        "policy: {name: bench}\n"
        "lists: {blocked: {cidr: [192.0.2.0/24, 198.51.100.0/24]}}\n"
        "tenants:\n"
        "  resolve: [{host: \"{tenant}.shop.example\"}]\n"
        "  file: tenants.ndjson\n"
        "deny:\n"
        "  - {id: blocked, phase: connect,"
        " when: lists.blocked.contains(source.ip)}\n"
        "  - id: suspended\n"
        "    when: tenant.attrs.?state.orValue(\"ok\") == \"suspended\"\n"
        "routes:\n");

    for (i = 0; i < s->routes; i++) {
        n += (size_t) sprintf(s->policy + n,
            "  - id: r%u\n"
            "    match: {host: \"*.shop.example\","
            " path: \"/v1/s%u/{item}\", methods: [GET, POST]}\n"
            "    deny: [{id: large, when: request.content_length > 65536}]\n"
            "    allow: [{id: paying,"
            " when: 'tenant.plan in [\"pro\", \"team\"]'}]\n"
            "    upstream: u%u\n", i, i, i % 8);
    }

    n = 0;

    for (i = 0; i < s->tenants; i++) {
        n += (size_t) sprintf(s->ndjson + n,
            "{\"id\":\"t%u\",\"plan\":\"pro\",\"attrs\":{\"state\":\"ok\"}}\n",
            i);
    }
}


static void
build(subject_t *s)
{
    double  start;

    make_source(s);

    s->arena = weir_arena_create();

    if (s->arena == NULL) {
        bench_die("out of memory");
    }

    start = bench_now();
    s->bytes = bench_compile(s->arena, weir_cstr(s->policy),
                             weir_cstr(s->ndjson));
    s->compile = (bench_now() - start) / 1e9;

    start = bench_now();
    bench_open(s->arena, s->bytes, &s->image);
    s->load = (bench_now() - start) / 1e9;
}


static void
make_requests(subject_t *s)
{
    unsigned  i;

    s->hosts = bench_alloc(REQUESTS * sizeof(*s->hosts));
    s->paths = bench_alloc(REQUESTS * sizeof(*s->paths));

    for (i = 0; i < REQUESTS; i++) {
        sprintf(s->hosts[i], "t%u.shop.example",
                (unsigned) rand() % s->tenants);
        sprintf(s->paths[i], "/v1/s%u/item-%u", (unsigned) rand() % s->routes,
                i);
    }
}


static void
host_attr(void *host, unsigned attr, weir_value_t *out)
{
    client_t  *c;

    c = host;

    if (attr == WEIR_A_SOURCE_IP) {
        *out = (weir_value_t) { .kind = WEIR_T_IP, .u.ip = &c->ip };

    } else if (weir_attrs[attr].kind == WEIR_T_INT) {
        *out = weir_v_int(0);

    } else {
        *out = weir_v_str(weir_string("GET"));
    }
}


static weir_rc_t
host_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    (void) host;
    (void) attr;
    (void) key;
    (void) out;

    return WEIR_DECLINED;
}


static void
host_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) host;
    (void) attr;
    (void) i;

    *key = weir_v_str(weir_string(""));
    *value = *key;
}


/* Nanoseconds of one decision. */
static double
measure(const subject_t *s, void *mem)
{
    double            start;
    client_t          client;
    unsigned          pass, i;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d;

    static const weir_host_t  ops = { host_attr, host_get, host_at };

    memset(&req, 0, sizeof(req));
    weir_ip_parse(weir_string("127.0.0.1"), &client.ip);

    req.method = weir_string("GET");
    req.source = client.ip;
    req.peer = client.ip;
    req.host_ops = &ops;
    req.host_data = &client;

    start = bench_now();

    for (pass = 0; pass < PASSES; pass++) {

        for (i = 0; i < REQUESTS; i++) {
            req.host = weir_cstr(s->hosts[i]);
            req.path = weir_cstr(s->paths[i]);

            txn = weir_txn_init(mem, &s->image, &req);

            if (weir_decide(txn, &d) != WEIR_OK || d.verdict != WEIR_ALLOW) {
                bench_die("a request that must be allowed is not");
            }
        }
    }

    return (bench_now() - start) / PASSES / REQUESTS;
}


static void
print(const char *name, double *ns, const char *unit, const char *aim)
{
    bench_print(name, ns, BENCH_ROUNDS, unit, aim);
}


static void
print_one(const char *name, double v, const char *unit, const char *aim)
{
    bench_print(name, &v, 1, unit, aim);
}


/* The ratio of each round, so that noise of the machine cancels. */
static void
print_growth(const char *name, const subject_t *small, const subject_t *large)
{
    int     i;
    double  ratio[BENCH_ROUNDS];

    for (i = 0; i < BENCH_ROUNDS; i++) {
        ratio[i] = large->ns[i] / small->ns[i];
    }

    print(name, ratio, "ratio", "< 1.3");
}


int
main(void)
{
    int              round;
    char             name[64];
    void            *mem;
    size_t           i, size;
    weir_request_t   longest;

    static subject_t  subjects[] = {
        { .tenants = 10, .routes = 10 },
        { .tenants = 1000, .routes = 10 },
        { .tenants = 100000, .routes = 10 },
        { .tenants = 10, .routes = 1000 },
        { .tenants = 100000, .routes = 1000 },
    };

    enum { N = sizeof(subjects) / sizeof(subjects[0]) };

    size = 0;
    memset(&longest, 0, sizeof(longest));
    srand(1);

    for (i = 0; i < N; i++) {
        build(&subjects[i]);
        make_requests(&subjects[i]);

        longest.path.len = sizeof(*subjects[i].paths);

        if (weir_txn_size(&subjects[i].image, &longest) > size) {
            size = weir_txn_size(&subjects[i].image, &longest);
        }
    }

    mem = bench_alloc(size);

    for (round = 0; round < BENCH_ROUNDS; round++) {

        for (i = 0; i < N; i++) {
            subjects[i].ns[round] = measure(&subjects[i], mem);
        }
    }

    print_growth("decide_growth_1000_tenants", &subjects[0], &subjects[1]);
    print_growth("decide_growth_100000_tenants", &subjects[0], &subjects[2]);
    print_growth("decide_growth_1000_routes", &subjects[0], &subjects[3]);
    print_growth("decide_growth_both", &subjects[0], &subjects[4]);

    for (i = 0; i < N; i++) {
        sprintf(name, "decide_%u_tenants_%u_routes", subjects[i].tenants,
                subjects[i].routes);
        print(name, subjects[i].ns, "ns", "< 1000");
    }

    print_one("compile_100000_tenants", subjects[2].compile, "s", "< 2");
    print_one("verify_100000_tenants", subjects[2].load * 1e3, "ms", "< 1000");
    print_one("image_100000_tenants", (double) subjects[2].bytes.len / 1048576,
              "MiB", "< 64");

    return 0;
}
