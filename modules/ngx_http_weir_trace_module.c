/*
 * ngx_http_weir_trace_module.c: weir_trace, weir_otlp.
 */

#include "ngx_http_weir_trace.h"

#define NGX_HTTP_WEIR_SAMPLE       10000        /* 1% */
#define NGX_HTTP_WEIR_INTERVAL     1000         /* ms */
#define NGX_HTTP_WEIR_QUEUE        (1 << 20)
#define NGX_HTTP_WEIR_MIN_QUEUE    (128 << 10)
#define NGX_HTTP_WEIR_MAX_QUEUE    (64 << 20)
#define NGX_HTTP_WEIR_MAX_SERVICE  255
#define NGX_HTTP_WEIR_MAX_HEADERS  8192         /* of a file of headers */


static ngx_int_t ngx_http_weir_trace_init(ngx_conf_t *cf);
static void *ngx_http_weir_trace_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_weir_trace_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_weir_set_trace(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_weir_set_otlp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_weir_otlp_option(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_weir_trace_t *trace);
static char *ngx_http_weir_otlp_headers(ngx_conf_t *cf, ngx_str_t *file,
    ngx_http_weir_trace_t *trace);
static const char *ngx_http_weir_otlp_header(u_char *p, u_char *end);


static ngx_command_t  ngx_http_weir_trace_commands[] = {

#define D(name, flags, setter, conf, context, args, value, doc)               \
    { ngx_string(name), flags, setter, NGX_HTTP_##conf##_CONF_OFFSET, 0,      \
      NULL },
    NGX_HTTP_WEIR_TRACE_DIRECTIVES(D)
#undef D

      ngx_null_command
};


static ngx_http_module_t  ngx_http_weir_trace_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_weir_trace_init,              /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_weir_trace_create_loc_conf,   /* create location configuration */
    ngx_http_weir_trace_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_weir_trace_module = {
    NGX_MODULE_V1,
    &ngx_http_weir_trace_module_ctx,       /* module context */
    ngx_http_weir_trace_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* After that of ngx_http_weir_module, which finds the resolver. */
static ngx_int_t
ngx_http_weir_trace_init(ngx_conf_t *cf)
{
    ngx_resolver_t             *resolver;
    ngx_http_weir_trace_t      *trace;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);
    trace = wmcf->trace;

    if (trace == NULL) {
        return NGX_OK;
    }

    trace->wmcf = wmcf;
    resolver = wmcf->outgoing.resolver;

    if (trace->url.socklen == 0
        && (resolver == NULL || resolver->connections.nelts == 0))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"weir_otlp\" has the name \"%V\", which needs a "
                      "\"resolver\" in http{}", &trace->url.host);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
ngx_http_weir_trace_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_weir_trace_loc_conf_t  *tlcf;

    tlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_trace_loc_conf_t));

    if (tlcf) {
        tlcf->on = NGX_CONF_UNSET;
    }

    return tlcf;
}


static char *
ngx_http_weir_trace_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_weir_trace_loc_conf_t *prev = parent;
    ngx_http_weir_trace_loc_conf_t *conf = child;

    /* a directive is taken as a whole */

    if (conf->on == NGX_CONF_UNSET) {
        *conf = *prev;
    }

    if (conf->on == NGX_CONF_UNSET) {
        conf->on = 0;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_weir_set_trace(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_weir_trace_loc_conf_t *tlcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i, sample, trust;

    if (tlcf->on != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        tlcf->on = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->on = 0;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"weir_trace\" directive, "
                           "it must be \"on\" or \"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    tlcf->sample = NGX_HTTP_WEIR_SAMPLE;
    tlcf->trust = 1;
    sample = 0;
    trust = 0;

    for (i = 2; tlcf->on && i < cf->args->nelts; i++) {

        if (!sample && value[i].len > 8
            && value[i].data[value[i].len - 1] == '%'
            && ngx_strncmp(value[i].data, "sample=", 7) == 0)
        {
            n = ngx_atofp(value[i].data + 7, value[i].len - 8, 4);

            if (n == NGX_ERROR || n > NGX_HTTP_WEIR_SAMPLES) {
                goto invalid;
            }

            tlcf->sample = n;
            sample = 1;
            continue;
        }

        if (!trust && (ngx_strcmp(value[i].data, "trust=on") == 0
                       || ngx_strcmp(value[i].data, "trust=off") == 0))
        {
            tlcf->trust = value[i].len == sizeof("trust=on") - 1;
            trust = 1;
            continue;
        }

        goto invalid;
    }

    if (!tlcf->on) {
        return cf->args->nelts == 2 ? NGX_CONF_OK
                                    : "takes no parameters after \"off\"";
    }

    ngx_http_weir_needs_policy(cf, "weir_trace");

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", there are "
                       "\"sample=\" with 0%% to 100%%, and \"trust=on|off\", "
                       "once each", &value[i]);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_weir_set_otlp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                       *rv;
    ngx_int_t                   rc;
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    const char                 *why;
    ngx_http_weir_trace_t      *trace;
    ngx_http_weir_main_conf_t  *wmcf;

    wmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_weir_module);

    if (wmcf->trace) {
        return "is duplicate";
    }

    trace = ngx_pcalloc(cf->pool, sizeof(ngx_http_weir_trace_t));
    if (trace == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    rc = ngx_http_weir_url_parse(cf->pool, ngx_http_weir_str(&value[1]),
                                 &trace->url, &why);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

#if !(NGX_SSL)

    if (rc == NGX_OK && trace->url.tls) {
        why = "the URL is https, and this nginx was built without TLS";
        rc = NGX_DECLINED;
    }

#endif

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid URL \"%V\": %s",
                           &value[1], why);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_weir_otlp_option(cf, &value[i], trace);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (trace->service.len == 0) {
        ngx_str_set(&trace->service, "weir");
    }

    trace->interval = trace->interval ? trace->interval
                                      : NGX_HTTP_WEIR_INTERVAL;
    trace->queue = trace->queue ? trace->queue : NGX_HTTP_WEIR_QUEUE;

    wmcf->trace = trace;

    ngx_http_weir_needs_policy(cf, "weir_otlp");

    return NGX_CONF_OK;
}


static char *
ngx_http_weir_otlp_option(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_weir_trace_t *trace)
{
    ssize_t    size;
    ngx_int_t  msec;
    ngx_str_t  s;

    s.data = ngx_strlchr(value->data, value->data + value->len, '=');

    if (s.data == NULL) {
        goto invalid;
    }

    s.data++;
    s.len = value->len - (size_t) (s.data - value->data);

    if (s.len == 0) {
        goto invalid;
    }

    if (ngx_strncmp(value->data, "service=", 8) == 0) {

        if (trace->service.len || s.len > NGX_HTTP_WEIR_MAX_SERVICE) {
            goto invalid;
        }

        trace->service = s;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "interval=", 9) == 0) {
        msec = ngx_parse_time(&s, 0);

        if (trace->interval || msec < 100 || msec > 60000) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is not between 100ms and 1m, or is "
                               "there twice", value);
            return NGX_CONF_ERROR;
        }

        trace->interval = msec;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "queue=", 6) == 0) {
        size = ngx_parse_size(&s);

        if (trace->queue || size < NGX_HTTP_WEIR_MIN_QUEUE
            || size > NGX_HTTP_WEIR_MAX_QUEUE)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is not between 128k and 64m, or is "
                               "there twice", value);
            return NGX_CONF_ERROR;
        }

        trace->queue = size;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "headers=", 8) == 0
        && trace->headers.data == NULL)
    {
        return ngx_http_weir_otlp_headers(cf, &s, trace);
    }

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       value);
    return NGX_CONF_ERROR;
}


/* Lines end with LF or CRLF in the file, and with CRLF in the request. */
static char *
ngx_http_weir_otlp_headers(ngx_conf_t *cf, ngx_str_t *file,
    ngx_http_weir_trace_t *trace)
{
    u_char      *p, *end, *eol, *last;
    u_char       text[NGX_HTTP_WEIR_MAX_HEADERS + 1];
    ssize_t      n;
    ngx_fd_t     fd;
    const char  *why;
    ngx_uint_t   line;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    n = fd == NGX_INVALID_FILE ? -1 : ngx_read_fd(fd, text, sizeof(text));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"%V\" cannot be read", file);
    }

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    if (n == -1) {
        return NGX_CONF_ERROR;
    }

    if (n > NGX_HTTP_WEIR_MAX_HEADERS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has more than %d bytes", file,
                           NGX_HTTP_WEIR_MAX_HEADERS);
        return NGX_CONF_ERROR;
    }

    last = ngx_pnalloc(cf->pool, 3 * (size_t) n + 1);
    if (last == NULL) {
        return NGX_CONF_ERROR;
    }

    trace->headers.data = last;

    end = text + n;
    line = 0;

    for (p = text; p < end; p = eol + 1) {
        line++;

        eol = ngx_strlchr(p, end, LF);
        eol = eol ? eol : end;

        n = eol - p - (eol > p && eol[-1] == CR);

        if (n == 0) {
            continue;
        }

        why = ngx_http_weir_otlp_header(p, p + n);

        /* the line may be a secret */

        if (why) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V:%ui: %s", file, line,
                               why);
            return NGX_CONF_ERROR;
        }

        last = ngx_cpymem(last, p, n);
        last = ngx_cpymem(last, CRLF, 2);
    }

    trace->headers.len = (size_t) (last - trace->headers.data);

    return NGX_CONF_OK;
}


/* NULL, or what is wrong with one. */
static const char *
ngx_http_weir_otlp_header(u_char *p, u_char *end)
{
    u_char      *colon, *name;
    size_t       len;
    ngx_uint_t   i;

    static const weir_str_t  ours[] = {
        { "host", 4 }, { "content-type", 12 }, { "content-length", 14 },
        { "content-encoding", 16 }, { "transfer-encoding", 17 },
        { "connection", 10 }, { "keep-alive", 10 }, { "upgrade", 7 },
        { "te", 2 }, { "trailer", 7 }, { "expect", 6 }
    };

    name = p;

    for (colon = p; colon < end && *colon != ':'; colon++) {

        if (*colon <= 0x20 || *colon >= 0x7f
            || ngx_strchr("\"(),/;<=>?@[\\]{}", *colon))
        {
            break;
        }
    }

    if (colon == name || colon == end || *colon != ':') {
        return "this is no header, which is \"NAME: VALUE\"";
    }

    for (p = colon + 1; p < end; p++) {

        if ((*p < 0x20 && *p != '\t') || *p == 0x7f) {
            return "the header has a control character";
        }
    }

    len = (size_t) (colon - name);

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {

        if (len == ours[i].len
            && ngx_strncasecmp(name, (u_char *) ours[i].data, len) == 0)
        {
            return "this header is for nginx to set";
        }
    }

    return NULL;
}
