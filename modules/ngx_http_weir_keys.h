/*
 * ngx_http_weir_keys.h: the keys of issuers, as this worker knows them.
 *
 * Texts of key sets lie in a shared zone, by the id of their source, and
 * outlive swaps and reloads; each worker parses its own copy.  One worker at
 * a time reads a source for all.  Requests never read: they wait, or do
 * without.
 */

#ifndef NGX_HTTP_WEIR_KEYS_H
#define NGX_HTTP_WEIR_KEYS_H

#include "ngx_http_weir.h"
#include "ngx_http_weir_peer.h"
#include "run/keys.h"

/*
 * Configuration time, once: adds the zone.  cache: NULL, or where the last
 * good sets are kept.  NULL: no memory.
 */
ngx_http_weir_issuers_t *ngx_http_weir_keys_create(ngx_conf_t *cf,
    ngx_http_weir_policy_t *policy, const ngx_http_weir_outgoing_t *outgoing,
    const ngx_path_t *cache);

ngx_int_t ngx_http_weir_keys_init_process(ngx_http_weir_issuers_t *all,
    ngx_cycle_t *cycle);
/* Safe to call twice. */
void ngx_http_weir_keys_exit_process(ngx_http_weir_issuers_t *all);

/* Those that this worker has now, until the event handler ends, or NULL. */
const weir_keys_t *ngx_http_weir_keys_get(ngx_http_weir_ctx_t *ctx,
    const weir_img_issuer_t *issuer);

/*
 * For a key that is not among them, once in a request.  NGX_AGAIN: they are
 * being read, by this or another worker, and when that has ended the request
 * is woken; it waits for issuer->wait ms at most.  NGX_DECLINED: for such a
 * reason they were read less than issuer->refresh seconds ago.
 */
ngx_int_t ngx_http_weir_keys_refresh(ngx_http_weir_ctx_t *ctx,
    const weir_img_issuer_t *issuer);

/* Bytes of the zone, and those of them that are taken. */
void ngx_http_weir_keys_memory(ngx_http_weir_issuers_t *all, uint64_t *bytes,
    uint64_t *used);

/* What is known of an issuer's keys. */
typedef struct {
    ngx_uint_t  keys;
    time_t      success;    /* seconds since 1970: from its URL; 0: never */
    uint64_t    accepted;   /* times that they were read, well and not */
    uint64_t    failures;
    unsigned    has_url:1;
} ngx_http_weir_keys_view_t;

/* NGX_DECLINED: it has no keys to read. */
ngx_int_t ngx_http_weir_keys_view(ngx_http_weir_issuers_t *all,
    const weir_img_issuer_t *issuer, ngx_http_weir_keys_view_t *view);

/* Issuers of the current policy as a JSON object; NGX_ERROR: no memory. */
ngx_int_t ngx_http_weir_keys_status(ngx_http_weir_issuers_t *all,
    ngx_pool_t *pool, ngx_str_t *json);

#endif
