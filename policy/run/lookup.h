/*
 * lookup.h: what the image's indexes say of a request: its tenant and its
 * route.
 *
 * The cost depends on the request (labels of its host, segments of its path),
 * not on how many tenants and routes there are.
 */

#ifndef WEIR_RUN_LOOKUP_H
#define WEIR_RUN_LOOKUP_H

#include "base/ip.h"
#include "run/eval.h"

/* Indices of tenants, or WEIR_NONE. */
uint32_t weir_lookup_tenant(const weir_image_t *img, weir_str_t id);
uint32_t weir_lookup_tenant_host(const weir_image_t *img, weir_str_t host);

/* Whether a peer may name the tenant by the header of a resolve rule. */
bool weir_lookup_trusts(const weir_image_t *img, const weir_img_resolve_t *r,
    const weir_ip_t *peer);

/* WEIR_METHOD_* as a bit; 0: another one. */
uint32_t weir_method_bit(weir_str_t method);

/* What indexes look at; path and host are normalised. */
typedef struct {
    const weir_image_t  *image;
    weir_str_t           host;
    weir_str_t           path;
    weir_str_t           method;
    const weir_ip_t     *peer;      /* of the TCP connection */
    const weir_host_t   *ops;       /* for headers */
    void                *data;
} weir_lookup_t;

/*
 * The tenant that the request names: by a host of its own, else by the first
 * resolve rule that fits.  WEIR_DECLINED: it names none; WEIR_ERROR: it names
 * one that does not exist.
 */
weir_rc_t weir_lookup_candidate(const weir_lookup_t *q, uint32_t *tenant);

typedef struct {
    uint32_t     route;
    uint32_t     nparams;
    weir_str_t  *params;        /* slices of the path; the caller brings room
                                   for as many as a route of the image has */
} weir_match_t;

/*
 * The most specific route: exact host before wildcard hosts, longest first,
 * before any; then segment by segment, literal before parameter with pattern
 * before parameter before rest; then a listed method before any, then more
 * header tests.  Patterns of one place that take the same segment are equal:
 * what follows decides.
 * WEIR_DECLINED: none; WEIR_ERROR: a pattern passed its match limit, so there
 * is no saying.
 */
weir_rc_t weir_lookup_route(const weir_lookup_t *q, weir_match_t *m);

#endif
