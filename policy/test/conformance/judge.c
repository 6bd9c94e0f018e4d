/*
 * judge.c: one test: what the suite says of an expression, and what we make
 * of it.
 */

#include <stdlib.h>

#include "conformance.h"
#include "test/show.h"


static bool
wrong(test_t *t, const char *what, weir_str_t why)
{
    t->why = weir_arena_printf(t->arena, "%s: %.*s", what, WEIR_STR(why));

    return false;
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


static bool
declare_function(test_t *t, subject_t *s, const char *name,
    const json_t *decl)
{
    size_t         i;
    json_t        *overloads;
    weir_str_t     text, full;
    const json_t  *overload;

    overloads = json_object_get(json_object_get(decl, "function"),
                                "overloads");

    for (i = 0; i < json_array_size(overloads); i++) {
        overload = json_array_get(overloads, i);
        text = type_signature(t->arena, overload);
        full = weir_arena_printf(t->arena, "%s%s",
                                 json_is_true(json_object_get(overload,
                                                   "isInstanceFunction"))
                                 ? "." : "", name);

        if (text.len == 0
            || weir_cel_declare_fn(s->env, full, text.data) != WEIR_OK)
        {
            return wrong(t, "no such function", full);
        }
    }

    return true;
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
        name = json_member(decl, "name");

        if (json_object_get(decl, "function") != NULL) {
            if (!declare_function(t, s, name, decl)) {
                return false;
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
            if (strcmp(json_member(json_array_get(env, k), "name"), key) == 0) {
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
    type = json_member(t->test, "type");

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
    box = json_member(t->original, "container");
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


/* We report as many errors as the reference, or more. */
static bool
all_errors(test_t *t, const subject_t *s, const char *error)
{
    size_t       i, n, most;
    const char  *p;

    for (p = error, most = 0; (p = strstr(p, "ERROR: ")) != NULL; p++) {
        most++;
    }

    for (i = 0, n = 0; i < s->diags.list.len; i++) {
        n += s->diags.list.items[i].severity == WEIR_SEV_ERROR;
    }

    return n >= most || wrong(t, "fewer errors", s->why);
}


/* A text that parses, and is wrong in ways that the checker finds. */
static bool
checks_all(test_t *t, const char *error)
{
    bool             ok;
    subject_t        s;
    weir_cel_mode_t  mode;

    memset(&mode, 0, sizeof(mode));
    subject_init(&s, &mode);
    (void) subject_check(&s, t->expr);
    ok = all_errors(t, &s, error);
    subject_close(&s);

    return ok;
}


/* What the reference parses, we do; what it refuses, we refuse. */
static bool
parsing(test_t *t)
{
    bool             accepted;
    subject_t        s;
    const char      *ast, *error;
    weir_cel_mode_t  mode;

    ast = json_member(t->test, "ast");
    error = json_member(t->test, "error");

    if (ast != NULL) {
        return tree(t, ast)
               && (error == NULL || strcmp(t->section, "parsing") != 0
                   || checks_all(t, error));
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


/* The types of the reference, or its refusal, in the setting of its tests. */
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
    const char      *box, *error;
    weir_cel_mode_t  mode;

    if (!parsing(t)) {
        return false;
    }

    if (json_member(t->test, "ast") == NULL) {
        return true;
    }

    memset(&mode, 0, sizeof(mode));
    box = json_member(t->original, "container");
    mode.container = box ? weir_cstr(box) : weir_string("");
    subject_init(&s, &mode);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        weir_cel_declare(s.env, weir_cstr(names[i][0]), names[i][1]);
    }

    weir_cel_declare_fn(s.env, weir_string("fg_s"), ":string");
    weir_cel_declare_fn(s.env, weir_string(".fi_s_s"), "string:string");

    if (!declare(t, &s)) {
        subject_close(&s);
        return false;
    }

    accepted = subject_check(&s, t->expr);

    if (json_member(t->test, "type") == NULL) {
        error = json_member(t->test, "error");

        if (accepted) {
            wrong(t, "accepted", weir_cstr(error));
        } else {
            (void) all_errors(t, &s, error);
        }

    } else if (!accepted) {
        wrong(t, "refused", s.why);

    } else {
        (void) type_is(t, &s);
    }

    subject_close(&s);

    return t->why.len == 0;
}


bool
test_parses(test_t *t)
{
    const char  *ast;

    ast = json_member(t->test, "ast");

    return ast == NULL || tree(t, ast);
}


bool
test_judge(test_t *t)
{
    const char  *ast;

    if (strcmp(t->section, "parsing") == 0) {
        return parsing(t);
    }

    if (strcmp(t->section, "checking") == 0) {
        return checking(t);
    }

    ast = json_member(t->test, "ast");

    /* where the parser expands a macro, it may be what refuses */
    return (ast == NULL || is_outcome(t, "=refused") || tree(t, ast))
           && meaning(t, false) && meaning(t, true);
}


/*
 * Whether a test names a message or an enum, in its expression, its
 * environment or what it expects.
 */
bool
test_needs_protobuf(const json_t *original)
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
