/*
 * cel_format.c: "...".format([...]) where text and list are written out.
 */

#include "front/cel_ast.h"
#include "base/utf8.h"
#include "image/verbs.h"


/* The kind of an element; DYN where only the request tells. */
static unsigned
kind_of(const weir_ex_t *list, uint32_t i)
{
    if (list->x == WEIR_X_CONST) {
        return list->value->items[i].kind;
    }

    return list->args[i]->type->kind;
}


/* Elements; UINT32_MAX where only the request tells. */
static uint32_t
length(const weir_ex_t *list)
{
    uint32_t  i;

    if (list->x == WEIR_X_CONST && list->value->kind == WEIR_T_LIST) {
        return list->value->n;
    }

    if (list->x != WEIR_X_LIST) {
        return UINT32_MAX;
    }

    for (i = 0; i < list->n; i++) {
        if (list->args[i]->flags & WEIR_XF_ABSENT) {
            return UINT32_MAX;
        }
    }

    return list->n;
}


/* What is meant as a clause: up to a character that is of no precision. */
static weir_str_t
written(const char *clause, const char *end)
{
    const char  *p;

    for (p = clause + 1; p < end; p++) {
        if (*p != '.' && (*p < '0' || *p > '9')) {
            (void) weir_utf8_next(&p, end);
            break;
        }
    }

    return weir_str(clause, (size_t) (p - clause));
}


static void
check_argument(weir_cel_t *c, const weir_ex_t *list, uint32_t i,
    weir_str_t clause, char letter)
{
    unsigned  kind;

    kind = kind_of(list, i);

    if (kind == WEIR_T_DYN || weir_verb_takes(letter, kind)) {
        return;
    }

    weir_cel_fail(c, WEIR_EFORMAT,
                  list->x == WEIR_X_LIST ? list->args[i] : list,
                  "`%.*s` takes %s, not %s", WEIR_STR(clause),
                  weir_verb_kinds(letter), weir_kind_name(kind));
}


void
weir_cel_format(weir_cel_t *c, const weir_ex_t *call)
{
    uint32_t          n, used;
    const char       *p, *end, *clause;
    weir_str_t        wrong;
    weir_verb_t       verb;
    const weir_ex_t  *text, *list;

    text = call->args[0];
    list = call->args[1];

    if (text->x != WEIR_X_CONST || text->value->kind != WEIR_T_STRING
        || text->value->s.len == 0)
    {
        return;
    }

    n = length(list);
    used = 0;
    p = text->value->s.data;
    end = p + text->value->s.len;

    while (p < end) {

        if (*p != '%') {
            p++;
            continue;
        }

        clause = p;

        if (weir_verb_read(&p, end, &verb) != WEIR_OK) {
            wrong = written(clause, end);
            weir_cel_fail(c, WEIR_EFORMAT, text,
                          "format() cannot fill in `%.*s`; it knows %%s %%d "
                          "%%f %%e %%b %%o %%x %%X, a precision up to %d as "
                          "in %%.2f, and %%%% for a percent sign",
                          WEIR_STR(wrong), WEIR_MAX_PRECISION);
            return;
        }

        if (verb.letter == '%') {
            continue;
        }

        if (n != UINT32_MAX && used < n) {
            check_argument(c, list, used,
                           weir_str(clause, (size_t) (p - clause)),
                           verb.letter);
        }

        used++;
    }

    if (n != UINT32_MAX && n != used) {
        weir_cel_fail(c, WEIR_EFORMAT, list,
                      "the text has %u place%s to fill in, the list %u "
                      "element%s", used, used == 1 ? "" : "s", n,
                      n == 1 ? "" : "s");
    }
}
