/*
 * audit_limits.c: how much of a route callers may use, and tenants by plan.
 */

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "cli/audit.h"
#include "cli/limit_text.h"

#define WIDTH  72               /* of a line of routes */


static const weir_img_limit_t *
limit_at(const audit_t *s, uint32_t i)
{
    return &WEIR_REC(&s->policy->image, LIMITS)[i];
}


static const weir_range_t *
limits_of(const audit_t *s, const weir_route_t *r)
{
    return &WEIR_REC(&s->policy->image, ROUTES)
           [r - s->m->routes.items].limits;
}


static uint32_t
tenants_of(const audit_t *s, uint32_t plan)
{
    uint32_t             i, n;
    const weir_image_t  *img;

    img = &s->policy->image;

    for (i = 0, n = 0; i < img->n[WEIR_S_TENANTS]; i++) {
        n += WEIR_REC(img, TENANTS)[i].limits == plan;
    }

    return n;
}


/* With a tenant, its own alone. */
static bool
is_wanted(const audit_t *s, uint32_t plan)
{
    return s->tenant == NULL
           || weir_str_eq(s->tenant->plan.text,
                          weir_img_str(&s->policy->image,
                                       WEIR_REC(&s->policy->image, PLANS)
                                       [plan].name));
}


/* Text */

static void
print_limit(const audit_t *s, const weir_img_limit_t *l)
{
    weir_str_t           text, more;
    const weir_image_t  *img;

    img = &s->policy->image;
    text = weir_cli_limit_text(s->arena, img, l);
    more = weir_cli_limit_more(s->arena, img, l);

    printf("  %-9s %.*s: ", "limit", WEIR_STR(weir_img_str(img, l->id)));
    weir_cli_print(text, stdout);

    if (!l->plan) {
        text = weir_cli_limit_key(s->arena, img, l);
        fputs("; by ", stdout);
        weir_cli_print(text, stdout);
    }

    fputs(more.len ? "; " : "", stdout);
    weir_cli_print(more, stdout);
    putchar('\n');
}


void
weir_audit_print_limits(audit_t *s, const weir_route_t *r)
{
    uint32_t             i;
    const weir_range_t  *refs;

    refs = limits_of(s, r);

    for (i = 0; i < refs->count; i++) {
        print_limit(s, limit_at(s, WEIR_REC(&s->policy->image, REFS)
                                   [refs->first + i]));
    }
}


static void
print_unlimited(audit_t *s)
{
    size_t               i, col, len;
    const weir_route_t  *r;

    col = 0;

    for (i = 0; i < s->m->routes.len; i++) {
        r = &s->m->routes.items[i];

        if (limits_of(s, r)->count != 0) {
            continue;
        }

        len = r->id.text.len;

        if (col == 0) {
            printf("%sroutes without any limit of their own\n ",
                   s->printed ? "\n" : "");
            s->printed = true;
            col = 1;

        } else if (col + len + 2 > WIDTH) {
            fputs(",\n ", stdout);
            col = 1;

        } else {
            putchar(',');
            col++;
        }

        printf(" %.*s", WEIR_STR(r->id.text));
        col += len + 1;
    }

    if (col != 0) {
        putchar('\n');
    }
}


static void
print_plan(audit_t *s, uint32_t index)
{
    uint32_t                i, n;
    const weir_img_plan_t  *p;

    n = tenants_of(s, index);
    p = &WEIR_REC(&s->policy->image, PLANS)[index];

    printf("%splan %.*s (%" PRIu32 " tenant%s)\n", s->printed ? "\n" : "",
           WEIR_STR(weir_img_str(&s->policy->image, p->name)), n,
           n == 1 ? "" : "s");
    s->printed = true;

    for (i = 0; i < p->limits.count; i++) {
        print_limit(s, limit_at(s, p->limits.first + i));
    }
}


void
weir_audit_print_plans(audit_t *s)
{
    uint32_t             i, n;
    const weir_image_t  *img;

    img = &s->policy->image;

    if (img->n[WEIR_S_LIMITS] == 0 || s->route.len != 0) {
        return;
    }

    if (s->tenant == NULL) {
        print_unlimited(s);
    }

    for (i = 0; i < img->n[WEIR_S_PLANS]; i++) {

        if (is_wanted(s, i)) {
            print_plan(s, i);
        }
    }

    n = tenants_of(s, WEIR_NONE);

    if (img->n[WEIR_S_PLANS] != 0 && s->tenant == NULL && n != 0) {
        printf("\ntenants without a plan: %" PRIu32 "\n", n);
    }
}


/* JSON */

static json_t *
text_json(weir_str_t s)
{
    return json_stringn(s.data, s.len);
}


static json_t *
limit_json(const audit_t *s, const weir_img_limit_t *l)
{
    uint32_t             i;
    json_t              *key;
    weir_str_t           text, more;
    const weir_image_t  *img;

    key = json_array();
    img = &s->policy->image;
    text = weir_cli_limit_text(s->arena, img, l);
    more = weir_cli_limit_more(s->arena, img, l);

    for (i = 0; i < weir_cli_limit_parts(l); i++) {
        json_array_append_new(key, text_json(weir_cli_limit_part(img, l, i)));
    }

    return json_pack("{s:o, s:o, s:o, s:s, s:I, s:I, s:f, s:b, s:b, s:o}",
                     "limit", text_json(weir_img_str(img, l->id)),
                     "is", text_json(text),
                     "more", text_json(more),
                     "kind", weir_limit_kind_name(l->kind),
                     "units", (json_int_t) l->limit,
                     "burst", (json_int_t) l->burst,
                     "window", (double) l->window / 1e9,
                     "cluster", (int) l->cluster,
                     "dry_run", (int) l->dry_run,
                     "key", key);
}


json_t *
weir_audit_json_limits(const audit_t *s, const weir_route_t *r)
{
    uint32_t             i;
    json_t              *list;
    const weir_range_t  *refs;

    list = json_array();
    refs = limits_of(s, r);

    for (i = 0; i < refs->count; i++) {
        json_array_append_new(list,
            limit_json(s, limit_at(s, WEIR_REC(&s->policy->image, REFS)
                                      [refs->first + i])));
    }

    return list;
}


json_t *
weir_audit_json_plans(const audit_t *s)
{
    uint32_t                i, k;
    json_t                 *list, *limits;
    const weir_image_t     *img;
    const weir_img_plan_t  *p;

    list = json_array();
    img = &s->policy->image;

    for (i = 0; i < img->n[WEIR_S_PLANS]; i++) {
        p = &WEIR_REC(img, PLANS)[i];
        limits = json_array();

        for (k = 0; k < p->limits.count; k++) {
            json_array_append_new(limits,
                limit_json(s, limit_at(s, p->limits.first + k)));
        }

        json_array_append_new(list, json_pack("{s:o, s:I, s:o}",
            "plan", text_json(weir_img_str(img, p->name)),
            "tenants", (json_int_t) tenants_of(s, i),
            "limits", limits));
    }

    return list;
}
