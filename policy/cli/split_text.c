/*
 * split_text.c: splits in words, for all verbs that print them.
 *
 * All of it comes from the image, so that a source and its image are told
 * alike.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "cli/split_text.h"
#include "image/disasm.h"

#define MS  1000000ull          /* ns */


weir_str_t
weir_cli_percent(weir_arena_t *a, uint32_t share)
{
    if (share % 100 == 0) {
        return weir_arena_printf(a, "%" PRIu32 "%%", share / 100);
    }

    if (share % 10 == 0) {
        return weir_arena_printf(a, "%" PRIu32 ".%" PRIu32 "%%", share / 100,
                                 share % 100 / 10);
    }

    return weir_arena_printf(a, "%" PRIu32 ".%02" PRIu32 "%%", share / 100,
                             share % 100);
}


static weir_str_t
join(weir_arena_t *a, weir_str_t s, weir_str_t t)
{
    return s.len ? weir_arena_printf(a, "%.*s, %.*s", WEIR_STR(s), WEIR_STR(t))
                 : t;
}


static weir_str_t
seconds(weir_arena_t *a, uint32_t s)
{
    return weir_cli_duration(a, (uint64_t) s * 1000 * MS);
}


weir_str_t
weir_cli_arm_name(const weir_image_t *img, uint32_t arm)
{
    return weir_img_str(img, WEIR_REC(img, ARMS)[arm].name);
}


weir_str_t
weir_cli_arm_upstream(const weir_image_t *img, uint32_t arm)
{
    return weir_img_str(img, WEIR_REC(img, ARMS)[arm].upstream);
}


weir_str_t
weir_cli_override_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_override_t *o)
{
    weir_str_t  s, when;

    s = weir_string("");

    if (o->source != WEIR_OVERRIDE_ANY) {
        s = weir_arena_printf(a, "%s %.*s is \"%.*s\"",
                              o->source == WEIR_OVERRIDE_HEADER ? "header"
                                                                : "cookie",
                              WEIR_STR(weir_img_str(img, o->name)),
                              WEIR_STR(weir_img_str(img, o->value)));
    }

    if (o->when != WEIR_NONE) {
        when = weir_cli_prog_text(img, o->when);
        s = weir_arena_printf(a, "%.*s%swhen %.*s", WEIR_STR(s),
                              s.len ? ", and " : "", WEIR_STR(when));
    }

    return s;
}


weir_str_t
weir_cli_ramp_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_split_t *s)
{
    uint32_t                i;
    weir_str_t              text, share, time;
    const weir_img_step_t  *step;

    text = weir_cli_arm_name(img, WEIR_REC(img, GUARDS)[s->guard].arm);

    for (i = 0; i < s->steps.count; i++) {
        step = &WEIR_REC(img, STEPS)[s->steps.first + i];
        share = weir_cli_percent(a, step->share);
        text = weir_arena_printf(a, "%.*s%s %.*s", WEIR_STR(text),
                                 i ? "," : "", WEIR_STR(share));

        if (step->seconds != 0) {
            time = seconds(a, step->seconds);
            text = weir_arena_printf(a, "%.*s for %.*s", WEIR_STR(text),
                                     WEIR_STR(time));
        }
    }

    return text;
}


weir_str_t
weir_cli_guard_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_guard_t *g)
{
    uint32_t    i;
    weir_str_t  text, what, t;

    static const char *const  names[] = {
#define Q(name, text, below)  text,
        WEIR_QUANTILES(Q)
#undef Q
    };

    what = weir_string("");

    if (g->error_rate != WEIR_NONE) {
        t = weir_cli_percent(a, g->error_rate);
        what = weir_arena_printf(a, "error_rate %.*s", WEIR_STR(t));
    }

    for (i = 0; i < WEIR_QUANTILE_COUNT; i++) {

        if (g->ratio[i] != 0) {
            t = weir_arena_printf(a, "%s %g", names[i], g->ratio[i] / 1000.0);
            what = join(a, what, t);
        }
    }

    t = weir_cli_duration(a, g->window * MS);
    text = weir_arena_printf(a, "%.*s versus %.*s, %.*s in %.*s, at least "
                             "%" PRIu32 " requests",
                             WEIR_STR(weir_cli_arm_name(img, g->arm)),
                             WEIR_STR(weir_cli_arm_name(img, g->versus)),
                             WEIR_STR(what), WEIR_STR(t), g->min_requests);

    if (g->report) {
        return weir_arena_printf(a, "%.*s; only told", WEIR_STR(text));
    }

    if (g->hold == 0) {
        return text;
    }

    t = seconds(a, g->hold);

    return weir_arena_printf(a, "%.*s; holds %.*s", WEIR_STR(text),
                             WEIR_STR(t));
}


weir_str_t
weir_cli_breaker_text(weir_arena_t *a, const weir_img_breaker_t *b)
{
    weir_str_t  s, t, time;

    s = weir_string("");

    if (b->failures != 0) {
        s = weir_arena_printf(a, "%" PRIu32 " failures in a row",
                              b->failures);
    }

    if (b->error_rate != 0) {
        t = weir_cli_percent(a, b->error_rate);
        time = weir_cli_duration(a, b->window * MS);
        t = weir_arena_printf(a, "%.*s of at least %" PRIu32 " in %.*s",
                              WEIR_STR(t), b->min_requests, WEIR_STR(time));
        s = join(a, s, t);
    }

    time = weir_cli_duration(a, b->open * MS);

    return weir_arena_printf(a, "%.*s; open %.*s, %" PRIu32 " probe%s",
                             WEIR_STR(s), WEIR_STR(time), b->probes,
                             b->probes == 1 ? "" : "s");
}


weir_str_t
weir_cli_mirror_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_mirror_t *m)
{
    weir_str_t  methods, share, time;

    methods = weir_string("");

#define M(name, text)                                                         \
    if (m->methods & 1u << WEIR_METHOD_BIT_##name) {                          \
        methods = join(a, methods, weir_string(text));                        \
    }

    WEIR_METHODS(M)
#undef M

    share = weir_cli_percent(a, m->sample);
    time = weir_cli_duration(a, m->timeout * MS);

    return weir_arena_printf(a, "%.*s of %.*s to %.*s, timeout %.*s",
                             WEIR_STR(share), WEIR_STR(methods),
                             WEIR_STR(weir_img_str(img, m->upstream)),
                             WEIR_STR(time));
}


weir_str_t
weir_cli_cookie_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_split_t *s)
{
    weir_str_t  time;

    time = s->cookie_age ? seconds(a, s->cookie_age)
                         : weir_string("the session");

    return weir_arena_printf(a, "%.*s for %.*s",
                             WEIR_STR(weir_img_str(img, s->cookie)),
                             WEIR_STR(time));
}


/* Why */

void
weir_cli_arm_buckets(const uint32_t *weights, uint32_t n, uint32_t arm,
    uint32_t *from, uint32_t *to)
{
    uint32_t  i;

    for (i = 0; i < WEIR_BUCKETS && weir_split_arm(weights, n, i) != arm; i++)
    { }

    *from = i;

    for (/* void */ ; i < WEIR_BUCKETS && weir_split_arm(weights, n, i) == arm;
         i++)
    { }

    *to = i;
}


/* "v2 has the first 500" */
static weir_str_t
share_text(weir_arena_t *a, weir_str_t arm, const uint32_t *weights,
    uint32_t n, uint32_t place)
{
    uint32_t  from, to;

    weir_cli_arm_buckets(weights, n, place, &from, &to);

    if (to - from == WEIR_BUCKETS) {
        return weir_arena_printf(a, "%.*s has all", WEIR_STR(arm));
    }

    if (from == 0 || to == WEIR_BUCKETS) {
        return weir_arena_printf(a, "%.*s has the %s %" PRIu32, WEIR_STR(arm),
                                 from == 0 ? "first" : "last", to - from);
    }

    return weir_arena_printf(a, "%.*s has those from %" PRIu32 " to %" PRIu32,
                             WEIR_STR(arm), from, to - 1);
}


static weir_split_word_t
word_of(const cli_request_t *r, const weir_img_split_t *s)
{
    return r->splits ? weir_splits_word(r->splits, &s->uid) : 0;
}


/* What the bucket is of. */
static weir_str_t
key_text(weir_arena_t *a, weir_txn_t *txn, const weir_routing_t *to)
{
    char                *text;
    FILE                *out;
    void                *trace;
    size_t               len;
    weir_str_t           s;
    weir_eval_t         *e;
    weir_value_t         v;

    e = weir_txn_eval(txn);

    if (to->why == WEIR_ARM_COOKIE) {
        return weir_arena_printf(a, "the cookie %.*s has",
                   WEIR_STR(weir_img_str(e->image, to->split->cookie)));
    }

    if (to->why != WEIR_ARM_KEY) {
        return weir_string("there is no key; by chance it has");
    }

    trace = e->trace;
    e->trace = NULL;
    weir_eval(e, to->split->sticky, &v);
    e->trace = trace;
    out = v.kind == WEIR_T_STRING ? open_memstream(&text, &len) : NULL;

    if (out == NULL) {
        return weir_string("its key has");
    }

    weir_disasm_quote(weir_v_text(&v), out);
    fclose(out);
    s = weir_arena_printf(a, "the key %.*s has", (int) len, text);
    free(text);

    return s;
}


static weir_str_t
bucket_why(weir_arena_t *a, weir_txn_t *txn, weir_split_word_t word,
    const weir_routing_t *to)
{
    uint32_t             step, weights[WEIR_MAX_ARMS];
    weir_str_t           key, share;
    const weir_image_t  *img;

    img = weir_txn_eval(txn)->image;
    key = key_text(a, txn, to);
    weir_splits_weights(img, to->split, word, weights);
    share = share_text(a, weir_cli_arm_name(img, to->split->arms.first
                                                 + to->arm),
                       weights, to->split->arms.count, to->arm);
    key = weir_arena_printf(a, "%.*s bucket %" PRIu32 " of %d, of which %.*s",
                            WEIR_STR(key), to->bucket, WEIR_BUCKETS,
                            WEIR_STR(share));

    if (to->split->steps.count == 0 || WEIR_SPLIT_ROLLED(word)) {
        return key;
    }

    step = WEIR_SPLIT_STEP(word) + 1;

    return weir_arena_printf(a, "%.*s at step %" PRIu32 " of %" PRIu32,
                             WEIR_STR(key), step, to->split->steps.count);
}


weir_str_t
weir_cli_arm_why(const cli_request_t *r, weir_txn_t *txn)
{
    weir_str_t                  text, arm;
    const weir_image_t         *img;
    const weir_routing_t       *to;
    const weir_img_override_t  *o;

    to = weir_txn_routing(txn);

    if (to->split == NULL) {
        return weir_string("");
    }

    img = weir_txn_eval(txn)->image;

    switch (to->why) {

    case WEIR_ARM_OVERRIDE:
        o = &WEIR_REC(img, OVERRIDES)[to->split->overrides.first
                                      + to->override];
        text = weir_cli_override_text(r->arena, img, o);
        return weir_arena_printf(r->arena, "override %" PRIu32 ": %.*s",
                                 to->override + 1, WEIR_STR(text));

    case WEIR_ARM_PINNED:
        return weir_string("somebody pinned it");

    case WEIR_ARM_ROLLBACK:
        arm = weir_cli_arm_name(img, WEIR_REC(img, GUARDS)
                                     [to->split->guard].arm);
        return weir_arena_printf(r->arena, "bucket %" PRIu32 " of %d would be "
                                 "of %.*s, which is rolled back", to->bucket,
                                 WEIR_BUCKETS, WEIR_STR(arm));

    case WEIR_ARM_FALLBACK:
        return weir_string("the breaker of its own is open");

    default:
        return bucket_why(r->arena, txn, word_of(r, to->split), to);
    }
}
