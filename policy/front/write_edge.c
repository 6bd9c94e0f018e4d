/*
 * write_edge.c: cors, origins, maintenance, versions, header_ops.
 */

#include "front/write.h"


static uint32_t
opt_str(weir_writer_t *w, weir_str_t s)
{
    return s.data != NULL ? weir_build_str(w->b, s) : WEIR_NONE;
}


static void
write_cors(weir_writer_t *w, const weir_cors_t *c)
{
    size_t              i;
    weir_img_cors_t     rec;
    const weir_page_t  *page;
    weir_img_origin_t   origin;

    memset(&rec, 0, sizeof(rec));
    rec.name = weir_build_str(w->b, c->name.text);
    rec.methods = opt_str(w, c->methods);
    rec.headers = opt_str(w, c->headers);
    rec.expose = opt_str(w, c->expose);
    rec.max_age = c->max_age;
    rec.credentials = c->credentials;
    rec.origins.first = weir_build_count(w->b, WEIR_S_ORIGINS);
    rec.origins.count = (uint32_t) c->origins.len;

    for (i = 0; i < c->origins.len; i++) {
        page = &c->origins.items[i];
        origin.kind = page->kind;
        origin.text = weir_build_str(w->b, page->text);
        origin.suffix = weir_build_str(w->b, page->suffix);
        origin.reserved = 0;
        weir_build_records(w->b, WEIR_S_ORIGINS, &origin, 1);
    }

    weir_build_records(w->b, WEIR_S_CORS, &rec, 1);
}


static weir_rc_t
write_pause(weir_writer_t *w, const weir_pause_t *p)
{
    weir_rc_t               rc;
    weir_img_maintenance_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.id = weir_build_str(w->b, p->id.text);
    rec.when = WEIR_NONE;
    rec.message = weir_write_opt_str(w, &p->message);
    rec.status = (uint16_t) p->status;
    rec.retry_after = p->retry_after;
    rec.file = weir_write_file(w, &p->id.span);
    rec.line = p->id.span.line;
    rec.col = p->id.span.col;

    rc = p->when != NULL ? weir_write_expr(w, p->when, &p->text, &rec.when)
                         : WEIR_OK;

    weir_build_records(w->b, WEIR_S_MAINTENANCE, &rec, 1);

    return rc;
}


static weir_rc_t
write_ops(weir_writer_t *w, const weir_header_ops_t *ops, weir_range_t *out)
{
    size_t                   i;
    weir_rc_t                rc;
    weir_img_header_op_t     rec;
    const weir_header_op_t  *op;

    if (ops->len == 0) {
        return WEIR_OK;
    }

    rc = WEIR_OK;
    out->first = weir_build_count(w->b, WEIR_S_HEADER_OPS);
    out->count = (uint32_t) ops->len;

    for (i = 0; rc == WEIR_OK && i < ops->len; i++) {
        op = &ops->items[i];
        rec.op = op->op;
        rec.name = weir_build_str(w->b, op->name.text);
        rec.text = opt_str(w, op->value.value);
        rec.prog = WEIR_NONE;

        if (op->value.expr != NULL && op->value.value.data == NULL) {
            rc = weir_write_expr(w, op->value.expr, &op->value.text,
                                 &rec.prog);
        }

        weir_build_records(w->b, WEIR_S_HEADER_OPS, &rec, 1);
    }

    return rc;
}


static uint32_t
write_version(weir_writer_t *w, const weir_version_t *v)
{
    weir_img_version_t  rec;

    if (v->name.text.data == NULL) {
        return WEIR_NONE;
    }

    rec.name = weir_build_str(w->b, v->name.text);
    rec.deprecation = opt_str(w, v->deprecation);
    rec.sunset = opt_str(w, v->sunset);
    rec.link = opt_str(w, v->link);

    return weir_build_records(w->b, WEIR_S_VERSIONS, &rec, 1);
}


weir_rc_t
weir_write_edge(weir_writer_t *w, weir_img_policy_t *policy)
{
    size_t               i;
    weir_rc_t            rc;
    const weir_model_t  *m;

    m = w->model;
    rc = WEIR_OK;

    for (i = 0; i < m->cors.len; i++) {
        write_cors(w, &m->cors.items[i]);
    }

    for (i = 0; rc == WEIR_OK && i < m->maintenance.len; i++) {
        rc = write_pause(w, &m->maintenance.items[i]);
    }

    policy->maintenance.count = (uint32_t) m->maintenance.len;

    return rc;
}


weir_rc_t
weir_write_route_edge(weir_writer_t *w, const weir_route_t *r,
    weir_img_route_t *rec)
{
    weir_rc_t  rc;

    rec->cors = r->cors;
    rec->version = write_version(w, &r->version);
    rec->path = WEIR_NONE;

    rc = r->rewrite.expr != NULL
         ? weir_write_expr(w, r->rewrite.expr, &r->rewrite.text, &rec->path)
         : WEIR_OK;

    if (rc == WEIR_OK) {
        rc = write_ops(w, &r->request_ops, &rec->request_ops);
    }

    if (rc == WEIR_OK) {
        rc = write_ops(w, &r->response_ops, &rec->response_ops);
    }

    return rc;
}
