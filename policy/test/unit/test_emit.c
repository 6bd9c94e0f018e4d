/*
 * test_emit.c: from CEL to code: what is emitted for each shape, that the
 * verifier takes all of it, and what it evaluates to.
 */

#include "cel_image.h"
#include "front/emit_code.h"

typedef struct {
    const char  *text;
    const char  *want;
} row_t;


/* The request of these tests */

static const char *const  headers[][2] = {
    { "x-a", "1" },
    { "host", "api.example" },
    { "accept", "text/html" }
};

#define N_HEADERS  (sizeof(headers) / sizeof(headers[0]))


static void
host_attr(void *host, unsigned attr, weir_value_t *out)
{
    static weir_ip_t  ip = { .len = 4, .bytes = { 10, 0, 0, 7 } };

    (void) host;

    switch (attr) {

    case WEIR_A_SOURCE_IP:
        *out = (weir_value_t) { .kind = WEIR_T_IP, .u.ip = &ip };
        break;

    case WEIR_A_REQUEST_METHOD:
        *out = weir_v_str(weir_string("GET"));
        break;

    case WEIR_A_REQUEST_PATH:
        *out = weir_v_str(weir_string("/v1/orders?x=1"));
        break;

    case WEIR_A_REQUEST_CONTENT_LENGTH:
        *out = weir_v_int(42);
        break;

    case WEIR_A_REQUEST_TIME:
        *out = (weir_value_t) { .kind = WEIR_T_TIMESTAMP,
                                .u.i = 1234567890 };
        break;

    case WEIR_A_REQUEST_HEADERS:
        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .len = N_HEADERS, .u.attr = attr };
        break;

    default:
        out->kind = (uint8_t) weir_attrs[attr].kind;
        out->rep = WEIR_REP_VALUES;
        out->len = 0;
        out->u.s = "";
    }
}


static weir_rc_t
host_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    size_t  i;

    (void) host;

    for (i = 0; attr == WEIR_A_REQUEST_HEADERS && i < N_HEADERS; i++) {
        if (weir_str_eq(key, weir_cstr(headers[i][0]))) {
            *out = weir_v_str(weir_cstr(headers[i][1]));
            return WEIR_OK;
        }
    }

    return WEIR_DECLINED;
}


static void
host_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    (void) host;
    (void) attr;

    *key = weir_v_str(weir_cstr(headers[i][0]));
    *value = weir_v_str(weir_cstr(headers[i][1]));
}


static const weir_host_t  host = { host_attr, host_get, host_at };


/* Engine attributes: roles of the caller, attributes of the tenant. */
static void
fill(weir_eval_t *e)
{
    static weir_value_t  roles[3], attrs[8], numbers[2];

    roles[0] = weir_v_str(weir_string("clerk"));
    roles[1] = weir_v_str(weir_string("manager"));
    roles[2] = weir_v_str(weir_string("viewer"));

    numbers[0] = weir_v_int(1);
    numbers[1] = weir_v_int(2);

    attrs[0] = weir_v_str(weir_string("state"));
    attrs[1] = weir_v_str(weir_string("ok"));
    attrs[2] = weir_v_str(weir_string("level"));
    attrs[3] = weir_v_int(7);
    attrs[4] = weir_v_str(weir_string("on"));
    attrs[5] = weir_v_bool(true);
    attrs[6] = weir_v_str(weir_string("list"));
    attrs[7] = (weir_value_t) { .kind = WEIR_T_LIST, .len = 2,
                                .u.items = numbers };

    weir_eval_set(e, WEIR_A_PRINCIPAL_ROLES, (weir_value_t) {
        .kind = WEIR_T_LIST, .len = 3, .u.items = roles
    });
    weir_eval_set(e, WEIR_A_TENANT_ATTRS, (weir_value_t) {
        .kind = WEIR_T_MAP, .len = 4, .u.items = attrs
    });
    weir_eval_set(e, WEIR_A_TENANT_ID, weir_v_str(weir_string("acme")));
    weir_eval_set(e, WEIR_A_PRINCIPAL_SUB, weir_v_str(weir_string("ann")));
    weir_eval_set(e, WEIR_A_PRINCIPAL_CLAIMS, (weir_value_t) {
        .kind = WEIR_T_MAP, .u.items = attrs
    });
}


static void
show(weir_eval_t *e, const weir_value_t *v, FILE *out)
{
    uint32_t      i;
    weir_value_t  key, value;

    switch (v->kind) {
    case WEIR_T_ERR:
        fprintf(out, "!%s", weir_eval_error_name(v->len));
        break;
    case WEIR_T_NULL:
        fputs("null", out);
        break;
    case WEIR_T_BOOL:
        fputs(v->u.b ? "true" : "false", out);
        break;
    case WEIR_T_INT:
        fprintf(out, "%" PRId64, v->u.i);
        break;
    case WEIR_T_UINT:
        fprintf(out, "%" PRIu64 "u", v->u.u);
        break;
    case WEIR_T_DOUBLE:
        fprintf(out, "%g", v->u.d);
        break;
    case WEIR_T_STRING:
        fprintf(out, "'%.*s'", (int) v->len, v->u.s);
        break;
    case WEIR_T_LIST:
        fputc('[', out);
        for (i = 0; i < v->len; i++) {
            weir_list_at(e, v, i, &value);
            fputs(i ? ", " : "", out);
            show(e, &value, out);
        }
        fputc(']', out);
        break;
    case WEIR_T_MAP:
        fputc('{', out);
        for (i = 0; i < v->len; i++) {
            weir_map_at(e, v, i, &key, &value);
            fputs(i ? ", " : "", out);
            show(e, &key, out);
            fputs(": ", out);
            show(e, &value, out);
        }
        fputc('}', out);
        break;
    case WEIR_T_OPTIONAL:
        fputs(v->len ? "some" : "none", out);
        break;
    case WEIR_T_TYPE:
        fprintf(out, "%s", weir_kind_name((unsigned) v->u.i));
        break;
    default:
        fprintf(out, "<%s>", weir_kind_name(v->kind));
    }
}


/* What a program gives, as text; to be freed. */
static char *
run(const cel_image_t *i, uint32_t prog)
{
    FILE             *out;
    char             *buf;
    void             *mem;
    size_t            len;
    weir_str_t        param;
    uint32_t          name;
    weir_eval_t       e;
    weir_value_t      v;

    mem = calloc(1, weir_eval_size(&i->image) + 1);
    assert_non_null(mem);
    weir_eval_init(&e, &i->image, mem);
    e.host = &host;
    fill(&e);

    /* {user} is the last string of the image: see start() */
    param = weir_string("ann");
    name = 0;
    e.param_names = &name;
    e.params = &param;
    e.nparams = 1;

    weir_eval(&e, prog, &v);

    out = open_memstream(&buf, &len);
    show(&e, &v, out);
    fclose(out);
    free(mem);

    return buf;
}


static void
declare(fixture_t *f)
{
    assert_int_equal(weir_cel_add_list(f->env, weir_string("lb"), 0),
                     WEIR_OK);
    assert_int_equal(weir_cel_add_list(f->env, weir_string("none"), 1),
                     WEIR_OK);
    fixture_var(f, "owner", "principal.sub == path.user");
    fixture_var(f, "cheap", "request.method == 'GET'");
    fixture_var(f, "one", "1");
    fixture_var(f, "costly", "request.path.matches('^/v[0-9]+/')");
    fixture_var(f, "deep", "vars.costly && vars.owner || vars.costly");
    fixture_var(f, "pattern", "'^/v' + '1'");
    fixture_var(f, "alias", "vars.costly");
}


static weir_cel_site_t
any_site(void)
{
    static const weir_str_t  params[] = { { "user", 4 } };

    weir_cel_site_t  site;

    site = fixture_site();
    site.want = WEIR_T_DYN;
    site.params = params;
    site.nparams = 1;

    return site;
}


static void
start(cel_image_t *i, fixture_t *f)
{
    fixture_open(f);
    declare(f);
    cel_image_start(i, f);
    assert_int_equal(weir_build_str(i->b, weir_string("user")), 0);
}


static void
end(cel_image_t *i, fixture_t *f)
{
    cel_image_end(i);
    fixture_close(f);
}


/* One expression in an image of its own; the index of its program. */
static uint32_t
image_of(cel_image_t *i, fixture_t *f, const char *text)
{
    uint32_t          prog;
    const char       *why;
    weir_expr_t      *e;
    weir_cel_site_t   site;

    start(i, f);
    site = any_site();

    if (fixture_compile(f, text, &site, &e) != WEIR_OK
        || cel_image_add(i, e, &prog) != WEIR_OK)
    {
        fail_msg("%s: %.*s", text, WEIR_STR(fixture_errors(f)));
    }

    why = cel_image_finish(i, f);

    if (why != NULL) {
        fail_msg("%s: %s", text, why);
    }

    return prog;
}


static const row_t  results[] = {
    /* constants and attributes */
    { "1", "1" },
    { "vars.one + 1", "2" },
    { "request.method", "'GET'" },
    { "request.method == 'GET'", "true" },
    { "'GET' != request.method", "false" },
    { "request.method in ['PUT', 'GET', 'PUT']", "true" },
    { "request.method in []", "false" },
    { "request.method in ['a', 1]", "false" },
    { "tenant.id + '-' + principal.sub", "'acme-ann'" },
    { "path.user", "'ann'" },
    { "vars.owner", "true" },
    { "request.content_length * 2 - 1", "83" },
    { "-request.content_length", "-42" },
    { "request.content_length / 0", "!divide_by_zero" },
    { "request.content_length > 41u", "true" },
    { "request.content_length < 41.5", "false" },

    /* lists of addresses */
    { "lists.lb.contains(source.ip)", "true" },
    { "lists.none.contains(source.ip)", "false" },
    { "lists.lb.contains('10.1.2.3')", "true" },
    { "lists.lb.contains('x')", "!bad_conversion" },
    { "(vars.owner ? lists.lb : lists.none).contains(source.ip)", "true" },
    { "source.ip == ip('10.0.0.7')", "true" },
    { "source.ip in [ip('10.0.0.7')]", "true" },
    { "cidr('10.0.0.0/8').containsIP(source.ip)", "true" },
    { "string(source.ip)", "'10.0.0.7'" },

    /* maps of the host, and what they do not have */
    { "request.headers['host']", "'api.example'" },
    { "request.headers.host", "'api.example'" },
    { "request.headers.nope", "!no_such_key" },
    { "has(request.headers.host)", "true" },
    { "has(request.headers.nope)", "false" },
    { "'x-a' in request.headers", "true" },
    { "request.headers['x-' + 'a']", "'1'" },
    { "int(request.headers['x-a']) + 1", "2" },
    { "request.headers.?nope.orValue('d')", "'d'" },
    { "request.headers.?host.orValue('d')", "'api.example'" },
    { "request.headers[?'host'].hasValue()", "true" },
    { "size(request.headers)", "3" },
    { "request.headers.host.startsWith('api.')", "true" },

    /* dyn */
    { "tenant.attrs.level + 1", "8" },
    { "tenant.attrs.level + 'x'", "!no_such_overload" },
    { "tenant.attrs.level > 5", "true" },
    { "tenant.attrs.level == 7.0", "true" },
    { "tenant.attrs.level == 'x'", "false" },
    { "tenant.attrs.state == 'ok' && tenant.attrs.on", "true" },
    { "tenant.attrs.state || false", "!no_such_overload" },
    { "tenant.attrs.state || true", "true" },
    { "tenant.attrs.nope.x", "!no_such_key" },
    { "tenant.attrs.state.x", "!no_such_overload" },
    { "tenant.attrs.?state.orValue('x')", "'ok'" },
    { "tenant.attrs.?nope.?x.orValue('x')", "'x'" },
    { "tenant.attrs.?nope.x", "none" },
    { "tenant.attrs.list[1]", "2" },
    { "tenant.attrs.list[2]", "!index_out_of_range" },
    { "tenant.attrs.list.exists(x, x == 2)", "true" },
    { "tenant.attrs.list.all(i, x, x == i + 1)", "true" },
    { "tenant.attrs.all(k, v, k != '' && v != null)", "true" },
    { "tenant.attrs.state.all(x, true)", "!no_such_overload" },
    { "2 in tenant.attrs.list", "true" },
    { "tenant.attrs.exists(x, x == 'list')", "true" },
    { "request.headers.exists(x, 'host' == x)", "true" },
    { "tenant.attrs.state.exists(x, x == 'a')", "!no_such_overload" },
    { "'list' in tenant.attrs", "true" },
    { "tenant.attrs.on ? 1 : 2", "1" },
    { "tenant.attrs.state ? 1 : 2", "!no_such_overload" },
    { "size(tenant.attrs.state)", "2" },
    { "size(tenant.attrs.level)", "!no_such_overload" },
    { "has(tenant.attrs.state)", "true" },
    { "has(tenant.attrs.state.x)", "!no_such_overload" },
    { "has(tenant.attrs.?state.x)", "!no_such_overload" },
    { "has(tenant.attrs.?nope.x)", "false" },
    { "!tenant.attrs.on", "false" },
    { "-tenant.attrs.level", "-7" },
    { "string(tenant.attrs.level)", "'7'" },
    { "dyn(1) == dyn('1')", "false" },
    { "dyn(request.method) + 'x'", "'GETx'" },
    { "type(tenant.attrs.level) == int", "true" },
    { "type(request.method)", "string" },
    { "[1, 'a', tenant.attrs.level]", "[1, 'a', 7]" },

    /* absorption */
    { "request.headers.nope == 'x' || true", "true" },
    { "request.headers.nope == 'x' || vars.cheap", "true" },
    { "vars.cheap || request.headers.nope == 'x'", "true" },
    { "request.headers.nope == 'x' && !vars.cheap", "false" },
    { "request.headers.nope == 'x' && vars.cheap", "!no_such_key" },
    { "request.headers.nope == 'x' || !vars.cheap", "!no_such_key" },
    { "request.headers.nope == 'x' ? 1 : 2", "!no_such_key" },
    { "vars.cheap ? 1 : int(request.headers.nope)", "1" },
    { "vars.cheap ? 'a' : dyn(1)", "'a'" },

    /* comprehensions */
    { "principal.roles.exists(r, r == 'manager')", "true" },
    { "principal.roles.exists(r, r.startsWith('x'))", "false" },
    { "principal.roles.all(r, size(r) > 3)", "true" },
    { "principal.roles.all(r, size(r) > 5)", "false" },
    { "principal.roles.all(r, int(r) > 5)", "!bad_conversion" },
    { "principal.roles.all(r, r != 'viewer' && int(r) > 5)", "false" },
    { "principal.roles.exists(r, r == 'viewer' || int(r) > 5)", "true" },
    { "principal.roles.exists_one(r, r == 'clerk')", "true" },
    { "principal.roles.exists_one(r, r != 'clerk')", "false" },
    { "principal.roles.exists_one(r, r == 'clerk' || int(r) > 5)",
      "!bad_conversion" },
    { "principal.roles.map(r, r + '!')",
      "['clerk!', 'manager!', 'viewer!']" },
    { "principal.roles.map(r, r != 'clerk', size(r))", "[7, 6]" },
    { "principal.roles.map(r, int(r))", "!bad_conversion" },
    { "principal.roles.filter(r, r != 'manager')", "['clerk', 'viewer']" },
    { "principal.roles.filter(r, int(r) > 0)", "!bad_conversion" },
    { "request.headers.filter(h, h.startsWith('x'))", "['x-a']" },
    { "request.headers.exists(k, v, v == 'text/html')", "true" },
    { "request.headers.transformMap(k, v, size(v))",
      "{'x-a': 1, 'host': 11, 'accept': 9}" },
    { "request.headers.transformMap(k, v, size(v) > 1, k)",
      "{'host': 'host', 'accept': 'accept'}" },
    { "request.headers.transformMap(k, v, int(v) > 1, k)",
      "!bad_conversion" },
    { "request.headers.transformMapEntry(k, v, {v: k})",
      "{'1': 'x-a', 'api.example': 'host', 'text/html': 'accept'}" },
    { "request.headers.transformMapEntry(k, v, {'a': k})",
      "!duplicate_key" },
    { "principal.roles.transformList(i, r, i > 0, string(i) + r)",
      "['1manager', '2viewer']" },
    { "principal.roles.transformMap(i, r, r)",
      "{0: 'clerk', 1: 'manager', 2: 'viewer'}" },
    { "[[1, 2], [3]].map(l, l.map(x, x * 2))", "[[2, 4], [6]]" },
    { "[1, 2].all(x, [3, 4].exists(y, y > x))", "true" },
    { "[].all(x, x)", "true" },
    { "[].map(x, x)", "[]" },
    { "{}.exists(x, true)", "false" },
    { "cel.bind(x, request.method, x + x)", "'GETGET'" },
    { "cel.bind(x, request.headers.nope, true)", "true" },
    { "cel.bind(x, request.headers.nope, x == 'a')", "!no_such_key" },
    /* a place that held another kind before the rounds */
    { "cel.bind(a, size(request.method), cel.bind(b, a + 1, cel.bind(c, b, "
      "cel.bind(d, c + 1, cel.bind(e, d + 1, e))))) == 6 "
      "&& principal.roles.all(r, cel.bind(n, r, n != ''))", "true" },
    { "principal.roles.all(r, cel.bind(n, size(r), n > 1 && n < 9))",
      "true" },
    { "request.headers.?host.optMap(h, h + '!').orValue('')",
      "'api.example!'" },
    { "request.headers.?nope.optMap(h, h + '!').orValue('')", "''" },
    { "request.headers.?host.optFlatMap(h, optional.of(size(h))).value()",
      "11" },

    /* literals with what is not constant */
    { "[request.method, 'x']", "['GET', 'x']" },
    { "[?request.headers.?nope, ?request.headers.?host, 'x']",
      "['api.example', 'x']" },
    { "{'a': request.method, ?'b': request.headers.?nope}", "{'a': 'GET'}" },
    { "{request.method: 1, 'GET': 2}", "!duplicate_key" },
    { "{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}" },
    { "{'b': 1, 'a': 2}.b", "1" },
    { "{1: 2}[request.content_length]", "!no_such_key" },
    { "[1, 2][request.content_length]", "!index_out_of_range" },
    { "[request.content_length] + [1]", "[42, 1]" },
    { "optional.of(request.method).or(optional.none()).value()", "'GET'" },
    { "optional.none().value()", "!invalid_argument" },
    { "optional.of([1, 2])[1].value()", "2" },

    /* functions */
    { "request.path.matches('^/v1/')", "true" },
    { "matches(request.path, r'\\d$')", "true" },
    { "request.path.matches(vars.pattern)", "true" },
    { "request.time.getFullYear()", "2009" },
    { "request.time - timestamp('2009-02-13T23:31:00Z') == duration('30s')",
      "true" },
    { "request.time + duration('1h') > request.time", "true" },
    { "'A'.lowerAscii() + request.method.lowerAscii()", "'aget'" },

    /* folded, or left to fail */
    { "1 / 0", "!divide_by_zero" },
    { "9223372036854775807 + 1", "!overflow" },
    { "size(dyn([1, 2]) + dyn([3]))", "3" },
    { "size(cel.bind(x, dyn([1]), x + x))", "2" },
    { "ip('x')", "!bad_conversion" },
    { "true || 1 / 0 > 1", "true" },
    { "{'a': 1, 'a': 2}", "!duplicate_key" },
    { "size('h\303\251')", "2" },
    { "'b' < 'a' ? 1 : 2", "2" },
    { "timestamp('2009-02-13T23:31:30Z') == request.time", "true" },

    /* programs inside programs */
    { "vars.deep && vars.alias", "true" },
    { "principal.roles.all(r, vars.costly && size(r) > 1)", "true" },
    { "principal.roles.all(r, request.path.contains('orders') && r != '')",
      "true" }
};


/* places are compared in the first only */
static const row_t  codes[] = {
    { "request.method == 'GET' && source.ip != ip('::1')",
      "program 0: bool, from phase preauth, locals 0, t.yaml\n"
      "   0: ATTR_EQ  request.method \"GET\"                  ; 1:16\n"
      "   1: JNOT     -> 6\n"
      "   2: ATTR     source.ip                             ; 1:35\n"
      "   3: CONST    ip(\"::1\")                             ; 1:41\n"
      "   4: CALL     NE_ANY                                ; 1:38\n"
      "   5: AND\n"
      "   6: RET                                            ; 1:25\n" },
    { "vars.cheap || !(request.method in ['PUT', 'GET', 'PUT'])",
      "program 0: bool, from phase preauth, locals 0, t.yaml\n"
      "   0: ATTR_EQ  request.method \"GET\"\n"
      "   1: JTRUE    -> 5\n"
      "   2: ATTR_IN  request.method [\"GET\", \"PUT\"]\n"
      "   3: CALL     NOT_BOOL\n"
      "   4: OR\n"
      "   5: RET\n" },
    { "vars.cheap ? tenant.attrs.level : 1",
      "program 0: dyn, from phase preauth, locals 0, t.yaml\n"
      "   0: ATTR_EQ  request.method \"GET\"\n"
      "   1: JERR     -> 6\n"
      "   2: JFALSE   -> 5\n"
      "   3: ATTR_GET tenant.attrs \"level\"\n"
      "   4: JMP      -> 6\n"
      "   5: CONST    1\n"
      "   6: RET\n" },
    { "principal.roles.exists(r, r.startsWith('x'))",
      "program 0: bool, from phase access, locals 4, t.yaml\n"
      "   0: ATTR     principal.roles\n"
      "   1: LOOP     0 -> 11 rounds 64\n"
      "   2: CONST    false\n"
      "   3: ITER     0 -> 11\n"
      "   4: LOAD     2\n"
      "   5: AS       string\n"
      "   6: CONST    \"x\"\n"
      "   7: CALL     STARTS_WITH_S\n"
      "   8: OR\n"
      "   9: JTRUE    -> 11\n"
      "  10: NEXT     0 -> 3\n"
      "  11: RET\n" },
    { "principal.roles.exists_one(r, r != 'clerk')",
      "program 0: bool, from phase access, locals 4, t.yaml\n"
      "   0: ATTR     principal.roles\n"
      "   1: LOOP     0 -> 16 rounds 64\n"
      "   2: CONST    0\n"
      "   3: ITER     0 -> 14\n"
      "   4: LOAD     2\n"
      "   5: AS       string\n"
      "   6: CONST    \"clerk\"\n"
      "   7: CALL     NE_STRING\n"
      "   8: JERR     -> 11\n"
      "   9: JFALSE   -> 13\n"
      "  10: CONST    1\n"
      "  11: CALL     ADD_INT\n"
      "  12: JERR     -> 16\n"
      "  13: NEXT     0 -> 3\n"
      "  14: CONST    1\n"
      "  15: CALL     EQ_INT\n"
      "  16: RET\n" },
    { "request.headers.filter(h, h.startsWith('x'))",
      "program 0: list, from phase preauth, locals 4, t.yaml\n"
      "   0: ATTR     request.headers\n"
      "   1: LOOP     0 -> 14 rounds 256\n"
      "   2: BUILD    0 list\n"
      "   3: ITER     0 -> 14\n"
      "   4: LOAD     2\n"
      "   5: AS       string\n"
      "   6: CONST    \"x\"\n"
      "   7: CALL     STARTS_WITH_S\n"
      "   8: JERR     -> 11\n"
      "   9: JFALSE   -> 13\n"
      "  10: LOAD     2\n"
      "  11: APPEND\n"
      "  12: JERR     -> 14\n"
      "  13: NEXT     0 -> 3\n"
      "  14: RET\n" },
    { "request.headers.transformMap(k, v, size(v) > 1, k)",
      "program 0: map, from phase preauth, locals 4, t.yaml\n"
      "   0: ATTR     request.headers\n"
      "   1: LOOP     0 -> 18 rounds 256\n"
      "   2: BUILD    0 map\n"
      "   3: ITER     0 -> 18 index first\n"
      "   4: LOAD     3\n"
      "   5: AS       string\n"
      "   6: CALL     SIZE_STRING\n"
      "   7: CONST    1\n"
      "   8: CALL     GT_INT\n"
      "   9: JERR     -> 14\n"
      "  10: JFALSE   -> 17\n"
      "  11: LOAD     2\n"
      "  12: LOAD     2\n"
      "  13: JMP      -> 15\n"
      "  14: CONST    false\n"
      "  15: INSERT\n"
      "  16: JERR     -> 18\n"
      "  17: NEXT     0 -> 3\n"
      "  18: RET\n" },
    { "tenant.attrs.level > 5",
      "program 0: dyn, from phase preauth, locals 0, t.yaml\n"
      "   0: ATTR_GET tenant.attrs \"level\"\n"
      "   1: CONST    5\n"
      "   2: CALLD    _>_ 2\n"
      "   3: RET\n" },
    { "tenant.attrs.?state.orValue('ok') == 'suspended'",
      "program 0: bool, from phase preauth, locals 0, t.yaml\n"
      "   0: ATTR     tenant.attrs\n"
      "   1: CONST    \"state\"\n"
      "   2: CALL     OPT_INDEX_MAP\n"
      "   3: CONST    \"ok\"\n"
      "   4: CALL     OR_VALUE_OPT\n"
      "   5: CONST    \"suspended\"\n"
      "   6: CALL     EQ_ANY\n"
      "   7: RET\n" },
    { "principal.roles.all(r, request.path.contains(r) && vars.deep)",
      "program 0: bool, from phase preauth, locals 0, memo slot 1, t.yaml\n"
      "   0: ATTR     request.path\n"
      "   1: CONST    regex \"^/v[0-9]+/\"\n"
      "   2: CALL     M_MATCHES_RE\n"
      "   3: RET\n"
      "program 1: bool, from phase access, locals 0, memo slot 2, t.yaml\n"
      "   0: ATTR     principal.sub\n"
      "   1: PARAM    \"user\"\n"
      "   2: CALL     EQ_STRING\n"
      "   3: RET\n"
      "program 2: bool, from phase access, locals 0, memo slot 0, t.yaml\n"
      "   0: MEMO     program 0\n"
      "   1: JNOT     -> 4\n"
      "   2: MEMO     program 1\n"
      "   3: AND\n"
      "   4: JTRUE    -> 7\n"
      "   5: MEMO     program 0\n"
      "   6: OR\n"
      "   7: RET\n"
      "program 3: bool, from phase access, locals 4, t.yaml\n"
      "   0: ATTR     principal.roles\n"
      "   1: LOOP     0 -> 14 rounds 64\n"
      "   2: CONST    true\n"
      "   3: ITER     0 -> 14\n"
      "   4: ATTR     request.path\n"
      "   5: LOAD     2\n"
      "   6: AS       string\n"
      "   7: CALL     CONTAINS_STRING\n"
      "   8: JNOT     -> 11\n"
      "   9: MEMO     program 2\n"
      "  10: AND\n"
      "  11: AND\n"
      "  12: JNOT     -> 14\n"
      "  13: NEXT     0 -> 3\n"
      "  14: RET\n" },
    { "request.headers['x'].size() > 1 || request.headers['x'].size() > 1",
      "program 0: bool, from phase preauth, locals 0, memo slot 0, t.yaml\n"
      "   0: ATTR_GET request.headers \"x\"\n"
      "   1: AS       string\n"
      "   2: CALL     M_SIZE_STRING\n"
      "   3: CONST    1\n"
      "   4: CALL     GT_INT\n"
      "   5: RET\n"
      "program 1: bool, from phase preauth, locals 0, t.yaml\n"
      "   0: MEMO     program 0\n"
      "   1: JTRUE    -> 4\n"
      "   2: MEMO     program 0\n"
      "   3: OR\n"
      "   4: RET\n" }
};


static void
test_results(void **state)
{
    char         *got;
    size_t        i;
    unsigned      wrong;
    uint32_t      prog;
    fixture_t     f;
    cel_image_t   img;

    (void) state;
    wrong = 0;

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        prog = image_of(&img, &f, results[i].text);
        got = run(&img, prog);

        if (strcmp(got, results[i].want) != 0) {
            fprintf(stderr, "%s: %s, not %s\n", results[i].text, got,
                    results[i].want);
            wrong++;
        }

        free(got);
        end(&img, &f);
    }

    assert_int_equal(wrong, 0);
}


/* Without what begins with a semicolon, and the blanks before it. */
static void
strip_places(char *s)
{
    char  *from, *to;

    for (from = s, to = s; *from != '\0'; from++) {

        if (*from == ';') {
            while (to > s && to[-1] == ' ') {
                to--;
            }

            from += strcspn(from, "\n");
        }

        *to++ = *from;
    }

    *to = '\0';
}


static void
test_code(void **state)
{
    char         *got, *all;
    FILE         *out;
    size_t        i, len;
    uint32_t      k, prog;
    fixture_t     f;
    cel_image_t   img;

    (void) state;

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        prog = image_of(&img, &f, codes[i].text);
        out = open_memstream(&all, &len);

        for (k = 0; k <= prog; k++) {
            got = cel_image_text(&img, k);
            fputs(got, out);
            free(got);
        }

        fclose(out);

        if (i > 0) {
            strip_places(all);
        }

        if (strcmp(all, codes[i].want) != 0) {
            fail_msg("%s:\n%snot\n%s", codes[i].text, all, codes[i].want);
        }

        free(all);
        end(&img, &f);
    }
}


/* All in one image: equal ones share programs, and give what they gave. */
static void
test_together(void **state)
{
    char             *got;
    size_t            i;
    uint32_t          progs[sizeof(results) / sizeof(results[0])], again;
    fixture_t         f;
    const char       *why;
    weir_expr_t      *e[sizeof(results) / sizeof(results[0])];
    cel_image_t       img;
    weir_cel_site_t   site;

    (void) state;
    start(&img, &f);
    site = any_site();

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        assert_int_equal(fixture_compile(&f, results[i].text, &site, &e[i]),
                         WEIR_OK);
    }

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        assert_int_equal(cel_image_add(&img, e[i], &progs[i]), WEIR_OK);
        assert_true(img.emit->progs.items[progs[i]].cost <= e[i]->cost);
    }

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        assert_int_equal(cel_image_add(&img, e[i], &again), WEIR_OK);
        assert_int_equal(again, progs[i]);
    }

    why = cel_image_finish(&img, &f);

    if (why != NULL) {
        fail_msg("%s", why);
    }

    assert_int_equal(img.image.header->memo, 12);
    assert_true(img.image.header->stack < 32);

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        got = run(&img, progs[i]);
        assert_string_equal(got, results[i].want);
        free(got);
    }

    end(&img, &f);
}


/* Each instruction knows the node whose value it leaves, or that there is
   none; the image is the same. */
static void
test_origins(void **state)
{
    size_t               i;
    uint32_t             prog, at, n;
    fixture_t            f;
    const char          *why;
    weir_expr_t         *e;
    cel_image_t          img;
    weir_origins_t       origins;
    weir_cel_site_t      site;
    const weir_ex_t     *or, *want[6];
    const weir_insn_t   *in;

    static const unsigned  ops[] = {
        WEIR_OP_ATTR_EQ, WEIR_OP_JTRUE, WEIR_OP_ATTR_EQ, WEIR_OP_CALL,
        WEIR_OP_OR, WEIR_OP_RET
    };

    (void) state;
    start(&img, &f);
    site = any_site();
    memset(&origins, 0, sizeof(origins));
    weir_emit_trace(img.emit, &origins);

    assert_int_equal(fixture_compile(&f, "request.method == \"a\" || "
                                     "request.path != \"b\"", &site, &e),
                     WEIR_OK);
    assert_int_equal(cel_image_add(&img, e, &prog), WEIR_OK);
    why = cel_image_finish(&img, &f);

    if (why != NULL) {
        fail_msg("%s", why);
    }

    n = WEIR_REC(&img.image, PROGS)[prog].code.count;
    at = WEIR_REC(&img.image, PROGS)[prog].code.first;
    in = WEIR_REC(&img.image, CODE) + at;
    or = e->root;

    want[0] = or->args[0];
    want[1] = or->args[0];
    want[2] = NULL;             /* "==": the opposite of what is asked */
    want[3] = or->args[1];
    want[4] = or;
    want[5] = or;

    assert_int_equal(n, sizeof(ops) / sizeof(ops[0]));
    assert_int_equal(origins.len, img.image.n[WEIR_S_CODE]);

    for (i = 0; i < n; i++) {
        assert_int_equal(in[i].op, ops[i]);
        assert_ptr_equal(origins.items[at + i], want[i]);
    }

    end(&img, &f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_origins)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
