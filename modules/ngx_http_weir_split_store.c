/*
 * ngx_http_weir_split_store.c: the words of splits in the store.
 *
 * What the store has is anybody's: a value that is no word of its split is as
 * good as none.  It is overwritten once there is something to say.
 */

#include "ngx_http_weir_atomic.h"
#include "ngx_http_weir_audit.h"
#include "ngx_http_weir_split_sync.h"

#define NGX_HTTP_WEIR_SPLIT_EARLY    1000       /* ms, for a connection */
#define NGX_HTTP_WEIR_SPLIT_SICK     10000      /* ms, after a protocol error:
                                                   it costs a connection */
#define NGX_HTTP_WEIR_SPLIT_RENEW    3600000    /* ms */
#define NGX_HTTP_WEIR_SPLIT_TTL      "604800"   /* s: seven days */

/* ":split:", 32 digits */
#define NGX_HTTP_WEIR_SPLIT_KEY      (sizeof(":split:") - 1 + 32)


static void ngx_http_weir_split_init(ngx_http_weir_split_item_t *item,
    ngx_http_weir_split_sync_t *sync, const ngx_http_weir_split_id_t *id);
static size_t ngx_http_weir_split_size(ngx_http_weir_split_sync_t *sync);
static ngx_http_weir_split_item_t *ngx_http_weir_split_nth(
    ngx_http_weir_split_sync_t *sync, ngx_uint_t i);
static void ngx_http_weir_split_read(ngx_http_weir_split_item_t *item);
static void ngx_http_weir_split_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static weir_split_word_t ngx_http_weir_split_take(
    ngx_http_weir_split_item_t *item, const ngx_http_weir_reply_t *reply);
static void ngx_http_weir_split_bad(ngx_http_weir_split_item_t *item,
    const ngx_http_weir_reply_t *reply);
static ngx_uint_t ngx_http_weir_split_wrong_type(
    ngx_http_weir_split_sync_t *sync, ngx_http_weir_store_result_e result);
static void ngx_http_weir_split_done(ngx_http_weir_split_sync_t *sync);
static void ngx_http_weir_split_published(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static void ngx_http_weir_split_command(ngx_http_weir_split_item_t *item,
    const char *name, ngx_uint_t nargs, const weir_str_t *args);


ngx_int_t
ngx_http_weir_split_items(ngx_http_weir_split_sync_t *sync,
    const weir_image_t *img)
{
    uint32_t                   i, n;
    const weir_img_split_t    *s;
    ngx_http_weir_split_id_t   id;

    n = img->n[WEIR_S_SPLITS];
    s = WEIR_REC(img, SPLITS);

    sync->items = n ? ngx_calloc(n * ngx_http_weir_split_size(sync), sync->log)
                    : NULL;

    if (sync->items == NULL) {
        return n ? NGX_ERROR : NGX_OK;
    }

    for (i = 0; i < n; i++) {
        ngx_http_weir_split_name(&id, img, &s[i]);
        ngx_http_weir_split_init(ngx_http_weir_split_nth(sync, i), sync, &id);
    }

    sync->nitems = n;

    return NGX_OK;
}


void
ngx_http_weir_split_drop(ngx_http_weir_split_sync_t *sync)
{
    ngx_uint_t  i;

    if (sync->items) {

        for (i = 0; i < sync->nitems; i++) {
            ngx_http_weir_store_cancel(
                &ngx_http_weir_split_nth(sync, i)->call);
        }

        ngx_free(sync->items);
    }

    sync->items = NULL;
    sync->nitems = 0;
    sync->open = 0;
    sync->generation = 0;
}


void
ngx_http_weir_split_name(ngx_http_weir_split_id_t *id, const weir_image_t *img,
    const weir_img_split_t *s)
{
    weir_str_t  name;

    name = weir_img_str(img, s->name);

    id->uid = s->uid;
    id->arms = s->arms.count;
    id->steps = s->steps.count;
    id->kept = 0;
    id->len = ngx_min(name.len, sizeof(id->name));

    ngx_memcpy(id->name, name.data, id->len);
}


static void
ngx_http_weir_split_init(ngx_http_weir_split_item_t *item,
    ngx_http_weir_split_sync_t *sync, const ngx_http_weir_split_id_t *id)
{
    u_char      *p;
    weir_str_t   prefix;

    item->sync = sync;
    item->id = *id;

    if (sync->wmcf->store == NULL) {
        return;
    }

    prefix = ngx_http_weir_store_prefix(sync->wmcf->store);

    p = ngx_cpymem(item->text, prefix.data, prefix.len);
    p = ngx_cpymem(p, ":split:", sizeof(":split:") - 1);
    p = ngx_hex_dump(p, (u_char *) id->uid.bytes, sizeof(id->uid.bytes));

    item->key = weir_str((char *) item->text, (size_t) (p - item->text));
}


static size_t
ngx_http_weir_split_size(ngx_http_weir_split_sync_t *sync)
{
    size_t  len;

    len = sync->wmcf->store
          ? ngx_http_weir_store_prefix(sync->wmcf->store).len
            + NGX_HTTP_WEIR_SPLIT_KEY
          : 0;

    return ngx_align(sizeof(ngx_http_weir_split_item_t) + len, 16);
}


static ngx_http_weir_split_item_t *
ngx_http_weir_split_nth(ngx_http_weir_split_sync_t *sync, ngx_uint_t i)
{
    return (ngx_http_weir_split_item_t *)
               ((u_char *) sync->items + i * ngx_http_weir_split_size(sync));
}


ngx_http_weir_split_id_t *
ngx_http_weir_split_item(ngx_http_weir_split_sync_t *sync, ngx_uint_t i)
{
    return &ngx_http_weir_split_nth(sync, i)->id;
}


/* A round */

void
ngx_http_weir_split_round(ngx_http_weir_split_sync_t *sync)
{
    ngx_uint_t  i;

    /* at first there is no connection yet, which is no failure */

    if (weir_load(&sync->shared->reads) == 0
        && !ngx_http_weir_store_open(sync->wmcf->store)
        && ngx_current_msec - sync->began < NGX_HTTP_WEIR_SPLIT_EARLY)
    {
        return;
    }

    sync->began = ngx_current_msec;
    sync->result = NGX_HTTP_WEIR_STORE_OK;
    sync->renews = (ngx_msec_int_t) (ngx_current_msec - sync->renew) >= 0;

    /* handlers are not called before all were sent */

    for (i = 0; i < sync->nitems; i++) {
        ngx_http_weir_split_read(ngx_http_weir_split_nth(sync, i));
    }

    if (sync->open == 0) {
        ngx_http_weir_split_done(sync);
    }
}


static void
ngx_http_weir_split_read(ngx_http_weir_split_item_t *item)
{
    weir_str_t                   ttl;
    ngx_http_weir_split_sync_t  *sync;

    sync = item->sync;

    ngx_memzero(&item->call, sizeof(ngx_http_weir_call_t));

    ngx_http_weir_split_command(item, "GET", 0, NULL);

    if (sync->renews) {
        ttl = weir_string(NGX_HTTP_WEIR_SPLIT_TTL);
        ngx_http_weir_split_command(item, "EXPIRE", 1, &ttl);
    }

    item->call.handler = ngx_http_weir_split_told;

    if (ngx_http_weir_store_call(sync->wmcf->store, &item->call) == NGX_OK) {
        sync->open++;

    } else {
        sync->result = NGX_HTTP_WEIR_STORE_OPEN;
    }
}


static void
ngx_http_weir_split_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_split_item_t *item = call->data;

    weir_split_word_t            there;
    ngx_http_weir_split_sync_t  *sync;

    sync = item->sync;
    sync->open--;

    if (result == NGX_HTTP_WEIR_STORE_OK
        || ngx_http_weir_split_wrong_type(sync, result))
    {
        there = ngx_http_weir_split_take(item, replies);

        if (weir_splits_word(sync->table, &item->id.uid) > there) {
            ngx_http_weir_split_publish(sync, &item->id);
        }

    } else {
        sync->result = result;
    }

    if (sync->open == 0) {
        ngx_http_weir_split_done(sync);
    }
}


/* What the store says, 0 where it is nothing; reply NULL: it is no text. */

static weir_split_word_t
ngx_http_weir_split_take(ngx_http_weir_split_item_t *item,
    const ngx_http_weir_reply_t *reply)
{
    u_char                      *p, text[NGX_HTTP_WEIR_SPLIT_WORD];
    weir_split_word_t            word, before;
    ngx_http_weir_split_sync_t  *sync;

    sync = item->sync;

    if (reply != NULL && reply->type == NGX_HTTP_WEIR_REPLY_NIL) {
        item->bad = 0;
        return 0;
    }

    if (reply == NULL || reply->type != NGX_HTTP_WEIR_REPLY_TEXT
        || ngx_http_weir_split_word_read((u_char *) reply->text.data,
                                         reply->text.len, &word) != NGX_OK
        || !ngx_http_weir_split_word_ok(&item->id, word,
                                        ngx_http_weir_split_clock(sync)))
    {
        ngx_http_weir_split_bad(item, reply);
        return 0;
    }

    item->bad = 0;

    before = weir_splits_word(sync->table, &item->id.uid);

    if (word && weir_splits_merge(sync->table, &item->id.uid, word)) {
        p = ngx_http_weir_split_word_text(text, text + sizeof(text), &item->id,
                                          word);
        ngx_log_error(NGX_LOG_NOTICE, sync->log, 0,
                      "weir: split \"%*s\" is as another node says: %*s",
                      item->id.len, item->id.name, (size_t) (p - text), text);
        ngx_http_weir_audit_merged(sync->wmcf, &item->id.uid, before, word,
                                   weir_str((char *) text,
                                            (size_t) (p - text)));
    }

    return word;
}


static void
ngx_http_weir_split_bad(ngx_http_weir_split_item_t *item,
    const ngx_http_weir_reply_t *reply)
{
    u_char                      *p, text[48];
    ngx_http_weir_split_sync_t  *sync;

    sync = item->sync;

    if (item->bad) {
        return;
    }

    item->bad = 1;

    weir_store(&sync->shared->passed, weir_load(&sync->shared->passed) + 1);

    if (reply != NULL && reply->type == NGX_HTTP_WEIR_REPLY_TEXT) {
        p = ngx_http_weir_json(text, text + sizeof(text), reply->text);

    } else {
        p = ngx_cpymem(text, "no text", sizeof("no text") - 1);
    }

    ngx_log_error(NGX_LOG_ERR, sync->log, 0,
                  "weir: what the store says of split \"%*s\" is ignored: "
                  "%*s is no state of it; key \"%*s\"",
                  item->id.len, item->id.name, (size_t) (p - text), text,
                  NGX_HTTP_WEIR_STR(item->key));
}


/* A key of another type is a value that is none. */

static ngx_uint_t
ngx_http_weir_split_wrong_type(ngx_http_weir_split_sync_t *sync,
    ngx_http_weir_store_result_e result)
{
    ngx_http_weir_store_stats_t  st;

    if (result != NGX_HTTP_WEIR_STORE_REFUSED) {
        return 0;
    }

    ngx_http_weir_store_stats(sync->wmcf->store, &st);

    return ngx_strncmp(st.error, "WRONGTYPE ", 10) == 0;
}


static void
ngx_http_weir_split_done(ngx_http_weir_split_sync_t *sync)
{
    ngx_http_weir_split_shared_t  *shared;

    shared = sync->shared;
    weir_store(&shared->why, sync->result);

    if (sync->result != NGX_HTTP_WEIR_STORE_OK) {
        weir_store(&shared->failures, weir_load(&shared->failures) + 1);

        if (sync->result == NGX_HTTP_WEIR_STORE_PROTOCOL) {
            sync->next = ngx_current_msec + NGX_HTTP_WEIR_SPLIT_SICK;
        }

        return;
    }

    /* who reads the generation reads what was read of it, or of a later one */

    weir_store(&shared->read, (uint64_t) sync->began);
    weir_store(&shared->generation, sync->generation);
    weir_store(&shared->reads, weir_load(&shared->reads) + 1);

    if (sync->renews) {
        sync->renew = sync->began + NGX_HTTP_WEIR_SPLIT_RENEW;
    }

    if (sync->complained) {
        sync->complained = 0;
        ngx_log_error(NGX_LOG_NOTICE, sync->log, 0,
                      "weir: the state of splits is read from the store "
                      "again");
    }
}


/* A word of ours */

void
ngx_http_weir_split_publish(ngx_http_weir_split_sync_t *sync,
    const ngx_http_weir_split_id_t *id)
{
    weir_str_t                   args[3];
    ngx_http_weir_split_item_t  *item;

    item = ngx_calloc(ngx_http_weir_split_size(sync), sync->log);
    if (item == NULL) {
        return;
    }

    ngx_http_weir_split_init(item, sync, id);

    item->bad = 1;
    item->word = weir_splits_word(sync->table, &id->uid);

    args[0].data = (char *) item->value;
    args[0].len = (size_t) (ngx_sprintf(item->value, "%uL", item->word)
                            - item->value);
    args[1] = weir_string("EX");
    args[2] = weir_string(NGX_HTTP_WEIR_SPLIT_TTL);

    /* what it was says whether something greater was overwritten */

    ngx_http_weir_split_command(item, "GET", 0, NULL);
    ngx_http_weir_split_command(item, "SET", 3, args);

    item->call.handler = ngx_http_weir_split_published;

    if (ngx_http_weir_store_call(sync->wmcf->store, &item->call) != NGX_OK) {
        ngx_free(item);
    }
}


/* What failed is seen by the next round of the worker that leads. */

static void
ngx_http_weir_split_published(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_split_item_t *item = call->data;

    ngx_http_weir_split_sync_t  *sync;

    sync = item->sync;

    if (result == NGX_HTTP_WEIR_STORE_OK) {
        (void) __atomic_add_fetch(&sync->shared->published, 1,
                                  __ATOMIC_SEQ_CST);

        if (ngx_http_weir_split_take(item, &replies[0]) > item->word) {
            ngx_http_weir_split_publish(sync, &item->id);
        }
    }

    ngx_free(item);
}


static void
ngx_http_weir_split_command(ngx_http_weir_split_item_t *item,
    const char *name, ngx_uint_t nargs, const weir_str_t *args)
{
    ngx_uint_t                i;
    ngx_http_weir_command_t  *command;

    command = &item->call.commands[item->call.ncommands++];

    command->args[0] = weir_cstr(name);
    command->args[1] = item->key;

    for (i = 0; i < nargs; i++) {
        command->args[2 + i] = args[i];
    }

    command->nargs = 2 + nargs;

    item->call.key = item->key;
    item->call.data = item;
}
