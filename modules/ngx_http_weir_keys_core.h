/*
 * ngx_http_weir_keys_core.h: what the files of the keys share.
 *
 *     _keys.c         what requests ask; the timer
 *     _keys_status.c  what weir_status says
 *     _keys_zone.c    what workers share
 *     _keys_source.c  reading: files, URLs, discovery
 *     _keys_disk.c    the last good sets on disk
 *
 * Ownership.  In the zone a mutex guards the text, and what names an entry;
 * nothing is computed under it.  Single words are atomic.  Reading a URL for
 * all is a lease: who put its end into `lease` reads, puts it off while it
 * does, and has lost it when the word is not its own any more; the lease of
 * a worker that died ends by itself.
 *
 * Times that are compared are ngx_current_msec, one clock for all processes
 * of a machine; times that are shown are seconds since 1970.
 */

#ifndef NGX_HTTP_WEIR_KEYS_CORE_H
#define NGX_HTTP_WEIR_KEYS_CORE_H

#include "ngx_http_weir_keys.h"
#include "ngx_http_weir_fetch.h"
#include "ngx_http_weir_policy_load.h"
#include "image/bounds.h"

#define NGX_HTTP_WEIR_KEYS_LEASE    3000    /* ms; of a fetch, put off */
#define NGX_HTTP_WEIR_KEYS_TICK     500     /* ms */
#define NGX_HTTP_WEIR_KEYS_POLL     20      /* ms, while requests wait */
#define NGX_HTTP_WEIR_KEYS_LOOK     1000    /* ms between looks at a file */
#define NGX_HTTP_WEIR_KEYS_UNUSED   600000  /* ms until it is forgotten */
#define NGX_HTTP_WEIR_KEYS_LEFT     5000    /* ms until another may have its
                                               place, where there is no other */

#define ngx_http_weir_load(p)      __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define ngx_http_weir_store(p, v)  __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

/* Where a set came from; a later one is the better one. */
typedef enum {
    NGX_HTTP_WEIR_KEYS_NOWHERE = 0,
    NGX_HTTP_WEIR_KEYS_FILE,
    NGX_HTTP_WEIR_KEYS_DISK,    /* a copy of what the URL had answered */
    NGX_HTTP_WEIR_KEYS_URL
} ngx_http_weir_keys_origin_t;

/* In the zone. */
typedef struct {
    /* guarded by the mutex */
    uint64_t                    taken;
    weir_id_t                   id;
    u_char                     *text;
    size_t                      len;
    ngx_http_weir_file_state_t  seen;       /* the file that was dealt with */
    u_char                      error[256]; /* of the last try; NUL at end */

    /* atomic */
    uint64_t                    version;    /* of text; 0 = none; unique */
    uint64_t                    origin;
    int64_t                     since;      /* text was good; ms */
    uint64_t                    success;    /* the same; seconds, 0 = never */
    int64_t                     next;       /* fetch; ms */
    int64_t                     used;       /* by a worker; ms */
    int64_t                     lease;      /* ends then; ms, 0 = free */
    int64_t                     asked;      /* for new keys; ms, 0 = never */
    int64_t                     looked;     /* at the file; ms, 0 = never */
    uint64_t                    cached;     /* the copy on disk was read */
    uint64_t                    tries;      /* that ended, well or not */
    uint64_t                    failing;    /* tries in a row */
    uint64_t                    fetches;    /* of the URL, begun */
    uint64_t                    accepted;   /* tries that ended well */
    uint64_t                    failures;   /* and those that did not */
} ngx_http_weir_keys_entry_t;

typedef struct {
    uint64_t                    versions;   /* handed out */
    ngx_http_weir_keys_entry_t  entries[2 * WEIR_MAX_ISSUERS];
} ngx_http_weir_keys_zone_t;

/* A source as this worker reads it. */
typedef struct {
    ngx_queue_t                  link;
    ngx_http_weir_issuers_t     *all;
    ngx_pool_t                  *pool;      /* this and its texts */
    ngx_http_weir_keys_entry_t  *entry;
    weir_id_t                    id;
    uint32_t                     algs;
    uint32_t                     kind;      /* WEIR_KEYS_* */
    ngx_str_t                    name;
    ngx_str_t                    iss;
    ngx_str_t                    url;       /* of keys or configuration; or
                                               empty */
    ngx_str_t                    file;      /* full path with NUL, or empty */
    int64_t                      ttl;       /* ms, like all that follow */
    int64_t                      stale_max;
    int64_t                      refresh;
    int64_t                      wait;

    uint64_t                     version;   /* of keys */
    weir_keys_t                 *keys;      /* NULL: none */
    weir_keys_t                 *old;       /* until this handler has ended */
    uint64_t                     generation;    /* last that has it */
    int64_t                      used;
    ngx_queue_t                  waits;

    ngx_http_weir_fetch_t       *fetch;     /* ours; NULL: none */
    int64_t                      lease;     /* our word */
    unsigned                     discovering:1;
} ngx_http_weir_keys_source_t;

/* A request that waits; in its pool. */
typedef struct {
    ngx_queue_t                   link;
    ngx_http_weir_ctx_t          *ctx;      /* NULL: it waits no more */
    uint64_t                      tries;    /* that there were */
    int64_t                       until;
} ngx_http_weir_keys_wait_t;

struct ngx_http_weir_issuers_s {
    ngx_http_weir_policy_t          *policy;
    const ngx_http_weir_outgoing_t  *outgoing;
    const ngx_path_t                *cache;
    ngx_cycle_t                     *cycle;
    ngx_shm_zone_t                  *zone;
    ngx_http_weir_keys_zone_t       *shared;

    /* of this worker */
    ngx_queue_t                      sources;
    uint64_t                         generation;    /* whose sources we have */
    ngx_uint_t                       issuers;       /* of that policy */
    int64_t                          swept;
    ngx_event_t                      timer;
    ngx_event_t                      bury;          /* posted */
    unsigned                         started:1;
    unsigned                         lacks:1;       /* some of its sources */
};


#define ngx_http_weir_keys_now()  ((int64_t) ngx_current_msec)

/* _keys_zone.c */

ngx_int_t ngx_http_weir_keys_zone_add(ngx_conf_t *cf,
    ngx_http_weir_issuers_t *all);
/* Of that id; NULL: there is none, and all places are in use. */
ngx_http_weir_keys_entry_t *ngx_http_weir_keys_entry(
    ngx_http_weir_issuers_t *all, const weir_id_t *id);
/* Frees entries that no worker has used for long. */
void ngx_http_weir_keys_sweep(ngx_http_weir_issuers_t *all);

/*
 * A copy for free(), NULL where there is none; the version is that of the
 * copy.  NGX_ERROR: no memory; NGX_DECLINED: the entry is another's now.
 */
ngx_int_t ngx_http_weir_keys_copy(ngx_http_weir_keys_source_t *s,
    u_char **text, size_t *len, uint64_t *version);
/*
 * Publishes a set that was good at a time (ms, seconds), unless there is one
 * from a better place.  NGX_ERROR: no room; NGX_DECLINED: not published.
 */
ngx_int_t ngx_http_weir_keys_put(ngx_http_weir_keys_source_t *s,
    weir_str_t text, ngx_http_weir_keys_origin_t origin, int64_t since,
    time_t success, uint64_t *version);
/* Returns whether it is news. */
ngx_uint_t ngx_http_weir_keys_put_error(ngx_http_weir_keys_source_t *s,
    const char *why);
void ngx_http_weir_keys_get_error(ngx_http_weir_keys_source_t *s,
    u_char *buf, size_t size);
/* The file as it was dealt with; swaps it for what it is now. */
ngx_uint_t ngx_http_weir_keys_seen(ngx_http_weir_keys_source_t *s,
    const ngx_http_weir_file_state_t *now, ngx_uint_t set);

ngx_uint_t ngx_http_weir_keys_take(int64_t *word, int64_t from, int64_t to);

/* _keys_source.c */

/* Does what is to be done now; the ms until there may be more. */
int64_t ngx_http_weir_keys_work(ngx_http_weir_keys_source_t *s);
/* Has the URL read, by this worker or another, although it is not time. */
void ngx_http_weir_keys_fetch(ngx_http_weir_keys_source_t *s);
/* When the URL shall be read again; ms. */
int64_t ngx_http_weir_keys_due(ngx_http_weir_keys_source_t *s);
/* Ends what is under way here. */
void ngx_http_weir_keys_stop(ngx_http_weir_keys_source_t *s);

/*
 * Both return NULL, or what is wrong, as it may be in *error.  The text that
 * was read is for free(); a set that is accepted was good so many ms ago.
 */
const char *ngx_http_weir_keys_read(const char *file, size_t max,
    u_char **text, size_t *len);
const char *ngx_http_weir_keys_accept(ngx_http_weir_keys_source_t *s,
    weir_str_t text, ngx_http_weir_keys_origin_t origin, int64_t age,
    weir_keys_error_t *error);

/* A worker that wants to read finds another at it. */
#define ngx_http_weir_keys_fetching(s)                                        \
    (ngx_http_weir_load(&(s)->entry->lease) > ngx_http_weir_keys_now())

#define ngx_http_weir_keys_has_url(s)                                         \
    ((s)->kind == WEIR_KEYS_URL || (s)->kind == WEIR_KEYS_DISCOVERY)

/* _keys_disk.c */

/* Once for all workers, and before there is anything better. */
void ngx_http_weir_keys_load(ngx_http_weir_keys_source_t *s);
void ngx_http_weir_keys_save(ngx_http_weir_keys_source_t *s,
    weir_str_t text);

/* _keys.c */

ngx_http_weir_keys_source_t *ngx_http_weir_keys_find(
    ngx_http_weir_issuers_t *all, const weir_img_issuer_t *issuer);
/* See ngx_http_weir_keys_get(). */
const weir_keys_t *ngx_http_weir_keys_current(
    ngx_http_weir_keys_source_t *s);
/* Takes over what was parsed; not while a request may look at the old. */
void ngx_http_weir_keys_replace(ngx_http_weir_keys_source_t *s,
    weir_keys_t *keys, uint64_t version);
/* Wakes requests whose wait is over. */
void ngx_http_weir_keys_wake(ngx_http_weir_keys_source_t *s);

#endif
