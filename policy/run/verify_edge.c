/*
 * verify_edge.c: what is done at the edge of a request: what the table of
 * format.h cannot say of cors, origins, header_ops, versions, maintenance.
 *
 * Whoever reads an image may put any of these texts into a header as it is.
 */

#include "image/header.h"
#include "image/types.h"
#include "run/verify.h"

#define PER_COUNT  64u          /* bytes that one count is for */


static weir_rc_t
bad(weir_verify_t *v, const char *section, uint32_t i, const char *what)
{
    return weir_refuse(v->why, WEIR_REJECT_RECORD, "%s[%u] %s", section, i,
                       what);
}


/* How many of the first i bytes no header holds. */
static uint32_t
bad_before(const weir_verify_t *v, uint32_t i)
{
    uint32_t        k, n;
    const uint8_t  *bytes;
    const uint32_t *before;

    bytes = WEIR_REC(&v->img, BYTES);
    before = v->mem;
    n = before[i / PER_COUNT];

    for (k = i - i % PER_COUNT; k < i; k++) {
        n += !weir_header_is_byte((char) bytes[k]);
    }

    return n;
}


/* Strings may share their bytes, so these are counted once for all. */
static void
count_bad(weir_verify_t *v)
{
    uint32_t        i, n, sum;
    uint32_t       *before;
    const uint8_t  *bytes;

    bytes = WEIR_REC(&v->img, BYTES);
    n = v->img.n[WEIR_S_BYTES];
    before = v->mem;
    sum = 0;

    for (i = 0; i < n; i++) {
        if (i % PER_COUNT == 0) {
            before[i / PER_COUNT] = sum;
        }

        sum += !weir_header_is_byte((char) bytes[i]);
    }

    if (i % PER_COUNT == 0) {
        before[i / PER_COUNT] = sum;
    }
}


/* Whether a string, or NONE, may be the value of a header. */
static bool
is_value(const weir_verify_t *v, uint32_t str)
{
    const weir_img_str_t  *s;

    if (str == WEIR_NONE) {
        return true;
    }

    s = &WEIR_REC(&v->img, STRS)[str];

    return s->length <= WEIR_MAX_HEADER_VALUE
           && bad_before(v, s->offset)
              == bad_before(v, s->offset + s->length);
}


static weir_rc_t
check_origin(weir_verify_t *v, uint32_t i, const weir_img_cors_t *c)
{
    weir_str_t                text, suffix;
    const weir_img_origin_t  *o;

    o = &WEIR_REC(&v->img, ORIGINS)[i];
    text = weir_img_str(&v->img, o->text);
    suffix = weir_img_str(&v->img, o->suffix);

    if (o->kind == WEIR_ORIGIN_ANY
        && (text.len != 0 || suffix.len != 0 || c->origins.count != 1
            || c->credentials))
    {
        return bad(v, "origins", i, "is any, and not alone");
    }

    if (o->kind == WEIR_ORIGIN_EXACT && (text.len == 0 || suffix.len != 0)) {
        return bad(v, "origins", i, "is none");
    }

    if (o->kind == WEIR_ORIGIN_BELOW
        && (!weir_str_ends(text, weir_string("://"))
            || !weir_str_starts(suffix, weir_string("."))))
    {
        return bad(v, "origins", i, "is below none");
    }

    return WEIR_OK;
}


static weir_rc_t
check_cors(weir_verify_t *v, uint32_t i)
{
    uint32_t                k;
    const weir_img_cors_t  *c;

    c = &WEIR_REC(&v->img, CORS)[i];

    if (c->origins.count == 0 || c->origins.count > WEIR_MAX_ORIGINS) {
        return bad(v, "cors", i, "has no origins, or too many");
    }

    if (!is_value(v, c->methods) || !is_value(v, c->headers)
        || !is_value(v, c->expose))
    {
        return bad(v, "cors", i, "has what no header holds");
    }

    for (k = 0; k < c->origins.count; k++) {
        if (check_origin(v, c->origins.first + k, c) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_version(weir_verify_t *v, uint32_t i)
{
    const weir_img_version_t  *ver;

    ver = &WEIR_REC(&v->img, VERSIONS)[i];

    if (!is_value(v, ver->name) || !is_value(v, ver->deprecation)
        || !is_value(v, ver->sunset) || !is_value(v, ver->link))
    {
        return bad(v, "versions", i, "has what no header holds");
    }

    return WEIR_OK;
}


static weir_rc_t
check_pause(weir_verify_t *v, uint32_t i)
{
    const weir_img_maintenance_t  *m;

    m = &WEIR_REC(&v->img, MAINTENANCE)[i];

    if (m->retry_after > WEIR_MAX_RETRY_AFTER) {
        return bad(v, "maintenance", i, "is over too late");
    }

    if (m->when != WEIR_NONE
        && WEIR_REC(&v->img, PROGS)[m->when].phase > WEIR_PHASE_ACCESS)
    {
        return bad(v, "maintenance", i,
                   "has a \"when\" that is known too late");
    }

    return WEIR_OK;
}


/* An operation of a way whose programs run in a phase. */
static weir_rc_t
check_op(weir_verify_t *v, uint32_t i, weir_phase_t phase)
{
    bool                         text, prog;
    weir_str_t                   name;
    const weir_img_header_op_t  *op;

    op = &WEIR_REC(&v->img, HEADER_OPS)[i];
    name = weir_img_str(&v->img, op->name);
    text = op->text != WEIR_NONE;
    prog = op->prog != WEIR_NONE;

    if (!weir_header_is_name(name)
        || weir_header_is_kept(name, phase == WEIR_PHASE_RESPONSE))
    {
        return bad(v, "header_ops", i, "is of a header that nobody changes");
    }

    if (op->op == WEIR_HEADER_REMOVE ? text || prog : text == prog) {
        return bad(v, "header_ops", i, "has no value, or one too many");
    }

    if (!is_value(v, op->text)) {
        return bad(v, "header_ops", i, "has what no header holds");
    }

    if (prog && WEIR_REC(&v->img, PROGS)[op->prog].phase > phase) {
        return bad(v, "header_ops", i, "has a value that is known too late");
    }

    return WEIR_OK;
}


static weir_rc_t
check_ops(weir_verify_t *v, uint32_t route, weir_range_t ops,
    weir_phase_t phase)
{
    uint32_t  i;

    if (ops.count > WEIR_MAX_HEADER_OPS) {
        return bad(v, "routes", route, "changes too many headers");
    }

    for (i = 0; i < ops.count; i++) {
        if (check_op(v, ops.first + i, phase) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


static weir_rc_t
check_route(weir_verify_t *v, uint32_t i)
{
    const weir_img_route_t  *r;

    r = &WEIR_REC(&v->img, ROUTES)[i];

    if (r->path != WEIR_NONE
        && WEIR_REC(&v->img, PROGS)[r->path].phase > WEIR_PHASE_ACCESS)
    {
        return bad(v, "routes", i, "has a path that is known too late");
    }

    if (check_ops(v, i, r->request_ops, WEIR_PHASE_ACCESS) != WEIR_OK) {
        return WEIR_ERROR;
    }

    return check_ops(v, i, r->response_ops, WEIR_PHASE_RESPONSE);
}


static weir_rc_t
check_each(weir_verify_t *v, weir_section_t s,
    weir_rc_t (*check)(weir_verify_t *v, uint32_t i))
{
    uint32_t  i;

    for (i = 0; i < v->img.n[s]; i++) {
        if (check(v, i) != WEIR_OK) {
            return WEIR_ERROR;
        }
    }

    return WEIR_OK;
}


size_t
weir_verify_edge_size(const weir_image_t *img)
{
    return ((size_t) img->n[WEIR_S_BYTES] / PER_COUNT + 1) * sizeof(uint32_t);
}


weir_rc_t
weir_verify_edge(weir_verify_t *v)
{
    uint32_t  n;

    if (v->img.n[WEIR_S_CORS] > WEIR_MAX_CORS) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD, "%u cors, at most %u",
                           v->img.n[WEIR_S_CORS], WEIR_MAX_CORS);
    }

    n = WEIR_REC(&v->img, POLICY)[0].maintenance.count;

    if (n > WEIR_MAX_MAINTENANCE) {
        return weir_refuse(v->why, WEIR_REJECT_RECORD,
                           "%u items of maintenance, at most %u", n,
                           WEIR_MAX_MAINTENANCE);
    }

    count_bad(v);

    if (check_each(v, WEIR_S_CORS, check_cors) != WEIR_OK
        || check_each(v, WEIR_S_VERSIONS, check_version) != WEIR_OK
        || check_each(v, WEIR_S_MAINTENANCE, check_pause) != WEIR_OK)
    {
        return WEIR_ERROR;
    }

    return check_each(v, WEIR_S_ROUTES, check_route);
}
