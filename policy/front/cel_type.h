/*
 * cel_type.h: the types of the checker, and what is known of them while an
 * expression is checked.
 *
 * A type variable stands for what is not known yet: a parameter of a generic
 * function, the element of an empty list.
 */

#ifndef WEIR_FRONT_CEL_TYPE_H
#define WEIR_FRONT_CEL_TYPE_H

#include "base/arena.h"
#include "image/types.h"

#define WEIR_T_VAR  WEIR_T_COUNT        /* kind of a type variable */

typedef struct weir_type_s  weir_type_t;

struct weir_type_s {
    uint8_t             kind;   /* ERR: wrong, and reported; fits anywhere */
    uint8_t             nargs;
    uint32_t            var;
    const weir_type_t  *arg[2];
};

/* Types without arguments, by kind. */
extern const weir_type_t  weir_types[WEIR_T_COUNT];

typedef struct {
    uint32_t            var;
    const weir_type_t  *old;
} weir_bound_t;

typedef struct {
    weir_arena_t                      *arena;
    weir_vec_t(const weir_type_t *)    bound;   /* by variable; NULL = free */
    weir_vec_t(weir_bound_t)           trail;   /* to take back */
    bool                               nomem;
} weir_infer_t;

/* &weir_types[WEIR_T_ERR] when memory is short. */
const weir_type_t *weir_type_make(weir_infer_t *in, weir_kind_t kind,
    const weir_type_t *a, const weir_type_t *b);
const weir_type_t *weir_type_fresh(weir_infer_t *in);

/*
 * Parses "list<A>" and moves *p behind it; letters become variables 0 to 25,
 * *nvars is raised to what they need.  NULL: malformed, or memory is short.
 */
const weir_type_t *weir_type_parse(weir_arena_t *a, const char **p,
    uint32_t *nvars);

/* A copy whose variables 0.. are fresh ones from base on. */
const weir_type_t *weir_type_instance(weir_infer_t *in, const weir_type_t *t,
    uint32_t base);

/*
 * Whether a value of type from may stand where to is asked for.  Variables
 * get bound; on false nothing is.
 */
bool weir_type_fits(weir_infer_t *in, const weir_type_t *from,
    const weir_type_t *to);

/* The type of a place that takes both; dyn where they do not agree. */
const weir_type_t *weir_type_join(weir_infer_t *in, const weir_type_t *a,
    const weir_type_t *b);

/* What a variable is bound to; the outermost constructor only. */
const weir_type_t *weir_type_known(const weir_infer_t *in,
    const weir_type_t *t);

/* Without variables: what is still unknown is dyn. */
const weir_type_t *weir_type_final(weir_infer_t *in, const weir_type_t *t);

/* Of types without variables. */
bool weir_type_same(const weir_type_t *a, const weir_type_t *b);

/* As in CEL: list<string>. */
weir_str_t weir_type_print(weir_infer_t *in, const weir_type_t *t);

#endif
