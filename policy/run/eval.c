/*
 * eval.c: run verified programs.
 *
 * What verify.c proved is not looked at again: stack, locals, jumps, operands
 * and static kinds.  A value may be an error wherever it may be a value; the
 * kind of a value out of a container is looked at by AS, CALLD, HAS and LOOP.
 */

#include "run/fn.h"
#include "run/eval.h"
#include "run/eval_quick.h"

/* Of that many strings most are told by their length. */
#define FEW  4

static const weir_value_t  no_items;
static const weir_ip_t     no_ip;

/* An attribute that is absent, by kind; of other kinds there is none. */
static const weir_value_t  absent[WEIR_T_COUNT] = {
    [WEIR_T_BOOL] = { .kind = WEIR_T_BOOL },
    [WEIR_T_INT] = { .kind = WEIR_T_INT },
    [WEIR_T_STRING] = { .kind = WEIR_T_STRING, .u.s = "" },
    [WEIR_T_LIST] = { .kind = WEIR_T_LIST, .u.items = &no_items },
    [WEIR_T_MAP] = { .kind = WEIR_T_MAP, .u.items = &no_items },
    [WEIR_T_TIMESTAMP] = { .kind = WEIR_T_TIMESTAMP },
    [WEIR_T_DURATION] = { .kind = WEIR_T_DURATION },
    [WEIR_T_IP] = { .kind = WEIR_T_IP, .u.ip = &no_ip }
};

_Static_assert(WEIR_A_COUNT <= 64, "fetched has a bit for each attribute");


static WEIR_SELDOM void
fetch(weir_eval_t *e, unsigned attr)
{
    weir_value_t            *v;
    const weir_attr_info_t  *info;

    info = &weir_attrs[attr];

    v = &e->attrs[attr];
    *v = absent[info->kind];
    e->fetched |= (uint64_t) 1 << attr;

    if (!info->engine) {
        e->host->attr(e->host_data, attr, v);

    } else if (e->engine != NULL) {
        e->engine(e->engine_data, attr, v);
    }

    if (v->kind != info->kind) {
        *v = weir_v_err(WEIR_E_UNAVAILABLE);
    }
}


static inline const weir_value_t *
attribute(weir_eval_t *e, unsigned attr)
{
    if (!(e->fetched >> attr & 1)) {
        fetch(e, attr);
    }

    return &e->attrs[attr];
}


static weir_value_t
parameter(const weir_eval_t *e, uint32_t name)
{
    uint32_t  i;

    for (i = 0; i < e->nparams; i++) {
        if (e->param_names[i] == name) {
            return weir_v_str(e->params[i]);
        }
    }

    return weir_v_err(WEIR_E_NO_SUCH_KEY);
}


static inline bool
is_bool(const weir_value_t *v, bool b)
{
    return v->kind == WEIR_T_BOOL && v->u.b == b;
}


/* Of a text as long as the constant. */
static inline bool
same_text(const weir_eval_t *e, const weir_img_const_t *c,
    const weir_value_t *v)
{
    return weir_same_bytes(weir_const_text(e->image, c).data, v->u.s, c->n);
}


static inline weir_value_t
equals(weir_eval_t *e, const weir_img_const_t *c, const weir_value_t *v)
{
    if (v->len != c->n) {
        return weir_v_bool(false);
    }

    if (!weir_work(e, c->n)) {
        return weir_v_err(WEIR_E_TOO_LARGE);
    }

    return weir_v_bool(same_text(e, c, v));
}


/* Whether a sorted list of string constants has v. */
static WEIR_SELDOM weir_value_t
is_among_many(weir_eval_t *e, const weir_img_const_t *c, uint32_t n,
    const weir_value_t *v)
{
    int       order;
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = n;

    while (lo < hi) {

        if (!weir_work(e, v->len)) {
            return weir_v_err(WEIR_E_TOO_LARGE);
        }

        mid = lo + (hi - lo) / 2;
        order = weir_str_cmp(weir_v_text(v),
                             weir_const_text(e->image, &c[mid]));

        if (order == 0) {
            return weir_v_bool(true);
        }

        if (order < 0) {
            hi = mid;

        } else {
            lo = mid + 1;
        }
    }

    return weir_v_bool(false);
}


static weir_value_t
is_among(weir_eval_t *e, const weir_img_const_t *list, const weir_value_t *v)
{
    uint32_t                 i;
    weir_value_t             same;
    const weir_img_const_t  *c;

    c = &WEIR_REC(e->image, CONSTS)[list->v];

    if (list->n > FEW) {
        return is_among_many(e, c, list->n, v);
    }

    same = weir_v_bool(false);

    for (i = 0; i < list->n && is_bool(&same, false); i++) {
        same = equals(e, &c[i], v);
    }

    return same;
}


/* ATTR_IN */
static weir_value_t
attr_in(weir_eval_t *e, const weir_img_const_t *c, const weir_value_t *v)
{
    if (c->kind == WEIR_T_CIDRS) {
        return weir_v_bool(weir_cidrs_contain(e->image, (uint32_t) c->v,
                                              v->u.ip));
    }

    return is_among(e, c, v);
}


/* ATTR_EQ ATTR_IN */
static inline weir_value_t
fused(weir_eval_t *e, const weir_insn_t *in, const weir_img_const_t *c,
    unsigned op)
{
    const weir_value_t  *v;

    v = attribute(e, in->b);

    if (v->kind == WEIR_T_ERR) {
        return *v;
    }

    return op == WEIR_OP_ATTR_EQ ? equals(e, c, v) : attr_in(e, c, v);
}


/* ATTR_GET */
static inline void
attr_get(weir_eval_t *e, const weir_insn_t *in, const weir_img_const_t *c,
    weir_value_t *out)
{
    weir_rc_t            rc;
    const weir_value_t  *v;

    v = attribute(e, in->b);

    if (v->kind == WEIR_T_ERR) {
        *out = *v;
        return;
    }

    rc = weir_map_text(e, v, weir_const_text(e->image, c), out);

    if (rc != WEIR_OK) {
        *out = weir_v_err(rc == WEIR_DECLINED ? WEIR_E_NO_SUCH_KEY
                                              : WEIR_E_TOO_LARGE);
    }
}


static WEIR_SELDOM weir_value_t
has(weir_eval_t *e, const weir_insn_t *in, const weir_value_t *v)
{
    weir_rc_t     rc;
    weir_value_t  key, map, out;

    map = *v;

    if (map.kind == WEIR_T_OPTIONAL) {

        if (map.len == 0) {
            return weir_v_bool(false);
        }

        weir_optional_get(e, v, &map);
    }

    if (map.kind != WEIR_T_MAP) {
        return map.kind == WEIR_T_ERR ? map
               : weir_v_err(WEIR_E_NO_SUCH_OVERLOAD);
    }

    weir_const_value(e->image, &WEIR_REC(e->image, CONSTS)[in->c], &key);
    rc = weir_map_get(e, &map, &key, &out);

    return rc == WEIR_ERROR ? weir_v_err(WEIR_E_TOO_LARGE)
                            : weir_v_bool(rc == WEIR_OK);
}


/* The first of n arguments that is an error; NULL: none is. */
static inline const weir_value_t *
error_among(const weir_value_t *a, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (a[i].kind == WEIR_T_ERR) {
            return &a[i];
        }
    }

    return NULL;
}


static inline weir_value_t
call(weir_eval_t *e, unsigned fn, const weir_value_t *a, unsigned n)
{
    const weir_value_t  *error;

    error = error_among(a, n);

    return __builtin_expect(error != NULL, 0) ? *error
                                              : weir_fn_impls[fn](e, a);
}


static weir_value_t
call_by_name(weir_eval_t *e, const weir_insn_t *in, const weir_value_t *a)
{
    unsigned             fn;
    const weir_value_t  *error;

    error = error_among(a, in->a);

    if (error != NULL) {
        return *error;
    }

    fn = weir_fn_choose(in->b, a, in->a);

    return fn < WEIR_FN_COUNT ? weir_fn_impls[fn](e, a)
                              : weir_v_err(WEIR_E_NO_SUCH_OVERLOAD);
}


/* || (wins = true) and && (wins = false) over bools and errors. */
static WEIR_SELDOM weir_value_t
logic(const weir_value_t *a, const weir_value_t *b, bool wins)
{
    if (is_bool(a, wins) || is_bool(b, wins)) {
        return weir_v_bool(wins);
    }

    if (a->kind == WEIR_T_ERR) {
        return *a;
    }

    return *b;
}


/* The error that a range of a loop is, or ends in; else no error. */
static weir_eval_error_t
range_error(const weir_value_t *v, uint32_t rounds)
{
    if (v->kind != WEIR_T_LIST && v->kind != WEIR_T_MAP) {
        return WEIR_E_NO_SUCH_OVERLOAD;
    }

    return v->len > rounds ? WEIR_E_TOO_LARGE : WEIR_E_NONE;
}


/* Sets the locals of a round; false: there is none left. */
static inline bool
next_round(weir_eval_t *e, const weir_insn_t *in, weir_value_t *local)
{
    int64_t       i;
    weir_value_t  *first, *second;

    i = local[1].u.i;

    if (i >= local[0].len) {
        return false;
    }

    local[1].u.i++;
    first = &local[2];
    second = &local[3];

    if (local[0].kind == WEIR_T_MAP) {
        weir_map_at(e, &local[0], (uint32_t) i, first, second);
        return true;
    }

    if (in->a) {
        first = &local[3];
        second = &local[2];
    }

    weir_list_at(e, &local[0], (uint32_t) i, first);
    *second = weir_v_int(i);

    return true;
}


/* An error that begins here says where. */
static WEIR_SELDOM void
mark(weir_value_t *v, uint32_t prog, const weir_insn_t *first,
    const weir_insn_t *in)
{
    if (v->u.u == 0) {
        v->u.u = (uint64_t) prog << 32 | (uint32_t) (in - first + 1);
    }
}


/*
 * Gives back the scratch from mark on when neither the result nor a memo can
 * point there.
 */
static void
settle(weir_eval_t *e, uint32_t mark, const weir_value_t *result, bool memo)
{
    switch (result->kind) {

    case WEIR_T_ERR:
    case WEIR_T_NULL:
    case WEIR_T_BOOL:
    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_DOUBLE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
    case WEIR_T_TYPE:
        e->used = mark > e->kept ? mark : e->kept;
        return;

    default:
        if (memo) {
            e->kept = e->used;
        }
    }
}


static void
trace(const weir_eval_t *e, uint32_t prog, uint32_t pc,
    const weir_value_t *value)
{
    const weir_trace_t  *t;

    t = e->trace;
    t->step(t->data, prog, pc, value);
}


static weir_value_t run(weir_eval_t *e, uint32_t prog, weir_value_t *base);


/*
 * Runs a program whose locals and stack begin at base.  It recurses through
 * MEMO, at most WEIR_MAX_CALL_DEPTH deep.  What is often followed by a
 * constant and a call, or checked by AS, looks whether it is, and goes there
 * without another turn, and so does a test in front of && (quick); every
 * instruction has one behind it but RET.
 */
static inline __attribute__((always_inline)) weir_value_t
run_program(weir_eval_t *e, uint32_t prog, weir_value_t *base, bool traced)
{
    uint32_t                 used;
    weir_value_t            *sp, *memo;
    const weir_insn_t       *in, *first;
    const weir_fn_info_t    *fn;
    const weir_value_t      *v;
    weir_eval_error_t        error;
    const weir_img_prog_t   *p;
    const weir_img_const_t  *consts;

    p = &WEIR_REC(e->image, PROGS)[prog];
    consts = WEIR_REC(e->image, CONSTS);
    first = WEIR_REC(e->image, CODE) + p->code.first;
    sp = base + p->locals;          /* the first free place */

    for (in = first; /* void */ ; in++) {

        switch (in->op) {

        case WEIR_OP_RET:
            return sp[-1];

        case WEIR_OP_CONST:
        constant:
            if (traced || in[1].op != WEIR_OP_CALL) {
                weir_const_value(e->image, &consts[in->c], sp);
                sp++;
                break;
            }

            in++;

            if (weir_quick(e, in->b, &consts[in[-1].c], &sp[-1])) {
                goto quick;
            }

            weir_const_value(e->image, &consts[in[-1].c], sp);
            sp++;
            goto call;

        case WEIR_OP_ATTR:
            *sp = *attribute(e, in->b);
            sp++;

            if (traced || in[1].op != WEIR_OP_CONST
                || sp[-1].kind == WEIR_T_ERR)
            {
                break;
            }

            in++;
            goto constant;

        case WEIR_OP_PARAM:
            *sp = parameter(e, in->c);
            sp++;
            break;

        case WEIR_OP_MEMO:
            memo = &e->memo[WEIR_REC(e->image, PROGS)[in->c].memo];

            if (memo->kind == WEIR_T_UNSET) {
                used = e->used;
                *memo = run(e, in->c, sp);
                settle(e, used, memo, true);
            }

            *sp = *memo;
            sp++;
            break;

        case WEIR_OP_LOAD:
            *sp = base[in->b];
            sp++;
            break;

        case WEIR_OP_STORE:
            base[in->b] = *--sp;
            continue;

        case WEIR_OP_POP:
            sp--;
            continue;

        case WEIR_OP_CALL:
            if (!traced && in->b == WEIR_FN_EQ_ANY
                && weir_quick_equal(e, &sp[-2], &sp[-1]))
            {
                sp--;
                goto quick;
            }

        call:
            fn = &weir_fns[in->b];
            sp -= fn->nargs;
            *sp = call(e, in->b, sp, fn->nargs);
            sp++;
            break;

        case WEIR_OP_CALLD:
            sp -= in->a;

            if (in->a == 2 && sp[0].kind == WEIR_T_INT
                && sp[1].kind == WEIR_T_INT
                && weir_quick_ints(weir_of_ints[in->b], sp[0].u.i,
                                   sp[1].u.i, sp))
            {
                sp++;

                if (traced) {
                    break;
                }

                continue;
            }

            *sp = call_by_name(e, in, sp);
            sp++;
            break;

        case WEIR_OP_AS:
            if (sp[-1].kind != in->a && sp[-1].kind != WEIR_T_ERR) {
                sp[-1] = weir_v_err(WEIR_E_NO_SUCH_OVERLOAD);
            }

            break;

        case WEIR_OP_JMP:
            in = first + in->c - 1;
            continue;

        case WEIR_OP_JFALSE:
            if (!is_bool(--sp, true)) {
                in = first + in->c - 1;
            }

            continue;

        case WEIR_OP_JERR:
            if (sp[-1].kind == WEIR_T_ERR) {
                in = first + in->c - 1;
            }

            continue;

        case WEIR_OP_JTRUE:
            if (is_bool(&sp[-1], true)) {
                in = first + in->c - 1;
            }

            continue;

        case WEIR_OP_JNOT:
            if (is_bool(&sp[-1], false)) {
                in = first + in->c - 1;
            }

            continue;

        case WEIR_OP_OR:
            sp--;

            /* what has not decided yet gives way to the other side */
            sp[-1] = is_bool(&sp[-1], false) ? *sp : logic(&sp[-1], sp, true);
            break;

        case WEIR_OP_AND:
            sp--;
            sp[-1] = is_bool(&sp[-1], true) ? *sp : logic(&sp[-1], sp, false);
            break;

        case WEIR_OP_LIST:
            sp -= in->c;
            *sp = weir_eval_list(e, in, sp);
            sp++;
            break;

        case WEIR_OP_MAP:
            sp -= 2 * in->c;
            *sp = weir_eval_map(e, in, sp);
            sp++;
            break;

        case WEIR_OP_HAS:
            sp[-1] = has(e, in, &sp[-1]);
            break;

        case WEIR_OP_LOOP:
            error = range_error(&sp[-1], 1u << in->a);

            if (error != WEIR_E_NONE) {

                if (sp[-1].kind != WEIR_T_ERR) {
                    sp[-1] = weir_v_err(error);
                    mark(&sp[-1], prog, first, in);
                }

                in = first + in->c - 1;
                continue;
            }

            base[in->b] = *--sp;
            base[in->b + 1] = weir_v_int(0);
            continue;

        case WEIR_OP_ITER:
            if (!next_round(e, in, &base[in->b])) {
                in = first + in->c - 1;
            }

            continue;

        case WEIR_OP_NEXT:
            in = first + in->c - 1;
            continue;

        case WEIR_OP_BUILD:
            *sp = weir_eval_build(e, in->a, &base[in->b]);
            sp++;
            break;

        case WEIR_OP_APPEND:
            sp--;
            sp[-1] = weir_eval_append(&sp[-1], sp);
            break;

        case WEIR_OP_INSERT:
            sp -= 2;
            sp[-1] = weir_eval_insert(e, &sp[-1]);
            break;

        case WEIR_OP_ATTR_EQ:
            v = attribute(e, in->b);
            sp++;

            if (v->kind == WEIR_T_ERR) {
                sp[-1] = *v;
                break;
            }

            if (v->len != consts[in->c].n) {
                sp[-1] = weir_v_bool(false);

            } else if (weir_work(e, v->len)) {
                sp[-1] = weir_v_bool(same_text(e, &consts[in->c], v));

            } else {
                sp[-1] = weir_v_err(WEIR_E_TOO_LARGE);
                break;
            }

            if (traced) {
                break;
            }

            goto quick;

        case WEIR_OP_ATTR_IN:
            *sp = fused(e, in, &consts[in->c], WEIR_OP_ATTR_IN);
            sp++;
            break;

        case WEIR_OP_ATTR_GET:
            attr_get(e, in, &consts[in->c], sp);
            sp++;

            if (traced || in[1].op != WEIR_OP_AS || sp[-1].kind != in[1].a) {
                break;
            }

            in++;

            if (in[1].op != WEIR_OP_CONST) {
                continue;
            }

            in++;
            goto constant;

        quick:
            /* the top is no error; where && asks for it, it is a bool */

            if (in[1].op == WEIR_OP_JNOT) {
                in++;

                if (!sp[-1].u.b) {
                    in = first + in->c - 1;
                }

            } else if (in[1].op == WEIR_OP_AND && is_bool(&sp[-2], true)) {
                in++;
                sp--;
                sp[-1].u.b = sp[0].u.b;
            }

            continue;

        default:                        /* verified: there is no other */
            __builtin_unreachable();
        }

        if (__builtin_expect(sp[-1].kind == WEIR_T_ERR, 0)) {
            mark(&sp[-1], prog, first, in);
        }

        if (traced) {
            trace(e, prog, (uint32_t) (in - first), &sp[-1]);
        }
    }
}


/* Programs that are traced, and those that keep their result: once each. */
static WEIR_SELDOM weir_value_t
run(weir_eval_t *e, uint32_t prog, weir_value_t *base)
{
    return run_program(e, prog, base, e->trace != NULL);
}


/* Most programs are one fused instruction: they need no stack. */
static inline bool
is_short(const weir_eval_t *e, const weir_insn_t *in)
{
    return in[1].op == WEIR_OP_RET && e->trace == NULL
           && (in->op == WEIR_OP_ATTR_EQ || in->op == WEIR_OP_ATTR_IN);
}


/* A program that keeps its result for the request. */
static WEIR_SELDOM void
eval_once(weir_eval_t *e, uint32_t prog, weir_value_t *memo)
{
    uint32_t  used;

    if (memo->kind == WEIR_T_UNSET) {
        e->work = 0;
        used = e->used;
        *memo = run(e, prog, e->stack);
        settle(e, used, memo, true);
    }
}


void
weir_eval(weir_eval_t *e, uint32_t prog, weir_value_t *out)
{
    uint32_t                 used;
    const weir_insn_t       *in;
    const weir_img_prog_t   *p;

    p = &WEIR_REC(e->image, PROGS)[prog];
    in = &WEIR_REC(e->image, CODE)[p->code.first];

    if (__builtin_expect(p->memo != WEIR_NONE, 0)) {
        eval_once(e, prog, &e->memo[p->memo]);
        *out = e->memo[p->memo];

    } else if (is_short(e, in)) {
        e->work = 0;
        *out = fused(e, in, &WEIR_REC(e->image, CONSTS)[in->c], in->op);

    } else {
        e->work = 0;
        used = e->used;
        *out = e->trace != NULL ? run(e, prog, e->stack)
                                : run_program(e, prog, e->stack, false);

        if (e->used != used) {
            settle(e, used, out, false);
        }
    }

    if (__builtin_expect(out->kind == WEIR_T_ERR, 0)) {
        mark(out, prog, in, in);
        e->errors++;
    }
}


void
weir_eval_forget_answer(weir_eval_t *e)
{
    uint32_t  i;

    static const uint64_t  answer = 0
#define A(name, cel, kind, type, phase_, max, by, doc)                        \
        | (uint64_t) (WEIR_PHASE_##phase_ >= WEIR_PHASE_RESPONSE)             \
          << WEIR_A_##name
        WEIR_ATTRS(A)
#undef A
        ;

    if (!(e->fetched & answer)) {
        return;
    }

    e->fetched &= ~answer;

    for (i = 0; i < e->image->nlate; i++) {
        e->memo[e->image->late[i]].kind = WEIR_T_UNSET;
    }
}


void *
weir_scratch(weir_eval_t *e, size_t n)
{
    void      *p;
    uint32_t   room;

    room = e->image->header->scratch - e->used;

    if (n > room) {
        return NULL;
    }

    p = e->scratch + e->used;

    /* the size of scratch is rounded up to a multiple of 8 as well */
    n = (n + 7) & ~(size_t) 7;
    e->used += n < room ? (uint32_t) n : room;

    return p;
}


static size_t
scratch_size(const weir_image_t *img)
{
    return ((size_t) img->header->scratch + 7) & ~(size_t) 7;
}


size_t
weir_eval_size(const weir_image_t *img)
{
    return ((size_t) WEIR_A_COUNT + img->header->memo + img->header->stack)
           * sizeof(weir_value_t)
           + scratch_size(img);
}


void
weir_eval_init(weir_eval_t *e, const weir_image_t *img, void *mem)
{
    memset(e, 0, sizeof(weir_eval_t));

    e->image = img;
    e->attrs = mem;
    e->memo = e->attrs + WEIR_A_COUNT;
    e->stack = e->memo + img->header->memo;
    e->scratch = (char *) (e->stack + img->header->stack);

    memset(e->memo, 0, img->header->memo * sizeof(weir_value_t));
}
