/*
 * fn_identity.c: what the caller may do.
 */

#include "run/fn.h"
#include "run/identity.h"

#define STEP  512               /* bytes of work that a role is worth */


/* Permissions become indices when the policy is compiled: this one did not. */
WEIR_FN(HAS_PERMISSION_S)
{
    WEIR_UNUSED(e);
    WEIR_UNUSED(a);
    return weir_v_err(WEIR_E_INVALID_ARGUMENT);
}


/* Verified code may bring any list and any number. */
WEIR_FN(HAS_PERMISSION_OF)
{
    uint32_t      i;
    weir_value_t  role, one;

    if (a[1].u.u >= e->image->n[WEIR_S_PERMISSIONS]) {
        return weir_v_err(WEIR_E_INVALID_ARGUMENT);
    }

    one = (weir_value_t) { .kind = WEIR_T_LIST, .len = 1, .u.items = &role };

    for (i = 0; i < a[0].len; i++) {

        if (!weir_work(e, STEP)) {
            return weir_v_err(WEIR_E_TOO_LARGE);
        }

        weir_list_at(e, &a[0], i, &role);

        if (role.kind == WEIR_T_STRING
            && weir_has_permission(e->image, e->tenant, &one,
                                   (uint32_t) a[1].u.u))
        {
            return weir_v_bool(true);
        }
    }

    return weir_v_bool(false);
}
