/*
 * json.h: JSON from outside (jansson): tokens and key sets.
 *
 * Strict: one value and nothing behind it, no duplicate names, at most
 * WEIR_MAX_JSON_DEPTH deep, valid UTF-8 without NUL, numbers that fit.  Time
 * is linear in the text.
 */

#ifndef WEIR_RUN_JSON_H
#define WEIR_RUN_JSON_H

#include "base/rc.h"
#include "base/str.h"

typedef struct json_t  weir_json_value_t;   /* jansson's; owned by the root */

typedef enum {
    WEIR_JSON_NONE,             /* there is no such value */
    WEIR_JSON_NULL,
    WEIR_JSON_BOOL,
    WEIR_JSON_INT,
    WEIR_JSON_REAL,
    WEIR_JSON_TEXT,
    WEIR_JSON_LIST,
    WEIR_JSON_OBJECT
} weir_json_kind_t;

/* *why: a sentence without the text.  The root goes to weir_json_free(). */
weir_rc_t weir_json_read(weir_str_t text, weir_json_value_t **root,
    const char **why);
void weir_json_free(weir_json_value_t *root);

/* All take NULL for a value that is not there. */
weir_json_kind_t weir_json_kind(const weir_json_value_t *v);
/* Of an object; NULL: it has none. */
const weir_json_value_t *weir_json_member(const weir_json_value_t *v,
    weir_str_t name);
/* Entries of a list or object; 0 for all else. */
size_t weir_json_size(const weir_json_value_t *v);
/* Steps through a list or an object: *it begins as NULL; NULL: the end.  *name
   is empty in a list. */
const weir_json_value_t *weir_json_step(const weir_json_value_t *v, void **it,
    weir_str_t *name);
/* data NULL: no text */
weir_str_t weir_json_text(const weir_json_value_t *v);
int64_t weir_json_int(const weir_json_value_t *v);
double weir_json_real(const weir_json_value_t *v);
bool weir_json_bool(const weir_json_value_t *v);

#endif
