/*
 * diff_print.c: changes and witnesses, for people and for programs.
 */

#include <jansson.h>
#include <stdio.h>

#include "cli/diff.h"

#define MOST_NAMES  8           /* of routes or tenants in a line */
#define MOST_LINES  40          /* of a part */


static weir_str_t
list_text(diff_t *d, const diff_strs_t *v)
{
    size_t      i;
    weir_str_t  s;

    s = weir_str("", 0);

    for (i = 0; i < v->len && i < MOST_NAMES; i++) {
        s = weir_diff_text(d, "%.*s%s%.*s", WEIR_STR(s), i ? ", " : "",
                           WEIR_STR(v->items[i]));
    }

    return i == v->len ? s
                       : weir_diff_text(d, "%.*s and %zu more", WEIR_STR(s),
                                        v->len - i);
}


static void
print_lines(const diff_t *d)
{
    size_t  i;

    for (i = 0; i < d->lines.len && i < MOST_LINES; i++) {
        printf("%c ", d->lines.items[i].mark);
        weir_cli_print(d->lines.items[i].text, stdout);
        putchar('\n');
    }

    if (i < d->lines.len) {
        printf("  and %zu more\n", d->lines.len - i);
    }

    if (d->lines.len) {
        putchar('\n');
    }
}


static void
print_message(const char *name, weir_str_t a, weir_str_t b)
{
    if (!weir_str_eq(a, b)) {
        printf("    %-8s \"", name);
        weir_cli_print(a, stdout);
        fputs("\" -> \"", stdout);
        weir_cli_print(b, stdout);
        puts("\"");
    }
}


static void
print_change(diff_t *d, const diff_change_t *c, const char *url)
{
    size_t      i;
    weir_str_t  s[DIFF_SIDES];

    for (i = 0; i < DIFF_SIDES; i++) {
        s[i] = weir_diff_outcome(d, &c->d[i]);
    }

    printf("%.*s -> %.*s\n", WEIR_STR(s[0]), WEIR_STR(s[1]));

    s[0] = list_text(d, &c->routes);
    s[1] = list_text(d, &c->tenants);
    printf("    %-8s %.*s\n", "route", WEIR_STR(s[0]));

    if (d->kinds.len) {
        printf("    %-8s %.*s\n", "tenant", WEIR_STR(s[1]));
    }

    print_message("split", c->d[0].split, c->d[1].split);
    print_message("arm", c->d[0].arm, c->d[1].arm);
    print_message("upstream", c->d[0].upstream, c->d[1].upstream);
    print_message("message", c->d[0].message, c->d[1].message);

    s[0] = weir_diff_curl(d, c->witness, url);

    if (s[0].data != NULL) {
        printf("    %.*s\n\n", WEIR_STR(s[0]));
        return;
    }

    for (i = 0; i < DIFF_SIDES; i++) {
        s[i] = weir_diff_eval(d, c->witness, d->side[i].path);
        printf("    %.*s\n", WEIR_STR(s[i]));
    }

    putchar('\n');
}


static void
print_mays(const diff_t *d)
{
    size_t  i;

    if (d->mays.len == 0) {
        return;
    }

    printf("may change, though no request was found that shows it\n");

    for (i = 0; i < d->mays.len && i < MOST_LINES; i++) {
        printf("    %.*s\n", WEIR_STR(d->mays.items[i]));
    }

    if (i < d->mays.len) {
        printf("    and %zu more\n", d->mays.len - i);
    }

    putchar('\n');
}


/* Proved to be the same: what changes there is of tenants that matter. */
static size_t
count_same(const diff_t *d)
{
    size_t  i, n;

    for (i = 0, n = 0; i < d->pairs.len; i++) {
        n += d->pairs.items[i].why.len == 0;
    }

    return n;
}


static bool
tenants_matter(const diff_t *d)
{
    return d->kinds.len != 0 && d->kinds.items[0].matters;
}


static void
print_text(diff_t *d, const char *url)
{
    size_t  i, n;

    for (i = 0; i < d->warnings.len; i++) {
        printf("warning: %.*s\n", WEIR_STR(d->warnings.items[i]));
    }

    if (d->warnings.len) {
        putchar('\n');
    }

    print_lines(d);

    for (i = 0, n = 0; i < d->changes.len; i++) {
        if (!d->changes.items[i].merged) {
            print_change(d, &d->changes.items[i], url);
            n++;
        }
    }

    print_mays(d);

    if (!weir_diff_found(d)) {
        printf("no decision changes\n");
        return;
    }

    printf("%zu change%s, %zu may change, %zu of %zu routes unchanged%s\n",
           n, n == 1 ? "" : "s", d->mays.len, count_same(d), d->pairs.len,
           tenants_matter(d) ? " but for the tenants above" : "");

    if (d->capped) {
        printf("%zu requests were tried and more could have been: there may "
               "be further changes\n", d->probes);
    }
}


/* JSON */

static json_t *
string_of(weir_str_t s)
{
    json_t  *j;

    j = json_stringn(s.data ? s.data : "", s.len);

    return j ? j : json_null();
}


static json_t *
strings_of(const diff_strs_t *v)
{
    size_t   i;
    json_t  *j;

    j = json_array();

    for (i = 0; i < v->len; i++) {
        json_array_append_new(j, string_of(v->items[i]));
    }

    return j;
}


static json_t *
decision_of(const weir_decision_t *d)
{
    json_t  *o;

    o = json_pack("{s:s, s:I, s:s}",
                  "verdict", d->verdict == WEIR_ALLOW ? "allow" : "deny",
                  "status", (json_int_t) d->status,
                  "reason", weir_reason_name(d->reason));

#define T(name)  json_object_set_new(o, #name, string_of(d->name));
    CLI_DECISION_TEXTS(T)
#undef T

    return o;
}


static json_t *
change_of(diff_t *d, const diff_change_t *c, const char *url)
{
    json_t      *o;
    weir_str_t   curl;

    o = json_object();
    json_object_set_new(o, "old", decision_of(&c->d[DIFF_OLD]));
    json_object_set_new(o, "new", decision_of(&c->d[DIFF_NEW]));
    json_object_set_new(o, "routes", strings_of(&c->routes));
    json_object_set_new(o, "tenants", strings_of(&c->tenants));
    curl = weir_diff_curl(d, c->witness, url);

    if (curl.data != NULL) {
        json_object_set_new(o, "curl", string_of(curl));
    }

    json_object_set_new(o, "eval",
                        string_of(weir_diff_eval(d, c->witness, "FILE")));

    return o;
}


static void
print_json(diff_t *d, const char *url)
{
    size_t   i;
    char     mark[2];
    json_t  *o, *lines, *changes;

    o = json_object();
    lines = json_array();
    changes = json_array();
    mark[1] = '\0';

    for (i = 0; i < d->lines.len; i++) {
        mark[0] = d->lines.items[i].mark;
        json_array_append_new(lines,
            json_pack("{s:s, s:o}", "mark", mark, "text",
                      string_of(d->lines.items[i].text)));
    }

    for (i = 0; i < d->changes.len; i++) {
        if (!d->changes.items[i].merged) {
            json_array_append_new(changes,
                                  change_of(d, &d->changes.items[i], url));
        }
    }

    json_object_set_new(o, "warnings", strings_of(&d->warnings));
    json_object_set_new(o, "source", lines);
    json_object_set_new(o, "changes", changes);
    json_object_set_new(o, "may_change", strings_of(&d->mays));
    json_object_set_new(o, "routes", json_integer((json_int_t)
                                                  d->pairs.len));
    json_object_set_new(o, "unchanged_routes",
                        json_integer((json_int_t) count_same(d)));
    json_object_set_new(o, "capped", json_boolean(d->capped));

    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}


void
weir_diff_print(diff_t *d, cli_format_t format, const char *url)
{
    if (format == CLI_JSON) {
        print_json(d, url);

    } else {
        print_text(d, url);
    }
}
