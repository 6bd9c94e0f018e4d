/*
 * diff_splits.c: splits of one policy next to those of the other.
 *
 * Splits are the same that have one name.  What was learnt of one is kept by
 * its uid, which is of all that it says: under another one it begins afresh.
 */

#include <inttypes.h>

#include "cli/diff_blob.h"
#include "cli/diff_splits.h"


static const weir_img_split_t *
split_at(const diff_side_t *s, uint32_t i)
{
    return &WEIR_REC(s->img, SPLITS)[i];
}


weir_str_t
weir_diff_split_name(const diff_side_t *s, uint32_t split)
{
    return weir_img_str(s->img, split_at(s, split)->name);
}


/* Sums */

static void
put_breaker(diff_blob_t *b, const diff_side_t *s, const weir_img_split_t *split,
    uint32_t breaker)
{
    const weir_img_breaker_t  *r;

    weir_blob_n(b, breaker != WEIR_NONE);

    if (breaker == WEIR_NONE) {
        return;
    }

    r = &WEIR_REC(s->img, BREAKERS)[breaker];
    weir_blob_n(b, (uint64_t) r->failures << 32 | r->error_rate);
    weir_blob_n(b, (uint64_t) r->window << 32 | r->min_requests);
    weir_blob_n(b, (uint64_t) r->open << 32 | r->probes);
    weir_blob_n(b, r->fallback == WEIR_NONE ? WEIR_NONE
                   : r->fallback - split->arms.first);
}


static void
put_guard(diff_blob_t *b, const diff_side_t *s, const weir_img_split_t *split)
{
    uint32_t                 i;
    const weir_img_guard_t  *g;

    weir_blob_n(b, split->guard != WEIR_NONE);

    if (split->guard == WEIR_NONE) {
        return;
    }

    g = &WEIR_REC(s->img, GUARDS)[split->guard];
    weir_blob_n(b, (uint64_t) (g->arm - split->arms.first) << 32
                   | (g->versus - split->arms.first));
    weir_blob_n(b, (uint64_t) g->window << 32 | g->min_requests);
    weir_blob_n(b, (uint64_t) g->error_rate << 32 | g->hold);
    weir_blob_n(b, g->report);

    for (i = 0; i < WEIR_QUANTILE_COUNT; i++) {
        weir_blob_n(b, g->ratio[i]);
    }
}


static void
put_overrides(diff_blob_t *b, const diff_side_t *s,
    const weir_img_split_t *split)
{
    uint32_t                    i;
    const weir_img_override_t  *o;

    weir_blob_n(b, split->overrides.count);

    for (i = 0; i < split->overrides.count; i++) {
        o = &WEIR_REC(s->img, OVERRIDES)[split->overrides.first + i];
        weir_blob_n(b, (uint64_t) o->source << 32
                       | (o->arm - split->arms.first));
        weir_blob_str(b, weir_img_str(s->img, o->name));
        weir_blob_str(b, weir_img_str(s->img, o->value));
        weir_blob_prog(b, s, o->when);
    }
}


static void
put_mirror(diff_blob_t *b, const diff_side_t *s, uint32_t mirror)
{
    const weir_img_mirror_t  *m;

    weir_blob_n(b, mirror != WEIR_NONE);

    if (mirror != WEIR_NONE) {
        m = &WEIR_REC(s->img, MIRRORS)[mirror];
        weir_blob_str(b, weir_img_str(s->img, m->upstream));
        weir_blob_n(b, (uint64_t) m->sample << 32 | m->methods);
        weir_blob_n(b, m->timeout);
    }
}


/* Of all that it says, and all that this rests on. */
static diff_sum_t
sum_split(diff_t *d, const diff_side_t *s, const weir_img_split_t *split)
{
    uint32_t                i;
    diff_blob_t             b;
    const weir_img_arm_t   *arm;
    const weir_img_step_t  *step;

    b = weir_blob_begin(d);
    weir_blob_put(&b, &split->uid, sizeof(split->uid));
    weir_blob_put(&b, &split->salt, sizeof(split->salt));
    weir_blob_str(&b, weir_img_str(s->img, split->name));
    weir_blob_str(&b, weir_img_str(s->img, split->cookie));
    weir_blob_n(&b, (uint64_t) split->cookie_age << 32
                    | (split->cookie != WEIR_NONE));
    weir_blob_prog(&b, s, split->sticky);
    weir_blob_n(&b, split->arms.count);

    for (i = 0; i < split->arms.count; i++) {
        arm = &WEIR_REC(s->img, ARMS)[split->arms.first + i];
        weir_blob_str(&b, weir_img_str(s->img, arm->name));
        weir_blob_str(&b, weir_img_str(s->img, arm->upstream));
        weir_blob_n(&b, arm->weight);
        put_breaker(&b, s, split, arm->breaker);
    }

    weir_blob_n(&b, split->steps.count);

    for (i = 0; i < split->steps.count; i++) {
        step = &WEIR_REC(s->img, STEPS)[split->steps.first + i];
        weir_blob_n(&b, (uint64_t) step->share << 32 | step->seconds);
    }

    put_overrides(&b, s, split);
    put_guard(&b, s, split);
    put_mirror(&b, s, split->mirror);

    return weir_blob_close(&b);
}


void
weir_diff_splits(diff_t *d, diff_side_t *s)
{
    uint32_t  i, n;

    n = s->img->n[WEIR_S_SPLITS];
    s->splits = weir_diff_alloc(d, (n + 1) * sizeof(diff_sum_t));

    for (i = 0; i < n && !d->nomem; i++) {
        s->splits[i] = sum_split(d, s, split_at(s, i));
    }
}


/* Lines */

/* A split that both have. */
typedef struct {
    diff_t                  *d;
    weir_str_t               name;
    const weir_img_split_t  *split[DIFF_SIDES];
} both_t;


static void
line(const both_t *b, const char *what, weir_str_t old, weir_str_t new)
{
    if (!weir_str_eq(old, new)) {
        weir_diff_line(b->d, '~', "split %.*s: %s %.*s -> %.*s",
                       WEIR_STR(b->name), what,
                       WEIR_STR(old.len ? old : weir_string("none")),
                       WEIR_STR(new.len ? new : weir_string("none")));
    }
}


/* In words, of either side; "": there is none. */

static weir_str_t
guard_text(const both_t *b, unsigned side)
{
    const weir_image_t  *img;

    img = b->d->side[side].img;

    return b->split[side]->guard == WEIR_NONE
           ? weir_string("")
           : weir_cli_guard_text(b->d->arena, img, &WEIR_REC(img, GUARDS)
                                                   [b->split[side]->guard]);
}


static weir_str_t
ramp_text(const both_t *b, unsigned side)
{
    return b->split[side]->steps.count == 0
           ? weir_string("")
           : weir_cli_ramp_text(b->d->arena, b->d->side[side].img,
                                b->split[side]);
}


static weir_str_t
cookie_text(const both_t *b, unsigned side)
{
    return b->split[side]->cookie == WEIR_NONE
           ? weir_string("")
           : weir_cli_cookie_text(b->d->arena, b->d->side[side].img,
                                  b->split[side]);
}


static weir_str_t
mirror_text(const both_t *b, unsigned side)
{
    const weir_image_t  *img;

    img = b->d->side[side].img;

    return b->split[side]->mirror == WEIR_NONE
           ? weir_string("")
           : weir_cli_mirror_text(b->d->arena, img, &WEIR_REC(img, MIRRORS)
                                                    [b->split[side]->mirror]);
}


static weir_str_t
breaker_text(const both_t *b, unsigned side, uint32_t arm)
{
    weir_str_t                 text;
    const weir_image_t        *img;
    const weir_img_arm_t      *a;
    const weir_img_breaker_t  *r;

    img = b->d->side[side].img;
    a = &WEIR_REC(img, ARMS)[b->split[side]->arms.first + arm];

    if (a->breaker == WEIR_NONE) {
        return weir_string("");
    }

    r = &WEIR_REC(img, BREAKERS)[a->breaker];
    text = weir_cli_breaker_text(b->d->arena, r);

    return r->fallback == WEIR_NONE
           ? text
           : weir_diff_text(b->d, "%.*s, then %.*s", WEIR_STR(text),
                            WEIR_STR(weir_cli_arm_name(img, r->fallback)));
}


static void
compare_arms(const both_t *b)
{
    uint32_t             i, k;
    weir_str_t           name, text[DIFF_SIDES];
    const char          *what;
    const weir_image_t  *old, *new;

    old = b->d->side[DIFF_OLD].img;
    new = b->d->side[DIFF_NEW].img;

    for (i = 0; i < b->split[DIFF_OLD]->arms.count; i++) {
        name = weir_cli_arm_name(old, b->split[DIFF_OLD]->arms.first + i);
        k = weir_arm_named(new, b->split[DIFF_NEW], name);

        if (k == WEIR_NONE) {
            continue;
        }

        what = weir_diff_text(b->d, "upstream of %.*s", WEIR_STR(name)).data;
        line(b, what, weir_cli_arm_upstream(old, b->split[DIFF_OLD]->arms.first
                                                 + i),
             weir_cli_arm_upstream(new, b->split[DIFF_NEW]->arms.first + k));

        text[DIFF_OLD] = breaker_text(b, DIFF_OLD, i);
        text[DIFF_NEW] = breaker_text(b, DIFF_NEW, k);
        what = weir_diff_text(b->d, "breaker of %.*s", WEIR_STR(name)).data;
        line(b, what, text[DIFF_OLD], text[DIFF_NEW]);
    }
}


static weir_str_t
override_text(const both_t *b, unsigned side, uint32_t i)
{
    weir_str_t                  text;
    const weir_image_t         *img;
    const weir_img_override_t  *o;

    img = b->d->side[side].img;
    o = &WEIR_REC(img, OVERRIDES)[b->split[side]->overrides.first + i];
    text = weir_cli_override_text(b->d->arena, img, o);

    return weir_diff_text(b->d, "%.*s: %.*s", WEIR_STR(text),
                          WEIR_STR(weir_cli_arm_name(img, o->arm)));
}


static bool
has_override(const both_t *b, unsigned side, weir_str_t text)
{
    uint32_t    i;
    weir_str_t  other;

    for (i = 0; i < b->split[side]->overrides.count; i++) {
        other = override_text(b, side, i);

        if (weir_str_eq(other, text)) {
            return true;
        }
    }

    return false;
}


static bool
same_overrides(const both_t *b)
{
    unsigned     side;
    diff_sum_t   sums[DIFF_SIDES];
    diff_blob_t  blob;

    for (side = 0; side < DIFF_SIDES; side++) {
        blob = weir_blob_begin(b->d);
        put_overrides(&blob, &b->d->side[side], b->split[side]);
        sums[side] = weir_blob_close(&blob);
    }

    return memcmp(&sums[0], &sums[1], sizeof(diff_sum_t)) == 0;
}


static void
compare_overrides(const both_t *b)
{
    size_t      before;
    uint32_t    i, side;
    weir_str_t  text;

    before = b->d->lines.len;

    for (side = 0; side < DIFF_SIDES; side++) {
        for (i = 0; i < b->split[side]->overrides.count; i++) {
            text = override_text(b, side, i);

            if (!has_override(b, !side, text)) {
                weir_diff_line(b->d, '~', "split %.*s: %s override %.*s",
                               WEIR_STR(b->name),
                               side == DIFF_OLD ? "loses" : "gains",
                               WEIR_STR(text));
            }
        }
    }

    if (before == b->d->lines.len && !same_overrides(b)) {
        weir_diff_line(b->d, '~', "split %.*s: order of overrides, or what "
                       "they ask", WEIR_STR(b->name));
    }
}


static void
compare_split(diff_t *d, uint32_t old, uint32_t new)
{
    both_t  b;

    b.d = d;
    b.name = weir_diff_split_name(&d->side[DIFF_OLD], old);
    b.split[DIFF_OLD] = split_at(&d->side[DIFF_OLD], old);
    b.split[DIFF_NEW] = split_at(&d->side[DIFF_NEW], new);

    weir_diff_moves(d, b.name, b.split);
    compare_arms(&b);
    compare_overrides(&b);
    line(&b, "guard", guard_text(&b, DIFF_OLD), guard_text(&b, DIFF_NEW));
    line(&b, "ramp", ramp_text(&b, DIFF_OLD), ramp_text(&b, DIFF_NEW));
    line(&b, "cookie", cookie_text(&b, DIFF_OLD), cookie_text(&b, DIFF_NEW));
    line(&b, "mirror", mirror_text(&b, DIFF_OLD), mirror_text(&b, DIFF_NEW));

    if (memcmp(&b.split[DIFF_OLD]->uid, &b.split[DIFF_NEW]->uid,
               sizeof(weir_id_t)) != 0)
    {
        weir_diff_line(d, '~', "split %.*s: its state begins afresh%s",
                       WEIR_STR(b.name), b.split[DIFF_NEW]->steps.count
                       ? ", the ramp at its first step" : "");
    }
}


static uint32_t
find_split(const diff_side_t *s, weir_str_t name)
{
    const weir_img_split_t  *split;

    split = weir_split_named(s->img, name);

    return split ? (uint32_t) (split - WEIR_REC(s->img, SPLITS)) : WEIR_NONE;
}


static bool
is_used(const diff_side_t *s, uint32_t split)
{
    uint32_t  i;

    for (i = 0; i < s->img->n[WEIR_S_ROUTES]; i++) {

        if (WEIR_REC(s->img, ROUTES)[i].split == split) {
            return true;
        }
    }

    return false;
}


/* One that only one policy has. */
static void
lone_split(diff_t *d, unsigned side, uint32_t i)
{
    weir_str_t          arms;
    const diff_side_t  *s;

    s = &d->side[side];
    arms = weir_diff_weights(d, s, split_at(s, i), true);
    weir_diff_line(d, side == DIFF_OLD ? '-' : '+', "split %.*s: %.*s%s",
                   WEIR_STR(weir_diff_split_name(s, i)), WEIR_STR(arms),
                   is_used(s, i) ? "" : "; no route leads to it");
}


void
weir_diff_split_lines(diff_t *d)
{
    bool                used[DIFF_SIDES];
    uint32_t            i, k;
    weir_str_t          name;
    const diff_side_t  *o, *n;

    o = &d->side[DIFF_OLD];
    n = &d->side[DIFF_NEW];

    for (i = 0; i < o->img->n[WEIR_S_SPLITS] && !d->nomem; i++) {
        name = weir_diff_split_name(o, i);
        k = find_split(n, name);

        if (k == WEIR_NONE) {
            lone_split(d, DIFF_OLD, i);
            continue;
        }

        if (memcmp(&o->splits[i], &n->splits[k], sizeof(diff_sum_t)) != 0) {
            compare_split(d, i, k);
        }

        used[DIFF_OLD] = is_used(o, i);
        used[DIFF_NEW] = is_used(n, k);

        if (used[DIFF_OLD] != used[DIFF_NEW]) {
            weir_diff_line(d, '~', "split %.*s: %s", WEIR_STR(name),
                           used[DIFF_NEW] ? "now routes lead to it"
                                          : "no route leads to it any more");
        }
    }

    for (i = 0; i < n->img->n[WEIR_S_SPLITS] && !d->nomem; i++) {

        if (find_split(o, weir_diff_split_name(n, i)) == WEIR_NONE) {
            lone_split(d, DIFF_NEW, i);
        }
    }
}


diff_sum_t
weir_diff_route_split(const diff_side_t *s, const weir_img_route_t *r)
{
    return r->split != WEIR_NONE ? s->splits[r->split]
                                 : (diff_sum_t) { .bytes = { 0 } };
}
