/*
 * diff_regex.c: samples of a pattern: texts that it matches, and some that it
 * just does not.  Which is which, the caller asks PCRE2.
 */

#include "cli/diff.h"
#include "front/re.h"

#define MOST  256               /* bytes of a sample */

/* how a walk through the pattern chooses; each row of ways is one walk */
typedef struct {
    unsigned  branch;           /* of alternatives */
    enum { LEAST, ONE_MORE, MOST_OF, TOO_MANY } times;
    enum { LOWEST, HIGHEST, BEYOND } letter;
} way_t;

typedef struct {
    way_t   way;
    size_t  n;
    char    text[MOST];
} sample_t;


static void
put_byte(sample_t *s, char c)
{
    if (s->n < MOST) {
        s->text[s->n++] = c;
    }
}


static bool
class_has(const weir_re_class_t *c, uint32_t ch)
{
    bool      in;
    size_t    i;

    in = false;

    for (i = 0; i < c->ranges.len; i++) {
        in |= ch >= c->ranges.items[i].lo && ch <= c->ranges.items[i].hi;
    }

    return in != c->negated;
}


/* ASCII alone: other scripts are left to luck. */
static void
put_letter(sample_t *s, const weir_re_class_t *c)
{
    char         first, last;
    const char  *p;

    static const char  letters[] =
        "-./_~"
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    first = last = 0;

    for (p = letters + sizeof(letters) - 2; p >= letters; p--) {

        if (class_has(c, (unsigned char) *p)) {
            first = *p;
            last = last ? last : *p;
        }
    }

    if (first == 0) {
        put_byte(s, c->ranges.len && c->ranges.items[0].lo < 0x80
                    ? (char) c->ranges.items[0].lo : 'w');

    } else if (s->way.letter == BEYOND) {
        put_byte(s, (char) (last + 1));

    } else {
        put_byte(s, s->way.letter == HIGHEST ? last : first);
    }
}


/* depth: as deep as a pattern may be, see bounds.h. */
static void
put_re(sample_t *s, const weir_re_t *re, unsigned depth)
{
    size_t    i;
    uint32_t  n, most;

    if (depth > 4 * WEIR_MAX_REGEX_DEPTH || s->n == MOST) {
        return;
    }

    switch (re->kind) {

    case WEIR_RE_CLASS:
        put_letter(s, re->cls);
        break;

    case WEIR_RE_CAT:
        for (i = 0; i < re->subs.len; i++) {
            put_re(s, re->subs.items[i], depth + 1);
        }

        break;

    case WEIR_RE_ALT:
        put_re(s, re->subs.items[s->way.branch % re->subs.len], depth + 1);
        break;

    case WEIR_RE_REPEAT:
        most = re->max == WEIR_RE_NO_MAX ? re->min + 2 : re->max;
        n = s->way.times == LEAST ? re->min
            : s->way.times == MOST_OF ? most
            : s->way.times == TOO_MANY ? most + 1
            : re->min < most ? re->min + 1 : most;

        while (n-- > 0 && s->n < MOST) {
            put_re(s, re->subs.items[0], depth + 1);
        }

        break;

    default:
        break;                  /* takes no text */
    }
}


static void
keep_sample(diff_t *d, diff_strs_t *out, weir_str_t s)
{
    if (!weir_diff_has(out, s)) {
        weir_diff_push(d, out, weir_diff_text(d, "%.*s", WEIR_STR(s)));
    }
}


void
weir_diff_samples(diff_t *d, weir_str_t pattern, diff_strs_t *out)
{
    size_t            i;
    sample_t          s;
    weir_text_t       text;
    weir_diags_t      diags;
    const weir_re_t  *re;

    static const way_t  ways[] = {
        { 0, ONE_MORE, LOWEST }, { 0, LEAST, LOWEST }, { 0, MOST_OF, HIGHEST },
        { 0, TOO_MANY, LOWEST }, { 0, ONE_MORE, BEYOND },
        { 1, ONE_MORE, HIGHEST }, { 2, MOST_OF, LOWEST }, { 3, LEAST, LOWEST },
        { 4, ONE_MORE, LOWEST }, { 0, ONE_MORE, HIGHEST },
    };

    memset(&text, 0, sizeof(text));
    memset(&diags, 0, sizeof(diags));
    diags.arena = d->arena;
    text.text = pattern;

    if (weir_re_parse(d->arena, &diags, &text, 0, pattern.len, &re)
        != WEIR_OK)
    {
        return;
    }

    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        s.way = ways[i];
        s.n = 0;
        put_re(&s, re, 0);
        keep_sample(d, out, weir_str(s.text, s.n));
    }

    /* around what a walk gave first */

    s.way = ways[0];
    s.n = 0;
    put_re(&s, re, 0);

    if (s.n != 0) {
        keep_sample(d, out, weir_str(s.text, s.n - 1));
        put_byte(&s, '~');
        keep_sample(d, out, weir_str(s.text, s.n));
        memmove(s.text + 1, s.text, s.n - 1);
        s.text[0] = '~';
        keep_sample(d, out, weir_str(s.text, s.n));
    }
}
