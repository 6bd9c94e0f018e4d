/*
 * audit.c: weir audit FILE: who can do what, route by route.
 *
 * Routes that let everybody in come first, then all others in the order of
 * the source.
 */

#include <getopt.h>

#include "cli/audit.h"
#include "cli/options.h"


void
weir_audit_rows(audit_t *s, const char *layer, const weir_rules_t *rules,
    audit_rows_t *out)
{
    size_t        i;
    audit_row_t  *row;

    for (i = 0; i < rules->len && !s->nomem; i++) {
        row = weir_vec_push(s->arena, out);

        if (row == NULL
            || weir_audit_outcome(s->arena, &rules->items[i], s->tenant,
                                  &row->outcome) != WEIR_OK)
        {
            s->nomem = true;
            return;
        }

        row->layer = layer;
        row->rule = &rules->items[i];
    }
}


static weir_str_t
because(audit_t *s, const audit_row_t *row, const char *verb)
{
    weir_str_t  why;

    why = weir_arena_printf(s->arena, "%s rule \"%.*s\" always %s",
                            row->layer, WEIR_STR(row->rule->id.text), verb);
    s->nomem |= why.data == NULL;

    return why.data != NULL ? why : weir_string("");
}


/* What the rows of one layer let in; false: the layer has none. */
static bool
layer_access(const audit_rows_t *rows, const char *layer,
    audit_access_t *access, const audit_row_t **by)
{
    bool                any;
    size_t              i;
    const audit_row_t  *row;

    any = false;

    for (i = 0; i < rows->len; i++) {
        row = &rows->items[i];

        if (strcmp(row->layer, layer) != 0) {
            continue;
        }

        if (!any) {
            *access = AUDIT_NOBODY;
            *by = row;
            any = true;
        }

        if (row->outcome == AUDIT_ALWAYS) {
            *access = AUDIT_EVERYBODY;
            *by = row;
            return true;
        }

        if (row->outcome == AUDIT_DEPENDS) {
            *access = AUDIT_SOME;
        }
    }

    return any;
}


/* A deny rule that nobody gets past; NULL: there is none. */
static const audit_row_t *
denied(const audit_rows_t *deny)
{
    size_t              i;
    const audit_row_t  *row;

    for (i = 0; i < deny->len; i++) {
        row = &deny->items[i];

        if (!row->rule->dry_run && (row->outcome == AUDIT_ALWAYS
                                    || row->outcome == AUDIT_FAILS))
        {
            return row;
        }
    }

    return NULL;
}


/* Whether nobody gets by without a proof of who they are. */
static bool
is_asked(const weir_route_t *r)
{
    return r->auth != NULL && (r->auth->kind == WEIR_AUTH_ANY
                               || r->auth->kind == WEIR_AUTH_ALL);
}


static void
judge(audit_t *s, audit_entry_t *e)
{
    bool                any;
    size_t              i;
    audit_access_t      access;
    const audit_row_t  *row, *by;

    static const char *const  layers[] = { "global", "tenant", "route" };

    row = denied(&e->deny);

    if (row != NULL) {
        e->access = AUDIT_NOBODY;
        e->why = because(s, row, row->outcome == AUDIT_FAILS
                                 ? "fails, and so denies" : "denies");
        return;
    }

    any = false;
    e->access = AUDIT_EVERYBODY;
    e->why = weir_string("the route is public");

    for (i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {

        if (!layer_access(&e->allow, layers[i], &access, &by)) {
            continue;
        }

        any = true;

        if (access == AUDIT_NOBODY) {
            e->access = AUDIT_NOBODY;
            e->why = weir_arena_printf(s->arena, "no %s rule ever allows",
                                       layers[i]);
            s->nomem |= e->why.data == NULL;
            return;
        }

        if (access == AUDIT_EVERYBODY && e->access == AUDIT_EVERYBODY
            && !e->route->public)
        {
            e->why = because(s, by, "allows");
        }

        if (access == AUDIT_SOME) {
            e->access = AUDIT_SOME;
            e->why = weir_string("whom a rule of each layer allows");
        }
    }

    if (e->route->require.given) {
        any = true;
        e->access = AUDIT_SOME;
        e->why = weir_string("who has what the route requires");

    } else if (any && e->access == AUDIT_EVERYBODY && is_asked(e->route)) {
        e->access = AUDIT_SOME;
        e->why = weir_string("whoever proves who they are");
    }

    if (e->access == AUDIT_EVERYBODY && s->tenants_allow && s->tenant == NULL) {
        e->why = weir_arena_printf(s->arena, "%.*s; tenants have rules of "
                                   "their own", WEIR_STR(e->why));
        s->nomem |= e->why.data == NULL;
    }

    if (any || e->route->public) {
        return;
    }

    if (s->tenants_allow && s->tenant == NULL) {
        e->access = AUDIT_SOME;
        e->why = weir_string("whom a rule of the tenant allows");
        return;
    }

    e->access = AUDIT_NOBODY;
    e->why = weir_string("the route is not public, and no rule allows");
}


static void
make_entry(audit_t *s, const weir_route_t *r, audit_entry_t *e)
{
    memset(e, 0, sizeof(audit_entry_t));
    e->route = r;

    weir_audit_rows(s, "global", &s->m->deny, &e->deny);
    weir_audit_rows(s, "global", &s->m->allow, &e->allow);

    if (s->tenant != NULL) {
        weir_audit_rows(s, "tenant", &s->tenant->deny, &e->deny);
        weir_audit_rows(s, "tenant", &s->tenant->allow, &e->allow);
    }

    weir_audit_rows(s, "route", &r->deny, &e->deny);
    weir_audit_rows(s, "route", &r->allow, &e->allow);

    judge(s, e);
}


static cli_exit_t
audit(audit_t *s, cli_format_t format)
{
    size_t          i, n;
    audit_entry_t  *entries;

    entries = weir_arena_array(s->arena, s->m->routes.len,
                               sizeof(audit_entry_t));
    s->nomem = entries == NULL;

    for (i = 0; i < s->m->tenants.len; i++) {
        s->tenants_allow |= s->m->tenants.items[i].allow.len != 0;
    }

    for (i = 0, n = 0; i < s->m->routes.len && !s->nomem; i++) {
        if (s->route.len == 0
            || weir_str_eq(s->m->routes.items[i].id.text, s->route))
        {
            make_entry(s, &s->m->routes.items[i], &entries[n++]);
        }
    }

    if (n == 0 && s->route.len != 0) {
        return weir_cli_fail(CLI_USAGE, "audit", "there is no route \"%.*s\"",
                             WEIR_STR(s->route));
    }

    if (!s->nomem) {
        weir_audit_print(s, entries, n, format);
    }

    return s->nomem ? weir_cli_fail(CLI_INTERNAL, "audit", "out of memory")
                    : CLI_OK;
}


/* NULL: there is none of that name. */
static const weir_tenant_t *
find_tenant(const weir_model_t *m, weir_str_t id)
{
    size_t  i;

    for (i = 0; i < m->tenants.len; i++) {
        if (weir_str_eq(m->tenants.items[i].id.text, id)) {
            return &m->tenants.items[i];
        }
    }

    return NULL;
}


static cli_exit_t
audit_file(const char *path, const char *tenant, const char *route,
    cli_format_t format)
{
    audit_t       s;
    cli_exit_t    code;
    cli_policy_t  policy;

    code = weir_cli_load("audit", path, false, &policy);

    if (code != CLI_OK) {

        if (code == CLI_SOURCE) {
            weir_cli_report(&policy.diags, CLI_TEXT);
        }

        weir_cli_close(&policy);

        return code;
    }

    memset(&s, 0, sizeof(s));
    s.arena = policy.arena;
    s.policy = &policy;
    s.diags = &policy.diags;
    s.m = policy.model;
    s.route = weir_cstr(route);
    s.tenant = tenant != NULL ? find_tenant(s.m, weir_cstr(tenant)) : NULL;

    code = tenant != NULL && s.tenant == NULL
           ? weir_cli_fail(CLI_USAGE, "audit", "there is no tenant \"%s\"",
                           tenant)
           : audit(&s, format);

    weir_cli_close(&policy);

    return code;
}


cli_exit_t
weir_cli_audit(int argc, char **argv)
{
    int            c;
    const char    *tenant, *route;
    cli_format_t   format;

    tenant = NULL;
    route = "";
    format = CLI_TEXT;

    while ((c = weir_cli_option(argc, argv)) != -1) {

        switch (c) {

        case 't':
            tenant = optarg;
            break;

        case 'r':
            route = optarg;
            break;

        case 'f':

            if (!weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON,
                                 &format))
            {
                return weir_cli_usage("audit");
            }

            break;

        default:
            return weir_cli_usage("audit");
        }
    }

    return argc - optind == 1
           ? audit_file(argv[optind], tenant, route, format)
           : weir_cli_usage("audit");
}
