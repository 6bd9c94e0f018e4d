/*
 * verbs.c: which clauses format() has.
 */

#include "image/types.h"
#include "image/verbs.h"

#define DEFAULT_PRECISION  6

#define K(kind)   (UINT32_C(1) << WEIR_T_##kind)
#define INTEGERS  (K(INT) | K(UINT))
#define NUMBERS   (INTEGERS | K(DOUBLE))
#define HEX       (INTEGERS | K(STRING) | K(BYTES))

/* CIDRS and REGEX are no values of the language */
#define TEXT      (NUMBERS | K(NULL) | K(BOOL) | K(STRING) | K(BYTES)         \
                   | K(LIST) | K(MAP) | K(TIMESTAMP) | K(DURATION) | K(TYPE)  \
                   | K(IP) | K(CIDR))

static const struct {
    char         letter;
    uint32_t     kinds;
    const char  *words;
} verbs[] = {
    { '%', 0,                  "nothing" },
    { 's', TEXT,               "all but optional values and lists of CIDRs" },
    { 'd', NUMBERS,            "int, uint and double" },
    { 'f', NUMBERS,            "int, uint and double" },
    { 'e', NUMBERS,            "int, uint and double" },
    { 'b', INTEGERS | K(BOOL), "int, uint and bool" },
    { 'o', INTEGERS,           "int and uint" },
    { 'x', HEX,                "int, uint, string and bytes" },
    { 'X', HEX,                "int, uint, string and bytes" }
};


/* The place of a letter in the table; its length: nowhere. */
static size_t
find(char letter)
{
    size_t  i;

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (verbs[i].letter == letter) {
            break;
        }
    }

    return i;
}


weir_rc_t
weir_verb_read(const char **p, const char *end, weir_verb_t *out)
{
    bool          precise;
    unsigned      n;
    const char   *s, *digits;

    s = *p + 1;
    n = DEFAULT_PRECISION;
    precise = s < end && *s == '.';

    if (precise) {
        digits = ++s;

        for (n = 0; s < end && *s >= '0' && *s <= '9'; s++) {
            n = n * 10 + (unsigned) (*s - '0');

            if (n > WEIR_MAX_PRECISION) {
                return WEIR_ERROR;
            }
        }

        if (s == digits) {
            return WEIR_ERROR;
        }
    }

    if (s == end || (*s == '%' && precise)
        || find(*s) == sizeof(verbs) / sizeof(verbs[0]))
    {
        return WEIR_ERROR;
    }

    out->letter = *s;
    out->precision = n;
    *p = s + 1;

    return WEIR_OK;
}


bool
weir_verb_takes(char letter, unsigned kind)
{
    return kind < WEIR_T_COUNT
           && (verbs[find(letter)].kinds >> kind & 1) != 0;
}


const char *
weir_verb_kinds(char letter)
{
    return verbs[find(letter)].words;
}
