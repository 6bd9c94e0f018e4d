/*
 * lint_splits.c: splits that no route asks, arms that get nothing or the same
 * as others, guards that never see anything, and cookies of two splits.
 */

#include "front/codes.h"
#include "front/lint.h"


/* Whether anything gives the arm requests, its weight apart. */
static bool
is_led_to(const weir_split_t *s, uint32_t arm)
{
    size_t  i;

    for (i = 0; i < s->overrides.len; i++) {
        if (s->overrides.items[i].arm == arm) {
            return true;
        }
    }

    for (i = 0; i < s->arms.len; i++) {
        if (s->arms.items[i].has_breaker
            && s->arms.items[i].breaker.fallback == arm)
        {
            return true;
        }
    }

    return (s->guarded && s->guard.versus == arm)
           || (s->steps.len > 0 && s->guard.arm == arm);
}


static void
lint_arms(weir_lint_t *l, const weir_split_t *s)
{
    size_t             i, k;
    const weir_arm_t  *a;

    a = s->arms.items;

    for (i = 0; i < s->arms.len; i++) {

        if (a[i].weight == 0 && !is_led_to(s, (uint32_t) i)) {
            weir_warn(l->diags, WEIR_WARM, a[i].name.span,
                      "arm \"%.*s\" of split \"%.*s\" gets nothing: its "
                      "weight is 0, and no override, fallback or ramp leads "
                      "to it", WEIR_STR(a[i].name.text),
                      WEIR_STR(s->name.text));
        }

        for (k = 0; k < i; k++) {
            if (weir_str_eq(a[i].upstream.text, a[k].upstream.text)) {
                weir_warn(l->diags, WEIR_WARM, a[i].upstream.span,
                          "arms \"%.*s\" and \"%.*s\" of split \"%.*s\" have "
                          "one upstream, \"%.*s\"", WEIR_STR(a[k].name.text),
                          WEIR_STR(a[i].name.text), WEIR_STR(s->name.text),
                          WEIR_STR(a[i].upstream.text));
                break;
            }
        }
    }
}


/* It sees what is drawn by weight, and nothing else. */
static void
lint_guard(weir_lint_t *l, const weir_split_t *s)
{
    uint32_t           arm, n;
    const weir_arm_t  *a;

    if (!s->guarded || s->steps.len > 0) {
        return;
    }

    for (n = 0; n < 2; n++) {
        arm = n == 0 ? s->guard.arm : s->guard.versus;
        a = &s->arms.items[arm];

        if (a->weight == 0) {
            weir_warn(l->diags, WEIR_WARM, s->guard_span,
                      "the guard of split \"%.*s\" never compares anything: "
                      "the weight of arm \"%.*s\" is 0",
                      WEIR_STR(s->name.text), WEIR_STR(a->name.text));
            return;
        }
    }
}


static bool
is_same(const weir_override_t *a, const weir_override_t *b)
{
    return a->source != WEIR_OVERRIDE_ANY && a->source == b->source
           && weir_str_eq(a->name.text, b->name.text)
           && weir_str_eq(a->value.text, b->value.text);
}


/* The first that matches decides. */
static void
lint_overrides(weir_lint_t *l, const weir_split_t *s)
{
    bool                    always, never;
    size_t                  i, k;
    const weir_override_t  *o;

    o = s->overrides.items;

    for (i = 0; i < s->overrides.len; i++) {
        never = o[i].when != NULL && weir_expr_is_bool(o[i].when, &always)
                && !always;

        for (k = 0; k < i && !never; k++) {
            always = o[k].when == NULL;

            if (o[k].when != NULL) {
                (void) weir_expr_is_bool(o[k].when, &always);
            }

            never = always && (o[k].source == WEIR_OVERRIDE_ANY
                               || is_same(&o[k], &o[i]));
        }

        if (never) {
            weir_warn(l->diags, WEIR_WSHADOWED, o[i].use.span,
                      "this override of split \"%.*s\" never decides",
                      WEIR_STR(s->name.text));
        }
    }
}


/* Without a key, every request draws anew: nobody keeps an arm. */
static void
lint_key(weir_lint_t *l, const weir_split_t *s)
{
    bool        divided;
    size_t      i;
    weir_str_t  constant;

    divided = s->steps.len > 0;

    for (i = 0; i < s->arms.len; i++) {
        divided |= s->arms.items[i].weight % 10000 != 0;
    }

    if (divided && s->sticky != NULL
        && weir_expr_is_text(s->sticky, &constant) && constant.len > 0)
    {
        weir_warn(l->diags, WEIR_WCONSTANT, s->sticky_text.span,
                  "\"sticky\" of split \"%.*s\" is always the same: all "
                  "requests get one arm", WEIR_STR(s->name.text));
    }
}


/* Of one name a browser keeps one cookie. */
static void
lint_cookie(weir_lint_t *l, const weir_split_t *s)
{
    const weir_split_t  *other;

    for (other = l->m->splits.items; other < s; other++) {

        if (s->cookie.text.len > 0
            && weir_str_eq(s->cookie.text, other->cookie.text)
            && !weir_str_eq(s->salt.text, other->salt.text))
        {
            weir_warn(l->diags, WEIR_WCOOKIE, s->cookie.span,
                      "cookie \"%.*s\" is of split \"%.*s\", too, whose "
                      "salt is another: where browsers send it to both, it "
                      "keeps no arm", WEIR_STR(s->cookie.text),
                      WEIR_STR(other->name.text));
            return;
        }
    }
}


void
weir_lint_splits(weir_lint_t *l)
{
    size_t               i;
    const weir_split_t  *s;

    for (i = 0; i < l->m->splits.len; i++) {
        s = &l->m->splits.items[i];

        if (!s->used) {
            weir_warn(l->diags, WEIR_WUNUSED, s->name.span,
                      "split \"%.*s\" is never used: no route names it",
                      WEIR_STR(s->name.text));
        }

        lint_arms(l, s);
        lint_guard(l, s);
        lint_overrides(l, s);
        lint_key(l, s);
        lint_cookie(l, s);
    }
}
