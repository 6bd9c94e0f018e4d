/*
 * verbs.h: the clauses of "...".format(list): %s %d %f %e %b %o %x %X, with a
 * precision as %.2f, and %% for one %.  The compiler checks a constant text
 * with the functions that the evaluator reads it with.
 */

#ifndef WEIR_IMAGE_VERBS_H
#define WEIR_IMAGE_VERBS_H

#include "base/rc.h"
#include "base/str.h"

#define WEIR_MAX_PRECISION  100

typedef struct {
    char      letter;           /* of sdfeboxX; '%' takes no argument */
    unsigned  precision;        /* 6 where none is written */
} weir_verb_t;

/*
 * Reads the clause at *p, which is at a %, and moves *p behind it.
 * WEIR_ERROR: there is none; *p is unmoved.
 */
weir_rc_t weir_verb_read(const char **p, const char *end, weir_verb_t *out);

/* Whether it takes values of a kind; what it takes, in words. */
bool weir_verb_takes(char letter, unsigned kind);
const char *weir_verb_kinds(char letter);

#endif
