/*
 * names.c: open addressing; at most half of the slots are taken.
 */

#include "front/names.h"
#include "base/hash.h"

#define FIRST_SIZE  16u


static weir_names_entry_t *
slot(weir_names_entry_t *slots, size_t size, weir_str_t text, uint32_t hash)
{
    size_t  i;

    for (i = hash & (size - 1); slots[i].text.data != NULL;
         i = (i + 1) & (size - 1))
    {
        if (slots[i].hash == hash && weir_str_eq(slots[i].text, text)) {
            break;
        }
    }

    return &slots[i];
}


static weir_rc_t
grow(weir_names_t *set)
{
    size_t               i, size;
    weir_names_entry_t  *slots, *e;

    size = set->size ? set->size * 2 : FIRST_SIZE;

    slots = weir_arena_array(set->arena, size, sizeof(weir_names_entry_t));
    if (slots == NULL) {
        return WEIR_NOMEM;
    }

    for (i = 0; i < set->size; i++) {
        e = &set->slots[i];

        if (e->text.data != NULL) {
            *slot(slots, size, e->text, e->hash) = *e;
        }
    }

    set->slots = slots;
    set->size = size;

    return WEIR_OK;
}


static uint32_t
hash_of(weir_str_t text)
{
    return (uint32_t) weir_hash(text, 0);
}


weir_rc_t
weir_names_add(weir_names_t *set, weir_str_t text, weir_span_t span,
    uint32_t value, weir_names_entry_t **prev)
{
    uint32_t             hash;
    weir_names_entry_t  *e;

    if (set->used >= set->size / 2 && grow(set) != WEIR_OK) {
        return WEIR_NOMEM;
    }

    hash = hash_of(text);
    e = slot(set->slots, set->size, text, hash);

    if (e->text.data != NULL) {
        *prev = e;
        return WEIR_DECLINED;
    }

    e->text = text.data != NULL ? text : weir_str("", 0);
    e->span = span;
    e->value = value;
    e->hash = hash;
    set->used++;

    return WEIR_OK;
}


weir_names_entry_t *
weir_names_find(const weir_names_t *set, weir_str_t text)
{
    weir_names_entry_t  *e;

    if (set->size == 0) {
        return NULL;
    }

    e = slot(set->slots, set->size, text, hash_of(text));

    return e->text.data != NULL ? e : NULL;
}


weir_str_t
weir_names_free(const weir_names_t *set, weir_arena_t *a)
{
    unsigned    i;
    weir_str_t  s;

    s = weir_string("x");

    for (i = 1; s.data != NULL && weir_names_find(set, s) != NULL; i++) {
        s = weir_arena_printf(a, "x%u", i);
    }

    return s;
}


weir_str_t
weir_place(const weir_diags_t *d, weir_span_t span)
{
    weir_str_t  name;

    name = d->files.items[span.file].name;
    name = weir_arena_printf(d->arena, "%.*s:%u:%u", WEIR_STR(name),
                             (unsigned) span.line, (unsigned) span.col);

    return name.data != NULL ? name : weir_string("another place");
}
