/*
 * ngx_http_weir_conf.c: what the directives of the policy say.
 */

#include "ngx_http_weir.h"

#define NGX_HTTP_WEIR_CHECK     1000
#define NGX_HTTP_WEIR_MAX_SIZE  (64 * 1024 * 1024)


static char *ngx_http_weir_policy_option(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_weir_policy_options_t *options);
static ngx_int_t ngx_http_weir_file(ngx_conf_t *cf, u_char *data,
    ngx_uint_t conf_prefix, ngx_str_t *file);


char *
ngx_http_weir_set_mode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_loc_conf_t *wlcf = conf;

    ngx_str_t  *value;

    if (wlcf->mode != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    wlcf->stated = 1;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        wlcf->mode = NGX_HTTP_WEIR_OFF;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "on") == 0) {
        wlcf->mode = NGX_HTTP_WEIR_ON;

    } else if (ngx_strcmp(value[1].data, "dry_run") == 0) {
        wlcf->mode = NGX_HTTP_WEIR_DRY_RUN;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"weir\" directive, "
                           "it must be \"on\", \"off\" or \"dry_run\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    ngx_http_weir_needs_policy(cf, "weir");

    return NGX_CONF_OK;
}


void
ngx_http_weir_needs_policy(ngx_conf_t *cf, const char *directive)
{
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);

    if (wmcf->needs == NULL) {
        wmcf->needs = directive;
        wmcf->file = cf->conf_file->file.name;
        wmcf->line = cf->conf_file->line;
    }
}


void
ngx_http_weir_needs_mode(ngx_conf_t *cf, const char *directive)
{
    ngx_http_weir_loc_conf_t  *wlcf;

    wlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_weir_module);

    wlcf->guarded = cf->conf_file->line;
    wlcf->guarded_file = cf->conf_file->file.name;
    wlcf->guarded_name = directive;
}


char *
ngx_http_weir_set_policy(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    char                            *rv;
    ngx_str_t                       *value;
    ngx_uint_t                       i;
    ngx_http_weir_policy_options_t   options;

    if (wmcf->policy) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a file";
    }

    ngx_memzero(&options, sizeof(ngx_http_weir_policy_options_t));

    options.check = NGX_HTTP_WEIR_CHECK;
    options.max_size = NGX_HTTP_WEIR_MAX_SIZE;
    options.conf_file = cf->conf_file->file.name;
    options.conf_line = cf->conf_file->line;

    if (ngx_http_weir_file(cf, value[1].data, 1, &options.file) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_weir_policy_option(cf, &value[i], &options);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    wmcf->policy = ngx_http_weir_policy_create(cf, &options);

    return wmcf->policy ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_weir_policy_option(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_weir_policy_options_t *options)
{
    ssize_t    size;
    ngx_int_t  msec;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "check=", 6) == 0) {
        s.data = value->data + 6;
        s.len = value->len - 6;

        msec = ngx_parse_time(&s, 0);

        if (msec <= 0) {
            goto invalid;
        }

        options->check = msec;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "max_size=", 9) == 0) {
        s.data = value->data + 9;
        s.len = value->len - 9;

        size = ngx_parse_size(&s);

        if (size == NGX_ERROR) {
            goto invalid;
        }

        if (size < (ssize_t) sizeof(weir_image_header_t)
            || size > (ssize_t) WEIR_MAX_IMAGE)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is not between %uz and %uz bytes",
                               value, sizeof(weir_image_header_t),
                               (size_t) WEIR_MAX_IMAGE);
            return NGX_CONF_ERROR;
        }

        options->max_size = size;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "verify_key=", 11) == 0) {

        if (value->len == 11) {
            goto invalid;
        }

        return ngx_http_weir_file(cf, value->data + 11, 1,
                                  &options->verify_key)
               == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_strncmp(value->data, "last_good=", 10) == 0) {

        if (value->len == 10) {
            goto invalid;
        }

        return ngx_http_weir_file(cf, value->data + 10, 0,
                                  &options->last_good)
               == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       value);
    return NGX_CONF_ERROR;
}


char *
ngx_http_weir_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (wmcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) (16 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone of \"%V\" is too small, it needs %uz bytes",
                           &value[1], 16 * ngx_pagesize);
        return NGX_CONF_ERROR;
    }

    wmcf->zone = ngx_http_weir_zone_add(cf, size);

    return wmcf->zone ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_weir_set_trusted(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ngx_str_t  *value;

    if (wmcf->trusted.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a file";
    }

    ngx_http_weir_needs_policy(cf, "weir_trusted_certificate");

    return ngx_http_weir_file(cf, value[1].data, 1, &wmcf->trusted) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* nginx makes its paths, and gives them to the workers' user. */

char *
ngx_http_weir_set_jwks_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_main_conf_t *wmcf = conf;

    ngx_str_t   *value;
    ngx_path_t  *path;

    if (wmcf->jwks_cache) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a directory";
    }

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));

    if (path == NULL
        || ngx_http_weir_file(cf, value[1].data, 0, &path->name) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    if (ngx_add_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    wmcf->jwks_cache = path;

    ngx_http_weir_needs_policy(cf, "weir_jwks_cache");

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_weir_file(ngx_conf_t *cf, u_char *data, ngx_uint_t conf_prefix,
    ngx_str_t *file)
{
    file->data = data;
    file->len = ngx_strlen(data);

    return ngx_conf_full_name(cf->cycle, file, conf_prefix);
}


#if (WEIR_TEST)

char *
ngx_http_weir_set_test_delay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_loc_conf_t *wlcf = conf;

    ngx_int_t   msec;
    ngx_str_t  *value, s;

    value = cf->args->elts;

    msec = ngx_parse_time(&value[1], 0);

    if (msec < 0) {
        return "has an invalid time";
    }

    wlcf->test_delay = msec;

    if (cf->args->nelts == 3) {

        if (ngx_strncmp(value[2].data, "timeout=", 8) != 0) {
            return "has an invalid parameter";
        }

        s.data = value[2].data + 8;
        s.len = value[2].len - 8;

        msec = ngx_parse_time(&s, 0);

        if (msec <= 0) {
            return "has an invalid timeout";
        }

        wlcf->test_timeout = msec;
    }

    return NGX_CONF_OK;
}

#endif
