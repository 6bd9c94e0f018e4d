/*
 * ngx_http_weir_keys_source.c: reads key sets from where they are.
 *
 *     file        looked at every second, by one worker
 *     url         fetched a little before ttl is over, or for an unknown key
 *     discovery   two fetches: the issuer's configuration, then its jwks_uri
 *                 (OpenID Connect Discovery 1.0, 4)
 *
 * A set is parsed before it is published; one that is refused changes
 * nothing.
 */

#include "ngx_http_weir_keys_core.h"
#include "run/json.h"

#define NGX_HTTP_WEIR_KEYS_BACKOFF      1000    /* ms, doubled */
#define NGX_HTTP_WEIR_KEYS_BACKOFF_MAX  60000

#define NGX_HTTP_WEIR_KEYS_MAX_CONFIG   65536   /* of an issuer */


static void ngx_http_weir_keys_look(ngx_http_weir_keys_source_t *s);
static int64_t ngx_http_weir_keys_url(ngx_http_weir_keys_source_t *s);
static ngx_uint_t ngx_http_weir_keys_lease(ngx_http_weir_keys_source_t *s);
static void ngx_http_weir_keys_begin(ngx_http_weir_keys_source_t *s,
    weir_str_t url, size_t max);
static void ngx_http_weir_keys_begin_first(ngx_http_weir_keys_source_t *s);
static void ngx_http_weir_keys_answered(void *data, weir_str_t body,
    const char *why);
static const char *ngx_http_weir_keys_discovered(
    ngx_http_weir_keys_source_t *s, weir_str_t body);
static ngx_uint_t ngx_http_weir_keys_is_https(weir_str_t url);
static void ngx_http_weir_keys_note(void *data, const char *text);
static void ngx_http_weir_keys_ended(ngx_http_weir_keys_source_t *s,
    const char *why);
static void ngx_http_weir_keys_refused(ngx_http_weir_keys_source_t *s,
    const char *from, const char *why);
static void ngx_http_weir_keys_release(ngx_http_weir_keys_source_t *s);


int64_t
ngx_http_weir_keys_work(ngx_http_weir_keys_source_t *s)
{
    ngx_http_weir_store(&s->entry->used, ngx_http_weir_keys_now());

    if (ngx_http_weir_keys_has_url(s)) {
        ngx_http_weir_keys_load(s);
    }

    if (s->file.len) {
        ngx_http_weir_keys_look(s);
    }

    return ngx_http_weir_keys_has_url(s) ? ngx_http_weir_keys_url(s)
                                         : NGX_HTTP_WEIR_KEYS_TICK;
}


/* Files */

static void
ngx_http_weir_keys_look(ngx_http_weir_keys_source_t *s)
{
    u_char                      *text;
    size_t                       len;
    int64_t                      looked, now;
    const char                  *why;
    ngx_uint_t                   settled;
    weir_keys_error_t            error;
    ngx_http_weir_file_state_t   state;

    now = ngx_http_weir_keys_now();
    looked = ngx_http_weir_load(&s->entry->looked);

    if ((looked != 0 && now - looked < NGX_HTTP_WEIR_KEYS_LOOK)
        || ngx_http_weir_load(&s->entry->origin) > NGX_HTTP_WEIR_KEYS_FILE
        || !ngx_http_weir_keys_take(&s->entry->looked, looked, now))
    {
        return;
    }

    ngx_http_weir_file_look((char *) s->file.data, &state);

    if (ngx_http_weir_keys_seen(s, &state, 0)) {
        return;
    }

    /* one that is still written to may be read for want of any other */

    settled = (state.error != 0 || ngx_http_weir_file_settles(&state) == 0);

    if (!settled && ngx_http_weir_load(&s->entry->version) != 0) {
        return;
    }

    text = NULL;
    why = ngx_http_weir_keys_read((char *) s->file.data, WEIR_MAX_KEY_SET,
                                  &text, &len);

    if (why == NULL) {
        why = ngx_http_weir_keys_accept(s, weir_str((char *) text, len),
                                        NGX_HTTP_WEIR_KEYS_FILE, 0, &error);
    }

    free(text);

    if (settled) {
        (void) ngx_http_weir_keys_seen(s, &state, 1);
    }

    if (why != NULL) {
        ngx_http_weir_keys_refused(s, (char *) s->file.data, why);
    } else {
        __atomic_add_fetch(&s->entry->accepted, 1, __ATOMIC_RELAXED);
    }

    __atomic_add_fetch(&s->entry->tries, 1, __ATOMIC_SEQ_CST);
    ngx_http_weir_keys_wake(s);
}


const char *
ngx_http_weir_keys_read(const char *file, size_t max, u_char **text,
    size_t *len)
{
    u_char       *buf;
    size_t        size;
    ssize_t       n;
    ngx_fd_t      fd;
    const char   *why;
    struct stat   st;

    fd = open(file, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        return strerror(ngx_errno);
    }

    buf = NULL;
    why = NULL;
    size = 0;

    if (fstat(fd, &st) == -1) {
        why = strerror(ngx_errno);

    } else if (!S_ISREG(st.st_mode)) {
        why = "it is not a regular file";

    } else if (st.st_size > (off_t) max) {
        why = "it is too large";

    } else {
        buf = malloc(max + 1);
        why = buf ? NULL : "no memory";
    }

    while (why == NULL && size <= max) {
        n = read(fd, buf + size, max + 1 - size);

        if (n == -1) {
            why = strerror(ngx_errno);

        } else if (n == 0) {
            break;

        } else {
            size += (size_t) n;
        }
    }

    (void) close(fd);

    if (why == NULL && size > max) {
        why = "it is too large";
    }

    if (why != NULL) {
        free(buf);
        return why;
    }

    *text = buf;
    *len = size;

    return NULL;
}


/* URLs */

static int64_t
ngx_http_weir_keys_url(ngx_http_weir_keys_source_t *s)
{
    int64_t  due, mine, now;

    now = ngx_http_weir_keys_now();

    if (s->fetch != NULL) {
        mine = now + NGX_HTTP_WEIR_KEYS_LEASE;

        if (ngx_http_weir_keys_take(&s->entry->lease, s->lease, mine)) {
            s->lease = mine;

        } else {
            /* this worker slept for long, and another took over */
            ngx_http_weir_keys_stop(s);
        }

        return NGX_HTTP_WEIR_KEYS_TICK;
    }

    if (ngx_http_weir_keys_fetching(s)) {
        return NGX_HTTP_WEIR_KEYS_TICK;
    }

    /*
     * What still waits when those are woken whose fetch has ended waits for a
     * fetcher that died or quit.
     */

    ngx_http_weir_keys_wake(s);

    if (!ngx_queue_empty(&s->waits)) {
        ngx_http_weir_keys_fetch(s);
        return NGX_HTTP_WEIR_KEYS_TICK;
    }

    due = ngx_http_weir_keys_due(s);

    if (due > now) {
        return due - now;
    }

    /* a worker that quits leaves it to others */

    if (ngx_exiting || !ngx_http_weir_keys_lease(s)) {
        return NGX_HTTP_WEIR_KEYS_TICK;
    }

    if (ngx_http_weir_keys_due(s) > now) {
        ngx_http_weir_keys_release(s);      /* another was quicker */

    } else {
        ngx_http_weir_keys_begin_first(s);
    }

    return NGX_HTTP_WEIR_KEYS_TICK;
}


int64_t
ngx_http_weir_keys_due(ngx_http_weir_keys_source_t *s)
{
    int64_t                      next;
    ngx_http_weir_keys_entry_t  *e;

    e = s->entry;
    next = ngx_http_weir_load(&e->next);

    /* a newer policy may have a shorter ttl */

    if (ngx_http_weir_load(&e->failing) == 0
        && ngx_http_weir_load(&e->origin) == NGX_HTTP_WEIR_KEYS_URL)
    {
        next = ngx_min(next, ngx_http_weir_load(&e->since) + s->ttl);
    }

    return next;
}


void
ngx_http_weir_keys_fetch(ngx_http_weir_keys_source_t *s)
{
    if (ngx_http_weir_keys_lease(s)) {
        ngx_http_weir_keys_begin_first(s);
    }
}


static ngx_uint_t
ngx_http_weir_keys_lease(ngx_http_weir_keys_source_t *s)
{
    int64_t  lease, mine, now;

    now = ngx_http_weir_keys_now();
    mine = now + NGX_HTTP_WEIR_KEYS_LEASE;
    lease = ngx_http_weir_load(&s->entry->lease);

    if (s->fetch != NULL || lease > now
        || !ngx_http_weir_keys_take(&s->entry->lease, lease, mine))
    {
        return 0;
    }

    s->lease = mine;

    return 1;
}


static void
ngx_http_weir_keys_release(ngx_http_weir_keys_source_t *s)
{
    (void) ngx_http_weir_keys_take(&s->entry->lease, s->lease, 0);
    s->lease = 0;
}


void
ngx_http_weir_keys_stop(ngx_http_weir_keys_source_t *s)
{
    if (s->fetch != NULL) {
        ngx_http_weir_fetch_cancel(s->fetch);
        s->fetch = NULL;
        ngx_http_weir_keys_release(s);
    }
}


static void
ngx_http_weir_keys_begin_first(ngx_http_weir_keys_source_t *s)
{
    __atomic_add_fetch(&s->entry->fetches, 1, __ATOMIC_RELAXED);

    s->discovering = (s->kind == WEIR_KEYS_DISCOVERY);

    ngx_http_weir_keys_begin(s, ngx_http_weir_str(&s->url),
                             s->discovering ? NGX_HTTP_WEIR_KEYS_MAX_CONFIG
                                            : WEIR_MAX_KEY_SET);
}


static void
ngx_http_weir_keys_begin(ngx_http_weir_keys_source_t *s, weir_str_t url,
    size_t max)
{
    ngx_http_weir_fetch_options_t  options;

    ngx_memzero(&options, sizeof(options));

    options.outgoing = s->all->outgoing;
    options.url = url;
    options.max_body = max;
    options.handler = ngx_http_weir_keys_answered;
    options.data = s;

    s->fetch = ngx_http_weir_fetch(&options, s->all->timer.log);

    if (s->fetch == NULL) {
        ngx_http_weir_keys_ended(s, "no memory");
    }
}


static void
ngx_http_weir_keys_answered(void *data, weir_str_t body, const char *why)
{
    ngx_http_weir_keys_source_t *s = data;

    weir_keys_error_t  error;

    s->fetch = NULL;

    /* cut off, which says nothing of the server: who waits begins anew */

    if (why != NULL && ngx_strcmp(why, NGX_HTTP_WEIR_PEER_QUITS) == 0) {
        ngx_http_weir_keys_release(s);
        return;
    }

    if (why == NULL && s->discovering) {
        s->discovering = 0;
        why = ngx_http_weir_keys_discovered(s, body);

        if (why == NULL) {
            return;
        }

    } else if (why == NULL) {
        why = ngx_http_weir_keys_accept(s, body, NGX_HTTP_WEIR_KEYS_URL, 0,
                                        &error);
        if (why == NULL) {
            ngx_http_weir_keys_save(s, body);
        }
    }

    ngx_http_weir_keys_ended(s, why);
}


/* NULL: the set is on its way; or what is wrong with the configuration. */

static const char *
ngx_http_weir_keys_discovered(ngx_http_weir_keys_source_t *s, weir_str_t body)
{
    weir_str_t          iss, uri;
    const char         *why;
    weir_json_value_t  *root;

    why = NULL;

    if (weir_json_read(body, &root, &why) != WEIR_OK) {
        return why ? why : "no memory";
    }

    iss = weir_json_text(weir_json_member(root, weir_string("issuer")));
    uri = weir_json_text(weir_json_member(root, weir_string("jwks_uri")));

    if (!weir_str_eq(iss, ngx_http_weir_str(&s->iss))) {
        why = "the issuer's configuration is that of another issuer";

    } else if (uri.len == 0) {
        why = "the issuer's configuration has no \"jwks_uri\"";

    } else if (ngx_http_weir_keys_is_https(ngx_http_weir_str(&s->url))
               && !ngx_http_weir_keys_is_https(uri))
    {
        why = "the \"jwks_uri\" of the issuer's configuration is not https";

    } else {
        ngx_http_weir_keys_begin(s, uri, WEIR_MAX_KEY_SET);
        why = NULL;
    }

    weir_json_free(root);

    return why;
}


static ngx_uint_t
ngx_http_weir_keys_is_https(weir_str_t url)
{
    return url.len > 8
           && ngx_strncasecmp((u_char *) url.data, (u_char *) "https://", 8)
              == 0;
}


const char *
ngx_http_weir_keys_accept(ngx_http_weir_keys_source_t *s, weir_str_t text,
    ngx_http_weir_keys_origin_t origin, int64_t age, weir_keys_error_t *error)
{
    uint64_t      before, version;
    ngx_int_t     rc;
    weir_keys_t  *keys;

    static const char *const  places[] = { "", "its file", "the copy on disk",
                                           "its URL" };

    ngx_cpystrn((u_char *) error->text, (u_char *) "no memory",
                sizeof(error->text));

    if (weir_keys_read(text, s->algs, &keys, error, ngx_http_weir_keys_note, s)
        != WEIR_OK)
    {
        return error->text;
    }

    before = ngx_http_weir_load(&s->entry->version);

    rc = ngx_http_weir_keys_put(s, text, origin,
                                ngx_http_weir_keys_now() - age,
                                ngx_time() - (time_t) (age / 1000), &version);

    if (rc != NGX_OK) {
        weir_keys_free(keys);
        return rc == NGX_ERROR ? "there is no room for it in the zone "
                                 "\"weir_keys\"" : NULL;
    }

    if (version != before) {
        ngx_log_error(NGX_LOG_NOTICE, s->all->timer.log, 0,
                      "weir: issuer \"%V\" has %uz keys, version %uL, from %s",
                      &s->name, weir_keys_count(keys), version,
                      places[origin]);
    }

    ngx_http_weir_keys_replace(s, keys, version);

    return NULL;
}


static void
ngx_http_weir_keys_note(void *data, const char *text)
{
    ngx_http_weir_keys_source_t *s = data;

    ngx_log_error(NGX_LOG_INFO, s->all->timer.log, 0,
                  "weir: keys of issuer \"%V\": %s", &s->name, text);
}


/* Of a fetch. */

static void
ngx_http_weir_keys_ended(ngx_http_weir_keys_source_t *s, const char *why)
{
    int64_t                      next, now;
    uint64_t                     n;
    ngx_http_weir_keys_entry_t  *e;

    e = s->entry;
    now = ngx_http_weir_keys_now();

    if (why == NULL) {
        next = s->ttl - (int64_t) ((uint64_t) ngx_random()
                                   % (uint64_t) (s->ttl / 10 + 1));
        n = 0;

        __atomic_add_fetch(&e->accepted, 1, __ATOMIC_RELAXED);

    } else {
        n = ngx_http_weir_load(&e->failing);
        next = n < 6 ? (int64_t) NGX_HTTP_WEIR_KEYS_BACKOFF << n
                     : NGX_HTTP_WEIR_KEYS_BACKOFF_MAX;
        next -= (int64_t) ((uint64_t) ngx_random()
                           % (uint64_t) (next / 4 + 1));
        n++;

        ngx_http_weir_keys_refused(s, (char *) s->url.data, why);
    }

    ngx_http_weir_store(&e->failing, n);
    ngx_http_weir_store(&e->next, now + next);

    /* tries first: who finds the lease free finds it counted */

    __atomic_add_fetch(&e->tries, 1, __ATOMIC_SEQ_CST);
    ngx_http_weir_keys_release(s);

    ngx_http_weir_keys_wake(s);
}


static void
ngx_http_weir_keys_refused(ngx_http_weir_keys_source_t *s, const char *from,
    const char *why)
{
    ngx_uint_t  level;

    level = ngx_http_weir_keys_put_error(s, why) ? NGX_LOG_ERR : NGX_LOG_INFO;

    /* who sees that it failed sees why */

    __atomic_add_fetch(&s->entry->failures, 1, __ATOMIC_SEQ_CST);

    ngx_log_error(level, s->all->timer.log, 0,
                  "weir: no new keys of issuer \"%V\" from \"%s\": %s",
                  &s->name, from, why);
}
