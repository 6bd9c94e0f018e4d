/*
 * fuzz_fold.c: well-typed expressions out of any bytes (expr.h), each twice:
 * with literals, which the compiler folds; and not folded, or with the same
 * constants hidden in tenant.attrs, as dyn or with their types.
 *
 * Both compile, verify and come to the same value, or the same error, of the
 * type that was asked for.  What the compiler says always fails, or always
 * is, does and is.  No program takes more instructions than it costs.
 *
 * What was compiled is kept for inputs that differ in the request alone: of
 * eight inputs one is compiled, which takes longest.
 */

#define _GNU_SOURCE

#include <math.h>
#include "front/emit_code.h"
#include "run/fn.h"
#include "test/kit.h"
#include "test/fuzz/expr.h"

#define PARTS_ASKS  4
#define PARTS_ASK   6
#define PARTS_RARE  4

#include "test/fuzz/parts.h"

#define MAX_LEN   96            /* of an input, for tools/fuzz */
#define MEM_SIZE  (512u << 10)
/* estimates look at the size of a list or map, not at that of its parts */
#define WORK      4

typedef struct {
    kit_t               kit;
    weir_diags_t        diags;
    weir_cel_env_t     *env;
    weir_emit_t        *emit;
    weir_text_t         text[EXPR_TEXTS];
    weir_expr_t        *expr[EXPR_TEXTS];
    uint32_t            prog[EXPR_TEXTS];
} fold_t;

/* What was compiled of an expression. */
typedef struct {
    expr_t              made;
    const weir_type_t  *type;
    bool                good;   /* nothing was refused */
    parts_image_t       image;
    uint32_t            prog[EXPR_TEXTS];
    uint64_t            steps[EXPR_TEXTS];      /* at most, of the program */
    uint64_t            cost[EXPR_TEXTS];       /* that the compiler says */
    bool                fails;  /* always, the compiler says */
    bool                is_bool;                /* always */
    bool                value;
} kept_t;

/* A value and the evaluation that what it points to belongs to. */
typedef struct {
    weir_eval_t   eval;
    weir_value_t  value;
    uint64_t      steps;
} result_t;

static expr_table_t   table;
static void          *mem[EXPR_TEXTS];
static const expr_t  *made;     /* what is looked at */
static unsigned long  compiled;
/* a request */
static uint8_t        answers[PARTS_ASK];

static const int64_t      ints[] = {
    0, 1, 2, 7, -1, 60, 255, 1000, 253402300799, INT64_MAX, INT64_MIN
};
static const weir_ip_t    ips[] = {
    { 4, { 10, 0, 0, 1 } }, { 4, { 127, 0, 0, 1 } }, { 4, { 224, 0, 0, 1 } },
    { 16, { 0x20, 1, 0x0d, 0xb8 } }, { 16, { 0xfe, 0x80 } }, { 16, { 0 } }
};
static const char *const  keys[] = { "a", "ab", "b" };


static void
report(void)
{
    fprintf(stderr, "# %lu expressions\n", compiled);
}


/* The byte of a request that an attribute depends on. */
static unsigned
answer(unsigned attr)
{
    return (answers[attr % PARTS_ASK] + 37 * attr) % 256;
}


/* No longer than the attribute may be. */
static weir_value_t
string(unsigned attr, unsigned which)
{
    size_t       n;
    const char  *s;

    s = expr_strings[which % N_OF(expr_strings)];
    n = strlen(s);

    return weir_v_str(weir_str(s, n < weir_attrs[attr].max
                                  ? n : weir_attrs[attr].max));
}


/* A server's answers, all of the kinds that attrs.h names. */
static void
host_attr(void *data, unsigned attr, weir_value_t *out)
{
    unsigned  c;

    (void) data;
    c = answer(attr);

    switch (weir_attrs[attr].kind) {

    case WEIR_T_STRING:
        *out = string(attr, c);
        return;

    case WEIR_T_INT:
        *out = weir_v_int(ints[c % N_OF(ints)]);
        return;

    case WEIR_T_BOOL:
        *out = weir_v_bool(c % 2);
        return;

    case WEIR_T_IP:
        *out = (weir_value_t) { .kind = WEIR_T_IP,
                                .u.ip = &ips[c % N_OF(ips)] };
        return;

    case WEIR_T_TIMESTAMP:
        *out = (weir_value_t) { .kind = WEIR_T_TIMESTAMP,
                                .u.i = 1234567890 + 86399 * (int64_t) c,
                                .len = 123456789 * (c % 2) };
        return;

    case WEIR_T_DURATION:
        *out = (weir_value_t) { .kind = WEIR_T_DURATION, .u.i = c,
                                .len = 123456789 * (c % 2) };
        return;

    case WEIR_T_MAP:
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .len = c % (N_OF(keys) + 1), .u.attr = attr };
        return;

    default:
        return;                 /* as absent */
    }
}


static void
host_at(void *data, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) data;

    *key = weir_v_str(weir_cstr(keys[i]));
    *value = string(attr, answer(attr) / 4 + i);
}


static weir_rc_t
host_get(void *data, unsigned attr, weir_str_t key, weir_value_t *out)
{
    uint32_t      i;
    weir_value_t  name;

    for (i = 0; i < answer(attr) % (N_OF(keys) + 1); i++) {
        host_at(data, attr, i, &name, out);

        if (weir_str_eq(weir_v_text(&name), key)) {
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static const weir_host_t  host = { host_attr, host_get, host_at };


/* What was hidden, in tenant.attrs; texts, and lists of them. */
static void
engine(void *data, unsigned attr, weir_value_t *out)
{
    const expr_t  *x;

    static const weir_value_t  items[] = {
        { .kind = WEIR_T_STRING, .len = 1, .u.s = "a" },
        { .kind = WEIR_T_STRING, .len = 2, .u.s = "ab" },
        { .kind = WEIR_T_STRING, .len = 0, .u.s = NULL }
    };

    x = data;

    if (attr == WEIR_A_TENANT_ATTRS) {
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_VALUES,
                                .len = x->nhidden, .u.items = x->hidden };

    } else if (weir_attrs[attr].kind == WEIR_T_STRING) {
        *out = string(attr, answer(attr));

    } else if (weir_attrs[attr].kind == WEIR_T_LIST) {
        *out = (weir_value_t) { .kind = WEIR_T_LIST, .rep = WEIR_REP_VALUES,
                                .len = answer(attr) % (N_OF(items) + 1),
                                .u.items = items };
    }
}


static void
show(weir_eval_t *e, const weir_value_t *v)
{
    char          text[WEIR_IP_STRLEN];
    uint32_t      i;
    weir_value_t  key, part;

    fprintf(stderr, "%s", weir_kind_name(v->kind));

    switch (v->kind) {

    case WEIR_T_ERR:
        fprintf(stderr, " %s", weir_eval_error_name(v->len));
        return;

    case WEIR_T_DOUBLE:
        fprintf(stderr, " %.17g", v->u.d);
        return;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        fprintf(stderr, " \"%.*s\"", (int) v->len, v->u.s);
        return;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        fprintf(stderr, " [");

        for (i = 0; i < v->len; i++) {
            if (v->kind == WEIR_T_LIST) {
                weir_list_at(e, v, i, &part);

            } else {
                weir_map_at(e, v, i, &key, &part);
                show(e, &key);
                fprintf(stderr, ": ");
            }

            show(e, &part);
            fprintf(stderr, ", ");
        }

        fprintf(stderr, "]");
        return;

    case WEIR_T_OPTIONAL:
        if (v->len) {
            weir_optional_get(e, v, &part);
            fprintf(stderr, " of ");
            show(e, &part);
        }

        return;

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        fprintf(stderr, " %.*s/%u", (int) weir_ip_print(v->u.ip, text), text,
                v->len);
        return;

    case WEIR_T_BOOL:
        fprintf(stderr, " %d", v->u.b);
        return;

    default:
        fprintf(stderr, " %lld %d", (long long) v->u.i, (int) v->len);
    }
}


static void
fail(const char *why, const expr_t *x, result_t *results)
{
    unsigned  i;

    fprintf(stderr, "%s\n", why);

    for (i = 0; i < EXPR_TEXTS; i++) {
        fprintf(stderr, "%u: %.*s\n", i, (int) x->len[i], x->text[i]);

        if (results != NULL) {
            fprintf(stderr, "   = ");
            show(&results[i].eval, &results[i].value);
            fprintf(stderr, "\n");
        }
    }

    for (i = 0; i < x->nhidden; i++) {
        fprintf(stderr, "%.*s: ", WEIR_STR(weir_v_text(&x->hidden[2 * i])));
        show(NULL, &x->hidden[2 * i + 1]);
        fprintf(stderr, "\n");
    }

    abort();
}


static bool same(result_t *a, const weir_value_t *v, result_t *b,
    const weir_value_t *w);


/* The value of a key; false: the map has no such key. */
static bool
find(result_t *r, const weir_value_t *map, const weir_value_t *key,
    result_t *of, weir_value_t *out)
{
    uint32_t      i;
    weir_value_t  k;

    for (i = 0; i < map->len; i++) {
        weir_map_at(&r->eval, map, i, &k, out);

        if (same(of, key, r, &k)) {
            return true;
        }
    }

    return false;
}


static bool
same_parts(result_t *a, const weir_value_t *v, result_t *b,
    const weir_value_t *w)
{
    uint32_t      i;
    weir_value_t  x, y, key;

    if (v->len != w->len) {
        return false;
    }

    for (i = 0; i < v->len; i++) {
        if (v->kind == WEIR_T_LIST) {
            weir_list_at(&a->eval, v, i, &x);
            weir_list_at(&b->eval, w, i, &y);

        } else {
            weir_map_at(&a->eval, v, i, &key, &x);

            if (!find(b, w, &key, a, &y)) {
                return false;
            }
        }

        if (!same(a, &x, b, &y)) {
            return false;
        }
    }

    return true;
}


/* To the last bit, but for the bits of what is not a number. */
static bool
same(result_t *a, const weir_value_t *v, result_t *b, const weir_value_t *w)
{
    weir_value_t  x, y;

    if (v->kind != w->kind) {
        return false;
    }

    switch (v->kind) {

    case WEIR_T_NULL:
        return true;

    case WEIR_T_BOOL:
        return v->u.b == w->u.b;

    case WEIR_T_DOUBLE:
        return (isnan(v->u.d) && isnan(w->u.d)) || v->u.u == w->u.u;

    case WEIR_T_ERR:
        return v->len == w->len;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        return weir_str_eq(weir_v_text(v), weir_v_text(w));

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        return same_parts(a, v, b, w);

    case WEIR_T_OPTIONAL:
        if (v->len != w->len || v->len == 0) {
            return v->len == w->len;
        }

        weir_optional_get(&a->eval, v, &x);
        weir_optional_get(&b->eval, w, &y);

        return same(a, &x, b, &y);

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        return v->u.ip->len == w->u.ip->len
               && memcmp(v->u.ip->bytes, w->u.ip->bytes, v->u.ip->len) == 0
               && (v->kind == WEIR_T_IP || v->len == w->len);

    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        return v->u.i == w->u.i && v->len == w->len;

    default:
        return v->u.u == w->u.u;
    }
}


static bool
is_of(result_t *r, const weir_value_t *v, const weir_type_t *t)
{
    uint32_t      i;
    weir_value_t  key, part;

    if (v->kind != t->kind) {
        return false;
    }

    if (v->kind == WEIR_T_OPTIONAL) {
        if (v->len == 0) {
            return true;
        }

        weir_optional_get(&r->eval, v, &part);

        return is_of(r, &part, t->arg[0]);
    }

    for (i = 0; v->kind == WEIR_T_LIST && i < v->len; i++) {
        weir_list_at(&r->eval, v, i, &part);

        if (!is_of(r, &part, t->arg[0])) {
            return false;
        }
    }

    for (i = 0; v->kind == WEIR_T_MAP && i < v->len; i++) {
        weir_map_at(&r->eval, v, i, &key, &part);

        if (!is_of(r, &key, t->arg[0]) || !is_of(r, &part, t->arg[1])) {
            return false;
        }
    }

    return true;
}


/*
 * Whether there is a reason to refuse: a bound of the language, a zone that
 * this system lacks, a constant text of format() that does not take its list;
 * or [], {} or optional.none(), whose type is that of the first overload.
 */
static bool
may_refuse(const weir_diags_t *d, const expr_t *x)
{
    size_t              i;
    const weir_diag_t  *diag;

    for (i = 0; i < d->list.len; i++) {
        diag = &d->list.items[i];

        if (diag->severity != WEIR_SEV_ERROR) {
            continue;
        }

        switch (diag->code) {

        case WEIR_EBIG:
        case WEIR_ECOST:
        case WEIR_EZONE:
        case WEIR_EFORMAT:
            continue;

        case WEIR_EOVERLOAD:
        case WEIR_ETYPE:
        case WEIR_EFIELD:
            if (x->loose) {
                continue;
            }

            break;

        default:
            break;
        }

        fprintf(stderr, "E%04u %.*s\n", diag->code, WEIR_STR(diag->text));
        return false;
    }

    return true;
}


/* false: a text was refused, for a reason. */
static bool
compile(fold_t *f, const expr_t *x)
{
    bool             ok;
    unsigned         i;
    uint32_t         file;
    weir_cel_mode_t  mode;

    static const weir_cel_site_t  site = {
        .role = "a value", .want = WEIR_T_DYN, .phase = WEIR_PHASE_LOG
    };

    ok = true;
    memset(&mode, 0, sizeof(mode));

    for (i = 0; i < EXPR_TEXTS && ok; i++) {
        mode.unfolded = i != EXPR_PLAIN && x->how == EXPR_LITERAL;
        weir_cel_set_mode(f->env, &mode);
        f->text[i].text = weir_str(x->text[i], x->len[i]);
        must(weir_diags_add_file(&f->diags, weir_string("t"),
                                 f->text[i].text, &file) == WEIR_OK);
        f->text[i].span = (weir_span_t) { file, 1, 1,
                                          (uint32_t) x->len[i] };
        ok = weir_cel_compile(f->env, &f->text[i], &site, &f->expr[i])
             == WEIR_OK;
    }

    for (i = 0; i < EXPR_TEXTS && ok; i++) {
        ok = weir_emit_expr(f->emit, f->expr[i], f->kit.name, WEIR_NONE,
                            &f->prog[i]) == WEIR_OK;
    }

    if (!ok && !may_refuse(&f->diags, x)) {
        fail("refused", x, NULL);
    }

    return ok;
}


static void
open_image(fold_t *f, kept_t *k)
{
    size_t                 i;
    weir_str_t             image;
    weir_refusal_t         why;
    weir_img_permission_t  permission;

    permission.name = f->kit.name;

    for (i = 0; i < weir_cel_permissions(f->env)->used; i++) {
        weir_build_records(f->kit.b, WEIR_S_PERMISSIONS, &permission, 1);
    }

    must(weir_emit_finish(f->emit) == WEIR_OK);
    image = kit_write(&f->kit);

    if (!parts_open(&k->image, image, &why)) {
        fail(why.text, made, NULL);
    }

    must(weir_eval_size(&k->image.img) <= MEM_SIZE);
}


/*
 * Whether the compiler knows how much functions have to do: of what is hidden
 * no size is known, and a pattern has a bound of its own.
 */
static bool
is_measured(unsigned i)
{
    return (i == EXPR_PLAIN || made->how == EXPR_LITERAL)
           && memmem(made->text[i], made->len[i], "matches", 7) == NULL;
}


static void
evaluate(const kept_t *k, unsigned i, result_t *r)
{
    weir_trace_t  trace = { .step = kit_count, .data = &r->steps };

    r->steps = 0;
    weir_eval_init(&r->eval, &k->image.img, mem[i]);
    r->eval.host = &host;
    r->eval.engine = engine;
    r->eval.engine_data = (void *) (uintptr_t) made;
    r->eval.trace = &trace;
    weir_eval(&r->eval, k->prog[i], &r->value);
    r->eval.trace = NULL;

    if (r->steps > k->steps[i] || k->steps[i] > k->cost[i]
        || (is_measured(i) && r->eval.work / WORK > k->cost[i]))
    {
        fprintf(stderr, "text %u took %llu steps and %u of functions, "
                "costs %llu and %llu\n", i, (unsigned long long) r->steps,
                r->eval.work, (unsigned long long) k->steps[i],
                (unsigned long long) k->cost[i]);
        fail("dearer than it says", made, NULL);
    }
}


/*
 * Whether there is no comparing: what is folded needs no memory and no steps
 * when it runs; and beside dyn, what has no type of its own got that of the
 * first overload that fits.
 */
static bool
is_open(const result_t *r)
{
    return r->value.kind == WEIR_T_ERR
           && (r->value.len == WEIR_E_TOO_LARGE
               || (r->value.len == WEIR_E_NO_SUCH_OVERLOAD && made->loose));
}


static void
check(const kept_t *k)
{
    unsigned  i;
    result_t  results[EXPR_TEXTS];

    for (i = 0; i < EXPR_TEXTS; i++) {
        evaluate(k, i, &results[i]);
    }

    for (i = 0; i < EXPR_TEXTS; i++) {
        if (is_open(&results[i])) {
            return;
        }
    }

    for (i = 0; i < EXPR_TEXTS; i++) {
        if (results[i].value.kind != WEIR_T_ERR
            && !is_of(&results[i], &results[i].value, k->type))
        {
            fail("of another type", made, results);
        }

        if (!same(&results[0], &results[0].value, &results[i],
                  &results[i].value))
        {
            fail("different", made, results);
        }
    }

    if (k->is_bool && (results[0].value.kind != WEIR_T_BOOL
                       || results[0].value.u.b != k->value))
    {
        fail("not the bool that the compiler says", made, results);
    }

    if (k->fails && results[0].value.kind != WEIR_T_ERR) {
        fail("said to fail always", made, results);
    }
}


/* What the compiler says of the texts, and of all of the first. */
static void
note(const fold_t *f, kept_t *k)
{
    size_t              i;
    weir_span_t         at;
    const weir_ex_t    *root;
    const weir_diag_t  *d;

    for (i = 0; i < EXPR_TEXTS; i++) {
        k->prog[i] = f->prog[i];
        k->steps[i] = f->emit->progs.items[f->prog[i]].cost;
        k->cost[i] = f->expr[i]->cost;
    }

    k->is_bool = weir_expr_is_bool(f->expr[EXPR_PLAIN], &k->value);
    root = f->expr[EXPR_PLAIN]->root;
    at = weir_text_span(&f->text[EXPR_PLAIN], root->off, root->len);

    for (i = 0; i < f->diags.list.len; i++) {
        d = &f->diags.list.items[i];
        k->fails |= d->code == WEIR_WFAILS
                    && memcmp(&d->span, &at, sizeof(at)) == 0;
    }
}


static kept_t *
make_expr(const uint8_t *bytes, size_t n)
{
    fold_t   f;
    kept_t  *k;

    k = calloc(1, sizeof(kept_t));
    must(k != NULL);
    k->type = expr_make(&k->made, &table, bytes, n);
    k->made.in.data = NULL;
    made = &k->made;

    if (k->made.full) {
        return k;
    }

    memset(&f, 0, sizeof(f));
    kit_open(&f.kit);
    f.diags.arena = f.kit.arena;
    f.env = weir_cel_env(f.kit.arena, &f.diags);
    f.emit = weir_emit_create(f.kit.b, &f.diags);
    compiled++;

    if (compile(&f, made)) {
        note(&f, k);
        open_image(&f, k);
        k->good = true;
    }

    kit_close(&f.kit);

    return k;
}


static void
forget(void *it)
{
    kept_t  *k;

    k = it;
    parts_close(&k->image);
    free(k);
}


static void
set_up(void)
{
    unsigned  i;

    if (table.arena != NULL) {
        return;
    }

    must(atexit(report) == 0);
    expr_table(&table);

    for (i = 0; i < EXPR_TEXTS; i++) {
        mem[i] = aligned_alloc(16, MEM_SIZE);
        must(mem[i] != NULL);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void     **it;
    size_t     head;
    kept_t    *k;
    bytes_t    in;
    unsigned   i, j;

    if (size == 0) {
        return 0;
    }

    set_up();
    head = parts_head(data, size);
    it = parts_find(data + head, size - head, forget);

    if (*it == NULL) {
        *it = make_expr(data + head, size - head);
    }

    k = *it;
    made = &k->made;
    in = (bytes_t) { data + 1, head - 1, 0 };

    for (i = 0; i < parts_asks(data, size) && k->good; i++) {

        for (j = 0; j < PARTS_ASK; j++) {
            answers[j] = (uint8_t) take_byte(&in);
        }

        check(k);
    }

    return 0;
}
