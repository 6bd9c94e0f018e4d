/*
 * diff_tenants.c: kinds of tenants: those whose records are alike in both
 * policies, so that one of them stands for all.
 *
 * Alike is what programs read: other attributes, and the hosts, are not looked
 * at.  A tenant whose id a program asks for is a kind of its own.  A kind
 * matters when its records differ in what a decision can rest on: that there
 * is such a tenant, its hosts, its rules, and what some program reads of its
 * plan and attributes.
 */

#include <stdlib.h>

#include "cli/diff.h"
#include "run/lookup.h"
#include "run/regex.h"

#define MOST_HOSTS  3           /* that are tried of a kind */

typedef struct {
    diff_sum_t  sum;            /* of what is read; of no record: zeros */
    diff_sum_t  record;
    uint32_t    host;           /* first of tenant_hosts, or NONE */
    uint32_t    moved;          /* first whose tenant is another, or NONE */
} mine_t;

typedef struct {
    weir_str_t  id;
    uint32_t    tenant[DIFF_SIDES];
    diff_sum_t  sum[DIFF_SIDES];
    bool        differs;        /* the records do */
    bool        moved;
    bool        named;          /* by a program */
} row_t;


static const weir_img_tenant_t *
record(const diff_t *d, unsigned side, uint32_t i)
{
    return &WEIR_REC(d->side[side].img, TENANTS)[i];
}


static weir_str_t
id_of(const diff_t *d, unsigned side, uint32_t i)
{
    return i == WEIR_NONE ? weir_str("", 0)
                          : weir_img_str(d->side[side].img,
                                         record(d, side, i)->id);
}


static bool
names(const diff_atom_t *a, weir_str_t id)
{
    weir_str_t  s;

    if (a->test == DIFF_REGEX) {
        return weir_regex_match(a->img->regex[a->value.u.index], id)
               == WEIR_OK;
    }

    if (a->value.kind != WEIR_T_STRING) {
        return false;
    }

    s = weir_v_text(&a->value);

    switch (a->test) {

    case DIFF_EQ:
        return weir_str_eq(id, s);

    case DIFF_PREFIX:
        return weir_str_starts(id, s);

    case DIFF_SUFFIX:
        return weir_str_ends(id, s);

    default:
        return false;
    }
}


/* The tests of ids that programs make, each once for the first it fits. */
static void
mark_named(diff_t *d, row_t *rows, size_t n)
{
    size_t              i, k, p, side;
    const diff_atom_t  *a;
    const diff_code_t  *code;

    for (side = 0; side < DIFF_SIDES; side++) {
        for (p = 0; p < d->side[side].img->n[WEIR_S_PROGS]; p++) {
            code = &d->side[side].code[p];

            for (k = 0; k < code->atoms.len; k++) {
                a = &code->atoms.items[k];

                for (i = 0; i < n && a->leaf.attr == WEIR_A_TENANT_ID; i++) {
                    if (names(a, rows[i].id)) {
                        rows[i].named = true;
                        break;
                    }
                }
            }
        }
    }
}


/* What the programs of both ask of tenants. */
static void
find_read(diff_t *d, diff_read_t *read)
{
    size_t              i, k, side;
    const diff_code_t  *code;
    const diff_leaf_t  *leaf;

    memset(read, 0, sizeof(diff_read_t));
    read->plan = weir_diff_reads(d, WEIR_A_TENANT_PLAN, weir_str(NULL, 0));

    for (side = 0; side < DIFF_SIDES; side++) {
        for (i = 0; i < d->side[side].img->n[WEIR_S_PROGS]; i++) {
            code = &d->side[side].code[i];
            read->all |= code->atoms.len == DIFF_MAX_ATOMS;

            for (k = 0; k < code->atoms.len; k++) {
                leaf = &code->atoms.items[k].leaf;

                if (leaf->attr != WEIR_A_TENANT_ATTRS) {
                    continue;
                }

                read->all |= leaf->key.data == NULL;

                if (!weir_diff_has(&read->keys, leaf->key)) {
                    weir_diff_push(d, &read->keys, leaf->key);
                }
            }
        }
    }
}


static mine_t *
read_tenants(diff_t *d, unsigned side, const diff_read_t *read)
{
    mine_t                        *m;
    uint32_t                       i, n, other;
    weir_str_t                     host;
    const diff_side_t             *s, *o;
    const weir_img_tenant_host_t  *h;

    s = &d->side[side];
    o = &d->side[!side];
    n = s->img->n[WEIR_S_TENANTS];
    m = weir_diff_alloc(d, (n + 1) * sizeof(mine_t));

    for (i = 0; i < n && m != NULL; i++) {
        m[i].sum = weir_diff_tenant(d, s, i, read);
        m[i].record = weir_diff_tenant(d, s, i, NULL);
        m[i].host = m[i].moved = WEIR_NONE;
    }

    for (i = 0; i < s->img->n[WEIR_S_TENANT_HOSTS] && m != NULL; i++) {
        h = &WEIR_REC(s->img, TENANT_HOSTS)[i];
        host = weir_img_str(s->img, h->host);
        other = weir_lookup_tenant_host(o->img, host);

        if (m[h->tenant].host == WEIR_NONE) {
            m[h->tenant].host = i;
        }

        if (m[h->tenant].moved == WEIR_NONE
            && !weir_str_eq(id_of(d, side, h->tenant),
                            id_of(d, !side, other)))
        {
            m[h->tenant].moved = i;
        }
    }

    return m;
}


static int
by_likeness(const void *a, const void *b)
{
    int           c;
    const row_t  *x, *y;

    x = a;
    y = b;
    c = memcmp(x->sum, y->sum, sizeof(x->sum));
    c = c ? c : x->moved - y->moved;
    c = c ? c : x->named - y->named;
    c = c ? c : x->differs - y->differs;

    return c ? c : weir_str_cmp(x->id, y->id);
}


static bool
alike(const row_t *x, const row_t *y)
{
    return memcmp(x->sum, y->sum, sizeof(x->sum)) == 0
           && x->moved == y->moved && x->differs == y->differs && !x->named
           && !y->named;
}


bool
weir_diff_reads(const diff_t *d, unsigned attr, weir_str_t key)
{
    size_t               i, k, side;
    const diff_code_t   *code;
    const diff_leaf_t   *leaf;

    for (side = 0; side < DIFF_SIDES; side++) {
        for (i = 0; i < d->side[side].img->n[WEIR_S_PROGS]; i++) {
            code = &d->side[side].code[i];

            if (code->atoms.len == DIFF_MAX_ATOMS) {
                return true;
            }

            for (k = 0; k < code->atoms.len; k++) {
                leaf = &code->atoms.items[k].leaf;

                if (leaf->attr == attr
                    && (leaf->key.data == NULL || key.data == NULL
                        || weir_str_eq(leaf->key, key)))
                {
                    return true;
                }
            }
        }
    }

    return false;
}


/* Attributes of one side that the other has not, or has otherwise. */
static void
compare_attrs(diff_t *d, const row_t *row, unsigned side, diff_strs_t *keys)
{
    uint32_t                 i, maps[DIFF_SIDES];
    weir_str_t               key;
    const diff_sum_t        *a, *b;
    const weir_img_const_t  *c, *k;

    for (i = 0; i < DIFF_SIDES; i++) {
        maps[i] = record(d, i, row->tenant[i])->attrs;
    }

    if (maps[side] == WEIR_NONE) {
        return;
    }

    c = &WEIR_REC(d->side[side].img, CONSTS)[maps[side]];
    k = &WEIR_REC(d->side[side].img, CONSTS)[c->v];

    for (i = 0; i < c->n; i++) {
        key = k[2 * i].kind == WEIR_T_STRING
              ? weir_const_text(d->side[side].img, &k[2 * i])
              : weir_str(NULL, 0);      /* of no source; any, when read */
        a = weir_diff_attr(&d->side[side], maps[side], key);
        b = weir_diff_attr(&d->side[!side], maps[!side], key);

        if ((b == NULL || memcmp(a, b, sizeof(diff_sum_t)) != 0)
            && !weir_diff_has(keys, key))
        {
            weir_diff_push(d, keys, key);
        }
    }
}


static bool
same_layer(diff_t *d, const row_t *row, bool deny)
{
    size_t                    i;
    diff_sum_t                sums[DIFF_SIDES];
    const weir_img_tenant_t  *t;

    for (i = 0; i < DIFF_SIDES; i++) {
        t = record(d, i, row->tenant[i]);
        sums[i] = weir_diff_layer(d, &d->side[i], deny ? &t->deny : &t->allow,
                                  false);
    }

    return memcmp(&sums[0], &sums[1], sizeof(diff_sum_t)) == 0;
}


static bool
same_plan(diff_t *d, const row_t *row)
{
    size_t      i;
    diff_sum_t  sums[DIFF_SIDES];

    for (i = 0; i < DIFF_SIDES; i++) {
        sums[i] = weir_diff_plan(d, &d->side[i],
                                 record(d, i, row->tenant[i])->limits);
    }

    return memcmp(&sums[0], &sums[1], sizeof(diff_sum_t)) == 0;
}


static void
add_what(diff_t *d, diff_kind_t *k, weir_str_t text)
{
    k->what = weir_diff_text(d, "%.*s%s%.*s", WEIR_STR(k->what),
                             k->what.len ? ", " : "", WEIR_STR(text));
}


static void
compare_records(diff_t *d, diff_kind_t *k, const row_t *row)
{
    size_t       i;
    diff_strs_t  keys;
    weir_str_t   plan[DIFF_SIDES];

    memset(&keys, 0, sizeof(keys));

    for (i = 0; i < DIFF_SIDES; i++) {
        plan[i] = weir_img_str(d->side[i].img,
                               record(d, i, row->tenant[i])->plan);
        compare_attrs(d, row, i, &keys);
    }

    if (!weir_str_eq(plan[0], plan[1])) {
        k->matters |= weir_diff_reads(d, WEIR_A_TENANT_PLAN, weir_str(NULL, 0));
        add_what(d, k, weir_diff_text(d, "plan \"%.*s\" -> \"%.*s\"",
                                      WEIR_STR(plan[0]),
                                      WEIR_STR(plan[1])));
    }

    if (!same_plan(d, row)) {
        k->matters = true;
        add_what(d, k, weir_string("limits of the plan"));
    }

    for (i = 0; i < keys.len; i++) {
        k->matters |= weir_diff_reads(d, WEIR_A_TENANT_ATTRS, keys.items[i]);
        add_what(d, k, weir_diff_text(d, "attrs.%.*s",
                                      WEIR_STR(keys.items[i])));
    }

    for (i = 0; i < 2; i++) {
        if (!same_layer(d, row, i == 0)) {
            k->matters = true;
            add_what(d, k, weir_cstr(i == 0 ? "deny rules" : "allow rules"));
        }
    }
}


/* The first row stands for its kind. */
static void
fill_kind(diff_t *d, diff_kind_t *k, const row_t *row)
{
    k->id = row->id;
    memcpy(k->tenant, row->tenant, sizeof(k->tenant));
    k->differs = row->differs || row->moved;

    if (row->tenant[DIFF_OLD] == WEIR_NONE
        || row->tenant[DIFF_NEW] == WEIR_NONE)
    {
        k->differs = k->matters = true;
        return;
    }

    if (k->differs) {
        compare_records(d, k, row);
    }

    if (row->moved) {
        k->matters = true;
        add_what(d, k, weir_string("hosts"));
    }
}


static void
add_hosts(diff_t *d, diff_kind_t *k, mine_t *const mine[DIFF_SIDES])
{
    size_t        i, pass;
    uint32_t      h;
    weir_str_t    host;
    const mine_t *m;

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < DIFF_SIDES; i++) {

            if (k->tenant[i] == WEIR_NONE) {
                continue;
            }

            m = &mine[i][k->tenant[i]];
            h = pass == 0 ? m->moved : m->host;

            if (h != WEIR_NONE) {
                host = weir_img_str(d->side[i].img, WEIR_REC(d->side[i].img,
                                                    TENANT_HOSTS)[h].host);

                if (k->hosts.len < MOST_HOSTS
                    && !weir_diff_has(&k->hosts, host))
                {
                    weir_diff_push(d, &k->hosts, host);
                }
            }
        }
    }
}


static size_t
fill_rows(diff_t *d, mine_t *const mine[DIFF_SIDES], row_t *rows)
{
    row_t     *r;
    size_t     n;
    uint32_t   i;

    n = 0;

    for (i = 0; i < d->side[DIFF_OLD].img->n[WEIR_S_TENANTS]; i++) {
        r = &rows[n++];
        r->id = id_of(d, DIFF_OLD, i);
        r->tenant[DIFF_OLD] = i;
        r->tenant[DIFF_NEW] = weir_lookup_tenant(d->side[DIFF_NEW].img,
                                                 r->id);
        r->sum[DIFF_OLD] = mine[DIFF_OLD][i].sum;
        r->moved = mine[DIFF_OLD][i].moved != WEIR_NONE;

        if (r->tenant[DIFF_NEW] != WEIR_NONE) {
            r->sum[DIFF_NEW] = mine[DIFF_NEW][r->tenant[DIFF_NEW]].sum;
            r->moved |= mine[DIFF_NEW][r->tenant[DIFF_NEW]].moved
                        != WEIR_NONE;
            r->differs = memcmp(&mine[DIFF_OLD][i].record,
                                &mine[DIFF_NEW][r->tenant[DIFF_NEW]].record,
                                sizeof(diff_sum_t)) != 0;
        }
    }

    for (i = 0; i < d->side[DIFF_NEW].img->n[WEIR_S_TENANTS]; i++) {
        r = &rows[n];
        r->id = id_of(d, DIFF_NEW, i);
        r->tenant[DIFF_OLD] = weir_lookup_tenant(d->side[DIFF_OLD].img,
                                                 r->id);

        if (r->tenant[DIFF_OLD] == WEIR_NONE) {
            r->tenant[DIFF_NEW] = i;
            r->sum[DIFF_NEW] = mine[DIFF_NEW][i].sum;
            r->moved = mine[DIFF_NEW][i].moved != WEIR_NONE;
            n++;
        }
    }

    return n;
}


static int
by_weight(const void *a, const void *b)
{
    int                 c;
    const diff_kind_t  *x, *y;

    x = a;
    y = b;
    c = y->matters - x->matters;
    c = c ? c : y->differs - x->differs;

    return c ? c : weir_str_cmp(x->id, y->id);
}


void
weir_diff_tenants(diff_t *d)
{
    row_t        *rows;
    mine_t       *mine[DIFF_SIDES];
    size_t        i, n;
    diff_kind_t  *k;
    diff_read_t   read;

    find_read(d, &read);
    mine[DIFF_OLD] = read_tenants(d, DIFF_OLD, &read);
    mine[DIFF_NEW] = read_tenants(d, DIFF_NEW, &read);
    n = (size_t) d->side[DIFF_OLD].img->n[WEIR_S_TENANTS]
        + d->side[DIFF_NEW].img->n[WEIR_S_TENANTS];
    rows = weir_diff_alloc(d, (n + 1) * sizeof(row_t));

    if (d->nomem) {
        return;
    }

    n = fill_rows(d, mine, rows);
    mark_named(d, rows, n);
    qsort(rows, n, sizeof(row_t), by_likeness);

    for (i = 0, k = NULL; i < n && !d->nomem; i++) {

        if (k == NULL || !alike(&rows[i - 1], &rows[i])) {
            k = diff_push(d, &d->kinds);

            if (k == NULL) {
                return;
            }

            fill_kind(d, k, &rows[i]);
            add_hosts(d, k, mine);
        }

        k->count++;
    }

    if (d->kinds.len) {
        qsort(d->kinds.items, d->kinds.len, sizeof(diff_kind_t), by_weight);
    }
}
