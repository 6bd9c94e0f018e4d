/*
 * audit.c: weir audit FILE: who can do what, route by route.
 *
 * Routes that let everybody in come first, then all others in the order of
 * the source.
 */

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "cli/audit.h"
#include "cli/options.h"
#include "front/names.h"

#define DENIED  403u

typedef enum {
    EVERYBODY,                  /* whom no deny rule stops */
    SOME,
    NOBODY
} access_t;

typedef struct {
    const char           *layer;
    const weir_rule_t    *rule;
    audit_outcome_t       outcome;
} row_t;

typedef weir_vec_t(row_t)  rows_t;

typedef struct {
    const weir_route_t   *route;
    access_t              access;
    weir_str_t            why;
    rows_t                deny;
    rows_t                allow;
} entry_t;

typedef struct {
    weir_arena_t         *arena;
    const weir_diags_t   *diags;
    const weir_model_t   *m;
    const weir_tenant_t  *tenant;       /* the one that is asked about */
    weir_str_t            route;        /* the same; empty: all */
    bool                  tenants_allow;    /* by rules of their own */
    bool                  printed;          /* something, as text */
    bool                  nomem;
} audit_t;

static const char *const  access_names[] = { "everybody", "some", "nobody" };

static const char *const  outcome_names[] = {
    [AUDIT_DEPENDS] = "depends",
    [AUDIT_ALWAYS] = "always",
    [AUDIT_NEVER] = "never",
    [AUDIT_FAILS] = "fails"
};

static const char *const  method_names[] = {
#define M(name, text)  text,
    WEIR_METHODS(M)
#undef M
};


static void
add_rows(audit_t *s, const char *layer, const weir_rules_t *rules,
    rows_t *out)
{
    size_t  i;
    row_t  *row;

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
because(audit_t *s, const row_t *row, const char *verb)
{
    weir_str_t  why;

    why = weir_arena_printf(s->arena, "%s rule \"%.*s\" always %s",
                            row->layer, WEIR_STR(row->rule->id.text), verb);
    s->nomem |= why.data == NULL;

    return why.data != NULL ? why : weir_string("");
}


/* What the rows of one layer let in; false: the layer has none. */
static bool
layer_access(const rows_t *rows, const char *layer, access_t *access,
    const row_t **by)
{
    size_t        i;
    bool          any;
    const row_t  *row;

    any = false;

    for (i = 0; i < rows->len; i++) {
        row = &rows->items[i];

        if (strcmp(row->layer, layer) != 0) {
            continue;
        }

        if (!any) {
            *access = NOBODY;
            *by = row;
            any = true;
        }

        if (row->outcome == AUDIT_ALWAYS) {
            *access = EVERYBODY;
            *by = row;
            return true;
        }

        if (row->outcome == AUDIT_DEPENDS) {
            *access = SOME;
        }
    }

    return any;
}


/* A deny rule that nobody gets past; NULL: there is none. */
static const row_t *
denied(const rows_t *deny)
{
    size_t        i;
    const row_t  *row;

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


static void
judge(audit_t *s, entry_t *e)
{
    bool          any;
    size_t        i;
    access_t      access;
    const row_t  *row, *by;

    static const char *const  layers[] = { "global", "tenant", "route" };

    row = denied(&e->deny);

    if (row != NULL) {
        e->access = NOBODY;
        e->why = because(s, row, row->outcome == AUDIT_FAILS
                                 ? "fails, and so denies" : "denies");
        return;
    }

    any = false;
    e->access = EVERYBODY;
    e->why = weir_string("the route is public");

    for (i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {

        if (!layer_access(&e->allow, layers[i], &access, &by)) {
            continue;
        }

        any = true;

        if (access == NOBODY) {
            e->access = NOBODY;
            e->why = weir_arena_printf(s->arena, "no %s rule ever allows",
                                       layers[i]);
            s->nomem |= e->why.data == NULL;
            return;
        }

        if (access == EVERYBODY && e->access == EVERYBODY
            && !e->route->public)
        {
            e->why = because(s, by, "allows");
        }

        if (access == SOME) {
            e->access = SOME;
            e->why = weir_string("whom a rule of each layer allows");
        }
    }

    if (e->access == EVERYBODY && s->tenants_allow && s->tenant == NULL) {
        e->why = weir_arena_printf(s->arena, "%.*s; tenants have rules of "
                                   "their own", WEIR_STR(e->why));
        s->nomem |= e->why.data == NULL;
    }

    if (any || e->route->public) {
        return;
    }

    if (s->tenants_allow && s->tenant == NULL) {
        e->access = SOME;
        e->why = weir_string("whom a rule of the tenant allows");
        return;
    }

    e->access = NOBODY;
    e->why = weir_string("the route is not public, and no rule allows");
}


static void
make_entry(audit_t *s, const weir_route_t *r, entry_t *e)
{
    memset(e, 0, sizeof(entry_t));
    e->route = r;

    add_rows(s, "global", &s->m->deny, &e->deny);
    add_rows(s, "global", &s->m->allow, &e->allow);

    if (s->tenant != NULL) {
        add_rows(s, "tenant", &s->tenant->deny, &e->deny);
        add_rows(s, "tenant", &s->tenant->allow, &e->allow);
    }

    add_rows(s, "route", &r->deny, &e->deny);
    add_rows(s, "route", &r->allow, &e->allow);

    judge(s, e);
}


/* What drives a terminal, C1 included, which is 0xc2 and one byte more. */
static bool
is_control(const char *p, const char *end)
{
    uint8_t  c;

    c = (uint8_t) *p;

    return c < 0x20 || c == 0x7f
           || (c == 0xc2 && end - p > 1 && (uint8_t) p[1] < 0xa0);
}


/* All on one line: a condition may stand on several. */
static void
print_line(weir_str_t text)
{
    bool         blank;
    const char  *p, *end;

    blank = false;
    end = text.data + text.len;

    for (p = text.data; p < end; p++) {

        if (*p == ' ' || *p == '\n') {
            blank = true;
            continue;
        }

        if (blank) {
            putchar(' ');
            blank = false;
        }

        if (is_control(p, end)) {
            p += *p == '\xc2';
            putchar('?');
            continue;
        }

        putchar(*p);
    }
}


static void
print_rows(const audit_t *s, const char *verb, const rows_t *rows)
{
    size_t              i;
    const row_t        *row;
    const weir_rule_t  *r;

    for (i = 0; i < rows->len; i++) {
        row = &rows->items[i];
        r = row->rule;

        printf("  %-9s %s %.*s: ", verb, row->layer, WEIR_STR(r->id.text));

        if (r->when == NULL) {
            fputs("true", stdout);
        } else {
            print_line(r->text.text);
        }

        if (r->phase == WEIR_PHASE_CONNECT) {
            fputs("; phase connect", stdout);
        }

        if (r->status != DENIED) {
            printf("; status %u", r->status);
        }

        if (r->dry_run) {
            fputs("; on trial", stdout);
        }

        if (row->outcome != AUDIT_DEPENDS) {
            printf("; %s", outcome_names[row->outcome]);

            if (s->tenant != NULL) {
                printf(" for %.*s", WEIR_STR(s->tenant->id.text));
            }
        }

        putchar('\n');
    }
}


static void
print_methods(const weir_route_t *r)
{
    size_t       i;
    const char  *sep;

    sep = "";

    for (i = 0; i < WEIR_METHOD_COUNT; i++) {
        if (r->methods & (uint32_t) 1 << i) {
            printf("%s%s", sep, method_names[i]);
            sep = ",";
        }
    }

    for (i = 0; i < r->other.len; i++) {
        printf("%s%.*s", sep, WEIR_STR(r->other.items[i].text));
        sep = ",";
    }

    if (sep[0] == '\0') {
        fputs("any method", stdout);
    }
}


static void
print_match(const weir_route_t *r)
{
    size_t                     i;
    const weir_header_test_t  *h;

    fputs("  request   ", stdout);
    print_methods(r);

    if (r->host.text.data != NULL) {
        printf(" %.*s", WEIR_STR(r->host.text));
    } else {
        fputs(" any host", stdout);
    }

    putchar(' ');
    print_line(r->path.text.text);
    putchar('\n');

    for (i = 0; i < r->headers.len; i++) {
        h = &r->headers.items[i];
        printf("  header    %.*s", WEIR_STR(h->name.text));

        if (h->test != WEIR_TEST_PRESENT) {
            printf(" %s ",
                   h->test == WEIR_TEST_EXACT ? "equals" : "begins with");
            print_line(h->value.text);
        }

        putchar('\n');
    }
}


static void
print_entry(audit_t *s, const entry_t *e)
{
    weir_str_t  place;

    place = weir_place(s->diags, e->route->id.span);

    fputs(s->printed ? "\n" : "", stdout);
    s->printed = true;
    printf("route %.*s (%.*s)\n", WEIR_STR(e->route->id.text),
           WEIR_STR(place));
    print_match(e->route);

    printf("  %-9s %s: %.*s\n", e->access == EVERYBODY ? "WARNING" : "access",
           access_names[e->access], WEIR_STR(e->why));

    print_rows(s, "deny", &e->deny);
    print_rows(s, "allow", &e->allow);

    if (e->route->upstream.text.data != NULL) {
        printf("  upstream  %.*s\n", WEIR_STR(e->route->upstream.text));
    }
}


static json_t *
text(weir_str_t s)
{
    return s.data != NULL ? json_stringn(s.data, s.len) : json_null();
}


static json_t *
json_rows(const audit_t *s, const rows_t *rows)
{
    size_t              i;
    json_t             *list;
    weir_str_t          place;
    const weir_rule_t  *r;

    list = json_array();

    for (i = 0; i < rows->len; i++) {
        r = rows->items[i].rule;
        place = weir_place(s->diags, r->id.span);

        json_array_append_new(list, json_pack(
            "{s:s, s:o, s:o, s:s, s:I, s:b, s:s, s:o}",
            "layer", rows->items[i].layer,
            "rule", text(r->id.text),
            "when", r->when != NULL ? text(r->text.text)
                                    : json_string("true"),
            "phase", r->phase == WEIR_PHASE_CONNECT ? "connect" : "access",
            "status", (json_int_t) r->status,
            "dry_run", (int) r->dry_run,
            "outcome", outcome_names[rows->items[i].outcome],
            "place", text(place)));
    }

    return list;
}


static json_t *
json_methods(const weir_route_t *r)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < WEIR_METHOD_COUNT; i++) {
        if (r->methods & (uint32_t) 1 << i) {
            json_array_append_new(list, json_string(method_names[i]));
        }
    }

    for (i = 0; i < r->other.len; i++) {
        json_array_append_new(list, text(r->other.items[i].text));
    }

    return list;
}


static json_t *
json_headers(const weir_route_t *r)
{
    size_t                     i;
    json_t                    *list;
    const weir_header_test_t  *h;

    list = json_array();

    for (i = 0; i < r->headers.len; i++) {
        h = &r->headers.items[i];

        json_array_append_new(list, json_pack(
            "{s:o, s:o}", "name", text(h->name.text),
            h->test == WEIR_TEST_PRESENT ? "present"
            : h->test == WEIR_TEST_EXACT ? "equals" : "prefix",
            h->test == WEIR_TEST_PRESENT ? json_true()
                                         : text(h->value.text)));
    }

    return list;
}


static json_t *
json_entry(const audit_t *s, const entry_t *e)
{
    weir_str_t           place;
    const weir_route_t  *r;

    r = e->route;
    place = weir_place(s->diags, r->id.span);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, "
                     "s:o}",
                     "route", text(r->id.text),
                     "place", text(place),
                     "methods", json_methods(r),
                     "host", text(r->host.text),
                     "path", text(r->path.text.text),
                     "headers", json_headers(r),
                     "public", (int) r->public,
                     "access", access_names[e->access],
                     "why", text(e->why),
                     "deny", json_rows(s, &e->deny),
                     "allow", json_rows(s, &e->allow),
                     "upstream", text(r->upstream.text));
}


/* Tenants with rules of their own, which hold on every route. */
static void
tenants(audit_t *s, json_t *list)
{
    size_t                i;
    rows_t                deny, allow;
    weir_str_t            place;
    const weir_tenant_t  *t;

    for (i = 0; i < s->m->tenants.len && s->tenant == NULL; i++) {
        t = &s->m->tenants.items[i];

        if (t->deny.len == 0 && t->allow.len == 0) {
            continue;
        }

        memset(&deny, 0, sizeof(deny));
        memset(&allow, 0, sizeof(allow));
        add_rows(s, "tenant", &t->deny, &deny);
        add_rows(s, "tenant", &t->allow, &allow);
        place = weir_place(s->diags, t->id.span);

        if (list != NULL) {
            json_array_append_new(list, json_pack(
                "{s:o, s:o, s:o, s:o, s:o}",
                "tenant", text(t->id.text),
                "place", text(place),
                "plan", text(t->plan.text),
                "deny", json_rows(s, &deny),
                "allow", json_rows(s, &allow)));
            continue;
        }

        fputs(s->printed ? "\n" : "", stdout);
        s->printed = true;
        printf("tenant %.*s (%.*s)\n", WEIR_STR(t->id.text),
               WEIR_STR(place));
        print_rows(s, "deny", &deny);
        print_rows(s, "allow", &allow);
    }
}


static void
print(audit_t *s, const entry_t *entries, size_t n, cli_format_t format)
{
    int      turn;
    size_t   i;
    json_t  *routes, *list;

    routes = json_array();

    for (turn = 0; turn < 2; turn++) {
        for (i = 0; i < n; i++) {

            if ((entries[i].access == EVERYBODY) != (turn == 0)) {
                continue;
            }

            if (format == CLI_JSON) {
                json_array_append_new(routes, json_entry(s, &entries[i]));
            } else {
                print_entry(s, &entries[i]);
            }
        }
    }

    list = format == CLI_JSON ? json_array() : NULL;
    tenants(s, list);

    if (format != CLI_JSON) {
        json_decref(routes);
        return;
    }

    list = json_pack("{s:o, s:o, s:o, s:o}",
                     "policy", text(s->m->name.text),
                     "tenant", text(s->tenant != NULL ? s->tenant->id.text
                                                      : weir_str(NULL, 0)),
                     "routes", routes, "tenants", list);
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(list);
}


static cli_exit_t
audit(audit_t *s, cli_format_t format)
{
    size_t    i, n;
    entry_t  *entries;

    entries = weir_arena_array(s->arena, s->m->routes.len, sizeof(entry_t));
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
        print(s, entries, n, format);
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
