/*
 * import_policy.c: the policy of what was read, in its canonical form.
 */

#include <stdio.h>
#include <stdlib.h>

#include "cli/import.h"
#include "front/fmt.h"

#define HEAD                                                                  \
    "# Made by `weir import`.  Of what it was made from, nothing asked who\n" \
    "# calls: every route is public, but those that say they are closed.\n"   \
    "# docs/import.md says what comes next.\n"                                \
    "weir: 1\npolicy: {name: imported}\n"


static void
print_section(FILE *f, const char *key, const imp_section_t *s)
{
    size_t  i;

    if (s->list.len == 0) {
        return;
    }

    fprintf(f, "\n%s:\n", key);

    for (i = 0; i < s->list.len; i++) {
        fprintf(f, "  %.*s:\n%.*s", WEIR_STR(s->list.items[i].name),
                WEIR_STR(s->list.items[i].body));
    }
}


static void
print_match(FILE *f, imp_t *imp, const imp_route_t *r)
{
    size_t  i;

    fputs("    match:\n", f);

    if (r->host.len != 0) {
        fprintf(f, "      host: %.*s\n",
                WEIR_STR(weir_imp_yaml(imp, r->host)));
    }

    fprintf(f, "      path: %.*s\n",
            WEIR_STR(weir_imp_yaml(imp, r->path.text)));

    if (r->method.len != 0) {
        fprintf(f, "      methods: [%.*s]\n", WEIR_STR(r->method));
    }

    for (i = 0; i < r->headers.len; i++) {
        fprintf(f, "%s        - {name: %.*s, equals: %.*s}\n",
                i == 0 ? "      headers:\n" : "",
                WEIR_STR(weir_imp_yaml(imp, r->headers.items[i].name)),
                WEIR_STR(weir_imp_yaml(imp, r->headers.items[i].value)));
    }

    if (r->tests > r->headers.len) {
        fputs("        # always so; more tests come first\n"
              "        - {name: host, present: true}\n", f);
    }
}


static void
print_deny(FILE *f, imp_t *imp, const imp_route_t *r)
{
    size_t             i;
    const imp_rule_t  *rule;

    if (r->t.closed != NULL) {
        fprintf(f, "    # closed: %s\n    deny:\n"
                "      - {id: closed, when: \"true\", status: %u}\n",
                r->t.closed, r->t.closed_status);
        return;
    }

    if (r->kept.len + r->spare.len + r->t.deny.len > 0) {
        fputs("    deny:\n", f);
    }

    /* a guard that others had, nobody is to get around */
    for (i = 0; i < r->kept.len; i++) {
        fprintf(f, "      - {id: guarded-%zu, when: %.*s, status: 503}\n",
                i + 1, WEIR_STR(weir_imp_yaml(imp, weir_imp_printf(
                    imp, "request.url_path.matches(%.*s)",
                    WEIR_STR(weir_imp_cel(imp, r->kept.items[i]))))));
    }

    for (i = 0; i < r->spare.len; i++) {
        fprintf(f, "      - {id: bare-%zu, when: %.*s, status: 503}\n", i + 1,
                WEIR_STR(weir_imp_yaml(imp, weir_imp_printf(
                    imp, "request.url_path.matches(%.*s) "
                    "&& !request.url_path.matches(%.*s)",
                    WEIR_STR(weir_imp_cel(imp, r->spare.items[i])),
                    WEIR_STR(weir_imp_cel(imp, r->own))))));
    }

    for (i = 0; i < r->t.deny.len; i++) {
        rule = &r->t.deny.items[i];
        fprintf(f, "      - {id: %.*s, when: %.*s, status: %u}\n",
                WEIR_STR(rule->id),
                WEIR_STR(weir_imp_yaml(imp, rule->when)), rule->status);
    }
}


static void
print_headers(FILE *f, imp_t *imp, const char *key, const cli_pairs_t *list)
{
    size_t  i;

    for (i = 0; i < list->len; i++) {
        fprintf(f, "%s%s%s          %.*s: %.*s\n", i == 0 ? "        " : "",
                i == 0 ? key : "", i == 0 ? ":\n" : "",
                WEIR_STR(weir_imp_yaml(imp, list->items[i].name)),
                WEIR_STR(weir_imp_yaml(imp, weir_imp_template(
                    imp, list->items[i].value))));
    }
}


static void
print_removed(FILE *f, imp_t *imp, const imp_strs_t *list)
{
    size_t  i;

    for (i = 0; i < list->len; i++) {
        fprintf(f, "%s          - %.*s\n", i == 0 ? "        remove:\n" : "",
                WEIR_STR(weir_imp_yaml(imp, list->items[i])));
    }
}


static void
print_transform(FILE *f, imp_t *imp, const imp_route_t *r)
{
    bool                 request, response;
    const imp_traits_t  *t;

    t = &r->t;
    request = r->rewrite.len + t->removes.len + t->sets.len + t->adds.len != 0;
    response = t->reply_removes.len + t->replies.len + t->reply_adds.len != 0;

    if (t->closed != NULL || !(request || response)) {
        return;
    }

    fprintf(f, "    transform:\n%s", request ? "      request:\n" : "");

    if (r->rewrite.len != 0) {
        fprintf(f, "        path: %.*s\n",
                WEIR_STR(weir_imp_yaml(imp, weir_imp_pieces(imp,
                                                            &r->rewrite))));
    }

    print_removed(f, imp, &t->removes);
    print_headers(f, imp, "set", &t->sets);
    print_headers(f, imp, "add", &t->adds);

    if (response) {
        fputs("      response:\n", f);
        print_removed(f, imp, &t->reply_removes);
        print_headers(f, imp, "set", &t->replies);
        print_headers(f, imp, "add", &t->reply_adds);
    }
}


static void
print_route(FILE *f, imp_t *imp, const imp_route_t *r)
{
    size_t  i;

    if (r->span.line != 0) {
        fprintf(f, "\n  # %.*s\n", WEIR_STR(r->from->label));
    } else {
        fputc('\n', f);
    }

    fprintf(f, "  - id: %.*s\n", WEIR_STR(r->id));
    print_match(f, imp, r);
    fputs("    public: true\n", f);
    print_deny(f, imp, r);

    for (i = 0; i < r->t.limits.len && r->t.closed == NULL; i++) {
        fprintf(f, "%s      - %.*s\n", i == 0 ? "    limits:\n" : "",
                WEIR_STR(r->t.limits.items[i].name));
    }

    if (r->t.cors.len != 0 && r->t.closed == NULL) {
        fprintf(f, "    cors: %.*s\n", WEIR_STR(r->t.cors));
    }

    print_transform(f, imp, r);

    if (r->split.len != 0) {
        fprintf(f, "    split: %.*s\n", WEIR_STR(r->split));

    } else if (r->arms.len != 0) {
        fprintf(f, "    upstream: %.*s\n",
                WEIR_STR(r->arms.items[0].upstream));
    }
}


static void
print_policy(FILE *f, imp_t *imp)
{
    size_t             i;
    const imp_rule_t  *rule;

    fputs(HEAD, f);
    print_section(f, "lists", &imp->lists);
    print_section(f, "limits", &imp->limits);
    print_section(f, "cors", &imp->cors);
    print_section(f, "splits", &imp->splits);

    for (i = 0; i < imp->deny.len; i++) {
        rule = &imp->deny.items[i];
        fprintf(f, "%s  - {id: %.*s, phase: connect, when: %.*s, status: "
                "%u}\n", i == 0 ? "\ndeny:\n" : "", WEIR_STR(rule->id),
                WEIR_STR(weir_imp_yaml(imp, rule->when)), rule->status);
    }

    fputs("\nroutes:", f);

    for (i = 0; i < imp->routes.len; i++) {
        if (!imp->routes.items[i].out) {
            print_route(f, imp, &imp->routes.items[i]);
        }
    }

    fputs("\ntests: policy.weir-test.yaml\n", f);
}


static weir_str_t
formed(imp_t *imp, const char *name, weir_str_t text)
{
    uint32_t       file;
    weir_rc_t      rc;
    weir_str_t     out;
    const char    *why;
    weir_diags_t   diags;

    memset(&diags, 0, sizeof(diags));
    diags.arena = imp->arena;
    rc = weir_diags_add_file(&diags, weir_cstr(name), text, &file);

    if (rc == WEIR_OK) {
        rc = weir_fmt(imp->arena, &diags, file, &out, &why);
    }

    imp->nomem |= rc == WEIR_NOMEM;

    return rc == WEIR_OK ? out : text;
}


weir_str_t
weir_imp_print(imp_t *imp, const char *name,
    void (*print)(FILE *f, imp_t *imp))
{
    FILE        *f;
    char        *text;
    size_t       len;
    weir_str_t   s;

    text = NULL;
    len = 0;
    f = open_memstream(&text, &len);

    if (f == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    print(f, imp);

    if (fclose(f) != 0) {
        imp->nomem = true;
        free(text);
        return weir_string("");
    }

    s = weir_arena_str(imp->arena, weir_str(text, len));
    free(text);

    if (s.data == NULL) {
        imp->nomem = true;
        return weir_string("");
    }

    return name != NULL ? formed(imp, name, s) : s;
}


weir_str_t
weir_imp_policy(imp_t *imp)
{
    return weir_imp_print(imp, "policy.yaml", print_policy);
}
