/*
 * coverage_gaps.c: what tests did not decide by, each with its place.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "cli/coverage.h"
#include "cli/split_text.h"
#include "cli/test.h"
#include "image/limit.h"


bool
weir_cli_limit_reached(const cli_coverage_t *c, uint32_t limit)
{
    return weir_limit_most(&WEIR_REC(&c->policy->image, LIMITS)[limit])
           < CLI_MOST_REPEATS;
}


bool
weir_cli_split_reached(const cli_coverage_t *c, uint32_t split)
{
    uint32_t  i;

    for (i = 0; i < c->policy->image.n[WEIR_S_ROUTES]; i++) {

        if (WEIR_REC(&c->policy->image, ROUTES)[i].split == split) {
            return true;
        }
    }

    return false;
}


static int
compare(const void *x, const void *y)
{
    int               order;
    const cli_gap_t  *a, *b;

    a = x;
    b = y;
    order = weir_str_cmp(a->place.file, b->place.file);

    if (order != 0) {
        return order;
    }

    if (a->place.line != b->place.line) {
        return a->place.line < b->place.line ? -1 : 1;
    }

    if (a->place.col != b->place.col) {
        return a->place.col < b->place.col ? -1 : 1;
    }

    order = strcmp(a->what, b->what);

    return order ? order : weir_str_cmp(a->text, b->text);
}


static bool
route_gaps(const cli_coverage_t *c, cli_gaps_t *out)
{
    uint32_t             i;
    cli_gap_t           *g;
    weir_str_t           id;
    const weir_image_t  *img;

    img = &c->policy->image;

    for (i = 0; i < img->n[WEIR_S_ROUTES]; i++) {

        if (c->routes[i]) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        id = weir_img_str(img, WEIR_REC(img, ROUTES)[i].id);
        g->what = "route";
        g->never = "matched";
        g->text = weir_arena_printf(c->arena, "route \"%.*s\"", WEIR_STR(id));
        g->place = weir_cli_route_place(c->policy, i);
    }

    return true;
}


static bool
rule_gaps(const cli_coverage_t *c, cli_gaps_t *out)
{
    uint32_t    i;
    cli_gap_t  *g;

    for (i = 0; i < c->policy->image.n[WEIR_S_RULES]; i++) {

        if (c->rules[i]) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        g->what = "rule";
        g->never = "decided";
        g->place = weir_cli_rule_place(c->policy, &c->trace.rules[i]);
        g->text = weir_cli_rule_text(c->policy, &c->trace.rules[i], c->arena);
    }

    return true;
}


static bool
limit_gaps(const cli_coverage_t *c, cli_gaps_t *out)
{
    uint32_t                 i;
    cli_gap_t               *g;
    weir_str_t               id;
    const weir_img_limit_t  *l;

    for (i = 0; i < c->policy->image.n[WEIR_S_LIMITS]; i++) {

        if (c->limits[i] || !weir_cli_limit_reached(c, i)) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        l = &WEIR_REC(&c->policy->image, LIMITS)[i];
        id = weir_img_str(&c->policy->image, l->id);
        g->what = "limit";
        g->never = "refused";
        g->place = weir_cli_limit_place(c->policy, l);
        g->text = weir_arena_printf(c->arena, "limit \"%.*s\"", WEIR_STR(id));
    }

    return true;
}


/* Where the split stands: of an image, all of it stands there. */
static cli_place_t
split_place(const cli_coverage_t *c, const weir_img_split_t *s,
    const weir_span_t *span)
{
    return span != NULL ? weir_cli_place(c->policy, span)
                        : weir_cli_image_place(c->policy, s->file, s->line, 1);
}


static const weir_split_t *
split_source(const cli_coverage_t *c, uint32_t split)
{
    return c->policy->model ? &c->policy->model->splits.items[split] : NULL;
}


static bool
arm_gaps(const cli_coverage_t *c, uint32_t split, cli_gaps_t *out)
{
    uint32_t                 i;
    cli_gap_t               *g;
    const weir_image_t      *img;
    const weir_split_t      *source;
    const weir_img_split_t  *s;

    img = &c->policy->image;
    s = &WEIR_REC(img, SPLITS)[split];
    source = split_source(c, split);

    for (i = 0; i < s->arms.count; i++) {

        if (c->arms[s->arms.first + i]) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        g->what = "arm";
        g->never = "chosen";
        g->place = split_place(c, s, source ? &source->arms.items[i].name.span
                                            : NULL);
        g->text = weir_arena_printf(c->arena, "arm \"%.*s\" of split "
                      "\"%.*s\"",
                      WEIR_STR(weir_cli_arm_name(img, s->arms.first + i)),
                      WEIR_STR(weir_img_str(img, s->name)));
    }

    return true;
}


static weir_span_t
override_span(const weir_override_t *o)
{
    return o->source == WEIR_OVERRIDE_ANY ? weir_text_span(&o->text, 0, 1)
                                          : o->name.span;
}


static bool
override_gaps(const cli_coverage_t *c, uint32_t split, cli_gaps_t *out)
{
    uint32_t                 i;
    cli_gap_t               *g;
    weir_span_t              span;
    const weir_image_t      *img;
    const weir_split_t      *source;
    const weir_img_split_t  *s;

    img = &c->policy->image;
    s = &WEIR_REC(img, SPLITS)[split];
    source = split_source(c, split);

    for (i = 0; i < s->overrides.count; i++) {

        if (c->overrides[s->overrides.first + i]) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        if (source != NULL) {
            span = override_span(&source->overrides.items[i]);
        }

        g->what = "override";
        g->never = "matched";
        g->place = split_place(c, s, source ? &span : NULL);
        g->text = weir_arena_printf(c->arena, "override %" PRIu32 " of split "
                      "\"%.*s\"", i + 1,
                      WEIR_STR(weir_img_str(img, s->name)));
    }

    return true;
}


static bool
pause_gaps(const cli_coverage_t *c, cli_gaps_t *out)
{
    uint32_t                       i;
    cli_gap_t                     *g;
    const weir_img_maintenance_t  *m;

    for (i = 0; i < c->policy->image.n[WEIR_S_MAINTENANCE]; i++) {

        if (c->pauses[i]) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        m = &WEIR_REC(&c->policy->image, MAINTENANCE)[i];
        g->what = "maintenance";
        g->never = "refused";
        g->place = weir_cli_image_place(c->policy, m->file, m->line, m->col);
        g->text = weir_arena_printf(c->arena, "maintenance \"%.*s\"",
                      WEIR_STR(weir_img_str(&c->policy->image, m->id)));
    }

    return true;
}


static bool
condition_gaps(const cli_coverage_t *c, cli_gaps_t *out)
{
    size_t                  i;
    cli_gap_t              *g;
    const cli_condition_t  *one;

    for (i = 0; i < c->conditions.len; i++) {
        one = &c->conditions.items[i];

        if (one->saw[0] && one->saw[1]) {
            continue;
        }

        g = weir_vec_push(c->arena, out);

        if (g == NULL) {
            return false;
        }

        g->what = "condition";
        g->never = !one->seen ? "evaluated"
                   : one->saw[0] ? "true"
                   : one->saw[1] ? "false" : "true nor false";
        g->text = one->text;

        if (one->ex != NULL) {
            g->place = weir_cli_place(c->policy, &one->span);

        } else {
            g->place = weir_cli_rule_place(c->policy,
                                           &c->trace.rules[one->rule]);
        }
    }

    return true;
}


bool
weir_cli_coverage_gaps(const cli_coverage_t *c, cli_gaps_t *out)
{
    uint32_t  i;

    for (i = 0; i < c->policy->image.n[WEIR_S_SPLITS]; i++) {

        if (weir_cli_split_reached(c, i)
            && (!arm_gaps(c, i, out) || !override_gaps(c, i, out)))
        {
            return false;
        }
    }

    if (!route_gaps(c, out) || !rule_gaps(c, out) || !limit_gaps(c, out)
        || !pause_gaps(c, out) || !condition_gaps(c, out))
    {
        return false;
    }

    if (out->len > 0) {
        qsort(out->items, out->len, sizeof(cli_gap_t), compare);
    }

    return true;
}
