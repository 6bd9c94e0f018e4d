/*
 * fuzz_decide.c: small policies out of any bytes (model.h), written as YAML,
 * compiled, verified, and asked; a reference must come to the same decisions.
 *
 * Policies that were compiled are kept for the inputs that differ in what
 * they ask alone: of ten inputs one is compiled, which takes longest.
 *
 * Where the compiler reports a tie, the request that it shows ties; where it
 * reports none, no request does.
 */

#define _GNU_SOURCE

#include <stdarg.h>
#include <stdio.h>
#include "test/fuzz/model.h"
#include "test/fuzz/policy.h"

#define PARTS_ASKS  12
#define PARTS_ASK   11
#define PARTS_RARE  16

#include "test/fuzz/parts.h"

#define MAX_LEN   360           /* of an input, for tools/fuzz */
#define MAX_TEXT  32768
#define MAX_TIES  6

/* A policy that was compiled. */
typedef struct {
    model_t        model;
    bool           good;        /* ties were got rid of */
    parts_image_t  image;
} kept_t;

typedef struct {
    model_t  *model;
    bytes_t   in;
    char      text[MAX_TEXT];
    size_t    len;
} run_t;

/* one at a time; and what all came to */
static run_t          run;
static weir_limits_t *table;
static weir_splits_t *splits;
static counts_t       counts;
static room_t         room;
static unsigned long  compiled, ties_told, reasons[WEIR_REASON_COUNT];


static void
fail(const char *why)
{
    fprintf(stderr, "%s\n%.*s\n", why, (int) run.len, run.text);
    abort();
}


static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *fmt, ...)
{
    int      n;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(run.text + run.len, MAX_TEXT - run.len, fmt, args);
    va_end(args);

    must(n >= 0 && (size_t) n < MAX_TEXT - run.len);
    run.len += (size_t) n;
}


static unsigned
any(unsigned n)
{
    return take_byte(&run.in) % n;
}


/* The model */

static when_t
make_when(unsigned n)
{
    when_t  w;

    w.join = " &|!"[any(4)];
    w.a = any(n);
    w.b = any(n);

    return w;
}


static void
make_layer(layer_t *layer, bool deny, bool global)
{
    unsigned   i, c;
    rule_t    *r;

    layer->n = any(8) < 4 ? 0 : any(MODEL_RULES + 1);

    for (i = 0; i < layer->n; i++) {
        r = &layer->rules[i];
        c = take_byte(&run.in);
        r->connect = deny && global && c % 4 == 3;
        r->dry_run = deny && c / 4 % 8 == 7;
        r->message = deny && c & 32;
        r->status = deny && c & 64 ? 402 : 0;
        r->when = make_when(r->connect ? EARLY : MODEL_OF(conditions));
    }
}


static void
make_route(route_t *r)
{
    unsigned  i, c;

    c = take_byte(&run.in);
    r->rest = c % 4 == 3;
    r->public = c / 4 % 4 == 3;
    r->nsegments = c / 16 % MODEL_SEGMENTS;

    if (r->nsegments == 0 && !r->rest) {
        r->nsegments = 1;
    }

    for (i = 0; i < r->nsegments; i++) {
        c = take_byte(&run.in);
        r->segments[i].kind = (seg_kind_t) (c % 3);
        r->segments[i].of = c / 3 % (r->segments[i].kind == SEG_LITERAL
                                     ? MODEL_OF(literals)
                                     : MODEL_OF(patterns));
    }

    r->host = any(MODEL_OF(hosts));
    c = take_byte(&run.in);
    r->methods = c % 2 ? c / 2 % 16 : 0;
    r->header[0] = c / 32 % 2 ? any(MODEL_OF(tests)) : 0;
    r->header[1] = c / 64 % 2 ? any(MODEL_OF(tests)) : 0;
    c = take_byte(&run.in);
    r->limits = c % 2 ? c / 2 % (1u << MODEL_LIMITS) : 0;
    c = take_byte(&run.in);
    r->split = c % 2;
    r->cors = c & 2;
    r->tells = (c & 12) == 12;
    r->path = (c & 48) == 48;
    make_layer(&r->deny, true, false);

    if (!r->public) {
        make_layer(&r->allow, false, false);
    }
}


static void
make_split(split_t *s)
{
    unsigned  i, c;

    s->weights[1] = any(101) * 50;
    s->weights[2] = any(101) * 50;
    s->weights[0] = WEIR_BUCKETS - s->weights[1] - s->weights[2];
    s->n = any(MODEL_OVERRIDES + 1);

    for (i = 0; i < s->n; i++) {
        c = take_byte(&run.in);
        s->overrides[i].header = c & 4;
        s->overrides[i].arm = c % 4 % MODEL_ARMS;
        s->overrides[i].when = make_when(MODEL_OF(conditions));
    }
}


static void
make_model(model_t *m)
{
    unsigned   i, c;
    tenant_t  *t;

    memset(m, 0, sizeof(model_t));
    m->unmatched = any(2) ? 421 : 404;
    m->unknown = any(2) ? 400 : 404;
    make_layer(&m->deny, true, true);
    make_layer(&m->allow, false, true);
    m->ntenants = any(MODEL_TENANTS + 1);
    m->nresolves = any(MODEL_RESOLVES + 1);

    for (i = 0; i < m->ntenants; i++) {
        t = &m->tenants[i];
        c = take_byte(&run.in);
        t->plan = c % 2;
        t->attr = c & 2;
        t->host = c & 4;
        make_layer(&t->deny, true, false);
        make_layer(&t->allow, false, false);
    }

    for (i = 0; i < m->nresolves; i++) {
        m->resolves[i] = (resolve_t) any(3);
    }

    m->nroutes = 1 + any(MODEL_ROUTES);

    for (i = 0; i < m->nroutes; i++) {
        make_route(&m->routes[i]);
        m->splits |= m->routes[i].split;
    }

    c = take_byte(&run.in);
    m->cors = c % 2;
    m->npauses = c / 2 % 4 == 3 ? 1 + c / 8 % MODEL_PAUSES : 0;

    for (i = 0; i < m->npauses; i++) {
        m->pauses[i] = make_when(MODEL_OF(conditions));
    }

    for (i = 0; i < m->nroutes; i++) {
        m->routes[i].cors = m->cors && m->routes[i].cors;
    }

    if (m->splits) {
        make_split(&m->split);
    }
}


/* Its text */

static void
write_when(const when_t *w)
{
    const char  *a, *b;

    a = conditions[w->a];
    b = conditions[w->b];
    say("when: \"");

    switch (w->join) {
    case ' ':  say("%s", a);                    break;
    case '!':  say("!(%s)", a);                 break;
    case '&':  say("(%s) && (%s)", a, b);       break;
    default:   say("(%s) || (%s)", a, b);
    }

    say("\"");
}


static void
write_layer(const layer_t *layer, const char *key, const char *name)
{
    unsigned       i;
    const rule_t  *r;

    if (layer->n == 0) {
        return;
    }

    say("%s: [", key);

    for (i = 0; i < layer->n; i++) {
        r = &layer->rules[i];
        say("%s{id: %s%u, ", i ? ", " : "", name, i);
        write_when(&r->when);

        if (r->status) {
            say(", status: %u", r->status);
        }

        say("%s%s%s}", r->connect ? ", phase: connect" : "",
            r->dry_run ? ", dry_run: true" : "",
            r->message ? ", message: told" : "");
    }

    say("]");
}


static void
write_path(const route_t *r)
{
    unsigned      i;
    const seg_t  *s;

    for (i = 0; i < r->nsegments; i++) {
        s = &r->segments[i];

        switch (s->kind) {
        case SEG_LITERAL:  say("/%s", literals[s->of]);             break;
        case SEG_PATTERN:  say("/{p%u:%s}", i, patterns[s->of]);    break;
        default:           say("/{p%u}", i);
        }
    }

    say("%s", r->rest ? "/**" : "");
}


static void
write_tests(const route_t *r)
{
    unsigned     i;
    const char  *sep;

    if (r->header[0] == 0 && r->header[1] == 0) {
        return;
    }

    say(", headers: [");
    sep = "";

    for (i = 0; i < 2; i++) {
        if (r->header[i]) {
            say("%s{name: %s, %s: %s}", sep, i ? "\"y\"" : "x",
                tests[r->header[i]][0], tests[r->header[i]][1]);
            sep = ", ";
        }
    }

    say("]");
}


static void
write_route(const route_t *r, unsigned number)
{
    unsigned     i;
    const char  *sep;

    say("  - id: r%u\n", number);

    if (r->split) {
        say("    split: s\n");

    } else {
        say("    upstream: u%u\n", number);
    }

    if (r->tells || r->path) {
        say("    transform: {request: {%s%s%s}}\n",
            r->tells ? "set: {x-told: '${request.headers.x}'}" : "",
            r->tells && r->path ? ", " : "",
            r->path ? "path: '/n/${request.headers[\"y\"]}'" : "");
    }

    say("%s    match: {path: \"", r->cors ? "    cors: c\n" : "");
    write_path(r);
    say("\"");

    if (r->host) {
        say(", host: \"%s\"", hosts[r->host]);
    }

    if (r->methods) {
        say(", methods: [");

        for (i = 0, sep = ""; i < MODEL_OF(methods); i++) {
            if (r->methods >> i & 1) {
                say("%s%s", sep, methods[i]);
                sep = ", ";
            }
        }

        say("]");
    }

    write_tests(r);
    say("}\n%s    limits: [", r->public ? "    public: true\n" : "");

    for (i = 0, sep = ""; i < MODEL_LIMITS; i++) {
        if (r->limits >> i & 1) {
            say("%sl%u", sep, i);
            sep = ", ";
        }
    }

    say("]\n");
    write_layer(&r->deny, "    deny", "rd");
    say("\n");
    write_layer(&r->allow, "    allow", "ra");
    say("\n");
}


static void
write_tenants(const model_t *m)
{
    unsigned         i;
    const tenant_t  *t;

    static const char *const  resolves[] = {
        "{host: \"{tenant}.sh.ex\"}",
        "{header: x-tenant, trust: [lists.net]}",
        "{path: \"/a/{tenant}/**\"}"
    };

    if (m->ntenants == 0 && m->nresolves == 0) {
        return;
    }

    say("tenants:\n");

    for (i = 0; i < m->nresolves; i++) {
        say("%s    - %s\n", i ? "" : "  resolve:\n", resolves[m->resolves[i]]);
    }

    for (i = 0; i < m->ntenants; i++) {
        t = &m->tenants[i];
        say("%s    t%u:\n      plan: %s\n", i ? "" : "  list:\n", i,
            t->plan ? "pro" : "free");
        say("%s", t->attr ? "      attrs: {k: 1}\n" : "");

        if (t->host) {
            say("      hosts: [t%u.ex]\n", i);
        }

        write_layer(&t->deny, "      deny", "td");
        say("\n");
        write_layer(&t->allow, "      allow", "ta");
        say("\n");
    }
}


static void
write_limits(void)
{
    unsigned  i;

    say("plans: {pro: {quota: {day: %u}, concurrency: 1}, free: "
        "{concurrency: 1}}\nlimits:\n", limits[MODEL_LIMITS].limit);

    for (i = 0; i < MODEL_LIMITS; i++) {
        say("  l%u: {key: [%s], cost: \"%s\", rate: %u/h, algorithm: "
            "fixed_window, phase: %s, dry_run: %s}\n", i, limits[i].key,
            limits[i].cost, limits[i].limit,
            limits[i].preauth ? "preauth" : "access",
            limits[i].dry ? "true" : "false");
    }
}


static void
write_split(const split_t *s)
{
    unsigned  i;

    static const char *const  breakers[] = {
        "", ", breaker: {failures: 1, fallback: a2}", ", breaker: {failures: 1}"
    };

    say("splits:\n  s:\n    sticky: \"request.headers.?x.orValue('')\"\n"
        "    guard: {arm: a1, versus: a0, window: 9s, error_rate: 1%%}\n"
        "    arms:\n");

    for (i = 0; i < MODEL_ARMS; i++) {
        say("      a%u: {weight: \"%u.%02u%%\", upstream: v%u%s}\n", i,
            s->weights[i] / 100, s->weights[i] % 100, i, breakers[i]);
    }

    say("    override: [");

    for (i = 0; i < s->n; i++) {
        say("%s{%s", i ? ", " : "",
            s->overrides[i].header ? "header: \"y\", equals: \"1\", " : "");
        write_when(&s->overrides[i].when);
        say(", use: a%u}", s->overrides[i].arm);
    }

    say("]\n");
}


static void
write_pauses(const model_t *m)
{
    unsigned  i;

    for (i = 0; i < m->npauses; i++) {
        say("%s  - {id: m%u, ", i ? "" : "maintenance:\n", i);
        write_when(&m->pauses[i]);
        say("}\n");
    }
}


static void
write_model(const model_t *m)
{
    unsigned  i;

    run.len = 0;
    say("weir: 1\npolicy: {name: f}\nsettings: {unmatched: %u, "
        "unknown_tenant: %u}\n", m->unmatched, m->unknown);
    say("lists:\n  net: {cidr: [10.0.0.0/8]}\n"
        "vars:\n  get: \"request.method == 'GET'\"\n"
        "  k: \"tenant.attrs.k == 1\"\n");
    write_limits();
    write_tenants(m);
    write_pauses(m);

    if (m->cors) {
        say("cors: {c: {origins: [\"https://o.ex\"]}}\n");
    }

    if (m->splits) {
        write_split(&m->split);
    }

    write_layer(&m->deny, "deny", "d");
    say("\n");
    write_layer(&m->allow, "allow", "a");
    say("\nroutes:\n");

    for (i = 0; i < m->nroutes; i++) {
        if (!m->routes[i].gone) {
            write_route(&m->routes[i], i);
        }
    }
}


/* Ties */

/* A text up to any of the ends, as its own string in buf. */
static const char *
cut(const char **p, const char *ends, char *buf, size_t size)
{
    size_t  n;

    n = strcspn(*p, ends);
    must(n < size);
    memcpy(buf, *p, n);
    buf[n] = '\0';
    *p += n;

    return buf;
}


/*
 * The request of "... both match GET http://host/a/b with x: 1, y: 2", whose
 * parts go to bufs.
 */
static void
read_witness(const char *p, ask_t *q, char bufs[8][64])
{
    unsigned   i;
    const char **value;

    memset(q, 0, sizeof(ask_t));
    p = strstr(p, "both match ");
    must(p != NULL);
    p += strlen("both match ");
    q->method = cut(&p, " ", bufs[0], 64);
    p += strlen(" http://");
    q->host = cut(&p, "/", bufs[1], 64);

    for (i = 2; *p == '/' && q->nsegments < MODEL_SEGMENTS; i++) {
        p++;
        q->segments[q->nsegments++] = cut(&p, "/ ", bufs[i], 64);
    }

    if (strncmp(p, " with ", 6) != 0) {
        return;
    }

    for (p += 6; *p != '\0'; i++) {
        value = *p == 'x' ? &q->x : &q->y;
        p += 3;
        *value = cut(&p, ",", bufs[i], 64);
        p += *p == ',' ? 2 : 0;
    }
}


/* The later route of a pair that the compiler says ties. */
static unsigned
check_tie(const weir_diag_t *d)
{
    char         bufs[8][64], text[512], keys[2][16];
    ask_t        q;
    unsigned     a, b;
    const char  *other;

    a = b = 0;
    must(d->text.len < sizeof(text));
    memcpy(text, d->text.data, d->text.len);
    text[d->text.len] = '\0';
    must(sscanf(text, "route \"r%u\"", &b) == 1);
    other = strstr(text, "with route \"r");
    must(other != NULL && sscanf(other, "with route \"r%u\"", &a) == 1);
    read_witness(text, &q, bufs);

    if (!model_key(&run.model->routes[a], &q, keys[0])
        || !model_key(&run.model->routes[b], &q, keys[1])
        || strcmp(keys[0], keys[1]) != 0)
    {
        fprintf(stderr, "%s\n", text);
        fail("a tie that is none");
    }

    return b;
}


/* false: there are ties, whose routes are left out from now on */
static bool
compile(weir_arena_t *a, weir_str_t *image)
{
    size_t              i, n;
    unsigned            gone[MODEL_ROUTES];
    weir_diags_t        diags;
    policy_text_t       text;
    const weir_diag_t  *d, *ties[MODEL_ROUTES];

    write_model(run.model);
    text = (policy_text_t) { weir_str(run.text, run.len), weir_str("", 0) };

    if (policy_compile(a, &text, &diags, image) == WEIR_OK) {
        return true;
    }

    for (i = 0, n = 0; i < diags.list.len; i++) {
        d = &diags.list.items[i];

        if (d->severity != WEIR_SEV_ERROR) {
            continue;
        }

        if (memmem(d->text.data, d->text.len, "ties with", 9) == NULL) {
            fprintf(stderr, "%.*s\n", WEIR_STR(d->text));
            fail("refused");
        }

        must(n < MODEL_ROUTES);
        ties[n++] = d;
    }

    must(n > 0);

    /* each against the policy that was compiled */
    for (i = 0; i < n; i++) {
        gone[i] = check_tie(ties[i]);
    }

    for (i = 0; i < n; i++) {
        run.model->routes[gone[i]].gone = true;
    }

    ties_told += n;

    return false;
}


/* Requests */

static void
host_attr(void *data, unsigned attr, weir_value_t *out)
{
    const ask_t  *q;

    q = data;

    switch (attr) {

    case WEIR_A_REQUEST_METHOD:
        *out = weir_v_str(weir_cstr(q->method));
        return;

    case WEIR_A_SOURCE_IP: {
        static const weir_ip_t  in = { 4, { 10, 0, 0, 1 } };
        static const weir_ip_t  far = { 4, { 192, 0, 2, 1 } };

        *out = (weir_value_t) { .kind = WEIR_T_IP,
                                .u.ip = q->inside ? &in : &far };
        return;
    }

    case WEIR_A_REQUEST_HEADERS:
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .u.attr = attr,
                                .len = (q->x != NULL) + (q->y != NULL)
                                       + (q->tenant != NULL) + q->origin
                                       + (q->asks != NULL) };
        return;

    default:
        return;
    }
}


static const weir_str_t  asks_method = {
    "access-control-request-method", 29
};


static weir_rc_t
host_get(void *data, unsigned attr, weir_str_t key, weir_value_t *out)
{
    const char   *value;
    const ask_t  *q;

    q = data;
    value = weir_str_eq(key, weir_string("x")) ? q->x
            : weir_str_eq(key, weir_string("y")) ? q->y
            : weir_str_eq(key, weir_string("x-tenant")) ? q->tenant
            : weir_str_eq(key, weir_string("origin")) && q->origin
              ? "https://o.ex"
            : weir_str_eq(key, asks_method) ? q->asks : NULL;

    if (attr != WEIR_A_REQUEST_HEADERS || value == NULL) {
        return WEIR_DECLINED;
    }

    *out = weir_v_str(weir_cstr(value));

    return WEIR_OK;
}


static void
host_at(void *data, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    const ask_t  *q;

    q = data;

    if (q->x != NULL && i-- == 0) {
        *key = weir_v_str(weir_string("x"));

    } else if (q->y != NULL && i-- == 0) {
        *key = weir_v_str(weir_string("y"));

    } else if (q->origin && i-- == 0) {
        *key = weir_v_str(weir_string("origin"));

    } else if (q->asks != NULL && i-- == 0) {
        *key = weir_v_str(asks_method);

    } else {
        *key = weir_v_str(weir_string("x-tenant"));
    }

    (void) host_get(data, attr, weir_v_text(key), value);
}


static const weir_host_t  host = { host_attr, host_get, host_at };


/* One node, a moment in the middle of windows; new for each input. */
static weir_limits_t *
host_table(void *data)
{
    (void) data;

    return table;
}


static int64_t
host_clock(void *data)
{
    (void) data;

    return INT64_C(1800000000000000);
}


static uint32_t
host_worker(void *data)
{
    (void) data;

    return 0;
}


static const weir_limiter_t  limiter = {
    .table = host_table, .clock = host_clock, .wall = host_clock,
    .worker = host_worker
};


/* The split as a request finds it. */

static weir_splits_t *
host_splits(void *data)
{
    (void) data;

    return splits;
}


static weir_str_t
host_draw(void *data)
{
    (void) data;

    return weir_string("drawn");
}


static const weir_router_t  router = { host_splits, host_clock, host_draw };


static void
set_state(const weir_image_t *img, ask_t *q)
{
    unsigned                 arm;
    weir_arm_result_t        r;
    weir_split_word_t        word;
    const weir_img_split_t  *s;

    static _Alignas(64) char  mem[2 * WEIR_SPLIT_BYTES];

    if (img->n[WEIR_S_SPLITS] == 0) {
        return;
    }

    s = WEIR_REC(img, SPLITS);
    q->bucket = weir_split_bucket(&s->salt, q->x != NULL && q->x[0] != '\0'
                                            ? weir_cstr(q->x)
                                            : weir_string("drawn"));
    memset(mem, 0, sizeof(mem));
    splits = weir_splits_init(mem, sizeof(mem));
    must(splits != NULL);

    word = STATE_OF(q->state) < STATE_ROLLED ? 0
           : STATE_OF(q->state) == STATE_ROLLED ? (weir_split_word_t) 1 << 47
           : (weir_split_word_t) (STATE_OF(q->state) - STATE_PINNED + 1) << 37;
    (void) weir_splits_merge(splits, &s->uid, word);

    for (arm = 1; arm < MODEL_ARMS; arm++) {
        if (q->state & STATE_OPEN(arm)) {
            r = (weir_arm_result_t) { .split = s, .arm = arm,
                                      .end = WEIR_END_ERROR };
            weir_splits_count(splits, img, &r, host_clock(NULL));
        }
    }
}


static void
empty_table(void)
{
    static _Alignas(64) char  mem[65536];

    memset(mem, 0, sizeof(mem));
    table = weir_limits_init(mem, sizeof(mem));
    memset(&counts, 0, sizeof(counts));
}


static void
give_flights(weir_txn_t *txn)
{
    uint32_t      i, n;
    weir_hold_t  *h;

    h = weir_txn_limits(txn, &n);

    for (i = 0; i < n; i++) {
        weir_flight_give(table, &h[i].flight, 0);
    }
}


/* A request that a route takes, but for what c says. */
static void
aim(ask_t *q, const route_t *r, unsigned c)
{
    unsigned  i;

    /* of patterns, by number */
    static const char *const  samples[] = {
        "12", "ab", "a1", "b", "bb", "z", "a", "a1"
    };
    static const char *const  at[] = {
        NULL, "h.ex", "z.ex", "z.h.ex", "x.h.ex", "t0.ex"
    };

    if (q->nsegments < r->nsegments || !r->rest) {
        q->nsegments = r->nsegments;
    }

    for (i = 0; i < r->nsegments; i++) {
        if (r->segments[i].kind == SEG_LITERAL) {
            q->segments[i] = literals[r->segments[i].of];

        } else if (r->segments[i].kind == SEG_PATTERN) {
            q->segments[i] = samples[r->segments[i].of];

        } else if (q->segments[i] == NULL || q->segments[i][0] == '\0') {
            q->segments[i] = "a";
        }
    }

    if (at[r->host] != NULL && c % 4 != 0) {
        q->host = at[r->host];
    }

    for (i = 0; i < MODEL_OF(methods) && c % 8 < 6; i++) {
        if (r->methods >> i & 1) {
            q->method = q->asks != NULL ? q->method : methods[i];
        }
    }

    if (r->header[0] && c % 16 < 13) {
        q->x = "12";
    }

    if (r->header[1] && c % 32 < 25) {
        q->y = "12";
    }
}


static void
make_preflight(ask_t *q, unsigned c)
{
    static const char *const  asks[] = {
        NULL, "GET", "POST", "PUT", "FOO", "HEAD", "", "GET,PUT"
    };

    if (c % 4 == 0) {
        q->method = "OPTIONS";
        q->origin = c & 64 || c & 128;
        q->asks = asks[c / 4 % MODEL_OF(asks)];
    }
}


static void
make_ask(ask_t *q)
{
    unsigned  i, c;

    static const char *const  at[] = {
        "h.ex", "x.h.ex", "z.x.h.ex", "q.ex", "ex", "t0.ex", "t1.ex",
        "t1.sh.ex", "t9.sh.ex", "a.t0.sh.ex"
    };
    static const char *const  parts[] = {
        "a", "b", "1", "ab", "12", "bb", "z", "a1", "-", "t0", "t2"
    };

    memset(q, 0, sizeof(ask_t));
    c = take_byte(&run.in);
    q->method = c % 8 == 7 ? "HEAD" : methods[c % 4];
    q->inside = c & 8;
    q->host = at[any(MODEL_OF(at))];
    q->nsegments = 1 + c / 16 % MODEL_SEGMENTS;

    for (i = 0; i < q->nsegments; i++) {
        q->segments[i] = parts[any(MODEL_OF(parts))];
    }

    /* "/" and a slash at the end */
    if (c / 64 == 3) {
        q->segments[q->nsegments - 1] = "";
    }

    c = take_byte(&run.in);
    q->x = c % 2 ? values[c / 2 % MODEL_OF(values)] : NULL;
    c = take_byte(&run.in);
    q->y = c % 2 ? values[c / 2 % MODEL_OF(values)] : NULL;
    q->tenant = c / 16 % 4 == 0 ? "t0" : c / 16 % 4 == 1 ? "t7" : NULL;
    make_preflight(q, take_byte(&run.in));
    q->state = take_byte(&run.in);
    c = take_byte(&run.in);

    if (c % 8 != 0) {
        aim(q, &run.model->routes[c / 8 % run.model->nroutes], c / 4);
    }
}


static void
show(const ask_t *q, const answer_t *want, const weir_decision_t *d)
{
    unsigned  i;

    fprintf(stderr, "%s http://%s", q->method, q->host);

    for (i = 0; i < q->nsegments; i++) {
        fprintf(stderr, "/%s", q->segments[i]);
    }

    fprintf(stderr, " x: %s y: %s x-tenant: %s %s\n", q->x ? q->x : "(none)",
            q->y ? q->y : "(none)", q->tenant ? q->tenant : "(none)",
            q->inside ? "inside" : "outside");
    fprintf(stderr, "origin: %s asks: %s state %u\n",
            q->origin ? "sent" : "(none)", q->asks ? q->asks : "(none)",
            q->state);
    fprintf(stderr, "want %s %u route %d tenant %d rule %s, %u dry, arm %d "
            "%s, path %s\n", weir_reason_name(want->reason), want->status,
            want->route, want->tenant, want->rule, want->dry_denied,
            want->arm, weir_arm_why_name(want->why), want->path);
    fprintf(stderr, "got %s %u route %.*s tenant %.*s rule %.*s, %u dry, arm "
            "%.*s\n", weir_reason_name(d->reason), d->status,
            WEIR_STR(d->route), WEIR_STR(d->tenant), WEIR_STR(d->rule),
            d->dry_denied, WEIR_STR(d->arm));
}


static bool
is_named(weir_str_t id, char letter, int number)
{
    char  name[16];

    if (number < 0) {
        return id.len == 0;
    }

    (void) snprintf(name, sizeof(name), "%c%d", letter, number);

    return weir_str_eq(id, weir_cstr(name));
}


/* Where it goes: of an arm, of a route, nowhere. */
static bool
is_upstream(weir_str_t name, const answer_t *want)
{
    if (want->arm >= 0) {
        return is_named(name, 'v', want->arm);
    }

    return is_named(name, 'u', want->reason == WEIR_REASON_PREFLIGHT
                               || want->route < 0
                               || run.model->routes[want->route].split
                               ? -1 : want->route);
}


static bool
is_routed(const weir_txn_t *txn, const weir_decision_t *d,
    const answer_t *want)
{
    const weir_routing_t  *to;

    to = weir_txn_routing(txn);

    if (want->status != 0 || want->arm < 0) {
        return to->split == NULL && !to->new_pin;
    }

    return to->split != NULL && to->arm == (unsigned) want->arm
           && to->why == want->why && is_named(d->arm, 'a', want->arm)
           && to->weighed == (want->why == WEIR_ARM_KEY
                              || want->why == WEIR_ARM_DRAWN);
}


static bool
is_told(const weir_txn_t *txn, const ask_t *q, const answer_t *want)
{
    if (want->status == 0 && run.model->routes[want->route].tells
        && !weir_str_eq(weir_txn_request_values(txn)[0], weir_cstr(q->x)))
    {
        return false;
    }

    return weir_str_eq(weir_txn_new_path(txn), weir_cstr(want->path));
}


static void
ask(const weir_image_t *img, ask_t *q)
{
    int              tie;
    char             path[64];
    size_t           n;
    unsigned         i;
    weir_txn_t      *txn;
    answer_t         want;
    weir_request_t   req;
    weir_decision_t  d;

    memset(&req, 0, sizeof(req));

    for (i = 0, n = 0; i < q->nsegments; i++) {
        n += (size_t) snprintf(path + n, sizeof(path) - n, "/%s",
                               q->segments[i]);
    }

    req.method = weir_cstr(q->method);
    req.host = weir_cstr(q->host);
    req.path = weir_str(path, n);
    req.host_ops = &host;
    req.host_data = (void *) (uintptr_t) q;
    req.limiter = &limiter;
    req.router = &router;
    req.source = req.peer = q->inside ? (weir_ip_t) { 4, { 10, 0, 0, 1 } }
                                      : (weir_ip_t) { 4, { 192, 0, 2, 1 } };

    set_state(img, q);
    txn = weir_txn_init(room_of(&room, weir_txn_size(img, &req)), img, &req);
    must(weir_decide(txn, &d) == WEIR_OK);
    model_decide(run.model, q, &counts, &want, &tie);
    give_flights(txn);
    reasons[want.reason]++;

    if (want.reason != d.reason || want.status != d.status
        || (d.verdict == WEIR_ALLOW) != (want.status < 400)
        || !is_named(d.route, 'r', want.route)
        || !is_upstream(d.upstream, &want)
        || !is_routed(txn, &d, &want) || !is_told(txn, q, &want)
        || !is_named(d.tenant, 't', want.tenant)
        || !weir_str_eq(d.rule, weir_cstr(want.rule))
        || weir_str_eq(d.message, weir_string("told")) != want.message
        || d.dry_denied != want.dry_denied
        || d.dry_limited != want.dry_limited || tie >= 0)
    {
        show(q, &want, &d);
        write_model(run.model);
        fail(tie >= 0 ? "a tie that was not reported"
                      : "another decision");
    }
}


static void
report(void)
{
    unsigned  i;

    fprintf(stderr, "# %lu policies, %lu ties", compiled, ties_told);

    for (i = 0; i < WEIR_REASON_COUNT; i++) {
        if (reasons[i] != 0) {
            fprintf(stderr, ", %lu %s", reasons[i], weir_reason_name(i));
        }
    }

    fprintf(stderr, "\n");
}


static kept_t *
make_policy(const uint8_t *bytes, size_t n)
{
    kept_t          *k;
    unsigned         i;
    weir_str_t       image;
    weir_arena_t    *arena;
    weir_refusal_t   why;

    k = calloc(1, sizeof(kept_t));
    must(k != NULL);
    run.model = &k->model;
    run.in = (bytes_t) { bytes, n, 0 };
    make_model(run.model);

    for (i = 0; i < MAX_TIES && !k->good; i++) {
        arena = weir_arena_create();
        must(arena != NULL);
        k->good = compile(arena, &image);
        compiled++;

        if (k->good && !parts_open(&k->image, image, &why)) {
            fail(why.text);
        }

        weir_arena_destroy(arena);
    }

    return k;
}


static void
forget(void *it)
{
    kept_t  *k;

    k = it;
    parts_close(&k->image);
    free(k);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void     **it;
    ask_t      q;
    size_t     head;
    kept_t    *k;
    unsigned   i;

    if (size == 0 || size > MAX_LEN) {
        return 0;
    }

    if (parts_runs == 0) {
        must(atexit(report) == 0);
    }

    head = parts_head(data, size);
    it = parts_find(data + head, size - head, forget);

    if (*it == NULL) {
        *it = make_policy(data + head, size - head);
    }

    k = *it;
    run.model = &k->model;
    run.in = (bytes_t) { data + 1, head - 1, 0 };
    empty_table();

    for (i = 0; i < parts_asks(data, size) && k->good; i++) {
        make_ask(&q);
        ask(&k->image.img, &q);
    }

    return 0;
}
