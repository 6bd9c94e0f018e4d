/*
 * conformance.h: what the parts of the conformance program share.
 *
 * The suites are those of the CEL specification, as JSON: nested suites of
 * tests, each with an expression, what it is bound to and what must come of
 * it.  See tools/conformance.
 */

#ifndef WEIR_TEST_CONFORMANCE_H
#define WEIR_TEST_CONFORMANCE_H

#include <stdio.h>

#include <jansson.h>

#include "front/cel_ast.h"
#include "run/eval.h"

static inline const char *
json_member(const json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}


/* JSON text, which may have zeros in it. */
static inline weir_str_t
json_text(const json_t *j)
{
    return weir_str(json_string_value(j), json_string_length(j));
}


/* tree.c: an expression that was parsed as cel-go's ToDebugString() has it;
   false: it has parts that this does not print */
bool tree_print(const weir_ex_t *ex, FILE *out);

/* type.c: a cel.expr.Type as attrs.h writes types; "" where there is none */
weir_str_t type_text(weir_arena_t *a, const json_t *type);
/* Of an overload, as functions.h writes signatures. */
weir_str_t type_signature(weir_arena_t *a, const json_t *overload);
/* A type of ours in the letters of cel-go. */
weir_str_t type_as_go(weir_arena_t *a, weir_str_t type);

/* value.c: a cel.expr.Value as a value; false: there is none for it */
bool value_make(weir_arena_t *a, const json_t *j, weir_value_t *out);
/* Whether a result is that value, of the same kind, to the sign of a zero. */
bool value_is(weir_eval_t *e, const weir_value_t *v, const json_t *j);
/* image.c: the steps from text to a value */
typedef struct {
    weir_arena_t    *arena;
    weir_diags_t     diags;
    weir_cel_env_t  *env;
    weir_expr_t     *expr;
    weir_image_t     image;
    uint32_t         prog;
    bool             open;
    weir_eval_t      eval;
    const char      *failed;    /* the step, where one failed */
    weir_str_t       why;
} subject_t;

void subject_init(subject_t *s, const weir_cel_mode_t *mode);
void subject_close(subject_t *s);
/* Parses only; NULL: refused. */
const weir_ex_t *subject_parse(subject_t *s, weir_str_t text);
/* Parses, checks, folds. */
bool subject_check(subject_t *s, weir_str_t text);
/* Makes an image of it, verifies and opens that. */
bool subject_load(subject_t *s);
/* Runs it, claims being what names stand for. */
weir_value_t subject_run(subject_t *s, weir_value_t claims);

/* judge.c */
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

/* Whether a test names a message or an enum. */
bool test_needs_protobuf(const json_t *original);
/* Whether we do what it says; else why says what we do. */
bool test_judge(test_t *t);
/* All that can be asked of one that needs protobuf. */
bool test_parses(test_t *t);

#endif
