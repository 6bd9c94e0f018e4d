/*
 * model_flags.c: flags, which are on for a share of keys.
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/schema.h"


/* One whose body is wrong is declared still, so that its uses are not. */
static void
load_flag(weir_load_t *l, const weir_name_t *name, const weir_node_t *body)
{
    weir_rc_t           rc;
    weir_str_t          salt;
    weir_flag_t        *flag;
    weir_cel_flag_t     decl;
    const weir_node_t  *n;

    flag = weir_load_push(l, &l->model->flags);

    if (flag == NULL) {
        return;
    }

    memset(flag, 0, sizeof(*flag));
    flag->name = *name;
    flag->key.text = weir_string("\"\"");
    flag->key.span = name->span;
    salt = name->text;

    if ((n = weir_node_get(body, "key")) != NULL) {
        flag->key = n->text;
    }

    if ((n = weir_node_get(body, "rollout")) != NULL) {
        (void) weir_percent_parse(n->text.text, &flag->share);
    }

    if ((n = weir_node_get(body, "salt")) != NULL) {
        salt = n->text.text;
    }

    rc = weir_id_make("salt", salt, &flag->salt);

    if (rc == WEIR_OK) {
        decl.name = name->text;
        decl.span = name->span;
        decl.key = &flag->key;
        decl.salt = &flag->salt;
        decl.share = flag->share;
        rc = weir_cel_add_flag(l->env, &decl);
    }

    l->nomem |= rc != WEIR_OK;
}


void
weir_load_flags(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            continue;
        }

        name = weir_load_name(&e->key);

        if (!weir_load_unique(l, &l->flags, "flag", &name, 0)) {
            continue;
        }

        if (l->model->flags.len == WEIR_MAX_FLAGS) {
            (void) weir_fail(l->diags, WEIR_EBOUND, name.span,
                             "more than %d flags", WEIR_MAX_FLAGS);
            return;
        }

        load_flag(l, &name, &e->value);
    }
}
