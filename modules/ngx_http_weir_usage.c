/*
 * ngx_http_weir_usage.c: weir_usage, what tenants used, as JSON.
 *
 * Of one tenant it is what all nodes counted, as far as the store knows, with
 * this node's own part as it is now.  A list of all tenants is this node's: the
 * first ones by their ids behind "after", of which rows are looked at some at
 * a time, so that no turn of the event loop is long.
 */

#include "ngx_http_weir_usage.h"
#include "run/query.h"

#define NGX_HTTP_WEIR_USAGE_LIMIT    100        /* tenants of a page */
#define NGX_HTTP_WEIR_USAGE_MOST     1000
#define NGX_HTTP_WEIR_USAGE_ROWS     1024       /* looked at in a turn */
#define NGX_HTTP_WEIR_USAGE_TURN     65536      /* bytes written in a turn */
#define NGX_HTTP_WEIR_USAGE_ANSWER   (1 << 20)  /* bytes, then it is a page */
#define NGX_HTTP_WEIR_USAGE_TIME     sizeof("\"1970-01-01T00:00:00Z\"")


/* name in code, name of the argument */
#define NGX_HTTP_WEIR_USAGE_ARGS(A)                                           \
    A(TENANT, "tenant") A(PERIOD, "period") A(AFTER, "after")                 \
    A(LIMIT, "limit") A(SHOW, "show")   /* of the dashboard */

typedef enum {
#define A(name, text)  NGX_HTTP_WEIR_USAGE_ARG_##name,
    NGX_HTTP_WEIR_USAGE_ARGS(A)
#undef A
    NGX_HTTP_WEIR_USAGE_NARGS
} ngx_http_weir_usage_arg_e;

typedef struct {
    ngx_http_request_t              *request;
    ngx_http_weir_main_conf_t       *wmcf;
    ngx_http_weir_metrics_shared_t  *shared;
    weir_str_t                       args[NGX_HTTP_WEIR_USAGE_NARGS];
    weir_str_t                       tenant;    /* empty: all of them */
    ngx_http_weir_usage_sum_t        sum;
    ngx_http_weir_usage_text_t       text;
    unsigned                         asked:1;   /* the store */
    unsigned                         complete:1;

    /* a page: rows of tenants by their ids */
    ngx_event_t                      event;
    weir_row_t                      *row;       /* to be looked at next */
    weir_row_t                     **page;
    ngx_uint_t                       npage;
    ngx_uint_t                       limit;
    ngx_uint_t                       written;
    unsigned                         more:1;    /* there are, behind it */
} ngx_http_weir_usage_ask_t;


static ngx_int_t ngx_http_weir_usage_own_handler(ngx_http_request_t *r);
static ngx_http_weir_usage_ask_t *ngx_http_weir_usage_ask(
    ngx_http_request_t *r, ngx_int_t *rc);
static const char *ngx_http_weir_usage_args(ngx_http_weir_usage_ask_t *ask,
    ngx_uint_t own);
static const char *ngx_http_weir_usage_arg(ngx_http_weir_usage_ask_t *ask,
    weir_str_t name, weir_str_t value, ngx_uint_t own);
static ngx_int_t ngx_http_weir_usage_one(ngx_http_weir_usage_ask_t *ask);
static void ngx_http_weir_usage_told(void *data, ngx_uint_t complete);
static ngx_int_t ngx_http_weir_usage_one_send(ngx_http_weir_usage_ask_t *ask);
static ngx_int_t ngx_http_weir_usage_all(ngx_http_weir_usage_ask_t *ask);
static void ngx_http_weir_usage_event(ngx_event_t *ev);
static void ngx_http_weir_usage_cleanup(void *data);
static void ngx_http_weir_usage_look(ngx_http_weir_usage_ask_t *ask,
    weir_row_t *row);
static ngx_uint_t ngx_http_weir_usage_has(ngx_http_weir_usage_ask_t *ask,
    weir_row_t *row);
static ngx_int_t ngx_http_weir_usage_page(ngx_http_weir_usage_ask_t *ask);
static ngx_int_t ngx_http_weir_usage_all_send(ngx_http_weir_usage_ask_t *ask);
static void ngx_http_weir_usage_head(ngx_http_weir_usage_ask_t *ask,
    const char *scope);
static void ngx_http_weir_usage_time(ngx_http_weir_usage_text_t *text,
    const char *name, time_t sec);
static ngx_int_t ngx_http_weir_usage_fail(ngx_http_request_t *r,
    ngx_uint_t status, const char *why);
static ngx_int_t ngx_http_weir_usage_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_http_weir_usage_text_t *text);
static char *ngx_http_weir_usage_set_handler(ngx_conf_t *cf,
    ngx_http_handler_pt handler);


static const char *const  ngx_http_weir_usage_arg_names[] = {
#define A(name, text)  text,
    NGX_HTTP_WEIR_USAGE_ARGS(A)
#undef A
};


ngx_int_t
ngx_http_weir_usage_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    const char                 *wrong;
    ngx_http_weir_usage_ask_t  *ask;

    ask = ngx_http_weir_usage_ask(r, &rc);

    if (ask == NULL) {
        return rc;
    }

    if (!ngx_http_weir_allowed(r)) {
        return ngx_http_weir_usage_fail(r, NGX_HTTP_FORBIDDEN,
                                        "the policy does not allow it");
    }

    wrong = ngx_http_weir_usage_args(ask, 0);

    if (wrong) {
        return ngx_http_weir_usage_fail(r, NGX_HTTP_BAD_REQUEST, wrong);
    }

    ask->tenant = ask->args[NGX_HTTP_WEIR_USAGE_ARG_TENANT];

    return ask->tenant.data ? ngx_http_weir_usage_one(ask)
                            : ngx_http_weir_usage_all(ask);
}


/* Of nobody but the tenant that the request was decided for. */

static ngx_int_t
ngx_http_weir_usage_own_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    const char                 *wrong;
    const weir_decision_t      *decision;
    ngx_http_weir_usage_ask_t  *ask;

    ask = ngx_http_weir_usage_ask(r, &rc);

    if (ask == NULL) {
        return rc;
    }

    decision = ngx_http_weir_allowed(r);

    if (decision == NULL || decision->tenant.len == 0) {
        return ngx_http_weir_usage_fail(r, NGX_HTTP_FORBIDDEN,
                                        "the request was decided for no "
                                        "tenant");
    }

    wrong = ngx_http_weir_usage_args(ask, 1);

    if (wrong) {
        return ngx_http_weir_usage_fail(r, NGX_HTTP_BAD_REQUEST, wrong);
    }

    ask->tenant = ngx_http_weir_copy_text(r->pool, decision->tenant);

    return ask->tenant.data ? ngx_http_weir_usage_one(ask)
                            : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_http_weir_usage_ask_t *
ngx_http_weir_usage_ask(ngx_http_request_t *r, ngx_int_t *rc)
{
    ngx_http_weir_usage_ask_t  *ask;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        *rc = ngx_http_weir_out_push(r, weir_string("Allow"),
                                     weir_string("GET, HEAD"))
              ? ngx_http_weir_usage_fail(r, NGX_HTTP_NOT_ALLOWED,
                                         "it is only read")
              : NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NULL;
    }

    *rc = ngx_http_discard_request_body(r);

    if (*rc != NGX_OK) {
        return NULL;
    }

    ask = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_usage_ask_t));
    if (ask == NULL) {
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NULL;
    }

    ask->request = r;
    ask->wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    ask->shared = ngx_http_weir_metrics_shared(ask->wmcf->metrics);
    ask->sum.pool = r->pool;
    ask->text.pool = r->pool;

    ngx_http_weir_usage_clear(&ask->sum);

    if (ask->shared->usage == NULL) {
        *rc = ngx_http_weir_usage_fail(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "the metrics zone is too small to "
                                       "count usage");
        return NULL;
    }

    return ask;
}


/* Arguments; NULL: they are fine, else what is wrong. */

static const char *
ngx_http_weir_usage_args(ngx_http_weir_usage_ask_t *ask, ngx_uint_t own)
{
    size_t       pos;
    unsigned     period, before;
    ngx_int_t    n;
    weir_str_t   query, name, value;
    const char  *wrong;

    pos = 0;
    query = ngx_http_weir_str(&ask->request->args);

    while (weir_query_next(query, &pos, &name, &value) == WEIR_OK) {
        wrong = ngx_http_weir_usage_arg(ask, name, value, own);

        if (wrong) {
            return wrong;
        }
    }

    ask->limit = NGX_HTTP_WEIR_USAGE_LIMIT;
    value = ask->args[NGX_HTTP_WEIR_USAGE_ARG_LIMIT];

    if (value.data) {
        n = ngx_atoi((u_char *) value.data, value.len);

        if (n < 1 || n > NGX_HTTP_WEIR_USAGE_MOST) {
            return "limit is from 1 to 1000";
        }

        ask->limit = n;
    }

    value = ask->args[NGX_HTTP_WEIR_USAGE_ARG_PERIOD];
    before = weir_str_eq(value, weir_string("previous"));

    if (value.data && !before
        && !weir_str_eq(value, weir_string("current")))
    {
        return "period is current or previous";
    }

    weir_usage_now((int64_t) ngx_time(), &ask->sum.when);

    for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
        ask->sum.when.number[period] -= before;
    }

    return NULL;
}


static const char *
ngx_http_weir_usage_arg(ngx_http_weir_usage_ask_t *ask, weir_str_t name,
    weir_str_t value, ngx_uint_t own)
{
    char        *text;
    size_t       len;
    ngx_uint_t   i;

    for (i = 0; i < NGX_HTTP_WEIR_USAGE_NARGS; i++) {
        if (weir_str_eq(name, weir_cstr(ngx_http_weir_usage_arg_names[i]))) {
            break;
        }
    }

    if (own && i != NGX_HTTP_WEIR_USAGE_ARG_PERIOD) {
        return "the argument is period";
    }

    if (i == NGX_HTTP_WEIR_USAGE_NARGS) {
        return "arguments are tenant, period, after and limit";
    }

    text = ngx_pnalloc(ask->request->pool, value.len + 1);

    if (text == NULL || weir_query_decode(value, text, &len) != WEIR_OK
        || len == 0 || ask->args[i].data != NULL)
    {
        return "an argument is no text, or given twice";
    }

    ask->args[i] = weir_str(text, len);

    return NULL;
}


/* One tenant */

static ngx_int_t
ngx_http_weir_usage_one(ngx_http_weir_usage_ask_t *ask)
{
    ngx_int_t  rc;

    ask->complete = ask->wmcf->store == NULL;

    if (ask->wmcf->store == NULL
        || ask->tenant.len > WEIR_ROW_LABEL)    /* nobody has that */
    {
        return ngx_http_weir_usage_one_send(ask);
    }

    rc = ngx_http_weir_usage_read(ask->request, ask->tenant, &ask->sum,
                                  ngx_http_weir_usage_told, ask);

    if (rc == NGX_DECLINED) {
        return ngx_http_weir_usage_one_send(ask);
    }

    return rc == NGX_OK ? ngx_http_weir_answer_later(ask->request)
                        : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static void
ngx_http_weir_usage_told(void *data, ngx_uint_t complete)
{
    ngx_http_weir_usage_ask_t *ask = data;

    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ask->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ask->asked = complete;
    ask->complete = complete;

    if (!complete) {
        ngx_http_weir_usage_clear(&ask->sum);
    }

    ngx_http_finalize_request(r, ngx_http_weir_usage_one_send(ask));
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_weir_usage_one_send(ngx_http_weir_usage_ask_t *ask)
{
    weir_row_t  *row;

    row = weir_rows_find(weir_usage_rows(ask->shared->usage),
                         WEIR_USAGE_TENANTS, &ask->tenant, 1);

    if (row != NULL
        && ngx_http_weir_usage_here(&ask->sum, ask->shared->usage, row)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_weir_usage_head(ask, ask->asked ? "cluster" : "node");
    ngx_http_weir_usage_print(&ask->text, "\"complete\":%s,\"tenant\":",
                              ask->complete ? "true" : "false");
    ngx_http_weir_usage_string(&ask->text, ask->tenant);
    ngx_http_weir_usage_print(&ask->text, ",");
    ngx_http_weir_usage_periods(&ask->text, &ask->sum);
    ngx_http_weir_usage_print(&ask->text, "}\n");

    return ngx_http_weir_usage_answer(ask->request, NGX_HTTP_OK, &ask->text);
}


/* All tenants */

static ngx_int_t
ngx_http_weir_usage_all(ngx_http_weir_usage_ask_t *ask)
{
    ngx_http_request_t  *r;
    ngx_pool_cleanup_t  *cln;

    r = ask->request;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    ask->page = ngx_palloc(r->pool, ask->limit * sizeof(weir_row_t *));

    if (cln == NULL || ask->page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_weir_usage_cleanup;
    cln->data = ask;

    ask->row = weir_rows_first(weir_usage_rows(ask->shared->usage),
                               WEIR_USAGE_TENANTS);

    ask->event.handler = ngx_http_weir_usage_event;
    ask->event.data = ask;
    ask->event.log = r->connection->log;

    ngx_http_weir_usage_head(ask, "node");
    ngx_http_weir_usage_print(&ask->text, "\"tenants\":{");

    ngx_http_weir_next_turn(&ask->event);

    return ngx_http_weir_answer_later(r);
}


static void
ngx_http_weir_usage_event(ngx_event_t *ev)
{
    ngx_http_weir_usage_ask_t *ask = ev->data;

    ngx_int_t            rc;
    ngx_uint_t           n;
    weir_rows_t         *rows;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ask->request;
    c = r->connection;
    rows = weir_usage_rows(ask->shared->usage);

    ngx_http_set_log_request(c->log, r);

    for (n = 0; ask->row && n < NGX_HTTP_WEIR_USAGE_ROWS; n++) {
        ngx_http_weir_usage_look(ask, ask->row);
        ask->row = weir_rows_next(rows, ask->row);
    }

    rc = ask->row ? NGX_AGAIN : ngx_http_weir_usage_page(ask);

    if (rc == NGX_AGAIN) {
        ngx_http_weir_next_turn(ev);
        return;
    }

    ngx_http_weir_no_turn(ev);

    ngx_http_finalize_request(r, rc == NGX_OK
                                 ? ngx_http_weir_usage_all_send(ask)
                                 : NGX_HTTP_INTERNAL_SERVER_ERROR);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_weir_usage_cleanup(void *data)
{
    ngx_http_weir_usage_ask_t *ask = data;

    ngx_http_weir_no_turn(&ask->event);
}


/* The page has the first ones of those that were looked at, in order. */

static void
ngx_http_weir_usage_look(ngx_http_weir_usage_ask_t *ask, weir_row_t *row)
{
    weir_str_t  id;
    ngx_uint_t  low, high, middle;

    id = weir_row_label(row, 0);

    if (weir_str_cmp(id, ask->args[NGX_HTTP_WEIR_USAGE_ARG_AFTER]) <= 0) {
        return;
    }

    low = 0;
    high = ask->npage;

    while (low < high) {
        middle = (low + high) / 2;

        if (weir_str_cmp(weir_row_label(ask->page[middle], 0), id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }

    if (low == ask->limit) {
        ask->more |= !ask->more && ngx_http_weir_usage_has(ask, row);
        return;
    }

    if (!ngx_http_weir_usage_has(ask, row)) {
        return;
    }

    if (ask->npage == ask->limit) {
        ask->more = 1;
        ask->npage--;
    }

    ngx_memmove(&ask->page[low + 1], &ask->page[low],
                (ask->npage - low) * sizeof(weir_row_t *));

    ask->page[low] = row;
    ask->npage++;
}


/* Whether it used anything in these periods: rows never go. */

static ngx_uint_t
ngx_http_weir_usage_has(ngx_http_weir_usage_ask_t *ask, weir_row_t *row)
{
    unsigned             period;
    weir_rows_t         *rows;
    weir_usage_count_t   count;

    rows = weir_usage_rows(ask->shared->usage);

    for (row = weir_rows_child(rows, row);
         row != NULL;
         row = weir_rows_sibling(rows, row))
    {
        for (period = 0; period < WEIR_USAGE_PERIODS; period++) {
            weir_usage_read(row, weir_row_kind(row), period,
                            ask->sum.when.number[period], &count);

            if (count.n[0] != 0) {
                return 1;
            }
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_weir_usage_page(ngx_http_weir_usage_ask_t *ask)
{
    off_t        size, end;
    weir_row_t  *row;

    end = ngx_http_weir_usage_size(&ask->text) + NGX_HTTP_WEIR_USAGE_TURN;

    while (ask->written < ask->npage) {
        size = ngx_http_weir_usage_size(&ask->text);

        if (size > NGX_HTTP_WEIR_USAGE_ANSWER) {
            ask->npage = ask->written;
            ask->more = 1;
            break;
        }

        if (size >= end) {
            return NGX_AGAIN;
        }

        row = ask->page[ask->written];

        ngx_http_weir_usage_clear(&ask->sum);

        if (ngx_http_weir_usage_here(&ask->sum, ask->shared->usage, row)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_weir_usage_print(&ask->text, ask->written++ ? "," : "");
        ngx_http_weir_usage_string(&ask->text, weir_row_label(row, 0));
        ngx_http_weir_usage_print(&ask->text, ":{");
        ngx_http_weir_usage_periods(&ask->text, &ask->sum);
        ngx_http_weir_usage_print(&ask->text, "}");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_usage_all_send(ngx_http_weir_usage_ask_t *ask)
{
    ngx_http_weir_usage_print(&ask->text, "},\"next\":");

    if (ask->more && ask->npage) {
        ngx_http_weir_usage_string(&ask->text,
                            weir_row_label(ask->page[ask->npage - 1], 0));
    } else {
        ngx_http_weir_usage_print(&ask->text, "null");
    }

    ngx_http_weir_usage_print(&ask->text, "}\n");

    return ngx_http_weir_usage_answer(ask->request, NGX_HTTP_OK, &ask->text);
}


/* Answers */

static void
ngx_http_weir_usage_head(ngx_http_weir_usage_ask_t *ask, const char *scope)
{
    u_char  node[NGX_HTTP_WEIR_USAGE_NODE];

    (void) ngx_http_weir_usage_node(node, ask->shared);

    ngx_http_weir_usage_print(&ask->text, "{\"node\":\"%*s\",",
                              sizeof(node), node);
    ngx_http_weir_usage_time(&ask->text, "time", ngx_time());
    ngx_http_weir_usage_time(&ask->text, "since",
                             (time_t) ask->shared->began);
    ngx_http_weir_usage_print(&ask->text, "\"scope\":\"%s\",", scope);
}


static void
ngx_http_weir_usage_time(ngx_http_weir_usage_text_t *text, const char *name,
    time_t sec)
{
    u_char  *p, time[NGX_HTTP_WEIR_USAGE_TIME];

    p = ngx_http_weir_json_time(time, time + sizeof(time), sec);

    ngx_http_weir_usage_print(text, "\"%s\":%*s,", name,
                              (size_t) (p - time), time);
}


static ngx_int_t
ngx_http_weir_usage_fail(ngx_http_request_t *r, ngx_uint_t status,
    const char *why)
{
    ngx_int_t                   rc;
    ngx_http_weir_usage_text_t  text;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&text, sizeof(ngx_http_weir_usage_text_t));
    text.pool = r->pool;

    ngx_http_weir_usage_print(&text, "{\"error\":\"%s\"}\n", why);

    return ngx_http_weir_usage_answer(r, status, &text);
}


static ngx_int_t
ngx_http_weir_usage_answer(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_weir_usage_text_t *text)
{
    if (text->failed
        || ngx_http_weir_out_push(r, weir_string("Cache-Control"),
                                  weir_string("no-store")) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_weir_send(r, status, "application/json", text->head,
                              ngx_http_weir_usage_size(text));
}


char *
ngx_http_weir_set_usage(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "all") == 0) {
        return ngx_http_weir_usage_set_handler(cf,
                                               ngx_http_weir_usage_handler);
    }

    if (ngx_strcmp(value[1].data, "tenant") == 0) {
        return ngx_http_weir_usage_set_handler(cf,
                                              ngx_http_weir_usage_own_handler);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"weir_usage\" directive, it "
                       "must be \"all\" or \"tenant\"", &value[1]);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_weir_usage_set_handler(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_weir_usage_handler
        || clcf->handler == ngx_http_weir_usage_own_handler)
    {
        return "is duplicate";
    }

    if (ngx_http_weir_metrics_want(cf) == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = handler;

    ngx_http_weir_needs_mode(cf, "weir_usage");
    ngx_http_weir_needs_policy(cf, "weir_usage");

    return NGX_CONF_OK;
}
