/*
 * model.h: small policies and requests out of a fuzzer's bytes, and what the
 * design says of them, rule by rule and route by route.
 *
 * A reference: it knows nothing of indexes, images or programs.
 */

#ifndef WEIR_TEST_FUZZ_MODEL_H
#define WEIR_TEST_FUZZ_MODEL_H

#include <stdio.h>
#include "run/decide.h"
#include "test/fuzz/fuzz.h"

#define MODEL_ROUTES    7
#define MODEL_SEGMENTS  4
#define MODEL_RULES     3       /* of a layer */
#define MODEL_TENANTS   3
#define MODEL_RESOLVES  3
#define MODEL_COUNTS    64
#define MODEL_PAUSES    2
#define MODEL_ARMS      3
#define MODEL_OVERRIDES 2

#define MODEL_OF(list)  (sizeof(list) / sizeof((list)[0]))

typedef enum { NO, YES, FAILS } truth_t;

typedef enum { SEG_LITERAL, SEG_PATTERN, SEG_PARAM } seg_kind_t;

typedef struct {
    seg_kind_t   kind;
    unsigned     of;            /* literals or patterns */
} seg_t;

/* A condition: one of the table below, or two joined. */
typedef struct {
    unsigned     a, b;
    char         join;          /* & | ! or a blank: a alone */
} when_t;

typedef struct {
    when_t       when;
    bool         connect;
    bool         dry_run;
    unsigned     status;        /* 0: not given */
    bool         message;
} rule_t;

typedef struct {
    rule_t       rules[MODEL_RULES];
    unsigned     n;
} layer_t;

/* By the header y, by a condition, or by both. */
typedef struct {
    when_t       when;
    bool         header;        /* y must be "1" */
    unsigned     arm;
} override_t;

/*
 * Sticky by x.  The guard of arm 1 is versus arm 0; arms 1 and 2 have
 * breakers, and who falls from 1 comes to 2.
 */
typedef struct {
    unsigned     weights[MODEL_ARMS];   /* of 10000 */
    override_t   overrides[MODEL_OVERRIDES];
    unsigned     n;
} split_t;

typedef struct {
    seg_t        segments[MODEL_SEGMENTS];
    unsigned     nsegments;
    bool         rest;
    unsigned     host;          /* of hosts; 0: any */
    unsigned     methods;       /* bits of methods; 0: any */
    unsigned     header[2];     /* of tests, for x and y; 0: none */
    bool         public;
    bool         gone;          /* left out: it ties */
    unsigned     limits;        /* bits of limits */
    bool         cors, split;
    bool         tells;         /* the upstream gets x as a header */
    bool         path;          /* and /n/ and y as path */
    layer_t      deny, allow;
} route_t;

/* A key of a limit, and what it has had. */
typedef struct {
    unsigned     limit;
    char         key[16];
    uint64_t     used;
} count_t;

typedef struct {
    bool         plan, attr;
    bool         host;          /* tID.ex */
    layer_t      deny, allow;
} tenant_t;

typedef enum { BY_HOST, BY_HEADER, BY_PATH } resolve_t;

typedef struct {
    route_t      routes[MODEL_ROUTES];
    unsigned     nroutes;
    tenant_t     tenants[MODEL_TENANTS];
    unsigned     ntenants;
    resolve_t    resolves[MODEL_RESOLVES];
    unsigned     nresolves;
    unsigned     unmatched, unknown;
    bool         cors, splits;  /* a route has one */
    when_t       pauses[MODEL_PAUSES];
    unsigned     npauses;
    split_t      split;
    layer_t      deny, allow;
} model_t;

/* What is known of the split when it is asked; bits, and of the low three: */
enum { STATE_ROLLED = 4, STATE_PINNED = 5 };    /* to arm 0, 1 or 2 */

#define STATE_OF(state)  ((state) % 8)
#define STATE_OPEN(arm)  (8u << (arm))          /* its breaker */

typedef struct {
    const char  *method, *host, *x, *y, *tenant;    /* NULL: not sent */
    const char  *segments[MODEL_SEGMENTS];
    unsigned     nsegments;
    bool         inside;        /* source and peer are in lists.net */
    bool         origin;        /* an Origin is sent */
    const char  *asks;          /* Access-Control-Request-Method, or NULL */
    unsigned     state;         /* STATE_* */
    uint32_t     bucket;        /* of its key, or of what is drawn */
} ask_t;

typedef struct {
    count_t        counts[MODEL_COUNTS];
    unsigned       n;
} counts_t;

typedef struct {
    weir_reason_t  reason;
    unsigned       status;
    int            route, tenant;               /* -1: none */
    char           rule[16];
    bool           message;
    unsigned       dry_denied, dry_limited;
    int            arm;                         /* -1: none */
    weir_arm_why_t why;
    char           path[16];                    /* "": as it came */
} answer_t;

/* What a request is asked for, and what rules see. */
typedef struct {
    const model_t  *m;
    const ask_t    *q;
    answer_t       *out;
    counts_t       *counts;
} asked_t;

static const char *const  literals[] = { "a", "b", "1", "ab" };
static const char *const  patterns[] = {
    "[0-9]+", "[a-z]+", "a.*", "[ab]", "b+", ".", "a|b", "[a-z0-9]{2}"
};
static const char *const  hosts[] = {
    "", "h.ex", "*.ex", "*.h.ex", "x.h.ex", "t0.ex"
};
static const char *const  methods[] = { "GET", "POST", "PUT", "FOO" };
static const char *const  values[] = {
    "1", "12", "123", "2", "", "..", "a\tb", "\001"
};

/* present, equals, prefix */
static const char *const  tests[][2] = {
    { "", "" }, { "present", "true" }, { "equals", "\"1\"" },
    { "equals", "\"12\"" }, { "prefix", "\"1\"" }, { "prefix", "\"12\"" }
};

static const char *const  conditions[] = {
    "true", "false", "1 / int(source.port) == 1",
    "lists.net.contains(source.ip)", "source.ip == ip('10.0.0.1')",
    /* from here on not before the tenant is known */
    "request.method == 'GET'", "request.headers.x == '1'",
    "request.headers.?x.orValue('') == '1'", "'y' in request.headers",
    "tenant.id == 't0'", "tenant.plan == 'pro'", "has(tenant.attrs.k)",
    "tenant.attrs.k == 1", "route.id == 'r0'", "request.host == 'h.ex'",
    "request.url_path.startsWith('/a')", "vars.get", "vars.k",
    "request.headers.x.matches('^1')", "request.method in ['PUT', 'FOO']",
    "request.headers.exists(h, h == 'y')", "tenant.id in ['t1', 't2']"
};

#define EARLY  5                /* conditions that connect has */

/* In the order that they are asked in; the last one is of the plan pro. */
static const struct {
    const char  *key, *cost;
    unsigned     limit;
    bool         preauth, dry;
} limits[] = {
    { "request.method", "1", 3, true, false },
    { "request.headers.x", "1", 1, true, true },
    { "1", "request.method.size() - 3", 2, false, false },
    { "request.headers.x", "1", 2, false, false },
    { "request.host", "request.method.size()", 3, false, false },
    { "request.method", "1", 1, false, true },
    { NULL, "1", 2, false, false }
};

#define MODEL_LIMITS  (MODEL_OF(limits) - 1)


/* Patterns as above, each by hand. */
static inline bool
model_matches(unsigned pattern, const char *s)
{
    size_t  n;

    n = strlen(s);

    switch (pattern) {
    case 0:   return n > 0 && strspn(s, "0123456789") == n;
    case 1:   return n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz") == n;
    case 2:   return s[0] == 'a';
    case 3:
    case 6:   return n == 1 && (s[0] == 'a' || s[0] == 'b');
    case 4:   return n > 0 && strspn(s, "b") == n;
    case 5:   return n == 1;
    default:
        return n == 2
               && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789") == n;
    }
}


static inline truth_t
model_when(const asked_t *k, unsigned condition)
{
    const ask_t     *q;
    const tenant_t  *t;

    q = k->q;
    t = k->out->tenant < 0 ? NULL : &k->m->tenants[k->out->tenant];

    switch (condition) {
    case 0:   return YES;
    case 1:   return NO;
    case 2:   return FAILS;
    case 3:
    case 4:   return q->inside;
    case 5:
    case 16:  return strcmp(q->method, "GET") == 0;
    case 6:   return q->x == NULL ? FAILS : strcmp(q->x, "1") == 0;
    case 7:   return q->x != NULL && strcmp(q->x, "1") == 0;
    case 8:
    case 20:  return q->y != NULL;
    case 9:   return k->out->tenant == 0;
    case 10:  return t != NULL && t->plan;
    case 11:  return t != NULL && t->attr;
    case 12:
    case 17:  return t != NULL && t->attr ? YES : FAILS;
    case 13:  return k->out->route == 0;
    case 14:  return strcmp(q->host, "h.ex") == 0;
    case 15:  return q->segments[0][0] == 'a';
    case 18:  return q->x == NULL ? FAILS : q->x[0] == '1';
    case 19:  return strcmp(q->method, "PUT") == 0
                     || strcmp(q->method, "FOO") == 0;
    default:  return k->out->tenant > 0;
    }
}


/* What one side decides, an error on the other does not undo. */
static inline truth_t
model_truth(const asked_t *k, const when_t *w)
{
    truth_t  a, b, wins;

    a = model_when(k, w->a);

    if (w->join == ' ') {
        return a;
    }

    if (w->join == '!') {
        return a == FAILS ? FAILS : a == NO ? YES : NO;
    }

    b = model_when(k, w->b);
    wins = w->join == '|' ? YES : NO;

    if (a == wins || b == wins) {
        return wins;
    }

    return a == FAILS || b == FAILS ? FAILS : a;
}


static inline bool
model_host(unsigned pattern, const char *host)
{
    size_t       n, k;
    const char  *p;

    p = hosts[pattern];

    if (p[0] != '*') {
        return p[0] == '\0' || strcmp(p, host) == 0;
    }

    n = strlen(host);
    k = strlen(++p);

    return n > k && strcmp(host + n - k, p) == 0;
}


static inline bool
model_header(unsigned test, const char *value)
{
    const char  *want;
    size_t       n;

    if (test == 0 || value == NULL) {
        return test == 0;
    }

    /* between the quotes */
    want = tests[test][1] + 1;
    n = strlen(want) - 1;

    if (tests[test][0][1] == 'r') {
        return tests[test][0][2] == 'e' && tests[test][0][3] == 's'
               ? true : strncmp(value, want, n) == 0;
    }

    return strlen(value) == n && strncmp(value, want, n) == 0;
}


/*
 * How specific a route is for a request, to be compared as text: host,
 * segments, method, headers.  false: it does not match.
 */
static inline bool
model_key(const route_t *r, const ask_t *q, char key[16])
{
    bool         ok;
    unsigned     i, n;
    const char  *s;

    n = 0;
    ok = !r->gone && model_host(r->host, q->host)
         && model_header(r->header[0], q->x)
         && model_header(r->header[1], q->y)
         && (r->rest ? q->nsegments >= r->nsegments
                     : q->nsegments == r->nsegments);

    key[n++] = r->host == 0 ? '0' : hosts[r->host][0] != '*' ? 'Z'
               : (char) ('0' + strlen(hosts[r->host]));

    for (i = 0; ok && i < r->nsegments; i++) {
        s = q->segments[i];

        switch (r->segments[i].kind) {

        case SEG_LITERAL:
            ok = strcmp(s, literals[r->segments[i].of]) == 0;
            key[n++] = '3';
            break;

        case SEG_PATTERN:
            ok = s[0] != '\0' && model_matches(r->segments[i].of, s);
            key[n++] = '2';
            break;

        default:
            ok = s[0] != '\0';
            key[n++] = '1';
        }
    }

    key[n++] = r->rest ? '0' : '9';
    key[n++] = r->methods ? '1' : '0';
    key[n++] = (char) ('0' + (r->header[0] != 0) + (r->header[1] != 0));
    key[n] = '\0';

    if (!ok || r->methods == 0) {
        return ok;
    }

    for (i = 0; i < MODEL_OF(methods); i++) {
        if (strcmp(methods[i], q->method) == 0) {
            return r->methods >> i & 1;
        }
    }

    return false;
}


/* The id of a tenant, "t0"; -1: there is none of that name. */
static inline int
model_id(const model_t *m, const char *id, size_t n)
{
    return n == 2 && id[0] == 't' && id[1] >= '0'
           && (unsigned) (id[1] - '0') < m->ntenants ? id[1] - '0' : -1;
}


/* false: the request names a tenant that there is not. */
static inline bool
model_tenant(const asked_t *k)
{
    unsigned      i;
    const char   *id;
    const ask_t  *q;

    q = k->q;
    i = (unsigned) model_id(k->m, q->host, 2);

    if (strcmp(q->host + strcspn(q->host, "."), ".ex") == 0
        && strlen(q->host) == 5 && i < k->m->ntenants
        && k->m->tenants[i].host)
    {
        k->out->tenant = (int) i;
        return true;
    }

    for (i = 0; i < k->m->nresolves; i++) {
        id = NULL;

        switch (k->m->resolves[i]) {

        case BY_HOST:
            /* {tenant}.sh.ex */
            if (strchr(q->host, '.') != NULL
                && strcmp(strchr(q->host, '.'), ".sh.ex") == 0)
            {
                id = q->host;
            }

            break;

        case BY_HEADER:
            id = q->inside ? q->tenant : NULL;
            break;

        default:
            /* /a/{tenant}/ and any rest */
            if (q->nsegments >= 2 && strcmp(q->segments[0], "a") == 0
                && q->segments[1][0] != '\0')
            {
                id = q->segments[1];
            }
        }

        if (id != NULL) {
            k->out->tenant = model_id(k->m, id, strcspn(id, "."));
            return k->out->tenant >= 0;
        }
    }

    return true;
}


static inline void
model_refuse(answer_t *out, weir_reason_t reason, unsigned status)
{
    out->reason = reason;
    out->status = status;
}


/* true: refused */
static inline bool
model_deny(const asked_t *k, const layer_t *layer, const char *name,
    bool connect)
{
    unsigned       i;
    truth_t        truth;
    const rule_t  *r;

    for (i = 0; i < layer->n; i++) {
        r = &layer->rules[i];
        truth = r->connect == connect ? model_truth(k, &r->when) : NO;

        if (truth == NO) {
            continue;
        }

        if (r->dry_run) {
            k->out->dry_denied++;
            continue;
        }

        (void) snprintf(k->out->rule, sizeof(k->out->rule), "%s%u", name, i);
        k->out->message = truth == YES && r->message;
        model_refuse(k->out, truth == YES ? WEIR_REASON_DENY_RULE
                                          : WEIR_REASON_DENY_ERROR,
                     truth == YES && r->status ? r->status : 403);
        return true;
    }

    return false;
}


/* Whether one rule of the layer holds; without rules there is no layer. */
static inline bool
model_allow(const asked_t *k, const layer_t *layer, const char *name,
    bool *allowed)
{
    unsigned  i;

    for (i = 0; i < layer->n; i++) {
        if (model_truth(k, &layer->rules[i].when) == YES) {
            (void) snprintf(k->out->rule, sizeof(k->out->rule), "%s%u", name,
                            i);
            *allowed = true;
            return true;
        }
    }

    return layer->n == 0;
}


/* The most specific; *tie: another is as specific. */
static inline int
model_route(const model_t *m, const ask_t *q, int *tie)
{
    int       best, order;
    char      key[16], most[16];
    unsigned  i;

    best = -1;
    *tie = -1;

    for (i = 0; i < m->nroutes; i++) {
        if (!model_key(&m->routes[i], q, key)) {
            continue;
        }

        order = best < 0 ? 1 : strcmp(key, most);

        if (order > 0) {
            best = (int) i;
            *tie = -1;
            memcpy(most, key, sizeof(key));

        } else if (order == 0) {
            *tie = (int) i;
        }
    }

    return best;
}


/* What of a request a limit counts by; NULL: its key fails. */
static inline const char *
model_limit_key(const asked_t *k, unsigned limit, char buf[16])
{
    switch (limit) {

    case 0:
    case 5:
        return k->q->method;

    case 1:
    case 3:
        return k->q->x;

    case 2:
        return "";

    case 4:
        return k->q->host;

    default:
        (void) snprintf(buf, 16, "%d", k->out->tenant);
        return buf;
    }
}


static inline uint64_t
model_cost(const asked_t *k, unsigned limit)
{
    return limit == 2 ? strlen(k->q->method) - 3
           : limit == 4 ? strlen(k->q->method) : 1;
}


static inline count_t *
model_count(counts_t *counts, unsigned limit, const char *key)
{
    unsigned  i;
    count_t  *c;

    for (i = 0; i < counts->n; i++) {
        c = &counts->counts[i];

        if (c->limit == limit && strcmp(c->key, key) == 0) {
            return c;
        }
    }

    must(counts->n < MODEL_COUNTS && strlen(key) < sizeof(c->key));
    c = &counts->counts[counts->n++];
    memset(c, 0, sizeof(count_t));
    c->limit = limit;
    strcpy(c->key, key);

    return c;
}


/* All of a phase get what they want, or none; false: one refused. */
static inline bool
model_limits(asked_t *k, const route_t *r, const tenant_t *t, bool preauth)
{
    char         buf[16];
    unsigned     i, n;
    uint64_t     cost, costs[MODEL_OF(limits)];
    count_t     *c, *taken[MODEL_OF(limits)];
    const char  *key;

    for (i = 0, n = 0; i < MODEL_OF(limits); i++) {

        if (limits[i].preauth != preauth
            || (i < MODEL_LIMITS ? !(r->limits >> i & 1)
                                 : t == NULL || !t->plan || r->public))
        {
            continue;
        }

        key = model_limit_key(k, i, buf);
        cost = model_cost(k, i);
        c = key != NULL ? model_count(k->counts, i, key) : NULL;

        if (c != NULL && c->used + (cost ? cost : 1) <= limits[i].limit) {
            costs[n] = cost;
            taken[n++] = c;

        } else if (limits[i].dry) {
            k->out->dry_limited++;

        } else {
            k->out->rule[0] = '\0';
            k->out->message = false;
            model_refuse(k->out, c ? WEIR_REASON_LIMIT
                                   : WEIR_REASON_LIMIT_ERROR, c ? 429 : 500);
            return false;
        }
    }

    for (i = 0; i < n; i++) {
        taken[i]->used += costs[i];
    }

    return true;
}


/* A preflight, and the route that it asks for; or -1. */
static inline int
model_preflight(const model_t *m, const ask_t *q, int *tie)
{
    int    route;
    ask_t  asked;

    if (!m->cors || strcmp(q->method, "OPTIONS") != 0 || !q->origin
        || q->asks == NULL || q->asks[0] == '\0'
        || strchr(q->asks, ',') != NULL)
    {
        return -1;
    }

    asked = *q;
    asked.method = q->asks;
    route = model_route(m, &asked, tie);

    return route >= 0 && m->routes[route].cors ? route : -1;
}


/* true: refused */
static inline bool
model_pause(const asked_t *k)
{
    unsigned  i;

    for (i = 0; i < k->m->npauses; i++) {
        if (model_truth(k, &k->m->pauses[i]) != NO) {
            (void) snprintf(k->out->rule, sizeof(k->out->rule), "m%u", i);
            model_refuse(k->out, WEIR_REASON_MAINTENANCE, 503);
            return true;
        }
    }

    return false;
}


static inline void
model_arm(const asked_t *k)
{
    unsigned        i, state;
    const ask_t    *q;
    answer_t       *out;
    const split_t  *s;

    q = k->q;
    s = &k->m->split;
    out = k->out;
    state = STATE_OF(q->state);

    if (state >= STATE_PINNED) {
        out->arm = (int) (state - STATE_PINNED);
        out->why = WEIR_ARM_PINNED;
        return;
    }

    for (i = 0; i < s->n; i++) {
        if ((!s->overrides[i].header
             || (q->y != NULL && strcmp(q->y, "1") == 0))
            && model_truth(k, &s->overrides[i].when) == YES)
        {
            out->arm = (int) s->overrides[i].arm;
            out->why = WEIR_ARM_OVERRIDE;
            return;
        }
    }

    out->arm = q->bucket < s->weights[1] ? 1
               : q->bucket >= WEIR_BUCKETS - s->weights[2] ? 2 : 0;
    out->why = q->x != NULL && q->x[0] != '\0' ? WEIR_ARM_KEY
                                               : WEIR_ARM_DRAWN;

    if (out->arm == 1 && state == STATE_ROLLED) {
        out->arm = 0;
        out->why = WEIR_ARM_ROLLBACK;
    }
}


/* false: refused */
static inline bool
model_split(const asked_t *k)
{
    answer_t  *out;

    out = k->out;
    model_arm(k);

    if (out->arm == 0 || !(k->q->state & STATE_OPEN(out->arm))) {
        return true;
    }

    if (out->arm == 1 && !(k->q->state & STATE_OPEN(2))) {
        out->arm = 2;
        out->why = WEIR_ARM_FALLBACK;
        return true;
    }

    out->rule[0] = '\0';
    model_refuse(out, WEIR_REASON_BREAKER, 503);

    return false;
}


/* What the upstream is told: x must be a header, y the end of a path. */
static inline void
model_tell(const asked_t *k, const route_t *r)
{
    unsigned  status;

    status = 0;

    if (r->tells) {
        status = k->q->x == NULL ? 500 : k->q->x[0] == '\001' ? 400 : 0;
    }

    if (r->path && status == 0) {
        status = k->q->y == NULL ? 500 : strcmp(k->q->y, "..") == 0
                                         || strpbrk(k->q->y, "\t\001") != NULL
                                         ? 400 : 0;
    }

    if (status != 0) {
        k->out->rule[0] = '\0';
        model_refuse(k->out, WEIR_REASON_TRANSFORM, status);

    } else if (r->path) {
        (void) snprintf(k->out->path, sizeof(k->out->path), "/n/%s", k->q->y);
    }
}


static inline void
model_decide(const model_t *m, const ask_t *q, counts_t *counts, answer_t *out,
    int *tie)
{
    bool             allowed;
    asked_t          k = { m, q, out, counts };
    const route_t   *r;
    const tenant_t  *t;

    memset(out, 0, sizeof(answer_t));
    out->route = out->tenant = out->arm = *tie = -1;

    if (model_deny(&k, &m->deny, "d", true)) {
        return;
    }

    if (!model_tenant(&k)) {
        model_refuse(out, WEIR_REASON_UNKNOWN_TENANT, m->unknown);
        return;
    }

    out->route = model_preflight(m, q, tie);

    if (out->route >= 0) {
        model_refuse(out, WEIR_REASON_PREFLIGHT, 204);
        return;
    }

    out->route = model_route(m, q, tie);

    if (out->route < 0) {
        model_refuse(out, WEIR_REASON_NO_ROUTE, m->unmatched);
        return;
    }

    r = &m->routes[out->route];
    t = out->tenant < 0 ? NULL : &m->tenants[out->tenant];

    if (!model_limits(&k, r, t, true)
        || model_pause(&k)
        || model_deny(&k, &m->deny, "d", false)
        || (t != NULL && model_deny(&k, &t->deny, "td", false))
        || model_deny(&k, &r->deny, "rd", false))
    {
        return;
    }

    allowed = r->public;

    if (!model_allow(&k, &m->allow, "a", &allowed)
        || (t != NULL && !model_allow(&k, &t->allow, "ta", &allowed))
        || (!r->public && !model_allow(&k, &r->allow, "ra", &allowed)))
    {
        out->rule[0] = '\0';
        model_refuse(out, WEIR_REASON_NOT_ALLOWED, 403);

    } else if (!allowed) {
        model_refuse(out, WEIR_REASON_DEFAULT_DENY, 403);

    } else {
        out->reason = r->public ? WEIR_REASON_PUBLIC : WEIR_REASON_ALLOWED;

        if (r->public) {
            out->rule[0] = '\0';
        }

        if (model_limits(&k, r, t, false)
            && (!r->split || model_split(&k)))
        {
            model_tell(&k, r);
        }
    }
}

#endif
