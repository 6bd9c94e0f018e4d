/*
 * ngx_http_weir_policy_load.c: read, verify, open and save an image.
 *
 * The file is read, never mapped: whoever truncates it under our hands gets
 * a refusal, not our death.  All of it runs in a thread of its own, which
 * takes no signal and yields to the worker where both want the processor.
 */

#include "ngx_http_weir_policy_load.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define NGX_HTTP_WEIR_READ_SIZE    (256 * 1024)
#define NGX_HTTP_WEIR_STACK_SIZE   (1024 * 1024)
#define NGX_HTTP_WEIR_NICE         5

/*
 * File times come from a clock that ticks every 1 to 10 ms: a second change
 * within a tick leaves size and times as they are.
 */
#define NGX_HTTP_WEIR_CLOCK_TICK   ((int64_t) 15 * 1000 * 1000)

#define ngx_http_weir_stopped(job)                                            \
    __atomic_load_n(&(job)->stop, __ATOMIC_RELAXED)


static void ngx_http_weir_job_load(ngx_http_weir_job_t *job);
static weir_rc_t ngx_http_weir_job_read(ngx_http_weir_job_t *job, ngx_fd_t fd);
static void ngx_http_weir_job_shrink(ngx_http_weir_job_t *job);
static void ngx_http_weir_job_open(ngx_http_weir_job_t *job);
static void ngx_http_weir_job_close(ngx_http_weir_job_t *job);
static void ngx_http_weir_job_save(ngx_http_weir_job_t *job);
static ngx_err_t ngx_http_weir_job_write(ngx_http_weir_job_t *job,
    const char *file);
static weir_rc_t ngx_http_weir_job_refuse(ngx_http_weir_job_t *job,
    weir_reject_t reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void *ngx_http_weir_job_thread(void *data);
static void ngx_http_weir_file_state(const struct stat *st,
    ngx_http_weir_file_state_t *state);


void
ngx_http_weir_file_look(const char *file, ngx_http_weir_file_state_t *state)
{
    struct stat  st;

    if (stat(file, &st) == -1) {
        ngx_memzero(state, sizeof(*state));
        state->error = ngx_errno;
        return;
    }

    ngx_http_weir_file_state(&st, state);
}


int64_t
ngx_http_weir_file_settles(const ngx_http_weir_file_state_t *state)
{
    int64_t          age, now;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    now = (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
    age = now - ngx_max(state->mtime, state->ctime);

    /* a time to come is no time of the clock, and the next is another */

    if (age < 0 || age >= NGX_HTTP_WEIR_CLOCK_TICK) {
        return 0;
    }

    return NGX_HTTP_WEIR_CLOCK_TICK - age;
}


ngx_http_weir_job_t *
ngx_http_weir_job_create(void)
{
    return calloc(1, sizeof(ngx_http_weir_job_t));
}


void
ngx_http_weir_job_destroy(ngx_http_weir_job_t *job)
{
    ngx_http_weir_job_close(job);
    free(job);
}


void
ngx_http_weir_job_run(ngx_http_weir_job_t *job)
{
    switch (job->kind) {

    case NGX_HTTP_WEIR_JOB_LOAD:
        ngx_http_weir_job_load(job);
        break;

    case NGX_HTTP_WEIR_JOB_OPEN:
        ngx_http_weir_job_open(job);
        break;

    case NGX_HTTP_WEIR_JOB_CLOSE:
        ngx_http_weir_job_close(job);
        break;

    case NGX_HTTP_WEIR_JOB_SAVE:
        ngx_http_weir_job_save(job);
        break;
    }
}


ngx_err_t
ngx_http_weir_job_start(ngx_http_weir_job_t *job)
{
    sigset_t        all, before;
    ngx_err_t       err;
    pthread_attr_t  attr;

    err = pthread_attr_init(&attr);

    if (err != 0) {
        return err;
    }

    (void) pthread_attr_setstacksize(&attr, NGX_HTTP_WEIR_STACK_SIZE);

    /* signals are for the thread of the event loop */

    sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &before);

    err = pthread_create(&job->thread, &attr, ngx_http_weir_job_thread, job);

    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void) pthread_attr_destroy(&attr);

    return err;
}


ngx_uint_t
ngx_http_weir_job_done(ngx_http_weir_job_t *job)
{
    /* pairs with the release of the thread: what it wrote is seen */

    if (!__atomic_load_n(&job->done, __ATOMIC_ACQUIRE)) {
        return 0;
    }

    (void) pthread_join(job->thread, NULL);

    return 1;
}


ngx_uint_t
ngx_http_weir_job_stop(ngx_http_weir_job_t *job, ngx_msec_t wait)
{
    __atomic_store_n(&job->stop, 1, __ATOMIC_RELAXED);

    for ( ;; ) {

        if (ngx_http_weir_job_done(job)) {
            return 1;
        }

        if (wait == 0) {
            return 0;
        }

        ngx_msleep(1);
        wait--;
    }
}


static void *
ngx_http_weir_job_thread(void *data)
{
    ngx_http_weir_job_t  *job = data;

#if (NGX_LINUX)
    /* of this thread alone, on Linux */
    (void) setpriority(PRIO_PROCESS, 0, NGX_HTTP_WEIR_NICE);
#endif

    ngx_http_weir_job_run(job);

    __atomic_store_n(&job->done, 1, __ATOMIC_RELEASE);

    return NULL;
}


static void
ngx_http_weir_job_load(ngx_http_weir_job_t *job)
{
    ngx_fd_t   fd;
    ngx_err_t  err;

    /* without O_NONBLOCK, a FIFO would hold us until somebody writes */

    fd = open(job->file, O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);

    if (fd == -1) {
        err = ngx_errno;
        job->transient = 1;
        job->rc = ngx_http_weir_job_refuse(job, WEIR_REJECT_READ,
                                           "open() failed (%d: %s)",
                                           err, strerror(err));
        return;
    }

    job->rc = ngx_http_weir_job_read(job, fd);

    (void) close(fd);

    ngx_http_weir_job_shrink(job);

    if (job->rc != WEIR_OK) {
        return;
    }

    if (ngx_http_weir_stopped(job)) {
        job->rc = WEIR_AGAIN;
        return;
    }

    job->rc = weir_image_verify(job->slot, job->length, job->key, &job->why);

    if (job->rc == WEIR_OK) {
        ngx_http_weir_job_open(job);
    }
}


static weir_rc_t
ngx_http_weir_job_read(ngx_http_weir_job_t *job, ngx_fd_t fd)
{
    size_t                      size;
    ssize_t                     n;
    ngx_err_t                   err;
    struct stat                 st;
    ngx_http_weir_file_state_t  after;

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        return ngx_http_weir_job_refuse(job, WEIR_REJECT_READ,
                                        "it is not a regular file");
    }

    ngx_http_weir_file_state(&st, &job->state);

    if (job->state.size > job->max_size) {
        return ngx_http_weir_job_refuse(job, WEIR_REJECT_SIZE,
                                  "it has %llu bytes, more than max_size, %zu",
                                  (unsigned long long) job->state.size,
                                  job->max_size);
    }

    size = (size_t) job->state.size;
    job->length = 0;

    if (*job->touched < size) {
        *job->touched = size;
    }

    while (job->length < size) {

        if (ngx_http_weir_stopped(job)) {
            return WEIR_AGAIN;
        }

        n = read(fd, job->slot + job->length,
                 ngx_min(size - job->length, NGX_HTTP_WEIR_READ_SIZE));

        if (n == -1) {
            err = ngx_errno;

            if (err == NGX_EINTR) {
                continue;
            }

            job->transient = 1;
            return ngx_http_weir_job_refuse(job, WEIR_REJECT_READ,
                                    "read() failed at byte %zu (%d: %s)",
                                    job->length, err, strerror(err));
        }

        if (n == 0) {
            return WEIR_AGAIN;
        }

        job->length += (size_t) n;
    }

    if (fstat(fd, &st) == -1) {
        return WEIR_AGAIN;
    }

    ngx_http_weir_file_state(&st, &after);

    /* a rename leaves the bytes alone, but touches ctime */

    return after.size == job->state.size && after.mtime == job->state.mtime
           ? WEIR_OK : WEIR_AGAIN;
}


/* Gives the memory behind the image back to the system. */

static void
ngx_http_weir_job_shrink(ngx_http_weir_job_t *job)
{
#ifdef MADV_REMOVE
    size_t  from;

    from = ngx_align(job->length, ngx_pagesize);

    if (*job->touched > from
        && madvise(job->slot + from, *job->touched - from, MADV_REMOVE) == 0)
    {
        *job->touched = from;
    }
#endif
}


static void
ngx_http_weir_job_open(ngx_http_weir_job_t *job)
{
    struct timespec  before, after;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);

    job->arena = weir_arena_create();

    if (job->arena == NULL) {
        job->transient = 1;
        job->rc = ngx_http_weir_job_refuse(job, WEIR_REJECT_MEMORY,
                                           "no memory for its handle");
        return;
    }

    job->rc = weir_image_open(&job->image, job->slot, job->arena, &job->why);

    if (job->rc != WEIR_OK) {
        weir_arena_destroy(job->arena);
        job->arena = NULL;
        job->transient = (job->why.reason == WEIR_REJECT_MEMORY);
        return;
    }

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);

    job->cost = (uint64_t) (after.tv_sec - before.tv_sec) * 1000000000
                + (uint64_t) after.tv_nsec - (uint64_t) before.tv_nsec;
}


static void
ngx_http_weir_job_close(ngx_http_weir_job_t *job)
{
    if (job->arena != NULL) {
        weir_image_close(&job->image);
        weir_arena_destroy(job->arena);
        job->arena = NULL;
    }
}


/* The old copy stays whole until the new one is. */

static void
ngx_http_weir_job_save(ngx_http_weir_job_t *job)
{
    char  temp[NGX_MAX_PATH + 1];
    int   n;

    n = snprintf(temp, sizeof(temp), "%s.%ld.tmp", job->file, (long) ngx_pid);

    if (n < 0 || (size_t) n >= sizeof(temp)) {
        job->error = NGX_ENAMETOOLONG;

    } else {
        job->error = ngx_http_weir_job_write(job, temp);

        if (job->error == 0 && rename(temp, job->file) == -1) {
            job->error = ngx_errno;
        }

        if (job->error != 0) {
            (void) unlink(temp);
        }
    }

    job->rc = job->error == 0 ? WEIR_OK : WEIR_ERROR;
}


static ngx_err_t
ngx_http_weir_job_write(ngx_http_weir_job_t *job, const char *file)
{
    size_t     done;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    (void) unlink(file);

    fd = open(file, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1) {
        return ngx_errno;
    }

    err = 0;

    for (done = 0; err == 0 && done < job->length; /* void */) {

        if (ngx_http_weir_stopped(job)) {
            err = NGX_ECANCELED;
            break;
        }

        n = write(fd, job->slot + done,
                  ngx_min(job->length - done, NGX_HTTP_WEIR_READ_SIZE));

        if (n >= 0) {
            done += (size_t) n;

        } else if (ngx_errno != NGX_EINTR) {
            err = ngx_errno;
        }
    }

    if (err == 0 && fsync(fd) == -1) {
        err = ngx_errno;
    }

    if (close(fd) == -1 && err == 0) {
        err = ngx_errno;
    }

    return err;
}


static weir_rc_t
ngx_http_weir_job_refuse(ngx_http_weir_job_t *job, weir_reject_t reason,
    const char *fmt, ...)
{
    va_list  args;

    job->why.reason = reason;

    va_start(args, fmt);
    (void) vsnprintf(job->why.text, sizeof(job->why.text), fmt, args);
    va_end(args);

    return WEIR_ERROR;
}


static void
ngx_http_weir_file_state(const struct stat *st,
    ngx_http_weir_file_state_t *state)
{
    ngx_memzero(state, sizeof(*state));

    state->dev = (uint64_t) st->st_dev;
    state->ino = (uint64_t) st->st_ino;
    state->size = (uint64_t) st->st_size;

    state->mtime = st->st_mtim.tv_sec * (int64_t) 1000000000
                   + st->st_mtim.tv_nsec;
    state->ctime = st->st_ctim.tv_sec * (int64_t) 1000000000
                   + st->st_ctim.tv_nsec;
}
