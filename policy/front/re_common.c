/*
 * re_common.c: is there a path segment that two patterns both match?
 *
 * Both become automata, and a breadth-first search over the pairs of their
 * states looks for the shortest text that takes both to their end.  Sets that
 * are not known here (\p{...}, case variants outside of ASCII) are searched
 * twice: as the least they hold, where a find is certain, and as the most,
 * where a failure is.
 */

#include "base/hash.h"
#include "base/utf8.h"
#include "front/re.h"
#include "image/bounds.h"
#include "image/format.h"

#define MAX_STATES   (1u << 17)     /* of one automaton: 17 bits of a key */

typedef enum {
    S_MATCH,
    S_CLASS,
    S_SPLIT,
    S_ASSERT
} op_t;

typedef struct {
    uint8_t   op;
    uint8_t   kind;                 /* S_ASSERT: weir_re_kind_t */
    uint32_t  out;
    uint32_t  other;                /* S_SPLIT */
    uint32_t  set;                  /* S_CLASS */
} state_t;

typedef struct {
    weir_re_ranges_t  ranges;
    uint64_t          ascii[2];
} set_t;

typedef struct {
    weir_arena_t         *arena;
    bool                  most;     /* what is not known: all, or nothing */
    bool                  exact;
    bool                  failed;
    weir_vec_t(state_t)   states;
    weir_vec_t(set_t)     sets;
    uint32_t              start;
} nfa_t;

/* what the next character may be; a text may end where END is allowed */
#define NEXT_END    1u
#define NEXT_WORD   2u
#define NEXT_OTHER  4u
#define NEXT_ANY    7u

/* dots: the text so far is that many dots, or anything else */
#define SOME_TEXT   3u

typedef struct {
    uint32_t  x;
    uint32_t  y;
    unsigned  dots;
    bool      word;                 /* the last character was one of a word */
    unsigned  next;
} pair_t;

typedef struct {
    pair_t    pair;
    uint32_t  from;                 /* the step before, or WEIR_NONE */
    uint32_t  c;                    /* the character that led here; 0 = none */
} step_t;

typedef weir_vec_t(uint32_t)  list_t;

typedef struct {
    weir_arena_t        *arena;
    const nfa_t         *x;
    const nfa_t         *y;
    weir_vec_t(step_t)   steps;
    uint32_t            *table;     /* of steps, by their pair */
    uint32_t             size;      /* a power of 2, at least half free */
    list_t               now;
    list_t               later;     /* one character longer */
    bool                 nomem;
} search_t;

/* in order of liking */
static const char  words[] =
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
static const char  others[] = "-~!$&'()*+,:=@ \"#%<>?[]^`{|}";


/* Automata */

static uint32_t
add_state(nfa_t *m, op_t op, uint32_t out, uint32_t other)
{
    state_t  *s;

    if (m->states.len == MAX_STATES) {
        m->failed = true;
        return 0;
    }

    s = weir_vec_push(m->arena, &m->states);

    if (s == NULL) {
        m->failed = true;
        return 0;
    }

    s->op = op;
    s->out = out;
    s->other = other;

    return (uint32_t) m->states.len - 1;
}


/* The least or the most that a class holds. */
static bool
class_set(nfa_t *m, const weir_re_class_t *cls, weir_re_ranges_t *out)
{
    bool    most, wide;
    size_t  i;

    most = m->most != cls->negated;
    wide = false;

    for (i = 0; i < cls->ranges.len; i++) {
        wide = wide || cls->ranges.items[i].hi >= 0x80;

        if (!weir_re_add(m->arena, out, cls->ranges.items[i].lo,
                         cls->ranges.items[i].hi))
        {
            return false;
        }
    }

    if (cls->fold) {
        m->exact = m->exact && !wide;

        if (!weir_re_fold(m->arena, out)
            || (most && wide
                && !weir_re_add(m->arena, out, 0x80, WEIR_RE_MAX_CHAR)))
        {
            return false;
        }
    }

    if (cls->props.len != 0) {
        m->exact = false;

        if (most && !weir_re_add(m->arena, out, 0, WEIR_RE_MAX_CHAR)) {
            return false;
        }
    }

    weir_re_settle(out);

    return !cls->negated || weir_re_invert(m->arena, out);
}


static uint32_t
add_class(nfa_t *m, const weir_re_class_t *cls, uint32_t out)
{
    set_t     *set;
    size_t     i;
    uint32_t   c, s;

    set = weir_vec_push(m->arena, &m->sets);

    if (set == NULL || !class_set(m, cls, &set->ranges)) {
        m->failed = true;
        return 0;
    }

    for (i = 0; i < set->ranges.len; i++) {
        for (c = set->ranges.items[i].lo;
             c <= set->ranges.items[i].hi && c < 0x80;
             c++)
        {
            set->ascii[c / 64] |= (uint64_t) 1 << c % 64;
        }
    }

    s = add_state(m, S_CLASS, out, 0);

    if (!m->failed) {
        m->states.items[s].set = (uint32_t) m->sets.len - 1;
    }

    return s;
}


static uint32_t add_node(nfa_t *m, const weir_re_t *re, uint32_t out);


static uint32_t
add_repeat(nfa_t *m, const weir_re_t *re, uint32_t out)
{
    uint32_t          i, loop, body;
    const weir_re_t  *sub;

    sub = re->subs.items[0];
    i = re->min;

    if (re->max == WEIR_RE_NO_MAX) {
        loop = add_state(m, S_SPLIT, out, out);
        body = add_node(m, sub, loop);

        if (m->failed) {
            return 0;
        }

        m->states.items[loop].out = body;

        out = i == 0 ? loop : body;
        i -= (i != 0);

    } else {
        loop = out;

        for (i = re->max; i > re->min && !m->failed; i--) {
            body = add_node(m, sub, out);
            out = add_state(m, S_SPLIT, body, loop);
        }
    }

    for ( /* void */ ; i > 0 && !m->failed; i--) {
        out = add_node(m, sub, out);
    }

    return out;
}


/*
 * The state from which the node's text leads to out; as deep as the groups
 * of the pattern.
 */
static uint32_t
add_node(nfa_t *m, const weir_re_t *re, uint32_t out)
{
    size_t    i;
    uint32_t  s, last;

    if (m->failed) {
        return 0;
    }

    switch (re->kind) {

    case WEIR_RE_EMPTY:
        return out;

    case WEIR_RE_CLASS:
        return add_class(m, re->cls, out);

    case WEIR_RE_CAT:
        for (i = re->subs.len; i > 0; i--) {
            out = add_node(m, re->subs.items[i - 1], out);
        }

        return out;

    case WEIR_RE_ALT:
        i = re->subs.len - 1;
        last = add_node(m, re->subs.items[i], out);

        while (i-- > 0) {
            s = add_node(m, re->subs.items[i], out);
            last = add_state(m, S_SPLIT, s, last);
        }

        return last;

    case WEIR_RE_REPEAT:
        return add_repeat(m, re, out);

    default:
        s = add_state(m, S_ASSERT, out, 0);

        if (!m->failed) {
            m->states.items[s].kind = (uint8_t) re->kind;
        }

        return s;
    }
}


/* NULL: every text. */
static void
build(nfa_t *m, weir_arena_t *a, const weir_re_t *re, bool most)
{
    uint32_t                      match;
    weir_re_class_t               any = { 0 };
    weir_re_t                     one = { 0 }, all = { 0 };
    static const weir_re_range_t  every = { 0, WEIR_RE_MAX_CHAR };
    const weir_re_t              *subs[1];

    memset(m, 0, sizeof(nfa_t));

    m->arena = a;
    m->most = most;
    m->exact = true;

    if (re == NULL) {
        any.ranges.items = (weir_re_range_t *) &every;
        any.ranges.len = 1;
        one.kind = WEIR_RE_CLASS;
        one.cls = &any;
        subs[0] = &one;
        all.kind = WEIR_RE_REPEAT;
        all.subs.items = subs;
        all.subs.len = 1;
        all.max = WEIR_RE_NO_MAX;
        re = &all;
    }

    match = add_state(m, S_MATCH, 0, 0);
    m->start = add_node(m, re, match);
}


/* The search */

static uint64_t
key_of(const pair_t *p)
{
    return (uint64_t) p->x << 32 | (uint64_t) p->y << 8 | p->dots << 4
           | (unsigned) p->word << 3 | p->next;
}


/* Where the pair is in the table, or would be. */
static uint32_t *
find_slot(const search_t *s, const pair_t *p)
{
    uint32_t  i;
    uint64_t  key;

    key = key_of(p);
    i = (uint32_t) weir_mix(key) & (s->size - 1);

    while (s->table[i] != WEIR_NONE
           && key_of(&s->steps.items[s->table[i]].pair) != key)
    {
        i = (i + 1) & (s->size - 1);
    }

    return &s->table[i];
}


static bool
grow_table(search_t *s)
{
    uint32_t  i;

    s->size = s->size == 0 ? 256 : s->size * 2;
    s->table = weir_arena_array(s->arena, s->size, sizeof(uint32_t));

    if (s->table == NULL) {
        return false;
    }

    memset(s->table, 0xff, s->size * sizeof(uint32_t));

    for (i = 0; i < s->steps.len; i++) {
        *find_slot(s, &s->steps.items[i].pair) = i;
    }

    return true;
}


/* Adds a pair that was not there yet to a list. */
static void
reach(search_t *s, list_t *list, const pair_t *p, uint32_t from, uint32_t c)
{
    step_t    *step;
    uint32_t  *slot, *entry;

    if (s->nomem) {
        return;
    }

    if (s->steps.len * 2 >= s->size && !grow_table(s)) {
        s->nomem = true;
        return;
    }

    slot = find_slot(s, p);

    if (*slot != WEIR_NONE) {
        return;
    }

    step = weir_vec_push(s->arena, &s->steps);
    entry = weir_vec_push(s->arena, list);

    if (step == NULL || entry == NULL) {
        s->nomem = true;
        return;
    }

    *step = (step_t) { *p, from, c };
    *entry = (uint32_t) s->steps.len - 1;
    *slot = *entry;
}


/* Passes an assertion: false where it cannot hold. */
static bool
hold(unsigned kind, pair_t *p)
{
    switch (kind) {

    case WEIR_RE_BEGIN:
    case WEIR_RE_BEGIN_LINE:        /* a segment has one line */
        return p->dots == 0;

    case WEIR_RE_END:
    case WEIR_RE_END_LINE:
        p->next &= NEXT_END;
        break;

    case WEIR_RE_WORD:
        p->next &= p->word ? NEXT_END | NEXT_OTHER : NEXT_WORD;
        break;

    default:
        p->next &= p->word ? NEXT_WORD : NEXT_END | NEXT_OTHER;
        break;
    }

    return p->next != 0;
}


/* Steps that read nothing, by one of the two; true when there was one. */
static bool
step_empty(search_t *s, const pair_t *from, uint32_t i, const nfa_t *m,
    uint32_t at, bool is_x)
{
    pair_t          p;
    const state_t  *st;

    st = &m->states.items[at];

    if (st->op == S_SPLIT) {
        p = *from;
        *(is_x ? &p.x : &p.y) = st->out;
        reach(s, &s->now, &p, i, 0);
        *(is_x ? &p.x : &p.y) = st->other;
        reach(s, &s->now, &p, i, 0);
        return true;
    }

    if (st->op == S_ASSERT) {
        p = *from;
        *(is_x ? &p.x : &p.y) = st->out;

        if (hold(st->kind, &p)) {
            reach(s, &s->now, &p, i, 0);
        }

        return true;
    }

    return false;
}


/* The best liked character of a string that is in both sets; 0 = none. */
static uint32_t
choose(const set_t *x, const set_t *y, const char *from)
{
    uint64_t       both[2];
    unsigned char  c;

    both[0] = x->ascii[0] & y->ascii[0];
    both[1] = x->ascii[1] & y->ascii[1];

    if ((both[0] | both[1]) == 0) {
        return 0;
    }

    for ( /* void */ ; *from != '\0'; from++) {
        c = (unsigned char) *from;

        if (both[c / 64] & (uint64_t) 1 << c % 64) {
            return c;
        }
    }

    return 0;
}


/* A character outside of ASCII; 0 = none. */
static uint32_t
choose_wide(const set_t *x, const set_t *y)
{
    size_t                  i, k;
    uint32_t                lo, hi, first;
    const weir_re_range_t  *a, *b;

    first = 0;

    for (i = 0, k = 0; i < x->ranges.len && k < y->ranges.len; /* void */ ) {
        a = &x->ranges.items[i];
        b = &y->ranges.items[k];
        lo = a->lo > b->lo ? a->lo : b->lo;
        hi = a->hi < b->hi ? a->hi : b->hi;

        if (lo <= hi && hi >= 0xa1) {
            return lo > 0xa1 ? lo : 0xa1;
        }

        if (lo <= hi && hi >= 0x80 && first == 0) {
            first = lo > 0x80 ? lo : 0x80;
        }

        i += (a->hi <= b->hi);
        k += (b->hi <= a->hi);
    }

    return first;
}


/* Steps that read a character, one for each kind that makes a difference. */
static void
step_char(search_t *s, const pair_t *from, uint32_t i)
{
    pair_t          p;
    uint32_t        c;
    const set_t    *x, *y;
    const state_t  *sx, *sy;

    sx = &s->x->states.items[from->x];
    sy = &s->y->states.items[from->y];

    if (sx->op != S_CLASS || sy->op != S_CLASS) {
        return;
    }

    x = &s->x->sets.items[sx->set];
    y = &s->y->sets.items[sy->set];
    p = (pair_t) { sx->out, sy->out, SOME_TEXT, true, NEXT_ANY };

    if (from->next & NEXT_WORD) {
        c = choose(x, y, words);

        if (c != 0) {
            reach(s, &s->later, &p, i, c);
        }
    }

    if (!(from->next & NEXT_OTHER)) {
        return;
    }

    p.word = false;
    c = choose(x, y, others);
    c = c != 0 ? c : choose_wide(x, y);

    if (c != 0) {
        reach(s, &s->later, &p, i, c);
    }

    if (choose(x, y, ".") != 0) {
        p.dots = from->dots == SOME_TEXT ? SOME_TEXT : from->dots + 1;
        reach(s, &s->later, &p, i, '.');
    }
}


static weir_rc_t
spell(const search_t *s, weir_arena_t *a, uint32_t i, weir_str_t *witness)
{
    char     *text, utf8[4];
    size_t    len, n;
    uint32_t  k, c;

    for (len = 0, k = i; k != WEIR_NONE; k = s->steps.items[k].from) {
        c = s->steps.items[k].c;
        len += c != 0 ? weir_utf8_put(utf8, c) : 0;
    }

    text = weir_arena_alloc(a, len + 1);

    if (text == NULL) {
        return WEIR_NOMEM;
    }

    *witness = weir_str(text, len);

    for (k = i; k != WEIR_NONE; k = s->steps.items[k].from) {
        c = s->steps.items[k].c;

        if (c != 0) {
            n = weir_utf8_put(utf8, c);
            len -= n;
            memcpy(text + len, utf8, n);
        }
    }

    return WEIR_OK;
}


/* WEIR_ERROR: the bound was passed. */
static weir_rc_t
search(search_t *s, weir_arena_t *a, weir_str_t *witness)
{
    size_t    i;
    list_t    swap;
    pair_t    p;
    uint32_t  at;

    p = (pair_t) { s->x->start, s->y->start, 0, false, NEXT_ANY };
    reach(s, &s->now, &p, WEIR_NONE, 0);

    while (s->now.len != 0) {

        /* the list grows by steps that read nothing */

        for (i = 0; i < s->now.len; i++) {

            if (s->nomem) {
                return WEIR_NOMEM;
            }

            if (s->steps.len > WEIR_MAX_REGEX_PAIRS) {
                return WEIR_ERROR;
            }

            at = s->now.items[i];
            p = s->steps.items[at].pair;

            if (s->x->states.items[p.x].op == S_MATCH
                && s->y->states.items[p.y].op == S_MATCH)
            {
                if (p.dots == SOME_TEXT && (p.next & NEXT_END)) {
                    return spell(s, a, at, witness);
                }

                continue;
            }

            if (!step_empty(s, &p, at, s->x, p.x, true)
                && !step_empty(s, &p, at, s->y, p.y, false))
            {
                step_char(s, &p, at);
            }
        }

        swap = s->now;
        s->now = s->later;
        s->later = swap;
        s->later.len = 0;
    }

    return s->nomem ? WEIR_NOMEM : WEIR_DECLINED;
}


/* One search in memory of its own. */
static weir_rc_t
find_common(weir_arena_t *a, const weir_re_t *x, const weir_re_t *y, bool most,
    bool *exact, weir_str_t *witness)
{
    nfa_t          nx, ny;
    search_t       s = { 0 };
    weir_rc_t      rc;
    weir_arena_t  *own;

    own = weir_arena_create();

    if (own == NULL) {
        return WEIR_NOMEM;
    }

    build(&nx, own, x, most);
    build(&ny, own, y, most);
    *exact = nx.exact && ny.exact;

    if (nx.failed || ny.failed) {
        weir_arena_destroy(own);
        return WEIR_ERROR;
    }

    s.arena = own;
    s.x = &nx;
    s.y = &ny;

    rc = search(&s, a, witness);
    weir_arena_destroy(own);

    return rc;
}


weir_rc_t
weir_re_common(weir_arena_t *a, const weir_re_t *x, const weir_re_t *y,
    weir_str_t *witness)
{
    bool        exact;
    weir_rc_t   rc;
    weir_str_t  maybe;

    rc = find_common(a, x, y, false, &exact, witness);

    if (exact || rc != WEIR_DECLINED) {
        return rc;
    }

    rc = find_common(a, x, y, true, &exact, &maybe);

    return rc == WEIR_OK ? WEIR_ERROR : rc;
}
