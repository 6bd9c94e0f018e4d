/*
 * lint_routes.c: routes that no request gets to.
 *
 * Specificity is that of ties.c.  A route is out of reach when every request
 * that it matches is matched by a more specific one.  With hosts without end
 * and headers that need not be there, that takes equal hosts and paths whose
 * parameters are no wider: a pattern that every segment matches before a bare
 * parameter, or literals for all texts of a pattern that has few.  What takes
 * more to see is not looked for.
 */

#include "front/lint.h"

#define MAX_CASES  64u          /* paths that one route stands for */
#define MAX_PAIRS  2000000u     /* compared in one policy */

static const char *const  method_names[] = {
#define M(name, text)  text,
    WEIR_METHODS(M)
#undef M
};

typedef weir_vec_t(uint32_t)  group_t;

typedef struct {
    weir_lint_t            *l;
    weir_names_t            keys;       /* value: index of the group */
    weir_vec_t(group_t)     groups;
    weir_names_t            literals;   /* segments that a witness avoids */
    const bool            **universal;  /* by route, by segment */
    unsigned                pairs;
} routes_t;

/* A route whose requests are looked at: one case of its path at a time. */
typedef struct {
    const weir_route_t     *route;
    const group_t          *group;
    weir_strs_t             texts[WEIR_MAX_SEGMENTS];   /* of few */
    size_t                  at[WEIR_MAX_SEGMENTS];
    weir_str_t              segments[WEIR_MAX_SEGMENTS];    /* NULL: any */
} case_t;


static bool
names_method(const weir_route_t *r, unsigned i, weir_str_t other)
{
    size_t  k;

    if (i < WEIR_METHOD_COUNT) {
        return (r->methods & (uint32_t) 1 << i) != 0;
    }

    for (k = 0; k < r->other.len; k++) {
        if (weir_str_eq(r->other.items[k].text, other)) {
            return true;
        }
    }

    return false;
}


/* Whether each test of r holds where those of a do. */
static bool
headers_hold(const weir_route_t *r, const weir_route_t *a)
{
    bool                       held;
    size_t                     i, k;
    const weir_header_test_t  *t, *u;

    for (i = 0; i < r->headers.len; i++) {
        t = &r->headers.items[i];
        held = false;

        for (k = 0; k < a->headers.len && !held; k++) {
            u = &a->headers.items[k];

            held = weir_str_eq(t->name.text, u->name.text)
                   && (t->test == WEIR_TEST_PRESENT
                       || (t->test == WEIR_TEST_EXACT
                           && u->test == WEIR_TEST_EXACT
                           && weir_str_eq(t->value.text, u->value.text))
                       || (t->test == WEIR_TEST_PREFIX
                           && u->test != WEIR_TEST_PRESENT
                           && weir_str_starts(u->value.text,
                                              t->value.text)));
        }

        if (!held) {
            return false;
        }
    }

    return true;
}


static unsigned
rank(const weir_segment_t *s)
{
    return s->param.data == NULL ? 0 : s->regex != NULL ? 1 : 2;
}


/* Whether route r is more specific than the case's, and matches all of it. */
static bool
path_takes(const routes_t *s, uint32_t r, const case_t *c)
{
    bool                   better;
    size_t                 i;
    const weir_segment_t  *a, *b;

    better = false;

    for (i = 0; i < c->route->path.nsegments; i++) {
        a = &c->route->path.segments[i];
        b = &s->l->m->routes.items[r].path.segments[i];

        if (!better && rank(b) > rank(a)) {
            return false;
        }

        better = better || rank(b) < rank(a);

        if (b->param.data == NULL) {

            if (c->segments[i].data == NULL
                || !weir_str_eq(b->text, c->segments[i]))
            {
                return false;
            }

        } else if (b->regex != NULL && !s->universal[r][i]
                   && (a->regex == NULL
                       || !weir_str_eq(a->pattern, b->pattern)))
        {
            return false;
        }
    }

    return better;
}


/* method is an index, or WEIR_METHOD_COUNT for other; any: no method. */
static const weir_route_t *
taker(routes_t *s, const case_t *c, bool any, unsigned method,
    weir_str_t other)
{
    size_t               i;
    uint32_t             r;
    const weir_route_t  *b;

    for (i = 0; i < c->group->len && s->pairs < MAX_PAIRS; i++) {
        r = c->group->items[i];
        b = &s->l->m->routes.items[r];
        s->pairs++;

        if (b != c->route
            && ((b->methods == 0 && b->other.len == 0)
                || (!any && names_method(b, method, other)))
            && headers_hold(b, c->route) && path_takes(s, r, c))
        {
            return b;
        }
    }

    return NULL;
}


/* One route for each method; the first of them, or NULL. */
static const weir_route_t *
takers(routes_t *s, const case_t *c, weir_str_t *method)
{
    size_t               k;
    unsigned             i;
    weir_str_t           name;
    const weir_route_t  *r, *first, *b;

    r = c->route;
    first = NULL;

    if (r->methods == 0 && r->other.len == 0) {
        *method = weir_string("GET");
        return taker(s, c, true, 0, weir_string(""));
    }

    for (k = 0; k < WEIR_METHOD_COUNT + r->other.len; k++) {
        i = k < WEIR_METHOD_COUNT ? (unsigned) k : WEIR_METHOD_COUNT;
        name = k < WEIR_METHOD_COUNT
               ? weir_cstr(method_names[k])
               : r->other.items[k - WEIR_METHOD_COUNT].text;

        if (!names_method(r, i, name)) {
            continue;
        }

        b = taker(s, c, false, i, name);

        if (b == NULL) {
            return NULL;
        }

        if (first == NULL) {
            first = b;
            *method = name;
        }
    }

    return first;
}


static weir_str_t
join(routes_t *s, weir_str_t a, const char *sep, weir_str_t b)
{
    weir_str_t  r;

    r = weir_arena_printf(s->l->arena, "%.*s%s%.*s", WEIR_STR(a), sep,
                          WEIR_STR(b));
    s->l->nomem |= r.data == NULL;

    return r.data != NULL ? r : a;
}


/* A segment that is no literal of the policy. */
static weir_str_t
free_segment(routes_t *s)
{
    weir_str_t  text;

    text = weir_names_free(&s->literals, s->l->arena);

    if (text.data == NULL) {
        s->l->nomem = true;
        return weir_string("x");
    }

    return text;
}


/* What is not sure to stand for itself in a path is written as %XX. */
static weir_str_t
encoded(routes_t *s, weir_str_t text)
{
    char    *p;
    size_t   i, n;

    p = weir_arena_array(s->l->arena, text.len + 1, 3);

    if (p == NULL) {
        s->l->nomem = true;
        return text;
    }

    for (i = 0, n = 0; i < text.len; i++) {
        if (strchr("%?#\\\"<>^`{|} ", text.data[i]) == NULL
            && (uint8_t) text.data[i] < 0x7f)
        {
            p[n++] = text.data[i];

        } else {
            p[n++] = '%';
            p[n++] = "0123456789ABCDEF"[(uint8_t) text.data[i] >> 4];
            p[n++] = "0123456789ABCDEF"[(uint8_t) text.data[i] & 15];
        }
    }

    return weir_str(p, n);
}


/* "GET http://host/path", then the headers. */
static weir_str_t
request(routes_t *s, const case_t *c, weir_str_t method)
{
    size_t                     i;
    weir_str_t                 text, host;
    const weir_header_test_t  *h;

    host = c->route->host.text;

    if (host.len == 0) {
        host = weir_string("any.example");

    } else if (host.data[0] == '*') {
        host = join(s, weir_string("x"), "",
                    weir_str(host.data + 1, host.len - 1));
    }

    text = join(s, method, " http://", host);

    for (i = 0; i < c->route->path.nsegments; i++) {
        text = join(s, text, "/",
                    c->segments[i].data != NULL ? encoded(s, c->segments[i])
                                                : free_segment(s));
    }

    if (c->route->path.rest) {
        text = join(s, text, "/", free_segment(s));
    }

    for (i = 0; i < c->route->headers.len; i++) {
        h = &c->route->headers.items[i];
        text = join(s, text, i == 0 ? " with " : ", ", h->name.text);
        text = join(s, text, ": ", h->test == WEIR_TEST_PRESENT
                                   ? weir_string("x") : h->value.text);
    }

    return text;
}


/* The next case of the path; false: that was the last. */
static bool
next_case(case_t *c)
{
    size_t  i;

    for (i = 0; i < c->route->path.nsegments; i++) {

        if (c->texts[i].len == 0) {
            continue;
        }

        c->at[i] = (c->at[i] + 1) % c->texts[i].len;
        c->segments[i] = c->texts[i].items[c->at[i]];

        if (c->at[i] != 0) {
            return true;
        }
    }

    return false;
}


/* Texts that are no segment of a path are none of the pattern. */
static void
drop_no_segments(weir_strs_t *texts)
{
    size_t      i, n;
    weir_str_t  s;

    for (i = 0, n = 0; i < texts->len; i++) {
        s = texts->items[i];

        if (s.len != 0 && !weir_str_eq(s, weir_string("."))
            && !weir_str_eq(s, weir_string(".."))
            && memchr(s.data, '/', s.len) == NULL)
        {
            texts->items[n++] = s;
        }
    }

    texts->len = n;
}


/* false: nothing could be more specific in a way that is looked for. */
static bool
first_case(routes_t *s, case_t *c)
{
    bool                   open;
    size_t                 i, cases;
    weir_strs_t            few;
    const weir_segment_t  *seg;

    open = false;
    cases = 1;

    for (i = 0; i < c->route->path.nsegments; i++) {
        seg = &c->route->path.segments[i];
        c->segments[i] = weir_str(NULL, 0);
        c->texts[i].len = 0;
        c->at[i] = 0;

        if (seg->param.data == NULL) {
            c->segments[i] = seg->text.data != NULL ? seg->text
                                                    : weir_string("");
            continue;
        }

        if (seg->regex == NULL) {
            open = true;
            continue;
        }

        if (!weir_lint_texts(s->l, seg->regex, &few)) {
            continue;
        }

        drop_no_segments(&few);

        if (few.len != 0 && cases <= MAX_CASES / few.len) {
            cases *= few.len;
            open = true;
            c->texts[i] = few;
            c->segments[i] = few.items[0];
        }
    }

    return open;
}


static void
look_at(routes_t *s, case_t *c)
{
    weir_str_t           method, first_method, what;
    const weir_route_t  *by, *first;

    if (!first_case(s, c)) {
        return;
    }

    first = takers(s, c, &first_method);

    if (first == NULL) {
        return;
    }

    what = request(s, c, first_method);

    while (next_case(c)) {
        by = takers(s, c, &method);

        if (by == NULL) {
            return;
        }
    }

    if (s->pairs >= MAX_PAIRS || s->l->nomem) {
        return;
    }

    weir_warn(s->l->diags, WEIR_WUNREACHED, c->route->id.span,
              "no request gets to route \"%.*s\": more specific ones match "
              "all of its own, as route \"%.*s\" (%.*s) does %.*s",
              WEIR_STR(c->route->id.text), WEIR_STR(first->id.text),
              WEIR_STR(weir_place(s->l->diags, first->id.span)),
              WEIR_STR(what));
}


/* Routes of a group have host and number of segments in common. */
static void
sort_in(routes_t *s, uint32_t index)
{
    bool                *universal;
    size_t               i;
    uint32_t            *slot;
    group_t             *group;
    weir_rc_t            rc;
    weir_str_t           key;
    const weir_route_t  *r;
    weir_names_entry_t  *e;

    r = &s->l->m->routes.items[index];
    key = weir_arena_printf(s->l->arena, "%.*s %zu%s", WEIR_STR(r->host.text),
                            r->path.nsegments, r->path.rest ? " rest" : "");
    universal = weir_arena_array(s->l->arena, r->path.nsegments,
                                 sizeof(bool));

    if (key.data == NULL || universal == NULL) {
        s->l->nomem = true;
        return;
    }

    for (i = 0; i < r->path.nsegments; i++) {
        universal[i] = r->path.segments[i].regex != NULL
                       && weir_lint_universal(r->path.segments[i].regex);

        if (r->path.segments[i].param.data == NULL) {
            rc = weir_names_add(&s->literals, r->path.segments[i].text,
                                (weir_span_t) { 0 }, 0, &e);
            s->l->nomem |= rc == WEIR_NOMEM;
        }
    }

    s->universal[index] = universal;

    rc = weir_names_add(&s->keys, key, (weir_span_t) { 0 },
                        (uint32_t) s->groups.len, &e);

    group = rc == WEIR_OK ? weir_vec_push(s->l->arena, &s->groups)
            : rc == WEIR_DECLINED ? &s->groups.items[e->value] : NULL;
    slot = group != NULL ? weir_vec_push(s->l->arena, group) : NULL;

    if (slot == NULL) {
        s->l->nomem = true;
        return;
    }

    *slot = index;
}


void
weir_lint_routes(weir_lint_t *l)
{
    size_t    i, k;
    case_t   *c;
    routes_t  s;

    memset(&s, 0, sizeof(s));
    s.l = l;
    s.keys.arena = l->arena;
    s.literals.arena = l->arena;
    s.universal = weir_arena_array(l->arena, l->m->routes.len,
                                   sizeof(bool *));
    c = weir_arena_alloc(l->arena, sizeof(case_t));

    if (s.universal == NULL || c == NULL) {
        l->nomem = true;
        return;
    }

    for (i = 0; i < l->m->routes.len && !l->nomem; i++) {
        sort_in(&s, (uint32_t) i);
    }

    for (i = 0; i < s.groups.len; i++) {
        c->group = &s.groups.items[i];

        for (k = 0; c->group->len > 1 && k < c->group->len && !l->nomem; k++) {
            c->route = &l->m->routes.items[c->group->items[k]];
            look_at(&s, c);
        }
    }
}
