/*
 * ngx_http_weir_store_resp.c: the protocol of Redis, version 2.
 *
 * Replies are hostile bytes: how large one is, how deep, and how many parts it
 * has are bounded before memory is taken for it.  After an error the reader is
 * of no more use, and neither is the connection.
 */

#include "ngx_http_weir_store_core.h"
#include <hiredis/read.h>

#define NGX_HTTP_WEIR_RESP_PART  4      /* bytes: no part is shorter */


struct ngx_http_weir_resp_s {
    redisReader             *reader;
    ngx_pool_t              *pool;          /* of texts and arrays */
    ngx_http_weir_reply_t    root;
    size_t                   limit;         /* bytes of a reply */
    size_t                   fed;           /* bytes since the last reply */
    ngx_uint_t               parts;         /* of this reply so far */
    const char              *why;           /* of a refusal; NULL: hiredis's */
    unsigned                 dirty:1;       /* the pool is in use */
};


static ngx_http_weir_reply_t *ngx_http_weir_resp_part(
    const redisReadTask *task);
static void *ngx_http_weir_resp_text(const redisReadTask *task, char *text,
    size_t len);
static void *ngx_http_weir_resp_array(const redisReadTask *task, size_t n);
static void *ngx_http_weir_resp_integer(const redisReadTask *task,
    long long value);
static void *ngx_http_weir_resp_nil(const redisReadTask *task);
static void *ngx_http_weir_resp_double(const redisReadTask *task, double value,
    char *text, size_t len);
static void *ngx_http_weir_resp_bool(const redisReadTask *task, int value);
static void *ngx_http_weir_resp_refuse(const redisReadTask *task,
    const char *why);
static void ngx_http_weir_resp_free(void *part);


static redisReplyObjectFunctions  ngx_http_weir_resp_functions = {
    ngx_http_weir_resp_text,
    ngx_http_weir_resp_array,
    ngx_http_weir_resp_integer,
    ngx_http_weir_resp_double,
    ngx_http_weir_resp_nil,
    ngx_http_weir_resp_bool,
    ngx_http_weir_resp_free
};


/* Writing */

size_t
ngx_http_weir_resp_size(const ngx_http_weir_command_t *command)
{
    size_t      size;
    ngx_uint_t  i;

    size = sizeof("*" CRLF) - 1 + NGX_SIZE_T_LEN;

    for (i = 0; i < command->nargs; i++) {
        size += sizeof("$" CRLF CRLF) - 1 + NGX_SIZE_T_LEN
                + command->args[i].len;
    }

    return size;
}


u_char *
ngx_http_weir_resp_write(u_char *p, const ngx_http_weir_command_t *command)
{
    ngx_uint_t         i;
    const weir_str_t  *arg;

    p = ngx_sprintf(p, "*%ui" CRLF, command->nargs);

    for (i = 0; i < command->nargs; i++) {
        arg = &command->args[i];

        p = ngx_sprintf(p, "$%uz" CRLF, arg->len);
        p = ngx_cpymem(p, arg->data, arg->len);
        *p++ = CR;
        *p++ = LF;
    }

    return p;
}


/* Reading */

ngx_http_weir_resp_t *
ngx_http_weir_resp_create(size_t limit, ngx_log_t *log)
{
    ngx_http_weir_resp_t  *resp;

    resp = ngx_calloc(sizeof(ngx_http_weir_resp_t), log);
    if (resp == NULL) {
        return NULL;
    }

    resp->limit = limit;
    resp->pool = ngx_create_pool(1024, log);
    resp->reader = redisReaderCreateWithFunctions(
                       &ngx_http_weir_resp_functions);

    if (resp->pool == NULL || resp->reader == NULL) {
        ngx_http_weir_resp_destroy(resp);
        return NULL;
    }

    resp->reader->privdata = resp;

    return resp;
}


void
ngx_http_weir_resp_destroy(ngx_http_weir_resp_t *resp)
{
    if (resp->reader) {
        redisReaderFree(resp->reader);
    }

    if (resp->pool) {
        ngx_destroy_pool(resp->pool);
    }

    ngx_free(resp);
}


ngx_int_t
ngx_http_weir_resp_feed(ngx_http_weir_resp_t *resp, u_char *bytes, size_t len)
{
    resp->fed += len;

    return redisReaderFeed(resp->reader, (char *) bytes, len) == REDIS_OK
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_weir_resp_next(ngx_http_weir_resp_t *resp,
    ngx_http_weir_reply_t *reply)
{
    void         *root;
    size_t        rest;
    redisReader  *reader;

    root = NULL;
    reader = resp->reader;

    if (redisReaderGetReply(reader, &root) != REDIS_OK) {
        return NGX_ERROR;
    }

    rest = root == NULL ? 0 : reader->len - reader->pos;

    if (resp->fed - rest > resp->limit) {
        resp->why = "a reply is too long";
        return NGX_ERROR;
    }

    if (root == NULL) {
        return NGX_AGAIN;
    }

    resp->fed = rest;
    resp->parts = 0;

    *reply = resp->root;

    return NGX_OK;
}


void
ngx_http_weir_resp_clear(ngx_http_weir_resp_t *resp)
{
    if (resp->dirty) {
        resp->dirty = 0;
        ngx_reset_pool(resp->pool);
    }
}


const char *
ngx_http_weir_resp_error(ngx_http_weir_resp_t *resp)
{
    return resp->why ? resp->why
           : resp->reader->errstr[0] ? resp->reader->errstr : "no memory";
}


/* Parts: where hiredis would keep objects of its own */

static ngx_http_weir_reply_t *
ngx_http_weir_resp_part(const redisReadTask *task)
{
    ngx_http_weir_reply_t  *array, *part;
    ngx_http_weir_resp_t   *resp;

    resp = task->privdata;

    if (task->parent == NULL) {
        part = &resp->root;

    } else {
        array = task->parent->obj;
        part = (ngx_http_weir_reply_t *) array->items + task->idx;
    }

    ngx_memzero(part, sizeof(ngx_http_weir_reply_t));

    return part;
}


static void *
ngx_http_weir_resp_text(const redisReadTask *task, char *text, size_t len)
{
    u_char                 *p;
    ngx_http_weir_resp_t   *resp;
    ngx_http_weir_reply_t  *part;

    resp = task->privdata;

    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS
        && task->type != REDIS_REPLY_ERROR)
    {
        return ngx_http_weir_resp_refuse(task, "a text of an unknown type");
    }

    p = ngx_pnalloc(resp->pool, len + 1);
    if (p == NULL) {
        return NULL;
    }

    resp->dirty = 1;
    ngx_memcpy(p, text, len);

    part = ngx_http_weir_resp_part(task);
    part->type = task->type == REDIS_REPLY_ERROR ? NGX_HTTP_WEIR_REPLY_ERROR
                                                 : NGX_HTTP_WEIR_REPLY_TEXT;
    part->text = weir_str((char *) p, len);

    return part;
}


static void *
ngx_http_weir_resp_array(const redisReadTask *task, size_t n)
{
    ngx_uint_t              depth;
    const redisReadTask    *up;
    ngx_http_weir_resp_t   *resp;
    ngx_http_weir_reply_t  *items, *part;

    resp = task->privdata;

    if (task->type != REDIS_REPLY_ARRAY) {
        return ngx_http_weir_resp_refuse(task, "an array of an unknown type");
    }

    depth = 1;

    for (up = task->parent; up != NULL; up = up->parent) {
        depth++;
    }

    if (depth > NGX_HTTP_WEIR_STORE_DEPTH) {
        return ngx_http_weir_resp_refuse(task, "a reply is too deep");
    }

    if (n > resp->limit / NGX_HTTP_WEIR_RESP_PART - resp->parts) {
        return ngx_http_weir_resp_refuse(task, "a reply has too many parts");
    }

    items = NULL;

    if (n) {
        items = ngx_pcalloc(resp->pool, n * sizeof(ngx_http_weir_reply_t));
        if (items == NULL) {
            return NULL;
        }

        resp->dirty = 1;
        resp->parts += n;
    }

    part = ngx_http_weir_resp_part(task);
    part->type = NGX_HTTP_WEIR_REPLY_ARRAY;
    part->items = items;
    part->nitems = n;

    return part;
}


static void *
ngx_http_weir_resp_integer(const redisReadTask *task, long long value)
{
    ngx_http_weir_reply_t  *part;

    part = ngx_http_weir_resp_part(task);
    part->type = NGX_HTTP_WEIR_REPLY_INTEGER;
    part->integer = value;

    return part;
}


static void *
ngx_http_weir_resp_nil(const redisReadTask *task)
{
    ngx_http_weir_reply_t  *part;

    part = ngx_http_weir_resp_part(task);
    part->type = NGX_HTTP_WEIR_REPLY_NIL;

    return part;
}


static void *
ngx_http_weir_resp_double(const redisReadTask *task, double value, char *text,
    size_t len)
{
    return ngx_http_weir_resp_refuse(task, "a number that is no integer");
}


static void *
ngx_http_weir_resp_bool(const redisReadTask *task, int value)
{
    return ngx_http_weir_resp_refuse(task, "a truth value");
}


/* hiredis takes NULL for a lack of memory, and reads no further. */

static void *
ngx_http_weir_resp_refuse(const redisReadTask *task, const char *why)
{
    ngx_http_weir_resp_t *resp = task->privdata;

    resp->why = why;

    return NULL;
}


static void
ngx_http_weir_resp_free(void *part)
{
    /* it lies in the pool */
}
