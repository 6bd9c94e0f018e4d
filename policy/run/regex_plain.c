/*
 * regex_plain.c: patterns so plain that one look at each byte decides.
 *
 * A pattern is plain when it begins at the beginning of the subject, and is a
 * row of texts and classes, each repeated as often as it says, where no class
 * whose number is open has a character that may follow it: then what takes as
 * much as it can is never wrong.  Such are most of what policies ask of paths
 * and parameters: ^/v[0-9]+/reports, [a-z0-9-]{1,32}.
 *
 * Patterns are in the canonical form of front/re_emit.c; what is in any other
 * is not plain.  Subjects are ASCII, so that a byte is a character.
 */

#include <stdlib.h>

#include "run/regex_plain.h"

#define MAX_PARTS  16
#define MAX_TEXT   64           /* of all texts together */
#define NO_MAX     UINT32_MAX
#define MAX_COUNT  1000         /* more is not worth the look */

typedef struct {
    uint64_t  bits[2];          /* a bit for each ASCII character */
} set_t;

typedef struct {
    uint32_t  len;              /* of a text; 0: a class */
    uint32_t  text;
    uint32_t  min;
    uint32_t  max;
    set_t     set;              /* of a text: its first character */
} part_t;

struct weir_plain_s {
    uint32_t  n;
    uint32_t  used;             /* of text */
    bool      end;              /* the subject ends there as well */
    part_t    parts[MAX_PARTS];
    char      text[MAX_TEXT];
};

typedef struct {
    const char  *p;
    const char  *end;
} reader_t;


static inline bool
has(const set_t *s, unsigned c)
{
    return s->bits[c >> 6] >> (c & 63) & 1;
}


static void
add(set_t *s, unsigned c)
{
    s->bits[c >> 6] |= (uint64_t) 1 << (c & 63);
}


static bool
take(reader_t *r, const char *text)
{
    weir_str_t  s;

    s = weir_cstr(text);

    if (!weir_str_starts(weir_str(r->p, (size_t) (r->end - r->p)), s)) {
        return false;
    }

    r->p += s.len;

    return true;
}


static int
hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


/* \x{...} up to 7f */
static bool
read_hex(reader_t *r, unsigned *c)
{
    unsigned  v, n;

    for (v = 0, n = 0; r->p < r->end && hex(*r->p) >= 0; r->p++, n++) {
        v = v * 16 + (unsigned) hex(*r->p);

        if (v > 0x7f) {
            return false;
        }
    }

    *c = v;

    return n > 0 && take(r, "}");
}


/* A character of a text or class, as re_emit.c writes them. */
static bool
read_char(reader_t *r, unsigned *c)
{
    if (take(r, "\\x{")) {
        return read_hex(r, c);
    }

    if (take(r, "\\")) {
        /* what is no punctuation is a class or an anchor */
        if (r->p == r->end
            || strchr("\\^$.[]|()?*+{}-", *r->p) == NULL || *r->p == '\0')
        {
            return false;
        }

    } else if (r->p == r->end
               || (uint8_t) *r->p < 0x20 || (uint8_t) *r->p > 0x7e
               || strchr("^$.[]|()?*+{}-", *r->p) != NULL)
    {
        return false;
    }

    *c = (uint8_t) *r->p++;

    return true;
}


/* Behind the bracket. */
static bool
read_class(reader_t *r, set_t *set)
{
    bool      negated;
    unsigned  lo, hi;

    negated = take(r, "^");

    do {
        if (!read_char(r, &lo)) {
            return false;
        }

        hi = lo;

        if (take(r, "-") && !read_char(r, &hi)) {
            return false;
        }

        for (; lo <= hi; lo++) {
            add(set, lo);
        }

    } while (!take(r, "]"));

    if (negated) {
        set->bits[0] = ~set->bits[0];
        set->bits[1] = ~set->bits[1];
    }

    return true;
}


static bool
read_number(reader_t *r, uint32_t *n)
{
    const char  *start;

    *n = 0;

    for (start = r->p; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        *n = *n * 10 + (uint32_t) (*r->p - '0');

        if (*n > MAX_COUNT) {
            return false;
        }
    }

    return r->p > start;
}


/* false: counts that are not plain, those that take as little as they can. */
static bool
read_counts(reader_t *r, uint32_t *min, uint32_t *max)
{
    *min = 1;
    *max = 1;

    if (take(r, "*")) {
        *min = 0;
        *max = NO_MAX;

    } else if (take(r, "+")) {
        *max = NO_MAX;

    } else if (take(r, "?")) {
        *min = 0;

    } else if (take(r, "{")) {

        if (!read_number(r, min)) {
            return false;
        }

        *max = *min;

        if (take(r, ",")) {
            *max = NO_MAX;

            if (!take(r, "}") && (!read_number(r, max) || !take(r, "}"))) {
                return false;
            }

        } else if (!take(r, "}")) {
            return false;
        }

    } else {
        return true;
    }

    return !take(r, "?") && !take(r, "+") && !take(r, "*") && !take(r, "{");
}


/* A character that stands once: part of the text before it, if there is one. */
static bool
add_char(weir_plain_t *p, unsigned c)
{
    part_t  *part;

    part = p->n > 0 ? &p->parts[p->n - 1] : NULL;

    if (part == NULL || part->len == 0) {

        if (p->n == MAX_PARTS) {
            return false;
        }

        part = &p->parts[p->n++];
        part->text = p->used;
        part->min = 1;
        part->max = 1;
        add(&part->set, c);
    }

    if (p->used == MAX_TEXT) {
        return false;
    }

    p->text[p->used++] = (char) c;
    part->len++;

    return true;
}


static bool
read_part(reader_t *r, weir_plain_t *p)
{
    bool      is_char;
    set_t     set;
    part_t   *part;
    unsigned  c;
    uint32_t  min, max;

    memset(&set, 0, sizeof(set));
    is_char = false;
    c = 0;

    if (take(r, "[")) {

        if (!read_class(r, &set)) {
            return false;
        }

    } else if (take(r, "(?s:.)")) {
        set.bits[0] = UINT64_MAX;
        set.bits[1] = UINT64_MAX;

    } else if (read_char(r, &c)) {
        is_char = true;
        add(&set, c);

    } else {
        return false;
    }

    if (!read_counts(r, &min, &max)) {
        return false;
    }

    if (is_char && min == 1 && max == 1) {
        return add_char(p, c);
    }

    if (p->n == MAX_PARTS) {
        return false;
    }

    part = &p->parts[p->n++];
    part->set = set;
    part->min = min;
    part->max = max;

    return true;
}


/* Whether a class may take as much as it can: nothing behind it wants that. */
static bool
may_take_all(const weir_plain_t *p, uint32_t i)
{
    const part_t  *part, *next;

    part = &p->parts[i];

    if (part->min == part->max) {
        return true;
    }

    for (i++; i < p->n; i++) {
        next = &p->parts[i];

        if ((part->set.bits[0] & next->set.bits[0])
            || (part->set.bits[1] & next->set.bits[1]))
        {
            return false;
        }

        if (next->min > 0) {
            break;
        }
    }

    return true;
}


static bool
read_pattern(reader_t *r, bool anchored, weir_plain_t *p)
{
    uint32_t  i;

    if (!take(r, "\\A") && !anchored) {
        return false;
    }

    p->end = anchored;

    while (r->p < r->end) {

        if (take(r, "\\z")) {
            p->end = true;
            break;
        }

        if (!read_part(r, p)) {
            return false;
        }
    }

    if (r->p < r->end) {
        return false;
    }

    for (i = 0; i < p->n; i++) {
        if (!may_take_all(p, i)) {
            return false;
        }
    }

    return true;
}


weir_plain_t *
weir_plain_compile(weir_str_t pattern, bool anchored)
{
    reader_t       r;
    weir_plain_t   p, *out;

    memset(&p, 0, sizeof(p));
    r.p = pattern.data;
    r.end = pattern.data + pattern.len;

    if (!read_pattern(&r, anchored, &p)) {
        return NULL;
    }

    out = malloc(sizeof(weir_plain_t));

    if (out != NULL) {
        *out = p;
    }

    return out;
}


static bool
is_ascii(weir_str_t s)
{
    size_t    i;
    uint64_t  word, seen;

    seen = 0;

    for (i = 0; s.len - i >= 8; i += 8) {
        memcpy(&word, s.data + i, 8);
        seen |= word;
    }

    for (; i < s.len; i++) {
        seen |= (uint8_t) s.data[i];
    }

    return (seen & 0x8080808080808080) == 0;
}


weir_rc_t
weir_plain_match(const weir_plain_t *p, weir_str_t subject)
{
    size_t         n, most;
    const char    *at, *end;
    const part_t  *part, *last;

    if (!is_ascii(subject)) {
        return WEIR_ERROR;
    }

    /* no text may be at no place */
    at = subject.len ? subject.data : "";
    end = at + subject.len;
    last = p->parts + p->n;

    for (part = p->parts; part < last; part++) {
        most = (size_t) (end - at);

        if (part->len) {

            if (most < part->len
                || memcmp(at, p->text + part->text, part->len) != 0)
            {
                return WEIR_DECLINED;
            }

            at += part->len;
            continue;
        }

        most = most < part->max ? most : part->max;

        for (n = 0; n < most && has(&part->set, (uint8_t) at[n]); n++) {
            /* void */
        }

        if (n < part->min) {
            return WEIR_DECLINED;
        }

        at += n;
    }

    return p->end && at < end ? WEIR_DECLINED : WEIR_OK;
}
