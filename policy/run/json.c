/*
 * json.c: JSON by jansson, made strict where it is not: its own bound on
 * nesting is 2048, and it takes text with a NUL behind it.
 */

#include <jansson.h>

#include "image/bounds.h"
#include "run/json.h"

#if JANSSON_VERSION_HEX < 0x020e00
#error "Weir needs jansson 2.14 or later"
#endif


/* What jansson would not refuse, or only after deep recursion; NULL: fine. */
static const char *
refuse_shape(weir_str_t text)
{
    bool         quoted;
    unsigned     depth;
    const char  *p, *end;

    depth = 0;
    quoted = false;
    end = text.data + text.len;

    for (p = text.data; p < end; p++) {

        switch (*p) {

        case '\0':
            return "there is a NUL";

        case '"':
            quoted = !quoted;
            break;

        case '\\':
            /* nothing but text may have one; what follows is no quote */
            if (p + 1 < end && p[1] != '\0') {
                p++;
            }
            break;

        case '[':
        case '{':
            if (!quoted && ++depth > WEIR_MAX_JSON_DEPTH) {
                return "it is nested too deep";
            }
            break;

        case ']':
        case '}':
            if (!quoted && depth > 0) {
                depth--;
            }
            break;

        default:
            break;
        }
    }

    return NULL;
}


static const char *
sentence(const json_error_t *e)
{
    switch (json_error_code(e)) {

    case json_error_out_of_memory:
        return "there is no memory for it";

    case json_error_invalid_utf8:
        return "it is not UTF-8";

    case json_error_premature_end_of_input:
        return "it ends too early";

    case json_error_end_of_input_expected:
        return "something follows the value";

    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "there is a NUL";

    case json_error_duplicate_key:
        return "a name is given twice";

    case json_error_numeric_overflow:
        return "a number is too large";

    default:
        return "it is not JSON";
    }
}


weir_rc_t
weir_json_read(weir_str_t text, weir_json_value_t **root, const char **why)
{
    json_t        *value;
    const char    *refused;
    json_error_t   e;

    refused = refuse_shape(text);

    if (refused != NULL) {
        *why = refused;
        return WEIR_ERROR;
    }

    value = json_loadb(text.len ? text.data : "", text.len,
                       JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);

    if (value == NULL) {
        *why = sentence(&e);
        return json_error_code(&e) == json_error_out_of_memory ? WEIR_NOMEM
                                                               : WEIR_ERROR;
    }

    *root = value;

    return WEIR_OK;
}


void
weir_json_free(weir_json_value_t *root)
{
    json_decref(root);
}


weir_json_kind_t
weir_json_kind(const weir_json_value_t *v)
{
    if (v == NULL) {
        return WEIR_JSON_NONE;
    }

    switch (json_typeof(v)) {

    case JSON_OBJECT:
        return WEIR_JSON_OBJECT;

    case JSON_ARRAY:
        return WEIR_JSON_LIST;

    case JSON_STRING:
        return WEIR_JSON_TEXT;

    case JSON_INTEGER:
        return WEIR_JSON_INT;

    case JSON_REAL:
        return WEIR_JSON_REAL;

    case JSON_TRUE:
    case JSON_FALSE:
        return WEIR_JSON_BOOL;

    default:
        return WEIR_JSON_NULL;
    }
}


const weir_json_value_t *
weir_json_member(const weir_json_value_t *v, weir_str_t name)
{
    return json_object_getn(v, name.data, name.len);
}


size_t
weir_json_size(const weir_json_value_t *v)
{
    return json_is_object(v) ? json_object_size(v) : json_array_size(v);
}


const weir_json_value_t *
weir_json_step(const weir_json_value_t *v, void **it, weir_str_t *name)
{
    void    *at;
    size_t   i;
    json_t  *value;

    if (json_is_array(v)) {
        i = (uintptr_t) *it;
        value = json_array_get(v, i);

        if (value != NULL) {
            *it = (void *) (uintptr_t) (i + 1);
            *name = weir_str(NULL, 0);
        }

        return value;
    }

    at = *it == NULL ? json_object_iter((json_t *) v)
                     : json_object_iter_next((json_t *) v, *it);

    if (at == NULL) {
        return NULL;
    }

    *it = at;
    *name = weir_str(json_object_iter_key(at), json_object_iter_key_len(at));

    return json_object_iter_value(at);
}


weir_str_t
weir_json_text(const weir_json_value_t *v)
{
    return weir_str(json_string_value(v), json_string_length(v));
}


int64_t
weir_json_int(const weir_json_value_t *v)
{
    return json_integer_value(v);
}


double
weir_json_real(const weir_json_value_t *v)
{
    return json_number_value(v);
}


bool
weir_json_bool(const weir_json_value_t *v)
{
    return json_is_true(v);
}
