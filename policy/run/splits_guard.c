/*
 * splits_guard.c: windows of answers, and how two arms compare.
 *
 * A slice says which one it is: its number in time, and the era, which is the
 * part of the split's word that begins anew with each order, rollback and step
 * of the ramp.  Windows are empty then: were shares to change within one, a
 * bad minute of both arms would look like the fault of the one that had more
 * of it.  Whoever comes first in a slice clears what was in its place; what
 * others count meanwhile is lost.  One who died there is relieved after a
 * while.
 *
 * A window is looked at when one of its slices is over.  Who exchanges the
 * word "found" has looked, and alone does, and tells, what follows.
 */

#include <math.h>
#include <string.h>

#include "run/splits_cell.h"

#define SLICE_NS(g)  ((uint64_t) (g)->window * (1000000 / WEIR_SLICES))
#define PLACES       (WEIR_SLICES + 1)

/*
 * stamp of a slice: number (at ten a second enough for 13 years), era, whether
 * it is being cleared and since when; found: number, era, slices since it was
 * suspect, what it is about, finding
 */
#define NUMBER_AT    32
#define ERA_AT       9
#define STAMP_MASK   (~(((uint64_t) 1 << ERA_AT) - 1))
#define CLEARING     ((uint64_t) 1 << 8)
#define BEGUN_MASK   ((uint64_t) 255)
#define BEGUN_AT     22         /* ns to what BEGUN counts in: 4 ms */
#define RELIEVED     12         /* of those */
#define AGE_AT       5
#define AGE_MASK     15
#define ABOUT_AT     2
#define ABOUT_MASK   7
#define FINDING_MASK 3

/*
 * Twice the logarithm of how much likelier two shares are than one: 4 standard
 * deviations.  (To the usual z of two proportions, 6 errors in 100 are further
 * off where 1 in 100 is usual, 1 in 100000; but they are 1 in 1700.)
 *
 * Between arms that are as different as is tolerated one look finds it once in
 * 30000, by each criterion.  A month has 43200 windows of a minute and ten
 * looks at each, which are mostly at the same answers: some ten times in it
 * an arm is suspect.  To have failed, it must be so again by what came after,
 * which is independent: at ten looks by four criteria, once in 750.  So it is
 * for nothing once in some years, at most; where arms are alike, much less:
 * what is tolerated must be exceeded, too.
 */
#define FAR  16.0

/* ns: as exact as times are, for servers count ms; 0 may be nearly one. */
#define GRAIN  ((uint64_t) 1000000)

/* Of a window, or of what of it came lately; arm and rival. */
typedef struct {
    uint64_t  requests[2];
    uint64_t  errors[2];
    uint64_t  timed[2];
    uint64_t  latency[2][WEIR_LATENCY_BUCKETS];
} sums_t;

enum {
    ABOUT_NONE,
    ABOUT_ERRORS,
    ABOUT_LATENCY               /* and weir_quantile_t */
};

static const uint32_t  below[WEIR_QUANTILE_COUNT] = {
#define Q(name, text, share)  share,
    WEIR_QUANTILES(Q)
#undef Q
};


static uint64_t
number_of(const weir_img_guard_t *g, int64_t clock)
{
    return (clock < 0 ? 0 : (uint64_t) clock / SLICE_NS(g))
           & UINT32_MAX;
}


static uint64_t
stamp_make(uint64_t number, weir_split_word_t word)
{
    return number << NUMBER_AT | word >> WEIR_SPLIT_STEP_AT << ERA_AT;
}


static unsigned
bucket_of(int64_t ns)
{
    unsigned  top;

    if (ns < (int64_t) 1 << WEIR_LATENCY_LOW) {
        return 0;
    }

    if (ns >= (int64_t) 1 << WEIR_LATENCY_HIGH) {
        return WEIR_LATENCY_BUCKETS - 1;
    }

    top = 63 - (unsigned) __builtin_clzll((unsigned long long) ns);

    return 1 + (top - WEIR_LATENCY_LOW) * 4 + (ns >> (top - 2) & 3);
}


/* ns: the least that is in a bucket, and more than any of the one before. */
static uint64_t
bucket_from(unsigned i)
{
    if (i == 0) {
        return 0;
    }

    return (uint64_t) (4 + (i - 1) % 4)
           << (WEIR_LATENCY_LOW - 2 + (i - 1) / 4);
}


static void
clear(weir_slice_t *s)
{
    unsigned  i;

    weir_split_set(&s->requests, 0);
    weir_split_set(&s->errors, 0);

    for (i = 0; i < WEIR_LATENCY_BUCKETS; i++) {
        __atomic_store_n(&s->latency[i], 0, __ATOMIC_RELAXED);
    }
}


/* Whether what is counted now is of the slice with this stamp. */
static bool
enter(weir_slice_t *s, uint64_t stamp, int64_t clock)
{
    uint64_t  had, mine, begun;

    had = weir_split_get(&s->stamp);

    if (had == stamp) {
        return true;
    }

    begun = (uint64_t) clock >> BEGUN_AT & BEGUN_MASK;

    if ((had & STAMP_MASK) > stamp
        || ((had & STAMP_MASK) == stamp
            && ((begun - had) & BEGUN_MASK) < RELIEVED))
    {
        return false;
    }

    mine = stamp | CLEARING | begun;

    if (!weir_split_swap(&s->stamp, &had, mine)) {
        return false;
    }

    clear(s);

    return weir_split_swap(&s->stamp, &mine, stamp);
}


void
weir_guard_count(weir_split_cell_t *c, const weir_image_t *img,
    const weir_arm_result_t *r, int64_t clock)
{
    unsigned                 side;
    uint64_t                 number;
    weir_slice_t            *s;
    const weir_img_guard_t  *g;

    g = weir_guard_of(img, r->split);

    if (r->arm == g->arm - r->split->arms.first) {
        side = 0;

    } else if (r->arm == g->versus - r->split->arms.first) {
        side = 1;

    } else {
        return;
    }

    number = number_of(g, clock);
    s = &c->slices[side][number % PLACES];

    if (!enter(s, stamp_make(number, weir_split_get(&c->word)), clock)) {
        return;
    }

    if (r->end != WEIR_END_GONE) {
        weir_split_add(&s->requests, 1);
    }

    if (r->end == WEIR_END_ERROR) {
        weir_split_add(&s->errors, 1);
    }

    if (r->took >= 0) {
        weir_split_add(&s->latency[bucket_of(r->took)], 1);
    }
}


/* Adds the slices that are there of n before a number, and of an era. */
static void
sum(const weir_split_cell_t *c, uint64_t number, unsigned n,
    weir_split_word_t word, sums_t *sums)
{
    unsigned             i, k, side;
    uint64_t             errors, requests;
    const weir_slice_t  *s;

    memset(sums, 0, sizeof(*sums));

    for (side = 0; side < 2; side++) {
        for (i = 1; i <= n && i <= number; i++) {
            s = &c->slices[side][(number - i) % PLACES];

            if (weir_split_get(&s->stamp) != stamp_make(number - i, word)) {
                continue;
            }

            errors = weir_split_get(&s->errors);
            requests = weir_split_get(&s->requests);
            sums->requests[side] += requests;
            sums->errors[side] += errors < requests ? errors : requests;

            for (k = 0; k < WEIR_LATENCY_BUCKETS; k++) {
                requests = __atomic_load_n(&s->latency[k], __ATOMIC_RELAXED);
                sums->latency[side][k] += requests;
                sums->timed[side] += requests;
            }
        }
    }
}


/* The bucket that holds a quantile; below it: how many there are. */
static unsigned
quantile_in(const sums_t *sums, unsigned side, unsigned q, uint64_t *under)
{
    unsigned  i;
    uint64_t  rank;

    rank = (uint64_t) ((unsigned __int128) sums->timed[side] * below[q]
                       / WEIR_BUCKETS);
    *under = 0;

    for (i = 0; i < WEIR_LATENCY_BUCKETS - 1; i++) {
        if (*under + sums->latency[side][i] > rank) {
            break;
        }

        *under += sums->latency[side][i];
    }

    return i;
}


/* us; as if what is in a bucket lay in it evenly.  0: nothing is known. */
static uint64_t
quantile(const sums_t *sums, unsigned side, unsigned q)
{
    double    part, from;
    unsigned  i;
    uint64_t  under;

    if (sums->timed[side] == 0) {
        return 0;
    }

    i = quantile_in(sums, side, q, &under);
    from = (double) bucket_from(i);

    if (i == WEIR_LATENCY_BUCKETS - 1) {
        return (uint64_t) (from / 1000);
    }

    part = ((double) sums->timed[side] * below[q] / WEIR_BUCKETS
            - (double) under) / (double) sums->latency[side][i];
    part = part < 0 ? 0 : part > 1 ? 1 : part;

    return (uint64_t) ((from + part * ((double) bucket_from(i + 1) - from))
                       / 1000);
}


static double
term(double k, double n, double p)
{
    return k > 0 ? k * log(k / (n * p)) : 0;
}


/* Whether the first share is greater than the second one, and not by chance. */
static bool
is_more(double k0, double n0, double k1, double n1)
{
    double  p;

    if (n0 <= 0 || n1 <= 0 || k0 / n0 <= k1 / n1) {
        return false;
    }

    p = (k0 + k1) / (n0 + n1);

    return 2 * (term(k0, n0, p) + term(n0 - k0, n0, 1 - p)
                + term(k1, n1, p) + term(n1 - k1, n1, 1 - p)) >= FAR;
}


static bool
has_more_errors(const weir_img_guard_t *g, const sums_t *sums)
{
    double  k[2], n[2];

    k[0] = (double) sums->errors[0];
    k[1] = (double) sums->errors[1];
    n[0] = (double) sums->requests[0];
    n[1] = (double) sums->requests[1];

    return is_more(k[0], n[0], k[1], n[1])
           && k[0] / n[0] - k[1] / n[1]
              > (double) g->error_rate / WEIR_BUCKETS;
}


/*
 * Whether more is above so many times the rival's quantile than the share of
 * the rival's that is above the quantile itself.
 */
static bool
is_slower(const weir_img_guard_t *g, const sums_t *sums, unsigned q)
{
    double    n[2];
    unsigned  i;
    uint64_t  above, bound;

    /* ns: of us, 1/1000; the grain may have made so much of both */
    bound = (quantile(sums, 1, q) + GRAIN / 1000) * g->ratio[q] + GRAIN;
    above = 0;

    for (i = WEIR_LATENCY_BUCKETS; i-- > 0 && bucket_from(i) >= bound; ) {
        above += sums->latency[0][i];
    }

    n[0] = (double) sums->timed[0];
    n[1] = (double) sums->timed[1];

    return is_more((double) above, n[0],
                   n[1] * (WEIR_BUCKETS - below[q]) / WEIR_BUCKETS, n[1]);
}


static bool
is_enough(const weir_img_guard_t *g, const uint64_t n[2])
{
    return n[0] >= g->min_requests && n[1] >= g->min_requests;
}


/*
 * In what the arm is worse than its rival.  An arm that answers so late that
 * clients leave has times, and no requests.
 */
static unsigned
worse(const weir_img_guard_t *g, const sums_t *sums)
{
    unsigned  q;

    if (g->error_rate != WEIR_NONE && is_enough(g, sums->requests)
        && has_more_errors(g, sums))
    {
        return ABOUT_ERRORS;
    }

    for (q = 0; q < WEIR_QUANTILE_COUNT; q++) {
        if (g->ratio[q] > 0 && is_enough(g, sums->timed)
            && is_slower(g, sums, q))
        {
            return ABOUT_LATENCY + q;
        }
    }

    return ABOUT_NONE;
}


static bool
is_of_era(uint64_t found, weir_split_word_t word)
{
    return found != 0 && ((found ^ stamp_make(0, word)) & STAMP_MASK)
                         << (64 - NUMBER_AT) == 0;
}


/* What a look at the slices before a number finds, after the one before. */
static uint64_t
look_at(const weir_split_cell_t *c, const weir_img_guard_t *g,
    weir_split_word_t word, uint64_t number, uint64_t had, sums_t *sums)
{
    sums_t    late;
    unsigned  about, finding, before;
    uint64_t  age;

    age = 0;
    before = is_of_era(had, word) ? had & FINDING_MASK : WEIR_GUARD_WAITS;
    sum(c, number, WEIR_SLICES, word, sums);
    about = worse(g, sums);
    finding = about != ABOUT_NONE ? WEIR_GUARD_SUSPECT
              : is_enough(g, sums->requests) ? WEIR_GUARD_CONTENT
              : WEIR_GUARD_WAITS;

    if (finding == WEIR_GUARD_SUSPECT && before == WEIR_GUARD_SUSPECT) {
        age = (had >> AGE_AT & AGE_MASK) + (number - (had >> NUMBER_AT));
        age = age < WEIR_SLICES ? age : WEIR_SLICES;
        sum(c, number, (unsigned) age, word, &late);

        if (worse(g, &late) != ABOUT_NONE) {
            finding = WEIR_GUARD_FAILED;
        }

    } else if (finding == WEIR_GUARD_SUSPECT && before == WEIR_GUARD_FAILED) {
        finding = WEIR_GUARD_FAILED;
    }

    return stamp_make(number, word) | age << AGE_AT
           | (uint64_t) about << ABOUT_AT | finding;
}


static void
show(const sums_t *sums, uint64_t found, weir_guard_look_t *look)
{
    unsigned  side, q;

    look->finding = found & FINDING_MASK;
    look->about = (int) (found >> ABOUT_AT & ABOUT_MASK) - ABOUT_LATENCY;

    for (side = 0; side < 2; side++) {
        look->requests[side] = sums->requests[side];
        look->errors[side] = sums->errors[side];

        for (q = 0; q < WEIR_QUANTILE_COUNT; q++) {
            look->quantiles[side][q] = quantile(sums, side, q);
        }
    }
}


void
weir_guard_view(const weir_split_cell_t *c, const weir_image_t *img,
    const weir_img_split_t *s, int64_t clock, weir_guard_look_t *look)
{
    sums_t                   sums;
    uint64_t                 found;
    weir_split_word_t        word;
    const weir_img_guard_t  *g;

    g = weir_guard_of(img, s);
    word = weir_split_get(&c->word);
    found = weir_split_get(&c->found);
    sum(c, number_of(g, clock) + 1, PLACES, word, &sums);

    /* what was rolled back still says why */
    if (!is_of_era(found, word)
        && !is_of_era(found, word & ~WEIR_SPLIT_ROLLED_BIT))
    {
        found = 0;
    }

    show(&sums, found, look);
}


bool
weir_guard_look(weir_split_cell_t *c, const weir_img_guard_t *g,
    weir_split_word_t word, int64_t clock, weir_guard_look_t *look,
    bool *again)
{
    sums_t    sums;
    uint64_t  number, had, found, before;

    number = number_of(g, clock);
    had = weir_split_get(&c->found);

    if (is_of_era(had, word) && had >> NUMBER_AT >= number) {
        return false;
    }

    before = is_of_era(had, word) ? had & FINDING_MASK : WEIR_GUARD_WAITS;
    found = look_at(c, g, word, number, had, &sums);

    if (!weir_split_swap(&c->found, &had, found)) {
        return false;
    }

    show(&sums, found, look);
    *again = before == (found & FINDING_MASK);

    return true;
}


bool
weir_guard_is_content(const weir_split_cell_t *c, const weir_img_guard_t *g,
    weir_split_word_t word, int64_t clock)
{
    uint64_t  found;

    found = weir_split_get(&c->found);

    return is_of_era(found, word)
           && (found & FINDING_MASK) == WEIR_GUARD_CONTENT
           && (found >> NUMBER_AT) + 1 >= number_of(g, clock);
}
