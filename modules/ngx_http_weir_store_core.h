/*
 * ngx_http_weir_store_core.h: between the files of the store.
 *
 *     store_conf   weir_redis                      what was configured
 *     store_url    its URL, addresses
 *     store        calls, timeouts, circuit        what others see
 *     store_direct, _sentinel, _cluster            which server: a topology
 *     store_conn   one connection
 *     store_pipe   the calls that are on it
 *     store_resp   hiredis: writes commands, reads replies
 *     store_await  calls of a worker that ends
 *
 * A topology finds servers and opens connections; the store asks it for the
 * one that a call goes to, and hands it what servers say about themselves.
 */

#ifndef NGX_HTTP_WEIR_STORE_CORE_H
#define NGX_HTTP_WEIR_STORE_CORE_H

#include "ngx_http_weir_store.h"

#define NGX_HTTP_WEIR_STORE_SEEDS   16      /* addresses of weir_redis */
#define NGX_HTTP_WEIR_STORE_HOPS    5       /* redirections of a call */
/* bytes of a reply to a call: HSCAN gives a small hash, 512 fields and values
   of 64 bytes, at once */
#define NGX_HTTP_WEIR_STORE_REPLY   131072
#define NGX_HTTP_WEIR_STORE_DEPTH   5       /* arrays in arrays */
#define NGX_HTTP_WEIR_STORE_SECRET  512     /* bytes of a user, a password */
#define NGX_HTTP_WEIR_STORE_WHY     160     /* of a text about a failure */

typedef enum {
    NGX_HTTP_WEIR_STORE_DIRECT,
    NGX_HTTP_WEIR_STORE_SENTINEL,
    NGX_HTTP_WEIR_STORE_CLUSTER
} ngx_http_weir_store_kind_e;

/* weir_redis, as configured; const afterwards. */
typedef struct {
    ngx_http_weir_store_kind_e       kind;
    ngx_http_weir_url_t              seeds[NGX_HTTP_WEIR_STORE_SEEDS];
    ngx_uint_t                       nseeds;
    ngx_str_t                        master;    /* SENTINEL: its name */
    ngx_str_t                        user;      /* empty: none (AUTH pass) */
    ngx_str_t                        password;  /* empty: no AUTH */
    ngx_str_t                        sentinel_user;
    ngx_str_t                        sentinel_password;
    ngx_uint_t                       db;
    ngx_str_t                        prefix;    /* "weir" */
    ngx_msec_t                       timeout;   /* of a call: 50 */
    ngx_msec_t                       connect_timeout;   /* 1000 */
    unsigned                         tls:1;     /* of all connections */
    const ngx_http_weir_outgoing_t  *outgoing;
} ngx_http_weir_store_conf_t;

typedef struct ngx_http_weir_resp_s      ngx_http_weir_resp_t;
typedef struct ngx_http_weir_topology_s  ngx_http_weir_topology_t;

typedef enum {
    NGX_HTTP_WEIR_CONN_CLOSED,
    NGX_HTTP_WEIR_CONN_OPENING,             /* TCP, TLS, AUTH, SELECT */
    NGX_HTTP_WEIR_CONN_READY,
    NGX_HTTP_WEIR_CONN_FAILED               /* waits to be opened again */
} ngx_http_weir_conn_state_e;

/*
 * One server.  It connects again by itself, with back-off and jitter, until
 * it is destroyed.  Calls that are on it when it is lost end with LOST, or
 * with PROTOCOL.
 */
struct ngx_http_weir_conn_s {
    ngx_http_weir_store_t           *store;
    ngx_http_weir_url_t              url;
    ngx_str_t                        user;
    ngx_str_t                        password;
    ngx_int_t                        db;        /* -1: no SELECT */
    size_t                           limit;     /* bytes of a reply; 0:
                                                   NGX_HTTP_WEIR_STORE_REPLY */
    ngx_http_weir_conn_state_e       state;

    /* of the topology; each may be NULL, and may destroy the connection */
    void                           (*ready)(ngx_http_weir_conn_t *conn);
    /* every time, attempts that failed included; texts until it returns */
    void                           (*lost)(ngx_http_weir_conn_t *conn,
                                       const char *why);
    /* a message that answers no call; what SUBSCRIBE says first answers the
       call, where it was one */
    void                           (*push)(ngx_http_weir_conn_t *conn,
                                       const ngx_http_weir_reply_t *message);
    void                            *data;

    ngx_uint_t                       silent;    /* calls in a row that ended
                                                   by the timeout */
    ngx_uint_t                       openings;  /* so far */
    ngx_msec_t                       since;     /* the last one began */

    ngx_pool_t                      *pool;      /* its own */
    struct ngx_http_weir_pipe_s     *pipe;      /* of store_pipe.h */
};

/*
 * Where calls go.  The store owns it; all callbacks come from the event loop.
 */
struct ngx_http_weir_topology_s {
    const char  *name;

    ngx_int_t  (*start)(ngx_http_weir_store_t *store);
    void       (*stop)(ngx_http_weir_store_t *store);
    /* the connection for a call, ready or not; NULL: none is known */
    ngx_http_weir_conn_t *(*pick)(ngx_http_weir_store_t *store,
        const ngx_http_weir_call_t *call);
    /*
     * An error reply of a server to a call (the text without the hyphen).
     * A connection: the call is sent again there, whole; NULL: it is a
     * failure.  May begin to look for the servers anew.
     */
    ngx_http_weir_conn_t *(*error)(ngx_http_weir_store_t *store,
        ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call,
        weir_str_t text);
};

extern const ngx_http_weir_topology_t  ngx_http_weir_store_direct;
extern const ngx_http_weir_topology_t  ngx_http_weir_store_sentinel;
extern const ngx_http_weir_topology_t  ngx_http_weir_store_cluster;

struct ngx_http_weir_store_s {
    ngx_http_weir_store_conf_t       conf;
    const ngx_http_weir_topology_t  *topology;  /* by conf.kind, at start */
    void                            *servers;   /* of the topology */
    ngx_cycle_t                     *cycle;     /* of this worker */
    ngx_log_t                       *log;
    struct ngx_http_weir_circuit_s  *circuit;   /* of store.c; NULL: stopped */
    struct ngx_http_weir_pulse_s    *pulse;     /* of store_beat.c, or NULL */
    ngx_http_weir_store_stats_t      stats;
    ngx_uint_t                       connections;   /* that are ready */
    ngx_uint_t                       pending;       /* calls */
    ngx_msec_t                       opened;        /* see _opened() */

    ngx_http_weir_store_counts_t    *counts;    /* in shared memory, or */
    ngx_http_weir_store_counts_t     own;
    ngx_http_weir_store_now_t       *now;       /* in shared memory, or NULL */
};

#define ngx_http_weir_store_count(store, field, by)                           \
    (void) ngx_atomic_fetch_add(&(store)->counts->field, by)

/* store_resp.c */

size_t ngx_http_weir_resp_size(const ngx_http_weir_command_t *command);
/* At most that many bytes; returns where they end. */
u_char *ngx_http_weir_resp_write(u_char *p,
    const ngx_http_weir_command_t *command);

/* limit: bytes of a reply */
ngx_http_weir_resp_t *ngx_http_weir_resp_create(size_t limit, ngx_log_t *log);
void ngx_http_weir_resp_destroy(ngx_http_weir_resp_t *resp);
ngx_int_t ngx_http_weir_resp_feed(ngx_http_weir_resp_t *resp, u_char *bytes,
    size_t len);
/* NGX_OK: a reply; NGX_AGAIN: it wants more bytes; NGX_ERROR: for good. */
ngx_int_t ngx_http_weir_resp_next(ngx_http_weir_resp_t *resp,
    ngx_http_weir_reply_t *reply);
/* Texts and arrays of all replies so far are no more. */
void ngx_http_weir_resp_clear(ngx_http_weir_resp_t *resp);
const char *ngx_http_weir_resp_error(ngx_http_weir_resp_t *resp);

/* store_conn.c */

/*
 * A closed one, with the configuration's user, password and db; copies the
 * URL.  NULL: no memory.
 */
ngx_http_weir_conn_t *ngx_http_weir_conn_create(ngx_http_weir_store_t *store,
    const ngx_http_weir_url_t *url);
/* At once, also where it waits to be opened again; else it stays as it is. */
void ngx_http_weir_conn_open(ngx_http_weir_conn_t *conn);
/* Ends its calls with a result; and it, and its memory. */
void ngx_http_weir_conn_destroy(ngx_http_weir_conn_t *conn,
    ngx_http_weir_store_result_e result);
/* Lost, as if the server had closed it; connects again. */
void ngx_http_weir_conn_reset(ngx_http_weir_conn_t *conn, const char *why);
/*
 * Puts a call on the pipeline; it is written at the end of this turn.  While
 * it is opening, the call waits.  No circuit, no timeout of its own.
 * NGX_ERROR: no memory, or too much is waiting; the call is not on it.
 */
ngx_int_t ngx_http_weir_conn_send(ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call);
/* The call is not on its connection any more; replies to it are dropped. */
void ngx_http_weir_conn_forget(ngx_http_weir_call_t *call);

/* store.c */

/*
 * For a topology: a call of its own, on this connection, outside the circuit.
 * It ends by the timeout of the configuration, is not sent elsewhere, and is
 * not counted.
 */
void ngx_http_weir_store_ask(ngx_http_weir_store_t *store,
    ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call);
/* Connections, pending or the circuit have changed. */
void ngx_http_weir_store_show(ngx_http_weir_store_t *store);
/* For the circuit: there is a server to send to; there is none. */
void ngx_http_weir_store_found(ngx_http_weir_store_t *store);
void ngx_http_weir_store_lost(ngx_http_weir_store_t *store, const char *why);
/* For connections: a call has come to its end; why of those that failed. */
void ngx_http_weir_store_end(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies,
    const char *why);

/* store_beat.c: the circuit has closed; the store stops. */
void ngx_http_weir_beat_now(struct ngx_http_weir_pulse_s *pulse);
void ngx_http_weir_beat_stop(struct ngx_http_weir_pulse_s *pulse);

/* For topologies: ms until they look again; from half to all of what doubles
   from 50 on. */
static ngx_inline ngx_msec_t
ngx_http_weir_store_patience(ngx_uint_t tries)
{
    ngx_msec_t  most;

    most = ngx_min((ngx_msec_t) 50 << ngx_min(tries, 6), 2000);

    return most / 2 + (ngx_msec_t) ngx_random() % (most / 2);
}


/* store_url.c */

/* The URL of weir_redis: NULL, or what is wrong, as a sentence. */
const char *ngx_http_weir_store_url(ngx_pool_t *pool, ngx_str_t *value,
    ngx_http_weir_store_conf_t *conf);
/*
 * An address as servers tell it, of a cluster or a sentinel.  The texts lie
 * in the pool; NGX_DECLINED: it is none.
 */
ngx_int_t ngx_http_weir_store_address(ngx_pool_t *pool,
    const ngx_http_weir_store_conf_t *conf, weir_str_t host, ngx_uint_t port,
    ngx_http_weir_url_t *url);

#endif
