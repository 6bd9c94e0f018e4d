/*
 * ngx_http_weir_access.c: tells at start which files workers cannot reach.
 *
 * The master reads the policy as root, and workers go on as the user of the
 * configuration.  What that user may do is tried by a child that becomes what
 * a worker becomes: groups, ACLs and file systems answer it as they will
 * answer a worker.  The policy serves in any case, so these are warnings.
 */

#include "ngx_http_weir.h"
#include <sys/wait.h>

typedef enum {
    NGX_HTTP_WEIR_READS = 0,
    NGX_HTTP_WEIR_REPLACES,     /* by a file beside it */
    NGX_HTTP_WEIR_FILLS         /* a directory */
} ngx_http_weir_use_t;

typedef struct {
    const char           *directive;
    const ngx_str_t      *path;
    ngx_http_weir_use_t   use;
    const char           *without;      /* what follows where they cannot */
    char                 *at;           /* that access() is asked about */
    char                 *real;         /* without links; or NULL */
} ngx_http_weir_reach_t;

#define NGX_HTTP_WEIR_REACHED  5

/* times 10 ms that the child is waited for; its warnings may come later */
#define NGX_HTTP_WEIR_PATIENCE  500


static ngx_uint_t ngx_http_weir_access_list(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_reach_t *list);
static ngx_uint_t ngx_http_weir_access_add(ngx_http_weir_reach_t *list,
    ngx_uint_t n, const char *directive, const ngx_str_t *path,
    ngx_http_weir_use_t use, const char *without);
static ngx_int_t ngx_http_weir_access_become(ngx_core_conf_t *ccf,
    ngx_log_t *log);
static void ngx_http_weir_access_try(ngx_http_weir_reach_t *reach,
    const char *user, ngx_log_t *log);
static const char *ngx_http_weir_access_stop(ngx_http_weir_reach_t *reach);
static ngx_uint_t ngx_http_weir_access_cut(char *path);


void
ngx_http_weir_access_check(ngx_cycle_t *cycle,
    ngx_http_weir_main_conf_t *wmcf)
{
    ngx_pid_t               pid;
    ngx_uint_t              i, n, other;
    ngx_core_conf_t        *ccf;
    ngx_http_weir_reach_t   list[NGX_HTTP_WEIR_REACHED];

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* else workers are who we are */

    other = (geteuid() == 0 && ccf->master && ccf->user != 0);
    pid = other ? fork() : 0;

    if (pid == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "weir: fork() failed; what workers may read and write "
                      "was not tried");
        return;
    }

    if (pid != 0) {

        /* a directory of users, or a file system, that hangs stops no start */

        for (i = 0; i < NGX_HTTP_WEIR_PATIENCE; i++) {
            if (waitpid(pid, NULL, WNOHANG) != 0) {
                break;
            }

            ngx_msleep(10);
        }

        return;
    }

    n = ngx_http_weir_access_list(wmcf, list);

    if (!other || ngx_http_weir_access_become(ccf, cycle->log) == NGX_OK) {

        for (i = 0; i < n; i++) {
            ngx_http_weir_access_try(&list[i], other ? ccf->username : NULL,
                                     cycle->log);
        }
    }

    if (other) {
        _exit(0);
    }

    for (i = 0; i < n; i++) {
        free(list[i].at);
        free(list[i].real);
    }
}


static ngx_uint_t
ngx_http_weir_access_list(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_reach_t *list)
{
    ngx_uint_t                             n;
    const ngx_http_weir_policy_options_t  *options;

    options = ngx_http_weir_policy_options(wmcf->policy);

    n = ngx_http_weir_access_add(list, 0, "weir_policy", &options->file,
                                 NGX_HTTP_WEIR_READS,
                                 "a new one serves only once nginx is started "
                                 "anew");

    n = ngx_http_weir_access_add(list, n, "last_good", &options->last_good,
                                 NGX_HTTP_WEIR_REPLACES,
                                 "no good policy is kept");

    n = ngx_http_weir_access_add(list, n, "weir_state_file",
                                 &wmcf->state_file, NGX_HTTP_WEIR_READS,
                                 "what became of splits is forgotten");

    n = ngx_http_weir_access_add(list, n, "weir_state_file",
                                 &wmcf->state_file, NGX_HTTP_WEIR_REPLACES,
                                 "what becomes of splits is not kept");

    if (wmcf->jwks_cache != NULL) {
        n = ngx_http_weir_access_add(list, n, "weir_jwks_cache",
                                     &wmcf->jwks_cache->name,
                                     NGX_HTTP_WEIR_FILLS,
                                     "no keys of issuers are kept");
    }

    return n;
}


/* As root still, who sees where links go. */

static ngx_uint_t
ngx_http_weir_access_add(ngx_http_weir_reach_t *list, ngx_uint_t n,
    const char *directive, const ngx_str_t *path, ngx_http_weir_use_t use,
    const char *without)
{
    size_t                  len;
    ngx_http_weir_reach_t  *reach;

    len = path->len;

    if (len == 0) {
        return n;
    }

    if (use == NGX_HTTP_WEIR_REPLACES) {

        while (len > 1 && path->data[len - 1] != '/') {
            len--;
        }
    }

    while (len > 1 && path->data[len - 1] == '/') {
        len--;
    }

    reach = &list[n];

    reach->directive = directive;
    reach->path = path;
    reach->use = use;
    reach->without = without;
    reach->at = strndup((char *) path->data, len);

    if (reach->at == NULL) {
        return n;
    }

    reach->real = realpath(reach->at, NULL);

    return n + 1;
}


/* What ngx_worker_process_init() does. */

static ngx_int_t
ngx_http_weir_access_become(ngx_core_conf_t *ccf, ngx_log_t *log)
{
    if (setgid(ccf->group) == -1
        || initgroups(ccf->username, ccf->group) == -1
        || setuid(ccf->user) == -1)
    {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "weir: a process cannot become user \"%s\"; what workers "
                      "may read and write was not tried", ccf->username);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_weir_access_try(ngx_http_weir_reach_t *reach, const char *user,
    ngx_log_t *log)
{
    ngx_err_t    err;
    const char  *stop;

    if (access(reach->at, reach->use == NGX_HTTP_WEIR_READS ? R_OK
                                                            : W_OK|X_OK)
        == 0)
    {
        return;
    }

    err = ngx_errno;

    if (err == NGX_ENOENT && reach->use == NGX_HTTP_WEIR_READS) {
        return;
    }

    stop = ngx_http_weir_access_stop(reach);

    ngx_log_error(NGX_LOG_WARN, log, err,
                  "weir: workers%s%s%s cannot %s \"%V\" of \"%s\": \"%s\" "
                  "keeps them out, and %s",
                  user ? ", user \"" : "", user ? user : "", user ? "\"," : "",
                  reach->use == NGX_HTTP_WEIR_READS ? "read" : "write",
                  reach->path, reach->directive, stop, reach->without);
}


/* The directory that does not let in, else the end of the path. */

static const char *
ngx_http_weir_access_stop(ngx_http_weir_reach_t *reach)
{
    if (reach->real != NULL && ngx_http_weir_access_cut(reach->real)) {
        return reach->real;
    }

    if (ngx_http_weir_access_cut(reach->at) || reach->real == NULL) {
        return reach->at;
    }

    return reach->real;
}


static ngx_uint_t
ngx_http_weir_access_cut(char *path)
{
    char  *p;

    for (p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';

        if (access(path, X_OK) == -1) {
            return 1;
        }

        *p = '/';
    }

    return 0;
}
