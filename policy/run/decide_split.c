/*
 * decide_split.c: the stage of a decision that chooses the arm of a split.
 *
 * What an operator pinned beats all, then comes the first override that
 * matches, then the bucket of a key, of a cookie, or of chance.  What fails to
 * evaluate matches nothing and is no key.
 */

#include "run/decide_stage.h"

#define UNAVAILABLE  503

/* bit of a state in which the guard's arm gets nothing by weight */
#define ROLLED  ((weir_split_word_t) 1 << 47)

/* What is the same for all questions about the arm of a request. */
typedef struct {
    weir_txn_t              *txn;
    const weir_img_split_t  *split;
    const weir_img_arm_t    *arms;      /* of the split */
    const weir_router_t     *host;      /* or NULL */
    weir_splits_t           *table;     /* or NULL */
    weir_split_word_t        word;
    weir_routing_t          *to;
} ask_t;


/* The place in its split of a record of arms. */
static inline uint32_t
place(const ask_t *q, uint32_t arm)
{
    return arm - q->split->arms.first;
}


/* Overrides */

/* Whether a header or cookie of the request is just that value. */
static bool
has_value(const ask_t *q, unsigned attr, const weir_img_override_t *o)
{
    weir_value_t           v;
    const weir_request_t  *req;

    req = q->txn->req;

    return req->host_ops->get(req->host_data, attr,
                              weir_txn_str(q->txn, o->name), &v) == WEIR_OK
           && v.kind == WEIR_T_STRING
           && weir_str_eq(weir_v_text(&v), weir_txn_str(q->txn, o->value));
}


static bool
matches(const ask_t *q, const weir_img_override_t *o)
{
    weir_value_t  v;

    if ((o->source == WEIR_OVERRIDE_HEADER
         && !has_value(q, WEIR_A_REQUEST_HEADERS, o))
        || (o->source == WEIR_OVERRIDE_COOKIE
            && !has_value(q, WEIR_A_REQUEST_COOKIES, o)))
    {
        return false;
    }

    if (o->when == WEIR_NONE) {
        return true;
    }

    weir_txn_run(q->txn, o->when, &v);

    return v.kind == WEIR_T_BOOL && v.u.b;
}


static bool
override(const ask_t *q)
{
    uint32_t                    i;
    const weir_img_override_t  *o;

    o = WEIR_REC(q->txn->image, OVERRIDES) + q->split->overrides.first;

    for (i = 0; i < q->split->overrides.count; i++, o++) {
        if (matches(q, o)) {
            q->to->why = WEIR_ARM_OVERRIDE;
            q->to->arm = place(q, o->arm);
            q->to->override = i;
            return true;
        }
    }

    return false;
}


/* Buckets */

static bool
sticky_key(const ask_t *q, weir_str_t *key)
{
    weir_value_t  v;

    if (q->split->sticky == WEIR_NONE) {
        return false;
    }

    weir_txn_run(q->txn, q->split->sticky, &v);

    if (v.kind != WEIR_T_STRING || v.len == 0 || v.len > WEIR_MAX_STRING) {
        return false;
    }

    *key = weir_v_text(&v);

    return true;
}


static bool
pin_key(const ask_t *q, weir_str_t *key)
{
    weir_value_t           v;
    const weir_request_t  *req;

    req = q->txn->req;

    return q->split->cookie != WEIR_NONE
           && req->host_ops->get(req->host_data, WEIR_A_REQUEST_COOKIES,
                                 weir_txn_str(q->txn, q->split->cookie), &v)
              == WEIR_OK
           && v.kind == WEIR_T_STRING
           && weir_pin_check(&q->split->salt, weir_v_text(&v), key)
              == WEIR_OK;
}


/* By chance; the request after it that sends the pin has the same bucket. */
static bool
drawn_key(const ask_t *q, weir_str_t *key)
{
    if (q->host == NULL) {
        return false;
    }

    *key = q->host->draw(q->txn->req->host_data);

    if (key->len == 0) {
        return false;
    }

    if (q->split->cookie != WEIR_NONE) {
        weir_pin_make(&q->split->salt, *key, q->to->pin);
        q->to->new_pin = true;
        *key = weir_str(q->to->pin, WEIR_PIN_ID);
    }

    return true;
}


static uint32_t
bucket(const ask_t *q)
{
    weir_str_t  key;

    if (sticky_key(q, &key)) {
        q->to->why = WEIR_ARM_KEY;

    } else if (pin_key(q, &key)) {
        q->to->why = WEIR_ARM_COOKIE;

    } else {
        q->to->why = WEIR_ARM_DRAWN;

        if (!drawn_key(q, &key)) {
            return 0;
        }
    }

    return weir_split_bucket(&q->split->salt, key);
}


/* The guard that took an arm out; NULL: it is not out. */
static inline const weir_img_guard_t *
rolled_back(const ask_t *q, uint32_t arm)
{
    const weir_img_guard_t  *guard;

    if (!(q->word & ROLLED) || q->split->guard == WEIR_NONE) {
        return NULL;
    }

    guard = &WEIR_REC(q->txn->image, GUARDS)[q->split->guard];

    return place(q, guard->arm) == arm ? guard : NULL;
}


/*
 * What the rolled back arm would have, its rival has: a rollback moves no
 * other bucket.
 */
static void
by_weight(const ask_t *q)
{
    uint32_t                 weights[WEIR_MAX_ARMS];
    const weir_img_guard_t  *guard;

    q->to->bucket = bucket(q);
    weir_splits_weights(q->txn->image, q->split, q->word & ~ROLLED, weights);
    q->to->arm = weir_split_arm(weights, q->split->arms.count, q->to->bucket);

    guard = rolled_back(q, q->to->arm);

    if (guard != NULL) {
        q->to->arm = place(q, guard->versus);
        q->to->why = WEIR_ARM_ROLLBACK;
    }
}


static void
choose(const ask_t *q)
{
    uint32_t  pinned;

    pinned = WEIR_SPLIT_PINNED(q->word);

    if (pinned != 0 && pinned <= q->split->arms.count) {
        q->to->why = WEIR_ARM_PINNED;
        q->to->arm = pinned - 1;

    } else if (q->split->overrides.count == 0 || !override(q)) {
        by_weight(q);
    }
}


/* Breakers */

/* false: the arm is cut off, for so many seconds. */
static inline bool
takes(const ask_t *q, uint32_t arm, uint32_t *retry)
{
    int64_t  clock;

    if (q->arms[arm].breaker == WEIR_NONE || q->table == NULL) {
        return true;
    }

    clock = q->host->clock(q->txn->req->host_data);

    return weir_breaker_ask(q->table, q->txn->image, q->split, arm, clock,
                            retry) != WEIR_DECLINED;
}


/* To the fallback, if there is one that is neither out nor cut off as well. */
static WEIR_SELDOM weir_rc_t
fall_back(const ask_t *q, uint32_t retry)
{
    uint32_t      second;
    weir_txn_t   *t;
    uint32_t      arm;

    t = q->txn;
    arm = WEIR_REC(t->image, BREAKERS)[q->arms[q->to->arm].breaker].fallback;
    arm = arm == WEIR_NONE ? arm : place(q, arm);

    if (arm != WEIR_NONE && rolled_back(q, arm) == NULL) {

        if (takes(q, arm, &second)) {
            q->to->why = WEIR_ARM_FALLBACK;
            q->to->arm = arm;
            return WEIR_OK;
        }

        retry = second < retry ? second : retry;
    }

    weir_txn_unsplit(t);
    t->d.retry_after = retry;

    return weir_txn_refuse(t, UNAVAILABLE, WEIR_REASON_BREAKER);
}


static inline bool
is_weighed(weir_arm_why_t why)
{
    return why == WEIR_ARM_KEY || why == WEIR_ARM_COOKIE
           || why == WEIR_ARM_DRAWN;
}


weir_rc_t
weir_stage_split(weir_txn_t *t)
{
    ask_t      q;
    uint32_t   retry;
    weir_rc_t  rc;

    q.txn = t;
    q.to = &t->routing;
    q.split = &WEIR_REC(t->image, SPLITS)[t->route->split];
    q.arms = WEIR_REC(t->image, ARMS) + q.split->arms.first;
    q.host = t->req->router;
    q.table = q.host ? q.host->splits(t->req->host_data) : NULL;
    q.word = q.table ? weir_splits_word(q.table, &q.split->uid) : 0;

    q.to->split = q.split;
    t->d.split = weir_txn_str(t, q.split->name);

    choose(&q);
    rc = takes(&q, q.to->arm, &retry) ? WEIR_OK : fall_back(&q, retry);

    /* also of the arm that is cut off, when nothing stands in for it */
    t->d.arm = weir_txn_str(t, q.arms[q.to->arm].name);
    t->d.upstream = weir_txn_str(t, q.arms[q.to->arm].upstream);
    q.to->weighed = is_weighed(q.to->why);

    return rc;
}
