/*
 * reference.c PAGE: a page of docs/ from the tables in the code.
 *
 * `make docs` writes the pages, `make style` says when one is stale.
 */

#include <ctype.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/watch_metrics.h"
#include "cli/import_table.h"
#include "front/codes.h"
#include "front/cel_macros.h"
#include "front/schema.h"
#include "image/attrs.h"
#include "image/bounds.h"
#include "image/functions.h"
#include "run/decide.h"
#include "run/series.h"
#include "../modules/ngx_http_weir_tables.h"

#define MADE                                                                  \
    "<!-- Made by `make docs` from the tables in the code: do not edit. -->\n"

typedef struct {
    const char  *name;
    void       (*print)(void);
} page_t;

#define MAX_OBJECTS  64

typedef struct {
    const weir_object_t  *list[MAX_OBJECTS];
    size_t                n;
} objects_t;


/* In a table, a pipe would end the cell. */
static void
cell(const char *s)
{
    for (; *s; s++) {

        if (*s == '|') {
            putchar('\\');
        }

        putchar(*s);
    }
}


static void
nginx_page(void)
{
    puts("# Directives and variables\n\n" MADE);

#define D(name, flags, setter, conf, context, args, def, doc)                 \
    puts("## " name "\n");                                                    \
    printf("    Syntax:  %s%s%s;\n", name, args[0] ? " " : "", args);         \
    printf("    Default: %s\n", def[0] ? name " " def ";" : "none");          \
    puts("    Context: " context "\n");                                       \
    puts(doc "\n");

    NGX_HTTP_WEIR_DIRECTIVES(D)
    NGX_HTTP_WEIR_STATUS_DIRECTIVES(D)
    NGX_HTTP_WEIR_METRICS_DIRECTIVES(D)
    NGX_HTTP_WEIR_TRACE_DIRECTIVES(D)
#undef D

    puts("## Variables\n\n"
         "Empty before the decision and where nothing applies.  A value does "
         "not change\nwhile the request lives.\n\n"
         "| variable | value |\n| --- | --- |");

#define V(id, name, doc)                                                      \
    printf("| `$%s` | ", name);                                               \
    cell(doc);                                                                \
    puts(" |");

    NGX_HTTP_WEIR_VARIABLES(V)
#undef V
}


static void
audit_field(const char *key, const char *ecs, const char *attr,
    const char *doc)
{
    printf("| `%s` | `%s` | %s%s%s | ", key, ecs, attr[0] ? "`" : "", attr,
           attr[0] ? "`" : "");
    cell(doc);
    puts(" |");
}


static void
audit_page(void)
{
    puts("# The audit log\n\n" MADE "\n"
         "`weir_audit_log` writes JSON, one object a line of less than 4 KB.  "
         "A decision is\none when its request ends, sampled as `audit` of the "
         "policy says; what became of the\npolicy and of splits is one, "
         "never sampled, once a node, in each log of the\nconfiguration.  "
         "Bytes that are no UTF-8 are U+FFFD, a value that is too long is "
         "cut.\nTokens, keys, cookies and queries are never in it.  "
         "conf.d/elk/ has it for Filebeat.\n\n"
         "## Events\n\n| `event` | |\n| --- | --- |");

#define E(name, text, doc)                                                    \
    printf("| `%s` | ", text);                                                \
    cell(doc);                                                                \
    puts(" |");

    NGX_HTTP_WEIR_AUDIT_EVENTS(E)
#undef E

    puts("\n## Fields\n\n"
         "With `format=ecs`, names are those of the Elastic Common Schema, "
         "and what is empty is\nleft out.  Beside them are `ecs.version`, "
         "`event.kind`, `event.dataset` (weir.audit)\nand `event.outcome`: "
         "failure of a request that was refused, and of a policy that\nwas.  "
         "What the policy names under `audit.redact`, as the third column "
         "does, is the\nfirst half of its SHA-256, in hex.\n\n"
         "| name | with `format=ecs` | redacted as | |\n"
         "| --- | --- | --- | --- |");

    audit_field("time", "@timestamp", "", "when it was written, RFC 3339");
    audit_field("event", "event.action", "", "as above");

#define F(name, kind, key, ecs, attr, max, doc)                               \
    audit_field(key, ecs, attr, doc);

    NGX_HTTP_WEIR_AUDIT_DECISION(F)

    puts("\nEvents have some of these, and:\n\n"
         "| name | with `format=ecs` | redacted as | |\n"
         "| --- | --- | --- | --- |");

    NGX_HTTP_WEIR_AUDIT_EVENT(F)
#undef F
}


/* Copies a file to the page; false: there is none. */
static bool
print_file(const char *path)
{
    int    c;
    FILE  *in;

    in = fopen(path, "r");

    if (in == NULL) {
        return false;
    }

    while ((c = getc(in)) != EOF) {
        putchar(c);
    }

    fclose(in);

    return true;
}


/*
 * A code, and what the compiler says in the cases that are named after it:
 * policy/test/cases/e0302-....  A code without such a case is an error.
 */
static void
code(char severity, int number, const char *text)
{
    char    path[128], message[1024];
    glob_t  cases;
    size_t  i;

    printf("\n## %c%04d\n\n%c%s.\n\n", severity, number,
           toupper((unsigned char) text[0]), text + 1);

    snprintf(path, sizeof(path), "policy/test/cases/%c%04d-*",
             tolower((unsigned char) severity), number);

    if (glob(path, 0, NULL, &cases) != 0) {
        fprintf(stderr, "reference: no example: %s\n", path);
        exit(1);
    }

    puts("```text");

    for (i = 0; i < cases.gl_pathc; i++) {
        snprintf(message, sizeof(message), "%s/expect.%s", cases.gl_pathv[i],
                 severity == 'E' ? "err" : "lint");

        if (i > 0) {
            putchar('\n');
        }

        if (!print_file(message)) {
            fprintf(stderr, "reference: no %s\n", message);
            exit(1);
        }
    }

    puts("```");
    globfree(&cases);
}


static void
errors_page(void)
{
    puts("# Errors and advice of the compiler\n\n" MADE "\n"
         "Each message is one that a case of the tests expects, to the "
         "letter: the policy is\nin `policy/test/cases/`, in the folders that "
         "begin with the code.");

#define C(name, number, text)  code('E', number, text);
    WEIR_CODES_SOURCE(C)
    WEIR_CODES_SCHEMA(C)
    WEIR_CODES_CEL(C)
    WEIR_CODES_ROUTES(C)
#undef C

#define C(name, number, text)  code('W', number, text);
    WEIR_CODES_ADVICE(C)
    WEIR_CODES_CEL_ADVICE(C)
#undef C
}


static void
collect(objects_t *o, const weir_type_t *t);


static void
collect_object(objects_t *o, const weir_object_t *object)
{
    size_t  i;

    for (i = 0; i < o->n; i++) {

        if (o->list[i] == object) {
            return;
        }
    }

    if (o->n == MAX_OBJECTS) {
        return;
    }

    o->list[o->n++] = object;

    for (i = 0; i < object->nkeys; i++) {
        collect(o, &object->keys[i].type);
    }
}


/* The schema has no cycles but through objects, each of which counts once. */
static void
collect(objects_t *o, const weir_type_t *t)
{
    if (t->object != NULL) {
        collect_object(o, t->object);
    }

    if (t->item != NULL) {
        collect(o, t->item);
    }
}


static void
type(const weir_type_t *t)
{
    const char *const  *w;

    switch (t->form) {

    case WEIR_F_ENUM:
        for (w = t->words; *w != NULL; w++) {
            printf("%s`%s`", w == t->words ? "" : ", ", *w);
        }

        if (t->object != NULL) {
            printf(", or [%s](#%s)", t->object->name, t->object->name);
        }

        return;

    case WEIR_F_OBJECT:
        printf("[%s](#%s)", t->object->name, t->object->name);
        return;

    case WEIR_F_LIST:
        printf("list: ");
        type(t->item);
        return;

    case WEIR_F_MAP:
        printf("map: ");
        type(t->item);
        return;

    default:
        cell(weir_form_what(t->form));
    }
}


static void
keys(const weir_object_t *object)
{
    size_t             i;
    const weir_key_t  *k;

    printf("### %s\n\n| key | value | |\n| --- | --- | --- |\n",
           object->name);

    for (i = 0; i < object->nkeys; i++) {
        k = &object->keys[i];

        printf("| `%s`%s | ", k->name,
               k->presence == WEIR_KEY_REQUIRED ? " (required)" : "");
        type(&k->type);
        printf(" | ");
        cell(k->doc);
        puts(" |");
    }

    putchar('\n');
}


/* The types of an overload's arguments, and its result, as its row has them. */
static void
types_of(const weir_fn_info_t *f, char args[4][64], char result[64])
{
    size_t       n, i;
    unsigned     depth;
    const char  *p;

    if (f->generic[0] == '\0') {
        for (i = 0; i < f->nargs; i++) {
            snprintf(args[i], 64, "%s", weir_kind_name(f->args[i]));
        }

        snprintf(result, 64, "%s", weir_kind_name(f->result));
        return;
    }

    p = f->generic;

    for (i = 0; i < f->nargs; i++, p += n + (p[n] == ',')) {
        depth = 0;

        for (n = 0; depth > 0 || (p[n] != ',' && p[n] != ':'); n++) {
            depth += p[n] == '<';
            depth -= p[n] == '>';
        }

        snprintf(args[i], 64, "%.*s", (int) n, p);
    }

    snprintf(result, 64, "%s", p + (*p == ':'));
}


/* As an author writes it, with types in the place of arguments. */
static void
signature(const weir_fn_info_t *f)
{
    char         args[4][64], result[64];
    size_t       i;
    const char  *name;

    name = weir_fn_name(f->name);
    types_of(f, args, result);

    if (f->name == WEIR_N_IN) {
        printf("%s in %s", args[0], args[1]);

    } else if (f->name == WEIR_N_INDEX || f->name == WEIR_N_OPT_INDEX) {
        printf("%s[%s%s]", args[0], f->name == WEIR_N_INDEX ? "" : "?",
               args[1]);

    } else if (name[0] == '_') {
        printf("%s %.*s %s", args[0], (int) strlen(name) - 2, name + 1,
               args[1]);

    } else if (name[strlen(name) - 1] == '_') {
        printf("%c%s", name[0], args[0]);

    } else {
        i = name[0] == '.';
        printf("%s%s(", i ? args[0] : "", name);

        for ( /* void */ ; i < f->nargs; i++) {
            printf("%s%s", i > (name[0] == '.') ? ", " : "", args[i]);
        }

        putchar(')');
    }

    printf(" → %s", result);
}


/* Not the rows that only the compiler or the evaluator chooses among. */
static bool
is_shown(const weir_fn_info_t *f)
{
    unsigned  i;

    if (f->name >= WEIR_N_LT && f->name <= WEIR_N_GE) {
        return f->args[0] == f->args[1];
    }

    for (i = 0; i < f->nargs; i++) {
        if (f->args[i] == WEIR_T_REGEX) {
            return false;
        }
    }

    if (f == &weir_fns[WEIR_FN_HAS_PERMISSION_OF]
        || f == &weir_fns[WEIR_FN_ROLLOUT_OF])
    {
        return false;
    }

    return (f->name != WEIR_N_EQ && f->name != WEIR_N_NE) || f->generic[0];
}


static void
function(unsigned name, const char *doc)
{
    bool      first;
    unsigned  i;

    first = true;

    for (i = 0; i < WEIR_FN_COUNT; i++) {

        if (weir_fns[i].name == name && is_shown(&weir_fns[i])) {
            printf("%s`", first ? "| " : "<br>");
            signature(&weir_fns[i]);
            putchar('`');
            first = false;
        }
    }

    if (first) {
        return;
    }

    printf(" | ");
    cell(doc);
    puts(" |");
}


static const struct {
    const char  *what;
    uint32_t     most;
} bounds[] = {
    { "bytes of a source file", WEIR_MAX_SOURCE },
    { "files of a policy", WEIR_MAX_FILES },
    { "`include` inside `include`", WEIR_MAX_INCLUDE_DEPTH },
    { "bytes of an image", WEIR_MAX_IMAGE },
    { "bytes of an expression", WEIR_MAX_CEL_SOURCE },
    { "nesting of an expression", WEIR_MAX_CEL_DEPTH },
    { "bytes of a pattern of `matches`", WEIR_MAX_REGEX },
    { "bytes that the expressions of a request may build", WEIR_MAX_SCRATCH },
    { "rules of a layer", WEIR_MAX_RULES },
    { "bytes of a request's path", WEIR_MAX_PATH },
    { "bytes of a host", WEIR_MAX_HOST },
    { "segments of a path template", WEIR_MAX_SEGMENTS },
    { "parameters of a path template", WEIR_MAX_PARAMS },
    { "header tests of a route", WEIR_MAX_HEADER_TESTS },
    { "headers that a loop sees", WEIR_MAX_HEADERS },
    { "bytes of a tenant's id", WEIR_MAX_TENANT_ID },
    { "issuers", WEIR_MAX_ISSUERS },
    { "bytes of a token", WEIR_MAX_TOKEN },
    { "values in a token's claims", WEIR_MAX_CLAIMS },
    { "bytes of a JWK Set", WEIR_MAX_KEY_SET },
    { "keys of a JWK Set", WEIR_MAX_KEYS },
    { "roles of a caller", WEIR_MAX_ROLES },
    { "permissions that routes ask for", WEIR_MAX_PERMISSIONS },
    { "limits", WEIR_MAX_LIMITS },
    { "limits of a route", WEIR_MAX_ROUTE_LIMITS },
    { "limits of a plan", WEIR_MAX_PLAN_LIMITS },
    { "parts of a limit's key", WEIR_MAX_KEY_PARTS },
    { "splits", WEIR_MAX_SPLITS },
    { "arms of a split", WEIR_MAX_ARMS },
    { "overrides of a split", WEIR_MAX_OVERRIDES },
    { "steps of a ramp", WEIR_MAX_STEPS },
    { "flags", WEIR_MAX_FLAGS },
    { "headers that a route changes, each way", WEIR_MAX_HEADER_OPS },
    { "`cors`", WEIR_MAX_CORS },
    { "origins of a `cors`", WEIR_MAX_ORIGINS },
    { "windows of maintenance", WEIR_MAX_MAINTENANCE },
};


static void
policy_page(void)
{
    size_t     i;
    objects_t  objects;

    objects.n = 0;
    collect_object(&objects, &weir_schema_policy);
    collect_object(&objects, &weir_schema_tenant_line);
    collect_object(&objects, &weir_schema_apikey_line);
    collect_object(&objects, &weir_schema_revoked_line);

    puts("# The policy language\n\n" MADE "\n"
         "A policy is YAML, strictly read: no duplicate keys, aliases, tags "
         "or unknown keys.\nConditions are CEL (https://cel.dev).  An error "
         "in `deny` denies, an error in\n`allow` does not allow, and what "
         "nothing allows is refused.\n\n## Keys\n");

    for (i = 0; i < objects.n; i++) {
        keys(objects.list[i]);
    }

    puts("## Attributes\n\n"
         "Where a request has no such thing, the value is empty: never an "
         "error.  An\nattribute exists from its phase on: connect, preauth, "
         "access, log.\n\n"
         "| name | type | phase | |\n| --- | --- | --- | --- |");

    for (i = 0; i < WEIR_A_COUNT; i++) {
        printf("| `%s` | `%s` | %s | ", weir_attrs[i].name,
               weir_attrs[i].type, weir_phase_name(weir_attrs[i].phase));
        cell(weir_attrs[i].doc);
        puts(" |");
    }

    puts("\nBeside them: `path.NAME`, a parameter of the route's path; "
         "`vars.NAME`;\n`flags.NAME`, a bool; `lists.NAME`.\n\n## Macros\n\n"
         "| | |\n| --- | --- |");

#define M(name, usage, doc)                                                   \
    printf("| `%s` | ", usage);                                               \
    cell(doc);                                                                \
    puts(" |");

    WEIR_MACROS(M)
#undef M

    printf("\nA loop takes up to %d rounds, one inside another up to %d; a "
           "longer list is the\nerror `too_large`.  `all`, `exists`, `&&` and "
           "`||` pass over an error where\nanother round or side decides.\n\n",
           WEIR_MAX_LIST, WEIR_MAX_NESTED);

    puts("## Functions\n\n"
         "The time zone of `getHours(ZONE)` and the like is `UTC`, an offset "
         "like\n`+02:00`, or a name like `Europe/Dublin`, case as written.  "
         "The compiler puts\nthe zones that a policy names into its image, "
         "from the system's tzdata\n(`TZDIR`, else `/usr/share/zoneinfo`); "
         "where the name comes with the request,\nall of them, about 700 "
         "KB.  Rules of daylight saving are followed to the year\n2100; "
         "then the last offset holds.  A name that is no zone is the error\n"
         "`invalid_argument`.  Positions in text count characters from 0.\n\n"
         "| | |\n| --- | --- |");

#define N(name, cel, doc)  function(WEIR_N_##name, doc);
    WEIR_FN_NAMES(N)
#undef N

    puts("\n## Bounds\n\n"
         "A policy beyond one of them does not compile; a request, token or "
         "key set beyond one\nis refused.  Tenants, routes and lists have no "
         "bound but `max_size` of\n"
         "[weir_policy](nginx.md#weir_policy), into which the image must "
         "fit.\n\n"
         "| | at most |\n| --- | ---: |");

    for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        printf("| %s | %u |\n", bounds[i].what, (unsigned) bounds[i].most);
    }
}


/* By commas, each as code. */
static void
labels(const char *s)
{
    size_t  n;

    for (; *s; s += n + (s[n] == ',')) {
        n = strcspn(s, ",");
        printf("`%.*s`%s", (int) n, s, s[n] == ',' ? ", " : "");
    }
}


static void
metric(const char *name, const char *type, const char *names, const char *help)
{
    printf("| `%s%s` | %s | ", name, *type == 'c' ? "_total" : "", type);
    labels(names);
    printf(" | ");
    cell(help);
    puts(" |");
}


/* After "what a label may be:". */
static void
value(const char *s)
{
    static const char  *separator = "";

    if (s == NULL) {
        separator = "";
        puts(".\n");
        return;
    }

    printf("%s`%s`", separator, s);
    separator = ", ";
}


static void
metrics_page(void)
{
#define COUNTER    "counter"
#define GAUGE      "gauge"
#define HISTOGRAM  "histogram"
#define M(id, name, type, names, help)  metric(name, type, names, help);
#define HEAD                                                                  \
    "| metric | type | labels | |\n| --- | --- | --- | --- |"

    puts("# Metrics\n\n" MADE "\n"
         "A location with [weir_metrics](nginx.md#weir_metrics) answers with "
         "all of them, in\nPrometheus's text format, and as OpenMetrics where "
         "the client's Accept names that\nat least as highly.  Arguments "
         "`name[]=NAME` leave out all others.  The answer is\nwritten a piece "
         "at a time, between other requests; gzip it with nginx's\n"
         "`gzip_types text/plain application/openmetrics-text`.\n\n"
         "```nginx\n"
         "location = /metrics {\n"
         "    weir off;\n"
         "    allow 10.0.0.0/8;\n"
         "    deny all;\n"
         "    weir_metrics;\n"
         "}\n"
         "```\n\n"
         "Counters lie in shared memory.  They outlive workers and reloads, "
         "and begin anew\nwhere nginx is started again, or "
         "[weir_metrics_zone](nginx.md#weir_metrics_zone)\ngets another size. "
         " Names are as scraped; of OpenMetrics, the metric of a counter\n"
         "lacks `_total`.  A label that is empty is left out: a request that "
         "no route matches\nhas no `route`.  Labels come from the policy, "
         "never from requests: no path, host or\nsubject is in them.\n\n"
         "## Requests, by tenant\n\n"
         "Of each request that the policy decided, once, whatever nginx does "
         "inside.  Where\n`weir` is off for a request, it is in none of "
         "these.\n\n" HEAD);

    WEIR_SERIES_METRICS(M)

    printf("\nWhat `code` may be: ");
#define C(id, text)  value(text);
    WEIR_STATUSES(C)
#undef C
    value(NULL);

    printf("What `verdict` of decisions may be: `allow`, `deny`, `dry_run`.  "
           "Of limits: ");
#define V(id, text)  value(text);
    WEIR_LIMIT_VERDICTS(V)
#undef V
    value(NULL);

    printf("What `reason` may be: ");
#define R(id, text)  value(text);
    WEIR_REASONS(R)
#undef R
    value(NULL);

    puts("`rule` is the rule that refused or allowed, or the window of "
         "maintenance; `limit` the\nlimit that refused.");

    printf("\nBuckets, seconds: ");
#define B(ms, le)  value(le);
    WEIR_TIMES(B)
#undef B
    value("+Inf");
    value(NULL);

    puts("### Folding\n\n"
         "What is here by tenant is bounded by `max_series` of "
         "weir_metrics_zone: lines of the\nexposition.  Requests of a tenant, "
         "route, arm and code take 19, a decision 1, a\nlimit of a tenant 5, "
         "or 7 with its gauges.  What would make more, or finds no\nroom in "
         "the zone, is counted for the tenant `_other` instead, in the same "
         "metric and\nwith its other labels; an eighth of all series is kept "
         "for that.  Where that is\nfull too, all labels are `_other`.  So "
         "sums stay right, and series that are there\ngo on.  "
         "`weir_series_folded_total` counts what was folded: raise "
         "`max_series` where\nit grows; a reload is enough, and `weir_series` "
         "says how many there are.\n\n"
         "## State\n\n" HEAD);

    WEIR_STATE_METRICS(M)

    printf("\nBuckets of calls of the store, seconds: ");
#define B(us, le)  value(le);
    WEIR_STORE_TIMES(B)
#undef B
    value("+Inf");
    value(NULL);

    puts("## weir watch\n\n"
         "Of [weir watch --listen](tool.md#watch), which compiles beside "
         "nginx, at its own\n`/metrics`.\n\n" HEAD);

    WEIR_WATCH_METRICS(M)

#undef M
}


static void
import_row(const char *prefix, const char *name, const char *fate,
    const char *directive, const char *text)
{
    printf("| `%s%s` | %s | ", prefix, name,
           strcmp(fate, "DONE") == 0 ? "yes"
           : strcmp(fate, "NEAR") == 0 ? "nearly" : "no");

    if (directive[0]) {
        printf("`%s`", directive);
    }

    printf("%s", directive[0] && text[0] ? ": " : "");
    cell(text);
    puts(" |");
}


static void
import_page(void)
{
    puts("# Coming from ingress-nginx or the Gateway API\n\n" MADE "\n"
         "`weir import` reads manifests of Kubernetes (Ingress, HTTPRoute, "
         "and of Gateway,\nService and ConfigMap what they need) and writes "
         "a policy, its tests, and the\nnginx configuration beside it. It "
         "reads YAML streams, lists and JSON, as\n`kubectl get "
         "ingress,configmap,service -A -o yaml` gives them; `-` is standard\n"
         "input.\n\n"
         "`ingress.yaml`:\n\n"
         "<!-- snippet: data -->\n"
         "```yaml\n"
         "apiVersion: networking.k8s.io/v1\n"
         "kind: Ingress\n"
         "metadata:\n"
         "  name: web\n"
         "  namespace: shop\n"
         "  annotations:\n"
         "    nginx.ingress.kubernetes.io/limit-rps: \"5\"\n"
         "    nginx.ingress.kubernetes.io/proxy-body-size: 8m\n"
         "spec:\n"
         "  ingressClassName: nginx\n"
         "  rules:\n"
         "    - host: shop.example\n"
         "      http:\n"
         "        paths:\n"
         "          - path: /\n"
         "            pathType: Prefix\n"
         "            backend: {service: {name: web, port: {number: 80}}}\n"
         "```\n\n"
         "```sh\n"
         "weir import ingress.yaml -o imported\n"
         "weir test imported/policy.yaml\n"
         "```\n\n"
         "```text\n"
         "Import authenticates nobody: 1 of 1 routes are public.\n\n"
         "translated: 3\n"
         "  ingress.yaml:7:5: Ingress shop/web: limit-rps\n"
         "      policy.yaml: limits.shop-web-rps, on each replica, as before\n"
         "...\n"
         "2 passed, 0 failed\n"
         "```\n\n"
         "| file | |\n| --- | --- |\n"
         "| `policy.yaml` | in the form of `weir fmt`; it was compiled before "
         "it was written |\n"
         "| `policy.weir-test.yaml` | a request for each route, and for what "
         "guards it |\n"
         "| `upstreams.conf` | a block for each Service, by its name in the "
         "cluster |\n"
         "| `server.conf` | servers, their certificates, and what is "
         "nginx's: sizes, times, redirects |\n\n"
         "The report goes to standard output (`--format json` for programs); "
         "without `-o`\nthe policy does, and the report to standard error. "
         "It has every annotation and\nfield with its place: translated, "
         "approximately, or not, and then what to do by\nhand. The exit code "
         "is 8 where something is not translated, and 3 where a\nmanifest is "
         "none: then nothing is written.\n\n"
         "## What to do next\n\n"
         "1. Read what is not translated. Routes that are `closed` were "
         "guarded by\n   something that Weir has another word for: name the "
         "issuer of tokens or the API\n   keys, and take `public` and the "
         "rule away.\n"
         "2. Run the tests, then replay yesterday's log: "
         "`weir diff --replay LOG` shows a\n   change of the policy on real "
         "requests, `weir sim` its limits.\n"
         "3. Say `weir dry_run;` in server.conf first, and look at the audit "
         "log.\n"
         "4. Move hosts one by one: both controllers can run beside each "
         "other.\n\n"
         "## What differs\n\n"
         "- **Callers.** Nothing is authenticated that was not; what was "
         "authenticated in a\n  way that is not translated is closed with "
         "503, never opened. So is a route whose\n  path, redirect or list of "
         "addresses cannot be taken over, and one of others that\n  would have "
         "its requests. What a guard of ingress-nginx took beyond whole\n  "
         "segments (/administrator, /ADMIN), or before a shorter path, "
         "routes of others\n  refuse with 503. What may have been a guard, as "
         "a snippet that says more than\n  headers and settings, closes what "
         "it was of. A certificate that one Ingress\n  asks of clients is "
         "asked on the whole host, as by nginx.\n"
         "- **Text.** Nothing of a manifest gets into nginx's configuration "
         "unless it is\n  wholly of the form that its place takes. Snippets "
         "never do.\n"
         "- **Paths.** Prefixes are of whole segments. Paths that "
         "ingress-nginx takes for\n  patterns are taken apart at their "
         "slashes: a segment is literal or a pattern,\n  the rest is `**`. "
         "Literal segments tell capitals from small letters. Of two\n  "
         "patterns that take the same requests the first one stays.\n"
         "- **Hosts.** `*.shop.example` is every host below it, of any "
         "depth. A host whose\n  paths are not all taken has a route that "
         "answers 404, since its requests would\n  go on to the wildcard's "
         "routes.\n"
         "- **Classes.** Ingresses of two classes, and HTTPRoutes of two "
         "Gateways, become one\n  configuration. That is reported: who reached "
         "one of them alone reaches both.\n"
         "- **Services.** Upstreams are Services, not pods: who balances and "
         "keeps sessions\n  is the Service. nginx looks their names up when "
         "it starts.\n"
         "- **Limits** are of each replica, as they were. `scope: cluster` "
         "and weir_redis make\n  them one limit.\n"
         "- **Order of HTTPRoutes.** As the Gateway API has it: host, path, "
         "method, headers,\n  then the age of the route, as of what a "
         "cluster gives, then its name. Two rules\n  of one path whose "
         "headers may come together would tie: the first one asks for\n  a "
         "host, too, which every request has. Of three the first is left out, "
         "and\n  reported.\n"
         "- **Order of Ingresses.** Of two for one host and path the older one "
         "stays, or the\n  first one where manifests tell no age. So do its "
         "certificate and its ciphers.\n"
         "- **Canaries** are splits: the weight is drawn for each request, "
         "as before, until\n  the split has `sticky`. Then give it a guard.\n\n"
         "## Annotations\n\n"
         "All begin with `" IMP_ANNOTATION "`.\n\n"
         "| annotation | translated | |\n| --- | --- | --- |");

#define A(id, name, fate, who, directive, text)                               \
    import_row("", name, #fate, directive, text);

    IMP_ROWS(A)

    puts("\n## The controller's ConfigMap\n\n"
         "| key | translated | |\n| --- | --- | --- |");

    IMP_KEYS(A)
#undef A

    puts("\n## HTTPRoutes\n\n"
         "| field | translated | |\n| --- | --- | --- |\n"
         "| `hostnames` | yes | `host`; those that the listeners of its "
         "Gateways take, where they are among the manifests |\n"
         "| `matches.path` | yes | Exact and PathPrefix; RegularExpression "
         "nearly, as a pattern of the whole path |\n"
         "| `matches.headers` | yes | Exact; patterns are left out |\n"
         "| `matches.method` | yes | `methods` |\n"
         "| `matches.queryParams` | no | an override of a split has `when` |\n"
         "| `backendRefs` | yes | `upstream`, or a split by weight; other "
         "kinds than Service, and Services of another namespace without a "
         "ReferenceGrant, are closed |\n"
         "| `backendRefs.filters` | no | closed |\n"
         "| `RequestHeaderModifier`, `ResponseHeaderModifier` | yes | "
         "`transform` |\n"
         "| `RequestRedirect` | yes | a redirect by nginx; its path is the "
         "route's transform |\n"
         "| `URLRewrite` | yes | `transform.request.path`, "
         "`proxy_set_header Host` |\n"
         "| `RequestMirror` | nearly | `mirror` of a split: GET and HEAD |\n"
         "| `CORS` | yes | `cors` |\n"
         "| `ExtensionRef` | no | closed |\n"
         "| policies that are attached | no | closed, unless they are known "
         "to guard nothing |\n"
         "| `timeouts` | nearly | `proxy_read_timeout` |\n"
         "| `retry`, `sessionPersistence` | no | proxy_next_upstream in "
         "nginx; `sticky` of a split |");
}


int
main(int argc, char **argv)
{
    size_t  i;

    static const page_t  pages[] = {
        { "nginx", nginx_page },
        { "audit", audit_page },
        { "policy", policy_page },
        { "errors", errors_page },
        { "metrics", metrics_page },
        { "import", import_page },
    };

    for (i = 0; argc == 2 && i < sizeof(pages) / sizeof(pages[0]); i++) {

        if (strcmp(argv[1], pages[i].name) == 0) {
            pages[i].print();
            return 0;
        }
    }

    fputs("usage: reference nginx|audit|policy|errors|metrics|import\n",
          stderr);

    return 2;
}
