/*
 * fuzz_metrics.c: counts for tenants of any name, in a table of any size with
 * any bound, and reads what the exposition says, in pieces of any size.
 *
 * Every line is one that Prometheus takes, no series is there twice, as many
 * as are said to be there are, and nothing that was counted is missing.
 */

#include "fuzz.h"
#include "base/utf8.h"
#include "run/exposition.h"

#define MAX_LEN   1024
#define NAMES     8
#define LONGEST   600           /* of a name */
#define ROOM      65536         /* of the table */
#define PAGE      (4 << 20)     /* of the text: more than a table makes */
#define SEEN      8192          /* lines are fewer */

typedef struct {
    const char  *p;
    const char  *end;
} line_t;

/* what is counted, and read */
typedef struct {
    uint64_t  lines;
    uint64_t  requests;
    uint64_t  decisions;
    uint64_t  limits;
} sums_t;

typedef struct {
    weir_series_t  *table;
    weir_str_t      names[NAMES];
    bool            odd;        /* some name is no text */
    uint64_t        seen[SEEN];
    uint64_t        bucket;     /* the last one of a histogram */
} world_t;

static world_t                  world;
static _Alignas(64) uint8_t     table[ROOM];
static char                     page[PAGE];


/* Fewer than LONGEST bytes; most names are short. */
static void
take_names(bytes_t *b)
{
    size_t       n;
    unsigned     i;
    weir_str_t  *name;

    static char  text[NAMES][LONGEST];

    world.odd = false;

    for (i = 0; i < NAMES; i++) {
        name = &world.names[i];
        n = take_byte(b);
        n = n < 250 ? n % 12 : n * 2;
        name->data = text[i];

        for (name->len = 0; name->len < n; name->len++) {
            text[i][name->len] = (char) take_byte(b);
        }

        if (!weir_utf8_valid(*name) || memchr(text[i], '\0', n) != NULL) {
            world.odd = true;
        }
    }
}


static weir_str_t
any_name(bytes_t *b)
{
    return world.names[take_byte(b) % NAMES];
}


static void
count(bytes_t *b, sums_t *sums)
{
    weir_row_name_t         name;
    weir_series_limit_t     l;
    weir_series_request_t   r;
    weir_series_decision_t  d;

    switch (take_byte(b) % 4) {

    case 0:
        d.tenant = any_name(b);
        d.route = any_name(b);
        d.verdict = any_name(b);
        d.reason = any_name(b);
        d.rule = any_name(b);
        d.limit = any_name(b);
        weir_series_name_decision(world.table, &d, &name);
        weir_series_decision(world.table, &name);
        sums->decisions++;
        break;

    case 1:
        l.tenant = any_name(b);
        l.limit = any_name(b);
        l.verdict = take_byte(b) % WEIR_LIMIT_NVERDICTS;
        l.units = take_byte(b);
        l.whole = take_byte(b) % 2;
        l.remaining = take_byte(b);
        l.capacity = take_byte(b);
        weir_series_name_limit(world.table, &l, &name);
        weir_series_limit(world.table, &name, &l);
        sums->limits++;
        break;

    default:
        r.tenant = any_name(b);
        r.route = any_name(b);
        r.arm = any_name(b);
        r.code = weir_code_of(take_byte(b) * 3);
        r.took = (uint64_t) 1 << take_byte(b) % 20;
        r.received = take_byte(b);
        r.sent = take_byte(b);
        weir_series_name_request(world.table, &r, &name);
        weir_series_request(world.table, &name, &r);
        sums->requests++;
    }
}


static bool
is(line_t *l, const char *text)
{
    size_t  n;

    n = strlen(text);

    if ((size_t) (l->end - l->p) < n || memcmp(l->p, text, n) != 0) {
        return false;
    }

    l->p += n;

    return true;
}


static weir_str_t
word(line_t *l)
{
    const char  *begin;

    for (begin = l->p;
         l->p < l->end && ((*l->p >= 'a' && *l->p <= 'z') || *l->p == '_');
         l->p++)
    {
        /* void */
    }

    must(l->p > begin);

    return weir_str(begin, (size_t) (l->p - begin));
}


/* Behind the quote that begins it; at most 255 bytes, as they were. */
static void
value(line_t *l)
{
    size_t  n;

    for (n = 0; /* void */ ; n++) {
        must(l->p < l->end);

        if (is(l, "\"")) {
            break;
        }

        if (is(l, "\\")) {
            must(is(l, "\\") || is(l, "\"") || is(l, "n"));

        } else {
            must(*l->p != '\0');
            l->p++;
        }
    }

    must(n > 0 && n <= WEIR_ROW_LABEL);
}


static uint64_t
number(line_t *l)
{
    char    *end;
    double   n;

    must(l->p < l->end && *l->p >= '0' && *l->p <= '9');
    n = strtod(l->p, &end);
    must(end == l->end);

    return (uint64_t) n;
}


/* Nothing is there twice; names that are no text may look the same. */
static void
see(weir_str_t what, uint64_t seed)
{
    uint64_t  i, hash;

    if (world.odd) {
        return;
    }

    hash = weir_hash(what, seed) | 1;

    for (i = hash >> 32; world.seen[i % SEEN] != 0; i++) {
        must(world.seen[i % SEEN] != hash);
    }

    world.seen[i % SEEN] = hash;
}


/* name{label="value",...} number */
static void
sample(line_t l, weir_str_t family, sums_t *sums)
{
    uint64_t     n;
    weir_str_t   name;
    const char  *begin;

    begin = l.p;
    name = word(&l);
    must(weir_str_starts(name, family));

    if (is(&l, "{")) {
        do {
            (void) word(&l);
            must(is(&l, "=\""));
            value(&l);
        } while (is(&l, ","));

        must(is(&l, "}"));
    }

    see(weir_str(begin, (size_t) (l.p - begin)), 1);
    must(is(&l, " "));
    n = number(&l);
    sums->lines++;

    if (weir_str_ends(name, weir_string("http_requests_total"))) {
        sums->requests += n;

    } else if (weir_str_ends(name, weir_string("weir_decisions_total"))) {
        sums->decisions += n;

    } else if (weir_str_ends(name, weir_string("limit_decisions_total"))) {
        sums->limits += n;

    } else if (weir_str_ends(name, weir_string("_bucket"))) {
        must(n >= world.bucket);
        world.bucket = n;

    } else if (weir_str_ends(name, weir_string("_count"))) {
        must(n == world.bucket);
        world.bucket = 0;
    }
}


static void
read_page(const char *end, bool openmetrics, sums_t *sums)
{
    line_t      l;
    unsigned    heads;
    weir_str_t  family, name;

    heads = 0;
    family = weir_string("");
    must(weir_utf8_valid(weir_str(page, (size_t) (end - page))));
    memset(world.seen, 0, sizeof(world.seen));
    world.bucket = 0;

    for (l.p = page; l.p < end; l.p = l.end + 1) {
        l.end = memchr(l.p, '\n', (size_t) (end - l.p));
        must(l.end != NULL);

        if (is(&l, "# HELP ")) {
            family = word(&l);
            see(family, 2);
            heads = 1;

        } else if (is(&l, "# TYPE ") || (openmetrics && is(&l, "# UNIT "))) {
            name = word(&l);
            must(heads++ > 0 && weir_str_eq(name, family));

        } else {
            must(heads >= 2);
            sample(l, family, sums);
        }
    }
}


static char *
expose(bytes_t *b, bool openmetrics)
{
    bool                  done;
    unsigned              pieces;
    weir_expo_t           w;
    weir_series_cursor_t  c;

    memset(&c, 0, sizeof(c));
    w.p = page;
    w.openmetrics = openmetrics;

    for (pieces = 0, done = false; !done; pieces++) {
        must(pieces < 100000 && page + PAGE - w.p > 5 * WEIR_EXPO_LINE);
        w.end = w.p + WEIR_EXPO_LINE + take_byte(b) * 16;
        w.full = false;
        done = weir_series_expose(world.table, &w, &c, 1 + take_byte(b));
        must(w.p <= w.end);
    }

    return w.p;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool                openmetrics;
    char               *end;
    size_t              room;
    sums_t              counted, read;
    bytes_t             b;
    uint64_t            max;
    weir_series_use_t   use;

    b = (bytes_t) { data, size > MAX_LEN ? MAX_LEN : size, 0 };
    room = 4096 + take_byte(&b) * 240u;
    max = take_byte(&b) * 16;
    openmetrics = take_byte(&b) % 2;
    memset(table, 0, room);
    world.table = weir_series_init(table, room, max);

    if (world.table == NULL) {
        return 0;
    }

    take_names(&b);
    memset(&counted, 0, sizeof(counted));
    memset(&read, 0, sizeof(read));

    while (b.left != 0) {
        count(&b, &counted);
        weir_series_use(world.table, &use);
        must(use.series <= use.max && use.rows.used <= use.rows.size);
    }

    end = expose(&b, openmetrics);
    read_page(end, openmetrics, &read);

    weir_series_use(world.table, &use);
    must(read.lines == use.series);
    must(read.requests == counted.requests);
    must(read.decisions == counted.decisions);
    must(read.limits == counted.limits);

    return 0;
}
