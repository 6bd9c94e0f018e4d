/*
 * memory.c: tables in shared memory, without a lock that anyone waits for.
 *
 * Tokens lie in slots of three sizes, WAYS of them to a set.  A slot has a
 * sequence that is odd while somebody writes: a reader that sees it odd, or
 * changed, has a miss; a writer that finds it so takes another slot.  Who dies
 * with a slot in hand loses it after TAKEOVER seconds.  If they were only
 * asleep, two write at once; so there is a sum over all that a slot holds, and
 * what does not add up is a miss.
 *
 * Ids that may come once are one word each, which says all there is: a single
 * exchange makes it known or does not.
 */

#include "base/hash.h"
#include "run/memory.h"

#define LINE      64            /* bytes of a cache line */

/* tokens */
#define CLASSES   3
#define WAYS      8             /* slots of a set */
#define TAKEOVER  5             /* seconds */

/* ids: seconds are counted in UNITs, modulo 2^UNIT_BITS of them */
#define PLACES    64            /* of a set */
#define UNIT      8
#define UNIT_BITS 24
#define UNIT_MASK (((uint64_t) 1 << UNIT_BITS) - 1)
#define ASLEEP    120           /* seconds; a time further back is a clock
                                   that was set */

/* Most bytes of a token, and the share of the memory: 0 = what is left. */
static const struct {
    uint32_t  room;
    uint32_t  share;
} classes[CLASSES] = {
    { 1216, 0 }, { 4032, 4 }, { 16384, 4 }
};

typedef struct {
    uint64_t  lock;             /* sequence, above it when it was taken */
    uint64_t  key[WEIR_SHA256_LEN / 8];
    uint64_t  sum;
    int64_t   until;
    uint32_t  len;              /* 0: empty */
    uint32_t  used;             /* seconds; no part of the sum */
} slot_t;

typedef struct {
    uint64_t  slots;            /* where they are, from the table's begin */
    uint64_t  data;
    uint32_t  sets;
    uint32_t  room;
} class_t;

struct weir_tokens_s {
    class_t  classes[CLASSES];
};

struct weir_seen_s {
    uint64_t  sets;
    int64_t   latest;           /* of the times that processes came with */
};

/* A token on its way in or out. */
typedef struct {
    uint64_t  key[WEIR_SHA256_LEN / 8];
    int64_t   until;
    uint32_t  len;
} entry_t;

_Static_assert(sizeof(slot_t) == LINE, "a slot is a line");
_Static_assert(sizeof(weir_tokens_t) <= 2 * LINE, "the head is two lines");

#define HEAD  (2 * LINE)

#define get_word(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define set_word(p, v)  __atomic_store_n((p), (v), __ATOMIC_RELAXED)


/* x of 0..2^64-1 to 0..n-1, in proportion. */
static uint64_t
scale(uint64_t x, uint64_t n)
{
    return (uint64_t) ((unsigned __int128) x * n >> 64);
}


/* Shared words to bytes of our own. */
static void
copy_out(const uint64_t *from, void *to, size_t len)
{
    char      *p;
    uint64_t   word;

    for (p = to; len >= sizeof(word); len -= sizeof(word)) {
        word = get_word(from++);
        memcpy(p, &word, sizeof(word));
        p += sizeof(word);
    }

    if (len > 0) {
        word = get_word(from);
        memcpy(p, &word, len);
    }
}


static void
copy_in(uint64_t *to, const void *from, size_t len)
{
    uint64_t     word;
    const char  *p;

    for (p = from; len >= sizeof(word); len -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        set_word(to++, word);
        p += sizeof(word);
    }

    if (len > 0) {
        word = 0;
        memcpy(&word, p, len);
        set_word(to, word);
    }
}


static uint64_t
sum_of(const entry_t *e, const void *data)
{
    uint64_t  seed;

    seed = weir_hash(weir_str((const char *) e->key, sizeof(e->key)),
                     (uint64_t) e->until);

    return weir_hash(weir_str(data, e->len), seed);
}


static slot_t *
set_of(weir_tokens_t *t, const class_t *c, const uint64_t *key,
    uint64_t *first)
{
    *first = scale(key[0], c->sets) * WAYS;

    return (slot_t *) ((char *) t + c->slots) + *first;
}


static uint64_t *
data_of(weir_tokens_t *t, const class_t *c, uint64_t slot)
{
    return (uint64_t *) ((char *) t + c->data + slot * c->room);
}


static bool
has_key(const slot_t *s, const uint64_t *key)
{
    return get_word(&s->key[0]) == key[0] && get_word(&s->key[1]) == key[1]
           && get_word(&s->key[2]) == key[2] && get_word(&s->key[3]) == key[3];
}


/* One slot, if it has the key.  out may be written to in any case. */
static weir_rc_t
read_slot(slot_t *s, const uint64_t *data, const class_t *c, entry_t *e,
    int64_t now, void *out, size_t room)
{
    uint64_t  lock, sum;

    lock = __atomic_load_n(&s->lock, __ATOMIC_ACQUIRE);

    if (lock % 2 != 0 || !has_key(s, e->key)) {
        return WEIR_DECLINED;
    }

    e->len = get_word(&s->len);
    e->until = get_word(&s->until);
    sum = get_word(&s->sum);

    if (e->len == 0 || e->len > c->room || e->len > room || e->until <= now) {
        return WEIR_DECLINED;
    }

    copy_out(data, out, e->len);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    if (get_word(&s->lock) != lock || sum != sum_of(e, out)) {
        return WEIR_DECLINED;
    }

    if (get_word(&s->used) != (uint32_t) now) {
        set_word(&s->used, (uint32_t) now);
    }

    return WEIR_OK;
}


/* Whether nobody writes to a slot, or has not done so for too long. */
static bool
is_free(uint64_t lock, int64_t now)
{
    int32_t  since;

    since = (int32_t) ((uint32_t) now - (uint32_t) (lock >> 32));

    return lock % 2 == 0 || since > TAKEOVER || since < -TAKEOVER;
}


/*
 * The slot to write to: that of the same key, an empty or expired one, or the
 * one that was not used for longest.  A time to come is one of a clock that
 * was wrong, and long ago.  WAYS: all are being written.
 */
static unsigned
choose(const slot_t *set, const uint64_t *key, int64_t now, uint64_t *lock)
{
    unsigned  i, best;
    uint64_t  word, age, oldest;

    best = WAYS;
    oldest = 0;

    for (i = 0; i < WAYS; i++) {
        word = __atomic_load_n(&set[i].lock, __ATOMIC_ACQUIRE);

        if (!is_free(word, now)) {
            continue;
        }

        age = has_key(&set[i], key) ? UINT64_MAX
              : get_word(&set[i].len) == 0 || get_word(&set[i].until) <= now
                || word % 2 != 0 ? UINT64_MAX - 1
              : (uint64_t) (uint32_t) ((uint32_t) now
                                       - get_word(&set[i].used)) + 1;

        if (age > oldest) {
            oldest = age;
            best = i;
            *lock = word;
        }
    }

    return best;
}


/* *lock becomes what the slot is locked with. */
static bool
take(slot_t *s, int64_t now, uint64_t *lock)
{
    bool      ok;
    uint32_t  seq;
    uint64_t  mine;

    /* odd again, and another than that of a writer who sleeps */
    seq = ((uint32_t) *lock | 1) + (*lock % 2 != 0 ? 2 : 0);
    mine = (uint64_t) (uint32_t) now << 32 | seq;

    ok = __atomic_compare_exchange_n(&s->lock, lock, mine, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *lock = mine;

    return ok;
}


static void
fill(slot_t *s, uint64_t *to, const entry_t *e, const void *data, int64_t now)
{
    copy_in(s->key, e->key, sizeof(e->key));
    set_word(&s->until, e->until);
    set_word(&s->len, e->len);
    set_word(&s->used, (uint32_t) now);
    set_word(&s->sum, sum_of(e, data));
    copy_in(to, data, e->len);
}


static void
release(slot_t *s, uint64_t lock)
{
    uint64_t  next;

    next = (uint32_t) (lock + 1);

    /* somebody else may have it by now */
    (void) __atomic_compare_exchange_n(&s->lock, &lock, next, false,
                                       __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}


weir_tokens_t *
weir_tokens_init(void *mem, size_t size)
{
    char           *p;
    size_t          set, left;
    class_t        *c;
    unsigned        i;
    weir_tokens_t  *t;

    if (size < HEAD) {
        return NULL;
    }

    t = mem;
    memset(t, 0, sizeof(*t));
    p = (char *) mem + HEAD;
    left = size - HEAD;

    for (i = CLASSES; i-- > 0; ) {
        c = &t->classes[i];
        set = WAYS * (sizeof(slot_t) + classes[i].room);

        c->room = classes[i].room;
        c->sets = (uint32_t) ((classes[i].share ? size / classes[i].share
                                                : left) / set);
        c->slots = (uint64_t) (p - (char *) mem);
        c->data = c->slots + (size_t) c->sets * WAYS * sizeof(slot_t);

        memset(p, 0, (size_t) c->sets * WAYS * sizeof(slot_t));
        p += c->sets * set;
        left -= c->sets * set;
    }

    return t->classes[0].sets > 0 ? t : NULL;
}


size_t
weir_tokens_longest(const weir_tokens_t *t)
{
    unsigned  i;

    for (i = CLASSES - 1; t->classes[i].sets == 0; i--) { /* void */ }

    return t->classes[i].room;
}


weir_rc_t
weir_tokens_get(weir_tokens_t *t, const uint8_t key[WEIR_SHA256_LEN],
    int64_t now, void *out, size_t room, size_t *len)
{
    slot_t         *set;
    entry_t         e;
    uint64_t        first;
    unsigned        i;
    const class_t  *c;

    memcpy(e.key, key, sizeof(e.key));

    for (c = t->classes; c < t->classes + CLASSES; c++) {

        if (c->sets == 0) {
            continue;
        }

        set = set_of(t, c, e.key, &first);

        for (i = 0; i < WAYS; i++) {
            if (read_slot(&set[i], data_of(t, c, first + i), c, &e, now, out,
                          room)
                == WEIR_OK)
            {
                *len = e.len;
                return WEIR_OK;
            }
        }
    }

    return WEIR_DECLINED;
}


void
weir_tokens_put(weir_tokens_t *t, const uint8_t key[WEIR_SHA256_LEN],
    const void *data, size_t len, int64_t now, int64_t until)
{
    slot_t         *set;
    entry_t         e;
    uint64_t        first, lock;
    unsigned        i;
    const class_t  *c;

    if (len == 0 || len > weir_tokens_longest(t) || until <= now) {
        return;
    }

    /* the classes that are there come one after the other */
    for (c = t->classes; len > c->room || c->sets == 0; c++) { /* void */ }

    memcpy(e.key, key, sizeof(e.key));
    e.until = until;
    e.len = (uint32_t) len;

    set = set_of(t, c, e.key, &first);
    i = choose(set, e.key, now, &lock);

    if (i < WAYS && take(&set[i], now, &lock)) {
        fill(&set[i], data_of(t, c, first + i), &e, data, now);
        release(&set[i], lock);
    }
}


weir_seen_t *
weir_seen_init(void *mem, size_t size)
{
    weir_seen_t  *s;

    if (size < LINE || (size - LINE) / (PLACES * sizeof(uint64_t)) == 0) {
        return NULL;
    }

    s = mem;
    s->sets = (size - LINE) / (PLACES * sizeof(uint64_t));
    s->latest = 0;
    memset((char *) mem + LINE, 0, s->sets * PLACES * sizeof(uint64_t));

    return s;
}


/*
 * Whether a word stands for an id that must not come again yet.  Processes do
 * not see the same time: it stands for a unit longer than it need.  One for
 * more than WEIR_SEEN_MAX is from a clock that was wrong.
 */
static bool
is_known(uint64_t word, int64_t now)
{
    uint64_t  left;

    left = ((word & UNIT_MASK) - (uint64_t) now / UNIT) & UNIT_MASK;

    return word != 0 && left <= WEIR_SEEN_MAX / UNIT + 1;
}


/* Before a process takes a place that has expired, it says for whom. */
static void
come(weir_seen_t *s, int64_t now)
{
    int64_t  latest;

    latest = __atomic_load_n(&s->latest, __ATOMIC_SEQ_CST);

    while ((now > latest || latest - now > ASLEEP)
           && !__atomic_compare_exchange_n(&s->latest, &latest, now, false,
                                           __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST))
    { /* void */ }
}


/*
 * The first place that may be taken, with what it has; PLACES: none.  false:
 * the id is known, at another place than skip.
 */
static bool
look(const uint64_t *set, uint64_t tag, int64_t now, unsigned skip,
    unsigned *place, uint64_t *had)
{
    unsigned  i;
    uint64_t  word;

    *place = PLACES;

    for (i = 0; i < PLACES; i++) {
        word = __atomic_load_n(&set[i], __ATOMIC_SEQ_CST);

        if (!is_known(word, now)) {
            if (*place == PLACES) {
                *place = i;
                *had = word;
            }

        } else if (i != skip && word >> UNIT_BITS == tag) {
            return false;
        }
    }

    return true;
}


/*
 * Makes a word known at a place that had another.  WEIR_AGAIN: who else brings
 * the id wants the same place, and somebody got it.
 */
static weir_rc_t
claim(weir_seen_t *s, uint64_t *set, unsigned place, uint64_t had,
    uint64_t word, int64_t now, int64_t end)
{
    unsigned  ignored;

    if (!__atomic_compare_exchange_n(&set[place], &had, word, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    {
        return WEIR_AGAIN;
    }

    /*
     * Unless they saw another place expire: then at least the later of both
     * finds what the other wrote.  Or unless this one slept, and the other has
     * come and been forgotten.
     */
    return look(set, word >> UNIT_BITS, now, place, &ignored, &had)
           && __atomic_load_n(&s->latest, __ATOMIC_SEQ_CST) - end <= UNIT
               ? WEIR_OK : WEIR_DECLINED;
}


weir_rc_t
weir_seen_once(weir_seen_t *s, const uint8_t id[WEIR_SHA256_LEN], int64_t now,
    int64_t until)
{
    int64_t    end;
    unsigned   place;
    uint64_t  *set, words[2], tag, word, had;
    weir_rc_t  rc;

    end = until > now ? until : now;

    if (now < 0 || end - now > WEIR_SEEN_MAX) {
        return WEIR_ERROR;
    }

    come(s, now);

    memcpy(words, id, sizeof(words));
    set = (uint64_t *) ((char *) s + LINE)
          + scale(words[0], s->sets) * PLACES;

    /* to the end of its unit, and one more; no word is 0 */
    tag = words[1] >> UNIT_BITS;
    tag += tag == 0;
    word = (uint64_t) end / UNIT + 1;
    word = tag << UNIT_BITS | (word & UNIT_MASK);

    do {
        if (!look(set, tag, now, PLACES, &place, &had)) {
            return WEIR_DECLINED;
        }

        if (place == PLACES) {
            return WEIR_ERROR;
        }

        rc = claim(s, set, place, had, word, now, end);

    } while (rc == WEIR_AGAIN);

    return rc;
}
