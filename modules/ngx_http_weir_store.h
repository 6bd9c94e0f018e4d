/*
 * ngx_http_weir_store.h: Redis, or what speaks as it does, as workers see it.
 *
 * Each worker has connections of its own.  A call is a few commands on one
 * key that leave together, in one write with all else of the same turn of the
 * event loop, and whose replies come back together.  Every call is answered
 * once: by its replies, or by a failure within the timeout.  While the circuit
 * is open calls are refused at once.
 */

#ifndef NGX_HTTP_WEIR_STORE_H
#define NGX_HTTP_WEIR_STORE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include "base/str.h"
#include "run/series.h"
#include "ngx_http_weir_peer.h"

#define NGX_HTTP_WEIR_STORE_COMMANDS  4     /* of a call */
#define NGX_HTTP_WEIR_STORE_ARGS      8     /* of a command, name included */

typedef struct ngx_http_weir_store_s  ngx_http_weir_store_t;
typedef struct ngx_http_weir_conn_s   ngx_http_weir_conn_t;

/* name in code, name in weir_status: how a call ended */
#define NGX_HTTP_WEIR_STORE_RESULTS(R)                                        \
    R(OK,          "ok")                                                      \
    R(TIMEOUT,     "timeout")                                                 \
    R(LOST,        "connection_lost")                                         \
    R(OPEN,        "circuit_open")          /* was not sent */                \
    R(REFUSED,     "error_reply")           /* OOM, READONLY, NOPERM, ... */  \
    R(PROTOCOL,    "protocol_error")                                          \
    R(QUIT,        "worker_quits")

typedef enum {
#define R(name, text)  NGX_HTTP_WEIR_STORE_##name,
    NGX_HTTP_WEIR_STORE_RESULTS(R)
#undef R
    NGX_HTTP_WEIR_STORE_NRESULTS
} ngx_http_weir_store_result_e;

/* A reply to one command; texts live until the handler returns. */
typedef enum {
    NGX_HTTP_WEIR_REPLY_NIL,
    NGX_HTTP_WEIR_REPLY_INTEGER,
    NGX_HTTP_WEIR_REPLY_TEXT,               /* bulk or status */
    NGX_HTTP_WEIR_REPLY_ARRAY,
    NGX_HTTP_WEIR_REPLY_ERROR               /* only within an array */
} ngx_http_weir_reply_e;

typedef struct ngx_http_weir_reply_s  ngx_http_weir_reply_t;

struct ngx_http_weir_reply_s {
    ngx_http_weir_reply_e         type;
    int64_t                       integer;
    weir_str_t                    text;
    const ngx_http_weir_reply_t  *items;
    ngx_uint_t                    nitems;
};

typedef struct {
    weir_str_t                    args[NGX_HTTP_WEIR_STORE_ARGS];
    ngx_uint_t                    nargs;
} ngx_http_weir_command_t;

/*
 * The caller's memory.  Commands and their texts are read before
 * ngx_http_weir_store_call() returns, unless the call is sent again after a
 * redirection: they live until the handler was called.
 */
typedef struct ngx_http_weir_call_s  ngx_http_weir_call_t;

struct ngx_http_weir_call_s {
    weir_str_t                    key;      /* that decides on the node of a
                                               cluster; empty: any node */
    ngx_http_weir_command_t       commands[NGX_HTTP_WEIR_STORE_COMMANDS];
    ngx_uint_t                    ncommands;

    /* once, never from within ngx_http_weir_store_call(); replies: one for
       each command where the result is OK, else NULL */
    void                        (*handler)(ngx_http_weir_call_t *call,
                                    ngx_http_weir_store_result_e result,
                                    const ngx_http_weir_reply_t *replies);
    void                         *data;
    unsigned                      minor:1;  /* that the store refuses it says
                                               nothing of others: it does not
                                               open the circuit */

    /* the store's own */
    ngx_http_weir_store_t        *store;
    ngx_http_weir_conn_t         *conn;     /* whose pipeline it is on */
    uint64_t                      place;    /* on it */
    uint64_t                      server;   /* that has it, as long as the
                                               connection lives: another
                                               number, another one */
    ngx_queue_t                   queue;    /* of open calls */
    ngx_msec_t                    deadline;
    uint64_t                      started;  /* us */
    ngx_http_weir_reply_t         replies[NGX_HTTP_WEIR_STORE_COMMANDS];
    ngx_uint_t                    hops;     /* redirections so far */
    unsigned                      active:1; /* the handler is to be called */
    unsigned                      asking:1; /* the next hop wants ASKING */
    unsigned                      pinned:1; /* to its connection, uncounted */
};

/* name in code, name in weir_status */
#define NGX_HTTP_WEIR_CIRCUITS(C)                                             \
    C(CLOSED,    "closed")                                                    \
    C(OPEN,      "open")                                                      \
    C(HALF_OPEN, "half_open")

typedef enum {
#define C(name, text)  NGX_HTTP_WEIR_CIRCUIT_##name,
    NGX_HTTP_WEIR_CIRCUITS(C)
#undef C
    NGX_HTTP_WEIR_NCIRCUITS
} ngx_http_weir_circuit_e;

/* In shared memory, of a worker slot: only additions, by any process. */
typedef struct {
    ngx_atomic_t                  results[NGX_HTTP_WEIR_STORE_NRESULTS];
    ngx_atomic_t                  commands; /* sent */
    ngx_atomic_t                  writes;   /* that took them */
    ngx_atomic_t                  reconnects;
    ngx_atomic_t                  took;     /* us, of calls that were answered,
                                               together */
    ngx_atomic_t                  times[WEIR_NSTORE_TIMES];
} ngx_http_weir_store_counts_t;

/* The same, as it is now; the owner of the slot alone writes. */
typedef struct {
    ngx_atomic_t                  connections;
    ngx_atomic_t                  pending;
    ngx_atomic_t                  circuit;  /* 1 and ngx_http_weir_circuit_e;
                                               0: there is no store */
} ngx_http_weir_store_now_t;

/* What weir_status says of this worker's own. */
typedef struct {
    const char                   *topology; /* standalone, sentinel, cluster */
    const char                   *circuit;
    ngx_uint_t                    latency;  /* of calls: us, smoothed */
    const char                   *error;    /* the last one; "" = none */
} ngx_http_weir_store_stats_t;


/*
 * Starts; at init of a worker.  Connects by itself and again after a loss.
 * ngx_http_weir_store_lines() may come before it.
 */
ngx_int_t ngx_http_weir_store_start(ngx_http_weir_store_t *store,
    ngx_cycle_t *cycle);
/* In exit_process: what was buffered is written, calls that are still open
   end with QUIT. */
void ngx_http_weir_store_stop(ngx_http_weir_store_t *store);

/* NGX_DECLINED: it is not sent (the circuit is open, or the server of this
   key is not connected), and the handler is not called. */
ngx_int_t ngx_http_weir_store_call(ngx_http_weir_store_t *store,
    ngx_http_weir_call_t *call);
/* The call is forgotten: its handler is not called any more.  Safe after the
   end of a call, and for one that is all zero. */
void ngx_http_weir_store_cancel(ngx_http_weir_call_t *call);
/*
 * In exit_process, where no event loop runs any more: until the call has
 * ended, but at most so many milliseconds.  Others of its connection end
 * meanwhile, too.  NGX_AGAIN: it has not.
 */
ngx_int_t ngx_http_weir_store_await(ngx_http_weir_call_t *call,
    ngx_msec_t ms);

/*
 * Where it is counted, and shown, from now on; NULL: in memory of its own.
 * Counts that were made stay where they are.
 */
void ngx_http_weir_store_lines(ngx_http_weir_store_t *store,
    ngx_http_weir_store_counts_t *counts, ngx_http_weir_store_now_t *now);

/* Whether calls are taken now. */
ngx_uint_t ngx_http_weir_store_open(ngx_http_weir_store_t *store);
/* Of weir_redis: milliseconds that a call may take; the prefix of keys. */
ngx_msec_t ngx_http_weir_store_timeout(ngx_http_weir_store_t *store);
weir_str_t ngx_http_weir_store_prefix(ngx_http_weir_store_t *store);
/*
 * ngx_current_msec when a connection was last made: what was written before
 * may be lost with the one before it.
 */
ngx_msec_t ngx_http_weir_store_opened(ngx_http_weir_store_t *store);
void ngx_http_weir_store_stats(ngx_http_weir_store_t *store,
    ngx_http_weir_store_stats_t *stats);
const char *ngx_http_weir_circuit_name(ngx_uint_t circuit);

/* The setter of weir_redis (ngx_http_weir_store_conf.c). */
char *ngx_http_weir_set_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif
