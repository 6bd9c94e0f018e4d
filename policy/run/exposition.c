/*
 * exposition.c: metrics as text.
 *
 * Names of the table need no escaping; what labels say is escaped, cut where
 * it is too long, and has a "?" in place of what is no UTF-8.
 */

#include "base/utf8.h"
#include "run/exposition.h"

#define TEXT(lit)    { lit, sizeof(lit) - 1 }
#define NUMBER       32         /* bytes */
#define FRACTION     9          /* digits */

/* of a histogram: buckets, sum, count */
#define LINES        (WEIR_NTIMES + 2)

/* bytes: names, values each byte of which is escaped, =",{} */
#define LABEL_TEXT   (WEIR_ROW_LABELS * (2 * WEIR_ROW_LABEL + 16))

_Static_assert(LABEL_TEXT + 512 < WEIR_EXPO_LINE, "what a line takes");

static const weir_metric_info_t  infos[] = {
#define M(name, text, type, labels, help)                                     \
    [WEIR_METRIC_##name] = {                                                  \
        TEXT(text), WEIR_##type, TEXT(labels), TEXT(help)                     \
    },
    WEIR_METRICS(M)
#undef M
};

static const weir_str_t  types[] = {
    [WEIR_COUNTER] = TEXT("counter"),
    [WEIR_GAUGE] = TEXT("gauge"),
    [WEIR_HISTOGRAM] = TEXT("histogram")
};

static const weir_str_t  times[] = {
#define B(ms, le)  TEXT("le=\"" le "\""),
    WEIR_TIMES(B)
#undef B
    TEXT("le=\"+Inf\"")
};

static const weir_str_t  store_times[] = {
#define B(us, le)  TEXT("le=\"" le "\""),
    WEIR_STORE_TIMES(B)
#undef B
    TEXT("le=\"+Inf\"")
};

static const weir_str_t  verdicts[] = {
#define V(name, text)  TEXT("verdict=\"" text "\""),
    WEIR_LIMIT_VERDICTS(V)
#undef V
};

/* what is the same in all lines of a row */
typedef struct {
    const weir_metric_info_t  *info;
    size_t                     len;
    char                       labels[LABEL_TEXT];
} sample_t;


static char *
copy(char *p, weir_str_t s)
{
    if (s.len != 0) {
        memcpy(p, s.data, s.len);
    }

    return p + s.len;
}


/* At most WEIR_ROW_LABEL bytes of it, of which each takes two at most. */
static char *
escape(char *p, weir_str_t s)
{
    uint8_t      c;
    const char  *at, *begin, *end;

    at = s.data;
    end = s.len > WEIR_ROW_LABEL ? at + WEIR_ROW_LABEL : at + s.len;

    while (at < end) {
        c = (uint8_t) *at;

        if (c >= 0x80) {
            begin = at;

            if (weir_utf8_next(&at, s.data + s.len) < 0) {
                *p++ = '?';
                at++;

            } else if (at <= end) {
                p = copy(p, weir_str(begin, (size_t) (at - begin)));
            }

        } else {
            if (c == '"' || c == '\\' || c == '\n') {
                *p++ = '\\';
                c = c == '\n' ? 'n' : c;
            }

            *p++ = c ? (char) c : '?';
            at++;
        }
    }

    return p;
}


/*
 * Labels without a value are left out.  What follows the labels that there are
 * is not looked at.
 */
static void
describe(sample_t *s, weir_metric_t metric, const weir_str_t *labels)
{
    char        *p;
    size_t       len;
    const char  *name, *end, *comma;

    s->info = &infos[metric];
    name = s->info->labels.data;
    end = name + s->info->labels.len;
    p = s->labels;

    for ( /* void */ ; name < end; labels++) {
        comma = memchr(name, ',', (size_t) (end - name));
        len = (size_t) ((comma ? comma : end) - name);

        if (labels->len != 0) {
            if (p != s->labels) {
                *p++ = ',';
            }

            p = copy(p, weir_str(name, len));
            *p++ = '=';
            *p++ = '"';
            p = escape(p, *labels);
            *p++ = '"';
        }

        name += len + 1;
    }

    s->len = (size_t) (p - s->labels);
}


/* Whether so many bytes fit; once something did not, nothing does. */
static bool
fits(weir_expo_t *w, size_t n)
{
    if (w->full || n > (size_t) (w->end - w->p)) {
        w->full = true;
        return false;
    }

    return true;
}


/* extra: one more label */
static bool
line(weir_expo_t *w, const sample_t *s, weir_str_t suffix, weir_str_t extra,
    weir_str_t value)
{
    char  *p;

    if (!fits(w, s->info->name.len + suffix.len + s->len + extra.len
                 + value.len + sizeof("{,} \n") - 1))
    {
        return false;
    }

    p = copy(w->p, s->info->name);
    p = copy(p, suffix);

    if (s->len + extra.len != 0) {
        *p++ = '{';
        p = copy(p, weir_str(s->labels, s->len));

        if (s->len != 0 && extra.len != 0) {
            *p++ = ',';
        }

        p = copy(p, extra);
        *p++ = '}';
    }

    *p++ = ' ';
    p = copy(p, value);
    *p++ = '\n';
    w->p = p;

    return true;
}


static weir_str_t
integer(char buf[NUMBER], uint64_t n)
{
    size_t  at;

    at = NUMBER;

    do {
        buf[--at] = (char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    return weir_str(&buf[at], NUMBER - at);
}


static weir_str_t
decimal(char buf[2 * NUMBER], uint64_t value, uint64_t scale)
{
    char      *p, *point;
    uint64_t   whole, rest;
    unsigned   i;

    if (scale == 0) {
        return weir_string("NaN");
    }

    /* ten times what is left must not overflow */
    if (scale > UINT64_MAX / 16) {
        scale /= 16;
        value /= 16;
    }

    whole = value / scale;
    rest = value - whole * scale;
    point = copy(buf, integer(buf + NUMBER, whole));
    p = point;
    *p++ = '.';

    for (i = 0; i < FRACTION && rest != 0; i++) {
        rest *= 10;
        *p++ = (char) ('0' + rest / scale);
        rest -= rest / scale * scale;
    }

    while (p[-1] == '0' && p - 1 > point) {
        p--;
    }

    return weir_str(buf, (size_t) ((p - 1 == point ? point : p) - buf));
}


static weir_str_t
suffix_of(const weir_metric_info_t *info)
{
    return info->type == WEIR_COUNTER ? weir_string("_total")
                                      : weir_string("");
}


static bool
integer_line(weir_expo_t *w, const sample_t *s, weir_str_t extra, uint64_t n)
{
    char  buf[NUMBER];

    return line(w, s, suffix_of(s->info), extra, integer(buf, n));
}


/* Line number i of a histogram. */
static bool
histogram_line(weir_expo_t *w, const sample_t *s, unsigned i,
    const uint64_t *buckets, uint64_t sum, uint64_t scale)
{
    char               buf[2 * NUMBER];
    uint64_t           n;
    unsigned           k;
    const weir_str_t  *les;

    n = 0;

    for (k = 0; k <= i && k < WEIR_NTIMES; k++) {
        n += buckets[k];
    }

    if (i < WEIR_NTIMES) {
        les = s->info == &infos[WEIR_METRIC_STORE_DURATION] ? store_times
                                                            : times;

        return line(w, s, weir_string("_bucket"), les[i], integer(buf, n));
    }

    if (i == WEIR_NTIMES) {
        return line(w, s, weir_string("_sum"), weir_string(""),
                    decimal(buf, sum, scale));
    }

    return line(w, s, weir_string("_count"), weir_string(""),
                integer(buf, n));
}


const weir_metric_info_t *
weir_metric_info(weir_metric_t metric)
{
    return &infos[metric];
}


static weir_str_t
unit_of(weir_str_t name)
{
    unsigned  i;

    static const weir_str_t  units[] = {
        TEXT("_seconds"), TEXT("_bytes"), TEXT("_ratio")
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (weir_str_ends(name, units[i])) {
            return weir_str(units[i].data + 1, units[i].len - 1);
        }
    }

    return weir_string("");
}


/* # WORD NAME TEXT */
static char *
comment(char *p, const char *word, weir_str_t name, weir_str_t suffix,
    weir_str_t text)
{
    p = copy(p, weir_cstr(word));
    p = copy(p, name);
    p = copy(p, suffix);
    *p++ = ' ';
    p = copy(p, text);
    *p++ = '\n';

    return p;
}


void
weir_expo_head(weir_expo_t *w, weir_metric_t metric)
{
    weir_str_t                 suffix, unit;
    const weir_metric_info_t  *info;

    info = &infos[metric];
    suffix = w->openmetrics ? weir_string("") : suffix_of(info);
    unit = w->openmetrics ? unit_of(info->name) : weir_string("");

    /* all of it, with some to spare */
    if (!fits(w, 3 * (info->name.len + suffix.len + 16) + info->help.len
                 + sizeof("histogram") + unit.len))
    {
        return;
    }

    w->p = comment(w->p, "# HELP ", info->name, suffix, info->help);
    w->p = comment(w->p, "# TYPE ", info->name, suffix, types[info->type]);

    if (unit.len != 0) {
        w->p = comment(w->p, "# UNIT ", info->name, suffix, unit);
    }
}


void
weir_expo_count(weir_expo_t *w, weir_metric_t metric,
    const weir_str_t *labels, uint64_t value)
{
    sample_t  s;

    describe(&s, metric, labels);
    (void) integer_line(w, &s, weir_string(""), value);
}


void
weir_expo_ratio(weir_expo_t *w, weir_metric_t metric,
    const weir_str_t *labels, uint64_t value, uint64_t scale)
{
    char      buf[2 * NUMBER];
    sample_t  s;

    describe(&s, metric, labels);
    (void) line(w, &s, suffix_of(s.info), weir_string(""),
                decimal(buf, value, scale));
}


void
weir_expo_histogram(weir_expo_t *w, weir_metric_t metric,
    const weir_str_t *labels, const uint64_t *buckets, uint64_t sum,
    uint64_t scale)
{
    char      *begin;
    unsigned   i;
    sample_t   s;

    describe(&s, metric, labels);
    begin = w->p;

    for (i = 0; i < LINES; i++) {
        if (!histogram_line(w, &s, i, buckets, sum, scale)) {
            w->p = begin;
            return;
        }
    }
}


void
weir_expo_end(weir_expo_t *w)
{
    weir_str_t  end;

    end = weir_string("# EOF\n");

    if (w->openmetrics && fits(w, end.len)) {
        w->p = copy(w->p, end);
    }
}


static uint64_t
word(uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}


static unsigned
kind_of(unsigned metric)
{
    switch (metric) {

    case WEIR_METRIC_REQUESTS:
    case WEIR_METRIC_DURATION:
    case WEIR_METRIC_RECEIVED:
    case WEIR_METRIC_SENT:
        return WEIR_SERIES_REQUESTS;

    case WEIR_METRIC_DECISIONS:
        return WEIR_SERIES_DECISIONS;

    default:
        return WEIR_SERIES_LIMITS;
    }
}


static uint64_t
sum_of(const uint64_t *buckets)
{
    unsigned  i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < WEIR_NTIMES; i++) {
        n += buckets[i];
    }

    return n;
}


/* Once for all lines of a row, so that they agree. */
static void
read_requests(weir_series_cursor_t *c, uint64_t *words)
{
    unsigned  i;

    c->sum = word(&words[WEIR_SERIES_MS]);

    for (i = 0; i < WEIR_NTIMES; i++) {
        c->buckets[i] = word(&words[WEIR_SERIES_TIMES + i]);
    }
}


static bool
any_of(uint64_t *words, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n && word(&words[i]) == 0; i++) {
        /* void */
    }

    return i < n;
}


/* How many lines a row has of the metric. */
static unsigned
lines_of(weir_series_cursor_t *c, uint64_t *words)
{
    switch (c->metric) {

    case WEIR_METRIC_REQUESTS:
    case WEIR_METRIC_DURATION:
    case WEIR_METRIC_RECEIVED:
    case WEIR_METRIC_SENT:
        if (c->line == 0) {
            read_requests(c, words);
        }

        return sum_of(c->buckets) == 0 ? 0
               : c->metric == WEIR_METRIC_DURATION ? LINES : 1;

    case WEIR_METRIC_DECISIONS:
        return any_of(words, 1);

    case WEIR_METRIC_LIMIT_DECISIONS:
        return any_of(words, WEIR_SERIES_REMAINING) ? WEIR_LIMIT_NVERDICTS : 0;

    case WEIR_METRIC_LIMIT_CHARGED:
        return any_of(words, WEIR_SERIES_REMAINING);

    default:
        return any_of(&words[WEIR_SERIES_CAPACITY], 1);
    }
}


/* The line that the cursor is at. */
static bool
row_line(weir_expo_t *w, const weir_series_cursor_t *c, const sample_t *s,
    uint64_t *words)
{
    uint64_t    n;
    weir_str_t  extra;

    extra = weir_string("");

    switch (c->metric) {

    case WEIR_METRIC_REQUESTS:
        n = sum_of(c->buckets);
        break;

    case WEIR_METRIC_DURATION:
        return histogram_line(w, s, c->line, c->buckets, c->sum, 1000);

    case WEIR_METRIC_RECEIVED:
        n = word(&words[WEIR_SERIES_RECEIVED]);
        break;

    case WEIR_METRIC_SENT:
        n = word(&words[WEIR_SERIES_SENT]);
        break;

    case WEIR_METRIC_DECISIONS:
        n = word(&words[0]);
        break;

    case WEIR_METRIC_LIMIT_DECISIONS:
        n = word(&words[c->line]);
        extra = verdicts[c->line];
        break;

    case WEIR_METRIC_LIMIT_CHARGED:
        n = word(&words[WEIR_SERIES_UNITS]);
        break;

    case WEIR_METRIC_LIMIT_REMAINING:
        n = word(&words[WEIR_SERIES_REMAINING]);
        break;

    default:
        n = word(&words[WEIR_SERIES_CAPACITY]);
    }

    return integer_line(w, s, extra, n);
}


/* false: it is not all written. */
static bool
expose_row(weir_expo_t *w, weir_series_cursor_t *c, weir_row_t *row)
{
    uint64_t     *words;
    unsigned      i, n;
    sample_t      s;
    weir_str_t    labels[WEIR_ROW_LABELS];

    words = weir_row_words(row);
    n = lines_of(c, words);

    if (n == 0) {
        return true;
    }

    if (!c->begun) {
        weir_expo_head(w, (weir_metric_t) c->metric);

        if (w->full) {
            return false;
        }

        c->begun = true;
    }

    for (i = 0; i < WEIR_ROW_LABELS; i++) {
        labels[i] = weir_row_label(row, i);
    }

    describe(&s, (weir_metric_t) c->metric, labels);

    for ( /* void */ ; c->line < n; c->line++) {
        if (!row_line(w, c, &s, words)) {
            return false;
        }
    }

    return true;
}


bool
weir_series_expose(weir_series_t *t, weir_expo_t *w,
    weir_series_cursor_t *cursor, unsigned rows)
{
    weir_row_t   *row;
    weir_rows_t  *all;

    all = weir_series_rows(t);

    while (cursor->metric <= WEIR_METRIC_LIMIT_CAPACITY) {

        if (cursor->skip == NULL || !cursor->skip[cursor->metric]) {
            row = cursor->row ? weir_rows_next(all, cursor->row)
                              : weir_rows_first(all,
                                                kind_of(cursor->metric));

            if (row != NULL) {
                if (rows == 0 || !expose_row(w, cursor, row)) {
                    return false;
                }

                rows--;
                cursor->row = row;
                cursor->line = 0;
                continue;
            }
        }

        cursor->metric++;
        cursor->row = NULL;
        cursor->begun = false;
    }

    return true;
}
