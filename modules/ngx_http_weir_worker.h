/*
 * ngx_http_weir_worker.h: a place in shared memory for every live worker.
 *
 * A worker claims a slot under its identity.  What a worker holds (pins,
 * in-flight counts, elections) hangs on its slot or its identity, and a peer
 * that finds it dead gives it back.  Old and new workers of a reload share
 * the slots; the zone outlives them.
 */

#ifndef NGX_HTTP_WEIR_WORKER_H
#define NGX_HTTP_WEIR_WORKER_H

#include <ngx_config.h>
#include <ngx_core.h>

#define NGX_HTTP_WEIR_IMAGE_SLOTS   4

/* A master keeps no more processes than this, old and new ones together. */
#define NGX_HTTP_WEIR_WORKER_SLOTS  NGX_MAX_PROCESSES

/* An index that is no slot. */
#define NGX_HTTP_WEIR_NO_WORKER     ((ngx_uint_t) -1)

/*
 * Start time in clock ticks since boot << 22 | pid: no two processes of a
 * boot have the same, so a word that holds one never means another.  0 = none.
 */
typedef uint64_t  ngx_http_weir_worker_id_t;

#define NGX_HTTP_WEIR_PID_BITS     22
#define ngx_http_weir_worker_pid(id)                                          \
    ((ngx_pid_t) ((id) & ((1u << NGX_HTTP_WEIR_PID_BITS) - 1)))

/*
 * A cache line.  Its owner alone writes it; a reaper becomes the owner first.
 * All fields are read and written with __atomic builtins.
 */
typedef struct {
    ngx_http_weir_worker_id_t  owner;       /* 0 = free */
    uint64_t                   generation;  /* this worker last served under */
    uint64_t                   ready;       /* generation it has a handle of */
    uint64_t                   pins[NGX_HTTP_WEIR_IMAGE_SLOTS];
    uint64_t                   reserved;
} ngx_http_weir_worker_slot_t;

typedef struct {
    ngx_http_weir_worker_id_t    elected;   /* the leader, or 0 */
    uint64_t                     reaped;    /* slots given back after a death */
    uint64_t                     used;      /* no slot from here on was ever */
    uint64_t                     reserved[5];               /* claimed */
    ngx_http_weir_worker_slot_t  slots[NGX_HTTP_WEIR_WORKER_SLOTS];
} ngx_http_weir_workers_t;

/* Of this process. */
ngx_http_weir_worker_id_t ngx_http_weir_worker_self(void);
/* Whether the process lives that has, or had, that identity. */
ngx_uint_t ngx_http_weir_worker_alive(ngx_http_weir_worker_id_t id);

/* Claims a slot for this process, reaping dead ones; NGX_ERROR: none left. */
ngx_int_t ngx_http_weir_worker_claim(ngx_http_weir_workers_t *workers,
    ngx_log_t *log, ngx_uint_t *slot);
/* Gives up the slot, whatever hangs on it, and the leadership. */
void ngx_http_weir_worker_release(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);

/* Gives back what dead workers hold; the number of slots freed. */
ngx_uint_t ngx_http_weir_worker_reap(ngx_http_weir_workers_t *workers,
    ngx_log_t *log);

/*
 * Whether this worker is the one that does what is to be done once: true for
 * one live worker at a time.  A dead leader is replaced by whoever asks
 * first; an exiting one loses the leadership by asking.  So a leader asks
 * only while none of its work is under way in a thread.
 */
ngx_uint_t ngx_http_weir_worker_leads(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);
/* Gives up the leadership, if this worker has it. */
void ngx_http_weir_worker_yield(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);

#endif
