/*
 * import_tests.c: a request for each route that was read, and for what guards
 * it.
 */

#include <stdio.h>

#include "cli/import.h"

#define MAX_REPEAT  100000u


/* A host that the pattern takes. */
static weir_str_t
host_of(imp_t *imp, const imp_route_t *r)
{
    if (r->host.len == 0) {
        return weir_string("other.invalid");
    }

    return r->host.data[0] == '*'
           ? weir_imp_printf(imp, "x%.*s",
                             WEIR_STR(weir_str(r->host.data + 1,
                                               r->host.len - 1)))
           : r->host;
}


/* more: a header or a cookie; or "" */
static void
print_request(FILE *f, imp_t *imp, const imp_route_t *r, weir_str_t source,
    weir_str_t header, weir_str_t value)
{
    size_t       i;
    const char  *comma;

    fprintf(f, "    request:\n      host: %.*s\n      path: %.*s\n",
            WEIR_STR(weir_imp_yaml(imp, host_of(imp, r))),
            WEIR_STR(weir_imp_yaml(imp, r->path.probe)));

    if (r->method.len != 0) {
        fprintf(f, "      method: %.*s\n", WEIR_STR(r->method));
    }

    if (source.len != 0) {
        fprintf(f, "      source: \"%.*s\"\n", WEIR_STR(source));
    }

    if (weir_imp_is_certified(&r->t)) {
        fprintf(f, "      mtls: true\n      sni: %.*s\n",
                WEIR_STR(weir_imp_yaml(imp, host_of(imp, r))));
    }

    if (r->headers.len == 0 && header.len == 0) {
        return;
    }

    fputs("      headers: {", f);
    comma = "";

    for (i = 0; i < r->headers.len; i++) {
        fprintf(f, "%s%.*s: %.*s", comma,
                WEIR_STR(weir_imp_yaml(imp, r->headers.items[i].name)),
                WEIR_STR(weir_imp_yaml(imp, r->headers.items[i].value)));
        comma = ", ";
    }

    if (header.len != 0) {
        fprintf(f, "%s%.*s: %.*s", comma,
                WEIR_STR(weir_imp_yaml(imp, header)),
                WEIR_STR(weir_imp_yaml(imp, value)));
    }

    fputs("}\n", f);
}


static void
print_name(FILE *f, const imp_route_t *r, const char *what)
{
    fprintf(f, "\n  - name: \"%.*s%s\"\n", WEIR_STR(r->id), what);
}


static void
print_allowed(FILE *f, imp_t *imp, const imp_route_t *r, weir_str_t source)
{
    weir_str_t  none, path;

    none = weir_string("");
    print_name(f, r, "");
    print_request(f, imp, r, source, none, none);
    fprintf(f, "    expect: {verdict: allow, route: %.*s", WEIR_STR(r->id));

    if (r->split.len != 0) {
        fprintf(f, ", split: %.*s", WEIR_STR(r->split));

    } else if (r->arms.len != 0) {
        fprintf(f, ", upstream: %.*s", WEIR_STR(r->arms.items[0].upstream));
    }

    if (r->rewrite.len != 0) {
        path = weir_imp_pieces_probe(imp, &r->rewrite);
        fprintf(f, ", path: %.*s", WEIR_STR(weir_imp_yaml(imp, path)));
    }

    fputs("}\n", f);
}


static void
print_denied(FILE *f, imp_t *imp, const imp_route_t *r)
{
    size_t             i;
    weir_str_t         none;
    const imp_rule_t  *rule;

    none = weir_string("");

    for (i = 0; i < r->t.deny.len; i++) {
        rule = &r->t.deny.items[i];

        if (rule->out.len == 0) {
            continue;
        }

        print_name(f, r, ": an address that is not let in");
        print_request(f, imp, r, rule->out, none, none);
        fprintf(f, "    expect: {verdict: deny, status: %u}\n", rule->status);
    }
}


static void
print_arms(FILE *f, imp_t *imp, const imp_route_t *r, weir_str_t source)
{
    size_t                 i;
    weir_str_t             name, value;
    const imp_arm_t       *arm;
    const imp_override_t  *o;

    for (i = 0; i < r->overrides.len && r->split.len != 0; i++) {
        o = &r->overrides.items[i];
        arm = &r->arms.items[o->canary ? 1 : 0];

        if (o->pattern.len != 0) {
            continue;
        }

        name = o->header.len ? weir_imp_lower(imp, o->header)
                             : weir_string("cookie");
        value = o->header.len ? o->equals
                : weir_imp_printf(imp, "%.*s=%.*s", WEIR_STR(o->cookie),
                                  WEIR_STR(o->equals));

        print_name(f, r, o->header.len ? ": an arm by a header"
                                       : ": an arm by a cookie");
        print_request(f, imp, r, source, name, value);
        fprintf(f, "    expect: {verdict: allow, arm: %.*s, upstream: "
                "%.*s}\n", WEIR_STR(arm->name), WEIR_STR(arm->upstream));
    }
}


/* A limit that another one would not be ahead of. */
static void
print_limited(FILE *f, imp_t *imp, const imp_route_t *r, weir_str_t source)
{
    weir_str_t          none;
    const imp_limit_t  *limit;

    none = weir_string("");

    if (r->t.limits.len != 1) {
        return;
    }

    limit = &r->t.limits.items[0];

    if (limit->burst == 0 || limit->burst >= MAX_REPEAT) {
        return;
    }

    print_name(f, r, ": more than its limit lets pass");
    print_request(f, imp, r, source, none, none);
    fprintf(f, "    repeat: %u\n    expect: {verdict: deny, status: %u, "
            "limit: %.*s}\n", limit->burst + 1, limit->status,
            WEIR_STR(limit->name));
}


static void
print_route(FILE *f, imp_t *imp, const imp_route_t *r)
{
    weir_str_t  source, none;

    none = weir_string("");
    source = r->source;

    if (r->untested) {
        return;
    }

    if (r->t.closed != NULL) {
        print_name(f, r, ": closed");
        print_request(f, imp, r, source, none, none);
        fprintf(f, "    expect: {verdict: deny, status: %u, rule: closed}\n",
                r->t.closed_status);
        return;
    }

    print_allowed(f, imp, r, source);
    print_denied(f, imp, r);
    print_arms(f, imp, r, source);
    print_limited(f, imp, r, source);
}


static void
print_tests(FILE *f, imp_t *imp)
{
    bool    any;
    size_t  i;

    any = false;

    for (i = 0; i < imp->routes.len; i++) {
        any |= !imp->routes.items[i].untested;
    }

    fprintf(f, "# Made by `weir import`: weir test policy.yaml\ntests:%s\n",
            any ? "" : " []");

    for (i = 0; i < imp->routes.len; i++) {
        print_route(f, imp, &imp->routes.items[i]);
    }
}


weir_str_t
weir_imp_tests(imp_t *imp)
{
    return weir_imp_print(imp, "policy.weir-test.yaml", print_tests);
}
