/*
 * decide_limits.c: the stages of a decision that ask limits.
 *
 * A pass over the limits of a stage looks at all of them before it takes of
 * any, so that a request that is refused seldom has to give something back.
 * One that must ask the store holds nothing meanwhile, and passes again.
 */

#include "base/hash.h"
#include "image/limit.h"
#include "run/decide_hold.h"


/* Gives back what the holds of the stage before one have taken. */
static void
give_back(weir_pass_t *p, uint32_t end)
{
    uint32_t      i;
    weir_hold_t  *h;

    for (i = p->txn->group; i < end; i++) {
        h = &p->txn->holds[i];

        if (h->state == WEIR_HOLD_OK) {
            weir_hold_give(p, h);
        }
    }
}


static void
ask_ahead(weir_pass_t *p, weir_ask_t *ask)
{
    if (p->host->ask(p->data, ask, NULL) == WEIR_DECLINED) {
        weir_lease_failed(p->table, ask);
    }
}


/* The request goes on when the store has answered. */
static void
ask_store(weir_pass_t *p, weir_hold_t *h, weir_ask_t *ask)
{
    h->asks++;
    h->asked = WEIR_ASK_WAITS;

    if (p->host->ask(p->data, ask, h) == WEIR_DECLINED) {
        weir_lease_failed(p->table, ask);
        h->asked = WEIR_ASK_FAILED;
    }
}


/* What the store granted, time after time, others took: the limit holds. */
static WEIR_COLD weir_rc_t
give_up(weir_pass_t *p, weir_hold_t *h)
{
    h->left.retry = 0;

    return weir_hold_settle(p, h, WEIR_TAKE_NO);
}


/* *ask: it needs the store. */
static weir_rc_t
look(weir_pass_t *p, weir_hold_t *h, bool *ask)
{
    weir_take_rc_t  took;

    took = weir_hold_check(p, h);

    if (took == WEIR_TAKE_ASK && h->asks < WEIR_MAX_ASKS) {
        *ask = true;
        return WEIR_OK;
    }

    if (took == WEIR_TAKE_ASK) {
        return give_up(p, h);
    }

    return took == WEIR_TAKE_OK ? WEIR_OK : weir_hold_settle(p, h, took);
}


/*
 * Looks at every hold.  *asks: a bit for each that needs the store.  That of
 * a stage with one hold is not looked at: taking tells the same.
 */
static weir_rc_t
check_all(weir_pass_t *p, uint32_t *asks)
{
    bool          ask, fresh;
    uint32_t      i;
    weir_rc_t     rc;
    weir_txn_t   *t;
    weir_hold_t  *h;

    t = p->txn;
    rc = WEIR_OK;
    *asks = 0;

    for (i = t->group; i < t->nholds && rc == WEIR_OK; i++) {
        h = &t->holds[i];
        ask = false;

        fresh = i == t->keyed;
        t->keyed += fresh;

        /* where a request waited, there may be none any more */
        if (p->table == NULL && !weir_hold_passes(h)) {
            rc = weir_hold_settle(p, h, WEIR_TAKE_FULL);

        } else if (fresh) {
            rc = weir_hold_prepare(p, h);
        }

        if (rc == WEIR_OK && !weir_hold_passes(h)) {
            rc = weir_hold_ready(p, h);
        }

        if (rc == WEIR_OK && !weir_hold_passes(h) && !h->alone
            && t->nholds - t->group > 1)
        {
            rc = look(p, h, &ask);
        }

        *asks |= (uint32_t) ask << i;
    }

    return rc;
}


/* What to ask the store for, for the holds with a bit; keeps nothing. */
static weir_rc_t
need(weir_pass_t *p, uint32_t *bits, weir_ask_t *asks)
{
    uint32_t         i;
    weir_rc_t        rc;
    weir_hold_t     *h;
    weir_take_rc_t   took;

    rc = WEIR_OK;

    for (i = p->txn->group; i < p->txn->nholds && rc == WEIR_OK; i++) {

        if (!(*bits & 1u << i)) {
            continue;
        }

        h = &p->txn->holds[i];
        took = weir_hold_take(p, h, &asks[i]);

        if (took == WEIR_TAKE_ASK) {
            continue;
        }

        *bits &= ~(1u << i);

        if (took != WEIR_TAKE_OK) {
            rc = weir_hold_settle(p, h, took);
            continue;
        }

        weir_hold_give(p, h);       /* somebody else's answer came */
        h->asks++;

        if (asks[i].units != 0) {
            ask_ahead(p, &asks[i]);
        }
    }

    *bits &= (1u << i) - 1;

    return rc;
}


/* Asks for all at once, or for none. */
static weir_rc_t
ask_all(weir_pass_t *p, uint32_t bits)
{
    uint32_t    i;
    weir_rc_t   rc;
    weir_ask_t  asks[WEIR_MAX_HOLDS];

    rc = need(p, &bits, asks);

    for (i = p->txn->group; i < p->txn->nholds; i++) {

        if (!(bits & 1u << i)) {
            continue;
        }

        if (rc == WEIR_OK) {
            ask_store(p, &p->txn->holds[i], &asks[i]);

        } else {
            weir_lease_failed(p->table, &asks[i]);
        }
    }

    return rc == WEIR_OK ? WEIR_AGAIN : rc;
}


/* WEIR_AGAIN: the store was asked, and nothing is taken. */
static weir_rc_t
take_all(weir_pass_t *p)
{
    uint32_t         i;
    weir_rc_t        rc;
    weir_ask_t       ask;
    weir_txn_t      *t;
    weir_hold_t     *h;
    weir_take_rc_t   took;

    t = p->txn;

    for (i = t->group; i < t->nholds; i++) {
        h = &t->holds[i];

        if (weir_hold_passes(h)) {
            continue;
        }

        took = weir_hold_take(p, h, &ask);

        if (took == WEIR_TAKE_OK) {
            h->state = WEIR_HOLD_OK;

            if (ask.units != 0) {
                ask_ahead(p, &ask);
            }

            continue;
        }

        if (took == WEIR_TAKE_ASK) {
            give_back(p, i);

            if (h->asks < WEIR_MAX_ASKS) {
                ask_store(p, h, &ask);
                return WEIR_AGAIN;
            }

            weir_lease_failed(p->table, &ask);
            rc = give_up(p, h);

            return rc == WEIR_OK ? WEIR_AGAIN : rc;
        }

        rc = weir_hold_settle(p, h, took);

        if (rc != WEIR_OK) {
            give_back(p, i);
            return rc;
        }
    }

    return WEIR_OK;
}


/* Stages */

static void
add_hold(weir_txn_t *t, const weir_img_limit_t *limit)
{
    weir_hold_t  *h;

    h = &t->holds[t->nholds++];

    memset(h, 0, sizeof(weir_hold_t));
    h->take.limit = limit;
    h->take.shared = t->image->n[WEIR_S_TENANTS] != 0;

    if (t->tenant != NULL) {
        h->take.tenant = (uint32_t) weir_hash(t->d.tenant, 0);
        h->take.tenant += h->take.tenant == 0;
    }
}


/* The holds of this stage: of the limits that are asked in a phase. */
static void
begin_stage(weir_txn_t *t, unsigned phase)
{
    uint32_t                 i;
    const uint32_t          *ref;
    const weir_img_plan_t   *plan;
    const weir_img_limit_t  *limit;

    limit = WEIR_REC(t->image, LIMITS);
    ref = WEIR_REC(t->image, REFS) + t->route->limits.first;
    t->group = t->nholds;
    t->asking = true;

    for (i = 0; i < t->route->limits.count; i++) {
        if (limit[ref[i]].phase == phase) {
            add_hold(t, &limit[ref[i]]);
        }
    }

    if (phase == WEIR_PHASE_PREAUTH || t->route->public || t->tenant == NULL
        || t->tenant->limits == WEIR_NONE)
    {
        return;
    }

    plan = &WEIR_REC(t->image, PLANS)[t->tenant->limits];

    for (i = 0; i < plan->limits.count; i++) {
        add_hold(t, &limit[plan->limits.first + i]);
    }
}


/* Whether a has a smaller share left of its units than b. */
static bool
is_lower(const weir_hold_t *a, const weir_hold_t *b)
{
    unsigned __int128  x, y;

    x = (unsigned __int128) a->left.left * weir_limit_whole(b->take.limit);
    y = (unsigned __int128) b->left.left * weir_limit_whole(a->take.limit);

    return x < y;
}


static void
sum_up(weir_txn_t *t)
{
    uint32_t            i;
    const weir_hold_t  *h, *low;

    low = NULL;

    for (i = 0; i < t->nholds; i++) {
        h = &t->holds[i];

        if (h->state != WEIR_HOLD_OK) {
            continue;
        }

        t->charges |= h->take.limit->response;

        if (!h->take.limit->dry_run && (low == NULL || is_lower(h, low))) {
            low = h;
        }
    }

    if (low != NULL) {
        t->d.limit = weir_txn_str(t, low->take.limit->id);
        t->d.left = low->left.left;
    }
}


static WEIR_COLD void
trace(const weir_txn_t *t)
{
    uint32_t             i;
    const weir_trace_t  *to;

    to = t->eval.trace;

    for (i = t->group; to->limit != NULL && i < t->nholds; i++) {
        to->limit(to->data, &t->holds[i]);
    }
}


static weir_rc_t
pass_all(weir_txn_t *t)
{
    weir_pass_t     p;
    uint32_t   i, ask;
    weir_rc_t  rc;

    do {
        for (i = t->group; i < t->nholds; i++) {
            if (t->holds[i].asked == WEIR_ASK_WAITS) {
                return WEIR_AGAIN;
            }
        }

        weir_pass_begin(&p, t);
        rc = check_all(&p, &ask);

        if (rc == WEIR_OK) {
            rc = ask != 0 ? ask_all(&p, ask) : take_all(&p);
        }

    } while (rc == WEIR_AGAIN);

    return rc;
}


static weir_rc_t
ask_limits(weir_txn_t *t, unsigned phase)
{
    weir_rc_t  rc;

    if (!t->asking) {
        begin_stage(t, phase);
    }

    rc = t->group != t->nholds ? pass_all(t) : WEIR_OK;

    if (rc == WEIR_AGAIN) {
        return rc;
    }

    t->asking = false;

    if (rc == WEIR_OK) {
        sum_up(t);

    } else {
        t->nholds = t->keyed;           /* the others were not asked */
    }

    if (__builtin_expect(t->eval.trace != NULL, 0)) {
        trace(t);
    }

    return rc;
}


weir_rc_t
weir_stage_preauth(weir_txn_t *t)
{
    return ask_limits(t, WEIR_PHASE_PREAUTH);
}


weir_rc_t
weir_stage_limits(weir_txn_t *t)
{
    return ask_limits(t, WEIR_PHASE_ACCESS);
}


bool
weir_txn_charges(const weir_txn_t *t)
{
    return t->charges && t->stage == WEIR_STAGE_DONE
           && t->d.verdict == WEIR_ALLOW;
}


void
weir_txn_charge(weir_txn_t *t)
{
    weir_pass_t        p;
    uint32_t      i;
    weir_hold_t  *h;

    if (!weir_txn_charges(t)) {
        return;
    }

    t->charges = false;
    weir_eval_forget_answer(&t->eval);
    weir_pass_begin(&p, t);

    for (i = 0; i < t->nholds && p.table != NULL; i++) {
        h = &t->holds[i];

        if (h->state == WEIR_HOLD_OK && h->take.limit->response) {
            weir_hold_charge(&p, h);
        }
    }
}
