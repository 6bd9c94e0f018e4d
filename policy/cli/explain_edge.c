/*
 * explain_edge.c: maintenance, what the upstream is told, and what pages and
 * clients are.
 */

#include <inttypes.h>

#include "cli/explain.h"
#include "cli/limit_text.h"
#include "run/cors.h"

#define PAD  "           "


static const weir_img_route_t *
route_of(const cli_account_t *a)
{
    return weir_txn_route(a->txn);
}


static weir_str_t
str(const cli_account_t *a, uint32_t i)
{
    return weir_img_str(&a->policy->image, i);
}


/* Maintenance */

/* An entry that was looked at. */
typedef struct {
    const weir_img_maintenance_t  *rec;
    const cli_ruling_t            *when;    /* NULL: it has none */
    const weir_expr_t             *expr;    /* NULL: there is no source */
    cli_place_t                    place;
    bool                           decides;
    const char                    *outcome;
} pause_t;


/* false: it was not looked at. */
static bool
look(const cli_account_t *a, uint32_t i, pause_t *p)
{
    const cli_value_t   *v;
    const weir_image_t  *img;

    img = &a->policy->image;
    p->rec = &WEIR_REC(img, MAINTENANCE)[img->policy->maintenance.first + i];
    p->decides = a->decision->reason == WEIR_REASON_MAINTENANCE
                 && weir_str_eq(a->decision->rule, str(a, p->rec->id));
    p->when = p->rec->when != WEIR_NONE ? weir_cli_other(a->trace,
                                                         p->rec->when) : NULL;

    if (p->when == NULL && !p->decides) {
        return false;
    }

    p->expr = a->policy->model
              ? a->policy->model->maintenance.items[i].when : NULL;
    p->place = weir_cli_image_place(a->policy, p->rec->file, p->rec->line,
                                    p->rec->col);
    v = p->when ? &p->when->value : NULL;
    p->outcome = v == NULL ? "always holds"
                 : v->kind != WEIR_T_BOOL ? "fails, which is as good as true"
                 : v->i ? "holds" : "does not hold";

    return true;
}


static void
print_pause(const cli_account_t *a, const pause_t *p, FILE *out)
{
    fputs("  ", out);
    weir_cli_print(str(a, p->rec->id), out);
    fputs(", ", out);
    weir_cli_print(p->place.file, out);
    fprintf(out, ":%" PRIu32 ":%" PRIu32 ": %s", p->place.line, p->place.col,
            p->outcome);

    if (p->decides) {
        fprintf(out, ": refuses with status %u", a->decision->status);
    }

    fputc('\n', out);

    if (p->when != NULL && p->expr != NULL) {
        weir_cli_print_parts(a, p->expr, 4, out);

    } else if (p->when != NULL && a->policy->model == NULL) {
        weir_cli_print_steps(a, p->when, 4, out);
    }
}


/* Entries behind the one that decides were not looked at. */
void
weir_cli_print_maintenance(const cli_account_t *a, FILE *out)
{
    bool      any;
    uint32_t  i;
    pause_t   p;

    any = false;

    for (i = 0; i < a->policy->image.policy->maintenance.count; i++) {

        if (!look(a, i, &p)) {
            continue;
        }

        fputs(any ? "" : "\nmaintenance\n", out);
        any = true;
        print_pause(a, &p, out);

        if (p.decides) {
            return;
        }
    }
}


void
weir_cli_maintenance_json(const cli_account_t *a, json_t *steps)
{
    json_t    *o;
    uint32_t   i;
    pause_t    p;

    p.decides = false;

    for (i = 0; i < a->policy->image.policy->maintenance.count && !p.decides;
         i++)
    {
        if (!look(a, i, &p)) {
            continue;
        }

        o = json_pack("{s:s, s:o, s:o, s:I, s:I, s:s, s:b}",
                      "step", "maintenance",
                      "id", weir_cli_json_str(str(a, p.rec->id)),
                      "file", weir_cli_json_str(p.place.file),
                      "line", (json_int_t) p.place.line,
                      "column", (json_int_t) p.place.col,
                      "outcome", p.outcome,
                      "decides", (int) p.decides);

        if (p.when != NULL && p.expr != NULL) {
            json_object_set_new(o, "parts", weir_cli_parts_json(a, p.expr));
        }

        json_array_append_new(steps, o);
    }
}


static weir_str_t
paused(const cli_account_t *a)
{
    uint32_t  i;
    pause_t   p;

    for (i = 0; i < a->policy->image.policy->maintenance.count; i++) {

        if (look(a, i, &p) && p.decides) {
            return weir_arena_printf(a->trace->arena, "maintenance \"%.*s\" "
                                     "%s, %.*s:%" PRIu32 ":%" PRIu32,
                                     WEIR_STR(str(a, p.rec->id)), p.outcome,
                                     WEIR_STR(p.place.file), p.place.line,
                                     p.place.col);
        }
    }

    return weir_string("maintenance");
}


/* What the upstream is told */

static const char *const  op_names[WEIR_HEADER_OP_COUNT] = {
    [WEIR_HEADER_REMOVE] = "remove",
    [WEIR_HEADER_SET] = "set",
    [WEIR_HEADER_ADD] = "add"
};


static bool
is_told(const cli_account_t *a)
{
    const weir_img_route_t  *r;

    r = route_of(a);

    return r != NULL && a->decision->verdict == WEIR_ALLOW
           && a->decision->reason != WEIR_REASON_PREFLIGHT
           && (r->path != WEIR_NONE || r->request_ops.count != 0);
}


/* The parts of the template that refused the request. */
static void
print_unfit(const cli_account_t *a, FILE *out)
{
    size_t                   i;
    uint32_t                 prog;
    const weir_expr_t       *e;
    const weir_route_t      *source;
    const weir_img_route_t  *r;

    r = route_of(a);

    if (a->decision->reason != WEIR_REASON_TRANSFORM
        || a->policy->model == NULL || a->trace->others.len == 0)
    {
        return;
    }

    e = NULL;
    prog = a->trace->others.items[a->trace->others.len - 1].prog;
    source = &a->policy->model->routes.items[r - WEIR_REC(&a->policy->image,
                                                          ROUTES)];

    for (i = 0; i < r->request_ops.count; i++) {

        if (WEIR_REC(&a->policy->image, HEADER_OPS)
            [r->request_ops.first + i].prog == prog)
        {
            e = source->request_ops.items[i].value.expr;
        }
    }

    e = r->path == prog ? source->rewrite.expr : e;

    if (e != NULL) {
        fputs("\nto the upstream\n", out);
        weir_cli_print_parts(a, e, 2, out);
    }
}


void
weir_cli_print_told(const cli_account_t *a, FILE *out)
{
    uint32_t                     i;
    const weir_str_t            *values;
    const weir_img_route_t      *r;
    const weir_img_header_op_t  *op;

    if (!is_told(a)) {
        print_unfit(a, out);
        return;
    }

    r = route_of(a);
    values = weir_txn_request_values(a->txn);
    fputs("\nto the upstream\n", out);

    if (r->path != WEIR_NONE) {
        fputs("  path ", out);
        weir_cli_print(weir_txn_new_path(a->txn), out);
        fputc('\n', out);
    }

    for (i = 0; i < r->request_ops.count; i++) {
        op = &WEIR_REC(&a->policy->image, HEADER_OPS)
             [r->request_ops.first + i];
        fprintf(out, "  %s ", op_names[op->op]);
        weir_cli_print(str(a, op->name), out);

        if (op->op != WEIR_HEADER_REMOVE) {
            fputs(": ", out);
            weir_cli_print(values[i], out);
        }

        fputc('\n', out);
    }
}


void
weir_cli_told_json(const cli_account_t *a, json_t *steps)
{
    json_t                      *list;
    uint32_t                     i;
    weir_str_t                   path;
    const weir_str_t            *values;
    const weir_img_route_t      *r;
    const weir_img_header_op_t  *op;

    if (!is_told(a)) {
        return;
    }

    r = route_of(a);
    list = json_array();
    values = weir_txn_request_values(a->txn);

    for (i = 0; i < r->request_ops.count; i++) {
        op = &WEIR_REC(&a->policy->image, HEADER_OPS)
             [r->request_ops.first + i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o}",
            "op", op_names[op->op],
            "header", weir_cli_json_str(str(a, op->name)),
            "value", op->op == WEIR_HEADER_REMOVE
                     ? json_null() : weir_cli_json_str(values[i])));
    }

    path = weir_txn_new_path(a->txn);
    json_array_append_new(steps, json_pack("{s:s, s:o, s:o}",
        "step", "upstream",
        "path", weir_cli_json_str(path.len ? path : weir_txn_path(a->txn)),
        "headers", list));
}


/* What pages and clients are told */

/* Origin of the request; data NULL: it has none, or nobody asks. */
static weir_str_t
origin_of(const cli_account_t *a)
{
    weir_value_t             v;
    const cli_request_t     *req;
    const weir_img_route_t  *r;

    r = route_of(a);
    req = a->request;

    if (r == NULL || r->cors == WEIR_NONE
        || req->req.host_ops->get(req->req.host_data, WEIR_A_REQUEST_HEADERS,
                                  weir_string("origin"), &v) != WEIR_OK)
    {
        return weir_str(NULL, 0);
    }

    return weir_v_text(&v);
}


static const weir_img_cors_t *
cors_of(const cli_account_t *a)
{
    return &WEIR_REC(&a->policy->image, CORS)[route_of(a)->cors];
}


static bool
is_allowed(const cli_account_t *a, weir_str_t origin)
{
    return weir_cors_allows(&a->policy->image, cors_of(a), origin);
}


static void
print_list(const cli_account_t *a, const char *name, uint32_t text, FILE *out)
{
    if (text != WEIR_NONE) {
        fprintf(out, PAD "%s ", name);
        weir_cli_print(str(a, text), out);
        fputc('\n', out);
    }
}


static void
print_cors(const cli_account_t *a, FILE *out)
{
    weir_str_t              origin;
    const weir_img_cors_t  *c;

    origin = origin_of(a);

    if (origin.data == NULL) {
        return;
    }

    c = cors_of(a);
    fputs("\ncors     ", out);
    weir_cli_print(str(a, c->name), out);
    fputs(": ", out);
    weir_cli_print(origin, out);
    fprintf(out, " %s\n", is_allowed(a, origin)
                          ? "may read the answer" : "is not allowed");

    if (a->decision->reason != WEIR_REASON_PREFLIGHT
        || !is_allowed(a, origin))
    {
        return;
    }

    print_list(a, "methods", c->methods, out);
    print_list(a, "headers", c->headers, out);

    if (c->credentials) {
        fputs(PAD "credentials\n", out);
    }

    if (c->max_age != WEIR_NONE) {
        fprintf(out, PAD "for %" PRIu32 " seconds\n", c->max_age);
    }
}


static const weir_img_version_t *
version_of(const cli_account_t *a)
{
    return route_of(a) == NULL || route_of(a)->version == WEIR_NONE
           || a->decision->reason == WEIR_REASON_PREFLIGHT
           ? NULL : &WEIR_REC(&a->policy->image,
                              VERSIONS)[route_of(a)->version];
}


void
weir_cli_print_answer(const cli_account_t *a, FILE *out)
{
    const weir_img_version_t  *v;

    print_cors(a, out);
    v = version_of(a);

    if (v != NULL) {
        fputs("\nversion  ", out);
        weir_cli_print(str(a, v->name), out);
        fputc('\n', out);
        print_list(a, "Deprecation:", v->deprecation, out);
        print_list(a, "Sunset:", v->sunset, out);
        print_list(a, "Link:", v->link, out);
    }
}


static json_t *
opt_json(const cli_account_t *a, uint32_t text)
{
    return text != WEIR_NONE ? weir_cli_json_str(str(a, text)) : json_null();
}


void
weir_cli_answer_json(const cli_account_t *a, json_t *steps)
{
    weir_str_t                 origin;
    const weir_img_version_t  *v;

    origin = origin_of(a);

    if (origin.data != NULL) {
        json_array_append_new(steps, json_pack("{s:s, s:o, s:o, s:b, s:b}",
            "step", "cors",
            "cors", weir_cli_json_str(str(a, cors_of(a)->name)),
            "origin", weir_cli_json_str(origin),
            "allowed", (int) is_allowed(a, origin),
            "preflight", a->decision->reason == WEIR_REASON_PREFLIGHT));
    }

    v = version_of(a);

    if (v != NULL) {
        json_array_append_new(steps, json_pack("{s:s, s:o, s:o, s:o, s:o}",
            "step", "version",
            "version", weir_cli_json_str(str(a, v->name)),
            "deprecation", opt_json(a, v->deprecation),
            "sunset", opt_json(a, v->sunset),
            "link", opt_json(a, v->link)));
    }
}


weir_str_t
weir_cli_edge_decided(const cli_account_t *a)
{
    weir_str_t  origin;

    switch (a->decision->reason) {

    case WEIR_REASON_MAINTENANCE:
        return paused(a);

    case WEIR_REASON_PREFLIGHT:
        origin = origin_of(a);
        return weir_arena_printf(a->trace->arena, "a preflight; cors \"%.*s\" "
                                 "%s %.*s", WEIR_STR(str(a, cors_of(a)->name)),
                                 is_allowed(a, origin) ? "allows"
                                                       : "does not allow",
                                 WEIR_STR(origin));

    case WEIR_REASON_BREAKER:
        return weir_arena_printf(a->trace->arena, "the breaker of arm "
                                 "\"%.*s\" of split \"%.*s\" is open",
                                 WEIR_STR(a->decision->arm),
                                 WEIR_STR(a->decision->split));

    default:
        return weir_cstr(a->decision->detail ? a->decision->detail
                                             : "what the upstream is told");
    }
}
