/*
 * ngx_http_weir_store_cluster.c: the masters of a cluster, and whose each
 * slot is.
 *
 * The map is what CLUSTER SLOTS said last, with what MOVED said since.  It is
 * read anew, at most once a second, when a server is lost or sends us
 * elsewhere; over a connection of its own, to the next server that may know
 * while one does not answer.  What has left the map is closed once nothing
 * was sent there for a while.
 */

#include "ngx_http_weir_store_core.h"

#define NGX_HTTP_WEIR_CLUSTER_SLOTS   16384
#define NGX_HTTP_WEIR_CLUSTER_NODES   1024
#define NGX_HTTP_WEIR_CLUSTER_MAP     (4u << 20)    /* bytes of the answer */
#define NGX_HTTP_WEIR_CLUSTER_PAUSE   1000          /* ms between two maps */


typedef struct {
    ngx_http_weir_conn_t  *conn;            /* NULL: a free place */
    uint32_t               hash;            /* of its address */
    ngx_uint_t             map;             /* the last one that has it */
    ngx_msec_t             used;            /* since then: the last time */
} ngx_http_weir_node_t;

typedef struct {
    ngx_http_weir_store_t  *store;
    ngx_pool_t             *pool;

    ngx_http_weir_node_t    nodes[NGX_HTTP_WEIR_CLUSTER_NODES];
    ngx_uint_t              nnodes;         /* places that were ever taken */
    ngx_uint_t              map;            /* counts maps */
    /* place of a node and one; 0: nobody's */
    uint16_t                slots[NGX_HTTP_WEIR_CLUSTER_SLOTS];
    uint16_t                fresh[NGX_HTTP_WEIR_CLUSTER_SLOTS];

    ngx_http_weir_conn_t   *asked;          /* for a map; NULL: nobody is */
    ngx_http_weir_call_t    call;
    ngx_event_t             timer;          /* the next map */
    ngx_msec_t              last;           /* when the last one came */
    ngx_uint_t              next;           /* place, then seed, to ask */
    ngx_uint_t              tries;          /* without a map */
    unsigned                known:1;        /* there was a map */
    unsigned                again:1;        /* and it is not right any more */

    ngx_event_t             sweep;
    ngx_uint_t              any;            /* the last one without a key */
} ngx_http_weir_cluster_t;


static ngx_int_t ngx_http_weir_cluster_start(ngx_http_weir_store_t *store);
static void ngx_http_weir_cluster_stop(ngx_http_weir_store_t *store);
static ngx_http_weir_conn_t *ngx_http_weir_cluster_pick(
    ngx_http_weir_store_t *store, const ngx_http_weir_call_t *call);
static ngx_http_weir_conn_t *ngx_http_weir_cluster_any(
    ngx_http_weir_cluster_t *cluster);
static ngx_uint_t ngx_http_weir_cluster_slot(weir_str_t key);
static ngx_http_weir_conn_t *ngx_http_weir_cluster_error(
    ngx_http_weir_store_t *store, ngx_http_weir_conn_t *conn,
    ngx_http_weir_call_t *call, weir_str_t text);
static ngx_http_weir_node_t *ngx_http_weir_cluster_redirected(
    ngx_http_weir_cluster_t *cluster, ngx_http_weir_conn_t *conn,
    weir_str_t text, ngx_uint_t *slot);
static void ngx_http_weir_cluster_ready(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_cluster_lost(ngx_http_weir_conn_t *conn,
    const char *why);
static void ngx_http_weir_cluster_refresh(ngx_http_weir_cluster_t *cluster);
static void ngx_http_weir_cluster_timer(ngx_event_t *ev);
static void ngx_http_weir_cluster_ask(ngx_http_weir_cluster_t *cluster);
static const ngx_http_weir_url_t *ngx_http_weir_cluster_whom(
    ngx_http_weir_cluster_t *cluster);
static void ngx_http_weir_cluster_asks(ngx_http_weir_conn_t *conn);
static void ngx_http_weir_cluster_gone(ngx_http_weir_conn_t *conn,
    const char *why);
static void ngx_http_weir_cluster_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies);
static const char *ngx_http_weir_cluster_read(ngx_http_weir_cluster_t *cluster,
    const ngx_http_weir_reply_t *reply);
static const char *ngx_http_weir_cluster_range(
    ngx_http_weir_cluster_t *cluster, const ngx_http_weir_reply_t *range);
static void ngx_http_weir_cluster_use(ngx_http_weir_cluster_t *cluster);
static void ngx_http_weir_cluster_failed(ngx_http_weir_cluster_t *cluster,
    const char *why);
static void ngx_http_weir_cluster_abandon(ngx_http_weir_cluster_t *cluster);
static void ngx_http_weir_cluster_sweep(ngx_event_t *ev);
static ngx_http_weir_node_t *ngx_http_weir_cluster_node(
    ngx_http_weir_cluster_t *cluster, weir_str_t host, ngx_uint_t port);
static ngx_http_weir_node_t *ngx_http_weir_cluster_place(
    ngx_http_weir_cluster_t *cluster);


const ngx_http_weir_topology_t  ngx_http_weir_store_cluster = {
    "cluster",
    ngx_http_weir_cluster_start,
    ngx_http_weir_cluster_stop,
    ngx_http_weir_cluster_pick,
    ngx_http_weir_cluster_error
};


static ngx_int_t
ngx_http_weir_cluster_start(ngx_http_weir_store_t *store)
{
    ngx_pool_t               *pool;
    ngx_http_weir_cluster_t  *cluster;

    pool = ngx_create_pool(4096, store->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    cluster = ngx_pcalloc(pool, sizeof(ngx_http_weir_cluster_t));
    if (cluster == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    cluster->store = store;
    cluster->pool = pool;
    cluster->map = 1;

    /* workers, and nodes, do not all ask the same one */

    cluster->next = (ngx_uint_t) ngx_random() % store->conf.nseeds;

    cluster->timer.handler = ngx_http_weir_cluster_timer;
    cluster->timer.data = cluster;
    cluster->timer.log = store->log;
    cluster->timer.cancelable = 1;

    cluster->sweep.handler = ngx_http_weir_cluster_sweep;
    cluster->sweep.data = cluster;
    cluster->sweep.log = store->log;
    cluster->sweep.cancelable = 1;

    store->servers = cluster;

    ngx_http_weir_cluster_ask(cluster);

    return NGX_OK;
}


static void
ngx_http_weir_cluster_stop(ngx_http_weir_store_t *store)
{
    ngx_uint_t                i;
    ngx_http_weir_conn_t     *conn;
    ngx_http_weir_cluster_t  *cluster;

    cluster = store->servers;

    if (cluster == NULL) {
        return;
    }

    store->servers = NULL;

    ngx_http_weir_cluster_abandon(cluster);

    if (cluster->sweep.timer_set) {
        ngx_del_timer(&cluster->sweep);
    }

    for (i = 0; i < cluster->nnodes; i++) {
        conn = cluster->nodes[i].conn;

        if (conn != NULL) {
            ngx_http_weir_conn_destroy(conn, NGX_HTTP_WEIR_STORE_QUIT);
        }
    }

    ngx_destroy_pool(cluster->pool);
}


/* Where a call goes */

static ngx_http_weir_conn_t *
ngx_http_weir_cluster_pick(ngx_http_weir_store_t *store,
    const ngx_http_weir_call_t *call)
{
    ngx_uint_t                place;
    ngx_http_weir_cluster_t  *cluster;

    cluster = store->servers;

    if (cluster == NULL) {
        return NULL;
    }

    if (call->key.len == 0) {
        return ngx_http_weir_cluster_any(cluster);
    }

    place = cluster->slots[ngx_http_weir_cluster_slot(call->key)];

    if (place == 0) {
        ngx_http_weir_cluster_refresh(cluster);
        return NULL;
    }

    return cluster->nodes[place - 1].conn;
}


/* A master of the map, one after the other; one that is ready if any is. */

static ngx_http_weir_conn_t *
ngx_http_weir_cluster_any(ngx_http_weir_cluster_t *cluster)
{
    ngx_uint_t             i, at;
    ngx_http_weir_conn_t  *conn;
    ngx_http_weir_node_t  *node;

    conn = NULL;

    for (i = 1; i <= cluster->nnodes; i++) {
        at = (cluster->any + i) % cluster->nnodes;
        node = &cluster->nodes[at];

        if (node->conn == NULL || node->map != cluster->map) {
            continue;
        }

        conn = node->conn;

        if (conn->state == NGX_HTTP_WEIR_CONN_READY) {
            cluster->any = at;
            break;
        }
    }

    return conn;
}


/* CRC16 (XMODEM) of what is in the first braces, or of all of the key. */

static ngx_uint_t
ngx_http_weir_cluster_slot(weir_str_t key)
{
    size_t       i;
    uint16_t     crc;
    const char  *open, *close;

    static const uint16_t  table[] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
    };

    open = memchr(key.data, '{', key.len);

    if (open != NULL) {
        open++;
        close = memchr(open, '}', (size_t) (key.data + key.len - open));

        if (close != NULL && close > open) {
            key = weir_str(open, (size_t) (close - open));
        }
    }

    crc = 0;

    for (i = 0; i < key.len; i++) {
        crc ^= (uint16_t) ((uint8_t) key.data[i] << 8);
        crc = (uint16_t) (crc << 4 ^ table[crc >> 12]);
        crc = (uint16_t) (crc << 4 ^ table[crc >> 12]);
    }

    return crc % NGX_HTTP_WEIR_CLUSTER_SLOTS;
}


/* What servers say */

static ngx_http_weir_conn_t *
ngx_http_weir_cluster_error(ngx_http_weir_store_t *store,
    ngx_http_weir_conn_t *conn, ngx_http_weir_call_t *call, weir_str_t text)
{
    ngx_uint_t                slot, asking;
    ngx_http_weir_node_t     *node;
    ngx_http_weir_cluster_t  *cluster;

    cluster = store->servers;

    if (cluster == NULL) {
        return NULL;
    }

    asking = weir_str_starts(text, weir_string("ASK "));

    if (asking || weir_str_starts(text, weir_string("MOVED "))) {
        node = ngx_http_weir_cluster_redirected(cluster, conn, text, &slot);

        if (node == NULL) {
            ngx_http_weir_cluster_refresh(cluster);
            return NULL;
        }

        call->asking = asking;

        if (!asking) {
            cluster->slots[slot] = (uint16_t) (node - cluster->nodes + 1);
            node->map = cluster->map;
            ngx_http_weir_cluster_refresh(cluster);
        }

        return node->conn;
    }

    if (weir_str_starts(text, weir_string("TRYAGAIN"))
        || weir_str_starts(text, weir_string("CLUSTERDOWN"))
        || weir_str_starts(text, weir_string("MASTERDOWN"))
        || weir_str_starts(text, weir_string("READONLY"))
        || weir_str_starts(text, weir_string("LOADING")))
    {
        ngx_http_weir_cluster_refresh(cluster);
    }

    return NULL;
}


/* "MOVED 3999 127.0.0.1:6381", "ASK ..."; without a host, the same one. */

static ngx_http_weir_node_t *
ngx_http_weir_cluster_redirected(ngx_http_weir_cluster_t *cluster,
    ngx_http_weir_conn_t *conn, weir_str_t text, ngx_uint_t *slot)
{
    size_t                 colon;
    ngx_int_t              n, port;
    const char            *blank;
    weir_str_t             host, number;
    ngx_http_weir_node_t  *node;

    blank = memchr(text.data, ' ', text.len);
    text.len -= (size_t) (blank + 1 - text.data);
    text.data = blank + 1;

    blank = memchr(text.data, ' ', text.len);
    if (blank == NULL) {
        return NULL;
    }

    number = weir_str(text.data, (size_t) (blank - text.data));
    host = weir_str(blank + 1, text.len - number.len - 1);

    for (colon = host.len; colon > 0; colon--) {
        if (host.data[colon - 1] == ':') {
            break;
        }
    }

    if (colon == 0) {
        return NULL;
    }

    n = ngx_atoi((u_char *) number.data, number.len);
    port = ngx_atoi((u_char *) host.data + colon, host.len - colon);
    host.len = colon - 1;

    if (n < 0 || n >= NGX_HTTP_WEIR_CLUSTER_SLOTS || port < 1) {
        return NULL;
    }

    if (host.len == 0 || weir_str_eq(host, weir_string("?"))) {
        host = weir_str((char *) conn->url.host.data, conn->url.host.len);
    }

    node = ngx_http_weir_cluster_node(cluster, host, (ngx_uint_t) port);

    if (node != NULL) {
        *slot = (ngx_uint_t) n;

        if (node->conn->state == NGX_HTTP_WEIR_CONN_CLOSED) {
            ngx_http_weir_conn_open(node->conn);
        }
    }

    return node;
}


static void
ngx_http_weir_cluster_ready(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_store_found(conn->store);
}


static void
ngx_http_weir_cluster_lost(ngx_http_weir_conn_t *conn, const char *why)
{
    ngx_http_weir_conn_t     *other;
    ngx_http_weir_cluster_t  *cluster;

    cluster = conn->store->servers;
    other = ngx_http_weir_cluster_any(cluster);

    if (other == NULL || other->state != NGX_HTTP_WEIR_CONN_READY) {
        ngx_http_weir_store_lost(conn->store, why);
    }

    ngx_http_weir_cluster_refresh(cluster);
}


/* The map */

static void
ngx_http_weir_cluster_refresh(ngx_http_weir_cluster_t *cluster)
{
    ngx_msec_t  since;

    if (cluster->asked != NULL) {
        cluster->again = 1;
        return;
    }

    if (cluster->timer.timer_set) {
        return;
    }

    since = ngx_current_msec - cluster->last;

    /* later, because connections end while they are looked at */

    ngx_add_timer(&cluster->timer,
                  !cluster->known || since >= NGX_HTTP_WEIR_CLUSTER_PAUSE
                  ? 1 : NGX_HTTP_WEIR_CLUSTER_PAUSE - since);
}


static void
ngx_http_weir_cluster_timer(ngx_event_t *ev)
{
    ngx_http_weir_cluster_ask(ev->data);
}


static void
ngx_http_weir_cluster_ask(ngx_http_weir_cluster_t *cluster)
{
    ngx_http_weir_conn_t  *conn;

    cluster->again = 0;

    conn = ngx_http_weir_conn_create(cluster->store,
                                     ngx_http_weir_cluster_whom(cluster));
    if (conn == NULL) {
        ngx_http_weir_cluster_failed(cluster, "no memory");
        return;
    }

    conn->limit = NGX_HTTP_WEIR_CLUSTER_MAP;
    conn->ready = ngx_http_weir_cluster_asks;
    conn->lost = ngx_http_weir_cluster_gone;
    conn->data = cluster;

    cluster->asked = conn;

    ngx_http_weir_conn_open(conn);
}


/* Who is there knows best; but every fourth time whoever is next. */

static const ngx_http_weir_url_t *
ngx_http_weir_cluster_whom(ngx_http_weir_cluster_t *cluster)
{
    ngx_uint_t             i, at, n;
    ngx_http_weir_conn_t  *conn;

    n = cluster->nnodes;

    for (i = 1; i <= n && cluster->tries % 4 != 3; i++) {
        at = (cluster->next + i) % n;
        conn = cluster->nodes[at].conn;

        if (conn != NULL && conn->state == NGX_HTTP_WEIR_CONN_READY) {
            cluster->next = at;
            return &conn->url;
        }
    }

    n += cluster->store->conf.nseeds;

    for (i = 0; i < n; i++) {
        cluster->next = (cluster->next + 1) % n;
        at = cluster->next;

        if (at >= cluster->nnodes) {
            return &cluster->store->conf.seeds[at - cluster->nnodes];
        }

        if (cluster->nodes[at].conn != NULL) {
            return &cluster->nodes[at].conn->url;
        }
    }

    return &cluster->store->conf.seeds[0];
}


static void
ngx_http_weir_cluster_asks(ngx_http_weir_conn_t *conn)
{
    ngx_http_weir_cluster_t *cluster = conn->data;

    ngx_http_weir_call_t  *call;

    call = &cluster->call;

    ngx_memzero(call, sizeof(ngx_http_weir_call_t));

    call->ncommands = 1;
    call->commands[0].nargs = 2;
    call->commands[0].args[0] = weir_string("CLUSTER");
    call->commands[0].args[1] = weir_string("SLOTS");
    call->handler = ngx_http_weir_cluster_told;
    call->data = cluster;

    ngx_http_weir_store_ask(cluster->store, conn, call);
}


static void
ngx_http_weir_cluster_gone(ngx_http_weir_conn_t *conn, const char *why)
{
    ngx_http_weir_cluster_failed(conn->data, why);
}


static void
ngx_http_weir_cluster_told(ngx_http_weir_call_t *call,
    ngx_http_weir_store_result_e result, const ngx_http_weir_reply_t *replies)
{
    ngx_http_weir_cluster_t *cluster = call->data;

    const char  *why;

    why = result == NGX_HTTP_WEIR_STORE_OK
          ? ngx_http_weir_cluster_read(cluster, &replies[0])
          : "a server does not say whose the slots are";

    if (why != NULL) {
        ngx_http_weir_cluster_failed(cluster, why);
        return;
    }

    ngx_http_weir_cluster_use(cluster);
}


/* Into fresh; NULL, or what is wrong with it. */

static const char *
ngx_http_weir_cluster_read(ngx_http_weir_cluster_t *cluster,
    const ngx_http_weir_reply_t *reply)
{
    const char  *why;
    ngx_uint_t   i;

    if (reply->type != NGX_HTTP_WEIR_REPLY_ARRAY) {
        return "a server says whose the slots are in no known way";
    }

    if (reply->nitems == 0) {
        return "a server knows of no slots";
    }

    ngx_memzero(cluster->fresh, sizeof(cluster->fresh));

    for (i = 0; i < reply->nitems; i++) {
        why = ngx_http_weir_cluster_range(cluster, &reply->items[i]);

        if (why != NULL) {
            return why;
        }
    }

    return NULL;
}


/* First and last slot, the master, its replicas: each host, port, id, ... */

static const char *
ngx_http_weir_cluster_range(ngx_http_weir_cluster_t *cluster,
    const ngx_http_weir_reply_t *range)
{
    int64_t                       first, last, slot;
    weir_str_t                    host;
    ngx_http_weir_url_t          *asked;
    ngx_http_weir_node_t         *node;
    const ngx_http_weir_reply_t  *items, *master;

    items = range->items;

    if (range->type != NGX_HTTP_WEIR_REPLY_ARRAY || range->nitems < 3
        || items[0].type != NGX_HTTP_WEIR_REPLY_INTEGER
        || items[1].type != NGX_HTTP_WEIR_REPLY_INTEGER
        || items[2].type != NGX_HTTP_WEIR_REPLY_ARRAY
        || items[2].nitems < 2
        || items[2].items[1].type != NGX_HTTP_WEIR_REPLY_INTEGER)
    {
        return "a server says whose the slots are in no known way";
    }

    first = items[0].integer;
    last = items[1].integer;
    master = items[2].items;

    if (first < 0 || first > last || last >= NGX_HTTP_WEIR_CLUSTER_SLOTS) {
        return "a server speaks of slots that there are not";
    }

    host = master[0].text;
    asked = &cluster->asked->url;

    if (master[0].type != NGX_HTTP_WEIR_REPLY_TEXT || host.len == 0
        || weir_str_eq(host, weir_string("?")))
    {
        host = weir_str((char *) asked->host.data, asked->host.len);
    }

    node = master[1].integer >= 1 && master[1].integer <= 65535
           ? ngx_http_weir_cluster_node(cluster, host,
                                        (ngx_uint_t) master[1].integer)
           : NULL;

    if (node == NULL) {
        return "a server tells an address that is none, or too many";
    }

    for (slot = first; slot <= last; slot++) {
        cluster->fresh[slot] = (uint16_t) (node - cluster->nodes + 1);
    }

    return NULL;
}


static void
ngx_http_weir_cluster_use(ngx_http_weir_cluster_t *cluster)
{
    ngx_uint_t             i, none, masters;
    ngx_http_weir_node_t  *node;

    none = 0;
    masters = 0;
    cluster->map++;

    ngx_memcpy(cluster->slots, cluster->fresh, sizeof(cluster->slots));

    for (i = 0; i < NGX_HTTP_WEIR_CLUSTER_SLOTS; i++) {

        if (cluster->slots[i] == 0) {
            none++;
            continue;
        }

        node = &cluster->nodes[cluster->slots[i] - 1];

        if (node->map != cluster->map) {
            node->map = cluster->map;
            masters++;
            ngx_http_weir_conn_open(node->conn);
        }
    }

    if (!cluster->known || cluster->tries) {
        ngx_log_error(NGX_LOG_NOTICE, cluster->store->log, 0,
                      "weir: store: the cluster has %ui masters", masters);
    }

    cluster->known = 1;
    cluster->tries = 0;
    cluster->last = ngx_current_msec;

    ngx_http_weir_cluster_abandon(cluster);
    ngx_http_weir_store_found(cluster->store);

    if (none || cluster->again) {
        ngx_http_weir_cluster_refresh(cluster);
    }

    if (!cluster->sweep.timer_set) {
        ngx_add_timer(&cluster->sweep, NGX_HTTP_WEIR_CLUSTER_PAUSE);
    }
}


static void
ngx_http_weir_cluster_failed(ngx_http_weir_cluster_t *cluster, const char *why)
{
    ngx_uint_t  level, n;

    ngx_http_weir_cluster_abandon(cluster);

    n = cluster->store->conf.nseeds;
    level = ++cluster->tries == n ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, cluster->store->log, 0,
                  "weir: store: no map of the cluster: %s", why);

    if (!cluster->known) {
        ngx_http_weir_store_lost(cluster->store, why);
    }

    ngx_add_timer(&cluster->timer,
                  ngx_http_weir_store_patience(cluster->tries / n));
}


static void
ngx_http_weir_cluster_abandon(ngx_http_weir_cluster_t *cluster)
{
    ngx_http_weir_conn_t  *asked;

    if (cluster->timer.timer_set) {
        ngx_del_timer(&cluster->timer);
    }

    ngx_http_weir_store_cancel(&cluster->call);

    asked = cluster->asked;
    cluster->asked = NULL;

    if (asked != NULL) {
        ngx_http_weir_conn_destroy(asked, NGX_HTTP_WEIR_STORE_LOST);
    }
}


/* No call can be on its way for longer than calls take. */

static void
ngx_http_weir_cluster_sweep(ngx_event_t *ev)
{
    ngx_http_weir_cluster_t *cluster = ev->data;

    ngx_uint_t             i, left;
    ngx_msec_t             most;
    ngx_http_weir_conn_t  *conn;
    ngx_http_weir_node_t  *node;

    left = 0;
    most = cluster->store->conf.timeout + NGX_HTTP_WEIR_CLUSTER_PAUSE;

    for (i = 0; i < cluster->nnodes; i++) {
        node = &cluster->nodes[i];

        if (node->conn == NULL || node->map == cluster->map) {
            continue;
        }

        if (ngx_current_msec - node->used <= most) {
            left++;
            continue;
        }

        conn = node->conn;
        node->conn = NULL;

        ngx_http_weir_conn_destroy(conn, NGX_HTTP_WEIR_STORE_LOST);
    }

    if (left) {
        ngx_add_timer(ev, NGX_HTTP_WEIR_CLUSTER_PAUSE);
    }
}


/* Nodes */

/* The node of an address, made if it is new; NULL: it cannot be. */

static ngx_http_weir_node_t *
ngx_http_weir_cluster_node(ngx_http_weir_cluster_t *cluster, weir_str_t host,
    ngx_uint_t port)
{
    uint32_t               hash;
    ngx_uint_t             i;
    ngx_pool_t            *pool;
    ngx_http_weir_url_t    url;
    ngx_http_weir_conn_t  *conn;
    ngx_http_weir_node_t  *node;

    hash = ngx_crc32_short((u_char *) host.data, host.len) + (uint32_t) port;

    for (i = 0; i < cluster->nnodes; i++) {
        node = &cluster->nodes[i];
        conn = node->conn;

        if (node->hash == hash && conn != NULL && conn->url.port == port
            && conn->url.host.len == host.len
            && ngx_strncasecmp(conn->url.host.data, (u_char *) host.data,
                               host.len)
               == 0)
        {
            node->used = ngx_current_msec;
            return node;
        }
    }

    node = ngx_http_weir_cluster_place(cluster);
    pool = ngx_create_pool(1024, cluster->store->log);

    if (node == NULL || pool == NULL) {

        if (pool != NULL) {
            ngx_destroy_pool(pool);
        }

        return NULL;
    }

    conn = ngx_http_weir_store_address(pool, &cluster->store->conf, host, port,
                                       &url)
           == NGX_OK ? ngx_http_weir_conn_create(cluster->store, &url) : NULL;

    ngx_destroy_pool(pool);

    if (conn == NULL) {
        return NULL;
    }

    conn->ready = ngx_http_weir_cluster_ready;
    conn->lost = ngx_http_weir_cluster_lost;

    node->conn = conn;
    node->hash = hash;
    node->map = 0;
    node->used = ngx_current_msec;

    if (!cluster->sweep.timer_set) {
        ngx_add_timer(&cluster->sweep, NGX_HTTP_WEIR_CLUSTER_PAUSE);
    }

    return node;
}


static ngx_http_weir_node_t *
ngx_http_weir_cluster_place(ngx_http_weir_cluster_t *cluster)
{
    ngx_uint_t  i;

    for (i = 0; i < cluster->nnodes; i++) {
        if (cluster->nodes[i].conn == NULL) {
            return &cluster->nodes[i];
        }
    }

    if (cluster->nnodes == NGX_HTTP_WEIR_CLUSTER_NODES) {
        return NULL;
    }

    return &cluster->nodes[cluster->nnodes++];
}
