/*
 * diff_moves.c: which share of the keys of a split, or of a flag, goes
 * elsewhere.
 *
 * Where keys have the buckets that they had, each bucket is looked at: what is
 * said is exact.  Where they are drawn anew, by another salt, an arm that had
 * the share x and has y keeps x * y of all keys, as far as chance is fair.
 */

#include <inttypes.h>

#include "cli/diff_splits.h"

#define MOST  WEIR_MAX_ARMS


weir_str_t
weir_diff_weights(diff_t *d, const diff_side_t *s,
    const weir_img_split_t *split, bool upstreams)
{
    uint32_t    i, weights[MOST];
    weir_str_t  text, share;

    text = weir_string("");
    weir_splits_weights(s->img, split, 0, weights);

    for (i = 0; i < split->arms.count; i++) {
        share = weir_cli_percent(d->arena, weights[i]);
        text = weir_diff_text(d, "%.*s%s%.*s %.*s", WEIR_STR(text),
                              i ? ", " : "",
                              WEIR_STR(weir_cli_arm_name(s->img,
                                           split->arms.first + i)),
                              WEIR_STR(share));

        if (upstreams) {
            text = weir_diff_text(d, "%.*s to %.*s", WEIR_STR(text),
                                  WEIR_STR(weir_cli_arm_upstream(s->img,
                                               split->arms.first + i)));
        }
    }

    return split->steps.count
           ? weir_diff_text(d, "%.*s at the first step", WEIR_STR(text))
           : text;
}


/* Both splits as they are looked at. */
typedef struct {
    diff_t                         *d;
    weir_str_t                      name;
    const weir_img_split_t *const  *split;
    uint32_t                        weights[DIFF_SIDES][MOST];
    uint32_t                        same[MOST]; /* the new arm of the name of
                                                   an old one; or NONE */
} moves_t;


static weir_str_t
arm_name(const moves_t *m, unsigned side, uint32_t arm)
{
    return weir_cli_arm_name(m->d->side[side].img,
                             m->split[side]->arms.first + arm);
}


static void
begin(moves_t *m, diff_t *d, weir_str_t name,
    const weir_img_split_t *const split[DIFF_SIDES])
{
    uint32_t  i;

    m->d = d;
    m->name = name;
    m->split = split;

    for (i = 0; i < DIFF_SIDES; i++) {
        weir_splits_weights(d->side[i].img, split[i], 0, m->weights[i]);
    }

    for (i = 0; i < split[DIFF_OLD]->arms.count; i++) {
        m->same[i] = weir_arm_named(d->side[DIFF_NEW].img, split[DIFF_NEW],
                                    arm_name(m, DIFF_OLD, i));
    }
}


/* Whether requests of one client have one arm. */
static bool
is_kept(const moves_t *m)
{
    return m->split[DIFF_NEW]->sticky != WEIR_NONE
           || m->split[DIFF_NEW]->cookie != WEIR_NONE;
}


/* "5% of the keys move: v1 -> v2 5%" */
static weir_str_t
by_buckets(const moves_t *m)
{
    uint32_t    i, k, total, n[MOST][MOST];
    weir_str_t  text, share;

    memset(n, 0, sizeof(n));
    text = weir_string("");
    total = 0;

    for (i = 0; i < WEIR_BUCKETS; i++) {
        n[weir_split_arm(m->weights[DIFF_OLD], m->split[DIFF_OLD]->arms.count,
                         i)]
         [weir_split_arm(m->weights[DIFF_NEW], m->split[DIFF_NEW]->arms.count,
                         i)]++;
    }

    for (i = 0; i < m->split[DIFF_OLD]->arms.count; i++) {
        for (k = 0; k < m->split[DIFF_NEW]->arms.count; k++) {

            if (m->same[i] == k || n[i][k] == 0) {
                continue;
            }

            total += n[i][k];
            share = weir_cli_percent(m->d->arena, n[i][k]);
            text = weir_diff_text(m->d, "%.*s%s%.*s -> %.*s %.*s",
                                  WEIR_STR(text), text.len ? ", " : "",
                                  WEIR_STR(arm_name(m, DIFF_OLD, i)),
                                  WEIR_STR(arm_name(m, DIFF_NEW, k)),
                                  WEIR_STR(share));
        }
    }

    if (total == 0) {
        return weir_string("nothing moves");
    }

    share = weir_cli_percent(m->d->arena, total);

    return weir_diff_text(m->d, "%.*s of the %s move: %.*s", WEIR_STR(share),
                          is_kept(m) ? "keys" : "requests", WEIR_STR(text));
}


static weir_str_t
by_chance(const moves_t *m)
{
    uint32_t  i;
    uint64_t  stay;

    for (i = 0, stay = 0; i < m->split[DIFF_OLD]->arms.count; i++) {

        if (m->same[i] != WEIR_NONE) {
            stay += (uint64_t) m->weights[DIFF_OLD][i]
                    * m->weights[DIFF_NEW][m->same[i]];
        }
    }

    return weir_diff_text(m->d, "keys are drawn anew, some %.2f%% of them get "
                          "another arm", 100.0 - (double) stay / 1e6);
}


static bool
same_key(const moves_t *m)
{
    uint32_t  a, b;

    a = m->split[DIFF_OLD]->sticky;
    b = m->split[DIFF_NEW]->sticky;

    return a == WEIR_NONE || b == WEIR_NONE
           ? a == b
           : memcmp(&m->d->side[DIFF_OLD].progs[a],
                    &m->d->side[DIFF_NEW].progs[b], sizeof(diff_sum_t)) == 0;
}


static weir_str_t
sticky_text(const moves_t *m, unsigned side)
{
    uint32_t  prog;

    prog = m->split[side]->sticky;

    return prog != WEIR_NONE
           ? weir_cli_prog_text(m->d->side[side].img, prog)
           : weir_string("none");
}


void
weir_diff_moves(diff_t *d, weir_str_t name,
    const weir_img_split_t *const split[DIFF_SIDES])
{
    bool        drawn, keyed;
    moves_t     m;
    weir_str_t  old, new, what;

    begin(&m, d, name, split);
    keyed = same_key(&m);
    drawn = memcmp(&split[DIFF_OLD]->salt, &split[DIFF_NEW]->salt,
                   sizeof(weir_id_t)) != 0;
    old = weir_diff_weights(d, &d->side[DIFF_OLD], split[DIFF_OLD], false);
    new = weir_diff_weights(d, &d->side[DIFF_NEW], split[DIFF_NEW], false);

    if (!weir_str_eq(old, new)) {
        what = keyed && !drawn
               ? weir_diff_text(d, ": %.*s", WEIR_STR(by_buckets(&m)))
               : weir_string("");
        weir_diff_line(d, '~', "split %.*s: %.*s -> %.*s%.*s", WEIR_STR(name),
                       WEIR_STR(old), WEIR_STR(new), WEIR_STR(what));
    }

    if (drawn && is_kept(&m)) {
        what = keyed ? by_chance(&m) : weir_string("keys are drawn anew");
        weir_diff_line(d, '~', "split %.*s: salt: %.*s%s", WEIR_STR(name),
                       WEIR_STR(what), split[DIFF_OLD]->cookie != WEIR_NONE
                       ? "; pins in cookies are void" : "");
    }

    if (!keyed) {
        old = sticky_text(&m, DIFF_OLD);
        new = sticky_text(&m, DIFF_NEW);
        weir_diff_line(d, '~', "split %.*s: sticky %.*s -> %.*s: any key may "
                       "move", WEIR_STR(name), WEIR_STR(old), WEIR_STR(new));
    }
}


/* Flags have no record in an image: both must be sources. */

static const weir_flag_t *
find_flag(const weir_model_t *m, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < m->flags.len; i++) {

        if (weir_str_eq(m->flags.items[i].name.text, name)) {
            return &m->flags.items[i];
        }
    }

    return NULL;
}


/* Of keys that keep their buckets, it is the first of them that have it. */
static void
compare_flag(diff_t *d, const weir_flag_t *a, const weir_flag_t *b)
{
    bool        drawn;
    double      x, y;
    weir_str_t  old, new, gain;

    x = a->share / 10000.0;
    y = b->share / 10000.0;
    old = weir_cli_percent(d->arena, a->share);
    new = weir_cli_percent(d->arena, b->share);

    drawn = memcmp(&a->salt, &b->salt, sizeof(weir_id_t)) != 0;

    if (drawn) {
        weir_diff_line(d, '~', "flag %.*s: salt: keys are drawn anew, it "
                       "changes for some %.2f%% of them",
                       WEIR_STR(a->name.text),
                       100 * (x * (1 - y) + y * (1 - x)));
    }

    if (a->share != b->share) {
        gain = weir_cli_percent(d->arena, a->share < b->share
                                          ? b->share - a->share
                                          : a->share - b->share);
        gain = weir_diff_text(d, ": %.*s of the keys %s it", WEIR_STR(gain),
                              a->share < b->share ? "gain" : "lose");
        weir_diff_line(d, '~', "flag %.*s: rollout %.*s -> %.*s%.*s",
                       WEIR_STR(a->name.text), WEIR_STR(old), WEIR_STR(new),
                       WEIR_STR(drawn ? weir_string("") : gain));
    }

    if (!weir_str_eq(a->key.text, b->key.text)) {
        weir_diff_line(d, '~', "flag %.*s: key %.*s -> %.*s: it may change "
                       "for any key", WEIR_STR(a->name.text),
                       WEIR_STR(a->key.text), WEIR_STR(b->key.text));
    }
}


void
weir_diff_flag_lines(diff_t *d)
{
    size_t               i;
    weir_str_t           share;
    const weir_flag_t   *f, *other;
    const weir_model_t  *o, *n;

    o = d->side[DIFF_OLD].model;
    n = d->side[DIFF_NEW].model;

    if (o == NULL || n == NULL) {
        return;
    }

    for (i = 0; i < o->flags.len; i++) {
        f = &o->flags.items[i];
        other = find_flag(n, f->name.text);

        if (other == NULL) {
            weir_diff_line(d, '-', "flag %.*s", WEIR_STR(f->name.text));
        } else {
            compare_flag(d, f, other);
        }
    }

    for (i = 0; i < n->flags.len; i++) {
        f = &n->flags.items[i];

        if (find_flag(o, f->name.text) == NULL) {
            share = weir_cli_percent(d->arena, f->share);
            weir_diff_line(d, '+', "flag %.*s: rollout %.*s",
                           WEIR_STR(f->name.text), WEIR_STR(share));
        }
    }
}
