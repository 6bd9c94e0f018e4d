/*
 * cel.h: CEL text to a checked expression: parse, check, fold.
 *
 * An expression knows its type, its phase and its cost.  emit.h turns it into
 * a program.
 */

#ifndef WEIR_FRONT_CEL_H
#define WEIR_FRONT_CEL_H

#include "base/diag.h"
#include "base/digest.h"
#include "front/names.h"
#include "front/source.h"
#include "image/types.h"

typedef struct weir_cel_env_s  weir_cel_env_t;
typedef struct weir_expr_s     weir_expr_t;

/*
 * Of each instruction of an image the node (cel_ast.h) whose value it leaves;
 * NULL where it leaves none.  The image does not carry this.
 */
typedef weir_vec_t(const struct weir_ex_s *)  weir_origins_t;

/* An environment with all attributes and functions declared. */
weir_cel_env_t *weir_cel_env(weir_arena_t *a, weir_diags_t *diags);

/*
 * lists.NAME; index is its place in the model's lists.  WEIR_DECLINED: there
 * is one of that name; so with vars.
 */
weir_rc_t weir_cel_add_list(weir_cel_env_t *env, weir_str_t name,
    uint32_t index);

/*
 * vars.NAME, in any order: each is checked when it is first used, or by
 * weir_cel_check_vars(); a cycle is an error that prints it.
 */
weir_rc_t weir_cel_add_var(weir_cel_env_t *env, weir_str_t name,
    weir_span_t span, const weir_text_t *text);
weir_rc_t weir_cel_check_vars(weir_cel_env_t *env);

/*
 * flags.NAME, a bool, as vars are: whether the key, a string, is in the share.
 * WEIR_DECLINED: there is one of that name.
 */
typedef struct {
    weir_str_t           name;
    weir_span_t          span;
    const weir_text_t   *key;
    const weir_id_t     *salt;
    uint32_t             share;     /* 1/10000 */
} weir_cel_flag_t;

weir_rc_t weir_cel_add_flag(weir_cel_env_t *env, const weir_cel_flag_t *flag);

/*
 * Permissions that are asked for, by hasPermission() or a route, each once.
 * *index counts from 0 in the order of the asking.  WEIR_ERROR: too many,
 * which was reported.
 */
weir_rc_t weir_cel_permission(weir_cel_env_t *env, weir_str_t name,
    weir_span_t span, uint32_t *index);
/* All of them, with their indices as values. */
const weir_names_t *weir_cel_permissions(const weir_cel_env_t *env);

/*
 * How an environment departs from a policy's, so that the tests of the CEL
 * specification can be put to it.
 */
typedef struct {
    weir_str_t  container;      /* a.b: x is a.b.x, else a.x, else x */
    bool        unchecked;      /* all is dyn; what is wrong, or not known,
                                   fails when a request meets it */
    bool        unfolded;       /* constant parts are left to the evaluator */
} weir_cel_mode_t;

void weir_cel_set_mode(weir_cel_env_t *env, const weir_cel_mode_t *mode);

/*
 * A name that no policy has, of a type written as in attrs.h, where a letter
 * stands for any type.  A request finds its value among principal.claims,
 * under that name; what it finds is looked at where its kind matters.
 */
weir_rc_t weir_cel_declare(weir_cel_env_t *env, weir_str_t name,
    const char *type);
/*
 * An overload of a function that no policy has, for the checker alone: no
 * image can be made of it.  Name and signature are written as in functions.h.
 */
weir_rc_t weir_cel_declare_fn(weir_cel_env_t *env, weir_str_t name,
    const char *signature);

/* The time zones of this system. */
struct weir_zones_s *weir_cel_zones(const weir_cel_env_t *env);

/* Where an expression stands: what it may use and what it must be. */
typedef struct {
    const char        *role;        /* "\"when\" of rule \"x\"", for errors */
    weir_kind_t        want;        /* DYN = any */
    uint32_t           among;       /* bits: one of these kinds, where want is
                                       DYN; 0 = any */
    weir_phase_t       phase;
    const weir_str_t  *params;      /* path.NAME of the route, or NULL */
    size_t             nparams;
    bool               template;    /* text with expressions in ${}, each one
                                       of among: all of it is a string */
    bool               path;        /* such text is a path: "?" is refused */
} weir_cel_site_t;

/*
 * Parses, checks and folds.  Reports every error it finds.  WEIR_ERROR: at
 * least one was reported.
 */
weir_rc_t weir_cel_compile(weir_cel_env_t *env, const weir_text_t *text,
    const weir_cel_site_t *site, weir_expr_t **out);

/* The latest phase of the attributes in it; its kind. */
weir_phase_t weir_expr_phase(const weir_expr_t *e);
weir_kind_t weir_expr_kind(const weir_expr_t *e);
/* true and *value when folding left such a constant. */
bool weir_expr_is_bool(const weir_expr_t *e, bool *value);
bool weir_expr_is_int(const weir_expr_t *e, int64_t *value);
bool weir_expr_is_text(const weir_expr_t *e, weir_str_t *value);

#endif
