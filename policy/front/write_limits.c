/*
 * write_limits.c: limits, those of plans behind them, and plans.
 */

#include "front/write.h"
#include "front/zones.h"
#include "image/limit.h"


/*
 * Of all that what was counted means, so that it is only kept while it means
 * the same.
 */
static weir_rc_t
limit_uid(weir_writer_t *w, const weir_limit_t *l, weir_img_limit_t *rec)
{
    weir_str_t  text, zone;

    zone = l->zone != NULL ? l->zone->name : weir_str("", 0);
    text = weir_arena_printf(w->arena, "%.*s%c%s%c%s%c%s%c%llu%c%llu%c%.*s",
                             WEIR_STR(l->id.text), 0,
                             weir_limit_kind_name(l->kind), 0,
                             l->kind == WEIR_LIMIT_QUOTA
                                 ? weir_period_name(l->period) : "", 0,
                             l->cluster ? "cluster" : "local", 0,
                             (unsigned long long) rec->window, 0,
                             (unsigned long long) rec->span, 0,
                             WEIR_STR(zone));

    return text.data ? weir_id_make("limit", text, &rec->uid) : WEIR_NOMEM;
}


static weir_rc_t
write_programs(weir_writer_t *w, const weir_limit_t *l, weir_img_limit_t *rec)
{
    size_t     i;
    uint32_t   refs[WEIR_MAX_KEY_PARTS];
    weir_rc_t  rc;

    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < l->key.len; i++) {
        refs[i] = WEIR_NONE;
        rc = weir_write_expr(w, l->key.items[i].expr, &l->key.items[i].text,
                             &refs[i]);
    }

    if (rc == WEIR_OK) {
        rec->key = weir_build_refs(w->b, refs, (uint32_t) l->key.len);
    }

    if (rc == WEIR_OK && l->cost_expr != NULL) {
        rc = weir_write_expr(w, l->cost_expr, &l->cost_text,
                             &rec->cost_prog);
    }

    return rc;
}


static weir_rc_t
write_limit(weir_writer_t *w, const weir_limit_t *l)
{
    weir_rc_t         rc;
    weir_img_limit_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.limit = l->limit;
    rec.burst = l->burst;
    rec.window = l->window;
    rec.cost = l->cost;
    rec.id = weir_build_str(w->b, l->id.text);
    rec.message = weir_write_opt_str(w, &l->message);
    rec.cost_prog = WEIR_NONE;
    rec.zone = WEIR_NONE;
    rec.lease = l->lease;
    rec.status = (uint16_t) l->status;
    rec.kind = (uint8_t) l->kind;
    rec.period = (uint8_t) l->period;
    rec.phase = (uint8_t) l->phase;
    rec.cluster = l->cluster;
    rec.on_failure = (uint8_t) l->on_failure;
    rec.on_full = l->on_full;
    rec.response = l->response;
    rec.dry_run = l->dry_run;
    rec.plan = l->plan;
    rec.file = weir_write_file(w, &l->of.span);
    rec.line = l->of.span.line;
    weir_limit_spread(&rec, &rec.budget, &rec.span);

    rc = limit_uid(w, l, &rec);

    if (rc == WEIR_OK) {
        rc = write_programs(w, l, &rec);
    }

    if (rc == WEIR_OK && l->zone != NULL) {
        rc = weir_emit_need_zone(w->emit, l->zone);
    }

    weir_build_records(w->b, WEIR_S_LIMITS, &rec, 1);

    return rc;
}


weir_rc_t
weir_write_limits(weir_writer_t *w)
{
    size_t               i;
    weir_rc_t            rc;
    weir_img_plan_t      rec;
    const weir_plan_t   *p;
    const weir_model_t  *m;

    m = w->model;
    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < m->limits.len; i++) {
        rc = write_limit(w, &m->limits.items[i]);
    }

    for (i = 0; i < m->plans.len; i++) {
        p = &m->plans.items[i];
        rec.name = weir_build_str(w->b, p->name.text);
        rec.reserved = 0;
        rec.limits = p->limits;
        weir_build_records(w->b, WEIR_S_PLANS, &rec, 1);
    }

    return rc;
}


weir_rc_t
weir_write_route_limits(weir_writer_t *w, const weir_route_t *r,
    weir_img_route_t *rec)
{
    bool                 preauth;
    size_t               i, pass;
    uint32_t             n, *refs;
    const weir_limit_t  *limits;

    limits = w->model->limits.items;
    refs = weir_arena_array(w->arena, r->limits.len, sizeof(uint32_t));

    if (refs == NULL) {
        return WEIR_NOMEM;
    }

    n = 0;

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < r->limits.len; i++) {
            preauth = limits[r->limits.items[i]].phase == WEIR_PHASE_PREAUTH;

            if (preauth == (pass == 0)) {
                refs[n++] = r->limits.items[i];
            }
        }
    }

    rec->limits = weir_build_refs(w->b, refs, n);

    return WEIR_OK;
}


void
weir_write_limit_zones(weir_writer_t *w)
{
    size_t              i;
    uint32_t            zone, name;
    weir_img_limit_t   *rec;
    const weir_zone_t  *z;

    for (i = 0; i < w->model->limits.len; i++) {
        z = w->model->limits.items[i].zone;

        if (z == NULL) {
            continue;
        }

        name = weir_build_str(w->b, z->name);
        rec = weir_build_at(w->b, WEIR_S_LIMITS, (uint32_t) i);

        for (zone = 0; zone < weir_build_count(w->b, WEIR_S_ZONES); zone++) {
            if (((weir_img_zone_t *) weir_build_at(w->b, WEIR_S_ZONES, zone))
                ->name == name)
            {
                rec->zone = zone;
            }
        }
    }
}
