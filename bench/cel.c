/*
 * cel.c: for each line read, nanoseconds of each expression of cel.json as a
 * rule of an image.
 *
 * What the server and the stages before the rule supply is there before the
 * clock runs, as it is to the others; results are not kept from one
 * evaluation to the next.
 */

#include <jansson.h>

#include "bench.h"
#include "run/eval.h"

#define MOST   16
#define ROUND  20000000         /* nanoseconds of an expression */

typedef struct {
    weir_arena_t  *arena;
    json_t        *input;
    weir_str_t     source;
    weir_image_t   image;
    weir_eval_t    eval;
    uint32_t       progs[MOST];
    uint64_t       times[MOST];
    unsigned       n;
} bench_t;


static json_t *
get(const json_t *object, const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    if (value == NULL) {
        bench_die(name);
    }

    return value;
}


static weir_str_t
text_of(const json_t *value)
{
    return weir_str(json_string_value(value), json_string_length(value));
}


static int
by_key(const void *a, const void *b)
{
    const weir_value_t  *x, *y;

    x = a;
    y = b;

    return weir_str_cmp(weir_v_text(x), weir_v_text(y));
}


/* As a token's claims are held: maps by their keys in order. */
static weir_value_t
value_of(bench_t *b, json_t *json)
{
    size_t         i, n;
    json_t        *item;
    const char    *key;
    weir_value_t   v, *items;

    if (json_is_string(json)) {
        return weir_v_str(text_of(json));
    }

    if (json_is_integer(json)) {
        return weir_v_int(json_integer_value(json));
    }

    n = json_is_array(json) ? json_array_size(json) : json_object_size(json);
    items = weir_arena_array(b->arena, 2 * n + 1, sizeof(weir_value_t));
    v = (weir_value_t) { .kind = WEIR_T_MAP, .len = (uint32_t) n,
                         .u.items = items };

    if (json_is_array(json)) {
        v.kind = WEIR_T_LIST;

        json_array_foreach(json, i, item) {
            items[i] = value_of(b, item);
        }

        return v;
    }

    i = 0;

    json_object_foreach(json, key, item) {
        items[i++] = weir_v_str(weir_cstr(key));
        items[i++] = value_of(b, item);
    }

    qsort(items, n, 2 * sizeof(weir_value_t), by_key);

    return v;
}


/* An expression with the name that claims have here. */
static void
print_expression(FILE *out, const char *text)
{
    size_t       len;
    const char  *found;

    static const char  name[] = "claims.";

    while ((found = strstr(text, name)) != NULL) {
        len = (size_t) (found - text);
        fprintf(out, "%.*sprincipal.%s", (int) len, text, name);
        text = found + sizeof(name) - 1;
    }

    fputs(text, out);
}


/* A policy with a rule for each expression. */
static void
make_source(bench_t *b)
{
    char        *text, *plain;
    FILE        *out;
    size_t       len;
    json_t      *tenant, *value;
    const char  *name;

    tenant = get(b->input, "tenant");
    plain = json_dumps(get(tenant, "attrs"), 0);
    out = open_memstream(&text, &len);

    fprintf(out, "weir: 1\npolicy: {name: bench}\ntenants: {list: "
            "{t: {plan: %s, attrs: %s}}}\nroutes: [{id: r, match: {path: /}, "
            "public: true}]\ndeny:\n",
            json_string_value(get(tenant, "plan")), plain);
    free(plain);

    json_object_foreach(get(b->input, "expressions"), name, value) {
        fprintf(out, "  - {id: %s, when: '", name);
        print_expression(out, json_string_value(value));
        fputs("'}\n", out);
    }

    fclose(out);
    b->source = weir_str(text, len);
}


static void
find_rules(bench_t *b)
{
    uint32_t                i;
    json_t                 *value;
    const char             *name;
    const weir_img_rule_t  *r;

    json_object_foreach(get(b->input, "expressions"), name, value) {

        for (i = 0; i < b->image.n[WEIR_S_RULES]; i++) {
            r = &WEIR_REC(&b->image, RULES)[i];

            if (weir_str_eq(weir_img_str(&b->image, r->id), weir_cstr(name))) {
                b->progs[b->n++] = r->when;
            }
        }
    }

    if (b->n != json_object_size(get(b->input, "expressions"))) {
        bench_die("a rule is missing");
    }
}


static void
host_attr(void *host, unsigned attr, weir_value_t *out)
{
    (void) host;
    (void) attr;
    (void) out;

    bench_die("an attribute that is not given");
}


/* Headers stay the host's own, as in nginx. */
static weir_rc_t
host_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    uint32_t             i;
    const weir_value_t  *headers;

    (void) attr;

    headers = host;

    for (i = 0; i < headers->len; i++) {
        if (weir_str_eq(weir_v_text(&headers->u.items[2 * i]), key)) {
            *out = headers->u.items[2 * i + 1];
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static void
set_values(bench_t *b)
{
    json_t        *request, *tenant;
    weir_value_t   v, *headers;

    static weir_host_t  host = { host_attr, host_get, NULL };

    request = get(b->input, "request");
    tenant = get(b->input, "tenant");
    headers = weir_arena_alloc(b->arena, sizeof(weir_value_t));

    weir_eval_init(&b->eval, &b->image,
                   weir_arena_alloc(b->arena, weir_eval_size(&b->image)));

    *headers = value_of(b, get(request, "headers"));
    b->eval.host = &host;
    b->eval.host_data = headers;

    weir_eval_set(&b->eval, WEIR_A_REQUEST_METHOD,
                  value_of(b, get(request, "method")));
    weir_eval_set(&b->eval, WEIR_A_REQUEST_PATH,
                  value_of(b, get(request, "path")));
    weir_eval_set(&b->eval, WEIR_A_REQUEST_CONTENT_LENGTH,
                  value_of(b, get(request, "content_length")));
    weir_eval_set(&b->eval, WEIR_A_TENANT_PLAN,
                  value_of(b, get(tenant, "plan")));
    weir_eval_set(&b->eval, WEIR_A_PRINCIPAL_CLAIMS,
                  value_of(b, get(b->input, "claims")));

    v = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                         .len = headers->len,
                         .u.attr = WEIR_A_REQUEST_HEADERS };
    weir_eval_set(&b->eval, WEIR_A_REQUEST_HEADERS, v);

    weir_const_value(&b->image, &WEIR_REC(&b->image, CONSTS)
                     [WEIR_REC(&b->image, TENANTS)[0].attrs], &v);
    weir_eval_set(&b->eval, WEIR_A_TENANT_ATTRS, v);
}


/* In nanoseconds. */
static double
measure(bench_t *b, unsigned i)
{
    double         start;
    uint64_t       k;
    weir_value_t   out;
    weir_eval_t   *e;

    e = &b->eval;
    start = bench_now();

    for (k = 0; k < b->times[i]; k++) {
        e->used = 0;
        e->kept = 0;

        if (b->image.header->memo) {
            memset(e->memo, 0, b->image.header->memo * sizeof(weir_value_t));
        }

        weir_eval(e, b->progs[i], &out);

        if (out.kind != WEIR_T_BOOL || !out.u.b) {
            bench_die("not true");
        }
    }

    return bench_now() - start;
}


int
main(int argc, char **argv)
{
    bench_t   b;
    char      line[64];
    unsigned  i;

    memset(&b, 0, sizeof(b));
    b.arena = weir_arena_create();
    b.input = argc > 1 ? json_load_file(argv[1], 0, NULL) : NULL;

    if (b.arena == NULL || b.input == NULL) {
        bench_die("no input");
    }

    make_source(&b);
    bench_open(b.arena, bench_compile(b.arena, b.source, weir_str("", 0)),
               &b.image);
    find_rules(&b);
    set_values(&b);

    if (argc > 2) {             /* for a profile: so many evaluations */

        for (i = 0; i < b.n; i++) {
            b.times[i] = (uint64_t) atol(argv[2]);
            (void) measure(&b, i);
        }

        return 0;
    }

    for (i = 0; i < b.n; i++) {
        for (b.times[i] = 1; measure(&b, i) < ROUND; b.times[i] *= 2) { }
    }

    while (fgets(line, sizeof(line), stdin) != NULL) {

        for (i = 0; i < b.n; i++) {
            printf("%s%.3f", i ? " " : "",
                   measure(&b, i) / (double) b.times[i]);
        }

        putchar('\n');
        fflush(stdout);
    }

    return 0;
}
