/*
 * bench.c: weir bench FILE [[METHOD] URL]: nanoseconds of a decision.
 *
 * Requests are those of the policy's own tests, or the one that is given.
 * They take turns in rounds, so that noise of the machine meets all alike.
 * What the server would know of a request is asked of the tool once, before
 * the clock runs.  What a decision takes of limits is given back at once.
 */

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/bench.h"
#include "cli/options.h"
#include "cli/routing.h"
#include "image/cost.h"

#define MAX_SECONDS  60

typedef struct {
    weir_arena_t                  *arena;
    cli_policy_t                   policy;
    weir_vec_t(bench_subject_t *)  subjects;
    void                          *mem;     /* of a transaction */
    char                          *memory;  /* of its credentials */
    cli_states_t                   states;  /* of splits */
    double                         seconds;
} bench_t;


static cli_exit_t
add_subject(bench_t *b, weir_str_t name, cli_request_t *r)
{
    bench_subject_t  *s, **place;

    s = weir_arena_alloc(b->arena, sizeof(bench_subject_t));
    place = weir_vec_push(b->arena, &b->subjects);

    if (s == NULL || place == NULL) {
        return CLI_INTERNAL;
    }

    memset(s, 0, sizeof(bench_subject_t));
    s->memory = b->memory;
    s->name = name;
    s->request = r;
    s->req = r->req;
    weir_bench_ask(s);
    r->splits = b->states.table;

    if (b->policy.image.n[WEIR_S_LIMITS] != 0) {
        s->counting = weir_cli_counting(b->arena, CLI_COUNT_ONE);
        s->req.limiter = &weir_cli_limiter;

        if (s->counting == NULL) {
            return CLI_INTERNAL;
        }

        weir_cli_counting_begin(s->counting, r->time);
    }

    *place = s;

    return CLI_OK;
}


static cli_exit_t
add_test(bench_t *b, const char *path, const weir_node_t *test)
{
    weir_node_t    *name, *fields;
    weir_diags_t   *diags;
    cli_request_t  *r;

    diags = &b->policy.diags;
    name = weir_node_get(test, "name");
    fields = weir_node_get(test, "request");
    r = weir_arena_alloc(b->arena, sizeof(cli_request_t));

    if (r == NULL) {
        return CLI_INTERNAL;
    }

    if (name == NULL || fields == NULL || fields->kind != WEIR_T_MAP) {
        return weir_cli_fail(CLI_SOURCE, "bench", "%s:%u: not a test; see weir "
                             "test", path, test->text.span.line);
    }

    weir_cli_request_read(b->arena, diags, fields, r);

    if (diags->errors != 0) {
        weir_cli_report(diags, CLI_TEXT);
        return CLI_SOURCE;
    }

    return add_subject(b, name->text.text, r);
}


static cli_exit_t
add_file(bench_t *b, const char *path)
{
    uint32_t            i;
    cli_exit_t          code;
    const weir_node_t  *tests;

    code = weir_cli_tests_read("bench", path, b->arena, &b->policy.diags,
                               &tests);

    if (code == CLI_SOURCE) {
        weir_cli_report(&b->policy.diags, CLI_TEXT);
    }

    for (i = 0; code == CLI_OK && i < tests->n; i++) {
        code = add_test(b, path, &tests->u.items[i]);
    }

    return code;
}


static cli_exit_t
add_tests(bench_t *b, const char *file)
{
    size_t        i;
    cli_exit_t    code;
    cli_paths_t   paths = { 0 };

    code = b->policy.model == NULL ? CLI_OK
           : weir_cli_tests_find("bench", file, b->policy.model, b->arena,
                                 &paths);

    for (i = 0; i < paths.len && code == CLI_OK; i++) {
        code = add_file(b, paths.items[i]);
    }

    if (code == CLI_OK && b->subjects.len == 0) {
        return weir_cli_fail(CLI_USAGE, "bench", "%s names no tests; name a "
                             "URL", file);
    }

    return code;
}


static cli_exit_t
prepare(bench_t *b)
{
    size_t                  i, size, need;
    weir_txn_t             *txn;
    cli_exit_t              code;
    const bench_subject_t  *s;
    weir_decision_t         d;

    size = 0;

    for (i = 0, code = CLI_OK; i < b->subjects.len && code == CLI_OK; i++) {
        s = b->subjects.items[i];
        need = weir_txn_size(&b->policy.image, &s->req);
        size = need > size ? need : size;

        /* what the tool's answers rest on */
        code = weir_cli_decide(&b->policy, s->request, NULL, &txn, &d);
    }

    b->mem = weir_arena_alloc(b->arena, size);

    return b->mem == NULL ? CLI_INTERNAL : code;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


/* Seconds that so many decisions take. */
static double
decide(bench_t *b, bench_subject_t *s, uint64_t times)
{
    double       start;
    uint64_t     i;
    weir_txn_t  *txn;

    start = now();

    for (i = 0; i < times; i++) {
        s->used = 0;
        txn = weir_txn_init(b->mem, &b->policy.image, &s->req);
        (void) weir_cli_counting_decide(txn, &s->decision);

        if (s->counting != NULL) {
            weir_cli_counting_undo(s->counting, txn);
        }
    }

    return now() - start;
}


static int
by_value(const void *a, const void *b)
{
    const double  *x, *y;

    x = a;
    y = b;

    return (*x > *y) - (*x < *y);
}


/* A tenth of the time finds out how often each fits into its part of it. */
static void
measure(bench_t *b)
{
    int               round;
    size_t            i;
    double            took, share;
    uint64_t          times;
    bench_subject_t  *s;

    share = b->seconds * 0.9 / BENCH_ROUNDS / (double) b->subjects.len;

    for (i = 0; i < b->subjects.len; i++) {
        s = b->subjects.items[i];

        for (times = 1; ; times *= 2) {
            took = decide(b, s, times);

            if (took > share / 2) {
                break;
            }
        }

        s->times = (uint64_t) (share / (took / (double) times)) + 1;
    }

    for (round = 0; round < BENCH_ROUNDS; round++) {

        for (i = 0; i < b->subjects.len; i++) {
            s = b->subjects.items[i];
            s->ns[round] = decide(b, s, s->times) * 1e9 / (double) s->times;
        }
    }

    for (i = 0; i < b->subjects.len; i++) {
        qsort(b->subjects.items[i]->ns, BENCH_ROUNDS, sizeof(double), by_value);
    }
}


/* As cost.h counts, but of all paths together: at least what any takes. */
static uint64_t
cost_of(const weir_image_t *img, const weir_img_prog_t *p,
    const uint64_t *costs)
{
    uint8_t             rounds[WEIR_MAX_LOCALS + 1];
    uint64_t            cost, times;
    const weir_insn_t  *in, *end;

    cost = 0;
    times = 1;
    in = &WEIR_REC(img, CODE)[p->code.first];

    for (end = in + p->code.count; in < end; in++) {

        if (in->op == WEIR_OP_LOOP) {
            rounds[in->b] = in->a;

        } else if (in->op == WEIR_OP_ITER) {
            times = weir_sat_mul(times, 1u << rounds[in->b]);

        } else if (in->op == WEIR_OP_MEMO) {
            cost = weir_sat_add(cost, costs[in->c]);
        }

        cost = weir_sat_add(cost, weir_sat_mul(times, weir_insn_cost(in)));

        if (in->op == WEIR_OP_NEXT) {
            times >>= rounds[in->b];
        }
    }

    return cost;
}


/* The rule whose condition may take the most steps; NULL: there is none. */
static const weir_img_rule_t *
dearest(const bench_t *b, uint64_t *cost)
{
    uint32_t                 i;
    uint64_t                *costs;
    const weir_image_t      *img;
    const weir_img_rule_t   *r, *found;

    found = NULL;
    img = &b->policy.image;
    costs = weir_arena_array(b->arena, img->n[WEIR_S_PROGS] + 1,
                             sizeof(uint64_t));

    if (costs == NULL) {
        return NULL;
    }

    /* programs name only those before them */
    for (i = 0; i < img->n[WEIR_S_PROGS]; i++) {
        costs[i] = cost_of(img, &WEIR_REC(img, PROGS)[i], costs);
    }

    for (i = 0; i < img->n[WEIR_S_RULES]; i++) {
        r = &WEIR_REC(img, RULES)[i];

        if (r->when != WEIR_NONE
            && (found == NULL || costs[r->when] > *cost))
        {
            found = r;
            *cost = costs[r->when];
        }
    }

    return found;
}


static const char *
verdict(const bench_subject_t *s)
{
    return s->decision.verdict == WEIR_ALLOW ? "allow" : "deny";
}


static void
print_text(const bench_t *b)
{
    size_t                  i;
    uint64_t                cost;
    weir_str_t              id, file;
    const bench_subject_t  *s;
    const weir_image_t     *img;
    const weir_img_rule_t  *r;
    const weir_img_prog_t  *p;

    printf("%8s %17s  %-7s  request\n", "ns", "min..max", "verdict");

    for (i = 0; i < b->subjects.len; i++) {
        s = b->subjects.items[i];
        printf("%8.0f %8.0f..%-8.0f %-7s  %.*s\n", s->ns[BENCH_ROUNDS / 2],
               s->ns[0], s->ns[BENCH_ROUNDS - 1], verdict(s),
               WEIR_STR(s->name));
    }

    img = &b->policy.image;
    r = dearest(b, &cost);

    if (r != NULL) {
        p = &WEIR_REC(img, PROGS)[r->when];
        id = weir_img_str(img, r->id);
        file = weir_img_str(img, p->file);

        printf("\ndearest rule: %.*s (%.*s:%u), at most %" PRIu64 " steps\n",
               WEIR_STR(id), WEIR_STR(file), r->line, cost);
    }
}


static json_t *
json_text(weir_str_t s)
{
    return json_stringn(s.data, s.len);
}


static void
print_json(const bench_t *b)
{
    size_t                  i;
    json_t                 *list, *rule;
    uint64_t                cost;
    const bench_subject_t  *s;
    const weir_image_t     *img;
    const weir_img_rule_t  *r;
    const weir_img_prog_t  *p;

    list = json_array();

    for (i = 0; i < b->subjects.len; i++) {
        s = b->subjects.items[i];
        json_array_append_new(list, json_pack(
            "{s:o, s:s, s:f, s:f, s:f, s:I}",
            "name", json_text(s->name),
            "verdict", verdict(s),
            "median_ns", s->ns[BENCH_ROUNDS / 2],
            "min_ns", s->ns[0],
            "max_ns", s->ns[BENCH_ROUNDS - 1],
            "decisions", (json_int_t) s->times * BENCH_ROUNDS));
    }

    img = &b->policy.image;
    r = dearest(b, &cost);
    rule = json_null();

    if (r != NULL) {
        p = &WEIR_REC(img, PROGS)[r->when];
        rule = json_pack("{s:o, s:o, s:I, s:I}",
                         "rule", json_text(weir_img_str(img, r->id)),
                         "file", json_text(weir_img_str(img, p->file)),
                         "line", (json_int_t) r->line,
                         "steps", (json_int_t) cost);
    }

    rule = json_pack("{s:i, s:o, s:o}", "rounds", BENCH_ROUNDS,
                     "requests", list, "dearest", rule);
    json_dumpf(rule, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(rule);
}


static cli_exit_t
run(bench_t *b, cli_request_t *r, int argc, char **argv, cli_format_t format)
{
    cli_exit_t  code;

    code = weir_cli_open("bench", argv[0], &b->policy);

    if (code == CLI_OK && !weir_cli_states(&b->policy.image, &b->states)) {
        code = CLI_INTERNAL;
    }

    if (code == CLI_OK && argc > 1) {
        code = weir_cli_request_line("bench", argc - 1, argv + 1, r);

        if (code == CLI_OK) {
            code = add_subject(b, r->target, r);
        }

    } else if (code == CLI_OK) {
        code = add_tests(b, argv[0]);
    }

    if (code == CLI_OK) {
        code = prepare(b);
    }

    if (code == CLI_OK) {
        measure(b);

        if (format == CLI_JSON) {
            print_json(b);

        } else {
            print_text(b);
        }
    }

    return code;
}


static cli_exit_t
option(bench_t *b, int letter, cli_request_t *r, cli_format_t *format)
{
    char  *end;

    switch (letter) {

    case 'f':
        return weir_cli_format(optarg, 1u << CLI_TEXT | 1u << CLI_JSON, format)
               ? CLI_OK : weir_cli_usage("bench");

    case 't':
        b->seconds = strtod(optarg, &end);

        return *end == '\0' && b->seconds > 0 && b->seconds <= MAX_SECONDS
               ? CLI_OK
               : weir_cli_fail(CLI_USAGE, "bench", "\"%s\" is no number of "
                               "seconds up to %d", optarg, MAX_SECONDS);

    case 'H':
    case 's':
    case 'p':
        return weir_cli_request_option("bench", letter, optarg, r);

    default:
        return weir_cli_usage("bench");
    }
}


cli_exit_t
weir_cli_bench(int argc, char **argv)
{
    int            c;
    bench_t        b;
    bool           given;
    cli_exit_t     code;
    cli_format_t   format;
    cli_request_t  request;

    memset(&b, 0, sizeof(b));
    b.seconds = 1;
    b.arena = weir_arena_create();
    b.memory = b.arena ? weir_arena_alloc(b.arena, BENCH_MEMORY) : NULL;
    code = CLI_OK;
    format = CLI_TEXT;
    given = false;

    if (b.memory == NULL) {
        return CLI_INTERNAL;
    }

    weir_cli_request_init(&request, b.arena);

    while (code == CLI_OK && (c = weir_cli_option(argc, argv)) != -1) {
        given |= c == 'H' || c == 's' || c == 'p';
        code = option(&b, c, &request, &format);
    }

    c = argc - optind;

    /* tests bring their own headers */
    if (code == CLI_OK && (c < 1 || c > 3 || (c == 1 && given))) {
        code = weir_cli_usage("bench");
    }

    if (code == CLI_OK) {
        code = run(&b, &request, c, argv + optind, format);
    }

    weir_cli_states_free(&b.states);
    weir_cli_close(&b.policy);
    weir_arena_destroy(b.arena);

    return code;
}
