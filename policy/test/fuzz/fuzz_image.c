/*
 * fuzz_image.c: any bytes as an image.  What the verifier takes must open,
 * run and decide, within its budget, over a host that answers everything.
 *
 * Bytes are seldom an image, so inputs are mutated as images: a seed of this
 * file or of the corpus, with fields, instructions or bytes changed, and its
 * digests made right again.  At the end it says how many were taken.
 */

#include "image/limit.h"
#include "run/cors.h"
#include "run/decide.h"
#include "run/path.h"
#include "run/regex.h"
#include "test/fuzz/caller.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/router.h"
#include "test/fuzz/seed.h"

#define MAX_LEN  16384          /* of an input, for tools/fuzz */

/* of libFuzzer */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed);

static unsigned long  runs, taken, allowed, reasons[WEIR_REASON_COUNT];
static room_t         room;
/* while there is one, pages for the code of others are not given back */
static weir_regex_t  *kept;


/* Whether each section lies within the bytes, so that it can be changed. */
static bool
is_whole(const uint8_t *data, size_t size)
{
    uint32_t                     i;
    weir_image_header_t          h;
    const weir_image_section_t  *s;

    if (size < sizeof(h)) {
        return false;
    }

    memcpy(&h, data, sizeof(h));

    if (h.sections < WEIR_S_ALWAYS || h.sections > WEIR_S_COUNT
        || size < sizeof(h) + h.sections * sizeof(*s))
    {
        return false;
    }

    for (i = 0; i < h.sections; i++) {
        s = (const weir_image_section_t *) (data + sizeof(h)) + i;

        if (s->id != i || s->offset > size || s->length > size - s->offset
            || s->offset % 8 != 0)
        {
            return false;
        }
    }

    return true;
}


static uint32_t
small(uint64_t *seed)
{
    switch (next(seed) % 4) {

    case 0:
        return WEIR_NONE;

    case 1:
        return (uint32_t) (next(seed) % 300);

    default:
        return (uint32_t) (next(seed) % 24);
    }
}


static weir_image_section_t *
any_section(uint8_t *data, uint64_t *seed)
{
    weir_image_header_t  h;

    memcpy(&h, data, sizeof(h));

    return kit_section(data, (uint32_t) (next(seed) % h.sections));
}


static void
change_insn(uint8_t *data, uint64_t *seed)
{
    uint32_t                n, i;
    weir_insn_t            *in;
    weir_image_section_t   *s;

    s = kit_section(data, WEIR_S_CODE);
    n = (uint32_t) (s->length / sizeof(weir_insn_t));

    if (n == 0) {
        return;
    }

    i = (uint32_t) (next(seed) % n);
    in = (weir_insn_t *) (data + s->offset) + i;

    switch (next(seed) % 5) {

    case 0:
        in->op = (uint8_t) (next(seed) % (WEIR_OP_COUNT + 1));
        return;

    case 1:
        in->a = (uint8_t) small(seed);
        return;

    case 2:
        in->b = (uint16_t) small(seed);
        return;

    case 3:
        in->c = small(seed);
        return;

    default:
        /* two change places */
        if (i + 1 < n) {
            weir_insn_t  t = in[0];

            in[0] = in[1];
            in[1] = t;
        }
    }
}


static bool
is_alike(unsigned fn, unsigned other)
{
    return weir_fns[fn].nargs == weir_fns[other].nargs
           && memcmp(weir_fns[fn].args, weir_fns[other].args,
                     weir_fns[fn].nargs) == 0;
}


/* Operands that the verifier takes as it took these, mostly. */
static void
change_operand(uint8_t *data, uint64_t *seed)
{
    uint32_t               n, nconsts, i, k;
    weir_insn_t           *in;
    weir_img_const_t      *c;
    weir_image_section_t  *s;

    s = kit_section(data, WEIR_S_CODE);
    in = (weir_insn_t *) (data + s->offset);
    n = (uint32_t) (s->length / sizeof(weir_insn_t));
    s = kit_section(data, WEIR_S_CONSTS);
    c = (weir_img_const_t *) (data + s->offset);
    nconsts = (uint32_t) (s->length / sizeof(weir_img_const_t));

    if (n == 0 || nconsts == 0) {
        return;
    }

    in += next(seed) % n;

    for (i = 0; i < 64; i++) {

        if (in->op == WEIR_OP_CONST && in->c < nconsts) {
            k = (uint32_t) (next(seed) % nconsts);

            if (c[k].kind == c[in->c].kind) {
                in->c = k;
                return;
            }

        } else if (in->op == WEIR_OP_ATTR && in->b < WEIR_A_COUNT) {
            k = (uint32_t) (next(seed) % WEIR_A_COUNT);

            if (weir_attrs[k].kind == weir_attrs[in->b].kind) {
                in->b = (uint16_t) k;
                return;
            }

        } else if (in->op == WEIR_OP_CALL && in->b < WEIR_FN_COUNT) {
            k = (uint32_t) (next(seed) % WEIR_FN_COUNT);

            if (is_alike(in->b, k)) {
                in->b = (uint16_t) k;
                return;
            }

        } else if (in->op == WEIR_OP_CALLD) {
            in->b = (uint16_t) (next(seed) % WEIR_N_COUNT);
            return;

        } else {
            return;
        }
    }
}


/* The numbers of a limit, with what a cluster counts made right again. */
static void
change_limit(uint8_t *data, uint64_t *seed)
{
    uint64_t              *number;
    uint32_t               n;
    weir_img_limit_t      *l;
    weir_image_section_t  *s;

    static const uint64_t  values[] = {
        0, 1, 2, 1000, WEIR_SEC_NS, WEIR_MAX_WINDOW * WEIR_SEC_NS,
        WEIR_MAX_UNITS - 1, WEIR_MAX_CONCURRENCY, WEIR_MAX_LEASE,
        UINT64_MAX - 1
    };

    s = kit_section(data, WEIR_S_LIMITS);
    n = (uint32_t) (s->length / sizeof(weir_img_limit_t));

    if (n == 0) {
        return;
    }

    l = (weir_img_limit_t *) (data + s->offset) + next(seed) % n;

    switch (next(seed) % 8) {

    case 0:
        l->kind = (uint8_t) (next(seed) % WEIR_LIMIT_COUNT);
        break;

    case 1:
        l->cluster = !l->cluster;
        break;

    case 2:
        l->response = !l->response;
        break;

    case 3:
        l->on_failure = (uint8_t) (next(seed) % WEIR_STORE_FAILURE_COUNT);
        break;

    default:
        number = next(seed) % 4 == 0 ? &l->burst
                 : next(seed) % 3 == 0 ? &l->window
                 : next(seed) % 2 == 0 ? &l->cost : &l->limit;
        *number = values[next(seed) % N_OF(values)] + next(seed) % 2;
    }

    if (l->limit != 0 && l->window != 0) {
        weir_limit_spread(l, &l->budget, &l->span);
    }
}


/* The value of a constant. */
static void
change_value(uint8_t *data, uint64_t *seed)
{
    uint32_t               n;
    weir_img_const_t      *c;
    weir_image_section_t  *s;

    static const uint64_t  values[] = {
        0, 1, UINT64_MAX, INT64_MAX, (uint64_t) 1 << 63, 253402300799, 1 << 16,
        UINT64_C(0x7ff0000000000000), UINT64_C(0x7ff8000000000000)
    };

    s = kit_section(data, WEIR_S_CONSTS);
    n = (uint32_t) (s->length / sizeof(weir_img_const_t));

    if (n == 0) {
        return;
    }

    c = (weir_img_const_t *) (data + s->offset) + next(seed) % n;

    switch (c->kind) {

    case WEIR_T_BOOL:
        c->v ^= 1;
        return;

    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_DOUBLE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_DURATION:
        c->v = values[next(seed) % N_OF(values)] + next(seed) % 2;
        return;

    default:
        /* shorter */
        c->n -= c->n > 0;
    }
}


static void
change_field(uint8_t *data, uint64_t *seed)
{
    uint32_t               value;
    weir_image_section_t  *s;

    s = any_section(data, seed);

    if (s->length >= 4) {
        value = small(seed);
        memcpy(data + s->offset + next(seed) % (s->length / 4) * 4, &value,
               next(seed) % 2 ? 4 : 1);
    }
}


static void
change_bytes(uint8_t *data, uint64_t *seed)
{
    weir_image_section_t  *s;

    s = any_section(data, seed);

    if (s->length > 0) {
        (void) LLVMFuzzerMutate(data + s->offset, (size_t) s->length,
                                (size_t) s->length);
    }
}


static bool
is_taken(const uint8_t *data, size_t size)
{
    weir_refusal_t  why;

    return weir_image_verify(data, size, NULL, &why) == WEIR_OK;
}


/* Changes an image in one to four places. */
static size_t
change(uint8_t *data, size_t size, size_t max, uint64_t *seed)
{
    unsigned  n;

    for (n = 0; n <= next(seed) % 4 && is_whole(data, size); n++) {

        switch (next(seed) % 18) {

        case 0:
            change_bytes(data, seed);
            break;

        case 16:
        case 17:
            change_limit(data, seed);
            break;

        case 1:
        case 2:
        case 3:
            change_field(data, seed);
            break;

        case 4:
        case 5:
        case 6:
            change_value(data, seed);
            break;

        case 7:
        case 8:
        case 9:
        case 10:
            change_operand(data, seed);
            break;

        default:
            change_insn(data, seed);
        }
    }

    if (next(seed) % 128 == 0) {
        size = LLVMFuzzerMutate(data, size, max);
    }

    if (size >= sizeof(weir_image_header_t) && next(seed) % 64 != 0) {
        ((weir_image_header_t *) data)->length = size;
        kit_digest(data, size);
    }

    return size;
}


/* Most of what comes out is taken: refusals alone would soon be known. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t     n;
    unsigned   tries;
    uint64_t   s;
    uint8_t   *from, *copy;

    s = seed;
    n = 0;

    /* the bytes may lie anywhere; an image lies on a multiple of 8 */
    from = aligned_alloc(16, (max + 31) & ~(size_t) 15);
    copy = aligned_alloc(16, (max + 31) & ~(size_t) 15);

    if (from == NULL || copy == NULL) {
        abort();
    }

    memcpy(from, data, size);

    if (!is_whole(from, size) || next(&s) % 16 == 0
        || (next(&s) % 8 != 0 && !is_taken(from, size)))
    {
        n = put_seed(from, max, &s);
        size = n ? n : size;
    }

    for (tries = 0; tries < 12; tries++) {
        memcpy(copy, from, size);
        n = change(copy, size, max, &s);

        if (next(&s) % 32 == 0 || is_taken(copy, n)) {
            break;
        }
    }

    memcpy(data, copy, n);
    free(from);
    free(copy);

    return n;
}


/* Windows of zones that the verifier took, and of limits. */
static void
see_windows(const weir_image_t *img)
{
    int64_t                  now;
    uint32_t                 i;
    unsigned                 k;
    weir_window_t            w, next;
    const weir_img_limit_t  *l;

    for (i = 0; i < img->n[WEIR_S_ZONES] && i < 8; i++) {

        for (k = 0; k < 4; k++) {
            now = limiter_wall(NULL);
            weir_window_calendar(img, i, k % WEIR_PERIOD_COUNT, now, &w);
            must(w.begin <= now && now < w.end && w.now == now);
            weir_window_calendar(img, i, k % WEIR_PERIOD_COUNT, w.end, &next);
            must(next.begin == w.end
                 && (int64_t) (next.number - w.number) > 0);
        }
    }

    l = WEIR_REC(img, LIMITS);

    for (i = 0; i < img->n[WEIR_S_LIMITS]; i++, l++) {
        if (l->kind != WEIR_LIMIT_CONCURRENCY) {
            now = limiter_wall(NULL);
            weir_window_limit(img, l, l->cluster, now, &w);
            must(w.begin <= now && now < w.end);
        }
    }
}


static bool
is_header(weir_str_t s)
{
    return s.len <= WEIR_MAX_HEADER_VALUE
           && (s.len == 0 || (memchr(s.data, '\n', s.len) == NULL
                              && memchr(s.data, '\r', s.len) == NULL
                              && memchr(s.data, '\0', s.len) == NULL));
}


/* What both sides of an allowed request are told. */
static void
see_transforms(const weir_image_t *img, weir_txn_t *txn)
{
    char                         out[WEIR_MAX_PATH];
    size_t                       len;
    uint32_t                     i;
    weir_str_t                   v, path;
    const char                  *why;
    weir_path_rules_t            rules;
    const weir_img_route_t      *r;
    const weir_img_header_op_t  *op;

    r = weir_txn_route(txn);
    path = weir_txn_new_path(txn);

    for (i = 0; i < r->request_ops.count; i++) {
        must(is_header(weir_txn_request_values(txn)[i]));
    }

    op = WEIR_REC(img, HEADER_OPS) + r->response_ops.first;

    for (i = 0; i < r->response_ops.count; i++) {
        must(weir_txn_response_value(txn, &op[i], &v) != WEIR_OK
             || is_header(v));
    }

    must((path.len != 0) == (r->path != WEIR_NONE));

    if (path.len != 0) {
        rules = weir_path_rules(img->policy);
        must(weir_path_check(path, &rules, out, &len, &why) == WEIR_OK
             && weir_str_eq(path, weir_str(out, len)));
    }
}


static void
see_origins(const weir_image_t *img)
{
    uint32_t                i;
    unsigned                k;
    const weir_img_cors_t  *c;

    static const char *const  origins[] = {
        "null", "https://x.y.a.example", "http://b:81", "", "https://.a.example"
    };

    c = WEIR_REC(img, CORS);

    for (i = 0; i < img->n[WEIR_S_CORS] && i < 8; i++, c++) {
        for (k = 0; k < N_OF(origins); k++) {
            allowed += weir_cors_allows(img, c, weir_cstr(origins[k]));
        }
    }
}


static void
see_decision(const weir_image_t *img, weir_txn_t *txn,
    const weir_decision_t *d)
{
    must((d->verdict == WEIR_ALLOW)
         == (d->status == 0 || d->reason == WEIR_REASON_PREFLIGHT)
         && d->reason < WEIR_REASON_COUNT
         && (d->status == 0 || (d->status >= 400 && d->status < 600)
             || (d->status == 204 && d->reason == WEIR_REASON_PREFLIGHT)));
    reasons[d->reason]++;
    router_check(txn, d);

    if (d->status == 0) {
        see_transforms(img, txn);
        router_end(img, txn);
    }
}


/* Requests for hosts and paths of the seed, and of others. */
static void
decide_all(const weir_image_t *img, weir_arena_t *arena)
{
    size_t           i;
    caller_t         who;
    weir_txn_t      *txn;
    weir_request_t   req;
    weir_decision_t  d;

    static const char *const  requests[][3] = {
        { "GET", "a.shop.example", "/v1/orders/12" },
        { "PURGE", "acme.example", "/v1/orders/x" },
        { "PUT", "globex.shop.example:80", "/t/acme/%41/b" },
        { "GET", "acme.example", "/who" },
        { "GET", "acme.example", "/who" },
        { "GET", "acme.shop.example", "/both" },
        { "GET", "acme.shop.example", "/both" },
        { "GET", "", "/s2/a" },
        { "GET", "", "/s2/b" },
        { "GET", "acme.example", "/s4" },
        { "OPTIONS", "", "/s4" },
        { "x", "", "/" }
    };

    for (i = 0; i < N_OF(requests); i++) {
        memset(&req, 0, sizeof(req));
        req.method = weir_cstr(requests[i][0]);
        req.host = weir_cstr(requests[i][1]);
        req.path = weir_cstr(requests[i][2]);
        req.source = req.peer = (weir_ip_t) { 4, { 10, 0, 0, 1 } };
        req.host_ops = &kit_host;
        who = (caller_t) { arena, i % 2 != 0 };
        req.host_data = &who;
        req.identity = &caller;
        req.limiter = &limiter_host;
        req.router = i % 3 != 2 ? &router_host : NULL;

        txn = weir_txn_init(room_of(&room, weir_txn_size(img, &req)), img,
                            &req);
        limiter_decide(txn, &d);
        see_decision(img, txn, &d);
        limiter_end(txn);
        router_turn(img);
    }
}


static void
run_image(const uint8_t *base)
{
    weir_image_t     img;
    weir_arena_t    *arena;
    weir_refusal_t   why;

    arena = weir_arena_create();
    must(arena != NULL);

    if (weir_image_open(&img, base, arena, &why) == WEIR_OK) {
        must(kit_run_image(&img));
        limiter_begin(weir_hash(weir_str((const char *) base,
                                         sizeof(weir_image_header_t)), 0));
        router_begin(&img);
        see_windows(&img);
        see_origins(&img);
        decide_all(&img, arena);
        weir_image_close(&img);

    } else {
        must(why.reason == WEIR_REJECT_REGEX);
    }

    weir_arena_destroy(arena);
}


static void
report(void)
{
    unsigned  i;

    fprintf(stderr, "# %lu of %lu images taken", taken, runs);

    for (i = 0; i < WEIR_REASON_COUNT; i++) {
        if (weir_reason_is_limit(i) || i >= WEIR_REASON_PREFLIGHT) {
            fprintf(stderr, ", %lu %s", reasons[i], weir_reason_name(i));
        }
    }

    fprintf(stderr, ", %lu origins, %u news\n", allowed, router.news);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             err[64];
    uint8_t         *copy;
    weir_refusal_t   why;

    if (runs++ == 0) {
        must(atexit(report) == 0);
        must(weir_regex_compile(weir_string("a"), true, &kept, err,
                                sizeof(err)) == WEIR_OK);
    }

    copy = malloc(size ? size : 1);
    must(copy != NULL);
    memcpy(copy, data, size);

    if (weir_image_verify(copy, size, NULL, &why) == WEIR_OK) {
        taken++;
        run_image(copy);

    } else {
        must(why.reason != WEIR_REJECT_NONE && why.text[0] != '\0');
    }

    free(copy);

    return 0;
}
