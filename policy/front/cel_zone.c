/*
 * cel_zone.c: which time zones an expression needs, and whether there are.
 *
 * A zone that is constant is looked for now; any other may be every zone, so
 * the system must have its tables.
 */

#include "base/time.h"
#include "front/cel_ast.h"


static void
unknown(weir_cel_t *c, const weir_ex_t *zone)
{
    bool        offset;
    weir_str_t  name, near;

    name = zone->value->s;
    near = weir_zones_nearest(c->env->zones, name);
    offset = name.data[0] == '+' || name.data[0] == '-'
             || (name.data[0] >= '0' && name.data[0] <= '9');

    if (offset) {
        weir_cel_fail(c, WEIR_EZONE, zone,
                      "no offset from UTC: \"%.*s\"; they are written "
                      "\"+02:00\"", WEIR_STR(name));

    } else if (near.len != 0) {
        weir_cel_fail(c, WEIR_EZONE, zone,
                      "no time zone of this system: \"%.*s\"; did you mean "
                      "\"%.*s\"?", WEIR_STR(name), WEIR_STR(near));

    } else {
        weir_cel_fail(c, WEIR_EZONE, zone,
                      "no time zone of this system: \"%.*s\"",
                      WEIR_STR(name));
    }
}


weir_zone_need_t
weir_cel_zone(const weir_ex_t *ex)
{
    int64_t           offset;
    const weir_ex_t  *zone;

    if (ex->n != 2 || ex->fn < WEIR_N_FULL_YEAR
        || ex->fn > WEIR_N_MILLISECONDS)
    {
        return WEIR_ZONE_NONE;
    }

    zone = ex->args[1];

    if (zone->x != WEIR_X_CONST) {
        return WEIR_ZONE_EVERY;
    }

    return zone->value->kind != WEIR_T_STRING
           || weir_offset_parse(zone->value->s, &offset) == WEIR_OK
           ? WEIR_ZONE_NONE : WEIR_ZONE_ONE;
}


void
weir_cel_check_zone(weir_cel_t *c, const weir_ex_t *ex)
{
    uint32_t            n;
    weir_rc_t           rc;
    weir_str_t          why;
    const weir_zone_t  *zone;

    switch (weir_cel_zone(ex)) {

    case WEIR_ZONE_ONE:
        rc = weir_zones_find(c->env->zones, ex->args[1]->value->s, &zone,
                             &why);
        break;

    case WEIR_ZONE_EVERY:
        rc = weir_zones_all(c->env->zones, &zone, &n, &why);
        break;

    default:
        return;
    }

    if (rc == WEIR_DECLINED) {
        unknown(c, ex->args[1]);

    } else if (rc == WEIR_ERROR) {
        weir_cel_fail(c, WEIR_EZONE, ex->args[1], "%.*s", WEIR_STR(why));

    } else if (rc != WEIR_OK) {
        c->nomem = true;
    }
}
