/*
 * diff_prove.c: programs that are written otherwise and mean the same.
 *
 * Two programs are equal when they give one result for every combination of
 * values of the leaves that they ask.  For some tests a few values stand for
 * all: of a text that is compared, and looked into for prefixes, suffixes and
 * parts, each constant, and each prefix, parts and suffix put together with a
 * character between that no constant has; of an integer, each constant and its
 * neighbours; of an address, both ends of each range, from inside and outside;
 * of an attribute of a tenant, the constants and a value of each kind; and of
 * what the server gives, that it fails to.  Both programs run on the whole
 * product, by the evaluator that serves.  Leaves that depend on each other
 * (path and parameters) only make the product larger than what there is.
 * Whatever else is asked is not proved.
 */

#include "cli/diff.h"
#include "run/fn.h"

#define MOST_LEAVES  12
#define MOST_VALUES  160
#define MOST_PARTS   4          /* contains() of one leaf */
#define MOST_RUNS    20000

typedef struct {
    diff_leaf_t   leaf;
    size_t        n;
    weir_value_t  values[MOST_VALUES];      /* UNSET: absent */
    size_t        at;
} choice_t;

typedef struct {
    diff_t       *d;
    bool          failed;       /* not of the tests that a few values cover */
    size_t        n;
    choice_t      choices[MOST_LEAVES];
    weir_value_t  pairs[2 * MOST_LEAVES];   /* of tenant.attrs */
    uint32_t      refs[DIFF_SIDES][MOST_LEAVES];
    weir_str_t    params[MOST_LEAVES];
} proof_t;


static const choice_t *
chosen(const proof_t *p, unsigned attr, weir_str_t key)
{
    size_t       i;
    diff_leaf_t  leaf;

    leaf = (diff_leaf_t) { attr, key };

    for (i = 0; i < p->n; i++) {

        if (weir_diff_leaf_eq(&p->choices[i].leaf, &leaf)) {
            return &p->choices[i];
        }
    }

    return NULL;
}


/* The server of the evaluator: entries of the maps of the request. */

static weir_rc_t
prove_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    const choice_t  *c;

    c = chosen(host, attr, key);

    if (c == NULL || c->values[c->at].kind == WEIR_T_UNSET) {
        return WEIR_DECLINED;
    }

    *out = c->values[c->at];

    return WEIR_OK;
}


static void
prove_attr(void *host, unsigned attr, weir_value_t *out)
{
    size_t           i;
    uint32_t         n;
    proof_t         *p;
    const choice_t  *c;

    p = host;

    if (attr == WEIR_A_TENANT_ATTRS) {

        for (i = 0, n = 0; i < p->n; i++) {
            c = &p->choices[i];

            if (c->leaf.attr == attr
                && c->values[c->at].kind != WEIR_T_UNSET)
            {
                p->pairs[2 * n] = weir_v_str(c->leaf.key);
                p->pairs[2 * n + 1] = c->values[c->at];
                n++;
            }
        }

        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_VALUES,
                                .len = n, .u.items = p->pairs };
        return;
    }

    for (i = 0; weir_attrs[attr].kind == WEIR_T_MAP && i < p->n; i++) {
        c = &p->choices[i];

        if (c->leaf.attr == attr && c->values[c->at].kind == WEIR_T_ERR) {
            *out = c->values[c->at];
            return;
        }
    }

    if (weir_attrs[attr].kind == WEIR_T_MAP) {
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .len = 1, .u.attr = attr };
        return;
    }

    c = chosen(p, attr, weir_str(NULL, 0));

    if (c != NULL) {
        *out = c->values[c->at];
    }
}


static void
prove_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) host;
    (void) attr;
    (void) i;

    *key = *value = weir_v_str(weir_str("", 0));
}


/* Values */

static void
choose(proof_t *p, choice_t *c, weir_value_t v)
{
    if (c->n == MOST_VALUES) {
        p->failed = true;
        return;
    }

    c->values[c->n++] = v;
}


static bool
is_test(const diff_atom_t *a, const choice_t *c)
{
    return weir_diff_leaf_eq(&a->leaf, &c->leaf);
}


/* A character that no constant of the leaf has; 0: there is none. */
static char
fresh(const diff_code_t *const codes[DIFF_SIDES], const choice_t *c)
{
    int                 ch;
    bool                used;
    size_t              i, k;
    const diff_atom_t  *a;

    for (ch = 'w'; ch != 'w' - 1; ch = ch == '~' ? '!' : ch + 1) {
        used = false;

        for (k = 0; k < DIFF_SIDES; k++) {
            for (i = 0; i < codes[k]->atoms.len; i++) {
                a = &codes[k]->atoms.items[i];
                used |= is_test(a, c) && a->value.kind == WEIR_T_STRING
                        && memchr(a->value.u.s, ch, a->value.len) != NULL;
            }
        }

        if (!used) {
            return (char) ch;
        }
    }

    return 0;
}


/* Constants of one test of the leaf; first: as the empty text besides. */
static void
constants(const diff_code_t *const codes[DIFF_SIDES], const choice_t *c,
    diff_test_t test, diff_t *d, diff_strs_t *out)
{
    size_t              i, k;
    const diff_atom_t  *a;

    for (k = 0; k < DIFF_SIDES; k++) {
        for (i = 0; i < codes[k]->atoms.len; i++) {
            a = &codes[k]->atoms.items[i];

            if (is_test(a, c) && a->test == test
                && a->value.kind == WEIR_T_STRING
                && !weir_diff_has(out, weir_v_text(&a->value)))
            {
                weir_diff_push(d, out, weir_v_text(&a->value));
            }
        }
    }
}


static void
text_values(proof_t *p, const diff_code_t *const codes[DIFF_SIDES],
    choice_t *c)
{
    char         mark;
    size_t       i, k, set, bit;
    weir_str_t   s;
    diff_strs_t  equal, heads, tails, parts;

    memset(&equal, 0, sizeof(equal));
    memset(&heads, 0, sizeof(heads));
    memset(&tails, 0, sizeof(tails));
    memset(&parts, 0, sizeof(parts));
    weir_diff_push(p->d, &heads, weir_string(""));
    weir_diff_push(p->d, &tails, weir_string(""));
    constants(codes, c, DIFF_EQ, p->d, &equal);
    constants(codes, c, DIFF_PREFIX, p->d, &heads);
    constants(codes, c, DIFF_SUFFIX, p->d, &tails);
    constants(codes, c, DIFF_CONTAINS, p->d, &parts);
    mark = fresh(codes, c);

    if (mark == 0 || parts.len > MOST_PARTS || p->d->nomem) {
        p->failed = true;
        return;
    }

    for (i = 0; i < equal.len; i++) {
        choose(p, c, weir_v_str(equal.items[i]));
    }

    for (set = 0; set < (size_t) 1 << parts.len; set++) {
        for (i = 0; i < heads.len; i++) {
            for (k = 0; k < tails.len; k++) {
                s = weir_diff_text(p->d, "%.*s%c", WEIR_STR(heads.items[i]),
                                   mark);

                for (bit = 0; bit < parts.len; bit++) {
                    if (set >> bit & 1) {
                        s = weir_diff_text(p->d, "%.*s%.*s%c", WEIR_STR(s),
                                           WEIR_STR(parts.items[bit]), mark);
                    }
                }

                s = weir_diff_text(p->d, "%.*s%.*s", WEIR_STR(s),
                                   WEIR_STR(tails.items[k]));
                choose(p, c, weir_v_str(s));
            }
        }
    }
}


static void
address_value(proof_t *p, choice_t *c, const weir_ip_t *end, int by)
{
    size_t      i;
    weir_ip_t  *ip;

    ip = weir_diff_alloc(p->d, sizeof(weir_ip_t));

    if (ip == NULL) {
        return;
    }

    *ip = *end;

    for (i = ip->len; by != 0 && i-- > 0; ) {
        ip->bytes[i] = (uint8_t) (ip->bytes[i] + by);

        if (ip->bytes[i] != (by > 0 ? 0 : 0xff)) {
            break;
        }
    }

    choose(p, c, (weir_value_t) { .kind = WEIR_T_IP, .u.ip = ip });
}


static void
range_values(proof_t *p, choice_t *c, const weir_ip_t *lo,
    const weir_ip_t *hi)
{
    address_value(p, c, lo, -1);
    address_value(p, c, lo, 0);
    address_value(p, c, hi, 0);
    address_value(p, c, hi, 1);
}


static void
list_values(proof_t *p, choice_t *c, const diff_atom_t *a)
{
    uint32_t                 i, k;
    weir_ip_t                ends[2];
    const weir_img_v4_t     *v4;
    const weir_img_v6_t     *v6;
    const weir_img_cidrs_t  *list;

    list = &WEIR_REC(a->img, CIDRS)[a->value.u.index];

    for (i = 0; i < list->v4.count && !p->failed; i++) {
        v4 = &WEIR_REC(a->img, V4)[list->v4.first + i];
        memset(ends, 0, sizeof(ends));
        ends[0].len = ends[1].len = 4;

        for (k = 0; k < 4; k++) {
            ends[0].bytes[k] = (uint8_t) (v4->lo >> (24 - 8 * k));
            ends[1].bytes[k] = (uint8_t) (v4->hi >> (24 - 8 * k));
        }

        range_values(p, c, &ends[0], &ends[1]);
    }

    for (i = 0; i < list->v6.count && !p->failed; i++) {
        v6 = &WEIR_REC(a->img, V6)[list->v6.first + i];
        ends[0].len = ends[1].len = 16;
        memcpy(ends[0].bytes, v6->lo, 16);
        memcpy(ends[1].bytes, v6->hi, 16);
        range_values(p, c, &ends[0], &ends[1]);
    }
}


static void
cidr_values(proof_t *p, choice_t *c, const weir_value_t *v)
{
    size_t     bit;
    weir_ip_t  hi;

    hi = *v->u.ip;

    for (bit = v->len; bit < 8u * hi.len; bit++) {
        hi.bytes[bit / 8] |= (uint8_t) (0x80 >> bit % 8);
    }

    range_values(p, c, v->u.ip, &hi);
}


/* An attribute of a tenant is of any kind that a source can give it. */
static void
any_values(proof_t *p, choice_t *c)
{
    choose(p, c, weir_v_bool(true));
    choose(p, c, weir_v_bool(false));
    choose(p, c, weir_v_int(987654321));
    choose(p, c, weir_v_double(0.53125));
    choose(p, c, (weir_value_t) { .kind = WEIR_T_UINT, .u.u = 987654322 });
    choose(p, c, (weir_value_t) { .kind = WEIR_T_NULL });
    choose(p, c, (weir_value_t) { .kind = WEIR_T_LIST,
                                  .rep = WEIR_REP_VALUES,
                                  .u.items = p->pairs });
    choose(p, c, (weir_value_t) { .kind = WEIR_T_MAP,
                                  .rep = WEIR_REP_VALUES,
                                  .u.items = p->pairs });
}


/* What an atom adds beside texts. */
static void
atom_values(proof_t *p, choice_t *c, const diff_atom_t *a, unsigned kind)
{
    int64_t  n;

    if (a->test == DIFF_CIDRS && kind == WEIR_T_IP) {
        list_values(p, c, a);

    } else if (a->test == DIFF_CIDR && kind == WEIR_T_IP) {
        cidr_values(p, c, &a->value);

    } else if (a->value.kind == WEIR_T_IP && a->test == DIFF_EQ
               && kind == WEIR_T_IP)
    {
        range_values(p, c, a->value.u.ip, a->value.u.ip);

    } else if (a->value.kind == WEIR_T_INT
               && (kind == WEIR_T_INT
                   || (kind == WEIR_T_DYN && a->test == DIFF_EQ)))
    {
        n = a->value.u.i;
        choose(p, c, weir_v_int(n));

        if (kind == WEIR_T_DYN) {
            choose(p, c, weir_v_double((double) n));
            choose(p, c, (weir_value_t) { .kind = WEIR_T_UINT,
                                          .u.u = (uint64_t) n });

        } else if (n > INT64_MIN && n < INT64_MAX) {
            choose(p, c, weir_v_int(n - 1));
            choose(p, c, weir_v_int(n + 1));
        }

    } else if (a->value.kind == WEIR_T_BOOL && a->test == DIFF_EQ
               && (kind == WEIR_T_BOOL || kind == WEIR_T_DYN))
    {
        choose(p, c, weir_v_bool(true));
        choose(p, c, weir_v_bool(false));

    } else if (a->test != DIFF_PRESENT
               && !(a->value.kind == WEIR_T_STRING
                    && (a->test == DIFF_EQ || a->test == DIFF_PREFIX
                        || a->test == DIFF_SUFFIX
                        || a->test == DIFF_CONTAINS)
                    && (kind == WEIR_T_STRING || kind == WEIR_T_DYN)))
    {
        p->failed = true;
    }

    p->failed |= a->via != WEIR_FN_COUNT;
}


/* The kind of a leaf; UNSET: none that is proved about. */
static unsigned
kind_of(const diff_leaf_t *leaf)
{
    if (leaf->attr == DIFF_PARAM) {
        return WEIR_T_STRING;
    }

    if (leaf->key.data == NULL) {
        return weir_attrs[leaf->attr].kind;
    }

    return leaf->attr == WEIR_A_TENANT_ATTRS ? WEIR_T_DYN
           : leaf->attr == WEIR_A_REQUEST_HEADERS
             || leaf->attr == WEIR_A_REQUEST_COOKIES
             || leaf->attr == WEIR_A_REQUEST_PARAMS ? WEIR_T_STRING
           : WEIR_T_UNSET;
}


/* Hours of the day, or days of the week, when nothing else is asked. */
static bool
time_values(proof_t *p, const diff_code_t *const codes[DIFF_SIDES],
    choice_t *c)
{
    size_t              i, k, n;
    int64_t             by;
    diff_sum_t          zones[DIFF_SIDES];
    const diff_atom_t  *a, *first;

    first = NULL;

    for (k = 0; k < DIFF_SIDES; k++) {
        for (i = 0; i < codes[k]->atoms.len; i++) {
            a = &codes[k]->atoms.items[i];

            if (!is_test(a, c)) {
                continue;
            }

            first = first ? first : a;

            if (a->via != first->via || !weir_str_eq(a->zone, first->zone)
                || a->value.kind != WEIR_T_INT)
            {
                return false;
            }
        }
    }

    if (first == NULL || first->via == WEIR_FN_COUNT) {
        return false;
    }

    for (i = 0; i < DIFF_SIDES; i++) {
        zones[i] = weir_diff_zone(p->d, &p->d->side[i], first->zone);
    }

    if (memcmp(&zones[0], &zones[1], sizeof(diff_sum_t)) != 0) {
        return false;
    }

    if (weir_fns[first->via].name == WEIR_N_HOURS) {
        n = 24;
        by = 3600;

    } else if (weir_fns[first->via].name == WEIR_N_DAY_OF_WEEK) {
        n = 7;
        by = 86400;

    } else {
        return false;
    }

    /* clocks do not change in that week */

    for (i = 0; i < n; i++) {
        choose(p, c, (weir_value_t) { .kind = WEIR_T_TIMESTAMP,
                                      .u.i = DIFF_TIME + (int64_t) i * by });
    }

    return true;
}


static void
fill_choice(proof_t *p, const diff_code_t *const codes[DIFF_SIDES],
    choice_t *c)
{
    size_t    i, k;
    unsigned  kind;

    static const weir_ip_t  none;
    static const weir_ip_t  any4 = { .len = 4 };
    static const weir_ip_t  any6 = { .len = 16 };

    kind = kind_of(&c->leaf);

    if (kind == WEIR_T_TIMESTAMP) {
        p->failed |= !time_values(p, codes, c);
        return;
    }

    for (k = 0; k < DIFF_SIDES; k++) {
        for (i = 0; i < codes[k]->atoms.len && !p->failed; i++) {
            if (is_test(&codes[k]->atoms.items[i], c)) {
                atom_values(p, c, &codes[k]->atoms.items[i], kind);
            }
        }
    }

    switch (kind) {

    case WEIR_T_STRING:
        text_values(p, codes, c);
        break;

    case WEIR_T_DYN:
        text_values(p, codes, c);
        any_values(p, c);
        break;

    case WEIR_T_IP:
        address_value(p, c, &none, 0);
        address_value(p, c, &any4, 0);
        address_value(p, c, &any6, 0);
        break;

    case WEIR_T_INT:
    case WEIR_T_BOOL:
        break;

    default:
        p->failed = true;
    }

    if (c->leaf.key.data != NULL) {
        choose(p, c, (weir_value_t) { .kind = WEIR_T_UNSET });
    }

    /* what the server is asked for, it may fail to give */

    if (c->leaf.attr != DIFF_PARAM && !weir_attrs[c->leaf.attr].engine) {
        choose(p, c, weir_v_err(WEIR_E_UNAVAILABLE));
    }
}


static void
find_leaves(proof_t *p, const diff_code_t *code)
{
    size_t              i;
    const diff_atom_t  *a;

    for (i = 0; i < code->atoms.len; i++) {
        a = &code->atoms.items[i];

        if (chosen(p, a->leaf.attr, a->leaf.key) != NULL) {
            continue;
        }

        if (p->n == MOST_LEAVES) {
            p->failed = true;
            return;
        }

        p->choices[p->n++].leaf = a->leaf;
    }
}


/* The name of a parameter as a string of the image; NONE: it has none. */
static uint32_t
find_str(const weir_image_t *img, weir_str_t s)
{
    uint32_t                  i;
    const weir_insn_t        *in;

    for (i = 0; i < img->n[WEIR_S_CODE]; i++) {
        in = &WEIR_REC(img, CODE)[i];

        if (in->op == WEIR_OP_PARAM
            && weir_str_eq(weir_img_str(img, in->c), s))
        {
            return in->c;
        }
    }

    return WEIR_NONE;
}


static void
find_params(proof_t *p)
{
    size_t  i, k;

    for (i = 0; i < p->n; i++) {
        for (k = 0; k < DIFF_SIDES; k++) {
            p->refs[k][i] = p->choices[i].leaf.attr == DIFF_PARAM
                            ? find_str(p->d->side[k].img,
                                       p->choices[i].leaf.key)
                            : WEIR_NONE;
        }
    }
}


static weir_value_t
run(proof_t *p, unsigned side, uint32_t prog, void *mem)
{
    size_t        i;
    uint32_t      n, names[MOST_LEAVES];
    weir_value_t  v, *c;
    weir_eval_t   e;

    static const weir_host_t  ops = { prove_attr, prove_get, prove_at };

    weir_eval_init(&e, p->d->side[side].img, mem);
    e.host = &ops;
    e.host_data = p;
    e.engine = prove_attr;
    e.engine_data = p;

    for (i = 0, n = 0; i < p->n; i++) {
        c = &p->choices[i].values[p->choices[i].at];

        if (p->refs[side][i] != WEIR_NONE && c->kind == WEIR_T_STRING) {
            names[n] = p->refs[side][i];
            p->params[n++] = weir_v_text(c);
        }
    }

    e.param_names = names;
    e.params = p->params;
    e.nparams = n;
    weir_eval(&e, prog, &v);

    return v;
}


static bool
same_result(const weir_value_t *a, const weir_value_t *b)
{
    return a->kind == b->kind && (a->kind == WEIR_T_BOOL
                                  ? a->u.b == b->u.b
                                  : a->kind == WEIR_T_ERR);
}


static bool
next(proof_t *p)
{
    size_t  i;

    for (i = 0; i < p->n; i++) {

        if (++p->choices[i].at < p->choices[i].n) {
            return true;
        }

        p->choices[i].at = 0;
    }

    return false;
}


static bool
equal(diff_t *d, proof_t *p, uint32_t a, uint32_t b)
{
    void               *mem[DIFF_SIDES];
    size_t              i, total;
    weir_value_t        x, y;
    const diff_code_t  *codes[DIFF_SIDES];

    codes[DIFF_OLD] = &d->side[DIFF_OLD].code[a];
    codes[DIFF_NEW] = &d->side[DIFF_NEW].code[b];

    for (i = 0; i < DIFF_SIDES; i++) {
        if (codes[i]->opaque || codes[i]->atoms.len == DIFF_MAX_ATOMS) {
            return false;
        }
    }

    memset(p, 0, sizeof(proof_t));
    p->d = d;
    find_leaves(p, codes[DIFF_OLD]);
    find_leaves(p, codes[DIFF_NEW]);
    total = 1;

    for (i = 0; i < p->n && !p->failed; i++) {
        fill_choice(p, codes, &p->choices[i]);

        if (p->failed || p->choices[i].n == 0
            || p->choices[i].n > MOST_RUNS / total)
        {
            return false;
        }

        total *= p->choices[i].n;
    }

    find_params(p);

    for (i = 0; i < DIFF_SIDES; i++) {
        mem[i] = weir_diff_alloc(d, weir_eval_size(d->side[i].img) + 16);
    }

    if (p->failed || d->nomem) {
        return false;
    }

    do {
        x = run(p, DIFF_OLD, a, mem[DIFF_OLD]);
        y = run(p, DIFF_NEW, b, mem[DIFF_NEW]);

        if (!same_result(&x, &y)) {
            return false;
        }

    } while (next(p));

    return true;
}


/* Rules of one id in layers that correspond. */
static void
prove_layer(diff_t *d, proof_t *p, const weir_range_t *o,
    const weir_range_t *n)
{
    uint32_t                i;
    diff_sum_t             *sums[DIFF_SIDES];
    const weir_img_rule_t  *a, *b;
    const diff_side_t      *old, *new;

    old = &d->side[DIFF_OLD];
    new = &d->side[DIFF_NEW];

    for (i = 0; i < o->count; i++) {
        a = &WEIR_REC(old->img, RULES)[o->first + i];
        b = weir_diff_find_rule(new, n, weir_img_str(old->img, a->id));

        if (b == NULL || a->when == WEIR_NONE || b->when == WEIR_NONE) {
            continue;
        }

        sums[DIFF_OLD] = &old->progs[a->when];
        sums[DIFF_NEW] = &new->progs[b->when];

        if (memcmp(sums[DIFF_OLD], sums[DIFF_NEW], sizeof(diff_sum_t)) != 0
            && equal(d, p, a->when, b->when))
        {
            *sums[DIFF_NEW] = *sums[DIFF_OLD];
        }
    }
}


static void
prove_routes(diff_t *d, proof_t *p)
{
    uint32_t                 i, k;
    const weir_image_t      *o, *n;
    const weir_img_route_t  *a, *b;

    o = d->side[DIFF_OLD].img;
    n = d->side[DIFF_NEW].img;

    for (i = 0; i < o->n[WEIR_S_ROUTES]; i++) {
        a = &WEIR_REC(o, ROUTES)[i];

        for (k = 0; k < n->n[WEIR_S_ROUTES]; k++) {
            b = &WEIR_REC(n, ROUTES)[(i + k) % n->n[WEIR_S_ROUTES]];

            if (memcmp(&a->uid, &b->uid, sizeof(weir_id_t)) == 0) {
                prove_layer(d, p, &a->deny, &b->deny);
                prove_layer(d, p, &a->allow, &b->allow);
                break;
            }
        }
    }
}


void
weir_diff_prove(diff_t *d)
{
    proof_t                  *p;
    const weir_img_policy_t  *o, *n;

    p = weir_diff_alloc(d, sizeof(proof_t));

    if (p == NULL) {
        return;
    }

    o = d->side[DIFF_OLD].img->policy;
    n = d->side[DIFF_NEW].img->policy;

    prove_layer(d, p, &o->deny, &n->deny);
    prove_layer(d, p, &o->allow, &n->allow);
    prove_routes(d, p);
}
