/*
 * verify_consts.c: strings and constants.
 *
 * Many strings may share bytes, so the bytes are decoded once, and each
 * string is then answered by counting.
 */

#include "base/time.h"
#include "base/utf8.h"
#include "run/value.h"
#include "run/verify.h"

#define PER_WORD     64u        /* bytes that one word of bits speaks of */
#define MAX_COMPARE  64u        /* bytes compared for each byte of the image */

/* Each byte that begins or continues no character has its bit set. */
typedef struct {
    const uint8_t  *bytes;
    uint32_t        n;
    uint64_t       *bad;
    uint32_t       *before;     /* bad bytes before each word */
} text_t;

typedef struct {
    weir_verify_t           *v;
    text_t                   text;
    const weir_img_const_t  *consts;
    uint64_t                 held;      /* elements of different rows */
    uint32_t                *row;       /* by first element: what was found
                                           good there last, see row_key() */
    uint8_t                 *row_depth; /* depth of its deepest element */
    uint8_t                 *depth;     /* of each constant */
} consts_t;


static size_t
words_of(uint32_t n)
{
    return (size_t) n / PER_WORD + 1;
}


static inline void
mark_bad(text_t *t, uint32_t i)
{
    t->bad[i / PER_WORD] |= UINT64_C(1) << (i % PER_WORD);
}


static void
decode(text_t *t)
{
    size_t       w;
    uint32_t     sum;
    uint64_t     eight;
    const char  *p, *start, *end;

    memset(t->bad, 0, words_of(t->n) * sizeof(uint64_t));

    start = (const char *) t->bytes;
    end = start + t->n;

    for (p = start; p < end; /* void */ ) {

        if (end - p >= 8) {
            memcpy(&eight, p, 8);

            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                p += 8;
                continue;
            }
        }

        if (weir_utf8_next(&p, end) < 0) {
            mark_bad(t, (uint32_t) (p - start));
            p++;
        }
    }

    sum = 0;

    for (w = 0; w < words_of(t->n); w++) {
        t->before[w] = sum;
        sum += (uint32_t) __builtin_popcountll(t->bad[w]);
    }
}


/* Bad bytes before byte i. */
static inline uint32_t
bad_before(const text_t *t, uint32_t i)
{
    uint64_t  mask;

    mask = (UINT64_C(1) << (i % PER_WORD)) - 1;

    return t->before[i / PER_WORD]
           + (uint32_t) __builtin_popcountll(t->bad[i / PER_WORD] & mask);
}


static inline bool
continues(const text_t *t, uint32_t i)
{
    return i < t->n && (t->bytes[i] & 0xc0) == 0x80;
}


/*
 * Whether bytes [first, first + len) are UTF-8.  A character that begins
 * before them or ends behind them shows at the edges: bytes there continue
 * it, and the one behind the end is not bad.
 */
static bool
is_text(const text_t *t, uint32_t first, uint32_t len)
{
    uint32_t  end;

    end = first + len;

    if (len == 0) {
        return true;
    }

    if (continues(t, first) || bad_before(t, end) != bad_before(t, first)) {
        return false;
    }

    return !continues(t, end)
           || bad_before(t, end + 1) != bad_before(t, end);
}


static weir_rc_t
check_strs(const weir_verify_t *v, const text_t *t)
{
    uint32_t               i;
    const weir_img_str_t  *s;

    s = WEIR_REC(&v->img, STRS);

    for (i = 0; i < v->img.n[WEIR_S_STRS]; i++) {

        if (!weir_fits(s[i].offset, s[i].length, t->n)
            || s[i].length > WEIR_MAX_STRING)
        {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "strs[%u] is bytes %u to +%u of %u",
                               i, s[i].offset, s[i].length, t->n);
        }

        if (!is_text(t, s[i].offset, s[i].length)) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "strs[%u] is not UTF-8", i);
        }
    }

    return WEIR_OK;
}


static bool
is_address(const text_t *t, uint64_t offset, uint32_t len)
{
    uint32_t  i;

    if ((len != 4 && len != 16) || offset > t->n
        || sizeof(weir_ip_t) > t->n - offset || t->bytes[offset] != len)
    {
        return false;
    }

    for (i = 1 + len; i < sizeof(weir_ip_t); i++) {
        if (t->bytes[offset + i] != 0) {
            return false;
        }
    }

    return true;
}


static bool
is_duration(int64_t sec, int32_t nsec)
{
    return sec >= -WEIR_DURATION_MAX && sec <= WEIR_DURATION_MAX
           && nsec > -WEIR_NSEC && nsec < WEIR_NSEC
           && !(sec > 0 && nsec < 0) && !(sec < 0 && nsec > 0);
}


/* A constant that holds no other. */
static bool
is_scalar(const consts_t *s, const weir_img_const_t *c)
{
    const weir_image_t  *img;

    img = &s->v->img;

    switch (c->kind) {

    case WEIR_T_NULL:
        return c->n == 0 && c->v == 0;

    case WEIR_T_BOOL:
        return c->n == 0 && c->v <= 1;

    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_DOUBLE:
        return c->n == 0;

    case WEIR_T_TYPE:
        return c->n == 0 && c->v > WEIR_T_ERR && c->v < WEIR_T_COUNT;

    case WEIR_T_STRING:
        return c->n <= WEIR_MAX_STRING && c->v <= s->text.n
               && c->n <= s->text.n - c->v
               && is_text(&s->text, (uint32_t) c->v, c->n);

    case WEIR_T_BYTES:
        return c->n <= WEIR_MAX_STRING && c->v <= s->text.n
               && c->n <= s->text.n - c->v;

    case WEIR_T_TIMESTAMP:
        return c->n < WEIR_NSEC
               && (int64_t) c->v >= WEIR_TIME_MIN
               && (int64_t) c->v <= WEIR_TIME_MAX;

    case WEIR_T_DURATION:
        return is_duration((int64_t) c->v, (int32_t) c->n);

    case WEIR_T_IP:
        return is_address(&s->text, c->v, c->n);

    case WEIR_T_CIDR:
        return is_address(&s->text, c->v, c->n & 0xff)
               && c->n >> 8 <= (c->n & 0xff) * 8;

    case WEIR_T_CIDRS:
        return c->n == 0 && c->v < img->n[WEIR_S_CIDRS];

    case WEIR_T_REGEX:
        return c->n == 0 && c->v < img->n[WEIR_S_REGEXES];

    default:
        return false;
    }
}


static int
rank(const weir_img_const_t *c)
{
    switch (c->kind) {

    case WEIR_T_BOOL:
        return 0;

    case WEIR_T_INT:
        return (int64_t) c->v < 0 ? 1 : 2;

    case WEIR_T_UINT:
        return 2;

    case WEIR_T_STRING:
        return 3;

    default:
        return -1;
    }
}


bool
weir_verify_order(weir_verify_t *v, const weir_img_const_t *a,
    const weir_img_const_t *b)
{
    const char  *bytes;

    bytes = (const char *) WEIR_REC(&v->img, BYTES);
    v->compared += a->n < b->n ? a->n : b->n;

    return v->compared <= MAX_COMPARE * v->img.header->length
           && weir_str_cmp(weir_str(bytes + a->v, a->n),
                           weir_str(bytes + b->v, b->n)) < 0;
}


/* Whether key b may follow key a in a map. */
static bool
in_order(const consts_t *s, const weir_img_const_t *a,
    const weir_img_const_t *b)
{
    if (rank(a) != rank(b)) {
        return rank(a) < rank(b);
    }

    if (rank(a) < 3) {
        return a->v < b->v;     /* two's complement, of one sign */
    }

    return weir_verify_order(s->v, a, b);
}


static bool
keys_are_sorted(const consts_t *s, const weir_img_const_t *c)
{
    uint32_t                 i;
    const weir_img_const_t  *key;

    key = &s->consts[c->v];

    for (i = 0; i < c->n; i++, key += 2) {

        if (rank(key) < 0 || (i > 0 && !in_order(s, key - 2, key))) {
            return false;
        }
    }

    return true;
}


/* Never 0. */
static uint32_t
row_key(const weir_img_const_t *c)
{
    return c->n << 8 | c->kind;
}


/*
 * The n constants that c holds, the last before constant i.  Many may hold
 * the same ones: a row is looked at once.
 */
static bool
check_row(consts_t *s, uint32_t i, const weir_img_const_t *c, uint32_t n)
{
    uint32_t  k;
    uint8_t   depth;

    if (c->v > i || n > i - c->v) {
        return false;
    }

    if (s->row[c->v] == row_key(c)) {
        return true;
    }

    s->held += n;

    if (s->held > (uint64_t) 4 * s->v->img.n[WEIR_S_CONSTS]
        || (c->kind == WEIR_T_MAP && !keys_are_sorted(s, c)))
    {
        return false;
    }

    depth = 0;

    for (k = 0; k < n; k++) {
        if (s->depth[c->v + k] > depth) {
            depth = s->depth[c->v + k];
        }
    }

    s->row[c->v] = row_key(c);
    s->row_depth[c->v] = depth;

    return true;
}


static bool
is_holder(consts_t *s, uint32_t i, const weir_img_const_t *c, uint32_t n)
{
    if (!check_row(s, i, c, n)) {
        return false;
    }

    s->depth[i] = s->row_depth[c->v] + 1;

    return s->depth[i] <= WEIR_MAX_VALUE_DEPTH;
}


static bool
is_const(consts_t *s, uint32_t i)
{
    const weir_img_const_t  *c;

    c = &s->consts[i];
    s->depth[i] = 0;

    if (c->reserved[0] | c->reserved[1] | c->reserved[2]) {
        return false;
    }

    switch (c->kind) {

    case WEIR_T_LIST:
        return c->n <= WEIR_MAX_LIST && is_holder(s, i, c, c->n);

    case WEIR_T_MAP:
        return c->n <= WEIR_MAX_LIST && is_holder(s, i, c, 2 * c->n);

    case WEIR_T_OPTIONAL:
        return c->n <= 1 && (c->n == 1 || c->v == 0)
               && is_holder(s, i, c, c->n);

    default:
        return is_scalar(s, c);
    }
}


size_t
weir_verify_consts_size(const weir_image_t *img)
{
    return words_of(img->n[WEIR_S_BYTES])
           * (sizeof(uint64_t) + sizeof(uint32_t))
           + (size_t) img->n[WEIR_S_CONSTS]
             * (sizeof(uint32_t) + 2 * sizeof(uint8_t));
}


weir_rc_t
weir_verify_consts(weir_verify_t *v)
{
    consts_t  s;
    uint32_t  i;

    memset(&s, 0, sizeof(s));
    s.v = v;
    s.consts = WEIR_REC(&v->img, CONSTS);
    s.text.bytes = WEIR_REC(&v->img, BYTES);
    s.text.n = v->img.n[WEIR_S_BYTES];
    s.text.bad = v->mem;
    s.text.before = (uint32_t *) (s.text.bad + words_of(s.text.n));
    s.row = s.text.before + words_of(s.text.n);
    s.row_depth = (uint8_t *) (s.row + v->img.n[WEIR_S_CONSTS]);
    s.depth = s.row_depth + v->img.n[WEIR_S_CONSTS];

    memset(s.row, 0, v->img.n[WEIR_S_CONSTS] * sizeof(uint32_t));
    decode(&s.text);

    if (check_strs(v, &s.text) != WEIR_OK) {
        return WEIR_ERROR;
    }

    for (i = 0; i < v->img.n[WEIR_S_CONSTS]; i++) {

        if (!is_const(&s, i)) {
            return weir_refuse(v->why, WEIR_REJECT_RECORD,
                               "consts[%u] is no constant: kind %s, n %u, "
                               "v %llu", i,
                               weir_kind_name(s.consts[i].kind),
                               s.consts[i].n,
                               (unsigned long long) s.consts[i].v);
        }
    }

    return WEIR_OK;
}
