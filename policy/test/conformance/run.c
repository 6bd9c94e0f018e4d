/*
 * run.c: puts the suites of the CEL specification to our parser, checker,
 * compiler and evaluator.
 *
 *     run SKIPS SUITE.json...
 *
 * Every expression runs twice: folded as a policy's are, and with all that is
 * constant left to the evaluator.  A test passes, needs protobuf (which Weir
 * has not: it is only parsed), or fails; those that fail must be in SKIPS, one
 * "NAME<tab>REASON" a line, and no others may be there.
 *
 * Where the reference reports errors, we report as many, or more.
 *
 * The suites for comprehensions do not say what comes of an expression: it is
 * true, unless SKIPS has a word in the place of the reason:
 *
 *     =refused   the checker refuses it
 *     =fails     its evaluation ends in an error
 *     =value     it has a value
 *     =free      it is accepted once m, x and y are declared
 */

#include <stdlib.h>

#include "conformance.h"

typedef struct {
    char        *line;
    const char  *reason;
    bool         used;
} skip_t;

typedef struct {
    char         section[64];
    unsigned     passed;
    unsigned     failed;
    unsigned     skipped;
    unsigned     protobuf;
} tally_t;

typedef struct {
    weir_arena_t         *arena;
    weir_vec_t(skip_t)    skips;
    weir_vec_t(tally_t)   tallies;
    unsigned              asked;
    bool                  bad;
} run_t;


static tally_t *
tally_of(run_t *r, const char *section)
{
    size_t    i;
    tally_t  *t;

    for (i = 0; i < r->tallies.len; i++) {
        if (strcmp(r->tallies.items[i].section, section) == 0) {
            return &r->tallies.items[i];
        }
    }

    t = weir_vec_push(r->arena, &r->tallies);
    snprintf(t->section, sizeof(t->section), "%s", section);

    return t;
}


/* A name that ends with * stands for all that begin so. */
static skip_t *
skip_of(run_t *r, weir_str_t name)
{
    size_t      i;
    skip_t     *s;
    weir_str_t  line;

    for (i = 0; i < r->skips.len; i++) {
        s = &r->skips.items[i];
        line = weir_cstr(s->line);

        if (weir_str_eq(line, name)
            || (line.len > 0 && line.data[line.len - 1] == '*'
                && weir_str_starts(name, weir_str(line.data, line.len - 1))))
        {
            return s;
        }
    }

    return NULL;
}


static void
put(run_t *r, const char *section, weir_str_t name, const json_t *json)
{
    bool      ok, protobuf;
    skip_t   *skip;
    test_t    t;
    tally_t  *tally;

    r->asked++;
    tally = tally_of(r, section);
    skip = skip_of(r, name);

    memset(&t, 0, sizeof(t));
    t.section = section;
    t.test = json;
    t.original = json_object_get(json, "original");
    t.expr = json_text(json_object_get(t.original, "expr"));

    protobuf = strcmp(section, "parsing") != 0
               && test_needs_protobuf(t.original);

    if (skip != NULL) {
        skip->used = true;

        if (skip->reason[0] == '=') {
            t.outcome = skip->reason;
            skip = NULL;
        }
    }

    t.arena = weir_arena_create();
    ok = protobuf ? test_parses(&t) : test_judge(&t);

    if (ok && protobuf) {
        tally->protobuf++;

    } else if (ok && skip == NULL) {
        tally->passed++;

    } else if (!ok && skip != NULL) {
        tally->skipped++;

    } else {
        tally->failed++;
        r->bad = true;
        printf("%.*s: %.*s\n    %.*s\n", WEIR_STR(name), WEIR_STR(t.expr),
               ok ? 42 : (int) t.why.len,
               ok ? "it passes, and is in the list of skips"
                  : t.why.data);
    }

    weir_arena_destroy(t.arena);
}


/* The name of a test: its own, or its expression in one line. */
static weir_str_t
name_of(run_t *r, const char *path, const json_t *test)
{
    size_t         i, n;
    char          *line;
    weir_str_t     s;
    const json_t  *original;

    original = json_object_get(test, "original");
    s = json_text(json_object_get(original, "name"));

    if (s.data == NULL) {
        s = json_text(json_object_get(original, "expr"));
    }

    line = weir_arena_alloc(r->arena, s.len + 1);

    for (i = 0, n = 0; i < s.len; i++) {
        if (strchr(" \t\n", s.data[i]) == NULL) {
            line[n++] = s.data[i];

        } else if (n > 0 && line[n - 1] != ' ') {
            line[n++] = ' ';
        }
    }

    return weir_arena_printf(r->arena, "%s/%.*s", path, (int) n, line);
}


static void
walk(run_t *r, const char *section, const char *path, const json_t *suite)
{
    size_t         i;
    json_t        *tests, *suites;
    const char    *name;
    weir_str_t     inner;
    const json_t  *child;

    tests = json_object_get(suite, "tests");
    suites = json_object_get(suite, "suites");

    for (i = 0; i < json_array_size(tests); i++) {
        child = json_array_get(tests, i);
        put(r, section, name_of(r, path, child), child);
    }

    for (i = 0; i < json_array_size(suites); i++) {
        child = json_array_get(suites, i);
        name = json_member(child, "name");

        if (path == NULL) {
            walk(r, name, name, child);

        } else {
            inner = weir_arena_printf(r->arena, "%s/%s", path, name);
            walk(r, section, inner.data, child);
        }
    }
}


static void
read_skips(run_t *r, const char *path)
{
    char     line[4096], *tab;
    FILE    *in;
    skip_t  *s;

    in = fopen(path, "r");

    if (in == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }

    while (fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        tab = strchr(line, '\t');

        if (tab == NULL || tab[1] == '\0') {
            if (line[0] != '\0' && line[0] != '#') {
                fprintf(stderr, "%s: no reason: %s\n", path, line);
                exit(2);
            }

            continue;
        }

        s = weir_vec_push(r->arena, &r->skips);
        s->line = (char *) weir_arena_str(r->arena,
                                          weir_cstr(line)).data;
        tab = strchr(s->line, '\t');
        *tab = '\0';
        s->reason = tab + 1;
    }

    fclose(in);
}


static void
sums(run_t *r)
{
    size_t    i;
    tally_t   all;
    tally_t  *t;

    memset(&all, 0, sizeof(all));
    printf("%-24s %7s %7s %7s %15s\n", "section", "passed", "failed",
           "skipped", "needs protobuf");

    for (i = 0; i < r->tallies.len; i++) {
        t = &r->tallies.items[i];
        printf("%-24s %7u %7u %7u %15u\n", t->section, t->passed, t->failed,
               t->skipped, t->protobuf);
        all.passed += t->passed;
        all.failed += t->failed;
        all.skipped += t->skipped;
        all.protobuf += t->protobuf;
    }

    printf("%-24s %7u %7u %7u %15u\n", "all", all.passed, all.failed,
           all.skipped, all.protobuf);
}


int
main(int argc, char **argv)
{
    int           i;
    size_t        k;
    run_t         r;
    json_t       *suite;
    unsigned      before;
    const char   *name;
    json_error_t  error;

    if (argc < 3) {
        fprintf(stderr, "usage: run SKIPS SUITE.json...\n");
        return 2;
    }

    memset(&r, 0, sizeof(r));
    r.arena = weir_arena_create();
    read_skips(&r, argv[1]);

    for (i = 2; i < argc; i++) {
        suite = json_load_file(argv[i], JSON_DECODE_INT_AS_REAL
                               | JSON_ALLOW_NUL, &error);

        if (suite == NULL) {
            fprintf(stderr, "%s: %s\n", argv[i], error.text);
            return 2;
        }

        name = json_member(suite, "name");
        before = r.asked;

        if (strcmp(name, "conformance") == 0) {
            walk(&r, NULL, NULL, suite);
        } else {
            walk(&r, name, name, suite);
        }

        if (r.asked == before) {
            printf("%s: no tests\n", argv[i]);
            r.bad = true;
        }

        json_decref(suite);
    }

    for (k = 0; k < r.skips.len; k++) {
        if (!r.skips.items[k].used) {
            printf("%s: in the list of skips, and no test\n",
                   r.skips.items[k].line);
            r.bad = true;
        }
    }

    sums(&r);
    weir_arena_destroy(r.arena);

    return r.bad;
}
