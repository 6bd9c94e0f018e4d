/*
 * diff_atoms.c: what the programs of an image tell apart: tests of one leaf
 * by a constant.
 *
 * Code is followed in its order, with a symbol for each value on the stack;
 * jumps go forward, so that what reaches a place is known when it is come to.
 * What does not fit (two leaves in one test, loops, values that are built)
 * makes a program opaque: then its leaves are known, and constants that might
 * matter, but not all that it may tell apart.
 */

#include "cli/diff.h"

typedef enum {
    SYM_ANY,
    SYM_BOOL,                   /* a function of atoms */
    SYM_CONST,
    SYM_LEAF,
    SYM_OPT                     /* an optional of a leaf */
} sym_kind_t;

typedef struct {
    sym_kind_t   kind;
    uint32_t     c;
    diff_leaf_t  leaf;
    unsigned     via;
    weir_str_t   zone;
} sym_t;

typedef struct {
    sym_t   *syms;
    size_t   n;
    bool     set;
} kept_t;

typedef struct {
    diff_t       *diff;
    diff_side_t  *side;
    diff_code_t  *code;
    sym_t        *results;      /* of programs before this one */
    bool          alive;        /* the instruction is reached from above */
    size_t        n;
    sym_t         stack[WEIR_MAX_STACK];
    sym_t         locals[WEIR_MAX_LOCALS];
    uint8_t       stores[WEIR_MAX_LOCALS];
    kept_t     *saved;        /* by instruction */
} scan_t;


static bool
value_eq(const weir_value_t *a, const weir_value_t *b)
{
    if (a->kind != b->kind) {
        return false;
    }

    switch (a->kind) {

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return weir_str_eq(weir_v_text(a), weir_v_text(b));

    case WEIR_T_BOOL:
        return a->u.b == b->u.b;

    case WEIR_T_IP:
        return memcmp(a->u.ip, b->u.ip, sizeof(weir_ip_t)) == 0;

    case WEIR_T_CIDR:
        return a->len == b->len
               && memcmp(a->u.ip, b->u.ip, sizeof(weir_ip_t)) == 0;

    case WEIR_T_CIDRS:
    case WEIR_T_REGEX:
        return a->u.index == b->u.index;

    default:
        return a->u.u == b->u.u;
    }
}


bool
weir_diff_leaf_eq(const diff_leaf_t *a, const diff_leaf_t *b)
{
    return a->attr == b->attr && weir_str_eq(a->key, b->key);
}


static void
add_atom(scan_t *s, const diff_atom_t *atom)
{
    size_t              i;
    const diff_atom_t  *a;
    diff_atom_t        *new;

    for (i = 0; i < s->code->atoms.len; i++) {
        a = &s->code->atoms.items[i];

        if (a->test == atom->test && a->via == atom->via
            && weir_diff_leaf_eq(&a->leaf, &atom->leaf)
            && weir_str_eq(a->zone, atom->zone)
            && value_eq(&a->value, &atom->value))
        {
            return;
        }
    }

    if (i == DIFF_MAX_ATOMS) {
        s->code->opaque = true;
        return;
    }

    new = diff_push(s->diff, &s->code->atoms);

    if (new != NULL) {
        *new = *atom;
    }
}


static void
add_test(scan_t *s, const sym_t *leaf, diff_test_t test,
    const weir_value_t *value)
{
    diff_atom_t  a;

    memset(&a, 0, sizeof(a));
    a.leaf = leaf->leaf;
    a.test = test;
    a.via = leaf->via;
    a.zone = leaf->zone;
    a.img = s->side->img;

    if (value != NULL) {
        a.value = *value;
    }

    add_atom(s, &a);
}


static sym_t
sym_bool(void)
{
    return (sym_t) { .kind = SYM_BOOL };
}


static sym_t
sym_leaf(unsigned attr, weir_str_t key)
{
    return (sym_t) { .kind = SYM_LEAF, .leaf = { attr, key },
                     .via = WEIR_FN_COUNT };
}


/* Something is made of it that nothing here follows. */
static sym_t
opaque(scan_t *s, const sym_t *args, size_t n)
{
    size_t  i;

    s->code->opaque = true;

    for (i = 0; i < n; i++) {
        if (args[i].kind == SYM_LEAF || args[i].kind == SYM_OPT) {
            add_test(s, &args[i], DIFF_OPAQUE, NULL);
        }
    }

    return (sym_t) { .kind = SYM_ANY };
}


/* A value that is asked whether it is true. */
static sym_t
as_bool(scan_t *s, const sym_t *sym)
{
    weir_value_t  v;

    if (sym->kind == SYM_LEAF) {
        v = weir_v_bool(true);
        add_test(s, sym, DIFF_EQ, &v);
        return sym_bool();
    }

    return sym->kind == SYM_CONST ? sym_bool() : *sym;
}


static void
constant(const scan_t *s, uint32_t c, weir_value_t *out)
{
    weir_const_value(s->side->img, &WEIR_REC(s->side->img, CONSTS)[c], out);
}


/* An entry of a map attribute, or of an entry: no leaf. */
static bool
is_entry(const scan_t *s, const sym_t *map, const sym_t *key, sym_t *out)
{
    weir_value_t  k;

    if (map->kind != SYM_LEAF || map->via != WEIR_FN_COUNT
        || map->leaf.key.data != NULL || map->leaf.attr == DIFF_PARAM
        || key->kind != SYM_CONST)
    {
        return false;
    }

    constant(s, key->c, &k);

    if (k.kind != WEIR_T_STRING
        || weir_attrs[map->leaf.attr].kind != WEIR_T_MAP)
    {
        return false;
    }

    *out = sym_leaf(map->leaf.attr, weir_v_text(&k));

    return true;
}


/* A whole map: no test of it is followed. */
static bool
is_leaf(const sym_t *s)
{
    return s->kind == SYM_LEAF
           && (s->leaf.key.data != NULL
               || weir_attrs[s->leaf.attr].kind != WEIR_T_MAP);
}


/* Tests of a leaf by a constant, in either order. */
static sym_t
test(scan_t *s, diff_test_t kind, const sym_t *args)
{
    weir_value_t  v;
    const sym_t  *leaf, *c;

    leaf = is_leaf(&args[0]) ? &args[0] : &args[1];
    c = leaf == &args[0] ? &args[1] : &args[0];

    if (!is_leaf(leaf) || c->kind != SYM_CONST) {
        return opaque(s, args, 2);
    }

    constant(s, c->c, &v);

    if (v.kind == WEIR_T_CIDRS) {
        kind = DIFF_CIDRS;

    } else if (v.kind == WEIR_T_REGEX) {
        kind = DIFF_REGEX;

    } else if (v.kind == WEIR_T_CIDR && kind == DIFF_CONTAINS) {
        kind = DIFF_CIDR;

    } else if (v.kind == WEIR_T_LIST || v.kind == WEIR_T_MAP
               || kind == DIFF_REGEX)
    {
        return opaque(s, args, 2);
    }

    add_test(s, leaf, kind, &v);

    return sym_bool();
}


static sym_t
test_equal(scan_t *s, const sym_t *args)
{
    weir_value_t  v;
    size_t        i;

    for (i = 0; i < 2; i++) {
        if (args[i].kind == SYM_CONST) {
            constant(s, args[i].c, &v);
        }

        if (args[i].kind != SYM_BOOL
            && !(args[i].kind == SYM_CONST && v.kind == WEIR_T_BOOL))
        {
            return test(s, DIFF_EQ, args);
        }
    }

    return sym_bool();
}


/* leaf in [constants], or constant in map. */
static sym_t
test_in(scan_t *s, const sym_t *args)
{
    sym_t                    entry;
    uint32_t                 i;
    weir_value_t             v;
    const weir_img_const_t  *c;

    if (is_entry(s, &args[1], &args[0], &entry)) {
        add_test(s, &entry, DIFF_PRESENT, NULL);
        return sym_bool();
    }

    if (!is_leaf(&args[0]) || args[1].kind != SYM_CONST) {
        return opaque(s, args, 2);
    }

    c = &WEIR_REC(s->side->img, CONSTS)[args[1].c];

    if (c->kind != WEIR_T_LIST) {
        return opaque(s, args, 2);
    }

    for (i = 0; i < c->n; i++) {
        constant(s, (uint32_t) c->v + i, &v);
        add_test(s, &args[0], DIFF_EQ, &v);

        if (v.kind == WEIR_T_LIST || v.kind == WEIR_T_MAP) {
            return opaque(s, args, 2);
        }
    }

    return sym_bool();
}


/* A function of one leaf, whose result is tested. */
static sym_t
through(scan_t *s, unsigned fn, const sym_t *args, size_t n)
{
    sym_t         leaf;
    weir_value_t  v;

    leaf = args[0];

    if (fn == WEIR_FN_COUNT || !is_leaf(&leaf) || leaf.via != WEIR_FN_COUNT
        || n > 2 || (n == 2 && args[1].kind != SYM_CONST))
    {
        return opaque(s, args, n);
    }

    if (n == 2) {
        constant(s, args[1].c, &v);
        leaf.zone = weir_v_text(&v);
    }

    leaf.via = fn;

    return leaf;
}


static sym_t
optional(scan_t *s, unsigned name, const sym_t *args, size_t n)
{
    sym_t  out;

    if (name == WEIR_N_OPT_INDEX && is_entry(s, &args[0], &args[1], &out)) {
        out.kind = SYM_OPT;
        return out;
    }

    if (args[0].kind == SYM_OPT
        && (n == 1 || (name == WEIR_N_OR_VALUE && args[1].kind == SYM_CONST)))
    {
        out = args[0];
        out.kind = SYM_LEAF;

        if (name == WEIR_N_HAS_VALUE) {
            add_test(s, &out, DIFF_PRESENT, NULL);
            return sym_bool();
        }

        add_test(s, &out, DIFF_PRESENT, NULL);
        return out;
    }

    return opaque(s, args, n);
}


/* fn: WEIR_FN_COUNT where the kinds of the arguments will choose it. */
static sym_t
call(scan_t *s, unsigned name, unsigned fn, const sym_t *args, size_t n)
{
    sym_t  out;

    switch (name) {

    case WEIR_N_NOT:
        out = as_bool(s, &args[0]);
        return out.kind == SYM_BOOL ? out : opaque(s, args, n);

    case WEIR_N_EQ:
    case WEIR_N_NE:
        return test_equal(s, args);

    case WEIR_N_LT:
    case WEIR_N_LE:
    case WEIR_N_GT:
    case WEIR_N_GE:
        return test(s, DIFF_ORDER, args);

    case WEIR_N_STARTS_WITH:
        return test(s, DIFF_PREFIX, args);

    case WEIR_N_ENDS_WITH:
        return test(s, DIFF_SUFFIX, args);

    case WEIR_N_CONTAINS:
    case WEIR_N_CONTAINS_IP:
        return test(s, DIFF_CONTAINS, args);

    case WEIR_N_MATCHES:
    case WEIR_N_M_MATCHES:
        return test(s, DIFF_REGEX, args);

    case WEIR_N_IN:
        return test_in(s, args);

    case WEIR_N_INDEX:
        return is_entry(s, &args[0], &args[1], &out) ? out
                                                     : opaque(s, args, n);

    case WEIR_N_OPT_INDEX:
    case WEIR_N_HAS_VALUE:
    case WEIR_N_VALUE:
    case WEIR_N_OR_VALUE:
        return optional(s, name, args, n);

    case WEIR_N_INT:
    case WEIR_N_SIZE:
    case WEIR_N_M_SIZE:
    case WEIR_N_LOWER_ASCII:
    case WEIR_N_UPPER_ASCII:
    case WEIR_N_FULL_YEAR:
    case WEIR_N_MONTH:
    case WEIR_N_DATE:
    case WEIR_N_DAY_OF_MONTH:
    case WEIR_N_DAY_OF_WEEK:
    case WEIR_N_DAY_OF_YEAR:
    case WEIR_N_HOURS:
    case WEIR_N_MINUTES:
    case WEIR_N_SECONDS:
        return through(s, fn, args, n);

    default:
        return opaque(s, args, n);
    }
}


static void
push(scan_t *s, sym_t sym)
{
    if (s->n < WEIR_MAX_STACK) {
        s->stack[s->n++] = sym;
    }
}


/* Their place on the stack, which stays readable. */
static sym_t *
pop(scan_t *s, size_t n)
{
    s->n -= n < s->n ? n : s->n;

    return &s->stack[s->n];
}


static bool
sym_eq(const sym_t *a, const sym_t *b)
{
    return a->kind == b->kind
           && (a->kind == SYM_BOOL
               || (a->kind == SYM_CONST && a->c == b->c)
               || ((a->kind == SYM_LEAF || a->kind == SYM_OPT)
                   && a->via == b->via && weir_str_eq(a->zone, b->zone)
                   && weir_diff_leaf_eq(&a->leaf, &b->leaf)));
}


static bool
is_bool(const scan_t *s, const sym_t *sym)
{
    return sym->kind == SYM_BOOL
           || (sym->kind == SYM_CONST
               && WEIR_REC(s->side->img, CONSTS)[sym->c].kind
                  == WEIR_T_BOOL);
}


static sym_t
joined(scan_t *s, const sym_t *a, const sym_t *b)
{
    if (sym_eq(a, b)) {
        return *a;
    }

    if (is_bool(s, a) && is_bool(s, b)) {
        return sym_bool();
    }

    (void) opaque(s, a, 1);

    return opaque(s, b, 1);
}


/* What is on the stack now is there when the jump lands. */
static void
land(scan_t *s, uint32_t pc)
{
    size_t      i;
    kept_t   *at;

    at = &s->saved[pc];

    if (at->set) {
        for (i = 0; i < at->n && i < s->n; i++) {
            at->syms[i] = joined(s, &at->syms[i], &s->stack[i]);
        }

        return;
    }

    at->syms = weir_diff_alloc(s->diff, (s->n + 1) * sizeof(sym_t));

    if (at->syms != NULL) {
        at->set = true;
        at->n = s->n;
        memcpy(at->syms, s->stack, s->n * sizeof(sym_t));
    }
}


static void
arrive(scan_t *s, uint32_t pc)
{
    kept_t  *at;

    at = &s->saved[pc];

    if (!at->set) {
        return;
    }

    if (s->alive) {
        land(s, pc);
    }

    memcpy(s->stack, at->syms, at->n * sizeof(sym_t));
    s->n = at->n;
    s->alive = true;
}


static void
fused(scan_t *s, const weir_insn_t *in)
{
    sym_t         args[2];
    weir_value_t  v;

    args[0] = sym_leaf(in->b, weir_str(NULL, 0));
    args[1] = (sym_t) { .kind = SYM_CONST, .c = in->c };
    constant(s, in->c, &v);

    if (in->op == WEIR_OP_ATTR_GET) {
        push(s, sym_leaf(in->b, weir_v_text(&v)));

    } else if (in->op == WEIR_OP_ATTR_IN && v.kind == WEIR_T_LIST) {
        push(s, test_in(s, args));

    } else {
        push(s, test(s, DIFF_EQ, args));
    }
}


static void
memo(scan_t *s, uint32_t prog)
{
    size_t              i;
    const diff_code_t  *code;

    code = &s->side->code[prog];
    s->code->opaque |= code->opaque;

    for (i = 0; i < code->atoms.len; i++) {
        add_atom(s, &code->atoms.items[i]);
    }

    push(s, s->results[prog]);
}


static void
jump(scan_t *s, const weir_insn_t *in)
{
    sym_t  *top;

    if (in->op == WEIR_OP_JMP) {
        land(s, in->c);
        s->alive = false;
        return;
    }

    if (s->n != 0 && in->op != WEIR_OP_JERR) {
        top = &s->stack[s->n - 1];
        *top = as_bool(s, top);
    }

    if (in->op == WEIR_OP_JFALSE) {
        (void) pop(s, 1);
    }

    land(s, in->c);
}


/* What no other case knows: by its row in ops.h. */
static void
other(scan_t *s, const weir_insn_t *in)
{
    sym_t    *args;
    size_t    n;
    unsigned  pushes;

    static const int8_t  pops[] = {
#define N  -1
#define OP(name, operand, pops, pushes, cost)  pops,
        WEIR_OPS(OP)
#undef OP
    };
    static const int8_t  pushed[] = {
#define OP(name, operand, pops, pushes, cost)  pushes,
        WEIR_OPS(OP)
#undef OP
#undef N
    };

    n = pops[in->op] >= 0 ? (size_t) pops[in->op]
        : in->op == WEIR_OP_MAP ? 2 * (size_t) in->c : in->c;
    args = pop(s, n);

    push(s, opaque(s, args, n));
    pushes = (unsigned) pushed[in->op];
    s->n -= 1;

    while (pushes-- > 0) {
        push(s, (sym_t) { .kind = SYM_ANY });
    }
}


static void
step(scan_t *s, const weir_insn_t *in)
{
    sym_t   a[2], *args;
    size_t  n;

    switch (in->op) {

    case WEIR_OP_CONST:
        push(s, (sym_t) { .kind = SYM_CONST, .c = in->c });
        break;

    case WEIR_OP_ATTR:
        push(s, sym_leaf(in->b, weir_str(NULL, 0)));
        break;

    case WEIR_OP_PARAM:
        push(s, sym_leaf(DIFF_PARAM, weir_img_str(s->side->img, in->c)));
        break;

    case WEIR_OP_MEMO:
        memo(s, in->c);
        break;

    case WEIR_OP_ATTR_EQ:
    case WEIR_OP_ATTR_IN:
    case WEIR_OP_ATTR_GET:
        fused(s, in);
        break;

    case WEIR_OP_AS:
        break;

    case WEIR_OP_CALL:
        n = weir_fns[in->b].nargs;
        args = pop(s, n);
        push(s, call(s, weir_fns[in->b].name, in->b, args, n));
        break;

    case WEIR_OP_CALLD:
        args = pop(s, in->a);
        push(s, call(s, in->b, WEIR_FN_COUNT, args, in->a));
        break;

    case WEIR_OP_HAS:
        a[0] = *pop(s, 1);
        a[1] = (sym_t) { .kind = SYM_CONST, .c = in->c };

        if (is_entry(s, &a[0], &a[1], &a[0])) {
            add_test(s, &a[0], DIFF_PRESENT, NULL);
            push(s, sym_bool());

        } else {
            push(s, opaque(s, a, 1));
        }

        break;

    case WEIR_OP_AND:
    case WEIR_OP_OR:
        args = pop(s, 2);
        a[0] = as_bool(s, &args[0]);
        a[1] = as_bool(s, &args[1]);
        push(s, a[0].kind == SYM_BOOL && a[1].kind == SYM_BOOL
                ? sym_bool() : opaque(s, a, 2));
        break;

    case WEIR_OP_JMP:
    case WEIR_OP_JFALSE:
    case WEIR_OP_JERR:
    case WEIR_OP_JTRUE:
    case WEIR_OP_JNOT:
        jump(s, in);
        break;

    case WEIR_OP_STORE:
        a[0] = *pop(s, 1);

        if (in->b < WEIR_MAX_LOCALS) {
            s->locals[in->b] = a[0];
            s->stores[in->b] += s->stores[in->b] < 2;
        }

        break;

    case WEIR_OP_LOAD:
        push(s, in->b < WEIR_MAX_LOCALS && s->stores[in->b] == 1
                ? s->locals[in->b] : opaque(s, NULL, 0));
        break;

    case WEIR_OP_POP:
        (void) pop(s, 1);
        break;

    case WEIR_OP_LOOP:
        args = pop(s, 1);
        push(s, opaque(s, args, 1));
        land(s, in->c);
        (void) pop(s, 1);
        break;

    case WEIR_OP_ITER:
        s->code->opaque = true;
        land(s, in->c);
        break;

    case WEIR_OP_NEXT:
        s->alive = false;
        break;

    default:
        other(s, in);
    }
}


/* In opaque code any constant may matter to any leaf. */
static void
guess(scan_t *s, uint32_t c)
{
    size_t              i, n;
    uint32_t            k;
    diff_atom_t         atom;
    const weir_img_const_t  *list;

    list = &WEIR_REC(s->side->img, CONSTS)[c];
    k = list->kind == WEIR_T_LIST ? list->n : 1;
    n = s->code->atoms.len;

    while (k-- > 0) {
        constant(s, list->kind == WEIR_T_LIST ? (uint32_t) list->v + k : c,
                 &atom.value);

        for (i = 0; i < n && atom.value.kind == WEIR_T_STRING; i++) {

            if (s->code->atoms.items[i].test == DIFF_OPAQUE) {
                atom.leaf = s->code->atoms.items[i].leaf;
                atom.test = DIFF_CONTAINS;
                atom.via = WEIR_FN_COUNT;
                atom.zone = weir_str("", 0);
                atom.img = s->side->img;
                add_atom(s, &atom);
            }
        }
    }
}


static void
scan(scan_t *s, uint32_t prog)
{
    uint32_t                pc;
    const weir_insn_t      *code;
    const weir_img_prog_t  *p;

    p = &WEIR_REC(s->side->img, PROGS)[prog];
    code = WEIR_REC(s->side->img, CODE) + p->code.first;

    s->code = &s->side->code[prog];
    s->alive = true;
    s->n = 0;
    memset(s->stores, 0, sizeof(s->stores));
    s->saved = weir_diff_alloc(s->diff, p->code.count * sizeof(kept_t));

    /* a local that is stored to in two places stands for neither */

    for (pc = 0; pc < p->code.count; pc++) {
        if (code[pc].op == WEIR_OP_STORE && code[pc].b < WEIR_MAX_LOCALS) {
            s->stores[code[pc].b] += s->stores[code[pc].b] < 2;
        }
    }

    for (pc = 0; pc < WEIR_MAX_LOCALS; pc++) {
        s->stores[pc] = s->stores[pc] > 1 ? 2 : 0;
    }

    for (pc = 0; pc < p->code.count && !s->diff->nomem; pc++) {
        arrive(s, pc);

        if (code[pc].op != WEIR_OP_RET) {
            step(s, &code[pc]);
            continue;
        }

        s->results[prog] = s->n ? s->stack[s->n - 1]
                                : (sym_t) { .kind = SYM_ANY };
        s->alive = false;
    }

    for (pc = 0; pc < p->code.count && s->code->opaque; pc++) {
        if (code[pc].op == WEIR_OP_CONST) {
            guess(s, code[pc].c);
        }
    }

    if (p->kind == WEIR_T_BOOL && p->memo == WEIR_NONE) {
        (void) as_bool(s, &s->results[prog]);
    }
}


void
weir_diff_atoms(diff_t *d, diff_side_t *side)
{
    scan_t    *s;
    uint32_t   i, n;

    n = side->img->n[WEIR_S_PROGS];
    s = weir_diff_alloc(d, sizeof(scan_t));
    side->code = weir_diff_alloc(d, n * sizeof(diff_code_t));

    if (d->nomem) {
        return;
    }

    s->diff = d;
    s->side = side;
    s->results = weir_diff_alloc(d, n * sizeof(sym_t));

    for (i = 0; i < n && !d->nomem; i++) {
        scan(s, i);
    }
}
