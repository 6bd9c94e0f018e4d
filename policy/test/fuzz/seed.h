/*
 * seed.h: images that the verifier takes: by hand, with programs out of any
 * instructions, and a policy with a record of every kind.
 */

#ifndef WEIR_TEST_FUZZ_SEED_H
#define WEIR_TEST_FUZZ_SEED_H

#include "test/kit.h"
#include "test/fuzz/policy.h"

enum {
    C_TRUE, C_ONE, C_A, C_B, C_INTS, C_TEXTS, C_CIDRS, C_MAP, C_REGEX, C_IP,
    C_TIME, C_SOME, C_KEY, C_VALUE
};

#define SEED_SHA256                                                           \
    "4e738ca5563c06cfd0018299933d58db1dd8bf97f6973dc99bf6cdc64b5550bd"

/* A policy with a record of every kind. */
static const char  policy[] =
    "weir: 1\n"
    "policy: {name: seed, serial: 7}\n"
    "lists:\n"
    "  net: {cidr: [10.0.0.0/8, 127.0.0.1/32, \"2001:db8::/32\"]}\n"
    "tenants:\n"
    "  resolve:\n"
    "    - host: \"{tenant}.shop.example\"\n"
    "    - {header: x-tenant, trust: [lists.net]}\n"
    "    - path: \"/t/{tenant}/**\"\n"
    "  bind: [claim.org.id, apikey.tenant, mtls.uri_san]\n"
    "  list:\n"
    "    acme: {plan: pro, attrs: {m: 1, l: [a, {b: 1.5}]},\n"
    "           hosts: [acme.example],\n"
    "           roles: {own: {inherits: [clerk], permissions: [\"a:*\"]}}}\n"
    "    globex: {deny: [{id: gd, when: 'tenant.plan != \"\"'}]}\n"
    "issuers:\n"
    "  web: {iss: \"https://id.example\", aud: [a, b], dpop: required,\n"
    "        required: [sub], typ: [at+jwt], max_age: 1h,\n"
    "        map: {roles: r.roles, tenant: org.id},\n"
    "        revoked: {jti: [x], sub: [ann], kid: [z]}}\n"
    "  own: {iss: own, aud: a, secret: {file: s.json}, from: [{cookie: c}]}\n"
    "apikeys:\n"
    "  list: {cron: {sha256: " SEED_SHA256 ", tenant: acme, roles: [clerk]}}\n"
    "mtls:\n"
    "  sub: cn\n"
    "  tenant: \"spiffe://x/{tenant}/**\"\n"
    "  identities: {ann: {tenant: acme, roles: [own]}}\n"
    "roles:\n"
    "  viewer: {permissions: [\"o:read\"]}\n"
    "  clerk: {inherits: [viewer], permissions: [\"**\"]}\n"
    "limits:\n"
    "  pre: {key: [source.ip], rate: 9/s, burst: 3, phase: preauth}\n"
    "  flow: {key: [tenant.id, 'request.headers[\"a\"].size()'], rate: 6/m,\n"
    "         algorithm: sliding_window, cost: 'request.method.size() - 2'}\n"
    "  fix: {key: [\"true\"], rate: 5/s, algorithm: fixed_window,\n"
    "        on_full: allow, message: slow}\n"
    "  cal: {key: [route.id], quota: {day: 4, month: 9}, overage: 50%}\n"
    "  air: {key: [source.ip], concurrency: 1, phase: preauth}\n"
    "  far: {key: [source.ip], rate: 8/s, scope: cluster, burst: 20}\n"
    "  sea: {key: [request.method], rate: 4/s, algorithm: sliding_window,\n"
    "        scope: cluster, on_store_failure: deny, dry_run: true}\n"
    "  all: {key: [1], quota: {week: 90}, scope: cluster, lease: 3,\n"
    "        on_store_failure: allow}\n"
    "  owe: {key: [principal.sub], rate: 99/m, charge: response,\n"
    "        cost: response.size, default_cost: 4}\n"
    "  due: {key: [principal.sub], rate: 99/m, charge: response,\n"
    "        cost: response.size, scope: cluster}\n"
    "flags:\n"
    "  lit: {rollout: 30%, key: principal.sub}\n"
    "splits:\n"
    "  two:\n"
    "    arms:\n"
    "      a: {weight: 90, upstream: ua, breaker: {failures: 1, fallback: b}}"
    "\n"
    "      b: {weight: 10, upstream: ub, breaker: {error_rate: 50%, open: 9s,\n"
    "                                              min_requests: 1}}\n"
    "    sticky: 'request.headers[\"a\"]'\n"
    "    salt: twenty bytes of salt\n"
    "    cookie: {name: pin, max_age: 1d}\n"
    "    guard: {arm: b, versus: a, window: 9s, min_requests: 1,\n"
    "            error_rate: 2%, p95_ratio: 1.5, hold: 1m}\n"
    "    ramp: {arm: b, steps: [\"5%@1m\", \"50%@1m\", \"100%\"]}\n"
    "    mirror: {upstream: um, sample: 1%}\n"
    "  four:\n"
    "    arms:\n"
    "      a: {weight: \"39.99%\", upstream: ua}\n"
    "      b: {weight: 30, upstream: ub}\n"
    "      c: {weight: \"0.01%\", upstream: uc}\n"
    "      d: {weight: 30, upstream: ud}\n"
    "    sticky: tenant.id\n"
    "    guard: {arm: d, versus: b, window: 1m, p50_ratio: 3,\n"
    "            action: report}\n"
    "    override:\n"
    "      - {header: a, equals: a, when: flags.lit, use: c}\n"
    "      - {cookie: a, equals: b, when: flags.lit, use: b}\n"
    "      - {when: 'request.headers[\"b\"] == \"1\"', use: d}\n"
    "cors:\n"
    "  any: {origins: [\"*\"]}\n"
    "  some: {origins: [\"https://*.a.example\", \"null\", \"http://b:81\"],\n"
    "         methods: [PUT], headers: [x-a], expose: [x-b],\n"
    "         credentials: true, max_age: 10m}\n"
    "maintenance:\n"
    "  - {id: down, when: 'request.headers[\"a\"] == \"1\"',\n"
    "     retry_after: 5m, message: soon}\n"
    "plans:\n"
    "  pro: {quota: {day: 9, overage: 10%}, concurrency: 1}\n"
    "vars:\n"
    "  writes: request.method in [\"POST\", \"PUT\"]\n"
    "deny:\n"
    "  - {id: net, phase: connect, when: \"!lists.net.contains(source.ip)\"}\n"
    "  - id: hour\n"
    "    when: request.time.getHours(\"UTC\") > 24\n"
    "    status: 429\n"
    "    dry_run: true\n"
    "    message: late\n"
    "allow:\n"
    "  - {id: any, when: 'request.url_path.matches(\"^/[a-z]\")'}\n"
    "routes:\n"
    "  - {id: root, match: {path: /}, public: true, upstream: u,\n"
    "     limits: [pre, fix, sea]}\n"
    "  - id: s2\n"
    "    match: {path: \"/s2/{x}\", methods: [GET, PUT]}\n"
    "    public: true\n"
    "    split: two\n"
    "    cors: some\n"
    "    version: {name: v1, deprecated: 2026-12-01, sunset: 2027-06-01,\n"
    "              link: \"https://a.example/\"}\n"
    "    transform:\n"
    "      request:\n"
    "        path: \"/v2/${path.x}/${request.headers[?'b'].orValue('')}\"\n"
    "        set: {x-a: \"${request.headers['a']}\", x-b: fixed}\n"
    "        add: {x-c: \"c${path.x}${flags.lit}\"}\n"
    "        remove: [x-d]\n"
    "      response:\n"
    "        set: {x-e: \"${response.code}\"}\n"
    "        add: {x-f: \"${response.headers.?a.orValue('')}.\"}\n"
    "  - {id: s4, match: {path: /s4}, split: four, cors: any,\n"
    "     allow: [{id: s, when: 'true'}]}\n"
    "  - id: order\n"
    "    match:\n"
    "      host: \"*.shop.example\"\n"
    "      path: \"/v1/orders/{order:[0-9]+}\"\n"
    "      methods: [GET, PURGE]\n"
    "      headers: [{name: x-a, equals: b}, {name: x-c, prefix: d},\n"
    "                {name: x-e, present: true}]\n"
    "    allow: [{id: o, when: 'path.order != \"0\" && vars.writes'}]\n"
    "  - id: exact\n"
    "    match: {host: acme.example, path: \"/v1/orders/{id}\"}\n"
    "    allow: [{id: e, when: \"request.headers.?a.hasValue()\"}]\n"
    "  - id: rest\n"
    "    match: {path: \"/t/{tenant}/**\"}\n"
    "    allow: [{id: r, when: vars.writes}]\n"
    "  - id: who\n"
    "    match: {path: /who}\n"
    "    limits: [air, far, sea, cal, owe, due]\n"
    "    auth: {any: [jwt: web, jwt: own, apikey, mtls], forward: true}\n"
    "    mfa: {acr: [x], amr_any: [hwk, otp], max_auth_age: 15m}\n"
    "    require: {permission: [\"o:read\", \"a:b\"], scope: [s, t],\n"
    "              when: 'hasPermission(\"a:c\") || principal.sub == \"\"'}\n"
    "  - id: both\n"
    "    match: {path: /both}\n"
    "    limits: [pre, all, far, fix, flow]\n"
    "    auth: {all: [mtls, jwt]}\n"
    "    require: {permission: \"o:read\"}\n";


static uint64_t
next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005)
            + UINT64_C(1442695040888963407);

    return *seed >> 33;
}


static void
seed_consts(kit_t *k)
{
    uint32_t                ip;
    weir_img_const_t        pair[2];
    static const weir_ip_t  net = { 4, { 10, 0, 0, 0 } };

    memset(pair, 0, sizeof(pair));

    kit_const(k, WEIR_T_BOOL, 0, 1);
    kit_const(k, WEIR_T_INT, 0, 1);
    kit_str(k, "a");
    kit_str(k, "b");
    kit_const(k, WEIR_T_LIST, 2, C_TRUE);
    kit_const(k, WEIR_T_LIST, 2, C_A);
    kit_const(k, WEIR_T_CIDRS, 0, 0);
    kit_const(k, WEIR_T_MAP, 1, C_B);
    kit_const(k, WEIR_T_REGEX, 0, 0);
    ip = weir_build_bytes(k->b, &net, sizeof(net));
    kit_const(k, WEIR_T_IP, 4, ip);
    kit_const(k, WEIR_T_TIMESTAMP, 5, 1234567890);
    kit_const(k, WEIR_T_OPTIONAL, 1, C_MAP);
    kit_const(k, WEIR_T_DOUBLE, 0, UINT64_C(0x3ff8000000000000));
    kit_str(k, "GET");
}


static void
seed_programs(kit_t *k)
{
    static const weir_insn_t  logic[] = {
        OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, C_VALUE),
        OP_C(JTRUE, 9),
        OP_BC(ATTR_IN, WEIR_A_SOURCE_IP, C_CIDRS),
        OP_BC(ATTR_IN, WEIR_A_REQUEST_HOST, C_TEXTS),
        OP(AND),
        OP_BC(ATTR_GET, WEIR_A_REQUEST_HEADERS, C_A),
        OP_A(AS, WEIR_T_BOOL),
        OP(AND),
        OP(OR),
        RET
    };
    static const weir_insn_t  choice[] = {
        OP_C(MEMO, 0), OP_C(JERR, 6), OP_C(JFALSE, 5),
        OP_B(ATTR, WEIR_A_REQUEST_PATH), OP_C(JMP, 6), OP_C(CONST, C_A), RET
    };
    static const weir_insn_t  calls[] = {
        OP_B(ATTR, WEIR_A_REQUEST_TIME), CALL(STRING_TIMESTAMP),
        OP_C(MEMO, 1), CALL(ADD_STRING), OP_C(CONST, C_REGEX),
        CALL(MATCHES_RE), OP_B(ATTR, WEIR_A_RESPONSE_CODE),
        OP_AB(CALLD, 2, WEIR_N_EQ), RET
    };
    static const weir_insn_t  loop[] = {
        OP_B(ATTR, WEIR_A_REQUEST_HEADERS), OP_ABC(LOOP, 6, 0, 20),
        OP_AB(BUILD, WEIR_T_LIST, 0), OP_B(STORE, 4), OP_BC(ITER, 0, 19),
        OP_B(LOAD, 3), OP_A(AS, WEIR_T_STRING), OP_C(CONST, C_A),
        CALL(STARTS_WITH_S), OP_C(JERR, 20), OP_C(JFALSE, 18),
        OP_B(LOAD, 4), OP_B(LOAD, 2), OP_B(LOAD, 3), OP_C(LIST, 2),
        OP(APPEND), OP_B(STORE, 4), OP_C(JMP, 18), OP_BC(NEXT, 0, 4),
        OP_B(LOAD, 4), RET
    };
    static const weir_insn_t  built[] = {
        OP_C(CONST, C_INTS), OP_ABC(LOOP, 3, 0, 12),
        OP_AB(BUILD, WEIR_T_MAP, 0), OP_B(STORE, 4), OP_ABC(ITER, 1, 0, 11),
        OP_B(LOAD, 4), OP_B(LOAD, 2), OP_B(LOAD, 3), OP(INSERT),
        OP_B(STORE, 4), OP_BC(NEXT, 0, 4), OP_B(LOAD, 4), RET
    };
    static const weir_insn_t  zone[] = {
        OP_B(ATTR, WEIR_A_REQUEST_TIME), OP_C(CONST, C_A), CALL(HOURS_ZONE),
        RET
    };
    static const weir_insn_t  values[] = {
        OP_C(CONST, C_SOME), OP_C(HAS, C_B), OP_C(CONST, C_IP),
        CALL(STRING_IP), OP_C(CONST, C_A), OP_C(CONST, C_SOME),
        OP_ABC(MAP, 1, 0, 1), OP_C(CONST, C_KEY), CALL(STRING_DOUBLE),
        OP_C(PARAM, 0), OP_C(LIST, 5), RET
    };

    kit_prog(k, WEIR_T_BOOL, 0, 0, logic, N_OF(logic));
    kit_prog(k, WEIR_T_STRING, 0, 1, choice, N_OF(choice));
    kit_prog(k, WEIR_T_DYN, 0, WEIR_NONE, calls, N_OF(calls));
    kit_prog(k, WEIR_T_LIST, 5, 2, loop, N_OF(loop));
    kit_prog(k, WEIR_T_MAP, 5, 3, built, N_OF(built));
    kit_prog(k, WEIR_T_LIST, 0, WEIR_NONE, values, N_OF(values));
    kit_prog(k, WEIR_T_INT, 0, WEIR_NONE, zone, N_OF(zone));
    ((weir_img_prog_t *) weir_build_at(k->b, WEIR_S_PROGS, 2))->phase
        = WEIR_PHASE_LOG;
}


/* The time zone "a", and its alias "b". */
static void
seed_zones(kit_t *k)
{
    weir_img_zone_t                zone;
    static const weir_img_shift_t  shifts[] = {
        { INT64_MIN, -5, 0 }, { 0, 3600, 0 }, { 1234567890, 7200, 0 }
    };

    zone.shifts = weir_build_shifts(k->b, shifts, N_OF(shifts));
    zone.name = weir_build_str(k->b, weir_string("a"));
    weir_build_records(k->b, WEIR_S_ZONES, &zone, 1);
    zone.name = weir_build_str(k->b, weir_string("b"));
    weir_build_records(k->b, WEIR_S_ZONES, &zone, 1);
}


static void
seed_records(kit_t *k)
{
    uint32_t                refs[2] = { 0, WEIR_NONE };
    weir_img_v4_t           v4[] = { { 1, 5 }, { 0x0a000000, 0x0affffff } };
    weir_img_rule_t         rule;
    weir_img_node_t         node;
    weir_img_edge_t         edge = { 0, WEIR_NONE, 0, 1 };
    weir_img_cidrs_t        cidrs;
    weir_img_regex_t        regex;
    weir_img_tenant_t       tenant;
    weir_img_resolve_t      resolve;

    memset(&rule, 0, sizeof(rule));
    rule.message = WEIR_NONE;
    rule.status = 403;
    rule.phase = WEIR_PHASE_ACCESS;
    weir_build_records(k->b, WEIR_S_RULES, &rule, 1);

    memset(&cidrs, 0, sizeof(cidrs));
    cidrs.v4.count = 2;
    weir_build_records(k->b, WEIR_S_V4, v4, 2);
    weir_build_records(k->b, WEIR_S_CIDRS, &cidrs, 1);

    memset(&regex, 0, sizeof(regex));
    regex.pattern = weir_build_str(k->b, weir_string("^/v[0-9]+/"));
    regex.source = regex.pattern;
    weir_build_records(k->b, WEIR_S_REGEXES, &regex, 1);

    memset(&tenant, 0, sizeof(tenant));
    tenant.plan = WEIR_NONE;
    tenant.attrs = C_MAP;
    tenant.deny.count = 1;
    weir_build_records(k->b, WEIR_S_TENANTS, &tenant, 1);

    memset(&resolve, 0, sizeof(resolve));
    resolve.kind = WEIR_RESOLVE_PATH;
    resolve.segments = weir_build_refs(k->b, refs, 2);
    weir_build_records(k->b, WEIR_S_RESOLVES, &resolve, 1);

    memset(&node, 0, sizeof(node));
    node.params.count = 1;
    weir_build_records(k->b, WEIR_S_NODES, &node, 1);
    weir_build_records(k->b, WEIR_S_NODES, NULL, 1);
    weir_build_records(k->b, WEIR_S_EDGES, &edge, 1);
}


/* Whether the values on top of the stack are what the function takes. */
static bool
takes(const weir_fn_info_t *fn, const uint8_t *kinds, unsigned depth)
{
    unsigned  i;

    if (fn->nargs > depth) {
        return false;
    }

    for (i = 0; i < fn->nargs; i++) {
        if (fn->args[i] != WEIR_T_DYN
            && fn->args[i] != kinds[depth - fn->nargs + i])
        {
            return false;
        }
    }

    return true;
}


/* An instruction that may stand over these kinds; what it leaves on top. */
static weir_insn_t
any_insn(kit_t *k, uint64_t *seed, uint8_t *kinds, unsigned *depth)
{
    unsigned           i, fn;
    weir_insn_t        in;
    weir_img_const_t  *c;

    memset(&in, 0, sizeof(in));

    if (*depth > 0 && next(seed) % 4 != 0) {

        for (i = 0; i < 64; i++) {
            fn = (unsigned) (next(seed) % WEIR_FN_COUNT);

            if (takes(&weir_fns[fn], kinds, *depth)) {
                in = (weir_insn_t) OP_B(CALL, (uint16_t) fn);
                *depth -= weir_fns[fn].nargs;
                kinds[(*depth)++] = (uint8_t) weir_fns[fn].result;
                return in;
            }
        }

        /* none of these kinds: look at them when it runs */
        fn = (unsigned) (next(seed) % WEIR_FN_COUNT);

        if (weir_fns[fn].nargs <= *depth) {
            in = (weir_insn_t) OP_AB(CALLD, (uint8_t) weir_fns[fn].nargs,
                                     (uint16_t) weir_fns[fn].name);
            *depth -= weir_fns[fn].nargs;
            kinds[(*depth)++] = WEIR_T_DYN;
            return in;
        }
    }

    if (next(seed) % 2 == 0) {
        i = (unsigned) (next(seed) % WEIR_A_COUNT);
        in = (weir_insn_t) OP_B(ATTR, (uint16_t) i);
        kinds[(*depth)++] = (uint8_t) weir_attrs[i].kind;
        return in;
    }

    i = (unsigned) (next(seed)
                    % weir_build_count(k->b, WEIR_S_CONSTS));
    c = weir_build_at(k->b, WEIR_S_CONSTS, i);
    in = (weir_insn_t) OP_C(CONST, i);
    kinds[(*depth)++] = c->kind;

    return in;
}


static void
seed_any_program(kit_t *k, uint64_t *seed)
{
    uint8_t           kinds[64];
    unsigned          n, depth;
    weir_insn_t       code[64];
    weir_img_prog_t  *p;

    depth = 0;

    for (n = 0; n < 4 + next(seed) % 50; n++) {
        code[n] = any_insn(k, seed, kinds, &depth);
    }

    code[n++] = (weir_insn_t) OP_C(LIST, depth);
    code[n++] = (weir_insn_t) RET;

    p = weir_build_at(k->b, WEIR_S_PROGS,
                      kit_prog(k, WEIR_T_LIST, 0, WEIR_NONE, code, n));
    p->phase = WEIR_PHASE_LOG;
}


/* The same every time, so it is made once. */
static weir_str_t
policy_image(void)
{
    policy_text_t        text;
    weir_diags_t         diags;
    static weir_str_t    image;

    if (image.data == NULL) {
        text = (policy_text_t) { weir_cstr(policy), weir_str("", 0) };
        must(policy_compile(weir_arena_create(), &text, &diags, &image)
             == WEIR_OK);
    }

    return image;
}


/* Puts an image that is taken into data; its length, or 0: no room. */
static size_t
put_seed(uint8_t *data, size_t max, uint64_t *seed)
{
    kit_t       k;
    size_t      len;
    weir_str_t  image;

    if (next(seed) % 2) {
        image = policy_image();
        len = image.len <= max ? image.len : 0;
        memcpy(data, image.data, len);
        return len;
    }

    kit_open(&k);
    seed_consts(&k);
    seed_programs(&k);
    seed_records(&k);
    seed_zones(&k);
    seed_any_program(&k, seed);
    seed_any_program(&k, seed);
    image = kit_write(&k);

    len = image.len <= max ? image.len : 0;
    memcpy(data, image.data, len);
    kit_close(&k);

    return len;
}

#endif
