/*
 * audit_splits.c: where requests of a route go, and what is told on the way.
 */

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "cli/audit.h"
#include "cli/split_text.h"


static const weir_img_route_t *
route_of(const audit_t *s, const weir_route_t *r)
{
    return &WEIR_REC(&s->policy->image, ROUTES)[r - s->m->routes.items];
}


static weir_str_t
str(const audit_t *s, uint32_t i)
{
    return weir_img_str(&s->policy->image, i);
}


static const weir_img_split_t *
split_of(const audit_t *s, const weir_route_t *r)
{
    uint32_t  i;

    i = route_of(s, r)->split;

    return i == WEIR_NONE ? NULL : &WEIR_REC(&s->policy->image, SPLITS)[i];
}


/* Text */

static void
print_line(const char *what, weir_str_t text)
{
    printf("    %-9s ", what);
    weir_cli_print(text, stdout);
    putchar('\n');
}


static void
print_arm(const audit_t *s, const weir_img_split_t *split, uint32_t i,
    uint32_t weight)
{
    weir_str_t                 share, text;
    const weir_image_t        *img;
    const weir_img_arm_t      *arm;
    const weir_img_breaker_t  *b;

    img = &s->policy->image;
    arm = &WEIR_REC(img, ARMS)[split->arms.first + i];
    share = weir_cli_percent(s->arena, weight);
    text = weir_arena_printf(s->arena, "%.*s %.*s to %.*s",
                             WEIR_STR(str(s, arm->name)), WEIR_STR(share),
                             WEIR_STR(str(s, arm->upstream)));

    if (arm->breaker != WEIR_NONE) {
        b = &WEIR_REC(img, BREAKERS)[arm->breaker];
        share = weir_cli_breaker_text(s->arena, b);
        text = weir_arena_printf(s->arena, "%.*s; breaker: %.*s%s%.*s",
                                 WEIR_STR(text), WEIR_STR(share),
                                 b->fallback != WEIR_NONE ? ", then " : "",
                                 WEIR_STR(b->fallback != WEIR_NONE
                                          ? weir_cli_arm_name(img, b->fallback)
                                          : weir_string("")));
    }

    print_line("arm", text);
}


static void
print_overrides(const audit_t *s, const weir_img_split_t *split)
{
    uint32_t                    i;
    weir_str_t                  text;
    const weir_image_t         *img;
    const weir_img_override_t  *o;

    img = &s->policy->image;

    for (i = 0; i < split->overrides.count; i++) {
        o = &WEIR_REC(img, OVERRIDES)[split->overrides.first + i];
        text = weir_cli_override_text(s->arena, img, o);
        text = weir_arena_printf(s->arena, "%.*s: %.*s", WEIR_STR(text),
                                 WEIR_STR(weir_cli_arm_name(img, o->arm)));
        print_line("override", text);
    }
}


static void
print_split(const audit_t *s, const weir_img_split_t *split)
{
    uint32_t             i, weights[WEIR_MAX_ARMS];
    weir_str_t           key;
    const weir_image_t  *img;

    img = &s->policy->image;
    key = split->sticky != WEIR_NONE ? weir_cli_prog_text(img, split->sticky)
                                     : weir_string("");
    printf("  %-9s %.*s", "split", WEIR_STR(str(s, split->name)));
    fputs(key.len ? ": by " : "", stdout);
    weir_cli_print(key, stdout);
    putchar('\n');

    weir_splits_weights(img, split, 0, weights);

    for (i = 0; i < split->arms.count; i++) {
        print_arm(s, split, i, weights[i]);
    }

    print_overrides(s, split);

    if (split->cookie != WEIR_NONE) {
        print_line("cookie", weir_cli_cookie_text(s->arena, img, split));
    }

    if (split->guard != WEIR_NONE) {
        print_line("guard", weir_cli_guard_text(s->arena, img,
                                &WEIR_REC(img, GUARDS)[split->guard]));
    }

    if (split->steps.count != 0) {
        print_line("ramp", weir_cli_ramp_text(s->arena, img, split));
    }

    if (split->mirror != WEIR_NONE) {
        print_line("mirror", weir_cli_mirror_text(s->arena, img,
                                 &WEIR_REC(img, MIRRORS)[split->mirror]));
    }
}


static weir_str_t
origins(const audit_t *s, const weir_img_cors_t *c)
{
    uint32_t                  i;
    weir_str_t                text;
    const weir_img_origin_t  *o;

    text = weir_string("");

    for (i = 0; i < c->origins.count; i++) {
        o = &WEIR_REC(&s->policy->image, ORIGINS)[c->origins.first + i];
        text = weir_arena_printf(s->arena, "%.*s%s%.*s%s%.*s", WEIR_STR(text),
                                 i ? ", " : "", WEIR_STR(str(s, o->text)),
                                 o->kind == WEIR_ORIGIN_EXACT ? "" : "*",
                                 WEIR_STR(str(s, o->suffix)));
    }

    return text;
}


void
weir_audit_print_ways(audit_t *s, const weir_route_t *r)
{
    const weir_img_cors_t   *c;
    const weir_img_route_t  *rec;

    rec = route_of(s, r);

    if (rec->cors != WEIR_NONE) {
        c = &WEIR_REC(&s->policy->image, CORS)[rec->cors];
        printf("  %-9s %.*s: ", "cors", WEIR_STR(str(s, c->name)));
        weir_cli_print(origins(s, c), stdout);
        puts(c->credentials ? "; with credentials" : "");
    }

    if (rec->version != WEIR_NONE) {
        printf("  %-9s ", "version");
        weir_cli_print(str(s, WEIR_REC(&s->policy->image, VERSIONS)
                              [rec->version].name), stdout);
        putchar('\n');
    }

    if (rec->split != WEIR_NONE) {
        print_split(s, split_of(s, r));
    }

    if (rec->path != WEIR_NONE) {
        printf("  %-9s ", "path");
        weir_cli_print(weir_cli_prog_text(&s->policy->image, rec->path),
                       stdout);
        putchar('\n');
    }
}


void
weir_audit_print_maintenance(audit_t *s)
{
    uint32_t                       i;
    weir_str_t                     when;
    const weir_image_t            *img;
    const weir_img_maintenance_t  *m;

    img = &s->policy->image;

    if (img->policy->maintenance.count == 0 || s->route.len != 0) {
        return;
    }

    printf("%smaintenance, of every route\n", s->printed ? "\n" : "");
    s->printed = true;

    for (i = 0; i < img->policy->maintenance.count; i++) {
        m = &WEIR_REC(img, MAINTENANCE)[img->policy->maintenance.first + i];
        when = m->when == WEIR_NONE ? weir_string("true")
                                    : weir_cli_prog_text(img, m->when);
        printf("  %.*s: ", WEIR_STR(str(s, m->id)));
        weir_cli_print(when, stdout);
        printf("; status %u\n", m->status);
    }
}


/* JSON */

static json_t *
text_json(weir_str_t s)
{
    return json_stringn(s.data, s.len);
}


static json_t *
opt_json(bool given, weir_str_t s)
{
    return given ? text_json(s) : json_null();
}


static json_t *
arms_json(const audit_t *s, const weir_img_split_t *split)
{
    json_t              *list;
    uint32_t             i, arm, weights[WEIR_MAX_ARMS];
    const weir_image_t  *img;

    list = json_array();
    img = &s->policy->image;
    weir_splits_weights(img, split, 0, weights);

    for (i = 0; i < split->arms.count; i++) {
        arm = split->arms.first + i;
        json_array_append_new(list, json_pack("{s:o, s:f, s:o}",
            "arm", text_json(weir_cli_arm_name(img, arm)),
            "percent", weights[i] / 100.0,
            "upstream", text_json(weir_cli_arm_upstream(img, arm))));
    }

    return list;
}


static json_t *
overrides_json(const audit_t *s, const weir_img_split_t *split)
{
    json_t                     *list;
    uint32_t                    i;
    weir_str_t                  text;
    const weir_image_t         *img;
    const weir_img_override_t  *o;

    list = json_array();
    img = &s->policy->image;

    for (i = 0; i < split->overrides.count; i++) {
        o = &WEIR_REC(img, OVERRIDES)[split->overrides.first + i];
        text = weir_cli_override_text(s->arena, img, o);
        json_array_append_new(list, json_pack("{s:o, s:o}",
            "is", text_json(text),
            "arm", text_json(weir_cli_arm_name(img, o->arm))));
    }

    return list;
}


json_t *
weir_audit_json_split(const audit_t *s, const weir_route_t *r)
{
    bool                     guard, mirror;
    const weir_image_t      *img;
    const weir_img_split_t  *p;

    p = split_of(s, r);

    if (p == NULL) {
        return json_null();
    }

    img = &s->policy->image;
    guard = p->guard != WEIR_NONE;
    mirror = p->mirror != WEIR_NONE;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "split", text_json(str(s, p->name)),
                     "sticky", opt_json(p->sticky != WEIR_NONE,
                                        p->sticky == WEIR_NONE
                                        ? weir_string("")
                                        : weir_cli_prog_text(img, p->sticky)),
                     "arms", arms_json(s, p),
                     "overrides", overrides_json(s, p),
                     "guard", opt_json(guard, !guard ? weir_string("")
                                  : weir_cli_guard_text(s->arena, img,
                                        &WEIR_REC(img, GUARDS)[p->guard])),
                     "ramp", opt_json(p->steps.count != 0,
                                      p->steps.count == 0 ? weir_string("")
                                  : weir_cli_ramp_text(s->arena, img, p)),
                     "mirror", opt_json(mirror, !mirror ? weir_string("")
                                  : weir_cli_mirror_text(s->arena, img,
                                        &WEIR_REC(img, MIRRORS)[p->mirror])));
}


json_t *
weir_audit_json_cors(const audit_t *s, const weir_route_t *r)
{
    const weir_img_cors_t   *c;
    const weir_img_route_t  *rec;

    rec = route_of(s, r);

    if (rec->cors == WEIR_NONE) {
        return json_null();
    }

    c = &WEIR_REC(&s->policy->image, CORS)[rec->cors];

    return json_pack("{s:o, s:o, s:b}",
                     "cors", text_json(str(s, c->name)),
                     "origins", text_json(origins(s, c)),
                     "credentials", (int) c->credentials);
}


json_t *
weir_audit_json_maintenance(const audit_t *s)
{
    json_t                        *list;
    uint32_t                       i;
    const weir_image_t            *img;
    const weir_img_maintenance_t  *m;

    list = json_array();
    img = &s->policy->image;

    for (i = 0; i < img->policy->maintenance.count; i++) {
        m = &WEIR_REC(img, MAINTENANCE)[img->policy->maintenance.first + i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:I}",
            "maintenance", text_json(str(s, m->id)),
            "when", text_json(m->when == WEIR_NONE ? weir_string("true")
                              : weir_cli_prog_text(img, m->when)),
            "status", (json_int_t) m->status));
    }

    return list;
}
