/*
 * ngx_http_weir_revoked.h: what the store says is revoked, as workers see it.
 *
 * One worker of the node reads the set while the policy asks for it; all of
 * them look into the table that it keeps in shared memory, which outlives a
 * reload and the store.
 */

#ifndef NGX_HTTP_WEIR_REVOKED_H
#define NGX_HTTP_WEIR_REVOKED_H

#include "ngx_http_weir.h"

/* name in code, name in weir_status: why the set could not be read */
#define NGX_HTTP_WEIR_REVOKED_WHYS(W)                                         \
    W(NONE,  "")                                                              \
    W(REPLY, "unexpected_reply")        /* it is no set */                    \
    W(MOVED, "server_changed")          /* while it was read */               \
    W(ROOM,  "zone_full")

typedef enum {
#define W(name, text)  NGX_HTTP_WEIR_REVOKED_##name,
    NGX_HTTP_WEIR_REVOKED_WHYS(W)
#undef W
    NGX_HTTP_WEIR_REVOKED_STORE         /* and a result of the store */
} ngx_http_weir_revoked_why_e;

/*
 * In shared memory; the leader writes, each word with __atomic builtins.  All
 * zero: nobody asked for it.
 */
struct ngx_http_weir_revoked_shared_s {
    uint64_t  asked;        /* the policy asks the store, and that is seen to */
    uint64_t  since;        /* ms, ngx_current_msec: what is known is of then;
                               or it is asked for since then */
    uint64_t  read;         /* seconds since 1970; 0: never */
    uint64_t  passed;       /* members of other forms, the last time */
    uint64_t  reads;
    uint64_t  failures;
    uint64_t  why;          /* of the last; NONE: it went well */
    uint64_t  reserved;
};

ngx_http_weir_revoked_t *ngx_http_weir_revoked_create(ngx_conf_t *cf,
    ngx_http_weir_main_conf_t *wmcf);
/* After limits were started, and ended before they are. */
ngx_int_t ngx_http_weir_revoked_init_process(ngx_http_weir_revoked_t *revoked,
    ngx_cycle_t *cycle);
void ngx_http_weir_revoked_exit_process(ngx_http_weir_revoked_t *revoked);

/* As the engine asks: see weir_identity_t. */
weir_rc_t ngx_http_weir_revoked_ask(ngx_http_weir_revoked_t *revoked,
    weir_str_t issuer, weir_str_t what, weir_str_t value, uint32_t max);

/* The member of weir_status; there is room for 300 bytes. */
u_char *ngx_http_weir_revoked_status(ngx_http_weir_revoked_t *revoked,
    u_char *p, u_char *end);

#endif
