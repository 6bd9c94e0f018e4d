/*
 * ngx_http_weir_worker.h: a place in shared memory for every live worker.
 *
 * A worker claims a slot by its pid and start time.  What a worker holds
 * (pins, in-flight counts, elections) hangs on its slot, and a peer that
 * finds it dead gives it back.  Old and new workers of a reload share the
 * slots; the zone outlives them.
 */

#ifndef NGX_HTTP_WEIR_WORKER_H
#define NGX_HTTP_WEIR_WORKER_H

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_weir_policy.h"

typedef struct {
    ngx_atomic_t  pid;          /* 0 = free */
    ngx_atomic_t  start;        /* in clock ticks since boot: pids are reused */
    ngx_atomic_t  generation;   /* of the image this worker last served under */
    ngx_atomic_t  pins[NGX_HTTP_WEIR_IMAGE_SLOTS];
} ngx_http_weir_worker_slot_t;

typedef struct {
    ngx_uint_t                    n;
    ngx_http_weir_worker_slot_t  *slots;
    ngx_atomic_t                  elected;  /* slot index + 1 of the leader */
    ngx_atomic_t                  reaped;   /* slots given back after a death */
} ngx_http_weir_workers_t;

/* Slots for a configuration: at least four times its workers, at least 64. */
ngx_uint_t ngx_http_weir_worker_slots(ngx_cycle_t *cycle);

/* Claims a slot for this process, reaping dead ones; NGX_ERROR: none left. */
ngx_int_t ngx_http_weir_worker_claim(ngx_http_weir_workers_t *workers,
    ngx_log_t *log, ngx_uint_t *slot);
void ngx_http_weir_worker_release(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);

/* Gives back what dead workers hold; the number of slots freed. */
ngx_uint_t ngx_http_weir_worker_reap(ngx_http_weir_workers_t *workers,
    ngx_log_t *log);

/*
 * Whether this worker is the one that does what is to be done once: true for
 * one live worker at a time.  A dead or exiting leader is replaced.
 */
ngx_uint_t ngx_http_weir_worker_leads(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot);

#endif
