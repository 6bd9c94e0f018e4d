/*
 * audit_print.c: an audit as text and as JSON.
 */

#include <jansson.h>
#include <stdio.h>

#include "cli/audit.h"
#include "front/names.h"

#define DENIED  403u

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
print_rows(const audit_t *s, const char *verb, const audit_rows_t *rows)
{
    size_t              i;
    const audit_row_t  *row;
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
print_require(const weir_route_t *r)
{
    if (r->require.when != NULL) {
        fputs("  require   rule: ", stdout);
        print_line(r->require.text.text);
        putchar('\n');
    }
}


static void
print_entry(audit_t *s, const audit_entry_t *e)
{
    weir_str_t  place;

    place = weir_place(s->diags, e->route->id.span);

    fputs(s->printed ? "\n" : "", stdout);
    s->printed = true;
    printf("route %.*s (%.*s)\n", WEIR_STR(e->route->id.text),
           WEIR_STR(place));
    print_match(e->route);

    printf("  %-9s %s: %.*s\n",
           e->access == AUDIT_EVERYBODY ? "WARNING" : "access",
           access_names[e->access], WEIR_STR(e->why));

    weir_audit_print_callers(s, e->route);
    print_rows(s, "deny", &e->deny);
    print_require(e->route);
    print_rows(s, "allow", &e->allow);
    weir_audit_print_limits(s, e->route);
    weir_audit_print_ways(s, e->route);

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
json_rows(const audit_t *s, const audit_rows_t *rows)
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
json_names(const weir_name_t *names, size_t n)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < n; i++) {
        json_array_append_new(list, text(names[i].text));
    }

    return list;
}


static json_t *
json_auth(audit_t *s, const weir_route_t *r)
{
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; r->auth != NULL && i < r->auth->ways.len; i++) {
        json_array_append_new(list,
            text(weir_audit_way(s, &r->auth->ways.items[i])));
    }

    return json_pack("{s:s, s:o, s:b}", "kind", weir_audit_asked(r),
                     "methods", list,
                     "forward", r->auth != NULL && r->auth->forward);
}


static void
add_role(void *data, weir_str_t role)
{
    json_array_append_new(data, text(role));
}


static json_t *
json_require(const audit_t *s, const weir_route_t *r)
{
    size_t    i;
    json_t   *list, *roles;
    uint32_t  permission;

    list = json_array();

    for (i = 0; i < r->require.permissions.len; i++) {
        permission = r->require.permissions.items[i];
        roles = json_array();
        (void) weir_audit_granting(s, permission, add_role, roles);

        json_array_append_new(list, json_pack("{s:o, s:o}", "permission",
            text(s->m->permissions.items[permission].text), "roles", roles));
    }

    return json_pack("{s:o, s:o, s:o}", "permissions", list, "scopes",
                     json_names(r->require.scopes.items,
                                r->require.scopes.len),
                     "when", r->require.when != NULL
                             ? text(r->require.text.text) : json_null());
}


static json_t *
json_mfa(const weir_mfa_t *mfa)
{
    return mfa == NULL
           ? json_null()
           : json_pack("{s:o, s:o, s:I}",
                       "acr", json_names(mfa->acr.items, mfa->acr.len),
                       "amr_any", json_names(mfa->amr.items, mfa->amr.len),
                       "max_auth_age", (json_int_t) mfa->max_age);
}


static json_t *
json_entry(audit_t *s, const audit_entry_t *e)
{
    weir_str_t           place;
    const weir_route_t  *r;

    r = e->route;
    place = weir_place(s->diags, r->id.span);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, "
                     "s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "route", text(r->id.text),
                     "place", text(place),
                     "methods", json_methods(r),
                     "host", text(r->host.text),
                     "path", text(r->path.text.text),
                     "headers", json_headers(r),
                     "public", (int) r->public,
                     "access", access_names[e->access],
                     "why", text(e->why),
                     "auth", json_auth(s, r),
                     "mfa", json_mfa(r->mfa),
                     "require", json_require(s, r),
                     "deny", json_rows(s, &e->deny),
                     "allow", json_rows(s, &e->allow),
                     "limits", weir_audit_json_limits(s, r),
                     "cors", weir_audit_json_cors(s, r),
                     "split", weir_audit_json_split(s, r),
                     "upstream", text(r->upstream.text));
}


/* Tenants with rules of their own, which hold on every route. */
static void
tenants(audit_t *s, json_t *list)
{
    size_t                i;
    audit_rows_t          deny, allow;
    weir_str_t            place;
    const weir_tenant_t  *t;

    for (i = 0; i < s->m->tenants.len && s->tenant == NULL; i++) {
        t = &s->m->tenants.items[i];

        if (t->deny.len == 0 && t->allow.len == 0) {
            continue;
        }

        memset(&deny, 0, sizeof(deny));
        memset(&allow, 0, sizeof(allow));
        weir_audit_rows(s, "tenant", &t->deny, &deny);
        weir_audit_rows(s, "tenant", &t->allow, &allow);
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


void
weir_audit_print(audit_t *s, const audit_entry_t *entries, size_t n,
    cli_format_t format)
{
    int      turn;
    size_t   i;
    json_t  *routes, *list;

    routes = json_array();

    for (turn = 0; turn < 2; turn++) {
        for (i = 0; i < n; i++) {

            if ((entries[i].access == AUDIT_EVERYBODY) != (turn == 0)) {
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
        weir_audit_print_plans(s);
        weir_audit_print_maintenance(s);
        json_decref(routes);
        return;
    }

    list = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
                     "policy", text(s->m->name.text),
                     "tenant", text(s->tenant != NULL ? s->tenant->id.text
                                                      : weir_str(NULL, 0)),
                     "routes", routes, "tenants", list,
                     "plans", weir_audit_json_plans(s),
                     "maintenance", weir_audit_json_maintenance(s));
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(list);
}
