/*
 * test_token.c: tokens packed and unpacked: nothing is lost, and no bytes
 * lead anywhere but into themselves.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "run/token.c"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))
#define TEXT(t)  { .kind = WEIR_T_STRING, .len = sizeof(t) - 1, .u.s = (t) }
#define INT_(n)  { .kind = WEIR_T_INT, .u.i = (n) }
#define LIST_(a) { .kind = WEIR_T_LIST, .len = N_OF(a), .u.items = (a) }
#define MAP_(a)  { .kind = WEIR_T_MAP, .len = N_OF(a) / 2, .u.items = (a) }

static const weir_value_t  two[] = { TEXT("clerk"), TEXT("") };

static const weir_value_t  inner[] = {
    TEXT("deep"), LIST_(two), TEXT("n"), INT_(INT64_MIN),
};

static const weir_value_t  mixed[] = {
    INT_(-1), MAP_(inner), { .kind = WEIR_T_NULL },
    { .kind = WEIR_T_DOUBLE, .u.d = 0.5 }, { .kind = WEIR_T_LIST },
    { .kind = WEIR_T_BOOL, .u.b = true }, { .kind = WEIR_T_BOOL },
};

static const weir_value_t  claims[] = {
    TEXT(""), TEXT("empty name"), TEXT("list"), LIST_(mixed),
    TEXT("map"), MAP_(inner), TEXT("sub"), TEXT("alice"),
};


static weir_token_t
sample(void)
{
    weir_token_t  t;

    memset(&t, 0, sizeof(t));
    t.iss = weir_string("https://id.example/");
    t.sub = weir_string("alice");
    t.tenant = weir_string("acme");
    t.acr = weir_string("urn:mfa");
    t.jti = weir_string("j-1");
    t.kid = weir_string("k1");
    t.roles = (weir_value_t) LIST_(two);
    t.amr = (weir_value_t) LIST_(two);
    t.scopes = (weir_value_t) { .kind = WEIR_T_LIST };
    t.claims = (weir_value_t) MAP_(claims);
    t.exp = 4;
    t.nbf = WEIR_NO_TIME;
    t.iat = 2;
    t.auth_time = 1;
    memset(t.key, 0xaa, sizeof(t.key));
    memset(t.x5t, 0xbb, sizeof(t.x5t));
    t.has_x5t = true;

    return t;
}


static bool
same(const weir_value_t *a, const weir_value_t *b)
{
    uint64_t  i;

    if (a->kind != b->kind || a->rep != b->rep || a->len != b->len
        || b->room != 0)
    {
        return false;
    }

    switch (a->kind) {

    case WEIR_T_STRING:
        return weir_str_eq(weir_v_text(a), weir_v_text(b));

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        for (i = 0; i < held(a); i++) {
            if (!same(&a->u.items[i], &b->u.items[i])) {
                return false;
            }
        }

        return true;

    case WEIR_T_BOOL:
        return a->u.b == b->u.b;

    default:
        return a->u.u == b->u.u;
    }
}


static bool
within(const char *mem, size_t len, const void *p, size_t n)
{
    const char  *at = p;

    return at >= mem && at <= mem + len && n <= (size_t) (mem + len - at);
}


/* Whether all that a value leads to lies in the block. */
static bool
stays(const char *mem, size_t len, const weir_value_t *v, unsigned depth)
{
    uint64_t  i;

    if (v->kind == WEIR_T_STRING) {
        return within(mem, len, v->u.s, v->len);
    }

    if (v->kind != WEIR_T_LIST && v->kind != WEIR_T_MAP) {
        return v->kind == WEIR_T_NULL || v->kind == WEIR_T_INT
               || v->kind == WEIR_T_DOUBLE
               || (v->kind == WEIR_T_BOOL && (v->u.u & 0xff) < 2);
    }

    if (depth > WEIR_MAX_JSON_DEPTH || v->rep != WEIR_REP_VALUES
        || !within(mem, len, v->u.items, held(v) * sizeof(weir_value_t)))
    {
        return false;
    }

    for (i = 0; i < held(v); i++) {
        if (!stays(mem, len, &v->u.items[i], depth + 1)) {
            return false;
        }
    }

    return true;
}


static bool
token_stays(const char *mem, size_t len, const weir_token_t *t)
{
    unsigned    i;
    weir_str_t  text[TEXTS];

    texts_of(t, text);

    for (i = 0; i < TEXTS; i++) {
        if (!within(mem, len, text[i].data, text[i].len)) {
            return false;
        }
    }

    return stays(mem, len, &t->roles, 0) && stays(mem, len, &t->amr, 0)
           && stays(mem, len, &t->scopes, 0)
           && stays(mem, len, &t->claims, 0);
}


/* In memory of its own, so that a step outside is seen. */
static char *
pack(const weir_token_t *t, size_t *len)
{
    char  *mem;

    *len = weir_token_packed(t);
    assert_true(*len != 0);
    mem = malloc(*len);
    assert_non_null(mem);
    weir_token_pack(t, mem);

    return mem;
}


static void
nothing_is_lost(void **state)
{
    char          *mem, *other;
    size_t         len, n;
    weir_token_t   t, u;

    (void) state;

    t = sample();
    mem = pack(&t, &len);
    other = pack(&t, &n);
    assert_int_equal(len, n);
    assert_memory_equal(mem, other, len);

    memset(&u, 0x5a, sizeof(u));
    assert_int_equal(weir_token_unpack(mem, len, &u), WEIR_OK);

    assert_true(weir_str_eq(t.iss, u.iss) && weir_str_eq(t.sub, u.sub));
    assert_true(weir_str_eq(t.tenant, u.tenant) && weir_str_eq(t.acr, u.acr));
    assert_true(weir_str_eq(t.jti, u.jti) && weir_str_eq(t.kid, u.kid));
    assert_true(same(&t.roles, &u.roles) && same(&t.amr, &u.amr));
    assert_true(same(&t.scopes, &u.scopes) && same(&t.claims, &u.claims));
    assert_true(t.exp == u.exp && t.nbf == u.nbf && t.iat == u.iat
                && t.auth_time == u.auth_time);
    assert_memory_equal(t.key, u.key, sizeof(t.key));
    assert_memory_equal(t.x5t, u.x5t, sizeof(t.x5t));
    assert_memory_equal(t.jkt, u.jkt, sizeof(t.jkt));
    assert_true(u.has_x5t && !u.has_jkt);
    assert_true(token_stays(mem, len, &u));

    /* what came out goes in again, to the same bytes */
    free(mem);
    assert_int_equal(weir_token_unpack(other, len, &u), WEIR_OK);
    mem = pack(&u, &n);
    assert_int_equal(len, n);
    assert_int_equal(weir_token_unpack(mem, n, &u), WEIR_OK);
    assert_true(same(&t.claims, &u.claims));

    free(mem);
    free(other);
}


static void
what_cannot_be_packed(void **state)
{
    char           byte;
    size_t         i;
    weir_value_t   bad[2] = { TEXT("k"), INT_(0) }, *many, chain[32];
    weir_token_t   t;

    (void) state;

    t = sample();
    t.claims = (weir_value_t) MAP_(bad);
    assert_true(weir_token_packed(&t) != 0);

    for (i = 0; i < WEIR_T_COUNT; i++) {
        if (i == WEIR_T_NULL || i == WEIR_T_BOOL || i == WEIR_T_INT
            || i == WEIR_T_DOUBLE || i == WEIR_T_STRING || i == WEIR_T_LIST
            || i == WEIR_T_MAP)
        {
            continue;
        }

        bad[1].kind = (uint8_t) i;
        assert_int_equal(weir_token_packed(&t), 0);
        weir_token_pack(&t, &byte);
    }

    bad[1] = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                              .len = 1 };
    assert_int_equal(weir_token_packed(&t), 0);

    /* as deep as JSON may be, and one more */
    memset(chain, 0, sizeof(chain));

    for (i = 0; i < N_OF(chain); i++) {
        chain[i].kind = WEIR_T_LIST;
        chain[i].len = i + 1 < N_OF(chain);
        chain[i].u.items = &chain[i + 1];
    }

    bad[1] = chain[N_OF(chain) - WEIR_MAX_JSON_DEPTH + 1];
    assert_true(weir_token_packed(&t) != 0);
    bad[1] = chain[N_OF(chain) - WEIR_MAX_JSON_DEPTH];
    assert_int_equal(weir_token_packed(&t), 0);

    many = calloc(MAX_VALUES, sizeof(weir_value_t));
    assert_non_null(many);

    for (i = 0; i < MAX_VALUES; i++) {
        many[i].kind = WEIR_T_NULL;
    }

    bad[1] = (weir_value_t) { .kind = WEIR_T_LIST, .len = MAX_VALUES,
                              .u.items = many };
    assert_int_equal(weir_token_packed(&t), 0);
    free(many);

    t = sample();
    t.jti.len = MAX_TEXT;
    assert_int_equal(weir_token_packed(&t), 0);
    t.jti.len = SIZE_MAX;
    assert_int_equal(weir_token_packed(&t), 0);
}


/* Bytes that are refused, or lead to nothing outside of them. */
static weir_rc_t
try(const char *bytes, size_t len)
{
    char          *mem;
    weir_rc_t      rc;
    weir_token_t   t, untouched;

    mem = malloc(len ? len : 1);
    assert_non_null(mem);
    memcpy(mem, bytes, len);
    memset(&untouched, 0x5a, sizeof(t));
    memcpy(&t, &untouched, sizeof(t));

    rc = weir_token_unpack(mem, len, &t);

    if (rc == WEIR_OK) {
        assert_true(token_stays(mem, len, &t));

    } else {
        assert_int_equal(rc, WEIR_ERROR);
        assert_memory_equal(&t, &untouched, sizeof(t));
    }

    free(mem);

    return rc;
}


static void
cut_and_stretched(void **state)
{
    char          *mem, *longer;
    size_t         len, n;
    weir_token_t   t;

    (void) state;

    t = sample();
    mem = pack(&t, &len);
    longer = calloc(1, len + 64);
    assert_non_null(longer);
    memcpy(longer, mem, len);

    for (n = 0; n < len + 64; n++) {
        assert_int_equal(try(longer, n), n == len ? WEIR_OK : WEIR_ERROR);
    }

    free(longer);
    free(mem);
}


static void
any_byte_changed(void **state)
{
    char          *mem, was;
    size_t         len, i, j, good;
    weir_token_t   t;

    static const uint8_t  changes[] = { 0x01, 0x08, 0x40, 0x80, 0xff, 0x02 };

    (void) state;

    t = sample();
    mem = pack(&t, &len);
    good = 0;

    for (i = 0; i < len; i++) {
        was = mem[i];

        for (j = 0; j < sizeof(changes); j++) {
            mem[i] = (char) ((uint8_t) was ^ changes[j]);
            good += try(mem, len) == WEIR_OK;
        }

        mem[i] = was;
    }

    /* most bytes are times, digests and text: any will do */
    assert_true(good > 0 && good < len * sizeof(changes));

    free(mem);
}


/* A block whose values are these, without text. */
static weir_rc_t
try_values(const weir_value_t *v, size_t n)
{
    char    bytes[4096];
    head_t  head;

    memset(&head, 0, sizeof(head));
    head.magic = MAGIC;
    head.values = (uint32_t) n;
    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), v, n * sizeof(*v));

    return try(bytes, sizeof(head) + n * sizeof(*v));
}


#define KIND(k, n)  { .kind = WEIR_T_##k, .len = (n) }
#define LISTS       KIND(LIST, 0), KIND(LIST, 0), KIND(LIST, 0)

static void
values_that_lie(void **state)
{
    size_t        i;
    weir_value_t  chain[64];

    static const struct {
        const char    *title;
        weir_rc_t      rc;
        size_t         n;
        weir_value_t   v[8];
    } cases[] = {
        { "nothing in it", WEIR_OK, 4, { LISTS, KIND(MAP, 0) } },
        { "a pair", WEIR_OK, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, 0), KIND(NULL, 0) } },
        { "no claims", WEIR_ERROR, 3, { LISTS } },
        { "claims are a list", WEIR_ERROR, 4, { LISTS, KIND(LIST, 0) } },
        { "roles are a map", WEIR_ERROR, 4,
          { KIND(MAP, 0), KIND(LIST, 0), KIND(LIST, 0), KIND(MAP, 0) } },
        { "a role is a number", WEIR_ERROR, 5,
          { KIND(LIST, 1), KIND(LIST, 0), KIND(LIST, 0), KIND(MAP, 0),
            KIND(INT, 0) } },
        { "an amr is a number", WEIR_ERROR, 5,
          { KIND(LIST, 0), KIND(LIST, 1), KIND(LIST, 0), KIND(MAP, 0),
            KIND(INT, 0) } },
        { "a scope is a number", WEIR_ERROR, 5,
          { KIND(LIST, 0), KIND(LIST, 0), KIND(LIST, 1), KIND(MAP, 0),
            KIND(INT, 0) } },
        { "a role is a list", WEIR_ERROR, 5,
          { KIND(LIST, 1), KIND(LIST, 0), KIND(LIST, 0), KIND(MAP, 0),
            KIND(LIST, 0) } },
        { "a key is a number", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, 1), KIND(INT, 0), KIND(NULL, 0) } },
        { "a value that nobody has", WEIR_ERROR, 5,
          { LISTS, KIND(MAP, 0), KIND(NULL, 0) } },
        { "half a pair", WEIR_ERROR, 5,
          { LISTS, KIND(MAP, 1), KIND(STRING, 0) } },
        { "more than there is", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, UINT32_MAX), KIND(STRING, 0), KIND(NULL, 0) } },
        { "pairs that wrap", WEIR_ERROR, 4,
          { LISTS, KIND(MAP, 0x80000000u) } },
        { "text that is not there", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, 1), KIND(NULL, 0) } },
        { "text beyond any", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, UINT32_MAX), KIND(NULL, 0) } },
        { "a kind for hosts", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, 0), KIND(IP, 0) } },
        { "an error", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, 0), KIND(ERR, 0) } },
        { "no kind at all", WEIR_ERROR, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, 0), { .kind = 0xee } } },
        { "a map said to be the host's", WEIR_OK, 6,
          { LISTS, KIND(MAP, 1), KIND(STRING, 0),
            { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST } } },
    };

    (void) state;

    for (i = 0; i < N_OF(cases); i++) {
        if (try_values(cases[i].v, cases[i].n) != cases[i].rc) {
            fail_msg("%s", cases[i].title);
        }
    }

    /* a chain of lists, each in the one before: as deep as JSON, and more */
    memset(chain, 0, sizeof(chain));

    for (i = 0; i < N_OF(chain); i++) {
        chain[i].kind = WEIR_T_LIST;
        chain[i].len = i >= 5;
    }

    chain[3] = (weir_value_t) KIND(MAP, 1);
    chain[4] = (weir_value_t) KIND(STRING, 0);

    for (i = 6; i < N_OF(chain); i++) {
        chain[i - 1].len = 0;
        assert_int_equal(try_values(chain, i),
                         i <= 5 + WEIR_MAX_JSON_DEPTH ? WEIR_OK : WEIR_ERROR);
        chain[i - 1].len = 1;
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(what_cannot_be_packed),
        cmocka_unit_test(cut_and_stretched),
        cmocka_unit_test(any_byte_changed),
        cmocka_unit_test(values_that_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
