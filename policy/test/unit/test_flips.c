/*
 * A real image, damaged: every truncation is refused; a flipped bit is
 * refused, or carries no meaning and the image decides as before; and with
 * digests made right again it is refused, or decides something, in bounds.
 */

#include "test/kit.h"
#include "ask.h"

static const char  source[] =
    "weir: 1\n"
    "policy: {name: flips, serial: 3}\n"
    "lists:\n"
    "  office: {cidr: [10.0.0.0/8, 192.0.2.0/25, \"2001:db8::/32\"]}\n"
    "  lb: {cidr: [10.0.0.0/8]}\n"
    "tenants:\n"
    "  resolve:\n"
    "    - host: \"{tenant}.example\"\n"
    "    - {header: x-tenant, trust: [lists.lb]}\n"
    "  list:\n"
    "    acme: {plan: pro, attrs: {state: ok, tags: [a, b]}}\n"
    "    beta: {plan: free, hosts: [beta.test], attrs: {state: shut}}\n"
    "vars:\n"
    "  writes: 'request.method in [\"POST\", \"PUT\"]'\n"
    "deny:\n"
    "  - id: net\n"
    "    phase: connect\n"
    "    when: 'cidr(\"10.9.0.0/16\").containsIP(source.ip)'\n"
    "  - {id: shut, when: 'vars.writes && tenant.attrs.?state.orValue(\"ok\")"
    " == \"shut\"', status: 402, message: pay}\n"
    "routes:\n"
    "  - {id: health, match: {path: /health}, public: true}\n"
    "  - id: order\n"
    "    match: {host: \"*.example\", path: \"/v1/orders/{order:[0-9]+}\","
    " methods: [GET, POST]}\n"
    "    allow:\n"
    "      - {id: a, when: lists.office.contains(source.ip)}\n"
    "      - {id: b, when: 'path.order.matches(\"^[1-4]{1,3}$\")'}\n"
    "    upstream: orders\n"
    "  - id: rest\n"
    "    match:\n"
    "      path: \"/v1/**\"\n"
    "      headers: [{name: x-beta, equals: \"yes\"}]\n"
    "    allow:\n"
    "      - {id: c, when: 'tenant.attrs.?tags.orValue([]).exists(t,"
    " t == \"b\")'}\n";

static const ask_t  asks[] = {
    { NULL, "acme.example", "/health", NULL, NULL, NULL, NULL },
    { NULL, "acme.example", "/v1/orders/123", NULL, NULL, NULL, NULL },
    { NULL, "acme.example", "/v1/orders/99", "203.0.113.9", NULL, NULL, NULL },
    { "POST", "beta.example", "/v1/orders/1", NULL, NULL, NULL, NULL },
    { NULL, "beta.test", "/v1/orders/1", "10.9.1.1", NULL, NULL, NULL },
    { NULL, "acme.example", "/v1/x/y", NULL, NULL, "x-beta=yes\n", NULL },
    { NULL, "other.test", "/v1/x", "10.1.1.1", NULL,
      "x-beta=yes\nx-tenant=acme\n", NULL },
    { NULL, "other.test", "/v1/x", "2001:db8::1", NULL,
      "x-tenant=acme\n", NULL },
    { "DELETE", "nobody.example", "/a/../b", NULL, NULL, NULL, NULL }
};

typedef struct {
    char  text[256];
} said_t;

static policy_t    policy;
static uint8_t    *good, *work;
static size_t      length;
static said_t      expected[N_OF(asks)];


static void
decide(const weir_image_t *img, const ask_t *ask, said_t *said)
{
    void             *mem;
    weir_txn_t       *txn;
    weir_request_t    req;
    weir_decision_t   d;

    ask_request(ask, &req);
    memset(&d, 0, sizeof(d));

    mem = aligned_alloc(16, (weir_txn_size(img, &req) + 15) & ~(size_t) 15);
    assert_non_null(mem);

    txn = weir_txn_init(mem, img, &req);
    assert_int_equal(weir_decide(txn, &d), WEIR_OK);

    snprintf(said->text, sizeof(said->text),
             "%d %u %d %.*s %.*s %.*s %.*s %.*s %u", d.verdict, d.status,
             d.reason, WEIR_STR(d.route), WEIR_STR(d.tenant),
             WEIR_STR(d.rule), WEIR_STR(d.upstream), WEIR_STR(d.message),
             d.errors);

    free(mem);
}


/* false: refused.  Otherwise it decides; with same, as the good one does. */
static bool
serves(size_t len, bool same)
{
    bool             taken;
    size_t           i;
    said_t           said;
    uint8_t         *exact;
    weir_image_t     img;
    weir_arena_t    *arena;
    weir_refusal_t   why;

    /* of its very length, so that a byte too far is seen */

    exact = malloc(len + 1);
    assert_non_null(exact);
    memcpy(exact, work, len);

    arena = weir_arena_create();
    assert_non_null(arena);

    taken = weir_image_verify(exact, len, NULL, &why) == WEIR_OK
            && weir_image_open(&img, exact, arena, &why) == WEIR_OK;

    if (taken) {
        for (i = 0; i < N_OF(asks); i++) {
            decide(&img, &asks[i], &said);

            if (same) {
                assert_string_equal(said.text, expected[i].text);
            }
        }

        weir_image_close(&img);
    }

    weir_arena_destroy(arena);
    free(exact);

    return taken;
}


static int
make_image(void **state)
{
    size_t             i;
    weir_secret_key_t  key;

    (void) state;

    policy_open(&policy, source);

    length = (size_t) policy.image.header->length;
    good = malloc(length);
    work = malloc(length);
    assert_non_null(good);
    assert_non_null(work);
    memcpy(good, policy.image.base, length);

    for (i = 0; i < N_OF(asks); i++) {
        decide(&policy.image, &asks[i], &expected[i]);
    }

    /* where no key is asked for, a signature is bytes without meaning */

    assert_int_equal(weir_key_generate(&key), WEIR_OK);
    assert_int_equal(weir_image_sign(good, &key), WEIR_OK);

    return 0;
}


static int
drop_image(void **state)
{
    (void) state;

    free(good);
    free(work);
    policy_close(&policy);

    return 0;
}


static void
asks_reach_every_part(void **state)
{
    (void) state;

    memcpy(work, good, length);
    assert_true(serves(length, true));

    assert_string_equal(expected[1].text, "0 0 1 order acme a orders  0");
    assert_string_equal(expected[3].text,
                        "1 402 6 order beta shut orders pay 0");
}


static void
every_truncation_is_refused(void **state)
{
    size_t  len;

    (void) state;

    memcpy(work, good, length);

    for (len = 0; len < length; len++) {
        assert_false(serves(len, true));
    }
}


static void
a_flipped_bit_is_refused_or_means_nothing(void **state)
{
    size_t    i, taken;
    unsigned  bit;

    (void) state;

    memcpy(work, good, length);
    taken = 0;

    for (i = 0; i < length; i++) {
        for (bit = 0; bit < 8; bit++) {
            work[i] ^= (uint8_t) (1u << bit);
            taken += serves(length, true);
            work[i] ^= (uint8_t) (1u << bit);
        }
    }

    /* those of the signature */

    assert_int_equal(taken, 64 * 8);
}


static void
under_good_digests_a_flipped_bit_does_no_harm(void **state)
{
    size_t    i, taken;
    unsigned  bit;

    (void) state;

    taken = 0;

    for (i = 0; i < length; i++) {
        for (bit = 0; bit < 8; bit++) {
            memcpy(work, good, length);
            work[i] ^= (uint8_t) (1u << bit);
            kit_digest(work, length);
            taken += serves(length, false);
        }
    }

    assert_true(taken > 64 * 8);
    assert_true(taken < length * 8);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(asks_reach_every_part),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_means_nothing),
        cmocka_unit_test(under_good_digests_a_flipped_bit_does_no_harm)
    };

    return cmocka_run_group_tests(tests, make_image, drop_image);
}
