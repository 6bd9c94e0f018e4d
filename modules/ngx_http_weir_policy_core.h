/*
 * ngx_http_weir_policy_core.h: what the files of the policy share.
 *
 *     _policy_zone.c    the zone and the first image, in the master
 *     _policy.c         pins, handles, status
 *     _policy_history.c what became of images
 *     _policy_watch.c   the state machine of a worker: what to do when
 *     _policy_swap.c    its part from an image that was read to publication
 *     _policy_load.c    what takes long, in a thread
 *
 * Ownership.  The leader (ngx_http_weir_worker_leads) owns every image slot
 * that is neither current nor pinned, and the fields marked "leader".  It
 * leaves its office only while no thread of its works, and a dead one has no
 * threads: whatever it left half done in such a slot means nothing.
 */

#ifndef NGX_HTTP_WEIR_POLICY_CORE_H
#define NGX_HTTP_WEIR_POLICY_CORE_H

#include "ngx_http_weir_policy.h"
#include "ngx_http_weir_policy_load.h"

/*
 * A generation and its slot in one word.  Generations are handed out once,
 * also to images that are never published, so that no two contents of a slot
 * have the same.  0 = none.
 */
#define ngx_http_weir_word(generation, slot)  ((generation) << 8 | (slot))
#define ngx_http_weir_word_slot(word)         ((ngx_uint_t) ((word) & 0xff))
#define ngx_http_weir_word_generation(word)   ((word) >> 8)

/* Leader, while the slot is its own; constant while it is current or pinned. */
typedef struct {
    uint64_t                    generation;
    uint64_t                    length;
    uint64_t                    serial;
    uint64_t                    has_serial;
    uint64_t                    from_last_good;
    uint64_t                    loaded;         /* seconds since the epoch */
    uint64_t                    touched;        /* bytes that have memory */
    u_char                      digest[WEIR_SHA256_LEN];
    u_char                      name[64];
} ngx_http_weir_image_slot_t;

typedef struct {
    uint64_t                    when;
    u_char                      text[200];
} ngx_http_weir_refused_t;

/* The control block of the zone; a page begins there. */
typedef struct {
    ngx_http_weir_held_t        held[NGX_HTTP_WEIR_WORKER_SLOTS];
    ngx_http_weir_workers_t     workers;

    uint64_t                    current;        /* word */
    uint64_t                    staged;         /* word that workers prepare */
    uint64_t                    epoch;          /* of the newest workers */
    uint64_t                    epochs;         /* handed out by the master */
    uint64_t                    generations;    /* handed out by the leader */
    uint64_t                    waiting;
    uint64_t                    swaps;
    uint64_t                    rejected[WEIR_REJECT_COUNT];

    /* The last one is [refusals & 1]; the other is written, then counted. */
    uint64_t                    refusals;
    ngx_http_weir_refused_t     refused[2];

    /*
     * Of these, numbers below `events` can be read; the next one is written,
     * then counted.
     */
    uint64_t                    events;
    ngx_http_weir_policy_event_t  history[2 * NGX_HTTP_WEIR_HISTORY];

    /* leader: the file as it was dealt with, for good, under that epoch */
    ngx_http_weir_file_state_t  seen;
    uint64_t                    seen_epoch;     /* 0 = none */

    /* leader: what was refused since the last good file, logged once */
    ngx_http_weir_file_state_t  logged;
    uint64_t                    logged_epoch;
    uint64_t                    logged_reason;

    uint64_t                    saved;          /* leader: generation */

    /* leader: what the audit log was told to serve; generation 0 = nothing */
    uint64_t                    told;
    uint64_t                    told_serial;
    uint64_t                    told_has_serial;

    ngx_http_weir_image_slot_t  slots[NGX_HTTP_WEIR_IMAGE_SLOTS];
} ngx_http_weir_images_t;

/* This worker's view of what a slot holds. */
typedef struct {
    uint64_t                    generation;     /* 0 = closed */
    weir_arena_t               *arena;
    weir_image_t                image;
} ngx_http_weir_handle_t;

typedef enum {
    NGX_HTTP_WEIR_WATCHING = 0, /* every check: file, staged image, peers */
    NGX_HTTP_WEIR_LOADING,      /* leader: the thread reads and verifies */
    NGX_HTTP_WEIR_STAGED,       /* leader: workers make handles of it */
    NGX_HTTP_WEIR_SAVING,       /* leader: the thread writes last_good */
    NGX_HTTP_WEIR_OPENING,      /* others: the thread makes such a handle */
    NGX_HTTP_WEIR_CLOSING       /* the thread frees one that is out of use */
} ngx_http_weir_watch_t;

struct ngx_http_weir_policy_s {
    ngx_http_weir_policy_options_t  options;
    weir_public_key_t               key;
    ngx_cycle_t                    *cycle;
    ngx_shm_zone_t                 *zone;
    ngx_http_weir_images_t         *images;
    u_char                         *bytes;      /* of slot 0 */
    uint64_t                        epoch;      /* of this configuration */

    /* of this worker */
    ngx_http_weir_policy_waits_pt   waits;
    void                           *waits_data;
    ngx_uint_t                      worker;     /* its slot, or NO_WORKER */
    ngx_http_weir_handle_t          handles[NGX_HTTP_WEIR_IMAGE_SLOTS];
    ngx_http_weir_watch_t           watch;
    ngx_event_t                     timer;
    ngx_http_weir_job_t            *job;
    ngx_uint_t                      job_slot;
    uint64_t                        job_word;   /* STAGED, SAVING, OPENING */
    ngx_msec_t                      since;      /* STAGED, or not settled */
    ngx_msec_t                      reaped;     /* last looked for the dead */
    uint64_t                        failed;     /* generation; logged once */
    unsigned                        unsettled:1;    /* since, or the job's */
    unsigned                        alerted:1;  /* of having no slot */
};

/* how often a thread, or the other workers, are asked whether they are done */
#define NGX_HTTP_WEIR_POLL  5

/* _policy_zone.c */

/* From one slot to the next. */
size_t ngx_http_weir_policy_stride(
    const ngx_http_weir_policy_options_t *options);

/* _policy.c */

u_char *ngx_http_weir_policy_slot(ngx_http_weir_policy_t *policy,
    ngx_uint_t slot);
/* Fills the slot's description and makes it the current one. */
void ngx_http_weir_policy_publish(ngx_http_weir_policy_t *policy,
    uint64_t word, const weir_image_t *image, size_t length,
    ngx_uint_t from_last_good);
/* Counts it and shows it in status. */
void ngx_http_weir_policy_rejected(ngx_http_weir_policy_t *policy,
    const weir_refusal_t *why);
ngx_http_weir_job_t *ngx_http_weir_policy_load_job(
    ngx_http_weir_policy_t *policy, const ngx_str_t *file, ngx_uint_t slot);

void ngx_http_weir_handle_close(ngx_http_weir_handle_t *handle);
/* Exchanges it for what the job has opened. */
void ngx_http_weir_handle_take(ngx_http_weir_handle_t *handle,
    ngx_http_weir_job_t *job, uint64_t generation);

/* Empties what a worker holds; see ngx_http_weir_worker_clear_pt. */
void ngx_http_weir_policy_clear(void *data, ngx_uint_t worker,
    ngx_pid_t dead);
/*
 * Counts and uncounts one use of a slot by this worker.  Hold: NGX_DECLINED
 * when *word was no longer *at, and nothing is held.
 */
ngx_int_t ngx_http_weir_policy_hold(ngx_http_weir_policy_t *policy,
    uint64_t *at, uint64_t word);
void ngx_http_weir_policy_drop(ngx_http_weir_policy_t *policy,
    ngx_uint_t slot);

/* _policy_history.c; why: NULL, or why an image was refused */

void ngx_http_weir_policy_note(ngx_http_weir_policy_t *policy,
    const weir_refusal_t *why);

/* _policy_watch.c */

void ngx_http_weir_watch_start(ngx_http_weir_policy_t *policy);
/*
 * Waits for a thread at most so long; 0: it hangs, and what this worker holds
 * must die with it.
 */
ngx_uint_t ngx_http_weir_watch_stop(ngx_http_weir_policy_t *policy,
    ngx_msec_t wait);
/* Exiting, or there are workers of a newer configuration. */
ngx_uint_t ngx_http_weir_watch_superseded(ngx_http_weir_policy_t *policy);
/* Ends a job that is done and goes back to WATCHING; returns next. */
ngx_msec_t ngx_http_weir_watch_back(ngx_http_weir_policy_t *policy,
    ngx_msec_t next);

/* _policy_swap.c; the ms until the next step */

ngx_msec_t ngx_http_weir_swap_loaded(ngx_http_weir_policy_t *policy);
ngx_msec_t ngx_http_weir_swap_staged(ngx_http_weir_policy_t *policy);
/*
 * Tells the audit log which policy serves, unless it was told: also of one
 * that the master published, or a leader that died then.
 */
void ngx_http_weir_swap_tell(ngx_http_weir_policy_t *policy);
/* Logs, counts and shows it; the same refusal of the same file once. */
void ngx_http_weir_swap_refuse(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_file_state_t *state, const weir_refusal_t *why);

#endif
