/*
 * explain_caller.c: who called, a second factor, and what the route requires.
 */

#include "cli/explain.h"

#define PAD  "           "


/* Which stages were passed */

static bool
was_proven(const cli_account_t *a)
{
    return weir_txn_caller(a->txn)->result == WEIR_AUTH_OK
           && a->decision->reason != WEIR_REASON_TENANT;
}


static const weir_img_mfa_t *
factor(const cli_account_t *a)
{
    const weir_img_route_t  *r;

    r = weir_txn_route(a->txn);

    return r != NULL && r->mfa != WEIR_NONE && was_proven(a)
           ? &WEIR_REC(&a->policy->image, MFAS)[r->mfa] : NULL;
}


/* The route, where what it requires was looked at; else NULL. */
static const weir_img_route_t *
requiring(const cli_account_t *a)
{
    const weir_img_route_t  *r;

    r = weir_txn_route(a->txn);

    if (r == NULL || (r->permissions.count == 0 && r->scopes.count == 0
                      && r->require == WEIR_NONE))
    {
        return NULL;
    }

    switch (a->decision->reason) {

    case WEIR_REASON_PERMISSION:
    case WEIR_REASON_SCOPE:
    case WEIR_REASON_REQUIRE:
    case WEIR_REASON_ALLOWED:
    case WEIR_REASON_PUBLIC:
    case WEIR_REASON_NOT_ALLOWED:
    case WEIR_REASON_DEFAULT_DENY:
        return r;

    default:
        return NULL;
    }
}


static const weir_require_t *
source_of(const cli_account_t *a)
{
    uint32_t  i;

    if (a->policy->model == NULL) {
        return NULL;
    }

    i = (uint32_t) (weir_txn_route(a->txn)
                    - WEIR_REC(&a->policy->image, ROUTES));

    return &a->policy->model->routes.items[i].require;
}


/* Words */

static const char *
kind_name(unsigned by)
{
    static const char *const  names[WEIR_BY_COUNT] = {
#define P(name, text)  text,
        WEIR_PRINCIPALS(P)
#undef P
    };

    return by < WEIR_BY_COUNT ? names[by] : "?";
}


static weir_str_t
issuer_name(const cli_account_t *a, uint32_t issuer)
{
    const weir_image_t  *img;

    img = &a->policy->image;

    return weir_img_str(img, WEIR_REC(img, ISSUERS)[issuer].name);
}


/* "jwt main, apikey" */
static weir_str_t
methods(const cli_account_t *a)
{
    uint32_t                  i;
    weir_str_t                s, name;
    const weir_image_t       *img;
    const weir_img_route_t   *r;
    const weir_img_method_t  *m;

    img = &a->policy->image;
    r = weir_txn_route(a->txn);
    s = weir_str("", 0);

    for (i = 0; i < r->auth_methods.count; i++) {
        m = &WEIR_REC(img, METHODS)[r->auth_methods.first + i];
        name = m->issuer != WEIR_NONE ? issuer_name(a, m->issuer)
                                      : weir_str("", 0);
        s = weir_arena_printf(a->trace->arena, "%.*s%s%s%s%.*s", WEIR_STR(s),
                              i ? ", " : "", kind_name(m->by),
                              name.len ? " " : "", WEIR_STR(name));
    }

    return s.len ? s : weir_string("nobody");
}


static const char *
wanted(unsigned auth)
{
    static const char *const  words[WEIR_AUTH_COUNT] = {
        [WEIR_AUTH_NONE] = "", [WEIR_AUTH_ANY] = "any",
        [WEIR_AUTH_ALL] = "all", [WEIR_AUTH_OPTIONAL] = "optional"
    };

    return auth < WEIR_AUTH_COUNT ? words[auth] : "?";
}


weir_str_t
weir_cli_caller_refused(const cli_account_t *a)
{
    weir_str_t            name;
    weir_arena_t         *arena;
    const weir_caller_t  *c;

    arena = a->trace->arena;
    c = weir_txn_caller(a->txn);

    switch (c->result) {

    case WEIR_AUTH_TWICE:
        return weir_arena_printf(arena, "%s: a credential is sent twice",
                                 kind_name(c->by));

    case WEIR_AUTH_BAD_KEY:
        return weir_string("apikey: no such key, or another secret, or it "
                           "has expired");

    case WEIR_AUTH_BAD_CERT:
        return weir_string("mtls: the chain was not verified, or the "
                           "certificate has no such name");

    case WEIR_AUTH_MISSING:
        return c->by == WEIR_BY_ANONYMOUS
               ? weir_string("no credential was sent")
               : weir_arena_printf(arena, "%s: no credential was sent",
                                   kind_name(c->by));

    default:
        name = c->issuer != WEIR_NONE ? issuer_name(a, c->issuer)
                                      : weir_str("", 0);
        return weir_arena_printf(arena, "jwt%s%.*s: %s (%s)",
                                 name.len ? " of " : "", WEIR_STR(name),
                                 weir_token_fault_text(c->fault),
                                 weir_token_fault_name(c->fault));
    }
}


/* The first of the caller's roles that has it; "": none. */
static weir_str_t
grantor(const cli_account_t *a, uint32_t permission)
{
    uint32_t                 i;
    weir_value_t             one;
    const weir_principal_t  *p;

    p = weir_txn_principal(a->txn);

    for (i = 0; i < p->roles.len; i++) {
        one = p->roles;
        one.u.items += i;
        one.len = 1;

        if (weir_has_permission(&a->policy->image, weir_txn_tenant(a->txn),
                                &one, permission))
        {
            return weir_v_text(one.u.items);
        }
    }

    return weir_str("", 0);
}


/* A permission or scope, by its place in those that the route wants. */
typedef struct {
    weir_str_t  name;
    weir_str_t  role;           /* that grants a permission */
    bool        scope;
    bool        granted;
} grant_t;

static bool
grant_at(const cli_account_t *a, const weir_img_route_t *r, uint32_t i,
    grant_t *g)
{
    uint32_t             ref;
    const weir_image_t  *img;

    img = &a->policy->image;
    memset(g, 0, sizeof(grant_t));

    if (i < r->permissions.count) {
        ref = WEIR_REC(img, REFS)[r->permissions.first + i];
        g->name = weir_img_str(img, WEIR_REC(img, PERMISSIONS)[ref].name);
        g->role = grantor(a, ref);
        g->granted = g->role.len > 0;
        return true;
    }

    i -= r->permissions.count;

    if (i >= r->scopes.count) {
        return false;
    }

    g->scope = true;
    g->name = weir_img_str(img, WEIR_REC(img, REFS)[r->scopes.first + i]);
    g->granted = weir_texts_have(&weir_txn_principal(a->txn)->scopes,
                                 g->name);

    return true;
}


/* Text */

static void
print_texts(const char *label, const weir_value_t *list, FILE *out)
{
    uint32_t  i;

    for (i = 0; i < list->len; i++) {
        fputs(i ? ", " : label, out);
        weir_cli_print(weir_v_text(&list->u.items[i]), out);
    }

    fputs(i ? "\n" : "", out);
}


static void
print_principal(const cli_account_t *a, const weir_principal_t *p, FILE *out)
{
    weir_cli_print(p->sub.len ? p->sub : weir_string("without a name"), out);
    fprintf(out, ", %s", kind_name(p->by));

    if (p->issuer != WEIR_NONE) {
        fputs(" of ", out);
        weir_cli_print(issuer_name(a, p->issuer), out);
    }

    if (p->tenant.len > 0) {
        fputs(", tenant ", out);
        weir_cli_print(p->tenant, out);
    }

    fputc('\n', out);
    print_texts(PAD "roles ", &p->roles, out);
    print_texts(PAD "scopes ", &p->scopes, out);
}


static void
print_refs(const cli_account_t *a, const char *label,
    const weir_range_t *refs, FILE *out)
{
    uint32_t             i;
    const weir_image_t  *img;

    img = &a->policy->image;

    for (i = 0; i < refs->count; i++) {
        fputs(i ? " or " : label, out);
        weir_cli_print(weir_img_str(img, WEIR_REC(img, REFS)[refs->first
                                                             + i]), out);
    }

    fputs(i ? "\n" : "", out);
}


static void
print_factor(const cli_account_t *a, const weir_img_mfa_t *mfa, FILE *out)
{
    fprintf(out, "mfa      %s\n", a->decision->reason == WEIR_REASON_MFA
                                  ? "not met" : "met");
    print_refs(a, PAD "acr ", &mfa->acr, out);
    print_refs(a, PAD "amr ", &mfa->amr, out);

    if (mfa->max_age > 0) {
        fprintf(out, PAD "at most %u s ago\n", mfa->max_age);
    }
}


void
weir_cli_print_caller(const cli_account_t *a, FILE *out)
{
    uint32_t                 i;
    weir_str_t               text;
    const weir_caller_t     *c;
    const weir_img_mfa_t    *mfa;
    const weir_img_route_t  *r;

    r = weir_txn_route(a->txn);
    c = weir_txn_caller(a->txn);

    if (r == NULL) {
        return;
    }

    if (r->auth != WEIR_AUTH_NONE) {
        fputs("caller   ", out);

        if (c->result != WEIR_AUTH_OK) {
            fputs("refused: ", out);
            weir_cli_print(weir_cli_caller_refused(a), out);
            fputc('\n', out);

        } else if (c->n == 0) {
            fputs("anonymous\n", out);
        }

        for (i = 0; i < c->n; i++) {
            fputs(i ? "         " : "", out);
            print_principal(a, &c->who[i], out);
        }

        text = methods(a);
        fprintf(out, PAD "%s of ", wanted(r->auth));
        weir_cli_print(text, out);
        fputc('\n', out);

        if (a->decision->reason == WEIR_REASON_TENANT) {
            fputs(PAD "not of the tenant of the request\n", out);
        }
    }

    mfa = factor(a);

    if (mfa != NULL) {
        print_factor(a, mfa, out);
    }
}


static void
print_required(const cli_account_t *a, const weir_require_t *source, FILE *out)
{
    weir_str_t               text;
    const weir_image_t      *img;
    const cli_ruling_t      *r;
    const weir_img_route_t  *route;

    img = &a->policy->image;
    r = &a->trace->required;
    route = weir_txn_route(a->txn);

    fprintf(out, "  when: %s", r->value.kind != WEIR_T_BOOL ? "fails"
                               : r->value.i ? "holds" : "does not hold");

    if (r->value.kind == WEIR_T_ERR) {
        fprintf(out, " (%s)", weir_eval_error_name((unsigned) r->value.i));
    }

    fputc('\n', out);

    if (source != NULL && source->when != NULL) {
        weir_cli_print_parts(a, source->when, 4, out);
        return;
    }

    text = weir_img_str(img, WEIR_REC(img, PROGS)[route->require].text);
    fputs("    when ", out);
    weir_cli_print(text, out);
    fputc('\n', out);
    weir_cli_print_steps(a, r, 4, out);
}


void
weir_cli_print_require(const cli_account_t *a, FILE *out)
{
    grant_t                  g;
    uint32_t                 i;
    const weir_img_route_t  *r;

    r = requiring(a);

    if (r == NULL) {
        return;
    }

    fputs("\nrequire, route ", out);
    weir_cli_print(a->decision->route, out);
    fputc('\n', out);

    for (i = 0; grant_at(a, r, i, &g); i++) {
        fprintf(out, "  %s ", g.scope ? "scope" : "permission");
        weir_cli_print(g.name, out);

        if (g.role.len > 0) {
            fputs(": of role ", out);
            weir_cli_print(g.role, out);
            fputc('\n', out);

        } else {
            fputs(g.granted ? ": granted\n"
                  : g.scope ? ": missing\n" : ": no role has it\n", out);
        }
    }

    if (a->trace->has_required) {
        print_required(a, source_of(a), out);
    }
}


/* JSON */

static json_t *
texts_json(const weir_value_t *list)
{
    json_t    *o;
    uint32_t   i;

    o = json_array();

    for (i = 0; i < list->len; i++) {
        json_array_append_new(o, weir_cli_json_str(weir_v_text(
                                     &list->u.items[i])));
    }

    return o;
}


static json_t *
principal_json(const cli_account_t *a, const weir_principal_t *p)
{
    json_t  *o;

    o = json_pack("{s:s, s:o, s:o, s:o, s:o}",
                  "kind", kind_name(p->by),
                  "sub", weir_cli_json_str(p->sub),
                  "tenant", weir_cli_json_str(p->tenant),
                  "roles", texts_json(&p->roles),
                  "scopes", texts_json(&p->scopes));

    if (p->issuer != WEIR_NONE) {
        json_object_set_new(o, "issuer",
                            weir_cli_json_str(issuer_name(a, p->issuer)));
    }

    return o;
}


void
weir_cli_caller_json(const cli_account_t *a, json_t *steps)
{
    json_t                  *o, *list;
    uint32_t                 i;
    weir_str_t               text;
    const weir_caller_t     *c;
    const weir_img_route_t  *r;

    r = weir_txn_route(a->txn);
    c = weir_txn_caller(a->txn);

    if (r != NULL && r->auth != WEIR_AUTH_NONE) {
        list = json_array();

        for (i = 0; i < c->n; i++) {
            json_array_append_new(list, principal_json(a, &c->who[i]));
        }

        text = methods(a);
        o = json_pack("{s:s, s:s, s:o, s:o}",
                      "step", "caller",
                      "auth", wanted(r->auth),
                      "methods", weir_cli_json_str(text),
                      "principals", list);

        if (c->result != WEIR_AUTH_OK) {
            json_object_set_new(o, "refused",
                                weir_cli_json_str(weir_cli_caller_refused(a)));
        }

        json_array_append_new(steps, o);
    }

    if (factor(a) != NULL) {
        json_array_append_new(steps, json_pack("{s:s, s:b}", "step", "mfa",
            "met", a->decision->reason != WEIR_REASON_MFA));
    }
}


void
weir_cli_require_json(const cli_account_t *a, json_t *steps)
{
    json_t                  *o, *list, *one;
    grant_t                  g;
    uint32_t                 i;
    const cli_value_t       *v;
    const weir_require_t    *source;
    const weir_img_route_t  *r;

    r = requiring(a);

    if (r == NULL) {
        return;
    }

    list = json_array();

    for (i = 0; grant_at(a, r, i, &g); i++) {
        one = json_pack("{s:o, s:b}", g.scope ? "scope" : "permission",
                        weir_cli_json_str(g.name), "granted", (int) g.granted);

        if (g.role.len > 0) {
            json_object_set_new(one, "role", weir_cli_json_str(g.role));
        }

        json_array_append_new(list, one);
    }

    o = json_pack("{s:s, s:o}", "step", "require", "grants", list);

    if (a->trace->has_required) {
        v = &a->trace->required.value;
        json_object_set_new(o, "outcome", json_string(
            v->kind != WEIR_T_BOOL ? "error" : v->i ? "true" : "false"));
        source = source_of(a);

        if (source != NULL && source->when != NULL) {
            json_object_set_new(o, "when",
                                weir_cli_json_str(source->text.text));
            json_object_set_new(o, "parts",
                                weir_cli_parts_json(a, source->when));
        }
    }

    json_array_append_new(steps, o);
}
