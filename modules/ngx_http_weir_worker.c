/*
 * ngx_http_weir_worker.c: claim, reap, elect.
 *
 * No lock is taken, so none can be left behind.  Every word changes hands by
 * compare-and-swap on identities, which are never used twice.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_worker.h"


static ngx_uint_t ngx_http_weir_worker_reap_as(
    ngx_http_weir_workers_t *workers, ngx_http_weir_worker_id_t self,
    ngx_http_weir_worker_clear_pt clear, void *data);
static ngx_http_weir_worker_id_t ngx_http_weir_worker_identity(ngx_pid_t pid,
    ngx_uint_t *gone);
static ngx_uint_t ngx_http_weir_worker_alive(ngx_http_weir_worker_id_t id);
static ngx_uint_t ngx_http_weir_worker_take(uint64_t *word, uint64_t from,
    uint64_t to);


ngx_int_t
ngx_http_weir_worker_claim(ngx_http_weir_workers_t *workers,
    ngx_http_weir_worker_clear_pt clear, void *data, ngx_uint_t *slot)
{
    uint64_t                   used;
    ngx_uint_t                 i;
    ngx_http_weir_worker_id_t  self;

    self = ngx_http_weir_worker_identity(ngx_pid, NULL);

    (void) ngx_http_weir_worker_reap_as(workers, self, clear, data);

    for (i = 0; i < NGX_HTTP_WEIR_WORKER_SLOTS; i++) {

        if (!ngx_http_weir_worker_take(&workers->owners[i], 0, self)) {
            continue;
        }

        /*
         * Before anything hangs on it: who looks at all slots after it was
         * counted must see this one.
         */

        used = weir_load(&workers->used);

        while (used <= i
               && !__atomic_compare_exchange_n(&workers->used, &used, i + 1, 0,
                                               __ATOMIC_SEQ_CST,
                                               __ATOMIC_SEQ_CST))
        {
            /* void */
        }

        *slot = i;
        return NGX_OK;
    }

    return NGX_ERROR;
}


void
ngx_http_weir_worker_release(ngx_http_weir_workers_t *workers,
    ngx_uint_t slot, ngx_http_weir_worker_clear_pt clear, void *data)
{
    ngx_http_weir_worker_yield(workers, slot);
    clear(data, slot, 0);
    weir_store(&workers->owners[slot], 0);
}


ngx_uint_t
ngx_http_weir_worker_reap(ngx_http_weir_workers_t *workers, ngx_uint_t slot,
    ngx_http_weir_worker_clear_pt clear, void *data)
{
    return ngx_http_weir_worker_reap_as(workers, workers->owners[slot], clear,
                                        data);
}


static ngx_uint_t
ngx_http_weir_worker_reap_as(ngx_http_weir_workers_t *workers,
    ngx_http_weir_worker_id_t self, ngx_http_weir_worker_clear_pt clear,
    void *data)
{
    uint64_t                   used;
    ngx_uint_t                 i, reaped;
    ngx_http_weir_worker_id_t  owner;

    used = weir_load(&workers->used);
    reaped = 0;

    for (i = 0; i < used; i++) {
        owner = weir_load(&workers->owners[i]);

        if (owner == 0 || owner == self || ngx_http_weir_worker_alive(owner)) {
            continue;
        }

        /*
         * The slot is ours while it is emptied: were it only marked, a
         * second reaper could empty it under its next owner, and if we die
         * here, another finds it ours and dead.
         */

        if (!ngx_http_weir_worker_take(&workers->owners[i], owner, self)) {
            continue;
        }

        /* counted first: who finds the slot free finds it counted */

        __atomic_add_fetch(&workers->reaped, 1, __ATOMIC_RELAXED);
        reaped++;

        clear(data, i, ngx_http_weir_worker_pid(owner));
        weir_store(&workers->owners[i], 0);
    }

    return reaped;
}


ngx_uint_t
ngx_http_weir_worker_leads(ngx_http_weir_workers_t *workers, ngx_uint_t slot)
{
    ngx_http_weir_worker_id_t  leader, self;

    if (slot == NGX_HTTP_WEIR_NO_WORKER) {
        return 0;
    }

    if (ngx_exiting) {
        ngx_http_weir_worker_yield(workers, slot);
        return 0;
    }

    self = workers->owners[slot];
    leader = weir_load(&workers->elected);

    if (leader == self) {
        return 1;
    }

    if (leader != 0 && ngx_http_weir_worker_alive(leader)) {
        return 0;
    }

    return ngx_http_weir_worker_take(&workers->elected, leader, self);
}


ngx_uint_t
ngx_http_weir_worker_none(ngx_http_weir_workers_t *workers)
{
    uint64_t    used;
    ngx_uint_t  i;

    used = weir_load(&workers->used);

    for (i = 0; i < used; i++) {

        if (weir_load(&workers->owners[i]) != 0) {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_weir_worker_yield(ngx_http_weir_workers_t *workers, ngx_uint_t slot)
{
    if (slot != NGX_HTTP_WEIR_NO_WORKER) {
        (void) ngx_http_weir_worker_take(&workers->elected,
                                         workers->owners[slot], 0);
    }
}


/*
 * Fields of /proc/PID/stat: 3 is the state, 20 the number of threads, 22 the
 * start time; field 2, the name, may hold blanks and parentheses.  0 ticks
 * where that cannot be read.  A process is gone when nothing of it runs and
 * only its parent has not looked; *gone may be NULL.
 */

static ngx_http_weir_worker_id_t
ngx_http_weir_worker_identity(ngx_pid_t pid, ngx_uint_t *gone)
{
    char      *p, buf[1024], path[sizeof("/proc//stat") + NGX_INT64_LEN];
    char       state;
    ssize_t    n;
    uint64_t   start, threads;
    ngx_fd_t   fd;
    ngx_int_t  field;

    state = 0;
    start = 0;
    threads = 0;

    (void) ngx_snprintf((u_char *) path, sizeof(path), "/proc/%P/stat%Z", pid);

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd != NGX_INVALID_FILE) {
        n = read(fd, buf, sizeof(buf) - 1);
        (void) ngx_close_file(fd);

        buf[n > 0 ? n : 0] = '\0';
        p = strrchr(buf, ')');

        for (field = 3; p != NULL && field <= 22; field++) {
            p = strchr(p + 1, ' ');

            if (p == NULL) {
                break;
            }

            if (field == 3) {
                state = p[1];

            } else if (field == 20) {
                threads = strtoull(p + 1, NULL, 10);

            } else if (field == 22) {
                start = strtoull(p + 1, NULL, 10);
            }
        }
    }

    if (gone != NULL) {
        *gone = (start != 0 && (state == 'Z' || state == 'X') && threads <= 1);
    }

    return start << NGX_HTTP_WEIR_PID_BITS | (uint64_t) pid;
}


/*
 * A process is dead when its pid is gone, or is another's, or when nothing
 * of it runs: a first thread that ended says nothing of the others.  Where
 * its start time cannot be read, it counts as alive: taking a live worker's
 * pins is worse than waiting.
 */

static ngx_uint_t
ngx_http_weir_worker_alive(ngx_http_weir_worker_id_t id)
{
    ngx_pid_t                  pid;
    ngx_uint_t                 gone;
    ngx_http_weir_worker_id_t  now;

    pid = ngx_http_weir_worker_pid(id);

    if (kill(pid, 0) == -1 && ngx_errno == ESRCH) {
        return 0;
    }

    now = ngx_http_weir_worker_identity(pid, &gone);

    if (now == id) {
        return !gone;
    }

    return now == (uint64_t) pid || id == (uint64_t) pid;
}


static ngx_uint_t
ngx_http_weir_worker_take(uint64_t *word, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}
