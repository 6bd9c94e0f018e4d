/*
 * decide_hold.c: one limit of a request: its key and cost, the moment that it
 * is counted at, who counts it, and what becomes of the request without it.
 */

#include "run/decide_hold.h"

#define FAILED       500
#define UNAVAILABLE  503
#define NANOSECONDS  1000000000


static bool
store_there(weir_pass_t *p)
{
    const weir_limiter_t  *host;

    host = p->host;

    if (p->store == WEIR_STORE_UNKNOWN) {
        p->store = host->store_clock != NULL && host->ask != NULL
                   && host->store_clock(p->data, &p->store_clock) == WEIR_OK
                   ? WEIR_STORE_THERE : WEIR_STORE_GONE;
    }

    return p->store == WEIR_STORE_THERE;
}


static uint32_t
nodes(weir_pass_t *p)
{
    if (p->nodes == 0) {
        p->nodes = p->host->nodes != NULL ? p->host->nodes(p->data) : 1;
        p->nodes += p->nodes == 0;
    }

    return p->nodes;
}


/* Keys and costs */

static bool
add_part(weir_key_hash_t *h, const weir_value_t *v)
{
    unsigned  i;
    char      bytes[8];

    switch (v->kind) {

    case WEIR_T_STRING:
        weir_key_part(h, v->kind, weir_v_text(v));
        return true;

    case WEIR_T_INT:
    case WEIR_T_UINT:
        for (i = 0; i < 8; i++) {
            bytes[i] = (char) (v->u.u >> 8 * i);
        }

        weir_key_part(h, v->kind, weir_str(bytes, 8));
        return true;

    case WEIR_T_BOOL:
        bytes[0] = v->u.b;
        weir_key_part(h, v->kind, weir_str(bytes, 1));
        return true;

    case WEIR_T_IP:
        weir_key_part(h, v->kind, weir_str((const char *) v->u.ip->bytes,
                                           v->u.ip->len));
        return true;

    default:
        return false;
    }
}


/* An error counted itself; a value of the wrong kind is one, too. */
static WEIR_COLD bool
wrong(weir_txn_t *t, const weir_value_t *v)
{
    t->eval.errors += v->kind != WEIR_T_ERR;

    return false;
}


static bool
make_key(weir_txn_t *t, const weir_img_limit_t *limit, weir_limit_key_t *key)
{
    uint32_t         i;
    weir_value_t     v;
    const uint32_t  *ref;
    weir_key_hash_t  h;

    weir_key_begin(&h, &limit->uid);

    if (limit->plan) {
        weir_key_part(&h, WEIR_T_STRING, t->d.tenant);
    }

    ref = WEIR_REC(t->image, REFS) + limit->key.first;

    for (i = 0; i < limit->key.count; i++) {
        weir_eval(&t->eval, ref[i], &v);

        if (!add_part(&h, &v)) {
            return wrong(t, &v);
        }
    }

    weir_key_end(&h, key);

    return true;
}


static bool
run_cost(weir_txn_t *t, const weir_img_limit_t *limit, uint64_t *cost)
{
    weir_value_t  v;

    if (limit->cost_prog == WEIR_NONE) {
        *cost = limit->cost;
        return true;
    }

    weir_eval(&t->eval, limit->cost_prog, &v);

    if (v.kind != WEIR_T_INT || v.u.i < 0) {
        return wrong(t, &v);
    }

    *cost = v.u.u;

    return true;
}


/* What becomes of a hold that did not get its units */

static weir_rc_t
pass_free(weir_hold_t *h, weir_hold_state_t state)
{
    h->state = state;
    h->free = true;

    return WEIR_OK;
}


/* retry: seconds; 0 = it is of no use. */
static WEIR_COLD weir_rc_t
refuse(weir_pass_t *p, weir_hold_t *h, weir_hold_state_t state, uint32_t retry)
{
    weir_txn_t              *t;
    const weir_img_limit_t  *limit;

    t = p->txn;
    limit = h->take.limit;
    h->state = state;

    if (limit->dry_run) {
        h->dry = true;
        t->d.dry_limited++;
        return WEIR_OK;
    }

    t->d.limit = weir_txn_str(t, limit->id);
    t->d.left = state == WEIR_HOLD_REFUSED ? h->left.left : 0;
    t->d.rule = weir_str("", 0);
    t->d.retry_after = retry;

    switch (state) {

    case WEIR_HOLD_ERROR:
        return weir_txn_refuse(t, FAILED, WEIR_REASON_LIMIT_ERROR);

    case WEIR_HOLD_FULL:
        return weir_txn_refuse(t, UNAVAILABLE, WEIR_REASON_LIMIT_FULL);

    case WEIR_HOLD_STORE:
        return weir_txn_refuse(t, UNAVAILABLE, WEIR_REASON_STORE);

    default:
        t->d.message = weir_txn_str(t, limit->message);
        return weir_txn_refuse(t, limit->status, WEIR_REASON_LIMIT);
    }
}


static uint32_t
seconds(int64_t ns)
{
    int64_t  s;

    if (ns <= NANOSECONDS) {
        return 1;
    }

    s = ns / NANOSECONDS + (ns % NANOSECONDS != 0);

    return s < UINT32_MAX ? (uint32_t) s : UINT32_MAX;
}


weir_rc_t
weir_hold_settle(weir_pass_t *p, weir_hold_t *h, weir_take_rc_t rc)
{
    if (rc == WEIR_TAKE_FULL) {
        return h->take.limit->on_full ? pass_free(h, WEIR_HOLD_FULL)
                                      : refuse(p, h, WEIR_HOLD_FULL, 1);
    }

    return refuse(p, h, WEIR_HOLD_REFUSED,
                  rc == WEIR_TAKE_NO ? seconds(h->left.retry) : 0);
}


static weir_rc_t
store_failed(weir_pass_t *p, weir_hold_t *h)
{
    switch (h->take.limit->on_failure) {

    case WEIR_STORE_LOCAL:
        h->alone = true;
        return WEIR_OK;

    case WEIR_STORE_ALLOW:
        return pass_free(h, WEIR_HOLD_STORE);

    default:
        return refuse(p, h, WEIR_HOLD_STORE, 1);
    }
}


/* The moment that a hold is about, and its window. */
static void
set_time(weir_pass_t *p, weir_hold_t *h)
{
    int64_t                  now;
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    h->take.clock = p->clock;

    if (limit->cluster) {
        now = store_there(p) ? p->store_clock : p->host->wall(p->data);

    } else if (limit->kind == WEIR_LIMIT_QUOTA) {
        now = p->host->wall(p->data);

    } else if (limit->kind == WEIR_LIMIT_FIXED
               || limit->kind == WEIR_LIMIT_SLIDING)
    {
        now = p->clock;

    } else {
        return;
    }

    weir_window_limit(p->txn->image, limit, limit->cluster, now,
                      &h->take.window);
}


weir_rc_t
weir_hold_prepare(weir_pass_t *p, weir_hold_t *h)
{
    weir_txn_t              *t;
    const weir_img_limit_t  *limit;

    t = p->txn;
    limit = h->take.limit;

    if (!make_key(t, limit, &h->take.key)
        || (!limit->response && !run_cost(t, limit, &h->take.cost)))
    {
        return refuse(p, h, WEIR_HOLD_ERROR, 0);
    }

    if (limit->kind == WEIR_LIMIT_CONCURRENCY) {
        h->take.worker = p->host->worker(p->data);
    }

    return h->take.cost <= WEIR_MAX_UNITS
           ? WEIR_OK : weir_hold_settle(p, h, WEIR_TAKE_NEVER);
}


weir_take_rc_t
weir_hold_check(weir_pass_t *p, weir_hold_t *h)
{
    const weir_img_limit_t  *limit;

    limit = h->take.limit;

    if (limit->kind == WEIR_LIMIT_CONCURRENCY) {
        return weir_flight_check(p->table, &h->take, &h->left);
    }

    return limit->cluster ? weir_lease_check(p->table, &h->take, &h->left)
                          : weir_limit_check(p->table, &h->take, &h->left);
}


weir_take_rc_t
weir_hold_take(weir_pass_t *p, weir_hold_t *h, weir_ask_t *ask)
{
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    ask->units = 0;

    if (limit->kind == WEIR_LIMIT_CONCURRENCY) {
        return weir_flight_take(p->table, &h->take, &h->left, &h->flight);
    }

    if (!limit->cluster) {
        return weir_limit_take(p->table, &h->take, &h->left);
    }

    return h->alone
           ? weir_lease_alone(p->table, &h->take, nodes(p), &h->left)
           : weir_lease_take(p->table, &h->take, nodes(p), &h->left, ask);
}


void
weir_hold_give(weir_pass_t *p, weir_hold_t *h)
{
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    h->state = WEIR_HOLD_NONE;

    if (limit->kind == WEIR_LIMIT_CONCURRENCY) {
        weir_flight_give(p->table, &h->flight, h->take.worker);

    } else if (!limit->cluster) {
        weir_limit_give(p->table, &h->take);

    } else if (h->alone) {
        weir_lease_alone_give(p->table, &h->take);
        return;

    } else {
        weir_lease_give(p->table, &h->take);
    }

    (void) weir_hold_check(p, h);       /* h->left is as it was before */
}


weir_rc_t
weir_hold_ready(weir_pass_t *p, weir_hold_t *h)
{
    weir_rc_t  rc;

    rc = WEIR_OK;

    if (h->take.limit->cluster && !h->alone
        && (h->asked == WEIR_ASK_FAILED || !store_there(p)))
    {
        rc = store_failed(p, h);
    }

    if (rc == WEIR_OK && !weir_hold_passes(h)) {
        set_time(p, h);
    }

    return rc;
}


/* What a response costs */

static void
charge_store(weir_pass_t *p, weir_hold_t *h)
{
    uint64_t    owed;
    weir_ask_t  ask;

    if (h->alone || !store_there(p)) {
        weir_lease_alone_charge(p->table, &h->take);
        return;
    }

    weir_lease_charge(p->table, &h->take, &owed);

    if (owed != 0 && p->host->owe != NULL) {
        ask = (weir_ask_t) { .take = h->take, .units = owed };
        p->host->owe(p->data, &ask);
    }
}


void
weir_hold_charge(weir_pass_t *p, weir_hold_t *h)
{
    uint64_t                 cost;
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    cost = limit->cost;
    (void) run_cost(p->txn, limit, &cost);

    h->take.cost = cost < WEIR_MAX_UNITS ? cost : WEIR_MAX_UNITS;

    if (h->take.cost == 0) {
        return;
    }

    set_time(p, h);

    if (limit->cluster) {
        charge_store(p, h);

    } else {
        weir_limit_charge(p->table, &h->take);
    }
}


void
weir_pass_begin(weir_pass_t *p, weir_txn_t *t)
{
    memset(p, 0, sizeof(weir_pass_t));
    p->txn = t;
    p->host = t->req->limiter;
    p->data = t->req->host_data;

    if (p->host != NULL) {
        p->table = p->host->table(p->data);
        p->clock = p->host->clock(p->data);
    }
}
