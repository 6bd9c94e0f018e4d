/*
 * revoked.c: two open hash tables of digests, each in the other's shadow.
 *
 * The set that is current is that of the generation's lowest bit.  Who reads
 * looks at the generation before and after: only once it has moved on may the
 * set that was read be another's work.  Slots are single words, so a reader
 * that must look again has seen nothing worse than words.
 */

#include "run/limiter.h"
#include "run/revoked.h"

#define LINE   64
#define LEAST  8                /* slots of a set */
#define MOST   UINT32_MAX

/* a slot of which there is no digest */
#define FREE  0

struct weir_revoked_s {
    weir_id_t  key;
    uint64_t   generation;      /* sets that ever were current */
    uint64_t   fills;           /* that ever began */
    uint64_t   emptied;         /* slots of the set that is filled */
    uint64_t   added;           /* to it */
    uint64_t   count[2];
    uint64_t   slots;           /* of a set; fewer than 2^32 */
};

_Static_assert(sizeof(weir_revoked_t) <= 2 * LINE, "the head is two lines");


static inline uint64_t
get(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}


static inline void
set(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}


static inline uint64_t *
slots_of(const weir_revoked_t *t, uint64_t generation)
{
    return (uint64_t *) ((char *) t + 2 * LINE) + (generation & 1) * t->slots;
}


/* The set that is filled. */
static inline uint64_t *
next_slots(const weir_revoked_t *t)
{
    return slots_of(t, get(&t->generation) + 1);
}


static uint64_t
digest(const weir_revoked_t *t, weir_str_t issuer, weir_str_t what,
    weir_str_t value)
{
    weir_key_hash_t   h;
    weir_limit_key_t  key;

    weir_key_begin(&h, &t->key);
    weir_key_part(&h, 0, issuer);
    weir_key_part(&h, 1, what);
    weir_key_part(&h, 2, value);
    weir_key_end(&h, &key);

    return key.w[0] == FREE ? FREE + 1 : key.w[0];
}


/* Where it is, or the free slot that it would have: there is always one. */
static uint64_t
look(const weir_revoked_t *t, const uint64_t *slots, uint64_t sum,
    uint64_t *found)
{
    uint64_t  i, n;

    i = (sum >> 32) * t->slots >> 32;
    *found = FREE;

    for (n = 0; n < t->slots; n++) {
        *found = __atomic_load_n(&slots[i], __ATOMIC_RELAXED);

        if (*found == sum || *found == FREE) {
            break;
        }

        i = i + 1 == t->slots ? 0 : i + 1;
    }

    return i;
}


/* Cuts off what stands before the first blank; false: there is none. */
static bool
cut(weir_str_t *rest, weir_str_t *first)
{
    const char  *blank;

    blank = rest->len ? memchr(rest->data, ' ', rest->len) : NULL;

    if (blank == NULL) {
        return false;
    }

    *first = weir_str(rest->data, (size_t) (blank - rest->data));
    *rest = weir_str(blank + 1, rest->len - first->len - 1);

    return true;
}


static bool
parse(weir_str_t member, weir_str_t *issuer, weir_str_t *what,
    weir_str_t *value)
{
    *value = member;

    return cut(value, issuer) && cut(value, what) && issuer->len != 0
           && value->len != 0
           && (weir_str_eq(*what, weir_string("jti"))
               || weir_str_eq(*what, weir_string("sub"))
               || weir_str_eq(*what, weir_string("kid")));
}


weir_revoked_t *
weir_revoked_init(void *mem, size_t size, const weir_id_t *key)
{
    uint64_t         n;
    weir_revoked_t  *t;

    if (size < 2 * LINE + 2 * LEAST * sizeof(uint64_t)) {
        return NULL;
    }

    n = (size - 2 * LINE) / (2 * sizeof(uint64_t));
    n = n > MOST ? MOST : n;

    t = mem;
    t->key = *key;
    t->slots = n;

    return t;
}


uint64_t
weir_revoked_room(const weir_revoked_t *t)
{
    return t->slots - t->slots / 8;
}


uint64_t
weir_revoked_count(const weir_revoked_t *t)
{
    return get(&t->count[get(&t->generation) & 1]);
}


bool
weir_revoked_has(const weir_revoked_t *t, weir_str_t issuer, weir_str_t what,
    weir_str_t value)
{
    uint64_t  sum, found, generation;

    if (weir_revoked_count(t) == 0) {
        return false;
    }

    sum = digest(t, issuer, what, value);

    do {
        generation = get(&t->generation);
        (void) look(t, slots_of(t, generation), sum, &found);

        __atomic_thread_fence(__ATOMIC_SEQ_CST);

    } while (generation != get(&t->generation));

    return found == sum;
}


void
weir_revoked_begin(weir_revoked_t *t, uint64_t *fill)
{
    *fill = __atomic_add_fetch(&t->fills, 1, __ATOMIC_SEQ_CST);

    set(&t->emptied, 0);
    set(&t->added, 0);

    /* the generation is seen before what becomes of the other set */

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}


weir_rc_t
weir_revoked_empty(weir_revoked_t *t, uint64_t fill, size_t bytes)
{
    uint64_t   from, n, *slots;

    if (get(&t->fills) != fill) {
        return WEIR_ERROR;
    }

    from = get(&t->emptied);
    slots = next_slots(t);

    for (n = 0; from < t->slots && n * sizeof(uint64_t) < bytes; n++) {
        __atomic_store_n(&slots[from++], FREE, __ATOMIC_RELAXED);
    }

    set(&t->emptied, from);

    return from < t->slots ? WEIR_AGAIN : WEIR_OK;
}


weir_rc_t
weir_revoked_add(weir_revoked_t *t, uint64_t fill, weir_str_t member)
{
    uint64_t    i, found, sum, *slots;
    weir_str_t  issuer, what, value;

    if (get(&t->fills) != fill) {
        return WEIR_ERROR;
    }

    if (!parse(member, &issuer, &what, &value)) {
        return WEIR_DECLINED;
    }

    sum = digest(t, issuer, what, value);
    slots = next_slots(t);
    i = look(t, slots, sum, &found);

    if (found == sum) {
        return WEIR_OK;
    }

    if (get(&t->added) == weir_revoked_room(t)) {
        return WEIR_NOMEM;
    }

    __atomic_store_n(&slots[i], sum, __ATOMIC_RELAXED);
    set(&t->added, get(&t->added) + 1);

    return WEIR_OK;
}


weir_rc_t
weir_revoked_commit(weir_revoked_t *t, uint64_t fill)
{
    uint64_t  next;

    next = get(&t->generation) + 1;

    if (get(&t->fills) != fill || get(&t->emptied) < t->slots) {
        return WEIR_ERROR;
    }

    set(&t->count[next & 1], get(&t->added));
    set(&t->generation, next);

    /* no more is done to what is current */

    (void) __atomic_add_fetch(&t->fills, 1, __ATOMIC_SEQ_CST);

    return WEIR_OK;
}
