/*
 * diff_limits.c: limits and plans of one policy next to those of the other.
 *
 * What a limit counts outlives a change under its uid, which is of its name
 * and of how it counts: where that is another one, it counts anew.
 */

#include <inttypes.h>

#include "cli/diff_blob.h"
#include "cli/limit_text.h"


static weir_str_t
id_of(const diff_side_t *s, uint32_t limit)
{
    return weir_img_str(s->img, WEIR_REC(s->img, LIMITS)[limit].id);
}


static uint32_t
find_limit(const diff_side_t *s, weir_str_t id)
{
    uint32_t  i;

    for (i = 0; i < s->img->n[WEIR_S_LIMITS]; i++) {

        if (weir_str_eq(id_of(s, i), id)) {
            return i;
        }
    }

    return WEIR_NONE;
}


/* Of all that its answers rest on. */
static diff_sum_t
sum_limit(diff_t *d, const diff_side_t *s, uint32_t index)
{
    uint32_t                 i;
    diff_blob_t              b;
    const weir_img_limit_t  *l;

    l = &WEIR_REC(s->img, LIMITS)[index];
    b = weir_blob_begin(d);
    weir_blob_put(&b, &l->uid, sizeof(l->uid));
    weir_blob_str(&b, weir_img_str(s->img, l->id));
    weir_blob_str(&b, weir_img_str(s->img, l->message));
    weir_blob_n(&b, l->limit);
    weir_blob_n(&b, l->burst);
    weir_blob_n(&b, l->window);
    weir_blob_n(&b, l->budget);
    weir_blob_n(&b, l->span);
    weir_blob_n(&b, l->cost);
    weir_blob_n(&b, l->lease);
    weir_blob_n(&b, l->status);
    weir_blob_n(&b, (uint64_t) l->kind << 16 | l->period << 8 | l->phase);
    weir_blob_n(&b, l->cluster | l->response << 1 | l->dry_run << 2
                    | l->plan << 3 | l->on_full << 4);
    weir_blob_n(&b, l->on_failure);
    weir_blob_n(&b, l->key.count);

    for (i = 0; i < l->key.count; i++) {
        weir_blob_prog(&b, s, WEIR_REC(s->img, REFS)[l->key.first + i]);
    }

    weir_blob_prog(&b, s, l->cost_prog);

    if (l->zone != WEIR_NONE) {
        weir_blob_str(&b, weir_img_str(s->img, WEIR_REC(s->img, ZONES)
                                               [l->zone].name));
    }

    return weir_blob_close(&b);
}


void
weir_diff_limits(diff_t *d, diff_side_t *s)
{
    uint32_t  i, n;

    n = s->img->n[WEIR_S_LIMITS];
    s->limits = weir_diff_alloc(d, (n + 1) * sizeof(diff_sum_t));

    for (i = 0; i < n && !d->nomem; i++) {
        s->limits[i] = sum_limit(d, s, i);
    }
}


diff_sum_t
weir_diff_route_limits(diff_t *d, const diff_side_t *s,
    const weir_range_t *refs)
{
    uint32_t     i;
    diff_blob_t  b;

    b = weir_blob_begin(d);
    weir_blob_n(&b, refs->count);

    for (i = 0; i < refs->count; i++) {
        weir_blob_sum(&b, &s->limits[WEIR_REC(s->img, REFS)[refs->first + i]]);
    }

    return weir_blob_close(&b);
}


diff_sum_t
weir_diff_plan(diff_t *d, const diff_side_t *s, uint32_t plan)
{
    uint32_t                i;
    diff_blob_t             b;
    const weir_img_plan_t  *p;

    b = weir_blob_begin(d);
    weir_blob_n(&b, plan != WEIR_NONE);

    if (plan != WEIR_NONE) {
        p = &WEIR_REC(s->img, PLANS)[plan];

        for (i = 0; i < p->limits.count; i++) {
            weir_blob_sum(&b, &s->limits[p->limits.first + i]);
        }
    }

    return weir_blob_close(&b);
}


/* Lines */

static weir_str_t
limit_text(diff_t *d, const diff_side_t *s, const weir_img_limit_t *l)
{
    weir_str_t  text, more;

    text = weir_cli_limit_text(d->arena, s->img, l);
    more = weir_cli_limit_more(d->arena, s->img, l);

    return weir_diff_text(d, "%.*s%s%.*s", WEIR_STR(text),
                          more.len ? "; " : "", WEIR_STR(more));
}


/* Units at once, overage included. */
static uint64_t
most(const weir_img_limit_t *l)
{
    return l->kind == WEIR_LIMIT_GCRA ? l->burst
           : l->kind == WEIR_LIMIT_QUOTA ? l->limit + l->burst : l->limit;
}


/* Whether more gets through than before; NULL: that cannot be told. */
static const char *
judge(const weir_img_limit_t *a, const weir_img_limit_t *b)
{
    long double  x, y;

    if (a->kind != b->kind || a->period != b->period) {
        return NULL;
    }

    x = (long double) a->limit * (long double) b->window;
    y = (long double) b->limit * (long double) a->window;

    if (a->window == 0) {
        x = a->limit;
        y = b->limit;
    }

    if (x == y && most(a) == most(b)) {
        return NULL;
    }

    if (x <= y && most(a) <= most(b)) {
        return "looser";
    }

    return x >= y && most(a) >= most(b) ? "tighter" : NULL;
}


static void
add(diff_t *d, weir_str_t *s, const char *text)
{
    *s = weir_diff_text(d, "%.*s%s%s", WEIR_STR(*s), s->len ? ", " : "", text);
}


static bool
same_prog(const diff_t *d, uint32_t a, uint32_t b)
{
    return a == WEIR_NONE || b == WEIR_NONE
           ? a == b
           : memcmp(&d->side[DIFF_OLD].progs[a], &d->side[DIFF_NEW].progs[b],
                    sizeof(diff_sum_t)) == 0;
}


static bool
same_key(const diff_t *d, const weir_img_limit_t *a,
    const weir_img_limit_t *b)
{
    uint32_t  i;

    if (a->key.count != b->key.count) {
        return false;
    }

    for (i = 0; i < a->key.count; i++) {

        if (!same_prog(d, WEIR_REC(d->side[DIFF_OLD].img, REFS)
                          [a->key.first + i],
                       WEIR_REC(d->side[DIFF_NEW].img, REFS)
                          [b->key.first + i]))
        {
            return false;
        }
    }

    return true;
}


static weir_str_t
limit_change(diff_t *d, const weir_img_limit_t *a, const weir_img_limit_t *b)
{
    const char         *word;
    weir_str_t          words, old, new;
    const diff_side_t  *side;

    side = d->side;
    words = weir_string("");
    word = judge(a, b);

    if (word != NULL) {
        add(d, &words, word);
    }

    /* a key of other parts is another key */
    if (memcmp(&a->uid, &b->uid, sizeof(a->uid)) != 0 || !same_key(d, a, b)) {
        add(d, &words, "counts anew");
    }

    if (!same_key(d, a, b)) {
        old = weir_cli_limit_key(d->arena, side[DIFF_OLD].img, a);
        new = weir_cli_limit_key(d->arena, side[DIFF_NEW].img, b);
        words = weir_diff_text(d, "%.*s%skey %.*s -> %.*s", WEIR_STR(words),
                               words.len ? ", " : "", WEIR_STR(old),
                               WEIR_STR(new));
    }

    if (!weir_str_eq(weir_img_str(side[DIFF_OLD].img, a->message),
                     weir_img_str(side[DIFF_NEW].img, b->message)))
    {
        add(d, &words, "message");
    }

    old = limit_text(d, &side[DIFF_OLD], a);
    new = limit_text(d, &side[DIFF_NEW], b);

    if (weir_str_eq(old, new)) {
        return words.len ? words : weir_string("cost");
    }

    return weir_diff_text(d, "%.*s -> %.*s%s%.*s%s", WEIR_STR(old),
                          WEIR_STR(new), words.len ? " (" : "",
                          WEIR_STR(words), words.len ? ")" : "");
}


static void
compare_limits(diff_t *d)
{
    uint32_t            i, k;
    weir_str_t          id, text;
    const diff_side_t  *o, *n;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];

    for (i = 0; i < o->img->n[WEIR_S_LIMITS]; i++) {
        id = id_of(o, i);
        k = find_limit(n, id);

        if (k == WEIR_NONE) {
            text = limit_text(d, o, &WEIR_REC(o->img, LIMITS)[i]);
            weir_diff_line(d, '-', "limit %.*s: %.*s", WEIR_STR(id),
                           WEIR_STR(text));

        } else if (memcmp(&o->limits[i], &n->limits[k], sizeof(diff_sum_t))
                   != 0)
        {
            text = limit_change(d, &WEIR_REC(o->img, LIMITS)[i],
                                &WEIR_REC(n->img, LIMITS)[k]);
            weir_diff_line(d, '~', "limit %.*s: %.*s", WEIR_STR(id),
                           WEIR_STR(text));
        }
    }

    for (i = 0; i < n->img->n[WEIR_S_LIMITS]; i++) {
        id = id_of(n, i);

        if (find_limit(o, id) == WEIR_NONE) {
            text = limit_text(d, n, &WEIR_REC(n->img, LIMITS)[i]);
            weir_diff_line(d, '+', "limit %.*s: %.*s", WEIR_STR(id),
                           WEIR_STR(text));
        }
    }
}


static bool
has_plan(const diff_side_t *s, weir_str_t name)
{
    uint32_t  i;

    for (i = 0; i < s->img->n[WEIR_S_PLANS]; i++) {

        if (weir_str_eq(weir_img_str(s->img, WEIR_REC(s->img, PLANS)[i].name),
                        name))
        {
            return true;
        }
    }

    return false;
}


static const char *
headers_name(unsigned headers)
{
    return headers == 0 ? "none"
           : headers == WEIR_HEADERS_IETF ? "ietf"
           : headers == WEIR_HEADERS_LEGACY ? "legacy" : "both";
}


void
weir_diff_limit_lines(diff_t *d)
{
    uint32_t            i, side;
    weir_str_t          name;
    const diff_side_t  *s;

    s = d->side;

    if (s[DIFF_OLD].img->policy->limit_headers
        != s[DIFF_NEW].img->policy->limit_headers)
    {
        weir_diff_line(d, '~', "settings: limit_headers %s -> %s",
            headers_name(s[DIFF_OLD].img->policy->limit_headers),
            headers_name(s[DIFF_NEW].img->policy->limit_headers));
    }

    compare_limits(d);

    for (side = 0; side < DIFF_SIDES; side++) {
        for (i = 0; i < s[side].img->n[WEIR_S_PLANS]; i++) {
            name = weir_img_str(s[side].img,
                                WEIR_REC(s[side].img, PLANS)[i].name);

            if (!has_plan(&s[!side], name)) {
                weir_diff_line(d, side == DIFF_OLD ? '-' : '+', "plan %.*s",
                               WEIR_STR(name));
            }
        }
    }
}


static bool
has_limit(const diff_side_t *s, const weir_range_t *refs, weir_str_t id)
{
    uint32_t  i;

    for (i = 0; i < refs->count; i++) {

        if (weir_str_eq(id_of(s, WEIR_REC(s->img, REFS)[refs->first + i]),
                        id))
        {
            return true;
        }
    }

    return false;
}


void
weir_diff_route_limit_lines(diff_t *d, weir_str_t route,
    const weir_img_route_t *a, const weir_img_route_t *b)
{
    bool                     any;
    uint32_t                 i, side;
    weir_str_t               id;
    diff_sum_t               sums[DIFF_SIDES];
    const diff_side_t       *s;
    const weir_img_route_t  *r[DIFF_SIDES];

    any = false;
    r[DIFF_OLD] = a;
    r[DIFF_NEW] = b;

    for (side = 0; side < DIFF_SIDES; side++) {
        s = &d->side[side];
        sums[side] = weir_diff_route_limits(d, s, &r[side]->limits);

        for (i = 0; i < r[side]->limits.count; i++) {
            id = id_of(s, WEIR_REC(s->img, REFS)[r[side]->limits.first + i]);

            if (!has_limit(&d->side[!side], &r[!side]->limits, id)) {
                weir_diff_line(d, '~', "route %.*s: %s limit %.*s",
                               WEIR_STR(route),
                               side == DIFF_OLD ? "loses" : "gains",
                               WEIR_STR(id));
                any = true;
            }
        }
    }

    if (!any && memcmp(&sums[0], &sums[1], sizeof(diff_sum_t)) != 0) {

        for (i = 0; i < a->limits.count; i++) {
            id = id_of(&d->side[DIFF_OLD], WEIR_REC(d->side[DIFF_OLD].img,
                                            REFS)[a->limits.first + i]);

            if (!weir_str_eq(id, id_of(&d->side[DIFF_NEW],
                                       WEIR_REC(d->side[DIFF_NEW].img, REFS)
                                       [b->limits.first + i])))
            {
                weir_diff_line(d, '~', "route %.*s: order of limits",
                               WEIR_STR(route));
                return;
            }
        }
    }
}
