/*
 * test_verify.c: one image with every sort of record; then all that may be
 * wrong with it, a thing at a time.  Programs are in test_verify_code.c, what
 * goes beyond a bound in test_verify_bounds.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "test/unit/spoil.h"

static kit_t            kit;
static weir_str_t       good;           /* in kit's arena */
static uint8_t         *work;           /* a copy to be spoiled */
static weir_refusal_t   why;

/* constants of the image, in this order, after the strings "a" and "b" */
enum {
    C_A, C_B, C_NULL, C_TRUE, C_INT, C_UINT, C_DOUBLE, C_TYPE, C_BYTES,
    C_TIME, C_DURATION, C_IP, C_CIDR, C_CIDRS, C_REGEX, C_KEY1, C_VALUE1,
    C_KEY2, C_VALUE2, C_MAP, C_LIST, C_SOME, C_NONE, C_COUNT
};

enum { S_NAME, S_A, S_B, S_TEXT, S_EMPTY, S_PATTERN, S_COUNT };


static void
add_strings(void)
{
    weir_build_str(kit.b, weir_string("a"));
    weir_build_str(kit.b, weir_string("b"));
    weir_build_str(kit.b, weir_string("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8d"
                                      "\xba 0123456789"));
    weir_build_str(kit.b, weir_string(""));
    weir_build_str(kit.b, weir_string("^[0-9]+"));

    assert_int_equal(weir_build_count(kit.b, WEIR_S_STRS), S_COUNT);
}


static void
add_consts(void)
{
    uint32_t          bytes, ip;
    weir_img_const_t  pairs[4];

    static const weir_ip_t  localhost = { 4, { 127, 0, 0, 1 } };

    kit_str(&kit, "a");
    kit_str(&kit, "b");
    kit_const(&kit, WEIR_T_NULL, 0, 0);
    kit_const(&kit, WEIR_T_BOOL, 0, 1);
    kit_const(&kit, WEIR_T_INT, 0, (uint64_t) -5);
    kit_const(&kit, WEIR_T_UINT, 0, 5);
    kit_const(&kit, WEIR_T_DOUBLE, 0, 5);
    kit_const(&kit, WEIR_T_TYPE, 0, WEIR_T_INT);

    bytes = weir_build_bytes(kit.b, "\xff\x80\xc3", 3);
    kit_const(&kit, WEIR_T_BYTES, 3, bytes);
    kit_const(&kit, WEIR_T_TIMESTAMP, 999999999, 253402300799);
    kit_const(&kit, WEIR_T_DURATION, (uint32_t) -5, (uint64_t) -5);

    ip = weir_build_bytes(kit.b, &localhost, sizeof(localhost));
    kit_const(&kit, WEIR_T_IP, 4, ip);
    kit_const(&kit, WEIR_T_CIDR, 32 << 8 | 4, ip);
    kit_const(&kit, WEIR_T_CIDRS, 0, 1);
    kit_const(&kit, WEIR_T_REGEX, 0, 0);

    memset(pairs, 0, sizeof(pairs));
    pairs[0].kind = WEIR_T_UINT;
    pairs[0].v = 1;
    pairs[1].kind = WEIR_T_NULL;
    pairs[2] = weir_build_string(kit.b, weir_string("b"));
    pairs[3].kind = WEIR_T_INT;
    weir_build_map(kit.b, pairs, 2);

    kit_const(&kit, WEIR_T_LIST, 3, C_A);
    kit_const(&kit, WEIR_T_OPTIONAL, 1, C_INT);
    kit_const(&kit, WEIR_T_OPTIONAL, 0, 0);

    assert_int_equal(weir_build_count(kit.b, WEIR_S_CONSTS), C_COUNT);
}


static void
add_programs(void)
{
    static const weir_insn_t  one[] = {
        OP_C(CONST, C_TRUE), RET
    };
    static const weir_insn_t  two[] = {
        OP_BC(ATTR_EQ, WEIR_A_REQUEST_METHOD, C_A),
        OP_C(JTRUE, 4),
        OP_BC(ATTR_IN, WEIR_A_SOURCE_IP, C_CIDRS),
        OP(OR),
        RET
    };
    static const weir_insn_t  three[] = {
        OP_C(CONST, C_LIST),
        OP_ABC(LOOP, 2, 0, 9),
        OP_C(MEMO, 1),
        OP_B(STORE, 4),
        OP_BC(ITER, 0, 8),
        OP_C(MEMO, 1),
        OP_B(STORE, 4),
        OP_BC(NEXT, 0, 4),
        OP_B(LOAD, 4),
        RET
    };
    static const weir_insn_t  four[] = {
        OP_B(ATTR, WEIR_A_REQUEST_PATH),
        OP_C(CONST, C_REGEX),
        CALL(MATCHES_RE),
        RET
    };
    static const weir_img_regex_t  re = { S_PATTERN, S_TEXT, 1, 0 };

    kit_prog(&kit, WEIR_T_BOOL, 0, WEIR_NONE, one, N_OF(one));
    kit_prog(&kit, WEIR_T_BOOL, 0, 3, two, N_OF(two));
    kit_prog(&kit, WEIR_T_BOOL, 5, WEIR_NONE, three, N_OF(three));
    kit_prog(&kit, WEIR_T_BOOL, 0, 4, four, N_OF(four));
    weir_build_records(kit.b, WEIR_S_POS, NULL,
                       weir_build_count(kit.b, WEIR_S_CODE));
    weir_build_records(kit.b, WEIR_S_REGEXES, &re, 1);
}


static void
add_networks(void)
{
    static const weir_img_v4_t     v4[] = { { 1, 5 }, { 6, 6 }, { 3, 4 } };
    static const weir_img_v6_t     v6[] = {
        { { 1 }, { 1, 1 } }, { { 2 }, { 3 } }, { { 0 }, { 1 } }
    };
    static const weir_img_cidrs_t  lists[] = {
        { S_A, 0, { 0, 2 }, { 0, 2 } }, { S_B, 0, { 2, 1 }, { 2, 1 } },
        { S_B, 0, { 0, 0 }, { 0, 0 } }
    };

    weir_build_records(kit.b, WEIR_S_V4, v4, 3);
    weir_build_records(kit.b, WEIR_S_V6, v6, 3);
    weir_build_records(kit.b, WEIR_S_CIDRS, lists, 3);
}


static void
add_tenants(void)
{
    uint32_t                refs[2];
    weir_img_hash_t         h[WEIR_HASH_COUNT];
    weir_img_tenant_t       t;
    weir_img_resolve_t      r[2];
    weir_img_tenant_host_t  th = { S_B, 0 };

    memset(&t, 0, sizeof(t));
    t.id = S_A;
    t.plan = t.limits = WEIR_NONE;
    t.attrs = C_MAP;
    t.deny.count = 1;
    weir_build_records(kit.b, WEIR_S_TENANTS, &t, 1);
    weir_build_records(kit.b, WEIR_S_TENANT_HOSTS, &th, 1);

    refs[0] = 0;
    refs[1] = WEIR_NONE;
    memset(h, 0, sizeof(h));
    h[1].displace = weir_build_refs(kit.b, refs, 1);
    h[1].slots = weir_build_refs(kit.b, refs, 2);
    weir_build_records(kit.b, WEIR_S_HASHES, h, WEIR_HASH_COUNT);

    memset(r, 0, sizeof(r));
    r[0].kind = WEIR_RESOLVE_PATH;
    r[0].prefix = r[0].suffix = r[0].header = S_EMPTY;
    r[0].segments = weir_build_refs(kit.b, refs, 2);
    r[1].kind = WEIR_RESOLVE_HEADER;
    r[1].prefix = r[1].suffix = S_EMPTY;
    r[1].header = S_A;
    r[1].trust = weir_build_refs(kit.b, refs, 1);
    weir_build_records(kit.b, WEIR_S_RESOLVES, r, 2);
}


static void
add_routes(void)
{
    uint32_t                ref;
    weir_img_host_t         host = { S_A, 0 };
    weir_img_rule_t         rule[2];
    weir_img_node_t         node[3];
    weir_img_edge_t         edge[3];
    weir_img_route_t        route;
    weir_img_header_test_t  test = { S_A, S_B, WEIR_TEST_EXACT, 0 };

    memset(rule, 0, sizeof(rule));
    rule[0].id = rule[1].id = S_A;
    rule[0].when = 1;
    rule[1].when = WEIR_NONE;
    rule[0].message = rule[1].message = WEIR_NONE;
    rule[0].status = rule[1].status = 403;
    rule[0].phase = WEIR_PHASE_ACCESS;
    rule[1].phase = WEIR_PHASE_CONNECT;
    weir_build_records(kit.b, WEIR_S_RULES, rule, 2);

    route = kit_route(&kit);
    route.id = S_A;
    route.headers.count = 1;
    ref = 0;
    route.params = weir_build_refs(kit.b, &ref, 1);
    route.other = route.params;
    weir_build_records(kit.b, WEIR_S_ROUTES, &route, 1);
    weir_build_records(kit.b, WEIR_S_HEADER_TESTS, &test, 1);

    memset(node, 0, sizeof(node));
    node[0].literals = (weir_range_t) { 0, 2 };
    node[1].params = (weir_range_t) { 2, 1 };
    node[2].routes = weir_build_refs(kit.b, &ref, 1);
    weir_build_records(kit.b, WEIR_S_NODES, node, 3);
    weir_build_records(kit.b, WEIR_S_NODES, node + 2, 1);

    edge[0] = (weir_img_edge_t) { 1, S_A, WEIR_NONE, 1 };
    edge[1] = (weir_img_edge_t) { 2, S_B, WEIR_NONE, 2 };
    edge[2] = (weir_img_edge_t) { 0, WEIR_NONE, 0, 3 };
    weir_build_records(kit.b, WEIR_S_EDGES, edge, 3);
    weir_build_records(kit.b, WEIR_S_HOSTS, &host, 1);
}


/* "b" and "test" share their shift. */
static void
add_zones(void)
{
    static const weir_img_zone_t   zones[] = {
        { S_A, { 0, 2 } }, { S_B, { 2, 1 } }, { S_NAME, { 2, 1 } }
    };
    static const weir_img_shift_t  shifts[] = {
        { INT64_MIN, 3600, 0 }, { -5, -3600, 0 }, { INT64_MIN, 0, 0 }
    };

    weir_build_records(kit.b, WEIR_S_ZONES, zones, 3);
    weir_build_records(kit.b, WEIR_S_SHIFTS, shifts, 3);
}


static int
make_image(void **state)
{
    (void) state;

    kit_open(&kit);
    add_strings();
    add_consts();
    add_programs();
    add_networks();
    add_tenants();
    add_routes();
    add_zones();

    good = kit_write(&kit);
    work = aligned_alloc(16, (good.len + 31) & ~(size_t) 15);

    return work == NULL;
}


static int
drop_image(void **state)
{
    (void) state;

    free(work);
    kit_close(&kit);

    return 0;
}


static uint8_t *
fresh(void)
{
    memcpy(work, good.data, good.len);
    memset(work + good.len, 0, 16);

    return work;
}


static weir_rc_t
verify(size_t len)
{
    memset(&why, 0, sizeof(why));

    return weir_image_verify(work, len, NULL, &why);
}


static void
expect(weir_reject_t reason, const char *text, const char *what)
{
    if (why.reason != reason || strstr(why.text, text) == NULL) {
        fail_msg("%s: got %s: %s\nnot %s: ...%s...", what,
                 weir_reject_name(why.reason), why.text,
                 weir_reject_name(reason), text);
    }
}


static void
a_good_image_is_taken(void **state)
{
    (void) state;

    fresh();

    if (verify(good.len) != WEIR_OK) {
        fail_msg("%s: %s", weir_reject_name(why.reason), why.text);
    }

    assert_true(kit_run_all(work));
}


#define HEADER(field_)  offsetof(weir_image_header_t, field_),                \
                        sizeof(((weir_image_header_t *) 0)->field_)

static const struct {
    size_t         offset;
    size_t         width;
    uint64_t       value;
    weir_reject_t  reason;
    const char    *text;
} headers[] = {
    { HEADER(magic[0]), 0, WEIR_REJECT_MAGIC, "no policy image" },
    { HEADER(magic[7]), 0, WEIR_REJECT_MAGIC, "no policy image" },
    { HEADER(major), 2, WEIR_REJECT_VERSION, "format 2.0, this reader" },
    { HEADER(required), 4, WEIR_REJECT_FEATURE, "requires features 0x4" },
    { HEADER(length), UINT64_C(1) << 40, WEIR_REJECT_SIZE, "at most" },
    { HEADER(length), 99999999, WEIR_REJECT_TRUNCATED, "of 99999999" },
    { HEADER(length), 8, WEIR_REJECT_LENGTH, "the header says 8" },
    { HEADER(sections), 65, WEIR_REJECT_SECTION, "65 sections" },
    { HEADER(flags), 4, WEIR_REJECT_FEATURE, "unknown flags 0x4" },
    { HEADER(serial), 7, WEIR_REJECT_RECORD, "must be zero" },
    { HEADER(reserved[47]), 1, WEIR_REJECT_RECORD, "must be zero" },
    { HEADER(key_id[0]), 1, WEIR_REJECT_RECORD, "must be zero" },
    { HEADER(signature[63]), 1, WEIR_REJECT_RECORD, "must be zero" },
    { HEADER(stack), 257, WEIR_REJECT_RECORD, "257 values of stack" },
    { HEADER(memo), 4097, WEIR_REJECT_RECORD, "4097 memos" },
    { HEADER(scratch), 65537, WEIR_REJECT_RECORD, "65537 bytes of scratch" },
    { HEADER(name), S_COUNT, WEIR_REJECT_RECORD, "name and compiler are" },
    { HEADER(compiler), WEIR_NONE, WEIR_REJECT_RECORD,
      "name and compiler are" },
    { HEADER(memo), 4, WEIR_REJECT_PROGRAM, "progs[3] has memo 4" },
    { HEADER(stack), 1, WEIR_REJECT_PROGRAM, "needs 2 values of stack" }
};


static void
a_bad_header_is_refused(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < N_OF(headers); i++) {
        fresh();
        memcpy(work + headers[i].offset, &headers[i].value, headers[i].width);
        kit_digest(work, good.len);

        assert_int_equal(verify(good.len), WEIR_ERROR);
        expect(headers[i].reason, headers[i].text, "header");
    }

    /* what older readers need not know */
    fresh();
    ((weir_image_header_t *) work)->minor = 9;
    ((weir_image_header_t *) work)->optional = 9;
    ((weir_image_header_t *) work)->flags = WEIR_IMAGE_HAS_SERIAL;
    ((weir_image_header_t *) work)->serial = 9;
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_OK);
}


static void
digests_are_checked(void **state)
{
    (void) state;

    fresh();
    work[offsetof(weir_image_header_t, source)] ^= 1;
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_DIGEST, "the header does not have", "source");

    fresh();
    *(uint8_t *) kit_record(work, WEIR_S_BYTES, 0) ^= 1;
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_DIGEST, "section 0 does not have", "bytes");
}


static void
signatures_are_checked(void **state)
{
    weir_image_header_t  *h;
    weir_secret_key_t     secret, other;
    weir_public_key_t     key, stranger;

    (void) state;

    assert_int_equal(weir_key_generate(&secret), WEIR_OK);
    assert_int_equal(weir_key_generate(&other), WEIR_OK);
    assert_int_equal(weir_key_public(&secret, &key), WEIR_OK);
    assert_int_equal(weir_key_public(&other, &stranger), WEIR_OK);

    h = (weir_image_header_t *) fresh();
    assert_int_equal(weir_image_verify(work, good.len, &key, &why),
                     WEIR_ERROR);
    expect(WEIR_REJECT_UNSIGNED, "not signed", "unsigned");

    assert_int_equal(weir_image_sign(work, &secret), WEIR_OK);
    assert_int_equal(weir_image_verify(work, good.len, &key, &why), WEIR_OK);
    assert_int_equal(weir_image_verify(work, good.len, NULL, &why), WEIR_OK);

    assert_int_equal(weir_image_verify(work, good.len, &stranger, &why),
                     WEIR_ERROR);
    expect(WEIR_REJECT_SIGNATURE, "another key", "another key");

    h->signature[5] ^= 4;
    assert_int_equal(weir_image_verify(work, good.len, &key, &why),
                     WEIR_ERROR);
    expect(WEIR_REJECT_SIGNATURE, "is not of this image", "spoiled");
    h->signature[5] ^= 4;

    /* a second signature takes the place of the first */
    assert_int_equal(weir_image_sign(work, &other), WEIR_OK);
    assert_int_equal(weir_image_verify(work, good.len, &stranger, &why),
                     WEIR_OK);

    /* a header that says another key, signed by none */
    weir_key_id(&key, h->key_id);
    kit_digest(work, good.len);
    assert_int_equal(weir_image_verify(work, good.len, &key, &why),
                     WEIR_ERROR);
    expect(WEIR_REJECT_SIGNATURE, "is not of this image", "key id");
}


#define SECTION(field_)  offsetof(weir_image_section_t, field_),              \
                         sizeof(((weir_image_section_t *) 0)->field_)

static const struct {
    weir_section_t  section;
    size_t          offset;
    size_t          width;
    uint64_t        value;      /* is added */
    weir_reject_t   reason;
    const char     *text;
} sections[] = {
    { WEIR_S_REFS, SECTION(flags), 2, WEIR_REJECT_SECTION,
      "section 2 has bits" },
    { WEIR_S_REFS, SECTION(reserved), 1, WEIR_REJECT_SECTION,
      "section 2 has bits" },
    { WEIR_S_REFS, SECTION(offset), UINT64_C(1) << 62, WEIR_REJECT_SECTION,
      "section 2 ends behind" },
    { WEIR_S_REFS, SECTION(length), (uint64_t) -1, WEIR_REJECT_SECTION,
      "section refs of" },
    { WEIR_S_REFS, SECTION(length), UINT64_C(1) << 62, WEIR_REJECT_SECTION,
      "section 2 ends behind" },
    { WEIR_S_REFS, SECTION(offset), 8, WEIR_REJECT_SECTION,
      "section 2 begins at" },
    { WEIR_S_REFS, SECTION(offset), (uint64_t) -8, WEIR_REJECT_SECTION,
      "section 2 begins at" },
    { WEIR_S_REFS, SECTION(offset), 1, WEIR_REJECT_SECTION,
      "section 2 begins at" },
    { WEIR_S_REFS, SECTION(id), 100, WEIR_REJECT_SECTION,
      "section of unknown kind 102" },
    { WEIR_S_V6, SECTION(id), (uint64_t) -1, WEIR_REJECT_SECTION,
      "section v4" },
    { WEIR_S_POLICY, SECTION(length), (uint64_t) -1, WEIR_REJECT_SECTION,
      "section policy of 75 bytes" },
    { WEIR_S_SHIFTS, SECTION(length), (uint64_t) -16, WEIR_REJECT_LENGTH,
      "bytes that no section has" }
};


static void
a_bad_section_table_is_refused(void **state)
{
    size_t    i;
    uint8_t  *field;
    uint64_t  v;

    (void) state;

    for (i = 0; i < N_OF(sections); i++) {
        fresh();
        field = (uint8_t *) kit_section(work, sections[i].section)
                + sections[i].offset;
        v = 0;
        memcpy(&v, field, sections[i].width);
        v += sections[i].value;
        memcpy(field, &v, sections[i].width);
        kit_digest(work, good.len);

        assert_int_equal(verify(good.len), WEIR_ERROR);
        expect(sections[i].reason, sections[i].text, "section");
    }
}


static void
sections_are_there_once(void **state)
{
    weir_image_section_t  *s;

    (void) state;

    /* unknown but optional: skipped, and so missed where it is known */
    fresh();
    s = kit_section(work, WEIR_S_HEADER_TESTS);
    s->id = 77;
    s->flags = WEIR_SECTION_OPTIONAL;
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_SECTION, "no section header_tests", "optional");

    fresh();
    s = kit_section(work, WEIR_S_STRS);
    s->id = WEIR_S_BYTES;
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_SECTION, "section bytes twice", "twice");
}


/* Images of before there were zones have none of their sections. */
static void
sections_behind_the_policy_may_be_absent(void **state)
{
    weir_image_section_t  *s;

    (void) state;

    fresh();
    s = kit_section(work, WEIR_S_ZONES);
    s[0].id = s[1].id = 77;
    s[0].flags = s[1].flags = WEIR_SECTION_OPTIONAL;
    kit_digest(work, good.len);

    if (verify(good.len) != WEIR_OK) {
        fail_msg("%s: %s", weir_reject_name(why.reason), why.text);
    }

    assert_true(kit_run_all(work));

    /* zones need their shifts */
    s[0].id = WEIR_S_ZONES;
    s[0].flags = 0;
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_RECORD, "zones[0].shifts is 0, 2 more", "no shifts");
}


static void
names_of_zones_are_short(void **state)
{
    char              text[WEIR_MAX_ZONE_NAME + 1];
    kit_t             k;
    unsigned          len;
    weir_str_t        image;
    weir_img_zone_t   zone = { 0, { 0, 1 } };
    weir_img_shift_t  shift = { INT64_MIN, 0, 0 };

    (void) state;
    memset(text, 'z', sizeof(text));

    for (len = WEIR_MAX_ZONE_NAME; len <= sizeof(text); len++) {
        kit_open(&k);
        zone.name = weir_build_str(k.b, weir_str(text, len));
        weir_build_records(k.b, WEIR_S_ZONES, &zone, 1);
        weir_build_records(k.b, WEIR_S_SHIFTS, &shift, 1);
        image = kit_write(&k);
        memset(&why, 0, sizeof(why));

        if (weir_image_verify((const uint8_t *) image.data, image.len, NULL,
                              &why) != WEIR_OK)
        {
            expect(WEIR_REJECT_RECORD, "zones[0] has a name of more than 64",
                   "a long name");
        }

        assert_true((why.reason == WEIR_REJECT_NONE)
                    == (len == WEIR_MAX_ZONE_NAME));
        kit_close(&k);
    }
}


static void
padding_is_zero(void **state)
{
    uint32_t               i, gaps;
    weir_image_section_t  *s;

    (void) state;
    gaps = 0;

    for (i = 0; i + 1 < WEIR_S_COUNT; i++) {
        fresh();
        s = kit_section(work, i);

        if (s[0].offset + s[0].length == s[1].offset) {
            continue;
        }

        gaps++;
        work[s[1].offset - 1] = 1;
        assert_int_equal(verify(good.len), WEIR_ERROR);
        expect(WEIR_REJECT_SECTION, "behind zeros", "padding");
    }

    assert_true(gaps > 0);
}


#define CONST(i, field_, value)                                               \
    REC(CONSTS, i, const, field_, value, "consts[" #i "] is no constant")

static const spoil_t  records[] = {
    REC(STRS, S_TEXT, str, offset, 99999, "is bytes 99999"),
    REC(STRS, S_TEXT, str, length, 99999, "strs[3] is bytes"),
    REC(STRS, S_TEXT, str, length, 4, "strs[3] is not UTF-8"),
    REC(STRS, S_TEXT, str, length, 8, "strs[3] is not UTF-8"),
    REC(STRS, S_TEXT, str, length, 12, "strs[3] is not UTF-8"),

    REC(CONSTS, C_NULL, const, n, 1, "consts[2] is no"),
    REC(CONSTS, C_NULL, const, v, 1, "consts[2] is no"),
    REC(CONSTS, C_NULL, const, reserved[0], 1, "consts[2] is no"),
    REC(CONSTS, C_NULL, const, reserved[2], 1, "consts[2] is no"),
    REC(CONSTS, C_NULL, const, kind, WEIR_T_DYN, "consts[2] is no"),
    REC(CONSTS, C_NULL, const, kind, 200, "kind unknown"),
    REC(CONSTS, C_TRUE, const, v, 2, "consts[3] is no"),
    REC(CONSTS, C_TRUE, const, n, 2, "consts[3] is no"),
    REC(CONSTS, C_INT, const, n, 1, "consts[4] is no"),
    REC(CONSTS, C_TYPE, const, v, WEIR_T_ERR, "consts[7] is no"),
    REC(CONSTS, C_TYPE, const, v, WEIR_T_COUNT, "consts[7] is no"),
    REC(CONSTS, C_TYPE, const, n, 1, "consts[7] is no"),
    REC(CONSTS, C_A, const, n, 70000, "consts[0] is no"),
    REC(CONSTS, C_A, const, n, 9999, "consts[0] is no"),
    REC(CONSTS, C_A, const, v, (uint64_t) -1, "consts[0] is no"),
    REC(CONSTS, C_BYTES, const, kind, WEIR_T_STRING, "consts[8] is no"),
    REC(CONSTS, C_BYTES, const, n, 70000, "consts[8] is no"),
    REC(CONSTS, C_BYTES, const, n, 9999, "consts[8] is no"),
    REC(CONSTS, C_BYTES, const, v, (uint64_t) -1, "consts[8] is no"),
    REC(CONSTS, C_TIME, const, n, 1000000000, "consts[9] is no"),
    REC(CONSTS, C_TIME, const, v, 253402300800, "consts[9] is no"),
    REC(CONSTS, C_TIME, const, v, (uint64_t) -62135596801, "consts[9] is no"),
    REC(CONSTS, C_DURATION, const, n, 1, "consts[10] is no"),
    REC(CONSTS, C_DURATION, const, v, 1, "consts[10] is no"),
    REC(CONSTS, C_DURATION, const, n, (uint32_t) -1000000000,
        "consts[10] is no"),
    REC(CONSTS, C_DURATION, const, n, 1000000000, "consts[10] is no"),
    REC(CONSTS, C_DURATION, const, v, 315576000001, "consts[10] is no"),
    REC(CONSTS, C_DURATION, const, v, (uint64_t) -315576000001,
        "consts[10] is no"),
    REC(CONSTS, C_IP, const, n, 5, "consts[11] is no"),
    REC(CONSTS, C_IP, const, n, 16, "consts[11] is no"),
    REC(CONSTS, C_IP, const, v, (uint64_t) -1, "consts[11] is no"),
    REC(CONSTS, C_IP, const, v, 0, "consts[11] is no"),
    REC(CONSTS, C_CIDR, const, n, 33 << 8 | 4, "consts[12] is no"),
    REC(CONSTS, C_CIDR, const, n, 32 << 8 | 16, "consts[12] is no"),
    REC(CONSTS, C_CIDRS, const, v, 3, "consts[13] is no"),
    REC(CONSTS, C_CIDRS, const, n, 1, "consts[13] is no"),
    REC(CONSTS, C_REGEX, const, v, 1, "consts[14] is no"),
    REC(CONSTS, C_REGEX, const, n, 1, "consts[14] is no"),
    REC(CONSTS, C_MAP, const, n, 1025, "consts[19] is no"),
    REC(CONSTS, C_MAP, const, n, 3, "consts[19] is no"),
    REC(CONSTS, C_MAP, const, v, C_COUNT, "consts[19] is no"),
    REC(CONSTS, C_MAP, const, v, 0, "consts[19] is no"),
    REC(CONSTS, C_KEY2, const, kind, WEIR_T_BYTES, "consts[19] is no"),
    REC(CONSTS, C_KEY1, const, kind, WEIR_T_NULL, "consts[15] is no"),
    REC(CONSTS, C_LIST, const, n, 1025, "consts[20] is no"),
    REC(CONSTS, C_LIST, const, n, 30, "consts[20] is no"),
    REC(CONSTS, C_LIST, const, v, 20, "consts[20] is no"),
    REC(CONSTS, C_LIST, const, v, UINT64_C(1) << 32, "consts[20] is no"),
    REC(CONSTS, C_SOME, const, n, 2, "consts[21] is no"),
    REC(CONSTS, C_SOME, const, v, 21, "consts[21] is no"),
    REC(CONSTS, C_NONE, const, v, 1, "consts[22] is no"),

    REC(PROGS, 0, prog, code.count, 99, "progs[0].code is 0, 99 more"),
    REC(PROGS, 0, prog, kind, WEIR_T_COUNT, "progs[0].kind is 20"),
    REC(PROGS, 0, prog, phase, WEIR_PHASE_COUNT, "progs[0].phase is 5"),
    REC(PROGS, 0, prog, locals, 65, "progs[0].locals is 65"),
    REC(PROGS, 0, prog, file, 99, "progs[0].file is 99"),
    REC(PROGS, 0, prog, text, 99, "progs[0].text is 99"),
    REC(REGEXES, 0, regex, pattern, 99, "regexes[0].pattern is 99"),
    REC(REGEXES, 0, regex, source, WEIR_NONE, "regexes[0].source is 42"),
    REC(REGEXES, 0, regex, flags, 2, "regexes[0].flags is 2"),
    REC(REGEXES, 0, regex, reserved, 1, "regexes[0].reserved is 1"),
    REC(RULES, 0, rule, id, 99, "rules[0].id is 99"),
    REC(RULES, 0, rule, when, 99, "rules[0].when is 99"),
    REC(RULES, 0, rule, message, 99, "rules[0].message is 99"),
    REC(RULES, 0, rule, status, 200, "rules[0].status is 200"),
    REC(RULES, 0, rule, status, 600, "rules[0].status is 600"),
    REC(RULES, 0, rule, phase, 9, "rules[0].phase is 9"),
    REC(RULES, 0, rule, phase, WEIR_PHASE_LOG, "rules[0] is for phase log"),
    REC(RULES, 0, rule, phase, WEIR_PHASE_CONNECT,
        "rules[0] is for phase connect, its program needs access"),
    REC(RULES, 0, rule, dry_run, 2, "rules[0].dry_run is 2"),
    REC(RULES, 0, rule, file, 99, "rules[0].file is 99"),
    REC(RULES, 1, rule, reserved, 7, "rules[1].reserved is 7"),
    REC(CIDRS, 0, cidrs, name, 99, "cidrs[0].name is 99"),
    REC(CIDRS, 0, cidrs, reserved, 99, "cidrs[0].reserved is 99"),
    REC(CIDRS, 1, cidrs, v4.first, 3, "cidrs[1].v4 is 3, 1 more"),
    REC(CIDRS, 1, cidrs, v6.first, WEIR_NONE, "cidrs[1].v6 is 42949"),
    REC(CIDRS, 0, cidrs, v4.count, 3, "ranges are not sorted"),
    REC(CIDRS, 0, cidrs, v6.count, 3, "ranges are not sorted"),
    REC(V4, 0, v4, lo, 6, "ranges are not sorted"),
    REC(V4, 1, v4, lo, 5, "ranges are not sorted"),
    REC(V6, 0, v6, hi[0], 0, "ranges are not sorted"),
    REC(V6, 1, v6, lo[0], 1, "ranges are not sorted"),
    REC(HASHES, 1, hash, displace.count, 99, "hashes[1].displace is"),
    REC(HASHES, 1, hash, slots.count, 99, "hashes[1] has 1 buckets"),
    REC(HASHES, 1, hash, displace.count, 0, "hashes[1] has 0 buckets"),
    REC(HASHES, 1, hash, slots.count, 0, "hashes[1] has 1 buckets"),
    REC(TENANTS, 0, tenant, id, 99, "tenants[0].id is 99"),
    REC(TENANTS, 0, tenant, plan, 99, "tenants[0].plan is 99"),
    REC(TENANTS, 0, tenant, attrs, C_LIST, "tenants[0].attrs is 20"),
    REC(TENANTS, 0, tenant, attrs, 99, "tenants[0].attrs is 99"),
    REC(TENANTS, 0, tenant, deny.count, 3, "tenants[0].deny is 0, 3 more"),
    REC(TENANTS, 0, tenant, allow.first, 3, "tenants[0].allow is 3, 0 more"),
    REC(TENANT_HOSTS, 0, tenant_host, host, 99, "tenant_hosts[0].host is"),
    REC(TENANT_HOSTS, 0, tenant_host, tenant, 1, "tenant_hosts[0].tenant is"),
    REC(RESOLVES, 0, resolve, kind, 3, "resolves[0].kind is 3"),
    REC(RESOLVES, 0, resolve, rest, 2, "resolves[0].rest is 2"),
    REC(RESOLVES, 0, resolve, reserved[1], 2, "resolves[0].reserved is 512"),
    REC(RESOLVES, 0, resolve, prefix, 99, "resolves[0].prefix is 99"),
    REC(RESOLVES, 0, resolve, suffix, 99, "resolves[0].suffix is 99"),
    REC(RESOLVES, 0, resolve, header, 99, "resolves[0].header is 99"),
    REC(RESOLVES, 0, resolve, segments.count, 99, "resolves[0].segments is"),
    REC(RESOLVES, 1, resolve, trust.first, 2, "resolves[1].trust is 2, 1"),
    REC(RESOLVES, 0, resolve, segments.count, 1,
        "resolves[0] has 0 places for the tenant"),
    REC(RESOLVES, 0, resolve, kind, WEIR_RESOLVE_HOST,
        "resolves[0] has 1 places for the tenant"),
    REC(HOSTS, 0, host, key, 99, "hosts[0].key is 99"),
    REC(HOSTS, 0, host, root, 4, "hosts[0].root is 4"),
    REC(NODES, 0, node, literals.count, 4, "nodes[0].literals is 0, 4 more"),
    REC(NODES, 0, node, params.count, 4, "nodes[0].params is 0, 4 more"),
    REC(NODES, 0, node, routes.count, 9, "nodes[0].routes is 0, 9 more"),
    REC(NODES, 0, node, rest.count, 9, "nodes[0].rest is 0, 9 more"),
    REC(NODES, 2, node, literals.count, 1, "nodes[2] shares its edges"),
    REC(NODES, 1, node, params.first, 0, "edges[0] is not as nodes[1]"),
    REC(EDGES, 0, edge, segment, 99, "edges[0].segment is 99"),
    REC(EDGES, 0, edge, regex, 1, "edges[0].regex is 1"),
    REC(EDGES, 0, edge, regex, 0, "edges[0] is not as nodes[0]"),
    REC(EDGES, 0, edge, segment, WEIR_NONE, "edges[0] is not as nodes[0]"),
    REC(EDGES, 0, edge, hash, 3, "edges[1] is not as nodes[0]"),
    REC(EDGES, 2, edge, hash, 3, "edges[2] is not as nodes[1]"),
    REC(EDGES, 0, edge, node, 4, "edges[0].node is 4"),
    REC(EDGES, 0, edge, node, 0, "edges[0] leads from nodes[0] to nodes[0]"),
    REC(EDGES, 1, edge, node, 1, "edges[1] leads from nodes[0] to nodes[1]"),
    REC(ROUTES, 0, route, id, 99, "routes[0].id is 99"),
    REC(ROUTES, 0, route, methods, 512, "routes[0].methods is 512"),
    REC(ROUTES, 0, route, other.first, 99, "routes[0].other is 99"),
    REC(ROUTES, 0, route, headers.count, 2, "routes[0].headers is 0, 2 more"),
    REC(ROUTES, 0, route, params.first, 2, "routes[0].params is 2, 1 more"),
    REC(ROUTES, 0, route, deny.count, 3, "routes[0].deny is 0, 3 more"),
    REC(ROUTES, 0, route, allow.count, 3, "routes[0].allow is 0, 3 more"),
    REC(ROUTES, 0, route, upstream, 99, "routes[0].upstream is 99"),
    REC(ROUTES, 0, route, public, 2, "routes[0].public is 2"),
    REC(ROUTES, 0, route, reserved, 2, "routes[0].reserved is 2"),
    REC(ROUTES, 0, route, file, 99, "routes[0].file is 99"),
    REC(HEADER_TESTS, 0, header_test, name, 99, "header_tests[0].name is"),
    REC(HEADER_TESTS, 0, header_test, value, 99, "header_tests[0].value is"),
    REC(HEADER_TESTS, 0, header_test, test, 3, "header_tests[0].test is 3"),
    REC(HEADER_TESTS, 0, header_test, reserved, 3,
        "header_tests[0].reserved is 3"),
    REC(POLICY, 0, policy, deny.count, 3, "policy[0].deny is 0, 3 more"),
    REC(POLICY, 0, policy, allow.count, 3, "policy[0].allow is 0, 3 more"),
    REC(POLICY, 0, policy, resolve.count, 3, "policy[0].resolve is 0, 3"),
    REC(POLICY, 0, policy, any_host, 4, "policy[0].any_host is 4"),
    REC(POLICY, 0, policy, unmatched, 399, "policy[0].unmatched is 399"),
    REC(POLICY, 0, policy, unknown_tenant, 0, "policy[0].unknown_tenant is"),
    REC(POLICY, 0, policy, dot_segments, 2, "policy[0].dot_segments is 2"),
    REC(POLICY, 0, policy, merge_slashes, 2, "policy[0].merge_slashes is 2"),
    REC(POLICY, 0, policy, reserved, 2, "policy[0].reserved is 2"),
    REC(POLICY, 0, policy, audit_allow, 10001, "policy[0].audit_allow is"),
    REC(POLICY, 0, policy, audit_deny, 10001, "policy[0].audit_deny is"),
    REC(POLICY, 0, policy, redact.count, 99, "policy[0].redact is 0, 99"),
    REC(ZONES, 0, zone, name, 99, "zones[0].name is 99"),
    REC(ZONES, 0, zone, name, S_EMPTY, "zones[0] has a name of"),
    REC(ZONES, 0, zone, name, S_B, "zones[1] has a name of"),
    REC(ZONES, 1, zone, name, S_NAME, "zones[2] has a name of"),
    REC(ZONES, 0, zone, shifts.first, 2, "zones[0].shifts is 2, 2 more"),
    REC(ZONES, 1, zone, shifts.count, 0, "zones[1] has no shift"),
    REC(ZONES, 0, zone, shifts.count, 3, "zones[0] has no shift"),
    REC(ZONES, 1, zone, shifts.first, 1, "zones[1] has no shift"),
    REC(SHIFTS, 1, shift, at, (uint64_t) INT64_MIN, "zones[0] has no shift"),
    REC(SHIFTS, 0, shift, at, (uint64_t) INT64_MIN + 1,
        "zones[0] has no shift"),
    REC(SHIFTS, 2, shift, offset, 93601, "shifts[2] is 93601 seconds from"),
    REC(SHIFTS, 0, shift, offset, (uint64_t) -93601, "shifts[0] is -93601"),
    REC(SHIFTS, 2, shift, reserved, 1, "shifts[2].reserved is 1")
};


static void
a_bad_record_is_refused(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < N_OF(records); i++) {
        spoil(fresh(), good.len, &records[i]);

        (void) verify(good.len);
        expect(WEIR_REJECT_RECORD, records[i].text, records[i].text);
    }
}


/* Every row of the table has a case above that breaks it. */
static void
no_row_of_the_table_is_forgotten(void **state)
{
    (void) state;

    spoil_none_forgotten(records, N_OF(records), SPOIL_BASE);
}


static void
slots_of_a_hash_are_its_records(void **state)
{
    weir_img_hash_t  *h;

    (void) state;

    /* the slots of the tenants given to the hosts */
    fresh();
    h = kit_record(work, WEIR_S_HASHES, 0);
    h[0] = h[1];
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_OK);

    fresh();
    h = kit_record(work, WEIR_S_HASHES, 0);
    *(uint32_t *) kit_record(work, WEIR_S_REFS, h[1].slots.first) = 1;
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_RECORD, "hashes[1] leads to tenants[1] of 1", "slot");
}


static void
addresses_are_padded_with_zeros(void **state)
{
    weir_img_const_t  *c;

    (void) state;

    fresh();
    c = kit_record(work, WEIR_S_CONSTS, C_IP);
    *(uint8_t *) kit_record(work, WEIR_S_BYTES, (uint32_t) c->v + 16) = 1;
    kit_digest(work, good.len);
    assert_int_equal(verify(good.len), WEIR_ERROR);
    expect(WEIR_REJECT_RECORD, "consts[11] is no", "ip");
}


/* So small that there is no room for as many sections as there may be. */
static void
a_table_ends_within_the_image(void **state)
{
    kit_t       k;
    weir_str_t  image;

    (void) state;

    kit_open(&k);
    image = kit_write(&k);
    ((weir_image_header_t *) (void *) image.data)->sections = WEIR_MAX_SECTIONS;
    assert_int_equal(weir_image_verify((const uint8_t *) image.data,
                                       image.len, NULL, &why), WEIR_ERROR);
    expect(WEIR_REJECT_SECTION, "a table of 64 sections does not fit", "table");
    kit_close(&k);
}


/* Strings over each stretch of a text, against a decoder one by one. */
static void
any_stretch_of_bytes_is_told(void **state)
{
    size_t           i, n, first, len;
    uint8_t         *bytes;
    weir_img_str_t  *s;

    static const char  text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8d\xba\x80z"
                                "\xc3\xf0\x9f\xe2\x82\xff\xed\xa0\x80q";

    (void) state;

    n = sizeof(text) - 1;

    for (first = 0; first < n; first++) {
        for (len = 0; len <= n - first; len++) {
            fresh();
            s = kit_record(work, WEIR_S_STRS, S_TEXT);
            bytes = kit_record(work, WEIR_S_BYTES, 0);

            /* over the strings behind which there is room */
            for (i = 0; i < n; i++) {
                bytes[s->offset + i] = (uint8_t) text[i];
            }

            ((weir_img_str_t *) kit_record(work, WEIR_S_STRS,
                                           S_PATTERN))->length = 0;
            s->offset += (uint32_t) first;
            s->length = (uint32_t) len;
            kit_digest(work, good.len);

            if ((verify(good.len) == WEIR_OK)
                != weir_utf8_valid(weir_str(text + first, len)))
            {
                fail_msg("bytes %zu to +%zu: %s", first, len, why.text);
            }
        }
    }
}


static void
every_truncation_is_refused(void **state)
{
    size_t  len;

    (void) state;

    fresh();

    for (len = 0; len < good.len; len++) {
        assert_int_equal(verify(len), WEIR_ERROR);
        assert_int_equal(why.reason, WEIR_REJECT_TRUNCATED);
    }

    assert_int_equal(verify(good.len + 1), WEIR_ERROR);
    assert_int_equal(why.reason, WEIR_REJECT_LENGTH);
}


static void
every_flipped_bit_is_refused(void **state)
{
    size_t    i;
    unsigned  bit;

    (void) state;

    fresh();

    for (i = 0; i < good.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            work[i] ^= (uint8_t) (1u << bit);

            if (verify(good.len) != WEIR_ERROR) {
                fail_msg("bit %u of byte %zu says nothing", bit, i);
            }

            work[i] ^= (uint8_t) (1u << bit);
        }
    }
}


/* With digests that fit again: refused, or it runs without harm. */
static void
no_flipped_bit_does_harm(void **state)
{
    size_t    i, taken;
    unsigned  bit;

    (void) state;
    taken = 0;

    for (i = 0; i < good.len; i++) {
        for (bit = 0; bit < 8; bit++) {
            fresh();
            work[i] ^= (uint8_t) (1u << bit);
            kit_digest(work, good.len);

            if (verify(good.len) == WEIR_OK) {
                taken++;
                assert_true(kit_run_all(work));
            }
        }
    }

    assert_true(taken > 0);
}


static void
serials_give_an_order(void **state)
{
    weir_image_header_t  a, b;

    (void) state;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    b.digest[0] = 1;

    assert_int_equal(weir_image_order(&a, &b), WEIR_REJECT_NONE);

    a.flags = WEIR_IMAGE_HAS_SERIAL;
    a.serial = 5;
    assert_int_equal(weir_image_order(&a, &b), WEIR_REJECT_NONE);

    b.flags = WEIR_IMAGE_HAS_SERIAL | WEIR_IMAGE_SIGNED;
    b.serial = 4;
    assert_int_equal(weir_image_order(&a, &b), WEIR_REJECT_SERIAL);
    b.serial = 6;
    assert_int_equal(weir_image_order(&a, &b), WEIR_REJECT_NONE);
    b.serial = 5;
    assert_int_equal(weir_image_order(&a, &b), WEIR_REJECT_CONFLICT);
    b.digest[0] = 0;
    assert_int_equal(weir_image_order(&a, &b), WEIR_REJECT_NONE);
}


static void
a_pattern_that_is_none_is_refused(void **state)
{
    weir_image_t    img;
    weir_arena_t   *arena;
    weir_img_str_t *s;

    (void) state;

    arena = weir_arena_create();
    fresh();
    s = kit_record(work, WEIR_S_STRS, S_PATTERN);
    memcpy(kit_record(work, WEIR_S_BYTES, s->offset), "([0-9]+", 7);
    kit_digest(work, good.len);

    assert_int_equal(verify(good.len), WEIR_OK);
    assert_int_equal(weir_image_open(&img, work, arena, &why), WEIR_ERROR);
    expect(WEIR_REJECT_REGEX, "regexes[0]: ", "pattern");

    weir_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_good_image_is_taken),
        cmocka_unit_test(a_bad_header_is_refused),
        cmocka_unit_test(digests_are_checked),
        cmocka_unit_test(signatures_are_checked),
        cmocka_unit_test(a_bad_section_table_is_refused),
        cmocka_unit_test(sections_are_there_once),
        cmocka_unit_test(sections_behind_the_policy_may_be_absent),
        cmocka_unit_test(names_of_zones_are_short),
        cmocka_unit_test(padding_is_zero),
        cmocka_unit_test(a_bad_record_is_refused),
        cmocka_unit_test(no_row_of_the_table_is_forgotten),
        cmocka_unit_test(slots_of_a_hash_are_its_records),
        cmocka_unit_test(addresses_are_padded_with_zeros),
        cmocka_unit_test(a_table_ends_within_the_image),
        cmocka_unit_test(any_stretch_of_bytes_is_told),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(no_flipped_bit_does_harm),
        cmocka_unit_test(serials_give_an_order),
        cmocka_unit_test(a_pattern_that_is_none_is_refused)
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
