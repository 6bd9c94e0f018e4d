/*
 * ngx_http_weir_policy_zone.c: the zone of the images and the first of them.
 *
 * All of it runs in the master, while the configuration is read, before there
 * are workers.
 */

#include "ngx_http_weir_policy_core.h"
#include "image/bounds.h"
#include "run/crypto.h"

/* A file that changes under the master's hands is read again so often. */
#define NGX_HTTP_WEIR_START_TRIES  50
#define NGX_HTTP_WEIR_START_PAUSE  10       /* ms */


static ngx_int_t ngx_http_weir_policy_check_options(ngx_conf_t *cf,
    ngx_http_weir_policy_options_t *options);
static ngx_int_t ngx_http_weir_policy_read_key(ngx_conf_t *cf,
    ngx_http_weir_policy_t *policy);
static ngx_int_t ngx_http_weir_policy_init_zone(ngx_shm_zone_t *zone,
    void *data);
static void ngx_http_weir_policy_say_fresh(ngx_http_weir_policy_t *policy);
static ngx_int_t ngx_http_weir_policy_begin(ngx_http_weir_policy_t *policy);
static ngx_int_t ngx_http_weir_policy_begin_with(
    ngx_http_weir_policy_t *policy, const ngx_str_t *file,
    weir_refusal_t *why);


static ngx_str_t  ngx_http_weir_policy_zone = ngx_string("weir_images");

/* Zones of one tag and size are one zone across reloads. */
static const char  ngx_http_weir_policy_tag = 0;


ngx_http_weir_policy_t *
ngx_http_weir_policy_create(ngx_conf_t *cf,
    ngx_http_weir_policy_options_t *options)
{
    size_t                   pages, size;
    ngx_http_weir_policy_t  *policy;

    if (ngx_http_weir_policy_check_options(cf, options) != NGX_OK) {
        return NULL;
    }

    policy = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_policy_t));
    if (policy == NULL) {
        return NULL;
    }

    policy->options = *options;
    policy->cycle = cf->cycle;
    policy->worker = NGX_HTTP_WEIR_NO_WORKER;

    if (options->verify_key.len
        && ngx_http_weir_policy_read_key(cf, policy) != NGX_OK)
    {
        return NULL;
    }

    /*
     * One allocation takes the whole zone; nginx's allocator keeps a record
     * for each page, and a few pages for itself.
     */

    size = ngx_align(sizeof(ngx_http_weir_images_t), ngx_pagesize)
           + NGX_HTTP_WEIR_IMAGE_SLOTS * ngx_http_weir_policy_stride(options);
    pages = size / ngx_pagesize;

    policy->zone = ngx_shared_memory_add(cf, &ngx_http_weir_policy_zone,
                       (pages + 4) * (ngx_pagesize + sizeof(ngx_slab_page_t)),
                       (void *) &ngx_http_weir_policy_tag);
    if (policy->zone == NULL) {
        return NULL;
    }

    policy->zone->init = ngx_http_weir_policy_init_zone;
    policy->zone->data = policy;

    return policy;
}


static ngx_int_t
ngx_http_weir_policy_check_options(ngx_conf_t *cf,
    ngx_http_weir_policy_options_t *options)
{
    if (options->max_size < sizeof(weir_image_header_t)
        || options->max_size > WEIR_MAX_IMAGE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "max_size of \"weir_policy\" is %uz bytes, not "
                           "between %uz and %uz", options->max_size,
                           sizeof(weir_image_header_t),
                           (size_t) WEIR_MAX_IMAGE);
        return NGX_ERROR;
    }

    if (options->check == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "check of \"weir_policy\" must not be zero");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_policy_read_key(ngx_conf_t *cf, ngx_http_weir_policy_t *policy)
{
    char        buf[4096];
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t  *file;

    file = &policy->options.verify_key;

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", file);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", file);
        (void) ngx_close_file(fd);
        return NGX_ERROR;
    }

    (void) ngx_close_file(fd);

    if (weir_public_key_load(weir_str(buf, (size_t) n), &policy->key)
        != WEIR_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" holds no Ed25519 public key in PEM", file);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * In the master.  A zone that an earlier configuration has filled serves on
 * as it is; its new workers look at the file at once, under their options.
 */

static ngx_int_t
ngx_http_weir_policy_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_http_weir_policy_t  *old = data;

    size_t                   control;
    ngx_slab_pool_t         *pool;
    ngx_http_weir_policy_t  *policy;

    policy = zone->data;
    pool = (ngx_slab_pool_t *) zone->shm.addr;
    control = ngx_align(sizeof(ngx_http_weir_images_t), ngx_pagesize);

    if (old == NULL && !zone->shm.exists) {

        pool->data = ngx_slab_alloc(pool, control
                                    + NGX_HTTP_WEIR_IMAGE_SLOTS
                                      * ngx_http_weir_policy_stride(
                                            &policy->options));
        if (pool->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(pool->data, sizeof(ngx_http_weir_images_t));
    }

    policy->images = pool->data;
    policy->bytes = (u_char *) pool->data + control;
    policy->epoch = ++policy->images->epochs;

    if (policy->images->current != 0) {
        return NGX_OK;
    }

    ngx_http_weir_policy_say_fresh(policy);

    return ngx_http_weir_policy_begin(policy);
}


static void
ngx_http_weir_policy_say_fresh(ngx_http_weir_policy_t *policy)
{
    ngx_uint_t        i;
    ngx_cycle_t      *old;
    const char       *why;
    ngx_shm_zone_t   *zone;
    ngx_list_part_t  *part;

    old = policy->cycle->old_cycle;
    why = NULL;

    if (ngx_is_init_cycle(old)) {
        why = ngx_inherited ? "a new binary took over" : NULL;

    } else {
        for (part = &old->shared_memory.part; part; part = part->next) {
            zone = part->elts;

            for (i = 0; i < part->nelts; i++) {
                if (zone[i].init == ngx_http_weir_policy_init_zone) {
                    why = "max_size has changed";
                }
            }
        }
    }

    if (why != NULL) {
        ngx_log_error(NGX_LOG_NOTICE, policy->cycle->log, 0,
                      "weir: state of the policy starts fresh: %s", why);
    }
}


/* The first image of a zone: the file's, or else the last good one. */

static ngx_int_t
ngx_http_weir_policy_begin(ngx_http_weir_policy_t *policy)
{
    ngx_log_t                       *log;
    weir_refusal_t                   why, other;
    ngx_http_weir_policy_options_t  *options;

    log = policy->cycle->log;
    options = &policy->options;

    if (ngx_http_weir_policy_begin_with(policy, &options->file, &why)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (options->last_good.len == 0) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "weir: policy \"%V\" refused: %s: %s in %V:%ui",
                      &options->file, weir_reject_name(why.reason), why.text,
                      &options->conf_file, options->conf_line);
        return NGX_ERROR;
    }

    if (ngx_http_weir_policy_begin_with(policy, &options->last_good, &other)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "weir: policy \"%V\" refused: %s: %s; last good copy "
                      "\"%V\" refused: %s: %s in %V:%ui",
                      &options->file, weir_reject_name(why.reason), why.text,
                      &options->last_good, weir_reject_name(other.reason),
                      other.text, &options->conf_file, options->conf_line);
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "weir: policy \"%V\" refused: %s: %s; serving the last good "
                  "copy \"%V\"",
                  &options->file, weir_reject_name(why.reason), why.text,
                  &options->last_good);

    ngx_http_weir_policy_rejected(policy, &why);

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_policy_begin_with(ngx_http_weir_policy_t *policy,
    const ngx_str_t *file, weir_refusal_t *why)
{
    ngx_int_t                rc;
    ngx_uint_t               tries, last_good;
    ngx_http_weir_job_t     *job;
    ngx_http_weir_images_t  *images;

    job = NULL;
    images = policy->images;
    last_good = (file == &policy->options.last_good);

    why->reason = WEIR_REJECT_MEMORY;
    ngx_cpystrn((u_char *) why->text, (u_char *) "no memory",
                sizeof(why->text));

    for (tries = 0; tries < NGX_HTTP_WEIR_START_TRIES; tries++) {

        job = ngx_http_weir_policy_load_job(policy, file, 0);
        if (job == NULL) {
            return NGX_ERROR;
        }

        ngx_http_weir_file_look(job->file, &job->state);
        ngx_http_weir_job_run(job);

        if (job->rc != WEIR_AGAIN) {
            break;
        }

        ngx_http_weir_job_destroy(job);
        job = NULL;

        why->reason = WEIR_REJECT_READ;
        ngx_cpystrn((u_char *) why->text,
                    (u_char *) "it keeps changing while it is read",
                    sizeof(why->text));

        ngx_msleep(NGX_HTTP_WEIR_START_PAUSE);
    }

    if (job == NULL) {
        return NGX_ERROR;
    }

    if (!last_good) {

        /* a file that may have changed unseen is read again by the leader */

        images->logged = job->state;
        images->logged_epoch = policy->epoch;
        images->logged_reason = job->why.reason;

        if (ngx_http_weir_file_settles(&job->state) == 0 && !job->transient) {
            images->seen = job->state;
            images->seen_epoch = policy->epoch;
        }
    }

    if (job->rc == WEIR_OK) {
        images->generations = 1;
        images->saved = last_good ? 1 : 0;
        ngx_http_weir_policy_publish(policy,
                                     ngx_http_weir_word((uint64_t) 1, 0),
                                     &job->image, job->length, last_good);
        rc = NGX_OK;

    } else {
        *why = job->why;
        rc = NGX_ERROR;
    }

    ngx_http_weir_job_destroy(job);

    return rc;
}


size_t
ngx_http_weir_policy_stride(const ngx_http_weir_policy_options_t *options)
{
    return ngx_align(options->max_size, ngx_pagesize);
}
