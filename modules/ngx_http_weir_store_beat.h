/*
 * ngx_http_weir_store_beat.h: what time it is at the store, and how many
 * nodes there are.
 *
 * One worker of the node asks once a second and whenever the store is back;
 * all of them read what it has left in shared memory, so that they agree on
 * the numbers of windows.
 */

#ifndef NGX_HTTP_WEIR_STORE_BEAT_H
#define NGX_HTTP_WEIR_STORE_BEAT_H

#include "ngx_http_weir_store.h"

/*
 * In shared memory.  The worker that leads writes; each field is read and
 * written with __atomic builtins.  All zero: nothing is known yet.
 */
typedef struct {
    uint64_t  node[2];      /* its name in the store, for the zone's life */
    uint64_t  offset;       /* ns, signed: time of the store less monotonic */
    uint64_t  measured;     /* ns, monotonic; 0: never */
    uint64_t  error;        /* ns: the offset is right but for so much */
    uint64_t  nodes;        /* that live, this one included; 0: not known */
    uint64_t  reserved[2];
} ngx_http_weir_beat_t;

/* Names the node, once in the life of a zone; before there are workers. */
ngx_int_t ngx_http_weir_beat_init(ngx_http_weir_beat_t *beat, ngx_log_t *log);
/* The same for other memory that has a name in the store: a random one. */
ngx_int_t ngx_http_weir_beat_name(uint64_t node[2], ngx_log_t *log);

/*
 * At init of a worker, after ngx_http_weir_store_start(): leads() says whether
 * it is this worker that asks.  ngx_http_weir_store_stop() ends it.
 */
ngx_int_t ngx_http_weir_beat_start(ngx_http_weir_store_t *store,
    ngx_http_weir_beat_t *beat, ngx_uint_t (*leads)(void *data), void *data);
/*
 * In exit_process, before ngx_http_weir_store_stop(), by the last worker of
 * the node: it leaves the list of nodes.
 */
void ngx_http_weir_beat_leave(ngx_http_weir_store_t *store);

/*
 * The store's time, ns since 1970.  NGX_DECLINED: it was never told.  While
 * the store is away the monotonic clock goes on for it.
 */
ngx_int_t ngx_http_weir_beat_clock(const ngx_http_weir_beat_t *beat,
    int64_t *ns);
/* At least one. */
ngx_uint_t ngx_http_weir_beat_nodes(const ngx_http_weir_beat_t *beat);

#endif
