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
/* The same in the letters of cel-go. */
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

#endif
