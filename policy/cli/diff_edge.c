/*
 * diff_edge.c: what differs at the edge: maintenance, and of a route what
 * pages of other origins may, which version it is, and what the upstream and
 * the client are told.
 */

#include <inttypes.h>

#include "cli/diff_blob.h"
#include "cli/limit_text.h"


static weir_str_t
str(const diff_side_t *s, uint32_t i)
{
    return weir_img_str(s->img, i);
}


static weir_str_t
or_none(weir_str_t s)
{
    return s.len ? s : weir_string("none");
}


static bool
same_sum(const diff_sum_t *a, const diff_sum_t *b)
{
    return memcmp(a, b, sizeof(diff_sum_t)) == 0;
}


/* Sums */

/* A text, or that there is none. */
static void
put_opt(diff_blob_t *b, const diff_side_t *s, uint32_t text)
{
    weir_blob_n(b, text != WEIR_NONE);
    weir_blob_str(b, str(s, text));
}


/* Not its name, which nobody is told. */
static void
put_cors(diff_blob_t *b, const diff_side_t *s, uint32_t cors)
{
    uint32_t                  i;
    const weir_img_cors_t    *c;
    const weir_img_origin_t  *o;

    weir_blob_n(b, cors != WEIR_NONE);

    if (cors == WEIR_NONE) {
        return;
    }

    c = &WEIR_REC(s->img, CORS)[cors];
    put_opt(b, s, c->methods);
    put_opt(b, s, c->headers);
    put_opt(b, s, c->expose);
    weir_blob_n(b, (uint64_t) c->max_age << 32 | c->credentials);
    weir_blob_n(b, c->origins.count);

    for (i = 0; i < c->origins.count; i++) {
        o = &WEIR_REC(s->img, ORIGINS)[c->origins.first + i];
        weir_blob_n(b, o->kind);
        weir_blob_str(b, str(s, o->text));
        weir_blob_str(b, str(s, o->suffix));
    }
}


static void
put_version(diff_blob_t *b, const diff_side_t *s, uint32_t version)
{
    const weir_img_version_t  *v;

    weir_blob_n(b, version != WEIR_NONE);

    if (version != WEIR_NONE) {
        v = &WEIR_REC(s->img, VERSIONS)[version];
        weir_blob_str(b, str(s, v->name));
        put_opt(b, s, v->deprecation);
        put_opt(b, s, v->sunset);
        put_opt(b, s, v->link);
    }
}


static void
put_ops(diff_blob_t *b, const diff_side_t *s, const weir_range_t *ops)
{
    uint32_t                     i;
    const weir_img_header_op_t  *op;

    weir_blob_n(b, ops->count);

    for (i = 0; i < ops->count; i++) {
        op = &WEIR_REC(s->img, HEADER_OPS)[ops->first + i];
        weir_blob_n(b, op->op);
        weir_blob_str(b, str(s, op->name));
        put_opt(b, s, op->text);
        weir_blob_prog(b, s, op->prog);
    }
}


diff_sum_t
weir_diff_route_edge(diff_t *d, const diff_side_t *s,
    const weir_img_route_t *r)
{
    diff_blob_t  b;

    b = weir_blob_begin(d);
    put_cors(&b, s, r->cors);
    put_version(&b, s, r->version);
    weir_blob_prog(&b, s, r->path);
    put_ops(&b, s, &r->request_ops);
    put_ops(&b, s, &r->response_ops);

    return weir_blob_close(&b);
}


static diff_sum_t
sum_pause(diff_t *d, const diff_side_t *s, const weir_img_maintenance_t *m)
{
    diff_blob_t  b;

    b = weir_blob_begin(d);
    weir_blob_str(&b, str(s, m->id));
    weir_blob_prog(&b, s, m->when);
    put_opt(&b, s, m->message);
    weir_blob_n(&b, (uint64_t) m->status << 32 | m->retry_after);

    return weir_blob_close(&b);
}


/* Maintenance */

static const weir_img_maintenance_t *
pause_at(const diff_side_t *s, uint32_t i)
{
    return &WEIR_REC(s->img, MAINTENANCE)
           [s->img->policy->maintenance.first + i];
}


static const weir_img_maintenance_t *
find_pause(const diff_side_t *s, weir_str_t id)
{
    uint32_t  i;

    for (i = 0; i < s->img->policy->maintenance.count; i++) {

        if (weir_str_eq(str(s, pause_at(s, i)->id), id)) {
            return pause_at(s, i);
        }
    }

    return NULL;
}


/* "for all requests, 503", "when ..., 503, back in 5m" */
static weir_str_t
pause_text(diff_t *d, const diff_side_t *s, const weir_img_maintenance_t *m)
{
    weir_str_t  text, t;

    text = m->when == WEIR_NONE
           ? weir_string("always")
           : weir_diff_text(d, "when %.*s",
                            WEIR_STR(weir_cli_prog_text(s->img, m->when)));
    text = weir_diff_text(d, "%.*s; status %u", WEIR_STR(text), m->status);

    if (m->retry_after == 0) {
        return text;
    }

    t = weir_cli_duration(d->arena, m->retry_after * UINT64_C(1000000000));

    return weir_diff_text(d, "%.*s, retry_after %.*s", WEIR_STR(text),
                          WEIR_STR(t));
}


static void
compare_pause(diff_t *d, const weir_img_maintenance_t *a,
    const weir_img_maintenance_t *b)
{
    weir_str_t          id, old, new;
    const diff_side_t  *o, *n;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];
    id = str(o, a->id);
    old = pause_text(d, o, a);
    new = pause_text(d, n, b);

    if (weir_str_eq(old, new)) {
        weir_diff_line(d, '~', "maintenance %.*s: %s", WEIR_STR(id),
                       weir_str_eq(str(o, a->message), str(n, b->message))
                       ? "condition" : "message");

    } else {
        weir_diff_line(d, '~', "maintenance %.*s: %.*s -> %.*s", WEIR_STR(id),
                       WEIR_STR(old), WEIR_STR(new));
    }
}


static void
lone_pauses(diff_t *d, unsigned side)
{
    uint32_t            i;
    weir_str_t          id, text;
    const diff_side_t  *s;

    s = &d->side[side];

    for (i = 0; i < s->img->policy->maintenance.count; i++) {
        id = str(s, pause_at(s, i)->id);

        if (find_pause(&d->side[!side], id) == NULL) {
            text = pause_text(d, s, pause_at(s, i));
            weir_diff_line(d, side == DIFF_OLD ? '-' : '+',
                           "maintenance %.*s: %.*s", WEIR_STR(id),
                           WEIR_STR(text));
        }
    }
}


static diff_sum_t
sum_pauses(diff_t *d, const diff_side_t *s)
{
    uint32_t     i;
    diff_sum_t   sum, one;
    diff_blob_t  b;

    sum = (diff_sum_t) { .bytes = { 0 } };

    for (i = 0; i < s->img->policy->maintenance.count; i++) {
        one = sum_pause(d, s, pause_at(s, i));
        b = weir_blob_begin(d);
        weir_blob_sum(&b, &sum);
        weir_blob_sum(&b, &one);
        sum = weir_blob_close(&b);
    }

    return sum;
}


void
weir_diff_maintenance(diff_t *d)
{
    size_t                         before;
    uint32_t                       i;
    diff_sum_t                     x, y;
    const diff_side_t             *o, *n;
    const weir_img_maintenance_t  *a, *b;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];
    x = sum_pauses(d, o);
    y = sum_pauses(d, n);
    d->same_pauses = same_sum(&x, &y);

    if (d->same_pauses) {
        return;
    }

    before = d->lines.len;
    lone_pauses(d, DIFF_OLD);

    for (i = 0; i < o->img->policy->maintenance.count; i++) {
        a = pause_at(o, i);
        b = find_pause(n, str(o, a->id));

        if (b == NULL) {
            continue;
        }

        x = sum_pause(d, o, a);
        y = sum_pause(d, n, b);

        if (!same_sum(&x, &y)) {
            compare_pause(d, a, b);
        }
    }

    lone_pauses(d, DIFF_NEW);

    if (before == d->lines.len) {
        weir_diff_line(d, '~', "maintenance: order");
    }
}


/* Lines about a route */

typedef struct {
    diff_t      *d;
    weir_str_t   route;
} route_t;


static void
line(const route_t *r, const char *what, weir_str_t old, weir_str_t new)
{
    if (!weir_str_eq(old, new)) {
        weir_diff_line(r->d, '~', "route %.*s: %s %.*s -> %.*s",
                       WEIR_STR(r->route), what, WEIR_STR(or_none(old)),
                       WEIR_STR(or_none(new)));
    }
}


static weir_str_t
cors_name(const diff_side_t *s, uint32_t cors)
{
    return cors == WEIR_NONE ? weir_string("")
                             : str(s, WEIR_REC(s->img, CORS)[cors].name);
}


static weir_str_t
version_text(const diff_side_t *s, uint32_t version, unsigned field)
{
    const weir_img_version_t  *v;

    if (version == WEIR_NONE) {
        return weir_string("");
    }

    v = &WEIR_REC(s->img, VERSIONS)[version];

    return str(s, field == 0 ? v->name
                  : field == 1 ? v->deprecation
                  : field == 2 ? v->sunset : v->link);
}


static weir_str_t
path_text(const diff_side_t *s, uint32_t prog)
{
    return prog == WEIR_NONE ? weir_string("")
                             : weir_cli_prog_text(s->img, prog);
}


/* "set x", "remove" of a header; "": it is not touched */
static weir_str_t
header_text(diff_t *d, const diff_side_t *s, const weir_range_t *ops,
    weir_str_t name)
{
    uint32_t                     i;
    weir_str_t                   text, value;
    const weir_img_header_op_t  *op;

    static const char *const  names[WEIR_HEADER_OP_COUNT] = {
        [WEIR_HEADER_REMOVE] = "remove",
        [WEIR_HEADER_SET] = "set ",
        [WEIR_HEADER_ADD] = "add "
    };

    text = weir_string("");

    for (i = 0; i < ops->count; i++) {
        op = &WEIR_REC(s->img, HEADER_OPS)[ops->first + i];

        if (!weir_str_eq(str(s, op->name), name)) {
            continue;
        }

        value = op->op == WEIR_HEADER_REMOVE ? weir_string("")
                : op->prog == WEIR_NONE ? str(s, op->text)
                : weir_cli_prog_text(s->img, op->prog);
        text = weir_diff_text(d, "%.*s%s%s%.*s", WEIR_STR(text),
                              text.len ? ", " : "", names[op->op],
                              WEIR_STR(value));
    }

    return text;
}


static void
compare_ops(const route_t *r, const char *of, const weir_range_t *a,
    const weir_range_t *b)
{
    uint32_t             i, side;
    weir_str_t           name, old, new;
    const char          *what;
    const diff_side_t   *s;
    const weir_range_t  *ops;

    for (side = 0; side < DIFF_SIDES; side++) {
        s = &r->d->side[side];
        ops = side == DIFF_OLD ? a : b;

        for (i = 0; i < ops->count; i++) {
            name = str(s, WEIR_REC(s->img, HEADER_OPS)[ops->first + i].name);
            old = header_text(r->d, &r->d->side[DIFF_OLD], a, name);
            new = header_text(r->d, &r->d->side[DIFF_NEW], b, name);

            /* those that both have were told of the old one */

            if (side == DIFF_OLD || old.len == 0) {
                what = weir_diff_text(r->d, "%s header %.*s", of,
                                      WEIR_STR(name)).data;
                line(r, what, old, new);
            }
        }
    }
}


void
weir_diff_route_edge_lines(diff_t *d, weir_str_t route,
    const weir_img_route_t *a, const weir_img_route_t *b)
{
    size_t              before;
    route_t             r;
    const diff_side_t  *o, *n;

    r = (route_t) { .d = d, .route = route };
    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];
    before = d->lines.len;

    line(&r, "cors", cors_name(o, a->cors), cors_name(n, b->cors));
    line(&r, "version", version_text(o, a->version, 0),
         version_text(n, b->version, 0));
    line(&r, "Deprecation", version_text(o, a->version, 1),
         version_text(n, b->version, 1));
    line(&r, "Sunset", version_text(o, a->version, 2),
         version_text(n, b->version, 2));
    line(&r, "Link", version_text(o, a->version, 3),
         version_text(n, b->version, 3));
    line(&r, "path of the upstream", path_text(o, a->path),
         path_text(n, b->path));
    compare_ops(&r, "request", &a->request_ops, &b->request_ops);
    compare_ops(&r, "response", &a->response_ops, &b->response_ops);

    if (before == d->lines.len && (a->cors == WEIR_NONE)) {
        weir_diff_line(d, '~', "route %.*s: what its templates ask",
                       WEIR_STR(route));
    }
}


/* CORS */

static weir_str_t
origins_text(diff_t *d, const diff_side_t *s, const weir_img_cors_t *c)
{
    uint32_t                  i;
    weir_str_t                text;
    const weir_img_origin_t  *o;

    text = weir_string("");

    for (i = 0; i < c->origins.count; i++) {
        o = &WEIR_REC(s->img, ORIGINS)[c->origins.first + i];
        text = weir_diff_text(d, "%.*s%s%.*s%s%.*s", WEIR_STR(text),
                              i ? ", " : "", WEIR_STR(str(s, o->text)),
                              o->kind == WEIR_ORIGIN_EXACT ? "" : "*",
                              WEIR_STR(str(s, o->suffix)));
    }

    return text;
}


static weir_str_t
age_text(diff_t *d, uint32_t seconds)
{
    return seconds == WEIR_NONE
           ? weir_string("")
           : weir_cli_duration(d->arena, seconds * UINT64_C(1000000000));
}


static void
compare_cors(diff_t *d, const weir_img_cors_t *a, const weir_img_cors_t *b)
{
    size_t              i;
    const diff_side_t  *o, *n;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];

    const struct {
        const char  *what;
        weir_str_t   old;
        weir_str_t   new;
    } fields[] = {
        { "origins", origins_text(d, o, a), origins_text(d, n, b) },
        { "methods", str(o, a->methods), str(n, b->methods) },
        { "headers", str(o, a->headers), str(n, b->headers) },
        { "expose", str(o, a->expose), str(n, b->expose) },
        { "credentials", weir_cstr(a->credentials ? "true" : "false"),
          weir_cstr(b->credentials ? "true" : "false") },
        { "max_age", age_text(d, a->max_age), age_text(d, b->max_age) }
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {

        if (!weir_str_eq(fields[i].old, fields[i].new)) {
            weir_diff_line(d, '~', "cors %.*s: %s %.*s -> %.*s",
                           WEIR_STR(str(o, a->name)), fields[i].what,
                           WEIR_STR(or_none(fields[i].old)),
                           WEIR_STR(or_none(fields[i].new)));
        }
    }
}


static const weir_img_cors_t *
find_cors(const diff_side_t *s, weir_str_t name)
{
    uint32_t  i;

    for (i = 0; i < s->img->n[WEIR_S_CORS]; i++) {

        if (weir_str_eq(cors_name(s, i), name)) {
            return &WEIR_REC(s->img, CORS)[i];
        }
    }

    return NULL;
}


void
weir_diff_cors_lines(diff_t *d)
{
    uint32_t                i, side;
    weir_str_t              name, origins;
    const diff_side_t      *s;
    const weir_img_cors_t  *c, *other;

    for (side = 0; side < DIFF_SIDES; side++) {
        s = &d->side[side];

        for (i = 0; i < s->img->n[WEIR_S_CORS]; i++) {
            c = &WEIR_REC(s->img, CORS)[i];
            name = str(s, c->name);
            other = find_cors(&d->side[!side], name);

            if (other == NULL) {
                origins = origins_text(d, s, c);
                weir_diff_line(d, side == DIFF_OLD ? '-' : '+',
                               "cors %.*s: %.*s", WEIR_STR(name),
                               WEIR_STR(origins));

            } else if (side == DIFF_OLD) {
                compare_cors(d, c, other);
            }
        }
    }
}
