/*
 * emit_zone.c: the time zones that programs need go into the image.
 *
 * They were read when the expressions were checked.
 */

#include <stdlib.h>

#include "front/emit_code.h"


static int
compare(const void *x, const void *y)
{
    const weir_zone_t *const  *a, *const *b;

    a = x;
    b = y;

    return weir_str_cmp((*a)->name, (*b)->name);
}


static void
write_zone(weir_builder_t *b, const weir_zone_t *zone)
{
    weir_img_zone_t  rec;

    rec.name = weir_build_str(b, zone->name);
    rec.shifts = weir_build_shifts(b, zone->shifts, zone->n);
    weir_build_records(b, WEIR_S_ZONES, &rec, 1);
}


weir_rc_t
weir_emit_need_zone(weir_emit_t *m, const weir_zone_t *zone)
{
    const weir_zone_t  **slot;

    slot = weir_vec_push(m->arena, &m->zones);

    if (slot == NULL) {
        return WEIR_NOMEM;
    }

    *slot = zone;

    return WEIR_OK;
}


void
weir_emit_zone(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t             n;
    weir_rc_t            rc;
    weir_str_t           why;
    weir_emit_t         *m;
    const weir_zone_t   *zone;

    m = p->m;

    switch (weir_cel_zone(ex)) {

    case WEIR_ZONE_ONE:
        n = 1;
        rc = weir_zones_find(p->expr->env->zones, ex->args[1]->value->s,
                             &zone, &why);
        break;

    case WEIR_ZONE_EVERY:
        rc = m->every_zone
             ? WEIR_DECLINED
             : weir_zones_all(p->expr->env->zones, &zone, &n, &why);
        m->every_zone = true;
        break;

    default:
        return;
    }

    for ( /* void */ ; rc == WEIR_OK && n > 0; n--, zone++) {
        if (weir_emit_need_zone(m, zone) != WEIR_OK) {
            weir_code_nomem(p);
            return;
        }
    }
}


void
weir_emit_zones(weir_emit_t *m)
{
    size_t               i;
    const weir_zone_t  **list;

    list = m->zones.items;

    if (m->zones.len != 0) {
        qsort(list, m->zones.len, sizeof(list[0]), compare);
    }

    for (i = 0; i < m->zones.len; i++) {
        if (i == 0 || list[i] != list[i - 1]) {
            write_zone(m->b, list[i]);
        }
    }
}
