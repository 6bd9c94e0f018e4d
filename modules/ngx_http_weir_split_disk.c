/*
 * ngx_http_weir_split_disk.c: weir_state_file, for a start after which nobody
 * else may know.
 *
 *     weir state 1
 *     UID WORD SEEN       of each split; seconds since 1970, when the policy
 *                         had it last
 *
 * The worker that leads writes it.  A line that is not whole counts as none.
 */

#include "ngx_http_weir_keys_core.h"
#include "ngx_http_weir_split_sync.h"

#define NGX_HTTP_WEIR_STATE_MAGIC    "weir state 1\n"
#define NGX_HTTP_WEIR_STATE_UID      (2 * sizeof(weir_id_t))
#define NGX_HTTP_WEIR_STATE_LINE     (NGX_HTTP_WEIR_STATE_UID + 2             \
                                      + NGX_INT64_LEN + NGX_TIME_T_LEN + 1)
#define NGX_HTTP_WEIR_STATE_MAX      262144     /* bytes that are read */
#define NGX_HTTP_WEIR_STATE_DAY      86400      /* s: lines are of today */
#define NGX_HTTP_WEIR_STATE_KEEP     2592000    /* s, of other policies */
#define NGX_HTTP_WEIR_STATE_AGAIN    10000      /* ms, after a failure */


static ngx_int_t ngx_http_weir_state_folder(ngx_conf_t *cf,
    const ngx_str_t *file);
static ngx_uint_t ngx_http_weir_state_parse(ngx_http_weir_split_sync_t *sync,
    const u_char *p, const u_char *end);
static ngx_int_t ngx_http_weir_state_line(const u_char *p, const u_char *end,
    ngx_http_weir_split_kept_t *line);
static ngx_int_t ngx_http_weir_state_uid(const u_char *p, weir_id_t *uid);
static void ngx_http_weir_state_add(ngx_http_weir_split_kept_t *kept,
    ngx_uint_t *n, const ngx_http_weir_split_kept_t *line);
static ngx_http_weir_split_kept_t *ngx_http_weir_state_find(
    ngx_http_weir_split_kept_t *kept, ngx_uint_t n, const weir_id_t *uid);
static ngx_uint_t ngx_http_weir_state_changed(
    ngx_http_weir_split_sync_t *sync);
static ngx_uint_t ngx_http_weir_state_collect(
    ngx_http_weir_split_sync_t *sync, ngx_http_weir_split_kept_t *kept);
static ngx_err_t ngx_http_weir_state_write(ngx_http_weir_split_sync_t *sync,
    const ngx_http_weir_split_kept_t *kept, ngx_uint_t n);
static ngx_err_t ngx_http_weir_state_put(const char *file, const u_char *text,
    size_t len);


char *
ngx_http_weir_set_state_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ngx_str_t  *value;

    if (wmcf->state_file.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a file";
    }

    wmcf->state_file = value[1];

    if (ngx_conf_full_name(cf->cycle, &wmcf->state_file, 0) != NGX_OK
        || ngx_http_weir_state_folder(cf, &wmcf->state_file) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_weir_needs_policy(cf, "weir_state_file");

    return NGX_CONF_OK;
}


/*
 * nginx makes its paths, and gives them to the workers' user: also those that
 * are there, and so not the folder of something else.
 */

static ngx_int_t
ngx_http_weir_state_folder(ngx_conf_t *cf, const ngx_str_t *file)
{
    ngx_path_t       *path;
    ngx_file_info_t   fi;

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    path->name.len = file->len;

    while (path->name.len && file->data[path->name.len - 1] != '/') {
        path->name.len--;
    }

    if (path->name.len < 2) {
        return NGX_OK;
    }

    path->name.len--;
    path->name.data = ngx_pnalloc(cf->pool, path->name.len + 1);

    if (path->name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(path->name.data, file->data, path->name.len + 1);

    if (ngx_file_info(path->name.data, &fi) != NGX_FILE_ERROR
        || ngx_errno != NGX_ENOENT)
    {
        return NGX_OK;
    }

    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    return ngx_add_path(cf, &path);
}


void
ngx_http_weir_split_load(ngx_http_weir_split_sync_t *sync)
{
    size_t       len, head;
    u_char      *text;
    ngx_uint_t   bad;
    const char  *why;

    if (sync->loaded) {
        return;
    }

    sync->kept = ngx_calloc(NGX_HTTP_WEIR_SPLIT_KEPT
                            * sizeof(ngx_http_weir_split_kept_t), sync->log);
    if (sync->kept == NULL) {
        return;
    }

    sync->loaded = 1;
    sync->nkept = 0;

    if (access((char *) sync->file.data, F_OK) == -1
        && ngx_errno == NGX_ENOENT)
    {
        return;
    }

    head = sizeof(NGX_HTTP_WEIR_STATE_MAGIC) - 1;
    text = NULL;
    bad = 0;
    why = ngx_http_weir_keys_read((char *) sync->file.data,
                                  NGX_HTTP_WEIR_STATE_MAX, &text, &len);

    if (why == NULL
        && (len < head
            || ngx_memcmp(text, NGX_HTTP_WEIR_STATE_MAGIC, head) != 0))
    {
        why = "it is no state of splits";
    }

    if (why == NULL) {
        bad = ngx_http_weir_state_parse(sync, text + head, text + len);
    }

    free(text);

    if (why != NULL) {
        ngx_log_error(NGX_LOG_ERR, sync->log, 0,
                      "weir: state of splits in \"%V\" was not used: %s",
                      &sync->file, why);

    } else if (bad) {
        ngx_log_error(NGX_LOG_ERR, sync->log, 0,
                      "weir: %ui lines of \"%V\" are no state of a split, "
                      "and were not used", bad, &sync->file);
    }
}


void
ngx_http_weir_split_unload(ngx_http_weir_split_sync_t *sync)
{
    ngx_free(sync->kept);

    sync->kept = NULL;
    sync->nkept = 0;
    sync->loaded = 0;
}


void
ngx_http_weir_split_restore(ngx_http_weir_split_sync_t *sync)
{
    u_char                      *p, text[NGX_HTTP_WEIR_SPLIT_WORD];
    uint32_t                     now;
    ngx_uint_t                   i;
    weir_split_word_t            word;
    ngx_http_weir_split_id_t    *id;
    ngx_http_weir_split_kept_t  *line;

    now = ngx_http_weir_split_clock(sync);

    for (i = 0; i < sync->nitems; i++) {
        id = ngx_http_weir_split_item(sync, i);
        line = ngx_http_weir_state_find(sync->kept, sync->nkept, &id->uid);

        if (line == NULL) {
            continue;
        }

        word = line->word;

        /* the clock was set back since: what became of it still holds */

        if (WEIR_SPLIT_SINCE(word) > now) {
            word = (word & ~(uint64_t) UINT32_MAX) | now;
        }

        if (!ngx_http_weir_split_word_ok(id, word, now)) {
            ngx_log_error(NGX_LOG_ERR, sync->log, 0,
                          "weir: what \"%V\" says of split \"%*s\" is "
                          "ignored: %uL is no state of it",
                          &sync->file, id->len, id->name, line->word);
            continue;
        }

        id->kept = line->word;

        if (weir_splits_merge(sync->table, &id->uid, word)) {
            p = ngx_http_weir_split_word_text(text, text + sizeof(text), id,
                                              word);
            ngx_log_error(NGX_LOG_NOTICE, sync->log, 0,
                          "weir: split \"%*s\" is as \"%V\" says: %*s",
                          id->len, id->name, &sync->file, (size_t) (p - text),
                          text);
        }
    }
}


void
ngx_http_weir_split_save(ngx_http_weir_split_sync_t *sync)
{
    ngx_err_t                    err;
    ngx_uint_t                   i, n;
    ngx_http_weir_split_id_t    *id;
    ngx_http_weir_split_kept_t  *kept;

    if (sync->kept == NULL || !ngx_http_weir_state_changed(sync)) {
        return;
    }

    kept = ngx_calloc(NGX_HTTP_WEIR_SPLIT_KEPT
                      * sizeof(ngx_http_weir_split_kept_t), sync->log);
    if (kept == NULL) {
        return;
    }

    n = ngx_http_weir_state_collect(sync, kept);
    err = ngx_http_weir_state_write(sync, kept, n);

    if (err != 0) {
        ngx_free(kept);

        sync->write = ngx_current_msec + NGX_HTTP_WEIR_STATE_AGAIN;

        if (!sync->unwritten) {
            sync->unwritten = 1;
            ngx_log_error(NGX_LOG_ERR, sync->log, err,
                          "weir: the state of splits was not kept in \"%V\"",
                          &sync->file);
        }

        return;
    }

    ngx_free(sync->kept);

    sync->kept = kept;
    sync->nkept = n;
    sync->written = ngx_time();
    sync->unwritten = 0;

    for (i = 0; i < sync->nitems; i++) {
        id = ngx_http_weir_split_item(sync, i);
        kept = ngx_http_weir_state_find(sync->kept, n, &id->uid);
        id->kept = kept ? kept->word : 0;
    }
}


/* The number of lines that are none. */

static ngx_uint_t
ngx_http_weir_state_parse(ngx_http_weir_split_sync_t *sync, const u_char *p,
    const u_char *end)
{
    ngx_uint_t                   bad;
    const u_char                *eol;
    ngx_http_weir_split_kept_t   line, *known;

    bad = 0;

    for ( /* void */ ; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t) (end - p));

        /* the last one may have been torn, and look good */

        if (eol == NULL) {
            return bad + 1;
        }

        if (ngx_http_weir_state_line(p, eol, &line) != NGX_OK) {
            bad++;
            continue;
        }

        known = ngx_http_weir_state_find(sync->kept, sync->nkept, &line.uid);

        if (known) {
            known->word = ngx_max(known->word, line.word);
            known->seen = ngx_max(known->seen, line.seen);

        } else {
            ngx_http_weir_state_add(sync->kept, &sync->nkept, &line);
        }
    }

    return bad;
}


static ngx_int_t
ngx_http_weir_state_line(const u_char *p, const u_char *end,
    ngx_http_weir_split_kept_t *line)
{
    uint64_t       seen;
    const u_char  *word, *blank;

    if ((size_t) (end - p) < NGX_HTTP_WEIR_STATE_UID + 1
        || p[NGX_HTTP_WEIR_STATE_UID] != ' '
        || ngx_http_weir_state_uid(p, &line->uid) != NGX_OK)
    {
        return NGX_ERROR;
    }

    word = p + NGX_HTTP_WEIR_STATE_UID + 1;
    blank = memchr(word, ' ', (size_t) (end - word));

    if (blank == NULL
        || ngx_http_weir_split_word_read(word, (size_t) (blank - word),
                                         &line->word) != NGX_OK
        || ngx_http_weir_split_word_read(blank + 1,
                                         (size_t) (end - blank) - 1, &seen)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a time to come is a clock that was set back since */

    line->seen = seen < (uint64_t) ngx_time() ? (time_t) seen : ngx_time();

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_state_uid(const u_char *p, weir_id_t *uid)
{
    size_t     i;
    u_char     c;
    ngx_int_t  digit;

    for (i = 0; i < NGX_HTTP_WEIR_STATE_UID; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            digit = c - '0';

        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;

        } else {
            return NGX_ERROR;
        }

        uid->bytes[i / 2] = (uint8_t) (i % 2 ? uid->bytes[i / 2] | digit
                                             : digit << 4);
    }

    return NGX_OK;
}


/* What there is no room for is forgotten. */

static void
ngx_http_weir_state_add(ngx_http_weir_split_kept_t *kept, ngx_uint_t *n,
    const ngx_http_weir_split_kept_t *line)
{
    if (*n < NGX_HTTP_WEIR_SPLIT_KEPT) {
        kept[(*n)++] = *line;
    }
}


static ngx_http_weir_split_kept_t *
ngx_http_weir_state_find(ngx_http_weir_split_kept_t *kept, ngx_uint_t n,
    const weir_id_t *uid)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (ngx_memcmp(&kept[i].uid, uid, sizeof(weir_id_t)) == 0) {
            return &kept[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_weir_state_changed(ngx_http_weir_split_sync_t *sync)
{
    ngx_uint_t                 i;
    ngx_http_weir_split_id_t  *id;

    if ((ngx_msec_int_t) (ngx_current_msec - sync->write) < 0) {
        return 0;
    }

    for (i = 0; i < sync->nitems; i++) {
        id = ngx_http_weir_split_item(sync, i);

        if (weir_splits_word(sync->table, &id->uid) != id->kept) {
            return 1;
        }
    }

    return sync->nkept
           && ngx_time() - sync->written >= NGX_HTTP_WEIR_STATE_DAY;
}


/* Splits of the policy first: of the others the last to go are the first. */

static ngx_uint_t
ngx_http_weir_state_collect(ngx_http_weir_split_sync_t *sync,
    ngx_http_weir_split_kept_t *kept)
{
    ngx_uint_t                   i, n, items;
    ngx_http_weir_split_id_t    *id;
    ngx_http_weir_split_kept_t   line;

    n = 0;

    for (i = 0; i < sync->nitems; i++) {
        id = ngx_http_weir_split_item(sync, i);

        line.uid = id->uid;
        line.word = weir_splits_word(sync->table, &id->uid);
        line.seen = ngx_time();

        if (line.word) {
            ngx_http_weir_state_add(kept, &n, &line);
        }
    }

    items = n;

    for (i = 0; i < sync->nkept; i++) {

        if (ngx_time() - sync->kept[i].seen < NGX_HTTP_WEIR_STATE_KEEP
            && ngx_http_weir_state_find(kept, items, &sync->kept[i].uid)
               == NULL)
        {
            ngx_http_weir_state_add(kept, &n, &sync->kept[i]);
        }
    }

    return n;
}


static ngx_err_t
ngx_http_weir_state_write(ngx_http_weir_split_sync_t *sync,
    const ngx_http_weir_split_kept_t *kept, ngx_uint_t n)
{
    char        temp[NGX_MAX_PATH];
    u_char     *text, *p;
    ngx_err_t   err;
    ngx_uint_t  i;

    if (sync->file.len + sizeof("..tmp") + NGX_INT64_LEN > sizeof(temp)) {
        return NGX_ENAMETOOLONG;
    }

    (void) ngx_sprintf((u_char *) temp, "%V.%P.tmp%Z", &sync->file, ngx_pid);

    text = ngx_alloc(sizeof(NGX_HTTP_WEIR_STATE_MAGIC)
                     + n * NGX_HTTP_WEIR_STATE_LINE, sync->log);
    if (text == NULL) {
        return NGX_ENOMEM;
    }

    p = ngx_cpymem(text, NGX_HTTP_WEIR_STATE_MAGIC,
                   sizeof(NGX_HTTP_WEIR_STATE_MAGIC) - 1);

    for (i = 0; i < n; i++) {
        p = ngx_hex_dump(p, (u_char *) kept[i].uid.bytes, sizeof(weir_id_t));
        p = ngx_sprintf(p, " %uL %T\n", kept[i].word, kept[i].seen);
    }

    err = ngx_http_weir_state_put(temp, text, (size_t) (p - text));

    if (err == 0 && rename(temp, (char *) sync->file.data) == -1) {
        err = ngx_errno;
    }

    if (err != 0) {
        (void) unlink(temp);
    }

    ngx_free(text);

    return err;
}


/* Not flushed: what a crash of the machine tears is not read. */

static ngx_err_t
ngx_http_weir_state_put(const char *file, const u_char *text, size_t len)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  err;

    (void) unlink(file);

    fd = open(file, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (fd == -1) {
        return ngx_errno;
    }

    n = write(fd, text, len);
    err = n == (ssize_t) len ? 0 : n == -1 ? ngx_errno : NGX_ENOSPC;

    if (close(fd) == -1 && err == 0) {
        err = ngx_errno;
    }

    return err;
}
