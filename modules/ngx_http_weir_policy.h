/*
 * ngx_http_weir_policy.h: the compiled policy that workers serve under.
 *
 * Images live in a shared zone of their own, in slots; one word says which
 * slot is current.  A request pins the generation it began under and unpins
 * when its last expression has run.  Nothing here knows of requests.
 */

#ifndef NGX_HTTP_WEIR_POLICY_H
#define NGX_HTTP_WEIR_POLICY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "run/image.h"
#include "ngx_http_weir_worker.h"

#define NGX_HTTP_WEIR_IMAGE_SLOTS  4

typedef struct ngx_http_weir_policy_s  ngx_http_weir_policy_t;

typedef struct {
    ngx_str_t   file;           /* full path, NUL at the end */
    ngx_msec_t  check;          /* how often the path is looked at */
    size_t      max_size;       /* of an image: the size of a slot */
    ngx_str_t   verify_key;     /* file, or empty */
    ngx_str_t   last_good;      /* file, or empty */
    ngx_str_t   conf_file;      /* where the directive stands */
    ngx_uint_t  conf_line;
} ngx_http_weir_policy_options_t;

/* A hold on one generation, kept in the request's context. */
typedef struct {
    const weir_image_t  *image;         /* this worker's handle; NULL = none */
    ngx_uint_t           slot;
    uint64_t             generation;
} ngx_http_weir_pin_t;

/*
 * What a worker holds: a cache line in the zone, which the owner of its slot
 * alone writes.  All fields are read and written with __atomic builtins.
 */
typedef struct {
    uint64_t  generation;               /* this worker last served under */
    uint64_t  ready;                    /* generation it has a handle of */
    uint64_t  pins[NGX_HTTP_WEIR_IMAGE_SLOTS];
    uint64_t  reserved[2];
} ngx_http_weir_held_t;

/* What status and metrics say; a consistent copy. */
typedef struct {
    uint64_t    generation;             /* of the current image; from 1 */
    ngx_uint_t  slot;                   /* that it lies in */
    uint64_t    serial;
    unsigned    has_serial:1;
    unsigned    from_last_good:1;
    unsigned    waiting:1;              /* a new image waits for a free slot */
    unsigned    refused:1;              /* the file was, as it is now */
    u_char      digest[32];
    u_char      name[64];               /* of the policy, NUL at the end */
    size_t      length;                 /* of the image */
    time_t      loaded;                 /* when it was published */
    uint64_t    swaps;
    uint64_t    rejected[WEIR_REJECT_COUNT];
    time_t      last_rejected;          /* 0 = never */
    u_char      last_reason[200];       /* NUL at the end */
} ngx_http_weir_policy_status_t;

/*
 * Configuration time, once: adds the zone.  The image is read and verified
 * when the configuration has been read, so that `nginx -t` refuses a bad one.
 * NULL: the reason was logged with file and line.
 */
ngx_http_weir_policy_t *ngx_http_weir_policy_create(ngx_conf_t *cf,
    ngx_http_weir_policy_options_t *options);

const ngx_http_weir_policy_options_t *ngx_http_weir_policy_options(
    ngx_http_weir_policy_t *policy);

/*
 * Called now and then while a new image waits for a slot that pins of this
 * worker may hold; whether it is to be called again at once.
 */
typedef ngx_uint_t (*ngx_http_weir_policy_waits_pt)(void *data);

ngx_int_t ngx_http_weir_policy_init_process(ngx_http_weir_policy_t *policy,
    ngx_cycle_t *cycle, ngx_http_weir_policy_waits_pt waits, void *data);
void ngx_http_weir_policy_exit_process(ngx_http_weir_policy_t *policy);

/* NGX_OK, or NGX_ERROR when this worker cannot serve under any image. */
ngx_int_t ngx_http_weir_policy_pin(ngx_http_weir_policy_t *policy,
    ngx_http_weir_pin_t *pin);
/* Safe to call twice. */
void ngx_http_weir_policy_unpin(ngx_http_weir_policy_t *policy,
    ngx_http_weir_pin_t *pin);
/* Whether requests that come now are served under another image. */
ngx_uint_t ngx_http_weir_policy_is_old(ngx_http_weir_policy_t *policy,
    const ngx_http_weir_pin_t *pin);

void ngx_http_weir_policy_status(ngx_http_weir_policy_t *policy,
    ngx_http_weir_policy_status_t *status);
/* Bytes of the zone, and those of them that have memory. */
void ngx_http_weir_policy_memory(ngx_http_weir_policy_t *policy,
    uint64_t *bytes, uint64_t *used);

/*
 * A swap; or a rejection, and then generation to digest are those of what
 * served on.
 */
typedef struct {
    uint64_t    when;                   /* seconds since the epoch */
    uint64_t    rejected;               /* why, as weir_reject_name() has it;
                                           0: it was a swap */
    uint64_t    generation;
    uint64_t    serial;
    uint64_t    has_serial;
    u_char      digest[32];
    u_char      text[160];              /* of a rejection; NUL at the end */
} ngx_http_weir_policy_event_t;

#define NGX_HTTP_WEIR_HISTORY  16

/* The last ones, newest first; the number of them. */
ngx_uint_t ngx_http_weir_policy_history(ngx_http_weir_policy_t *policy,
    ngx_http_weir_policy_event_t events[NGX_HTTP_WEIR_HISTORY]);

/*
 * The generation of the current image, 0 while this worker has no place; where
 * it is not `known`, also whether the image has records of a section, which is
 * seen without opening it.
 */
uint64_t ngx_http_weir_policy_has(ngx_http_weir_policy_t *policy,
    weir_section_t section, uint64_t known, ngx_uint_t *has);

/*
 * The places of all workers, with what each holds, by slot; and this one's
 * (NGX_HTTP_WEIR_NO_WORKER).
 */
ngx_http_weir_workers_t *ngx_http_weir_policy_workers(
    ngx_http_weir_policy_t *policy, ngx_http_weir_held_t **held);
ngx_uint_t ngx_http_weir_policy_worker(ngx_http_weir_policy_t *policy);

#endif
