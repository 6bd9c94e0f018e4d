/*
 * expr.h: a well-typed CEL expression out of a fuzzer's bytes.
 *
 * It is written twice at once: with its constants as literals; and the same,
 * or with each behind tenant.attrs, where no compiler sees what it is, as dyn
 * or with the type it has.  Functions come from the table of overloads.
 */

#ifndef WEIR_TEST_FUZZ_EXPR_H
#define WEIR_TEST_FUZZ_EXPR_H

#include <stdarg.h>
#include <stdio.h>
#include "base/ip.h"
#include "base/time.h"
#include "front/cel_type.h"
#include "image/attrs.h"
#include "image/functions.h"
#include "run/value.h"
#include "test/fuzz/fuzz.h"

#define EXPR_MAX     4096       /* bytes of a text */
#define EXPR_NODES   10
#define EXPR_DEPTH   5
#define EXPR_HIDDEN  48         /* constants behind tenant.attrs */
#define EXPR_VARS    8          /* of macros, in scope */
#define EXPR_TYPES   256

enum { EXPR_PLAIN, EXPR_OTHER, EXPR_TEXTS };

/* what constants are in the other text */
typedef enum {
    EXPR_LITERAL,
    EXPR_DYN,
    EXPR_TYPED,
    EXPR_HOWS
} expr_how_t;

/* A row of weir_fns with its signature as types. */
typedef struct {
    const weir_type_t  *args[4];
    const weir_type_t  *result;
    bool                used;   /* the generator may call it */
} expr_fn_t;

typedef struct {
    weir_arena_t       *arena;
    expr_fn_t           fns[WEIR_FN_COUNT];
    const weir_type_t  *attrs[WEIR_A_COUNT];
} expr_table_t;

typedef struct {
    const expr_table_t  *table;
    bytes_t              in;
    expr_how_t           how;
    char                 text[EXPR_TEXTS][EXPR_MAX];
    size_t               len[EXPR_TEXTS];
    bool                 full;
    bool                 loose; /* something in it has no type of its own */
    unsigned             nodes;
    weir_value_t         hidden[2 * EXPR_HIDDEN];   /* key, value, ... */
    char                 names[EXPR_HIDDEN][4];
    weir_ip_t            ips[EXPR_HIDDEN];
    unsigned             nhidden;
    const weir_type_t   *vars[EXPR_VARS];
    unsigned             nvars;
    weir_type_t          types[EXPR_TYPES];
    unsigned             ntypes;
} expr_t;

/* literals by kind; strings and keys in the order of their bytes */
static const char *const  expr_ints[] = {
    "0", "1", "2", "3", "-1", "7", "10", "60", "255", "1000",
    "-9223372036854775808", "9223372036854775807", "4611686018427387904",
    "9007199254740993", "253402300799", "253402300800", "-62135596800",
    "-62135596801", "2147483648", "-2147483649", "86400"
};
static const char *const  expr_uints[] = {
    "0u", "1u", "2u", "3u", "7u", "10u", "255u", "18446744073709551615u",
    "9223372036854775808u", "9007199254740993u", "4294967296u"
};
static const char *const  expr_doubles[] = {
    "0.0", "1.0", "-0.0", "1.5", "-1.5", "0.5", "2.5", "1e308", "-1e308",
    "5e-324", "9223372036854775807.0", "-9223372036854775808.0",
    "18446744073709551616.0", "9007199254740993.0", "0.1", "1e21", "1e-7",
    "inf", "-inf", "nan"
};
static const char *const  expr_strings[] = {
    "", "a", "b", "ab", "aXbX", "abc", " ", "0", "1", "-1", "1u", "0x10",
    "1.5", "1e400", "-0.0", "NaN", "Infinity", "true", "FALSE", "T",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32",
    "::ffff:10.0.0.1", "10.0.0.01", "1h30m", "-1.5s", "1ns", "0", "10000000h",
    "2009-02-13T23:31:30Z", "2009-02-13T23:31:30.123456789+14:00",
    "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z", "UTC", "+02:00",
    "\xc3\xa9", "\xf0\x9f\x98\x80x", "\xe6\x97\xa5\xe6\x9c\xac", "%s",
    "%d %s", "aGk=", "aGk", "%%", "a,b,,c", ("\xc3\x89" "A")
};
static const char *const  expr_bytes[] = {
    "", "a", "ab", "\xff", "\xc3\xa9", "abc", "\xc3", "a\x01z"
};
static const char *const  expr_times[] = {
    "1970-01-01T00:00:00Z", "2009-02-13T23:31:30Z",
    "2024-02-29T12:00:00.5Z", "9999-12-31T23:59:59.999999999Z",
    "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z",
    "2009-02-13T23:31:30.123456789-08:00", "2000-12-31T23:59:59Z"
};
static const char *const  expr_durations[] = {
    "0s", "1s", "-1s", "1h30m", "-1.5s", "1ns", "-1ns", "315576000000s",
    "-315576000000s", "1ms", "24h", "2562047h"
};
static const char *const  expr_ips[] = {
    "10.0.0.1", "::1", "127.0.0.1", "ff02::1", "2001:db8::1",
    "0.0.0.0", "fe80::1", "224.0.0.1", "255.255.255.255"
};
static const char *const  expr_cidrs[] = {
    "10.0.0.0/8", "0.0.0.0/0", "::/0", "10.0.0.1/32", "2001:db8::/32",
    "::1/128"
};
static const char *const  expr_patterns[] = {
    "a", "^a", "b$", "^[a-z]*$", "(?i)AB", ".", "", "x+|y", "^\\\\p{L}+$",
    "[^a]"
};
static const char *const  expr_keys[] = { "a", "ab", "b", "k", "zz" };
/* those of TZDIR in tools/fuzz */
static const char *const  expr_zones[] = {
    "", "UTC", "+05:30", "-11:59", "Dublin", "Sydney"
};

static const char *const  expr_permissions[] = { "a:b", "orders:read" };

static const uint8_t  expr_scalars[] = {
    WEIR_T_INT, WEIR_T_STRING, WEIR_T_BOOL, WEIR_T_DOUBLE, WEIR_T_UINT,
    WEIR_T_BYTES, WEIR_T_TIMESTAMP, WEIR_T_DURATION, WEIR_T_NULL, WEIR_T_IP,
    WEIR_T_CIDR, WEIR_T_TYPE
};
static const uint8_t  expr_key_kinds[] = {
    WEIR_T_STRING, WEIR_T_INT, WEIR_T_UINT, WEIR_T_BOOL
};

#define expr_any(x, list)                                                     \
    ((list)[take_byte(&(x)->in) % (sizeof(list) / sizeof((list)[0]))])

static void expr_of(expr_t *x, const weir_type_t *t, unsigned depth);
static void expr_arg(expr_t *x, const weir_type_t *t, unsigned depth);


static inline bool
expr_is_free(const weir_type_t *t)
{
    unsigned  i;

    if (t->kind == WEIR_T_CIDRS || t->kind == WEIR_T_REGEX) {
        return false;
    }

    for (i = 0; i < t->nargs; i++) {
        if (!expr_is_free(t->arg[i])) {
            return false;
        }
    }

    return true;
}


static inline const weir_type_t *
expr_parse(weir_arena_t *a, const char *s)
{
    uint32_t            n;
    const weir_type_t  *t;

    n = 0;
    t = weir_type_parse(a, &s, &n);
    must(t != NULL);

    return t;
}


static inline void
expr_row(expr_table_t *table, unsigned row)
{
    uint32_t               n;
    unsigned               i;
    expr_fn_t             *fn;
    const char            *p;
    const weir_fn_info_t  *info;

    fn = &table->fns[row];
    info = &weir_fns[row];
    fn->used = true;
    fn->result = &weir_types[info->result];
    p = info->generic;
    n = 0;

    for (i = 0; i < info->nargs; i++) {
        fn->args[i] = &weir_types[info->args[i]];

        if (info->generic[0] != '\0') {
            fn->args[i] = weir_type_parse(table->arena, &p, &n);
            must(fn->args[i] != NULL);
            p++;
        }

        fn->used = fn->used && expr_is_free(fn->args[i]);
    }

    if (info->generic[0] != '\0') {
        p += info->nargs == 0;
        fn->result = weir_type_parse(table->arena, &p, &n);
        must(fn->result != NULL);
    }

    /*
     * dyn is asked for nowhere: a row that gives it is put around others.  The
     * rows that hasPermission() and flags become cannot be written.
     */
    fn->used = fn->used && fn->result->kind != WEIR_T_DYN
               && expr_is_free(fn->result)
               && row != WEIR_FN_HAS_PERMISSION_OF
               && row != WEIR_FN_ROLLOUT_OF;
}


static inline void
expr_table(expr_table_t *table)
{
    unsigned  i;

    memset(table, 0, sizeof(expr_table_t));
    table->arena = weir_arena_create();
    must(table->arena != NULL);

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        expr_row(table, i);
    }

    for (i = 0; i < WEIR_A_COUNT; i++) {
        table->attrs[i] = expr_parse(table->arena, weir_attrs[i].type);
    }
}


static inline void
expr_put(expr_t *x, unsigned which, const char *s, size_t n)
{
    if (n > EXPR_MAX - x->len[which]) {
        x->full = true;
        return;
    }

    memcpy(x->text[which] + x->len[which], s, n);
    x->len[which] += n;
}


/* To all texts. */
static inline void
expr_say(expr_t *x, const char *s)
{
    unsigned  i;

    for (i = 0; i < EXPR_TEXTS; i++) {
        expr_put(x, i, s, strlen(s));
    }
}


static inline const weir_type_t *
expr_type(expr_t *x, weir_kind_t kind, const weir_type_t *a,
    const weir_type_t *b)
{
    weir_type_t  *t;

    if (x->ntypes == EXPR_TYPES) {
        x->full = true;
        return &weir_types[WEIR_T_BOOL];
    }

    t = &x->types[x->ntypes++];
    t->kind = (uint8_t) kind;
    t->nargs = (uint8_t) ((a != NULL) + (b != NULL));
    t->arg[0] = a;
    t->arg[1] = b;

    return t;
}


static inline const weir_type_t *
expr_key_type(expr_t *x)
{
    return &weir_types[expr_any(x, expr_key_kinds)];
}


static inline const weir_type_t *
expr_any_type(expr_t *x, unsigned depth)
{
    unsigned            c;
    const weir_type_t  *key;

    c = take_byte(&x->in) % 32;

    if (depth == 0 || c < 24) {
        return &weir_types[expr_scalars[c % sizeof(expr_scalars)]];
    }

    if (c < 27) {
        return expr_type(x, WEIR_T_LIST, expr_any_type(x, depth - 1), NULL);
    }

    if (c < 30) {
        key = expr_key_type(x);
        return expr_type(x, WEIR_T_MAP, key, expr_any_type(x, depth - 1));
    }

    return expr_type(x, WEIR_T_OPTIONAL, expr_any_type(x, depth - 1), NULL);
}


/* A string or bytes between quotes, each odd byte escaped. */
static inline void
expr_quote(char *out, const char *s, bool bytes)
{
    size_t  n;

    n = 0;
    out[n++] = bytes ? 'b' : '"';

    if (bytes) {
        out[n++] = '"';
    }

    for ( /* void */ ; *s != '\0'; s++) {
        if (bytes && ((unsigned char) *s < ' ' || (unsigned char) *s > 126)) {
            n += (size_t) sprintf(out + n, "\\x%02x", (unsigned char) *s);

        } else {
            out[n++] = *s;
        }
    }

    out[n++] = '"';
    out[n] = '\0';
}


static inline const char *
expr_identity(unsigned kind)
{
    switch (kind) {
    case WEIR_T_BOOL:       return "bool";
    case WEIR_T_INT:        return "int";
    case WEIR_T_UINT:       return "uint";
    case WEIR_T_DOUBLE:     return "double";
    case WEIR_T_STRING:     return "string";
    case WEIR_T_BYTES:      return "bytes";
    case WEIR_T_TIMESTAMP:  return "timestamp";
    case WEIR_T_DURATION:   return "duration";
    default:                return "";
    }
}


/* A constant: its literal in the one text, what it is in the other. */
static inline void
expr_const(expr_t *x, const char *literal, weir_value_t v)
{
    char      ref[64];
    unsigned  n;

    n = x->nhidden;

    if (x->how == EXPR_LITERAL || n == EXPR_HIDDEN) {
        expr_say(x, literal);
        return;
    }

    (void) snprintf(x->names[n], sizeof(x->names[n]), "c%u", n);
    x->hidden[2 * n] = weir_v_str(weir_cstr(x->names[n]));
    x->hidden[2 * n + 1] = v;
    x->nhidden++;

    (void) snprintf(ref, sizeof(ref), "%s(tenant.attrs.c%u)",
                    x->how == EXPR_TYPED ? expr_identity(v.kind) : "", n);
    expr_put(x, EXPR_PLAIN, literal, strlen(literal));
    expr_put(x, EXPR_OTHER, ref, strlen(ref));
}


static inline void
expr_number(expr_t *x, unsigned kind)
{
    char           literal[64];
    const char    *s;
    weir_value_t   v = { .kind = (uint8_t) kind };

    if (kind == WEIR_T_INT) {
        s = expr_any(x, expr_ints);
        v.u.i = strtoll(s, NULL, 10);

    } else if (kind == WEIR_T_UINT) {
        s = expr_any(x, expr_uints);
        v.u.u = strtoull(s, NULL, 10);

    } else {
        s = expr_any(x, expr_doubles);
        v.u.d = strtod(s, NULL);
        s = strcmp(s, "nan") == 0 ? "0.0 / 0.0" : strcmp(s, "inf") == 0
            ? "1.0 / 0.0" : strcmp(s, "-inf") == 0 ? "-1.0 / 0.0" : s;
    }

    (void) snprintf(literal, sizeof(literal), "(%s)", s);
    expr_const(x, literal, v);
}


static inline void
expr_text(expr_t *x, unsigned kind)
{
    char         literal[256];
    const char  *s;
    weir_value_t v;

    s = kind == WEIR_T_STRING ? expr_any(x, expr_strings)
                              : expr_any(x, expr_bytes);
    v = weir_v_str(weir_cstr(s));
    v.kind = (uint8_t) kind;
    expr_quote(literal, s, kind == WEIR_T_BYTES);
    expr_const(x, literal, v);
}


/* timestamp duration net.IP net.CIDR */
static inline void
expr_parsed(expr_t *x, unsigned kind)
{
    char          literal[128];
    int32_t       nsec;
    const char   *s, *fn;
    weir_cidr_t   cidr;
    weir_value_t  v = { .kind = (uint8_t) kind };

    memset(&cidr, 0, sizeof(cidr));

    switch (kind) {

    case WEIR_T_TIMESTAMP:
        fn = "timestamp";
        s = expr_any(x, expr_times);
        must(weir_time_parse(weir_cstr(s), &v.u.i, &v.len) == WEIR_OK);
        break;

    case WEIR_T_DURATION:
        fn = "duration";
        s = expr_any(x, expr_durations);
        must(weir_duration_parse(weir_cstr(s), &v.u.i, &nsec) == WEIR_OK);
        v.len = (uint32_t) nsec;
        break;

    case WEIR_T_IP:
        fn = "ip";
        s = expr_any(x, expr_ips);
        must(weir_ip_parse(weir_cstr(s), &cidr.ip) == WEIR_OK);
        break;

    default:
        fn = "cidr";
        s = expr_any(x, expr_cidrs);
        must(weir_cidr_parse(weir_cstr(s), &cidr) == WEIR_OK);
        v.len = cidr.bits;
    }

    if (x->nhidden < EXPR_HIDDEN
        && (kind == WEIR_T_IP || kind == WEIR_T_CIDR))
    {
        x->ips[x->nhidden] = cidr.ip;
        v.u.ip = &x->ips[x->nhidden];
    }

    (void) snprintf(literal, sizeof(literal), "%s(\"%s\")", fn, s);
    expr_const(x, literal, v);
}


static inline void
expr_type_name(expr_t *x)
{
    static const uint8_t  kinds[] = {
        WEIR_T_INT, WEIR_T_UINT, WEIR_T_DOUBLE, WEIR_T_BOOL, WEIR_T_STRING,
        WEIR_T_BYTES, WEIR_T_LIST, WEIR_T_MAP, WEIR_T_NULL, WEIR_T_TYPE
    };

    weir_value_t  v = { .kind = WEIR_T_TYPE };

    v.u.i = expr_any(x, kinds);
    expr_const(x, weir_kind_name((unsigned) v.u.i), v);
}


static inline void
expr_scalar(expr_t *x, unsigned kind)
{
    bool  b;

    switch (kind) {

    case WEIR_T_BOOL:
        b = take_byte(&x->in) % 2;
        expr_const(x, b ? "true" : "false", weir_v_bool(b));
        return;

    case WEIR_T_INT:
    case WEIR_T_UINT:
    case WEIR_T_DOUBLE:
        expr_number(x, kind);
        return;

    case WEIR_T_STRING:
    case WEIR_T_BYTES:
        expr_text(x, kind);
        return;

    case WEIR_T_NULL:
        expr_const(x, "null", (weir_value_t) { .kind = WEIR_T_NULL });
        return;

    case WEIR_T_TYPE:
        expr_type_name(x);
        return;

    default:
        expr_parsed(x, kind);
    }
}


/* Elements of a list or map: seldom none, and one where the input ended. */
static inline unsigned
expr_count(expr_t *x)
{
    bool      last;
    unsigned  c;

    last = x->in.left == 0;
    c = take_byte(&x->in);

    return c % 16 == 15 ? 0 : last ? 1 : 1 + c % 3;
}


/* Keys in the order of an image, so that it is the same in every text. */
static inline void
expr_map(expr_t *x, const weir_type_t *t, unsigned depth)
{
    char      key[16];
    unsigned  i, n, at, most;

    n = expr_count(x);
    at = take_byte(&x->in) % 2;
    most = t->arg[0]->kind == WEIR_T_BOOL ? 2 : 5;
    x->loose = x->loose || n == 0;
    expr_say(x, "{");

    for (i = 0; i < n && at < most; i++) {
        expr_say(x, i ? ", " : "");

        switch (t->arg[0]->kind) {

        case WEIR_T_STRING:
            (void) snprintf(key, sizeof(key), "\"%s\"", expr_keys[at]);
            expr_const(x, key, weir_v_str(weir_cstr(expr_keys[at])));
            break;

        case WEIR_T_INT:
            (void) snprintf(key, sizeof(key), "%d", (int) at - 1);
            expr_const(x, key, weir_v_int((int) at - 1));
            break;

        case WEIR_T_UINT:
            (void) snprintf(key, sizeof(key), "%uu", at);
            expr_const(x, key, (weir_value_t) { .kind = WEIR_T_UINT,
                                                .u.u = at });
            break;

        default:
            expr_const(x, at % 2 ? "true" : "false", weir_v_bool(at % 2));
        }

        expr_say(x, ": ");
        expr_of(x, t->arg[1], depth);

        /* rarely the same key again */
        at += take_byte(&x->in) % 16 != 15;
    }

    expr_say(x, "}");
}


static inline void
expr_list(expr_t *x, const weir_type_t *t, unsigned depth)
{
    unsigned           i, n;
    const weir_type_t *maybe;

    n = expr_count(x);
    x->loose = x->loose || n == 0;
    expr_say(x, "[");

    for (i = 0; i < n; i++) {
        expr_say(x, i ? ", " : "");

        if (depth > 0 && take_byte(&x->in) % 16 == 15) {
            maybe = expr_type(x, WEIR_T_OPTIONAL, t->arg[0], NULL);
            expr_say(x, "?");
            expr_of(x, maybe, depth);
            continue;
        }

        expr_of(x, t->arg[0], depth);
    }

    expr_say(x, "]");
}


/* A variable or an attribute of the type; false: there is none. */
static inline bool
expr_name(expr_t *x, const weir_type_t *t)
{
    char      name[8];
    unsigned  i, at, c;

    c = take_byte(&x->in);

    if (c % 2 == 0 && x->nvars > 0) {
        at = c / 2;

        for (i = 0; i < x->nvars; i++) {
            if (weir_type_same(x->vars[(at + i) % x->nvars], t)) {
                (void) snprintf(name, sizeof(name), "v%u",
                                (at + i) % x->nvars);
                expr_say(x, name);
                return true;
            }
        }
    }

    if (c % 4 == 3) {
        at = take_byte(&x->in);

        for (i = 0; i < WEIR_A_COUNT; i++) {
            if (weir_type_same(x->table->attrs[(at + i) % WEIR_A_COUNT], t)) {
                expr_say(x, weir_attrs[(at + i) % WEIR_A_COUNT].name);
                return true;
            }
        }
    }

    return false;
}


static inline void
expr_leaf(expr_t *x, const weir_type_t *t)
{
    if (expr_name(x, t)) {
        return;
    }

    switch (t->kind) {

    case WEIR_T_LIST:
        expr_list(x, t, 0);
        return;

    case WEIR_T_MAP:
        expr_map(x, t, 0);
        return;

    case WEIR_T_OPTIONAL:
        if (take_byte(&x->in) % 4 == 3) {
            expr_say(x, "optional.none()");
            x->loose = true;
            return;
        }

        expr_say(x, "optional.of(");
        expr_leaf(x, t->arg[0]);
        expr_say(x, ")");
        return;

    default:
        expr_scalar(x, t->kind);
    }
}


/* Names a variable more; who binds it sets nvars back. */
static inline void
expr_bind(expr_t *x, const weir_type_t *t)
{
    char  name[8];

    (void) snprintf(name, sizeof(name), "v%u", x->nvars);
    expr_say(x, name);
    x->vars[x->nvars++] = t;
}


/*
 * A macro with its range, up to its variables: "[1].all(v0, ".  Of a list one
 * variable is the element, of a map the key.
 */
static inline void
expr_loop(expr_t *x, const char *macro, bool two, unsigned depth)
{
    const weir_type_t  *t, *key;

    t = expr_any_type(x, 1);

    if (take_byte(&x->in) % 3 == 2) {
        key = expr_key_type(x);
        expr_arg(x, expr_type(x, WEIR_T_MAP, key, t), depth);

    } else {
        key = two ? &weir_types[WEIR_T_INT] : t;
        expr_arg(x, expr_type(x, WEIR_T_LIST, t, NULL), depth);
    }

    expr_say(x, macro);
    expr_bind(x, key);
    expr_say(x, ", ");

    if (two) {
        expr_bind(x, t);
        expr_say(x, ", ");
    }
}


/* Macros that give what is wanted; false: none does. */
static inline bool
expr_macro(expr_t *x, const weir_type_t *t, unsigned depth)
{
    bool      when;
    unsigned  c, vars;

    static const char *const  tests[] = {
        ".all(", ".exists(", ".exists_one(", ".existsOne("
    };
    const weir_type_t *const  boolean = &weir_types[WEIR_T_BOOL];

    vars = x->nvars;
    c = take_byte(&x->in);
    when = c % 2;

    if (vars + 2 > EXPR_VARS) {
        return false;
    }

    if (t->kind == WEIR_T_BOOL) {
        expr_loop(x, tests[c / 2 % 4], when, depth);
        expr_of(x, boolean, depth);

    } else if (t->kind == WEIR_T_LIST) {
        expr_loop(x, c % 4 < 2 ? ".map(" : ".transformList(", c % 4 >= 2,
                  depth);

        if (when) {
            expr_of(x, boolean, depth);
            expr_say(x, ", ");
        }

        expr_of(x, t->arg[0], depth);

    } else if (t->kind == WEIR_T_MAP) {
        /* the keys are those of its range: a map */
        expr_arg(x, expr_type(x, WEIR_T_MAP, t->arg[0], boolean), depth);
        expr_say(x, ".transformMap(");
        expr_bind(x, t->arg[0]);
        expr_say(x, ", ");
        expr_bind(x, boolean);
        expr_say(x, ", ");

        if (when) {
            expr_of(x, boolean, depth);
            expr_say(x, ", ");
        }

        expr_of(x, t->arg[1], depth);

    } else {
        return false;
    }

    expr_say(x, ")");
    x->nvars = vars;

    return true;
}


/* cel.bind(), optMap(), and filter() of a list */
static inline bool
expr_binder(expr_t *x, const weir_type_t *t, unsigned depth)
{
    bool                flat;
    unsigned            vars;
    const weir_type_t  *of;

    vars = x->nvars;

    if (vars == EXPR_VARS) {
        return false;
    }

    of = expr_any_type(x, 2);

    if (t->kind == WEIR_T_OPTIONAL && take_byte(&x->in) % 2) {
        expr_arg(x, expr_type(x, WEIR_T_OPTIONAL, of, NULL), depth);
        flat = take_byte(&x->in) % 2;
        expr_say(x, flat ? ".optFlatMap(" : ".optMap(");
        expr_bind(x, of);
        expr_say(x, ", ");
        expr_of(x, flat ? t : t->arg[0], depth);

    } else if (t->kind == WEIR_T_LIST && take_byte(&x->in) % 2) {
        expr_arg(x, t, depth);
        expr_say(x, ".filter(");
        expr_bind(x, t->arg[0]);
        expr_say(x, ", ");
        expr_of(x, &weir_types[WEIR_T_BOOL], depth);

    } else {
        expr_say(x, "cel.bind(");
        expr_bind(x, of);
        expr_say(x, ", ");
        x->nvars--;
        expr_of(x, of, depth);
        x->vars[x->nvars++] = of;
        expr_say(x, ", ");
        expr_of(x, t, depth);
    }

    expr_say(x, ")");
    x->nvars = vars;

    return true;
}


/* m.k, m.?k, has(m.k) */
static inline void
expr_field(expr_t *x, const weir_type_t *t, unsigned depth)
{
    const weir_type_t  *map, *of;

    of = t->kind == WEIR_T_BOOL ? expr_any_type(x, 1)
         : t->kind == WEIR_T_OPTIONAL ? t->arg[0] : t;
    map = expr_type(x, WEIR_T_MAP, &weir_types[WEIR_T_STRING], of);

    expr_say(x, t->kind == WEIR_T_BOOL ? "has((" : "(");
    expr_of(x, map, depth);
    expr_say(x, t->kind == WEIR_T_OPTIONAL ? ").?" : ").");
    expr_say(x, expr_any(x, expr_keys));
    expr_say(x, t->kind == WEIR_T_BOOL ? ")" : "");
}


/* Whether a signature gives the type; its variables get bound. */
static inline bool
expr_gives(const weir_type_t *sig, const weir_type_t *t,
    const weir_type_t **bound)
{
    unsigned  i;

    if (sig->kind == WEIR_T_VAR) {
        if (bound[sig->var] == NULL) {
            bound[sig->var] = t;
        }

        return weir_type_same(bound[sig->var], t);
    }

    if (sig->kind != t->kind || sig->nargs != t->nargs) {
        return sig->kind == t->kind && sig->kind == WEIR_T_TYPE;
    }

    for (i = 0; i < sig->nargs; i++) {
        if (!expr_gives(sig->arg[i], t->arg[i], bound)) {
            return false;
        }
    }

    return true;
}


/* Keys of maps that are free yet are bound to what can be one. */
static inline bool
expr_bind_keys(expr_t *x, const weir_type_t *sig, const weir_type_t **bound)
{
    unsigned            i;
    const weir_type_t  *key;

    if (sig->kind == WEIR_T_MAP && sig->arg[0]->kind == WEIR_T_VAR) {
        key = bound[sig->arg[0]->var];

        if (key == NULL) {
            bound[sig->arg[0]->var] = expr_key_type(x);

        } else if (memchr(expr_key_kinds, key->kind, sizeof(expr_key_kinds))
                   == NULL)
        {
            return false;
        }
    }

    for (i = 0; i < sig->nargs; i++) {
        if (!expr_bind_keys(x, sig->arg[i], bound)) {
            return false;
        }
    }

    return true;
}


static inline const weir_type_t *
expr_instance(expr_t *x, const weir_type_t *sig, const weir_type_t **bound)
{
    const weir_type_t  *arg[2] = { NULL, NULL };

    if (sig->kind == WEIR_T_DYN) {
        return expr_any_type(x, 2);
    }

    if (sig->kind == WEIR_T_VAR) {
        if (bound[sig->var] == NULL) {
            bound[sig->var] = expr_any_type(x, 2);
        }

        return bound[sig->var];
    }

    if (sig->nargs == 0) {
        return sig;
    }

    arg[0] = expr_instance(x, sig->arg[0], bound);

    if (sig->nargs > 1) {
        arg[1] = expr_instance(x, sig->arg[1], bound);
    }

    return expr_type(x, (weir_kind_t) sig->kind, arg[0], arg[1]);
}


/* An argument in parentheses; some are dyn to the checker. */
static void
expr_arg(expr_t *x, const weir_type_t *t, unsigned depth)
{
    expr_say(x, take_byte(&x->in) % 32 == 31 ? "dyn(" : "(");
    expr_of(x, t, depth);
    expr_say(x, ")");
}


/* Patterns, zones, permissions must be constant: literals in every text. */
static inline bool
expr_is_fixed(unsigned row, unsigned i)
{
    unsigned  name;

    name = weir_fns[row].name;

    return name == WEIR_N_HAS_PERMISSION
           || (i == 1 && weir_fns[row].args[1] == WEIR_T_STRING
               && (name == WEIR_N_MATCHES || name == WEIR_N_M_MATCHES
                   || weir_fns[row].args[0] == WEIR_T_TIMESTAMP));
}


/* A literal without elements is refused here. */
static inline bool
expr_is_extreme(unsigned row)
{
    unsigned  name;

    name = weir_fns[row].name;

    return weir_fns[row].args[0] == WEIR_T_LIST
           && (name == WEIR_N_GREATEST || name == WEIR_N_LEAST);
}


static inline void
expr_fixed(expr_t *x, unsigned row)
{
    expr_say(x, "\"");
    expr_say(x, weir_fns[row].args[0] == WEIR_T_TIMESTAMP
                ? expr_any(x, expr_zones)
                : weir_fns[row].name == WEIR_N_HAS_PERMISSION
                ? expr_any(x, expr_permissions)
                : expr_any(x, expr_patterns));
    expr_say(x, "\"");
}


/* An argument of a row, which may ask for dyn and nothing else. */
static inline void
expr_operand(expr_t *x, unsigned row, unsigned i, const weir_type_t *t,
    unsigned depth)
{
    if (x->table->fns[row].args[i]->kind == WEIR_T_DYN) {
        expr_say(x, "dyn(");
        expr_of(x, t, depth);
        expr_say(x, ")");
        return;
    }

    expr_arg(x, t, depth);
}


/* Operators are as in the table: "_+_", "!_", "_[_]"; ".f" is a method. */
static inline void
expr_call(expr_t *x, unsigned row, const weir_type_t *const *args,
    unsigned depth)
{
    char         c[2] = "";
    bool         operator;
    unsigned     i, n, first;
    const char  *name;

    name = weir_fn_name(weir_fns[row].name);
    n = weir_fns[row].nargs;
    operator = strchr("_!-@", name[0]) != NULL;
    x->loose = x->loose || n == 0;

    if (strcmp(name, "@in") == 0) {
        name = "_ in _";
    }

    if (operator) {
        for (i = 0; *name != '\0'; name++) {
            c[0] = *name;

            if (*name == '_') {
                expr_operand(x, row, i, args[i], depth);
                i++;

            } else {
                expr_say(x, c);
            }
        }

        return;
    }

    i = 0;

    if (name[0] == '.') {
        expr_operand(x, row, i, args[i], depth);
        i++;
    }

    expr_say(x, name);
    expr_say(x, "(");

    for (first = i; i < n; i++) {
        expr_say(x, i > first ? ", " : "");

        if (expr_is_fixed(row, i)) {
            expr_fixed(x, row);
            continue;
        }

        expr_operand(x, row, i, args[i], depth);

        if (expr_is_extreme(row)) {
            expr_say(x, " + ");
            expr_arg(x, args[i], depth);
        }
    }

    expr_say(x, ")");
}


/* A call of the first overload, from one that a byte chooses, that fits. */
static inline bool
expr_function(expr_t *x, const weir_type_t *t, unsigned depth)
{
    bool                fits;
    unsigned            at, i, k, row;
    const expr_fn_t    *fn;
    const weir_type_t  *args[4], *bound[26];

    at = take_byte(&x->in) << 8;
    at += take_byte(&x->in);

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        row = (at + i) % WEIR_FN_COUNT;
        fn = &x->table->fns[row];
        memset(bound, 0, sizeof(bound));

        if (!fn->used || !expr_gives(fn->result, t, bound)) {
            continue;
        }

        fits = true;

        for (k = 0; k < weir_fns[row].nargs && fits; k++) {
            fits = expr_bind_keys(x, fn->args[k], bound);
        }

        if (!fits) {
            continue;
        }

        for (k = 0; k < weir_fns[row].nargs; k++) {
            args[k] = expr_instance(x, fn->args[k], bound);
        }

        expr_call(x, row, args, depth);

        return true;
    }

    return false;
}


static inline void
expr_logic(expr_t *x, unsigned depth)
{
    expr_arg(x, &weir_types[WEIR_T_BOOL], depth);
    expr_say(x, take_byte(&x->in) % 2 ? " && " : " || ");
    expr_arg(x, &weir_types[WEIR_T_BOOL], depth);
}


static void
expr_of(expr_t *x, const weir_type_t *t, unsigned depth)
{
    bool  done;

    if (depth == 0 || x->nodes >= EXPR_NODES || x->in.left == 0 || x->full) {
        expr_leaf(x, t);
        return;
    }

    depth--;
    x->nodes++;
    done = true;

    switch (take_byte(&x->in) % 16) {

    case 0:
    case 1:
    case 2:
        done = false;
        break;

    case 3:
        expr_arg(x, &weir_types[WEIR_T_BOOL], depth);
        expr_say(x, " ? ");
        expr_arg(x, t, depth);
        expr_say(x, " : ");
        expr_arg(x, t, depth);
        break;

    case 4:
        done = expr_binder(x, t, depth);
        break;

    case 5:
    case 6:
        done = expr_macro(x, t, depth);
        break;

    case 7:
        expr_field(x, t, depth);
        break;

    case 8:
        done = t->kind == WEIR_T_BOOL;

        if (done) {
            expr_logic(x, depth);

        } else if (t->kind == WEIR_T_LIST) {
            expr_list(x, t, depth);
            done = true;

        } else if (t->kind == WEIR_T_MAP) {
            expr_map(x, t, depth);
            done = true;
        }

        break;

    default:
        done = expr_function(x, t, depth);
    }

    if (!done) {
        expr_leaf(x, t);
    }
}


/* The type of what is made.  The texts are full, and of no use, when full. */
static inline const weir_type_t *
expr_make(expr_t *x, const expr_table_t *table, const uint8_t *data,
    size_t size)
{
    const weir_type_t  *t;

    memset(x, 0, offsetof(expr_t, types));
    x->table = table;
    x->in.data = data;
    x->in.left = size;
    x->in.seed = weir_hash(weir_str((const char *) data, size), 0) | 1;
    x->ntypes = 0;
    x->how = (expr_how_t) (take_byte(&x->in) % EXPR_HOWS);

    t = expr_any_type(x, 2);
    expr_of(x, t, EXPR_DEPTH);

    return t;
}

#endif
