/*
 * test_given.c: "given" of a test: the state of splits as time, guards and
 * people would have brought it about.
 *
 *     given: {splits: {checkout: {step: 2}}}         of its ramp, from 1
 *                     {checkout: {rolled_back: true}}
 *                     {checkout: {pinned: v1}}
 */

#include <stdlib.h>

#include "cli/test.h"
#include "front/codes.h"

static const weir_str_t  given_keys[] = { { "splits", 6 } };

static const weir_str_t  state_keys[] = {
    { "step", 4 }, { "rolled_back", 11 }, { "pinned", 6 }
};

/* The state that is being read. */
typedef struct {
    cli_suite_t             *suite;
    const weir_img_split_t  *split;
    const weir_node_t       *node;      /* its name */
} state_t;


static bool
bad(const state_t *t, const weir_node_t *at, const char *why)
{
    (void) weir_fail(&t->suite->diags, WEIR_EVALUE, at->text.span,
                     "split \"%.*s\": %s", WEIR_STR(t->node->text.text), why);

    return false;
}


static bool
set_step(const state_t *t, const weir_node_t *v)
{
    if (v->kind != WEIR_T_INT || v->u.i < 1
        || v->u.i > (int64_t) t->split->steps.count)
    {
        return bad(t, v, "it has no such step; the first of a ramp is 1");
    }

    (void) weir_splits_merge(t->suite->states.table, &t->split->uid,
                             (weir_split_word_t) (v->u.i - 1)
                             << WEIR_SPLIT_STEP_AT);

    return true;
}


static bool
order(const state_t *t, const weir_node_t *v, weir_split_order_t what,
    uint32_t arm)
{
    const char  *why;

    return weir_splits_order(t->suite->states.table, t->split, what, arm, 1,
                             &why) == WEIR_OK
           || bad(t, v, why);
}


static bool
set_state(const state_t *t, const weir_entry_t *e)
{
    uint32_t            arm;
    weir_str_t          name;
    const weir_node_t  *v;

    v = &e->value;
    name = e->key.text.text;

    if (weir_str_eq(name, weir_string("step"))) {
        return set_step(t, v);
    }

    if (weir_str_eq(name, weir_string("rolled_back"))) {

        if (v->kind != WEIR_T_BOOL) {
            return bad(t, v, "\"rolled_back\" is true or false");
        }

        return !v->u.b || order(t, v, WEIR_SPLIT_ROLLBACK, 0);
    }

    if (weir_str_eq(name, weir_string("pinned"))) {
        arm = weir_arm_named(&t->suite->policy->image, t->split,
                             v->text.text);

        return arm == WEIR_NONE ? bad(t, v, "it has no such arm")
                                : order(t, v, WEIR_SPLIT_PIN, arm);
    }

    weir_cli_unknown(t->suite, &e->key, "the state of a split", state_keys,
                     sizeof(state_keys) / sizeof(state_keys[0]));

    return false;
}


static bool
read_split(cli_suite_t *s, const weir_entry_t *e)
{
    bool      ok;
    state_t   t;
    uint32_t  i;

    t.suite = s;
    t.node = &e->key;
    t.split = weir_split_named(&s->policy->image, e->key.text.text);

    if (t.split == NULL) {
        return bad(&t, &e->key, "there is none of that name");
    }

    if (e->value.kind != WEIR_T_MAP) {
        return bad(&t, &e->value, "its state is not a map");
    }

    for (i = 0, ok = true; i < e->value.n; i++) {
        ok &= set_state(&t, &e->value.u.entries[i]);
    }

    return ok;
}


bool
weir_cli_given_states(cli_suite_t *s, const weir_node_t *test,
    cli_request_t *req)
{
    bool                 ok;
    uint32_t             i, k;
    const weir_node_t   *given;
    const weir_entry_t  *e;

    weir_cli_states_clear(&s->states);
    req->splits = s->states.table;
    given = weir_node_get(test, "given");

    if (given == NULL) {
        return true;
    }

    if (given->kind != WEIR_T_MAP) {
        (void) weir_fail(&s->diags, WEIR_EKIND, given->text.span,
                         "\"given\" is not a map");
        return false;
    }

    for (i = 0, ok = true; i < given->n; i++) {
        e = &given->u.entries[i];

        if (!weir_str_eq(e->key.text.text, given_keys[0])) {
            weir_cli_unknown(s, &e->key, "\"given\"", given_keys, 1);
            ok = false;
            continue;
        }

        if (e->value.kind != WEIR_T_MAP) {
            (void) weir_fail(&s->diags, WEIR_EKIND, e->value.text.span,
                             "\"splits\" is not a map");
            ok = false;
        }

        for (k = 0; e->value.kind == WEIR_T_MAP && k < e->value.n; k++) {
            ok &= read_split(s, &e->value.u.entries[k]);
        }
    }

    return ok;
}
