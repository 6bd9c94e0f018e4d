/*
 * type.c: types as the suites write them, in the letters of attrs.h.
 */

#include "conformance.h"


static const char *
primitive(const char *name)
{
    static const char *const  names[][2] = {
        { "BOOL", "bool" }, { "INT64", "int" }, { "UINT64", "uint" },
        { "DOUBLE", "double" }, { "STRING", "string" }, { "BYTES", "bytes" }
    };

    size_t  i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i][0], name) == 0) {
            return names[i][1];
        }
    }

    return "";
}


/* A type of the specification's own library; others are none. */
static const char *
named(const char *name)
{
    if (strcmp(name, "google.protobuf.Timestamp") == 0
        || strcmp(name, "TIMESTAMP") == 0)
    {
        return "google.protobuf.Timestamp";
    }

    if (strcmp(name, "google.protobuf.Duration") == 0
        || strcmp(name, "DURATION") == 0)
    {
        return "google.protobuf.Duration";
    }

    return "";
}


static weir_str_t
wrap(weir_arena_t *a, const char *name, const json_t *x, const json_t *y)
{
    weir_str_t  p, q;

    p = type_text(a, x);
    q = y == NULL ? p : type_text(a, y);

    if (p.len == 0 || q.len == 0) {
        return weir_string("");
    }

    return y == NULL
           ? weir_arena_printf(a, "%s<%.*s>", name, WEIR_STR(p))
           : weir_arena_printf(a, "%s<%.*s, %.*s>", name, WEIR_STR(p),
                               WEIR_STR(q));
}


weir_str_t
type_text(weir_arena_t *a, const json_t *type)
{
    const char    *s;
    weir_str_t     first, rest;
    const json_t  *j, *args;

    if ((s = json_string_value(json_object_get(type, "primitive"))) != NULL) {
        return weir_cstr(primitive(s));
    }

    if ((s = json_string_value(json_object_get(type, "messageType"))) != NULL
        || (s = json_string_value(json_object_get(type, "wellKnown")))
           != NULL)
    {
        return weir_cstr(named(s));
    }

    if (json_object_get(type, "dyn") != NULL) {
        return weir_string("dyn");
    }

    if ((s = json_string_value(json_object_get(type, "typeParam"))) != NULL) {
        return weir_cstr(s);
    }

    if (json_object_get(type, "null") != NULL) {
        return weir_string("null_type");
    }

    if ((j = json_object_get(type, "listType")) != NULL) {
        return wrap(a, "list", json_object_get(j, "elemType"), NULL);
    }

    if ((j = json_object_get(type, "mapType")) != NULL) {
        return wrap(a, "map", json_object_get(j, "keyType"),
                    json_object_get(j, "valueType"));
    }

    j = json_object_get(type, "abstractType");
    s = json_string_value(json_object_get(j, "name"));
    args = json_object_get(j, "parameterTypes");

    /* types of a test's own: others that agree and differ where they do */

    if (s != NULL && json_array_size(args) == 1) {
        return wrap(a, "optional_type", json_array_get(args, 0), NULL);
    }

    if (s != NULL && json_array_size(args) == 3) {
        first = type_text(a, json_array_get(args, 0));
        rest = wrap(a, "map", json_array_get(args, 1),
                    json_array_get(args, 2));

        return weir_arena_printf(a, "map<%.*s, %.*s>", WEIR_STR(first),
                                 WEIR_STR(rest));
    }

    return weir_string("");
}


weir_str_t
type_signature(weir_arena_t *a, const json_t *overload)
{
    size_t       i;
    json_t      *params;
    weir_str_t   s, t;

    params = json_object_get(overload, "params");
    s = weir_string("");

    for (i = 0; i < json_array_size(params); i++) {
        t = type_text(a, json_array_get(params, i));

        if (t.len == 0) {
            return t;
        }

        s = weir_arena_printf(a, "%.*s%s%.*s", WEIR_STR(s), i ? "," : "",
                              WEIR_STR(t));
    }

    t = type_text(a, json_object_get(overload, "resultType"));

    return t.len == 0 ? t : weir_arena_printf(a, "%.*s:%.*s", WEIR_STR(s),
                                              WEIR_STR(t));
}


weir_str_t
type_as_go(weir_arena_t *a, weir_str_t type)
{
    static const char *const  names[][2] = {
        { "null_type", "null" },
        { "google.protobuf.Timestamp", "timestamp" },
        { "google.protobuf.Duration", "duration" },
        { "<", "(" }, { ">", ")" }
    };

    size_t      i, k, len;
    weir_str_t  out;

    out = weir_string("");

    for (i = 0; i < type.len; i += len) {
        len = 1;

        for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            if (weir_str_starts(weir_str(type.data + i, type.len - i),
                                weir_cstr(names[k][0])))
            {
                break;
            }
        }

        if (k < sizeof(names) / sizeof(names[0])) {
            len = strlen(names[k][0]);
            out = weir_arena_printf(a, "%.*s%s", WEIR_STR(out), names[k][1]);
        } else {
            out = weir_arena_printf(a, "%.*s%c", WEIR_STR(out),
                                    type.data[i]);
        }
    }

    return out;
}
