/*
 * ngx_http_weir_store_conf.c: weir_redis.  No message has a password.
 */

#include "ngx_http_weir.h"
#include "ngx_http_weir_store_core.h"

#define NGX_HTTP_WEIR_MAX_TIMEOUT  10000
#define NGX_HTTP_WEIR_MAX_PREFIX   64

/* What weir_redis says, before it is known to fit together. */
typedef struct {
    ngx_conf_t                      *cf;
    ngx_http_weir_store_conf_t      *conf;
    ngx_str_t                        tls;           /* "on", "off", "" */
    ngx_uint_t                       given;         /* bits of parameters */
} ngx_http_weir_redis_t;

typedef struct {
    const char                      *name;
    const char                    *(*set)(ngx_http_weir_redis_t *redis,
                                         ngx_str_t *value, size_t offset);
    size_t                           offset;        /* in the conf */
} ngx_http_weir_redis_parameter_t;


static const char *ngx_http_weir_redis_parameter(ngx_http_weir_redis_t *redis,
    ngx_str_t *value);
static const char *ngx_http_weir_redis_time(ngx_http_weir_redis_t *redis,
    ngx_str_t *value, size_t offset);
static const char *ngx_http_weir_redis_text(ngx_http_weir_redis_t *redis,
    ngx_str_t *value, size_t offset);
static const char *ngx_http_weir_redis_file(ngx_http_weir_redis_t *redis,
    ngx_str_t *value, size_t offset);
static const char *ngx_http_weir_redis_prefix(ngx_http_weir_redis_t *redis,
    ngx_str_t *value, size_t offset);
static const char *ngx_http_weir_redis_tls(ngx_http_weir_redis_t *redis,
    ngx_str_t *value, size_t offset);
static const char *ngx_http_weir_redis_fits(ngx_http_weir_redis_t *redis);


#define ngx_http_weir_redis_field(name)                                       \
    offsetof(ngx_http_weir_store_conf_t, name)

static const ngx_http_weir_redis_parameter_t  ngx_http_weir_redis_table[] = {

    { "timeout", ngx_http_weir_redis_time,
      ngx_http_weir_redis_field(timeout) },

    { "connect_timeout", ngx_http_weir_redis_time,
      ngx_http_weir_redis_field(connect_timeout) },

    { "prefix", ngx_http_weir_redis_prefix,
      ngx_http_weir_redis_field(prefix) },

    { "user", ngx_http_weir_redis_text,
      ngx_http_weir_redis_field(user) },

    { "password_file", ngx_http_weir_redis_file,
      ngx_http_weir_redis_field(password) },

    { "sentinel_user", ngx_http_weir_redis_text,
      ngx_http_weir_redis_field(sentinel_user) },

    { "sentinel_password_file", ngx_http_weir_redis_file,
      ngx_http_weir_redis_field(sentinel_password) },

    { "tls", ngx_http_weir_redis_tls, 0 }
};

/* said by a function that has said why */
static const char  ngx_http_weir_redis_logged[] = "";


char *
ngx_http_weir_set_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ngx_str_t              *value;
    const char             *why;
    ngx_uint_t              i;
    ngx_http_weir_redis_t   redis;
    ngx_http_weir_store_t  *store;

    if (wmcf->store) {
        return "is duplicate";
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_store_t));
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&store->conf.prefix, "weir");
    store->conf.timeout = 50;
    store->conf.connect_timeout = 1000;
    store->conf.outgoing = &wmcf->outgoing;

    ngx_memzero(&redis, sizeof(ngx_http_weir_redis_t));

    redis.cf = cf;
    redis.conf = &store->conf;

    value = cf->args->elts;
    why = ngx_http_weir_store_url(cf->pool, &value[1], &store->conf);

    for (i = 2; why == NULL && i < cf->args->nelts; i++) {
        why = ngx_http_weir_redis_parameter(&redis, &value[i]);
    }

    if (why == NULL) {
        why = ngx_http_weir_redis_fits(&redis);
    }

    if (why != NULL) {

        if (why != ngx_http_weir_redis_logged) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"weir_redis\": %s",
                               why);
        }

        return NGX_CONF_ERROR;
    }

    ngx_http_weir_needs_policy(cf, "weir_redis");

    wmcf->store = store;

    return NGX_CONF_OK;
}


/* A word that is no parameter may be half of a password: it is not quoted. */

static const char *
ngx_http_weir_redis_parameter(ngx_http_weir_redis_t *redis, ngx_str_t *value)
{
    size_t                                  len;
    const char                             *why;
    ngx_str_t                               rest;
    ngx_uint_t                              i;
    const ngx_http_weir_redis_parameter_t  *parameter;

    for (i = 0; i < sizeof(ngx_http_weir_redis_table)
                    / sizeof(ngx_http_weir_redis_table[0]); i++)
    {
        parameter = &ngx_http_weir_redis_table[i];
        len = ngx_strlen(parameter->name);

        if (value->len <= len || value->data[len] != '='
            || ngx_strncmp(value->data, parameter->name, len) != 0)
        {
            continue;
        }

        if (redis->given & ((ngx_uint_t) 1 << i)) {
            ngx_conf_log_error(NGX_LOG_EMERG, redis->cf, 0,
                               "\"weir_redis\": \"%s\" is given twice",
                               parameter->name);
            return ngx_http_weir_redis_logged;
        }

        redis->given |= (ngx_uint_t) 1 << i;

        rest.data = value->data + len + 1;
        rest.len = value->len - len - 1;

        why = rest.len ? parameter->set(redis, &rest, parameter->offset)
                       : "is empty";

        if (why == NULL || why == ngx_http_weir_redis_logged) {
            return why;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, redis->cf, 0,
                           "\"weir_redis\": \"%s\" %s", parameter->name, why);
        return ngx_http_weir_redis_logged;
    }

    for (len = 0; len < value->len && value->data[len] != '='; len++) {

        if (!(value->data[len] >= 'a' && value->data[len] <= 'z')
            && value->data[len] != '_')
        {
            break;
        }
    }

    if (len > 0 && len < value->len && value->data[len] == '=') {
        ngx_conf_log_error(NGX_LOG_EMERG, redis->cf, 0,
                           "\"weir_redis\" has no parameter \"%*s\"",
                           len, value->data);
        return ngx_http_weir_redis_logged;
    }

    return "what follows the URL is not of the form NAME=VALUE";
}


static const char *
ngx_http_weir_redis_time(ngx_http_weir_redis_t *redis, ngx_str_t *value,
    size_t offset)
{
    ngx_int_t  msec;

    msec = ngx_parse_time(value, 0);

    if (msec < 1 || msec > NGX_HTTP_WEIR_MAX_TIMEOUT) {
        return "is not a time from 1ms to 10s";
    }

    *(ngx_msec_t *) ((u_char *) redis->conf + offset) = (ngx_msec_t) msec;

    return NULL;
}


static const char *
ngx_http_weir_redis_text(ngx_http_weir_redis_t *redis, ngx_str_t *value,
    size_t offset)
{
    ngx_str_t  *text;

    text = (ngx_str_t *) ((u_char *) redis->conf + offset);

    if (text->len) {
        return "is given twice, the URL has one too";
    }

    if (value->len > NGX_HTTP_WEIR_STORE_SECRET) {
        return "is too long";
    }

    *text = *value;

    return NULL;
}


/* The first line of a file. */

static const char *
ngx_http_weir_redis_file(ngx_http_weir_redis_t *redis, ngx_str_t *value,
    size_t offset)
{
    u_char           *end;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_str_t        *text, name;
    ngx_file_info_t   info;
    u_char            buf[NGX_HTTP_WEIR_STORE_SECRET + 2];

    text = (ngx_str_t *) ((u_char *) redis->conf + offset);

    if (text->len) {
        return "is given twice, the URL has a password too";
    }

    name = *value;

    if (ngx_conf_full_name(redis->cf->cycle, &name, 1) != NGX_OK) {
        return "no memory";
    }

    fd = ngx_open_file(name.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, redis->cf, ngx_errno,
                           "\"weir_redis\": " ngx_open_file_n " \"%V\" failed",
                           &name);
        return ngx_http_weir_redis_logged;
    }

    n = ngx_fd_info(fd, &info) != NGX_FILE_ERROR && ngx_is_file(&info)
        ? ngx_read_fd(fd, buf, sizeof(buf)) : -1;

    (void) ngx_close_file(fd);

    if (n < 0) {
        return "is a file that cannot be read";
    }

    end = ngx_strlchr(buf, buf + n, LF);
    end = end ? end : buf + n;

    if (end > buf && end[-1] == CR) {
        end--;
    }

    if (end == buf) {
        return "is a file whose first line is empty";
    }

    if (end - buf > NGX_HTTP_WEIR_STORE_SECRET) {
        return "is a file whose first line is too long";
    }

    text->len = (size_t) (end - buf);
    text->data = ngx_pstrdup(redis->cf->pool,
                             &(ngx_str_t) { text->len, buf });
    ngx_explicit_memzero(buf, sizeof(buf));

    return text->data ? NULL : "no memory";
}


/* What follows it in a key is "{": a cluster hashes only what is in those. */

static const char *
ngx_http_weir_redis_prefix(ngx_http_weir_redis_t *redis, ngx_str_t *value,
    size_t offset)
{
    size_t  i;

    if (value->len > NGX_HTTP_WEIR_MAX_PREFIX) {
        return "is longer than 64 bytes";
    }

    for (i = 0; i < value->len; i++) {

        if (value->data[i] <= 0x20 || value->data[i] >= 0x7f
            || value->data[i] == '{' || value->data[i] == '}')
        {
            return "has a character that is none of ASCII, a blank, "
                   "\"{\" or \"}\"";
        }
    }

    *(ngx_str_t *) ((u_char *) redis->conf + offset) = *value;

    return NULL;
}


static const char *
ngx_http_weir_redis_tls(ngx_http_weir_redis_t *redis, ngx_str_t *value,
    size_t offset)
{
    if (ngx_strcmp(value->data, "on") != 0
        && ngx_strcmp(value->data, "off") != 0)
    {
        return "is neither \"on\" nor \"off\"";
    }

    redis->tls = *value;

    return NULL;
}


/* What one word says of another. */

static const char *
ngx_http_weir_redis_fits(ngx_http_weir_redis_t *redis)
{
    ngx_uint_t                   i;
    ngx_http_weir_store_conf_t  *conf;

    conf = redis->conf;

    if (conf->user.len && conf->password.len == 0) {
        return "a user needs a password, of the URL or a password_file";
    }

    if (conf->sentinel_user.len && conf->sentinel_password.len == 0) {
        return "sentinel_user needs a sentinel_password_file";
    }

    if (conf->sentinel_password.len
        && conf->kind != NGX_HTTP_WEIR_STORE_SENTINEL)
    {
        return "sentinel_password_file is for sentinel://";
    }

    if (redis->tls.len == 0) {
        goto tls;
    }

    if (conf->kind == NGX_HTTP_WEIR_STORE_DIRECT) {
        return "\"tls\" is for sentinel:// and cluster://; rediss:// is TLS "
               "by itself";
    }

    conf->tls = redis->tls.len == 2;

    for (i = 0; i < conf->nseeds; i++) {
        conf->seeds[i].tls = conf->tls;
    }

tls:

#if !(NGX_SSL)

    if (conf->tls) {
        return "this nginx was built without TLS";
    }

#endif

    return NULL;
}
