/*
 * value.c: values as the suites write them (cel.expr.Value as JSON).
 */

#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "conformance.h"


/* The one member of a value: what it is, and the rest. */
static const char *
member(const json_t *j, const json_t **rest)
{
    void  *iter;

    iter = json_object_iter((json_t *) j);

    if (iter == NULL) {
        return "";
    }

    *rest = json_object_iter_value(iter);

    return json_object_iter_key(iter);
}


/* NaN, infinities and -0 come as text. */
static double
number(const json_t *j)
{
    return json_is_string(j) ? strtod(json_string_value(j), NULL)
                             : json_number_value(j);
}


static int
sextet(char ch)
{
    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    const char  *at;

    at = ch ? strchr(digits, ch) : NULL;

    return at ? (int) (at - digits) : -1;
}


static weir_str_t
base64(weir_arena_t *a, weir_str_t s)
{
    char      *out;
    size_t     i, n;
    unsigned   bits, have;

    out = weir_arena_alloc(a, s.len + 1);
    bits = 0;
    have = 0;

    for (i = 0, n = 0; i < s.len && sextet(s.data[i]) >= 0; i++) {
        bits = bits << 6 | (unsigned) sextet(s.data[i]);
        have += 6;

        if (have >= 8) {
            have -= 8;
            out[n++] = (char) (bits >> have);
        }
    }

    return weir_str(out, n);
}


/* A Timestamp or Duration of protobuf; false: another message. */
static bool
message(const json_t *j, weir_value_t *out)
{
    int32_t      nsec;
    weir_str_t   text;
    const char  *type;

    type = json_string_value(json_object_get(j, "@type"));
    text = json_text(json_object_get(j, "value"));

    if (type == NULL || text.data == NULL) {
        return false;
    }

    memset(out, 0, sizeof(weir_value_t));

    if (strstr(type, "/google.protobuf.Timestamp") != NULL) {
        out->kind = WEIR_T_TIMESTAMP;
        return weir_time_parse(text, &out->u.i, &out->len) == WEIR_OK;
    }

    if (strstr(type, "/google.protobuf.Duration") != NULL) {
        out->kind = WEIR_T_DURATION;

        if (weir_duration_parse(text, &out->u.i, &nsec) != WEIR_OK) {
            return false;
        }

        out->len = (uint32_t) nsec;

        return true;
    }

    return false;
}


static bool
type_value(weir_str_t name, weir_value_t *out)
{
    unsigned  kind;

    for (kind = WEIR_T_NULL; kind < WEIR_T_COUNT; kind++) {
        if (weir_str_eq(name, weir_cstr(weir_kind_name(kind)))) {
            *out = (weir_value_t) { .kind = WEIR_T_TYPE, .u.i = kind };
            return true;
        }
    }

    return false;
}


static bool
container(weir_arena_t *a, const json_t *j, unsigned kind, weir_value_t *out)
{
    size_t         i, n, each;
    const json_t  *entry;
    weir_value_t  *items;

    each = kind == WEIR_T_MAP ? 2 : 1;
    n = json_array_size(j);
    items = weir_arena_array(a, each * n + 1, sizeof(weir_value_t));

    for (i = 0; i < n; i++) {
        entry = json_array_get(j, i);

        if (kind == WEIR_T_LIST) {
            if (!value_make(a, entry, &items[i])) {
                return false;
            }

        } else if (!value_make(a, json_object_get(entry, "key"),
                               &items[2 * i])
                   || !value_make(a, json_object_get(entry, "value"),
                                  &items[2 * i + 1]))
        {
            return false;
        }
    }

    *out = (weir_value_t) { .kind = (uint8_t) kind, .len = (uint32_t) n,
                            .u.items = items };

    return true;
}


bool
value_make(weir_arena_t *a, const json_t *j, weir_value_t *out)
{
    const char    *what;
    const json_t  *rest;

    rest = NULL;
    what = member(j, &rest);
    memset(out, 0, sizeof(weir_value_t));

    if (strcmp(what, "nullValue") == 0) {
        out->kind = WEIR_T_NULL;

    } else if (strcmp(what, "boolValue") == 0) {
        *out = weir_v_bool(json_is_true(rest));

    } else if (strcmp(what, "int64Value") == 0) {
        *out = weir_v_int(strtoll(json_string_value(rest), NULL, 10));

    } else if (strcmp(what, "uint64Value") == 0) {
        out->kind = WEIR_T_UINT;
        out->u.u = strtoull(json_string_value(rest), NULL, 10);

    } else if (strcmp(what, "doubleValue") == 0) {
        out->kind = WEIR_T_DOUBLE;
        out->u.d = number(rest);

    } else if (strcmp(what, "stringValue") == 0) {
        *out = weir_v_str(json_text(rest));

    } else if (strcmp(what, "bytesValue") == 0) {
        *out = weir_v_str(base64(a, json_text(rest)));
        out->kind = WEIR_T_BYTES;

    } else if (strcmp(what, "listValue") == 0) {
        return container(a, json_object_get(rest, "values"), WEIR_T_LIST,
                         out);

    } else if (strcmp(what, "mapValue") == 0) {
        return container(a, json_object_get(rest, "entries"), WEIR_T_MAP,
                         out);

    } else if (strcmp(what, "typeValue") == 0) {
        return type_value(json_text(rest), out);

    } else if (strcmp(what, "objectValue") == 0) {
        return message(rest, out);

    } else {
        return false;
    }

    return true;
}


static bool is_same(weir_eval_t *e, const weir_value_t *v,
    const weir_value_t *want);


static bool
same_lists(weir_eval_t *e, const weir_value_t *v, const weir_value_t *want)
{
    uint32_t      i;
    weir_value_t  x, y;

    for (i = 0; i < v->len; i++) {
        weir_list_at(e, v, i, &x);
        weir_list_at(e, want, i, &y);

        if (!is_same(e, &x, &y)) {
            return false;
        }
    }

    return true;
}


/* Each entry is among the wanted ones; keys are there once. */
static bool
same_maps(weir_eval_t *e, const weir_value_t *v, const weir_value_t *want)
{
    uint32_t      i, k;
    weir_value_t  key, value, x, y;

    for (i = 0; i < v->len; i++) {
        weir_map_at(e, v, i, &key, &value);

        for (k = 0; k < want->len; k++) {
            weir_map_at(e, want, k, &x, &y);

            if (is_same(e, &key, &x)) {
                break;
            }
        }

        if (k == want->len || !is_same(e, &value, &y)) {
            return false;
        }
    }

    return true;
}


static bool
is_same(weir_eval_t *e, const weir_value_t *v, const weir_value_t *want)
{
    if (v->kind != want->kind) {
        return false;
    }

    switch (v->kind) {

    case WEIR_T_DOUBLE:
        return isnan(want->u.d)
               ? isnan(v->u.d) != 0
               : v->u.d == want->u.d && signbit(v->u.d) == signbit(want->u.d);

    case WEIR_T_LIST:
        return v->len == want->len && same_lists(e, v, want);

    case WEIR_T_MAP:
        return v->len == want->len && same_maps(e, v, want);

    default:
        return weir_value_equal(e, v, want).u.b;
    }
}


bool
value_is(weir_eval_t *e, const weir_value_t *v, const json_t *j)
{
    bool           same;
    weir_arena_t  *a;
    weir_value_t   want;

    a = weir_arena_create();
    same = value_make(a, j, &want) && is_same(e, v, &want);
    weir_arena_destroy(a);

    return same;
}
