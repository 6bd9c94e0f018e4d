/*
 * cel_permission.c: permissions that are asked for: those of hasPermission()
 * in an expression, and those that a route requires.
 */

#include "front/cel_ast.h"
#include "front/permission.h"

static const uint16_t  rows[] = { WEIR_FN_HAS_PERMISSION_OF };


weir_rc_t
weir_cel_permission(weir_cel_env_t *env, weir_str_t name, weir_span_t span,
    uint32_t *index)
{
    uint32_t             n;
    weir_rc_t            rc;
    weir_names_entry_t  *prev;

    n = (uint32_t) env->permissions.used;

    if (n >= WEIR_MAX_PERMISSIONS) {
        prev = weir_names_find(&env->permissions, name);

        if (prev == NULL) {
            return weir_fail(env->diags, WEIR_EBOUND, span,
                             "\"%.*s\" is one permission more than %d, the "
                             "most that a policy may ask for", WEIR_STR(name),
                             WEIR_MAX_PERMISSIONS);
        }

        *index = prev->value;

        return WEIR_OK;
    }

    rc = weir_names_add(&env->permissions, name, span, n, &prev);

    if (rc == WEIR_NOMEM) {
        return rc;
    }

    *index = rc == WEIR_DECLINED ? prev->value : n;

    return WEIR_OK;
}


const weir_names_t *
weir_cel_permissions(const weir_cel_env_t *env)
{
    return &env->permissions;
}


/* false: the argument is nothing that roles can be asked for. */
static bool
is_permission(weir_cel_t *c, const weir_ex_t *arg)
{
    weir_str_t  s;

    if (arg->x != WEIR_X_CONST) {
        weir_cel_fail(c, WEIR_EPERMISSION, arg,
                      "the permission of hasPermission() must be text as it "
                      "is: what each role may do is worked out before there "
                      "is a request");
        return false;
    }

    s = arg->value->s;

    if (weir_permission_is(s)) {
        return true;
    }

    if (weir_grant_is(s)) {
        weir_cel_fail(c, WEIR_EPERMISSION, arg,
                      "\"%.*s\" has a wildcard: roles have wildcards, what "
                      "is asked for is one permission", WEIR_STR(s));

    } else {
        weir_cel_fail(c, WEIR_EPERMISSION, arg,
                      "\"%.*s\" is not " WEIR_PERMISSION, WEIR_STR(s));
    }

    return false;
}


void
weir_cel_has_permission(weir_cel_t *c, weir_ex_t *call)
{
    uint32_t      index;
    weir_rc_t     rc;
    weir_ex_t    *args[2], *permission, *made;
    weir_cval_t   v;

    permission = call->args[0];

    if (!is_permission(c, permission)) {
        return;
    }

    rc = weir_cel_permission(c->env, permission->value->s,
                             weir_text_span(c->text, permission->off,
                                            permission->len), &index);

    if (rc != WEIR_OK) {
        c->failed |= rc == WEIR_ERROR;
        c->nomem |= rc == WEIR_NOMEM;
        return;
    }

    memset(&v, 0, sizeof(v));
    v.kind = WEIR_T_INT;
    v.u.i = index;
    v.s = permission->value->s;

    args[0] = weir_ex_new(c, WEIR_X_IDENT, call->off, call->len);
    args[1] = weir_ex_const(c, &v, permission->off, permission->len);
    args[1]->type = &weir_types[WEIR_T_INT];
    (void) weir_cel_name(c, args[0], weir_string("principal.roles"));

    made = weir_ex_make(c, WEIR_X_CALL, call->off, call->len, args, 2);
    made->op = call->op;
    made->name = call->name;
    made->fn = call->fn;
    made->matched = rows;
    made->nmatched = 1;
    made->type = call->type;
    *call = *made;
}
