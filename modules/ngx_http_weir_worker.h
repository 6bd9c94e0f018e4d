/*
 * ngx_http_weir_worker.h: a place in shared memory for every live worker.
 *
 * A worker claims a slot under its identity.  What a worker holds (pins,
 * in-flight counts, elections) hangs on its slot or its identity, and a peer
 * that finds it dead gives it back.  Old and new workers of a reload share
 * the slots; the zone outlives them.
 *
 * The images have such places, and the table of limits has its own: each
 * lies in the zone of what hangs on it, and they begin anew together.
 */

#ifndef NGX_HTTP_WEIR_WORKER_H
#define NGX_HTTP_WEIR_WORKER_H

#include <ngx_config.h>
#include <ngx_core.h>

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

/* All fields are read and written with __atomic builtins. */
typedef struct {
    ngx_http_weir_worker_id_t  elected;     /* the leader, or 0 */
    uint64_t                   reaped;      /* slots given back after a death */
    uint64_t                   used;        /* no slot from here on was ever
                                               claimed */
    ngx_http_weir_worker_id_t  owners[NGX_HTTP_WEIR_WORKER_SLOTS];
} ngx_http_weir_workers_t;

/*
 * Empties what hangs on a slot, which is this process's meanwhile.  dead: the
 * worker that left it so; 0: this one gives it up.
 */
typedef void (*ngx_http_weir_worker_clear_pt)(void *data, ngx_uint_t slot,
    ngx_pid_t dead);

/* Claims a slot for this process, reaping dead ones; NGX_ERROR: none left. */
ngx_int_t ngx_http_weir_worker_claim(ngx_http_weir_workers_t *workers,
    ngx_http_weir_worker_clear_pt clear, void *data, ngx_uint_t *slot);
/* Gives up the slot, whatever hangs on it, and the leadership. */
void ngx_http_weir_worker_release(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot, ngx_http_weir_worker_clear_pt clear, void *data);

/*
 * Gives back what dead workers hold, by the owner of a slot; the number of
 * slots freed.
 */
ngx_uint_t ngx_http_weir_worker_reap(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot, ngx_http_weir_worker_clear_pt clear, void *data);

/*
 * Whether this worker is the one that does what is to be done once: true for
 * one live worker at a time.  A dead leader is replaced by whoever asks
 * first; an exiting one loses the leadership by asking.  So a leader asks
 * only while none of its work is under way in a thread.
 */
ngx_uint_t ngx_http_weir_worker_leads(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);
/*
 * Whether no process has a slot.  Of two that give up theirs at once, and then
 * ask, at least one is told so.
 */
ngx_uint_t ngx_http_weir_worker_none(ngx_http_weir_workers_t *workers);
/* Gives up the leadership, if this worker has it. */
void ngx_http_weir_worker_yield(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);

#endif
