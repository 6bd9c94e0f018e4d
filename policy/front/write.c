/*
 * write.c: a checked model to an image.
 *
 * Sections are written in a fixed order and each in the order of the source,
 * so the same model gives the same bytes.
 */

#include "front/compile.h"
#include "base/version.h"
#include "front/codes.h"
#include "front/write.h"
#include "image/phash.h"

static const weir_span_t  nowhere;


/* Ids are unique in their layer only, so the layer is part of the name. */
static weir_rc_t
rule_uid(weir_writer_t *w, const char *layer, weir_str_t of, weir_str_t id,
    weir_id_t *uid)
{
    weir_str_t  name;

    name = weir_arena_printf(w->arena, "%s%c%.*s%c%.*s", layer, 0,
                             WEIR_STR(of), 0, WEIR_STR(id));

    return name.data ? weir_id_make("rule", name, uid) : WEIR_NOMEM;
}


static weir_rc_t
write_rule(weir_writer_t *w, const char *layer, weir_str_t of,
    const weir_rule_t *rule)
{
    weir_rc_t        rc;
    weir_str_t       id;
    weir_img_rule_t  rec;

    memset(&rec, 0, sizeof(rec));

    id = rule->id.text.data ? rule->id.text : weir_str("", 0);
    rec.id = weir_build_str(w->b, id);
    rec.when = WEIR_NONE;
    rec.message = weir_write_opt_str(w, &rule->message);
    rec.status = (uint16_t) (rule->status ? rule->status : 403);
    rec.phase = (uint8_t) rule->phase;
    rec.dry_run = rule->dry_run;
    rec.file = weir_write_file(w, &rule->id.span);
    rec.line = rule->id.span.line;
    rec.col = rule->id.span.col;

    rc = rule_uid(w, layer, of, id, &rec.uid);
    if (rc != WEIR_OK) {
        return rc;
    }

    if (rule->when != NULL) {
        rc = weir_write_expr(w, rule->when, &rule->text, &rec.when);
    }

    weir_build_records(w->b, WEIR_S_RULES, &rec, 1);

    return rc;
}


static weir_range_t
tenant_path(weir_writer_t *w, const weir_template_t *t)
{
    size_t         i;
    uint32_t       refs[WEIR_MAX_SEGMENTS];
    weir_range_t   none;

    memset(&none, 0, sizeof(none));

    for (i = 0; i < t->nsegments && i < WEIR_MAX_SEGMENTS; i++) {
        refs[i] = t->segments[i].param.data
                      ? WEIR_NONE
                      : weir_build_str(w->b, t->segments[i].text);
    }

    return i ? weir_build_refs(w->b, refs, (uint32_t) i) : none;
}


static weir_range_t
write_resolves(weir_writer_t *w)
{
    size_t                 i, n;
    weir_range_t           out;
    const weir_resolve_t  *r;
    weir_img_resolve_t     rec;

    n = w->model->resolve.len;

    for (i = 0; i < n; i++) {
        r = &w->model->resolve.items[i];

        memset(&rec, 0, sizeof(rec));
        rec.kind = (uint8_t) r->kind;
        rec.rest = r->path.rest;
        rec.prefix = weir_build_str(w->b, r->prefix);
        rec.suffix = weir_build_str(w->b, r->suffix);
        rec.header = weir_build_str(w->b, r->header.text);
        rec.segments = tenant_path(w, &r->path);
        rec.trust = weir_build_refs(w->b, r->trust, (uint32_t) r->ntrust);
        weir_build_records(w->b, WEIR_S_RESOLVES, &rec, 1);
    }

    out.first = 0;
    out.count = (uint32_t) n;

    return out;
}


/* Routes */


static weir_range_t
write_header_tests(weir_writer_t *w, const weir_route_t *r)
{
    size_t                     i;
    weir_range_t               out;
    weir_img_header_test_t     rec;
    const weir_header_test_t  *t;

    memset(&out, 0, sizeof(out));

    if (r->headers.len == 0) {
        return out;
    }

    out.first = weir_build_count(w->b, WEIR_S_HEADER_TESTS);
    out.count = (uint32_t) r->headers.len;

    for (i = 0; i < r->headers.len; i++) {
        t = &r->headers.items[i];
        rec.name = weir_build_str(w->b, t->name.text);
        rec.value = weir_build_str(w->b, t->value.text);
        rec.test = t->test;
        rec.reserved = 0;
        weir_build_records(w->b, WEIR_S_HEADER_TESTS, &rec, 1);
    }

    return out;
}


static weir_range_t
write_params(weir_writer_t *w, const weir_template_t *t)
{
    size_t     i;
    uint32_t   n, refs[WEIR_MAX_PARAMS];

    n = 0;

    for (i = 0; i < t->nsegments && n < WEIR_MAX_PARAMS; i++) {

        if (t->segments[i].param.data != NULL) {
            refs[n++] = weir_build_str(w->b, t->segments[i].param);
        }
    }

    return weir_build_refs(w->b, refs, n);
}


static weir_rc_t
write_route(weir_writer_t *w, const weir_route_t *r)
{
    weir_rc_t         rc;
    weir_img_route_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.id = weir_build_str(w->b, r->id.text);
    rec.methods = r->methods;
    rec.headers = write_header_tests(w, r);
    rec.params = write_params(w, &r->path);
    rec.upstream = weir_write_opt_str(w, &r->upstream);
    rec.public = r->public;
    rec.file = weir_write_file(w, &r->id.span);
    rec.line = r->id.span.line;
    rec.split = r->split;

    rc = weir_id_make("route", r->id.text, &rec.uid);

    if (rc == WEIR_OK) {
        rc = weir_write_route_edge(w, r, &rec);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_route_limits(w, r, &rec);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_auth(w, r, &rec);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_names(w, r->other.items, r->other.len, &rec.other);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_rules(w, "route", r->id.text, &r->deny, &rec.deny);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_rules(w, "route", r->id.text, &r->allow, &rec.allow);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_require(w, &r->require, &rec);
    }

    weir_build_records(w->b, WEIR_S_ROUTES, &rec, 1);

    return rc;
}


static weir_rc_t
write_routes(weir_writer_t *w)
{
    size_t     i;
    weir_rc_t  rc;

    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < w->model->routes.len; i++) {
        rc = write_route(w, &w->model->routes.items[i]);
    }

    return rc;
}


/* The policy as a whole */


static weir_rc_t
write_policy(weir_writer_t *w)
{
    weir_rc_t            rc;
    weir_str_t           none;
    weir_img_policy_t    rec;
    const weir_model_t  *m;

    m = w->model;
    none = weir_str("", 0);

    memset(&rec, 0, sizeof(rec));
    rec.any_host = WEIR_NONE;
    rec.unmatched = (uint16_t) m->unmatched;
    rec.unknown_tenant = (uint16_t) m->unknown_tenant;
    rec.dot_segments = m->dot_segments;
    rec.merge_slashes = m->merge_slashes;
    rec.limit_headers = m->limit_headers;
    rec.audit_allow = m->audit_allow;
    rec.audit_deny = m->audit_deny;

    rc = weir_write_names(w, m->redact.items, m->redact.len, &rec.redact);

    if (rc == WEIR_OK) {
        rc = weir_write_rules(w, "global", none, &m->deny, &rec.deny);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_rules(w, "global", none, &m->allow, &rec.allow);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_roles(w);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_limits(w);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_splits(w);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_tenants(w);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_identity(w, &rec);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_edge(w, &rec);
    }

    if (rc == WEIR_OK) {
        rec.resolve = write_resolves(w);
        rc = write_routes(w);
    }

    if (rc == WEIR_OK) {
        rc = weir_write_paths(w, &rec.any_host);
    }

    weir_build_records(w->b, WEIR_S_POLICY, &rec, 1);

    return rc;
}


static void
write_header(weir_writer_t *w)
{
    const weir_model_t   *m;
    weir_image_header_t  *h;

    m = w->model;
    h = weir_build_header(w->b);

    h->name = weir_build_str(w->b, m->name.text);
    h->compiler = weir_build_str(w->b, weir_string("weir " WEIR_VERSION));
    memcpy(h->source, m->digest, sizeof(h->source));

    if (m->has_serial) {
        h->flags |= WEIR_IMAGE_HAS_SERIAL;
        h->serial = m->serial;
    }
}


static weir_rc_t
prepare(weir_writer_t *w)
{
    size_t  i;

    w->b = weir_builder_create(w->arena);
    w->emit = w->b ? weir_emit_create(w->b, w->diags) : NULL;
    w->files = weir_arena_array(w->arena, w->diags->files.len,
                                sizeof(uint32_t));

    if (w->emit == NULL || w->files == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < w->diags->files.len; i++) {
        w->files[i] = WEIR_NONE;
    }

    weir_build_records(w->b, WEIR_S_HASHES, NULL, WEIR_HASH_COUNT);

    return WEIR_OK;
}


uint32_t
weir_write_file(weir_writer_t *w, const weir_span_t *span)
{
    uint32_t  *file;

    if (span->file >= w->diags->files.len) {
        return weir_build_str(w->b, weir_str("", 0));
    }

    file = &w->files[span->file];

    if (*file == WEIR_NONE) {
        *file = weir_build_str(w->b, weir_source_name(w->diags, span->file));
    }

    return *file;
}


uint32_t
weir_write_opt_str(weir_writer_t *w, const weir_name_t *name)
{
    return name->text.data ? weir_build_str(w->b, name->text) : WEIR_NONE;
}


weir_rc_t
weir_write_names(weir_writer_t *w, const weir_name_t *list, size_t n,
    weir_range_t *out)
{
    size_t     i;
    uint32_t  *refs;

    refs = weir_arena_array(w->arena, n, sizeof(uint32_t));
    if (refs == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < n; i++) {
        refs[i] = weir_build_str(w->b, list[i].text);
    }

    *out = weir_build_refs(w->b, refs, (uint32_t) n);

    return WEIR_OK;
}


weir_rc_t
weir_write_expr(weir_writer_t *w, const weir_expr_t *e,
    const weir_text_t *text, uint32_t *prog)
{
    uint32_t   source;
    weir_rc_t  rc;

    source = weir_build_str(w->b, text->text);
    rc = weir_emit_expr(w->emit, e, weir_write_file(w, &text->span), source,
                        prog);

    if (rc == WEIR_ERROR) {
        w->refused = true;              /* and on, to report them all */
        return WEIR_OK;
    }

    return rc;
}


weir_rc_t
weir_write_rules(weir_writer_t *w, const char *layer, weir_str_t of,
    const weir_rules_t *rules, weir_range_t *out)
{
    size_t     i;
    weir_rc_t  rc;

    if (rules->len == 0) {
        return WEIR_OK;
    }

    out->first = weir_build_count(w->b, WEIR_S_RULES);
    out->count = (uint32_t) rules->len;

    for (i = 0; i < rules->len; i++) {

        rc = write_rule(w, layer, of, &rules->items[i]);
        if (rc != WEIR_OK) {
            return rc;
        }
    }

    return WEIR_OK;
}


weir_rc_t
weir_write_hash(weir_writer_t *w, unsigned which, const weir_str_t *keys,
    uint32_t n)
{
    weir_rc_t         rc;
    weir_phash_t      h;
    weir_range_t      displace, slots;
    weir_img_hash_t  *rec;

    rc = weir_phash_build(w->arena, keys, n, &h);

    if (rc == WEIR_ERROR) {
        return weir_fail(w->diags, WEIR_ETWICE, nowhere,
                         "a name stands twice among %u", n);
    }

    if (rc != WEIR_OK) {
        return rc;
    }

    displace = weir_build_refs(w->b, h.displace, h.buckets);
    slots = weir_build_refs(w->b, h.slots, h.nslots);

    rec = weir_build_at(w->b, WEIR_S_HASHES, which);
    rec->seed = h.seed;
    rec->displace = displace;
    rec->slots = slots;

    return WEIR_OK;
}


weir_rc_t
weir_model_write_traced(weir_arena_t *a, const weir_model_t *m,
    weir_diags_t *diags, weir_origins_t *origins, weir_str_t *image)
{
    weir_rc_t      rc;
    weir_writer_t  w;

    memset(&w, 0, sizeof(w));
    w.arena = a;
    w.model = m;
    w.diags = diags;

    rc = prepare(&w);

    if (rc == WEIR_OK) {
        weir_emit_trace(w.emit, origins);
        rc = weir_write_lists(&w);
    }

    if (rc == WEIR_OK) {
        rc = write_policy(&w);
    }

    if (rc == WEIR_OK) {
        rc = w.refused ? WEIR_ERROR : weir_emit_finish(w.emit);
    }

    if (rc == WEIR_OK) {
        weir_write_limit_zones(&w);
    }

    if (rc != WEIR_OK) {
        return rc;
    }

    write_header(&w);

    rc = weir_builder_write(w.b, image);

    if (rc == WEIR_ERROR) {
        return weir_fail(diags, WEIR_EBOUND, nowhere,
                         "the policy makes an image of more than %u bytes, "
                         "or one string of more than %u",
                         WEIR_MAX_IMAGE, WEIR_MAX_STRING);
    }

    return rc;
}


weir_rc_t
weir_model_write(weir_arena_t *a, const weir_model_t *m, weir_diags_t *diags,
    weir_str_t *image)
{
    return weir_model_write_traced(a, m, diags, NULL, image);
}
