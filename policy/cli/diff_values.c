/*
 * diff_values.c: values on both sides of what a test tells apart.
 */

#include <time.h>

#include "cli/diff_make.h"
#include "run/fn.h"

#define MOST_POINTS  12         /* addresses of one list */


/* Dimensions */

diff_dim_t *
weir_diff_dim(diff_make_t *m, diff_dim_kind_t kind, weir_str_t name)
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


void
weir_diff_add(diff_make_t *m, diff_dim_t *dim, weir_str_t value)
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


void
weir_diff_texts(diff_t *d, const diff_atom_t *a, diff_strs_t *out)
{
    weir_str_t    s;
    unsigned      name;
    const char   *before, *behind;

    name = a->via < WEIR_FN_COUNT ? weir_fns[a->via].name : WEIR_N_COUNT;

    if (name == WEIR_N_INT) {
        numbers(d, &a->value, out);
        weir_diff_push(d, out, weir_string(DIFF_FRESH));
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
        before = a->test == DIFF_SUFFIX || a->test == DIFF_CONTAINS
                 ? DIFF_FRESH : "";
        behind = a->test == DIFF_PREFIX || a->test == DIFF_ORDER
                 || a->test == DIFF_CONTAINS ? DIFF_FRESH : "";
        weir_diff_push(d, out, weir_diff_text(d, "%s%.*s%s", before,
                                              WEIR_STR(s), behind));

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

    weir_diff_push(d, out, weir_string(DIFF_FRESH));
}


/* Addresses */

weir_ip_t
weir_diff_v4(uint32_t n)
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


weir_str_t
weir_diff_ip_text(diff_t *d, const weir_ip_t *ip)
{
    char    text[WEIR_IP_STRLEN];
    size_t  n;

    n = weir_ip_print(ip, text);

    return weir_diff_text(d, "%.*s", (int) n, text);
}


/* Whether lists of the class are of two minds about an address. */
static bool
disputed(const diff_make_t *m, const diff_atom_t *atom, const weir_ip_t *ip)
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
range_points(diff_make_t *m, const diff_atom_t *a, weir_ip_t ends[2],
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
                weir_diff_push(m->d, out, weir_diff_ip_text(m->d, &ip));
            }
        }
    }
}


static void
list_points(diff_make_t *m, const diff_atom_t *a, diff_strs_t *out)
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
            ends[0] = weir_diff_v4(r4->lo);
            ends[1] = weir_diff_v4(r4->hi);
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

    weir_diff_push(d, out, weir_diff_ip_text(d, &lo));
    weir_diff_push(d, out, weir_diff_ip_text(d, &hi));
    ip = near(&lo, -1);
    weir_diff_push(d, out, weir_diff_ip_text(d, &ip));
    ip = near(&hi, 1);
    weir_diff_push(d, out, weir_diff_ip_text(d, &ip));
}


static void
addresses(diff_make_t *m, const diff_atom_t *a, diff_strs_t *out)
{
    if (a->test == DIFF_CIDRS) {
        list_points(m, a, out);

    } else if (a->test == DIFF_CIDR) {
        cidr_points(m->d, &a->value, out);

    } else if (a->value.kind == WEIR_T_IP) {
        weir_diff_push(m->d, out, weir_diff_ip_text(m->d, a->value.u.ip));
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


/* A whole map, or an entry of no name, is no dimension. */
static diff_dim_t *
keyed_dim(diff_make_t *m, diff_dim_kind_t kind, weir_str_t key)
{
    return key.len ? weir_diff_dim(m, kind, key) : NULL;
}


diff_dim_t *
weir_diff_leaf_dim(diff_make_t *m, const diff_leaf_t *leaf)
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
        return weir_diff_dim(m, DIFF_DIM_QUERY, weir_string("query"));

    case WEIR_A_REQUEST_REFERER:
        return weir_diff_dim(m, DIFF_DIM_HEADER, weir_string("referer"));

    case WEIR_A_REQUEST_USERAGENT:
        return weir_diff_dim(m, DIFF_DIM_HEADER, weir_string("user-agent"));

    case WEIR_A_REQUEST_HEADERS:
        if (weir_str_eq(leaf->key, weir_string("host"))) {
            return &m->c->dims[DIFF_DIM_HOST];
        }

        return keyed_dim(m, DIFF_DIM_HEADER, leaf->key);

    case WEIR_A_REQUEST_COOKIES:
        return keyed_dim(m, DIFF_DIM_COOKIE, leaf->key);

    case WEIR_A_REQUEST_PARAMS:
        return keyed_dim(m, DIFF_DIM_PARAM, leaf->key);

    default:
        set = set_name(leaf->attr);
        return set ? weir_diff_dim(m, DIFF_DIM_SET, weir_cstr(set)) : NULL;
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
               && !weir_str_eq(s, weir_string(DIFF_FRESH));

    default:
        return true;
    }
}


/* Around constants, for what need not begin where paths and hosts do. */
static void
add_around(diff_make_t *m, const diff_atom_t *a, diff_dim_t *dim, weir_str_t s)
{
    weir_str_t  base;

    base = dim->values[0];

    if (dim->kind == DIFF_DIM_PATH && a->leaf.attr != DIFF_PARAM
        && (a->test == DIFF_SUFFIX || a->test == DIFF_CONTAINS))
    {
        weir_diff_add(m, dim, weir_diff_text(m->d, "%.*s%s%.*s", WEIR_STR(base),
                                   s.len && s.data[0] == '/' ? "" : "/",
                                   WEIR_STR(s)));
    }
}


void
weir_diff_leaf_values(diff_make_t *m, const diff_atom_t *a)
{
    size_t        i;
    diff_dim_t   *dim, *query;
    diff_strs_t   out;

    dim = weir_diff_leaf_dim(m, &a->leaf);

    if (dim == NULL) {
        return;
    }

    memset(&out, 0, sizeof(out));

    if (dim->kind > DIFF_DIM_METHOD) {
        weir_diff_add(m, dim, weir_str(NULL, 0));
    }

    if (dim->kind == DIFF_DIM_PARAM) {
        query = weir_diff_dim(m, DIFF_DIM_QUERY, weir_string("query"));
        weir_diff_add(m, query, weir_str(NULL, 0));
        weir_diff_add(m, query, weir_string("%zz"));    /* is no text */
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
        weir_diff_texts(m->d, a, &out);
    }

    for (i = 0; i < out.len; i++) {

        if (fits_dim(dim, out.items[i])) {
            weir_diff_add(m, dim, out.items[i]);

        } else {
            add_around(m, a, dim, out.items[i]);
        }
    }
}
