/*
 * node.c: what holds for maps of YAML and of JSON.
 */

#include "front/node.h"
#include "front/codes.h"
#include "front/names.h"

#define FEW_KEYS  16u           /* below, comparing all pairs is faster */


static void
twice(weir_diags_t *diags, weir_entry_t *e, weir_span_t first)
{
    (void) weir_fail(diags, WEIR_EDUPKEY, e->key.text.span,
                     "the key \"%.*s\" stands twice in this map; first at "
                     "%.*s", WEIR_STR(e->key.text.text),
                     WEIR_STR(weir_place(diags, first)));
    e->value.kind = WEIR_T_UNSET;
}


weir_rc_t
weir_map_check(weir_diags_t *diags, weir_node_t *map)
{
    uint32_t             i, j;
    weir_rc_t            rc;
    weir_entry_t        *e;
    weir_names_t         names;
    weir_names_entry_t  *prev;

    e = map->u.entries;

    if (map->n <= FEW_KEYS) {

        for (i = 1; i < map->n; i++) {
            for (j = 0; j < i; j++) {
                if (e[i].key.kind != WEIR_T_UNSET
                    && e[j].key.kind != WEIR_T_UNSET
                    && weir_str_eq(e[i].key.text.text, e[j].key.text.text))
                {
                    twice(diags, &e[i], e[j].key.text.span);
                    break;
                }
            }
        }

        return WEIR_OK;
    }

    names = (weir_names_t) { .arena = diags->arena };

    for (i = 0; i < map->n; i++) {

        if (e[i].key.kind == WEIR_T_UNSET) {
            continue;
        }

        rc = weir_names_add(&names, e[i].key.text.text, e[i].key.text.span, i,
                            &prev);

        if (rc == WEIR_NOMEM) {
            return rc;
        }

        if (rc == WEIR_DECLINED) {
            twice(diags, &e[i], prev->span);
        }
    }

    return WEIR_OK;
}
