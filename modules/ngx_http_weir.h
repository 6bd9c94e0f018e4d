/*
 * ngx_http_weir.h: what the files of the pack share.
 *
 * One context serves one client request: the snapshot of the request as it
 * was sent, the decision, and what is still held.  It hangs on the pool of
 * the main request, since an internal redirect zeroes module contexts.
 */

#ifndef NGX_HTTP_WEIR_H
#define NGX_HTTP_WEIR_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_weir_peer.h"
#include "ngx_http_weir_policy.h"
#include "ngx_http_weir_store.h"
#include "ngx_http_weir_store_beat.h"
#include "ngx_http_weir_tables.h"
#include "run/decide.h"
#include "run/memory.h"
#include "run/revoked.h"

/* of ngx_http_weir_loc_conf_t.mode */
#define NGX_HTTP_WEIR_OFF      0
#define NGX_HTTP_WEIR_ON       1
#define NGX_HTTP_WEIR_DRY_RUN  2

#define NGX_HTTP_TOO_EARLY     425

typedef enum {
#define V(name, text, doc)  NGX_HTTP_WEIR_VAR_##name,
    NGX_HTTP_WEIR_VARIABLES(V)
#undef V
    NGX_HTTP_WEIR_NVARS
} ngx_http_weir_var_e;

typedef enum {
#define C(name, text)  NGX_HTTP_WEIR_N_##name,
    NGX_HTTP_WEIR_COUNTERS(C)
    NGX_HTTP_WEIR_SPAN_COUNTERS(C)
    NGX_HTTP_WEIR_LIMIT_COUNTERS(C)
#undef C
    NGX_HTTP_WEIR_NCOUNTERS
} ngx_http_weir_counter_e;

typedef enum {
#define G(name)  NGX_HTTP_WEIR_G_##name,
    NGX_HTTP_WEIR_GAUGES(G)
#undef G
    NGX_HTTP_WEIR_NGAUGES
} ngx_http_weir_gauge_e;

/*
 * Lines of a lane (see ngx_http_weir_limits.h).  What is counted is only added
 * to, and outlives whoever added; what is, the owner of the lane alone stores,
 * and it is zero where there is none.
 */
typedef struct {
    ngx_atomic_t                  n[NGX_HTTP_WEIR_NCOUNTERS];
    ngx_atomic_t                  denied[WEIR_REASON_COUNT];
    ngx_http_weir_store_counts_t  store;

    ngx_http_weir_store_now_t     store_now;
    ngx_atomic_t                  gauges[NGX_HTTP_WEIR_NGAUGES];
} ngx_http_weir_counters_t;

/* Sums over all lanes. */
typedef struct {
    ngx_http_weir_counters_t      all;
    ngx_uint_t                    circuits[NGX_HTTP_WEIR_NCIRCUITS];
                                            /* lanes, by their circuit */
} ngx_http_weir_sum_t;

typedef enum {
#define P(name, text)  NGX_HTTP_WEIR_PART_##name,
    NGX_HTTP_WEIR_PARTS(P)
#undef P
    NGX_HTTP_WEIR_NPARTS
} ngx_http_weir_part_e;

/* A part of shared memory. */
typedef struct {
    uint64_t                      bytes;        /* 0: there is none */
    uint64_t                      used;
    unsigned                      known:1;      /* used is */
} ngx_http_weir_part_t;

typedef struct ngx_http_weir_zone_s   ngx_http_weir_zone_t;
typedef struct ngx_http_weir_audit_s  ngx_http_weir_audit_t;
typedef struct ngx_http_weir_wait_s   ngx_http_weir_wait_t;
typedef struct ngx_http_weir_issuers_s  ngx_http_weir_issuers_t;
typedef struct ngx_http_weir_limits_s  ngx_http_weir_limits_t;
typedef struct ngx_http_weir_lanes_s  ngx_http_weir_lanes_t;
typedef struct ngx_http_weir_splits_s  ngx_http_weir_splits_t;
typedef struct ngx_http_weir_split_sync_s  ngx_http_weir_split_sync_t;
typedef struct ngx_http_weir_split_shared_s  ngx_http_weir_split_shared_t;
typedef struct ngx_http_weir_mirrors_s  ngx_http_weir_mirrors_t;
typedef struct ngx_http_weir_metrics_s  ngx_http_weir_metrics_t;
typedef struct ngx_http_weir_trace_s  ngx_http_weir_trace_t;
typedef struct ngx_http_weir_span_s  ngx_http_weir_span_t;
typedef struct ngx_http_weir_revoked_s  ngx_http_weir_revoked_t;
typedef struct ngx_http_weir_revoked_shared_s  ngx_http_weir_revoked_shared_t;

typedef struct {
    ngx_http_weir_policy_t      *policy;        /* NULL: no weir_policy */
    ngx_shm_zone_t              *zone;
    ngx_http_weir_counters_t    *counters;      /* this worker's; or NULL */
    ngx_http_weir_outgoing_t     outgoing;
    ngx_http_weir_issuers_t     *issuers;
    ngx_http_weir_limits_t      *limits;
    ngx_http_weir_splits_t      *splits;
    ngx_http_weir_split_sync_t  *split_sync;
    ngx_http_weir_mirrors_t     *mirrors;
    ngx_http_weir_revoked_t     *revoked;
    ngx_http_weir_metrics_t     *metrics;       /* NULL: off */
    ngx_http_weir_audit_t       *audits;        /* every log, or NULL */
    ngx_http_weir_trace_t       *trace;         /* NULL: no weir_otlp */
    ngx_http_weir_store_t       *store;         /* NULL: no weir_redis */
    ngx_str_t                    trusted;       /* file, or empty */
    ngx_path_t                  *jwks_cache;    /* or NULL */
    ngx_str_t                    state_file;    /* or empty */
    ngx_str_t                    drain;         /* file, or empty */
    time_t                       drain_looked;

    ngx_int_t                    request_id;    /* index of $request_id */
    ngx_int_t                    request_uri;   /* index of $request_uri */
    ngx_int_t                    realip;        /* its ctx_index, or -1 */
    ngx_int_t                   *vars;          /* indexes of ours in use */
    ngx_uint_t                   nvars;
    ngx_int_t                   *sent;          /* those of $http_, $cookie_ */
    ngx_uint_t                   nsent;

    ngx_queue_t                  holds;         /* requests with a pin */
    ngx_queue_t                 *looked;        /* the last one looked at, or
                                                   NULL */
    uint64_t                     drawn;         /* ids, by this worker */

    const char                  *needs;         /* directive that needs a */
    ngx_str_t                    file;          /* policy, and where it is */
    ngx_uint_t                   line;
    time_t                       complained;    /* of an answer's headers */

    weir_str_t                   page_csp;      /* of the dashboard, and */
    ngx_str_t                    page_tag;      /* its ETag; or empty */

    unsigned                     step:1;        /* see ngx_http_weir_pass() */
    unsigned                     draining:1;    /* the file was there */
} ngx_http_weir_main_conf_t;

typedef struct {
    ngx_http_weir_audit_t       *audit;         /* NULL: off */
    unsigned                     used:1;        /* some location is not off */
} ngx_http_weir_srv_conf_t;

typedef struct {
    ngx_uint_t                   mode;
    unsigned                     stated:1;      /* mode, here or around */
    ngx_uint_t                   guarded;       /* line of what needs "weir",
                                                   or 0 */
    ngx_str_t                    guarded_file;
    const char                  *guarded_name;
#if (WEIR_TEST)
    ngx_msec_t                   test_delay;
    ngx_msec_t                   test_timeout;
#endif
} ngx_http_weir_loc_conf_t;

typedef struct {
    weir_str_t                   name;          /* lower case */
    weir_str_t                   value;
} ngx_http_weir_pair_t;

/* A map of the host, built on first use: distinct names. */
typedef struct {
    ngx_http_weir_pair_t        *pairs;
    uint32_t                     n;
    unsigned                     built:1;
    weir_eval_error_t            error;         /* what it is instead */
} ngx_http_weir_map_t;

typedef struct {
    ngx_http_request_t          *request;       /* the main one */

    /* as sent: req, and what follows */
    weir_request_t               req;
    weir_str_t                   target;        /* path and query as sent */
    weir_str_t                   canonical;     /* the same as decided */
    weir_str_t                   query;
    weir_str_t                   authority;     /* not from a Host header */
    weir_str_t                   uri;           /* normalised by nginx */
    ngx_http_weir_pair_t        *headers;
    ngx_uint_t                   nheaders;
    off_t                        content_length;
    ngx_uint_t                   method;        /* NGX_HTTP_GET and so on */

    ngx_http_weir_map_t          header_map;
    ngx_http_weir_map_t          cookies;
    ngx_http_weir_map_t          params;
    ngx_http_weir_map_t          response;

    ngx_http_weir_pin_t          pin;
    ngx_queue_t                  hold;          /* while there is a pin */
    void                        *memory;        /* of txn */
    weir_txn_t                  *txn;
    ngx_http_weir_wait_t        *wait;          /* NULL until it first waits */
    ngx_msec_t                   patience;      /* 0 until a stage waits */
    struct ngx_http_weir_ask_wait_s  *asks;     /* of the store */
    ngx_uint_t                   nasks;         /* of them that it waits for */
    weir_cert_t                 *cert;          /* see ngx_http_weir_cert() */
    ngx_http_weir_span_t        *span;          /* NULL: no weir_trace */

    /* texts lie in image and txn; see ngx_http_weir_let_go() */
    weir_decision_t              decision;
    weir_str_t                   plan;
    weir_str_t                   roles;         /* by commas */
    weir_str_t                   host;          /* canonical */
    weir_str_t                   path;          /* canonical */
    weir_str_t                   new_path;      /* that the upstream gets;
                                                   empty: the same */
    weir_str_t                   policy;        /* name */
    uint64_t                     generation;
    uint64_t                     serial;

    ngx_http_weir_pair_t        *told;          /* headers about limits */
    ngx_uint_t                   ntold;
    weir_flight_t               *flights;       /* once there is no txn */
    uint32_t                     nflights;
    ngx_uint_t                   run;           /* see routed: its attempts
                                                   are from this one on */

    unsigned                     snapshot:1;
    unsigned                     has_serial:1;
    unsigned                     decided:1;     /* decision is final */
    unsigned                     refused:1;     /* and was acted upon */
    unsigned                     cleaned:1;     /* of aliases */
    unsigned                     described:1;   /* plan to serial are set */
    unsigned                     has_cert:1;    /* cert is, if there is one */
    unsigned                     enforced:1;    /* it was let on */
    unsigned                     tells:1;       /* told is complete */
    unsigned                     routed:1;      /* $weir_upstream was read */
    unsigned                     strayed:1;     /* since, without an attempt */
    unsigned                     arm_counted:1;
    unsigned                     finished:1;    /* charged, counted, audited */
    unsigned                     metered:1;     /* the decision, in metrics */
#if (WEIR_TEST)
    unsigned                     delayed:1;
#endif
} ngx_http_weir_ctx_t;


#define ngx_http_weir_str(s)  weir_str((const char *) (s)->data, (s)->len)

/* the two arguments of nginx's "%*s" */
#define NGX_HTTP_WEIR_STR(s)  (s).len, (u_char *) (s).data


/* ngx_http_weir_conf.c */

char *ngx_http_weir_set_mode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_weir_set_policy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_weir_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_weir_set_trusted(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_weir_set_jwks_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
#if (WEIR_TEST)
char *ngx_http_weir_set_test_delay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
#endif

/* For setters: without a weir_policy, this directive is an error. */
void ngx_http_weir_needs_policy(ngx_conf_t *cf, const char *directive);

/* For setters: this location must say "weir on" or "weir off". */
void ngx_http_weir_needs_mode(ngx_conf_t *cf, const char *directive);

/* ngx_http_weir_process.c */

ngx_int_t ngx_http_weir_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_weir_init_process(ngx_cycle_t *cycle);
void ngx_http_weir_exit_process(ngx_cycle_t *cycle);

/* ngx_http_weir_access.c */

/* Before there are workers: warns of files that they cannot read or write. */
void ngx_http_weir_access_check(ngx_cycle_t *cycle,
    ngx_http_weir_main_conf_t *wmcf);

/* ngx_http_weir_request.c */

/* The context of the main request, or NULL. */
ngx_http_weir_ctx_t *ngx_http_weir_get_ctx(ngx_http_request_t *r);
/* A context without a snapshot, and room for that many headers. */
ngx_http_weir_ctx_t *ngx_http_weir_create_ctx(ngx_http_request_t *r,
    ngx_uint_t headers);
/*
 * The decision that allows the request here; an empty one where the location
 * is not under the policy; else NULL.  For what says or does more than a dry
 * run may let on.
 */
const weir_decision_t *ngx_http_weir_allowed(ngx_http_request_t *r);
/* NGX_OK: it is allowed, GET or HEAD, and its body is discarded; or its end. */
ngx_int_t ngx_http_weir_read_only(ngx_http_request_t *r);
/* NGX_DONE: events finalize it, and it ends when the client leaves. */
ngx_int_t ngx_http_weir_answer_later(ngx_http_request_t *r);
/* The event comes again in the next turn of the loop; that of a request. */
void ngx_http_weir_next_turn(ngx_event_t *ev);
void ngx_http_weir_no_turn(ngx_event_t *ev);
/* SERVER_REWRITE, first. */
ngx_int_t ngx_http_weir_snapshot_handler(ngx_http_request_t *r);
/* A header as sent, the nth of its name; data NULL: there is none. */
weir_str_t ngx_http_weir_header(ngx_http_weir_ctx_t *ctx, weir_str_t name,
    ngx_uint_t nth);
/*
 * Path and query under the path that is decided on; as they were sent where
 * that is the same.  data NULL: no memory.  Once the path is normalised.
 */
weir_str_t ngx_http_weir_target(ngx_http_weir_ctx_t *ctx);
weir_str_t ngx_http_weir_request_id(ngx_http_weir_ctx_t *ctx);
/* ms since it began; 0 where the time was set back. */
uint64_t ngx_http_weir_took(ngx_http_request_t *r);
/* A variable of nginx by name, empty where it has none. */
weir_str_t ngx_http_weir_nginx_variable(ngx_http_request_t *r,
    const char *name);
/* Sets what variables and the log say beside the decision. */
void ngx_http_weir_describe(ngx_http_weir_ctx_t *ctx);
/* Counts and audits the decision; once. */
void ngx_http_weir_finish(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_hold.c */

/* NGX_ERROR: this worker cannot serve under any policy. */
ngx_int_t ngx_http_weir_hold(ngx_http_weir_ctx_t *ctx);
/* At the end of the request; does nothing the second time. */
void ngx_http_weir_unhold(ngx_http_weir_ctx_t *ctx);
/* The same before the end: finishes, and what was decided can be read. */
void ngx_http_weir_let_go(ngx_http_weir_ctx_t *ctx);
/* See ngx_http_weir_policy_waits_pt; data is the main configuration. */
ngx_uint_t ngx_http_weir_holds_look(void *data);

/* ngx_http_weir_drain.c */

char *ngx_http_weir_set_drain(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* Before the headers of an answer: whether its connection ends with it. */
void ngx_http_weir_drain(ngx_http_request_t *r);

/* ngx_http_weir_trace_context.c */

/* Of the client's traceparent, else the id of the request. */
weir_str_t ngx_http_weir_trace_id(ngx_http_weir_ctx_t *ctx);
/* Of this request's span; empty where weir_trace is off. */
weir_str_t ngx_http_weir_span_id(ngx_http_weir_ctx_t *ctx);
weir_str_t ngx_http_weir_traceparent(ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_identity.c */

extern const weir_identity_t  ngx_http_weir_identity;

/* Takes the credentials that the route looked at out of the request. */
ngx_int_t ngx_http_weir_strip(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
/* Roles of the caller, by commas. */
weir_str_t ngx_http_weir_roles(ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_cert.c */

/* The client's certificate; NULL: there is none, or no memory. */
const weir_cert_t *ngx_http_weir_cert(ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_decide.c */

/* REWRITE, first. */
ngx_int_t ngx_http_weir_decide_handler(ngx_http_request_t *r);
/* What an upstream gets as path and query, also by $request_uri. */
void ngx_http_weir_set_target(ngx_http_request_t *r, weir_str_t target);

/* ngx_http_weir_transform.c */

/* Does to an allowed request what its route says; once. */
ngx_int_t ngx_http_weir_transform(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
/* For a request that enters a location, and is said not to be under it. */
void ngx_http_weir_relocate(ngx_http_request_t *r);
/* data NULL: no memory. */
weir_str_t ngx_http_weir_copy_text(ngx_pool_t *pool, weir_str_t s);

/* ngx_http_weir_edge.c */

/* Does to an answer to the main request what its route says. */
ngx_int_t ngx_http_weir_edge(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_host.c */

extern const weir_host_t  ngx_http_weir_host;

/* http or https */
weir_str_t ngx_http_weir_scheme(ngx_http_request_t *r);

/* ngx_http_weir_maps.c */

/* Of WEIR_A_REQUEST_HEADERS, COOKIES and PARAMS, and RESPONSE_HEADERS. */
ngx_http_weir_map_t *ngx_http_weir_map(ngx_http_weir_ctx_t *ctx,
    unsigned attr);
/* NULL: it has none of that name. */
ngx_http_weir_pair_t *ngx_http_weir_map_find(ngx_http_weir_map_t *map,
    weir_str_t name);
/* Keeps response.headers as they are now, before we change them. */
void ngx_http_weir_response_came(ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_refuse.c */

/* The value that a phase handler returns to refuse as the decision says. */
ngx_int_t ngx_http_weir_refuse(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);
/* Cuts off what stands before the separator, without blanks around it. */
weir_str_t ngx_http_weir_next(weir_str_t *s, char separator);
/* Of parameters of a range, in thousandths; malformed is 0. */
ngx_int_t ngx_http_weir_q(weir_str_t params);

/* ngx_http_weir_limits.c */

extern const weir_limiter_t  ngx_http_weir_limiter;

ngx_http_weir_limits_t *ngx_http_weir_limits_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);
ngx_int_t ngx_http_weir_limits_init_process(ngx_http_weir_limits_t *limits,
    ngx_cycle_t *cycle);
void ngx_http_weir_limits_exit_process(ngx_http_weir_limits_t *limits);
/* What the response costs. */
void ngx_http_weir_limits_charge(ngx_http_weir_ctx_t *ctx);
void ngx_http_weir_limits_count(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_ctx_t *ctx);
/* Takes out of the transaction what is to be released without it. */
ngx_int_t ngx_http_weir_limits_keep(ngx_http_weir_ctx_t *ctx);
/* At the end of the request: nothing is in flight any more. */
void ngx_http_weir_limits_release(ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_limit_asks.c */

/* The request waits for nothing any more; its holds are not touched. */
void ngx_http_weir_asks_forget(ngx_http_weir_ctx_t *ctx);
/* What it still waits for has failed. */
void ngx_http_weir_asks_give_up(ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_limit_headers.c */

/* Adds them to an answer of the main request. */
ngx_int_t ngx_http_weir_limit_headers(ngx_http_request_t *r,
    ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_wait.c */

/*
 * Suspends the main request inside a handler of a rewrite phase, which then
 * returns what this returned: NGX_DONE, or NGX_ERROR.  The phases go on at
 * the same handler after ngx_http_weir_wake() or the timeout; a request that
 * ends before is forgotten.
 */
ngx_int_t ngx_http_weir_wait(ngx_http_weir_ctx_t *ctx, ngx_msec_t timeout);
/* Safe at any time, also for a request that does not wait. */
void ngx_http_weir_wake(ngx_http_weir_ctx_t *ctx);
/* Whether the last wait ended by its timeout. */
ngx_uint_t ngx_http_weir_timed_out(ngx_http_weir_ctx_t *ctx);
void ngx_http_weir_wait_cleanup(ngx_http_weir_ctx_t *ctx);
#if (WEIR_TEST)
ngx_int_t ngx_http_weir_test_wait(ngx_http_weir_ctx_t *ctx, ngx_msec_t delay,
    ngx_msec_t timeout);
#endif

/* ngx_http_weir_headers.c */

/* Host, framing and hop-by-hop headers are nginx's. */
ngx_uint_t ngx_http_weir_header_is_fixed(weir_str_t name);
/*
 * Names are in lower case.  A removal takes every header of that name and of
 * its aliases (x_user of x-user): an upstream may know them as one.  Of a
 * fixed one: NGX_DECLINED.
 */
ngx_int_t ngx_http_weir_header_remove(ngx_http_request_t *r, weir_str_t name);
/* Removes, then adds; both texts live as long as the request. */
ngx_int_t ngx_http_weir_header_set(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value);
/* Beside those that are there. */
ngx_int_t ngx_http_weir_header_add(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value);
/* Removes aliases only. */
ngx_int_t ngx_http_weir_header_remove_aliases(ngx_http_request_t *r,
    weir_str_t name);

/* ngx_http_weir_headers_out.c */

/* Every header of an answer that has this name, in any case. */
ngx_int_t ngx_http_weir_out_remove(ngx_http_request_t *r, weir_str_t name);
/* The same of a name that nginx has no field for. */
void ngx_http_weir_out_drop(ngx_http_request_t *r, weir_str_t name);
/*
 * One more in the list alone, where no directive finds it to replace it;
 * NULL: no memory.  Both texts live as long as the request.
 */
ngx_table_elt_t *ngx_http_weir_out_push(ngx_http_request_t *r,
    weir_str_t name, weir_str_t value);
/* Beside those that are there, as an upstream's header is. */
ngx_int_t ngx_http_weir_out_add(ngx_http_request_t *r, weir_str_t name,
    weir_str_t value);

/* ngx_http_weir_variables.c */

ngx_int_t ngx_http_weir_add_variables(ngx_conf_t *cf);
/* Which of ours are indexed, so that they can be forgotten. */
ngx_int_t ngx_http_weir_init_variables(ngx_cycle_t *cycle,
    ngx_http_core_main_conf_t *cmcf, ngx_http_weir_main_conf_t *wmcf);
/* The upstream block of that name that the configuration has, or NULL. */
ngx_http_upstream_srv_conf_t *ngx_http_weir_find_upstream(
    ngx_http_request_t *r, weir_str_t name);
/* Forgets values that were read before there was a decision. */
void ngx_http_weir_reset_variables(ngx_http_request_t *r);
/* The same of request headers, some of which are now gone. */
void ngx_http_weir_reset_headers(ngx_http_request_t *r);

/* ngx_http_weir_audit.c */

char *ngx_http_weir_set_audit_log(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_weir_audit(ngx_http_request_t *r, ngx_http_weir_ctx_t *ctx);

/* ngx_http_weir_audit_line.c */

/* Whether the policy redacts what has that name, such as "principal.sub". */
ngx_uint_t ngx_http_weir_redacts(const weir_image_t *img, weir_str_t name);
/* The first half of its SHA-256; an empty text stays one. */
weir_str_t ngx_http_weir_hashed(weir_str_t text, u_char hex[WEIR_SHA256_LEN]);
/* The text itself, or that where the policy says so.  img may be NULL. */
weir_str_t ngx_http_weir_redact(const weir_image_t *img, weir_str_t name,
    weir_str_t text, u_char hex[WEIR_SHA256_LEN]);

/* ngx_http_weir_control.c */

char *ngx_http_weir_set_control(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_http_weir_status_module.c */

/* As weir_status answers. */
ngx_int_t ngx_http_weir_status_handler(ngx_http_request_t *r);

/* ngx_http_weir_memory.c */

void ngx_http_weir_memory(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_part_t parts[NGX_HTTP_WEIR_NPARTS]);
const char *ngx_http_weir_part_name(ngx_uint_t part);

/* ngx_http_weir_json.c */

/*
 * Writes s as a JSON string, quotes included, into at most end - p bytes,
 * and cuts it at a character where it does not fit; malformed UTF-8 becomes
 * U+FFFD.  Returns the new end; there is room for two bytes at least.
 */
u_char *ngx_http_weir_json(u_char *p, u_char *end, weir_str_t s);
/* The same of a time, by RFC 3339, in UTC: at most 22 bytes. */
u_char *ngx_http_weir_json_time(u_char *p, u_char *end, time_t t);
/* Answers with all of a chain, of so many bytes. */
ngx_int_t ngx_http_weir_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_chain_t *out, off_t size);
ngx_int_t ngx_http_weir_send_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_buf_t *b);

/* ngx_http_weir_zone.c */

ngx_shm_zone_t *ngx_http_weir_zone_add(ngx_conf_t *cf, size_t size);
/* So many pages, all zero, which nobody touches before they are used, and
   their bytes; or NULL. */
void *ngx_http_weir_zone_pages(ngx_slab_pool_t *shpool, ngx_uint_t pages,
    size_t *size);
/* The lines of a lane; NULL when memory is short. */
ngx_http_weir_counters_t *ngx_http_weir_zone_counters(ngx_shm_zone_t *zone,
    ngx_uint_t lane);
/* The lane has no owner any more: nothing is. */
void ngx_http_weir_zone_forget(ngx_shm_zone_t *zone, ngx_uint_t lane);
/* Tokens that were verified, ids that came; NULL when the zone is small. */
weir_tokens_t *ngx_http_weir_zone_tokens(ngx_shm_zone_t *zone);
weir_seen_t *ngx_http_weir_zone_seen(ngx_shm_zone_t *zone);
/* What is counted, or NULL; and its lanes. */
weir_limits_t *ngx_http_weir_zone_limits(ngx_shm_zone_t *zone);
ngx_http_weir_lanes_t *ngx_http_weir_zone_lanes(ngx_shm_zone_t *zone);
/* How splits stand, or NULL. */
weir_splits_t *ngx_http_weir_zone_splits(ngx_shm_zone_t *zone);
/* What this node and others agree upon of them. */
ngx_http_weir_split_shared_t *ngx_http_weir_zone_split_sync(
    ngx_shm_zone_t *zone);
/* What is revoked, or NULL; what is known of that is always there. */
weir_revoked_t *ngx_http_weir_zone_revoked(ngx_shm_zone_t *zone,
    ngx_http_weir_revoked_shared_t **shared);
/* The store's clock, and how many nodes there are. */
ngx_http_weir_beat_t *ngx_http_weir_zone_beat(ngx_shm_zone_t *zone);
/* Counters began then, at 0. */
time_t ngx_http_weir_zone_began(ngx_shm_zone_t *zone);
/* Adds what it is made of to those of ngx_http_weir_memory(). */
void ngx_http_weir_zone_parts(ngx_shm_zone_t *zone,
    ngx_http_weir_part_t *parts);
void ngx_http_weir_zone_sum(ngx_shm_zone_t *zone, ngx_http_weir_sum_t *sum);

#define ngx_http_weir_count(wmcf, name, by)                                   \
    if ((wmcf)->counters) {                                                   \
        (void) ngx_atomic_fetch_add(                                          \
                   &(wmcf)->counters->n[NGX_HTTP_WEIR_N_##name], (by));       \
    }

#define ngx_http_weir_gauge(wmcf, name, value)                                \
    if ((wmcf)->counters) {                                                   \
        (wmcf)->counters->gauges[NGX_HTTP_WEIR_G_##name] = (value);           \
    }


extern ngx_module_t  ngx_http_weir_module;
extern ngx_module_t  ngx_http_weir_core_module;
extern ngx_module_t  ngx_http_weir_status_module;
extern ngx_module_t  ngx_http_weir_metrics_module;
extern ngx_module_t  ngx_http_weir_trace_module;

#endif
