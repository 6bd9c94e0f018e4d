/*
 * diff_paths.c: paths that a route takes, and some that it just does not.
 */

#include "cli/diff_make.h"
#include "run/regex.h"

#define MOST_PATHS  64          /* combinations of parameters */


/* Values for a parameter: tests of it in code, its pattern, tenants. */
static void
param_values(diff_make_t *m, unsigned side, const diff_elem_t *e,
    weir_str_t name, bool tenant, diff_strs_t *out)
{
    size_t              i, k;
    diff_strs_t         all;
    const diff_atom_t  *a;
    const diff_code_t  *code;
    const weir_image_t *img;

    memset(&all, 0, sizeof(all));
    img = m->d->side[side].img;

    for (i = 0; tenant && i < m->ntenants; i++) {
        weir_diff_push(m->d, &all, m->d->kinds.items[i].id);
    }

    if (e->regex != WEIR_NONE) {
        weir_diff_samples(m->d, weir_img_str(img, WEIR_REC(img, REGEXES)
                                             [e->regex].source), &all);
    }

    weir_diff_push(m->d, &all, weir_string(DIFF_FRESH));

    for (i = 0; i < m->asked.len; i++) {
        code = &m->d->side[m->asked.items[i].side]
                .code[m->asked.items[i].prog];

        for (k = 0; k < code->atoms.len; k++) {
            a = &code->atoms.items[k];

            if (a->leaf.attr == DIFF_PARAM && weir_str_eq(a->leaf.key, name))
            {
                weir_diff_texts(m->d, a, &all);
            }
        }
    }

    /* first those that the pattern takes, then those that it does not */

    for (k = 0; k < 2; k++) {
        for (i = 0; i < all.len && out->len < DIFF_MAX_VALUES; i++) {

            if (all.items[i].len != 0
                && memchr(all.items[i].data, '/', all.items[i].len) == NULL
                && (e->regex == WEIR_NONE
                    || weir_regex_match(img->regex[e->regex], all.items[i])
                       == WEIR_OK) == (k == 0)
                && !weir_diff_has(out, all.items[i]))
            {
                weir_diff_push(m->d, out, all.items[i]);
            }
        }
    }
}


/* Whether a rule that finds tenants looks at that segment. */
static bool
is_tenant_segment(const diff_t *d, uint32_t at)
{
    size_t                     i, k;
    const weir_image_t        *img;
    const weir_img_resolve_t  *r;

    for (k = 0; k < DIFF_SIDES; k++) {
        img = d->side[k].img;

        for (i = 0; i < img->policy->resolve.count; i++) {
            r = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first + i];

            if (r->kind == WEIR_RESOLVE_PATH && at < r->segments.count
                && WEIR_REC(img, REFS)[r->segments.first + at] == WEIR_NONE)
            {
                return true;
            }
        }
    }

    return false;
}


typedef struct {
    const diff_place_t  *place;
    diff_strs_t          values[WEIR_MAX_SEGMENTS + 1];
    size_t               at[WEIR_MAX_SEGMENTS + 1];
} shape_t;


static weir_str_t
instance(diff_t *d, const shape_t *s, uint32_t n)
{
    uint32_t    i;
    weir_str_t  t, e;

    t = weir_str("", 0);

    for (i = 0; i < n; i++) {
        e = s->place->elems[i].literal;

        if (e.data == NULL) {
            e = s->values[i].len ? s->values[i].items[s->at[i]]
                                 : weir_string(DIFF_FRESH);
        }

        t = weir_diff_text(d, "%.*s/%.*s", WEIR_STR(t), WEIR_STR(e));
    }

    return t.len ? t : weir_string("/");
}


/* All combinations where they are few, else one parameter at a time. */
static void
vary_params(diff_make_t *m, shape_t *s, diff_dim_t *dim)
{
    size_t    total, k, rest;
    uint32_t  i;

    total = 1;

    for (i = 0; i < s->place->n; i++) {
        total *= s->values[i].len && total <= MOST_PATHS ? s->values[i].len
                                                         : 1;
    }

    for (k = 0; total <= MOST_PATHS && k < total; k++) {
        rest = k;

        for (i = 0; i < s->place->n; i++) {
            if (s->values[i].len) {
                s->at[i] = rest % s->values[i].len;
                rest /= s->values[i].len;
            }
        }

        weir_diff_add(m, dim, instance(m->d, s, s->place->n));
    }

    for (i = 0; total > MOST_PATHS && i < s->place->n; i++) {
        for (k = 0; k < s->values[i].len; k++) {
            s->at[i] = k;
            weir_diff_add(m, dim, instance(m->d, s, s->place->n));
        }

        s->at[i] = 0;
    }

    memset(s->at, 0, sizeof(s->at));
}


static void
near_misses(diff_make_t *m, shape_t *s, diff_dim_t *dim)
{
    weir_str_t   base;
    const char  *slash;

    base = instance(m->d, s, s->place->n);

    slash = base.len > 1 ? "/" : "";
    weir_diff_add(m, dim, weir_diff_text(m->d, "%.*s%s" DIFF_FRESH,
                                         WEIR_STR(base), slash));
    weir_diff_add(m, dim, weir_diff_text(m->d, "%.*s" DIFF_FRESH,
                                         WEIR_STR(base)));

    if (s->place->n > 1) {
        weir_diff_add(m, dim, instance(m->d, s, s->place->n - 1));
    }

    if (s->place->rest) {
        weir_diff_add(m, dim, weir_diff_text(m->d, "%.*s%sa/b",
                                             WEIR_STR(base), slash));
    }

    if (!m->d->same_paths) {
        weir_diff_add(m, dim, weir_diff_text(m->d, "/%.*s", WEIR_STR(base)));
        weir_diff_add(m, dim, weir_diff_text(m->d, "/x/..%.*s",
                                             WEIR_STR(base)));
        weir_diff_add(m, dim, weir_diff_text(m->d, "/.%.*s", WEIR_STR(base)));
    }
}


void
weir_diff_places(diff_make_t *m, unsigned side, const diff_route_t *route,
    bool misses)
{
    shape_t                 *s;
    size_t                   k;
    uint32_t                 i, param;
    weir_str_t               name;
    diff_dim_t              *dim;
    const weir_image_t      *img;
    const weir_img_route_t  *r;

    img = m->d->side[side].img;
    r = &WEIR_REC(img, ROUTES)[route->index];
    dim = &m->c->dims[DIFF_DIM_PATH];

    for (k = 0; k < route->places.len && !m->d->nomem; k++) {
        s = weir_diff_alloc(m->d, sizeof(shape_t));

        if (s == NULL) {
            return;
        }

        s->place = &route->places.items[k];
        param = 0;

        for (i = 0; i < s->place->n; i++) {

            if (s->place->elems[i].literal.data != NULL) {
                continue;
            }

            name = param < r->params.count
                   ? weir_img_str(img, WEIR_REC(img, REFS)
                                       [r->params.first + param++])
                   : weir_str("", 0);
            param_values(m, side, &s->place->elems[i], name,
                         is_tenant_segment(m->d, i), &s->values[i]);
        }

        if (misses) {
            near_misses(m, s, dim);

        } else {
            vary_params(m, s, dim);
        }
    }
}


/* The path of a rule that finds tenants, with the id of one. */
static weir_str_t
tenant_path(diff_t *d, const weir_image_t *img, const weir_img_resolve_t *r,
    weir_str_t id)
{
    size_t      i;
    uint32_t    ref;
    weir_str_t  path, segment;

    path = weir_str("", 0);

    for (i = 0; i < r->segments.count; i++) {
        ref = WEIR_REC(img, REFS)[r->segments.first + i];
        segment = ref == WEIR_NONE ? id : weir_img_str(img, ref);
        path = weir_diff_text(d, "%.*s/%.*s", WEIR_STR(path),
                              WEIR_STR(segment));
    }

    return path;
}


void
weir_diff_tenant_paths(diff_make_t *m, weir_str_t id)
{
    size_t                     i, side;
    diff_dim_t                *dim;
    const weir_image_t        *img;
    const weir_img_resolve_t  *r;

    dim = &m->c->dims[DIFF_DIM_PATH];

    for (side = 0; side < DIFF_SIDES; side++) {
        img = m->d->side[side].img;

        for (i = 0; i < img->policy->resolve.count; i++) {
            r = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first + i];

            if (r->kind == WEIR_RESOLVE_PATH) {
                weir_diff_add(m, dim, tenant_path(m->d, img, r, id));
            }
        }
    }
}
