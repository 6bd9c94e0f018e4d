/*
 * test_lease_sim.c: a cluster in virtual time: nodes of several workers, and
 * a store that counts exactly and takes its time.
 *
 * WEIR_SIM=1 in the environment prints what each run came to.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "run/lease.h"
#include "run/limiter.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

#define MS        ((int64_t) 1000000)
#define SEC       (1000 * MS)
#define NODES     3
#define WORKERS   3
#define TABLE     (64 << 10)
#define CALLS     4096
#define WAITING   65536
#define WINDOWS   16            /* that a run may touch */
#define BINS      16            /* of a window */
#define EPOCH     (1700000000 * SEC)

/* a request that waits for a call */
typedef struct {
    uint64_t   cost;
    unsigned   asks;
    int32_t    next;
} waiter_t;

typedef enum { TO_STORE, TO_NODE, GIVE_BACK } step_t;

typedef struct {
    int64_t     at;
    step_t      step;
    bool        used;
    bool        ahead;          /* nobody waits */
    unsigned    node;
    unsigned    worker;
    weir_ask_t  ask;
    int64_t     total;
    int64_t     previous;
    int32_t     waiters;
} call_t;

typedef struct {
    int32_t     call;           /* that its requests wait for; -1 */
    int32_t     waiters;        /* of the next one; -1 */
    weir_ask_t  ask;
    int64_t     error;          /* of its store clock */
} worker_t;

typedef struct {
    weir_limits_t  *table;
    double          rate;       /* requests a ns */
    int64_t         arrival;
    worker_t        workers[WORKERS];
} node_t;

/* What is done to a cluster. */
typedef struct {
    unsigned  kind;
    uint64_t  limit;
    int64_t   span;
    double    load[NODES];      /* of the limit */
    uint32_t  lease;
    uint64_t  cost;
    int64_t   error;            /* of clocks, at most */
    /* in a thousand */
    unsigned  lost;             /* answers, and what is given back */
    unsigned  died;             /* calls whose worker dies with them */
    unsigned  twice;            /* answers that come again */
    unsigned  windows;
} plan_t;

typedef struct {
    double    used;             /* share of the budget, in the window that
                                   used least; not the first */
    double    refused;          /* share of requests */
    double    waited;
    double    commands;         /* a request that passed */
    bool      over;             /* a window passed more than the budget */
    double    excess;           /* what passed in any time, beyond the rate:
                                   most, in budgets */
} outcome_t;

typedef struct {
    plan_t            plan;
    weir_img_limit_t  limit;
    uint64_t          seed;
    int64_t           now;
    node_t            nodes[NODES];
    call_t            calls[CALLS];
    int32_t           top;                  /* calls are below it */
    waiter_t          waiting[WAITING];
    int32_t           free_waiter;
    int64_t           total[WINDOWS];
    uint64_t          granted[WINDOWS];     /* leases */
    uint64_t          spent[WINDOWS];
    uint64_t          bins[WINDOWS * BINS + 1];
    uint64_t          requests, passed, refused, waited, commands;
} sim_t;


/* xorshift64*: the same numbers each time. */
static uint64_t
some(sim_t *s)
{
    s->seed ^= s->seed >> 12;
    s->seed ^= s->seed << 25;
    s->seed ^= s->seed >> 27;

    return (s->seed * 2685821657736338717u) >> 11;
}


static bool
happens(sim_t *s, unsigned thousandth)
{
    return some(s) % 1000 < thousandth;
}


static unsigned
slot_of(const sim_t *s, uint64_t number)
{
    uint64_t  slot;

    slot = number - (uint64_t) (EPOCH / s->plan.span);
    assert_true(slot < WINDOWS);

    return (unsigned) slot;
}


static weir_take_t
take_of(sim_t *s, unsigned node, unsigned worker, uint64_t cost)
{
    weir_take_t  take;

    memset(&take, 0, sizeof(take));
    take.limit = &s->limit;
    take.key.w[0] = 1;
    take.cost = cost;
    take.clock = s->now - EPOCH + 1000 * SEC * (node + 1);
    weir_window_of(s->now + s->nodes[node].workers[worker].error,
                   (uint64_t) s->plan.span, &take.window);

    return take;
}


static int64_t
latency(sim_t *s)
{
    return (int64_t) (some(s) % (uint64_t) MS) / 2 + MS / 4;
}


static int32_t
new_call(sim_t *s, unsigned node, unsigned worker, const weir_ask_t *ask)
{
    int32_t  i;

    for (i = 0; i < CALLS; i++) {
        if (!s->calls[i].used) {
            s->top = i < s->top ? s->top : i + 1;
            s->calls[i] = (call_t) { .at = s->now + latency(s), .used = true,
                                     .node = node, .worker = worker,
                                     .ask = *ask, .waiters = -1 };
            return i;
        }
    }

    fail_msg("too many calls");

    return -1;
}


static void
send_ask(sim_t *s, unsigned node, unsigned worker, const weir_ask_t *ask)
{
    (void) new_call(s, node, worker, ask);
    s->commands += 2;
}


static void
send_waiting(sim_t *s, unsigned node, unsigned worker)
{
    worker_t  *w;

    w = &s->nodes[node].workers[worker];
    w->call = new_call(s, node, worker, &w->ask);
    s->calls[w->call].waiters = w->waiters;
    w->waiters = -1;
    s->commands += 2;
}


static void
wait_for(sim_t *s, unsigned node, unsigned worker, const weir_ask_t *ask,
    uint64_t cost, unsigned asks)
{
    int32_t    i;
    worker_t  *w;

    w = &s->nodes[node].workers[worker];
    i = s->free_waiter;

    if (i < 0) {
        fail_msg("too many wait");
    }

    s->free_waiter = s->waiting[i].next;
    s->waiting[i] = (waiter_t) { cost, asks, w->waiters };

    if (w->waiters < 0 || w->ask.take.window.number
                          != ask->take.window.number)
    {
        w->ask = *ask;

    } else {
        w->ask.units += ask->units;
    }

    w->waiters = i;
}


static void
request(sim_t *s, unsigned node, unsigned worker, uint64_t cost,
    unsigned asks)
{
    int64_t         since;
    weir_ask_t      ask;
    weir_left_t     left;
    weir_take_t     take;
    weir_take_rc_t  rc;

    take = take_of(s, node, worker, cost);
    rc = weir_lease_take(s->nodes[node].table, &take, NODES, &left, &ask);

    assert_true(left.left <= s->limit.budget);

    switch (rc) {

    case WEIR_TAKE_OK:
        s->passed++;
        since = s->now - EPOCH / s->plan.span * s->plan.span;
        s->spent[since / s->plan.span] += cost;
        s->bins[since / (s->plan.span / BINS)] += cost;

        if (ask.units != 0) {
            send_ask(s, node, worker, &ask);
        }

        return;

    case WEIR_TAKE_ASK:
        assert_true(ask.units != 0);

        if (asks < WEIR_MAX_ASKS) {
            s->waited += asks == 0;
            wait_for(s, node, worker, &ask, cost, asks + 1);
            return;
        }

        weir_lease_failed(s->nodes[node].table, &ask);
        /* fall through */

    default:
        assert_true(rc != WEIR_TAKE_NO || left.retry > 0);
        s->refused++;
    }
}


/* Requests that waited try again. */
static void
wake(sim_t *s, call_t *c)
{
    int32_t    i, next;
    waiter_t   w;
    worker_t  *worker;

    worker = &s->nodes[c->node].workers[c->worker];

    if (worker->call == (int32_t) (c - s->calls)) {
        worker->call = -1;
    }

    for (i = c->waiters; i >= 0; i = next) {
        w = s->waiting[i];
        next = w.next;
        s->waiting[i].next = s->free_waiter;
        s->free_waiter = i;
        request(s, c->node, c->worker, w.cost, w.asks);
    }
}


static void
at_store(sim_t *s, call_t *c)
{
    unsigned  slot;

    slot = slot_of(s, c->ask.take.window.number);

    if (c->step == GIVE_BACK) {
        s->total[slot] -= c->total;
        assert_true(s->total[slot] >= (int64_t) s->granted[slot]);
        c->used = false;
        return;
    }

    s->total[slot] += (int64_t) c->ask.units;
    c->total = s->total[slot];
    c->previous = slot > 0 ? s->total[slot - 1] : 0;
    c->step = TO_NODE;
    c->at = s->now + latency(s);
}


/* What the store said, and what is given back for it. */
static void
answered(sim_t *s, call_t *c)
{
    int32_t         i;
    int64_t         now;
    uint64_t        units, back;
    unsigned        slot;
    weir_ask_t      ask;
    weir_limits_t  *t;

    t = s->nodes[c->node].table;
    ask = c->ask;
    units = ask.units;
    slot = slot_of(s, ask.take.window.number);
    now = take_of(s, c->node, c->worker, 0).window.now;

    back = weir_lease_answer(t, &c->ask, c->total, c->previous, now);
    assert_true(back <= units);

    if (now < ask.take.window.end) {
        s->granted[slot] += units - back;
    }

    assert_true(s->granted[slot] <= s->limit.budget);
    assert_true(s->total[slot] >= (int64_t) s->granted[slot]);

    if (back != 0) {
        s->commands += 2;

        if (!happens(s, s->plan.lost)) {
            i = new_call(s, c->node, c->worker, &ask);
            s->calls[i].step = GIVE_BACK;
            s->calls[i].total = (int64_t) back;
        }
    }

    if (happens(s, s->plan.twice)) {
        back = weir_lease_answer(t, &c->ask, c->total, c->previous, now);
        assert_int_equal(back, 0);
    }
}


static void
at_node(sim_t *s, call_t *c)
{
    if (happens(s, s->plan.lost)) {
        weir_lease_failed(s->nodes[c->node].table, &c->ask);

    } else {
        answered(s, c);
    }

    c->used = false;
    wake(s, c);
}


/* A worker dies: nobody waits for its calls any more, or hears of them. */
static void
die(sim_t *s, call_t *c)
{
    int32_t   i;
    worker_t  *w;

    w = &s->nodes[c->node].workers[c->worker];
    w->call = -1;
    w->waiters = -1;

    for (i = 0; i < s->top; i++) {
        if (s->calls[i].used && s->calls[i].node == c->node
            && s->calls[i].worker == c->worker
            && s->calls[i].step == TO_NODE)
        {
            s->calls[i].used = false;
        }
    }
}


static void
step(sim_t *s, call_t *c)
{
    unsigned   n, w;
    worker_t  *worker;

    s->now = c->at;

    if (c->step != TO_NODE) {
        at_store(s, c);

    } else if (happens(s, s->plan.died)) {
        die(s, c);

    } else {
        at_node(s, c);
    }

    for (n = 0; n < NODES; n++) {
        for (w = 0; w < WORKERS; w++) {
            worker = &s->nodes[n].workers[w];

            if (worker->call < 0 && worker->waiters >= 0) {
                send_waiting(s, n, w);
            }
        }
    }
}


/* Until the next request of a node: from nothing to twice the mean. */
static int64_t
gap(sim_t *s, double rate)
{
    if (rate <= 0) {
        return INT64_MAX / 4;
    }

    return (int64_t) (2 * (double) (some(s) % 1000003) / 1000003 / rate) + 1;
}


/* The next thing that happens; false: it is behind the end. */
static bool
next(sim_t *s, int64_t end)
{
    int64_t   at;
    int32_t   i, call;
    unsigned  n, node;
    worker_t *w;

    at = end;
    call = -1;
    node = NODES;

    for (n = 0; n < NODES; n++) {
        if (s->nodes[n].arrival < at) {
            at = s->nodes[n].arrival;
            node = n;
        }
    }

    for (i = 0; i < s->top; i++) {
        if (s->calls[i].used && s->calls[i].at < at) {
            at = s->calls[i].at;
            call = i;
        }
    }

    while (s->top > 0 && !s->calls[s->top - 1].used) {
        s->top--;
    }

    if (call >= 0) {
        step(s, &s->calls[call]);
        return true;
    }

    if (node == NODES) {
        return false;
    }

    s->now = at;
    s->requests++;
    s->nodes[node].arrival += gap(s, s->nodes[node].rate);
    n = (unsigned) (some(s) % WORKERS);
    request(s, node, n, s->plan.cost, 0);
    w = &s->nodes[node].workers[n];

    if (w->call < 0 && w->waiters >= 0) {
        send_waiting(s, node, n);
    }

    return true;
}


static sim_t *
sim_open(const plan_t *plan, uint64_t seed)
{
    void      *table;
    sim_t     *s;
    int32_t    i;
    unsigned   n, w;

    s = calloc(1, sizeof(sim_t));
    s->plan = *plan;
    s->seed = seed * 2654435761u + 1;
    s->now = (EPOCH / plan->span + 2) * plan->span - plan->span / 4;

    s->limit.kind = (uint8_t) plan->kind;
    s->limit.limit = plan->limit;
    s->limit.budget = plan->limit;
    s->limit.window = (uint64_t) plan->span;
    s->limit.span = (uint64_t) plan->span;
    s->limit.lease = plan->lease;
    s->limit.cluster = 1;
    s->plan.cost = plan->cost ? plan->cost : 1;

    for (i = 0; i < WAITING; i++) {
        s->waiting[i].next = i + 1 < WAITING ? i + 1 : -1;
    }

    for (n = 0; n < NODES; n++) {
        table = aligned_alloc(64, TABLE);
        memset(table, 0, TABLE);
        s->nodes[n].table = weir_limits_init(table, TABLE);
        s->nodes[n].rate = plan->load[n] * (double) plan->limit
                           / (double) plan->span / (double) s->plan.cost;
        s->nodes[n].arrival = s->now + gap(s, s->nodes[n].rate);

        for (w = 0; w < WORKERS; w++) {
            s->nodes[n].workers[w].call = -1;
            s->nodes[n].workers[w].waiters = -1;

            if (plan->error != 0) {
                s->nodes[n].workers[w].error =
                    (int64_t) (some(s) % (uint64_t) (2 * plan->error + 1))
                    - plan->error;
            }
        }
    }

    return s;
}


/* What passed in any time from bin to bin, beyond limit units a window. */
static double
excess(const sim_t *s)
{
    double    most, sum;
    unsigned  i, j;

    most = 0;

    for (i = 0; i < WINDOWS * BINS; i++) {
        for (j = i, sum = 0; j < WINDOWS * BINS; j++) {
            sum += (double) s->bins[j]
                   - (double) s->plan.limit / BINS;
            most = sum > most ? sum : most;
        }
    }

    return most / (double) s->plan.limit;
}


static void
run(const plan_t *plan, uint64_t seed, outcome_t *out)
{
    sim_t     *s;
    double     used;
    int64_t    end;
    unsigned   i, n;
    uint64_t   spent, granted;

    s = sim_open(plan, seed);
    end = (EPOCH / plan->span + 3 + plan->windows) * plan->span;

    while (next(s, end)) {
        /* void */
    }

    memset(out, 0, sizeof(outcome_t));
    out->used = 2;
    spent = 0;
    granted = 0;

    for (i = 0; i < WINDOWS; i++) {
        used = (double) s->spent[i] / (double) plan->limit;
        out->over = out->over || s->spent[i] > plan->limit;
        spent += s->spent[i];
        granted += s->granted[i];

        if (i >= 3 && i < 3 + plan->windows && used < out->used) {
            out->used = used;
        }
    }

    assert_true(spent <= granted);

    out->excess = excess(s);
    out->refused = (double) s->refused / (double) s->requests;
    out->waited = (double) s->waited / (double) s->requests;
    out->commands = (double) s->commands / (double) (s->passed + 1);

    if (getenv("WEIR_SIM") != NULL) {
        printf("%-14s %6llu in %2d s, load %5g %5g %5g: used %.3f, "
               "refused %.4f, waited %.4f, commands %.4f, excess %.2f%s\n",
               weir_limit_kind_name(plan->kind),
               (unsigned long long) plan->limit, (int) (plan->span / SEC),
               plan->load[0], plan->load[1], plan->load[2], out->used,
               out->refused, out->waited, out->commands, out->excess,
               out->over ? ", over" : "");
    }

    for (n = 0; n < NODES; n++) {
        free(s->nodes[n].table);
    }

    free(s);
}


static plan_t
plan_of(unsigned kind, uint64_t limit, int seconds, const double *load)
{
    plan_t  plan;

    memset(&plan, 0, sizeof(plan));
    plan.kind = kind;
    plan.limit = limit;
    plan.span = seconds * SEC;
    plan.windows = 3;
    memcpy(plan.load, load, sizeof(plan.load));

    return plan;
}


/* Every kind, length and limit under a load. */
static void
every(const double *load, uint64_t most,
    void (*check)(const plan_t *, const outcome_t *))
{
    size_t     k, w;
    plan_t     plan;
    uint64_t   limit;
    outcome_t  out;

    static const unsigned  kinds[] = {
        WEIR_LIMIT_FIXED, WEIR_LIMIT_GCRA, WEIR_LIMIT_SLIDING
    };

    static const int  spans[] = { 1, 6, 60 };

    for (k = 0; k < N_OF(kinds); k++) {
        for (w = 0; w < N_OF(spans); w++) {
            for (limit = 10; limit <= most; limit *= 10) {
                plan = plan_of(kinds[k], limit, spans[w], load);
                run(&plan, limit, &out);

                assert_false(out.over);
                assert_true(out.excess
                            <= (kinds[k] == WEIR_LIMIT_SLIDING ? 1 : 2));
                check(&plan, &out);
            }
        }
    }
}


/*
 * SLIDING also asks for the total of the window before, which is not counted
 * among the commands.
 */
static void
is_used(const plan_t *plan, const outcome_t *out)
{
    assert_true(out->used > 0.899);

    if (plan->limit >= 10000) {
        assert_true(out->commands < 0.02);
    }
}


static void
is_granted(const plan_t *plan, const outcome_t *out)
{
    assert_true(out->refused < (plan->limit < 100 ? 0.25
                                : plan->limit < 1000 ? 0.12 : 0.03));
}


static void
all_nodes_want_ten_times_the_limit(void **state)
{
    static const double  load[] = { 10, 10, 10 };

    (void) state;
    every(load, 10000, is_used);
}


static void
one_node_wants_ten_times_the_limit(void **state)
{
    static const double  load[] = { 10, 0, 0 };

    (void) state;
    every(load, 10000, is_used);
}


static void
a_large_limit_is_used(void **state)
{
    plan_t     plan;
    outcome_t  out;

    static const double  load[] = { 10, 10, 10 };

    (void) state;
    plan = plan_of(WEIR_LIMIT_FIXED, 100000, 1, load);
    plan.windows = 1;
    run(&plan, 1, &out);
    is_used(&plan, &out);
    plan.kind = WEIR_LIMIT_SLIDING;
    run(&plan, 1, &out);
    is_used(&plan, &out);
}


static void
nodes_that_want_the_limit_get_it(void **state)
{
    static const double  even[] = { 0.333, 0.333, 0.333 };
    static const double  uneven[] = { 0.9, 0.05, 0.05 };
    static const double  lonely[] = { 0, 1, 0 };

    (void) state;
    every(even, 10000, is_granted);
    every(uneven, 10000, is_granted);
    every(lonely, 10000, is_granted);
}


/* Whatever is lost, dies, comes twice or late: see answered(). */
static void
the_bound_holds_whatever_fails(void **state)
{
    sim_t      dice;
    plan_t     plan;
    double     most;
    unsigned   i, n;
    outcome_t  out;

    static const unsigned  kinds[] = {
        WEIR_LIMIT_FIXED, WEIR_LIMIT_GCRA, WEIR_LIMIT_SLIDING
    };

    (void) state;
    dice.seed = 7;

    for (i = 0; i < 150; i++) {
        memset(&plan, 0, sizeof(plan));
        plan.kind = kinds[some(&dice) % 3];
        plan.limit = 1 + some(&dice) % (i % 2 ? 30 : 3000);
        plan.span = (int64_t) (20 + some(&dice) % 2000) * BINS * MS;
        plan.cost = 1 + some(&dice) % 3 * (some(&dice) % plan.limit) / 2;
        plan.lease = some(&dice) % 3 ? 0 : (uint32_t) (some(&dice) % 50);
        plan.error = some(&dice) % 2 ? 0
                     : (int64_t) (some(&dice) % 200) * MS;
        plan.lost = some(&dice) % 3 ? 0 : (unsigned) (some(&dice) % 500);
        plan.died = some(&dice) % 3 ? 0 : (unsigned) (some(&dice) % 200);
        plan.twice = (unsigned) (some(&dice) % 1000);
        plan.windows = 4;

        for (n = 0; n < NODES; n++) {
            plan.load[n] = (double) (some(&dice) % 1000) / 100;
        }

        run(&plan, i + 1, &out);

        /* windows begin and end when a node's clock says so */
        most = plan.kind == WEIR_LIMIT_SLIDING ? 1 : 2;
        most += 2 * (double) plan.error / (double) plan.span;
        assert_true(out.excess <= most + 1e-6);
        assert_true(!out.over || plan.error != 0);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(all_nodes_want_ten_times_the_limit),
        cmocka_unit_test(one_node_wants_ten_times_the_limit),
        cmocka_unit_test(a_large_limit_is_used),
        cmocka_unit_test(nodes_that_want_the_limit_get_it),
        cmocka_unit_test(the_bound_holds_whatever_fails)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
