/*
 * fuzz_jwt.c: any bytes as a token, as the header and claims of one whose
 * signature is right, as a DPoP proof, and as a packed token; the first byte
 * chooses.
 *
 * What is accepted is what RFC 7515 and the rules let be: of a good token the
 * claims are sorted, its times hold, and packed and unpacked it is the same.
 * What is unpacked leads nowhere but into its own bytes.
 */

#include "base/utf8.h"
#include "run/claims.h"
#include "run/jws.h"
#include "test/fuzz/fuzz.h"
#include "test/tokens.h"

#define MAX_LEN  4096           /* of an input, for tools/fuzz */

typedef struct {
    kit_t         kit;
    weir_image_t  img;
    tk_key_t      key;
    weir_keys_t  *keys;
} world_t;


/* Made once: keys do not change between two inputs. */
static world_t *
world(void)
{
    static world_t     *w;
    weir_img_issuer_t   is;

    static const char *const  revoked[] = {
        "main|jti|gone", "main|sub|mallory", "main|kid|old"
    };

    if (w != NULL) {
        return w;
    }

    w = calloc(1, sizeof(world_t));
    must(w != NULL);
    kit_open(&w->kit);
    is = tk_issuer(&w->kit);
    is.tenant = TK_REFS(&w->kit, "org", "id");
    is.aud = TK_REFS(&w->kit, "a", "b");
    is.claims = TK_REFS(&w->kit, "sub");
    is.keys = WEIR_KEYS_SECRET;
    is.algs = WEIR_ALGS_SECRET;
    weir_build_records(w->kit.b, WEIR_S_ISSUERS, &is, 1);
    tk_revoke(&w->kit, revoked, N_OF(revoked));
    tk_open(&w->kit, &w->img);
    w->key = tk_key(WEIR_ALG_HS256);
    w->keys = tk_keys_of(&w->key, NULL);

    return w;
}


static bool
within(const char *mem, size_t len, const void *p, size_t n)
{
    const char  *at = p;

    return at >= mem && at <= mem + len && n <= (size_t) (mem + len - at);
}


/* What every value of a token is; mem NULL: wherever it lies. */
static void
check_value(const weir_value_t *v, const char *mem, size_t len, unsigned depth)
{
    size_t  i, n;

    must(depth <= WEIR_MAX_JSON_DEPTH + 1);

    switch (v->kind) {

    case WEIR_T_NULL:
    case WEIR_T_BOOL:
    case WEIR_T_INT:
    case WEIR_T_DOUBLE:
        return;

    case WEIR_T_STRING:
        must(mem == NULL || within(mem, len, v->u.s, v->len));
        must(weir_utf8_valid(weir_v_text(v)) || mem != NULL);
        return;

    default:
        must(v->kind == WEIR_T_LIST || v->kind == WEIR_T_MAP);
        must(v->rep == WEIR_REP_VALUES);
        n = v->kind == WEIR_T_MAP ? 2 * (size_t) v->len : v->len;
        must(mem == NULL || within(mem, len, v->u.items, n * sizeof(*v)));

        for (i = 0; i < n; i++) {
            must(v->kind == WEIR_T_LIST || i % 2
                 || v->u.items[i].kind == WEIR_T_STRING);
            check_value(&v->u.items[i], mem, len, depth + 1);
        }
    }
}


static void
check_token(const weir_token_t *t, const char *mem, size_t len)
{
    check_value(&t->claims, mem, len, 0);
    check_value(&t->roles, mem, len, 0);
    check_value(&t->amr, mem, len, 0);
    check_value(&t->scopes, mem, len, 0);
}


static void
check_sorted(const weir_value_t *v)
{
    uint32_t  i, step;

    if (v->kind != WEIR_T_LIST && v->kind != WEIR_T_MAP) {
        return;
    }

    step = v->kind == WEIR_T_MAP ? 2 : 1;

    for (i = 0; i < v->len; i++) {
        must(step == 1 || i == 0
             || weir_str_cmp(weir_v_text(&v->u.items[2 * i - 2]),
                             weir_v_text(&v->u.items[2 * i])) < 0);
        must(step == 1
             || weir_claims_get(v, weir_v_text(&v->u.items[2 * i]))
                == &v->u.items[2 * i + 1]);
        check_sorted(&v->u.items[step * i + step - 1]);
    }
}


/* Packed, unpacked and packed again, it is the same bytes. */
static void
check_packed(const weir_token_t *t)
{
    char          *mem, *again;
    size_t         len;
    weir_token_t   u;

    len = weir_token_packed(t);
    must(len != 0);
    mem = malloc(len);
    again = malloc(len);
    must(mem != NULL && again != NULL);
    weir_token_pack(t, mem);
    memcpy(again, mem, len);

    must(weir_token_unpack(mem, len, &u) == WEIR_OK);
    check_token(&u, mem, len);
    check_sorted(&u.claims);
    must(weir_token_packed(&u) == len);
    must(weir_jwt_again(&u, &world()->img, 0, world()->keys, TK_NOW)
         == WEIR_TOKEN_NONE);

    memset(again, 0, len);
    weir_token_pack(&u, again);
    must(weir_token_unpack(again, len, &u) == WEIR_OK);
    check_token(&u, again, len);

    free(mem);
    free(again);
}


static void
fuzz_token(weir_str_t token)
{
    world_t       *w;
    weir_str_t     iss;
    tk_memory_t    mem = { NULL, 0, 0, 0 };
    weir_memory_t  m = { tk_alloc, &mem };
    weir_token_t   t;

    w = world();
    iss = weir_jwt_peek_issuer(token, &m);

    if (weir_jwt_verify(token, &w->img, 0, w->keys, TK_NOW, &m, &t)
        == WEIR_TOKEN_NONE)
    {
        must(weir_str_eq(t.iss, weir_string(TK_ISS)));
        must(weir_str_eq(t.iss, iss));
        must(t.sub.len != 0 && t.sub.len <= WEIR_MAX_SUBJECT);
        must(t.tenant.len <= WEIR_MAX_TENANT_ID);
        must(t.exp > TK_NOW - 30 && t.exp <= WEIR_MAX_TIME);
        must(t.roles.len <= WEIR_MAX_ROLES && t.amr.len <= WEIR_MAX_ROLES);
        must(t.claims.len <= 256);
        check_token(&t, NULL, 0);
        check_sorted(&t.claims);
        check_packed(&t);
    }

    must(mem.total <= 16 * WEIR_MAX_TOKEN);
    tk_free(&mem);
}


/* Header and claims with a newline between, signed. */
static void
fuzz_signed(const char *data, size_t size)
{
    char        *out;
    const char  *line;
    weir_str_t   header, claims;

    line = memchr(data, '\n', size);

    if (line == NULL) {
        return;
    }

    header = weir_str(data, (size_t) (line - data));
    claims = weir_str(line + 1, size - header.len - 1);

    if (header.len == 0) {
        header = weir_string("{\"alg\":\"HS256\"}");
    }

    out = malloc(TK_ROOM);
    must(out != NULL);
    fuzz_token(tk_token_of(&world()->key, header, claims, out));
    free(out);
}


static void
fuzz_proof(weir_str_t proof)
{
    int64_t        until;
    uint8_t        id[WEIR_SHA256_LEN];
    tk_memory_t    mem = { NULL, 0, 0, 0 };
    weir_memory_t  m = { tk_alloc, &mem };

    (void) weir_dpop_verify(proof, weir_string("GET"),
                            weir_string("https://a/"), weir_string("t"),
                            NULL, WEIR_ALGS_PUBLIC, 30, TK_NOW, &m, id,
                            &until);
    tk_free(&mem);
}


/* The header of a proof, with what follows the newline as its signature. */
static void
fuzz_proof_header(const char *data, size_t size)
{
    char        *out, *p;
    const char  *line;

    line = memchr(data, '\n', size);

    if (line == NULL) {
        return;
    }

    out = malloc(TK_ROOM);
    must(out != NULL);
    p = tk_input(weir_str(data, (size_t) (line - data)), weir_string("{}"),
                 out);
    *p++ = '.';
    p += tk_encode(line + 1, size - (size_t) (line - data) - 1, p);
    fuzz_proof(weir_str(out, (size_t) (p - out)));
    free(out);
}


static void
fuzz_packed(const uint8_t *data, size_t size)
{
    char          *mem;
    weir_token_t   t;

    mem = malloc(size ? size : 1);
    must(mem != NULL);
    memcpy(mem, data, size);

    if (weir_token_unpack(mem, size, &t) == WEIR_OK) {
        check_token(&t, mem, size);
        must(within(mem, size, t.iss.data, t.iss.len));
        must(within(mem, size, t.kid.data, t.kid.len));
        (void) weir_jwt_again(&t, &world()->img, 0, world()->keys, TK_NOW);
    }

    free(mem);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char  *text = (const char *) data + 1;

    if (size == 0 || size > MAX_LEN) {
        return 0;
    }

    size--;

    switch (data[0] % 5) {

    case 0:
        fuzz_token(weir_str(text, size));
        break;

    case 1:
        fuzz_signed(text, size);
        break;

    case 2:
        fuzz_packed(data + 1, size);
        break;

    case 3:
        fuzz_proof(weir_str(text, size));
        break;

    default:
        fuzz_proof_header(text, size);
    }

    return 0;
}
