/*
 * write.h: what the files that turn a model into an image share.
 */

#ifndef WEIR_FRONT_WRITE_H
#define WEIR_FRONT_WRITE_H

#include "front/builder.h"
#include "front/emit.h"
#include "front/model.h"

typedef struct {
    weir_arena_t        *arena;
    const weir_model_t  *model;
    weir_diags_t        *diags;
    weir_builder_t      *b;
    weir_emit_t         *emit;
    uint32_t            *files;     /* strs: names, by index of diags->files */
    weir_range_t         asked;     /* methods, where a route says nothing */
    bool                 refused;   /* an expression was: there is no image */
} weir_writer_t;

/* The name of the file that a span lies in. */
uint32_t weir_write_file(weir_writer_t *w, const weir_span_t *span);

/* The string, or NONE for a name that was not given. */
uint32_t weir_write_opt_str(weir_writer_t *w, const weir_name_t *name);

/*
 * Rules of one layer ("global", "tenant", "route") of the tenant or route of
 * that name, with their programs.
 */
weir_rc_t weir_write_rules(weir_writer_t *w, const char *layer, weir_str_t of,
    const weir_rules_t *rules, weir_range_t *out);

/* Names as strings. */
weir_rc_t weir_write_names(weir_writer_t *w, const weir_name_t *list, size_t n,
    weir_range_t *out);

/* The program of an expression whose source is text. */
weir_rc_t weir_write_expr(weir_writer_t *w, const weir_expr_t *e,
    const weir_text_t *text, uint32_t *prog);

/* permissions, and the policy's roles; then a tenant's own. */
weir_rc_t weir_write_roles(weir_writer_t *w);
weir_range_t weir_write_own_roles(weir_writer_t *w, const weir_tenant_t *t,
    uint32_t tenant);

/* What a route requires, into its record. */
weir_rc_t weir_write_require(weir_writer_t *w, const weir_require_t *r,
    weir_img_route_t *rec);

/* The perfect hash WEIR_HASH_*; key i is that of record i. */
weir_rc_t weir_write_hash(weir_writer_t *w, unsigned which,
    const weir_str_t *keys, uint32_t n);

/* cidrs, v4, v6: record i of cidrs is list i of the model. */
weir_rc_t weir_write_lists(weir_writer_t *w);

/*
 * limits, without their zones, and plans; record i of either is that of the
 * model.
 */
weir_rc_t weir_write_limits(weir_writer_t *w);
weir_rc_t weir_write_route_limits(weir_writer_t *w, const weir_route_t *r,
    weir_img_route_t *rec);
/* When time zones are there, behind weir_emit_finish(). */
void weir_write_limit_zones(weir_writer_t *w);

/*
 * splits, arms, overrides, guards, steps, breakers, mirrors; record i of
 * splits is that of the model.
 */
weir_rc_t weir_write_splits(weir_writer_t *w);

/*
 * cors, origins, maintenance; record i of cors is that of the model.  Then of
 * a route versions and header_ops, into its record.
 */
weir_rc_t weir_write_edge(weir_writer_t *w, weir_img_policy_t *policy);
weir_rc_t weir_write_route_edge(weir_writer_t *w, const weir_route_t *r,
    weir_img_route_t *rec);

/* tenants and tenant_hosts; record i of tenants is tenant i of the model. */
weir_rc_t weir_write_tenants(weir_writer_t *w);

/*
 * issuers, revoked, apikeys, identities, mtls, binds, sources; record i of
 * issuers is issuer i of the model.
 */
weir_rc_t weir_write_identity(weir_writer_t *w, weir_img_policy_t *policy);

/* What a route asks of its callers: methods, mfas. */
weir_rc_t weir_write_auth(weir_writer_t *w, const weir_route_t *r,
    weir_img_route_t *rec);

/*
 * hosts, nodes, edges and the regexes of path parameters; record i of routes
 * is route i of the model.  *any is the root for every host, or NONE.
 */
weir_rc_t weir_write_paths(weir_writer_t *w, uint32_t *any);

#endif
