/*
 * diff_cells.c: the classes of requests that are tried.
 *
 * A class has the requests around one route: instances of its templates and
 * near misses, methods it lists and one that it does not, its header tests met
 * and missed, tenants of each kind, and for each leaf that a program of either
 * policy asks, values on both sides of what it is tested by.
 */

#include <stdlib.h>
#include <time.h>

#include "cli/diff.h"
#include "run/fn.h"
#include "run/lookup.h"
#include "run/regex.h"

#define MOST_PATHS    64
#define MOST_TENANTS  24        /* kinds in one class */
#define MOST_POINTS   12        /* addresses of one list */
#define FRESH         "weir"    /* a text that no policy should know */
#define FRESH_HOST    "weir-probe.example"

typedef struct {
    unsigned   side;
    uint32_t   prog;
    bool       differs;         /* the other policy has no such program */
} asked_t;

typedef struct {
    diff_t              *d;
    diff_cell_t         *c;
    const diff_pair_t   *pair;
    diff_sum_t          *sums[DIFF_SIDES];      /* of programs, sorted */
    weir_vec_t(asked_t)  asked;
    size_t               ntenants;
    size_t               nlanded;   /* other routes that take its requests */
    const diff_pair_t   *landed[DIFF_MAX_LANDED];
} make_t;


static int
by_sum(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(diff_sum_t));
}


/* Dimensions */

static diff_dim_t *
dim_of(make_t *m, diff_dim_kind_t kind, weir_str_t name)
{
    size_t       i;
    diff_dim_t  *dim;

    for (i = 0; i < m->c->ndims; i++) {
        dim = &m->c->dims[i];

        if (dim->kind == kind && weir_str_eq(dim->name, name)) {
            return dim;
        }
    }

    if (m->c->ndims == DIFF_MAX_DIMS) {
        m->c->capped = true;
        return NULL;
    }

    dim = &m->c->dims[m->c->ndims++];
    memset(dim, 0, sizeof(diff_dim_t));
    dim->kind = kind;
    dim->name = name;

    return dim;
}


static void
add(make_t *m, diff_dim_t *dim, weir_str_t value)
{
    size_t  i;

    if (dim == NULL) {
        return;
    }

    for (i = 0; i < dim->n; i++) {

        if ((dim->values[i].data == NULL) == (value.data == NULL)
            && weir_str_eq(dim->values[i], value))
        {
            return;
        }
    }

    if (i == DIFF_MAX_VALUES) {
        m->c->capped = true;
        return;
    }

    dim->values[dim->n++] = value;
}


static void
add_text(make_t *m, diff_dim_t *dim, const char *text)
{
    add(m, dim, weir_cstr(text));
}


/* What no header, cookie or host may hold. */
static bool
is_plain(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {

        if ((unsigned char) s.data[i] < ' ' || s.data[i] == 0x7f) {
            return false;
        }
    }

    return s.len == 0 || (s.data[0] != ' ' && s.data[s.len - 1] != ' ');
}


/* Values of an atom */

static void
add_number(diff_t *d, diff_strs_t *out, int64_t n)
{
    weir_diff_push(d, out, weir_diff_text(d, "%lld", (long long) n));
}


static void
numbers(diff_t *d, const weir_value_t *v, diff_strs_t *out)
{
    int64_t  n;

    n = v->kind == WEIR_T_INT || v->kind == WEIR_T_UINT ? v->u.i
        : v->kind == WEIR_T_DOUBLE && v->u.d > -1e15 && v->u.d < 1e15
          ? (int64_t) v->u.d : 0;

    if (n > INT64_MIN && n < INT64_MAX) {
        add_number(d, out, n);
        add_number(d, out, n - 1);
        add_number(d, out, n + 1);
    }
}


static weir_str_t
other_case(diff_t *d, weir_str_t s)
{
    char    *p;
    size_t   i;

    p = weir_diff_alloc(d, s.len + 1);

    for (i = 0; p != NULL && i < s.len; i++) {
        p[i] = s.data[i];

        if ((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z')) {
            p[i] = (char) (p[i] ^ 0x20);
        }
    }

    return p ? weir_str(p, s.len) : weir_str("", 0);
}


/* Texts of about the length that size() is compared with. */
static void
lengths(diff_t *d, const weir_value_t *v, diff_strs_t *out)
{
    char     *p;
    int64_t   n;

    for (n = v->u.i - 1; n <= v->u.i + 1; n++) {

        if (n < 0 || n > 4096) {
            continue;
        }

        p = weir_diff_alloc(d, (size_t) n + 1);

        if (p != NULL) {
            memset(p, 'w', (size_t) n);
            weir_diff_push(d, out, weir_str(p, (size_t) n));
        }
    }
}


static void
texts(diff_t *d, const diff_atom_t *a, diff_strs_t *out)
{
    weir_str_t    s;
    const char   *fmt;
    unsigned      name;

    name = a->via < WEIR_FN_COUNT ? weir_fns[a->via].name : WEIR_N_COUNT;

    if (name == WEIR_N_INT) {
        numbers(d, &a->value, out);
        weir_diff_push(d, out, weir_string(FRESH));
        return;
    }

    if (name == WEIR_N_SIZE || name == WEIR_N_M_SIZE) {
        lengths(d, &a->value, out);
        return;
    }

    if (a->test == DIFF_REGEX) {
        weir_diff_samples(d, weir_img_str(a->img, WEIR_REC(a->img, REGEXES)
                                          [a->value.u.index].source), out);
        return;
    }

    if (a->value.kind == WEIR_T_STRING) {
        s = weir_v_text(&a->value);
        weir_diff_push(d, out, s);
        fmt = a->test == DIFF_PREFIX || a->test == DIFF_ORDER ? "%.*s" FRESH
              : a->test == DIFF_SUFFIX ? FRESH "%.*s"
              : a->test == DIFF_CONTAINS ? FRESH "%.*s" FRESH : NULL;

        if (fmt != NULL) {
            weir_diff_push(d, out, a->test == DIFF_SUFFIX
                           ? weir_diff_text(d, FRESH "%.*s", WEIR_STR(s))
                           : a->test == DIFF_CONTAINS
                           ? weir_diff_text(d, FRESH "%.*s" FRESH,
                                            WEIR_STR(s))
                           : weir_diff_text(d, "%.*s" FRESH, WEIR_STR(s)));
        }

        if (name == WEIR_N_LOWER_ASCII || name == WEIR_N_UPPER_ASCII
            || a->test == DIFF_ORDER)
        {
            weir_diff_push(d, out, other_case(d, s));
        }
    }

    if (a->value.kind == WEIR_T_BOOL) {
        weir_diff_push(d, out, weir_string("true"));
        weir_diff_push(d, out, weir_string("false"));
    }

    weir_diff_push(d, out, weir_string(FRESH));
}


/* Addresses */

static weir_ip_t
v4(uint32_t n)
{
    return (weir_ip_t) { 4, { (uint8_t) (n >> 24), (uint8_t) (n >> 16),
                              (uint8_t) (n >> 8), (uint8_t) n } };
}


/* The address before (-1), itself (0) or behind (1). */
static weir_ip_t
near(const weir_ip_t *ip, int by)
{
    size_t     i;
    weir_ip_t  out;

    out = *ip;

    for (i = out.len; by != 0 && i-- > 0; ) {
        out.bytes[i] = (uint8_t) (out.bytes[i] + by);

        if (out.bytes[i] != (by > 0 ? 0 : 0xff)) {
            break;
        }
    }

    return out;
}


static weir_str_t
ip_text(diff_t *d, const weir_ip_t *ip)
{
    char    text[WEIR_IP_STRLEN];
    size_t  n;

    n = weir_ip_print(ip, text);

    return weir_diff_text(d, "%.*s", (int) n, text);
}


/* Whether lists of the class are of two minds about an address. */
static bool
disputed(const make_t *m, const diff_atom_t *atom, const weir_ip_t *ip)
{
    bool                in;
    size_t              i, k;
    const diff_atom_t  *a;
    const diff_code_t  *code;

    in = weir_cidrs_contain(atom->img, atom->value.u.index, ip);

    for (i = 0; i < m->asked.len && m->asked.items[i].differs; i++) {
        code = &m->d->side[m->asked.items[i].side]
                .code[m->asked.items[i].prog];

        for (k = 0; k < code->atoms.len; k++) {
            a = &code->atoms.items[k];

            if (a->test == DIFF_CIDRS
                && weir_diff_leaf_eq(&a->leaf, &atom->leaf)
                && weir_cidrs_contain(a->img, a->value.u.index, ip) != in)
            {
                return true;
            }
        }
    }

    return false;
}


/* Both ends of a range, from inside and from outside. */
static void
range_points(make_t *m, const diff_atom_t *a, weir_ip_t ends[2],
    size_t plain, diff_strs_t *out)
{
    int        by;
    size_t     i;
    weir_ip_t  ip;

    for (i = 0; i < 2; i++) {
        for (by = i ? 1 : -1; by != (i ? -1 : 1); by += i ? -1 : 1) {
            ip = near(&ends[i], by);

            if (out->len < plain
                || (out->len < MOST_POINTS && disputed(m, a, &ip)))
            {
                weir_diff_push(m->d, out, ip_text(m->d, &ip));
            }
        }
    }
}


static void
list_points(make_t *m, const diff_atom_t *a, diff_strs_t *out)
{
    uint32_t                 i, pass;
    weir_ip_t                ends[2];
    const weir_img_v4_t     *r4;
    const weir_img_v6_t     *r6;
    const weir_img_cidrs_t  *c;

    c = &WEIR_REC(a->img, CIDRS)[a->value.u.index];

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < c->v4.count && out->len < MOST_POINTS; i++) {
            r4 = &WEIR_REC(a->img, V4)[c->v4.first + i];
            ends[0] = v4(r4->lo);
            ends[1] = v4(r4->hi);
            range_points(m, a, ends, pass ? 4 : 0, out);
        }

        for (i = 0; i < c->v6.count && out->len < MOST_POINTS; i++) {
            r6 = &WEIR_REC(a->img, V6)[c->v6.first + i];
            ends[0].len = ends[1].len = 16;
            memcpy(ends[0].bytes, r6->lo, 16);
            memcpy(ends[1].bytes, r6->hi, 16);
            range_points(m, a, ends, pass ? 8 : 0, out);
        }
    }
}


static void
cidr_points(diff_t *d, const weir_value_t *v, diff_strs_t *out)
{
    size_t     bit;
    weir_ip_t  lo, hi, ip;

    lo = hi = *v->u.ip;

    for (bit = v->len; bit < 8u * hi.len; bit++) {
        hi.bytes[bit / 8] |= (uint8_t) (0x80 >> bit % 8);
    }

    weir_diff_push(d, out, ip_text(d, &lo));
    weir_diff_push(d, out, ip_text(d, &hi));
    ip = near(&lo, -1);
    weir_diff_push(d, out, ip_text(d, &ip));
    ip = near(&hi, 1);
    weir_diff_push(d, out, ip_text(d, &ip));
}


static void
addresses(make_t *m, const diff_atom_t *a, diff_strs_t *out)
{
    if (a->test == DIFF_CIDRS) {
        list_points(m, a, out);

    } else if (a->test == DIFF_CIDR) {
        cidr_points(m->d, &a->value, out);

    } else if (a->value.kind == WEIR_T_IP) {
        weir_diff_push(m->d, out, ip_text(m->d, a->value.u.ip));
    }

    weir_diff_push(m->d, out, weir_string("192.0.2.1"));
}


/* Times */

static void
add_time(diff_t *d, diff_strs_t *out, int64_t seconds)
{
    char       text[32];
    size_t     n;
    time_t     t;
    struct tm  tm;

    t = (time_t) seconds;

    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8000) {
        return;
    }

    n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    weir_diff_push(d, out, weir_diff_text(d, "%.*s", (int) n, text));
}


static void
times(diff_t *d, const diff_atom_t *a, diff_strs_t *out)
{
    int64_t  i, n, by;

    n = 12;
    by = 31 * 86400;                    /* months, days of them */

    switch (a->via < WEIR_FN_COUNT ? weir_fns[a->via].name : WEIR_N_COUNT) {

    case WEIR_N_HOURS:
        n = 24;
        by = 3600;
        break;

    case WEIR_N_DAY_OF_WEEK:
        n = 7;
        by = 86400;
        break;

    case WEIR_N_MINUTES:
        n = 30;
        by = 121;
        break;

    case WEIR_N_DATE:
    case WEIR_N_DAY_OF_MONTH:
        n = 31;
        by = 86400;
        break;

    case WEIR_N_FULL_YEAR:
        n = 12;
        by = 365 * 86400;
        break;

    case WEIR_N_COUNT:
        n = 0;

        for (i = -1; i < 2 && a->value.kind == WEIR_T_TIMESTAMP; i++) {
            add_time(d, out, a->value.u.i + i);
        }

        break;

    default:
        break;
    }

    for (i = 0; i < n; i++) {
        add_time(d, out, DIFF_TIME + i * by);
    }
}


/* The leaves */

static const char *
set_name(unsigned attr)
{
    switch (attr) {

    case WEIR_A_SOURCE_IP:
        return "source";

    case WEIR_A_REQUEST_TIME:
        return "time";

    case WEIR_A_REQUEST_CONTENT_LENGTH:
        return "content_length";

    case WEIR_A_CONNECTION_MTLS:
        return "mtls";

    case WEIR_A_CONNECTION_TLS_VERSION:
        return "tls_version";

    case WEIR_A_CONNECTION_SNI:
        return "sni";

    case WEIR_A_REQUEST_SCHEME:
        return "scheme";

    case WEIR_A_REQUEST_PROTOCOL:
        return "protocol";

    case WEIR_A_REQUEST_ID:
        return "id";

    default:
        return NULL;
    }
}


/* Where a request has the leaf; NULL: nowhere alone. */
static diff_dim_t *
leaf_dim(make_t *m, const diff_leaf_t *leaf)
{
    const char  *set;

    switch (leaf->attr) {

    case WEIR_A_REQUEST_HOST:
        return &m->c->dims[DIFF_DIM_HOST];

    case WEIR_A_REQUEST_URL_PATH:
    case WEIR_A_REQUEST_PATH:
    case DIFF_PARAM:
        return &m->c->dims[DIFF_DIM_PATH];

    case WEIR_A_REQUEST_METHOD:
        return &m->c->dims[DIFF_DIM_METHOD];

    case WEIR_A_REQUEST_QUERY:
        return dim_of(m, DIFF_DIM_QUERY, weir_string("query"));

    case WEIR_A_REQUEST_REFERER:
        return dim_of(m, DIFF_DIM_HEADER, weir_string("referer"));

    case WEIR_A_REQUEST_USERAGENT:
        return dim_of(m, DIFF_DIM_HEADER, weir_string("user-agent"));

    case WEIR_A_REQUEST_HEADERS:
        if (weir_str_eq(leaf->key, weir_string("host"))) {
            return &m->c->dims[DIFF_DIM_HOST];
        }

        return leaf->key.len ? dim_of(m, DIFF_DIM_HEADER, leaf->key) : NULL;

    case WEIR_A_REQUEST_COOKIES:
        return leaf->key.len ? dim_of(m, DIFF_DIM_COOKIE, leaf->key) : NULL;

    case WEIR_A_REQUEST_PARAMS:
        return leaf->key.len ? dim_of(m, DIFF_DIM_PARAM, leaf->key) : NULL;

    default:
        set = set_name(leaf->attr);
        return set ? dim_of(m, DIFF_DIM_SET, weir_cstr(set)) : NULL;
    }
}


static bool
fits_dim(const diff_dim_t *dim, weir_str_t s)
{
    if (dim->kind == DIFF_DIM_PARAM) {
        return true;
    }

    if (!is_plain(s)) {
        return false;
    }

    switch (dim->kind) {

    case DIFF_DIM_PATH:
        return s.len != 0 && s.data[0] == '/';

    case DIFF_DIM_QUERY:
        return memchr(s.data, ' ', s.len) == NULL
               && memchr(s.data, '#', s.len) == NULL;

    case DIFF_DIM_COOKIE:
        return s.len != 0 && memchr(s.data, ';', s.len) == NULL;

    case DIFF_DIM_METHOD:
        return s.len != 0 && memchr(s.data, ' ', s.len) == NULL
               && !weir_str_eq(s, weir_string(FRESH));

    default:
        return true;
    }
}


/* Around constants, for what need not begin where paths and hosts do. */
static void
add_around(make_t *m, const diff_atom_t *a, diff_dim_t *dim, weir_str_t s)
{
    weir_str_t  base;

    base = dim->values[0];

    if (dim->kind == DIFF_DIM_PATH && a->leaf.attr != DIFF_PARAM
        && (a->test == DIFF_SUFFIX || a->test == DIFF_CONTAINS))
    {
        add(m, dim, weir_diff_text(m->d, "%.*s%s%.*s", WEIR_STR(base),
                                   s.len && s.data[0] == '/' ? "" : "/",
                                   WEIR_STR(s)));
    }
}


static void
leaf_values(make_t *m, const diff_atom_t *a)
{
    size_t        i;
    diff_dim_t   *dim;
    diff_strs_t   out;

    dim = leaf_dim(m, &a->leaf);

    if (dim == NULL) {
        return;
    }

    memset(&out, 0, sizeof(out));

    if (dim->kind > DIFF_DIM_METHOD) {
        add(m, dim, weir_str(NULL, 0));
    }

    if (a->leaf.attr == WEIR_A_SOURCE_IP) {
        addresses(m, a, &out);

    } else if (a->leaf.attr == WEIR_A_REQUEST_TIME) {
        times(m->d, a, &out);

    } else if (a->leaf.attr == WEIR_A_REQUEST_CONTENT_LENGTH) {
        numbers(m->d, &a->value, &out);

    } else if (a->leaf.attr == WEIR_A_CONNECTION_MTLS) {
        weir_diff_push(m->d, &out, weir_string("true"));

    } else if (a->leaf.attr != DIFF_PARAM) {
        texts(m->d, a, &out);
    }

    for (i = 0; i < out.len; i++) {

        if (fits_dim(dim, out.items[i])) {
            add(m, dim, out.items[i]);

        } else {
            add_around(m, a, dim, out.items[i]);
        }
    }
}


/* Paths */

/* Values for a parameter: tests of it in code, its pattern, tenants. */
static void
param_values(make_t *m, unsigned side, const diff_elem_t *e, weir_str_t name,
    bool tenant, diff_strs_t *out)
{
    size_t              i, k;
    diff_strs_t         all;
    const diff_atom_t  *a;
    const diff_code_t  *code;
    const weir_image_t *img;

    memset(&all, 0, sizeof(all));
    img = m->d->side[side].img;

    for (i = 0; tenant && i < m->ntenants; i++) {
        weir_diff_push(m->d, &all, m->d->kinds.items[i].id);
    }

    if (e->regex != WEIR_NONE) {
        weir_diff_samples(m->d, weir_img_str(img, WEIR_REC(img, REGEXES)
                                             [e->regex].source), &all);
    }

    weir_diff_push(m->d, &all, weir_string(FRESH));

    for (i = 0; i < m->asked.len; i++) {
        code = &m->d->side[m->asked.items[i].side]
                .code[m->asked.items[i].prog];

        for (k = 0; k < code->atoms.len; k++) {
            a = &code->atoms.items[k];

            if (a->leaf.attr == DIFF_PARAM && weir_str_eq(a->leaf.key, name))
            {
                texts(m->d, a, &all);
            }
        }
    }

    /* first those that the pattern takes, then those that it does not */

    for (k = 0; k < 2; k++) {
        for (i = 0; i < all.len && out->len < DIFF_MAX_VALUES; i++) {

            if (all.items[i].len != 0
                && memchr(all.items[i].data, '/', all.items[i].len) == NULL
                && (e->regex == WEIR_NONE
                    || weir_regex_match(img->regex[e->regex], all.items[i])
                       == WEIR_OK) == (k == 0)
                && !weir_diff_has(out, all.items[i]))
            {
                weir_diff_push(m->d, out, all.items[i]);
            }
        }
    }
}


/* Whether a rule that finds tenants looks at that segment. */
static bool
is_tenant_segment(const diff_t *d, uint32_t at)
{
    size_t                     i, k;
    const weir_image_t        *img;
    const weir_img_resolve_t  *r;

    for (k = 0; k < DIFF_SIDES; k++) {
        img = d->side[k].img;

        for (i = 0; i < img->policy->resolve.count; i++) {
            r = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first + i];

            if (r->kind == WEIR_RESOLVE_PATH && at < r->segments.count
                && WEIR_REC(img, REFS)[r->segments.first + at] == WEIR_NONE)
            {
                return true;
            }
        }
    }

    return false;
}


typedef struct {
    const diff_place_t  *place;
    diff_strs_t          values[WEIR_MAX_SEGMENTS + 1];
    size_t               at[WEIR_MAX_SEGMENTS + 1];
} shape_t;


static weir_str_t
instance(diff_t *d, const shape_t *s, uint32_t n)
{
    uint32_t    i;
    weir_str_t  t, e;

    t = weir_str("", 0);

    for (i = 0; i < n; i++) {
        e = s->place->elems[i].literal;

        if (e.data == NULL) {
            e = s->values[i].len ? s->values[i].items[s->at[i]]
                                 : weir_string(FRESH);
        }

        t = weir_diff_text(d, "%.*s/%.*s", WEIR_STR(t), WEIR_STR(e));
    }

    return t.len ? t : weir_string("/");
}


/* All combinations where they are few, else one parameter at a time. */
static void
vary_params(make_t *m, shape_t *s, diff_dim_t *dim)
{
    size_t    total, k, rest;
    uint32_t  i;

    total = 1;

    for (i = 0; i < s->place->n; i++) {
        total *= s->values[i].len && total <= MOST_PATHS ? s->values[i].len
                                                         : 1;
    }

    for (k = 0; total <= MOST_PATHS && k < total; k++) {
        rest = k;

        for (i = 0; i < s->place->n; i++) {
            if (s->values[i].len) {
                s->at[i] = rest % s->values[i].len;
                rest /= s->values[i].len;
            }
        }

        add(m, dim, instance(m->d, s, s->place->n));
    }

    for (i = 0; total > MOST_PATHS && i < s->place->n; i++) {
        for (k = 0; k < s->values[i].len; k++) {
            s->at[i] = k;
            add(m, dim, instance(m->d, s, s->place->n));
        }

        s->at[i] = 0;
    }

    memset(s->at, 0, sizeof(s->at));
}


static void
near_misses(make_t *m, shape_t *s, diff_dim_t *dim)
{
    weir_str_t  base;

    base = instance(m->d, s, s->place->n);

    add(m, dim, weir_diff_text(m->d, "%.*s%s" FRESH, WEIR_STR(base),
                               base.len > 1 ? "/" : ""));
    add(m, dim, weir_diff_text(m->d, "%.*s" FRESH, WEIR_STR(base)));

    if (s->place->n > 1) {
        add(m, dim, instance(m->d, s, s->place->n - 1));
    }

    if (s->place->rest) {
        add(m, dim, weir_diff_text(m->d, "%.*s%sa/b", WEIR_STR(base),
                                   base.len > 1 ? "/" : ""));
    }

    if (!m->d->same_paths) {
        add(m, dim, weir_diff_text(m->d, "/%.*s", WEIR_STR(base)));
        add(m, dim, weir_diff_text(m->d, "/x/..%.*s", WEIR_STR(base)));
        add(m, dim, weir_diff_text(m->d, "/.%.*s", WEIR_STR(base)));
    }
}


static void
add_places(make_t *m, unsigned side, const diff_route_t *route, bool misses)
{
    shape_t                 *s;
    size_t                   k;
    uint32_t                 i, param;
    weir_str_t               name;
    diff_dim_t              *dim;
    const weir_image_t      *img;
    const weir_img_route_t  *r;

    img = m->d->side[side].img;
    r = &WEIR_REC(img, ROUTES)[route->index];
    dim = &m->c->dims[DIFF_DIM_PATH];

    for (k = 0; k < route->places.len && !m->d->nomem; k++) {
        s = weir_diff_alloc(m->d, sizeof(shape_t));

        if (s == NULL) {
            return;
        }

        s->place = &route->places.items[k];
        param = 0;

        for (i = 0; i < s->place->n; i++) {

            if (s->place->elems[i].literal.data != NULL) {
                continue;
            }

            name = param < r->params.count
                   ? weir_img_str(img, WEIR_REC(img, REFS)
                                       [r->params.first + param++])
                   : weir_str("", 0);
            param_values(m, side, &s->place->elems[i], name,
                         is_tenant_segment(m->d, i), &s->values[i]);
        }

        if (misses) {
            near_misses(m, s, dim);

        } else {
            vary_params(m, s, dim);
        }
    }
}


/* Hosts and tenants */

/* Whether requests to a host can be of the route. */
static bool
host_fits(const make_t *m, weir_str_t host)
{
    size_t               i, side;
    weir_str_t           key;
    const diff_route_t  *route;

    if (m->pair == NULL) {
        return true;
    }

    for (side = 0; side < DIFF_SIDES; side++) {
        route = m->pair->route[side];

        for (i = 0; route != NULL && i < route->places.len; i++) {
            key = route->places.items[i].host;

            if (key.len == 0 || weir_str_eq(key, host)
                || (key.data[0] == '.' && weir_str_ends(host, key)))
            {
                return true;
            }
        }
    }

    return false;
}


static void
add_host(make_t *m, weir_str_t host)
{
    if (host_fits(m, host)) {
        add(m, &m->c->dims[DIFF_DIM_HOST], host);
    }
}


static weir_str_t
trusted(diff_t *d, const weir_image_t *img, const weir_img_resolve_t *r)
{
    uint32_t                 i;
    weir_ip_t                ip;
    const weir_img_cidrs_t  *c;

    (void) weir_ip_parse(weir_string("127.0.0.1"), &ip);

    if (weir_lookup_trusts(img, r, &ip)) {
        return weir_str(NULL, 0);
    }

    for (i = 0; i < r->trust.count; i++) {
        c = &WEIR_REC(img, CIDRS)[WEIR_REC(img, REFS)[r->trust.first + i]];

        if (c->v4.count) {
            ip = v4(WEIR_REC(img, V4)[c->v4.first].lo);
            return ip_text(d, &ip);
        }

        if (c->v6.count) {
            ip.len = 16;
            memcpy(ip.bytes, WEIR_REC(img, V6)[c->v6.first].lo, 16);
            return ip_text(d, &ip);
        }
    }

    return weir_str(NULL, 0);
}


/* A tenant by its id, in all ways that policies find one. */
static void
add_tenant(make_t *m, weir_str_t id)
{
    size_t                     i, side;
    weir_str_t                 peer;
    diff_dim_t                *dim;
    const weir_image_t        *img;
    const weir_img_resolve_t  *r;

    for (side = 0; side < DIFF_SIDES; side++) {
        img = m->d->side[side].img;

        for (i = 0; i < img->policy->resolve.count; i++) {
            r = &WEIR_REC(img, RESOLVES)[img->policy->resolve.first + i];

            if (r->kind == WEIR_RESOLVE_HOST) {
                add_host(m, weir_diff_text(m->d, "%.*s%.*s%.*s",
                    WEIR_STR(weir_img_str(img, r->prefix)), WEIR_STR(id),
                    WEIR_STR(weir_img_str(img, r->suffix))));

            } else if (r->kind == WEIR_RESOLVE_HEADER) {
                dim = dim_of(m, DIFF_DIM_HEADER,
                             weir_img_str(img, r->header));
                add(m, dim, weir_str(NULL, 0));
                add(m, dim, id);
                peer = trusted(m->d, img, r);

                if (peer.data != NULL) {
                    dim = dim_of(m, DIFF_DIM_SET, weir_string("peer"));
                    add(m, dim, weir_str(NULL, 0));
                    add(m, dim, peer);
                }
            }
        }
    }
}


static void
add_kinds(make_t *m)
{
    size_t              i, k;
    const diff_kind_t  *kind;

    for (i = 0; i < m->ntenants; i++) {
        kind = &m->d->kinds.items[i];

        for (k = 0; k < kind->hosts.len; k++) {
            add_host(m, kind->hosts.items[k]);
        }

        add_tenant(m, kind->id);
    }

    add_tenant(m, weir_string(FRESH "-nobody"));
}


static void
add_hosts(make_t *m)
{
    size_t               i, side;
    weir_str_t           key;
    const diff_route_t  *route;

    for (side = 0; side < DIFF_SIDES; side++) {
        route = m->pair != NULL ? m->pair->route[side] : NULL;

        for (i = 0; route != NULL && i < route->places.len; i++) {
            key = route->places.items[i].host;

            if (key.len == 0) {
                key = weir_string(FRESH_HOST);

            } else if (key.data[0] == '.') {
                key = weir_diff_text(m->d, FRESH "%.*s", WEIR_STR(key));
            }

            add(m, &m->c->dims[DIFF_DIM_HOST], key);
        }
    }

    add_kinds(m);
    add(m, &m->c->dims[DIFF_DIM_HOST], weir_string(FRESH_HOST));
}


/* Methods and header tests of the route itself */

static void
add_methods(make_t *m)
{
    size_t                   i, side;
    uint32_t                 listed;
    diff_dim_t              *dim;
    const weir_image_t      *img;
    const weir_img_route_t  *r;

    dim = &m->c->dims[DIFF_DIM_METHOD];
    listed = 0;

    for (side = 0; side < DIFF_SIDES && m->pair != NULL; side++) {

        if (m->pair->route[side] == NULL) {
            continue;
        }

        img = m->d->side[side].img;
        r = &WEIR_REC(img, ROUTES)[m->pair->route[side]->index];
        listed |= r->methods;

        for (i = 0; i < r->other.count; i++) {
            add(m, dim, weir_img_str(img, WEIR_REC(img, REFS)
                                          [r->other.first + i]));
        }
    }

#define M(name, text)                                                         \
    if (listed & 1u << WEIR_METHOD_BIT_##name) {                              \
        add_text(m, dim, text);                                               \
    }

    WEIR_METHODS(M)
#undef M

    add_text(m, dim, "GET");
    add_text(m, dim, listed & 1u << WEIR_METHOD_BIT_PATCH ? "DELETE"
                                                          : "PATCH");
}


static void
add_header_tests(make_t *m, const diff_pair_t *pair)
{
    size_t                         i, side;
    weir_str_t                     value;
    diff_dim_t                    *dim;
    const weir_image_t            *img;
    const weir_img_route_t        *r;
    const weir_img_header_test_t  *t;

    for (side = 0; side < DIFF_SIDES && pair != NULL; side++) {

        if (pair->route[side] == NULL) {
            continue;
        }

        img = m->d->side[side].img;
        r = &WEIR_REC(img, ROUTES)[pair->route[side]->index];

        for (i = 0; i < r->headers.count; i++) {
            t = &WEIR_REC(img, HEADER_TESTS)[r->headers.first + i];
            value = weir_img_str(img, t->value);
            dim = dim_of(m, DIFF_DIM_HEADER, weir_img_str(img, t->name));

            if (t->test != WEIR_TEST_PRESENT) {
                add(m, dim, value);
            }

            add(m, dim, weir_diff_text(m->d, "%.*s" FRESH, WEIR_STR(value)));
            add(m, dim, weir_str(NULL, 0));
            add(m, dim, weir_string(FRESH));
        }
    }
}


/* Programs */

static void
add_layer(make_t *m, unsigned side, const weir_range_t *rules)
{
    uint32_t                i;
    asked_t                *a;
    const weir_img_rule_t  *r;
    const diff_side_t      *other;

    other = &m->d->side[!side];

    for (i = 0; i < rules->count; i++) {
        r = &WEIR_REC(m->d->side[side].img, RULES)[rules->first + i];

        if (r->when == WEIR_NONE) {
            continue;
        }

        a = diff_push(m->d, &m->asked);

        if (a == NULL) {
            return;
        }

        a->side = side;
        a->prog = r->when;
        a->differs = bsearch(&m->d->side[side].progs[r->when],
                             m->sums[!side], other->img->n[WEIR_S_PROGS],
                             sizeof(diff_sum_t), by_sum) == NULL;
    }
}


static int
by_difference(const void *a, const void *b)
{
    const asked_t  *x, *y;

    x = a;
    y = b;

    if (x->differs != y->differs) {
        return y->differs - x->differs;
    }

    if (x->prog != y->prog) {
        return x->prog < y->prog ? -1 : 1;
    }

    return (int) x->side - (int) y->side;
}


static void
add_route(make_t *m, unsigned side, const diff_pair_t *pair)
{
    const weir_img_route_t  *r;

    if (pair != NULL && pair->route[side] != NULL) {
        r = &WEIR_REC(m->d->side[side].img, ROUTES)[pair->route[side]->index];
        add_layer(m, side, &r->deny);
        add_layer(m, side, &r->allow);
    }
}


static void
add_programs(make_t *m)
{
    size_t                     i, side;
    const weir_image_t        *img;
    const diff_kind_t         *kind;
    const weir_img_tenant_t   *t;

    for (side = 0; side < DIFF_SIDES; side++) {
        img = m->d->side[side].img;
        add_layer(m, (unsigned) side, &img->policy->deny);
        add_layer(m, (unsigned) side, &img->policy->allow);

        for (i = 0; i < m->ntenants; i++) {
            kind = &m->d->kinds.items[i];

            if (kind->tenant[side] != WEIR_NONE) {
                t = &WEIR_REC(img, TENANTS)[kind->tenant[side]];
                add_layer(m, (unsigned) side, &t->deny);
                add_layer(m, (unsigned) side, &t->allow);
            }
        }

        add_route(m, (unsigned) side, m->pair);

        for (i = 0; i < m->nlanded; i++) {
            add_route(m, (unsigned) side, m->landed[i]);
        }
    }

    if (m->asked.len) {
        qsort(m->asked.items, m->asked.len, sizeof(asked_t), by_difference);
    }
}


static void
add_set(make_t *m, const diff_code_t *code)
{
    size_t        i, k;
    uint16_t      at;
    diff_dim_t   *dim;
    diff_set_t    set, *out;

    memset(&set, 0, sizeof(set));

    for (i = 0; i < code->atoms.len; i++) {
        dim = leaf_dim(m, &code->atoms.items[i].leaf);

        if (dim == NULL) {
            continue;
        }

        at = (uint16_t) (dim - m->c->dims);

        for (k = 0; k < set.n && set.dims[k] != at; k++) { /* void */ }

        if (k == set.n) {
            set.dims[set.n++] = at;
        }
    }

    for (i = 0; i < m->c->sets.len; i++) {
        if (memcmp(&m->c->sets.items[i], &set, sizeof(set)) == 0) {
            return;
        }
    }

    out = set.n > 1 ? diff_push(m->d, &m->c->sets) : NULL;

    if (out != NULL) {
        *out = set;
    }
}


static void
add_leaves(make_t *m)
{
    size_t              i, k;
    const diff_code_t  *code;

    for (i = 0; i < m->asked.len && !m->d->nomem; i++) {
        code = &m->d->side[m->asked.items[i].side]
                .code[m->asked.items[i].prog];

        for (k = 0; k < code->atoms.len; k++) {
            leaf_values(m, &code->atoms.items[k]);
        }

        add_set(m, code);
    }
}


static void
make_cell(make_t *m, const diff_pair_t *pair)
{
    size_t  i, side, misses;

    memset(m->c, 0, sizeof(diff_cell_t));
    memset(&m->asked, 0, sizeof(m->asked));
    m->pair = pair;

    (void) dim_of(m, DIFF_DIM_HOST, weir_string("host"));
    (void) dim_of(m, DIFF_DIM_PATH, weir_string("path"));
    (void) dim_of(m, DIFF_DIM_METHOD, weir_string("method"));

    add_programs(m);
    add_hosts(m);
    add_methods(m);
    add_header_tests(m, pair);

    for (i = 0; i < m->nlanded; i++) {
        add_header_tests(m, m->landed[i]);
    }

    for (misses = 0; misses < 2 && pair != NULL; misses++) {
        for (side = 0; side < DIFF_SIDES; side++) {
            if (pair->route[side] != NULL) {
                add_places(m, (unsigned) side, pair->route[side],
                           misses != 0);
            }
        }
    }

    add_text(m, &m->c->dims[DIFF_DIM_PATH], "/" FRESH "-probe");

    if (!m->d->same_paths) {
        add_text(m, &m->c->dims[DIFF_DIM_PATH], "//" FRESH "-probe");
        add_text(m, &m->c->dims[DIFF_DIM_PATH], "/a/../" FRESH "-probe");
    }

    add_leaves(m);
}


static size_t
count_kinds(const diff_t *d, bool all)
{
    size_t  n;

    for (n = 0; n < d->kinds.len && (all || d->kinds.items[n].matters); n++)
    {
        /* void */
    }

    return n;
}


static bool
sort_sums(make_t *m)
{
    size_t    i;
    uint32_t  n;

    for (i = 0; i < DIFF_SIDES; i++) {
        n = m->d->side[i].img->n[WEIR_S_PROGS];
        m->sums[i] = weir_diff_alloc(m->d, (n + 1) * sizeof(diff_sum_t));

        if (m->sums[i] == NULL) {
            return false;
        }

        memcpy(m->sums[i], m->d->side[i].progs, n * sizeof(diff_sum_t));
        qsort(m->sums[i], n, sizeof(diff_sum_t), by_sum);
    }

    return true;
}


/* The other routes that requests of the class came to. */
static bool
has_landed(make_t *m, const diff_pair_t *pair)
{
    size_t  i;

    for (i = 0, m->nlanded = 0; i < m->c->nlanded; i++) {

        if (m->c->landed[i] != pair) {
            m->landed[m->nlanded++] = m->c->landed[i];
        }
    }

    return m->nlanded != 0;
}


/* What a class needs does not outlive it. */
static void
try_cell(make_t *m, const diff_pair_t *pair, size_t budget)
{
    size_t         before;
    weir_arena_t  *arena;

    arena = m->d->arena;
    m->d->arena = weir_arena_create();

    if (m->d->arena == NULL) {
        m->d->nomem = true;

    } else {
        before = m->d->probes;
        m->nlanded = 0;
        make_cell(m, pair);
        m->c->budget = budget / 2;
        weir_diff_explore(m->d, m->c);

        if (has_landed(m, pair) && !m->d->nomem) {
            make_cell(m, pair);
            m->c->budget = budget > m->d->probes - before
                           ? budget - (m->d->probes - before) : 0;
            weir_diff_explore(m->d, m->c);
        }

        m->d->capped |= m->c->capped;
        weir_arena_destroy(m->d->arena);
    }

    m->d->arena = arena;
}


/* Classes get shares of what is left, so that late ones have theirs. */
void
weir_diff_cells(diff_t *d)
{
    size_t              i, n, kinds, left;
    make_t              m;
    const diff_pair_t  *p;

    memset(&m, 0, sizeof(m));
    m.d = d;
    m.c = weir_diff_alloc(d, sizeof(diff_cell_t));
    kinds = count_kinds(d, false);

    for (i = 0, n = 1; i < d->pairs.len; i++) {
        n += d->pairs.items[i].why.len != 0 || kinds != 0;
    }

    if (d->nomem || !sort_sums(&m) || (n == 1 && d->none.why.len == 0)) {
        return;
    }

    for (i = 0; i <= d->pairs.len && !d->nomem; i++) {
        p = i < d->pairs.len ? &d->pairs.items[i] : NULL;

        if (p != NULL && p->why.len == 0 && kinds == 0) {
            continue;
        }

        m.ntenants = p != NULL && p->why.len == 0 ? kinds
                                                  : count_kinds(d, true);

        if (m.ntenants > MOST_TENANTS) {
            m.ntenants = MOST_TENANTS;
            d->capped = true;
        }

        left = d->budget > d->probes ? d->budget - d->probes : 0;
        try_cell(&m, p, left / n > 200 ? left / n : 200);
        n -= n > 1;
    }
}
