/*
 * tzif.c: TZif files (RFC 9636) to shifts, and the rules of POSIX TZ behind
 * them.
 *
 * Input is any bytes.  Of the two blocks of a file the one with 32 bits is
 * stepped over.
 */

#include "base/reader.h"
#include "base/time.h"
#include "front/tzif.h"
#include "image/bounds.h"

#define DAY          86400
#define FIRST_YEAR   1900       /* of a rule without transitions before it */
#define YEARS        (WEIR_TZIF_LAST_YEAR - FIRST_YEAR + 1)
#define BIG_BANG     (-(INT64_C(1) << 59))      /* RFC 9636: none is before */

/* the bounds of RFC 9636 for a type: less than 26 hours east, 25 west */
#define MAX_EAST     93599
#define MAX_WEST     89999

typedef struct {
    const uint8_t  *p;
    const uint8_t  *end;
} bytes_t;

typedef struct {
    uint32_t  isut;
    uint32_t  isstd;
    uint32_t  leap;
    uint32_t  time;
    uint32_t  type;
    uint32_t  chars;
} counts_t;

/* when daylight saving begins or ends: "J60", "59", "M3.5.0", "/2:00" */
typedef struct {
    char      kind;             /* J, 0, M */
    unsigned  day;
    unsigned  week;
    unsigned  month;
    int64_t   time;             /* seconds of the day; may be another day's */
} rule_t;

typedef struct {
    bool     has_dst;
    int64_t  std;               /* seconds ahead of UTC */
    int64_t  dst;
    rule_t   start;
    rule_t   end;
} posix_t;

typedef struct {
    weir_img_shift_t  *items;
    uint32_t           n;
} shifts_t;


static uint64_t
big_endian(const uint8_t *p, unsigned width)
{
    uint64_t  v;

    for (v = 0; width > 0; width--) {
        v = v << 8 | *p++;
    }

    return v;
}


/* The next n bytes; NULL: there are less. */
static const uint8_t *
take(bytes_t *b, uint64_t n)
{
    const uint8_t  *p;

    p = b->p;

    if (n > (uint64_t) (b->end - p)) {
        return NULL;
    }

    b->p += n;

    return p;
}


static const char *
read_header(bytes_t *b, counts_t *c)
{
    const uint8_t  *p;

    p = take(b, 44);

    if (p == NULL) {
        return "it ends within a header";
    }

    if (memcmp(p, WEIR_TZIF_MAGIC, 4) != 0) {
        return "it is no TZif file";
    }

    if (p[4] < '2' || p[4] > '4') {
        return "its version is not 2, 3 or 4";
    }

    c->isut = (uint32_t) big_endian(p + 20, 4);
    c->isstd = (uint32_t) big_endian(p + 24, 4);
    c->leap = (uint32_t) big_endian(p + 28, 4);
    c->time = (uint32_t) big_endian(p + 32, 4);
    c->type = (uint32_t) big_endian(p + 36, 4);
    c->chars = (uint32_t) big_endian(p + 40, 4);

    return NULL;
}


/* Bytes of a block whose times have a width of 4 or 8. */
static uint64_t
block_size(const counts_t *c, unsigned width)
{
    return (uint64_t) c->time * (width + 1) + (uint64_t) c->type * 6
           + c->chars + (uint64_t) c->leap * (width + 4) + c->isstd + c->isut;
}


/* Of the second block, which is what is read. */
static const char *
check_counts(const bytes_t *b, const counts_t *c)
{
    if (c->type == 0 || c->type > 256 || c->chars == 0) {
        return "it has no types of time, or too many";
    }

    if ((c->isut != 0 && c->isut != c->type)
        || (c->isstd != 0 && c->isstd != c->type))
    {
        return "its indicators are not one for each type";
    }

    if (c->leap != 0) {
        return "it counts leap seconds";
    }

    if (block_size(c, 8) > (uint64_t) (b->end - b->p)) {
        return "it ends within its data";
    }

    return NULL;
}


static const char *
check_types(const uint8_t *types, const counts_t *c)
{
    int32_t   offset;
    uint32_t  i;

    for (i = 0; i < c->type; i++, types += 6) {
        offset = (int32_t) (uint32_t) big_endian(types, 4);

        if (offset > MAX_EAST || offset < -MAX_WEST) {
            return "a type is too far from UTC";
        }

        if (types[4] > 1 || types[5] >= c->chars) {
            return "a type is malformed";
        }
    }

    return NULL;
}


/* A shift at the moment of the last takes its place. */
static void
push(shifts_t *s, int64_t at, int64_t offset)
{
    if (s->n > 0 && s->items[s->n - 1].at == at) {
        s->n--;
    }

    if (s->n > 0 && s->items[s->n - 1].offset == offset) {
        return;
    }

    s->items[s->n].at = at;
    s->items[s->n].offset = (int32_t) offset;
    s->n++;
}


/* Of the block, whose counts were checked; *last is its last transition. */
static const char *
read_block(bytes_t *b, const counts_t *c, shifts_t *s, int64_t *last)
{
    int64_t         at, prev;
    uint32_t        i;
    const char     *why;
    const uint8_t  *times, *indexes, *types;

    times = b->p;
    indexes = times + (size_t) c->time * 8;
    types = indexes + c->time;
    b->p += block_size(c, 8);

    why = check_types(types, c);

    if (why != NULL) {
        return why;
    }

    push(s, INT64_MIN, (int32_t) (uint32_t) big_endian(types, 4));
    prev = INT64_MIN;

    for (i = 0; i < c->time; i++) {
        at = (int64_t) big_endian(times + (size_t) i * 8, 8);

        if (at <= prev || at < BIG_BANG) {
            return "its transitions are not in order";
        }

        if (indexes[i] >= c->type) {
            return "a transition is to a type that is not there";
        }

        push(s, at,
             (int32_t) (uint32_t) big_endian(types + indexes[i] * 6u, 4));
        prev = at;
    }

    *last = prev;

    return NULL;
}


/* One to three digits, up to max. */
static bool
number(weir_reader_t *r, unsigned max, unsigned *out)
{
    unsigned  n, v;

    for (n = 0, v = 0; n < 3 && weir_digit(r); n++) {
        v = v * 10 + (unsigned) (*r->p++ - '0');
    }

    *out = v;

    return n > 0 && v <= max;
}


/* "EST", "<+0330>" */
static bool
abbreviation(weir_reader_t *r)
{
    bool         quoted;
    char         c;
    const char  *start;

    quoted = weir_skip(r, '<');

    for (start = r->p; r->p < r->end; r->p++) {
        c = (char) (*r->p | 0x20);

        if (!(c >= 'a' && c <= 'z')
            && !(quoted && (weir_digit(r) || *r->p == '+' || *r->p == '-')))
        {
            break;
        }
    }

    return r->p - start >= 3 && (!quoted || weir_skip(r, '>'));
}


/* "-2", "2:30:15", in seconds */
static bool
hours(weir_reader_t *r, unsigned max, int64_t *out)
{
    bool      minus;
    unsigned  h, m, s;

    m = 0;
    s = 0;
    minus = weir_skip(r, '-');

    if (!minus) {
        (void) weir_skip(r, '+');
    }

    if (!number(r, max, &h)
        || (weir_skip(r, ':')
            && (!number(r, 59, &m)
                || (weir_skip(r, ':') && !number(r, 59, &s)))))
    {
        return false;
    }

    *out = (int64_t) (h * 3600 + m * 60 + s);
    *out = minus ? -*out : *out;

    return true;
}


static bool
read_rule(weir_reader_t *r, rule_t *out)
{
    bool  ok;

    out->time = 2 * 3600;

    if (weir_skip(r, 'M')) {
        out->kind = 'M';
        ok = number(r, 12, &out->month) && out->month > 0 && weir_skip(r, '.')
             && number(r, 5, &out->week) && out->week > 0 && weir_skip(r, '.')
             && number(r, 6, &out->day);

    } else if (weir_skip(r, 'J')) {
        out->kind = 'J';
        ok = number(r, 365, &out->day) && out->day > 0;

    } else {
        out->kind = '0';
        ok = number(r, 365, &out->day);
    }

    return ok && (!weir_skip(r, '/') || hours(r, 167, &out->time));
}


/* "IST-1GMT0,M10.5.0,M3.5.0/1": hours are those behind UTC. */
static bool
read_posix(weir_reader_t *r, posix_t *out)
{
    if (!abbreviation(r) || !hours(r, 24, &out->std)) {
        return false;
    }

    out->std = -out->std;
    out->has_dst = r->p < r->end;

    if (!out->has_dst) {
        return true;
    }

    if (!abbreviation(r)) {
        return false;
    }

    out->dst = out->std + 3600;

    if (r->p < r->end && *r->p != ',') {

        if (!hours(r, 24, &out->dst)) {
            return false;
        }

        out->dst = -out->dst;
    }

    return weir_skip(r, ',') && read_rule(r, &out->start)
           && weir_skip(r, ',') && read_rule(r, &out->end) && r->p == r->end;
}


/* The moment of a rule in a year, where clocks are so far ahead before it. */
static int64_t
moment(const rule_t *rule, int64_t year, int64_t offset)
{
    int64_t  day, first, next;

    first = weir_days(year, 1, 1);

    switch (rule->kind) {

    case 'J':
        day = first + rule->day - 1;

        /* February 29 has no number */
        if (rule->day >= 60 && weir_days(year, 3, 1) - first == 60) {
            day++;
        }

        break;

    case '0':
        day = first + rule->day;
        break;

    default:
        first = weir_days(year, rule->month, 1);
        next = rule->month < 12 ? weir_days(year, rule->month + 1, 1)
                                : weir_days(year + 1, 1, 1);

        /* 1970-01-01 was a Thursday */
        day = first + ((int64_t) rule->day + 7 - ((first + 4) % 7 + 7) % 7) % 7
              + (rule->week - 1) * 7;

        if (day >= next) {
            day -= 7;           /* week 5 is the last one */
        }
    }

    return day * DAY + rule->time - offset;
}


/* Those of all years in order; of two at once, the beginning is later. */
static void
expand(const posix_t *z, int64_t last, shifts_t *s)
{
    int64_t           year;
    uint32_t          i, k;
    weir_img_shift_t  t, all[2 * YEARS];

    memset(all, 0, sizeof(all));

    for (i = 0; i < 2 * YEARS; i++) {
        year = FIRST_YEAR + i / 2;
        t.at = i % 2 ? moment(&z->start, year, z->std)
                     : moment(&z->end, year, z->dst);
        t.offset = (int32_t) (i % 2 ? z->dst : z->std);
        t.reserved = 0;

        for (k = i; k > 0 && all[k - 1].at > t.at; k--) {
            all[k] = all[k - 1];
        }

        all[k] = t;
    }

    for (i = 0; i < 2 * YEARS; i++) {
        if (all[i].at > last) {
            push(s, all[i].at, all[i].offset);
        }
    }
}


/* "\n", the rule behind the last transition or nothing, "\n", the end. */
static const char *
read_footer(bytes_t *b, int64_t last, shifts_t *s)
{
    posix_t         z;
    weir_reader_t   r;
    const uint8_t  *p;

    p = b->p;
    memset(&z, 0, sizeof(z));

    if (b->end - p < 2 || p[0] != '\n' || b->end[-1] != '\n') {
        return "it has no footer";
    }

    r.p = (const char *) p + 1;
    r.end = (const char *) b->end - 1;

    if (r.p == r.end) {
        return NULL;
    }

    if (!read_posix(&r, &z)) {
        return "its footer is no rule of POSIX";
    }

    if (z.has_dst) {
        expand(&z, last, s);
    }

    return NULL;
}


static const char *
read_file(weir_arena_t *a, bytes_t *b, const counts_t *c, shifts_t *s)
{
    int64_t      last;
    const char  *why;

    s->items = weir_arena_array(a, 1 + (size_t) c->time + 2 * YEARS,
                                sizeof(weir_img_shift_t));
    if (s->items == NULL) {
        return NULL;
    }

    why = read_block(b, c, s, &last);

    return why != NULL ? why : read_footer(b, last, s);
}


weir_rc_t
weir_tzif_read(weir_arena_t *a, weir_str_t file,
    const weir_img_shift_t **shifts, uint32_t *n, const char **why)
{
    bytes_t   b;
    counts_t  c;
    shifts_t  s;

    b.p = (const uint8_t *) file.data;
    b.end = b.p + file.len;
    memset(&s, 0, sizeof(s));

    *why = read_header(&b, &c);

    if (*why == NULL && take(&b, block_size(&c, 4)) == NULL) {
        *why = "it ends within its data";
    }

    if (*why == NULL) {
        *why = read_header(&b, &c);
    }

    if (*why == NULL) {
        *why = check_counts(&b, &c);
    }

    if (*why == NULL) {
        *why = read_file(a, &b, &c, &s);
    }

    if (*why != NULL) {
        return WEIR_ERROR;
    }

    if (s.items == NULL) {
        return WEIR_NOMEM;
    }

    *shifts = s.items;
    *n = s.n;

    return WEIR_OK;
}
