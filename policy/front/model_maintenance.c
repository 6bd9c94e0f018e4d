/*
 * model_maintenance.c: when requests are told to come back later.
 */

#include "front/load.h"
#include "front/codes.h"

#define CLOSED  503u


static void
compile(weir_load_t *l, const weir_node_t *when, weir_pause_t *pause)
{
    weir_rc_t        rc;
    weir_str_t       role;
    weir_cel_site_t  site;

    role = weir_arena_printf(l->arena, "\"when\" of maintenance \"%.*s\"",
                             WEIR_STR(pause->id.text));

    if (role.data == NULL) {
        l->nomem = true;
        return;
    }

    memset(&site, 0, sizeof(site));
    site.role = role.data;
    site.want = WEIR_T_BOOL;
    site.phase = WEIR_PHASE_ACCESS;

    pause->text = when->text;
    rc = weir_cel_compile(l->env, &when->text, &site, &pause->when);
    l->nomem |= rc == WEIR_NOMEM;
}


static void
load_pause(weir_load_t *l, const weir_node_t *node)
{
    weir_pause_t        pause, *slot;
    const weir_node_t  *n;

    memset(&pause, 0, sizeof(pause));
    pause.id.span = node->text.span;
    n = weir_node_get(node, "id");

    if (n != NULL) {
        pause.id = weir_load_name(n);
        (void) weir_load_unique(l, &l->pauses, "maintenance", &pause.id, 0);
    }

    n = weir_node_get(node, "status");
    pause.status = n != NULL ? (unsigned) n->u.i : CLOSED;

    n = weir_node_get(node, "message");

    if (n != NULL) {
        pause.message = weir_load_name(n);
    }

    weir_load_duration(l, node, "retry_after", 1, WEIR_MAX_RETRY_AFTER, 1000,
                       &pause.retry_after);

    n = weir_node_get(node, "when");

    if (n != NULL) {
        compile(l, n, &pause);
    }

    if (l->model->maintenance.len == WEIR_MAX_MAINTENANCE) {
        (void) weir_fail(l->diags, WEIR_EBOUND, node->text.span,
                         "more than %d items of \"maintenance\"",
                         WEIR_MAX_MAINTENANCE);
        return;
    }

    slot = weir_load_push(l, &l->model->maintenance);

    if (slot != NULL) {
        *slot = pause;
    }
}


void
weir_load_maintenance(weir_load_t *l, const weir_node_t *node)
{
    uint32_t  i;

    for (i = 0; i < node->n; i++) {
        if (node->u.items[i].kind != WEIR_T_UNSET) {
            load_pause(l, &node->u.items[i]);
        }
    }
}
