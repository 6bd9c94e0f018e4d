/*
 * ties.c: routes between which specificity does not decide.
 *
 * Specificity goes by host, then segment by segment (literal, parameter with
 * a pattern, parameter, rest), then a listed method, then header tests.  Two
 * routes tie when they are equal in all of it and one request fits both.
 *
 * Routes that are equal in host, classes of segments, one method and number
 * of header tests share a bucket; only inside of a bucket pairs are compared.
 * In a large bucket routes are told apart by the value of a header first.
 * The work is bounded: past the bound the policy is refused.
 */

#include "front/codes.h"
#include "front/compile.h"
#include "front/load.h"
#include "front/names.h"
#include "front/regex.h"

#define MAX_PAIRS     2000000u  /* compared in one policy */
#define MAX_SEARCHES  200000u   /* for a text that two patterns match */
#define MAX_BUCKET    16u       /* larger ones are split by a header */


typedef weir_vec_t(uint32_t)  routes_t;

typedef struct {
    routes_t                routes;
    weir_str_t              method;     /* empty: any */
} bucket_t;

typedef struct {
    weir_arena_t           *arena;
    weir_diags_t           *diags;
    const weir_model_t     *m;
    weir_names_t            keys;       /* value: index of the bucket */
    weir_vec_t(bucket_t)    buckets;
    weir_names_t            common;     /* pairs of patterns: searched */
    weir_vec_t(weir_str_t)  witnesses;  /* data NULL: there is none */
    weir_names_t            literals;   /* segments that a witness avoids */
    bool                   *told;       /* by route */
    unsigned                pairs;
    unsigned                searches;
    bool                    nomem;
    bool                    gave_up;
} ties_t;

/* What fits both routes of a pair. */
typedef struct {
    weir_str_t              segments[WEIR_MAX_SEGMENTS];
    bool                    sure;       /* false: perhaps nothing does */
} witness_t;


static const char *const  method_names[] = {
#define M(name, text)  text,
    WEIR_METHODS(M)
#undef M
};


static weir_str_t
join(ties_t *t, weir_str_t s, const char *sep, weir_str_t more)
{
    weir_str_t  r;

    r = weir_arena_printf(t->arena, "%.*s%s%.*s", WEIR_STR(s), sep,
                          WEIR_STR(more));

    if (r.data == NULL) {
        t->nomem = true;
        return s;
    }

    return r;
}


static weir_str_t
shape(ties_t *t, const weir_route_t *r)
{
    size_t                 i, len;
    char                  *buf, *p;
    const weir_segment_t  *s;

    len = r->host.text.len + r->path.text.text.len + 3 * r->path.nsegments
          + 32;
    buf = weir_arena_alloc(t->arena, len);

    if (buf == NULL) {
        t->nomem = true;
        return weir_str("", 0);
    }

    p = buf;

    if (r->host.text.len != 0) {
        memcpy(p, r->host.text.data, r->host.text.len);
        p += r->host.text.len;
    }

    for (i = 0; i < r->path.nsegments; i++) {
        s = &r->path.segments[i];
        *p++ = '/';

        if (s->param.data == NULL) {
            *p++ = '=';         /* for an empty literal: no null pointer */
            memcpy(p, s->text.len ? s->text.data : "", s->text.len);
            p += s->text.len;

        } else {
            *p++ = s->regex != NULL ? '~' : '*';
        }
    }

    *p++ = r->path.rest ? '#' : '.';
    p += snprintf(p, 24, "%zu", r->headers.len);

    return weir_str(buf, (size_t) (p - buf));
}


static void
put(ties_t *t, weir_str_t key, weir_str_t method, uint32_t route)
{
    uint32_t            *p;
    bucket_t            *b;
    weir_rc_t            rc;
    weir_names_entry_t  *e;

    key = join(t, key, "\n", method);

    rc = weir_names_add(&t->keys, key, (weir_span_t) { 0 },
                        (uint32_t) t->buckets.len, &e);

    if (rc == WEIR_OK) {
        b = weir_vec_push(t->arena, &t->buckets);

        if (b != NULL) {
            b->method = method;
        }

    } else {
        b = rc == WEIR_DECLINED ? &t->buckets.items[e->value] : NULL;
    }

    p = b != NULL ? weir_vec_push(t->arena, &b->routes) : NULL;

    if (p == NULL) {
        t->nomem = true;
        return;
    }

    *p = route;
}


static void
sort_in(ties_t *t, uint32_t index)
{
    size_t               i;
    weir_str_t           key;
    const weir_route_t  *r;

    r = &t->m->routes.items[index];
    key = shape(t, r);

    if (r->methods == 0 && r->other.len == 0) {
        put(t, key, weir_str("", 0), index);
        return;
    }

    for (i = 0; i < WEIR_METHOD_COUNT; i++) {
        if (r->methods & (uint32_t) 1 << i) {
            put(t, key, weir_cstr(method_names[i]), index);
        }
    }

    for (i = 0; i < r->other.len; i++) {
        put(t, key, r->other.items[i].text, index);
    }
}


/* Both tests of one header can hold at once; then *value is one for both. */
static bool
header_fits(const weir_header_test_t *a, const weir_header_test_t *b,
    weir_str_t *value)
{
    weir_str_t  x, y;

    x = a->value.text;
    y = b->value.text;

    if (a->test == WEIR_TEST_PRESENT) {
        *value = b->test == WEIR_TEST_PRESENT ? weir_string("x") : y;
        return true;
    }

    if (b->test == WEIR_TEST_PRESENT) {
        *value = x;
        return true;
    }

    if (a->test == WEIR_TEST_EXACT && b->test == WEIR_TEST_EXACT) {
        *value = x;
        return weir_str_eq(x, y);
    }

    if (a->test == WEIR_TEST_EXACT) {
        *value = x;
        return weir_str_starts(x, y);
    }

    *value = y;

    if (b->test == WEIR_TEST_EXACT) {
        return weir_str_starts(y, x);
    }

    *value = x.len > y.len ? x : y;

    return weir_str_starts(x, y) || weir_str_starts(y, x);
}


static const weir_header_test_t *
find_test(const weir_route_t *r, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < r->headers.len; i++) {
        if (weir_str_eq(r->headers.items[i].name.text, name)) {
            return &r->headers.items[i];
        }
    }

    return NULL;
}


static bool
headers_fit(const weir_route_t *a, const weir_route_t *b)
{
    size_t                     i;
    weir_str_t                 value;
    const weir_header_test_t  *other;

    for (i = 0; i < a->headers.len; i++) {
        other = find_test(b, a->headers.items[i].name.text);

        if (other != NULL
            && !header_fits(&a->headers.items[i], other, &value))
        {
            return false;
        }
    }

    return true;
}


/*
 * Of the methods that both list, one bucket compares a pair: that of the
 * first method of a that b lists too.
 */
static bool
is_turn(const weir_route_t *a, const weir_route_t *b, weir_str_t method)
{
    size_t    i, j;
    uint32_t  both;

    if (method.len == 0) {
        return true;
    }

    both = a->methods & b->methods;

    for (i = 0; i < WEIR_METHOD_COUNT; i++) {
        if (both & (uint32_t) 1 << i) {
            return weir_str_eq(weir_cstr(method_names[i]), method);
        }
    }

    for (i = 0; i < a->other.len; i++) {
        for (j = 0; j < b->other.len; j++) {
            if (weir_str_eq(a->other.items[i].text, b->other.items[j].text)) {
                return weir_str_eq(a->other.items[i].text, method);
            }
        }
    }

    return false;
}


/* A segment that both patterns match; false: there is none. */
static bool
patterns_fit(ties_t *t, const weir_segment_t *a, const weir_segment_t *b,
    weir_str_t *text, bool *sure)
{
    weir_rc_t            rc;
    weir_str_t           key, *w;
    weir_names_entry_t  *e;

    key = weir_str_cmp(a->pattern, b->pattern) < 0
          ? join(t, a->pattern, "\n", b->pattern)
          : join(t, b->pattern, "\n", a->pattern);

    rc = weir_names_add(&t->common, key, (weir_span_t) { 0 },
                        (uint32_t) t->witnesses.len, &e);

    if (rc == WEIR_DECLINED) {
        *text = t->witnesses.items[e->value];
        *sure &= text->data == NULL || text->len != 0;
        return text->data != NULL;
    }

    w = rc == WEIR_OK ? weir_vec_push(t->arena, &t->witnesses) : NULL;

    if (w == NULL) {
        t->nomem = true;
        return false;
    }

    if (t->searches++ == MAX_SEARCHES) {
        t->gave_up = true;
        return false;
    }

    rc = weir_re_common(t->arena, a->regex, b->regex, w);

    if (rc == WEIR_NOMEM) {
        t->nomem = true;
        return false;
    }

    if (rc == WEIR_DECLINED) {
        *w = weir_str(NULL, 0);
        return false;
    }

    if (rc == WEIR_ERROR) {
        *w = weir_str("", 0);
        *sure = false;
    }

    *text = *w;

    return true;
}


/* A segment for a parameter without a pattern that no literal takes. */
static weir_str_t
free_segment(ties_t *t)
{
    weir_str_t  s;

    s = weir_names_free(&t->literals, t->arena);

    if (s.data == NULL) {
        t->nomem = true;
        return weir_string("x");
    }

    return s;
}


static bool
paths_fit(ties_t *t, const weir_route_t *a, const weir_route_t *b,
    witness_t *w)
{
    size_t                 i;
    const weir_segment_t  *x, *y;

    w->sure = true;

    for (i = 0; i < a->path.nsegments; i++) {
        x = &a->path.segments[i];
        y = &b->path.segments[i];

        if (x->param.data == NULL) {
            w->segments[i] = x->text;

        } else if (x->regex == NULL) {
            w->segments[i] = weir_str(NULL, 0);

        } else if (!patterns_fit(t, x, y, &w->segments[i], &w->sure)) {
            return false;
        }
    }

    return true;
}


/* Everything but what RFC 3986 calls unreserved is written as %XX. */
static weir_str_t
encode(ties_t *t, weir_str_t s)
{
    char    *q;
    uint8_t  c;
    size_t   i, n;

    static const char  digits[] = "0123456789ABCDEF";

    q = weir_arena_array(t->arena, s.len, 3);
    if (q == NULL) {
        t->nomem = true;
        return s;
    }

    n = 0;

    for (i = 0; i < s.len; i++) {
        c = (uint8_t) s.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || (c != '\0' && strchr("-._~:@!$&'()+,=", c) != NULL))
        {
            q[n++] = (char) c;

        } else {
            q[n++] = '%';
            q[n++] = digits[c >> 4];
            q[n++] = digits[c & 15];
        }
    }

    return weir_str(q, n);
}


/* "GET http://host/path", then the headers. */
static weir_str_t
request(ties_t *t, const weir_route_t *a, const weir_route_t *b,
    weir_str_t method, const witness_t *w)
{
    size_t                     i;
    weir_str_t                 s, host, value;
    const weir_header_test_t  *h, *other;

    host = a->host.text;
    s = method.len != 0 ? method : weir_string("GET");

    if (host.len == 0) {
        host = weir_string("any.example");

    } else if (host.data[0] == '*') {
        host = join(t, weir_string("x"), "",
                    weir_str(host.data + 1, host.len - 1));
    }

    s = join(t, s, " http://", host);

    for (i = 0; i < a->path.nsegments; i++) {
        value = w->segments[i].data != NULL ? w->segments[i]
                                            : free_segment(t);
        s = join(t, s, "/", encode(t, value));
    }

    if (a->path.rest) {
        s = join(t, s, "/", free_segment(t));
    }

    for (i = 0; i < a->headers.len + b->headers.len; i++) {
        h = i < a->headers.len ? &a->headers.items[i]
                               : &b->headers.items[i - a->headers.len];
        other = find_test(i < a->headers.len ? b : a, h->name.text);

        if (other != NULL && i >= a->headers.len) {
            continue;
        }

        (void) header_fits(h, other != NULL ? other : h, &value);
        s = join(t, join(t, s, i == 0 ? " with " : ", ", h->name.text), ": ",
                 value);
    }

    return s;
}


static void
tell(ties_t *t, uint32_t first, uint32_t second, weir_str_t method,
    const witness_t *w)
{
    weir_str_t           place, what;
    const weir_route_t  *a, *b;

    a = &t->m->routes.items[first];
    b = &t->m->routes.items[second];
    place = weir_place(t->diags, a->id.span);

    if (!w->sure) {
        (void) weir_fail(t->diags, WEIR_ETIE, b->id.span,
                         "route \"%.*s\" may tie with route \"%.*s\" "
                         "(%.*s): their patterns are too large to compare",
                         WEIR_STR(b->id.text), WEIR_STR(a->id.text),
                         WEIR_STR(place));
        return;
    }

    what = request(t, a, b, method, w);

    (void) weir_fail(t->diags, WEIR_ETIE, b->id.span,
                     "route \"%.*s\" ties with route \"%.*s\" (%.*s): both "
                     "match %.*s", WEIR_STR(b->id.text), WEIR_STR(a->id.text),
                     WEIR_STR(place), WEIR_STR(what));
}


/* i stands before j in the source. */
static void
compare(ties_t *t, uint32_t i, uint32_t j, weir_str_t method)
{
    witness_t            w;
    const weir_route_t  *a, *b;

    a = &t->m->routes.items[i];
    b = &t->m->routes.items[j];

    if (t->told[j] || t->gave_up) {
        return;
    }

    if (t->pairs++ == MAX_PAIRS) {
        t->gave_up = true;
        return;
    }

    if (is_turn(a, b, method) && headers_fit(a, b) && paths_fit(t, a, b, &w)
        && !t->nomem)
    {
        t->told[j] = true;
        tell(t, i, j, method, &w);
    }
}


static void
compare_all(ties_t *t, const routes_t *list, weir_str_t method)
{
    size_t  i, j;

    for (j = 1; j < list->len; j++) {
        for (i = 0; i < j && !t->gave_up && !t->told[list->items[j]]; i++) {
            compare(t, list->items[i], list->items[j], method);
        }
    }
}


/* The header that most routes of a bucket test for one value. */
static weir_str_t
best_header(ties_t *t, const bucket_t *b)
{
    size_t                     i, k;
    weir_str_t                 best;
    uint32_t                   most;
    weir_names_t               names;
    weir_names_entry_t        *e;
    const weir_route_t        *r;
    const weir_header_test_t  *h;

    best = weir_str("", 0);
    most = 0;
    names = (weir_names_t) { .arena = t->arena };

    for (i = 0; i < b->routes.len; i++) {
        r = &t->m->routes.items[b->routes.items[i]];

        for (k = 0; k < r->headers.len; k++) {
            h = &r->headers.items[k];

            if (h->test != WEIR_TEST_EXACT) {
                continue;
            }

            if (weir_names_add(&names, h->name.text, h->name.span, 0, &e)
                == WEIR_DECLINED && ++e->value > most)
            {
                most = e->value;
                best = h->name.text;
            }
        }
    }

    return best;
}


static void
push(ties_t *t, routes_t *list, uint32_t route)
{
    uint32_t  *p;

    p = weir_vec_push(t->arena, list);

    if (p == NULL) {
        t->nomem = true;
        return;
    }

    *p = route;
}


/*
 * Routes that test the header for different values cannot tie; all others of
 * the bucket are compared with all.
 */
static void
compare_bucket(ties_t *t, const bucket_t *b)
{
    size_t                     i, j;
    uint32_t                   x, y;
    weir_rc_t                  rc;
    routes_t                   rest, *group;
    weir_str_t                 header;
    weir_names_t               values;
    weir_names_entry_t        *e;
    weir_vec_t(routes_t)       groups;
    const weir_header_test_t  *h;

    header = b->routes.len > MAX_BUCKET ? best_header(t, b)
                                        : weir_str("", 0);

    if (header.len == 0) {
        compare_all(t, &b->routes, b->method);
        return;
    }

    memset(&rest, 0, sizeof(rest));
    memset(&groups, 0, sizeof(groups));
    values = (weir_names_t) { .arena = t->arena };

    for (i = 0; i < b->routes.len && !t->nomem; i++) {
        x = b->routes.items[i];
        h = find_test(&t->m->routes.items[x], header);

        if (h == NULL || h->test != WEIR_TEST_EXACT) {
            push(t, &rest, x);
            continue;
        }

        rc = weir_names_add(&values, h->value.text, h->value.span,
                            (uint32_t) groups.len, &e);

        group = rc == WEIR_OK ? weir_vec_push(t->arena, &groups)
                : rc == WEIR_DECLINED ? &groups.items[e->value] : NULL;

        if (group == NULL) {
            t->nomem = true;
            return;
        }

        push(t, group, x);
    }

    for (i = 0; i < groups.len; i++) {
        compare_all(t, &groups.items[i], b->method);
    }

    compare_all(t, &rest, b->method);

    for (i = 0; i < rest.len; i++) {
        for (j = 0; j < b->routes.len && !t->gave_up; j++) {
            x = rest.items[i];
            y = b->routes.items[j];

            if (x != y) {
                compare(t, x < y ? x : y, x < y ? y : x, b->method);
            }
        }
    }
}


static void
note_literals(ties_t *t, const weir_route_t *r)
{
    size_t                 i;
    weir_names_entry_t    *e;
    const weir_segment_t  *s;

    for (i = 0; i < r->path.nsegments; i++) {
        s = &r->path.segments[i];

        if (s->param.data == NULL
            && weir_names_add(&t->literals, s->text, r->path.text.span, 0, &e)
               == WEIR_NOMEM)
        {
            t->nomem = true;
        }
    }
}


static void
check(ties_t *t)
{
    size_t               i;
    const weir_model_t  *m;

    m = t->m;
    t->told = weir_arena_array(t->arena, m->routes.len, sizeof(bool));
    t->nomem = t->told == NULL;

    for (i = 0; i < m->routes.len && !t->nomem; i++) {
        note_literals(t, &m->routes.items[i]);
        sort_in(t, (uint32_t) i);
    }

    for (i = 0; i < t->buckets.len && !t->nomem && !t->gave_up; i++) {
        compare_bucket(t, &t->buckets.items[i]);
    }

    if (t->gave_up) {
        (void) weir_fail(t->diags, WEIR_ETIES, m->routes.items[0].id.span,
                         "too many routes differ only in patterns and header "
                         "tests to tell whether two of them tie");
    }
}


weir_rc_t
weir_ties_check(const weir_model_t *m, weir_diags_t *diags)
{
    ties_t  t;
    size_t  errors;

    if (m->routes.len < 2) {
        return WEIR_OK;
    }

    memset(&t, 0, sizeof(ties_t));
    errors = diags->errors;

    t.arena = weir_arena_create();
    if (t.arena == NULL) {
        return WEIR_NOMEM;
    }

    t.diags = diags;
    t.m = m;
    t.keys.arena = t.arena;
    t.common.arena = t.arena;
    t.literals.arena = t.arena;

    check(&t);
    weir_arena_destroy(t.arena);

    return t.nomem ? WEIR_NOMEM
           : diags->errors != errors ? WEIR_ERROR : WEIR_OK;
}
