/*
 * ngx_http_weir_control.c: weir_control, what people order about splits.
 *
 * Only a POST that carries a header of its own changes anything: a page that
 * somebody has open cannot make a browser send one to another origin unless
 * that is asked first, and says no.
 */

#include "ngx_http_weir_audit.h"
#include "ngx_http_weir_split_sync.h"
#include "ngx_http_weir_splits.h"
#include "run/query.h"

#define NGX_HTTP_WEIR_CONTROL_TEXT   512        /* bytes of an error */
#define NGX_HTTP_WEIR_CONTROL_FIXED  256        /* bytes around a split */


/* name in code, name of the argument */
#define NGX_HTTP_WEIR_CONTROL_ARGS(A)                                         \
    A(SPLIT, "split") A(ORDER, "order") A(ARM, "arm")

typedef enum {
#define A(name, text)  NGX_HTTP_WEIR_CONTROL_##name,
    NGX_HTTP_WEIR_CONTROL_ARGS(A)
#undef A
    NGX_HTTP_WEIR_CONTROL_NARGS
} ngx_http_weir_control_arg_e;

typedef struct {
    ngx_http_request_t          *request;
    ngx_http_weir_main_conf_t   *wmcf;
    weir_str_t                   args[NGX_HTTP_WEIR_CONTROL_NARGS];
    ngx_uint_t                   status;
    u_char                      *last;          /* of text */
    u_char                       text[NGX_HTTP_WEIR_CONTROL_TEXT];
} ngx_http_weir_control_t;


static ngx_int_t ngx_http_weir_control_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_weir_control_run(ngx_http_weir_control_t *c);
static ngx_int_t ngx_http_weir_control_list(ngx_http_weir_control_t *c);
static ngx_int_t ngx_http_weir_control_post(ngx_http_weir_control_t *c);
static ngx_int_t ngx_http_weir_control_order(ngx_http_weir_control_t *c,
    const weir_image_t *img);
static ngx_uint_t ngx_http_weir_control_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_weir_control_args(ngx_http_weir_control_t *c);
static ngx_int_t ngx_http_weir_control_arg(ngx_http_weir_control_t *c,
    weir_str_t name, weir_str_t value);
static const weir_img_split_t *ngx_http_weir_control_split(
    ngx_http_weir_control_t *c, const weir_image_t *img);
static ngx_int_t ngx_http_weir_control_which(ngx_http_weir_control_t *c,
    weir_split_order_t *order);
static ngx_int_t ngx_http_weir_control_arm(ngx_http_weir_control_t *c,
    const weir_image_t *img, const weir_img_split_t *s, uint32_t *arm);
static void ngx_http_weir_control_log(ngx_http_weir_control_t *c,
    const char *how, const char *why);
static ngx_int_t ngx_http_weir_control_state(ngx_http_weir_control_t *c,
    const weir_image_t *img, const weir_img_split_t *s);
static ngx_int_t ngx_http_weir_control_fail(ngx_http_weir_control_t *c,
    ngx_uint_t status, const char *fmt, ...);
static ngx_int_t ngx_http_weir_control_error(ngx_http_weir_control_t *c);
static ngx_int_t ngx_http_weir_control_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_buf_t *b);


static const char *const  ngx_http_weir_control_names[] = {
#define A(name, text)  text,
    NGX_HTTP_WEIR_CONTROL_ARGS(A)
#undef A
};


static ngx_int_t
ngx_http_weir_control_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_weir_control_t  *c;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    c = ngx_pcalloc(r->pool, sizeof(ngx_http_weir_control_t));
    if (c == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c->request = r;
    c->wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);

    rc = ngx_http_weir_control_run(c);

    return rc == NGX_DECLINED ? ngx_http_weir_control_error(c) : rc;
}


/* NGX_DECLINED, as of all that it calls: the error is set. */

static ngx_int_t
ngx_http_weir_control_run(ngx_http_weir_control_t *c)
{
    ngx_http_request_t  *r;

    r = c->request;

    if (!ngx_http_weir_allowed(r)) {
        return ngx_http_weir_control_fail(c, NGX_HTTP_FORBIDDEN,
                                          "the policy does not allow it");
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return ngx_http_weir_control_list(c);
    }

    if (r->method == NGX_HTTP_POST) {
        return ngx_http_weir_control_post(c);
    }

    if (ngx_http_weir_out_push(r, weir_string("Allow"),
                               weir_string("GET, HEAD, POST")) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_weir_control_fail(c, NGX_HTTP_NOT_ALLOWED,
                                      "POST gives an order, GET lists splits");
}


static ngx_int_t
ngx_http_weir_control_list(ngx_http_weir_control_t *c)
{
    ngx_buf_t  *b;
    ngx_str_t   splits;

    if (c->request->args.len) {
        return ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                          "GET takes no arguments");
    }

    if (ngx_http_weir_splits_status(c->wmcf, c->request->pool, &splits)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b = ngx_create_temp_buf(c->request->pool,
                            splits.len + NGX_HTTP_WEIR_CONTROL_FIXED);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_slprintf(b->last, b->end, "{\"splits\":%V}\n", &splits);

    return ngx_http_weir_control_send(c->request, NGX_HTTP_OK, b);
}


static ngx_int_t
ngx_http_weir_control_post(ngx_http_weir_control_t *c)
{
    ngx_int_t            rc;
    ngx_http_weir_pin_t  pin;

    if (!ngx_http_weir_control_header(c->request)) {
        return ngx_http_weir_control_fail(c, NGX_HTTP_FORBIDDEN,
                                          "the header \"Weir-Control: 1\" is "
                                          "missing");
    }

    if (ngx_http_weir_control_args(c) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_http_weir_policy_pin(c->wmcf->policy, &pin) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    rc = ngx_http_weir_control_order(c, pin.image);

    ngx_http_weir_policy_unpin(c->wmcf->policy, &pin);

    return rc;
}


static ngx_int_t
ngx_http_weir_control_order(ngx_http_weir_control_t *c,
    const weir_image_t *img)
{
    uint32_t                     arm;
    const char                  *why;
    weir_split_order_t           order;
    const weir_img_split_t      *s;
    ngx_http_weir_split_sync_t  *sync;

    sync = c->wmcf->split_sync;
    order = WEIR_SPLIT_NORDERS;
    arm = 0;
    why = "";

    if (ngx_http_weir_control_which(c, &order) != NGX_OK) {
        return NGX_DECLINED;
    }

    s = ngx_http_weir_control_split(c, img);

    if (s == NULL
        || (order == WEIR_SPLIT_PIN
            && ngx_http_weir_control_arm(c, img, s, &arm) != NGX_OK))
    {
        return NGX_DECLINED;
    }

    if (sync->table == NULL) {
        return ngx_http_weir_control_fail(c, NGX_HTTP_CONFLICT,
                                          "zone \"%V\" has no room for the "
                                          "state of splits",
                                          &c->wmcf->zone->shm.name);
    }

    if (order == WEIR_SPLIT_RESUME && !ngx_http_weir_split_reached(sync)) {
        ngx_http_weir_control_log(c, "refused", "the store is out of reach");
        return ngx_http_weir_control_fail(c, NGX_HTTP_CONFLICT,
                                          "the store is out of reach: what "
                                          "other nodes know is not known");
    }

    if (weir_splits_order(sync->table, s, order, arm,
                          ngx_http_weir_split_clock(sync), &why)
        != WEIR_OK)
    {
        ngx_http_weir_control_log(c, "refused", why);
        return ngx_http_weir_control_fail(c, NGX_HTTP_CONFLICT, "%s", why);
    }

    ngx_http_weir_control_log(c, "done", NULL);
    ngx_http_weir_audit_order(c->request, img, s, order,
                              c->args[NGX_HTTP_WEIR_CONTROL_ARM]);
    ngx_http_weir_split_changed(sync, img, s);

    return ngx_http_weir_control_state(c, img, s);
}


static ngx_uint_t
ngx_http_weir_control_header(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {

            if (part->next == NULL) {
                return 0;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash && h[i].key.len == sizeof("Weir-Control") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "Weir-Control",
                               h[i].key.len) == 0)
        {
            return h[i].value.len == 1 && h[i].value.data[0] == '1';
        }
    }
}


/* Arguments */

static ngx_int_t
ngx_http_weir_control_args(ngx_http_weir_control_t *c)
{
    size_t      pos;
    weir_str_t  query, name, value;

    pos = 0;
    query = ngx_http_weir_str(&c->request->args);

    while (weir_query_next(query, &pos, &name, &value) == WEIR_OK) {

        if (ngx_http_weir_control_arg(c, name, value) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_weir_control_arg(ngx_http_weir_control_t *c, weir_str_t name,
    weir_str_t value)
{
    char        *text;
    size_t       len;
    ngx_uint_t   i;

    for (i = 0; i < NGX_HTTP_WEIR_CONTROL_NARGS; i++) {

        if (!weir_str_eq(name, weir_cstr(ngx_http_weir_control_names[i]))) {
            continue;
        }

        if (c->args[i].data != NULL) {
            return ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                              "\"%s\" is given twice",
                                              ngx_http_weir_control_names[i]);
        }

        text = ngx_pnalloc(c->request->pool, value.len + 1);

        if (text == NULL || weir_query_decode(value, text, &len) != WEIR_OK
            || len == 0)
        {
            return ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                              "\"%s\" is no text",
                                              ngx_http_weir_control_names[i]);
        }

        c->args[i] = weir_str(text, len);

        return NGX_OK;
    }

    return ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                      "arguments are split, order and arm");
}


static const weir_img_split_t *
ngx_http_weir_control_split(ngx_http_weir_control_t *c,
    const weir_image_t *img)
{
    weir_str_t               name;
    const weir_img_split_t  *s;

    name = c->args[NGX_HTTP_WEIR_CONTROL_SPLIT];

    if (name.data == NULL) {
        (void) ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                          "\"split\" is missing");
        return NULL;
    }

    s = weir_split_named(img, name);

    if (s == NULL) {
        (void) ngx_http_weir_control_fail(c, NGX_HTTP_NOT_FOUND,
                                          "there is no split \"%*s\"",
                                          NGX_HTTP_WEIR_STR(name));
    }

    return s;
}


static ngx_int_t
ngx_http_weir_control_which(ngx_http_weir_control_t *c,
    weir_split_order_t *order)
{
    unsigned    i;
    weir_str_t  name;

    name = c->args[NGX_HTTP_WEIR_CONTROL_ORDER];

    for (i = 0; name.data != NULL && i < WEIR_SPLIT_NORDERS; i++) {

        if (!weir_str_eq(name, weir_cstr(weir_split_order_name(i)))) {
            continue;
        }

        if ((i == WEIR_SPLIT_PIN)
            != (c->args[NGX_HTTP_WEIR_CONTROL_ARM].data != NULL))
        {
            return ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                              "\"arm\" goes with the order "
                                              "pin, and with no other");
        }

        *order = (weir_split_order_t) i;

        return NGX_OK;
    }

    return ngx_http_weir_control_fail(c, NGX_HTTP_BAD_REQUEST,
                                      "\"order\" must be rollback, resume or "
                                      "pin");
}


static ngx_int_t
ngx_http_weir_control_arm(ngx_http_weir_control_t *c, const weir_image_t *img,
    const weir_img_split_t *s, uint32_t *arm)
{
    uint32_t    i;
    weir_str_t  name;

    name = c->args[NGX_HTTP_WEIR_CONTROL_ARM];
    i = weir_arm_named(img, s, name);

    if (i != WEIR_NONE) {
        *arm = i;
        return NGX_OK;
    }

    return ngx_http_weir_control_fail(c, NGX_HTTP_NOT_FOUND,
                                      "the split has no arm \"%*s\"",
                                      NGX_HTTP_WEIR_STR(name));
}


/* Who: the client's address is in the line's end, as nginx writes it. */

static void
ngx_http_weir_control_log(ngx_http_weir_control_t *c, const char *how,
    const char *why)
{
    u_char               *p, text[3 * 128];
    weir_str_t            arm, none, subject;
    ngx_http_weir_ctx_t  *ctx;

    none = weir_string("-");
    ctx = ngx_http_weir_get_ctx(c->request);

    subject = ctx && ctx->decided && ctx->decision.subject.len
              ? ctx->decision.subject : none;
    arm = c->args[NGX_HTTP_WEIR_CONTROL_ARM];

    p = ngx_http_weir_json(text, text + sizeof(text), subject);

    ngx_log_error(NGX_LOG_NOTICE, c->request->connection->log, 0,
                  "weir: order %*s%s%*s for split \"%*s\" by %V, subject %*s: "
                  "%s%s%s",
                  NGX_HTTP_WEIR_STR(c->args[NGX_HTTP_WEIR_CONTROL_ORDER]),
                  arm.data ? " " : "", NGX_HTTP_WEIR_STR(arm),
                  NGX_HTTP_WEIR_STR(c->args[NGX_HTTP_WEIR_CONTROL_SPLIT]),
                  &c->request->connection->addr_text,
                  (size_t) (p - text), text,
                  how, why ? ": " : "", why ? why : "");
}


/* Answers */

static ngx_int_t
ngx_http_weir_control_state(ngx_http_weir_control_t *c,
    const weir_image_t *img, const weir_img_split_t *s)
{
    size_t       size;
    ngx_buf_t   *b;
    weir_str_t   name;

    name = weir_img_str(img, s->name);

    size = ngx_http_weir_split_status_size(img, s) + 6 * name.len
           + NGX_HTTP_WEIR_CONTROL_FIXED;

    b = ngx_create_temp_buf(c->request->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_slprintf(b->last, b->end, "{\"splits\":{");
    b->last = ngx_http_weir_json(b->last, b->end, name);
    *b->last++ = ':';
    b->last = ngx_http_weir_split_status(b->last, b->end, c->wmcf, img, s);
    b->last = ngx_slprintf(b->last, b->end, "}}\n");

    return ngx_http_weir_control_send(c->request, NGX_HTTP_OK, b);
}


/* NGX_DECLINED, for the caller to return. */

static ngx_int_t
ngx_http_weir_control_fail(ngx_http_weir_control_t *c, ngx_uint_t status,
    const char *fmt, ...)
{
    va_list  args;

    c->status = status;

    va_start(args, fmt);
    c->last = ngx_vslprintf(c->text, c->text + sizeof(c->text), fmt, args);
    va_end(args);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_weir_control_error(ngx_http_weir_control_t *c)
{
    ngx_buf_t  *b;

    b = ngx_create_temp_buf(c->request->pool,
                            6 * NGX_HTTP_WEIR_CONTROL_TEXT
                            + NGX_HTTP_WEIR_CONTROL_FIXED);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_slprintf(b->last, b->end, "{\"error\":");
    b->last = ngx_http_weir_json(b->last, b->end,
                                 weir_str((char *) c->text,
                                          (size_t) (c->last - c->text)));
    b->last = ngx_slprintf(b->last, b->end, "}\n");

    return ngx_http_weir_control_send(c->request, c->status, b);
}


static ngx_int_t
ngx_http_weir_control_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_buf_t *b)
{
    if (ngx_http_weir_out_push(r, weir_string("Cache-Control"),
                               weir_string("no-store")) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_weir_send_json(r, status, b);
}


char *
ngx_http_weir_set_control(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == ngx_http_weir_control_handler) {
        return "is duplicate";
    }

    clcf->handler = ngx_http_weir_control_handler;

    ngx_http_weir_needs_mode(cf, "weir_control");
    ngx_http_weir_needs_policy(cf, "weir_control");

    return NGX_CONF_OK;
}
