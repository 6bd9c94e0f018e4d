/*
 * limit_rate.c: GCRA, SLIDING, FIXED and QUOTA, counted on this node.
 *
 * Each kind is a function of the words of a cell: what a take would make of
 * one of them, and how it stands then.  Who takes computes first, then has the
 * cell kept for as long as that says something, then exchanges the one word,
 * and computes again where somebody else did meanwhile.
 *
 * GCRA keeps the time at which all that was taken has come back.  A window's
 * units are counted with its number.  A window later than the take's is that
 * of a worker whose clock is a bit ahead, and the current one.
 */

#include "image/bounds.h"
#include "run/limits.h"

#define SECOND      ((int64_t) 1000000000)
#define AHEAD       (2 * SECOND)    /* that clocks of workers differ by */
#define DEBT        (86400 * SECOND)    /* that charges make at most */

/*
 * GCRA counts in parts of a nanosecond: a rate may be nearly one a ns.  The
 * most is above WEIR_MAX_SPAN, and leaves room for debts and the clock.
 */
#define TICKS       16u
#define TICKS_MAX   ((uint64_t) 3 << 61)

#define NUMBERS     ((uint64_t) 1 << (64 - WEIR_COUNT_BITS))

typedef enum {
    CHECK,
    TAKE,
    GIVE,
    CHARGE
} act_t;

/* What is to become of a word, and when it says nothing any more. */
typedef struct {
    weir_take_rc_t  rc;
    unsigned        word;
    uint64_t        next;
    int64_t         until;          /* on the table's clock */
    weir_left_t     left;
} step_t;

/* The window that is current, seen from a take. */
typedef struct {
    uint64_t  number;
    int64_t   left;                 /* ns until it ends */
    int64_t   length;
    uint64_t  ahead;                /* windows after that of the take */
} current_t;

typedef unsigned __int128  wide_t;

_Static_assert(TICKS_MAX / TICKS > (uint64_t) WEIR_MAX_SPAN * SECOND + SECOND,
               "a burst fits");


static uint64_t
sat(wide_t x, uint64_t most)
{
    return x > most ? most : (uint64_t) x;
}


/* a * b / c, rounded up. */
static wide_t
mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    return ((wide_t) a * b + c - 1) / c;
}


static int64_t
ticks_to_ns(uint64_t ticks)
{
    return (int64_t) (ticks / TICKS + (ticks % TICKS != 0));
}


static uint64_t
gcra_give(uint64_t tat, uint64_t now, uint64_t units)
{
    /* before now all times are the same: all of it has come back */
    if (tat <= now) {
        return tat;
    }

    return tat - now > units ? tat - units : now;
}


static void
gcra(const weir_take_t *take, const uint64_t *words, act_t act, step_t *s)
{
    uint64_t                 tat, now, one, most, units, need, used, debt;
    const weir_img_limit_t  *l;

    l = take->limit;
    tat = words[0];
    now = (uint64_t) take->clock * TICKS;

    /* rounded up once, so that a burst is a whole number of units */
    one = l->limit == 0 ? TICKS_MAX
          : sat(mul_div(l->window, TICKS, l->limit), TICKS_MAX);
    one += one == 0;
    most = sat((wide_t) one * l->burst, TICKS_MAX);
    units = sat((wide_t) one * take->cost, TICKS_MAX);
    used = tat > now ? tat - now : 0;
    debt = most + DEBT * TICKS;

    s->rc = WEIR_TAKE_OK;
    s->word = 0;
    s->next = tat;
    s->left.retry = 0;

    switch (act) {

    case GIVE:
        s->next = gcra_give(tat, now, units);
        break;

    case CHARGE:
        if (units > 0 && used < debt) {
            s->next = now + sat((wide_t) used + units, debt);
        }

        break;

    default:
        need = units > 0 ? units : one;

        if (take->cost > l->burst || l->burst == 0) {
            s->rc = WEIR_TAKE_NEVER;

        } else if (need > most || used > most - need) {
            s->rc = WEIR_TAKE_NO;
            s->left.retry = ticks_to_ns(used + need - most);

        } else if (act == TAKE && units > 0) {
            s->next = now + used + units;
        }
    }

    used = s->next > now ? s->next - now : 0;
    s->left.left = used >= most ? 0 : (most - used) / one;
    s->left.reset = ticks_to_ns(used);
    s->until = take->clock + s->left.reset;
}


/*
 * Whether a word is of a later window than the current one, as known so far,
 * which it makes the current one then.  A word of any other window is old.
 */
static void
move(current_t *w, uint64_t word)
{
    uint64_t  ahead;

    ahead = ((word >> WEIR_COUNT_BITS) - w->number) & (NUMBERS - 1);

    if (word != 0 && ahead > 0 && ahead < NUMBERS / 2
        && (ahead == 1 || ahead <= (uint64_t) (AHEAD / w->length)))
    {
        w->number += ahead;
        w->ahead += ahead;
        w->left += (int64_t) ahead * w->length;
    }
}


static void
current(const weir_take_t *take, current_t *w)
{
    w->number = take->window.number;
    w->left = take->window.end - take->window.now;
    w->length = take->window.end - take->window.begin;
    w->length += w->length <= 0;
    w->ahead = 0;
}


/* The units of a window become more or fewer by the cost. */
static uint64_t
changed(uint64_t units, const weir_take_t *take, const current_t *w,
    act_t act)
{
    if (act == GIVE) {
        /* what was taken lies in a window that is over, or may do so */
        return w->ahead > 0 ? units
               : units > take->cost ? units - take->cost : 0;
    }

    return sat((wide_t) units + take->cost, WEIR_COUNT_MAX);
}


static void
fixed(const weir_take_t *take, const uint64_t *words, act_t act, step_t *s)
{
    uint64_t                 used, most, need;
    current_t                w;
    const weir_img_limit_t  *l;

    l = take->limit;
    most = l->limit + (l->kind == WEIR_LIMIT_QUOTA ? l->burst : 0);
    need = take->cost > 0 ? take->cost : 1;

    current(take, &w);
    move(&w, words[0]);
    used = weir_count_of(words[0], w.number);

    s->rc = WEIR_TAKE_OK;
    s->word = 0;
    s->next = words[0];
    s->left.reset = w.left;
    s->left.retry = 0;
    s->until = take->clock + w.left;

    if (act <= TAKE && need > most) {
        s->rc = WEIR_TAKE_NEVER;

    } else if (act <= TAKE && (used > most || need > most - used)) {
        s->rc = WEIR_TAKE_NO;
        s->left.retry = w.left;

    } else if (act != CHECK && take->cost > 0) {
        used = changed(used, take, &w, act);
        s->next = weir_count_make(w.number, used);
    }

    s->left.left = used < l->limit ? l->limit - used : 0;
}


/*
 * When previous units, over a length and then nothing, have come down to some
 * that are allowed: ns since the previous window was full, rounded up.
 */
static int64_t
decay(uint64_t units, uint64_t allowed, int64_t length)
{
    if (units <= allowed) {
        return 0;
    }

    return length - (int64_t) ((wide_t) allowed * (uint64_t) length / units);
}


/* What the units of the window before weigh still. */
static uint64_t
weight(uint64_t units, const current_t *w)
{
    int64_t  left;

    /* a window that is ahead has not begun */
    left = w->left > w->length ? w->length : w->left < 0 ? 0 : w->left;

    return (uint64_t) mul_div(units, (uint64_t) left, (uint64_t) w->length);
}


/* ns until need units may be had, if nobody else has any: not at once. */
static int64_t
sliding_retry(const current_t *w, uint64_t now, uint64_t before,
    uint64_t limit, uint64_t need)
{
    int64_t  at;

    if (now <= limit - need) {
        at = decay(before, limit - need - now, w->length);
        return at - (w->length - w->left);
    }

    return w->left + decay(now < limit ? now : limit, limit - need,
                           w->length);
}


static void
sliding(const weir_take_t *take, const uint64_t *words, act_t act, step_t *s)
{
    uint64_t   now, before, used, limit, need, weighs;
    current_t  w;

    limit = take->limit->limit;
    need = take->cost > 0 ? take->cost : 1;

    current(take, &w);
    move(&w, words[0]);
    move(&w, words[1]);

    now = weir_count_of(words[w.number % 2], w.number);
    before = weir_count_of(words[1 - w.number % 2], w.number - 1);
    before = before > limit ? limit : before;
    weighs = weight(before, &w);
    used = now + weighs;

    s->rc = WEIR_TAKE_OK;
    s->word = w.number % 2;
    s->next = words[s->word];
    s->left.retry = 0;
    s->until = take->clock + w.left + w.length;

    if (act <= TAKE && need > limit) {
        s->rc = WEIR_TAKE_NEVER;

    } else if (act <= TAKE && (used > limit || need > limit - used)) {
        s->rc = WEIR_TAKE_NO;
        s->left.retry = sliding_retry(&w, now, before, limit, need);

    } else if (act != CHECK && take->cost > 0) {
        now = changed(now, take, &w, act);
        s->next = weir_count_make(w.number, now);
        used = now + weighs;
    }

    s->left.left = used < limit ? limit - used : 0;
    s->left.reset = now > 0 ? w.left + w.length : before > 0 ? w.left : 0;
}


static void
compute(const weir_take_t *take, const uint64_t *words, act_t act, step_t *s)
{
    switch (take->limit->kind) {

    case WEIR_LIMIT_GCRA:
        gcra(take, words, act, s);
        break;

    case WEIR_LIMIT_SLIDING:
        sliding(take, words, act, s);
        break;

    default:
        fixed(take, words, act, s);
    }
}


/* The words of the key's cell, or zeros. */
static void
look(weir_limits_t *t, const weir_take_t *take, uint64_t *words)
{
    const uint64_t  *cell;

    cell = weir_limits_cell(t, take, 0, false);
    words[0] = cell ? __atomic_load_n(&cell[0], __ATOMIC_SEQ_CST) : 0;
    words[1] = cell ? __atomic_load_n(&cell[1], __ATOMIC_SEQ_CST) : 0;
}


/*
 * One exchange.  The cell is looked for again each time: it may be another,
 * which begins with zeros.
 */
static weir_take_rc_t
apply(weir_limits_t *t, const weir_take_t *take, act_t act, weir_left_t *left)
{
    step_t     s;
    uint64_t   words[2], *cell;

    for ( ;; ) {
        look(t, take, words);
        compute(take, words, act, &s);

        if (s.rc != WEIR_TAKE_OK || s.next == words[s.word]) {
            break;
        }

        cell = weir_limits_cell(t, take, s.until, act != GIVE);

        if (cell == NULL) {
            memset(&s.left, 0, sizeof(s.left));
            s.rc = WEIR_TAKE_FULL;
            break;
        }

        if (__atomic_compare_exchange_n(&cell[s.word], &words[s.word], s.next,
                                        false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
        {
            break;
        }
    }

    *left = s.left;

    return s.rc;
}


weir_take_rc_t
weir_limit_check(weir_limits_t *t, const weir_take_t *take, weir_left_t *left)
{
    step_t    s;
    uint64_t  words[2];

    look(t, take, words);
    compute(take, words, CHECK, &s);
    *left = s.left;

    return s.rc;
}


weir_take_rc_t
weir_limit_take(weir_limits_t *t, const weir_take_t *take, weir_left_t *left)
{
    return apply(t, take, TAKE, left);
}


void
weir_limit_give(weir_limits_t *t, const weir_take_t *take)
{
    weir_left_t  ignored;

    (void) apply(t, take, GIVE, &ignored);
}


void
weir_limit_charge(weir_limits_t *t, const weir_take_t *take)
{
    weir_left_t  ignored;

    (void) apply(t, take, CHARGE, &ignored);
}
