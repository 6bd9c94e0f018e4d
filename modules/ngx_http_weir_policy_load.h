/*
 * ngx_http_weir_policy_load.h: the work on an image that may take long.
 *
 * A job touches the bytes of its slot and its own fields, and nothing of
 * nginx that changes: a thread can run it while the worker serves.
 */

#ifndef NGX_HTTP_WEIR_POLICY_LOAD_H
#define NGX_HTTP_WEIR_POLICY_LOAD_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <pthread.h>
#include "run/image.h"

/*
 * What stat() says of a file; two states that are equal are the same file
 * with the same content, provided it was settled.  Compared as bytes.
 */
typedef struct {
    uint64_t  dev;
    uint64_t  ino;
    uint64_t  size;
    int64_t   mtime;            /* ns since the epoch */
    int64_t   ctime;
    int64_t   error;            /* errno of stat(); the rest is zero then */
} ngx_http_weir_file_state_t;

typedef enum {
    NGX_HTTP_WEIR_JOB_LOAD,     /* file to slot; verify; open */
    NGX_HTTP_WEIR_JOB_OPEN,     /* open what the slot holds */
    NGX_HTTP_WEIR_JOB_CLOSE,    /* close the job's image */
    NGX_HTTP_WEIR_JOB_SAVE      /* slot to file */
} ngx_http_weir_job_kind_t;

typedef struct {
    ngx_http_weir_job_kind_t    kind;
    const char                 *file;
    u_char                     *slot;
    size_t                      length;     /* of the image in the slot */
    size_t                      max_size;   /* of the slot */
    const weir_public_key_t    *key;        /* NULL = none required */
    uint64_t                   *touched;    /* bytes of the slot with memory */

    /*
     * The result.  WEIR_AGAIN: the file changed while it was read, or the
     * job was stopped.  WEIR_ERROR: *why; of a save, error.
     */
    weir_rc_t                   rc;
    weir_refusal_t              why;
    unsigned                    transient:1;    /* may succeed if repeated */
    ngx_err_t                   error;
    ngx_http_weir_file_state_t  state;          /* of the file that was read */
    uint64_t                    cost;           /* CPU ns of opening */
    weir_arena_t               *arena;          /* of image; NULL = none */
    weir_image_t                image;

    pthread_t                   thread;
    uint32_t                    done;
    uint32_t                    stop;
} ngx_http_weir_job_t;

void ngx_http_weir_file_look(const char *file,
    ngx_http_weir_file_state_t *state);

/*
 * The ns that must pass until a change of the file from now on cannot leave
 * its state as it is; 0 = settled.
 */
int64_t ngx_http_weir_file_settles(const ngx_http_weir_file_state_t *state);

/* A zeroed job, or NULL.  Not in a pool: a stuck thread may outlive it. */
ngx_http_weir_job_t *ngx_http_weir_job_create(void);
/* Also what the job has opened and nobody took. */
void ngx_http_weir_job_destroy(ngx_http_weir_job_t *job);

void ngx_http_weir_job_run(ngx_http_weir_job_t *job);

/* In a thread, until ngx_http_weir_job_done() said 1: joined, result there. */
ngx_err_t ngx_http_weir_job_start(ngx_http_weir_job_t *job);
ngx_uint_t ngx_http_weir_job_done(ngx_http_weir_job_t *job);
/* Asks it to end and waits so long; 0: it hangs, and must not be destroyed. */
ngx_uint_t ngx_http_weir_job_stop(ngx_http_weir_job_t *job, ngx_msec_t wait);

#endif
