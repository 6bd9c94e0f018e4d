/*
 * ngx_http_weir_wait.c: suspend a request and let it go on.
 *
 * A waiting request keeps its one reference and no timer on the connection.
 * The timer here is not cancelable: a worker that should quit waits for the
 * requests that it has, and this one ends by its timeout at the latest.
 */

#include "ngx_http_weir.h"


struct ngx_http_weir_wait_s {
    ngx_event_t  timer;
    ngx_event_t  wake;                  /* posted, never a timer */
#if (WEIR_TEST)
    ngx_event_t  test;
#endif
    unsigned     waiting:1;
    unsigned     timed_out:1;
};


static ngx_http_weir_wait_t *ngx_http_weir_wait_create(
    ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_wait_init(ngx_event_t *ev, ngx_event_handler_pt
    handler, ngx_http_weir_ctx_t *ctx);
static void ngx_http_weir_timeout_handler(ngx_event_t *ev);
static void ngx_http_weir_wake_handler(ngx_event_t *ev);
static void ngx_http_weir_resume(ngx_http_request_t *r,
    ngx_http_weir_wait_t *w);
#if (WEIR_TEST)
static void ngx_http_weir_test_handler(ngx_event_t *ev);
#endif


ngx_int_t
ngx_http_weir_wait(ngx_http_weir_ctx_t *ctx, ngx_msec_t timeout)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_weir_wait_t       *w;
    ngx_http_weir_main_conf_t  *wmcf;

    r = ctx->request;
    c = r->connection;

    w = ngx_http_weir_wait_create(ctx);
    if (w == NULL) {
        return NGX_ERROR;
    }

    if (!r->discard_body) {

        /* so that a client that leaves is seen */

        if (c->read->ready) {
            ngx_post_event(c->read, &ngx_posted_events);

        } else if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    w->waiting = 1;
    w->timed_out = 0;

    ngx_add_timer(&w->timer, timeout);

    wmcf = ngx_http_get_module_main_conf(r, ngx_http_weir_module);
    ngx_http_weir_count(wmcf, WAITS, 1);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0, "weir: waits %M", timeout);

    return NGX_DONE;
}


void
ngx_http_weir_wake(ngx_http_weir_ctx_t *ctx)
{
    if (ctx->wait && ctx->wait->waiting) {
        ngx_post_event(&ctx->wait->wake, &ngx_posted_events);
    }
}


ngx_uint_t
ngx_http_weir_timed_out(ngx_http_weir_ctx_t *ctx)
{
    return ctx->wait && ctx->wait->timed_out;
}


void
ngx_http_weir_wait_cleanup(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_wait_t  *w;

    w = ctx->wait;

    if (w == NULL) {
        return;
    }

    w->waiting = 0;

    if (w->timer.timer_set) {
        ngx_del_timer(&w->timer);
    }

    if (w->wake.posted) {
        ngx_delete_posted_event(&w->wake);
    }

#if (WEIR_TEST)

    if (w->test.timer_set) {
        ngx_del_timer(&w->test);
    }

#endif
}


static ngx_http_weir_wait_t *
ngx_http_weir_wait_create(ngx_http_weir_ctx_t *ctx)
{
    ngx_http_weir_wait_t  *w;

    if (ctx->wait) {
        return ctx->wait;
    }

    w = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_weir_wait_t));
    if (w == NULL) {
        return NULL;
    }

    ngx_http_weir_wait_init(&w->timer, ngx_http_weir_timeout_handler, ctx);
    ngx_http_weir_wait_init(&w->wake, ngx_http_weir_wake_handler, ctx);
#if (WEIR_TEST)
    ngx_http_weir_wait_init(&w->test, ngx_http_weir_test_handler, ctx);
#endif

    ctx->wait = w;

    return w;
}


/* The data of a timer is read as a connection by the debug log. */
static void
ngx_http_weir_wait_init(ngx_event_t *ev, ngx_event_handler_pt handler,
    ngx_http_weir_ctx_t *ctx)
{
    ev->handler = handler;
    ev->data = ctx;
    ev->log = ctx->request->connection->log;
}


static void
ngx_http_weir_timeout_handler(ngx_event_t *ev)
{
    ngx_http_weir_ctx_t *ctx = ev->data;

    ngx_http_weir_main_conf_t  *wmcf;

    if (!ctx->wait->waiting) {
        return;
    }

    wmcf = ngx_http_get_module_main_conf(ctx->request, ngx_http_weir_module);
    ngx_http_weir_count(wmcf, TIMEOUTS, 1);

    ctx->wait->timed_out = 1;

    ngx_http_weir_resume(ctx->request, ctx->wait);
}


static void
ngx_http_weir_wake_handler(ngx_event_t *ev)
{
    ngx_http_weir_ctx_t *ctx = ev->data;

    if (ctx->wait->waiting) {
        ngx_http_weir_resume(ctx->request, ctx->wait);
    }
}


/* The request may be gone when this returns. */
static void
ngx_http_weir_resume(ngx_http_request_t *r, ngx_http_weir_wait_t *w)
{
    ngx_connection_t  *c;

    c = r->connection;

    w->waiting = 0;

    if (w->timer.timer_set) {
        ngx_del_timer(&w->timer);
    }

    if (w->wake.posted) {
        ngx_delete_posted_event(&w->wake);
    }

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "weir: goes on, timed out:%d", w->timed_out);

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_block_reading;

        if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            ngx_http_run_posted_requests(c);
            return;
        }
    }

    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}


#if (WEIR_TEST)

ngx_int_t
ngx_http_weir_test_wait(ngx_http_weir_ctx_t *ctx, ngx_msec_t delay,
    ngx_msec_t timeout)
{
    ngx_int_t  rc;

    rc = ngx_http_weir_wait(ctx, timeout);

    if (rc == NGX_DONE) {
        ngx_add_timer(&ctx->wait->test, delay);
    }

    return rc;
}


static void
ngx_http_weir_test_handler(ngx_event_t *ev)
{
    ngx_http_weir_wake(ev->data);
}

#endif
