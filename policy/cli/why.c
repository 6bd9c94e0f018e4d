/*
 * why.c: how a request got its tenant and its route.
 */

#include "cli/why.h"
#include "run/lookup.h"

/* a bit of methods that no request has */
#define NO_METHOD  (1u << WEIR_METHOD_COUNT)


static weir_lookup_t
lookup(const weir_image_t *img, const cli_request_t *r)
{
    return (weir_lookup_t) { .image = img, .host = weir_txn_host(r->txn),
                             .path = weir_txn_path(r->txn),
                             .method = r->req.method, .peer = &r->req.peer,
                             .ops = r->req.host_ops,
                             .data = r->req.host_data };
}


/* Tenants */

static weir_str_t
resolver_text(const weir_image_t *img, const weir_img_resolve_t *r,
    weir_arena_t *a)
{
    uint32_t         i;
    weir_str_t       text, part;
    const uint32_t  *ref;

    switch (r->kind) {

    case WEIR_RESOLVE_HOST:
        text = weir_img_str(img, r->prefix);
        part = weir_img_str(img, r->suffix);
        return weir_arena_printf(a, "host %.*s{tenant}%.*s", WEIR_STR(text),
                                 WEIR_STR(part));

    case WEIR_RESOLVE_HEADER:
        text = weir_img_str(img, r->header);
        return weir_arena_printf(a, "header %.*s", WEIR_STR(text));

    default:
        text = weir_string("path ");
        ref = WEIR_REC(img, REFS) + r->segments.first;

        for (i = 0; i < r->segments.count; i++) {
            part = ref[i] == WEIR_NONE ? weir_string("{tenant}")
                                       : weir_img_str(img, ref[i]);
            text = weir_arena_printf(a, "%.*s/%.*s", WEIR_STR(text),
                                     WEIR_STR(part));
        }

        return r->rest ? weir_arena_printf(a, "%.*s/**", WEIR_STR(text))
                       : text;
    }
}


/* What the engine says with this resolve rule alone. */
static cli_named_t
ask(const weir_image_t *img, const cli_request_t *r, uint32_t resolver)
{
    uint32_t                   tenant;
    weir_rc_t                  rc;
    weir_value_t               value;
    weir_image_t               one;
    weir_lookup_t              q;
    weir_img_policy_t          policy;
    const weir_img_resolve_t  *rec;

    policy = *img->policy;
    policy.resolve.first += resolver;
    policy.resolve.count = 1;
    one = *img;
    one.policy = &policy;

    q = lookup(&one, r);
    rc = weir_lookup_candidate(&q, &tenant);

    if (rc != WEIR_DECLINED) {
        return rc == WEIR_OK ? CLI_NAMES_ONE : CLI_NAMES_UNKNOWN;
    }

    rec = &WEIR_REC(img, RESOLVES)[policy.resolve.first];

    if (rec->kind == WEIR_RESOLVE_HEADER
        && !weir_lookup_trusts(img, rec, &r->req.peer)
        && r->req.host_ops->get(r->req.host_data, WEIR_A_REQUEST_HEADERS,
                                weir_img_str(img, rec->header), &value)
           == WEIR_OK)
    {
        return CLI_NOT_TRUSTED;
    }

    return CLI_NAMES_NONE;
}


bool
weir_cli_why_tenant(const cli_policy_t *p, const cli_request_t *r,
    cli_resolvers_t *out)
{
    uint32_t             i;
    weir_arena_t        *a;
    cli_resolver_t      *one;
    const weir_image_t  *img;

    img = &p->image;
    a = r->arena;

    if (weir_lookup_tenant_host(img, weir_txn_host(r->txn)) != WEIR_NONE) {
        one = weir_vec_push(a, out);

        if (one == NULL) {
            return false;
        }

        one->what = weir_string("a host of its own");
        one->said = CLI_NAMES_ONE;
        return true;
    }

    for (i = 0; i < img->policy->resolve.count; i++) {
        one = weir_vec_push(a, out);

        if (one == NULL) {
            return false;
        }

        one->what = resolver_text(img, &WEIR_REC(img, RESOLVES)
                                       [img->policy->resolve.first + i], a);
        one->said = ask(img, r, i);

        if (one->said == CLI_NAMES_ONE || one->said == CLI_NAMES_UNKNOWN) {
            return true;
        }
    }

    if (weir_txn_tenant(r->txn) != NULL) {
        one = weir_vec_push(a, out);

        if (one == NULL) {
            return false;
        }

        one->what = weir_string("the caller's credential");
        one->said = CLI_NAMES_ONE;
    }

    return true;
}


/* Routes */

/* 3: a literal, 2: a parameter with a pattern, 1: without, 0: anything */
static unsigned
weight(const weir_template_t *t, size_t i)
{
    if (i >= t->nsegments) {
        return 0;
    }

    return t->segments[i].param.data == NULL ? 3
           : t->segments[i].pattern.data != NULL ? 2 : 1;
}


static weir_str_t
path_reason(const weir_template_t *won, const weir_template_t *lost)
{
    size_t    i;
    unsigned  a, b;

    static const char *const  reasons[4][4] = {
        [1][0] = "its path has a parameter where this one takes any segments",
        [2][0] = "its path has a parameter with a pattern where this one "
                 "takes any segments",
        [2][1] = "its path has a parameter with a pattern where this one has "
                 "one without",
        [3][0] = "its path has a literal where this one takes any segments",
        [3][1] = "its path has a literal where this one has a parameter",
        [3][2] = "its path has a literal where this one has a parameter",
    };

    for (i = 0; i < won->nsegments || i < lost->nsegments; i++) {
        a = weight(won, i);
        b = weight(lost, i);

        if (a > b) {
            return weir_cstr(reasons[a][b]);
        }
    }

    if (lost->rest && !won->rest) {
        return weir_string("its path ends where this one takes any segments");
    }

    return weir_str("", 0);
}


static unsigned
host_rank(const weir_route_t *r)
{
    return r->host.text.len == 0 ? 0 : r->host.text.data[0] == '*' ? 1 : 2;
}


/* Why a route came before another that matches too. */
static weir_str_t
reason(const weir_route_t *won, const weir_route_t *lost)
{
    unsigned    a, b;
    weir_str_t  path;

    a = host_rank(won);
    b = host_rank(lost);

    if (a > b) {
        return b == 0 ? weir_string("its host is named, this one takes any")
                      : weir_string("its host is exact, this one's a pattern");
    }

    if (won->host.text.len > lost->host.text.len) {
        return weir_string("its host pattern is longer");
    }

    path = path_reason(&won->path, &lost->path);

    if (path.len > 0) {
        return path;
    }

    if ((won->methods || won->other.len)
        && !(lost->methods || lost->other.len))
    {
        return weir_string("it lists the method, this one takes any");
    }

    return won->headers.len > lost->headers.len
           ? weir_string("it asks for more headers") : path;
}


/* The route that the engine finds among those of the copy. */
static uint32_t
find(const weir_image_t *img, const cli_request_t *r, weir_str_t method)
{
    weir_str_t     params[WEIR_MAX_PARAMS];
    weir_match_t   m;
    weir_lookup_t  q;

    q = lookup(img, r);
    q.method = method;
    m.params = params;

    return weir_lookup_route(&q, &m) == WEIR_OK ? m.route : WEIR_NONE;
}


static bool
takes(const weir_image_t *img, const weir_img_route_t *route,
    weir_str_t method)
{
    uint32_t         i;
    const uint32_t  *other;

    static const char *const  names[] = {
#define M(name, text)  text,
        WEIR_METHODS(M)
#undef M
    };

    for (i = 0; i < WEIR_METHOD_COUNT; i++) {

        if (weir_str_eq(method, weir_cstr(names[i]))) {
            return (route->methods >> i & 1) != 0;
        }
    }

    other = WEIR_REC(img, REFS) + route->other.first;

    for (i = 0; i < route->other.count; i++) {

        if (weir_str_eq(method, weir_img_str(img, other[i]))) {
            return true;
        }
    }

    return false;
}


static weir_str_t
lack(const weir_image_t *img, uint32_t route, const cli_request_t *r)
{
    const weir_img_route_t  *rec;

    rec = &WEIR_REC(img, ROUTES)[route];

    if ((rec->methods || rec->other.count)
        && !takes(img, rec, r->req.method))
    {
        return weir_arena_printf(r->arena, "it does not take %.*s",
                                 WEIR_STR(r->req.method));
    }

    return weir_string("its tests of headers do not hold");
}


bool
weir_cli_why_route(const cli_policy_t *p, const cli_request_t *r,
    weir_str_t method, cli_rivals_t *out)
{
    size_t                   k;
    uint32_t                 i, n, won;
    cli_rival_t             *rival;
    weir_image_t             copy;
    const weir_model_t      *m;
    weir_img_route_t        *routes;
    const weir_img_route_t  *route;

    n = p->image.n[WEIR_S_ROUTES];
    m = p->model;
    route = weir_txn_route(r->txn);
    routes = weir_arena_array(r->arena, n + 1, sizeof(weir_img_route_t));

    if (routes == NULL) {
        return false;
    }

    if (n > 0) {
        memcpy(routes, WEIR_REC(&p->image, ROUTES),
               n * sizeof(weir_img_route_t));
    }

    copy = p->image;
    copy.rec[WEIR_S_ROUTES] = routes;
    won = WEIR_NONE;

    if (route != NULL) {
        won = (uint32_t) (route - WEIR_REC(&p->image, ROUTES));
        routes[won].methods = NO_METHOD;
    }

    for (i = 0; route == NULL && i < n; i++) {
        routes[i].methods = 0;
        routes[i].other.count = 0;
        routes[i].headers.count = 0;
    }

    for (k = 0; k < CLI_RIVALS; k++) {
        i = find(&copy, r, method);

        if (i == WEIR_NONE) {
            break;
        }

        routes[i].methods = NO_METHOD;
        rival = weir_vec_push(r->arena, out);

        if (rival == NULL) {
            return false;
        }

        rival->route = i;
        rival->because = weir_str("", 0);

        if (route == NULL) {
            rival->because = lack(&p->image, i, r);

        } else if (m != NULL) {
            rival->because = reason(&m->routes.items[won],
                                    &m->routes.items[i]);
        }
    }

    return true;
}


weir_str_t
weir_cli_route_text(const cli_policy_t *p, uint32_t route, weir_arena_t *a)
{
    size_t               i, n;
    weir_str_t           text;
    const weir_route_t  *r;

    static const char *const  names[] = {
#define M(name, text)  text,
        WEIR_METHODS(M)
#undef M
    };

    if (p->model == NULL) {
        return weir_str("", 0);
    }

    r = &p->model->routes.items[route];
    text = weir_arena_printf(a, "host %.*s, path %.*s",
                             r->host.text.len ? (int) r->host.text.len : 3,
                             r->host.text.len ? r->host.text.data : "any",
                             WEIR_STR(r->path.text.text));
    n = 0;

    for (i = 0; i < WEIR_METHOD_COUNT + r->other.len; i++) {

        if (i < WEIR_METHOD_COUNT && !(r->methods >> i & 1)) {
            continue;
        }

        text = i < WEIR_METHOD_COUNT
               ? weir_arena_printf(a, "%.*s%s%s", WEIR_STR(text),
                                   n++ ? " " : ", methods ", names[i])
               : weir_arena_printf(a, "%.*s%s%.*s", WEIR_STR(text),
                                   n++ ? " " : ", methods ",
                                   WEIR_STR(r->other.items
                                            [i - WEIR_METHOD_COUNT].text));
    }

    return r->headers.len
           ? weir_arena_printf(a, "%.*s, %zu header%s", WEIR_STR(text),
                               r->headers.len, r->headers.len > 1 ? "s" : "")
           : text;
}
