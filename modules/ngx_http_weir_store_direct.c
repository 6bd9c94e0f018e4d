/*
 * ngx_http_weir_store_direct.c: one server, wherever weir_redis says.
 */

#include "ngx_http_weir_store_core.h"


static ngx_int_t ngx_http_weir_direct_start(ngx_http_weir_store_t *store);
static void ngx_http_weir_direct_stop(ngx_http_weir_store_t *store);
static ngx_http_weir_conn_t *ngx_http_weir_direct_pick(
    ngx_http_weir_store_t *store, const ngx_http_weir_call_t *call);
static ngx_http_weir_conn_t *ngx_http_weir_direct_error(
    ngx_http_weir_store_t *store, ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call, weir_str_t text);
static void ngx_http_weir_direct_ready(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_direct_lost(ngx_http_weir_conn_t *conn,
    const char *why);


const ngx_http_weir_topology_t  ngx_http_weir_store_direct = {
    "standalone",
    ngx_http_weir_direct_start,
    ngx_http_weir_direct_stop,
    ngx_http_weir_direct_pick,
    ngx_http_weir_direct_error
};


static ngx_int_t
ngx_http_weir_direct_start(ngx_http_weir_store_t *store)
{
    ngx_http_weir_conn_t  *conn;

    conn = ngx_http_weir_conn_create(store, &store->conf.seeds[0]);
    if (conn == NULL) {
        return NGX_ERROR;
    }

    conn->ready = ngx_http_weir_direct_ready;
    conn->lost = ngx_http_weir_direct_lost;

    store->servers = conn;

    ngx_http_weir_conn_open(conn);

    return NGX_OK;
}


static void
ngx_http_weir_direct_stop(ngx_http_weir_store_t *store)
{
    ngx_http_weir_conn_t  *conn;

    conn = store->servers;
    store->servers = NULL;

    if (conn != NULL) {
        ngx_http_weir_conn_destroy(conn, NGX_HTTP_WEIR_STORE_QUIT);
    }
}


static ngx_http_weir_conn_t *
ngx_http_weir_direct_pick(ngx_http_weir_store_t *store,
    const ngx_http_weir_call_t *call)
{
    return store->servers;
}


static ngx_http_weir_conn_t *
ngx_http_weir_direct_error(ngx_http_weir_store_t *store,
    ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call, weir_str_t text)
{
    return NULL;
}


static void
ngx_http_weir_direct_ready(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_store_found(conn->store);
}


static void
ngx_http_weir_direct_lost(ngx_http_weir_conn_t *conn, const char *why)
{
    ngx_http_weir_store_lost(conn->store, why);
}
