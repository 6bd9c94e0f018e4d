/*
 * run.c: puts the suites of the CEL specification to our parser, checker,
 * compiler and evaluator.
 *
 *     run SKIPS SUITE.json...
 *
 * Every expression runs twice: folded as a policy's are, and with all that is
 * constant left to the evaluator.  A test passes, needs protobuf (which Weir
 * has not), or fails; those that fail must be in SKIPS, one "NAME<tab>REASON"
 * a line, and no others may be there.
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
#include "test/show.h"

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
    bool                  bad;
} run_t;

/* One test; why is what is wrong with us. */
typedef struct {
    weir_arena_t   *arena;
    const char     *section;
    const json_t   *test;
    const json_t   *original;
    weir_str_t      expr;
    const char     *outcome;    /* a word of SKIPS, or NULL */
    weir_str_t      why;
} test_t;


static bool
wrong(test_t *t, const char *what, weir_str_t why)
{
    t->why = weir_arena_printf(t->arena, "%s: %.*s", what, WEIR_STR(why));

    return false;
}


static const char *
string_of(const json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}


/*
 * Whether a test names a message or an enum, in its expression, its
 * environment or what it expects.
 */
static bool
needs_protobuf(const json_t *original)
{
    static const char *const  words[] = {
        "TestAllTypes", "TestRequired", "GlobalEnum", "NestedEnum",
        "NestedMessage", "Proto2Message", "cel.expr.conformance",
        "google.expr.proto", "wrapper", "\"ANY\"", "Value{", "NullValue",
        "proto.hasExt", "proto.getExt", "google.protobuf."
    };

    bool         found;
    char        *text;
    size_t       i;
    json_t      *copy;
    const char  *at;

    copy = json_copy((json_t *) original);
    json_object_del(copy, "name");
    json_object_del(copy, "description");
    json_object_del(copy, "container");
    text = json_dumps(copy, JSON_COMPACT);
    json_decref(copy);
    found = false;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        for (at = text; (at = strstr(at, words[i])) != NULL; at++) {
            found |= words[i][strlen(words[i]) - 1] != '.'
                     || (strncmp(at + 16, "Timestamp", 9) != 0
                         && strncmp(at + 16, "Duration", 8) != 0)
                     || strchr("{", at[16 + 8 + (at[16] == 'T')]) != NULL;
        }
    }

    free(text);

    return found;
}


/* The parser makes of the text what the reference does. */
static bool
tree(test_t *t, const char *ast)
{
    bool              whole, same;
    char             *found;
    FILE             *out;
    size_t            len;
    subject_t         s;
    weir_cel_mode_t   mode;
    const weir_ex_t  *root;

    memset(&mode, 0, sizeof(mode));
    subject_init(&s, &mode);
    root = subject_parse(&s, t->expr);

    if (root == NULL) {
        wrong(t, "the parser refuses it", s.why);
        subject_close(&s);
        return false;
    }

    out = open_memstream(&found, &len);
    whole = tree_print(root, out);
    fclose(out);
    same = !whole || strcmp(found, ast) == 0;

    if (!same) {
        t->why = weir_arena_printf(t->arena, "another tree:\n%s\nnot\n%s",
                                   found, ast);
    }

    free(found);
    subject_close(&s);

    return same;
}


/* Names of the test's environment; those that are only bound are dyn. */
static bool
declare(test_t *t, subject_t *s)
{
    size_t        i, k;
    json_t       *env, *bound;
    const char   *name, *key;
    weir_str_t    type;
    const json_t *decl;

    env = json_object_get(t->original, "typeEnv");
    bound = json_object_get(t->original, "bindings");

    for (i = 0; i < json_array_size(env); i++) {
        decl = json_array_get(env, i);
        name = string_of(decl, "name");

        if (json_object_get(decl, "function") != NULL) {
            if (weir_cel_fn(weir_cstr(name), false) == WEIR_N_COUNT) {
                return wrong(t, "it declares a function", weir_cstr(name));
            }

            continue;
        }

        type = type_text(t->arena, json_object_get(json_object_get(decl,
                                                                   "ident"),
                                                   "type"));

        if (type.len == 0) {
            return wrong(t, name, weir_string("of no type that there is"));
        }

        if (weir_cel_declare(s->env, weir_cstr(name), type.data) != WEIR_OK) {
            return wrong(t, "no such type", type);
        }
    }

    json_object_foreach (bound, key, decl) {

        for (k = 0; k < json_array_size(env); k++) {
            if (strcmp(string_of(json_array_get(env, k), "name"), key) == 0) {
                break;
            }
        }

        if (k == json_array_size(env)
            && weir_cel_declare(s->env, weir_cstr(key), "dyn") != WEIR_OK)
        {
            return wrong(t, "not declared", weir_cstr(key));
        }
    }

    return true;
}


static bool
claims(test_t *t, weir_value_t *out)
{
    size_t         n;
    json_t        *bound;
    const char    *key;
    const json_t  *value;
    weir_value_t  *items;

    bound = json_object_get(t->original, "bindings");
    items = weir_arena_array(t->arena, 2 * json_object_size(bound) + 1,
                             sizeof(weir_value_t));
    n = 0;

    json_object_foreach (bound, key, value) {
        items[2 * n] = weir_v_str(weir_cstr(key));

        if (!value_make(t->arena, json_object_get(value, "value"),
                        &items[2 * n + 1]))
        {
            return wrong(t, "no value", weir_cstr(key));
        }

        n++;
    }

    *out = (weir_value_t) { .kind = WEIR_T_MAP, .len = (uint32_t) n,
                            .u.items = items };

    return true;
}


static bool
type_is(test_t *t, const subject_t *s)
{
    weir_str_t      found, want;
    weir_infer_t    in;
    const char     *type;
    const json_t   *deduced;

    memset(&in, 0, sizeof(in));
    in.arena = t->arena;
    found = weir_type_print(&in, s->expr->type);

    deduced = json_object_get(json_object_get(t->original, "typedResult"),
                              "deducedType");
    type = string_of(t->test, "type");

    if (deduced != NULL) {
        want = type_text(t->arena, deduced);

    } else if (type != NULL) {
        want = weir_cstr(type);
        found = type_as_go(t->arena, found);

    } else {
        return true;
    }

    if (weir_str_eq(found, want)) {
        return true;
    }

    t->why = weir_arena_printf(t->arena, "its type is %.*s, not %.*s",
                               WEIR_STR(found), WEIR_STR(want));

    return false;
}


static bool
is_outcome(const test_t *t, const char *word)
{
    return t->outcome != NULL && strcmp(t->outcome, word) == 0;
}


static bool
fails_by_test(const test_t *t)
{
    return json_object_get(t->original, "evalError") != NULL
           || is_outcome(t, "=fails");
}


/* An error, or the value; a test that names none wants true. */
static bool
value(test_t *t, subject_t *s)
{
    bool           fails;
    shown_t        shown;
    json_t        *want, *truth;
    weir_value_t   bound, found;

    if (!claims(t, &bound)) {
        return false;
    }

    found = subject_run(s, bound);
    fails = fails_by_test(t);
    want = json_object_get(t->original, "value");

    if (want == NULL) {
        want = json_object_get(json_object_get(t->original, "typedResult"),
                               "result");
    }

    truth = json_pack("{sb}", "boolValue", 1);
    want = want ? want : truth;

    if (fails ? found.kind == WEIR_T_ERR
        : is_outcome(t, "=value") ? found.kind != WEIR_T_ERR
        : value_is(&s->eval, &found, want))
    {
        json_decref(truth);
        return true;
    }

    memset(&shown, 0, sizeof(shown));
    show(&shown, &s->eval, &found, 8);
    wrong(t, "its value is", weir_arena_str(t->arena,
                                            weir_cstr(shown.text)));
    json_decref(truth);

    return false;
}


static bool
declare_free(test_t *t, subject_t *s)
{
    static const char *const  names[] = { "m", "x", "y" };

    size_t  i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_cel_declare(s->env, weir_cstr(names[i]), "dyn") != WEIR_OK) {
            return wrong(t, "not declared", weir_cstr(names[i]));
        }
    }

    return true;
}


/* Parse, check, compile, verify, evaluate. */
static bool
meaning(test_t *t, bool unfolded)
{
    bool             ok, free_;
    subject_t        s;
    const char      *box;
    weir_cel_mode_t  mode;

    memset(&mode, 0, sizeof(mode));
    box = string_of(t->original, "container");
    mode.container = box ? weir_cstr(box) : weir_string("");
    mode.unfolded = unfolded;
    mode.unchecked = json_is_true(json_object_get(t->original,
                                                  "disableCheck"));

    subject_init(&s, &mode);
    free_ = is_outcome(t, "=free");
    ok = declare(t, &s) && (!free_ || declare_free(t, &s));

    if (!ok) {
        /* void */

    } else if (!subject_check(&s, t->expr)) {
        ok = json_object_get(t->original, "evalError") != NULL
             || is_outcome(t, "=refused") || wrong(t, "refused", s.why);

    } else if (is_outcome(t, "=refused")) {
        ok = wrong(t, "accepted", weir_string("it should not be"));

    } else if (free_) {
        ok = subject_load(&s) || wrong(t, s.failed, s.why);

    } else if (!mode.unchecked && !type_is(t, &s)) {
        ok = false;

    } else if (!json_is_true(json_object_get(t->original, "checkOnly"))) {
        ok = (subject_load(&s) || wrong(t, s.failed, s.why))
             && value(t, &s);
    }

    if (!ok) {
        t->why = weir_arena_printf(t->arena, "%s%.*s",
                                   unfolded ? "unfolded: " : "",
                                   WEIR_STR(t->why));
    }

    subject_close(&s);

    return ok;
}


/* cel-go made the data with some of the grammar turned off. */
static bool
was_off(const char *error)
{
    const char  *p;

    for (p = error; (p = strstr(p, "ERROR: ")) != NULL; p++) {
        p = strchr(p + 8, ' ');

        if (p == NULL || strncmp(p, " unsupported syntax", 19) != 0) {
            return false;
        }
    }

    return true;
}


/* What the reference parses, we do; what it refuses, we refuse. */
static bool
parsing(test_t *t)
{
    bool             accepted;
    subject_t        s;
    const char      *ast, *error;
    weir_cel_mode_t  mode;

    ast = string_of(t->test, "ast");
    error = string_of(t->test, "error");

    if (ast != NULL) {
        return tree(t, ast);
    }

    memset(&mode, 0, sizeof(mode));
    subject_init(&s, &mode);
    accepted = subject_parse(&s, t->expr) != NULL;

    if (accepted != was_off(error)) {
        wrong(t, accepted ? "accepted" : "refused",
              accepted ? weir_cstr(error) : s.why);
    }

    subject_close(&s);

    return t->why.len == 0;
}


/* The types of the reference, or its refusal. */
static bool
checking(test_t *t)
{
    static const char *const  names[][2] = {
        { "is", "string" }, { "ii", "int" }, { "iu", "uint" },
        { "iz", "bool" }, { "id", "double" }, { "ix", "null_type" },
        { "ib", "bytes" }
    };

    bool             accepted;
    size_t           i;
    subject_t        s;
    const char      *box;
    weir_cel_mode_t  mode;

    if (!parsing(t)) {
        return false;
    }

    if (string_of(t->test, "ast") == NULL) {
        return true;
    }

    memset(&mode, 0, sizeof(mode));
    box = string_of(t->original, "container");
    mode.container = box ? weir_cstr(box) : weir_string("");
    subject_init(&s, &mode);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        weir_cel_declare(s.env, weir_cstr(names[i][0]), names[i][1]);
    }

    if (!declare(t, &s)) {
        subject_close(&s);
        return false;
    }

    accepted = subject_check(&s, t->expr);

    if (string_of(t->test, "type") == NULL) {
        if (accepted) {
            wrong(t, "accepted", weir_cstr(string_of(t->test, "error")));
        }

    } else if (!accepted) {
        wrong(t, "refused", s.why);

    } else {
        (void) type_is(t, &s);
    }

    subject_close(&s);

    return t->why.len == 0;
}


static bool
judge(test_t *t)
{
    const char  *ast;

    if (strcmp(t->section, "parsing") == 0) {
        return parsing(t);
    }

    if (strcmp(t->section, "checking") == 0) {
        return checking(t);
    }

    ast = string_of(t->test, "ast");

    /* where the parser expands a macro, it may be what refuses */
    return (ast == NULL || is_outcome(t, "=refused") || tree(t, ast))
           && meaning(t, false) && meaning(t, true);
}


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
    bool      ok;
    skip_t   *skip;
    test_t    t;
    tally_t  *tally;

    tally = tally_of(r, section);
    skip = skip_of(r, name);

    memset(&t, 0, sizeof(t));
    t.section = section;
    t.test = json;
    t.original = json_object_get(json, "original");
    t.expr = json_text(json_object_get(t.original, "expr"));

    if (needs_protobuf(t.original)) {
        tally->protobuf++;
        return;
    }

    if (skip != NULL) {
        skip->used = true;

        if (skip->reason[0] == '=') {
            t.outcome = skip->reason;
            skip = NULL;
        }
    }

    t.arena = weir_arena_create();
    ok = judge(&t);

    if (ok && skip == NULL) {
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
        name = string_of(child, "name");

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

        name = string_of(suite, "name");

        if (strcmp(name, "conformance") == 0) {
            walk(&r, NULL, NULL, suite);
        } else {
            walk(&r, name, name, suite);
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
