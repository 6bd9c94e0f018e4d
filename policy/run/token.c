/*
 * token.c: tokens as one block of bytes without addresses, and back.
 *
 * A head, values, text.  The first values are roles, amr, scopes and claims;
 * what a list or map holds follows level by level, so that the order says
 * where each one's entries are.  Texts stand in the order of their lengths:
 * those of the head, then those of the values.  Nothing is left over: a block
 * has one reading, in which every value has one owner.
 */

#include "run/token.h"

#define MAGIC       0x31746b77u         /* "wkt1" */
#define ROOTS       4
#define MAX_VALUES  (4 * WEIR_MAX_CLAIMS)
#define MAX_TEXT    (4 * WEIR_MAX_TOKEN)

enum { ISS, SUB, TENANT, ACR, JTI, KID, TEXTS };

enum { HAS_X5T = 1, HAS_JKT = 2 };

typedef struct {
    uint32_t  magic;
    uint32_t  values;
    uint32_t  len[TEXTS];
    int64_t   exp;
    int64_t   nbf;
    int64_t   iat;
    int64_t   auth_time;
    uint8_t   key[WEIR_SHA256_LEN];
    uint8_t   x5t[WEIR_SHA256_LEN];
    uint8_t   jkt[WEIR_SHA256_LEN];
    uint32_t  flags;
    uint32_t  reserved[3];
} head_t;

_Static_assert(sizeof(head_t) % 16 == 0, "values follow it");

typedef struct {
    size_t  values;
    size_t  text;
} room_t;

typedef struct {
    weir_value_t  *values;
    uint32_t       n;
    char          *text;        /* that nobody has taken yet */
    size_t         left;
} block_t;


static void
texts_of(const weir_token_t *t, weir_str_t text[TEXTS])
{
    text[ISS] = t->iss;
    text[SUB] = t->sub;
    text[TENANT] = t->tenant;
    text[ACR] = t->acr;
    text[JTI] = t->jti;
    text[KID] = t->kid;
}


/* Values that a list or map holds, keys too. */
static inline uint64_t
held(const weir_value_t *v)
{
    return v->kind == WEIR_T_MAP ? 2 * (uint64_t) v->len : v->len;
}


/* false: it cannot be packed. */
static bool
measure(const weir_value_t *v, unsigned depth, room_t *room)
{
    uint64_t  i, n;

    switch (v->kind) {

    case WEIR_T_NULL:
    case WEIR_T_BOOL:
    case WEIR_T_INT:
    case WEIR_T_DOUBLE:
        return true;

    case WEIR_T_STRING:
        room->text += v->len;
        return room->text <= MAX_TEXT;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        n = held(v);

        if (v->rep != WEIR_REP_VALUES || depth == WEIR_MAX_JSON_DEPTH
            || n > MAX_VALUES - room->values)
        {
            return false;
        }

        room->values += n;

        for (i = 0; i < n; i++) {
            if (!measure(&v->u.items[i], depth + 1, room)) {
                return false;
            }
        }

        return true;

    default:
        return false;
    }
}


static bool
measure_token(const weir_token_t *t, room_t *room)
{
    unsigned    i;
    weir_str_t  text[TEXTS];

    room->values = ROOTS;
    room->text = 0;
    texts_of(t, text);

    for (i = 0; i < TEXTS; i++) {
        if (text[i].len > MAX_TEXT - room->text) {
            return false;
        }

        room->text += text[i].len;
    }

    return measure(&t->roles, 0, room) && measure(&t->amr, 0, room)
           && measure(&t->scopes, 0, room) && measure(&t->claims, 0, room);
}


size_t
weir_token_packed(const weir_token_t *t)
{
    room_t  room;

    if (!measure_token(t, &room)) {
        return 0;
    }

    return sizeof(head_t) + room.values * sizeof(weir_value_t) + room.text;
}


static char *
put_text(char *to, const char *text, size_t len)
{
    if (len) {
        memcpy(to, text, len);
    }

    return to + len;
}


/* What is in a slot as it was, and what it held added behind the last. */
static char *
pack_value(char *values, size_t i, size_t *n, char *text)
{
    weir_value_t  v, packed;

    memcpy(&v, values + i * sizeof(v), sizeof(v));
    memset(&packed, 0, sizeof(packed));
    packed.kind = v.kind;

    switch (v.kind) {

    case WEIR_T_BOOL:
        packed.u.u = v.u.b;
        break;

    case WEIR_T_INT:
    case WEIR_T_DOUBLE:
        packed.u.u = v.u.u;
        break;

    case WEIR_T_STRING:
        packed.len = v.len;
        text = put_text(text, v.u.s, v.len);
        break;

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        packed.len = v.len;
        (void) put_text(values + *n * sizeof(v), (const char *) v.u.items,
                        held(&v) * sizeof(v));
        *n += held(&v);
        break;

    default:
        break;
    }

    memcpy(values + i * sizeof(v), &packed, sizeof(v));

    return text;
}


void
weir_token_pack(const weir_token_t *t, void *out)
{
    char          *values, *text;
    head_t         head;
    room_t         room;
    size_t         i, n;
    weir_str_t     texts[TEXTS];
    weir_value_t   roots[ROOTS];

    if (!measure_token(t, &room)) {
        return;
    }

    memset(&head, 0, sizeof(head_t));
    head.magic = MAGIC;
    head.values = (uint32_t) room.values;
    head.exp = t->exp;
    head.nbf = t->nbf;
    head.iat = t->iat;
    head.auth_time = t->auth_time;
    memcpy(head.key, t->key, sizeof(head.key));

    if (t->has_x5t) {
        head.flags |= HAS_X5T;
        memcpy(head.x5t, t->x5t, sizeof(head.x5t));
    }

    if (t->has_jkt) {
        head.flags |= HAS_JKT;
        memcpy(head.jkt, t->jkt, sizeof(head.jkt));
    }

    values = (char *) out + sizeof(head_t);
    text = values + room.values * sizeof(weir_value_t);
    texts_of(t, texts);

    for (i = 0; i < TEXTS; i++) {
        head.len[i] = (uint32_t) texts[i].len;
        text = put_text(text, texts[i].data, texts[i].len);
    }

    memcpy(out, &head, sizeof(head_t));

    roots[0] = t->roles;
    roots[1] = t->amr;
    roots[2] = t->scopes;
    roots[3] = t->claims;
    memcpy(values, roots, sizeof(roots));

    for (i = 0, n = ROOTS; i < n; i++) {
        text = pack_value(values, i, &n, text);
    }
}


static bool
take_text(block_t *b, uint32_t len, const char **out)
{
    if (len > b->left) {
        return false;
    }

    *out = b->text;
    b->text += len;
    b->left -= len;

    return true;
}


/* Gives a list or map the values from *next on. */
static bool
take_values(block_t *b, weir_value_t *v, uint32_t *next)
{
    uint32_t             i;
    const weir_value_t  *items;

    if (held(v) > b->n - *next) {
        return false;
    }

    items = &b->values[*next];

    for (i = 0; v->kind == WEIR_T_MAP && i < v->len; i++) {
        if (items[2 * i].kind != WEIR_T_STRING) {
            return false;
        }
    }

    *next += (uint32_t) held(v);
    v->u.items = items;

    return true;
}


/* Makes a packed value one that may be used, whatever its bytes were. */
static bool
unpack_value(block_t *b, weir_value_t *v, uint32_t *next)
{
    v->rep = WEIR_REP_VALUES;
    v->room = 0;

    switch (v->kind) {

    case WEIR_T_BOOL:
        *v = weir_v_bool(v->u.u != 0);
        return true;

    case WEIR_T_NULL:
    case WEIR_T_INT:
    case WEIR_T_DOUBLE:
        v->len = 0;
        return true;

    case WEIR_T_STRING:
        return take_text(b, v->len, &v->u.s);

    case WEIR_T_LIST:
    case WEIR_T_MAP:
        return take_values(b, v, next);

    default:
        return false;
    }
}


/* Level by level: what a level holds is the next one. */
static bool
unpack_values(block_t *b)
{
    uint32_t  i, next, level, depth;

    next = level = ROOTS;
    depth = 0;

    for (i = 0; i < next; i++) {

        if (i == level) {
            level = next;
            depth++;
        }

        if (depth > WEIR_MAX_JSON_DEPTH
            || !unpack_value(b, &b->values[i], &next))
        {
            return false;
        }
    }

    return next == b->n;
}


static bool
is_texts(const weir_value_t *v)
{
    uint32_t  i;

    for (i = 0; v->kind == WEIR_T_LIST && i < v->len; i++) {
        if (v->u.items[i].kind != WEIR_T_STRING) {
            return false;
        }
    }

    return v->kind == WEIR_T_LIST;
}


weir_rc_t
weir_token_unpack(void *mem, size_t len, weir_token_t *t)
{
    size_t        i;
    head_t       *head;
    block_t       b;
    weir_str_t    text[TEXTS];

    if (len < sizeof(head_t)) {
        return WEIR_ERROR;
    }

    head = mem;
    b.left = len - sizeof(head_t);

    if (head->magic != MAGIC || head->values < ROOTS
        || head->values > b.left / sizeof(weir_value_t))
    {
        return WEIR_ERROR;
    }

    b.values = (weir_value_t *) (head + 1);
    b.n = head->values;
    b.text = (char *) (b.values + b.n);
    b.left -= b.n * sizeof(weir_value_t);

    for (i = 0; i < TEXTS; i++) {
        text[i].len = head->len[i];

        if (!take_text(&b, head->len[i], &text[i].data)) {
            return WEIR_ERROR;
        }
    }

    if (!unpack_values(&b) || b.left != 0 || !is_texts(&b.values[0])
        || !is_texts(&b.values[1]) || !is_texts(&b.values[2])
        || b.values[3].kind != WEIR_T_MAP)
    {
        return WEIR_ERROR;
    }

    t->iss = text[ISS];
    t->sub = text[SUB];
    t->tenant = text[TENANT];
    t->acr = text[ACR];
    t->jti = text[JTI];
    t->kid = text[KID];
    t->roles = b.values[0];
    t->amr = b.values[1];
    t->scopes = b.values[2];
    t->claims = b.values[3];
    t->exp = head->exp;
    t->nbf = head->nbf;
    t->iat = head->iat;
    t->auth_time = head->auth_time;
    t->has_x5t = (head->flags & HAS_X5T) != 0;
    t->has_jkt = (head->flags & HAS_JKT) != 0;
    memcpy(t->key, head->key, sizeof(t->key));
    memcpy(t->x5t, head->x5t, sizeof(t->x5t));
    memcpy(t->jkt, head->jkt, sizeof(t->jkt));

    return WEIR_OK;
}
