/*
 * cel_check.h: what the parts of the checker share.
 */

#ifndef WEIR_FRONT_CEL_CHECK_H
#define WEIR_FRONT_CEL_CHECK_H

#include "front/cel_ast.h"

/* A variable that is known where the checker is. */
typedef struct {
    weir_str_t           name;
    weir_ex_t           *binder;
    uint8_t              var;
    const weir_type_t   *type;
} weir_scope_t;

typedef struct {
    weir_cel_t                *c;
    weir_vec_t(weir_scope_t)   scopes;  /* innermost last */
} weir_check_t;

/* cel_check.c: any node */
void weir_check(weir_check_t *k, weir_ex_t *ex);

/* cel_check_make.c: nodes of these kinds */
void weir_check_list(weir_check_t *k, weir_ex_t *ex);
void weir_check_map(weir_check_t *k, weir_ex_t *ex);
void weir_check_loop(weir_check_t *k, weir_ex_t *ex);
void weir_check_bind(weir_check_t *k, weir_ex_t *ex);
/* bool, or what may turn out as one; else says so. */
void weir_check_bool(weir_check_t *k, const weir_ex_t *ex, const char *role);


static inline const weir_type_t *
weir_check_known(const weir_check_t *k, const weir_type_t *t)
{
    return weir_type_known(&k->c->infer, t);
}


static inline weir_str_t
weir_check_shown(weir_check_t *k, const weir_type_t *t)
{
    return weir_type_print(&k->c->infer, t);
}

#endif
